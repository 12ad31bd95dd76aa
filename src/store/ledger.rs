//! The ledger: which files came, what became of them, which runs touched the store, what was rejected.

use super::db::{Cell, Db, Result, Row};
use chrono::NaiveDate;

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Estado {
    /// In the inbox: not tried yet, or waiting for its gate.
    Pendente,
    /// Stopped by the brake: a person confirms or the file is sent again.
    Quarentena,
    /// Applied.
    Importado,
    /// The same content for the same day had been applied before.
    Duplicado,
    /// Refused whole: structure, too many rejects, older than the last.
    Recusado,
    /// Applied, and taken back by `undo`: as if it had not come, until ops name it.
    Desfeito,
}

impl Estado {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pendente => "pendente",
            Self::Quarentena => "quarentena",
            Self::Importado => "importado",
            Self::Duplicado => "duplicado",
            Self::Recusado => "recusado",
            Self::Desfeito => "desfeito",
        }
    }

    fn parse(s: &str) -> Self {
        match s {
            "pendente" => Self::Pendente,
            "quarentena" => Self::Quarentena,
            "importado" => Self::Importado,
            "duplicado" => Self::Duplicado,
            "desfeito" => Self::Desfeito,
            _ => Self::Recusado,
        }
    }
}

/// One file of the ledger. Its identity is (kind, data de operação, SHA-256).
#[derive(Clone, Debug)]
pub struct Arquivo {
    /// Row id.
    pub id: i64,
    /// Kind of import.
    pub kind: String,
    /// Name of its layout.
    pub layout: String,
    /// Name as it came.
    pub nome: String,
    /// The operating day; `None` until the import of a kind that joins the newest day decides it.
    pub data_operacao: Option<NaiveDate>,
    /// Stamp in the name, `AAAA-MM-DD` or `AAAA-MM-DDTHH:MM:SS`.
    pub carimbo: String,
    /// Bytes.
    pub tamanho: i64,
    /// Modification time in the inbox, nanoseconds: tells whether the hash still holds.
    pub mtime: i64,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
    /// Its code page.
    pub codificacao: String,
    /// What became of it.
    pub estado: Estado,
    /// Stable code of a refusal or a wait.
    pub codigo: Option<String>,
    /// The message that goes with it.
    pub mensagem: Option<String>,
    /// The last run that read it.
    pub run: Option<i64>,
    /// Where it lies, relative to the data folder.
    pub caminho: String,
    /// An earlier file of the same name with other bytes (IN12): this one was sent again.
    pub substitui: Option<i64>,
}

impl Arquivo {
    /// The sort key within a day: stamp, then name.
    pub fn ordem(&self) -> (&str, &str) {
        (&self.carimbo, &self.nome)
    }

    /// Rejected lines of another file that came back (IM19): it speaks of its lines only, so it completes no
    /// step, and no other file is measured against it.
    pub fn corrigido(&self) -> bool {
        corrige(&self.nome).is_some()
    }
}

/// What follows the input's name in that of its corrected lines, in any case (decisions 5).
pub const CORRIGIDO: &str = ".corrigido";

/// The name of the input whose lines a `.corrigido` brings again; those of a `.corrigido` are its input's too.
pub fn corrige(nome: &str) -> Option<&str> {
    let (mut rest, mut found) = (nome, None);
    while let Some(at) = rest.len().checked_sub(CORRIGIDO.len())
        && rest.get(at..).is_some_and(|s| s.eq_ignore_ascii_case(CORRIGIDO))
    {
        rest = rest.get(..at)?;
        found = Some(rest);
    }
    found
}

const COLS: &str = "id, kind, layout, nome, data_operacao, carimbo, tamanho, mtime, sha256, codificacao, estado, \
                    codigo, mensagem, run, caminho, substitui";

fn read(r: &Row<'_>) -> Result<Arquivo> {
    Ok(Arquivo {
        id: r.i64(0)?,
        kind: r.str(1)?,
        layout: r.str(2)?,
        nome: r.str(3)?,
        data_operacao: r.text(4)?.and_then(dia),
        carimbo: r.str(5)?,
        tamanho: r.i64(6)?,
        mtime: r.i64(7)?,
        sha256: r.str(8)?,
        codificacao: r.str(9)?,
        estado: Estado::parse(r.text(10)?.unwrap_or("")),
        codigo: r.string(11)?,
        mensagem: r.string(12)?,
        run: r.int(13)?,
        caminho: r.str(14)?,
        substitui: r.int(15)?,
    })
}

/// A stored date.
pub fn dia(s: &str) -> Option<NaiveDate> {
    s.parse().ok()
}

/// Enters a new file, pending; returns its id. `substitui` is an earlier file of the same name with other
/// bytes (IN12).
pub fn insert(db: &Db, a: &Arquivo, em: &str, substitui: Option<i64>) -> Result<i64> {
    let day = a.data_operacao.map(|d| d.to_string());
    db.exec(
        "INSERT INTO arquivo (kind, layout, nome, data_operacao, carimbo, tamanho, mtime, sha256, codificacao, estado,
           caminho, substitui, recebido_em)
         VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)",
        &[
            Cell::Text(&a.kind),
            Cell::Text(&a.layout),
            Cell::Text(&a.nome),
            Cell::from(day.as_ref()),
            Cell::Text(&a.carimbo),
            Cell::Int(a.tamanho),
            Cell::Int(a.mtime),
            Cell::Text(&a.sha256),
            Cell::Text(&a.codificacao),
            Cell::Text(a.estado.as_str()),
            Cell::Text(&a.caminho),
            Cell::from(substitui),
            Cell::Text(em),
        ],
    )?;
    Ok(db.last_id())
}

/// The file with this id.
pub fn get(db: &Db, id: i64) -> Result<Option<Arquivo>> {
    db.one(&format!("SELECT {COLS} FROM arquivo WHERE id=?1"), &[Cell::Int(id)], read)
}

/// The files with this content under this kind, newest first.
pub fn with_content(db: &Db, kind: &str, sha256: &str) -> Result<Vec<Arquivo>> {
    let sql = format!("SELECT {COLS} FROM arquivo WHERE sha256=?1 AND kind=?2 ORDER BY id DESC");
    db.rows(&sql, &[Cell::Text(sha256), Cell::Text(kind)], read)
}

/// The newest file with this name.
pub fn named(db: &Db, nome: &str) -> Result<Option<Arquivo>> {
    let sql = format!("SELECT {COLS} FROM arquivo WHERE nome=?1 ORDER BY id DESC LIMIT 1");
    db.one(&sql, &[Cell::Text(nome)], read)
}

/// Files in a state, in the order in which they are to be worked on: day, stamp, name.
pub fn in_state(db: &Db, estado: Estado) -> Result<Vec<Arquivo>> {
    let sql = format!("SELECT {COLS} FROM arquivo WHERE estado=?1 ORDER BY data_operacao, carimbo, nome, id");
    db.rows(&sql, &[Cell::Text(estado.as_str())], read)
}

/// All files of an operating day, in order.
pub fn of_day(db: &Db, day: NaiveDate) -> Result<Vec<Arquivo>> {
    let day = day.to_string();
    let sql = format!("SELECT {COLS} FROM arquivo WHERE data_operacao=?1 ORDER BY carimbo, nome, id");
    db.rows(&sql, &[Cell::Text(&day)], read)
}

/// (data de operação, stamp) of the newest applied file of a kind, of one layout or of any, corrected lines left aside,
/// that comes after this day and stamp; times are compared only where both have one. Without a day the stamp alone
/// decides.
pub fn newer_done(
    db: &Db,
    (kind, layout): (&str, Option<&str>),
    day: Option<NaiveDate>,
    carimbo: &str,
) -> Result<Option<(NaiveDate, String)>> {
    let day = day.map(|d| d.to_string());
    let found = db.one(
        "SELECT data_operacao, carimbo FROM arquivo
         WHERE kind=?4 AND layout=coalesce(?1, layout) AND estado='importado' AND data_operacao IS NOT NULL AND nome NOT LIKE '%.corrigido'
           AND (data_operacao>?2 OR ((?2 IS NULL OR data_operacao=?2)
             AND length(carimbo)>10 AND length(?3)>10 AND carimbo>?3))
         ORDER BY data_operacao DESC, carimbo DESC LIMIT 1",
        &[Cell::from(layout), Cell::from(day.as_ref()), Cell::Text(carimbo), Cell::Text(kind)],
        |r| Ok((r.str(0)?, r.str(1)?)),
    )?;
    Ok(found.and_then(|(d, c)| Some((dia(&d)?, c))))
}

/// What changes when a file is decided.
#[derive(Clone, Copy, Debug)]
pub struct Decisao<'a> {
    /// The new state.
    pub estado: Estado,
    /// Code and message of a refusal or a wait.
    pub motivo: Option<(&'a str, &'a str)>,
    /// The run that decided.
    pub run: Option<i64>,
    /// The operating day.
    pub data_operacao: Option<NaiveDate>,
}

/// Records what became of a file.
pub fn decide(db: &Db, id: i64, d: &Decisao<'_>) -> Result<()> {
    let day = d.data_operacao.map(|d| d.to_string());
    db.exec(
        "UPDATE arquivo SET estado=?2, codigo=?3, mensagem=?4, run=coalesce(?5, run),
           data_operacao=coalesce(?6, data_operacao) WHERE id=?1",
        &[
            Cell::Int(id),
            Cell::Text(d.estado.as_str()),
            Cell::from(d.motivo.map(|m| m.0)),
            Cell::from(d.motivo.map(|m| m.1)),
            Cell::from(d.run),
            Cell::from(day.as_ref()),
        ],
    )?;
    Ok(())
}

/// Says where a file lies now, relative to the data folder.
pub fn moved(db: &Db, id: i64, caminho: &str) -> Result<()> {
    db.exec("UPDATE arquivo SET caminho=?2 WHERE id=?1", &[Cell::Int(id), Cell::Text(caminho)])?;
    Ok(())
}

/// Files applied or duplicate that still lie in the inbox. Refused ones stay there: ops may name them again.
pub fn to_archive(db: &Db) -> Result<Vec<Arquivo>> {
    let sql = format!(
        "SELECT {COLS} FROM arquivo WHERE estado IN ('importado','duplicado') AND caminho LIKE 'inbox/%' ORDER BY id"
    );
    db.rows(&sql, &[], read)
}

/// The newest file at a place, relative to the data folder.
pub fn at(db: &Db, caminho: &str) -> Result<Option<Arquivo>> {
    let sql = format!("SELECT {COLS} FROM arquivo WHERE caminho=?1 ORDER BY id DESC LIMIT 1");
    db.one(&sql, &[Cell::Text(caminho)], read)
}

/// When a file was received, local time.
pub fn received(db: &Db, id: i64) -> Result<Option<String>> {
    let found = db.one("SELECT recebido_em FROM arquivo WHERE id=?1", &[Cell::Int(id)], |r| r.string(0))?;
    Ok(found.flatten())
}

/// The file that a run read.
pub fn file_of(db: &Db, run: i64) -> Result<Option<Arquivo>> {
    match db.int("SELECT arquivo_id FROM run WHERE id=?1", &[Cell::Int(run)])? {
        Some(id) => get(db, id),
        None => Ok(None),
    }
}
