//! Code pages: bytes to text with positions that count characters (decisions 6, IM9).
//!
//! The bank's files are Windows-1252; a byte-order mark, or non-ASCII bytes that are valid UTF-8 in the whole
//! file, mean UTF-8. That is decided once for a file, by [`Sniffer`], while its bytes are hashed. The five
//! bytes that Windows-1252 leaves undefined decode to control characters, which make a bad field.

use super::Field;
use encoding_rs::WINDOWS_1252;
use std::sync::OnceLock;

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

/// The upper half of Windows-1252, by the one library that knows it.
fn upper() -> &'static [char; 128] {
    static TABLE: OnceLock<[char; 128]> = OnceLock::new();
    TABLE.get_or_init(|| {
        std::array::from_fn(|i| {
            let byte = [0x80 | u8::try_from(i).unwrap_or(0)];
            WINDOWS_1252.decode_without_bom_handling(&byte).0.chars().next().unwrap_or(char::REPLACEMENT_CHARACTER)
        })
    })
}

/// Bytes that are looked at together.
const BLOCO: usize = 128;

/// Whether any byte is a control, and the places of the blocks that are not all ASCII; without a branch inside
/// a block, so that the compiler takes sixteen bytes at a time.
fn sweep(bytes: &[u8], altos: &mut Vec<usize>) -> bool {
    altos.clear();
    let (mut low, mut delete) = (u8::MAX, 0u8);
    for (k, block) in bytes.chunks(BLOCO).enumerate() {
        let mut high = 0u8;
        for b in block {
            high |= *b;
            low = low.min(*b);
            // 7F is the greatest of all once the halves are exchanged
            delete = delete.max(*b ^ 0x80);
        }
        if high >= 0x80 {
            altos.push(k * BLOCO);
        }
    }
    low < 0x20 || delete == u8::MAX
}

/// The places of the bytes beyond ASCII, found eight at a time.
fn altos(block: &[u8]) -> impl Iterator<Item = usize> {
    const ALTO: u64 = 0x8080_8080_8080_8080;
    block.chunks(8).enumerate().flat_map(|(k, eight)| {
        let mut word = [0; 8];
        word[..eight.len()].copy_from_slice(eight);
        let mut high = u64::from_le_bytes(word) & ALTO;
        std::iter::from_fn(move || {
            let at = high.trailing_zeros() as usize / 8;
            // the lowest bit that is set goes
            high = high.checked_sub(1).map(|less| high & less)?;
            Some(8 * k + at)
        })
    })
}

/// A character of more than one byte: what comes behind it lies further on than its position says.
#[derive(Clone, Copy, Debug)]
struct Wide {
    /// Its position in characters.
    at: usize,
    /// Bytes beyond one a character, up to and including it.
    extra: usize,
}

/// Scratch space to decode lines one after the other.
#[derive(Debug, Default)]
pub struct Decoder {
    text: String,
    wide: Vec<Wide>,
    altos: Vec<usize>,
}

/// A decoded line: text, and where its characters begin when they are not one byte each.
#[derive(Clone, Copy, Debug)]
pub struct Decoded<'a> {
    /// The line.
    pub text: &'a str,
    wide: &'a [Wide],
    clean: bool,
}

/// Where the contiguous fields of a record begin and the last one ends, in characters.
#[derive(Debug)]
pub struct Cortes {
    inicios: Vec<usize>,
    /// By character: how many of them stand at it or before it.
    depois: Vec<u16>,
}

impl Cortes {
    /// Those of these fields, by position.
    pub fn de(fields: &[Field]) -> Self {
        let end = fields.last().map_or(0, |f| f.at.end);
        let inicios: Vec<usize> = fields.iter().map(|f| f.at.start).chain([end]).collect();
        let until = |at: usize| inicios.partition_point(|c| *c <= at);
        let depois = (0..end).map(|at| u16::try_from(until(at)).unwrap_or(u16::MAX)).collect();
        Self { inicios, depois }
    }
}

impl Decoder {
    /// Decodes one line; ASCII lines are borrowed as they are.
    pub fn decode<'a>(&'a mut self, bytes: &'a [u8], encoding: Encoding) -> Decoded<'a> {
        let control = sweep(bytes, &mut self.altos);
        if self.altos.is_empty()
            && let Ok(text) = std::str::from_utf8(bytes)
        {
            return Decoded { text, wide: &[], clean: !control };
        }
        self.text.clear();
        self.wide.clear();
        let printable = match encoding {
            Encoding::Windows1252 => self.single_bytes(bytes),
            Encoding::Utf8 => self.utf8(bytes),
        };
        Decoded { text: &self.text, wide: &self.wide, clean: !control && printable }
    }

    /// Returns whether all characters beyond ASCII have a meaning.
    fn single_bytes(&mut self, bytes: &[u8]) -> bool {
        let (mut from, mut extra, mut printable) = (0, 0, true);
        // most of a line is ASCII: whole blocks of it are passed over
        let blocks = self.altos.iter().filter_map(|at| Some((*at, bytes[*at..].chunks(BLOCO).next()?)));
        for at in blocks.flat_map(|(at, block)| altos(block).map(move |i| at + i)) {
            self.text.push_str(std::str::from_utf8(&bytes[from..at]).unwrap_or(""));
            let c = upper()[usize::from(bytes[at] & 0x7F)];
            self.text.push(c);
            printable &= is_meaningful(c);
            extra += c.len_utf8() - 1;
            self.wide.push(Wide { at, extra });
            from = at + 1;
        }
        self.text.push_str(std::str::from_utf8(&bytes[from..]).unwrap_or(""));
        printable
    }

    /// As [`Decoder::single_bytes`]; bytes that are no UTF-8 (a file may lie with its mark) have no meaning.
    fn utf8(&mut self, bytes: &[u8]) -> bool {
        self.text.push_str(&String::from_utf8_lossy(bytes));
        let (mut extra, mut printable) = (0, true);
        for (at, c) in self.text.chars().enumerate().filter(|(_, c)| !c.is_ascii()) {
            printable &= is_meaningful(c);
            extra += c.len_utf8() - 1;
            self.wide.push(Wide { at, extra });
        }
        printable
    }
}

impl<'a> Decoded<'a> {
    /// Number of characters.
    pub fn chars(&self) -> usize {
        self.text.len() - self.wide.last().map_or(0, |w| w.extra)
    }

    /// The characters in a 0-based half-open range; what lies beyond the end is empty.
    #[inline]
    pub fn slice(&self, at: &std::ops::Range<usize>) -> &'a str {
        let (start, end) =
            if self.wide.is_empty() { (at.start, at.end) } else { (self.byte(at.start), self.byte(at.end)) };
        self.text.get(start.min(self.text.len())..end.min(self.text.len())).unwrap_or("")
    }

    fn byte(&self, position: usize) -> usize {
        let before = self.wide.partition_point(|w| w.at < position);
        position + before.checked_sub(1).map_or(0, |i| self.wide[i].extra)
    }

    /// Where contiguous fields begin and the last one ends, in bytes: one walk over the line instead of two
    /// searches a field. Left empty when every character is one byte and positions say it already.
    pub fn limits(&self, cortes: &Cortes, out: &mut Vec<usize>) {
        out.clear();
        if self.wide.is_empty() {
            return;
        }
        let (mut from, mut extra) = (0, 0);
        for w in self.wide {
            let to = cortes.depois.get(w.at).map_or(cortes.inicios.len(), |k| usize::from(*k)).max(from);
            out.extend(cortes.inicios[from..to].iter().map(|c| c + extra));
            (from, extra) = (to, w.extra);
        }
        out.extend(cortes.inicios[from..].iter().map(|c| c + extra));
    }

    /// No control characters and no bytes without a meaning: fields need no check of their own.
    pub fn is_clean(&self) -> bool {
        self.clean
    }
}

/// Whether a field holds nothing but characters with a meaning (decisions 5: control bytes 00–1F, 7F and
/// bytes without a meaning in the code page make a bad field).
pub fn is_printable(s: &str) -> bool {
    s.chars().all(is_meaningful)
}

fn is_meaningful(c: char) -> bool {
    !c.is_control() && c != char::REPLACEMENT_CHARACTER
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
