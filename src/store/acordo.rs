//! The acordos of baixa: whether one ever blocked its contract, and whether a row of it is stored with the
//! same content.

use super::db::{Cell, Db, Result, Stmt};
use super::ledger::dia;
use chrono::NaiveDate;

/// What the store knows of an acordo of a contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Achado {
    /// D0 of the block that it started; `None`: it is only stored, or was never seen.
    pub bloqueou_em: Option<NaiveDate>,
    /// The row of the installment asked for, where there is one: whether its content is the same.
    pub igual: Option<bool>,
}

/// The prepared look-up.
pub struct Acordos<'d> {
    stmt: Stmt<'d>,
    colunas: usize,
}

impl<'d> Acordos<'d> {
    /// Prepares it; `colunas` are those that [`Acordos::procura`] compares.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn new(db: &'d Db, colunas: &[&str]) -> Result<Self> {
        let columns: String = colunas.iter().map(|c| format!(",{c}")).collect();
        let sql = format!("SELECT k2,bloqueou_em{columns} FROM acordo WHERE contrato_id=?1 AND k1=?2");
        Ok(Self { stmt: db.prepare(&sql)?, colunas: colunas.len() })
    }

    /// The acordo `k1` of a contract, any of its installments; `mesma` says whether the column of this place
    /// among those compared holds, for installment `k2`, what it should.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn procura(
        &mut self,
        contrato: i64,
        k1: &str,
        k2: i64,
        mesma: impl Fn(usize, Cell<'_>) -> bool,
    ) -> Result<Achado> {
        let mut found = Achado::default();
        let mut cursor = self.stmt.query(&[Cell::Int(contrato), Cell::Text(k1)])?;
        while let Some(r) = cursor.next_row()? {
            found.bloqueou_em = found.bloqueou_em.or(r.text(1)?.and_then(dia));
            if r.i64(0)? == k2 {
                let mut same = true;
                for i in 0..self.colunas {
                    same = same && mesma(i, r.cell(i + 2)?);
                }
                found.igual = Some(same);
            }
        }
        Ok(found)
    }
}
