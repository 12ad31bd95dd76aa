//! The block list of `contato.bloqueados`: numbers that are neither dialled nor messaged (decisions 4).

use super::Contato;
use crate::domain::fone::Fone;
use std::collections::HashSet;

impl Contato {
    /// Reads the list, a phone a line; blank lines and `#` comments are passed over. Empty where none is
    /// configured.
    ///
    /// # Errors
    /// The file cannot be read, or a line is no phone (named by its number, not its text).
    pub fn fones_bloqueados(&self) -> anyhow::Result<HashSet<Fone>> {
        let mut bloqueados = HashSet::new();
        let Some(path) = &self.bloqueados else { return Ok(bloqueados) };
        let text = std::fs::read_to_string(path).map_err(|e| anyhow::anyhow!("{}: {e}", path.display()))?;
        for (i, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty() && !l.starts_with('#')) {
            match Fone::parse(line) {
                Ok(Some(f)) => bloqueados.insert(f),
                _ => anyhow::bail!("{}, linha {}: não é um telefone (DDD e número)", path.display(), i + 1),
            };
        }
        Ok(bloqueados)
    }
}
