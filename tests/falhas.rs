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
        assert_eq!(next.perderia(), Vec::<&str>::new(), "{at}: after the next run");
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

const CHEIO: Falha<'_> = Falha { pasta: "store", op: "write", n: 1, modo: "from", erro: "ENOSPC" };

#[test]
fn im3_disco_cheio_na_pasta_do_store_e_saida_1_com_o_nome_dela() {
    let b = Bed::new();
    chegam(&b, &carteira(N), SEXTA, &["remessa", "parcelas", "garantias"]);
    b.atom(&["-q", "fetch"]).exits(0);
    let args = &["import", "remessa"];
    let states = antes_e_depois(&b, args);
    let start = Momento::de(&b);
    let clean = roda(&b, args, Falha { pasta: "store", ..NENHUMA });
    b.atom(&["-q", "run"]).exits(3);
    let end = olha(&b, tudo);
    let folder = b.root.join("store").display().to_string();
    let mut before = 0;
    for (op, erro) in [("write", "ENOSPC"), ("write", "EIO"), ("sync", "ENOSPC"), ("write,sync", "EIO")] {
        let total: usize = op.split(',').map(|k| clean.conta(k)).sum();
        for n in amostra(total, 9) {
            start.volta(&b);
            let v = roda(&b, args, Falha { op, erro, n, ..CHEIO });
            let at = format!("{op} {erro} from {n} of {total}: {}", v.disse());
            assert_eq!(v.out.code, 1, "{at}");
            assert!(v.disse().contains(&folder), "{at}");
            assert!(v.disse().contains(if erro == "ENOSPC" { "cheio" } else { "disco" }), "{at}");
            let now = olha(&b, nucleo);
            assert!(states.contains(&now), "{at}");
            // a full disk takes no sync away: what was not told as applied is not
            before += usize::from(now == states[0]);
            assert!(v.out.stdout.contains("lidas 32") == (now == states[1]) || op != "write", "{at}");
            let next = roda(&b, &["-q", "run"], NENHUMA);
            assert_eq!(next.out.code, 3, "{at}: {}", next.disse());
            igual(&olha(&b, tudo), &end, &at);
            confere_arquivos(&b, true, &at);
        }
    }
    assert!(before > 10, "{before}");
}

/// Without room for the name of its log SQLite says no more than that it cannot open the database.
#[test]
fn im3_disco_cheio_ao_abrir_o_store_e_saida_1_com_o_nome_da_pasta() {
    let b = Bed::new();
    chegam(&b, &carteira(N), SEXTA, &["remessa"]);
    b.atom(&["-q", "fetch"]).exits(0);
    let (start, before) = (Momento::de(&b), olha(&b, nucleo));
    let folder = b.root.join("store").display().to_string();
    for args in [&["import", "remessa"][..], &["run"], &["fetch"], &["status"], &["day"], &["get", "1001"]] {
        for modo in ["once", "from"] {
            start.volta(&b);
            let v = roda(&b, args, Falha { op: "create", modo, ..CHEIO });
            let at = format!("{args:?} {modo}: {}", v.disse());
            assert!(v.conta("hits") > 0, "{at}");
            assert_eq!(v.out.code, 1, "{at}");
            assert!(v.em_linha().contains(&folder) && v.em_linha().contains("cheio"), "{at}");
            assert_eq!(olha(&b, nucleo), before, "{at}");
            let next = roda(&b, &["-q", "run"], NENHUMA);
            assert_eq!(next.out.code, 3, "{at}: {}", next.disse());
        }
    }
}

#[test]
fn im3_disco_cheio_no_init_e_saida_1_e_a_proxima_tentativa_faz_o_store() {
    for n in 1..=6 {
        let b = Bed::bare("");
        let v = roda(&b, &["init"], Falha { op: "create", n, ..CHEIO });
        let at = format!("{n}: {}", v.disse());
        assert!(v.conta("hits") > 0, "{at}");
        assert_eq!(v.out.code, 1, "{at}");
        assert!(v.em_linha().contains(&b.root.join("store").display().to_string()), "{at}");
        assert!(v.em_linha().contains("cheio"), "{at}");
        b.atom(&["init"]).exits(0);
        b.atom(&["run"]).exits(0);
    }
}

#[test]
fn in16_disco_cheio_na_caixa_de_entrada_e_dito_com_o_nome_dela_e_nada_entra() {
    let b = Bed::new();
    let (c, inbox) = (carteira(N), b.root.join("data/inbox").display().to_string());
    chegam(&b, &c, SEXTA, &["remessa"]);
    let name = c.noite(dia(SEXTA)).remessa;
    let outside = b.file(&name, &fs::read(b.root.join("evo").join(&name)).unwrap());
    let (start, before) = (Momento::de(&b), olha(&b, nucleo));
    let fetch = ["fetch"];
    for (args, op, modo) in [
        (&fetch[..], "write", "from"),
        (&fetch, "write", "short"),
        (&fetch, "sync", "once"),
        (&fetch, "create", "once"),
        (&fetch, "rename", "once"),
        (&["run"], "write", "from"),
        (&["run"], "rename", "from"),
        (&["import", "remessa", &outside], "write", "from"),
        (&["import", "remessa", &outside], "sync", "once"),
        (&["import", "remessa", &outside], "create", "once"),
        (&["import", "remessa", &outside], "rename", "once"),
    ] {
        start.volta(&b);
        let v = roda(&b, args, Falha { pasta: "data/inbox", op, modo, ..CHEIO });
        let at = format!("{args:?} {op} {modo}: {}", v.disse());
        assert_eq!(v.out.code, 1, "{at}");
        assert!(v.disse().contains(&inbox) && v.em_linha().contains("disco cheio"), "{at}");
        assert!(b.names("data/inbox").iter().all(|n| *n != name), "{at}: {:?}", b.names("data/inbox"));
        assert_eq!(olha(&b, nucleo), before, "{at}");
        assert_eq!(b.sql("SELECT count(*) FROM arquivo"), "0", "{at}");
        let next = roda(&b, &["-q", "run"], NENHUMA);
        assert_eq!(next.out.code, 3, "{at}: {}", next.disse());
        assert_eq!(b.sql("SELECT count(*) FROM contrato"), N.to_string(), "{at}");
        assert_eq!(b.names("data/inbox"), Vec::<String>::new(), "{at}");
    }
}

#[test]
fn im3_disco_cheio_onde_ficam_os_rejeitos_nao_aplica_nada_e_diz_onde() {
    let b = Bed::new();
    chegam(&b, &carteira(N), SEXTA, &["remessa"]);
    b.atom(&["-q", "fetch"]).exits(0);
    let (start, before) = (Momento::de(&b), olha(&b, nucleo));
    for pasta in ["data/rejects", "data/outbox"] {
        for (op, modo) in [("write", "from"), ("write", "short"), ("sync", "from"), ("create", "once")] {
            start.volta(&b);
            let v = roda(&b, &["import", "remessa"], Falha { pasta, op, modo, ..CHEIO });
            let at = format!("{pasta} {op} {modo}: {}", v.disse());
            assert_eq!(v.out.code, 1, "{at}");
            assert!(v.disse().contains(&format!("{}/{pasta}", b.root.display())), "{at}");
            assert!(v.disse().contains("disco cheio") && v.disse().contains("libere espaço"), "{at}");
            assert_eq!(olha(&b, nucleo), before, "{at}");
            let next = roda(&b, &["-q", "run"], NENHUMA);
            assert_eq!(next.out.code, 3, "{at}: {}", next.disse());
            confere_arquivos(&b, true, &at);
        }
    }
}

#[test]
fn ex1_disco_cheio_no_manager_nao_deixa_meio_arquivo_e_a_proxima_execucao_publica() {
    let b = Bed::new();
    chegam(&b, &carteira(N), SEXTA, &["remessa", "parcelas", "garantias"]);
    b.atom(&["-q", "fetch"]).exits(0);
    for k in ["remessa", "parcelas", "garantias"] {
        b.atom(&["-q", "import", k]).exits(3);
    }
    let start = Momento::de(&b);
    for (op, modo) in [("write", "from"), ("write", "short"), ("sync", "from"), ("create", "once"), ("rename", "once")]
    {
        start.volta(&b);
        let v = roda(&b, &["run"], Falha { pasta: "manager", op, modo, ..CHEIO });
        let at = format!("{op} {modo}: {}", v.disse());
        assert_eq!(v.out.code, 5, "{at}");
        assert!(v.disse().contains("/manager") && v.disse().contains("disco cheio"), "{at}");
        assert!(b.names("manager").iter().all(|n| n.ends_with(".part")), "{at}: {:?}", b.names("manager"));
        assert_eq!(b.sql("SELECT count(*) FROM enviado"), "0", "{at}");
        let next = roda(&b, &["-q", "run"], NENHUMA);
        assert_eq!(next.out.code, 0, "{at}: {}", next.disse());
        assert_eq!(b.sql("SELECT estado||count(*) FROM saida WHERE tipo='carga'"), "publicado1", "{at}");
        assert_eq!(next.perderia(), Vec::<&str>::new(), "{at}");
        confere_arquivos(&b, true, &at);
    }
}
