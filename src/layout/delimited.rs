//! Lines of cells between delimiters, matched by a header line (R016–R018, R021, decisions 6).
//!
//! One physical line at a time, in constant memory: the frame cuts lines, csv-core unquotes the cells of one.
//! So an unclosed quote or a line break inside a quoted cell swallows nothing (IM12): a line whose quotes do
//! not close in it is a structural fault that names it, and reading goes on with the next line.
//!
//! A data line has as many cells as the header. Empty cells beyond (a trailing `;`) are dropped, in the header
//! too; anything else is a structural fault: a column is missing, or a stray delimiter shifts the rest.

use super::frame::{FrameError, Lines, RawLine};
use super::linha::{Fault, Linha, Next};
use super::text::{Decoder, Encoding};
use super::{Layout, Record};
use cabecalho::Cabecalho;
use std::io::{self, Read};
use std::ops::Range;

mod cabecalho;
mod celulas;

pub use cabecalho::normaliza;
use celulas::{Celulas, Corte};

/// Longest line, in bytes: no file of cells comes near it.
pub const MAX_LINHA: usize = 256 * 1024;

/// Reads the lines of a delimited file.
pub struct Reader<'l, R> {
    lines: Lines<R>,
    record: Option<&'l Record>,
    encoding: Encoding,
    decoder: Decoder,
    celulas: Celulas,
    cabecalho: Option<Cabecalho>,
    /// The cell of each field in the line.
    campos: Vec<Range<usize>>,
    indice: u32,
    parado: bool,
    /// The last line had no line break.
    pub unterminated: bool,
    /// Columns of the file that the layout does not know, as the header writes them.
    pub unknown: Vec<String>,
}

impl<'l, R: Read> Reader<'l, R> {
    /// A reader of `inner` by `layout`; the header is read with the first line.
    pub fn new(inner: R, layout: &'l Layout, encoding: Encoding) -> Self {
        let record = layout.records.first();
        Self {
            lines: Lines::new(inner, MAX_LINHA),
            record,
            encoding,
            decoder: Decoder::default(),
            celulas: Celulas::new(layout.delimiter),
            cabecalho: None,
            campos: vec![0..0; record.map_or(0, |r| r.fields.len())],
            indice: 0,
            parado: false,
            unterminated: false,
            unknown: Vec::new(),
        }
    }

    /// The header line as it stood in the file, line break and all; empty before the first
    /// [`Reader::next_line`] and in an empty file.
    pub fn cabecalho(&self) -> &[u8] {
        self.cabecalho.as_ref().map_or(&[], |c| &c.original)
    }

    /// The next data line. A header-only file ends at once, with [`Reader::cabecalho`] known; so does an empty
    /// one, without.
    ///
    /// # Errors
    /// Reading failed.
    pub fn next_line(&mut self) -> io::Result<Next<'_>> {
        if self.parado {
            return Ok(Next::End);
        }
        if self.cabecalho.is_none()
            && let Some(fault) = self.le_cabecalho()?
        {
            return Ok(Next::Fault(fault));
        }
        let raw = match self.lines.next_line() {
            Ok(Some(raw)) => raw,
            Ok(None) => return Ok(Next::End),
            Err(e) => {
                self.parado = true;
                return longa(e).map(Next::Fault);
            }
        };
        self.unterminated = !raw.terminated;
        let (Some(cabecalho), Some(record)) = (&self.cabecalho, self.record) else { return Ok(Next::End) };
        let decoded = self.decoder.decode(raw.bytes, self.encoding);
        if let Some(fault) = corta(&mut self.celulas, decoded.text, &raw, cabecalho.colunas) {
            return Ok(Next::Fault(fault));
        }
        for (at, coluna) in self.campos.iter_mut().zip(&cabecalho.de_campo) {
            *at = coluna.map_or(0..0, |c| self.celulas.onde(c));
        }
        let lugar = (raw.number, self.indice);
        self.indice = self.indice.saturating_add(1);
        let limpa = decoded.is_clean();
        let line = Linha::de_celulas(lugar, raw.whole, record, self.celulas.texto(), &self.campos, limpa);
        Ok(Next::Linha(line))
    }

    /// Reads the first line; a fault when it is not the layout's header.
    fn le_cabecalho(&mut self) -> io::Result<Option<Fault>> {
        let raw = match self.lines.next_line() {
            Ok(Some(raw)) => raw,
            Ok(None) => {
                self.parado = true;
                return Ok(None);
            }
            Err(e) => {
                self.parado = true;
                return longa(e).map(Some);
            }
        };
        self.unterminated = !raw.terminated;
        let fields = self.record.map_or(&[][..], |r| &r.fields);
        let decoded = self.decoder.decode(raw.bytes, self.encoding);
        let read = match self.celulas.corta(decoded.text) {
            Corte::Aberta => Err(Fault::Quote { line: raw.number }),
            Corte::Celulas(n) => {
                let nomes: Vec<&str> = (0..n).map(|i| self.celulas.celula(i)).collect();
                Cabecalho::novo(fields, &nomes, raw.whole).map_err(|f| Fault::Header(Box::new(f)))
            }
        };
        match read {
            Ok((cabecalho, unknown)) => {
                (self.cabecalho, self.unknown) = (Some(cabecalho), unknown);
                Ok(None)
            }
            Err(fault) => {
                self.parado = true;
                Ok(Some(fault))
            }
        }
    }
}

/// Cuts a data line; says what breaks the structure.
fn corta(celulas: &mut Celulas, text: &str, raw: &RawLine<'_>, expected: usize) -> Option<Fault> {
    let line = raw.number;
    let Corte::Celulas(found) = celulas.corta(text) else { return Some(Fault::Quote { line }) };
    let cut = !raw.terminated && found < expected;
    // cells beyond the header are no fault while nothing stands in them
    let stray = (expected..found).any(|i| !celulas.celula(i).trim().is_empty());
    (found < expected || stray).then_some(Fault::Columns { line, found, expected, cut })
}

fn longa(e: FrameError) -> io::Result<Fault> {
    match e {
        FrameError::Io(e) => Err(e),
        FrameError::TooLong { line, .. } => Ok(Fault::NoBreak { line }),
    }
}
