//! `atom planilha-csv`: the child that reads a workbook under limits (IM13). Hidden: atom calls it itself.

use super::exit;
use crate::layout::planilha;
use clap::Args;
use std::io::Write;
use std::path::PathBuf;

/// Arguments.
#[derive(Debug, Args)]
pub struct Cmd {
    /// The workbook
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Writes the sheet as text to stdout; needs no configuration, and limits this process for good.
///
/// # Errors
/// Exit 1: the file or stdout failed.
pub fn run(cmd: &Cmd) -> anyhow::Result<i64> {
    match planilha::filho(&cmd.file, std::io::stdout().lock())? {
        Ok(()) => Ok(exit::OK),
        Err(message) => {
            // the parent reads it; stderr may be closed
            let _ = writeln!(std::io::stderr().lock(), "{message}");
            Ok(exit::REFUSED)
        }
    }
}
