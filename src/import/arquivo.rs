//! After the commit the original goes from the inbox to the archive; a crash in between is made good by the
//! next command.

use super::{Contexto, entrada};
use crate::layout::impressao::imprime;
use crate::store::ledger::{self, Arquivo};
use anyhow::Context as _;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Moves every applied or duplicate file of the inbox to the archive of its day.
///
/// # Errors
/// The archive cannot be written.
pub fn arquiva(ctx: &Contexto<'_>) -> anyhow::Result<()> {
    let data = &ctx.config.data;
    for a in ledger::to_archive(&ctx.store.db)? {
        let day = a.data_operacao.map_or_else(|| "sem-dia".to_owned(), |d| d.to_string());
        let folder = data.join("archive").join(day);
        std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let from = data.join(&a.caminho);
        let to = if from.exists() {
            let to = entrada::lugar(&folder, &a.nome, &a.sha256);
            std::fs::rename(&from, &to).with_context(|| format!("arquivar {}", from.display()))?;
            to
        } else {
            // a kill between the rename and this row: it is there already, under one of two names
            match achado(&folder, &a)? {
                Some(to) => to,
                None => continue,
            }
        };
        // the row must not outlive the name: a loss of power may take back what the folders have not on disk
        for p in [&folder, &data.join("archive")] {
            File::open(p).and_then(|d| d.sync_all()).with_context(|| p.display().to_string())?;
        }
        let inside = to.strip_prefix(data).unwrap_or(&to);
        ledger::moved(&ctx.store.db, a.id, &inside.display().to_string())?;
    }
    Ok(())
}

fn achado(folder: &Path, a: &Arquivo) -> anyhow::Result<Option<PathBuf>> {
    for path in entrada::lugares(folder, &a.nome, &a.sha256) {
        if path.exists() && imprime(&path).with_context(|| path.display().to_string())?.sha256 == a.sha256 {
            return Ok(Some(path));
        }
    }
    tracing::warn!(file = %a.nome, "neither in the inbox nor in the archive");
    Ok(None)
}
