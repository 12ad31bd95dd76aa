//! Every answer that is not a success: status, code, message, fields, the request's id (contract section 8).
//!
//! An error body holds nothing else: no path, SQL, type name or personal data (SE10). The request's id is put in by
//! [`super::guarda`], which knows it.

use super::fila::Indisponivel;
use crate::atendimento::recusa::{Campo, Recusa};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// An answer that is not a success.
#[derive(Debug)]
pub struct Erro {
    /// Its status.
    pub status: StatusCode,
    /// What callers act on.
    pub codigo: &'static str,
    /// What people read, in Portuguese.
    pub mensagem: String,
    /// Fields and what was expected of them.
    pub campos: Vec<Campo>,
    /// Seconds after which a retry may help.
    pub depois: Option<u64>,
}

/// Seconds to wait where we do not know better.
const DEPOIS: u64 = 2;

impl Erro {
    /// One without fields.
    pub fn novo(status: StatusCode, codigo: &'static str, mensagem: impl Into<String>) -> Self {
        Self { status, codigo, mensagem: mensagem.into(), campos: Vec::new(), depois: None }
    }

    /// AP1: the same for every path.
    pub fn sem_token() -> Self {
        Self::novo(StatusCode::UNAUTHORIZED, "NAO_AUTORIZADO", "informe um token válido em Authorization: Bearer")
    }

    /// The token opens other doors.
    pub fn escopo() -> Self {
        Self::novo(StatusCode::FORBIDDEN, "ESCOPO_INSUFICIENTE", "o token não dá acesso a esta operação")
    }

    /// No such path.
    pub fn rota() -> Self {
        Self::novo(StatusCode::NOT_FOUND, "ROTA_NAO_ENCONTRADA", "não há esta rota")
    }

    /// The path has other methods.
    pub fn metodo() -> Self {
        Self::novo(StatusCode::METHOD_NOT_ALLOWED, "METODO_NAO_PERMITIDO", "esta rota não aceita este método")
    }

    /// AP17.
    pub fn devagar(depois: u64) -> Self {
        let mut e = Self::novo(
            StatusCode::TOO_MANY_REQUESTS,
            "CONSULTAS_DEMAIS",
            "consultas demais com este token; espere e tente de novo",
        );
        e.depois = Some(depois);
        e
    }

    /// The body is too long (AP8).
    pub fn grande() -> Self {
        Self::novo(StatusCode::PAYLOAD_TOO_LARGE, "CORPO_GRANDE_DEMAIS", "o corpo passa do limite")
    }

    /// The caller took too long.
    pub fn lento() -> Self {
        Self::novo(StatusCode::REQUEST_TIMEOUT, "TEMPO_ESGOTADO", "o corpo não chegou a tempo")
    }

    /// The body is no JSON that we read (AP11).
    pub fn json() -> Self {
        Self::novo(StatusCode::BAD_REQUEST, "JSON_INVALIDO", "o corpo não é um JSON válido")
    }

    /// UC009/FA002.
    pub fn indisponivel() -> Self {
        let mut e = Self::novo(
            StatusCode::SERVICE_UNAVAILABLE,
            "INDISPONIVEL",
            "o ATOM está instável agora; tente de novo em instantes",
        );
        e.depois = Some(DEPOIS);
        e
    }

    /// The body of the answer; `id` is the request's.
    pub fn corpo(&self, id: &str) -> Value {
        let mut inner = json!({"codigo": self.codigo, "mensagem": self.mensagem});
        if let (Some(o), false) = (inner.as_object_mut(), self.campos.is_empty()) {
            o.insert("campos".into(), self.campos.iter().map(|(name, want)| (*name, want.as_str())).collect());
        }
        json!({"erro": inner, "requestId": id})
    }
}

impl From<Indisponivel> for Erro {
    fn from(_: Indisponivel) -> Self {
        Self::indisponivel()
    }
}

impl From<Recusa> for Erro {
    fn from(r: Recusa) -> Self {
        let status = match &r {
            Recusa::ClienteNaoEncontrado
            | Recusa::OutraCampanha
            | Recusa::ContratoNaoEncontrado
            | Recusa::NaoEncontrado => StatusCode::NOT_FOUND,
            Recusa::Campos(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Recusa::ChaveReusada | Recusa::Alterado => StatusCode::CONFLICT,
            Recusa::Falha(e) => {
                tracing::error!(error = %e, "the store failed");
                return Self::indisponivel();
            }
        };
        let mut out = Self::novo(status, r.codigo(), r.to_string());
        if let Recusa::Campos(fields) = r {
            out.campos = fields;
        }
        out
    }
}

impl IntoResponse for Erro {
    fn into_response(self) -> Response {
        let mut out = self.status.into_response();
        if let Some(s) = self.depois {
            out.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(s));
        }
        out.extensions_mut().insert(std::sync::Arc::new(self));
        out
    }
}
