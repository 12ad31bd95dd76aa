//! What steers the sender, and how many messages went on which day.

use crate::store::db::{Cell, Db, Result};
use chrono::NaiveDate;

/// What steers the sender.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Controle {
    /// Number of the last attempt.
    pub tentativa: i64,
    /// No request before this moment, seconds since 1970.
    pub nao_antes: Option<i64>,
    /// Since when it is paused, and by whom.
    pub pausada: Option<(String, String)>,
}

/// Reads it; `schema` as in [`super::totais`].
///
/// # Errors
/// The store cannot be read.
pub fn controle(db: &Db, schema: &str) -> Result<Controle> {
    let sql = format!("SELECT tentativa, nao_antes, pausada_em, pausada_por FROM {schema}.hsm_controle");
    let read = db.one(&sql, &[], |r| {
        let pausada = r.string(2)?.zip(r.string(3)?);
        Ok(Controle { tentativa: r.i64(0)?, nao_antes: r.int(1)?, pausada })
    })?;
    Ok(read.unwrap_or_default())
}

/// Takes over the journal's number of the last attempt.
///
/// # Errors
/// The store cannot be written.
pub fn adota(db: &Db, tentativa: i64) -> Result<()> {
    db.exec("UPDATE hsm_controle SET tentativa=?1", &[Cell::Int(tentativa)]).map(|_| ())
}

/// Until when no request goes out; `None`: at once.
///
/// # Errors
/// The store cannot be written.
pub fn espera(db: &Db, nao_antes: Option<i64>) -> Result<()> {
    db.exec("UPDATE hsm_controle SET nao_antes=?1", &[Cell::from(nao_antes)]).map(|_| ())
}

/// Pauses the sender, or lets it go on: then OMNE's wish to wait is forgotten as well.
///
/// # Errors
/// The store cannot be written.
pub fn pausa(db: &Db, por: Option<(&str, &str)>) -> Result<()> {
    let (em, who) = por.unzip();
    db.exec(
        "UPDATE hsm_controle SET pausada_em=?1, pausada_por=?2, nao_antes=CASE WHEN ?1 IS NULL THEN NULL ELSE nao_antes END",
        &[Cell::from(em), Cell::from(who)],
    )
    .map(|_| ())
}

/// Messages that were sent on a day, for all one knows.
///
/// # Errors
/// The store cannot be read.
pub fn no_dia(db: &Db, dia: NaiveDate) -> Result<u32> {
    let count = db.int("SELECT n FROM hsm_dia WHERE dia=?1", &[Cell::Text(&dia.to_string())])?;
    Ok(u32::try_from(count.unwrap_or(0)).unwrap_or(u32::MAX))
}

/// A message counts on the day of its `enviada_em`.
///
/// # Errors
/// The store cannot be written.
pub fn conta(db: &Db, id: i64) -> Result<()> {
    let sql = "INSERT INTO hsm_dia (dia, n) SELECT substr(enviada_em,1,10), 1 FROM hsm WHERE id=?1
               ON CONFLICT (dia) DO UPDATE SET n=n+1";
    db.exec(sql, &[Cell::Int(id)]).map(|_| ())
}

/// It counts there no more: it did not go after all.
pub(super) fn desconta(db: &Db, id: i64) -> Result<()> {
    let sql = "UPDATE hsm_dia SET n=n-1 WHERE n>0 AND dia=(SELECT substr(enviada_em,1,10) FROM hsm WHERE id=?1)";
    db.exec(sql, &[Cell::Int(id)]).map(|_| ())
}
