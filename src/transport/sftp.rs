//! A folder over SFTP: the one file that names libssh2's sessions (`hostkey` asks it about keys).
//!
//! No connection sends a credential before the server's key is known. The algorithms that we take are named here: none
//! with SHA-1. A key is tried alone, without falling back to the password.

use super::fault::Fault;
use super::hostkey::{self, HostKey};
use super::watch::{Call, Watch};
use super::{
    Entry, Folder, Limits, MAX_NAMES, Place, Source, copy, first_free, net, other_size, part, probe_name,
    too_many_names,
};
use ssh2::{
    ErrorCode, File, FileStat, KeyboardInteractivePrompt, MethodType, OpenFlags, OpenType, RenameFlags, Session,
};
use std::ffi::OsString;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Who we are.
pub enum Login {
    /// A private key in OpenSSH's or PEM's form.
    Key {
        /// Its text.
        text: String,
        /// What opens it, if it is locked.
        passphrase: Option<String>,
    },
    /// A password.
    Password(String),
    /// A key of `ssh-agent`.
    Agent,
}

/// A folder on a server.
pub struct Sftp {
    place: Place,
    login: Login,
    known_hosts: PathBuf,
    mode: u32,
    watch: Watch,
    line: Option<Conn>,
}

struct Conn {
    session: Session,
    sftp: ssh2::Sftp,
}

/// Ours first; a server that has none of them is too old.
const HOST_KEYS: &str =
    "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256";
const KEX: &str = "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,\
                   diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,\
                   diffie-hellman-group14-sha256";
const CIPHERS: &str =
    "aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr";
const MACS: &str = "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256,hmac-sha2-512";

// libssh2's numbers, of which ssh2 hands on no names
const KEX_FAILURE: i32 = -5;
const KEY_EXCHANGE_FAILURE: i32 = -8;
const SOCKET_SEND: i32 = -7;
const TIMEOUT: i32 = -9;
const SOCKET_DISCONNECT: i32 = -13;
const SOCKET_RECV: i32 = -43;
const FILE: i32 = -16;
const AUTHENTICATION_FAILED: i32 = -18;
const PUBLICKEY_UNVERIFIED: i32 = -19;
const SFTP_PROTOCOL: i32 = -31;
const METHOD_NOT_SUPPORTED: i32 = -33;
const KEYFILE_AUTH_FAILED: i32 = -48;

impl Sftp {
    /// The folder of `place`; files put there get `mode`.
    pub fn new(place: Place, login: Login, known_hosts: PathBuf, mode: u32, limits: Limits) -> Self {
        Self { place, login, known_hosts, mode, watch: Watch::new(limits), line: None }
    }

    fn at(&self, name: &str) -> PathBuf {
        Path::new(&self.place.dir).join(name)
    }

    /// One call: connects where there is no connection, keeps the watch awake.
    fn call<T>(&mut self, f: impl FnOnce(&Self, &Conn) -> io::Result<T>) -> io::Result<T> {
        let _call = self.watch.call()?;
        let done = self.conn().and_then(|()| match &self.line {
            Some(conn) => f(self, conn),
            None => Err(io::ErrorKind::NotConnected.into()),
        });
        done.map_err(|e| self.watch.explain(e))
    }

    fn conn(&mut self) -> io::Result<()> {
        if self.line.is_none() {
            let kinds = preferred(hostkey::kinds(&self.known_hosts, &self.place.host, self.place.port)?);
            let session = handshake(&self.place, &kinds, &self.watch)?;
            let key = HostKey::of(&session).ok_or_else(|| broken("o servidor não mostrou a sua chave"))?;
            hostkey::verify(&self.known_hosts, &self.place.host, self.place.port, &key)?;
            authenticate(&session, &self.place, &self.login)?;
            self.watch.byte();
            let sftp = session.sftp().map_err(|e| match e.code() {
                ErrorCode::Session(n) if gone(n) => io_of(&e),
                _ => Fault::Refused(format!("o servidor não oferece SFTP a este usuário ({})", e.message())).io(),
            })?;
            self.line = Some(Conn { session, sftp });
        }
        Ok(())
    }

    /// Opens a file and looks at it after opening: only a regular one is read.
    fn open(conn: &Conn, path: &Path) -> io::Result<File> {
        let linked = conn.sftp.lstat(path).map_err(|e| io_of(&e))?;
        let mut f = conn.sftp.open(path).map_err(|e| io_of(&e))?;
        let opened = f.stat().map_err(|e| io_of(&e))?;
        if regular(&linked) && regular(&opened) { Ok(f) } else { Err(io::Error::other("não é um arquivo comum")) }
    }

    fn write(&self, conn: &Conn, path: &Path, from: &mut dyn Source, size: u64) -> io::Result<()> {
        let flags = OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::TRUNCATE;
        let mode = i32::try_from(self.mode).unwrap_or(0o644);
        let mut f = conn.sftp.open_mode(path, flags, mode, OpenType::File).map_err(|e| io_of(&e))?;
        copy(from, &mut f, &self.watch).map_err(|e| self.of_stream(conn, e))?;
        match f.fsync() {
            // an extension of OpenSSH's: a server that does not know it syncs as it pleases
            Err(e) if matches!(e.code(), ErrorCode::Session(n) if gone(n)) => return Err(io_of(&e)),
            _ => {}
        }
        f.close().map_err(|e| io_of(&e))?;
        let there = conn.sftp.lstat(path).map_err(|e| io_of(&e))?;
        if there.size == Some(size) { Ok(()) } else { Err(other_size()) }
    }

    /// The readers and writers of ssh2 tell no code; the session does.
    fn of_stream(&self, conn: &Conn, e: io::Error) -> io::Error {
        self.watch.explain(stream_error(&conn.session, e))
    }

    /// Renames; no server of SFTP's version 3 does so over an existing name, and one that might is asked before.
    fn rename_new(conn: &Conn, from: &Path, to: &Path) -> io::Result<()> {
        let stands = || conn.sftp.lstat(to).is_ok();
        if stands() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        conn.sftp.rename(from, to, Some(RenameFlags::empty())).map_err(|e| match e.code() {
            ErrorCode::SFTP(_) if stands() => io::ErrorKind::AlreadyExists.into(),
            _ => io_of(&e),
        })
    }
}

impl Drop for Sftp {
    fn drop(&mut self) {
        // a goodbye that is not answered is bounded like any call
        if let Ok(_call) = self.watch.call() {
            self.line = None;
        }
        self.reset();
    }
}

impl Folder for Sftp {
    fn list(&mut self) -> io::Result<Vec<Entry>> {
        self.call(|me, conn| {
            let mut dir = conn.sftp.opendir(Path::new(&me.place.dir)).map_err(|e| io_of(&e))?;
            let mut out = Vec::new();
            loop {
                match dir.readdir() {
                    Ok((name, stat)) => {
                        me.watch.byte();
                        let name = name.into_os_string();
                        if name == "." || name == ".." {
                            continue;
                        }
                        if out.len() >= MAX_NAMES {
                            return Err(too_many_names());
                        }
                        out.push(entry(name, &stat));
                    }
                    Err(e) if e.code() == ErrorCode::Session(FILE) => return Ok(out),
                    Err(e) => return Err(io_of(&e)),
                }
            }
        })
    }

    fn stat(&mut self, name: &str) -> io::Result<Entry> {
        let path = self.at(name);
        self.call(|_, conn| Ok(entry(name.into(), &conn.sftp.lstat(&path).map_err(|e| io_of(&e))?)))
    }

    fn get(&mut self, name: &str, from: u64) -> io::Result<Box<dyn Read + '_>> {
        let path = self.at(name);
        let file = self.call(|_, conn| {
            let mut f = Self::open(conn, &path)?;
            io::Seek::seek(&mut f, io::SeekFrom::Start(from))?;
            Ok(f)
        })?;
        let call = self.watch.call()?;
        let session = self.line.as_ref().map(|l| l.session.clone());
        Ok(Box::new(Reader { file, session, watch: &self.watch, _call: call }))
    }

    fn put(&mut self, name: &str, from: &mut dyn Source, size: u64) -> io::Result<()> {
        let (part, target) = (self.at(&part(name)), self.at(name));
        self.call(|me, conn| {
            if conn.sftp.lstat(&target).is_ok() {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            me.write(conn, &part, from, size)?;
            Self::rename_new(conn, &part, &target)
        })
    }

    fn shelve(&mut self, name: &str, folder: &str) -> io::Result<()> {
        let (from, to) = (self.at(name), self.at(folder));
        self.call(|_, conn| {
            if conn.sftp.stat(&to).is_err() {
                conn.sftp.mkdir(&to, 0o755).map_err(|e| io_of(&e))?;
            }
            first_free(name, |target| Self::rename_new(conn, &from, &to.join(target)))
        })
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        let path = self.at(name);
        self.call(|_, conn| match conn.sftp.unlink(&path).map_err(|e| io_of(&e)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        })
    }

    fn present(&mut self) -> io::Result<()> {
        self.call(|me, conn| {
            let there = conn.sftp.stat(Path::new(&me.place.dir)).map_err(|e| io_of(&e))?;
            if there.is_dir() { Ok(()) } else { Err(io::ErrorKind::NotADirectory.into()) }
        })
    }

    fn probe(&mut self) -> io::Result<()> {
        let path = self.at(&probe_name());
        self.call(|me, conn| {
            me.write(conn, &path, &mut io::empty(), 0)?;
            conn.sftp.unlink(&path).map_err(|e| io_of(&e))
        })
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn reset(&mut self) {
        self.watch.hang_up();
        self.line = None;
    }
}

/// A file being read. The call lasts as long as it.
struct Reader<'a> {
    file: File,
    session: Option<Session>,
    watch: &'a Watch,
    _call: Call,
}

impl Read for Reader<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.file.read(buf) {
            Ok(n) => {
                self.watch.byte();
                Ok(n)
            }
            Err(e) => Err(self.watch.explain(match &self.session {
                Some(s) => stream_error(s, e),
                None => e,
            })),
        }
    }
}

/// Connects and agrees on keys; no credential is sent.
fn handshake(place: &Place, kinds: &str, watch: &Watch) -> io::Result<Session> {
    let tcp = net::connect(place, &watch.handle())?;
    let mut s = Session::new()?;
    // the watch is what bounds a call; this is for a connection that nobody watches any more
    let idle = watch.limits().idle + Duration::from_secs(1);
    s.set_timeout(u32::try_from(idle.as_millis()).unwrap_or(u32::MAX));
    s.method_pref(MethodType::HostKey, kinds)?;
    s.method_pref(MethodType::Kex, KEX)?;
    for way in [MethodType::CryptCs, MethodType::CryptSc] {
        s.method_pref(way, CIPHERS)?;
    }
    for way in [MethodType::MacCs, MethodType::MacSc] {
        s.method_pref(way, MACS)?;
    }
    s.set_tcp_stream(tcp);
    s.handshake().map_err(|e| match e.code() {
        ErrorCode::Session(KEX_FAILURE | KEY_EXCHANGE_FAILURE | METHOD_NOT_SUPPORTED) => Fault::Refused(format!(
            "o servidor {}:{} só oferece algoritmos antigos (SHA-1), que o atom não aceita; \
             peça a quem o opera uma chave ed25519 ou rsa-sha2 ({})",
            place.host,
            place.port,
            e.message()
        ))
        .io(),
        _ => watch.explain(broken(&format!("o servidor não completou o início da conexão SSH ({})", e.message()))),
    })?;
    watch.byte();
    Ok(s)
}

/// The keys of a server as it shows them now, whether we know them or not: one of each type. No credential is sent.
///
/// # Errors
/// It cannot be reached, or has no key of a type that we take.
pub fn host_keys(place: &Place, limits: Limits) -> io::Result<Vec<HostKey>> {
    let mut out = Vec::new();
    let mut refused = None;
    for kinds in KEY_TYPES {
        let watch = Watch::new(limits);
        let _call = watch.call()?;
        match handshake(place, kinds, &watch) {
            Ok(session) => out.extend(HostKey::of(&session)),
            Err(e) if Fault::refused(&e) => refused = Some(e),
            Err(e) => return Err(e),
        }
        watch.hang_up();
    }
    match refused {
        Some(e) if out.is_empty() => Err(e),
        _ => Ok(out),
    }
}

/// The types of host keys, one connection each.
const KEY_TYPES: [&str; 3] =
    ["ssh-ed25519", "ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521", "rsa-sha2-512,rsa-sha2-256"];

/// The types that we know of the server first, so that it shows the key that we can compare.
fn preferred(known: Vec<String>) -> String {
    let mut all: Vec<&str> = Vec::new();
    for kind in &known {
        match kind.as_str() {
            "ssh-rsa" => all.extend(["rsa-sha2-512", "rsa-sha2-256"]),
            kind if HOST_KEYS.split(',').any(|k| k == kind) => all.push(kind),
            _ => {}
        }
    }
    all.extend(HOST_KEYS.split(','));
    let mut seen = std::collections::HashSet::new();
    all.retain(|k| seen.insert(*k));
    all.join(",")
}

/// Sends the credential, once.
fn authenticate(s: &Session, place: &Place, login: &Login) -> io::Result<()> {
    let user = &place.user;
    let done = match login {
        Login::Key { text, passphrase } => s.userauth_pubkey_memory(user, None, text, passphrase.as_deref()),
        Login::Password(word) => password(s, user, word),
        Login::Agent => s.userauth_agent(user),
    };
    let Err(e) = done else { return Ok(()) };
    let ErrorCode::Session(n) = e.code() else { return Err(io_of(&e)) };
    let server = &place.host;
    let socket = matches!(n, SOCKET_SEND | TIMEOUT | SOCKET_DISCONNECT | SOCKET_RECV);
    let lost = socket || e.message().starts_with("Waiting for");
    Err(match login {
        // it may have been tried: it is not tried again in this run
        Login::Password(_) if lost => {
            Fault::Over(format!("a conexão com {server} caiu enquanto a senha era conferida ({})", e.message()))
        }
        _ if lost => return Err(broken(&format!("a conexão caiu ({})", e.message()))),
        Login::Key { passphrase, .. } if matches!(n, FILE | KEYFILE_AUTH_FAILED) => Fault::Refused(match passphrase {
            None => "a chave privada não se abre: se ela tem frase secreta, indique-a em passphrase; se não, o \
                         arquivo não é uma chave privada OpenSSH ou PEM"
                .to_owned(),
            Some(_) => "a frase secreta (passphrase) da chave privada está errada, ou o arquivo não é uma chave \
                            privada OpenSSH ou PEM"
                .to_owned(),
        }),
        Login::Key { .. } => Fault::Refused(format!(
            "{server} não aceitou a chave do usuário {user}: peça a quem opera o servidor que a autorize"
        )),
        Login::Password(_) => Fault::Refused(format!(
            "{server} recusou a senha do usuário {user}; não tento de novo nesta execução, para não bloquear a conta"
        )),
        Login::Agent => Fault::Refused(format!(
            "não há key nem password na configuração, e o ssh-agent não tem uma chave que {server} aceite de {user}"
        )),
    }
    .io())
}

/// A password, by the way that the server knows; many know only the questions of keyboard-interactive.
fn password(s: &Session, user: &str, word: &str) -> Result<(), ssh2::Error> {
    let ways = s.auth_methods(user)?.to_owned();
    let knows = |way: &str| ways.split(',').any(|w| w == way);
    if !knows("password") && knows("keyboard-interactive") {
        return s.userauth_keyboard_interactive(user, &mut Answer(word));
    }
    s.userauth_password(user, word)
}

/// Answers what is asked without an echo.
struct Answer<'a>(&'a str);

impl KeyboardInteractivePrompt for Answer<'_> {
    fn prompt(&mut self, _: &str, _: &str, prompts: &[ssh2::Prompt<'_>]) -> Vec<String> {
        prompts.iter().map(|p| if p.echo { String::new() } else { self.0.to_owned() }).collect()
    }
}

/// Errors after which there is no connection.
fn gone(n: i32) -> bool {
    !matches!(
        n,
        KEX_FAILURE
            | KEY_EXCHANGE_FAILURE
            | FILE
            | AUTHENTICATION_FAILED
            | PUBLICKEY_UNVERIFIED
            | SFTP_PROTOCOL
            | METHOD_NOT_SUPPORTED
            | KEYFILE_AUTH_FAILED
            | -17
            | -15
            | -42
    )
}

fn broken(why: &str) -> io::Error {
    Fault::Broken(why.to_owned()).io()
}

fn stream_error(session: &Session, e: io::Error) -> io::Error {
    match ssh2::Error::last_session_error(session) {
        Some(last) if matches!(last.code(), ErrorCode::Session(SFTP_PROTOCOL)) => {
            io::Error::other("o servidor recusou (disco cheio, cota ou permissão)")
        }
        Some(last) => io_of(&last),
        None => e,
    }
}

/// The words of SFTP as those of input and output.
fn io_of(e: &ssh2::Error) -> io::Error {
    use io::ErrorKind as K;
    match e.code() {
        ErrorCode::SFTP(2 | 10) => K::NotFound.into(),
        ErrorCode::SFTP(3) => K::PermissionDenied.into(),
        ErrorCode::SFTP(11) => K::AlreadyExists.into(),
        ErrorCode::SFTP(12) => K::ReadOnlyFilesystem.into(),
        ErrorCode::SFTP(14) => K::StorageFull.into(),
        ErrorCode::SFTP(15) => K::QuotaExceeded.into(),
        ErrorCode::SFTP(19) => K::NotADirectory.into(),
        ErrorCode::SFTP(6 | 7) => broken("a conexão caiu"),
        ErrorCode::SFTP(_) => io::Error::other(format!("o servidor recusou ({})", e.message())),
        ErrorCode::Session(n) if gone(n) => broken(&format!("a conexão caiu ({})", e.message())),
        ErrorCode::Session(_) => io::Error::other(e.message().to_owned()),
    }
}

fn regular(s: &FileStat) -> bool {
    s.perm.is_some_and(|p| p & 0o170_000 == 0o100_000)
}

fn entry(name: OsString, s: &FileStat) -> Entry {
    let seconds = i64::try_from(s.mtime.unwrap_or(0)).unwrap_or(0);
    Entry { name, size: s.size.unwrap_or(0), mtime: seconds.saturating_mul(1_000_000_000), regular: regular(s) }
}
