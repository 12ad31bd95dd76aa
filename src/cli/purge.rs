//! `atom purge`: what retention does not keep goes, from the store, its free pages and its logs (SE5).
//!
//! Archive and backups are never edited: they expire whole, by age; those that still hold somebody who was purged are
//! named.

use super::achados::{arquivos, documentos};
use super::app::App;
use super::exit;
use super::texto::{self, conta, escape, n};
use crate::domain::dia::br;
use crate::store::lock::Which;
use crate::store::purga::{self, Cortes, Purga};
use crate::store::{auditoria, backup};
use anyhow::Context as _;
use chrono::{Days, NaiveDate};
use serde_json::json;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Arguments of `atom purge`.
#[derive(Debug, clap::Args)]
pub struct Cmd {}

/// Folders whose files expire whole.
const EXPIRAM: [&str; 3] = ["archive", "rejects", "outbox"];

/// What went, or would go.
#[derive(Default)]
struct Feito {
    store: Purga,
    /// Files that expired.
    expirados: Vec<PathBuf>,
    /// Reject files in which somebody who was purged stood.
    rejeitos: Vec<PathBuf>,
    /// Files that still name somebody who was purged.
    restam: Vec<PathBuf>,
}

/// Purges.
///
/// # Errors
/// Exit 11: an import is at work; the store or a folder cannot be written.
pub fn run(_cmd: &Cmd, app: &App) -> anyhow::Result<i64> {
    let store = app.store()?;
    let Some(_held) = app.lock(Which::Carteira)? else { return Ok(exit::OK) };
    store.checkpoint()?;
    let r = app.config.retencao;
    let today = app.clock.now().date();
    let day = |dias: u32| (dias > 0).then(|| today.checked_sub_days(Days::new(u64::from(dias)))).flatten();
    let text = |dias: u32| day(dias).map(|d| d.to_string());
    let cortes = Cortes {
        ficha: text(r.fichas_dias),
        contatos: text(r.contatos_dias),
        desfaz: text(r.desfaz_dias),
        auditoria: text(r.auditoria_dias),
    };
    let dry = app.global.dry_run;
    let contacts = store.atendimento()?;
    let data = &app.config.data;
    let mut done = Feito::default();
    if let Some(day) = day(r.arquivos_dias) {
        for folder in EXPIRAM {
            vencidos(&data.join(folder), day, &mut done.expirados)?;
        }
    }
    if let Some(day) = day(r.backups_dias) {
        done.expirados.extend(backups_vencidos(app, day)?);
    }
    let gone: HashSet<&PathBuf> = done.expirados.iter().collect();
    let mut fichas = match &cortes.ficha {
        Some(cut) => purga::escolhe(&store.db, contacts, cut)?,
        None => Vec::new(),
    };
    let mut docs: HashSet<String> = fichas.iter().map(|(_, d)| d.clone()).collect();
    // whoever stands in a file that waits is about to be a client again
    for (_, waiting) in nomeados(&[data.join("inbox")], &HashSet::new(), &docs)? {
        fichas.retain(|(_, d)| !waiting.contains(d));
        docs.retain(|d| !waiting.contains(d));
    }
    let mut places: Vec<PathBuf> = EXPIRAM.iter().map(|f| data.join(f)).collect();
    places.extend(backup::guardados(store.dir())?);
    for (path, _) in nomeados(&places, &gone, &docs)? {
        if path.starts_with(data.join("rejects")) { done.rejeitos.push(path) } else { done.restam.push(path) }
    }
    done.store = purga::purga(&store.db, contacts, &cortes, &fichas, dry)?;
    if !dry {
        for path in done.expirados.iter().chain(&done.rejeitos) {
            let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
            removed.with_context(|| path.display().to_string())?;
        }
        let who = App::quem();
        auditoria::registra(contacts, &app.clock.now().iso(), &who, None, "purge")?;
    }
    relata(app, &done);
    app.fecha(&store)?;
    Ok(exit::OK)
}

/// Files below a folder that were written before a day.
fn vencidos(folder: &Path, day: NaiveDate, out: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for path in arquivos(folder)? {
        let written = fs::metadata(&path).and_then(|m| m.modified()).with_context(|| path.display().to_string())?;
        let written: chrono::DateTime<chrono::Utc> = written.into();
        if crate::clock::Agora::from_utc(written).date() < day {
            out.push(path);
        }
    }
    Ok(())
}

/// Backups of this store made before a day.
fn backups_vencidos(app: &App, day: NaiveDate) -> anyhow::Result<Vec<PathBuf>> {
    let mut out = Vec::new();
    for path in backup::guardados(&app.config.store_dir)? {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        // the stamp that ends the name: AAAAMMDD_HHMMSS
        let stamp = name.len().checked_sub(15).and_then(|i| name.get(i..i + 8));
        let made = stamp.and_then(|s| NaiveDate::parse_from_str(s, "%Y%m%d").ok());
        if made.is_some_and(|made| made < day) {
            out.push(path);
        }
    }
    Ok(out)
}

/// Files in which one of these documents stands, with those that do.
fn nomeados(
    places: &[PathBuf],
    except: &HashSet<&PathBuf>,
    docs: &HashSet<String>,
) -> anyhow::Result<Vec<(PathBuf, HashSet<String>)>> {
    let mut out = Vec::new();
    if docs.is_empty() {
        return Ok(out);
    }
    for path in places.iter().map(|p| arquivos(p)).collect::<Result<Vec<_>, _>>()?.concat() {
        if except.iter().any(|e| path.starts_with(e)) {
            continue;
        }
        let found = documentos(&path, docs)?;
        if !found.is_empty() {
            out.push((path, found));
        }
    }
    Ok(out)
}

fn relata(app: &App, d: &Feito) {
    let (s, dry) = (&d.store, app.global.dry_run);
    let names = |all: &[PathBuf]| all.iter().map(|p| p.display().to_string()).collect::<Vec<_>>();
    if app.global.json {
        let contacts: serde_json::Map<_, _> = s.contatos.iter().map(|(t, n)| ((*t).to_owned(), json!(n))).collect();
        app.out(
            &json!({"fichas": s.fichas, "contacts": contacts, "journal_rows": s.diarios, "audit_rows": s.auditoria,
                    "files": names(&d.expirados), "reject_files": names(&d.rejeitos), "still_named_in": names(&d.restam),
                    "dry_run": dry})
            .to_string(),
        );
        return;
    }
    let r = app.config.retencao;
    let none = [r.fichas_dias, r.contatos_dias, r.arquivos_dias, r.backups_dias, r.desfaz_dias, r.auditoria_dias];
    if none.iter().all(|d| *d == 0) {
        app.out("nada a fazer: [retencao] não diz por quantos dias se guarda o quê; tudo se guarda para sempre");
        return;
    }
    let word = if dry { " · SIMULAÇÃO, nada mudou" } else { "" };
    let mut out = format!("purge · {}{word}\n\n", br(app.clock.now().date()));
    out += &format!("  {}\n", conta(s.fichas, "cliente sem contrato aberto", "clientes sem contrato aberto"));
    let rows: Vec<String> = s.contatos.iter().filter(|(_, n)| *n > 0).map(|(t, c)| format!("{t} {}", n(*c))).collect();
    out += &format!("  contatos antigos: {}\n", if rows.is_empty() { "nenhum".to_owned() } else { rows.join(" · ") });
    out += &format!(
        "  diário de undo: {} · auditoria: {}\n",
        conta(s.diarios, "linha", "linhas"),
        conta(s.auditoria, "linha", "linhas")
    );
    out += &format!("  {}\n", conta(d.expirados.len() + d.rejeitos.len(), "arquivo apagado", "arquivos apagados"));
    if !d.restam.is_empty() {
        out += "\nAinda citam quem saiu, e vencem inteiros pela idade:\n";
        for path in d.restam.iter().take(40) {
            out += &format!("  {}\n", escape(&path.display().to_string()));
        }
        if d.restam.len() > 40 {
            out += &format!("  … e mais {}\n", n(d.restam.len() - 40));
        }
    }
    app.out(&texto::folha(out.trim_end()));
}
