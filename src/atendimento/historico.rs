//! The contacts with a client: mass actions and what the dialler says of its calls (UC009, R034–R036).

use crate::domain::fone::Fone;
use crate::store::db::Db;
use crate::store::historico::{self, Acao, Ligacao};
use crate::store::massiva::Canal;
use serde_json::{Value, json};
use std::collections::HashSet;

/// Everything that is in the history of one ficha.
pub struct Historico {
    emails: Vec<Acao>,
    sms: Vec<Acao>,
    ligacoes: Vec<Ligacao>,
    hsm: i64,
}

impl Historico {
    /// Reads it; `atendimento.db` is attached.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn le(db: &Db, ficha: i64) -> anyhow::Result<Self> {
        Ok(Self {
            emails: historico::massivas(db, ficha, Canal::Email)?,
            sms: historico::massivas(db, ficha, Canal::Sms)?,
            ligacoes: historico::ligacoes(db, ficha)?,
            hsm: historico::hsm_enviados(db, ficha)?,
        })
    }

    /// Acionamentos: the rows of the history (decisions 9).
    pub fn acionamentos(&self) -> i64 {
        let rows = self.emails.len() + self.sms.len() + self.ligacoes.len();
        i64::try_from(rows).unwrap_or(i64::MAX).saturating_add(self.hsm)
    }

    /// `historicoMassivoEmail`.
    pub fn emails(&self) -> Vec<Value> {
        let one = |a: &Acao| json!({"protocolo": presente(&a.protocolo), "email": a.email, "dataEnvio": a.enviada_em});
        self.emails.iter().map(one).collect()
    }

    /// `historicoMassivoSms`: a row for each contract; `texto` gives the contract as it is shown. A number that
    /// is a third party's by now is not shown.
    pub fn sms<'c>(&self, third: &HashSet<Fone>, texto: impl Fn(i64) -> Option<&'c str>) -> Vec<Value> {
        let one = |a: &Acao| {
            json!({"protocolo": presente(&a.protocolo), "dataEnvio": a.enviada_em, "telefone": numero(&a.fone, third),
                   "mensagem": a.mensagem, "contrato": texto(a.contrato_id)})
        };
        self.sms.iter().map(one).collect()
    }

    /// The calls as rows of `historico_atendimento`.
    pub fn ligacoes(&self, third: &HashSet<Fone>) -> Vec<Value> {
        let one = |l: &Ligacao| {
            let (day, time) = l.em.split_once(' ').unwrap_or((&l.em, ""));
            json!({"dataCadastro": day, "horario": presente(time), "ocorrencia": l.status,
                   "numeroDiscado": numero(&l.fone, third), "telefoneAgendado": null, "contrato": null,
                   "parcela": null, "usuarioCadastro": null, "idTipoCanal": null, "obs": null})
        };
        self.ligacoes.iter().map(one).collect()
    }
}

fn presente(text: &str) -> Option<&str> {
    Some(text).filter(|t| !t.is_empty())
}

fn numero<'n>(fone: &'n str, third: &HashSet<Fone>) -> Option<&'n str> {
    Some(fone).filter(|f| !Fone::from_completo(f).is_some_and(|n| third.contains(&n)))
}
