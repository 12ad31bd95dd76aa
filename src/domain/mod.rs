//! The nouns of the business and their rules, as functions of values.
//!
//! What lives here: the stable [`codigo`]s that operators and other systems
//! read; the keys of the files ([`contrato`], [`documento`], [`fone`]); the
//! union of a ficha's phones ([`telefones`]); money and implied decimals
//! ([`valores`]); days and moments as other systems write them ([`momentos`]); the bank calendar and the
//! operating day ([`dia`]); and every
//! transition of a contract's situação ([`situacao`]); the zone of a DDD ([`fuso`]).
//! [`cientifica`] is the one
//! test for numbers that a spreadsheet has ruined, [`texto`] what makes foreign text
//! fit to be shown.
//!
//! Architecture invariant: this module depends on nothing of ours. It knows no
//! store, no file, no configuration and no clock: dates and limits come in as
//! parameters, so every rule can be tested cell by cell and a second store or a
//! second front end rewrites none of them.
//!
//! Errors are data: a reject is an expected outcome of reading a bank's file.
//! Each error enum answers `codigo()`, and no error carries the value that
//! caused it, since that value is personal.

pub mod cientifica;
pub mod codigo;
pub mod contrato;
pub mod dia;
pub mod discagem;
pub mod documento;
pub mod fone;
pub mod fuso;
pub mod momentos;
pub mod situacao;
pub mod telefones;
pub mod texto;
pub mod valores;
