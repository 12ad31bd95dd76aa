//! From Evo's folder and Manager's into the inbox (R002, R014, UC001/FA002): complete files only, each once.
//!
//! Manager's folder (`manager.retornos`) is looked at for retorno alone, Evo's for everything else; what fails
//! of one holds up nothing of the other: each server has a thread of its own, and the whole ends when
//! `evo.max_seconds` are over (IN2).
//!
//! The thread of a server lists a folder; here, where the store is, the names are judged (`olhar`) and it is told what
//! to copy (`copia`); each file is entered in the ledger as it comes. Complete: size and modification time stand still
//! between two looks `evo.settle_seconds` apart, kept across runs. Copied to `<name>.fetch.part`, hashed on the way,
//! synced, size checked, renamed. One file that cannot be taken holds up no other. The remote copy is moved or deleted
//! only after the import committed ([`depois()`], IN17).
//!
//! **Crashes:** a part belongs to the size and time that the store remembers of its name. Whoever changes what is
//! remembered removes the part first; only then a later fetch goes on with it (IN1, IN15).

mod copia;
mod depois;
mod olhar;

pub use depois::{MOVIDOS, depois};

use super::pastas::{self, Dono};
use super::{Contexto, remove_parts};
use crate::config::{Config, RemoteUrl};
use crate::domain::texto::{escape, plain};
use crate::import::entrada;
use crate::store::remoto;
use crate::transport::{Entry, Fault, Remote, em_portugues};
use anyhow::Context as _;
use copia::Copia;
use olhar::Pedido;
use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};

/// What a fetch did.
#[derive(Clone, Debug, Default)]
pub struct Colheita {
    /// Names taken into the inbox, or that would be under `--dry-run`.
    pub recebidos: Vec<Recebido>,
    /// Names that still move.
    pub assentando: usize,
    /// Names that fit no pattern, seen for the first time; escaped.
    pub estranhos: Vec<Nota>,
    /// What a remote refused, a name or its folder; the next fetch tries again.
    pub falhas: Vec<Nota>,
    /// Our inbox could not be written.
    pub inbox: Option<String>,
}

/// What is said of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nota {
    /// Whose folder: `Evo` or `Manager`.
    pub de_quem: &'static str,
    /// The name, or the folder's url.
    pub nome: String,
    /// Why.
    pub motivo: String,
    /// A person must act: another run ends the same.
    pub pessoa: bool,
}

/// A file that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recebido {
    /// Its name.
    pub nome: String,
    /// The name came before with other bytes (IN12).
    pub reenviado: bool,
}

/// A folder that files are collected from.
#[derive(Clone, Copy)]
pub(super) struct Pasta<'a> {
    dono: Dono,
    url: &'a RemoteUrl,
    /// Whether retorno is taken here.
    retornos: bool,
    /// Whether all other kinds are.
    outros: bool,
}

/// The folders; Evo's stands for both where `manager.retornos` names the same.
fn pastas_de(config: &Config) -> Vec<Pasta<'_>> {
    let (evo, retornos) = (&config.evo.url, config.manager.retornos.as_ref());
    let mut out = vec![Pasta { dono: Dono::Evo, url: evo, retornos: retornos == Some(evo), outros: true }];
    let own = retornos.filter(|url| *url != evo);
    out.extend(own.map(|url| Pasta { dono: Dono::Manager, url, retornos: true, outros: false }));
    out
}

/// A folder while it is visited.
struct Visita<'a> {
    pasta: Pasta<'a>,
    remote: Remote,
}

/// Looks at each folder once. The caller holds the fetch lock.
///
/// # Errors
/// The store failed; what a remote or the inbox refuse, and credentials that cannot be read, are part of the answer.
pub fn fetch(ctx: &Contexto<'_>) -> anyhow::Result<Colheita> {
    let config = ctx.import.config;
    let mut out = Colheita::default();
    let limits = pastas::limites(config);
    let mut servers: Vec<Vec<Visita<'_>>> = Vec::new();
    for pasta in pastas_de(config) {
        match pastas::abre(pasta.url, pasta.dono.acesso(config), ctx.mode, limits, ctx.servidores) {
            Ok(remote) => agrupa(&mut servers, Visita { pasta, remote }),
            // a person must mend it; meanwhile the other folder, and what is here already, go on
            Err(e) => {
                out.falhas.push(Nota { pessoa: true, ..pasta.nota(&pasta.url.to_string(), escape(&e.to_string())) });
            }
        }
    }
    if !ctx.import.opcoes.dry_run {
        // what nobody awaits any more
        let awaited = remoto::awaited(&ctx.store().db)?;
        remove_parts(ctx, |name| name.strip_suffix(PARTE).is_some_and(|n| !awaited.contains(n)))?;
    }
    visita_todos(ctx, &mut servers, &mut out)?;
    Ok(out)
}

/// The folders of one server share a thread: a wrong password is tried once (IN10).
fn agrupa<'a>(servers: &mut Vec<Vec<Visita<'a>>>, v: Visita<'a>) {
    let server = pastas::servidor(v.pasta.url);
    let same = |all: &&mut Vec<Visita<'a>>| all.iter().any(|o| pastas::servidor(o.pasta.url) == server);
    match servers.iter_mut().find(same).filter(|_| server.is_some()) {
        Some(all) => all.push(v),
        None => servers.push(vec![v]),
    }
}

/// A name as it can be printed and stored: escaped where it is not plain (IN7, SE7).
fn shown(e: &Entry) -> String {
    match e.name.to_str() {
        Some(s) if plain(s) => s.to_owned(),
        _ => e.name.as_encoded_bytes().escape_ascii().to_string(),
    }
}

impl Pasta<'_> {
    fn nota(&self, nome: &str, motivo: String) -> Nota {
        Nota { de_quem: self.dono.as_str(), nome: nome.to_owned(), motivo, pessoa: false }
    }

    /// What a remote said of a name; of itself, where the server as a whole failed.
    fn falha(&self, nome: &str, e: &io::Error) -> Nota {
        let nome = if Fault::of(e).is_some() { self.url.to_string() } else { nome.to_owned() };
        Nota { pessoa: Fault::refused(e), ..self.nota(&nome, pastas::diz(e)) }
    }
}

/// The end of a partial copy's name.
const PARTE: &str = ".fetch.part";

/// What the thread of a server tells.
enum Aviso<'a> {
    /// A folder's names; the answer is what to copy.
    Lista(Pasta<'a>, io::Result<Vec<Entry>>, Sender<Vec<Pedido<'a>>>),
    /// Bytes of a file so far.
    Anda(String, u64, u64),
    /// A copy ended.
    Fim(Pasta<'a>, Box<Pedido<'a>>, Copia),
}

/// All servers at the same time, each on a thread; the store stays on this one.
fn visita_todos<'a>(ctx: &Contexto<'a>, servers: &mut [Vec<Visita<'a>>], out: &mut Colheita) -> anyhow::Result<()> {
    let inbox = ctx.import.config.data.join("inbox");
    let (inbox, stop) = (&inbox, &AtomicBool::new(false));
    std::thread::scope(|s| {
        let (tx, rx) = mpsc::channel();
        for visitas in servers {
            let tx = tx.clone();
            s.spawn(move || visitas.iter_mut().for_each(|v| visita(v, inbox, stop, &tx)));
        }
        drop(tx);
        let mut failed = None;
        for aviso in rx {
            let done = match aviso {
                Aviso::Anda(name, done, total) => {
                    (ctx.import.progresso)(done, total, &name);
                    Ok(())
                }
                // the store failed: who waits for an answer gets none, what came stays a part for the next fetch
                _ if failed.is_some() => Ok(()),
                // who is told nothing has nothing to copy
                Aviso::Lista(pasta, listed, reply) => {
                    julga(ctx, pasta, listed, out).map(|asked| drop(reply.send(asked)))
                }
                Aviso::Fim(pasta, pedido, end) => recebe(ctx, pasta, &pedido, end, inbox, out),
            };
            if let Err(e) = done {
                failed = Some(e);
            }
            if failed.is_some() || out.inbox.is_some() {
                stop.store(true, Ordering::Relaxed);
            }
        }
        failed.map_or(Ok(()), Err)
    })
}

/// Judges what was listed. What is remembered of the names changes in one transaction, after the parts that it makes
/// worthless are gone.
fn julga<'a>(
    ctx: &Contexto<'a>,
    pasta: Pasta<'a>,
    listed: io::Result<Vec<Entry>>,
    out: &mut Colheita,
) -> anyhow::Result<Vec<Pedido<'a>>> {
    let origem = pasta.url.to_string();
    let entries = match listed {
        Ok(entries) => entries,
        Err(e) => {
            out.falhas.push(pasta.falha(&origem, &e));
            return Ok(Vec::new());
        }
    };
    let mut changed = Vec::new();
    let asked = olhar::olha(ctx, pasta, &entries, out, &mut changed)?;
    if ctx.import.opcoes.dry_run {
        return Ok(Vec::new());
    }
    let anew: HashSet<&str> = changed.iter().map(|(name, _)| name.as_str()).collect();
    remove_parts(ctx, |name| name.strip_suffix(PARTE).is_some_and(|n| anew.contains(n)))?;
    let tx = ctx.store().db.begin()?;
    remoto::forget_gone(&tx, &origem, &entries.iter().map(shown).collect::<Vec<_>>())?;
    for (name, row) in &changed {
        remoto::put(&tx, &origem, name, row)?;
    }
    tx.commit()?;
    Ok(asked)
}

/// On the thread of a server: a folder's names, then one file after the other, until all are here or there is no point
/// in more.
fn visita<'a>(v: &mut Visita<'a>, inbox: &Path, stop: &AtomicBool, tx: &Sender<Aviso<'a>>) {
    let (reply, asked) = mpsc::channel();
    if tx.send(Aviso::Lista(v.pasta, v.remote.list(), reply)).is_err() {
        return;
    }
    for p in asked.recv().unwrap_or_default() {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let part = inbox.join(format!("{}{PARTE}", p.name));
        let told = std::cell::Cell::new(0);
        let progress = |done: u64| {
            if done >= told.get() + 1024 * 1024 {
                told.set(done);
                let _ = tx.send(Aviso::Anda(p.name.clone(), done, p.entry.size));
            }
        };
        let end = copia::copia(&mut v.remote, &p.entry, &p.name, &part, p.retoma, &progress);
        // a server that is out is out for its other files as well
        let over = matches!(&end, Copia::Falha(e) if Fault::of(e).is_some() || v.remote.closed());
        if tx.send(Aviso::Fim(v.pasta, Box::new(p), end)).is_err() || over {
            return;
        }
    }
}

/// Enters what came; in the answer, what did not.
fn recebe(
    ctx: &Contexto<'_>,
    pasta: Pasta<'_>,
    p: &Pedido<'_>,
    end: Copia,
    inbox: &Path,
    out: &mut Colheita,
) -> anyhow::Result<()> {
    let part = inbox.join(format!("{}{PARTE}", p.name));
    let full = |e: &io::Error| Some(format!("{}: {}", inbox.display(), em_portugues(e)));
    let seal = match end {
        Copia::Inteira(seal) => seal,
        // taken at first sight it may well move; what had stood still and does not keep what was said of it is told
        Copia::Mudou(why) => {
            if ctx.import.config.evo.settle_seconds > 0 {
                out.falhas.push(pasta.nota(&p.name, why));
            } else {
                out.assentando += 1;
            }
            return Ok(());
        }
        Copia::Falha(e) => {
            out.falhas.push(pasta.falha(&p.name, &e));
            return Ok(());
        }
        Copia::Inbox(e) => {
            out.inbox = full(&e);
            return Ok(());
        }
    };
    match entrada::entra(&ctx.import, &p.nome, &p.name, &seal, &part) {
        Ok((row, reenviado)) => {
            #[cfg(debug_assertions)]
            crate::config::crash_point("fetch");
            let mut seen = p.row.clone();
            seen.estado = remoto::BAIXADO.to_owned();
            seen.arquivo_id = Some(row.id);
            remoto::put(&ctx.store().db, &pasta.url.to_string(), &p.name, &seen)?;
            out.recebidos.push(Recebido { nome: p.name.clone(), reenviado });
            Ok(())
        }
        // like a full inbox: what is here already has its turn; the next fetch takes this one over
        Err(x) => match x.downcast_ref::<io::Error>() {
            Some(x) => {
                out.inbox = full(x);
                Ok(())
            }
            None => Err(x).with_context(|| p.name.clone()),
        },
    }
}
