//! From Evo's folder into the inbox (R002, R014, UC001/FA002): complete files only, each once.
//!
//! Complete: size and modification time stand still between two looks `evo.settle_seconds` apart, kept across
//! runs. Copied to `<name>.part`, hashed on the way, synced, size checked, renamed, entered in the ledger.
//! The remote copy is moved or deleted only after the import committed (IN17).

use super::{Contexto, folder};
use crate::config::After;
use crate::import::entrada::{self, reconhece};
use crate::layout::impressao::{Medidor, copia};
use crate::layout::nome::NameError;
use crate::store::remoto::{self, Remoto};
use crate::transport::dir::{Dir, Entry};
use anyhow::Context as _;
use std::fs::File;
use std::time::{Duration, Instant};

/// What a fetch did.
#[derive(Clone, Debug, Default)]
pub struct Colheita {
    /// Names taken into the inbox.
    pub recebidos: Vec<String>,
    /// Names that still move.
    pub assentando: usize,
    /// Names that fit no pattern, seen for the first time: the name, escaped, and why.
    pub estranhos: Vec<(String, String)>,
    /// Evo's folder could not be read.
    pub falha: Option<String>,
}

/// Suffixes of files that somebody is still writing.
const EM_CURSO: [&str; 3] = [".part", ".tmp", ".filepart"];

/// Looks at Evo's folder once. The caller holds the fetch lock.
///
/// # Errors
/// The store or the inbox failed; a folder that cannot be read is part of the answer instead.
pub fn fetch(ctx: &Contexto<'_>) -> anyhow::Result<Colheita> {
    let mut out = Colheita::default();
    limpa_restos(ctx)?;
    let evo = &ctx.import.config.evo;
    let dir = folder(&evo.url, ctx.mode)?;
    let begun = Instant::now();
    let entries = match dir.list() {
        Ok(entries) => entries,
        Err(e) => {
            out.falha = Some(format!("{}: {e}", evo.url));
            return Ok(out);
        }
    };
    let origem = evo.url.to_string();
    remoto::forget_gone(&ctx.store().db, &origem, &entries.iter().map(shown).collect::<Vec<_>>())?;
    for e in &entries {
        if begun.elapsed() > Duration::from_secs(evo.max_seconds) {
            break;
        }
        look(ctx, &dir, &origem, e, &mut out)?;
    }
    Ok(out)
}

/// A name as it can be printed and stored: escaped where it is not plain (IN7).
fn shown(e: &Entry) -> String {
    match e.name.to_str() {
        Some(s) if s.chars().all(|c| !c.is_control()) => s.to_owned(),
        _ => e.name.as_encoded_bytes().escape_ascii().to_string(),
    }
}

fn look(ctx: &Contexto<'_>, dir: &Dir, origem: &str, e: &Entry, out: &mut Colheita) -> anyhow::Result<()> {
    let name = shown(e);
    if EM_CURSO.iter().any(|s| name.to_ascii_lowercase().ends_with(s)) {
        return Ok(());
    }
    let db = &ctx.store().db;
    let known = remoto::get(db, origem, &name)?;
    let same = |r: &Remoto| r.tamanho == e.size.cast_signed() && r.mtime == e.mtime;
    let mut row = Remoto {
        tamanho: e.size.cast_signed(),
        mtime: e.mtime,
        visto_em: ctx.import.clock.real_unix(),
        estado: remoto::VISTO.to_owned(),
        motivo: None,
        arquivo_id: None,
    };
    let ascob = &ctx.import.config.campanha.ascob;
    let recognised = match e.name.to_str() {
        Some(plain) if e.regular => reconhece(ctx.import.layouts, plain, ascob).map_err(|e| e.to_string()),
        Some(_) => {
            // folders that we made ourselves are no strangers
            if name == MOVIDOS {
                return Ok(());
            }
            Err("não é um arquivo comum".to_owned())
        }
        None => Err(NameError::NoMatch.to_string()),
    };
    let recognised = match recognised {
        Ok(r) => r,
        Err(why) => {
            if known.is_none_or(|k| k.estado != remoto::ESTRANHO) {
                row.estado = remoto::ESTRANHO.to_owned();
                row.motivo = Some(why.clone());
                remoto::put(db, origem, &name, &row)?;
                out.estranhos.push((name, why));
            }
            return Ok(());
        }
    };
    match &known {
        Some(k) if same(k) && k.estado == remoto::BAIXADO => return Ok(()),
        _ if ctx.import.config.evo.settle_seconds == 0 => {}
        Some(k) if same(k) && k.estado == remoto::VISTO => {
            let stood = row.visto_em - k.visto_em;
            if stood < i64::try_from(ctx.import.config.evo.settle_seconds).unwrap_or(i64::MAX) {
                out.assentando += 1;
                return Ok(());
            }
        }
        _ => {
            remoto::put(db, origem, &name, &row)?;
            out.assentando += 1;
            return Ok(());
        }
    }
    if let Some(id) = take(ctx, dir, e, &name, &recognised)? {
        row.estado = remoto::BAIXADO.to_owned();
        row.arquivo_id = Some(id);
        remoto::put(db, origem, &name, &row)?;
        out.recebidos.push(name);
    }
    Ok(())
}

/// Copies one file; `None` when it moved or vanished meanwhile (a later look takes it).
fn take(
    ctx: &Contexto<'_>,
    dir: &Dir,
    e: &Entry,
    name: &str,
    recognised: &entrada::Nome<'_>,
) -> anyhow::Result<Option<i64>> {
    let inbox = ctx.import.config.data.join("inbox");
    let mut from = match dir.get(name) {
        Ok(f) => f,
        Err(x) if x.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(x) => return Err(x).with_context(|| format!("{}: {name}", dir.path().display())),
    };
    let part = inbox.join(format!("{name}.part"));
    let file = File::create(&part).with_context(|| format!("não foi possível gravar em {}", inbox.display()))?;
    let mut m = Medidor::new(file);
    // one byte more than listed is enough to see that it grew (IN6)
    let copied = copia(&mut std::io::Read::take(&mut from, e.size + 1), &mut m);
    let (file, impressao) = m.fim();
    copied.and_then(|_| file.sync_all()).with_context(|| format!("caixa de entrada {}", inbox.display()))?;
    let stands = dir.stat(name).is_ok_and(|now| now == *e);
    if impressao.tamanho != e.size || !stands {
        std::fs::remove_file(&part)?;
        return Ok(None);
    }
    if let Some(known) = entrada::conhecido(&ctx.import, recognised, name, &impressao)? {
        std::fs::remove_file(&part)?;
        return Ok(Some(known.id));
    }
    let path = entrada::lugar(&inbox, name, &impressao.sha256);
    std::fs::rename(&part, &path)?;
    File::open(&inbox)?.sync_all()?;
    Ok(Some(entrada::registra(&ctx.import, name, recognised, &impressao, &path)?.id))
}

/// Stale partial copies of a killed fetch (IN15); the fetch lock is held, so nobody writes one now.
fn limpa_restos(ctx: &Contexto<'_>) -> anyhow::Result<()> {
    let inbox = ctx.import.config.data.join("inbox");
    for e in std::fs::read_dir(&inbox).with_context(|| inbox.display().to_string())? {
        let path = e?.path();
        if path.extension().is_some_and(|x| x == "part") {
            std::fs::remove_file(&path).with_context(|| path.display().to_string())?;
        }
    }
    Ok(())
}

/// Where `after = "move"` puts taken files, below Evo's folder.
pub const MOVIDOS: &str = "importados";

/// Moves or deletes the remote copies of files that are applied (IN17); repeated until it is done.
///
/// # Errors
/// The store failed; a remote that fails is told in the answer.
pub fn depois(ctx: &Contexto<'_>) -> anyhow::Result<Vec<String>> {
    let mut troubles = Vec::new();
    let evo = &ctx.import.config.evo;
    if evo.after == After::Keep {
        return Ok(troubles);
    }
    let dir = folder(&evo.url, ctx.mode)?;
    let origem = evo.url.to_string();
    for (name, size, mtime) in remoto::applied(&ctx.store().db, &origem)? {
        // another content that arrived under the name meanwhile is not touched
        let ours = match dir.stat(&name) {
            Ok(now) => now.size.cast_signed() == size && now.mtime == mtime,
            Err(_) => false,
        };
        let done = match evo.after {
            _ if !ours => Ok(()),
            After::Move => dir.shelve(&name, MOVIDOS),
            _ => dir.remove(&name),
        };
        match done {
            Ok(()) => remoto::settled(&ctx.store().db, &origem, &name)?,
            Err(e) => troubles.push(format!("{name}: {e}")),
        }
    }
    Ok(troubles)
}
