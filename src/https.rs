//! A client of one configured HTTP server: OMNE, and whoever is told that the tick lives.
//!
//! No redirect is followed, no proxy is taken from the environment (SE8): nobody is contacted whom the configuration does
//! not name. Each call is bounded in time. Certificates are checked against the configured authority or the machine's own.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use ureq::config::ConfigBuilder;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::typestate::AgentScope;
use ureq::{Agent, Error};

/// What every client has in common; `ca` is the key of the configuration and what it names.
///
/// # Errors
/// The authority cannot be read.
pub fn config(url: &str, ca: (&str, Option<&Path>), timeout: Duration) -> anyhow::Result<ConfigBuilder<AgentScope>> {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .timeout_global(Some(timeout))
        .user_agent(concat!("atom/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls(url, ca)?);
    Ok(config)
}

fn tls(url: &str, (key, ca): (&str, Option<&Path>)) -> anyhow::Result<TlsConfig> {
    let roots: Vec<Certificate<'static>> = match ca {
        Some(path) => {
            let named = |e: &dyn std::fmt::Display| anyhow::anyhow!("{key} {}: {e}", path.display());
            let pem = std::fs::read(path).map_err(|e| named(&e))?;
            let items = ureq::tls::parse_pem(&pem).collect::<Result<Vec<_>, _>>().map_err(|e| named(&e))?;
            let certs = items.into_iter().filter_map(|i| match i {
                ureq::tls::PemItem::Certificate(c) => Some(c),
                _ => None,
            });
            certs.collect()
        }
        // reading the machine's takes milliseconds: only where they are needed
        None if url.starts_with("https://") => {
            let found = rustls_native_certs::load_native_certs().certs;
            found.iter().map(|c| Certificate::from_der(c).to_owned()).collect()
        }
        None => Vec::new(),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = TlsConfig::builder().root_certs(RootCerts::Specific(Arc::new(roots)));
    Ok(config.unversioned_rustls_crypto_provider(provider).build())
}

/// The TLS error within, if it is one.
#[must_use]
pub fn de_tls(e: &Error) -> Option<&rustls::Error> {
    match e {
        Error::Rustls(e) => Some(e),
        Error::Io(e) => e.get_ref()?.downcast_ref(),
        _ => None,
    }
}

/// For people; no part of the request.
#[must_use]
pub fn diz(e: &Error) -> String {
    if let Some(tls) = de_tls(e) {
        return format!("TLS: {tls}");
    }
    match e {
        Error::Timeout(_) => "não respondeu a tempo".into(),
        Error::HostNotFound => "o nome do servidor não foi encontrado (DNS)".into(),
        Error::ConnectionFailed => "a conexão não se abriu".into(),
        Error::Io(e) => match e.kind() {
            io::ErrorKind::ConnectionRefused => "conexão recusada: ninguém atende nesse endereço e porta".into(),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
                "a conexão caiu".into()
            }
            kind => kind.to_string(),
        },
        Error::Http(_) | Error::Protocol(_) => "a resposta não é HTTP".into(),
        other => other.to_string(),
    }
}
