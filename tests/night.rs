//! A whole operating day through `atom run`.

use crate::support::*;
use std::fs;

#[test]
fn a_noite_do_exemplo_entra_e_o_arquivo_de_discagem_sai() {
    let b = Bed::new();
    b.fixture_day();
    let out = b.json(&["run"]).exits(3);
    let by_kind = |kind: &str| out.json().into_iter().find(|v| v["kind"] == kind).unwrap_or_else(|| panic!("{kind}"));
    let remessa = by_kind("remessa");
    assert_eq!(remessa["lines"]["read"], 202);
    assert_eq!(remessa["lines"]["created"], 200);
    assert_eq!(remessa["lines"]["rejected"], serde_json::json!({"DATA_INVALIDA": 1, "DOCUMENTO_INVALIDO": 1}));
    assert_eq!(remessa["warnings"], serde_json::json!({"TELEFONE_INVALIDO": 2}));
    let parcelas = by_kind("parcelas");
    assert_eq!(parcelas["lines"]["ignored"], serde_json::json!({"CONTRATO_COM_REJEITO": 31}));
    assert_eq!(parcelas["lines"]["rejected"], serde_json::json!({"CONTRATO_DESCONHECIDO": 2, "NUMERO_INVALIDO": 1}));
    assert_eq!(by_kind("garantias")["lines"]["rejected"], serde_json::json!({"CONTRATO_DESCONHECIDO": 1}));
    // both shapes of baixa name the same four acordos: the fixed one only adds the columns that it alone has
    let baixas: Vec<_> = out.json().into_iter().filter(|v| v["kind"] == "baixa").collect();
    let blocked = |r: &serde_json::Value| (r["effects"]["bloqueios"].clone(), r["lines"]["updated"].clone());
    assert_eq!(baixas.iter().map(blocked).collect::<Vec<_>>(), [(4.into(), 0.into()), (0.into(), 4.into())]);
    assert_eq!(by_kind("exclusao")["effects"]["exclusoes"], 2);
    // R022: two are absent besides the blocked and the excluded, each the only contract of its ficha
    assert_eq!(by_kind("batimento")["effects"]["baixas"], 2);
    // UC003: the carga stands in Manager's folder, whole, once
    let names = b.names("manager");
    assert_eq!(names.len(), 1);
    // the stamp is the run's time, which runs on from ATOM_NOW
    assert!(names[0].starts_with("20230804_0241") && names[0].ends_with("_manager_carga.csv"), "{names:?}");
    let carga = b.read("manager", &names[0]);
    let mut lines = carga.split("\r\n");
    assert_eq!(lines.next().unwrap().split(';').count(), 74);
    assert_eq!(by_kind("carga")["rows"], 174);
    assert_eq!(lines.filter(|l| !l.is_empty()).count(), 174);
    assert_eq!(b.names("erros").len(), 3);
}

#[test]
fn a_segunda_execucao_nao_muda_nada_e_o_diz() {
    let b = Bed::new();
    b.fixture_day();
    b.atom(&["run"]).exits(3);
    let state = || (b.digest(), b.names("manager"), b.sql("SELECT count(*) FROM run"));
    let before = state();
    let out = b.atom(&["run"]).exits(0);
    assert!(out.stderr.contains("nada a fazer"), "{}", out.stderr);
    assert_eq!(state(), before);
}

#[test]
fn parcelas_antes_da_remessa_aguarda_com_saida_4_e_depois_entra_sozinha() {
    let b = Bed::new();
    let c = cpf(1);
    let f = b.file(PARCELAS, &b.parcela("1001", "1", &[]));
    let r = b.json(&["import", "parcelas", &f]).exits(4).report();
    assert_eq!(r["state"], "waiting");
    assert_eq!(r["waiting_for"], serde_json::json!(["remessa"]));
    assert_eq!(r["reason"]["code"], "AGUARDANDO");
    b.evo(REMESSA, &b.remessa("1001", &c, &[]));
    b.atom(&["run"]).exits(0);
    assert_eq!(b.sql("SELECT count(*) FROM parcela"), "1");
}

#[test]
fn a_ordem_de_chegada_nao_importa_para_o_que_fica() {
    let day = |order: &[&str]| {
        let b = Bed::new();
        b.fixture_day();
        let kept: Vec<(String, Vec<u8>)> = b
            .names("evo")
            .into_iter()
            .map(|n| {
                let p = b.root.join("evo").join(&n);
                let bytes = fs::read(&p).unwrap();
                fs::remove_file(p).unwrap();
                (n, bytes)
            })
            .collect();
        for want in order {
            let (n, bytes) = kept.iter().find(|(n, _)| n.contains(want)).unwrap();
            b.evo(n, bytes);
            b.atom(&["-q", "run"]);
        }
        let carga = b.names("manager");
        (b.digest(), b.read("manager", &carga[0]))
    };
    let straight = day(&["remessa", "parc", "garantias"]);
    assert_eq!(straight, day(&["garantias", "parc", "remessa"]));
    assert_eq!(straight, day(&["parc", "remessa", "garantias"]));
}

#[test]
fn uc003_a_carga_espera_parcelas_e_garantias_ou_a_dispensa() {
    let b = Bed::new();
    b.evo(REMESSA, &b.remessa("1001", &cpf(1), &[]));
    b.atom(&["run"]).exits(0);
    assert!(b.names("manager").is_empty());
    let out = b.json(&["export", "manager", "--carga"]).exits(4).report();
    assert_eq!((out["kind"].as_str(), out["state"].as_str()), (Some("carga"), Some("waiting")));
    b.atom(&["day", "waive", "parcelas"]).exits(2);
    b.atom(&["day", "waive", "parcelas", "--reason", "o banco confirmou"]).exits(0);
    b.atom(&["day", "waive", "garantias", "--reason", "o banco confirmou"]).exits(0);
    b.atom(&["run"]).exits(0);
    assert_eq!(b.names("manager").len(), 1);
    // a carga already made that day is no failure
    let out = b.json(&["export", "manager", "--carga"]).exits(0).report();
    assert_eq!(out["state"], "nothing");
    assert_eq!(b.names("manager").len(), 1);
}

#[test]
fn o_quadro_do_dia_diz_o_que_falta_e_o_que_aguarda() {
    let b = Bed::new();
    b.fixture_day();
    fs::remove_file(b.root.join("evo/AcordosBaixados_04082023_528.csv")).unwrap();
    b.atom(&["-q", "run"]);
    let board = b.atom(&["day"]).exits(0).stdout;
    assert!(board.contains("sexta-feira 04/08/2023"), "{board}");
    for (step, state) in [("remessa", "concluída"), ("parcelas", "concluída"), ("batimento", "aguardando")] {
        assert!(board.lines().any(|l| l.contains(step) && l.contains(state)), "{step} {state}:\n{board}");
    }
    assert!(board.lines().all(|l| l.chars().count() <= 100), "{board}");
    let json = &b.json(&["day"]).exits(0).json()[0];
    assert_eq!(json["data_operacao"], "2023-08-04");
    let step = |k: &str| json["steps"].as_array().unwrap().iter().find(|s| s["kind"] == k).unwrap().clone();
    assert_eq!(step("remessa")["state"], "done");
    assert_eq!(step("remessa")["files"][0]["lines"], 202);
    assert_eq!(step("batimento")["state"], "waiting");
    assert!(step("batimento")["waiting_for"].as_array().unwrap().iter().any(|w| w == "baixa"));
}

#[test]
fn depois_do_prazo_o_dia_aberto_e_saida_4_ate_o_meio_dia() {
    let mut b = Bed::new();
    b.evo(REMESSA, &b.remessa("1001", &cpf(1), &[]));
    b.atom(&["run"]).exits(0);
    assert!(b.at("2023-08-04T06:00:00").atom(&["run"]).exits(4).stderr.contains("parcelas"));
    b.at("2023-08-04T12:00:00").atom(&["run"]).exits(0);
    // a Saturday has no operating day
    b.at("2023-08-05T07:00:00").atom(&["run"]).exits(0);
}

#[test]
fn ex5_nao_contatar_bloqueia_a_ficha_inteira_e_a_linha_e_do_contrato_mais_atrasado() {
    let b = Bed::new();
    let (one, two) = (cpf(1), cpf(2));
    let mut f = b.remessa("2002", &one, &[("dias_atraso", "10")]);
    f.extend(b.remessa("2001", &one, &[("dias_atraso", "90"), ("valor_parcela", "123456")]));
    f.extend(b.remessa("2003", &one, &[("dias_atraso", "90")]));
    f.extend(b.remessa("3001", &two, &[]));
    f.extend(b.remessa("3002", &two, &[("flag_nao_perturbe", "S")]));
    b.evo(REMESSA, &f);
    b.evo(PARCELAS, &b.parcela("2001", "1", &[]));
    b.evo(
        GARANTIAS,
        &b.line(
            "garantias",
            0,
            &[
                ("tipo_registro", "1"),
                ("codigo_assessoria", ASCOB),
                ("contrato", "2001"),
                ("sequencia_garantia", "1"),
                ("marca", "FIAT"),
                ("modelo", "UNO =1"),
            ],
        ),
    );
    b.atom(&["run"]).exits(0);
    let carga = b.read("manager", &b.names("manager")[0]);
    let rows: Vec<&str> = carga.lines().skip(1).collect();
    assert_eq!(rows.len(), 1, "{carga}");
    let cells: Vec<&str> = rows[0].split(';').collect();
    assert_eq!(&cells[..4], ["1", "2001", &one, "FULANO DE TAL"]);
    assert_eq!((cells[6], cells[7], cells[11]), ("90", "1234,56", "FIAT UNO =1"));
}

#[test]
fn telefones_na_ordem_sem_terceiros_invalidos_e_comerciais() {
    let phones: &[(&str, &str)] = &[
        ("telefone_1_tipo", "RE"),
        ("telefone_1_ddd", "011"),
        ("telefone_1_numero", "0032145678"),
        ("telefone_2_tipo", "RF"),
        ("telefone_2_ddd", "011"),
        ("telefone_2_numero", "0987654321"),
        ("telefone_3_tipo", "CE"),
        ("telefone_3_ddd", "011"),
        ("telefone_3_numero", "0981112222"),
        ("telefone_4_tipo", "CO"),
        ("telefone_4_ddd", "021"),
        ("telefone_4_numero", "0033334444"),
        ("telefone_5_tipo", "CE"),
        ("telefone_5_ddd", "021"),
        ("telefone_5_numero", "0999990000"),
        ("telefone_5_situacao", "I"),
        ("telefone_6_tipo", "CE"),
        ("telefone_6_ddd", "031"),
        ("telefone_6_numero", "0088887777"),
    ];
    let carga = |more: &str, blocked: &str| {
        let b = Bed::with(more);
        fs::write(b.root.join("bloqueados.txt"), blocked).unwrap();
        b.evo(REMESSA, &b.remessa("1001", &cpf(1), phones));
        for k in ["parcelas", "garantias"] {
            b.atom(&["-q", "run"]);
            b.atom(&["day", "waive", k, "--reason", "x"]).exits(0);
        }
        b.atom(&["-q", "run"]).exits(0);
        let text = b.read("manager", &b.names("manager")[0]);
        let cells: Vec<String> = text.lines().nth(1).unwrap().split(';').map(str::to_owned).collect();
        cells[14..].chunks(4).map(|c| format!("{}{} {}", c[0], c[1], c[2])).filter(|p| p != " ").collect::<Vec<_>>()
    };
    let usual = ["1132145678 RESIDENCIAL", "11981112222 CELULAR", "31988887777 CELULAR"];
    assert_eq!(carga("", ""), usual);
    assert_eq!(
        carga("comercial = true", ""),
        ["1132145678 RESIDENCIAL", "11981112222 CELULAR", "2133334444 COMERCIAL", "31988887777 CELULAR"]
    );
    assert_eq!(carga("[contato]\nbloqueados = \"bloqueados.txt\"", "(11) 98111-2222\n"), [usual[0], usual[2]]);
}

#[test]
fn um_arquivo_de_um_dia_futuro_espera_esse_dia() {
    let mut b = Bed::new();
    b.evo("20230807_203000_remessa_528_out.528", &b.remessa("1001", &cpf(1), &[]));
    b.atom(&["run"]).exits(0);
    assert_eq!(b.sql("SELECT count(*) FROM contrato"), "0");
    let board = b.atom(&["day"]).exits(0).stdout;
    assert!(board.contains("o dia 08/08/2023") && board.contains("entram nesse dia"), "{board}");
    b.at("2023-08-07T20:41:00").atom(&["run"]).exits(0);
    assert_eq!(b.sql("SELECT count(*) FROM contrato"), "1");
}
