//! A disk that fails on demand under the real binary (`tests/dados/falha.c`), and a bed set back to a moment.

use super::{Bed, Out};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A file of `tests/dados` as a library to be loaded before the others.
fn compila(nome: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let so = folder.join(format!("{nome}.so"));
    let new = folder.join(format!("{nome}.so.{}", std::process::id()));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/dados/{nome}.c"));
    let done = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&new).arg(source).status();
    assert!(done.expect("cc, which building SQLite needs as well").success());
    // another run of the tests may have it loaded
    fs::rename(new, &so).unwrap();
    so
}

/// The failing disk, once for all tests of the run.
fn shim() -> &'static Path {
    static SHIM: OnceLock<PathBuf> = OnceLock::new();
    SHIM.get_or_init(|| compila("falha"))
}

/// Runs a command under an eye: what it did, and the files that it made, the places that it connected to and the names
/// that it looked up, one a line (`tests/dados/olho.c`).
pub fn olhado(b: &Bed, mut cmd: Command) -> (Out, Vec<String>) {
    static EYE: OnceLock<PathBuf> = OnceLock::new();
    let book = b.root.join("olho.txt");
    let _ = fs::remove_file(&book);
    cmd.env("LD_PRELOAD", EYE.get_or_init(|| compila("olho"))).env("OLHO_OUT", &book);
    let out = cmd.output().unwrap().into();
    let seen = fs::read_to_string(&book).unwrap_or_default();
    (out, seen.lines().map(str::to_owned).collect())
}

/// Runs a command that is killed before the `n`-th call of a kind below the bed; whether it came to that.
pub fn mata(b: &Bed, mut cmd: Command, op: &str, n: usize) -> bool {
    let below = b.root.canonicalize().unwrap();
    cmd.env("LD_PRELOAD", shim()).env("FALHA_DIR", below).env("FALHA_OP", op).env("FALHA_N", n.to_string());
    let out = cmd.env("FALHA_MODE", "kill").output().unwrap();
    out.status.code().is_none()
}

/// A fault: calls of these kinds below this folder of the bed, from which one on.
#[derive(Clone, Copy, Debug)]
pub struct Falha<'a> {
    pub pasta: &'a str,
    pub op: &'a str,
    pub n: usize,
    pub modo: &'a str,
    pub erro: &'a str,
}

pub const NENHUMA: Falha<'_> = Falha { pasta: "", op: "", n: 0, modo: "once", erro: "EIO" };

/// What a command did, and what the shim saw.
pub struct Visto {
    pub out: Out,
    pub shim: String,
}

impl Visto {
    pub fn conta(&self, what: &str) -> usize {
        let line = self.shim.lines().find_map(|l| l.strip_prefix(what)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{what}: {}", self.shim)).parse().unwrap()
    }

    /// What would be lost with the power, but for locks, SQLite's index of its log, its temporary files, copies under
    /// names that nothing reads, and the name of the log itself: SQLite does not look at that sync, and a command that is
    /// done has moved its log into the database.
    pub fn perderia(&self) -> Vec<&str> {
        assert!(!self.shim.contains("overflow"), "the shim's book is too small");
        let log = |db: &str| fs::metadata(format!("{db}-wal")).is_ok_and(|m| m.len() > 0);
        let of_none = |p: &str| [".lock", "-shm", ".part", " (deleted)"].iter().any(|s| p.ends_with(s));
        let not_ours = |p: &str| p.ends_with("/store") || p.contains("/evo");
        self.shim
            .lines()
            .filter_map(|l| l.strip_prefix("unsynced ").or_else(|| l.strip_prefix("lost ")))
            // what the log still holds is not in need of the database file
            .filter(|p| !(of_none(p) || not_ours(p) || p.ends_with(".db") && log(p)))
            .collect()
    }

    pub fn disse(&self) -> String {
        format!("{}{}", self.out.stdout, self.out.stderr)
    }

    /// The same on one line: what wrapping broke is whole.
    pub fn em_linha(&self) -> String {
        self.disse().split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

pub fn roda(b: &Bed, args: &[&str], f: Falha<'_>) -> Visto {
    sob(b, b.cmd(args), f)
}

/// The same for a command of one's own.
pub fn sob(b: &Bed, mut cmd: Command, f: Falha<'_>) -> Visto {
    let book = b.root.join("falha.txt");
    // joining nothing would leave a slash at the end
    let below = b.root.canonicalize().unwrap().join(f.pasta).components().collect::<PathBuf>();
    let out = cmd
        .env("LD_PRELOAD", shim())
        .env("FALHA_DIR", below)
        .env("FALHA_OP", f.op)
        .env("FALHA_N", f.n.to_string())
        .env("FALHA_MODE", f.modo)
        .env("FALHA_ERRNO", f.erro)
        .env("FALHA_OUT", &book)
        .output()
        .unwrap();
    let shim = fs::read_to_string(&book).unwrap_or_else(|e| panic!("{e}: {out:?}"));
    Visto { out: out.into(), shim }
}

const PASTAS: [&str; 5] = ["evo", "erros", "manager", "store", "data"];

fn copia(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for e in fs::read_dir(from).unwrap() {
        let (e, to) = (e.as_ref().unwrap().path(), to.join(e.as_ref().unwrap().file_name()));
        if e.is_dir() {
            copia(&e, &to);
        } else {
            // modification times decide whether a file in the inbox or at Evo is the one that was seen
            let time = fs::metadata(&e).unwrap().modified().unwrap();
            fs::copy(&e, &to).unwrap();
            fs::File::options().write(true).open(&to).unwrap().set_modified(time).unwrap();
        }
    }
}

/// A bed as it stood at a moment.
pub struct Momento(tempfile::TempDir);

impl Momento {
    pub fn de(b: &Bed) -> Self {
        let m = Self(tempfile::tempdir().unwrap());
        PASTAS.iter().for_each(|p| copia(&b.root.join(p), &m.0.path().join(p)));
        m
    }

    pub fn volta(&self, b: &Bed) {
        for p in PASTAS {
            fs::remove_dir_all(b.root.join(p)).unwrap();
            copia(&self.0.path().join(p), &b.root.join(p));
        }
        // the shim's book of what a loss of power would take
        let _ = fs::remove_file(b.root.join("falha.txt"));
    }
}

/// The store as it is on disk, through a copy: looking at it must not mend it.
pub fn olha<T>(b: &Bed, f: impl FnOnce(&rusqlite::Connection) -> T) -> T {
    let dir = tempfile::tempdir().unwrap();
    copia(&b.root.join("store"), dir.path());
    let db = rusqlite::Connection::open(dir.path().join("carteira.db")).unwrap();
    db.execute_batch("PRAGMA synchronous=OFF").unwrap();
    f(&db)
}
