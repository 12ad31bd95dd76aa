//! Real servers on loopback: OpenSSH's `sshd` and `vsftpd`, one process a connection, as inetd would start them.
//!
//! The kernel chooses the port, nothing needs root, and every byte passes through here, so a [`Falha`] can cut, stall
//! or refuse what a real server says.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What goes wrong on the way from the server to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Falha {
    /// Nothing.
    Nenhuma,
    /// Each connection is cut after so many bytes from the server.
    CortaDe(usize),
    /// Each connection is cut after so many bytes to the server.
    CortaPara(usize),
    /// After so many bytes from the server nothing more comes, and nothing is closed.
    Cala(usize),
    /// Connections are closed at once.
    Recusa,
}

struct Estado {
    falha: Mutex<Falha>,
    /// Connections so far.
    conexoes: AtomicUsize,
    /// Bytes from the server so far.
    bytes: AtomicUsize,
    fim: AtomicBool,
    filhos: Mutex<Vec<Child>>,
    tomadas: Mutex<Vec<TcpStream>>,
}

/// A server, until it is dropped.
pub struct Servidor {
    pub port: u16,
    pub dir: PathBuf,
    estado: Arc<Estado>,
    _own: tempfile::TempDir,
}

impl Servidor {
    fn start(own: tempfile::TempDir, make: impl Fn() -> Command + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let estado = Arc::new(Estado {
            falha: Mutex::new(Falha::Nenhuma),
            conexoes: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            fim: AtomicBool::new(false),
            filhos: Mutex::new(Vec::new()),
            tomadas: Mutex::new(Vec::new()),
        });
        let (port, dir) = (listener.local_addr().unwrap().port(), own.path().join("dados"));
        fs::create_dir(&dir).unwrap();
        let shared = Arc::clone(&estado);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if shared.fim.load(Ordering::Relaxed) {
                    return;
                }
                shared.conexoes.fetch_add(1, Ordering::Relaxed);
                shared.atende(client, make());
            }
        });
        Self { port, dir, estado, _own: own }
    }

    /// Breaks the connections that there are.
    pub fn derruba(&self) {
        self.estado.tomadas.lock().unwrap().drain(..).for_each(|s| drop(s.shutdown(Shutdown::Both)));
    }

    pub fn falha(&self, f: Falha) {
        *self.estado.falha.lock().unwrap() = f;
    }

    /// Connections since the last question.
    pub fn conexoes(&self) -> usize {
        self.estado.conexoes.swap(0, Ordering::Relaxed)
    }

    /// Bytes from the server since the last question.
    pub fn bytes(&self) -> usize {
        self.estado.bytes.swap(0, Ordering::Relaxed)
    }

    /// A folder of the server's.
    pub fn pasta(&self, name: &str) -> PathBuf {
        let p = self.dir.join(name);
        fs::create_dir_all(&p).unwrap();
        p
    }

    pub fn raiz(&self) -> &Path {
        self._own.path()
    }
}

impl Drop for Servidor {
    fn drop(&mut self) {
        self.estado.fim.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        self.estado.tomadas.lock().unwrap().iter().for_each(|s| drop(s.shutdown(Shutdown::Both)));
        for c in self.estado.filhos.lock().unwrap().iter_mut() {
            let _ = c.kill();
            let _ = c.wait();
        }
    }
}

impl Estado {
    /// Between the client and a process of its own stands a pair of sockets, so that the server sees a socket.
    fn atende(self: &Arc<Self>, client: TcpStream, mut server: Command) {
        let falha = *self.falha.lock().unwrap();
        if falha == Falha::Recusa {
            return;
        }
        let pair = TcpListener::bind("127.0.0.1:0").unwrap();
        let ours = TcpStream::connect(pair.local_addr().unwrap()).unwrap();
        let theirs = OwnedFd::from(pair.accept().unwrap().0);
        ours.set_nodelay(true).unwrap();
        client.set_nodelay(true).unwrap();
        let child = server.stdin(theirs.try_clone().unwrap()).stdout(theirs).stderr(Stdio::null()).spawn().unwrap();
        self.filhos.lock().unwrap().push(child);
        self.tomadas.lock().unwrap().extend([client.try_clone().unwrap(), ours.try_clone().unwrap()]);
        for (from, to, sent) in [(&ours, &client, false), (&client, &ours, true)] {
            let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
            let me = Arc::clone(self);
            std::thread::spawn(move || {
                let limit = match (falha, sent) {
                    (Falha::CortaDe(n) | Falha::Cala(n), false) | (Falha::CortaPara(n), true) => n,
                    _ => usize::MAX,
                };
                let count = |n: usize| {
                    if !sent {
                        me.bytes.fetch_add(n, Ordering::Relaxed);
                    }
                };
                bombeia(from, to, limit, matches!(falha, Falha::Cala(_)) && !sent, count);
            });
        }
    }
}

/// Hands bytes on, up to a limit; then closes both ends, or falls silent.
fn bombeia(mut from: TcpStream, mut to: TcpStream, mut left: usize, cala: bool, count: impl Fn(usize)) {
    let mut buf = vec![0; 64 * 1024];
    loop {
        let n = match from.read(&mut buf) {
            Ok(0) | Err(_) => break,
            Ok(n) => n.min(left),
        };
        if to.write_all(&buf[..n]).is_err() {
            break;
        }
        left -= n;
        count(n);
        if left == 0 && cala {
            // the server goes on talking to nobody
            while matches!(from.read(&mut buf), Ok(n) if n > 0) {}
            return;
        }
        if left == 0 {
            let _ = from.shutdown(Shutdown::Both);
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

/// Whoever runs the tests.
pub fn eu() -> String {
    let out = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

/// A key pair of one's own; the passphrase may be empty.
pub fn chave(path: &Path, kind: &str, passphrase: &str) {
    let mut c = Command::new("ssh-keygen");
    let bits: &[&str] = if kind == "rsa" { &["-b", "2048"] } else { &[] };
    c.args(["-q", "-t", kind, "-N", passphrase, "-C", "teste", "-f"]).arg(path).args(bits);
    assert!(c.status().expect("ssh-keygen").success());
}

/// An sshd with a host key of its own; `PASTA` in `more` is its folder. The user's key `chave`, the host's line `known_hosts` stand in its folder.
pub fn sshd(more: &str) -> Servidor {
    let own = tempfile::tempdir().unwrap();
    let root = own.path().to_owned();
    chave(&root.join("host"), "ed25519", "");
    chave(&root.join("chave"), "ed25519", "");
    fs::copy(root.join("chave.pub"), root.join("autorizadas")).unwrap();
    let r = root.display();
    let more = more.replace("PASTA", &r.to_string());
    let subsystem = if more.contains("Subsystem") { "" } else { "Subsystem sftp internal-sftp" };
    let config = format!(
        "HostKey {r}/host\nAuthorizedKeysFile {r}/autorizadas\nStrictModes no\nUsePAM no\nPidFile none\n\
         KbdInteractiveAuthentication no\nMaxAuthTries 6\nLogLevel VERBOSE\n{subsystem}\n{more}\n"
    );
    fs::write(root.join("sshd.conf"), config).unwrap();
    // root's sshd wants it; the service, which is not started here, makes it at boot
    let _ = fs::create_dir("/run/sshd");
    let s = Servidor::start(own, {
        let root = root.clone();
        move || {
            let mut c = Command::new("/usr/sbin/sshd");
            c.arg("-i").arg("-f").arg(root.join("sshd.conf")).arg("-E").arg(root.join("sshd.log"));
            let pam = root.join("pam.d");
            if pam.exists() {
                c.env("LD_PRELOAD", "libpam_wrapper.so").env("PAM_WRAPPER", "1").env("PAM_WRAPPER_SERVICE_DIR", pam);
            }
            c
        }
    });
    conhece(&s, "host");
    s
}

/// An sshd that takes [`SENHA`] by `password` or by `keyboard-interactive` alone. PAM is one of its own (Debian's
/// libpam-wrapper), so that the machine's users and their passwords are left alone.
pub fn sshd_com_pam(way: &str) -> Servidor {
    let s = sshd("PermitRootLogin yes\nPubkeyAuthentication no");
    let (root, yes) = (s.raiz(), |on: bool| if on { "yes" } else { "no" });
    let config = fs::read_to_string(root.join("sshd.conf")).unwrap();
    let config = config.replace("UsePAM no", "UsePAM yes").replace(
        "KbdInteractiveAuthentication no",
        &format!(
            "PasswordAuthentication {}\nKbdInteractiveAuthentication {}",
            yes(way == "password"),
            yes(way != "password")
        ),
    );
    fs::write(root.join("sshd.conf"), config).unwrap();
    let asks = root.join("confere");
    fs::write(&asks, format!("#!/bin/sh\n[ \"$(tr -d '\\000')\" = {SENHA} ]\n")).unwrap();
    super::mode(&asks, 0o700);
    let services = root.join("pam.d");
    fs::create_dir(&services).unwrap();
    let fine: String =
        ["auth", "account", "password", "session"].map(|k| format!("{k} required pam_permit.so\n")).concat();
    let service = format!("auth required pam_exec.so expose_authtok quiet {}\n{fine}", asks.display());
    for name in ["sshd", "other"] {
        fs::write(services.join(name), &service).unwrap();
    }
    s
}

/// Writes the server's key as known.
pub fn conhece(s: &Servidor, key: &str) {
    let line = fs::read_to_string(s.raiz().join(format!("{key}.pub"))).unwrap();
    fs::write(s.raiz().join("known_hosts"), format!("[127.0.0.1]:{} {line}", s.port)).unwrap();
}

/// What the sshd wrote of a run.
pub fn diario(s: &Servidor) -> String {
    fs::read_to_string(s.raiz().join("sshd.log")).unwrap_or_default()
}

/// The password of the FTP server.
pub const SENHA: &str = "segredo-do-ftp";

/// A vsftpd, in clear text or with TLS alone; its authority's certificate is `ca.pem` in its folder.
pub fn vsftpd(tls: bool) -> Servidor {
    let own = tempfile::tempdir().unwrap();
    let root = own.path().to_owned();
    let r = root.display();
    fs::write(root.join("senhas"), format!("{SENHA}\n")).unwrap();
    let mut config = format!(
        "listen=NO\nrun_as_launching_user=YES\nanonymous_enable=YES\nanon_root={r}/dados\nno_anon_password=NO\n\
         secure_email_list_enable=YES\nemail_password_file={r}/senhas\nwrite_enable=YES\nanon_upload_enable=YES\n\
         anon_mkdir_write_enable=YES\nanon_other_write_enable=YES\nanon_world_readable_only=NO\nanon_umask=022\n\
         allow_writeable_chroot=YES\nseccomp_sandbox=NO\nisolate=NO\nisolate_network=NO\nxferlog_enable=NO\n"
    );
    if tls {
        certifica(&root);
        config += &format!(
            "ssl_enable=YES\nallow_anon_ssl=YES\nforce_anon_data_ssl=YES\nforce_anon_logins_ssl=YES\n\
             require_ssl_reuse=YES\nrsa_cert_file={r}/cert.pem\nrsa_private_key_file={r}/cert.key\n"
        );
    }
    fs::write(root.join("vsftpd.conf"), config).unwrap();
    Servidor::start(own, move || {
        let mut c = Command::new("/usr/sbin/vsftpd");
        c.arg(root.join("vsftpd.conf"));
        c
    })
}

/// An authority, and a certificate of it for 127.0.0.1.
pub fn certifica(root: &Path) {
    let run = |args: &[&str]| {
        let out = Command::new("openssl").args(args).current_dir(root).output().expect("openssl");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    };
    let new = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let ca = ["-x509", "-keyout", "ca.key", "-out", "ca.pem", "-days", "30", "-subj", "/CN=Autoridade de teste"];
    run(&[&new[..], &ca].concat());
    run(&[&new[..], &["-keyout", "cert.key", "-out", "cert.csr", "-subj", "/CN=teste"]].concat());
    fs::write(root.join("ext"), "subjectAltName=IP:127.0.0.1").unwrap();
    let sign = ["x509", "-req", "-in", "cert.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
    run(&[&sign[..], &["-out", "cert.pem", "-days", "30", "-extfile", "ext"]].concat());
}

/// Waits for what a thread of another process is about to do.
pub fn espera(what: impl Fn() -> bool) {
    for _ in 0..200 {
        if what() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("it did not come about");
}
