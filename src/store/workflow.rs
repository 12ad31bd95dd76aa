//! The items that the back office treats (UC012): one open item a contract, or a ficha, and type; its history.
//!
//! Read where `atendimento.db` is attached to `carteira.db`, written on `atendimento.db` alone; no table of one has a
//! name of the other, so that the same text serves both.

use super::db::{Cell, Db, Result, Row};

/// One item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its number.
    pub id: i64,
    /// The client (ID_CRM).
    pub ficha: i64,
    /// The contract's row; none: the ficha has several and none was named.
    pub contrato_id: Option<i64>,
    /// The contract as it is shown.
    pub contrato: Option<String>,
    /// `REFIN` or `EA`.
    pub tipo: String,
    /// Its status.
    pub estado: String,
    /// The day of the next contact, `AAAA-MM-DD`.
    pub agendado_para: Option<String>,
    /// When it was indicated, local time with offset.
    pub aberto_em: String,
    /// When it changed last.
    pub mudado_em: String,
    /// Who indicated it.
    pub operador: String,
    /// Whether its status closes it.
    pub fechado: bool,
    /// Counts its changes.
    pub versao: i64,
}

/// Its columns.
pub(super) const COLUNAS: &str = "id, ficha_id, contrato_id, contrato, tipo, estado, agendado_para, aberto_em, mudado_em, operador, \
                       fechado, versao";

/// One row of them.
pub(super) fn item(r: &Row<'_>) -> Result<Item> {
    Ok(Item {
        id: r.i64(0)?,
        ficha: r.i64(1)?,
        contrato_id: r.int(2)?,
        contrato: r.string(3)?,
        tipo: r.str(4)?,
        estado: r.str(5)?,
        agendado_para: r.string(6)?,
        aberto_em: r.str(7)?,
        mudado_em: r.str(8)?,
        operador: r.str(9)?,
        fechado: r.i64(10)? != 0,
        versao: r.i64(11)?,
    })
}

/// The item with this number.
///
/// # Errors
/// The store cannot be read.
pub fn um(db: &Db, id: i64) -> Result<Option<Item>> {
    db.one(&format!("SELECT {COLUNAS} FROM workflow WHERE id=?1"), &[Cell::Int(id)], item)
}

/// One change of an item, or a tabulation that opened it or was added to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evento {
    /// Its number.
    pub id: i64,
    /// Which item.
    pub item: i64,
    /// When, local time with offset.
    pub em: String,
    /// Who.
    pub quem: String,
    /// The status before.
    pub de: Option<String>,
    /// The status after.
    pub para: String,
    /// What was noted.
    pub nota: Option<String>,
    /// The day of the next contact.
    pub agendado_para: Option<String>,
    /// The tabulation, where one was the cause.
    pub tabulacao: Option<Tabulacao>,
}

/// What an operator reported (UC010), as far as the back office reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tabulacao {
    /// The result's name.
    pub nome: String,
    /// What the operator wrote.
    pub obs: Option<String>,
}

/// The events of an item before one of them (or the newest), newest first.
///
/// # Errors
/// The store cannot be read.
pub fn eventos(db: &Db, item: i64, antes: Option<i64>, limite: usize) -> Result<Vec<Evento>> {
    let sql = "SELECT e.id, e.workflow_id, e.em, e.quem, e.de, e.para, e.nota, e.agendado_para, t.nome, t.obs
               FROM workflow_evento e LEFT JOIN tabulacao t ON t.id=e.tabulacao_id
               WHERE e.workflow_id=?1 AND e.id<?2 ORDER BY e.id DESC LIMIT ?3";
    let limit = i64::try_from(limite).unwrap_or(i64::MAX);
    let cells = [Cell::Int(item), Cell::Int(antes.unwrap_or(i64::MAX)), Cell::Int(limit)];
    db.rows(sql, &cells, |r| {
        let nome = r.string(8)?;
        let obs = r.string(9)?;
        Ok(Evento {
            id: r.i64(0)?,
            item: r.i64(1)?,
            em: r.str(2)?,
            quem: r.str(3)?,
            de: r.string(4)?,
            para: r.str(5)?,
            nota: r.string(6)?,
            agendado_para: r.string(7)?,
            tabulacao: nome.map(|nome| Tabulacao { nome, obs }),
        })
    })
}

/// The last tabulation of an item.
///
/// # Errors
/// The store cannot be read.
pub fn tabulacao(db: &Db, item: i64) -> Result<Option<Tabulacao>> {
    let sql = "SELECT t.nome, t.obs FROM workflow_evento e JOIN tabulacao t ON t.id=e.tabulacao_id
               WHERE e.workflow_id=?1 ORDER BY e.id DESC LIMIT 1";
    db.one(sql, &[Cell::Int(item)], |r| Ok(Tabulacao { nome: r.str(0)?, obs: r.string(1)? }))
}

/// What a change makes of an item.
#[derive(Clone, Copy, Debug)]
pub struct Mudanca<'a> {
    /// The version that was seen.
    pub versao: i64,
    /// The new status.
    pub estado: &'a str,
    /// Whether it closes.
    pub fecha: bool,
    /// The day of the next contact.
    pub agendado_para: Option<&'a str>,
    /// What was noted.
    pub nota: Option<&'a str>,
    /// Who.
    pub quem: &'a str,
    /// When.
    pub em: &'a str,
}

/// Changes an open item that nobody changed since, in an open transaction, with its event; `false`: somebody did.
///
/// # Errors
/// The store cannot be written.
pub fn muda(db: &Db, id: i64, m: &Mudanca<'_>) -> Result<bool> {
    let event = "INSERT INTO workflow_evento (workflow_id, em, quem, de, para, nota, agendado_para)
                 SELECT id, ?3, ?4, estado, ?5, ?6, ?7 FROM workflow WHERE id=?1 AND versao=?2 AND fechado=0";
    let cells = [
        Cell::Int(id),
        Cell::Int(m.versao),
        Cell::Text(m.em),
        Cell::Text(m.quem),
        Cell::Text(m.estado),
        m.nota.map_or(Cell::Null, Cell::Text),
        m.agendado_para.map_or(Cell::Null, Cell::Text),
    ];
    if db.exec(event, &cells)? == 0 {
        return Ok(false);
    }
    let sql = "UPDATE workflow SET estado=?2, agendado_para=?3, fechado=?4, mudado_em=?5, versao=versao+1 WHERE id=?1";
    let cells = [
        Cell::Int(id),
        Cell::Text(m.estado),
        m.agendado_para.map_or(Cell::Null, Cell::Text),
        Cell::Int(i64::from(m.fecha)),
        Cell::Text(m.em),
    ];
    db.exec(sql, &cells)?;
    Ok(true)
}

/// The changes of all items before one of them (or the newest), newest first; `quem`: only this person's.
///
/// # Errors
/// The store cannot be read.
pub fn mudancas(db: &Db, quem: Option<&str>, antes: Option<i64>, limite: usize) -> Result<Vec<(Evento, Item)>> {
    let columns = COLUNAS.split(", ").map(|c| format!("w.{c}")).collect::<Vec<_>>().join(", ");
    let whose = if quem.is_some() { "AND e.quem=?3" } else { "" };
    let sql = format!(
        "SELECT {columns}, e.id, e.em, e.quem, e.de, e.para, e.nota, e.agendado_para
         FROM workflow_evento e JOIN workflow w ON w.id=e.workflow_id WHERE e.id<?1 {whose} ORDER BY e.id DESC LIMIT ?2"
    );
    let limit = i64::try_from(limite).unwrap_or(i64::MAX);
    let mut cells = vec![Cell::Int(antes.unwrap_or(i64::MAX)), Cell::Int(limit)];
    cells.extend(quem.map(Cell::Text));
    db.rows(&sql, &cells, |r| {
        let of = item(r)?;
        let event = Evento {
            id: r.i64(12)?,
            item: of.id,
            em: r.str(13)?,
            quem: r.str(14)?,
            de: r.string(15)?,
            para: r.str(16)?,
            nota: r.string(17)?,
            agendado_para: r.string(18)?,
            tabulacao: None,
        };
        Ok((event, of))
    })
}

/// An entry of the audit: number, when, who, which client, what.
pub type Acesso = (i64, String, String, Option<i64>, String);

/// What the audit holds of the pages, before an entry (or the newest), newest first; `quem`: only this person's.
/// What is told of each client of a list, `fora`, is left out.
///
/// # Errors
/// The store cannot be read.
pub fn acessos(db: &Db, quem: Option<&str>, fora: [&str; 2], antes: Option<i64>, limite: usize) -> Result<Vec<Acesso>> {
    let whose = if quem.is_some() { "AND quem=?5" } else { "" };
    let sql = format!(
        "SELECT id, em, quem, ficha_id, o_que FROM auditoria
         WHERE quem>='workflow:' AND quem<'workflow;' AND id<?1 AND o_que NOT IN (?3, ?4) {whose}
         ORDER BY id DESC LIMIT ?2"
    );
    let limit = i64::try_from(limite).unwrap_or(i64::MAX);
    let who = quem.map(|q| format!("workflow:{q}"));
    let mut cells =
        vec![Cell::Int(antes.unwrap_or(i64::MAX)), Cell::Int(limit), Cell::Text(fora[0]), Cell::Text(fora[1])];
    cells.extend(who.as_deref().map(Cell::Text));
    db.rows(&sql, &cells, |r| Ok((r.i64(0)?, r.str(1)?, r.str(2)?, r.int(3)?, r.str(4)?)))
}

/// What a tabulation indicates.
#[derive(Clone, Copy, Debug)]
pub struct Indicacao<'a> {
    /// ID_CRM.
    pub ficha: i64,
    /// Row and text of the contract; none: the ficha as a whole.
    pub contrato: Option<(i64, &'a str)>,
    /// `REFIN` or `EA`.
    pub tipo: &'a str,
    /// The state of a new item.
    pub primeiro: &'a str,
    /// Who tabulated.
    pub operador: &'a str,
    /// What the operator noted.
    pub nota: Option<&'a str>,
    /// The tabulation.
    pub tabulacao: i64,
    /// When.
    pub em: &'a str,
}

/// Opens an item, or adds to the open one: its state stays, its version rises, so that whoever is changing it sees what
/// came. Returns its id.
///
/// # Errors
/// The store cannot be written.
pub fn indica(db: &Db, i: &Indicacao<'_>) -> Result<i64> {
    let contract = i.contrato.map(|(id, _)| id);
    let found = db.one(
        "SELECT id, estado FROM workflow
         WHERE ficha_id=?1 AND coalesce(contrato_id, 0)=coalesce(?2, 0) AND tipo=?3 AND fechado=0",
        &[Cell::Int(i.ficha), Cell::from(contract), Cell::Text(i.tipo)],
        |r| Ok((r.i64(0)?, r.str(1)?)),
    )?;
    let (id, from, to) = match found {
        Some((id, state)) => {
            let sql = "UPDATE workflow SET mudado_em=?2, versao=versao+1 WHERE id=?1";
            db.exec(sql, &[Cell::Int(id), Cell::Text(i.em)])?;
            (id, Some(state.clone()), state)
        }
        None => {
            db.exec(
                "INSERT INTO workflow (ficha_id, contrato_id, contrato, tipo, estado, aberto_em, mudado_em, operador,
                   fechado, versao) VALUES (?1,?2,?3,?4,?5,?6,?6,?7,0,1)",
                &[
                    Cell::Int(i.ficha),
                    Cell::from(contract),
                    Cell::from(i.contrato.map(|(_, text)| text)),
                    Cell::Text(i.tipo),
                    Cell::Text(i.primeiro),
                    Cell::Text(i.em),
                    Cell::Text(i.operador),
                ],
            )?;
            (db.last_id(), None, i.primeiro.to_owned())
        }
    };
    db.exec(
        "INSERT INTO workflow_evento (workflow_id, em, quem, de, para, nota, tabulacao_id) VALUES (?1,?2,?3,?4,?5,?6,?7)",
        &[
            Cell::Int(id),
            Cell::Text(i.em),
            Cell::Text(i.operador),
            Cell::from(from.as_ref()),
            Cell::Text(&to),
            Cell::from(i.nota),
            Cell::Int(i.tabulacao),
        ],
    )?;
    Ok(id)
}
