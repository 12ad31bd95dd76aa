//! The contacts with one client, read where `atendimento.db` is attached under that name.

use super::db::{Cell, Db, Result};
use super::massiva::Canal;

/// A mass action, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acao {
    /// The contract's row; 0: the ficha as a whole.
    pub contrato_id: i64,
    /// The sender's number for it.
    pub protocolo: String,
    /// When it was sent, local time.
    pub enviada_em: String,
    /// SMS: the number.
    pub fone: String,
    /// E-mail: the address.
    pub email: Option<String>,
    /// SMS: the text.
    pub mensagem: Option<String>,
}

/// The mass actions of a ficha through one channel, newest first.
pub fn massivas(db: &Db, ficha: i64, canal: Canal) -> Result<Vec<Acao>> {
    let sql = "SELECT contrato_id, protocolo, enviada_em, fone, email, mensagem FROM atendimento.massiva
               WHERE ficha_id=?1 AND canal=?2 ORDER BY enviada_em DESC, protocolo, fone, contrato_id";
    db.rows(sql, &[Cell::Int(ficha), Cell::Text(canal.as_str())], |r| {
        Ok(Acao {
            contrato_id: r.i64(0)?,
            protocolo: r.str(1)?,
            enviada_em: r.str(2)?,
            fone: r.str(3)?,
            email: r.string(4)?,
            mensagem: r.string(5)?,
        })
    })
}

/// A call, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ligacao {
    /// When, local time.
    pub em: String,
    /// DDD and number.
    pub fone: String,
    /// What became of it.
    pub status: String,
}

/// The calls to a ficha, newest first.
pub fn ligacoes(db: &Db, ficha: i64) -> Result<Vec<Ligacao>> {
    let sql = "SELECT em, fone, status FROM atendimento.retorno WHERE ficha_id=?1 ORDER BY em DESC, fone, status";
    db.rows(sql, &[Cell::Int(ficha)], |r| Ok(Ligacao { em: r.str(0)?, fone: r.str(1)?, status: r.str(2)? }))
}

/// The messages to a ficha that left, whatever came of them.
pub fn hsm_enviados(db: &Db, ficha: i64) -> Result<i64> {
    let sql = "SELECT count(*) FROM atendimento.hsm WHERE ficha_id=?1 AND estado IN ('ACEITA','FALHA','INCERTA')";
    Ok(db.int(sql, &[Cell::Int(ficha)])?.unwrap_or(0))
}
