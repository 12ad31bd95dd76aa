//! One tick (`atom run`, R014): fetch, every import whose gate is open day by day, what is due to go out.

use super::fetch::{self, Colheita};
use super::manager::{self, Feito};
use super::publish::Publicada;
use super::{Contexto, recover};
use crate::import::portao::Dia;
use crate::import::relato::{Relatorio, State};
use crate::import::{self, ETAPAS};
use crate::store::ledger::{self, Arquivo, Estado};
use chrono::{NaiveDate, NaiveTime};

/// What a tick did, for people and for the exit code.
#[derive(Debug, Default)]
pub struct Tick {
    /// The fetch; `None` when another one was at work.
    pub colheita: Option<Colheita>,
    /// Imports that did something, or failed.
    pub importados: Vec<Relatorio>,
    /// Imports that broke off: kind, file, why.
    pub falhas: Vec<(String, String, anyhow::Error)>,
    /// Files that wait, by name, with what they wait for.
    pub aguardam: Vec<Relatorio>,
    /// How each kind of file for Manager stands.
    pub manager: Vec<Feito>,
    /// What the publishing did.
    pub publicadas: Vec<Publicada>,
    /// Remote copies that could not be moved.
    pub remotos: Vec<String>,
    /// Required steps of today that are open between `dia.prazo` and noon.
    pub atrasadas: Vec<&'static str>,
}

/// Imports and exports of a tick; the caller holds the lock of imports. What was done before an error stands
/// in `tick`.
///
/// # Errors
/// The store or a folder of ours failed. A file that fails does not stop the others.
pub fn trabalha(ctx: &Contexto<'_>, ate: NaiveDate, tick: &mut Tick) -> anyhow::Result<()> {
    recover(ctx)?;
    importa(ctx, ate, tick)?;
    recover(ctx)?;
    tick.remotos = fetch::depois(ctx)?;
    tick.manager = manager::exporta(ctx, manager::Quer::default(), &mut tick.publicadas)?;
    tick.atrasadas = atrasadas(ctx)?;
    Ok(())
}

/// Every pending file up to a day, day by day, in the order of the steps; again while one opened the gate
/// of another.
fn importa(ctx: &Contexto<'_>, ate: NaiveDate, tick: &mut Tick) -> anyhow::Result<()> {
    let mut tried = std::collections::HashSet::new();
    loop {
        let mut pending = ledger::in_state(&ctx.store().db, Estado::Pendente)?;
        pending.retain(|a| a.data_operacao.is_none_or(|d| d <= ate) && !tried.contains(&a.id));
        pending.sort_by_key(key);
        tick.aguardam.clear();
        let mut moved = false;
        for a in pending {
            let (id, kind, name) = (a.id, a.kind.clone(), a.nome.clone());
            match import::run::importa(&ctx.import, a) {
                Ok(r) if r.state == State::Waiting => tick.aguardam.push(r),
                Ok(r) => {
                    tried.insert(id);
                    tick.importados.push(r);
                    moved = true;
                }
                Err(e) if grave(&e) => return Err(e),
                Err(e) => {
                    tried.insert(id);
                    tick.falhas.push((kind, name, e));
                }
            }
        }
        // under --dry-run nothing stays applied: a second round would find the same
        if !moved || ctx.import.opcoes.dry_run {
            return Ok(());
        }
    }
}

/// Files without a day of their own come after those of all days.
fn key(a: &Arquivo) -> (bool, Option<NaiveDate>, usize, String, String) {
    let step = ETAPAS.iter().position(|e| e.kind == a.kind).unwrap_or(usize::MAX);
    (a.data_operacao.is_none(), a.data_operacao, step, a.carimbo.clone(), a.nome.clone())
}

/// An error of the store itself stops the tick: the next file would meet it as well.
fn grave(e: &anyhow::Error) -> bool {
    e.chain().any(|c| c.is::<crate::store::db::DbError>() || c.is::<crate::store::StoreError>())
}

/// From `dia.prazo` of a business day until noon: its required steps that are still open.
fn atrasadas(ctx: &Contexto<'_>) -> anyhow::Result<Vec<&'static str>> {
    let now = ctx.import.clock.now();
    let noon = NaiveTime::from_hms_opt(12, 0, 0).unwrap_or_default();
    let late = (ctx.import.config.dia.prazo..noon).contains(&now.time());
    if !late || !ctx.import.calendario.dia_util(now.date()) {
        return Ok(Vec::new());
    }
    Ok(Dia::le(&ctx.store().db, now.date(), &ctx.import.config.dia.obrigatorios)?.abertas())
}
