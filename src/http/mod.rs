//! `atom serve`: the Portal's questions and writes, OMNE's webhooks (UC008–UC011, contract section 8).
//!
//! All routes stand on this page. [`guarda`] is before every one of them; [`portal`] and its like turn a request into
//! a call of [`crate::atendimento`] and its answer into JSON; [`erro`] gives each refusal its status; [`fila`] holds
//! the store's connections; [`servidor`] the sockets.
//!
//! **Invariants by absence:** no SQL, no import, export or transport is named here. Nothing a caller sends is logged.

pub mod corpo;
pub mod erro;
pub mod escritas;
pub mod fila;
pub mod guarda;
pub mod metricas;
pub mod portal;
pub mod servidor;

use crate::atendimento::tabulacoes::Tabulacoes;
use crate::clock::Clock;
use crate::config::Config;
use crate::layout::Layouts;
use crate::store::{Campanha, Store};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
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
    /// Who reads the store.
    pub leitores: fila::Leitores,
    /// Who writes it.
    pub escritor: fila::Escritor,
    /// Who may ask.
    pub guarda: guarda::Guarda,
    /// What is counted.
    pub metricas: metricas::Metricas,
}

impl Estado {
    /// Opens the store.
    ///
    /// # Errors
    /// As [`Store::reader`] and [`Tabulacoes::carrega`]; a thread cannot be made.
    pub fn abre(config: Config, layouts: Layouts, clock: Clock, campanha: &Campanha) -> anyhow::Result<Self> {
        let reader = || Store::reader(&config.store_dir, campanha);
        let leitores = fila::Leitores::novo((0..LEITORES).map(|_| reader()).collect::<Result<_, _>>()?)?;
        let escritor = fila::Escritor::novo(Store::escritor(&config.store_dir, fila::BUSY)?, reader()?)?;
        let guarda = guarda::Guarda::novo(config.serve.reads_per_minute)?;
        let tabulacoes = Tabulacoes::carrega(&config)?;
        Ok(Self {
            config,
            layouts,
            tabulacoes,
            clock,
            leitores,
            escritor,
            guarda,
            metricas: metricas::Metricas::default(),
        })
    }
}

/// Every route, as the log and the metrics name it.
pub const ROTAS: [&str; 10] = [
    "/healthz",
    "/readyz",
    "/metrics",
    "/api/v1/dadosCliente",
    "/api/v1/listagemTabulacoesCampanha",
    "/api/v1/insertTabulacao",
    "/api/v1/inclusaoTelefone",
    "/api/v1/insertEmail",
    "/api/v1/insertEndereco",
    "/api/v1/atualizarProposta",
];

/// The routes.
pub fn rotas(estado: Arc<Estado>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(pronto))
        .route("/metrics", get(metricas_texto))
        .route("/api/v1/dadosCliente", get(portal::dados_cliente).post(portal::dados_cliente_post))
        .route("/api/v1/listagemTabulacoesCampanha", get(escritas::listagem_tabulacoes))
        .route("/api/v1/insertTabulacao", post(escritas::insert_tabulacao))
        .route("/api/v1/inclusaoTelefone", post(escritas::inclusao_telefone))
        .route("/api/v1/insertEmail", post(escritas::insert_email))
        .route("/api/v1/insertEndereco", post(escritas::insert_endereco))
        .route("/api/v1/atualizarProposta", post(escritas::atualizar_proposta))
        .route_layer(middleware::from_fn(guarda::rota))
        .layer(middleware::from_fn_with_state(Arc::clone(&estado), guarda::guarda))
        .with_state(estado)
}

/// The store answers.
async fn pronto(State(estado): State<Arc<Estado>>) -> Response {
    let answers = estado.leitores.pergunta(|store| store.responde()).await;
    match answers {
        Ok(Ok(())) => "ok".into_response(),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "o store não responde").into_response(),
    }
}

async fn metricas_texto(State(estado): State<Arc<Estado>>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], estado.metricas.texto()).into_response()
}
