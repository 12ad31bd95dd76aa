//! Hides what is personal in an answer (decisions 10): by the layouts' `personal`, and whatever is not known
//! to be harmless.

use super::campos::Objeto;
use crate::domain::documento::{self, TipoPessoa};
use crate::domain::fone::Fone;
use crate::layout::{Field, Layout, Layouts, Type};
use serde_json::Value;
use std::collections::HashMap;

/// What stands for a hidden value.
pub const OCULTO: &str = "***";

/// Keys of ours in rows that hold nothing personal.
const PUBLICOS: [&str; 6] = ["contrato", "situacao", "bloqueadoEm", "bloqueadoAte", "origem", "dataCarga"];

/// Keys of a client that hold nothing personal.
const CABECALHO: [&str; 3] = ["idCrm", "idCampanha", "status"];

/// Keys of the history that hold nothing personal; those with a number or an address are masked.
const HISTORICO: [&str; 7] =
    ["protocolo", "dataEnvio", "contrato", "dataCadastro", "horario", "ocorrencia", "idTipoCanal"];

/// Keys of `mailing` that do not either.
const MAILING: [&str; 11] = [
    "contrato",
    "carteira",
    "acionamentos",
    "boletos",
    "valorParcela",
    "datasPagamento",
    "valorAPagar",
    "envioBoleto",
    "marca",
    "modelo",
    "ano",
];

/// Kinds of deal (UC011), letters only: another word is the Portal's own text.
const ACORDOS: [&str; 4] = ["quitação", "quitacao", "parcial", "totaisematraso"];

/// Keys of OMNE's events, and of our messages behind them, whose values hold nothing personal: ids, dates, counts, states,
/// words of a list.
const OMNE: [&str; 47] = [
    "webhook_type",
    "id",
    "attendance_id",
    "visitor_id",
    "template_id",
    "user_id",
    "crm_id",
    "crm",
    "protocol",
    "origin",
    "channel",
    "type",
    "extension",
    "status",
    "status_id",
    "status_date",
    "date",
    "date_entry",
    "date_attendance",
    "date_terminated_robot",
    "date_attendance_human",
    "date_terminated",
    "date_status",
    "schedule_date",
    "count_return_robot",
    "reopened",
    "bot_name",
    "bot_name_origin",
    "group",
    "occurrence",
    "occurrence_group",
    "occurrence_group_last",
    "occurrence_last",
    "occurrence_success",
    "money",
    "cpc",
    "cpca",
    "success",
    "nps_point",
    "login",
    "logout",
    "sla_time",
    "sla_time_executed",
    "contrato",
    "jornada",
    "estado",
    "em",
];

/// Masks one element of `clientes`.
///
/// A key that nobody declared harmless is hidden: a section that comes later is masked until it says what of
/// it may be read.
pub fn mascara(cliente: &mut Value, layouts: &Layouts) {
    let Value::Object(sections) = cliente else {
        oculta(cliente);
        return;
    };
    for (key, value) in sections.iter_mut() {
        match key.as_str() {
            k if CABECALHO.contains(&k) => {}
            "mailing" => each(value, mailing),
            "contratos" | "parcelas" | "garantias" | "dadosRefin" => {
                let kind = match key.as_str() {
                    "contratos" => "remessa",
                    "dadosRefin" => "refin",
                    k => k,
                };
                let known = campos(layouts.of_kind(kind));
                each(value, |row| linha(row, |name| known.get(name).copied()));
            }
            "enderecos_disponiveis" => {
                let known = layouts.get("remessa").map(enderecos).unwrap_or_default();
                each(value, |row| linha(row, |name| known.get(name).copied()));
            }
            "telefones_disponiveis" => each(value, telefone),
            "emails_disponiveis" => each(value, |row| {
                if let Some(v) = row.get_mut("email") {
                    troca(v, email);
                }
            }),
            "historico_atendimento" | "historicoMassivoEmail" | "historicoMassivoSms" => each(value, historico),
            "historicoWhatsapp" => omne(value),
            _ => oculta(value),
        }
    }
}

/// Fields by name; where records differ, the personal one counts.
fn campos<'l>(layouts: impl Iterator<Item = &'l Layout>) -> HashMap<&'l str, &'l Field> {
    let mut out: HashMap<&str, &Field> = HashMap::new();
    for f in layouts.flat_map(|l| &l.records).flat_map(|r| &r.fields) {
        let known = out.entry(f.name.as_str()).or_insert(f);
        if f.personal {
            *known = f;
        }
    }
    out
}

/// The same for the parts of an address, `endereco_2_cidade`.
fn enderecos(layout: &Layout) -> HashMap<&str, &Field> {
    let mut out: HashMap<&str, &Field> = HashMap::new();
    for f in layout.records.iter().flat_map(|r| &r.fields) {
        let Some((_, part)) = f.name.strip_prefix("endereco_").and_then(|rest| rest.split_once('_')) else { continue };
        let known = out.entry(part).or_insert(f);
        if f.personal {
            *known = f;
        }
    }
    out
}

fn each(value: &mut Value, mut f: impl FnMut(&mut Objeto)) {
    match value {
        Value::Object(row) => f(row),
        Value::Array(rows) => rows.iter_mut().for_each(|row| match row {
            Value::Object(row) => f(row),
            other => oculta(other),
        }),
        other => oculta(other),
    }
}

fn linha<'l>(row: &mut Objeto, known: impl Fn(&str) -> Option<&'l Field>) {
    for (name, value) in row.iter_mut() {
        match known(name) {
            Some(f) if f.personal => campo(f, value),
            Some(_) => {}
            None if PUBLICOS.contains(&name.as_str()) => {}
            None => oculta(value),
        }
    }
}

/// One personal field.
fn campo(f: &Field, value: &mut Value) {
    let is_name = f.name.split('_').any(|word| word == "nome");
    match f.ty {
        Type::Document => troca(value, documento),
        Type::Phone => troca(value, numero),
        _ if f.name.split('_').any(|word| word == "email") => troca(value, email),
        Type::Text if is_name => troca(value, nome),
        _ => oculta(value),
    }
}

fn mailing(row: &mut Objeto) {
    let known =
        row.get("jornada").and_then(Value::as_str).is_some_and(|j| ACORDOS.contains(&j.to_lowercase().as_str()));
    for (key, value) in row.iter_mut() {
        match key.as_str() {
            k if MAILING.contains(&k) => {}
            "nome" => troca(value, nome),
            "cpf" => troca(value, documento),
            "jornada" | "resumoPagamento" if known => {}
            _ => oculta(value),
        }
    }
}

/// Masks events of OMNE, whatever they hold: keys that are known to be harmless show a number or a short text, phones and
/// e-mails what is left of them, and everything else is hidden, wherever it stands.
pub fn omne(value: &mut Value) {
    match value {
        Value::Array(rows) => rows.iter_mut().for_each(omne),
        Value::Object(row) => {
            for (key, value) in row.iter_mut() {
                match (key.as_str(), &mut *value) {
                    (_, Value::Array(_) | Value::Object(_)) => omne(value),
                    ("phone" | "whatsapp" | "destiny" | "fone", _) => troca(value, numero),
                    ("mail", _) => troca(value, email),
                    ("document", _) => troca(value, documento),
                    (k, Value::Number(n)) if OMNE.contains(&k) && impessoal(&n.to_string()) => {}
                    (k, Value::Bool(_)) if OMNE.contains(&k) => {}
                    (k, Value::String(text)) if OMNE.contains(&k) && impessoal(text) => {}
                    _ => oculta(value),
                }
            }
        }
        other => oculta(other),
    }
}

/// A text as ids, dates and states are: short, and no e-mail, document or phone, whatever its key says.
fn impessoal(text: &str) -> bool {
    let document = || {
        [TipoPessoa::Fisica, TipoPessoa::Juridica]
            .into_iter()
            .any(|kind| matches!(documento::normaliza(text, Some(kind)), Ok(Some(_))))
    };
    text.len() <= 60 && !text.contains('@') && !document() && !matches!(Fone::parse(text), Ok(Some(_)))
}

/// A row of the history: what was written or said is hidden.
fn historico(row: &mut Objeto) {
    for (key, value) in row.iter_mut() {
        match key.as_str() {
            k if HISTORICO.contains(&k) => {}
            "email" => troca(value, email),
            "parcela" if value.as_str().is_some_and(parcelas) => {}
            "telefone" | "numeroDiscado" | "telefoneAgendado" => troca(value, numero),
            _ => oculta(value),
        }
    }
}

/// Numbers of installments, at most three digits each: `3, 4 e 5`.
fn parcelas(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit()).all(|n| n.len() <= 3)
        && text.chars().all(|c| c.is_ascii_digit() || ",;/- e".contains(c))
}

fn numero(text: &str) -> String {
    Fone::parse(text).ok().flatten().map_or_else(|| OCULTO.into(), Fone::mascara)
}

fn telefone(row: &mut Objeto) {
    let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or("");
    let fone = Fone::from_completo(&format!("{}{}", text("ddd"), text("fone")));
    let masked = fone.map(Fone::mascara);
    let number = masked.as_deref().and_then(|m| m.split_once(' ')).map_or(OCULTO, |(_, number)| number);
    row.insert("fone".into(), number.into());
}

fn troca(value: &mut Value, how: impl FnOnce(&str) -> String) {
    match value {
        Value::String(text) => *text = how(text),
        other => oculta(other),
    }
}

/// Hides every value within; absent stays absent.
fn oculta(value: &mut Value) {
    match value {
        Value::Null => {}
        Value::Object(row) => row.values_mut().for_each(oculta),
        Value::Array(rows) => rows.iter_mut().for_each(oculta),
        other => *other = OCULTO.into(),
    }
}

fn documento(text: &str) -> String {
    // what is no document would be shown as it is
    if documento::tipo_de(text).is_some() { documento::mascara(text) } else { OCULTO.into() }
}

/// `M*** S***`
pub fn nome(text: &str) -> String {
    let word = |w: &str| w.chars().next().map(|c| format!("{c}{OCULTO}"));
    text.split_whitespace().filter_map(word).collect::<Vec<_>>().join(" ")
}

/// `j***@d***`
pub fn email(text: &str) -> String {
    let first = |part: &str| part.trim().chars().next();
    match text.split_once('@').map(|(a, b)| (first(a), first(b))) {
        Some((Some(a), Some(b))) => format!("{a}{OCULTO}@{b}{OCULTO}"),
        _ => OCULTO.into(),
    }
}
