//! The rehearsal of [`envio`](super::envio): the same look at every message, nothing written, nobody asked.

use super::envio::{BLOCO, limite, teto};
use super::exame::{Exame, Examinador};
use super::regra::{self, Parada};
use super::retomada;
use super::{Conta, Contexto, janela};
use crate::clock::Agora;
use crate::store::db::Db;
use crate::store::hsm;
use std::collections::HashSet;

/// What would be sent and cancelled now: every message is looked at as [`envia`](super::envio::envia) does, nothing is written and nobody asked.
///
/// # Errors
/// The journal and the store disagree; the store cannot be read.
pub fn ensaia(ctx: &Contexto<'_>) -> anyhow::Result<Conta> {
    let db = ctx.store.atendimento()?;
    let (now, mut conta) = (ctx.clock.now(), Conta::default());
    let control = hsm::controle(db, "main")?;
    retomada::confere(ctx.store.dir(), &control)?;
    let waiting = hsm::na_fila(db)?;
    if control.pausada.is_some() {
        conta.parada = Some(Parada::Pausada);
    }
    if conta.parada.is_none() && janela::alguma(&ctx.omne.janela, ctx.calendario, now) {
        percorre(ctx, db, now, &mut conta)?;
    }
    let gone = conta.enviadas + conta.canceladas.values().sum::<u64>();
    conta.restam = waiting - i64::try_from(gone).unwrap_or(0);
    Ok(conta)
}

/// Looks at the whole queue; what would go counts as sent for the lines after it.
fn percorre(ctx: &Contexto<'_>, db: &Db, now: Agora, conta: &mut Conta) -> anyhow::Result<()> {
    let mut exame = Examinador::novo(*ctx)?;
    let (mut cursor, mut would) = (0, HashSet::new());
    let today = if ctx.omne.daily_cap == 0 { 0 } else { hsm::no_dia(db, now.date())? };
    loop {
        let block = hsm::pendentes(db, cursor, BLOCO)?;
        if block.is_empty() {
            return Ok(());
        }
        for m in block {
            cursor = m.id;
            let exam = match exame.examina(db, &m, now)? {
                Exame::Vai if would.contains(&(m.fone.clone(), m.jornada.clone())) => {
                    Exame::Cancela(regra::Motivo::Repetida)
                }
                other => other,
            };
            match exam {
                Exame::Fora => {}
                Exame::Cancela(motivo) => *conta.canceladas.entry(motivo.as_str()).or_default() += 1,
                Exame::Vai => {
                    let sent = today.saturating_add(u32::try_from(conta.enviadas).unwrap_or(u32::MAX));
                    conta.parada = teto(ctx, sent).or_else(|| limite(ctx, conta.enviadas));
                    if conta.parada.is_some() {
                        return Ok(());
                    }
                    conta.enviadas += 1;
                    would.insert((m.fone, m.jornada));
                }
            }
        }
    }
}
