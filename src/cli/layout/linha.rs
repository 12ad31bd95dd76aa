//! `atom layout check FILE --line N`: one line, field by field, then a ruler at each bad field.

use super::super::apoio::{curto, tabela};
use super::super::app::App;
use super::super::exit::{self, Usage};
use super::super::regua::{Alvo, mensagem};
use super::super::texto::{data, n};
use super::check::REGUAS;
use super::{colunas, colunas_json};
use crate::domain::codigo::Codigo;
use crate::domain::valores::decimal_br;
use crate::import::estrutura::Estrutura;
use crate::layout::linha::{Fault, Linha};
use crate::layout::regua::exame::{Visto, quebra as regua_da_quebra};
use crate::layout::regua::fatia::fatias;
use crate::layout::regua::mascara::{self, Modo};
use crate::layout::regua::{desenha, dica, faltas, linha_de, rejeita};
use crate::layout::text::Decoder;
use crate::layout::valor::Valor;
use crate::layout::{Field, Format, Type};
use anyhow::Context as _;
use serde_json::{Value, json};

/// Widest value in the table; the ruler shows the rest.
const VALOR: usize = 24;

/// One field as it is shown.
struct Campo<'a> {
    field: &'a Field,
    valor: String,
    /// What was read from it; `None`: nothing.
    lido: Option<Lido>,
    falta: Option<Codigo>,
}

/// A value as it was read: as people write it, and as it is kept; masked like the text of its field.
struct Lido {
    dito: String,
    json: Value,
}

impl Lido {
    fn de(field: &Field, v: &Valor<'_>, modo: Modo) -> Option<Self> {
        let dito = match (v, &field.ty) {
            (Valor::Nulo, _) => return None,
            (Valor::Int(i), Type::Decimal { scale }) => decimal_br(*i, *scale),
            (Valor::Int(i), Type::Percent { scale }) => format!("{} %", decimal_br(*i, *scale)),
            (Valor::Int(i), _) => i.to_string(),
            (v @ Valor::Data(_), _) => v.texto().map(data).unwrap_or_default(),
            (v, _) => v.texto().unwrap_or_default().to_owned(),
        };
        // not even its length: that of an amount is its order
        let dito = if field.personal { "***".to_owned() } else { mascara::campo(field, &dito, modo) };
        let json = match v {
            _ if field.personal || modo == Modo::Forma => json!(dito),
            Valor::Int(i) => json!(i),
            v => json!(v.texto().map(mascara::texto)),
        };
        Some(Self { dito, json })
    }
}

/// A sound line, with its rulers.
struct Vista<'a> {
    registro: &'a str,
    campos: Vec<Campo<'a>>,
    reguas: Vec<String>,
    codigo: i64,
}

/// Runs it.
///
/// # Errors
/// Exit 2: the file has no such line; 1: it cannot be read.
pub(super) fn run(app: &App, alvo: &Alvo<'_>, numero: u32) -> anyhow::Result<i64> {
    let f = &alvo.fonte;
    let (mut code, mut broken, mut last, mut passed) = (None, None, 0, false);
    alvo.percorre(|v| {
        match v {
            Visto::Quebra(b) => {
                last = linha_de(b);
                if last == numero || b.stops() {
                    broken = Some(b.clone());
                }
            }
            Visto::Linha(l) => {
                last = l.numero;
                if last == numero {
                    code = Some(mostra(app, alvo, &Vista::de(alvo, l)));
                }
            }
        }
        passed = last > numero;
        last < numero
    })
    .with_context(|| f.caminho.display().to_string())?;
    match (code, broken) {
        (Some(code), _) => Ok(code),
        (None, Some(b)) => quebrada(app, alvo, &b),
        (None, None) if passed => Err(Usage(format!("a linha {numero} é o cabeçalho")).into()),
        (None, None) => Err(Usage(format!("não há linha {}; a última é a {}", n(numero), n(last))).into()),
    }
}

impl<'a> Vista<'a> {
    fn de(alvo: &Alvo<'_>, l: &Linha<'a>) -> Self {
        let bad = faltas(l);
        let modo = Modo::de(bad.len());
        let texts = textos(alvo, l).into_iter();
        let campos = texts.zip(&l.record.fields).enumerate().map(|(i, (raw, field))| Campo {
            field,
            valor: mascara::campo(field, &raw, modo).trim().to_owned(),
            lido: l.valor(i).ok().and_then(|v| Lido::de(field, &v, modo)),
            falta: bad.iter().find(|f| f.campo == i).map(|f| f.codigo),
        });
        let campos: Vec<Campo<'_>> = campos.collect();
        let rejects = campos.iter().any(|c| c.falta.is_some_and(|f| rejeita(c.field, f)));
        Self {
            registro: &l.record.name,
            campos,
            reguas: bad.iter().take(REGUAS).map(|f| desenha(alvo.layout, l, &alvo.nome, *f, modo)).collect(),
            codigo: if rejects { exit::REJECTS } else { exit::OK },
        }
    }
}

/// The text of every field.
fn textos(alvo: &Alvo<'_>, l: &Linha<'_>) -> Vec<String> {
    let encoding = alvo.fonte.codificacao;
    let fixed = alvo.layout.format == Format::Fixed;
    match fatias(l.record, l.original, encoding).filter(|_| fixed) {
        Some(cut) => cut.iter().map(|b| Decoder::default().decode(b, encoding).text().to_owned()).collect(),
        None => (0..l.record.fields.len()).map(|i| l.campo(i).to_owned()).collect(),
    }
}

fn efeito(field: &Field, codigo: Codigo) -> (&'static str, &'static str) {
    if rejeita(field, codigo) { ("reject", "rejeita a linha") } else { ("warning", "descarta o campo") }
}

fn mostra(app: &App, alvo: &Alvo<'_>, v: &Vista<'_>) -> i64 {
    if app.global.json {
        app.out(&objeto(alvo, v).to_string());
        return v.codigo;
    }
    let fixed = alvo.layout.format == Format::Fixed;
    let rows = v.campos.iter().enumerate().map(|(i, c)| {
        let read = || c.lido.as_ref().map_or_else(|| "–".to_owned(), |l| curto(&l.dito, VALOR));
        let said = c.falta.map_or_else(read, |f| format!("{f}: {}", efeito(c.field, f).1));
        let place = if fixed { colunas(c.field) } else { curto(&mascara::texto(&c.field.header), 24) };
        vec![(i + 1).to_string(), place, curto(&c.field.name, 26), curto(&c.valor, VALOR), said]
    });
    let header = ["n", if fixed { "colunas" } else { "cabeçalho" }, "campo", "valor", "lido, ou a falha"];
    let mut out = format!("{} · layout {} · registro {}\n\n", alvo.nome, alvo.layout.name, v.registro);
    out.push_str(&tabela(&header, &[0], rows.collect()));
    out.push('\n');
    for ruler in &v.reguas {
        out.push_str(&format!("\n{ruler}"));
    }
    if v.reguas.is_empty() {
        out.push_str("\nNenhuma falha.\n");
    }
    app.out(out.trim_end());
    v.codigo
}

fn objeto(alvo: &Alvo<'_>, v: &Vista<'_>) -> Value {
    let fields = v.campos.iter().enumerate().map(|(i, c)| {
        json!({
            "n": i + 1, "name": c.field.name, "header": c.field.header, "columns": colunas_json(c.field),
            "value": c.valor, "parsed": c.lido.as_ref().map(|l| &l.json), "code": c.falta.map(Codigo::as_str), "effect": c.falta.map(|f| efeito(c.field, f).0),
            "expected": c.falta.and_then(|_| dica::esperado(c.field, alvo.layout.format)),
        })
    });
    json!({
        "file": alvo.nome, "layout": alvo.layout.name, "record": v.registro,
        "state": if v.codigo == exit::OK { "clean" } else { "rejects" }, "exit": v.codigo,
        "fields": fields.collect::<Vec<_>>(), "rulers": v.reguas,
    })
}

/// A line that breaks the structure: its ruler, and what is to be said of the whole file.
fn quebrada(app: &App, alvo: &Alvo<'_>, broken: &Fault) -> anyhow::Result<i64> {
    let f = &alvo.fonte;
    let (mut whole, mut read) = (Estrutura::default(), 0);
    alvo.percorre(|v| {
        read += 1;
        if let Visto::Quebra(b) = v {
            whole.junta(b.clone());
        }
        true
    })?;
    let message = whole.explica(alvo.layout, read, f);
    let ruler = regua_da_quebra(&f.caminho, alvo.layout, f.codificacao, &alvo.nome, broken)?;
    if app.global.json {
        let reason = json!({"code": Codigo::Estrutura.as_str(), "message": message, "ruler": ruler});
        let said = json!({"file": alvo.nome, "layout": alvo.layout.name, "state": "refused", "exit": exit::REFUSED,
                          "reason": reason});
        app.out(&said.to_string());
    } else {
        app.out(&format!("{ruler}\n{}", mensagem(&message).join("\n")));
    }
    Ok(exit::REFUSED)
}
