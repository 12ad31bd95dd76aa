//! File and environment as one flat map of keys, each value with its place.

use super::keys::{self, Kind};
use super::{ConfigError, Env, Place};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value, of the file or of a variable.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Valor {
    Text(String),
    Integer(i64),
    Number(f64),
    Bool(bool),
    /// A TOML date or time, as text.
    Moment(String),
    List(Vec<Valor>),
    /// A table, or an integer that is too long.
    Other(&'static str),
}

impl Valor {
    /// A value as it is written in TOML.
    pub(super) fn written(text: &str) -> Option<Self> {
        DeValue::parse(text.trim()).ok().map(|v| Self::of(v.get_ref()))
    }

    /// As JSON, which is how TOML writes the same values.
    pub(super) fn json(&self) -> serde_json::Value {
        match self {
            Self::Text(s) | Self::Moment(s) => s.as_str().into(),
            Self::Integer(i) => (*i).into(),
            Self::Number(x) => (*x).into(),
            Self::Bool(b) => (*b).into(),
            Self::List(items) => items.iter().map(Self::json).collect(),
            Self::Other(_) => serde_json::Value::Null,
        }
    }

    fn of(value: &DeValue<'_>) -> Self {
        match value {
            DeValue::String(s) => Self::Text(s.to_string()),
            DeValue::Integer(i) => {
                i64::from_str_radix(i.as_str(), i.radix()).map_or(Self::Other("um inteiro longo demais"), Self::Integer)
            }
            DeValue::Float(x) => x.as_str().parse().map_or(Self::Other("um número ilegível"), Self::Number),
            DeValue::Boolean(b) => Self::Bool(*b),
            DeValue::Datetime(d) => Self::Moment(d.to_string()),
            DeValue::Array(items) => Self::List(items.iter().map(|i| Self::of(i.get_ref())).collect()),
            DeValue::Table(_) => Self::Other("uma seção"),
        }
    }

    /// A variable's text, read by the kind of its key.
    fn of_variable(text: &str, kind: Kind) -> Self {
        let toml = || Self::written(text);
        let plain = || Self::Text(text.to_owned());
        match kind {
            Kind::Text | Kind::Secret | Kind::Address if text.starts_with(['"', '\'']) => {
                toml().filter(|v| matches!(v, Self::Text(_))).unwrap_or_else(plain)
            }
            Kind::Text | Kind::Secret | Kind::Address => plain(),
            Kind::List if text.trim_start().starts_with('[') => toml().unwrap_or_else(plain),
            Kind::List => {
                let items = text.split(',').map(str::trim).filter(|i| !i.is_empty());
                Self::List(items.map(|i| Self::Text(i.to_owned())).collect())
            }
            Kind::Integer | Kind::Number | Kind::Bool => toml().unwrap_or_else(plain),
        }
    }

    /// For messages: what stands there.
    fn found(&self) -> String {
        match self {
            Self::Text(s) => format!("texto {}", quoted(s)),
            Self::Integer(i) => format!("número inteiro {i}"),
            Self::Number(x) => format!("número {x}"),
            Self::Bool(b) => format!("{b}"),
            Self::Moment(d) => format!("data ou hora {d}"),
            Self::List(_) => "uma lista".to_owned(),
            Self::Other(what) => (*what).to_owned(),
        }
    }
}

/// A text as messages show it: in quotes, harmless (SE7) and not too long.
pub(super) fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(60).flat_map(char::escape_debug).collect();
    if text.chars().nth(60).is_some() {
        shown.push('…');
    }
    format!("\"{shown}\"")
}

/// The flat map.
#[derive(Debug)]
pub(super) struct Doc {
    pub(super) file: PathBuf,
    /// The folder of the file: relative paths count from it.
    pub(super) base: PathBuf,
    values: BTreeMap<&'static str, (Valor, Place)>,
    sections: BTreeSet<String>,
    /// Unknown variables that look like keys; harmless where a secret names them.
    strangers: Vec<(String, ConfigError)>,
}

impl Doc {
    /// Reads `text`, then lets the variables of `env` win. What is no key or no section goes to `faults`, in the
    /// order of the file.
    pub(super) fn read(
        file: &Path,
        base: &Path,
        text: &str,
        env: &Env,
        faults: &mut Vec<ConfigError>,
    ) -> Result<Self, ConfigError> {
        let walk = Walk { file, text };
        let table = DeTable::parse(text).map_err(|e| walk.syntax(&e))?;
        let (file, base, strangers) = (file.to_path_buf(), base.to_path_buf(), Vec::new());
        let mut doc = Self { file, base, values: BTreeMap::new(), sections: BTreeSet::new(), strangers };
        let mut found = Vec::new();
        walk.table("", table.get_ref(), &mut doc, &mut found);
        found.sort_by_key(|(at, _)| *at);
        faults.extend(found.into_iter().map(|(_, fault)| fault));
        for (name, value) in env.atom() {
            doc.variable(name, value).unwrap_or_else(|fault| faults.push(fault));
        }
        Ok(doc)
    }

    fn variable(&mut self, name: &str, text: &str) -> Result<(), ConfigError> {
        let Some(path) = keys::path_of(name) else {
            return Ok(());
        };
        let place = Place::Env(name.to_owned());
        if let Some(key) = keys::find(&path).filter(|k| keys::variable(k.path) == name) {
            if text.contains('\u{FFFD}') {
                return Err(ConfigError::Value { place, key: path, why: "o valor não é UTF-8".into() });
            }
            self.values.insert(key.path, (Valor::of_variable(text, key.kind), place));
        } else if keys::looks_like_a_key(&path) {
            let nearest = keys::variable(keys::nearest(&path));
            let fault = ConfigError::UnknownKey { place, key: path, nearest };
            self.strangers.push((name.to_owned(), fault));
        }
        Ok(())
    }

    /// The first variable that looks like a key, is none, and that no secret in `named` uses.
    pub(super) fn stranger(&mut self, named: &[&str]) -> Option<ConfigError> {
        let at = self.strangers.iter().position(|(name, _)| !named.contains(&name.as_str()))?;
        Some(self.strangers.swap_remove(at).1)
    }

    /// Whether the section stands in the file or has a key in the environment.
    pub(super) fn has_section(&self, section: &str) -> bool {
        let within = |k: &&'static str| k.strip_prefix(section).is_some_and(|rest| rest.starts_with('.'));
        self.sections.contains(section) || self.values.keys().any(within)
    }

    /// The value of a key and its place.
    pub(super) fn get(&self, key: &str) -> Option<(&Valor, &Place)> {
        self.values.get(key).map(|(value, place)| (value, place))
    }

    /// Puts the example of a key in the place of what `fault` complains of, so that the rest can be judged as well;
    /// whether it did.
    pub(super) fn set_aside(&mut self, fault: &ConfigError) -> bool {
        let (ConfigError::Type { key, .. } | ConfigError::Value { key, .. } | ConfigError::Missing { key, .. }) = fault
        else {
            // a variable that is no key is told once
            return matches!(fault, ConfigError::UnknownKey { .. });
        };
        let Some(key) = keys::find(key) else { return false };
        let place = Place::Line { file: self.file.clone(), line: 0 };
        // an example that is complained of in its turn would never end
        let before = self.values.insert(key.path, (key.sample(), place.clone()));
        before.is_none_or(|(_, at)| at != place)
    }

    /// The error for a value of another type than the key's.
    pub(super) fn wrong_type(&self, key: &str, value: &Valor, place: &Place) -> ConfigError {
        let kind = keys::find(key).map_or(Kind::Text, |k| k.kind);
        let found = match (kind, value) {
            (Kind::Secret, _) => "outra coisa, que não é mostrada".to_owned(),
            (Kind::List, Valor::List(items)) => {
                let odd = items.iter().find(|i| !matches!(i, Valor::Text(_) | Valor::Moment(_)));
                odd.map_or_else(|| value.found(), |i| format!("{} na lista", i.found()))
            }
            _ => value.found(),
        };
        let (place, expected, example) = (place.clone(), kind.expected(), keys::example(key));
        ConfigError::Type { place, key: key.to_owned(), found, expected, example }
    }
}

/// The walk over the file's tables.
struct Walk<'a> {
    file: &'a Path,
    text: &'a str,
}

impl Walk<'_> {
    fn place(&self, span: &Range<usize>) -> Place {
        let before = self.text.as_bytes().iter().take(span.start);
        Place::Line { file: self.file.to_path_buf(), line: 1 + before.filter(|b| **b == b'\n').count() }
    }

    /// A parser's error; a second `[campanha]` is one for TOML, and a rule of ours.
    fn syntax(&self, error: &toml::de::Error) -> ConfigError {
        let span = error.span().unwrap_or(0..0);
        let place = self.place(&span);
        let written = self.text.get(span).unwrap_or_default();
        if written.trim() == "campanha" && error.message().contains("duplicate key") {
            return ConfigError::OneCampaign { place };
        }
        ConfigError::Syntax { place, message: error.message().replace('\n', "; ") }
    }

    fn table(&self, section: &str, table: &DeTable<'_>, doc: &mut Doc, faults: &mut Vec<(usize, ConfigError)>) {
        for (name, value) in table {
            let path = match section {
                "" => name.get_ref().to_string(),
                _ => format!("{section}.{}", name.get_ref()),
            };
            if let Err(fault) = self.entry(path, name.span(), value, doc, faults) {
                faults.push((name.span().start, fault));
            }
        }
    }

    fn entry(
        &self,
        path: String,
        at: Range<usize>,
        value: &Spanned<DeValue<'_>>,
        doc: &mut Doc,
        faults: &mut Vec<(usize, ConfigError)>,
    ) -> Result<(), ConfigError> {
        let place = self.place(&at);
        if let Some(key) = keys::find(&path) {
            doc.values.insert(key.path, (Valor::of(value.get_ref()), place));
            return Ok(());
        }
        if !keys::is_section(&path) {
            let nearest = keys::nearest(&path).to_owned();
            return Err(ConfigError::UnknownKey { place, key: path, nearest });
        }
        match value.get_ref() {
            DeValue::Table(inner) => {
                self.table(&path, inner, doc, faults);
                doc.sections.insert(path);
                Ok(())
            }
            DeValue::Array(_) if path == "campanha" => Err(ConfigError::OneCampaign { place }),
            other => Err(ConfigError::Type {
                place,
                found: Valor::of(other).found(),
                expected: "uma seção",
                example: format!("[{path}]"),
                key: path,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_read_by_the_type_of_its_key() {
        let read = Valor::of_variable;
        assert_eq!(read("0528", Kind::Text), Valor::Text("0528".into()));
        assert_eq!(read("\"0528\"", Kind::Text), Valor::Text("0528".into()));
        assert_eq!(read("\"a", Kind::Text), Valor::Text("\"a".into()));
        assert_eq!(read("true", Kind::Text), Valor::Text("true".into()));
        assert_eq!(read("0.2", Kind::Number), Valor::Number(0.2));
        assert_eq!(read("1", Kind::Number), Valor::Integer(1));
        assert_eq!(read("0,2", Kind::Number), Valor::Text("0,2".into()));
        assert_eq!(read("true", Kind::Bool), Valor::Bool(true));
        let list = Valor::List(vec![Valor::Text("a".into()), Valor::Text("b".into())]);
        assert_eq!(read("a, b", Kind::List), list);
        assert_eq!(read("[\"a\", \"b\"]", Kind::List), list);
        assert_eq!(read("", Kind::List), Valor::List(vec![]));
    }

    #[test]
    fn quoted_text_is_short_and_harmless() {
        assert_eq!(quoted("a\nb\u{1b}"), "\"a\\nb\\u{1b}\"");
        assert_eq!(quoted(&"x".repeat(70)), format!("\"{}…\"", "x".repeat(60)));
        assert_eq!(quoted("Veículos"), "\"Veículos\"");
    }
}
