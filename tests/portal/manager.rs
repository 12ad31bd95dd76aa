//! What the writes change outside: Manager's files, massivas, enrichment, `explain`.

use super::*;

/// The rows of the newest file of a kind.
fn ultimo(b: &Bed, kind: &str) -> Vec<Vec<String>> {
    let end = format!("_manager_{kind}.csv");
    let name = b.names("manager").into_iter().rfind(|n| n.ends_with(&end)).unwrap_or_else(|| panic!("no {kind}"));
    let text = b.read("manager", &name);
    let mut csv = csv::ReaderBuilder::new().delimiter(b';').from_reader(text.as_bytes());
    csv.records().map(|r| r.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn quantos(b: &Bed, kind: &str) -> usize {
    b.names("manager").iter().filter(|n| n.ends_with(&format!("_manager_{kind}.csv"))).count()
}

/// The phones of a row: number, type, score.
fn fones(row: &[String]) -> Vec<String> {
    row[14..].chunks(4).filter(|c| !c[0].is_empty()).map(|c| format!("{}{} {} {}", c[0], c[1], c[2], c[3])).collect()
}

const CELULAR: [(&str, &str); 3] =
    [("telefone_1_tipo", "CE"), ("telefone_1_ddd", "011"), ("telefone_1_numero", "0981112222")];

fn remessa(b: &Bed, stamp: &str, fields: &[(&str, &str)]) {
    let line = b.remessa("1001", &cpf(1), fields);
    b.json(&["import", "remessa", &b.file(&format!("{stamp}_remessa_528_out.528"), &line)]).exits(0);
}

#[test]
fn os_telefones_do_portal_chegam_ao_manager_entre_os_da_remessa_e_os_enriquecidos() {
    let (mut b, s, t) = servido();
    remessa(&b, "20230803_213000", &CELULAR);
    let rich = format!("CPF;CONTRATO;TELEFONE1;SCORE1\r\n{};1001;11976543210;50\r\n", cpf(1));
    b.json(&["import", "telefones", &b.file("telefones_carteira_veic_040823020000.csv", rich.as_bytes())]).exits(0);
    s.post(FONE, &t, &telefone(1, "971110001", json!({"score": 9, "tipo": "=Vizinho ș"}))).is(201);
    b.atom(&["-q", "run"]).exits(0);
    let row = |rows: Vec<Vec<String>>| rows.into_iter().find(|r| r[0] == "1").unwrap();
    assert_eq!(
        fones(&row(ultimo(&b, "carga"))),
        ["11981112222 CELULAR ", "11971110001 '=Vizinho ? 9", "11976543210 Enriquecimento 1 50"]
    );
    // another number, a score for one of the remessa's: in the next incremental, a quarter of an hour later
    s.post(FONE, &t, &telefone(1, "11 3222-3333", json!({"ddd": null}))).is(201);
    s.post(FONE, &t, &telefone(1, "981112222", json!({"score": 77}))).is(200);
    b.at("2023-08-04T02:50:00").atom(&["-q", "run"]).exits(0);
    assert_eq!(quantos(&b, "incremental"), 0);
    b.at("2023-08-04T02:58:00").atom(&["-q", "run"]).exits(0);
    let rows = ultimo(&b, "incremental");
    assert_eq!(rows.len(), 1);
    let wanted = [
        "11981112222 CELULAR 77",
        "11971110001 '=Vizinho ? 9",
        "1132223333 Recado ",
        "11976543210 Enriquecimento 1 50",
    ];
    assert_eq!(fones(&rows[0]), wanted);
    // they survive the next remessa; a file that comes later brings the later score
    remessa(&b, "20230803_223000", &[]);
    let rich =
        format!("CPF;CONTRATO;TELEFONE1;SCORE1;TELEFONE2;SCORE2\r\n{};1001;11971110001;8;1132223333;7\r\n", cpf(1));
    let r = b.json(&["import", "telefones", &b.file("telefones_carteira_veic_040823030000.csv", rich.as_bytes())]);
    assert_eq!(r.exits(0).report()["lines"]["updated"], 1);
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!(
        fones(&ultimo(&b, "incremental")[0]),
        ["11971110001 '=Vizinho ? 8", "1132223333 Recado 7", "11976543210 Enriquecimento 1 50"]
    );
    assert_eq!(b.atom(&["explain", "1001"]).exits(0).stdout.matches("com 3 telefones").count(), 1);
    // asked once more, nothing differs
    let before = quantos(&b, "incremental");
    b.atom(&["-q", "export", "manager", "--incremental"]).exits(0);
    assert_eq!(quantos(&b, "incremental"), before);
}

#[test]
fn o_sms_acha_a_ficha_pelo_telefone_do_portal() {
    let (b, s, t) = servido();
    s.post(FONE, &t, &telefone(2, "971110001", json!({}))).is(201);
    let sms = "protocolo;telefone;data_envio;mensagem\r\nS1;11971110001;04/08/2023 08:00:00;oi\r\n";
    let text = sms.replace("protocolo;telefone;data_envio;mensagem", &cabecalho(&b, "massiva_sms"));
    b.json(&["import", "massivas", &b.file("20230804_080500_massiva_sms.csv", text.as_bytes())]).exits(0);
    assert_eq!(linhas(&b, "SELECT ficha_id, contrato_id, fone FROM massiva"), json!([[2, 2, "11971110001"]]));
}

/// The header of a delimited layout.
fn cabecalho(b: &Bed, layout: &str) -> String {
    let l = b.layouts.get(layout).unwrap();
    l.records[0].fields.iter().map(|f| f.header.clone()).collect::<Vec<_>>().join(";")
}

#[test]
fn nao_contatar_por_tabulacao_tira_a_ficha_do_manager_e_liberar_traz_de_volta() {
    let (mut b, s, t) = servido();
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!(ultimo(&b, "carga").len(), 3);
    assert!(b.atom(&["explain", "1002"]).exits(0).stdout.contains("Está no arquivo de discagem"));
    s.post(TABULA, &t, &tabulacao(2, PEDE_PARA_NAO, json!({}))).is(201);
    let e = b.json(&["explain", "1002"]).exits(0).report();
    let why = "a ficha está marcada para não contatar, por uma tabulação de 04/08/2023";
    assert_eq!((&e["dialable"], &e["row"], &e["why"]), (&json!(false), &Value::Null, &json!(why)));
    let sheet = b.atom(&["explain", "1002"]).exits(0).stdout;
    assert!(sheet.contains("Volta à discagem com uma tabulação que permita o contato."), "{sheet}");
    // the rehearsal says so, the next tick does it
    let dry = b.json(&["--dry-run", "export", "manager", "--baixa"]).exits(0).report();
    assert_eq!((&dry["state"], &dry["rows"]), (&json!("built"), &json!(1)));
    b.at("2023-08-04T02:43:00").atom(&["-q", "run"]).exits(0);
    let baixa = ultimo(&b, "baixa");
    assert_eq!(baixa, [["2".to_owned(), "1002".into(), cpf(2), "NAO CONTATAR".into(), "04/08/2023".into()]]);
    // once, and not in what comes after, were its data other
    b.at("2023-08-04T03:30:00");
    let line = b.remessa("1002", &cpf(2), &[("dias_atraso", "99")]);
    b.json(&["import", "remessa", &b.file("20230803_233000_remessa_528_out.528", &line)]).exits(0);
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!((quantos(&b, "baixa"), quantos(&b, "incremental")), (1, 0));
    // massivas
    let massiva = |stamp: &str| {
        // the same content twice on a day is a duplicate
        let text = format!("{}\r\n1002;11981112222;MARIA {stamp};jornada1\r\n", cabecalho(&b, "massiva_whatsapp"));
        let f = b.file(&format!("{stamp}_massiva_whatsapp.csv"), text.as_bytes());
        b.json(&["import", "massivas", &f]).report()
    };
    assert_eq!(massiva("20230804_080000")["lines"]["rejected"], json!({"NAO_CONTATAR": 1}));
    s.post(TABULA, &t, &tabulacao(2, PERMITE, json!({}))).is(201);
    assert_eq!(massiva("20230804_081000")["lines"]["created"], 1);
    b.at("2023-08-04T03:50:00").atom(&["-q", "run"]).exits(0);
    assert_eq!(ultimo(&b, "incremental").iter().map(|r| r[1].as_str()).collect::<Vec<_>>(), ["1002"]);
    assert_eq!(b.json(&["explain", "1002"]).exits(0).report()["dialable"], true);
    // set again after noon: the operating day is the next
    let s2 = {
        drop(s);
        b.at("2023-08-04T15:00:00");
        Serve::start(&b)
    };
    s2.post(TABULA, &t, &tabulacao(2, PEDE_PARA_NAO, json!({}))).is(201);
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!((quantos(&b, "baixa"), ultimo(&b, "baixa")[0][4].as_str()), (2, "07/08/2023"));
    assert_eq!(b.sql("SELECT group_concat(ficha_id) FROM enviado"), "1,3");
}

#[test]
fn a_replica_tem_os_telefones_do_portal_e_sem_dados_pessoais_nao_o_que_o_operador_escreveu() {
    let (b, s, t) = servido();
    remessa(&b, "20230803_213000", &CELULAR);
    for ficha in [1, 3] {
        s.post(FONE, &t, &telefone(ficha, "971110001", json!({"tipo": "Vizinho", "score": 5}))).is(201);
    }
    let lista = |args: &[&str]| {
        let dest = b.root.join("bi").join("atom.sqlite").display().to_string();
        b.atom(&[&["-q", "replica", dest.as_str()], args].concat()).exits(0);
        let db = rusqlite::Connection::open(&dest).unwrap();
        let mut q = db
            .prepare("SELECT ficha_id||' '||ordem||' '||fone||' '||tipo||' '||coalesce(score,'') FROM telefone")
            .unwrap();
        let rows: Vec<String> = q.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
        rows
    };
    std::fs::create_dir_all(b.root.join("bi")).unwrap();
    assert_eq!(lista(&[]), ["1 1 11981112222 CELULAR ", "1 2 11971110001 Vizinho 5", "3 1 11971110001 Vizinho 5"]);
    assert_eq!(lista(&["--without-personal"]), ["1 1 11 CELULAR ", "1 2 11 OUTRO 5", "3 1 11 OUTRO 5"]);
}

#[test]
fn o_que_libera_nao_apaga_a_marca_da_remessa() {
    let (mut b, s, t) = servido();
    b.atom(&["-q", "run"]).exits(0);
    remessa(&b, "20230803_213000", &[("flag_falecido", "S")]);
    s.post(TABULA, &t, &tabulacao(1, PERMITE, json!({}))).is(201);
    b.at("2023-08-04T03:30:00").atom(&["-q", "run"]).exits(0);
    assert_eq!(ultimo(&b, "baixa")[0][3], "NAO CONTATAR");
    // and the other way round
    s.post(TABULA, &t, &tabulacao(1, PEDE_PARA_NAO, json!({}))).is(201);
    remessa(&b, "20230803_223000", &[]);
    b.at("2023-08-04T04:00:00").atom(&["-q", "run"]).exits(0);
    assert_eq!(b.sql("SELECT group_concat(ficha_id) FROM enviado"), "2,3");
}
