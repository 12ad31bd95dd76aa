//! Mass actions (R030–R036, UC013, UC015): what is to be sent by WhatsApp, what was sent by e-mail and SMS.
//!
//! Three layouts, one rule each: [`whatsapp`] queues messages, [`email`] and [`sms`] write the history and
//! leave a mark. All rows go to `atendimento.db` ([`lote`](super::lote)).

pub mod email;
pub mod sms;
pub mod whatsapp;

use super::Contexto;
use super::lote::PorLote;
use super::passo::{Passo, Rejeito};
use crate::domain::codigo::Codigo;
use crate::domain::fone::Fone;
use crate::layout::linha::Linha;
use crate::layout::{Layout, Record};
use crate::store::lote::Tabela;
use anyhow::Context as _;
use chrono::NaiveDate;

/// What a layout of massivas is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Canal {
    Whatsapp,
    Email,
    Sms,
}

/// A journey means messages to be sent, a CPF the history of e-mails, otherwise it is that of SMS.
fn canal(record: &Record) -> Canal {
    if record.index("jornada").is_some() {
        Canal::Whatsapp
    } else if record.index("cpf").is_some() {
        Canal::Email
    } else {
        Canal::Sms
    }
}

/// The fields that the rule of a layout reads by name.
pub fn campos(record: &Record) -> &'static [&'static str] {
    match canal(record) {
        Canal::Whatsapp => whatsapp::CAMPOS,
        Canal::Email => email::CAMPOS,
        Canal::Sms => sms::CAMPOS,
    }
}

/// Opens the room of the layout's channel.
///
/// # Errors
/// The store or the block list cannot be read.
pub fn abre<'c>(ctx: &'c Contexto<'c>, layout: &Layout, dia: NaiveDate) -> anyhow::Result<Box<dyn Passo<'c> + 'c>> {
    let record = layout.records.first().with_context(|| format!("layout {}: no record", layout.name))?;
    Ok(match canal(record) {
        Canal::Whatsapp => Box::new(PorLote::new(ctx, layout, dia, Tabela::Hsm, whatsapp::Whatsapp::new(ctx, record)?)),
        Canal::Email => Box::new(PorLote::new(ctx, layout, dia, Tabela::Massiva, email::Email::new(ctx, record))),
        Canal::Sms => Box::new(PorLote::new(ctx, layout, dia, Tabela::Massiva, sms::Sms::new(ctx, record)?)),
    })
}

/// Where a field stands, checked when the layouts were loaded.
fn indice(record: &Record, nome: &str) -> usize {
    record.index(nome).unwrap_or(usize::MAX)
}

/// The phone in field `i`.
fn fone(linha: &Linha<'_>, i: usize) -> Result<Fone, Rejeito> {
    let read = linha.valor(i).map_err(|c| Rejeito::campo(c, i))?;
    read.texto().and_then(Fone::from_completo).ok_or(Rejeito::campo(Codigo::CampoObrigatorio, i))
}

/// The text of field `i`, empty where it has none. The line was accepted: no field of it is bad.
fn texto(linha: &Linha<'_>, i: usize) -> String {
    linha.valor(i).ok().and_then(|v| v.texto().map(str::to_owned)).unwrap_or_default()
}

/// The same, absent where it is empty.
fn opcional(linha: &Linha<'_>, i: usize) -> Option<String> {
    Some(texto(linha, i)).filter(|t| !t.is_empty())
}

/// The targets of the accepted lines, by their place among the lines: what the first pass found and the second
/// writes.
#[derive(Debug, Default)]
struct Alvos(Vec<(u32, i64, i64)>);

impl Alvos {
    /// A ficha (and contract) of a line; lines come in order.
    fn anota(&mut self, linha: &Linha<'_>, ficha: i64, contrato: i64) {
        self.0.push((linha.indice, ficha, contrato));
    }

    /// Those of a line.
    fn de(&self, linha: &Linha<'_>) -> impl Iterator<Item = (i64, i64)> {
        let from = self.0.partition_point(|(i, ..)| *i < linha.indice);
        let end = self.0.partition_point(|(i, ..)| *i <= linha.indice);
        self.0.get(from..end).unwrap_or(&[]).iter().map(|(_, ficha, contrato)| (*ficha, *contrato))
    }
}
