//! Synthetic clients: everything follows from the seed, the client's number and how often it changed.

use super::documento;
use super::sorteio::Sorteio;
use super::tabelas::{self, Lugar};
use crate::domain::texto::sem_acento;
use chrono::{Days, NaiveDate};

const CANAL_PESSOA: u64 = 1;
const CANAL_MUDANCA: u64 = 2;
/// First numbers of the people beside the clients, so that no CPF repeats.
const CONJUGES: u64 = 100_000_000;
const AVALISTAS: u64 = 200_000_000;

/// A phone of a client as remessa carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telefone {
    /// `CE`, `RE`, `CO`, `RF`, `CJ`, `AV`.
    pub tipo: &'static str,
    /// DDD, two digits.
    pub ddd: &'static str,
    /// 8 or 9 digits.
    pub numero: String,
    /// False: situação `I`.
    pub ativo: bool,
}

impl Telefone {
    /// DDD and number together.
    pub fn completo(&self) -> String {
        format!("{}{}", self.ddd, self.numero)
    }

    /// A mobile of the client's own that is in use: it may get a message.
    pub fn recebe_mensagem(&self) -> bool {
        self.ativo && self.tipo == "CE"
    }
}

/// An address of a client.
#[derive(Clone, Debug)]
pub struct Endereco {
    pub(super) tipo: &'static str,
    pub(super) logradouro: &'static str,
    pub(super) numero: String,
    pub(super) complemento: String,
    pub(super) bairro: &'static str,
    pub(super) lugar: usize,
    pub(super) cep: String,
}

impl Endereco {
    pub(super) fn lugar(&self) -> &'static Lugar {
        &tabelas::LUGARES[self.lugar]
    }
}

/// Somebody beside the client: spouse, reference.
#[derive(Clone, Debug)]
pub(super) struct Proximo {
    pub nome: String,
    pub cpf: String,
    pub nascimento: NaiveDate,
    pub telefone: Telefone,
}

/// A client, or a guarantor.
#[derive(Clone, Debug)]
pub struct Pessoa {
    /// CPF (11 digits) or CNPJ (14 characters), without punctuation.
    pub documento: String,
    /// A company.
    pub juridica: bool,
    /// Name, with accents.
    pub nome: String,
    /// Birth or foundation.
    pub nascimento: NaiveDate,
    /// One to four phones.
    pub telefones: Vec<Telefone>,
    /// Up to two e-mail addresses.
    pub emails: Vec<String>,
    /// One or two addresses.
    pub enderecos: Vec<Endereco>,
    pub(super) mulher: bool,
    pub(super) mae: String,
    pub(super) pai: String,
    pub(super) rg: String,
    pub(super) renda: u64,
    pub(super) profissao: &'static str,
    pub(super) conjuge: Option<Proximo>,
    pub(super) referencias: Vec<Proximo>,
    pub(super) empregado: bool,
    pub(super) numero: u64,
}

/// Whether client `n` is a company: one in forty; the first of them has letters in its CNPJ.
pub(super) fn e_juridica(n: u64) -> bool {
    n % 40 == 7
}

/// Client `n` after `versao` changes of its personal data (address, income, last phone).
pub(super) fn cliente(seed: u64, n: u64, versao: u32) -> Pessoa {
    let mut s = Sorteio::de(seed, CANAL_PESSOA, n);
    let mut m = Sorteio::de(seed, CANAL_MUDANCA + (u64::from(versao) << 8), n);
    let juridica = e_juridica(n);
    let mulher = s.chance(50);
    let nome = if juridica { razao_social(&mut s) } else { nome(&mut s, mulher) };
    let documento = if juridica { documento::cnpj(n, seed, n == 7) } else { documento::cpf(n, seed) };
    let lugar = s.ate(tabelas::LUGARES.len() as u64) as usize;
    let ddd = tabelas::LUGARES[lugar].ddd;
    let quantos = s.entre(1, 4) as usize;
    let mut telefones: Vec<_> = (0..quantos).map(|i| telefone(&mut s, i, ddd)).collect();
    if let Some(ultimo) = telefones.last_mut().filter(|_| versao > 0) {
        ultimo.numero = numero(&mut m, ultimo.tipo == "CE");
    }
    let mut enderecos = vec![endereco(&mut m, "RE", lugar)];
    if s.chance(50) {
        enderecos.push(endereco(&mut s, "CO", lugar));
    }
    let emails = (0..s.ate(3)).map(|i| email(&nome, n, i)).collect();
    let casado = !juridica && s.chance(45);
    Pessoa {
        documento,
        juridica,
        nascimento: nascimento(&mut s),
        telefones,
        emails,
        enderecos,
        mulher,
        mae: self::nome(&mut s, true),
        pai: self::nome(&mut s, false),
        rg: format!("{:09}", s.ate(1_000_000_000)),
        renda: m.entre(141_200, 1_200_000),
        profissao: s.escolhe(tabelas::PROFISSOES),
        conjuge: casado.then(|| proximo(seed, CONJUGES + n, &mut s, !mulher, ddd)),
        referencias: (0..s.entre(1, 3)).map(|_| proximo(seed, 0, &mut s, mulher, ddd)).collect(),
        empregado: !juridica && s.chance(80),
        numero: n,
        nome,
    }
}

/// The guarantor of contract `n`.
pub(super) fn avalista(seed: u64, n: u64) -> Pessoa {
    let mut p = cliente(seed, AVALISTAS + n * 40, 0);
    p.documento = documento::cpf(AVALISTAS + n, seed);
    p
}

fn proximo(seed: u64, n: u64, s: &mut Sorteio, mulher: bool, ddd: &'static str) -> Proximo {
    Proximo {
        nome: nome(s, mulher),
        cpf: if n == 0 { String::new() } else { documento::cpf(n, seed) },
        nascimento: nascimento(s),
        telefone: Telefone { tipo: "CE", ddd, numero: numero(s, true), ativo: true },
    }
}

fn nome(s: &mut Sorteio, mulher: bool) -> String {
    let primeiros = if mulher { tabelas::MULHERES } else { tabelas::HOMENS };
    let (a, b, c) = (s.escolhe(primeiros), s.escolhe(tabelas::SOBRENOMES), s.escolhe(tabelas::SOBRENOMES));
    if s.chance(30) { format!("{a} {b} de {c}") } else { format!("{a} {b} {c}") }
}

fn razao_social(s: &mut Sorteio) -> String {
    let (a, b, r) = (s.escolhe(tabelas::SOBRENOMES), s.escolhe(tabelas::SOBRENOMES), s.escolhe(tabelas::RAMOS));
    format!("{a} & {b} {r} Ltda")
}

fn nascimento(s: &mut Sorteio) -> NaiveDate {
    let primeiro = NaiveDate::from_ymd_opt(1950, 1, 1).unwrap_or_default();
    primeiro + Days::new(s.ate(17_500))
}

fn numero(s: &mut Sorteio, celular: bool) -> String {
    if celular {
        format!("9{}{:07}", s.entre(6, 9), s.ate(10_000_000))
    } else {
        format!("{}{:07}", s.entre(2, 5), s.ate(10_000_000))
    }
}

fn telefone(s: &mut Sorteio, i: usize, ddd: &'static str) -> Telefone {
    let tipo = match i {
        0 => "CE",
        1 if s.chance(70) => "RE",
        1 => "CE",
        2 if s.chance(60) => "CO",
        2 => "RF",
        _ if s.chance(70) => "CJ",
        _ => "AV",
    };
    Telefone { tipo, ddd, numero: numero(s, !matches!(tipo, "RE" | "CO")), ativo: !s.chance(4) }
}

fn endereco(s: &mut Sorteio, tipo: &'static str, lugar: usize) -> Endereco {
    Endereco {
        tipo,
        logradouro: s.escolhe(tabelas::RUAS),
        numero: if s.chance(5) { "S/N".to_owned() } else { s.entre(1, 4_999).to_string() },
        complemento: if s.chance(40) { format!("Apto {}", s.entre(11, 220)) } else { String::new() },
        bairro: s.escolhe(tabelas::BAIRROS),
        lugar,
        cep: format!("{:05}{:03}", tabelas::LUGARES[lugar].cep, s.ate(1_000)),
    }
}

fn email(nome: &str, n: u64, i: u64) -> String {
    let primeiro = nome.split(' ').next().unwrap_or_default();
    let plain = primeiro.chars().flat_map(char::to_lowercase).map(sem_acento);
    format!("{}.{n}.{i}@example.com", plain.filter(char::is_ascii_alphanumeric).collect::<String>())
}
