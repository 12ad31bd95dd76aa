//! A folder over FTP, in clear text or under explicit TLS: the one room that names suppaftp and rustls.
//!
//! Passive mode only, and only to the server's own address, whatever it says (SE8). A transfer counts when the bytes are
//! as many as SIZE says, not when the server says 226 (IN5). FTP's rename overwrites on most servers, so the final name
//! is looked at right before it is taken: between the two another writer of the same name could still come.
//!
//! Servers with MLSD are asked for it. The listing of others tells times to the minute only: what stands still there has
//! the same size and minute, and [`Folder::stat`] tells more.

mod tls;

pub use tls::Tls;

use super::fault::Fault;
use super::watch::{Call, Line, Watch};
use super::{
    Entry, Folder, Limits, MAX_NAMES, Place, Source, copy, first_free, net, other_size, part, probe_name,
    too_many_names,
};
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::time::UNIX_EPOCH;
use suppaftp::list::{File, ListParser};
use suppaftp::types::FileType;
use suppaftp::{FtpError, Mode, RustlsConnector, RustlsFtpStream, Status, TlsConnector, TransferStream};

/// The stream of a transfer.
type Transfer = TransferStream<<RustlsConnector as TlsConnector>::Stream>;

/// Longest line of a listing, and most bytes of one: a server that sends more is not sending a listing.
const MAX_LINE: u64 = 8 * 1024;

/// A folder on a server.
pub struct Ftp {
    place: Place,
    password: String,
    tls: Tls,
    watch: Watch,
    line: Option<RustlsFtpStream>,
    /// The server does not know MLSD.
    plain_list: bool,
}

impl Ftp {
    /// The folder of `place`.
    pub fn new(place: Place, password: String, tls: Tls, limits: Limits) -> Self {
        Self { place, password, tls, watch: Watch::new(limits), line: None, plain_list: false }
    }

    /// One call: connects where there is no connection, keeps the watch awake. What breaks in it leaves no connection.
    fn call<T>(&mut self, f: impl FnOnce(&mut RustlsFtpStream, &Watch) -> Result<T, FtpError>) -> io::Result<T> {
        let _call = self.watch.call()?;
        if self.line.is_none() {
            let line = self.connect().map_err(|e| self.watch.explain(e))?;
            self.line = Some(line);
        }
        let done = match &mut self.line {
            Some(line) => f(line, &self.watch).map_err(|e| io_of(e, None)),
            None => Err(io::ErrorKind::NotConnected.into()),
        };
        self.watch.byte();
        done.map_err(|e| self.watch.explain(e))
    }

    fn connect(&self) -> io::Result<RustlsFtpStream> {
        let place = &self.place;
        let tcp = net::connect(place, &self.watch.handle())?;
        let v6 = tcp.peer_addr()?.is_ipv6();
        let line = RustlsFtpStream::connect_with_stream(tcp).map_err(|e| io_of(e, None))?;
        let watch = self.watch.handle();
        let mut line = line.passive_stream_builder(move |address| {
            let s = net::open(address, &watch).map_err(FtpError::ConnectionError)?;
            watch.add(Line::Data, &s).map_err(FtpError::ConnectionError)?;
            Ok(s)
        });
        line.set_passive_nat_workaround(true);
        if v6 {
            line.set_mode(Mode::ExtendedPassive);
        }
        if let Tls::Explicit(ca) = &self.tls {
            let config = RustlsConnector::from(Arc::new(tls::client_config(ca.as_ref())?));
            line = line.into_secure(config, &place.host).map_err(|e| tls::secured(place, e))?;
        }
        self.watch.byte();
        line.login(place.user.as_str(), self.password.as_str()).map_err(|e| refused(place, e))?;
        line.transfer_type(FileType::Binary).map_err(|e| io_of(e, None))?;
        line.cwd(&place.dir).map_err(|e| io_of(e, Some(io::ErrorKind::NotFound)))?;
        Ok(line)
    }

    /// The lines of a listing, within bounds.
    fn lines(&mut self, command: &str) -> io::Result<Vec<Vec<u8>>> {
        self.call(|line, watch| {
            let (_, data) = line.custom_data_command(command, &[Status::AboutToSend, Status::AlreadyOpen])?;
            let mut data = BufReader::with_capacity(64 * 1024, data);
            let mut out = Vec::new();
            loop {
                let mut text = Vec::new();
                match (&mut data).take(MAX_LINE).read_until(b'\n', &mut text) {
                    Ok(0) => break,
                    // the end of a TLS connection without a goodbye; the server's 226 tells
                    Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => break,
                    Err(e) => return Err(FtpError::ConnectionError(e)),
                    Ok(_) => watch.byte(),
                }
                let end = text.iter().rposition(|b| !b"\r\n".contains(b)).map_or(0, |i| i + 1);
                text.truncate(end);
                if out.len() > MAX_NAMES + 2 {
                    return Err(FtpError::ConnectionError(too_many_names()));
                }
                if !text.is_empty() {
                    out.push(text);
                }
            }
            watch.forget_data();
            data.into_inner().finish()?;
            Ok(out)
        })
    }

    fn write(&mut self, name: &str, from: &mut dyn Source, size: u64) -> io::Result<()> {
        self.call(|line, watch| {
            let mut to = line.put_with_stream(name)?;
            let copied = copy(from, &mut to, watch).and_then(|_| tls::goodbye(&mut to));
            watch.forget_data();
            let finished = to.finish();
            // what the server says of a full disk tells more than the broken pipe that it made
            match (copied, finished) {
                (_, Err(e @ FtpError::UnexpectedResponse(_))) => return Err(e),
                (Err(e), _) => return Err(FtpError::ConnectionError(e)),
                (Ok(_), other) => other?,
            }
            match line.size(name)? as u64 {
                n if n == size => Ok(()),
                _ => Err(FtpError::ConnectionError(other_size())),
            }
        })
    }

    fn rename_new(&mut self, from: &str, to: &str) -> io::Result<()> {
        match self.stat(to) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(e),
            Ok(_) => return Err(io::ErrorKind::AlreadyExists.into()),
        }
        self.call(|line, _| line.rename(from, to))
    }
}

impl Drop for Ftp {
    fn drop(&mut self) {
        if let (Some(line), Ok(_call)) = (&mut self.line, self.watch.call()) {
            let _ = line.quit();
        }
        self.reset();
    }
}

impl Folder for Ftp {
    fn list(&mut self) -> io::Result<Vec<Entry>> {
        if !self.plain_list {
            match self.lines("MLSD") {
                Ok(lines) => return Ok(lines.iter().filter_map(|l| entry(l, ListParser::parse_mlsd)).collect()),
                Err(e) if unknown_command(&e) => self.plain_list = true,
                Err(e) => return Err(e),
            }
        }
        let parse = |l: &str| ListParser::parse_posix(l).or_else(|_| ListParser::parse_dos(l));
        Ok(self.lines("LIST")?.iter().filter_map(|l| entry(l, parse)).collect())
    }

    /// By SIZE and MDTM, which tell nothing of a folder: what is none of a file is not found.
    fn stat(&mut self, name: &str) -> io::Result<Entry> {
        let size = self.call(|line, _| line.size(name)).map_err(not_found)?;
        let mtime = match self.call(|line, _| line.mdtm(name)) {
            Ok(t) => t.and_utc().timestamp_nanos_opt().unwrap_or(0),
            Err(e) if unknown_command(&e) => 0,
            Err(e) => return Err(not_found(e)),
        };
        Ok(Entry { name: name.into(), size: size as u64, mtime, regular: true })
    }

    fn get(&mut self, name: &str, from: u64) -> io::Result<Box<dyn Read + '_>> {
        let offset = usize::try_from(from).map_err(io::Error::other)?;
        let data = self
            .call(|line, _| {
                if offset > 0 {
                    line.resume_transfer(offset)?;
                }
                line.retr_as_stream(name)
            })
            .map_err(not_found)?;
        let call = self.watch.call()?;
        Ok(Box::new(Reader { data: Some(data), watch: &self.watch, _call: call }))
    }

    fn put(&mut self, name: &str, from: &mut dyn Source, size: u64) -> io::Result<()> {
        match self.stat(name) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(e),
            Ok(_) => return Err(io::ErrorKind::AlreadyExists.into()),
        }
        self.write(&part(name), from, size)?;
        self.rename_new(&part(name), name)
    }

    fn shelve(&mut self, name: &str, folder: &str) -> io::Result<()> {
        // what is there already is refused like what cannot be made; the move tells
        match self.call(|line, _| line.mkdir(folder)) {
            Err(e) if Fault::of(&e).is_some() => return Err(e),
            _ => {}
        }
        first_free(name, |target| self.rename_new(name, &format!("{folder}/{target}")))
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        match self.call(|line, _| line.rm(name)) {
            Ok(()) => Ok(()),
            Err(e) => match self.stat(name) {
                Err(x) if x.kind() == io::ErrorKind::NotFound => Ok(()),
                _ => Err(e),
            },
        }
    }

    fn present(&mut self) -> io::Result<()> {
        let dir = self.place.dir.clone();
        self.call(|line, _| line.cwd(&dir)).map_err(not_found)
    }

    fn probe(&mut self) -> io::Result<Option<i64>> {
        let name = probe_name();
        self.write(&name, &mut io::empty(), 0)?;
        self.call(|line, _| line.rm(&name)).map(|()| None)
    }

    fn reset(&mut self) {
        self.watch.hang_up();
        self.line = None;
    }
}

/// A file being read. Its end is the server's 226, after which the caller compares the size. Dropped before its end, the
/// connection is finished with.
struct Reader<'a> {
    data: Option<Transfer>,
    watch: &'a Watch,
    _call: Call,
}

impl Read for Reader<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Some(data) = &mut self.data else { return Ok(0) };
        let n = match data.read(buf) {
            // the end of a TLS connection without a goodbye: the size tells whether it was the end
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => 0,
            Err(e) => return Err(self.watch.explain(e)),
            Ok(n) => n,
        };
        self.watch.byte();
        if n == 0 && !buf.is_empty() {
            self.watch.forget_data();
            if let Some(data) = self.data.take() {
                data.finish().map_err(|e| self.watch.explain(io_of(e, None)))?;
            }
        }
        Ok(n)
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        if self.data.is_some() {
            // what is left of the transfer is not waited for
            self.watch.hang_up();
        }
    }
}

/// Why the login failed.
fn refused(place: &Place, e: FtpError) -> io::Error {
    match e {
        FtpError::UnexpectedResponse(r) if matches!(r.status, Status::NotLoggedIn | Status::InvalidCredentials) => {
            Fault::Refused(format!(
                "{} recusou a senha do usuário {}; não tento de novo nesta execução, para não bloquear a conta",
                place.host, place.user
            ))
            .io()
        }
        other => io_of(other, None),
    }
}

/// What 550 means where only a name can be wrong.
fn not_found(e: io::Error) -> io::Error {
    match reply(&e) {
        Some(550) => io::ErrorKind::NotFound.into(),
        _ => e,
    }
}

/// A refusal of the server's, by its number.
#[derive(Debug, thiserror::Error)]
#[error("o servidor recusou ({1})")]
struct Reply(u32, String);

fn reply(e: &io::Error) -> Option<u32> {
    e.get_ref().and_then(|x| x.downcast_ref::<Reply>()).map(|r| r.0)
}

fn unknown_command(e: &io::Error) -> bool {
    matches!(reply(e), Some(500 | 502 | 504 | 202))
}

/// The words of FTP as those of input and output; `unavailable`: what 550 means here.
fn io_of(e: FtpError, unavailable: Option<io::ErrorKind>) -> io::Error {
    match e {
        FtpError::ConnectionError(e) => e,
        FtpError::UnexpectedResponse(r) => match r.status {
            Status::NotAvailable | Status::TransferAborted | Status::CannotOpenDataConnection => {
                Fault::Broken(format!("a conexão caiu ({})", words(&r.body))).io()
            }
            Status::RequestedActionNotTaken | Status::ExceededStorage => io::ErrorKind::StorageFull.into(),
            Status::FileUnavailable if unavailable.is_some() => unavailable.unwrap_or(io::ErrorKind::Other).into(),
            Status::BadFilename => io::ErrorKind::PermissionDenied.into(),
            status => io::Error::other(Reply(status as u32, words(&r.body))),
        },
        other => Fault::Broken(format!("a conexão caiu ({other})")).io(),
    }
}

/// A server's sentence, short and plain.
fn words(body: &[u8]) -> String {
    let line = body.split(|b| b"\r\n".contains(b)).next().unwrap_or_default();
    line.get(..line.len().min(120)).unwrap_or_default().escape_ascii().to_string()
}

/// A name of a listing; lines that are none (`total 0`) and the folder itself are left out.
fn entry<E>(line: &[u8], parse: impl Fn(&str) -> Result<File, E>) -> Option<Entry> {
    let text = String::from_utf8_lossy(line);
    let f = parse(&text).ok()?;
    // MLSD names the folder itself and the one above as well, some servers with their whole path
    let of_folder = ["type=cdir", "type=pdir"].iter().any(|t| text.to_ascii_lowercase().contains(t));
    if matches!(f.name(), "." | "..") || (f.is_directory() && of_folder) {
        return None;
    }
    let mtime = f.modified().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_nanos()).unwrap_or(0));
    Some(Entry { name: f.name().into(), size: f.size() as u64, mtime, regular: f.is_file() })
}
