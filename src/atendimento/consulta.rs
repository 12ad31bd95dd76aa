//! Finds a client by any of its keys and reads all that is known of it, in one moment of the store.

use super::By;
use super::cliente::{Cliente, Regras};
use super::plano::Plano;
use crate::config::Config;
use crate::domain::contrato;
use crate::domain::documento::{self, TipoPessoa};
use crate::layout::Layouts;
use crate::store::consulta;
use crate::store::db::Db;
use serde_json::{Value, json};
use std::sync::{Arc, PoisonError, RwLock};

/// ID_CRM of the clients that a key names: without `by` those with it as CPF/CNPJ (with or without
/// punctuation and leading zeros), else as contract, else as ID_CRM. A number that is a good CPF and a good
/// CNPJ may name two.
///
/// # Errors
/// The store cannot be read.
pub fn procura(db: &Db, by: Option<By>, key: &str) -> anyhow::Result<Vec<i64>> {
    let all = [By::Cpf, By::Contrato, By::IdCrm];
    let kinds = by.as_ref().map_or(&all[..], std::slice::from_ref);
    for kind in kinds {
        let hits = match kind {
            By::Cpf => por_documento(db, key)?,
            By::Contrato => match contrato::chave(key.trim()) {
                Ok(Some(k)) => consulta::por_contrato(db, &k)?.into_iter().collect(),
                _ => Vec::new(),
            },
            By::IdCrm => match key.trim().parse() {
                Ok(id) => consulta::por_id(db, id)?.into_iter().collect(),
                Err(_) => Vec::new(),
            },
        };
        if !hits.is_empty() {
            return Ok(hits);
        }
    }
    Ok(Vec::new())
}

/// A key as a document in its stored form, if it is a good one; of two readings the CPF.
pub fn documento_da_chave(key: &str) -> Option<String> {
    let as_kind = |kind| documento::normaliza(key.trim(), Some(kind)).ok().flatten().map(Into::into);
    [TipoPessoa::Fisica, TipoPessoa::Juridica].into_iter().find_map(as_kind)
}

/// Whether a key can be one of its kind: a good CPF or CNPJ, a number, a contract (422 otherwise).
pub fn chave_possivel(by: By, key: &str) -> bool {
    let key = key.trim();
    match by {
        By::Cpf => [TipoPessoa::Fisica, TipoPessoa::Juridica]
            .into_iter()
            .any(|kind| matches!(documento::normaliza(key, Some(kind)), Ok(Some(_)))),
        By::Contrato => matches!(contrato::chave(key), Ok(Some(_))),
        By::IdCrm => key.parse::<i64>().is_ok_and(|n| n > 0),
    }
}

/// What a bot may read of a client (decisions 9).
pub fn curta(client: &Value) -> Value {
    const CONTRATO: [(&str, &str); 6] = [
        ("contrato", "contrato"),
        ("situacao", "situacao"),
        ("bloqueadoEm", "bloqueadoEm"),
        ("bloqueadoAte", "bloqueadoAte"),
        ("diasAtraso", "dias_atraso"),
        ("valorParcela", "valor_parcela"),
    ];
    let of = |row: &Value, key: &str| row.get(key).cloned().unwrap_or(Value::Null);
    let contract = |c: &Value| Value::from_iter(CONTRATO.map(|(shown, own)| (shown, of(c, own))));
    let contracts = client.get("contratos").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    json!({
        "idCrm": of(client, "idCrm"),
        "nome": client.pointer("/mailing/nome"),
        "status": of(client, "status"),
        "contratos": contracts.iter().map(contract).collect::<Vec<_>>(),
        "dadosRefin": of(client, "dadosRefin"),
    })
}

fn por_documento(db: &Db, key: &str) -> anyhow::Result<Vec<i64>> {
    let mut hits = Vec::new();
    for kind in [TipoPessoa::Fisica, TipoPessoa::Juridica] {
        let Ok(Some(doc)) = documento::normaliza(key.trim(), Some(kind)) else { continue };
        if let Some(id) = consulta::por_documento(db, &doc)?
            && !hits.contains(&id)
        {
            hits.push(id);
        }
    }
    Ok(hits)
}

/// Reads clients, each in one moment of the store.
///
/// How is worked out once; it is worked out anew when the tables have changed since, as after an import that brought a
/// field.
#[derive(Debug)]
pub struct Consultor {
    layouts: Layouts,
    regras: Regras,
    plano: RwLock<Option<Arc<Plano>>>,
}

impl Consultor {
    /// For an installation.
    pub fn novo(layouts: &Layouts, config: &Config) -> Self {
        let regras =
            Regras { campanha: config.campanha.id, bloqueio: config.bloqueio, calendario: config.calendario() };
        Self { layouts: layouts.clone(), regras, plano: RwLock::new(None) }
    }

    /// The clients that a key names, as one moment has them; none: nobody has it.
    ///
    /// # Errors
    /// The store cannot be read; a layout is missing.
    pub fn clientes(&self, db: &Db, by: Option<By>, key: &str) -> anyhow::Result<Vec<Cliente>> {
        let (moment, version) = consulta::momento(db)?;
        let plano = self.plano(&moment, version)?;
        procura(&moment, by, key)?.into_iter().map(|id| Cliente::le(&moment, &plano, &self.regras, id)).collect()
    }

    /// The client with this ID_CRM.
    ///
    /// # Errors
    /// [`NaoEncontrado`](super::NaoEncontrado) when there is no such ficha; else as [`Self::clientes`].
    pub fn cliente(&self, db: &Db, id: i64) -> anyhow::Result<Cliente> {
        let (moment, version) = consulta::momento(db)?;
        Cliente::le(&moment, &self.plano(&moment, version)?, &self.regras, id)
    }

    fn plano(&self, db: &Db, version: i64) -> anyhow::Result<Arc<Plano>> {
        if let Some(p) = self.plano.read().unwrap_or_else(PoisonError::into_inner).as_ref()
            && p.versao == version
        {
            return Ok(Arc::clone(p));
        }
        let made = Arc::new(Plano::novo(db, &self.layouts, version)?);
        *self.plano.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&made));
        Ok(made)
    }
}

/// One element of `clientes` (contract section 8), unmasked.
///
/// # Errors
/// As [`Consultor::cliente`].
pub fn por_ficha(db: &Db, layouts: &Layouts, config: &Config, ficha_id: i64) -> anyhow::Result<Value> {
    Ok(serde_json::to_value(Consultor::novo(layouts, config).cliente(db, ficha_id)?)?)
}
