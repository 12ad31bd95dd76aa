//! The back office's pages under `/workflow` (UC012): log in, queue, one item, who did what.
//!
//! Server-rendered, without a script. [`sessao`] is before every page and form, [`paginas`] what they show, [`fila`] the
//! queue, [`arquivo`] its file, [`endereco`] what is asked for of it, [`falha`] what is said when something does not go; the rules are
//! [`crate::atendimento::workflow`]'s. A GET changes nothing but the audit; whoever sees a client is in it before the
//! page leaves (WF1, WF7).

pub mod arquivo;
pub mod endereco;
pub mod falha;
pub mod fila;
pub mod paginas;
pub mod sessao;
pub mod trilha;

use super::Estado;
use crate::atendimento::recusa::Recusa;
use crate::atendimento::tela;
use crate::atendimento::usuario;
use crate::atendimento::workflow::{self, ESTADOS, Pedido};
use crate::clock::Agora;
use crate::store::auditoria::{self, Leitura};
use crate::store::usuario as guardados;
use crate::store::workflow as itens;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{ConnectInfo, Extension, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use falha::Falha;
use paginas::{Entrar, Opcao, Passo, Tela, Topo, html};
use sessao::{COOKIE, Pessoa, campo, da_sessao, formulario};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

/// Paths that need no session: to log in, and what that page is made of.
const ABERTAS: [&str; 3] = ["/workflow/entrar", "/workflow/estilo.css", "/workflow/icone.svg"];
/// Bytes of history on one screen: no page is over 100 KB.
const HISTORICO: usize = 40 * 1024;
/// Events on one screen.
const EVENTOS: usize = 50;

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
        let unit = if wait == 1 { "segundo" } else { "segundos" };
        let erro = format!("Tentativas demais. Espere {wait} {unit} e tente de novo.");
        let mut answer = again(StatusCode::TOO_MANY_REQUESTS, &erro);
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

/// The number of an item in an address.
fn numero(id: Result<Path<String>, PathRejection>) -> Result<i64, Falha> {
    id.ok().and_then(|Path(text)| text.parse().ok()).ok_or(Falha::NaoAchado)
}

/// GET `/workflow/item/{id}`.
///
/// # Errors
/// 404, 503.
pub async fn item(
    State(estado): State<Arc<Estado>>,
    Extension(p): Extension<Pessoa>,
    id: Result<Path<String>, PathRejection>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Falha> {
    let id = numero(id)?;
    let before = query.get("antes").map(|t| t.parse().map_err(|_| Falha::Endereco)).transpose()?;
    let mut page = tela(&estado, &p, id, before).await?;
    let mine = page.historico.first().is_some_and(|e| e.quem == p.login);
    if mine && query.get("feito").is_some_and(|v| *v == page.item.versao.to_string()) {
        "Alteração gravada.".clone_into(&mut page.aviso);
    }
    Ok(html(&page))
}

/// POST `/workflow/item/{id}`: the next status.
///
/// # Errors
/// As [`formulario`]; 404, 503. What the rules refuse is the screen again, with 409 or 422 and what was typed (WF3).
pub async fn muda(
    State(estado): State<Arc<Estado>>,
    Extension(p): Extension<Pessoa>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Falha> {
    let form = formulario(&headers, body, None).await?;
    let id = numero(id)?;
    if !da_sessao(&form, &p) {
        // whoever logged in again in another window has written all the same
        return Ok(Falha::Origem.com(campo(&form, "nota")));
    }
    let pedido = Pedido {
        versao: campo(&form, "versao").parse().unwrap_or(0),
        estado: campo(&form, "estado").to_owned(),
        nota: campo(&form, "nota").to_owned(),
        agendado_para: campo(&form, "agendado_para").to_owned(),
    };
    let (wish, login, now, who) = (pedido.clone(), p.login.clone(), estado.clock.now(), p.quem());
    let done = estado.escritor.grava(move |e| {
        if !workflow::muda(e.db, id, &wish, &login, &now)? {
            return Ok(());
        }
        let ficha = itens::um(e.db, id)?.map(|i| i.ficha);
        let entry = Leitura { em: now.iso(), quem: who, ficha, o_que: "status" };
        auditoria::grava(e.db, &[entry]).map_err(Recusa::from)
    });
    let Ok(done) = done.await else { return Ok(Falha::Indisponivel.com(&pedido.nota)) };
    let (status, told) = match done {
        Ok(()) => {
            let made = pedido.versao.saturating_add(1);
            return Ok(Redirect::to(&format!("/workflow/item/{id}?feito={made}")).into_response());
        }
        Err(Recusa::Campos(fields)) => {
            let texts: Vec<String> = fields.into_iter().map(|(_, t)| t).collect();
            (StatusCode::UNPROCESSABLE_ENTITY, Some(texts.join("; ")))
        }
        Err(Recusa::Alterado) => (StatusCode::CONFLICT, None),
        Err(e) => return Ok(Falha::from(e).com(&pedido.nota)),
    };
    let mut page = match tela(&estado, &p, id, None).await {
        Ok(page) => page,
        Err(e) => return Ok(e.com(&pedido.nota)),
    };
    page.aviso = told.map_or_else(|| conflito(&page, &pedido, &p.login), |t| format!("Nada foi gravado: {t}."));
    page.conflito = true;
    page.estados = opcoes(&pedido.estado);
    page.pedido = pedido;
    Ok((status, html(&page)).into_response())
}

/// What the second of two analysts is told; nothing that was typed is lost.
fn conflito(page: &Tela, pedido: &Pedido, login: &str) -> String {
    // what came since that version was shown, newest first
    let since = page.item.versao.checked_sub(pedido.versao).filter(|_| pedido.versao > 0);
    let since = since.and_then(|n| usize::try_from(n).ok());
    let seen = page.historico.len().min(since.unwrap_or(0));
    let events = page.historico.get(..seen).unwrap_or_default();
    let mut text = match (events.iter().find(|e| e.tabulacao.is_empty()), events.first()) {
        (Some(e), _) => {
            let by = if e.quem == login { "você" } else { &e.quem };
            let to = &e.para;
            format!("Nada foi gravado: {by} ({}) mudou este item para “{to}” depois que você o abriu.", e.quando)
        }
        (None, Some(e)) => {
            format!("Nada foi gravado: chegou nova indicação de {} ({}) depois que você o abriu.", e.quem, e.quando)
        }
        _ if page.item.fechado => "Nada foi gravado: este item já está encerrado.".to_owned(),
        _ => "Nada foi gravado: o formulário não diz como este item estava quando você o abriu.".to_owned(),
    };
    if page.item.fechado {
        if !pedido.nota.is_empty() {
            text.push_str(&format!("\nO que você escreveu: {}", pedido.nota));
        }
    } else {
        text.push_str(" O que você escreveu continua no formulário; confira e grave de novo, se for o caso.");
    }
    text
}

fn opcoes(atual: &str) -> Vec<Opcao> {
    ESTADOS.into_iter().map(|(e, _)| Opcao::nova(e, e, atual)).collect()
}

/// The screen of an item, after the view is in the audit.
async fn tela(estado: &Arc<Estado>, p: &Pessoa, id: i64, before: Option<i64>) -> Result<Tela, Falha> {
    let me = Arc::clone(estado);
    let read = estado.leitores.pergunta(move |store| {
        let item = itens::um(&store.db, id)?.ok_or(Recusa::NaoEncontrado)?;
        let tab = itens::tabulacao(&store.db, id)?;
        let events = itens::eventos(&store.db, id, before, EVENTOS + 1)?;
        let ficha = tela::ficha(store, &me.consultor, &item, tab)?;
        Ok::<_, Recusa>((item, events, ficha))
    });
    let (item, events, ficha) = read.await??;
    let now = estado.clock.now();
    estado.escritor.audita(leitura(&now, p, Some(item.ficha), "ficha"))?;
    let (mut historico, mut size, mut older) = (Vec::new(), 0, String::new());
    let mut last = 0;
    for e in events {
        let at = e.id;
        let step = Passo::from(e);
        size += step.tamanho();
        if historico.len() >= EVENTOS || (size > HISTORICO && !historico.is_empty()) {
            older = format!("/workflow/item/{id}?antes={last}");
            break;
        }
        last = at;
        historico.push(step);
    }
    Ok(Tela {
        topo: Topo::novo(p, "item"),
        tipo: workflow::tipo(&item.tipo).to_owned(),
        desde: tela::momento(&item.aberto_em),
        contato: tela::data(item.agendado_para.as_deref().unwrap_or_default()),
        ficha,
        estados: opcoes(""),
        pedido: Pedido { versao: item.versao, ..Pedido::default() },
        hoje: now.date().to_string(),
        aviso: String::new(),
        conflito: false,
        historico,
        mais_antigos: older,
        item,
    })
}
