//! Refin (R026–R029, UC002/FA003 and FA007): the bank's offer of refinancing for a contract, as CSV or workbook.
//!
//! A line replaces the whole offer of its contract; contracts that the file does not name keep theirs. What tells
//! one of this week from one that was left standing is the load date: the operating day of the last file that
//! held the offer. An offer that comes again as it was is unchanged and takes the new date, like a volatile field.
//!
//! The content is compared by value, so the same offer as CSV and as workbook is the same. Readers see one file's
//! offers or the other's, never a mix: the file is one transaction (IM14).

use super::passo::{self, APLICA, Aceita, Efeito, Efeitos, Falha, Gravador, IGUAL, Marca, Parada, Passo, Rejeito};
use super::passo::{celula, chave, chave_do_contrato};
use super::{Contexto, esquema};
use crate::domain::codigo::Codigo;
use crate::layout::Layout;
use crate::layout::linha::Linha;
use crate::layout::valor::Valor;
use crate::store::Store;
use crate::store::db::Cell;
use crate::store::refin::{Busca, Escrita, Oferta, Ofertas};
use crate::store::schema::{Esquema, Tabela};
use chrono::NaiveDate;

/// The field that this rule reads by name.
pub const CAMPOS: &[&str] = &["contrato"];

/// Bits of a mark: the contract has no offer yet; it has another one.
const NOVA: Marca = 0x01;
const OUTRA: Marca = 0x02;

/// First pass.
pub struct Refin<'c> {
    busca: Busca<'c>,
    esquema: Esquema,
    contrato: usize,
    /// Field of each column of the table.
    colunas: Vec<Option<usize>>,
    carregado_em: String,
    semente: u64,
    /// Contract and content of each line; zeros where it was not accepted.
    linhas: Vec<(i64, i64)>,
    falha: Falha,
    scratch: Vec<u8>,
}

/// Opens the room.
///
/// # Errors
/// The store cannot be read, or the layout lacks a field.
pub fn abre<'c>(ctx: &'c Contexto<'c>, layout: &Layout, dia: NaiveDate) -> anyhow::Result<Box<dyn Passo<'c> + 'c>> {
    let record = esquema::unico_registro(layout)?;
    let esquema = esquema::esquema(ctx.layouts)?;
    let columns = esquema.de(Tabela::Refin);
    let names: Vec<&str> = columns.iter().map(|c| c.nome.as_str()).collect();
    Ok(Box::new(Refin {
        busca: Busca::new(&ctx.store.db)?,
        contrato: esquema::indice(layout, record, "contrato")?,
        colunas: names.iter().map(|n| record.index(n)).collect(),
        // a column more or less makes every offer another one
        semente: xxhash_rust::xxh3::xxh3_64(names.join(";").as_bytes()),
        esquema,
        carregado_em: dia.to_string(),
        linhas: Vec::new(),
        falha: Falha::default(),
        scratch: Vec::new(),
    }))
}

/// The value of a column; one that is bad is dropped.
fn valor<'l>(linha: &Linha<'l>, campo: Option<usize>) -> Valor<'l> {
    campo.and_then(|i| linha.valor(i).ok()).unwrap_or(Valor::Nulo)
}

impl Refin<'_> {
    fn conteudo(&mut self, linha: &Linha<'_>) -> i64 {
        self.scratch.clear();
        for campo in &self.colunas {
            match valor(linha, *campo) {
                Valor::Int(n) => {
                    self.scratch.push(1);
                    self.scratch.extend_from_slice(&n.to_le_bytes());
                }
                v => {
                    // no text holds a control byte
                    self.scratch.push(if v == Valor::Nulo { 0 } else { 2 });
                    self.scratch.extend_from_slice(v.texto().unwrap_or("").as_bytes());
                }
            }
        }
        xxhash_rust::xxh3::xxh3_64_with_seed(&self.scratch, self.semente).cast_signed()
    }

    fn decide(&mut self, linha: &Linha<'_>, avisos: &mut Vec<Codigo>) -> Result<(Aceita, (i64, i64)), Parada> {
        passo::valida(linha, None, avisos)?;
        let key = chave_do_contrato(linha, self.contrato)?;
        let Some(Oferta { contrato, guardada }) = self.busca.oferta(&key)? else {
            return Err(Rejeito::campo(Codigo::ContratoDesconhecido, self.contrato).into());
        };
        let h = self.conteudo(linha);
        let marca = match guardada {
            None => APLICA | NOVA,
            Some((old, _)) if old != h => APLICA | OUTRA,
            Some((_, day)) if day != self.carregado_em => APLICA,
            Some(_) => IGUAL,
        };
        Ok((Aceita { chave: Some(chave(key.as_bytes())), marca }, (contrato, h)))
    }
}

impl<'c> Passo<'c> for Refin<'c> {
    fn examina(&mut self, linha: &Linha<'_>, avisos: &mut Vec<Codigo>) -> Result<Aceita, Rejeito> {
        let decided = self.decide(linha, avisos);
        self.linhas.push(decided.as_ref().map_or((0, 0), |(_, l)| *l));
        self.falha.responde(decided.map(|(aceita, _)| aceita))
    }

    fn resolve(&mut self, _plano: &mut [Marca]) {}

    fn gravador(self: Box<Self>, store: &'c Store, run: i64) -> anyhow::Result<Box<dyn Gravador + 'c>> {
        self.falha.confere()?;
        Ok(Box::new(Grava {
            ofertas: Ofertas::new(&store.db, &self.esquema, run)?,
            colunas: self.colunas,
            carregado_em: self.carregado_em,
            linhas: self.linhas,
        }))
    }
}

/// Second pass.
struct Grava<'d> {
    ofertas: Ofertas<'d>,
    colunas: Vec<Option<usize>>,
    carregado_em: String,
    linhas: Vec<(i64, i64)>,
}

impl Gravador for Grava<'_> {
    fn grava(&mut self, linha: &Linha<'_>, marca: Marca) -> anyhow::Result<Efeito> {
        let Some((contrato, h)) = self.linhas.get(linha.indice as usize).copied() else {
            anyhow::bail!("linha {}: contrato sem registro", linha.numero)
        };
        let values: Vec<Valor<'_>> = self.colunas.iter().map(|c| valor(linha, *c)).collect();
        let cells: Vec<Cell<'_>> = values.iter().map(celula).collect();
        let e = Escrita { contrato, h, carregado_em: &self.carregado_em, linha: linha.numero, valores: &cells };
        if marca & NOVA != 0 {
            self.ofertas.insere(&e)?;
            return Ok(Efeito::Criada);
        }
        if marca & OUTRA != 0 {
            self.ofertas.substitui(&e)?;
            return Ok(Efeito::Alterada);
        }
        self.ofertas.confirma(&e)?;
        Ok(Efeito::Igual)
    }

    fn fim(self: Box<Self>) -> anyhow::Result<Efeitos> {
        Ok(Efeitos::default())
    }
}
