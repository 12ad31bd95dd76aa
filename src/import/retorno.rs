//! Retorno: what became of each call, as the dialler says it (decisions 5). Into the history of the ficha.

use super::Contexto;
use super::lote::{Escrita, FEITA, Lote, efeito};
use super::passo::{APLICA, Aceita, Efeito, Efeitos, Gravador, Marca, Parada, Passo, Rejeito, valida};
use crate::domain::codigo::Codigo;
use crate::layout::Layout;
use crate::layout::linha::Linha;
use crate::layout::valor::Valor;
use crate::store::Store;
use crate::store::consulta::por_id;
use crate::store::db::Db;
use crate::store::ledger::Arquivo;
use crate::store::lote::Tabela;
use crate::store::massiva::{self, Retornos};
use anyhow::Context as _;
use chrono::NaiveDate;

/// The fields that this rule reads by name.
pub const CAMPOS: &[&str] = &["id_crm", "telefone", "status", "data_hora"];

/// First pass.
struct Retorno<'c> {
    db: &'c Db,
    /// Places of [`CAMPOS`].
    campos: [usize; 4],
    lote: Lote<'c>,
}

/// Opens the room.
///
/// # Errors
/// The layout has no record.
pub fn abre<'c>(ctx: &'c Contexto<'c>, layout: &Layout, dia: NaiveDate) -> anyhow::Result<Box<dyn Passo<'c> + 'c>> {
    let record = layout.records.first().with_context(|| format!("layout {}: no record", layout.name))?;
    let at = |i: usize| CAMPOS.get(i).and_then(|name| record.index(name)).unwrap_or(usize::MAX);
    let lote = Lote::new(ctx, layout, dia, Tabela::Retorno);
    Ok(Box::new(Retorno { db: &ctx.store.db, campos: [at(0), at(1), at(2), at(3)], lote }))
}

/// The ID_CRM of a sound line.
fn id(linha: &Linha<'_>, i: usize) -> i64 {
    match linha.valor(i) {
        Ok(Valor::Int(id)) => id,
        _ => 0,
    }
}

impl Retorno<'_> {
    fn decide(&mut self, linha: &Linha<'_>, avisos: &mut Vec<Codigo>) -> Result<Aceita, Parada> {
        valida(linha, None, avisos)?;
        if let Some(marca) = self.lote.decidida(linha)? {
            return Ok(Aceita { chave: None, marca });
        }
        let [i, ..] = self.campos;
        por_id(self.db, id(linha, i))?.ok_or(Rejeito::campo(Codigo::ClienteDesconhecido, i))?;
        Ok(Aceita { chave: None, marca: APLICA })
    }
}

impl<'c> Passo<'c> for Retorno<'c> {
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
        Ok(Box::new(Grava { retornos: Retornos::new(store.atendimento()?)?, campos: self.campos, escrita }))
    }
}

struct Grava<'c> {
    retornos: Retornos<'c>,
    campos: [usize; 4],
    escrita: Escrita<'c>,
}

impl Gravador for Grava<'_> {
    fn grava(&mut self, linha: &Linha<'_>, marca: Marca) -> anyhow::Result<Efeito> {
        if marca == FEITA {
            return Ok(Efeito::Criada);
        }
        let text = |i| linha.valor(i).ok().and_then(|v| v.texto().map(str::to_owned)).unwrap_or_default();
        let [i, fone, status, em] = self.campos;
        let (fone, status, em) = (text(fone), text(status), text(em));
        let call = massiva::Retorno { ficha: id(linha, i), em: &em, fone: &fone, status: &status };
        Ok(efeito(self.retornos.registra(self.escrita.origem(linha), &call)?))
    }

    fn fim(self: Box<Self>) -> anyhow::Result<Efeitos> {
        self.escrita.fim()?;
        Ok(Efeitos::default())
    }
}
