//! History of SMS (R036): each line marks every contract whose ficha lists the phone, in any situação.

use super::{Alvos, fone, indice, opcional, texto};
use crate::domain::codigo::Codigo;
use crate::domain::telefones::une;
use crate::import::Contexto;
use crate::import::lote::{Lote, Regra};
use crate::import::passo::{APLICA, Aceita, Parada, Rejeito, valida};
use crate::layout::Record;
use crate::layout::linha::Linha;
use crate::store::contatos::Contatos;
use crate::store::db::{self, Db};
use crate::store::massiva::{Acao, Canal, Historico, Origem};

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

/// The rule.
pub struct Sms<'c> {
    campos: Campos,
    contatos: Contatos<'c>,
    alvos: Alvos,
}

impl<'c> Sms<'c> {
    /// Prepares its look-ups.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn new(ctx: &'c Contexto<'c>, record: &Record) -> anyhow::Result<Self> {
        let at = |name| indice(record, name);
        Ok(Self {
            campos: Campos {
                protocolo: at("protocolo"),
                telefone: at("telefone"),
                data_envio: at("data_envio"),
                mensagem: at("mensagem"),
            },
            contatos: Contatos::new(&ctx.store.db, ctx.store.atendimento()?)?,
            alvos: Alvos::default(),
        })
    }
}

impl<'c> Regra<'c> for Sms<'c> {
    type Escritor = Historico<'c>;

    fn decide(&mut self, lote: &Lote<'c>, linha: &Linha<'_>, avisos: &mut Vec<Codigo>) -> Result<Aceita, Parada> {
        valida(linha, None, avisos)?;
        if let Some(marca) = lote.decidida(linha)? {
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

    fn escritor(db: &'c Db) -> db::Result<Self::Escritor> {
        Historico::new(db)
    }

    fn grava(&self, para: &mut Self::Escritor, origem: Origem, _em: &str, linha: &Linha<'_>) -> anyhow::Result<bool> {
        let c = self.campos;
        let (sent, protocol) = (texto(linha, c.data_envio), texto(linha, c.protocolo));
        let (number, message) = (texto(linha, c.telefone), opcional(linha, c.mensagem));
        let mut any = false;
        for (ficha, contrato) in self.alvos.de(linha) {
            any |= para.registra(
                origem,
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
        Ok(any)
    }
}
