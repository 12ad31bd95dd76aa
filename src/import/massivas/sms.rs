//! History of SMS (R036): each line marks every contract whose ficha lists the phone, in any situação.

use super::{Alvos, fone, indice, opcional, texto};
use crate::domain::codigo::Codigo;
use crate::domain::telefones::une;
use crate::import::Contexto;
use crate::import::lote::{Escrita, FEITA, Lote, efeito};
use crate::import::passo::{APLICA, Aceita, Efeito, Efeitos, Gravador, Marca, Parada, Passo, Rejeito, valida};
use crate::layout::linha::Linha;
use crate::layout::{Layout, Record};
use crate::store::Store;
use crate::store::contatos::Contatos;
use crate::store::ledger::Arquivo;
use crate::store::lote::Tabela;
use crate::store::massiva::{Acao, Canal, Historico};
use chrono::NaiveDate;

/// The fields that this rule reads by name.
pub const CAMPOS: &[&str] = &["protocolo", "telefone", "data_envio", "mensagem"];

/// Fields by place.
#[derive(Clone, Copy, Debug)]
struct Campos {
    protocolo: usize,
    telefone: usize,
    data_envio: usize,
    mensagem: usize,
}

/// First pass.
pub struct Sms<'c> {
    campos: Campos,
    contatos: Contatos<'c>,
    lote: Lote<'c>,
    alvos: Alvos,
}

impl<'c> Sms<'c> {
    /// Opens the room.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn new(ctx: &'c Contexto<'c>, layout: &Layout, record: &Record, dia: NaiveDate) -> anyhow::Result<Self> {
        let at = |name| indice(record, name);
        Ok(Self {
            campos: Campos {
                protocolo: at("protocolo"),
                telefone: at("telefone"),
                data_envio: at("data_envio"),
                mensagem: at("mensagem"),
            },
            contatos: Contatos::new(&ctx.store.db)?,
            lote: Lote::new(ctx, layout, dia, Tabela::Massiva),
            alvos: Alvos::default(),
        })
    }

    fn decide(&mut self, linha: &Linha<'_>, avisos: &mut Vec<Codigo>) -> Result<Aceita, Parada> {
        valida(linha, None, avisos)?;
        if let Some(marca) = self.lote.decidida(linha)? {
            return Ok(Aceita { chave: None, marca });
        }
        let number = fone(linha, self.campos.telefone)?;
        // what the ficha does not show (a third party's, an invalid one) it does not list
        let mut listed = self.contatos.de_todos(number)?;
        listed.retain(|(_, lines)| !une(lines).is_empty());
        if listed.is_empty() {
            return Err(Rejeito::campo(Codigo::TelefoneDesconhecido, self.campos.telefone).into());
        }
        for (ficha, _) in listed {
            for contrato in self.contatos.contratos(ficha)? {
                self.alvos.anota(linha, ficha, contrato);
            }
        }
        Ok(Aceita { chave: None, marca: APLICA })
    }
}

impl<'c> Passo<'c> for Sms<'c> {
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
    base: Sms<'c>,
    escrita: Escrita<'c>,
}

impl Gravador for Grava<'_> {
    fn grava(&mut self, linha: &Linha<'_>, marca: Marca) -> anyhow::Result<Efeito> {
        if marca == FEITA {
            return Ok(Efeito::Criada);
        }
        let c = self.base.campos;
        let (sent, protocol) = (texto(linha, c.data_envio), texto(linha, c.protocolo));
        let (number, message) = (texto(linha, c.telefone), opcional(linha, c.mensagem));
        let origin = self.escrita.origem(linha);
        let mut any = false;
        for (ficha, contrato) in self.base.alvos.de(linha) {
            any |= self.historico.registra(
                origin,
                &Acao {
                    canal: Canal::Sms,
                    ficha,
                    contrato,
                    enviada_em: &sent,
                    protocolo: &protocol,
                    fone: &number,
                    email: None,
                    mensagem: message.as_deref(),
                },
            )?;
        }
        Ok(efeito(any))
    }

    fn fim(self: Box<Self>) -> anyhow::Result<Efeitos> {
        self.escrita.fim()?;
        Ok(Efeitos::default())
    }
}
