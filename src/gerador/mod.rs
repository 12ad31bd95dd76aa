//! Synthetic operating days from a seed, for fixtures, tests and benches; no command of `atom` reaches it.
//!
//! A [`Carteira`] is a portfolio of invented clients and contracts. Nearly nothing is kept: a client is
//! derived from the seed, its number and how often it changed, a contract from the seed and its index, a
//! debt from the contract and the day. So all files of a day agree with each other, the same seed gives the
//! same bytes for ever, and 400,000 contracts fit in a few megabytes.
//!
//! Fixed lines go through the layouts ([`Linha`]), so a layout changed without the generator is an error,
//! not a silent shift. `dia` is always the data de operação; the files of the evening before carry the
//! date of [`vespera`].

mod contrato;
mod csvs;
pub mod defeitos;
pub mod documento;
mod fixos;
pub mod linha;
mod noite;
mod pessoa;
mod remessa;
mod sorteio;
mod tabelas;

#[cfg(test)]
mod testes;

pub use contrato::{Contrato, Divida};
pub use linha::Linha;
pub use noite::{Noite, dia_util_simples, vespera};
pub use pessoa::{Endereco, Pessoa, Telefone};
pub use sorteio::Sorteio;

use crate::layout::load::{self, LayoutError};
use crate::layout::{Layouts, Record};
use chrono::{Datelike, NaiveDate};
use std::collections::BTreeSet;
use std::io;

const CANAL_CARTEIRA: u64 = 5;
const CANAL_NOITE: u64 = 6;
const CANAL_MOVIMENTO: u64 = 7;

/// A synthetic portfolio.
#[derive(Clone, Debug)]
pub struct Carteira {
    seed: u64,
    ascob: String,
    base: NaiveDate,
    hoje: NaiveDate,
    /// Client of each contract.
    clientes: Vec<u32>,
    /// How often each client's personal data changed.
    versoes: Vec<u32>,
    /// Contracts that the bank does not send any more.
    encerrados: BTreeSet<usize>,
    layouts: Layouts,
}

impl Carteira {
    /// A portfolio as it stands on 2023-08-04, the day of the committed fixtures.
    ///
    /// # Errors
    /// A built-in layout that does not load.
    pub fn nova(seed: u64, contratos: usize, ascob: &str) -> Result<Self, LayoutError> {
        Self::em(seed, contratos, ascob, NaiveDate::from_ymd_opt(2023, 8, 4).unwrap_or_default())
    }

    /// A portfolio whose delays (5 to 400 days) are counted from `base`.
    ///
    /// # Errors
    /// A built-in layout that does not load.
    pub fn em(seed: u64, contratos: usize, ascob: &str, base: NaiveDate) -> Result<Self, LayoutError> {
        let layouts = load::builtin()?;
        let mut s = Sorteio::de(seed, CANAL_CARTEIRA, 0);
        let (mut clientes, mut cliente) = (Vec::with_capacity(contratos), 0);
        while clientes.len() < contratos {
            // contracts 1, 2 and 3 are one client's; later one client in thirteen has two
            let quantos = match clientes.len() {
                0 => 1,
                1 => 3,
                _ => 1 + usize::from(s.ate(13) == 0),
            };
            clientes.extend(std::iter::repeat_n(cliente, quantos.min(contratos - clientes.len())));
            cliente += 1;
        }
        let versoes = vec![0; cliente as usize];
        let encerrados = BTreeSet::new();
        Ok(Self { seed, ascob: ascob.to_owned(), base, hoje: base, clientes, versoes, encerrados, layouts })
    }

    /// Lets the night before `dia` pass: one client in a hundred changes address, income and last phone.
    /// Delays, values and scores move with the `dia` given to the writers. A day not after the last does
    /// nothing.
    pub fn avanca(&mut self, dia: NaiveDate) {
        if dia <= self.hoje {
            return;
        }
        self.hoje = dia;
        let canal = CANAL_NOITE + (u64::from(dia.num_days_from_ce().unsigned_abs()) << 8);
        for (i, v) in self.versoes.iter_mut().enumerate() {
            *v += u32::from(Sorteio::de(self.seed, canal, i as u64).ate(100) == 0);
        }
    }

    /// Takes the contracts that the files of `dia` exclude or close out of the files of later days, as the bank
    /// does.
    pub fn encerra(&mut self, dia: NaiveDate) {
        let fora: Vec<usize> = self.exclusoes(dia).into_iter().chain(self.ausentes(dia)).collect();
        self.encerrados.extend(fora);
    }

    /// How many contracts there are.
    pub fn contratos(&self) -> usize {
        self.clientes.len()
    }

    /// How many clients there are.
    pub fn clientes(&self) -> usize {
        self.versoes.len()
    }

    /// The agency's id (`ID_ASCOB`).
    pub fn ascob(&self) -> &str {
        &self.ascob
    }

    /// Contract `i`. An index beyond the portfolio gives a contract that no file of it mentions.
    pub fn contrato(&self, i: usize) -> Contrato {
        let beyond = self.versoes.len() + i.saturating_sub(self.clientes.len());
        Contrato::novo(self.seed, i, self.clientes.get(i).map_or(beyond, |c| *c as usize), self.base)
    }

    /// Client `i`, as of the last [`Carteira::avanca`].
    pub fn cliente(&self, i: usize) -> Pessoa {
        pessoa::cliente(self.seed, i as u64, self.versoes.get(i).copied().unwrap_or(0))
    }

    /// What contract `c` owes in the files of `dia`.
    pub fn divida(&self, c: &Contrato, dia: NaiveDate) -> Divida {
        c.divida(self.seed, vespera(dia))
    }

    /// Number of the acordo that contract `c` has now.
    pub fn numero_acordo(&self, c: &Contrato) -> String {
        format!("{}", 700_000_000 + c.indice as u64)
    }

    /// Contracts with a baixa on `dia`: 2 %, one at least.
    pub fn baixas(&self, dia: NaiveDate) -> Vec<usize> {
        self.movimento(dia, 0, 2)
    }

    /// Contracts excluded on `dia`: 1 %, one at least; never one of the other two lists.
    pub fn exclusoes(&self, dia: NaiveDate) -> Vec<usize> {
        self.movimento(dia, 1, 1)
    }

    /// Contracts that the batimento of `dia` closes: 1 %, one at least; never one of the other two lists.
    pub fn ausentes(&self, dia: NaiveDate) -> Vec<usize> {
        self.movimento(dia, 2, 1)
    }

    /// Every third contract from `classe` may be chosen, so that the lists never meet.
    fn movimento(&self, dia: NaiveDate, classe: u64, por_cento: usize) -> Vec<usize> {
        let lugares = (self.contratos() as u64).saturating_sub(classe).div_ceil(3);
        let quantos = (self.contratos() * por_cento / 100).clamp(1, 1 + lugares as usize / 2);
        let mut s = Sorteio::de(self.seed, CANAL_MOVIMENTO + classe, u64::from(dia.num_days_from_ce().unsigned_abs()));
        let mut escolhidos = BTreeSet::new();
        while lugares > 0 && escolhidos.len() < quantos {
            escolhidos.insert((s.ate(lugares) * 3 + classe) as usize);
        }
        escolhidos.into_iter().filter(|i| !self.encerrados.contains(i)).collect()
    }

    /// A record of a layout.
    pub(crate) fn record(&self, layout: &str, nome: &str) -> io::Result<&Record> {
        self.layouts
            .get(layout)
            .and_then(|l| l.records.iter().find(|r| r.name == nome))
            .ok_or_else(|| io::Error::other(format!("layouts/{layout}.toml: no record `{nome}`")))
    }

    /// The layouts that the lines go through.
    pub fn layouts(&self) -> &Layouts {
        &self.layouts
    }

    fn todos(&self) -> impl Iterator<Item = Contrato> + '_ {
        (0..self.contratos()).filter(|i| !self.encerrados.contains(i)).map(|i| self.contrato(i))
    }
}
