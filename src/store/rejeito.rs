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
    /// Rejected, or ignored and listed.
    pub rejeitada: bool,
    /// Where its bytes stand in our file, and how many.
    pub bytes: (i64, i64),
}

/// Which listed lines are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filtro<'a> {
    /// Of this run; `None`: of the newest that has any.
    pub run: Option<i64>,
    /// Of a run of the file with this name.
    pub arquivo: Option<&'a str>,
    /// With this code.
    pub codigo: Option<&'a str>,
}

/// The newest run with listed lines, of a file where one is named.
pub fn newest_run(db: &Db, arquivo: Option<&str>) -> Result<Option<i64>> {
    match arquivo {
        None => db.int("SELECT max(run) FROM rejeito", &[]),
        Some(nome) => db.int(
            "SELECT max(run.id) FROM run JOIN arquivo a ON a.id=run.arquivo_id
             WHERE a.nome=?1 AND EXISTS (SELECT 1 FROM rejeito WHERE rejeito.run=run.id)",
            &[Cell::Text(nome)],
        ),
    }
}

/// Our file with the original bytes of a run's listed lines, relative to the data folder, and the input's row;
/// `None` where the run listed none.
pub fn kept(db: &Db, run: i64) -> Result<Option<(i64, String)>> {
    db.one(
        "SELECT arquivo_id, arquivo_rejeitos FROM run
         WHERE id=?1 AND arquivo_id IS NOT NULL AND arquivo_rejeitos IS NOT NULL",
        &[Cell::Int(run)],
        |r| Ok((r.i64(0)?, r.str(1)?)),
    )
}

/// How many lines a run rejected; listed ones that were only ignored do not count.
pub fn rejected(db: &Db, run: i64) -> Result<i64> {
    Ok(db.int("SELECT count(*) FROM rejeito WHERE run=?1 AND rejeitada=1", &[Cell::Int(run)])?.unwrap_or(0))
}

/// Where in our file the lines stand that were ignored for a reason of their own: place and length, in order.
/// Those of a held contract were ignored because of another line, and are imported again with it.
pub fn only_ignored(db: &Db, run: i64) -> Result<Vec<(i64, i64)>> {
    db.rows(
        "SELECT posicao, tamanho FROM rejeito
         WHERE run=?1 AND rejeitada=0 AND codigo<>'CONTRATO_COM_REJEITO' ORDER BY posicao",
        &[Cell::Int(run)],
        |r| Ok((r.i64(0)?, r.i64(1)?)),
    )
}

/// The listed lines of one run, in file order.
pub fn listed(db: &Db, f: &Filtro<'_>) -> Result<Vec<Listado>> {
    let run = match f.run {
        Some(run) => Some(run),
        None => newest_run(db, f.arquivo)?,
    };
    db.rows(
        "SELECT r.run, coalesce(a.nome, ''), r.linha, r.contrato, r.campo, r.codigo, r.mensagem, r.rejeitada,
                r.posicao, r.tamanho
         FROM rejeito r JOIN run ON run.id=r.run LEFT JOIN arquivo a ON a.id=run.arquivo_id
         WHERE r.run=?1 AND (?2 IS NULL OR a.nome=?2) AND (?3 IS NULL OR r.codigo=?3) ORDER BY r.linha",
        &[Cell::from(run), Cell::from(f.arquivo), Cell::from(f.codigo)],
        |r| {
            Ok(Listado {
                run: r.i64(0)?,
                arquivo: r.str(1)?,
                linha: r.i64(2)?,
                contrato: r.string(3)?,
                campo: r.string(4)?,
                codigo: r.str(5)?,
                mensagem: r.str(6)?,
                rejeitada: r.i64(7)? != 0,
                bytes: (r.i64(8)?, r.i64(9)?),
            })
        },
    )
}
