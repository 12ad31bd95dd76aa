//! The rejected lines of a run once more, after their parent came or a layout was mended (decisions 5).
//!
//! They are entered as a file `<input>.corrigido` of the same kind and day, and imported like one: the same
//! checks except older, the same report. What was only ignored stays out: it was no mistake of the line, and
//! against the store of today it might act. In parcelas and garantias our reject file holds every line of a
//! held contract, and all of them go in again.
//!
//! **Again and again:** lines that are rejected once more can be replayed once more, under the same row of the
//! ledger while the content is the same; what was accepted whole is not done twice.

use super::entrada::{self, reconhece};
use super::relato::{Reason, Relatorio, State};
use super::{Contexto, portao, run};
use crate::domain::codigo::Codigo;
use crate::layout::impressao::{Impressao, Medidor, copia};
use crate::layout::text::Encoding;
use crate::store::ledger::{self, Arquivo, CORRIGIDO, Estado};
use crate::store::rejeito;
use anyhow::Context as _;
use chrono::NaiveDate;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use tempfile::TempPath;

/// What a replay did.
pub struct Repetido {
    /// The report of the import.
    pub relatorio: Relatorio,
    /// The operating day of a newer file of the layout: the replayed lines are older than what it brought.
    pub mais_novo: Option<NaiveDate>,
}

/// Imports the rejected lines of a run again; `None` where it rejected none. The caller holds the lock of
/// imports.
///
/// # Errors
/// The store, the reject file or the inbox failed; nothing was applied.
pub fn importa(ctx: &Contexto<'_>, execucao: i64) -> anyhow::Result<Option<Repetido>> {
    let db = &ctx.store.db;
    let Some((id, guardado)) = rejeito::kept(db, execucao)? else { return Ok(None) };
    if rejeito::rejected(db, execucao)? == 0 {
        return Ok(None);
    }
    let origem = ledger::get(db, id)?.context("o arquivo da execução não está no livro")?;
    let nome = match ledger::corrige(&origem.nome) {
        Some(_) => origem.nome.clone(),
        None => format!("{}{CORRIGIDO}", origem.nome),
    };
    let sem_efeito = |state, reason| {
        let mut relatorio = Relatorio::vazio(&origem.kind, &nome, state);
        relatorio.data_operacao = origem.data_operacao;
        relatorio.dry_run = ctx.opcoes.dry_run;
        relatorio.reason = Some(reason);
        Ok(Some(Repetido { relatorio, mais_novo: None }))
    };
    let reconhecido = match reconhece(ctx.layouts, &nome, &ctx.config.campanha.ascob) {
        Ok(r) => r,
        Err(e) => return sem_efeito(State::Refused, Reason::new(Codigo::NomeInvalido, e.to_string())),
    };
    let (part, impressao) = separa(ctx, &origem, &nome, execucao, &guardado)?;
    if let Some(done) = ja_entrou(ctx, &origem, &nome, &impressao)? {
        let m = format!("as linhas rejeitadas da execução {execucao} já entraram todas na execução {done}");
        return sem_efeito(State::Duplicate, Reason::new(Codigo::Duplicado, m));
    }
    let input = Arquivo { nome: reconhecido.corrige.clone().unwrap_or_default(), ..origem.clone() };
    let mais_novo = portao::mais_novo(db, reconhecido.etapa, &input, origem.data_operacao)?.map(|(dia, _)| dia);
    let arquivo = if ctx.opcoes.dry_run {
        entrada::avulso(ctx, &reconhecido, &nome, &impressao, &part)?
    } else {
        entrada::entra(ctx, &reconhecido, &nome, &impressao, &part)?.0
    };
    let relatorio = run::repete(ctx, arquivo)?;
    Ok(Some(Repetido { relatorio, mais_novo }))
}

/// The lines to be imported again, header and all, in a synced file of the inbox that goes with the value.
fn separa(
    ctx: &Contexto<'_>,
    origem: &Arquivo,
    nome: &str,
    execucao: i64,
    guardado: &str,
) -> anyhow::Result<(TempPath, Impressao)> {
    let path = ctx.config.data.join(guardado);
    let mut from =
        File::open(&path).with_context(|| format!("as linhas da execução {execucao} em {}", path.display()))?;
    let inbox = ctx.config.data.join("inbox");
    let part = tempfile::Builder::new()
        .prefix(&format!("{nome}."))
        .suffix(".import.part")
        .tempfile_in(&inbox)
        .with_context(|| inbox.display().to_string())?;
    let mut m = Medidor::new(part.as_file());
    let mut at = 0;
    for (place, length) in rejeito::only_ignored(&ctx.store.db, execucao)? {
        let (place, length) = (u64::try_from(place)?, u64::try_from(length)?);
        copia(&mut from.by_ref().take(place.saturating_sub(at)), &mut m)?;
        at = place + length;
        from.seek(SeekFrom::Start(at))?;
    }
    copia(&mut from, &mut m)?;
    let (file, mut impressao) = m.fim();
    file.sync_all()?;
    // a few lines of a file may look like another code page than the whole
    impressao.codificacao = Encoding::parse(&origem.codificacao);
    Ok((part.into_temp_path(), impressao))
}

/// The run that accepted every one of these lines, if one did.
fn ja_entrou(ctx: &Contexto<'_>, origem: &Arquivo, nome: &str, impressao: &Impressao) -> anyhow::Result<Option<i64>> {
    let db = &ctx.store.db;
    let same = ledger::with_content(db, &origem.kind, &impressao.sha256)?;
    let done = same
        .iter()
        .find(|a| a.nome == nome && a.data_operacao == origem.data_operacao && a.estado == Estado::Importado);
    match done.and_then(|a| a.run) {
        Some(run) if rejeito::rejected(db, run)? == 0 => Ok(Some(run)),
        _ => Ok(None),
    }
}
