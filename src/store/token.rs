//! Who may ask `serve`: tokens by the SHA-256 of what the caller shows; the token itself is nowhere (SE4).

use super::db::{Cell, Db, Result};

/// A token as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its number.
    pub id: i64,
    /// What people call it.
    pub nome: String,
    /// `portal`, `bot` or `omne`.
    pub escopo: String,
    /// SHA-256 of the token, hex.
    pub sha256: String,
    /// When it was made, local time with offset.
    pub criado_em: String,
    /// The first moment at which it does not hold any more.
    pub expira_em: Option<String>,
    /// When it was taken back.
    pub revogado_em: Option<String>,
}

const COLUNAS: &str = "id, nome, escopo, sha256, criado_em, expira_em, revogado_em";

/// All tokens, oldest first; `schema` is `main` or the name under which the file is attached.
///
/// # Errors
/// The store cannot be read.
pub fn lista(db: &Db, schema: &str) -> Result<Vec<Token>> {
    db.rows(&format!("SELECT {COLUNAS} FROM {schema}.token ORDER BY id"), &[], |r| {
        Ok(Token {
            id: r.i64(0)?,
            nome: r.str(1)?,
            escopo: r.str(2)?,
            sha256: r.str(3)?,
            criado_em: r.str(4)?,
            expira_em: r.string(5)?,
            revogado_em: r.string(6)?,
        })
    })
}

/// Adds one, durably; returns its number. `t.id` is not looked at.
///
/// # Errors
/// The store cannot be written.
pub fn cria(db: &Db, t: &Token) -> Result<i64> {
    db.exec(
        "INSERT INTO token (nome, escopo, sha256, criado_em, expira_em) VALUES (?1,?2,?3,?4,?5)",
        &[
            Cell::Text(&t.nome),
            Cell::Text(&t.escopo),
            Cell::Text(&t.sha256),
            Cell::Text(&t.criado_em),
            Cell::from(t.expira_em.as_ref()),
        ],
    )?;
    Ok(db.last_id())
}

/// Takes one back; `false` when there is none with this number that still holds.
///
/// # Errors
/// The store cannot be written.
pub fn revoga(db: &Db, id: i64, em: &str) -> Result<bool> {
    let sql = "UPDATE token SET revogado_em=?2 WHERE id=?1 AND revogado_em IS NULL";
    Ok(db.exec(sql, &[Cell::Int(id), Cell::Text(em)])? > 0)
}
