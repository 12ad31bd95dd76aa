//! `atom completions SHELL` and `atom man`: made from the command line's own description, so they cannot be out of date.

use super::{Cli, exit};
use clap::{Command, CommandFactory, Id};
use std::io::{self, Write};

/// Arguments of `atom completions`.
#[derive(Debug, clap::Args)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

/// Arguments of `atom man`.
#[derive(Debug, clap::Args)]
pub struct Man {}

/// Writes the completions of a shell to stdout.
pub fn completions(cmd: &Completions) -> i64 {
    let mut out = Vec::new();
    clap_complete::generate(cmd.shell, &mut Cli::command(), "atom", &mut out);
    escreve(&out)
}

/// Writes one page to stdout: `atom`, then each command and each of its own.
///
/// # Errors
/// Never of its own; the renderer's.
pub fn man(_cmd: &Man) -> anyhow::Result<i64> {
    let mut out = Vec::new();
    let mut cli = Cli::command();
    cli.build();
    clap_mangen::Man::new(cli.clone()).render(&mut out)?;
    let global: Vec<Id> = cli.get_arguments().filter(|a| a.is_global_set()).map(|a| a.get_id().clone()).collect();
    secoes(&cli, "atom", &global, &mut out)?;
    Ok(escreve(&out))
}

/// `global`: the options of every command, which stand once, at the top.
fn secoes(parent: &Command, path: &str, global: &[Id], out: &mut Vec<u8>) -> io::Result<()> {
    for sub in parent.get_subcommands().filter(|s| !s.is_hide_set() && s.get_name() != "help") {
        let path = format!("{path} {}", sub.get_name());
        let man = clap_mangen::Man::new(sub.clone().mut_args(|a| {
            let known = global.contains(a.get_id());
            a.hide(known)
        }));
        writeln!(out, ".SH \"{}\"", path.to_uppercase())?;
        man.render_synopsis_section(out)?;
        man.render_description_section(out)?;
        man.render_options_section(out)?;
        secoes(sub, &path, global, out)?;
    }
    Ok(())
}

fn escreve(bytes: &[u8]) -> i64 {
    // a closed pipe is the reader's wish
    let _ = io::stdout().lock().write_all(bytes);
    exit::OK
}
