//! A ficha with several contracts: what happens to the one that is not dialled, or not any more.

use super::*;

/// So many fichas that only those which an import touched are looked at.
const FICHAS: u64 = 60;

#[test]
fn o_incremental_ve_que_a_linha_de_uma_ficha_passa_a_outro_contrato_dela() {
    let b = Bed::with(SEM_PORTOES);
    let mut all: Vec<Devedor<'_>> = (1..=FICHAS).map(|n| (1000 + n, n, &[][..])).collect();
    all.extend((1..=4).map(|n| (2000 + n, n, &[("dias_atraso", "300")][..])));
    remessa(&b, "20230803_203000", &all);
    b.atom(&["-q", "run"]).exits(0);
    let do_contrato = |n: i64| lista(&b)[&n][1].clone();
    assert_eq!((1..=4).map(do_contrato).collect::<Vec<_>>(), ["2001", "2002", "2003", "2004"]);
    exclusao(&b, "20230803_210000", &[2001]);
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!(do_contrato(1), "1001", "exclusao");
    importa(&b, "baixa", "AcordosBaixados_04082023_528.csv", &acordos(&[(2002, 7)]));
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!(do_contrato(2), "1002", "baixa");
    let there: Vec<u64> = (1001..=1000 + FICHAS).chain([2004]).collect();
    importa(&b, "batimento", "bat_carteira_veic_04082023_528.csv", &batimento(&there));
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!((do_contrato(3), do_contrato(4)), ("1003".into(), "2004".into()), "batimento");
    // the ficha stayed dialable all the while, and a look at all finds nothing that was missed
    let names = b.names("manager");
    assert_eq!((quantos(&b, "baixa"), quantos(&b, "incremental")), (0, 3));
    b.atom(&["-q", "export", "manager", "--incremental"]).exits(0);
    assert_eq!(b.names("manager"), names);
}

#[test]
fn o_que_outro_contrato_diz_do_cliente_vale_para_a_linha_que_vai() {
    let b = com_carga(FICHAS);
    let phone = |tipo| [("telefone_1_tipo", tipo), ("telefone_1_ddd", "011"), ("telefone_1_numero", "0981112222")];
    remessa(&b, "20230803_210000", &[(1010, 10, &phone("CE"))]);
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!(lista(&b)[&10][15], "981112222");
    // now the other contract calls it a third party's
    remessa(&b, "20230803_211000", &[(3010, 10, &phone("RF"))]);
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!(lista(&b)[&10][15], "");
    for (stamp, flag, there) in [("212000", "S", false), ("213000", "N", true)] {
        remessa(&b, &format!("20230803_{stamp}"), &[(3010, 10, &[("flag_nao_perturbe", flag)])]);
        b.atom(&["-q", "run"]).exits(0);
        assert_eq!(lista(&b).contains_key(&10), there, "{flag}");
    }
    // excluded, its last line still speaks for the client
    remessa(&b, "20230803_220000", &[(3010, 10, &[("flag_falecido", "S")])]);
    exclusao(&b, "20230803_221000", &[3010]);
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!((lista(&b).contains_key(&10), lista(&b).len() as u64), (false, FICHAS - 1));
    let names = b.names("manager");
    b.atom(&["-q", "export", "manager"]).exits(0);
    assert_eq!(b.names("manager"), names);
}
