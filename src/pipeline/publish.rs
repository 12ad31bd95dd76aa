//! The outbox onto the other machines (EX1–EX3, EX7, EX9, EX10).
//!
//! A file goes under its temporary name, its size is checked, it is renamed, never over an existing one; then
//! one transaction marks it published and records what each ficha was last sent. A kill between rename and
//! commit leaves our bytes under the name: the next command finds them equal and only commits. Other bytes
//! under Manager's name are a conflict for a person.

use super::{Contexto, folder};
use crate::export::carga;
use crate::layout::impressao::{Medidor, copia};
use crate::store::dia;
use crate::store::saida::{self, Saida, Tipo};
use crate::transport::dir::Dir;
use crate::transport::em_portugues;
use anyhow::Context as _;
use std::fs::File;
use std::io::{self, Write};

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
    /// Other bytes stand under its name: a person decides.
    Conflito(String),
    /// It will not be sent: of a day that is past, or nowhere to go.
    Abandonada(String),
}

/// Publishes everything that waits, oldest first; nothing under `--dry-run`.
///
/// # Errors
/// The store or the outbox failed; a remote that fails is part of the answer.
pub fn publica(ctx: &Contexto<'_>) -> anyhow::Result<Vec<Publicada>> {
    let mut out = Vec::new();
    if ctx.import.opcoes.dry_run {
        return Ok(out);
    }
    let newest = dia::newest_with_remessa(&ctx.store().db)?;
    for s in saida::pending(&ctx.store().db)? {
        let past = s.tipo == Tipo::Carga && s.data_operacao < newest;
        let fim = if past { Fim::Abandonada("carga de um dia que já passou".into()) } else { publica_uma(ctx, &s)? };
        let db = &ctx.store().db;
        match &fim {
            Fim::Publicada(_) => {}
            Fim::Adiada(why) | Fim::Conflito(why) => {
                if s.mensagem.as_deref() != Some(why) {
                    saida::troubled(db, s.id, why)?;
                }
            }
            Fim::Abandonada(why) => saida::abandon(db, s.id, why)?,
        }
        out.push(Publicada { saida: s, fim });
    }
    Ok(out)
}

fn publica_uma(ctx: &Contexto<'_>, s: &Saida) -> anyhow::Result<Fim> {
    let config = ctx.import.config;
    let url = match s.tipo {
        Tipo::Erros => match &config.evo.errors {
            Some(url) => url,
            None => return Ok(Fim::Abandonada("evo.errors não está configurado".into())),
        },
        Tipo::Carga => &config.manager.url,
    };
    let dir = folder(url, ctx.mode)?;
    let nome = match s.tipo {
        Tipo::Carga => s.nome.clone(),
        Tipo::Erros => match livre(&dir, s) {
            Ok(n) => n,
            Err(e) => return Ok(Fim::Adiada(format!("{url}: {}", em_portugues(&e)))),
        },
    };
    let path = config.data.join(&s.caminho);
    let size = u64::try_from(s.tamanho).unwrap_or(0);
    let mut from = match File::open(&path) {
        Ok(f) => f,
        // a carga is built anew; of an error file our own reject file holds the lines
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return Ok(Fim::Abandonada(format!("{} não está mais na caixa de saída", s.nome)));
        }
        Err(e) => return Err(e).with_context(|| path.display().to_string()),
    };
    match dir.put(&nome, &mut from, size) {
        Ok(()) => {}
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => match nosso(&dir, &nome, s) {
            // put by a command that died or failed before it knew the name to be on disk
            Ok(true) => {
                if let Err(e) = dir.sync() {
                    return Ok(Fim::Adiada(format!("{url}: {}", em_portugues(&e))));
                }
            }
            Ok(false) => {
                return Ok(Fim::Conflito(format!(
                    "{url}: já existe um arquivo {nome} com outro conteúdo; confira com quem opera a pasta e retire-o"
                )));
            }
            Err(e) => return Ok(Fim::Adiada(format!("{url}: {}", em_portugues(&e)))),
        },
        Err(e) => return Ok(Fim::Adiada(format!("{url}: {}", em_portugues(&e)))),
    }
    #[cfg(debug_assertions)]
    crate::config::crash_point("publish");
    let tx = ctx.store().db.begin()?;
    saida::published(&tx, s.id, &nome, &ctx.import.clock.now().iso())?;
    if s.tipo == Tipo::Carga {
        let delimiter = ctx.import.layouts.get("manager_carga").map_or(b';', |l| l.delimiter);
        saida::replace_sent(&tx, s.id, carga::enviados(File::open(&path)?, delimiter))?;
    }
    tx.commit()?;
    Ok(Fim::Publicada(nome))
}

/// `<input>.erros.csv`, or `.2.erros.csv` … where other bytes stand under that name (contract section 7).
fn livre(dir: &Dir, s: &Saida) -> io::Result<String> {
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

/// Whether the bytes under a name are ours.
fn nosso(dir: &Dir, name: &str, s: &Saida) -> io::Result<bool> {
    if dir.stat(name)?.size != u64::try_from(s.tamanho).unwrap_or(0) {
        return Ok(false);
    }
    let mut m = Medidor::new(io::sink());
    copia(&mut dir.get(name)?, &mut m)?;
    m.flush()?;
    Ok(m.fim().1.sha256 == s.sha256)
}
