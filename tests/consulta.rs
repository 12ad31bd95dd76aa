//! The look-up whole (UC009): everything that is known of a client, by HTTP, by `atom get`, masked and not.

use crate::support::serve::*;
use crate::support::*;
use rusqlite::Connection;
use serde_json::{Value, json};
use std::path::Path;

const SEM_PORTOES: &str = "[dia]\nobrigatorios = []";
/// The client's, a reference's by its type, one that the Portal brought, one of the files that the Portal scored.
const CELULAR: &str = "11981112222";
const REFERENCIA: &str = "11987654321";
const DO_PORTAL: &str = "21976543210";

fn importa(b: &Bed, kind: &str, name: &str, bytes: &[u8]) {
    let f = b.file(name, bytes);
    b.atom(&["import", kind, &f]).exits(0);
}

fn atendimento(b: &Bed) -> Connection {
    Connection::open(b.root.join("store/atendimento.db")).unwrap()
}

/// At 11:30 of the day one client of two contracts, 1001 ATIVO and 1002 BLOQUEADO, with a row of everything that files
/// bring.
fn dos_arquivos(b: &mut Bed) {
    let contacts = [
        ("conjuge_nome", "JOSE DE TAL"),
        ("conjuge_ddd_celular", "011"),
        ("conjuge_celular", "0976543210"),
        ("telefone_1_tipo", "CE"),
        ("telefone_1_ddd", "011"),
        ("telefone_1_numero", "0981112222"),
        ("telefone_1_situacao", "A"),
        ("telefone_2_tipo", "RF"),
        ("telefone_2_ddd", "011"),
        ("telefone_2_numero", "0987654321"),
        ("telefone_3_tipo", "CO"),
        ("telefone_3_ddd", "011"),
        ("telefone_3_numero", "0032145678"),
        ("email_1", "fulano@exemplo.com.br"),
        ("endereco_1_tipo", "RE"),
        ("endereco_1_logradouro", "RUA DAS FLORES"),
        ("endereco_1_numero", "10"),
        ("endereco_1_cidade", "SANTOS"),
        ("endereco_1_uf", "SP"),
        ("endereco_1_cep", "11000000"),
    ];
    let remessa = [b.remessa("1001", &cpf(1), &contacts), b.remessa("1002", &cpf(1), &[("dias_atraso", "200")])];
    importa(b, "remessa", REMESSA, &remessa.concat());
    let parcelas = [b.parcela("1001", "11", &[]), b.parcela("1001", "12", &[("data_vencimento", "20230901")])];
    importa(b, "parcelas", PARCELAS, &parcelas.concat());
    let vehicle = [
        ("tipo_registro", "1"),
        ("codigo_assessoria", ASCOB),
        ("contrato", "1001"),
        ("sequencia_garantia", "1"),
        ("marca", "FIAT"),
        ("modelo", "UNO MILLE"),
        ("ano_fabricacao", "2018"),
        ("ano_modelo", "2019"),
        ("valor_bem", "2345678"),
    ];
    let guarantor = [
        ("tipo_registro", "3"),
        ("codigo_assessoria", ASCOB),
        ("contrato", "1001"),
        ("sequencia_garantia", "1"),
        ("nome_garantidor", "BELTRANO"),
        ("telefone", "11955556666"),
    ];
    importa(
        b,
        "garantias",
        GARANTIAS,
        &[b.line("garantias", 0, &vehicle), b.line("garantias", 2, &guarantor)].concat(),
    );
    let phones = format!("CPF;CONTRATO;TELEFONE1;SCORE1\r\n{};1001;2133334444;70\r\n", cpf(1));
    importa(b, "telefones", "telefones_carteira_veic_030823211000.csv", phones.as_bytes());
    let refin = "CONTRATO;FX_ATRASO;COLLECTION;QTD_PARCELAS_VENCIDAS;QTD_PARCELAS_VENCER;QTD_PARCELAS_ABERTO;\
                 PLANO_ORIGINAL;PARCELA_ORIGINAL;ENTRADA_REFIN;PLANO_REFIN;QTD_PARC_REFIN;PARCELA_REFIN;\
                 TOTAL_REFINANCIADO;JURO_MENSAL;CET_ANUAL;VENC_PRIMEIRA_PARCELA;VENC_ULT_PARCELA;ESCOB;PRIORIDADE\r\n\
                 1001;d) 91 a 120;01, Melhor;4;36;40;48;595,37;59;58;57;416;23.814,80;1,66%;22,18%;11/08/2023;\
                 11/05/2028;Assessoria Exemplo;2\r\n";
    importa(b, "refin", "refin_carteira_veic_030823211500.csv", refin.as_bytes());
    let baixa = format!(
        "Cobrador;NomeCobrador;NumAcordo;NumParcela;NossoNum;DtVcto;DtMovto;VlrMovt;TotDiv;Motivo;LocalRecebimento;\
         NumCpfCgc;NomeCliente;OperOriginal;ParcNegociadas\r\n528;Assessoria Exemplo;77;1;123;09/08/2023;03/08/2023;\
         1.234,56;2.000,00;Acordo;Boleto;{};FULANO DE TAL;1002;11,12\r\n",
        cpf(1)
    );
    importa(b, "baixa", "AcordosBaixados_04082023_528.csv", baixa.as_bytes());
    b.at("2023-08-04T11:30:00");
    let email =
        format!("PROTOCOLO;CPF;EMAIL;DATA_ENVIO\r\nE1;{};fulano@exemplo.com.br;03/08/2023 08:00:00\r\n", cpf(1));
    importa(b, "massivas", "20230804_093000_massiva_email.csv", email.as_bytes());
    let sms =
        format!("PROTOCOLO;TELEFONE;DATA_ENVIO;MENSAGEM\r\nS1;{CELULAR};03/08/2023 09:00:00;FULANO, fale conosco\r\n");
    importa(b, "massivas", "20230804_100000_massiva_sms.csv", sms.as_bytes());
    let whatsapp = format!("CONTRATO;NUMERO;NOME;JORNADA\r\n1001;{CELULAR};FULANO;jornada1\r\n");
    importa(b, "massivas", "20230804_081500_massiva_whatsapp.csv", whatsapp.as_bytes());
    let calls = format!("ID_CRM;TELEFONE;STATUS;DATA_HORA\r\n1;{CELULAR};OCUPADO;04/08/2023 09:00:00\r\n");
    importa(b, "retorno", "20230804_110000_manager_retorno.csv", calls.as_bytes());
}

/// What the Portal, OMNE and our sender bring.
fn dos_contatos(b: &Bed) {
    let (db, run) = (atendimento(b), b.sql("SELECT max(id) FROM run"));
    db.execute_batch(&format!(
        "INSERT INTO tabulacao (ficha_id, contrato_id, contrato, origem, resultado, nome, boleto, canal, usuario, fone,
           agendado, parcela, obs, attendance_id, em) VALUES
           (1,1,'1001','PORTAL',10,'Boleto enviado',1,5,'operador1','{CELULAR}',NULL,'11, 12','FULANO quer pagar','a-1',
            '2023-08-04T10:00:00-03:00'),
           (1,NULL,NULL,'PORTAL',11,'Boleto enviado',1,2,'operador1','{REFERENCIA}','{CELULAR}',NULL,NULL,NULL,
            '2023-08-03T18:00:00-03:00'),
           (1,NULL,NULL,'WEBHOOK',NULL,'Ação massiva',0,NULL,NULL,NULL,NULL,NULL,NULL,'a-2','2023-08-04T08:30:00-03:00');
         INSERT INTO portal_telefone (ficha_id, fone, tipo, score, usuario, em, score_em, score_run) VALUES
           (1,'{DO_PORTAL}','Recado',40,'operador1','2023-08-04T10:01:00-03:00','2023-08-04T10:01:00-03:00',{run}),
           (1,'2133334444','Recado',90,'operador1','2023-08-04T10:02:00-03:00','2023-08-04T10:02:00-03:00',{run}),
           (1,'{REFERENCIA}','Recado',1,'operador1','2023-08-04T10:03:00-03:00','2023-08-04T10:03:00-03:00',{run});
         INSERT INTO portal_email (ficha_id, email, usuario, em) VALUES
           (1,'novo@exemplo.com.br','operador1','2023-08-04T10:04:00-03:00'),
           (1,'Fulano@Exemplo.com.br','operador1','2023-08-04T10:05:00-03:00');
         INSERT INTO portal_endereco (ficha_id, tipo, logradouro, numero, cidade, uf, cep, usuario, em) VALUES
           (1,'RE','RUA NOVA','20','CUBATAO','SP','11500000','operador1','2023-08-04T10:06:00-03:00');
         INSERT INTO proposta (ficha_id, contrato_id, contrato, usuario, tipo_acordo, valor_proposto, qtd_parcelas,
           primeiro_vencimento, campos, em) VALUES
           (1,1,'1001','operador1','Parcial',5000,1,'2023-08-10','{{}}','2023-08-03T18:00:00-03:00'),
           (1,1,'1001','operador1','Quitação',123456,12,'2023-08-15','{{}}','2023-08-04T10:00:00-03:00');
         UPDATE hsm SET estado='ACEITA', importada_em='2023-08-04T08:20:00-03:00';"
    ))
    .unwrap();
    for (n, (tipo, chave, corpo)) in webhooks().into_iter().enumerate() {
        db.execute(
            "INSERT INTO webhook (tipo, chave, sha256, versao, corpo, recebido_em, estado, ficha_id)
             VALUES (?1, ?2, ?3, '', ?4, '2023-08-04T10:10:00-03:00', ?5, 1)",
            // the first version of the attendance came before the second
            (
                tipo,
                chave,
                n.to_string(),
                corpo.to_string().into_bytes(),
                if n == 0 { "SUBSTITUIDO" } else { "VINCULADO" },
            ),
        )
        .unwrap();
    }
}

fn webhooks() -> [(&'static str, &'static str, Value); 5] {
    let attendance = |status: &str| {
        json!({
            "webhook_type": "attendance", "id": "a-1", "protocol": "1", "date_entry": "2023-08-04 09:50:00",
            "status": status, "user": "operador@exemplo.com.br", "recording_uri": "https://exemplo/gravacao.mp3",
            "info": {"document": cpf(1), "mail": "fulano@exemplo.com.br", "name": "FULANO DE TAL", "phone": CELULAR,
                     "whatsapp": format!("+55 {REFERENCIA}"), "crm": "1", "form": {"text-1": {"type": "text", "value": "FULANO"}}},
            "messages": [{"id": "m-1", "type": "image/png", "message": {"uri": "https://exemplo/rg.png", "name": "rg fulano.png"}}],
            "occurrences": [{"id": "o-1", "crm_id": "1", "manifestation": "FULANO PAGA", "schedule_date": "0000-00-00 00:00:00"}],
        })
    };
    [
        ("attendance", "a-1", attendance("Aberto")),
        ("attendance", "a-1", attendance("Finalizado")),
        ("visitor", "a-1", json!({"webhook_type": "visitor", "id": "a-1", "ip": "199.199.199.199", "city": "Santos"})),
        (
            "hsm",
            "h-1",
            json!({"webhook_type": "hsm", "id": "h-1", "status": "delivered", "destiny": format!("55{CELULAR}"),
                   "template_id": "101", "date_status": "2023-08-04 08:30:00"}),
        ),
        (
            "occurrence",
            "o-1",
            json!({"webhook_type": "occurrence", "id": "o-1", "attendance_id": "a-1", "manifestation": "FULANO PAGA", "cpc": 1}),
        ),
    ]
}

fn cheio() -> Bed {
    let mut b = Bed::with(&format!("{SERVE}{SEM_PORTOES}"));
    dos_arquivos(&mut b);
    dos_contatos(&b);
    b
}

fn pela_rede(b: &Bed) -> Value {
    let (t, s) = (token(b, "portal"), Serve::start(b));
    s.get("/api/v1/dadosCliente?idCrm=1", &t).is(200).json()
}

/// The answer is the file's, key by key and in its order; `ATOM_TEST_WRITE=1` writes it anew, to be read before it is kept.
#[test]
fn uc009_o_corpo_inteiro_e_o_do_arquivo() {
    let b = cheio();
    let got = pela_rede(&b);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dados/dados_cliente.json");
    if std::env::var_os("ATOM_TEST_WRITE").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&got).unwrap() + "\n").unwrap();
    }
    let want: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(got, want);
    let get = b.atom(&["--json", "--show-pii", "get", "1", "--by", "idcrm"]).exits(0).stdout;
    assert_eq!(get, std::fs::read_to_string(&path).unwrap());
}

#[test]
fn decisions_10_get_nao_mostra_nada_pessoal_sem_show_pii() {
    let b = cheio();
    let out = b.atom(&["--json", "get", "1", "--by", "idcrm"]).exits(0).stdout;
    for secret in [
        "FULANO",
        "fulano",
        "JOSE",
        "BELTRANO",
        "operador",
        "Santos",
        "SANTOS",
        "CUBATAO",
        "RUA",
        "199.199",
        "https",
        "@exemplo",
        "981112222",
        "98111",
        "976543210",
        "987654321",
        "33334444",
        &cpf(1),
    ] {
        assert!(!out.contains(secret), "{secret}: {out}");
    }
    let v: Value = serde_json::from_str(&out).unwrap();
    let w = &v["clientes"][0]["historicoWhatsapp"];
    assert_eq!(w["atendimento"][0]["status"], "Finalizado");
    assert_eq!(w["atendimento"][0]["date_entry"], "2023-08-04 09:50:00");
    assert_eq!(w["atendimento"][0]["info"]["phone"], "(11) *****-2222");
    assert_eq!(w["atendimento"][0]["messages"][0]["message"], json!({"uri": "***", "name": "***"}));
    assert_eq!(w["widget"][0]["city"], "***");
    assert_eq!(
        w["hsm"][1],
        json!({"contrato": "1001", "jornada": "jornada1", "estado": "ACEITA",
                                   "em": "2023-08-04T08:20:00-03:00", "fone": "(11) *****-2222"})
    );
    let m = &v["clientes"][0]["mailing"];
    assert_eq!((&m["jornada"], &m["boletos"]), (&json!("Quitação"), &json!(2)));
    assert_eq!(v["clientes"][0]["historico_atendimento"][0]["parcela"], "11, 12");
    // a word of the Portal's own may be anything
    atendimento(&b)
        .execute_batch("UPDATE proposta SET tipo_acordo='FULANO'; UPDATE tabulacao SET parcela='FULANO'")
        .unwrap();
    let out = b.atom(&["--json", "get", "1", "--by", "idcrm"]).exits(0).stdout;
    assert!(!out.contains("FULANO"), "{out}");
}

#[test]
fn decisions_9_acionamentos_conta_cada_contato_uma_vez() {
    let b = cheio();
    let m = &pela_rede(&b)["clientes"][0]["mailing"];
    // 3 tabulations, 1 e-mail, 1 SMS for each of two contracts, 1 message that left, 1 call
    assert_eq!(m["acionamentos"], 3 + 1 + 2 + 1 + 1);
    atendimento(&b).execute("UPDATE hsm SET estado='PENDENTE'", []).unwrap();
    assert_eq!(pela_rede(&b)["clientes"][0]["mailing"]["acionamentos"], 7, "what is only queued is none yet");
}

#[test]
fn nao_contatar_do_portal_tira_o_contrato_da_discagem_do_mailing() {
    let b = cheio();
    // the blocked one moved last
    assert_eq!(pela_rede(&b)["clientes"][0]["mailing"]["contrato"], "1001");
    atendimento(&b).execute("INSERT INTO nao_contatar VALUES (1, 'S', 1, '2023-08-04T10:00:00-03:00')", []).unwrap();
    assert_eq!(pela_rede(&b)["clientes"][0]["mailing"]["contrato"], "1002");
    atendimento(&b).execute("UPDATE nao_contatar SET valor='N'", []).unwrap();
    assert_eq!(pela_rede(&b)["clientes"][0]["mailing"]["contrato"], "1001");
}

#[test]
fn r025_vale_o_ultimo_score_venha_do_portal_ou_de_um_arquivo() {
    let mut b = cheio();
    let score = |b: &Bed| {
        let all = pela_rede(b)["clientes"][0]["telefones_disponiveis"].clone();
        all.as_array().unwrap().iter().find(|t| t["fone"] == "33334444").unwrap()["score"].clone()
    };
    assert_eq!(score(&b), 90, "the Portal's came after the file's");
    b.at("2023-08-04T12:30:00");
    let phones = format!("CPF;CONTRATO;TELEFONE1;SCORE1\r\n{};1001;2133334444;55\r\n", cpf(1));
    importa(&b, "telefones", "telefones_carteira_veic_040823123000.csv", phones.as_bytes());
    assert_eq!(score(&b), 55, "a file's that came later");
    let run = b.sql("SELECT max(id) FROM run");
    let later = format!("UPDATE portal_telefone SET score=20, score_run={run} WHERE fone='2133334444'");
    atendimento(&b).execute(&later, []).unwrap();
    assert_eq!(score(&b), 20);
}

#[test]
fn ap2_outra_campanha_e_como_um_cliente_desconhecido_e_fica_na_auditoria() {
    let b = cheio();
    let (t, s) = (token(&b, "portal"), Serve::start(&b));
    s.get("/api/v1/dadosCliente?idCrm=1&idCampanha=1", &t).is(200);
    let other = s.get("/api/v1/dadosCliente?idCrm=1&idCampanha=2", &t).is(404);
    let nobody = s.get("/api/v1/dadosCliente?idCrm=99&idCampanha=1", &t).is(404);
    let body = |r: &Resposta| r.json()["erro"].clone();
    assert_eq!(body(&other), body(&nobody));
    s.post("/api/v1/dadosCliente", &t, &json!({"idCrm": 1, "idCampanha": 2})).is(404);
    assert_eq!(s.get("/api/v1/dadosCliente?idCrm=1&idCampanha=x", &t).is(422).codigo(), "CAMPOS_INVALIDOS");
    s.term();
    let n: i64 = atendimento(&b)
        .query_row("SELECT count(*) FROM auditoria WHERE o_que='dadosCliente de outra campanha'", [], |r| r.get(0))
        .unwrap();
    assert_eq!(n, 2);
}

#[test]
fn um_historico_longo_mostra_o_mais_novo_e_conta_tudo() {
    let b = cheio();
    atendimento(&b)
        .execute_batch(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<700)
             INSERT INTO tabulacao (ficha_id, origem, nome, boleto, em)
               SELECT 1, 'PORTAL', 'R'||i, 0, datetime('2020-01-01', '+'||i||' minutes') FROM n;
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<80)
             INSERT INTO webhook (tipo, chave, sha256, versao, corpo, recebido_em, estado, ficha_id)
               SELECT 'visitor', 'v'||i, 'x', '', CAST('{\"id\":\"v'||i||'\",\"x\":\"'||hex(zeroblob(40000))||'\"}' AS BLOB),
                      '', 'VINCULADO', 1 FROM n;",
        )
        .unwrap();
    let client = &pela_rede(&b)["clientes"][0];
    let rows = client["historico_atendimento"].as_array().unwrap();
    assert_eq!(
        (rows.len(), &rows[0]["ocorrencia"], &rows[499]["ocorrencia"]),
        (500, &json!("Boleto enviado"), &json!("R205"))
    );
    assert_eq!(client["mailing"]["acionamentos"], 8 + 700);
    let widget = client["historicoWhatsapp"]["widget"].as_array().unwrap();
    assert_eq!((widget.len(), &widget[0]["id"]), (26, &json!("v80")), "two megabytes of them");
}

#[test]
fn wf7_audit_mostra_quem_leu_o_que_do_mais_novo_ao_mais_velho() {
    let b = Bed::with(&format!("{SERVE}{SEM_PORTOES}"));
    b.importa_remessa("20230803", 2);
    let (t, s) = (token(&b, "portal"), Serve::start(&b));
    s.get("/api/v1/dadosCliente?idCrm=1", &t).is(200);
    s.get("/api/v1/dadosCliente?idCrm=2", &t).is(200);
    s.term();
    b.atom(&["--show-pii", "get", &cpf(1)]).exits(0);
    let what = |args: &[&str]| -> Vec<(String, Value, String)> {
        let all = b.json(args).exits(0).json();
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        all.iter().map(|e| (text(&e["who"]), e["ficha"].clone(), text(&e["what"]))).collect()
    };
    let all = what(&["audit"]);
    assert_eq!(all.len(), 4);
    assert_eq!(all[3].2, "token add 1 (portal:teste-portal)");
    assert!(all[0].0.starts_with("cli:uid:") && all[0].2 == "get --show-pii", "{all:?}");
    assert_eq!(all[1], ("portal:teste-portal".into(), json!(2), "dadosCliente".into()));
    assert_eq!(what(&["audit", "--limit", "1"]), all[..1]);
    assert_eq!(what(&["audit", "1001"]).len(), 2);
    assert_eq!(what(&["audit", "--by", "idcrm", "2"]).len(), 1);
    // what was read of a client who is gone is kept
    assert!(what(&["audit", "--by", "idcrm", "99"]).is_empty());
    let mut from_stdin = b.cmd(&["--json", "audit", "-"]);
    let key = b.file("chave", cpf(1).as_bytes());
    let out: Out = from_stdin.stdin(std::fs::File::open(key).unwrap()).output().unwrap().into();
    assert_eq!(out.exits(0).json().len(), 2);
    let nobody = b.atom(&["audit", &cpf(9)]).exits(1);
    assert!(!nobody.stderr.contains(&cpf(9)));
    assert!(b.atom(&["audit"]).exits(0).stdout.contains("portal:teste-portal"));
}

#[test]
fn a_interface_se_descreve_sem_pedir_nada_a_outro_servidor() {
    let b = Bed::with(&format!("{SERVE}{SEM_PORTOES}"));
    let (t, s) = (token(&b, "bot"), Serve::start(&b));
    s.get("/openapi.json", "").is(401);
    s.get("/docs", "").is(401);
    let doc = s.get("/openapi.json", &t).is(200).json();
    assert!(doc["paths"]["/api/v1/dadosCliente"]["get"]["responses"]["200"].is_object());
    let page = s.get("/docs", &t).is(200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    let csp = page.header("content-security-policy").unwrap();
    assert!(csp.starts_with("default-src 'none'; script-src 'self';") && !csp.contains("http"), "{csp}");
    // every part of the page stands on this server
    let parts: Vec<&str> =
        page.text.split('"').filter(|p| [".css", ".js"].iter().any(|end| p.ends_with(end))).collect();
    assert!(parts.len() >= 4, "{}", page.text);
    for part in parts {
        s.get(&format!("/{part}"), &t).is(200);
    }
    let start = s.get("/docs/swagger-initializer.js", &t).is(200).text;
    assert!(start.contains("/openapi.json") && !start.contains("petstore"), "{start}");
    s.get("/docs/", &t).is(404);
    s.get("/docs/../openapi.json", &t);
    s.get("/docs/nada.js", &t).is(404);
}
