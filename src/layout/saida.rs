//! Files that go out: `;`, CRLF, header line, Windows-1252 (contract section 7); one that people open in a spreadsheet
//! is UTF-8 with the mark by which Excel knows it.
//!
//! Free text that a spreadsheet would run as a formula is neutralised (EX8); a character that the code page
//! lacks becomes `?` and is counted (EX11). Quoting is the csv crate's.

use super::{Layout, Type};
use encoding_rs::WINDOWS_1252;
use std::fmt::{self, Write as _};
use std::io::Write;

/// Writes the rows of one outgoing layout.
pub struct Escritor<W: Write> {
    csv: csv::Writer<W>,
    livres: Vec<bool>,
    linha: csv::ByteRecord,
    bytes: Vec<u8>,
    texto: String,
    na_linha: u64,
    utf8: bool,
    /// Rows written, without the header.
    pub linhas: u64,
    /// Characters replaced.
    pub substituidos: u64,
}

impl<W: Write> Escritor<W> {
    /// Begins a file: writes the header.
    ///
    /// # Errors
    /// Writing failed.
    pub fn new(out: W, layout: &Layout) -> std::io::Result<Self> {
        let fields = layout.records.first().map_or(&[][..], |r| &r.fields);
        let mut csv =
            csv::WriterBuilder::new().delimiter(layout.delimiter).terminator(csv::Terminator::CRLF).from_writer(out);
        csv.write_record(fields.iter().map(|f| f.header.as_bytes())).map_err(into_io)?;
        let livres = fields.iter().map(|f| matches!(f.ty, Type::Text | Type::Contrato)).collect();
        let (linha, bytes, texto) = (csv::ByteRecord::new(), Vec::new(), String::new());
        Ok(Self { csv, livres, linha, bytes, texto, na_linha: 0, utf8: false, linhas: 0, substituidos: 0 })
    }

    /// Begins one in UTF-8: its mark, then the header.
    ///
    /// # Errors
    /// Writing failed.
    pub fn utf8(mut out: W, layout: &Layout) -> std::io::Result<Self> {
        out.write_all("\u{feff}".as_bytes())?;
        Ok(Self { utf8: true, ..Self::new(out, layout)? })
    }

    /// The next cell: digits that a spreadsheet would take for a number and shorten, as a formula that is their text;
    /// anything else as [`Self::celula`].
    pub fn numero_como_texto(&mut self, text: &str) {
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
            return self.celula(text);
        }
        self.bytes.clear();
        self.bytes.extend_from_slice(b"=\"");
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.push(b'"');
        self.linha.push_field(&self.bytes);
    }

    /// The next cell of the row.
    pub fn celula(&mut self, text: &str) {
        if text.is_empty() {
            self.linha.push_field(b"");
            return;
        }
        let free = self.livres.get(self.linha.len()).copied().unwrap_or(false);
        self.bytes.clear();
        if free && text.starts_with(['=', '+', '-', '@', '\t']) {
            self.bytes.push(b'\'');
        }
        if self.utf8 || text.is_ascii() {
            self.bytes.extend_from_slice(text.as_bytes());
        } else {
            self.codifica(text);
        }
        // a line break inside a cell would shift rows in readers that do not know quotes
        if self.bytes.iter().any(|b| *b < b' ') {
            self.bytes.iter_mut().filter(|b| matches!(b, b'\r' | b'\n' | 0)).for_each(|b| *b = b' ');
        }
        self.linha.push_field(&self.bytes);
    }

    /// `encode` of encoding_rs would write `&#537;`, whose `;` shifts a column.
    fn codifica(&mut self, text: &str) {
        let mut buf = [0; 4];
        for c in text.chars() {
            let (out, _, unmappable) = WINDOWS_1252.encode(c.encode_utf8(&mut buf));
            if unmappable {
                self.na_linha += 1;
                self.bytes.push(b'?');
            } else {
                self.bytes.extend_from_slice(&out);
            }
        }
    }

    /// The next cell, formatted: no allocation a cell.
    pub fn formata(&mut self, text: fmt::Arguments<'_>) {
        let mut buf = std::mem::take(&mut self.texto);
        buf.clear();
        // a String takes whatever is written
        let _ = buf.write_fmt(text);
        self.celula(&buf);
        self.texto = buf;
    }

    /// The next cell: a number, empty where there is none.
    pub fn inteiro(&mut self, v: Option<i64>) {
        let Some(v) = v else { return self.linha.push_field(b"") };
        // from the last digit on, in a buffer that holds any of them
        let (mut digits, mut at, mut rest) = ([0_u8; 20], 20, v.unsigned_abs());
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.bytes.clear();
        if v < 0 {
            self.bytes.push(b'-');
        }
        self.bytes.extend_from_slice(&digits[at..]);
        self.linha.push_field(&self.bytes);
    }

    /// So many empty cells.
    pub fn vazias(&mut self, n: usize) {
        (0..n).for_each(|_| self.linha.push_field(b""));
    }

    /// The row so far, cell by cell, as its bytes go out.
    pub fn celulas(&self) -> impl Iterator<Item = &[u8]> {
        self.linha.iter()
    }

    /// Leaves the row out.
    pub fn descarta(&mut self) {
        self.linha.clear();
        self.na_linha = 0;
    }

    /// Ends the row.
    ///
    /// # Errors
    /// Writing failed, or the row has another number of cells than the header.
    pub fn fim_da_linha(&mut self) -> std::io::Result<()> {
        self.csv.write_byte_record(&self.linha).map_err(into_io)?;
        self.linha.clear();
        self.linhas += 1;
        self.substituidos += std::mem::take(&mut self.na_linha);
        Ok(())
    }

    /// Flushes and gives the writer back.
    ///
    /// # Errors
    /// Writing failed.
    pub fn fim(self) -> std::io::Result<W> {
        self.csv.into_inner().map_err(|e| std::io::Error::new(e.error().kind(), e.to_string()))
    }
}

fn into_io(e: csv::Error) -> std::io::Error {
    match e.into_kind() {
        csv::ErrorKind::Io(e) => e,
        other => std::io::Error::other(format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::load;

    #[test]
    fn formulas_acentos_e_caracteres_ausentes() {
        let layouts = load::builtin().unwrap();
        let mut w = Escritor::new(Vec::new(), layouts.get("erros").unwrap()).unwrap();
        for c in ["=cmd()", "1", "-5", "Ação; \"x\"", "ș", "a\nb"] {
            w.celula(c);
        }
        w.fim_da_linha().unwrap();
        assert_eq!((w.linhas, w.substituidos), (1, 1));
        let bytes = w.fim().unwrap();
        let text = WINDOWS_1252.decode(&bytes).0.into_owned();
        assert_eq!(text, "ARQUIVO;LINHA;CONTRATO;CAMPO;CODIGO;MENSAGEM\r\n'=cmd();1;'-5;\"Ação; \"\"x\"\"\";?;a b\r\n");
    }

    #[test]
    fn para_planilhas_em_utf8_e_numeros_inteiros() {
        let layouts = load::builtin().unwrap();
        let mut w = Escritor::utf8(Vec::new(), layouts.get("erros").unwrap()).unwrap();
        w.celula("șŁ");
        for c in ["0012", "123456789012", "=1+1", "", "A1"] {
            w.numero_como_texto(c);
        }
        w.fim_da_linha().unwrap();
        assert_eq!(w.substituidos, 0);
        let text = String::from_utf8(w.fim().unwrap()).unwrap();
        assert_eq!(
            text,
            "\u{feff}ARQUIVO;LINHA;CONTRATO;CAMPO;CODIGO;MENSAGEM\r\nșŁ;\"=\"\"0012\"\"\";\"=\"\"123456789012\"\"\";'=1+1;;A1\r\n"
        );
    }
}
