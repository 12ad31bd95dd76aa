//! What linking a webhook looks up (UC008): the tabulations of an attendance, whose a number or an address is, what was
//! sent to it. `at` is `atendimento.db` as its own, `carteira` the other file.

use super::contatos::Contatos;
use super::db::{Cell, Db, Result};
use super::schema::Tabela;
use super::webhook::Elo;
use crate::domain::fone::Fone;
use crate::domain::telefones::une;
use std::collections::{HashMap, HashSet};

/// Carteira's last run.
///
/// # Errors
/// The store cannot be read.
pub fn ultimo_run(carteira: &Db) -> Result<i64> {
    Ok(carteira.int("SELECT max(id) FROM run", &[])?.unwrap_or(0))
}

/// The last tabulation of the Portal that names an attendance.
///
/// # Errors
/// The store cannot be read.
pub fn do_portal(at: &Db, attendance: &str) -> Result<Option<Elo>> {
    let sql = "SELECT ficha_id, contrato_id, id FROM tabulacao WHERE attendance_id=?1 AND origem<>'WEBHOOK'
               ORDER BY id DESC LIMIT 1";
    at.one(sql, &[Cell::Text(attendance)], |r| Ok(Elo { ficha: r.i64(0)?, contrato: r.int(1)?, tabulacao: r.int(2)? }))
}

/// The attendances that the Portal's tabulations after a number name and whose events are not theirs yet, at most so many;
/// and the last tabulation that need not be looked at again.
///
/// # Errors
/// The store cannot be read.
pub fn tabulados(db: &Db, schema: &str, depois: i64, max: i64) -> Result<(Vec<String>, i64)> {
    let last = db.int(&format!("SELECT max(id) FROM {schema}.tabulacao"), &[])?.unwrap_or(0);
    if last <= depois {
        return Ok((Vec::new(), depois));
    }
    let sql = format!(
        "SELECT id, attendance_id FROM {schema}.tabulacao t WHERE id>?1 AND id<=?2 AND attendance_id IS NOT NULL
           AND origem<>'WEBHOOK' AND EXISTS (SELECT 1 FROM {schema}.webhook w
             WHERE w.attendance_id=t.attendance_id AND w.tabulacao_id IS NOT t.id)
         ORDER BY id LIMIT ?3"
    );
    let cells = [Cell::Int(depois), Cell::Int(last), Cell::Int(max)];
    let found = db.rows(&sql, &cells, |r| Ok((r.i64(0)?, r.str(1)?)))?;
    let full = i64::try_from(found.len()).unwrap_or(max) >= max;
    let seen = found.last().filter(|_| full).map_or(last, |(id, _)| *id);
    Ok((found.into_iter().map(|(_, a)| a).collect(), seen))
}

/// A tabulation that stands for an attendance until the Portal's own comes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provisoria<'a> {
    /// The client.
    pub ficha: i64,
    /// Its only active contract: row and text.
    pub contrato: Option<(i64, String)>,
    /// What people read in the history.
    pub nome: &'a str,
    /// Its attendance.
    pub attendance: Option<&'a str>,
    /// idTipoCanal.
    pub canal: Option<i64>,
    /// OMNE's operator.
    pub usuario: Option<&'a str>,
    /// DDD and number.
    pub fone: Option<&'a str>,
    /// OMNE's protocol.
    pub protocolo: Option<&'a str>,
    /// When the attendance began.
    pub inicio: Option<&'a str>,
    /// When it was made, local time with offset.
    pub em: &'a str,
}

/// The provisional tabulation of an attendance.
///
/// # Errors
/// The store cannot be read.
pub fn provisoria(at: &Db, attendance: &str) -> Result<Option<i64>> {
    at.int("SELECT id FROM tabulacao WHERE attendance_id=?1 AND origem='WEBHOOK'", &[Cell::Text(attendance)])
}

/// Writes a provisional tabulation: a new one, or over the one that is there; its number.
///
/// # Errors
/// The store cannot be written.
pub fn grava_provisoria(at: &Db, id: Option<i64>, p: &Provisoria<'_>) -> Result<i64> {
    let cells = [
        Cell::Int(p.ficha),
        Cell::from(p.contrato.as_ref().map(|c| c.0)),
        Cell::from(p.contrato.as_ref().map(|c| &c.1)),
        Cell::Text(p.nome),
        Cell::from(p.canal),
        Cell::from(p.usuario),
        Cell::from(p.fone),
        Cell::from(p.attendance),
        Cell::from(p.protocolo),
        Cell::from(p.inicio),
    ];
    if let Some(id) = id {
        let sql =
            "UPDATE tabulacao SET ficha_id=?1, contrato_id=?2, contrato=?3, nome=?4, canal=?5, usuario=?6, fone=?7,
                     attendance_id=?8, protocolo=?9, inicio=?10 WHERE id=?11 AND origem='WEBHOOK'";
        let cells: Vec<Cell<'_>> = cells.into_iter().chain([Cell::Int(id)]).collect();
        at.exec(sql, &cells)?;
        return Ok(id);
    }
    let sql = "INSERT INTO tabulacao (ficha_id, contrato_id, contrato, origem, nome, boleto, canal, usuario, fone,
                 attendance_id, protocolo, inicio, em) VALUES (?1,?2,?3,'WEBHOOK',?4,0,?5,?6,?7,?8,?9,?10,?11)";
    let cells: Vec<Cell<'_>> = cells.into_iter().chain([Cell::Text(p.em)]).collect();
    at.exec(sql, &cells)?;
    Ok(at.last_id())
}

/// The provisional tabulation of an attendance goes.
///
/// # Errors
/// The store cannot be written.
pub fn tira_provisoria(at: &Db, attendance: &str) -> Result<()> {
    at.exec("DELETE FROM tabulacao WHERE attendance_id=?1 AND origem='WEBHOOK'", &[Cell::Text(attendance)]).map(|_| ())
}

/// The active contracts of a ficha: row and text.
///
/// # Errors
/// The store cannot be read.
pub fn ativos(carteira: &Db, ficha: i64) -> Result<Vec<(i64, String)>> {
    let sql = "SELECT id, contrato FROM contrato WHERE ficha_id=?1 AND situacao='ATIVO' ORDER BY id";
    carteira.rows(sql, &[Cell::Int(ficha)], |r| Ok((r.i64(0)?, r.str(1)?)))
}

/// The two numbers, with nine digits and with eight, that DDD and last eight digits may mean.
fn formas(fone: Fone) -> impl Iterator<Item = Fone> {
    let (ddd, last) = (fone.ddd(), fone.sem_ddd() % 100_000_000);
    [format!("{ddd}9{last:08}"), format!("{ddd}{last:08}")].into_iter().filter_map(|f| Fone::from_completo(&f))
}

/// The fichas that list a number, compared by DDD and last eight digits. A third party's, and what the remessa calls
/// invalid, is nobody's.
///
/// # Errors
/// The store cannot be read.
pub fn por_fone(contatos: &mut Contatos<'_>, fone: Fone) -> Result<Vec<i64>> {
    let mut out = Vec::new();
    for number in formas(fone) {
        let lines = contatos.de_todos(number)?;
        out.extend(lines.into_iter().filter(|(_, l)| !une(l).is_empty()).map(|(ficha, _)| ficha));
    }
    out.sort_unstable();
    out.dedup();
    Ok(out)
}

/// The fichas of many addresses (lower case) at once.
///
/// The remessa's have no index: it would cost every import a page for each contact that changes, and 50 MB for a million
/// of them, while the scan takes 0.1 s there, is done once for a whole batch of events, and only when one of them was
/// not found by anything else.
///
/// # Errors
/// The store cannot be read.
pub fn por_email(at: &Db, carteira: &Db, emails: &HashSet<String>) -> Result<HashMap<String, Vec<i64>>> {
    let mut out: HashMap<String, Vec<i64>> = HashMap::new();
    if emails.is_empty() {
        return Ok(out);
    }
    let mut found = Vec::new();
    let table = Tabela::Email.nome();
    let column = "SELECT count(*) FROM pragma_table_info(?1) WHERE name='email'";
    if carteira.int(column, &[Cell::Text(table)])? == Some(1) {
        carteira.each(&format!("SELECT email, contrato_id FROM {table} WHERE email IS NOT NULL"), &[], |r| {
            if let Some(known) = r.text(0)?.map(str::to_lowercase).filter(|e| emails.contains(e)) {
                found.push((known, r.i64(1)?));
            }
            Ok(())
        })?;
    }
    for (email, contrato) in found {
        let ficha = carteira.int("SELECT ficha_id FROM contrato WHERE id=?1", &[Cell::Int(contrato)])?;
        out.entry(email).or_default().extend(ficha);
    }
    // few, beside the remessa's
    at.each("SELECT email, ficha_id FROM portal_email", &[], |r| {
        if let Some(known) = r.text(0)?.map(str::to_lowercase).filter(|e| emails.contains(e)) {
            out.entry(known).or_default().push(r.i64(1)?);
        }
        Ok(())
    })?;
    for fichas in out.values_mut() {
        fichas.sort_unstable();
        fichas.dedup();
    }
    Ok(out)
}

/// The last mass action to a number of a ficha between two moments, local time: SMS, or a template message that left.
///
/// # Errors
/// The store cannot be read.
pub fn massiva_ao_fone(at: &Db, ficha: i64, fone: Fone, de: &str, ate: &str) -> Result<Option<String>> {
    let mut last = None;
    for number in formas(fone) {
        let sms = "SELECT max(enviada_em) FROM massiva WHERE ficha_id=?1 AND canal='SMS' AND fone=?2
                   AND enviada_em BETWEEN ?3 AND ?4";
        let hsm = "SELECT max(enviada_em) FROM hsm WHERE ficha_id=?1 AND fone=?2 AND enviada_em BETWEEN ?3 AND ?4
                   AND estado IN ('ENVIANDO','ACEITA','INCERTA')";
        for (sql, text) in [(sms, Some(number.completo())), (hsm, number.whatsapp())] {
            let Some(text) = text else { continue };
            let cells = [Cell::Int(ficha), Cell::Text(&text), Cell::Text(de), Cell::Text(ate)];
            last = last.max(at.one(sql, &cells, |r| r.string(0))?.flatten());
        }
    }
    Ok(last)
}

/// The last e-mail of a mass action to an address of a ficha between two moments, local time.
///
/// # Errors
/// The store cannot be read.
pub fn massiva_ao_email(at: &Db, ficha: i64, email: &str, de: &str, ate: &str) -> Result<Option<String>> {
    let sql =
        "SELECT enviada_em, email FROM massiva WHERE ficha_id=?1 AND canal='EMAIL' AND enviada_em BETWEEN ?2 AND ?3";
    let rows = at.rows(sql, &[Cell::Int(ficha), Cell::Text(de), Cell::Text(ate)], |r| Ok((r.str(0)?, r.string(1)?)))?;
    Ok(rows
        .into_iter()
        .filter(|(_, to)| to.as_deref().is_some_and(|t| t.to_lowercase() == email))
        .map(|(em, _)| em)
        .max())
}
