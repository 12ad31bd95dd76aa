//! Folders on this or another machine.
//!
//! What is atomic: [`dir::Dir::put`] shows a file under its final name only when it is whole, and never over
//! an existing one. What is retried: nothing here; the ledger makes every step repeatable, so the next command
//! tries again. "Not found" is [`std::io::ErrorKind::NotFound`].
//!
//! **Invariant by absence:** nothing of ours is imported here.

pub mod dir;

use std::io;

/// What the operating system says, for ops.
pub fn em_portugues(e: &io::Error) -> String {
    match e.kind() {
        io::ErrorKind::NotFound => "não existe".into(),
        io::ErrorKind::PermissionDenied => "sem permissão".into(),
        io::ErrorKind::AlreadyExists => "já existe".into(),
        io::ErrorKind::StorageFull => "disco cheio".into(),
        io::ErrorKind::ReadOnlyFilesystem => "somente leitura".into(),
        io::ErrorKind::NotADirectory => "não é uma pasta".into(),
        _ if e.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) => "falha do disco".into(),
        _ => e.to_string(),
    }
}
