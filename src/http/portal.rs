//! The Portal's routes (UC009–UC011).

use super::Estado;
use super::corpo;
use super::erro::Erro;
use super::guarda::{Quem, permite};
use super::openapi::cliente::Clientes;
use super::openapi::corpos::Pergunta;
use crate::atendimento::recusa::Recusa;
use crate::atendimento::token::Escopo;
use crate::atendimento::{self, By};
use crate::store::Store;
use crate::store::auditoria::Leitura;
use axum::body::Body;
use axum::extract::{Extension, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// Bytes that the answer about a usual client has room in.
const CORPO: usize = 32 * 1024;

/// GET `/api/v1/dadosCliente?cpf=` or `?idCrm=` (UC009).
///
/// # Errors
/// 404 `CLIENTE_NAO_ENCONTRADO`, 422 for a missing or malformed key, 429, 503.
#[utoipa::path(get, path = "/api/v1/dadosCliente", tag = "Portal", security(("token" = [])),
    params(("cpf" = Option<String>, Query, description = "CPF or CNPJ, with or without punctuation; this or idCrm"),
           ("idCrm" = Option<i64>, Query, description = "ID_CRM; this or cpf", example = 1),
           ("idCampanha" = Option<i64>, Query, description = "Another campaign's is answered like an unknown client")),
    responses((status = 200, description = "The client", body = Clientes),
              (status = 404, description = "CLIENTE_NAO_ENCONTRADO: nobody has this key (UC009/FA001)")))]
pub async fn dados_cliente(
    State(estado): State<Arc<Estado>>,
    Extension(quem): Extension<Quem>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response, Erro> {
    let chaves = Chaves::de(&query, |v| Some(v.clone()));
    consulta(&estado, quem, chaves).await
}

/// The same by POST with a JSON body, so that CPFs stay out of the proxy's log.
///
/// # Errors
/// As by GET; 400 for what is no JSON.
#[utoipa::path(post, path = "/api/v1/dadosCliente", tag = "Portal", security(("token" = [])),
    request_body = Pergunta,
    responses((status = 200, description = "The client", body = Clientes),
              (status = 404, description = "CLIENTE_NAO_ENCONTRADO: nobody has this key (UC009/FA001)")))]
pub async fn dados_cliente_post(
    State(estado): State<Arc<Estado>>,
    Extension(quem): Extension<Quem>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Erro> {
    let campos = corpo::objeto(&corpo::bytes(&headers, body, corpo::PORTAL).await?)?;
    let chaves = Chaves::de(&campos, |v| match v {
        Value::String(s) => Some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    });
    consulta(&estado, quem, chaves).await
}

/// What a look-up is asked by.
struct Chaves {
    cpf: Option<String>,
    id: Option<String>,
    campanha: Option<String>,
}

impl Chaves {
    fn de<V>(campos: &[(String, V)], texto: impl Fn(&V) -> Option<String>) -> Result<Self, Erro> {
        let key = |name| Ok::<_, Erro>(corpo::unico(campos, name)?.and_then(&texto));
        Ok(Self { cpf: key("cpf")?, id: key("idCrm")?, campanha: key("idCampanha")? })
    }
}

async fn consulta(estado: &Arc<Estado>, quem: Quem, chaves: Result<Chaves, Erro>) -> Result<Response, Erro> {
    permite(&quem, &[Escopo::Portal, Escopo::Bot])?;
    let entry = |ficha, o_que| Leitura { em: estado.clock.now().iso(), quem: quem.nome.clone(), ficha, o_que };
    if let Err(slow) = estado.guarda.leitura(&quem) {
        if estado.guarda.nova_pressa(&quem) {
            // AP17; nothing is shown, so that nothing waits for it
            let _ = estado.escritor.audita(entry(None, "dadosCliente: consultas demais"));
        }
        return Err(slow);
    }
    let chaves = chaves?;
    let (by, key) = match (chaves.cpf, chaves.id) {
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
    if let Some(c) = chaves.campanha {
        let id = c.trim().parse::<i64>().map_err(|_| Recusa::campo("idCampanha", "um número inteiro"))?;
        if id != estado.config.campanha.id {
            // AP2: like a client whom nobody knows, but it is kept who asked
            estado.escritor.audita(entry(None, "dadosCliente de outra campanha"))?;
            return Err(Recusa::ClienteNaoEncontrado.into());
        }
    }
    let (me, short) = (Arc::clone(estado), quem.escopo == Escopo::Bot);
    let found = estado.leitores.pergunta(move |store| clientes(&me, store, by, &key, short)).await?;
    if matches!(found, Err(Recusa::ClienteNaoEncontrado)) {
        // who tries numbers until one is known is seen to try
        estado.escritor.audita(entry(None, "dadosCliente de ninguém"))?;
    }
    let found = found?;
    for ficha in found.fichas {
        estado.escritor.audita(entry(Some(ficha), "dadosCliente"))?;
    }
    Ok(([(header::CONTENT_TYPE, "application/json")], found.corpo).into_response())
}

/// An answer, and whom it shows.
struct Achados {
    fichas: Vec<i64>,
    corpo: Vec<u8>,
}

/// The clients of a key; `curta`: only what a bot may read. The body is written on the reader's thread.
fn clientes(estado: &Estado, store: &Store, by: By, key: &str, curta: bool) -> Result<Achados, Recusa> {
    let clients = estado.consultor.clientes(&store.db, Some(by), key)?;
    if clients.is_empty() {
        return Err(Recusa::ClienteNaoEncontrado);
    }
    let corpo = if curta {
        let whole = clients.iter().map(serde_json::to_value).collect::<Result<Vec<_>, _>>();
        whole.and_then(|all| serde_json::to_vec(&resposta(all.iter().map(atendimento::consulta::curta).collect())))
    } else {
        let mut out = Vec::with_capacity(CORPO);
        serde_json::to_writer(&mut out, &resposta(clients.iter().collect())).map(|()| out)
    };
    Ok(Achados { fichas: clients.iter().map(|c| c.id).collect(), corpo: corpo.map_err(anyhow::Error::from)? })
}

/// The whole answer.
fn resposta<T>(clientes: Vec<T>) -> HashMap<&'static str, Vec<T>> {
    HashMap::from([("clientes", clientes)])
}
