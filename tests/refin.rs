//! Refin (R026–R029): offers as CSV, xls and xlsx, replaced contract by contract, and what the Portal reads of them.

use crate::support::*;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// The layout's columns with a line of the bank's.
const CAMPOS: [(&str, &str); 19] = [
    ("CONTRATO", "001001"),
    ("FX_ATRASO", "d) 91 a 120"),
    ("COLLECTION", "01, Melhor"),
    ("QTD_PARCELAS_VENCIDAS", "4"),
    ("QTD_PARCELAS_VENCER", "36"),
    ("QTD_PARCELAS_ABERTO", "40"),
    ("PLANO_ORIGINAL", "48"),
    ("PARCELA_ORIGINAL", "595,37"),
    ("ENTRADA_REFIN", "59"),
    ("PLANO_REFIN", "58"),
    ("QTD_PARC_REFIN", "57"),
    ("PARCELA_REFIN", "416"),
    ("TOTAL_REFINANCIADO", "23.814,80"),
    ("JURO_MENSAL", "1,66%"),
    ("CET_ANUAL", "22,18%"),
    ("VENC_PRIMEIRA_PARCELA", "11/08/2023"),
    ("VENC_ULT_PARCELA", "11/05/2028"),
    ("ESCOB", "Assessoria Exemplo"),
    ("PRIORIDADE", "2"),
];
const PRIMEIRO: &str = "Refin_carteira_veic_04082023090000.csv";
const SEGUNDO: &str = "refin_carteira_veic_08082023090000.csv";

/// Contracts 1001 and 1002 of one client.
fn cama() -> Bed {
    let b = Bed::new();
    remessa(&b, REMESSA);
    b
}

fn remessa(b: &Bed, name: &str) {
    let bytes = [b.remessa("1001", &cpf(1), &[]), b.remessa("1002", &cpf(1), &[])].concat();
    let path = b.file(name, &bytes);
    b.atom(&["import", "remessa", &path]).exits(0);
}

fn cabecalho() -> String {
    CAMPOS.map(|(c, _)| c).join(";")
}

/// A line with some columns set otherwise.
fn linha(muda: &[(&str, &str)]) -> String {
    let cell = |(name, usual): (&str, &str)| muda.iter().find(|(n, _)| *n == name).map_or(usual, |(_, v)| v).to_owned();
    CAMPOS.map(cell).join(";")
}

fn arquivo(lines: &[String]) -> Vec<u8> {
    let mut text = cabecalho() + "\r\n";
    lines.iter().for_each(|l| text.push_str(&format!("{l}\r\n")));
    text.into_bytes()
}

fn importa(b: &Bed, name: &str, bytes: &[u8]) -> Value {
    let path = b.file(name, bytes);
    let out = b.json(&["import", "refin", &path]);
    assert!(!out.stderr.contains("panicked"), "{}", out.stderr);
    let r = out.report();
    assert_eq!(r["exit"], out.code, "{r}");
    r
}

fn conta(r: &Value) -> [i64; 3] {
    ["created", "updated", "unchanged"].map(|k| r["lines"][k].as_i64().unwrap())
}

/// `dadosRefin` of the client.
fn ofertas(b: &Bed) -> Vec<Value> {
    let out = b.json(&["get", "1001"]).exits(0).stdout;
    let v: Value = serde_json::from_str(&out).unwrap();
    v["clientes"][0]["dadosRefin"].as_array().unwrap().clone()
}

#[test]
fn o_portal_le_a_oferta_do_contrato_com_a_data_da_carga() {
    let b = cama();
    assert!(ofertas(&b).is_empty());
    let r = importa(&b, PRIMEIRO, &arquivo(&[linha(&[])]));
    assert_eq!((conta(&r), r["state"].as_str(), &r["warnings"]), ([1, 0, 0], Some("done"), &json!({})));
    assert_eq!(r["data_operacao"], "2023-08-04");
    let want = json!([{
        "contrato": "1001", "dataCarga": "2023-08-04",
        "fx_atraso": "d) 91 a 120", "collection": "01, Melhor",
        "qtd_parcelas_vencidas": 4, "qtd_parcelas_vencer": 36, "qtd_parcelas_aberto": 40,
        "plano_original": 48, "parcela_original": "595.37", "entrada_refin": "59.00", "plano_refin": 58,
        "qtd_parc_refin": 57, "parcela_refin": "416.00", "total_refinanciado": "23814.80",
        "juro_mensal": "1.66", "cet_anual": "22.18",
        "venc_primeira_parcela": "2023-08-11", "venc_ult_parcela": "2028-05-11",
        "escob": "Assessoria Exemplo", "prioridade": 2,
    }]);
    assert_eq!(Value::from(ofertas(&b)), want);
    let card = b.atom(&["get", "1001"]).exits(0).stdout;
    for words in ["Refinanciamento (1)", "04/08/2023", "59,00", "57 × 416,00", "23.814,80", "1,66 %", "11/08/2023"] {
        assert!(card.contains(words), "{words}\n{card}");
    }
}

#[test]
fn a_oferta_nova_toma_o_lugar_da_antiga_e_quem_nao_veio_fica_com_a_sua() {
    let b = cama();
    let two = [linha(&[]), linha(&[("CONTRATO", "1002"), ("ESCOB", "Outra")])];
    assert_eq!(conta(&importa(&b, PRIMEIRO, &arquivo(&two))), [2, 0, 0]);
    remessa(&b, "20230807_203000_remessa_528_out.528");
    // what the new line leaves blank is gone
    let new = linha(&[("ENTRADA_REFIN", "1.000,5"), ("ESCOB", ""), ("PRIORIDADE", "")]);
    assert_eq!(conta(&importa(&b, SEGUNDO, &arquivo(&[new]))), [0, 1, 0]);
    let all = ofertas(&b);
    assert_eq!((all[0]["contrato"].as_str(), all[0]["dataCarga"].as_str()), (Some("1001"), Some("2023-08-08")));
    assert_eq!(
        (&all[0]["entrada_refin"], &all[0]["escob"], &all[0]["prioridade"]),
        (&json!("1000.50"), &json!(null), &json!(null))
    );
    assert_eq!((all[1]["dataCarga"].as_str(), all[1]["escob"].as_str()), (Some("2023-08-04"), Some("Outra")));
    assert_eq!(b.sql("SELECT count(*) FROM refin"), "2");
}

#[test]
fn a_mesma_oferta_outra_vez_e_igual_e_leva_a_data_nova() {
    let b = cama();
    importa(&b, PRIMEIRO, &arquivo(&[linha(&[]), linha(&[("CONTRATO", "1002")])]));
    // the same day: not even the date moves; written otherwise, the same values
    let again = linha(&[("PARCELA_ORIGINAL", "R$ 595,37"), ("ENTRADA_REFIN", "59,00"), ("CONTRATO", "1001")]);
    let name = "refin_carteira_veic_04082023100000.csv";
    assert_eq!(conta(&importa(&b, name, &arquivo(&[again]))), [0, 0, 1]);
    assert_eq!(b.sql("SELECT group_concat(run, ',') FROM refin"), "2,2");
    remessa(&b, "20230807_203000_remessa_528_out.528");
    // the same bytes count for the later day
    let r = importa(&b, SEGUNDO, &arquivo(&[linha(&[]), linha(&[("CONTRATO", "1002")])]));
    assert_eq!(
        (conta(&r), r["state"].as_str(), r["data_operacao"].as_str()),
        ([0, 0, 2], Some("done"), Some("2023-08-08"))
    );
    assert!(ofertas(&b).iter().all(|o| o["dataCarga"] == "2023-08-08"));
    let board = b.json(&["day"]).stdout;
    assert!(board.contains(SEGUNDO), "{board}");
    // and once more on that day they are a duplicate
    let r =
        importa(&b, "refin_carteira_veic_08082023100000.csv", &arquivo(&[linha(&[]), linha(&[("CONTRATO", "1002")])]));
    assert_eq!((r["state"].as_str(), r["reason"]["code"].as_str()), (Some("duplicate"), Some("DUPLICADO")));
}

#[test]
fn contrato_desconhecido_rejeita_sem_contar_e_o_repetido_vale_por_ultimo() {
    let b = cama();
    let mut lines: Vec<String> = (0..30).map(|i| linha(&[("CONTRATO", &format!("9{i:03}"))])).collect();
    lines.push(linha(&[("PRIORIDADE", "1")]));
    lines.push(linha(&[("CONTRATO", "00.1001"), ("PRIORIDADE", "2")]));
    lines.push(linha(&[("CONTRATO", "1002"), ("PRIORIDADE", "3")]));
    let r = importa(&b, PRIMEIRO, &arquivo(&lines));
    assert_eq!((conta(&r), r["exit"].as_i64()), ([2, 0, 0], Some(3)), "{r}");
    assert_eq!(
        (&r["lines"]["rejected"], &r["lines"]["ignored"]),
        (&json!({"CONTRATO_DESCONHECIDO": 30}), &json!({"LINHA_REPETIDA": 1}))
    );
    assert_eq!(ofertas(&b).iter().map(|o| o["prioridade"].as_i64().unwrap()).collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn campos_ruins_se_descartam_e_um_contrato_ruim_rejeita() {
    let b = cama();
    let bad = linha(&[
        ("PARCELA_ORIGINAL", "595.37"),
        ("ENTRADA_REFIN", "1,5E+3"),
        ("JURO_MENSAL", "1,666%"),
        ("VENC_PRIMEIRA_PARCELA", "31/02/2023"),
        ("QTD_PARC_REFIN", "muitas"),
        ("ESCOB", "A\u{7}B"),
    ]);
    let r = importa(&b, PRIMEIRO, &arquivo(&[bad]));
    assert_eq!((conta(&r), r["exit"].as_i64()), ([1, 0, 0], Some(0)), "{r}");
    let want = json!({"NUMERO_INVALIDO": 3, "NOTACAO_CIENTIFICA": 1, "DATA_INVALIDA": 1, "CARACTERE_INVALIDO": 1});
    assert_eq!(r["warnings"], want);
    let o = &ofertas(&b)[0];
    for gone in ["parcela_original", "entrada_refin", "juro_mensal", "venc_primeira_parcela", "qtd_parc_refin", "escob"]
    {
        assert_eq!(o[gone], Value::Null, "{gone}");
    }
    assert_eq!((o["cet_anual"].as_str(), o["venc_ult_parcela"].as_str()), (Some("22.18"), Some("2028-05-11")));
    let lines = ["1,001E+3", "", "000", "123456789012345678901"].map(|c| linha(&[("CONTRATO", c)]));
    let r = importa(&b, SEGUNDO, &arquivo(&lines));
    let rejected = &r["lines"]["rejected"];
    assert_eq!(
        (rejected["NOTACAO_CIENTIFICA"].as_i64(), rejected["CAMPO_OBRIGATORIO"].as_i64()),
        (Some(1), Some(2)),
        "{r}"
    );
    assert_eq!(r["exit"], 3);
    assert_eq!(b.sql("SELECT count(*) FROM refin"), "1");
}

#[test]
fn mais_antigo_so_pelo_carimbo() {
    let mut b = cama();
    importa(&b, SEGUNDO, &arquivo(&[linha(&[])]));
    // its day would be newer, its stamp is not
    remessa(&b, "20230808_203000_remessa_528_out.528");
    b.at("2023-08-09T03:00:00");
    let r = importa(&b, PRIMEIRO, &arquivo(&[linha(&[("PRIORIDADE", "9")])]));
    assert_eq!((r["state"].as_str(), r["reason"]["code"].as_str()), (Some("refused"), Some("MAIS_ANTIGO")), "{r}");
    assert_eq!(ofertas(&b)[0]["prioridade"], 2);
    let path = b.file(PRIMEIRO, &arquivo(&[linha(&[("PRIORIDADE", "9")])]));
    let r = b.json(&["import", "refin", &path, "--force", "--reason", "reenvio"]).exits(0).report();
    assert_eq!(conta(&r), [0, 1, 0]);
}

#[test]
fn mais_antigo_vale_entre_csv_e_planilha() {
    for (newer, older) in [("csv", "xlsx"), ("xlsx", "csv")] {
        let b = cama();
        let bytes = |ext: &str| if ext == "csv" { arquivo(&[linha(&[])]) } else { xlsx(&[1001.0]) };
        importa(&b, &format!("refin_carteira_veic_08082023090000.{newer}"), &bytes(newer));
        let r = importa(&b, &format!("refin_carteira_veic_04082023090000.{older}"), &bytes(older));
        assert_eq!((r["state"].as_str(), r["reason"]["code"].as_str()), (Some("refused"), Some("MAIS_ANTIGO")), "{r}");
    }
}

#[test]
fn a_estrutura_quebrada_recusa_e_as_ofertas_de_antes_ficam() {
    let b = cama();
    importa(&b, PRIMEIRO, &arquivo(&[linha(&[])]));
    let before = ofertas(&b);
    let other = linha(&[("PRIORIDADE", "9")]);
    let header = |from: &str, to: &str| {
        let text = String::from_utf8(arquivo(std::slice::from_ref(&other))).unwrap();
        text.replacen(from, to, 1).into_bytes()
    };
    for (i, (bytes, words)) in [
        (arquivo(&[other.clone(), linha(&[("COLLECTION", "\"01, Melhor")])]), "linha 3"),
        (arquivo(&[linha(&[("COLLECTION", "\"01,\r\nMelhor\"")])]), "linha 2"),
        (arquivo(&[linha(&[("COLLECTION", "01;Melhor")])]), "linha 2"),
        (header("CONTRATO", "OPERACAO"), "CONTRATO"),
        (header("PRIORIDADE", "ESCOB"), "ESCOB"),
        (Vec::new(), "vazio"),
        // small files of other kinds that share the key
        (b"contrato;cpf;nome\r\n1001;;X\r\n".to_vec(), "falta ao menos uma de ENTRADA_REFIN, PLANO_REFIN"),
        (b"CONTRATO;PRIORIDADE;ESCOB\r\n1001;9;X\r\n".to_vec(), "falta ao menos uma de"),
        (b"CONTRATO\r\n1001\r\n".to_vec(), "falta ao menos uma de"),
        (b"contrato;numero\r\n1001;11987654321\r\n".to_vec(), "desconhecidas numero"),
    ]
    .into_iter()
    .enumerate()
    {
        let r = importa(&b, &format!("refin_carteira_veic_0808202309{i:02}00.csv"), &bytes);
        assert_eq!(
            (r["state"].as_str(), r["reason"]["code"].as_str()),
            (Some("refused"), Some("ESTRUTURA")),
            "{words}: {r}"
        );
        assert!(r["reason"]["message"].as_str().unwrap().contains(words), "{words}: {r}");
    }
    assert_eq!(ofertas(&b), before);
    let r = importa(&b, "refin_carteira_veic_08082023100000.csv", &arquivo(&[]));
    assert_eq!((r["state"].as_str(), r["lines"]["read"].as_i64()), (Some("done"), Some(0)));
    assert_eq!(ofertas(&b), before);
    // columns in another order, some missing, one of nobody's
    let text = "obs;Juro Mensal;Contrato\r\nx;2,00%;1001\r\n";
    let r = importa(&b, "refin_carteira_veic_08082023110000.csv", text.as_bytes());
    assert_eq!((conta(&r), r["exit"].as_i64()), ([0, 1, 0], Some(0)), "{r}");
    let o = &ofertas(&b)[0];
    assert_eq!((&o["juro_mensal"], &o["prioridade"]), (&json!("2.00"), &Value::Null));
}

/// A workbook as Excel saves one: contracts as numbers, money and rates with their formats, dates as serials.
fn xlsx(contratos: &[f64]) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let [date, percent, money] = ["dd/mm/yyyy", "0.00%", "#,##0.00"].map(|f| Format::new().set_num_format(f));
    let day = |y, m, d| ExcelDateTime::from_ymd(y, m, d).unwrap();
    for (i, (name, _)) in CAMPOS.iter().enumerate() {
        sheet.write_string(0, i as u16, *name).unwrap();
    }
    for (row, contract) in (1..).zip(contratos) {
        sheet.write_number(row, 0, *contract).unwrap();
        for (col, text) in [(1, "d) 91 a 120"), (2, "01, Melhor"), (17, "Assessoria Exemplo")] {
            sheet.write_string(row, col, text).unwrap();
        }
        for (col, n) in [(3, 4.0), (4, 36.0), (5, 40.0), (6, 48.0), (9, 58.0), (10, 57.0), (18, 2.0)] {
            sheet.write_number(row, col, n).unwrap();
        }
        for (col, n) in [(7, 595.37), (8, 59.0), (11, 416.0), (12, 23_814.8)] {
            sheet.write_number_with_format(row, col, n, &money).unwrap();
        }
        sheet.write_number_with_format(row, 13, 0.0166, &percent).unwrap();
        sheet.write_number_with_format(row, 14, 0.2218, &percent).unwrap();
        sheet.write_datetime_with_format(row, 15, day(2023, 8, 11), &date).unwrap();
        sheet.write_datetime_with_format(row, 16, day(2028, 5, 11), &date).unwrap();
    }
    book.save_to_buffer().unwrap()
}

#[test]
fn a_mesma_oferta_em_xlsx_e_igual_a_do_csv() {
    let b = cama();
    importa(&b, PRIMEIRO, &arquivo(&[linha(&[])]));
    let before = ofertas(&b);
    let r = importa(&b, "refin_carteira_veic_04082023100000.xlsx", &xlsx(&[1001.0, 1002.0, 1e17]));
    assert_eq!((conta(&r), r["exit"].as_i64(), &r["warnings"]), ([1, 0, 1], Some(3), &json!({})), "{r}");
    assert_eq!(r["lines"]["rejected"], json!({"NOTACAO_CIENTIFICA": 1}));
    let all = ofertas(&b);
    assert_eq!(all[0], before[0]);
    let mut other = before[0].clone();
    other["contrato"] = "1002".into();
    assert_eq!(all[1], other);
    // no workbook at all
    let r = importa(&b, "refin_carteira_veic_04082023110000.xlsx", b"PK\x03\x04 lixo");
    assert_eq!((r["state"].as_str(), r["reason"]["code"].as_str()), (Some("refused"), Some("ESTRUTURA")));
}

/// In `dados/refin.xls` (see `planilhas`) the first row holds its rates as text, the second as fractions in a
/// percent format that the reader is not told: those are dropped, never guessed.
#[test]
fn xls_entra_e_a_taxa_que_nao_se_sabe_ler_se_descarta_com_aviso() {
    let b = Bed::new();
    let bytes = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dados/refin.xls")).unwrap();
    let f = b.file("refin.xls", &bytes);
    let probe = b.atom(&["planilha-csv", "--", &f]).exits(0).stdout;
    let contratos: Vec<&str> = probe.lines().skip(1).map(|l| l.split(';').next().unwrap()).collect();
    let lines: Vec<u8> = contratos.iter().flat_map(|c| b.remessa(c, &cpf(1), &[])).collect();
    let path = b.file(REMESSA, &lines);
    b.atom(&["import", "remessa", &path]).exits(0);
    let r = importa(&b, "refin_carteira_veic_04082023090000.xls", &bytes);
    assert_eq!((conta(&r), &r["warnings"]), ([2, 0, 0], &json!({"NOTACAO_CIENTIFICA": 1})), "{r}");
    let out = b.json(&["get", contratos[0]]).exits(0).stdout;
    let v: Value = serde_json::from_str(&out).unwrap();
    let rows = v["clientes"][0]["dadosRefin"].as_array().unwrap();
    let first = rows.iter().find(|o| o["contrato"] == contratos[0]).unwrap();
    assert_eq!((&first["juro_mensal"], &first["parcela_refin"]), (&json!("1.66"), &json!("397.33")));
    assert_eq!(
        (&first["venc_primeira_parcela"], &first["venc_ult_parcela"]),
        (&json!("2023-08-11"), &json!("2028-04-11"))
    );
    let second = rows.iter().find(|o| o["contrato"] == contratos[1]).unwrap();
    assert_eq!(second["juro_mensal"], Value::Null);
}

#[test]
fn o_manager_sabe_se_o_contrato_da_linha_tem_oferta() {
    for (contrato, flag) in [("1001", "S"), ("1002", "N")] {
        let b = Bed::with("[dia]\nobrigatorios = [\"remessa\"]");
        remessa(&b, REMESSA);
        importa(&b, PRIMEIRO, &arquivo(&[linha(&[("CONTRATO", contrato)])]));
        b.atom(&["-q", "run"]);
        let carga = b.read("manager", &b.names("manager")[0]);
        let row: Vec<&str> = carga.lines().nth(1).unwrap().split(';').collect();
        // both delay alike: the row is that of 1001
        assert_eq!((row[1], row[12]), ("1001", flag));
    }
}

#[test]
fn refin_espera_a_remessa_e_nao_bloqueia_o_dia() {
    let b = Bed::new();
    let path = b.file(PRIMEIRO, &arquivo(&[linha(&[])]));
    let r = b.json(&["import", "refin", &path]).exits(4).report();
    assert_eq!(r["waiting_for"], json!(["remessa"]));
    remessa(&b, REMESSA);
    b.atom(&["-q", "run"]);
    assert_eq!(
        b.sql("SELECT data_operacao || carregado_em FROM arquivo, refin WHERE kind='refin'"),
        "2023-08-042023-08-04"
    );
}

#[test]
fn o_corrigido_de_uma_planilha_e_texto_tambem_para_layout_check() {
    let b = Bed::new();
    let name = "refin_carteira_veic_04082023090000.xlsx.corrigido";
    let check = |lines: &str| {
        let f = b.file(name, format!("CONTRATO;PARCELA_REFIN\r\n{lines}").as_bytes());
        b.json(&["layout", "check", &f])
    };
    check("1001;416,00\r\n1002;1,00\r\n").exits(0);
    let r = check("1001;416,00\r\n1,23E+11;1,00\r\n").exits(3).report();
    assert_eq!((r["lines"]["read"].as_u64(), r["lines"]["rejected"].as_u64()), (Some(2), Some(1)), "{r}");
    // a workbook under that name is no text
    let f = b.file(name, b"PK\x03\x04 nada\r\n");
    b.atom(&["layout", "check", &f]).exits(6);
}
