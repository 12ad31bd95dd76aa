//! The queue as a file for a spreadsheet.

use super::endereco::Pedido;
use super::falha::Falha;
use super::sessao::Pessoa;
use super::trilha::POR_CLIENTE;
use crate::atendimento::recusa::Recusa;
use crate::atendimento::{tela, workflow};
use crate::clock::Agora;
use crate::domain::documento;
use crate::domain::valores::milhares;
use crate::http::Estado;
use crate::layout::Layouts;
use crate::layout::saida::Escritor;
use crate::store::Store;
use crate::store::auditoria;
use crate::store::fila::{self as itens, Filtro};
use axum::extract::{Extension, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use std::collections::HashMap;
use std::sync::Arc;

/// Rows of a file: what one answer holds in memory.
const ARQUIVO: usize = 100_000;

/// GET `/workflow/fila.csv`: what the address narrows the queue to, for a spreadsheet; every client of it is in the audit.
///
/// # Errors
/// 422, also where it would be too long a file; 503.
pub async fn csv(
    State(estado): State<Arc<Estado>>,
    Extension(p): Extension<Pessoa>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Falha> {
    let now = estado.clock.now();
    let today = now.date();
    let pedido = Pedido::le(&query, today)?;
    let me = Arc::clone(&estado);
    let read = estado.leitores.pergunta(move |store| arquivo(store, &me.layouts, &pedido.filtro, &now));
    let Some((bytes, fichas)) = read.await?? else { return Err(Falha::Arquivo) };
    let now = estado.clock.now();
    let carimbo = now.carimbo();
    let n = u64::try_from(fichas.len()).unwrap_or(u64::MAX);
    let told = format!("{} ({} {})", POR_CLIENTE[1], milhares(n), if n == 1 { "cliente" } else { "clientes" });
    let entries: Vec<_> = fichas.into_iter().map(|f| super::leitura(&now, &p, Some(f), POR_CLIENTE[1])).collect();
    let done = estado.escritor.grava(move |e| {
        auditoria::registra(e.db, &now.iso(), &p.quem(), None, &told)?;
        auditoria::grava(e.db, &entries)
    });
    let done = done.await?;
    done.map_err(|e| Falha::from(Recusa::from(e)))?;
    let name = format!("attachment; filename=\"workflow_{carimbo}.csv\"");
    let kind = "text/csv; charset=utf-8".to_owned();
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], bytes).into_response())
}

/// A file, and whose data stand in it.
type Arquivo = (Vec<u8>, Vec<i64>);

/// Makes it; `None`: it would have more than [`ARQUIVO`] rows.
fn arquivo(store: &Store, layouts: &Layouts, f: &Filtro, now: &Agora) -> Result<Option<Arquivo>, Recusa> {
    let db = store.db.snapshot()?;
    if itens::conta(&db, f)? > ARQUIVO {
        return Ok(None);
    }
    let layout = layouts.unico("workflow_fila").map_err(anyhow::Error::from)?;
    let mut out = Escritor::utf8(Vec::new(), layout).map_err(anyhow::Error::from)?;
    let mut fichas = Vec::new();
    for i in itens::fila(&db, f, &now.date().to_string(), ARQUIVO, 0)? {
        let (nome, documento) = itens::nome_e_documento(&db, i.ficha)?;
        out.inteiro(Some(i.ficha));
        out.numero_como_texto(i.contrato.as_deref().unwrap_or_default());
        out.celula(&nome);
        out.celula(&documento::formata(&documento));
        out.celula(workflow::tipo(&i.tipo));
        out.celula(&i.estado);
        out.celula(&tela::momento(&i.aberto_em));
        out.celula(&tela::data(i.agendado_para.as_deref().unwrap_or_default()));
        out.celula(&tela::momento(&i.mudado_em));
        out.celula(&i.operador);
        out.fim_da_linha().map_err(anyhow::Error::from)?;
        fichas.push(i.ficha);
    }
    fichas.sort_unstable();
    fichas.dedup();
    Ok(Some((out.fim().map_err(anyhow::Error::from)?, fichas)))
}
