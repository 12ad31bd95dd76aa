//! History of e-mails (R035): each line marks the ficha of its CPF or CNPJ.

use super::{Alvos, indice, opcional, texto};
use crate::domain::codigo::Codigo;
use crate::domain::documento::{self, TipoPessoa};
use crate::import::Contexto;
use crate::import::lote::{Lote, Regra};
use crate::import::passo::{APLICA, Aceita, Parada, Rejeito, valida};
use crate::layout::Record;
use crate::layout::linha::Linha;
use crate::store::consulta::por_documento;
use crate::store::db::{self, Db};
use crate::store::massiva::{Acao, Canal, Historico, Origem};
use anyhow::Context as _;

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

/// The rule.
pub struct Email<'c> {
    db: &'c Db,
    campos: Campos,
    alvos: Alvos,
}

impl<'c> Email<'c> {
    /// Prepares its look-ups.
    pub fn new(ctx: &'c Contexto<'c>, record: &Record) -> Self {
        let at = |name| indice(record, name);
        let campos =
            Campos { protocolo: at("protocolo"), cpf: at("cpf"), email: at("email"), data_envio: at("data_envio") };
        Self { db: &ctx.store.db, campos, alvos: Alvos::default() }
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

impl<'c> Regra<'c> for Email<'c> {
    type Escritor = Historico<'c>;

    fn decide(&mut self, lote: &Lote<'c>, linha: &Linha<'_>, avisos: &mut Vec<Codigo>) -> Result<Aceita, Parada> {
        valida(linha, None, avisos)?;
        if let Some(marca) = lote.decidida(linha)? {
            return Ok(Aceita { chave: None, marca });
        }
        let ficha = self.ficha(linha)?.ok_or(Rejeito::campo(Codigo::CpfDesconhecido, self.campos.cpf))?;
        self.alvos.anota(linha, ficha, 0);
        Ok(Aceita { chave: None, marca: APLICA })
    }

    fn escritor(db: &'c Db) -> db::Result<Self::Escritor> {
        Historico::new(db)
    }

    fn grava(&self, para: &mut Self::Escritor, origem: Origem, _em: &str, linha: &Linha<'_>) -> anyhow::Result<bool> {
        let c = self.campos;
        let (ficha, contrato) = self.alvos.de(linha).next().context("linha sem ficha")?;
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
        Ok(para.registra(origem, &action)?)
    }
}
