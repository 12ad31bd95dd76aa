//! The Portal's writes over HTTP (UC010, UC011) and what they cause: AP2, AP4–AP7, AP12, AP13, AP16.

use crate::support::serve::*;
use crate::support::*;
use serde_json::{Value, json};

mod arvore;
mod efeitos;
mod manager;
mod ruins;
mod seguras;

const TABULA: &str = "/api/v1/insertTabulacao";
const FONE: &str = "/api/v1/inclusaoTelefone";
const EMAIL: &str = "/api/v1/insertEmail";
const ENDERECO: &str = "/api/v1/insertEndereco";
const PROPOSTA: &str = "/api/v1/atualizarProposta";

/// A result of the built-in tree.
const NAO_ATENDE: i64 = 101;
const REFIN: i64 = 501;
const EA: i64 = 502;
const PEDE_PARA_NAO: i64 = 701;
const PERMITE: i64 = 703;

/// A served store with three clients of a contract each, without gates; ficha n has contract 1000 + n.
fn servido() -> (Bed, Serve, String) {
    let b = Bed::with(&format!("{SERVE}[dia]\nobrigatorios = []\n[batimento]\nmax_baixas = 1.0\n"));
    b.importa_remessa("20230803", 3);
    let t = token(&b, "portal");
    let s = Serve::start(&b);
    (b, s, t)
}

/// A tabulation with what is required, and more.
fn tabulacao(ficha: i64, resultado: i64, mais: Value) -> Value {
    com(json!({"idCampanha": 1, "idCrm": ficha, "resultado": resultado, "usuario": "ana.lima", "idTipoCanal": 1}), mais)
}

fn telefone(ficha: i64, fone: &str, mais: Value) -> Value {
    com(
        json!({"idCampanha": 1, "idCrm": ficha, "tipo": "Recado", "ddd": "11", "fone": fone, "usuario": "ana.lima"}),
        mais,
    )
}

fn proposta(contrato: &str, mais: Value) -> Value {
    let own = json!({"contrato": contrato, "usuario": "ana.lima", "valorProposto": 800, "tipoAcordo": "Parcial"});
    com(own, mais)
}

/// An object with fields of another; null takes one out.
fn com(mut own: Value, mais: Value) -> Value {
    for (k, v) in mais.as_object().unwrap() {
        let o = own.as_object_mut().unwrap();
        o.shift_remove(k);
        if !v.is_null() {
            o.insert(k.clone(), v.clone());
        }
    }
    own
}

fn atendimento(b: &Bed) -> rusqlite::Connection {
    rusqlite::Connection::open(b.root.join("store/atendimento.db")).unwrap()
}

/// All rows of `atendimento.db`, each as a JSON list.
fn linhas(b: &Bed, sql: &str) -> Value {
    let db = atendimento(b);
    let mut stmt = db.prepare(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
    let n = stmt.column_count();
    let rows = stmt.query_map([], |r| {
        let cells = (0..n).map(|i| {
            Ok(match r.get_ref(i)? {
                rusqlite::types::ValueRef::Integer(i) => json!(i),
                rusqlite::types::ValueRef::Text(t) => json!(String::from_utf8_lossy(t)),
                _ => Value::Null,
            })
        });
        cells.collect::<rusqlite::Result<Vec<_>>>().map(Value::from)
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// Rows that the writes leave, by table.
fn contagem(b: &Bed) -> Vec<i64> {
    let tables = [
        "tabulacao",
        "portal_telefone",
        "portal_email",
        "portal_endereco",
        "proposta",
        "workflow",
        "workflow_evento",
        "nao_contatar",
        "idempotencia",
    ];
    tables.map(|t| linhas(b, &format!("SELECT count(*) FROM {t}"))[0][0].as_i64().unwrap()).to_vec()
}

#[test]
fn uc010_uma_tabulacao_guarda_cada_campo_e_deixa_a_auditoria() {
    let (b, s, t) = servido();
    let body = json!({
        "IDCAMPANHA": 1, "idcrm": "2", "telefoneTrabalhado": "(11) 98111-2222", "Resultado": "101",
        "Usuario": " ana.lima ", "idTipoCanal": "5", "Obs": "ligar\namanhã", "AttendancelD": "at-1",
        "Protocolo": 778899, "TicketID": "T1", "dataInicioAtendimento": "2023-09-20 10:36:40", "contrato": "0001002",
        "parcela": 12, "telefoneAgendado": "depois das 18h", "id": 999, "origem": "WEBHOOK", "ficha_id": 1, "em": "x"
    });
    let r = s.post(TABULA, &t, &body).is(201);
    assert_eq!(r.json(), json!({"id": 1}));
    assert_eq!(
        linhas(
            &b,
            "SELECT ficha_id, contrato_id, contrato, origem, resultado, nome, boleto, canal, usuario, fone, agendado,
               parcela, obs, attendance_id, protocolo, ticket_id, inicio, substr(em, 1, 16) FROM tabulacao"
        ),
        json!([[
            2,
            2,
            "1002",
            "PORTAL",
            101,
            "Não atende",
            0,
            5,
            "ana.lima",
            "11981112222",
            "depois das 18h",
            "12",
            "ligar\namanhã",
            "at-1",
            "778899",
            "T1",
            "2023-09-20 10:36:40",
            "2023-08-04T02:41"
        ]])
    );
    // with what is required alone: the only active contract is meant
    assert_eq!(s.post(TABULA, &t, &tabulacao(3, NAO_ATENDE, json!({}))).is(201).json(), json!({"id": 2}));
    assert_eq!(
        linhas(&b, "SELECT contrato, fone, parcela, obs, attendance_id, inicio FROM tabulacao WHERE id=2"),
        json!([["1003", null, null, null, null, null]])
    );
    assert_eq!(
        linhas(&b, "SELECT quem, ficha_id, o_que FROM auditoria WHERE quem LIKE 'portal:%' ORDER BY id"),
        json!([
            ["portal:teste-portal usuario:ana.lima", 2, "insertTabulacao 1"],
            ["portal:teste-portal usuario:ana.lima", 3, "insertTabulacao 2"]
        ])
    );
    assert_eq!(contagem(&b), [2, 0, 0, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn uc010_fa002_um_telefone_novo_e_201_e_o_que_a_ficha_ja_lista_e_200_com_o_mesmo_id() {
    let (b, s, t) = servido();
    let rich = format!("CPF;CONTRATO;TELEFONE1;SCORE1\r\n{};1001;11976543210;50\r\n", cpf(1));
    b.json(&["import", "telefones", &b.file("telefones_carteira_veic_040823090000.csv", rich.as_bytes())]).exits(0);
    let known: &[(&str, &str)] =
        &[("telefone_1_tipo", "CE"), ("telefone_1_ddd", "011"), ("telefone_1_numero", "0981112222")];
    let third: &[(&str, &str)] =
        &[("telefone_2_tipo", "RF"), ("telefone_2_ddd", "011"), ("telefone_2_numero", "0983334444")];
    let line = b.remessa("1001", &cpf(1), &[known, third].concat());
    b.json(&["import", "remessa", &b.file("20230803_213000_remessa_528_out.528", &line)]).exits(0);
    let put = |fone: &str, mais: Value| s.post(FONE, &t, &telefone(1, fone, mais));
    assert_eq!(put("97777-8888", json!({"score": 40})).is(201).json(), json!({"id": 1}));
    // written otherwise it is the same number; the score is taken, the type stays
    let again = put("77778888", json!({"ddd": 11, "score": "45", "tipo": "Outro"})).is(200);
    assert_eq!(again.json(), json!({"id": 1}));
    assert_eq!(put("+55 11 97777-8888", json!({"ddd": null})).is(200).json(), json!({"id": 1}));
    // of the remessa, of enrichment: its own id from the first time on
    for (fone, id) in [("981112222", 2), ("976543210", 3)] {
        for score in [70, 80] {
            assert_eq!(put(fone, json!({ "score": score })).is(200).json(), json!({ "id": id }), "{fone}");
        }
    }
    let r = put("983334444", json!({})).is(422);
    assert_eq!(
        r.json()["erro"],
        json!({"codigo": "CAMPOS_INVALIDOS", "mensagem": "há campos ausentes ou inválidos",
               "campos": {"fone": "um telefone do cliente; na remessa este é de terceiro"}})
    );
    // of another client it is another row
    assert_eq!(s.post(FONE, &t, &telefone(2, "981112222", json!({}))).is(201).json(), json!({"id": 4}));
    assert_eq!(
        linhas(&b, "SELECT ficha_id, fone, tipo, score, lista, usuario FROM portal_telefone ORDER BY id"),
        json!([
            [1, "11977778888", "Recado", 45, 1, "ana.lima"],
            [1, "11981112222", "Recado", 80, 0, "ana.lima"],
            [1, "11976543210", "Recado", 80, 0, "ana.lima"],
            [2, "11981112222", "Recado", null, 1, "ana.lima"]
        ])
    );
    // nobody lists it any more: it is new again, under its id
    let line = b.remessa("1001", &cpf(1), &[]);
    b.json(&["import", "remessa", &b.file("20230803_223000_remessa_528_out.528", &line)]).exits(0);
    assert_eq!(put("981112222", json!({"tipo": "Celular"})).is(201).json(), json!({"id": 2}));
    assert_eq!(linhas(&b, "SELECT tipo, score, lista FROM portal_telefone WHERE id=2"), json!([["Celular", 80, 1]]));
}

#[test]
fn uc010_fa003_fa004_email_e_endereco() {
    let (b, s, t) = servido();
    let body = json!({"idCampanha": 1, "idCrm": 1, "email": " Maria@Exemplo.com.br ", "usuario": "ana.lima"});
    assert_eq!(s.post(EMAIL, &t, &body).is(201).json(), json!({"id": 1}));
    let body = json!({
        "idCampanha": 1, "idCrm": 1, "tipo": "Residencial", "logradouro": "RUA \"A\"", "numero": 12, "complemento": "AP 1",
        "bairro": "CENTRO", "cidade": "SÃO PAULO", "uf": "sp", "cep": "01310-100", "usuario": "ana.lima"
    });
    assert_eq!(s.post(ENDERECO, &t, &body).is(201).json(), json!({"id": 1}));
    let least = json!({"idCampanha": 1, "idCrm": 2, "logradouro": "RUA B", "usuario": "ana.lima"});
    assert_eq!(s.post(ENDERECO, &t, &least).is(201).json(), json!({"id": 2}));
    assert_eq!(
        linhas(&b, "SELECT ficha_id, email, usuario FROM portal_email"),
        json!([[1, "Maria@Exemplo.com.br", "ana.lima"]])
    );
    assert_eq!(
        linhas(
            &b,
            "SELECT ficha_id, tipo, logradouro, numero, complemento, bairro, cidade, uf, cep, usuario FROM portal_endereco"
        ),
        json!([
            [1, "Residencial", "RUA \"A\"", "12", "AP 1", "CENTRO", "SÃO PAULO", "SP", "01310100", "ana.lima"],
            [2, null, "RUA B", null, null, null, null, null, null, "ana.lima"]
        ])
    );
    assert_eq!(
        linhas(&b, "SELECT ficha_id, o_que FROM auditoria WHERE quem LIKE 'portal:%' ORDER BY id"),
        json!([[1, "insertEmail 1"], [1, "insertEndereco 1"], [2, "insertEndereco 2"]])
    );
}

#[test]
fn uc011_a_proposta_guarda_os_vinte_e_tres_campos() {
    let (b, s, t) = servido();
    let body = json!({
        "Contrato": "001002", "Parcela": "10 a 12", "usuario": "ana.lima", "attendancelid": "at-9", "ticketPan": 55,
        "valorProposto": "800.50", "tipoAcordo": "quitacao", "qtdParcelas": "3", "valorEntrada": 100, "valorHonorario": 10.5,
        "parcelasContratos": [10, 11, 12], "primeiroVencimento": "2023-08-11", "negociacaoEntregaAmigavel": false,
        "rndRefin": "True", "negParcelas": ["10", {"numero": 11}], "valorSemDesc": "1000", "valorComDesc": 12.5,
        "OfertaMinima": "750.00", "dividaAtraso": 95, "dividaPrazo": 48, "dividaParcelasPagas": 10,
        "dividaParcelasVenc": 4, "dividasAVencer": 34, "ficha_id": 1, "nada": true
    });
    assert_eq!(s.post(PROPOSTA, &t, &body).is(201).json(), json!({"id": 1}));
    let row = linhas(
        &b,
        "SELECT ficha_id, contrato_id, contrato, usuario, attendance_id, tipo_acordo, valor_proposto, qtd_parcelas,
           primeiro_vencimento FROM proposta",
    );
    assert_eq!(row, json!([[2, 2, "1002", "ana.lima", "at-9", "Quitação", 80_050, 3, "2023-08-11"]]));
    let kept: Value = serde_json::from_str(linhas(&b, "SELECT campos FROM proposta")[0][0].as_str().unwrap()).unwrap();
    assert_eq!(
        kept,
        json!({
            "contrato": "1002", "parcela": "10 a 12", "usuario": "ana.lima", "attendanceId": "at-9", "ticketPan": "55",
            "valorProposto": "800.50", "tipoAcordo": "Quitação", "qtdParcelas": 3, "valorEntrada": "100.00",
            "valorHonorario": "10.50", "parcelasContratos": [10, 11, 12], "primeiroVencimento": "2023-08-11",
            "negociacaoEntregaAmigavel": false, "rndRefin": true, "negParcelas": ["10", {"numero": 11}],
            "valorSemDesc": "1000.00", "valorComDesc": "12.5000", "ofertaMinima": "750.00", "dividaAtraso": 95,
            "dividaPrazo": 48, "dividaParcelasPagas": 10, "dividaParcelasVenc": 4, "dividasAVencer": 34
        })
    );
    // each is kept; what is absent is null
    assert_eq!(s.post(PROPOSTA, &t, &proposta("1002", json!({"idCampanha": 1}))).is(201).json(), json!({"id": 2}));
    // UC011/FA001
    for contrato in ["9999", "1002-9"] {
        assert_eq!(s.post(PROPOSTA, &t, &proposta(contrato, json!({}))).is(404).codigo(), "CONTRATO_NAO_ENCONTRADO");
    }
    assert_eq!(contagem(&b), [0, 0, 0, 0, 2, 0, 0, 0, 0]);
}
