//! Mass actions and retorno: R030–R036, UC013, UC015. Here what WhatsApp queues.

mod historico;
mod pasta;
mod ruins;

use crate::support::*;
use serde_json::{Value, json};

const WHATSAPP: &str = "20230804_081500_massiva_whatsapp.csv";
const EMAIL: &str = "20230804_093000_massiva_email.csv";
const SMS: &str = "20230804_100000_massiva_sms.csv";
const RETORNO: &str = "20230804_110000_manager_retorno.csv";

/// The client's mobile, the landline, a reference's number by its type, the spouse's, a guarantor's.
const CELULAR: &str = "11981112222";
const FIXO: &str = "1132145678";
const REFERENCIA: &str = "11987654321";
const CONJUGE: &str = "11976543210";

fn fones() -> Vec<(&'static str, &'static str)> {
    vec![
        ("telefone_1_tipo", "CE"),
        ("telefone_1_ddd", "011"),
        ("telefone_1_numero", "0981112222"),
        ("telefone_2_tipo", "RE"),
        ("telefone_2_ddd", "011"),
        ("telefone_2_numero", "0032145678"),
        ("telefone_3_tipo", "RF"),
        ("telefone_3_ddd", "011"),
        ("telefone_3_numero", "0987654321"),
        ("conjuge_ddd_celular", "011"),
        ("conjuge_celular", "0976543210"),
    ]
}

fn importa(b: &Bed, kind: &str, name: &str, text: &str, code: i32) -> Value {
    let f = b.file(name, text.as_bytes());
    b.json(&["import", kind, &f]).exits(code).report()
}

fn massiva(b: &Bed, name: &str, text: &str, code: i32) -> Value {
    importa(b, "massivas", name, text, code)
}

/// At 11:30 of the day, a client of two contracts (1001 ATIVO, 1002 ATIVO) and one of a third, 2001.
fn bed_with(more: &str, extra: &[(&str, &str)]) -> Bed {
    let mut b = Bed::with(more);
    let mut fields = fones();
    fields.extend_from_slice(extra);
    // the client's own fields are those of its last line
    let mut f = b.remessa("0001002", &cpf(1), &[]);
    f.extend(b.remessa("1001", &cpf(1), &fields));
    f.extend(b.remessa("2001", &cpf(2), &[]));
    importa(&b, "remessa", REMESSA, &String::from_utf8(f).unwrap(), 0);
    b.at("2023-08-04T11:30:00");
    b
}

fn bed() -> Bed {
    bed_with("", &[])
}

fn atendimento(b: &Bed) -> rusqlite::Connection {
    rusqlite::Connection::open(b.root.join("store/atendimento.db")).unwrap()
}

/// All rows of an answer, cells joined by `|`.
fn rows(b: &Bed, sql: &str) -> Vec<String> {
    let db = atendimento(b);
    let mut stmt = db.prepare(sql).unwrap();
    let n = stmt.column_count();
    let row = |r: &rusqlite::Row<'_>| -> rusqlite::Result<String> {
        let cells = (0..n).map(|i| {
            Ok(match r.get_ref(i)? {
                rusqlite::types::ValueRef::Integer(i) => i.to_string(),
                rusqlite::types::ValueRef::Text(t) => String::from_utf8_lossy(t).into_owned(),
                _ => "-".into(),
            })
        });
        Ok(cells.collect::<rusqlite::Result<Vec<_>>>()?.join("|"))
    };
    stmt.query_map([], row).unwrap().map(Result::unwrap).collect()
}

fn whatsapp(lines: &[(&str, &str, &str, &str)]) -> String {
    let cells = lines.iter().map(|(c, n, nome, j)| format!("{c};{n};{nome};{j}\r\n"));
    std::iter::once("contrato;numero;nome;jornada\r\n".to_owned()).chain(cells).collect()
}

/// Imports one line of WhatsApp; its place in the account.
fn uma(b: &Bed, n: u32, line: (&str, &str, &str, &str)) -> Value {
    let f = b.file(&format!("20230804_0820{n:02}_massiva_whatsapp.csv"), whatsapp(&[line]).as_bytes());
    let r = b.json(&["import", "massivas", &f]).report();
    if r["lines"]["created"] == 1 { json!("created") } else { r["lines"]["rejected"].clone() }
}

fn email(lines: &[(&str, &str, &str)]) -> String {
    let cells = lines.iter().map(|(p, c, d)| format!("{p};{c};ana@x.example;{d}\r\n"));
    std::iter::once("PROTOCOLO;CPF;EMAIL;DATA_ENVIO\r\n".to_owned()).chain(cells).collect()
}

#[test]
fn uc013_a_massiva_de_whatsapp_so_enfileira() {
    let b = bed();
    let text = whatsapp(&[("1001", "(11) 8111-2222", "Cláudia", "jornada1"), ("1002", CELULAR, "José", "JORNADA2")]);
    let r = massiva(&b, WHATSAPP, &text, 0);
    assert_eq!((r["state"].as_str(), &r["lines"]["created"]), (Some("done"), &json!(2)));
    assert_eq!(r["data_operacao"], "2023-08-04");
    // the contract as the remessa wrote it, the number as WhatsApp wants it
    assert_eq!(
        rows(&b, "SELECT contrato, fone, nome, jornada, estado, ficha_id FROM hsm ORDER BY linha"),
        ["1001|5511981112222|Cláudia|jornada1|PENDENTE|1", "0001002|5511981112222|José|jornada2|PENDENTE|1"]
    );
    assert_eq!(b.json(&["status"]).exits(0).json()[0]["hsm"]["PENDENTE"], 2);
    assert!(b.atom(&["status"]).exits(0).stdout.contains("PENDENTE 2"));
    // a queued message is no mark and no contact yet
    assert!(rows(&b, "SELECT * FROM marca").is_empty());
}

#[test]
fn uc013_cada_motivo_de_rejeito_do_whatsapp() {
    let b = bed();
    let good = ("1001", CELULAR, "Ana", "jornada1");
    for (n, (line, code)) in [
        (("9999", CELULAR, "Ana", "jornada1"), "CONTRATO_DESCONHECIDO"),
        (("1001", "11 1234", "Ana", "jornada1"), "TELEFONE_INVALIDO"),
        // a landline gets no WhatsApp
        (("1001", FIXO, "Ana", "jornada1"), "TELEFONE_INVALIDO"),
        (("1001", "1,19811E+10", "Ana", "jornada1"), "NOTACAO_CIENTIFICA"),
        (("1001", "", "Ana", "jornada1"), "CAMPO_OBRIGATORIO"),
        (("", CELULAR, "Ana", "jornada1"), "CAMPO_OBRIGATORIO"),
        (("1001", CELULAR, "  ", "jornada1"), "CAMPO_OBRIGATORIO"),
        (("1001", CELULAR, "Ana", ""), "CAMPO_OBRIGATORIO"),
        (("1001", CELULAR, "Ana", "jornada3"), "JORNADA_DESCONHECIDA"),
        (("1001", REFERENCIA, "Ana", "jornada1"), "TELEFONE_DE_TERCEIRO"),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(uma(&b, n as u32, line), json!({code: 1}), "{line:?}");
    }
    assert!(rows(&b, "SELECT * FROM hsm").is_empty());
    // a number that nobody has is the sender's matter
    assert_eq!(uma(&b, 20, ("1001", "21999990000", "Ana", "jornada1")), "created");
    assert_eq!(uma(&b, 21, good), "created");
}

#[test]
fn so_contrato_ativo_recebe_massiva() {
    let b = bed();
    for (n, state) in ["BLOQUEADO", "BAIXADO", "EXCLUIDO"].into_iter().enumerate() {
        b.db().execute("UPDATE contrato SET situacao=?1 WHERE chave='1001'", [state]).unwrap();
        let line = ("1001", CELULAR, state, "jornada1");
        assert_eq!(uma(&b, n as u32, line), json!({"CONTRATO_NAO_ATIVO": 1}), "{state}");
    }
}

#[test]
fn o_numero_de_conjuge_empresa_referencia_ou_garantidor_so_barra_se_nao_e_do_cliente() {
    let others = [
        ("conjuge_ddd_telefone", "conjuge_telefone"),
        ("conjuge_ddd_celular", "conjuge_celular"),
        ("empresa_trabalho_ddd", "empresa_trabalho_telefone"),
        ("referencia_3_ddd", "referencia_3_telefone"),
        ("avalista_2_ddd", "avalista_2_telefone"),
    ];
    for (ddd, number) in others {
        let b = bed_with("", &[(ddd, "011"), (number, "0965432109")]);
        let line = ("1002", "11965432109", "Ana", "jornada1");
        assert_eq!(uma(&b, 1, line), json!({"TELEFONE_DE_TERCEIRO": 1}), "{number}");
        // the same number of another client is that client's matter
        assert_eq!(uma(&b, 2, ("2001", "11965432109", "Ana", "jornada1")), "created", "{number}");
        let b = bed_with("", &[(ddd, "011"), (number, "0981112222")]);
        assert_eq!(uma(&b, 1, ("1001", CELULAR, "Ana", "jornada1")), "created", "{number}");
    }
    let b = bed();
    let garantia = b.line(
        "garantias",
        2,
        &[
            ("tipo_registro", "3"),
            ("codigo_assessoria", ASCOB),
            ("contrato", "1001"),
            ("sequencia_garantia", "1"),
            ("nome_garantidor", "BELTRANO"),
            ("telefone", "11954321098"),
        ],
    );
    b.evo(GARANTIAS, &garantia);
    b.atom(&["-q", "run"]).exits(4);
    assert_eq!(uma(&b, 1, ("1001", "11954321098", "Ana", "jornada1")), json!({"TELEFONE_DE_TERCEIRO": 1}));
}

#[test]
fn o_tipo_de_terceiro_de_uma_linha_vale_mais_que_o_proprio_de_outra() {
    let own: &[(&str, &str)] =
        &[("telefone_4_tipo", "CE"), ("telefone_4_ddd", "011"), ("telefone_4_numero", "0987654321")];
    let b = bed_with("", own);
    assert_eq!(uma(&b, 1, ("1001", REFERENCIA, "Ana", "jornada1")), json!({"TELEFONE_DE_TERCEIRO": 1}));
}

#[test]
fn nao_contatar_vale_por_qualquer_contrato_da_ficha_e_pela_lista_de_bloqueados() {
    for flag in ["flag_falecido", "flag_nao_perturbe"] {
        let b = bed_with("", &[(flag, "S")]);
        // the flag stands on 1001
        assert_eq!(uma(&b, 1, ("1002", CELULAR, "Ana", "jornada1")), json!({"NAO_CONTATAR": 1}));
        assert_eq!(uma(&b, 2, ("2001", CELULAR, "Ana", "jornada1")), "created");
    }
    let b = Bed::bare("[contato]\nbloqueados = \"bloqueados.txt\"");
    b.file("bloqueados.txt", b"# por ordem do banco\n\n(11) 98111-2222\n");
    b.atom(&["init"]).exits(0);
    let f = b.remessa("1001", &cpf(1), &fones());
    importa(&b, "remessa", REMESSA, &String::from_utf8(f).unwrap(), 0);
    assert_eq!(uma(&b, 1, ("1001", CELULAR, "Ana", "jornada1")), json!({"NAO_CONTATAR": 1}));
    // only the number is blocked
    assert_eq!(uma(&b, 2, ("1001", "21999990000", "Ana", "jornada1")), "created");
}

#[test]
fn mesma_chave_no_arquivo_vale_a_ultima_linha_aceita() {
    let b = bed();
    let text = whatsapp(&[
        ("1001", CELULAR, "Ana", "jornada1"),
        ("001001", "+55 11 98111-2222", "Bia", "JORNADA1"),
        ("1001", CELULAR, "Cida", "jornada2"),
        ("1001", CELULAR, "", "jornada1"),
    ]);
    let r = massiva(&b, WHATSAPP, &text, 3);
    assert_eq!(
        r["lines"],
        json!({"read": 4, "created": 2, "updated": 0, "unchanged": 0, "ignored": {"LINHA_REPETIDA": 1},
               "rejected": {"CAMPO_OBRIGATORIO": 1}})
    );
    assert_eq!(rows(&b, "SELECT nome, jornada FROM hsm ORDER BY linha"), ["Bia|jornada1", "Cida|jornada2"]);
}

#[test]
fn o_mesmo_arquivo_forcado_de_novo_nao_enfileira_outra_vez() {
    let b = bed();
    let text = whatsapp(&[("1001", CELULAR, "Ana", "jornada1")]);
    massiva(&b, WHATSAPP, &text, 0);
    assert_eq!(massiva(&b, WHATSAPP, &text, 0)["state"], "duplicate");
    let f = b.root.join(WHATSAPP);
    let again = ["import", "massivas", f.to_str().unwrap(), "--force", "--reason", "teste"];
    let r = b.json(&again).exits(0).report();
    assert_eq!((&r["lines"]["created"], &r["lines"]["unchanged"]), (&json!(0), &json!(1)));
    assert_eq!(rows(&b, "SELECT count(*) FROM hsm"), ["1"]);
    // a later action with the same lines is another one
    let r = massiva(&b, "20230804_083000_massiva_whatsapp.csv", &format!("{text}2001;{CELULAR};Ana;jornada1\r\n"), 0);
    assert_eq!(r["lines"]["created"], 2);
}

#[test]
fn massivas_somam_nao_esperam_nada_e_nunca_sao_antigas() {
    let b = bed();
    let one = |n: &str| whatsapp(&[("1001", CELULAR, n, "jornada1")]);
    massiva(&b, "20230804_101500_massiva_whatsapp.csv", &one("Ana"), 0);
    // an older one, and one of a day that is no business day and has no remessa: the day of its stamp
    assert_eq!(massiva(&b, "20230804_081500_massiva_whatsapp.csv", &one("Bia"), 0)["state"], "done");
    let r = massiva(&b, "20230730_203000_massiva_whatsapp.csv", &one("Cida"), 0);
    assert_eq!((r["state"].as_str(), r["data_operacao"].as_str()), (Some("done"), Some("2023-07-30")));
    assert_eq!(rows(&b, "SELECT count(*) FROM hsm"), ["3"]);
}
