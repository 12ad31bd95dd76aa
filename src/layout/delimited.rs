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
        if let Some(fault) = corta(&mut self.celulas, decoded.text(), &raw, cabecalho.colunas) {
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
        let Some(record) = self.record else { return Ok(None) };
        let decoded = self.decoder.decode(raw.bytes, self.encoding);
        let read = match self.celulas.corta(decoded.text()) {
            Corte::Aberta => Err(Fault::Quote { line: raw.number }),
            Corte::Celulas(n) => {
                let nomes: Vec<&str> = (0..n).map(|i| self.celulas.celula(i)).collect();
                Cabecalho::novo(record, &nomes, raw.whole).map_err(|f| Fault::Header(Box::new(f)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::load;
    use crate::layout::valor::Valor;
    use proptest::prelude::*;

    fn layout() -> Layout {
        let text = "kind = \"t\"\nfiles = []\nformat = \"delimited\"\n[[record]]\nname = \"l\"\nfields = [\n\
            { name = \"contrato\", type = \"contrato\", required = true },\n\
            { name = \"nome\", type = \"text\" },\n\
            { name = \"valor\", type = \"decimal\", scale = 2 },\n]\n";
        load::parse("t", "t.toml", text).unwrap()
    }

    /// Each line as `number/index: contrato|nome|valor`, faults as they are.
    fn le(bytes: &[u8], encoding: Encoding) -> Vec<String> {
        let layout = layout();
        let mut r = Reader::new(bytes, &layout, encoding);
        let mut out = Vec::new();
        loop {
            match r.next_line().unwrap() {
                Next::End => break,
                Next::Fault(f) => out.push(format!("{f:?}")),
                Next::Linha(l) => {
                    let cells = [0, 1, 2].map(|i| l.campo(i));
                    out.push(format!("{}/{}: {}", l.numero, l.indice, cells.join("|")));
                }
            }
        }
        out
    }

    fn utf8(text: &str) -> Vec<String> {
        le(text.as_bytes(), Encoding::Utf8)
    }

    #[test]
    fn crlf_lf_bom_e_ultima_linha_sem_quebra() {
        let want = ["2/0: 1|A|1,00", "3/1: 2|B|2,00"];
        for text in [
            "CONTRATO;NOME;VALOR\r\n1;A;1,00\r\n2;B;2,00\r\n",
            "contrato;Nome;valor\n1;A;1,00\n2;B;2,00",
            "\u{feff}CONTRATO;NOME;VALOR\n1;A;1,00\n2;B;2,00\n\n",
            "CONTRATO;NOME;VALOR;\n1;A;1,00;\n2;B;2,00;;\n\x1a",
            "\"CONTRATO\";\"NOME\";\"VALOR\"\n\"1\";\"A\";\"1,00\"\n2;B;2,00\n",
        ] {
            assert_eq!(utf8(text), want, "{text:?}");
        }
        let (layout, text) = (layout(), b"CONTRATO\n1");
        let mut r = Reader::new(&text[..], &layout, Encoding::Utf8);
        assert!(r.cabecalho().is_empty());
        assert!(matches!(r.next_line().unwrap(), Next::Linha(l) if l.original == b"1"));
        assert!(r.unterminated);
        assert_eq!(r.cabecalho(), b"CONTRATO\n");
    }

    #[test]
    fn a_ordem_e_livre_e_o_que_falta_e_vazio() {
        assert_eq!(utf8("VALOR;CONTRATO\n5;7\n"), ["2/0: 7||5"]);
        assert_eq!(utf8("Filial;nome;CONTRATO;Obs\n01;Zé;7;x\n"), ["2/0: 7|Zé|"]);
        let (layout, text) = (layout(), "Filial;CONTRATO\n");
        let mut r = Reader::new(text.as_bytes(), &layout, Encoding::Utf8);
        assert!(matches!(r.next_line().unwrap(), Next::End));
        assert_eq!((r.unknown.as_slice(), r.cabecalho()), (&["Filial".to_owned()][..], text.as_bytes()));
    }

    #[test]
    fn as_duas_codificacoes_e_as_posicoes_das_celulas() {
        let want = ["2/0: 1|JOSÉ; \"ZÉ\"|1,00"];
        let text = "CONTRATO;NÔME;VALOR\n1;\"JOSÉ; \"\"ZÉ\"\"\";1,00\n".replace("NÔME", "NOME");
        assert_eq!(utf8(&text), want);
        let latin = encoding_rs::WINDOWS_1252.encode(&text).0.into_owned();
        assert_eq!(le(&latin, Encoding::Windows1252), want);
    }

    #[test]
    fn im12_aspas_abertas_ou_quebra_na_celula_nao_engolem_as_linhas_seguintes() {
        let text = "CONTRATO;NOME;VALOR\n1;\"A;1,00\n2;B;2,00\n3;\"C\nD\";3,00\n4;E;4,00\n";
        let quote = |line| format!("Quote {{ line: {line} }}");
        // the second half of a broken cell begins with text: its quote is a character, its cells too few
        let cut = "Columns { line: 5, found: 2, expected: 3, cut: false }".to_owned();
        assert_eq!(utf8(text), [quote(2), "3/0: 2|B|2,00".into(), quote(4), cut, "6/1: 4|E|4,00".into()]);
        assert_eq!(utf8("CONTRATO;\"NOME\n1;A\n"), [quote(1)]);
    }

    #[test]
    fn celulas_a_menos_ou_a_mais() {
        let columns = |found, cut| format!("Columns {{ line: 2, found: {found}, expected: 3, cut: {cut} }}");
        let head = "CONTRATO;NOME;VALOR\n";
        assert_eq!(utf8(&format!("{head}1;A\n")), [columns(2, false)]);
        assert_eq!(utf8(&format!("{head}1;A")), [columns(2, true)]);
        assert_eq!(utf8(&format!("{head}1;A;B;2,00\n")), [columns(4, false)]);
        assert_eq!(utf8(&format!("{head}\n3;C;1\n"))[0], columns(0, false));
        assert_eq!(utf8(&format!("{head}{}\n", "x;".repeat(3000))).len(), 1);
        assert_eq!(utf8(&format!("{head}1;A;;  ; ;\n")), ["2/0: 1|A|"]);
    }

    #[test]
    fn nada_um_cabecalho_so_ou_o_de_outro() {
        assert!(utf8("").is_empty());
        assert!(utf8("CONTRATO;NOME\r\n").is_empty());
        for text in ["A;B;C\n1;2;3\n", "NOME;VALOR\nx;1\n", "CONTRATO;contrato\n1;2\n", "\n1;2\n"] {
            let all = utf8(text);
            assert!(all.len() == 1 && all[0].starts_with("Header("), "{all:?}");
        }
        assert!(utf8(&"x".repeat(2 * MAX_LINHA))[0].starts_with("NoBreak"));
        let long = format!("CONTRATO\n{}", "9".repeat(2 * MAX_LINHA));
        assert_eq!(utf8(&long), ["NoBreak { line: 2 }"]);
    }

    #[test]
    fn os_valores_seguem_a_notacao_brasileira() {
        let layout = layout();
        let text = "CONTRATO;NOME;VALOR\n1,23E+11;A\x07;R$ 1.234,5\n";
        let mut r = Reader::new(text.as_bytes(), &layout, Encoding::Utf8);
        let Next::Linha(l) = r.next_line().unwrap() else { panic!("a line") };
        assert_eq!(l.valor(0), Err(crate::domain::codigo::Codigo::NotacaoCientifica));
        assert_eq!(l.valor(1), Err(crate::domain::codigo::Codigo::CaractereInvalido));
        assert_eq!(l.valor(2), Ok(Valor::Int(123_450)));
    }

    proptest! {
        /// Whatever stands in a file, each physical line below the header is told once, in order, and its
        /// bytes are those of the file.
        #[test]
        fn cada_linha_fisica_uma_vez(lines in prop::collection::vec("[\"; a1é\r\u{0}]{0,12}", 0..20), latin in any::<bool>()) {
            let encoding = if latin { Encoding::Windows1252 } else { Encoding::Utf8 };
            let body = lines.iter().map(|l| format!("{l}x\n")).collect::<String>();
            let text = format!("CONTRATO;NOME\n{body}");
            let layout = layout();
            let mut r = Reader::new(text.as_bytes(), &layout, encoding);
            let physical: Vec<&str> = text.split_inclusive('\n').collect();
            let (mut number, mut index) = (1, 0);
            loop {
                number += 1;
                match r.next_line().unwrap() {
                    Next::End => break,
                    Next::Linha(l) => {
                        prop_assert_eq!((l.numero, l.indice), (number, index));
                        prop_assert_eq!(l.original, physical[number as usize - 1].as_bytes());
                        index += 1;
                    }
                    Next::Fault(Fault::Quote { line } | Fault::Columns { line, .. }) => prop_assert_eq!(line, number),
                    Next::Fault(f) => prop_assert!(false, "{f:?}"),
                }
            }
            prop_assert_eq!(number as usize, lines.len() + 2);
        }

        #[test]
        fn nunca_entra_em_panico(bytes in prop::collection::vec(any::<u8>(), 0..200), utf8 in any::<bool>()) {
            let encoding = if utf8 { Encoding::Utf8 } else { Encoding::Windows1252 };
            for head in [&b""[..], b"CONTRATO;NOME\n"] {
                le(&[head, &bytes].concat(), encoding);
            }
        }
    }
}
