//! Scientific notation, the mark that a spreadsheet leaves on long numbers.
//!
//! `12345678901` saved from a spreadsheet may come as `1,23457E+10`: digits are
//! lost, so the value is refused and never guessed (contract, CPF, phone, money).

/// Longest exponent taken for one; no number of these files needs more.
const MAX_EXPOENTE: usize = 3;

/// True when `raw` is a number in scientific notation (`1,23E+11`, `1.23e11`,
/// `5E+10`).
///
/// A decimal separator or a signed exponent is what gives it away: `12E34`
/// without either is a legal contract with a letter.
#[must_use]
pub fn parece(raw: &str) -> bool {
    let bytes = raw.trim().as_bytes();
    let Some(at) = bytes.iter().position(|b| b.eq_ignore_ascii_case(&b'e')) else {
        return false;
    };
    let (mantissa, rest) = bytes.split_at(at);
    let (_, mantissa) = split_sign(mantissa);
    let (signed, exponent) = split_sign(&rest[1..]);
    let digits = mantissa.iter().filter(|b| b.is_ascii_digit()).count();
    let separators = mantissa.iter().filter(|b| matches!(b, b'.' | b',')).count();
    digits > 0
        && digits + separators == mantissa.len()
        && (1..=MAX_EXPOENTE).contains(&exponent.len())
        && exponent.iter().all(u8::is_ascii_digit)
        && (signed || separators > 0)
}

fn split_sign(bytes: &[u8]) -> (bool, &[u8]) {
    match bytes {
        [b'+' | b'-', rest @ ..] => (true, rest),
        _ => (false, bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reconhece_notacao_cientifica() {
        for raw in ["1,23E+11", "1.23E+11", " 1.23e11 ", "5E+10", "-1,2E+3", "1,0E-5"] {
            assert!(parece(raw), "{raw}");
        }
    }

    #[test]
    fn letras_em_contrato_nao_sao_notacao_cientifica() {
        for raw in ["12E34", "E12", "12E", "A1,2E+3", "123", "", "1,2E+", "12.ABC.345/01DE-35", "1.2E1234"] {
            assert!(!parece(raw), "{raw}");
        }
    }
}
