//! JSON as it came. The library keeps a number in 64 bits and of a repeated key the last; callers' ids are longer, and a
//! repeated key is a mistake that nobody should have to guess about.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;

/// Decimal digits that 64 bits of a fraction always give back.
const DIGITOS: usize = 15;

/// A value; numbers that do not fit in 64 bits digit by digit are texts.
///
/// # Errors
/// It is no JSON, or holds what no text can (half a surrogate pair), or is too deep.
pub fn valor(corpo: &[u8]) -> serde_json::Result<Value> {
    le(corpo)
}

/// An object's fields as they came, repeated ones too; numbers as in [`valor`].
///
/// # Errors
/// As [`valor`]; it is no object.
pub fn campos(corpo: &[u8]) -> serde_json::Result<Vec<(String, Value)>> {
    le::<Campos>(corpo).map(|c| c.0)
}

fn le<T: for<'de> Deserialize<'de>>(corpo: &[u8]) -> serde_json::Result<T> {
    match sem_perda(corpo) {
        Cow::Borrowed(same) => serde_json::from_slice(same),
        Cow::Owned(other) => {
            // a key that is a number must not become one that is a text
            serde_json::from_slice::<IgnoredAny>(corpo)?;
            serde_json::from_slice(&other)
        }
    }
}

struct Campos(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Campos {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Todos;
        impl<'de> Visitor<'de> for Todos {
            type Value = Campos;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Campos, A::Error> {
                let mut all = Vec::new();
                while let Some(field) = map.next_entry()? {
                    all.push(field);
                }
                Ok(Campos(all))
            }
        }
        d.deserialize_map(Todos)
    }
}

/// The same with quotes around every number that would lose a digit.
fn sem_perda(corpo: &[u8]) -> Cow<'_, [u8]> {
    let (mut out, mut done, mut at) = (Vec::new(), 0, 0);
    let (mut text, mut escaped) = (false, false);
    while let Some(b) = corpo.get(at) {
        let begun = at;
        at += 1;
        match (text, b) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => text = !text,
            (false, b'-' | b'0'..=b'9') => {
                let more = |b: &u8| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
                at += corpo.iter().skip(at).take_while(|b| more(b)).count();
                let number = corpo.get(begun..at).and_then(|n| std::str::from_utf8(n).ok()).unwrap_or_default();
                if !cabe(number) {
                    out.extend_from_slice(corpo.get(done..begun).unwrap_or_default());
                    out.extend(format!("\"{number}\"").bytes());
                    done = at;
                }
            }
            _ => {}
        }
    }
    if done == 0 {
        return Cow::Borrowed(corpo);
    }
    out.extend_from_slice(corpo.get(done..).unwrap_or_default());
    Cow::Owned(out)
}

/// Whether 64 bits hold a number with all its digits.
fn cabe(numero: &str) -> bool {
    let (mantissa, exponent) = numero.split_once(['e', 'E']).unwrap_or((numero, ""));
    if exponent.is_empty() && !mantissa.contains('.') {
        return numero.parse::<i64>().is_ok() || numero.parse::<u64>().is_ok();
    }
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0').trim_end_matches('0');
    digits.is_empty() || digits.len() <= DIGITOS && numero.parse::<f64>().is_ok_and(f64::is_normal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn um_numero_longo_fica_com_todos_os_digitos_como_texto() {
        for (raw, want) in [
            ("20230804000000000001", json!("20230804000000000001")),
            ("-9223372036854775809", json!("-9223372036854775809")),
            ("595.370000000000000001", json!("595.370000000000000001")),
            ("1e999", json!("1e999")),
            ("1e-400", json!("1e-400")),
            ("18446744073709551615", json!(u64::MAX)),
            ("-9223372036854775808", json!(i64::MIN)),
            ("595.37", json!(595.37)),
            ("595.370000000000000000", json!(595.37)),
            ("800.0", json!(800.0)),
            ("0.0", json!(0.0)),
            ("1e300", json!(1e300)),
        ] {
            assert_eq!(valor(raw.as_bytes()).unwrap(), want, "{raw}");
            let within = format!(r#"{{"a \"20230804000000000001\\": [1, {raw} ], "b":{raw}}}"#);
            let read = valor(within.as_bytes()).unwrap();
            assert_eq!((&read["a \"20230804000000000001\\"], &read["b"]), (&json!([1, want]), &want), "{within}");
        }
    }

    #[test]
    fn o_que_nao_e_json_nao_passa_a_ser() {
        for bad in
            ["{20230804000000000001: 1}", "[--20230804000000000001]", "[020230804000000000001]", "1e999x", "-", "{"]
        {
            assert!(valor(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn um_campo_repetido_vem_duas_vezes() {
        let all = campos(br#"{"a":1,"b":{"a":2},"a":20230804000000000001}"#).unwrap();
        let keys: Vec<&str> = all.iter().map(|(k, _)| k.as_str()).collect();
        assert_eq!((keys, &all[2].1), (vec!["a", "b", "a"], &json!("20230804000000000001")));
        for none in ["[]", "1", "null", "\"a\"", ""] {
            assert!(campos(none.as_bytes()).is_err(), "{none}");
        }
    }
}
