//! Order and preconditions (decisions 3 and 4, R015, R021): OR1, OR3–OR10 and what else a gate promises.

use crate::support::*;
use serde_json::{Value, json};

const BATIMENTO: &str = "bat_carteira_veic_04082023_528.csv";
const ACORDOS: &str = "AcordosBaixados_04082023_528.csv";
const EXCLUSAO: &str = "20230803_210000_baixa_528_out.528";
/// The evening files of Friday: the operating day of Monday 2023-08-07.
const REMESSA_7: &str = "20230804_203000_remessa_528_out.528";
const PARCELAS_7: &str = "20230804_203500_parc_528_out.528";
const GARANTIAS_7: &str = "20230804_203700_garantias_528_out.528";

fn lines(b: &Bed, contratos: impl IntoIterator<Item = u64>) -> Vec<u8> {
    contratos.into_iter().flat_map(|n| b.remessa(&(1000 + n).to_string(), &cpf(n), &[])).collect()
}

fn parcelas(b: &Bed) -> Vec<u8> {
    b.parcela("1001", "1", &[])
}

fn garantias(b: &Bed) -> Vec<u8> {
    let fields = [
        ("tipo_registro", "1"),
        ("codigo_assessoria", ASCOB),
        ("contrato", "1001"),
        ("sequencia_garantia", "1"),
        ("marca", "FIAT"),
        ("modelo", "UNO"),
    ];
    b.line("garantias", 0, &fields)
}

fn batimento(contratos: impl IntoIterator<Item = u64>) -> Vec<u8> {
    let mut out = String::from("CONTRATO;COD_ASSESSORIA\r\n");
    contratos.into_iter().for_each(|n| out += &format!("{};{ASCOB}\r\n", 1000 + n));
    out.into_bytes()
}

/// Remessa, parcelas and garantias of the day, in.
fn carregada() -> Bed {
    let b = Bed::new();
    b.evo(REMESSA, &lines(&b, 1..=4));
    b.evo(PARCELAS, &parcelas(&b));
    b.evo(GARANTIAS, &garantias(&b));
    b.atom(&["-q", "run"]).exits(0);
    b
}

fn waive(b: &Bed, kind: &str) {
    b.atom(&["-q", "day", "waive", kind, "--reason", "o banco confirmou"]).exits(0);
}

fn step(b: &Bed, kind: &str) -> Value {
    let day = b.json(&["day"]).exits(0).json()[0].clone();
    day["steps"].as_array().unwrap().iter().find(|s| s["kind"] == kind).unwrap().clone()
}

fn imported(out: &Out) -> Vec<String> {
    let all = out.json();
    let reports = all.iter().filter(|v| v["lines"].is_object());
    reports.map(|v| format!("{} {}", v["kind"].as_str().unwrap(), v["state"].as_str().unwrap())).collect()
}

fn baixados(b: &Bed) -> String {
    b.sql("SELECT count(*) FROM contrato WHERE situacao='BAIXADO'")
}

#[test]
fn or1_batimento_so_roda_depois_da_remessa_e_dos_acordos_e_entao_roda_sozinho() {
    let b = Bed::new();
    b.evo(BATIMENTO, &batimento(1..=3));
    b.atom(&["run"]).exits(0);
    let r = b.json(&["import", "batimento"]).exits(4).report();
    assert_eq!((r["state"].as_str(), r["reason"]["code"].as_str()), (Some("waiting"), Some("AGUARDANDO")));
    assert_eq!(r["waiting_for"], json!(["remessa", "parcelas", "garantias", "baixa"]));
    b.evo(REMESSA, &lines(&b, 1..=4));
    b.evo(PARCELAS, &parcelas(&b));
    b.evo(GARANTIAS, &garantias(&b));
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!(step(&b, "batimento")["waiting_for"], json!(["baixa"]));
    assert_eq!(baixados(&b), "0");
    waive(&b, "baixa");
    assert_eq!(imported(&b.json(&["run"]).exits(0)), ["batimento done"]);
    assert_eq!(baixados(&b), "1");
}

#[test]
fn or1_o_batimento_roda_assim_que_chegam_os_acordos_e_so_eles_concluem_a_baixa() {
    let b = carregada();
    b.evo(BATIMENTO, &batimento(1..=3));
    // the fixed file is optional and completes nothing; of zero bytes both mean "no movement"
    b.evo("20230804_020500_acordo_528_out.528.txt", b"");
    assert_eq!(imported(&b.json(&["run"]).exits(0)), ["baixa done"]);
    assert_eq!((step(&b, "batimento")["waiting_for"].clone(), baixados(&b)), (json!(["baixa"]), "0".into()));
    b.evo(ACORDOS, b"");
    assert_eq!(imported(&b.json(&["run"]).exits(0)), ["baixa done", "batimento done"]);
    assert_eq!(baixados(&b), "1");
}

#[test]
fn or1_um_arquivo_pendente_de_etapa_anterior_segura_mesmo_dispensada_ou_opcional() {
    for (kind, name) in [("baixa", ACORDOS), ("exclusao", EXCLUSAO)] {
        let b = carregada();
        waive(&b, "baixa");
        b.evo(name, b"");
        b.evo(BATIMENTO, &batimento(1..=3));
        b.atom(&["-q", "fetch"]).exits(0);
        let r = b.json(&["import", "batimento"]).exits(4).report();
        assert_eq!(r["waiting_for"], json!([kind]));
        assert!(r["reason"]["message"].as_str().unwrap().contains(kind));
        assert_eq!(baixados(&b), "0");
    }
}

#[test]
fn or3_sem_a_etapa_anterior_nada_e_baixado_o_quadro_diz_e_do_prazo_ao_meio_dia_sai_4() {
    let mut b = carregada();
    let (digest, dial) = (b.digest(), b.names("manager"));
    b.evo(BATIMENTO, &batimento(1..=1));
    // before the deadline a closed gate is no failure
    b.at("2023-08-04T05:59:00").atom(&["run"]).exits(0);
    let out = b.at("2023-08-04T06:00:00").atom(&["run"]).exits(4);
    assert!(out.stderr.contains("baixa, batimento"), "{}", out.stderr);
    b.at("2023-08-04T11:58:00").atom(&["run"]).exits(4);
    b.at("2023-08-04T12:00:00").atom(&["run"]).exits(0);
    assert_eq!((b.digest(), b.names("manager")), (digest, dial));
    let board = b.atom(&["day", "--date", "2023-08-04"]).exits(0).stdout;
    assert!(board.contains("Falta: Acordos Baixados") && board.contains("atom day waive baixa"), "{board}");
    assert_eq!(step(&b, "baixa")["state"], "missing");
}

#[test]
fn or3_do_prazo_em_diante_um_dia_sem_nenhum_arquivo_tambem_sai_4() {
    let mut b = Bed::new();
    b.at("2023-08-04T06:00:00").atom(&["run"]).exits(4);
    b.at("2023-08-05T06:00:00").atom(&["run"]).exits(0);
}

#[test]
fn or4_um_mais_antigo_do_seu_layout_e_recusado() {
    let mut b = carregada();
    let older = "20230803_202900_remessa_528_out.528";
    b.evo(older, &lines(&b, [9]));
    let out = b.json(&["run"]).exits(6);
    assert_eq!(out.json()[0]["reason"]["code"], "MAIS_ANTIGO");
    b.at("2023-08-07T02:41:00");
    b.evo(REMESSA_7, &lines(&b, 1..=4));
    b.atom(&["-q", "run"]).exits(0);
    // later than the last one of its own day, but of an older day
    b.evo("20230803_213000_remessa_528_out.528", &lines(&b, [9]));
    assert_eq!(b.json(&["run"]).exits(6).json()[0]["reason"]["code"], "MAIS_ANTIGO");
    assert_eq!(b.sql("SELECT count(*) FROM contrato"), "4");
    // told once
    b.atom(&["run"]).exits(0);
    // another layout is not measured by it
    b.evo("20230803_213500_parc_528_out.528", &b.parcela("1001", "2", &[]));
    assert_eq!(imported(&b.json(&["run"]).exits(0)), ["parcelas done"]);
}

#[test]
fn or4_horas_so_se_comparam_onde_os_dois_nomes_tem() {
    let b = carregada();
    waive(&b, "baixa");
    b.evo(BATIMENTO, &batimento(1..=4));
    b.atom(&["-q", "run"]).exits(0);
    // sent again, other content, same date: neither is older
    b.evo(BATIMENTO, &batimento(1..=3));
    assert_eq!(imported(&b.json(&["run"]).exits(0)), ["batimento done"]);
    assert_eq!(baixados(&b), "1");
}

#[test]
fn or5_uma_remessa_recusada_segura_quem_depende_dela() {
    let b = Bed::new();
    b.evo(REMESSA, b"lixo");
    b.evo(PARCELAS, &parcelas(&b));
    b.evo(GARANTIAS, &garantias(&b));
    b.evo(BATIMENTO, &batimento(1..=3));
    let out = b.json(&["run"]).exits(6);
    assert_eq!(imported(&out), ["remessa refused"]);
    assert_eq!(
        (step(&b, "remessa")["state"].as_str(), step(&b, "parcelas")["waiting_for"].clone()),
        (Some("refused"), json!(["remessa"]))
    );
    // not tried again until its content changes
    assert!(imported(&b.json(&["run"]).exits(0)).is_empty());
    waive(&b, "baixa");
    b.evo(REMESSA, &lines(&b, 1..=4));
    let out = b.json(&["run"]).exits(0);
    assert_eq!(imported(&out), ["remessa done", "parcelas done", "garantias done", "batimento done"]);
    assert_eq!(baixados(&b), "1");
}

#[test]
fn or5_um_arquivo_recusado_nao_segura_ninguem_alem_da_sua_etapa() {
    let b = carregada();
    waive(&b, "baixa");
    b.evo(EXCLUSAO, b"lixo");
    // exclusao is optional, and parcelas is done already: neither holds batimento
    b.evo("20230803_223500_parc_528_out.528", b"lixo");
    b.evo(BATIMENTO, &batimento(1..=3));
    b.atom(&["-q", "run"]).exits(6);
    assert_eq!(step(&b, "parcelas")["state"], "done");
    let waits = step(&b, "batimento")["waiting_for"].clone();
    assert!(!waits.as_array().unwrap().contains(&json!("parcelas")), "{waits}");
}

#[test]
fn or6_telefones_e_refin_nao_seguram_o_dia() {
    let b = carregada();
    b.evo("telefones_carteira_veic_030823211000.csv", b"lixo");
    b.evo("refin_carteira_veic_01082023211500.csv", b"lixo");
    b.evo(BATIMENTO, &batimento(1..=3));
    b.atom(&["-q", "fetch"]).exits(0);
    waive(&b, "baixa");
    let r = b.json(&["import", "batimento"]).exits(0).report();
    assert_eq!(r["effects"]["baixas"], 1);
    assert_eq!(b.json(&["day"]).json()[0]["open_days"], json!([]));
}

#[test]
fn or7_passar_por_cima_pede_motivo_e_fica_registrado() {
    let b = carregada();
    let f = b.file(BATIMENTO, &batimento(1..=3));
    b.atom(&["import", "batimento", &f, "--force"]).exits(2);
    b.atom(&["import", "batimento", &f]).exits(4);
    let r = b.json(&["import", "batimento", &f, "--force", "--reason", "ordem do gestor"]).exits(0).report();
    assert_eq!((r["state"].as_str(), r["effects"]["baixas"].as_i64()), (Some("done"), Some(1)));
    let row = format!("SELECT forcado FROM run WHERE id={}", r["run"]);
    assert_eq!(b.sql(&row), "ordem do gestor");
    // an older file passes as well, structure does not
    let older = b.file("20230803_202900_remessa_528_out.528", &lines(&b, [9]));
    b.atom(&["import", "remessa", &older]).exits(6);
    b.atom(&["import", "remessa", &older, "--force", "--reason", "o banco pediu"]).exits(0);
    assert_eq!(b.sql("SELECT count(*) FROM run WHERE forcado='o banco pediu'"), "1");
    let broken = b.file("20230803_222900_remessa_528_out.528", b"lixo");
    b.atom(&["import", "remessa", &broken, "--force", "--reason", "x"]).exits(6);
}

#[test]
fn or8_relogio_que_salta_nada_repete_nada_libera_nada_reenvia() {
    let mut b = carregada();
    let block = "UPDATE contrato SET situacao='BLOQUEADO', bloqueado_em='2023-08-04' WHERE chave='1004'";
    assert_eq!(b.db().execute(block, []).unwrap(), 1);
    let (digest, files, runs) = (b.digest(), b.names("manager"), b.sql("SELECT count(*) FROM run"));
    for now in ["2023-08-03T02:41:00", "2023-08-14T02:41:00", "2023-08-04T02:41:00"] {
        b.at(now).atom(&["run"]).exits(0);
        assert_eq!((b.digest(), b.names("manager")), (digest.clone(), files.clone()), "{now}");
        assert_eq!(b.sql("SELECT count(*) FROM run"), runs, "{now}");
    }
    // ten days ahead on the clock, but the file is of the next business day: the block holds
    let f = b.file(REMESSA_7, &lines(&b, 1..=4));
    let r = b.at("2023-08-14T02:41:00").json(&["import", "remessa", &f]).exits(0).report();
    assert_eq!(r["lines"]["ignored"], json!({"BLOQUEIO_VIGENTE": 1}));
    assert_eq!(b.sql("SELECT situacao FROM contrato WHERE chave='1004'"), "BLOQUEADO");
}

#[test]
fn or9_perto_da_meia_noite_e_em_qualquer_fuso_o_dia_e_o_mesmo() {
    let mut seen = Vec::new();
    for (now, tz) in [
        ("2023-08-04T02:59:58Z", "UTC"),
        ("2023-08-03T23:59:58-03:00", "America/Sao_Paulo"),
        ("2023-08-04T11:59:58+09:00", "Asia/Tokyo"),
    ] {
        let b = Bed::new();
        b.evo(REMESSA, &lines(&b, 1..=4));
        b.evo(PARCELAS, &parcelas(&b));
        b.evo(GARANTIAS, &garantias(&b));
        let out: Out = b.cmd(&["--json", "run"]).env("ATOM_NOW", now).env("TZ", tz).output().unwrap().into();
        let out = out.exits(0);
        assert!(out.json().iter().filter(|v| v["lines"].is_object()).all(|v| v["data_operacao"] == "2023-08-04"));
        assert_eq!(b.sql("SELECT group_concat(DISTINCT data_operacao) FROM run"), "2023-08-04");
        let stamp = b.sql("SELECT substr(fim, 1, 10)||substr(fim, 20) FROM run LIMIT 1");
        assert!(["2023-08-03-03:00", "2023-08-04-03:00"].contains(&stamp.as_str()), "{stamp}");
        seen.push((b.digest(), imported(&out), b.sql("SELECT data_operacao FROM saida")));
    }
    assert!(seen.windows(2).all(|w| w[0] == w[1]));
    assert_eq!(seen[0].2, "2023-08-04");
}

#[test]
fn or10_duas_remessas_no_dia_entram_as_duas_por_carimbo_e_vale_a_mais_nova() {
    let early = REMESSA;
    let late = "20230803_213000_remessa_528_out.528";
    let b = Bed::new();
    b.evo(late, &b.remessa("1001", &cpf(1), &[("dias_atraso", "96")]));
    let mut first = b.remessa("1001", &cpf(1), &[("dias_atraso", "95")]);
    first.extend(b.remessa("1002", &cpf(2), &[]));
    b.evo(early, &first);
    let out = b.json(&["run"]).exits(0);
    let order: Vec<Value> = out.json().iter().map(|v| v["file"].clone()).collect();
    assert_eq!(order, [json!(early), json!(late)]);
    let both = b.digest();
    assert_eq!(b.sql("SELECT dias_atraso FROM divida JOIN contrato ON id=contrato_id WHERE chave='1001'"), "96");
    // absence from the second closes nothing
    assert_eq!(b.sql("SELECT situacao FROM contrato WHERE chave='1002'"), "ATIVO");
    // the other way round the earlier one is older: refused, and said
    let c = Bed::new();
    c.evo(late, &c.remessa("1001", &cpf(1), &[("dias_atraso", "96")]));
    c.atom(&["-q", "run"]).exits(0);
    c.evo(early, &first);
    c.atom(&["-q", "run"]).exits(6);
    assert_eq!(c.sql("SELECT dias_atraso FROM divida JOIN contrato ON id=contrato_id WHERE chave='1001'"), "96");
    assert_ne!(c.digest(), both);
    assert!(c.atom(&["day"]).stdout.contains("MAIS_ANTIGO"));
}

#[test]
fn run_toma_todos_os_pendentes_ate_a_data_dia_por_dia() {
    let mut b = Bed::new();
    b.at("2023-08-07T02:41:00");
    for (name, bytes) in [
        (REMESSA_7, lines(&b, 1..=3)),
        (PARCELAS_7, parcelas(&b)),
        (GARANTIAS_7, garantias(&b)),
        (REMESSA, lines(&b, 1..=4)),
        (PARCELAS, parcelas(&b)),
        (GARANTIAS, garantias(&b)),
    ] {
        b.evo(name, &bytes);
    }
    let out = b.json(&["run", "--date", "2023-08-04"]).exits(0);
    assert!(out.json().iter().all(|v| v["data_operacao"] != "2023-08-07"));
    assert_eq!(imported(&out), ["remessa done", "parcelas done", "garantias done"]);
    let out = b.json(&["run"]).exits(0);
    assert_eq!(imported(&out), ["remessa done", "parcelas done", "garantias done"]);
    // all at once: the older day first, whatever came first
    let mut c = Bed::new();
    c.at("2023-08-07T02:41:00");
    c.evo(REMESSA_7, &lines(&c, 1..=3));
    c.evo(REMESSA, &lines(&c, 1..=4));
    let days: Vec<Value> = c.json(&["run"]).exits(0).json().iter().map(|v| v["data_operacao"].clone()).collect();
    assert_eq!(days, [json!("2023-08-04"), json!("2023-08-07")]);
}

#[test]
fn o_mesmo_conteudo_num_dia_posterior_entra_e_conta_para_esse_dia() {
    let mut b = carregada();
    b.at("2023-08-07T02:41:00");
    b.evo(REMESSA_7, &lines(&b, 1..=4));
    let r = b.json(&["run"]).exits(0).json()[0].clone();
    assert_eq!((r["state"].as_str(), r["lines"]["unchanged"].as_i64()), (Some("done"), Some(4)));
    assert_eq!(step(&b, "remessa")["state"], "done");
    // the same day: a no-op that says so
    b.evo("20230804_213000_remessa_528_out.528", &lines(&b, 1..=4));
    let r = b.json(&["run"]).exits(0).json()[0].clone();
    assert_eq!((r["state"].as_str(), r["reason"]["code"].as_str()), (Some("duplicate"), Some("DUPLICADO")));
}

#[test]
fn a_dispensa_age_no_dia_do_quadro_e_o_mostra() {
    let b = carregada();
    let out = b.atom(&["day", "waive", "baixa", "--reason", "sem acordos"]).exits(0);
    assert!(out.stderr.contains("Dispensada: baixa de sexta-feira 04/08/2023. Motivo: sem acordos"), "{}", out.stderr);
    assert!(out.stdout.contains("Operação de sexta-feira 04/08/2023"), "{}", out.stdout);
    assert_eq!(step(&b, "baixa")["state"], "waived");
    assert_eq!(b.sql("SELECT data_operacao||kind||motivo FROM dispensa"), "2023-08-04baixasem acordos");
}

#[test]
fn com_mais_de_um_dia_aberto_a_dispensa_pede_a_data_e_os_quadros_nomeiam_todos() {
    let mut b = carregada();
    b.at("2023-08-07T02:41:00");
    b.evo(REMESSA_7, &lines(&b, 1..=4));
    b.atom(&["-q", "run"]).exits(0);
    let out = b.atom(&["day", "waive", "baixa", "--reason", "x"]).exits(2);
    assert!(out.stderr.contains("04/08/2023") && out.stderr.contains("07/08/2023"), "{}", out.stderr);
    assert_eq!(b.sql("SELECT count(*) FROM dispensa"), "0");
    let open = json!([
        {"data_operacao": "2023-08-07", "open": ["parcelas", "garantias", "baixa", "batimento"]},
        {"data_operacao": "2023-08-04", "open": ["baixa", "batimento"]},
    ]);
    assert_eq!(b.json(&["day"]).json()[0]["open_days"], open);
    assert_eq!(b.json(&["status"]).json()[0]["open_days"], open);
    for board in [b.atom(&["day"]).stdout, b.atom(&["status"]).stdout] {
        assert!(board.contains("04/08") && board.contains("07/08"), "{board}");
    }
    let out = b.atom(&["day", "waive", "baixa", "--reason", "x", "--date", "2023-08-04"]).exits(0);
    assert!(out.stdout.contains("Operação de sexta-feira 04/08/2023"), "{}", out.stdout);
    assert_eq!(b.sql("SELECT data_operacao FROM dispensa"), "2023-08-04");
    // one day left open: no date needed any more
    b.atom(&["-q", "day", "waive", "batimento", "--reason", "x", "--date", "2023-08-04"]).exits(0);
    b.atom(&["day", "waive", "baixa", "--reason", "x"]).exits(0);
    assert_eq!(b.sql("SELECT max(data_operacao) FROM dispensa"), "2023-08-07");
}

#[test]
fn muitos_dias_abertos_sao_todos_nomeados() {
    let b = carregada();
    let more = "INSERT INTO arquivo (kind, layout, nome, data_operacao, carimbo, tamanho, mtime, sha256, codificacao,
                  estado, caminho, recebido_em)
                WITH RECURSIVE d(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM d WHERE n<45)
                SELECT 'remessa', 'remessa', 'x', date('2023-05-01', '+'||n||' days'), 'x', 1, 0, n, 'utf-8',
                  'importado', 'archive/x', 'x' FROM d";
    assert_eq!(b.db().execute(more, []).unwrap(), 45);
    assert_eq!(b.json(&["status"]).json()[0]["open_days"].as_array().unwrap().len(), 46);
    let board = b.atom(&["status"]).exits(0).stdout;
    assert!(board.contains("02/05/2023") && board.lines().all(|l| l.chars().count() <= 100), "{board}");
}

#[test]
fn so_o_obrigatorio_segura_e_a_configuracao_diz_qual_e() {
    let b = Bed::with("[dia]\nobrigatorios = [\"remessa\"]");
    b.evo(BATIMENTO, &batimento(1..=3));
    b.evo(REMESSA, &lines(&b, 1..=4));
    assert_eq!(imported(&b.json(&["run"]).exits(0)), ["remessa done", "batimento done"]);
    assert_eq!(baixados(&b), "1");
    assert_eq!(b.json(&["day"]).json()[0]["open_days"], json!([]));
}
