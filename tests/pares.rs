//! The wrong kind of file changes nothing (IM15); a rerun by hand and cron at once (IM17); a reader during a
//! replacement (IM14).

use crate::support::*;
use atom::store::lock::{self, Which};
use std::fs;
use std::path::Path;

/// A file of each kind in the committed day, and a name of that kind on the next day.
const TIPOS: &[(&str, &str, &str)] = &[
    ("remessa", "20230803_203000_remessa_528_out.528", "20230804_203000_remessa_528_out.528"),
    ("parcelas", "20230803_203500_parc_528_out.528", "20230804_203500_parc_528_out.528"),
    ("garantias", "20230803_203700_garantias_528_out.528", "20230804_203700_garantias_528_out.528"),
    ("baixa", "AcordosBaixados_04082023_528.csv", "AcordosBaixados_07082023_528.csv"),
    ("exclusao", "20230803_210000_baixa_528_out.528", "20230804_210000_baixa_528_out.528"),
    ("batimento", "bat_carteira_veic_04082023_528.csv", "bat_carteira_veic_07082023_528.csv"),
    ("telefones", "telefones_carteira_veic_030823211000.csv", "telefones_carteira_veic_040823211000.csv"),
    ("refin", "refin_carteira_veic_03082023211500.csv", "refin_carteira_veic_04082023211500.csv"),
    ("massivas", "20230804_081500_massiva_whatsapp.csv", "20230805_081500_massiva_whatsapp.csv"),
    ("retorno", "", "20230805_110000_manager_retorno.csv"),
];

#[test]
fn im15_um_arquivo_de_cada_tipo_dado_a_cada_outro_import_nao_muda_nada() {
    let mut b = Bed::new();
    b.fixture_day();
    b.atom(&["-q", "run"]).exits(3);
    b.at("2023-08-07T02:41:00");
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/dia");
    let outbox = || {
        let db = rusqlite::Connection::open(b.root.join("store/atendimento.db")).unwrap();
        let count = |t: &str| db.query_row(&format!("SELECT count(*) FROM {t}"), [], |r| r.get::<_, i64>(0)).unwrap();
        (count("hsm"), count("massiva"), count("retorno"))
    };
    let before = (b.digest(), outbox());
    let mut pairs = 0;
    for (kind, own, _) in TIPOS {
        let bytes = match *own {
            "" => b"ID_CRM;TELEFONE;STATUS;DATA_HORA\r\n1;11987654321;ATENDEU;04/08/2023 10:00:00\r\n".to_vec(),
            own => fs::read(fixtures.join(own)).unwrap(),
        };
        for (other, _, name) in TIPOS.iter().filter(|(k, ..)| k != kind) {
            // under its own name it is known for what it is
            if !own.is_empty() {
                let f = b.file(own, &bytes);
                let r = b.json(&["import", other, &f]).exits(6).report();
                assert_eq!(r["reason"]["code"], "NOME_INVALIDO", "{kind} as {other}");
            }
            // under a name of the other kind its structure says so, whatever is forced
            let f = b.file(name, &bytes);
            let r = b.json(&["--force", "--reason", "teste", "import", other, &f]).exits(6).report();
            assert_eq!(r["reason"]["code"], "ESTRUTURA", "{kind} under a name of {other}: {r}");
            pairs += 1;
        }
    }
    assert_eq!(pairs, 90);
    assert_eq!((b.digest(), outbox()), before);
}

#[test]
fn im17_a_mao_e_cron_ao_mesmo_tempo_um_aplica_o_outro_diz_ocupado() {
    let b = Bed::new();
    let f = b.file(REMESSA, &b.remessa("1001", &cpf(1), &[]));
    let held = lock::take(&b.root.join("store"), Which::Carteira, "pid 1 desde 02:41: atom run").unwrap();
    for args in [&["import", "remessa", &f][..], &["run"]] {
        let out = b.atom(args).exits(11);
        assert!(out.stderr.contains("pid 1 desde 02:41: atom run"), "{}", out.stderr);
    }
    assert_eq!(b.sql("SELECT count(*) FROM contrato"), "0");
    drop(held);
    b.atom(&["import", "remessa", &f]).exits(0);
    assert_eq!(b.sql("SELECT count(*) FROM contrato"), "1");
}

#[test]
fn im14_quem_le_durante_a_troca_do_refin_ve_as_ofertas_antigas_ou_as_novas() {
    let b = Bed::new();
    let lines: Vec<u8> = (1..=3).flat_map(|n| b.remessa(&format!("100{n}"), &cpf(n), &[])).collect();
    let f = b.file(REMESSA, &lines);
    b.atom(&["-q", "import", "remessa", &f]).exits(0);
    let refin = |name: &str, total: &str| {
        let rows: String = (1..=3).map(|n| format!("100{n};{total}\r\n")).collect();
        let f = b.file(name, format!("CONTRATO;TOTAL_REFINANCIADO\r\n{rows}").as_bytes());
        b.atom(&["-q", "import", "refin", &f]).exits(0);
    };
    refin("refin_carteira_veic_03082023211500.csv", "100,00");
    let reader = b.db();
    let seen = || {
        reader.query_row("SELECT group_concat(total_refinanciado) FROM refin", [], |r| r.get::<_, String>(0)).unwrap()
    };
    reader.execute_batch("BEGIN").unwrap();
    assert_eq!(seen(), "10000,10000,10000");
    refin("refin_carteira_veic_04082023021500.csv", "250,00");
    assert_eq!(seen(), "10000,10000,10000");
    reader.execute_batch("COMMIT").unwrap();
    assert_eq!(seen(), "25000,25000,25000");
}
