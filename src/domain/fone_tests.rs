//! How phones are read, decisions 6.

use super::*;
use proptest::prelude::*;

fn le(raw: &str) -> Option<String> {
    Fone::parse(raw).ok().flatten().map(Fone::completo)
}

#[test]
fn sao_67_ddds() {
    assert_eq!(DDD_VALIDO.iter().filter(|v| **v).count(), 67);
}

#[test]
fn celular_escrito_de_todas_as_formas() {
    for raw in [
        "11987654321",
        "(11) 98765-4321",
        "+55 11 98765-4321",
        "5511987654321",
        "+55 (011) 98765-4321",
        "011987654321",
        "01511987654321",
        "0 15 11 98765.4321",
        "1187654321",
        "551187654321",
        "005511987654321",
        "0000011987654321",
    ] {
        assert_eq!(le(raw).as_deref(), Some("11987654321"), "{raw}");
    }
}

#[test]
fn fixo_tem_oito_digitos_de_2_a_5() {
    assert_eq!(le("1134567890").as_deref(), Some("1134567890"));
    assert_eq!(le("01134567890").as_deref(), Some("1134567890"));
    assert_eq!(le("551134567890").as_deref(), Some("1134567890"));
    for raw in ["1114567890", "1104567890", "11345678901", "34567890", "113456789"] {
        assert_eq!(Fone::parse(raw), Err(FoneErro::Invalido), "{raw}");
    }
}

#[test]
fn celular_de_oito_digitos_ganha_o_nove() {
    for first in 6..=9 {
        let raw = format!("21{first}1234567");
        assert_eq!(le(&raw), Some(format!("219{first}1234567")));
    }
}

#[test]
fn o_55_so_e_pais_com_doze_ou_treze_digitos() {
    assert_eq!(le("55987654321").as_deref(), Some("55987654321"));
    assert_eq!(le("5534567890").as_deref(), Some("5534567890"));
    assert_eq!(le("5555987654321").as_deref(), Some("55987654321"));
    assert_eq!(le("555534567890").as_deref(), Some("5534567890"));
}

#[test]
fn operadora_so_depois_do_zero() {
    assert_eq!(le("0211134567890").as_deref(), Some("1134567890"));
    assert_eq!(Fone::parse("211134567890"), Err(FoneErro::Invalido));
}

#[test]
fn ddd_inexistente_letra_ou_excesso_e_invalido() {
    for raw in [
        "20987654321",
        "08001234567",
        "11 98765-432x",
        "11 9876\u{e9}54321",
        "123456789012345678901",
        "119876543210",
        "99",
    ] {
        assert_eq!(Fone::parse(raw), Err(FoneErro::Invalido), "{raw}");
    }
}

#[test]
fn notacao_cientifica_e_recusada() {
    for raw in ["1,19877E+10", "1.19877E+10"] {
        assert_eq!(Fone::parse(raw), Err(FoneErro::NotacaoCientifica));
        assert_eq!(Fone::de_partes("11", raw), Err(FoneErro::NotacaoCientifica));
    }
}

#[test]
fn zeros_e_brancos_sao_nulos() {
    for raw in ["", "   ", "0000000000", "()-"] {
        assert_eq!(Fone::parse(raw), Ok(None), "{raw:?}");
        assert_eq!(Fone::de_partes("011", raw), Ok(None), "{raw:?}");
    }
}

#[test]
fn partes_do_arquivo_de_remessa() {
    let le = |ddd, numero| Fone::de_partes(ddd, numero).map(|f| f.map(Fone::completo));
    let movel = Ok(Some("11987654321".to_owned()));
    assert_eq!(le("011", "0987654321"), movel);
    assert_eq!(le("11 ", "0087654321"), movel);
    assert_eq!(le("000", "1187654321"), movel);
    assert_eq!(le("   ", "11987654321"), movel);
    assert_eq!(le("011", "11987654321"), movel);
    assert_eq!(le("11", "5511987654321"), movel);
    assert_eq!(le("011", "0034567890"), Ok(Some("1134567890".to_owned())));
    for (ddd, numero) in [
        ("000", "0987654321"),
        ("021", "11987654321"),
        ("020", "987654321"),
        ("111", "987654321"),
        ("011", "0001234567"),
    ] {
        assert_eq!(le(ddd, numero), Err(FoneErro::Invalido), "{ddd} {numero}");
    }
}

#[test]
fn formas_de_saida() {
    let movel = Fone::from_completo("11987654321").unwrap();
    let fixo = Fone::from_completo("1134560021").unwrap();
    assert_eq!((movel.ddd().as_str(), movel.numero().as_str()), ("11", "987654321"));
    assert_eq!((fixo.ddd().as_str(), fixo.numero().as_str()), ("11", "34560021"));
    assert_eq!(movel.whatsapp().as_deref(), Some("5511987654321"));
    assert_eq!(fixo.whatsapp(), None);
    assert_eq!(movel.chave_webhook(), "1187654321");
    assert_eq!(fixo.chave_webhook(), "1134560021");
    assert_eq!(movel.mascara(), "(11) *****-4321");
    assert_eq!(fixo.mascara(), "(11) ****-0021");
    assert_eq!(format!("{movel:?}"), "Fone((11) *****-4321)");
}

#[test]
fn chave_do_webhook_guarda_zeros_no_meio() {
    let fone = Fone::from_completo("11900000021").unwrap();
    assert_eq!(fone.chave_webhook(), "1100000021");
}

#[test]
fn forma_guardada_e_estrita() {
    for texto in ["", "1187654321", "(11)987654321", "119876543210", "\u{e9}1987654321"] {
        assert_eq!(Fone::from_completo(texto), None, "{texto}");
    }
}

proptest! {
    #[test]
    fn forma_guardada_vai_e_volta(raw in "[0-9 ()+-]{8,16}") {
        if let Ok(Some(fone)) = Fone::parse(&raw) {
            prop_assert_eq!(Fone::from_completo(&fone.completo()), Some(fone));
            prop_assert_eq!(Fone::parse(&fone.completo()), Ok(Some(fone)));
            prop_assert_eq!(Fone::de_partes(&fone.ddd(), &fone.numero()), Ok(Some(fone)));
        }
    }

    #[test]
    fn nunca_entra_em_panico(ddd in "\\PC{0,6}", raw in "\\PC{0,30}") {
        let _ = (Fone::parse(&raw), Fone::de_partes(&ddd, &raw), Fone::from_completo(&raw));
    }
}
