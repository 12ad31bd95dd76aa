//! Who may log in to the back office's pages, and who is logged in. Passwords stand here only as Argon2id makes them,
//! sessions by the SHA-256 of what the browser shows (SE4).

use super::db::{Cell, Db, Result, Row};

/// A person as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usuario {
    /// Its number.
    pub id: i64,
    /// What it logs in as: `[a-z0-9._-]`.
    pub login: String,
    /// `analyst` or `supervisor`.
    pub papel: String,
    /// What Argon2id made of the password, in its usual text.
    pub senha: String,
    /// When it was made, local time with offset.
    pub criado_em: String,
    /// When it was locked out.
    pub desativado_em: Option<String>,
}

const COLUNAS: &str = "u.id, u.login, u.papel, u.senha, u.criado_em, u.desativado_em";

fn usuario(r: &Row<'_>) -> Result<Usuario> {
    Ok(Usuario {
        id: r.i64(0)?,
        login: r.str(1)?,
        papel: r.str(2)?,
        senha: r.str(3)?,
        criado_em: r.str(4)?,
        desativado_em: r.string(5)?,
    })
}

/// The one with this login.
///
/// # Errors
/// The store cannot be read.
pub fn por_login(db: &Db, login: &str) -> Result<Option<Usuario>> {
    db.one(&format!("SELECT {COLUNAS} FROM usuario u WHERE u.login=?1"), &[Cell::Text(login)], usuario)
}

/// Everybody, by login.
///
/// # Errors
/// The store cannot be read.
pub fn lista(db: &Db) -> Result<Vec<Usuario>> {
    db.rows(&format!("SELECT {COLUNAS} FROM usuario u ORDER BY u.login"), &[], usuario)
}

/// Adds one, or lets a locked-out one in again with another password and role, in an open transaction; `false`: there is
/// one already. `u.id` is not looked at.
///
/// # Errors
/// The store cannot be written.
pub fn cria(db: &Db, u: &Usuario) -> Result<bool> {
    let sql = "INSERT INTO usuario (login, papel, senha, criado_em, mudado_em) VALUES (?1,?2,?3,?4,?4)
               ON CONFLICT (login) DO UPDATE SET papel=?2, senha=?3, mudado_em=?4, desativado_em=NULL
               WHERE desativado_em IS NOT NULL";
    let cells = [&u.login, &u.papel, &u.senha, &u.criado_em].map(|t| Cell::Text(t));
    Ok(db.exec(sql, &cells)? > 0)
}

/// Gives a new password and ends the sessions, in an open transaction; `false`: nobody has this login, or is locked out.
///
/// # Errors
/// The store cannot be written.
pub fn muda_senha(db: &Db, login: &str, senha: &str, em: &str) -> Result<bool> {
    let sql = "UPDATE usuario SET senha=?2, mudado_em=?3 WHERE login=?1 AND desativado_em IS NULL";
    muda(db, login, sql, &[Cell::Text(login), Cell::Text(senha), Cell::Text(em)])
}

/// Locks out and ends the sessions, in an open transaction; `false`: nobody has this login, or is locked out already.
///
/// # Errors
/// The store cannot be written.
pub fn desativa(db: &Db, login: &str, em: &str) -> Result<bool> {
    let sql = "UPDATE usuario SET desativado_em=?2, mudado_em=?2 WHERE login=?1 AND desativado_em IS NULL";
    muda(db, login, sql, &[Cell::Text(login), Cell::Text(em)])
}

fn muda(db: &Db, login: &str, sql: &str, cells: &[Cell<'_>]) -> Result<bool> {
    let done = db.exec(sql, cells)? > 0;
    let end = "DELETE FROM sessao WHERE usuario_id IN (SELECT id FROM usuario WHERE login=?1)";
    db.exec(end, &[Cell::Text(login)])?;
    Ok(done)
}

/// A session and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sessao {
    /// Whose.
    pub usuario: Usuario,
    /// When it began.
    pub criada_em: String,
    /// When a page was asked for last, to the minute.
    pub vista_em: String,
}

/// The session with this hash.
///
/// # Errors
/// The store cannot be read.
pub fn sessao(db: &Db, sha256: &str) -> Result<Option<Sessao>> {
    let sql = format!(
        "SELECT {COLUNAS}, s.criada_em, s.vista_em FROM sessao s JOIN usuario u ON u.id=s.usuario_id WHERE s.sha256=?1"
    );
    db.one(&sql, &[Cell::Text(sha256)], |r| {
        Ok(Sessao { usuario: usuario(r)?, criada_em: r.str(6)?, vista_em: r.str(7)? })
    })
}

/// Begins a session, in an open transaction; those that began before `mortas` go. `false`: `u` was locked out or has
/// another password since it was read, and no session begins.
///
/// # Errors
/// The store cannot be written.
pub fn abre_sessao(db: &Db, sha256: &str, u: &Usuario, em: &str, mortas: &str) -> Result<bool> {
    db.exec("DELETE FROM sessao WHERE criada_em<?1", &[Cell::Text(mortas)])?;
    let sql = "INSERT INTO sessao (sha256, usuario_id, criada_em, vista_em)
               SELECT ?1, id, ?3, ?3 FROM usuario WHERE id=?2 AND senha=?4 AND desativado_em IS NULL";
    let cells = [Cell::Text(sha256), Cell::Int(u.id), Cell::Text(em), Cell::Text(&u.senha)];
    Ok(db.exec(sql, &cells)? > 0)
}

/// Notes that a session is in use.
///
/// # Errors
/// The store cannot be written.
pub fn ve_sessao(db: &Db, sha256: &str, em: &str) -> Result<()> {
    db.exec("UPDATE sessao SET vista_em=?2 WHERE sha256=?1", &[Cell::Text(sha256), Cell::Text(em)]).map(|_| ())
}

/// Ends a session.
///
/// # Errors
/// The store cannot be written.
pub fn fecha_sessao(db: &Db, sha256: &str) -> Result<()> {
    db.exec("DELETE FROM sessao WHERE sha256=?1", &[Cell::Text(sha256)]).map(|_| ())
}
