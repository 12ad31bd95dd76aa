//! Retorno: what became of each call, as the dialler says it (decisions 5). Into the history of the ficha.

use super::lote::{Lote, PorLote, Regra};
use super::passo::{APLICA, Aceita, Parada, Passo, Rejeito, valida};
use super::{Contexto, esquema};
use crate::domain::codigo::Codigo;
use crate::layout::Layout;
use crate::layout::linha::Linha;
use crate::layout::valor::Valor;
use crate::store::consulta::por_id;
use crate::store::db::{self, Db};
use crate::store::lote::Tabela;
use crate::store::massiva::{self, Origem, Retornos};
use chrono::NaiveDate;

/// The fields that this rule reads by name.
pub const CAMPOS: &[&str] = &["id_crm", "telefone", "status", "data_hora"];

/// The rule.
struct Retorno<'c> {
    db: &'c Db,
    /// Places of [`CAMPOS`].
    campos: [usize; 4],
}

/// Opens the room.
///
/// # Errors
/// The layout lacks a field.
pub fn abre<'c>(ctx: &'c Contexto<'c>, layout: &Layout, dia: NaiveDate) -> anyhow::Result<Box<dyn Passo<'c> + 'c>> {
    let record = esquema::unico_registro(layout)?;
    let at = |n: &str| esquema::indice(layout, record, n);
    let campos = [at("id_crm")?, at("telefone")?, at("status")?, at("data_hora")?];
    Ok(Box::new(PorLote::new(ctx, layout, dia, Tabela::Retorno, Retorno { db: &ctx.store.db, campos })))
}

/// The ID_CRM of a sound line.
fn id(linha: &Linha<'_>, i: usize) -> i64 {
    match linha.valor(i) {
        Ok(Valor::Int(id)) => id,
        _ => 0,
    }
}

impl Retorno<'_> {}

impl<'c> Regra<'c> for Retorno<'c> {
    type Escritor = Retornos<'c>;

    fn decide(&mut self, lote: &Lote<'c>, linha: &Linha<'_>, avisos: &mut Vec<Codigo>) -> Result<Aceita, Parada> {
        valida(linha, None, avisos)?;
        if let Some(marca) = lote.decidida(linha)? {
            return Ok(Aceita { chave: None, marca });
        }
        let [i, ..] = self.campos;
        por_id(self.db, id(linha, i))?.ok_or(Rejeito::campo(Codigo::ClienteDesconhecido, i))?;
        Ok(Aceita { chave: None, marca: APLICA })
    }

    fn escritor(db: &'c Db) -> db::Result<Self::Escritor> {
        Retornos::new(db)
    }

    fn grava(&self, para: &mut Self::Escritor, origem: Origem, _em: &str, linha: &Linha<'_>) -> anyhow::Result<bool> {
        let text = |i| linha.valor(i).ok().and_then(|v| v.texto().map(str::to_owned)).unwrap_or_default();
        let [i, fone, status, em] = self.campos;
        let (fone, status, em) = (text(fone), text(status), text(em));
        Ok(para.registra(origem, &massiva::Retorno { ficha: id(linha, i), em: &em, fone: &fone, status: &status })?)
    }
}
