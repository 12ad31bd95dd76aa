//! Whose an event is.

use super::*;

/// The cascade of one attendance: state, via, ficha, its tabulation.
fn um(b: &Bed, s: &Serve, t: &str, v: &Value) -> String {
    s.post(CAMINHO, t, v).is(200);
    espera(b, "SELECT count(*) FROM webhook WHERE estado='RECEBIDO'", &["0"]);
    let id = v["id"].as_str().unwrap();
    let sql = format!(
        "SELECT w.estado, w.via, w.ficha_id, t.nome, t.contrato FROM webhook w LEFT JOIN tabulacao t ON t.id=w.tabulacao_id
         WHERE w.chave='{id}' AND w.estado<>'SUBSTITUIDO'"
    );
    linhas_de(b, &sql).join(" ")
}

#[test]
fn wh6_a_ordem_e_atendimento_crm_documento_telefone_email() {
    let (b, s, t) = servido();
    let (doc1, doc2) = (cpf(1), cpf(2));
    let cases: [(&[(&str, &str)], &str); 15] = [
        (&[("crm", "4"), ("document", &doc1), ("whatsapp", COMUM)], "VINCULADO|CRM|4|Ação massiva|1004"),
        (&[("crm", "99"), ("document", &doc2), ("phone", CELULAR)], "VINCULADO|DOCUMENTO|2|Tabulação genérica|1002"),
        (&[("document", "00000000000"), ("phone", CELULAR)], "VINCULADO|FONE|1|Tabulação genérica|1001"),
        // DDD and last eight digits, in any writing
        (&[("phone", "551181112222")], "VINCULADO|FONE|1|Tabulação genérica|1001"),
        (&[("whatsapp", "+55 (11) 98111-2222")], "VINCULADO|FONE|1|Tabulação genérica|1001"),
        (&[("phone", "11900000000"), ("mail", "ANA@exemplo.com.br")], "VINCULADO|EMAIL|1|Tabulação genérica|1001"),
        // a reference's number is nobody's
        (&[("phone", REFERENCIA)], "NAO_VINCULADO|-|-|-|-"),
        (&[("phone", COMUM)], "AMBIGUO|-|-|-|-"),
        // two numbers of different clients, whichever field names which
        (&[("phone", CELULAR), ("whatsapp", COMUM)], "AMBIGUO|-|-|-|-"),
        // who is ambiguous by a stronger sign is not found by a weaker one
        (&[("phone", COMUM), ("mail", "ana@exemplo.com.br")], "AMBIGUO|-|-|-|-"),
        (&[("mail", "comum@exemplo.com.br")], "AMBIGUO|-|-|-|-"),
        (&[("mail", "comum")], "NAO_VINCULADO|-|-|-|-"),
        (&[("crm", "%"), ("document", "' OR 1=1"), ("mail", "%@%")], "NAO_VINCULADO|-|-|-|-"),
        (&[("phone", "1181112222"), ("document", &doc2)], "VINCULADO|DOCUMENTO|2|Tabulação genérica|1002"),
        (&[], "NAO_VINCULADO|-|-|-|-"),
    ];
    for (n, (info, want)) in cases.into_iter().enumerate() {
        assert_eq!(um(&b, &s, &t, &atendimento(&format!("a{n}"), info)), want, "{info:?}");
    }
    let mut v = atendimento("o1", &[("document", &doc1)]);
    v["occurrences"][0]["crm_id"] = json!("3");
    assert_eq!(um(&b, &s, &t, &v), "VINCULADO|CRM|3|Ação massiva|1003");
    // the Portal's own tabulation is surer than anything
    tabula(&b, 50, 4, "p1");
    assert_eq!(um(&b, &s, &t, &atendimento("p1", &[("crm", "1")])), "VINCULADO|ATTENDANCE|4|Do Portal|-");
}

/// A tabulation of the Portal.
fn tabula(b: &Bed, id: i64, ficha: i64, attendance: &str) {
    let sql = "INSERT INTO tabulacao (id, ficha_id, origem, nome, boleto, attendance_id, em)
               VALUES (?1, ?2, 'PORTAL', 'Do Portal', 0, ?3, '2023-08-04T11:00:00-03:00')";
    contatos(b).execute(sql, rusqlite::params![id, ficha, attendance]).unwrap();
}

#[test]
fn o_unico_com_contrato_ativo_vale_depois_a_ultima_massiva_em_7_dias() {
    let (b, s, t) = servido();
    let of = |id: &str, info| um(&b, &s, &t, &atendimento(id, &[info]));
    let (phone, mail) = (("phone", COMUM), ("mail", "comum@exemplo.com.br"));
    b.db().execute("UPDATE contrato SET situacao='BAIXADO' WHERE chave='1002'", []).unwrap();
    assert_eq!(of("a1", phone), "VINCULADO|FONE|3|Tabulação genérica|1003");
    assert_eq!(of("a2", mail), "VINCULADO|EMAIL|3|Tabulação genérica|1003");
    b.db().execute("UPDATE contrato SET situacao='BAIXADO' WHERE chave='1003'", []).unwrap();
    assert_eq!(of("a3", phone), "AMBIGUO|-|-|-|-");
    // of two numbers too
    let both = atendimento("a3 dois", &[phone, ("whatsapp", CELULAR)]);
    assert_eq!(um(&b, &s, &t, &both), "VINCULADO|FONE|1|Tabulação genérica|1001");
    let db = contatos(&b);
    db.execute_batch(
        "INSERT INTO lote (id, data_operacao, sha256, layout, importado_em, rejeitos) VALUES (1,'2023-08-04','x','x','x','');
         INSERT INTO massiva VALUES (3, 0, 'SMS', '2023-07-28 11:29:59', 'p', '1132145678', NULL, 'm', 1, 1);
         INSERT INTO massiva VALUES (3, 0, 'EMAIL', '2023-08-04 12:30:00', 'p', '', 'comum@exemplo.com.br', NULL, 1, 2);",
    )
    .unwrap();
    // too old; after the contact
    assert_eq!(of("a4", phone), "AMBIGUO|-|-|-|-");
    assert_eq!(of("a5", mail), "AMBIGUO|-|-|-|-");
    db.execute_batch(
        "INSERT INTO massiva VALUES (2, 0, 'SMS', '2023-07-29 10:00:00', 'p', '1132145678', NULL, 'm', 1, 3);
         INSERT INTO massiva VALUES (2, 0, 'EMAIL', '2023-08-03 10:00:00', 'p', '', 'Comum@exemplo.com.br', NULL, 1, 4);
         INSERT INTO massiva VALUES (3, 0, 'EMAIL', '2023-08-02 10:00:00', 'p', '', 'comum@exemplo.com.br', NULL, 1, 5);",
    )
    .unwrap();
    // no active contract: the tabulation names none
    assert_eq!(of("a6", phone), "VINCULADO|FONE|2|Tabulação genérica|-");
    assert_eq!(of("a7", mail), "VINCULADO|EMAIL|2|Tabulação genérica|-");
    // to both in the same second: never guessed
    db.execute(
        "INSERT INTO massiva VALUES (3, 0, 'SMS', '2023-07-29 10:00:00', 'q', '1132145678', NULL, 'm', 1, 6)",
        [],
    )
    .unwrap();
    assert_eq!(of("a8", phone), "AMBIGUO|-|-|-|-");
}

#[test]
fn o_telefone_e_o_email_que_o_portal_incluiu_tambem_acham() {
    let (b, s, t) = servido();
    contatos(&b)
        .execute_batch(
            "INSERT INTO portal_telefone (ficha_id, fone, tipo, usuario, em, score_em)
               VALUES (4, '11911112222', 'CELULAR', 'u', 'x', 'x'), (1, '11987654321', 'CELULAR', 'u', 'x', 'x');
             INSERT INTO portal_email (ficha_id, email, usuario, em) VALUES (4, 'Quatro@Exemplo.com', 'u', 'x');",
        )
        .unwrap();
    let of = |id: &str, info| um(&b, &s, &t, &atendimento(id, &[info]));
    assert_eq!(of("a1", ("phone", "11911112222")), "VINCULADO|FONE|4|Tabulação genérica|1004");
    assert_eq!(of("a2", ("mail", "quatro@exemplo.com")), "VINCULADO|EMAIL|4|Tabulação genérica|1004");
    // the remessa's word, that it is a third party's, stands above the Portal's
    assert_eq!(of("a3", ("phone", REFERENCIA)), "NAO_VINCULADO|-|-|-|-");
}

const LISTA: &str = "SELECT tipo, estado, via, ficha_id, tabulacao_id FROM webhook ORDER BY id";
const TABULACOES: &str =
    "SELECT id, ficha_id, origem, canal, usuario, protocolo, attendance_id FROM tabulacao ORDER BY id";

#[test]
fn wh4_wh7_quem_vem_antes_do_atendimento_e_vinculado_depois_e_a_tabulacao_e_uma_so() {
    let (b, s, t) = servido();
    for v in [ocorrencia("o1", "a1"), visita("v-a1"), visita("a1")] {
        s.post(CAMINHO, &t, &v).is(200);
    }
    let lost = |tipo| format!("{tipo}|NAO_VINCULADO|-|-|-");
    espera(&b, LISTA, &[&lost("occurrence"), &lost("visitor"), &lost("visitor")]);
    let v = atendimento("a1", &[("document", &cpf(2)), ("phone", CELULAR)]);
    s.post(CAMINHO, &t, &v).is(200);
    let follow = |tipo| format!("{tipo}|VINCULADO|ATTENDANCE|2|1");
    let linked =
        [follow("occurrence"), follow("visitor"), follow("visitor"), "attendance|VINCULADO|DOCUMENTO|2|1".into()];
    let linked: Vec<&str> = linked.iter().map(String::as_str).collect();
    espera(&b, LISTA, &linked);
    // again, and a second occurrence: the tabulation stays one
    for v in [&v, &v, &ocorrencia("o2", "a1"), &ocorrencia("o2", "a1")] {
        s.post(CAMINHO, &t, v).is(200);
    }
    let after: Vec<&str> = linked.iter().copied().chain(["occurrence|VINCULADO|ATTENDANCE|2|1"]).collect();
    espera(&b, LISTA, &after);
    let made = linhas_de(&b, TABULACOES);
    assert_eq!(made, ["1|2|WEBHOOK|5|Operador Exemplo|20230804000001|a1"]);
    let kept = linhas_de(&b, "SELECT fone, inicio, em FROM tabulacao");
    assert!(kept[0].starts_with("11981112222|2023-08-03 19:15:36|2023-08-04T11:30:"), "{kept:?}");
}

#[test]
fn a_tabulacao_do_portal_toma_o_vinculo_e_a_provisoria_sai() {
    let (b, s, t) = servido();
    for v in [atendimento("a1", &[("crm", "1")]), ocorrencia("o1", "a1"), visita("v-a1"), atendimento("a2", &[])] {
        s.post(CAMINHO, &t, &v).is(200);
    }
    s.post(CAMINHO, &t, &ocorrencia("o2", "a3")).is(200);
    elos(&b);
    assert_eq!(linhas_de(&b, TABULACOES).len(), 1);
    tabula(&b, 10, 4, "a1");
    tabula(&b, 11, 3, "a2");
    tabula(&b, 12, 2, "a3");
    espera(
        &b,
        LISTA,
        &[
            "attendance|VINCULADO|ATTENDANCE|4|10",
            "occurrence|VINCULADO|ATTENDANCE|4|10",
            "visitor|VINCULADO|ATTENDANCE|4|10",
            "attendance|VINCULADO|ATTENDANCE|3|11",
            "occurrence|VINCULADO|ATTENDANCE|2|12",
        ],
    );
    let left = linhas_de(&b, "SELECT id, origem FROM tabulacao ORDER BY id");
    assert_eq!(left, ["10|PORTAL", "11|PORTAL", "12|PORTAL"]);
}

#[test]
fn uma_importacao_posterior_acha_quem_nao_estava_na_base() {
    let (b, s, t) = servido();
    let v = atendimento("a1", &[("document", &cpf(9))]);
    assert_eq!(um(&b, &s, &t, &v), "NAO_VINCULADO|-|-|-|-");
    s.post(CAMINHO, &t, &ocorrencia("o1", "a1")).is(200);
    let more = b.file("20230804_113000_remessa_528_out.528", &b.remessa("1009", &cpf(9), &[]));
    b.json(&["import", "remessa", &more]).exits(0);
    espera(&b, LISTA, &["attendance|VINCULADO|DOCUMENTO|5|1", "occurrence|VINCULADO|ATTENDANCE|5|1"]);
}

#[test]
fn um_atendimento_reaberto_e_a_versao_nova_do_mesmo() {
    let (b, s, t) = servido();
    let mut new = atendimento("a1", &[]);
    new["reopened"] = json!(1);
    new["status_date"] = json!("2023-08-04 09:00:00");
    s.post(CAMINHO, &t, &new).is(200);
    espera(&b, LISTA, &["attendance|NAO_VINCULADO|-|-|-"]);
    // the older body comes late: it stays the older, and brings the client that it names
    s.post(CAMINHO, &t, &atendimento("a1", &[("document", &cpf(3))])).is(200);
    espera(&b, LISTA, &["attendance|VINCULADO|DOCUMENTO|3|1", "attendance|SUBSTITUIDO|DOCUMENTO|3|1"]);
    // a newer one with a surer sign moves its tabulation, and what follows it
    s.post(CAMINHO, &t, &ocorrencia("o1", "a1")).is(200);
    let mut newest = atendimento("a1", &[("crm", "4")]);
    newest["status_date"] = json!("2023-08-04 10:00:00");
    s.post(CAMINHO, &t, &newest).is(200);
    espera(
        &b,
        LISTA,
        &[
            "attendance|SUBSTITUIDO|CRM|4|1",
            "attendance|SUBSTITUIDO|CRM|4|1",
            "occurrence|VINCULADO|ATTENDANCE|4|1",
            "attendance|VINCULADO|CRM|4|1",
        ],
    );
    assert_eq!(linhas_de(&b, "SELECT id, ficha_id, nome, contrato FROM tabulacao"), ["1|4|Ação massiva|1004"]);
}

#[test]
fn um_evento_que_o_store_recusa_nao_segura_os_outros() {
    let (b, s, t) = servido();
    let guard = "CREATE TRIGGER ruim BEFORE INSERT ON tabulacao WHEN NEW.attendance_id='ruim'
                 BEGIN SELECT RAISE(ABORT, 'ruim'); END";
    contatos(&b).execute_batch(guard).unwrap();
    for id in ["antes", "ruim", "depois"] {
        s.post(CAMINHO, &t, &atendimento(id, &[("document", &cpf(4))])).is(200);
    }
    assert_eq!(
        elos(&b),
        [
            "attendance|antes|VINCULADO|DOCUMENTO|4",
            "attendance|depois|VINCULADO|DOCUMENTO|4",
            "attendance|ruim|NAO_VINCULADO|-|-"
        ]
    );
    let log = s.log();
    assert!(log.contains("a webhook could not be linked") && log.contains("\"webhook\":2"), "{log}");
}
