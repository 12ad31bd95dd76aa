//! Whatever a body says, it is kept, read and linked or not: nothing in it makes the program stumble (WH5, AP11).

use super::*;
use atom::atendimento::entrega::{self, Aviso};
use atom::atendimento::evento::{self, Atendimento, Chaves, Evento};
use atom::atendimento::{vinculo, webhook};
use atom::clock::Clock;
use atom::config::{Config, Env};
use atom::store::Store;
use atom::store::db::Db;
use proptest::prelude::*;
use proptest::test_runner::{Config as Rodadas, TestRunner};

/// What stands where a date, a number or a text is expected: JSON as it comes.
fn valor() -> impl Strategy<Value = String> {
    let text = |s: String| Value::from(s).to_string();
    prop_oneof![
        // moments at and beyond both ends of time, in nineteen characters
        3 => prop::sample::select(vec![
            "-262143-01-1 0:0:00",
            "-262143-01-07 1:2:3",
            "+262142-12-31 23:59",
            "9999-12-31 23:59:59",
            "0000-00-00 00:00:00",
            "0000-01-01 00:00:00",
            "2023-08-04 23:59:60",
        ])
        .prop_map(move |s| text(s.to_owned())),
        1 => (-300_000..300_000, 1u32..14, 1u32..33, 0u32..62)
            .prop_map(move |(y, m, d, s)| text(format!("{y:+}-{m:02}-{d} {m}:{s:02}:{s}"))),
        1 => (0u32..10_000, 0u32..14, 0u32..33, 0u32..26, 0u32..62)
            .prop_map(move |(y, m, d, h, s)| text(format!("{y:04}-{m:02}-{d:02} {h:02}:{s:02}:{s:02}"))),
        1 => "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,4})?",
        1 => "[0-9+() -]{0,24}".prop_map(text),
        1 => "\\PC{0,30}".prop_map(text),
        1 => Just(text(NUMERO.into())),
        1 => Just(text("101".into())),
        1 => Just("null".to_owned()),
        1 => Just("[[], {}]".to_owned()),
        1 => Just("{\"id\": [1]}".to_owned()),
        1 => Just("true".to_owned()),
    ]
}

const NUMERO: &str = "5511981112222";

fn corpo() -> impl Strategy<Value = String> {
    let top = [
        "id",
        "date_entry",
        "date_status",
        "status_date",
        "date_attendance",
        "destiny",
        "template_id",
        "visitor_id",
        "attendance_id",
        "channel",
        "occurrences",
    ];
    let info = ["crm", "document", "phone", "whatsapp", "mail"];
    let kind =
        prop::sample::select(vec!["attendance", "visitor", "occurrence", "hsm", "hsm", "hsm", "resume_users", "x"]);
    let status = prop::sample::select(vec!["delivered", "error", "read"]);
    let fields = |names: Vec<&'static str>| {
        // of a message of ours, often: the further it gets
        let ours = |k: &str, v: String, mine: bool| match k {
            "destiny" if mine => format!("\"{NUMERO}\""),
            "template_id" if mine => "101".to_owned(),
            _ => v,
        };
        (prop::collection::vec(valor(), names.len()), prop::bool::weighted(0.7)).prop_map(move |(values, mine)| {
            let each = names.iter().zip(values).map(|(k, v)| format!("{}: {}", json!(k), ours(k, v, mine)));
            each.collect::<Vec<_>>().join(", ")
        })
    };
    (kind, status, fields(top.to_vec()), fields(info.to_vec())).prop_map(|(kind, status, top, info)| {
        format!(r#"{{"webhook_type": "{kind}", "status": "{status}", {top}, "info": {{{info}}}}}"#)
    })
}

/// Nothing here catches a panic: what one event does, done by hand.
fn passo(at: &Db, config: &Config, corpo: &str) {
    let v = evento::valor(corpo.as_bytes());
    let _ = (Evento::le(&v, "sha"), Chaves::de(&v), Atendimento::de(&v));
    if let Some(aviso) = Aviso::de(&v, "2023-08-04 11:30:00") {
        entrega::aplica(at, config, &aviso).unwrap();
    }
}

#[test]
fn wh5_nenhuma_data_e_nenhum_numero_derruba_quem_le() {
    let b = cama("[omne]\nurl = \"http://127.0.0.1:9\"");
    let config = Config::load(&b.root.join("atom.toml"), &Env::default()).unwrap();
    let campanha = atom::import::campanha(&config);
    let dir = b.root.join("store");
    let (db, carteira) =
        (Store::escritor(&dir, Duration::from_secs(5)).unwrap(), Store::reader(&dir, &campanha).unwrap());
    let agora = Clock::from_env(Some("2023-08-04T11:30:00-03:00")).unwrap().now();
    let tx = db.begin().unwrap();
    let run =
        TestRunner::new(Rodadas { failure_persistence: None, ..Rodadas::with_cases(600) }).run(&corpo(), |body| {
            passo(&tx, &config, &body);
            let kept = webhook::recebe(&tx, body.as_bytes(), &agora).unwrap();
            vinculo::liga(&tx, &carteira.db, &config, &agora, &[kept.id]).unwrap();
            let row = atom::store::webhook::um(&tx, "main", kept.id).unwrap().unwrap();
            prop_assert_ne!(row.estado, "RECEBIDO");
            prop_assert_eq!(row.corpo, body.as_bytes());
            Ok(())
        });
    run.unwrap();
}
