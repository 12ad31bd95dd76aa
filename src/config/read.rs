//! Reading one key of the flat map as a type, with its default.

use super::doc::{Doc, Valor, quoted};
use super::{ConfigError, Env, Secret, keys};
use chrono::{NaiveDate, NaiveTime};
use std::path::{Path, PathBuf};

/// A value that will not do.
pub(super) enum Bad {
    /// Another type than the key's.
    Type,
    /// The type is right; a sentence says what is not.
    Why(String),
}

/// Reads keys, with defaults.
pub(super) struct Reader<'a> {
    pub(super) doc: &'a Doc,
    pub(super) base: &'a Path,
    pub(super) env: &'a Env,
}

impl Reader<'_> {
    pub(super) fn get<T>(
        &self,
        key: &str,
        read: impl FnOnce(&Valor) -> Result<T, Bad>,
    ) -> Result<Option<T>, ConfigError> {
        let Some((value, place)) = self.doc.get(key) else {
            return Ok(None);
        };
        read(value).map(Some).map_err(|bad| match bad {
            Bad::Type => self.doc.wrong_type(key, value, place),
            Bad::Why(why) => ConfigError::Value { place: place.clone(), key: key.to_owned(), why },
        })
    }

    pub(super) fn text<T>(
        &self,
        key: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, ConfigError> {
        self.get(key, |value| match value {
            Valor::Text(s) | Valor::Moment(s) => read(s).map_err(Bad::Why),
            _ => Err(Bad::Type),
        })
    }

    pub(super) fn integer<T: TryFrom<i64>>(&self, key: &str, default: T, least: i64) -> Result<T, ConfigError> {
        Ok(self.whole(key, least)?.unwrap_or(default))
    }

    pub(super) fn whole<T: TryFrom<i64>>(&self, key: &str, least: i64) -> Result<Option<T>, ConfigError> {
        self.get(key, |value| match value {
            Valor::Integer(i) if *i < least => Err(Bad::Why(format!("{i} é pouco; o menor valor é {least}"))),
            Valor::Integer(i) => T::try_from(*i).map_err(|_| Bad::Why(format!("{i} é grande demais"))),
            _ => Err(Bad::Type),
        })
    }

    pub(super) fn fraction(&self, key: &str, default: f64) -> Result<f64, ConfigError> {
        let read = self.get(key, |value| {
            let x = match value {
                Valor::Number(x) => *x,
                Valor::Integer(0) => 0.0,
                Valor::Integer(1) => 1.0,
                Valor::Integer(i) => return Err(out_of_fraction(&i.to_string())),
                _ => return Err(Bad::Type),
            };
            if (0.0..=1.0).contains(&x) { Ok(x) } else { Err(out_of_fraction(&x.to_string())) }
        });
        Ok(read?.unwrap_or(default))
    }

    pub(super) fn flag(&self, key: &str) -> Result<bool, ConfigError> {
        let read = self.get(key, |value| match value {
            Valor::Bool(b) => Ok(*b),
            _ => Err(Bad::Type),
        });
        Ok(read?.unwrap_or(false))
    }

    pub(super) fn list<T>(
        &self,
        key: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<Vec<T>>, ConfigError> {
        self.get(key, |value| {
            let Valor::List(items) = value else {
                return Err(Bad::Type);
            };
            let item = |item: &Valor| match item {
                Valor::Text(s) | Valor::Moment(s) => read(s).map_err(Bad::Why),
                _ => Err(Bad::Type),
            };
            items.iter().map(item).collect()
        })
    }

    pub(super) fn path(&self, key: &str) -> Result<Option<PathBuf>, ConfigError> {
        Ok(self.text(key, filled)?.map(|p| self.base.join(p)))
    }

    pub(super) fn secret(&self, key: &str) -> Result<Option<Secret>, ConfigError> {
        self.text(key, |s| Secret::parse(s, self.base, self.env))
    }

    pub(super) fn hour(&self, key: &str, default: NaiveTime) -> Result<NaiveTime, ConfigError> {
        Ok(self.text(key, hour)?.unwrap_or(default))
    }

    pub(super) fn require<T>(&self, key: &str, value: Option<T>) -> Result<T, ConfigError> {
        value.ok_or_else(|| ConfigError::Missing {
            file: self.doc.file.clone(),
            key: key.to_owned(),
            example: keys::example(key),
        })
    }

    pub(super) fn dates(&self, key: &str) -> Result<Vec<NaiveDate>, ConfigError> {
        let read = |s: &str| {
            let shape = s.len() == 10;
            let date = NaiveDate::parse_from_str(s, "%Y-%m-%d").ok().filter(|_| shape);
            date.ok_or_else(|| format!("{} não é uma data AAAA-MM-DD existente", quoted(s)))
        };
        Ok(self.list(key, read)?.unwrap_or_default())
    }
}

fn out_of_fraction(found: &str) -> Bad {
    Bad::Why(format!("{found} está fora de 0 a 1 (10 % se escreve 0.10)"))
}

/// A text that is not blank, trimmed.
pub(super) fn filled(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() { Err("está vazio".into()) } else { Ok(text.to_owned()) }
}

/// Reads `HH:MM` or `HH:MM:SS`.
pub(super) fn hour(text: &str) -> Result<NaiveTime, String> {
    let read = |format| NaiveTime::parse_from_str(text, format);
    read("%H:%M").or_else(|_| read("%H:%M:%S")).map_err(|_| format!("{} não é uma hora HH:MM", quoted(text)))
}
