//! What comes in: who may, what is kept.

use super::*;

#[test]
fn wh1_sem_token_ou_segredo_e_401_e_nada_fica() {
    let (b, s, t) = servido();
    let body = exemplo("attendance");
    for (path, token) in [(CAMINHO, ""), (CAMINHO, &t[1..]), ("/webhook/omne/qualquer", ""), ("/webhook/omne/x", &t)] {
        let r = s.post(path, token, &body).is(401);
        assert_eq!(r.codigo(), "NAO_AUTORIZADO");
        // the body was not read: nothing can come behind it
        assert_eq!(r.header("connection"), Some("close"));
    }
    for scope in ["portal", "bot"] {
        let other = token(&b, scope);
        assert_eq!(s.post(CAMINHO, &other, &body).is(403).codigo(), "ESCOPO_INSUFICIENTE");
    }
    assert_eq!(linhas_de(&b, "SELECT count(*) FROM webhook"), ["0"]);
    s.post(CAMINHO, &t, &body).is(200);
    assert_eq!(linhas_de(&b, "SELECT count(*) FROM webhook"), ["1"]);
}

#[test]
fn o_segredo_no_caminho_vale_so_configurado_e_nao_aparece_no_log() {
    const SEGREDO: &str = "0123456789abcdef0123456789abcdef";
    let b = cama("webhook_secret = \"file:segredo\"");
    let path = b.file("segredo", format!("{SEGREDO}\n").as_bytes());
    mode(std::path::Path::new(&path), 0o600);
    let (t, s) = (token(&b, "omne"), Serve::start(&b));
    s.post(&format!("{CAMINHO}/{SEGREDO}"), "", &exemplo("visitor")).is(200);
    s.post(CAMINHO, &t, &exemplo("occurrence")).is(200);
    let none = s.post("/naoExiste", "", &json!({})).is(401).json()["erro"].clone();
    for wrong in [&SEGREDO[1..], "", &format!("{SEGREDO}/"), &SEGREDO.to_uppercase()] {
        let r = s.post(&format!("{CAMINHO}/{wrong}"), &t, &exemplo("visitor")).is(401);
        assert_eq!(r.json()["erro"], none, "{wrong}");
    }
    assert_eq!(linhas_de(&b, "SELECT count(*) FROM webhook"), ["2"]);
    let begun = Instant::now();
    while !s.log().contains("/webhook/omne/{secret}") && begun.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let log = s.log();
    assert!(log.contains("/webhook/omne/{secret}") && !log.contains(SEGREDO), "{log}");
}

#[test]
fn um_segredo_curto_ou_que_nao_cabe_num_caminho_nao_serve() {
    for bad in ["curto", "0123456789abcdef0123456789abcde/"] {
        let b = cama("webhook_secret = \"file:segredo\"");
        let path = b.file("segredo", bad.as_bytes());
        mode(std::path::Path::new(&path), 0o600);
        let out = b.atom(&["serve"]).exits(2);
        assert!(out.stderr.contains("serve.webhook_secret") && !out.stderr.contains(bad), "{}", out.stderr);
    }
}

#[test]
fn wh2_wh5_todo_json_e_guardado_como_veio_antes_da_resposta() {
    let (b, s, t) = servido();
    let mut bodies: Vec<String> = TIPOS.iter().map(|(_, text)| (*text).to_owned()).collect();
    for odd in [
        r#"{"webhook_type":"attendance","id":"","status_date":"0000-00-00 00:00:00","info":"x","occurrences":{"a":1}}"#,
        r#"{"webhook_type":"attendance","id":null,"info":{"crm":{},"phone":[1],"mail":7,"document":1e300}}"#,
        r#"{"webhook_type":"hsm"}"#,
        r#"{"webhook_type":"occurrence","id":7,"attendance_id":8,"a mais":[[[]]]}"#,
        r#"{"webhook_type":"novidade","x":1}"#,
        r#"{"id":"sem tipo"}"#,
        r#"[{"webhook_type":"resume_users","date":"2023-08-03","user_id":2},{"webhook_type":"resume_users"}]"#,
        r#"[{"webhook_type":"attendance","id":"numa lista"}]"#,
        r#"{"webhook_type":"visitor","id":"meio \ud83d par"}"#,
        "[]",
        "null",
        "\"texto\"",
        " 1e999 ",
    ] {
        bodies.push(odd.to_owned());
    }
    bodies.push(format!("{}{}", "[".repeat(60_000), "]".repeat(60_000)));
    let mut ids = Vec::new();
    for body in &bodies {
        let r = s.post_with(CAMINHO, &t, &[], body.as_bytes()).is(200).json();
        assert_eq!(r["novo"], true, "{body}");
        ids.push(r["id"].as_i64().unwrap());
    }
    // killed at once: what was answered is there
    drop(s);
    let db = contatos(&b);
    for (body, id) in bodies.iter().zip(&ids) {
        let kept: Vec<u8> = db.query_row("SELECT corpo FROM webhook WHERE id=?1", [id], |r| r.get(0)).unwrap();
        assert_eq!(kept, body.as_bytes());
    }
    let s = Serve::start(&b);
    for (body, id) in bodies.iter().zip(&ids) {
        let r = s.post_with(CAMINHO, &t, &[], body.as_bytes()).is(200).json();
        assert_eq!((r["novo"].as_bool(), r["id"].as_i64()), (Some(false), Some(*id)), "{body}");
    }
    espera(&b, "SELECT count(*) FROM webhook WHERE estado='RECEBIDO'", &["0"]);
    assert!(!s.log().contains("linking failed") && !s.log().contains("ERROR"), "{}", s.log());
}

#[test]
fn o_que_nao_e_json_e_400_e_o_grande_demais_413() {
    let (b, s, t) = servido();
    for bad in [&b""[..], b"{", b"a=1", b"\"\xff\"", b"{\"a\":1}x", b"\xef\xbb\xbf{}"] {
        assert_eq!(s.post_with(CAMINHO, &t, &[], bad).is(400).codigo(), "JSON_INVALIDO");
    }
    let fits = format!("\"{}\"", "a".repeat(2 * 1024 * 1024 - 2));
    s.post_with(CAMINHO, &t, &[], fits.as_bytes()).is(200);
    let head = format!("POST {CAMINHO} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {t}\r\n");
    let big = s.raw(format!("{head}Content-Length: 2097153\r\n\r\n").as_bytes());
    assert!(big.starts_with("HTTP/1.1 413"), "{big}");
    assert_eq!(linhas_de(&b, "SELECT count(*) FROM webhook"), ["1"]);
}

#[test]
fn wh8_nenhuma_uri_de_um_evento_e_aberta() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let uri = format!("http://{}/x.png", listener.local_addr().unwrap());
    let (b, s, t) = servido();
    let mut v = atendimento("a1", &[("document", &cpf(1)), ("picture", &uri)]);
    v["messages"][1]["message"]["uri"] = json!(uri);
    v["recording_uri"] = json!(uri);
    s.post(CAMINHO, &t, &v).is(200);
    s.post(CAMINHO, &t, &json!({"webhook_type": uri, "uri": uri})).is(200);
    assert_eq!(elos(&b).len(), 2);
    b.atom(&["webhook", "show", "1"]).exits(0);
    b.atom(&["webhook", "replay"]).exits(0);
    drop(s);
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn duas_ocorrencias_cujos_ids_diferem_no_vigesimo_digito_sao_duas() {
    let (b, s, t) = servido();
    for id in ["20230804000000000001", "20230804000000000002"] {
        let body = format!(r#"{{"webhook_type":"occurrence","id":{id},"attendance_id":"a1","n":1e999}}"#);
        s.post_with(CAMINHO, &t, &[], body.as_bytes()).is(200);
    }
    elos(&b);
    assert_eq!(
        linhas_de(&b, "SELECT tipo, chave, estado FROM webhook ORDER BY id"),
        ["occurrence|20230804000000000001|NAO_VINCULADO", "occurrence|20230804000000000002|NAO_VINCULADO"]
    );
}
