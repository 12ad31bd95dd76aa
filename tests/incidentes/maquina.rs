//! The machine and its neighbours: a server's key, a disk, a lock, a clock.

use super::*;
use crate::remoto::{aqui, configura, evo};
use crate::support::disco::{Falha, sob};
use crate::support::servidor::{chave, conhece, diario, eu, sshd};
use rustix::process::{Pid, Signal, kill_process};

#[test]
fn a_chave_do_servidor_sftp_mudou() {
    let mut r = roteiro("A chave do servidor SFTP mudou");
    let s = sshd("");
    let b = Bed::bare("");
    configura(&b, &evo(&s, "sftp", ""), &aqui(&b, "manager"), "[dia]\nobrigatorios = []");
    b.atom(&["init"]).exits(0);
    fs::write(s.pasta("evo").join(REMESSA), b.remessa("1001", &cpf(1), &[])).unwrap();
    // what stands in known_hosts is another key than the server shows now
    chave(&s.raiz().join("de_ontem"), "ed25519", "");
    conhece(&s, "de_ontem");
    diz(&b.atom(&["run"]).exits(2).stderr, &["mudou", "Nenhuma credencial foi enviada", "atom hostkey add"]);
    assert!(!diario(&s).contains(&format!("user {}", eu())), "nobody asked to get in: {}", diario(&s));
    let shown = r.roda(&b, &[]).exits(2);
    let told = format!("{}{}", shown.stdout, shown.stderr);
    diz(&told, &["mudou", "conhecida", "Confirme a impressão digital com quem opera o servidor; só então"]);
    let step = told.lines().find(|l| l.contains("atom hostkey add")).unwrap();
    let words: Vec<&str> = step.split_whitespace().collect();
    r.roda(&b, &[("SERVIDOR", words[3]), ("DIGITAL", words[5])]).exits(0);
    r.roda(&b, &[]).exits(0);
    assert_eq!(b.sql("SELECT count(*) FROM contrato"), "1");
    r.fim();
}

#[test]
fn disco_cheio_em_cada_pasta() {
    let folders = ["store", "data/inbox", "data/rejects", "data/outbox"];
    for pasta in folders {
        let mut r = roteiro("Disco cheio");
        let b = Bed::new();
        b.evo(REMESSA, &[b.remessa("1001", &cpf(1), &[]), b.remessa("1002", "11122233344", &[])].concat());
        let full = Falha { pasta, op: "write", n: 1, modo: "from", erro: "ENOSPC" };
        let folder = b.root.join(pasta).display().to_string();
        let tick = sob(&b, b.cmd(&["run"]), full);
        assert_eq!(tick.out.code, 1, "{pasta}: {}", tick.disse());
        diz(&tick.disse(), &[&folder, "cheio"]);
        assert_eq!(disco::olha(&b, |db| Bed::digest_of(db).len()), 0, "{pasta}");
        // the disk is still full when somebody looks
        let seen = sob(&b, r.comando(&b, &[]), full);
        assert_eq!(seen.out.code, 1, "{pasta}: {}", seen.disse());
        diz(&seen.disse(), &["ERRO disco", &folder, "cheio", "libere espaço nessa pasta", "atom purge --dry-run"]);
        r.roda(&b, &[]).exits(3);
        assert_eq!(b.sql("SELECT count(*) FROM contrato"), "1", "{pasta}");
        assert!(b.names(pasta).iter().all(|n| !n.contains("doctor")), "{pasta}");
        r.fim();
    }
}

/// An import that is stopped in the middle of its work, with the lock in its hand; not while it writes: then the store
/// itself is busy, which is another incident.
fn no_meio(b: &Bed) -> std::process::Child {
    let lock = b.root.join("store/carteira.lock");
    for _ in 0..20 {
        let mut busy = b.cmd(&["-q", "import", "remessa"]).stdout(std::process::Stdio::null()).spawn().unwrap();
        while !fs::read_to_string(&lock).is_ok_and(|who| who.contains(&format!("pid {}", busy.id()))) {
            assert!(busy.try_wait().unwrap().is_none(), "it was done before it could be stopped");
        }
        kill_process(Pid::from_child(&busy), Signal::STOP).unwrap();
        let db = rusqlite::Connection::open(b.root.join("store/carteira.db")).unwrap();
        db.busy_timeout(std::time::Duration::ZERO).unwrap();
        if db.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_ok() {
            return busy;
        }
        busy.kill().unwrap();
        busy.wait().unwrap();
    }
    panic!("it was stopped while it wrote, twenty times");
}

#[test]
fn outra_execucao_em_andamento() {
    let mut r = roteiro("Outra execução em andamento");
    let b = Bed::with("[dia]\nobrigatorios = []");
    let lines: Vec<Vec<u8>> = (1..=3000).map(|n| b.remessa(&(1000 + n).to_string(), &cpf(n), &[])).collect();
    b.evo(REMESSA, &lines.concat());
    b.atom(&["-q", "fetch"]).exits(0);
    let mut busy = no_meio(&b);
    let who = format!("pid {} desde 2023-08-04T02:41", busy.id());
    diz(&b.atom(&["run"]).exits(11).stderr, &["outra execução está em andamento", &who, "import remessa", "wait="]);
    let seen = r.roda(&b, &[]).exits(0).stdout;
    diz(&seen, &["trava das importações: em uso", &who, "import remessa", "não há o que apagar"]);
    // ST4: somebody waits, the holder is killed, and nothing has to be cleared away
    let waits = r.comando(&b, &[]).stderr(std::process::Stdio::piped()).spawn().unwrap();
    busy.kill().unwrap();
    busy.wait().unwrap();
    let out = Out::from(waits.wait_with_output().unwrap()).exits(0);
    assert!(!out.stderr.contains("em andamento"), "{}", out.stderr);
    assert_eq!(b.sql("SELECT count(*) FROM contrato"), "3000");
    r.fim();
}

#[test]
fn o_relogio_da_maquina_esta_em_utc_ou_errado() {
    let b = Bed::new();
    b.fixture_day();
    b.atom(&["-q", "run"]).exits(3);
    // in UTC: the day, the board and what goes out are São Paulo's all the same
    let board = |tz: &str| Out::from(b.cmd(&["day"]).env("TZ", tz).output().unwrap()).exits(0).stdout;
    assert_eq!(board("UTC"), board("America/Sao_Paulo"));
    let mut r = roteiro("O relógio da máquina está em UTC ou errado");
    let seen = Out::from(r.comando(&b, &[]).env("TZ", "UTC").output().unwrap()).exits(0).stdout;
    diz(&seen, &["2023-08-04T02:41", "em São Paulo", "mostra 3h00 a mais, e só o crontab conta por ele"]);
    r.fim();
    // wrong by the three hours between UTC and us: Evo's server keeps another time
    let s = sshd("");
    configura(&b, &evo(&s, "sftp", "after = \"move\""), &aqui(&b, "manager"), "");
    let mut r = roteiro("O relógio da máquina está em UTC ou errado");
    let mut cmd = r.comando(&b, &[]);
    cmd.env_remove("ATOM_NOW").env("OLHO_RELOGIO", "10800");
    let seen = disco::olhado(&b, cmd).0.exits(0).stdout;
    diz(&seen, &["AVISO evo.url", "o relógio de lá mostra", "a menos que o desta máquina", "timedatectl"]);
    let right = b.cmd(&["doctor"]).env_remove("ATOM_NOW").output().unwrap();
    assert!(!Out::from(right).exits(0).stdout.contains("AVISO"), "set right");
    r.fim();
    // wrong by more than that, and set right since: a run stands in what is now the future
    b.db().execute_batch("UPDATE run SET fim='2099-01-01T02:41:00-03:00' WHERE id=(SELECT max(id) FROM run)").unwrap();
    let mut r = roteiro("O relógio da máquina está em UTC ou errado");
    let seen = Out::from(r.comando(&b, &[]).env_remove("ATOM_NOW").output().unwrap()).exits(0).stdout;
    diz(&seen, &["AVISO relógio", "a última execução terminou em 2099-01-01", "timedatectl"]);
    r.fim();
}
