//! `atom explain CONTRATO`: which file, line and rule put a contract in its state, and why it is dialled or not.

use super::apoio::{LARGURA, chave_dada, curto, quebra};
use super::app::App;
use super::exit::{self, Usage};
use super::texto::{self, n};
use crate::atendimento::explica::{Explicacao, Fato, explica};
use crate::domain::dia::br;
use crate::domain::situacao::Situacao;
use crate::export::linha::Discagem;
use chrono::{Datelike, NaiveDate};
use serde_json::{Value, json};

/// Arguments of `atom explain`.
#[derive(Debug, clap::Args)]
pub struct Cmd {
    /// The contract; `-` reads one line from stdin
    #[arg(value_name = "CONTRATO")]
    contrato: String,
}

/// Width of the column of files.
const ARQUIVO: usize = 26;

/// Runs it.
///
/// # Errors
/// There is no such contract (exit 1, never echoed); the store cannot be read.
pub fn run(cmd: &Cmd, app: &App) -> anyhow::Result<i64> {
    let key = chave_dada(&cmd.contrato)?;
    if key.is_empty() {
        return Err(Usage("informe um contrato".into()).into());
    }
    let store = app.reader()?;
    let rule = Discagem::le(&app.config)?;
    let e = explica(&store.db, &app.config, &rule.bloqueados, &key)?;
    if app.global.json {
        app.out(&objeto(&e).to_string());
    } else {
        app.out(&texto::folha(&folha(&e, app.dia())));
    }
    Ok(exit::OK)
}

fn objeto(e: &Explicacao) -> Value {
    let events = e.fatos.iter().map(|Fato { passo: p, texto }| {
        json!({
            "data_operacao": p.dia, "at": p.em, "run": p.run, "kind": p.kind, "file": p.arquivo, "line": p.linha,
            "rule": p.regra, "from": p.de.map(Situacao::as_str), "to": p.para.map(Situacao::as_str),
            "detail": p.detalhe, "text": texto,
        })
    });
    json!({
        "contrato": e.contrato, "idCrm": e.ficha, "situacao": e.situacao.as_str(),
        "bloqueadoEm": e.bloqueio.map(|b| b.desde), "bloqueadoAte": e.bloqueio.map(|b| b.ate),
        "dialable": e.disca, "row": e.linha, "why": e.porque, "back": e.volta, "events": events.collect::<Vec<_>>(),
    })
}

/// The sheet for people; `hoje` is the operating day that a block is measured against.
fn folha(e: &Explicacao, hoje: NaiveDate) -> String {
    let until = match e.bloqueio {
        Some(b) if b.ate < hoje => format!(" até {}, já vencido", br(b.ate)),
        Some(b) => format!(" até {} inclusive", br(b.ate)),
        None => String::new(),
    };
    let own = e.linha.as_ref() == Some(&e.contrato);
    let dialled = match (e.disca, &e.linha) {
        (true, _) if own => "disca".to_owned(),
        (true, Some(row)) => format!("disca pelo {row}"),
        _ => "não disca".to_owned(),
    };
    let situacao = e.situacao.as_str();
    let mut out = vec![format!("Contrato {} · ficha {} · {situacao}{until} · {dialled}", e.contrato, e.ficha)];
    out.push(String::new());
    let years = e.fatos.iter().filter_map(|f| f.passo.dia).any(|d| d.year() != hoje.year());
    e.fatos.iter().for_each(|f| linhas(f, years, &mut out));
    if e.fatos.is_empty() {
        out.push("  nenhum fato registrado".into());
    }
    out.push(String::new());
    let head = match (own, e.disca) {
        (true, _) => "Está no arquivo de discagem:",
        (false, true) => "Não tem linha própria no arquivo de discagem:",
        (false, false) => "Não está no arquivo de discagem porque:",
    };
    out.extend(quebra(&format!("{head} {}.", e.porque), LARGURA));
    out.extend(e.volta.iter().cloned());
    out.join("\n")
}

/// One step: day, situação, kind, file, line, and in as many lines as it takes, what it means.
fn linhas(f: &Fato, years: bool, out: &mut Vec<String>) {
    let p = &f.passo;
    let day = p.dia.map(|d| d.format(if years { "%d/%m/%Y" } else { "%d/%m" }).to_string()).unwrap_or_default();
    let state = p.para.or(p.de).map_or("", Situacao::as_str);
    let file = curto(p.arquivo.as_deref().unwrap_or(""), ARQUIVO);
    let line = p.linha.map(|l| format!("linha {}", n(l))).unwrap_or_default();
    let width = if years { 10 } else { 5 };
    let start = format!("  {day:<width$}  {state:<9}  {:<9}  {file:<ARQUIVO$}  {line:<11}  ", p.kind);
    let at = start.chars().count();
    let mut words = quebra(&f.texto, LARGURA - at).into_iter().map(|w| curto(&w, LARGURA - at));
    out.push((start + &words.next().unwrap_or_default()).trim_end().to_owned());
    out.extend(words.map(|w| format!("{:at$}{w}", "")));
}
