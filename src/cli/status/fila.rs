//! What `atom status` says of the queue of HSM: totals by journey, and what waits for a person.

use crate::cli::apoio::quando;
use crate::cli::texto::n;
use crate::store::db::{Db, Result};
use crate::store::hsm;
use serde_json::{Value, json};

/// The queue as it stands.
pub struct Fila {
    totais: Vec<(String, String, i64)>,
    controle: hsm::Controle,
}

impl Fila {
    /// Reads it; `atendimento.db` is attached.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn le(db: &Db) -> Result<Self> {
        Ok(Self { totais: hsm::totais(db, "atendimento")?, controle: hsm::controle(db, "atendimento")? })
    }

    fn quantas(&self, jornada: Option<&str>, estado: hsm::Estado) -> i64 {
        let ours = |(j, e, _): &&(String, String, i64)| jornada.is_none_or(|x| x == j) && e == estado.as_str();
        self.totais.iter().filter(ours).map(|(.., c)| c).sum()
    }

    /// The journeys that have messages.
    pub fn jornadas(&self) -> impl Iterator<Item = &str> {
        let mut all: Vec<&str> = self.totais.iter().map(|(j, ..)| j.as_str()).collect();
        all.dedup();
        all.into_iter()
    }

    /// Messages by state, for `--json`; of one journey or of all.
    pub fn por_estado(&self, jornada: Option<&str>) -> Value {
        let one = |e: hsm::Estado| (e.as_str().to_owned(), json!(self.quantas(jornada, e)));
        Value::Object(hsm::Estado::TODOS.into_iter().map(one).collect())
    }

    /// Since when a person has paused it.
    pub fn pausada_em(&self) -> Option<&str> {
        self.controle.pausada.as_ref().map(|(em, _)| em.as_str())
    }

    /// Totals by journey, and what waits for a person.
    pub fn folha(&self) -> Vec<String> {
        let counts = |j: Option<&str>| {
            let all = hsm::Estado::TODOS.into_iter().map(|e| (e, self.quantas(j, e))).filter(|(_, c)| *c > 0);
            all.map(|(e, c)| format!("{} {}", e.as_str(), n(c))).collect::<Vec<_>>().join(" · ")
        };
        let mut out: Vec<String> = Vec::new();
        if !self.totais.is_empty() {
            out.push(format!("hsm        {}", counts(None)));
        }
        out.extend(self.jornadas().map(|j| format!("           {j} {}", counts(Some(j)))));
        if let Some((em, _)) = &self.controle.pausada {
            out.push(format!("           envio pausado desde {}: atom hsm pause --resume", quando(em)));
        }
        if self.quantas(None, hsm::Estado::Incerta) > 0 {
            out.push(
                "           INCERTA: só uma pessoa ou o aviso do OMNE resolve. Ver: atom hsm list --state incerta"
                    .into(),
            );
        }
        out
    }
}
