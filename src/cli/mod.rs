//! The command line: one file a subcommand, none imports another. The only place that prints.
//!
//! Data goes to stdout, messages and progress to stderr. What ops read in the night is Portuguese; `--help`,
//! JSON keys and log lines are English.

mod acesso;
mod achados;
mod apoio;
pub mod app;
pub mod audit;
pub mod backup;
mod barra;
pub mod config;
pub mod day;
pub mod doctor;
mod exame;
pub mod exit;
pub mod explain;
pub mod export;
pub mod fetch;
pub mod get;
pub mod hostkey;
pub mod hsm;
pub mod import;
pub mod init;
pub mod layout;
pub mod lgpd;
pub mod manual;
pub mod planilha;
pub mod purge;
mod regua;
pub mod rejects;
pub mod relato;
pub mod replica;
pub mod restore;
pub mod run;
pub mod runs;
pub mod send_hsm;
pub mod serve;
pub mod status;
pub mod texto;
pub mod token;
pub mod undo;
pub mod user;
pub mod webhook;

use crate::config::Env;
use app::{App, IfLocked};
use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Batch toolkit of a collections agency: collects the bank's nightly files, imports them under the business
/// rules, feeds the dialer.
#[derive(Debug, Parser)]
#[command(name = "atom", version = version(), after_help = exit::HELP, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Flags of every command.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Configuration file [default: $ATOM_CONFIG, ./atom.toml, /etc/atom/atom.toml]
    #[arg(short, long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Operating day, AAAA-MM-DD [default: that of now in America/Sao_Paulo]
    #[arg(long, global = true, value_name = "DATE")]
    pub date: Option<NaiveDate>,
    /// Do everything, show the effect, keep nothing
    #[arg(long, global = true)]
    pub dry_run: bool,
    /// Pass a closed gate, an older or a repeated file; needs --reason
    #[arg(long, global = true)]
    pub force: bool,
    /// Why; recorded
    #[arg(long, global = true, value_name = "TEXT")]
    pub reason: Option<String>,
    /// JSON on stdout
    #[arg(long, global = true)]
    pub json: bool,
    /// No messages on stderr
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// More log lines on stderr; twice: more still
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Log lines as text or as JSON
    #[arg(long, global = true, value_name = "FORMAT", value_parser = ["text", "json"], default_value = "text")]
    pub log_format: String,
    /// When another run holds the lock: fail, skip or wait=SECONDS
    #[arg(long, global = true, value_name = "WHAT", default_value = "fail")]
    pub if_locked: IfLocked,
    /// Show personal data unmasked; the reading is recorded
    #[arg(long, global = true)]
    pub show_pii: bool,
    /// No colours (also: NO_COLOR)
    #[arg(long, global = true)]
    pub no_color: bool,
}

impl std::fmt::Display for IfLocked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fail => f.write_str("fail"),
            Self::Skip => f.write_str("skip"),
            Self::Wait(d) => write!(f, "wait={}", d.as_secs()),
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a starter atom.toml and an empty store
    Init(init::Cmd),
    /// Collect matching, complete files from Evo into the inbox
    Fetch(fetch::Cmd),
    /// Import files of one kind; without FILE, the pending ones
    Import(import::Cmd),
    /// Build and publish files for other systems
    Export(export::Cmd),
    /// Send what waits in the queue of WhatsApp messages, in its hours
    #[command(name = "send-hsm")]
    SendHsm(send_hsm::Cmd),
    /// The queue of WhatsApp messages: look, resolve what is uncertain, pause
    Hsm(hsm::Cmd),
    /// One tick of the pipeline: fetch, every import whose gate is open, exports, HSM
    Run(run::Cmd),
    /// The operating day: what is expected, arrived, imported, and what waits for what
    Day(day::Cmd),
    /// The store, the last runs, pending files, unknown names
    Status(status::Cmd),
    /// One client: by CPF/CNPJ, contract or ID_CRM (`-` reads the key from stdin)
    Get(get::Cmd),
    /// Which file, line and rule put a contract in its state, and why it is dialled or not
    Explain(explain::Cmd),
    /// Rejected lines by file and code; replay after a fix
    Rejects(rejects::Cmd),
    /// Take back one import where nothing later depends on it; --dry-run shows the effect
    Undo(undo::Cmd),
    /// Every run: what it read, what became of it, which order was overruled and why
    Runs(runs::Cmd),
    /// A copy of the store in one file for BI to read, replaced in one step
    Replica(replica::Cmd),
    /// A checked copy of the whole store in a folder of its own, made while others write
    Backup(backup::Cmd),
    /// Take away what retention does not keep; --dry-run shows what
    Purge(purge::Cmd),
    /// Put a backup in the place of the store; nothing goes out until `--reconciled`
    Restore(restore::Cmd),
    /// All that is held of one person (LGPD)
    Lgpd(lgpd::Cmd),
    /// Answer the Portal over HTTP and take OMNE's webhooks, until SIGTERM
    Serve(serve::Cmd),
    /// Who may ask `serve`: make, list and take back tokens
    Token(token::Cmd),
    /// Who may log in to the back office's pages: let in, list, lock out, new passwords
    User(user::Cmd),
    /// Who read or changed what, when, of which client; newest first
    Audit(audit::Cmd),
    /// What OMNE's webhooks told and whose it is: list, show, link again
    Webhook(webhook::Cmd),
    /// Check config, clock, disk, store, locks and every remote; one verdict a line
    Doctor(doctor::Cmd),
    /// The configuration: everything that is wrong with it; every key, its value and who says so
    Config(config::Cmd),
    /// The keys of the SFTP servers: show them, take one into known_hosts
    Hostkey(hostkey::Cmd),
    /// The layouts of the files; diagnose a broken line with a ruler
    Layout(layout::Cmd),
    /// Completions for a shell, on stdout
    Completions(manual::Completions),
    /// The manual page, on stdout
    Man(manual::Man),
    /// The first sheet of a workbook as CSV, under limits of memory and time
    #[command(name = crate::layout::planilha::COMANDO, hide = true)]
    Planilha(planilha::Cmd),
}

fn version() -> &'static str {
    static VERSION: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    VERSION.get_or_init(|| format!("{} (SQLite {})", env!("CARGO_PKG_VERSION"), crate::store::db::Db::engine_version()))
}

/// Runs the command line; returns the exit code.
pub fn main(umask: u32) -> i64 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            // help and version go to stdout with 0, wrong usage to stderr with 2
            let _ = e.print();
            return i64::from(e.exit_code());
        }
    };
    let color = !cli.global.no_color && std::env::var_os("NO_COLOR").is_none();
    log(&cli.global, matches!(cli.command, Command::Serve(_)));
    match dispatch(cli, umask) {
        Ok(code) => code,
        Err(e) => {
            let (code, hint) = exit::of(&e);
            texto::erro(&e, hint.as_deref(), color);
            code
        }
    }
}

fn dispatch(cli: Cli, umask: u32) -> anyhow::Result<i64> {
    let env = Env::capture();
    // the command as given, for the lock and the ledger; a key of `get` never goes there: get takes no lock
    let comando = std::env::args().skip(1).fold("atom".to_owned(), |a, b| a + " " + &b);
    if let Command::Init(cmd) = &cli.command {
        return init::run(cmd, &cli.global, &env, umask);
    }
    match &cli.command {
        Command::Planilha(cmd) => return planilha::run(cmd),
        Command::Completions(cmd) => return Ok(manual::completions(cmd)),
        Command::Man(cmd) => return manual::man(cmd),
        Command::Config(cmd) => return config::run(cmd, &cli.global, &env),
        _ => {}
    }
    if let Command::Doctor(cmd) = &cli.command {
        return doctor::run(cmd, cli.global, &env, umask, comando);
    }
    let app = App::new(cli.global, &env, umask, comando)?;
    match cli.command {
        Command::Init(_)
        | Command::Planilha(_)
        | Command::Doctor(_)
        | Command::Config(_)
        | Command::Completions(_)
        | Command::Man(_) => Ok(exit::OK),
        Command::Fetch(cmd) => fetch::run(&cmd, &app),
        Command::Import(cmd) => import::run(&cmd, &app),
        Command::Export(cmd) => export::run(&cmd, &app),
        Command::SendHsm(cmd) => send_hsm::run(&cmd, &app),
        Command::Hsm(cmd) => hsm::run(&cmd, &app),
        Command::Run(cmd) => run::run(&cmd, &app),
        Command::Day(cmd) => day::run(&cmd, &app),
        Command::Status(cmd) => status::run(&cmd, &app),
        Command::Get(cmd) => get::run(&cmd, &app),
        Command::Explain(cmd) => explain::run(&cmd, &app),
        Command::Rejects(cmd) => rejects::run(&cmd, &app),
        Command::Undo(cmd) => undo::run(&cmd, &app),
        Command::Runs(cmd) => runs::run(&cmd, &app),
        Command::Replica(cmd) => replica::run(&cmd, &app),
        Command::Backup(cmd) => backup::run(&cmd, &app),
        Command::Purge(cmd) => purge::run(&cmd, &app),
        Command::Restore(cmd) => restore::run(&cmd, &app),
        Command::Lgpd(cmd) => lgpd::run(&cmd, &app),
        Command::Serve(cmd) => serve::run(&cmd, &app),
        Command::Token(cmd) => token::run(&cmd, &app),
        Command::User(cmd) => user::run(&cmd, &app),
        Command::Audit(cmd) => audit::run(&cmd, &app),
        Command::Webhook(cmd) => webhook::run(&cmd, &app),
        Command::Hostkey(cmd) => hostkey::run(&cmd, &app),
        Command::Layout(cmd) => layout::run(&cmd, &app),
    }
}

/// `serve` logs its requests unless `--quiet`.
fn log(global: &Global, serve: bool) {
    let level = match (global.quiet, global.verbose) {
        (true, _) => tracing::Level::ERROR,
        (_, 0) if !serve => tracing::Level::WARN,
        (_, 0 | 1) => tracing::Level::INFO,
        _ => tracing::Level::DEBUG,
    };
    let logs = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).with_target(false);
    if global.log_format == "json" { logs.json().init() } else { logs.with_ansi(false).init() }
}
