//! Folders on other machines, over a real sshd and a real vsftpd: one suite for `file://`, `sftp://`, `ftp://` and
//! `ftps://`, and what each promises of its own.

mod acesso;
mod coleta;
mod conformidade;
mod doutor;
mod falso;
mod mentiras;
mod publica;
mod quedas;

use crate::support::servidor::{SENHA, Servidor, eu, sshd, vsftpd};
use atom::transport::ftp::{Ftp, Tls};
use atom::transport::sftp::{Login, Sftp};
use atom::transport::{Limits, Place, Remote, Servers};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::support::*;
use std::process::{Child, Command, Stdio};

/// Lines of `[evo]` for a server's folders `evo` and `erros`.
pub fn evo(s: &Servidor, scheme: &str, more: &str) -> String {
    let (evo, erros, auth) = (s.pasta("evo"), s.pasta("erros"), auth(s, scheme));
    let at = base(s, scheme);
    format!("url = \"{at}{}\"\nerrors = \"{at}{}\"\nsettle_seconds = 0\n{auth}\n{more}", evo.display(), erros.display())
}

/// Lines of `[manager]` for a server's folders `entrada` and, if asked, `saida`.
pub fn manager(s: &Servidor, scheme: &str, retornos: bool) -> String {
    let at = base(s, scheme);
    let back = if retornos { format!("retornos = \"{at}{}\"\n", s.pasta("saida").display()) } else { String::new() };
    format!("url = \"{at}{}\"\n{back}{}", s.pasta("entrada").display(), auth(s, scheme))
}

fn base(s: &Servidor, scheme: &str) -> String {
    let user = if scheme == "sftp" { eu() } else { "ftp".to_owned() };
    format!("{scheme}://{user}@127.0.0.1:{}", s.port)
}

fn auth(s: &Servidor, scheme: &str) -> String {
    let root = s.raiz().display();
    match scheme {
        "sftp" => format!("key = \"file:{root}/chave\"\nknown_hosts = \"{root}/known_hosts\"\n"),
        "ftps" => format!("password = \"env:FTP_SENHA\"\nca = \"{root}/ca.pem\"\n"),
        _ => "password = \"env:FTP_SENHA\"\nallow_cleartext = true\n".to_owned(),
    }
}

/// Lines of a section for a folder of the bed's own.
pub fn aqui(b: &Bed, folder: &str) -> String {
    format!("url = \"file://{}/{folder}\"\n", b.root.display())
}

/// Writes the configuration of a bed that is bare.
pub fn configura(b: &Bed, evo: &str, manager: &str, more: &str) {
    let text = format!(
        "[campanha]\nid = 1\nnome = \"Banco Exemplo\"\nascob = \"{ASCOB}\"\n[evo]\n{evo}\n[manager]\n{manager}\n{more}\n"
    );
    let path = b.root.join("atom.toml");
    fs::write(&path, text).unwrap();
    mode(&path, 0o600);
}

/// A bed with a store whose Evo is on a server, and whose Manager is a folder of its own.
pub fn cama(s: &Servidor, scheme: &str, more_evo: &str) -> Bed {
    let b = Bed::bare("");
    configura(&b, &evo(s, scheme, more_evo), &aqui(&b, "manager"), "[dia]\nobrigatorios = []");
    roda(&b, &["init"]).exits(0);
    b
}

pub fn comando(b: &Bed, args: &[&str]) -> Command {
    let mut c = b.cmd(args);
    c.env("FTP_SENHA", SENHA).env_remove("SSH_AUTH_SOCK");
    c
}

pub fn roda(b: &Bed, args: &[&str]) -> Out {
    comando(b, args).output().unwrap().into()
}

/// Runs a command that must end by itself: one that hangs is ended, and fails the test.
pub fn acaba(b: &Bed, args: &[&str]) -> Out {
    let mut child = solta(b, args);
    for _ in 0..600 {
        if child.try_wait().unwrap().is_some() {
            return child.wait_with_output().unwrap().into();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    child.kill().unwrap();
    panic!("{args:?} hangs");
}

pub fn solta(b: &Bed, args: &[&str]) -> Child {
    comando(b, args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// A remessa of so many contracts, 4.3 KB each.
pub fn remessa(b: &Bed, contratos: u64) -> Vec<u8> {
    (1..=contratos).flat_map(|n| b.remessa(&(1000 + n).to_string(), &cpf(n), &[])).collect()
}

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
