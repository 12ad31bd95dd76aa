//! atom: the batch toolkit of a collections agency that works a bank's overdue vehicle contracts.
//!
//! Every evening and at about 2 a.m. files arrive from Evo (the bank's, converted). atom collects them, imports
//! them under the business rules into an embedded store, sends rejected lines back with the reason, and hands
//! the dialer Manager its files. Three people use it: cron every minute, ops by hand at 3 a.m., an engineer
//! who reads its source. This page is the map of that source.
//!
//! # The rooms
//!
//! - [`domain`] — the nouns of the business as functions of values: every transition of a contract's situação,
//!   keys, documents, phones, money, the bank calendar and the operating day. Pure.
//! - [`layout`] — files as data: `layouts/*.toml` say names, records and fields; the engine turns bytes into
//!   lines and typed values or says what is wrong; the one writer of outgoing files.
//! - [`store`] — two SQLite files in one folder: `carteira.db`, what the bank's files say and the ledger of
//!   it; `atendimento.db`, every contact with people. `store::db` alone names the driver.
//! - [`import`] — THE TABLE of steps ([`import::ETAPAS`]), the engine ([`import::run`]) and one room a kind:
//!   [`import::remessa`] … [`import::retorno`].
//! - [`export`] — what goes to Manager: which contract a client is dialled for, which phones in which order.
//! - [`atendimento`] — the client as the Portal and `atom get` see it, and what the Portal writes of it; a contract as
//!   `atom explain` tells it; what OMNE tells and whose it is.
//! - [`http`] — `atom serve`: routes on one page, tokens and limits before every one of them, no SQL and no rule;
//!   [`http::workflow`], the back office's pages.
//! - [`hsm`] — the queue of WhatsApp messages: who may be written to and when, OMNE, the journal that makes each go once.
//! - [`transport`] — folders on this or another machine: `file://`, `sftp://`, `ftps://`, `ftp://`; every call bounded in
//!   time, what is put shown whole or not at all.
//! - [`https`] — the client of one configured HTTP server, bounded, without redirects and proxies: OMNE's, the ping's.
//! - [`pipeline`] — the night: fetch, the tick, publishing, the ping. Where imports, exports and transports meet.
//! - [`cli`] — one file a subcommand; the only place that prints and that knows exit codes.
//! - [`config`] — `atom.toml` and the environment, typed. [`clock`] — the time, made once.
//! - [`gerador`] — synthetic days for fixtures, tests and benches; no command reaches it.
//!
//! To add a kind of file: one line in [`import::ETAPAS`], one room, one layout, one fixture.
//!
//! # A file's way
//!
//! `Evo → pipeline::fetch → inbox + ledger → import::run` (first pass: every line looked at, nothing touched;
//! second pass: one transaction) `→ archive`; rejected lines `→ rejects/ and outbox → pipeline::publish → Evo`.
//! After it `export::{baixa, carga, incremental} → outbox → pipeline::publish → Manager`, in the order that
//! `pipeline::manager` keeps, and only then what each client was last sent is recorded.
//!
//! # Arrows that do not exist
//!
//! A test reads the sources and fails on any of these. `domain` and `transport` name nothing of ours. `layout`
//! and `store` know neither each other nor any rule. `import`, `export`, `hsm` and `atendimento` know neither each
//! other nor a transport. Nobody knows `cli`. One file each names the database driver, the time-zone
//! tables, the bank calendar, the check digits; one room each clap and the terminal libraries.
//!
//! # What holds
//!
//! - One file is applied whole or not at all, in one transaction that holds its rows, rejects, ledger entry
//!   and what is to be sent. There is no durable "importing".
//! - Every line read is created, updated, unchanged, ignored or rejected; if the sum differs nothing is
//!   applied.
//! - A name is matched whole against a pattern before any path is built from it or it is printed.
//! - Nothing outside [`clock`] asks what time it is (durations are measured where they are needed); nothing
//!   outside [`config`] reads the environment, but for `NO_COLOR` and, in debug builds only, the point at which
//!   a test stops the process.
//! - No CPF, phone, name or secret stands in a log, an error or an error file.

pub mod atendimento;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod export;
pub mod gerador;
pub mod hsm;
pub mod http;
pub mod https;
pub mod import;
pub mod layout;
pub mod pipeline;
pub mod store;
pub mod transport;
