//! The 18 fields of the back office's screen (UC012), as texts that people read, out of what `dadosCliente` says of the
//! client. Nothing here can be edited.

use super::recusa::Recusa;
use super::{Consultor, NaoEncontrado};
use crate::domain::dia::br;
use crate::domain::documento;
use crate::domain::valores::milhares;
use crate::store::Store;
use crate::store::workflow::{Item, Tabulacao};
use serde_json::Value;

/// Installments that the screen shows of a contract.
const PARCELAS: usize = 120;
/// Bytes of what the operator wrote.
const OBSERVACAO: usize = 16 * 1024;
/// Phones, e-mails, addresses and contracts that the screen shows.
const CONTATOS: usize = 20;

/// The client as the screen shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ficha {
    /// Nome.
    pub nome: String,
    /// CPF.
    pub cpf: String,
    /// Telefones: type and number.
    pub telefones: Vec<(String, String)>,
    /// E-mail.
    pub emails: Vec<String>,
    /// Endereço.
    pub enderecos: Vec<String>,
    /// The item's contract, where it is gone: those shown are others.
    pub contrato_ausente: Option<String>,
    /// The item's contract, or all that are active where none was named.
    pub contratos: Vec<Contrato>,
    /// Tabulação.
    pub tabulacao: String,
    /// Observação.
    pub observacao: String,
}

/// A contract.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contrato {
    /// Contrato.
    pub contrato: String,
    /// Its situação.
    pub situacao: String,
    /// Prazo.
    pub prazo: String,
    /// Parcelas Pagas.
    pub pagas: String,
    /// Valor da Parcela.
    pub valor_parcela: String,
    /// A Vencer.
    pub a_vencer: String,
    /// Vencidas.
    pub vencidas: String,
    /// Parcelas Vencidas: their numbers.
    pub parcelas_vencidas: String,
    /// Dias de Atraso.
    pub dias_atraso: String,
    /// Marca.
    pub marca: String,
    /// Modelo.
    pub modelo: String,
    /// Ano.
    pub ano: String,
    /// The installments: number, due on, amount, state, paid on.
    pub parcelas: Vec<[String; 5]>,
    /// Installments that are not shown.
    pub parcelas_a_mais: usize,
    /// The offer, where there is one: label and value.
    pub refin: Vec<(&'static str, String)>,
}

/// Reads the screen of an item.
///
/// # Errors
/// `NaoEncontrado`: the ficha is gone. The store cannot be read.
pub fn ficha(store: &Store, consultor: &Consultor, item: &Item, tabulacao: Option<Tabulacao>) -> Result<Ficha, Recusa> {
    let client = match consultor.cliente(&store.db, item.ficha) {
        Ok(client) => serde_json::to_value(client).map_err(anyhow::Error::from)?,
        Err(e) if e.is::<NaoEncontrado>() => return Err(Recusa::NaoEncontrado),
        Err(e) => return Err(e.into()),
    };
    Ok(monta(&client, item, tabulacao))
}

fn monta(client: &Value, item: &Item, tabulacao: Option<Tabulacao>) -> Ficha {
    let list = |key: &str| client.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let all = list("contratos");
    let own =
        |c: &&Value| item.contrato.is_some() && c.get("contrato").and_then(Value::as_str) == item.contrato.as_deref();
    let mut contracts: Vec<&Value> = all.iter().filter(own).collect();
    let gone = item.contrato.clone().filter(|_| contracts.is_empty());
    if contracts.is_empty() {
        contracts = all.iter().filter(|c| texto(c, "situacao") == "ATIVO").collect();
    }
    if contracts.is_empty() {
        contracts = all.iter().collect();
    }
    let phone = |p: &Value| (texto(p, "tipo"), fone(&texto(p, "ddd"), &texto(p, "fone")));
    let (nome, obs) = tabulacao.map_or_else(Default::default, |t| (t.nome, t.obs.unwrap_or_default()));
    Ficha {
        nome: client.pointer("/mailing/nome").and_then(Value::as_str).unwrap_or_default().to_owned(),
        cpf: documento::formata(client.pointer("/mailing/cpf").and_then(Value::as_str).unwrap_or_default()),
        telefones: list("telefones_disponiveis").iter().take(CONTATOS).map(phone).collect(),
        emails: list("emails_disponiveis").iter().take(CONTATOS).map(|e| texto(e, "email")).collect(),
        enderecos: enderecos(list("enderecos_disponiveis")),
        contrato_ausente: gone,
        contratos: contracts
            .into_iter()
            .take(CONTATOS)
            .map(|c| contrato(c, list("parcelas"), list("garantias"), list("dadosRefin")))
            .collect(),
        tabulacao: ou(nome),
        observacao: ou(curta(obs)),
    }
}

/// Once each.
fn enderecos(all: &[Value]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for a in all {
        let line = [texto(a, "logradouro"), texto(a, "numero"), texto(a, "complemento"), texto(a, "bairro")];
        let line: Vec<String> = line.into_iter().filter(|p| !p.is_empty()).collect();
        let place: Vec<String> = [texto(a, "cidade"), texto(a, "uf")].into_iter().filter(|p| !p.is_empty()).collect();
        let cep = texto(a, "cep");
        let cep = match (cep.get(..5), cep.get(5..)) {
            (Some(a), Some(b)) if !b.is_empty() => format!("CEP {a}-{b}"),
            _ => cep,
        };
        let parts = [line.join(", "), place.join("/"), cep];
        let shown = parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" · ");
        if !shown.is_empty() && !out.contains(&shown) {
            out.push(shown);
        }
    }
    out.truncate(CONTATOS);
    out
}

fn contrato(c: &Value, parcelas: &[Value], garantias: &[Value], refin: &[Value]) -> Contrato {
    let key = c.get("contrato");
    let mine =
        |rows: &'_ [Value]| -> Vec<Value> { rows.iter().filter(|r| r.get("contrato") == key).cloned().collect() };
    let (rows, offers) = (mine(parcelas), mine(refin));
    // only a vehicle has a make
    let vehicle = mine(garantias).into_iter().find(|g| g.get("marca").is_some()).unwrap_or_default();
    let due: Vec<String> =
        rows.iter().filter(|p| texto(p, "situacao_parcela") == "V").map(|p| texto(p, "numero_parcela")).collect();
    Contrato {
        contrato: texto(c, "contrato"),
        situacao: texto(c, "situacao"),
        prazo: ou(texto(c, "prazo")),
        pagas: ou(texto(c, "quantidade_parcelas_pagas")),
        valor_parcela: ou(dinheiro(&texto(c, "valor_parcela"))),
        a_vencer: ou(texto(c, "quantidade_parcelas_a_vencer")),
        vencidas: ou(texto(c, "quantidade_parcelas_vencidas")),
        parcelas_vencidas: ou(due.join(", ")),
        dias_atraso: ou(texto(c, "dias_atraso")),
        marca: ou(texto(&vehicle, "marca")),
        modelo: ou(texto(&vehicle, "modelo")),
        ano: ou(super::mailing::ano(inteiro(&vehicle, "ano_fabricacao"), inteiro(&vehicle, "ano_modelo"))
            .unwrap_or_default()),
        parcelas: rows.iter().take(PARCELAS).map(parcela).collect(),
        parcelas_a_mais: rows.len().saturating_sub(PARCELAS),
        refin: offers.first().map(oferta).unwrap_or_default(),
    }
}

fn parcela(p: &Value) -> [String; 5] {
    let state = match texto(p, "situacao_parcela").as_str() {
        "V" => "vencida".to_owned(),
        "A" => "a vencer".to_owned(),
        "P" => "paga".to_owned(),
        "N" => "negociada".to_owned(),
        other => other.to_owned(),
    };
    let [due, paid] = ["data_vencimento", "data_pagamento"].map(|k| data(&texto(p, k)));
    [texto(p, "numero_parcela"), due, dinheiro(&texto(p, "valor_parcela")), state, paid]
}

fn oferta(o: &Value) -> Vec<(&'static str, String)> {
    let rate = |key: &str| {
        let t = texto(o, key).replace('.', ",");
        if t.is_empty() { t } else { format!("{t} %") }
    };
    let all = [
        ("Carga", data(&texto(o, "dataCarga"))),
        ("Entrada", dinheiro(&texto(o, "entrada_refin"))),
        ("Plano", texto(o, "plano_refin")),
        ("Parcelas", texto(o, "qtd_parc_refin")),
        ("Valor da parcela", dinheiro(&texto(o, "parcela_refin"))),
        ("Total refinanciado", dinheiro(&texto(o, "total_refinanciado"))),
        ("Juros ao mês", rate("juro_mensal")),
        ("CET ao ano", rate("cet_anual")),
        ("Primeiro vencimento", data(&texto(o, "venc_primeira_parcela"))),
        ("Último vencimento", data(&texto(o, "venc_ult_parcela"))),
    ];
    all.into_iter().filter(|(_, v)| !v.is_empty()).collect()
}

/// No page is over 100 KB: a text that is longer when escaped stands whole in the history alone.
fn curta(text: String) -> String {
    let mut size = 0;
    let wide = |c: char| if matches!(c, '<' | '>' | '&' | '"' | '\'') { 5 } else { c.len_utf8() };
    let end = text.char_indices().find(|(_, c)| {
        size += wide(*c);
        size > OBSERVACAO
    });
    match end {
        Some((at, _)) => format!("{}… (inteira no histórico)", &text[..at]),
        None => text,
    }
}

/// A dash where there is nothing.
fn ou(text: String) -> String {
    if text.is_empty() { "–".to_owned() } else { text }
}

fn inteiro(o: &Value, key: &str) -> Option<i64> {
    o.get(key).and_then(Value::as_i64)
}

/// A value as text; absent: empty.
fn texto(o: &Value, key: &str) -> String {
    match o.get(key) {
        Some(Value::String(s)) => s.clone(),
        Some(Value::Number(n)) => n.to_string(),
        _ => String::new(),
    }
}

fn fone(ddd: &str, numero: &str) -> String {
    match numero.len().checked_sub(4).and_then(|at| numero.split_at_checked(at)) {
        Some((a, b)) if !a.is_empty() => format!("({ddd}) {a}-{b}"),
        _ => format!("({ddd}) {numero}"),
    }
}

/// `1595.37` as `R$ 1.595,37`.
fn dinheiro(ponto: &str) -> String {
    let (sign, plain) = ponto.strip_prefix('-').map_or(("", ponto), |p| ("-", p));
    let (whole, cents) = plain.split_once('.').unwrap_or((plain, "00"));
    match whole.parse::<u64>() {
        Ok(n) => format!("R$ {sign}{},{cents}", milhares(n)),
        Err(_) => ponto.to_owned(),
    }
}

/// `2023-08-04` as `04/08/2023`; anything else as it is.
pub fn data(iso: &str) -> String {
    iso.parse().map_or_else(|_| iso.to_owned(), br)
}

/// `2023-08-04T02:41:07-03:00` as `04/08/2023 02:41`; anything else as it is.
pub fn momento(iso: &str) -> String {
    match (iso.get(..10), iso.get(11..16)) {
        (Some(day), Some(time)) => format!("{} {time}", data(day)),
        _ => iso.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valores_como_se_leem() {
        assert_eq!(dinheiro("595.37"), "R$ 595,37");
        assert_eq!(dinheiro("-1234595.00"), "R$ -1.234.595,00");
        assert_eq!((dinheiro(""), data(""), momento("")), (String::new(), String::new(), String::new()));
        assert_eq!(momento("2023-08-04T02:41:07-03:00"), "04/08/2023 02:41");
        assert_eq!((fone("11", "987654321"), fone("11", "é")), ("(11) 98765-4321".into(), "(11) é".into()));
    }
}
