//! `atom webhook list|show|replay`: what OMNE told and whose it is.

use super::app::App;
use super::exit::{self, Usage};
use super::{apoio, texto};
use crate::atendimento::evento::{Tipo, valor};
use crate::atendimento::{mascara, vinculo};
use crate::store::auditoria;
use crate::store::webhook::{self, ESTADOS, Webhook};
use crate::store::{BATCH_BUSY, Store, db::Db};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Arguments of `atom webhook`.
#[derive(Debug, clap::Args)]
pub struct Cmd {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Newest first, with the number of each state at the end
    List {
        /// Only of this state: RECEBIDO, VINCULADO, NAO_VINCULADO, AMBIGUO, SUBSTITUIDO or ARMAZENADO
        #[arg(long, ignore_case = true, value_parser = ESTADOS)]
        state: Option<String>,
        /// Only of this type: attendance, visitor, occurrence, hsm, resume_users or outro
        #[arg(long = "type", value_parser = Tipo::TODOS.map(Tipo::as_str))]
        tipo: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
        /// Only those below this number: the next page
        #[arg(long, value_name = "ID", default_value_t = 0)]
        before: i64,
    },
    /// One of them with its body; personal data is masked
    Show {
        /// Its number in `atom webhook list`
        id: i64,
    },
    /// Try again to link those without a client, or the ones named; --dry-run shows what would be found
    Replay {
        /// Their numbers [default: all that have no client]
        id: Vec<i64>,
    },
}

/// Lists, shows or links again.
///
/// # Errors
/// The store cannot be read or written; there is no webhook of this number.
pub fn run(cmd: &Cmd, app: &App) -> anyhow::Result<i64> {
    match &cmd.what {
        What::List { state, tipo, limit, before } => {
            lista(app, state.as_deref(), tipo.as_deref(), *before, i64::from(*limit))
        }
        What::Show { id } => mostra(app, *id),
        What::Replay { id } => repete(app, id),
    }
}

/// Counts in the order of the states, without those that have none.
pub fn contagem(db: &Db) -> anyhow::Result<Vec<(&'static str, i64)>> {
    let counts = webhook::por_estado(db, "atendimento")?;
    let of = |s: &str| counts.iter().find(|(k, _)| k == s).map_or(0, |(_, n)| *n);
    Ok(ESTADOS.into_iter().map(|s| (s, of(s))).filter(|(_, n)| *n > 0).collect())
}

fn lista(app: &App, state: Option<&str>, tipo: Option<&str>, before: i64, limit: i64) -> anyhow::Result<i64> {
    let store = app.reader()?;
    let moment = store.db.snapshot()?;
    let state = state.map(str::to_ascii_uppercase);
    let rows = webhook::lista(&moment, "atendimento", state.as_deref(), tipo, before, limit)?;
    let counts = contagem(&moment)?;
    if app.global.json {
        rows.iter().for_each(|w| app.out(&objeto(w).to_string()));
        return Ok(exit::OK);
    }
    if counts.is_empty() {
        app.out("nenhum webhook ainda; o OMNE os envia a /webhook/omne com um token: atom token add OMNE --scope omne");
        return Ok(exit::OK);
    }
    let none = || "–".to_owned();
    let table = rows.iter().map(|w| {
        vec![
            w.id.to_string(),
            apoio::quando(&w.recebido_em),
            w.tipo.clone(),
            w.estado.clone(),
            w.via.clone().unwrap_or_else(none),
            w.ficha.map_or_else(none, |f| f.to_string()),
            w.attendance.as_deref().map_or_else(none, |a| apoio::curto(&texto::escape(a), 36)),
        ]
    });
    let header = ["ID", "QUANDO", "TIPO", "ESTADO", "VIA", "FICHA", "ATENDIMENTO"];
    if !rows.is_empty() {
        app.out(&apoio::tabela(&header, &[0, 5], table.collect()));
    }
    if let Some(last) = rows.last().filter(|_| i64::try_from(rows.len()).is_ok_and(|n| n == limit)) {
        app.out(&format!(" mais antigos: acrescente --before {}", last.id));
    }
    let counts: Vec<String> = counts.iter().map(|(s, n)| format!("{s} {}", texto::n(*n))).collect();
    app.out(&format!("\n Ao todo: {}", counts.join(" · ")));
    Ok(exit::OK)
}

/// What is not personal of a row.
fn objeto(w: &Webhook) -> Value {
    json!({"id": w.id, "type": w.tipo, "received_at": w.recebido_em, "state": w.estado, "via": w.via,
           "ficha": w.ficha, "contrato_id": w.contrato, "tabulacao": w.tabulacao, "attendance": w.attendance,
           "tried_at": w.tentado_em})
}

fn mostra(app: &App, id: i64) -> anyhow::Result<i64> {
    let store = app.reader()?;
    let w = webhook::um(&store.db, "atendimento", id)?.ok_or_else(|| nao_ha(id))?;
    let mut body = valor(&w.corpo);
    if app.global.show_pii {
        // recorded before anything is shown
        let who = App::quem();
        auditoria::registra(store.atendimento()?, &app.clock.now().iso(), &who, w.ficha, "webhook show --show-pii")?;
    } else {
        mascara::omne(&mut body);
    }
    let mut out = objeto(&w);
    out["body"] = body;
    let text = serde_json::to_string_pretty(&out)?;
    // the body is JSON anyhow; on a terminal nothing in it moves the cursor
    app.out(&if app.global.json { text } else { texto::folha(&text) });
    Ok(exit::OK)
}

fn nao_ha(id: i64) -> anyhow::Error {
    Usage(format!("não há webhook {id}; veja: atom webhook list")).into()
}

fn repete(app: &App, ids: &[i64]) -> anyhow::Result<i64> {
    let store = app.reader()?;
    for id in ids {
        if webhook::um(&store.db, "atendimento", *id)?.is_none() {
            return Err(nao_ha(*id));
        }
    }
    let (tried, linked) = if ids.is_empty() { todos(app, &store)? } else { lote(app, &store, ids)? };
    if app.global.json {
        app.out(&json!({"tried": tried, "linked": linked}).to_string());
    } else {
        let would = if app.global.dry_run { " (ensaio: nada gravado)" } else { "" };
        app.out(&format!("tentados {}, vinculados {}{would}", texto::n(tried), texto::n(linked)));
    }
    if tried > linked {
        app.say("os demais seguem sem cliente: atom webhook list --state nao_vinculado");
    }
    // carteira was only read
    store.atendimento()?.checkpoint(Duration::from_secs(2), BATCH_BUSY)?;
    Ok(exit::OK)
}

/// All that have no client, a batch at a time so that `serve` writes in between.
fn todos(app: &App, store: &Store) -> anyhow::Result<(usize, usize)> {
    let at = store.atendimento()?;
    let (mut seen, mut tried, mut linked) = (0, 0, 0);
    loop {
        let ids = webhook::soltos(at, seen, vinculo::LOTE)?;
        let Some(last) = ids.last() else { return Ok((tried, linked)) };
        seen = *last;
        let (a, b) = lote(app, store, &ids)?;
        (tried, linked) = (tried + a, linked + b);
    }
}

/// One transaction; how many were tried, how many have a client then.
fn lote(app: &App, store: &Store, ids: &[i64]) -> anyhow::Result<(usize, usize)> {
    let tx = store.atendimento()?.begin()?;
    vinculo::liga(&tx, &store.db, &app.config, &app.clock.now(), ids)?;
    let mut linked = 0;
    for id in ids {
        linked += usize::from(webhook::um(&tx, "main", *id)?.is_some_and(|w| w.ficha.is_some()));
    }
    if !app.global.dry_run {
        tx.commit()?;
    }
    Ok((ids.len(), linked))
}

/// For `status --json`.
pub fn por_estado(counts: &[(&'static str, i64)]) -> Map<String, Value> {
    let of = |s: &str| counts.iter().find(|(k, _)| *k == s).map_or(0, |(_, n)| *n);
    ESTADOS.iter().map(|s| ((*s).to_owned(), json!(of(s)))).collect()
}
