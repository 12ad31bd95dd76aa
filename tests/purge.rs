//! Retention: SE5 (ST3: `promessas::quedas`).

use crate::support::*;
use rusqlite::Connection;
use std::fs;
use std::path::Path;

const RETENCAO: &str = "[dia]\nobrigatorios = []\n[retencao]\nfichas_dias = 30\ncontatos_dias = 30\narquivos_dias = 60\n\
                        backups_dias = 60\ndesfaz_dias = 30\nauditoria_dias = 30\n";

/// Client 1's only contract closed on 2023-08-04, client 2's open; both with contacts.
fn base() -> Bed {
    let b = Bed::with(RETENCAO);
    b.importa_remessa("20230803", 2);
    let bat = b.file("bat_carteira_veic_04082023_528.csv", b"CONTRATO;COD_ASSESSORIA\r\n1002;528\r\n");
    b.json(&["import", "batimento", &bat, "--confirm", "1"]).exits(0);
    let a = Connection::open(b.root.join("store/atendimento.db")).unwrap();
    for n in [1, 2] {
        a.execute_batch(&format!(
            "INSERT INTO tabulacao (ficha_id, origem, nome, boleto, obs, em) VALUES ({n},'PORTAL','Promessa',0,'cpf {0}','2023-08-03T10:00:00-03:00');
             INSERT INTO webhook (tipo, chave, sha256, versao, corpo, recebido_em, estado, ficha_id) VALUES ('attendance','a{n}','s','',CAST('{{\"document\":\"{0}\"}}' AS BLOB),'2023-08-03T10:00:00-03:00','VINCULADO',{n})",
            cpf(n)
        ))
        .unwrap();
    }
    b
}

/// Whether the bytes of a CPF stand in any file below a folder.
fn tem(folder: &Path, cpf: &str) -> bool {
    fs::read_dir(folder).unwrap().any(|e| {
        let e = e.unwrap();
        match e.file_type().unwrap().is_dir() {
            true => tem(&e.path(), cpf),
            false => fs::read(e.path()).unwrap().windows(cpf.len()).any(|w| w == cpf.as_bytes()),
        }
    })
}

fn conta(b: &Bed, table: &str) -> i64 {
    let a = Connection::open(b.root.join("store/atendimento.db")).unwrap();
    a.query_row(&format!("SELECT count(*) FROM {table}"), [], |r| r.get(0)).unwrap()
}

#[test]
fn se5_de_quem_saiu_nada_fica_no_store_nas_paginas_livres_nem_no_log() {
    let mut b = base();
    let store = b.root.join("store");
    assert!(tem(&store, &cpf(1)) && tem(&b.root.join("data/archive"), &cpf(1)));
    let copy = b.json(&["backup", &b.root.join("copias").display().to_string()]).exits(0).report();
    // too early: nobody goes
    b.at("2023-08-20T03:00:00");
    assert_eq!(b.json(&["purge"]).exits(0).report()["fichas"], 0);
    b.at("2023-09-20T03:00:00");
    let dry = b.json(&["--dry-run", "purge"]).exits(0).report();
    assert_eq!((dry["fichas"].as_i64(), dry["contacts"]["webhook"].as_i64()), (Some(1), Some(2)));
    assert!(tem(&store, &cpf(1)), "a rehearsal changes nothing");
    let said = b.json(&["purge"]).exits(0).report();
    assert_eq!((said["fichas"].as_i64(), said["contacts"].clone()), (Some(1), dry["contacts"].clone()));
    assert!(!tem(&store, &cpf(1)), "purged");
    assert!(tem(&store, &cpf(2)), "whoever stays, stays");
    assert_eq!((b.sql("SELECT count(*) FROM ficha"), conta(&b, "tabulacao"), conta(&b, "webhook")), ("1".into(), 1, 0));
    // what still names the client expires whole: it is named
    let named = said["still_named_in"].to_string();
    assert!(named.contains("archive") && named.contains(copy["folder"].as_str().unwrap()), "{named}");
    b.at("2033-09-20T03:00:00");
    let out = b.atom(&["purge"]).exits(0);
    assert!(!tem(&b.root.join("data"), &cpf(1)) && !tem(&b.root.join("copias"), &cpf(1)), "{}", out.stdout);
    // decisions 1, ficha: the id is not given again
    b.importa_remessa("20331003", 3);
    assert_eq!(b.sql("SELECT group_concat(id) FROM (SELECT id FROM ficha ORDER BY id)"), "2,3,4");
}

#[test]
fn quem_tem_contrato_aberto_arquivo_pendente_ou_item_de_workflow_nao_sai() {
    let mut b = base();
    b.at("2023-09-20T03:00:00");
    let a = Connection::open(b.root.join("store/atendimento.db")).unwrap();
    a.execute_batch(
        "INSERT INTO workflow (ficha_id, tipo, estado, aberto_em, mudado_em, operador, fechado, versao)
         VALUES (1,'REFIN','Sem tratativa','2023-08-01','2023-08-01','ana',0,1)",
    )
    .unwrap();
    assert_eq!(b.json(&["purge"]).exits(0).report()["fichas"], 0);
    a.execute_batch("UPDATE workflow SET fechado=1").unwrap();
    fs::write(b.root.join("data/inbox/20230920_203000_remessa_528_out.528"), b.remessa("1001", &cpf(1), &[])).unwrap();
    assert_eq!(b.json(&["purge"]).exits(0).report()["fichas"], 0);
    fs::remove_file(b.root.join("data/inbox/20230920_203000_remessa_528_out.528")).unwrap();
    assert_eq!(b.json(&["purge"]).exits(0).report()["fichas"], 1);
}

#[test]
fn sem_retencao_nada_sai_e_isso_e_dito() {
    let b = Bed::new();
    b.importa_remessa("20230803", 1);
    assert!(b.atom(&["purge"]).exits(0).stdout.contains("tudo se guarda para sempre"));
    assert_eq!(b.sql("SELECT count(*) FROM ficha"), "1");
}

#[test]
fn o_que_perdeu_o_diario_nao_se_desfaz() {
    let mut b = base();
    b.at("2023-08-04T12:30:00").atom(&["export", "manager"]);
    b.at("2023-09-20T03:00:00").atom(&["purge"]).exits(0);
    let out = b.atom(&["undo", "1"]).exits(2);
    assert!(out.stderr.contains("desfaz_dias"), "{}", out.stderr);
}

#[test]
fn wf7_so_a_purga_tira_da_trilha_e_a_trava_volta() {
    let mut b = base();
    let a = Connection::open(b.root.join("store/atendimento.db")).unwrap();
    a.execute_batch(
        "INSERT INTO workflow (id, ficha_id, tipo, estado, aberto_em, mudado_em, operador, fechado, versao)
           VALUES (1,1,'EA','Acordo Realizado','2023-08-03T10:00:00-03:00','2023-08-03T10:00:00-03:00','x',1,2);
         INSERT INTO workflow_evento (workflow_id, em, quem, para) VALUES (1,'2023-08-03T10:00:00-03:00','x','Acordo Realizado');
         INSERT INTO auditoria (em, quem, ficha_id, o_que) VALUES ('2023-08-03T10:00:00-03:00','workflow:ana',1,'ficha')",
    )
    .unwrap();
    let deletes = ["DELETE FROM auditoria", "DELETE FROM workflow_evento"];
    let held = || deletes.iter().all(|q| a.execute(q, []).is_err_and(|e| e.to_string().contains("append only")));
    assert!(held());
    b.at("2023-09-20T03:00:00");
    assert_eq!(b.json(&["--dry-run", "purge"]).exits(0).report()["audit_rows"], 1);
    assert_eq!(conta(&b, "workflow_evento"), 1);
    assert!(held(), "a rehearsal changes nothing");
    assert_eq!(b.json(&["purge"]).exits(0).report()["audit_rows"], 1);
    assert_eq!((conta(&b, "workflow_evento"), conta(&b, "workflow")), (0, 0));
    a.execute_batch(
        "INSERT INTO workflow (id, ficha_id, tipo, estado, aberto_em, mudado_em, operador, fechado, versao)
           VALUES (1,2,'EA','Sem tratativa','','','x',0,1);
         INSERT INTO workflow_evento (workflow_id, em, quem, para) VALUES (1,'','x','Sem tratativa')",
    )
    .unwrap();
    assert!(held(), "the purge itself is in the audit, and stays");
}
