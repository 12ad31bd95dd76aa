//! The head of the answer: one contract of the client, the one that Manager dials (decisions 4 and 9).

use super::campos::Objeto;
use crate::domain::discagem::{self, Discado, Posicao};
use crate::domain::situacao::Situacao;
use chrono::NaiveDate;
use serde_json::{Value, json};

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
    /// The last run that changed it or its debt.
    pub run: i64,
    /// Its layout fields, contract's and debt's.
    pub campos: Objeto,
}

impl Discado for Contrato {
    fn posicao(&self) -> Posicao {
        let says = |f: &str| self.campos.get(f).and_then(Value::as_str) == Some("S");
        Posicao {
            situacao: self.situacao,
            nao_contatar: says("flag_falecido") || says("flag_nao_perturbe"),
            dias_atraso: self.campos.get("dias_atraso").and_then(Value::as_i64),
        }
    }
}

/// The contract that Manager gets, else the last updated. Of equals the first: contracts stand in the order of
/// their text.
pub fn escolhe(contratos: &[Contrato]) -> Option<&Contrato> {
    let newest = || contratos.iter().reduce(|best, c| if c.run > best.run { c } else { best });
    discagem::escolhe(contratos).or_else(newest)
}

/// `2018/2019`: year made, year of the model (the bank's numbers 68 and 69); the one known where one lacks.
pub fn ano(fabricacao: Option<i64>, modelo: Option<i64>) -> Option<String> {
    match (fabricacao, modelo) {
        (Some(f), Some(m)) => Some(format!("{f}/{m}")),
        (one, other) => one.or(other).map(|y| y.to_string()),
    }
}

/// The object `mailing`; `bem` is the chosen contract's first vehicle, `acionamentos` the rows of the history. What tabulations, proposals and
/// boletos bring is empty while there are none.
pub fn mailing(ficha: &Objeto, contrato: Option<&Contrato>, bem: Option<&Objeto>, acionamentos: i64) -> Value {
    let client = |name: &str| ficha.get(name).cloned().unwrap_or(Value::Null);
    let of = |name: &str| contrato.and_then(|c| c.campos.get(name)).cloned().unwrap_or(Value::Null);
    let vehicle = |name: &str| bem.and_then(|b| b.get(name)).cloned().unwrap_or(Value::Null);
    let year = |name: &str| vehicle(name).as_i64();
    json!({
        "nome": client("nome_cliente"),
        "cpf": client("cpf_cnpj_cliente"),
        "contrato": contrato.map(|c| &c.contrato),
        "carteira": of("nome_carteira"),
        "acionamentos": acionamentos,
        "boletos": 0,
        "valorParcela": of("valor_parcela"),
        "datasPagamento": [],
        "resumoPagamento": null,
        "jornada": null,
        "valorAPagar": null,
        "envioBoleto": null,
        "marca": vehicle("marca"),
        "modelo": vehicle("modelo"),
        "ano": ano(year("ano_fabricacao"), year("ano_modelo")),
    })
}
