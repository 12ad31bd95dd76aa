//! Imports: the table of steps, and what the engine and the rooms share.
//!
//! [`run`] is the engine, with [`leitura`] (first pass) and [`aplica`] (second); it knows no step by name. Each
//! kind has a room of its own ([`remessa`] … [`retorno`]) that decides what a line means; [`conjunto`] is what
//! parcelas and garantias share, [`mod@lote`] what massivas and retorno do. [`portao`] says what a step still waits
//! for, [`estrutura`] what is wrong with a whole file, [`relato`] what an import reports; [`replay`] imports rejected
//! lines again, [`desfaz`] takes an import back.
//!
//! **Transaction:** one file is applied in one transaction of `carteira.db` that holds every row effect, the
//! rejects, the ledger and what is to be sent; before it nothing durable changes. massivas and retorno write
//! `atendimento.db` and commit there first ([`lote`]).
//!
//! **Invariant by absence:** no transport, no HTTP, no command line here; rooms do not know each other.

pub mod aplica;
pub mod arquivo;
pub mod baixa;
pub mod batimento;
pub mod conjunto;
pub mod desfaz;
pub mod entrada;
pub mod esquema;
pub mod estrutura;
pub mod exclusao;
pub mod garantias;
pub mod leitura;
pub mod lote;
pub mod massivas;
pub mod mensagem;
pub mod parcelas;
pub mod passo;
pub mod portao;
pub mod refin;
pub mod rejeitos;
pub mod relato;
pub mod remessa;
pub mod replay;
pub mod retorno;
pub mod run;
pub mod telefones;

use crate::clock::Clock;
use crate::config::Config;
use crate::domain::dia::Calendario;
use crate::layout::{Layout, Layouts};
use crate::store::{Campanha, Store};
use chrono::NaiveDate;
use passo::Passo;

/// How a kind gets its operating day (decisions 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiaDe {
    /// From the date and time in its name.
    Nome,
    /// It joins the newest day whose remessa is done.
    NovaRemessa,
    /// The calendar day of its stamp.
    Carimbo,
}

/// Opens a room for one file of this layout and operating day.
pub type Abre = for<'c> fn(&'c Contexto<'c>, &Layout, NaiveDate) -> anyhow::Result<Box<dyn Passo<'c> + 'c>>;

/// One step of the operating day.
pub struct Etapa {
    /// Its kind: the word of the command line, of the ledger and of the layouts.
    pub kind: &'static str,
    /// The steps that come before it on its day (decisions 4).
    pub depois_de: &'static [&'static str],
    /// Only a file of this layout completes the step; `None`: any of the kind.
    pub completa: Option<&'static str>,
    /// Where its day comes from.
    pub dia: DiaDe,
    /// Files add up: none is ever older than another.
    pub acumula: bool,
    /// A file of zero bytes means "no movement" (decisions 5).
    pub vazio: bool,
    /// What the board says of it when the day does not require it.
    pub esperado: &'static str,
    /// Its room.
    pub abre: Abre,
}

impl Etapa {
    /// Whether single lines of it may come again, corrected or replayed (decisions 5). Absence from batimento
    /// closes, so a few of its lines would close the rest.
    pub fn aceita_corrigido(&self) -> bool {
        self.kind != "batimento"
    }
}

/// THE TABLE: every step, in the order of the day. A new step is one line here, one room, one layout, one
/// fixture.
#[rustfmt::skip]
pub const ETAPAS: &[Etapa] = &[
    Etapa { kind: "remessa",   depois_de: &[],                                                       completa: None, dia: DiaDe::Nome, acumula: false, vazio: false, esperado: "se vier", abre: remessa::abre },
    Etapa { kind: "parcelas",  depois_de: &["remessa"],                                              completa: None, dia: DiaDe::Nome, acumula: false, vazio: false, esperado: "se vier", abre: parcelas::abre },
    Etapa { kind: "garantias", depois_de: &["remessa"],                                              completa: None, dia: DiaDe::Nome, acumula: false, vazio: false, esperado: "se vier", abre: garantias::abre },
    Etapa { kind: "baixa",     depois_de: &["remessa", "parcelas", "garantias"],                     completa: Some("acordos_baixados"), dia: DiaDe::Nome, acumula: false, vazio: true, esperado: "se vier", abre: baixa::abre },
    Etapa { kind: "exclusao",  depois_de: &["remessa", "parcelas", "garantias", "baixa"],            completa: None, dia: DiaDe::Nome, acumula: false, vazio: true, esperado: "se vier", abre: exclusao::abre },
    Etapa { kind: "batimento", depois_de: &["remessa", "parcelas", "garantias", "baixa", "exclusao"], completa: None, dia: DiaDe::Nome, acumula: false, vazio: false, esperado: "se vier", abre: batimento::abre },
    Etapa { kind: "telefones", depois_de: &["remessa"], completa: None, dia: DiaDe::NovaRemessa, acumula: true, vazio: false, esperado: "se vier", abre: telefones::abre },
    Etapa { kind: "refin",     depois_de: &["remessa"], completa: None, dia: DiaDe::NovaRemessa, acumula: false, vazio: false, esperado: "terças",  abre: refin::abre },
    Etapa { kind: "massivas",  depois_de: &[],          completa: None, dia: DiaDe::Carimbo,     acumula: true, vazio: false, esperado: "se vier", abre: massivas::abre },
    Etapa { kind: "retorno",   depois_de: &[],          completa: None, dia: DiaDe::Carimbo,     acumula: true, vazio: false, esperado: "se vier", abre: retorno::abre },
];

/// The step of this kind.
pub fn etapa(kind: &str) -> Option<&'static Etapa> {
    ETAPAS.iter().find(|e| e.kind == kind)
}

/// What the command line asked for beyond the file itself.
#[derive(Clone, Debug, Default)]
pub struct Opcoes {
    /// The same path, rolled back.
    pub dry_run: bool,
    /// `--force --reason`: passes a gate, an older or a repeated file; recorded (OR7).
    pub forcado: Option<String>,
    /// `--confirm N`: the closings that a person confirms to the brake (R022).
    pub confirma: Option<u64>,
    /// The command as given, for the ledger.
    pub comando: String,
}

/// Everything an import needs, made once by the caller.
pub struct Contexto<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The layouts.
    pub layouts: &'a Layouts,
    /// The open store.
    pub store: &'a Store,
    /// The clock.
    pub clock: &'a Clock,
    /// Bank business days.
    pub calendario: &'a Calendario,
    /// What was asked for.
    pub opcoes: &'a Opcoes,
    /// Told how far the work is: bytes done, bytes in all, what is being done.
    pub progresso: &'a dyn Fn(u64, u64, &str),
}

/// The campaign of a config, as the store keeps it (R001).
pub fn campanha(config: &Config) -> Campanha {
    let c = &config.campanha;
    Campanha { id: c.id, nome: c.nome.clone(), carteira: c.carteira.clone(), ascob: c.ascob.clone() }
}

/// Whether the code of an agency is the campaign's; leading zeros do not count (decisions 5).
pub fn mesma_assessoria(codigo: &str, ascob: &str) -> bool {
    codigo.trim().trim_start_matches('0') == ascob.trim_start_matches('0')
}

/// Whether a text can be the code of an agency at all: up to six digits, as in the bank's fixed files.
pub fn e_assessoria(codigo: &str) -> bool {
    let codigo = codigo.trim_start_matches('0');
    codigo.len() <= 6 && codigo.bytes().all(|b| b.is_ascii_digit())
}
