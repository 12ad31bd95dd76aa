//! One contract by its key, for the imports whose file is small beside the store.

use super::db::{Cell, Db, Result, Stmt};
use super::ledger::dia;
use crate::domain::documento::{self, DocumentoErro};
use crate::domain::situacao::Situacao;
use chrono::NaiveDate;

/// A contract of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Achado {
    /// Its row.
    pub id: i64,
    /// Its ficha (ID_CRM).
    pub ficha_id: i64,
    /// Its situação.
    pub situacao: Situacao,
    /// D0 of its block, where BLOQUEADO.
    pub bloqueado_em: Option<NaiveDate>,
}

/// The prepared look-up.
pub struct Busca<'d> {
    contrato: Stmt<'d>,
    ficha: Stmt<'d>,
    documento: Stmt<'d>,
}

impl<'d> Busca<'d> {
    /// Prepares it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn new(db: &'d Db) -> Result<Self> {
        Ok(Self {
            contrato: db.prepare("SELECT id, ficha_id, situacao, bloqueado_em FROM contrato WHERE chave=?1")?,
            ficha: db.prepare("SELECT id FROM ficha WHERE cpf_cnpj_cliente=?1")?,
            documento: db.prepare("SELECT cpf_cnpj_cliente FROM ficha WHERE id=?1")?,
        })
    }

    /// The contract with this key (as `domain::contrato::chave` makes it).
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn contrato(&mut self, chave: &str) -> Result<Option<Achado>> {
        let mut cursor = self.contrato.query(&[Cell::Text(chave)])?;
        let Some(r) = cursor.next_row()? else { return Ok(None) };
        // an unknown text can only be damage: such a contract is never dialled
        let situacao = r.text(2)?.and_then(Situacao::parse).unwrap_or(Situacao::Excluido);
        Ok(Some(Achado {
            id: r.i64(0)?,
            ficha_id: r.i64(1)?,
            situacao,
            bloqueado_em: if situacao == Situacao::Bloqueado { r.text(3)?.and_then(dia) } else { None },
        }))
    }

    /// What [`documento::confere`] says of a document beside the contract.
    ///
    /// **Performance:** the rows of fichas are wide and all over the file, so it is the index of documents that is asked
    /// first; whose document it is at first sight, that is the contract's own kind too.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn confere(&mut self, achado: &Achado, raw: &str) -> Result<std::result::Result<Option<bool>, DocumentoErro>> {
        match documento::normaliza(raw, None) {
            Ok(None) => return Ok(Ok(None)),
            Ok(Some(doc)) => {
                let mut cursor = self.ficha.query(&[Cell::Text(&doc)])?;
                if cursor.next_row()?.map(|r| r.i64(0)).transpose()? == Some(achado.ficha_id) {
                    return Ok(Ok(Some(true)));
                }
            }
            Err(_) => {}
        }
        let mut cursor = self.documento.query(&[Cell::Int(achado.ficha_id)])?;
        let own = match cursor.next_row()? {
            Some(r) => r.str(0)?,
            None => String::new(),
        };
        Ok(documento::confere(raw, &own))
    }
}
