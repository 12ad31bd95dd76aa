//! Files in `atendimento.db`: each is entered with its rows in one transaction, so that a second try of the
//! same file (data de operação, SHA-256, layout) finds what the first one wrote.

use super::db::{Cell, Db, Result};
use chrono::NaiveDate;
use std::collections::HashSet;

/// The identity of a file.
#[derive(Clone, Debug)]
pub struct Chave {
    /// Data de operação.
    pub dia: NaiveDate,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
    /// Its layout: one content may be a file of two layouts.
    pub layout: String,
}

/// A table whose rows say which line of which file they came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tabela {
    /// Messages to be sent by WhatsApp.
    Hsm,
    /// History of mass actions.
    Massiva,
    /// Answers of the dialler.
    Retorno,
}

impl Tabela {
    const fn nome(self) -> &'static str {
        match self {
            Self::Hsm => "hsm",
            Self::Massiva => "massiva",
            Self::Retorno => "retorno",
        }
    }
}

/// The file's id, where it was entered before.
///
/// # Errors
/// The store cannot be read.
pub fn procura(db: &Db, c: &Chave) -> Result<Option<i64>> {
    let sql = "SELECT id FROM lote WHERE data_operacao=?1 AND sha256=?2 AND layout=?3";
    db.int(sql, &[Cell::Text(&c.dia.to_string()), Cell::Text(&c.sha256), Cell::Text(&c.layout)])
}

/// Enters a file and returns its id; one that is there keeps its own, and its time.
///
/// # Errors
/// The store cannot be written.
pub fn entra(db: &Db, c: &Chave, em: &str) -> Result<i64> {
    if let Some(id) = procura(db, c)? {
        return Ok(id);
    }
    db.exec(
        "INSERT INTO lote (data_operacao, sha256, layout, importado_em) VALUES (?1,?2,?3,?4)",
        &[Cell::Text(&c.dia.to_string()), Cell::Text(&c.sha256), Cell::Text(&c.layout), Cell::Text(em)],
    )?;
    Ok(db.last_id())
}

/// The physical lines of a file that have rows. Asked only after a crash or for a file that is forced again.
///
/// # Errors
/// The store cannot be read.
pub fn linhas(db: &Db, tabela: Tabela, lote: i64) -> Result<HashSet<u32>> {
    let mut found = HashSet::new();
    db.each(&format!("SELECT linha FROM {} WHERE lote_id=?1", tabela.nome()), &[Cell::Int(lote)], |r| {
        found.extend(u32::try_from(r.i64(0)?));
        Ok(())
    })?;
    Ok(found)
}
