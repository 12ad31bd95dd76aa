//! Tabulations: what came of a contact with a client (UC010). They are rows of the history and never change; a
//! provisional one of a webhook gives way to the Portal's own.

use super::db::{Cell, Db, Result};

/// A tabulation of the Portal.
#[derive(Clone, Debug, Default)]
pub struct Tabulacao<'a> {
    /// ID_CRM.
    pub ficha: i64,
    /// Row and text of its contract.
    pub contrato: Option<(i64, &'a str)>,
    /// Id, name and `boleto` of the result.
    pub resultado: i64,
    /// Its name then.
    pub nome: &'a str,
    /// It sends a boleto.
    pub boleto: bool,
    /// idTipoCanal.
    pub canal: i64,
    /// Who.
    pub usuario: &'a str,
    /// The number worked.
    pub fone: Option<&'a str>,
    /// The number of the appointment.
    pub agendado: Option<&'a str>,
    /// The instalments in question.
    pub parcela: Option<&'a str>,
    /// Free text.
    pub obs: Option<&'a str>,
    /// OMNE's attendance.
    pub attendance_id: Option<&'a str>,
    /// OMNE's protocol.
    pub protocolo: Option<&'a str>,
    /// The bank's ticket.
    pub ticket_id: Option<&'a str>,
    /// When the attendance began, `AAAA-MM-DD HH:MM:SS`.
    pub inicio: Option<&'a str>,
    /// When.
    pub em: &'a str,
}

/// Adds one; returns its id.
///
/// # Errors
/// The store cannot be written.
pub fn poe(db: &Db, t: &Tabulacao<'_>) -> Result<i64> {
    db.exec(
        "INSERT INTO tabulacao (ficha_id, contrato_id, contrato, origem, resultado, nome, boleto, canal, usuario, fone,
           agendado, parcela, obs, attendance_id, protocolo, ticket_id, inicio, em)
         VALUES (?1,?2,?3,'PORTAL',?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17)",
        &[
            Cell::Int(t.ficha),
            Cell::from(t.contrato.map(|(id, _)| id)),
            Cell::from(t.contrato.map(|(_, text)| text)),
            Cell::Int(t.resultado),
            Cell::Text(t.nome),
            Cell::Int(i64::from(t.boleto)),
            Cell::Int(t.canal),
            Cell::Text(t.usuario),
            Cell::from(t.fone),
            Cell::from(t.agendado),
            Cell::from(t.parcela),
            Cell::from(t.obs),
            Cell::from(t.attendance_id),
            Cell::from(t.protocolo),
            Cell::from(t.ticket_id),
            Cell::from(t.inicio),
            Cell::Text(t.em),
        ],
    )?;
    Ok(db.last_id())
}
