//! What stands before every route: the request's id, the token, the limits, the log line, the body of errors.
//!
//! **Invariant by absence:** without a token that holds, no route but the few public ones is even looked for: a caller
//! cannot tell one path from another (AP1). No path, query or header value is ever logged, only the route that
//! matched (AP19).

use super::Estado;
use super::erro::Erro;
use super::workflow;
use crate::atendimento::token::{self, Escopo};
use crate::store::token::{self as guardados, Token};
use axum::body::{Body, HttpBody as _};
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What is known of the tokens is read anew after so long (AP3: within a second).
const VALIDADE: Duration = Duration::from_millis(500);
/// A token that is not among them may be a new one: they are read again, but not for every guess.
const DESCONHECIDO: Duration = Duration::from_millis(2);
/// A token whose reads come too fast stands in the audit once in so long.
const PRESSA: Duration = Duration::from_secs(60);
/// Paths that need no token. The pages of the back office have sessions of their own.
const PUBLICAS: [&str; 3] = ["/healthz", "/readyz", "/metrics"];
/// Where a secret in the path stands for a token, if one is configured.
const COM_SEGREDO: &str = "/webhook/omne/";

/// Answers that come before the request's body was read.
const NAO_LIDO: [StatusCode; 6] = [
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::METHOD_NOT_ALLOWED,
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
];

/// Who asks.
#[derive(Clone, Debug)]
pub struct Quem {
    /// The token's number.
    pub token: i64,
    /// As the audit names it: `portal:NAME`.
    pub nome: String,
    /// What it may do.
    pub escopo: Escopo,
}

impl Quem {
    /// Whoever knows the webhook's secret.
    fn por_segredo() -> Self {
        Self { token: 0, nome: "omne:webhook_secret".into(), escopo: Escopo::Omne }
    }
}

/// The request's id.
#[derive(Clone, Debug)]
pub struct Pedido(pub String);

/// When the tokens were read last, and they by their hash.
type Lidos = (Option<Instant>, Arc<HashMap<String, Token>>);

/// Tokens as they were read last, and how fast each reads.
pub struct Guarda {
    tokens: Mutex<Lidos>,
    leituras: Option<DefaultKeyedRateLimiter<i64>>,
    /// When a token's haste was written down last.
    pressas: Mutex<HashMap<i64, Instant>>,
    /// The hash of the webhook's secret.
    segredo: Option<String>,
    proximo: AtomicU64,
    raiz: u32,
}

impl Guarda {
    /// `por_minuto` reads a token; 0: no limit. `segredo`: the webhook's, if its path is open.
    ///
    /// # Errors
    /// The machine gives no random bits.
    pub fn novo(por_minuto: u32, segredo: Option<&str>) -> anyhow::Result<Self> {
        let mut root = [0; 4];
        getrandom::fill(&mut root).map_err(|e| anyhow::anyhow!("o sistema não dá bits aleatórios: {e}"))?;
        Ok(Self {
            tokens: Mutex::new((None, Arc::default())),
            leituras: NonZeroU32::new(por_minuto).map(|n| RateLimiter::keyed(Quota::per_minute(n))),
            pressas: Mutex::default(),
            segredo: segredo.map(token::impressao),
            proximo: AtomicU64::new(1),
            raiz: u32::from_be_bytes(root),
        })
    }

    fn id(&self) -> String {
        format!("{:08x}-{:08x}", self.raiz, self.proximo.fetch_add(1, Ordering::Relaxed))
    }

    /// Counts a read; an error when they come too fast (AP17).
    ///
    /// # Errors
    /// 429.
    pub fn leitura(&self, quem: &Quem) -> Result<(), Erro> {
        let Some(limit) = &self.leituras else { return Ok(()) };
        limit.check_key(&quem.token).map_err(|not_until| {
            let wait = not_until.wait_time_from(governor::clock::Clock::now(limit.clock()));
            Erro::devagar(wait.as_secs().saturating_add(1))
        })
    }

    /// Whether a read that came too fast is to be written down: once a minute and token tells it, and no caller fills the
    /// audit with what it was refused.
    pub fn nova_pressa(&self, quem: &Quem) -> bool {
        let mut told = self.pressas.lock().unwrap_or_else(PoisonError::into_inner);
        let new = told.get(&quem.token).is_none_or(|at| at.elapsed() >= PRESSA);
        if new {
            told.insert(quem.token, Instant::now());
        }
        new
    }
}

/// The tokens, at most so old.
async fn tokens(estado: &Estado, idade: Duration) -> Result<Arc<HashMap<String, Token>>, Erro> {
    let guarda = &estado.guarda;
    {
        let held = guarda.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if held.0.is_some_and(|at| at.elapsed() < idade) {
            return Ok(Arc::clone(&held.1));
        }
    }
    let at = Instant::now();
    let all = estado.leitores.pergunta(|store| guardados::lista(&store.db, "atendimento")).await?;
    let all = all.map_err(|_| Erro::indisponivel())?;
    let map: HashMap<String, Token> = all.into_iter().map(|t| (t.sha256.clone(), t)).collect();
    let map = Arc::new(map);
    *guarda.tokens.lock().unwrap_or_else(PoisonError::into_inner) = (Some(at), Arc::clone(&map));
    Ok(map)
}

/// The hash of the token that a request shows.
fn mostrado(req: &Request) -> Option<String> {
    let shown = req.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, shown) = shown.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token::impressao(shown.trim()))
}

/// Who shows a token of this hash; `None`: nobody whom we know.
async fn quem(estado: &Estado, shown: Option<String>) -> Result<Option<Quem>, Erro> {
    let Some(shown) = shown else { return Ok(None) };
    let mut all = tokens(estado, VALIDADE).await?;
    if !all.contains_key(&shown) {
        all = tokens(estado, DESCONHECIDO).await?;
    }
    let Some(t) = all.get(&shown) else { return Ok(None) };
    let Some(escopo) = Escopo::parse(&t.escopo).filter(|_| token::vale(t, &estado.clock.now())) else {
        return Ok(None);
    };
    Ok(Some(Quem { token: t.id, nome: format!("{}:{}", t.escopo, t.nome), escopo }))
}

/// The outermost layer.
pub async fn guarda(State(estado): State<Arc<Estado>>, mut req: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = estado.guarda.id();
    req.extensions_mut().insert(Pedido(id.clone()));
    let (method, with_body) = (req.method().clone(), !req.body().is_end_stream());
    let chunked = req.headers().contains_key(header::TRANSFER_ENCODING);
    let browser = req.headers().get(header::ACCEPT).is_some_and(|v| v.as_bytes().starts_with(b"text/html"));
    let page = workflow::nossa(req.uri().path());
    let let_in = deixa(&estado, &mut req).await;
    let (who, mut answer) = match let_in {
        Ok(name) => (name, next.run(req).await),
        // every path alike (AP1)
        Err(e) if browser && e.status == StatusCode::UNAUTHORIZED => (None, workflow::falha::sem_sessao(req).await),
        Err(e) if page && e.status == StatusCode::SERVICE_UNAVAILABLE => (None, workflow::falha::instavel(req).await),
        Err(e) => (None, e.into_response()),
    };
    let route = answer.extensions_mut().remove::<Rota>().map_or("-", |r| r.0);
    let mut answer = com_corpo(answer, &id);
    // where a body without a length ends, and what was not read of one: the caller must not send its next request
    // behind it (`moldura`)
    if chunked || with_body && (route == "-" || NAO_LIDO.contains(&answer.status())) {
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    let status = answer.status().as_u16();
    let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    estado.metricas.pedido(route, status, begun.elapsed());
    let who = who.as_deref().unwrap_or("-");
    tracing::info!(request = id, method = method.as_str(), route, status, ms, who, "request");
    answer
}

/// Lets a request in, with who asks; how the log names them.
async fn deixa(estado: &Estado, req: &mut Request) -> Result<Option<String>, Erro> {
    match porta(req) {
        Porta::Aberta => Ok(None),
        Porta::Fechada => Err(Erro::sem_token()),
        Porta::Segredo(shown) if estado.guarda.segredo.as_ref() == Some(&shown) => {
            let who = Quem::por_segredo();
            Ok(Some(entra(req, who.nome.clone(), who)))
        }
        Porta::Segredo(_) => Err(Erro::sem_token()),
        Porta::Token(shown) => {
            let who = quem(estado, shown).await?.ok_or_else(Erro::sem_token)?;
            Ok(Some(entra(req, who.nome.clone(), who)))
        }
        Porta::Sessao(shown) => {
            let who = workflow::sessao::pessoa(estado, shown).await?.ok_or_else(Erro::sem_token)?;
            Ok(Some(entra(req, who.quem(), who)))
        }
    }
}

/// Who asks goes on with the request; the name, for the log.
fn entra<T: Clone + Send + Sync + 'static>(req: &mut Request, name: String, who: T) -> String {
    req.extensions_mut().insert(who);
    name
}

/// The route that matched, for the log; a static text, so that nothing of the caller's gets there.
#[derive(Clone, Copy, Debug)]
struct Rota(&'static str);

/// Notes the route on its way out. A layer of the routes, not of the whole.
pub async fn rota(req: Request, next: Next) -> Response {
    let path = req.extensions().get::<MatchedPath>().map(|p| p.as_str().to_owned());
    let mut answer = next.run(req).await;
    if let Some(known) = path.and_then(|p| super::ROTAS.into_iter().find(|r| *r == p)) {
        answer.extensions_mut().insert(Rota(known));
    }
    answer
}

/// What stands before a request.
enum Porta {
    Aberta,
    Fechada,
    /// Whoever shows a token that holds; its hash.
    Token(Option<String>),
    /// Whoever shows a session that holds; its hash.
    Sessao(Option<String>),
    /// Whoever knows the webhook's secret; the hash of what is shown: no comparison tells how near a guess came.
    Segredo(String),
}

/// Public paths let in anybody, the pages whoever is logged in, the rest whoever shows a token; the metrics are for the machine itself.
fn porta(req: &Request) -> Porta {
    let path = req.uri().path();
    if path == "/metrics" {
        let local = req.extensions().get::<ConnectInfo<SocketAddr>>().is_some_and(|c| c.0.ip().is_loopback());
        let proxied =
            ["x-forwarded-for", "forwarded", "x-real-ip", "via"].iter().any(|h| req.headers().contains_key(*h));
        return if local && !proxied { Porta::Aberta } else { Porta::Fechada };
    }
    if let Some(shown) = path.strip_prefix(COM_SEGREDO) {
        return Porta::Segredo(token::impressao(shown));
    }
    if PUBLICAS.contains(&path) || workflow::aberta(path) {
        return Porta::Aberta;
    }
    if workflow::nossa(path) {
        Porta::Sessao(workflow::sessao::mostrada(req.headers()))
    } else {
        Porta::Token(mostrado(req))
    }
}

/// Writes the bodies of errors, ours and the library's alike, and what every answer carries.
fn com_corpo(mut answer: Response, id: &str) -> Response {
    let status = answer.status();
    let ours = answer.extensions_mut().remove::<Arc<Erro>>();
    let of_library = match status {
        StatusCode::NOT_FOUND if ours.is_none() && !has_body(&answer) => Some(Erro::rota()),
        StatusCode::METHOD_NOT_ALLOWED if ours.is_none() && !has_body(&answer) => Some(Erro::metodo()),
        _ => None,
    };
    if let Some(e) = ours.as_deref().or(of_library.as_ref()) {
        let text = e.corpo(id).to_string();
        *answer.body_mut() = Body::from(text);
        answer.headers_mut().remove(header::CONTENT_LENGTH);
        answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if status == StatusCode::UNAUTHORIZED {
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
    }
    let h = answer.headers_mut();
    if let Ok(v) = HeaderValue::from_str(id) {
        h.insert("x-request-id", v);
    }
    h.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    h.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

fn has_body(answer: &Response) -> bool {
    answer.headers().contains_key(header::CONTENT_TYPE)
}

/// The caller's scope is one of these.
///
/// # Errors
/// 403.
pub fn permite(quem: &Quem, escopos: &[Escopo]) -> Result<(), Erro> {
    if escopos.contains(&quem.escopo) { Ok(()) } else { Err(Erro::escopo()) }
}
