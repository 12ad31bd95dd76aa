//! Garantias (R006–R009, UC002/FA001): vehicles, other securities and guarantors of a contract, three record
//! types; the file is the contract's whole list. Tag and length must agree, which the layout engine checks.

use super::conjunto::{Conjunto, Regra};
use super::passo::Passo;
use super::{Contexto, NaiveDate};
use crate::layout::Layout;
use crate::store::schema::Tabela;

/// The fields that this rule reads by name.
pub const CAMPOS: &[&str] = &["tipo_registro", "codigo_assessoria", "contrato", "sequencia_garantia"];

/// Opens the room.
///
/// # Errors
/// The store cannot be read, or the layout lacks a field.
pub fn abre<'c>(ctx: &'c Contexto<'c>, layout: &Layout, _dia: NaiveDate) -> anyhow::Result<Box<dyn Passo<'c> + 'c>> {
    let regra =
        Regra { etapa: "garantias", tabela: Tabela::Garantia, k1: "tipo_registro", k2: Some("sequencia_garantia") };
    Ok(Box::new(Conjunto::new(ctx, layout, regra)?))
}
