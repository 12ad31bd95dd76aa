//! Lines of fixed records: exact length, tag and length agree (R004–R011).

use super::Layout;
use super::frame::{FrameError, Lines};
use super::linha::{Fault, Linha, Next};
use super::text::{Cortes, Decoder, Encoding};
use std::io::Read;

/// Reads the lines of a fixed file.
pub struct Reader<'l, R> {
    lines: Lines<R>,
    layout: &'l Layout,
    encoding: Encoding,
    decoder: Decoder,
    /// By record.
    cortes: Vec<Cortes>,
    /// The last line had no line break.
    pub unterminated: bool,
}

impl<'l, R: Read> Reader<'l, R> {
    /// A reader of `inner` by `layout`.
    pub fn new(inner: R, layout: &'l Layout, encoding: Encoding) -> Self {
        // four bytes a character bound a line in any code page; the slack lets a line that is a little
        // too long be reported with its true length
        let max = layout.max_width() * 4 + 4096;
        Self {
            cortes: layout.records.iter().map(|r| Cortes::de(&r.fields)).collect(),
            lines: Lines::new(inner, max),
            layout,
            encoding,
            decoder: Decoder::default(),
            unterminated: false,
        }
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
        let tag = raw.bytes.first().copied().unwrap_or(b' ');
        let Some(registro) = self.layout.record_for(tag) else {
            let decoded = self.decoder.decode(raw.bytes, self.encoding);
            let found = decoded.chars();
            // a cut or blank line is told as such: its tag says nothing
            let expected = self.layout.max_width();
            if found == 0 {
                return Ok(Next::Fault(Fault::Width { line: raw.number, found, expected, cut: !raw.terminated }));
            }
            let found = decoded.text().chars().next().unwrap_or(' ');
            return Ok(Next::Fault(Fault::Tag { line: raw.number, found }));
        };
        let record = &self.layout.records[registro];
        let decoded = self.decoder.decode_record(raw.bytes, self.encoding, &self.cortes[registro]);
        let found = decoded.chars();
        if found > record.width && raw.number == 1 && !raw.terminated {
            return Ok(Next::Fault(Fault::NoBreak { line: 1 }));
        }
        if found != record.width {
            let cut = !raw.terminated && found < record.width;
            return Ok(Next::Fault(Fault::Width { line: raw.number, found, expected: record.width, cut }));
        }
        Ok(Next::Linha(Linha::fixa(raw.number, raw.whole, (registro, record), decoded)))
    }
}
