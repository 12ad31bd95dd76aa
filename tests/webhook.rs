//! OMNE's webhook: UC008, WH1–WH10, through HTTP.

mod cli;
mod entrada;
mod hsm;
mod ordem;
mod ruins;
mod vinculo;

use crate::support::serve::*;
use crate::support::*;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const CAMINHO: &str = "/webhook/omne";

/// Numbers and addresses of the clients below.
const CELULAR: &str = "11981112222";
const REFERENCIA: &str = "11987654321";
const COMUM: &str = "1132145678";

/// An example of each type.
const TIPOS: [(&str, &str); 5] = [
    ("attendance", include_str!("dados/omne/attendance.json")),
    ("visitor", include_str!("dados/omne/visitor.json")),
    ("occurrence", include_str!("dados/omne/occurrence.json")),
    ("hsm", include_str!("dados/omne/hsm.json")),
    ("resume_users", include_str!("dados/omne/resume_users.json")),
];

fn exemplo(tipo: &str) -> Value {
    let (_, text) = TIPOS.iter().find(|(t, _)| *t == tipo).unwrap();
    serde_json::from_str(text).unwrap()
}

/// An attendance with some of its `info` set.
fn atendimento(id: &str, info: &[(&str, &str)]) -> Value {
    let mut v = exemplo("attendance");
    v["id"] = json!(id);
    v["visitor_id"] = json!(format!("v-{id}"));
    for (k, x) in info {
        v["info"][*k] = json!(x);
    }
    v
}

fn ocorrencia(id: &str, attendance: &str) -> Value {
    let mut v = exemplo("occurrence");
    v["id"] = json!(id);
    v["attendance_id"] = json!(attendance);
    v
}

fn visita(id: &str) -> Value {
    let mut v = exemplo("visitor");
    v["id"] = json!(id);
    v
}

/// Four clients: 1 with a mobile, a reference's number and an address; 2 and 3 with a landline and an address in
/// common; 4 with nothing.
fn linhas(b: &Bed) -> Vec<u8> {
    let one = [
        ("telefone_1_tipo", "CE"),
        ("telefone_1_ddd", "011"),
        ("telefone_1_numero", "0981112222"),
        ("telefone_2_tipo", "RF"),
        ("telefone_2_ddd", "011"),
        ("telefone_2_numero", "0987654321"),
        ("email_1", "Ana@Exemplo.com.br"),
    ];
    let both = [
        ("telefone_1_tipo", "RE"),
        ("telefone_1_ddd", "011"),
        ("telefone_1_numero", "0032145678"),
        ("email_1", "comum@exemplo.com.br"),
    ];
    let all: [(u64, &[(&str, &str)]); 4] = [(1, &one), (2, &both), (3, &both), (4, &[])];
    all.iter().flat_map(|(n, fields)| b.remessa(&(1000 + n).to_string(), &cpf(*n), fields)).collect()
}

fn cama_em(mut b: Bed) -> Bed {
    let f = b.file(REMESSA, &linhas(&b));
    b.json(&["import", "remessa", &f]).exits(0);
    b.at("2023-08-04T11:30:00");
    b
}

fn cama(more: &str) -> Bed {
    cama_em(Bed::with(&format!("{SERVE}{more}\n[dia]\nobrigatorios = []")))
}

/// A bed, its server, OMNE's token.
fn servido() -> (Bed, Serve, String) {
    let b = cama("");
    let t = token(&b, "omne");
    let s = Serve::start(&b);
    (b, s, t)
}

fn contatos(b: &Bed) -> rusqlite::Connection {
    let db = rusqlite::Connection::open(b.root.join("store/atendimento.db")).unwrap();
    db.busy_timeout(Duration::from_secs(20)).unwrap();
    db
}

/// All rows of an answer, cells joined by `|`.
fn linhas_de(b: &Bed, sql: &str) -> Vec<String> {
    let db = contatos(b);
    let mut stmt = db.prepare(sql).unwrap();
    let n = stmt.column_count();
    let rows = stmt.query_map([], |r| {
        let cells = (0..n).map(|i| {
            Ok(match r.get_ref(i)? {
                rusqlite::types::ValueRef::Integer(i) => i.to_string(),
                rusqlite::types::ValueRef::Text(t) => String::from_utf8_lossy(t).into_owned(),
                _ => "-".into(),
            })
        });
        Ok(cells.collect::<rusqlite::Result<Vec<_>>>()?.join("|"))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// What every event but the older versions became, once nothing waits.
fn elos(b: &Bed) -> Vec<String> {
    espera(b, "SELECT count(*) FROM webhook WHERE estado='RECEBIDO'", &["0"]);
    linhas_de(b, "SELECT tipo, chave, estado, via, ficha_id FROM webhook WHERE estado<>'SUBSTITUIDO' ORDER BY 1, 2")
}

/// Waits until an answer is this one.
#[track_caller]
fn espera(b: &Bed, sql: &str, want: &[&str]) {
    let begun = Instant::now();
    loop {
        let got = linhas_de(b, sql);
        if got == want {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{sql}: {got:?}, not {want:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
