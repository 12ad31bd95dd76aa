//! History of e-mails (R035): each line marks the ficha of its CPF or CNPJ.

use super::{Alvos, indice, opcional, texto};
use crate::domain::codigo::Codigo;
use crate::domain::documento::{self, TipoPessoa};
use crate::import::Contexto;
use crate::import::lote::{Escrita, FEITA, Lote, efeito};
use crate::import::passo::{APLICA, Aceita, Efeito, Efeitos, Gravador, Marca, Parada, Passo, Rejeito, valida};
use crate::layout::linha::Linha;
use crate::layout::{Layout, Record};
use crate::store::Store;
use crate::store::consulta::por_documento;
use crate::store::db::Db;
use crate::store::ledger::Arquivo;
use crate::store::lote::Tabela;
use crate::store::massiva::{Acao, Canal, Historico};
use anyhow::Context as _;
use chrono::NaiveDate;

/// The fields that this rule reads by name.
pub const CAMPOS: &[&str] = &["protocolo", "cpf", "email", "data_envio"];

/// Fields by place.
#[derive(Clone, Copy, Debug)]
struct Campos {
    protocolo: usize,
    cpf: usize,
    email: usize,
    data_envio: usize,
}

/// First pass.
pub struct Email<'c> {
    db: &'c Db,
    campos: Campos,
    lote: Lote<'c>,
    alvos: Alvos,
}

impl<'c> Email<'c> {
    /// Opens the room.
    pub fn new(ctx: &'c Contexto<'c>, layout: &Layout, record: &Record, dia: NaiveDate) -> Self {
        let at = |name| indice(record, name);
        let campos =
            Campos { protocolo: at("protocolo"), cpf: at("cpf"), email: at("email"), data_envio: at("data_envio") };
        let lote = Lote::new(ctx, layout, dia, Tabela::Massiva);
        Self { db: &ctx.store.db, campos, lote, alvos: Alvos::default() }
    }

    fn decide(&mut self, linha: &Linha<'_>, avisos: &mut Vec<Codigo>) -> Result<Aceita, Parada> {
        valida(linha, None, avisos)?;
        if let Some(marca) = self.lote.decidida(linha)? {
            return Ok(Aceita { chave: None, marca });
        }
        let ficha = self.ficha(linha)?.ok_or(Rejeito::campo(Codigo::CpfDesconhecido, self.campos.cpf))?;
        self.alvos.anota(linha, ficha, 0);
        Ok(Aceita { chave: None, marca: APLICA })
    }

    /// The ficha with this document: as a CPF first, since no column says which of the two it is.
    fn ficha(&self, linha: &Linha<'_>) -> Result<Option<i64>, Parada> {
        for kind in [TipoPessoa::Fisica, TipoPessoa::Juridica] {
            let Ok(Some(doc)) = documento::normaliza(linha.campo(self.campos.cpf), Some(kind)) else { continue };
            if let Some(id) = por_documento(self.db, &doc)? {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }
}

impl<'c> Passo<'c> for Email<'c> {
    fn arquivo(&mut self, a: &Arquivo) -> anyhow::Result<()> {
        self.lote.arquivo(a)
    }

    fn examina(&mut self, linha: &Linha<'_>, avisos: &mut Vec<Codigo>) -> Result<Aceita, Rejeito> {
        let decided = self.decide(linha, avisos);
        self.lote.responde(linha, decided)
    }

    fn resolve(&mut self, _plano: &mut [Marca]) {}

    fn gravador(mut self: Box<Self>, store: &'c Store, _run: i64) -> anyhow::Result<Box<dyn Gravador + 'c>> {
        let escrita = self.lote.escreve()?;
        Ok(Box::new(Grava { historico: Historico::new(store.atendimento()?)?, base: *self, escrita }))
    }
}

struct Grava<'c> {
    historico: Historico<'c>,
    base: Email<'c>,
    escrita: Escrita<'c>,
}

impl Gravador for Grava<'_> {
    fn grava(&mut self, linha: &Linha<'_>, marca: Marca) -> anyhow::Result<Efeito> {
        if marca == FEITA {
            return Ok(Efeito::Criada);
        }
        let c = self.base.campos;
        let (ficha, contrato) = self.base.alvos.de(linha).next().context("linha sem ficha")?;
        let address = opcional(linha, c.email);
        let action = Acao {
            canal: Canal::Email,
            ficha,
            contrato,
            enviada_em: &texto(linha, c.data_envio),
            protocolo: &texto(linha, c.protocolo),
            fone: "",
            email: address.as_deref(),
            mensagem: None,
        };
        Ok(efeito(self.historico.registra(self.escrita.origem(linha), &action)?))
    }

    fn fim(self: Box<Self>) -> anyhow::Result<Efeitos> {
        self.escrita.fim()?;
        Ok(Efeitos::default())
    }
}
