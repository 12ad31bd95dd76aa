//! `atom hsm`: the queue of WhatsApp messages as people see it, and what only people may do with it (decisions 7).

use super::apoio::{quando, tabela};
use super::app::App;
use super::{exit, texto};
use crate::domain::fone::Fone;
use crate::hsm::{self, retomada};
use crate::store::auditoria;
use crate::store::hsm::{self as fila, Estado, Vista};
use crate::store::lock::Which;
use serde_json::{Value, json};

/// Arguments of `atom hsm`.
#[derive(Debug, clap::Args)]
pub struct Cmd {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Messages, newest first
    List {
        /// Only those in this state: pendente, enviando, aceita, falha, incerta, cancelada
        #[arg(long, value_name = "STATE")]
        state: Option<String>,
        /// At most so many [default: 100; all with --json]
        #[arg(long, value_name = "N")]
        limit: Option<u32>,
    },
    /// One message: what became of it and why
    Show {
        /// Its number in `atom hsm list`
        id: i64,
    },
    /// Say what became of an uncertain message; needs --reason, which is recorded
    #[command(group = clap::ArgGroup::new("outcome").required(true))]
    Resolve {
        /// Its number
        id: i64,
        /// It reached OMNE: ACEITA, with its mark
        #[arg(long, group = "outcome")]
        sent: bool,
        /// It did not: it waits again
        #[arg(long, group = "outcome")]
        not_sent: bool,
    },
    /// Send nothing more until --resume; takes hold before the next message
    Pause {
        /// Go on; a wait that OMNE asked for is forgotten as well
        #[arg(long)]
        resume: bool,
    },
    /// After an older backup was restored: take over from the send journal what was sent since; needs --reason
    Reconcile,
}

/// Shows or steers the queue.
///
/// # Errors
/// There is no such message; the store cannot be read or written.
pub fn run(cmd: &Cmd, app: &App) -> anyhow::Result<i64> {
    match &cmd.what {
        What::List { state, limit } => lista(app, state.as_deref(), *limit),
        What::Show { id } => mostra(app, *id),
        What::Resolve { id, sent, .. } => resolve(app, *id, *sent),
        What::Pause { resume } => pausa(app, *resume),
        What::Reconcile => concilia(app),
    }
}

fn motivo(app: &App) -> anyhow::Result<&str> {
    let given = app.global.reason.as_deref().map(str::trim).filter(|r| !r.is_empty());
    given.ok_or_else(|| exit::Usage("informe --reason \"motivo\": fica registrado".into()).into())
}

fn lista(app: &App, state: Option<&str>, limit: Option<u32>) -> anyhow::Result<i64> {
    let estado =
        state.map(|s| Estado::parse(s).ok_or_else(|| exit::Usage(format!("não há o estado {}", texto::escape(s)))));
    let estado = estado.transpose()?;
    let max = limit.map_or(if app.global.json { i64::MAX } else { 100 }, i64::from);
    let store = app.reader()?;
    let mut rows = Vec::new();
    fila::lista(&store.db, "atendimento", estado, max, |v| {
        if app.global.json {
            app.out(&linha(&v).to_string());
        } else {
            rows.push(vec![
                v.id.to_string(),
                v.contrato.clone(),
                v.jornada.clone(),
                v.motivo
                    .as_deref()
                    .filter(|_| v.estado == "CANCELADA")
                    .map_or(v.estado.clone(), |m| format!("{} {m}", v.estado)),
                quando(v.enviada_em.as_deref().unwrap_or(&v.importada_em)),
                v.entrega.clone().unwrap_or_else(|| "–".into()),
            ]);
        }
        Ok(())
    })?;
    if !app.global.json {
        let header = ["ID", "CONTRATO", "JORNADA", "ESTADO", "EM", "ENTREGA"];
        let uncertain = rows.iter().any(|r| r.get(3).is_some_and(|s| s == Estado::Incerta.as_str()));
        app.out(&if rows.is_empty() { "nenhuma mensagem".into() } else { tabela(&header, &[0], rows) });
        if uncertain {
            app.out("INCERTA: a resposta se perdeu; não é reenviada sozinha. Cada uma: atom hsm show ID");
        }
    }
    Ok(exit::OK)
}

/// What the contract promises of a message, and more; nothing personal.
fn linha(v: &Vista) -> Value {
    json!({"id": v.id, "contrato": v.contrato, "estado": v.estado, "jornada": v.jornada,
           "em": v.enviada_em.as_deref().unwrap_or(&v.importada_em), "motivo": v.motivo, "idCrm": v.ficha,
           "tentativas": v.tentativas, "http": v.http, "entrega": v.entrega, "entregaEm": v.entrega_em})
}

fn mostra(app: &App, id: i64) -> anyhow::Result<i64> {
    let store = app.reader()?;
    let v = fila::uma(&store.db, "atendimento", id)?.ok_or_else(|| nenhuma(id))?;
    let pii = app.global.show_pii;
    if pii {
        // recorded before anything is shown
        auditoria::leu(
            app.store()?.atendimento()?,
            &app.clock.now().iso(),
            &App::quem(),
            &[v.ficha],
            "hsm show --show-pii",
        )?;
    }
    let number = v.fone.strip_prefix("55").and_then(Fone::from_completo).map_or_else(|| "***".into(), Fone::mascara);
    let number = if pii { v.fone.clone() } else { number };
    let hidden = |text: &Option<String>| text.as_ref().map(|t| if pii { t.clone() } else { "***".into() });
    let name = hidden(&Some(v.nome.clone()));
    let answer = hidden(&v.resposta.clone().filter(|r| !r.is_empty()));
    if app.global.json {
        let mut out = linha(&v);
        out["fone"] = json!(number);
        out["nome"] = json!(name);
        out["resposta"] = json!(answer);
        out["importadaEm"] = json!(v.importada_em);
        out["atualizadaEm"] = json!(v.atualizada_em);
        app.out(&out.to_string());
        return Ok(exit::OK);
    }
    let http = v.http.map(|h| format!("HTTP {h}"));
    let delivered = v.entrega.as_ref().map(|e| format!("{e} {}", v.entrega_em.as_deref().unwrap_or("")));
    let mut out = vec![format!("Mensagem {} · contrato {} · ficha {} · {}", v.id, v.contrato, v.ficha, v.estado)];
    for (label, value) in [
        ("jornada", Some(v.jornada.clone())),
        ("número", Some(number)),
        ("nome", name),
        ("na fila", Some(v.importada_em.clone())),
        ("enviada", v.enviada_em.clone()),
        ("envios", Some(v.tentativas.to_string())),
        ("resposta", http.or(answer.clone())),
        ("corpo", answer.filter(|_| pii)),
        ("motivo", v.motivo.clone()),
        ("entrega", delivered),
    ] {
        out.extend(value.map(|x| format!("  {label:<9} {}", texto::escape(&x))));
    }
    if v.estado == Estado::Incerta.as_str() {
        out.push(
            "A mensagem partiu e a resposta se perdeu: não é reenviada sozinha. Confira no OMNE se chegou; então:"
                .into(),
        );
        out.push(format!("   atom hsm resolve {id} --sent|--not-sent --reason \"motivo\""));
    }
    app.out(&out.join("\n"));
    Ok(exit::OK)
}

fn nenhuma(id: i64) -> exit::Usage {
    exit::Usage(format!("não há mensagem {id}; veja atom hsm list"))
}

fn resolve(app: &App, id: i64, sent: bool) -> anyhow::Result<i64> {
    let reason = motivo(app)?;
    let store = app.store()?;
    let (db, now) = (store.atendimento()?, app.clock.now());
    let tx = db.begin()?;
    let v = fila::uma(&tx, "main", id)?.ok_or_else(|| nenhuma(id))?;
    let em = now.local().format("%Y-%m-%d %H:%M:%S").to_string();
    if !fila::resolve(&tx, id, sent, reason, &em)? {
        return Err(exit::Usage(format!("a mensagem {id} está {}: só INCERTA se resolve", v.estado)).into());
    }
    let what = format!("hsm resolve {id} {}: {reason}", if sent { "--sent" } else { "--not-sent" });
    auditoria::registra(&tx, &now.iso(), &App::quem(), Some(v.ficha), &what)?;
    if app.opcoes.dry_run {
        app.say("--dry-run: nada foi gravado");
        return Ok(exit::OK);
    }
    tx.commit()?;
    app.say(&format!("mensagem {id}: {}", if sent { "ACEITA" } else { "PENDENTE, vai na próxima execução" }));
    app.fecha(&store)?;
    Ok(exit::OK)
}

fn pausa(app: &App, resume: bool) -> anyhow::Result<i64> {
    let store = app.store()?;
    let (db, now) = (store.atendimento()?, app.clock.now());
    let em = now.local().format("%Y-%m-%d %H:%M:%S").to_string();
    let who = App::quem();
    let tx = db.begin()?;
    fila::pausa(&tx, (!resume).then_some((em.as_str(), who.as_str())))?;
    let what = if resume { "hsm pause --resume" } else { "hsm pause" };
    auditoria::registra(&tx, &now.iso(), &who, None, what)?;
    if app.opcoes.dry_run {
        app.say("--dry-run: nada foi gravado");
        return Ok(exit::OK);
    }
    tx.commit()?;
    app.say(if resume { "envio retomado" } else { "envio pausado: a mensagem em curso termina, a próxima não sai" });
    app.fecha(&store)?;
    Ok(exit::OK)
}

fn concilia(app: &App) -> anyhow::Result<i64> {
    let reason = motivo(app)?;
    if app.opcoes.dry_run {
        return Err(exit::Usage("hsm reconcile não tem ensaio; veja o que falta com: atom doctor".into()).into());
    }
    let Some(omne) = &app.config.omne else {
        return Err(exit::Usage("a configuração não tem [omne]".into()).into());
    };
    let Some(_held) = app.lock(Which::Hsm)? else { return Ok(exit::OK) };
    let store = app.store()?;
    let ctx = hsm::Contexto {
        config: &app.config,
        omne,
        store: &store,
        clock: &app.clock,
        calendario: &app.calendario,
        limite: None,
        prazo: None,
        parar: &|| false,
        pausa: &|_| true,
        progresso: &|_, _| {},
    };
    let changed = retomada::concilia(&ctx, app.global.force)?;
    auditoria::registra(
        store.atendimento()?,
        &app.clock.now().iso(),
        &App::quem(),
        None,
        &format!("hsm reconcile: {reason}"),
    )?;
    app.say(&format!(
        "diário conciliado: {} atualizadas; o envio pode seguir",
        texto::conta(changed.cast_signed(), "mensagem", "mensagens")
    ));
    app.fecha(&store)?;
    Ok(exit::OK)
}
