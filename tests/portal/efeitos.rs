//! What a tabulation causes: NAO_CONTATAR, the back office, a webhook's provisional tabulation; what hinders an undo.

use super::*;

#[test]
fn decisions_4_o_ultimo_resultado_que_marca_ou_libera_vale_e_os_outros_nada_mudam() {
    let (b, s, t) = servido();
    let state = || linhas(&b, "SELECT ficha_id, valor, tabulacao_id FROM nao_contatar");
    let put = |r: i64| s.post(TABULA, &t, &tabulacao(1, r, json!({}))).is(201).json()["id"].as_i64().unwrap();
    put(PERMITE);
    assert_eq!(state(), json!([]));
    let set = put(PEDE_PARA_NAO);
    assert_eq!(state(), json!([[1, "S", set]]));
    for r in [NAO_ATENDE, REFIN, PEDE_PARA_NAO] {
        put(r);
        assert_eq!(state(), json!([[1, "S", set]]), "{r}");
    }
    let lifted = put(PERMITE);
    assert_eq!(state(), json!([[1, "N", lifted]]));
}

#[test]
fn uc012_um_item_aberto_por_contrato_e_tipo() {
    let (b, s, t) = servido();
    // a second active contract of client 3
    let lines = [b.remessa("1003", &cpf(3), &[]), b.remessa("2003", &cpf(3), &[])].concat();
    b.json(&["import", "remessa", &b.file("20230803_213000_remessa_528_out.528", &lines)]).exits(0);
    let put = |ficha: i64, r: i64, mais: Value| drop(s.post(TABULA, &t, &tabulacao(ficha, r, mais)).is(201));
    let items =
        || linhas(&b, "SELECT ficha_id, contrato, tipo, estado, operador, fechado, versao FROM workflow ORDER BY id");
    put(1, REFIN, json!({"obs": "quer refinanciar"}));
    put(1, EA, json!({"contrato": "1001"}));
    put(1, REFIN, json!({"contrato": "01001", "obs": "ligou de novo", "usuario": "bia"}));
    // two active, none named: the ficha
    put(3, REFIN, json!({}));
    put(3, REFIN, json!({"contrato": "2003"}));
    put(3, NAO_ATENDE, json!({}));
    assert_eq!(
        items(),
        json!([
            [1, "1001", "REFIN", "Sem tratativa", "ana.lima", 0, 2],
            [1, "1001", "EA", "Sem tratativa", "ana.lima", 0, 1],
            [3, null, "REFIN", "Sem tratativa", "ana.lima", 0, 1],
            [3, "2003", "REFIN", "Sem tratativa", "ana.lima", 0, 1]
        ])
    );
    assert_eq!(
        linhas(&b, "SELECT workflow_id, quem, de, para, nota, tabulacao_id FROM workflow_evento ORDER BY id"),
        json!([
            [1, "ana.lima", null, "Sem tratativa", "quer refinanciar", 1],
            [2, "ana.lima", null, "Sem tratativa", null, 2],
            [1, "bia", "Sem tratativa", "Sem tratativa", "ligou de novo", 3],
            [3, "ana.lima", null, "Sem tratativa", null, 4],
            [4, "ana.lima", null, "Sem tratativa", null, 5]
        ])
    );
    // a closed item stays closed: the next indication opens another
    atendimento(&b).execute("UPDATE workflow SET fechado=1, estado='Acordo Realizado' WHERE id=1", []).unwrap();
    put(1, REFIN, json!({}));
    assert_eq!(items().as_array().unwrap().len(), 5);
    assert_eq!(items()[4], json!([1, "1001", "REFIN", "Sem tratativa", "ana.lima", 0, 1]));
}

#[test]
fn uc008_a_tabulacao_do_portal_toma_o_lugar_da_provisoria_do_mesmo_atendimento() {
    let (b, s, t) = servido();
    atendimento(&b)
        .execute_batch(
            "INSERT INTO tabulacao (id, ficha_id, origem, nome, boleto, attendance_id, em) VALUES
               (1, 2, 'WEBHOOK', 'x', 0, 'at-1', 'z'), (2, 3, 'WEBHOOK', 'x', 0, 'at-2', 'z');
             INSERT INTO webhook (tipo, chave, sha256, versao, corpo, recebido_em, estado, ficha_id, tabulacao_id, attendance_id)
             VALUES ('attendance', '1', 's', '', x'7b7d', 'z', 'VINCULADO', 2, 1, 'at-1'),
                    ('occurrence', '2', 's', '', x'7b7d', 'z', 'VINCULADO', 2, 1, 'at-1'),
                    ('attendance', '3', 's', '', x'7b7d', 'z', 'VINCULADO', 3, 2, 'at-2');",
        )
        .unwrap();
    let id =
        s.post(TABULA, &t, &tabulacao(1, NAO_ATENDE, json!({"attendanceId": "at-1"}))).is(201).json()["id"].clone();
    assert_eq!(linhas(&b, "SELECT id, origem FROM tabulacao ORDER BY id"), json!([[2, "WEBHOOK"], [id, "PORTAL"]]));
    assert_eq!(
        linhas(&b, "SELECT chave, ficha_id, contrato_id, tabulacao_id FROM webhook ORDER BY chave"),
        json!([["1", 1, 1, id], ["2", 1, 1, id], ["3", 3, null, 2]])
    );
    // the Portal's own is never taken away
    s.post(TABULA, &t, &tabulacao(1, NAO_ATENDE, json!({"attendanceId": "at-1"}))).is(201);
    assert_eq!(contagem(&b)[0], 3);
}

#[test]
fn o_que_o_portal_escreveu_impede_desfazer_a_importacao_que_fez_o_cliente() {
    let (b, s, t) = servido();
    s.post(TABULA, &t, &tabulacao(1, REFIN, json!({}))).is(201);
    s.post(FONE, &t, &telefone(2, "981112222", json!({}))).is(201);
    s.post(EMAIL, &t, &json!({"idCampanha": 1, "idCrm": 2, "email": "a@b.co", "usuario": "a"})).is(201);
    s.post(ENDERECO, &t, &json!({"idCampanha": 1, "idCrm": 2, "logradouro": "A", "usuario": "a"})).is(201);
    s.post(PROPOSTA, &t, &proposta("1003", json!({}))).is(201);
    let r = b.json(&["undo", "1"]).exits(6).report();
    let told: Vec<Value> =
        r["in_the_way"].as_array().unwrap().iter().map(|i| json!([i["kind"], i["rows"], i["contratos"]])).collect();
    assert_eq!(
        Value::from(told),
        json!([
            ["tabulacao", 1, ["1001"]],
            ["proposta", 1, ["1003"]],
            ["workflow", 1, ["1001"]],
            ["portal_telefone", 1, []],
            ["portal_email", 1, []],
            ["portal_endereco", 1, []]
        ])
    );
    let out = b.atom(&["undo", "1"]).exits(6).stdout;
    assert!(out.contains("atendimento, tabulações: 1 linha; contratos 1001"), "{out}");
    assert!(out.contains("atendimento, telefones do Portal: 1 linha"), "{out}");
    // what only changed a client hinders nobody
    b.importa_remessa("20230804", 3);
    b.json(&["undo", "2"]).exits(0);
}
