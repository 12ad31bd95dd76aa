//! The back office's pages under `/workflow` (UC012): log in, queue, one item, who did what.
//!
//! Server-rendered, without a script. [`sessao`] is before every page and form, [`paginas`] what they show, [`fila`] the
//! queue, [`endereco`] what is asked for of it, [`arquivo`] its file, [`item`] one item, [`trilha`] who did what,
//! [`falha`] what is said when something does not go; the rules are [`crate::atendimento::workflow`]'s. A GET changes
//! nothing but the audit; whoever sees a client is in it before the page leaves (WF1, WF7).

pub mod arquivo;
pub mod endereco;
pub mod falha;
pub mod fila;
pub mod item;
pub mod paginas;
pub mod sessao;
pub mod trilha;

use super::Estado;
use crate::atendimento::recusa::Recusa;
use crate::atendimento::usuario;
use crate::clock::Agora;
use crate::store::auditoria::{self, Leitura};
use crate::store::usuario as guardados;
use axum::body::Body;
use axum::extract::{ConnectInfo, Extension, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use falha::Falha;
use paginas::{Entrar, html};
use sessao::{COOKIE, Pessoa, campo, formulario};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

/// Paths that need no session: to log in, and what that page is made of.
const ABERTAS: [&str; 3] = ["/workflow/entrar", "/workflow/estilo.css", "/workflow/icone.svg"];

/// Whether a path is one of the pages.
pub fn nossa(path: &str) -> bool {
    path.strip_prefix("/workflow").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether it is open to anybody.
pub fn aberta(path: &str) -> bool {
    ABERTAS.contains(&path)
}

/// What every page carries: nothing but its own may be loaded, framed or sent to (WF8).
pub async fn cabecalhos(mut answer: Response) -> Response {
    const CSP: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                       frame-ancestors 'none'; base-uri 'none'";
    let h = answer.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CSP),
        (header::X_FRAME_OPTIONS, "DENY"),
        // `no-referrer` would make the origin of our own forms `null`
        (header::REFERRER_POLICY, "same-origin"),
    ] {
        h.insert(name, HeaderValue::from_static(value));
    }
    h.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    answer
}

/// The style sheet.
pub async fn estilo() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], paginas::ESTILO).into_response()
}

/// The icon.
pub async fn icone() -> Response {
    ([(header::CONTENT_TYPE, "image/svg+xml")], paginas::ICONE).into_response()
}

/// An entry of the audit.
fn leitura(now: &Agora, p: &Pessoa, ficha: Option<i64>, o_que: &'static str) -> Leitura {
    Leitura { em: now.iso(), quem: p.quem(), ficha, o_que }
}

/// GET `/workflow/entrar`.
pub async fn entrar(Query(query): Query<HashMap<String, String>>) -> Response {
    let volta = query.get("volta").and_then(|v| falha::volta(v)).unwrap_or_default();
    html(&Entrar { erro: "", volta: &volta })
}

/// POST `/workflow/entrar`: a new session, whatever session was shown (WF5).
///
/// # Errors
/// As [`formulario`]; 503. A wrong login or password is the form again, with 401; too many tries, with 429 (WF6).
pub async fn entra(
    State(estado): State<Arc<Estado>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Falha> {
    let form = formulario(&headers, body, None).await?;
    let (typed, senha) = (campo(&form, "login").to_owned(), campo(&form, "senha").to_owned());
    let volta = falha::volta(campo(&form, "volta")).unwrap_or_default();
    let again = |status, erro: &str| (status, html(&Entrar { erro, volta: &volta })).into_response();
    let now = estado.clock.now();
    let entry = |quem: &str, o_que| Leitura { em: now.iso(), quem: format!("workflow:{quem}"), ficha: None, o_que };
    let audita = |quem: &str, o_que| estado.escritor.audita(entry(quem, o_que));
    let name = usuario::login(&typed);
    let key = name.clone().unwrap_or_default();
    let known = estado.leitores.pergunta(move |s| guardados::por_login(&s.db, &key)).await?;
    let known = known.map_err(|e| Falha::from(Recusa::from(e)))?;
    // what was typed may be a password: only a login that exists is named
    let named = known.as_ref().map_or("desconhecido", |u| u.login.as_str()).to_owned();
    let from = sessao::endereco(&estado, &headers, peer);
    if let Err(wait) = estado.portao.tenta(name.as_deref().unwrap_or(&typed), from) {
        audita(&named, "entrada freada")?;
        let mut answer = again(StatusCode::TOO_MANY_REQUESTS, &espere(wait));
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
        return Ok(answer);
    }
    let turn = estado.portao.vez.acquire().await.map_err(|_| Falha::Indisponivel)?;
    let who = known.clone();
    let good = tokio::task::spawn_blocking(move || usuario::confere(who.as_ref(), &senha)).await;
    drop(turn);
    let begun = match known.filter(|_| good.unwrap_or(false)) {
        Some(u) => sessao::abre(&estado, u, sessao::mostrada(&headers), &now, entry(&named, "entrada")).await?,
        None => None,
    };
    let Some(id) = begun else {
        audita(&named, "entrada recusada")?;
        return Ok(again(StatusCode::UNAUTHORIZED, "Login ou senha não conferem."));
    };
    let to = if volta.is_empty() { "/workflow" } else { &volta };
    Ok(com_cookie(&format!("{COOKIE}={id}; Path=/; HttpOnly; Secure; SameSite=Strict"), to))
}

/// POST `/workflow/sair`: the session ends here, not only in the browser.
///
/// # Errors
/// As [`formulario`]; 503.
pub async fn sai(
    State(estado): State<Arc<Estado>>,
    Extension(p): Extension<Pessoa>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Falha> {
    formulario(&headers, body, Some(&p)).await?;
    let entry = leitura(&estado.clock.now(), &p, None, "saída");
    let hash = p.sessao.clone();
    let done = estado.escritor.grava(move |e| {
        guardados::fecha_sessao(e.db, &hash)?;
        auditoria::grava(e.db, &[entry])
    });
    done.await?.map_err(|e| Falha::from(Recusa::from(e)))?;
    let gone = format!("{COOKIE}=; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=0");
    Ok(com_cookie(&gone, "/workflow/entrar"))
}

fn com_cookie(cookie: &str, to: &str) -> Response {
    let mut answer = Redirect::to(to).into_response();
    if let Ok(v) = HeaderValue::from_str(cookie) {
        answer.headers_mut().insert(header::SET_COOKIE, v);
    }
    answer
}

fn espere(segundos: u64) -> String {
    let unit = if segundos == 1 { "segundo" } else { "segundos" };
    format!("Tentativas demais. Espere {segundos} {unit} e tente de novo.")
}

#[cfg(test)]
mod tests {
    use super::espere;

    #[test]
    fn um_segundo_e_dois_segundos() {
        assert_eq!(espere(1), "Tentativas demais. Espere 1 segundo e tente de novo.");
        assert_eq!(espere(30), "Tentativas demais. Espere 30 segundos e tente de novo.");
    }
}
