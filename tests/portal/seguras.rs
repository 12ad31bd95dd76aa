//! Writes that hold: repeated, killed right after the answer, refused while another process holds the store.

use super::*;
use std::time::{Duration, Instant};

fn post(s: &Serve, t: &str, path: &str, key: &str, body: &Value) -> Resposta {
    s.post_with(path, t, &[("Idempotency-Key", key)], body.to_string().as_bytes())
}

#[test]
fn ap5_ap6_a_mesma_chave_grava_uma_vez_e_com_outro_corpo_e_409() {
    let (b, s, t) = servido();
    let body = tabulacao(1, REFIN, json!({}));
    assert_eq!(post(&s, &t, TABULA, "k-1", &body).is(201).json(), json!({"id": 1}));
    for _ in 0..2 {
        assert_eq!(post(&s, &t, TABULA, "k-1", &body).is(200).json(), json!({"id": 1}));
    }
    let r = post(&s, &t, TABULA, "k-1", &tabulacao(1, REFIN, json!({"obs": "x"}))).is(409);
    assert_eq!(r.codigo(), "CHAVE_REUSADA");
    // the same body to another route is another write
    assert_eq!(post(&s, &t, EMAIL, "k-1", &body).is(409).codigo(), "CHAVE_REUSADA");
    // what was refused frees its key
    post(&s, &t, TABULA, "k-2", &tabulacao(1, 999, json!({}))).is(422);
    post(&s, &t, TABULA, "k-2", &tabulacao(9, NAO_ATENDE, json!({}))).is(404);
    assert_eq!(post(&s, &t, TABULA, "k-2", &body).is(201).json(), json!({"id": 2}));
    // another caller's key is another
    let add = b.atom(&["token", "add", "outro", "--scope", "portal"]).exits(0);
    let other = add.stdout.trim();
    assert_eq!(post(&s, other, TABULA, "k-1", &body).is(201).json(), json!({"id": 3}));
    // without a key nothing is the same
    assert_eq!(s.post(TABULA, &t, &body).is(201).json(), json!({"id": 4}));
    let long = "k".repeat(201);
    for key in ["", "  ", "é", long.as_str()] {
        let r = post(&s, &t, TABULA, key, &body).is(422);
        assert!(r.json()["erro"]["campos"]["Idempotency-Key"].is_string(), "{key}");
    }
    assert_eq!(contagem(&b)[0], 4);
    // and after a restart
    s.term();
    let s = Serve::start(&b);
    assert_eq!(post(&s, &t, TABULA, "k-1", &body).is(200).json(), json!({"id": 1}));
}

#[test]
fn ap5_a_mesma_chave_em_paralelo_grava_uma_vez() {
    let (b, s, t) = servido();
    let body = tabulacao(1, NAO_ATENDE, json!({}));
    let answers: Vec<(u16, Value)> = std::thread::scope(|scope| {
        let one = || {
            let r = post(&s, &t, TABULA, "k", &body);
            (r.status, r.json())
        };
        let all: Vec<_> = (0..16).map(|_| scope.spawn(one)).collect();
        all.into_iter().map(|h| h.join().unwrap()).collect()
    });
    assert!(answers.iter().all(|(_, v)| *v == json!({"id": 1})), "{answers:?}");
    assert_eq!(answers.iter().filter(|(s, _)| *s == 201).count(), 1);
    assert_eq!(contagem(&b)[0], 1);
}

#[test]
fn ap4_o_que_foi_respondido_sobrevive_ao_kill_9() {
    let (b, s, t) = servido();
    let mut serve = Some(s);
    for n in 1..=5 {
        let s = serve.take().unwrap_or_else(|| Serve::start(&b));
        let r = s.post(TABULA, &t, &tabulacao(1, PEDE_PARA_NAO, json!({ "obs": n.to_string() }))).is(201);
        // SIGKILL
        drop(s);
        let rows = linhas(&b, "SELECT id, obs FROM tabulacao ORDER BY id DESC LIMIT 1");
        assert_eq!(rows, json!([[r.json()["id"], n.to_string()]]));
        assert_eq!(linhas(&b, "SELECT count(*) FROM auditoria WHERE quem LIKE 'portal:%'"), json!([[n]]));
    }
    assert_eq!(linhas(&b, "SELECT tabulacao_id, valor FROM nao_contatar"), json!([[1, "S"]]));
}

#[test]
fn ap13_com_o_store_preso_por_outro_a_consulta_responde_e_a_escrita_e_503_inteira() {
    let (b, s, t) = servido();
    let other = atendimento(&b);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let begun = Instant::now();
    let (get, answers) = std::thread::scope(|scope| {
        let writes: Vec<_> =
            (0..3).map(|_| scope.spawn(|| s.post(TABULA, &t, &tabulacao(1, REFIN, json!({}))))).collect();
        let get = s.get("/api/v1/dadosCliente?idCrm=1", &t).status;
        (get, writes.into_iter().map(|w| w.join().unwrap()).collect::<Vec<_>>())
    });
    assert_eq!(get, 200);
    for r in answers {
        let r = r.is(503);
        assert_eq!(r.codigo(), "INDISPONIVEL");
        assert!(r.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    }
    assert!(begun.elapsed() < Duration::from_secs(25), "in time, not when the other is done");
    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    assert_eq!(contagem(&b), [0; 9]);
    assert_eq!(s.post(TABULA, &t, &tabulacao(1, REFIN, json!({}))).is(201).json(), json!({"id": 1}));
    assert_eq!(contagem(&b), [1, 0, 0, 0, 0, 1, 1, 0, 0]);
}
