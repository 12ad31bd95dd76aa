//! The store: who may have it, what it leaves lying, how large its logs grow.

use super::*;
use crate::support::disco::{self, Falha, NENHUMA};
use crate::support::serve::SERVE;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::{Child, Command, Stdio};

/// Commands that open the store, reading or writing.
const COMANDOS: [&[&str]; 12] = [
    &["run"],
    &["fetch"],
    &["import", "remessa"],
    &["export", "manager"],
    &["day"],
    &["status"],
    &["get", "1001"],
    &["runs", "list"],
    &["token", "list"],
    &["purge"],
    &["serve"],
    &["doctor"],
];

/// Starts an import of that many contracts and stops it with its lock in its hand.
fn parado(b: &Bed, contratos: u64) -> Child {
    use rustix::process::{Pid, Signal, kill_process};
    let lines: Vec<Vec<u8>> = (1..=contratos).map(|n| b.remessa(&(1000 + n).to_string(), &cpf(n), &[])).collect();
    b.evo(REMESSA, &lines.concat());
    b.atom(&["-q", "fetch"]).exits(0);
    let mut busy = b.cmd(&["-q", "import", "remessa"]).stdout(Stdio::null()).spawn().unwrap();
    let lock = b.root.join("store/carteira.lock");
    while !fs::read_to_string(&lock).is_ok_and(|who| who.contains(&format!("pid {}", busy.id()))) {
        assert!(busy.try_wait().unwrap().is_none(), "it was done before it could be stopped");
    }
    kill_process(Pid::from_child(&busy), Signal::STOP).unwrap();
    busy
}

#[test]
fn st4_a_trava_morre_com_o_processo_e_ninguem_a_limpa() {
    let b = Bed::with("[dia]\nobrigatorios = []");
    let mut busy = parado(&b, 3000);
    b.atom(&["run"]).exits(11);
    b.atom(&["--if-locked", "skip", "run"]).exits(0);
    assert_eq!(disco::olha(&b, |db| Bed::digest_of(db).len()), 0);
    busy.kill().unwrap();
    busy.wait().unwrap();
    assert!(b.root.join("store/carteira.lock").exists(), "the file stays, the lock is gone");
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!(b.sql("SELECT count(*) FROM contrato"), "3000");
}

#[test]
fn st5_um_programa_mais_velho_recusa_um_store_mais_novo_e_nao_toca_nele() {
    for (file, version) in [("carteira.db", 99), ("atendimento.db", 99), ("carteira.db", 1)] {
        let b = Bed::with(&format!("{SERVE}[dia]\nobrigatorios = []"));
        b.importa_remessa("20230803", 1);
        let db = rusqlite::Connection::open(b.root.join("store").join(file)).unwrap();
        db.execute_batch(&format!("PRAGMA user_version={version}; PRAGMA wal_checkpoint(TRUNCATE)")).unwrap();
        drop(db);
        let before = retrato(&b.root.join("store"));
        for args in COMANDOS {
            // a command that never opens the file of contacts has nothing to say of it
            let blind = file == "atendimento.db" && [&["fetch"][..], &["import", "remessa"]].contains(&args);
            let out = b.atom(args);
            let said = format!("{}{}", out.stdout, out.stderr);
            assert_eq!(out.code, if blind { 0 } else { 10 }, "{file} {version} {args:?}: {said}");
            if !blind {
                let next = if version == 99 { "atualize o programa" } else { "o atom que o fez" };
                assert!(said.contains(file) && said.contains(&version.to_string()) && said.contains(next), "{said}");
            }
        }
        let locks = |p: &(PathBuf, Vec<u8>)| {
            let name = p.0.display().to_string();
            !name.ends_with(".lock") && !name.ends_with("-shm") && !name.ends_with("-wal")
        };
        let kept: Vec<_> = retrato(&b.root.join("store")).into_iter().filter(locks).collect();
        assert!(kept == before.into_iter().filter(locks).collect::<Vec<_>>(), "{file} {version}: untouched");
    }
}

#[test]
fn st6_o_log_encolhe_no_proximo_comando_ainda_que_um_leitor_tenha_ficado_sentado() {
    let b = Bed::with("[dia]\nobrigatorios = []");
    b.importa_remessa("20230803", 5);
    for (db, import) in [("carteira.db", true), ("atendimento.db", false)] {
        let path = b.root.join("store").join(db);
        let reader = rusqlite::Connection::open(&path).unwrap();
        let read = |sql: &str| reader.query_row(sql, [], |r| r.get::<_, i64>(0)).unwrap();
        reader.execute_batch("BEGIN").unwrap();
        read("SELECT count(*) FROM sqlite_master");
        let wal = || fs::metadata(format!("{}-wal", path.display())).map_or(0, |m| m.len());
        if import {
            b.importa_remessa("20230804", 2000);
        } else {
            let line = |n: u64| format!("{};11{};Nome {n};jornada1\r\n", 1000 + n, 980_000_000 + n);
            let lines: String = (1..=2000).map(line).collect();
            let f = b.file(
                "20230804_081500_massiva_whatsapp.csv",
                format!("contrato;numero;nome;jornada\r\n{lines}").as_bytes(),
            );
            b.atom(&["-q", "import", "massivas", &f]).exits(0);
        }
        let grown = wal();
        assert!(grown > 400_000, "{db}: the reader held {grown} bytes");
        reader.execute_batch("COMMIT").unwrap();
        b.atom(&["-q", "run"]).exits(0);
        assert!(wal() < 64 << 20 && wal() < grown / 2, "{db}: {} of {grown}", wal());
    }
}

#[test]
fn st7_o_log_a_copia_e_o_que_mais_se_faz_sao_so_do_dono_sob_umask_000() {
    let b = Bed::with("[dia]\nobrigatorios = []");
    let sh = |args: &str| {
        let mut c = b.shell(&format!("umask 000; atom {args}"));
        Out::from(c.output().unwrap()).exits(0)
    };
    // a log that stands, for as long as somebody reads
    let reader = b.db();
    reader.query_row("SELECT count(*) FROM sqlite_master", [], |r| r.get::<_, i64>(0)).unwrap();
    fs::write(b.root.join(REMESSA), b.remessa("1001", &cpf(1), &[])).unwrap();
    sh(&format!("import remessa {REMESSA}"));
    sh("token add portal --scope portal");
    sh("backup copias");
    sh("layout copy remessa");
    let mut seen: Vec<String> = Vec::new();
    for folder in ["store", "data", "copias", "layouts"] {
        for p in todos(&b.root.join(folder)) {
            let mode = fs::metadata(&p).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode & 0o077, 0, "{} {mode:o}", p.display());
            seen.push(p.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    for name in ["carteira.db-wal", "atendimento.db", "manifesto.json", "remessa.toml", REMESSA] {
        assert!(seen.iter().any(|s| s == name), "{name}: {seen:?}");
    }
}

/// A store of somebody else's is refused like one that may not be read: what is not root's to pass over.
#[test]
fn st8_um_store_ausente_alheio_ou_cortado_e_saida_10_em_cada_comando_e_nada_novo_aparece() {
    for case in ["ausente", "alheio", "cortado", "vazio"] {
        let b = Bed::with(SERVE);
        b.fixture_day();
        let store = b.root.join("store");
        let (root, file) = (fs::metadata(&store).unwrap().uid() == 0, store.join("carteira.db"));
        match case {
            "ausente" => fs::remove_dir_all(&store).unwrap(),
            "alheio" if root => {
                for p in todos(&store).into_iter().chain([store.clone()]) {
                    std::os::unix::fs::chown(p, Some(65534), Some(65534)).unwrap();
                }
            }
            "alheio" => mode(&file, 0o000),
            "cortado" => {
                let half = fs::metadata(&file).unwrap().len() / 2;
                fs::File::options().write(true).open(&file).unwrap().set_len(half).unwrap();
            }
            _ => fs::write(&file, b"").unwrap(),
        }
        fs::remove_dir_all(b.root.join("data")).unwrap();
        for args in COMANDOS {
            let mut cmd = Command::new(if root { "setpriv" } else { env!("CARGO_BIN_EXE_atom") });
            if root {
                cmd.args(["--bounding-set=-dac_override,-dac_read_search", env!("CARGO_BIN_EXE_atom")]);
            }
            let cmd = cmd.args(args).current_dir(&b.root).env("ATOM_NOW", "2023-08-04T02:41:00-03:00");
            let out = Out::from(cmd.output().unwrap());
            let said = format!("{}{}", out.stdout, out.stderr);
            assert_eq!(out.code, 10, "{case} {args:?}: {said}");
            assert!(said.contains("store"), "{case} {args:?}: {said}");
            assert!(!b.root.join("data").exists(), "{case} {args:?}");
        }
        assert_eq!(case == "ausente", !store.exists(), "{case}");
        assert!(b.names("manager").is_empty() && b.names("erros").is_empty());
    }
}

#[test]
fn st10_um_fsync_que_falha_nunca_e_sucesso_em_comando_nenhum_que_grava() {
    let b = Bed::with("[dia]\nobrigatorios = []");
    b.importa_remessa("20230803", 3);
    let copies = b.root.join("copias").display().to_string();
    let mut told = 0;
    for args in [
        &["backup", &copies][..],
        &["replica", "bi.sqlite"],
        &["token", "add", "portal", "--scope", "portal"],
        &["hsm", "pause"],
        &["undo", "1"],
    ] {
        let before = disco::Momento::de(&b);
        let clean = disco::roda(&b, args, NENHUMA);
        assert_eq!(clean.out.code, 0, "{args:?}: {}", clean.disse());
        let total = clean.conta("sync");
        assert!(total > 0, "{args:?} syncs nothing");
        assert!(clean.perderia().is_empty(), "{args:?}: {:?}", clean.perderia());
        for n in 1..=total.min(8) {
            before.volta(&b);
            let _ = fs::remove_dir_all(&copies);
            let v = disco::roda(&b, args, Falha { pasta: "", op: "sync", n, modo: "once", erro: "EIO" });
            let at = format!("{args:?}: sync {n} of {total}: {}", v.disse());
            assert!(v.conta("hits") > 0, "{at}");
            // success may be said only of what no loss of power takes
            let mut lost = v.perderia();
            // a replica only reads the store: what its closing tidies there was on disk before
            lost.retain(|p| args[0] != "replica" || !p.contains("/store/"));
            assert!(v.out.code != 0 || lost.is_empty(), "{lost:?} {at}");
            told += usize::from(v.out.code != 0);
        }
        before.volta(&b);
    }
    assert!(told > 8, "{told}");
}

#[test]
fn disco_cheio_no_destino_do_backup_e_dito_com_o_nome_dele_e_nada_fica_pela_metade() {
    let b = Bed::sem_portoes(3);
    fs::create_dir(b.root.join("copias")).unwrap();
    let copies = b.root.join("copias").display().to_string();
    let before = b.digest();
    for (op, n) in [("write", 1), ("write", 9), ("create", 1), ("create", 2)] {
        let v = disco::roda(&b, &["backup", &copies], Falha { pasta: "copias", op, n, modo: "from", erro: "ENOSPC" });
        assert_eq!(v.out.code, 1, "{op} {n}: {}", v.disse());
        assert!(v.em_linha().contains(&copies) && v.em_linha().contains("cheio"), "{op} {n}: {}", v.disse());
        assert!(todos(&b.root.join("copias")).iter().all(|p| p.display().to_string().contains("/.")), "{op} {n}");
        assert!(b.digest() == before);
    }
    b.atom(&["backup", &copies]).exits(0);
    assert_eq!(b.names("copias").len(), 1);
}

#[test]
fn uma_configuracao_errada_e_saida_2_com_a_linha_a_chave_e_o_que_se_esperava() {
    let b = Bed::new();
    let path = b.root.join("atom.toml");
    let good = fs::read_to_string(&path).unwrap();
    let line = |text: &str, what: &str| 1 + text.lines().position(|l| l.contains(what)).unwrap();
    for (from, to, words) in [
        ("id = 1", "id = \"um\"", &["campanha.id"][..]),
        ("settle_seconds = 0", "settle_seconds = \"logo\"", &["evo.settle_seconds"]),
        ("settle_seconds = 0", "settle_seconds = -1", &["evo.settle_seconds"]),
        ("settle_seconds = 0", "settle_secondz = 0", &["settle_secondz", "settle_seconds"]),
        ("url = \"file://", "url = \"gopher://", &["evo.url", "sftp://"]),
        ("ascob = \"528\"", "ascob = [528]", &["campanha.ascob"]),
        ("nome = \"Banco Exemplo\"", "nome = \"Banco", &[]),
    ] {
        let text = good.replacen(from, to, 1);
        fs::write(&path, &text).unwrap();
        for args in [&["run"][..], &["status"], &["doctor"]] {
            let out = b.atom(args);
            let said = format!("{}{}", out.stdout, out.stderr);
            assert_eq!(out.code, 2, "{to} {args:?}: {said}");
            let at = format!("linha {}", line(&text, to));
            for word in words.iter().chain([&at.as_str(), &"atom.toml"]) {
                assert!(said.contains(word), "{to} {args:?} lacks {word}: {said}");
            }
        }
    }
    fs::write(&path, &good).unwrap();
    // the environment is no better than the file, and is named
    let out = Out::from(b.cmd(&["status"]).env("ATOM_EVO__SETTLE_SECONDS", "logo").output().unwrap()).exits(2);
    assert!(out.stderr.contains("ATOM_EVO__SETTLE_SECONDS"), "{}", out.stderr);
    b.atom(&["status"]).exits(0);
}
