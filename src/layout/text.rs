//! Code pages: bytes to text with positions that count characters (decisions 6, IM9).
//!
//! The bank's files are Windows-1252; a byte-order mark, or non-ASCII bytes that are valid UTF-8 in the whole
//! file, mean UTF-8. That is decided once for a file, by [`Sniffer`], while its bytes are hashed. The five
//! bytes that Windows-1252 leaves undefined decode to control characters, which make a bad field.

use super::Field;
use encoding_rs::WINDOWS_1252;
use std::cell::{OnceCell, RefCell};
use std::ops::Range;
use std::sync::OnceLock;

mod sniffer;

pub use sniffer::Sniffer;

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
        let word = eight.first_chunk().copied().unwrap_or_else(|| {
            let mut word = [0; 8];
            word[..eight.len()].copy_from_slice(eight);
            word
        });
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

/// Decodes lines one after the other, in memory that is used again.
#[derive(Debug, Default)]
pub struct Decoder {
    altos: Vec<usize>,
    largo: OnceCell<Largo>,
    /// That of an earlier line, empty.
    usado: RefCell<Largo>,
}

/// The text of a line that is not all ASCII.
#[derive(Debug, Default)]
struct Largo {
    text: String,
    /// The text on its way there.
    bytes: Vec<u8>,
    wide: Vec<Wide>,
    /// Where each field begins and the last ends, in bytes.
    limites: Vec<usize>,
    printable: bool,
}

/// A line as text. Most fields of most lines are ASCII, which needs no decoding: what is beyond it is decoded
/// when somebody reads it.
#[derive(Clone, Copy, Debug)]
pub struct Decoded<'a> {
    bytes: &'a [u8],
    encoding: Encoding,
    /// The line, when all of it is ASCII.
    ascii: Option<&'a str>,
    cortes: Option<&'a Cortes>,
    decoder: &'a Decoder,
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
    /// One line.
    pub fn decode<'a>(&'a mut self, bytes: &'a [u8], encoding: Encoding) -> Decoded<'a> {
        self.linha(bytes, encoding, None)
    }

    /// One line whose contiguous fields are known, see [`Decoded::whole`].
    pub fn decode_record<'a>(&'a mut self, bytes: &'a [u8], encoding: Encoding, cortes: &'a Cortes) -> Decoded<'a> {
        self.linha(bytes, encoding, Some(cortes))
    }

    fn linha<'a>(&'a mut self, bytes: &'a [u8], encoding: Encoding, cortes: Option<&'a Cortes>) -> Decoded<'a> {
        if let Some(used) = self.largo.take() {
            *self.usado.get_mut() = used;
        }
        let control = sweep(bytes, &mut self.altos);
        let ascii = if self.altos.is_empty() { simdutf8::basic::from_utf8(bytes).ok() } else { None };
        let decoded = Decoded { bytes, encoding, ascii, cortes, decoder: self, clean: !control };
        let printable = match (ascii, encoding) {
            (Some(_), _) => true,
            (None, Encoding::Windows1252) => !decoded.decoder.altos.iter().any(|at| sem_significado(bytes, *at)),
            (None, Encoding::Utf8) => decoded.largo().printable,
        };
        Decoded { clean: !control && printable, ..decoded }
    }
}

/// Whether a block holds one of the five bytes that Windows-1252 leaves undefined. All are 80–9F, where hardly
/// ever one stands; that is looked at without a branch.
fn sem_significado(bytes: &[u8], at: usize) -> bool {
    let block = bytes.get(at..).and_then(|b| b.chunks(BLOCO).next()).unwrap_or(&[]);
    // the highest bit set, the two below it clear
    let c1 = block.iter().fold(0, |any, b| any | (b & !(b << 1) & !(b << 2)));
    c1 >= 0x80 && block.iter().any(|b| [0x81, 0x8D, 0x8F, 0x90, 0x9D].contains(b))
}

/// The character of a byte beyond ASCII in Windows-1252.
fn um(byte: u8) -> char {
    upper()[usize::from(byte & 0x7F)]
}

/// Place and value of each byte beyond ASCII; most of a line is ASCII: whole blocks of it are passed over.
fn altos_de<'a>(bytes: &'a [u8], blocos: &'a [usize]) -> impl Iterator<Item = (usize, u8)> + 'a {
    let blocks = blocos.iter().filter_map(move |at| Some((*at, bytes.get(*at..)?.chunks(BLOCO).next()?)));
    blocks.flat_map(|(at, block)| altos(block).map(move |i| (at + i, block[i])))
}

impl Largo {
    fn single_bytes(&mut self, bytes: &[u8], blocos: &[usize]) {
        let text = &mut self.bytes;
        text.clear();
        let (mut from, mut extra) = (0, 0);
        for (at, b) in altos_de(bytes, blocos) {
            text.extend_from_slice(&bytes[from..at]);
            let mut utf8 = [0; 4];
            let utf8 = um(b).encode_utf8(&mut utf8).as_bytes();
            text.extend_from_slice(utf8);
            extra += utf8.len() - 1;
            self.wide.push(Wide { at, extra });
            from = at + 1;
        }
        text.extend_from_slice(&bytes[from..]);
        // what is not ASCII in it was encoded here; looking at it this fast is worth the copy
        self.text.push_str(simdutf8::basic::from_utf8(text).unwrap_or_default());
    }

    /// Bytes that are no UTF-8 (a file may lie with its mark) have no meaning.
    fn utf8(&mut self, bytes: &[u8]) {
        self.text.push_str(&String::from_utf8_lossy(bytes));
        let mut extra = 0;
        for (at, c) in self.text.chars().enumerate().filter(|(_, c)| !c.is_ascii()) {
            self.printable &= is_meaningful(c);
            extra += c.len_utf8() - 1;
            self.wide.push(Wide { at, extra });
        }
    }

    /// Where contiguous fields begin and the last one ends, in bytes: one walk over the line instead of two
    /// searches a field.
    fn limita(&mut self, cortes: &Cortes) {
        let (mut from, mut extra) = (0, 0);
        for w in &self.wide {
            let to = cortes.depois.get(w.at).map_or(cortes.inicios.len(), |k| usize::from(*k)).max(from);
            self.limites.extend(cortes.inicios[from..to].iter().map(|c| c + extra));
            (from, extra) = (to, w.extra);
        }
        self.limites.extend(cortes.inicios[from..].iter().map(|c| c + extra));
    }

    fn byte(&self, position: usize) -> usize {
        let before = self.wide.partition_point(|w| w.at < position);
        position + before.checked_sub(1).map_or(0, |i| self.wide[i].extra)
    }
}

impl<'a> Decoded<'a> {
    /// The line as decoded text.
    fn largo(&self) -> &'a Largo {
        let Decoder { largo, usado, altos } = self.decoder;
        largo.get_or_init(|| {
            let mut l = usado.take();
            l.text.clear();
            l.wide.clear();
            l.limites.clear();
            l.printable = true;
            match self.encoding {
                Encoding::Windows1252 => l.single_bytes(self.bytes, altos),
                Encoding::Utf8 => l.utf8(self.bytes),
            }
            self.cortes.into_iter().for_each(|c| l.limita(c));
            l
        })
    }

    /// Bytes that are text as they stand: ASCII, where every byte before them is one character.
    #[inline]
    fn direto(&self, at: &Range<usize>) -> Option<&'a str> {
        let end = at.end.min(self.bytes.len());
        let start = at.start.min(end);
        if let Some(text) = self.ascii {
            return text.get(start..end);
        }
        if self.encoding == Encoding::Utf8 || self.decoder.largo.get().is_some() {
            return None;
        }
        let bytes = self.bytes.get(start..end)?;
        if bytes.is_ascii() { std::str::from_utf8(bytes).ok() } else { None }
    }

    /// The whole line.
    pub fn text(&self) -> &'a str {
        self.ascii.unwrap_or_else(|| &self.largo().text)
    }

    /// Number of characters.
    pub fn chars(&self) -> usize {
        match (self.ascii, self.encoding) {
            (None, Encoding::Utf8) => {
                let l = self.largo();
                l.text.len() - l.wide.last().map_or(0, |w| w.extra)
            }
            _ => self.bytes.len(),
        }
    }

    /// The characters in a 0-based half-open range; what lies beyond the end is empty.
    #[inline]
    pub fn slice(&self, at: &Range<usize>) -> &'a str {
        self.direto(at).unwrap_or_else(|| {
            let l = self.largo();
            let (start, end) = (l.byte(at.start), l.byte(at.end));
            l.text.get(start.min(l.text.len())..end.min(l.text.len())).unwrap_or("")
        })
    }

    /// The whole line as text, and where its fields begin and the last ends in it, in bytes; `None` where
    /// positions say that already.
    pub fn whole(&self) -> Option<(&'a str, &'a [usize])> {
        if self.ascii.is_some() {
            return None;
        }
        let l = self.largo();
        Some((&l.text, &l.limites))
    }

    /// Appends the characters in a range as UTF-8, without decoding the rest of the line.
    pub fn append(&self, at: &Range<usize>, out: &mut Vec<u8>) {
        if self.ascii.is_some() || self.encoding == Encoding::Utf8 {
            return out.extend_from_slice(self.slice(at).as_bytes());
        }
        let end = at.end.min(self.bytes.len());
        let mut from = at.start.min(end);
        let blocos = &self.decoder.altos;
        for bloco in &blocos[blocos.partition_point(|b| b + BLOCO <= from)..] {
            let (start, stop) = ((*bloco).max(from), (bloco + BLOCO).min(end));
            if start >= stop {
                break;
            }
            for i in altos(&self.bytes[start..stop]) {
                out.extend_from_slice(&self.bytes[from..start + i]);
                out.extend_from_slice(um(self.bytes[start + i]).encode_utf8(&mut [0; 4]).as_bytes());
                from = start + i + 1;
            }
        }
        out.extend_from_slice(&self.bytes[from..end]);
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
            assert!(!is_printable(dec.text()), "{b:02X}");
        }
        assert!(is_printable(d.decode(b"\x80 \xC7", Encoding::Windows1252).text()));
    }
}
