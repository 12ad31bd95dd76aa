//! The reader that a layout asks for, with one face.

use super::linha::Next;
use super::text::Encoding;
use super::{Format, Layout, delimited, fixed};
use std::io::{self, Read};

/// Reads the lines of a file by its layout. A workbook is read as the delimited UTF-8 text that
/// [`super::planilha`] makes of it.
pub enum Leitor<'l, R> {
    /// Lines of fixed records.
    Fixo(Box<fixed::Reader<'l, R>>),
    /// Lines of cells below a header.
    Delimitado(Box<delimited::Reader<'l, R>>),
}

impl<'l, R: Read> Leitor<'l, R> {
    /// A reader of `inner` by `layout`.
    pub fn new(inner: R, layout: &'l Layout, encoding: Encoding) -> Self {
        match layout.format {
            Format::Fixed => Self::Fixo(Box::new(fixed::Reader::new(inner, layout, encoding))),
            Format::Delimited => Self::Delimitado(Box::new(delimited::Reader::new(inner, layout, encoding))),
            Format::Sheet => Self::Delimitado(Box::new(delimited::Reader::new(inner, layout, Encoding::Utf8))),
        }
    }

    /// The next line.
    ///
    /// # Errors
    /// Reading failed.
    pub fn next_line(&mut self) -> io::Result<Next<'_>> {
        match self {
            Self::Fixo(r) => r.next_line(),
            Self::Delimitado(r) => r.next_line(),
        }
    }

    /// The last line had no line break.
    pub fn unterminated(&self) -> bool {
        match self {
            Self::Fixo(r) => r.unterminated,
            Self::Delimitado(r) => r.unterminated,
        }
    }

    /// The header line as it stood; empty in fixed files, in an empty file and before the first line.
    pub fn cabecalho(&self) -> &[u8] {
        match self {
            Self::Fixo(_) => &[],
            Self::Delimitado(r) => r.cabecalho(),
        }
    }

    /// Columns of the file that the layout does not know.
    pub fn unknown(&self) -> &[String] {
        match self {
            Self::Fixo(_) => &[],
            Self::Delimitado(r) => &r.unknown,
        }
    }
}
