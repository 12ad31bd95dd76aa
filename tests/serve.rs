//! `atom serve` over HTTP: AP promises, tokens, the first look-up.

mod fila;

use crate::support::serve::*;
use crate::support::*;
use serde_json::json;
use std::time::{Duration, Instant};

/// A served store with three clients of a contract each, and a Portal's token.
fn servido() -> (Bed, Serve, String) {
    let b = Bed::with(&format!("{SERVE}[dia]\nobrigatorios = []"));
    b.importa_remessa("20230803", 3);
    let t = token(&b, "portal");
    let s = Serve::start(&b);
    (b, s, t)
}

#[test]
fn uc009_o_cliente_por_cpf_e_por_id_crm_e_o_mesmo_json_de_get() {
    let (b, s, t) = servido();
    let cpf = cpf(1);
    let dotted = format!("{}.{}.{}-{}", &cpf[..3], &cpf[3..6], &cpf[6..9], &cpf[9..]);
    let one = s.get(&format!("/api/v1/dadosCliente?cpf={cpf}"), &t).is(200);
    assert_eq!(one.header("content-type"), Some("application/json"));
    let get = b.atom(&["--json", "--show-pii", "get", &cpf]).exits(0).stdout;
    let get: serde_json::Value = serde_json::from_str(&get).unwrap();
    assert_eq!(one.json(), get);
    let id = get["clientes"][0]["idCrm"].as_i64().unwrap();
    for path in [format!("cpf={dotted}"), format!("cpf=000{cpf}"), format!("idCrm={id}"), format!("idcrm={id}")] {
        assert_eq!(s.get(&format!("/api/v1/dadosCliente?{path}"), &t).is(200).json(), get, "{path}");
    }
    assert_eq!(s.post("/api/v1/dadosCliente", &t, &json!({"cpf": cpf})).is(200).json(), get);
    assert_eq!(s.post("/api/v1/dadosCliente", &t, &json!({"idCrm": id})).is(200).json(), get);
}

#[test]
fn uma_chave_repetida_na_consulta_e_422() {
    let (_b, s, t) = servido();
    for query in ["idCrm=1&IDCRM=2", "idCrm=1&idCrm=1", "idCrm=1&idCampanha=1&idcampanha=2", "cpf=1&CPF=2"] {
        let r = s.get(&format!("/api/v1/dadosCliente?{query}"), &t).is(422);
        assert!(r.text.contains("o campo uma só vez"), "{query}: {}", r.text);
    }
    s.get("/api/v1/listagemTabulacoesCampanha?idCampanha=1&IDCAMPANHA=2", &t).is(422);
    for body in [r#"{"idCrm":1,"IDCRM":2}"#, r#"{"idCrm":1,"idCrm":1}"#] {
        s.post_with("/api/v1/dadosCliente", &t, &[], body.as_bytes()).is(422);
    }
}

#[test]
fn ap14_uc009_fa001_quem_nao_existe_e_404_e_o_que_nao_e_chave_e_422() {
    let (_b, s, t) = servido();
    for path in [format!("cpf={}", cpf(99)), "idCrm=999".into()] {
        let r = s.get(&format!("/api/v1/dadosCliente?{path}"), &t).is(404);
        assert_eq!(r.codigo(), "CLIENTE_NAO_ENCONTRADO");
        assert_eq!(r.json()["requestId"].as_str(), r.header("x-request-id"));
    }
    // AP12: nothing a caller sends is a pattern or SQL
    for path in
        ["", "cpf=123", "cpf=%25", "idCrm=%25", "idCrm=_", "idCrm=1%20or%201=1", "idCrm=%00", "idCrm=-1", "cpf="]
    {
        let r = s.get(&format!("/api/v1/dadosCliente?{path}"), &t).is(422);
        assert_eq!(r.codigo(), "CAMPOS_INVALIDOS", "{path}");
    }
    assert_eq!(s.post_with("/api/v1/dadosCliente", &t, &[], b"{\"cpf\":").is(400).codigo(), "JSON_INVALIDO");
}

#[test]
fn ap1_sem_token_todo_caminho_tem_o_mesmo_401() {
    let (_b, s, t) = servido();
    let mut seen = Vec::new();
    for (path, token) in [
        ("/api/v1/dadosCliente?cpf=1", ""),
        ("/api/v1/naoExiste", ""),
        ("/", ""),
        ("/docs", "errado"),
        ("/openapi.json", &t[1..]),
        ("/workflow", ""),
    ] {
        let r = s.get(path, token).is(401);
        let mut body = r.json();
        body.as_object_mut().unwrap().remove("requestId");
        let mut headers: Vec<_> =
            r.headers.iter().filter(|(k, _)| k != "x-request-id" && k != "date").cloned().collect();
        headers.sort();
        seen.push((body, headers));
    }
    assert!(seen.windows(2).all(|w| w[0] == w[1]), "{seen:?}");
    s.get("/healthz", "").is(200);
    s.get("/readyz", "").is(200);
    assert!(s.get("/metrics", "").is(200).text.contains("atom_http_requests"));
    assert_eq!(s.get("/api/v1/naoExiste", &t).is(404).codigo(), "ROTA_NAO_ENCONTRADA");
}

#[test]
fn ap3_um_token_revogado_falha_em_um_segundo() {
    let (b, s, t) = servido();
    let path = format!("/api/v1/dadosCliente?cpf={}", cpf(1));
    s.get(&path, &t).is(200);
    let list = b.json(&["token", "list"]).exits(0);
    assert!(!list.stdout.contains(&t), "a token is shown once");
    b.atom(&["token", "revoke", &list.json()[0]["id"].to_string()]).exits(0);
    let begun = Instant::now();
    while s.get(&path, &t).status != 401 {
        assert!(begun.elapsed() < Duration::from_secs(1));
    }
    // SE4: nothing in the store is the token
    assert!(!std::fs::read(b.root.join("store/atendimento.db")).unwrap().windows(t.len()).any(|w| w == t.as_bytes()));
}

#[test]
fn decisions_9_o_bot_le_so_o_que_precisa() {
    let (b, s, _) = servido();
    let bot = token(&b, "bot");
    let path = format!("/api/v1/dadosCliente?cpf={}", cpf(1));
    let client = s.get(&path, &bot).is(200).json()["clientes"][0].clone();
    let keys = |v: &serde_json::Value| v.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&client), ["idCrm", "nome", "status", "contratos", "dadosRefin"]);
    assert_eq!(
        keys(&client["contratos"][0]),
        ["contrato", "situacao", "bloqueadoEm", "bloqueadoAte", "diasAtraso", "valorParcela"]
    );
    assert_eq!(client["nome"], "FULANO DE TAL");
    assert_eq!(client["contratos"][0]["valorParcela"], "595.37");
    let omne = token(&b, "omne");
    assert_eq!(s.get(&path, &omne).is(403).codigo(), "ESCOPO_INSUFICIENTE");
}

#[test]
fn ap17_ler_depressa_demais_e_429_e_cada_leitura_fica_na_auditoria() {
    let b = Bed::with(&format!("{SERVE}reads_per_minute = 5\n[dia]\nobrigatorios = []"));
    b.importa_remessa("20230803", 1);
    let (t, s) = (token(&b, "portal"), Serve::start(&b));
    let path = format!("/api/v1/dadosCliente?cpf={}", cpf(1));
    for _ in 0..5 {
        s.get(&path, &t).is(200);
    }
    let r = s.get(&path, &t).is(429);
    assert_eq!(r.codigo(), "CONSULTAS_DEMAIS");
    s.get(&path, &t).is(429);
    assert!(r.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    let (code, _) = s.term();
    assert_eq!(code, Some(0));
    let db = rusqlite::Connection::open(b.root.join("store/atendimento.db")).unwrap();
    let n: i64 = db
        .query_row(
            "SELECT count(*) FROM auditoria WHERE quem='portal:teste-portal' AND o_que='dadosCliente' AND ficha_id=1",
            [],
            |r| r.get(0),
        )
        .unwrap();
    assert_eq!(n, 5);
    // that it was slowed, told once
    let slow =
        "SELECT count(*) FROM auditoria WHERE quem='portal:teste-portal' AND o_que='dadosCliente: consultas demais'";
    assert_eq!(db.query_row(slow, [], |r| r.get::<_, i64>(0)).unwrap(), 1);
}

#[test]
fn ap17_procurar_quem_nao_existe_fica_na_auditoria_sem_o_que_se_procurou() {
    let (b, s, t) = servido();
    s.get(&format!("/api/v1/dadosCliente?cpf={}", cpf(99)), &t).is(404);
    s.get("/api/v1/dadosCliente?idCrm=999", &t).is(404);
    s.term();
    let audit = b.json(&["audit"]).exits(0);
    assert_eq!(audit.stdout.matches("dadosCliente de ninguém").count(), 2, "{}", audit.stdout);
    assert!(!audit.stdout.contains(&cpf(99)), "{}", audit.stdout);
}

#[test]
fn dois_tokens_que_valem_nao_tem_o_mesmo_nome() {
    let mut b = Bed::new();
    let add = |b: &Bed, more: &[&str]| b.atom(&[&["token", "add", "portal", "--scope", "portal"], more].concat());
    add(&b, &["--expires", "2023-08-04"]).exits(0);
    let no = add(&b, &[]).exits(2);
    assert!(
        no.stderr.contains("o token 1 já tem este nome") && no.stderr.contains("atom token revoke 1"),
        "{}",
        no.stderr
    );
    b.atom(&["token", "add", "portal", "--scope", "bot"]).exits(2);
    // one that expired, or was taken back, holds no name
    b.at("2023-08-05T00:00:00");
    add(&b, &[]).exits(0);
    b.atom(&["token", "revoke", "2"]).exits(0);
    add(&b, &[]).exits(0);
    assert_eq!(b.json(&["token", "list"]).exits(0).json().len(), 3);
}

#[test]
fn ap8_ap10_ap11_o_que_nao_se_entende_nunca_e_5xx() {
    let (_b, s, t) = servido();
    let head =
        |rest: &str| format!("POST /api/v1/dadosCliente HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {t}\r\n{rest}");
    let big = s.raw(head("Content-Length: 9999999\r\n\r\n").as_bytes());
    assert!(big.starts_with("HTTP/1.1 413"), "{big}");
    for (rest, status) in [
        ("Content-Length: 5\r\nContent-Length: 6\r\n\r\n[]   ", "400"),
        ("Content-Length: x\r\n\r\n", "400"),
        ("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", "400"),
        ("Content-Length: 2\r\nConnection: close\r\n\r\n[]", "400"),
    ] {
        let got = s.raw(head(rest).as_bytes());
        assert!(got.starts_with(&format!("HTTP/1.1 {status}")), "{rest}: {got}");
    }
    // AP10: two ways to read where the body ends
    for both in
        ["Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n"]
    {
        let got = s.raw(head(&format!("{both}\r\n2\r\n{{}}\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n")).as_bytes());
        assert!(got.starts_with("HTTP/1.1 400") && !got.contains("200 OK"), "{got}");
    }
    let chunked = s.raw(head("Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n").as_bytes());
    assert!(chunked.starts_with("HTTP/1.1 422") && chunked.contains("connection: close"), "{chunked}");
    let deep = "[".repeat(100_000);
    assert_eq!(s.post_with("/api/v1/dadosCliente", &t, &[], deep.as_bytes()).is(400).codigo(), "JSON_INVALIDO");
    let huge = s.raw(format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(70_000)).as_bytes());
    assert!(huge.starts_with("HTTP/1.1 4"), "{}", &huge[..huge.len().min(80)]);
}

#[test]
fn ap19_nem_cpf_nem_token_no_log_ainda_que_venham_na_url() {
    let (_b, s, t) = servido();
    let cpf = cpf(1);
    s.get(&format!("/api/v1/dadosCliente?cpf={cpf}"), &t).is(200);
    s.get(&format!("/api/v1/{cpf}?token={t}"), &t).is(404);
    s.get(&format!("/{cpf}"), "").is(401);
    let begun = Instant::now();
    while s.log().matches("\"request\"").count() < 3 && begun.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let log = s.log();
    assert!(log.contains("/api/v1/dadosCliente") && log.contains("portal:teste-portal"), "{log}");
    assert!(!log.contains(&cpf) && !log.contains(&t), "{log}");
}

/// The places are 256; idle connections take them all, and one that asks has its answer soon all the same.
#[test]
fn ap9_quem_so_conecta_nao_tira_o_lugar_de_quem_pergunta() {
    let (_b, s, t) = servido();
    let idle: Vec<_> = (0..300).map(|_| s.connect()).collect();
    let begun = Instant::now();
    s.get(&format!("/api/v1/dadosCliente?cpf={}", cpf(1)), &t).is(200);
    assert!(begun.elapsed() < Duration::from_secs(20), "within a head's time: {:?}", begun.elapsed());
    drop(idle);
}

#[test]
fn ap18_sigterm_termina_o_que_esta_em_curso() {
    let (_b, s, _t) = servido();
    let mut idle = s.connect();
    std::io::Write::write_all(&mut idle, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let (code, took) = s.term();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(10), "{took:?}");
    let mut got = String::new();
    let _ = std::io::Read::read_to_string(&mut idle, &mut got);
    assert!(got.starts_with("HTTP/1.1 200"), "{got}");
}
