//! The contacts with a client: tabulations, calls, mass actions, what OMNE tells (UC009, R034–R036).

use crate::domain::fone::Fone;
use crate::store::db::Db;
use crate::store::historico::{self, Acao, Mensagem, Ocorrencia, Proposta, Soma};
use crate::store::massiva::Canal;
use serde_json::{Value, json};
use std::collections::HashSet;

/// Kinds of webhooks that are shown, each with its key in `historicoWhatsapp` (UC009).
const TIPOS: [(&str, &str); 4] =
    [("atendimento", "attendance"), ("widget", "visitor"), ("hsm", "hsm"), ("ocorrencia", "occurrence")];

/// A longer text is no phone.
const FONE: usize = 24;

/// Everything that is in the history of one ficha; of each kind the newest.
#[derive(Debug)]
pub struct Historico {
    /// What all of it adds up to.
    pub soma: Soma,
    /// The last proposal.
    pub proposta: Option<Proposta>,
    ocorrencias: Vec<Ocorrencia>,
    emails: Vec<Acao>,
    sms: Vec<Acao>,
    mensagens: Vec<Mensagem>,
    webhooks: [Vec<Value>; 4],
}

impl Historico {
    /// Reads it; `atendimento.db` is attached.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn le(db: &Db, ficha: i64) -> anyhow::Result<Self> {
        let mut webhooks = [const { Vec::new() }; 4];
        for (list, (_, tipo)) in webhooks.iter_mut().zip(TIPOS) {
            // what came was JSON; what does not read back is damage, and the rest is shown all the same
            let bodies = historico::webhooks(db, ficha, tipo)?;
            *list = bodies.iter().filter_map(|b| serde_json::from_slice(b).ok()).collect();
        }
        Ok(Self {
            soma: historico::soma(db, ficha)?,
            proposta: historico::proposta(db, ficha)?,
            ocorrencias: recentes(historico::tabulacoes(db, ficha)?, historico::ligacoes(db, ficha)?),
            emails: historico::massivas(db, ficha, Canal::Email)?,
            sms: historico::massivas(db, ficha, Canal::Sms)?,
            mensagens: historico::mensagens(db, ficha)?,
            webhooks,
        })
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

    /// `historico_atendimento`: tabulations and calls, newest first.
    pub fn ocorrencias(&self, third: &HashSet<Fone>) -> Vec<Value> {
        let number = |n: &Option<String>| n.as_deref().and_then(|n| numero(n, third)).map(str::to_owned);
        let one = |o: &Ocorrencia| {
            let (day, time) = (o.em.get(..10), o.em.get(11..19));
            json!({"dataCadastro": day, "horario": time, "ocorrencia": o.nome,
                   "numeroDiscado": number(&o.fone), "telefoneAgendado": number(&o.agendado), "contrato": o.contrato,
                   "parcela": o.parcela, "usuarioCadastro": o.usuario, "idTipoCanal": o.canal, "obs": o.obs})
        };
        self.ocorrencias.iter().map(one).collect()
    }

    /// `historicoWhatsapp`: OMNE's events under its own names, newest first; behind its `hsm` our own messages, in
    /// whatever state. Links in them are text.
    pub fn whatsapp(&self, third: &HashSet<Fone>) -> Value {
        let own = |m: &Mensagem| {
            json!({"contrato": m.contrato, "jornada": m.jornada, "estado": m.estado, "em": m.em,
                   "fone": numero(&m.fone, third)})
        };
        let mut out = Value::Object(
            TIPOS
                .iter()
                .zip(&self.webhooks)
                .map(|((key, _), all)| {
                    let mut all = all.clone();
                    all.iter_mut().for_each(|v| sem_terceiros(v, third));
                    ((*key).to_owned(), Value::Array(all))
                })
                .collect(),
        );
        if let Some(Value::Array(hsm)) = out.get_mut("hsm") {
            hsm.extend(self.mensagens.iter().map(own));
        }
        out
    }
}

/// Two lists as one, newest first, no longer than either may be.
fn recentes(mut all: Vec<Ocorrencia>, more: Vec<Ocorrencia>) -> Vec<Ocorrencia> {
    all.extend(more);
    // a blank and a `T` stand between day and time
    all.sort_by(|a, b| (b.em.get(..10), b.em.get(11..19)).cmp(&(a.em.get(..10), a.em.get(11..19))));
    all.truncate(usize::try_from(historico::MAXIMO).unwrap_or(usize::MAX));
    all
}

/// Takes the numbers of third parties out, wherever they stand, and the moments that never were.
fn sem_terceiros(value: &mut Value, third: &HashSet<Fone>) {
    match value {
        Value::Object(row) => row.values_mut().for_each(|v| sem_terceiros(v, third)),
        Value::Array(rows) => rows.iter_mut().for_each(|v| sem_terceiros(v, third)),
        // OMNE's way of saying never (decisions 8)
        Value::String(text) if text.starts_with("0000-00-00") => *value = Value::Null,
        Value::String(text) if numero(text, third).is_none() => *value = Value::Null,
        Value::Number(n) if numero(&n.to_string(), third).is_none() => *value = Value::Null,
        _ => {}
    }
}

fn presente(text: &str) -> Option<&str> {
    Some(text).filter(|t| !t.is_empty())
}

/// A number as it was written, unless it is a third party's.
fn numero<'n>(fone: &'n str, third: &HashSet<Fone>) -> Option<&'n str> {
    let is_third = || fone.len() <= FONE && matches!(Fone::parse(fone), Ok(Some(n)) if third.contains(&n));
    Some(fone).filter(|_| third.is_empty() || !is_third())
}
