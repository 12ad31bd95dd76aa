//! What must happen on another machine: rows committed with their cause, files in the outbox.
//!
//! `gerado` (bytes and hash fixed) → `publicado`. A row that a crash left `gerado` is finished by the next
//! command with the same bytes (EX2, EX3); one of a day that is past may be `abandonado` (EX9).

use super::db::{Cell, Db, Result, Row};
use super::ledger::dia;
use chrono::NaiveDate;

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tipo {
    /// Rejected lines, back to Evo.
    Erros,
    /// All dialable fichas, to Manager.
    Carga,
    /// Rows that differ from what Manager was last sent.
    Incremental,
    /// Fichas that Manager is not to dial any more.
    Baixa,
}

impl Tipo {
    /// As stored and as in `export --json`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Erros => "erros",
            Self::Carga => "carga",
            Self::Incremental => "incremental",
            Self::Baixa => "baixa",
        }
    }

    /// Whether it goes to Manager.
    pub const fn manager(self) -> bool {
        !matches!(self, Self::Erros)
    }

    fn parse(s: &str) -> Self {
        [Self::Carga, Self::Incremental, Self::Baixa].into_iter().find(|t| t.as_str() == s).unwrap_or(Self::Erros)
    }
}

/// A file that goes out.
#[derive(Clone, Debug)]
pub struct Saida {
    /// Row id.
    pub id: i64,
    /// What it is for.
    pub tipo: Tipo,
    /// Final name on the other machine; for error files the wished one.
    pub nome: String,
    /// Where its bytes lie, relative to the data folder.
    pub caminho: String,
    /// Operating day.
    pub data_operacao: Option<NaiveDate>,
    /// Rows without the header.
    pub linhas: i64,
    /// Bytes.
    pub tamanho: i64,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
    /// Why it is not published yet.
    pub mensagem: Option<String>,
    /// The import that it belongs to.
    pub run: Option<i64>,
    /// The undo that came after it was built: what it says may no longer be so.
    pub desfeita_run: Option<i64>,
}

const COLS: &str = "id, tipo, nome, caminho, data_operacao, linhas, tamanho, sha256, mensagem, run, desfeita_run";

fn read(r: &Row<'_>) -> Result<Saida> {
    Ok(Saida {
        id: r.i64(0)?,
        tipo: Tipo::parse(r.text(1)?.unwrap_or("")),
        nome: r.str(2)?,
        caminho: r.str(3)?,
        data_operacao: r.text(4)?.and_then(dia),
        linhas: r.i64(5)?,
        tamanho: r.i64(6)?,
        sha256: r.str(7)?,
        mensagem: r.string(8)?,
        run: r.int(9)?,
        desfeita_run: r.int(10)?,
    })
}

/// Enters a file as `gerado`.
pub fn insert(db: &Db, s: &Saida, em: &str) -> Result<i64> {
    let day = s.data_operacao.map(|d| d.to_string());
    db.exec(
        "INSERT INTO saida (tipo, nome, caminho, data_operacao, linhas, tamanho, sha256, estado, run, criada_em)
         VALUES (?1,?2,?3,?4,?5,?6,?7,'gerado',?8,?9)",
        &[
            Cell::Text(s.tipo.as_str()),
            Cell::Text(&s.nome),
            Cell::Text(&s.caminho),
            Cell::from(day.as_ref()),
            Cell::Int(s.linhas),
            Cell::Int(s.tamanho),
            Cell::Text(&s.sha256),
            Cell::from(s.run),
            Cell::Text(em),
        ],
    )?;
    Ok(db.last_id())
}

/// What is still to be published, oldest first.
pub fn pending(db: &Db) -> Result<Vec<Saida>> {
    db.rows(&format!("SELECT {COLS} FROM saida WHERE estado='gerado' ORDER BY id"), &[], read)
}

/// Marks a file as published under `nome`.
pub fn published(db: &Db, id: i64, nome: &str, em: &str) -> Result<()> {
    db.exec(
        "UPDATE saida SET estado='publicado', nome=?2, publicada_em=?3, mensagem=NULL WHERE id=?1",
        &[Cell::Int(id), Cell::Text(nome), Cell::Text(em)],
    )?;
    Ok(())
}

/// Gives a file up: it will never be sent.
pub fn abandon(db: &Db, id: i64, why: &str) -> Result<()> {
    db.exec("UPDATE saida SET estado='abandonado', mensagem=?2 WHERE id=?1", &[Cell::Int(id), Cell::Text(why)])?;
    Ok(())
}

/// The cargas and incrementais that are not published yet were built before the undo `run`.
pub fn desfeita(db: &Db, run: i64) -> Result<()> {
    db.exec(
        "UPDATE saida SET desfeita_run=?1 WHERE estado='gerado' AND tipo IN (?2, ?3)",
        &[Cell::Int(run), Cell::Text(Tipo::Carga.as_str()), Cell::Text(Tipo::Incremental.as_str())],
    )?;
    Ok(())
}

/// Says why a file could not be published.
pub fn troubled(db: &Db, id: i64, why: &str) -> Result<()> {
    db.exec("UPDATE saida SET mensagem=?2 WHERE id=?1", &[Cell::Int(id), Cell::Text(why)])?;
    Ok(())
}

/// The newest file of a type for a day, published or still to be.
pub fn of_day(db: &Db, tipo: Tipo, day: NaiveDate) -> Result<Option<(Saida, Option<String>)>> {
    let day = day.to_string();
    let sql = format!(
        "SELECT {COLS}, publicada_em FROM saida WHERE tipo=?1 AND data_operacao=?2 AND estado<>'abandonado'
         ORDER BY id DESC LIMIT 1"
    );
    db.one(&sql, &[Cell::Text(tipo.as_str()), Cell::Text(&day)], |r| Ok((read(r)?, r.string(11)?)))
}

/// The newest file of a type that was published, and when.
pub fn last_published(db: &Db, tipo: Tipo) -> Result<Option<(Saida, String)>> {
    let sql =
        format!("SELECT {COLS}, publicada_em FROM saida WHERE tipo=?1 AND estado='publicado' ORDER BY id DESC LIMIT 1");
    db.one(&sql, &[Cell::Text(tipo.as_str())], |r| Ok((read(r)?, r.str(10)?)))
}

/// Files of a type published for a day, and their rows.
pub fn count_of_day(db: &Db, tipo: Tipo, day: NaiveDate) -> Result<(i64, i64)> {
    let sql = "SELECT count(*), sum(linhas) FROM saida WHERE tipo=?1 AND data_operacao=?2 AND estado='publicado'";
    let cells = [Cell::Text(tipo.as_str()), Cell::Text(&day.to_string())];
    Ok(db.one(sql, &cells, |r| Ok((r.i64(0)?, r.i64(1)?)))?.unwrap_or_default())
}

/// Rows of the files of a type that were published after the file `id`.
pub fn rows_since(db: &Db, tipo: Tipo, id: i64) -> Result<i64> {
    let sql = "SELECT sum(linhas) FROM saida WHERE tipo=?1 AND estado='publicado' AND id>?2";
    Ok(db.int(sql, &[Cell::Text(tipo.as_str()), Cell::Int(id)])?.unwrap_or(0))
}

/// Type and name of the newest file for Manager, whatever became of it.
pub fn newest_name(db: &Db) -> Result<Option<(Tipo, String)>> {
    let sql = "SELECT tipo, nome FROM saida WHERE tipo<>'erros' ORDER BY id DESC LIMIT 1";
    db.one(sql, &[], |r| Ok((Tipo::parse(r.text(0)?.unwrap_or("")), r.str(1)?)))
}

/// One file.
pub fn get(db: &Db, id: i64) -> Result<Option<Saida>> {
    db.one(&format!("SELECT {COLS} FROM saida WHERE id=?1"), &[Cell::Int(id)], read)
}

/// Names that were given to files for Manager: the stamp in a name never repeats.
pub fn name_taken(db: &Db, nome: &str) -> Result<bool> {
    Ok(db.int("SELECT 1 FROM saida WHERE nome=?1", &[Cell::Text(nome)])?.is_some())
}
