//! What OMNE told (UC008), in `atendimento.db`: raw bodies, their versions, their links.
//!
//! `schema` is `main`, or the name under which the file is attached. A row of one key that is not its newest version is
//! `SUBSTITUIDO`; it follows the links of the newest.

use super::db::{Cell, Db, Result, Row};

/// Stored, not looked at yet.
pub const RECEBIDO: &str = "RECEBIDO";
/// Its client is known.
pub const VINCULADO: &str = "VINCULADO";
/// Nobody was found; tried again when more is known.
pub const NAO_VINCULADO: &str = "NAO_VINCULADO";
/// Several may be meant; likewise.
pub const AMBIGUO: &str = "AMBIGUO";
/// An older version.
pub const SUBSTITUIDO: &str = "SUBSTITUIDO";
/// Of a type that belongs to no client.
pub const ARMAZENADO: &str = "ARMAZENADO";
/// All of them.
pub const ESTADOS: [&str; 6] = [RECEBIDO, VINCULADO, NAO_VINCULADO, AMBIGUO, SUBSTITUIDO, ARMAZENADO];

/// A body to be kept.
#[derive(Clone, Copy, Debug)]
pub struct Novo<'a> {
    /// Its type.
    pub tipo: &'a str,
    /// Its key within the type.
    pub chave: &'a str,
    /// SHA-256, hex.
    pub sha256: &'a str,
    /// The moment that it tells, or empty.
    pub versao: &'a str,
    /// As it came.
    pub corpo: &'a [u8],
    /// When, local time with offset.
    pub recebido_em: &'a str,
    /// [`RECEBIDO`] or [`ARMAZENADO`].
    pub estado: &'a str,
    /// Its attendance.
    pub attendance: Option<&'a str>,
    /// The visitor that it names.
    pub visitante: Option<&'a str>,
}

/// Keeps a body; its row, and whether it is new.
///
/// # Errors
/// The store cannot be written.
pub fn insere(db: &Db, n: &Novo<'_>) -> Result<(i64, bool)> {
    let sql = "INSERT INTO webhook (tipo, chave, sha256, versao, corpo, recebido_em, estado, attendance_id, visitante)
               VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9) ON CONFLICT DO NOTHING";
    let key = [Cell::Text(n.tipo), Cell::Text(n.chave), Cell::Text(n.sha256)];
    let [tipo, chave, sha] = key;
    let rest = [Cell::Text(n.versao), Cell::Blob(n.corpo), Cell::Text(n.recebido_em), Cell::Text(n.estado)];
    let [versao, corpo, em, estado] = rest;
    let cells = [tipo, chave, sha, versao, corpo, em, estado, Cell::from(n.attendance), Cell::from(n.visitante)];
    if db.exec(sql, &cells)? > 0 {
        return Ok((db.last_id(), true));
    }
    let id = db.int("SELECT id FROM webhook WHERE tipo=?1 AND chave=?2 AND sha256=?3", &key)?;
    Ok((id.unwrap_or(0), false))
}

/// The newest version of a key, but for one row: its number and the moment that it tells.
///
/// # Errors
/// The store cannot be read.
pub fn atual(db: &Db, tipo: &str, chave: &str, fora: i64) -> Result<Option<(i64, String)>> {
    let sql = "SELECT id, versao FROM webhook WHERE tipo=?1 AND chave=?2 AND id<>?3 AND estado<>'SUBSTITUIDO'";
    db.one(sql, &[Cell::Text(tipo), Cell::Text(chave), Cell::Int(fora)], |r| Ok((r.i64(0)?, r.str(1)?)))
}

/// Row `velha` is an older version of `nova`, whose links it follows.
///
/// # Errors
/// The store cannot be written.
pub fn substitui(db: &Db, velha: i64, nova: i64) -> Result<()> {
    let sql = "UPDATE webhook SET estado='SUBSTITUIDO',
                 via=coalesce(n.via, webhook.via), ficha_id=coalesce(n.ficha_id, webhook.ficha_id),
                 contrato_id=coalesce(n.contrato_id, webhook.contrato_id),
                 tabulacao_id=coalesce(n.tabulacao_id, webhook.tabulacao_id)
               FROM (SELECT via, ficha_id, contrato_id, tabulacao_id FROM webhook WHERE id=?2) n WHERE webhook.id=?1";
    db.exec(sql, &[Cell::Int(velha), Cell::Int(nova)]).map(|_| ())
}

/// Linking looks at a row again; its links stand meanwhile.
///
/// # Errors
/// The store cannot be written.
pub fn reabre(db: &Db, id: i64) -> Result<()> {
    db.exec("UPDATE webhook SET estado='RECEBIDO' WHERE id=?1", &[Cell::Int(id)]).map(|_| ())
}

/// A row as linking and people see it.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its number.
    pub id: i64,
    /// Its type.
    pub tipo: String,
    /// Its key within the type.
    pub chave: String,
    /// When it came.
    pub recebido_em: String,
    /// Where it stands.
    pub estado: String,
    /// By what its client was found.
    pub via: Option<String>,
    /// Its client.
    pub ficha: Option<i64>,
    /// The contract.
    pub contrato: Option<i64>,
    /// Its tabulation.
    pub tabulacao: Option<i64>,
    /// Its attendance.
    pub attendance: Option<String>,
    /// When linking was tried last.
    pub tentado_em: Option<String>,
    /// As it came (personal); empty in a list.
    pub corpo: Vec<u8>,
}

const COLUNAS: &str =
    "id, tipo, chave, recebido_em, estado, via, ficha_id, contrato_id, tabulacao_id, attendance_id, tentado_em";

fn linha(r: &Row<'_>) -> Result<Webhook> {
    Ok(Webhook {
        id: r.i64(0)?,
        tipo: r.str(1)?,
        chave: r.str(2)?,
        recebido_em: r.str(3)?,
        estado: r.str(4)?,
        via: r.string(5)?,
        ficha: r.int(6)?,
        contrato: r.int(7)?,
        tabulacao: r.int(8)?,
        attendance: r.string(9)?,
        tentado_em: r.string(10)?,
        corpo: r.blob(11)?,
    })
}

/// One row with its body.
///
/// # Errors
/// The store cannot be read.
pub fn um(db: &Db, schema: &str, id: i64) -> Result<Option<Webhook>> {
    db.one(&format!("SELECT {COLUNAS}, corpo FROM {schema}.webhook WHERE id=?1"), &[Cell::Int(id)], linha)
}

/// Rows below a number (0: from the newest on), newest first, without bodies.
///
/// # Errors
/// The store cannot be read.
pub fn lista(
    db: &Db,
    schema: &str,
    estado: Option<&str>,
    tipo: Option<&str>,
    abaixo: i64,
    max: i64,
) -> Result<Vec<Webhook>> {
    let sql = format!(
        "SELECT {COLUNAS}, NULL FROM {schema}.webhook WHERE (?1 IS NULL OR estado=?1) AND (?2 IS NULL OR tipo=?2)
         AND (?3=0 OR id<?3) ORDER BY id DESC LIMIT ?4"
    );
    db.rows(&sql, &[Cell::from(estado), Cell::from(tipo), Cell::Int(abaixo), Cell::Int(max)], linha)
}

/// Number of rows by state.
///
/// # Errors
/// The store cannot be read.
pub fn por_estado(db: &Db, schema: &str) -> Result<Vec<(String, i64)>> {
    let sql = format!("SELECT estado, count(*) FROM {schema}.webhook GROUP BY estado");
    db.rows(&sql, &[], |r| Ok((r.str(0)?, r.i64(1)?)))
}

/// Rows of one key, newest version first, with bodies.
///
/// # Errors
/// The store cannot be read.
pub fn versoes(db: &Db, tipo: &str, chave: &str) -> Result<Vec<Vec<u8>>> {
    let sql = "SELECT corpo FROM webhook WHERE tipo=?1 AND chave=?2
               ORDER BY estado='SUBSTITUIDO', versao DESC, id DESC LIMIT 20";
    db.rows(sql, &[Cell::Text(tipo), Cell::Text(chave)], |r| r.blob(0))
}

/// Rows to be linked: new ones first, then those not found yet since when carteira has had a run more than `run`.
///
/// # Errors
/// The store cannot be read.
pub fn pendentes(db: &Db, schema: &str, run: i64, max: i64) -> Result<Vec<i64>> {
    let new = format!("SELECT id FROM {schema}.webhook WHERE estado='RECEBIDO' ORDER BY id LIMIT ?1");
    let mut out = db.rows(&new, &[Cell::Int(max)], |r| r.i64(0))?;
    let again = format!("SELECT id FROM {schema}.webhook WHERE estado=?1 AND tentado_run<?2 LIMIT ?3");
    for estado in [NAO_VINCULADO, AMBIGUO] {
        let left = max.saturating_sub(i64::try_from(out.len()).unwrap_or(max));
        out.extend(db.rows(&again, &[Cell::Text(estado), Cell::Int(run), Cell::Int(left)], |r| r.i64(0))?);
    }
    Ok(out)
}

/// Rows not found yet, after a number: for whoever asks for all of them.
///
/// # Errors
/// The store cannot be read.
pub fn soltos(db: &Db, depois: i64, max: i64) -> Result<Vec<i64>> {
    let sql = "SELECT id FROM webhook WHERE estado IN ('RECEBIDO','NAO_VINCULADO','AMBIGUO') AND id>?1
               ORDER BY id LIMIT ?2";
    db.rows(sql, &[Cell::Int(depois), Cell::Int(max)], |r| r.i64(0))
}

/// Rows without a client that a linked attendance may bring one to: of that attendance, and the visits of its visitor.
///
/// # Errors
/// The store cannot be read.
pub fn dependentes(db: &Db, attendance: &str) -> Result<Vec<i64>> {
    let sql = "SELECT id FROM webhook WHERE attendance_id=?1 AND tipo<>'attendance'
                 AND estado IN ('RECEBIDO','NAO_VINCULADO','AMBIGUO')
               UNION SELECT id FROM webhook WHERE tipo='visitor' AND estado IN ('RECEBIDO','NAO_VINCULADO','AMBIGUO')
                 AND chave IN (SELECT ?1 UNION SELECT visitante FROM webhook
                               WHERE attendance_id=?1 AND visitante IS NOT NULL)";
    db.rows(sql, &[Cell::Text(attendance)], |r| r.i64(0))
}

/// A client, and the tabulation through which it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elo {
    /// The ficha.
    pub ficha: i64,
    /// The contract, where one is known.
    pub contrato: Option<i64>,
    /// The tabulation.
    pub tabulacao: Option<i64>,
}

/// The link of an attendance whose event is linked.
///
/// # Errors
/// The store cannot be read.
pub fn elo_do_atendimento(db: &Db, attendance: &str) -> Result<Option<Elo>> {
    let sql = "SELECT ficha_id, contrato_id, tabulacao_id FROM webhook
               WHERE attendance_id=?1 AND tipo='attendance' AND estado='VINCULADO' ORDER BY id LIMIT 1";
    db.one(sql, &[Cell::Text(attendance)], |r| Ok(Elo { ficha: r.i64(0)?, contrato: r.int(1)?, tabulacao: r.int(2)? }))
}

/// The attendances of a visitor that are linked, with their links.
///
/// # Errors
/// The store cannot be read.
pub fn do_visitante(db: &Db, visitante: &str) -> Result<Vec<(String, Elo)>> {
    let sql = "SELECT attendance_id, ficha_id, contrato_id, tabulacao_id FROM webhook
               WHERE id IN (SELECT id FROM webhook WHERE visitante=?1 UNION SELECT id FROM webhook WHERE attendance_id=?1)
                 AND tipo='attendance' AND estado='VINCULADO' ORDER BY id";
    db.rows(sql, &[Cell::Text(visitante)], |r| {
        Ok((r.str(0)?, Elo { ficha: r.i64(1)?, contrato: r.int(2)?, tabulacao: r.int(3)? }))
    })
}

/// Links a row, and its older versions.
///
/// # Errors
/// The store cannot be written.
pub fn vincula(db: &Db, w: &Webhook, via: &str, elo: Elo, attendance: Option<&str>, em: &str) -> Result<()> {
    let sql = "UPDATE webhook SET via=?3, ficha_id=?4, contrato_id=?5, tabulacao_id=?6, tentado_em=?7,
                 attendance_id=coalesce(?8, attendance_id),
                 estado=CASE WHEN estado='SUBSTITUIDO' THEN estado ELSE 'VINCULADO' END
               WHERE tipo=?1 AND chave=?2";
    let cells = [
        Cell::Text(&w.tipo),
        Cell::Text(&w.chave),
        Cell::Text(via),
        Cell::Int(elo.ficha),
        Cell::from(elo.contrato),
        Cell::from(elo.tabulacao),
        Cell::Text(em),
        Cell::from(attendance),
    ];
    db.exec(sql, &cells).map(|_| ())
}

/// Everything of an attendance that is linked gets another link.
///
/// # Errors
/// The store cannot be written.
pub fn segue(db: &Db, attendance: &str, elo: Elo) -> Result<()> {
    let sql = "UPDATE webhook SET ficha_id=?2, contrato_id=?3, tabulacao_id=?4
               WHERE attendance_id=?1 AND ficha_id IS NOT NULL";
    let (contrato, tabulacao) = (Cell::from(elo.contrato), Cell::from(elo.tabulacao));
    db.exec(sql, &[Cell::Text(attendance), Cell::Int(elo.ficha), contrato, tabulacao]).map(|_| ())
}

/// The attendance's events belong to a tabulation that names it, whatever they were linked by before.
///
/// # Errors
/// The store cannot be written.
pub fn toma(db: &Db, attendance: &str, elo: Elo, em: &str) -> Result<()> {
    let sql = "UPDATE webhook SET via='ATTENDANCE', ficha_id=?2, contrato_id=?3, tabulacao_id=?4, tentado_em=?5,
                 estado=CASE WHEN estado='SUBSTITUIDO' THEN estado ELSE 'VINCULADO' END WHERE attendance_id=?1";
    let (contrato, tabulacao) = (Cell::from(elo.contrato), Cell::from(elo.tabulacao));
    db.exec(sql, &[Cell::Text(attendance), Cell::Int(elo.ficha), contrato, tabulacao, Cell::Text(em)]).map(|_| ())
}

/// Nobody was found, or several.
///
/// # Errors
/// The store cannot be written.
pub fn solta(db: &Db, id: i64, estado: &str, run: i64, em: &str) -> Result<()> {
    let sql = "UPDATE webhook SET estado=?2, tentado_run=?3, tentado_em=?4 WHERE id=?1";
    db.exec(sql, &[Cell::Int(id), Cell::Text(estado), Cell::Int(run), Cell::Text(em)]).map(|_| ())
}
