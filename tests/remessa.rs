//! Remessa: R004, R020, UC001.

use crate::support::*;
use serde_json::json;

fn import(b: &Bed, day: &str, bytes: &[u8], code: i32) -> serde_json::Value {
    let f = b.file(&format!("{day}_203000_remessa_528_out.528"), bytes);
    b.json(&["import", "remessa", &f]).exits(code).report()
}

#[test]
fn o_relatorio_fecha_a_conta() {
    let b = Bed::new();
    let mut f = b.remessa("1001", &cpf(1), &[]);
    f.extend(b.remessa("1002", &cpf(2), &[("codigo_assessoria", "999")]));
    f.extend(b.remessa("1001", &cpf(1), &[("dias_atraso", "96")]));
    f.extend(b.remessa("1003", &cpf(3), &[("valor_vencido", "00000000000X")]));
    let r = import(&b, "20230803", &f, 3);
    assert_eq!(
        r["lines"],
        json!({
            "read": 4, "created": 1, "updated": 0, "unchanged": 0,
            "ignored": {"LINHA_REPETIDA": 1}, "rejected": {"ASSESSORIA_DIVERGENTE": 1, "NUMERO_INVALIDO": 1}
        })
    );
    assert_eq!(
        (r["state"].as_str(), r["exit"].as_i64(), r["run"].as_i64()),
        (Some("done_with_rejects"), Some(3), Some(1))
    );
    assert_eq!(r["data_operacao"], "2023-08-04");
    // the last accepted line of a key wins
    assert_eq!(b.sql("SELECT dias_atraso FROM divida"), "96");
}

#[test]
fn igual_alterada_e_volatil() {
    let b = Bed::new();
    let line = |extra: &[(&str, &str)]| b.remessa("1001", &cpf(1), extra);
    import(&b, "20230803", &line(&[]), 0);
    // volatile fields make no row "updated"
    let r = import(&b, "20230804", &line(&[("data_remessa", "20230804"), ("sequencial_registro", "77")]), 0);
    assert_eq!(r["lines"]["unchanged"], 1);
    for (field, value) in
        [("dias_atraso", "96"), ("nome_cliente", "FULANO NOVO"), ("nome_produto", "CDC"), ("email_1", "a@b.example")]
    {
        let day = match field {
            "dias_atraso" => "20230807",
            "nome_cliente" => "20230808",
            "nome_produto" => "20230809",
            _ => "20230810",
        };
        let r = import(&b, day, &line(&[(field, value)]), 0);
        assert_eq!(r["lines"]["updated"], 1, "{field}: {r}");
    }
    assert_eq!(b.sql("SELECT email FROM email"), "a@b.example");
}

#[test]
fn im6_o_mesmo_conteudo_no_mesmo_dia_e_duplicado_em_outro_dia_e_igual() {
    let b = Bed::new();
    let f = b.remessa("1001", &cpf(1), &[]);
    import(&b, "20230803", &f, 0);
    let digest = b.digest();
    let r = import(&b, "20230803", &f, 0);
    assert_eq!(r["state"], "duplicate");
    assert_eq!(r["reason"]["code"], "DUPLICADO");
    // other name, same content, same day (IN13)
    let other = b.file("20230803_204500_remessa_528_out.528", &f);
    assert_eq!(b.json(&["import", "remessa", &other]).exits(0).report()["state"], "duplicate");
    let r = import(&b, "20230804", &f, 0);
    assert_eq!((r["state"].as_str(), r["lines"]["unchanged"].as_i64()), (Some("done"), Some(1)));
    assert_eq!(b.digest(), digest);
    // forced again: the same content
    let path = b.root.join("20230804_203000_remessa_528_out.528");
    let r = b.json(&["import", "remessa", path.to_str().unwrap(), "--force", "--reason", "teste"]).exits(0).report();
    assert_eq!(r["lines"]["unchanged"], 1);
    assert_eq!(b.digest(), digest);
    assert_eq!(b.sql("SELECT forcado FROM run ORDER BY id DESC"), "teste");
}

#[test]
fn or4_mais_antigo_e_recusado_e_force_com_motivo_passa() {
    let b = Bed::new();
    import(&b, "20230808", &b.remessa("1001", &cpf(1), &[]), 0);
    let r = import(&b, "20230803", &b.remessa("1002", &cpf(2), &[]), 6);
    assert_eq!((r["state"].as_str(), r["reason"]["code"].as_str()), (Some("refused"), Some("MAIS_ANTIGO")));
    assert_eq!(b.sql("SELECT count(*) FROM contrato"), "1");
    let f = b.file("20230803_203000_remessa_528_out.528", &b.remessa("1002", &cpf(2), &[]));
    b.atom(&["import", "remessa", &f, "--force"]).exits(2);
    b.json(&["import", "remessa", &f, "--force", "--reason", "reenvio do banco"]).exits(0);
    assert_eq!(b.sql("SELECT count(*) FROM contrato"), "2");
}

#[test]
fn cpf_de_outra_pessoa_no_mesmo_contrato_e_divergente() {
    let b = Bed::new();
    import(&b, "20230803", &b.remessa("1001", &cpf(1), &[]), 0);
    let r = import(&b, "20230804", &b.remessa("1001", &cpf(2), &[]), 3);
    assert_eq!(r["lines"]["rejected"], json!({"CPF_DIVERGENTE": 1}));
    assert_eq!(b.sql("SELECT count(*) FROM ficha"), "1");
}

#[test]
fn contratos_comparam_sem_pontuacao_e_zeros_e_aparecem_como_vieram() {
    let b = Bed::new();
    import(&b, "20230803", &b.remessa("00123.456-X", &cpf(1), &[]), 0);
    let r = import(&b, "20230804", &b.remessa("123456x", &cpf(1), &[("dias_atraso", "96")]), 0);
    assert_eq!(r["lines"]["updated"], 1);
    assert_eq!(b.sql("SELECT contrato FROM contrato"), "00123.456-X");
    // spelt otherwise it is no change
    let r = import(&b, "20230807", &b.remessa("0123456X", &cpf(1), &[("dias_atraso", "96")]), 0);
    assert_eq!(r["lines"]["unchanged"], 1);
}

#[test]
fn dados_pessoais_sao_os_da_ultima_linha_aceita_do_cliente() {
    let b = Bed::new();
    let c = cpf(1);
    let mut f = b.remessa("1001", &c, &[("nome_cliente", "PRIMEIRO")]);
    f.extend(b.remessa("1002", &c, &[("nome_cliente", "SEGUNDO")]));
    f.extend(b.remessa("1003", &c, &[("nome_cliente", "TERCEIRO"), ("data_contrato", "20230231")]));
    let r = import(&b, "20230803", &f, 3);
    assert_eq!(r["lines"]["created"], 2);
    assert_eq!(b.sql("SELECT nome_cliente FROM ficha"), "SEGUNDO");
    assert_eq!(b.sql("SELECT count(*) FROM ficha"), "1");
    // the same file a day later: nothing flips back and forth
    let r = import(&b, "20230804", &f, 3);
    assert_eq!((r["lines"]["unchanged"].as_i64(), r["lines"]["updated"].as_i64()), (Some(2), Some(0)));
}

#[test]
fn r020_bloqueio_vigente_ignora_a_linha_inteira_e_no_quarto_dia_da_alta() {
    let b = Bed::new();
    import(&b, "20230803", &b.remessa("1001", &cpf(1), &[]), 0);
    // as `import baixa` will leave it: blocked on Friday 2023-08-04
    b.db().execute("UPDATE contrato SET situacao='BLOQUEADO', bloqueado_em='2023-08-04', run=1", []).unwrap();
    for day in ["20230804", "20230807", "20230808"] {
        let r = import(&b, day, &b.remessa("1001", &cpf(1), &[("dias_atraso", "200"), ("nome_cliente", "OUTRO")]), 0);
        assert_eq!(r["lines"]["ignored"], json!({"BLOQUEIO_VIGENTE": 1}), "{day}");
        assert_eq!(r["state"], "done");
        assert!(r["error_file"].is_string());
    }
    assert_eq!(b.sql("SELECT nome_cliente FROM ficha"), "FULANO DE TAL");
    let r = import(&b, "20230809", &b.remessa("1001", &cpf(1), &[]), 0);
    assert_eq!(r["data_operacao"], "2023-08-10");
    assert_eq!((r["effects"]["altas"].as_i64(), r["lines"]["updated"].as_i64()), (Some(1), Some(1)));
    assert_eq!(b.sql("SELECT situacao FROM contrato"), "ATIVO");
    assert_eq!(
        b.sql("SELECT group_concat(regra) FROM (SELECT regra FROM evento ORDER BY run)"),
        "BLOQUEIO_VIGENTE,BLOQUEIO_VIGENTE,BLOQUEIO_VIGENTE,ALTA"
    );
}

#[test]
fn dry_run_mostra_o_efeito_e_nao_guarda_nada() {
    let b = Bed::new();
    let f = b.file(REMESSA, &b.remessa("1001", &cpf(1), &[]));
    let r = b.json(&["--dry-run", "import", "remessa", &f]).exits(0).report();
    assert_eq!((r["lines"]["created"].as_i64(), r["dry_run"].as_bool()), (Some(1), Some(true)));
    assert_eq!(r["run"], serde_json::Value::Null);
    assert!(b.digest().is_empty());
    assert_eq!(b.sql("SELECT count(*) FROM run"), "0");
    assert!(b.names("data/rejects").is_empty());
    assert_eq!(b.json(&["import", "remessa", &f]).exits(0).report()["lines"]["created"], 1);
    assert_eq!(b.sql("SELECT id FROM ficha"), "1");
}

#[test]
fn im7_linhas_em_ordem_inversa_deixam_a_mesma_base() {
    let both = [false, true].map(|reversed| {
        let b = Bed::new();
        let c = atom::gerador::Carteira::nova(7, 60, ASCOB).unwrap();
        let mut bytes = Vec::new();
        c.escreve_remessa(&mut bytes, dia("2023-08-04")).unwrap();
        let mut lines: Vec<&[u8]> = bytes.split_inclusive(|x| *x == b'\n').collect();
        if reversed {
            lines.reverse();
        }
        import(&b, "20230803", &lines.concat(), 0);
        b.digest().into_iter().filter(|l| !l.contains("sequencial")).collect::<Vec<_>>()
    });
    assert!(both[0].len() > 150);
    assert_eq!(both[0], both[1]);
}

#[test]
fn im9_windows_1252_e_utf8_deixam_o_mesmo_texto() {
    let both = [false, true].map(|utf8| {
        let b = Bed::new();
        let mut f = b.remessa("1001", &cpf(1), &[("nome_cliente", "JOSÉ DA CONCEIÇÃO"), ("nome_mae", "INÊS")]);
        if utf8 {
            f = encoding_rs::WINDOWS_1252.decode(&f).0.into_owned().into_bytes();
        }
        import(&b, "20230803", &f, 0);
        assert_eq!(b.sql("SELECT nome_cliente FROM ficha"), "JOSÉ DA CONCEIÇÃO");
        b.digest()
    });
    assert_eq!(both[0], both[1]);
}

#[test]
fn avisos_contam_tambem_quando_nada_mudou() {
    let b = Bed::new();
    let line =
        b.remessa("1001", &cpf(1), &[("sexo", "X"), ("telefone_1_ddd", "011"), ("telefone_1_numero", "0000000123")]);
    let first = import(&b, "20230803", &line, 0);
    assert_eq!(first["warnings"], json!({"FORA_DA_LISTA": 1, "TELEFONE_INVALIDO": 1}));
    let again = import(&b, "20230804", &line, 0);
    assert_eq!((again["lines"]["unchanged"].as_i64(), &again["warnings"]), (Some(1), &first["warnings"]));
}

#[test]
fn id_crm_nunca_se_repete_nem_sobre_um_store_mais_velho() {
    let b = Bed::new();
    import(&b, "20230803", &b.remessa("1001", &cpf(1), &[]), 0);
    let old: Vec<(String, Vec<u8>)> = ["carteira.db", "atendimento.db"]
        .map(|n| (n.to_owned(), std::fs::read(b.root.join("store").join(n)).unwrap()))
        .into();
    import(&b, "20230804", &b.remessa("1002", &cpf(2), &[]), 0);
    for (n, bytes) in &old {
        std::fs::write(b.root.join("store").join(n), bytes).unwrap();
    }
    import(&b, "20230807", &b.remessa("1003", &cpf(3), &[]), 0);
    assert_eq!(b.sql("SELECT min(id)||','||max(id) FROM ficha"), "1,3");
}

#[test]
fn o_arquivo_de_erros_volta_ao_evo_sem_valor_pessoal() {
    let b = Bed::new();
    let bad = "11122233344";
    let mut f = b.remessa("1001", &cpf(1), &[]);
    f.extend(b.remessa("1002", bad, &[("nome_cliente", "SICRANO SECRETO")]));
    let r = import(&b, "20230803", &f, 3);
    let name = r["error_file"].as_str().unwrap();
    let text = b.read("erros", name);
    assert_eq!(text.lines().next().unwrap(), "ARQUIVO;LINHA;CONTRATO;CAMPO;CODIGO;MENSAGEM");
    let row = text.lines().nth(1).unwrap();
    assert!(row.starts_with(&format!("{REMESSA};2;1002;cpf_cnpj_cliente;DOCUMENTO_INVALIDO;")), "{row}");
    assert!(!text.contains(bad) && !text.contains("SICRANO"), "{text}");
    // IM5: our own file holds the original bytes
    let kept = std::fs::read(b.root.join("data/rejects").join(&b.names("data/rejects")[0])).unwrap();
    assert_eq!(kept, f[4339..]);
    let list = b.json(&["rejects", "list"]).exits(0).report();
    assert_eq!((list["line"].as_i64(), list["codigo"].as_str()), (Some(2), Some("DOCUMENTO_INVALIDO")));
}

#[test]
fn um_campo_volatil_ruim_rejeita_tambem_quando_o_resto_nao_mudou() {
    let b = Bed::new();
    let two = |data: &str| {
        let mut f = b.remessa("1001", &cpf(1), &[("data_remessa", data)]);
        f.extend(b.remessa("1002", &cpf(2), &[]));
        f
    };
    import(&b, "20230803", &two("20230803"), 0);
    let r = import(&b, "20230804", &two("20231399"), 3);
    assert_eq!((&r["lines"]["rejected"], r["lines"]["unchanged"].as_i64()), (&json!({"DATA_INVALIDA": 1}), Some(1)));
}

#[test]
fn avisos_de_uma_linha_repetida_nao_contam() {
    let b = Bed::new();
    let mut f = b.remessa("1001", &cpf(1), &[("sexo", "X")]);
    f.extend(b.remessa("1001", &cpf(1), &[]));
    let r = import(&b, "20230803", &f, 0);
    assert_eq!((&r["lines"]["ignored"], &r["warnings"]), (&json!({"LINHA_REPETIDA": 1}), &json!({})));
}

#[test]
fn forcar_um_arquivo_ja_aplicado_que_agora_se_recusa_nao_reabre_o_dia() {
    let b = Bed::new();
    let mut f = b.remessa("5000", &cpf(99), &[]);
    for n in 1..=12 {
        f.extend(b.remessa(&format!("5{n:03}"), &cpf(n), &[("data_contrato", "20230231")]));
    }
    let path = b.file(REMESSA, &f);
    let out = b.cmd(&["--json", "import", "remessa", &path]).env("ATOM_IMPORT__MAX_REJEITOS", "1").output().unwrap();
    assert_eq!(out.status.code(), Some(3));
    b.atom(&["import", "remessa", &path, "--force", "--reason", "x"]).exits(6);
    assert_eq!(b.sql("SELECT estado FROM arquivo"), "importado");
    let older = b.file("20230803_202900_remessa_528_out.528", &b.remessa("1", &cpf(1), &[]));
    assert_eq!(b.json(&["import", "remessa", &older]).exits(6).report()["reason"]["code"], "MAIS_ANTIGO");
}

#[test]
fn uma_linha_deslocada_nao_mostra_o_que_caiu_na_coluna_errada() {
    let b = Bed::new();
    let good = b.remessa("1001", &cpf(1), &[("nome_cliente", "MARIA DAS DORES SILVA")]);
    for cut in [25, 120, 170, 192, 197] {
        let mut bad = good.clone();
        bad.drain(5..5 + cut);
        let at = bad.len() - 2;
        bad.splice(at..at, vec![b' '; cut]);
        let mut f = b.remessa("1002", &cpf(2), &[]);
        f.extend(&bad);
        let path = b.file(REMESSA, &f);
        let r = b.json(&["import", "remessa", &path, "--force", "--reason", "x"]).exits(3).report();
        let shown = b.atom(&["rejects", "list"]).stdout
            + &b.json(&["rejects", "list"]).stdout
            + &b.read("erros", r["error_file"].as_str().unwrap());
        for secret in [&cpf(1)[..5], "MARIA", "DORES", "SILV"] {
            assert!(!shown.contains(secret), "{cut} {secret}: {shown}");
        }
    }
}
