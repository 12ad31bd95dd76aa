//! What of a line may be shown: personal values masked, controls escaped, one character for one character,
//! so that the ruler never shifts.

use super::super::linha::Linha;
use super::super::text::is_printable;
use super::super::{Field, Type};
use super::SUSPEITA;
use crate::domain::documento;
use crate::domain::fone::Fone;

/// How much of a line's text is believed to stand where the layout says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modo {
    /// Columns hold what the layout says: only personal fields are masked.
    Campos,
    /// They may not: nothing but the shape of the text is shown.
    Forma,
}

impl Modo {
    /// For a line with so many bad fields.
    pub const fn de(faltas: usize) -> Self {
        if faltas >= SUSPEITA { Self::Forma } else { Self::Campos }
    }
}

/// The characters of one field as they may be shown.
pub fn campo(field: &Field, raw: &str, modo: Modo) -> String {
    match modo {
        Modo::Forma => forma(raw),
        Modo::Campos if field.personal => "*".repeat(raw.chars().count()),
        Modo::Campos if alheio(field, raw) => forma(raw),
        Modo::Campos => texto(raw),
    }
}

/// Whether a field seems to hold what belongs to another one: where two columns changed places a name stands in
/// an amount, a CPF or a phone in a date or a contract (SE1). Free text that can be read is what it is.
pub fn alheio(field: &Field, raw: &str) -> bool {
    let text = raw.trim();
    match field.ty {
        Type::Text => !is_printable(text) && palavra(text),
        Type::Contrato => e_nome(text) || e_documento(text) || e_fone_inteiro(text),
        _ => palavra(text) || e_documento(text) || e_fone(text),
    }
}

/// Whether what was found in a field may be quoted where the field failed: then even a text may be another
/// column's.
pub fn citavel(field: &Field, raw: &str) -> bool {
    !(field.personal || alheio(field, raw) || field.ty == Type::Text && palavra(raw))
}

/// Letters may stand in a contract's number, but neither alone nor as words beside others.
pub fn e_nome(text: &str) -> bool {
    palavra(text) && (!text.contains(|c: char| c.is_ascii_digit()) || text.trim().contains(char::is_whitespace))
}

/// Three letters in a row.
fn palavra(text: &str) -> bool {
    text.split(|c: char| !c.is_alphabetic()).any(|w| w.chars().count() >= 3)
}

/// A whole CPF or CNPJ. One that lost its zeros is not told from any other number.
pub fn e_documento(text: &str) -> bool {
    let n = text.chars().filter(char::is_ascii_alphanumeric).count();
    [11, 14].contains(&n) && matches!(documento::normaliza(text, None), Ok(Some(_)))
}

/// A phone as people write it: DDD and number, 55 before it or not. Many contracts are phones behind zeros, few
/// are one as they stand.
pub fn e_fone_inteiro(text: &str) -> bool {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    matches!(Fone::parse(text), Ok(Some(f)) if digits.strip_prefix("55").is_some_and(|d| d == f.completo())
        || digits == f.completo())
}

/// A whole phone.
pub fn e_fone(text: &str) -> bool {
    matches!(Fone::parse(text), Ok(Some(_)))
}

/// A whole fixed line as it may be shown.
pub fn linha(linha: &Linha<'_>, modo: Modo) -> Vec<char> {
    let fields = linha.record.fields.iter().enumerate();
    fields.flat_map(|(i, f)| campo(f, linha.campo(i), modo).chars().collect::<Vec<_>>()).collect()
}

/// The shape of a text: letters `x`, digits `9`, the rest as it is.
pub fn forma(raw: &str) -> String {
    raw.chars()
        .map(|c| match c {
            c if c.is_ascii_digit() => '9',
            c if c.is_alphanumeric() => 'x',
            c => visivel(c),
        })
        .collect()
}

/// A text with its controls made visible.
pub fn texto(raw: &str) -> String {
    raw.chars().map(visivel).collect()
}

/// A character that takes one place and cannot move a terminal (SE7): controls become their pictures
/// (`␀`…`␡`); what has none, and whatever changes the direction or joins others, the replacement character.
fn visivel(c: char) -> char {
    match c {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\u{7f}' => '\u{2421}',
        '\u{a0}' => ' ',
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        '\u{ad}' | '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202f}' => {
            char::REPLACEMENT_CHARACTER
        }
        '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}' => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn um_caractere_por_um() {
        let raw = "É\u{7}\u{81}\t\u{7f}\u{202e}A1 €";
        assert_eq!(texto(raw), "É␇\u{fffd}␉␡\u{fffd}A1 €");
        assert_eq!(texto(raw).chars().count(), raw.chars().count());
        assert_eq!(forma("JOSÉ 52998224725-X"), "xxxx 99999999999-x");
        assert_eq!((Modo::de(2), Modo::de(3)), (Modo::Campos, Modo::Forma));
    }
}
