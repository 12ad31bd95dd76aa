//! Takes one run back from the change journal: what is in the way, and the rows themselves.
//!
//! **The row before a run** is the journal's row of that run whose own `run` is another: after its first touch a
//! row bears the run, so there is at most one for a key, however often the run touched it. A row of the run
//! without one was made by it.
//!
//! **Transaction:** the caller's. The triggers are dropped in it and made again as they were, so nothing that an
//! undo does enters the journal.

use super::db::{Cell, Db, Result};
use super::schema::{Esquema, Tabela};
use serde::Serialize;
use std::collections::HashSet;

/// Rows of a table that an undo takes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Contagem {
    /// Rows that the run had made: they go.
    pub removed: usize,
    /// Rows that the run had changed or removed: they are again what they were.
    pub restored: usize,
}

fn com_diario() -> impl DoubleEndedIterator<Item = Tabela> {
    Tabela::TODAS.into_iter().filter(|t| t.tem_diario())
}

/// Contract and ficha of a row, as expressions over its key; 0: not of one.
const fn dono(t: Tabela) -> [&'static str; 2] {
    match t {
        Tabela::Ficha => ["0", "id"],
        Tabela::Contrato => ["id", "0"],
        Tabela::Telefone => ["contrato_id", "ficha_id"],
        _ => ["contrato_id", "0"],
    }
}

/// Name of the counter in `sequencia`: runs up to it can not be taken back any more.
const ESQUECIDO: &str = "desfaz_ate";

/// The last run whose journal is gone; 0: none.
///
/// # Errors
/// The store cannot be read.
pub fn esquecido(db: &Db) -> Result<i64> {
    Ok(db.int("SELECT valor FROM sequencia WHERE nome=?1", &[Cell::Text(ESQUECIDO)])?.unwrap_or(0))
}

/// Removes the journals of runs that ended before a day, but never those after the last look for Manager's files, which
/// tell whose rows changed. Returns the number of rows.
///
/// # Errors
/// The store cannot be written.
pub fn esquece(db: &Db, dia: &str) -> Result<usize> {
    let ended = db.int("SELECT max(id) FROM run WHERE fim<?1", &[Cell::Text(dia)])?.unwrap_or(0);
    let looks = db.rows("SELECT visto FROM varredura", &[], |r| r.str(0))?;
    let seen = looks.iter().filter_map(|v| v.split('/').next()?.parse().ok()).min().unwrap_or(0);
    let last: i64 = ended.min(seen);
    if last <= esquecido(db)? {
        return Ok(0);
    }
    let mut rows = 0;
    for t in com_diario() {
        rows += db.exec(&format!("DELETE FROM {}_ant WHERE ant_run<=?1", t.nome()), &[Cell::Int(last)])?;
    }
    db.exec(
        "INSERT INTO sequencia (nome, valor) VALUES (?1, ?2) ON CONFLICT (nome) DO UPDATE SET valor=?2",
        &[Cell::Text(ESQUECIDO), Cell::Int(last)],
    )?;
    Ok(rows)
}

/// Begins the list of what later runs hold, in a table of this connection, and enters what the store shows:
/// rows that they touched as well, rows that hang on clients and contracts which would vanish, history that was
/// decided on a situação which the run had set. `cadastro` is left out: its rows go along with those of `contrato`.
///
/// # Errors
/// The store cannot be read.
pub fn levanta(db: &Db, run: i64) -> Result<()> {
    db.script(
        "DROP TABLE IF EXISTS temp.atras;
         CREATE TEMP TABLE atras (run INTEGER, tabela TEXT, chave TEXT, contrato_id INTEGER, ficha_id INTEGER,
           PRIMARY KEY (run, tabela, chave)) WITHOUT ROWID;",
    )?;
    for t in com_diario().filter(|t| *t != Tabela::Cadastro) {
        let (n, k) = (t.nome(), t.chave().join(","));
        let touched = format!(
            "SELECT {k} FROM {n}_ant WHERE ant_run=?1 UNION SELECT {k} FROM {n}_ant WHERE run=?1 AND ant_run>?1"
        );
        let from = format!(
            "(SELECT ant_run AS x,{k} FROM {n}_ant WHERE ant_run>?1 AND ({k}) IN ({touched})
              UNION SELECT run,{k} FROM {n} WHERE run>?1 AND ({k}) IN ({touched}))"
        );
        entra(db, run, t, "x", &from)?;
    }
    let (contratos, fichas) =
        ("(SELECT id FROM contrato WHERE criado_run=?1)", "(SELECT id FROM ficha WHERE criada_run=?1)");
    let of_contract = |t: &Tabela| t.chave().contains(&"contrato_id") && *t != Tabela::Cadastro;
    for t in Tabela::TODAS.into_iter().filter(of_contract) {
        let (n, k) = (t.nome(), t.chave().join(","));
        let ficha = if t == Tabela::Telefone { format!(" OR ficha_id IN {fichas}") } else { String::new() };
        let from = format!("(SELECT run,{k} FROM {n} WHERE run>?1 AND (contrato_id IN {contratos}{ficha}))");
        entra(db, run, t, "run", &from)?;
    }
    let contrato = format!("(SELECT criado_run,id FROM contrato WHERE criado_run>?1 AND ficha_id IN {fichas})");
    entra(db, run, Tabela::Contrato, "criado_run", &contrato)?;
    let insert = "INSERT OR IGNORE INTO temp.atras";
    db.exec(
        &format!(
            "{insert} SELECT run, 'conjunto', etapa||contrato_id, contrato_id, 0 FROM conjunto
             WHERE run>?1 AND contrato_id IN {contratos}"
        ),
        &[Cell::Int(run)],
    )?;
    // history of a contract counts as the contract's own row
    db.exec(
        &format!(
            "{insert} SELECT run, 'contrato', contrato_id, contrato_id, 0 FROM evento
             WHERE run>?1 AND (contrato_id IN {contratos} OR (de IS NOT NULL AND contrato_id IN
               (SELECT contrato_id FROM evento WHERE run=?1 AND para IS NOT NULL)))"
        ),
        &[Cell::Int(run)],
    )?;
    Ok(())
}

/// Enters the rows of `from`, a query with the later run in column `x` and the table's key.
fn entra(db: &Db, run: i64, t: Tabela, x: &str, from: &str) -> Result<()> {
    let [contrato, ficha] = dono(t);
    let sql = format!(
        "INSERT OR IGNORE INTO temp.atras SELECT {x}, '{}', {}, {contrato}, {ficha} FROM {from}",
        t.nome(),
        t.chave().join("||'|'||")
    );
    db.exec(&sql, &[Cell::Int(run)])?;
    Ok(())
}

/// Enters contracts that a later run depends on without having touched them.
///
/// # Errors
/// The store failed.
pub fn depende(db: &Db, depois: i64, contratos: &[u32]) -> Result<()> {
    let mut stmt = db.prepare("INSERT OR IGNORE INTO temp.atras VALUES (?1,'contrato',?2,?2,0)")?;
    for c in contratos {
        stmt.exec(&[Cell::Int(depois), Cell::Int(i64::from(*c))])?;
    }
    Ok(())
}

/// The later runs that are in the way, with the number of rows.
///
/// # Errors
/// The store cannot be read.
pub fn atras(db: &Db) -> Result<Vec<(i64, i64)>> {
    db.rows("SELECT run, count(*) FROM temp.atras GROUP BY run ORDER BY run", &[], |r| Ok((r.i64(0)?, r.i64(1)?)))
}

/// The first contracts of one of them, as they are shown.
///
/// # Errors
/// The store cannot be read.
pub fn primeiros(db: &Db, depois: i64, quantos: i64) -> Result<Vec<String>> {
    db.rows(
        "SELECT c.contrato FROM temp.atras a JOIN contrato c ON c.id=a.contrato_id WHERE a.run=?1
         UNION SELECT c.contrato FROM temp.atras a JOIN contrato c ON c.ficha_id=a.ficha_id
           WHERE a.run=?1 AND a.contrato_id=0 ORDER BY 1 LIMIT ?2",
        &[Cell::Int(depois), Cell::Int(quantos)],
        |r| r.str(0),
    )
}

/// Ids of rows, from a query with one column.
fn ids(db: &Db, sql: &str, run: i64) -> Result<HashSet<u32>> {
    let mut out = HashSet::new();
    db.each(sql, &[Cell::Int(run)], |r| {
        out.extend(u32::try_from(r.i64(0)?).ok());
        Ok(())
    })?;
    Ok(out)
}

/// The contracts that a remessa made or changed, with those of the fichas that it changed.
///
/// # Errors
/// The store cannot be read.
pub fn tocados(db: &Db, run: i64) -> Result<HashSet<u32>> {
    let sql = "SELECT id FROM contrato WHERE criado_run=?1 UNION SELECT id FROM contrato_ant WHERE ant_run=?1
               UNION SELECT contrato_id FROM divida_ant WHERE ant_run=?1
               UNION SELECT c.id FROM ficha_ant a JOIN contrato c ON c.ficha_id=a.id WHERE a.ant_run=?1";
    ids(db, sql, run)
}

/// The contracts that a run took out of ATIVO, or kept out of it by another block.
///
/// # Errors
/// The store cannot be read.
pub fn retirados(db: &Db, run: i64) -> Result<HashSet<u32>> {
    ids(db, "SELECT contrato_id FROM evento WHERE run=?1 AND para<>'ATIVO'", run)
}

/// The contracts that a run left as they were because a later remessa had brought them (REMESSA_POSTERIOR).
///
/// # Errors
/// The store cannot be read.
pub fn mantidos(db: &Db, run: i64) -> Result<HashSet<u32>> {
    ids(db, "SELECT contrato_id FROM evento WHERE run=?1 AND regra='REMESSA_POSTERIOR'", run)
}

/// The fichas and the contracts that the run made: they would vanish.
///
/// # Errors
/// The store cannot be read.
pub fn feitos(db: &Db, run: i64) -> Result<[HashSet<u32>; 2]> {
    Ok([
        ids(db, "SELECT id FROM ficha WHERE criada_run=?1", run)?,
        ids(db, "SELECT id FROM contrato WHERE criado_run=?1", run)?,
    ])
}

/// Tables of `atendimento.db` whose rows hang on a client: ficha and contract, 0 or NULL where there is none.
const CONTATOS: [(&str, &str); 9] = [
    ("hsm", "ficha_id, contrato_id"),
    ("massiva", "ficha_id, contrato_id"),
    ("retorno", "ficha_id, 0"),
    ("tabulacao", "ficha_id, contrato_id"),
    ("proposta", "ficha_id, contrato_id"),
    ("workflow", "ficha_id, contrato_id"),
    ("portal_telefone", "ficha_id, 0"),
    ("portal_email", "ficha_id, 0"),
    ("portal_endereco", "ficha_id, 0"),
];

/// The rows of `atendimento.db` that name one of these fichas or contracts: by table, with the contracts. `db` is
/// the connection to it.
///
/// # Errors
/// The store cannot be read.
pub fn contatos(db: &Db, [fichas, contratos]: &[HashSet<u32>; 2]) -> Result<Vec<(&'static str, i64, Vec<u32>)>> {
    let mut out = Vec::new();
    for (table, columns) in CONTATOS {
        let (mut rows, mut named) = (0, HashSet::new());
        db.each(&format!("SELECT {columns} FROM {table}"), &[], |r| {
            let [ficha, contrato] = [u32::try_from(r.i64(0)?).unwrap_or(0), u32::try_from(r.i64(1)?).unwrap_or(0)];
            if fichas.contains(&ficha) || contratos.contains(&contrato) {
                rows += 1;
                named.insert(contrato);
            }
            Ok(())
        })?;
        if rows > 0 {
            named.remove(&0);
            out.push((table, rows, named.into_iter().collect()));
        }
    }
    Ok(out)
}

/// The first of these contracts, as they are shown.
///
/// # Errors
/// The store cannot be read.
pub fn nomes(db: &Db, contratos: &[u32], quantos: usize) -> Result<Vec<String>> {
    let mut out = Vec::new();
    for id in contratos {
        let name = db.one("SELECT contrato FROM contrato WHERE id=?1", &[Cell::Int(i64::from(*id))], |r| r.str(0))?;
        out.extend(name);
    }
    out.sort();
    out.truncate(quantos);
    Ok(out)
}

/// Contracts by situação now and after the undo; `None`: the contract goes.
pub type Mudanca = (String, Option<String>, i64);

/// What an undo does to the situação of contracts.
///
/// # Errors
/// The store cannot be read.
pub fn mudancas(db: &Db, run: i64) -> Result<Vec<Mudanca>> {
    db.rows(
        "SELECT c.situacao, a.situacao, count(*) FROM contrato_ant a JOIN contrato c ON c.id=a.id
         WHERE a.ant_run=?1 AND a.run<>?1 AND c.situacao<>a.situacao GROUP BY 1, 2
         UNION ALL SELECT situacao, NULL, count(*) FROM contrato WHERE criado_run=?1 GROUP BY 1",
        &[Cell::Int(run)],
        |r| Ok((r.str(0)?, r.string(1)?, r.i64(2)?)),
    )
}

/// Takes the run back; nothing may be in the way. Its history, its presence and its part of the journal go with
/// it; its rejected lines stay, and so do the ids and the `n` of Enriquecimento that it gave. Counted are contracts, not
/// that a contract is kept in two tables.
///
/// # Errors
/// The store failed; the caller rolls back.
pub fn aplica(db: &Db, esquema: &Esquema, run: i64) -> Result<Vec<(Tabela, Contagem)>> {
    let triggers = desliga(db)?;
    let r = [Cell::Int(run)];
    let mut done: Vec<(Tabela, Contagem)> = Vec::new();
    // children first
    for t in com_diario().rev() {
        let (n, k) = (t.nome(), t.chave().join(","));
        let sql = format!(
            "DELETE FROM {n} WHERE run=?1 AND ({k}) NOT IN (SELECT {k} FROM {n}_ant WHERE ant_run=?1 AND run<>?1)"
        );
        done.push((t, Contagem { removed: db.exec(&sql, &r)?, restored: 0 }));
    }
    done.reverse();
    for (t, count) in &mut done {
        let (n, k, columns) = (t.nome(), t.chave(), t.colunas(esquema));
        let set = columns.iter().filter(|c| !k.contains(c)).map(|c| format!("{c}=excluded.{c}"));
        let sql = format!(
            "INSERT INTO {n} ({list}) SELECT {list} FROM {n}_ant WHERE ant_run=?1 AND run<>?1
             ON CONFLICT ({}) DO UPDATE SET {}",
            k.join(","),
            set.collect::<Vec<_>>().join(","),
            list = columns.join(",")
        );
        count.restored = db.exec(&sql, &r)?;
        db.exec(&format!("DELETE FROM {n}_ant WHERE ant_run=?1"), &r)?;
    }
    db.exec("DELETE FROM evento WHERE run=?1", &r)?;
    db.exec("DELETE FROM presenca WHERE run=?1", &r)?;
    // ids are never given again: nobody will ask for the count of a ficha that is gone
    db.exec("DELETE FROM enriquecimento WHERE ficha_id NOT IN (SELECT id FROM ficha)", &[])?;
    for sql in triggers {
        db.script(&sql)?;
    }
    done.retain(|(t, c)| *t != Tabela::Cadastro && *c != Contagem::default());
    Ok(done)
}

/// Drops the journal's triggers; returns the statements that make them again.
fn desliga(db: &Db) -> Result<Vec<String>> {
    let mut out = Vec::new();
    for t in com_diario() {
        let sql = "SELECT name, sql FROM sqlite_schema WHERE type='trigger' AND tbl_name=?1 ORDER BY name";
        for (name, sql) in db.rows(sql, &[Cell::Text(t.nome())], |r| Ok((r.str(0)?, r.str(1)?)))? {
            db.script(&format!("DROP TRIGGER {name}"))?;
            out.push(sql);
        }
    }
    Ok(out)
}
