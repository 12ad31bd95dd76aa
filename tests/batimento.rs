//! Batimento (R016, R022, UC "Carregar Arquivo de Batimento") and its brake (IM8).

use crate::support::*;
use serde_json::{Value, json};

mod freio;

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
fn o_que_nao_e_numero_de_assessoria_nao_entrega_o_contrato_a_outra() {
    for agency in ["VEIC", "ExemploAssessoria", "52998224725", "528.0"] {
        let b = bed(3);
        let r = import(&b, DIA, &["1001", "1002", &format!("1003;{agency}")], &[], 3);
        assert_eq!(r["lines"]["rejected"], json!({"NUMERO_INVALIDO": 1}), "{agency}");
        assert_eq!((r["effects"]["baixas"].as_i64(), situacao(&b, 3)), (Some(0), "ATIVO".into()), "{agency}");
        assert!(!b.read("erros", &format!("{}.erros.csv", nome(DIA))).contains("52998224725"));
    }
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
