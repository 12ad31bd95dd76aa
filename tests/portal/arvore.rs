//! The tree of results.

use super::*;

#[test]
fn uc010_a_listagem_e_a_arvore_na_ordem_do_arquivo() {
    let (b, s, t) = servido();
    let all = s.get("/api/v1/listagemTabulacoesCampanha?idCampanha=1", &t).is(200).json();
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/layouts/tabulacoes.csv")).unwrap();
    let ids: Vec<i64> = text.lines().skip(1).map(|l| l.split(';').next().unwrap().parse().unwrap()).collect();
    let all = all["tabulacoes"].as_array().unwrap();
    assert_eq!(all.iter().map(|r| r["id"].as_i64().unwrap()).collect::<Vec<_>>(), ids);
    let of = |id: i64| all.iter().find(|r| r["id"] == id).unwrap().clone();
    assert_eq!(
        of(REFIN),
        json!({"id": 501, "grupo": "Indicação", "nome": "Indicação ao Refinanciamento", "boleto": "N",
               "workflow": "REFIN", "naoContatar": null})
    );
    assert_eq!((of(EA)["workflow"].clone(), of(PEDE_PARA_NAO)["naoContatar"].clone()), (json!("EA"), json!("S")));
    for (query, status) in [("idCampanha=2", 404), ("idCampanha=x", 422), ("", 422), ("IDCAMPANHA=1", 200)] {
        s.get(&format!("/api/v1/listagemTabulacoesCampanha?{query}"), &t).is(status);
    }
    let bot = token(&b, "bot");
    assert_eq!(s.get("/api/v1/listagemTabulacoesCampanha?idCampanha=1", &bot).is(403).codigo(), "ESCOPO_INSUFICIENTE");
    assert_eq!(s.post(TABULA, &bot, &tabulacao(1, NAO_ATENDE, json!({}))).is(403).codigo(), "ESCOPO_INSUFICIENTE");
}

#[test]
fn a_arvore_da_configuracao_vale_e_a_que_nao_se_le_e_exit_2() {
    let b = Bed::with(&format!("{SERVE}[dia]\nobrigatorios = []"));
    let config = std::fs::read_to_string(b.root.join("atom.toml")).unwrap();
    std::fs::write(b.root.join("atom.toml"), format!("tabulacoes = \"t.csv\"\n{config}")).unwrap();
    b.importa_remessa("20230803", 1);
    let head = "id;grupo;resultado;sucesso;boleto;workflow;nao_contatar\n";
    for (text, what) in [
        (None, "t.csv, linha 0"),
        (Some(format!("{head}7;G;A;N;N;OUTRO;\n")), "t.csv, linha 2, coluna workflow: encontrado \"OUTRO\"; esperado"),
        (Some(format!("{head}7;G;A;N;N;;\n7;G;B;N;N;;\n")), "t.csv, linha 3, coluna id: encontrado 7 repetido"),
    ] {
        let _ = std::fs::remove_file(b.root.join("t.csv"));
        if let Some(text) = text {
            std::fs::write(b.root.join("t.csv"), text).unwrap();
        }
        let out = b.atom(&["serve"]).exits(2);
        assert!(out.stderr.contains(what), "{}", out.stderr);
        let doctor = b.atom(&["doctor"]).exits(2);
        assert!(doctor.stdout.contains(what), "{}", doctor.stdout);
    }
    std::fs::write(b.root.join("t.csv"), format!("{head}7;G;Só este;N;S;;\n")).unwrap();
    let (t, s) = (token(&b, "portal"), Serve::start(&b));
    assert_eq!(
        s.get("/api/v1/listagemTabulacoesCampanha?idCampanha=1", &t).is(200).json(),
        json!({"tabulacoes": [{"id": 7, "grupo": "G", "nome": "Só este", "boleto": "S", "workflow": null,
                               "naoContatar": null}]})
    );
    s.post(TABULA, &t, &tabulacao(1, NAO_ATENDE, json!({}))).is(422);
    s.post(TABULA, &t, &tabulacao(1, 7, json!({}))).is(201);
    assert_eq!(linhas(&b, "SELECT nome, boleto FROM tabulacao"), json!([["Só este", 1]]));
}
