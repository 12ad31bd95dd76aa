//! What kind of trouble the store is in, and how it is said.

use rusqlite::ErrorCode;
use rustix::fs::{Access, access};
use std::path::{Path, PathBuf};

/// What kind of trouble the store is in; decides exit code and hint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Another process holds the database.
    Busy,
    /// No room on the disk.
    Full,
    /// Damaged, not a database, or of a foreign application.
    Corrupt,
    /// The file or folder cannot be written.
    ReadOnly,
    /// Reading, writing or syncing failed.
    Io,
    /// A constraint that the program should have kept.
    Constraint,
    /// Anything else.
    Other,
}

/// A failed store operation. Messages name the folder where a person can help, and SQL state, never values.
#[derive(Debug, thiserror::Error)]
#[error("{}", texto(.folder, .what, *.trouble, .source))]
pub struct DbError {
    /// The folder of the database.
    pub folder: PathBuf,
    /// What was being done.
    pub what: String,
    /// The kind of trouble.
    pub trouble: Trouble,
    source: rusqlite::Error,
}

/// Result of a store operation.
pub type Result<T> = std::result::Result<T, DbError>;

fn texto(folder: &Path, what: &str, trouble: Trouble, source: &rusqlite::Error) -> String {
    let cause = match trouble {
        Trouble::Full => "disco cheio na pasta do store",
        // also where SQLite does not say that there was no room
        Trouble::Io => "o disco falhou ou está cheio na pasta do store",
        Trouble::ReadOnly => "não foi possível abrir ou gravar a pasta do store",
        Trouble::Corrupt => "arquivo danificado na pasta do store",
        Trouble::Busy | Trouble::Constraint | Trouble::Other => return format!("store: {what}: {source}"),
    };
    format!("{cause} {} ({what})", folder.display())
}

/// An error of the driver, on the database file at `path`.
pub(super) fn wrap(path: Option<&str>, what: &str, source: rusqlite::Error) -> DbError {
    let trouble = match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Trouble::Busy,
        Some(ErrorCode::DiskFull) => Trouble::Full,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Trouble::Corrupt,
        Some(ErrorCode::PermissionDenied) => Trouble::ReadOnly,
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen) if path.is_some_and(|p| writable(Path::new(p))) => {
            Trouble::Io
        }
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen) => Trouble::ReadOnly,
        Some(ErrorCode::SystemIoFailure) => Trouble::Io,
        Some(ErrorCode::ConstraintViolation) => Trouble::Constraint,
        _ => Trouble::Other,
    };
    // the first words of a statement tell it well enough; the whole would flood a terminal
    let what = what.split_whitespace().take(6).collect::<Vec<_>>().join(" ");
    let folder = path.and_then(|p| Path::new(p).parent()).unwrap_or(Path::new(".")).to_owned();
    DbError { folder, what, trouble, source }
}

/// Whether this process has the right to write the database, its log and, to make that, its folder. Then a file
/// that SQLite could not make or write is the disk's matter (IM3): without room for the log's name it says only
/// that it cannot open.
fn writable(db: &Path) -> bool {
    let right = |p: &Path| access(p, Access::READ_OK | Access::WRITE_OK).is_ok();
    let log = |suffix: &str| {
        let mut name = db.as_os_str().to_owned();
        name.push(suffix);
        let path = PathBuf::from(name);
        !path.exists() || right(&path)
    };
    let own = !db.exists() || (db.is_file() && right(db));
    own && log("-wal") && log("-shm") && db.parent().is_some_and(right)
}
