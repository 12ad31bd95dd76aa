//! Sending HSM (UC014, R030–R033; decisions 7): each message once, in its hour, with its mark.
//!
//! [`regra`] decides, [`janela`] knows the hours, [`omne`] speaks to OMNE, [`diario`] is the journal that survives a
//! restore, [`envio`] drives the queue, [`ensaio`] rehearses it, [`retomada`] is what a start does with what a dead sender left, [`mod@exame`] looks at
//! one message again before it goes.
//!
//! # One message
//!
//! `PENDENTE → ENVIANDO → ACEITA | FALHA | INCERTA`. T1 commits ENVIANDO; the POST; the answer into the journal, on disk; T2
//! commits result and mark together. The sender alone takes a message from PENDENTE, under a lock of its own ([`Which::Hsm`
//! ](crate::store::lock::Which::Hsm)) that no import waits for.
//!
//! # Grouping
//!
//! While nothing has to be waited for, T2 of one message and T1 of the next are one commit, and the journal's lines for both
//! one sync: two syncs a message, as many as T1 and T2 alone would cost. T1 is never taken for more than one message at a
//! time. It would save more syncs, but a crash would then leave messages INCERTA that were not even begun, and each of them
//! costs a person's look or a client the message: for a sender whose usual pace is five a second that buys nothing.
//!
//! # What a crash leaves
//!
//! | it dies | the store says | the journal says | the next start |
//! |---|---|---|---|
//! | before the journal's attempt is on disk | PENDENTE | – | sends it |
//! | before T1 is committed | PENDENTE | the attempt, one more than the store knows | INCERTA |
//! | before the answer is in the journal | ENVIANDO | the attempt | INCERTA |
//! | before T2 is committed | ENVIANDO | the answer | takes the answer over |
//!
//! In the second row nothing was sent, but the same picture is left by a restored backup that lacks just that attempt: in
//! doubt a message is not sent. A store that lacks more is refused until the journal is taken over (`atom hsm reconcile`).

pub mod diario;
pub mod ensaio;
pub mod envio;
pub mod exame;
pub mod janela;
pub mod omne;
pub mod regra;
pub mod retomada;

use crate::clock::Clock;
use crate::config::Config;
use crate::domain::dia::Calendario;
use crate::store::Store;
use regra::Parada;
use std::collections::BTreeMap;
use std::time::Duration;

/// What a run of the sender works with.
#[derive(Clone, Copy)]
pub struct Contexto<'a> {
    /// The whole configuration.
    pub config: &'a Config,
    /// Its section `[omne]`.
    pub omne: &'a crate::config::Omne,
    /// The store.
    pub store: &'a Store,
    /// The clock.
    pub clock: &'a Clock,
    /// Holidays.
    pub calendario: &'a Calendario,
    /// At most so many messages are sent.
    pub limite: Option<u64>,
    /// No POST begins after so long.
    pub prazo: Option<Duration>,
    /// Whether somebody asked to end.
    pub parar: &'a dyn Fn() -> bool,
    /// Waits; `false` when somebody asked to end meanwhile.
    pub pausa: &'a dyn Fn(Duration) -> bool,
    /// Messages done, messages in all.
    pub progresso: &'a dyn Fn(u64, u64),
}

/// The account of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conta {
    /// OMNE took them.
    pub enviadas: u64,
    /// OMNE refused them.
    pub falhas: u64,
    /// Nobody knows; those that a dead run left among them.
    pub incertas: u64,
    /// Not to be sent any more, by reason.
    pub canceladas: BTreeMap<&'static str, u64>,
    /// Still waiting.
    pub restam: i64,
    /// Why the run ended before the queue was empty.
    pub parada: Option<Parada>,
}

impl Conta {
    /// Whether the run did anything.
    #[must_use]
    pub fn fez(&self) -> bool {
        self.enviadas + self.falhas + self.incertas > 0 || !self.canceladas.is_empty()
    }
}
