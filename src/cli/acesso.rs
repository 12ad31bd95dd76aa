//! Who may come in, tokens and people alike: each change is one transaction with its row in the audit, and none has a
//! rehearsal.

use super::app::App;
use super::exit::Usage;
use crate::store::auditoria;
use crate::store::db::Db;

/// Nobody is let in or locked out who asked for a rehearsal.
///
/// # Errors
/// Exit 2: `--dry-run`.
pub fn sem_ensaio(app: &App) -> Result<(), Usage> {
    if app.global.dry_run {
        return Err(Usage("este comando não tem ensaio: tire --dry-run; nada foi gravado".into()));
    }
    Ok(())
}

/// Makes a change at a moment (local time with offset) in `atendimento.db`; `f` tells what the audit is to say of it.
///
/// # Errors
/// Those of `f`; the store cannot be written. Nothing is kept then.
pub fn muda(app: &App, f: impl FnOnce(&Db, &str) -> anyhow::Result<String>) -> anyhow::Result<()> {
    let store = app.store()?;
    let (tx, at) = (store.atendimento()?.begin()?, app.clock.now().iso());
    let what = f(&tx, &at)?;
    auditoria::registra(&tx, &at, &App::quem(), None, &what)?;
    tx.commit()?;
    app.fecha(&store)
}
