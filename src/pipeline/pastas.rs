//! The folders of the configuration as [`Remote`]s: which section's credentials open a url, how long its server may take.

use crate::config::{Acesso, Config, ConfigError, RemoteUrl, Secret};
use crate::domain::texto::escape;
use crate::transport::ftp::{Ftp, Tls};
use crate::transport::sftp::{Login, Sftp};
use crate::transport::{Fault, Limits, Place, Remote, Servers, em_portugues};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// Whose folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dono {
    /// `[evo]`
    Evo,
    /// `[manager]`
    Manager,
}

impl Dono {
    /// For people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Evo => "Evo",
            Self::Manager => "Manager",
        }
    }

    /// The credentials of its section.
    pub fn acesso(self, config: &Config) -> &Acesso {
        match self {
            Self::Evo => &config.evo.acesso,
            Self::Manager => &config.manager.acesso,
        }
    }
}

/// Every folder of the configuration: whose, its key, its url.
pub fn todas(config: &Config) -> impl Iterator<Item = (Dono, &'static str, &RemoteUrl)> {
    let all = [
        (Dono::Evo, "evo.url", Some(&config.evo.url)),
        (Dono::Evo, "evo.errors", config.evo.errors.as_ref()),
        (Dono::Manager, "manager.url", Some(&config.manager.url)),
        (Dono::Manager, "manager.retornos", config.manager.retornos.as_ref()),
    ];
    all.into_iter().filter_map(|(dono, key, url)| url.map(|url| (dono, key, url)))
}

/// The bounds of a turn that begins now.
pub fn limites(config: &Config) -> Limits {
    let evo = &config.evo;
    // a bound of centuries is none
    let max = Duration::from_secs(evo.max_seconds.min(86_400 * 365));
    Limits { idle: Duration::from_secs(evo.idle_seconds.min(86_400)), until: Instant::now() + max }
}

/// `sftp://user@host:port`: what a run remembers of a server; `None`: this machine.
pub fn servidor(url: &RemoteUrl) -> Option<String> {
    lugar(url).ok().map(|p| format!("{}://{}@{}:{}", url.scheme(), p.user, p.host, p.port))
}

/// Where the server of a url is.
///
/// # Errors
/// The folder, where it is one of this machine.
pub fn lugar(url: &RemoteUrl) -> Result<Place, &Path> {
    match url {
        RemoteUrl::File(path) => Err(path),
        RemoteUrl::Sftp { user, host, port, dir }
        | RemoteUrl::Ftp { user, host, port, dir }
        | RemoteUrl::Ftps { user, host, port, dir } => {
            Ok(Place { host: host.clone(), port: *port, user: user.clone(), dir: dir.clone() })
        }
    }
}

/// The folder behind a url. No connection is made yet.
///
/// # Errors
/// A key or password cannot be read, or others may read it (SE3).
pub fn abre(
    url: &RemoteUrl,
    acesso: &Acesso,
    mode: u32,
    limites: Limits,
    servidores: &Servers,
) -> Result<Remote, ConfigError> {
    let place = match lugar(url) {
        Ok(place) => place,
        Err(path) => return Ok(Remote::dir(path, mode)),
    };
    let server = servidor(url).unwrap_or_default();
    Ok(match url {
        RemoteUrl::Sftp { .. } => {
            let folder = Sftp::new(place, login(acesso)?, acesso.known_hosts.clone(), mode, limites);
            Remote::server(folder, server, servidores)
        }
        _ => {
            let tls = match url {
                RemoteUrl::Ftps { .. } => Tls::Explicit(acesso.ca.clone()),
                _ => Tls::Clear,
            };
            let password = le(acesso.password.as_ref())?.unwrap_or_else(|| "anonymous@".to_owned());
            Remote::server(Ftp::new(place, password, tls, limites), server, servidores)
        }
    })
}

fn login(acesso: &Acesso) -> Result<Login, ConfigError> {
    let password = le(acesso.password.as_ref())?;
    Ok(match (le(acesso.key.as_ref())?, password) {
        (Some(text), password) => {
            Login::Key { text: text + "\n", passphrase: le(acesso.passphrase.as_ref())?.or(password) }
        }
        (None, Some(password)) => Login::Password(password),
        (None, None) => Login::Agent,
    })
}

fn le(secret: Option<&Secret>) -> Result<Option<String>, ConfigError> {
    secret.map(Secret::read).transpose()
}

/// What a remote says, for ops: our own sentences as they are, others' escaped (SE7).
pub fn diz(e: &io::Error) -> String {
    match Fault::of(e) {
        Some(fault) => fault.to_string(),
        None => escape(&em_portugues(e)),
    }
}
