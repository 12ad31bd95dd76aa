//! The carga (R012, UC003): every dialable ficha, once for the operating day, and its brake.

use super::arquivo::{Rascunho, rascunha};
use super::diferenca::Diferenca;
use super::linha::Discagem;
use super::varredura::{Quais, ao_lado, varre};
use super::{Gerada, Pedido, baixa};
use crate::store::Store;
use crate::store::db::Db;
use crate::store::enviado::{self, Olhar, Varredura, Visto};
use crate::store::saida::{self, Tipo};
use chrono::NaiveDate;

/// How building a carga ended.
#[derive(Clone, Debug)]
pub enum Carga {
    /// Built.
    Feita(Gerada),
    /// The brake refused it; under `--dry-run`, with what it would change.
    Recusada(Freio, Option<Diferenca>),
}

/// A carga of under half the rows that Manager should have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freio {
    /// Its rows: the number to confirm.
    pub linhas: i64,
    /// Rows of the last carga.
    pub ultima: i64,
    /// Rows of the baixas published since.
    pub baixas: i64,
    /// Not told before.
    pub nova: bool,
}

impl Freio {
    /// The brake for a carga of so many rows; `None` lets it pass.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn de(db: &Db, linhas: i64) -> anyhow::Result<Option<Self>> {
        let Some((last, _)) = saida::last_published(db, Tipo::Carga)? else { return Ok(None) };
        let baixas = saida::rows_since(db, Tipo::Baixa, last.id)?;
        let stopped = freia(linhas, last.linhas, baixas);
        Ok(stopped.then_some(Self { linhas, ultima: last.linhas, baixas, nova: true }))
    }

    /// The recorded refusal, while it holds: same day, no import and no tabulation that bars a client since, and the brake still stops its rows (a baixa
    /// that left since may have freed it).
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn gravado(store: &Store, dia: NaiveDate) -> anyhow::Result<Option<Self>> {
        let db = &store.db;
        let Some(v) = enviado::varredura(db, Olhar::Freio)? else { return Ok(None) };
        if v.dia != Some(dia) || v.visto != Visto::das_fichas(db, store.atendimento()?)? {
            return Ok(None);
        }
        Ok(Self::de(db, v.linhas)?.map(|f| Self { nova: false, ..f }))
    }

    /// Why, for people.
    pub fn mensagem(&self) -> String {
        let since = match self.baixas {
            0 => String::new(),
            b => format!(", menos {b} de baixas desde então"),
        };
        format!("tem {} fichas, menos da metade da última ({}{since})", self.linhas, self.ultima)
    }
}

/// Whether a carga of `linhas` rows is under half of the last one's less what left since.
const fn freia(linhas: i64, ultima: i64, baixas: i64) -> bool {
    linhas.saturating_mul(2) < ultima.saturating_sub(baixas)
}

/// Builds the carga of a day and enters it as `gerado`, unless the brake stops it; `confirma` is the number of rows
/// that a person confirmed.
///
/// # Errors
/// The store cannot be read, the outbox cannot be written.
pub fn gera(p: &Pedido<'_>, dia: NaiveDate, confirma: Option<u64>) -> anyhow::Result<Carga> {
    let regra = Discagem::le(p.config)?;
    let mut diferenca = Diferenca::default();
    let (draft, visto) = rascunha(p, Tipo::Carga, Some(dia), |out| {
        // one moment of each database file for the whole file (EX6)
        let (moment, contacts) = (p.store.db.snapshot()?, p.store.atendimento()?.snapshot()?);
        let visto = Visto::le(&moment, &contacts, regra.impressao())?;
        if p.simula {
            ao_lado(&moment, Quais::Todas, |sent| {
                varre(&moment, &contacts, Quais::Todas, out, &regra, |out, ficha, c| {
                    let contra = sent.contra(ficha.id(), out)?;
                    diferenca.linha(&moment, contra, ficha.id(), c.numero(), out.celulas())?;
                    Ok(out.fim_da_linha()?)
                })
            })?;
            baixa::devidas(p, &moment, &contacts, |e, m| diferenca.sai(e, &m))?;
        } else {
            varre(&moment, &contacts, Quais::Todas, out, &regra, |out, _, _| Ok(out.fim_da_linha()?))?;
        }
        Ok(visto)
    })?;
    if p.simula {
        diferenca.compara(p)?;
    }
    let stopped = Freio::de(&p.store.db, draft.saida.linhas)?;
    if let Some(f) = stopped.filter(|f| confirma != u64::try_from(f.linhas).ok()) {
        return Ok(Carga::Recusada(recusa(p, dia, draft, f)?, p.simula.then_some(diferenca)));
    }
    if p.simula {
        return Ok(Carga::Feita(Gerada { diferenca: Some(diferenca), ..draft.descarta()? }));
    }
    let em = p.clock.now().iso();
    let linhas = draft.saida.linhas;
    let made = draft.entra(p, |tx| {
        enviado::esquece(tx, Olhar::Freio)?;
        // it holds every row: nothing differs until something changes
        enviado::varreu(tx, Olhar::Incremental, &Varredura { visto, em, dia: Some(dia), linhas, mensagem: None })?;
        Ok(())
    })?;
    Ok(Carga::Feita(made))
}

/// Records a refusal, so that it is told once and not found again every minute.
fn recusa(p: &Pedido<'_>, dia: NaiveDate, draft: Rascunho, mut f: Freio) -> anyhow::Result<Freio> {
    draft.descarta()?;
    let before = enviado::varredura(&p.store.db, Olhar::Freio)?;
    f.nova = before.is_none_or(|v| v.dia != Some(dia) || v.linhas != f.linhas);
    if !p.simula {
        let visto = Visto::das_fichas(&p.store.db, p.store.atendimento()?)?;
        let (em, mensagem) = (p.clock.now().iso(), Some(f.mensagem()));
        let v = Varredura { visto, em, dia: Some(dia), linhas: f.linhas, mensagem };
        enviado::varreu(&p.store.db, Olhar::Freio, &v)?;
    }
    Ok(f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o_freio_para_abaixo_da_metade_do_que_o_manager_deveria_ter() {
        assert!(freia(49, 100, 0) && !freia(50, 100, 0));
        assert!(freia(39, 100, 20) && !freia(40, 100, 20));
        assert!(!freia(0, 0, 0) && !freia(0, 10, 10) && !freia(0, 10, 30));
    }
}
