//! HS16: what was sent is known beside the store, where restoring a backup does not reach.

use super::*;
use std::path::Path;

const DBS: [&str; 2] = ["carteira.db", "atendimento.db"];

fn copia(from: &Path, to: &Path) {
    for db in DBS {
        std::fs::copy(from.join(db), to.join(db)).unwrap();
        for log in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(to.join(format!("{db}{log}")));
        }
    }
}

/// A copy of both databases as they are now.
fn backup(b: &Bed) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for db in DBS {
        let c = rusqlite::Connection::open(b.root.join("store").join(db)).unwrap();
        c.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    }
    copia(&b.root.join("store"), dir.path());
    dir
}

fn restaura(b: &Bed, from: &tempfile::TempDir) {
    copia(from.path(), &b.root.join("store"));
}

#[test]
fn hs16_um_backup_mais_antigo_nao_envia_de_novo_o_que_ja_foi() {
    let stub = Omne::sobe();
    stub.roteiro([Faz::Responde(200), Faz::Responde(422), Faz::Responde(500)]);
    let b = pronto(&stub, 5, "");
    let old = backup(&b);
    b.json(&["send-hsm", "--limit", "4"]).exits(3);
    restaura(&b, &old);
    assert_eq!(estados(&b), ["PENDENTE"; 5]);
    for args in [&["send-hsm"][..], &["send-hsm", "--dry-run"], &["run"]] {
        let out = b.atom(args).exits(1);
        assert!(
            out.stderr.contains("conhece 4 envio(s)") && out.stderr.contains("atom hsm reconcile"),
            "{}",
            out.stderr
        );
    }
    assert_eq!(stub.quantos(), 4);
    b.atom(&["hsm", "reconcile"]).exits(2);
    b.atom(&["hsm", "reconcile", "--reason", "backup de ontem"]).exits(0);
    assert_eq!(estados(&b), ["ACEITA", "FALHA", "INCERTA", "ACEITA", "PENDENTE"]);
    assert_eq!(marcas(&b), [COM_SUCESSO, SEM_SUCESSO, COM_SUCESSO]);
    assert_eq!(conta(&envia(&b).exits(0)), (1, 0, 0, 0));
    assert_eq!(stub.quantos(), 5, "only what had not been sent");
    assert_eq!(linhas(&b, "SELECT o_que FROM auditoria"), ["hsm reconcile: backup de ontem"]);
}

#[test]
fn hs16_um_backup_de_antes_da_massiva_espera_por_ela() {
    let stub = Omne::sobe();
    let b = bed(&stub, 2, "");
    let old = backup(&b);
    enfileira(&b, [1, 2]);
    envia(&b).exits(0);
    restaura(&b, &old);
    // an empty queue sends nothing; the file that comes again must not either
    envia(&b).exits(0);
    let out = b.atom(&["hsm", "reconcile", "--reason", "x"]).exits(1);
    assert!(out.stderr.contains("2 envio(s) do diário são de linhas que este store não tem"), "{}", out.stderr);
    enfileira(&b, [1, 2]);
    envia(&b).exits(1);
    b.atom(&["hsm", "reconcile", "--reason", "x"]).exits(0);
    envia(&b).exits(0);
    assert_eq!((estados(&b), stub.quantos()), (vec!["ACEITA".to_owned(); 2], 2));
}

#[test]
fn hs16_falta_um_so_envio_sem_resposta_e_ele_fica_incerto() {
    let stub = Omne::sobe();
    let b = pronto(&stub, 2, "");
    let old = backup(&b);
    let out = b.cmd(&["-q", "send-hsm"]).env("ATOM_TEST_CRASH", "hsm-post-1").output().unwrap();
    assert!(!out.status.success());
    restaura(&b, &old);
    assert_eq!(conta(&envia(&b).exits(3)), (1, 0, 1, 0));
    assert_eq!((estados(&b), stub.entregues()), (vec!["INCERTA".into(), "ACEITA".into()], vec![numero(1), numero(2)]));
}

#[test]
fn hs16_sem_o_diario_ninguem_envia_ate_uma_pessoa_responder_por_isso() {
    let stub = Omne::sobe();
    let b = pronto(&stub, 3, "");
    b.json(&["send-hsm", "--limit", "1"]).exits(0);
    let journal = b.root.join("store/hsm.journal");
    let text = std::fs::read_to_string(&journal).unwrap();
    assert!(!text.contains("1198") && !text.contains("Nome"), "nothing personal: {text}");
    std::fs::remove_file(&journal).unwrap();
    let out = b.atom(&["send-hsm"]).exits(1);
    assert!(out.stderr.contains("hsm.journal") && out.stderr.contains("--force"), "{}", out.stderr);
    b.atom(&["hsm", "reconcile", "--reason", "x"]).exits(1);
    b.atom(&["hsm", "reconcile", "--force", "--reason", "disco trocado"]).exits(0);
    assert_eq!(conta(&envia(&b).exits(0)), (2, 0, 0, 0));
    // a damaged one is no better
    std::fs::write(&journal, "lixo\n").unwrap();
    enfileira_mais(&b);
    envia(&b).exits(1);
    assert_eq!(stub.quantos(), 3);
}

fn enfileira_mais(b: &Bed) {
    massiva(b, "20230804_101500_massiva_whatsapp.csv", &format!("1001;{};Ana;jornada2\r\n", fone(1)));
}

#[test]
fn hs16_o_momento_de_cada_envio_e_o_do_diario_e_nao_o_de_conciliar() {
    let stub = Omne::sobe();
    stub.roteiro([Faz::Responde(200), Faz::Responde(500)]);
    let mut b = pronto(&stub, 2, "daily_cap = 3");
    let old = backup(&b);
    envia(&b).exits(3);
    restaura(&b, &old);
    b.at("2023-08-05T09:00:00");
    b.atom(&["hsm", "reconcile", "--reason", "backup de ontem"]).exits(0);
    let when = "SELECT estado||' '||substr(enviada_em,1,16) FROM hsm ORDER BY id";
    assert_eq!(linhas(&b, when), ["ACEITA 2023-08-04 11:00", "INCERTA 2023-08-04 11:00"]);
    assert_eq!(linhas(&b, "SELECT substr(em,1,16) FROM marca"), ["2023-08-04 11:00"]);
    // another day: the same numbers are written to again
    let line = |n: u64| format!("{};{};Ana;jornada{}\r\n", 1000 + n, fone(n), 2 - n % 2);
    massiva(&b, "20230805_081500_massiva_whatsapp.csv", &[line(1), line(2)].concat());
    assert_eq!(conta(&envia(&b).exits(0)), (2, 0, 0, 0));
}

#[test]
fn hs16_o_que_o_diario_sabe_vale_tambem_para_a_mensagem_que_no_backup_era_incerta() {
    let stub = Omne::sobe();
    stub.roteiro([Faz::Responde(500)]);
    let b = pronto(&stub, 1, "");
    envia(&b).exits(3);
    let old = backup(&b);
    b.atom(&["hsm", "resolve", "1", "--not-sent", "--reason", "não aparece lá"]).exits(0);
    assert_eq!(conta(&envia(&b).exits(0)), (1, 0, 0, 0));
    restaura(&b, &old);
    assert_eq!(estados(&b), ["INCERTA"]);
    let said = b.atom(&["hsm", "reconcile", "--reason", "backup"]).exits(0);
    assert!(format!("{}{}", said.stdout, said.stderr).contains("1 mensagem"), "{}", said.stderr);
    assert_eq!((estados(&b), marcas(&b)), (vec!["ACEITA".to_owned()], vec![COM_SUCESSO.to_owned()]));
    envia(&b).exits(0);
    assert_eq!(stub.quantos(), 2);
}

#[test]
fn hs16_restore_diz_o_que_se_enviou_e_resolveu_depois_do_backup() {
    let stub = Omne::sobe();
    stub.roteiro([Faz::Responde(500)]);
    let b = pronto(&stub, 1, "");
    envia(&b).exits(3);
    let made = b.json(&["backup", &b.root.join("copias").display().to_string()]).exits(0).report();
    let copy = made["folder"].as_str().unwrap();
    let same = b.atom(&["restore", copy, "--dry-run"]).exits(0).stdout;
    assert!(same.contains("nenhum contato com clientes"), "{same}");
    b.atom(&["hsm", "resolve", "1", "--not-sent", "--reason", "não aparece lá"]).exits(0);
    envia(&b).exits(0);
    let said = b.json(&["restore", copy]).exits(0).report();
    assert_eq!(said["lost_contacts"], json!({"hsm_tentativa": 1, "hsm_resolve": 1}));
}
