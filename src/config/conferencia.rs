//! The configuration looked at as a whole: every fault of it, every key with its value and origin, the list of keys.

use super::doc::{Doc, Valor};
use super::keys::{self, Absent, KEYS, Kind};
use super::{Config, ConfigError, Env, Place, build};
use serde_json::Value;
use std::path::Path;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origem {
    /// A line of the file, from 1.
    Linha(usize),
    /// A variable of the environment.
    Ambiente(String),
    /// Nobody set it: the value is the default.
    Padrao,
    /// Nobody set it, and there is no default.
    Ausente,
}

/// A key as it holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Chave {
    /// With its section.
    pub key: &'static str,
    /// As written, the name of a secret instead of the secret, an address without its path; null where absent.
    pub value: Value,
    /// Who says so.
    pub origem: Origem,
    /// What it is, whatever the configuration says.
    pub referencia: Referencia,
}

/// A key as the documents tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Referencia {
    /// The type, as JSON names it; `secret`: `env:NAME` or `file:PATH`.
    pub tipo: &'static str,
    /// The default as written in TOML.
    pub padrao: Option<&'static str>,
    /// Whether the configuration does not load without it.
    pub obrigatoria: bool,
    /// What it is, for operators.
    pub texto: &'static str,
}

impl From<&'static keys::Key> for Referencia {
    fn from(k: &'static keys::Key) -> Self {
        Self {
            tipo: match k.kind {
                Kind::Text | Kind::Address => "text",
                Kind::Secret => "secret",
                Kind::Integer => "integer",
                Kind::Number => "number",
                Kind::Bool => "boolean",
                Kind::List => "list",
            },
            padrao: match k.absent {
                Absent::Default(text) => Some(text),
                Absent::Nothing | Absent::Wrong => None,
            },
            obrigatoria: k.absent == Absent::Wrong,
            texto: k.what,
        }
    }
}

impl Config {
    /// Everything that is wrong with the file and the environment, in the order in which it is found; none: it loads.
    /// A file that is no TOML is one fault. What a faulty value would have said of another key is not known.
    #[must_use]
    pub fn faults(path: &Path, env: &Env) -> Vec<ConfigError> {
        let mut faults = Vec::new();
        let mut doc = match Self::read(path, env, &mut faults) {
            Ok(doc) => doc,
            Err(fault) => {
                faults.push(fault);
                return faults;
            }
        };
        while let Err(fault) = build::build(&mut doc, env) {
            let goes_on = doc.set_aside(&fault);
            // of two campaigns none is read: that is one fault, not three
            let known = matches!(&fault, ConfigError::Missing { key, .. } if key.starts_with("campanha."))
                && faults.iter().any(|f| matches!(f, ConfigError::OneCampaign { .. }));
            if !known {
                faults.push(fault);
            }
            if !goes_on {
                break;
            }
        }
        faults
    }

    /// Every key with its value and who says so.
    ///
    /// # Errors
    /// Those of [`Config::load`].
    pub fn show(path: &Path, env: &Env) -> Result<Vec<Chave>, ConfigError> {
        let config = Self::load(path, env)?;
        let doc = Self::read(path, env, &mut Vec::new())?;
        Ok(KEYS.iter().map(|k| chave(&config, &doc, k)).collect())
    }
}

fn chave(config: &Config, doc: &Doc, k: &'static keys::Key) -> Chave {
    let (value, origem) = match (doc.get(k.path), k.absent) {
        (Some((value, Place::Line { line, .. })), _) => (value.json(), Origem::Linha(*line)),
        (Some((value, Place::Env(name))), _) => (value.json(), Origem::Ambiente(name.clone())),
        // without the section nothing is sent, whatever the defaults are
        (None, _) if k.path.starts_with("omne.") && config.omne.is_none() => (Value::Null, Origem::Ausente),
        (None, Absent::Default(text)) => (Valor::written(text).map_or(Value::Null, |v| v.json()), Origem::Padrao),
        (None, Absent::Nothing) if k.path == "campanha.nome" => (config.campanha.nome.as_str().into(), Origem::Padrao),
        (None, Absent::Nothing | Absent::Wrong) => (Value::Null, Origem::Ausente),
    };
    let value = match (k.kind, &value) {
        (Kind::Address, Value::String(url)) => server_of(url).into(),
        _ => value,
    };
    Chave { key: k.path, value, origem, referencia: k.into() }
}

/// The address of a server without the path.
pub(super) fn server_of(url: &str) -> String {
    let scheme = url.find("://").map_or(0, |at| at + 3);
    match url.get(scheme..).and_then(|rest| rest.find('/')) {
        Some(path) => format!("{}/…", url.get(..scheme + path).unwrap_or_default()),
        None => url.to_owned(),
    }
}
