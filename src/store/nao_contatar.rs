//! Fichas that are NAO_CONTATAR by tabulation: the last result that sets or lifts it (decisions 4). The one place
//! that answers; the flags of the remessa stand in the contracts' rows and are looked at there, each by itself.
//!
//! A ficha has one row, changed only when the answer changes: `em` and `tabulacao_id` are of the tabulation that made
//! it so.

use super::db::{Cell, Db, Result};
use chrono::NaiveDateTime;
use std::collections::HashMap;

/// Since when each of these fichas is not to be contacted, local time.
#[derive(Clone, Debug, Default)]
pub struct NaoContatar(HashMap<i64, Option<NaiveDateTime>>);

impl NaoContatar {
    /// All of them; They are few: whoever asked not to be called.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn todas(db: &Db) -> Result<Self> {
        let rows = db.rows("SELECT ficha_id, em FROM nao_contatar WHERE valor='S'", &[], |r| {
            Ok((r.i64(0)?, r.text(1)?.and_then(|em| em.get(..19)?.parse().ok())))
        })?;
        Ok(Self(rows.into_iter().collect()))
    }

    /// Whether a ficha is one of them.
    pub fn tem(&self, ficha: i64) -> bool {
        self.0.contains_key(&ficha)
    }

    /// Since when.
    pub fn desde(&self, ficha: i64) -> Option<NaiveDateTime> {
        self.0.get(&ficha).copied().flatten()
    }
}

/// Since when one ficha is not to be contacted, as recorded. `atendimento.db` may be this connection's own file or an
/// attached one.
///
/// # Errors
/// The store cannot be read.
pub fn da_ficha(db: &Db, ficha: i64) -> Result<Option<String>> {
    db.one("SELECT em FROM nao_contatar WHERE ficha_id=?1 AND valor='S'", &[Cell::Int(ficha)], |r| r.str(0))
}

/// What a tabulation says: sets it or lifts it. Nothing is written where it is so already.
///
/// # Errors
/// The store cannot be written.
pub fn marca(db: &Db, ficha: i64, sim: bool, tabulacao: i64, em: &str) -> Result<()> {
    let sql = if sim {
        "INSERT INTO nao_contatar (ficha_id, valor, tabulacao_id, em) VALUES (?1,'S',?2,?3)
         ON CONFLICT (ficha_id) DO UPDATE SET valor='S', tabulacao_id=?2, em=?3 WHERE valor<>'S'"
    } else {
        "UPDATE nao_contatar SET valor='N', tabulacao_id=?2, em=?3 WHERE ficha_id=?1 AND valor<>'N'"
    };
    db.exec(sql, &[Cell::Int(ficha), Cell::Int(tabulacao), Cell::Text(em)])?;
    Ok(())
}

/// A number that differs whenever the answer for any ficha does.
///
/// # Errors
/// The store cannot be read.
pub fn versao(db: &Db) -> Result<Option<i64>> {
    db.int("SELECT max(tabulacao_id) FROM nao_contatar", &[])
}
