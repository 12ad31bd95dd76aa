//! The night: collecting, importing, building and publishing, one tick after the other (R014).
//!
//! [`fetch`] brings files from Evo's folder into the inbox; [`tick`] drives every import whose gate is open and what
//! is due to go out, which [`manager`] knows; [`publish`] puts the outbox on the other machines; [`pastas`] opens the
//! folders that all of them work on. Here imports, exports and transports meet; none of them knows another.
//!
//! **Crashes:** every command that takes the lock of imports first finishes what a dead one left ([`recover`]);
//! a fetch clears its own leftovers.

pub mod fetch;
pub mod manager;
pub mod pastas;
pub mod ping;
pub mod publish;
pub mod tick;

use crate::import;
use crate::store::Store;
use crate::transport::Servers;
use anyhow::Context as _;

/// What the pipeline needs.
pub struct Contexto<'a> {
    /// What imports need.
    pub import: import::Contexto<'a>,
    /// Mode of files put where others read them.
    pub mode: u32,
    /// Servers that this run does not ask again.
    pub servidores: &'a Servers,
}

impl Contexto<'_> {
    fn store(&self) -> &Store {
        self.import.store
    }
}

/// Finishes what a dead import left, under the lock of imports: copies half made, files applied but not
/// archived. What was built but not published, and remote copies not moved, the caller's own steps finish.
///
/// # Errors
/// The store or a folder of ours failed.
pub fn recover(ctx: &Contexto<'_>) -> anyhow::Result<()> {
    if ctx.import.opcoes.dry_run {
        return Ok(());
    }
    // copies and conversions are made under this lock; a fetch may be at work on its own
    remove_parts(ctx, |name| name.ends_with(".part") && !name.ends_with(".fetch.part"))?;
    import::arquivo::arquiva(&ctx.import)
}

/// Removes partial copies from the inbox whose name `ours` accepts.
fn remove_parts(ctx: &Contexto<'_>, ours: impl Fn(&str) -> bool) -> anyhow::Result<()> {
    let inbox = ctx.import.config.data.join("inbox");
    for e in std::fs::read_dir(&inbox).with_context(|| inbox.display().to_string())? {
        let e = e?;
        if e.file_name().to_str().is_some_and(&ours) {
            std::fs::remove_file(e.path()).with_context(|| e.path().display().to_string())?;
        }
    }
    Ok(())
}
