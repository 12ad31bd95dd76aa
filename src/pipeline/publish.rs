//! The outbox onto the other machines (EX1–EX3, EX7, EX9, EX10).
//!
//! A file goes under its temporary name, its size is checked, it is renamed, never over an existing one; then
//! one transaction marks it published and records what each ficha was last sent. A kill between rename and
//! commit leaves our bytes under the name: the next command finds them equal and only commits. Other bytes
//! under Manager's name are a conflict for a person.

use super::Contexto;
use super::pastas::{self, Dono, diz};
use crate::config::RemoteUrl;
use crate::domain::texto::escape;
use crate::export::arquivo::{self, Linhas};
use crate::layout::impressao::{Medidor, copia};
use crate::store::backup;
use crate::store::db::Db;
use crate::store::dia;
use crate::store::enviado::{self, Olhar};
use crate::store::saida::{self, Saida, Tipo};
use crate::transport::{Fault, Limits, Remote};
use anyhow::Context as _;
use std::fs::File;
use std::io::{self, Read, Write};

/// What became of one file of the outbox.
#[derive(Clone, Debug)]
pub struct Publicada {
    /// Its row.
    pub saida: Saida,
    /// The name it stands under, or why it does not.
    pub fim: Fim,
}

/// How publishing a file ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fim {
    /// It stands under this name.
    Publicada(String),
    /// The remote failed; the next command tries again with the same bytes.
    Adiada(String),
    /// The server refused us: a person must act, then the next command sends the same bytes.
    Recusada(String),
    /// Other bytes stand under its name: a person decides.
    Conflito(String),
    /// It will not be sent: of a day that is past, or nowhere to go.
    Abandonada(String),
}

/// Publishes everything that waits, oldest first; nothing under `--dry-run`. A file for Manager that cannot go holds
/// those after it.
///
/// # Errors
/// The store or the outbox failed; a remote that fails is part of the answer.
pub fn publica(ctx: &Contexto<'_>) -> anyhow::Result<Vec<Publicada>> {
    let mut out = Vec::new();
    // of a restored store nobody knows yet what went out since (ST9)
    if ctx.import.opcoes.dry_run || backup::restaurado(ctx.store().dir())?.is_some() {
        return Ok(out);
    }
    let newest = dia::newest_with_remessa(&ctx.store().db)?;
    let mut held = false;
    let mut folders = Pastas { ctx, limits: pastas::limites(ctx.import.config), open: Vec::new() };
    for s in saida::pending(&ctx.store().db)? {
        if held && s.tipo.manager() {
            continue;
        }
        let past = matches!(s.tipo, Tipo::Carga | Tipo::Incremental) && s.data_operacao < newest;
        let stale = past || s.desfeita_run.is_some();
        let fim = if stale { encerra_velha(&mut folders, &s)? } else { publica_uma(&mut folders, &s)? };
        let db = &ctx.store().db;
        match &fim {
            Fim::Publicada(_) => {}
            Fim::Adiada(why) | Fim::Recusada(why) | Fim::Conflito(why) => {
                held |= s.tipo.manager();
                // what the boards keep of it is its first line
                let why = why.lines().next().unwrap_or_default();
                if s.mensagem.as_deref() != Some(why) {
                    saida::troubled(db, s.id, why)?;
                }
            }
            Fim::Abandonada(why) => abandona(db, &s, why)?,
        }
        out.push(Publicada { saida: s, fim });
    }
    Ok(out)
}

/// The folders of one publishing, each opened once.
struct Pastas<'a, 'c> {
    ctx: &'c Contexto<'a>,
    limits: Limits,
    open: Vec<(&'a RemoteUrl, Remote)>,
}

impl<'a> Pastas<'a, '_> {
    fn abre(&mut self, url: &'a RemoteUrl, dono: Dono) -> anyhow::Result<&mut Remote> {
        let at = match self.open.iter().position(|(u, _)| *u == url) {
            Some(at) => at,
            None => {
                let ctx = self.ctx;
                let acesso = dono.acesso(ctx.import.config);
                self.open.push((url, pastas::abre(url, acesso, ctx.mode, self.limits, ctx.servidores)?));
                self.open.len() - 1
            }
        };
        self.open.get_mut(at).map(|(_, remote)| remote).context("pasta")
    }
}

/// A remote that fails: for later, or for a person.
fn adia(url: &RemoteUrl, e: &io::Error) -> Fim {
    let why = format!("{url}: {}", diz(e));
    if Fault::refused(e) { Fim::Recusada(why) } else { Fim::Adiada(why) }
}

/// A key or password that cannot be read: a person must act, and the other owner's files go meanwhile.
fn sem_credencial(url: &RemoteUrl, e: &anyhow::Error) -> Fim {
    Fim::Recusada(format!("{url}: {}", escape(&format!("{e:#}"))))
}

/// Gives a file up; what it told is looked for anew.
fn abandona(db: &Db, s: &Saida, why: &str) -> anyhow::Result<()> {
    let tx = db.begin()?;
    saida::abandon(&tx, s.id, why)?;
    match s.tipo {
        Tipo::Carga | Tipo::Incremental => enviado::esquece(&tx, Olhar::Incremental)?,
        Tipo::Baixa => enviado::esquece(&tx, Olhar::Baixa)?,
        Tipo::Erros => {}
    }
    Ok(tx.commit()?)
}

/// A carga or incremental of a day that is past, or built before an undo, is not sent any more (EX9, EX4); but one that
/// stands in Manager's folder, put by a command that died before its commit, was sent (EX3).
fn encerra_velha(folders: &mut Pastas<'_, '_>, s: &Saida) -> anyhow::Result<Fim> {
    let ctx = folders.ctx;
    let url = &ctx.import.config.manager.url;
    let dir = match folders.abre(url, Dono::Manager) {
        Ok(dir) => dir,
        Err(e) => return Ok(sem_credencial(url, &e)),
    };
    // a folder that is away would look as if the file were not there
    match dir.present().and_then(|()| nosso(dir, &s.nome, s).or_else(ausente)) {
        Ok(true) => confirma(ctx, dir, s, &s.nome),
        Err(e) => Ok(adia(url, &e)),
        _ => Ok(Fim::Abandonada(match s.desfeita_run {
            Some(run) => format!("{} gerada antes da execução {run}, que desfez uma importação", s.tipo.as_str()),
            None => format!("{} de um dia que já passou", s.tipo.as_str()),
        })),
    }
}

fn publica_uma(folders: &mut Pastas<'_, '_>, s: &Saida) -> anyhow::Result<Fim> {
    let ctx = folders.ctx;
    let config = ctx.import.config;
    let (url, dono) = if s.tipo.manager() {
        (&config.manager.url, Dono::Manager)
    } else {
        match &config.evo.errors {
            Some(url) => (url, Dono::Evo),
            None => return Ok(Fim::Abandonada("evo.errors não está configurado".into())),
        }
    };
    let dir = match folders.abre(url, dono) {
        Ok(dir) => dir,
        Err(e) => return Ok(sem_credencial(url, &e)),
    };
    let later = |e: &io::Error| Ok(adia(url, e));
    let nome = if s.tipo.manager() {
        s.nome.clone()
    } else {
        match livre(dir, s) {
            Ok(n) => n,
            Err(e) => return later(&e),
        }
    };
    let path = config.data.join(&s.caminho);
    let size = u64::try_from(s.tamanho).unwrap_or(0);
    let put = match File::open(&path) {
        Ok(mut from) => dir.put(&nome, &mut from, size),
        // what was put before it vanished here was sent all the same
        Err(e) if e.kind() == io::ErrorKind::NotFound => match nosso(dir, &nome, s).or_else(ausente) {
            Ok(true) => Err(io::ErrorKind::AlreadyExists.into()),
            Err(e) => return later(&e),
            // a file for Manager is built anew; of an error file our own reject file holds the lines
            _ => return Ok(Fim::Abandonada(format!("{} não está mais na caixa de saída", s.nome))),
        },
        Err(e) => return Err(e).with_context(|| path.display().to_string()),
    };
    match put {
        Ok(()) => confirma(ctx, dir, s, &nome),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => match nosso(dir, &nome, s) {
            // put by a command that died or failed before it knew the name to be on disk
            Ok(true) => match dir.sync() {
                Ok(()) => confirma(ctx, dir, s, &nome),
                Err(e) => later(&e),
            },
            Ok(false) => Ok(Fim::Conflito(format!(
                "{url}: já existe um arquivo {nome} com outro conteúdo; confira com quem opera a pasta e retire-o"
            ))),
            Err(e) => later(&e),
        },
        Err(e) => later(&e),
    }
}

/// The bytes stand under their name: marks them published and records what each ficha was last sent, read from these
/// very bytes, in one transaction.
fn confirma(ctx: &Contexto<'_>, dir: &mut Remote, s: &Saida, nome: &str) -> anyhow::Result<Fim> {
    #[cfg(debug_assertions)]
    crate::config::crash_point("publish");
    let tx = ctx.store().db.begin()?;
    saida::published(&tx, s.id, nome, &ctx.import.clock.now().iso())?;
    if s.tipo.manager() {
        let path = ctx.import.config.data.join(&s.caminho);
        let from: Box<dyn Read> = match File::open(&path) {
            Ok(f) => Box::new(f),
            // what we put there is what was sent
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                dir.get(nome, 0).with_context(|| path.display().to_string())?
            }
            Err(e) => return Err(e).with_context(|| path.display().to_string()),
        };
        let mut rows = Linhas::new(from, arquivo::layout(ctx.import.layouts, s.tipo)?.0);
        if s.tipo == Tipo::Baixa {
            enviado::apaga(&tx, |row| rows.proxima(row))?;
        } else {
            enviado::grava(&tx, s.id, |row| rows.proxima(row))?;
        }
    }
    tx.commit()?;
    Ok(Fim::Publicada(nome.to_owned()))
}

/// `<input>.erros.csv`, or `.2.erros.csv` … where other bytes stand under that name (contract section 7).
fn livre(dir: &mut Remote, s: &Saida) -> io::Result<String> {
    let base = s.nome.trim_end_matches(".erros.csv");
    for n in 1.. {
        let name = if n == 1 { s.nome.clone() } else { format!("{base}.{n}.erros.csv") };
        match dir.stat(&name) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(name),
            Err(e) => return Err(e),
            Ok(_) if nosso(dir, &name, s)? => return Ok(name),
            Ok(_) => {}
        }
    }
    Err(io::Error::other("no free name"))
}

/// A name that is not there holds no bytes of ours.
fn ausente(e: io::Error) -> io::Result<bool> {
    if e.kind() == io::ErrorKind::NotFound { Ok(false) } else { Err(e) }
}

/// Whether the bytes under a name are ours.
fn nosso(dir: &mut Remote, name: &str, s: &Saida) -> io::Result<bool> {
    if dir.stat(name)?.size != u64::try_from(s.tamanho).unwrap_or(0) {
        return Ok(false);
    }
    let mut m = Medidor::new(io::sink());
    copia(&mut dir.get(name, 0)?, &mut m)?;
    m.flush()?;
    Ok(m.fim().1.sha256 == s.sha256)
}
