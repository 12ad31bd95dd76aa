//! `atom runs`: what every run did, for people and for programs.

use crate::support::*;
use serde_json::json;

/// Rows of the list: the runs, newest first.
fn ids(b: &Bed, args: &[&str]) -> Vec<i64> {
    b.json(args).exits(0).json().iter().map(|r| r["run"].as_i64().unwrap()).collect()
}

/// Run 1: a remessa with a bad line. Run 2: parcelas of another width, refused. Run 3: the remessa by force.
fn cama() -> Bed {
    let b = Bed::new();
    let mut bytes = b.remessa("1001", &cpf(1), &[]);
    bytes.extend(b.remessa("1002", &cpf(2), &[("data_contrato", "20231399")]));
    b.evo(REMESSA, &bytes);
    b.evo(PARCELAS, b"lixo que nao e parcela\r\n");
    b.atom(&["-q", "run"]).exits(6);
    let f = b.file(REMESSA, &bytes);
    b.atom(&["import", "remessa", &f, "--force", "--reason", "o banco pediu de novo"]).exits(3);
    b
}

#[test]
fn a_lista_tem_cada_execucao_da_mais_nova_para_a_mais_velha() {
    let b = cama();
    let rows = b.json(&["runs", "list"]).exits(0).json();
    let of = |i: usize, key: &str| rows[i][key].clone();
    assert_eq!(ids(&b, &["runs"]), [3, 2, 1]);
    assert_eq!((of(0, "state"), of(0, "forced")), (json!("done_with_rejects"), json!("o banco pediu de novo")));
    assert_eq!((of(1, "state"), of(1, "kind"), of(1, "exit")), (json!("refused"), json!("parcelas"), json!(6)));
    assert_eq!((of(1, "lines"), of(1, "rejected")), (json!(null), json!(null)));
    assert_eq!((of(2, "lines"), of(2, "rejected"), of(2, "forced")), (json!(2), json!(1), json!(null)));
    assert_eq!((of(2, "file"), of(2, "data_operacao")), (json!(REMESSA), json!("2023-08-04")));
    assert_eq!((of(2, "seconds"), of(2, "command")), (json!(0), json!("atom -q run")));
    assert_eq!(ids(&b, &["runs", "list", "--limit", "2"]), [3, 2]);
    let text = b.atom(&["runs", "list", "--limit", "2"]).exits(0).stdout;
    assert!(text.contains("recusada") && text.contains("concluída"), "{text}");
    assert!(text.contains("“o banco pediu de novo” · atom import remessa"), "{text}");
    assert!(text.contains("2 de 3 execuções. Todas: atom runs list --all"), "{text}");
    assert!(text.lines().all(|l| l.chars().count() <= 100), "{text}");
}

#[test]
fn vinte_por_padrao_e_todas_a_pedido() {
    let b = Bed::new();
    let insert = "INSERT INTO run (comando, kind, inicio, fim, estado, saida, conta)
                  VALUES ('atom run', 'remessa', '2023-08-04T02:41:00-03:00', '2023-08-04T02:43:05-03:00', 'done', 0, '{}')";
    for _ in 0..25 {
        b.db().execute(insert, []).unwrap();
    }
    assert_eq!(ids(&b, &["runs"]).len(), 20);
    assert_eq!(ids(&b, &["runs", "list", "--all"]), (1..=25).rev().collect::<Vec<_>>());
    assert_eq!(b.json(&["runs", "--limit", "1"]).json()[0]["seconds"], 125);
    b.atom(&["runs", "list", "--limit", "0"]).exits(2);
    b.atom(&["runs", "list", "--limit", "3", "--all"]).exits(2);
}

#[test]
fn uma_execucao_mostra_a_conta_inteira_e_para_onde_foram_as_linhas() {
    let b = cama();
    let r = b.json(&["runs", "show", "1"]).exits(0).report();
    let errors = format!("{REMESSA}.erros.csv");
    assert_eq!(r["lines"]["read"], 2);
    assert_eq!(r["lines"]["rejected"], json!({"DATA_INVALIDA": 1}));
    assert_eq!((&r["error_file"], &r["reason"]), (&json!(errors), &json!(null)));
    assert_eq!((&r["exports"][0]["kind"], &r["exports"][0]["state"]), (&json!("erros"), &json!("published")));
    assert!(r["reject_file"].as_str().unwrap().starts_with("rejects/"), "{r}");
    assert_eq!(r["sha256"].as_str().unwrap().len(), 64);
    let text = b.atom(&["runs", "show", "1"]).exits(0).stdout;
    for want in [
        "execução 1 · remessa",
        "concluída com rejeitos (saída 3)",
        "lidas 2 = novas 1 + alteradas 0 + iguais 0 + ignoradas 0 + rejeitadas 1",
        "DATA_INVALIDA",
        "data_contrato 1",
        &errors,
        "publicado em 04/08/2023 02:41:00",
        "atom rejects list --run 1",
    ] {
        assert!(text.contains(want), "{want}: {text}");
    }
    assert!(text.lines().all(|l| l.chars().count() <= 100), "{text}");
}

#[test]
fn recusada_diz_por_que_e_forcada_diz_o_motivo() {
    let b = cama();
    let r = b.json(&["runs", "show", "2"]).exits(0).report();
    assert_eq!((&r["state"], &r["error_file"]), (&json!("refused"), &json!(null)));
    let code = r["reason"]["code"].as_str().unwrap().to_owned();
    let text = b.atom(&["runs", "show", "2"]).exits(0).stdout;
    assert!(text.contains("recusada, nada aplicado") && text.contains(&code) && !text.contains("lidas"), "{text}");
    let text = b.atom(&["runs", "show", "3"]).exits(0).stdout;
    assert!(text.contains("forçada    “o banco pediu de novo”"), "{text}");
}

#[test]
fn a_desfeita_e_a_que_desfez_dizem_uma_da_outra() {
    let b = Bed::new();
    let f = b.file(REMESSA, &b.remessa("1001", &cpf(1), &[]));
    b.atom(&["import", "remessa", &f]).exits(0);
    b.atom(&["undo", "1"]).exits(0);
    let text = b.atom(&["runs", "show", "1"]).exits(0).stdout;
    assert!(text.contains("desfeita: o que aplicou foi retirado") && text.contains("lidas 1"), "{text}");
    assert_eq!(b.json(&["runs", "show", "2"]).report()["undone"], 1);
    let text = b.atom(&["runs", "show", "2"]).exits(0).stdout;
    assert!(text.contains("a execução 1"), "{text}");
}

#[test]
fn execucao_que_nao_existe_e_erro_de_uso() {
    let b = Bed::new();
    let out = b.atom(&["runs", "show", "9"]).exits(2);
    assert!(out.stderr.contains("não há execução 9"), "{}", out.stderr);
    assert!(b.atom(&["runs"]).exits(0).stderr.contains("nenhuma execução ainda"));
}

#[test]
fn a_monitoria_ve_quando_ha_tempo_demais_nada_se_importa() {
    let mut b = Bed::with("[dia]\nobrigatorios = []");
    let out = b.atom(&["status", "--max-age", "26h"]).exits(4);
    assert!(out.stderr.contains("nenhuma importação") && out.stderr.contains("atom day"), "{}", out.stderr);
    b.importa_remessa("20230803", 1);
    b.atom(&["status", "--max-age", "26h"]).exits(0);
    b.at("2023-08-05T04:40:00").atom(&["status", "--max-age", "26h"]).exits(0);
    let out = b.at("2023-08-05T04:43:00").atom(&["status", "--max-age", "26h"]).exits(4);
    assert!(out.stderr.contains("04/08/2023 02:41"), "{}", out.stderr);
    b.atom(&["status"]).exits(0);
    b.atom(&["status", "--max-age", "logo"]).exits(2);
}
