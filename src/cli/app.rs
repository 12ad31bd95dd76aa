//! What every subcommand needs: configuration, clock, layouts, store, and how to speak.

use super::Global;
use super::exit::Usage;
use super::texto::{escape, folha};
use crate::clock::Clock;
use crate::config::{Config, Env};
use crate::domain::dia::Calendario;
use crate::import::{self, Opcoes};
use crate::layout::Layouts;
use crate::layout::load;
use crate::pipeline::Contexto;
use crate::store::lock::{self, Held, LockError, Which};
use crate::store::{Store, StoreError};
use crate::transport::Servers;
use anyhow::Context as _;
use chrono::NaiveDate;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// The command's surroundings.
pub struct App {
    /// Global flags.
    pub global: Global,
    /// The configuration.
    pub config: Config,
    /// The clock, made once.
    pub clock: Clock,
    /// The layouts.
    pub layouts: Layouts,
    /// Bank business days.
    pub calendario: Calendario,
    /// What was asked for beyond the file.
    pub opcoes: Opcoes,
    /// Mode of files put where others read them: the umask that atom was started under.
    pub mode: u32,
    /// Servers that this run does not ask again.
    pub servidores: Servers,
}

impl App {
    /// Reads configuration and layouts.
    ///
    /// # Errors
    /// Exit 2: the configuration or a layout is wrong.
    pub fn new(global: Global, env: &Env, umask: u32, comando: String) -> anyhow::Result<Self> {
        let clock = Clock::from_env(env.get("ATOM_NOW")).map_err(Usage)?;
        let config = Config::load(&Config::find(global.config.as_deref(), env)?, env)?;
        let layouts = load::with_folder(&config.layouts)?;
        import::esquema::esquema(&layouts)?;
        let calendario = config.calendario();
        if global.force && global.reason.as_deref().is_none_or(|r| r.trim().is_empty()) {
            return Err(Usage("--force pede --reason \"motivo\": fica registrado na execução".into()).into());
        }
        let forcado = global.force.then(|| global.reason.clone().unwrap_or_default());
        let opcoes = Opcoes { dry_run: global.dry_run, forcado, confirma: None, comando };
        Ok(Self {
            global,
            config,
            clock,
            layouts,
            calendario,
            opcoes,
            mode: 0o666 & !umask,
            servidores: Servers::default(),
        })
    }

    /// Opens the store for a batch command.
    ///
    /// # Errors
    /// Exit 10: it is missing or of another version.
    pub fn store(&self) -> anyhow::Result<Store> {
        let esquema = import::esquema::esquema(&self.layouts)?;
        let store = Store::open(&self.config.store_dir, &esquema, &import::campanha(&self.config))?;
        // only now: without a store nothing new is made beside it (ST8)
        for folder in ["inbox", "archive", "rejects", "outbox"] {
            let path = self.config.data.join(folder);
            std::fs::create_dir_all(&path).with_context(|| path.display().to_string())?;
        }
        Ok(store)
    }

    /// The last step of a command that wrote: the log goes into the database (ST6).
    ///
    /// # Errors
    /// The disk failed; what the command did is on it all the same.
    pub fn fecha(&self, store: &Store) -> anyhow::Result<()> {
        store.checkpoint().context("o que foi feito está gravado, mas o log do store não pôde ser recolhido")
    }

    /// Opens the store for reading.
    ///
    /// # Errors
    /// Exit 10: it is missing or of another version.
    pub fn reader(&self) -> anyhow::Result<Store> {
        Ok(Store::reader(&self.config.store_dir, &import::campanha(&self.config))?)
    }

    /// What imports, exports and the tick share.
    pub fn contexto<'a>(&'a self, store: &'a Store, progresso: &'a dyn Fn(u64, u64, &str)) -> Contexto<'a> {
        Contexto {
            import: import::Contexto {
                config: &self.config,
                layouts: &self.layouts,
                store,
                clock: &self.clock,
                calendario: &self.calendario,
                opcoes: &self.opcoes,
                progresso,
            },
            mode: self.mode,
            servidores: &self.servidores,
        }
    }

    /// The operating day of `--date`, or of now (decisions 3).
    pub fn dia(&self) -> NaiveDate {
        self.global.date.unwrap_or_else(|| self.dia_de_agora())
    }

    /// The operating day of now, whatever `--date` says.
    pub fn dia_de_agora(&self) -> NaiveDate {
        let now = self.clock.now();
        self.calendario.dia_de_operacao(now.date(), Some(now.time()), self.config.dia.corte)
    }

    /// Takes a lock as `--if-locked` says; `None`: held, and to be skipped.
    ///
    /// # Errors
    /// Exit 11: another run holds it.
    pub fn lock(&self, which: Which) -> anyhow::Result<Option<Held>> {
        let dir = &self.config.store_dir;
        if !dir.exists() {
            return Err(StoreError::Missing(dir.clone()).into());
        }
        let who = format!("pid {} desde {}: {}", std::process::id(), self.clock.now().iso(), self.opcoes.comando);
        let begun = Instant::now();
        loop {
            match lock::take(dir, which, &who) {
                Ok(held) => return Ok(Some(held)),
                Err(LockError::Held { holder }) => match self.global.if_locked {
                    IfLocked::Skip => {
                        let holder = escape(&holder);
                        self.say(&format!("outra execução em andamento ({holder}); nada feito (--if-locked skip)"));
                        return Ok(None);
                    }
                    IfLocked::Wait(d) if begun.elapsed() < d => std::thread::sleep(Duration::from_millis(100)),
                    _ => return Err(LockError::Held { holder }.into()),
                },
                Err(e) => return Err(e.into()),
            }
        }
    }

    /// Who is at the machine, as the audit names it.
    pub fn quem() -> String {
        format!("cli:uid:{}", rustix::process::getuid().as_raw())
    }

    /// Data, on stdout.
    pub fn out(&self, text: &str) {
        escreve(text);
    }

    /// A message, on stderr; silent under `--quiet`. Its own line breaks stand, nothing else moves a terminal.
    pub fn say(&self, text: &str) {
        if !self.global.quiet {
            let _ = writeln!(std::io::stderr().lock(), "{}", folha(text));
        }
    }

    /// Whether progress and colours are wanted: stderr is a terminal.
    pub fn interactive(&self) -> bool {
        !self.global.quiet && !self.global.json && std::io::stderr().is_terminal()
    }
}

/// Data, on stdout.
pub fn escreve(text: &str) {
    // a closed pipe (`| head`) is the reader's wish, not an error
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// What to do when another run holds the lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IfLocked {
    /// Exit 11.
    #[default]
    Fail,
    /// Exit 0, nothing done.
    Skip,
    /// Wait so long, then exit 11.
    Wait(Duration),
}

impl std::str::FromStr for IfLocked {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        match s {
            "fail" => Ok(Self::Fail),
            "skip" => Ok(Self::Skip),
            _ => s
                .strip_prefix("wait=")
                .and_then(|n| n.parse().ok())
                .map(|n| Self::Wait(Duration::from_secs(n)))
                .ok_or_else(|| "fail, skip or wait=SECONDS".to_owned()),
        }
    }
}
