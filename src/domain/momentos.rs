//! Days and moments as other systems write them: each in one spelling, of a year that a calendar of ours knows.
//!
//! A date library reads more than people write: years before Christ, years of six digits, the 61st second. What passes
//! here is compared as text and reckoned with afterwards, so all of that stays out.

use chrono::{Datelike, NaiveDate, NaiveDateTime};

/// The years that four digits hold.
fn de_quatro(ano: i32) -> bool {
    (1..=9999).contains(&ano)
}

/// A day `AAAA-MM-DD`, every part with its zeros.
#[must_use]
pub fn dia(text: &str) -> Option<NaiveDate> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    (de_quatro(day.year()) && day.to_string() == text).then_some(day)
}

/// A moment `AAAA-MM-DD HH:MM:SS`, every part with its zeros; a leap second is none.
#[must_use]
pub fn momento(text: &str) -> Option<NaiveDateTime> {
    const FORMATO: &str = "%Y-%m-%d %H:%M:%S";
    let at = NaiveDateTime::parse_from_str(text, FORMATO).ok()?;
    (de_quatro(at.year()) && !text.ends_with(":60") && at.format(FORMATO).to_string() == text).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o_ano_tem_quatro_digitos_e_o_minuto_sessenta_segundos() {
        for good in ["0001-01-01", "2024-02-29", "9999-12-31"] {
            assert!(dia(good).is_some() && momento(&format!("{good} 23:59:59")).is_some(), "{good}");
        }
        for bad in ["0000-01-01", "0000-02-29", "-0001-01-01", "+12345-01-01", "2023-02-29", "2023-8-1", " 2023-08-01"]
        {
            assert!(dia(bad).is_none() && momento(&format!("{bad} 00:00:00")).is_none(), "{bad}");
        }
        for bad in ["2023-08-04 23:59:60", "2023-08-04 24:00:00", "2023-08-04 1:02:03", "2023-08-04", "", "ç"] {
            assert!(momento(bad).is_none(), "{bad}");
        }
    }
}
