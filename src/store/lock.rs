//! Kernel locks on files of their own beside the store (ST4): they die with their process.
//!
//! Never a lock on a database file: closing it by hand would drop SQLite's own locks.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

/// Which work excludes which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Imports and exports.
    Carteira,
    /// Collecting files.
    Fetch,
    /// Sending HSM (HS9).
    Hsm,
    /// Copying the store for others to read.
    Replica,
    /// Copying the store for a restore.
    Backup,
    /// Answering over HTTP.
    Serve,
}

impl Which {
    const fn file(self) -> &'static str {
        match self {
            Self::Carteira => "carteira.lock",
            Self::Fetch => "fetch.lock",
            Self::Hsm => "hsm.lock",
            Self::Replica => "replica.lock",
            Self::Backup => "backup.lock",
            Self::Serve => "serve.lock",
        }
    }
}

/// A held lock; it is given back when dropped.
#[derive(Debug)]
pub struct Held(#[expect(dead_code, reason = "held for its lock, which closing the file gives back")] File);

/// Why the lock is not ours.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process works.
    #[error("outra execução está em andamento: {holder}")]
    Held {
        /// `pid 123 desde … : atom import remessa`, as the holder wrote it.
        holder: String,
    },
    /// The lock file cannot be made or written.
    #[error("{file}")]
    Io {
        /// The lock file.
        file: String,
        /// What failed.
        source: std::io::Error,
    },
}

/// Takes a lock of the store in `dir` or fails at once; `who` (pid, since, command) is left for the loser.
///
/// # Errors
/// [`LockError::Held`] names the holder.
pub fn take(dir: &Path, which: Which, who: &str) -> Result<Held, LockError> {
    let path = dir.join(which.file());
    let io = |source| LockError::Io { file: path.display().to_string(), source };
    let mut file = try_take(&path)?;
    file.set_len(0).map_err(io)?;
    file.rewind().map_err(io)?;
    writeln!(file, "{who}").map_err(io)?;
    Ok(Held(file))
}

/// Whether a lock could be taken now; nothing is left in its file.
///
/// # Errors
/// [`LockError::Held`] names the holder.
pub fn probe(dir: &Path, which: Which) -> Result<(), LockError> {
    try_take(&dir.join(which.file())).map(drop)
}

fn try_take(path: &Path) -> Result<File, LockError> {
    let io = |source| LockError::Io { file: path.display().to_string(), source };
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(io)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            file.read_to_string(&mut holder).map_err(io)?;
            let holder = holder.lines().next().unwrap_or("(sem identificação)").to_owned();
            return Err(LockError::Held { holder });
        }
        Err(TryLockError::Error(e)) => return Err(io(e)),
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o_segundo_sabe_quem_segura() {
        let dir = tempfile::tempdir().unwrap();
        let held = take(dir.path(), Which::Carteira, "pid 7 desde 02:41: atom run").unwrap();
        match take(dir.path(), Which::Carteira, "x") {
            Err(LockError::Held { holder }) => assert_eq!(holder, "pid 7 desde 02:41: atom run"),
            other => panic!("{other:?}"),
        }
        assert!(take(dir.path(), Which::Fetch, "y").is_ok());
        drop(held);
        assert!(take(dir.path(), Which::Carteira, "z").is_ok());
    }
}
