//! The Portal's routes (UC009–UC011).

use super::Estado;
use super::corpo;
use super::erro::Erro;
use super::guarda::{Quem, permite};
use crate::atendimento::recusa::Recusa;
use crate::atendimento::token::Escopo;
use crate::atendimento::{self, By, NaoEncontrado};
use crate::store::Store;
use crate::store::auditoria::Leitura;
use axum::body::Body;
use axum::extract::{Extension, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;

/// GET `/api/v1/dadosCliente?cpf=` or `?idCrm=` (UC009).
///
/// # Errors
/// 404 `CLIENTE_NAO_ENCONTRADO`, 422 for a missing or malformed key, 429, 503.
pub async fn dados_cliente(
    State(estado): State<Arc<Estado>>,
    Extension(quem): Extension<Quem>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Erro> {
    let key = |name: &str| query.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| v.clone());
    consulta(&estado, quem, key("cpf"), key("idCrm")).await
}

/// The same by POST with a JSON body, so that CPFs stay out of the proxy's log.
///
/// # Errors
/// As by GET; 400 for what is no JSON.
pub async fn dados_cliente_post(
    State(estado): State<Arc<Estado>>,
    Extension(quem): Extension<Quem>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Erro> {
    let value = corpo::json(&corpo::bytes(&headers, body, corpo::PORTAL).await?)?;
    let Value::Object(map) = value else { return Err(Erro::json()) };
    let key = |name: &str| {
        map.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).and_then(|(_, v)| match v {
            Value::String(s) => Some(s.clone()),
            Value::Number(n) => Some(n.to_string()),
            _ => None,
        })
    };
    consulta(&estado, quem, key("cpf"), key("idCrm")).await
}

async fn consulta(estado: &Arc<Estado>, quem: Quem, cpf: Option<String>, id: Option<String>) -> Result<Response, Erro> {
    permite(&quem, &[Escopo::Portal, Escopo::Bot])?;
    estado.guarda.leitura(&quem)?;
    let (by, key) = match (cpf, id) {
        (Some(cpf), None) => (By::Cpf, cpf),
        (None, Some(id)) => (By::IdCrm, id),
        _ => return Err(Recusa::campo("cpf", "informe cpf ou idCrm, um dos dois").into()),
    };
    if !atendimento::consulta::chave_possivel(by, &key) {
        let (name, want) = match by {
            By::Cpf => ("cpf", "um CPF ou CNPJ válido"),
            _ => ("idCrm", "um número inteiro"),
        };
        return Err(Recusa::campo(name, want).into());
    }
    let me = Arc::clone(estado);
    let found = estado.leitores.pergunta(move |store| clientes(&me, store, by, &key)).await??;
    for ficha in &found.0 {
        estado.escritor.audita(Leitura {
            em: estado.clock.now().iso(),
            quem: quem.nome.clone(),
            ficha: Some(*ficha),
            o_que: "dadosCliente",
        })?;
    }
    let clients =
        if quem.escopo == Escopo::Bot { found.1.iter().map(atendimento::consulta::curta).collect() } else { found.1 };
    Ok(axum::Json(json!({ "clientes": clients })).into_response())
}

/// The clients of a key, with their ids.
fn clientes(estado: &Estado, store: &Store, by: By, key: &str) -> Result<(Vec<i64>, Vec<Value>), Recusa> {
    let ids = atendimento::procura(&store.db, Some(by), key)?;
    let mut out = Vec::new();
    for id in &ids {
        match atendimento::por_ficha(&store.db, &estado.layouts, &estado.config, *id) {
            Ok(client) => out.push(client),
            Err(e) if e.is::<NaoEncontrado>() => {}
            Err(e) => return Err(e.into()),
        }
    }
    if out.is_empty() { Err(Recusa::ClienteNaoEncontrado) } else { Ok((ids, out)) }
}
