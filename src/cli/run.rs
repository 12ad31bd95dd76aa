//! `atom run`: one tick of the pipeline, every minute from cron (R014).

use super::app::App;
use super::barra::Barra;
use super::exit::{self, graver};
use super::export;
use super::fetch::{avisa, reenvio};
use super::import::relata;
use super::relato;
use super::send_hsm;
use super::texto;
use crate::pipeline::fetch;
use crate::pipeline::manager::{Estado, Feito};
use crate::pipeline::ping::Ping;
use crate::pipeline::publish::Fim;
use crate::pipeline::tick::{self, Tick};
use crate::store::lock::{LockError, Which};
use crate::store::{BATCH_BUSY, Store};
use serde_json::json;
use std::time::Duration;

/// One tick of the pipeline: fetch, every import whose gate is open, exports, HSM
#[derive(Debug, clap::Args)]
pub struct Cmd {}

/// Runs it. The exit code is the gravest of its parts; a gate that is closed counts only between `dia.prazo`
/// and noon of the day itself.
///
/// # Errors
/// Store, folders or lock failed.
pub fn run(_: &Cmd, app: &App) -> anyhow::Result<i64> {
    let mut tick = Tick::default();
    // a rehearsal is not what is watched
    let Some(ping) = app.config.ping.as_ref().filter(|_| !app.global.dry_run) else { return tique(app, &mut tick) };
    let ping = Ping::comeca(ping);
    let done = tique(app, &mut tick);
    let code = done.as_ref().map_or_else(|e| exit::of(e).0, |code| *code);
    let runs: Vec<i64> = tick.importados.iter().filter_map(|r| r.run).collect();
    if let Some(why) = ping.termina(code, &runs) {
        app.say(&format!("aviso: ping.url: {why}; a execução não depende dele"));
    }
    done
}

fn tique(app: &App, tick: &mut Tick) -> anyhow::Result<i64> {
    let store = app.store()?;
    {
        let bar = Barra::new(app);
        let progress = |done: u64, total: u64, what: &str| bar.anda(done, total, what);
        let ctx = app.contexto(&store, &progress);
        // another fetch at work is no reason not to import what is here
        match app.lock(Which::Fetch) {
            Ok(Some(_held)) => {
                let got = fetch::fetch(&ctx);
                bar.apaga();
                tick.colheita = Some(got?);
            }
            Ok(None) => {}
            Err(e) if matches!(e.downcast_ref(), Some(LockError::Held { .. })) => {}
            Err(e) => return Err(e),
        }
    }
    let code = trabalha(app, &store, tick)?;
    // outside the lock of imports: a message waits for OMNE, an import does not
    Ok(graver(code, mensagens(app, &store)))
}

/// Imports and exports, under their lock; one that is held and to be skipped is no reason not to send messages.
fn trabalha(app: &App, store: &Store, tick: &mut Tick) -> anyhow::Result<i64> {
    let Some(_held) = app.lock(Which::Carteira)? else { return Ok(exit::OK) };
    store.checkpoint()?;
    let ctx = app.contexto(store, &|_, _, _| {});
    let worked = tick::trabalha(&ctx, app.dia(), tick);
    // what was applied before an error is told all the same
    let mut code = conta(app, tick, worked.is_err());
    if let Err(e) = worked {
        code = graver(code, falha(&e));
    }
    app.fecha(store)?;
    Ok(code)
}

/// The tick's share of sending: at most `omne.tick_seconds`. A sender at work goes on by itself.
fn mensagens(app: &App, store: &Store) -> i64 {
    let Some(omne) = &app.config.omne else { return exit::OK };
    let sent = match app.lock(Which::Hsm) {
        Ok(None) => return exit::OK,
        Ok(Some(_held)) => send_hsm::envia(app, store, None, Some(Duration::from_secs(omne.tick_seconds))),
        Err(e) if matches!(e.downcast_ref(), Some(LockError::Held { .. })) => return exit::OK,
        Err(e) => Err(e),
    };
    let done = sent.and_then(|c| {
        if c.fez() {
            store.atendimento()?.checkpoint(Duration::from_secs(2), BATCH_BUSY)?;
        }
        Ok(c)
    });
    match done {
        // what a tick meets every minute (a pause, a wait, the day's cap) is said once, by `status`
        Ok(c) if c.fez() || send_hsm::grave(&c) => send_hsm::mostra(app, &c, Some("hsm")),
        Ok(c) => send_hsm::codigo(&c),
        Err(e) => falha(&e),
    }
}

fn falha(e: &anyhow::Error) -> i64 {
    let (code, hint) = exit::of(e);
    texto::erro(e, hint.as_deref(), false);
    code
}

/// `parou`: an error cut the tick short, and is told after what was done before it.
fn conta(app: &App, tick: &mut Tick, parou: bool) -> i64 {
    let mut code = exit::OK;
    if let Some(c) = &tick.colheita {
        code = graver(code, colheita(app, c));
    }
    for r in &mut tick.importados {
        relato::devolvido(r, &tick.publicadas);
        relato::mostra(app, r, None);
        code = graver(code, r.exit);
    }
    for (kind, name, e) in &tick.falhas {
        relato::mostra(app, &relato::falhou(kind, name, e), None);
        code = graver(code, falha(e));
    }
    for p in &tick.publicadas {
        code = graver(code, relata(app, p));
        if let Fim::Publicada(name) = &p.fim {
            let line =
                json!({"kind": p.saida.tipo.as_str(), "file": name, "rows": p.saida.linhas, "state": "published"});
            app.out(&if app.global.json {
                line.to_string()
            } else {
                format!("publicado {name} ({})", texto::conta(p.saida.linhas, "linha", "linhas"))
            });
        }
    }
    for f in &tick.manager {
        code = graver(code, manager(app, f));
    }
    for t in &tick.remotos {
        app.say(&format!("aviso: pasta do Evo: {t}; a próxima execução tenta de novo"));
        code = graver(code, exit::TEMPORARY);
    }
    if !tick.atrasadas.is_empty() {
        app.say(&format!("atrasado: falta {} depois do prazo. O dia: atom day", tick.atrasadas.join(", ")));
        code = graver(code, exit::WAITING);
    }
    let told = |f: &Feito| matches!(&f.estado, Estado::Recusada(r) if r.nova);
    // after what failed it would be the last word, where the next step stands
    let failed = tick.colheita.as_ref().is_some_and(|c| !c.falhas.is_empty() || c.inbox.is_some());
    let idle = !failed
        && tick.remotos.is_empty()
        && tick.importados.is_empty()
        && tick.falhas.is_empty()
        && tick.publicadas.is_empty()
        && !tick.manager.iter().any(told);
    if idle && !parou && !app.global.json {
        let settling = match tick.colheita.as_ref().map_or(0, |c| c.assentando) {
            0 => String::new(),
            k => format!(
                "; {}, e só entra o que fica {} s sem mudar (evo.settle_seconds)",
                texto::conta(k, "arquivo visto agora", "arquivos vistos agora"),
                app.config.evo.settle_seconds
            ),
        };
        let waiting = match tick.aguardam.len() {
            0 => String::new(),
            k => format!("; {k} arquivo(s) aguardam (atom day)"),
        };
        app.say(&format!("nada a fazer{settling}{waiting}"));
    }
    code
}

/// What was published is told with the rest; here what was not, each refusal once.
fn manager(app: &App, f: &Feito) -> i64 {
    export::aviso(app, f);
    match &f.estado {
        Estado::Recusada(freio) if freio.nova => export::conta(app, f),
        Estado::Gerada if app.opcoes.dry_run => export::conta(app, f),
        _ => exit::OK,
    }
}

fn colheita(app: &App, c: &fetch::Colheita) -> i64 {
    if !c.recebidos.is_empty() {
        let names: Vec<String> = c.recebidos.iter().map(|r| format!("{}{}", r.nome, reenvio(r))).collect();
        let verb = if app.opcoes.dry_run { "a receber" } else { "recebidos" };
        app.say(&format!("{verb}: {}", names.join(", ")));
    }
    avisa(app, c)
}
