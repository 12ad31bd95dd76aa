//! `atom serve`: the Portal's questions and writes, OMNE's webhooks (UC008–UC011, contract section 8), the pages of the
//! back office ([`workflow`], UC012).
//!
//! All routes stand on this page. [`guarda`] is before every one of them; [`portal`] and [`webhook`] turn a request into
//! a call of [`crate::atendimento`] and its answer into JSON; [`openapi`] describes them; [`erro`] gives each refusal its
//! status; [`fila`] holds the store's connections; [`servidor`] the sockets.
//!
//! **Invariants by absence:** no SQL, no import, export or transport is named here. Nothing a caller sends is logged.

pub mod conexoes;
pub mod corpo;
pub mod erro;
pub mod escritas;
pub mod fila;
pub mod guarda;
pub mod metricas;
pub mod moldura;
pub mod openapi;
pub mod portal;
pub mod servidor;
pub mod webhook;
pub mod workflow;

use crate::atendimento::Consultor;
use crate::atendimento::tabulacoes::Tabulacoes;
use crate::clock::Clock;
use crate::config::{Config, ConfigError};
use crate::layout::Layouts;
use crate::store::{Campanha, Store};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use std::sync::Arc;

/// Threads that read the store.
const LEITORES: usize = 4;

/// What every route needs.
pub struct Estado {
    /// The configuration.
    pub config: Config,
    /// The layouts.
    pub layouts: Layouts,
    /// The results of a contact.
    pub tabulacoes: Tabulacoes,
    /// The clock.
    pub clock: Clock,
    /// How clients are read.
    pub consultor: Consultor,
    /// Who reads the store.
    pub leitores: fila::Leitores,
    /// Who writes it.
    pub escritor: fila::Escritor,
    /// Who may ask.
    pub guarda: guarda::Guarda,
    /// What is counted.
    pub metricas: metricas::Metricas,
    /// The brake on guessing passwords.
    pub portao: workflow::sessao::Portao,
    /// A webhook came that waits to be linked.
    pub chegou: tokio::sync::Notify,
}

impl Estado {
    /// Opens the store.
    ///
    /// # Errors
    /// As [`Store::reader`] and [`Tabulacoes::carrega`]; a thread cannot be made.
    pub fn abre(config: Config, layouts: Layouts, clock: Clock, campanha: &Campanha) -> anyhow::Result<Self> {
        let reader = || Store::reader(&config.store_dir, campanha);
        let leitores = fila::Leitores::novo((0..LEITORES).map(|_| reader()).collect::<Result<_, _>>()?)?;
        let escritor =
            fila::Escritor::novo(Store::escritor(&config.store_dir, fila::BUSY)?, reader()?, fila::SEM_AUDITORIA)?;
        let guarda = guarda::Guarda::novo(config.serve.reads_per_minute, segredo(&config)?.as_deref())?;
        let (metricas, chegou) = (metricas::Metricas::default(), tokio::sync::Notify::new());
        let consultor = Consultor::novo(&layouts, &config);
        let tabulacoes = Tabulacoes::carrega(&config)?;
        let portao = workflow::sessao::Portao::default();
        Ok(Self { config, layouts, tabulacoes, clock, consultor, leitores, escritor, guarda, metricas, portao, chegou })
    }
}

/// Letters, digits, `-` and `_` that the webhook's secret has at least.
const SEGREDO: usize = 32;

/// The secret of the webhook's path.
///
/// # Errors
/// It cannot be read, is short, or would have to be escaped in a path.
fn segredo(config: &Config) -> Result<Option<String>, ConfigError> {
    let Some(secret) = &config.serve.webhook_secret else { return Ok(None) };
    let text = secret.read()?;
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if !plain || text.len() < SEGREDO {
        let why = format!("serve.webhook_secret tem ao menos {SEGREDO} caracteres, só letras, dígitos, - e _");
        return Err(ConfigError::Secret { name: secret.to_string(), why });
    }
    Ok(Some(text))
}

/// Every route, as the log and the metrics name it.
pub const ROTAS: [&str; 26] = [
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/docs",
    "/docs/{*parte}",
    "/api/v1/dadosCliente",
    "/webhook/omne",
    "/webhook/omne/{secret}",
    "/api/v1/listagemTabulacoesCampanha",
    "/api/v1/insertTabulacao",
    "/api/v1/inclusaoTelefone",
    "/api/v1/insertEmail",
    "/api/v1/insertEndereco",
    "/api/v1/atualizarProposta",
    "/workflow",
    "/workflow/entrar",
    "/workflow/sair",
    "/workflow/procurar",
    "/workflow/fila.csv",
    "/workflow/item/{id}",
    "/workflow/trilha",
    "/workflow/estilo.css",
    "/workflow/icone.svg",
    "/workflow/",
    "/workflow/{*outra}",
];

/// The routes.
pub fn rotas(estado: Arc<Estado>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(pronto))
        .route("/metrics", get(metricas_texto))
        .route("/openapi.json", get(openapi::json))
        .route("/docs", get(openapi::docs))
        .route("/docs/{*parte}", get(openapi::docs_parte))
        .route("/api/v1/dadosCliente", get(portal::dados_cliente).post(portal::dados_cliente_post))
        .route("/webhook/omne", post(webhook::recebe))
        .route("/webhook/omne/{secret}", post(webhook::recebe))
        .route("/api/v1/listagemTabulacoesCampanha", get(escritas::listagem_tabulacoes))
        .route("/api/v1/insertTabulacao", post(escritas::insert_tabulacao))
        .route("/api/v1/inclusaoTelefone", post(escritas::inclusao_telefone))
        .route("/api/v1/insertEmail", post(escritas::insert_email))
        .route("/api/v1/insertEndereco", post(escritas::insert_endereco))
        .route("/api/v1/atualizarProposta", post(escritas::atualizar_proposta))
        .merge(paginas())
        .route_layer(middleware::from_fn(guarda::rota))
        .layer(middleware::from_fn_with_state(Arc::clone(&estado), guarda::guarda))
        .with_state(estado)
}

/// The pages of the back office (UC012).
fn paginas() -> Router<Arc<Estado>> {
    Router::new()
        .route("/workflow", get(workflow::fila::fila))
        .route("/workflow/entrar", get(workflow::entrar).post(workflow::entra))
        .route("/workflow/sair", post(workflow::sai))
        .route("/workflow/procurar", post(workflow::fila::procurar))
        .route("/workflow/fila.csv", get(workflow::arquivo::csv))
        .route("/workflow/item/{id}", get(workflow::item::item).post(workflow::item::muda))
        .route("/workflow/trilha", get(workflow::trilha::trilha))
        .route("/workflow/estilo.css", get(workflow::estilo))
        .route("/workflow/icone.svg", get(workflow::icone))
        .route("/workflow/", any(workflow::falha::outra))
        .route("/workflow/{*outra}", any(workflow::falha::outra))
        .method_not_allowed_fallback(workflow::falha::metodo)
        .layer(middleware::map_response(workflow::cabecalhos))
}

/// The store answers, and the thread that writes takes orders.
async fn pronto(State(estado): State<Arc<Estado>>) -> Response {
    let answers = estado.leitores.pergunta(|store| store.responde()).await;
    match (answers, estado.escritor.vive().await) {
        (Ok(Ok(())), Ok(())) => "ok".into_response(),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "o store não responde").into_response(),
    }
}

async fn metricas_texto(State(estado): State<Arc<Estado>>) -> Response {
    // a store that does not answer now keeps the last counts: what serve itself counts is told all the same
    if let Ok(Ok(totais)) = estado.leitores.pergunta(|store| crate::store::hsm::totais(&store.db, "atendimento")).await
    {
        estado.metricas.hsm(&totais);
    }
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    estado.metricas.webhooks(&webhook::contagem(&estado).await);
    ([(header::CONTENT_TYPE, kind)], estado.metricas.texto()).into_response()
}
