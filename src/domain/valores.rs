//! Money and other numbers: integers inside, text outside.
//!
//! Money is integer cents ([`Centavos`]); rates and others an `i64` with a
//! scale (number of decimals). Nothing rounds and nothing wraps: what does not
//! fit is an error.

use std::error::Error;
use std::fmt;

use super::cientifica;
use super::codigo::Codigo;

/// Why a text is no number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NumeroErro {
    /// A character or a shape that is no number's, or too many decimals.
    Invalido,
    /// More than 64 bits hold.
    Excede,
    /// Digits lost in a spreadsheet: refused, never guessed.
    NotacaoCientifica,
}

impl NumeroErro {
    /// The stable code of the reject.
    #[must_use]
    pub const fn codigo(self) -> Codigo {
        match self {
            Self::Invalido | Self::Excede => Codigo::NumeroInvalido,
            Self::NotacaoCientifica => Codigo::NotacaoCientifica,
        }
    }
}

impl fmt::Display for NumeroErro {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.codigo().mensagem())
    }
}

impl Error for NumeroErro {}

/// An amount of money in cents of real.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Centavos(pub i64);

impl Centavos {
    /// The sum; `None` when it does not fit.
    #[must_use]
    pub const fn soma(self, outro: Self) -> Option<Self> {
        match self.0.checked_add(outro.0) {
            Some(valor) => Some(Self(valor)),
            None => None,
        }
    }

    /// The difference; `None` when it does not fit.
    #[must_use]
    pub const fn subtrai(self, outro: Self) -> Option<Self> {
        match self.0.checked_sub(outro.0) {
            Some(valor) => Some(Self(valor)),
            None => None,
        }
    }

    /// The amount taken `vezes` times; `None` when it does not fit.
    #[must_use]
    pub const fn vezes(self, vezes: i64) -> Option<Self> {
        match self.0.checked_mul(vezes) {
            Some(valor) => Some(Self(valor)),
            None => None,
        }
    }

    /// As in outgoing files, without thousands: `1234,56`.
    #[must_use]
    pub fn br(self) -> String {
        decimal_br(self.0, 2)
    }

    /// With a decimal point, as in JSON: `595.37`.
    #[must_use]
    pub fn ponto(self) -> String {
        decimal_ponto(self.0, 2)
    }
}

/// `value` with `scale` decimals and a point: `(59537, 2)` is `595.37`.
#[must_use]
pub fn decimal_ponto(value: i64, scale: u8) -> String {
    decimal(value, scale, '.')
}

/// `value` with `scale` decimals and a comma: `(59537, 2)` is `595,37`.
#[must_use]
pub fn decimal_br(value: i64, scale: u8) -> String {
    decimal(value, scale, ',')
}

fn decimal(value: i64, scale: u8, separator: char) -> String {
    let width = usize::from(scale) + 1;
    let mut text = format!("{:0>width$}", value.unsigned_abs());
    if scale > 0 {
        text.insert(text.len() - usize::from(scale), separator);
    }
    if value < 0 {
        text.insert(0, '-');
    }
    text
}

/// A count with Brazilian thousands: `12.480`.
#[must_use]
pub fn milhares(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('.');
        }
        out.push(c);
    }
    out
}

/// A fixed-width number with implied decimals: digits to the right, blanks (or
/// zeros) to the left. All blank is `None`; zeros are 0.
///
/// # Errors
/// [`NumeroErro::Invalido`] for anything else (left-aligned, a blank inside, a
/// sign, a letter); [`NumeroErro::Excede`].
pub fn implicito(raw: &[u8]) -> Result<Option<i64>, NumeroErro> {
    let blanks = raw.iter().take_while(|&&b| b == b' ').count();
    let digits = &raw[blanks..];
    if digits.is_empty() {
        return Ok(None);
    }
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(NumeroErro::Invalido);
    }
    append(0, digits).map(Some)
}

/// A number of a CSV as Brazilians write it, as an integer with `scale`
/// decimals: `23.814,80`, `416`, `R$ 1.234,5`, `-12,00`. Blank is `None`.
///
/// The point only groups thousands: `1.234` is 1234 and `595.37` is an error.
///
/// # Errors
/// [`NumeroErro`]; also for more decimals than `scale`, which are not rounded.
pub fn brasileiro(raw: &str, scale: u8) -> Result<Option<i64>, NumeroErro> {
    let texto = raw.trim();
    if texto.is_empty() {
        return Ok(None);
    }
    if cientifica::parece(texto) {
        return Err(NumeroErro::NotacaoCientifica);
    }
    let (negative, texto) = strip_marks(texto)?;
    let (inteiro, decimais) = match texto.split_once(',') {
        Some((_, "")) => return Err(NumeroErro::Invalido),
        Some((inteiro, decimais)) => (inteiro, decimais),
        None => (texto, ""),
    };
    let missing = usize::from(scale).checked_sub(decimais.len()).ok_or(NumeroErro::Invalido)?;
    let mut value = grouped(inteiro)?;
    value = append(value, decimais.as_bytes())?;
    for _ in 0..missing {
        value = append(value, b"0")?;
    }
    Ok(Some(if negative { -value } else { value }))
}

/// A percentage as Brazilians write it, with or without its sign: `1,66%` at
/// scale 2 is 166 (hundredths of a percent). Blank is `None`.
///
/// # Errors
/// As [`brasileiro`].
pub fn percentual(raw: &str, scale: u8) -> Result<Option<i64>, NumeroErro> {
    let texto = raw.trim();
    match texto.strip_suffix('%') {
        Some(rest) if rest.trim().is_empty() => Err(NumeroErro::Invalido),
        Some(rest) => brasileiro(rest, scale),
        None => brasileiro(texto, scale),
    }
}

/// Takes off one minus and one `R$`, in either order.
fn strip_marks(texto: &str) -> Result<(bool, &str), NumeroErro> {
    let (before, texto) = strip_minus(texto);
    let texto = match texto.strip_prefix("R$") {
        Some(rest) => rest.trim_start(),
        None => texto,
    };
    let (after, texto) = strip_minus(texto);
    if before && after {
        return Err(NumeroErro::Invalido);
    }
    Ok((before || after, texto))
}

fn strip_minus(texto: &str) -> (bool, &str) {
    match texto.strip_prefix('-') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, texto),
    }
}

/// Plain digits, or one to three and then groups of three after points.
fn grouped(inteiro: &str) -> Result<i64, NumeroErro> {
    let mut groups = inteiro.split('.');
    let first = groups.next().unwrap_or_default();
    let mut value = append(0, first.as_bytes())?;
    let mut several = false;
    for group in groups {
        if group.len() != 3 {
            return Err(NumeroErro::Invalido);
        }
        value = append(value, group.as_bytes())?;
        several = true;
    }
    if first.is_empty() || (several && first.len() > 3) {
        return Err(NumeroErro::Invalido);
    }
    Ok(value)
}

fn append(value: i64, digits: &[u8]) -> Result<i64, NumeroErro> {
    digits.iter().try_fold(value, |value, &b| {
        if !b.is_ascii_digit() {
            return Err(NumeroErro::Invalido);
        }
        value.checked_mul(10).and_then(|v| v.checked_add(i64::from(b - b'0'))).ok_or(NumeroErro::Excede)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dinheiro_sai_com_virgula_e_sem_milhar() {
        assert_eq!(Centavos(123_456).br(), "1234,56");
        assert_eq!(Centavos(5).br(), "0,05");
        assert_eq!(Centavos(0).br(), "0,00");
        assert_eq!(Centavos(-5).br(), "-0,05");
        assert_eq!(Centavos(59_537).ponto(), "595.37");
        assert_eq!(Centavos(i64::MIN).br(), "-92233720368547758,08");
    }

    #[test]
    fn casas_decimais_de_qualquer_escala() {
        assert_eq!(decimal_ponto(16_600, 4), "1.6600");
        assert_eq!(decimal_br(416, 0), "416");
        assert_eq!(decimal_br(-1, 3), "-0,001");
        assert_eq!(decimal_br(1, 20), "0,00000000000000000001");
    }

    #[test]
    fn conta_que_nao_cabe_e_none() {
        assert_eq!(Centavos(1).soma(Centavos(2)), Some(Centavos(3)));
        assert_eq!(Centavos(i64::MAX).soma(Centavos(1)), None);
        assert_eq!(Centavos(i64::MIN).subtrai(Centavos(1)), None);
        assert_eq!(Centavos(2).vezes(3), Some(Centavos(6)));
        assert_eq!(Centavos(i64::MAX).vezes(2), None);
    }

    #[test]
    fn implicito_alinhado_a_direita() {
        assert_eq!(implicito(b"000000000059537"), Ok(Some(59_537)));
        assert_eq!(implicito(b"          59537"), Ok(Some(59_537)));
        assert_eq!(implicito(b"0000"), Ok(Some(0)));
        assert_eq!(implicito(b"    "), Ok(None));
        assert_eq!(implicito(b""), Ok(None));
    }

    #[test]
    fn implicito_recusa_o_resto() {
        for raw in [&b"123  "[..], b"12 34", b"-1234", b"12A4", b"12,34", b" +12", b"\x0012"] {
            assert_eq!(implicito(raw), Err(NumeroErro::Invalido), "{raw:?}");
        }
        assert_eq!(implicito(b"9223372036854775807"), Ok(Some(i64::MAX)));
        assert_eq!(implicito(b"9223372036854775808"), Err(NumeroErro::Excede));
        assert_eq!(implicito(b"99999999999999999999"), Err(NumeroErro::Excede));
    }

    #[test]
    fn brasileiro_le_o_que_vem_nos_csv() {
        for (raw, valor) in [
            ("23.814,80", 2_381_480),
            ("416", 41_600),
            ("R$ 1.234,5", 123_450),
            ("R$\u{a0}1.234,56", 123_456),
            ("59", 5_900),
            ("595,37", 59_537),
            ("-12,00", -1_200),
            ("-R$ 12", -1_200),
            ("R$ -12", -1_200),
            (" 1.234 ", 123_400),
            ("1234567,89", 123_456_789),
            ("0,01", 1),
        ] {
            assert_eq!(brasileiro(raw, 2), Ok(Some(valor)), "{raw}");
        }
        assert_eq!(brasileiro("  ", 2), Ok(None));
        assert_eq!(brasileiro("12", 0), Ok(Some(12)));
    }

    #[test]
    fn brasileiro_recusa_o_ambiguo() {
        for raw in [
            "595.37",
            "1.2345",
            "1234.567,00",
            "1,234",
            "1,2,3",
            "12,",
            ",5",
            "-",
            "R$",
            "--1",
            "-R$ -1",
            "1 234",
            "abc",
            "1..234",
            ".123",
            "+5",
            "1,2-",
            "12,-5",
        ] {
            assert_eq!(brasileiro(raw, 2), Err(NumeroErro::Invalido), "{raw}");
        }
        assert_eq!(brasileiro("12,0", 0), Err(NumeroErro::Invalido));
        assert_eq!(brasileiro("99999999999999999999", 2), Err(NumeroErro::Excede));
    }

    #[test]
    fn brasileiro_recusa_notacao_cientifica() {
        for raw in ["1,23E+11", "1.23E+11", "-1,2E+3"] {
            assert_eq!(brasileiro(raw, 2), Err(NumeroErro::NotacaoCientifica));
        }
    }

    #[test]
    fn percentual_com_e_sem_sinal() {
        assert_eq!(percentual("1,66%", 2), Ok(Some(166)));
        assert_eq!(percentual("1,66 %", 4), Ok(Some(16_600)));
        assert_eq!(percentual("2", 2), Ok(Some(200)));
        assert_eq!(percentual("", 2), Ok(None));
        for raw in ["%", "1%%", "1,666%"] {
            assert_eq!(percentual(raw, 2), Err(NumeroErro::Invalido), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn br_vai_e_volta(valor in -i64::MAX..i64::MAX) {
            prop_assert_eq!(brasileiro(&Centavos(valor).br(), 2), Ok(Some(valor)));
        }

        #[test]
        fn nunca_entra_em_panico(raw in "\\PC{0,30}", scale in 0u8..40) {
            let _ = (brasileiro(&raw, scale), percentual(&raw, scale), implicito(raw.as_bytes()));
        }
    }
}
