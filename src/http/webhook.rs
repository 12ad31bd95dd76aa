//! OMNE's webhook (UC008): kept as it came, answered, then linked.
//!
//! The answer comes after the commit that holds the body (WH2). Linking is work of its own that no answer waits for and
//! that fails none: [`religa`] runs beside the sockets.

use super::Estado;
use super::corpo;
use super::erro::Erro;
use super::fila::Indisponivel;
use super::guarda::{Quem, permite};
use super::openapi::corpos::Recebido;
use crate::atendimento::token::Escopo;
use crate::atendimento::{evento, vinculo, webhook};
use crate::store::webhook::por_estado;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// How often linking looks for tabulations and imports that came meanwhile.
const VEZ: Duration = Duration::from_secs(2);
/// How long it leaves a store alone that does not answer.
const DESCANSO: Duration = Duration::from_secs(5);

/// POST `/webhook/omne`, by token or with the secret in the path; [`super::guarda`] let the caller in.
///
/// # Errors
/// 400 for what is no JSON, 403, 413, 503.
#[utoipa::path(post, path = "/webhook/omne", tag = "OMNE", security(("token" = [])),
    request_body(content = serde_json::Value, description = "OMNE's JSON as it is: `attendance`, `visitor`, `occurrence`, `hsm`, or an \
        array of `resume_users`; an event that came before changes nothing"),
    responses((status = 200, description = "On disk", body = Recebido)))]
pub async fn recebe(
    State(estado): State<Arc<Estado>>,
    Extension(quem): Extension<Quem>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Erro> {
    permite(&quem, &[Escopo::Omne])?;
    let bytes = corpo::bytes(&headers, body, corpo::WEBHOOK).await?;
    if !evento::e_json(&bytes) {
        return Err(Erro::json());
    }
    let now = estado.clock.now();
    let kept = estado.escritor.grava(move |e| webhook::recebe(e.db, &bytes, &now)).await?;
    let kept = kept.map_err(|e| {
        tracing::error!(error = ?e.trouble, "a webhook could not be kept");
        Erro::indisponivel()
    })?;
    if kept.novo {
        estado.chegou.notify_one();
    }
    Ok(axum::Json(json!({"id": kept.id, "novo": kept.novo})).into_response())
}

/// Links what came, and again what was not found, until it is dropped.
pub async fn religa(estado: Arc<Estado>) {
    let mut visto = 0;
    loop {
        match passa(&estado, visto).await {
            // there may be more
            Ok(Some(seen)) => visto = seen,
            Ok(None) => {
                let _ = tokio::time::timeout(VEZ, estado.chegou.notified()).await;
            }
            Err(why) => {
                tracing::error!(error = why, "webhooks wait to be linked");
                tokio::time::sleep(DESCANSO).await;
            }
        }
    }
}

/// One batch; the last tabulation seen, or `None` when nothing waits.
async fn passa(estado: &Arc<Estado>, visto: i64) -> Result<Option<i64>, String> {
    let busy = |e: Indisponivel| e.to_string();
    let work = estado.leitores.pergunta(move |s| vinculo::trabalho(&s.db, visto)).await.map_err(busy)?;
    let work = work.map_err(|e| e.to_string())?;
    if work.nada() && work.visto == visto {
        return Ok(None);
    }
    let (me, now) = (Arc::clone(estado), estado.clock.now());
    let tabulados = work.tabulados;
    let done = estado
        .escritor
        .grava(move |e| vinculo::passa(e.db, &e.store.db, &me.config, &now, &tabulados))
        .await
        .map_err(busy)?;
    // the store tells what is wrong without anything of a client's
    done.map(|_| Some(work.visto)).map_err(|e| e.to_string())
}

/// The number of webhooks by state, for the metrics; nothing when the store does not answer.
pub async fn contagem(estado: &Estado) -> Vec<(String, i64)> {
    let counts = estado.leitores.pergunta(|s| por_estado(&s.db, "atendimento")).await;
    counts.ok().and_then(Result::ok).unwrap_or_default()
}
