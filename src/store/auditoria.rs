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

/// Records one thing that a person did at the machine, on a connection to `atendimento.db`.
///
/// # Errors
/// The store cannot be written.
pub fn registra(db: &Db, em: &str, quem: &str, ficha: Option<i64>, o_que: &'static str) -> Result<()> {
    grava(db, &[Leitura { em: em.to_owned(), quem: quem.to_owned(), ficha, o_que }])
}

/// Adds an entry of no ficha, with a text of its own.
///
/// # Errors
/// The store cannot be written.
pub fn anota(db: &Db, em: &str, quem: &str, o_que: &str) -> Result<()> {
    let sql = "INSERT INTO auditoria (em, quem, ficha_id, o_que) VALUES (?1,?2,NULL,?3)";
    db.exec(sql, &[Cell::Text(em), Cell::Text(quem), Cell::Text(o_que)]).map(|_| ())
}
