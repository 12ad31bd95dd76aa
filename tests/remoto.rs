//! Folders on other machines, over a real sshd and a real vsftpd: one suite for `file://`, `sftp://`, `ftp://` and
//! `ftps://`, and what each promises of its own.

mod conformidade;

use crate::support::servidor::{SENHA, Servidor, eu, sshd, vsftpd};
use atom::transport::ftp::{Ftp, Tls};
use atom::transport::sftp::{Login, Sftp};
use atom::transport::{Limits, Place, Remote, Servers};
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Long enough for any test here, short enough for one that hangs.
pub fn limites() -> Limits {
    Limits { idle: Duration::from_secs(20), until: Instant::now() + Duration::from_secs(60) }
}

pub fn lugar(s: &Servidor, user: &str) -> Place {
    Place { host: "127.0.0.1".into(), port: s.port, user: user.into(), dir: s.pasta("evo").display().to_string() }
}

pub fn sftp(s: &Servidor, limits: Limits) -> Sftp {
    let text = fs::read_to_string(s.raiz().join("chave")).unwrap();
    let login = Login::Key { text, passphrase: None };
    Sftp::new(lugar(s, &eu()), login, s.raiz().join("known_hosts"), 0o644, limits)
}

pub fn ftp(s: &Servidor, tls: bool, limits: Limits) -> Ftp {
    let tls = if tls { Tls::Explicit(Some(s.raiz().join("ca.pem"))) } else { Tls::Clear };
    Ftp::new(lugar(s, "ftp"), SENHA.into(), tls, limits)
}

/// A folder behind each protocol, and where its files lie.
pub struct Pasta {
    pub nome: &'static str,
    pub remote: Remote,
    pub dir: PathBuf,
    _servidor: Option<Servidor>,
    _own: Option<tempfile::TempDir>,
}

pub fn pastas() -> Vec<Pasta> {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("evo");
    fs::create_dir(&dir).unwrap();
    let mut all = vec![Pasta { nome: "file", remote: Remote::dir(&dir, 0o644), dir, _servidor: None, _own: Some(own) }];
    for nome in ["sftp", "ftp", "ftps"] {
        let s = if nome == "sftp" { sshd("") } else { vsftpd(nome == "ftps") };
        let servers = Servers::default();
        let remote = match nome {
            "sftp" => Remote::server(sftp(&s, limites()), nome.into(), &servers),
            _ => Remote::server(ftp(&s, nome == "ftps", limites()), nome.into(), &servers),
        };
        all.push(Pasta { nome, remote, dir: s.pasta("evo"), _servidor: Some(s), _own: None });
    }
    all
}
