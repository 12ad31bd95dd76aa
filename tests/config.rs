//! `atom config check|show`.

use crate::support::{Bed, Out, mode};
use std::fs;

/// The values that `config show` tells, by key: value and origin.
fn valor(out: &Out, key: &str) -> (serde_json::Value, serde_json::Value) {
    let line = out.json().into_iter().find(|l| l["key"] == key).unwrap_or_else(|| panic!("{key} is missing"));
    (line["value"].clone(), line["origin"].clone())
}

/// The texts of the faults that `config check` tells.
fn faltas(out: &Out) -> Vec<String> {
    let wrong = out.json().into_iter().filter(|l| l["state"] == "error");
    wrong.map(|l| l["message"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_configuracao_do_init_confere_e_nada_e_feito() {
    let b = Bed::new();
    b.atom(&["init", "nova"]).exits(0);
    for made in ["nova/store", "nova/data"] {
        fs::remove_dir_all(b.root.join(made)).unwrap();
    }
    let mut check = b.cmd(&["--config", "nova/atom.toml", "config", "check"]);
    check.env("OMNE_TOKEN", "segredo-do-omne").env_remove("ATOM_NOW");
    let out = Out::from(check.output().unwrap()).exits(0);
    assert!(out.stdout.lines().all(|l| l.starts_with("ok ")), "{}", out.stdout);
    assert!(out.stdout.contains("relógio") && !out.stdout.contains("segredo-do-omne"), "{}", out.stdout);
    assert_eq!(b.names("nova"), ["atom.toml"], "neither store nor folder is made");
}

#[test]
fn cada_erro_da_configuracao_e_dito_de_uma_vez_com_linha_chave_e_o_que_serviria() {
    let b = Bed::bare(
        "incremental_minutes = \"15\"\n[import]\nmax_rejeito = 0.1\n[dia]\ncorte = \"25:00\"\n[batimento]\nmax_baixas = 30",
    );
    let mut check = b.cmd(&["--json", "config", "check"]);
    let out = Out::from(check.env("ATOM_SERVE__LISTEN", "0.0.0.0:80").output().unwrap()).exits(2);
    let all = faltas(&out);
    for (line, what) in [
        (
            "linha 11",
            "manager.incremental_minutes: encontrado texto \"15\", esperado número inteiro (exemplo: incremental_minutes = 15",
        ),
        ("linha 13", "import.max_rejeito (não seria import.max_rejeitos?)"),
        ("linha 15", "dia.corte: \"25:00\" não é uma hora HH:MM"),
        ("linha 17", "batimento.max_baixas: 30 está fora de 0 a 1"),
        ("variável de ambiente ATOM_SERVE__LISTEN", "serve.listen: fora de 127.0.0.1"),
    ] {
        let told = all.iter().filter(|m| m.contains(what)).collect::<Vec<_>>();
        assert_eq!(told.len(), 1, "{what}: {all:?}");
        assert!(told[0].contains(line), "{}", told[0]);
    }
    assert_eq!(all.len(), 5, "{all:?}");
    let first = b.atom(&["status"]).exits(2).stderr;
    assert!(all.iter().any(|m| first.contains(m)), "any other command tells the first of them: {first}");
}

#[test]
fn uma_chave_obrigatoria_que_falta_ou_que_esta_errada_e_dita_uma_vez() {
    let b = Bed::bare("");
    fs::write(b.root.join("atom.toml"), "[campanha]\nid = \"um\"\n[manager]\nurl = \"file:///m\"\n").unwrap();
    let all = faltas(&b.json(&["config", "check"]).exits(2));
    assert_eq!(all.len(), 3, "{all:?}");
    for what in ["campanha.id: encontrado", "falta a chave campanha.ascob", "falta a chave evo.url"] {
        assert!(all.iter().any(|m| m.contains(what)), "{what}: {all:?}");
    }
    fs::write(b.root.join("atom.toml"), "[campanha\n").unwrap();
    let all = faltas(&b.json(&["config", "check"]).exits(2));
    assert!(all.len() == 1 && all[0].contains("linha 1: não é TOML válido"), "{all:?}");
    let gone = b.atom(&["--config", "nada.toml", "config", "check"]).exits(2);
    assert!(gone.stderr.contains("atom init"), "{}", gone.stderr);
}

#[test]
fn se3_configuracao_que_outros_alteram_e_segredo_que_outros_leem_sao_ditos() {
    let b = Bed::bare("password = \"file:senha\"\n[evo2]\n");
    b.file("senha", b"hunter2");
    mode(&b.root.join("senha"), 0o644);
    mode(&b.root.join("atom.toml"), 0o666);
    let out = b.atom(&["config", "check"]).exits(2);
    assert!(out.stdout.contains("chmod go-w ") && out.stdout.contains("evo2"), "both: {}", out.stdout);
    b.config("password = \"file:senha\"");
    let out = b.atom(&["config", "check"]).exits(2);
    assert!(out.stdout.contains("manager.password") && out.stdout.contains("chmod go-rwx"), "{}", out.stdout);
    assert!(!out.stdout.contains("hunter2"));
    mode(&b.root.join("senha"), 0o600);
    b.atom(&["config", "check"]).exits(0);
}

#[test]
fn os_arquivos_que_a_configuracao_nomeia_sao_conferidos() {
    for (more, what) in [
        ("[contato]\nbloqueados = \"nada.txt\"", "contato.bloqueados"),
        ("ca = \"nada.pem\"", "manager.ca"),
        ("[evo_]\n", "evo_"),
    ] {
        let b = Bed::bare(more);
        let out = b.atom(&["config", "check"]).exits(2);
        assert!(out.stdout.contains(what), "{what}: {}", out.stdout);
    }
    let b = Bed::bare("");
    fs::create_dir(b.root.join("layouts")).unwrap();
    fs::write(b.root.join("layouts/remessa.toml"), "kind = 1").unwrap();
    assert!(b.atom(&["config", "check"]).exits(2).stdout.contains("ERRO   layouts"));
}

#[test]
fn show_diz_cada_chave_com_valor_e_origem_e_nenhum_segredo() {
    let b = Bed::bare(
        "password = \"env:MANAGER_SENHA\"\n[import]\nmax_rejeitos = 0.2\n\
         [ping]\nurl = \"https://monitor.exemplo/ping/uuid-que-ninguem-mais-sabe\"",
    );
    let run = |args: &[&str]| {
        let mut c = b.cmd(args);
        c.env("MANAGER_SENHA", "hunter2").env("ATOM_BLOQUEIO__DIAS", "5");
        Out::from(c.output().unwrap()).exits(0)
    };
    let out = run(&["--json", "config", "show"]);
    assert_eq!(valor(&out, "import.max_rejeitos"), (0.2.into(), "file".into()));
    assert_eq!(valor(&out, "bloqueio.dias"), (5.into(), "environment".into()));
    assert_eq!(valor(&out, "dia.corte"), ("12:00".into(), "default".into()));
    assert_eq!(valor(&out, "evo.key"), (serde_json::Value::Null, "unset".into()));
    assert_eq!(valor(&out, "omne.url"), (serde_json::Value::Null, "unset".into()), "without [omne] there is none");
    assert_eq!(valor(&out, "manager.password"), ("env:MANAGER_SENHA".into(), "file".into()));
    assert_eq!(valor(&out, "ping.url"), ("https://monitor.exemplo/…".into(), "file".into()));
    let line = out.json().into_iter().find(|l| l["key"] == "import.max_rejeitos").unwrap();
    assert!(line["line"] == 13 && line["file"].as_str().unwrap().ends_with("/atom.toml"), "{line}");
    let text = run(&["config", "show"]).stdout;
    for (key, rest) in [
        ("import.max_rejeitos", "linha 13    0.2"),
        ("bloqueio.dias", "ambiente    5"),
        ("dia.prazo", "padrão      \"06:00\""),
    ] {
        let line = text.lines().find(|l| l.trim_start().starts_with(key)).unwrap();
        assert!(line.ends_with(rest), "{line}");
    }
    for text in [&text, &out.stdout] {
        assert!(!text.contains("hunter2") && !text.contains("uuid-que-ninguem"), "{text}");
    }
}

#[test]
fn show_de_uma_configuracao_errada_e_saida_2_e_diz_onde_estao_todos_os_erros() {
    let b = Bed::bare("[dia]\ncorte = 1");
    let out = b.atom(&["config", "show"]).exits(2);
    assert!(out.stderr.contains("dia.corte") && out.stderr.contains("atom config check"), "{}", out.stderr);
    assert!(b.atom(&["doctor"]).exits(2).stdout.contains("atom config check"));
}
