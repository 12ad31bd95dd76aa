//! The brake and its confirmation (R022, IM8).

use super::*;
use std::fs;

#[test]
fn im8_acima_do_limite_fica_em_quarentena_ate_o_numero_exato() {
    let b = bed(10);
    let before = b.digest();
    b.evo(&nome(DIA), &csv(&["1001", "1002", "1003", "1004", "1005", "1006"]));
    let r = b.json(&["run"]).exits(6).json()[0].clone();
    assert_eq!((r["state"].as_str(), r["exit"].as_i64()), (Some("quarantined"), Some(6)));
    assert_eq!(
        (r["reason"]["code"].as_str(), r["reason"]["closings"].as_i64(), r["reason"]["active"].as_i64()),
        (Some("FREIO"), Some(4), Some(10))
    );
    let said = r["reason"]["message"].as_str().unwrap();
    assert!(said.contains("tem 6 contratos, 6 deles ativos na base; a base ativa tem 10"), "{said}");
    assert!(said.contains("baixaria 4 contratos (40 % da base ativa). O limite é 30 %"), "{said}");
    assert_eq!(b.digest(), before);
    assert_eq!(b.names("data/inbox"), [nome(DIA)]);
    // told once, then shown
    assert!(b.atom(&["run"]).exits(0).stderr.contains("nada a fazer"));
    let status = &b.json(&["status"]).json()[0];
    assert_eq!(status["quarantine"][0]["file"], nome(DIA));
    assert_eq!(
        (status["quarantine"][0]["closings"].as_i64(), status["quarantine"].as_array().unwrap().len()),
        (Some(4), 1)
    );
    let day = &b.json(&["day"]).json()[0];
    let step = day["steps"].as_array().unwrap().iter().find(|s| s["kind"] == "batimento").unwrap().clone();
    assert_eq!((step["state"].as_str(), step["files"][0]["closings"].as_i64()), (Some("quarantined"), Some(4)));
    let confirm = format!("atom import batimento {} --confirm 4", nome(DIA));
    for board in [b.atom(&["day"]).stdout, b.atom(&["status"]).stdout] {
        assert!(board.contains(&confirm) && board.lines().all(|l| l.chars().count() <= 100), "{board}");
    }
    // neither force nor another number passes
    let name = nome(DIA);
    let r = b.json(&["import", "batimento", &name, "--force", "--reason", "pressa"]).exits(6).report();
    assert_eq!(r["state"], "quarantined");
    let r = b.json(&["import", "batimento", &name, "--confirm", "5"]).exits(6).report();
    assert!(r["reason"]["message"].as_str().unwrap().contains("número confirmado (5) não é o das baixas (4)"));
    assert_eq!((r["reason"]["closings"].as_i64(), b.digest() == before), (Some(4), true));
    // the effect, rolled back
    let r = b.json(&["import", "batimento", &name, "--confirm", "4", "--dry-run"]).exits(0).report();
    assert_eq!((r["effects"]["baixas"].as_i64(), r["dry_run"].as_bool()), (Some(4), Some(true)));
    assert_eq!((b.digest() == before, b.names("data/inbox")), (true, vec![name.clone()]));
    let r = b.json(&["import", "batimento", &name, "--confirm", "4"]).exits(0).report();
    assert_eq!((r["state"].as_str(), r["effects"]["baixas"].as_i64()), (Some("done"), Some(4)));
    assert_eq!(b.sql("SELECT count(*) FROM contrato WHERE situacao='BAIXADO'"), "4");
    assert_eq!(b.json(&["status"]).json()[0]["quarantine"], json!([]));
    assert!(b.names("data/inbox").is_empty());
}

#[test]
fn o_numero_a_confirmar_e_o_deste_momento() {
    let b = bed(10);
    let lines = nomes(1..=5);
    assert_eq!(import(&b, DIA, &refs(&lines), &[], 6)["reason"]["closings"], 5);
    // meanwhile a contract was blocked today: its absence closes nothing any more
    bloqueia(&b, 10, DIA);
    let r = import(&b, DIA, &refs(&lines), &["--confirm", "5"], 6);
    assert_eq!((r["reason"]["closings"].as_i64(), r["reason"]["active"].as_i64()), (Some(4), Some(9)));
    assert_eq!(import(&b, DIA, &refs(&lines), &["--confirm", "4"], 0)["effects"]["baixas"], 4);
}

#[test]
fn exatamente_o_limite_passa_e_bloqueados_vencidos_contam_nas_baixas() {
    let b = bed(10);
    let lines = nomes(1..=7);
    assert_eq!(import(&b, DIA, &refs(&lines), &[], 0)["effects"]["baixas"], 3);
    // 8 ATIVO and two blocks run out: 2 + 1 closings are 37,5 % of the 8
    let b = bed(10);
    bloqueia(&b, 9, "2023-07-27");
    bloqueia(&b, 10, "2023-07-28");
    let r = import(&b, DIA, &refs(&lines), &[], 6);
    assert_eq!((r["reason"]["closings"].as_i64(), r["reason"]["active"].as_i64()), (Some(3), Some(8)));
}

#[test]
fn o_limite_e_o_da_configuracao() {
    let b = bed(10);
    b.config("[dia]\nobrigatorios = [\"remessa\", \"batimento\"]\n[batimento]\nmax_baixas = 0.05");
    let lines = nomes(1..=9);
    let r = import(&b, DIA, &refs(&lines), &[], 6);
    assert!(r["reason"]["message"].as_str().unwrap().contains("O limite é 5 %"), "{r}");
}

#[test]
fn im8_so_o_cabecalho_fecha_nada_ate_a_confirmacao() {
    let b = bed(3);
    let r = import(&b, DIA, &[], &[], 6);
    assert_eq!((r["state"].as_str(), r["reason"]["closings"].as_i64()), (Some("quarantined"), Some(3)));
    assert!(r["reason"]["message"].as_str().unwrap().contains("só tem o cabeçalho"));
    assert_eq!(import(&b, DIA, &[], &["--confirm", "3"], 0)["effects"]["baixas"], 3);
    // also where it would close nothing
    let r = import(&b, "2023-08-07", &[], &["--force", "--reason", "sem remessa"], 6);
    assert_eq!((r["reason"]["closings"].as_i64(), r["reason"]["active"].as_i64()), (Some(0), Some(0)));
}

#[test]
fn im8_contrato_ilegivel_para_o_arquivo_e_diz_a_linha() {
    for bad in ["", "1,23E+11", "10\u{1}04", "123456789012345678901", "000"] {
        let b = bed(4);
        let r = import(&b, DIA, &["1001", "1002", bad, "1003"], &[], 6);
        assert_eq!((r["state"].as_str(), r["reason"]["closings"].as_i64()), (Some("quarantined"), Some(1)), "{bad}");
        assert!(r["reason"]["message"].as_str().unwrap().contains("é a linha 4"), "{r}");
        assert_eq!(situacao(&b, 4), "ATIVO");
        let r = import(&b, DIA, &["1001", "1002", bad, "1003"], &["--confirm", "1"], 3);
        assert_eq!((r["state"].as_str(), r["effects"]["baixas"].as_i64()), (Some("done_with_rejects"), Some(1)));
    }
    // whosever the line is: nobody knows which contract it speaks of
    let b = bed(4);
    let lines = ["1001", "1002", ";777", "1003", "1004"];
    let r = import(&b, DIA, &lines, &[], 6);
    assert_eq!((r["state"].as_str(), r["reason"]["closings"].as_i64()), (Some("quarantined"), Some(0)));
    assert!(r["reason"]["message"].as_str().unwrap().contains("é a linha 4"), "{r}");
    let r = import(&b, DIA, &lines, &["--confirm", "0"], 3);
    assert_eq!(r["lines"]["rejected"], json!({"CAMPO_OBRIGATORIO": 1}));
}

#[test]
fn o_numero_confirmado_tem_de_ser_o_certo_mesmo_sem_freio() {
    let b = bed(10);
    let (lines, before) = (nomes(1..=9), b.digest());
    for wrong in ["0", "2", "10"] {
        let r = import(&b, DIA, &refs(&lines), &["--confirm", wrong], 6);
        assert_eq!((r["reason"]["code"].as_str(), r["reason"]["closings"].as_i64()), (Some("FREIO"), Some(1)));
        let said = r["reason"]["message"].as_str().unwrap();
        assert!(said.contains("baixaria 1 contrato "), "{said}");
        assert!(said.contains(&format!("O número confirmado ({wrong}) não é o das baixas (1)")), "{said}");
        assert_eq!(b.digest(), before);
    }
    assert!(b.atom(&["status"]).stdout.contains("--confirm 1"));
    assert_eq!(import(&b, DIA, &refs(&lines), &["--confirm", "1"], 0)["effects"]["baixas"], 1);
}

#[test]
fn em_quarentena_nao_e_concluida_e_depois_da_do_dia_seguinte_e_mais_antiga() {
    let b = bed(10);
    let lines = nomes(1..=2);
    import(&b, DIA, &refs(&lines), &[], 6);
    remessa(&b, "20230804_203000_remessa_528_out.528", 1..=10);
    let all = nomes(1..=10);
    import(&b, "2023-08-07", &refs(&all), &[], 0);
    let r = import(&b, DIA, &refs(&lines), &["--confirm", "8"], 6);
    assert_eq!((r["state"].as_str(), r["reason"]["code"].as_str()), (Some("refused"), Some("MAIS_ANTIGO")));
    assert_eq!(b.sql("SELECT count(*) FROM contrato WHERE situacao='ATIVO'"), "10");
    let day = &b.json(&["day", "--date", DIA]).json()[0];
    assert_eq!(day["open_days"][0], json!({"data_operacao": DIA, "open": ["batimento"]}));
}

#[test]
fn o_reenvio_entra_sozinho_e_o_antigo_sai_do_quadro_de_quarentena() {
    let b = bed(10);
    b.evo(&nome(DIA), &csv(&["1001"]));
    b.atom(&["-q", "run"]).exits(6);
    let lines = nomes(1..=9);
    b.evo(&nome(DIA), &csv(&refs(&lines)));
    let r = b.json(&["run"]).exits(0);
    assert_eq!(r.json()[0]["effects"]["baixas"], 1);
    assert_eq!(b.json(&["status"]).json()[0]["quarantine"], json!([]));
}

#[test]
fn confirmado_o_reenvio_com_o_mesmo_nome_o_dia_nao_oferece_mais_o_antigo() {
    let b = bed(10);
    b.evo(&nome(DIA), &csv(&["1001"]));
    b.atom(&["-q", "run"]).exits(6);
    b.evo(&nome(DIA), &csv(&["1001", "1002"]));
    b.atom(&["-q", "run"]).exits(6);
    let board = b.atom(&["day"]).exits(0).stdout;
    assert!(board.contains("--confirm 9") && board.contains("--confirm 8"), "{board}");
    b.json(&["import", "batimento", &nome(DIA), "--confirm", "8"]).exits(0);
    assert_eq!(b.json(&["status"]).json()[0]["quarantine"], json!([]));
    let board = b.atom(&["day"]).exits(0).stdout;
    assert!(board.contains("Em quarentena, nada aplicado") && !board.contains("--confirm"), "{board}");
    assert!(board.contains("Outro arquivo de batimento já concluiu a etapa; nada a fazer."), "{board}");
}

#[test]
fn a_mensagem_do_freio_lembra_o_batimento_anterior() {
    let b = bed(10);
    let all = nomes(1..=10);
    import(&b, DIA, &refs(&all), &[], 0);
    remessa(&b, "20230804_203000_remessa_528_out.528", 1..=10);
    let r = import(&b, "2023-08-07", &["1001", "1002", "1003", "1004"], &[], 6);
    let said = r["reason"]["message"].as_str().unwrap();
    assert!(said.contains("O batimento de 04/08/2023 tinha 10 linhas. O arquivo parece truncado."), "{said}");
    let r = import(&b, "2023-08-07", &["1001", "1002", "1003", "1004", "1005"], &[], 6);
    let said = r["reason"]["message"].as_str().unwrap();
    assert!(said.contains("tinha 10 linhas.") && !said.contains("truncado"), "{said}");
    let f = b.file(&nome("2023-08-07"), &csv(&["1001"]));
    let sheet = b.atom(&["import", "batimento", &f]).exits(6).stdout;
    assert!(sheet.contains("EM QUARENTENA, nada aplicado") && sheet.contains("--confirm 9"), "{sheet}");
    assert!(sheet.lines().all(|l| l.chars().count() <= 100), "{sheet}");
}

#[test]
fn a_confirmacao_aceita_o_caminho_da_caixa_um_de_fora_e_o_nome_so() {
    for how in ["inbox", "outside", "bare"] {
        let b = bed(10);
        let outside = b.root.join("fora");
        fs::create_dir(&outside).unwrap();
        let path = outside.join(nome(DIA));
        fs::write(&path, csv(&["1001"])).unwrap();
        b.atom(&["-q", "import", "batimento", path.to_str().unwrap()]).exits(6);
        let inbox = b.root.join("data/inbox").join(nome(DIA));
        assert!(inbox.exists() && path.exists());
        let file = match how {
            "inbox" => inbox.to_str().unwrap().to_owned(),
            "outside" => path.to_str().unwrap().to_owned(),
            _ => nome(DIA),
        };
        let r = b.json(&["import", "batimento", &file, "--confirm", "9"]).exits(0).report();
        assert_eq!(r["effects"]["baixas"], 9, "{how}");
        assert_eq!(b.sql("SELECT count(*) FROM arquivo WHERE kind='batimento'"), "1");
        assert!(!inbox.exists());
    }
}

#[test]
fn confirm_e_de_um_batimento_so() {
    let b = bed(3);
    let (f, g) = (b.file(&nome(DIA), &csv(&["1001"])), b.file(&nome("2023-08-07"), &csv(&["1001"])));
    b.atom(&["import", "remessa", REMESSA, "--confirm", "1"]).exits(2);
    b.atom(&["import", "batimento", &f, &g, "--confirm", "2"]).exits(2);
    b.atom(&["import", "batimento", "--confirm", "2"]).exits(2);
    assert_eq!(b.sql("SELECT count(*) FROM arquivo WHERE kind='batimento'"), "0");
}
