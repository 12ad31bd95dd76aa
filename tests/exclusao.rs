//! Exclusão e retirada: R011, UC005.

use crate::support::*;
use serde_json::{Value, json};

fn linha(b: &Bed, contrato: &str, fields: &[(&str, &str)]) -> Vec<u8> {
    let mut all = vec![("contrato", contrato), ("data_movimento", "20230803"), ("tipo_movimento", "E")];
    for (k, v) in fields {
        all.retain(|(n, _)| n != k);
        all.push((k, v));
    }
    b.line("exclusao", 0, &all)
}

/// The file of an evening; its operating day is the business day after.
fn import(b: &Bed, vespera: &str, bytes: &[u8], code: i32) -> Value {
    let f = b.file(&format!("{vespera}_210000_baixa_528_out.528"), bytes);
    b.json(&["import", "exclusao", &f]).exits(code).report()
}

fn estado(b: &Bed, contrato: &str) -> String {
    b.sql(&format!("SELECT situacao||coalesce(' '||bloqueado_em, '') FROM contrato WHERE chave='{contrato}'"))
}

#[test]
fn uc005_exclui_de_qualquer_situacao_e_quem_ja_esta_fica() {
    let b = Bed::sem_portoes(4);
    b.db()
        .execute_batch(
            "UPDATE contrato SET situacao='BLOQUEADO', bloqueado_em='2023-08-03' WHERE chave='1002';
             UPDATE contrato SET situacao='BAIXADO' WHERE chave='1003';
             UPDATE contrato SET situacao='EXCLUIDO' WHERE chave='1004';",
        )
        .unwrap();
    let mut f = linha(&b, "1001", &[("codigo_motivo", "7")]);
    for c in ["1002", "1003", "1004"] {
        f.extend(linha(&b, c, &[("tipo_movimento", "R")]));
    }
    let r = import(&b, "20230803", &f, 0);
    assert_eq!(
        r["lines"],
        json!({"read": 4, "created": 0, "updated": 3, "unchanged": 1, "ignored": {}, "rejected": {}})
    );
    assert_eq!((&r["effects"]["exclusoes"], &r["effects"]["baixas"]), (&json!(3), &json!(0)));
    for c in ["1001", "1002", "1003", "1004"] {
        assert_eq!(estado(&b, c), "EXCLUIDO", "{c}");
    }
    assert_eq!(
        b.sql("SELECT group_concat(de||' '||para||' '||detalhe, ', ') FROM evento WHERE regra='EXCLUSAO'"),
        "ATIVO EXCLUIDO exclusão, motivo 007, BLOQUEADO EXCLUIDO retirada, BAIXADO EXCLUIDO retirada"
    );
    // soft: the rows stay for history
    assert_eq!(b.sql("SELECT count(*) FROM contrato JOIN divida ON contrato_id=id"), "4");
}

#[test]
fn remessa_seguinte_da_alta_ao_excluido() {
    let b = Bed::sem_portoes(1);
    import(&b, "20230803", &linha(&b, "1001", &[]), 0);
    let r = b.importa_remessa("20230804", 1);
    assert_eq!((&r["effects"]["altas"], estado(&b, "1001").as_str()), (&json!(1), "ATIVO"));
}

#[test]
fn nao_alcanca_contrato_de_remessa_posterior() {
    let b = Bed::sem_portoes(2);
    // the remessa of the 8th has only 1001
    b.importa_remessa("20230807", 1);
    let mut f = linha(&b, "1001", &[]);
    f.extend(linha(&b, "1002", &[]));
    let r = import(&b, "20230803", &f, 0);
    assert_eq!((&r["lines"]["ignored"], &r["lines"]["updated"]), (&json!({"REMESSA_POSTERIOR": 1}), &json!(1)));
    // not listed
    assert_eq!((&r["error_file"], r["exit"].as_i64()), (&Value::Null, Some(0)));
    assert_eq!((estado(&b, "1001").as_str(), estado(&b, "1002").as_str()), ("ATIVO", "EXCLUIDO"));
    assert_eq!(b.sql("SELECT count(*) FROM evento WHERE regra='REMESSA_POSTERIOR'"), "1");
    // the remessa of the same day is no later one
    let r = import(&b, "20230807", &linha(&b, "1001", &[]), 0);
    assert_eq!((&r["effects"]["exclusoes"], estado(&b, "1001").as_str()), (&json!(1), "EXCLUIDO"));
}

#[test]
fn cpf_de_outro_cliente_rejeita_e_em_branco_nao_se_confere() {
    let b = Bed::sem_portoes(4);
    let zeros = format!("000{}", cpf(2));
    let mut f = linha(&b, "1001", &[("cpf_cnpj_cliente", &cpf(2))]);
    f.extend(linha(&b, "1002", &[("cpf_cnpj_cliente", &zeros)]));
    f.extend(linha(&b, "1003", &[("cpf_cnpj_cliente", "00000000000000")]));
    // no document at all is dropped with a warning, as every optional field
    f.extend(linha(&b, "1004", &[("cpf_cnpj_cliente", "11122233344")]));
    let r = import(&b, "20230803", &f, 3);
    assert_eq!(
        (&r["lines"]["rejected"], &r["lines"]["updated"], &r["warnings"]),
        (&json!({"CPF_DIVERGENTE": 1}), &json!(3), &json!({"DOCUMENTO_INVALIDO": 1}))
    );
    assert_eq!(estado(&b, "1001"), "ATIVO");
    let listed = b.read("erros", r["error_file"].as_str().unwrap());
    assert!(listed.contains(";1;1001;cpf_cnpj_cliente;CPF_DIVERGENTE;") && !listed.contains(&cpf(2)), "{listed}");
}

#[test]
fn um_documento_que_serve_de_cpf_e_de_cnpj_confere_com_o_do_contrato() {
    // fits both once its leading zeros are gone: the contract's own kind decides
    let cnpj = (1u64..)
        .map(|n| format!("{n:011}"))
        .filter_map(|d| {
            atom::domain::documento::normaliza(&d, Some(atom::domain::documento::TipoPessoa::Juridica))
                .ok()?
                .map(|c| c.into_owned())
        })
        .find(|c| {
            c.starts_with("000")
                && atom::domain::documento::normaliza(c, None).ok().flatten().is_some_and(|d| d.len() == 11)
        })
        .unwrap();
    let b = Bed::with("[dia]\nobrigatorios = []");
    let f = b.file(REMESSA, &b.remessa("1001", &cnpj, &[]));
    b.json(&["import", "remessa", &f]).exits(0);
    let r = import(&b, "20230803", &linha(&b, "1001", &[("cpf_cnpj_cliente", &cnpj)]), 0);
    assert_eq!(r["effects"]["exclusoes"], 1);
}

#[test]
fn rejeita_desconhecido_e_campo_obrigatorio_e_a_chave_repetida_vale_a_ultima() {
    let b = Bed::sem_portoes(2);
    let mut f = linha(&b, "9999", &[]);
    f.extend(linha(&b, "1001", &[]));
    f.extend(linha(&b, "0001001", &[("tipo_movimento", "R")]));
    f.extend(linha(&b, "1002", &[("tipo_movimento", "X")]));
    f.extend(linha(&b, "1002", &[("data_movimento", "00000000")]));
    f.extend(linha(&b, "00000", &[]));
    let r = import(&b, "20230803", &f, 3);
    assert_eq!(
        r["lines"],
        json!({
            "read": 6, "created": 0, "updated": 1, "unchanged": 0, "ignored": {"LINHA_REPETIDA": 1},
            "rejected": {"CONTRATO_DESCONHECIDO": 1, "FORA_DA_LISTA": 1, "CAMPO_OBRIGATORIO": 2}
        })
    );
    assert_eq!(b.sql("SELECT detalhe FROM evento WHERE regra='EXCLUSAO'"), "retirada");
    assert_eq!(estado(&b, "1002"), "ATIVO");
}

#[test]
fn zero_bytes_e_sem_movimento_e_nunca_duplicado() {
    let b = Bed::sem_portoes(1);
    for _ in 0..2 {
        let r = import(&b, "20230803", b"", 0);
        assert_eq!((r["state"].as_str(), &r["warnings"]), (Some("done"), &json!({"ARQUIVO_VAZIO": 1})), "{r}");
        assert_eq!(r["lines"]["read"], 0);
    }
    assert_eq!(estado(&b, "1001"), "ATIVO");
}

#[test]
fn fa001_estrutura_errada_recusa_o_arquivo_inteiro() {
    let b = Bed::sem_portoes(1);
    let good = linha(&b, "1001", &[]);
    let longer = [&good[..46], b" \r\n"].concat();
    let cut = [good.as_slice(), &good[..40]].concat();
    let glued = [&good[..46], &good[..46]].concat();
    for bytes in [longer, cut, glued, b"\r\n".to_vec()] {
        let r = import(&b, "20230803", &bytes, 6);
        assert_eq!((r["state"].as_str(), r["reason"]["code"].as_str()), (Some("refused"), Some("ESTRUTURA")), "{r}");
    }
    assert_eq!(estado(&b, "1001"), "ATIVO");
    // a whole last line without its break is taken, with a warning
    let r = import(&b, "20230803", &good[..46], 0);
    assert_eq!((&r["warnings"], estado(&b, "1001").as_str()), (&json!({"SEM_QUEBRA_FINAL": 1}), "EXCLUIDO"));
}

#[test]
fn im6_im7_de_novo_ou_em_ordem_inversa_fica_o_mesmo() {
    let both = [false, true].map(|reversed| {
        let b = Bed::sem_portoes(5);
        b.importa_remessa("20230807", 2);
        let mut l: Vec<Vec<u8>> = (1..=4).map(|n| linha(&b, &(1000 + n).to_string(), &[])).collect();
        if reversed {
            l.reverse();
        }
        let f = l.concat();
        import(&b, "20230803", &f, 0);
        let digest = b.digest();
        assert_eq!(import(&b, "20230803", &f, 0)["state"], "duplicate");
        let path = b.root.join("20230803_210000_baixa_528_out.528");
        let again = ["import", "exclusao", path.to_str().unwrap(), "--force", "--reason", "teste"];
        let r = b.json(&again).exits(0).report();
        assert_eq!((&r["lines"]["unchanged"], &r["lines"]["ignored"]["REMESSA_POSTERIOR"]), (&json!(2), &json!(2)));
        assert_eq!(b.digest(), digest);
        digest
    });
    assert_eq!(both[0], both[1]);
}

#[test]
fn uc005_espera_o_que_vem_antes_no_dia() {
    let b = Bed::new();
    let r = import(&b, "20230803", &linha(&b, "1001", &[]), 4);
    assert_eq!(r["waiting_for"], json!(["remessa", "parcelas", "garantias", "baixa"]));
}
