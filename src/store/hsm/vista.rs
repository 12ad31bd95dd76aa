//! The messages as people look at them.

use super::Estado;
use crate::store::db::{Cell, Db, Result, Row};

/// A message as people see it.
#[derive(Clone, PartialEq, Eq)]
pub struct Vista {
    /// Its row.
    pub id: i64,
    /// Its ficha.
    pub ficha: i64,
    /// The contract as it is shown.
    pub contrato: String,
    /// The number (personal).
    pub fone: String,
    /// The name (personal).
    pub nome: String,
    /// The journey.
    pub jornada: String,
    /// Its state.
    pub estado: String,
    /// Why.
    pub motivo: Option<String>,
    /// When it was queued.
    pub importada_em: String,
    /// POSTs.
    pub tentativas: i64,
    /// When the last one went out.
    pub enviada_em: Option<String>,
    /// OMNE's status.
    pub http: Option<i64>,
    /// OMNE's body (personal).
    pub resposta: Option<String>,
    /// When the state changed.
    pub atualizada_em: Option<String>,
    /// What the webhook says of the delivery.
    pub entrega: Option<String>,
    /// When it said so.
    pub entrega_em: Option<String>,
}

const VISTA: &str =
    "id, ficha_id, contrato, fone, nome, jornada, estado, motivo, importada_em, tentativas, enviada_em, http,
                     resposta, atualizada_em, entrega, entrega_em";

fn vista(r: &Row<'_>) -> Result<Vista> {
    Ok(Vista {
        id: r.i64(0)?,
        ficha: r.i64(1)?,
        contrato: r.str(2)?,
        fone: r.str(3)?,
        nome: r.str(4)?,
        jornada: r.str(5)?,
        estado: r.str(6)?,
        motivo: r.string(7)?,
        importada_em: r.str(8)?,
        tentativas: r.i64(9)?,
        enviada_em: r.string(10)?,
        http: r.int(11)?,
        resposta: r.string(12)?,
        atualizada_em: r.string(13)?,
        entrega: r.string(14)?,
        entrega_em: r.string(15)?,
    })
}

/// The messages in a state, or all, newest first, one at a time.
///
/// # Errors
/// The store cannot be read.
pub fn lista(
    db: &Db,
    schema: &str,
    estado: Option<Estado>,
    max: i64,
    mut f: impl FnMut(Vista) -> Result<()>,
) -> Result<()> {
    let which = if estado.is_some() { "WHERE estado=?1" } else { "WHERE ?1 IS NULL" };
    let sql = format!("SELECT {VISTA} FROM {schema}.hsm {which} ORDER BY id DESC LIMIT ?2");
    db.each(&sql, &[Cell::from(estado.map(Estado::as_str)), Cell::Int(max)], |r| f(vista(r)?))
}

/// One message.
///
/// # Errors
/// The store cannot be read.
pub fn uma(db: &Db, schema: &str, id: i64) -> Result<Option<Vista>> {
    db.one(&format!("SELECT {VISTA} FROM {schema}.hsm WHERE id=?1"), &[Cell::Int(id)], vista)
}
