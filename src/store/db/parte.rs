//! A part of a transaction that may come to nothing by itself.

use super::{Db, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};

impl Db {
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
