//! One line of a file, whatever its format, and what breaks a file's structure.

use super::text::Decoded;
use super::valor::{self, Leitura, Valor};
use super::{Format, Record};
use crate::domain::codigo::Codigo;
use std::ops::Range;

/// One structurally sound line.
#[derive(Clone, Copy, Debug)]
pub struct Linha<'a> {
    /// Physical line, from 1.
    pub numero: u32,
    /// Its place among the data lines, from 0: a header counts as a physical line only.
    pub indice: u32,
    /// The bytes as they stood in the file, line break and all.
    pub original: &'a [u8],
    /// Index of its record in the layout.
    pub registro: usize,
    /// Its record.
    pub record: &'a Record,
    corpo: Corpo<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Corpo<'a> {
    /// `inteira`: the line decoded as a whole, and where each field begins and the last ends in it, in bytes.
    Fixo { decoded: Decoded<'a>, inteira: Option<(&'a str, &'a [usize])> },
    /// Where the cell of each field of the record lies in the text, in the record's order.
    Celulas { texto: &'a str, celulas: &'a [Range<usize>], limpa: bool },
}

impl<'a> Linha<'a> {
    /// A line of a fixed file.
    pub fn fixa(
        numero: u32,
        original: &'a [u8],
        (registro, record): (usize, &'a Record),
        decoded: Decoded<'a>,
    ) -> Self {
        let indice = numero.saturating_sub(1);
        Self { numero, indice, original, registro, record, corpo: Corpo::Fixo { decoded, inteira: None } }
    }

    /// A line of cells: for each field of the record the bytes of `texto` that its cell takes, `0..0` where the
    /// file has no such column. The first argument is the physical line and the place among the data lines.
    pub fn de_celulas(
        (numero, indice): (u32, u32),
        original: &'a [u8],
        record: &'a Record,
        texto: &'a str,
        celulas: &'a [Range<usize>],
        limpa: bool,
    ) -> Self {
        Self { numero, indice, original, registro: 0, record, corpo: Corpo::Celulas { texto, celulas, limpa } }
    }

    /// The same line for one who reads most of its fields: decoded at once, not field by field.
    pub fn inteira(mut self) -> Self {
        if let Corpo::Fixo { decoded, inteira } = &mut self.corpo {
            *inteira = decoded.whole();
        }
        self
    }

    /// The text of a field, untrimmed.
    #[inline]
    pub fn campo(&self, index: usize) -> &'a str {
        match self.corpo {
            Corpo::Fixo { inteira: Some((text, limites)), .. } => match limites.get(index..index + 2) {
                Some([start, end]) => text.get(*start..*end).unwrap_or(""),
                _ => "",
            },
            Corpo::Fixo { decoded, .. } => self.record.fields.get(index).map_or("", |f| decoded.slice(&f.at)),
            Corpo::Celulas { texto, celulas, .. } => {
                celulas.get(index).and_then(|at| texto.get(at.clone())).unwrap_or("")
            }
        }
    }

    /// The characters in a 0-based range of columns of a fixed line.
    #[inline]
    pub fn colunas(&self, at: &Range<usize>) -> &'a str {
        match self.corpo {
            Corpo::Fixo { decoded, .. } => decoded.slice(at),
            Corpo::Celulas { .. } => "",
        }
    }

    /// Appends the characters in a 0-based range of columns of a fixed line, as UTF-8.
    pub fn copia(&self, at: &Range<usize>, out: &mut Vec<u8>) {
        if let Corpo::Fixo { decoded, .. } = self.corpo {
            decoded.append(at, out);
        }
    }

    /// No field can hold a control character (see [`Decoded::is_clean`]).
    pub fn limpa(&self) -> bool {
        match self.corpo {
            Corpo::Fixo { decoded, .. } => decoded.is_clean(),
            Corpo::Celulas { limpa, .. } => limpa,
        }
    }

    /// How its fields are written: a workbook has become delimited text by now.
    #[inline]
    pub fn formato(&self) -> Format {
        match self.corpo {
            Corpo::Fixo { .. } => Format::Fixed,
            Corpo::Celulas { .. } => Format::Delimited,
        }
    }

    /// Reads one field.
    ///
    /// # Errors
    /// The code of what is wrong with it, see [`valor::parse`].
    #[inline]
    pub fn valor(&self, index: usize) -> Result<Valor<'a>, Codigo> {
        let Some(field) = self.record.fields.get(index) else { return Ok(Valor::Nulo) };
        let format = self.formato();
        let pessoa = field.pessoa.map(|p| self.campo(p));
        valor::parse(field, self.campo(index), Leitura { format, clean: self.limpa(), pessoa })
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
    /// A delimited line has another number of cells than the header.
    Columns {
        /// Physical line, from 1.
        line: u32,
        /// Cells found; 0 in a blank line.
        found: usize,
        /// Columns of the header.
        expected: usize,
        /// It is the last line, shorter, and has no line break: the file was cut.
        cut: bool,
    },
    /// A quote is opened in this line and not closed in it: a line break inside a cell, or a lost quote.
    Quote {
        /// Physical line, from 1.
        line: u32,
    },
    /// The first line is not the header that the layout asks for.
    Header(Box<HeaderFault>),
}

impl Fault {
    /// Nothing behind it can be read.
    pub fn stops(&self) -> bool {
        matches!(self, Self::NoBreak { .. } | Self::Header(_))
    }
}

/// What is wrong with the header of a delimited file. Headers only, never a value: a first line in which no
/// column of the layout stands may be data, and then nothing of it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderFault {
    /// Headers of the required columns that are missing.
    pub missing: Vec<String>,
    /// Headers of the layout's columns that stand twice.
    pub doubled: Vec<String>,
    /// Headers of which at least one has to stand there, when none does.
    pub one_of: Vec<String>,
    /// Columns of the layout found.
    pub known: usize,
    /// Columns in the line.
    pub columns: usize,
    /// The columns that no field is matched with, escaped, ten at most; empty when `known` is 0.
    pub unknown: Vec<String>,
}

/// What stands next in the file.
pub enum Next<'a> {
    /// A sound line.
    Linha(Linha<'a>),
    /// A broken one; reading may go on, unless [`Fault::stops`].
    Fault(Fault),
    /// Nothing more.
    End,
}
