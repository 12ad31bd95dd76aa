//! What a layout calls personal stays behind, also where it makes the key of a row.

use super::*;

/// A layout of the repository put into the bed's own folder, one of its fields made personal.
fn torna_pessoal(b: &Bed, layout: &str, campo: &str) {
    let name = format!("layouts/{layout}.toml");
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(&name)).unwrap();
    let old = format!("{{ name = \"{campo}\",");
    assert_eq!(text.matches(&old).count(), 1, "{layout}.{campo}");
    fs::create_dir_all(b.root.join("layouts")).unwrap();
    fs::write(b.root.join(name), text.replace(&old, &format!("{old} personal = true,"))).unwrap();
}

/// The tables and views of a replica that show this value in any column, as `table.column`.
fn onde(db: &Connection, valor: &str) -> Vec<String> {
    let mut out = Vec::new();
    for t in linhas(db, "SELECT name FROM sqlite_master WHERE type IN ('table','view') ORDER BY name") {
        for c in linhas(db, &format!("SELECT name FROM pragma_table_info('{t}')")) {
            let sql = format!("SELECT DISTINCT 1 FROM {t} WHERE instr({c}, '{valor}')>0");
            out.extend(linhas(db, &sql).iter().map(|_| format!("{t}.{c}")));
        }
    }
    out
}

#[test]
fn o_campo_pessoal_que_faz_a_chave_fica_fora_com_ela() {
    let b = Bed::with("[dia]\nobrigatorios = []");
    importa(&b, "remessa", REMESSA, &b.remessa("770011", &cpf(1), &[]), 0);
    importa(&b, "parcelas", PARCELAS, &b.parcela("770011", "987", &[]), 0);
    let deal = b.line(
        "baixa_acordo",
        0,
        &[
            ("tipo_registro", "1"),
            ("codigo_assessoria", ASCOB),
            ("contrato", "770011"),
            ("numero_acordo", "880022"),
            ("numero_parcela_acordo", "1"),
            ("data_vencimento", "20230809"),
            ("data_movimento", "20230803"),
            ("valor_movimento", "123456"),
        ],
    );
    importa(&b, "baixa", "20230804_020500_acordo_528_out.528.txt", &deal, 0);
    let dest = bi(&b);
    let sem = || {
        b.atom(&["-q", "replica", &dest, "--without-personal"]).exits(0);
        abre(&dest)
    };
    let db = sem();
    assert_eq!(
        onde(&db, "880022"),
        ["acordo.numero_acordo", "bi_acordo.numero_acordo", "bi_historico.detalhe", "evento.detalhe"]
    );
    assert!(onde(&db, "770011").contains(&"bi_acordo.contrato".to_owned()));
    assert!(onde(&db, "987").contains(&"parcela.k1".to_owned()), "a table that leaves whole keeps its key");
    for (layout, campo) in [
        ("baixa_acordo", "numero_acordo"),
        ("acordos_baixados", "numero_acordo"),
        ("parcelas", "numero_parcela"),
        ("remessa", "contrato"),
    ] {
        torna_pessoal(&b, layout, campo);
    }
    let db = sem();
    for valor in ["880022", "987", "770011"] {
        assert_eq!(onde(&db, valor), Vec::<String>::new(), "{valor}");
    }
    assert_eq!(linhas(&db, "SELECT id_crm, contrato, situacao FROM bi_contrato"), ["1|-|BLOQUEADO"]);
    assert_eq!(linhas(&db, "SELECT id_crm, contrato, valor_movimento FROM bi_acordo"), ["1|-|123456"]);
    assert_eq!(linhas(&db, "SELECT valor_parcela FROM bi_parcela"), ["59537"]);
    assert_eq!(linhas(&db, "SELECT acao, detalhe FROM bi_historico ORDER BY acao"), ["BLOQUEIO|-", "CRIADO|-"]);
    // asked for with personal data, all of it leaves
    let all = replica(&b);
    // but for what is made of numbers that never do: the digests of a contract's parts
    assert_eq!(
        linhas(&all, "SELECT name FROM pragma_table_info('contrato') WHERE name LIKE 'h%'"),
        Vec::<String>::new()
    );
    for valor in ["880022", "987", "770011"] {
        assert!(!onde(&all, valor).is_empty(), "{valor}");
    }
}
