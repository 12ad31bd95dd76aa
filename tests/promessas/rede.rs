//! Where atom reaches: SE8 to other machines, SE9 into folders.

use super::*;
use crate::remoto::{aqui, configura, evo};
use crate::support::disco::olhado;
use crate::support::omne::Omne;
use crate::support::servidor::sshd;
use std::process::Command;

/// What an eye saw of one kind.
fn vistos<'l>(lines: &'l [String], what: &str) -> Vec<&'l str> {
    let mut all: Vec<&str> = lines.iter().filter_map(|l| l.strip_prefix(what)?.strip_prefix(' ')).collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[test]
fn se8_so_os_servidores_da_configuracao_sao_procurados_e_uma_importacao_nao_procura_nenhum() {
    let (s, stub) = (sshd(""), Omne::sobe());
    let mut b = Bed::bare("");
    let omne =
        format!("[dia]\nobrigatorios = []\n[omne]\nurl = \"http://{}\"\ntoken = \"file:omne.token\"\n", stub.addr);
    configura(&b, &evo(&s, "sftp", ""), &aqui(&b, "manager"), &omne);
    b.file("omne.token", b"segredo-do-omne");
    mode(&b.root.join("omne.token"), 0o600);
    b.atom(&["init"]).exits(0);
    b.at("2023-08-04T11:00:00");
    fs::write(s.pasta("evo").join(REMESSA), b.remessa("1001", &cpf(1), &[])).unwrap();
    let massiva = "20230804_081500_massiva_whatsapp.csv";
    fs::write(s.pasta("evo").join(massiva), "contrato;numero;nome;jornada\r\n1001;11981112222;Ana;jornada1\r\n")
        .unwrap();
    let allowed = [format!("127.0.0.1:{}", s.port), stub.addr.to_string()];
    // no proxy of the environment, no name of a header, nothing else
    let mut run = b.cmd(&["run"]);
    run.env("http_proxy", "http://192.0.2.1:1").env("ALL_PROXY", "http://192.0.2.1:1").env_remove("SSH_AUTH_SOCK");
    let (out, seen) = olhado(&b, run);
    out.exits(0);
    assert_eq!(stub.quantos(), 1, "the message went out");
    let mut wanted: Vec<&str> = allowed.iter().map(String::as_str).collect();
    wanted.sort_unstable();
    assert_eq!(vistos(&seen, "connect"), wanted);
    assert!(vistos(&seen, "resolve").iter().all(|n| *n == "127.0.0.1"), "{seen:?}");
    let next = b.file("20230804_203000_remessa_528_out.528", &b.remessa("1001", &cpf(1), &[]));
    let (import, day, get) = (["import", "remessa", &next], ["day"], ["get", "1001"]);
    for args in [&import[..], &day, &get] {
        let (out, seen) = olhado(&b, b.cmd(args));
        assert!([0, 4].contains(&out.code), "{args:?}: {}", out.stderr);
        assert!(seen.iter().all(|l| l.starts_with("create ")), "{args:?}: {seen:?}");
    }
}

#[test]
fn se9_nada_se_cria_fora_das_pastas_da_configuracao_nem_em_tmp() {
    let mut b = Bed::with("[dia]\nobrigatorios = []\n[retencao]\nfichas_dias = 30\ncontatos_dias = 30\n");
    b.fixture_day();
    let sheet = b.file("refin_carteira_veic_03082023211600.xls", include_bytes!("../dados/refin.xls"));
    let copies = b.root.join("copias").display().to_string();
    let base = fs::canonicalize(&b.root).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let mut total = 0;
    let mut watch = |b: &Bed, args: &[&str], codes: &[i32]| {
        let mut cmd: Command = b.cmd(args);
        cmd.env("TMPDIR", elsewhere.path()).env("HOME", elsewhere.path());
        let (out, seen) = olhado(b, cmd);
        assert!(codes.contains(&out.code), "{args:?}: {} {}{}", out.code, out.stdout, out.stderr);
        for path in vistos(&seen, "create") {
            let name = Path::new(path.trim_end_matches(" (deleted)"));
            assert!(name.starts_with(&base), "{args:?} made {path}");
            total += 1;
        }
        seen
    };
    watch(&b, &["run"], &[3]);
    watch(&b, &["layout", "check", &sheet], &[0, 3, 6]);
    watch(&b, &["import", "refin", &sheet], &[0, 3, 6]);
    watch(&b, &["backup", &copies], &[0]);
    watch(&b, &["replica", "bi.sqlite"], &[0]);
    b.at("2023-10-20T03:00:00");
    let bat = b.file("bat_carteira_veic_19102023_528.csv", b"CONTRATO;COD_ASSESSORIA\r\n1;528\r\n");
    let n = b.json(&["import", "batimento", &bat]).exits(6).report()["reason"]["closings"].to_string();
    b.atom(&["-q", "import", "batimento", "bat_carteira_veic_19102023_528.csv", "--confirm", &n]);
    b.at("2024-02-20T03:00:00");
    b.atom(&["-q", "run"]);
    let purge = watch(&b, &["purge"], &[0]);
    // a VACUUM builds the file anew in one of its own
    let nameless = |l: &String| l.contains("/store/") && (l.contains("etilqs_") || l.ends_with(" (deleted)"));
    assert!(purge.iter().any(nameless), "{purge:?}");
    assert!(total > 20, "{total}");
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}
