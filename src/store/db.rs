//! The seam to the database driver: with its errors in `erro.rs` the only file that names rusqlite.
//!
//! Everything else speaks [`Db`], [`Tx`], [`Stmt`], [`Row`] and [`Cell`], so that another engine can be put
//! behind them. SQL is written with `?1` placeholders, never `$1`.
//!
//! **Locking:** a writer begins `BEGIN IMMEDIATE` ([`Db::begin`]) and rolls back when dropped.

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql};
use std::path::Path;
use std::sync::Once;
use std::time::Duration;

mod erro;
mod transacao;

use erro::wrap;
pub use erro::{DbError, Result, Trouble};
pub use transacao::Tx;

/// What a connection keeps of the file in memory, KiB: enough for files in the order of the store.
pub const CACHE: u32 = 16 * 1024;

/// Bytes of a page where imports write thousands of rows at once.
pub const PAGINA_LARGA: u32 = 16 * 1024;
/// Bytes of a page where people and messages write a row at a time: a commit logs whole pages.
pub const PAGINA: u32 = 4 * 1024;

/// A value bound to a statement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// NULL
    Null,
    /// INTEGER
    Int(i64),
    /// TEXT
    Text(&'a str),
    /// BLOB
    Blob(&'a [u8]),
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Cell::Null => ValueRef::Null,
            Cell::Int(i) => ValueRef::Integer(*i),
            Cell::Text(t) => ValueRef::Text(t.as_bytes()),
            Cell::Blob(b) => ValueRef::Blob(b),
        }))
    }
}

impl From<i64> for Cell<'_> {
    fn from(i: i64) -> Self {
        Self::Int(i)
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(t: &'a str) -> Self {
        Self::Text(t)
    }
}

impl<'a> From<&'a String> for Cell<'a> {
    fn from(t: &'a String) -> Self {
        Self::Text(t)
    }
}

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(v: Option<T>) -> Self {
        v.map_or(Self::Null, Into::into)
    }
}

/// One row of an answer.
pub struct Row<'r>(&'r rusqlite::Row<'r>);

impl Row<'_> {
    fn value(&self, i: usize) -> Result<ValueRef<'_>> {
        self.0.get_ref(i).map_err(|e| wrap(None, "read column", e))
    }

    /// An integer; NULL reads as `None`.
    pub fn int(&self, i: usize) -> Result<Option<i64>> {
        Ok(match self.value(i)? {
            ValueRef::Integer(n) => Some(n),
            _ => None,
        })
    }

    /// A text; NULL reads as `None`.
    pub fn text(&self, i: usize) -> Result<Option<&str>> {
        Ok(match self.value(i)? {
            ValueRef::Text(t) => std::str::from_utf8(t).ok(),
            _ => None,
        })
    }

    /// An integer that is never NULL; 0 if it were.
    pub fn i64(&self, i: usize) -> Result<i64> {
        Ok(self.int(i)?.unwrap_or(0))
    }

    /// A text that is never NULL; empty if it were.
    pub fn str(&self, i: usize) -> Result<String> {
        Ok(self.text(i)?.unwrap_or("").to_owned())
    }

    /// A text that may be NULL.
    pub fn string(&self, i: usize) -> Result<Option<String>> {
        Ok(self.text(i)?.map(str::to_owned))
    }

    /// A blob; NULL reads as empty.
    pub fn blob(&self, i: usize) -> Result<Vec<u8>> {
        Ok(match self.value(i)? {
            ValueRef::Blob(b) => b.to_vec(),
            _ => Vec::new(),
        })
    }

    /// The value as it is, for generic columns.
    pub fn cell(&self, i: usize) -> Result<Cell<'_>> {
        Ok(match self.value(i)? {
            ValueRef::Integer(n) => Cell::Int(n),
            ValueRef::Text(t) => std::str::from_utf8(t).map_or(Cell::Null, Cell::Text),
            ValueRef::Blob(b) => Cell::Blob(b),
            _ => Cell::Null,
        })
    }
}

/// How a database file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Made when missing (only `init` does), with pages of so many bytes.
    Create(u32),
    /// Must exist.
    ReadWrite,
    /// Must exist; nothing is written.
    ReadOnly,
    /// An empty file that is filled in one go and thrown away when that fails: no journal, no syncs.
    Scratch,
}

/// What does not fit in memory (a sort, the file that a VACUUM builds) holds the clients' data: it lies beside the
/// database, not where the machine keeps everybody's temporary files (SE9). SQLite has one place for a process, so the
/// first file decides.
fn temporarios(conn: &Connection, path: &Path) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // a folder that may not be written is refused; who only reads there writes little, and SQLite finds another
        let _ = conn.pragma_update(None, "temp_store_directory", folder.to_string_lossy());
    });
}

/// A connection to one database file.
pub struct Db {
    conn: Connection,
}

impl Db {
    /// Opens a file with the settings that every connection shares: WAL, `synchronous=FULL`, foreign keys,
    /// 16 MiB page cache, waiting `busy` for another writer.
    ///
    /// # Errors
    /// [`Trouble::ReadOnly`] when it may not be opened or written, [`Trouble::Io`] when that is for want of room or the
    /// disk's fault, [`Trouble::Corrupt`] when it is no database.
    pub fn open(path: &Path, mode: Mode, busy: Duration) -> Result<Self> {
        let flags = match mode {
            Mode::Create(_) => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            Mode::ReadWrite | Mode::Scratch => OpenFlags::SQLITE_OPEN_READ_WRITE,
            Mode::ReadOnly => OpenFlags::SQLITE_OPEN_READ_ONLY,
        };
        let what = format!("open {}", path.display());
        let fail = |e| wrap(path.to_str(), &what, e);
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let conn = Connection::open_with_flags(path, flags).map_err(fail)?;
        conn.busy_timeout(busy).map_err(fail)?;
        temporarios(&conn, path);
        // a plan depends on its text alone: else every value bound to a LIMIT makes a kept statement be compiled again
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(fail)?;
        let db = Self { conn };
        if let Mode::Create(page) = mode {
            db.script(&format!("PRAGMA page_size={page}; PRAGMA auto_vacuum=INCREMENTAL;"))?;
        }
        match mode {
            Mode::ReadOnly => {}
            Mode::Scratch => db.script("PRAGMA page_size=16384; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;")?,
            Mode::Create(_) | Mode::ReadWrite => {
                db.script("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=2000;")?;
            }
        }
        db.script("PRAGMA foreign_keys=ON; PRAGMA temp_store=FILE; PRAGMA secure_delete=FAST;")?;
        db.cache(CACHE)?;
        db.conn.set_prepared_statement_cache_capacity(64);
        Ok(db)
    }

    fn wrap(&self, what: &str, e: rusqlite::Error) -> DbError {
        wrap(self.conn.path(), what, e)
    }

    /// The error of something that others kept from being done.
    pub fn ocupado(&self, what: &str) -> DbError {
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
        self.wrap(what, rusqlite::Error::SqliteFailure(code, None))
    }

    /// How much of the file is kept in memory, KiB.
    pub fn cache(&self, kib: u32) -> Result<()> {
        self.script(&format!("PRAGMA cache_size=-{kib};"))
    }

    /// Attaches another file of the store read-only under a schema name.
    pub fn attach(&self, path: &Path, schema: &str) -> Result<()> {
        // `mode=ro`: not even the closing of its log is ours
        let plain = path.display().to_string().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
        let uri = format!("file:{}{plain}?mode=ro", if path.is_absolute() { "//" } else { "" });
        self.exec(&format!("ATTACH DATABASE ?1 AS {schema}"), &[Cell::Text(&uri)]).map(|_| ())
    }

    /// Runs several statements without values.
    pub fn script(&self, sql: &str) -> Result<()> {
        self.conn.execute_batch(sql).map_err(|e| self.wrap(sql, e))
    }

    /// Runs one statement; returns the number of rows it changed.
    pub fn exec(&self, sql: &str, cells: &[Cell<'_>]) -> Result<usize> {
        let mut stmt = self.conn.prepare_cached(sql).map_err(|e| self.wrap(sql, e))?;
        stmt.execute(rusqlite::params_from_iter(cells)).map_err(|e| self.wrap(sql, e))
    }

    /// All rows of an answer, each through `f`.
    pub fn rows<T>(&self, sql: &str, cells: &[Cell<'_>], mut f: impl FnMut(&Row<'_>) -> Result<T>) -> Result<Vec<T>> {
        let mut out = Vec::new();
        self.each(sql, cells, |r| {
            out.push(f(r)?);
            Ok(())
        })?;
        Ok(out)
    }

    /// Each row of an answer, streamed.
    pub fn each(&self, sql: &str, cells: &[Cell<'_>], mut f: impl FnMut(&Row<'_>) -> Result<()>) -> Result<()> {
        let mut stmt = self.conn.prepare_cached(sql).map_err(|e| self.wrap(sql, e))?;
        let mut rows = stmt.query(rusqlite::params_from_iter(cells)).map_err(|e| self.wrap(sql, e))?;
        while let Some(row) = rows.next().map_err(|e| self.wrap(sql, e))? {
            f(&Row(row))?;
        }
        Ok(())
    }

    /// The first row of an answer.
    pub fn one<T>(&self, sql: &str, cells: &[Cell<'_>], f: impl FnOnce(&Row<'_>) -> Result<T>) -> Result<Option<T>> {
        let mut stmt = self.conn.prepare_cached(sql).map_err(|e| self.wrap(sql, e))?;
        let mut rows = stmt.query(rusqlite::params_from_iter(cells)).map_err(|e| self.wrap(sql, e))?;
        rows.next().map_err(|e| self.wrap(sql, e))?.map(|row| f(&Row(row))).transpose()
    }

    /// The integer in the first column of the first row.
    pub fn int(&self, sql: &str, cells: &[Cell<'_>]) -> Result<Option<i64>> {
        Ok(self.one(sql, cells, |r| r.int(0))?.flatten())
    }

    /// A statement for the hot path.
    pub fn prepare(&self, sql: &str) -> Result<Stmt<'_>> {
        let inner = self.conn.prepare(sql).map_err(|e| self.wrap(sql, e))?;
        let null = vec![true; inner.parameter_count()];
        Ok(Stmt { db: self, inner, null, what: sql.to_owned() })
    }

    /// Id of the last inserted row.
    pub fn last_id(&self) -> i64 {
        self.conn.last_insert_rowid()
    }

    /// How long whoever finds the file taken waits from now on.
    fn espera(&self, d: Duration) -> Result<()> {
        self.conn.busy_timeout(d).map_err(|e| self.wrap("set busy timeout", e))
    }

    /// Moves the log into the database file and truncates it, waiting a few seconds at most for readers.
    /// What a reader still holds stays for the next command (ST6).
    pub fn checkpoint(&self, wait: Duration, back: Duration) -> Result<()> {
        self.espera(wait)?;
        let done = self.one("PRAGMA wal_checkpoint(TRUNCATE)", &[], |r| r.i64(0));
        self.espera(back)?;
        match done {
            Err(e) if e.trouble == Trouble::Busy => Ok(()),
            other => other.map(|_| ()),
        }
    }

    /// Copies this file, as it stands at one moment, into a new one that needs no log.
    pub fn copy_to(&self, path: &Path) -> Result<()> {
        let fail = |e| wrap(path.to_str(), "copy", e);
        let mut to = Connection::open(path).map_err(fail)?;
        let copy = rusqlite::backup::Backup::new(&self.conn, &mut to).map_err(fail)?;
        // all pages in one step: one read transaction, that no writer makes begin anew
        match copy.step(-1).map_err(fail)? {
            rusqlite::backup::StepResult::Done => {}
            _ => return Err(self.wrap("copy", rusqlite::Error::InvalidQuery)),
        }
        drop(copy);
        to.pragma_update(None, "journal_mode", "DELETE").map_err(fail)
    }

    /// Every page is as it should be, and every reference leads somewhere.
    ///
    /// # Errors
    /// [`Trouble::Corrupt`].
    pub fn sound(&self) -> Result<()> {
        let said = self.one("PRAGMA quick_check(1)", &[], |r| r.str(0))?;
        let loose = self.one("PRAGMA foreign_key_check", &[], |r| r.str(0))?;
        if said.as_deref() == Some("ok") && loose.is_none() {
            return Ok(());
        }
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
        Err(self.wrap("check", rusqlite::Error::SqliteFailure(code, said.or(loose))))
    }

    /// Version of the SQLite inside.
    pub fn engine_version() -> &'static str {
        rusqlite::version()
    }
}

/// A prepared statement for the hot path: values stay bound, and NULL is not bound over NULL.
pub struct Stmt<'d> {
    db: &'d Db,
    inner: rusqlite::Statement<'d>,
    null: Vec<bool>,
    what: String,
}

impl Stmt<'_> {
    /// Binds the parameter `?i` (from 1).
    #[inline]
    pub fn bind(&mut self, i: usize, cell: Cell<'_>) -> Result<()> {
        let null = cell == Cell::Null;
        match self.null.get_mut(i.wrapping_sub(1)) {
            Some(was) if *was && null => return Ok(()),
            Some(was) => *was = null,
            None => {}
        }
        self.inner.raw_bind_parameter(i, cell).map_err(|e| self.db.wrap(&self.what, e))
    }

    /// Runs it with what is bound; returns the number of rows it changed.
    #[inline]
    pub fn run(&mut self) -> Result<usize> {
        self.inner.raw_execute().map_err(|e| self.db.wrap(&self.what, e))
    }

    /// Binds all and runs it.
    pub fn exec(&mut self, cells: &[Cell<'_>]) -> Result<usize> {
        for (i, c) in cells.iter().enumerate() {
            self.bind(i + 1, *c)?;
        }
        self.run()
    }

    /// Binds all and hands out a cursor, to merge several ordered answers.
    pub fn query(&mut self, cells: &[Cell<'_>]) -> Result<Cursor<'_>> {
        for (i, c) in cells.iter().enumerate() {
            self.bind(i + 1, *c)?;
        }
        Ok(Cursor(self.inner.raw_query(), self.db))
    }
}

/// Rows of an answer, one at a time.
pub struct Cursor<'s>(rusqlite::Rows<'s>, &'s Db);

impl Cursor<'_> {
    /// The next row.
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>> {
        let db = self.1;
        Ok(self.0.next().map_err(|e| db.wrap("read row", e))?.map(Row))
    }
}

#[cfg(test)]
mod tests;
