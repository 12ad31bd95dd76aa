//! `atom init [DIR]`: a starter atom.toml and an empty store (R001).

use super::Global;
use super::app::App;
use super::exit;
use crate::config::{Env, STARTER};
use crate::import;
use crate::store::Store;
use anyhow::Context as _;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// Make a starter atom.toml and an empty store
#[derive(Debug, clap::Args)]
pub struct Cmd {
    /// Where [default: the folder of --config, or the current one]
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Runs it; what exists stays as it is.
///
/// # Errors
/// The folder or the store cannot be made, an existing atom.toml is wrong.
pub fn run(cmd: &Cmd, global: &Global, env: &Env, umask: u32) -> anyhow::Result<i64> {
    let dir = cmd.dir.clone().unwrap_or_else(|| PathBuf::from("."));
    let path = match (&cmd.dir, &global.config) {
        (None, Some(c)) => c.clone(),
        _ => dir.join("atom.toml"),
    };
    if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        std::fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
    }
    let made = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
        Ok(mut f) => {
            f.write_all(STARTER.as_bytes()).and_then(|()| f.sync_all()).with_context(|| path.display().to_string())?;
            true
        }
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => false,
        Err(e) => return Err(e).with_context(|| path.display().to_string()),
    };
    let global = Global { config: Some(path.clone()), ..global.clone() };
    let app = App::new(global, env, umask, "atom init".into())?;
    let store = &app.config.store_dir;
    std::fs::create_dir_all(store).with_context(|| store.display().to_string())?;
    let created = Store::create(store, &import::esquema::esquema(&app.layouts)?, &import::campanha(&app.config))?;
    // opening it checks campaign and version, and adds columns that the layouts brought
    app.store()?;
    let word = |new: bool| if new { "criado" } else { "já existia, fica como está" };
    app.out(&format!("configuração {}: {}", path.display(), word(made)));
    app.out(&format!("store {}: {}", store.display(), word(created)));
    if made {
        app.out(&format!(
            "Próximo passo: confira [campanha], [evo] e [manager] em {}, depois: atom doctor",
            path.display()
        ));
    }
    Ok(exit::OK)
}
