//! The queue of HSM in `atendimento.db` (UC014, decisions 7): what waits, what becomes of it, what was sent to whom on
//! which day.
//!
//! Moments are local time, `AAAA-MM-DD HH:MM:SS`, but for `importada_em`, which carries its offset. Every look-up goes
//! through an index: a queue of any length costs the same.

mod controle;
mod vista;

use super::db::{Cell, Db, Result, Row};
use super::massiva;
use chrono::NaiveDate;
use controle::desconta;
pub use controle::{Controle, adota, conta, controle, espera, no_dia, pausa};
pub use vista::{Vista, lista, uma};

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Estado {
    /// It waits.
    Pendente,
    /// Its POST is under way, or was when the sender died.
    Enviando,
    /// OMNE took it.
    Aceita,
    /// OMNE refused it, or was asked often enough.
    Falha,
    /// Nobody knows whether OMNE took it: only a person or OMNE's webhook resolves it.
    Incerta,
    /// It is not sent any more; `motivo` says why.
    Cancelada,
}

impl Estado {
    /// All of them, in the order of a message's way.
    pub const TODOS: [Self; 6] =
        [Self::Pendente, Self::Enviando, Self::Aceita, Self::Falha, Self::Incerta, Self::Cancelada];

    /// As stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pendente => "PENDENTE",
            Self::Enviando => "ENVIANDO",
            Self::Aceita => "ACEITA",
            Self::Falha => "FALHA",
            Self::Incerta => "INCERTA",
            Self::Cancelada => "CANCELADA",
        }
    }

    /// Reads it, in any case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::TODOS.into_iter().find(|e| e.as_str().eq_ignore_ascii_case(text))
    }

    /// The mark that it leaves on the contract, word by word (UC014).
    #[must_use]
    pub const fn marca(self) -> Option<&'static str> {
        match self {
            Self::Aceita => Some("Massiva WhatsApp enviada com sucesso"),
            Self::Falha => Some("Massiva WhatsApp enviada sem sucesso"),
            _ => None,
        }
    }
}

/// A message as the sender needs it.
#[derive(Clone, PartialEq, Eq)]
pub struct Mensagem {
    /// Its row.
    pub id: i64,
    /// Data de operação of its file; with `sha256` and `linha` its key beyond this store.
    pub dia: String,
    /// SHA-256 of its file.
    pub sha256: String,
    /// Its line there.
    pub linha: i64,
    /// Its ficha.
    pub ficha: i64,
    /// Its contract's row.
    pub contrato_id: i64,
    /// 55, DDD and nine digits.
    pub fone: String,
    /// The template's only parameter.
    pub nome: String,
    /// `jornada1` or `jornada2`.
    pub jornada: String,
    /// When it was queued, with offset.
    pub importada_em: String,
    /// POSTs so far.
    pub tentativas: u32,
}

impl std::fmt::Debug for Mensagem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // number and name are personal
        f.debug_struct("Mensagem").field("id", &self.id).field("ficha", &self.ficha).finish_non_exhaustive()
    }
}

/// What the index of the queue holds; a query must say so to use it.
const NA_FILA: &str = "estado IN ('PENDENTE','ENVIANDO','INCERTA')";
/// What the index of the rest holds.
const NO_FIM: &str = "estado IN ('ACEITA','FALHA','CANCELADA')";

const MENSAGEM: &str = "SELECT h.id, l.data_operacao, l.sha256, h.linha, h.ficha_id, h.contrato_id, h.fone, h.nome,
                          h.jornada, h.importada_em, h.tentativas
                        FROM hsm h JOIN lote l ON l.id=h.lote_id";

fn mensagem(r: &Row<'_>) -> Result<Mensagem> {
    Ok(Mensagem {
        id: r.i64(0)?,
        dia: r.str(1)?,
        sha256: r.str(2)?,
        linha: r.i64(3)?,
        ficha: r.i64(4)?,
        contrato_id: r.i64(5)?,
        fone: r.str(6)?,
        nome: r.str(7)?,
        jornada: r.str(8)?,
        importada_em: r.str(9)?,
        tentativas: u32::try_from(r.i64(10)?).unwrap_or(u32::MAX),
    })
}

/// The next messages that wait, after the row `depois`.
///
/// # Errors
/// The store cannot be read.
pub fn pendentes(db: &Db, depois: i64, max: i64) -> Result<Vec<Mensagem>> {
    let sql = format!("{MENSAGEM} WHERE h.{NA_FILA} AND h.estado='PENDENTE' AND h.id>?1 ORDER BY h.id LIMIT ?2");
    db.rows(&sql, &[Cell::Int(depois), Cell::Int(max)], mensagem)
}

/// The messages whose POST was under way.
///
/// # Errors
/// The store cannot be read.
pub fn enviando(db: &Db) -> Result<Vec<Mensagem>> {
    db.rows(&format!("{MENSAGEM} WHERE h.{NA_FILA} AND h.estado='ENVIANDO' ORDER BY h.id"), &[], mensagem)
}

/// The message of a line of a file, and its state.
///
/// # Errors
/// The store cannot be read.
pub fn da_linha(db: &Db, dia: &str, sha256: &str, linha: i64) -> Result<Option<(i64, Option<Estado>)>> {
    let sql = "SELECT h.id, h.estado FROM lote l JOIN hsm h ON h.lote_id=l.id AND h.linha=?3
               WHERE l.data_operacao=?1 AND l.sha256=?2";
    db.one(sql, &[Cell::Text(dia), Cell::Text(sha256), Cell::Int(linha)], |r| {
        Ok((r.i64(0)?, r.text(1)?.and_then(Estado::parse)))
    })
}

/// Messages that wait.
///
/// # Errors
/// The store cannot be read.
pub fn na_fila(db: &Db) -> Result<i64> {
    let sql = format!("SELECT count(*) FROM hsm WHERE {NA_FILA} AND estado='PENDENTE'");
    Ok(db.int(&sql, &[])?.unwrap_or(0))
}

/// Whether any message waits, or (`enviando`) was being sent.
///
/// # Errors
/// The store cannot be read.
pub fn existe(db: &Db, enviando: bool) -> Result<bool> {
    let estado = if enviando { Estado::Enviando } else { Estado::Pendente };
    let sql = format!("SELECT 1 FROM hsm WHERE {NA_FILA} AND estado='{}' LIMIT 1", estado.as_str());
    Ok(db.int(&sql, &[])?.is_some())
}

/// Messages by journey and state; `schema` is `main` or the name under which the file is attached.
///
/// # Errors
/// The store cannot be read.
pub fn totais(db: &Db, schema: &str) -> Result<Vec<(String, String, i64)>> {
    let part = |which: &str| {
        format!("SELECT jornada, estado, count(*) n FROM {schema}.hsm WHERE {which} GROUP BY jornada, estado")
    };
    let sql = format!("{} UNION ALL {} ORDER BY jornada", part(NA_FILA), part(NO_FIM));
    db.rows(&sql, &[], |r| Ok((r.str(0)?, r.str(1)?, r.i64(2)?)))
}

/// T1: the message is being sent from now on, by the attempt of this number; `false` when it does not wait any more.
///
/// # Errors
/// The store cannot be written.
pub fn toma(db: &Db, id: i64, tentativa: i64, em: &str) -> Result<bool> {
    let sql = "UPDATE hsm SET estado='ENVIANDO', tentativas=tentativas+1, enviada_em=?2, atualizada_em=?2
               WHERE id=?1 AND estado='PENDENTE'";
    if db.exec(sql, &[Cell::Int(id), Cell::Text(em)])? == 0 {
        return Ok(false);
    }
    adota(db, tentativa)?;
    conta(db, id)?;
    Ok(true)
}

/// Why an uncertain message is ACEITA after all: OMNE's webhook told of it.
pub(super) const PELO_WEBHOOK: &str = "WEBHOOK";

/// What became of a POST.
#[derive(Clone, Copy, Debug)]
pub struct Conclusao<'a> {
    /// The new state.
    pub estado: Estado,
    /// The POST counts among the tries of the message.
    pub conta: bool,
    /// OMNE's status.
    pub http: Option<u16>,
    /// OMNE's body.
    pub resposta: Option<&'a str>,
    /// Why, where it is not plain from the status.
    pub motivo: Option<&'a str>,
    /// When.
    pub em: &'a str,
}

/// T2: the result and its mark; the state that the message has now, or `None` when it was not being sent.
///
/// A message of which OMNE's webhook told while it was being sent has arrived there: no lost answer and no crash makes it
/// INCERTA, no "later" of OMNE makes it wait again, it is ACEITA (decisions 7).
///
/// # Errors
/// The store cannot be written.
pub fn conclui(db: &Db, id: i64, c: &Conclusao<'_>) -> Result<Option<Estado>> {
    let told = "SELECT 1 FROM hsm WHERE id=?1 AND estado='ENVIANDO' AND entrega IS NOT NULL";
    let (estado, motivo) = match c.estado {
        Estado::Incerta | Estado::Pendente if db.int(told, &[Cell::Int(id)])?.is_some() => {
            (Estado::Aceita, Some(PELO_WEBHOOK))
        }
        other => (other, c.motivo),
    };
    if !matches!(estado, Estado::Aceita | Estado::Incerta) {
        desconta(db, id)?;
    }
    // what waits again was not sent on any day; what OMNE answered to it had left all the same
    let sql = "UPDATE hsm SET estado=?2, tentativas=tentativas-?3, http=?4, resposta=?5, motivo=?6, atualizada_em=?7,
                 enviada_em=CASE WHEN ?2='PENDENTE' THEN NULL ELSE enviada_em END,
                 tentada_em=CASE WHEN ?2='PENDENTE' AND (?3=0 OR ?4 IS NOT NULL) THEN enviada_em ELSE tentada_em END
               WHERE id=?1 AND estado='ENVIANDO'";
    let cells = [
        Cell::Int(id),
        Cell::Text(estado.as_str()),
        Cell::Int(i64::from(!c.conta)),
        Cell::from(c.http.map(i64::from)),
        Cell::from(c.resposta),
        Cell::from(motivo),
        Cell::Text(c.em),
    ];
    if db.exec(sql, &cells)? == 0 {
        return Ok(None);
    }
    marca(db, id, estado)?;
    Ok(Some(estado))
}

/// The mark of a message by the moment of its sending.
pub(super) fn marca(db: &Db, id: i64, estado: Estado) -> Result<()> {
    let Some(text) = estado.marca() else { return Ok(()) };
    let sql = "SELECT ficha_id, contrato_id, enviada_em FROM hsm WHERE id=?1";
    let row = db.one(sql, &[Cell::Int(id)], |r| Ok((r.i64(0)?, r.i64(1)?, r.str(2)?)))?;
    match row {
        Some((ficha, contrato, em)) => massiva::marca(db, ficha, contrato, &em, text),
        None => Ok(()),
    }
}

/// A message that waits is not sent any more.
///
/// # Errors
/// The store cannot be written.
pub fn cancela(db: &Db, id: i64, motivo: &str, em: &str) -> Result<()> {
    let sql = "UPDATE hsm SET estado='CANCELADA', motivo=?2, atualizada_em=?3 WHERE id=?1 AND estado='PENDENTE'";
    db.exec(sql, &[Cell::Int(id), Cell::Text(motivo), Cell::Text(em)]).map(|_| ())
}

/// Whether the number got this journey on a day, for all one knows.
///
/// # Errors
/// The store cannot be read.
pub fn repetida(db: &Db, fone: &str, jornada: &str, dia: NaiveDate) -> Result<bool> {
    let sql = "SELECT 1 FROM hsm WHERE fone=?1 AND jornada=?2 AND enviada_em>=?3 AND enviada_em<?4
               AND estado IN ('ACEITA','INCERTA','ENVIANDO') LIMIT 1";
    let (from, to) = (dia.to_string(), fim(dia));
    let found = db.int(sql, &[Cell::Text(fone), Cell::Text(jornada), Cell::Text(&from), Cell::Text(&to)])?;
    Ok(found.is_some())
}

fn fim(dia: NaiveDate) -> String {
    dia.succ_opt().unwrap_or(dia).to_string()
}

/// Resolves an INCERTA: sent (ACEITA, with its mark) or not (it waits again, its tries uncounted); `false` when the message is
/// not INCERTA.
///
/// # Errors
/// The store cannot be written.
pub fn resolve(db: &Db, id: i64, enviada: bool, motivo: &str, em: &str) -> Result<bool> {
    let to = if enviada { Estado::Aceita } else { Estado::Pendente };
    if !enviada && uma(db, "main", id)?.is_some_and(|v| v.estado == Estado::Incerta.as_str()) {
        desconta(db, id)?;
    }
    let sql =
        "UPDATE hsm SET estado=?2, motivo=?3, atualizada_em=?4, tentativas=CASE WHEN ?5 THEN tentativas ELSE 0 END,
                 enviada_em=CASE WHEN ?5 THEN enviada_em ELSE NULL END,
                 tentada_em=CASE WHEN ?5 THEN tentada_em ELSE enviada_em END
               WHERE id=?1 AND estado='INCERTA'";
    let cells =
        [Cell::Int(id), Cell::Text(to.as_str()), Cell::Text(motivo), Cell::Text(em), Cell::Int(i64::from(enviada))];
    if db.exec(sql, &cells)? == 0 {
        return Ok(false);
    }
    marca(db, id, to)?;
    Ok(true)
}
