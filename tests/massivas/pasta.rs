//! Retorno is collected from Manager's folder, beside Evo's.

use super::*;
use std::fs;

fn with_manager() -> Bed {
    let b = Bed::bare("");
    fs::create_dir(b.root.join("saida")).unwrap();
    b.config(&format!("retornos = \"file://{}/saida\"", b.root.display()));
    b.atom(&["init"]).exits(0);
    b
}

fn da_saida(b: &Bed, name: &str, text: &str) {
    fs::write(b.root.join("saida").join(name), text).unwrap();
}

#[test]
fn o_retorno_vem_da_pasta_do_manager_e_so_dela() {
    let mut b = with_manager();
    b.at("2023-08-04T11:30:00");
    let text = format!("ID_CRM;TELEFONE;STATUS;DATA_HORA\r\n1;{CELULAR};OCUPADO;04/08/2023 10:00:00\r\n");
    b.evo(REMESSA, &b.remessa("1001", &cpf(1), &[]));
    b.evo("20230804_101000_manager_retorno.csv", text.as_bytes());
    da_saida(&b, RETORNO, &text);
    da_saida(&b, EMAIL, "PROTOCOLO;CPF;EMAIL;DATA_ENVIO\r\n");
    // a file of ours that lies where Manager took it is no stranger
    da_saida(&b, "20230803_024100_manager_carga.csv", "x");
    let out = b.atom(&["fetch"]).exits(0);
    assert!(out.stderr.contains("fica na pasta do Evo") && out.stderr.contains("fica na pasta do Manager"));
    assert_eq!(b.names("data/inbox"), [REMESSA, RETORNO]);
    let strangers = b.json(&["status"]).json()[0]["unknown_names"].clone();
    let names: Vec<&str> = strangers.as_array().unwrap().iter().filter_map(|s| s["file"].as_str()).collect();
    assert_eq!(names, ["20230804_093000_massiva_email.csv", "20230804_101000_manager_retorno.csv"]);
    b.atom(&["-q", "run"]);
    assert_eq!(
        rows(&b, "SELECT ficha_id, fone, status, em FROM retorno"),
        ["1|11981112222|OCUPADO|2023-08-04 10:00:00"]
    );
    // taken once
    b.atom(&["-q", "run"]);
    assert_eq!(b.sql("SELECT count(*) FROM run WHERE kind='retorno'"), "1");
}

#[test]
fn uma_pasta_fora_do_ar_nao_segura_a_outra() {
    for gone in ["evo", "saida"] {
        let mut b = with_manager();
        b.at("2023-08-04T11:30:00");
        b.evo(REMESSA, &b.remessa("1001", &cpf(1), &[]));
        da_saida(&b, RETORNO, "ID_CRM;TELEFONE;STATUS;DATA_HORA\r\n");
        fs::rename(b.root.join(gone), b.root.join("fora")).unwrap();
        let out = b.atom(&["fetch"]).exits(5);
        let (whose, taken) = if gone == "evo" { ("Evo", RETORNO) } else { ("Manager", REMESSA) };
        assert!(out.stderr.contains(&format!("pasta do {whose}")), "{}", out.stderr);
        assert_eq!(b.names("data/inbox"), [taken]);
        fs::rename(b.root.join("fora"), b.root.join(gone)).unwrap();
        b.atom(&["fetch"]).exits(0);
        assert_eq!(b.names("data/inbox"), [REMESSA, RETORNO]);
    }
}

#[test]
fn o_retorno_tambem_so_entra_parado() {
    let b = with_manager();
    let text = fs::read_to_string(b.root.join("atom.toml")).unwrap();
    fs::write(b.root.join("atom.toml"), text.replace("settle_seconds = 0", "settle_seconds = 1")).unwrap();
    da_saida(&b, RETORNO, "ID_CRM;TELEFONE;STATUS;DATA_HORA\r\n");
    b.atom(&["fetch"]).exits(0);
    assert!(b.names("data/inbox").is_empty());
    std::thread::sleep(std::time::Duration::from_millis(2100));
    b.atom(&["fetch"]).exits(0);
    assert_eq!(b.names("data/inbox"), [RETORNO]);
}

#[test]
fn uma_so_pasta_para_os_dois_recebe_tudo() {
    let b = Bed::bare("");
    b.config(&format!("retornos = \"file://{}/evo\"", b.root.display()));
    b.atom(&["init"]).exits(0);
    b.evo(REMESSA, &b.remessa("1001", &cpf(1), &[]));
    b.evo(RETORNO, b"ID_CRM;TELEFONE;STATUS;DATA_HORA\r\n");
    let out = b.atom(&["fetch"]).exits(0);
    assert!(!out.stderr.contains("aviso"), "{}", out.stderr);
    assert_eq!(b.names("data/inbox"), [REMESSA, RETORNO]);
}
