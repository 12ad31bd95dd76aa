//! Bad lines, so that fixtures meet what the bank really sends.
//!
//! The lines that are rejected belong to contracts beyond the portfolio, so the good part of the day stays
//! whole: every other file knows only the contracts that remessa loads.

use super::Carteira;
use super::linha::Linha;
use chrono::NaiveDate;
use std::io::{self, Write};

/// A date that no calendar has.
pub const DATA_IMPOSSIVEL: &str = "20230231";
/// A phone number that no DDD has.
pub const TELEFONE_IMPOSSIVEL: &str = "123";

/// The document with its last check digit wrong.
pub fn digito_errado(documento: &str) -> String {
    let mut d = documento.to_owned();
    let ultimo = d.pop().and_then(|c| c.to_digit(10)).unwrap_or(0);
    d.push(if ultimo == 9 { '0' } else { char::from(b'1' + ultimo as u8) });
    d
}

/// Number of a contract that no remessa of the portfolio brings.
pub fn contrato_desconhecido(c: &Carteira) -> String {
    c.contrato(c.contratos() + 2).numero
}

/// Remessa with two lines more than contracts: a wrong check digit in the required document and an
/// impossible `data_contrato`; and with a bad optional phone in contracts 5 and 20 (warnings).
///
/// # Errors
/// Those of the writer and of the layout.
pub fn escreve_remessa(c: &Carteira, w: &mut impl Write, dia: NaiveDate) -> io::Result<()> {
    let n = c.contratos();
    let mut l = Linha::new(c.record("remessa", "contrato")?);
    for i in 0..n + 2 {
        c.linha_remessa(&mut l, i, dia);
        match i.checked_sub(n) {
            Some(0) => {
                let ruim = digito_errado(&c.cliente(c.contrato(i).cliente).documento);
                l.set("cpf_cnpj_cliente", &ruim);
            }
            Some(_) => {
                l.set("data_contrato", DATA_IMPOSSIVEL);
            }
            None if matches!(i, 5 | 20) => {
                l.set("telefone_1_numero", TELEFONE_IMPOSSIVEL);
            }
            None => {}
        }
        l.escreve(w)?;
    }
    Ok(())
}

/// Parcelas with two lines of an unknown contract and a last line with a bad `valor_parcela`, which holds
/// the other lines of the last contract.
///
/// # Errors
/// Those of the writer and of the layout.
pub fn escreve_parcelas(c: &Carteira, w: &mut impl Write, dia: NaiveDate) -> io::Result<()> {
    let mut l = Linha::new(c.record("parcelas", "parcela")?);
    let desconhecido = c.contrato(c.contratos() + 2);
    for numero in 1..=2 {
        c.linha_parcela(&mut l, &desconhecido, numero, dia);
        l.escreve(w)?;
    }
    for contrato in c.todos() {
        for numero in 1..=contrato.prazo {
            c.linha_parcela(&mut l, &contrato, numero, dia);
            if contrato.indice + 1 == c.contratos() && numero == contrato.prazo {
                l.set("valor_parcela", "12X45");
            }
            l.escreve(w)?;
        }
    }
    Ok(())
}

/// Garantias with one line of an unknown contract.
///
/// # Errors
/// Those of the writer and of the layout.
pub fn escreve_garantias(c: &Carteira, w: &mut impl Write, dia: NaiveDate) -> io::Result<()> {
    let mut l = Linha::new(c.record("garantias", "veiculo")?);
    c.linha_veiculo(&mut l, &c.contrato(c.contratos() + 2), dia);
    l.escreve(w)?;
    c.escreve_garantias(w, dia)
}
