//! Synthetic contracts and what they owe on a given day.

use super::documento::embaralha;
use super::sorteio::Sorteio;
use super::tabelas;
use chrono::{Datelike, Days, NaiveDate};

const CANAL_CONTRATO: u64 = 3;
const CANAL_SCORE: u64 = 4;
/// Keeps contract numbers apart from CPFs.
const CANAL_NUMERO: u64 = 0x5EED;

/// A contract: what does not move from night to night.
#[derive(Clone, Debug)]
pub struct Contrato {
    /// Its index in the portfolio.
    pub indice: usize,
    /// Index of its client.
    pub cliente: usize,
    /// Its number as the remessa writes it, leading zeros and letters kept.
    pub numero: String,
    /// Number of parcelas, 6 to 36.
    pub prazo: u32,
    /// Parcelas paid.
    pub pagas: u32,
    /// Value of a parcela in cents.
    pub valor_parcela: u64,
    /// Due date of the first parcela.
    pub primeiro_vencimento: NaiveDate,
    /// The client is dead: neither dialled nor messaged.
    pub falecido: bool,
    /// The client asked not to be called.
    pub nao_perturbe: bool,
    pub(super) marca: &'static str,
    pub(super) modelo: &'static str,
    pub(super) tipo_bem: &'static str,
    pub(super) cor: &'static str,
    pub(super) ano: u32,
    pub(super) placa: String,
    pub(super) chassi: String,
    pub(super) renavam: u64,
    pub(super) taxa_mensal: u64,
    pub(super) valor_financiado: u64,
    pub(super) valor_bem: u64,
    pub(super) carteira: &'static str,
    pub(super) produto: &'static str,
    pub(super) conta: u64,
    pub(super) tem_avalista: bool,
    pub(super) tem_outra_garantia: bool,
    pub(super) negativado: bool,
}

/// A parcela on a given day.
#[derive(Clone, Debug)]
pub(super) struct Parcela {
    pub numero: u32,
    pub vencimento: NaiveDate,
    pub dias_atraso: u64,
    pub paga: bool,
    pub juros: u64,
    pub multa: u64,
    pub atualizado: u64,
}

/// What a contract owes on a given day; agrees with its parcelas.
#[derive(Clone, Debug, Default)]
pub struct Divida {
    /// Days since the first open parcela fell due.
    pub dias_atraso: u64,
    /// Parcelas due and not paid.
    pub vencidas: u32,
    /// Parcelas not due yet.
    pub a_vencer: u32,
    /// Sum of the due parcelas without charges, in cents.
    pub valor_vencido: u64,
    /// Sum of the parcelas not due, in cents.
    pub valor_a_vencer: u64,
    /// Sum of the due parcelas with charges, in cents.
    pub valor_atualizado: u64,
    pub(super) juros: u64,
    pub(super) multa: u64,
    pub(super) score_credito: u64,
    pub(super) score_cobranca: u64,
}

/// The number of contract `i`: 11 or 12 characters, most with leading zeros, one in fifty with letters.
fn numero(i: u64, seed: u64) -> String {
    let n = 1_000_000_000 + embaralha(i, seed ^ CANAL_NUMERO, 9);
    match i {
        _ if i % 50 == 9 => format!("AF{n}"),
        _ if i.is_multiple_of(5) => format!("8{n}"),
        _ if i.is_multiple_of(2) => format!("{n:012}"),
        _ => format!("{n:011}"),
    }
}

fn alfanumerico(s: &mut Sorteio, molde: &str) -> String {
    molde
        .chars()
        .map(|c| match c {
            'L' => char::from(s.escolhe(b"ABCDEFGHJKLMNPRSTUVWXYZ")),
            '0' => char::from(s.escolhe(b"0123456789")),
            c => c,
        })
        .collect()
}

impl Contrato {
    pub(super) fn novo(seed: u64, i: usize, cliente: usize, base: NaiveDate) -> Self {
        let n = i as u64;
        let mut s = Sorteio::de(seed, CANAL_CONTRATO, n);
        let prazo = s.entre(6, 36) as u32;
        let pagas = s.ate(u64::from(prazo)) as u32;
        let atraso = match s.ate(10) {
            0 => s.entre(5, 30),
            1..=6 => s.entre(31, 120),
            7 | 8 => s.entre(121, 180),
            _ => s.entre(181, 400),
        };
        let aberta = base.checked_sub_days(Days::new(atraso)).unwrap_or(base);
        let aberta = aberta.with_day(aberta.day().min(28)).unwrap_or(aberta);
        let valor_parcela = s.entre(35_000, 250_000);
        let (marca, modelo, tipo_bem) = s.escolhe(tabelas::VEICULOS);
        let valor_financiado = valor_parcela * u64::from(prazo) * 7 / 10;
        let placa = if s.chance(50) { "LLL0L00" } else { "LLL0000" };
        Self {
            indice: i,
            cliente,
            numero: numero(n, seed),
            prazo,
            pagas,
            valor_parcela,
            primeiro_vencimento: meses(aberta, -(pagas as i32)),
            falecido: n % 150 == 41,
            nao_perturbe: n % 100 == 77,
            marca,
            modelo,
            tipo_bem,
            cor: s.escolhe(tabelas::CORES),
            ano: s.entre(2008, 2022) as u32,
            placa: alfanumerico(&mut s, placa),
            chassi: alfanumerico(&mut s, "9LLLL00L0LL000000"),
            renavam: s.ate(100_000_000_000),
            taxa_mensal: s.entre(12_500, 32_000),
            valor_financiado,
            valor_bem: valor_financiado * 5 / 4,
            carteira: "VEIC",
            produto: if tipo_bem == "MO" { "CDC MOTOS" } else { "CDC VEICULOS" },
            conta: s.ate(100_000_000),
            tem_avalista: n % 17 == 5,
            tem_outra_garantia: n % 11 == 3,
            negativado: s.chance(60),
        }
    }

    pub(super) fn vencimento(&self, parcela: u32) -> NaiveDate {
        meses(self.primeiro_vencimento, parcela as i32 - 1)
    }

    pub(super) fn parcela(&self, numero: u32, em: NaiveDate) -> Parcela {
        let vencimento = self.vencimento(numero);
        let paga = numero <= self.pagas;
        let dias = u64::try_from((em - vencimento).num_days()).unwrap_or(0);
        let dias_atraso = if paga { 0 } else { dias };
        let juros = self.valor_parcela * dias_atraso / 1_000;
        let multa = if dias_atraso > 0 { self.valor_parcela / 50 } else { 0 };
        let atualizado = if paga { 0 } else { self.valor_parcela + juros + multa };
        Parcela { numero, vencimento, dias_atraso, paga, juros, multa, atualizado }
    }

    pub(super) fn divida(&self, seed: u64, em: NaiveDate) -> Divida {
        let mut s = Sorteio::de(seed, CANAL_SCORE + ((em.num_days_from_ce() as u64) << 8), self.indice as u64);
        let mut d = Divida { score_credito: s.entre(1, 999), score_cobranca: s.entre(1, 999), ..Divida::default() };
        for p in (self.pagas + 1..=self.prazo).map(|n| self.parcela(n, em)) {
            d.dias_atraso = d.dias_atraso.max(p.dias_atraso);
            if p.dias_atraso == 0 {
                d.a_vencer += 1;
                d.valor_a_vencer += self.valor_parcela;
            } else {
                d.vencidas += 1;
                d.valor_vencido += self.valor_parcela;
                d.juros += p.juros;
                d.multa += p.multa;
                d.valor_atualizado += p.atualizado;
            }
        }
        d
    }

    pub(super) fn nosso_numero(&self, parcela: u32) -> String {
        format!("{:012}{parcela:03}", 24_000_000_000 + self.indice as u64)
    }

    /// The number as a spreadsheet would leave it in a CSV: without leading zeros, in one contract of three.
    pub(super) fn numero_csv(&self) -> &str {
        if self.indice % 3 == 1 { self.numero.trim_start_matches('0') } else { &self.numero }
    }
}

pub(super) fn faixa_atraso(dias: u64) -> &'static str {
    match dias {
        0..=30 => "a) 1 a 30",
        31..=60 => "b) 31 a 60",
        61..=90 => "c) 61 a 90",
        91..=120 => "d) 91 a 120",
        121..=180 => "e) 121 a 180",
        181..=360 => "f) 181 a 360",
        _ => "g) acima de 360",
    }
}

/// The same day (at most 28) `n` months later.
pub(super) fn meses(d: NaiveDate, n: i32) -> NaiveDate {
    let m = d.year() * 12 + d.month0() as i32 + n;
    NaiveDate::from_ymd_opt(m.div_euclid(12), m.rem_euclid(12) as u32 + 1, d.day().min(28)).unwrap_or(d)
}
