//! Enrichment (R023–R025): what a telefones file adds, what it leaves alone, what Manager and `atom get` show of it.

use crate::support::*;
use serde_json::{Value, json};

const CABECALHO: &str = "CPF;CONTRATO;TELEFONE1;SCORE1;TELEFONE2;SCORE2;TELEFONE3;SCORE3";
const PRIMEIRO: &str = "telefones_carteira_veic_040823090000.csv";

/// Numbers that no remessa of these tests has.
const A: &str = "11976543210";
const B: &str = "1134561234";
const C: &str = "21987650000";

/// Contracts 1001 and 1003 of one client, 1002 of another; each line with a mobile and a reference's number.
fn cama() -> Bed {
    cama_com("")
}

fn cama_com(more: &str) -> Bed {
    let b = Bed::with(more);
    remessa(&b, REMESSA, &[]);
    b
}

fn remessa(b: &Bed, name: &str, more: &[(&str, &str)]) {
    let mut phones = vec![
        ("telefone_1_tipo", "CE"),
        ("telefone_1_ddd", "011"),
        ("telefone_1_numero", "0981112222"),
        ("telefone_2_tipo", "RF"),
        ("telefone_2_ddd", "011"),
        ("telefone_2_numero", "0981113333"),
    ];
    phones.extend_from_slice(more);
    let mut bytes = b.remessa("1001", &cpf(1), &phones);
    bytes.extend(b.remessa("1002", &cpf(2), &phones));
    bytes.extend(b.remessa("1003", &cpf(1), &[]));
    let path = b.file(name, &bytes);
    b.atom(&["import", "remessa", &path]).exits(0);
}

fn arquivo(header: &str, lines: &[String]) -> Vec<u8> {
    let mut text = format!("{header}\r\n");
    lines.iter().for_each(|l| text.push_str(&format!("{l}\r\n")));
    text.into_bytes()
}

/// A line: CPF of client `n`, contract, the rest as given.
fn linha(n: u64, contrato: &str, resto: &str) -> String {
    format!("{};{contrato};{resto}", cpf(n))
}

fn importa(b: &Bed, name: &str, lines: &[String]) -> Value {
    importa_bytes(b, name, &arquivo(CABECALHO, lines))
}

fn importa_bytes(b: &Bed, name: &str, bytes: &[u8]) -> Value {
    let path = b.file(name, bytes);
    let out = b.json(&["import", "telefones", &path]);
    assert!(!out.stderr.contains("panicked"), "{}", out.stderr);
    let r = out.report();
    assert_eq!(r["exit"], out.code, "{r}");
    r
}

/// `TYPE number score` of all phones that a client lists.
fn listados(b: &Bed, contrato: &str) -> Vec<String> {
    let out = b.json(&["get", contrato, "--show-pii"]).exits(0).stdout;
    let v: Value = serde_json::from_str(&out).unwrap();
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    let one = |t: &Value| format!("{} {}{} {}", text(&t["tipo"]), text(&t["ddd"]), text(&t["fone"]), t["score"]);
    v["clientes"][0]["telefones_disponiveis"].as_array().unwrap().iter().map(one).collect()
}

fn conta(r: &Value) -> [i64; 3] {
    ["created", "updated", "unchanged"].map(|k| r["lines"][k].as_i64().unwrap())
}

const REMESSA_1: &str = "CELULAR 11981112222 null";

#[test]
fn numeros_novos_entram_depois_dos_da_remessa_na_ordem_do_arquivo_e_nao_do_score() {
    let b = cama();
    let r = importa(
        &b,
        PRIMEIRO,
        &[linha(1, "0001001", &format!("{A};7;;;{B};93")), linha(2, "1002", &format!(";;;;{C};"))],
    );
    assert_eq!((conta(&r), r["exit"].as_i64(), &r["warnings"]), ([2, 0, 0], Some(0), &json!({})));
    assert_eq!(r["data_operacao"], "2023-08-04");
    assert_eq!(listados(&b, "1001"), [REMESSA_1, "Enriquecimento 1 11976543210 7", "Enriquecimento 2 1134561234 93"]);
    assert_eq!(listados(&b, "1002"), [REMESSA_1, "Enriquecimento 1 21987650000 null"]);
    // part of the contract's history, without a number
    assert_eq!(
        b.sql(
            "SELECT regra || ' ' || detalhe || ' linha ' || e.linha FROM evento e JOIN contrato c ON c.id=e.contrato_id
               WHERE regra='ENRIQUECIMENTO' AND c.chave='1001'"
        ),
        "ENRIQUECIMENTO + Enriquecimento 1, 2 linha 2"
    );
}

#[test]
fn o_n_continua_por_ficha_e_nunca_se_repete() {
    let b = cama();
    importa(&b, PRIMEIRO, &[linha(1, "1001", &format!("{A};;{B};;;"))]);
    // another contract of the same client, and another file
    importa(&b, "telefones_carteira_veic_040823091000.csv", &[linha(1, "1003", &format!("{C};5;;;;"))]);
    let all = listados(&b, "1001");
    assert_eq!(all[3], "Enriquecimento 3 21987650000 5", "{all:?}");
    assert_eq!(listados(&b, "1003"), all);
    // a number gone (as by an undo) does not free its n
    b.db().execute("DELETE FROM telefone WHERE origem=2 AND ordem=3", []).unwrap();
    importa(&b, "telefones_carteira_veic_040823092000.csv", &[linha(1, "1001", "21987651111;;;;;")]);
    assert_eq!(listados(&b, "1001")[3], "Enriquecimento 4 21987651111 null");
}

#[test]
fn um_numero_conhecido_so_recebe_o_score_e_um_vazio_nada_muda() {
    let b = cama();
    let r = importa(&b, PRIMEIRO, &[linha(1, "1001", &format!("(11) 98111-2222;40;{A};8;;"))]);
    assert_eq!(conta(&r), [1, 0, 0]);
    let second = [
        linha(1, "1001", &format!("11981112222;55;{A};;;")),
        // the same line once more, and without any score
        linha(1, "1001", &format!("11981112222;55;{A};;;")),
        linha(1, "1001", &format!("11981112222;;{A};;;")),
        linha(1, "1001", &format!("{A};9;;;;")),
    ];
    let r = importa(&b, "telefones_carteira_veic_040823091000.csv", &second);
    assert_eq!((conta(&r), r["state"].as_str()), ([0, 2, 2], Some("done")), "{r}");
    assert_eq!(listados(&b, "1001"), ["CELULAR 11981112222 55", "Enriquecimento 1 11976543210 9"]);
    assert_eq!(
        b.sql("SELECT group_concat(detalhe, '|') FROM evento WHERE regra='ENRIQUECIMENTO'"),
        "+ Enriquecimento 1|score atualizado|score atualizado"
    );
    // the next remessa rewrites its own phones, and the score stays with the number
    remessa(&b, "20230804_203000_remessa_528_out.528", &[("telefone_1_tipo", "OU")]);
    assert_eq!(listados(&b, "1001")[0], "OUTRO 11981112222 55");
}

#[test]
fn a_mesma_linha_e_o_mesmo_numero_na_linha_nao_se_dobram() {
    let b = cama();
    let line = linha(1, "1001", &format!("{A};1;{A};2;55{A};3"));
    let r = importa(&b, PRIMEIRO, &[line.clone(), line]);
    // the second line says 1, 2 and 3 again: it ends as it began
    assert_eq!((conta(&r), listados(&b, "1001")[1].as_str()), ([1, 1, 0], "Enriquecimento 1 11976543210 3"));
    assert_eq!(b.sql("SELECT count(*) FROM telefone WHERE origem<>0"), "1");
    // the same bytes under another name, on the same day: a duplicate; once more tomorrow: nothing changes
    let again = linha(1, "1001", &format!("{A};3;;;;"));
    let name = "telefones_carteira_veic_040823100000.csv";
    assert_eq!(conta(&importa(&b, name, std::slice::from_ref(&again))), [0, 0, 1]);
    let r = importa(&b, "telefones_carteira_veic_040823110000.csv", std::slice::from_ref(&again));
    assert_eq!(r["state"], "duplicate");
    remessa(&b, "20230804_203000_remessa_528_out.528", &[]);
    let r = importa(&b, "telefones_carteira_veic_070823090000.csv", &[again]);
    assert_eq!((conta(&r), r["data_operacao"].as_str()), ([0, 0, 1], Some("2023-08-07")), "{r}");
}

#[test]
fn o_numero_de_um_terceiro_nunca_vira_do_cliente_pelo_enriquecimento() {
    let b = cama();
    let r = importa(&b, PRIMEIRO, &[linha(1, "1003", "11981113333;90;;;;")]);
    assert_eq!((conta(&r), r["exit"].as_i64()), ([0, 0, 1], Some(0)));
    assert_eq!(b.sql("SELECT count(*) FROM telefone WHERE origem<>0"), "0");
    // not even when the remessa no longer says whose it is
    remessa(&b, "20230804_203000_remessa_528_out.528", &[("telefone_2_numero", "0981114444")]);
    assert_eq!(listados(&b, "1001"), [REMESSA_1]);
}

#[test]
fn um_numero_invalido_na_remessa_volta_pelo_enriquecimento() {
    let b = Bed::new();
    remessa(&b, REMESSA, &[("telefone_1_situacao", "I")]);
    assert!(listados(&b, "1001").is_empty());
    importa(&b, PRIMEIRO, &[linha(1, "1001", "11981112222;90;;;;")]);
    assert_eq!(listados(&b, "1001"), ["Enriquecimento 1 11981112222 90"]);
}

#[test]
fn um_arquivo_de_seis_colunas_tem_um_score_para_todos() {
    let b = cama();
    let lines = [linha(1, "1001", &format!("{A};;11981112222;61")), linha(2, "1002", &format!("{B};;;"))];
    let r = importa_bytes(&b, PRIMEIRO, &arquivo("CPF;CONTRATO;TELEFONE1;TELEFONE2;TELEFONE3;SCORE", &lines));
    assert_eq!((conta(&r), &r["warnings"]), ([2, 0, 0], &json!({})));
    assert_eq!(listados(&b, "1001"), ["CELULAR 11981112222 61", "Enriquecimento 1 11976543210 61"]);
    assert_eq!(listados(&b, "1002")[1], "Enriquecimento 1 1134561234 null");
}

#[test]
fn o_arquivo_de_seis_colunas_do_gerador_entra_sem_avisos() {
    let c = atom::gerador::Carteira::nova(528, 60, ASCOB).unwrap();
    let b = Bed::new();
    let mut bytes = Vec::new();
    c.escreve_remessa(&mut bytes, dia("2023-08-04")).unwrap();
    let f = b.file(REMESSA, &bytes);
    b.atom(&["import", "remessa", &f]).exits(0);
    let mut bytes = Vec::new();
    c.escreve_telefones_um_score(&mut bytes, dia("2023-08-04")).unwrap();
    assert!(bytes.starts_with(b"CPF;CONTRATO;TELEFONE1;TELEFONE2;TELEFONE3;SCORE\r\n"));
    let r = importa_bytes(&b, PRIMEIRO, &bytes);
    assert_eq!((r["exit"].as_i64(), &r["warnings"]), (Some(0), &json!({})), "{r}");
    assert!(conta(&r)[0] > 10, "{r}");
}

#[test]
fn telefones_de_todas_as_formas() {
    let b = cama();
    for (i, (raw, stored)) in [
        ("11976543210", "11976543210"),
        ("(11) 97654-3211", "11976543211"),
        ("+55 11 97654-3212", "11976543212"),
        ("011976543213", "11976543213"),
        ("0151197654-3214", "11976543214"),
        ("1176543215", "11976543215"),
        (" 11 3456-7890 ", "1134567890"),
        ("\"11976543216\"", "11976543216"),
    ]
    .iter()
    .enumerate()
    {
        let r = importa(
            &b,
            &format!("telefones_carteira_veic_0408231000{i:02}.csv"),
            &[linha(1, "1001", &format!("{raw};1;;;;"))],
        );
        assert_eq!(conta(&r), [1, 0, 0], "{raw}: {r}");
        assert_eq!(b.sql(&format!("SELECT fone FROM telefone WHERE origem=2 AND ordem={}", i + 1)), *stored);
    }
}

#[test]
fn um_numero_ruim_so_rejeita_a_linha_que_nao_tem_um_bom() {
    let b = cama();
    let bad = ["123", "20987654321", "1,1976543E+10", "TELEFONE", "119765432100000000000000"];
    let beside: Vec<String> = bad.iter().map(|n| linha(1, "1001", &format!("{n};10;{A};20;;"))).collect();
    let r = importa(&b, PRIMEIRO, &beside);
    assert_eq!((conta(&r), r["exit"].as_i64()), ([1, 0, 4], Some(0)), "{r}");
    assert_eq!(r["warnings"], json!({"TELEFONE_INVALIDO": 4, "NOTACAO_CIENTIFICA": 1}));
    let mut alone: Vec<String> = bad.iter().map(|n| linha(1, "1001", &format!(";;{n};10;;"))).collect();
    alone.push(linha(1, "1001", ";50;0;;00000000000;"));
    let r = importa(&b, "telefones_carteira_veic_040823091000.csv", &alone);
    assert_eq!(
        r["lines"]["rejected"],
        json!({"TELEFONE_INVALIDO": 4, "NOTACAO_CIENTIFICA": 1, "CAMPO_OBRIGATORIO": 1})
    );
    assert_eq!((r["exit"].as_i64(), &r["warnings"]), (Some(3), &json!({})));
    // the place, never the number
    let list = b.json(&["rejects", "list"]).exits(0).stdout;
    assert!(list.contains("telefone2") && !list.contains("20987654321"), "{list}");
    let erros = b.read("data/outbox", &b.names("data/outbox")[0]);
    assert!(erros.contains("TELEFONE_INVALIDO") && !erros.contains("20987654321"), "{erros}");
}

#[test]
fn um_score_que_nao_serve_se_descarta_com_aviso() {
    let b = cama();
    let line = |score: &str| linha(1, "1001", &format!("{A};{score};;;;"));
    importa(&b, PRIMEIRO, &[line("30")]);
    let bad = ["-1", "100000", "alto", "87,5", "1E+2", "99999999999999999999"].map(line);
    let r = importa(&b, "telefones_carteira_veic_040823091000.csv", &bad);
    assert_eq!((conta(&r), r["exit"].as_i64()), ([0, 0, 6], Some(0)), "{r}");
    assert_eq!(r["warnings"], json!({"NUMERO_INVALIDO": 5, "NOTACAO_CIENTIFICA": 1}));
    assert_eq!(listados(&b, "1001")[1], "Enriquecimento 1 11976543210 30");
    let r = importa(&b, "telefones_carteira_veic_040823092000.csv", &["0", "99999"].map(line));
    assert_eq!(conta(&r), [0, 2, 0]);
}

#[test]
fn a_linha_tem_de_dizer_o_contrato_e_o_cpf_dele() {
    let b = cama();
    let phone = format!("{A};1;;;;");
    let mut lines = vec![
        linha(2, "1001", &phone),
        linha(1, "9999", &phone),
        format!("{};1001;{phone}", "12345678901"),
        format!(";1001;{phone}"),
        linha(1, "0000", &phone),
        linha(1, "1,001E+3", &phone),
        // another writing of the same CPF and contract
        format!("{:0>14};00-1001;{phone}", cpf(1)),
    ];
    let r = importa(&b, PRIMEIRO, &lines);
    assert_eq!((conta(&r), r["exit"].as_i64()), ([1, 0, 0], Some(3)));
    assert_eq!(
        r["lines"]["rejected"],
        json!({"CPF_DIVERGENTE": 1, "CONTRATO_DESCONHECIDO": 1, "DOCUMENTO_INVALIDO": 1, "CAMPO_OBRIGATORIO": 2,
               "NOTACAO_CIENTIFICA": 1})
    );
    // a whole file of strangers is rejected line by line, never as a file
    lines = (0..30).map(|i| linha(1, &format!("7{i:03}"), &phone)).collect();
    let r = importa(&b, "telefones_carteira_veic_040823091000.csv", &lines);
    assert_eq!((r["exit"].as_i64(), &r["lines"]["rejected"]), (Some(3), &json!({"CONTRATO_DESCONHECIDO": 30})));
}

#[test]
fn um_numero_que_e_cpf_de_um_e_cnpj_de_outro_vale_para_o_contrato_de_cada_um() {
    let b = cama();
    let mut bytes = b.remessa("3001", "00000000191", &[]);
    bytes.extend(b.remessa("3002", "00000000000191", &[]));
    let path = b.file("20230804_203000_remessa_528_out.528", &bytes);
    b.atom(&["import", "remessa", &path]).exits(0);
    let lines = [format!("191;3001;{A};;;;;"), format!("191;3002;{B};;;;;"), format!("191;1001;{A};;;;;")];
    let r = importa(&b, PRIMEIRO, &lines);
    assert_eq!((conta(&r), &r["lines"]["rejected"]), ([2, 0, 0], &json!({"CPF_DIVERGENTE": 1})));
    let one = |n: &str| listados(&b, n).len();
    assert_eq!((one("3001"), one("3002"), one("1001")), (1, 1, 1));
}

#[test]
fn a_estrutura_quebrada_recusa_o_arquivo_e_o_cabecalho_so_e_zero_linhas() {
    let b = cama();
    let good = linha(1, "1001", &format!("{A};1;;;;"));
    for (i, (bytes, words)) in [
        (arquivo(CABECALHO, &[good.clone(), linha(1, "1001", &format!("\"{A};1;;;;"))]), "linha 3"),
        (arquivo(CABECALHO, &[linha(1, "1001", "\"1197654\r\n3210\";1;;;;")]), "linha 2"),
        (arquivo(CABECALHO, &[good.clone(), format!("{};1001;{A}", cpf(1))]), "linha 3"),
        (arquivo(&CABECALHO.replace("CONTRATO", "CTR"), std::slice::from_ref(&good)), "CONTRATO"),
        (arquivo(&CABECALHO.replace("SCORE2", "SCORE1"), std::slice::from_ref(&good)), "SCORE1"),
        (good.clone().into_bytes(), "linha 1"),
        (Vec::new(), "vazio"),
    ]
    .into_iter()
    .enumerate()
    {
        let r = importa_bytes(&b, &format!("telefones_carteira_veic_0408230900{i:02}.csv"), &bytes);
        assert_eq!((r["state"].as_str(), r["reason"]["code"].as_str()), (Some("refused"), Some("ESTRUTURA")), "{r}");
        let message = r["reason"]["message"].as_str().unwrap();
        assert!(message.contains(words) && !message.contains(A), "{words}: {message}");
    }
    assert_eq!(b.sql("SELECT count(*) FROM telefone WHERE origem<>0"), "0");
    let r = importa_bytes(&b, PRIMEIRO, &arquivo(CABECALHO, &[]));
    assert_eq!((r["state"].as_str(), r["lines"]["read"].as_i64()), (Some("done"), Some(0)));
    // other order, other case, a column of nobody's, no pair of a third
    let header = "score1;Observação;contrato;TELEFONE_1;Cpf";
    let line = format!("12;x;1001;{A};{}", cpf(1));
    let r = importa_bytes(&b, "telefones_carteira_veic_040823100000.csv", &arquivo(header, &[line]));
    assert_eq!((conta(&r), r["exit"].as_i64()), ([1, 0, 0], Some(0)), "{r}");
    assert_eq!(listados(&b, "1001")[1], "Enriquecimento 1 11976543210 12");
}

#[test]
fn espera_uma_remessa_vai_para_o_dia_mais_novo_e_nada_espera_por_ele() {
    let b = Bed::new();
    let file = b.file(PRIMEIRO, &arquivo(CABECALHO, &[linha(1, "1001", &format!("{A};1;;;;"))]));
    let r = b.json(&["import", "telefones", &file]).exits(4).report();
    assert_eq!(r["waiting_for"], json!(["remessa"]));
    remessa(&b, REMESSA, &[]);
    remessa(&b, "20230804_203000_remessa_528_out.528", &[("telefone_1_tipo", "OU")]);
    b.atom(&["-q", "run"]);
    assert_eq!(b.sql("SELECT data_operacao FROM arquivo WHERE kind='telefones'"), "2023-08-07");
    // an earlier stamp is not older: files add up
    let r = importa(&b, "telefones_carteira_veic_010823090000.csv", &[linha(1, "1001", &format!("{B};1;;;;"))]);
    assert_eq!((conta(&r), r["data_operacao"].as_str()), ([1, 0, 0], Some("2023-08-07")));
    let mut more = arquivo(CABECALHO, &[linha(1, "1001", &format!("{C};1;;;;"))]);
    more.truncate(more.len() - 2);
    let r = importa_bytes(&b, "telefones_carteira_veic_020823090000.csv", &more);
    assert_eq!((conta(&r), &r["warnings"]), ([1, 0, 0], &json!({"SEM_QUEBRA_FINAL": 1})));
}

#[test]
fn o_manager_recebe_o_enriquecimento_por_ultimo_com_o_score() {
    let b = cama_com("[dia]\nobrigatorios = [\"remessa\"]");
    importa(&b, PRIMEIRO, &[linha(1, "1001", &format!("{A};93;11981112222;12;11981113333;99"))]);
    b.atom(&["-q", "run"]);
    let carga = b.read("manager", &b.names("manager")[0]);
    let row: Vec<&str> = carga.lines().find(|l| l.contains(&cpf(1))).unwrap().split(';').collect();
    assert_eq!(&row[14..22], ["11", "981112222", "CELULAR", "12", "11", "976543210", "Enriquecimento 1", "93"]);
    assert!(row[22..].iter().all(|c| c.is_empty()), "{row:?}");
}

#[test]
fn um_ensaio_nao_gasta_o_n() {
    let b = cama();
    let bytes = arquivo(CABECALHO, &[linha(1, "1001", &format!("{A};1;;;;"))]);
    let path = b.file(PRIMEIRO, &bytes);
    let r = b.json(&["--dry-run", "import", "telefones", &path]).exits(0).report();
    assert_eq!((conta(&r), r["dry_run"].as_bool()), ([1, 0, 0], Some(true)));
    assert_eq!(listados(&b, "1001"), [REMESSA_1]);
    importa(&b, PRIMEIRO, &[linha(1, "1001", &format!("{A};1;;;;"))]);
    assert_eq!(listados(&b, "1001")[1], "Enriquecimento 1 11976543210 1");
}
