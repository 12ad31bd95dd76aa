//! What is held of a person: SE6.

use crate::support::*;
use rusqlite::Connection;
use serde_json::Value;
use std::fs;

#[test]
fn se6_o_que_se_guarda_de_uma_pessoa_sai_inteiro() {
    let b = Bed::with("[dia]\nobrigatorios = []");
    let (me, other) = (cpf(1), cpf(2));
    let lines = [
        b.remessa(
            "1001",
            &me,
            &[
                ("nome_cliente", "MARIA DA SILVA"),
                ("telefone_1_tipo", "CE"),
                ("telefone_1_ddd", "011"),
                ("telefone_1_numero", "0981112222"),
            ],
        ),
        b.remessa("1002", &other, &[("conjuge_cpf", &me)]),
        b.remessa("1003", &me, &[("data_contrato", "99999999")]),
    ];
    let f = b.file("20230803_203000_remessa_528_out.528", &lines.concat());
    b.atom(&["import", "remessa", &f]).exits(3);
    let a = Connection::open(b.root.join("store/atendimento.db")).unwrap();
    a.execute_batch(&format!(
        "INSERT INTO tabulacao (ficha_id, origem, nome, boleto, obs, em) VALUES (1,'PORTAL','Promessa',0,'ligou de tarde','x');
         INSERT INTO webhook (tipo, chave, sha256, versao, corpo, recebido_em, estado) VALUES ('attendance','a','s','',CAST('{{\"document\":\"{me}\"}}' AS BLOB),'x','NAO_VINCULADO');"
    ))
    .unwrap();
    drop(a);
    assert!(b.atom(&["lgpd", "export", &me]).exits(2).stderr.contains("--show-pii"));
    let out = b.atom(&["--show-pii", "lgpd", "export", &me]).exits(0);
    let all: Value = serde_json::from_str(&out.stdout).unwrap();
    let p = &all["pessoas"][0];
    let rows = &p["registros"];
    assert_eq!(rows["carteira.ficha"][0]["nome_cliente"], "MARIA DA SILVA");
    assert_eq!(rows["carteira.contrato"].as_array().unwrap().len(), 1);
    assert_eq!(rows["carteira.telefone"].as_array().unwrap().len(), 1);
    assert_eq!(rows["atendimento.tabulacao"][0]["obs"], "ligou de tarde");
    assert!(rows["atendimento.auditoria"].as_array().unwrap().iter().any(|r| r["o_que"] == "lgpd export"));
    let named: Vec<&str> = p["mencoes"].as_array().unwrap().iter().map(|m| m["tabela"].as_str().unwrap()).collect();
    assert!(named.contains(&"atendimento.webhook"), "{named:?}");
    assert_eq!(
        p["mencoes"].as_array().unwrap().iter().filter(|m| m["coluna"] == "conjuge_cpf").count(),
        1,
        "{named:?}"
    );
    let files: Vec<&str> = p["arquivos"].as_array().unwrap().iter().map(|f| f.as_str().unwrap()).collect();
    assert!(
        files.iter().any(|f| f.starts_with("archive/")) && files.iter().any(|f| f.starts_with("rejects/")),
        "{files:?}"
    );
    // somebody who is no client of ours, but stands in a file
    let stranger = b.atom(&["--show-pii", "lgpd", "export", &cpf(77)]).exits(0);
    let stranger: Value = serde_json::from_str(&stranger.stdout).unwrap();
    assert_eq!(stranger["pessoas"][0]["arquivos"].as_array().unwrap().len(), 0);
    assert!(fs::read_dir(b.root.join("data/archive")).unwrap().count() > 0);
}

#[test]
fn se6_nenhuma_tabela_fica_sem_dizer_se_e_de_alguem() {
    let b = Bed::new();
    let env = atom::config::Env::capture();
    let config = atom::config::Config::load(&b.root.join("atom.toml"), &env).unwrap();
    let store = atom::store::Store::reader(&config.store_dir, &atom::import::campanha(&config)).unwrap();
    assert_eq!(atom::store::pessoa::desconhecidas(&store.db).unwrap(), Vec::<String>::new());
}
