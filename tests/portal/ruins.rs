//! What does not do: 400, 404, 422, and nothing stored.

use super::*;

/// The fields that an answer names.
fn campos(r: &Resposta) -> Vec<String> {
    r.json()["erro"]["campos"].as_object().map(|o| o.keys().cloned().collect()).unwrap_or_default()
}

#[test]
fn ap7_todo_valor_ruim_e_422_e_nada_fica() {
    let (b, s, t) = servido();
    let bad = |path: &str, body: Value, field: &str| {
        let r = s.post(path, &t, &body).is(422);
        assert_eq!((r.codigo().as_str(), campos(&r)), ("CAMPOS_INVALIDOS", vec![field.to_owned()]), "{body}");
    };
    for (k, v) in [
        ("resultado", json!(999)),
        ("resultado", json!("Não atende")),
        ("resultado", json!([101])),
        ("resultado", json!(null)),
        ("idTipoCanal", json!(4)),
        ("idTipoCanal", json!(0)),
        ("idTipoCanal", json!("x")),
        ("idTipoCanal", json!(1.5)),
        ("idTipoCanal", json!(null)),
        ("idCrm", json!("%")),
        ("idCrm", json!("_")),
        ("idCrm", json!("1' or 1=1")),
        ("idCrm", json!(-1)),
        ("idCrm", json!({})),
        ("idCrm", json!(null)),
        ("idCampanha", json!("1 or 1=1")),
        ("idCampanha", json!(null)),
        ("usuario", json!("")),
        ("usuario", json!("a\nb")),
        ("usuario", json!("a".repeat(61))),
        ("usuario", json!(null)),
        ("dataInicioAtendimento", json!("2023-02-30 10:00:00")),
        ("dataInicioAtendimento", json!("2023-09-20 25:00:00")),
        ("dataInicioAtendimento", json!("20/09/2023")),
        ("dataInicioAtendimento", json!(20_230_920)),
        ("dataInicioAtendimento", json!("+12345-01-01 00:00:00")),
        ("dataInicioAtendimento", json!("-0001-01-01 00:00:00")),
        ("dataInicioAtendimento", json!("0000-01-01 00:00:00")),
        ("dataInicioAtendimento", json!("2023-08-04 23:59:60")),
        ("obs", json!("a\u{0}b")),
        ("obs", json!(["x"])),
        ("obs", json!("x".repeat(10_001))),
        ("attendanceId", json!(true)),
        ("contrato", json!("000")),
        ("contrato", json!("1,2E+05")),
        ("telefoneTrabalhado", json!({"ddd": 11})),
    ] {
        bad(TABULA, tabulacao(1, NAO_ATENDE, json!({ k: v })), k);
        if v.is_null() {
            bad(TABULA, com(tabulacao(1, NAO_ATENDE, json!({})), json!({ k: null })), k);
        }
    }
    for (k, v) in [
        ("fone", json!("123")),
        ("fone", json!("12345678")),
        ("fone", json!("00000000")),
        ("fone", json!(null)),
        ("score", json!(-1)),
        ("score", json!("alto")),
        ("score", json!(100_000)),
        ("tipo", json!("x".repeat(31))),
    ] {
        bad(FONE, telefone(1, "981112222", json!({ k: v })), k);
    }
    bad(FONE, telefone(1, "981112222", json!({"ddd": "20"})), "fone");
    for email in [json!("maria"), json!("a@b"), json!("a@b.co;c@d.co"), json!(null)] {
        let body = com(json!({"idCampanha": 1, "idCrm": 1, "usuario": "a"}), json!({ "email": email }));
        bad(EMAIL, body, "email");
    }
    for (k, v) in [("uf", json!("XX")), ("cep", json!("123")), ("cep", json!("0131010a")), ("logradouro", json!(" "))] {
        let body = json!({"idCampanha": 1, "idCrm": 1, "usuario": "a", "logradouro": "RUA A"});
        bad(ENDERECO, com(body, json!({ k: v })), k);
    }
    for (k, v) in [
        ("valorProposto", json!("595,37")),
        ("valorProposto", json!("1.234.56")),
        ("valorProposto", json!(-1)),
        ("valorProposto", json!(0.001)),
        ("valorProposto", json!(1e300)),
        ("valorProposto", json!(null)),
        ("tipoAcordo", json!("Total")),
        ("tipoAcordo", json!(null)),
        ("contrato", json!("--")),
        ("contrato", json!(null)),
        ("primeiroVencimento", json!("2023-02-29")),
        ("primeiroVencimento", json!("11/08/2023")),
        ("primeiroVencimento", json!("+12345-01-01")),
        ("primeiroVencimento", json!("0000-02-29")),
        ("qtdParcelas", json!("três")),
        ("qtdParcelas", json!(1.5)),
        ("parcelasContratos", json!("10,11")),
        ("parcelasContratos", json!([[1]])),
        ("negParcelas", json!({"a": 1})),
        ("negParcelas", json!(vec![1; 1001])),
        ("rndRefin", json!("sim")),
        ("negociacaoEntregaAmigavel", json!(1)),
        ("valorComDesc", json!(100.5)),
        ("valorComDesc", json!("15%")),
        ("dividaAtraso", json!(-3)),
    ] {
        bad(PROPOSTA, proposta("1001", json!({ k: v })), k);
    }
    assert_eq!(contagem(&b), [0; 9]);
    assert_eq!(linhas(&b, "SELECT count(*) FROM auditoria WHERE quem LIKE 'portal:%'"), json!([[0]]));
}

#[test]
fn o_422_diz_todos_os_campos_de_uma_vez_e_nao_repete_o_que_veio() {
    let (_b, s, t) = servido();
    let body = json!({"idCampanha": 1, "idCrm": "%", "idTipoCanal": 4, "obs": 1, "Usuario": "a", "usuario": "b",
                      "dataInicioAtendimento": "segredo 529.982.247-25"});
    let r = s.post(TABULA, &t, &body).is(422);
    assert_eq!(
        r.json()["erro"]["campos"],
        json!({"idCrm": "um número inteiro a partir de 1", "usuario": "o campo uma só vez",
               "resultado": "obrigatório", "idTipoCanal": "1, 2, 3 ou 5",
               "dataInicioAtendimento": "data e hora existentes, AAAA-MM-DD HH:MM:SS"})
    );
    assert!(!r.text.contains("segredo") && !s.log().contains("segredo"));
}

#[test]
fn ap2_outra_campanha_responde_como_cliente_desconhecido_e_fica_na_auditoria() {
    let (b, s, t) = servido();
    let same = |a: Resposta, b: Resposta| {
        let erro = |r: Resposta| r.is(404).json()["erro"].clone();
        let (a, b) = (erro(a), erro(b));
        assert_eq!((&a, &a["codigo"]), (&b, &json!("CLIENTE_NAO_ENCONTRADO")));
    };
    let other = json!({"idCampanha": 2});
    let cases = [
        (TABULA, tabulacao(1, NAO_ATENDE, json!({})), "insertTabulacao"),
        (FONE, telefone(1, "981112222", json!({})), "inclusaoTelefone"),
        (EMAIL, json!({"idCampanha": 1, "idCrm": 1, "email": "a@b.co", "usuario": "a"}), "insertEmail"),
        (ENDERECO, json!({"idCampanha": 1, "idCrm": 1, "logradouro": "A", "usuario": "a"}), "insertEndereco"),
    ];
    for (path, body, _) in &cases {
        let unknown = com(body.clone(), json!({"idCrm": 999}));
        same(s.post(path, &t, &com(body.clone(), other.clone())), s.post(path, &t, &unknown));
    }
    let r = s.post(PROPOSTA, &t, &proposta("1001", other)).is(404);
    assert_eq!(r.codigo(), "CLIENTE_NAO_ENCONTRADO");
    s.get("/api/v1/listagemTabulacoesCampanha?idCampanha=2", &t).is(404);
    assert_eq!(contagem(&b), [0; 9]);
    s.term();
    let mut wanted: Vec<Value> =
        cases.iter().map(|(.., name)| json!([format!("{name}: outra campanha"), null])).collect();
    wanted.push(json!(["atualizarProposta: outra campanha", null]));
    wanted.push(json!(["listagemTabulacoesCampanha: outra campanha", null]));
    assert_eq!(
        linhas(&b, "SELECT o_que, ficha_id FROM auditoria WHERE quem LIKE 'portal:%' ORDER BY id"),
        Value::from(wanted)
    );
}

#[test]
fn o_contrato_de_outra_ficha_nao_e_encontrado() {
    let (b, s, t) = servido();
    for contrato in ["1002", "4444"] {
        let r = s.post(TABULA, &t, &tabulacao(1, NAO_ATENDE, json!({ "contrato": contrato }))).is(404);
        assert_eq!(r.codigo(), "CONTRATO_NAO_ENCONTRADO");
    }
    assert_eq!(contagem(&b), [0; 9]);
}

#[test]
fn ap11_o_que_nao_e_um_objeto_json_e_400() {
    let (b, s, t) = servido();
    for path in [TABULA, FONE, EMAIL, ENDERECO, PROPOSTA] {
        for body in ["", "{", "[]", "1", "null", "\"x\"", "{\"a\":1,}"] {
            assert_eq!(s.post_with(path, &t, &[], body.as_bytes()).is(400).codigo(), "JSON_INVALIDO", "{path} {body}");
        }
    }
    assert_eq!(contagem(&b), [0; 9]);
}

#[test]
fn um_campo_repetido_e_422_e_um_numero_longo_fica_inteiro() {
    let (b, s, t) = servido();
    let keys = r#""idCampanha":1,"idCrm":1,"usuario":"a","idTipoCanal":1"#;
    let tabula = |more: &str| s.post_with(TABULA, &t, &[], format!("{{{keys},{more}}}").as_bytes());
    for twice in [r#""resultado":1,"resultado":101"#, r#""resultado":101,"RESULTADO":101"#] {
        let r = tabula(twice).is(422);
        assert_eq!(r.json()["erro"]["campos"], json!({"resultado": "o campo uma só vez"}), "{twice}");
    }
    assert_eq!(campos(&tabula(r#""resultado":1e999"#).is(422)), ["resultado"]);
    // of what nobody asks for nobody says anything
    tabula(r#""resultado":101,"x":1,"x":2,"protocolo":20230804000000000001"#).is(201);
    assert_eq!(linhas(&b, "SELECT protocolo FROM tabulacao"), json!([["20230804000000000001"]]));
    let money =
        r#"{"contrato":"1001","usuario":"a","tipoAcordo":"Parcelamento","valorProposto":595.370000000000000001}"#;
    let r = s.post_with(PROPOSTA, &t, &[], money.as_bytes()).is(422);
    assert!(campos(&r).contains(&"valorProposto".to_owned()), "{}", r.text);
}

#[test]
fn ap12_sql_em_todo_campo_fica_como_texto() {
    let (b, s, t) = servido();
    let sql = "'; DROP TABLE tabulacao; --";
    let body = tabulacao(
        1,
        NAO_ATENDE,
        json!({"usuario": sql, "obs": sql, "attendanceId": sql, "protocolo": sql, "ticketId": "%", "parcela": "_",
               "telefoneTrabalhado": sql, "telefoneAgendado": "' or 1=1"}),
    );
    s.post_with(TABULA, &t, &[("Idempotency-Key", sql)], body.to_string().as_bytes()).is(201);
    s.post(FONE, &t, &telefone(1, "981112222", json!({"tipo": sql, "usuario": sql}))).is(201);
    let body = json!({"idCampanha": 1, "idCrm": 1, "tipo": sql, "logradouro": sql, "numero": "'\"", "complemento": sql,
                      "bairro": sql, "cidade": sql, "usuario": sql});
    s.post(ENDERECO, &t, &body).is(201);
    s.post(PROPOSTA, &t, &proposta("1001", json!({"usuario": sql, "parcela": sql, "negParcelas": [sql]}))).is(201);
    assert_eq!(s.post(PROPOSTA, &t, &proposta("' or 1=1", json!({}))).is(404).codigo(), "CONTRATO_NAO_ENCONTRADO");
    assert_eq!(
        linhas(&b, "SELECT usuario, obs, attendance_id, protocolo, ticket_id, parcela, fone, agendado FROM tabulacao"),
        json!([[sql, sql, sql, sql, "%", "_", sql, "' or 1=1"]])
    );
    assert_eq!(linhas(&b, "SELECT tipo, usuario FROM portal_telefone"), json!([[sql, sql]]));
    assert_eq!(linhas(&b, "SELECT logradouro, numero, cidade FROM portal_endereco"), json!([[sql, "'\"", sql]]));
    assert_eq!(linhas(&b, "SELECT usuario FROM proposta"), json!([[sql]]));
    assert_eq!(contagem(&b), [1, 1, 0, 1, 1, 0, 0, 0, 1]);
}

#[test]
fn ap16_um_campo_a_mais_num_post_nao_grava_nada_e_a_resposta_e_so_o_id() {
    let (b, s, t) = servido();
    let more = json!({"id": 77, "ficha_id": 2, "idFicha": 2, "origem": "WEBHOOK", "em": "1999-01-01T00:00:00-03:00", "nome": "outro",
        "boleto": 1, "nao_contatar": "S", "workflow": "REFIN", "quem": "admin", "lista": 0, "run": 9, "campos": "{}", "__proto__": {}});
    let email = json!({"idCampanha": 1, "idCrm": 1, "email": "ana@exemplo.com.br", "usuario": "ana.lima"});
    let address = json!({"idCampanha": 1, "idCrm": 1, "tipo": "Residencial", "logradouro": "Rua A", "numero": "1",
        "cidade": "São Paulo", "uf": "SP", "usuario": "ana.lima"});
    for (path, body) in [
        (TABULA, tabulacao(1, NAO_ATENDE, more.clone())),
        (FONE, telefone(1, "981112222", more.clone())),
        (EMAIL, com(email, more.clone())),
        (ENDERECO, com(address, more.clone())),
        (PROPOSTA, proposta("1001", more.clone())),
    ] {
        assert_eq!(s.post(path, &t, &body).is(201).json(), json!({"id": 1}), "{path}");
    }
    for table in ["tabulacao", "portal_telefone", "portal_email", "portal_endereco", "proposta"] {
        assert_eq!(linhas(&b, &format!("SELECT id, ficha_id FROM {table}")), json!([[1, 1]]), "{table}");
        assert_eq!(linhas(&b, &format!("SELECT count(*) FROM {table} WHERE em LIKE '1999%'")), json!([[0]]), "{table}");
    }
    assert_eq!(linhas(&b, "SELECT origem, nome, boleto FROM tabulacao"), json!([["PORTAL", "Não atende", 0]]));
    assert_eq!(linhas(&b, "SELECT count(*) FROM nao_contatar"), json!([[0]]));
    assert_eq!(linhas(&b, "SELECT count(*) FROM workflow"), json!([[0]]));
    assert_eq!(
        linhas(&b, "SELECT DISTINCT quem FROM auditoria WHERE quem NOT LIKE 'cli:%'"),
        json!([["portal:teste-portal usuario:ana.lima"]])
    );
}
