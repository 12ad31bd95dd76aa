//! Files for Manager: carga, incremental, baixa (R012, UC003, EX1–EX11).

use crate::support::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

mod baixa;
mod contratos;
mod ensaio;
mod freio;
mod modelo;
mod quedas;
mod replay;

const SEM_PORTOES: &str = "[dia]\nobrigatorios = []\n[batimento]\nmax_baixas = 1.0\n";

/// ID_CRM → the cells of its row, after all files of Manager's folder in the order of their names.
type Lista = BTreeMap<i64, Vec<String>>;

/// What Manager has: a carga replaces, an incremental upserts, a baixa deletes.
fn lista(b: &Bed) -> Lista {
    let mut all = Lista::new();
    for name in b.names("manager") {
        if name.ends_with("_carga.csv") {
            all.clear();
        }
        for cells in linhas(b, &name) {
            let id = cells[0].parse().unwrap();
            if name.ends_with("_baixa.csv") {
                all.remove(&id);
            } else {
                all.insert(id, cells);
            }
        }
    }
    all
}

/// The rows of a file in Manager's folder.
fn linhas(b: &Bed, name: &str) -> Vec<Vec<String>> {
    let text = b.read("manager", name);
    let mut csv = csv::ReaderBuilder::new().delimiter(b';').from_reader(text.as_bytes());
    csv.records().map(|r| r.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// The newest file of a kind.
fn ultimo(b: &Bed, kind: &str) -> String {
    let end = format!("_manager_{kind}.csv");
    b.names("manager").into_iter().rfind(|n| n.ends_with(&end)).unwrap_or_else(|| panic!("no {kind}"))
}

fn quantos(b: &Bed, kind: &str) -> usize {
    b.names("manager").iter().filter(|n| n.ends_with(&format!("_manager_{kind}.csv"))).count()
}

fn importa(b: &Bed, kind: &str, nome: &str, bytes: &[u8]) -> Value {
    let f = b.file(nome, bytes);
    // it may wait for an earlier step until the next tick, and Manager may be away
    let r = b.json(&["import", kind, &f]).report();
    assert!(["done", "waiting"].contains(&r["state"].as_str().unwrap()), "{r}");
    r
}

/// A line of remessa: contract, client, further fields.
type Devedor<'a> = (u64, u64, Campos<'a>);
type Campos<'a> = &'a [(&'a str, &'a str)];

fn remessa(b: &Bed, stamp: &str, linhas: &[Devedor<'_>]) -> Value {
    let bytes: Vec<u8> = linhas.iter().flat_map(|(c, n, f)| b.remessa(&c.to_string(), &cpf(*n), f)).collect();
    importa(b, "remessa", &format!("{stamp}_remessa_528_out.528"), &bytes)
}

fn exclusao(b: &Bed, stamp: &str, contratos: &[u64]) -> Value {
    let bytes: Vec<u8> = contratos.iter().flat_map(|c| linha_de_exclusao(b, *c)).collect();
    importa(b, "exclusao", &format!("{stamp}_baixa_528_out.528"), &bytes)
}

fn linha_de_exclusao(b: &Bed, contrato: u64) -> Vec<u8> {
    let c = contrato.to_string();
    b.line("exclusao", 0, &[("contrato", &c), ("data_movimento", "20230803"), ("tipo_movimento", "E")])
}

fn acordos(linhas: &[(u64, u64)]) -> Vec<u8> {
    let mut t = "Cobrador;NomeCobrador;NumAcordo;NumParcela;NossoNum;DtVcto;DtMovto;VlrMovt;TotDiv;Motivo;\
                 LocalRecebimento;NumCpfCgc;NomeCliente;OperOriginal;ParcNegociadas\r\n"
        .to_owned();
    for (contrato, acordo) in linhas {
        t += &format!("528;X;{acordo};1;;10/08/2023;09/08/2023;10,00;;;;;;{contrato};\r\n");
    }
    t.into_bytes()
}

fn batimento(contratos: &[u64]) -> Vec<u8> {
    let mut t = "CONTRATO;PRIMEIRA_PARC_AB;DATA_ENVIO;CARTEIRA;COD_ASSESSORIA;NOME_ASSESSORIA;PRODUTO;DIAS_ATRASO\r\n"
        .to_owned();
    contratos.iter().for_each(|c| t += &format!("{c};1;10/08/2023;VEIC;528;X;CDC;30\r\n"));
    t.into_bytes()
}

/// A bed without gates whose carga of contracts 1001, 1002, … is out.
fn com_carga(contratos: u64) -> Bed {
    let b = Bed::with(SEM_PORTOES);
    b.importa_remessa("20230803", contratos);
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!((quantos(&b, "carga"), lista(&b).len() as u64), (1, contratos));
    b
}

#[test]
fn r012_o_incremental_leva_so_as_linhas_que_mudaram() {
    let b = com_carga(3);
    assert_eq!(quantos(&b, "incremental"), 0);
    remessa(&b, "20230803_213000", &[(1001, 1, &[]), (1002, 2, &[("dias_atraso", "99")]), (1004, 4, &[])]);
    let out = b.json(&["run"]).exits(0).json();
    let kinds: Vec<_> = out.iter().map(|v| (v["kind"].as_str().unwrap(), v["rows"].as_i64().unwrap())).collect();
    assert_eq!(kinds, [("incremental", 2)]);
    let name = ultimo(&b, "incremental");
    let rows = linhas(&b, &name);
    assert_eq!(b.read("manager", &name).lines().next().unwrap().split(';').count(), 74);
    assert_eq!(
        rows.iter().map(|r| (r[1].as_str(), r[6].as_str())).collect::<Vec<_>>(),
        [("1002", "99"), ("1004", "95")]
    );
    assert_eq!(lista(&b).len(), 4);
    // nothing changed since: no file, however often
    for _ in 0..2 {
        assert!(b.atom(&["run"]).exits(0).stderr.contains("nada a fazer"));
    }
    assert_eq!(quantos(&b, "incremental"), 1);
    let r = b.json(&["export", "manager", "--incremental"]).exits(0).report();
    assert_eq!(r, json!({"kind": "incremental", "file": null, "rows": 0, "state": "nothing"}));
}

#[test]
fn sem_flag_sai_o_que_e_devido_na_ordem_baixa_carga_incremental() {
    let b = Bed::with(SEM_PORTOES);
    let out = b.json(&["export", "manager"]).exits(4).json();
    let states = |out: &[Value]| {
        let all = out.iter().map(|v| format!("{} {}", v["kind"].as_str().unwrap(), v["state"].as_str().unwrap()));
        all.collect::<Vec<_>>().join(", ")
    };
    assert_eq!(states(&out), "baixa nothing, carga waiting, incremental waiting");
    assert_eq!(out[1]["waiting_for"], json!(["remessa"]));
    b.importa_remessa("20230803", 3);
    let out = b.json(&["export", "manager"]).exits(0).json();
    assert_eq!(states(&out), "baixa nothing, carga published, incremental nothing");
    exclusao(&b, "20230803_210000", &[1001]);
    remessa(&b, "20230803_213000", &[(1002, 2, &[("dias_atraso", "99")])]);
    let out = b.json(&["export", "manager"]).exits(0).json();
    assert_eq!(states(&out), "baixa published, carga nothing, incremental published");
    // the names stand in the order in which the files were made
    let order: Vec<String> = b.names("manager").iter().map(|n| n[24..].to_owned()).collect();
    assert_eq!(order, ["carga.csv", "baixa.csv", "incremental.csv"]);
    b.atom(&["export", "manager", "--carga", "--baixa"]).exits(2);
    b.atom(&["export", "manager", "--baixa", "--confirm", "3"]).exits(2);
    b.atom(&["--date", "2023-08-09", "export", "manager"]).exits(2);
}

#[test]
fn uc003_o_incremental_espera_a_carga_e_os_mesmos_portoes() {
    let mut b = Bed::new();
    remessa(&b, "20230803_203000", &[(1001, 1, &[])]);
    let wait = |b: &Bed| b.json(&["export", "manager", "--incremental"]).exits(4).report()["waiting_for"].clone();
    assert_eq!(wait(&b), json!(["parcelas", "garantias", "carga"]));
    for k in ["parcelas", "garantias"] {
        b.atom(&["day", "waive", k, "--reason", "x"]).exits(0);
    }
    assert_eq!(wait(&b), json!(["carga"]));
    b.atom(&["-q", "run"]).exits(0);
    remessa(&b, "20230803_213000", &[(1001, 1, &[("dias_atraso", "99")])]);
    // the next day's remessa: its own carga comes first, whatever changed
    b.at("2023-08-04T20:41:00");
    remessa(&b, "20230804_203000", &[(1001, 1, &[("dias_atraso", "100")])]);
    assert_eq!(wait(&b), json!(["parcelas", "garantias", "carga"]));
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!((quantos(&b, "carga"), quantos(&b, "incremental")), (1, 0));
    // by force it goes, and that is recorded
    b.json(&["--force", "--reason", "o supervisor pediu", "export", "manager", "--incremental"]).exits(0);
    assert_eq!((quantos(&b, "incremental"), lista(&b)[&1][6].as_str()), (1, "100"));
    let audit = rusqlite::Connection::open(b.root.join("store/atendimento.db")).unwrap();
    let what: String = audit.query_row("SELECT o_que FROM auditoria", [], |r| r.get(0)).unwrap();
    assert_eq!(what, "export manager incremental --force: o supervisor pediu (sem parcelas, garantias, carga)");
}

#[test]
fn o_que_muda_sem_importacao_sai_no_maximo_a_cada_quinze_minutos() {
    let mut b = Bed::with(&format!("{SEM_PORTOES}[contato]\nbloqueados = \"bloqueados.txt\""));
    std::fs::write(b.root.join("bloqueados.txt"), "").unwrap();
    let fone: &[(&str, &str)] =
        &[("telefone_1_tipo", "CE"), ("telefone_1_ddd", "011"), ("telefone_1_numero", "0981112222")];
    remessa(&b, "20230803_203000", &[(1001, 1, fone), (1002, 2, &[])]);
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!(lista(&b)[&1][14..16], ["11", "981112222"]);
    // the number, then only the number: the ficha stays
    std::fs::write(b.root.join("bloqueados.txt"), "(11) 98111-2222\n").unwrap();
    b.at("2023-08-04T02:50:00").atom(&["-q", "run"]).exits(0);
    assert_eq!(quantos(&b, "incremental"), 0);
    b.at("2023-08-04T02:57:00").atom(&["-q", "run"]).exits(0);
    assert_eq!(linhas(&b, &ultimo(&b, "incremental")).len(), 1);
    assert_eq!((lista(&b).len(), lista(&b)[&1][14].as_str()), (2, ""));
    assert_eq!(quantos(&b, "baixa"), 0);
    // a mark that no import brought
    let db = rusqlite::Connection::open(b.root.join("store/atendimento.db")).unwrap();
    db.execute("INSERT INTO marca VALUES (2, 0, '2023-08-04 03:00:00', 'Massiva WhatsApp enviada com sucesso')", [])
        .unwrap();
    b.at("2023-08-04T03:00:00").atom(&["-q", "run"]).exits(0);
    assert_eq!(quantos(&b, "incremental"), 1);
    b.at("2023-08-04T03:13:00").atom(&["-q", "run"]).exits(0);
    assert_eq!(lista(&b)[&2][13], "Massiva WhatsApp enviada com sucesso");
}

#[test]
fn a_lista_de_bloqueados_vem_do_bloco_de_notas_e_com_uma_linha_ruim_nada_e_discado() {
    let b = Bed::with(&format!("{SEM_PORTOES}[contato]\nbloqueados = \"bloqueados.txt\""));
    let fone: &[(&str, &str)] =
        &[("telefone_1_tipo", "CE"), ("telefone_1_ddd", "011"), ("telefone_1_numero", "0981112222")];
    remessa(&b, "20230803_203000", &[(1001, 1, fone), (1002, 2, &[])]);
    let list = b.root.join("bloqueados.txt");
    // without the list nobody knows who is not to be called: nothing goes, and no tick says that all is well
    for bad in [None, Some("11981112222\nnão sei\n"), Some("11981112222\n119811122\n")] {
        let _ = std::fs::remove_file(&list);
        if let Some(text) = bad {
            std::fs::write(&list, text).unwrap();
        }
        let out = b.atom(&["run"]).exits(2);
        let what = if bad.is_some() { "linha 2" } else { "não foi possível ler" };
        assert!(out.stderr.contains("bloqueados.txt") && out.stderr.contains(what), "{}", out.stderr);
        assert!(!out.stderr.contains("nada a fazer") && !out.stderr.contains("98111"), "{}", out.stderr);
        assert_eq!(b.names("manager"), Vec::<String>::new());
    }
    // a byte order mark, a comment in Windows-1252, another that is indented
    std::fs::write(&list, b"\xef\xbb\xbf(11) 98111-2222\r\n# n\xe3o ligar\r\n  # nem aqui\r\n").unwrap();
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!((lista(&b).len(), lista(&b)[&1][14].as_str()), (2, ""));
}

#[test]
fn ex4_quem_a_ultima_carga_nao_tinha_vai_de_novo_mesmo_com_a_linha_igual() {
    let mut b = Bed::with("[dia]\nobrigatorios = [\"remessa\", \"batimento\"]");
    let both: &[Devedor<'_>] = &[(1001, 1, &[]), (1002, 2, &[]), (1003, 3, &[])];
    remessa(&b, "20230802_203000", both);
    b.at("2023-08-03T08:00:00").atom(&["-q", "run"]);
    assert_eq!(lista(&b).len(), 3);
    // excluded in the night, while the baixa waits for batimento: the next carga goes without it
    b.at("2023-08-04T00:30:00");
    exclusao(&b, "20230804_001000", &[1001]);
    remessa(&b, "20230803_203000", &[(1002, 2, &[]), (1003, 3, &[])]);
    b.atom(&["-q", "run"]);
    assert_eq!((quantos(&b, "carga"), quantos(&b, "baixa"), lista(&b).len()), (2, 0, 2));
    // and back before the baixa was made: no baixa, but the very same row again
    remessa(&b, "20230803_213000", both);
    b.at("2023-08-04T08:00:00").atom(&["-q", "run"]);
    assert_eq!((quantos(&b, "baixa"), quantos(&b, "incremental")), (0, 1));
    assert_eq!(linhas(&b, &ultimo(&b, "incremental")).len(), 1);
    assert_eq!(lista(&b).len(), 3);
}

#[test]
fn or8_um_relogio_que_volta_nao_inverte_a_ordem_dos_nomes() {
    let mut b = com_carga(2);
    let first = ultimo(&b, "carga");
    b.at("2023-08-03T02:00:00");
    remessa(&b, "20230803_213000", &[(1001, 1, &[("dias_atraso", "99")])]);
    b.atom(&["-q", "run"]).exits(0);
    assert!(ultimo(&b, "incremental") > first, "{:?}", b.names("manager"));
    assert_eq!(lista(&b)[&1][6], "99");
}

#[test]
fn ex8_ex11_nome_que_seria_formula_ou_nao_cabe_na_codificacao() {
    let b = com_carga(1);
    let mut line = b.remessa("1002", &cpf(2), &[("nome_cliente", "=SOMA(A1);\"X\" Y")]);
    // the Romanian letter is in UTF-8 and not in Windows-1252; a line counts characters
    let at = line.windows(3).position(|w| w == b"X\" ").unwrap();
    line.splice(at..at + 1, "ș".bytes());
    importa(&b, "remessa", "20230803_213000_remessa_528_out.528", &line);
    let out = b.json(&["export", "manager", "--incremental"]).exits(0);
    assert_eq!(out.report()["replaced"], 1);
    assert!(out.stderr.contains("1 caractere(s) sem equivalente"), "{}", out.stderr);
    assert_eq!(lista(&b)[&2][3], "'=SOMA(A1);\"?\" Y");
}

#[test]
fn o_quadro_e_o_status_dizem_como_esta_o_manager() {
    let mut b = Bed::new();
    let line = |b: &Bed| {
        let board = b.atom(&["day"]).exits(0).stdout;
        assert!(board.lines().all(|l| l.chars().count() <= 100), "{board}");
        board.lines().find(|l| l.trim_start().starts_with("manager")).unwrap().trim().to_owned()
    };
    b.at("2023-08-03T20:41:00");
    remessa(&b, "20230803_203000", &[(1001, 1, &[]), (1002, 2, &[])]);
    for k in ["parcelas", "garantias", "baixa"] {
        b.atom(&["day", "waive", k, "--reason", "x"]).exits(0);
    }
    b.at("2023-08-03T21:04:00").atom(&["-q", "run"]).exits(0);
    assert_eq!(line(&b), "manager    carga 2 fichas às 21:04 · incremental – · baixa –");
    remessa(&b, "20230803_213000", &[(1001, 1, &[("dias_atraso", "99")])]);
    b.at("2023-08-03T21:36:00").atom(&["-q", "run"]).exits(0);
    b.at("2023-08-04T02:41:00");
    exclusao(&b, "20230803_220000", &[1002]);
    b.atom(&["-q", "run"]).exits(0);
    let carga = "manager    carga 2 fichas às 21:04 · incremental 1 às 21:36 · ";
    assert_eq!(line(&b), format!("{carga}baixa aguarda batimento"));
    let v = &b.json(&["day"]).exits(0).json()[0]["manager"];
    assert_eq!((&v["incremental"]["rows"], &v["baixa"]["waiting_for"]), (&json!(1), &json!(["batimento"])));
    b.at("2023-08-04T07:00:00").atom(&["-q", "run"]).exits(4);
    assert_eq!(line(&b), format!("{carga}baixa 1 às 07:00, sem o batimento"));
}

#[test]
fn o_incremental_ve_cada_parte_de_que_a_linha_e_feita() {
    let b = com_carga(40);
    let fone: &[(&str, &str)] =
        &[("telefone_1_tipo", "CE"), ("telefone_1_ddd", "011"), ("telefone_1_numero", "0981112222")];
    let endereco: &[(&str, &str)] =
        &[("endereco_1_tipo", "RE"), ("endereco_1_logradouro", "RUA A"), ("endereco_1_uf", "SP")];
    let fields: [(Campos<'_>, usize, &str); 5] = [
        (&[("nome_cliente", "OUTRO NOME")], 3, "OUTRO NOME"),
        (endereco, 10, "SP"),
        (fone, 15, "981112222"),
        (&[("dias_atraso", "99")], 6, "99"),
        (&[("nome_produto", "OUTRO PRODUTO")], 5, "OUTRO PRODUTO"),
    ];
    let so_ela = |contrato: u64, cell: usize, want: &str| {
        let before = quantos(&b, "incremental");
        b.atom(&["-q", "run"]).exits(0);
        let rows = linhas(&b, &ultimo(&b, "incremental"));
        let told: Vec<_> = rows.iter().map(|r| (r[1].clone(), r[cell].clone())).collect();
        assert_eq!(told, [(contrato.to_string(), want.to_owned())]);
        // asked once more, every ficha is looked at
        b.atom(&["-q", "export", "manager", "--incremental"]).exits(0);
        assert_eq!(quantos(&b, "incremental"), before + 1, "{contrato}");
    };
    for (i, (more, cell, want)) in fields.into_iter().enumerate() {
        let n = 1 + i as u64;
        remessa(&b, &format!("20230803_21{i}500"), &[(1000 + n, n, more)]);
        so_ela(1000 + n, cell, want);
    }
    let garantia = [
        ("tipo_registro", "1"),
        ("codigo_assessoria", ASCOB),
        ("contrato", "1006"),
        ("sequencia_garantia", "1"),
        ("marca", "FIAT"),
        ("modelo", "UNO"),
    ];
    importa(&b, "garantias", GARANTIAS, &b.line("garantias", 0, &garantia));
    so_ela(1006, 11, "FIAT UNO");
    let oferta = "CONTRATO;PLANO_REFIN;PARCELA_REFIN\r\n1007;58;416\r\n";
    importa(&b, "refin", "refin_carteira_veic_03082023211500.csv", oferta.as_bytes());
    so_ela(1007, 12, "S");
    let rich = format!("CPF;CONTRATO;TELEFONE1;SCORE1\r\n{};1008;11976543210;50\r\n", cpf(8));
    importa(&b, "telefones", "telefones_carteira_veic_040823090000.csv", rich.as_bytes());
    so_ela(1008, 15, "976543210");
    // what an undo took back bears an older run: all are looked at
    let run = b.sql("SELECT max(id) FROM run");
    b.atom(&["-q", "undo", &run]).exits(0);
    so_ela(1008, 15, "");
    remessa(&b, "20230803_233000", &[(1041, 41, &[])]);
    so_ela(1041, 6, "95");
}
