//! `atom doctor` and `/metrics` know of OMNE and of the queue.

use super::*;

fn linha(out: &Out, check: &str) -> Value {
    out.json()
        .into_iter()
        .find(|l| l["check"].as_str().unwrap().starts_with(check))
        .unwrap_or_else(|| panic!("{}", out.stdout))
}

#[test]
fn o_doutor_pergunta_ao_omne_sem_token_e_sem_mensagem() {
    let stub = Omne::sobe();
    stub.sempre(Faz::Responde(404));
    let b = bed(&stub, 1, "");
    let out = b.json(&["doctor"]).exits(0);
    assert_eq!(linha(&out, "omne.url")["message"], "responde (HTTP 404)");
    assert_eq!(linha(&out, "trava do envio de HSM")["state"], "ok");
    let p = stub.pedidos();
    assert_eq!((p.len(), p[0].corpo.clone()), (1, Value::Null));
    assert!(!p[0].cabeca.contains(TOKEN) && p[0].cabeca.starts_with("GET "), "{}", p[0].cabeca);
    std::fs::remove_file(b.root.join("omne.token")).unwrap();
    let out = b.json(&["doctor"]).exits(2);
    assert!(linha(&out, "omne.token")["hint"].as_str().unwrap().contains("[omne]"), "{}", out.stdout);
    let addr = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let b = bed_em(&format!("http://{addr}"), 1, "");
    let out = b.json(&["doctor"]).exits(5);
    assert!(linha(&out, "omne.url")["message"].as_str().unwrap().contains("conexão recusada"), "{}", out.stdout);
}

#[test]
fn o_doutor_ve_que_o_store_e_mais_antigo_que_o_diario() {
    let stub = Omne::sobe();
    let b = pronto(&stub, 2, "");
    envia(&b).exits(0);
    atendimento(&b).execute("UPDATE hsm_controle SET tentativa=0", []).unwrap();
    let out = b.json(&["doctor"]).exits(1);
    assert!(linha(&out, "diário de envios")["hint"].as_str().unwrap().contains("atom hsm reconcile"), "{}", out.stdout);
}

#[test]
fn as_metricas_contam_a_fila_por_jornada_e_estado() {
    let stub = Omne::sobe();
    let b = arruma(Bed::bare(&config(&url(&stub), "", serve::SERVE)), 3);
    enfileira(&b, 1..=3);
    let s = serve::Serve::start(&b);
    let has = |line: &str| s.get("/metrics", "").is(200).text.contains(line);
    assert!(has("atom_hsm_messages{journey=\"jornada1\",state=\"PENDENTE\"} 2"));
    // the sender writes while serve is up
    assert_eq!(conta(&envia(&b).exits(0)), (3, 0, 0, 0));
    assert!(has("atom_hsm_messages{journey=\"jornada1\",state=\"PENDENTE\"} 0"));
    assert!(has("atom_hsm_messages{journey=\"jornada2\",state=\"ACEITA\"} 1"));
}
