//! Promises of the store and of secrets that no other room's tests show: ST3–ST10, SE1–SE10.

mod quedas;
mod rede;
mod segredos;
mod store;

use crate::support::*;
use std::fs;
use std::path::{Path, PathBuf};

/// Every file below a folder.
fn todos(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for e in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if e.file_type().unwrap().is_dir() {
            out.extend(todos(&e.path()));
        } else {
            out.push(e.path());
        }
    }
    out.sort();
    out
}

/// Names and bytes of a folder, to see that nothing changed.
fn retrato(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    todos(folder).into_iter().map(|p| (p.clone(), fs::read(p).unwrap())).collect()
}

/// Whether some bytes stand in others.
fn tem(bytes: &[u8], what: &str) -> bool {
    bytes.windows(what.len()).any(|w| w == what.as_bytes())
}
