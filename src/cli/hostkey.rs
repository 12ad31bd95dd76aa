//! `atom hostkey show|add`: the one deliberate way of a server's key into `known_hosts` (IN9).

use super::app::App;
use super::exit::{self, Temporary, Usage, graver};
use crate::config::RemoteUrl;
use crate::pipeline::pastas;
use crate::transport::hostkey::{self, HostKey, Known};
use crate::transport::{Fault, Place, sftp};
use anyhow::Context as _;
use serde_json::json;
use std::io;
use std::path::Path;

/// The keys of the SFTP servers: what they show now, and what known_hosts says of it
#[derive(Debug, clap::Args)]
pub struct Cmd {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Each server of the configuration (or one): its keys now, known or not. No credential is sent
    Show {
        /// host or host:port, as in the configuration
        #[arg(value_name = "HOST[:PORT]")]
        host: Option<String>,
    },
    /// Take a key into known_hosts, in the place of the one known before, if it has this fingerprint
    Add {
        /// host or host:port, as in the configuration
        #[arg(value_name = "HOST[:PORT]")]
        host: String,
        /// SHA256:…, as whoever runs the server told you
        #[arg(long, value_name = "SHA256:…")]
        fingerprint: String,
    },
}

/// A server of the configuration.
struct Servidor<'a> {
    place: Place,
    known_hosts: &'a Path,
}

impl Servidor<'_> {
    fn nome(&self) -> String {
        format!("{}:{}", self.place.host, self.place.port)
    }
}

/// Runs it. `show` exits 2 where a key is not known, 5 where a server cannot be reached.
///
/// # Errors
/// The server is not of the configuration or cannot be reached; its key is another one; known_hosts cannot be written.
pub fn run(cmd: &Cmd, app: &App) -> anyhow::Result<i64> {
    match &cmd.what {
        What::Show { host } => {
            let mut code = exit::OK;
            for s in servidores(app, host.as_deref())? {
                code = graver(code, mostra(app, &s)?);
            }
            Ok(code)
        }
        What::Add { host, fingerprint } => acrescenta(app, host, fingerprint),
    }
}

/// The SFTP servers of the configuration, each once for every file that knows its keys.
fn servidores<'a>(app: &'a App, host: Option<&str>) -> anyhow::Result<Vec<Servidor<'a>>> {
    let wanted = match host {
        None => None,
        Some(h) => match RemoteUrl::parse(&format!("sftp://x@{h}/")) {
            Ok(url) => pastas::lugar(&url).ok().map(|p| (p.host, p.port)),
            Err(why) => return Err(Usage(why).into()),
        },
    };
    let mut out: Vec<Servidor<'_>> = Vec::new();
    for (dono, _, url) in pastas::todas(&app.config) {
        let (RemoteUrl::Sftp { .. }, Ok(place)) = (url, pastas::lugar(url)) else { continue };
        let known_hosts = dono.acesso(&app.config).known_hosts.as_path();
        let is = |s: &Servidor<'_>| {
            s.known_hosts == known_hosts && (&s.place.host, s.place.port) == (&place.host, place.port)
        };
        let asked = wanted.as_ref().is_none_or(|w| (&w.0, w.1) == (&place.host, place.port));
        if asked && !out.iter().any(is) {
            out.push(Servidor { place, known_hosts });
        }
    }
    match host {
        Some(h) if out.is_empty() => Err(Usage(format!("{h} não é um servidor sftp:// da configuração")).into()),
        _ => Ok(out),
    }
}

/// The keys that a server shows.
fn chaves(app: &App, s: &Servidor<'_>) -> anyhow::Result<Vec<HostKey>> {
    let limits = pastas::limites(&app.config);
    sftp::host_keys(&s.place, limits).map_err(|e| {
        let why = format!("{}: {}", s.nome(), pastas::diz(&e));
        if Fault::refused(&e) { Usage(why).into() } else { Temporary(why).into() }
    })
}

fn mostra(app: &App, s: &Servidor<'_>) -> anyhow::Result<i64> {
    let keys = match chaves(app, s) {
        Ok(keys) => keys,
        // one that cannot be asked hides none of the others
        Err(e) => {
            app.say(&format!("erro: {e:#}"));
            return Ok(exit::of(&e).0);
        }
    };
    let mut all = Vec::new();
    for key in &keys {
        all.push(hostkey::known(s.known_hosts, &s.place.host, s.place.port, key).context("known_hosts")?);
    }
    let code = if all.contains(&Known::Yes) { exit::OK } else { exit::USAGE };
    if !app.global.json {
        app.out(&format!("{} ({})", s.nome(), s.known_hosts.display()));
    }
    for (key, known) in keys.iter().zip(&all) {
        let (word, text) = match known {
            Known::Yes => ("yes", "conhecida".to_owned()),
            Known::No => ("no", "não é conhecida".to_owned()),
            // the server showed the one that we know: this one is only not needed
            Known::Changed { kind, .. } if code == exit::OK && *kind != key.kind => {
                ("no", format!("não é conhecida (não precisa: a {kind} é)"))
            }
            Known::Changed { line, fingerprint, .. } => {
                ("changed", format!("mudou: a conhecida é {fingerprint} (linha {line})"))
            }
            Known::Revoked(line) => ("revoked", format!("REVOGADA (linha {line})")),
        };
        if app.global.json {
            let line = json!({
                "host": s.place.host, "port": s.place.port, "type": key.kind, "fingerprint": key.fingerprint(),
                "known": word, "file": s.known_hosts,
            });
            app.out(&line.to_string());
        } else {
            app.out(&format!("  {:<20} {}  {text}", key.kind, key.fingerprint()));
        }
    }
    if code != exit::OK {
        let first = keys.first().map(HostKey::fingerprint).unwrap_or_default();
        app.say(&format!(
            "Confirme a impressão digital com quem opera o servidor; só então:\n   atom hostkey add {} --fingerprint {first}",
            s.nome()
        ));
    }
    Ok(code)
}

fn acrescenta(app: &App, host: &str, fingerprint: &str) -> anyhow::Result<i64> {
    let servers = servidores(app, Some(host))?;
    for s in &servers {
        let keys = chaves(app, s)?;
        let Some(key) = keys.iter().find(|k| k.fingerprint() == fingerprint) else {
            let shown: Vec<String> = keys.iter().map(|k| format!("{} ({})", k.fingerprint(), k.kind)).collect();
            let why = format!("{} mostra agora {}, não {fingerprint}; nada mudou", s.nome(), shown.join(", "));
            return Err(Usage(why).into());
        };
        if let Known::Revoked(line) = hostkey::known(s.known_hosts, &s.place.host, s.place.port, key)? {
            let file = s.known_hosts.display();
            let why = format!("a chave {fingerprint} de {} está revogada ({file}, linha {line}); nada mudou", s.nome());
            return Err(Usage(why).into());
        }
        let old = hostkey::add(s.known_hosts, &s.place.host, s.place.port, key)
            .with_context(|| format!("{} não pôde ser gravado", s.known_hosts.display()))?;
        let instead = if old > 0 { ", no lugar da anterior" } else { "" };
        app.out(&format!("{}: {} gravada em {}{instead}", s.nome(), key.fingerprint(), s.known_hosts.display()));
    }
    Ok(exit::OK)
}

/// What a server that refused says is a person's to mend.
pub fn codigo(e: &io::Error) -> i64 {
    if Fault::refused(e) { exit::USAGE } else { exit::TEMPORARY }
}
