//! The brake of the carga: under half of what Manager should have, a person confirms the number.

use super::*;

/// Ten fichas out on the first day; on the second only two are ATIVO, and the baixa waits for batimento.
fn encolhida() -> Bed {
    let mut b = Bed::with("[dia]\nobrigatorios = [\"remessa\", \"batimento\"]");
    let ten: Vec<Devedor<'_>> = (1..=10).map(|n| (1000 + n, n, &[][..])).collect();
    remessa(&b, "20230802_203000", &ten);
    b.at("2023-08-02T21:00:00").atom(&["-q", "run"]).exits(0);
    b.at("2023-08-04T00:30:00");
    exclusao(&b, "20230804_001000", &(1003..=1010).collect::<Vec<_>>());
    remessa(&b, "20230803_203000", &ten[..2]);
    b.atom(&["-q", "import", "exclusao"]).exits(0);
    b
}

#[test]
fn uma_carga_de_menos_da_metade_e_recusada_contada_uma_vez_e_sai_com_o_numero_exato() {
    let mut b = encolhida();
    let out = b.json(&["run"]).exits(6);
    let r = out.report();
    assert_eq!((&r["kind"], &r["rows"], &r["state"]), (&json!("carga"), &json!(2), &json!("refused")));
    assert_eq!((&r["reason"]["code"], &r["reason"]["last"]), (&json!("FREIO"), &json!(10)));
    // told once, then shown
    assert!(b.atom(&["run"]).exits(0).stderr.contains("nada a fazer"));
    let board = b.atom(&["day"]).exits(0).stdout;
    for text in ["carga RECUSADA (2 fichas)", "[FREIO]", "atom export manager --carga --confirm 2"] {
        assert!(board.contains(text), "{text}\n{board}");
    }
    assert_eq!(b.json(&["day"]).json()[0]["manager"]["carga"]["state"], "refused");
    let status = b.atom(&["status"]).exits(0).stdout;
    assert!(status.contains("--confirm 2"), "{status}");
    assert_eq!(b.json(&["status"]).json()[0]["manager"]["refused"]["rows"], 2);
    // the incremental waits, by force too
    let r = b.json(&["export", "manager", "--incremental"]).exits(4).report();
    assert_eq!(r["waiting_for"], json!(["carga"]));
    b.atom(&["--force", "--reason", "x", "export", "manager", "--incremental"]).exits(4);
    b.atom(&["--force", "--reason", "x", "export", "manager", "--carga"]).exits(6);
    // the rehearsal shows who would go
    let out = b.atom(&["--dry-run", "export", "manager", "--carga"]).exits(6).stdout;
    assert!(out.contains("saem 8") && out.contains("- ficha 3  contrato 1003  EXCLUSAO em 04/08/2023"), "{out}");
    // a wrong number names the right one
    let out = b.atom(&["export", "manager", "--carga", "--confirm", "3"]).exits(6);
    assert!(out.stdout.contains("tem 2 fichas") && out.stdout.contains("--confirm 2"), "{}", out.stdout);
    assert_eq!((quantos(&b, "carga"), b.names("data/outbox").len()), (1, 1));
    let r = b.json(&["export", "manager", "--carga", "--confirm", "2"]).exits(0).report();
    assert_eq!((&r["state"], quantos(&b, "carga"), lista(&b).len()), (&json!("published"), 2, 2));
    assert!(!b.atom(&["status"]).exits(0).stdout.contains("FREIO"));
    // what the carga left out is still owed its baixa
    b.at("2023-08-04T08:00:00").atom(&["-q", "run"]);
    assert_eq!(linhas(&b, &ultimo(&b, "baixa")).len(), 8);
}

#[test]
fn o_que_a_baixa_levou_nao_conta_e_a_carga_recusada_sai_sozinha() {
    let mut b = encolhida();
    b.atom(&["-q", "run"]).exits(6);
    // 10 − 8 left: two of two are not under half
    b.at("2023-08-04T07:00:00").atom(&["-q", "run"]);
    assert_eq!((quantos(&b, "baixa"), quantos(&b, "carga"), lista(&b).len()), (1, 2, 2));
}

#[test]
fn corrigida_a_remessa_a_carga_recusada_sai_sozinha() {
    let b = encolhida();
    b.atom(&["-q", "run"]).exits(6);
    let ten: Vec<Devedor<'_>> = (1..=10).map(|n| (1000 + n, n, &[][..])).collect();
    // another number is told anew
    remessa(&b, "20230803_213000", &ten[..3]);
    assert_eq!(b.json(&["run"]).exits(6).report()["rows"], 3);
    remessa(&b, "20230803_223000", &ten);
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!((quantos(&b, "carga"), quantos(&b, "baixa"), lista(&b).len()), (2, 0, 10));
}

#[test]
fn a_metade_exata_e_a_primeira_carga_passam() {
    let b = encolhida();
    let five: Vec<Devedor<'_>> = (1..=5).map(|n| (1000 + n, n, &[][..])).collect();
    remessa(&b, "20230803_213000", &five);
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!(linhas(&b, &ultimo(&b, "carga")).len(), 5);
}
