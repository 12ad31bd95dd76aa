//! `atom doctor`.

use super::*;
use crate::support::servidor::Falha;

fn linhas(out: &Out) -> Vec<(String, String)> {
    let text = |v: &serde_json::Value| v.as_str().unwrap().to_owned();
    out.json().iter().map(|l| (text(&l["check"]), text(&l["state"]))).collect()
}

#[test]
fn tudo_em_ordem_e_uma_linha_por_conferencia_e_saida_0() {
    let s = sshd("");
    let b = Bed::bare("");
    configura(&b, &evo(&s, "sftp", "after = \"move\""), &manager(&s, "sftp", true), "");
    roda(&b, &["init"]).exits(0);
    let out = comando(&b, &["--json", "doctor"]).env_remove("ATOM_NOW").output().unwrap();
    let out = Out::from(out).exits(0);
    let lines = linhas(&out);
    for what in [
        "configuração",
        "relógio",
        "disco dos dados",
        "store",
        "trava das importações",
        "evo.url",
        "evo.errors",
        "manager.url",
        "manager.retornos",
    ] {
        assert!(lines.iter().any(|(c, s)| c.starts_with(what) && s != "error"), "{what}: {lines:?}");
    }
    assert!(out.stdout.contains("gravação permitida"));
    for folder in ["evo", "erros", "entrada", "saida"] {
        assert!(coleta::nomes(&s.pasta(folder)).is_empty(), "nothing stays");
    }
    let text = roda(&b, &["doctor"]).exits(0).stdout;
    assert!(text.lines().filter(|l| l.starts_with("ok")).count() >= 8, "{text}");
    assert!(text.contains("AVISO  relógio") && text.contains("ATOM_NOW"), "{text}");
}

#[test]
fn cada_falta_e_uma_linha_com_o_que_fazer_e_a_saida_e_a_mais_grave() {
    let (s, m) = (sshd("Subsystem sftp internal-sftp -R"), sshd(""));
    let b = Bed::bare("");
    configura(&b, &evo(&s, "sftp", ""), &manager(&m, "sftp", false), "");
    let out = roda(&b, &["doctor"]).exits(10);
    assert!(out.stdout.contains("atom init"), "{}", out.stdout);
    roda(&b, &["init"]).exits(0);
    fs::remove_dir(s.pasta("evo")).unwrap();
    m.falha(Falha::Recusa);
    let out = acaba(&b, &["doctor"]).exits(5);
    for says in
        ["listar: não existe", "gravar: sem permissão", "peça permissão de gravação", "manager.url", "está no ar"]
    {
        assert!(out.stdout.contains(says), "{says}: {}", out.stdout);
    }
    fs::remove_file(m.raiz().join("known_hosts")).unwrap();
    m.falha(Falha::Nenhuma);
    assert!(roda(&b, &["doctor"]).exits(2).stdout.contains("atom hostkey add"));
    let path = b.root.join("atom.toml");
    fs::write(&path, fs::read_to_string(&path).unwrap() + "\n[evoo]\n").unwrap();
    let out = roda(&b, &["--json", "doctor"]).exits(2);
    assert_eq!(linhas(&out), [("configuração".to_owned(), "error".to_owned())]);
}
