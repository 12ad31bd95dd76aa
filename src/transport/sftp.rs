//! A folder over SFTP: the one room that names libssh2's sessions (`hostkey` asks it about keys).
//!
//! No connection sends a credential before the server's key is known (`login`).

mod login;

pub use login::{Login, host_keys};

use super::fault::Fault;
use super::hostkey::{self, HostKey};
use super::watch::{Call, Watch};
use super::{
    Entry, Folder, Limits, MAX_NAMES, Place, Source, copy, first_free, other_size, part, probe_name, too_many_names,
};
use ssh2::{ErrorCode, File, FileStat, OpenFlags, OpenType, RenameFlags, Session};
use std::ffi::OsString;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

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
            let kinds = login::preferred(hostkey::kinds(&self.known_hosts, &self.place.host, self.place.port)?);
            let session = login::handshake(&self.place, &kinds, &self.watch)?;
            let key = HostKey::of(&session).ok_or_else(|| broken("o servidor não mostrou a sua chave"))?;
            hostkey::verify(&self.known_hosts, &self.place.host, self.place.port, &key)?;
            login::authenticate(&session, &self.place, &self.login)?;
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

    fn probe(&mut self) -> io::Result<Option<i64>> {
        let path = self.at(&probe_name());
        self.call(|me, conn| {
            me.write(conn, &path, &mut io::empty(), 0)?;
            let made = conn.sftp.stat(&path).ok().and_then(|s| i64::try_from(s.mtime?).ok());
            conn.sftp.unlink(&path).map_err(|e| io_of(&e))?;
            Ok(made)
        })
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
