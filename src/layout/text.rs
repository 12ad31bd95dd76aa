//! Code pages: bytes to text with positions that count characters (decisions 6, IM9).
//!
//! The bank's files are Windows-1252; a byte-order mark, or non-ASCII bytes that are valid UTF-8 in the whole
//! file, mean UTF-8. That is decided once for a file, by [`Sniffer`], while its bytes are hashed. The five
//! bytes that Windows-1252 leaves undefined decode to control characters, which make a bad field.

use encoding_rs::WINDOWS_1252;

/// The code page of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Windows-1252, the bank's.
    Windows1252,
    /// UTF-8.
    Utf8,
}

impl Encoding {
    /// Name as stored in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Windows1252 => "windows-1252",
            Self::Utf8 => "utf-8",
        }
    }

    /// The code page with this name.
    pub fn parse(s: &str) -> Self {
        if s == "utf-8" { Self::Utf8 } else { Self::Windows1252 }
    }
}

/// Decides the code page of a file from all of its bytes, in any chunks.
#[derive(Debug, Default)]
pub struct Sniffer {
    begun: bool,
    bom: bool,
    non_ascii: bool,
    invalid: bool,
    tail: Vec<u8>,
}

impl Sniffer {
    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        if !self.begun && !bytes.is_empty() {
            self.begun = true;
            self.bom = bytes.starts_with(b"\xEF\xBB\xBF");
        }
        if self.invalid || (self.tail.is_empty() && bytes.is_ascii()) {
            return;
        }
        self.non_ascii = true;
        if self.tail.is_empty() {
            return self.check(bytes);
        }
        let mut joined = std::mem::take(&mut self.tail);
        joined.extend_from_slice(bytes);
        self.check(&joined);
    }

    fn check(&mut self, bytes: &[u8]) {
        if let Err(e) = std::str::from_utf8(bytes) {
            match e.error_len() {
                Some(_) => self.invalid = true,
                None => self.tail = bytes[e.valid_up_to()..].to_vec(),
            }
        }
    }

    /// The verdict.
    pub fn finish(self) -> Encoding {
        let utf8 = self.bom || (self.non_ascii && !self.invalid && self.tail.is_empty());
        if utf8 { Encoding::Utf8 } else { Encoding::Windows1252 }
    }
}

/// Scratch space to decode lines one after the other.
#[derive(Debug, Default)]
pub struct Decoder {
    text: String,
    offsets: Vec<u32>,
}

/// A decoded line: text, and where its characters begin when they are not one byte each.
#[derive(Clone, Copy, Debug)]
pub struct Decoded<'a> {
    /// The line.
    pub text: &'a str,
    offsets: Option<&'a [u32]>,
}

impl Decoder {
    /// Decodes one line; ASCII lines are borrowed as they are.
    pub fn decode<'a>(&'a mut self, bytes: &'a [u8], encoding: Encoding) -> Decoded<'a> {
        if bytes.is_ascii()
            && let Ok(text) = std::str::from_utf8(bytes)
        {
            return Decoded { text, offsets: None };
        }
        self.text.clear();
        match encoding {
            Encoding::Windows1252 => self.text.push_str(&WINDOWS_1252.decode_without_bom_handling(bytes).0),
            Encoding::Utf8 => self.text.push_str(&String::from_utf8_lossy(bytes)),
        }
        self.offsets.clear();
        self.offsets.extend(self.text.char_indices().map(|(i, _)| u32::try_from(i).unwrap_or(u32::MAX)));
        self.offsets.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
        Decoded { text: &self.text, offsets: Some(&self.offsets) }
    }
}

impl<'a> Decoded<'a> {
    /// Number of characters.
    pub fn chars(&self) -> usize {
        self.offsets.map_or(self.text.len(), |o| o.len() - 1)
    }

    /// The characters in a 0-based half-open range; what lies beyond the end is empty.
    pub fn slice(&self, at: &std::ops::Range<usize>) -> &'a str {
        let range = match self.offsets {
            None => at.clone(),
            Some(o) => {
                let byte = |i: usize| o.get(i).map_or(self.text.len(), |b| *b as usize);
                byte(at.start)..byte(at.end)
            }
        };
        self.text.get(range.start.min(self.text.len())..range.end.min(self.text.len())).unwrap_or("")
    }

    /// No control characters and no bytes without a meaning: fields need no check of their own.
    pub fn is_clean(&self) -> bool {
        self.offsets.is_none() && self.text.bytes().all(|b| (0x20..0x7F).contains(&b))
    }
}

/// Whether a field holds nothing but characters with a meaning (decisions 5: control bytes 00–1F, 7F and
/// bytes without a meaning in the code page make a bad field).
pub fn is_printable(s: &str) -> bool {
    s.chars().all(|c| !c.is_control() && c != char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sniff(chunks: &[&[u8]]) -> Encoding {
        let mut s = Sniffer::default();
        chunks.iter().for_each(|c| s.push(c));
        s.finish()
    }

    #[test]
    fn utf8_so_quando_todos_os_bytes_nao_ascii_sao_utf8() {
        assert_eq!(sniff(&[b"JOSE"]), Encoding::Windows1252);
        assert_eq!(sniff(&["JOSÉ".as_bytes()]), Encoding::Utf8);
        assert_eq!(sniff(&[b"JOS\xC9"]), Encoding::Windows1252);
        assert_eq!(sniff(&["JOSÉ".as_bytes(), b" JOS\xC9 "]), Encoding::Windows1252);
        assert_eq!(sniff(&[b"\xEF\xBB\xBFJOSE"]), Encoding::Utf8);
    }

    #[test]
    fn o_veredito_nao_depende_dos_pedacos() {
        let bytes = "ABC É ção €".as_bytes();
        for cut in 0..bytes.len() {
            assert_eq!(sniff(&[&bytes[..cut], &bytes[cut..]]), Encoding::Utf8, "{cut}");
        }
        assert_eq!(sniff(&[&"É".as_bytes()[..1]]), Encoding::Windows1252);
    }

    #[test]
    fn posicoes_contam_caracteres_nas_duas_codificacoes() {
        let mut d = Decoder::default();
        let utf8 = "JOSÉ DA CONCEIÇÃO 123";
        let latin: Vec<u8> = WINDOWS_1252.encode(utf8).0.into_owned();
        let a = d.decode(utf8.as_bytes(), Encoding::Utf8).slice(&(8..17)).to_owned();
        let b = d.decode(&latin, Encoding::Windows1252).slice(&(8..17)).to_owned();
        assert_eq!((a.as_str(), b.as_str()), ("CONCEIÇÃO", "CONCEIÇÃO"));
    }

    #[test]
    fn im9_bytes_sem_significado_sao_campo_ruim() {
        let mut d = Decoder::default();
        for b in [0x81u8, 0x8D, 0x8F, 0x90, 0x9D, 0x00, 0x1F, 0x7F] {
            let line = [b'A', b, b'B'];
            let dec = d.decode(&line, Encoding::Windows1252);
            assert_eq!(dec.chars(), 3);
            assert!(!dec.is_clean());
            assert!(!is_printable(dec.text), "{b:02X}");
        }
        assert!(is_printable(d.decode(b"\x80 \xC7", Encoding::Windows1252).text));
    }
}
