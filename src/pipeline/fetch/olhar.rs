//! What becomes of a listed name: against the patterns of the layouts and what the store remembers of it.

use super::super::Contexto;
use super::{Colheita, MOVIDOS, Pasta, Recebido, shown};
use crate::import::entrada::{Nome, reconhece};
use crate::import::etapa;
use crate::layout::nome::NameError;
use crate::store::ledger::{self, Estado};
use crate::store::remoto::{self, Remoto};
use crate::transport::Entry;

/// Suffixes of files that somebody is still writing.
const EM_CURSO: [&str; 3] = [".part", ".tmp", ".filepart"];

const MIB: u64 = 1024 * 1024;

/// The kind that comes from Manager.
const RETORNO: &str = "retorno";

/// A file to be taken now.
pub struct Pedido<'l> {
    /// As it was listed.
    pub entry: Entry,
    /// Its name.
    pub name: String,
    /// What the name says.
    pub nome: Nome<'l>,
    /// What is remembered of it while it is not here.
    pub row: Remoto,
    /// A part of this very file may lie in the inbox.
    pub retoma: bool,
}

/// What becomes of a name at one look.
enum Veredito<'l> {
    /// Nothing: taken before, still being written, or ours.
    Nada,
    /// It is left where it is.
    Estranho(String),
    /// Not still for long enough.
    Assenta,
    /// To be taken now.
    Toma(Nome<'l>),
}

/// Looks at all names of a folder: what to take, and in `changed` what is remembered anew.
///
/// # Errors
/// The store cannot be read.
pub fn olha<'a>(
    ctx: &Contexto<'a>,
    pasta: Pasta<'_>,
    entries: &[Entry],
    out: &mut Colheita,
    changed: &mut Vec<(String, Remoto)>,
) -> anyhow::Result<Vec<Pedido<'a>>> {
    let (db, origem) = (&ctx.store().db, pasta.url.to_string());
    let mut pedidos = Vec::new();
    for e in entries {
        let name = shown(e);
        let known = remoto::get(db, &origem, &name)?;
        let mut row = Remoto {
            tamanho: e.size.cast_signed(),
            mtime: e.mtime,
            visto_em: ctx.import.clock.real_unix(),
            estado: remoto::VISTO.to_owned(),
            motivo: None,
            arquivo_id: None,
        };
        // a look of a time to come is one of a clock that was wrong: it does not count
        let counts = |k: &Remoto| k.estado == remoto::VISTO && same(k, e) && k.visto_em <= row.visto_em;
        let stands = known.as_ref().is_some_and(counts);
        match julga(ctx, pasta, e, &name, known.as_ref(), row.visto_em)? {
            Veredito::Nada => continue,
            Veredito::Estranho(why) => {
                if known.is_some_and(|k| k.estado == remoto::ESTRANHO) {
                    continue;
                }
                row.estado = remoto::ESTRANHO.to_owned();
                row.motivo = Some(why.clone());
                out.estranhos.push(pasta.nota(&name, why));
            }
            Veredito::Assenta => {
                out.assentando += 1;
                // a name that stands since the last look keeps the time of its first one
                if stands {
                    continue;
                }
            }
            Veredito::Toma(nome) => {
                if ctx.import.opcoes.dry_run {
                    let again = known.as_ref().is_some_and(|k| k.estado == remoto::BAIXADO && same(k, e));
                    let reenviado = !again && ledger::named(db, &name)?.is_some();
                    out.recebidos.push(Recebido { nome: name.clone(), reenviado });
                }
                let row = known.filter(|_| stands).unwrap_or_else(|| row.clone());
                pedidos.push(Pedido { entry: e.clone(), name: name.clone(), nome, row, retoma: stands });
                if stands {
                    continue;
                }
            }
        }
        changed.push((name, row));
    }
    Ok(pedidos)
}

fn julga<'a>(
    ctx: &Contexto<'a>,
    pasta: Pasta<'_>,
    e: &Entry,
    name: &str,
    known: Option<&Remoto>,
    now: i64,
) -> anyhow::Result<Veredito<'a>> {
    if EM_CURSO.iter().any(|s| name.to_ascii_lowercase().ends_with(s)) || (!pasta.outros && nosso(ctx, name)) {
        return Ok(Veredito::Nada);
    }
    let (config, layouts) = (ctx.import.config, ctx.import.layouts);
    let recognised = match e.name.to_str() {
        Some(plain) if e.regular => reconhece(layouts, plain, &config.campanha.ascob).map_err(|e| e.to_string()),
        // the drawer of taken files is our own
        Some(MOVIDOS) => return Ok(Veredito::Nada),
        Some(_) => Err("não é um arquivo comum".to_owned()),
        None => Err(NameError::NoMatch.to_string()),
    };
    let limit = config.evo.max_megabytes;
    let recognised = match recognised {
        Ok(r) if r.etapa.kind == RETORNO && !pasta.retornos => {
            return Ok(Veredito::Estranho("retorno só vem da pasta do Manager (manager.retornos)".into()));
        }
        Ok(r) if r.etapa.kind != RETORNO && !pasta.outros => {
            return Ok(Veredito::Estranho(format!("{} só vem da pasta do Evo (evo.url)", r.etapa.kind)));
        }
        Ok(_) if e.size > limit.saturating_mul(MIB) => {
            let why = format!("tem {} MiB; o limite é {limit} (evo.max_megabytes)", e.size / MIB);
            return Ok(Veredito::Estranho(why));
        }
        Ok(r) => r,
        Err(why) => return Ok(Veredito::Estranho(why)),
    };
    let settle = i64::try_from(config.evo.settle_seconds).unwrap_or(i64::MAX);
    Ok(match known {
        Some(k) if same(k, e) && k.estado == remoto::BAIXADO => match k.arquivo_id {
            Some(id) if sumiu(ctx, id)? => Veredito::Toma(recognised),
            _ => Veredito::Nada,
        },
        _ if settle == 0 => Veredito::Toma(recognised),
        Some(k) if same(k, e) && k.estado == remoto::VISTO && now - k.visto_em >= settle => Veredito::Toma(recognised),
        _ => Veredito::Assenta,
    })
}

/// A file of ours, which Manager may leave lying where its own are.
fn nosso(ctx: &Contexto<'_>, name: &str) -> bool {
    let ascob = &ctx.import.config.campanha.ascob;
    let outgoing = ctx.import.layouts.iter().filter(|l| etapa(&l.kind).is_none());
    outgoing.flat_map(|l| &l.files).any(|p| p.matches(name, ascob).is_ok())
}

/// A pending file whose bytes are gone from the inbox: Evo's copy is taken again.
fn sumiu(ctx: &Contexto<'_>, id: i64) -> anyhow::Result<bool> {
    let row = ledger::get(&ctx.store().db, id)?;
    let data = &ctx.import.config.data;
    Ok(row.is_some_and(|a| a.estado == Estado::Pendente && !data.join(&a.caminho).exists()))
}

fn same(known: &Remoto, e: &Entry) -> bool {
    known.tamanho == e.size.cast_signed() && known.mtime == e.mtime
}
