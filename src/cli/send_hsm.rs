//! `atom send-hsm`: sends the queue of WhatsApp messages (UC014); its share of `atom run` goes the same way.

use super::app::App;
use super::barra::Barra;
use super::exit::{self, graver};
use super::texto;
use crate::clock::Agora;
use crate::hsm::regra::Parada;
use crate::hsm::{self, Conta, Contexto, ensaio, envio};
use crate::store::Store;
use crate::store::backup;
use crate::store::lock::Which;
use chrono::DateTime;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Arguments of `atom send-hsm`.
#[derive(Debug, clap::Args)]
pub struct Cmd {
    /// At most so many messages
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
}

/// Sends; 3: some failed or are uncertain.
///
/// # Errors
/// The token cannot be read (2), the journal and the store disagree (1), another sender is at work (11).
pub fn run(cmd: &Cmd, app: &App) -> anyhow::Result<i64> {
    if app.config.omne.is_none() {
        app.say("a configuração não tem [omne]: nada a enviar");
        return Ok(exit::OK);
    }
    // a rehearsal takes no lock: it writes nothing
    let held = if app.opcoes.dry_run { None } else { app.lock(Which::Hsm)? };
    if held.is_none() && !app.opcoes.dry_run {
        return Ok(exit::OK);
    }
    let store = app.store()?;
    if let Some(r) = backup::restaurado(store.dir())? {
        let from = texto::momento(&r.backup_de);
        app.say(&format!(
            "store restaurado do backup de {from}: nada é enviado; conferido o que já saiu: atom restore --reconciled"
        ));
        return Ok(exit::WAITING);
    }
    let conta = envia(app, &store, cmd.limit, None)?;
    let code = mostra(app, &conta, None);
    app.fecha(&store)?;
    Ok(code)
}

/// Sends for at most `prazo`; the caller holds the lock. Without `[omne]`: nothing.
///
/// # Errors
/// As [`run`].
pub fn envia(app: &App, store: &Store, limite: Option<u64>, prazo: Option<Duration>) -> anyhow::Result<Conta> {
    let Some(omne) = &app.config.omne else { return Ok(Conta::default()) };
    if backup::restaurado(store.dir())?.is_some() {
        return Ok(Conta::default());
    }
    // the POST under way is finished, its result committed; only then the process ends
    let asked = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&asked))?;
    }
    let parar = || asked.load(Ordering::SeqCst);
    let bar = Barra::de_contagem(app);
    let ctx = Contexto {
        config: &app.config,
        omne,
        store,
        clock: &app.clock,
        calendario: &app.calendario,
        limite,
        prazo,
        parar: &parar,
        pausa: &|d| espera(d, &parar),
        progresso: &|done, total| bar.anda(done, total, "hsm"),
    };
    let done = if app.opcoes.dry_run { ensaio::ensaia(&ctx) } else { envio::envia(&ctx) };
    bar.apaga();
    done
}

/// Sleeps, looking up now and then.
fn espera(d: Duration, parar: &dyn Fn() -> bool) -> bool {
    let begun = Instant::now();
    while !parar() {
        match d.checked_sub(begun.elapsed()) {
            Some(rest) if !rest.is_zero() => std::thread::sleep(rest.min(Duration::from_millis(50))),
            _ => return true,
        }
    }
    false
}

/// Tells the account; `kind` names it among the lines of a tick. Returns the exit code.
pub fn mostra(app: &App, c: &Conta, kind: Option<&str>) -> i64 {
    let dry = app.opcoes.dry_run;
    if app.global.json {
        app.out(&json(c, kind, dry).to_string());
    } else {
        app.out(&folha(c, dry));
    }
    if let Some(text) = c.parada.as_ref().and_then(aviso) {
        app.say(&texto::escape(&text));
    }
    codigo(c)
}

fn json(c: &Conta, kind: Option<&str>, dry: bool) -> Value {
    let mut v = json!({"sent": c.enviadas, "failed": c.falhas, "uncertain": c.incertas, "cancelled": c.canceladas,
                       "left": c.restam, "stopped": c.parada.as_ref().map(palavra)});
    if let Some(kind) = kind {
        v["kind"] = json!(kind);
    }
    if dry {
        v["dry_run"] = json!(true);
    }
    v
}

fn folha(c: &Conta, dry: bool) -> String {
    let sent = if dry { "a enviar" } else { "enviadas" };
    let mut parts = vec![format!("{sent} {}", texto::n(c.enviadas.cast_signed()))];
    for (what, count) in [("com falha", c.falhas), ("incertas", c.incertas)] {
        if count > 0 {
            parts.push(format!("{what} {}", texto::n(count.cast_signed())));
        }
    }
    for (motivo, count) in &c.canceladas {
        parts.push(format!("CANCELADA {motivo} {}", texto::n(count.cast_signed())));
    }
    parts.push(format!("restam {}", texto::n(c.restam)));
    let see = if c.incertas > 0 { "\nVer: atom hsm list --state incerta" } else { "" };
    format!("hsm        {}{see}", parts.join(" · "))
}

const fn palavra(p: &Parada) -> &'static str {
    match p {
        Parada::Credencial(_) => "CREDENCIAL",
        Parada::Redireciona(_) => "REDIRECIONA",
        Parada::Certificado(_) => "CERTIFICADO",
        Parada::Quedas(_) => "OMNE_FORA",
        Parada::Espera(_) => "ESPERA",
        Parada::Pausada => "PAUSADA",
        Parada::Teto => "TETO_DIARIO",
        Parada::Limite => "LIMITE",
        Parada::Prazo => "PRAZO",
        Parada::Sinal => "SINAL",
    }
}

/// What a person must know, the step last.
fn aviso(p: &Parada) -> Option<String> {
    let next = "a próxima execução continua";
    Some(match p {
        Parada::Credencial(code) => {
            format!("erro: o OMNE recusou o token (HTTP {code}); as mensagens continuam na fila. Confira omne.token")
        }
        Parada::Redireciona(code) => {
            format!("erro: o OMNE responde em outro endereço (HTTP {code}); só vale o configurado. Confira omne.url")
        }
        Parada::Certificado(why) => {
            format!("erro: o certificado do OMNE não confere ({why}); nada saiu. Confira omne.url e omne.ca")
        }
        Parada::Quedas(why) => {
            format!("aviso: {} falhas seguidas do OMNE, a última: {why}; {next}", hsm::regra::QUEDAS)
        }
        Parada::Espera(None) => format!("aviso: o OMNE pede espera; {next}"),
        Parada::Espera(Some(until)) => {
            let until = DateTime::from_timestamp_secs(*until).map(|t| Agora::from_utc(t).local().format("%d/%m %H:%M"));
            let until = until.map(|t| format!(" até {t}")).unwrap_or_default();
            format!("aviso: o OMNE pede espera{until}; depois, {next}. Sem esperar: atom hsm pause --resume")
        }
        Parada::Pausada => "aviso: o envio está pausado. Para retomar: atom hsm pause --resume".into(),
        Parada::Teto => "omne.daily_cap atingido: o resto vai amanhã".into(),
        Parada::Sinal => format!("encerrado a pedido, depois do envio em curso; {next}"),
        Parada::Limite | Parada::Prazo => return None,
    })
}

/// Whether the run stopped for something that a person must look at.
pub const fn grave(c: &Conta) -> bool {
    matches!(
        c.parada,
        Some(Parada::Credencial(_) | Parada::Redireciona(_) | Parada::Certificado(_) | Parada::Quedas(_))
    )
}

/// The exit code of an account.
pub fn codigo(c: &Conta) -> i64 {
    let lines = if c.falhas + c.incertas > 0 { exit::REJECTS } else { exit::OK };
    let stop = match &c.parada {
        Some(Parada::Credencial(_) | Parada::Redireciona(_)) => exit::USAGE,
        Some(Parada::Certificado(_) | Parada::Quedas(_)) => exit::TEMPORARY,
        Some(Parada::Espera(_)) if c.restam > 0 => exit::TEMPORARY,
        _ => exit::OK,
    };
    graver(lines, stop)
}
