//! What the pages show: one struct a template. Every text goes through the template's escaping (WF4); no template has a
//! script, a style or anything of another host.

use super::sessao::Pessoa;
use crate::atendimento::tela::{Ficha, data, momento};
use crate::atendimento::usuario::Papel;
use crate::atendimento::workflow::{self, Pedido};
use crate::store::workflow::{Evento, Item};
use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;

/// The style sheet.
pub const ESTILO: &str = include_str!("templates/estilo.css");
/// The icon.
pub const ICONE: &str = include_str!("templates/icone.svg");

/// A page.
pub fn html(page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response(),
        // a template cannot fail on texts; were it so, nothing half is shown
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The head of every page.
#[derive(Clone, Debug)]
pub struct Topo {
    /// Who is logged in.
    pub login: String,
    /// Whether it reads who did what.
    pub supervisor: bool,
    /// What forms carry.
    pub csrf: String,
    /// Which page.
    pub onde: &'static str,
}

impl Topo {
    /// For somebody, on a page.
    pub fn novo(p: &Pessoa, onde: &'static str) -> Self {
        Self { login: p.login.clone(), supervisor: p.papel == Papel::Supervisor, csrf: p.csrf.clone(), onde }
    }
}

/// The form to log in.
#[derive(Template)]
#[template(path = "entrar.html")]
pub struct Entrar<'a> {
    /// What went wrong.
    pub erro: &'a str,
    /// The item to come back to, as an address of ours; empty: the queue.
    pub volta: &'a str,
}

/// Something did not go.
#[derive(Template)]
#[template(path = "aviso.html")]
pub struct Aviso<'a> {
    /// What.
    pub titulo: &'a str,
    /// What to do.
    pub texto: &'a str,
    /// What was typed and is not kept anywhere.
    pub escrito: &'a str,
    /// Where the link leads, and its words.
    pub link: (&'a str, &'a str),
}

impl<'a> Aviso<'a> {
    /// One that leads back to the queue.
    pub fn novo(titulo: &'a str, texto: &'a str) -> Self {
        Self { titulo, texto, escrito: "", link: ("/workflow", "Voltar à fila") }
    }
}

/// An entry of a list to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opcao {
    /// What is sent.
    pub valor: String,
    /// What is shown.
    pub nome: String,
    /// Whether it is chosen.
    pub aqui: bool,
}

impl Opcao {
    /// One of a list, chosen where it is `atual`.
    pub fn nova(valor: impl Into<String>, nome: impl Into<String>, atual: &str) -> Self {
        let valor = valor.into();
        Self { aqui: valor == atual, nome: nome.into(), valor }
    }
}

/// A status and how many items have it.
pub struct Contagem {
    /// The status.
    pub nome: String,
    /// Where it leads.
    pub url: String,
    /// How many.
    pub n: String,
    /// Whether it is shown now.
    pub aqui: bool,
}

/// A row of the queue.
pub struct Linha {
    /// The item.
    pub id: i64,
    /// Contrato.
    pub contrato: String,
    /// Nome.
    pub nome: String,
    /// What was indicated.
    pub tipo: String,
    /// Its status.
    pub estado: String,
    /// When.
    pub desde: String,
    /// How long ago.
    pub idade: String,
    /// The next contact.
    pub contato: String,
    /// Who indicated.
    pub operador: String,
    /// Whether the contact is due.
    pub hoje: bool,
}

impl Linha {
    /// An item with its client's name.
    pub fn nova(i: &Item, nome: String, hoje: NaiveDate) -> Self {
        let begun = i.aberto_em.get(..10).and_then(|d| d.parse::<NaiveDate>().ok());
        let age = match begun.map(|d| (hoje - d).num_days()) {
            Some(0) => "hoje".to_owned(),
            Some(1) => "há 1 dia".to_owned(),
            Some(n) if n > 1 => format!("há {n} dias"),
            _ => String::new(),
        };
        let day = i.agendado_para.as_deref().unwrap_or_default();
        Self {
            id: i.id,
            contrato: i.contrato.clone().unwrap_or_else(|| format!("ficha {}", i.ficha)),
            nome,
            tipo: workflow::tipo(&i.tipo).to_owned(),
            estado: i.estado.clone(),
            desde: data(i.aberto_em.get(..10).unwrap_or_default()),
            idade: age,
            contato: if day.is_empty() { "–".to_owned() } else { data(day) },
            operador: i.operador.clone(),
            hoje: !i.fechado && !day.is_empty() && day <= hoje.to_string().as_str(),
        }
    }
}

/// The queue.
#[derive(Template)]
#[template(path = "fila.html")]
pub struct Fila {
    /// The head.
    pub topo: Topo,
    /// What is shown.
    pub titulo: String,
    /// How many.
    pub resumo: String,
    /// What is to be said.
    pub aviso: String,
    /// Open items by status.
    pub abertos: Vec<Contagem>,
    /// Closed ones: all, agreed.
    pub encerrados: Vec<Contagem>,
    /// Closed ones: by the reason that there is no payment.
    pub sem_condicoes: Vec<Contagem>,
    /// The filters.
    pub estados: Vec<Opcao>,
    /// …
    pub tipos: Vec<Opcao>,
    /// …
    pub operador: String,
    /// Some of those who indicated.
    pub operadores: Vec<String>,
    /// What the filters leave as it is.
    pub recorte: Vec<(&'static str, String)>,
    /// …
    pub idades: Vec<Opcao>,
    /// The items.
    pub linhas: Vec<Linha>,
    /// Where the page before is.
    pub antes: String,
    /// Where the next page is.
    pub depois: String,
    /// Which page this is.
    pub pagina: String,
    /// Where closed items of any age are.
    pub todos: String,
    /// Where the same is as CSV.
    pub csv: String,
}

/// A change, as the history shows it.
pub struct Passo {
    /// When.
    pub quando: String,
    /// Who.
    pub quem: String,
    /// Before.
    pub de: String,
    /// After.
    pub para: String,
    /// The day of the contact.
    pub dia: String,
    /// The tabulation behind it.
    pub tabulacao: String,
    /// What was noted.
    pub nota: String,
}

impl From<Evento> for Passo {
    fn from(e: Evento) -> Self {
        Self {
            quando: momento(&e.em),
            quem: e.quem,
            de: e.de.unwrap_or_default(),
            para: e.para,
            dia: data(e.agendado_para.as_deref().unwrap_or_default()),
            tabulacao: e.tabulacao.map_or_else(String::new, |t| t.nome),
            nota: e.nota.unwrap_or_default(),
        }
    }
}

impl Passo {
    /// Bytes that it may take, escaped.
    pub fn tamanho(&self) -> usize {
        let text = [&self.quem, &self.de, &self.para, &self.tabulacao, &self.nota];
        200 + text.into_iter().map(|t| tamanho(t)).sum::<usize>()
    }
}

/// Bytes that a text takes on a page.
pub fn tamanho(text: &str) -> usize {
    let wide = |c: char| if matches!(c, '<' | '>' | '&' | '"' | '\'') { 5 } else { c.len_utf8() };
    text.chars().map(wide).sum()
}

/// One item.
#[derive(Template)]
#[template(path = "item.html")]
pub struct Tela {
    /// The head.
    pub topo: Topo,
    /// The item.
    pub item: Item,
    /// What was indicated.
    pub tipo: String,
    /// When.
    pub desde: String,
    /// The next contact.
    pub contato: String,
    /// The 18 fields.
    pub ficha: Ficha,
    /// The next status.
    pub estados: Vec<Opcao>,
    /// What stands in the form.
    pub pedido: Pedido,
    /// The first day that can be chosen.
    pub hoje: String,
    /// What is to be said.
    pub aviso: String,
    /// Whether the change was refused.
    pub conflito: bool,
    /// Where the queue is that led here.
    pub fila: String,
    /// What happened, newest first.
    pub historico: Vec<Passo>,
    /// Where what happened before is.
    pub mais_antigos: String,
}

/// A row of who did what.
pub struct Registro {
    /// When.
    pub quando: String,
    /// Who.
    pub quem: String,
    /// What.
    pub o_que: String,
    /// Which client.
    pub ficha: String,
    /// Where that stands; empty: nowhere.
    pub url: String,
}

/// Who did what.
#[derive(Template)]
#[template(path = "trilha.html")]
pub struct Trilha {
    /// The head.
    pub topo: Topo,
    /// Changes or views.
    pub vistas: Vec<Opcao>,
    /// Whose.
    pub pessoas: Vec<Opcao>,
    /// What.
    pub linhas: Vec<Registro>,
    /// Where older ones are.
    pub depois: String,
}
