//! The cells of one line; quoting is csv-core's.

use csv_core::ReadRecordResult;
use std::ops::Range;

/// Cuts lines, one after the other, into the same buffers.
pub(super) struct Celulas {
    csv: csv_core::Reader,
    bytes: Vec<u8>,
    texto: String,
    fins: Vec<usize>,
}

/// How a line was cut.
pub(super) enum Corte {
    /// So many cells.
    Celulas(usize),
    /// A quote was opened and not closed.
    Aberta,
}

impl Celulas {
    pub fn new(delimiter: u8) -> Self {
        // the frame took the line break off: whatever else stands in the line is content, a lone CR too
        let csv =
            csv_core::ReaderBuilder::new().delimiter(delimiter).terminator(csv_core::Terminator::Any(b'\n')).build();
        Self { csv, bytes: Vec::new(), texto: String::new(), fins: Vec::new() }
    }

    /// Cuts a line without its break.
    pub fn corta(&mut self, line: &str) -> Corte {
        self.texto.clear();
        if line.is_empty() {
            return Corte::Celulas(0);
        }
        self.csv.reset();
        // room for a line of nothing but delimiters: no cell is left unread, however many there are
        self.bytes.resize(line.len() + 2, 0);
        if self.fins.len() < self.bytes.len() {
            self.fins.resize(self.bytes.len(), 0);
        }
        let (mut out, mut cells, mut complete) = (0, 0, false);
        // the break is given by itself: inside an open quote it is content, and the record does not end
        for input in [line.as_bytes(), b"\n"] {
            let (to, ends) = (self.bytes.get_mut(out..), self.fins.get_mut(cells..));
            let (Some(to), Some(ends)) = (to, ends) else { break };
            let (result, _, wrote, ended) = self.csv.read_record(input, to, ends);
            (out, cells) = (out + wrote, cells + ended);
            complete = matches!(result, ReadRecordResult::Record);
        }
        if !complete {
            return Corte::Aberta;
        }
        // cells of UTF-8 cut at ASCII delimiters are UTF-8
        self.texto.push_str(std::str::from_utf8(self.bytes.get(..out).unwrap_or(&[])).unwrap_or(""));
        Corte::Celulas(cells)
    }

    /// The text of all cells, one behind the other.
    pub fn texto(&self) -> &str {
        &self.texto
    }

    /// Where a cell lies in the text.
    pub fn onde(&self, i: usize) -> Range<usize> {
        let end = self.fins.get(i).copied().unwrap_or(0);
        i.checked_sub(1).and_then(|b| self.fins.get(b).copied()).unwrap_or(0)..end
    }

    /// The text of a cell.
    pub fn celula(&self, i: usize) -> &str {
        self.texto.get(self.onde(i)).unwrap_or("")
    }
}
