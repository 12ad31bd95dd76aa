//! Who did what, for the supervisor: the changes of items, and who logged in and saw which client (WF7).

use super::falha::Falha;
use super::paginas::{Opcao, Registro, Topo, Trilha, html};
use super::sessao::Pessoa;
use crate::atendimento::recusa::Recusa;
use crate::atendimento::tela::{data, momento};
use crate::atendimento::usuario::{self, Papel};
use crate::http::Estado;
use crate::store::Store;
use crate::store::usuario as guardados;
use crate::store::workflow::{self as itens, Evento, Item};
use axum::extract::{Extension, Query, State};
use axum::response::Response;
use std::collections::HashMap;
use std::sync::Arc;

/// What the audit says of each client in a list: on a page of the queue, in a file of it.
pub const POR_CLIENTE: [&str; 2] = ["fila", "exportação da fila"];
/// Rows on a page.
const PAGINA: usize = 50;

/// GET `/workflow/trilha`.
///
/// # Errors
/// 403: not a supervisor; 422; 503.
pub async fn trilha(
    State(estado): State<Arc<Estado>>,
    Extension(p): Extension<Pessoa>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Falha> {
    if p.papel != Papel::Supervisor {
        return Err(Falha::Papel);
    }
    let text = |name: &str| query.get(name).map_or("", String::as_str).to_owned();
    let (ver, quem) = (text("ver"), text("quem"));
    if !["", "acessos"].contains(&ver.as_str()) || !(quem.is_empty() || usuario::login(&quem).as_deref() == Some(&quem))
    {
        return Err(Falha::Endereco);
    }
    let antes: Option<i64> = match text("antes").as_str() {
        "" => None,
        t => Some(t.parse().map_err(|_| Falha::Endereco)?),
    };
    let (views, who) = (ver == "acessos", Some(quem.clone()).filter(|q| !q.is_empty()));
    let read = estado.leitores.pergunta(move |s| le(s, views, who.as_deref(), antes)).await?;
    let (mut linhas, logins) = read?;
    let now = estado.clock.now();
    estado.escritor.audita(super::leitura(&now, &p, None, "trilha"))?;
    let mut depois = String::new();
    if linhas.len() > PAGINA {
        linhas.truncate(PAGINA);
        let last = linhas.last().map_or(0, |(id, _)| *id);
        let mut q = form_urlencoded::Serializer::new(String::new());
        q.append_pair("ver", &ver).append_pair("quem", &quem).append_pair("antes", &last.to_string());
        depois = format!("/workflow/trilha?{}", q.finish());
    }
    let people = std::iter::once(Opcao::nova("", "Todas", &quem));
    Ok(html(&Trilha {
        topo: Topo::novo(&p, "trilha"),
        vistas: vec![Opcao::nova("", "Alterações", &ver), Opcao::nova("acessos", "Acessos", &ver)],
        pessoas: people.chain(logins.iter().map(|l| Opcao::nova(l, l, &quem))).collect(),
        linhas: linhas.into_iter().map(|(_, l)| l).collect(),
        depois,
    }))
}

/// Rows with their numbers, one more than a page, and the logins to choose from.
type Lido = (Vec<(i64, Registro)>, Vec<String>);

fn le(store: &Store, views: bool, quem: Option<&str>, antes: Option<i64>) -> Result<Lido, Recusa> {
    let db = store.db.snapshot()?;
    let logins = guardados::lista(&db)?.into_iter().map(|u| u.login).collect();
    let rows = if views {
        let all = itens::acessos(&db, quem, POR_CLIENTE, antes, PAGINA + 1)?;
        all.into_iter().map(|(id, em, quem, ficha, o_que)| (id, acesso(&em, &quem, ficha, o_que))).collect()
    } else {
        let all = itens::mudancas(&db, quem, antes, PAGINA + 1)?;
        all.into_iter().map(|(e, i)| (e.id, mudanca(e, &i))).collect()
    };
    Ok((rows, logins))
}

fn acesso(em: &str, quem: &str, ficha: Option<i64>, o_que: String) -> Registro {
    Registro {
        quando: momento(em),
        quem: quem.trim_start_matches("workflow:").to_owned(),
        o_que,
        ficha: ficha.map_or_else(String::new, |f| f.to_string()),
        // a view names no item: those of its client
        url: ficha.map_or_else(String::new, |f| format!("/workflow?fichas={f}")),
    }
}

fn mudanca(e: Evento, i: &Item) -> Registro {
    let contract = i.contrato.as_deref().map_or_else(String::new, |c| format!("contrato {c}: "));
    let before = e.de.map_or_else(|| "indicação → ".to_owned(), |d| format!("{d} → "));
    let day = e.agendado_para.map_or_else(String::new, |d| format!(" · contato em {}", data(&d)));
    Registro {
        quando: momento(&e.em),
        quem: e.quem,
        o_que: format!("{contract}{before}{}{day}", e.para),
        ficha: i.ficha.to_string(),
        url: format!("/workflow/item/{}", i.id),
    }
}
