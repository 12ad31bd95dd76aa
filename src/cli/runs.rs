//! `atom runs`: every run of the ledger, newest first; one of them with its whole account.

mod folha;

use super::app::App;
use super::exit::{self, Usage};
use super::{apoio, texto};
use crate::store::db::Db;
use crate::store::execucao::{self, Enviada, Execucao};
use serde_json::{Value, json};

/// Every run: what it read, what became of it, which order was overruled and why
#[derive(Debug, clap::Args)]
pub struct Cmd {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    list: Lista,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum What {
    /// The newest first (the default)
    List(Lista),
    /// The whole account of one
    Show {
        /// The run
        #[arg(value_name = "RUN")]
        run: i64,
    },
}

/// Which runs are listed.
#[derive(Clone, Copy, Debug, clap::Args)]
struct Lista {
    /// So many
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(i64).range(1..))]
    limit: i64,
    /// All of them
    #[arg(long, conflicts_with = "limit")]
    all: bool,
}

/// Runs it.
///
/// # Errors
/// The store cannot be read; a run that does not exist (exit 2).
pub fn run(cmd: &Cmd, app: &App) -> anyhow::Result<i64> {
    let store = app.reader()?;
    let moment = store.db.snapshot()?;
    match &cmd.what {
        None => lista(cmd.list, app, &moment),
        Some(What::List(l)) => lista(*l, app, &moment),
        Some(What::Show { run }) => mostra(*run, app, &moment),
    }
}

fn lista(l: Lista, app: &App, db: &Db) -> anyhow::Result<i64> {
    let runs = execucao::lista(db, (!l.all).then_some(l.limit))?;
    if app.global.json {
        runs.iter().for_each(|r| app.out(&linha(r).to_string()));
    } else if runs.is_empty() {
        app.say("nenhuma execução ainda");
    } else {
        app.out(&texto::folha(&folha::lista(&runs, execucao::total(db)?)));
    }
    Ok(exit::OK)
}

fn mostra(id: i64, app: &App, db: &Db) -> anyhow::Result<i64> {
    let run = execucao::uma(db, id)?;
    let run = run.ok_or_else(|| Usage(format!("não há execução {id}; as últimas: atom runs list")))?;
    let enviadas = execucao::enviadas(db, id)?;
    if app.global.json {
        app.out(&inteira(&run, &enviadas).to_string());
    } else {
        app.out(&texto::folha(&folha::uma(&run, &enviadas, &execucao::rejeitos(db, id)?)));
    }
    Ok(exit::OK)
}

/// Its account in short.
fn conta(r: &Execucao) -> apoio::Conta {
    apoio::Conta::le(&r.conta, matches!(r.estado.as_str(), "done" | "done_with_rejects" | "undone"))
}

/// Seconds that it took; the ledger keeps no less.
fn segundos(r: &Execucao) -> Option<i64> {
    let (begin, end) = (apoio::momento(&r.inicio)?, apoio::momento(&r.fim)?);
    Some((end - begin).num_seconds().max(0))
}

fn linha(r: &Execucao) -> Value {
    let c = conta(r);
    json!({"run": r.id, "kind": r.kind, "file": r.arquivo, "data_operacao": r.data_operacao, "state": r.estado,
           "exit": r.saida, "started": r.inicio, "ended": r.fim, "seconds": segundos(r), "lines": c.lidas,
           "rejected": c.lidas.map(|_| c.rejeitadas), "command": r.comando, "forced": r.forcado})
}

fn inteira(r: &Execucao, enviadas: &[Enviada]) -> Value {
    let mut out = linha(r);
    let account: Value = serde_json::from_str(&r.conta).unwrap_or(Value::Null);
    for key in ["lines", "warnings", "effects", "brake", "undone"] {
        out[key] = account.get(key).cloned().unwrap_or(Value::Null);
    }
    let exports = enviadas.iter().map(|s| {
        json!({"kind": s.tipo, "file": s.nome, "rows": s.linhas, "state": estado_da_saida(&s.estado),
               "published": s.publicada_em, "message": s.mensagem})
    });
    out["sha256"] = json!(r.sha256);
    out["reason"] = json!(r.motivo.as_ref().map(|(code, message)| json!({"code": code, "message": message})));
    out["error_file"] = json!(enviadas.iter().find(|s| s.tipo == "erros").map(|s| &s.nome));
    out["reject_file"] = json!(r.arquivo_rejeitos);
    out["exports"] = json!(exports.collect::<Vec<_>>());
    out
}

/// As in `export --json`.
fn estado_da_saida(stored: &str) -> &str {
    match stored {
        "gerado" => "built",
        "publicado" => "published",
        "abandonado" => "abandoned",
        other => other,
    }
}
