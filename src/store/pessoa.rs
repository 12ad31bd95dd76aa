//! Everything that the store holds of one person, table by table (SE6).
//!
//! No table is named by a query of its own: the schema says which have a ficha or a contract, and whatever is added
//! later is found with them. Those that can hold nothing of a person are listed, and a test fails on a table that is
//! neither.

use super::db::{Cell, Db, Result, Row};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Tables that hold nothing of a person.
const DE_NINGUEM: [&str; 21] = [
    "campanha",
    "sequencia",
    "corrente",
    "remoto",
    "arquivo",
    "run",
    "dispensa",
    "presenca",
    "saida",
    "varredura",
    "token",
    "usuario",
    "sessao",
    "hsm_controle",
    "hsm_dia",
    "idempotencia",
    "lote",
    "mudanca",
    "sqlite_sequence",
    "sqlite_stat1",
    "sqlite_stat4",
];

/// How the rows of a table hang on a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Laco {
    /// The row is the client.
    Ficha,
    /// By `ficha_id`.
    PorFicha,
    /// By `contrato_id`.
    PorContrato,
    /// By the contract's text.
    PorTexto,
    /// By the item of the workflow.
    PorItem,
}

/// Name and columns of a table; its file is `schema`.
struct Tabela {
    schema: &'static str,
    nome: String,
    colunas: Vec<String>,
}

impl Tabela {
    /// Its name behind that of its file.
    fn mostrada(&self) -> String {
        format!("{}.{}", if self.schema == "main" { "carteira" } else { self.schema }, self.nome)
    }
}

/// The rows of one table.
#[derive(Clone, Debug)]
pub struct Parte {
    /// `carteira.ficha`
    pub tabela: String,
    /// As they stand, column by column.
    pub linhas: Vec<Map<String, Value>>,
}

/// Somebody else's row that names this document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mencao {
    /// `carteira.cadastro`
    pub tabela: String,
    /// The column.
    pub coluna: String,
    /// Rows.
    pub linhas: i64,
}

/// All rows of a ficha, in `carteira.db` and the attached `atendimento.db`, the undo journals included.
///
/// # Errors
/// The store cannot be read.
pub fn tudo(db: &Db, ficha: i64) -> Result<Vec<Parte>> {
    let (ids, texts) = contratos(db, ficha)?;
    let mut out = Vec::new();
    for t in tabelas(db)? {
        let Some(laco) = laco(&t) else { continue };
        let from = format!("{}.{}", t.schema, t.nome);
        let list = |n: usize| (0..n).map(|i| format!("?{}", i + 1)).collect::<Vec<_>>().join(",");
        let all: Vec<Cell<'_>> = match laco {
            Laco::PorContrato => ids.iter().map(|i| Cell::Int(*i)).collect(),
            Laco::PorTexto => texts.iter().map(Cell::from).collect(),
            _ => vec![Cell::Int(ficha)],
        };
        let filter = match laco {
            Laco::Ficha => "id=?1".to_owned(),
            Laco::PorFicha => "ficha_id=?1".to_owned(),
            Laco::PorContrato => format!("contrato_id IN ({})", list(all.len())),
            Laco::PorTexto => format!("contrato IN ({})", list(all.len())),
            Laco::PorItem => "workflow_id IN (SELECT id FROM atendimento.workflow WHERE ficha_id=?1)".to_owned(),
        };
        let sql = format!("SELECT {} FROM {from} WHERE {filter}", t.colunas.join(","));
        let linhas = db.rows(&sql, &all, |r| linha(r, &t.colunas))?;
        if !linhas.is_empty() {
            out.push(Parte { tabela: t.mostrada(), linhas });
        }
    }
    Ok(out)
}

/// Rows of other people, or of nobody, that name a document; webhooks that nobody could be linked to among them.
///
/// # Errors
/// The store cannot be read.
pub fn mencoes(db: &Db, documento: &str, ficha: Option<i64>) -> Result<Vec<Mencao>> {
    let mut out = Vec::new();
    let own = ficha.unwrap_or(-1);
    for t in tabelas(db)? {
        let from = format!("{}.{}", t.schema, t.nome);
        let has = |c: &str| t.colunas.iter().any(|x| x == c);
        let others = match laco(&t) {
            Some(Laco::Ficha) => format!("id<>{own}"),
            Some(Laco::PorFicha) => format!("(ficha_id IS NULL OR ficha_id<>{own})"),
            Some(Laco::PorContrato) => {
                format!("contrato_id NOT IN (SELECT id FROM contrato WHERE ficha_id={own})")
            }
            _ => "1".to_owned(),
        };
        let document = |c: &&String| ["cpf", "cnpj", "documento"].iter().any(|w| c.split('_').any(|part| part == *w));
        for c in t.colunas.iter().filter(document) {
            let sql = format!("SELECT count(*) FROM {from} WHERE {c}=?1 AND {others}");
            conta(db, &sql, documento, &t.mostrada(), c, &mut out)?;
        }
        if t.nome == "webhook" && has("corpo") {
            let sql = format!("SELECT count(*) FROM {from} WHERE instr(CAST(corpo AS TEXT), ?1)>0 AND {others}");
            conta(db, &sql, documento, &t.mostrada(), "corpo", &mut out)?;
        }
    }
    Ok(out)
}

fn conta(db: &Db, sql: &str, doc: &str, table: &str, column: &str, out: &mut Vec<Mencao>) -> Result<()> {
    let n = db.int(sql, &[Cell::Text(doc)])?.unwrap_or(0);
    if n > 0 {
        out.push(Mencao { tabela: table.to_owned(), coluna: column.to_owned(), linhas: n });
    }
    Ok(())
}

/// Ids and texts of the contracts of a ficha, also of those that an undo took away.
fn contratos(db: &Db, ficha: i64) -> Result<(Vec<i64>, Vec<String>)> {
    let (mut ids, mut texts) = (BTreeSet::new(), BTreeSet::new());
    for table in ["contrato", "contrato_ant"] {
        db.each(&format!("SELECT id, contrato FROM {table} WHERE ficha_id=?1"), &[Cell::Int(ficha)], |r| {
            ids.insert(r.i64(0)?);
            texts.insert(r.str(1)?);
            Ok(())
        })?;
    }
    Ok((ids.into_iter().collect(), texts.into_iter().collect()))
}

fn tabelas(db: &Db) -> Result<Vec<Tabela>> {
    let mut out = tabelas_de(db, "main")?;
    out.extend(tabelas_de(db, "atendimento")?);
    Ok(out)
}

fn tabelas_de(db: &Db, schema: &'static str) -> Result<Vec<Tabela>> {
    let sql = format!("SELECT name FROM {schema}.sqlite_master WHERE type='table' ORDER BY name");
    let names = db.rows(&sql, &[], |r| r.str(0))?;
    let columns = |nome: String| {
        let sql = format!("SELECT name FROM {schema}.pragma_table_info(?1)");
        let colunas = db.rows(&sql, &[Cell::Text(&nome)], |r| r.str(0))?;
        Ok(Tabela { schema, nome, colunas })
    };
    names.into_iter().map(columns).collect()
}

/// Removes everything of the fichas listed in `temp.purgada(id)` from one file of the store, within a transaction of
/// its connection; `temp.purgado(id, contrato)` lists their contracts. The audit stays: it names nobody. Returns the
/// number of rows.
///
/// # Errors
/// The store cannot be written.
pub fn apaga(db: &Db) -> Result<usize> {
    db.script("PRAGMA defer_foreign_keys=ON")?;
    let mut all = tabelas_de(db, "main")?;
    // the journals last: what is removed above them is entered there
    all.sort_by_key(|t| (t.nome.ends_with("_ant"), t.nome == "workflow"));
    let mut rows = 0;
    for t in all.iter().filter(|t| t.nome != "auditoria") {
        let filter = match laco(t) {
            None => continue,
            Some(Laco::Ficha) => "id IN (SELECT id FROM temp.purgada)",
            Some(Laco::PorFicha) => "ficha_id IN (SELECT id FROM temp.purgada)",
            Some(Laco::PorContrato) => "contrato_id IN (SELECT id FROM temp.purgado)",
            Some(Laco::PorTexto) => "contrato IN (SELECT contrato FROM temp.purgado)",
            Some(Laco::PorItem) => {
                "workflow_id IN (SELECT id FROM workflow WHERE ficha_id IN (SELECT id FROM temp.purgada))"
            }
        };
        rows += db.exec(&format!("DELETE FROM {} WHERE {filter}", t.nome), &[])?;
    }
    Ok(rows)
}

fn laco(t: &Tabela) -> Option<Laco> {
    let has = |c: &str| t.colunas.iter().any(|x| x == c);
    match t.nome.as_str() {
        name if DE_NINGUEM.contains(&name) => None,
        "ficha" | "ficha_ant" => Some(Laco::Ficha),
        _ if has("ficha_id") => Some(Laco::PorFicha),
        _ if has("contrato_id") => Some(Laco::PorContrato),
        _ if has("workflow_id") => Some(Laco::PorItem),
        _ if has("contrato") => Some(Laco::PorTexto),
        _ => None,
    }
}

/// Tables that nothing says whether they hold anything of a person: none, or a test fails.
///
/// # Errors
/// The store cannot be read.
pub fn desconhecidas(db: &Db) -> Result<Vec<String>> {
    let all = tabelas(db)?;
    let lost = all.into_iter().filter(|t| laco(t).is_none() && !DE_NINGUEM.contains(&t.nome.as_str()));
    Ok(lost.map(|t| t.mostrada()).collect())
}

fn linha(r: &Row<'_>, columns: &[String]) -> Result<Map<String, Value>> {
    let mut out = Map::new();
    for (i, name) in columns.iter().enumerate() {
        let value = match r.cell(i)? {
            Cell::Null => continue,
            Cell::Int(n) => n.into(),
            Cell::Text(t) => t.into(),
            Cell::Blob(b) => String::from_utf8_lossy(b).into(),
        };
        out.insert(name.clone(), value);
    }
    Ok(out)
}
