//! The incremental (R012): rows of dialable fichas that differ from what Manager was last sent.

use super::arquivo::rascunha;
use super::diferenca::Diferenca;
use super::linha::Discagem;
use super::varredura::{Contra, ao_lado, varre};
use super::{Gerada, Pedido};
use crate::store::enviado::{self, Olhar, Varredura, Visto};
use crate::store::saida::Tipo;
use chrono::NaiveDate;

/// What rows depend on now, to be compared with the last look.
///
/// # Errors
/// The store or the block list cannot be read.
pub fn visto(p: &Pedido<'_>) -> anyhow::Result<Visto> {
    let regra = Discagem::le(p.config)?;
    Ok(Visto::le(&p.store.db, p.store.atendimento()?, regra.impressao())?)
}

/// Looks at every dialable ficha, builds the file of those that differ and enters it as `gerado`; without rows there
/// is no file, and the look is recorded.
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
        ao_lado(&moment, |sent| {
            varre(&moment, &contacts, out, &regra, |out, ficha, c| {
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
    let linhas = draft.saida.linhas;
    let v = Varredura { visto, em: p.clock.now().iso(), dia: Some(dia), linhas, mensagem: None };
    if linhas == 0 {
        enviado::varreu(&p.store.db, Olhar::Incremental, &v)?;
        return draft.descarta();
    }
    draft.entra(p, |tx| Ok(enviado::varreu(tx, Olhar::Incremental, &v)?))
}
