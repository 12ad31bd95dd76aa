//! The fields of a JSON body, each read under its rule; what does not do is collected, so that the caller is told all
//! at once (422).
//!
//! Keys are compared without case. A blank text and null are absent. Texts may come as numbers, numbers as texts:
//! callers do both. Fields that nobody asks for are not looked at (AP16). Nothing that was found is repeated in an
//! answer: it may be personal.

use super::recusa::{Campo, Recusa};
use crate::domain::momentos;
use crate::domain::texto::plain;
use serde_json::Value;
use std::ops::RangeInclusive;

/// The name that `attendancelid` and `AttendancelD` stand for: an I that somebody read as an l.
pub const ATTENDANCE_ID: &str = "attendanceId";
/// Elements of a list.
const LISTA_MAX: usize = 1000;

/// A body while it is read.
pub struct Corpo<'m> {
    campos: &'m [(String, Value)],
    faltas: Vec<Campo>,
}

/// Whether a key of a body is a field's.
fn mesmo(chave: &str, nome: &str) -> bool {
    chave.eq_ignore_ascii_case(nome)
        || (nome == ATTENDANCE_ID && ["attendancelid", "attendanceld"].iter().any(|o| chave.eq_ignore_ascii_case(o)))
}

impl<'m> Corpo<'m> {
    /// Begins.
    pub fn novo(campos: &'m [(String, Value)]) -> Self {
        Self { campos, faltas: Vec::new() }
    }

    fn acha(&mut self, nome: &'static str) -> Option<&'m Value> {
        let mut found = self.campos.iter().filter(|(k, _)| mesmo(k, nome)).map(|(_, v)| v);
        let (first, second) = (found.next(), found.next());
        if second.is_some() {
            self.falta(nome, "o campo uma só vez");
            return None;
        }
        first.filter(|v| !v.is_null() && v.as_str().is_none_or(|s| !s.trim().is_empty()))
    }

    /// Notes that a field does not do; the first fault of a field stands.
    pub fn falta(&mut self, nome: &'static str, esperado: impl Into<String>) {
        if !self.faltas.iter().any(|(n, _)| *n == nome) {
            self.faltas.push((nome, esperado.into()));
        }
    }

    /// A field must be there.
    pub fn exige<T>(&mut self, nome: &'static str, valor: Option<T>) -> Option<T> {
        if valor.is_none() {
            self.falta(nome, "obrigatório");
        }
        valor
    }

    /// All faults.
    pub fn recusa(self) -> Recusa {
        Recusa::Campos(self.faltas)
    }

    /// Whether nothing is wrong so far.
    pub fn bom(&self) -> bool {
        self.faltas.is_empty()
    }

    /// What a check of a value says, its fault noted.
    fn le<T>(&mut self, nome: &'static str, esperado: &str, f: impl FnOnce(&'m Value) -> Option<T>) -> Option<T> {
        let value = self.acha(nome)?;
        let read = f(value);
        if read.is_none() {
            self.falta(nome, esperado);
        }
        read
    }

    /// A text of one line, trimmed.
    pub fn texto(&mut self, nome: &'static str, max: usize) -> Option<String> {
        let want = format!("um texto de até {max} caracteres, sem caracteres de controle");
        self.le(nome, &want, |v| escalar(v).filter(|t| t.chars().count() <= max && plain(t)))
    }

    /// A text of several lines.
    pub fn prosa(&mut self, nome: &'static str, max: usize) -> Option<String> {
        let want = format!("um texto de até {max} caracteres, sem caracteres de controle");
        let free = |c: char| matches!(c, '\n' | '\r' | '\t') || !c.is_control();
        self.le(nome, &want, |v| escalar(v).filter(|t| t.chars().count() <= max && t.chars().all(free)))
    }

    /// A whole number.
    pub fn inteiro(&mut self, nome: &'static str, entre: RangeInclusive<i64>) -> Option<i64> {
        let want = match (*entre.start(), *entre.end()) {
            (from, i64::MAX) => format!("um número inteiro a partir de {from}"),
            (from, to) => format!("um número inteiro de {from} a {to}"),
        };
        self.le(nome, &want, |v| inteiro(v).filter(|n| entre.contains(n)))
    }

    /// A day that exists, as ISO text.
    pub fn data(&mut self, nome: &'static str) -> Option<String> {
        self.le(nome, "uma data existente, AAAA-MM-DD", |v| {
            let text = v.as_str()?.trim();
            momentos::dia(text).map(|_| text.to_owned())
        })
    }

    /// A moment that exists, as `AAAA-MM-DD HH:MM:SS`.
    pub fn data_hora(&mut self, nome: &'static str) -> Option<String> {
        self.le(nome, "data e hora existentes, AAAA-MM-DD HH:MM:SS", |v| {
            let text = v.as_str()?.trim().replacen('T', " ", 1);
            momentos::momento(&text).is_some().then_some(text)
        })
    }

    /// A decimal that is not negative, as a number or as text with a point, in units of `casas` decimals.
    pub fn decimal(&mut self, nome: &'static str, casas: u32, max: i64) -> Option<i64> {
        let want = format!("um número não negativo com até {casas} decimais e ponto, como 595.37");
        self.le(nome, &want, |v| decimal(&escalar(v)?, casas).filter(|n| *n <= max))
    }

    /// Yes or no.
    pub fn booleano(&mut self, nome: &'static str) -> Option<bool> {
        self.le(nome, "true ou false", |v| match v {
            Value::Bool(b) => Some(*b),
            Value::String(s) if s.trim().eq_ignore_ascii_case("true") => Some(true),
            Value::String(s) if s.trim().eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        })
    }

    /// A list of texts, numbers or objects, as it came.
    pub fn lista(&mut self, nome: &'static str) -> Option<Value> {
        let want = format!("uma lista de até {LISTA_MAX} textos, números ou objetos");
        let good = |v: &Value| v.is_string() || v.is_number() || v.is_object();
        self.le(nome, &want, |v| {
            let all = v.as_array()?;
            (all.len() <= LISTA_MAX && all.iter().all(good)).then(|| v.clone())
        })
    }
}

/// A text or a number, as text.
fn escalar(v: &Value) -> Option<String> {
    match v {
        Value::String(s) => Some(s.trim().to_owned()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

/// A whole number, also as text of digits.
fn inteiro(v: &Value) -> Option<i64> {
    match v {
        Value::Number(n) => n.as_i64(),
        Value::String(s) => {
            let s = s.trim();
            s.bytes().all(|b| b.is_ascii_digit()).then(|| s.parse().ok()).flatten()
        }
        _ => None,
    }
}

/// `595.37` at two decimals is 59537. Nothing rounds.
fn decimal(text: &str, casas: u32) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(part) {
        return None;
    }
    // a number comes as `800.0`
    let part = part.trim_end_matches('0');
    let missing = casas.checked_sub(u32::try_from(part.len()).ok()?)?;
    let part = if part.is_empty() { 0 } else { part.parse::<i64>().ok()?.checked_mul(10i64.checked_pow(missing)?)? };
    whole.parse::<i64>().ok()?.checked_mul(10i64.checked_pow(casas)?)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn com<T>(value: &Value, f: impl FnOnce(&mut Corpo<'_>) -> T) -> (T, Vec<&'static str>) {
        let map = [("X".to_owned(), value.clone())];
        let mut c = Corpo::novo(&map);
        let out = f(&mut c);
        (out, c.faltas.into_iter().map(|(n, _)| n).collect())
    }

    #[test]
    fn dinheiro_como_numero_ou_texto_e_nada_arredonda() {
        for (v, cents) in [
            (json!(595.37), 59_537),
            (json!("595.37"), 59_537),
            (json!(800), 80_000),
            (json!(800.0), 80_000),
            (json!("0"), 0),
            (json!("1.5"), 150),
            (json!("12345678901.20"), 1_234_567_890_120),
        ] {
            assert_eq!(com(&v, |c| c.decimal("x", 2, i64::MAX)), (Some(cents), vec![]), "{v}");
        }
        for v in ["595,37", "1.234", "-1", "1e3", "R$ 1", "1.", ".5", "99999999999999999999", "abc", "1 2"] {
            assert_eq!(com(&json!(v), |c| c.decimal("x", 2, i64::MAX)), (None, vec!["x"]), "{v}");
        }
        for v in [json!(-1), json!(0.001), json!(1e300), json!(true), json!([1]), json!({})] {
            assert_eq!(com(&v, |c| c.decimal("x", 2, i64::MAX)), (None, vec!["x"]), "{v}");
        }
    }

    #[test]
    fn datas_que_nao_existem_nao_passam() {
        for v in [
            "2023-02-29",
            "2023-13-01",
            "01/08/2023",
            "2023-8-1",
            "0000-00-00",
            "2023-08-01 10:00:00",
            "+12345-01-01",
            "0000-02-29",
        ] {
            assert_eq!(com(&json!(v), |c| c.data("x")), (None, vec!["x"]), "{v}");
        }
        assert_eq!(com(&json!("2024-02-29"), |c| c.data("x")).0.as_deref(), Some("2024-02-29"));
        for v in [
            "2023-02-29 10:00:00",
            "2023-09-20 24:00:00",
            "2023-09-20",
            "2023-09-20 10:36",
            "-0001-01-01 00:00:00",
            "2023-08-04 23:59:60",
        ] {
            assert_eq!(com(&json!(v), |c| c.data_hora("x")), (None, vec!["x"]), "{v}");
        }
        for v in ["2023-09-20 10:36:40", "2023-09-20T10:36:40"] {
            assert_eq!(com(&json!(v), |c| c.data_hora("x")).0.as_deref(), Some("2023-09-20 10:36:40"), "{v}");
        }
    }

    #[test]
    fn ausente_vazio_e_nulo_sao_o_mesmo_e_repetido_nao_passa() {
        for v in [json!(null), json!(""), json!("  ")] {
            assert_eq!(com(&v, |c| c.texto("x", 9)), (None, vec![]), "{v}");
        }
        assert_eq!(com(&json!("a\u{0}b"), |c| c.prosa("x", 9)), (None, vec!["x"]));
        assert_eq!(com(&json!("a\nb"), |c| c.prosa("x", 9)).0.as_deref(), Some("a\nb"));
        assert_eq!(com(&json!("a\nb"), |c| c.texto("x", 9)), (None, vec!["x"]));
        assert_eq!(com(&json!(12), |c| c.texto("x", 9)).0.as_deref(), Some("12"));
        for other in ["x", "X"] {
            let map = [("X".to_owned(), json!(1)), (other.to_owned(), json!(2))];
            let mut c = Corpo::novo(&map);
            assert_eq!((c.inteiro("x", 0..=9), c.bom()), (None, false));
        }
        for key in ["attendanceId", "attendancelid", "AttendancelD", "ATTENDANCEID"] {
            let map = [(key.to_owned(), json!("a"))];
            assert_eq!(Corpo::novo(&map).texto(ATTENDANCE_ID, 9).as_deref(), Some("a"), "{key}");
        }
    }
}
