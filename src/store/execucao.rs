//! The runs of the ledger as `atom runs` tells them: each with its file and what it made to go out.

use super::db::{Cell, Db, Result, Row};

/// One run.
#[derive(Clone, Debug)]
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
