//! `atom rejects`: the rejected and listed lines of an import.

use super::apoio::{curto, tabela};
use super::app::App;
use super::exit::{self, Usage};
use super::texto::{escape, n};
use crate::store::ledger::{self, RunRow};
use crate::store::rejeito::{self, Listado};
use serde_json::json;

/// Rejected lines by file and code
#[derive(Debug, clap::Args)]
pub struct Cmd {
    #[command(subcommand)]
    what: Option<What>,
    /// The run whose lines are listed [default: the newest that has any]
    #[arg(long, global = true, value_name = "RUN")]
    run: Option<i64>,
}

#[derive(Clone, Copy, Debug, clap::Subcommand)]
enum What {
    /// List them, in the order of the file (the default)
    List,
}

/// Width of the column of fields.
const CAMPO: usize = 22;

/// Runs it.
///
/// # Errors
/// The store cannot be read; a run that does not exist (exit 2).
pub fn run(cmd: &Cmd, app: &App) -> anyhow::Result<i64> {
    match cmd.what {
        None | Some(What::List) => lista(cmd.run, app),
    }
}

fn lista(id: Option<i64>, app: &App) -> anyhow::Result<i64> {
    let store = app.reader()?;
    if let Some(id) = id
        && ledger::run(&store.db, id)?.is_none()
    {
        return Err(Usage(format!("não há execução {id}; as últimas: atom status")).into());
    }
    let rows = rejeito::of_run(&store.db, id)?;
    if rows.is_empty() {
        app.say(&match id {
            Some(id) => format!("a execução {id} não tem linhas rejeitadas"),
            None => "nenhuma linha rejeitada".to_owned(),
        });
        return Ok(exit::OK);
    }
    if app.global.json {
        rows.iter().for_each(|r| app.out(&objeto(r)));
        return Ok(exit::OK);
    }
    let run = match rows.first() {
        Some(r) => ledger::run(&store.db, r.run)?,
        None => None,
    };
    app.out(&folha(run.as_ref(), &rows));
    Ok(exit::OK)
}

fn objeto(r: &Listado) -> String {
    json!({
        "run": r.run, "file": r.arquivo, "line": r.linha, "contrato": r.contrato, "campo": r.campo,
        "codigo": r.codigo, "mensagem": r.mensagem,
    })
    .to_string()
}

fn folha(run: Option<&RunRow>, rows: &[Listado]) -> String {
    let (kind, day) = run.map_or(("", None), |r| (r.kind.as_str(), r.data_operacao.as_deref()));
    let (file, id) = rows.first().map_or(("", 0), |r| (r.arquivo.as_str(), r.run));
    let day = day.map(|d| format!(" · operação {}", super::texto::data(d))).unwrap_or_default();
    let count = match rows.len() {
        1 => "1 linha".to_owned(),
        k => format!("{} linhas", n(i64::try_from(k).unwrap_or(i64::MAX))),
    };
    let head = format!("{kind} · {file}{day} · execução {id} · {count}");
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
    format!("{}\n\n{}", escape(&head), tabela(&header, &[0], cells.collect()))
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
        };
        let text = folha(None, std::slice::from_ref(&row));
        assert!(text.contains("remessa_528_out.528 · execução 41 · 1 linha"), "{text}");
        assert!(text.lines().all(|l| l.chars().count() <= 100), "{text}");
        assert!(objeto(&row).starts_with(r#"{"run":41,"file":"#));
    }
}
