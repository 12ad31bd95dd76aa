//! The audit: who read or changed what, when, of which ficha. Rows are added and, by trigger, never changed; only
//! [`super::purga`] takes old ones away.

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

/// Adds an entry: on a connection to `atendimento.db`, in its open transaction if it has one.
///
/// # Errors
/// The store cannot be written.
pub fn registra(db: &Db, em: &str, quem: &str, ficha: Option<i64>, o_que: &str) -> Result<()> {
    let sql = "INSERT INTO auditoria (em, quem, ficha_id, o_que) VALUES (?1,?2,?3,?4)";
    db.exec(sql, &[Cell::Text(em), Cell::Text(quem), Cell::from(ficha), Cell::Text(o_que)]).map(|_| ())
}

/// Adds the entries of reads to an open transaction.
///
/// # Errors
/// The store cannot be written.
pub fn grava(db: &Db, leituras: &[Leitura]) -> Result<()> {
    leituras.iter().try_for_each(|l| registra(db, &l.em, &l.quem, l.ficha, l.o_que))
}

/// Records that somebody read the personal data of these clients, all or none.
///
/// # Errors
/// The store cannot be written.
pub fn leu(db: &Db, em: &str, quem: &str, fichas: &[i64], o_que: &str) -> Result<()> {
    let tx = db.begin()?;
    fichas.iter().try_for_each(|id| registra(&tx, em, quem, Some(*id), o_que))?;
    tx.commit()
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
