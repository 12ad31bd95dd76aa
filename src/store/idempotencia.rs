//! What was answered to a write under an Idempotency-Key, so that its repetition is answered alike (AP5, AP6).

use super::db::{Cell, Db, Result};

/// A write that names a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeticao {
    /// The token's number: keys of two callers are two keys.
    pub token: i64,
    /// The key.
    pub chave: String,
    /// Hash of route and body.
    pub corpo: String,
}

/// Hash of the body that came under this key, and the id that was answered.
///
/// # Errors
/// The store cannot be read.
pub fn le(db: &Db, r: &Repeticao) -> Result<Option<(String, i64)>> {
    let sql = "SELECT corpo, resposta FROM idempotencia WHERE token_id=?1 AND chave=?2";
    db.one(sql, &[Cell::Int(r.token), Cell::Text(&r.chave)], |row| Ok((row.str(0)?, row.i64(1)?)))
}

/// Records an answer.
///
/// # Errors
/// The store cannot be written.
pub fn grava(db: &Db, r: &Repeticao, id: i64, em: &str) -> Result<()> {
    db.exec(
        "INSERT INTO idempotencia (token_id, chave, corpo, resposta, em) VALUES (?1,?2,?3,?4,?5)",
        &[Cell::Int(r.token), Cell::Text(&r.chave), Cell::Text(&r.corpo), Cell::Int(id), Cell::Text(em)],
    )?;
    Ok(())
}
