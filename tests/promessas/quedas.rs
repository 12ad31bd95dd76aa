//! ST3: SIGKILL before a call that writes, syncs, makes or renames, at places all over a backup, a restore, a purge (whose
//! end is a VACUUM) and the widening of the tables: before or after, and the next command finishes.

use super::*;
use crate::support::disco::{self, Momento, NENHUMA, mata};
use std::process::Command;

const TIPOS: [&str; 4] = ["write", "sync", "rename", "create"];

/// How often a command is killed for each kind of call, evenly from its first call to its last.
const POR_TIPO: usize = 7;

/// Kills a command all over its work, each time from the same moment of the bed, and looks at what it left.
fn varre(b: &Bed, cmd: impl Fn() -> Command, mut confere: impl FnMut(&str)) {
    let before = Momento::de(b);
    let clean = disco::sob(b, cmd(), NENHUMA);
    assert!([0, 3].contains(&clean.out.code), "{}", clean.disse());
    let mut killed = 0;
    for op in TIPOS {
        let total = clean.conta(op);
        for i in 0..POR_TIPO.min(total) {
            let n = 1 + i * (total - 1) / (POR_TIPO.min(total) - 1).max(1);
            before.volta(b);
            killed += usize::from(mata(b, cmd(), op, n));
            confere(&format!("{op} {n} of {total}"));
        }
    }
    assert!(killed >= 2 * POR_TIPO, "killed {killed} times only");
    before.volta(b);
}

fn atendimento(b: &Bed) -> rusqlite::Connection {
    rusqlite::Connection::open(b.root.join("store/atendimento.db")).unwrap()
}

fn sao(db: &rusqlite::Connection, at: &str) {
    let said: String = db.query_row("PRAGMA integrity_check", [], |r| r.get(0)).unwrap();
    assert_eq!(said, "ok", "{at}");
}

#[test]
fn st3_um_kill_em_qualquer_ponto_do_backup_nao_deixa_meio_backup() {
    let b = Bed::sem_portoes(20);
    let copies = b.root.join("copias");
    let dest = copies.display().to_string();
    let digest = b.digest();
    varre(
        &b,
        || b.cmd(&["backup", &dest]),
        |at| {
            for e in fs::read_dir(&copies).into_iter().flatten().map(Result::unwrap) {
                if !e.file_name().to_string_lossy().starts_with('.') {
                    // what stands under its name is whole
                    assert!(e.path().join("manifesto.json").exists(), "{at}");
                    let copy = rusqlite::Connection::open(e.path().join("carteira.db")).unwrap();
                    sao(&copy, at);
                    assert!(Bed::digest_of(&copy) == digest, "{at}");
                    drop(copy);
                    fs::remove_dir_all(e.path()).unwrap();
                }
            }
            assert!(b.digest() == digest, "{at}: the store itself");
            b.atom(&["backup", &dest]).exits(0);
            let left: Vec<_> = fs::read_dir(&copies).unwrap().map(|e| e.unwrap().file_name()).collect();
            assert_eq!(left.len(), 1, "{at}: {left:?}");
            fs::remove_dir_all(&copies).unwrap();
        },
    );
}

#[test]
fn st3_um_kill_em_qualquer_ponto_do_restore_nao_manda_nada_e_restaurar_de_novo_termina() {
    let b = Bed::sem_portoes(20);
    let copies = b.root.join("copias");
    let made = b.json(&["backup", &copies.display().to_string()]).exits(0).report();
    let copy = made["folder"].as_str().unwrap().to_owned();
    let old = b.digest();
    b.importa_remessa("20230804", 30);
    let new = b.digest();
    let sent = b.names("manager");
    varre(
        &b,
        || b.cmd(&["restore", &copy]),
        |at| {
            let run = b.atom(&["-q", "run"]);
            // as before, half of it (which is said), or as after, where nothing goes out
            assert!([0, 10].contains(&run.code), "{at}: {} {}", run.code, run.stderr);
            if run.code == 0 {
                let now = b.digest();
                assert!(now == old || now == new, "{at}");
                assert!(now == new || b.names("manager") == sent, "{at}: nothing goes out of what was brought back");
            }
            b.atom(&["restore", &copy]).exits(0);
            assert!(b.digest() == old, "{at}");
            sao(&b.db(), at);
            sao(&atendimento(&b), at);
        },
    );
}

/// Client 1's only contract closed long ago, client 2's open.
fn purgavel() -> Bed {
    let mut b =
        Bed::with("[dia]\nobrigatorios = []\n[retencao]\nfichas_dias = 30\ncontatos_dias = 30\ndesfaz_dias = 30\n");
    b.importa_remessa("20230803", 2);
    let bat = b.file("bat_carteira_veic_04082023_528.csv", b"CONTRATO;COD_ASSESSORIA\r\n1002;528\r\n");
    b.json(&["import", "batimento", &bat, "--confirm", "1"]).exits(0);
    for n in [1, 2] {
        let sql = "INSERT INTO tabulacao (ficha_id, origem, nome, boleto, obs, em)
                   VALUES (?1,'PORTAL','Promessa',0,?2,'2023-08-03T10:00:00-03:00')";
        atendimento(&b).execute(sql, (i64::try_from(n).unwrap(), format!("cpf {}", cpf(n)))).unwrap();
    }
    b.at("2023-09-20T03:00:00");
    b
}

#[test]
fn st3_um_kill_em_qualquer_ponto_da_purga_e_do_vacuum_e_antes_ou_depois_e_a_proxima_termina() {
    let b = purgavel();
    let gone = cpf(1);
    let contacts =
        |b: &Bed| -> i64 { atendimento(b).query_row("SELECT count(*) FROM tabulacao", [], |r| r.get(0)).unwrap() };
    varre(
        &b,
        || b.cmd(&["purge"]),
        |at| {
            let fichas = b.sql("SELECT count(*) FROM ficha");
            assert!(fichas == "2" || fichas == "1" && contacts(&b) == 1, "{at}: contacts go first");
            sao(&b.db(), at);
            sao(&atendimento(&b), at);
            b.atom(&["purge"]).exits(0);
            assert_eq!((b.sql("SELECT count(*) FROM ficha"), contacts(&b)), ("1".into(), 1), "{at}");
            for (path, bytes) in retrato(&b.root.join("store")) {
                assert!(!tem(&bytes, &gone), "{at}: {}", path.display());
            }
            sao(&b.db(), at);
        },
    );
}

/// ST5 and ST3: what a layout adds comes in one transaction for all tables.
#[test]
fn st3_um_kill_enquanto_o_layout_alarga_as_tabelas_e_antes_ou_depois() {
    let b = Bed::sem_portoes(3);
    b.atom(&["layout", "copy", "remessa"]).exits(0);
    let path = b.root.join("layouts/remessa.toml");
    let text = fs::read_to_string(&path).unwrap();
    // two columns of the blanks at the end of two fields of two tables
    let text = alarga(&alarga(&text, "nome_cliente", "campo_da_ficha"), "nome_loja", "campo_do_contrato");
    fs::write(&path, text).unwrap();
    let columns = |b: &Bed| {
        b.sql(
            "SELECT count(*) FROM (SELECT name FROM pragma_table_info('ficha') UNION ALL
             SELECT name FROM pragma_table_info('cadastro')) WHERE name LIKE 'campo_d%'",
        )
    };
    assert_eq!(columns(&b), "0");
    let mut seen = std::collections::BTreeSet::new();
    varre(
        &b,
        || b.cmd(&["run"]),
        |at| {
            let n = columns(&b);
            assert!(n == "0" || n == "2", "{at}: {n} of two columns");
            seen.insert(n);
            sao(&b.db(), at);
            b.atom(&["-q", "run"]).exits(0);
            assert_eq!(columns(&b), "2", "{at}");
        },
    );
    assert_eq!(seen.len(), 2, "{seen:?}");
}

/// Takes the last column of a field for one of its own.
fn alarga(text: &str, field: &str, new: &str) -> String {
    let line = text.lines().find(|l| l.contains(&format!("\"{field}\""))).unwrap();
    let (head, rest) = line.split_once("at = [").unwrap();
    let (range, tail) = rest.split_once(']').unwrap();
    let (from, to) = range.split_once(',').unwrap();
    let to: usize = to.trim().parse().unwrap();
    let of = tail.split("of = ").nth(1).unwrap().split('"').nth(1).unwrap();
    let more = format!("  {{ name = \"{new}\", at = [{to}, {to}], type = \"text\", of = \"{of}\" }},");
    text.replace(line, &format!("{head}at = [{from}, {}]{tail}\n{more}", to - 1))
}
