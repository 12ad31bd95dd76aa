//! `--dry-run`: which fichas come, go or change against what was last sent, and why.

use super::*;

fn item<'v>(v: &'v Value, what: &str) -> &'v Value {
    v["fichas"].as_array().unwrap().iter().find(|i| i["what"] == what).unwrap_or_else(|| panic!("{what}: {v}"))
}

#[test]
fn o_ensaio_diz_quem_entra_sai_e_muda_e_por_que_e_nada_grava() {
    let mut b = com_carga(4);
    exclusao(&b, "20230803_210000", &[1001]);
    let novo: &[(&str, &str)] = &[("dias_atraso", "99"), ("nome_cliente", "OUTRO NOME")];
    remessa(&b, "20230803_213000", &[(1002, 2, novo), (1005, 5, &[])]);
    let before = (b.names("manager"), b.names("data/outbox"), b.sql("SELECT group_concat(visto) FROM varredura"));
    let out = b.json(&["--dry-run", "export", "manager"]).exits(0).json();
    let baixa = &out[0];
    assert_eq!((&baixa["state"], &baixa["rows"], &baixa["diff"]["removed"]), (&json!("built"), &json!(1), &json!(1)));
    let run = b.sql("SELECT id FROM run WHERE kind='exclusao'");
    assert_eq!(item(baixa, "removed")["why"], format!("EXCLUSAO em 04/08/2023, execução {run}"));
    assert_eq!(item(baixa, "removed")["idCrm"], 1);
    let inc = &out[2];
    assert_eq!(inc["diff"], json!({"added": 1, "changed": 1, "unchanged": 2, "removed": 0}));
    // columns, never values: half of them are personal
    assert_eq!(item(inc, "changed")["why"], "NOME, DIAS_ATRASO");
    assert_eq!(item(inc, "added")["why"], "CRIADO em 04/08/2023");
    assert!(!out.iter().any(|v| v.to_string().contains("OUTRO NOME")));
    let text = b.atom(&["--dry-run", "export", "manager", "--incremental"]).exits(0).stdout;
    assert!(text.contains("entram 1, mudam 1, saem 0, iguais 2"), "{text}");
    assert!(text.contains("~ ficha 2  contrato 1002  NOME, DIAS_ATRASO"), "{text}");
    let after = (b.names("manager"), b.names("data/outbox"), b.sql("SELECT group_concat(visto) FROM varredura"));
    assert_eq!(after, before);
    // the carga of the next day, against all that Manager has
    b.at("2023-08-04T21:00:00");
    b.importa_remessa("20230804", 2);
    let r = b.json(&["--dry-run", "export", "manager", "--carga"]).exits(0).report();
    assert_eq!(r["diff"]["removed"], 0, "{r}");
    assert_eq!((&r["rows"], &r["diff"]["added"]), (&json!(5), &json!(1)));
}

#[test]
fn muitas_fichas_sao_contadas_e_so_as_primeiras_ditas() {
    let b = Bed::with(SEM_PORTOES);
    b.importa_remessa("20230803", 25);
    let text = b.atom(&["--dry-run", "export", "manager", "--carga"]).exits(0).stdout;
    assert_eq!(text.lines().filter(|l| l.trim_start().starts_with('+')).count(), 10, "{text}");
    assert!(text.contains("entram 25") && text.contains("… e mais 15"), "{text}");
    assert_eq!(b.sql("SELECT count(*) FROM saida"), "0");
}
