//! What becomes of the lines and of the file: keys, rejects, structure, the step of the day.

use super::*;

#[test]
fn chave_repetida_vale_a_ultima_linha_aceita() {
    let b = Bed::sem_portoes(1);
    let mut f = csv(&[("1001", "0771", "01")]);
    f.extend(linha_csv("01001", "771", "1", "999,00").bytes());
    f.extend(linha_csv("1001", "771", "1", "1,2,3").bytes());
    let r = import(&b, "AcordosBaixados_04082023_528.csv", &f, 3);
    assert_eq!(
        (&r["lines"]["ignored"], &r["lines"]["rejected"], &r["lines"]["created"], &r["effects"]["bloqueios"]),
        (&json!({"LINHA_REPETIDA": 1}), &json!({"NUMERO_INVALIDO": 1}), &json!(1), &json!(1))
    );
    assert_eq!(b.sql("SELECT group_concat(valor_movimento) FROM acordo"), "99900");
}

#[test]
fn fa003_rejeita_desconhecido_outra_assessoria_e_campo_pesado_ruim_e_avisa_do_resto() {
    let b = Bed::sem_portoes(3);
    let mut f = csv(&[("9999", "771", "1"), ("1001", "000", "1"), ("1001", "771", "")]);
    f.extend(linha_csv("1001", "771", "1", "x").bytes());
    f.extend(linha_csv("1001", "771", "1", "1,00").replacen("528", "999", 1).bytes());
    f.extend(linha_csv("1001", "771", "1", "1,00").replace("09/08/2023", "31/02/2023").bytes());
    f.extend(linha_csv("1001", "771", "1", "1,00").replace("2.000,00", "dois mil").bytes());
    // another client's document is no fault here, nor is one that is none: dropped
    f.extend(linha_csv("1002", "781", "1", "1,00").replace(";;", &format!(";{};", cpf(3))).bytes());
    f.extend(linha_csv("1003", "791", "1", "1,00").replace(";;", ";11122233344;").bytes());
    let r = import(&b, "AcordosBaixados_04082023_528.csv", &f, 3);
    assert_eq!(
        r["lines"],
        json!({
            "read": 9, "created": 2, "updated": 0, "unchanged": 0, "ignored": {},
            "rejected": {
                "CONTRATO_DESCONHECIDO": 1, "CAMPO_OBRIGATORIO": 2, "NUMERO_INVALIDO": 2, "DATA_INVALIDA": 1,
                "ASSESSORIA_DIVERGENTE": 1
            }
        })
    );
    assert_eq!(r["warnings"], json!({"DOCUMENTO_INVALIDO": 1}));
    assert_eq!((estado(&b, "1001").as_str(), r["effects"]["bloqueios"].as_i64()), ("ATIVO", Some(2)));
    assert_eq!(b.sql("SELECT count(cpf_cnpj_cliente) FROM acordo"), "1");
    // the same rules in the fixed file
    let b = Bed::sem_portoes(1);
    let mut f = fixa(&b, "1001", "771", "001", &[("data_pagamento", "20230231")]);
    f.extend(fixa(&b, "1001", "000000000000", "001", &[]));
    f.extend(fixa(&b, "1001", "772", "001", &[("codigo_assessoria", "000999")]));
    f.extend(fixa(&b, "1001", "773", "001", &[("tipo_acordo", "X"), ("cpf_cnpj_cliente", "11122233344")]));
    let r = import(&b, "20230804_020500_acordo_528_out.528.txt", &f, 3);
    assert_eq!(r["lines"]["rejected"], json!({"DATA_INVALIDA": 1, "CAMPO_OBRIGATORIO": 1, "ASSESSORIA_DIVERGENTE": 1}));
    assert_eq!(r["warnings"], json!({"FORA_DA_LISTA": 1, "DOCUMENTO_INVALIDO": 1}));
    assert_eq!(historia(&b, "1001"), "BLOQUEIO acordo 773");
}

#[test]
fn contratos_desconhecidos_nao_contam_para_o_limite() {
    let b = Bed::sem_portoes(1);
    let unknown: Vec<String> = (0..20).map(|n| format!("9{n:03}")).collect();
    let mut all: Vec<(&str, &str, &str)> = unknown.iter().map(|c| (c.as_str(), "771", "1")).collect();
    all.push(("1001", "771", "1"));
    let r = baixa(&b, "04082023", &all, 3);
    assert_eq!(
        (&r["lines"]["rejected"], &r["effects"]["bloqueios"]),
        (&json!({"CONTRATO_DESCONHECIDO": 20}), &json!(1))
    );
}

#[test]
fn zero_bytes_e_sem_movimento_e_nunca_duplicado() {
    let b = Bed::sem_portoes(1);
    for name in [
        "AcordosBaixados_04082023_528.csv",
        "20230804_020100_acordo_528_out.528_new.txt",
        "20230804_020500_acordo_528_out.528.txt",
        "AcordosBaixados_04082023_528.csv",
        "AcordosBaixados_07082023_528.csv",
    ] {
        let r = import(&b, name, b"", 0);
        assert_eq!((r["state"].as_str(), &r["lines"]), (Some("done"), &lines(0, 0, 0, 0)), "{name}");
        assert_eq!(r["warnings"], json!({"ARQUIVO_VAZIO": 1}), "{name}");
    }
    // a header alone is no movement either, and no cause for a warning
    let r = import(&b, "AcordosBaixados_08082023_528.csv", CABECALHO.as_bytes(), 0);
    assert_eq!((r["state"].as_str(), &r["lines"], &r["warnings"]), (Some("done"), &lines(0, 0, 0, 0), &json!({})));
    assert_eq!(estado(&b, "1001"), "ATIVO");
}

#[test]
fn zero_bytes_na_pasta_do_evo_conclui_a_etapa_do_dia() {
    let b = Bed::with("[dia]\nobrigatorios = [\"remessa\", \"baixa\"]");
    b.evo(REMESSA, &b.remessa("1001", &cpf(1), &[]));
    b.evo("AcordosBaixados_04082023_528.csv", b"");
    b.evo("20230804_020500_acordo_528_out.528.txt", b"");
    b.evo("20230803_210000_baixa_528_out.528", b"");
    let out = b.json(&["run"]).exits(0);
    let empty: Vec<Value> =
        out.json().into_iter().filter(|r| r["kind"] == "baixa" || r["kind"] == "exclusao").collect();
    assert_eq!(empty.len(), 3, "{}", out.stdout);
    for r in empty {
        assert_eq!((r["state"].as_str(), &r["warnings"]), (Some("done"), &json!({"ARQUIVO_VAZIO": 1})), "{r}");
    }
    let day = &b.json(&["day"]).exits(0).json()[0];
    let steps: Vec<&Value> =
        day["steps"].as_array().unwrap().iter().filter(|s| s["kind"] == "baixa" || s["kind"] == "exclusao").collect();
    assert!(steps.iter().all(|s| s["state"] == "done"), "{day}");
    assert!(b.atom(&["run"]).exits(0).stderr.contains("nada a fazer"));
}

#[test]
fn r021_a_etapa_so_se_conclui_com_acordos_baixados() {
    let b = Bed::with("[dia]\nobrigatorios = [\"remessa\", \"baixa\"]");
    b.evo(REMESSA, &b.remessa("1001", &cpf(1), &[]));
    b.evo("20230804_020500_acordo_528_out.528.txt", &fixa(&b, "1001", "771", "001", &[]));
    b.evo("bat_carteira_veic_04082023_528.csv", b"CONTRATO\r\n1001\r\n");
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!(estado(&b, "1001"), "BLOQUEADO 2023-08-04");
    let step = |kind: &str| {
        let day = &b.json(&["day"]).exits(0).json()[0];
        day["steps"].as_array().unwrap().iter().find(|s| s["kind"] == kind).unwrap().clone()
    };
    assert_eq!(step("baixa")["state"], "missing");
    assert_eq!(step("batimento")["waiting_for"], json!(["baixa"]));
    b.evo("20230804_020100_acordo_528_out.528_new.txt", CABECALHO.as_bytes());
    b.atom(&["-q", "run"]);
    assert_eq!(step("baixa")["state"], "done");
    assert_eq!(step("batimento")["waiting_for"], json!([]));
}

#[test]
fn fa001_estrutura_errada_recusa_o_arquivo_inteiro() {
    let b = Bed::sem_portoes(1);
    let good = fixa(&b, "1001", "771", "001", &[]);
    let mut short = good.clone();
    short.extend(&good[..300]);
    short.extend(b"\r\n");
    let mut tag = good.clone();
    tag[0] = b'2';
    let csv = csv(&[("1001", "771", "1")]);
    let text = String::from_utf8(csv.clone()).unwrap();
    let fixed = "20230804_020500_acordo_528_out.528.txt";
    let new = "20230804_020100_acordo_528_out.528_new.txt";
    for (name, bytes) in [
        (fixed, short),
        (fixed, tag),
        (fixed, csv.clone()),
        (new, good),
        (new, text.replace("OperOriginal", "Outra").into_bytes()),
        (new, text.replace(";11,12", "").into_bytes()),
        (new, [csv.as_slice(), b"528;x;772"].concat()),
    ] {
        let r = import(&b, name, &bytes, 6);
        assert_eq!((r["state"].as_str(), r["reason"]["code"].as_str()), (Some("refused"), Some("ESTRUTURA")), "{r}");
    }
    assert_eq!((estado(&b, "1001").as_str(), b.sql("SELECT count(*) FROM acordo").as_str()), ("ATIVO", "0"));
}

#[test]
fn im6_o_mesmo_arquivo_de_novo_nao_muda_nada() {
    let b = Bed::sem_portoes(3);
    b.db().execute("UPDATE contrato SET situacao='BAIXADO' WHERE chave='1003'", []).unwrap();
    let f = csv(&[("1001", "771", "1"), ("1001", "772", "1"), ("1002", "781", "1"), ("1003", "791", "1")]);
    import(&b, "AcordosBaixados_04082023_528.csv", &f, 0);
    let digest = b.digest();
    assert!(digest.iter().any(|l| l.starts_with("acordo|")), "{digest:?}");
    let r = import(&b, "AcordosBaixados_04082023_528.csv", &f, 0);
    assert_eq!((r["state"].as_str(), r["reason"]["code"].as_str()), (Some("duplicate"), Some("DUPLICADO")));
    // other name, same day (IN13)
    let r = import(&b, "20230804_020100_acordo_528_out.528_new.txt", &f, 0);
    assert_eq!(r["state"], "duplicate");
    let path = b.root.join("AcordosBaixados_04082023_528.csv");
    let path = path.to_str().unwrap();
    let r = b.json(&["import", "baixa", path, "--force", "--reason", "teste"]).exits(0).report();
    assert_eq!((r["lines"]["unchanged"].as_i64(), &r["effects"]["bloqueios"]), (Some(3), &json!(0)));
    assert_eq!(b.digest(), digest);
    // and on a later day it counts for that day and changes nothing
    let r = import(&b, "AcordosBaixados_07082023_528.csv", &f, 0);
    assert_eq!((r["state"].as_str(), r["lines"]["unchanged"].as_i64()), (Some("done"), Some(3)));
    assert_eq!(b.digest(), digest);
}

#[test]
fn im7_linhas_em_ordem_inversa_deixam_a_mesma_base() {
    let both = [false, true].map(|reversed| {
        let b = Bed::sem_portoes(4);
        b.db().execute("UPDATE contrato SET situacao='EXCLUIDO' WHERE chave='1004'", []).unwrap();
        baixa(&b, "04082023", &[("1002", "781", "1"), ("1003", "791", "1")], 0);
        let mut l = vec![
            ("1001", "771", "1"),
            ("1001", "771", "2"),
            ("1001", "772", "1"),
            ("1002", "781", "2"),
            ("1002", "782", "1"),
            ("1003", "791", "1"),
            ("1003", "791", "2"),
            ("1004", "701", "1"),
        ];
        if reversed {
            l.reverse();
        }
        let r = baixa(&b, "07082023", &l, 0);
        (b.digest(), r["lines"].clone(), r["effects"].clone())
    });
    assert_eq!(both[0], both[1]);
    assert_eq!(both[0].2["bloqueios"], 1);
}

#[test]
fn dry_run_mostra_o_bloqueio_e_nao_guarda_nada() {
    let b = Bed::sem_portoes(1);
    let digest = b.digest();
    let f = b.file("AcordosBaixados_04082023_528.csv", &csv(&[("1001", "771", "1")]));
    let r = b.json(&["--dry-run", "import", "baixa", &f]).exits(0).report();
    assert_eq!((&r["effects"]["bloqueios"], &r["lines"]["created"]), (&json!(1), &json!(1)));
    assert_eq!(b.digest(), digest);
}

#[test]
fn r021_baixa_espera_a_remessa_do_dia() {
    let b = Bed::new();
    let r = baixa(&b, "04082023", &[("1001", "771", "1")], 4);
    assert_eq!(r["waiting_for"], json!(["remessa", "parcelas", "garantias"]));
}

#[test]
fn contrato_bloqueado_ou_excluido_nao_vai_a_discagem() {
    let b = Bed::with("[dia]\nobrigatorios = [\"remessa\"]");
    let lines = [1u64, 2, 3].map(|n| b.remessa(&(1000 + n).to_string(), &cpf(n), &[]));
    b.evo(REMESSA, &lines.concat());
    b.evo("AcordosBaixados_04082023_528.csv", &csv(&[("1001", "771", "1")]));
    b.evo(
        "20230803_210000_baixa_528_out.528",
        &b.line("exclusao", 0, &[("contrato", "1002"), ("data_movimento", "20230803"), ("tipo_movimento", "E")]),
    );
    b.atom(&["-q", "run"]).exits(0);
    let carga = b.read("manager", &b.names("manager")[0]);
    let contracts: Vec<&str> = carga.lines().skip(1).map(|l| l.split(';').nth(1).unwrap()).collect();
    assert_eq!(contracts, ["1003"]);
}
