//! Mass actions and what the dialler answers, in `atendimento.db` (R030–R036, UC013, UC015): the queue of HSM,
//! the history, the last mark of each ficha and contract.
//!
//! Moments are local time, `AAAA-MM-DD HH:MM:SS`, so that their texts compare.

use super::db::{Cell, Db, Result, Stmt};
use super::hsm::Estado;

/// The last marks by ficha: of the ficha as a whole (contract 0) first.
pub const MARCAS: &str = "SELECT ficha_id, contrato_id, em, texto FROM marca ORDER BY ficha_id, contrato_id";

/// Where a row came from: file and physical line.
#[derive(Clone, Copy, Debug)]
pub struct Origem {
    /// The file's id ([`lote`](super::lote)).
    pub lote: i64,
    /// Physical line.
    pub linha: u32,
}

/// A message to be queued.
#[derive(Clone, Copy, Debug)]
pub struct Hsm<'a> {
    /// Its ficha.
    pub ficha: i64,
    /// Its contract.
    pub contrato_id: i64,
    /// The contract as it is shown.
    pub contrato: &'a str,
    /// 55, DDD and nine digits.
    pub fone: &'a str,
    /// The template's only parameter.
    pub nome: &'a str,
    /// `jornada1` or `jornada2`.
    pub jornada: &'a str,
    /// When, local time with offset.
    pub importada_em: &'a str,
}

/// Queues messages.
pub struct Fila<'d>(Stmt<'d>);

impl<'d> Fila<'d> {
    /// Prepares it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn new(db: &'d Db) -> Result<Self> {
        let sql = "INSERT INTO hsm (lote_id, linha, ficha_id, contrato_id, contrato, fone, nome, jornada, estado,
                     importada_em) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10) ON CONFLICT DO NOTHING";
        Ok(Self(db.prepare(sql)?))
    }

    /// Queues one as [`Estado::Pendente`]; `false` when the line has its message already.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn poe(&mut self, o: Origem, m: &Hsm<'_>) -> Result<bool> {
        let cells = [
            Cell::Int(o.lote),
            Cell::Int(i64::from(o.linha)),
            Cell::Int(m.ficha),
            Cell::Int(m.contrato_id),
            Cell::Text(m.contrato),
            Cell::Text(m.fone),
            Cell::Text(m.nome),
            Cell::Text(m.jornada),
            Cell::Text(Estado::Pendente.as_str()),
            Cell::Text(m.importada_em),
        ];
        Ok(self.0.exec(&cells)? > 0)
    }
}

/// The last mark of a ficha and contract (0: the ficha as a whole); an older one than what stands changes nothing.
const MARCA: &str = "INSERT INTO marca (ficha_id, contrato_id, em, texto) VALUES (?1,?2,?3,?4)
                 ON CONFLICT (ficha_id, contrato_id) DO UPDATE SET em=?3, texto=?4 WHERE ?3>=em";

/// Leaves a mark, in an open transaction of `atendimento.db`.
///
/// # Errors
/// The store cannot be written.
pub fn marca(db: &Db, ficha: i64, contrato: i64, em: &str, texto: &str) -> Result<()> {
    db.exec(MARCA, &[Cell::Int(ficha), Cell::Int(contrato), Cell::Text(em), Cell::Text(texto)]).map(|_| ())
}

/// How a mass action went out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Canal {
    /// R035: marks the ficha.
    Email,
    /// R036: marks each contract.
    Sms,
}

impl Canal {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "EMAIL",
            Self::Sms => "SMS",
        }
    }

    /// The mark, word by word (UC015).
    pub const fn marca(self) -> &'static str {
        match self {
            Self::Email => "Ação Massiva – Email",
            Self::Sms => "Ação Massiva – SMS",
        }
    }
}

/// One row of the history.
#[derive(Clone, Copy, Debug)]
pub struct Acao<'a> {
    /// Its channel.
    pub canal: Canal,
    /// The ficha that it reached.
    pub ficha: i64,
    /// The contract that it marks; 0: the ficha as a whole.
    pub contrato: i64,
    /// When it was sent.
    pub enviada_em: &'a str,
    /// The sender's number for it; empty where the file has none.
    pub protocolo: &'a str,
    /// SMS: the number; empty in an e-mail, whose target is the ficha.
    pub fone: &'a str,
    /// E-mail: the address.
    pub email: Option<&'a str>,
    /// SMS: the text.
    pub mensagem: Option<&'a str>,
}

/// Writes the history and its marks.
pub struct Historico<'d> {
    insere: Stmt<'d>,
    marca: Stmt<'d>,
}

impl<'d> Historico<'d> {
    /// Prepares it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn new(db: &'d Db) -> Result<Self> {
        Ok(Self {
            insere: db.prepare(
                "INSERT INTO massiva (ficha_id, contrato_id, canal, enviada_em, protocolo, fone, email, mensagem,
                   lote_id, linha) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10) ON CONFLICT DO NOTHING",
            )?,
            marca: db.prepare(MARCA)?,
        })
    }

    /// Records an action and the mark that it leaves; `false` when the history holds it already (same
    /// protocol, target, moment and contract), whatever file it came from.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn registra(&mut self, o: Origem, a: &Acao<'_>) -> Result<bool> {
        let cells = [
            Cell::Int(a.ficha),
            Cell::Int(a.contrato),
            Cell::Text(a.canal.as_str()),
            Cell::Text(a.enviada_em),
            Cell::Text(a.protocolo),
            Cell::Text(a.fone),
            Cell::from(a.email),
            Cell::from(a.mensagem),
            Cell::Int(o.lote),
            Cell::Int(i64::from(o.linha)),
        ];
        if self.insere.exec(&cells)? == 0 {
            return Ok(false);
        }
        let (em, texto) = (Cell::Text(a.enviada_em), Cell::Text(a.canal.marca()));
        self.marca.exec(&[Cell::Int(a.ficha), Cell::Int(a.contrato), em, texto])?;
        Ok(true)
    }
}

/// What the dialler says of one call.
#[derive(Clone, Copy, Debug)]
pub struct Retorno<'a> {
    /// The ficha.
    pub ficha: i64,
    /// When it was dialled.
    pub em: &'a str,
    /// DDD and number.
    pub fone: &'a str,
    /// The dialler's word for what became of it.
    pub status: &'a str,
}

/// Writes what the dialler says.
pub struct Retornos<'d>(Stmt<'d>);

impl<'d> Retornos<'d> {
    /// Prepares it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn new(db: &'d Db) -> Result<Self> {
        let sql = "INSERT INTO retorno (ficha_id, em, fone, status, lote_id, linha) VALUES (?1,?2,?3,?4,?5,?6)
                   ON CONFLICT DO NOTHING";
        Ok(Self(db.prepare(sql)?))
    }

    /// Records one; `false` when the history holds it already.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn registra(&mut self, o: Origem, r: &Retorno<'_>) -> Result<bool> {
        let cells = [
            Cell::Int(r.ficha),
            Cell::Text(r.em),
            Cell::Text(r.fone),
            Cell::Text(r.status),
            Cell::Int(o.lote),
            Cell::Int(i64::from(o.linha)),
        ];
        Ok(self.0.exec(&cells)? > 0)
    }
}
