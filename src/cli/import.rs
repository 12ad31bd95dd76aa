//! `atom import KIND [FILE…]` (UC001, UC002).

use super::app::App;
use super::barra::Barra;
use super::exit::{self, Usage, graver};
use super::relato;
use super::texto::escape;
use crate::domain::codigo::Codigo;
use crate::import::entrada::{self, reconhece};
use crate::import::relato::{Reason, Relatorio, State};
use crate::import::{self, ETAPAS, Opcoes};
use crate::pipeline::{self, publish};
use crate::store::ledger::{self, Arquivo, Estado};
use crate::store::lock::Which;
use std::path::{Path, PathBuf};

/// The kind whose brake a person may confirm.
const COM_FREIO: &str = "batimento";

/// Import files of one kind; without FILE, the pending ones
#[derive(Debug, clap::Args)]
pub struct Cmd {
    /// remessa, parcelas, garantias, baixa, exclusao, batimento, telefones, refin, massivas or retorno
    #[arg(value_parser = kinds())]
    kind: String,
    /// Files to import; one from elsewhere is copied into the inbox first
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Confirm a quarantined batimento with the exact number of contracts that it closes
    #[arg(long, value_name = "N", requires = "files")]
    confirm: Option<u64>,
}

fn kinds() -> clap::builder::PossibleValuesParser {
    ETAPAS.iter().map(|e| e.kind).collect::<Vec<_>>().into()
}

/// Runs it; with several files, the gravest exit.
///
/// # Errors
/// Store, folders or lock failed.
pub fn run(cmd: &Cmd, app: &App) -> anyhow::Result<i64> {
    confirmavel(cmd)?;
    let store = app.store()?;
    let Some(_held) = app.lock(Which::Carteira)? else { return Ok(exit::OK) };
    store.checkpoint()?;
    let bar = Barra::new(app);
    let progress = |done: u64, total: u64, what: &str| bar.anda(done, total, what);
    let opcoes = Opcoes { confirma: cmd.confirm, ..app.opcoes.clone() };
    let mut ctx = app.contexto(&store, &progress);
    ctx.import.opcoes = &opcoes;
    pipeline::recover(&ctx)?;
    let mut code = exit::OK;
    let pending = ledger::in_state(&store.db, Estado::Pendente)?;
    let pending: Vec<Arquivo> = pending.into_iter().filter(|a| a.kind == cmd.kind).collect();
    if cmd.files.is_empty() && pending.is_empty() {
        let stopped = ledger::in_state(&store.db, Estado::Quarentena)?;
        let stopped = stopped.iter().filter(|a| a.kind == cmd.kind).count();
        let also = if stopped > 0 { format!("; {stopped} em quarentena (atom status)") } else { String::new() };
        app.say(&format!("nenhum arquivo de {} pendente{also}", cmd.kind));
    }
    let named = cmd.files.iter().map(Trabalho::Nomeado);
    let waiting = pending.into_iter().filter(|_| cmd.files.is_empty()).map(|a| Trabalho::Pendente(Box::new(a)));
    for item in named.chain(waiting) {
        let from = match &item {
            Trabalho::Nomeado(path) => Some(path.as_path()),
            Trabalho::Pendente(_) => None,
        };
        let mut r = importa(cmd, app, &ctx.import, item)?;
        bar.apaga();
        let published = pipeline::recover(&ctx).and_then(|()| publish::publica(&ctx));
        relato::devolvido(&mut r, published.as_deref().unwrap_or_default());
        // what became of the file is told, whatever fails after it
        relato::mostra(app, &r, from);
        code = published?.iter().fold(graver(code, r.exit), |code, p| graver(code, relata(app, p)));
    }
    app.fecha(&store)?;
    Ok(code)
}

/// The number of closings is that of one batimento (R022).
fn confirmavel(cmd: &Cmd) -> Result<(), Usage> {
    match cmd.confirm {
        Some(_) if cmd.kind != COM_FREIO => Err(Usage(format!("--confirm só vale para {COM_FREIO}"))),
        Some(_) if cmd.files.len() != 1 => {
            Err(Usage("--confirm confirma um arquivo: dê um só, com o seu número de baixas".into()))
        }
        _ => Ok(()),
    }
}

/// A file to import.
enum Trabalho<'a> {
    Nomeado(&'a PathBuf),
    Pendente(Box<Arquivo>),
}

/// One file; what goes wrong with it alone is a report, so that the others have their turn.
fn importa(cmd: &Cmd, app: &App, ctx: &import::Contexto<'_>, item: Trabalho<'_>) -> anyhow::Result<Relatorio> {
    let (name, done) = match item {
        Trabalho::Pendente(a) => (a.nome.clone(), import::run::importa(ctx, *a)),
        Trabalho::Nomeado(path) => {
            let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
            let done = match traz(cmd, app, ctx, path, &name) {
                Ok(Ok(a)) => import::run::importa(ctx, a),
                Ok(Err(refused)) => Ok(refused),
                Err(e) => Err(e),
            };
            (name, done)
        }
    };
    done.or_else(|e| {
        // the store itself fails for the next file as well
        if matches!(exit::of(&e).0, exit::STORE | exit::INVARIANT) {
            return Err(e);
        }
        let (_, hint) = exit::of(&e);
        if let Some(h) = hint {
            app.say(&format!("   {h}"));
        }
        Ok(relato::falhou(&cmd.kind, &name, &e))
    })
}

/// What became of a file that goes back to Evo; its exit code.
pub fn relata(app: &App, p: &publish::Publicada) -> i64 {
    match &p.fim {
        publish::Fim::Publicada(name) => {
            tracing::info!(file = %name, "published");
            exit::OK
        }
        publish::Fim::Recusada(why) => {
            app.say(&format!("erro: {} ainda não publicado: {why}", p.saida.nome));
            exit::USAGE
        }
        publish::Fim::Adiada(why) => {
            app.say(&format!("aviso: {} ainda não publicado: {why}; a próxima execução tenta de novo", p.saida.nome));
            exit::TEMPORARY
        }
        publish::Fim::Conflito(why) => {
            app.say(&format!("erro: {}", escape(why)));
            exit::FAILED
        }
        publish::Fim::Abandonada(why) => {
            app.say(&format!("aviso: {} não será enviado: {}", p.saida.nome, escape(why)));
            exit::OK
        }
    }
}

/// A file named on the command line: its row in the ledger, or the report of a name that does not fit.
fn traz(
    cmd: &Cmd,
    app: &App,
    ctx: &import::Contexto<'_>,
    file: &Path,
    name: &str,
) -> anyhow::Result<Result<Arquivo, Relatorio>> {
    if let Some(a) = na_caixa(ctx, file, name)?
        && a.kind == cmd.kind
    {
        return Ok(Ok(a));
    }
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

/// A bare name, as boards and reports print it, that stands in no folder here: the file of that name in the
/// inbox.
fn na_caixa(ctx: &import::Contexto<'_>, file: &Path, name: &str) -> anyhow::Result<Option<Arquivo>> {
    if file.exists() || file.as_os_str() != name {
        return Ok(None);
    }
    let row = ledger::named(&ctx.store.db, name)?;
    Ok(row.filter(|a| ctx.config.data.join(&a.caminho).is_file()))
}
