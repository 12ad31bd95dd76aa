//! Which code page a file is in (decisions 6).

use super::Encoding;

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
}
