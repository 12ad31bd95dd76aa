//! One cell as a Brazilian would have typed it into a CSV.
//!
//! Text as it stands; a date as `DD/MM/AAAA` (with ` HH:MM:SS` where a time stands with it); truth as `S` or
//! `N`; an error as nothing. A number without thousands, with a comma, in the 15 digits that Excel keeps; a
//! number format with two decimals or more says to how many the number reads, as in the CSV that Excel
//! would save, and one in percent gives `1,66%` for 0.0166.
//!
//! **Never guessed**, and therefore in scientific notation, which no number field takes
//! (`NOTACAO_CIENTIFICA`): a number of 16 digits or more, since Excel has put zeros in place of the last ones;
//! one so small that it is the dust of a calculation; and in xls, where the number format is not told, a
//! fraction of one, which may be 0,02 or 2 %.

use crate::domain::valores::decimal_br;
use calamine::{Data, DataRef, ExcelDateTime};
use std::borrow::Cow;

/// How a cell's number is to be shown, as far as it matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Formato {
    percentual: bool,
    casas: Option<u8>,
    desconhecido: bool,
}

impl Formato {
    /// xls: the format is not told.
    pub const DESCONHECIDO: Self = Self { percentual: false, casas: None, desconhecido: true };

    /// From Excel's format code; its first section, which is that of positive numbers.
    pub fn de_codigo(code: &str) -> Self {
        let (mut f, mut decimals) = (Self::default(), None);
        let mut chars = code.chars();
        while let Some(c) = chars.next() {
            match c {
                // the next character, or what is quoted or bracketed, is shown or meant otherwise
                '\\' | '_' | '*' => drop(chars.next()),
                '"' => drop(chars.by_ref().find(|c| *c == '"')),
                '[' => drop(chars.by_ref().find(|c| *c == ']')),
                ';' => break,
                '%' => f.percentual = true,
                // fractions, exponents and the like say nothing about decimals
                'E' | 'e' | '/' | '@' | 'G' => return Self { casas: None, ..f },
                '.' if decimals.is_none() => decimals = Some(0),
                '0' | '#' | '?' => decimals = decimals.map(|n: u8| n.saturating_add(1)),
                _ => {}
            }
        }
        f.casas = decimals.filter(|n| *n >= 2);
        f
    }
}

/// A cell of an xls as one of an xlsx.
pub(super) fn emprestada(d: &Data) -> DataRef<'_> {
    match d {
        Data::Int(n) => DataRef::Int(*n),
        Data::Float(n) => DataRef::Float(*n),
        Data::String(s) | Data::DateTimeIso(s) | Data::DurationIso(s) => DataRef::SharedString(s),
        Data::Bool(b) => DataRef::Bool(*b),
        Data::DateTime(t) => DataRef::DateTime(*t),
        Data::Error(e) => DataRef::Error(e.clone()),
        Data::Empty => DataRef::Empty,
    }
}

/// The text of a cell.
pub(super) fn texto<'a>(cell: &'a DataRef<'_>, formato: Formato) -> Cow<'a, str> {
    match cell {
        DataRef::SharedString(s) => Cow::Borrowed(s),
        DataRef::String(s) | DataRef::DurationIso(s) => Cow::Borrowed(s),
        DataRef::DateTimeIso(s) => data_iso(s),
        DataRef::Int(n) if n.unsigned_abs() < MAX_INTEIRO => Cow::Owned(n.to_string()),
        #[expect(clippy::cast_precision_loss, reason = "of so many digits none is to be trusted anyway")]
        DataRef::Int(n) => Cow::Owned(numero(*n as f64, formato)),
        DataRef::Float(n) => Cow::Owned(numero(*n, formato)),
        DataRef::DateTime(t) => Cow::Owned(data(t)),
        DataRef::Bool(b) => Cow::Borrowed(if *b { "S" } else { "N" }),
        DataRef::Error(_) | DataRef::Empty => Cow::Borrowed(""),
    }
}

/// Excel keeps 15 digits of a number.
const MAX_INTEIRO: u64 = 1_000_000_000_000_000;
/// What is smaller than this is the rest of a calculation.
const POEIRA: f64 = 1e-9;

fn numero(n: f64, formato: Formato) -> String {
    let size = n.abs();
    if !n.is_finite() {
        return String::new();
    }
    #[expect(clippy::cast_precision_loss, reason = "a power of ten below 2^53")]
    let lost = size >= MAX_INTEIRO as f64;
    if lost || (size > 0.0 && size < POEIRA) || (formato.desconhecido && size > 0.0 && size < 1.0) {
        return cientifica(n);
    }
    let shown = if formato.percentual { n * 100.0 } else { n };
    match decimal(shown, formato.casas) {
        Some(text) if formato.percentual => text + "%",
        Some(text) => text,
        None => cientifica(n),
    }
}

/// 15 digits, rounded to `casas` decimals by the half-up rule of spreadsheets, trailing zeros dropped.
fn decimal(n: f64, casas: Option<u8>) -> Option<String> {
    let text = format!("{n:.14e}");
    let (mantissa, exponent) = text.split_once('e')?;
    let mut digits: i64 = mantissa.chars().filter(|c| *c != '.').collect::<String>().parse().ok()?;
    let mut scale = 14 - exponent.parse::<i32>().ok()?;
    let want = casas.map_or(scale, i32::from);
    while scale > want {
        let last = scale == want + 1;
        digits = if last { (digits + 5 * digits.signum()) / 10 } else { digits / 10 };
        scale -= 1;
    }
    while scale > 0 && digits % 10 == 0 {
        digits /= 10;
        scale -= 1;
    }
    while scale < 0 {
        digits = digits.checked_mul(10)?;
        scale += 1;
    }
    Some(decimal_br(digits, u8::try_from(scale).ok()?))
}

/// `1,5E+15`: refused by every field that is a number.
fn cientifica(n: f64) -> String {
    let text = format!("{n:E}").replace('.', ",");
    if text.contains("E-") { text } else { text.replace('E', "E+") }
}

/// Days since the epoch of the workbook; the days that Excel can show.
fn data(t: &ExcelDateTime) -> String {
    let serial = t.as_f64();
    // 0 is what an empty date comes to in a formula; and a duration is a number of days
    if !t.is_datetime() || serial <= 0.0 || serial >= 2_958_466.0 {
        return numero(serial, Formato::default());
    }
    let (year, month, day, hour, minute, second, _) = t.to_ymd_hms_milli();
    let time = format!("{hour:02}:{minute:02}:{second:02}");
    let date = format!("{day:02}/{month:02}/{year:04}");
    match (serial < 1.0, (hour, minute, second)) {
        (true, _) => time,
        (_, (0, 0, 0)) => date,
        _ => format!("{date} {time}"),
    }
}

/// `2023-08-04` or `2023-08-04T10:00:00`, which some programs write.
fn data_iso(s: &str) -> Cow<'_, str> {
    let (date, time) = s.split_once('T').unwrap_or((s, ""));
    let Ok(date) = date.parse::<chrono::NaiveDate>() else { return Cow::Borrowed(s) };
    let time = time.trim_end_matches('Z');
    match time.parse::<chrono::NaiveTime>() {
        Ok(t) if t != chrono::NaiveTime::MIN => Cow::Owned(format!("{} {}", date.format("%d/%m/%Y"), t.format("%T"))),
        Err(_) if !time.is_empty() => Cow::Borrowed(s),
        _ => Cow::Owned(date.format("%d/%m/%Y").to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use calamine::ExcelDateTimeType;

    #[test]
    fn numeros_como_um_brasileiro_os_escreveria() {
        for (n, code, want) in [
            (12_345_678_901_234.0, "General", "12345678901234"),
            (999_999_999_999_999.0, "0", "999999999999999"),
            (1e15, "General", "1E+15"),
            (1_234_567_890_123_456.0, "0", "1,234567890123456E+15"),
            (595.37, "General", "595,37"),
            (0.1 + 0.2, "General", "0,3"),
            (23_814.8, "#,##0.00", "23814,8"),
            (397.333_333_333_3, "#,##0.00", "397,33"),
            (1.005, "0.00", "1,01"),
            (-1.005, "R$ #,##0.00", "-1,01"),
            (397.333_333_3, "0", "397,3333333"),
            (0.004, "0.00", "0"),
            (0.0, "0.00", "0"),
            (0.1 + 0.2 - 0.3, "General", "5,551115123125783E-17"),
            (0.0166, "0.00%", "1,66%"),
            (0.016_647, "0.00%", "1,66%"),
            (0.0166, "0%", "1,66%"),
            (0.02, "0.00\\ %", "2%"),
            (0.2158, "General", "0,2158"),
            (2.5, "\"%\"0.00", "2,5"),
            (f64::NAN, "General", ""),
        ] {
            assert_eq!(texto(&DataRef::Float(n), Formato::de_codigo(code)), want, "{n} {code}");
        }
        assert_eq!(texto(&DataRef::Int(-7), Formato::default()), "-7");
        assert_eq!(texto(&DataRef::Int(i64::MAX), Formato::default()), "9,223372036854776E+18");
    }

    #[test]
    fn uma_fracao_de_formato_desconhecido_nao_se_adivinha() {
        for (n, want) in [(0.0166, "1,66E-2"), (0.02, "2E-2"), (1.66, "1,66"), (0.0, "0"), (595.37, "595,37")] {
            assert_eq!(texto(&DataRef::Float(n), Formato::DESCONHECIDO), want);
        }
    }

    #[test]
    fn datas_logicos_e_erros() {
        let date = |serial, kind| {
            texto(&DataRef::DateTime(ExcelDateTime::new(serial, kind, false)), Formato::default()).into_owned()
        };
        assert_eq!(date(45_142.0, ExcelDateTimeType::DateTime), "04/08/2023");
        assert_eq!(date(45_142.5, ExcelDateTimeType::DateTime), "04/08/2023 12:00:00");
        assert_eq!(date(0.5, ExcelDateTimeType::DateTime), "12:00:00");
        assert_eq!(date(0.0, ExcelDateTimeType::DateTime), "0");
        assert_eq!(date(-3.0, ExcelDateTimeType::DateTime), "-3");
        assert_eq!(date(9e9, ExcelDateTimeType::DateTime), "9000000000");
        assert_eq!(date(1.5, ExcelDateTimeType::TimeDelta), "1,5");
        let iso = |s: &str| texto(&DataRef::DateTimeIso(s.into()), Formato::default()).into_owned();
        assert_eq!(iso("2023-08-04"), "04/08/2023");
        assert_eq!(iso("2023-08-04T00:00:00"), "04/08/2023");
        assert_eq!(iso("2023-08-04T10:00:01Z"), "04/08/2023 10:00:01");
        assert_eq!(iso("ontem"), "ontem");
        assert_eq!(texto(&DataRef::Bool(true), Formato::default()), "S");
        assert_eq!(texto(&DataRef::Error(calamine::CellErrorType::NA), Formato::default()), "");
    }
}
