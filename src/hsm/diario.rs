//! The send journal `hsm.journal` beside the store (HS1, HS16): what was sent, kept where restoring a backup does not reach.
//!
//! Lines are only added and each is on disk before what it announces happens:
//!
//! - `A <n> <day> <sha256> <line> <moment>`: attempt `n` is about to be made for that line of that file, before its T1
//!   commits; lines of older versions end before the moment;
//! - `R <n> <end> <status> <not before>`: what OMNE answered to it, before its T2 commits;
//! - `S <n>`: the beginning of a journal, attempts up to `n` stand elsewhere.
//!
//! Attempts are numbered without gaps, and the store keeps the last number it knows. So one look at the end of the file tells
//! a store that fell behind, however large both are. No number, name or answer of anybody stands here.
//!
//! **Crashes:** a torn last line is cut off when the journal is opened: what it announced had not happened yet. So is whatever
//! stands behind the first zero byte: a loss of power may leave the pages of one write in any order.
//!
//! **Performance:** lines are written over zeros that are there already. A file that grows costs a second write to the disk at
//! each sync, for its length.
//!
//! **Size:** from `CHEIO` (64 MiB) on the file becomes `hsm.journal.1` and a new one begins; the one before is forgotten.

use super::regra::Fim;
use chrono::NaiveDateTime;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// Its name in the store's folder.
const NOME: &str = "hsm.journal";
/// Bytes of its end that are looked at, zeros included: some 400 attempts at least.
const FIM: u64 = 128 * 1024;
/// Bytes by which it grows.
const PASSO: usize = 64 * 1024;
/// Bytes at which a new file begins: some 400,000 messages.
const CHEIO: u64 = 64 * 1024 * 1024;

/// The journal cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct DiarioErro {
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// The line of a file that a message came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chave {
    /// Data de operação of the file.
    pub dia: String,
    /// Its SHA-256.
    pub sha256: String,
    /// The physical line.
    pub linha: i64,
}

/// What was answered to an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registro {
    /// The end.
    pub fim: Fim,
    /// OMNE's status.
    pub http: Option<u16>,
    /// Until when OMNE asked us to wait, seconds since 1970.
    pub nao_antes: Option<i64>,
}

/// An attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tentativa {
    /// Its number.
    pub n: i64,
    /// Whose; `None`: it only says where the journal begins.
    pub chave: Option<Chave>,
    /// When, local time, `AAAA-MM-DD HH:MM:SS`; `None`: the line does not say.
    pub em: Option<String>,
    /// `None`: no answer is known.
    pub registro: Option<Registro>,
}

/// The open journal.
#[derive(Debug)]
pub struct Diario {
    file: File,
    path: PathBuf,
    /// Where the next line goes, and how far the file reaches.
    aqui: u64,
    ate: u64,
    fim: Vec<Tentativa>,
    ultima: i64,
    buf: String,
}

impl Diario {
    /// Opens the journal of the store in `dir`; `None` when there is none.
    ///
    /// # Errors
    /// It cannot be read or mended, or its end is none of ours.
    pub fn abre(dir: &Path) -> Result<Option<Self>, DiarioErro> {
        let path = dir.join(NOME);
        let err = |source| DiarioErro { path: path.clone(), source };
        let mut file = match OpenOptions::new().read(true).write(true).open(&path) {
            Ok(f) => f,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(err(e)),
        };
        let (fim, whole) = le_o_fim(&mut file).map_err(err)?;
        let len = file.metadata().map_err(err)?.len();
        if len > whole {
            file.set_len(whole).and_then(|()| file.sync_all()).map_err(err)?;
        }
        let bad = || err(danificado());
        let ultima = fim.last().ok_or_else(bad)?.n;
        let mut diario = Self { file, path: path.clone(), aqui: whole, ate: whole, fim, ultima, buf: String::new() };
        if whole > CHEIO {
            diario.vira(dir).map_err(err)?;
        }
        Ok(Some(diario))
    }

    /// Begins a journal whose attempts up to `n` stand nowhere; one that is there is replaced.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn cria(dir: &Path, n: i64) -> Result<Self, DiarioErro> {
        let path = dir.join(NOME);
        let (file, len) = comeca(dir, n).map_err(|source| DiarioErro { path: path.clone(), source })?;
        let fim = vec![Tentativa { n, chave: None, em: None, registro: None }];
        Ok(Self { file, path, aqui: len, ate: len, fim, ultima: n, buf: String::new() })
    }

    /// The number of the last attempt in the journal of the store in `dir`; nothing is mended.
    ///
    /// # Errors
    /// It cannot be read, or its end is none of ours.
    pub fn ultima_de(dir: &Path) -> Result<Option<i64>, DiarioErro> {
        let path = dir.join(NOME);
        match File::open(&path).and_then(|mut f| le_o_fim(&mut f)) {
            Ok((fim, _)) => Ok(fim.last().map(|t| t.n)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(DiarioErro { path, source }),
        }
    }

    fn vira(&mut self, dir: &Path) -> io::Result<()> {
        let old = dir.join("hsm.journal.1");
        match std::fs::remove_file(&old) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        // a second name first: at no instant is there no journal
        std::fs::hard_link(&self.path, &old)?;
        let (file, len) = comeca(dir, self.ultima)?;
        (self.file, self.aqui, self.ate) = (file, len, len);
        Ok(())
    }

    /// The number of the last attempt.
    pub const fn ultima(&self) -> i64 {
        self.ultima
    }

    /// An attempt near the end.
    pub fn tentativa(&self, n: i64) -> Option<&Tentativa> {
        self.fim.iter().find(|t| t.n == n)
    }

    /// What was answered to attempt `n`, however long ago; `None`: nothing, or it is forgotten.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn resposta(&self, n: i64) -> Result<Option<Registro>, DiarioErro> {
        if let Some(t) = self.tentativa(n).filter(|t| t.chave.is_some()) {
            return Ok(t.registro);
        }
        Ok(self.todas()?.into_iter().find(|t| t.n == n && t.chave.is_some()).and_then(|t| t.registro))
    }

    /// Every attempt after number `n`, from both files.
    ///
    /// # Errors
    /// They cannot be read; the one that is asked for is not in them any more.
    pub fn desde(&self, n: i64) -> Result<Vec<Tentativa>, DiarioErro> {
        let mut all = self.todas()?;
        all.retain(|t| t.n > n && t.chave.is_some());
        if i64::try_from(all.len()).ok() != Some(self.ultima - n) {
            let far = "o diário não alcança mais os envios que este store não conhece";
            let source = io::Error::new(io::ErrorKind::InvalidData, far);
            return Err(DiarioErro { path: self.path.clone(), source });
        }
        Ok(all)
    }

    /// What both files hold.
    fn todas(&self) -> Result<Vec<Tentativa>, DiarioErro> {
        let err = |source| DiarioErro { path: self.path.clone(), source };
        let mut text = match std::fs::read_to_string(self.path.with_extension("journal.1")) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => String::new(),
            read => read.map_err(err)?,
        };
        text.push_str(std::fs::read_to_string(&self.path).map_err(err)?.trim_end_matches('\0'));
        le(&text).ok_or_else(|| err(danificado()))
    }

    /// Notes an attempt made at `em` (as [`Tentativa::em`]); it is on disk after [`Diario::grava`].
    pub fn anota(&mut self, n: i64, c: &Chave, em: &str) {
        // writing to a String cannot fail
        let _ = writeln!(self.buf, "A {n} {} {} {} {}", c.dia, c.sha256, c.linha, em.replace(' ', "T"));
        self.ultima = n;
    }

    /// Notes an answer; it is on disk after [`Diario::grava`].
    pub fn responde(&mut self, n: i64, r: &Registro) {
        let part = |v: Option<i64>| v.map_or_else(|| "-".to_owned(), |v| v.to_string());
        let (http, until) = (part(r.http.map(i64::from)), part(r.nao_antes));
        let _ = writeln!(self.buf, "R {n} {} {http} {until}", palavra(r.fim));
    }

    /// Everything noted is on disk.
    ///
    /// # Errors
    /// It is not.
    pub fn grava(&mut self) -> Result<(), DiarioErro> {
        if self.buf.is_empty() {
            return Ok(());
        }
        let mut bytes = std::mem::take(&mut self.buf).into_bytes();
        let next = self.aqui.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if next > self.ate {
            bytes.resize(bytes.len().saturating_add(PASSO), 0);
        }
        let written = self.file.write_all_at(&bytes, self.aqui).and_then(|()| self.file.sync_data());
        written.map_err(|source| DiarioErro { path: self.path.clone(), source })?;
        self.ate = self.ate.max(self.aqui.saturating_add(u64::try_from(bytes.len()).unwrap_or(0)));
        self.aqui = next;
        Ok(())
    }
}

impl Drop for Diario {
    /// At rest it is plain lines; where that fails, the next start cuts the zeros off.
    fn drop(&mut self) {
        if self.ate > self.aqui {
            let _ = self.file.set_len(self.aqui);
        }
    }
}

fn danificado() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "o diário de envios está danificado")
}

/// The last attempts, and the length of the file up to its last whole line.
fn le_o_fim(file: &mut File) -> io::Result<(Vec<Tentativa>, u64)> {
    let len = file.metadata()?.len();
    let from = len.saturating_sub(FIM);
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(from))?;
    file.read_to_end(&mut bytes)?;
    bytes.truncate(bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len()));
    let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    bytes.truncate(whole);
    // where only the end was read, the first line may be half of one
    let begin = if from > 0 { bytes.iter().position(|b| *b == b'\n').map_or(0, |i| i + 1) } else { 0 };
    let text = bytes.get(begin..).and_then(|b| std::str::from_utf8(b).ok());
    let fim = text.and_then(le).ok_or_else(danificado)?;
    Ok((fim, from + u64::try_from(whole).unwrap_or(0)))
}

/// A new file under the name, whole or not at all.
fn comeca(dir: &Path, n: i64) -> io::Result<(File, u64)> {
    let tmp = dir.join("hsm.journal.part");
    let mut f = File::create(&tmp)?;
    writeln!(f, "S {n}")?;
    f.sync_all()?;
    std::fs::rename(&tmp, dir.join(NOME))?;
    File::open(dir)?.sync_all()?;
    let f = OpenOptions::new().read(true).write(true).open(dir.join(NOME))?;
    let len = f.metadata()?.len();
    Ok((f, len))
}

const fn palavra(fim: Fim) -> &'static str {
    match fim {
        Fim::Aceita => "ACEITA",
        Fim::Falha => "FALHA",
        Fim::Incerta => "INCERTA",
        Fim::Repete => "REPETE",
        Fim::Nada => "NADA",
    }
}

/// Reads whole lines; `None` when one is none of ours. An answer whose attempt stands before `text` is passed over.
fn le(text: &str) -> Option<Vec<Tentativa>> {
    let mut all: Vec<Tentativa> = Vec::new();
    for line in text.lines() {
        let w: Vec<&str> = line.split(' ').collect();
        let n: i64 = w.get(1)?.parse().ok()?;
        match *w.as_slice() {
            ["S", _] => all.push(Tentativa { n, chave: None, em: None, registro: None }),
            ["A", _, dia, sha256, linha, ref em @ ..] if em.len() < 2 => {
                let em = match em.first() {
                    Some(text) => Some(text.parse::<NaiveDateTime>().ok()?.format("%Y-%m-%d %H:%M:%S").to_string()),
                    None => None,
                };
                let chave = Chave { dia: dia.to_owned(), sha256: sha256.to_owned(), linha: linha.parse().ok()? };
                all.push(Tentativa { n, chave: Some(chave), em, registro: None });
            }
            ["R", _, end, http, until] => {
                let known = [Fim::Aceita, Fim::Falha, Fim::Incerta, Fim::Repete, Fim::Nada];
                let fim = known.into_iter().find(|f| palavra(*f) == end)?;
                let registro = Registro { fim, http: http.parse().ok(), nao_antes: until.parse().ok() };
                if let Some(t) = all.iter_mut().rev().find(|t| t.n == n) {
                    t.registro = Some(registro);
                }
            }
            _ => return None,
        }
    }
    Some(all)
}

#[cfg(test)]
mod tests;
