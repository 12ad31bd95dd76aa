//! TLS under FTP: whose certificate is taken, and how an upload ends.

use super::super::{Fault, Place};
use super::{Transfer, io_of, words};
use rustls::client::Resumption;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use suppaftp::{DataStream, FtpError, TlsStream as _};

/// Whether and how the connection is secured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Not at all.
    Clear,
    /// Explicit TLS; the certificate is checked against this file, or the machine's own authorities.
    Explicit(Option<PathBuf>),
}

/// How long the end of an upload is waited for; the server's 226 tells all the same.
const GOODBYE: Duration = Duration::from_secs(2);

/// Says goodbye on an upload under TLS and reads what the server says to it. An upload reads nothing before: here come
/// the TLS 1.3 tickets, of which the next transfer needs one.
pub(super) fn goodbye(to: &mut Transfer) -> io::Result<()> {
    if let DataStream::Ssl(tls) = to.get_mut() {
        let stream = tls.mut_ref();
        // of an empty file nothing was written: not even the handshake is done
        stream.flush()?;
        stream.conn.send_close_notify();
        stream.flush()?;
        stream.sock.set_read_timeout(Some(GOODBYE))?;
        // its end, in whatever form, is what is waited for
        while matches!(stream.read(&mut [0; 64]), Ok(n) if n > 0) {}
    }
    Ok(())
}

pub(super) fn client_config(ca: Option<&PathBuf>) -> io::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    match ca {
        Some(path) => {
            let named = |e: &dyn std::fmt::Display| Fault::Refused(format!("{}: {e}", path.display())).io();
            for cert in CertificateDer::pem_file_iter(path).map_err(|e| named(&e))? {
                roots.add(cert.map_err(|e| named(&e))?).map_err(|e| named(&e))?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    // each transfer resumes the session of the one before: servers want it (vsftpd's require_ssl_reuse)
    config.resumption = Resumption::in_memory_sessions(8);
    Ok(config)
}

/// Why TLS did not come about.
pub(super) fn secured(place: &Place, e: FtpError) -> io::Error {
    match e {
        FtpError::UnexpectedResponse(r) => Fault::Refused(format!(
            "{} não oferece TLS ({}); com ftp:// e allow_cleartext = true a senha e os arquivos iriam em claro",
            place.host,
            words(&r.body)
        ))
        .io(),
        FtpError::ConnectionError(e) if e.get_ref().is_some_and(|x| x.is::<rustls::Error>()) => Fault::Refused(
            format!("o certificado de {} não confere ({e}); para uma autoridade própria, indique-a em ca", place.host),
        )
        .io(),
        FtpError::SecureError(why) => Fault::Refused(format!("TLS com {}: {why}", place.host)).io(),
        other => io_of(other, None),
    }
}
