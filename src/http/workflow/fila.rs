//! The queue: narrowed by the address, searched by a form (what is typed stays out of addresses and logs), and as a file.

use super::falha::Falha;
use super::paginas::{Contagem, Fila, Linha, Opcao, Topo, html};
use super::sessao::{Pessoa, campo, formulario};
use super::trilha::POR_CLIENTE;
use crate::atendimento::recusa::Recusa;
use crate::atendimento::tabulacao::SEM_TRATATIVA;
use crate::atendimento::tela;
use crate::atendimento::workflow::{self, AGENDAMENTO, ESTADOS, TIPOS};
use crate::clock::{Agora, inicio_do_dia};
use crate::domain::documento;
use crate::domain::valores::milhares;
use crate::http::Estado;
use crate::layout::Layouts;
use crate::layout::saida::Escritor;
use crate::store::Store;
use crate::store::auditoria;
use crate::store::fila::{self as itens, Filtro, Recorte};
use crate::store::workflow::Item;
use axum::body::Body;
use axum::extract::{Extension, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{Days, NaiveDate};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// Items on a page.
const PAGINA: usize = 50;
/// Operators to choose from.
const OPERADORES: usize = 200;
/// Rows of a file.
const ARQUIVO: usize = 100_000;
/// Closed items are counted so many days back.
const ENCERRADOS: u64 = 30;
/// What the statuses with a reason begin with; on the left it stands above them, once.
const SEM_CONDICOES: &str = "Sem condições de Pagamento - ";
/// Letters of an operator's name in an address.
const OPERADOR: usize = 100;
/// Age: value, text, days from, days to (inclusive).
const IDADES: [(&str, &str, Option<u64>, Option<u64>); 6] = [
    ("", "Qualquer tempo", None, None),
    ("hoje", "Hoje", Some(0), None),
    ("2", "Até 2 dias", Some(2), None),
    ("3", "3 dias ou mais", None, Some(3)),
    ("7", "7 dias ou mais", None, Some(7)),
    ("30", "30 dias ou mais", None, Some(30)),
];

/// What an address asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Pedido {
    filtro: Filtro,
    idade: String,
    pagina: usize,
    mais: bool,
}

impl Pedido {
    fn le(query: &HashMap<String, String>, hoje: NaiveDate) -> Result<Self, Falha> {
        let text = |name: &str| query.get(name).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
        let estado = text("estado");
        let closes = match estado.as_deref() {
            None | Some(SEM_TRATATIVA) => false,
            Some(e) => ESTADOS.iter().find(|(n, _)| *n == e).ok_or(Falha::Endereco)?.1,
        };
        let tipo = text("tipo");
        let operador = text("operador");
        if tipo.as_deref().is_some_and(|t| !TIPOS.iter().any(|(c, _)| *c == t))
            || operador.as_deref().is_some_and(|o| o.chars().count() > OPERADOR)
        {
            return Err(Falha::Endereco);
        }
        let idade = text("idade").unwrap_or_default();
        let (_, _, from, to) = IDADES.into_iter().find(|(v, ..)| *v == idade).ok_or(Falha::Endereco)?;
        let start = |days: u64| hoje.checked_sub_days(Days::new(days)).map(inicio_do_dia);
        let recorte = match (text("fichas"), text("ver").as_deref()) {
            (Some(ids), _) => Recorte::Fichas(fichas(&ids)?),
            (None, Some("encerrados")) => Recorte::Encerrados,
            (None, None) if closes => Recorte::Encerrados,
            (None, None) => Recorte::Abertos,
            _ => return Err(Falha::Endereco),
        };
        let pagina = text("pagina").map_or(Ok(1), |t| t.parse().map_err(|_| Falha::Endereco))?;
        if !(1..=1_000_000).contains(&pagina) {
            return Err(Falha::Endereco);
        }
        let filtro = Filtro {
            recorte,
            estado,
            tipo,
            operador,
            desde: from.and_then(start),
            // "n days or more": before the beginning of the day that is n-1 days ago
            ate: to.and_then(|d| start(d.saturating_sub(1))),
        };
        Ok(Self { filtro, idade, pagina, mais: query.contains_key("mais") })
    }

    /// The address of a page of the same.
    fn url(&self, path: &str, pagina: usize) -> String {
        let mut q = form_urlencoded::Serializer::new(String::new());
        let f = &self.filtro;
        match &f.recorte {
            Recorte::Fichas(ids) => {
                let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
                q.append_pair("fichas", &ids.join(" "));
            }
            Recorte::Encerrados if f.estado.is_none() => {
                q.append_pair("ver", "encerrados");
            }
            _ => {}
        }
        for (name, value) in [("estado", &f.estado), ("tipo", &f.tipo), ("operador", &f.operador)] {
            if let Some(v) = value {
                q.append_pair(name, v);
            }
        }
        if !self.idade.is_empty() {
            q.append_pair("idade", &self.idade);
        }
        if self.mais {
            q.append_pair("mais", "1");
        }
        if pagina > 1 {
            q.append_pair("pagina", &pagina.to_string());
        }
        let query = q.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }
}

fn fichas(text: &str) -> Result<Vec<i64>, Falha> {
    let ids: Vec<i64> = text.split(' ').map(str::parse).collect::<Result<_, _>>().map_err(|_| Falha::Endereco)?;
    if ids.len() > workflow::ACHADOS { Err(Falha::Endereco) } else { Ok(ids) }
}

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
    let since = inicio_do_dia(hoje.checked_sub_days(Days::new(ENCERRADOS)).unwrap_or(hoje));
    Ok(Lido {
        linhas,
        total: itens::conta(&db, f)?,
        contagens: itens::contagens(&db, &since)?,
        vencidos: itens::vencidos(&db, &day)?,
        operadores: itens::operadores(&db, OPERADORES)?,
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
        operadores: list(
            any("Todos", &f.operador),
            read.operadores.iter().map(|o| Opcao::nova(o, o, &of(&f.operador))).collect(),
        ),
        idades: IDADES.into_iter().map(|(v, t, ..)| Opcao::nova(v, t, &pedido.idade)).collect(),
        linhas: read.linhas.into_iter().map(|(i, name)| Linha::nova(&i, name, today)).collect(),
        antes: if pedido.pagina > 1 { pedido.url("/workflow", pedido.pagina - 1) } else { String::new() },
        depois: if from + n < read.total && n > 0 { pedido.url("/workflow", pedido.pagina + 1) } else { String::new() },
        pagina: format!("Página {}", number(pedido.pagina)),
        csv: pedido.url("/workflow/fila.csv", 1),
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
    let wish = Pedido {
        filtro: Filtro { recorte: Recorte::Fichas(ids), ..Filtro::default() },
        mais: found.mais,
        pagina: 1,
        idade: String::new(),
    };
    Ok(Redirect::to(&wish.url("/workflow", 1)).into_response())
}

/// GET `/workflow/fila.csv`: what the address narrows the queue to, for a spreadsheet; every client of it is in the audit.
///
/// # Errors
/// 422, 503.
pub async fn csv(
    State(estado): State<Arc<Estado>>,
    Extension(p): Extension<Pessoa>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Falha> {
    let now = estado.clock.now();
    let today = now.date();
    let pedido = Pedido::le(&query, today)?;
    let me = Arc::clone(&estado);
    let read = estado.leitores.pergunta(move |store| arquivo(store, &me.layouts, &pedido.filtro, &now));
    let (bytes, fichas) = read.await??;
    let now = estado.clock.now();
    let carimbo = now.carimbo();
    let n = u64::try_from(fichas.len()).unwrap_or(u64::MAX);
    let told = format!("{} ({} {})", POR_CLIENTE[1], milhares(n), if n == 1 { "cliente" } else { "clientes" });
    let entries: Vec<_> = fichas.into_iter().map(|f| super::leitura(&now, &p, Some(f), POR_CLIENTE[1])).collect();
    let done = estado.escritor.grava(move |e| {
        auditoria::registra(e.db, &now.iso(), &p.quem(), None, &told)?;
        auditoria::grava(e.db, &entries)
    });
    let done = done.await?;
    done.map_err(|e| Falha::from(Recusa::from(e)))?;
    let name = format!("attachment; filename=\"workflow_{carimbo}.csv\"");
    let kind = "text/csv; charset=windows-1252".to_owned();
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], bytes).into_response())
}

/// The file, and whose data stand in it.
fn arquivo(store: &Store, layouts: &Layouts, f: &Filtro, now: &Agora) -> Result<(Vec<u8>, Vec<i64>), Recusa> {
    let db = store.db.snapshot()?;
    let layout = layouts.unico("workflow_fila").map_err(anyhow::Error::from)?;
    let mut out = Escritor::new(Vec::new(), layout).map_err(anyhow::Error::from)?;
    let mut fichas = Vec::new();
    for i in itens::fila(&db, f, &now.date().to_string(), ARQUIVO, 0)? {
        let (nome, documento) = itens::nome_e_documento(&db, i.ficha)?;
        out.inteiro(Some(i.ficha));
        out.celula(&numero(i.contrato.as_deref().unwrap_or_default()));
        out.celula(&nome);
        out.celula(&documento::formata(&documento));
        out.celula(workflow::tipo(&i.tipo));
        out.celula(&i.estado);
        out.celula(&tela::momento(&i.aberto_em));
        out.celula(&tela::data(i.agendado_para.as_deref().unwrap_or_default()));
        out.celula(&tela::momento(&i.mudado_em));
        out.celula(&i.operador);
        out.fim_da_linha().map_err(anyhow::Error::from)?;
        fichas.push(i.ficha);
    }
    fichas.sort_unstable();
    fichas.dedup();
    Ok((out.fim().map_err(anyhow::Error::from)?, fichas))
}

/// A number that a spreadsheet would shorten, marked as text.
fn numero(text: &str) -> String {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let changed = digits && (text.starts_with('0') || text.len() > 11);
    if changed { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn le(pairs: &[(&str, &str)]) -> Result<Pedido, Falha> {
        let query = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Pedido::le(&query, NaiveDate::from_ymd_opt(2023, 8, 4).unwrap())
    }

    #[test]
    fn um_endereco_pede_o_que_diz_e_o_impossivel_e_recusado() {
        let p = le(&[("estado", "Acordo Realizado"), ("tipo", "EA"), ("idade", "3")]).unwrap();
        assert_eq!(p.filtro.recorte, Recorte::Encerrados);
        assert_eq!(p.filtro.ate.as_deref(), Some("2023-08-02T00:00:00-03:00"));
        assert_eq!(p.url("/x", 2), "/x?estado=Acordo+Realizado&tipo=EA&idade=3&pagina=2");
        assert_eq!(le(&[("fichas", "3 9")]).unwrap().filtro.recorte, Recorte::Fichas(vec![3, 9]));
        let many = (0..60).map(|n| n.to_string()).collect::<Vec<_>>().join(" ");
        for bad in [
            ("estado", "Qualquer"),
            ("tipo", "X"),
            ("idade", "9"),
            ("ver", "tudo"),
            ("fichas", "1,2"),
            ("fichas", &many),
            ("pagina", "0"),
            ("pagina", "-1"),
            ("operador", &"x".repeat(101)),
        ] {
            assert_eq!(le(&[bad]), Err(Falha::Endereco), "{bad:?}");
        }
    }

    #[test]
    fn um_numero_que_a_planilha_encurtaria_vai_marcado() {
        for (text, want) in
            [("00123", "'00123"), ("123", "123"), ("123456789012", "'123456789012"), ("A1", "A1"), ("", "")]
        {
            assert_eq!(numero(text), want);
        }
    }
}
