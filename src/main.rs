//! The binary: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    // files of ours are for their owner only (ST7); what others read gets the mode atom was started under
    let before = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let code = atom::cli::main(before.as_raw_mode());
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
