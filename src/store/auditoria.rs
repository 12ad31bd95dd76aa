//! The audit: who read or changed what, when, of which ficha. Rows are added and, by trigger, never changed.

use super::db::{Cell, Db, Result};

/// One entry. No document, number or name stands in it: the ficha is told by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leitura {
    /// When, São Paulo's time with offset.
    pub em: String,
    /// `portal:NAME`, `cli:uid:0`, …
    pub quem: String,
    /// The client, where there is one.
    pub ficha: Option<i64>,
    /// What was done.
    pub o_que: &'static str,
}

/// Adds the entry of a write to its open transaction.
///
/// # Errors
/// The store cannot be written.
pub fn escrita(db: &Db, em: &str, quem: &str, ficha: i64, o_que: &str) -> Result<()> {
    db.exec(
        "INSERT INTO auditoria (em, quem, ficha_id, o_que) VALUES (?1,?2,?3,?4)",
        &[Cell::Text(em), Cell::Text(quem), Cell::Int(ficha), Cell::Text(o_que)],
    )?;
    Ok(())
}

/// Adds entries to an open transaction of `atendimento.db`.
///
/// # Errors
/// The store cannot be written.
pub fn grava(db: &Db, leituras: &[Leitura]) -> Result<()> {
    for l in leituras {
        db.exec(
            "INSERT INTO auditoria (em, quem, ficha_id, o_que) VALUES (?1,?2,?3,?4)",
            &[Cell::Text(&l.em), Cell::Text(&l.quem), Cell::from(l.ficha), Cell::Text(l.o_que)],
        )?;
    }
    Ok(())
}
