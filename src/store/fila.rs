//! The queue of the back office (UC012): narrowed, ordered, counted; the names beside it.
//!
//! Read where `atendimento.db` is attached to `carteira.db`.
//!
//! **Performance:** the open queue is read along an index that holds all it is filtered by (`+` keeps the planner on
//! it), in three parts one after the other, so that a page costs the same wherever due items lie.

use super::db::{Cell, Db, Result, Row};
use super::workflow::{COLUNAS, Item, item};
use std::collections::HashSet;

/// Which items.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Recorte {
    /// Those that wait: due ones first, then those without a day, oldest first, then those of later days.
    #[default]
    Abertos,
    /// Those that are done, newest first.
    Encerrados,
    /// All of these clients, open ones first.
    Fichas(Vec<i64>),
}

/// What the queue is narrowed to; all `None`: everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filtro {
    /// Open, closed or of some clients.
    pub recorte: Recorte,
    /// Of this status.
    pub estado: Option<String>,
    /// Of this type.
    pub tipo: Option<String>,
    /// Indicated by this operator.
    pub operador: Option<String>,
    /// Closed at or after this moment; only where closed ones are asked for.
    pub encerrado_desde: Option<String>,
    /// Indicated at or after this moment.
    pub desde: Option<String>,
    /// Indicated before this moment.
    pub ate: Option<String>,
}

impl Filtro {
    /// The condition and its values, numbered from `?1`.
    fn onde(&self) -> (String, Vec<Cell<'_>>) {
        let (mut sql, mut cells) = (String::new(), Vec::new());
        match &self.recorte {
            Recorte::Abertos => sql.push_str("fechado=0"),
            Recorte::Encerrados => sql.push_str("fechado=1"),
            Recorte::Fichas(ids) => {
                cells.extend(ids.iter().map(|i| Cell::Int(*i)));
                let marks: Vec<String> = (1..=ids.len()).map(|i| format!("?{i}")).collect();
                sql.push_str(&format!("ficha_id IN ({})", marks.join(",")));
            }
        }
        // an index on the status alone would sort all of it for one page
        let state = if self.recorte == Recorte::Encerrados { "estado=" } else { "+estado=" };
        for (what, value) in [
            (state, &self.estado),
            ("+tipo=", &self.tipo),
            ("+operador=", &self.operador),
            ("mudado_em>=", &self.encerrado_desde),
            ("aberto_em>=", &self.desde),
            ("aberto_em<", &self.ate),
        ] {
            if let Some(v) = value {
                cells.push(Cell::Text(v));
                sql.push_str(&format!(" AND {what}?{}", cells.len()));
            }
        }
        (sql, cells)
    }

    /// The parts that the order puts one behind the other: condition and order; `{}` is the place of today.
    const fn partes(&self) -> &'static [(&'static str, &'static str)] {
        match self.recorte {
            Recorte::Abertos => &[
                ("AND agendado_para IS NOT NULL AND agendado_para<={}", "agendado_para, aberto_em, id"),
                ("AND agendado_para IS NULL AND {}<>''", "aberto_em, id"),
                ("AND agendado_para IS NOT NULL AND agendado_para>{}", "agendado_para, aberto_em, id"),
            ],
            Recorte::Encerrados => &[("AND {}<>''", "mudado_em DESC, id DESC")],
            Recorte::Fichas(_) => &[("AND {}<>''", "fechado, mudado_em DESC, id DESC")],
        }
    }
}

/// Items of the queue, `pulo` left out before the first of at most `limite`; `hoje` is `AAAA-MM-DD`.
///
/// # Errors
/// The store cannot be read.
pub fn fila(db: &Db, filtro: &Filtro, hoje: &str, limite: usize, pulo: usize) -> Result<Vec<Item>> {
    let (onde, cells) = filtro.onde();
    let (mut out, mut skip) = (Vec::new(), pulo);
    let n = cells.len();
    for (more, order) in filtro.partes() {
        let more = more.replace("{}", &format!("?{}", n + 1));
        let mut all = cells.clone();
        all.push(Cell::Text(hoje));
        let here = if skip > 0 {
            let sql = format!("SELECT count(*) FROM workflow WHERE {onde} {more}");
            usize::try_from(db.int(&sql, &all)?.unwrap_or(0)).unwrap_or(0)
        } else {
            usize::MAX
        };
        if skip >= here {
            skip -= here;
            continue;
        }
        let room = limite - out.len();
        all.push(Cell::Int(i64::try_from(room).unwrap_or(i64::MAX)));
        all.push(Cell::Int(i64::try_from(skip).unwrap_or(i64::MAX)));
        let sql = format!(
            "SELECT {COLUNAS} FROM workflow WHERE {onde} {more} ORDER BY {order} LIMIT ?{} OFFSET ?{}",
            n + 2,
            n + 3
        );
        out.extend(db.rows(&sql, &all, item)?);
        skip = 0;
        if out.len() >= limite {
            break;
        }
    }
    Ok(out)
}

/// How many items a filter leaves.
///
/// # Errors
/// The store cannot be read.
pub fn conta(db: &Db, filtro: &Filtro) -> Result<usize> {
    let (onde, cells) = filtro.onde();
    let n = db.int(&format!("SELECT count(*) FROM workflow WHERE {onde}"), &cells)?;
    Ok(usize::try_from(n.unwrap_or(0)).unwrap_or(0))
}

/// Items per status: the open ones, and those closed at or after a moment.
///
/// # Errors
/// The store cannot be read.
pub fn contagens(db: &Db, encerrados_desde: &str) -> Result<Vec<(String, i64)>> {
    let each = |r: &Row<'_>| Ok((r.str(0)?, r.i64(1)?));
    let mut out = db.rows("SELECT estado, count(*) FROM workflow WHERE fechado=0 GROUP BY estado", &[], each)?;
    let closed = "SELECT estado, count(*) FROM workflow WHERE fechado=1 AND mudado_em>=?1 GROUP BY estado";
    out.extend(db.rows(closed, &[Cell::Text(encerrados_desde)], each)?);
    Ok(out)
}

/// Items that a filter leaves whose day has come.
///
/// # Errors
/// The store cannot be read.
pub fn vencidos(db: &Db, filtro: &Filtro, hoje: &str) -> Result<i64> {
    let (onde, mut cells) = filtro.onde();
    cells.push(Cell::Text(hoje));
    let day = format!("agendado_para IS NOT NULL AND agendado_para<=?{}", cells.len());
    Ok(db.int(&format!("SELECT count(*) FROM workflow WHERE {onde} AND {day}"), &cells)?.unwrap_or(0))
}

/// The operators who indicated, by name, at most `limite`; one step of the index each.
///
/// # Errors
/// The store cannot be read.
pub fn operadores(db: &Db, limite: usize) -> Result<Vec<String>> {
    let mut out: Vec<String> = Vec::new();
    while out.len() < limite {
        let last = out.last().map_or("", String::as_str);
        let sql = "SELECT min(operador) FROM workflow WHERE operador>?1";
        match db.one(sql, &[Cell::Text(last)], |r| r.string(0))?.flatten() {
            Some(next) => out.push(next),
            None => break,
        }
    }
    Ok(out)
}

/// The client's name.
///
/// # Errors
/// The store cannot be read.
pub fn nome(db: &Db, ficha: i64) -> Result<Option<String>> {
    Ok(db.one("SELECT nome_cliente FROM ficha WHERE id=?1", &[Cell::Int(ficha)], |r| r.string(0))?.flatten())
}

/// The client's name and document.
///
/// # Errors
/// The store cannot be read.
pub fn nome_e_documento(db: &Db, ficha: i64) -> Result<(String, String)> {
    let sql = "SELECT nome_cliente, cpf_cnpj_cliente FROM ficha WHERE id=?1";
    Ok(db.one(sql, &[Cell::Int(ficha)], |r| Ok((r.str(0)?, r.str(1)?)))?.unwrap_or_default())
}

/// Clients whose name is as wished, of the newest `alcance` items, newest first, at most `limite`.
///
/// # Errors
/// The store cannot be read.
pub fn por_nome(db: &Db, alcance: i64, limite: usize, mut quer: impl FnMut(&str) -> bool) -> Result<Vec<i64>> {
    let mut query = db.prepare(
        "SELECT w.ficha_id, f.nome_cliente FROM (SELECT ficha_id FROM workflow ORDER BY id DESC LIMIT ?1) w
         CROSS JOIN ficha f ON f.id=w.ficha_id",
    )?;
    let (mut seen, mut out) = (HashSet::new(), Vec::new());
    let mut cursor = query.query(&[Cell::Int(alcance)])?;
    while let Some(r) = cursor.next_row()? {
        let id = r.i64(0)?;
        if seen.insert(id) && r.text(1)?.is_some_and(&mut quer) {
            out.push(id);
            if out.len() >= limite {
                break;
            }
        }
    }
    Ok(out)
}
