//! `undo`: takes back one import where nothing later depends on it.
//!
//! Row by row the change journal knows what a run did; `store::desfaz` restores it. **In the way**
//! is every later run that touched the same rows, that hangs on a client or contract which would vanish, or that
//! decided on what the run had set although it wrote no row of it: a remessa that found a contract unchanged, a
//! batimento that found a withdrawn one absent, a line of exclusao, telefones or refin that changed nothing. The
//! last are known by their number only, so they count as in the way. Undo the newest first and nothing is.
//!
//! **After it** the store is as before the import but for ids, which are never given again (ID_CRM, the `n` of
//! Enriquecimento), and its ledger entry is `desfeito`: gates, duplicates and the order of files no longer see
//! it. The run stays in the ledger as `undone`, its rejected lines as history. What Manager was told is put right
//! by its next files.

use super::relato::linhas_iguais;
use super::{Contexto, ETAPAS, esquema};
use crate::store::db::{Db, Tx};
use crate::store::desfaz::{self, Contagem};
use crate::store::execucao::{self, Execucao};
use crate::store::ledger::{self, Arquivo, Decisao, Estado};
use crate::store::presenca;
use crate::store::saida;
use anyhow::Context as _;
use chrono::NaiveDate;
use serde::Serialize;
use std::collections::BTreeMap;

/// How many contracts of a later run are named.
const PRIMEIROS: usize = 5;

/// Kinds that the journal does not hold, and why.
const SEM_VOLTA: [(&str, &str); 4] = [
    ("parcelas", "um arquivo novo substitui o conjunto de cada contrato; importe o corrigido"),
    ("garantias", "um arquivo novo substitui o conjunto de cada contrato; importe o corrigido"),
    ("massivas", "o histórico de contatos não se desfaz"),
    ("retorno", "o histórico de contatos não se desfaz"),
];

/// A later run, or contacts with people, that an undo would pull the ground from under.
#[derive(Clone, Debug, Serialize)]
pub struct Impedimento {
    /// The later run; none for contacts.
    pub run: Option<i64>,
    /// Its kind, or `hsm`, `massiva`, `retorno`, `tabulacao`, `proposta`, `workflow`, `portal_telefone`, `portal_email`,
    /// `portal_endereco`.
    pub kind: String,
    /// Its file.
    pub file: Option<String>,
    /// Rows that it holds.
    pub rows: i64,
    /// The first contracts.
    pub contratos: Vec<String>,
}

/// Contracts whose situação changes.
#[derive(Clone, Debug, Serialize)]
pub struct Mudanca {
    /// Now.
    pub from: String,
    /// After the undo; none: the contract goes.
    pub to: Option<String>,
    /// How many.
    pub contratos: i64,
}

/// What an undo did, would do, or why it did not: the object of `undo --json`.
#[derive(Clone, Debug, Serialize)]
pub struct Desfeita {
    /// The run of the undo; none where nothing was recorded.
    pub run: Option<i64>,
    /// The run that it takes back.
    pub undone: i64,
    /// Its kind.
    pub kind: String,
    /// Its file.
    pub file: String,
    /// Its operating day.
    pub data_operacao: Option<NaiveDate>,
    /// `done` or `refused`.
    pub state: &'static str,
    /// Exit code.
    pub exit: i64,
    /// Rows by table.
    pub tables: BTreeMap<&'static str, Contagem>,
    /// Contracts by situação.
    pub situacoes: Vec<Mudanca>,
    /// What refuses it.
    pub in_the_way: Vec<Impedimento>,
    /// Rolled back: `--dry-run`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

/// Whether imports of a kind can never be taken back.
pub fn sem_volta(kind: &str) -> bool {
    SEM_VOLTA.iter().any(|(k, _)| *k == kind)
}

/// Whether a run is an import that can be taken back at all.
///
/// # Errors
/// Why not, for ops.
pub fn pode(r: &Execucao) -> Result<(), String> {
    let id = r.id;
    if let Some((_, why)) = SEM_VOLTA.iter().find(|(k, _)| *k == r.kind) {
        return Err(format!("a execução {id} é de {}: {why}", r.kind));
    }
    if r.kind == "undo" {
        return Err(format!("a execução {id} já desfez outra; para voltar atrás, importe o arquivo de novo"));
    }
    if !ETAPAS.iter().any(|e| e.kind == r.kind) {
        return Err(format!("a execução {id} ({}) não é uma importação", r.kind));
    }
    match r.estado.as_str() {
        "done" | "done_with_rejects" => Ok(()),
        "undone" => Err(format!("a execução {id} já foi desfeita")),
        _ => Err(format!("a execução {id} não aplicou nada: não há o que desfazer")),
    }
}

/// Takes back a run that [`pode`] be; refused where something later depends on it. The caller holds the lock of
/// imports.
///
/// # Errors
/// The store failed; nothing was taken back.
pub fn desfaz(ctx: &Contexto<'_>, r: &Execucao) -> anyhow::Result<Desfeita> {
    let inicio = ctx.clock.now().iso();
    let arquivo = ledger::file_of(&ctx.store.db, r.id)?.context("o arquivo da execução não está no livro")?;
    let mut out = Desfeita {
        run: None,
        undone: r.id,
        kind: r.kind.clone(),
        file: arquivo.nome.clone(),
        data_operacao: r.data_operacao.as_deref().and_then(ledger::dia),
        state: "refused",
        exit: 6,
        tables: BTreeMap::new(),
        situacoes: Vec::new(),
        in_the_way: Vec::new(),
        dry_run: ctx.opcoes.dry_run,
    };
    // nobody writes of a client while it vanishes: `serve` looks at it under the same lock
    let _hold = if some_vanish(ctx, r)? { Some(ctx.store.atendimento()?.begin()?) } else { None };
    let tx = ctx.store.db.begin()?;
    out.in_the_way = impedimentos(ctx, &tx, r)?;
    if !out.in_the_way.is_empty() {
        return Ok(out);
    }
    let changes = desfaz::mudancas(&tx, r.id)?;
    out.situacoes = changes.into_iter().map(|(from, to, contratos)| Mudanca { from, to, contratos }).collect();
    let tables = desfaz::aplica(&tx, &esquema::esquema(ctx.layouts)?, r.id)?;
    out.tables = tables.into_iter().map(|(t, c)| (t.nome(), c)).collect();
    (out.state, out.exit) = ("done", 0);
    if !out.dry_run {
        registra(ctx, tx, &arquivo, &inicio, &mut out)?;
    }
    Ok(out)
}

/// The undo as a run of its own, and the file freed; commits.
fn registra(ctx: &Contexto<'_>, tx: Tx<'_>, arquivo: &Arquivo, inicio: &str, out: &mut Desfeita) -> anyhow::Result<()> {
    let run = execucao::last_run(&tx)? + 1;
    let conta = serde_json::json!({"undone": out.undone, "tables": out.tables, "situacoes": out.situacoes}).to_string();
    execucao::insert_run(
        &tx,
        run,
        &execucao::Run {
            comando: &ctx.opcoes.comando,
            kind: "undo",
            arquivo_id: Some(arquivo.id),
            data_operacao: out.data_operacao,
            inicio,
            fim: &ctx.clock.now().iso(),
            estado: out.state,
            saida: out.exit,
            conta: &conta,
            arquivo_rejeitos: None,
            forcado: None,
        },
    )?;
    let message = format!("execução {} desfeita pela {run}", out.undone);
    let d = match execucao::undone(&tx, out.undone, arquivo.id, &out.kind)? {
        // it had been applied twice, the second time by force: the other time stands
        Some(other) => Decisao { estado: Estado::Importado, motivo: None, run: Some(other), data_operacao: None },
        None => {
            Decisao { estado: Estado::Desfeito, motivo: Some(("DESFEITO", &message)), run: None, data_operacao: None }
        }
    };
    ledger::decide(&tx, arquivo.id, &d)?;
    saida::desfeita(&tx, run)?;
    tx.commit()?;
    out.run = Some(run);
    Ok(())
}

/// Everything that is in the way, the later runs first.
fn impedimentos(ctx: &Contexto<'_>, db: &Db, r: &Execucao) -> anyhow::Result<Vec<Impedimento>> {
    desfaz::levanta(db, r.id)?;
    let later = execucao::applied_after(db, r.id)?;
    let mut unchanged = BTreeMap::new();
    for x in &later {
        desfaz::depende(db, x.id, &confirmados(db, r, x)?)?;
        if let Some(n) = iguais(r, x) {
            unchanged.insert(x.id, n);
        }
    }
    let mut rows: BTreeMap<i64, i64> = desfaz::atras(db)?.into_iter().collect();
    for (x, n) in unchanged {
        rows.entry(x).or_insert(n);
    }
    let mut out = Vec::new();
    for (x, rows) in rows {
        let run = execucao::uma(db, x)?;
        out.push(Impedimento {
            run: Some(x),
            kind: run.as_ref().map_or_else(String::new, |x| x.kind.clone()),
            file: run.and_then(|x| x.arquivo),
            rows,
            contratos: desfaz::primeiros(db, x, PRIMEIROS as i64)?,
        });
    }
    out.extend(contatos(ctx, db, r)?);
    Ok(out)
}

/// Contracts that a later run looked at and left as this one had made them, writing nothing.
fn confirmados(db: &Db, r: &Execucao, x: &Execucao) -> anyhow::Result<Vec<u32>> {
    // both days are ISO text
    let older = x.data_operacao < r.data_operacao;
    let found = match (r.kind.as_str(), x.kind.as_str()) {
        // the same content once more: without it the contract would be older than that file
        ("remessa", "remessa") => {
            let seen = presenca::da(db, x.id)?;
            desfaz::tocados(db, r.id)?.into_iter().filter(|c| seen.as_ref().is_none_or(|s| s.contains(c))).collect()
        }
        // REMESSA_POSTERIOR: kept only because this remessa is of a later day
        ("remessa", "exclusao" | "batimento") if older => {
            let mine = presenca::da(db, r.id)?.unwrap_or_default();
            let kept = desfaz::mantidos(db, x.id)?;
            let present = presenca::da(db, x.id)?.filter(|_| x.kind == "batimento");
            let absent = |c: &u32| present.as_ref().is_some_and(|p| !p.contains(c));
            mine.into_iter().filter(|c| kept.contains(c) || absent(c)).collect()
        }
        // absent, and closed but for what this run had made of it
        ("baixa" | "exclusao" | "batimento", "batimento") => {
            let seen = presenca::da(db, x.id)?.unwrap_or_default();
            desfaz::retirados(db, r.id)?.into_iter().filter(|c| !seen.contains(c)).collect()
        }
        _ => Vec::new(),
    };
    Ok(found)
}

/// Lines of a later file of the kind that changed nothing: whether because of this run is not known.
fn iguais(r: &Execucao, x: &Execucao) -> Option<i64> {
    let same = match r.kind.as_str() {
        "exclusao" | "telefones" => true,
        // of another day, the line has moved the offer's load date: a row
        "refin" => x.data_operacao == r.data_operacao,
        _ => false,
    };
    let count = linhas_iguais(&x.conta).filter(|n| *n > 0 && same && x.kind == r.kind)?;
    i64::try_from(count).ok()
}

/// Whether a run made clients or contracts.
fn some_vanish(ctx: &Contexto<'_>, r: &Execucao) -> anyhow::Result<bool> {
    Ok(desfaz::feitos(&ctx.store.db, r.id)?.iter().any(|made| !made.is_empty()))
}

/// Messages, mass actions, calls and what the Portal wrote of whoever would vanish.
fn contatos(ctx: &Contexto<'_>, db: &Db, r: &Execucao) -> anyhow::Result<Vec<Impedimento>> {
    let made = desfaz::feitos(db, r.id)?;
    if made.iter().all(std::collections::HashSet::is_empty) {
        return Ok(Vec::new());
    }
    let atendimento: &Db = ctx.store.atendimento()?;
    let mut out = Vec::new();
    for (table, rows, contratos) in desfaz::contatos(atendimento, &made)? {
        let contratos = desfaz::nomes(db, &contratos, PRIMEIROS)?;
        out.push(Impedimento { run: None, kind: table.to_owned(), file: None, rows, contratos });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(kind: &str, estado: &str) -> Execucao {
        Execucao {
            id: 7,
            kind: kind.into(),
            data_operacao: Some("2023-08-04".into()),
            estado: estado.into(),
            conta: r#"{"lines":{"unchanged":3}}"#.into(),
            ..Execucao::default()
        }
    }

    #[test]
    fn so_o_que_foi_aplicado_e_tem_diario_se_desfaz() {
        for kind in ["remessa", "baixa", "exclusao", "batimento", "telefones", "refin"] {
            assert!(pode(&run(kind, "done")).is_ok() && pode(&run(kind, "done_with_rejects")).is_ok(), "{kind}");
            for estado in ["refused", "quarantined", "undone"] {
                assert!(pode(&run(kind, estado)).is_err(), "{kind} {estado}");
            }
        }
        for kind in ["parcelas", "garantias", "massivas", "retorno", "undo", "carga"] {
            assert!(pode(&run(kind, "done")).is_err(), "{kind}");
        }
    }

    #[test]
    fn linhas_iguais_de_outro_arquivo_do_tipo_impedem() {
        let r = |k| run(k, "done");
        assert_eq!(iguais(&r("telefones"), &r("telefones")), Some(3));
        assert_eq!(iguais(&r("exclusao"), &r("exclusao")), Some(3));
        assert_eq!(iguais(&r("refin"), &r("refin")), Some(3));
        let other_day = Execucao { data_operacao: Some("2023-08-08".into()), ..r("refin") };
        assert_eq!(iguais(&r("refin"), &other_day), None, "the row itself was touched");
        assert_eq!(iguais(&r("exclusao"), &r("telefones")), None);
        assert_eq!(iguais(&r("batimento"), &r("batimento")), None, "presence is known there");
    }
}
