//! A whole file against its layout alone: every line, every field; no store, no rule.

use super::super::Layout;
use super::super::leitor::Leitor;
use super::super::linha::{Fault, Linha, Next};
use super::super::text::Encoding;
use super::{desenha_quebra, fonte, linha_de};
use std::fs::File;
use std::io;
use std::path::Path;

/// What stands in the file next.
pub enum Visto<'a> {
    /// A sound line; its fields may be bad, see [`super::faltas`].
    Linha(&'a Linha<'a>),
    /// A line that breaks the structure.
    Quebra(&'a Fault),
}

/// Shows every line to `ver` until it answers `false` or the file ends; returns whether the last line read
/// had no line break.
///
/// # Errors
/// The file cannot be read.
pub fn percorre(
    path: &Path,
    layout: &Layout,
    encoding: Encoding,
    mut ver: impl FnMut(Visto<'_>) -> bool,
) -> io::Result<bool> {
    let mut reader = Leitor::new(File::open(path)?, layout, encoding);
    loop {
        let on = match reader.next_line()? {
            Next::End => break,
            Next::Fault(f) => ver(Visto::Quebra(&f)) && !f.stops(),
            Next::Linha(linha) => ver(Visto::Linha(&linha)),
        };
        if !on {
            break;
        }
    }
    Ok(reader.unterminated())
}

/// The ruler of a line that breaks the structure, fetched again.
///
/// # Errors
/// The file cannot be read.
pub fn quebra(path: &Path, layout: &Layout, encoding: Encoding, nome: &str, f: &Fault) -> io::Result<String> {
    let line = fonte::linhas(path, layout, &[linha_de(f)])?.pop().unwrap_or_default();
    Ok(desenha_quebra(layout, &fonte::Texto::new(&line.1, encoding).texto, nome, f))
}
