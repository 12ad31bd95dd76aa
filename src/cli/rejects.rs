//! `atom rejects`: the rejected and listed lines of an import; one of them with a ruler; all of them once more.

mod mostra;
mod repete;

use super::apoio::{curto, tabela};
use super::app::App;
use super::exit::{self, Usage};
use super::texto::{conta, escape, n};
use crate::domain::codigo::Codigo;
use crate::layout::regua::mascara;
use crate::store::Store;
use crate::store::execucao::{self, Execucao};
use crate::store::ledger;
use crate::store::rejeito::{self, Filtro, Listado};
use serde_json::json;
use std::collections::BTreeMap;

/// Rejected lines by file and code; replay after a fix
#[derive(Debug, clap::Args)]
pub struct Cmd {
    #[command(subcommand)]
    what: Option<What>,
    /// The run whose lines are meant [default: the newest that has any]
    #[arg(long, global = true, value_name = "RUN")]
    run: Option<i64>,
    #[command(flatten)]
    list: Lista,
}

/// Which lines are listed.
#[derive(Clone, Debug, Default, clap::Args)]
struct Lista {
    /// Only of the file with this name, of its newest run that has any
    #[arg(long, value_name = "NAME")]
    file: Option<String>,
    /// Only with this code
    #[arg(long, value_name = "CODE", value_parser = codigo)]
    code: Option<Codigo>,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum What {
    /// List them, in the order of the file (the default)
    List(Lista),
    /// The original text of rejected lines with a ruler; personal fields masked unless --show-pii
    Show {
        /// The run
        #[arg(value_name = "RUN")]
        of: i64,
        /// Only this line, field by field
        #[arg(value_name = "LINE")]
        line: Option<i64>,
    },
    /// Import the rejected lines again, as `<input>.corrigido` of the same kind and day; not for batimento
    Replay,
}

fn codigo(text: &str) -> Result<Codigo, String> {
    Codigo::parse(&text.to_ascii_uppercase()).ok_or_else(|| "no such code".to_owned())
}

/// Width of the column of fields.
const CAMPO: usize = 22;

/// Runs it.
///
/// # Errors
/// The store cannot be read; a run that does not exist (exit 2).
pub fn run(cmd: &Cmd, app: &App) -> anyhow::Result<i64> {
    match &cmd.what {
        None => lista(cmd.run, &cmd.list, app),
        Some(What::List(l)) => lista(cmd.run, l, app),
        Some(What::Show { of, line }) => mostra::run(*of, *line, app),
        Some(What::Replay) => repete::run(cmd.run, app),
    }
}

/// A run that must exist.
fn existe(store: &Store, id: i64) -> anyhow::Result<Execucao> {
    let found = execucao::uma(&store.db, id)?;
    found.ok_or_else(|| Usage(format!("não há execução {id}; as últimas: atom status")).into())
}

fn lista(id: Option<i64>, l: &Lista, app: &App) -> anyhow::Result<i64> {
    let store = app.reader()?;
    if let Some(id) = id {
        existe(&store, id)?;
    }
    let filter = Filtro { run: id, arquivo: l.file.as_deref(), codigo: l.code.map(Codigo::as_str) };
    let rows = rejeito::listed(&store.db, &filter)?;
    if rows.is_empty() {
        let of = l.file.as_ref().map(|f| format!(" de {}", mascara::texto(f))).unwrap_or_default();
        let with = l.code.map(|c| format!(" com {c}")).unwrap_or_default();
        app.say(&match id {
            Some(id) => format!("a execução {id} não tem linhas rejeitadas{of}{with}"),
            None => format!("nenhuma linha rejeitada{of}{with}"),
        });
        return Ok(exit::OK);
    }
    if app.global.json {
        rows.iter().for_each(|r| app.out(&objeto(r).to_string()));
        return Ok(exit::OK);
    }
    let run = match rows.first() {
        Some(r) => execucao::uma(&store.db, r.run)?,
        None => None,
    };
    app.out(&folha(run.as_ref(), &rows));
    if let Some(run) = &run {
        app.out(&remedio(app, &store, run)?);
    }
    Ok(exit::OK)
}

/// How the lines of a run come in after all: mended by hand, or as they are once their cause is gone.
fn remedio(app: &App, store: &Store, run: &Execucao) -> anyhow::Result<String> {
    let (id, kind) = (run.id, run.kind.as_str());
    let mut out = format!("\nUma com régua: atom rejects show {id} LINHA");
    let kept = rejeito::kept(&store.db, id)?.map(|(_, path)| path);
    let Some((kept, etapa)) = kept.zip(crate::import::etapa(kind)) else { return Ok(out) };
    if !etapa.aceita_corrigido() {
        out.push_str("\nO arquivo só vale inteiro: peça outro ao banco");
        return Ok(out);
    }
    let input = run.arquivo.as_deref().unwrap_or_default();
    let mended = format!("{}{}", ledger::corrige(input).unwrap_or(input), ledger::CORRIGIDO);
    let (kept, mended) = (app.config.data.join(kept).display().to_string(), escape(&mended));
    out.push_str(&format!(
        "\nÀ mão: cp {kept} \\\n          {mended}\n       conserte as linhas e rode:\n       atom import {kind} {mended}"
    ));
    out.push_str(&format!("\nSe a causa era o layout ou outro arquivo, e já passou: atom rejects replay --run {id}"));
    Ok(out)
}

fn objeto(r: &Listado) -> serde_json::Value {
    json!({
        "run": r.run, "file": r.arquivo, "line": r.linha, "contrato": r.contrato, "campo": r.campo,
        "codigo": r.codigo, "mensagem": r.mensagem, "rejected": r.rejeitada,
    })
}

/// What heads a sheet about lines of a run.
fn cabeca(run: Option<&Execucao>, rows: &[Listado]) -> String {
    let (kind, day) = run.map_or(("", None), |r| (r.kind.as_str(), r.data_operacao.as_deref()));
    let (file, id) = rows.first().map_or(("", 0), |r| (r.arquivo.as_str(), r.run));
    let day = day.map(|d| format!(" · operação {}", super::texto::data(d))).unwrap_or_default();
    let head = format!("{kind} · {file}{day} · execução {id} · {}", conta(rows.len(), "linha", "linhas"));
    escape(&head)
}

fn folha(run: Option<&Execucao>, rows: &[Listado]) -> String {
    let cells = rows.iter().map(|r| {
        vec![
            n(r.linha),
            escape(r.contrato.as_deref().unwrap_or("–")),
            curto(r.campo.as_deref().unwrap_or("–"), CAMPO),
            r.codigo.clone(),
            escape(&r.mensagem),
        ]
    });
    let header = ["linha", "contrato", "campo", "código", "mensagem"];
    let mut by_code: BTreeMap<&str, usize> = BTreeMap::new();
    rows.iter().for_each(|r| *by_code.entry(&r.codigo).or_default() += 1);
    let codes: Vec<String> = by_code.iter().map(|(c, k)| format!("{c} {}", n(*k))).collect();
    let table = tabela(&header, &[0], cells.collect());
    format!("{}\n  {}\n\n{table}", cabeca(run, rows), codes.join(" · "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lista_cabe_e_nomeia_arquivo_e_execucao() {
        let row = Listado {
            run: 41,
            arquivo: "20230803_203000_remessa_528_out.528".into(),
            linha: 1201,
            contrato: Some("00000000000123456789".into()),
            campo: Some("data_vencimento_primeira_aberta".into()),
            codigo: "ASSESSORIA_DIVERGENTE".into(),
            mensagem: "data_contrato (campo 231, colunas 3702–3709): data inválida, esperado AAAAMMDD existente".into(),
            rejeitada: true,
            bytes: (0, 4339),
        };
        let text = folha(None, std::slice::from_ref(&row));
        assert!(text.contains("remessa_528_out.528 · execução 41 · 1 linha"), "{text}");
        assert!(text.lines().all(|l| l.chars().count() <= 100), "{text}");
        assert!(objeto(&row).to_string().starts_with(r#"{"run":41,"file":"#));
    }
}
