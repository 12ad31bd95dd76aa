//! Baixa parcial: R010, R015, R017, R019–R021, UC004.

use crate::support::*;
use serde_json::{Value, json};

mod arquivo;

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
    assert_eq!(historia(&b, "1001"), "BLOQUEIO acordo 771");
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
        "BLOQUEIO acordo 771, ACORDO_CONHECIDO acordo 771, BLOQUEIO_REINICIADO acordo 772"
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

/// A sheet without its line breaks.
fn words(sheet: &str) -> String {
    sheet.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The fixed file comes in its own layout, so it is not older than Acordos Baixados of a later day.
#[test]
fn r019_um_acordo_atrasado_nunca_encurta_o_bloqueio_em_curso() {
    let b = Bed::sem_portoes(3);
    baixa(&b, "08082023", &[("1001", "772", "1"), ("1002", "782", "1")], 0);
    let late = |acordo| fixa(&b, "1001", acordo, "001", &[]);
    let f = [late("771"), late("773"), fixa(&b, "1003", "791", "001", &[])].concat();
    let r = import(&b, "20230804_020500_acordo_528_out.528.txt", &f, 0);
    assert_eq!((&r["lines"], &r["effects"]["bloqueios"]), (&lines(3, 3, 0, 0), &json!(1)));
    assert_eq!(estado(&b, "1001"), "BLOQUEADO 2023-08-08");
    // one that was not blocked starts on the file's own day
    assert_eq!(estado(&b, "1003"), "BLOQUEADO 2023-08-04");
    assert_eq!(historia(&b, "1001"), "BLOQUEIO acordo 772, BLOQUEIO_MANTIDO acordo 771, BLOQUEIO_MANTIDO acordo 773");
    let told = words(&b.atom(&["explain", "1001"]).exits(0).stdout);
    assert!(told.contains("acordo 771: o bloqueio em curso já conta de dia posterior (R019)"), "{told}");
    // the late acordo is known from now on, and holds the contract: the run before cannot be taken back alone
    baixa(&b, "09082023", &[("1001", "771", "1")], 0);
    assert_eq!(estado(&b, "1001"), "BLOQUEADO 2023-08-08");
    b.atom(&["undo", "2", "--reason", "x"]).exits(6);
    // Monday the 14th is the fourth business day after the 8th
    let r = b.importa_remessa("20230810", 3);
    assert_eq!(r["lines"]["ignored"], json!({"BLOQUEIO_VIGENTE": 2}));
    let told = words(&b.atom(&["explain", "1001"]).exits(0).stdout);
    assert!(told.contains("3º dia útil de 3"), "{told}");
    assert_eq!(b.importa_remessa("20230811", 3)["effects"]["altas"], 2);
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
            "CONTRATO_NAO_ATIVO acordo 771, CONTRATO_NAO_ATIVO acordo 771, ALTA, BLOQUEIO acordo 771"
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
    assert_eq!(historia(&b, "1001"), "BLOQUEIO acordo 771, BLOQUEIO acordo 772");
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
