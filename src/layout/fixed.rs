//! Lines of fixed records: exact length, tag and length agree (R004–R011).

use super::frame::{FrameError, Lines};
use super::text::{Decoded, Decoder, Encoding};
use super::{Layout, Record};
use std::io::Read;

/// One structurally sound line.
#[derive(Clone, Copy, Debug)]
pub struct Linha<'a> {
    /// Physical line, from 1.
    pub numero: u32,
    /// The bytes as they stood in the file, line break and all.
    pub original: &'a [u8],
    /// Index of its record in the layout.
    pub registro: usize,
    /// Its record.
    pub record: &'a Record,
    decoded: Decoded<'a>,
}

impl<'a> Linha<'a> {
    /// The text of a field, untrimmed.
    pub fn campo(&self, index: usize) -> &'a str {
        self.record.fields.get(index).map_or("", |f| self.decoded.slice(&f.at))
    }

    /// The characters in a 0-based range of columns.
    pub fn colunas(&self, at: &std::ops::Range<usize>) -> &'a str {
        self.decoded.slice(at)
    }

    /// No field can hold a control character (see [`Decoded::is_clean`]).
    pub fn limpa(&self) -> bool {
        self.decoded.is_clean()
    }
}

/// A line that breaks the structure: the whole file is refused (decisions 5, FA001).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Another number of characters than the record has.
    Width {
        /// Physical line, from 1.
        line: u32,
        /// Characters found.
        found: usize,
        /// Characters expected for its tag (of the widest record when the tag is unknown).
        expected: usize,
        /// It is the last line, shorter, and has no line break: the file was cut.
        cut: bool,
    },
    /// Column 1 holds no tag of the layout.
    Tag {
        /// Physical line, from 1.
        line: u32,
        /// What column 1 holds.
        found: char,
    },
    /// No line break in a file longer than one record, or none within the longest possible record.
    NoBreak {
        /// Physical line, from 1.
        line: u32,
    },
}

/// Reads the lines of a fixed file.
pub struct Reader<'l, R> {
    lines: Lines<R>,
    layout: &'l Layout,
    encoding: Encoding,
    decoder: Decoder,
    /// The last line had no line break.
    pub unterminated: bool,
}

/// What stands next in the file.
pub enum Next<'a> {
    /// A sound line.
    Linha(Linha<'a>),
    /// A broken one; reading may go on, except after [`Fault::NoBreak`].
    Fault(Fault),
    /// Nothing more.
    End,
}

impl<'l, R: Read> Reader<'l, R> {
    /// A reader of `inner` by `layout`.
    pub fn new(inner: R, layout: &'l Layout, encoding: Encoding) -> Self {
        // four bytes a character bound a line in any code page; the slack lets a line that is a little
        // too long be reported with its true length
        let max = layout.max_width() * 4 + 4096;
        Self { lines: Lines::new(inner, max), layout, encoding, decoder: Decoder::default(), unterminated: false }
    }

    /// The next line.
    ///
    /// # Errors
    /// Reading failed.
    pub fn next_line(&mut self) -> std::io::Result<Next<'_>> {
        let raw = match self.lines.next_line() {
            Ok(Some(raw)) => raw,
            Ok(None) => return Ok(Next::End),
            Err(FrameError::Io(e)) => return Err(e),
            Err(FrameError::TooLong { line, .. }) => return Ok(Next::Fault(Fault::NoBreak { line })),
        };
        self.unterminated = !raw.terminated;
        let decoded = self.decoder.decode(raw.bytes, self.encoding);
        let found = decoded.chars();
        let tag = raw.bytes.first().copied().unwrap_or(b' ');
        let Some(registro) = self.layout.record_for(tag) else {
            // a cut or blank line is told as such: its tag says nothing
            let expected = self.layout.max_width();
            if found == 0 {
                return Ok(Next::Fault(Fault::Width { line: raw.number, found, expected, cut: !raw.terminated }));
            }
            let found = decoded.text.chars().next().unwrap_or(' ');
            return Ok(Next::Fault(Fault::Tag { line: raw.number, found }));
        };
        let record = &self.layout.records[registro];
        if found > record.width && raw.number == 1 && !raw.terminated {
            return Ok(Next::Fault(Fault::NoBreak { line: 1 }));
        }
        if found != record.width {
            let cut = !raw.terminated && found < record.width;
            return Ok(Next::Fault(Fault::Width { line: raw.number, found, expected: record.width, cut }));
        }
        Ok(Next::Linha(Linha { numero: raw.number, original: raw.whole, registro, record, decoded }))
    }
}
