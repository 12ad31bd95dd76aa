//! IM1–IM3, IN16, ST10: the N-th write, sync, rename or new name fails, or the disk is full, under the real SQLite.
//!
//! `tests/dados/falha.c` stands between the binary and the system and says, beside what it let fail, what a loss
//! of power would take: "done" may be said only when that is nothing.

use crate::support::disco::{Falha, Momento, NENHUMA, olha, roda};
use crate::support::*;
use atom::gerador::{Carteira, defeitos};
use atom::layout::impressao::imprime;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

mod cheio;

fn linhas(db: &rusqlite::Connection, sql: &str) -> Vec<String> {
    let mut stmt = db.prepare(sql).unwrap();
    let rows = stmt.query_map([], |r| r.get::<_, String>(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

/// What the transaction of an import holds: content, run, rejects, ledger, what goes back to Evo.
fn nucleo(db: &rusqlite::Connection) -> Vec<String> {
    let mut all = Bed::digest_of(db);
    for sql in [
        "SELECT 'run|'||kind||'|'||estado||'|'||saida||'|'||conta FROM run",
        "SELECT 'rejeito|'||linha||'|'||codigo||'|'||posicao||'|'||tamanho FROM rejeito",
        "SELECT 'importado|'||nome FROM arquivo WHERE estado='importado'",
        "SELECT 'erros|'||linhas||'|'||sha256 FROM saida WHERE tipo='erros'",
    ] {
        all.extend(linhas(db, sql));
    }
    // a file that failed at first comes after the others
    all.sort();
    all
}

/// The same and how far what goes out has come.
fn tudo(db: &rusqlite::Connection) -> Vec<String> {
    let mut all = nucleo(db);
    for sql in [
        "SELECT 'saida|'||tipo||'|'||linhas||'|'||estado FROM saida",
        "SELECT 'enviado|'||contrato FROM enviado",
        "SELECT 'arquivo|'||nome||'|'||estado||'|'||caminho FROM arquivo",
    ] {
        all.extend(linhas(db, sql));
    }
    // a file that failed at first comes after the others
    all.sort();
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
        let folder = if c[4] == "erros" { "erros" } else { "manager" };
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

#[track_caller]
fn igual(now: &[String], wanted: &[String], at: &str) {
    let only = |a: &[String], b: &[String]| a.iter().filter(|l| !b.contains(l)).cloned().collect::<Vec<_>>();
    let (more, less) = (only(now, wanted), only(wanted, now));
    assert!(now == wanted, "{at}\nonly here: {more:#?}\nmissing: {less:#?}");
}

/// At most `most` of 1..=`total`, evenly, with the first and the last.
fn amostra(total: usize, most: usize) -> BTreeSet<usize> {
    let k = total.min(most);
    (0..k).map(|i| if k == 1 { 1 } else { 1 + i * (total - 1) / (k - 1) }).collect()
}

/// A command that is to fail, from one moment of a bed.
struct Ensaio<'a> {
    b: &'a Bed,
    args: &'a [&'a str],
    /// The states of the store that whole files leave.
    inteiros: &'a [Vec<String>],
    antes: Momento,
    /// After the command without a fault, and after one more tick.
    feito: Vec<String>,
    fim: Vec<String>,
}

impl Ensaio<'_> {
    /// One fault, then the next tick without one; whether the fault was told.
    fn falha(&self, f: Falha<'_>, at: &str) -> bool {
        let b = self.b;
        self.antes.volta(b);
        let v = roda(b, self.args, f);
        assert!(v.conta("hits") > 0, "{at}: not met");
        assert!(v.out.code >= 0 && !v.disse().contains("panicked"), "{at}: {}", v.disse());
        let done = [0, 3].contains(&v.out.code);
        if done {
            assert_eq!(v.perderia(), Vec::<&str>::new(), "{at}: said done: {}", v.disse());
            igual(&olha(b, tudo), &self.feito, &format!("{at}: said done: {}", v.disse()));
        } else {
            assert!(!v.disse().trim().is_empty(), "{at}: failed without a word");
            assert!(self.inteiros.contains(&olha(b, nucleo)), "{at}: half a file; {}", v.disse());
        }
        confere_arquivos(b, done, at);
        let next = roda(b, &["-q", "run"], NENHUMA);
        assert!([0, 3].contains(&next.out.code), "{at}: then {}: {}", next.out.code, next.disse());
        igual(&olha(b, tudo), &self.fim, at);
        // what the import that failed had begun to write, no row names: it was tried again under another run
        let named = olha(b, |db| {
            linhas(db, "SELECT caminho FROM saida UNION SELECT arquivo_rejeitos FROM run WHERE arquivo_rejeitos>''")
        });
        let begun = |p: &str| p.contains("/data/rejects/") || p.contains("/data/outbox/");
        let mut lost = next.perderia();
        lost.retain(|p| !begun(p) || named.iter().any(|n| p.ends_with(n)));
        assert_eq!(lost, Vec::<&str>::new(), "{at}: after the next run");
        confere_arquivos(b, true, at);
        !done
    }
}

/// Lets every kind of call of a command fail, one at a time.
fn varre(b: &Bed, args: &[&str], inteiros: &[Vec<String>], por_tipo: usize) {
    let antes = Momento::de(b);
    let clean = roda(b, args, NENHUMA);
    assert!([0, 3].contains(&clean.out.code), "{}", clean.disse());
    assert_eq!(clean.perderia(), Vec::<&str>::new(), "without any fault");
    confere_arquivos(b, true, "without any fault");
    let feito = olha(b, tudo);
    let next = roda(b, &["-q", "run"], NENHUMA);
    assert!([0, 3].contains(&next.out.code), "{}", next.disse());
    let e = Ensaio { b, args, inteiros, antes, feito, fim: olha(b, tudo) };
    let (mut told, mut tried) = (0, 0);
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
            told += usize::from(e.falha(Falha { pasta: "", op, n, modo, erro }, &at));
            tried += 1;
        }
    }
    // what may go unheard is SQLite's own housekeeping: the name of its log, a log that stays
    assert!(tried - told <= tried / 6, "{args:?}: {told} of {tried} were told");
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
    let b = Bed::new();
    let kinds = ["remessa", "parcelas", "garantias"];
    chegam(&b, &carteira(N), SEXTA, &kinds);
    let start = Momento::de(&b);
    let mut states = vec![olha(&b, nucleo)];
    // a file that fails holds up no other, unless that waits for it
    for order in [kinds, ["remessa", "garantias", "parcelas"]] {
        b.atom(&["-q", "fetch"]).exits(0);
        for k in order {
            b.atom(&["-q", "import", k]).exits(3);
            states.push(olha(&b, nucleo));
        }
        start.volta(&b);
    }
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
