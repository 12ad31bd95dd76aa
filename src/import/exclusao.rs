//! Exclusão and retirada (R011, UC005): the bank takes a contract out of collection. Soft: its rows stay for
//! history, and a later remessa brings it back (alta).
//!
//! **Key:** the contract. **State:** [`situacao::exclusao`] decides; a contract that a remessa of a later day
//! brought stays as it is (REMESSA_POSTERIOR). The client's document is a check: CPF_DIVERGENTE, where it is
//! given.

use super::passo::{
    APLICA, Aceita, Efeito, Efeitos, Falha, Gravador, IGUAL, Marca, POSTERIOR, Parada, Passo, Rejeito, chave,
    chave_do_contrato, valida,
};
use super::{Contexto, NaiveDate, esquema};
use crate::domain::codigo::Codigo;
use crate::domain::situacao::{self, PorExclusao, Situacao};
use crate::layout::Layout;
use crate::layout::linha::Linha;
use crate::store::Store;
use crate::store::busca::{Achado, Busca};
use crate::store::evento::{Estados, Evento};
use crate::store::presenca;
use std::collections::HashSet;

/// The fields that this rule reads by name.
pub const CAMPOS: &[&str] = &["contrato", "cpf_cnpj_cliente"];

/// Where the fields of a line are.
#[derive(Clone, Copy)]
struct Mapa {
    contrato: usize,
    documento: usize,
    /// What the history says beside it, where the layout has them.
    tipo: Option<usize>,
    motivo: Option<usize>,
}

/// First pass.
pub struct Exclusao<'c> {
    mapa: Mapa,
    busca: Busca<'c>,
    /// Contracts that a remessa of a later day brought.
    posteriores: HashSet<u32>,
    /// Contract and situação of each line; `None` where it was rejected.
    vistas: Vec<Option<(i64, Situacao)>>,
    falha: Falha,
}

/// Opens the room.
///
/// # Errors
/// The store cannot be read, or the layout lacks a field.
pub fn abre<'c>(ctx: &'c Contexto<'c>, layout: &Layout, dia: NaiveDate) -> anyhow::Result<Box<dyn Passo<'c> + 'c>> {
    let record = esquema::unico_registro(layout)?;
    let at = |n: &str| esquema::indice(layout, record, n);
    Ok(Box::new(Exclusao {
        mapa: Mapa {
            contrato: at("contrato")?,
            documento: at("cpf_cnpj_cliente")?,
            tipo: record.index("tipo_movimento"),
            motivo: record.index("codigo_motivo"),
        },
        busca: Busca::new(&ctx.store.db)?,
        posteriores: presenca::posteriores(&ctx.store.db, dia)?,
        vistas: Vec::new(),
        falha: Falha::default(),
    }))
}

impl Exclusao<'_> {
    fn olha(&mut self, linha: &Linha<'_>, avisos: &mut Vec<Codigo>) -> Result<(Aceita, Achado), Parada> {
        valida(linha, None, avisos)?;
        let key = chave_do_contrato(linha, self.mapa.contrato)?;
        let contrato = self.busca.contrato(&key)?;
        let later = contrato.as_ref().is_some_and(|c| u32::try_from(c.id).is_ok_and(|i| self.posteriores.contains(&i)));
        let decided = situacao::exclusao(contrato.as_ref().map(|c| c.situacao), later);
        let Some(c) = contrato.filter(|_| decided != PorExclusao::Rejeita) else {
            return Err(Rejeito::campo(Codigo::ContratoDesconhecido, self.mapa.contrato).into());
        };
        // one that is no document at all was dropped with a warning, as if it were blank
        if self.busca.confere(&c, linha.campo(self.mapa.documento))? == Ok(Some(false)) {
            return Err(Rejeito::campo(Codigo::CpfDivergente, self.mapa.documento).into());
        }
        let marca = match decided {
            PorExclusao::Exclui => APLICA,
            PorExclusao::Ignora => POSTERIOR,
            PorExclusao::Mantem | PorExclusao::Rejeita => IGUAL,
        };
        Ok((Aceita { chave: Some(chave(key.as_bytes())), marca }, c))
    }
}

impl<'c> Passo<'c> for Exclusao<'c> {
    fn examina(&mut self, linha: &Linha<'_>, avisos: &mut Vec<Codigo>) -> Result<Aceita, Rejeito> {
        let seen = self.olha(linha, avisos);
        self.vistas.push(seen.as_ref().ok().map(|(_, c)| (c.id, c.situacao)));
        self.falha.responde(seen.map(|(aceita, _)| aceita))
    }

    /// A contract has one line here: nothing depends on another.
    fn resolve(&mut self, _plano: &mut [Marca]) {}

    fn gravador(self: Box<Self>, store: &'c Store, run: i64) -> anyhow::Result<Box<dyn Gravador + 'c>> {
        let Self { mapa, vistas, falha, .. } = *self;
        falha.confere()?;
        let estados = Estados::new(&store.db, run)?;
        Ok(Box::new(Grava { mapa, vistas, estados, efeitos: Efeitos::default() }))
    }
}

struct Grava<'d> {
    mapa: Mapa,
    vistas: Vec<Option<(i64, Situacao)>>,
    estados: Estados<'d>,
    efeitos: Efeitos,
}

impl Grava<'_> {
    /// Writes the history of a line, and with `para` the contract's state.
    fn historia(&mut self, linha: &Linha<'_>, regra: &str, para: Option<Situacao>) -> anyhow::Result<()> {
        let Some((contrato, de)) = self.vistas.get(linha.indice as usize).copied().flatten() else {
            anyhow::bail!("linha {}: contrato sem registro", linha.numero)
        };
        let retirada = self.mapa.tipo.is_some_and(|i| linha.campo(i).trim().eq_ignore_ascii_case("R"));
        let kind = if retirada { "retirada" } else { "exclusão" };
        let motivo = match self.mapa.motivo.map(|i| linha.valor(i)) {
            Some(Ok(v)) => v.texto().map(|m| format!("{kind}, motivo {m}")),
            _ => None,
        };
        let detalhe = Some(motivo.as_deref().unwrap_or(kind));
        let e = Evento { contrato, linha: linha.numero, regra, de: Some(de), para, detalhe };
        match para {
            Some(_) => self.estados.muda(&e, None)?,
            None => self.estados.registra(&e)?,
        }
        Ok(())
    }
}

impl Gravador for Grava<'_> {
    fn grava(&mut self, linha: &Linha<'_>, _marca: Marca) -> anyhow::Result<Efeito> {
        self.historia(linha, "EXCLUSAO", PorExclusao::Exclui.para())?;
        self.efeitos.exclusoes += 1;
        Ok(Efeito::Alterada)
    }

    /// That a later remessa kept the contract is part of its history.
    fn ignora(&mut self, linha: &Linha<'_>, marca: Marca) -> anyhow::Result<()> {
        if marca == POSTERIOR {
            self.historia(linha, Codigo::RemessaPosterior.as_str(), None)?;
        }
        Ok(())
    }

    fn fim(self: Box<Self>) -> anyhow::Result<Efeitos> {
        Ok(self.efeitos)
    }
}
