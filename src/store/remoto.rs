//! What was seen on another machine, so that a file is taken once and only when it stands still.

use super::db::{Cell, Db, Result};

/// Seen, not taken yet.
pub const VISTO: &str = "visto";
/// Taken into the inbox.
pub const BAIXADO: &str = "baixado";
/// Its name fits no pattern; left where it is.
pub const ESTRANHO: &str = "estranho";

/// One name on a remote.
#[derive(Clone, Debug)]
pub struct Remoto {
    /// Bytes.
    pub tamanho: i64,
    /// Modification time, nanoseconds.
    pub mtime: i64,
    /// First look at this size and time, seconds of the real clock.
    pub visto_em: i64,
    /// [`VISTO`], [`BAIXADO`] or [`ESTRANHO`].
    pub estado: String,
    /// Why it is left alone.
    pub motivo: Option<String>,
    /// Its row in the ledger.
    pub arquivo_id: Option<i64>,
}

/// What is known of a name.
pub fn get(db: &Db, origem: &str, nome: &str) -> Result<Option<Remoto>> {
    db.one(
        "SELECT tamanho, mtime, visto_em, estado, motivo, arquivo_id FROM remoto WHERE origem=?1 AND nome=?2",
        &[Cell::Text(origem), Cell::Text(nome)],
        |r| {
            Ok(Remoto {
                tamanho: r.i64(0)?,
                mtime: r.i64(1)?,
                visto_em: r.i64(2)?,
                estado: r.str(3)?,
                motivo: r.string(4)?,
                arquivo_id: r.int(5)?,
            })
        },
    )
}

/// Records what is known of a name.
pub fn put(db: &Db, origem: &str, nome: &str, m: &Remoto) -> Result<()> {
    db.exec(
        "INSERT INTO remoto (origem, nome, tamanho, mtime, visto_em, estado, motivo, arquivo_id)
         VALUES (?1,?2,?3,?4,?5,?6,?7,?8) ON CONFLICT (origem, nome) DO UPDATE SET
         tamanho=?3, mtime=?4, visto_em=?5, estado=?6, motivo=?7, arquivo_id=?8, depois=NULL",
        &[
            Cell::Text(origem),
            Cell::Text(nome),
            Cell::Int(m.tamanho),
            Cell::Int(m.mtime),
            Cell::Int(m.visto_em),
            Cell::Text(&m.estado),
            Cell::from(m.motivo.as_ref()),
            Cell::from(m.arquivo_id),
        ],
    )?;
    Ok(())
}

/// Forgets names that are not listed any more and were never taken.
pub fn forget_gone(db: &Db, origem: &str, listed: &[String]) -> Result<()> {
    let known =
        db.rows("SELECT nome FROM remoto WHERE origem=?1 AND estado<>'baixado'", &[Cell::Text(origem)], |r| r.str(0))?;
    let listed: std::collections::HashSet<&String> = listed.iter().collect();
    for nome in known.iter().filter(|n| !listed.contains(n)) {
        db.exec("DELETE FROM remoto WHERE origem=?1 AND nome=?2", &[Cell::Text(origem), Cell::Text(nome)])?;
    }
    Ok(())
}

/// Names that were seen and not taken yet, of all folders.
pub fn awaited(db: &Db) -> Result<std::collections::HashSet<String>> {
    let names = db.rows("SELECT nome FROM remoto WHERE estado='visto'", &[], |r| r.str(0))?;
    Ok(names.into_iter().collect())
}

/// Names left alone, with the reason.
pub fn strangers(db: &Db) -> Result<Vec<(String, String)>> {
    db.rows("SELECT nome, coalesce(motivo, '') FROM remoto WHERE estado='estranho' ORDER BY nome", &[], |r| {
        Ok((r.str(0)?, r.str(1)?))
    })
}

/// Taken names whose file is applied and whose remote copy still stands: name, size, time.
pub fn applied(db: &Db, origem: &str) -> Result<Vec<(String, i64, i64)>> {
    db.rows(
        "SELECT r.nome, r.tamanho, r.mtime FROM remoto r JOIN arquivo a ON a.id=r.arquivo_id
         WHERE r.origem=?1 AND r.depois IS NULL AND a.estado IN ('importado','duplicado') ORDER BY r.nome",
        &[Cell::Text(origem)],
        |r| Ok((r.str(0)?, r.i64(1)?, r.i64(2)?)),
    )
}

/// The remote copy was moved or deleted.
pub fn settled(db: &Db, origem: &str, nome: &str) -> Result<()> {
    db.exec("UPDATE remoto SET depois='feito' WHERE origem=?1 AND nome=?2", &[Cell::Text(origem), Cell::Text(nome)])?;
    Ok(())
}
