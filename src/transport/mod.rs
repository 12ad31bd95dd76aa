//! Folders on this or another machine.
//!
//! What is atomic: [`dir::Dir::put`] shows a file under its final name only when it is whole, and never over
//! an existing one. What is retried: nothing here; the ledger makes every step repeatable, so the next command
//! tries again. "Not found" is [`std::io::ErrorKind::NotFound`].
//!
//! **Invariant by absence:** nothing of ours is imported here.

pub mod dir;
