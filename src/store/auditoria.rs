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

/// An entry as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entrada {
    /// When, local time with offset.
    pub em: String,
    /// Who.
    pub quem: String,
    /// The client, where there is one.
    pub ficha: Option<i64>,
    /// What was done.
    pub o_que: String,
}

/// The newest entries, newest first; `fichas`: only of these clients; `schema` is `main` or the name under which the
/// file is attached.
///
/// # Errors
/// The store cannot be read.
pub fn lista(db: &Db, schema: &str, fichas: Option<&[i64]>, limite: i64) -> Result<Vec<Entrada>> {
    let of = |filter: &str, cells: &[Cell<'_>]| {
        let sql =
            format!("SELECT em, quem, ficha_id, o_que, id FROM {schema}.auditoria {filter} ORDER BY id DESC LIMIT ?1");
        db.rows(&sql, cells, |r| {
            Ok((r.i64(4)?, Entrada { em: r.str(0)?, quem: r.str(1)?, ficha: r.int(2)?, o_que: r.str(3)? }))
        })
    };
    let mut all = Vec::new();
    match fichas {
        None => all = of("", &[Cell::Int(limite)])?,
        Some(ids) => {
            for id in ids {
                all.extend(of("WHERE ficha_id=?2", &[Cell::Int(limite), Cell::Int(*id)])?);
            }
        }
    }
    all.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
    all.truncate(usize::try_from(limite).unwrap_or(usize::MAX));
    Ok(all.into_iter().map(|(_, e)| e).collect())
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
