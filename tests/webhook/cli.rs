//! `atom webhook`, `atom status`, `/metrics`.

use super::*;

fn cheia() -> (Bed, Serve, String) {
    let (b, s, t) = servido();
    let doc = cpf(1);
    let mail = ("mail", "ana@exemplo.com.br");
    for v in [
        atendimento("a1", &[("document", &doc), mail]),
        ocorrencia("o1", "a1"),
        atendimento("a2", &[("phone", "11900000000")]),
        atendimento("a3", &[("phone", COMUM)]),
        exemplo("resume_users"),
        json!({"webhook_type": "novidade"}),
    ] {
        s.post(CAMINHO, &t, &v).is(200);
    }
    elos(&b);
    (b, s, t)
}

#[test]
fn a_lista_tem_filtros_paginas_e_a_conta_de_cada_estado() {
    let (b, _s, _t) = cheia();
    let out = b.atom(&["webhook", "list"]).exits(0).stdout;
    assert!(out.contains("Ao todo: VINCULADO 2 · NAO_VINCULADO 1 · AMBIGUO 1 · ARMAZENADO 2"), "{out}");
    assert!(!out.contains(&cpf(1)) && !out.contains("ana@"), "{out}");
    let ids = |args: &[&str]| -> Vec<i64> {
        let all = [&["webhook", "list"], args].concat();
        b.json(&all).exits(0).json().iter().map(|w| w["id"].as_i64().unwrap()).collect()
    };
    assert_eq!(ids(&[]), [6, 5, 4, 3, 2, 1]);
    assert_eq!(ids(&["--state", "nao_vinculado"]), [3]);
    assert_eq!(ids(&["--type", "attendance"]), [4, 3, 1]);
    assert_eq!(ids(&["--type", "attendance", "--state", "VINCULADO"]), [1]);
    assert_eq!(ids(&["--limit", "2"]), [6, 5]);
    assert_eq!(ids(&["--limit", "2", "--before", "5"]), [4, 3]);
    b.atom(&["webhook", "list", "--state", "outro"]).exits(2);
    let one = &b.json(&["webhook", "list", "--state", "vinculado", "--type", "attendance"]).exits(0).json()[0];
    assert_eq!((&one["ficha"], &one["via"], &one["attendance"]), (&json!(1), &json!("DOCUMENTO"), &json!("a1")));
}

#[test]
fn se1_show_esconde_o_que_e_pessoal_e_com_show_pii_fica_na_auditoria() {
    let (b, _s, _t) = cheia();
    for args in [&["webhook", "show", "1"][..], &["--json", "webhook", "show", "1"]] {
        let out = b.atom(args).exits(0).stdout;
        for hidden in [&cpf(1), "ana@exemplo", "FULANO", "Operador", "operador@", "Olá", "recibo", "Teste"] {
            assert!(!out.contains(hidden), "{hidden}: {out}");
        }
        assert!(out.contains("20230804000001") && out.contains("2023-08-03 19:20:36"), "{out}");
    }
    let all = b.atom(&["--json", "--show-pii", "webhook", "show", "1"]).exits(0).stdout;
    let all: Value = serde_json::from_str(&all).unwrap();
    assert_eq!(all["body"], atendimento("a1", &[("document", &cpf(1)), ("mail", "ana@exemplo.com.br")]));
    let audit = "SELECT ficha_id, o_que FROM auditoria WHERE quem LIKE 'cli:%' AND ficha_id IS NOT NULL";
    assert_eq!(linhas_de(&b, audit), ["1|webhook show --show-pii"]);
    b.atom(&["webhook", "show", "99"]).exits(2);
}

#[test]
fn replay_tenta_de_novo_os_sem_cliente() {
    let (b, s, _t) = cheia();
    drop(s);
    assert_eq!(b.json(&["webhook", "replay"]).exits(0).json()[0], json!({"tried": 2, "linked": 0}));
    contatos(&b)
        .execute_batch(
            "INSERT INTO portal_telefone (ficha_id, fone, tipo, usuario, em, score_em)
               VALUES (4, '11900000000', 'CELULAR', 'u', 'x', 'x');",
        )
        .unwrap();
    assert_eq!(b.json(&["--dry-run", "webhook", "replay"]).exits(0).json()[0], json!({"tried": 2, "linked": 1}));
    assert_eq!(linhas_de(&b, "SELECT count(*) FROM webhook WHERE estado='VINCULADO'"), ["2"]);
    assert_eq!(b.json(&["webhook", "replay", "3"]).exits(0).json()[0], json!({"tried": 1, "linked": 1}));
    assert_eq!(linhas_de(&b, "SELECT estado, via, ficha_id FROM webhook WHERE id=3"), ["VINCULADO|FONE|4"]);
    // one that is linked stays so
    assert_eq!(b.json(&["webhook", "replay", "1", "2"]).exits(0).json()[0], json!({"tried": 2, "linked": 2}));
    assert_eq!(linhas_de(&b, "SELECT count(*) FROM tabulacao"), ["2"]);
    b.atom(&["webhook", "replay", "99"]).exits(2);
}

#[test]
fn status_e_metricas_contam_os_sem_vinculo() {
    let b = cama("");
    assert!(!b.atom(&["status"]).exits(0).stdout.contains("webhook"));
    drop(b);
    let (b, s, _t) = cheia();
    let out = b.atom(&["status"]).exits(0).stdout;
    assert!(out.contains("webhook    VINCULADO 2 · NAO_VINCULADO 1 · AMBIGUO 1"), "{out}");
    assert!(out.contains("atom webhook list --state nao_vinculado"), "{out}");
    let json = b.json(&["status"]).exits(0).report();
    assert_eq!(json["webhooks"]["NAO_VINCULADO"], 1);
    assert_eq!(json["webhooks"]["RECEBIDO"], 0);
    let metrics = s.get("/metrics", "").is(200).text;
    for line in [r#"atom_webhooks{state="AMBIGUO"} 1"#, r#"atom_webhooks{state="VINCULADO"} 2"#] {
        assert!(metrics.contains(line), "{metrics}");
    }
}
