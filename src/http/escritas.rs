//! The Portal's writes (UC010, UC011) and the list of results: a request turned into a call of
//! [`crate::atendimento::escrita`], its answer into a status.

use super::Estado;
use super::corpo;
use super::erro::Erro;
use super::guarda::{Quem, permite};
use super::openapi::corpos;
use crate::atendimento::escrita::{self, Contexto, Escrita, Feita};
use crate::atendimento::recusa::Recusa;
use crate::atendimento::token::Escopo;
use crate::store::auditoria::Leitura;
use axum::body::Body;
use axum::extract::{Extension, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::sync::Arc;

/// The header that makes a repetition recognisable.
const CHAVE: &str = "idempotency-key";

macro_rules! rota {
    ($(#[$doc:meta])* $name:ident, $path:tt, $what:ident) => {
        $(#[$doc])*
        ///
        /// # Errors
        /// 400, 404, 409, 413, 422, 503.
        #[utoipa::path(post, path = $path, tag = "Portal", security(("token" = [])),
            params(("Idempotency-Key" = Option<String>, Header,
                    description = "The same key and body again: the first id; another body: 409")),
            request_body = corpos::$what,
            responses((status = 201, description = "Written", body = corpos::Gravado),
                      (status = 200, description = "It was there already, or the key came before", body = corpos::Gravado),
                      (status = 404, description = "Nobody has this idCrm or contract, or the campaign is another"),
                      (status = 409, description = "The key came before with another body")))]
        pub async fn $name(
            State(estado): State<Arc<Estado>>,
            Extension(quem): Extension<Quem>,
            headers: HeaderMap,
            body: Body,
        ) -> Result<Response, Erro> {
            escreve(&estado, quem, &headers, body, Escrita::$what).await
        }
    };
}

rota!(
    /// Writes a tabulation (UC010). Results that say so open an item of the back office, set or lift NAO_CONTATAR.
    insert_tabulacao,
    "/api/v1/insertTabulacao",
    Tabulacao
);
rota!(
    /// Adds a phone (UC010/FA002); a number that the client has already takes the score.
    inclusao_telefone,
    "/api/v1/inclusaoTelefone",
    Telefone
);
rota!(
    /// Adds an e-mail (UC010/FA003).
    insert_email,
    "/api/v1/insertEmail",
    Email
);
rota!(
    /// Adds an address (UC010/FA004).
    insert_endereco,
    "/api/v1/insertEndereco",
    Endereco
);
rota!(
    /// Writes a proposal (UC011).
    atualizar_proposta,
    "/api/v1/atualizarProposta",
    Proposta
);

async fn escreve(
    estado: &Arc<Estado>,
    quem: Quem,
    headers: &HeaderMap,
    body: Body,
    o_que: Escrita,
) -> Result<Response, Erro> {
    permite(&quem, &[Escopo::Portal])?;
    let bytes = corpo::bytes(headers, body, corpo::PORTAL).await?;
    let campos = corpo::objeto(&bytes)?;
    let repeticao = match headers.get(CHAVE) {
        // JSON that was read is UTF-8
        Some(key) => {
            let (key, text) = (key.to_str().unwrap_or_default(), String::from_utf8_lossy(&bytes));
            Some(escrita::repeticao(quem.token, key, o_que, &text)?)
        }
        None => None,
    };
    let (me, who) = (Arc::clone(estado), quem.nome.clone());
    let done = estado
        .escritor
        .grava(move |e| {
            let ctx = Contexto {
                db: e.db,
                store: e.store,
                config: &me.config,
                tabulacoes: &me.tabulacoes,
                agora: &me.clock.now(),
                quem: &who,
            };
            escrita::escreve(&ctx, o_que, &campos, repeticao.as_ref())
        })
        .await?;
    match done {
        Ok(Feita { id, nova }) => {
            let status = if nova { StatusCode::CREATED } else { StatusCode::OK };
            Ok((status, axum::Json(json!({ "id": id }))).into_response())
        }
        Err(r) => Err(recusa(estado, &quem, o_que.nome(), r)?),
    }
}

/// The answer to a refusal; who asked for another campaign stands in the audit (AP2).
fn recusa(estado: &Estado, quem: &Quem, o_que: &'static str, r: Recusa) -> Result<Erro, Erro> {
    if matches!(r, Recusa::OutraCampanha) {
        let what = match o_que {
            "insertTabulacao" => "insertTabulacao: outra campanha",
            "inclusaoTelefone" => "inclusaoTelefone: outra campanha",
            "insertEmail" => "insertEmail: outra campanha",
            "insertEndereco" => "insertEndereco: outra campanha",
            "atualizarProposta" => "atualizarProposta: outra campanha",
            _ => "listagemTabulacoesCampanha: outra campanha",
        };
        let em = estado.clock.now().iso();
        estado.escritor.audita(Leitura { em, quem: quem.nome.clone(), ficha: None, o_que: what })?;
    }
    Ok(r.into())
}

/// GET `/api/v1/listagemTabulacoesCampanha?idCampanha=` (UC010).
///
/// # Errors
/// 404 for another campaign, 422 for a missing or malformed one.
#[utoipa::path(get, path = "/api/v1/listagemTabulacoesCampanha", tag = "Portal", security(("token" = [])),
    params(("idCampanha" = i64, Query, description = "The campaign", example = 1)),
    responses((status = 200, description = "The results that a tabulation may have", body = corpos::Listagem),
              (status = 404, description = "The campaign is another")))]
pub async fn listagem_tabulacoes(
    State(estado): State<Arc<Estado>>,
    Extension(quem): Extension<Quem>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response, Erro> {
    permite(&quem, &[Escopo::Portal])?;
    let given = corpo::unico(&query, "idCampanha")?;
    let Some(id) = given.and_then(|v| v.trim().parse::<i64>().ok()) else {
        return Err(Recusa::campo("idCampanha", "um número inteiro").into());
    };
    if id != estado.config.campanha.id {
        return Err(recusa(&estado, &quem, "listagemTabulacoesCampanha", Recusa::OutraCampanha)?);
    }
    Ok(axum::Json(estado.tabulacoes.listagem()).into_response())
}
