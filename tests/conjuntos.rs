//! Parcelas (R005) and garantias (R006–R009): sets that a file replaces contract by contract.

use crate::support::*;
use serde_json::json;

fn bed() -> Bed {
    let b = Bed::new();
    let mut f = b.remessa("1001", &cpf(1), &[]);
    f.extend(b.remessa("1002", &cpf(2), &[]));
    let f = b.file(REMESSA, &f);
    b.json(&["import", "remessa", &f]).exits(0);
    b
}

fn import(b: &Bed, kind: &str, name: &str, bytes: &[u8], code: i32) -> serde_json::Value {
    let f = b.file(name, bytes);
    b.json(&["import", kind, &f]).exits(code).report()
}

fn next(n: u32) -> String {
    format!("20230803_2035{n:02}_parc_528_out.528")
}

#[test]
fn uc002_o_conjunto_do_contrato_e_substituido_e_os_outros_ficam() {
    let b = bed();
    let mut f = b.parcela("1001", "1", &[]);
    f.extend(b.parcela("1001", "2", &[]));
    f.extend(b.parcela("1002", "1", &[]));
    assert_eq!(import(&b, "parcelas", &next(0), &f, 0)["lines"]["created"], 3);
    let mut f = b.parcela("1001", "2", &[("valor_parcela", "60000")]);
    f.extend(b.parcela("1001", "3", &[]));
    let r = import(&b, "parcelas", &next(1), &f, 0);
    assert_eq!((r["lines"]["updated"].as_i64(), r["lines"]["created"].as_i64()), (Some(1), Some(1)));
    assert_eq!(r["effects"]["removed"], 1);
    assert_eq!(
        b.sql("SELECT group_concat(c.chave||'/'||p.k1||'='||p.valor_parcela) FROM (SELECT * FROM parcela ORDER BY contrato_id, k1) p JOIN contrato c ON c.id=p.contrato_id"),
        "1001/2=60000,1001/3=59537,1002/1=59537"
    );
    // the same set in another order is unchanged
    let mut f = b.parcela("1001", "3", &[]);
    f.extend(b.parcela("1001", "2", &[("valor_parcela", "60000")]));
    assert_eq!(import(&b, "parcelas", &next(2), &f, 0)["lines"]["unchanged"], 2);
}

#[test]
fn um_contrato_com_rejeito_guarda_o_conjunto_anterior_inteiro() {
    let b = bed();
    import(&b, "parcelas", &next(0), &b.parcela("1001", "1", &[]), 0);
    let mut f = b.parcela("1001", "1", &[("valor_parcela", "1")]);
    f.extend(b.parcela("1001", "2", &[("data_vencimento", "20230231")]));
    f.extend(b.parcela("1001", "1", &[("valor_parcela", "2")]));
    f.extend(b.parcela("1002", "1", &[]));
    f.extend(b.parcela("1002", "2", &[("codigo_assessoria", "999")]));
    f.extend(b.parcela("9999", "1", &[]));
    let r = import(&b, "parcelas", &next(1), &f, 3);
    assert_eq!(
        r["lines"],
        json!({
            "read": 6, "created": 1, "updated": 0, "unchanged": 0,
            "ignored": {"CONTRATO_COM_REJEITO": 1, "LINHA_REPETIDA": 1},
            "rejected": {"ASSESSORIA_DIVERGENTE": 1, "CONTRATO_DESCONHECIDO": 1, "DATA_INVALIDA": 1}
        })
    );
    assert_eq!(
        b.sql("SELECT p.valor_parcela FROM parcela p JOIN contrato c ON c.id=contrato_id WHERE c.chave='1001'"),
        "59537"
    );
    // our reject file holds every line of the held contract, so that it can come back corrected
    let name = b.names("data/rejects").pop().unwrap();
    let kept = std::fs::read(b.root.join("data/rejects").join(name)).unwrap();
    assert_eq!(kept.len() / 194, 5);
    let errors = b.read("erros", r["error_file"].as_str().unwrap());
    assert_eq!(errors.lines().filter(|l| l.contains("CONTRATO_COM_REJEITO")).count(), 1);
    assert!(!errors.contains("LINHA_REPETIDA"));
}

#[test]
fn contrato_desconhecido_nao_conta_para_o_limite_de_rejeitos() {
    let b = bed();
    let mut f = b.parcela("1001", "1", &[]);
    for n in 0..30 {
        f.extend(b.parcela(&format!("77{n:02}"), "1", &[]));
    }
    let r = import(&b, "parcelas", &next(0), &f, 3);
    assert_eq!(r["lines"]["rejected"], json!({"CONTRATO_DESCONHECIDO": 30}));
    assert_eq!(r["lines"]["created"], 1);
}

#[test]
fn r007_r008_r009_tres_tipos_de_garantia_com_tag_e_tamanho() {
    let b = bed();
    let base = [("codigo_assessoria", ASCOB), ("contrato", "1001"), ("sequencia_garantia", "1")];
    let g = |record: usize, tag: &str, more: &[(&str, &str)]| {
        let mut f = vec![("tipo_registro", tag)];
        f.extend_from_slice(&base);
        f.extend_from_slice(more);
        b.line("garantias", record, &f)
    };
    let mut f = g(0, "1", &[("marca", "FIAT"), ("modelo", "UNO"), ("ano_fabricacao", "2018"), ("ano_modelo", "2019")]);
    f.extend(g(1, "2", &[("tipo_garantia", "SE"), ("valor_garantia", "100000")]));
    f.extend(g(2, "3", &[("nome_garantidor", "BELTRANO"), ("telefone", "11981112222")]));
    let r = import(&b, "garantias", GARANTIAS, &f, 0);
    assert_eq!(r["lines"]["created"], 3);
    assert_eq!(b.sql("SELECT group_concat(k1||':'||coalesce(marca, nome_garantidor, valor_garantia)) FROM (SELECT * FROM garantia ORDER BY k1)"),
        "1:FIAT,2:100000,3:BELTRANO");
    // a vehicle's tag on a guarantor's length breaks the structure
    let mut bad = g(2, "3", &[]);
    bad[0] = b'1';
    let r = import(&b, "garantias", "20230803_203800_garantias_528_out.528", &bad, 6);
    assert_eq!(r["reason"]["code"], "ESTRUTURA");
    assert!(r["reason"]["message"].as_str().unwrap().contains("362 caracteres"), "{r}");
}
