//! What goes out to the dialer Manager (R012, UC003): files built from the store, entered as `gerado`.
//!
//! [`carga`] is every dialable ficha, [`incremental`] the rows that differ from what Manager was last sent, [`baixa`]
//! the fichas that it is not to dial any more. [`varredura`] is the one ordered look at every dialable ficha (after
//! imports at those that they touched, `store::tocada`), [`linha`] its row, [`marca`] the mark of mass
//! actions; [`diferenca`] tells what a file would change.
//!
//! A file is built under one moment of the store, written whole and synced to the outbox under a scratch name, then
//! entered in the ledger ([`arquivo`]). Whoever publishes it (the pipeline) marks it and what each ficha was last sent
//! in one transaction; what was sent is read back from the very bytes, so a crash in between loses nothing (EX3).
//!
//! **Invariant by absence:** no transport here.

pub mod arquivo;
pub mod baixa;
pub mod carga;
pub mod diferenca;
pub mod incremental;
pub mod linha;
pub mod marca;
pub mod varredura;

use crate::clock::Clock;
use crate::config::Config;
use crate::layout::Layouts;
use crate::store::Store;
use crate::store::saida::Saida;
use diferenca::Diferenca;

/// What an export needs.
pub struct Pedido<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The layouts.
    pub layouts: &'a Layouts,
    /// The open store.
    pub store: &'a Store,
    /// The clock.
    pub clock: &'a Clock,
    /// `--dry-run`: nothing is kept, and the difference to what was sent is told.
    pub simula: bool,
}

/// What was built.
#[derive(Clone, Debug)]
pub struct Gerada {
    /// Its row in the ledger; id 0 where nothing was kept: `--dry-run`, no rows, or refused.
    pub saida: Saida,
    /// Characters that Windows-1252 lacks (EX11).
    pub substituidos: u64,
    /// Under `--dry-run`: what the file would change.
    pub diferenca: Option<Diferenca>,
}
