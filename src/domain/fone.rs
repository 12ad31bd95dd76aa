//! Brazilian phone numbers, normalised so that two writings compare equal.
//!
//! The stored form is DDD + number, 10 digits (fixed) or 11 (mobile). Old
//! eight-digit mobiles get their 9; trunk zero, carrier and country codes go.

use std::error::Error;
use std::fmt;

use super::cientifica;
use super::codigo::Codigo;

/// The 67 area codes in use.
pub const DDDS: [u8; 67] = [
    11, 12, 13, 14, 15, 16, 17, 18, 19, 21, 22, 24, 27, 28, 31, 32, 33, 34, 35, 37, 38, 41, 42, 43, 44, 45, 46, 47, 48,
    49, 51, 53, 54, 55, 61, 62, 63, 64, 65, 66, 67, 68, 69, 71, 73, 74, 75, 77, 79, 81, 82, 83, 84, 85, 86, 87, 88, 89,
    91, 92, 93, 94, 95, 96, 97, 98, 99,
];

/// One lookup instead of a search: this runs ten times a remessa line.
const DDD_VALIDO: [bool; 100] = {
    let mut table = [false; 100];
    let mut i = 0;
    while i < DDDS.len() {
        table[DDDS[i] as usize] = true;
        i += 1;
    }
    table
};

/// Digits kept while reading; a longer text is no phone.
const MAX_DIGITOS: usize = 20;
const DEZ_8: u64 = 100_000_000;
const DEZ_9: u64 = 1_000_000_000;
const DEZ_10: u64 = 10_000_000_000;

/// Why a text is no phone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FoneErro {
    /// Not in the numbering plan: DDD, length, first digit, or a letter.
    Invalido,
    /// Digits lost in a spreadsheet: refused, never guessed.
    NotacaoCientifica,
}

impl FoneErro {
    /// The stable code of the reject.
    #[must_use]
    pub const fn codigo(self) -> Codigo {
        match self {
            Self::Invalido => Codigo::TelefoneInvalido,
            Self::NotacaoCientifica => Codigo::NotacaoCientifica,
        }
    }
}

impl fmt::Display for FoneErro {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.codigo().mensagem())
    }
}

impl Error for FoneErro {}

/// A valid phone: DDD and number as one integer of 10 or 11 digits (a DDD never
/// starts with zero, so nothing is lost).
///
/// `Debug` is masked: a phone is personal and must not reach a log by accident.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fone(u64);

impl fmt::Debug for Fone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fone({})", self.mascara())
    }
}

impl Fone {
    /// Reads DDD and number written together, in any usual way: `11987654321`,
    /// `(11) 98765-4321`, `+55 11 …`, `0 15 11 …`. Blanks or zeros: `Ok(None)`.
    ///
    /// # Errors
    /// [`FoneErro`].
    pub fn parse(raw: &str) -> Result<Option<Self>, FoneErro> {
        Digitos::read(raw)?.complete()
    }

    /// Reads DDD and number from two fields, zero-padded as the remessa writes
    /// them. A number of blanks or zeros is `Ok(None)`, whatever the DDD; a
    /// blank DDD is taken from the number when it holds one.
    ///
    /// # Errors
    /// [`FoneErro`], also when the number holds another DDD than the field.
    pub fn de_partes(ddd: &str, numero: &str) -> Result<Option<Self>, FoneErro> {
        let digitos = Digitos::read(numero)?;
        if digitos.significant().is_empty() {
            return Ok(None);
        }
        let campo = Digitos::read(ddd)?;
        let campo = campo.significant();
        if campo.is_empty() {
            return digitos.complete();
        }
        if let 8 | 9 = digitos.significant().len() {
            return Self::build(campo, digitos.significant()).map(Some);
        }
        match digitos.complete()? {
            Some(fone) if u64::from(fone.ddd_numero()) == to_number(campo) => Ok(Some(fone)),
            _ => Err(FoneErro::Invalido),
        }
    }

    /// Reads the stored form back: exactly 10 or 11 digits of a valid phone.
    #[must_use]
    pub fn from_completo(completo: &str) -> Option<Self> {
        let bytes = completo.as_bytes();
        if !bytes.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let (ddd, numero) = bytes.split_at_checked(2)?;
        let fone = Self::build(ddd, numero).ok()?;
        // An old mobile would come back longer: that was never a stored form.
        (fone.numero_len() == numero.len()).then_some(fone)
    }

    fn build(ddd: &[u8], numero: &[u8]) -> Result<Self, FoneErro> {
        let area = to_number(ddd);
        let valid = usize::try_from(area).is_ok_and(|i| DDD_VALIDO.get(i) == Some(&true));
        if ddd.len() != 2 || !valid {
            return Err(FoneErro::Invalido);
        }
        let value = to_number(numero);
        match (numero.len(), numero.first()) {
            (8, Some(b'2'..=b'5')) => Ok(Self(area * DEZ_8 + value)),
            (8, Some(b'6'..=b'9')) => Ok(Self(area * DEZ_9 + 9 * DEZ_8 + value)),
            (9, Some(b'9')) => Ok(Self(area * DEZ_9 + value)),
            _ => Err(FoneErro::Invalido),
        }
    }

    /// Whether it is a mobile.
    #[must_use]
    pub const fn celular(self) -> bool {
        self.0 >= DEZ_10
    }

    /// The DDD as a number, 11 to 99.
    #[must_use]
    pub const fn ddd_numero(self) -> u8 {
        (self.0 / self.scale()) as u8
    }

    /// The DDD, two digits.
    #[must_use]
    pub fn ddd(self) -> String {
        self.ddd_numero().to_string()
    }

    /// The number without its DDD, 8 or 9 digits and no zero before them.
    #[must_use]
    pub const fn sem_ddd(self) -> i64 {
        (self.0 % self.scale()).cast_signed()
    }

    /// The number without its DDD, 8 or 9 digits.
    #[must_use]
    pub fn numero(self) -> String {
        (self.0 % self.scale()).to_string()
    }

    /// DDD and number, 10 or 11 digits: the stored form.
    #[must_use]
    pub fn completo(self) -> String {
        self.0.to_string()
    }

    /// DDD and number as one number of 10 or 11 digits.
    #[must_use]
    pub const fn inteiro(self) -> i64 {
        self.0.cast_signed()
    }

    /// 55 + DDD + 9 digits, of mobiles only.
    #[must_use]
    pub fn whatsapp(self) -> Option<String> {
        self.celular().then(|| format!("55{}", self.0))
    }

    /// DDD + last 8 digits: what webhooks are matched on (UC008), since their
    /// senders write a mobile with or without its 9.
    #[must_use]
    pub fn chave_webhook(self) -> String {
        format!("{}{:08}", self.ddd_numero(), self.0 % DEZ_8)
    }

    /// Only DDD and last 4 digits: `(11) *****-4321`.
    #[must_use]
    pub fn mascara(self) -> String {
        let hidden = if self.celular() { "*****" } else { "****" };
        format!("({}) {hidden}-{:04}", self.ddd_numero(), self.0 % 10_000)
    }

    const fn scale(self) -> u64 {
        if self.celular() { DEZ_9 } else { DEZ_8 }
    }

    const fn numero_len(self) -> usize {
        if self.celular() { 9 } else { 8 }
    }
}

/// The digits of a text, on the stack.
struct Digitos {
    buf: [u8; MAX_DIGITOS],
    len: usize,
}

impl Digitos {
    fn read(raw: &str) -> Result<Self, FoneErro> {
        let mut digitos = Self { buf: [0; MAX_DIGITOS], len: 0 };
        for b in raw.bytes() {
            if b.is_ascii_digit() {
                let slot = digitos.buf.get_mut(digitos.len).ok_or(FoneErro::Invalido)?;
                *slot = b;
                digitos.len += 1;
            } else if b != b' ' && !b.is_ascii_punctuation() {
                return Err(if cientifica::parece(raw) { FoneErro::NotacaoCientifica } else { FoneErro::Invalido });
            }
        }
        Ok(digitos)
    }

    fn all(&self) -> &[u8] {
        &self.buf[..self.len]
    }

    /// Without leading zeros, be they padding or the trunk prefix.
    fn significant(&self) -> &[u8] {
        drop_zeros(self.all())
    }

    fn complete(&self) -> Result<Option<Fone>, FoneErro> {
        let digits = self.significant();
        let national = match (digits.len(), digits) {
            (0, _) => return Ok(None),
            (10 | 11, _) => digits,
            // +55 (011) …: the trunk zero does not count among the 12 or 13.
            (12.., [b'5', b'5', rest @ ..]) => drop_zeros(rest),
            // A carrier is only written after the trunk zero.
            (12 | 13, [_, _, rest @ ..]) if self.all().first() == Some(&b'0') => rest,
            _ => return Err(FoneErro::Invalido),
        };
        let (ddd, numero) = national.split_at_checked(2).ok_or(FoneErro::Invalido)?;
        Fone::build(ddd, numero).map(Some)
    }
}

fn drop_zeros(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|&&b| b == b'0').count();
    &digits[zeros..]
}

/// At most [`MAX_DIGITOS`] digits reach this; only 11 are ever kept.
fn to_number(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |n: u64, b| n.wrapping_mul(10).wrapping_add(u64::from(b - b'0')))
}

#[cfg(test)]
#[path = "fone_tests.rs"]
mod tests;
