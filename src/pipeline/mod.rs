//! The night: collecting, importing, building and publishing, one tick after the other (R014).
//!
//! [`fetch`] brings files from Evo's folder into the inbox; [`tick`] drives every import whose gate is open
//! and what is due to go out; [`publish`] puts the outbox on the other machines. Here imports, exports and
//! transports meet; none of them knows another.
//!
//! **Crashes:** each command first finishes what a dead run left ([`recover`]).

pub mod fetch;
pub mod publish;
pub mod tick;

use crate::config::RemoteUrl;
use crate::import;
use crate::store::Store;
use crate::transport::dir::Dir;

/// What the pipeline needs.
pub struct Contexto<'a> {
    /// What imports need.
    pub import: import::Contexto<'a>,
    /// Mode of files put where others read them.
    pub mode: u32,
}

impl Contexto<'_> {
    fn store(&self) -> &Store {
        self.import.store
    }
}

/// The folder behind a remote's url.
///
/// # Errors
/// Its scheme is not built yet.
pub fn folder(url: &RemoteUrl, mode: u32) -> anyhow::Result<Dir> {
    match url {
        RemoteUrl::File(path) => Ok(Dir::new(path, mode)),
        other => anyhow::bail!("{}: esta versão do atom só alcança pastas file://", other.scheme()),
    }
}

/// Finishes what a dead run left, under the lock of imports: files applied but not archived, remote copies
/// not moved, files built but not published. Trouble with a remote is told by the publishing that follows.
///
/// # Errors
/// The store or a folder of ours failed.
pub fn recover(ctx: &Contexto<'_>) -> anyhow::Result<()> {
    import::run::arquiva(&ctx.import)
}
