//! What goes out to the dialer Manager (R012, UC003): files built from the store, entered as `gerado`.
//!
//! A file is built under one moment of the store, written whole and synced to the outbox, then entered in
//! the ledger. Whoever publishes it (the pipeline) marks it and what each ficha was last sent in one
//! transaction; what was sent is read back from the very bytes, so a crash in between loses nothing (EX3).
//!
//! **Invariant by absence:** no transport here.

pub mod carga;
pub mod linha;
pub mod marca;
