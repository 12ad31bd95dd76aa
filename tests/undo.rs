//! `atom undo`: an import taken back, or what is in the way.

use crate::support::*;
use atom::gerador::Carteira;
use serde_json::{Value, json};
use std::path::Path;

const SEM_PORTOES: &str = "[dia]\nobrigatorios = []\n[batimento]\nmax_baixas = 1.0\n";

fn bed() -> Bed {
    Bed::with(SEM_PORTOES)
}

fn importa(b: &Bed, kind: &str, nome: &str, bytes: &[u8]) -> Value {
    let f = b.file(nome, bytes);
    let out = b.json(&["import", kind, &f]);
    assert!(matches!(out.code, 0 | 3), "{}{}", out.stdout, out.stderr);
    out.report()
}

/// The remessa of the operating day after `vespera`: contracts with their delay.
fn remessa(b: &Bed, vespera: &str, linhas: &[(&str, &str)]) -> Value {
    let line = |(c, atraso): &(&str, &str)| b.remessa(c, &cpf(c.parse().unwrap()), &[("dias_atraso", atraso)]);
    let bytes: Vec<u8> = linhas.iter().flat_map(line).collect();
    importa(b, "remessa", &format!("{vespera}_203000_remessa_528_out.528"), &bytes)
}

fn baixa(b: &Bed, dia: &str, linhas: &[(&str, &str)]) -> Value {
    let mut t = "Cobrador;NomeCobrador;NumAcordo;NumParcela;NossoNum;DtVcto;DtMovto;VlrMovt;TotDiv;Motivo;\
                 LocalRecebimento;NumCpfCgc;NomeCliente;OperOriginal;ParcNegociadas\r\n"
        .to_owned();
    for (contrato, acordo) in linhas {
        t.push_str(&format!("528;X;{acordo};1;;10/08/2023;09/08/2023;10,00;;;;;;{contrato};\r\n"));
    }
    importa(b, "baixa", &format!("AcordosBaixados_{dia}_528.csv"), t.as_bytes())
}

fn exclusao(b: &Bed, vespera: &str, contratos: &[&str]) -> Value {
    let fields = |c| [("contrato", c), ("data_movimento", "20230803"), ("tipo_movimento", "E")];
    let bytes: Vec<u8> = contratos.iter().flat_map(|c| b.line("exclusao", 0, &fields(c))).collect();
    importa(b, "exclusao", &format!("{vespera}_210000_baixa_528_out.528"), &bytes)
}

fn batimento(b: &Bed, dia: &str, contratos: &[&str]) -> Value {
    let mut t = "CONTRATO;PRIMEIRA_PARC_AB;DATA_ENVIO;CARTEIRA;COD_ASSESSORIA;NOME_ASSESSORIA;PRODUTO;DIAS_ATRASO\r\n"
        .to_owned();
    contratos.iter().for_each(|c| t.push_str(&format!("{c};1;10/08/2023;VEIC;528;X;CDC;30\r\n")));
    importa(b, "batimento", &format!("bat_carteira_veic_{dia}_528.csv"), t.as_bytes())
}

fn telefones(b: &Bed, hora: &str, linhas: &[(&str, &str)]) -> Value {
    let mut t = "CPF;CONTRATO;TELEFONE1;SCORE1\r\n".to_owned();
    linhas.iter().for_each(|(c, f)| t.push_str(&format!("{};{c};{f};7\r\n", cpf(c.parse().unwrap()))));
    importa(b, "telefones", &format!("telefones_carteira_veic_040823{hora}.csv"), t.as_bytes())
}

fn undo(b: &Bed, run: i64, code: i32) -> Value {
    b.json(&["undo", &run.to_string()]).exits(code).report()
}

/// (run, kind, rows, first contracts) of what is in the way.
fn no_caminho(b: &Bed, run: i64) -> Vec<(Value, String, i64, Vec<String>)> {
    let before = dump(b);
    let r = undo(b, run, 6);
    assert_eq!((&r["state"], &r["tables"], &r["run"]), (&json!("refused"), &json!({}), &Value::Null));
    assert_eq!(dump(b), before);
    let one = |i: &Value| {
        let contratos = i["contratos"].as_array().unwrap().iter().map(|c| c.as_str().unwrap().to_owned()).collect();
        (i["run"].clone(), i["kind"].as_str().unwrap().to_owned(), i["rows"].as_i64().unwrap(), contratos)
    };
    r["in_the_way"].as_array().unwrap().iter().map(one).collect()
}

fn situacoes(b: &Bed) -> String {
    b.sql("SELECT group_concat(chave||' '||situacao, ', ') FROM (SELECT * FROM contrato ORDER BY chave)")
}

/// Every row of every table that an import writes, the journal included, with all columns.
fn dump(b: &Bed) -> Vec<String> {
    let db = b.db();
    let mut names: Vec<String> = Vec::new();
    for t in ["ficha", "contrato", "divida", "telefone", "endereco", "email", "acordo", "refin"] {
        names.extend([t.to_owned(), format!("{t}_ant")]);
    }
    names.extend(["parcela", "garantia", "conjunto", "evento", "presenca", "enviado"].map(String::from));
    let mut out = Vec::new();
    for t in names {
        let mut q = db.prepare(&format!("SELECT * FROM {t}")).unwrap();
        let n = q.column_count();
        let rows = q.query_map([], |r| Ok((0..n).map(|i| format!("{:?}|", r.get_ref(i).unwrap())).collect::<String>()));
        out.extend(rows.unwrap().map(|r| format!("{t} {}", r.unwrap())));
    }
    out.sort();
    out
}

/// The content by business keys; the `n` of an Enriquecimento is an id and never given again.
fn conteudo(b: &Bed) -> Vec<String> {
    let mut out = b.digest();
    out.retain(|l| !l.starts_with("telefone|"));
    let db = b.db();
    let sql = "SELECT f.cpf_cnpj_cliente||origem||CASE origem WHEN 2 THEN '' ELSE ordem END||fone||coalesce(score, '-')
               FROM telefone t JOIN ficha f ON f.id=t.ficha_id ORDER BY 1";
    let mut q = db.prepare(sql).unwrap();
    out.extend(q.query_map([], |r| r.get::<_, String>(0)).unwrap().map(Result::unwrap));
    out
}

fn kind(nome: &str) -> &'static str {
    let has = |w: &str| nome.contains(w);
    match nome {
        _ if has("remessa") => "remessa",
        _ if has("_parc_") => "parcelas",
        _ if has("garantias") => "garantias",
        _ if has("acordo") || has("Acordos") => "baixa",
        _ if has("_baixa_") => "exclusao",
        _ if has("bat_") => "batimento",
        _ if has("telefones") => "telefones",
        _ if has("refin") => "refin",
        _ => "massivas",
    }
}

/// Files of a synthetic night in the order of the day.
fn noite(c: &Carteira, pasta: &Path, dia_da_noite: &str, limpo: bool) -> Vec<(&'static str, String)> {
    let paths = c.escreve_dia(pasta, dia(dia_da_noite), limpo).unwrap();
    let mut out: Vec<(&str, String)> = paths
        .iter()
        .map(|p| (kind(&p.file_name().unwrap().to_string_lossy()), p.display().to_string()))
        .filter(|(k, _)| *k != "massivas")
        .collect();
    let order = ["remessa", "parcelas", "garantias", "baixa", "exclusao", "batimento", "telefones", "refin"];
    out.sort_by_key(|(k, p)| (order.iter().position(|o| o == k), !p.contains("AcordosBaixados")));
    out
}

#[test]
fn cada_tipo_de_noites_sorteadas_se_desfaz_e_volta_igual() {
    for seed in 1..=3 {
        let mut b = Bed::in_memory("[batimento]\nmax_baixas = 0.9\n");
        b.atom(&["init"]).exits(0);
        let mut done = 0;
        for (n, day) in ["2023-08-04", "2023-08-07", "2023-08-08"].iter().enumerate() {
            // new clients every night; those closed and excluded come back in the next remessa
            let mut c = Carteira::nova(seed, 30 + n * 12, ASCOB).unwrap();
            c.avanca(dia(day));
            b.at(&format!("{day}T02:41:00"));
            for (kind, path) in noite(&c, &b.root.join(day), day, n == 1) {
                let import = || {
                    let out = b.json(&["import", kind, &path]);
                    assert!(matches!(out.code, 0 | 3), "{path}: {}{}", out.stdout, out.stderr);
                    out.report()["run"].as_i64().unwrap()
                };
                let before = dump(&b);
                let run = import();
                if matches!(kind, "parcelas" | "garantias") {
                    continue;
                }
                let (rows, content) = (dump(&b), conteudo(&b));
                assert_ne!(rows, before, "{path}");
                let said = b.json(&["--dry-run", "undo", &run.to_string()]).exits(0).report();
                assert_eq!(dump(&b), rows, "{path}: --dry-run");
                let mut told = undo(&b, run, 0);
                assert_eq!(dump(&b), before, "{path}, seed {seed}");
                // the simulation said the same
                (told["run"], told["dry_run"]) = (Value::Null, json!(true));
                assert_eq!(said, told);
                import();
                assert_eq!(conteudo(&b), content, "{path}, seed {seed}");
                done += 1;
            }
        }
        assert_eq!(done, 21);
        // the journal is awake again: the last one goes back once more
        let last: i64 = b.sql("SELECT max(id) FROM run").parse().unwrap();
        undo(&b, last, 0);
    }
}

#[test]
fn a_primeira_remessa_some_inteira_e_os_ids_nao_voltam() {
    let b = bed();
    remessa(&b, "20230803", &[("1001", "30"), ("1002", "30")]);
    let content = b.digest();
    let out = b.atom(&["undo", "1"]).exits(0).stdout;
    for part in ["undo 1 · remessa · 20230803_203000", "2 ATIVO → não existe mais", "atom import remessa"] {
        assert!(out.contains(part), "{out}");
    }
    assert!(dump(&b).is_empty());
    assert_eq!(b.sql("SELECT estado||' '||kind FROM run WHERE id=1"), "undone remessa");
    assert_eq!(b.sql("SELECT kind||' '||estado||' '||saida FROM run WHERE id=2"), "undo done 0");
    remessa(&b, "20230803", &[("1001", "30"), ("1002", "30")]);
    assert_eq!(b.digest(), content);
    assert_eq!(b.sql("SELECT min(id)||' '||max(id) FROM ficha"), "3 4");
}

#[test]
fn o_mais_novo_nas_mesmas_linhas_impede_e_e_nomeado() {
    let b = bed();
    remessa(&b, "20230803", &[("1001", "30"), ("1002", "30"), ("1003", "30")]);
    baixa(&b, "04082023", &[("1001", "771"), ("1002", "772")]);
    exclusao(&b, "20230804", &["1001"]);
    let found = no_caminho(&b, 2);
    assert_eq!(found, [(json!(3), "exclusao".into(), 1, vec!["1001".into()])]);
    let out = b.atom(&["undo", "2"]).exits(6).stdout;
    for part in
        ["RECUSADO", "execução 3, exclusao 20230804_210000_baixa_528_out.528: 1 linha; contratos 1001", "atom undo 3"]
    {
        assert!(out.contains(part), "{out}");
    }
    b.atom(&["--force", "--reason", "x", "undo", "2"]).exits(2);
    // the newest first
    undo(&b, 3, 0);
    assert_eq!(situacoes(&b), "1001 BLOQUEADO, 1002 BLOQUEADO, 1003 ATIVO");
    let r = undo(&b, 2, 0);
    assert_eq!(r["situacoes"], json!([{"from": "BLOQUEADO", "to": "ATIVO", "contratos": 2}]));
    assert_eq!(
        r["tables"],
        json!({"acordo": {"removed": 2, "restored": 0}, "contrato": {"removed": 0, "restored": 2}})
    );
    assert_eq!(situacoes(&b), "1001 ATIVO, 1002 ATIVO, 1003 ATIVO");
    assert!(!b.atom(&["explain", "1001"]).exits(0).stdout.contains("771"));
}

#[test]
fn o_que_so_olhou_para_a_situacao_tambem_depende_dela() {
    // a known acordo keeps its block: one row of history, none of the contract
    let b = bed();
    remessa(&b, "20230803", &[("1001", "30"), ("1002", "30")]);
    baixa(&b, "04082023", &[("1001", "771")]);
    baixa(&b, "07082023", &[("1001", "771")]);
    assert_eq!(no_caminho(&b, 2), [(json!(3), "baixa".into(), 1, vec!["1001".into()])]);
    // a remessa line ignored for the block
    undo(&b, 3, 0);
    remessa(&b, "20230804", &[("1001", "30"), ("1002", "30")]);
    assert_eq!(no_caminho(&b, 2), [(json!(5), "remessa".into(), 1, vec!["1001".into()])]);
}

#[test]
fn r022_o_ausente_do_batimento_nao_volta_a_ser_cobrado() {
    let b = bed();
    remessa(&b, "20230803", &[("1001", "30"), ("1002", "30"), ("1003", "30")]);
    exclusao(&b, "20230803", &["1001", "1002"]);
    // 1001 is absent as it should be: the batimento writes nothing of it
    batimento(&b, "04082023", &["1002", "1003"]);
    assert_eq!(no_caminho(&b, 2), [(json!(3), "batimento".into(), 1, vec!["1001".into()])]);
    // present, nothing hangs on it
    undo(&b, 3, 0);
    batimento(&b, "04082023", &["1001", "1002", "1003"]);
    undo(&b, 2, 0);
    assert_eq!(situacoes(&b), "1001 ATIVO, 1002 ATIVO, 1003 ATIVO");
}

#[test]
fn um_arquivo_posterior_que_confirma_sem_mudar_impede() {
    let b = bed();
    remessa(&b, "20230803", &[("1001", "30"), ("1002", "30")]);
    remessa(&b, "20230804", &[("1001", "31"), ("1002", "30")]);
    remessa(&b, "20230807", &[("1001", "31"), ("1002", "30")]);
    assert_eq!(no_caminho(&b, 2), [(json!(3), "remessa".into(), 1, vec!["1001".into()])]);
    undo(&b, 3, 0);
    undo(&b, 2, 0);
    assert_eq!(b.sql("SELECT group_concat(dias_atraso) FROM divida"), "30,30");
    // telefones: that a line changed nothing may be because of the file before it
    telefones(&b, "090000", &[("1001", "11976543210")]);
    telefones(&b, "091000", &[("1001", "11976543210"), ("1002", "11976543210")]);
    let run: i64 = b.sql("SELECT max(id) FROM run WHERE kind='telefones'").parse().unwrap();
    assert_eq!(no_caminho(&b, run - 1), [(json!(run), "telefones".into(), 1, vec![])]);
}

#[test]
fn remessa_posterior_que_manteve_o_contrato_nao_se_desfaz() {
    let b = bed();
    remessa(&b, "20230803", &[("1001", "30"), ("1002", "30")]);
    // unchanged: no row of 1001, but its presence
    remessa(&b, "20230807", &[("1001", "30"), ("1002", "31")]);
    exclusao(&b, "20230804", &["1001"]);
    assert_eq!(no_caminho(&b, 2), [(json!(3), "exclusao".into(), 1, vec!["1001".into()])]);
    undo(&b, 3, 0);
    undo(&b, 2, 0);
    // the presence went with it: now the file of the 7th excludes
    assert_eq!(exclusao(&b, "20230804", &["1001"])["effects"]["exclusoes"], 1);
}

#[test]
fn o_que_pende_de_um_contrato_novo_impede() {
    let b = bed();
    remessa(&b, "20230803", &[("1001", "30")]);
    remessa(&b, "20230804", &[("1001", "30"), ("1002", "30")]);
    let parcelas = "20230804_203500_parc_528_out.528";
    importa(&b, "parcelas", parcelas, &[b.parcela("1001", "1", &[]), b.parcela("1002", "1", &[])].concat());
    // one installment and the mark of its set, of 1002 only
    assert_eq!(no_caminho(&b, 2), [(json!(3), "parcelas".into(), 2, vec!["1002".into()])]);
    let out = b.atom(&["undo", "3"]).exits(2).stderr;
    assert!(out.contains("substitui o conjunto"), "{out}");
}

#[test]
fn mensagem_a_quem_sumiria_impede_e_a_quem_fica_nao() {
    let mut b = bed();
    let fone = [("telefone_1_tipo", "CE"), ("telefone_1_ddd", "011"), ("telefone_1_numero", "0981112222")];
    let line = |c: &str| b.remessa(c, &cpf(c.parse().unwrap()), &fone);
    importa(&b, "remessa", REMESSA, &line("1001"));
    importa(&b, "remessa", "20230804_203000_remessa_528_out.528", &[line("1001"), line("1002")].concat());
    b.at("2023-08-07T11:30:00");
    let text =
        "contrato;numero;nome;jornada\r\n1002;11981112222;FULANO;jornada1\r\n1001;11981112222;FULANO;jornada1\r\n";
    importa(&b, "massivas", "20230807_081500_massiva_whatsapp.csv", text.as_bytes());
    assert_eq!(no_caminho(&b, 2), [(Value::Null, "hsm".into(), 1, vec!["1002".into()])]);
    assert!(b.atom(&["undo", "3"]).exits(2).stderr.contains("contatos"));
    // what does not vanish may have been written to
    exclusao(&b, "20230804", &["1001"]);
    undo(&b, 4, 0);
}

#[test]
fn o_arquivo_fica_livre_e_a_etapa_aberta() {
    let mut b = Bed::new();
    let line = |atraso: &str| b.remessa("1001", &cpf(1), &[("dias_atraso", atraso)]);
    b.evo(REMESSA, &line("30"));
    b.atom(&["-q", "run"]).exits(0);
    let step = |b: &Bed| b.json(&["day"]).exits(0).report()["steps"][0].clone();
    assert_eq!(step(&b)["state"], "done");
    undo(&b, 1, 0);
    let s = step(&b);
    assert_eq!((&s["state"], &s["files"][0]["state"]), (&json!("missing"), &json!("undone")));
    let board = b.atom(&["day"]).exits(0).stdout;
    assert!(board.contains("desfeita") && board.contains(&format!("atom import remessa {REMESSA}")), "{board}");
    assert!(b.atom(&["status"]).exits(0).stdout.contains("desfeita"));
    // not by itself: only a corrected one, or the same when ops name it
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!(b.sql("SELECT count(*) FROM contrato"), "0");
    let named = b.json(&["import", "remessa", REMESSA]).exits(0).report();
    assert_eq!((&named["state"], &named["lines"]["created"]), (&json!("done"), &json!(1)));
    // the corrected one under the same name, and the same content under another
    undo(&b, 3, 0);
    b.evo(REMESSA, &line("31"));
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!((b.sql("SELECT dias_atraso FROM divida"), step(&b)["state"].clone()), ("31".into(), json!("done")));
    undo(&b, 5, 0);
    b.evo("20230803_204500_remessa_528_out.528", &line("31"));
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!(b.sql("SELECT estado FROM arquivo WHERE nome LIKE '%204500%'"), "importado");
    // no newer file stands any more: an older one of the layout enters
    undo(&b, 7, 0);
    b.evo("20230803_201500_remessa_528_out.528", &line("29"));
    b.at("2023-08-04T03:00:00").atom(&["-q", "run"]).exits(0);
    assert_eq!(b.sql("SELECT dias_atraso FROM divida"), "29");
}

#[test]
fn aplicado_duas_vezes_a_forca_uma_so_se_desfaz() {
    let b = bed();
    remessa(&b, "20230803", &[("1001", "30")]);
    baixa(&b, "04082023", &[("1001", "771")]);
    undo(&b, 2, 0);
    let name = "AcordosBaixados_04082023_528.csv";
    b.atom(&["import", "baixa", name]).exits(0);
    b.atom(&["--force", "--reason", "x", "import", "baixa", name]).exits(0);
    // the first is what the second found
    assert_eq!(no_caminho(&b, 4), [(json!(5), "baixa".into(), 1, vec!["1001".into()])]);
    undo(&b, 5, 0);
    assert_eq!(b.sql("SELECT estado||run FROM arquivo WHERE kind='baixa'"), "importado4");
    undo(&b, 4, 0);
    assert_eq!(
        (b.sql("SELECT estado FROM arquivo WHERE kind='baixa'"), situacoes(&b)),
        ("desfeito".into(), "1001 ATIVO".into())
    );
}

#[test]
fn o_n_do_enriquecimento_nao_volta() {
    let b = bed();
    remessa(&b, "20230803", &[("1001", "30")]);
    telefones(&b, "090000", &[("1001", "11976543210")]);
    undo(&b, 2, 0);
    assert_eq!(b.sql("SELECT count(*) FROM telefone"), "0");
    telefones(&b, "090000", &[("1001", "11976543210")]);
    assert_eq!(b.sql("SELECT ordem FROM telefone"), "2");
}

#[test]
fn o_que_nao_se_desfaz_diz_por_que() {
    let b = bed();
    let mut f = b.remessa("1001", &cpf(1), &[]);
    f.extend(b.remessa("1002", &cpf(2), &[("cpf_cnpj_cliente", "11111111111")]));
    importa(&b, "remessa", REMESSA, &f);
    for (args, why) in [
        (vec!["undo", "9"], "não há execução 9"),
        (vec!["undo", "1"], ""),
        (vec!["undo", "1"], "já foi desfeita"),
        (vec!["undo", "2"], "importe o arquivo de novo"),
        (vec!["rejects", "replay", "--run", "1"], "foi desfeita"),
    ] {
        let out = b.atom(&args).exits(if why.is_empty() { 0 } else { 2 });
        assert!(out.stderr.contains(why), "{args:?}: {}", out.stderr);
    }
    // its rejected lines stay as history
    assert!(b.atom(&["rejects", "list", "--run", "1"]).exits(0).stdout.contains("1002"));
}
