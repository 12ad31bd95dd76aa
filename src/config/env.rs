//! The environment, read once.

use std::collections::BTreeMap;
use std::fmt;

/// The environment as it was when captured: a plain map that tests build themselves.
#[derive(Clone, Default)]
pub struct Env(BTreeMap<String, String>);

impl Env {
    /// The process's environment. Values that are no UTF-8 keep U+FFFD marks, which a key refuses.
    #[must_use]
    pub fn capture() -> Self {
        std::env::vars_os()
            .map(|(name, value)| {
                let text = |os: std::ffi::OsString| os.to_string_lossy().into_owned();
                (text(name), text(value))
            })
            .collect()
    }

    /// The value of `name`, if it is set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The names that start with `ATOM_`, with their values, in order.
    pub(super) fn atom(&self) -> impl Iterator<Item = (&str, &str)> {
        let ours = |(name, _): &(&String, &String)| name.starts_with(PREFIX);
        let pairs = self.0.iter().filter(ours);
        pairs.map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Lets a test stop the process between two commits; not in release builds.
#[cfg(debug_assertions)]
pub fn crash_point(name: &str) {
    if std::env::var("ATOM_TEST_CRASH").is_ok_and(|v| v == name) {
        std::process::abort();
    }
}

/// What the names of ours begin with.
pub(super) const PREFIX: &str = "ATOM_";

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Env {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let owned = |(name, value): (K, V)| (name.into(), value.into());
        Self(pairs.into_iter().map(owned).collect())
    }
}

/// Names only: values may be secrets.
impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.atom().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_value() {
        let env: Env = [("ATOM_X", "segredo"), ("SENHA", "segredo")].into_iter().collect();
        assert_eq!(format!("{env:?}"), "{\"ATOM_X\"}");
    }

    #[test]
    fn capture_knows_the_path() {
        assert!(Env::capture().get("PATH").is_some());
    }
}
