//! Manager's baixa: once for each ficha that was sent and is not dialable any more.

use super::*;

/// The rows of the newest baixa: contract, document, motive, date.
fn baixa(b: &Bed) -> Vec<String> {
    linhas(b, &ultimo(b, "baixa")).iter().map(|r| r[1..].join(" ")).collect()
}

#[test]
fn uc006_o_motivo_e_a_data_sao_do_ultimo_contrato_a_deixar_ativo() {
    let mut b = com_carga(6);
    // 1 excluded, 2 blocked, 3 absent, 4 not to be called; 5 had gone by another way before it was excluded
    exclusao(&b, "20230803_210000", &[1001]);
    importa(&b, "baixa", "AcordosBaixados_04082023_528.csv", &acordos(&[(1002, 7), (1005, 8)]));
    exclusao(&b, "20230803_220000", &[1005]);
    importa(&b, "batimento", "bat_carteira_veic_04082023_528.csv", &batimento(&[1002, 1004, 1006]));
    b.at("2023-08-07T03:00:00");
    remessa(&b, "20230804_203000", &[(1004, 4, &[("flag_falecido", "S")]), (1006, 6, &[])]);
    let r = b.json(&["export", "manager", "--baixa"]).exits(0).report();
    assert_eq!((&r["state"], &r["rows"]), (&json!("published"), &json!(5)));
    let head = b.read("manager", &ultimo(&b, "baixa"));
    assert_eq!(head.lines().next().unwrap(), "ID_CRM;CONTRATO;CPF_CNPJ;MOTIVO;DATA_BAIXA");
    assert_eq!(
        baixa(&b),
        [
            format!("1001 {} EXCLUSAO 04/08/2023", cpf(1)),
            format!("1002 {} BLOQUEIO PARCIAL 04/08/2023", cpf(2)),
            format!("1003 {} BATIMENTO 04/08/2023", cpf(3)),
            format!("1004 {} NAO CONTATAR 07/08/2023", cpf(4)),
            format!("1005 {} BLOQUEIO PARCIAL 04/08/2023", cpf(5)),
        ]
    );
    // EX5: once
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!((quantos(&b, "baixa"), lista(&b).keys().copied().collect::<Vec<_>>()), (1, vec![6]));
}

#[test]
fn ex5_depois_da_baixa_uma_alta_sai_de_novo_e_a_linha_leva_o_contrato_enviado() {
    let b = Bed::with(SEM_PORTOES);
    // the row carries 1002, the one with most delay
    let both: &[Devedor<'_>] = &[(1001, 1, &[]), (1002, 1, &[("dias_atraso", "300")]), (2001, 2, &[])];
    remessa(&b, "20230803_203000", both);
    b.atom(&["-q", "run"]).exits(0);
    // one of two gone: the row changes, nothing to take back
    exclusao(&b, "20230803_210000", &[1002]);
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!((quantos(&b, "baixa"), lista(&b)[&1][1].as_str()), (0, "1001"));
    exclusao(&b, "20230803_220000", &[1001]);
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!(baixa(&b), [format!("1001 {} EXCLUSAO 04/08/2023", cpf(1))]);
    assert_eq!(b.sql("SELECT group_concat(ficha_id) FROM enviado"), "2");
    let again: Vec<Devedor<'_>> = both.iter().rev().copied().collect();
    remessa(&b, "20230803_233000", &again);
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!((linhas(&b, &ultimo(&b, "incremental")).len(), lista(&b)[&1][1].as_str()), (1, "1002"));
    // never sent, or back before the file was made: no line
    remessa(&b, "20230803_234000", &[(3001, 3, &[])]);
    exclusao(&b, "20230803_235000", &[3001, 2001]);
    remessa(&b, "20230803_235500", &[(2001, 2, &[])]);
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!((quantos(&b, "baixa"), quantos(&b, "carga")), (1, 1));
}

#[test]
fn uc006_ate_as_sete_de_um_dia_util_a_baixa_espera_o_batimento() {
    let mut b = Bed::with("[dia]\nobrigatorios = [\"remessa\", \"batimento\"]\n[batimento]\nmax_baixas = 1.0");
    let dia = |b: &mut Bed, at: &str| b.at(at).json(&["export", "manager", "--baixa"]).report();
    remessa(&b, "20230802_203000", &[(1001, 1, &[]), (1002, 2, &[]), (1003, 3, &[]), (1004, 4, &[]), (1005, 5, &[])]);
    b.at("2023-08-02T21:00:00").atom(&["-q", "run"]).exits(0);
    // before midnight it goes at once
    exclusao(&b, "20230802_220000", &[1001]);
    assert_eq!(dia(&mut b, "2023-08-02T23:59:00")["state"], "published");
    exclusao(&b, "20230802_223000", &[1002]);
    let r = dia(&mut b, "2023-08-03T00:00:00");
    assert_eq!((&r["state"], &r["waiting_for"]), (&json!("waiting"), &json!(["batimento"])));
    b.at("2023-08-03T06:59:00").atom(&["-q", "run"]).exits(4);
    assert_eq!(quantos(&b, "baixa"), 1);
    // once it is there, both in one file
    importa(&b, "batimento", "bat_carteira_veic_03082023_528.csv", &batimento(&[1001, 1002, 1004, 1005]));
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!(baixa(&b).len(), 2);
    // at seven nobody waits any more; a waiver opens it before
    remessa(&b, "20230803_203000", &[(1006, 6, &[])]);
    exclusao(&b, "20230803_220000", &[1004]);
    assert_eq!(dia(&mut b, "2023-08-04T06:00:00")["state"], "waiting");
    b.at("2023-08-04T07:00:00").atom(&["-q", "run"]).exits(4);
    assert_eq!(quantos(&b, "baixa"), 3);
    remessa(&b, "20230804_203000", &[(1007, 7, &[])]);
    exclusao(&b, "20230804_220000", &[1005]);
    assert_eq!(dia(&mut b, "2023-08-07T06:00:00")["state"], "waiting");
    b.atom(&["--date", "2023-08-07", "day", "waive", "batimento", "--reason", "sem arquivo"]).exits(0);
    assert_eq!(dia(&mut b, "2023-08-07T06:00:00")["state"], "published");
}

#[test]
fn no_sabado_e_sem_batimento_obrigatorio_a_baixa_nao_espera() {
    for (obrigatorios, at, state) in [
        ("[\"remessa\", \"batimento\"]", "2023-08-04T02:00:00", "waiting"),
        ("[\"remessa\", \"batimento\"]", "2023-08-05T02:00:00", "published"),
        ("[\"remessa\"]", "2023-08-04T02:00:00", "published"),
    ] {
        let mut b = Bed::with(&format!("[dia]\nobrigatorios = {obrigatorios}"));
        remessa(&b, "20230803_203000", &[(1001, 1, &[]), (1002, 2, &[])]);
        b.atom(&["-q", "run"]).exits(0);
        exclusao(&b, "20230803_220000", &[1001]);
        assert_eq!(b.at(at).json(&["export", "manager", "--baixa"]).report()["state"], state, "{obrigatorios} {at}");
    }
}

#[test]
fn a_ficha_cuja_remessa_foi_desfeita_tem_a_sua_baixa() {
    let b = com_carga(2);
    remessa(&b, "20230803_213000", &[(3001, 3, &[]), (1001, 1, &[])]);
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!(lista(&b).len(), 3);
    let run = b.sql("SELECT max(id) FROM run");
    b.atom(&["-q", "undo", &run]).exits(0);
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!(baixa(&b), [format!("3001 {} EXCLUSAO 04/08/2023", cpf(3))]);
    assert_eq!(lista(&b).len(), 2);
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!(quantos(&b, "baixa"), 1);
}

#[test]
fn quem_a_carga_deixou_de_fora_ainda_tem_a_sua_baixa() {
    let mut b = Bed::with("[dia]\nobrigatorios = [\"remessa\", \"batimento\"]");
    remessa(&b, "20230802_203000", &[(1001, 1, &[]), (1002, 2, &[])]);
    b.at("2023-08-03T08:00:00").atom(&["-q", "run"]);
    b.at("2023-08-04T00:30:00");
    exclusao(&b, "20230804_001000", &[1001]);
    remessa(&b, "20230803_203000", &[(1002, 2, &[])]);
    b.atom(&["-q", "run"]);
    assert_eq!((quantos(&b, "carga"), quantos(&b, "baixa")), (2, 0));
    b.at("2023-08-04T08:00:00").atom(&["-q", "run"]);
    assert_eq!(baixa(&b), [format!("1001 {} EXCLUSAO 04/08/2023", cpf(1))]);
}
