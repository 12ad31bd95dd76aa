//! `atom replica`: BI's copy, whole and of one moment, whatever the imports do meanwhile.

use crate::support::*;
use atom::domain::situacao::{Situacao, status_da_ficha};
use atom::store::lock::{Which, take};
use rusqlite::{Connection, OpenFlags, types::ValueRef};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

mod destino;
mod pessoais;

const ENRIQUECE: &str = "telefones_carteira_veic_040823090000.csv";
const SMS: &str = "20230804_100000_massiva_sms.csv";
const EMAIL: &str = "20230804_093000_massiva_email.csv";
const WHATSAPP: &str = "20230804_081500_massiva_whatsapp.csv";
const RETORNO: &str = "20230804_110000_manager_retorno.csv";

const CELULAR: &str = "11981112222";
const REFERENCIA: &str = "11987654321";
const NOVO: &str = "21987650000";

/// Every folder but the store and the bed's own is BI's.
fn bi(b: &Bed) -> String {
    fs::create_dir_all(b.root.join("bi")).unwrap();
    b.root.join("bi/atom.sqlite").display().to_string()
}

fn replica(b: &Bed) -> Connection {
    let dest = bi(b);
    b.atom(&["replica", &dest]).exits(0);
    abre(&dest)
}

fn abre(dest: &str) -> Connection {
    Connection::open_with_flags(dest, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

/// Rows of an answer, the cells joined by `|`.
fn linhas(db: &Connection, sql: &str) -> Vec<String> {
    let mut stmt = db.prepare(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
    let n = stmt.column_count();
    let row = |r: &rusqlite::Row<'_>| {
        let cell = |i| match r.get_ref(i).unwrap() {
            ValueRef::Integer(k) => k.to_string(),
            ValueRef::Text(t) => String::from_utf8_lossy(t).into_owned(),
            _ => "-".to_owned(),
        };
        Ok((0..n).map(cell).collect::<Vec<_>>().join("|"))
    };
    stmt.query_map([], row).unwrap().map(Result::unwrap).collect()
}

fn visoes(db: &Connection) -> Vec<String> {
    linhas(db, "SELECT name FROM sqlite_master WHERE type='view' OR name GLOB 'bi_*' ORDER BY name")
}

fn importa(b: &Bed, kind: &str, name: &str, bytes: &[u8], code: i32) -> Value {
    let f = b.file(name, bytes);
    b.json(&["import", kind, &f]).exits(code).report()
}

/// A client with contracts 1001 and 0001002 in every state of a number, and a client with 2001 alone; scores, and
/// a contact through every channel.
fn cama() -> Bed {
    let mut b = Bed::new();
    let fones = [
        ("telefone_1_tipo", "CE"),
        ("telefone_1_ddd", "011"),
        ("telefone_1_numero", "0981112222"),
        ("telefone_2_tipo", "CO"),
        ("telefone_2_ddd", "011"),
        ("telefone_2_numero", "0032145678"),
        ("telefone_3_tipo", "RF"),
        ("telefone_3_ddd", "011"),
        ("telefone_3_numero", "0987654321"),
        ("telefone_4_tipo", "RE"),
        ("telefone_4_situacao", "I"),
        ("telefone_4_ddd", "011"),
        ("telefone_4_numero", "0032140000"),
        ("email_1", "fulano@exemplo.com.br"),
        ("endereco_1_logradouro", "RUA DAS ACACIAS"),
        ("endereco_1_uf", "SP"),
    ];
    // the client's own fields are those of its last line
    let other = [
        ("conjuge_nome", "CICLANA DE TAL"),
        ("conjuge_ddd_celular", "011"),
        ("conjuge_celular", "0976543210"),
        ("telefone_1_tipo", "RE"),
        ("telefone_1_ddd", "011"),
        ("telefone_1_numero", "0032149999"),
        ("telefone_2_tipo", "OU"),
        ("telefone_2_ddd", "011"),
        ("telefone_2_numero", "0981112222"),
    ];
    // in the file's order, so in that of the ids, the later text comes first
    let mut bytes = b.remessa("1001", &cpf(1), &fones);
    bytes.extend(b.remessa("0001002", &cpf(1), &other));
    bytes.extend(b.remessa("2001", &cpf(2), &[]));
    importa(&b, "remessa", REMESSA, &bytes, 0);
    importa(&b, "parcelas", PARCELAS, &b.parcela("1001", "11", &[]), 0);
    b.at("2023-08-04T11:30:00");
    let phones =
        format!("CPF;CONTRATO;TELEFONE1;SCORE1;TELEFONE2;SCORE2\r\n{};1001;{CELULAR};70;{NOVO};35\r\n", cpf(1));
    importa(&b, "telefones", ENRIQUECE, phones.as_bytes(), 0);
    b
}

/// Contacts through every channel with the first client; the reference's number got in before it was one.
fn contatos(b: &Bed) {
    let sms = format!("PROTOCOLO;TELEFONE;DATA_ENVIO;MENSAGEM\r\nS1;{CELULAR};03/08/2023 09:00:00;oi fulano\r\n");
    importa(b, "massivas", SMS, sms.as_bytes(), 0);
    let email =
        format!("PROTOCOLO;CPF;EMAIL;DATA_ENVIO\r\nE1;{};fulano@exemplo.com.br;03/08/2023 08:00:00\r\n", cpf(1));
    importa(b, "massivas", EMAIL, email.as_bytes(), 0);
    let text = format!("CONTRATO;NUMERO;NOME;JORNADA\r\n1001;{CELULAR};FULANO;jornada1\r\n");
    importa(b, "massivas", WHATSAPP, text.as_bytes(), 0);
    let calls = format!("ID_CRM;TELEFONE;STATUS;DATA_HORA\r\n1;{CELULAR};ATENDIDA;04/08/2023 10:00:00\r\n");
    importa(b, "retorno", RETORNO, calls.as_bytes(), 0);
    let a = Connection::open(b.root.join("store/atendimento.db")).unwrap();
    let sql = "INSERT INTO retorno SELECT ficha_id, '2023-08-04 10:05:00', ?1, status, lote_id, 9 FROM retorno";
    a.execute(sql, [REFERENCIA]).unwrap();
}

#[test]
fn as_visoes_respondem_com_os_numeros_do_dia() {
    let b = cama();
    contatos(&b);
    b.db()
        .execute("UPDATE contrato SET situacao='BLOQUEADO', bloqueado_em='2023-08-04' WHERE chave='1001'", [])
        .unwrap();
    b.atom(&["day", "waive", "garantias", "--reason", "o banco avisou"]).exits(0);
    let db = replica(&b);
    assert_eq!(
        linhas(
            &db,
            "SELECT id_crm, status, contratos, ativos, bloqueados, telefones, maior_score FROM bi_ficha ORDER BY 1"
        ),
        ["1|BLOQUEIO PARCIAL|2|1|1|4|70", "2|ATIVO|1|1|0|0|-"]
    );
    assert_eq!(
        linhas(
            &db,
            "SELECT id_crm, contrato, situacao, bloqueado_em, valor_parcela, dias_atraso FROM bi_contrato ORDER BY 2 DESC"
        ),
        ["2|2001|ATIVO|-|59537|95", "1|1001|BLOQUEADO|2023-08-04|59537|95", "1|0001002|ATIVO|-|59537|95"]
    );
    assert_eq!(linhas(&db, "SELECT contrato, numero_parcela, valor_parcela FROM bi_parcela"), ["1001|11|59537"]);
    assert_eq!(linhas(&db, "SELECT contrato, ordem, email FROM bi_email"), ["1001|1|fulano@exemplo.com.br"]);
    assert_eq!(linhas(&db, "SELECT contrato, logradouro, uf FROM bi_endereco"), ["1001|RUA DAS ACACIAS|SP"]);
    assert_eq!(
        linhas(
            &db,
            "SELECT etapa, arquivos, importados, lidas, novas, rejeitadas, dispensa FROM bi_dia
             WHERE etapa IN ('remessa','parcelas','garantias') ORDER BY etapa"
        ),
        ["garantias|0|0|0|0|0|o banco avisou", "parcelas|1|1|1|1|0|-", "remessa|1|1|3|3|0|-"]
    );
    let same = "SELECT count(*) FROM bi_arquivo WHERE lidas<>novas+alteradas+iguais+ignoradas+rejeitadas";
    assert_eq!(linhas(&db, same), ["0"]);
    assert_eq!(
        linhas(&db, "SELECT feita_em, data_operacao, com_pessoais FROM bi_replica"),
        ["2023-08-04T11:30:00-03:00|2023-08-04|1"]
    );
    assert_eq!(
        linhas(
            &db,
            "SELECT tipo, casas, pessoal FROM bi_dicionario WHERE visao='bi_contrato' AND coluna='valor_parcela'"
        ),
        ["decimal|2|0"]
    );
    for v in visoes(&db) {
        linhas(&db, &format!("SELECT * FROM {v}"));
    }
}

#[test]
fn o_historico_junta_os_canais_e_nao_mostra_numero_de_terceiro() {
    let b = cama();
    contatos(&b);
    let db = replica(&b);
    assert_eq!(
        linhas(
            &db,
            "SELECT canal, contrato, em, acao, detalhe, protocolo, fone, email, mensagem FROM bi_historico
             WHERE id_crm=1 AND canal<>'CARTEIRA' ORDER BY canal, em, contrato"
        ),
        [
            "EMAIL|-|2023-08-03 08:00:00|Ação Massiva – Email|-|E1|-|fulano@exemplo.com.br|-",
            "LIGACAO|-|2023-08-04 10:00:00|ATENDIDA|-|-|11981112222|-|-",
            "LIGACAO|-|2023-08-04 10:05:00|ATENDIDA|-|-|-|-|-",
            "SMS|0001002|2023-08-03 09:00:00|Ação Massiva – SMS|-|S1|11981112222|-|oi fulano",
            "SMS|1001|2023-08-03 09:00:00|Ação Massiva – SMS|-|S1|11981112222|-|oi fulano",
            "WHATSAPP|1001|2023-08-04 11:30:00|PENDENTE|jornada1|-|5511981112222|-|-",
        ]
    );
    assert_eq!(
        linhas(
            &db,
            "SELECT contrato, em, acao, para, linha FROM bi_historico WHERE canal='CARTEIRA' ORDER BY em, linha"
        ),
        [
            "1001|2023-08-04 02:41:00|CRIADO|ATIVO|1",
            "0001002|2023-08-04 02:41:00|CRIADO|ATIVO|2",
            "2001|2023-08-04 02:41:00|CRIADO|ATIVO|3",
            "1001|2023-08-04 11:30:00|ENRIQUECIMENTO|-|2"
        ]
    );
}

#[test]
fn os_telefones_e_o_status_sao_os_de_dados_cliente() {
    let b = cama();
    b.fixture_day();
    b.atom(&["-q", "run"]);
    b.db()
        .execute_batch(
            "UPDATE contrato SET situacao=CASE id%5 WHEN 0 THEN 'BLOQUEADO' WHEN 1 THEN 'BAIXADO' ELSE situacao END",
        )
        .unwrap();
    let db = replica(&b);
    let fichas = linhas(&db, "SELECT id_crm FROM bi_ficha ORDER BY id_crm");
    assert!(fichas.len() > 150);
    for id in fichas.iter().take(40) {
        let out = b.json(&["get", id, "--by", "idcrm", "--show-pii"]).exits(0).stdout;
        let client = &serde_json::from_str::<Value>(&out).unwrap()["clientes"][0];
        let text = |v: &Value| v.as_str().map_or_else(|| "-".to_owned(), str::to_owned);
        let shown = client["telefones_disponiveis"].as_array().unwrap().iter();
        let shown: Vec<String> = shown
            .map(|t| {
                let score = t["score"].as_i64().map_or_else(|| "-".to_owned(), |s| s.to_string());
                format!("{}|{}|{}|{score}", text(&t["tipo"]), text(&t["ddd"]), text(&t["fone"]))
            })
            .collect();
        let sql = format!("SELECT tipo, ddd, numero, score FROM bi_telefone WHERE id_crm={id} ORDER BY ordem");
        assert_eq!(linhas(&db, &sql), shown, "ficha {id}");
        assert_eq!(linhas(&db, &format!("SELECT status FROM bi_ficha WHERE id_crm={id}")), [text(&client["status"])]);
    }
    let seen: BTreeSet<String> = linhas(&db, "SELECT status FROM bi_ficha").into_iter().collect();
    assert_eq!(seen.len(), 3, "{seen:?}");
    // and of every ficha by the domain's rule
    for row in linhas(
        &db,
        "SELECT f.status, group_concat(c.situacao) FROM bi_ficha f JOIN bi_contrato c USING (id_crm) GROUP BY id_crm",
    ) {
        let (status, all) = row.split_once('|').unwrap();
        assert_eq!(status, status_da_ficha(all.split(',').map(|s| Situacao::parse(s).unwrap())).as_str(), "{all}");
    }
}

#[test]
fn um_momento_so_enquanto_uma_importacao_grava() {
    const N: usize = 2000;
    let b = Bed::new();
    let c = atom::gerador::Carteira::nova(11, N, ASCOB).unwrap();
    let mut bytes = Vec::new();
    c.escreve_remessa(&mut bytes, dia("2023-08-04")).unwrap();
    b.evo(REMESSA, &bytes);
    b.atom(&["-q", "fetch"]).exits(0);
    let dest = bi(&b);
    let mut import = b.cmd(&["-q", "import", "remessa"]).spawn().unwrap();
    let mut counts = Vec::new();
    loop {
        let done = import.try_wait().unwrap();
        b.atom(&["-q", "replica", &dest]).exits(0);
        let db = abre(&dest);
        let sql = "SELECT count(*), (SELECT count(*) FROM bi_arquivo WHERE estado='importado'),
                     (SELECT count(*) FROM bi_historico), (SELECT coalesce(sum(lidas-rejeitadas-ignoradas),0) FROM bi_dia)
                   FROM bi_contrato";
        counts.push(linhas(&db, sql).remove(0));
        if let Some(status) = done {
            assert!(status.success());
            break;
        }
    }
    let whole = format!("{N}|1|{N}|{N}");
    assert!(counts.iter().all(|c| *c == "0|0|0|0" || *c == whole), "{counts:?}");
    assert_eq!(counts.last(), Some(&whole));
}

#[test]
fn as_duas_metades_sao_do_mesmo_momento_enquanto_alguem_grava_sem_parar() {
    let b = cama();
    let dest = bi(&b);
    let path = b.root.join("store/carteira.db");
    let stop = std::sync::atomic::AtomicBool::new(false);
    let seen = std::thread::scope(|s| {
        s.spawn(|| {
            let db = Connection::open(path).unwrap();
            db.busy_timeout(Duration::from_secs(10)).unwrap();
            // it ends by itself where the other half of the test fails
            for n in 0..50_000 {
                let sql =
                    format!("BEGIN; UPDATE ficha SET nome_cliente='N{n}'; UPDATE evento SET detalhe='N{n}'; COMMIT");
                db.execute_batch(&sql).unwrap();
                if stop.load(std::sync::atomic::Ordering::Relaxed) {
                    return;
                }
            }
        });
        let seen: Vec<_> = (0..30)
            .map(|_| {
                b.atom(&["-q", "replica", &dest]).exits(0);
                let sql = "SELECT (SELECT group_concat(DISTINCT nome_cliente) FROM ficha),
                             (SELECT group_concat(DISTINCT detalhe) FROM evento)";
                linhas(&abre(&dest), sql).remove(0)
            })
            .collect();
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        seen
    });
    for both in &seen {
        let (one, other) = both.split_once('|').unwrap();
        assert_eq!(one, other, "{seen:?}");
    }
    assert!(seen.first() != seen.last(), "nobody wrote: {seen:?}");
}

#[test]
fn nao_espera_a_trava_das_importacoes_nem_ve_o_que_nao_foi_confirmado() {
    let b = cama();
    let dest = bi(&b);
    let held = take(&b.root.join("store"), Which::Carteira, "teste").unwrap();
    let writer = b.db();
    writer.execute_batch("BEGIN IMMEDIATE; UPDATE contrato SET situacao='BAIXADO'").unwrap();
    b.atom(&["replica", &dest]).exits(0);
    assert_eq!(linhas(&abre(&dest), "SELECT DISTINCT situacao FROM bi_contrato"), ["ATIVO"]);
    writer.execute_batch("COMMIT").unwrap();
    b.atom(&["replica", &dest]).exits(0);
    assert_eq!(linhas(&abre(&dest), "SELECT DISTINCT status FROM bi_ficha"), ["TODOS CONTRATOS BAIXADOS"]);
    drop(held);
    // but two replicas at once exclude each other
    let _held = take(&b.root.join("store"), Which::Replica, "outra").unwrap();
    b.atom(&["replica", &dest]).exits(11);
    b.atom(&["replica", &dest, "--if-locked", "skip"]).exits(0);
}

#[test]
fn a_nova_toma_o_lugar_da_antiga_sem_tirar_a_de_quem_le() {
    let b = cama();
    let dest = bi(&b);
    let old = replica(&b);
    assert_eq!(linhas(&old, "SELECT count(*) FROM bi_contrato"), ["3"]);
    let mut bytes = b.remessa("1001", &cpf(1), &[]);
    bytes.extend(b.remessa("3001", &cpf(3), &[]));
    importa(&b, "remessa", "20230804_203000_remessa_528_out.528", &bytes, 0);
    // what a killed run and a reader that wrote would leave
    fs::copy(&dest, format!("{dest}.part")).unwrap();
    fs::write(format!("{dest}-journal"), "lixo").unwrap();
    let out = b.json(&["replica", &dest]).exits(0).report();
    assert_eq!((&out["personal"], &out["rows"]["contrato"], &out["dry_run"]), (&json!(true), &json!(4), &json!(false)));
    // that a contract was created is an event; in how many tables it lies is nobody's business
    assert_eq!((&out["rows"]["evento"], &out["rows"]["cadastro"]), (&json!(5), &Value::Null));
    assert_eq!(out["bytes"].as_u64().unwrap(), fs::metadata(&dest).unwrap().len());
    assert_eq!(linhas(&old, "SELECT count(*) FROM bi_contrato"), ["3"]);
    let new = abre(&dest);
    assert_eq!(linhas(&new, "SELECT count(*) FROM bi_contrato"), ["4"]);
    assert_eq!(linhas(&new, "PRAGMA integrity_check"), ["ok"]);
    assert_eq!(b.names("bi"), ["atom.sqlite"]);
    let mode = fs::metadata(&dest).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode & 0o333, mode & 0o400), (0, 0o400), "{mode:o}");
}

#[test]
fn as_permissoes_sao_as_do_umask_sem_escrita() {
    let b = cama();
    let dest = bi(&b);
    for (mask, want) in [("022", 0o444), ("027", 0o440), ("077", 0o400)] {
        let script = format!("umask {mask}; exec '{}' -q replica '{dest}'", env!("CARGO_BIN_EXE_atom"));
        let mut c = std::process::Command::new("sh");
        assert!(c.args(["-c", &script]).current_dir(&b.root).status().unwrap().success());
        assert_eq!(fs::metadata(&dest).unwrap().permissions().mode() & 0o777, want, "{mask}");
    }
}

#[test]
fn morta_em_qualquer_momento_deixa_a_antiga_ou_a_nova() {
    let b = Bed::new();
    let c = atom::gerador::Carteira::nova(11, 2000, ASCOB).unwrap();
    let mut bytes = Vec::new();
    c.escreve_remessa(&mut bytes, dia("2023-08-04")).unwrap();
    importa(&b, "remessa", REMESSA, &bytes, 0);
    let dest = bi(&b);
    let begun = Instant::now();
    b.atom(&["-q", "replica", &dest]).exits(0);
    let whole = begun.elapsed();
    let old = fs::read(&dest).unwrap();
    // the last moment before the new one takes its name
    assert!(!b.cmd(&["-q", "replica", &dest]).env("ATOM_TEST_CRASH", "replica").output().unwrap().status.success());
    assert_eq!(fs::read(&dest).unwrap(), old);
    assert_eq!(b.names("bi"), ["atom.sqlite", "atom.sqlite.part"]);
    let mut killed = 0;
    for i in 0..12u32 {
        let mut child = b.cmd(&["-q", "replica", &dest]).spawn().unwrap();
        std::thread::sleep(whole.mul_f64(f64::from(i) / 14.0) + Duration::from_micros(u64::from(i) * 137));
        child.kill().unwrap();
        killed += u32::from(!child.wait().unwrap().success());
        let db = abre(&dest);
        assert_eq!(linhas(&db, "PRAGMA integrity_check"), ["ok"], "moment {i}");
        assert_eq!(linhas(&db, "SELECT count(*) FROM bi_contrato"), ["2000"], "moment {i}");
    }
    assert!(killed >= 4, "only {killed} of 12 were killed in time");
    b.atom(&["-q", "replica", &dest]).exits(0);
    assert_eq!(b.names("bi"), ["atom.sqlite"]);
}

#[test]
fn sem_pessoais_nao_ha_nome_documento_numero_nem_texto_no_arquivo() {
    let b = cama();
    contatos(&b);
    let dest = bi(&b);
    let personal = [
        cpf(1),
        "FULANO DE TAL".into(),
        "CICLANA".into(),
        "fulano@exemplo".into(),
        "ACACIAS".into(),
        "oi fulano".into(),
        CELULAR[2..].into(),
        NOVO[2..].into(),
    ];
    // a phone may stand there as text, with its DDD or without, or as the six bytes of a number of the file format
    let has = |what: &str| {
        let all = fs::read(&dest).unwrap();
        let holds = |bytes: &[u8]| all.windows(bytes.len()).any(|w| w == bytes);
        // all of these are in the DDDs 11 and 21
        let number = |ddd: &str| format!("{ddd}{what}").parse::<u64>().ok().filter(|_| what.len() == 9);
        let whole = |ddd: &str| number(ddd).is_some_and(|n| holds(&n.to_be_bytes()[2..]));
        holds(what.as_bytes()) || whole("11") || whole("21")
    };
    b.atom(&["replica", &dest]).exits(0);
    for p in &personal {
        assert!(has(p), "{p}");
    }
    // third parties' channels leave in neither
    assert!(!has("976543210") && !has(&REFERENCIA[2..]));
    b.atom(&["replica", &dest, "--without-personal"]).exits(0);
    for p in personal.iter().map(String::as_str).chain(["976543210", &REFERENCIA[2..]]) {
        assert!(!has(p), "{p}");
    }
    let db = abre(&dest);
    assert_eq!(
        linhas(&db, "SELECT id_crm, ordem, ddd, tipo, origem, comercial, score FROM bi_telefone"),
        [
            "1|1|11|RESIDENCIAL|REMESSA|0|-",
            "1|2|11|OUTRO|REMESSA|0|70",
            "1|3|11|COMERCIAL|REMESSA|1|-",
            "1|4|21|Enriquecimento 1|ENRIQUECIMENTO|0|35"
        ]
    );
    assert_eq!(linhas(&db, "SELECT count(*) FROM bi_historico WHERE canal<>'CARTEIRA'"), ["6"]);
    assert_eq!(linhas(&db, "SELECT uf FROM bi_endereco"), ["SP"]);
    assert_eq!(linhas(&db, "SELECT sum(pessoal) FROM bi_dicionario"), ["0"]);
    assert_eq!(linhas(&db, "SELECT com_pessoais FROM bi_replica"), ["0"]);
    for v in visoes(&db) {
        linhas(&db, &format!("SELECT * FROM {v}"));
    }
    let a = Connection::open(b.root.join("store/atendimento.db")).unwrap();
    assert_eq!(linhas(&a, "SELECT ficha_id, o_que FROM auditoria"), ["-|replica"], "the one with personal data");
}

#[test]
fn a_documentacao_nomeia_cada_visao_e_cada_coluna_nossa() {
    let b = cama();
    let db = replica(&b);
    let doc = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/replica.md")).unwrap();
    let all = visoes(&db);
    assert!(all.len() >= 14, "{all:?}");
    for v in all {
        assert!(doc.contains(&format!("| `{v}` |")), "docs/replica.md lacks {v}");
        for c in linhas(&db, &format!("SELECT name FROM pragma_table_info('{v}')")) {
            let of_layout = format!("SELECT 1 FROM bi_dicionario WHERE visao='{v}' AND coluna='{c}'");
            let known = !linhas(&db, &of_layout).is_empty() || doc.contains(&format!("`{c}`"));
            assert!(known, "docs/replica.md lacks {v}.{c}");
        }
    }
}
