//! WhatsApp (R030–R033, UC013): the file only queues; whoever sends looks again at what may have changed.
//!
//! **Key:** contract, number and journey. **Refused:** contracts unknown or not ATIVO, numbers that are no
//! mobile, third parties' numbers, clients and numbers not to be contacted, an empty name, an unknown journey.

use super::{fone, indice, texto};
use crate::domain::codigo::Codigo;
use crate::domain::fone::Fone;
use crate::domain::situacao::discavel;
use crate::domain::telefones;
use crate::import::Contexto;
use crate::import::lote::{Lote, Regra};
use crate::import::passo::{APLICA, Aceita, Chave, Parada, Rejeito, chave, chave_do_contrato, valida};
use crate::layout::Record;
use crate::layout::linha::Linha;
use crate::store::contatos::{Contatos, Contrato, Terceiros};
use crate::store::db::{self, Db};
use crate::store::massiva::{Fila, Hsm, Origem};
use anyhow::Context as _;
use std::collections::HashSet;

/// The fields that this rule reads by name.
pub const CAMPOS: &[&str] = &["contrato", "numero", "nome", "jornada"];

/// The journeys (R032).
const JORNADAS: [&str; 2] = ["jornada1", "jornada2"];

/// Where remessa keeps the phones of other people: DDD and number.
const DE_TERCEIROS: &[(&str, &str)] = &[
    ("conjuge_ddd_telefone", "conjuge_telefone"),
    ("conjuge_ddd_celular", "conjuge_celular"),
    ("empresa_trabalho_ddd", "empresa_trabalho_telefone"),
    ("referencia_1_ddd", "referencia_1_telefone"),
    ("referencia_2_ddd", "referencia_2_telefone"),
    ("referencia_3_ddd", "referencia_3_telefone"),
    ("avalista_1_ddd", "avalista_1_telefone"),
    ("avalista_2_ddd", "avalista_2_telefone"),
];

/// The type of a guarantor in garantias (R009).
const GARANTIDOR: i64 = 3;

/// Fields by place.
#[derive(Clone, Copy, Debug)]
struct Campos {
    contrato: usize,
    numero: usize,
    nome: usize,
    jornada: usize,
}

/// The rule.
pub struct Whatsapp<'c> {
    db: &'c Db,
    campos: Campos,
    contatos: Contatos<'c>,
    terceiros: Terceiros,
    bloqueados: HashSet<Fone>,
    /// Contracts of the accepted lines, by their place among the lines.
    alvos: Vec<(u32, Contrato)>,
}

impl<'c> Whatsapp<'c> {
    /// Prepares its look-ups.
    ///
    /// # Errors
    /// The store or the block list cannot be read.
    pub fn new(ctx: &'c Contexto<'c>, record: &Record) -> anyhow::Result<Self> {
        let db = &ctx.store.db;
        let at = |name| indice(record, name);
        Ok(Self {
            db,
            campos: Campos { contrato: at("contrato"), numero: at("numero"), nome: at("nome"), jornada: at("jornada") },
            contatos: Contatos::new(db, ctx.store.atendimento()?)?,
            terceiros: Terceiros::new(db, DE_TERCEIROS, GARANTIDOR)?,
            bloqueados: ctx.config.contato.fones_bloqueados()?,
            alvos: Vec::new(),
        })
    }

    /// A number that one line of the ficha's remessas gives a third party's type is a third party's, whoever
    /// else has it. Those in the columns of spouse, employer, references and guarantors bar the message only
    /// where the number is not also the client's (decisions 5, remessa).
    fn de_terceiro(&mut self, ficha: i64, number: Fone) -> Result<bool, Parada> {
        let lines = self.contatos.da_ficha(ficha, number)?;
        if !telefones::terceiros(&lines).is_empty() {
            return Ok(true);
        }
        if !telefones::une(&lines).is_empty() {
            return Ok(false);
        }
        let contratos = self.contatos.contratos(ficha)?;
        Ok(self.terceiros.tem(self.db, ficha, &contratos, number)?)
    }
}

fn chave_da_linha(contrato: &str, number: Fone, journey: &str) -> Chave {
    chave(format!("{contrato}|{}|{journey}", number.completo()).as_bytes())
}

/// The journey, in any case (R032).
fn jornada(linha: &Linha<'_>, i: usize) -> Result<&'static str, Rejeito> {
    let text = linha.campo(i).trim();
    let known = JORNADAS.into_iter().find(|j| j.eq_ignore_ascii_case(text));
    known.ok_or(Rejeito::campo(Codigo::JornadaDesconhecida, i))
}

impl<'c> Regra<'c> for Whatsapp<'c> {
    type Escritor = Fila<'c>;

    fn decide(&mut self, lote: &Lote<'c>, linha: &Linha<'_>, avisos: &mut Vec<Codigo>) -> Result<Aceita, Parada> {
        let c = self.campos;
        valida(linha, None, avisos)?;
        let key = chave_do_contrato(linha, c.contrato)?;
        let number = fone(linha, c.numero)?;
        if !number.celular() {
            return Err(Rejeito::campo(Codigo::TelefoneInvalido, c.numero).into());
        }
        let journey = jornada(linha, c.jornada)?;
        let chave = Some(chave_da_linha(&key, number, journey));
        if let Some(marca) = lote.decidida(linha)? {
            return Ok(Aceita { chave, marca });
        }
        let unknown = Rejeito::campo(Codigo::ContratoDesconhecido, c.contrato);
        let contract = self.contatos.contrato(&key)?.ok_or(unknown)?;
        if !discavel(Some(contract.situacao)) {
            return Err(Rejeito::campo(Codigo::ContratoNaoAtivo, c.contrato).into());
        }
        if self.de_terceiro(contract.ficha, number)? {
            return Err(Rejeito::campo(Codigo::TelefoneDeTerceiro, c.numero).into());
        }
        if self.bloqueados.contains(&number) {
            return Err(Rejeito::campo(Codigo::NaoContatar, c.numero).into());
        }
        if contract.nao_contatar {
            return Err(Rejeito::campo(Codigo::NaoContatar, c.contrato).into());
        }
        self.alvos.push((linha.indice, contract));
        Ok(Aceita { chave, marca: APLICA })
    }

    fn escritor(db: &'c Db) -> db::Result<Self::Escritor> {
        Fila::new(db)
    }

    fn grava(&self, para: &mut Self::Escritor, origem: Origem, em: &str, linha: &Linha<'_>) -> anyhow::Result<bool> {
        let c = self.campos;
        let at = self.alvos.binary_search_by_key(&linha.indice, |(i, _)| *i).ok();
        let (_, contract) = at.and_then(|i| self.alvos.get(i)).context("linha sem contrato")?;
        let number = fone(linha, c.numero).ok().and_then(Fone::whatsapp).context("linha sem celular")?;
        let journey = jornada(linha, c.jornada).map_err(|r| anyhow::anyhow!("{}", r.codigo))?;
        let message = Hsm {
            ficha: contract.ficha,
            contrato_id: contract.id,
            contrato: &contract.texto,
            fone: &number,
            nome: &texto(linha, c.nome),
            jornada: journey,
            importada_em: em,
        };
        Ok(para.poe(origem, &message)?)
    }
}
