//! Bad input ends well: a message that names the place, the store as before or the rest applied.

use crate::support::*;
use serde_json::Value;

/// Imports a remessa of three lines spoilt by `f`.
fn spoilt(f: impl Fn(&Bed, &mut Vec<u8>)) -> (Bed, Value) {
    let b = Bed::new();
    let mut bytes = Vec::new();
    for n in 1..=3 {
        bytes.extend(b.remessa(&format!("100{n}"), &cpf(n), &[]));
    }
    f(&b, &mut bytes);
    let path = b.file(REMESSA, &bytes);
    let begun = std::time::Instant::now();
    let out = b.json(&["import", "remessa", &path]);
    assert!(begun.elapsed().as_secs() < 10);
    assert!(!out.stderr.contains("panicked"), "{}", out.stderr);
    let r = out.report();
    assert_eq!(i64::from(out.code), r["exit"].as_i64().unwrap());
    let l = &r["lines"];
    let sum = |v: &Value| v.as_object().unwrap().values().map(|n| n.as_i64().unwrap()).sum::<i64>();
    let n = |k: &str| l[k].as_i64().unwrap();
    assert_eq!(n("read"), n("created") + n("updated") + n("unchanged") + sum(&l["ignored"]) + sum(&l["rejected"]));
    (b, r)
}

#[track_caller]
fn refused(f: impl Fn(&Bed, &mut Vec<u8>), words: &[&str]) {
    let (b, r) = spoilt(f);
    assert_eq!((r["state"].as_str(), r["exit"].as_i64()), (Some("refused"), Some(6)), "{r}");
    assert_eq!(r["reason"]["code"], "ESTRUTURA");
    let message = r["reason"]["message"].as_str().unwrap();
    for w in words {
        assert!(message.contains(w), "{w}: {message}");
    }
    assert_eq!(b.sql("SELECT count(*) FROM contrato"), "0");
    assert_eq!(b.sql("SELECT estado FROM arquivo"), "recusado");
}

#[track_caller]
fn taken(f: impl Fn(&Bed, &mut Vec<u8>), created: i64, warning: Option<&str>) {
    let (b, r) = spoilt(f);
    assert_eq!(r["lines"]["created"], created, "{r}");
    assert_eq!(b.sql("SELECT count(*) FROM contrato"), created.to_string());
    if let Some(w) = warning {
        assert_eq!(r["warnings"][w], 1, "{r}");
    }
}

#[track_caller]
fn rejected(f: impl Fn(&Bed, &mut Vec<u8>), code: &str, words: &[&str]) {
    let (b, r) = spoilt(f);
    assert_eq!((r["state"].as_str(), r["exit"].as_i64()), (Some("done_with_rejects"), Some(3)), "{r}");
    assert_eq!(r["lines"]["rejected"][code], 1, "{r}");
    assert_eq!(r["lines"]["created"], 2);
    let list = b.json(&["rejects", "list"]).exits(0).report();
    assert_eq!((list["file"].as_str(), list["line"].as_i64()), (Some(REMESSA), Some(2)));
    for w in words {
        assert!(list["mensagem"].as_str().unwrap().contains(w), "{w}: {list}");
    }
}

const LINE: usize = 4339;

fn set(bytes: &mut [u8], line: usize, at: std::ops::Range<usize>, value: &[u8]) {
    let from = line * LINE + at.start;
    bytes[from..from + value.len()].copy_from_slice(value);
}

#[test]
fn fa001_a_estrutura_quebrada_recusa_o_arquivo_inteiro() {
    refused(|_, b| b.clear(), &["vazio"]);
    refused(|_, b| b.truncate(2 * LINE + 1000), &["linha 3", "cortada", "1000 de 4337"]);
    refused(|_, b| b.drain(LINE + 100..LINE + 101).for_each(|_| {}), &["linha 2", "4336 caracteres", "4337", "1 de 3"]);
    refused(|_, b| b.insert(LINE + 100, b' '), &["linha 2", "4338 caracteres"]);
    refused(|_, b| b[LINE] = b'2', &["linha 2, coluna 1", "`2`"]);
    refused(|_, b| b.iter_mut().filter(|x| **x == b'\n').for_each(|x| *x = b'\r'), &["quebra de linha"]);
    refused(|_, b| b.splice(LINE..LINE, *b"\r\n").for_each(drop), &["linha 2", "0 caracteres"]);
    // another kind's content under this name
    refused(|bed, b| *b = bed.parcela("1001", "1", &[]).repeat(3), &["192 caracteres", "3 de 3", "outro layout"]);
    refused(|_, b| *b = vec![0; 20_000], &["linha 1"]);
}

#[test]
fn o_que_se_tolera_entra_com_aviso() {
    taken(|_, b| b.truncate(3 * LINE - 2), 3, Some("SEM_QUEBRA_FINAL"));
    taken(|_, b| b.extend_from_slice(b"\x1a"), 3, None);
    taken(|_, b| b.extend_from_slice(b"\r\n"), 3, None);
    taken(|_, b| b.splice(0..0, *b"\xEF\xBB\xBF").for_each(drop), 3, None);
    taken(|_, b| b.retain(|x| *x != b'\r'), 3, None);
}

#[test]
fn um_campo_ruim_rejeita_so_a_linha_e_diz_onde() {
    let at = |bed: &Bed, f: &str| bed.columns("remessa", f);
    rejected(|bed, b| set(b, 1, at(bed, "contrato"), b"00000000000000000000"), "CAMPO_OBRIGATORIO", &["contrato"]);
    rejected(|bed, b| set(b, 1, at(bed, "contrato"), b"                    "), "CAMPO_OBRIGATORIO", &["contrato"]);
    rejected(
        |bed, b| set(b, 1, at(bed, "data_contrato"), b"20230231"),
        "DATA_INVALIDA",
        &["data_contrato", "campo 213", "colunas 3603–3610", "`20230231`", "AAAAMMDD"],
    );
    rejected(
        |bed, b| set(b, 1, at(bed, "cpf_cnpj_cliente"), b"00011122233344"),
        "DOCUMENTO_INVALIDO",
        &["cpf_cnpj_cliente"],
    );
    rejected(
        |bed, b| set(b, 1, at(bed, "cpf_cnpj_cliente"), b"00000000000000"),
        "CAMPO_OBRIGATORIO",
        &["cpf_cnpj_cliente"],
    );
    rejected(|bed, b| set(b, 1, at(bed, "valor_parcela"), b"00000000000-100"), "NUMERO_INVALIDO", &["valor_parcela"]);
    rejected(|bed, b| set(b, 1, at(bed, "nome_cliente"), b"A\x00B"), "CARACTERE_INVALIDO", &["nome_cliente"]);
    rejected(|bed, b| set(b, 1, at(bed, "nome_cliente"), b"A\x81B"), "CARACTERE_INVALIDO", &["nome_cliente"]);
    rejected(|bed, b| set(b, 1, at(bed, "tipo_pessoa"), b"X"), "FORA_DA_LISTA", &["tipo_pessoa", "F, J"]);
    rejected(
        |bed, b| set(b, 1, at(bed, "codigo_assessoria"), b"000999"),
        "ASSESSORIA_DIVERGENTE",
        &["codigo_assessoria"],
    );
}

#[test]
fn um_campo_opcional_ruim_so_se_descarta() {
    let at = |bed: &Bed, f: &str| bed.columns("remessa", f);
    taken(|bed, b| set(b, 1, at(bed, "nome_mae"), b"A\x07B"), 3, Some("CARACTERE_INVALIDO"));
    taken(|bed, b| set(b, 1, at(bed, "data_nascimento"), b"19991301"), 3, Some("DATA_INVALIDA"));
    taken(|bed, b| set(b, 1, at(bed, "renda_mensal"), b"00000000000000A"), 3, Some("NUMERO_INVALIDO"));
    taken(|bed, b| set(b, 1, at(bed, "telefone_1_numero"), b"0000000123"), 3, Some("TELEFONE_INVALIDO"));
}

#[test]
fn rejeitos_demais_recusam_o_arquivo_inteiro() {
    let b = Bed::new();
    let mut f = Vec::new();
    for n in 0..100 {
        let bad = if n < 11 { "20230231" } else { "20230201" };
        f.extend(b.remessa(&format!("5{n:03}"), &cpf(n), &[("data_contrato", bad)]));
    }
    let path = b.file(REMESSA, &f);
    let r = b.json(&["import", "remessa", &path]).exits(6).report();
    assert_eq!(r["reason"]["code"], "REJEITOS_DEMAIS");
    assert!(r["reason"]["message"].as_str().unwrap().contains("11 de 100"), "{r}");
    assert_eq!(b.sql("SELECT count(*) FROM contrato"), "0");
    // ten are not too many, whatever their share
    let ok = b.file("20230803_204000_remessa_528_out.528", &f[LINE..]);
    assert_eq!(b.json(&["import", "remessa", &ok]).exits(3).report()["lines"]["created"], 89);
}

#[test]
fn nomes_que_nao_servem_sao_saida_6_e_ficam_onde_estao() {
    let b = Bed::new();
    for (name, word) in [
        ("20230231_203000_remessa_528_out.528", "data"),
        ("20230803_203000_remessa_999_out.999", "999"),
        ("remessa.txt", "não corresponde"),
        (PARCELAS, "parcelas"),
    ] {
        let f = b.file(name, &b.remessa("1001", &cpf(1), &[]));
        let r = b.json(&["import", "remessa", &f]).exits(6).report();
        assert_eq!(
            (r["reason"]["code"].as_str(), r["state"].as_str()),
            (Some("NOME_INVALIDO"), Some("refused")),
            "{name}"
        );
        assert!(r["reason"]["message"].as_str().unwrap().contains(word), "{name}: {r}");
        b.evo(name, b"x");
    }
    let out = b.atom(&["run"]);
    let told = out.stderr.matches("fica na pasta do Evo").count();
    assert_eq!(told, 3, "{}", out.stderr);
    // warned about once, then shown by status
    assert!(!b.atom(&["run"]).stderr.contains("fica na pasta do Evo"));
    assert_eq!(b.json(&["status"]).exits(0).json()[0]["unknown_names"].as_array().unwrap().len(), 3);
}

#[test]
fn vinte_digitos_e_tudo_zeros_ou_brancos() {
    let b = Bed::new();
    let f = b.file(REMESSA, &b.remessa("12345678901234567890", &cpf(1), &[]));
    assert_eq!(b.json(&["import", "remessa", &f]).exits(0).report()["lines"]["created"], 1);
    for fill in [b' ', b'0'] {
        let mut line = vec![fill; 4337];
        line[0] = b'1';
        line.extend_from_slice(b"\r\n");
        let f = b.file(&format!("20230804_20300{}_remessa_528_out.528", fill % 10), &line);
        let r = b.json(&["import", "remessa", &f]).exits(3).report();
        assert_eq!(r["lines"]["rejected"].as_object().unwrap().len(), 1, "{r}");
    }
    assert_eq!(b.sql("SELECT count(*) FROM contrato"), "1");
}

#[test]
fn im4_lixo_em_qualquer_lugar_nunca_e_panico() {
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    for _ in 0..25 {
        let b = Bed::new();
        let mut bytes: Vec<u8> = (1..=4).flat_map(|n| b.remessa(&format!("100{n}"), &cpf(n), &[])).collect();
        for _ in 0..next() % 40 {
            let at = usize::try_from(next()).unwrap_or(7) % bytes.len();
            match next() % 3 {
                0 => bytes[at] = next() as u8,
                1 => {
                    bytes.remove(at);
                }
                _ => bytes.insert(at, next() as u8),
            }
        }
        let f = b.file(REMESSA, &bytes);
        let out = b.json(&["import", "remessa", &f]);
        assert!([0, 3, 6].contains(&out.code), "{} {}", out.code, out.stderr);
        assert_eq!(out.report()["exit"], out.code);
    }
}
