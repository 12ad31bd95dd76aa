//! What is due to go to Manager, in its order: what is unfinished first, then baixa, carga, incremental (decisions 4).
//!
//! A file that cannot be published holds all that come after it: the order of the files is what makes Manager's list
//! (EX4). Every command that builds holds the lock of imports.

use super::Contexto;
use super::publish::{self, Fim, Publicada};
use crate::export::carga::{self, Carga, Freio};
use crate::export::diferenca::Diferenca;
use crate::export::{Gerada, Pedido, baixa, incremental};
use crate::import::etapa;
use crate::import::portao::Dia;
use crate::store::backup;
use crate::store::dia;
use crate::store::enviado::{self, Olhar, Visto};
use crate::store::saida::{self, Saida, Tipo};
use anyhow::Context as _;
use chrono::{NaiveDate, NaiveDateTime, TimeDelta};

/// The order of a tick.
const ORDEM: [Tipo; 3] = [Tipo::Baixa, Tipo::Carga, Tipo::Incremental];
/// What the carga of a day hangs on.
pub const ANTES_DA_CARGA: [&str; 3] = ["remessa", "parcelas", "garantias"];
/// What a file waits for while an earlier one is not published.
pub const PUBLICACAO: &str = "publicacao";

/// What everything waits for in a store that was restored (ST9).
pub const RESTAURACAO: &str = "restauracao";

/// What is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quer {
    /// One kind of file, looked for now; `None`: what is due.
    pub tipo: Option<Tipo>,
    /// The number of rows of a carga that the brake refused.
    pub confirma: Option<u64>,
    /// `--force`: the gates are passed, and that is recorded. A tick never does.
    pub forca: bool,
}

/// How a kind of file stands after the export.
#[derive(Clone, Debug)]
pub enum Estado {
    /// It stands in Manager's folder.
    Publicada,
    /// It is built: not published yet, or a rehearsal.
    Gerada,
    /// Nothing is due.
    Nada,
    /// It waits for these steps or files.
    Aguarda(Vec<&'static str>),
    /// The brake refused it.
    Recusada(Freio),
}

/// One kind of file for Manager.
#[derive(Clone, Debug)]
pub struct Feito {
    /// The kind.
    pub tipo: Tipo,
    /// Its file, where there is one.
    pub saida: Option<Saida>,
    /// Its rows.
    pub linhas: i64,
    /// How it stands.
    pub estado: Estado,
    /// Characters that Windows-1252 lacks (EX11).
    pub substituidos: u64,
    /// Under `--dry-run`: what it would change.
    pub diferenca: Option<Diferenca>,
}

impl Feito {
    fn sem_arquivo(tipo: Tipo, estado: Estado) -> Self {
        Self { tipo, saida: None, linhas: 0, estado, substituidos: 0, diferenca: None }
    }
}

/// Finishes what is unfinished, then builds and publishes what is asked for. Returns how each kind stands, and what
/// the publishing did.
///
/// # Errors
/// The store or the outbox failed. What was published before stands in `publicadas`.
pub fn exporta(ctx: &Contexto<'_>, quer: Quer, publicadas: &mut Vec<Publicada>) -> anyhow::Result<Vec<Feito>> {
    if backup::restaurado(ctx.store().dir())?.is_some() {
        let kinds = ORDEM.into_iter().filter(|t| quer.tipo.is_none_or(|q| q == *t));
        return Ok(kinds.map(|t| Feito::sem_arquivo(t, Estado::Aguarda(vec![RESTAURACAO]))).collect());
    }
    // what an earlier run built goes first (EX9)
    publicadas.extend(publish::publica(ctx)?);
    let mut out = Vec::new();
    for tipo in ORDEM.into_iter().filter(|t| quer.tipo.is_none_or(|q| q == *t)) {
        let held = saida::pending(&ctx.store().db)?.into_iter().find(|s| s.tipo.manager());
        let done = match held {
            Some(s) if s.tipo == tipo => {
                Feito { linhas: s.linhas, saida: Some(s), ..Feito::sem_arquivo(tipo, Estado::Gerada) }
            }
            Some(_) => Feito::sem_arquivo(tipo, Estado::Aguarda(vec![PUBLICACAO])),
            None => faz(ctx, tipo, quer, publicadas)?,
        };
        out.push(done);
    }
    Ok(out)
}

fn faz(ctx: &Contexto<'_>, tipo: Tipo, quer: Quer, publicadas: &mut Vec<Publicada>) -> anyhow::Result<Feito> {
    match devido(ctx, tipo, quer)? {
        Devido::Nao(f) => Ok(*f),
        Devido::Sim { dia, passa } => {
            if quer.forca && !passa.is_empty() {
                registra(ctx, tipo, &passa)?;
            }
            match gera(ctx, tipo, dia, quer)? {
                Carga::Recusada(f, diferenca) => {
                    let estado = Estado::Recusada(f);
                    Ok(Feito { linhas: f.linhas, diferenca, ..Feito::sem_arquivo(tipo, estado) })
                }
                Carga::Feita(made) => entrega(ctx, tipo, made, publicadas),
            }
        }
    }
}

/// Whether a kind of file is to be built.
enum Devido {
    Nao(Box<Feito>),
    /// Of this day; the gates are those that `--force` passes.
    Sim {
        dia: NaiveDate,
        passa: Vec<&'static str>,
    },
}

fn nao(tipo: Tipo, estado: Estado) -> Devido {
    Devido::Nao(Box::new(Feito::sem_arquivo(tipo, estado)))
}

fn devido(ctx: &Contexto<'_>, tipo: Tipo, quer: Quer) -> anyhow::Result<Devido> {
    let db = &ctx.store().db;
    let newest = dia::newest_with_remessa(db)?;
    if tipo == Tipo::Baixa {
        // without a remessa (the last one was undone) the file still goes
        return baixa_devida(ctx, newest.unwrap_or_else(|| ctx.import.clock.now().date()), quer);
    }
    let Some(dia) = newest else { return Ok(nao(tipo, Estado::Aguarda(vec!["remessa"]))) };
    let made = saida::of_day(db, Tipo::Carga, dia)?.map(|(s, _)| s);
    let passa = espera_da_carga(ctx, dia)?;
    match (tipo, made) {
        (Tipo::Carga, Some(s)) => {
            let made = Feito { linhas: s.linhas, saida: Some(s), ..Feito::sem_arquivo(tipo, Estado::Nada) };
            Ok(Devido::Nao(Box::new(made)))
        }
        (Tipo::Carga, None) => carga_devida(ctx, dia, passa, quer),
        (_, made) => incremental_devido(ctx, dia, passa, made.is_some(), quer),
    }
}

fn baixa_devida(ctx: &Contexto<'_>, dia: NaiveDate, quer: Quer) -> anyhow::Result<Devido> {
    let db = &ctx.store().db;
    let passa = espera_da_baixa(ctx)?;
    if !passa.is_empty() && !quer.forca {
        return Ok(nao(Tipo::Baixa, Estado::Aguarda(passa)));
    }
    let (last, now) = (enviado::varredura(db, Olhar::Baixa)?, Visto::das_fichas(db, ctx.store().atendimento()?)?);
    let look = quer.tipo.is_some() || last.is_none_or(|v| v.visto != now);
    Ok(if look { Devido::Sim { dia, passa } } else { nao(Tipo::Baixa, Estado::Nada) })
}

fn carga_devida(ctx: &Contexto<'_>, dia: NaiveDate, passa: Vec<&'static str>, quer: Quer) -> anyhow::Result<Devido> {
    if !passa.is_empty() && !quer.forca {
        return Ok(nao(Tipo::Carga, Estado::Aguarda(passa)));
    }
    // what the brake refused is not built again while nothing changed, unless a person asks
    let asked = quer.tipo.is_some() || quer.confirma.is_some();
    match Freio::gravado(ctx.store(), dia)?.filter(|_| !asked) {
        Some(f) => {
            let told = Feito { linhas: f.linhas, ..Feito::sem_arquivo(Tipo::Carga, Estado::Recusada(f)) };
            Ok(Devido::Nao(Box::new(told)))
        }
        None => Ok(Devido::Sim { dia, passa }),
    }
}

fn incremental_devido(
    ctx: &Contexto<'_>,
    dia: NaiveDate,
    mut passa: Vec<&'static str>,
    carga: bool,
    quer: Quer,
) -> anyhow::Result<Devido> {
    // the brake is never passed by force: an incremental would bring Manager what it refused
    let refused = || enviado::varredura(&ctx.store().db, Olhar::Freio).map(|v| v.is_some_and(|v| v.dia == Some(dia)));
    if !carga {
        passa.push("carga");
    }
    let closed = !passa.is_empty() && (!quer.forca || (!carga && refused()?));
    if closed {
        return Ok(nao(Tipo::Incremental, Estado::Aguarda(passa)));
    }
    let look = quer.tipo.is_some() || mudou(ctx)?;
    Ok(if look { Devido::Sim { dia, passa } } else { nao(Tipo::Incremental, Estado::Nada) })
}

/// Whether rows may differ that the last look did not see: after an import at once; after any other change, at most
/// every `manager.incremental_minutes`.
fn mudou(ctx: &Contexto<'_>) -> anyhow::Result<bool> {
    let Some(last) = enviado::varredura(&ctx.store().db, Olhar::Incremental)? else { return Ok(true) };
    let visto = incremental::visto(&pedido(ctx))?;
    if last.visto.run != visto.run {
        return Ok(true);
    }
    let now = ctx.import.clock.now().local();
    let pause = TimeDelta::minutes(i64::from(ctx.import.config.manager.incremental_minutes));
    let before = last.em.get(..19).and_then(|t| t.parse::<NaiveDateTime>().ok());
    // a clock that jumped back must not hold it for days
    let rested = before.is_none_or(|t| now - t >= pause || now < t);
    Ok(last.visto != visto && rested)
}

/// Records the gates that a file passes by force (OR7).
fn registra(ctx: &Contexto<'_>, tipo: Tipo, passa: &[&str]) -> anyhow::Result<()> {
    let i = &ctx.import;
    if let (Some(why), false) = (&i.opcoes.forcado, i.opcoes.dry_run) {
        let why = format!("{why} (sem {})", passa.join(", "));
        enviado::forcou(ctx.store().atendimento()?, &i.clock.now().iso(), tipo.as_str(), &why)?;
    }
    Ok(())
}

fn gera(ctx: &Contexto<'_>, tipo: Tipo, dia: NaiveDate, quer: Quer) -> anyhow::Result<Carga> {
    let p = pedido(ctx);
    Ok(match tipo {
        Tipo::Carga => carga::gera(&p, dia, quer.confirma)?,
        Tipo::Incremental => Carga::Feita(incremental::gera(&p, dia)?),
        Tipo::Baixa | Tipo::Erros => Carga::Feita(baixa::gera(&p, dia)?),
    })
}

fn entrega(ctx: &Contexto<'_>, tipo: Tipo, made: Gerada, publicadas: &mut Vec<Publicada>) -> anyhow::Result<Feito> {
    let Gerada { saida, substituidos, diferenca } = made;
    let (id, linhas) = (saida.id, saida.linhas);
    let mut f = Feito { linhas, substituidos, diferenca, ..Feito::sem_arquivo(tipo, Estado::Nada) };
    if ctx.import.opcoes.dry_run && (linhas > 0 || tipo == Tipo::Carga) {
        f.estado = Estado::Gerada;
    } else if id > 0 {
        let now = publish::publica(ctx)?;
        let out = now.iter().any(|p| p.saida.id == id && matches!(p.fim, Fim::Publicada(_)));
        f.estado = if out { Estado::Publicada } else { Estado::Gerada };
        f.saida = Some(saida);
        publicadas.extend(now);
    }
    Ok(f)
}

fn pedido<'a>(ctx: &'a Contexto<'_>) -> Pedido<'a> {
    let i = &ctx.import;
    Pedido { config: i.config, layouts: i.layouts, store: i.store, clock: i.clock, simula: i.opcoes.dry_run }
}

/// What the carga and the incremental of a day still wait for: its remessa, parcelas and garantias done or waived if
/// required, no file of them pending (decisions 4, UC003).
///
/// # Errors
/// The store cannot be read.
pub fn espera_da_carga(ctx: &Contexto<'_>, dia: NaiveDate) -> anyhow::Result<Vec<&'static str>> {
    let d = Dia::le(&ctx.store().db, dia, &ctx.import.config.dia.obrigatorios)?;
    Ok(d.falta_para(&ANTES_DA_CARGA))
}

fn espera_da_baixa(ctx: &Contexto<'_>) -> anyhow::Result<Vec<&'static str>> {
    let i = &ctx.import;
    if !janela(i.clock.now().local(), i.config.manager.baixa_ate, |d| i.calendario.dia_util(d)) {
        return Ok(Vec::new());
    }
    let d = Dia::le(&ctx.store().db, i.clock.now().date(), &i.config.dia.obrigatorios)?;
    falta_batimento(&d)
}

/// Whether the baixa waits for a batimento at this moment: from midnight to `manager.baixa_ate` of a business day. At
/// any other hour an excluded client must not be called all day because a batimento is late.
pub fn janela(now: NaiveDateTime, ate: chrono::NaiveTime, util: impl Fn(NaiveDate) -> bool) -> bool {
    now.time() < ate && util(now.date())
}

/// `batimento`, where a day requires it and it is neither done nor waived.
///
/// # Errors
/// There is no such step.
pub fn falta_batimento(d: &Dia) -> anyhow::Result<Vec<&'static str>> {
    let step = etapa("batimento").context("batimento")?;
    let open = d.obrigatoria(step) && !d.situacao(step).fechada();
    Ok(open.then_some(step.kind).into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_janela_da_baixa_e_da_meia_noite_a_hora_configurada_de_um_dia_util() {
        let ate = chrono::NaiveTime::from_hms_opt(7, 0, 0).unwrap();
        let at = |s: &str| janela(s.parse().unwrap(), ate, |d| d.to_string() != "2023-08-05");
        assert!(at("2023-08-04T00:00:00") && at("2023-08-04T06:59:59"));
        assert!(!at("2023-08-03T23:59:59") && !at("2023-08-04T07:00:00") && !at("2023-08-05T02:00:00"));
    }
}
