//! What was sent and said: R035, R036, UC009, UC015, retorno.

use super::*;

#[test]
fn r035_o_historico_de_email_marca_a_ficha_do_cpf() {
    let b = bed();
    let unknown = cpf(9);
    let text = email(&[
        ("E1", &cpf(1), "03/08/2023 08:00:00"),
        ("E2", &format!("000{}", cpf(2)), "03/08/2023 08:01:00"),
        ("E3", &unknown, "03/08/2023 08:02:00"),
    ]);
    let r = massiva(&b, EMAIL, &text, 3);
    assert_eq!((&r["lines"]["created"], &r["lines"]["rejected"]), (&json!(2), &json!({"CPF_DESCONHECIDO": 1})));
    assert_eq!(
        rows(&b, "SELECT ficha_id, contrato_id, em, texto FROM marca"),
        ["1|0|2023-08-03 08:00:00|Ação Massiva – Email", "2|0|2023-08-03 08:01:00|Ação Massiva – Email"]
    );
    let errors = b.read("erros", &format!("{EMAIL}.erros.csv"));
    assert!(errors.contains(";4;;cpf;CPF_DESCONHECIDO;") && !errors.contains(&unknown), "{errors}");
}

#[test]
fn r036_o_historico_de_sms_marca_todo_contrato_de_quem_lista_o_telefone_em_qualquer_situacao() {
    let b = bed();
    b.db().execute("UPDATE contrato SET situacao='EXCLUIDO' WHERE chave='1002'", []).unwrap();
    let line = |n: &str, at: &str| format!("S;{n};{at};oi\r\n");
    let head = "PROTOCOLO;TELEFONE;DATA_ENVIO;MENSAGEM\r\n";
    let text = format!(
        "{head}{}{}{}{}",
        line(CELULAR, "03/08/2023 09:00:00"),
        line(REFERENCIA, "03/08/2023 09:00:00"),
        line(CONJUGE, "03/08/2023 09:00:00"),
        line("21999990000", "03/08/2023 09:00:00")
    );
    let r = massiva(&b, SMS, &text, 3);
    assert_eq!((&r["lines"]["created"], &r["lines"]["rejected"]), (&json!(1), &json!({"TELEFONE_DESCONHECIDO": 3})));
    assert_eq!(
        rows(&b, "SELECT ficha_id, contrato_id, texto FROM marca"),
        ["1|1|Ação Massiva – SMS", "1|2|Ação Massiva – SMS"]
    );
}

/// Enrichment gave the number a score while the remessa listed it: what stays of that lists nothing by itself.
#[test]
fn um_telefone_de_que_so_resta_o_score_nao_e_de_ninguem() {
    let mut b = Bed::with("[dia]\nobrigatorios = []");
    importa(&b, "remessa", REMESSA, &String::from_utf8(b.remessa("1001", &cpf(1), &fones())).unwrap(), 0);
    let scored = format!("CPF;CONTRATO;TELEFONE1;SCORE1\r\n{};1001;{CELULAR};90\r\n", cpf(1));
    importa(&b, "telefones", "telefones_carteira_veic_040823090000.csv", &scored, 0);
    let sms = |p: &str| format!("PROTOCOLO;TELEFONE;DATA_ENVIO\r\n{p};{CELULAR};03/08/2023 09:00:00\r\n");
    assert_eq!(massiva(&b, SMS, &sms("S1"), 0)["lines"]["created"], 1);
    // the next remessa has it as the spouse's alone
    let fields = [("conjuge_ddd_celular", "011"), ("conjuge_celular", "0981112222")];
    let next = String::from_utf8(b.remessa("1001", &cpf(1), &fields)).unwrap();
    importa(&b, "remessa", "20230804_203000_remessa_528_out.528", &next, 0);
    b.at("2023-08-07T11:30:00");
    let r = massiva(&b, "20230807_100000_massiva_sms.csv", &sms("S2"), 3);
    assert_eq!(r["lines"]["rejected"], json!({"TELEFONE_DESCONHECIDO": 1}));
    let text = format!("CONTRATO;NUMERO;NOME;JORNADA\r\n1001;{CELULAR};MARIA;jornada1\r\n");
    let r = massiva(&b, "20230807_101500_massiva_whatsapp.csv", &text, 3);
    assert_eq!(r["lines"]["rejected"], json!({"TELEFONE_DE_TERCEIRO": 1}));
}

#[test]
fn um_telefone_de_duas_fichas_marca_as_duas_e_o_invalido_nenhuma() {
    let b = Bed::new();
    let mut f = b.remessa("1001", &cpf(1), &fones());
    f.extend(b.remessa("2001", &cpf(2), &fones()));
    let mut gone = fones();
    gone.push(("telefone_1_situacao", "I"));
    f.extend(b.remessa("3001", &cpf(3), &gone));
    importa(&b, "remessa", REMESSA, &String::from_utf8(f).unwrap(), 0);
    let text = format!("PROTOCOLO;TELEFONE;DATA_ENVIO\r\n;{CELULAR};03/08/2023 09:00:00\r\n");
    massiva(&b, SMS, &text, 0);
    assert_eq!(rows(&b, "SELECT ficha_id FROM massiva ORDER BY ficha_id"), ["1", "2"]);
}

#[test]
fn reimportar_nao_dobra_o_historico_venha_em_que_arquivo_vier() {
    let b = bed();
    let line = ("E1", cpf(1));
    let one = email(&[(line.0, &line.1, "03/08/2023 08:00:00")]);
    massiva(&b, EMAIL, &one, 0);
    // the same day in another file, another day with the same content, twice in one file
    let r = massiva(&b, "20230804_094500_massiva_email.csv", &one.replace("\r\n", "\n"), 0);
    assert_eq!((&r["lines"]["created"], &r["lines"]["unchanged"]), (&json!(0), &json!(1)));
    let r = massiva(&b, "20230807_093000_massiva_email.csv", &one, 0);
    assert_eq!((r["state"].as_str(), &r["lines"]["unchanged"]), (Some("done"), &json!(1)));
    let new = ("E1", "03/08/2023 08:00:01");
    let twice = email(&[(new.0, &line.1, new.1), (new.0, &line.1, new.1)]);
    let r = massiva(&b, "20230804_095000_massiva_email.csv", &twice, 0);
    assert_eq!((&r["lines"]["created"], &r["lines"]["unchanged"]), (&json!(1), &json!(1)));
    assert_eq!(rows(&b, "SELECT count(*) FROM massiva"), ["2"]);

    let sms = |p: &str, at: &str| format!("PROTOCOLO;TELEFONE;DATA_ENVIO\r\n{p};{CELULAR};03/08/2023 {at}\r\n");
    massiva(&b, SMS, &sms("S1", "09:00:00"), 0);
    assert_eq!(massiva(&b, "20230804_101000_massiva_sms.csv", &sms("S1", "09:00:00 "), 0)["lines"]["unchanged"], 1);
    assert_eq!(massiva(&b, "20230804_102000_massiva_sms.csv", &sms("S2", "09:00:00"), 0)["lines"]["created"], 1);
    assert_eq!(massiva(&b, "20230804_103000_massiva_sms.csv", &sms("S1", "09:00:01"), 0)["lines"]["created"], 1);
    // two contracts list the number
    assert_eq!(rows(&b, "SELECT count(*) FROM massiva WHERE canal='SMS'"), ["6"]);
}

fn carga(b: &Bed) -> Vec<(String, String)> {
    for k in ["parcelas", "garantias"] {
        b.atom(&["day", "waive", k, "--reason", "x"]).exits(0);
    }
    b.atom(&["-q", "run"]);
    let text = b.read("manager", &b.names("manager")[0]);
    let row = |l: &str| {
        let cells: Vec<&str> = l.split(';').collect();
        (cells[1].to_owned(), cells[13].to_owned())
    };
    text.lines().skip(1).map(row).collect()
}

#[test]
fn marca_massiva_na_carga_e_a_ultima_por_envio_do_contrato_ou_da_ficha() {
    let b = Bed::new();
    let mut f = Vec::new();
    for n in 1..=5u64 {
        let number = format!("098111222{n}");
        let own = [("telefone_1_tipo", "CE"), ("telefone_1_ddd", "011"), ("telefone_1_numero", number.as_str())];
        f.extend(b.remessa(&format!("{n}001"), &cpf(n), &own));
    }
    importa(&b, "remessa", REMESSA, &String::from_utf8(f).unwrap(), 0);
    let sms = |n: u32, at: &str| format!("S{n};1198111222{n};{at}\r\n");
    // 1: SMS is later; 2: e-mail is later, imported first; 3: only SMS; 4: a later file brings an older e-mail
    let text = format!(
        "PROTOCOLO;TELEFONE;DATA_ENVIO\r\n{}{}{}",
        sms(1, "03/08/2023 10:00:00"),
        sms(2, "03/08/2023 07:00:00"),
        sms(3, "03/08/2023 07:00:00")
    );
    let mails = email(&[
        ("E1", &cpf(1), "03/08/2023 09:00:00"),
        ("E2", &cpf(2), "03/08/2023 09:00:00"),
        ("E4", &cpf(4), "03/08/2023 09:00:00"),
    ]);
    massiva(&b, EMAIL, &mails, 0);
    massiva(&b, SMS, &text, 0);
    massiva(&b, "20230804_103000_massiva_email.csv", &email(&[("E5", &cpf(1), "01/08/2023 09:00:00")]), 0);
    let (mail, text) = ("Ação Massiva – Email", "Ação Massiva – SMS");
    let want = [("1001", text), ("2001", mail), ("3001", text), ("4001", mail), ("5001", "")];
    let got = carga(&b);
    assert_eq!(got.iter().map(|(c, m)| (c.as_str(), m.as_str())).collect::<Vec<_>>(), want);
}

#[test]
fn a_marca_de_sms_e_do_contrato_da_linha() {
    let b = bed();
    // only 1001 carries the phones; both contracts of the ficha are marked, and so is the one that is dialled
    massiva(&b, SMS, &format!("TELEFONE;DATA_ENVIO\r\n{CELULAR};03/08/2023 09:00:00\r\n"), 0);
    atendimento(&b)
        .execute("UPDATE marca SET texto='outra', em='2023-08-09 00:00:00' WHERE contrato_id=2", [])
        .unwrap();
    let dialled = carga(&b)[0].clone();
    assert_eq!(dialled.0, "0001002", "the first of equals by its text");
    assert_eq!(dialled.1, "Ação Massiva – SMS");
}

#[test]
fn uc009_o_historico_aparece_no_cliente_e_conta_em_acionamentos() {
    let b = bed();
    massiva(&b, EMAIL, &email(&[("E1", &cpf(1), "03/08/2023 08:00:00")]), 0);
    massiva(&b, SMS, &format!("PROTOCOLO;TELEFONE;DATA_ENVIO;MENSAGEM\r\nS1;{CELULAR};03/08/2023 09:00:00;oi\r\n"), 0);
    importa(
        &b,
        "retorno",
        RETORNO,
        &format!("ID_CRM;TELEFONE;STATUS;DATA_HORA\r\n1;{CELULAR};OCUPADO;04/08/2023 10:01:02\r\n"),
        0,
    );
    massiva(&b, WHATSAPP, &whatsapp(&[("1001", CELULAR, "Ana", "jornada1")]), 0);
    let get = |args: &[&str]| b.json(args).exits(0).stdout;
    let v: Value = serde_json::from_str(&get(&["get", "1", "--by", "idcrm", "--show-pii"])).unwrap();
    let c = &v["clientes"][0];
    assert_eq!(
        c["historicoMassivoEmail"],
        json!([{"protocolo": "E1", "email": "ana@x.example", "dataEnvio": "2023-08-03 08:00:00"}])
    );
    let sms = |contract: &str| json!({"protocolo": "S1", "dataEnvio": "2023-08-03 09:00:00", "telefone": CELULAR, "mensagem": "oi", "contrato": contract});
    assert_eq!(c["historicoMassivoSms"], json!([sms("0001002"), sms("1001")]));
    let call = &c["historico_atendimento"][0];
    assert_eq!(
        (&call["dataCadastro"], &call["horario"], &call["ocorrencia"], &call["numeroDiscado"]),
        (&json!("2023-08-04"), &json!("10:01:02"), &json!("OCUPADO"), &json!(CELULAR))
    );
    // one e-mail, one SMS on two contracts, one call; a message that only waits is none
    assert_eq!(c["mailing"]["acionamentos"], 4);
    let masked = get(&["get", "1", "--by", "idcrm"]);
    for secret in ["ana@x", "981112222", "\"oi\""] {
        assert!(!masked.contains(secret), "{secret}: {masked}");
    }
    assert!(masked.contains("a***@x***") && masked.contains("(11) *****-2222"), "{masked}");
    assert!(b.atom(&["get", "1", "--by", "idcrm"]).exits(0).stdout.contains("Acionamentos: 4"));
}

#[test]
fn retorno_de_cliente_desconhecido_e_rejeitado_sem_contar_para_o_limite() {
    let b = bed();
    let mut text = "id_crm;telefone;status;data_hora\r\n".to_owned();
    for n in 100..130 {
        text.push_str(&format!("{n};{CELULAR};ATENDIDO;04/08/2023 10:00:00\r\n"));
    }
    text.push_str(&format!("2;{CELULAR};ATENDIDO;04/08/2023 10:00:00\r\n"));
    let r = importa(&b, "retorno", RETORNO, &text, 3);
    assert_eq!((&r["lines"]["created"], &r["lines"]["rejected"]), (&json!(1), &json!({"CLIENTE_DESCONHECIDO": 30})));
    for (line, code) in [
        ("2;x;ATENDIDO;04/08/2023 10:00:00".to_owned(), "TELEFONE_INVALIDO"),
        (format!("2;{CELULAR};;04/08/2023 10:00:00"), "CAMPO_OBRIGATORIO"),
        (format!("2;{CELULAR};ATENDIDO;31/02/2023 10:00:00"), "DATA_INVALIDA"),
        (format!("(11) 98111-2222;{CELULAR};ATENDIDO;04/08/2023 10:00:00"), "NUMERO_INVALIDO"),
    ] {
        let name = format!("20230804_1101{:02}_manager_retorno.csv", line.len() % 60);
        let r = importa(&b, "retorno", &name, &format!("ID_CRM;TELEFONE;STATUS;DATA_HORA\n{line}\n"), 3);
        assert_eq!(r["lines"]["rejected"], json!({code: 1}), "{line}");
        assert!(!b.read("erros", &format!("{name}.erros.csv")).contains("98111"), "{line}");
    }
    // the same call in another file is there already
    let again = format!("ID_CRM;TELEFONE;STATUS;DATA_HORA\n2;{CELULAR};ATENDIDO;04/08/2023 10:00:00\n");
    assert_eq!(importa(&b, "retorno", "20230807_110000_manager_retorno.csv", &again, 0)["lines"]["unchanged"], 1);
    assert_eq!(rows(&b, "SELECT count(*) FROM retorno"), ["1"]);
}

#[test]
fn in4_um_arquivo_e_curto_ao_lado_do_anterior_do_mesmo_layout() {
    let b = bed();
    let mails: Vec<(&str, String, &str)> = (1..=9).map(|_| ("E", cpf(1), "03/08/2023 08:00:00")).collect();
    let mails: Vec<(&str, &str, &str)> = mails.iter().map(|(p, c, d)| (*p, c.as_str(), *d)).collect();
    massiva(&b, EMAIL, &email(&mails), 0);
    let text = format!("TELEFONE;DATA_ENVIO\r\n{CELULAR};03/08/2023 09:00:00\r\n");
    assert_eq!(massiva(&b, SMS, &text, 0)["warnings"], json!({}));
    let r = massiva(&b, "20230804_094000_massiva_email.csv", &email(&mails[..2]), 0);
    assert_eq!(r["warnings"], json!({"ARQUIVO_CURTO": 1}));
}
