//! What an hsm event does to a message of ours (decisions 7, WH10).
//!
//! The right message is told by number, template and time: the last one to that number in the template's journey that
//! left before OMNE took it in. A number gets a journey once a day at most, so there is one. Where OMNE does not say when it
//! took it in, only one message can be meant, or none is: nobody guesses.

use super::evento::{self, Entrega};
use crate::config::Config;
use crate::domain::fone::Fone;
use crate::domain::momentos;
use crate::store::db::{Db, Result};
use crate::store::hsm_entrega;
use crate::store::webhook::Elo;
use chrono::{NaiveDateTime, TimeDelta};
use serde_json::Value;

/// OMNE's clock may be so far behind ours.
const FOLGA: TimeDelta = TimeDelta::minutes(10);
/// OMNE tells the end of a message within so long.
const JANELA: TimeDelta = TimeDelta::days(7);
const FORMATO: &str = "%Y-%m-%d %H:%M:%S";

/// What an hsm event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aviso {
    fone: Fone,
    template: String,
    entrega: Entrega,
    /// When OMNE took the message in; `None`: it does not say.
    entrada: Option<String>,
    em: String,
}

impl Aviso {
    /// Reads it; `None` where number, template or outcome is missing. `recebido`, local time, stands in for dates that
    /// are missing.
    pub fn de(v: &Value, recebido: &str) -> Option<Self> {
        let status = evento::momento(v, "/date_status");
        let em = status.clone().unwrap_or_else(|| recebido.to_owned());
        Some(Self {
            fone: Fone::parse(&evento::campo(v, "/destiny")?).ok().flatten()?,
            template: evento::campo(v, "/template_id")?,
            entrega: Entrega::parse(&evento::campo(v, "/status")?)?,
            entrada: evento::momento(v, "/date_entry"),
            em,
        })
    }
}

/// Records the delivery of our message; its client, or `None` when it is none of ours.
///
/// # Errors
/// The store cannot be written.
pub fn aplica(at: &Db, config: &Config, a: &Aviso) -> Result<Option<Elo>> {
    let Some(jornada) = jornada(config, &a.template) else { return Ok(None) };
    let Some(entrada) = momentos::momento(a.entrada.as_ref().unwrap_or(&a.em)) else { return Ok(None) };
    let Some((de, ate)) = entrada.checked_sub_signed(JANELA).zip(entrada.checked_add_signed(FOLGA)) else {
        return Ok(None);
    };
    let text = |t: NaiveDateTime| t.format(FORMATO).to_string();
    // by the last eight digits: OMNE may drop the 9
    let digits = a.fone.chave_webhook();
    let Some((ddd, last)) = digits.split_at_checked(2) else { return Ok(None) };
    let sent = hsm_entrega::enviadas(at, &format!("55{ddd}9{last}"), jornada, &text(de), &text(ate))?;
    let found = if a.entrada.is_none() && sent.len() > 1 { None } else { sent.into_iter().next() };
    let Some((id, elo)) = found else { return Ok(None) };
    hsm_entrega::registra(at, id, a.entrega.as_str(), &a.em)?;
    Ok(Some(elo))
}

/// The journey of a template.
fn jornada(config: &Config, template: &str) -> Option<&'static str> {
    let omne = config.omne.as_ref()?;
    let of = |id: String| id == template;
    match () {
        () if of(omne.jornada1.template_id.to_string()) => Some("jornada1"),
        () if of(omne.jornada2.template_id.to_string()) => Some("jornada2"),
        () => None,
    }
}
