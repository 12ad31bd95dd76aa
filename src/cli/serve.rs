//! `atom serve`: answers the Portal, takes OMNE's webhooks.

use super::app::App;
use super::exit;
use crate::http::{Estado, servidor};
use crate::import;
use crate::store::lock::Which;

/// Arguments of `atom serve`.
#[derive(Debug, clap::Args)]
pub struct Cmd {}

/// Serves until SIGTERM.
///
/// # Errors
/// Exit 2: the tree of results does not do; exit 10: no store; exit 1: the address cannot be had.
pub fn run(_cmd: &Cmd, app: &App) -> anyhow::Result<i64> {
    let Some(_held) = app.lock(Which::Serve)? else { return Ok(exit::OK) };
    let campanha = import::campanha(&app.config);
    let estado = Estado::abre(app.config.clone(), app.layouts.clone(), app.clock.clone(), &campanha)?;
    servidor::serve(estado, |at| app.say(&format!("serve atende em http://{at}; SIGTERM encerra")))?;
    Ok(exit::OK)
}
