//! `atom.toml` and the environment, typed: the only reader of either.
//!
//! [`Config::find`] says which file, [`Config::load`] reads it; environment `ATOM_…` wins. What is
//! unknown, of a wrong type or missing is an error with file, line, key and what would do.
//!
//! The environment is captured once into an [`Env`] and handed in, so tests build their own.
//!
//! Architecture invariant: a [`Secret`] is a name until it is needed; no message, `Debug` or
//! `Display` here shows one (SE2), and files that others could read or write are refused (SE3).

mod bloqueados;
mod build;
mod conferencia;
mod doc;
mod env;
mod error;
mod keys;
mod omne;
mod read;
mod secret;
mod starter;
mod url;

#[cfg(test)]
mod tests;

pub use bloqueados::Selo;
pub use conferencia::{Chave, Origem, Referencia};
use doc::Doc;
pub use env::Env;
#[cfg(debug_assertions)]
pub use env::crash_point;
pub use error::{ConfigError, Place};
use omne::FIM_DO_DIA;
pub use omne::{Faixa, Janela, Jornada, Omne};
pub use secret::Secret;
pub use starter::STARTER;
pub use url::RemoteUrl;

use crate::domain::dia::{Calendario, Contagem};
use chrono::{NaiveDate, NaiveTime};
use std::fs::File;
use std::io::Read;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Every kind of file that can be required of a day.
pub const KINDS: [&str; 10] =
    ["remessa", "parcelas", "garantias", "baixa", "exclusao", "batimento", "telefones", "refin", "massivas", "retorno"];

/// What a business day requires unless configured (decisions 4).
const OBRIGATORIOS: [&str; 5] = ["remessa", "parcelas", "garantias", "baixa", "batimento"];

/// Where the file is looked for, after `--config` and `$ATOM_CONFIG`.
const PLACES: [&str; 2] = ["atom.toml", "/etc/atom/atom.toml"];

/// The whole configuration; all paths are absolute.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The file it came from.
    pub file: PathBuf,
    /// Folder of layouts that replace the built-in ones; it may be absent.
    pub layouts: PathBuf,
    /// Folder of `inbox/`, `archive/`, `rejects/`, `outbox/`, `log/`.
    pub data: PathBuf,
    /// The tabulation tree; the built-in one when absent.
    pub tabulacoes: Option<PathBuf>,
    /// The store's folder (`store.url`).
    pub store_dir: PathBuf,
    /// The one campaign of the store (R001).
    pub campanha: Campanha,
    /// Where the bank's files come from.
    pub evo: Evo,
    /// The dialer's folders.
    pub manager: Manager,
    /// Whom not to contact.
    pub contato: Contato,
    /// The sender of HSM; absent: none is sent.
    pub omne: Option<Omne>,
    /// The operating day.
    pub dia: Dia,
    /// How long a block holds (R020).
    pub bloqueio: Bloqueio,
    /// What differs from the national bank calendar.
    pub calendario: Feriados,
    /// The brake of batimento.
    pub batimento: Batimento,
    /// Limits of every import.
    pub import: Import,
    /// How long things are kept.
    pub retencao: Retencao,
    /// The HTTP server.
    pub serve: Serve,
    /// Whoever watches that `atom run` runs; absent: nobody is called.
    pub ping: Option<Ping>,
}

/// `[campanha]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Campanha {
    /// idCampanha.
    pub id: i64,
    /// Its name; `Campanha <id>` unless given.
    pub nome: String,
    /// The portfolio; `VEIC` unless given.
    pub carteira: String,
    /// ID_ASCOB with its zeros, letters and digits only.
    pub ascob: String,
}

/// What becomes of a file in Evo's folder once the ledger has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum After {
    /// It stays.
    #[default]
    Keep,
    /// It is moved aside.
    Move,
    /// It is deleted.
    Delete,
}

impl After {
    /// The text in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Move => "move",
            Self::Delete => "delete",
        }
    }

    /// Reads the text of the configuration; `None` for any other.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Keep, Self::Move, Self::Delete].into_iter().find(|a| a.as_str() == text)
    }
}

/// How one logs in at the servers of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acesso {
    /// Private key.
    pub key: Option<Secret>,
    /// What opens the key, where it is locked; without it `password` does.
    pub passphrase: Option<Secret>,
    /// Password.
    pub password: Option<Secret>,
    /// Known host keys: `known_hosts` beside the configuration unless given.
    pub known_hosts: PathBuf,
    /// The authority of an `ftps://` server's certificate; absent: those of the machine.
    pub ca: Option<PathBuf>,
    /// Whether a login in clear text (`ftp://`) is allowed.
    pub allow_cleartext: bool,
}

/// `[evo]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evo {
    /// Where files are collected.
    pub url: RemoteUrl,
    /// Where error files go.
    pub errors: Option<RemoteUrl>,
    /// What becomes of a collected file.
    pub after: After,
    /// Seconds between two equal looks at a file; 0: taken at first sight.
    pub settle_seconds: u64,
    /// Bound of one fetch, and of what is put in one go; of both sections' servers.
    pub max_seconds: u64,
    /// Seconds without a byte after which a server's turn ends; of both sections' servers.
    pub idle_seconds: u64,
    /// Files above so many MiB are not collected (IN18).
    pub max_megabytes: u64,
    /// How one logs in there.
    pub acesso: Acesso,
}

/// `[manager]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manager {
    /// Where our files go.
    pub url: RemoteUrl,
    /// Where retorno files come from.
    pub retornos: Option<RemoteUrl>,
    /// Minutes between two incrementals.
    pub incremental_minutes: u32,
    /// Until this hour the baixa waits for the batimento.
    pub baixa_ate: NaiveTime,
    /// Whether commercial phones are dialled.
    pub comercial: bool,
    /// How one logs in there.
    pub acesso: Acesso,
}

/// `[contato]`
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Contato {
    /// A phone per line: neither dialled nor messaged.
    pub bloqueados: Option<PathBuf>,
}

/// `[dia]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dia {
    /// Names with this time or a later one belong to the next business day.
    pub corte: NaiveTime,
    /// From here to noon an open required step is exit 4.
    pub prazo: NaiveTime,
    /// Kinds of file required every business day, each one of [`KINDS`].
    pub obrigatorios: Vec<String>,
}

/// `[bloqueio]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bloqueio {
    /// Age at which a block still holds.
    pub dias: u32,
    /// How days are counted.
    pub contagem: Contagem,
}

/// `[calendario]`
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Feriados {
    /// More bank holidays.
    pub feriados: Vec<NaiveDate>,
    /// Holidays of the calendar that are business days here.
    pub uteis: Vec<NaiveDate>,
}

/// `[batimento]`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Batimento {
    /// Closings above this share of the active contracts are quarantined; 0 to 1.
    pub max_baixas: f64,
}

/// `[import]`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Import {
    /// Rejects above this share of the lines (and above 10) refuse the file; 0 to 1.
    pub max_rejeitos: f64,
}

/// `[retencao]`: days that are kept; 0: for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retencao {
    /// Clients, after the last of their contracts closed.
    pub fichas_dias: u32,
    /// Webhooks, mass actions, calls, messages.
    pub contatos_dias: u32,
    /// Files in `archive`, `rejects` and `outbox`, whole.
    pub arquivos_dias: u32,
    /// Backups, and what a restore put aside, whole.
    pub backups_dias: u32,
    /// Journals of undo.
    pub desfaz_dias: u32,
    /// The audit.
    pub auditoria_dias: u32,
}

/// `[serve]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Serve {
    /// Where it listens: loopback, unless a proxy is named.
    pub listen: SocketAddr,
    /// Reads per minute and token; 0: no limit.
    pub reads_per_minute: u32,
    /// The proxy that does TLS in front.
    pub behind_proxy: Option<String>,
    /// The last part of the webhook's path for senders that can set no header; off without it.
    pub webhook_secret: Option<Secret>,
}

/// `[ping]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ping {
    /// Without `/` at its end; its path is known to nobody else.
    pub url: String,
    /// The authority of an `https://` server's certificate; absent: those of the machine.
    pub ca: Option<PathBuf>,
    /// Bound of one call.
    pub timeout_seconds: u64,
}

impl Config {
    /// The file to load: `--config`, `$ATOM_CONFIG`, `./atom.toml`, `/etc/atom/atom.toml`. One that
    /// is named must exist; the last two are tried in turn.
    ///
    /// # Errors
    /// [`ConfigError::NotFound`] with the places looked at.
    pub fn find(explicit: Option<&Path>, env: &Env) -> Result<PathBuf, ConfigError> {
        Self::find_in(explicit, env, &PLACES.map(PathBuf::from))
    }

    fn find_in(explicit: Option<&Path>, env: &Env, places: &[PathBuf]) -> Result<PathBuf, ConfigError> {
        let from_env = || env.get("ATOM_CONFIG").filter(|s| !s.is_empty()).map(PathBuf::from);
        let tried = match explicit.map(Path::to_path_buf).or_else(from_env) {
            Some(named) => vec![named],
            None => places.to_vec(),
        };
        let stands = |p: &&PathBuf| p.try_exists().unwrap_or(true);
        match tried.iter().find(stands) {
            Some(found) => Ok(found.clone()),
            None => Err(ConfigError::NotFound { tried }),
        }
    }

    /// Reads the file and lets `env` win over it.
    ///
    /// # Errors
    /// A file that cannot be read or that others may write (SE3), and whatever is unknown, missing
    /// or of a wrong type or value in it or in the environment.
    pub fn load(path: &Path, env: &Env) -> Result<Self, ConfigError> {
        let mut faults = Vec::new();
        let doc = Self::read(path, env, &mut faults);
        match faults.into_iter().next() {
            Some(first) => Err(first),
            None => build::build(&mut doc?, env),
        }
    }

    /// The flat map; what is wrong with the file and does not hinder reading on goes to `faults`.
    fn read(path: &Path, env: &Env, faults: &mut Vec<ConfigError>) -> Result<Doc, ConfigError> {
        let io = |source| ConfigError::Io { file: path.to_path_buf(), source };
        let mut file = File::open(path).map_err(io)?;
        if file.metadata().map_err(io)?.permissions().mode() & 0o022 != 0 {
            faults.push(ConfigError::Writable { file: path.to_path_buf() });
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io)?;
        let text = String::from_utf8(bytes).map_err(|e| {
            let before = e.as_bytes().iter().take(e.utf8_error().valid_up_to());
            let line = 1 + before.filter(|b| **b == b'\n').count();
            let place = Place::Line { file: path.to_path_buf(), line };
            ConfigError::Syntax { place, message: "grave o arquivo em UTF-8".into() }
        })?;
        let absolute = std::path::absolute(path).map_err(io)?;
        let base = absolute.parent().unwrap_or(Path::new("/"));
        Doc::read(path, base, &text, env, faults)
    }

    /// The bank calendar with what the configuration adds and removes.
    #[must_use]
    pub fn calendario(&self) -> Calendario {
        let Feriados { feriados, uteis } = &self.calendario;
        Calendario::novo(feriados.iter().copied(), uteis.iter().copied())
    }

    /// Every secret that is configured, by its key: for `atom doctor`.
    pub fn secrets(&self) -> impl Iterator<Item = (&'static str, &Secret)> {
        let all = [
            ("evo.key", self.evo.acesso.key.as_ref()),
            ("evo.passphrase", self.evo.acesso.passphrase.as_ref()),
            ("evo.password", self.evo.acesso.password.as_ref()),
            ("manager.key", self.manager.acesso.key.as_ref()),
            ("manager.passphrase", self.manager.acesso.passphrase.as_ref()),
            ("manager.password", self.manager.acesso.password.as_ref()),
            ("omne.token", self.omne.as_ref().map(|o| &o.token)),
            ("serve.webhook_secret", self.serve.webhook_secret.as_ref()),
        ];
        all.into_iter().filter_map(|(key, secret)| secret.map(|s| (key, s)))
    }
}
