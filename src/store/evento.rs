//! The history of contracts: one row for each thing that a line of a file did to one, but that it was created: that
//! the contract's own row tells ([`HISTORIA`]).

use super::db::{Cell, Db, Result, Stmt};
use crate::domain::situacao::Situacao;

/// Every event, that of the creation among them, as a table to read from: the columns of `evento`.
pub const HISTORIA: &str = "(SELECT contrato_id, run, linha, regra, de, para, detalhe FROM evento
  UNION ALL SELECT id, criado_run, criado_linha, 'CRIADO', NULL, 'ATIVO', NULL FROM contrato)";

/// What happened to a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evento<'a> {
    /// The contract's row.
    pub contrato: i64,
    /// Physical line; 0 where no line names it (absence from batimento).
    pub linha: u32,
    /// The rule's stable word, e.g. `ALTA`.
    pub regra: &'a str,
    /// Situação before.
    pub de: Option<Situacao>,
    /// Situação after; `None`: as it was.
    pub para: Option<Situacao>,
    /// What `explain` says beside it, e.g. the number of an acordo; never a personal value.
    pub detalhe: Option<&'a str>,
}

/// Writes the history of one run.
pub struct Eventos<'d> {
    stmt: Stmt<'d>,
    run: i64,
}

impl<'d> Eventos<'d> {
    /// For this run.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn new(db: &'d Db, run: i64) -> Result<Self> {
        let sql =
            "INSERT INTO evento (contrato_id, run, linha, regra, de, para, detalhe) VALUES (?1,?2,?3,?4,?5,?6,?7)";
        Ok(Self { stmt: db.prepare(sql)?, run })
    }

    /// Records one.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn registra(&mut self, e: &Evento<'_>) -> Result<()> {
        self.stmt.exec(&[
            Cell::Int(e.contrato),
            Cell::Int(self.run),
            Cell::Int(i64::from(e.linha)),
            Cell::Text(e.regra),
            Cell::from(e.de.map(Situacao::as_str)),
            Cell::from(e.para.map(Situacao::as_str)),
            Cell::from(e.detalhe),
        ])?;
        Ok(())
    }
}

/// Carries out what the state table decided: the situação of a contract and the event that says so.
pub struct Estados<'d> {
    stmt: Stmt<'d>,
    eventos: Eventos<'d>,
    run: i64,
}

impl<'d> Estados<'d> {
    /// For this run.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn new(db: &'d Db, run: i64) -> Result<Self> {
        // OR ROLLBACK: no statement journal for the trigger of the undo journal
        let sql = "UPDATE OR ROLLBACK contrato SET situacao=?1, situacao_run=?2, bloqueado_em=?3, run=?2, linha=?4 WHERE id=?5";
        Ok(Self { stmt: db.prepare(sql)?, eventos: Eventos::new(db, run)?, run })
    }

    /// Sets the new situação (`e.para`; as it was, where that is `None`) and the day D0 of its block, and records
    /// the event.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn muda(&mut self, e: &Evento<'_>, bloqueado_em: Option<&str>) -> Result<()> {
        if let Some(situacao) = e.para.or(e.de) {
            self.stmt.exec(&[
                Cell::Text(situacao.as_str()),
                Cell::Int(self.run),
                Cell::from(bloqueado_em),
                Cell::Int(i64::from(e.linha)),
                Cell::Int(e.contrato),
            ])?;
        }
        self.eventos.registra(e)
    }

    /// Records an event that changes no situação.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn registra(&mut self, e: &Evento<'_>) -> Result<()> {
        self.eventos.registra(e)
    }
}
