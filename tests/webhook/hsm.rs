//! hsm events and the messages of our queue (WH10, decisions 7).

use super::*;

/// A bed with messages of the queue: row, ficha, number, journey, state, when it left.
fn fila(rows: &[(i64, i64, &str, &str, &str, &str)]) -> (Bed, Serve, String) {
    let b = cama("[omne]\nurl = \"http://127.0.0.1:9\"");
    let db = contatos(&b);
    db.execute("INSERT INTO lote VALUES (1,'2023-08-04','x','x','x','')", []).unwrap();
    for (id, ficha, fone, jornada, estado, em) in rows {
        db.execute(
            "INSERT INTO hsm (id, lote_id, linha, ficha_id, contrato_id, contrato, fone, nome, jornada, estado,
               importada_em, enviada_em) VALUES (?1,1,?1,?2,?2,'x',?3,'N',?4,?5,'x',nullif(?6,''))",
            rusqlite::params![id, ficha, fone, jornada, estado, em],
        )
        .unwrap();
    }
    let (t, s) = (token(&b, "omne"), Serve::start(&b));
    (b, s, t)
}

fn aviso(destiny: &str, template: &str, status: &str, entry: &str, when: &str) -> Value {
    let mut v = exemplo("hsm");
    for (k, x) in [
        ("destiny", destiny),
        ("template_id", template),
        ("status", status),
        ("date_entry", entry),
        ("date_status", when),
    ] {
        v[k] = json!(x);
    }
    v
}

const FILA: &str = "SELECT id, estado, entrega, entrega_em FROM hsm ORDER BY id";
const NUMERO: &str = "5511981112222";

#[test]
fn wh10_um_evento_resolve_a_incerta_e_so_a_certa() {
    let (b, s, t) = fila(&[
        (1, 1, NUMERO, "jornada1", "INCERTA", "2023-08-02 10:00:00"),
        (2, 1, NUMERO, "jornada1", "INCERTA", "2023-08-03 10:00:00"),
        (3, 1, NUMERO, "jornada2", "INCERTA", "2023-08-03 10:00:00"),
        (4, 2, "5511971110000", "jornada1", "INCERTA", "2023-08-03 10:00:00"),
        (5, 1, NUMERO, "jornada1", "PENDENTE", ""),
        (6, 1, NUMERO, "jornada1", "INCERTA", "2023-08-04 10:00:00"),
        (7, 4, "5511961110000", "jornada2", "ACEITA", "2023-08-03 10:00:00"),
    ]);
    // taken in on the 3rd, delivered on the 4th, after the next day's message left; without the 9
    let v = aviso("551181112222", "101", "delivered", "2023-08-03 10:00:05", "2023-08-04 10:30:00");
    s.post(CAMINHO, &t, &v).is(200);
    espera(
        &b,
        FILA,
        &[
            "1|INCERTA|-|-",
            "2|ACEITA|ENTREGUE|2023-08-04 10:30:00",
            "3|INCERTA|-|-",
            "4|INCERTA|-|-",
            "5|PENDENTE|-|-",
            "6|INCERTA|-|-",
            "7|ACEITA|-|-",
        ],
    );
    let mark = "SELECT ficha_id, contrato_id, em, texto FROM marca";
    assert_eq!(linhas_de(&b, mark), ["1|1|2023-08-03 10:00:00|Massiva WhatsApp enviada com sucesso"]);
    // OMNE has what it tells of, delivered or not; an accepted one only gets its delivery
    s.post(CAMINHO, &t, &aviso("5511971110000", "101", "error", "2023-08-03 10:00:05", "2023-08-03 10:01:00")).is(200);
    s.post(CAMINHO, &t, &aviso("5511961110000", "102", "error", "", "2023-08-03 10:01:00")).is(200);
    // not ours: another template, a number without a message, before anything left, no outcome
    for v in [
        aviso(NUMERO, "999", "delivered", "2023-08-03 10:00:05", "2023-08-03 10:01:00"),
        aviso("5511955554444", "101", "delivered", "2023-08-03 10:00:05", "2023-08-03 10:01:00"),
        aviso(NUMERO, "102", "delivered", "2023-08-03 09:30:00", "2023-08-03 09:31:00"),
        aviso(NUMERO, "102", "read", "2023-08-03 10:00:05", "2023-08-03 10:01:00"),
    ] {
        s.post(CAMINHO, &t, &v).is(200);
    }
    espera(&b, "SELECT count(*) FROM webhook WHERE estado='RECEBIDO'", &["0"]);
    assert_eq!(
        linhas_de(&b, FILA),
        [
            "1|INCERTA|-|-",
            "2|ACEITA|ENTREGUE|2023-08-04 10:30:00",
            "3|INCERTA|-|-",
            "4|ACEITA|ERRO|2023-08-03 10:01:00",
            "5|PENDENTE|-|-",
            "6|INCERTA|-|-",
            "7|ACEITA|ERRO|2023-08-03 10:01:00",
        ]
    );
    assert_eq!(
        linhas_de(&b, "SELECT estado, via, ficha_id, contrato_id FROM webhook ORDER BY id"),
        [
            "VINCULADO|HSM|1|1",
            "VINCULADO|HSM|2|2",
            "VINCULADO|HSM|4|4",
            "VINCULADO|FONE|1|-",
            "NAO_VINCULADO|-|-|-",
            "VINCULADO|FONE|1|-",
            "VINCULADO|FONE|1|-",
        ]
    );
    // a message is no attendance
    assert_eq!(linhas_de(&b, "SELECT count(*) FROM tabulacao"), ["0"]);
}

#[test]
fn wh10_sem_date_entry_e_com_duas_possiveis_nenhuma_e_escolhida() {
    let (b, s, t) = fila(&[
        (1, 1, NUMERO, "jornada1", "INCERTA", "2023-08-02 10:00:00"),
        (2, 1, NUMERO, "jornada1", "INCERTA", "2023-08-03 10:00:00"),
        (3, 1, NUMERO, "jornada2", "INCERTA", "2023-08-03 10:00:00"),
    ]);
    s.post(CAMINHO, &t, &aviso(NUMERO, "101", "delivered", "", "2023-08-03 10:30:00")).is(200);
    s.post(CAMINHO, &t, &aviso(NUMERO, "102", "delivered", "", "2023-08-03 10:31:00")).is(200);
    espera(&b, "SELECT count(*) FROM webhook WHERE estado='RECEBIDO'", &["0"]);
    assert_eq!(linhas_de(&b, FILA), ["1|INCERTA|-|-", "2|INCERTA|-|-", "3|ACEITA|ENTREGUE|2023-08-03 10:31:00"]);
}

#[test]
fn da_entrega_vale_o_ultimo_momento_em_qualquer_ordem() {
    let told = [("delivered", "2023-08-03 10:05:00"), ("error", "2023-08-03 10:01:00")];
    for order in [[0, 1], [1, 0]] {
        let (b, s, t) = fila(&[(1, 1, NUMERO, "jornada1", "ACEITA", "2023-08-03 10:00:00")]);
        for i in order {
            s.post(CAMINHO, &t, &aviso(NUMERO, "101", told[i].0, "2023-08-03 10:00:05", told[i].1)).is(200);
            elos(&b);
        }
        assert_eq!(linhas_de(&b, FILA), ["1|ACEITA|ENTREGUE|2023-08-03 10:05:00"]);
    }
}

#[test]
fn wh5_ap11_uma_data_no_fim_dos_tempos_nao_para_nenhuma_escrita() {
    let (b, s, t) = fila(&[(1, 1, NUMERO, "jornada1", "ACEITA", "2023-08-03 10:00:00")]);
    for entry in ["-262143-01-1 0:0:00", "+262142-12-31 23:5", "0000-01-01 00:00:00", "9999-12-31 23:59:59"] {
        s.post(CAMINHO, &t, &aviso(NUMERO, "101", "delivered", entry, "2023-08-03 10:00:09")).is(200);
    }
    espera(&b, "SELECT count(*) FROM webhook WHERE estado='RECEBIDO'", &["0"]);
    // after them, and after a restart, everything is written as ever
    s.post(CAMINHO, &t, &atendimento("depois", &[("document", &cpf(4))])).is(200);
    drop(s);
    let s = Serve::start(&b);
    s.post(CAMINHO, &t, &atendimento("de novo", &[("document", &cpf(4))])).is(200);
    espera(&b, "SELECT count(*) FROM webhook WHERE tipo='attendance' AND estado='VINCULADO'", &["2"]);
    b.atom(&["webhook", "replay"]).exits(0);
    assert!(!s.log().contains("panic"), "{}", s.log());
}
