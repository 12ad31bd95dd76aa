//! `atom replica DEST`: one file with a copy of the store for BI, made while imports run and replaced at once.
//!
//! The copy grows under `<DEST>.part` beside DEST and takes its name when every byte is on disk: who reads DEST
//! finds the old one or the new one. What a killed run left under that name goes with the next one; the lock of
//! replicas keeps two from writing there at a time.

use super::app::App;
use super::exit::{self, Usage};
use super::texto::{conta, data, escape, folha};
use crate::atendimento;
use crate::store::lock::Which;
use crate::store::rejeito;
use crate::store::replica::{self, Feita, Pedido};
use anyhow::Context as _;
use serde_json::{Map, json};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Arguments of `atom replica`.
#[derive(Debug, clap::Args)]
pub struct Cmd {
    /// The file that readers open; replaced by the new copy in one step
    #[arg(value_name = "DEST")]
    dest: PathBuf,
    /// Leave out personal data: what the layouts call personal, phones, e-mails, addresses, names, messages
    #[arg(long)]
    without_personal: bool,
}

/// Makes the replica.
///
/// # Errors
/// Exit 2: DEST is the store, or something that is no replica; exit 11: another replica is being made.
pub fn run(cmd: &Cmd, app: &App) -> anyhow::Result<i64> {
    let begun = Instant::now();
    let store = app.reader()?;
    let destino = Destino::novo(&cmd.dest, store.dir())?;
    let Some(_lock) = app.lock(Which::Replica)? else { return Ok(exit::OK) };
    let em = app.clock.now().iso();
    let pessoais = !cmd.without_personal;
    if pessoais && !app.global.dry_run {
        // recorded before anything can be read
        let who = format!("cli:uid:{}", rustix::process::getuid().as_raw());
        rejeito::audit(store.atendimento()?, &em, &who, None, "replica")?;
    }
    let campos = atendimento::replica::campos(&app.layouts, pessoais);
    let parte = Parte::nova(&destino)?;
    let feita = replica::gera(&store, &parte.0, &Pedido { campos: &campos, pessoais, em: &em })
        .with_context(|| format!("a réplica não pôde ser gravada em {}", destino.caminho.display()))?;
    let bytes = fs::metadata(&parte.0)?.len();
    if !app.global.dry_run {
        destino.publica(&parte, app.mode).with_context(|| destino.caminho.display().to_string())?;
    }
    let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    relata(app, &destino, &feita, pessoais, (bytes, ms));
    Ok(exit::OK)
}

fn relata(app: &App, destino: &Destino, feita: &Feita, pessoais: bool, (bytes, ms): (u64, u64)) {
    let dry = app.global.dry_run;
    if app.global.json {
        let rows: Map<_, _> = feita.linhas.iter().map(|(t, n)| ((*t).to_owned(), json!(n))).collect();
        let out = json!({"file": destino.caminho, "personal": pessoais, "data_operacao": feita.data_operacao,
                         "bytes": bytes, "ms": ms, "dry_run": dry, "rows": rows});
        app.out(&out.to_string());
        return;
    }
    let count = |t: &str| feita.linhas.iter().find(|(n, _)| *n == t).map_or(0, |(_, n)| *n);
    let day = feita.data_operacao.as_deref().map(|d| format!(" · operação {}", data(d))).unwrap_or_default();
    let word = if dry { " · SIMULAÇÃO, nada gravado" } else { "" };
    let what = if pessoais { "com" } else { "sem" };
    let mb = format!("{},{}", bytes / 1_000_000, bytes / 100_000 % 10);
    let rows = [
        conta(count("ficha"), "ficha", "fichas"),
        conta(count("contrato"), "contrato", "contratos"),
        conta(count("telefone"), "telefone", "telefones"),
        conta(count("parcela"), "parcela", "parcelas"),
        conta(count("evento"), "evento", "eventos"),
    ];
    app.out(&folha(&format!(
        "réplica · {}{day}{word}\n\n  {}\n  {what} dados pessoais · {mb} MB · {},{} s",
        destino.caminho.display(),
        rows.join(" · "),
        ms / 1000,
        ms / 100 % 10,
    )));
}

/// Where the replica goes.
struct Destino {
    caminho: PathBuf,
    pasta: PathBuf,
}

impl Destino {
    /// Looks at what stands there: nothing, or a replica of ours.
    fn novo(dest: &Path, store: &Path) -> anyhow::Result<Self> {
        let no = |why: &str| Usage(format!("{}: {why}", escape(&dest.display().to_string())));
        let name = dest.file_name().ok_or_else(|| no("informe o arquivo da réplica, não uma pasta"))?;
        let caminho = match fs::canonicalize(dest) {
            Ok(real) => real,
            Err(e) if e.kind() == ErrorKind::NotFound => {
                let parent = dest.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
                fs::canonicalize(parent).map_err(|_| no("a pasta não existe"))?.join(name)
            }
            Err(e) => return Err(e).with_context(|| dest.display().to_string()),
        };
        let pasta = caminho.parent().map(Path::to_owned).unwrap_or_default();
        if pasta.starts_with(fs::canonicalize(store)?) || do_store(&caminho, store)? {
            return Err(no("é do próprio store; a réplica fica em outra pasta").into());
        }
        if !substituivel(&caminho)? {
            return Err(no("já existe e não é uma réplica do atom; nada foi tocado").into());
        }
        Ok(Self { caminho, pasta })
    }

    /// The replica takes its name, once all of it is on disk. Readable like every published file, and writable
    /// by nobody: a reader that wrote would leave a log of its own beside it.
    fn publica(&self, parte: &Parte, mode: u32) -> std::io::Result<()> {
        let f = File::open(&parte.0)?;
        f.set_permissions(Permissions::from_mode(mode & 0o444))?;
        f.sync_all()?;
        #[cfg(debug_assertions)]
        crate::config::crash_point("replica");
        // the log of somebody who did write to the old one would be taken for the new one's
        for log in ["-journal", "-wal", "-shm"] {
            apaga(&com(&self.caminho, log))?;
        }
        fs::rename(&parte.0, &self.caminho)?;
        File::open(&self.pasta)?.sync_all()
    }
}

/// The file under its temporary name; gone when dropped without being renamed.
struct Parte(PathBuf);

impl Parte {
    fn nova(d: &Destino) -> anyhow::Result<Self> {
        let path = com(&d.caminho, ".part");
        let make = || {
            apaga(&path)?;
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)
        };
        make().with_context(|| path.display().to_string())?;
        Ok(Self(path))
    }
}

impl Drop for Parte {
    fn drop(&mut self) {
        // renamed: there is none; left behind after all: the next replica removes it
        let _ = fs::remove_file(&self.0);
    }
}

fn com(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn apaga(path: &Path) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// Whether the file is one of the store's under another name.
fn do_store(path: &Path, store: &Path) -> std::io::Result<bool> {
    let Ok(meta) = fs::metadata(path) else { return Ok(false) };
    for entry in fs::read_dir(store)? {
        // a log that another process folds meanwhile may vanish
        if entry?.metadata().is_ok_and(|m| (m.dev(), m.ino()) == (meta.dev(), meta.ino())) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a replica may take this name: nothing stands there, or an empty file, or a replica.
fn substituivel(path: &Path) -> std::io::Result<bool> {
    let meta = match fs::metadata(path) {
        Ok(m) => m,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(true),
        Err(e) => return Err(e),
    };
    if !meta.is_file() {
        return Ok(false);
    }
    let mut head = Vec::new();
    File::open(path)?.take(72).read_to_end(&mut head)?;
    let ours = head.starts_with(b"SQLite format 3\0") && head.get(68..72) == Some(&replica::MARCA.to_be_bytes()[..]);
    Ok(head.is_empty() || ours)
}
