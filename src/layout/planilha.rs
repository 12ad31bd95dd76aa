//! Workbooks, xls and xlsx, as delimited text (R018, decisions 5: refin comes as both).
//!
//! A workbook is hostile until shown otherwise: 1.5 KB of xlsx may ask for 550 GB, and then the process is
//! aborted, not told. So it is read in a child process ([`filho`], `atom planilha-csv FILE`) that first bounds
//! its own memory, time and core file; whatever becomes of it, the parent ([`arquivo_csv`]) has a message and
//! the file is refused like any other with a broken structure (IM13). What is written is the first visible
//! sheet as `;` text in UTF-8, its first row that is not empty being the header; [`super::delimited`] reads it.
//!
//! **What the text holds** (the module `celula` for the cells): rows without any value are left out, so the line
//! numbers of a file with blank rows are those of the text; a line break inside a cell becomes a blank, as in
//! outgoing files, since it is layout there and not content.
//!
//! **Limits:** [`MEMORIA`] of address space, [`CPU`] seconds, the parent's patience, and the bounds of
//! [`converte`] that give a clearer message than running into these.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

mod celula;
mod converte;
mod folha;
mod pacote;

pub use converte::{converte, filho};

/// Address space of the child: with the parent's few MiB it stays under the 300 MiB of IM13.
pub const MEMORIA: u64 = 272 << 20;
/// Processor time of the child, in seconds.
pub const CPU: u64 = 8;
/// How long the parent waits: under the 10 s of IM13 with what comes before and after.
pub const PRAZO: Duration = Duration::from_secs(9);
/// The hidden subcommand that calls [`filho`].
pub const COMANDO: &str = "planilha-csv";
/// Exit code of the child for a workbook that is refused (contract section 3).
pub const RECUSADA: i32 = 6;

/// Put before the message of a limit on the child's stderr.
const MARCA_LIMITE: &str = "limite: ";

/// Why there is no text of a workbook.
#[derive(Debug, thiserror::Error)]
pub enum Falha {
    /// It asks for more than a workbook of ours needs.
    #[error("a planilha {0}")]
    Limite(String),
    /// It is no workbook, or a broken or protected one.
    #[error("a planilha {0}")]
    Ilegivel(String),
    /// Not the workbook's fault: a file or process of ours.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Converts a workbook in a child process; the text lies in `pasta`, for its owner only, until the path is
/// dropped. `exe` is a program that knows [`COMANDO`]: this one.
///
/// # Errors
/// [`Falha`]; of the first two kinds when the file is to be refused.
pub fn arquivo_csv(exe: &Path, entrada: &Path, pasta: &Path, prazo: Duration) -> Result<tempfile::TempPath, Falha> {
    let nome = entrada.file_name().and_then(|n| n.to_str()).unwrap_or("planilha");
    let saida = tempfile::Builder::new().prefix(&format!("{nome}.csv.")).suffix(".part").tempfile_in(pasta)?;
    let mut filho = Command::new(exe)
        .args([COMANDO, "--"])
        .arg(entrada)
        // no secret of the configuration is of any use there
        .env_clear()
        .stdin(Stdio::null())
        .stdout(saida.reopen()?)
        .stderr(Stdio::piped())
        .spawn()?;
    let status = espera(&mut filho, prazo)?;
    let mut dito = Vec::new();
    if let Some(err) = filho.stderr.take() {
        err.take(4096).read_to_end(&mut dito)?;
    }
    match status {
        Some(s) if s.success() => Ok(saida.into_temp_path()),
        s => Err(falha(s, String::from_utf8_lossy(&dito).trim())),
    }
}

/// Waits for the child, and kills it at the deadline (`None`).
fn espera(filho: &mut Child, prazo: Duration) -> io::Result<Option<ExitStatus>> {
    let begun = Instant::now();
    loop {
        if let Some(status) = filho.try_wait()? {
            return Ok(Some(status));
        }
        if begun.elapsed() >= prazo {
            filho.kill()?;
            filho.wait()?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn falha(status: Option<ExitStatus>, dito: &str) -> Falha {
    let Some(status) = status else { return Falha::Limite("não foi lida dentro do prazo".into()) };
    match (status.code(), dito.strip_prefix(MARCA_LIMITE)) {
        (Some(RECUSADA), Some(m)) => Falha::Limite(m.to_owned()),
        (Some(RECUSADA), None) => Falha::Ilegivel(dito.to_owned()),
        // aborted by a failed allocation, or stopped by the limit of processor time
        (None, _) if !interrompida(status) => Falha::Limite(format!(
            "pede mais memória ou processamento do que o permitido ({} MiB, {CPU} s)",
            MEMORIA >> 20
        )),
        (None, _) => Falha::Io(io::Error::new(io::ErrorKind::Interrupted, "conversão da planilha interrompida")),
        (Some(code), _) => Falha::Io(io::Error::other(format!("conversão da planilha: saída {code}: {dito}"))),
    }
}

/// Somebody stopped the child: the workbook has no part in it.
fn interrompida(status: ExitStatus) -> bool {
    use rustix::process::Signal;
    let by_hand = [Signal::HUP, Signal::INT, Signal::TERM];
    status.signal().is_some_and(|s| by_hand.iter().any(|b| b.as_raw() == s))
}

/// The first bytes, which tell the two formats apart whatever the file is called.
fn assinatura(file: &mut File) -> io::Result<[u8; 4]> {
    use std::io::{Seek, SeekFrom};
    let mut bytes = [0; 4];
    let n = file.read(&mut bytes)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(if n == 4 { bytes } else { [0; 4] })
}
