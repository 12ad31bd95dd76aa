//! `atom fetch`: collect matching, complete files from Evo into the inbox (R002).

use super::app::App;
use super::exit::{self, Temporary};
use crate::pipeline::fetch::{self, Colheita};
use crate::store::lock::Which;
use serde_json::json;

/// Collect matching, complete files from Evo into the inbox
#[derive(Debug, clap::Args)]
pub struct Cmd {}

/// Runs it.
///
/// # Errors
/// Store, inbox or lock failed; Evo's folder cannot be reached (exit 5).
pub fn run(_: &Cmd, app: &App) -> anyhow::Result<i64> {
    let store = app.store()?;
    let Some(_held) = app.lock(Which::Fetch)? else { return Ok(exit::OK) };
    let got = fetch::fetch(&app.contexto(&store, &|_, _, _| {}))?;
    if app.global.json {
        let unknown: Vec<_> = got.estranhos.iter().map(|(n, why)| json!({"file": n, "reason": why})).collect();
        app.out(&json!({"fetched": got.recebidos, "settling": got.assentando, "unknown": unknown}).to_string());
    } else {
        app.out(&format!("{} arquivo(s) recebido(s), {} assentando", got.recebidos.len(), got.assentando));
        got.recebidos.iter().for_each(|n| app.out(&format!("  {n}")));
    }
    conta(app, &got);
    match got.falha {
        Some(why) => Err(Temporary(format!("a pasta do Evo não pôde ser lida: {why}")).into()),
        None => Ok(exit::OK),
    }
}

/// Names that fit no pattern, told once.
fn conta(app: &App, got: &Colheita) {
    for (name, why) in &got.estranhos {
        app.say(&format!("aviso: {name}: {why}; fica na pasta do Evo"));
    }
}
