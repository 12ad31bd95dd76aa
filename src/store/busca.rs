//! One contract by its key, for the imports whose file is small beside the store.

use super::db::{Cell, Db, Result, Stmt};
use super::ledger::dia;
use crate::domain::situacao::Situacao;
use chrono::NaiveDate;

/// A contract of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Achado {
    /// Its row.
    pub id: i64,
    /// Its ficha (ID_CRM).
    pub ficha_id: i64,
    /// Its situação.
    pub situacao: Situacao,
    /// D0 of its block, where BLOQUEADO.
    pub bloqueado_em: Option<NaiveDate>,
    /// CPF or CNPJ of its ficha, as stored; empty after [`Busca::sem_documento`].
    pub documento: String,
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
        let sql = "SELECT c.id, c.ficha_id, c.situacao, c.bloqueado_em, f.cpf_cnpj_cliente
                   FROM contrato c JOIN ficha f ON f.id=c.ficha_id WHERE c.chave=?1";
        Ok(Self { stmt: db.prepare(sql)? })
    }

    /// The same for a rule that does not compare documents: one page less to read a line.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn sem_documento(db: &'d Db) -> Result<Self> {
        let sql = "SELECT id, ficha_id, situacao, bloqueado_em, '' FROM contrato WHERE chave=?1";
        Ok(Self { stmt: db.prepare(sql)? })
    }

    /// The contract with this key (as `domain::contrato::chave` makes it).
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn contrato(&mut self, chave: &str) -> Result<Option<Achado>> {
        let mut cursor = self.stmt.query(&[Cell::Text(chave)])?;
        let Some(r) = cursor.next_row()? else { return Ok(None) };
        // an unknown text can only be damage: such a contract is never dialled
        let situacao = r.text(2)?.and_then(Situacao::parse).unwrap_or(Situacao::Excluido);
        Ok(Some(Achado {
            id: r.i64(0)?,
            ficha_id: r.i64(1)?,
            situacao,
            bloqueado_em: if situacao == Situacao::Bloqueado { r.text(3)?.and_then(dia) } else { None },
            documento: r.str(4)?,
        }))
    }
}
