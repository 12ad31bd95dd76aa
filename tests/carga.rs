//! `atom serve` beside callers who are slow or send too much, a store that another process holds, and imports at work:
//! AP8, AP9, AP13, AP15, IM18, WH9. What is asserted is what each caller got and what is kept, not how soon.

use crate::support::serve::*;
use crate::support::*;
use atom::gerador::Carteira;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const CLIENTE: &str = "/api/v1/dadosCliente?idCrm=1";
const TABULA: &str = "/api/v1/insertTabulacao";
const OMNE: &str = "/webhook/omne";

/// A served store with a client of contract 1001, without limits of reading; tokens of the Portal and of OMNE.
fn servido() -> (Bed, Serve, String, String) {
    let b = Bed::with(&format!("{SERVE}reads_per_minute = 0\n[dia]\nobrigatorios = []"));
    let f = b.file(REMESSA, &b.remessa("1001", &cpf(1), &ANTES));
    b.json(&["import", "remessa", &f]).exits(0);
    let (t, o) = (token(&b, "portal"), token(&b, "omne"));
    let s = Serve::start(&b);
    (b, s, t, o)
}

const ANTES: [(&str, &str); 4] = [
    ("valor_parcela", "10000"),
    ("telefone_1_tipo", "CE"),
    ("telefone_1_ddd", "011"),
    ("telefone_1_numero", "0981112222"),
];
const DEPOIS: [(&str, &str); 4] = [
    ("valor_parcela", "20000"),
    ("telefone_1_tipo", "CE"),
    ("telefone_1_ddd", "011"),
    ("telefone_1_numero", "0983334444"),
];

/// The next night's remessa: the client with other values among so many new contracts.
fn noite_seguinte(b: &mut Bed, contratos: usize) -> String {
    b.at("2023-08-07T02:00:00");
    let mut bytes = Vec::new();
    Carteira::nova(11, contratos, ASCOB).unwrap().escreve_remessa(&mut bytes, dia("2023-08-07")).unwrap();
    bytes.extend(b.remessa("1001", &cpf(1), &DEPOIS));
    b.file("20230806_203000_remessa_528_out.528", &bytes)
}

fn tabulacao(obs: &str) -> Value {
    json!({"idCampanha": 1, "idCrm": 1, "resultado": 101, "usuario": "ana.lima", "idTipoCanal": 1, "obs": obs})
}

fn contatos(b: &Bed) -> rusqlite::Connection {
    rusqlite::Connection::open(b.root.join("store/atendimento.db")).unwrap()
}

fn textos(b: &Bed, sql: &str) -> BTreeSet<String> {
    let db = contatos(b);
    let mut stmt = db.prepare(sql).unwrap();
    stmt.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect()
}

fn conta(b: &Bed, sql: &str) -> i64 {
    contatos(b).query_row(sql, [], |r| r.get(0)).unwrap()
}

/// Sends a byte now and then until the other side hangs up; what it had said.
fn pinga(mut c: TcpStream, comeco: &str) -> String {
    c.write_all(comeco.as_bytes()).unwrap();
    let mut open = true;
    for _ in 0..240 {
        std::thread::sleep(Duration::from_millis(250));
        open = c.write_all(b"x").is_ok();
        if !open {
            break;
        }
    }
    assert!(!open, "still connected after a minute: {comeco}");
    let mut said = Vec::new();
    let _ = c.read_to_end(&mut said);
    String::from_utf8_lossy(&said).into_owned()
}

/// Asks for much and reads nothing of it for long; how many of its answers came.
fn nao_le(mut c: TcpStream, pedido: &str, vezes: usize) -> usize {
    c.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
    let _ = c.write_all(pedido.repeat(vezes).as_bytes());
    std::thread::sleep(Duration::from_secs(45));
    let mut got = Vec::new();
    let _ = c.read_to_end(&mut got);
    got.windows(15).filter(|w| w == b"HTTP/1.1 200 OK").count()
}

#[test]
fn ap9_quem_e_lento_e_desligado_a_tempo_e_ninguem_espera_por_ele() {
    let (_b, s, t, _) = servido();
    let head = format!("POST {TABULA} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {t}\r\n");
    let ask = format!("GET /openapi.json HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {t}\r\n\r\n");
    let fim = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let mut slow = Vec::new();
        // more heads than there are places
        for _ in 0..280 {
            slow.push(scope.spawn(|| pinga(s.connect(), "GET /healthz HTTP/1.1\r\nX-Devagar: ")));
        }
        for _ in 0..40 {
            slow.push(scope.spawn(|| pinga(s.connect(), &format!("{head}Content-Length: 100000\r\n\r\n{{"))));
        }
        let deaf = scope.spawn(|| nao_le(s.connect(), &ask, 800));
        let others = scope.spawn(|| {
            let mut asked = 0;
            while !fim.load(Ordering::Relaxed) {
                s.get(CLIENTE, &t).is(200);
                s.post(TABULA, &t, &tabulacao("")).is(201);
                asked += 1;
                std::thread::sleep(Duration::from_millis(50));
            }
            asked
        });
        for one in slow {
            let said = one.join().unwrap();
            assert!(said.is_empty() || said.starts_with("HTTP/1.1 408"), "{said}");
        }
        let read = deaf.join().unwrap();
        assert!(read < 800, "who does not read is not waited for");
        fim.store(true, Ordering::Relaxed);
        assert!(others.join().unwrap() > 10);
    });
}

#[test]
fn ap8_um_corpo_sem_fim_e_413_e_nao_ocupa_memoria() {
    let (_b, s, t, o) = servido();
    s.get(CLIENTE, &t).is(200);
    let before = s.pico_kib();
    let endless = |path: &str, token: &str| {
        let mut c = s.connect();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nTransfer-Encoding: chunked\r\n\r\n"
        );
        c.write_all(head.as_bytes()).unwrap();
        let chunk = format!("10000\r\n{}\r\n", "[".repeat(0x10000));
        let sent = (0..2000).take_while(|_| c.write_all(chunk.as_bytes()).is_ok()).count();
        assert!(sent < 2000, "125 MiB of it were taken");
        let mut said = Vec::new();
        let _ = c.read_to_end(&mut said);
        String::from_utf8_lossy(&said).into_owned()
    };
    let mut told = 0;
    for _ in 0..4 {
        for said in [endless(TABULA, &t), endless(OMNE, &o)] {
            // hanging up on a caller who still sends may lose him the answer
            assert!(said.is_empty() || said.starts_with("HTTP/1.1 413"), "{said}");
            told += usize::from(!said.is_empty());
        }
    }
    assert!(s.pico_kib() < before + 24 * 1024, "{before} KiB before, {} after; {told} answers", s.pico_kib());
    s.get(CLIENTE, &t).is(200);
}

#[test]
fn ap13_preso_por_trinta_segundos_toda_consulta_responde_e_toda_escrita_e_503() {
    let (b, s, t, o) = servido();
    let other = contatos(&b);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (begun, mut reads, mut n) = (Instant::now(), 0i64, 0);
    while begun.elapsed() < Duration::from_secs(30) {
        for _ in 0..5 {
            s.get(CLIENTE, &t).is(200);
            reads += 1;
        }
        n += 1;
        let event = json!({"webhook_type": "occurrence", "id": format!("o-{n}"), "attendance_id": "a"});
        for (path, token, body) in [(TABULA, &t, &tabulacao("presa")), (OMNE, &o, &event)] {
            let r = s.post(path, token, body).is(503);
            assert_eq!(r.codigo(), "INDISPONIVEL");
            assert!(r.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
        }
    }
    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    s.post(TABULA, &t, &tabulacao("depois")).is(201);
    assert_eq!(s.term().0, Some(0));
    assert_eq!(textos(&b, "SELECT obs FROM tabulacao"), BTreeSet::from(["depois".to_owned()]));
    assert_eq!(conta(&b, "SELECT count(*) FROM webhook"), 0);
    // who read meanwhile is on record all the same
    assert_eq!(conta(&b, "SELECT count(*) FROM auditoria WHERE o_que='dadosCliente'"), reads);
}

#[test]
fn im18_ap15_durante_uma_importacao_toda_resposta_e_de_um_so_momento_e_todo_post_e_201() {
    let (mut b, s, t, _) = servido();
    let f = noite_seguinte(&mut b, 3000);
    let (fim, reads, written) = (AtomicBool::new(false), Mutex::new(Vec::new()), Mutex::new(BTreeSet::new()));
    let n = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !fim.load(Ordering::Relaxed) {
                let v = s.get(CLIENTE, &t).is(200).json()["clientes"][0].clone();
                let seen = (v["contratos"][0]["valor_parcela"].clone(), v["telefones_disponiveis"].clone());
                reads.lock().unwrap().push((seen.0, seen.1[0]["fone"].clone(), seen.1.as_array().unwrap().len()));
            }
        });
        for _ in 0..2 {
            scope.spawn(|| {
                while !fim.load(Ordering::Relaxed) {
                    let obs = format!("obs {}", n.fetch_add(1, Ordering::Relaxed));
                    s.post(TABULA, &t, &tabulacao(&obs)).is(201);
                    written.lock().unwrap().insert(obs);
                }
            });
        }
        let done = b.cmd(&["-q", "import", "remessa", &f]).stdout(Stdio::null()).status().unwrap();
        fim.store(true, Ordering::Relaxed);
        assert!(done.success());
    });
    let old = (json!("100.00"), json!("981112222"), 1);
    let new = (json!("200.00"), json!("983334444"), 1);
    let mut reads = reads.into_inner().unwrap();
    assert_eq!(reads[0], old);
    let turned = reads.iter().position(|r| *r != old).unwrap_or(reads.len());
    assert!(reads.split_off(turned).iter().all(|r| *r == new), "the old and the new in one answer, or the old again");
    let v = s.get(CLIENTE, &t).is(200).json()["clientes"][0].clone();
    assert_eq!(v["contratos"][0]["valor_parcela"], new.0);
    // SIGKILL
    drop(s);
    assert_eq!(textos(&b, "SELECT obs FROM tabulacao"), written.into_inner().unwrap());
    assert_eq!(b.sql("SELECT count(*) FROM contrato"), "3001");
}

#[test]
fn wh9_quinhentos_por_segundo_durante_uma_importacao_nenhum_confirmado_se_perde() {
    const EVENTOS: usize = 1000;
    let (mut b, s, _, o) = servido();
    let f = noite_seguinte(&mut b, 2000);
    // each twice, so mixed that the second is often there first
    let mut posts: Vec<usize> = (0..2 * EVENTOS).map(|i| i % EVENTOS).collect();
    let mut x = 9u64;
    for i in (1..posts.len()).rev() {
        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        posts.swap(i, (x >> 33) as usize % (i + 1));
    }
    let (next, acknowledged, begun) = (AtomicUsize::new(0), Mutex::new(HashSet::new()), Instant::now());
    std::thread::scope(|scope| {
        let import = scope.spawn(|| b.cmd(&["-q", "import", "remessa", &f]).stdout(Stdio::null()).status().unwrap());
        for _ in 0..32 {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(event) = posts.get(at) else { return };
                    let due = begun + Duration::from_millis(2 * at as u64);
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    let body = json!({"webhook_type": "occurrence", "id": format!("o-{event}"), "attendance_id": "a"});
                    s.post(OMNE, &o, &body).is(200);
                    acknowledged.lock().unwrap().insert(*event);
                }
            });
        }
        assert!(import.join().unwrap().success());
    });
    assert_eq!(acknowledged.into_inner().unwrap().len(), EVENTOS);
    // SIGKILL
    drop(s);
    let want: BTreeSet<String> = (0..EVENTOS).map(|n| format!("o-{n}")).collect();
    assert_eq!(textos(&b, "SELECT chave FROM webhook"), want);
    assert_eq!(conta(&b, "SELECT count(*) FROM webhook"), EVENTOS as i64);
}
