//! `atom export manager` (R012, UC003).

use super::app::App;
use super::exit::{self, graver};
use super::import::relata;
use super::texto::{conta, n};
use crate::domain::dia::br;
use crate::export::carga;
use crate::pipeline::{self, publish, tick};
use crate::store::dia;
use crate::store::lock::Which;
use crate::store::saida::{self, Tipo};
use serde_json::json;

/// Build and publish files for other systems
#[derive(Debug, clap::Args)]
pub struct Cmd {
    #[command(subcommand)]
    target: Target,
}

#[derive(Debug, clap::Subcommand)]
enum Target {
    /// Dial files for Manager; without a flag, what is due
    Manager(Manager),
}

#[derive(Debug, clap::Args)]
struct Manager {
    /// All dialable clients, once for the operating day
    #[arg(long)]
    carga: bool,
}

/// Runs it.
///
/// # Errors
/// Store, folders or lock failed.
pub fn run(cmd: &Cmd, app: &App) -> anyhow::Result<i64> {
    // without a flag what is due is made; the carga is all that can be due yet
    let Target::Manager(Manager { carga: _ }) = &cmd.target;
    let store = app.store()?;
    let Some(_held) = app.lock(Which::Carteira)? else { return Ok(exit::OK) };
    store.checkpoint()?;
    let ctx = app.contexto(&store, &|_, _, _| {});
    pipeline::recover(&ctx)?;
    // what an earlier run built goes first (EX9)
    let mut published = publish::publica(&ctx)?;
    let Some(day) = dia::newest_with_remessa(&store.db)? else {
        return Ok(waiting(app, &["remessa"]));
    };
    if let Some((made, at)) = saida::of_day(&store.db, Tipo::Carga, day)? {
        let now = published.iter().any(|p| p.saida.id == made.id && matches!(p.fim, publish::Fim::Publicada(_)));
        let (state, word) = match (now, at.is_some()) {
            (true, _) => ("published", "publicada agora"),
            (_, true) => ("nothing", "já feita"),
            _ => ("built", "gerada, ainda não publicada"),
        };
        let fichas = conta(made.linhas, "ficha", "fichas");
        let text = format!("carga de {} {word}: {} ({fichas})", br(day), made.nome);
        tell(app, Some(&made.nome), made.linhas, state, &text);
        return Ok(published.iter().fold(exit::OK, |code, p| graver(code, relata(app, p))));
    }
    let missing = tick::espera_da_carga(&ctx, day)?;
    if !missing.is_empty() && app.opcoes.forcado.is_none() {
        return Ok(waiting(app, &missing));
    }
    let made = carga::gera(&tick::pedido(&ctx), day, app.opcoes.dry_run)?;
    if made.substituidos > 0 {
        app.say(&format!(
            "aviso: {} caractere(s) sem equivalente em Windows-1252 viraram `?`",
            n(made.substituidos as i64)
        ));
    }
    published.extend(publish::publica(&ctx)?);
    let out = published.iter().any(|p| p.saida.id == made.saida.id && matches!(p.fim, publish::Fim::Publicada(_)));
    let (state, word) = match (out, app.opcoes.dry_run) {
        (true, _) => ("published", "publicada"),
        (_, true) => ("built", "simulada"),
        _ => ("built", "gerada, ainda não publicada"),
    };
    let text = format!("carga {word}: {} ({})", made.saida.nome, conta(made.saida.linhas, "ficha", "fichas"));
    tell(app, Some(&made.saida.nome), made.saida.linhas, state, &text);
    let code = published.iter().fold(exit::OK, |code, p| graver(code, relata(app, p)));
    app.fecha(&store)?;
    Ok(code)
}

fn waiting(app: &App, missing: &[&str]) -> i64 {
    tell(app, None, 0, "waiting", &format!("a carga aguarda {}. O dia: atom day", missing.join(", ")));
    exit::WAITING
}

fn tell(app: &App, file: Option<&str>, rows: i64, state: &str, text: &str) {
    if app.global.json {
        app.out(&json!({"kind": "carga", "file": file, "rows": rows, "state": state}).to_string());
    } else {
        app.out(text);
    }
}
