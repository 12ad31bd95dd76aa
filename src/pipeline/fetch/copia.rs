//! One file from a folder into the inbox: to `<name>.fetch.part`, hashed on the way, taken up where it broke off.
//!
//! No store here: this runs on the thread of the file's server.
//!
//! What a part holds is compared with the server's bytes over its last stretch before anything is added to it; where
//! they differ the copy begins anew.

use crate::layout::impressao::{Impressao, Medidor};
use crate::transport::{Entry, Remote};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

/// How a copy ended.
#[derive(Debug)]
pub enum Copia {
    /// It is whole, on disk, and the file stood still meanwhile.
    Inteira(Impressao),
    /// The file moved, grew or vanished, in words: another look takes it.
    Mudou(String),
    /// The server or the file failed; what came stays for the next time.
    Falha(io::Error),
    /// Our inbox could not be written.
    Inbox(io::Error),
}

/// Bytes that are read once more to see that the file is still the one whose beginning we hold.
const SOBREPOSTOS: u64 = 64 * 1024;
/// Attempts that bring nothing before the server is given up.
const TENTATIVAS: u32 = 3;
/// Bytes a read asks for.
const LEITURA: usize = 512 * 1024;
/// What it asks for after a break, until so much came: a line that breaks takes with it all that was asked ahead.
const LEITURA_CURTA: usize = 32 * 1024;
const REFEITA: u64 = 4 * 1024 * 1024;

/// Why reading stopped.
enum Parou {
    La(io::Error),
    Aqui(io::Error),
    Outro,
}

/// Copies `e`; `retoma` says that a part of this very file may lie there. `avanca` is told the bytes so far.
pub fn copia(remote: &mut Remote, e: &Entry, name: &str, part: &Path, retoma: bool, avanca: &dyn Fn(u64)) -> Copia {
    let before = match remote.stat(name) {
        Err(x) if x.kind() == io::ErrorKind::NotFound => return Copia::Mudou("não está mais lá".into()),
        Err(x) => return Copia::Falha(x),
        Ok(now) => now,
    };
    if before.size != e.size || !before.regular {
        return Copia::Mudou(format!("a listagem diz {} bytes, o arquivo tem {}", e.size, before.size));
    }
    let (mut file, mut done) = match comeca(part, e.size, retoma) {
        Ok(begun) => begun,
        Err(x) => return Copia::Inbox(x),
    };
    match rustix::fs::fstatvfs(&file) {
        Ok(disk) if disk.f_bavail.saturating_mul(disk.f_frsize) < e.size - done.tamanho() => {
            return descarta(part, Copia::Inbox(io::ErrorKind::StorageFull.into()));
        }
        _ => {}
    }
    let mut fruitless = 0;
    loop {
        let had = done.tamanho();
        match continua(remote, e, name, (&mut file, &mut done), fruitless > 0, avanca) {
            Ok(()) => break,
            Err(Parou::Aqui(x)) => {
                // a full disk needs the room
                let _ = std::fs::remove_file(part);
                return Copia::Inbox(x);
            }
            Err(Parou::Outro) => match comeca(part, e.size, false) {
                Ok(begun) if fruitless == 0 => {
                    fruitless += 1;
                    (file, done) = begun;
                }
                Ok(_) => return descarta(part, mudou()),
                Err(x) => return Copia::Inbox(x),
            },
            // a server that cannot go on from an offset (FTP without REST): from the beginning, then
            Err(Parou::La(x)) if had > 0 && done.tamanho() == had && x.kind() == io::ErrorKind::Other => {
                remote.lost(&x);
                match comeca(part, e.size, false) {
                    Ok(begun) => (file, done) = begun,
                    Err(x) => return Copia::Inbox(x),
                }
            }
            Err(Parou::La(x)) => {
                fruitless = if done.tamanho() > had { 1 } else { fruitless + 1 };
                let retry = remote.lost(&x);
                if retry && fruitless >= TENTATIVAS {
                    remote.give_up(&x);
                }
                if !retry || fruitless >= TENTATIVAS {
                    // what came is on disk before another run builds on it
                    let _ = file.sync_all();
                    return Copia::Falha(x);
                }
                std::thread::sleep(Duration::from_millis(200 * u64::from(fruitless)));
            }
        }
    }
    if let Err(x) = file.sync_all() {
        let _ = std::fs::remove_file(part);
        return Copia::Inbox(x);
    }
    let seal = done.fim().1;
    let stands = match remote.stat(name) {
        Ok(now) => now == before,
        Err(x) if x.kind() == io::ErrorKind::NotFound => false,
        // whether it stood still cannot be told now: what came stays for the next time
        Err(x) => return Copia::Falha(x),
    };
    match (seal.tamanho == e.size, stands) {
        (true, true) => Copia::Inteira(seal),
        (false, true) if seal.tamanho < e.size => {
            let why = format!("vieram {} de {} bytes, e o servidor disse que acabou", seal.tamanho, e.size);
            descarta(part, Copia::Falha(io::Error::other(why)))
        }
        _ => descarta(part, mudou()),
    }
}

fn mudou() -> Copia {
    Copia::Mudou("mudou enquanto era lido".into())
}

fn descarta(part: &Path, end: Copia) -> Copia {
    match std::fs::remove_file(part) {
        Ok(()) => end,
        Err(x) => Copia::Inbox(x),
    }
}

/// The part, and the fingerprint of what it holds.
fn comeca(part: &Path, size: u64, retoma: bool) -> io::Result<(File, Medidor<io::Sink>)> {
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(!retoma).open(part)?;
    let mut done = Medidor::new(io::sink());
    let held = file.metadata()?.len();
    if held > size {
        file.set_len(0)?;
    } else if held > 0 {
        io::copy(&mut file, &mut done)?;
    }
    Ok((file, done))
}

/// Reads from where we are to the end (in short reads after a break), one byte more than listed at most: enough to see that it grew (IN6).
fn continua(
    remote: &mut Remote,
    e: &Entry,
    name: &str,
    (file, done): (&mut File, &mut Medidor<io::Sink>),
    quebrou: bool,
    avanca: &dyn Fn(u64),
) -> Result<(), Parou> {
    let held = done.tamanho();
    let again = held.min(SOBREPOSTOS);
    let mut from = remote.get(name, held - again).map_err(Parou::La)?.take(e.size + 1 - (held - again));
    if again > 0 {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        file.seek(SeekFrom::Start(held - again)).map_err(Parou::Aqui)?;
        file.read_to_end(&mut ours).map_err(Parou::Aqui)?;
        (&mut from).take(again).read_to_end(&mut theirs).map_err(Parou::La)?;
        if ours != theirs {
            return Err(Parou::Outro);
        }
    }
    let mut buf = vec![0; if quebrou { LEITURA_CURTA } else { LEITURA }];
    loop {
        if done.tamanho() > held + REFEITA {
            buf.resize(LEITURA, 0);
        }
        let n = match from.read(&mut buf) {
            Ok(0) => return Ok(()),
            Ok(n) => n,
            Err(x) if x.kind() == io::ErrorKind::Interrupted => continue,
            Err(x) => return Err(Parou::La(x)),
        };
        let bytes = buf.get(..n).unwrap_or(&buf);
        file.write_all(bytes).map_err(Parou::Aqui)?;
        done.write_all(bytes).map_err(Parou::Aqui)?;
        avanca(done.tamanho());
    }
}
