//! `atom day`: the board of an operating day, and the waiver of one of its steps (R021).

mod folha;
mod manager;
mod quadro;

use super::apoio::{self, por_extenso};
use super::app::App;
use super::exit::{self, Usage};
use super::texto::escape;
use crate::import::portao::{Dia, Situacao};
use crate::import::{ETAPAS, etapa};
use crate::store::Store;
use crate::store::db::Db;
use crate::store::dia;
use crate::store::ledger::Estado;
use anyhow::Context as _;
use chrono::NaiveDate;
use quadro::Quadro;

/// The operating day: what is expected, arrived, imported, and what waits for what
#[derive(Debug, clap::Args)]
pub struct Cmd {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Show the board of the newest day with a file of a required kind, or of --date (the default)
    Show,
    /// Waive a step: the bank confirmed that its file will not come; needs --reason, recorded
    Waive {
        /// remessa, parcelas, garantias, baixa, exclusao, batimento, telefones, refin, massivas or retorno
        #[arg(value_parser = kinds(), hide_possible_values = true)]
        kind: String,
    },
}

fn kinds() -> clap::builder::PossibleValuesParser {
    ETAPAS.iter().map(|e| e.kind).collect::<Vec<_>>().into()
}

/// Runs it.
///
/// # Errors
/// The store cannot be read; a waiver without a reason, or of a day that is not clear (exit 2).
pub fn run(cmd: &Cmd, app: &App) -> anyhow::Result<i64> {
    match &cmd.what {
        None | Some(What::Show) => {
            let store = app.reader()?;
            let day = o_dia(app, &store.db)?;
            mostra(app, &store, day)
        }
        Some(What::Waive { kind }) => dispensa(app, kind),
    }
}

/// The day of `--date`; else the newest with a file of a required kind; else that of now.
fn o_dia(app: &App, db: &Db) -> anyhow::Result<NaiveDate> {
    if let Some(date) = app.global.date {
        return Ok(date);
    }
    Ok(apoio::dias(app, db)?.first().copied().unwrap_or_else(|| app.dia()))
}

fn mostra(app: &App, store: &Store, day: NaiveDate) -> anyhow::Result<i64> {
    // one moment of the store for the whole board, also while another run commits
    let moment = store.db.snapshot()?;
    let q = Quadro::le(app, &moment, day)?;
    app.out(&if app.global.json { q.json().to_string() } else { folha::folha(app, &q) });
    Ok(exit::OK)
}

fn dispensa(app: &App, kind: &str) -> anyhow::Result<i64> {
    let reason = app.global.reason.as_deref().unwrap_or_default();
    let reason = escape(&reason.split_whitespace().collect::<Vec<_>>().join(" "));
    if reason.is_empty() {
        let m = format!("a dispensa fica registrada com o motivo: atom day waive {kind} --reason \"motivo\"");
        return Err(Usage(m).into());
    }
    let store = app.store()?;
    let day = dia_da_dispensa(app, &store.db)?;
    app.say(&registra(app, &store.db, day, kind, &reason)?);
    mostra(app, &store, day)
}

/// The day that a waiver acts on; with more than one open it has to be named (decisions 4).
fn dia_da_dispensa(app: &App, db: &Db) -> anyhow::Result<NaiveDate> {
    let open = apoio::abertos(app, db)?;
    if app.global.date.is_none() && open.len() > 1 {
        let days: Vec<String> = open.iter().map(apoio::aberto).collect();
        let m = format!("há mais de um dia aberto: {}; diga qual: --date AAAA-MM-DD", days.join(", "));
        return Err(Usage(m).into());
    }
    let day = o_dia(app, db)?;
    if !app.calendario.dia_util(day) {
        return Err(Usage(format!("{} não é dia útil: nada a dispensar", por_extenso(day))).into());
    }
    Ok(day)
}

/// Records the waiver where there is something to waive; says what was done.
fn registra(app: &App, db: &Db, day: NaiveDate, kind: &str, reason: &str) -> anyhow::Result<String> {
    let etapa = etapa(kind).context("etapa desconhecida")?;
    let d = Dia::le(db, day, &app.config.dia.obrigatorios)?;
    let of = format!("{kind} de {}", por_extenso(day));
    if d.situacao(etapa) == Situacao::Done {
        return Ok(format!("Nada a dispensar: {of} já está concluída."));
    }
    if let Some(w) = d.dispensas.iter().find(|w| w.kind == kind) {
        return Ok(format!("Nada a fazer: {of} já foi dispensada em {}: {}", apoio::quando(&w.em), w.motivo));
    }
    let done = if app.opcoes.dry_run {
        "Simulação, nada registrado; seria dispensada"
    } else if dia::waive(db, day, kind, reason, &app.clock.now().iso())? {
        "Dispensada"
    } else {
        return Ok(format!("Nada a fazer: {of} acaba de ser dispensada por outra pessoa."));
    };
    let mut text = format!("{done}: {of}. Motivo: {reason}");
    if let Some(a) = d.de(etapa).find(|a| a.estado == Estado::Pendente) {
        text.push_str(&format!(
            "\nMas {} está pendente: enquanto estiver, as etapas seguintes esperam por ele.",
            a.nome
        ));
    } else if !d.obrigatoria(etapa) {
        text.push_str(&format!("\n{kind} não é obrigatória: nenhuma etapa esperava por ela."));
    }
    Ok(text)
}
