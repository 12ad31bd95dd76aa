//! `atom backup DEST`: a checked copy of the whole store in a folder of its own, made while others write (ST1).
//!
//! The folder grows under a name that begins with a dot and takes its own when every byte is on disk and was read back.
//! What a killed run left goes with the next one.

use super::app::App;
use super::exit::{self, Usage};
use super::texto::{self, escape};
use crate::layout::impressao::imprime;
use crate::store::backup::{self, Momento};
use crate::store::lock::Which;
use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Arguments of `atom backup`.
#[derive(Debug, clap::Args)]
pub struct Cmd {
    /// The folder under which each backup has one of its own
    #[arg(value_name = "DEST")]
    dest: PathBuf,
}

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifesto {
    /// The program that made it.
    pub atom: String,
    /// When, local time with offset.
    pub em: String,
    /// idCampanha.
    pub campanha: i64,
    /// The agency at the bank.
    pub ascob: String,
    /// What it holds.
    pub momento: Momento,
    /// Name, bytes and SHA-256 of each file.
    pub arquivos: Vec<(String, u64, String)>,
}

/// The manifest's name.
pub const MANIFESTO: &str = "manifesto.json";

/// Makes the backup.
///
/// # Errors
/// Exit 2: DEST is the store or a folder of ours; exit 11: another backup is being made; the disk failed.
pub fn run(cmd: &Cmd, app: &App) -> anyhow::Result<i64> {
    let begun = Instant::now();
    let store = app.reader()?;
    let dest = pasta(&cmd.dest, app)?;
    let Some(_lock) = app.lock(Which::Backup)? else { return Ok(exit::OK) };
    let now = app.clock.now();
    let prefix = format!("atom-{}-", app.config.campanha.ascob);
    limpa(&dest, &prefix)?;
    let name = format!("{prefix}{}", now.carimbo());
    let (part, whole) = (dest.join(format!(".{name}.part")), dest.join(&name));
    if whole.exists() {
        return Err(Usage(format!("{} já existe", escape(&whole.display().to_string()))).into());
    }
    fs::create_dir(&part).with_context(|| part.display().to_string())?;
    let made = faz(app, &store, &part, &now.iso());
    let made = match (made, app.global.dry_run) {
        (Ok(made), false) => {
            fs::rename(&part, &whole).with_context(|| whole.display().to_string())?;
            File::open(&dest).and_then(|d| d.sync_all()).with_context(|| dest.display().to_string())?;
            backup::anota(store.dir(), &whole)?;
            made
        }
        (made, _) => {
            fs::remove_dir_all(&part).with_context(|| part.display().to_string())?;
            made?
        }
    };
    let bytes: u64 = made.arquivos.iter().map(|(_, n, _)| n).sum();
    let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    if app.global.json {
        app.out(
            &json!({"folder": whole, "bytes": bytes, "ms": ms, "run": made.momento.run, "dry_run": app.global.dry_run})
                .to_string(),
        );
    } else {
        let word = if app.global.dry_run { " · SIMULAÇÃO, nada gravado" } else { "" };
        app.out(&texto::folha(&format!(
            "backup · {}{word}\n\n  até a execução {} · {},{} MB · conferido · {},{} s\n  \
             contém dados pessoais: guarde-o como o próprio store",
            escape(&whole.display().to_string()),
            made.momento.run,
            bytes / 1_000_000,
            bytes / 100_000 % 10,
            ms / 1000,
            ms / 100 % 10,
        )));
    }
    Ok(exit::OK)
}

fn faz(app: &App, store: &crate::store::Store, part: &Path, em: &str) -> anyhow::Result<Manifesto> {
    backup::copia(store, part).with_context(|| format!("o backup não pôde ser gravado em {}", part.display()))?;
    let momento = backup::confere(part).context("a cópia não passou na conferência")?;
    let mut arquivos = Vec::new();
    let mut names: Vec<_> = fs::read_dir(part)?.collect::<Result<_, _>>()?;
    names.sort_by_key(fs::DirEntry::file_name);
    for e in names {
        let seal = imprime(&e.path())?;
        arquivos.push((e.file_name().to_string_lossy().into_owned(), seal.tamanho, seal.sha256));
    }
    let out = Manifesto {
        atom: env!("CARGO_PKG_VERSION").to_owned(),
        em: em.to_owned(),
        campanha: app.config.campanha.id,
        ascob: app.config.campanha.ascob.clone(),
        momento,
        arquivos,
    };
    let mut f = File::create(part.join(MANIFESTO))?;
    f.write_all(&serde_json::to_vec_pretty(&out)?)?;
    f.sync_all()?;
    File::open(part)?.sync_all()?;
    Ok(out)
}

/// DEST, which must not be one of our own folders: a restore or a purge would take it with it.
fn pasta(dest: &Path, app: &App) -> anyhow::Result<PathBuf> {
    let new = !dest.exists();
    fs::create_dir_all(dest).with_context(|| dest.display().to_string())?;
    let dest = dest.canonicalize().with_context(|| dest.display().to_string())?;
    for ours in [&app.config.store_dir, &app.config.data] {
        if ours.canonicalize().is_ok_and(|o| dest.starts_with(o)) {
            return Err(Usage("o backup não pode ficar dentro da pasta do store nem da de dados".into()).into());
        }
    }
    if let Some(parent) = dest.parent().filter(|_| new) {
        File::open(parent).and_then(|d| d.sync_all()).with_context(|| parent.display().to_string())?;
    }
    Ok(dest)
}

/// Removes what a killed run of this campaign left.
fn limpa(dest: &Path, prefix: &str) -> anyhow::Result<()> {
    for e in fs::read_dir(dest).with_context(|| dest.display().to_string())? {
        let e = e?;
        let name = e.file_name();
        let left = name.to_str().is_some_and(|n| n.starts_with(&format!(".{prefix}")) && n.ends_with(".part"));
        if left && e.file_type()?.is_dir() {
            fs::remove_dir_all(e.path()).with_context(|| e.path().display().to_string())?;
        }
    }
    Ok(())
}
