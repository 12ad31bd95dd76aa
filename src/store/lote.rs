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

/// A file that was entered before.
#[derive(Clone, Debug)]
pub struct Lote {
    /// Its id.
    pub id: i64,
    /// Its rejected lines, as whoever entered it wrote them down.
    pub rejeitos: String,
}

/// The file, where it was entered before.
///
/// # Errors
/// The store cannot be read.
pub fn procura(db: &Db, c: &Chave) -> Result<Option<Lote>> {
    let sql = "SELECT id, rejeitos FROM lote WHERE data_operacao=?1 AND sha256=?2 AND layout=?3";
    let dia = c.dia.to_string();
    let cells = [Cell::Text(&dia), Cell::Text(&c.sha256), Cell::Text(&c.layout)];
    db.one(sql, &cells, |r| Ok(Lote { id: r.i64(0)?, rejeitos: r.str(1)? }))
}

/// Enters a file and returns its id; one that is there stays as it is.
///
/// # Errors
/// The store cannot be written.
pub fn entra(db: &Db, c: &Chave, em: &str, rejeitos: &str) -> Result<i64> {
    if let Some(l) = procura(db, c)? {
        return Ok(l.id);
    }
    db.exec(
        "INSERT INTO lote (data_operacao, sha256, layout, importado_em, rejeitos) VALUES (?1,?2,?3,?4,?5)",
        &[
            Cell::Text(&c.dia.to_string()),
            Cell::Text(&c.sha256),
            Cell::Text(&c.layout),
            Cell::Text(em),
            Cell::Text(rejeitos),
        ],
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
