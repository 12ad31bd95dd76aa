//! The runs of the ledger: who did what with which file, and its account.

use super::db::{Cell, Db, Result, Row};
use super::ledger::dia;
use chrono::NaiveDate;

/// The last run of the ledger: whether something came between reading and applying.
pub fn last_run(db: &Db) -> Result<i64> {
    Ok(db.int("SELECT max(id) FROM run", &[])?.unwrap_or(0))
}

/// When the last import of a file ended well, local time with offset.
pub fn ultima_importacao(db: &Db) -> Result<Option<String>> {
    let sql = "SELECT max(fim) FROM run WHERE arquivo_id IS NOT NULL AND estado IN ('done','done_with_rejects')";
    Ok(db.one(sql, &[], |r| r.string(0))?.flatten())
}

/// A run to be entered.
#[derive(Clone, Debug)]
pub struct Run<'a> {
    /// The command as given.
    pub comando: &'a str,
    /// Kind of import or export.
    pub kind: &'a str,
    /// Its file.
    pub arquivo_id: Option<i64>,
    /// Its operating day.
    pub data_operacao: Option<NaiveDate>,
    /// Begin, local time.
    pub inicio: &'a str,
    /// End, local time.
    pub fim: &'a str,
    /// `done`, `done_with_rejects`, `refused`, `quarantined`; `undone` once it was taken back.
    pub estado: &'a str,
    /// Exit code.
    pub saida: i64,
    /// The account, as JSON.
    pub conta: &'a str,
    /// Our file with the original bytes of rejected lines, relative to the data folder.
    pub arquivo_rejeitos: Option<&'a str>,
    /// Why an order was overridden (OR7).
    pub forcado: Option<&'a str>,
}

/// Enters a run under the id that was promised to its rows.
pub fn insert_run(db: &Db, id: i64, r: &Run<'_>) -> Result<()> {
    let day = r.data_operacao.map(|d| d.to_string());
    db.exec(
        "INSERT INTO run (id, comando, kind, arquivo_id, data_operacao, inicio, fim, estado, saida, conta,
           arquivo_rejeitos, forcado) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
        &[
            Cell::Int(id),
            Cell::Text(r.comando),
            Cell::Text(r.kind),
            Cell::from(r.arquivo_id),
            Cell::from(day.as_ref()),
            Cell::Text(r.inicio),
            Cell::Text(r.fim),
            Cell::Text(r.estado),
            Cell::Int(r.saida),
            Cell::Text(r.conta),
            Cell::from(r.arquivo_rejeitos),
            Cell::from(r.forcado),
        ],
    )?;
    Ok(())
}

/// A run with its file.
#[derive(Clone, Debug, Default)]
pub struct Execucao {
    /// Its id.
    pub id: i64,
    /// Kind of import or export.
    pub kind: String,
    /// The command as given.
    pub comando: String,
    /// Its file's name.
    pub arquivo: Option<String>,
    /// SHA-256 of the file, hex.
    pub sha256: Option<String>,
    /// Operating day.
    pub data_operacao: Option<String>,
    /// Begin, local time.
    pub inicio: String,
    /// End, local time.
    pub fim: String,
    /// State as in `import --json`.
    pub estado: String,
    /// Exit code.
    pub saida: i64,
    /// The account, as JSON.
    pub conta: String,
    /// Our file with the original bytes of rejected lines, relative to the data folder.
    pub arquivo_rejeitos: Option<String>,
    /// Why an order was overridden (OR7).
    pub forcado: Option<String>,
    /// Code and message of a refusal or the brake, where this run was the last to decide its file.
    pub motivo: Option<(String, String)>,
}

const SELECT: &str = "
SELECT run.id, run.kind, run.comando, a.nome, a.sha256, run.data_operacao, run.inicio, run.fim, run.estado, run.saida,
  run.conta, run.arquivo_rejeitos, run.forcado, CASE WHEN a.run=run.id THEN a.codigo END, a.mensagem
FROM run LEFT JOIN arquivo a ON a.id=run.arquivo_id";

fn read(r: &Row<'_>) -> Result<Execucao> {
    Ok(Execucao {
        id: r.i64(0)?,
        kind: r.str(1)?,
        comando: r.str(2)?,
        arquivo: r.string(3)?,
        sha256: r.string(4)?,
        data_operacao: r.string(5)?,
        inicio: r.str(6)?,
        fim: r.str(7)?,
        estado: r.str(8)?,
        saida: r.i64(9)?,
        conta: r.str(10)?,
        arquivo_rejeitos: r.string(11)?,
        forcado: r.string(12)?,
        motivo: r.string(13)?.zip(r.string(14)?),
    })
}

/// The runs after this one whose files stand applied, oldest first.
pub fn applied_after(db: &Db, run: i64) -> Result<Vec<Execucao>> {
    let sql = format!(
        "{SELECT} WHERE run.id>?1 AND run.kind=a.kind AND run.estado IN ('done','done_with_rejects') ORDER BY run.id"
    );
    db.rows(&sql, &[Cell::Int(run)], read)
}

/// Marks a run as taken back; returns the newest run that still stands for its file, if it was applied more than
/// once.
pub fn undone(db: &Db, run: i64, arquivo: i64, kind: &str) -> Result<Option<i64>> {
    db.exec("UPDATE run SET estado='undone' WHERE id=?1", &[Cell::Int(run)])?;
    db.int(
        "SELECT max(id) FROM run WHERE arquivo_id=?1 AND kind=?2 AND estado IN ('done','done_with_rejects')",
        &[Cell::Int(arquivo), Cell::Text(kind)],
    )
}

/// The account (JSON) of the last applied file of a layout but this one, to warn about a short one (IN4). What
/// brings corrected lines is no measure.
pub fn last_account(db: &Db, layout: &str, except: i64) -> Result<Option<String>> {
    let found = db.one(
        "SELECT conta FROM run JOIN arquivo a ON a.id=arquivo_id
         WHERE a.layout=?1 AND a.id<>?2 AND run.kind=a.kind AND run.estado IN ('done','done_with_rejects')
           AND a.nome NOT LIKE '%.corrigido'
         ORDER BY run.id DESC LIMIT 1",
        &[Cell::Text(layout), Cell::Int(except)],
        |r| r.string(0),
    )?;
    Ok(found.flatten())
}

/// Day and account (JSON) of the last applied file of a kind of an earlier day.
pub fn account_before(db: &Db, kind: &str, day: NaiveDate) -> Result<Option<(NaiveDate, String)>> {
    let found = db.one(
        "SELECT data_operacao, conta FROM run
         WHERE kind=?1 AND data_operacao<?2 AND estado IN ('done','done_with_rejects')
         ORDER BY data_operacao DESC, id DESC LIMIT 1",
        &[Cell::Text(kind), Cell::Text(&day.to_string())],
        |r| Ok((r.str(0)?, r.str(1)?)),
    )?;
    Ok(found.and_then(|(d, conta)| Some((dia(&d)?, conta))))
}

/// The newest runs, newest first; all of them without a limit.
pub fn lista(db: &Db, limite: Option<i64>) -> Result<Vec<Execucao>> {
    db.rows(&format!("{SELECT} ORDER BY run.id DESC LIMIT ?1"), &[Cell::Int(limite.unwrap_or(-1))], read)
}

/// How many there are.
pub fn total(db: &Db) -> Result<i64> {
    Ok(db.int("SELECT count(*) FROM run", &[])?.unwrap_or(0))
}

/// One run.
pub fn uma(db: &Db, id: i64) -> Result<Option<Execucao>> {
    db.one(&format!("{SELECT} WHERE run.id=?1"), &[Cell::Int(id)], read)
}

/// A file that a run made to go out.
#[derive(Clone, Debug)]
pub struct Enviada {
    /// What it is for.
    pub tipo: String,
    /// Its name; once published, the one that it stands under.
    pub nome: String,
    /// Rows without the header.
    pub linhas: i64,
    /// `gerado`, `publicado`, `abandonado`.
    pub estado: String,
    /// When it was published, local time.
    pub publicada_em: Option<String>,
    /// Why it is not.
    pub mensagem: Option<String>,
}

/// What a run made to go out, in order.
pub fn enviadas(db: &Db, run: i64) -> Result<Vec<Enviada>> {
    let sql = "SELECT tipo, nome, linhas, estado, publicada_em, mensagem FROM saida WHERE run=?1 ORDER BY id";
    db.rows(sql, &[Cell::Int(run)], |r| {
        Ok(Enviada {
            tipo: r.str(0)?,
            nome: r.str(1)?,
            linhas: r.i64(2)?,
            estado: r.str(3)?,
            publicada_em: r.string(4)?,
            mensagem: r.string(5)?,
        })
    })
}

/// Rejected lines of a run by code and field, most first.
pub fn rejeitos(db: &Db, run: i64) -> Result<Vec<(String, String, i64)>> {
    let sql = "SELECT codigo, coalesce(campo,''), count(*) FROM rejeito WHERE run=?1 AND rejeitada=1
               GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2";
    db.rows(sql, &[Cell::Int(run)], |r| Ok((r.str(0)?, r.str(1)?, r.i64(2)?)))
}
