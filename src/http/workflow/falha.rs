//! What a page says when something does not go: status and a few words for the person before it.

use super::paginas::{self, Aviso};
use crate::atendimento::recusa::Recusa;
use crate::http::fila::Indisponivel;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// Why no page comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Falha {
    /// The form is not from here, or of another session (WF2).
    Origem,
    /// What came is no form (WF2).
    Tipo,
    /// The body is too long, too slow or cut.
    Corpo(StatusCode),
    /// There is no such item.
    NaoAchado,
    /// This is the supervisor's.
    Papel,
    /// Something in the address is not possible.
    Endereco,
    /// Too little to search for.
    Busca,
    /// The store does not answer.
    Indisponivel,
}

impl From<Indisponivel> for Falha {
    fn from(_: Indisponivel) -> Self {
        Self::Indisponivel
    }
}

impl From<Recusa> for Falha {
    fn from(r: Recusa) -> Self {
        match r {
            Recusa::Campos(_) => Self::Endereco,
            Recusa::Falha(e) => {
                tracing::error!(error = %e, "the store failed");
                Self::Indisponivel
            }
            _ => Self::NaoAchado,
        }
    }
}

impl IntoResponse for Falha {
    fn into_response(self) -> Response {
        let (status, titulo, texto) = match self {
            Self::Origem => (
                StatusCode::FORBIDDEN,
                "Formulário recusado",
                "O formulário não veio desta página ou é de uma sessão anterior. Abra a página de novo e repita.",
            ),
            Self::Tipo => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "Formulário recusado", "O envio não é um formulário."),
            Self::Corpo(status) => (status, "Formulário recusado", "O envio é grande demais ou chegou incompleto."),
            Self::NaoAchado => (
                StatusCode::NOT_FOUND,
                "Item não encontrado",
                "Não há item com este número, ou a ficha do cliente não está mais na base.",
            ),
            Self::Papel => (StatusCode::FORBIDDEN, "Sem acesso", "Esta página é da supervisão."),
            Self::Endereco => {
                (StatusCode::UNPROCESSABLE_ENTITY, "Endereço inválido", "Algo no endereço desta página não é possível.")
            }
            Self::Busca => {
                (StatusCode::UNPROCESSABLE_ENTITY, "Procura", "Informe o contrato, o CPF ou ao menos 3 letras do nome.")
            }
            Self::Indisponivel => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Instável agora",
                "O ATOM não pôde atender. Nada foi gravado; tente de novo em instantes.",
            ),
        };
        (status, paginas::html(&Aviso { titulo, texto })).into_response()
    }
}
