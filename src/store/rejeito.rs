//! Rejected and listed lines, beside the account of their run. Their original bytes lie in our reject file.

use super::db::{Cell, Db, Result};

/// A rejected or listed line.
#[derive(Clone, Debug)]
pub struct Rejeito<'a> {
    /// The run.
    pub run: i64,
    /// Physical line.
    pub linha: i64,
    /// The contract, where it could be read.
    pub contrato: Option<&'a str>,
    /// The field's name.
    pub campo: Option<&'a str>,
    /// Stable code.
    pub codigo: &'a str,
    /// What ops read; never a personal value.
    pub mensagem: &'a str,
    /// Rejected, or ignored and listed.
    pub rejeitada: bool,
    /// Where its bytes stand in the reject file, and how many.
    pub bytes: (i64, i64),
}

/// Enters a rejected or listed line.
pub fn insert(db: &Db, r: &Rejeito<'_>) -> Result<()> {
    db.exec(
        "INSERT INTO rejeito (run, linha, contrato, campo, codigo, mensagem, rejeitada, posicao, tamanho)
         VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)",
        &[
            Cell::Int(r.run),
            Cell::Int(r.linha),
            Cell::from(r.contrato),
            Cell::from(r.campo),
            Cell::Text(r.codigo),
            Cell::Text(r.mensagem),
            Cell::Int(i64::from(r.rejeitada)),
            Cell::Int(r.bytes.0),
            Cell::Int(r.bytes.1),
        ],
    )?;
    Ok(())
}

/// One listed line as `rejects list` shows it.
#[derive(Clone, Debug)]
pub struct Listado {
    /// The run.
    pub run: i64,
    /// The file's name.
    pub arquivo: String,
    /// Physical line.
    pub linha: i64,
    /// The contract.
    pub contrato: Option<String>,
    /// The field.
    pub campo: Option<String>,
    /// Stable code.
    pub codigo: String,
    /// Message.
    pub mensagem: String,
}

/// The listed lines of a run, or of the newest run that has any, in file order.
pub fn of_run(db: &Db, run: Option<i64>) -> Result<Vec<Listado>> {
    db.rows(
        "SELECT r.run, coalesce(a.nome, ''), r.linha, r.contrato, r.campo, r.codigo, r.mensagem
         FROM rejeito r JOIN run ON run.id=r.run LEFT JOIN arquivo a ON a.id=run.arquivo_id
         WHERE r.run=coalesce(?1, (SELECT max(run) FROM rejeito)) ORDER BY r.linha",
        &[Cell::from(run)],
        |r| {
            Ok(Listado {
                run: r.i64(0)?,
                arquivo: r.str(1)?,
                linha: r.i64(2)?,
                contrato: r.string(3)?,
                campo: r.string(4)?,
                codigo: r.str(5)?,
                mensagem: r.str(6)?,
            })
        },
    )
}
