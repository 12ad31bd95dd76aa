//! IM1–IM3, IN16, ST10: the N-th write, sync, rename or new name fails, or the disk is full, under the real SQLite.
//!
//! `tests/dados/falha.c` stands between the binary and the system and says, beside what it let fail, what a loss
//! of power would take: "done" may be said only when that is nothing.

use crate::support::*;
use atom::gerador::{Carteira, defeitos};
use atom::layout::impressao::imprime;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The compiled shim, once for all tests of the run.
fn shim() -> &'static Path {
    static SHIM: OnceLock<PathBuf> = OnceLock::new();
    SHIM.get_or_init(|| {
        let so = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("falha-{}.so", std::process::id()));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dados/falha.c");
        let done = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&so).arg(source).status();
        assert!(done.expect("cc, which building SQLite needs as well").success());
        so
    })
}

/// A fault: calls of these kinds below this folder of the bed, from which one on.
#[derive(Clone, Copy, Debug)]
struct Falha<'a> {
    pasta: &'a str,
    op: &'a str,
    n: usize,
    modo: &'a str,
    erro: &'a str,
}

const NENHUMA: Falha<'_> = Falha { pasta: "", op: "", n: 0, modo: "once", erro: "EIO" };

/// What a command did, and what the shim saw.
struct Visto {
    out: Out,
    shim: String,
}

impl Visto {
    fn conta(&self, what: &str) -> usize {
        let line = self.shim.lines().find_map(|l| l.strip_prefix(what)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{what}: {}", self.shim)).parse().unwrap()
    }

    /// What would be lost with the power, but for locks, SQLite's index of its log, copies under names that
    /// nothing reads, and the name of the log itself: SQLite does not look at that sync, and a command that is
    /// done has moved its log into the database.
    fn perderia(&self) -> Vec<&str> {
        assert!(!self.shim.contains("overflow"), "the shim's book is too small");
        let log = |db: &str| fs::metadata(format!("{db}-wal")).is_ok_and(|m| m.len() > 0);
        let of_none = |p: &str| [".lock", "-shm", ".part"].iter().any(|s| p.ends_with(s));
        let not_ours = |p: &str| p.ends_with("/store") || p.contains("/evo");
        self.shim
            .lines()
            .filter_map(|l| l.strip_prefix("unsynced "))
            // what the log still holds is not in need of the database file
            .filter(|p| !of_none(p) && !not_ours(p) && !(p.ends_with(".db") && log(p)))
            .collect()
    }

    fn disse(&self) -> String {
        format!("{}{}", self.out.stdout, self.out.stderr)
    }
}

fn roda(b: &Bed, args: &[&str], f: Falha<'_>) -> Visto {
    let book = b.root.join("falha.txt");
    // joining nothing would leave a slash at the end
    let below = b.root.canonicalize().unwrap().join(f.pasta).components().collect::<PathBuf>();
    let _ = fs::remove_file(&book);
    let out = b
        .cmd(args)
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
struct Momento(tempfile::TempDir);

impl Momento {
    fn de(b: &Bed) -> Self {
        let m = Self(tempfile::tempdir().unwrap());
        PASTAS.iter().for_each(|p| copia(&b.root.join(p), &m.0.path().join(p)));
        m
    }

    fn volta(&self, b: &Bed) {
        for p in PASTAS {
            fs::remove_dir_all(b.root.join(p)).unwrap();
            copia(&self.0.path().join(p), &b.root.join(p));
        }
    }
}

/// The store as it is on disk, through a copy: looking at it must not mend it.
fn olha<T>(b: &Bed, f: impl FnOnce(&rusqlite::Connection) -> T) -> T {
    let dir = tempfile::tempdir().unwrap();
    copia(&b.root.join("store"), dir.path());
    f(&rusqlite::Connection::open(dir.path().join("carteira.db")).unwrap())
}

fn linhas(db: &rusqlite::Connection, sql: &str) -> Vec<String> {
    let mut stmt = db.prepare(sql).unwrap();
    let rows = stmt.query_map([], |r| r.get::<_, String>(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

/// What the transaction of an import holds: content, run, rejects, ledger, what goes back to Evo.
fn nucleo(db: &rusqlite::Connection) -> Vec<String> {
    let mut all = Bed::digest_of(db);
    for sql in [
        "SELECT 'run|'||kind||'|'||estado||'|'||saida||'|'||conta FROM run ORDER BY id",
        "SELECT 'rejeito|'||linha||'|'||codigo||'|'||posicao||'|'||tamanho FROM rejeito ORDER BY run, linha",
        "SELECT 'importado|'||nome FROM arquivo WHERE estado='importado' ORDER BY nome",
        "SELECT 'erros|'||linhas||'|'||sha256 FROM saida WHERE tipo='erros' ORDER BY id",
    ] {
        all.extend(linhas(db, sql));
    }
    all
}

/// The same and how far what goes out has come.
fn tudo(db: &rusqlite::Connection) -> Vec<String> {
    let mut all = nucleo(db);
    for sql in [
        "SELECT 'saida|'||tipo||'|'||linhas||'|'||estado FROM saida ORDER BY id",
        "SELECT 'enviado|'||contrato||'|'||ficha_id FROM enviado ORDER BY contrato",
        "SELECT 'arquivo|'||nome||'|'||estado||'|'||caminho FROM arquivo ORDER BY nome",
    ] {
        all.extend(linhas(db, sql));
    }
    all
}

/// Every file that the ledger names is there, whole; `feito`: and in its last place.
fn confere_arquivos(b: &Bed, feito: bool, at: &str) {
    let (arquivos, saidas) = olha(b, |db| {
        (
            linhas(db, "SELECT estado||'|'||caminho||'|'||sha256||'|'||nome||'|'||data_operacao FROM arquivo"),
            linhas(db, "SELECT estado||'|'||caminho||'|'||sha256||'|'||nome||'|'||tipo FROM saida"),
        )
    });
    let whole = |p: &Path, sha: &str| imprime(p).is_ok_and(|i| i.sha256 == sha);
    for row in arquivos {
        let c: Vec<&str> = row.split('|').collect();
        let archived = b.root.join("data/archive").join(c[4]).join(c[3]);
        let there = b.root.join("data").join(c[1]);
        assert!(whole(&there, c[2]) || (!feito && whole(&archived, c[2])), "{at}: {row}");
        assert!(!feito || c[0] != "importado" || there == archived, "{at}: {row}");
    }
    let mut published = BTreeSet::new();
    for row in saidas {
        let c: Vec<&str> = row.split('|').collect();
        assert!(whole(&b.root.join("data").join(c[1]), c[2]), "{at}: {row}");
        let folder = if c[4] == "carga" { "manager" } else { "erros" };
        let out = b.root.join(folder).join(c[3]);
        assert!(c[0] != "publicado" || whole(&out, c[2]), "{at}: {row}");
        published.insert(out);
    }
    for folder in ["manager", "erros"] {
        for name in b.names(folder) {
            let known = published.contains(&b.root.join(folder).join(&name));
            assert!(known || (!feito && name.ends_with(".part")), "{at}: {folder}/{name}");
        }
    }
}

/// At most `most` of 1..=`total`, evenly, with the first and the last.
fn amostra(total: usize, most: usize) -> BTreeSet<usize> {
    let k = total.min(most);
    (0..k).map(|i| if k == 1 { 1 } else { 1 + i * (total - 1) / (k - 1) }).collect()
}

/// Lets every kind of call of a command fail, one at a time, and lets the next tick finish. `inteiros` are the
/// states that whole files leave.
fn varre(b: &Bed, args: &[&str], inteiros: &[Vec<String>], por_tipo: usize) {
    let before = Momento::de(b);
    let clean = roda(b, args, NENHUMA);
    assert!([0, 3].contains(&clean.out.code), "{}", clean.disse());
    assert_eq!(clean.perderia(), Vec::<&str>::new(), "without any fault");
    let done = olha(b, tudo);
    confere_arquivos(b, true, "clean");
    let next = roda(b, &["-q", "run"], NENHUMA);
    assert!([0, 3].contains(&next.out.code), "{}", next.disse());
    let end = olha(b, tudo);
    let (mut failed, mut tried) = (0, 0);
    for (op, modo, erro) in [
        ("write", "once", "EIO"),
        ("write", "short", "ENOSPC"),
        ("sync", "once", "EIO"),
        ("rename", "once", "EIO"),
        ("create", "once", "ENOSPC"),
    ] {
        let total = clean.conta(op);
        assert!(total > 0, "{op}: {}", clean.shim);
        for n in amostra(total, por_tipo) {
            let at = format!("{args:?}: {op} {modo} {n} of {total}");
            before.volta(b);
            let v = roda(b, args, Falha { pasta: "", op, n, modo, erro });
            assert!(v.conta("hits") > 0, "{at}: not met");
            assert!(v.out.code >= 0 && !v.disse().contains("panicked"), "{at}: {}", v.disse());
            tried += 1;
            if [0, 3].contains(&v.out.code) {
                assert_eq!(v.perderia(), Vec::<&str>::new(), "{at}: said done: {}", v.disse());
                assert_eq!(olha(b, tudo), done, "{at}: said done: {}", v.disse());
                confere_arquivos(b, true, &at);
            } else {
                failed += 1;
                assert!(!v.disse().trim().is_empty(), "{at}: failed without a word");
                let now = olha(b, nucleo);
                assert!(inteiros.contains(&now), "{at}: half a file; {}", v.disse());
                confere_arquivos(b, false, &at);
            }
            let next = roda(b, &["-q", "run"], NENHUMA);
            assert!([0, 3].contains(&next.out.code), "{at}: then {}: {}", next.out.code, next.disse());
            assert_eq!(olha(b, tudo), end, "{at}");
            confere_arquivos(b, true, &at);
        }
    }
    println!("{args:?}: {failed} of {tried} told");
    assert!(failed > tried / 2, "{args:?}: only {failed} of {tried} were told");
}

const SEXTA: &str = "2023-08-04";
const SEGUNDA: &str = "2023-08-07";

fn carteira(n: usize) -> Carteira {
    Carteira::nova(11, n, ASCOB).unwrap()
}

/// Files of an operating day at Evo, some lines of them wrong.
fn chegam(b: &Bed, c: &Carteira, dia_s: &str, quais: &[&str]) {
    let day = dia(dia_s);
    let names = c.noite(day);
    for q in quais {
        let mut bytes = Vec::new();
        let name = match *q {
            "remessa" => defeitos::escreve_remessa(c, &mut bytes, day).map(|()| &names.remessa),
            "parcelas" => defeitos::escreve_parcelas(c, &mut bytes, day).map(|()| &names.parcelas),
            _ => defeitos::escreve_garantias(c, &mut bytes, day).map(|()| &names.garantias),
        };
        b.evo(name.unwrap(), &bytes);
    }
}

const N: usize = 30;

/// The states before and after a command.
fn antes_e_depois(b: &Bed, args: &[&str]) -> Vec<Vec<String>> {
    let start = Momento::de(b);
    let mut states = vec![olha(b, nucleo)];
    b.atom(args).exits(3);
    states.push(olha(b, nucleo));
    assert_ne!(states[0], states[1]);
    start.volta(b);
    states
}

#[test]
fn im2_nenhuma_falha_de_disco_na_primeira_remessa_vira_sucesso() {
    let b = Bed::new();
    chegam(&b, &carteira(N), SEXTA, &["remessa"]);
    b.atom(&["-q", "fetch"]).exits(0);
    let args = &["import", "remessa"];
    varre(&b, args, &antes_e_depois(&b, args), 12);
}

#[test]
fn im2_nenhuma_falha_de_disco_na_segunda_noite_vira_sucesso() {
    let mut b = Bed::new();
    let mut c = carteira(N);
    chegam(&b, &c, SEXTA, &["remessa", "parcelas", "garantias"]);
    b.atom(&["-q", "run"]).exits(3);
    c.avanca(dia(SEGUNDA));
    b.at("2023-08-07T02:41:00");
    chegam(&b, &c, SEGUNDA, &["remessa"]);
    b.atom(&["-q", "fetch"]).exits(0);
    let args = &["import", "remessa"];
    varre(&b, args, &antes_e_depois(&b, args), 8);
}

#[test]
fn im2_nenhuma_falha_de_disco_nas_parcelas_vira_sucesso() {
    let b = Bed::new();
    chegam(&b, &carteira(N), SEXTA, &["remessa", "parcelas"]);
    b.atom(&["-q", "fetch"]).exits(0);
    b.atom(&["-q", "import", "remessa"]).exits(3);
    let args = &["import", "parcelas"];
    varre(&b, args, &antes_e_depois(&b, args), 8);
}

#[test]
fn im2_nenhuma_falha_de_disco_na_noite_inteira_vira_sucesso() {
    let b = Bed::with("");
    let kinds = ["remessa", "parcelas", "garantias"];
    chegam(&b, &carteira(N), SEXTA, &kinds);
    let start = Momento::de(&b);
    let mut states = vec![olha(&b, nucleo)];
    b.atom(&["-q", "fetch"]).exits(0);
    for k in kinds {
        b.atom(&["-q", "import", k]).exits(3);
        states.push(olha(&b, nucleo));
    }
    start.volta(&b);
    varre(&b, &["run"], &states, 12);
}

#[test]
fn im2_nenhuma_falha_de_disco_na_carga_vira_sucesso() {
    let b = Bed::new();
    chegam(&b, &carteira(N), SEXTA, &["remessa", "parcelas", "garantias"]);
    b.atom(&["-q", "fetch"]).exits(0);
    for k in ["remessa", "parcelas", "garantias"] {
        b.atom(&["-q", "import", k]).exits(3);
    }
    let states = [olha(&b, nucleo)];
    varre(&b, &["export", "manager", "--carga"], &states, 12);
}
