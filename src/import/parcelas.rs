//! Parcelas (R005, UC002): the installments of a contract, 18 fields; the file is the contract's whole list.

use super::conjunto::{Conjunto, Regra};
use super::passo::Passo;
use super::{Contexto, NaiveDate};
use crate::layout::Layout;
use crate::store::schema::Tabela;

/// The fields that this rule reads by name.
pub const CAMPOS: &[&str] = &["codigo_assessoria", "contrato", "numero_parcela"];

/// Opens the room.
///
/// # Errors
/// The store cannot be read, or the layout lacks a field.
pub fn abre<'c>(ctx: &'c Contexto<'c>, layout: &Layout, _dia: NaiveDate) -> anyhow::Result<Box<dyn Passo<'c> + 'c>> {
    let regra = Regra { etapa: "parcelas", tabela: Tabela::Parcela, k1: "numero_parcela", k2: None };
    Ok(Box::new(Conjunto::new(ctx, layout, regra)?))
}
