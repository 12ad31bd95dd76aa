//! Why a question or a write of the Portal or the back office is refused: one list, with the codes that callers see.
//!
//! [`crate::http`] gives each its HTTP status; nothing here knows one.

/// A field that does not do: its name as the caller spells it, and what was expected, in Portuguese. Never what was
/// found: it may be personal.
pub type Campo = (&'static str, String);

/// A refusal.
#[derive(Debug, thiserror::Error)]
pub enum Recusa {
    /// UC009/FA001: nobody has this CPF, CNPJ or ID_CRM, or the campaign is another.
    #[error("cliente não encontrado")]
    ClienteNaoEncontrado,
    /// AP2: to the caller the same, but it is audited.
    #[error("cliente não encontrado")]
    OutraCampanha,
    /// UC011/FA001.
    #[error("contrato não encontrado")]
    ContratoNaoEncontrado,
    /// The one named does not exist.
    #[error("não encontrado")]
    NaoEncontrado,
    /// Values that are missing or do not do.
    #[error("há campos ausentes ou inválidos")]
    Campos(Vec<Campo>),
    /// AP6: the key came before with another body.
    #[error("esta Idempotency-Key já foi usada com outro corpo")]
    ChaveReusada,
    /// WF3: somebody else changed it first.
    #[error("outra pessoa alterou este item antes")]
    Alterado,
    /// The store failed.
    #[error(transparent)]
    Falha(#[from] anyhow::Error),
}

impl Recusa {
    /// The code that callers act on; stable.
    pub const fn codigo(&self) -> &'static str {
        match self {
            Self::ClienteNaoEncontrado | Self::OutraCampanha => "CLIENTE_NAO_ENCONTRADO",
            Self::ContratoNaoEncontrado => "CONTRATO_NAO_ENCONTRADO",
            Self::NaoEncontrado => "NAO_ENCONTRADO",
            Self::Campos(_) => "CAMPOS_INVALIDOS",
            Self::ChaveReusada => "CHAVE_REUSADA",
            Self::Alterado => "ITEM_ALTERADO",
            Self::Falha(_) => "INDISPONIVEL",
        }
    }

    /// One field.
    pub fn campo(nome: &'static str, esperado: impl Into<String>) -> Self {
        Self::Campos(vec![(nome, esperado.into())])
    }
}

impl From<crate::store::db::DbError> for Recusa {
    fn from(e: crate::store::db::DbError) -> Self {
        Self::Falha(e.into())
    }
}
