//! One line of a file, whatever its format, and what breaks a file's structure.

use super::text::Decoded;
use super::valor::{self, Leitura, Valor};
use super::{Format, Record};
use crate::domain::codigo::Codigo;

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
    corpo: Corpo<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Corpo<'a> {
    Fixo(Decoded<'a>),
    /// A cell for each field of the record, in its order.
    Celulas {
        celulas: &'a [&'a str],
        limpa: bool,
    },
}

impl<'a> Linha<'a> {
    /// A line of a fixed file.
    pub fn fixa(numero: u32, original: &'a [u8], registro: usize, record: &'a Record, decoded: Decoded<'a>) -> Self {
        Self { numero, original, registro, record, corpo: Corpo::Fixo(decoded) }
    }

    /// A line of cells; `celulas` holds one for each field of the record.
    pub fn de_celulas(
        numero: u32,
        original: &'a [u8],
        record: &'a Record,
        celulas: &'a [&'a str],
        limpa: bool,
    ) -> Self {
        Self { numero, original, registro: 0, record, corpo: Corpo::Celulas { celulas, limpa } }
    }

    /// The text of a field, untrimmed.
    #[inline]
    pub fn campo(&self, index: usize) -> &'a str {
        match self.corpo {
            Corpo::Fixo(decoded) => self.record.fields.get(index).map_or("", |f| decoded.slice(&f.at)),
            Corpo::Celulas { celulas, .. } => celulas.get(index).copied().unwrap_or(""),
        }
    }

    /// The characters in a 0-based range of columns of a fixed line.
    #[inline]
    pub fn colunas(&self, at: &std::ops::Range<usize>) -> &'a str {
        match self.corpo {
            Corpo::Fixo(decoded) => decoded.slice(at),
            Corpo::Celulas { .. } => "",
        }
    }

    /// No field can hold a control character (see [`Decoded::is_clean`]).
    pub fn limpa(&self) -> bool {
        match self.corpo {
            Corpo::Fixo(decoded) => decoded.is_clean(),
            Corpo::Celulas { limpa, .. } => limpa,
        }
    }

    /// Reads one field.
    ///
    /// # Errors
    /// The code of what is wrong with it, see [`valor::parse`].
    #[inline]
    pub fn valor(&self, index: usize) -> Result<Valor<'a>, Codigo> {
        let Some(field) = self.record.fields.get(index) else { return Ok(Valor::Nulo) };
        let format = match self.corpo {
            Corpo::Fixo(_) => Format::Fixed,
            Corpo::Celulas { .. } => Format::Delimited,
        };
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
