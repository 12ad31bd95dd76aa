//! Refinancing offers, one a contract (R026–R029).

use super::db::{Cell, Db, Result, Stmt};
use super::schema::{Esquema, Tabela};

/// The contract of a line and its offer, if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oferta {
    /// The contract's row.
    pub contrato: i64,
    /// Content hash and load date of the stored offer.
    pub guardada: Option<(i64, String)>,
}

/// The prepared look-up.
pub struct Busca<'d> {
    stmt: Stmt<'d>,
}

impl<'d> Busca<'d> {
    /// Prepares it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn new(db: &'d Db) -> Result<Self> {
        let sql = "SELECT c.id, r.h, r.carregado_em FROM contrato c LEFT JOIN refin r ON r.contrato_id=c.id
                   WHERE c.chave=?1";
        Ok(Self { stmt: db.prepare(sql)? })
    }

    /// The contract with this key; `None` when there is none.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn oferta(&mut self, chave: &str) -> Result<Option<Oferta>> {
        let mut cursor = self.stmt.query(&[Cell::Text(chave)])?;
        let Some(r) = cursor.next_row()? else { return Ok(None) };
        let guardada = match r.int(1)? {
            Some(h) => Some((h, r.str(2)?)),
            None => None,
        };
        Ok(Some(Oferta { contrato: r.i64(0)?, guardada }))
    }
}

/// Writes offers for one run.
pub struct Ofertas<'d> {
    insere: Stmt<'d>,
    altera: Stmt<'d>,
    carga: Stmt<'d>,
    run: i64,
}

/// Whose offer a line writes, with what it holds.
#[derive(Clone, Copy, Debug)]
pub struct Escrita<'a> {
    /// The contract's row.
    pub contrato: i64,
    /// Content hash.
    pub h: i64,
    /// Load date, `AAAA-MM-DD`.
    pub carregado_em: &'a str,
    /// Physical line.
    pub linha: u32,
    /// The layouts' columns, in the order of the table.
    pub valores: &'a [Cell<'a>],
}

impl<'d> Ofertas<'d> {
    /// For this run.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn new(db: &'d Db, esquema: &Esquema, run: i64) -> Result<Self> {
        let own = ["carregado_em", "h", "run", "linha"];
        Ok(Self {
            insere: db.prepare(&Tabela::Refin.insert_sql(esquema))?,
            altera: db.prepare(&Tabela::Refin.update_sql(esquema, &own, &["contrato_id"]))?,
            carga: db.prepare("UPDATE OR ROLLBACK refin SET carregado_em=?1, run=?2, linha=?3 WHERE contrato_id=?4")?,
            run,
        })
    }

    /// The first offer of a contract.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn insere(&mut self, e: &Escrita<'_>) -> Result<()> {
        self.insere.bind(1, Cell::Int(e.contrato))?;
        let own = self.proprias(e);
        junta(&mut self.insere, 1, &own, e.valores)?;
        self.insere.run()?;
        Ok(())
    }

    /// Another offer in place of the stored one: every column.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn substitui(&mut self, e: &Escrita<'_>) -> Result<()> {
        let own = self.proprias(e);
        let last = junta(&mut self.altera, 0, &own, e.valores)?;
        self.altera.bind(last + 1, Cell::Int(e.contrato))?;
        self.altera.run()?;
        Ok(())
    }

    /// The same offer came again: only its load date moves.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn confirma(&mut self, e: &Escrita<'_>) -> Result<()> {
        let n = Cell::Int(i64::from(e.linha));
        self.carga.exec(&[Cell::Text(e.carregado_em), Cell::Int(self.run), n, Cell::Int(e.contrato)])?;
        Ok(())
    }

    fn proprias<'a>(&self, e: &Escrita<'a>) -> [Cell<'a>; 4] {
        [Cell::Text(e.carregado_em), Cell::Int(e.h), Cell::Int(self.run), Cell::Int(i64::from(e.linha))]
    }
}

/// Binds own and layout columns behind `antes` parameters; returns the last one bound.
fn junta(stmt: &mut Stmt<'_>, antes: usize, own: &[Cell<'_>], wide: &[Cell<'_>]) -> Result<usize> {
    for (i, c) in own.iter().chain(wide).enumerate() {
        stmt.bind(antes + i + 1, *c)?;
    }
    Ok(antes + own.len() + wide.len())
}
