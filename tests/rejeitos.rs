//! Rejected lines: listed, shown with the ruler, corrected by hand (IM19), replayed (decisions 5).

use crate::support::*;
use serde_json::{Value, json};
use std::fs;

const SEGUNDA_REMESSA: &str = "20230803_204500_remessa_528_out.528";

fn import(b: &Bed, kind: &str, name: &str, bytes: &[u8], code: i32) -> Value {
    let f = b.file(name, bytes);
    b.json(&["import", kind, &f]).exits(code).report()
}

fn replay(b: &Bed, args: &[&str], code: i32) -> Value {
    let mut all = vec!["rejects", "replay"];
    all.extend_from_slice(args);
    b.json(&all).exits(code).report()
}

/// The bytes of our only reject file.
fn guardadas(b: &Bed) -> Vec<u8> {
    let names = b.names("data/rejects");
    assert_eq!(names.len(), 1, "{names:?}");
    fs::read(b.root.join("data/rejects").join(&names[0])).unwrap()
}

/// A remessa with one good line and one whose CPF is wrong.
fn com_cpf_ruim(b: &Bed) -> Vec<u8> {
    let mut f = b.remessa("1001", &cpf(1), &[]);
    f.extend(b.remessa("1002", "11122233344", &[("nome_cliente", "SICRANO SECRETO")]));
    f
}

#[test]
fn im19_do_corrigido_so_as_linhas_dele_tem_efeito_mesmo_depois_de_um_arquivo_mais_novo() {
    let b = Bed::new();
    import(&b, "remessa", REMESSA, &com_cpf_ruim(&b), 3);
    let next: Vec<u8> = (1..=5).flat_map(|n| b.remessa(&format!("200{n}"), &cpf(10 + n), &[])).collect();
    import(&b, "remessa", SEGUNDA_REMESSA, &next, 0);
    let line = guardadas(&b);
    let range = b.columns("remessa", "cpf_cnpj_cliente");
    let mut mended = line.clone();
    mended[range.clone()].copy_from_slice(format!("{:0>w$}", cpf(2), w = range.len()).as_bytes());
    let r = import(&b, "remessa", &format!("{REMESSA}.CORRIGIDO"), &mended, 0);
    assert_eq!((r["kind"].as_str(), r["data_operacao"].as_str()), (Some("remessa"), Some("2023-08-04")));
    assert_eq!((r["lines"]["read"].as_i64(), r["lines"]["created"].as_i64()), (Some(1), Some(1)));
    // few lines are its nature: no warning, neither of it nor of what comes after it (IN4)
    assert_eq!(r["warnings"], json!({}));
    assert_eq!(b.sql("SELECT group_concat(situacao) FROM contrato"), ["ATIVO"; 7].join(","));
    let third = "20230803_205500_remessa_528_out.528";
    let r = import(&b, "remessa", third, &b.remessa("2001", &cpf(11), &[]), 0);
    assert_eq!(r["warnings"], json!({"ARQUIVO_CURTO": 1}), "measured against the five lines, not the one");
}

#[test]
fn im19_o_corrigido_vem_tambem_pela_pasta_do_evo_e_segura_as_etapas_seguintes_enquanto_pendente() {
    let b = Bed::new();
    b.evo(REMESSA, &com_cpf_ruim(&b));
    b.atom(&["-q", "run"]).exits(3);
    let name = format!("{REMESSA}.corrigido");
    b.evo(&name, &b.remessa("1002", &cpf(2), &[]));
    b.atom(&["-q", "fetch"]).exits(0);
    let r = import(&b, "parcelas", PARCELAS, &b.parcela("1001", "1", &[]), 4);
    assert_eq!(r["waiting_for"], json!(["remessa"]));
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!(b.sql("SELECT count(*) FROM contrato"), "2");
    assert_eq!(b.sql("SELECT count(*) FROM parcela"), "1");
    assert!(b.names("data/archive/2023-08-04").contains(&name));
    // the same content again is a no-op that says so, as of any file
    let again = import(&b, "remessa", &name, &b.remessa("1002", &cpf(2), &[]), 0);
    assert_eq!(again["state"], "duplicate");
}

#[test]
fn um_corrigido_sozinho_nao_conclui_a_etapa() {
    let b = Bed::new();
    import(&b, "remessa", &format!("{REMESSA}.corrigido"), &b.remessa("1001", &cpf(1), &[]), 0);
    let r = import(&b, "parcelas", PARCELAS, &b.parcela("1001", "1", &[]), 4);
    assert_eq!(r["waiting_for"], json!(["remessa"]));
    // nor is the file itself older than its correction
    import(&b, "remessa", "20230803_202900_remessa_528_out.528", &b.remessa("1001", &cpf(1), &[]), 0);
}

#[test]
fn um_corrigido_e_do_dia_da_sua_entrada_tambem_onde_o_nome_nao_diz_o_dia() {
    let b = Bed::new();
    import(&b, "remessa", REMESSA, &b.remessa("1001", &cpf(1), &[]), 0);
    let (name, bytes) = (
        "telefones_carteira_veic_030823211000.csv",
        format!("CPF;CONTRATO;TELEFONE1;SCORE1\r\n{};1001;11987654321;90\r\n", cpf(1)),
    );
    b.evo(name, bytes.as_bytes());
    b.atom(&["-q", "fetch"]).exits(0);
    b.db()
        .execute("UPDATE arquivo SET estado='importado', data_operacao='2023-08-04' WHERE kind='telefones'", [])
        .unwrap();
    import(&b, "remessa", "20230804_203000_remessa_528_out.528", &b.remessa("1001", &cpf(1), &[]), 0);
    let f = b.file(&format!("{name}.corrigido"), bytes.replace("90", "80").as_bytes());
    assert_eq!(b.json(&["import", "telefones", &f]).report()["data_operacao"], "2023-08-04");
}

#[test]
fn batimento_nao_tem_corrigido() {
    let b = Bed::new();
    let name = "bat_carteira_veic_04082023_528.csv.corrigido";
    let r = import(&b, "batimento", name, b"CONTRATO\n1001\n", 6);
    assert_eq!(r["reason"]["code"], "NOME_INVALIDO");
    assert!(r["reason"]["message"].as_str().unwrap().contains("só vale inteiro"), "{r}");
    b.evo(name, b"CONTRATO\n1001\n");
    b.atom(&["run"]).exits(0);
    assert_eq!(b.names("evo"), [name]);
    assert!(b.names("data/inbox").is_empty());
}

#[test]
fn o_conjunto_de_um_contrato_com_rejeito_volta_inteiro_no_corrigido() {
    let b = Bed::new();
    import(&b, "remessa", REMESSA, &b.remessa("1001", &cpf(1), &[]), 0);
    import(&b, "parcelas", "20230803_203400_parc_528_out.528", &b.parcela("1001", "9", &[]), 0);
    let mut lines: Vec<Vec<u8>> = (1..=3).map(|n| b.parcela("1001", &n.to_string(), &[])).collect();
    let at = b.columns("parcelas", "data_vencimento");
    lines[1][at.clone()].copy_from_slice(b"20230231");
    let r = import(&b, "parcelas", PARCELAS, &lines.concat(), 3);
    assert_eq!(r["lines"]["ignored"], json!({"CONTRATO_COM_REJEITO": 2}));
    // replayed as it is: rejected again, the old set stays
    let r = replay(&b, &[], 3);
    assert_eq!((r["lines"]["read"].as_i64(), &r["lines"]["rejected"]), (Some(3), &json!({"DATA_INVALIDA": 1})));
    assert_eq!(b.sql("SELECT group_concat(k1) FROM parcela"), "9");
    let names = b.names("data/rejects");
    let mut mended = fs::read(b.root.join("data/rejects").join(&names[0])).unwrap();
    assert_eq!(mended, lines.concat());
    let width = lines[0].len();
    mended[width..][at].copy_from_slice(b"20230901");
    let r = import(&b, "parcelas", &format!("{PARCELAS}.corrigido"), &mended, 0);
    assert_eq!((r["lines"]["created"].as_i64(), r["effects"]["removed"].as_i64()), (Some(3), Some(1)));
    assert_eq!(b.sql("SELECT group_concat(k1) FROM parcela"), "1,2,3");
}

#[test]
fn replay_depois_que_o_contrato_pai_veio_quantas_vezes_for_preciso_e_nunca_duas_a_mesma() {
    let b = Bed::new();
    import(&b, "remessa", REMESSA, &b.remessa("1001", &cpf(1), &[]), 0);
    let mut f = b.parcela("1001", "1", &[]);
    f.extend(b.parcela("1002", "1", &[]));
    f.extend(b.parcela("1003", "1", &[]));
    let first = import(&b, "parcelas", PARCELAS, &f, 3);
    let run = first["run"].to_string();
    // nothing came: rejected again, twice
    for _ in 0..2 {
        let r = replay(&b, &["--run", &run], 3);
        assert_eq!(r["file"], format!("{PARCELAS}.corrigido"));
        assert_eq!(r["data_operacao"], "2023-08-04");
        assert_eq!(r["lines"]["rejected"], json!({"CONTRATO_DESCONHECIDO": 2}));
        assert_eq!(r["warnings"], json!({}));
    }
    // one parent comes, then the other
    import(&b, "remessa", SEGUNDA_REMESSA, &b.remessa("1002", &cpf(2), &[]), 0);
    let r = replay(&b, &["--run", &run], 3);
    assert_eq!(
        (r["lines"]["created"].as_i64(), &r["lines"]["rejected"]),
        (Some(1), &json!({"CONTRATO_DESCONHECIDO": 1}))
    );
    import(&b, "remessa", "20230803_205000_remessa_528_out.528", &b.remessa("1003", &cpf(3), &[]), 0);
    // without --run: the newest run that has any, so the one line that is left
    let r = replay(&b, &[], 0);
    assert_eq!((r["lines"]["read"].as_i64(), r["lines"]["created"].as_i64()), (Some(1), Some(1)));
    assert_eq!(b.sql("SELECT count(*) FROM parcela"), "3");
    let before = b.digest();
    let r = replay(&b, &[], 0);
    assert_eq!((r["state"].as_str(), r["reason"]["code"].as_str()), (Some("duplicate"), Some("DUPLICADO")));
    assert!(r["reason"]["message"].as_str().unwrap().contains("já entraram todas"), "{r}");
    assert_eq!(b.digest(), before);
    assert_eq!(b.sql("SELECT count(*) FROM arquivo WHERE estado='pendente'"), "0");
    assert!(b.names("data/inbox").is_empty());
}

#[test]
fn replay_deixa_de_fora_o_que_so_foi_ignorado_e_avisa_do_arquivo_mais_novo() {
    let b = Bed::new();
    import(&b, "remessa", "20230802_203000_remessa_528_out.528", &b.remessa("1001", &cpf(1), &[]), 0);
    b.db().execute("UPDATE contrato SET situacao='BLOQUEADO', bloqueado_em='2023-08-03'", []).unwrap();
    let mut f = b.remessa("1001", &cpf(1), &[("nome_cliente", "NOME VELHO")]);
    f.extend(b.remessa("1002", "11122233344", &[]));
    let r = import(&b, "remessa", REMESSA, &f, 3);
    assert_eq!(r["lines"]["ignored"], json!({"BLOQUEIO_VIGENTE": 1}));
    import(&b, "remessa", "20230809_203000_remessa_528_out.528", &b.remessa("1001", &cpf(1), &[]), 0);
    assert_eq!(b.sql("SELECT situacao FROM contrato"), "ATIVO");
    let out = b.json(&["rejects", "replay", "--run", &r["run"].to_string()]).exits(3);
    assert!(out.stderr.contains("mais novo de remessa já tinha entrado (operação 10/08/2023)"), "{}", out.stderr);
    let r = out.report();
    assert_eq!((r["lines"]["read"].as_i64(), &r["lines"]["rejected"]), (Some(1), &json!({"DOCUMENTO_INVALIDO": 1})));
    assert_eq!(b.sql("SELECT nome_cliente FROM ficha"), "FULANO DE TAL");
}

#[test]
fn replay_sem_rejeitadas_de_execucao_que_nao_ha_e_simulado() {
    let b = Bed::new();
    assert!(b.atom(&["rejects", "replay"]).exits(0).stderr.contains("nenhuma linha rejeitada"));
    import(&b, "remessa", REMESSA, &b.remessa("1001", &cpf(1), &[]), 0);
    assert!(b.atom(&["rejects", "replay", "--run", "1"]).exits(0).stderr.contains("não tem linhas rejeitadas"));
    b.atom(&["rejects", "replay", "--run", "77"]).exits(2);
    import(&b, "parcelas", PARCELAS, &b.parcela("1002", "1", &[]), 3);
    import(&b, "remessa", SEGUNDA_REMESSA, &b.remessa("1002", &cpf(2), &[]), 0);
    let before = (b.digest(), b.sql("SELECT count(*) FROM arquivo"), b.sql("SELECT max(id) FROM run"));
    let r = b.json(&["--dry-run", "rejects", "replay"]).exits(0).report();
    assert_eq!((r["lines"]["created"].as_i64(), r["dry_run"].as_bool()), (Some(1), Some(true)));
    assert_eq!((b.digest(), b.sql("SELECT count(*) FROM arquivo"), b.sql("SELECT max(id) FROM run")), before);
    assert!(b.names("data/inbox").is_empty());
    let text = b.atom(&["rejects", "replay"]).exits(0).stdout;
    assert!(text.contains("parcelas") && text.contains("novas 1"), "{text}");
}

#[test]
fn um_arquivo_todo_rejeitado_repete_se_embora_o_conteudo_seja_o_mesmo() {
    let b = Bed::new();
    import(&b, "remessa", REMESSA, &b.remessa("1001", &cpf(1), &[]), 0);
    let bytes = b.parcela("1002", "1", &[]);
    import(&b, "parcelas", PARCELAS, &bytes, 3);
    import(&b, "remessa", SEGUNDA_REMESSA, &b.remessa("1002", &cpf(2), &[]), 0);
    assert_eq!(guardadas(&b), bytes);
    assert_eq!(replay(&b, &[], 0)["lines"]["created"], 1);
}

#[test]
fn show_mostra_a_linha_com_regua_e_esconde_o_que_e_pessoal() {
    let b = Bed::new();
    let r = import(&b, "remessa", REMESSA, &com_cpf_ruim(&b), 3);
    let run = r["run"].to_string();
    let out = b.atom(&["rejects", "show", &run]).exits(0);
    for part in [REMESSA, "linha 2", "DOCUMENTO_INVALIDO", "cpf_cnpj_cliente", "^^^"] {
        assert!(out.stdout.contains(part), "{part}: {}", out.stdout);
    }
    let line = b.atom(&["rejects", "show", &run, "2"]).exits(0);
    assert!(line.stdout.contains("nome_cliente") && line.stdout.contains("1002"), "{}", line.stdout);
    assert!(line.stdout.lines().all(|l| l.chars().count() <= 100), "{}", line.stdout);
    let json = b.json(&["rejects", "show", &run, "2"]).exits(0);
    for text in [&out.stdout, &line.stdout, &json.stdout] {
        assert!(!text.contains("11122233344") && !text.contains("SICRANO"), "{text}");
    }
    assert_eq!(
        (json.report()["line"].as_i64(), json.report()["codigo"].as_str()),
        (Some(2), Some("DOCUMENTO_INVALIDO"))
    );
    let audit = || {
        let db = rusqlite::Connection::open(b.root.join("store/atendimento.db")).unwrap();
        db.query_row("SELECT count(*) FROM auditoria WHERE o_que LIKE 'rejects show%linha 2'", [], |r| {
            r.get::<_, i64>(0)
        })
        .unwrap()
    };
    assert_eq!(audit(), 0);
    let open = b.json(&["--show-pii", "rejects", "show", &run, "2"]).exits(0).report();
    assert!(open["original"].as_str().unwrap().contains("SICRANO SECRETO"));
    assert!(open.to_string().contains("11122233344"));
    assert_eq!(audit(), 1);
    b.atom(&["rejects", "show", &run, "1"]).exits(2);
    b.atom(&["rejects", "show", "99"]).exits(2);
}

#[test]
fn show_de_uma_regra_aponta_o_campo_que_a_regra_le() {
    let b = Bed::new();
    import(&b, "remessa", REMESSA, &b.remessa("1001", &cpf(1), &[]), 0);
    let r = import(&b, "parcelas", PARCELAS, &b.parcela("1002", "1", &[]), 3);
    let out = b.atom(&["rejects", "show", &r["run"].to_string(), "1"]).exits(0);
    for part in ["CONTRATO_DESCONHECIDO", "contrato não existe na base", "^^^", "numero_parcela"] {
        assert!(out.stdout.contains(part), "{part}: {}", out.stdout);
    }
}

#[test]
fn list_por_arquivo_e_por_codigo() {
    let b = Bed::new();
    import(&b, "remessa", REMESSA, &com_cpf_ruim(&b), 3);
    let mut f = b.parcela("1001", "1", &[("data_vencimento", "20230231")]);
    f.extend(b.parcela("1001", "2", &[]));
    import(&b, "parcelas", PARCELAS, &f, 3);
    let codes = |args: &[&str]| {
        let mut all = vec!["rejects", "list"];
        all.extend_from_slice(args);
        let rows = b.json(&all).exits(0).json();
        rows.iter().map(|r| r["codigo"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(codes(&[]), ["DATA_INVALIDA", "CONTRATO_COM_REJEITO"]);
    assert_eq!(codes(&["--code", "data_invalida"]), ["DATA_INVALIDA"]);
    assert_eq!(codes(&["--file", REMESSA]), ["DOCUMENTO_INVALIDO"]);
    assert_eq!(codes(&["--file", REMESSA, "--code", "DATA_INVALIDA"]), [""; 0]);
    assert_eq!(codes(&["--run", "1"]), ["DOCUMENTO_INVALIDO"]);
    b.atom(&["rejects", "list", "--code", "NADA"]).exits(2);
    let text = b.atom(&["rejects"]).exits(0).stdout;
    assert!(text.contains("CONTRATO_COM_REJEITO 1 · DATA_INVALIDA 1"), "{text}");
}
