//! Batimento (R016, R022, UC "Carregar Arquivo de Batimento") and its brake (IM8).

use crate::support::*;
use serde_json::{Value, json};
use std::fs;

const DIA: &str = "2023-08-04";

/// The gate is not the matter here: only remessa comes before.
fn bed(contratos: u64) -> Bed {
    let b = Bed::with("[dia]\nobrigatorios = [\"remessa\", \"batimento\"]");
    remessa(&b, REMESSA, 1..=contratos);
    b
}

fn remessa(b: &Bed, nome: &str, contratos: impl IntoIterator<Item = u64>) {
    let lines: Vec<u8> = contratos.into_iter().flat_map(|n| b.remessa(&(1000 + n).to_string(), &cpf(n), &[])).collect();
    let f = b.file(nome, &lines);
    b.atom(&["-q", "import", "remessa", &f]).exits(0);
}

fn nome(dia: &str) -> String {
    let d: Vec<&str> = dia.split('-').collect();
    format!("bat_carteira_veic_{}{}{}_528.csv", d[2], d[1], d[0])
}

/// Lines `contrato` or `contrato;assessoria`.
fn csv(linhas: &[&str]) -> Vec<u8> {
    let mut out = String::from(
        "CONTRATO;PRIMEIRA_PARC_AB;DATA_ENVIO;CARTEIRA;COD_ASSESSORIA;NOME_ASSESSORIA;PRODUTO;DIAS_ATRASO\r\n",
    );
    for l in linhas {
        let (contrato, assessoria) = l.split_once(';').unwrap_or((l, ASCOB));
        out += &format!("{contrato};3;04/08/2023;VEIC;{assessoria};Assessoria Exemplo;CDC VEICULOS;95\r\n");
    }
    out.into_bytes()
}

fn import(b: &Bed, dia: &str, linhas: &[&str], args: &[&str], code: i32) -> Value {
    let f = b.file(&nome(dia), &csv(linhas));
    let mut all = vec!["import", "batimento", &f];
    all.extend_from_slice(args);
    b.json(&all).exits(code).report()
}

fn situacao(b: &Bed, n: u64) -> String {
    b.sql(&format!("SELECT situacao FROM contrato WHERE chave='{}'", 1000 + n))
}

fn bloqueia(b: &Bed, n: u64, d0: &str) {
    let sql = "UPDATE contrato SET situacao='BLOQUEADO', bloqueado_em=?1 WHERE chave=?2";
    assert_eq!(b.db().execute(sql, (d0, (1000 + n).to_string())).unwrap(), 1);
}

fn nomes(n: std::ops::RangeInclusive<u64>) -> Vec<String> {
    n.map(|n| (1000 + n).to_string()).collect()
}

fn refs(v: &[String]) -> Vec<&str> {
    v.iter().map(String::as_str).collect()
}

#[test]
fn r022_o_ausente_e_baixado_e_o_presente_fica_como_esta() {
    let b = bed(4);
    let r = import(&b, DIA, &["1001", "0.001.002", "1003"], &[], 0);
    assert_eq!((r["state"].as_str(), r["exit"].as_i64()), (Some("done"), Some(0)));
    assert_eq!(
        r["lines"],
        json!({"read": 3, "created": 0, "updated": 0, "unchanged": 3, "ignored": {}, "rejected": {}})
    );
    assert_eq!(r["effects"], json!({"altas": 0, "bloqueios": 0, "baixas": 1, "exclusoes": 0, "removed": 0}));
    let states: Vec<String> = (1..=4).map(|n| situacao(&b, n)).collect();
    assert_eq!(states, ["ATIVO", "ATIVO", "ATIVO", "BAIXADO"]);
    assert_eq!(
        b.sql("SELECT regra||' '||de||' '||para||' '||linha FROM evento WHERE run=2"),
        "BATIMENTO ATIVO BAIXADO 0"
    );
    // the ficha's label, and undo's journal
    assert!(b.atom(&["get", "1004"]).exits(0).stdout.contains("TODOS CONTRATOS BAIXADOS"));
    assert_eq!(b.sql("SELECT situacao FROM contrato_ant WHERE ant_run=2"), "ATIVO");
}

#[test]
fn r022_presente_nao_da_alta_nem_a_baixado_nem_a_desconhecido() {
    let b = bed(4);
    import(&b, DIA, &["1001", "1002", "1003"], &[], 0);
    remessa(&b, "20230804_203000_remessa_528_out.528", 1..=3);
    let r = import(&b, "2023-08-07", &["1001", "1002", "1003", "1004", "9999"], &[], 3);
    assert_eq!(r["lines"]["unchanged"], 4);
    assert_eq!(r["lines"]["rejected"], json!({"CONTRATO_DESCONHECIDO": 1}));
    assert_eq!((r["effects"]["altas"].as_i64(), r["effects"]["baixas"].as_i64()), (Some(0), Some(0)));
    assert_eq!(situacao(&b, 4), "BAIXADO");
    assert_eq!(b.sql("SELECT count(*) FROM contrato"), "4");
    let back = b.read("erros", &format!("{}.erros.csv", nome("2023-08-07")));
    assert!(back.lines().nth(1).unwrap().contains(";6;9999;"), "{back}");
}

#[test]
fn fa003_desconhecidos_nao_contam_para_o_limite_de_rejeitos() {
    let b = bed(2);
    let mut lines = nomes(1..=2);
    lines.extend(nomes(500..=520));
    let r = import(&b, DIA, &refs(&lines), &[], 3);
    assert_eq!((r["state"].as_str(), r["lines"]["unchanged"].as_i64()), (Some("done_with_rejects"), Some(2)));
}

#[test]
fn linha_de_outra_assessoria_nao_mantem_o_contrato_nem_e_listada() {
    let b = bed(4);
    let r = import(&b, DIA, &["1001", "1002", "1003;0528", "1004;777", "9999;777"], &[], 0);
    assert_eq!(r["lines"]["ignored"], json!({"OUTRA_ASSESSORIA": 2}));
    assert_eq!((r["lines"]["unchanged"].as_i64(), r["error_file"].is_null()), (Some(3), true));
    assert_eq!((situacao(&b, 3), situacao(&b, 4)), ("ATIVO".into(), "BAIXADO".into()));
    assert_eq!(b.sql("SELECT count(*) FROM rejeito"), "0");
}

#[test]
fn repeticao_vem_primeiro_e_a_ultima_linha_decide_de_quem_e() {
    let b = bed(8);
    let mut lines = nomes(1..=6);
    lines.extend(["1007;777", "1007", "1008", "1008;777", "1001"].map(String::from));
    let r = import(&b, DIA, &refs(&lines), &[], 0);
    assert_eq!(r["lines"]["ignored"], json!({"LINHA_REPETIDA": 3, "OUTRA_ASSESSORIA": 1}));
    assert_eq!(r["lines"]["unchanged"], 7);
    assert_eq!((situacao(&b, 7), situacao(&b, 8)), ("ATIVO".into(), "BAIXADO".into()));
}

#[test]
fn ausente_bloqueado_fica_ate_o_terceiro_dia_util_e_baixa_no_quarto() {
    let b = bed(10);
    bloqueia(&b, 9, "2023-08-04");
    bloqueia(&b, 10, "2023-08-07");
    remessa(&b, "20230809_203000_remessa_528_out.528", 1..=8);
    // 10/08 is the fourth business day after 04/08 and the third after 07/08
    let lines = nomes(1..=8);
    let r = import(&b, "2023-08-10", &refs(&lines), &[], 0);
    assert_eq!(r["effects"]["baixas"], 1);
    assert_eq!((situacao(&b, 9), situacao(&b, 10)), ("BAIXADO".into(), "BLOQUEADO".into()));
    assert_eq!(b.sql("SELECT de FROM evento WHERE regra='BATIMENTO'"), "BLOQUEADO");
}

#[test]
fn veio_em_remessa_posterior_fica_e_so_conta_nos_avisos() {
    let b = bed(5);
    remessa(&b, "20230804_203000_remessa_528_out.528", [5]);
    let r = import(&b, DIA, &["1001", "1002", "1003"], &[], 0);
    assert_eq!(r["warnings"], json!({"REMESSA_POSTERIOR": 1}));
    assert_eq!((r["effects"]["baixas"].as_i64(), r["lines"]["ignored"].clone()), (Some(1), json!({})));
    assert_eq!((situacao(&b, 4), situacao(&b, 5)), ("BAIXADO".into(), "ATIVO".into()));
}

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
fn uma_linha_rejeitada_nao_esconde_outra_seja_qual_for_a_ordem() {
    // rejected for want of an agency; another agency's; ours
    let (bad, other, ours) = ["1004;", "1004;777", "1004"].into();
    for (lines, baixas, state) in [
        (vec![bad], 0, "ATIVO"),
        (vec![bad, other], 1, "BAIXADO"),
        (vec![other, bad], 1, "BAIXADO"),
        (vec![bad, ours], 0, "ATIVO"),
        (vec![ours, bad], 0, "ATIVO"),
        (vec![other, bad, ours], 0, "ATIVO"),
        (vec![ours, bad, other], 1, "BAIXADO"),
    ] {
        let b = bed(4);
        let all: Vec<&str> = ["1001", "1002", "1003"].into_iter().chain(lines).collect();
        let r = import(&b, DIA, &all, &[], 3);
        assert_eq!((r["effects"]["baixas"].as_i64(), situacao(&b, 4).as_str()), (Some(baixas), state), "{all:?}");
        assert_eq!(r["lines"]["rejected"], json!({"CAMPO_OBRIGATORIO": 1}), "{all:?}");
        let own = all.iter().filter(|l| **l == ours || **l == other).count();
        let repeated = r["lines"]["ignored"]["LINHA_REPETIDA"].as_u64().unwrap_or(0);
        assert_eq!(repeated, u64::from(own > 1), "{all:?}");
    }
}

#[test]
fn linha_rejeitada_por_outro_campo_nao_baixa_o_seu_contrato() {
    let b = bed(3);
    let r = import(&b, DIA, &["1001", "1002", "1003;"], &[], 3);
    assert_eq!(r["lines"]["rejected"], json!({"CAMPO_OBRIGATORIO": 1}));
    assert_eq!((r["effects"]["baixas"].as_i64(), situacao(&b, 3)), (Some(0), "ATIVO".into()));
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

#[test]
fn vazio_ou_cortado_e_recusado() {
    let whole = csv(&["1001", "1002", "1003"]);
    let text = String::from_utf8(whole.clone()).unwrap();
    let no_agency = text.replace("COD_ASSESSORIA", "OUTRA_COLUNA").into_bytes();
    for (what, bytes) in [
        ("zero bytes", Vec::new()),
        ("a column is missing", no_agency),
        ("the last line is cut", whole[..whole.len() - 25].to_vec()),
        ("no batimento at all", b"lixo\r\nlixo\r\n".to_vec()),
    ] {
        let b = bed(3);
        let f = b.file(&nome(DIA), &bytes);
        let r = b.json(&["import", "batimento", &f, "--confirm", "3"]).exits(6).report();
        assert_eq!((r["state"].as_str(), r["reason"]["code"].as_str()), (Some("refused"), Some("ESTRUTURA")), "{what}");
        assert_eq!(b.sql("SELECT count(*) FROM contrato WHERE situacao='ATIVO'"), "3");
    }
}

#[test]
fn os_dois_nomes_do_arquivo_sao_do_mesmo_passo() {
    let b = bed(3);
    let other = format!("{}.528", nome(DIA));
    b.evo(&other, &csv(&["1001", "1002", "1003"]));
    b.evo(&nome(DIA), &csv(&["1001", "1002", "1003"]));
    let out = b.json(&["run"]).exits(0);
    let states: Vec<String> =
        out.json().iter().filter(|r| r["kind"] == "batimento").map(|r| r["state"].to_string()).collect();
    assert_eq!(states, ["\"done\"", "\"duplicate\""]);
}
