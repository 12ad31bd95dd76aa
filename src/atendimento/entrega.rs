//! What an hsm event does to a message of ours (decisions 7, WH10).
//!
//! The right message is told by number, template and time: the last one to that number in the template's journey that
//! left before OMNE took it in. A number gets a journey once a day at most, so there is one.

use super::evento::{self, Entrega};
use crate::config::Config;
use crate::domain::fone::Fone;
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
    entrada: String,
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
            entrada: evento::momento(v, "/date_entry").unwrap_or_else(|| em.clone()),
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
    let Ok(entrada) = NaiveDateTime::parse_from_str(&a.entrada, FORMATO) else { return Ok(None) };
    let text = |t: NaiveDateTime| t.format(FORMATO).to_string();
    // by the last eight digits: OMNE may drop the 9
    let digits = a.fone.chave_webhook();
    let Some((ddd, last)) = digits.split_at_checked(2) else { return Ok(None) };
    // a moment at the end of time is none of ours
    let window = (entrada.checked_sub_signed(JANELA), entrada.checked_add_signed(FOLGA));
    let (Some(de), Some(ate)) = window else { return Ok(None) };
    let (de, ate) = (text(de), text(ate));
    let Some((id, elo)) = hsm_entrega::enviada(at, &format!("55{ddd}9{last}"), jornada, &de, &ate)? else {
        return Ok(None);
    };
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
