//! The head of the answer: one contract of the client, the one that Manager dials (decisions 4 and 9).

use super::campos::{Linha, Valor};
use super::cliente::Cliente;
use crate::domain::discagem::{self, Discado, Posicao};
use crate::domain::situacao::Situacao;
use crate::domain::valores::{decimal_br, decimal_ponto, milhares};
use crate::store::historico::Proposta;
use chrono::NaiveDate;
use serde::Serialize;

/// A contract of the client, as far as it is chosen and shown by.
#[derive(Clone, Debug)]
pub struct Contrato {
    /// Row id.
    pub id: i64,
    /// The text that is shown.
    pub contrato: String,
    /// Its situação.
    pub situacao: Situacao,
    /// D0 of its block, while BLOQUEADO.
    pub bloqueado_em: Option<NaiveDate>,
    /// The last day of its block.
    pub bloqueado_ate: Option<NaiveDate>,
    /// The last run that changed it or its debt.
    pub run: i64,
    /// flag_falecido or flag_nao_perturbe is S on its last accepted line.
    pub nao_contatar: bool,
    /// Days of delay.
    pub dias_atraso: Option<i64>,
    /// Its part that rarely moves.
    pub cadastro: Linha,
    /// Its part that moves every night.
    pub divida: Linha,
}

impl Default for Contrato {
    fn default() -> Self {
        Self {
            id: 0,
            contrato: String::new(),
            // whatever is not known to be active is not dialled
            situacao: Situacao::Excluido,
            bloqueado_em: None,
            bloqueado_ate: None,
            run: 0,
            nao_contatar: false,
            dias_atraso: None,
            cadastro: Linha::default(),
            divida: Linha::default(),
        }
    }
}

impl Discado for Contrato {
    fn posicao(&self) -> Posicao {
        Posicao { situacao: self.situacao, nao_contatar: self.nao_contatar, dias_atraso: self.dias_atraso }
    }
}

/// The contract that Manager gets, else the last updated; `nao_contatar`: a tabulation says so of the client. Of equals
/// the first: contracts stand in the order of their text.
pub fn escolhe(contratos: &[Contrato], nao_contatar: bool) -> Option<&Contrato> {
    let newest = || contratos.iter().reduce(|best, c| if c.run > best.run { c } else { best });
    let dialled = if nao_contatar { None } else { discagem::escolhe(contratos) };
    dialled.or_else(newest)
}

/// `2018/2019`: year made, year of the model (the bank's numbers 68 and 69); the one known where one lacks.
pub fn ano(fabricacao: Option<i64>, modelo: Option<i64>) -> Option<String> {
    match (fabricacao, modelo) {
        (Some(f), Some(m)) => Some(format!("{f}/{m}")),
        (one, other) => one.or(other).map(|y| y.to_string()),
    }
}

/// The object `mailing`. What the last proposal brings is null while there is none.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mailing<'a> {
    nome: Valor<'a>,
    cpf: Valor<'a>,
    contrato: Option<&'a str>,
    carteira: Valor<'a>,
    acionamentos: i64,
    boletos: i64,
    valor_parcela: Valor<'a>,
    datas_pagamento: Vec<&'a str>,
    resumo_pagamento: Option<String>,
    jornada: Option<&'a str>,
    #[serde(rename = "valorAPagar")]
    valor_a_pagar: Option<String>,
    envio_boleto: Option<i64>,
    marca: Valor<'a>,
    modelo: Valor<'a>,
    ano: Option<String>,
}

impl<'a> Mailing<'a> {
    /// That of a client and its chosen contract, with the contract's first vehicle.
    pub fn de(c: &'a Cliente, contrato: Option<&'a Contrato>) -> Self {
        let plano = &c.plano;
        let client = |name: &str| plano.ficha.colunas.de(&c.ficha, name);
        let of = |name: &str| match contrato {
            Some(k) if plano.cadastro.colunas.lugar(name).is_some() => plano.cadastro.colunas.de(&k.cadastro, name),
            Some(k) => plano.divida.colunas.de(&k.divida, name),
            None => Valor::NADA,
        };
        let vehicle = contrato.and_then(|k| {
            c.garantias.iter().find(|g| g.k1 == 1 && c.contratos.get(g.contrato).is_some_and(|own| own.id == k.id))
        });
        let asset = |name: &str| vehicle.map_or(Valor::NADA, |v| plano.garantia.lida.colunas.de(&v.campos, name));
        let year = |name: &str| asset(name).0.inteiro();
        let (sum, last) = (&c.historico.soma, c.historico.proposta.as_ref());
        Self {
            nome: client("nome_cliente"),
            cpf: client("cpf_cnpj_cliente"),
            contrato: contrato.map(|k| k.contrato.as_str()),
            carteira: of("nome_carteira"),
            acionamentos: sum.acionamentos,
            boletos: sum.boletos,
            valor_parcela: of("valor_parcela"),
            datas_pagamento: last.and_then(|p| p.primeiro_vencimento.as_deref()).into_iter().collect(),
            resumo_pagamento: last.map(resumo),
            jornada: last.map(|p| p.tipo_acordo.as_str()),
            valor_a_pagar: last.map(|p| decimal_ponto(p.valor_proposto, 2)),
            envio_boleto: sum.canal_do_boleto,
            marca: asset("marca"),
            modelo: asset("modelo"),
            ano: ano(year("ano_fabricacao"), year("ano_modelo")),
        }
    }
}

/// A proposal on a line: `Quitação, 12 parcelas, R$ 1.234,56`.
pub fn resumo(p: &Proposta) -> String {
    let value = decimal_br(p.valor_proposto, 2);
    let (whole, cents) = value.split_once(',').unwrap_or((&value, "00"));
    let whole = whole.parse::<u64>().map_or_else(|_| whole.to_owned(), milhares);
    let parts = match p.qtd_parcelas {
        Some(1) => ", 1 parcela".to_owned(),
        Some(n) => format!(", {n} parcelas"),
        None => String::new(),
    };
    format!("{}{parts}, R$ {whole},{cents}", p.tipo_acordo)
}
