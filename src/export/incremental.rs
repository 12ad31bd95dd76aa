//! The incremental (R012): rows of dialable fichas that differ from what Manager was last sent.

use super::arquivo::rascunha;
use super::diferenca::Diferenca;
use super::linha::Discagem;
use super::varredura::{Contra, Quais, ao_lado, varre};
use super::{Gerada, Pedido};
use crate::store::enviado::{self, Olhar, Visto};
use crate::store::saida::Tipo;
use crate::store::{db::Db, tocada};
use chrono::NaiveDate;

/// Fichas are looked up one by one while they are fewer than all by this factor; else all are read in order.
const PARTE: usize = 4;

/// What rows depend on now, to be compared with the last look.
///
/// # Errors
/// The store or the block list cannot be read.
pub fn visto(p: &Pedido<'_>) -> anyhow::Result<Visto> {
    let regra = Discagem::le(p.config)?;
    Ok(Visto::le(&p.store.db, p.store.atendimento()?, regra.impressao())?)
}

/// Only what the imports since the last look touched, where nothing but imports came since: no mark, nothing
/// that the Portal wrote, no other configuration, nothing taken back. Asked once more with nothing changed, and for a rehearsal, every ficha is looked at.
fn quais(moment: &Db, visto: &Visto, simula: bool) -> anyhow::Result<Quais> {
    let Some(last) = enviado::varredura(moment, Olhar::Incremental)?.map(|v| v.visto) else { return Ok(Quais::Todas) };
    if simula || last.resto != visto.resto || last.run >= visto.run || tocada::desfez(moment, last.run)? {
        return Ok(Quais::Todas);
    }
    let limite = usize::try_from(enviado::quantos(moment)?)? / PARTE;
    Ok(if tocada::lista(moment, last.run, limite)? { Quais::Tocadas } else { Quais::Todas })
}

/// Looks at every dialable ficha whose row may differ, builds the file of those that do and enters it as `gerado`;
/// without rows there is no file, and the look is recorded.
///
/// # Errors
/// The store cannot be read, the outbox cannot be written.
pub fn gera(p: &Pedido<'_>, dia: NaiveDate) -> anyhow::Result<Gerada> {
    let regra = Discagem::le(p.config)?;
    let mut diferenca = Diferenca::default();
    let (draft, visto) = rascunha(p, Tipo::Incremental, Some(dia), |out| {
        // one moment of each database file for the whole file (EX6)
        let (moment, contacts) = (p.store.db.snapshot()?, p.store.atendimento()?.snapshot()?);
        let visto = Visto::le(&moment, &contacts, regra.impressao())?;
        let quais = quais(&moment, &visto, p.simula)?;
        ao_lado(&moment, quais, |sent| {
            varre(&moment, &contacts, quais, out, &regra, |out, ficha, c| {
                let contra = sent.contra(ficha.id(), out)?;
                if p.simula {
                    diferenca.linha(&moment, contra, ficha.id(), c.numero(), out.celulas())?;
                }
                if contra == Contra::Igual {
                    out.descarta();
                    return Ok(());
                }
                Ok(out.fim_da_linha()?)
            })
        })?;
        Ok(visto)
    })?;
    if p.simula {
        diferenca.compara(p)?;
        return Ok(Gerada { diferenca: Some(diferenca), ..draft.descarta()? });
    }
    draft.entra_se_ha(p, Olhar::Incremental, dia, visto)
}
