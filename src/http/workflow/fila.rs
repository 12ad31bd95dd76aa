//! The queue: narrowed by the address, searched by a form (what is typed stays out of addresses and logs).

use super::endereco::{ENCERRADOS, IDADES, Pedido, encerrados_desde};
use super::falha::Falha;
use super::paginas::{Contagem, Fila, Linha, Opcao, Topo, html, tamanho};
use super::sessao::{Pessoa, campo, formulario};
use super::trilha::POR_CLIENTE;
use crate::atendimento::recusa::Recusa;
use crate::atendimento::tabulacao::SEM_TRATATIVA;
use crate::atendimento::workflow::{self, AGENDAMENTO, ESTADOS, TIPOS};
use crate::domain::valores::milhares;
use crate::http::Estado;
use crate::store::Store;
use crate::store::fila::{self as itens, Filtro, Recorte};
use crate::store::workflow::Item;
use axum::body::Body;
use axum::extract::{Extension, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::NaiveDate;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// Items on a page.
const PAGINA: usize = 50;
/// Operators to choose from; others are typed.
const OPERADORES: usize = 200;
/// Bytes that the markup of one takes.
const OPCAO: usize = 25;
/// Bytes of them all: no page is over 100 KB.
const LISTA: usize = 4 * 1024;
/// What the statuses with a reason begin with; on the left it stands above them, once.
const SEM_CONDICOES: &str = "Sem condições de Pagamento - ";

/// What is read for a page.
struct Lido {
    linhas: Vec<(Item, String)>,
    total: usize,
    contagens: Vec<(String, i64)>,
    vencidos: i64,
    operadores: Vec<String>,
}

fn le(store: &Store, f: &Filtro, hoje: NaiveDate, pagina: usize) -> Result<Lido, Recusa> {
    let db = store.db.snapshot()?;
    let day = hoje.to_string();
    let items = itens::fila(&db, f, &day, PAGINA, (pagina - 1) * PAGINA)?;
    let mut linhas = Vec::with_capacity(items.len());
    for i in items {
        let name = itens::nome(&db, i.ficha)?.unwrap_or_default();
        linhas.push((i, name));
    }
    let mut operadores = itens::operadores(&db, OPERADORES)?;
    let mut size = 0;
    operadores.retain(|o| {
        size += tamanho(o) + OPCAO;
        size <= LISTA
    });
    Ok(Lido {
        linhas,
        total: itens::conta(&db, f)?,
        contagens: itens::contagens(&db, &encerrados_desde(hoje))?,
        vencidos: itens::vencidos(&db, f, &day)?,
        operadores,
    })
}

/// GET `/workflow`: the queue, what is due today first.
///
/// # Errors
/// 422: something in the address is not possible; 503.
pub async fn fila(
    State(estado): State<Arc<Estado>>,
    Extension(p): Extension<Pessoa>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Falha> {
    let now = estado.clock.now();
    let today = now.date();
    let pedido = Pedido::le(&query, today)?;
    let (filtro, page) = (pedido.filtro.clone(), pedido.pagina);
    let read = estado.leitores.pergunta(move |store| le(store, &filtro, today, page)).await??;
    for (i, _) in &read.linhas {
        estado.escritor.audita(super::leitura(&now, &p, Some(i.ficha), POR_CLIENTE[0]))?;
    }
    Ok(html(&monta(&p, &pedido, read, today)))
}

fn monta(p: &Pessoa, pedido: &Pedido, read: Lido, today: NaiveDate) -> Fila {
    let f = &pedido.filtro;
    let (from, n) = ((pedido.pagina - 1) * PAGINA, read.linhas.len());
    let number = |n: usize| milhares(u64::try_from(n).unwrap_or(u64::MAX));
    let mut resumo = match (n, read.total) {
        (0, total) => format!("{} itens", number(total)),
        (_, 1) => "1 item".to_owned(),
        (_, total) => format!("{}–{} de {} itens", number(from + 1), number(from + n), number(total)),
    };
    if read.vencidos > 0 && f.recorte == Recorte::Abertos {
        let _ = write!(resumo, " · {} com contato até hoje", read.vencidos);
    }
    let mut todos = String::new();
    if f.encerrado_desde.is_some() {
        let _ = write!(resumo, " · encerrados em {ENCERRADOS} dias");
        todos = Pedido { tudo: true, ..pedido.clone() }.url("/workflow", Some(1));
    }
    let aviso = match &f.recorte {
        Recorte::Fichas(_) if pedido.mais => {
            format!("Há mais de {} clientes assim; escreva mais do nome.", workflow::ACHADOS)
        }
        _ => String::new(),
    };
    let titulo = match (&f.recorte, &f.estado) {
        (Recorte::Fichas(_), _) => "Resultado da procura",
        (_, Some(e)) => e,
        (Recorte::Encerrados, None) => "Encerrados",
        (Recorte::Abertos, None) => "Fila",
    };
    let (abertos, encerrados, sem_condicoes) = contagens(f, &read.contagens);
    let any = |nome: &str, atual: &Option<String>| Opcao::nova("", nome, atual.as_deref().unwrap_or_default());
    let states = std::iter::once(SEM_TRATATIVA).chain(ESTADOS.into_iter().map(|(e, _)| e));
    let list = |first: Opcao, rest: Vec<Opcao>| std::iter::once(first).chain(rest).collect::<Vec<_>>();
    let of = |v: &Option<String>| v.clone().unwrap_or_default();
    Fila {
        topo: Topo::novo(p, "fila"),
        titulo: titulo.to_owned(),
        resumo,
        aviso,
        abertos,
        encerrados,
        sem_condicoes,
        estados: list(any("Todos", &f.estado), states.map(|e| Opcao::nova(e, e, &of(&f.estado))).collect()),
        tipos: list(any("Todos", &f.tipo), TIPOS.into_iter().map(|(c, t)| Opcao::nova(c, t, &of(&f.tipo))).collect()),
        operador: of(&f.operador),
        operadores: read.operadores,
        recorte: pedido.recorte(),
        idades: IDADES.into_iter().map(|(v, t, ..)| Opcao::nova(v, t, &pedido.idade)).collect(),
        linhas: read.linhas.into_iter().map(|(i, name)| Linha::nova(&i, name, today)).collect(),
        antes: if pedido.pagina > 1 { pedido.url("/workflow", Some(pedido.pagina - 1)) } else { String::new() },
        depois: if from + n < read.total && n > 0 {
            pedido.url("/workflow", Some(pedido.pagina + 1))
        } else {
            String::new()
        },
        pagina: format!("Página {}", number(pedido.pagina)),
        todos,
        csv: pedido.url("/workflow/fila.csv", Some(1)),
    }
}

/// The statuses on the left: open ones, closed ones, those of them that have a reason.
fn contagens(f: &Filtro, all: &[(String, i64)]) -> (Vec<Contagem>, Vec<Contagem>, Vec<Contagem>) {
    let of = |e: &str| all.iter().filter(|(n, _)| n == e).map(|(_, n)| *n).sum::<i64>();
    let one = |name: &str, n: i64, url: String, here: bool| Contagem {
        nome: name.to_owned(),
        url,
        n: milhares(n.unsigned_abs()),
        aqui: here,
    };
    let by_state = |name: &str| {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("estado", name).finish();
        let shown = name.strip_prefix(SEM_CONDICOES).unwrap_or(name);
        one(shown, of(name), format!("/workflow?{query}"), f.estado.as_deref() == Some(name))
    };
    let open = [SEM_TRATATIVA, AGENDAMENTO, "Proposta enviada para o Pan"];
    let closed: Vec<&str> = ESTADOS.into_iter().filter(|(_, closes)| *closes).map(|(e, _)| e).collect();
    let sum = |names: &[&str]| names.iter().map(|e| of(e)).sum::<i64>();
    let whole = |r: &Recorte| f.estado.is_none() && f.recorte == *r;
    let mut a = vec![one("Todos os abertos", sum(&open), "/workflow".into(), whole(&Recorte::Abertos))];
    a.extend(open.iter().map(|e| by_state(e)));
    let url = "/workflow?ver=encerrados".to_owned();
    let mut b = vec![one("Todos os encerrados", sum(&closed), url, whole(&Recorte::Encerrados))];
    let (reasons, agreed): (Vec<&str>, Vec<&str>) = closed.iter().partition(|e| e.starts_with(SEM_CONDICOES));
    b.extend(agreed.iter().map(|e| by_state(e)));
    (a, b, reasons.iter().map(|e| by_state(e)).collect())
}

/// POST `/workflow/procurar`: leads to the items of the clients found, named by their numbers.
///
/// # Errors
/// As [`formulario`]; 422; 503.
pub async fn procurar(
    State(estado): State<Arc<Estado>>,
    Extension(p): Extension<Pessoa>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Falha> {
    let form = formulario(&headers, body, Some(&p)).await?;
    let text = campo(&form, "busca").to_owned();
    let found = match estado.leitores.pergunta(move |store| workflow::procura(store, &text)).await? {
        Ok(found) => found,
        Err(Recusa::Campos(_)) => return Err(Falha::Busca),
        Err(e) => return Err(e.into()),
    };
    estado.escritor.audita(super::leitura(&estado.clock.now(), &p, None, "procura"))?;
    // nobody has the number 0
    let ids = if found.fichas.is_empty() { vec![0] } else { found.fichas };
    let filtro = Filtro { recorte: Recorte::Fichas(ids), ..Filtro::default() };
    let wish = Pedido { filtro, mais: found.mais, pagina: 1, ..Pedido::default() };
    Ok(Redirect::to(&wish.url("/workflow", Some(1))).into_response())
}
