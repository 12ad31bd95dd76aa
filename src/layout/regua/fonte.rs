//! Lines fetched again from their file: nothing of a file is kept in memory for a message that may never be
//! made.

use super::super::Layout;
use super::super::delimited::MAX_LINHA;
use super::super::frame::{FrameError, Lines};
use super::super::text::{Decoder, Encoding};
use std::fs::File;
use std::io;
use std::path::Path;

/// A line and its bytes, without the line break.
pub type Bruta = (u32, Vec<u8>);

/// The lines with these numbers (ascending), as they stand in the file; reading ends with the last of them.
///
/// # Errors
/// The file cannot be read.
pub fn linhas(path: &Path, layout: &Layout, numeros: &[u32]) -> io::Result<Vec<Bruta>> {
    let mut lines = Lines::new(File::open(path)?, maximo(layout));
    let mut out = Vec::with_capacity(numeros.len());
    let Some(last) = numeros.last() else { return Ok(out) };
    loop {
        match lines.next_line() {
            Ok(Some(raw)) => {
                if numeros.binary_search(&raw.number).is_ok() {
                    out.push((raw.number, raw.bytes.to_vec()));
                }
                if raw.number >= *last {
                    return Ok(out);
                }
            }
            Ok(None) | Err(FrameError::TooLong { .. }) => return Ok(out),
            Err(FrameError::Io(e)) => return Err(e),
        }
    }
}

/// Longest line that is looked at, in bytes: as the readers have it.
fn maximo(layout: &Layout) -> usize {
    (layout.max_width() * 4 + 4096).max(MAX_LINHA)
}

/// A fixed line, decoded.
pub struct Texto {
    /// Its text.
    pub texto: String,
    /// Where each of its characters begins, in bytes; one more than there are characters.
    inicios: Vec<usize>,
}

impl Texto {
    /// Decodes a line.
    pub fn new(bytes: &[u8], encoding: Encoding) -> Self {
        let mut decoder = Decoder::default();
        let texto = decoder.decode(bytes, encoding).text().to_owned();
        let mut inicios: Vec<usize> = texto.char_indices().map(|(i, _)| i).collect();
        inicios.push(texto.len());
        Self { texto, inicios }
    }

    /// Number of characters.
    pub fn len(&self) -> usize {
        self.inicios.len() - 1
    }

    /// No characters at all.
    pub fn is_empty(&self) -> bool {
        self.texto.is_empty()
    }

    /// The characters of a range moved by `passo`; `None` where any of them lies outside the line.
    pub fn trecho(&self, at: &std::ops::Range<usize>, passo: isize) -> Option<&str> {
        let (start, end) = (at.start.checked_add_signed(passo)?, at.end.checked_add_signed(passo)?);
        self.texto.get(*self.inicios.get(start)?..*self.inicios.get(end)?)
    }
}
