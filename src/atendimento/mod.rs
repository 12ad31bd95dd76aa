//! What people who talk to a client are told: the answer of `dadosCliente` (UC009), to the Portal, the bot
//! and `atom get` alike.
//!
//! [`consulta`] finds a client, [`plano`] says how the store is asked, [`cliente`] holds its rows and `resposta` writes
//! them; [`campos`] turns the layouts' columns into JSON, [`mailing`] is its head, [`historico`] the contacts with it,
//! [`mod@mascara`] hides what is personal; [`explica`] says why a contract stands where it stands; [`replica`] what of it
//! leaves for BI. [`webhook`] keeps what OMNE tells, [`evento`] is what it says, [`vinculo`] whose it is by the steps of [`cascata`], [`entrega`] what
//! became of a message of ours. [`escrita`] is the one door of what the Portal
//! writes: [`tabulacao`] under the tree of [`tabulacoes`], [`cadastro`], [`proposta`], their bodies read by [`corpo`].
//!
//! **Invariant by absence:** no SQL stands here; phones and e-mails of third parties
//! never enter an answer, so no later step has to remember to take them out.

pub mod cadastro;
pub mod campos;
pub mod cascata;
pub mod cliente;
pub mod consulta;
pub mod corpo;
pub mod entrega;
pub mod escrita;
pub mod evento;
pub mod explica;
pub mod historico;
pub mod mailing;
pub mod mascara;
pub mod plano;
pub mod proposta;
pub mod recusa;
pub mod replica;
mod resposta;
pub mod tabulacao;
pub mod tabulacoes;
pub mod tela;
pub mod texto_json;
pub mod token;
pub mod usuario;
pub mod vinculo;
pub mod webhook;
pub mod workflow;

#[cfg(test)]
mod testes;

pub use consulta::{Consultor, por_ficha, procura};
pub use mascara::mascara;

/// What a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// CPF or CNPJ.
    Cpf,
    /// A contract's number.
    Contrato,
    /// ID_CRM.
    IdCrm,
}

/// Nobody has this key, or the ficha is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cliente não encontrado")]
pub struct NaoEncontrado;
