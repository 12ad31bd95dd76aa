//! Any order, any repetition, many at once.

use super::*;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

/// 500 events: attendances found in every way and in none, two versions of some, what follows them, messages.
fn eventos() -> Vec<Value> {
    let mut out = Vec::new();
    for n in 0..100u64 {
        let id = format!("a{n}");
        let doc = cpf(n % 4 + 1);
        let crm = (n % 4 + 1).to_string();
        let info: &[(&str, &str)] = match n % 6 {
            0 => &[("document", &doc)],
            1 => &[("crm", &crm)],
            2 => &[("phone", CELULAR)],
            3 => &[("mail", "ana@exemplo.com.br")],
            4 => &[("phone", COMUM)],
            _ => &[],
        };
        out.push(atendimento(&id, info));
        let mut newer = if n % 3 == 0 { atendimento(&id, &[]) } else { visita(&format!("v-{id}")) };
        if n % 3 == 0 {
            newer["status_date"] = json!("2023-08-04 08:00:00");
        }
        out.push(newer);
        out.extend([ocorrencia(&format!("o{n}"), &id), ocorrencia(&format!("p{n}"), &id)]);
        let mut hsm = exemplo("hsm");
        hsm["destiny"] = json!(if n % 2 == 0 { CELULAR } else { COMUM });
        hsm["date_status"] = json!(format!("2023-08-03 10:{:02}:{:02}", n / 60, n % 60));
        out.push(hsm);
    }
    out
}

/// Everything that does not depend on numbers of rows.
fn retrato(b: &Bed) -> Vec<String> {
    espera(b, "SELECT count(*) FROM webhook WHERE estado='RECEBIDO'", &["0"]);
    let events =
        "SELECT w.tipo, w.chave, w.sha256, w.estado, w.via, w.ficha_id, w.contrato_id, w.attendance_id, t.nome,
                    t.attendance_id FROM webhook w LEFT JOIN tabulacao t ON t.id=w.tabulacao_id ORDER BY 1, 2, 3";
    let made = "SELECT attendance_id, ficha_id, contrato, nome, canal, origem FROM tabulacao ORDER BY 1";
    linhas_de(b, events).into_iter().chain(linhas_de(b, made)).collect()
}

/// The same shuffle every time.
fn embaralha<T>(all: &mut [T], seed: u64) {
    let mut x = seed;
    for i in (1..all.len()).rev() {
        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        all.swap(i, (x >> 33) as usize % (i + 1));
    }
}

#[test]
fn wh3_wh9_tres_vezes_embaralhado_em_paralelo_e_cortado_e_o_mesmo_que_uma_vez_em_ordem() {
    let all = eventos();
    assert_eq!(all.len(), 500);
    let bed = || {
        let b = Bed::in_memory(&format!("{SERVE}\n[dia]\nobrigatorios = []"));
        b.atom(&["init"]).exits(0);
        cama_em(b)
    };

    let in_order = {
        let b = bed();
        let (t, s) = (token(&b, "omne"), Serve::start(&b));
        for v in &all {
            s.post(CAMINHO, &t, v).is(200);
        }
        retrato(&b)
    };

    let b = bed();
    let (t, s) = (token(&b, "omne"), Serve::start(&b));
    let mut posts: Vec<&Value> = all.iter().chain(&all).chain(&all).collect();
    embaralha(&mut posts, 7);
    let (next, acknowledged) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                while let Some(v) = posts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let body = v.to_string();
                    let n = s.post_with(CAMINHO, &t, &[], body.as_bytes()).is(200).json()["novo"] == true;
                    acknowledged.fetch_add(usize::from(n), Ordering::Relaxed);
                    if body.len() % 5 == 0 {
                        // one that is cut half way
                        let mut c = s.connect();
                        let head = format!(
                            "POST {CAMINHO} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {t}\r\nContent-Length: {}\r\n\r\n",
                            body.len()
                        );
                        c.write_all(head.as_bytes()).unwrap();
                        c.write_all(&body.as_bytes()[..body.len() / 2]).unwrap();
                    }
                }
            });
        }
        // an import writes meanwhile
        let more = b.file("20230804_113000_remessa_528_out.528", &linhas(&b));
        b.json(&["import", "remessa", &more]).exits(0);
    });
    assert_eq!(acknowledged.load(Ordering::Relaxed), 500, "each body is new once");
    assert_eq!(linhas_de(&b, "SELECT count(*) FROM webhook"), ["500"]);
    let (mut got, mut want) = (retrato(&b), in_order);
    assert_eq!(got.len(), want.len());
    got.retain(|l| !want.contains(l));
    want.retain(|l| !retrato(&b).contains(l));
    assert_eq!((got, want), (vec![], vec![]));
}
