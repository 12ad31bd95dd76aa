//! What OMNE's webhook says of a template message of ours (decisions 7): its delivery, and that an INCERTA one was sent.

use super::db::{Cell, Db, Result};
use super::hsm::{self, Estado, PELO_WEBHOOK};
use super::webhook::Elo;

/// The last two messages to a number in one journey that left between two moments, local time, the last first: row and
/// client. One that waits again after its POST left as well.
///
/// # Errors
/// The store cannot be read.
pub fn enviadas(at: &Db, whatsapp: &str, jornada: &str, de: &str, ate: &str) -> Result<Vec<(i64, Elo)>> {
    let sql = "SELECT id, ficha_id, contrato_id FROM hsm WHERE fone=?1 AND jornada=?2
                 AND (enviada_em BETWEEN ?3 AND ?4 OR tentada_em BETWEEN ?3 AND ?4)
                 AND estado IN ('PENDENTE','ENVIANDO','ACEITA','INCERTA')
               ORDER BY CASE WHEN enviada_em BETWEEN ?3 AND ?4 THEN enviada_em ELSE tentada_em END DESC, id DESC LIMIT 2";
    let cells = [Cell::Text(whatsapp), Cell::Text(jornada), Cell::Text(de), Cell::Text(ate)];
    at.rows(sql, &cells, |r| Ok((r.i64(0)?, Elo { ficha: r.i64(1)?, contrato: r.int(2)?, tabulacao: None })))
}

/// Records the delivery told at a moment; of two the later stands, of one moment ENTREGUE. Whatever OMNE tells of a
/// message, it has it: an INCERTA one, or one that waits again after a POST, is ACEITA, with its mark at the time of its
/// sending; one that is being sent will not become INCERTA or wait again ([`super::hsm::conclui`]).
///
/// # Errors
/// The store cannot be written.
pub fn registra(at: &Db, id: i64, entrega: &str, em: &str) -> Result<()> {
    let told = "UPDATE hsm SET entrega=?2, entrega_em=?3
                WHERE id=?1 AND (entrega_em IS NULL OR entrega_em<?3 OR (entrega_em=?3 AND ?2='ENTREGUE'))";
    at.exec(told, &[Cell::Int(id), Cell::Text(entrega), Cell::Text(em)])?;
    let cells = [Cell::Int(id), Cell::Text(PELO_WEBHOOK)];
    let sent = "UPDATE hsm SET estado='ACEITA', motivo=?2 WHERE id=?1 AND estado='INCERTA'";
    if at.exec(sent, &cells)? == 0 {
        let waits = "UPDATE hsm SET estado='ACEITA', motivo=?2, enviada_em=tentada_em
                     WHERE id=?1 AND estado='PENDENTE' AND tentada_em IS NOT NULL";
        if at.exec(waits, &cells)? == 0 {
            return Ok(());
        }
        hsm::conta(at, id)?;
    }
    hsm::marca(at, id, Estado::Aceita)
}
