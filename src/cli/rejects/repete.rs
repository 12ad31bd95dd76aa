//! `atom rejects replay`: the rejected lines of a run, imported once more.

use super::super::app::App;
use super::super::exit::{self, Usage, graver};
use super::super::import::relata;
use super::super::relato;
use super::existe;
use crate::domain::dia::br;
use crate::import::replay;
use crate::pipeline::{self, publish};
use crate::store::lock::Which;
use crate::store::rejeito;

/// Runs it; the report is that of an import.
///
/// # Errors
/// Store, folders or lock failed; a run that does not exist (exit 2).
pub(super) fn run(id: Option<i64>, app: &App) -> anyhow::Result<i64> {
    let store = app.store()?;
    let Some(_held) = app.lock(Which::Carteira)? else { return Ok(exit::OK) };
    store.checkpoint()?;
    let wanted = match id {
        Some(id) => Some(existe(&store, id)?.id),
        None => rejeito::newest_run(&store.db, None)?,
    };
    let Some(wanted) = wanted else {
        app.say("nenhuma linha rejeitada");
        return Ok(exit::OK);
    };
    if existe(&store, wanted)?.estado == "undone" {
        let m = format!("a execução {wanted} foi desfeita: as suas linhas não entram sem o arquivo; importe-o de novo");
        return Err(Usage(m).into());
    }
    let ctx = app.contexto(&store, &|_, _, _| {});
    pipeline::recover(&ctx)?;
    let Some(done) = replay::importa(&ctx.import, wanted)? else {
        app.say(&format!("a execução {wanted} não tem linhas rejeitadas; as ignoradas não se repetem"));
        return Ok(exit::OK);
    };
    pipeline::recover(&ctx)?;
    let published = publish::publica(&ctx)?;
    let mut r = done.relatorio;
    relato::devolvido(&mut r, &published);
    relato::mostra(app, &r, None);
    if let Some(day) = done.mais_novo {
        app.say(&format!(
            "aviso: um arquivo mais novo de {} já tinha entrado (operação {}); valem agora as linhas repetidas",
            r.kind,
            br(day)
        ));
    }
    let code = published.iter().fold(r.exit, |code, p| graver(code, relata(app, p)));
    store.checkpoint()?;
    Ok(code)
}
