//! Which fichas the imports after a run touched: in what their row for Manager is made of.
//!
//! After its first touch a row bears its run, and what a run changed or removed stands in the change journal under it;
//! sets of garantias are replaced whole and told by `conjunto`. What `undo` took back bears an older run again: whoever
//! asks looks at everything then ([`desfez`]).

use super::db::{Cell, Db, Result};
use super::schema::Tabela;

/// The ficha of a row of each table that a row for Manager is made of, and how to reach it.
const DONOS: [(Tabela, &str, &str); 6] = [
    (Tabela::Ficha, "x.id", ""),
    (Tabela::Contrato, "x.ficha_id", ""),
    (Tabela::Telefone, "x.ficha_id", ""),
    (Tabela::Divida, "c.ficha_id", " JOIN contrato c ON c.id=x.contrato_id"),
    (Tabela::Endereco, "c.ficha_id", " JOIN contrato c ON c.id=x.contrato_id"),
    (Tabela::Refin, "c.ficha_id", " JOIN contrato c ON c.id=x.contrato_id"),
];

/// Whether an import was taken back after a run.
///
/// # Errors
/// The store cannot be read.
pub fn desfez(db: &Db, run: i64) -> Result<bool> {
    let sql = "SELECT 1 FROM run WHERE id>?1 AND kind='undo' AND estado='done' LIMIT 1";
    Ok(db.int(sql, &[Cell::Int(run)])?.is_some())
}

/// Lists the fichas that runs after `run` touched in `temp.tocada`, a table of this connection; false where they are
/// more than `limite`: a look at all is cheaper then.
///
/// # Errors
/// The store failed.
pub fn lista(db: &Db, run: i64, limite: usize) -> Result<bool> {
    let mut ids: Vec<i64> = Vec::new();
    for sql in consultas() {
        let mut stmt = db.prepare(&sql)?;
        let mut rows = stmt.query(&[Cell::Int(run)])?;
        while let Some(r) = rows.next_row()? {
            ids.push(r.i64(0)?);
            // a ficha is named by several rows: only what is left of them counts
            if ids.len() > limite.saturating_mul(4) && unicos(&mut ids) > limite {
                return Ok(false);
            }
        }
    }
    if unicos(&mut ids) > limite {
        return Ok(false);
    }
    db.script("DROP TABLE IF EXISTS temp.tocada; CREATE TEMP TABLE tocada (id INTEGER PRIMARY KEY)")?;
    let mut stmt = db.prepare("INSERT INTO temp.tocada VALUES (?1)")?;
    for id in ids {
        stmt.exec(&[Cell::Int(id)])?;
    }
    Ok(true)
}

fn unicos(ids: &mut Vec<i64>) -> usize {
    ids.sort_unstable();
    ids.dedup();
    ids.len()
}

/// The questions, one a table: fichas of rows that later runs made or changed, and of rows that they changed or
/// removed.
fn consultas() -> Vec<String> {
    let conjunto = "SELECT c.ficha_id FROM conjunto x JOIN contrato c ON c.id=x.contrato_id
                    WHERE x.etapa='garantias' AND x.run>?1";
    let tables = DONOS.iter().flat_map(|(t, ficha, join)| {
        let n = t.nome();
        [
            format!("SELECT {ficha} FROM {n} x{join} WHERE x.run>?1"),
            format!("SELECT {ficha} FROM {n}_ant x{join} WHERE x.ant_run>?1"),
        ]
    });
    tables.chain([conjunto.to_owned()]).collect()
}
