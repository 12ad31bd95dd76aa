//! Baixa parcial: R010, R015, R017, R019–R021, UC004.

use crate::support::*;
use serde_json::{Value, json};

const CABECALHO: &str = "Cobrador;NomeCobrador;NumAcordo;NumParcela;NossoNum;DtVcto;DtMovto;VlrMovt;TotDiv;Motivo;\
                         LocalRecebimento;NumCpfCgc;NomeCliente;OperOriginal;ParcNegociadas\r\n";

fn linha_csv(contrato: &str, acordo: &str, parcela: &str, valor: &str) -> String {
    format!(
        "528;Assessoria Exemplo;{acordo};{parcela};123;09/08/2023;03/08/2023;{valor};2.000,00;Acordo;Boleto;;\
         FULANO DE TAL;{contrato};11,12\r\n"
    )
}

/// Acordos Baixados of these (contract, acordo, installment).
fn csv(linhas: &[(&str, &str, &str)]) -> Vec<u8> {
    let lines: String = linhas.iter().map(|(c, a, p)| linha_csv(c, a, p, "1.234,56")).collect();
    format!("{CABECALHO}{lines}").into_bytes()
}

/// The same as a line of the fixed file.
fn fixa(b: &Bed, contrato: &str, acordo: &str, parcela: &str, fields: &[(&str, &str)]) -> Vec<u8> {
    let mut all = vec![
        ("tipo_registro", "1"),
        ("codigo_assessoria", ASCOB),
        ("contrato", contrato),
        ("nome_assessoria", "Assessoria Exemplo"),
        ("numero_acordo", acordo),
        ("numero_parcela_acordo", parcela),
        ("nosso_numero", "123"),
        ("data_vencimento", "20230809"),
        ("data_movimento", "20230803"),
        ("valor_movimento", "123456"),
        ("total_divida", "200000"),
        ("descricao_motivo", "Acordo"),
        ("local_recebimento", "Boleto"),
        ("nome_cliente", "FULANO DE TAL"),
        ("parcelas_negociadas", "11,12"),
    ];
    for (k, v) in fields {
        all.retain(|(n, _)| n != k);
        all.push((k, v));
    }
    b.line("baixa_acordo", 0, &all)
}

fn import(b: &Bed, name: &str, bytes: &[u8], code: i32) -> Value {
    let f = b.file(name, bytes);
    b.json(&["import", "baixa", &f]).exits(code).report()
}

/// Acordos Baixados of a day, `DDMMAAAA`.
fn baixa(b: &Bed, dia: &str, linhas: &[(&str, &str, &str)], code: i32) -> Value {
    import(b, &format!("AcordosBaixados_{dia}_528.csv"), &csv(linhas), code)
}

fn estado(b: &Bed, contrato: &str) -> String {
    b.sql(&format!("SELECT situacao||coalesce(' '||bloqueado_em, '') FROM contrato WHERE chave='{contrato}'"))
}

fn historia(b: &Bed, contrato: &str) -> String {
    b.sql(&format!(
        "SELECT group_concat(regra||coalesce(' '||detalhe, ''), ', ') FROM
           (SELECT e.* FROM evento e JOIN contrato c ON c.id=e.contrato_id WHERE c.chave='{contrato}' ORDER BY run, linha)"
    ))
}

fn lines(read: u64, created: u64, updated: u64, unchanged: u64) -> Value {
    json!({"read": read, "created": created, "updated": updated, "unchanged": unchanged, "ignored": {}, "rejected": {}})
}

#[test]
fn uc004_acordo_novo_bloqueia_o_contrato_no_dia_do_arquivo() {
    let b = Bed::sem_portoes(2);
    let r = baixa(&b, "04082023", &[("1001", "771", "1")], 0);
    assert_eq!((&r["lines"], r["effects"]["bloqueios"].as_i64()), (&lines(1, 1, 0, 0), Some(1)));
    assert_eq!((estado(&b, "1001"), estado(&b, "1002")), ("BLOQUEADO 2023-08-04".into(), "ATIVO".into()));
    assert_eq!(historia(&b, "1001"), "CRIADO, BLOQUEIO acordo 771");
    assert_eq!(b.sql("SELECT de||' '||para FROM evento WHERE regra='BLOQUEIO'"), "ATIVO BLOQUEADO");
    assert_eq!(
        b.sql("SELECT k1||'/'||k2||' '||bloqueou_em||' '||valor_movimento||' '||data_vencimento FROM acordo"),
        "771/1 2023-08-04 123456 2023-08-09"
    );
}

/// R020 and IM16, through a month end with holidays: the day of the block, its last three days, the alta.
#[test]
fn ignora_remessa_ate_o_terceiro_dia_util_e_no_quarto_da_alta() {
    for (bloqueio, ignorados, alta) in [
        // evenings of the remessas: the day after each is the operating day
        ("04082023", &["20230804", "20230807", "20230808"][..], "20230809"),
        // Thursday 31/08: Friday 01/09, Monday 04/09, Tuesday 05/09; alta on Wednesday 06/09
        ("31082023", &["20230831", "20230901", "20230904"], "20230905"),
        // Tuesday 05/09: 07/09 is a holiday
        ("05092023", &["20230905", "20230907", "20230908"], "20230911"),
        // Friday 29/12: 01/01 is a holiday
        ("29122023", &["20231229", "20240102", "20240103"], "20240104"),
    ] {
        let b = Bed::sem_portoes(1);
        baixa(&b, bloqueio, &[("1001", "771", "1")], 0);
        for vespera in ignorados {
            let r = b.importa_remessa(vespera, 1);
            assert_eq!(r["lines"]["ignored"], json!({"BLOQUEIO_VIGENTE": 1}), "{bloqueio} {vespera}");
        }
        let r = b.importa_remessa(alta, 1);
        assert_eq!(r["effects"]["altas"], 1, "{bloqueio}: {r}");
        assert_eq!(estado(&b, "1001"), "ATIVO");
    }
}

#[test]
fn bloqueio_em_dias_corridos_e_com_outro_prazo() {
    let b = Bed::with("[dia]\nobrigatorios = []\n[bloqueio]\ncontagem = \"corridos\"\ndias = 2");
    b.importa_remessa("20230803", 1);
    baixa(&b, "04082023", &[("1001", "771", "1")], 0);
    // Monday the 7th is the third day after Friday the 4th
    assert_eq!(b.importa_remessa("20230804", 1)["effects"]["altas"], 1);
}

#[test]
fn feriado_da_configuracao_adia_a_alta() {
    let b = Bed::with("[dia]\nobrigatorios = []\n[calendario]\nferiados = [\"2023-08-08\"]");
    b.importa_remessa("20230803", 1);
    baixa(&b, "04082023", &[("1001", "771", "1")], 0);
    assert_eq!(b.importa_remessa("20230809", 1)["lines"]["ignored"], json!({"BLOQUEIO_VIGENTE": 1}));
    assert_eq!(b.importa_remessa("20230810", 1)["effects"]["altas"], 1);
}

#[test]
fn acordo_novo_reinicia_o_bloqueio_e_conhecido_guarda_a_data() {
    let b = Bed::sem_portoes(1);
    baixa(&b, "04082023", &[("1001", "771", "1")], 0);
    let r = baixa(&b, "07082023", &[("1001", "771", "1")], 0);
    assert_eq!((&r["lines"], r["effects"]["bloqueios"].as_i64()), (&lines(1, 0, 0, 1), Some(0)));
    assert_eq!(estado(&b, "1001"), "BLOQUEADO 2023-08-04");
    let r = baixa(&b, "08082023", &[("1001", "772", "1")], 0);
    assert_eq!((&r["lines"], r["effects"]["bloqueios"].as_i64()), (&lines(1, 1, 0, 0), Some(0)));
    assert_eq!(estado(&b, "1001"), "BLOQUEADO 2023-08-08");
    assert_eq!(
        historia(&b, "1001"),
        "CRIADO, BLOQUEIO acordo 771, ACORDO_CONHECIDO acordo 771, BLOQUEIO_REINICIADO acordo 772"
    );
    // the alta counts from the restart: Monday the 14th
    assert_eq!(b.importa_remessa("20230810", 1)["lines"]["ignored"], json!({"BLOQUEIO_VIGENTE": 1}));
    assert_eq!(b.importa_remessa("20230811", 1)["effects"]["altas"], 1);
}

#[test]
fn acordo_conhecido_nao_bloqueia_de_novo_depois_da_alta() {
    let b = Bed::sem_portoes(1);
    baixa(&b, "04082023", &[("1001", "771", "1")], 0);
    assert_eq!(b.importa_remessa("20230809", 1)["effects"]["altas"], 1);
    // the same acordo, its next installment, and another value of the first
    let mut f = csv(&[("1001", "771", "2")]);
    f.extend(linha_csv("1001", "771", "1", "999,00").bytes());
    let r = import(&b, "AcordosBaixados_10082023_528.csv", &f, 0);
    assert_eq!((&r["lines"], &r["effects"]["bloqueios"]), (&lines(2, 1, 1, 0), &json!(0)));
    assert_eq!(estado(&b, "1001"), "ATIVO");
    assert_eq!(b.sql("SELECT group_concat(k2||' '||bloqueou_em) FROM acordo"), "1 2023-08-04,2 2023-08-04");
    // a new one does
    baixa(&b, "11082023", &[("1001", "772", "1")], 0);
    assert_eq!(estado(&b, "1001"), "BLOQUEADO 2023-08-11");
}

#[test]
fn baixa_atrasada_vale_com_o_seu_proprio_dia_tambem_depois_de_remessa_posterior() {
    let b = Bed::sem_portoes(1);
    b.importa_remessa("20230808", 1);
    baixa(&b, "07082023", &[("1001", "771", "1")], 0);
    assert_eq!(estado(&b, "1001"), "BLOQUEADO 2023-08-07");
    assert_eq!(b.importa_remessa("20230809", 1)["lines"]["ignored"], json!({"BLOQUEIO_VIGENTE": 1}));
    assert_eq!(b.importa_remessa("20230810", 1)["effects"]["altas"], 1);
}

#[test]
fn um_bloqueio_vencido_reinicia_com_acordo_novo_e_fica_com_conhecido() {
    let b = Bed::sem_portoes(2);
    baixa(&b, "04082023", &[("1001", "771", "1"), ("1002", "781", "1")], 0);
    baixa(&b, "21082023", &[("1001", "772", "1"), ("1002", "781", "1")], 0);
    assert_eq!(estado(&b, "1001"), "BLOQUEADO 2023-08-21");
    assert_eq!(estado(&b, "1002"), "BLOQUEADO 2023-08-04");
}

#[test]
fn contrato_fora_da_cobranca_guarda_o_acordo_que_bloqueia_depois_da_alta() {
    for situacao in ["BAIXADO", "EXCLUIDO"] {
        let b = Bed::sem_portoes(1);
        b.db().execute("UPDATE contrato SET situacao=?1", [situacao]).unwrap();
        let r = baixa(&b, "04082023", &[("1001", "771", "1"), ("1001", "771", "2")], 0);
        assert_eq!(r["lines"]["ignored"], json!({"CONTRATO_NAO_ATIVO": 2}));
        assert_eq!((r["state"].as_str(), estado(&b, "1001").as_str()), (Some("done"), situacao));
        // listed, though nothing was rejected
        let listed = b.read("erros", r["error_file"].as_str().unwrap());
        assert_eq!(listed.matches(";1001;;CONTRATO_NAO_ATIVO;").count(), 2, "{listed}");
        assert_eq!(b.sql("SELECT group_concat(k2||' '||coalesce(bloqueou_em, 'novo')) FROM acordo"), "1 novo,2 novo");
        // again while closed: it stays new
        let r = baixa(&b, "07082023", &[("1001", "771", "1")], 0);
        assert_eq!(r["lines"]["ignored"], json!({"CONTRATO_NAO_ATIVO": 1}));
        assert_eq!(b.importa_remessa("20230807", 1)["effects"]["altas"], 1);
        let r = baixa(&b, "08082023", &[("1001", "771", "1"), ("1001", "771", "3")], 0);
        assert_eq!((&r["lines"], &r["effects"]["bloqueios"]), (&lines(2, 1, 1, 0), &json!(1)));
        assert_eq!(estado(&b, "1001"), "BLOQUEADO 2023-08-08");
        assert_eq!(
            historia(&b, "1001"),
            "CRIADO, CONTRATO_NAO_ATIVO acordo 771, CONTRATO_NAO_ATIVO acordo 771, ALTA, BLOQUEIO acordo 771"
        );
    }
}

#[test]
fn os_dois_formatos_dizem_o_mesmo_acordo() {
    let b = Bed::sem_portoes(1);
    let f = fixa(&b, "1001", "000000000771", "001", &[("tipo_acordo", "Q"), ("codigo_assessoria", "000528")]);
    let r = import(&b, "20230804_020500_acordo_528_out.528.txt", &f, 0);
    assert_eq!((&r["lines"], &r["effects"]["bloqueios"]), (&lines(1, 1, 0, 0), &json!(1)));
    let r = baixa(&b, "07082023", &[("0001.001", "771", "1")], 0);
    assert_eq!((&r["lines"], &r["effects"]["bloqueios"]), (&lines(1, 0, 0, 1), &json!(0)));
    assert_eq!(estado(&b, "1001"), "BLOQUEADO 2023-08-04");
    // what only the fixed file says stays when the other one brings a change
    let f = format!("{CABECALHO}{}", linha_csv("1001", "771", "1", "999,00"));
    assert_eq!(import(&b, "AcordosBaixados_08082023_528.csv", f.as_bytes(), 0)["lines"], lines(1, 0, 1, 0));
    assert_eq!(b.sql("SELECT k1||' '||tipo_acordo||' '||valor_movimento FROM acordo"), "771 Q 99900");
    // and the other way round
    let b = Bed::sem_portoes(1);
    baixa(&b, "04082023", &[("1001", "771", "1")], 0);
    let f = fixa(&b, "1001", "000000000771", "001", &[]);
    let r = import(&b, "20230807_020500_acordo_528_out.528.txt", &f, 0);
    assert_eq!(r["effects"]["bloqueios"], 0);
    assert_eq!(estado(&b, "1001"), "BLOQUEADO 2023-08-04");
}

#[test]
fn varios_acordos_do_contrato_comecam_um_bloqueio() {
    let b = Bed::sem_portoes(1);
    let r = baixa(&b, "04082023", &[("1001", "771", "1"), ("1001", "771", "2"), ("1001", "772", "1")], 0);
    assert_eq!((&r["lines"], &r["effects"]["bloqueios"]), (&lines(3, 3, 0, 0), &json!(1)));
    assert_eq!(historia(&b, "1001"), "CRIADO, BLOQUEIO acordo 771, BLOQUEIO acordo 772");
    assert_eq!(b.sql("SELECT count(*) FROM evento WHERE de='ATIVO' AND para='BLOQUEADO'"), "1");
    // all of them are known from now on
    let r = baixa(&b, "07082023", &[("1001", "772", "1"), ("1001", "771", "2")], 0);
    assert_eq!(r["lines"], lines(2, 0, 0, 2));
    assert_eq!(estado(&b, "1001"), "BLOQUEADO 2023-08-04");
}

#[test]
fn o_mesmo_numero_de_acordo_em_dois_contratos_sao_dois() {
    let b = Bed::sem_portoes(2);
    baixa(&b, "04082023", &[("1001", "771", "1")], 0);
    let r = baixa(&b, "07082023", &[("1001", "771", "1"), ("1002", "771", "1")], 0);
    assert_eq!((&r["lines"], &r["effects"]["bloqueios"]), (&lines(2, 1, 0, 1), &json!(1)));
    assert_eq!(estado(&b, "1002"), "BLOQUEADO 2023-08-07");
}

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
    assert_eq!(historia(&b, "1001"), "CRIADO, BLOQUEIO acordo 773");
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
