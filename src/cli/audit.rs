//! `atom audit [KEY]`: who read or changed what, when, of which client.

use super::apoio::{Chave, chave_dada, momento, tabela};
use super::app::App;
use super::{exit, texto};
use crate::atendimento::{self, NaoEncontrado};
use crate::store::auditoria::{self, Entrada};
use crate::store::db::Db;
use serde_json::json;

/// Arguments of `atom audit`.
#[derive(Debug, clap::Args)]
pub struct Cmd {
    /// Only of this client: CPF/CNPJ, contract or ID_CRM; `-` reads one line from stdin, out of the process list
    #[arg(value_name = "KEY")]
    key: Option<String>,
    /// What KEY is [default: a valid CPF/CNPJ, else a contract, else an ID_CRM]
    #[arg(long, value_enum, value_name = "WHAT")]
    by: Option<Chave>,
    /// Newest entries shown; 0: all
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: u32,
}

/// Shows the entries, newest first.
///
/// # Errors
/// Nobody has the key (never echoed); the store cannot be read.
pub fn run(cmd: &Cmd, app: &App) -> anyhow::Result<i64> {
    let store = app.reader()?;
    let fichas = match &cmd.key {
        None => None,
        Some(key) => Some(fichas(cmd, &store.db, &chave_dada(key)?)?),
    };
    let limit = if cmd.limit == 0 { i64::MAX } else { i64::from(cmd.limit) };
    let all = auditoria::lista(&store.db, "atendimento", fichas.as_deref(), limit)?;
    if app.global.json {
        for e in &all {
            app.out(&json!({"at": e.em, "who": e.quem, "ficha": e.ficha, "what": e.o_que}).to_string());
        }
        return Ok(exit::OK);
    }
    if all.is_empty() {
        app.out("nada na auditoria");
        return Ok(exit::OK);
    }
    let row = |e: &Entrada| {
        let when = momento(&e.em).map_or_else(|| e.em.clone(), |t| t.format("%d/%m/%Y %H:%M:%S").to_string());
        let ficha = e.ficha.map_or_else(|| "–".to_owned(), |f| f.to_string());
        vec![when, texto::escape(&e.quem), ficha, texto::escape(&e.o_que)]
    };
    app.out(&tabela(&["QUANDO", "QUEM", "FICHA", "O QUÊ"], &[2], all.iter().map(row).collect()));
    Ok(exit::OK)
}

/// The clients of the key. An ID_CRM outlives its client, here too.
fn fichas(cmd: &Cmd, db: &Db, key: &str) -> anyhow::Result<Vec<i64>> {
    if key.is_empty() {
        return Err(exit::Usage("informe um CPF/CNPJ, um contrato ou um ID_CRM".into()).into());
    }
    let ids = atendimento::procura(db, cmd.by.map(Into::into), key)?;
    match (ids.is_empty(), cmd.by, key.trim().parse()) {
        (true, Some(Chave::Idcrm), Ok(id)) => Ok(vec![id]),
        (true, ..) => Err(NaoEncontrado.into()),
        _ => Ok(ids),
    }
}
