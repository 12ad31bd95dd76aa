//! From Evo's folder and Manager's into the inbox (R002, R014, UC001/FA002): complete files only, each once.
//!
//! Manager's folder (`manager.retornos`) is looked at for retorno alone, Evo's for everything else; what fails
//! of one holds up nothing of the other.
//!
//! Complete: size and modification time stand still between two looks `evo.settle_seconds` apart, kept across
//! runs. Copied to `<name>.fetch.part`, hashed on the way, synced, size checked, renamed, entered in the
//! ledger. One file that cannot be taken holds up no other. The remote copy is moved or deleted only after
//! the import committed (IN17).

use super::{Contexto, folder};
use crate::config::{After, Config, RemoteUrl};
use crate::domain::texto::{escape, plain};
use crate::import::entrada::{self, Nome, reconhece};
use crate::import::etapa;
use crate::layout::impressao::{Medidor, copia};
use crate::layout::nome::NameError;
use crate::store::ledger::{self, Estado};
use crate::store::remoto::{self, Remoto};
use crate::transport::dir::{Dir, Entry};
use crate::transport::em_portugues;
use anyhow::Context as _;
use std::fs::File;
use std::io::{self, Read};
use std::time::{Duration, Instant};

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
}

/// A file that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recebido {
    /// Its name.
    pub nome: String,
    /// The name came before with other bytes (IN12).
    pub reenviado: bool,
}

/// Suffixes of files that somebody is still writing.
const EM_CURSO: [&str; 3] = [".part", ".tmp", ".filepart"];

/// Where `after = "move"` puts taken files, below Evo's folder.
pub const MOVIDOS: &str = "importados";

/// The kind that comes from Manager.
const RETORNO: &str = "retorno";

/// A folder that files are collected from.
#[derive(Clone, Copy)]
struct Pasta<'a> {
    de_quem: &'static str,
    url: &'a RemoteUrl,
    /// Whether retorno is taken here.
    retornos: bool,
    /// Whether all other kinds are.
    outros: bool,
}

/// The folders; Evo's stands for both where `manager.retornos` names the same.
fn pastas(config: &Config) -> Vec<Pasta<'_>> {
    let (evo, retornos) = (&config.evo.url, config.manager.retornos.as_ref());
    let mut out = vec![Pasta { de_quem: "Evo", url: evo, retornos: retornos == Some(evo), outros: true }];
    let own = retornos.filter(|url| *url != evo);
    out.extend(own.map(|url| Pasta { de_quem: "Manager", url, retornos: true, outros: false }));
    out
}

/// Looks at each folder once. The caller holds the fetch lock.
///
/// # Errors
/// The store failed, or a url's scheme is not built yet; what a remote or the inbox refuse is part of the answer.
pub fn fetch(ctx: &Contexto<'_>) -> anyhow::Result<Colheita> {
    if !ctx.import.opcoes.dry_run {
        limpa_restos(ctx)?;
    }
    let mut out = Colheita::default();
    let mut failed = None;
    for pasta in pastas(ctx.import.config) {
        if let Err(e) = visita(ctx, pasta, &mut out) {
            failed.get_or_insert(e);
        }
    }
    failed.map_or(Ok(out), Err)
}

fn visita(ctx: &Contexto<'_>, pasta: Pasta<'_>, out: &mut Colheita) -> anyhow::Result<()> {
    let mut visita = Visita { ctx, pasta, dir: folder(pasta.url, ctx.mode)?, origem: pasta.url.to_string(), out };
    let begun = Instant::now();
    let entries = match visita.dir.list() {
        Ok(entries) => entries,
        Err(e) => {
            let url = visita.origem.clone();
            visita.falhou(&url, &e);
            return Ok(());
        }
    };
    if !ctx.import.opcoes.dry_run {
        let listed: Vec<String> = entries.iter().map(shown).collect();
        remoto::forget_gone(&ctx.store().db, &visita.origem, &listed)?;
    }
    let bound = Duration::from_secs(ctx.import.config.evo.max_seconds);
    for e in &entries {
        if begun.elapsed() > bound || visita.out.inbox.is_some() {
            break;
        }
        visita.olha(e)?;
    }
    Ok(())
}

/// A name as it can be printed and stored: escaped where it is not plain (IN7, SE7).
fn shown(e: &Entry) -> String {
    match e.name.to_str() {
        Some(s) if plain(s) => s.to_owned(),
        _ => e.name.as_encoded_bytes().escape_ascii().to_string(),
    }
}

/// What becomes of a name at one look.
enum Veredito<'l> {
    /// Nothing: taken before, still being written, or ours.
    Nada,
    /// It fits no pattern.
    Estranho(String),
    /// Not still for long enough.
    Assenta,
    /// To be taken now.
    Toma(Nome<'l>),
}

struct Visita<'a, 'o> {
    ctx: &'a Contexto<'a>,
    pasta: Pasta<'a>,
    dir: Dir,
    origem: String,
    out: &'o mut Colheita,
}

impl<'a> Visita<'a, '_> {
    fn nota(&self, nome: &str, motivo: String) -> Nota {
        Nota { de_quem: self.pasta.de_quem, nome: nome.to_owned(), motivo }
    }

    fn falhou(&mut self, nome: &str, e: &io::Error) {
        let note = self.nota(nome, escape(&em_portugues(e)));
        self.out.falhas.push(note);
    }

    fn olha(&mut self, e: &Entry) -> anyhow::Result<()> {
        let name = shown(e);
        let db = &self.ctx.store().db;
        let known = remoto::get(db, &self.origem, &name)?;
        let mut row = Remoto {
            tamanho: e.size.cast_signed(),
            mtime: e.mtime,
            visto_em: self.ctx.import.clock.real_unix(),
            estado: remoto::VISTO.to_owned(),
            motivo: None,
            arquivo_id: None,
        };
        let dry = self.ctx.import.opcoes.dry_run;
        match self.julga(e, &name, known.as_ref(), &row)? {
            Veredito::Nada => return Ok(()),
            Veredito::Estranho(why) => {
                if known.is_some_and(|k| k.estado == remoto::ESTRANHO) {
                    return Ok(());
                }
                row.estado = remoto::ESTRANHO.to_owned();
                row.motivo = Some(why.clone());
                let note = self.nota(&name, why);
                self.out.estranhos.push(note);
            }
            Veredito::Assenta => {
                self.out.assentando += 1;
                // a name that stands since the last look keeps the time of its first one
                if known.is_some_and(|k| k.estado == remoto::VISTO && same(&k, e)) {
                    return Ok(());
                }
            }
            Veredito::Toma(_) if dry => {
                self.out.recebidos.push(Recebido { nome: name.clone(), reenviado: known.is_some() });
            }
            Veredito::Toma(recognised) => match self.toma(e, &name, &recognised)? {
                Some((id, reenviado)) => {
                    row.estado = remoto::BAIXADO.to_owned();
                    row.arquivo_id = Some(id);
                    self.out.recebidos.push(Recebido { nome: name.clone(), reenviado });
                }
                None => return Ok(()),
            },
        }
        if !dry {
            remoto::put(db, &self.origem, &name, &row)?;
        }
        Ok(())
    }

    fn julga(&self, e: &Entry, name: &str, known: Option<&Remoto>, now: &Remoto) -> anyhow::Result<Veredito<'a>> {
        if EM_CURSO.iter().any(|s| name.to_ascii_lowercase().ends_with(s)) {
            return Ok(Veredito::Nada);
        }
        if !self.pasta.outros && self.nosso(name) {
            return Ok(Veredito::Nada);
        }
        let ascob = &self.ctx.import.config.campanha.ascob;
        let recognised = match e.name.to_str() {
            Some(plain) if e.regular => reconhece(self.ctx.import.layouts, plain, ascob).map_err(|e| e.to_string()),
            // the drawer of taken files is our own
            Some(MOVIDOS) => return Ok(Veredito::Nada),
            Some(_) => Err("não é um arquivo comum".to_owned()),
            None => Err(NameError::NoMatch.to_string()),
        };
        let recognised = match recognised {
            Ok(r) if r.etapa.kind == RETORNO && !self.pasta.retornos => {
                return Ok(Veredito::Estranho("retorno só vem da pasta do Manager (manager.retornos)".into()));
            }
            Ok(r) if r.etapa.kind != RETORNO && !self.pasta.outros => {
                return Ok(Veredito::Estranho(format!("{} só vem da pasta do Evo (evo.url)", r.etapa.kind)));
            }
            Ok(r) => r,
            Err(why) => return Ok(Veredito::Estranho(why)),
        };
        let settle = i64::try_from(self.ctx.import.config.evo.settle_seconds).unwrap_or(i64::MAX);
        Ok(match known {
            Some(k) if same(k, e) && k.estado == remoto::BAIXADO => match k.arquivo_id {
                Some(id) if self.sumiu(id)? => Veredito::Toma(recognised),
                _ => Veredito::Nada,
            },
            _ if settle == 0 => Veredito::Toma(recognised),
            Some(k) if same(k, e) && k.estado == remoto::VISTO && now.visto_em - k.visto_em >= settle => {
                Veredito::Toma(recognised)
            }
            _ => Veredito::Assenta,
        })
    }

    /// A file of ours, which Manager may leave lying where its own are.
    fn nosso(&self, name: &str) -> bool {
        let ascob = &self.ctx.import.config.campanha.ascob;
        let outgoing = self.ctx.import.layouts.iter().filter(|l| etapa(&l.kind).is_none());
        outgoing.flat_map(|l| &l.files).any(|p| p.matches(name, ascob).is_ok())
    }

    /// A pending file whose bytes are gone from the inbox: Evo's copy is taken again.
    fn sumiu(&self, id: i64) -> anyhow::Result<bool> {
        let row = ledger::get(&self.ctx.store().db, id)?;
        let data = &self.ctx.import.config.data;
        Ok(row.is_some_and(|a| a.estado == Estado::Pendente && !data.join(&a.caminho).exists()))
    }

    /// Copies one file; `None` when it moved, vanished or cannot be read (a later look takes it).
    fn toma(&mut self, e: &Entry, name: &str, recognised: &Nome<'_>) -> anyhow::Result<Option<(i64, bool)>> {
        let inbox = self.ctx.import.config.data.join("inbox");
        let from = match self.dir.get(name) {
            Ok(f) => f,
            Err(x) if x.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(x) => {
                self.falhou(name, &x);
                return Ok(None);
            }
        };
        let part = inbox.join(format!("{name}.fetch.part"));
        let file = match File::create(&part) {
            Ok(f) => f,
            Err(x) => {
                self.out.inbox = Some(format!("{}: {}", inbox.display(), em_portugues(&x)));
                return Ok(None);
            }
        };
        let mut m = Medidor::new(file);
        // one byte more than listed is enough to see that it grew (IN6)
        let copied = copia(&mut from.take(e.size + 1), &mut m);
        let (file, impressao) = m.fim();
        let away = || std::fs::remove_file(&part).with_context(|| part.display().to_string());
        if let Err(x) = copied.and_then(|_| file.sync_all()) {
            away()?;
            self.out.inbox = Some(format!("{}: {}", inbox.display(), em_portugues(&x)));
            return Ok(None);
        }
        let stands = self.dir.stat(name).is_ok_and(|now| now == *e);
        if impressao.tamanho != e.size || !stands {
            away()?;
            return Ok(None);
        }
        match entrada::entra(&self.ctx.import, recognised, name, &impressao, &part) {
            Ok((row, resent)) => Ok(Some((row.id, resent))),
            // like a full inbox: what is here already has its turn; the next fetch takes this one over
            Err(x) => match x.downcast_ref::<io::Error>() {
                Some(x) => {
                    self.out.inbox = Some(format!("{}: {}", inbox.display(), em_portugues(x)));
                    Ok(None)
                }
                None => Err(x),
            },
        }
    }
}

fn same(known: &Remoto, e: &Entry) -> bool {
    known.tamanho == e.size.cast_signed() && known.mtime == e.mtime
}

/// Partial copies that a killed fetch left (IN15); the fetch lock is held, so no fetch writes one now.
fn limpa_restos(ctx: &Contexto<'_>) -> anyhow::Result<()> {
    super::remove_parts(ctx, |name| name.ends_with(".fetch.part"))
}

/// Moves or deletes the remote copies of files that are applied (IN17); repeated until it is done.
///
/// # Errors
/// The store failed; a remote that fails is told in the answer.
pub fn depois(ctx: &Contexto<'_>) -> anyhow::Result<Vec<String>> {
    let mut troubles = Vec::new();
    let evo = &ctx.import.config.evo;
    if evo.after == After::Keep || ctx.import.opcoes.dry_run {
        return Ok(troubles);
    }
    let dir = folder(&evo.url, ctx.mode)?;
    let origem = evo.url.to_string();
    let db = &ctx.store().db;
    for (name, size, mtime) in remoto::applied(db, &origem)? {
        let done = match (dir.stat(&name), evo.after) {
            // gone already, or another content that arrived under the name meanwhile: not ours to touch
            (Err(e), _) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            (Ok(now), _) if now.size.cast_signed() != size || now.mtime != mtime => Ok(()),
            (Err(e), _) => Err(e),
            (Ok(_), After::Move) => dir.shelve(&name, MOVIDOS),
            (Ok(_), _) => dir.remove(&name),
        };
        match done {
            Ok(()) => remoto::settled(db, &origem, &name)?,
            Err(e) => troubles.push(format!("{name}: {}", escape(&em_portugues(&e)))),
        }
    }
    Ok(troubles)
}
