//! Who is written to and when: HS10, HS11, HS15, the window, the validity, pause and rehearsal.

use super::*;

#[test]
fn hs10_o_mesmo_numero_e_jornada_uma_vez_no_dia() {
    let stub = Omne::sobe();
    stub.roteiro([Faz::Responde(200), Faz::Responde(500)]);
    let mut b = bed(&stub, 4, "validade_horas = 200");
    let line = |c: u64, n: u64, j: u64| format!("{c};{};Ana;jornada{j}\r\n", fone(n));
    // two contracts share number 1; number 2 is first answered with 500; number 1 has another journey as well
    massiva(
        &b,
        "20230804_081500_massiva_whatsapp.csv",
        &[line(1001, 1, 1), line(1002, 2, 1), line(1003, 1, 1), line(1004, 2, 1), line(1002, 1, 2)].concat(),
    );
    let out = envia(&b).exits(3);
    assert_eq!(out.json()[0]["cancelled"], json!({"REPETIDA": 2}));
    assert_eq!(estados(&b), ["ACEITA", "INCERTA", "REPETIDA", "REPETIDA", "ACEITA"]);
    // another file on the same day, then on the next
    massiva(&b, "20230804_091500_massiva_whatsapp.csv", &line(1001, 1, 1));
    assert_eq!(envia(&b).exits(0).json()[0]["cancelled"], json!({"REPETIDA": 1}));
    b.at("2023-08-07T09:00:00");
    massiva(&b, "20230807_081500_massiva_whatsapp.csv", &line(1001, 1, 1));
    assert_eq!(conta(&envia(&b).exits(0)), (1, 0, 0, 0));
    assert_eq!(stub.entregues(), [numero(1), numero(1), numero(1)]);
}

#[test]
fn hs10_uma_falha_nao_conta_como_enviada() {
    let stub = Omne::sobe();
    stub.roteiro([Faz::Responde(422)]);
    let b = bed(&stub, 2, "");
    massiva(
        &b,
        "20230804_081500_massiva_whatsapp.csv",
        &format!("1001;{0};Ana;jornada1\r\n1002;{0};Ana;jornada1\r\n", fone(1)),
    );
    assert_eq!(conta(&envia(&b).exits(3)), (1, 1, 0, 0));
}

#[test]
fn hs11_linha_sem_nome_numero_ou_jornada_nunca_sai() {
    let stub = Omne::sobe();
    let b = pronto(&stub, 4, "");
    for (id, set) in [(1, "nome='  '"), (2, "fone='551132145678'"), (3, "jornada='jornada3'"), (4, "contrato_id=99")] {
        atendimento(&b).execute(&format!("UPDATE hsm SET {set} WHERE id={id}"), []).unwrap();
    }
    assert_eq!(envia(&b).exits(0).json()[0]["cancelled"], json!({"DADOS": 3, "SITUACAO": 1}));
    assert_eq!(stub.quantos(), 0);
}

#[test]
fn hs15_contrato_bloqueado_ou_baixado_depois_da_importacao_nao_recebe() {
    let stub = Omne::sobe();
    let b = pronto(&stub, 4, "");
    for (n, state) in [(1, "BLOQUEADO"), (2, "BAIXADO"), (3, "EXCLUIDO")] {
        b.db().execute("UPDATE contrato SET situacao=?1 WHERE chave=?2", (state, (1000 + n).to_string())).unwrap();
    }
    assert_eq!(envia(&b).exits(0).json()[0]["cancelled"], json!({"SITUACAO": 3}));
    assert_eq!((stub.entregues(), marcas(&b)), (vec![numero(4)], vec![COM_SUCESSO.to_owned()]));
}

#[test]
fn hs15_uma_exclusao_importada_depois_da_massiva_a_detem() {
    let stub = Omne::sobe();
    let b = pronto(&stub, 2, "");
    b.db().execute("UPDATE cadastro SET flag_nao_perturbe='S' WHERE contrato_id=2", []).unwrap();
    let line = [("contrato", "1001"), ("data_movimento", "20230803"), ("tipo_movimento", "E")];
    let f = b.file("20230803_210000_baixa_528_out.528", &b.line("exclusao", 0, &line));
    let r = b.json(&["import", "exclusao", &f]).report();
    assert_eq!(r["effects"]["exclusoes"], 1, "{r}");
    assert_eq!(envia(&b).exits(0).json()[0]["cancelled"], json!({"NAO_CONTATAR": 1, "SITUACAO": 1}));
    assert_eq!(stub.quantos(), 0);
}

#[test]
fn nao_contatar_por_marca_tabulacao_ou_lista_e_visto_no_envio() {
    let stub = Omne::sobe();
    let b = pronto(&stub, 6, "");
    b.db().execute("UPDATE cadastro SET flag_falecido='S' WHERE contrato_id=1", []).unwrap();
    b.file("bloqueados.txt", fone(2).as_bytes());
    // the last tabulation that says something counts
    for (ficha, valor) in [(3, "S"), (4, "N")] {
        let sql =
            "INSERT INTO nao_contatar (ficha_id, valor, tabulacao_id, em) VALUES (?1, ?2, 1, '2023-08-04 10:00:00')";
        atendimento(&b).execute(sql, (ficha, valor)).unwrap();
    }
    // a remessa by now calls the number a reference's
    let sql =
        "INSERT INTO telefone (ficha_id, origem, contrato_id, ordem, fone, tipo, run) VALUES (5, 0, 5, 1, ?1, 'RF', 1)";
    b.db().execute(sql, [fone(5)]).unwrap();
    assert_eq!(envia(&b).exits(0).json()[0]["cancelled"], json!({"NAO_CONTATAR": 3, "TELEFONE_DE_TERCEIRO": 1}));
    assert_eq!(stub.entregues(), [numero(4), numero(6)]);
}

#[test]
fn hs15_um_numero_bloqueado_durante_o_envio_nao_recebe() {
    let stub = Omne::sobe();
    stub.roteiro([Faz::Demora(Duration::from_millis(1500))]);
    let b = pronto(&stub, 3, "");
    let child = b.cmd(&["--json", "send-hsm"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    servidor::espera(|| stub.quantos() == 1);
    b.file("bloqueados.txt", fone(2).as_bytes());
    let out: Out = child.wait_with_output().unwrap().into();
    assert_eq!(out.exits(0).json()[0]["cancelled"], json!({"NAO_CONTATAR": 1}));
    assert_eq!(stub.entregues(), [numero(1), numero(3)]);
}

#[test]
fn nao_contatar_levantado_durante_o_envio_deixa_a_mensagem_ir() {
    let stub = Omne::sobe();
    stub.roteiro([Faz::Demora(Duration::from_millis(1500))]);
    let b = pronto(&stub, 2, "");
    let sql = "INSERT INTO nao_contatar (ficha_id, valor, tabulacao_id, em) VALUES (2, 'S', 1, '2023-08-04 10:00:00')";
    atendimento(&b).execute(sql, []).unwrap();
    let mut child = b.cmd(&["-q", "send-hsm"]).spawn().unwrap();
    servidor::espera(|| stub.quantos() == 1);
    atendimento(&b).execute("UPDATE nao_contatar SET valor='N'", []).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(stub.entregues(), [numero(1), numero(2)]);
}

#[test]
fn fora_da_janela_nada_sai_e_a_hora_e_a_do_ddd() {
    let stub = Omne::sobe();
    let mut b = bed(&stub, 3, "validade_horas = 200");
    let lines: String =
        [(1, 11), (2, 68), (3, 65)].map(|(c, ddd)| format!("100{c};{ddd}98111222{c};Ana;jornada1\r\n")).concat();
    massiva(&b, "20230804_021500_massiva_whatsapp.csv", &lines);
    let mut at = |when: &str| {
        b.at(when);
        let out = envia(&b).exits(0);
        assert_eq!(out.json()[0]["cancelled"], json!({}), "{when}");
        conta(&out).0
    };
    for shut in ["2023-08-04T07:59:00", "2023-08-04T22:30:00", "2023-08-05T16:30:00", "2023-08-06T11:00:00"] {
        assert_eq!(at(shut), 0, "{shut}");
    }
    assert_eq!(at("2023-08-07T08:00:00"), 1);
    assert_eq!(at("2023-08-07T08:59:00"), 0);
    assert_eq!(at("2023-08-07T09:00:00"), 1);
    assert_eq!(at("2023-08-07T10:00:00"), 1);
    assert_eq!(stub.entregues(), ["5511981112221", "5565981112223", "5568981112222"]);
}

#[test]
fn feriado_fecha_a_janela() {
    let stub = Omne::sobe();
    let mut b = pronto(&stub, 1, "validade_horas = 2000");
    b.at("2023-09-07T11:00:00");
    assert_eq!(conta(&envia(&b).exits(0)), (0, 0, 0, 1));
    b.config(&config(&url(&stub), "validade_horas = 2000", "[calendario]\nferiados = [\"2023-09-08\"]\n"));
    b.at("2023-09-08T11:00:00");
    assert_eq!(conta(&envia(&b).exits(0)), (0, 0, 0, 1));
    b.config(&config(&url(&stub), "validade_horas = 2000", "[omne.janela]\nferiados = true\n"));
    assert_eq!(conta(&envia(&b).exits(0)), (1, 0, 0, 0));
}

#[test]
fn depois_de_validade_horas_e_vencida() {
    let stub = Omne::sobe();
    let mut b = bed(&stub, 2, "validade_horas = 24");
    enfileira(&b, [1]);
    b.at("2023-08-05T10:30:00");
    massiva(&b, "20230805_081500_massiva_whatsapp.csv", &format!("1002;{};Bia;jornada1\r\n", fone(2)));
    b.at("2023-08-05T11:05:00");
    let out = envia(&b).exits(0);
    assert_eq!((conta(&out), &out.json()[0]["cancelled"]), ((1, 0, 0, 0), &json!({"VENCIDA": 1})));
    assert_eq!(stub.entregues(), [numero(2)]);
}

#[test]
fn hs15_pausa_vale_antes_da_proxima_mensagem() {
    let stub = Omne::sobe();
    stub.sempre(Faz::Demora(Duration::from_millis(300)));
    let b = pronto(&stub, 30, "");
    let child = b.cmd(&["--json", "send-hsm"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    servidor::espera(|| stub.quantos() >= 2);
    b.atom(&["hsm", "pause"]).exits(0);
    let under_way = stub.quantos();
    let out: Out = child.wait_with_output().unwrap().into();
    assert_eq!(out.exits(0).json()[0]["stopped"], "PAUSADA");
    assert!(stub.quantos() <= under_way + 1, "{under_way} {}", stub.quantos());
    let sent = stub.quantos();
    assert!(b.atom(&["send-hsm"]).exits(0).stderr.contains("atom hsm pause --resume"));
    b.atom(&["run"]).exits(0);
    assert!(b.atom(&["status"]).exits(0).stdout.contains("envio pausado desde 04/08 11:00"));
    assert_eq!(stub.quantos(), sent);
    b.atom(&["hsm", "pause", "--resume"]).exits(0);
    stub.sempre(Faz::Responde(200));
    assert_eq!(conta(&envia(&b).exits(0)).3, 0);
    assert_eq!(stub.entregues().len(), 30);
    assert_eq!(linhas(&b, "SELECT o_que FROM auditoria ORDER BY id"), ["hsm pause", "hsm pause --resume"]);
}

#[test]
fn o_ensaio_mostra_o_que_iria_e_nao_envia_nem_grava() {
    let stub = Omne::sobe();
    let b = pronto(&stub, 4, "");
    massiva(
        &b,
        "20230804_091500_massiva_whatsapp.csv",
        &format!("1001;{};Ana;jornada2\r\n1002;{0};Bia;jornada2\r\n", fone(2)),
    );
    b.db().execute("UPDATE contrato SET situacao='BLOQUEADO' WHERE chave='1003'", []).unwrap();
    let before = linhas(&b, "SELECT id||estado||tentativas FROM hsm");
    let out = b.json(&["send-hsm", "--dry-run"]).exits(0);
    assert_eq!((conta(&out), &out.json()[0]["cancelled"]), ((3, 0, 0, 0), &json!({"REPETIDA": 2, "SITUACAO": 1})));
    assert_eq!(conta(&b.json(&["send-hsm", "--dry-run", "--limit", "2"]).exits(0)).0, 2);
    assert!(b.atom(&["send-hsm", "--dry-run"]).exits(0).stdout.contains("a enviar 3"));
    assert_eq!((linhas(&b, "SELECT id||estado||tentativas FROM hsm"), stub.quantos()), (before, 0));
    assert!(!b.names("store").iter().any(|n| n.starts_with("hsm.journal")), "not even the journal");
    // and the run does what it said
    assert_eq!(conta(&envia(&b).exits(0)), (3, 0, 0, 0));
}

#[test]
fn a_lista_e_a_mensagem_nao_mostram_dados_pessoais() {
    let stub = Omne::sobe();
    let b = pronto(&stub, 2, "");
    envia(&b).exits(0);
    let all = [
        b.atom(&["hsm", "list"]).exits(0).stdout,
        b.json(&["hsm", "list"]).exits(0).stdout,
        b.atom(&["hsm", "show", "1"]).exits(0).stdout,
        b.json(&["hsm", "show", "1"]).exits(0).stdout,
    ];
    for text in &all {
        assert!(!text.contains(&fone(1)) && !text.contains("Nome 1") && !text.contains("success"), "{text}");
        assert!(text.contains("ACEITA") && text.contains("1001"), "{text}");
    }
    assert!(all[2].contains("(11) *****-0001"), "{}", all[2]);
    let shown = b.json(&["hsm", "show", "1", "--show-pii"]).exits(0).json();
    assert_eq!((&shown[0]["fone"], &shown[0]["nome"]), (&json!(numero(1)), &json!("Nome 1")));
    assert_eq!(linhas(&b, "SELECT o_que||ficha_id FROM auditoria"), ["hsm show --show-pii1"]);
    b.atom(&["hsm", "show", "77"]).exits(2);
    b.atom(&["hsm", "list", "--state", "talvez"]).exits(2);
    assert!(b.atom(&["hsm", "list", "--state", "falha"]).exits(0).stdout.contains("nenhuma"));
}

#[test]
fn status_conta_por_jornada() {
    let stub = Omne::sobe();
    stub.roteiro([Faz::Responde(200), Faz::Responde(422)]);
    let b = pronto(&stub, 3, "");
    b.json(&["send-hsm", "--limit", "2"]).exits(3);
    let s: Value = b.json(&["status"]).exits(0).json()[0].clone();
    assert_eq!((&s["hsm"]["ACEITA"], &s["hsm"]["FALHA"], &s["hsm"]["PENDENTE"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!(s["hsm_journeys"]["jornada1"]["PENDENTE"], 1);
    assert_eq!(s["hsm_journeys"]["jornada2"]["FALHA"], 1);
    let text = b.atom(&["status"]).exits(0).stdout;
    assert!(text.contains("jornada1 PENDENTE 1 · ACEITA 1") && text.contains("jornada2 FALHA 1"), "{text}");
}
