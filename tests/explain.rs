//! `atom explain`: the history of a contract in words, and why it is dialled or not (R019, R020, R022).

use crate::support::*;
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Output, Stdio};

fn remessa(b: &Bed, day: &str, bytes: &[u8]) {
    let f = b.file(&format!("{day}_203000_remessa_528_out.528"), bytes);
    b.json(&["import", "remessa", &f]).exits(0);
}

fn explain(b: &Bed, contrato: &str) -> Value {
    b.json(&["explain", contrato]).exits(0).report()
}

fn texto(b: &Bed, contrato: &str) -> String {
    let out = b.atom(&["explain", contrato]).exits(0).stdout;
    assert!(out.lines().all(|l| l.chars().count() <= 100), "{out}");
    out
}

/// As the imports of the other kinds record it.
fn fato(b: &Bed, dia: &str, kind: &str, arquivo: &str, linha: u32, (regra, de, para, detalhe): Fato) {
    let db = b.db();
    db.execute(
        "INSERT INTO arquivo (kind, layout, nome, data_operacao, carimbo, tamanho, mtime, sha256, codificacao, estado,
           caminho, recebido_em) VALUES (?1, ?1, ?2, ?3, ?3, 1, 1, '', '', 'importado', '', '')",
        (kind, arquivo, dia),
    )
    .unwrap();
    db.execute(
        "INSERT INTO run (comando, kind, arquivo_id, data_operacao, inicio, fim, estado, saida, conta)
         VALUES ('atom run', ?1, ?2, ?3, ?4, ?4, 'done', 0, '{}')",
        (kind, db.last_insert_rowid(), dia, format!("{dia}T02:10:00-03:00")),
    )
    .unwrap();
    let run = db.last_insert_rowid();
    db.execute(
        "INSERT INTO evento (contrato_id, run, linha, regra, de, para, detalhe) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)",
        (run, linha, regra, de, para, detalhe),
    )
    .unwrap();
    let Some(para) = para else { return };
    let since = (para == "BLOQUEADO").then_some(dia);
    db.execute("UPDATE contrato SET situacao=?1, situacao_run=?2, bloqueado_em=?3 WHERE id=1", (para, run, since))
        .unwrap();
}

type Fato = (&'static str, Option<&'static str>, Option<&'static str>, Option<&'static str>);

const BAIXA: &str = "AcordosBaixados_04082023_528.csv";

#[test]
fn r019_r020_um_bloqueio_se_conta_do_comeco_ao_dia_em_que_volta() {
    let mut b = Bed::new();
    remessa(&b, "20230728", &b.remessa("00123456789", &cpf(1), &[]));
    fato(
        &b,
        "2023-08-01",
        "telefones",
        "telefones_carteira_veic_010823211000.csv",
        14,
        ("ENRIQUECIMENTO", None, None, Some("+ Enriquecimento 1")),
    );
    fato(&b, "2023-08-04", "baixa", BAIXA, 88, ("BLOQUEIO", Some("ATIVO"), Some("BLOQUEADO"), Some("acordo 771")));
    for day in ["20230804", "20230807", "20230808"] {
        remessa(&b, day, &b.remessa("123456789", &cpf(1), &[]));
    }
    let text = texto(&b, "123.456.789");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "Contrato 00123456789 · ficha 1 · BLOQUEADO até 09/08/2023 inclusive · não disca");
    for (line, parts) in [
        (2, ["31/07", "ATIVO", "remessa", "linha 1", "criado (R004)"]),
        (3, ["01/08", "telefones", "linha 14", "+ Enriquecimento 1", "(R023)"]),
        (4, ["04/08", "BLOQUEADO", "AcordosBaixad", "linha 88", "acordo 771 (R019)"]),
        (5, ["07/08", "BLOQUEADO", "remessa", "linha 1", "ignorada: 1º dia útil de 3"]),
    ] {
        parts.iter().for_each(|p| assert!(lines[line].contains(p), "{p}: {text}"));
    }
    assert!(text.contains("2º dia útil de 3") && text.contains("3º dia útil de 3"), "{text}");
    assert!(
        text.contains("Não está no arquivo de discagem porque: única dívida bloqueada desde 04/08/2023."),
        "{text}"
    );
    assert_eq!(lines.last(), Some(&"Volta à cobrança se vier na remessa de 10/08/2023 ou depois."));
    let r = explain(&b, "123456789");
    assert_eq!(
        (&r["situacao"], &r["dialable"], &r["bloqueadoAte"]),
        (&json!("BLOQUEADO"), &json!(false), &json!("2023-08-09"))
    );
    let e = &r["events"][2];
    assert_eq!(
        [&e["data_operacao"], &e["at"], &e["kind"], &e["file"], &e["rule"], &e["from"], &e["to"]],
        ["2023-08-04", "2023-08-04T02:10:00-03:00", "baixa", BAIXA, "BLOQUEIO", "ATIVO", "BLOQUEADO"]
    );
    assert_eq!((e["line"].as_i64(), r["events"].as_array().unwrap().len()), (Some(88), 6));
    // out, but not brought back yet
    b.at("2023-08-14T09:00:00");
    assert!(
        texto(&b, "123456789").starts_with("Contrato 00123456789 · ficha 1 · BLOQUEADO até 09/08/2023, já vencido")
    );
    remessa(&b, "20230811", &b.remessa("123456789", &cpf(1), &[]));
    let text = texto(&b, "123456789");
    assert!(text.contains("ATIVO · disca\n") && text.contains("alta: bloqueio vencido"), "{text}");
}

#[test]
fn r022_uc005_o_que_fechou_o_contrato_e_o_que_o_traz_de_volta() {
    let b = Bed::new();
    remessa(&b, "20230803", &b.remessa("1001", &cpf(1), &[]));
    fato(
        &b,
        "2023-08-04",
        "batimento",
        "bat_carteira_veic_04082023_528.csv",
        0,
        ("BATIMENTO", Some("ATIVO"), Some("BAIXADO"), None),
    );
    let text = texto(&b, "1001");
    for part in [
        "BAIXADO · não disca",
        "não está no batimento (R022)",
        "baixada desde 04/08/2023",
        "se vier de novo na remessa",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.lines().any(|l| l.contains("bat_carteira") && l.contains(" linha ")), "no line names it: {text}");
    assert_eq!(explain(&b, "1001")["events"][1]["line"], Value::Null);
    fato(
        &b,
        "2023-08-04",
        "exclusao",
        "20230803_210000_baixa_528_out.528",
        3,
        ("EXCLUSAO", Some("BAIXADO"), Some("EXCLUIDO"), None),
    );
    fato(&b, "2023-08-07", "x", "x", 4, ("REGRA_QUE_NAO_HAVIA", None, None, Some("algo")));
    let text = texto(&b, "1001");
    for part in [
        "EXCLUIDO · não disca",
        "retirado pelo banco (UC005)",
        "REGRA_QUE_NAO_HAVIA",
        "excluída pelo banco desde 04/08/2023",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn uc003_por_que_disca_ou_nao_e_o_mesmo_que_a_carga_decide() {
    let b = Bed::new();
    let phone = [("telefone_1_tipo", "CE"), ("telefone_1_ddd", "011"), ("telefone_1_numero", "0987654321")];
    let mut f = b.remessa("1001", &cpf(1), &[&[("dias_atraso", "95")], &phone[..]].concat());
    f.extend(b.remessa("1002", &cpf(1), &[("dias_atraso", "120")]));
    f.extend(b.remessa("1003", &cpf(1), &[("dias_atraso", "120")]));
    f.extend(b.remessa("2001", &cpf(2), &[]));
    f.extend(b.remessa("3001", &cpf(3), &[("flag_nao_perturbe", "S")]));
    f.extend(b.remessa("3002", &cpf(3), &[]));
    remessa(&b, "20230803", &f);
    let why = |c: &str| {
        let r = explain(&b, c);
        (
            r["dialable"].as_bool().unwrap(),
            r["row"].as_str().unwrap_or("-").to_owned(),
            r["why"].as_str().unwrap().to_owned(),
        )
    };
    let one = |c: &str, dialable: bool, row: &str, part: &str| {
        let w = why(c);
        assert!((w.0, w.1.as_str()) == (dialable, row) && w.2.contains(part), "{c}: {w:?}");
    };
    one("1002", true, "1002", "é o contrato da linha da ficha, com 1 telefone");
    one("1001", true, "1002", "leva o contrato 1002, com mais dias de atraso");
    one("1003", true, "1002", "leva o contrato 1002, de igual atraso");
    one("2001", true, "2001", "não há telefone");
    one("3001", false, "-", "o contrato está marcado para não contatar");
    one("3002", false, "-", "marcada para não contatar, no contrato 3001");
    assert!(texto(&b, "1001").contains("ATIVO · disca pelo 1002"));
    // what goes out says the same
    for kind in [("parcelas", PARCELAS), ("garantias", GARANTIAS)] {
        b.atom(&["-q", "day", "waive", kind.0, "--reason", "teste"]).exits(0);
    }
    b.atom(&["-q", "export", "manager", "--carga"]).exits(0);
    let name = b.names("manager").pop().unwrap();
    let rows: Vec<String> =
        b.read("manager", &name).lines().skip(1).map(|l| l.split(';').nth(1).unwrap().into()).collect();
    assert_eq!(rows, ["1002", "2001"]);
    // a blocked one beside an active one: the ficha is dialled by the other
    b.db()
        .execute("UPDATE contrato SET situacao='BLOQUEADO', bloqueado_em='2023-08-04' WHERE chave='1002'", [])
        .unwrap();
    one("1002", false, "1003", "dívida bloqueada desde 04/08/2023; a ficha é discada pelo contrato 1003");
    // a number of the block list is no phone to dial
    b.file("bloqueados.txt", b"11987654321\n");
    b.config("[contato]\nbloqueados = \"bloqueados.txt\"");
    one("1003", true, "1003", "não há telefone");
}

#[test]
fn a_chave_vem_tambem_da_entrada_padrao_e_a_desconhecida_nao_se_repete() {
    let b = Bed::new();
    remessa(&b, "20230803", &b.remessa("1001", &cpf(1), &[]));
    let mut child = b.cmd(&["explain", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"1001\n").unwrap();
    let out: Output = child.wait_with_output().unwrap();
    assert!(String::from_utf8_lossy(&out.stdout).starts_with("Contrato 1001 · ficha 1"));
    for key in ["52998224725", "...", "não é contrato"] {
        let out = b.atom(&["explain", key]).exits(1);
        assert!(out.stderr.contains("contrato não encontrado") && !out.stderr.contains(key), "{}", out.stderr);
    }
    b.atom(&["explain", ""]).exits(2);
}

#[test]
fn nada_pessoal_aparece() {
    let b = Bed::new();
    remessa(
        &b,
        "20230803",
        &b.remessa(
            "1001",
            &cpf(1),
            &[("nome_cliente", "SICRANO SECRETO"), ("telefone_1_ddd", "011"), ("telefone_1_numero", "0987654321")],
        ),
    );
    let all = b.json(&["explain", "1001"]).exits(0).stdout + &texto(&b, "1001");
    for secret in ["SICRANO", "98765", &cpf(1)] {
        assert!(!all.contains(secret), "{all}");
    }
}
