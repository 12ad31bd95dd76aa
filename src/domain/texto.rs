//! Text from outside (a file's name, a field, what another machine says) as it may stand in a line that people
//! read (SE7).

/// Whether a character could split a line, forge the next one, move a terminal or turn the direction of reading:
/// controls (C0, DEL, C1), the line and paragraph separators, the marks of direction.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text with those characters written out, line breaks too: `a\u{1b}[2J\nb`.
#[must_use]
pub fn escape(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    for c in s.chars() {
        if acts(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// Whether [`escape`] changes nothing.
#[must_use]
pub fn plain(s: &str) -> bool {
    !s.chars().any(acts)
}

/// A small letter of ours without its accent; anything else as it is.
#[must_use]
pub const fn sem_acento(c: char) -> char {
    match c {
        'á' | 'à' | 'â' | 'ã' | 'ä' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ó' | 'ò' | 'ô' | 'õ' | 'ö' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn se7_nada_de_fora_parte_uma_linha_nem_move_um_terminal() {
        for (raw, want) in [
            ("a\u{1b}[2Jb", "a\\u{1b}[2Jb"),
            ("a\r\nerro: falso", "a\\r\\nerro: falso"),
            ("a\u{9b}2J\u{85}b\u{7f}", "a\\u{9b}2J\\u{85}b\\u{7f}"),
            ("abc\u{202e}vsc.\u{2066}\u{200f}\u{2028}", "abc\\u{202e}vsc.\\u{2066}\\u{200f}\\u{2028}"),
            ("José – R$ 1,00 ␛", "José – R$ 1,00 ␛"),
        ] {
            assert_eq!((escape(raw).as_str(), plain(raw)), (want, raw == want));
        }
    }
}
