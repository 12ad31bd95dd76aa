//! Lines written through the layout: nothing is truncated, nothing replaced.

use crate::layout::{Record, Type};
use chrono::{Datelike, NaiveDate};
use encoding_rs::WINDOWS_1252;
use std::io::{self, Write};

/// Writes the lines of one record of a fixed layout.
///
/// A field that is not set stays blank (dates: zeros). The first fault (unknown field, value too long, a
/// character outside Windows-1252) is kept and comes out of [`Linha::escreve`]. Fields set in the order of
/// the layout are found at once, without hashing.
#[derive(Debug)]
pub struct Linha<'a> {
    record: &'a Record,
    vazia: Vec<u8>,
    buf: Vec<u8>,
    cursor: usize,
    nome: String,
    erro: Option<String>,
}

impl<'a> Linha<'a> {
    /// A blank line of this record.
    pub fn new(record: &'a Record) -> Self {
        let mut vazia = vec![b' '; record.width];
        for f in record.fields.iter().filter(|f| matches!(f.ty, Type::Date { .. })) {
            vazia[f.at.clone()].fill(b'0');
        }
        vazia.extend_from_slice(b"\r\n");
        let buf = vazia.clone();
        Self { record, vazia, buf, cursor: 0, nome: String::new(), erro: None }
    }

    /// Makes the line blank again.
    pub fn limpa(&mut self) -> &mut Self {
        self.buf.copy_from_slice(&self.vazia);
        self.cursor = 0;
        self.erro = None;
        self
    }

    /// Sets a field: numbers, codes, documents and dates right-aligned with zeros, text left-aligned with
    /// blanks. An empty value leaves the field as it is in a blank line.
    pub fn set(&mut self, campo: &str, valor: &str) -> &mut Self {
        let Some(i) = self.acha(campo) else { return self };
        if valor.is_ascii() {
            self.poe(i, valor.as_bytes());
        } else {
            let (bytes, _, trocou) = WINDOWS_1252.encode(valor);
            if trocou {
                self.falha(format!("`{campo}`: a character has no place in Windows-1252"));
            } else {
                self.poe(i, &bytes);
            }
        }
        self
    }

    /// Sets a field to a whole number (money in cents).
    pub fn num(&mut self, campo: &str, valor: u64) -> &mut Self {
        if let Some(i) = self.acha(campo) {
            let mut digitos = [b'0'; 20];
            let (mut n, mut inicio) = (valor, digitos.len());
            while n > 0 || inicio == digitos.len() {
                inicio -= 1;
                digitos[inicio] = b'0' + (n % 10) as u8;
                n /= 10;
            }
            self.poe(i, &digitos[inicio..]);
        }
        self
    }

    /// Sets a field to a date, `AAAAMMDD`.
    pub fn data(&mut self, campo: &str, d: NaiveDate) -> &mut Self {
        self.num(campo, u64::from(d.year().unsigned_abs()) * 10_000 + u64::from(d.month() * 100 + d.day()))
    }

    /// Sets a flag, `S` or `N`.
    pub fn flag(&mut self, campo: &str, sim: bool) -> &mut Self {
        self.set(campo, if sim { "S" } else { "N" })
    }

    /// Sets a field of a numbered group: `("telefone_", 3, "_ddd")` is `telefone_3_ddd`.
    pub fn grupo(&mut self, grupo: &str, n: usize, campo: &str, valor: &str) -> &mut Self {
        let mut nome = std::mem::take(&mut self.nome);
        nome.clear();
        nome.push_str(grupo);
        if n >= 10 {
            nome.push(char::from(b'0' + (n / 10 % 10) as u8));
        }
        nome.push(char::from(b'0' + (n % 10) as u8));
        nome.push_str(campo);
        self.set(&nome, valor);
        self.nome = nome;
        self
    }

    /// The line with its line break.
    ///
    /// # Errors
    /// The first fault of the fields set, or of the writer.
    pub fn escreve(&mut self, w: &mut impl Write) -> io::Result<()> {
        match self.erro.take() {
            Some(e) => Err(io::Error::other(e)),
            None => w.write_all(&self.buf),
        }
    }

    fn acha(&mut self, campo: &str) -> Option<usize> {
        let campos = &self.record.fields;
        let achado = (self.cursor..campos.len()).chain(0..self.cursor).find(|i| campos[*i].name == campo);
        match achado {
            Some(i) => self.cursor = i + 1,
            None => self.falha(format!("`{campo}`: record `{}` has no such field", self.record.name)),
        }
        achado
    }

    fn poe(&mut self, i: usize, valor: &[u8]) {
        let f = &self.record.fields[i];
        if valor.is_empty() {
            return;
        }
        let Some(folga) = f.at.len().checked_sub(valor.len()) else {
            let (nome, ha, cabe) = (&f.name, valor.len(), f.at.len());
            return self.falha(format!("`{nome}`: {ha} characters for {cabe} columns"));
        };
        let destino = &mut self.buf[f.at.clone()];
        if matches!(f.ty, Type::Text | Type::Contrato | Type::Flag) {
            destino[..valor.len()].copy_from_slice(valor);
            destino[valor.len()..].fill(b' ');
        } else {
            destino[..folga].fill(b'0');
            destino[folga..].copy_from_slice(valor);
        }
    }

    fn falha(&mut self, porque: String) {
        self.erro.get_or_insert(porque);
    }
}

/// Writes the header and rows of a delimited layout.
#[derive(Debug)]
pub(super) struct Tabela {
    celulas: Vec<String>,
    buf: String,
}

impl Tabela {
    /// With every column of the layout.
    pub fn new(record: &Record, w: &mut impl Write) -> io::Result<Self> {
        Self::com(record, |_| true, w)
    }

    /// With the columns whose field is wanted.
    pub fn com(record: &Record, quer: impl Fn(&str) -> bool, w: &mut impl Write) -> io::Result<Self> {
        let celulas = record.fields.iter().filter(|f| quer(&f.name)).map(|f| f.header.clone()).collect();
        let mut t = Self { celulas, buf: String::new() };
        t.escreve(w)?;
        Ok(t)
    }

    /// Writes a row, cells in the order of the layout, and blanks it.
    pub fn linha(&mut self, w: &mut impl Write, celulas: &[&str]) -> io::Result<()> {
        if celulas.len() != self.celulas.len() {
            return Err(io::Error::other(format!("{} cells for {} columns", celulas.len(), self.celulas.len())));
        }
        for (de, para) in celulas.iter().zip(&mut self.celulas) {
            para.clear();
            para.push_str(de);
        }
        self.escreve(w)
    }

    fn escreve(&mut self, w: &mut impl Write) -> io::Result<()> {
        self.buf.clear();
        for (i, c) in self.celulas.iter().enumerate() {
            if i > 0 {
                self.buf.push(';');
            }
            if c.contains([';', '"', '\n', '\r']) {
                self.buf.push('"');
                self.buf.push_str(&c.replace('"', "\"\""));
                self.buf.push('"');
            } else {
                self.buf.push_str(c);
            }
        }
        self.buf.push_str("\r\n");
        match WINDOWS_1252.encode(&self.buf) {
            (_, _, true) => Err(io::Error::other("a character has no place in Windows-1252")),
            (bytes, _, false) => w.write_all(&bytes),
        }
    }
}
