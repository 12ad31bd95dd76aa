//! Backup and restore: ST1, ST2, ST9 (ST3: `promessas::quedas`).

use crate::support::serve::*;
use crate::support::*;
use rusqlite::Connection;
use std::fs;
use std::path::{Path, PathBuf};

fn ontem(b: &Bed) {
    b.fixture_day();
    b.atom(&["run"]).exits(3);
}

/// Makes a backup and returns its folder.
fn backup(b: &Bed) -> PathBuf {
    let out = b.json(&["backup", &b.root.join("copias").display().to_string()]).exits(0);
    PathBuf::from(out.report()["folder"].as_str().unwrap())
}

fn restaura(b: &Bed, src: &Path) -> Out {
    b.json(&["restore", &src.display().to_string()])
}

fn conta(path: &Path, sql: &str) -> i64 {
    Connection::open(path).unwrap().query_row(sql, [], |r| r.get(0)).unwrap()
}

#[test]
fn st1_um_backup_durante_uma_importacao_e_o_de_antes_ou_o_de_depois() {
    let b = Bed::with("[dia]\nobrigatorios = []");
    b.importa_remessa("20230803", 50);
    let lines: Vec<Vec<u8>> = (1..=3000).map(|n| b.remessa(&(1000 + n).to_string(), &cpf(n), &[])).collect();
    let f = b.file("20230804_203000_remessa_528_out.528", &lines.concat());
    let mut import = b.cmd(&["import", "remessa", &f]).stderr(std::process::Stdio::null()).spawn().unwrap();
    let mut seen = Vec::new();
    let mut second = 0;
    while import.try_wait().unwrap().is_none() || seen.is_empty() {
        // the stamp in the name is that of the second
        let dest = b.root.join(format!("c{second}"));
        second += 1;
        b.atom(&["backup", &dest.display().to_string()]).exits(0);
        seen.push(dest);
    }
    assert!(import.wait().unwrap().success());
    for dest in &seen {
        let one = fs::read_dir(dest).unwrap().next().unwrap().unwrap().path();
        let n = conta(&one.join("carteira.db"), "SELECT count(*) FROM contrato");
        assert!(n == 50 || n == 3000, "{n}");
        assert_eq!(conta(&one.join("carteira.db"), "SELECT max(id) FROM run"), if n == 50 { 1 } else { 2 });
    }
}

#[test]
fn st2_o_backup_e_os_arquivos_desde_ele_dao_a_mesma_carteira_e_o_que_se_perde_dos_contatos_e_dito() {
    let mut b = Bed::with("[dia]\nobrigatorios = []");
    b.importa_remessa("20230803", 3);
    let copy = backup(&b);
    let next = [b.remessa("1001", &cpf(1), &[("dias_atraso", "97")]), b.remessa("2002", &cpf(9), &[])].concat();
    let f = b.file("20230804_203000_remessa_528_out.528", &next);
    b.at("2023-08-07T02:41:00").atom(&["import", "remessa", &f]).exits(0);
    let (before, highest) = (b.digest(), b.sql("SELECT max(id) FROM ficha"));
    let contacts = Connection::open(b.root.join("store/atendimento.db")).unwrap();
    contacts
        .execute_batch(
            "INSERT INTO tabulacao (ficha_id, origem, nome, boleto, em) VALUES (1,'PORTAL','Promessa',0,'x'), (2,'PORTAL','Promessa',0,'x')",
        )
        .unwrap();
    drop(contacts);
    let said = restaura(&b, &copy).exits(0).report();
    assert_eq!(said["lost_contacts"]["tabulacao"], 2);
    assert_eq!(said["imports_since"][0]["file"], "20230804_203000_remessa_528_out.528");
    assert_ne!(b.digest(), before);
    b.atom(&["import", "remessa", &f]).exits(0);
    assert_eq!(b.digest(), before);
    // decisions 1, ficha: an ID_CRM is never given twice, not even after an older backup
    let again: i64 = b.sql("SELECT max(id) FROM ficha").parse().unwrap();
    assert!(again > highest.parse().unwrap(), "{again} {highest}");
    // what stood there is kept
    let previous = PathBuf::from(said["previous"].as_str().unwrap());
    assert_eq!(conta(&previous.join("atendimento.db"), "SELECT count(*) FROM tabulacao"), 2);
}

#[test]
fn st9_depois_de_restaurar_nada_sai_ate_que_se_concilie() {
    let mut b = Bed::new();
    ontem(&b);
    let copy = backup(&b);
    let (manager, erros) = (b.names("manager"), b.names("erros"));
    assert!(!manager.is_empty());
    restaura(&b, &copy).exits(0);
    // a contract blocked by hand in the file of tomorrow would make a file for Manager
    b.at("2023-08-07T03:00:00");
    b.evo("20230804_203000_remessa_528_out.528", &b.remessa("777", &cpf(77), &[]));
    let run = b.atom(&["run"]);
    assert!([0, 4].contains(&run.code), "{}", run.stderr);
    let export = b.atom(&["export", "manager"]).exits(4);
    assert!(format!("{}{}", export.stdout, export.stderr).contains("atom restore --reconciled"), "{}", export.stdout);
    for board in [&["status"][..], &["doctor"], &["day"]] {
        assert!(b.atom(board).stdout.contains("restaura"), "{board:?}");
    }
    assert_eq!((b.names("manager"), b.names("erros")), (manager.clone(), erros));
    b.atom(&["restore", "--reconciled"]).exits(0);
    b.atom(&["day", "waive", "parcelas", "--reason", "teste", "--date", "2023-08-07"]).exits(0);
    b.atom(&["day", "waive", "garantias", "--reason", "teste", "--date", "2023-08-07"]).exits(0);
    b.atom(&["run"]);
    assert!(b.names("manager").len() > manager.len());
    assert!(b.atom(&["restore", "--reconciled"]).exits(0).stdout.contains("nada a conciliar"));
}

#[test]
fn um_backup_danificado_alheio_ou_de_um_store_em_uso_nao_entra() {
    let b = Bed::with(&format!("{SERVE}[dia]\nobrigatorios = []"));
    b.importa_remessa("20230803", 3);
    let copy = backup(&b);
    let serve = Serve::start(&b);
    let busy = restaura(&b, &copy).exits(11);
    assert!(busy.stderr.contains("serve"), "{}", busy.stderr);
    drop(serve);
    // not the same bytes any more
    let file = copy.join("carteira.db");
    let good = fs::read(&file).unwrap();
    let mut bad = good.clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 0xff;
    fs::write(&file, &bad).unwrap();
    assert!(restaura(&b, &copy).exits(2).stderr.contains("carteira.db"));
    fs::write(&file, &good).unwrap();
    assert!(restaura(&b, &b.root.join("evo")).exits(2).stderr.contains("não é um backup"));
    let manifest = fs::read_to_string(copy.join("manifesto.json")).unwrap();
    fs::write(copy.join("manifesto.json"), manifest.replace("\"528\"", "\"999\"")).unwrap();
    assert!(restaura(&b, &copy).exits(2).stderr.contains("campanha"));
    fs::write(copy.join("manifesto.json"), manifest).unwrap();
    // inside the store a restore would take it with it
    let inside = b.root.join("store/copias").display().to_string();
    b.atom(&["backup", &inside]).exits(2);
    b.atom(&["--dry-run", "restore", &copy.display().to_string()]).exits(0);
    assert!(!b.root.join("store/restaurado.json").exists());
    // a store that is gone altogether comes back
    fs::remove_file(b.root.join("store/carteira.db")).unwrap();
    fs::remove_file(b.root.join("store/atendimento.db")).unwrap();
    restaura(&b, &copy).exits(0);
    assert_eq!(b.sql("SELECT count(*) FROM contrato"), "3");
}
