//! `atom replica DEST`: one file with a copy of the store for BI, made while imports run and replaced at once.
//!
//! The copy grows under `<DEST>.part` (half of it first under `<DEST>.lado.part`) beside DEST and takes its name when
//! every byte is on disk: who reads DEST finds the old one or the new one. What a killed run left under these names
//! goes with the next one, told by its mark; a file that is not ours is never removed. The lock of replicas keeps two
//! from writing there at a time.

use super::app::App;
use super::exit::{self, Temporary, Usage};
use super::texto::{conta, data, escape, folha};
use crate::atendimento;
use crate::store::db::Trouble;
use crate::store::lock::Which;
use crate::store::replica::{self, Feita, Pedido};
use crate::store::{Store, StoreError, auditoria};
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
/// Exit 2: DEST is the store, or something that is no replica; exit 5: an import holds the history of contacts, where
/// a replica with personal data is recorded; exit 11: another replica is being made.
pub fn run(cmd: &Cmd, app: &App) -> anyhow::Result<i64> {
    let begun = Instant::now();
    let store = app.reader()?;
    let destino = Destino::novo(&cmd.dest, store.dir(), &app.config.data)?;
    let Some(_lock) = app.lock(Which::Replica)? else { return Ok(exit::OK) };
    let em = app.clock.now().iso();
    let pessoais = !cmd.without_personal;
    let dry = app.global.dry_run;
    // a simulation has names of its own, so that not even what a killed run left goes with it
    let parte = Parte::nova(&destino, if dry { ".dry-run.part" } else { ".part" })?;
    let lado = Parte::nova(&destino, if dry { ".dry-run.lado.part" } else { ".lado.part" })?;
    if pessoais && !dry {
        // recorded before anything can be read
        registra(&store, &em).map_err(ocupado)?;
    }
    let campos = atendimento::replica::campos(&app.layouts, pessoais);
    let feita = replica::gera(&store, &parte.0, &lado.0, &Pedido { campos: &campos, pessoais, em: &em })
        .with_context(|| format!("a réplica não pôde ser gravada em {}", destino.caminho.display()))?;
    drop(lado);
    let bytes = fs::metadata(&parte.0)?.len();
    if !dry {
        destino.publica(&parte, app.mode).with_context(|| destino.caminho.display().to_string())?;
    }
    let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    relata(app, &destino, &feita, pessoais, (bytes, ms));
    Ok(exit::OK)
}

/// The row of the audit; it waits for an import that is writing there.
fn registra(store: &Store, em: &str) -> Result<(), StoreError> {
    let who = App::quem();
    Ok(auditoria::registra(store.atendimento()?, em, &who, None, "replica")?)
}

/// A writer that does not end is no fault: the next replica may find none.
fn ocupado(e: StoreError) -> anyhow::Error {
    match e {
        StoreError::Db(d) if d.trouble == Trouble::Busy => Temporary(
            "outro processo grava o histórico de atendimento há mais de um minuto, e uma réplica com dados pessoais \
             fica registrada nele; nada foi tocado"
                .into(),
        )
        .into(),
        other => other.into(),
    }
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
        escape(&destino.caminho.display().to_string()),
        rows.join(" · "),
        ms / 1000,
        ms / 100 % 10,
    )));
}

/// Where the replica goes.
struct Destino {
    caminho: PathBuf,
    pasta: PathBuf,
    /// A replica stands there: what lies beside it as its log is.
    antiga: bool,
}

impl Destino {
    /// Looks at what stands there: nothing, or a replica of ours.
    fn novo(dest: &Path, store: &Path, data: &Path) -> anyhow::Result<Self> {
        let no = |why: &str| recusa(dest, why);
        let name = dest.file_name().ok_or_else(|| no("informe o arquivo da réplica, não uma pasta"))?;
        let caminho = match fs::canonicalize(dest) {
            Ok(real) => real,
            Err(e) if e.kind() == ErrorKind::NotFound && fs::symlink_metadata(dest).is_ok() => {
                return Err(no("é um link para um arquivo que não existe").into());
            }
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
        // what lies there is sent, kept or imported as what it is named
        let inside = |f: &str| fs::canonicalize(data.join(f)).is_ok_and(|f| pasta.starts_with(f));
        if let Some(f) = ["inbox", "archive", "rejects", "outbox"].into_iter().find(|f| inside(f)) {
            return Err(no(&format!("a pasta {f} é do atom; a réplica fica em outra")).into());
        }
        let antiga = match o_que_ha(&caminho).with_context(|| caminho.display().to_string())? {
            Ha::Outro => return Err(no("já existe e não é uma réplica do atom; nada foi tocado").into()),
            there => there == Ha::Replica,
        };
        if !antiga {
            sem_log(&caminho)?;
        }
        Ok(Self { caminho, pasta, antiga })
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
        for log in LOGS.into_iter().filter(|_| self.antiga) {
            apaga(&com(&self.caminho, log))?;
        }
        fs::rename(&parte.0, &self.caminho)?;
        File::open(&self.pasta)?.sync_all()
    }
}

/// The file under its temporary name; gone when dropped without being renamed.
struct Parte(PathBuf);

impl Parte {
    /// Removes what a killed run left under that name.
    fn nova(d: &Destino, suffix: &str) -> anyhow::Result<Self> {
        livre(&com(&d.caminho, &suffix.replace(".dry-run", "")))?;
        let path = com(&d.caminho, suffix);
        livre(&path)?;
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

/// What SQLite may keep beside a file, and takes for its own whoever left it there.
const LOGS: [&str; 3] = ["-journal", "-wal", "-shm"];

/// What stands under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ha {
    Nada,
    /// An empty file.
    Vazio,
    Replica,
    Outro,
}

fn o_que_ha(path: &Path) -> std::io::Result<Ha> {
    let meta = match fs::symlink_metadata(path) {
        Ok(m) => m,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Ha::Nada),
        Err(e) => return Err(e),
    };
    if !meta.is_file() {
        return Ok(Ha::Outro);
    }
    let mut head = Vec::new();
    File::open(path)?.take(72).read_to_end(&mut head)?;
    let ours = head.starts_with(b"SQLite format 3\0") && head.get(68..72) == Some(&replica::MARCA.to_be_bytes()[..]);
    Ok(match (head.is_empty(), ours) {
        (true, _) => Ha::Vazio,
        (_, true) => Ha::Replica,
        _ => Ha::Outro,
    })
}

/// Whether the replica may grow under this name: nothing there, or what a killed run of ours left.
fn livre(part: &Path) -> anyhow::Result<()> {
    if o_que_ha(part).with_context(|| part.display().to_string())? == Ha::Outro {
        let why = "a réplica cresce sob esse nome, e o que há ali não é dela; tire-o de lá. Nada foi tocado";
        return Err(recusa(part, why).into());
    }
    sem_log(part)
}

/// A log beside what is no replica is somebody else's, and would be read as part of one.
fn sem_log(path: &Path) -> anyhow::Result<()> {
    match LOGS.into_iter().map(|l| com(path, l)).find(|l| fs::symlink_metadata(l).is_ok()) {
        Some(log) => Err(recusa(&log, "não é de uma réplica e seria lido como parte dela; nada foi tocado").into()),
        None => Ok(()),
    }
}

fn recusa(path: &Path, why: &str) -> Usage {
    Usage(format!("{}: {why}", escape(&path.display().to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::db::{Db, Mode, PAGINA};
    use std::time::Duration;

    #[test]
    fn quem_grava_no_historico_faz_a_replica_tentar_depois_sem_sql_na_mensagem() {
        let dir = tempfile::tempdir().unwrap();
        let open = || Db::open(&dir.path().join("atendimento.db"), Mode::Create(PAGINA), Duration::ZERO).unwrap();
        let (one, two) = (open(), open());
        let _writing = one.begin().unwrap();
        let busy = two.script("BEGIN IMMEDIATE").unwrap_err();
        let e = ocupado(busy.into());
        assert_eq!(exit::of(&e).0, exit::TEMPORARY);
        let said = format!("{e:#}");
        assert!(said.starts_with("outro processo grava") && !said.contains("BEGIN"), "{said}");
        // any other trouble keeps its own code
        let e = ocupado(two.script("SELECT nada").unwrap_err().into());
        assert_eq!(exit::of(&e).0, exit::FAILED);
    }
}
