//! One item: its screen, the next status, what the second of two analysts is told (WF3).

use super::endereco;
use super::falha::Falha;
use super::paginas::{Opcao, Passo, Tela, Topo, html};
use super::sessao::{Pessoa, campo, da_sessao, formulario};
use crate::atendimento::recusa::Recusa;
use crate::atendimento::tela;
use crate::atendimento::workflow::{self, ESTADOS, Pedido};
use crate::http::Estado;
use crate::store::auditoria::{self, Leitura};
use crate::store::workflow as itens;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use std::collections::HashMap;
use std::sync::Arc;

/// Bytes of history on one screen: no page is over 100 KB.
const HISTORICO: usize = 40 * 1024;
/// Events on one screen.
const EVENTOS: usize = 50;

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
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Falha> {
    let id = numero(id)?;
    let before = query.get("antes").map(|t| t.parse().map_err(|_| Falha::Endereco)).transpose()?;
    // told by the form that led here, else by the browser
    let referer = headers.get(header::REFERER).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let from = query.get("fila").map_or(referer, String::as_str);
    let mut page = tela(&estado, &p, id, before, from).await?;
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
            let mut q = form_urlencoded::Serializer::new(format!("/workflow/item/{id}?feito={made}"));
            let to = q.append_pair("fila", campo(&form, "fila")).finish();
            return Ok(Redirect::to(&to).into_response());
        }
        Err(Recusa::Campos(fields)) => {
            let texts: Vec<String> = fields.into_iter().map(|(_, t)| t).collect();
            (StatusCode::UNPROCESSABLE_ENTITY, Some(texts.join("; ")))
        }
        Err(Recusa::Alterado) => (StatusCode::CONFLICT, None),
        Err(e) => return Ok(Falha::from(e).com(&pedido.nota)),
    };
    let mut page = match tela(&estado, &p, id, None, campo(&form, "fila")).await {
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

/// The screen of an item, after the view is in the audit; `from` is the queue that led to it.
async fn tela(estado: &Arc<Estado>, p: &Pessoa, id: i64, before: Option<i64>, from: &str) -> Result<Tela, Falha> {
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
    estado.escritor.audita(super::leitura(&now, p, Some(item.ficha), "ficha"))?;
    let (mut historico, mut size, mut older) = (Vec::new(), 0, String::new());
    let mut last = 0;
    for e in events {
        let at = e.id;
        let step = Passo::from(e);
        size += step.tamanho();
        if historico.len() >= EVENTOS || (size > HISTORICO && !historico.is_empty()) {
            let mut q = form_urlencoded::Serializer::new(format!("/workflow/item/{id}?antes={last}"));
            older = q.append_pair("fila", &endereco::fila(from, now.date())).finish();
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
        fila: endereco::fila(from, now.date()),
        historico,
        mais_antigos: older,
        item,
    })
}
