//! Crashes and failing disks: HS1, HS3, HS14.

use super::*;
use crate::support::disco::{Falha, Momento, NENHUMA, roda};
use std::collections::HashMap;

/// How often each number reached a phone.
fn vezes(stub: &Omne) -> HashMap<String, usize> {
    let mut out = HashMap::new();
    for n in stub.entregues() {
        *out.entry(n).or_default() += 1;
    }
    out
}

#[test]
fn hs1_sigkill_em_50_momentos_nenhuma_mensagem_duas_vezes() {
    const N: u64 = 1500;
    let stub = Omne::sobe();
    // slow enough that fifty times some 30 ms do not empty the queue
    stub.sempre(Faz::Demora(Duration::from_millis(3)));
    let b = arruma(Bed::in_memory(&config(&url(&stub), "", "")), N);
    enfileira(&b, 1..=N);
    let (mut killed, mut random) = (0u32, 7u64);
    for _ in 0..200 {
        if killed == 50 {
            break;
        }
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut child = b.cmd(&["-q", "send-hsm"]).stdout(std::process::Stdio::null()).spawn().unwrap();
        let begun = stub.quantos();
        // half of them from the first request on, half from the start of the process
        if killed % 2 == 0 {
            servidor::espera(|| stub.quantos() > begun || child_done(&b));
        }
        std::thread::sleep(Duration::from_micros(random >> 48));
        child.kill().unwrap();
        killed += u32::from(!child.wait().unwrap().success());
    }
    assert_eq!(killed, 50);
    let left = linhas(&b, "SELECT count(*) FROM hsm WHERE estado='PENDENTE'")[0].parse::<u64>().unwrap();
    assert!(left > 0 && left < N - 50, "the queue was not empty before the last kill: {left}");
    let last = envia(&b);
    assert!([0, 3].contains(&last.code), "{}", last.stderr);
    let phones = vezes(&stub);
    assert!(phones.values().all(|n| *n == 1), "{phones:?}");
    let db = atendimento(&b);
    let mut rows = db.prepare("SELECT fone, estado FROM hsm").unwrap();
    let rows = rows.query_map([], |r| Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?))).unwrap();
    let (mut uncertain, mut total) = (0, 0);
    for (number, state) in rows.map(Result::unwrap) {
        total += 1;
        match state.as_str() {
            "ACEITA" => assert!(phones.contains_key(&number), "accepted, and never sent"),
            "INCERTA" => uncertain += 1,
            other => panic!("{other} is no end"),
        }
    }
    assert_eq!(total, N);
    assert!(uncertain <= 50, "at most one a kill: {uncertain}");
    // whatever is certain was said
    assert_eq!(marcas(&b).len() as u64, N - uncertain);
}

fn child_done(b: &Bed) -> bool {
    linhas(b, "SELECT count(*) FROM hsm WHERE estado='PENDENTE'") == ["0"]
}

/// Stops the sender at a point; the states after it, and after the next run.
fn para_em(point: &str) -> (Vec<String>, Vec<String>, Vec<String>) {
    let stub = Omne::sobe();
    let b = pronto(&stub, 3, "");
    let out = b.cmd(&["-q", "send-hsm"]).env("ATOM_TEST_CRASH", point).output().unwrap();
    assert!(!out.status.success());
    let between = estados(&b);
    envia(&b);
    assert_eq!(conta(&envia(&b).exits(0)), (0, 0, 0, 0));
    (between, estados(&b), stub.entregues())
}

#[test]
fn hs14_cada_momento_de_uma_queda_tem_um_fim_e_nenhum_um_segundo_envio() {
    let all = || vec![numero(1), numero(2), numero(3)];
    let some = |ids: &[u64]| ids.iter().map(|n| numero(*n)).collect::<Vec<_>>();
    let s = |states: [&str; 3]| states.map(str::to_owned).to_vec();
    // the journal announced the first attempt, T1 did not commit: in doubt, though nothing left
    let (between, after, phones) = para_em("hsm-journal-1");
    assert_eq!(between, s(["PENDENTE", "PENDENTE", "PENDENTE"]));
    assert_eq!((after, phones), (s(["INCERTA", "ACEITA", "ACEITA"]), some(&[2, 3])));
    // T1 committed, no POST
    let (between, after, phones) = para_em("hsm-t1-1");
    assert_eq!(between, s(["ENVIANDO", "PENDENTE", "PENDENTE"]));
    assert_eq!((after, phones), (s(["INCERTA", "ACEITA", "ACEITA"]), some(&[2, 3])));
    // answered, nothing of the answer on disk
    let (between, after, phones) = para_em("hsm-post-1");
    assert_eq!(between, s(["ENVIANDO", "PENDENTE", "PENDENTE"]));
    assert_eq!((after, phones), (s(["INCERTA", "ACEITA", "ACEITA"]), all()));
    // the answer is in the journal, T2 did not commit; with it the next attempt was announced
    let (between, after, phones) = para_em("hsm-journal-2");
    assert_eq!(between, s(["ENVIANDO", "PENDENTE", "PENDENTE"]));
    assert_eq!((after, phones), (s(["ACEITA", "INCERTA", "ACEITA"]), some(&[1, 3])));
    // the last one's T2
    let (between, after, phones) = para_em("hsm-journal-4");
    assert_eq!(between, s(["ACEITA", "ACEITA", "ENVIANDO"]));
    assert_eq!((after, phones), (s(["ACEITA", "ACEITA", "ACEITA"]), all()));
}

#[test]
fn hs14_disco_que_falha_em_qualquer_escrita_nao_faz_enviar_de_novo() {
    let stub = Omne::sobe();
    let b = arruma(Bed::in_memory(&config(&url(&stub), "", "")), 2);
    enfileira(&b, [1, 2]);
    let moment = Momento::de(&b);
    let clean = roda(&b, &["-q", "send-hsm"], Falha { pasta: "store", ..NENHUMA });
    let (writes, syncs) = (clean.conta("write"), clean.conta("sync"));
    clean.out.exits(0);
    assert_eq!(stub.entregues().len(), 2);
    let mut failed = 0;
    for (op, count) in [("write", writes), ("sync", syncs)] {
        for n in 1..=count {
            moment.volta(&b);
            let before = stub.entregues().len();
            let seen = roda(&b, &["-q", "send-hsm"], Falha { pasta: "store", op, n, modo: "from", erro: "ENOSPC" });
            failed += usize::from(seen.out.code != 0);
            assert!(!seen.out.stderr.contains("panicked"), "{op} {n}: {}", seen.out.stderr);
            let next = envia(&b);
            assert!([0, 3].contains(&next.code), "{op} {n}: {}{}", next.stdout, next.stderr);
            envia(&b).exits(0);
            let phones = stub.entregues()[before..].to_vec();
            let twice = (1..=2).any(|c| phones.iter().filter(|p| **p == numero(c)).count() > 1);
            assert!(!twice, "{op} {n}: {phones:?}");
            for (i, state) in estados(&b).iter().enumerate() {
                let got = phones.contains(&numero(i as u64 + 1));
                assert!(matches!((state.as_str(), got), ("ACEITA", true) | ("INCERTA", _)), "{op} {n}: {state} {got}");
            }
        }
    }
    assert!(failed > 8, "{failed} of {writes} writes and {syncs} syncs");
}

#[test]
fn hs3_antes_de_sair_um_byte_nao_e_tentativa_e_a_linha_vai_uma_vez_quando_o_omne_volta() {
    // a port where nobody listens
    let addr = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let b = bed_em(&format!("http://{addr}"), 2, "tick_seconds = 1");
    enfileira(&b, [1, 2]);
    for _ in 0..3 {
        b.atom(&["-q", "run"]).exits(5);
        assert_eq!(estados(&b), ["PENDENTE", "PENDENTE"]);
    }
    assert_eq!(linhas(&b, "SELECT max(tentativas) FROM hsm"), ["0"]);
    assert!(marcas(&b).is_empty());
    let stub = Omne::em(addr, |s| Box::new(s));
    assert_eq!(conta(&envia(&b).exits(0)), (2, 0, 0, 0));
    assert_eq!(stub.entregues(), [numero(1), numero(2)]);
    // a name that nobody knows
    let b = bed_em("http://omne.invalid", 1, "tick_seconds = 1");
    enfileira(&b, [1]);
    b.atom(&["-q", "run"]).exits(5);
    assert_eq!(
        (estados(&b), linhas(&b, "SELECT tentativas FROM hsm")),
        (vec!["PENDENTE".to_owned()], vec!["0".into()])
    );
}

#[test]
fn uma_conexao_que_o_omne_fechou_ociosa_nao_deixa_duvida() {
    let stub = Omne::sobe();
    // it says one answer and closes: the next message finds the connection gone
    stub.roteiro([Faz::Bytes("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")]);
    let b = pronto(&stub, 2, "rate_per_second = 5");
    assert_eq!(conta(&envia(&b).exits(0)), (2, 0, 0, 0));
}

/// Somebody else's transaction in `atendimento.db`, until it is dropped.
fn ocupa(b: &Bed) -> rusqlite::Connection {
    let db = atendimento(b);
    db.busy_timeout(Duration::from_secs(30)).unwrap();
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    db
}

#[test]
fn hs2_a_resposta_esta_no_diario_tambem_enquanto_outro_escreve_no_store() {
    let stub = Omne::sobe();
    stub.sempre(Faz::Demora(Duration::from_millis(1500)));
    let b = pronto(&stub, 1, "");
    let mut sender = b.cmd(&["-q", "send-hsm"]).spawn().unwrap();
    servidor::espera(|| stub.quantos() == 1);
    let other = ocupa(&b);
    let journal = b.root.join("store/hsm.journal");
    servidor::espera(|| std::fs::read_to_string(&journal).unwrap().contains("R 1 ACEITA 200"));
    sender.kill().unwrap();
    sender.wait().unwrap();
    drop(other);
    envia(&b).exits(0);
    assert_eq!((estados(&b), marcas(&b), stub.quantos()), (vec!["ACEITA".into()], vec![COM_SUCESSO.into()], 1));
}

#[test]
fn nada_sai_depois_da_janela_por_mais_que_o_store_faca_esperar() {
    let stub = Omne::sobe();
    stub.roteiro([Faz::Demora(Duration::from_millis(1000))]);
    let mut b = pronto(&stub, 2, "");
    b.at("2023-08-04T19:59:54");
    let begun = Instant::now();
    let mut sender = b.cmd(&["-q", "send-hsm"]).spawn().unwrap();
    servidor::espera(|| stub.quantos() == 1);
    let other = ocupa(&b);
    std::thread::sleep(Duration::from_secs(7).saturating_sub(begun.elapsed()));
    drop(other);
    assert!(sender.wait().unwrap().success());
    assert_eq!((estados(&b), stub.quantos()), (vec!["ACEITA".into(), "PENDENTE".into()], 1));
}
