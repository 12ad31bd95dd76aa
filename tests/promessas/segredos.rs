//! Who is in the files, and what opens doors: in no output, at any verbosity, and in no place that it has no business in.

use super::*;
use crate::remoto::{configura, manager};
use crate::support::omne::{Faz, Omne};
use crate::support::serve::{SERVE, Serve};
use crate::support::servidor::{SENHA, Servidor, eu, sshd, vsftpd};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::process::{Command, Stdio};

/// Documents, names, numbers and e-mails of the clients that the store knows, as a log could hold them.
fn pessoais(b: &Bed) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for sql in [
        "SELECT cpf_cnpj_cliente FROM ficha",
        "SELECT nome_cliente FROM ficha WHERE length(nome_cliente)>8",
        "SELECT fone FROM telefone WHERE length(fone)>9",
        "SELECT substr(fone, -9) FROM telefone WHERE length(fone)=11",
        "SELECT email FROM email WHERE length(email)>8",
    ] {
        let db = b.db();
        let mut stmt = db.prepare(sql).unwrap();
        let rows = stmt.query_map([], |r| r.get::<_, Option<String>>(0)).unwrap();
        out.extend(rows.filter_map(|v| v.unwrap()));
    }
    assert!(out.len() > 400, "{}", out.len());
    out
}

#[track_caller]
fn sem(text: &str, personal: &BTreeSet<String>, what: &str) {
    let digits: String = text.chars().filter(|c| c.is_ascii_digit() || c.is_whitespace()).collect();
    for p in personal {
        assert!(!text.contains(p.as_str()), "{what} holds personal data");
        // 529.982.247-25 and (11) 98111-2222 are the same as without their marks
        let number = p.len() >= 11 && p.bytes().all(|c| c.is_ascii_digit());
        assert!(!number || !digits.contains(p.as_str()), "{what} holds a number of somebody's, written otherwise");
    }
}

#[test]
fn se1_uma_semana_inteira_no_maximo_de_palavras_nao_diz_o_dado_de_ninguem() {
    let stub = Omne::sobe();
    stub.roteiro([Faz::Responde(200), Faz::CaiDepois, Faz::Responde(422)]);
    let more =
        format!("{SERVE}[omne]\nurl = \"http://{}\"\ntoken = \"file:omne.token\"\nrate_per_second = 1000\n", stub.addr);
    let mut b = Bed::with(&more);
    b.file("omne.token", b"segredo-do-omne");
    mode(&b.root.join("omne.token"), 0o600);
    let mut said: Vec<(String, String)> = Vec::new();
    let mut roda = |b: &Bed, args: &[&str]| {
        for format in ["text", "json"] {
            let mut all = vec!["-vvv", "--log-format", format];
            all.extend_from_slice(args);
            let out = b.atom(&all);
            assert!(out.code >= 0 && !out.stderr.contains("panicked"), "{args:?}: {}", out.stderr);
            said.push((format!("{args:?}"), format!("{}{}", out.stdout, out.stderr)));
        }
    };
    // the week of the demo: the committed day, then the generator's, faults of every kind among the lines
    b.fixture_day();
    for day in ["2023-08-04", "2023-08-07", "2023-08-08"] {
        b.at(&format!("{day}T02:41:00"));
        if day != "2023-08-04" {
            noite(&b, day);
        }
        roda(&b, &["run"]);
        b.at(&format!("{day}T11:05:00"));
        roda(&b, &["run"]);
        roda(&b, &["day"]);
        roda(&b, &["--json", "day"]);
    }
    let last = b.sql("SELECT max(id) FROM run");
    let blocked = b.sql("SELECT chave FROM contrato WHERE situacao='BLOQUEADO' LIMIT 1");
    let ids = b.sql("SELECT group_concat(id) FROM (SELECT DISTINCT run AS id FROM rejeito)");
    for run in ids.split(',') {
        roda(&b, &["rejects", "show", run]);
        roda(&b, &["--json", "rejects", "list", "--run", run]);
        roda(&b, &["rejects", "replay", "--run", run]);
    }
    for args in [
        &["status"][..],
        &["--json", "status"],
        &["runs", "list"],
        &["runs", "show", &last],
        &["explain", &blocked],
        &["--json", "explain", &blocked],
        &["get", &blocked],
        &["--json", "get", &blocked],
        &["hsm", "list"],
        &["hsm", "show", "1"],
        &["--json", "hsm", "show", "2"],
        &["audit"],
        &["doctor"],
        &["export", "manager", "--dry-run"],
        &["undo", "1", "--dry-run"],
        &["purge", "--dry-run"],
        &["backup", "copias"],
    ] {
        roda(&b, args);
    }
    let personal = pessoais(&b);
    for (args, text) in &said {
        sem(text, &personal, args);
    }
    // the eye sees, where something is to be seen
    let shown = b.atom(&["--show-pii", "get", &blocked]).exits(0).stdout;
    assert!(personal.iter().any(|p| shown.contains(p.as_str())), "{shown}");
    assert!(said.iter().map(|(_, t)| t.len()).sum::<usize>() > 100_000, "it did talk");
    // what we keep of commands: locks, and the ledger's column
    for lock in b.names("store").iter().filter(|n| n.ends_with(".lock")) {
        sem(&fs::read_to_string(b.root.join("store").join(lock)).unwrap(), &personal, lock);
    }
    sem(&b.sql("SELECT group_concat(comando) FROM run"), &personal, "the ledger's commands");
    sem(&b.sql("SELECT group_concat(coalesce(mensagem,'')) FROM rejeito"), &personal, "reasons of rejects");
}

/// A night of the generator's, with its faults.
fn noite(b: &Bed, day: &str) {
    use atom::gerador::{Carteira, defeitos};
    let mut c = Carteira::nova(11, 120, ASCOB).unwrap();
    c.avanca(dia(day));
    let names = c.noite(dia(day));
    for (name, what) in [(&names.remessa, 0), (&names.parcelas, 1), (&names.garantias, 2)] {
        let mut bytes = Vec::new();
        match what {
            0 => defeitos::escreve_remessa(&c, &mut bytes, dia(day)),
            1 => defeitos::escreve_parcelas(&c, &mut bytes, dia(day)),
            _ => defeitos::escreve_garantias(&c, &mut bytes, dia(day)),
        }
        .unwrap();
        b.evo(name, &bytes);
    }
}

const FRASE: &str = "frase-secreta-da-chave";
const OMNE: &str = "segredo-do-omne";
const WEBHOOK: &str = "segredo0do0webhook0com0trinta0e0dois0sinais";

/// A bed with every kind of secret in use: a locked key, a password, OMNE's token, the webhook's path.
fn com_segredos(s: &Servidor, f: &Servidor, stub: &Omne) -> Bed {
    let b = Bed::bare("");
    let key = s.raiz().join("trancada");
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", FRASE, "-f"]).arg(&key).status();
    assert!(made.unwrap().success());
    fs::copy(s.raiz().join("trancada.pub"), s.raiz().join("autorizadas")).unwrap();
    for (name, text) in [("frase", FRASE), ("omne.token", OMNE), ("webhook.segredo", WEBHOOK), ("manager.senha", SENHA)]
    {
        b.file(name, text.as_bytes());
        mode(&b.root.join(name), 0o600);
    }
    let evo = format!(
        "url = \"sftp://{}@127.0.0.1:{}{}\"\nsettle_seconds = 0\nkey = \"file:{}\"\npassphrase = \"file:frase\"\n\
         known_hosts = \"{}/known_hosts\"\n",
        eu(),
        s.port,
        s.pasta("evo").display(),
        key.display(),
        s.raiz().display()
    );
    let manager = manager(f, "ftps", true).replace("env:FTP_SENHA", "file:manager.senha");
    let more = format!(
        "{SERVE}webhook_secret = \"file:webhook.segredo\"\n[dia]\nobrigatorios = []\n\
         [omne]\nurl = \"http://{}\"\ntoken = \"file:omne.token\"\n",
        stub.addr
    );
    configura(&b, &evo, &manager, &more);
    b.atom(&["init"]).exits(0);
    b
}

#[test]
fn se2_os_segredos_nao_estao_em_argv_log_json_store_nem_backup() {
    let (s, f, stub) = (sshd(""), vsftpd(true), Omne::sobe());
    let mut b = com_segredos(&s, &f, &stub);
    b.at("2023-08-04T11:00:00");
    fs::write(s.pasta("evo").join(REMESSA), b.remessa("1001", &cpf(1), &[])).unwrap();
    let massiva = "contrato;numero;nome;jornada\r\n1001;11981112222;Ana;jornada1\r\n";
    fs::write(s.pasta("evo").join("20230804_081500_massiva_whatsapp.csv"), massiva).unwrap();
    let token = b.atom(&["token", "add", "portal", "--scope", "portal"]).exits(0).stdout.trim().to_owned();
    let secrets = [FRASE, OMNE, WEBHOOK, SENHA, &token];
    let mut said = String::new();
    for args in [
        &["run"][..],
        &["--json", "status"],
        &["doctor"],
        &["--json", "doctor"],
        &["token", "list"],
        &["hostkey", "show"],
        &["backup", "copias"],
        &["audit"],
    ] {
        let mut all = vec!["-vvv"];
        all.extend_from_slice(args);
        let out = b.cmd(&all).env_remove("SSH_AUTH_SOCK").output().unwrap();
        let out = Out::from(out);
        assert!([0, 3, 4].contains(&out.code), "{args:?}: {}{}", out.stdout, out.stderr);
        said += &format!("{}{}", out.stdout, out.stderr);
    }
    // the doctor asks OMNE for nothing but an answer
    let sent = stub.entregues().iter().filter(|number| !number.is_empty()).count();
    assert_eq!((sent, b.sql("SELECT count(*) FROM saida WHERE estado='publicado'").as_str()), (1, "1"));
    // what it refuses, it does not show either
    for (name, text) in [("frase", "outra"), ("manager.senha", "errada"), ("omne.token", "falso")] {
        fs::write(b.root.join(name), text).unwrap();
    }
    said += &b.atom(&["-vvv", "run"]).stderr;
    let serve = Serve::start(&b);
    serve.get("/api/v1/dadosCliente?idCrm=1", &token).is(200);
    serve.post_raw(&format!("/webhook/omne/{WEBHOOK}"), &[("Content-Type", "application/json")], b"{}");
    let pid = fs::read_to_string(b.root.join("store/serve.lock")).unwrap();
    let pid = pid.split_whitespace().nth(1).unwrap().to_owned();
    let argv = fs::read(format!("/proc/{pid}/cmdline")).unwrap();
    said += &serve.log();
    drop(serve);
    for secret in secrets {
        assert!(!said.contains(secret), "an output shows a secret");
        assert!(!tem(&argv, secret), "the process list shows a secret");
        for folder in ["store", "data", "copias"] {
            for path in todos(&b.root.join(folder)) {
                assert!(!tem(&fs::read(&path).unwrap(), secret), "{} holds a secret", path.display());
            }
        }
    }
}

#[test]
fn se3_segredo_ou_configuracao_que_outros_alcancam_e_saida_2_com_o_nome_do_arquivo() {
    let (s, f, stub) = (sshd(""), vsftpd(true), Omne::sobe());
    let b = com_segredos(&s, &f, &stub);
    b.evo(REMESSA, &b.remessa("1001", &cpf(1), &[]));
    for (name, bits, args) in [
        ("atom.toml", 0o620, &["status"][..]),
        ("atom.toml", 0o602, &["run"]),
        ("omne.token", 0o640, &["doctor"]),
        ("omne.token", 0o604, &["doctor"]),
        ("webhook.segredo", 0o640, &["serve"]),
        ("manager.senha", 0o660, &["run"]),
        ("frase", 0o644, &["run"]),
    ] {
        mode(&b.root.join(name), bits);
        let out = b.cmd(args).stdin(Stdio::null()).env_remove("SSH_AUTH_SOCK").output().unwrap();
        let out = Out::from(out);
        mode(&b.root.join(name), 0o600);
        let said = format!("{}{}", out.stdout, out.stderr);
        assert_eq!(out.code, 2, "{name} {bits:o} {args:?}: {said}");
        assert!(said.contains(name) && said.contains("chmod"), "{name} {bits:o}: {said}");
    }
    b.atom(&["status"]).exits(0);
}

#[test]
fn se4_um_token_e_mostrado_uma_vez_e_so_a_sua_impressao_fica() {
    let b = Bed::with(SERVE);
    let made = b.json(&["token", "add", "portal", "--scope", "portal"]).exits(0).report();
    let token = made["token"].as_str().unwrap().to_owned();
    let mut user = b.cmd(&["user", "add", "ana", "--password-stdin"]);
    let mut child = user.stdin(Stdio::piped()).stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), b"uma-senha-bem-longa\n").unwrap();
    let said = Out::from(child.wait_with_output().unwrap()).exits(0);
    assert!(!format!("{}{}", said.stdout, said.stderr).contains("uma-senha-bem"));
    let s = Serve::start(&b);
    s.get("/api/v1/dadosCliente?idCrm=9", &token).is(404);
    for args in [&["--json", "token", "list"][..], &["token", "list"], &["user", "list"], &["audit"]] {
        let out = b.atom(args).exits(0);
        assert!(!out.stdout.contains(&token) && !out.stdout.contains("uma-senha-bem"), "{args:?}");
    }
    for path in todos(&b.root.join("store")) {
        let bytes = fs::read(&path).unwrap();
        assert!(!tem(&bytes, &token) && !tem(&bytes, "uma-senha-bem"), "{}", path.display());
    }
}

#[test]
fn se10_o_corpo_de_um_erro_nao_tem_caminho_sql_tipo_nem_dado_pessoal() {
    let b = Bed::with(&format!("{SERVE}[dia]\nobrigatorios = []"));
    b.importa_remessa("20230803", 1);
    let token = serve::token(&b, "portal");
    let s = Serve::start(&b);
    let who = cpf(1);
    let post = |path: &str, body: &Value| s.post(&format!("/api/v1/{path}"), &token, body);
    let bytes = |path: &str, body: &[u8]| s.post_with(&format!("/api/v1/{path}"), &token, &[], body);
    let mut answers = vec![
        s.get("/api/v1/dadosCliente?idCrm=1", ""),
        s.get("/api/v1/naoexiste", &token),
        s.get("/api/v1/dadosCliente?cpf=52998224725", &token),
        s.get("/api/v1/dadosCliente?idCrm=' OR 1=1 --".replace(' ', "%20").as_str(), &token),
        s.get(&format!("/api/v1/dadosCliente?cpf={}1", who), &token),
        post("dadosCliente", &json!({"cpf": who.replacen(&who[..1], "x", 1)})),
        post("insertTabulacao", &json!({"idCampanha": 1, "idCrm": 1, "resultado": "x", "usuario": who})),
        post("inclusaoTelefone", &json!({"idCampanha": 1, "idCrm": "; DROP TABLE ficha", "fone": who})),
        post("atualizarProposta", &json!({"contrato": who, "valorProposto": {"a": [who]}})),
        bytes("insertTabulacao", b"{\"idCrm\":"),
        bytes("insertTabulacao", &vec![b'['; 5000]),
        bytes("insertTabulacao", b"\xff\xfe"),
        s.post_raw("/api/v1/dadosCliente", &[], b"x"),
        s.get("/workflow/item/1", ""),
    ];
    // the store is gone from under it
    for file in ["carteira.db", "atendimento.db"] {
        let db = rusqlite::Connection::open(b.root.join("store").join(file)).unwrap();
        let table = if file == "carteira.db" { "ficha" } else { "tabulacao" };
        db.execute_batch(&format!("ALTER TABLE {table} RENAME TO {table}_x")).unwrap();
    }
    answers.push(s.get("/api/v1/dadosCliente?idCrm=1", &token));
    answers.push(post(
        "insertTabulacao",
        &json!({"idCampanha": 1, "idCrm": 1, "resultado": 501, "usuario": "ana", "idTipoCanal": 1}),
    ));
    let root = b.root.display().to_string();
    let mut failed = 0;
    for a in &answers {
        assert!(a.status >= 400 || a.status == 303, "{} {}", a.status, a.text);
        failed += usize::from(a.status >= 500);
        let low = a.text.to_lowercase();
        for never in [
            root.as_str(),
            "/tmp",
            ".rs",
            "::",
            "rusqlite",
            "sqlite",
            "select ",
            "no such",
            "ficha_x",
            ".db",
            "serde",
            "at line",
            "column ",
        ] {
            assert!(!low.contains(never), "{} says {never}: {}", a.status, a.text);
        }
        assert!(!a.text.contains(&who), "{}: {}", a.status, a.text);
    }
    assert!(failed >= 2, "the broken store was met");
}
