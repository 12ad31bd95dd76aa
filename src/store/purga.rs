//! What retention takes away (SE5): clients whose contracts have all been closed for long, old contacts, old journals
//! of undo.
//!
//! Each file is one transaction, and a run that was killed between them is finished by the next: the contacts of a
//! client go before the client. What was removed is overwritten, and the file is then built anew, so that no free page
//! and no log holds it.

use super::db::{Cell, Db, Result};
use super::{desfaz, pessoa};
use crate::domain::documento;

/// Days that are kept; `None`: for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cortes {
    /// Fichas whose contracts have all been closed since before this day.
    pub ficha: Option<String>,
    /// Contacts before this day.
    pub contatos: Option<String>,
    /// Journals of undo of runs that ended before this day.
    pub desfaz: Option<String>,
    /// Audit before this day.
    pub auditoria: Option<String>,
}

/// What a purge takes, or would take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Purga {
    /// Fichas.
    pub fichas: usize,
    /// Their documents.
    pub documentos: Vec<String>,
    /// Rows of contacts, by table.
    pub contatos: Vec<(&'static str, usize)>,
    /// Rows of the journals.
    pub diarios: usize,
    /// Rows of the audit.
    pub auditoria: usize,
}

/// Tables of contacts and the column that dates them; of the queue only what has ended.
const CONTATOS: [(&str, &str, &str); 5] = [
    ("webhook", "recebido_em", "1"),
    ("massiva", "enviada_em", "1"),
    ("retorno", "em", "1"),
    ("hsm", "importada_em", "estado NOT IN ('PENDENTE','ENVIANDO','INCERTA')"),
    ("idempotencia", "em", "1"),
];

/// Clients to be removed: every contract closed since before the cut, nothing owed to Manager, no contact since, no
/// open item of the back office.
///
/// # Errors
/// The store cannot be read or the temporary table not written.
pub fn escolhe(carteira: &Db, atendimento: &Db, corte: &str) -> Result<Vec<(i64, String)>> {
    let sql = "SELECT f.id, f.cpf_cnpj_cliente FROM ficha f
        WHERE NOT EXISTS (SELECT 1 FROM contrato c LEFT JOIN run s ON s.id=c.situacao_run LEFT JOIN run r ON r.id=c.run
                WHERE c.ficha_id=f.id AND (c.situacao NOT IN ('BAIXADO','EXCLUIDO')
                  OR coalesce(s.fim, r.fim, '')>=?1 OR coalesce(r.fim, '')>=?1))
          AND NOT EXISTS (SELECT 1 FROM enviado e WHERE e.ficha_id=f.id)
          AND coalesce((SELECT fim FROM run WHERE run.id=f.run), '')<?1";
    let mut found = carteira.rows(sql, &[Cell::Text(corte)], |r| Ok((r.i64(0)?, r.str(1)?)))?;
    let recent = "SELECT 1 FROM (
        SELECT em AS em FROM tabulacao WHERE ficha_id=?1 UNION ALL SELECT em FROM proposta WHERE ficha_id=?1
        UNION ALL SELECT recebido_em FROM webhook WHERE ficha_id=?1 UNION ALL SELECT em FROM retorno WHERE ficha_id=?1
        UNION ALL SELECT enviada_em FROM massiva WHERE ficha_id=?1 UNION ALL SELECT importada_em FROM hsm WHERE ficha_id=?1
        UNION ALL SELECT '9' FROM workflow WHERE ficha_id=?1 AND fechado=0) WHERE em>=?2 LIMIT 1";
    let mut keep = Vec::with_capacity(found.len());
    for (id, _) in &found {
        keep.push(atendimento.int(recent, &[Cell::Int(*id), Cell::Text(corte)])?.is_none());
    }
    let mut at = keep.into_iter();
    found.retain(|_| at.next().unwrap_or(false));
    Ok(found)
}

/// Takes it away; with `ensaio` everything is rolled back.
///
/// # Errors
/// A file cannot be written; it is as it was.
pub fn purga(
    carteira: &Db,
    atendimento: &Db,
    cortes: &Cortes,
    fichas: &[(i64, String)],
    ensaio: bool,
) -> Result<Purga> {
    let mut out = Purga {
        fichas: fichas.len(),
        documentos: fichas.iter().map(|(_, d)| d.clone()).filter(|d| documento::tipo_de(d).is_some()).collect(),
        ..Purga::default()
    };
    for db in [atendimento, carteira] {
        db.script("PRAGMA secure_delete=ON")?;
        lista(db, carteira, fichas)?;
    }
    let tx = atendimento.begin()?;
    let locks = destrava(&tx)?;
    if let Some(day) = &cortes.contatos {
        for (table, column, ended) in CONTATOS {
            let sql = format!("DELETE FROM {table} WHERE {column}<?1 AND {ended}");
            out.contatos.push((table, tx.exec(&sql, &[Cell::Text(day)])?));
        }
    }
    if let Some(day) = &cortes.auditoria {
        // no trigger lets the audit be changed; only its age, here, takes it
        out.auditoria = tx.exec("DELETE FROM auditoria WHERE em<?1", &[Cell::Text(day)])?;
    }
    let mut rows = pessoa::apaga(&tx)?;
    locks.iter().try_for_each(|sql| tx.script(sql))?;
    if !ensaio {
        tx.commit()?;
    } else {
        drop(tx);
    }
    let tx = carteira.begin()?;
    if let Some(day) = &cortes.desfaz {
        out.diarios = desfaz::esquece(&tx, day)?;
    }
    rows += pessoa::apaga(&tx)?;
    if !ensaio {
        tx.commit()?;
    } else {
        drop(tx);
    }
    let touched = rows + out.diarios + out.auditoria + out.contatos.iter().map(|(_, n)| n).sum::<usize>();
    for db in [atendimento, carteira] {
        db.script("DROP TABLE temp.purgada; DROP TABLE temp.purgado")?;
        if touched > 0 && !ensaio {
            db.script("VACUUM")?;
        }
        db.script("PRAGMA secure_delete=FAST")?;
    }
    Ok(out)
}

/// Lifts what keeps the trail from being deleted, within the transaction; returns the statements that put it back.
fn destrava(db: &Db) -> Result<Vec<String>> {
    let sql = "SELECT name, sql FROM sqlite_schema
               WHERE type='trigger' AND name IN ('auditoria_sem_delete', 'workflow_evento_sem_delete')";
    let found = db.rows(sql, &[], |r| Ok((r.str(0)?, r.str(1)?)))?;
    found.iter().try_for_each(|(name, _)| db.script(&format!("DROP TRIGGER {name}")))?;
    Ok(found.into_iter().map(|(_, sql)| sql).collect())
}

/// Fills `temp.purgada` and `temp.purgado` of a connection.
fn lista(db: &Db, carteira: &Db, fichas: &[(i64, String)]) -> Result<()> {
    db.script(
        "DROP TABLE IF EXISTS temp.purgada; DROP TABLE IF EXISTS temp.purgado;
         CREATE TEMP TABLE purgada (id INTEGER PRIMARY KEY);
         CREATE TEMP TABLE purgado (id INTEGER PRIMARY KEY, contrato TEXT NOT NULL)",
    )?;
    let mut ficha = db.prepare("INSERT INTO temp.purgada VALUES (?1)")?;
    let mut contrato = db.prepare("INSERT OR IGNORE INTO temp.purgado VALUES (?1, ?2)")?;
    for (id, _) in fichas {
        ficha.exec(&[Cell::Int(*id)])?;
        for table in ["contrato", "contrato_ant"] {
            let sql = format!("SELECT id, contrato FROM {table} WHERE ficha_id=?1");
            for (c, text) in carteira.rows(&sql, &[Cell::Int(*id)], |r| Ok((r.i64(0)?, r.str(1)?)))? {
                contrato.exec(&[Cell::Int(c), Cell::Text(&text)])?;
            }
        }
    }
    Ok(())
}
