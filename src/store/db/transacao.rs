//! Transactions: how they begin and end, and a part of one that may come to nothing by itself.

use super::{Db, Result, Trouble};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

impl Db {
    /// Begins a write transaction; it is rolled back when dropped without [`Tx::commit`].
    pub fn begin(&self) -> Result<Tx<'_>> {
        self.script("BEGIN IMMEDIATE")?;
        Ok(Tx { db: self, done: false })
    }

    /// Begins a write transaction without waiting; `None` while somebody else writes. `back` is the wait of everything after.
    pub fn begin_now(&self, back: Duration) -> Result<Option<Tx<'_>>> {
        self.espera(Duration::ZERO)?;
        let begun = self.begin();
        self.espera(back)?;
        match begun {
            Err(e) if e.trouble == Trouble::Busy => Ok(None),
            other => other.map(Some),
        }
    }

    /// Begins a read transaction: one moment of the store until it is dropped.
    pub fn snapshot(&self) -> Result<Tx<'_>> {
        self.script("BEGIN DEFERRED")?;
        Ok(Tx { db: self, done: false })
    }

    /// Runs `f` as a part of the open transaction: what it wrote is undone, and only that, where it refuses. `None`
    /// where it panics: a fault in the program costs the one piece of work that met it, not those beside it.
    ///
    /// # Errors
    /// The store failed; the whole transaction is to be given up.
    pub fn parte<T, E>(
        &self,
        f: impl FnOnce() -> std::result::Result<T, E>,
    ) -> Result<Option<std::result::Result<T, E>>> {
        self.script("SAVEPOINT parte")?;
        // what `f` left half done in the store is undone here, what it left elsewhere is its caller's
        let done = catch_unwind(AssertUnwindSafe(f)).ok();
        let keep = matches!(done, Some(Ok(_)));
        self.script(if keep { "RELEASE parte" } else { "ROLLBACK TO parte; RELEASE parte" })?;
        Ok(done)
    }
}

/// An open transaction.
pub struct Tx<'d> {
    db: &'d Db,
    done: bool,
}

impl std::ops::Deref for Tx<'_> {
    type Target = Db;
    fn deref(&self) -> &Db {
        self.db
    }
}

impl Tx<'_> {
    /// Makes it durable.
    pub fn commit(mut self) -> Result<()> {
        self.db.script("COMMIT")?;
        self.done = true;
        Ok(())
    }
}

impl Drop for Tx<'_> {
    fn drop(&mut self) {
        if !self.done {
            // nothing can be done about a failing rollback: closing the connection rolls back as well
            let _ = self.db.script("ROLLBACK");
        }
    }
}
