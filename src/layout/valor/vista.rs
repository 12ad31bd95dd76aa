//! A field judged at first sight, before it is read.

use super::em_branco;
use crate::layout::{DateFormat, Field, Type};

/// What is good in a field of a fixed line at first sight, without its value: a small copy of what
/// [`parse`](super::parse) asks of the field.
#[derive(Clone, Copy, Debug)]
pub struct Vista {
    /// Blanks, and zeros where they are none, are good.
    opcional: bool,
    zeros: bool,
    forma: Forma,
}

#[derive(Clone, Copy, Debug)]
enum Forma {
    /// Digits in any number that an `i64` holds.
    Digitos,
    Data,
    Flag,
    Outra,
}

impl Vista {
    /// Of a field of a fixed layout.
    pub fn de(field: &Field) -> Self {
        let forma = match &field.ty {
            Type::Int | Type::Decimal { .. } | Type::Percent { .. } if field.at.len() <= 18 => Forma::Digitos,
            Type::Code if field.values.is_empty() => Forma::Digitos,
            Type::Date { format: DateFormat::Aaaammdd } => Forma::Data,
            Type::Flag => Forma::Flag,
            _ => Forma::Outra,
        };
        Self { opcional: !field.required, zeros: !(field.required && field.zeros_null), forma }
    }

    /// Whether [`parse`](super::parse) is certain to take the text of a line without control characters; `false` says
    /// nothing: ask it.
    #[inline]
    pub fn boa(self, raw: &str) -> bool {
        let b = raw.as_bytes();
        let all_digits = || !b.is_empty() && b.iter().fold(true, |all, c| all & c.is_ascii_digit());
        match (self.forma, b) {
            (Forma::Digitos, _) if self.zeros && all_digits() => return true,
            (Forma::Flag, b"S" | b"N") => return true,
            (Forma::Data, b"00000000") => return self.opcional,
            // a day that every month has
            (Forma::Data, [_, _, _, _, m1, m2, d1, d2]) if all_digits() && b[..2] >= b"18"[..] => {
                let (m, d) = ((m1 - b'0') * 10 + (m2 - b'0'), (d1 - b'0') * 10 + (d2 - b'0'));
                if (1..=12).contains(&m) && (1..=28).contains(&d) {
                    return true;
                }
            }
            _ => {}
        }
        // most fields of a line are blank
        self.opcional && em_branco(raw)
    }
}
