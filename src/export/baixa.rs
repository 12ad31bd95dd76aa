//! Manager's baixa (R012, UC006): fichas that were sent and are not dialable any more, each once.

use super::arquivo::rascunha;
use super::diferenca::Diferenca;
use super::{Gerada, Pedido};
use crate::domain::dia::br;
use crate::domain::situacao::Situacao;
use crate::store::db::Db;
use crate::store::enviado::{self, Enviada, Enviadas, Olhar, Visto};
use crate::store::nao_contatar::NaoContatar;
use crate::store::saida::{self, Tipo};
use chrono::{NaiveDate, NaiveDateTime};

/// Why a ficha goes, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Motivo {
    /// MOTIVO.
    pub texto: &'static str,
    /// DATA_BAIXA: the data de operação of the event; `None` where nothing tells it.
    pub dia: Option<NaiveDate>,
    /// The run that took its contract out of ATIVO, which `atom undo` may take back.
    pub run: Option<i64>,
}

/// The MOTIVO of a contract that left ATIVO for this situação.
const fn texto(para: Situacao) -> &'static str {
    match para {
        Situacao::Bloqueado => "BLOQUEIO PARCIAL",
        Situacao::Baixado => "BATIMENTO",
        Situacao::Excluido | Situacao::Ativo => "EXCLUSAO",
    }
}

/// The motive of a ficha that is not dialable any more: that of its last contract to leave ATIVO; where one is still
/// ATIVO, it is not to be contacted: since the first of what says so. `tabulada` is the day of a tabulation.
fn motivo(db: &Db, e: &Enviada, tabulada: Option<NaiveDate>) -> anyhow::Result<Motivo> {
    let found = if e.tem_ativo() {
        let flags = enviado::nao_contatar_desde(db, e.ficha)?;
        Motivo { texto: "NAO CONTATAR", dia: flags.into_iter().chain(tabulada).min(), run: None }
    } else {
        match enviado::saiu_de_ativo(db, e.ficha)? {
            Some((para, dia, run)) => Motivo { texto: texto(para), dia, run: Some(run) },
            // no contract ever left ATIVO: the import that made the ficha or its contract was undone. Of the four words
            // EXCLUSAO is the one that says "out of the portfolio"; the day is that of the file taken back.
            None => Motivo { texto: texto(Situacao::Excluido), dia: enviado::desfeita_em(db)?, run: None },
        }
    };
    if found.dia.is_some() {
        return Ok(found);
    }
    // nothing tells the day: that of the file it was last sent in
    Ok(Motivo { dia: saida::get(db, e.saida)?.and_then(|s| s.data_operacao), ..found })
}

/// Every ficha that is owed a baixa, by ID_CRM.
///
/// # Errors
/// The store cannot be read, or `f` failed.
pub fn devidas(
    p: &Pedido<'_>,
    moment: &Db,
    contacts: &Db,
    mut f: impl FnMut(&Enviada, Motivo) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let (calados, calendario) = (NaoContatar::todas(contacts)?, p.config.calendario());
    // the data de operação of a moment, as of a file with a time in its name
    let operacao = |t: NaiveDateTime| calendario.dia_de_operacao(t.date(), Some(t.time()), p.config.dia.corte);
    let mut q = moment.prepare(enviado::ENVIADAS)?;
    let mut all = Enviadas::new(q.query(&[])?)?;
    while let Some(e) = all.proxima()? {
        if !e.disca() || calados.tem(e.ficha) {
            f(&e, motivo(moment, &e, calados.desde(e.ficha).map(operacao))?)?;
        }
    }
    Ok(())
}

/// Builds the baixa and enters it as `gerado`; without rows there is no file, and the look is recorded.
///
/// # Errors
/// The store cannot be read, the outbox cannot be written.
pub fn gera(p: &Pedido<'_>, dia: NaiveDate) -> anyhow::Result<Gerada> {
    let mut diferenca = Diferenca::default();
    let (draft, visto) = rascunha(p, Tipo::Baixa, Some(dia), |out| {
        // one moment of each database file for the whole file (EX6)
        let (moment, contacts) = (p.store.db.snapshot()?, p.store.atendimento()?.snapshot()?);
        let visto = Visto::das_fichas(&moment, &contacts)?;
        devidas(p, &moment, &contacts, |e, m| {
            if p.simula {
                diferenca.sai(e, &m)?;
            }
            out.formata(format_args!("{}", e.ficha));
            out.celula(&e.contrato);
            out.celula(&e.documento);
            out.celula(m.texto);
            out.celula(&br(m.dia.unwrap_or(dia)));
            Ok(out.fim_da_linha()?)
        })?;
        Ok(visto)
    })?;
    if p.simula {
        return Ok(Gerada { diferenca: Some(diferenca), ..draft.descarta()? });
    }
    draft.entra_se_ha(p, Olhar::Baixa, dia, visto)
}
