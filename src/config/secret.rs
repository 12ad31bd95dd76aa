//! Secrets: named in the configuration, read when needed, never shown (SE2, SE3).

use super::{ConfigError, Env};
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Where a secret is kept: `env:NAME` or `file:PATH`. Neither `Debug` nor `Display` shows its value.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Source);

#[derive(Clone, PartialEq, Eq)]
enum Source {
    Env { name: String, value: Option<String> },
    File(PathBuf),
}

impl Secret {
    /// Reads `env:NAME` or `file:PATH` (relative to `base`). The variable's value is taken from
    /// `env` now; that it is missing shows only in [`Secret::read`].
    ///
    /// # Errors
    /// A sentence for operators, without the text, which may be a secret typed in its place.
    pub fn parse(text: &str, base: &Path, env: &Env) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix("env:") {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if name.is_empty() || !name.chars().all(plain) {
                return Err("depois de env: vem o nome de uma variável, ex.: \"env:EVO_SENHA\"".into());
            }
            let value = env.get(name).map(str::to_owned);
            return Ok(Self(Source::Env { name: name.to_owned(), value }));
        }
        match text.strip_prefix("file:") {
            Some("") => Err("depois de file: vem o caminho de um arquivo".into()),
            Some(path) => Ok(Self(Source::File(base.join(path)))),
            None => Err("segredos só como \"env:NOME\" ou \"file:CAMINHO\", nunca o próprio valor \
                         (o que está escrito aí não é mostrado)"
                .into()),
        }
    }

    /// The secret itself, without line breaks at its end.
    ///
    /// # Errors
    /// An unset or empty variable; a missing, unreadable or empty file, or one that group or
    /// others may read or write (SE3).
    pub fn read(&self) -> Result<String, ConfigError> {
        let refuse = |why: &str| ConfigError::Secret { name: self.to_string(), why: why.to_owned() };
        let text = match &self.0 {
            Source::Env { value: None, .. } => return Err(refuse("a variável não está definida")),
            Source::Env { value: Some(value), .. } if value.contains('\u{FFFD}') => {
                return Err(refuse("o valor não é UTF-8"));
            }
            Source::Env { value: Some(value), .. } => value.clone(),
            Source::File(path) => read_private(path)?,
        };
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            return Err(refuse("está vazio"));
        }
        Ok(text.to_owned())
    }

    /// The file, where the secret is one (a key that a library opens by itself). Check it with
    /// [`Secret::read`] first.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match &self.0 {
            Source::File(path) => Some(path),
            Source::Env { .. } => None,
        }
    }

    /// The variable's name, where the secret is one.
    #[must_use]
    pub fn env_name(&self) -> Option<&str> {
        match &self.0 {
            Source::Env { name, .. } => Some(name),
            Source::File(_) => None,
        }
    }
}

/// The text of a file that only its owner may touch; looked at and read through one handle.
fn read_private(path: &Path) -> Result<String, ConfigError> {
    let io = |source| ConfigError::Io { file: path.to_path_buf(), source };
    let mut file = File::open(path).map_err(io)?;
    if file.metadata().map_err(io)?.permissions().mode() & 0o066 != 0 {
        return Err(ConfigError::Readable { file: path.to_path_buf() });
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(io)?;
    Ok(text)
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Env { name, .. } => write!(f, "env:{name}"),
            Source::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn secret_file(mode: u32, text: &str) -> (tempfile::TempDir, Secret) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("senha");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let secret = Secret::parse("file:senha", dir.path(), &Env::default()).unwrap();
        (dir, secret)
    }

    #[test]
    fn a_literal_is_refused_and_not_shown() {
        for literal in ["hunter2", "", "ENV:X", "env:", "env:a b", "file:"] {
            let why = Secret::parse(literal, Path::new("/"), &Env::default()).unwrap_err();
            assert!(!why.contains("hunter2"), "{why}");
        }
    }

    #[test]
    fn a_variable_is_read_and_never_shown() {
        let env: Env = [("SENHA", "hunter2\n")].into_iter().collect();
        let secret = Secret::parse("env:SENHA", Path::new("/"), &env).unwrap();
        assert_eq!(secret.read().unwrap(), "hunter2");
        assert_eq!(format!("{secret} {secret:?}"), "env:SENHA Secret(env:SENHA)");
    }

    #[test]
    fn an_unset_variable_shows_only_on_reading() {
        let secret = Secret::parse("env:SENHA", Path::new("/"), &Env::default()).unwrap();
        let message = secret.read().unwrap_err().to_string();
        assert_eq!(message, "segredo env:SENHA: a variável não está definida");
    }

    #[test]
    fn a_private_file_is_read_without_its_line_break() {
        for mode in [0o600, 0o400] {
            let (_dir, secret) = secret_file(mode, " hunter 2 \r\n");
            assert_eq!(secret.read().unwrap(), " hunter 2 ");
        }
    }

    #[test]
    fn a_file_that_group_or_others_may_read_is_refused() {
        for mode in [0o640, 0o604, 0o644, 0o620] {
            let (_dir, secret) = secret_file(mode, "hunter2");
            let message = secret.read().unwrap_err().to_string();
            assert!(message.contains("chmod go-rwx"), "{mode:o}: {message}");
            assert!(!message.contains("hunter2"));
        }
    }

    #[test]
    fn an_empty_or_missing_file_is_an_error() {
        let (dir, secret) = secret_file(0o600, "\n");
        assert!(secret.read().unwrap_err().to_string().ends_with("está vazio"));
        let missing = Secret::parse("file:nada", dir.path(), &Env::default()).unwrap();
        assert!(missing.read().unwrap_err().to_string().contains("não foi possível ler"));
    }
}
