//! Where a replica goes: nothing of others is taken, whatever its name.

use super::*;
use std::os::unix::fs::{MetadataExt, symlink};

/// What lies in BI's folder, with its bytes.
fn conteudo(b: &Bed) -> Vec<(String, Option<Vec<u8>>)> {
    b.names("bi").into_iter().map(|n| (n.clone(), fs::read(b.root.join("bi").join(n)).ok())).collect()
}

#[test]
fn recusa_o_proprio_store_e_o_que_nao_e_replica() {
    let b = cama();
    fs::create_dir(b.root.join("bi")).unwrap();
    let path = |name: &str| b.root.join(name);
    symlink(path("store/carteira.db"), path("bi/elo.sqlite")).unwrap();
    fs::hard_link(path("store/atendimento.db"), path("bi/duro.sqlite")).unwrap();
    fs::write(path("bi/planilha.csv"), "a;b\n").unwrap();
    Connection::open(path("bi/outro.db")).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    let before = b.digest();
    for name in [
        "store/carteira.db",
        "store/nova.sqlite",
        "bi/elo.sqlite",
        "bi/duro.sqlite",
        "bi/planilha.csv",
        "bi/outro.db",
        "bi",
        "nada/x",
    ] {
        let out = b.atom(&["replica", &path(name).display().to_string()]).exits(2);
        assert!(out.stderr.contains("erro:"), "{name}: {}", out.stderr);
    }
    assert_eq!(b.digest(), before);
    assert_eq!(fs::read_to_string(path("bi/planilha.csv")).unwrap(), "a;b\n");
    assert_eq!(b.names("bi"), ["duro.sqlite", "elo.sqlite", "outro.db", "planilha.csv"]);
    // a link to a replica is followed, and stays one
    let dest = bi(&b);
    b.atom(&["replica", &dest]).exits(0);
    symlink(&dest, path("bi/atual")).unwrap();
    let inode = fs::metadata(&dest).unwrap().ino();
    b.atom(&["replica", &path("bi/atual").display().to_string()]).exits(0);
    assert!(
        fs::symlink_metadata(path("bi/atual")).unwrap().is_symlink() && fs::metadata(&dest).unwrap().ino() != inode
    );
}

#[test]
fn a_simulacao_nao_deixa_nada() {
    let b = cama();
    let dest = bi(&b);
    let out = b.json(&["replica", &dest, "--dry-run"]).exits(0).report();
    assert_eq!((&out["dry_run"], &out["rows"]["ficha"]), (&json!(true), &json!(2)));
    assert_eq!(b.names("bi"), Vec::<String>::new());
    // nor takes what a killed run and a reader that wrote left
    b.atom(&["-q", "replica", &dest]).exits(0);
    fs::copy(&dest, format!("{dest}.part")).unwrap();
    fs::write(format!("{dest}-wal"), "lixo").unwrap();
    let before = conteudo(&b);
    b.atom(&["-q", "replica", &dest, "--dry-run"]).exits(0);
    assert_eq!(conteudo(&b), before);
}

#[test]
fn uma_pasta_com_sinais_no_nome_serve() {
    let b = cama();
    fs::create_dir(b.root.join("a?b#c%20")).unwrap();
    fs::rename(b.root.join("store"), b.root.join("a?b#c%20/store")).unwrap();
    b.config("[store]\nurl = \"sqlite:a?b#c%20/store\"");
    let dest = b.root.join("a?b#c%20/r.sqlite").display().to_string();
    let out = b.json(&["replica", &dest]).exits(0).report();
    assert_eq!(out["rows"]["contrato"], 3);
}

#[test]
fn nada_alheio_ao_lado_e_apagado_nem_na_simulacao() {
    for (name, names_it) in [
        ("atom.sqlite.part", true),
        ("atom.sqlite-wal", true),
        ("atom.sqlite-shm", true),
        ("atom.sqlite-journal", true),
        ("atom.sqlite.part-journal", true),
        ("atom.sqlite.outro", false),
    ] {
        let b = cama();
        let dest = bi(&b);
        fs::write(b.root.join("bi").join(name), "de outra pessoa").unwrap();
        let before = conteudo(&b);
        for args in [&["replica", &dest, "--dry-run"][..], &["replica", &dest]] {
            let out = b.atom(args);
            assert_eq!((out.code, out.stderr.contains(name)), if names_it { (2, true) } else { (0, false) }, "{name}");
            assert!(conteudo(&b).contains(&before[0]), "{name}");
        }
        let a = Connection::open(b.root.join("store/atendimento.db")).unwrap();
        let recorded = linhas(&a, "SELECT count(*) FROM auditoria");
        assert_eq!(recorded, [if names_it { "0" } else { "1" }], "{name}");
    }
}

#[test]
fn uma_pasta_ou_um_link_no_lugar_do_que_cresce_e_dito_pelo_nome() {
    let b = cama();
    let dest = bi(&b);
    let part = format!("{dest}.part");
    fs::create_dir(&part).unwrap();
    let said = b.atom(&["replica", &dest]).exits(2).stderr;
    assert!(said.contains("atom.sqlite.part: ") && said.contains("Nada foi tocado"), "{said}");
    fs::remove_dir(&part).unwrap();
    let kept = b.file("guardado", b"");
    symlink(&kept, &part).unwrap();
    b.atom(&["replica", &dest]).exits(2);
    assert_eq!(b.names("bi"), ["atom.sqlite.part"]);
    // an empty one is what a run killed at once leaves
    fs::remove_file(&part).unwrap();
    fs::write(&part, "").unwrap();
    b.atom(&["replica", &dest]).exits(0);
    assert_eq!(b.names("bi"), ["atom.sqlite"]);
}

#[test]
fn um_link_partido_uma_pasta_do_atom_e_o_que_nao_se_le_sao_ditos() {
    let b = cama();
    let dest = bi(&b);
    symlink(b.root.join("nada"), &dest).unwrap();
    let said = b.atom(&["replica", &dest]).exits(2).stderr;
    assert!(said.contains("link para um arquivo que não existe"), "{said}");
    assert!(fs::symlink_metadata(&dest).unwrap().is_symlink() && !b.root.join("nada").exists());
    for folder in ["inbox", "archive", "rejects", "outbox"] {
        let inside = b.root.join("data").join(folder).join("r.sqlite");
        let said = b.atom(&["replica", inside.to_str().unwrap()]).exits(2).stderr;
        assert!(said.contains(&format!("a pasta {folder} é do atom")) && !inside.exists(), "{said}");
    }
    // a file that is there and cannot be read, whoever runs this
    let said = b.atom(&["replica", "/proc/self/mem"]).exits(1).stderr;
    assert!(said.starts_with("erro: /proc/") && said.contains("/mem: "), "{said}");
}

#[test]
fn uma_quebra_de_linha_no_nome_nao_parte_a_folha() {
    let b = cama();
    fs::create_dir(b.root.join("bi")).unwrap();
    let dest = b.root.join("bi/a\nerro: b.sqlite").display().to_string();
    let out = b.atom(&["replica", &dest]).exits(0).stdout;
    assert!(out.contains("a\\nerro: b.sqlite") && out.lines().all(|l| !l.starts_with("erro")), "{out}");
}
