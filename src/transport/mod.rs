//! Folders on this or another machine: [`dir`] (`file://`), [`sftp`], [`ftp`] (and `ftps://`), behind one
//! [`Remote`].
//!
//! **Atomic:** [`Remote::put`] shows a file under its final name only when it is whole, and never over an existing
//! one. On this machine and over SFTP the server itself refuses an existing name; FTP has no such rename, so there the
//! name is looked at right before. [`Remote::shelve`] moves within a folder the same way.
//!
//! **Retried:** a connection that breaks is made again, and the call repeated, three times in all with growing pauses
//! ([`Remote`]). What a server refuses (a password, a key, a name) is not: a server that refused us, fell silent or
//! could not be reached is left alone for the rest of the run ([`Servers`]), so a wrong password is tried once (IN10).
//! A read that breaks is taken up by the caller, from where it broke. All else the ledger makes repeatable: the next
//! command tries again.
//!
//! **Bounded:** one thread a connection (`watch`) closes its sockets when nothing has come for a time, or when the
//! turn is over, whatever the libraries wait for.
//!
//! **"Not found"** is [`io::ErrorKind::NotFound`]; what an existing name does to a put, `AlreadyExists`.
//!
//! **Invariant by absence:** nothing of ours is imported here.

pub mod dir;
pub mod fault;
pub mod ftp;
pub mod hostkey;
mod net;
pub mod remote;
pub mod sftp;
mod watch;

pub use fault::{Fault, em_portugues};
pub use remote::{Remote, Servers};

use std::ffi::OsString;
use std::io::{self, Read, Seek};
use std::time::{Duration, Instant};

/// One name in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name as the file system has it: anything at all.
    pub name: OsString,
    /// Bytes.
    pub size: u64,
    /// Modification time, nanoseconds since 1970; as exact as the protocol tells it. Of two equal looks, equal.
    pub mtime: i64,
    /// A regular file: no link, folder, FIFO or device.
    pub regular: bool,
}

/// Where a server is and who logs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Who logs in.
    pub user: String,
    /// Folder on the server, from `/`.
    pub dir: String,
}

/// How long a server may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Without a byte, its turn ends.
    pub idle: Duration,
    /// The end of its turn, whatever it does.
    pub until: Instant,
}

/// Most names that a listing may have: beyond it the folder is not one of files to collect.
const MAX_NAMES: usize = 100_000;

/// What can be put: bytes that can be read once more from their beginning.
pub trait Source: Read + Seek {}
impl<T: Read + Seek> Source for T {}

/// A folder behind one protocol. Names given to it were matched against a pattern before: they hold no separator.
/// Each call is one attempt; [`Remote`] repeats.
pub trait Folder: Send {
    /// Names, in any order. One that is not a regular file is listed as such; one that goes away meanwhile is not.
    fn list(&mut self) -> io::Result<Vec<Entry>>;
    /// One name, looked at anew.
    fn stat(&mut self, name: &str) -> io::Result<Entry>;
    /// The bytes of a regular file from an offset on. A read that ends early without an error is the server's word.
    fn get(&mut self, name: &str, from: u64) -> io::Result<Box<dyn Read + '_>>;
    /// Puts `size` bytes under `name`: written to `<name>.part`, synced where the protocol can, size checked, renamed.
    fn put(&mut self, name: &str, from: &mut dyn Source, size: u64) -> io::Result<()>;
    /// Moves a file into a folder below this one, made when missing: under `name.2`, `name.3` … where the name stands.
    fn shelve(&mut self, name: &str, folder: &str) -> io::Result<()>;
    /// Removes a file; one that is gone already is fine.
    fn remove(&mut self, name: &str) -> io::Result<()>;
    /// Whether the folder is there.
    fn present(&mut self) -> io::Result<()>;
    /// Whether files can be put: an empty one is made under a temporary name and removed. When that was by the server's
    /// clock, in seconds since 1970, where the protocol tells it.
    fn probe(&mut self) -> io::Result<Option<i64>>;
    /// Brings the folder's names to disk; on a server that is not ours to do.
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
    /// Hangs up: the next call connects anew.
    fn reset(&mut self);
}

/// `name`, `name.2`, `name.3` …: the first that `free` takes; `AlreadyExists` moves on.
fn first_free(name: &str, mut free: impl FnMut(&str) -> io::Result<()>) -> io::Result<()> {
    for n in 1..1_000 {
        let target = if n == 1 { name.to_owned() } else { format!("{name}.{n}") };
        match free(&target) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            other => return other,
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// The temporary name of an upload. Nobody else uses it: a leftover under it is ours.
fn part(name: &str) -> String {
    format!("{name}.part")
}

/// The name that [`Folder::probe`] uses; whoever collects there leaves `.part` alone.
fn probe_name() -> String {
    part(&format!("atom-doctor-{}", std::process::id()))
}

/// Copies in large blocks, telling the watch of each.
fn copy(from: &mut dyn Read, to: &mut dyn io::Write, watch: &watch::Watch) -> io::Result<u64> {
    let mut buf = vec![0; 256 * 1024];
    let mut total = 0;
    loop {
        match from.read(&mut buf) {
            Ok(0) => return Ok(total),
            Ok(n) => {
                to.write_all(buf.get(..n).unwrap_or(&buf))?;
                watch.byte();
                total += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

fn other_size() -> io::Error {
    io::Error::other("o arquivo gravado lá tem outro tamanho")
}

fn too_many_names() -> io::Error {
    io::Error::other(format!("a pasta tem mais de {MAX_NAMES} nomes; não parece a pasta certa"))
}
