//! `atom import KIND [FILE…]` (UC001, UC002).

use super::app::App;
use super::exit::{self, Usage, graver};
use super::relato;
use crate::domain::codigo::Codigo;
use crate::import::entrada::{self, reconhece};
use crate::import::relato::{Reason, Relatorio, State};
use crate::import::{self, ETAPAS, etapa};
use crate::pipeline::{self, publish};
use crate::store::ledger::{self, Arquivo, Estado};
use crate::store::lock::Which;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};

/// Import files of one kind; without FILE, the pending ones
#[derive(Debug, clap::Args)]
pub struct Cmd {
    /// remessa, parcelas, garantias, baixa, exclusao, batimento, telefones, refin, massivas or retorno
    #[arg(value_parser = kinds())]
    kind: String,
    /// Files to import; one from elsewhere is copied into the inbox first
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
}

fn kinds() -> clap::builder::PossibleValuesParser {
    ETAPAS.iter().map(|e| e.kind).collect::<Vec<_>>().into()
}

/// Runs it; with several files, the gravest exit.
///
/// # Errors
/// Store, folders or lock failed.
pub fn run(cmd: &Cmd, app: &App) -> anyhow::Result<i64> {
    let store = app.store()?;
    let Some(_held) = app.lock(Which::Carteira)? else { return Ok(exit::OK) };
    store.checkpoint()?;
    let bar = barra(app);
    let progress = |done: u64, total: u64, what: &str| {
        if let Some(b) = &bar {
            b.set_length(total);
            b.set_position(done);
            b.set_message(what.to_owned());
        }
    };
    let ctx = app.contexto(&store, &progress);
    pipeline::recover(&ctx)?;
    let mut code = exit::OK;
    let mut work: Vec<Result<Arquivo, Relatorio>> = Vec::new();
    if cmd.files.is_empty() {
        let pending = ledger::in_state(&store.db, Estado::Pendente)?;
        work.extend(pending.into_iter().filter(|a| a.kind == cmd.kind).map(Ok));
        if work.is_empty() {
            app.say(&format!("nenhum arquivo de {} pendente", cmd.kind));
        }
    }
    for f in &cmd.files {
        work.push(traz(cmd, app, &ctx.import, f)?);
    }
    for item in work {
        let r = match item {
            Ok(a) => import::run::importa(&ctx.import, a)?,
            Err(refused) => refused,
        };
        if let Some(b) = &bar {
            b.finish_and_clear();
        }
        relato::mostra(app, &r);
        code = graver(code, r.exit);
    }
    import::run::arquiva(&ctx.import)?;
    if !app.opcoes.dry_run {
        for p in publish::publica(&ctx)? {
            code = graver(code, relata(app, &p));
        }
        store.checkpoint()?;
    }
    Ok(code)
}

/// What became of a file that goes back to Evo; its exit code.
pub fn relata(app: &App, p: &publish::Publicada) -> i64 {
    match &p.fim {
        publish::Fim::Publicada(name) => {
            tracing::info!(file = %name, "published");
            exit::OK
        }
        publish::Fim::Adiada(why) => {
            app.say(&format!("aviso: {} ainda não publicado: {why}; a próxima execução tenta de novo", p.saida.nome));
            exit::TEMPORARY
        }
        publish::Fim::Conflito(why) => {
            app.say(&format!("erro: {why}"));
            exit::FAILED
        }
        publish::Fim::Abandonada(why) => {
            app.say(&format!("aviso: {} não será enviado: {why}", p.saida.nome));
            exit::OK
        }
    }
}

/// A file named on the command line: its row in the ledger, or the report of a name that does not fit.
fn traz(cmd: &Cmd, app: &App, ctx: &import::Contexto<'_>, file: &Path) -> anyhow::Result<Result<Arquivo, Relatorio>> {
    let Some(name) = file.file_name().and_then(|n| n.to_str()) else {
        return Err(Usage(format!("{}: não é um nome de arquivo", file.display())).into());
    };
    if !file.is_file() {
        return Err(Usage(format!("{}: arquivo não encontrado", file.display())).into());
    }
    let refused = |why: String| {
        let mut r = Relatorio::vazio(&cmd.kind, name, State::Refused);
        r.reason = Some(Reason::new(Codigo::NomeInvalido, why));
        r.dry_run = app.opcoes.dry_run;
        Ok(Err(r))
    };
    let found = match reconhece(&app.layouts, name, &app.config.campanha.ascob) {
        Ok(found) => found,
        Err(e) => {
            let patterns = app.layouts.of_kind(&cmd.kind).flat_map(|l| &l.files);
            let expected: Vec<String> = patterns.map(ToString::to_string).collect();
            return refused(format!("{e}; {} espera {}", cmd.kind, expected.join(" ou ")));
        }
    };
    if found.etapa.kind != cmd.kind {
        return refused(format!("pelo nome é um arquivo de {}, não de {}", found.etapa.kind, cmd.kind));
    }
    debug_assert!(etapa(&cmd.kind).is_some());
    // a file of the inbox or the archive is worked on where it lies
    let canonical = file.canonicalize()?;
    let data = app.config.data.canonicalize()?;
    if let Ok(inside) = canonical.strip_prefix(&data) {
        let inside = inside.display().to_string();
        if let Some(a) = ledger::at(&ctx.store.db, &inside)? {
            return Ok(Ok(a));
        }
    }
    Ok(Ok(entrada::traz(ctx, file, name, &found)?))
}

fn barra(app: &App) -> Option<ProgressBar> {
    if !app.interactive() {
        return None;
    }
    let b = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("  {msg:<9} {bar:30} {bytes:>10}/{total_bytes} {eta}") {
        b.set_style(style);
    }
    Some(b)
}
