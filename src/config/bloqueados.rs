//! The block list of `contato.bloqueados`: numbers that are neither dialled nor messaged (decisions 4).

use super::{ConfigError, Contato};
use crate::domain::fone::Fone;
use std::collections::HashSet;
use std::os::unix::fs::MetadataExt as _;

/// By which one file is told from another that took its place or its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selo {
    inode: u64,
    bytes: u64,
    mudado: [i64; 4],
}

impl Contato {
    /// The block list's file as it is now; `None`: there is none, or it cannot be looked at.
    #[must_use]
    pub fn selo_dos_bloqueados(&self) -> Option<Selo> {
        let m = std::fs::metadata(self.bloqueados.as_ref()?).ok()?;
        let mudado = [m.mtime(), m.mtime_nsec(), m.ctime(), m.ctime_nsec()];
        Some(Selo { inode: m.ino(), bytes: m.len(), mudado })
    }

    /// Reads the list, a phone a line; blank lines and `#` comments are passed over. Empty where none is
    /// configured. It is kept by hand, also on Windows: a byte order mark and comments in any code page are fine.
    ///
    /// # Errors
    /// The file cannot be read, or a line is no phone (named by its number, not its text).
    pub fn fones_bloqueados(&self) -> Result<HashSet<Fone>, ConfigError> {
        let mut bloqueados = HashSet::new();
        let Some(path) = &self.bloqueados else { return Ok(bloqueados) };
        let bytes = std::fs::read(path).map_err(|source| ConfigError::Io { file: path.clone(), source })?;
        let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes));
        let lines = text.lines().map(str::trim).enumerate();
        for (i, line) in lines.filter(|(_, l)| !l.is_empty() && !l.starts_with('#')) {
            match Fone::parse(line) {
                Ok(Some(f)) => bloqueados.insert(f),
                _ => return Err(ConfigError::Blocked { file: path.clone(), line: i + 1 }),
            };
        }
        Ok(bloqueados)
    }
}
