//! What can be wrong with a configuration, in the words of operators.

use std::fmt;
use std::path::PathBuf;

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A line of the file.
    Line {
        /// The file, as it was named.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A variable of the environment.
    Env(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { file, line } => write!(f, "{}, linha {line}", file.display()),
            Self::Env(name) => write!(f, "variável de ambiente {}", name.escape_debug()),
        }
    }
}

/// A configuration that cannot be used (exit 2). No message holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No file at any of the places.
    #[error(
        "configuração não encontrada ({}); crie uma com `atom init` ou aponte-a com --config",
        .tried.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ")
    )]
    NotFound {
        /// Where it was looked for.
        tried: Vec<PathBuf>,
    },
    /// A file cannot be read.
    #[error("{}: não foi possível ler: {source}", .file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What failed.
        source: std::io::Error,
    },
    /// A line of the block list that is no phone: whoever it means would be called.
    #[error("{}, linha {line}: não é um telefone (DDD e número); sem a lista inteira nada é discado", .file.display())]
    Blocked {
        /// The list.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// Others may change the configuration (SE3).
    #[error(
        "{}: a configuração pode ser alterada por outros usuários; corrija com: chmod go-w {}",
        .file.display(), .file.display()
    )]
    Writable {
        /// The configuration.
        file: PathBuf,
    },
    /// Others may read a secret (SE3).
    #[error(
        "{}: o arquivo de segredo está aberto a outros usuários; corrija com: chmod go-rwx {}",
        .file.display(), .file.display()
    )]
    Readable {
        /// The secret's file.
        file: PathBuf,
    },
    /// The file is no TOML.
    #[error("{place}: não é TOML válido: {message}")]
    Syntax {
        /// Where.
        place: Place,
        /// What the parser says.
        message: String,
    },
    /// R001: one campaign per store.
    #[error(
        "{place}: mais de uma campanha; cada store tem uma só (R001): \
         use um atom.toml e um store por campanha, com uma seção [campanha]"
    )]
    OneCampaign {
        /// Where.
        place: Place,
    },
    /// A key that does not exist.
    #[error("{place}: chave desconhecida {} (não seria {nearest}?)", .key.escape_debug())]
    UnknownKey {
        /// Where.
        place: Place,
        /// As written.
        key: String,
        /// The nearest that exists.
        nearest: String,
    },
    /// A value of another type.
    #[error("{place}: {key}: encontrado {found}, esperado {expected} (exemplo: {example})")]
    Type {
        /// Where.
        place: Place,
        /// The key.
        key: String,
        /// What stands there.
        found: String,
        /// What should.
        expected: &'static str,
        /// A line that would do.
        example: String,
    },
    /// A value of the right type that cannot be.
    #[error("{place}: {key}: {why}")]
    Value {
        /// Where.
        place: Place,
        /// The key.
        key: String,
        /// What is wrong and what was expected.
        why: String,
    },
    /// A key without a default is absent.
    #[error("{}: falta a chave {key}; exemplo: {example}", .file.display())]
    Missing {
        /// The configuration.
        file: PathBuf,
        /// The key.
        key: String,
        /// A line that would do, with its section.
        example: String,
    },
    /// A secret cannot be had.
    #[error("segredo {name}: {why}")]
    Secret {
        /// `env:NAME` or `file:PATH`.
        name: String,
        /// What is wrong.
        why: String,
    },
}
