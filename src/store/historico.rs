//! The contacts with one client, read where `atendimento.db` is attached under that name: the newest [`MAXIMO`] of each
//! kind, so that no answer grows without end.

use super::db::{Cell, Db, Result};
use super::massiva::Canal;

/// Rows of a history that an answer holds, newest first; what is older stays in the store and in the counts.
pub const MAXIMO: i64 = 500;
/// Webhooks of a kind in an answer.
pub const MAXIMO_WEBHOOKS: i64 = 50;
/// Bytes of the webhooks of a kind in an answer; one body alone always fits.
pub const MAXIMO_BYTES: i64 = 2 * 1024 * 1024;

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
               WHERE ficha_id=?1 AND canal=?2 ORDER BY enviada_em DESC, protocolo, fone, contrato_id LIMIT ?3";
    db.rows(sql, &[Cell::Int(ficha), Cell::Text(canal.as_str()), Cell::Int(MAXIMO)], |r| {
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

/// A row of the history of contacts: a tabulation, or a call that the dialler tells of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ocorrencia {
    /// When: `AAAA-MM-DD`, `T` or a blank, `HH:MM:SS`, local time.
    pub em: String,
    /// What became of it.
    pub nome: String,
    /// 1, 2, 3 or 5 (UC010).
    pub canal: Option<i64>,
    /// Who wrote it.
    pub usuario: Option<String>,
    /// The number that was contacted.
    pub fone: Option<String>,
    /// The number to call again.
    pub agendado: Option<String>,
    /// The contract as it is shown.
    pub contrato: Option<String>,
    /// The installments.
    pub parcela: Option<String>,
    /// What was noted.
    pub obs: Option<String>,
}

/// The tabulations of a ficha, newest first; provisional ones of webhooks among them.
///
/// # Errors
/// The store cannot be read.
pub fn tabulacoes(db: &Db, ficha: i64) -> Result<Vec<Ocorrencia>> {
    let sql = "SELECT em, nome, canal, usuario, fone, agendado, contrato, parcela, obs FROM atendimento.tabulacao
               WHERE ficha_id=?1 ORDER BY em DESC, id DESC LIMIT ?2";
    db.rows(sql, &[Cell::Int(ficha), Cell::Int(MAXIMO)], |r| {
        Ok(Ocorrencia {
            em: r.str(0)?,
            nome: r.str(1)?,
            canal: r.int(2)?,
            usuario: r.string(3)?,
            fone: r.string(4)?,
            agendado: r.string(5)?,
            contrato: r.string(6)?,
            parcela: r.string(7)?,
            obs: r.string(8)?,
        })
    })
}

/// The calls to a ficha, newest first.
///
/// # Errors
/// The store cannot be read.
pub fn ligacoes(db: &Db, ficha: i64) -> Result<Vec<Ocorrencia>> {
    let sql =
        "SELECT em, fone, status FROM atendimento.retorno WHERE ficha_id=?1 ORDER BY em DESC, fone, status LIMIT ?2";
    db.rows(sql, &[Cell::Int(ficha), Cell::Int(MAXIMO)], |r| {
        Ok(Ocorrencia { em: r.str(0)?, fone: r.string(1)?, nome: r.str(2)?, ..Ocorrencia::default() })
    })
}

/// What the history of a ficha adds up to, whatever its length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Soma {
    /// Tabulations, mass actions, messages that left, calls (decisions 9).
    pub acionamentos: i64,
    /// Tabulations whose result sends a boleto.
    pub boletos: i64,
    /// Channel of the last of these.
    pub canal_do_boleto: Option<i64>,
    /// The last tabulation that says whether to contact says no (decisions 4, NAO_CONTATAR).
    pub nao_contatar: bool,
}

/// Adds it up.
///
/// # Errors
/// The store cannot be read.
pub fn soma(db: &Db, ficha: i64) -> Result<Soma> {
    let sql = "SELECT (SELECT count(*) FROM atendimento.massiva WHERE ficha_id=?1)
                    + (SELECT count(*) FROM atendimento.retorno WHERE ficha_id=?1)
                    + (SELECT count(*) FROM atendimento.hsm WHERE ficha_id=?1 AND estado IN ('ACEITA','FALHA','INCERTA'))
                    + t.n, t.boletos,
                 (SELECT canal FROM atendimento.tabulacao WHERE ficha_id=?1 AND boleto=1
                    ORDER BY em DESC, id DESC LIMIT 1),
                 EXISTS (SELECT 1 FROM atendimento.nao_contatar WHERE ficha_id=?1 AND valor='S')
               FROM (SELECT count(*) AS n, coalesce(sum(boleto), 0) AS boletos
                     FROM atendimento.tabulacao WHERE ficha_id=?1) t";
    let read = db.one(sql, &[Cell::Int(ficha)], |r| {
        Ok(Soma {
            acionamentos: r.i64(0)?,
            boletos: r.i64(1)?,
            canal_do_boleto: r.int(2)?,
            nao_contatar: r.i64(3)? != 0,
        })
    })?;
    Ok(read.unwrap_or_default())
}

/// The last proposal, as far as it is shown (decisions 9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposta {
    /// Which kind of deal.
    pub tipo_acordo: String,
    /// Cents.
    pub valor_proposto: i64,
    /// Installments.
    pub qtd_parcelas: Option<i64>,
    /// `AAAA-MM-DD`.
    pub primeiro_vencimento: Option<String>,
}

/// The last proposal of a ficha.
///
/// # Errors
/// The store cannot be read.
pub fn proposta(db: &Db, ficha: i64) -> Result<Option<Proposta>> {
    let sql = "SELECT tipo_acordo, valor_proposto, qtd_parcelas, primeiro_vencimento FROM atendimento.proposta
               WHERE ficha_id=?1 ORDER BY id DESC LIMIT 1";
    db.one(sql, &[Cell::Int(ficha)], |r| {
        Ok(Proposta {
            tipo_acordo: r.str(0)?,
            valor_proposto: r.i64(1)?,
            qtd_parcelas: r.int(2)?,
            primeiro_vencimento: r.string(3)?,
        })
    })
}

/// A message of ours, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mensagem {
    /// The contract as it is shown.
    pub contrato: String,
    /// `jornada1` or `jornada2`.
    pub jornada: String,
    /// Its state (decisions 7).
    pub estado: String,
    /// When it was sent, else when it was queued, local time.
    pub em: String,
    /// 55, DDD and nine digits.
    pub fone: String,
}

/// The messages to a ficha, newest first, in any state.
///
/// # Errors
/// The store cannot be read.
pub fn mensagens(db: &Db, ficha: i64) -> Result<Vec<Mensagem>> {
    let sql = "SELECT contrato, jornada, estado, coalesce(enviada_em, importada_em), fone FROM atendimento.hsm
               WHERE ficha_id=?1 ORDER BY id DESC LIMIT ?2";
    db.rows(sql, &[Cell::Int(ficha), Cell::Int(MAXIMO)], |r| {
        Ok(Mensagem { contrato: r.str(0)?, jornada: r.str(1)?, estado: r.str(2)?, em: r.str(3)?, fone: r.str(4)? })
    })
}

/// The raw bodies of the webhooks of a kind that are linked to a ficha, newest first; of several versions of one event
/// the newest (decisions 8).
///
/// # Errors
/// The store cannot be read.
pub fn webhooks(db: &Db, ficha: i64, tipo: &str) -> Result<Vec<Vec<u8>>> {
    // length() of a body does not read it: only what is shown is
    let sql = "SELECT corpo FROM atendimento.webhook WHERE id IN (SELECT id FROM (
                 SELECT id, sum(length(corpo)) OVER (ORDER BY id DESC) AS bytes FROM atendimento.webhook
                 WHERE ficha_id=?1 AND tipo=?2 AND estado<>'SUBSTITUIDO'
                 ORDER BY id DESC LIMIT ?3) WHERE bytes<=?4) ORDER BY id DESC";
    let cells = [Cell::Int(ficha), Cell::Text(tipo), Cell::Int(MAXIMO_WEBHOOKS), Cell::Int(MAXIMO_BYTES)];
    db.rows(sql, &cells, |r| r.blob(0))
}
