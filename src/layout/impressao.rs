//! What the bytes of a file are: length, SHA-256, code page, taken while they pass by.

use super::text::{Encoding, Sniffer};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::Path;

/// What the bytes of a file are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impressao {
    /// Bytes.
    pub tamanho: u64,
    /// SHA-256, hex.
    pub sha256: String,
    /// Code page, decided once for the file.
    pub codificacao: Encoding,
}

/// Takes a fingerprint of whatever is written through it.
pub struct Medidor<W> {
    inner: W,
    sha: Sha256,
    sniffer: Sniffer,
    tamanho: u64,
}

impl<W: Write> Medidor<W> {
    /// Writes on to `inner`.
    pub fn new(inner: W) -> Self {
        Self { inner, sha: Sha256::new(), sniffer: Sniffer::default(), tamanho: 0 }
    }

    /// Bytes so far.
    pub fn tamanho(&self) -> u64 {
        self.tamanho
    }

    /// The inner writer and the fingerprint.
    pub fn fim(self) -> (W, Impressao) {
        let sha256 = self.sha.finalize().iter().map(|b| format!("{b:02x}")).collect();
        (self.inner, Impressao { tamanho: self.tamanho, sha256, codificacao: self.sniffer.finish() })
    }
}

impl<W: Write> Write for Medidor<W> {
    fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
        let n = self.inner.write(buf)?;
        let taken = buf.get(..n).unwrap_or(buf);
        self.sha.update(taken);
        self.sniffer.push(taken);
        self.tamanho += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

/// The fingerprint of a file on disk.
///
/// # Errors
/// It cannot be read.
pub fn imprime(path: &Path) -> std::io::Result<Impressao> {
    let mut m = Medidor::new(std::io::sink());
    copia(&mut File::open(path)?, &mut m)?;
    Ok(m.fim().1)
}

/// Copies in large blocks.
///
/// # Errors
/// Reading or writing failed.
pub fn copia(from: &mut impl Read, to: &mut impl Write) -> std::io::Result<u64> {
    std::io::copy(&mut BufReader::with_capacity(256 * 1024, from), to)
}
