//! What becomes of the remote copies of files that are applied (IN17).

use super::super::Contexto;
use super::super::pastas::{self, Dono};
use super::shown;
use crate::config::After;
use crate::domain::texto::escape;
use crate::store::remoto;
use crate::transport::Entry;
use std::collections::HashMap;
use std::io;

/// Where `after = "move"` puts taken files, below Evo's folder.
pub const MOVIDOS: &str = "importados";

/// Moves or deletes the remote copies of files that are applied; repeated until it is done.
///
/// # Errors
/// The store failed; a remote that fails, and credentials that cannot be read, are told in the answer.
pub fn depois(ctx: &Contexto<'_>) -> anyhow::Result<Vec<String>> {
    let config = ctx.import.config;
    let (evo, db) = (&config.evo, &ctx.store().db);
    let origem = evo.url.to_string();
    let mut troubles = Vec::new();
    if evo.after == After::Keep || ctx.import.opcoes.dry_run {
        return Ok(troubles);
    }
    let applied = remoto::applied(db, &origem)?;
    if applied.is_empty() {
        return Ok(troubles);
    }
    let limits = pastas::limites(config);
    let mut dir = match pastas::abre(&evo.url, Dono::Evo.acesso(config), ctx.mode, limits, ctx.servidores) {
        Ok(dir) => dir,
        Err(e) => return Ok(vec![format!("{origem}: {}", escape(&e.to_string()))]),
    };
    // by the listing: of it come the size and time that were recorded
    let listed: HashMap<String, Entry> = match dir.list() {
        Ok(all) => all.into_iter().map(|e| (shown(&e), e)).collect(),
        Err(e) => return Ok(vec![format!("{origem}: {}", pastas::diz(&e))]),
    };
    for (name, size, mtime) in applied {
        let done = match listed.get(&name) {
            // gone already, or another content that arrived under the name meanwhile: not ours to touch
            None => Ok(()),
            Some(now) if now.size.cast_signed() != size || now.mtime != mtime => Ok(()),
            Some(_) => match evo.after {
                After::Move => dir.shelve(&name, MOVIDOS),
                _ => dir.remove(&name),
            },
        };
        #[cfg(debug_assertions)]
        crate::config::crash_point("depois");
        match done {
            Err(e) if e.kind() != io::ErrorKind::NotFound => troubles.push(format!("{name}: {}", pastas::diz(&e))),
            _ => remoto::settled(db, &origem, &name)?,
        }
    }
    Ok(troubles)
}
