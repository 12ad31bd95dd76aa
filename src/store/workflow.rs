//! The items that the back office treats (UC012): one open item a contract, or a ficha, and type.

use super::db::{Cell, Db, Result};

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
