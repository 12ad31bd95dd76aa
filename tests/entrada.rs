//! Collecting from Evo's folder: R002, R014, IN1–IN18 as far as `file://` goes.

use crate::support::*;
use std::fs;

#[test]
fn in3_so_o_que_parou_de_crescer_entra() {
    let b = Bed::new();
    b.config("");
    let text =
        fs::read_to_string(b.root.join("atom.toml")).unwrap().replace("settle_seconds = 0", "settle_seconds = 1");
    fs::write(b.root.join("atom.toml"), text).unwrap();
    let whole = b.remessa("1001", &cpf(1), &[]);
    b.evo(REMESSA, &whole[..2000]);
    b.atom(&["fetch"]).exits(0);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    // it grew between the two looks
    b.evo(REMESSA, &whole);
    b.atom(&["fetch"]).exits(0);
    assert!(b.names("data/inbox").is_empty());
    std::thread::sleep(std::time::Duration::from_millis(2100));
    b.atom(&["fetch"]).exits(0);
    assert_eq!(b.names("data/inbox"), [REMESSA]);
    assert_eq!(fs::read(b.root.join("data/inbox").join(REMESSA)).unwrap(), whole);
}

#[test]
fn in7_in8_nomes_hostis_e_o_que_nao_e_arquivo_ficam_de_fora() {
    let b = Bed::new();
    let evo = b.root.join("evo");
    for name in ["-rf", "a\nb\u{1b}[31m", "..528", "20230803_203000_remessa_528_out.528\u{e9}"] {
        fs::write(evo.join(name), b"x").unwrap();
    }
    use std::os::unix::ffi::OsStrExt;
    fs::write(evo.join(std::ffi::OsStr::from_bytes(b"\xff\xfe.csv")), b"x").unwrap();
    fs::create_dir(evo.join(REMESSA)).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", evo.join(PARCELAS)).unwrap();
    fs::write(evo.join(format!("{GARANTIAS}.part")), b"x").unwrap();
    let out = b.atom(&["run"]).exits(0);
    assert!(b.names("data/inbox").is_empty());
    assert!(!out.stderr.contains('\u{1b}'), "{:?}", out.stderr);
    assert!(out.stderr.contains("não é um arquivo comum"), "{}", out.stderr);
    assert_eq!(b.json(&["status"]).json()[0]["unknown_names"].as_array().unwrap().len(), 7);
}

#[test]
fn in12_mesmo_nome_com_outro_conteudo_e_uma_entrada_nova_e_os_dois_ficam() {
    let b = Bed::new();
    let (one, two) = (b.remessa("1001", &cpf(1), &[]), b.remessa("1002", &cpf(2), &[]));
    b.evo(REMESSA, &one);
    b.atom(&["-q", "run"]).exits(0);
    b.evo(REMESSA, &two);
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!(b.sql("SELECT count(*) FROM contrato"), "2");
    assert_eq!(b.sql("SELECT substitui FROM arquivo WHERE id=2"), "1");
    let kept: Vec<_> =
        b.names("data/archive/2023-08-04").iter().map(|n| b.read("data/archive/2023-08-04", n)).collect();
    assert_eq!(kept.len(), 2);
    assert_ne!(kept[0], kept[1]);
}

#[test]
fn in17_a_copia_remota_sai_so_depois_de_importada() {
    for (after, left) in
        [("keep", vec![PARCELAS, REMESSA]), ("delete", vec![PARCELAS]), ("move", vec![PARCELAS, "importados"])]
    {
        let b = Bed::new();
        let text = fs::read_to_string(b.root.join("atom.toml")).unwrap();
        fs::write(
            b.root.join("atom.toml"),
            text.replace("settle_seconds = 0", &format!("settle_seconds = 0\nafter = \"{after}\"")),
        )
        .unwrap();
        b.evo(REMESSA, &b.remessa("1001", &cpf(1), &[]));
        b.evo(PARCELAS, b"quebrado");
        b.atom(&["-q", "fetch"]).exits(0);
        assert_eq!(b.names("evo").len(), 2, "nothing leaves before the import");
        b.atom(&["-q", "run"]).exits(6);
        let mut left = left;
        left.sort_unstable();
        assert_eq!(b.names("evo"), left, "{after}");
    }
}

#[test]
fn in14_dois_ao_mesmo_tempo_um_trabalha_o_outro_diz_ocupado() {
    let b = Bed::new();
    b.evo(REMESSA, &b.remessa("1001", &cpf(1), &[]));
    let lock = fs::OpenOptions::new().write(true).read(true).open(b.root.join("store/carteira.lock"));
    let lock = lock.unwrap_or_else(|_| fs::File::create_new(b.root.join("store/carteira.lock")).unwrap());
    lock.lock().unwrap();
    b.atom(&["import", "remessa"]).exits(11);
    b.atom(&["run"]).exits(11);
    b.atom(&["run", "--if-locked", "skip"]).exits(0);
    b.atom(&["day"]).exits(0);
    drop(lock);
    b.atom(&["run"]).exits(0);
}

#[test]
fn uma_pasta_inalcancavel_e_saida_5_e_a_proxima_execucao_recupera() {
    let b = Bed::new();
    b.evo(REMESSA, &b.remessa("1001", &cpf(1), &[]));
    fs::rename(b.root.join("evo"), b.root.join("fora")).unwrap();
    let out = b.atom(&["run"]).exits(5);
    assert!(out.stderr.contains("pasta do Evo"), "{}", out.stderr);
    fs::rename(b.root.join("fora"), b.root.join("evo")).unwrap();
    b.atom(&["run"]).exits(0);
    assert_eq!(b.sql("SELECT count(*) FROM contrato"), "1");
}

#[test]
fn um_arquivo_recusado_e_contado_uma_vez_e_reenviado_entra() {
    let b = Bed::new();
    b.evo(REMESSA, b"lixo");
    let out = b.atom(&["run"]).exits(6);
    assert!(out.stdout.contains("RECUSADO"), "{}", out.stdout);
    b.atom(&["run"]).exits(0);
    assert!(b.atom(&["day"]).stdout.contains("recusada"));
    b.evo(REMESSA, &b.remessa("1001", &cpf(1), &[]));
    b.atom(&["run"]).exits(0);
    assert!(b.atom(&["day"]).stdout.lines().any(|l| l.contains("remessa") && l.contains("concluída")));
}
