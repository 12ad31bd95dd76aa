//! Hand-made CSVs whose columns changed places (SE1), and what is wrong with the ones of the night (FA001, IM12).

use crate::support::*;
use serde_json::Value;
use std::fs;

const CPF: &str = "63052481762";
const FONE: &str = "11987654321";
const ACORDOS: &str = "Cobrador;NomeCobrador;NumAcordo;NumParcela;NossoNum;DtVcto;DtMovto;VlrMovt;TotDiv;Motivo;\
                       LocalRecebimento;NumCpfCgc;NomeCliente;OperOriginal;ParcNegociadas";
const BATIMENTO: &str =
    "CONTRATO;PRIMEIRA_PARC_AB;DATA_ENVIO;CARTEIRA;COD_ASSESSORIA;NOME_ASSESSORIA;PRODUTO;DIAS_ATRASO";

/// Contracts 1001 to 1010 of as many clients.
fn bed() -> Bed {
    let b = Bed::with("[dia]\nobrigatorios = [\"remessa\"]");
    let lines: Vec<u8> = (1..=10).flat_map(|n| b.remessa(&(1000 + n).to_string(), &cpf(n), &[])).collect();
    let f = b.file(REMESSA, &lines);
    b.atom(&["-q", "import", "remessa", &f]).exits(0);
    b
}

#[test]
fn se1_colunas_trocadas_nao_mostram_nome_documento_nem_telefone() {
    let b = bed();
    let acordo = |movto: &str, valor: &str| {
        format!("528;Assessoria;771;1;123;09/08/2023;{movto};{valor};2,00;Acordo;Boleto;;X;1001;1")
    };
    for (kind, name, header, lines) in [
        (
            "telefones",
            "telefones_carteira_veic_040823010000.csv",
            "CPF;CONTRATO;TELEFONE1;SCORE1",
            vec![
                format!("1001;{CPF};{FONE};5"),
                format!("{FONE};1001;{CPF};3"),
                // the contract reads as a phone, so that only the contract is missed
                format!("{};{FONE};01133334444;3", cpf(1)),
            ],
        ),
        (
            "baixa",
            "AcordosBaixados_04082023_528.csv",
            ACORDOS,
            vec![
                acordo("MARIA DA SILVA", "1,00"),
                acordo("03/08/2023", "MARIA"),
                acordo(CPF, "1,00"),
                acordo(FONE, "1,00"),
                acordo("03/08/2023", "1,00").replacen("528", "MARIA DA SILVA", 1),
                acordo("03/08/2023", "1,00").replace(";771;", ";MARIA DA SILVA;"),
                acordo("03/08/2023", "1,00").replace(";771;", ";MARIA\u{7};"),
                acordo("03/08/2023", "1,00").replace("1001", "MARIA DE TAL 12"),
            ],
        ),
        (
            "massivas",
            "20230804_020000_massiva_whatsapp.csv",
            "CONTRATO;NUMERO;NOME;JORNADA",
            vec![
                format!("1001;{FONE};jornada1;MARIA"),
                format!("{CPF};{FONE};X;jornada1"),
                format!("MARIA DE TAL;{FONE};X;jornada1"),
                format!("{FONE};1001;X;jornada1"),
            ],
        ),
        (
            "retorno",
            "20230804_020100_manager_retorno.csv",
            "ID_CRM;TELEFONE;STATUS;DATA_HORA",
            vec![format!("{FONE};1;ATENDIDA;03/08/2023 09:00:00"), format!("1;{FONE};ATENDIDA;{CPF}")],
        ),
        (
            "refin",
            "refin_carteira_veic_040823010000.csv",
            "CONTRATO;PARCELA_REFIN",
            vec![format!("{CPF};1,00"), "1001;MARIA DE TAL".to_owned()],
        ),
    ] {
        let f = b.file(name, format!("{header}\r\n{}\r\n", lines.join("\r\n")).as_bytes());
        let out = b.atom(&["-v", "import", kind, &f]).exits(3);
        let erros = b.read("erros", &format!("{name}.erros.csv"));
        let listed = b.atom(&["rejects", "list"]).exits(0).stdout;
        let checked = b.atom(&["layout", "check", &f]).stdout;
        for said in [out.stdout, out.stderr, erros, listed, checked] {
            for personal in ["MARIA", CPF, FONE] {
                assert!(!said.contains(personal), "{kind}: {personal} in\n{said}");
            }
        }
    }
    // a contract that nobody has is still named
    let f = b.file("refin_carteira_veic_040823020000.csv", b"CONTRATO;PARCELA_REFIN\r\nAB-7700;1,00\r\n");
    b.atom(&["-q", "import", "refin", &f]).exits(3);
    assert!(b.read("erros", "refin_carteira_veic_040823020000.csv.erros.csv").contains(";2;AB-7700;contrato;"));
}

/// The two CSVs of the night: kind, name, header, a good line of a contract, and a required column.
type Csv = (&'static str, &'static str, &'static str, fn(u64) -> String, &'static str);
const DA_NOITE: [Csv; 2] = [
    (
        "batimento",
        "bat_carteira_veic_04082023_528.csv",
        BATIMENTO,
        |n| format!("{n};3;04/08/2023;VEIC;528;\"Assessoria; Exemplo\";CDC;95"),
        "COD_ASSESSORIA",
    ),
    (
        "baixa",
        "AcordosBaixados_04082023_528.csv",
        ACORDOS,
        |n| format!("528;\"Assessoria; Exemplo\";{n};1;123;09/08/2023;03/08/2023;1,00;2,00;Acordo;Boleto;;X;{n};1"),
        "OperOriginal",
    ),
];

fn importa(b: &Bed, kind: &str, name: &str, lines: &[String], code: i32) -> Value {
    let f = b.file(name, format!("{}\r\n", lines.join("\r\n")).as_bytes());
    let r = b.json(&["import", kind, &f]).exits(code).report();
    fs::remove_file(f).unwrap();
    r
}

#[test]
fn fa001_im12_o_csv_da_noite_com_a_estrutura_errada_e_recusado_inteiro() {
    for (kind, name, header, good, required) in DA_NOITE {
        let b = bed();
        let before = b.digest();
        let with = |header: &str, spoil: fn(String) -> String| {
            let mut lines = vec![header.to_owned()];
            lines.extend((1001..=1009).map(good));
            lines[5] = spoil(lines[5].clone());
            lines
        };
        let columns: Vec<&str> = header.split(';').collect();
        let without: Vec<&str> = columns.iter().copied().filter(|c| *c != required).collect();
        for (what, lines, word) in [
            ("open quote", with(header, |l| l.replacen("Exemplo\"", "Exemplo", 1)), "linha 6: aspas abertas"),
            (
                "line break in a cell",
                with(header, |l| l.replacen("; Exemplo", "\r\nExemplo", 1)),
                "linha 6: aspas abertas",
            ),
            ("a column short", with(header, |l| l.replacen(";95", "", 1).replacen("X;", "", 1)), "linha 6: "),
            ("missing", with(&without.join(";"), |l| l), required),
            ("renamed", with(&header.replace(required, "OUTRA"), |l| l), required),
            ("doubled", with(&format!("{header};{}", required.to_lowercase()), |l| l), "em dobro"),
            ("no header", with(&good(1010), |l| l), "linha 1: não é o cabeçalho"),
        ] {
            let r = importa(&b, kind, name, &lines, 6);
            assert_eq!(r["reason"]["code"], "ESTRUTURA", "{kind}, {what}: {r}");
            let said = r["reason"]["message"].as_str().unwrap();
            assert!(said.contains(word), "{kind}, {what}: {said}");
            assert!(b.digest() == before, "{kind}, {what}");
        }
        // in another order, spelling and with a column more it is the same file
        let cut = |l: &str| -> Vec<String> {
            l.replace("\"Assessoria; Exemplo\"", "Exemplo").split(';').map(str::to_owned).collect()
        };
        let turned = |l: &str, more: &str| {
            let mut cells = cut(l);
            cells.reverse();
            cells.push(more.to_owned());
            cells.join(";")
        };
        let mut lines = vec![turned(&header.to_lowercase().replace('_', " "), "Filial")];
        lines.extend((1001..=1009).map(|n| turned(&good(n), "7")));
        let r = importa(&b, kind, name, &lines, 0);
        assert_eq!((&r["unknown_columns"][0], r["lines"]["read"].as_u64()), (&"Filial".into(), Some(9)), "{kind}");
        assert_ne!(b.digest(), before, "{kind}");
    }
}
