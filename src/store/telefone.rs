//! The phones of one ficha while an import enriches them (R023–R025).
//!
//! Enrichment's own numbers are rows of origin 2 at the place `n`; a score for a number that the remessa or
//! Portal lists is a row of origin 3 at the place that is the number itself, which a remessa leaves standing.

use super::db::{CACHE, Cell, Db, Result, Stmt};
use super::linhas;
use super::portal;
use crate::domain::fone::Fone;
use crate::domain::telefones::LinhaTelefone;

/// Lines go all over the indexes of contracts, documents and numbers, one page each: what is kept in memory while
/// they come, KiB. On 1,000,000 contracts it takes half the time of [`db::CACHE`](CACHE).
const CACHE_DOS_INDICES: u32 = 64 * 1024;

/// More memory for a connection, until it is dropped.
pub struct Memoria<'d>(&'d Db);

impl<'d> Memoria<'d> {
    /// From now on.
    ///
    /// # Errors
    /// The store failed.
    pub fn para_indices(db: &'d Db) -> Result<Self> {
        db.cache(CACHE_DOS_INDICES)?;
        Ok(Self(db))
    }
}

impl Drop for Memoria<'_> {
    fn drop(&mut self) {
        // a connection that cannot take this cannot take the next statement either, and that one tells
        let _ = self.0.cache(CACHE);
    }
}

/// The prepared statements.
pub struct Enriquecimento<'d> {
    le: Stmt<'d>,
    do_portal: Stmt<'d>,
    ultimo: Stmt<'d>,
    dado: Stmt<'d>,
    insere: Stmt<'d>,
    altera: Stmt<'d>,
    altera_nota: Stmt<'d>,
    insere_nota: Stmt<'d>,
    run: i64,
}

impl<'d> Enriquecimento<'d> {
    /// For this run; `contacts` is the connection to `atendimento.db`, where Portal's numbers are.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn new(db: &'d Db, contacts: &'d Db, run: i64) -> Result<Self> {
        Ok(Self {
            do_portal: contacts.prepare(portal::DA_FICHA)?,
            le: db.prepare(&format!(
                "SELECT {} FROM telefone WHERE ficha_id=?1 ORDER BY origem, contrato_id, ordem",
                linhas::TELEFONE
            ))?,
            ultimo: db.prepare("SELECT ultimo FROM enriquecimento WHERE ficha_id=?1")?,
            // no RETURNING: as with a trigger, each statement would first save its pages to be able to undo itself
            dado: db.prepare(
                "INSERT INTO enriquecimento (ficha_id, ultimo) VALUES (?1, ?2)
                 ON CONFLICT (ficha_id) DO UPDATE SET ultimo=?2",
            )?,
            insere: db.prepare(
                "INSERT INTO telefone (ficha_id, origem, contrato_id, ordem, fone, score, run)
                 VALUES (?1, 2, 0, ?2, ?3, ?4, ?5)",
            )?,
            altera: db.prepare(
                "UPDATE OR ROLLBACK telefone SET score=?1, run=?2
                 WHERE ficha_id=?3 AND origem=2 AND contrato_id=0 AND ordem=?4",
            )?,
            // two statements, for the same reason
            altera_nota: db.prepare(
                "UPDATE OR ROLLBACK telefone SET score=?1, run=?2
                 WHERE ficha_id=?3 AND origem=3 AND contrato_id=0 AND ordem=?4",
            )?,
            insere_nota: db.prepare(
                "INSERT INTO telefone (ficha_id, origem, contrato_id, ordem, fone, score, run)
                 VALUES (?1, 3, 0, ?2, ?3, ?4, ?5)",
            )?,
            run,
        })
    }

    /// What the store says about the phones of a ficha, put into `linhas`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn le(&mut self, ficha: i64, linhas: &mut Vec<LinhaTelefone>) -> Result<()> {
        linhas.clear();
        let mut cursor = self.le.query(&[Cell::Int(ficha)])?;
        while let Some(r) = cursor.next_row()? {
            linhas.extend(linhas::telefone(&r, 0)?);
        }
        portal::da_ficha(&mut self.do_portal, ficha, linhas)
    }

    /// The last `n` that a ficha was given, 0 before the first. None is ever given again, not even after an undo: the
    /// table that counts has no journal.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn ultimo(&mut self, ficha: i64) -> Result<i64> {
        let mut cursor = self.ultimo.query(&[Cell::Int(ficha)])?;
        Ok(cursor.next_row()?.map(|r| r.i64(0)).transpose()?.unwrap_or(0))
    }

    /// Records the last `n` that a line gave a ficha.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn dado(&mut self, ficha: i64, n: i64) -> Result<()> {
        self.dado.exec(&[Cell::Int(ficha), Cell::Int(n)])?;
        Ok(())
    }

    /// A new number in the place `n`, the next one.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn novo(&mut self, ficha: i64, n: i64, fone: Fone, score: Option<i64>) -> Result<()> {
        let text = fone.completo();
        let cells = [Cell::Int(ficha), Cell::Int(n), Cell::Text(&text), Cell::from(score), Cell::Int(self.run)];
        self.insere.exec(&cells)?;
        Ok(())
    }

    /// The score of a number that the ficha lists; `seq` is the `n` of its own enrichment line, 0 without one.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn nota(&mut self, ficha: i64, seq: i64, fone: Fone, score: Option<i64>) -> Result<()> {
        let (score, run, ficha) = (Cell::from(score), Cell::Int(self.run), Cell::Int(ficha));
        if seq > 0 {
            self.altera.exec(&[score, run, ficha, Cell::Int(seq)])?;
        } else {
            let text = fone.completo();
            let ordem = Cell::Int(text.parse().unwrap_or(0));
            if self.altera_nota.exec(&[score, run, ficha, ordem])? == 0 {
                self.insere_nota.exec(&[ficha, ordem, Cell::Text(&text), score, run])?;
            }
        }
        Ok(())
    }
}
