//! Exit codes: an API that cron, ops and monitoring script against (contract section 3).

use crate::atendimento::tabulacoes::TabulacoesErro;
use crate::config::ConfigError;
use crate::hsm::retomada::Divergencia;
use crate::import::relato::NaoFecha;
use crate::layout::load::LayoutError;
use crate::store::StoreError;
use crate::store::db::{DbError, Trouble};
use crate::store::lock::LockError;
use std::io::ErrorKind;

/// Done, or nothing to do.
pub const OK: i64 = 0;
/// Failed; nothing applied.
pub const FAILED: i64 = 1;
/// Usage or configuration.
pub const USAGE: i64 = 2;
/// Done, with rejected lines.
pub const REJECTS: i64 = 3;
/// A gate is closed.
pub const WAITING: i64 = 4;
/// Temporary: a remote is unreachable.
pub const TEMPORARY: i64 = 5;
/// A file was refused whole or is in quarantine; a carga that the brake refused.
pub const REFUSED: i64 = 6;
/// The store is missing, or of another schema version.
pub const STORE: i64 = 10;
/// Another run holds the lock.
pub const LOCKED: i64 = 11;
/// The accounting does not close.
pub const INVARIANT: i64 = 70;

/// The table of `--help`.
pub const HELP: &str = "\
Exit codes:
   0  done, or nothing to do, or skipped by --if-locked skip
   1  failed; nothing applied
   2  usage or configuration
   3  done, with rejected lines (error file written), or messages that failed or are uncertain
   4  gate closed: waiting for something, named
   5  temporary: remote or OMNE unreachable; a retry may help
   6  file refused whole or quarantined by the brake, a carga or an undo refused; nothing applied
  10  store missing, or of another schema version
  11  another run holds the lock
  70  the accounting does not close: nothing applied";

/// The order of gravity, gravest first (contract section 3, `atom run`).
const GRAVITY: [i64; 10] = [INVARIANT, STORE, USAGE, LOCKED, FAILED, REFUSED, TEMPORARY, REJECTS, WAITING, OK];

/// The graver of two codes.
pub fn graver(a: i64, b: i64) -> i64 {
    let place = |c: i64| GRAVITY.iter().position(|g| *g == c).unwrap_or(4);
    if place(a) <= place(b) { a } else { b }
}

/// Wrong use of the command line, beyond what clap sees.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// A remote folder cannot be reached; the next tick tries again.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Temporary(pub String);

/// The code of an error, and what to do about it.
pub fn of(e: &anyhow::Error) -> (i64, Option<String>) {
    for cause in e.chain() {
        let usage = cause.is::<Usage>() || cause.is::<ConfigError>() || cause.is::<LayoutError>();
        if usage || cause.is::<TabulacoesErro>() {
            return (USAGE, None);
        }
        if let Some(d) = cause.downcast_ref::<Divergencia>() {
            return (FAILED, Some(diverge(d).into()));
        }
        if cause.is::<Temporary>() {
            return (TEMPORARY, Some("a próxima execução tenta de novo".into()));
        }
        if cause.is::<NaoFecha>() {
            return (INVARIANT, Some("guarde o arquivo e chame o desenvolvimento: é um defeito do atom".into()));
        }
        if let Some(LockError::Held { .. }) = cause.downcast_ref() {
            return (LOCKED, Some("espere terminar, ou use --if-locked wait=SEGUNDOS".into()));
        }
        if let Some(LockError::Io { source, .. }) = cause.downcast_ref()
            && matches!(source.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem)
        {
            return of_db(Trouble::ReadOnly);
        }
        if let Some(s) = cause.downcast_ref::<StoreError>() {
            match s {
                StoreError::Missing(_) => return (STORE, Some("crie com: atom init".into())),
                StoreError::Half(_) => return (STORE, Some("restaure um backup dos dois arquivos do store".into())),
                StoreError::Column(_) => {
                    return (USAGE, Some("dê outro nome ao campo no layout, ou volte ao tipo anterior".into()));
                }
                StoreError::Version { found, expected, .. } if found > expected => {
                    return (STORE, Some("este store foi feito por um atom mais novo: atualize o programa".into()));
                }
                StoreError::Version { .. } => return (STORE, Some("restaure o store ou use o atom que o fez".into())),
                StoreError::Campaign { .. } => {
                    return (USAGE, Some("confira [campanha] e [store] na configuração".into()));
                }
                StoreError::Db(d) => return of_db(d.trouble),
                StoreError::Journal { .. } => {}
            }
        }
        if let Some(d) = cause.downcast_ref::<DbError>() {
            return of_db(d.trouble);
        }
        if cause.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == ErrorKind::StorageFull) {
            return (FAILED, Some("libere espaço nessa pasta e rode de novo".into()));
        }
    }
    (FAILED, None)
}

/// What mends a store and a send journal that do not agree.
const fn diverge(d: &Divergencia) -> &'static str {
    match d {
        Divergencia::StoreAntigo(_) => {
            "importe de novo as massivas que faltam; depois: atom hsm reconcile --reason \"motivo\""
        }
        Divergencia::DiarioAntigo => {
            "se o diário se perdeu e nada foi enviado depois deste store: atom hsm reconcile --force --reason \"motivo\""
        }
        Divergencia::SemLinha(_) => {
            "importe de novo esses arquivos, ou aceite a perda: atom hsm reconcile --force --reason \"motivo\""
        }
    }
}

fn of_db(t: Trouble) -> (i64, Option<String>) {
    match t {
        Trouble::Corrupt => (STORE, Some("restaure um backup dos dois arquivos do store".into())),
        Trouble::ReadOnly => (STORE, Some("confira dono, permissões e espaço dessa pasta".into())),
        Trouble::Full => (FAILED, Some("libere espaço nessa pasta e rode de novo".into())),
        Trouble::Busy => (FAILED, Some("outro processo segura o banco há mais de um minuto".into())),
        Trouble::Io => (FAILED, Some("confira o disco e o espaço livre dessa pasta e rode de novo".into())),
        Trouble::Constraint | Trouble::Other => (FAILED, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ordem_de_gravidade_e_a_do_contrato() {
        let mut order = [0, 4, 3, 5, 6, 1, 11, 2, 10, 70];
        order.sort_by(|a, b| {
            if a == b {
                std::cmp::Ordering::Equal
            } else if graver(*a, *b) == *a {
                std::cmp::Ordering::Less
            } else {
                std::cmp::Ordering::Greater
            }
        });
        assert_eq!(order, [70, 10, 2, 11, 1, 6, 5, 3, 4, 0]);
        assert_eq!(graver(4, 3), 3);
    }
}
