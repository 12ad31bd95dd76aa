//! What the environment says over the file.

use super::*;

#[test]
fn an_example_of_every_key_is_accepted_from_the_environment() {
    for key in KEYS {
        let value = key.example;
        load_with(LEAST, &[(&keys::variable(key.path), value)]).unwrap();
        let bare = value.trim_matches('"');
        load_with(LEAST, &[(&keys::variable(key.path), bare)]).unwrap();
    }
}

#[test]
fn the_environment_wins_over_the_file() {
    let vars = [
        ("ATOM_IMPORT__MAX_REJEITOS", "0.2"),
        ("ATOM_CAMPANHA__ASCOB", "00528"),
        ("ATOM_DIA__OBRIGATORIOS", "remessa, baixa"),
        ("ATOM_EVO__SETTLE_SECONDS", "0"),
        ("ATOM_MANAGER__BAIXA_ATE", "08:30"),
        ("ATOM_MANAGER__COMERCIAL", "true"),
        ("ATOM_DATA", "outra"),
        ("ATOM_OMNE__JANELA__SAB", ""),
        ("ATOM_CALENDARIO__FERIADOS", "[2026-07-09]"),
    ];
    let config = load_with(STARTER, &vars).unwrap();
    assert_eq!(config.import.max_rejeitos, 0.2);
    assert_eq!(config.campanha.ascob, "00528");
    assert_eq!(config.dia.obrigatorios, ["remessa", "baixa"]);
    assert_eq!(config.evo.settle_seconds, 0);
    assert_eq!(config.manager.baixa_ate, hm("08:30"));
    assert!(config.manager.comercial);
    assert_eq!(config.data, config.file.parent().unwrap().join("outra"));
    assert_eq!(config.omne.as_ref().unwrap().janela.sab, None);
    assert!(!config.calendario().dia_util("2026-07-09".parse().unwrap()));
}

#[test]
fn reserved_and_foreign_variables_are_no_keys() {
    let vars = [
        ("ATOM_CONFIG", "x"),
        ("ATOM_NOW", "2023-08-04T02:41:07-03:00"),
        ("ATOM_TEST_KEEP", "1"),
        ("ATOM_HOME", "/opt"),
    ];
    assert!(load_with(LEAST, &vars).is_ok());
}

#[test]
fn an_unknown_variable_names_the_nearest() {
    for (name, nearest) in [
        ("ATOM_IMPORT__MAX_REJEITO", "ATOM_IMPORT__MAX_REJEITOS"),
        ("ATOM_IMPORT_MAX_REJEITOS", "ATOM_IMPORT__MAX_REJEITOS"),
        ("ATOM_LAYOUT", "ATOM_LAYOUTS"),
    ] {
        let message = fault(LEAST, &[(name, "1")]);
        assert!(message.starts_with(&format!("variável de ambiente {name}: chave desconhecida")), "{message}");
        assert!(message.ends_with(&format!("(não seria {nearest}?)")), "{message}");
    }
}

#[test]
fn a_variable_that_a_secret_names_is_no_unknown_key() {
    let text = format!("{LEAST}password = \"env:ATOM_EVO_SENHA\"\n");
    assert!(load_with(&text, &[("ATOM_EVO_SENHA", "x")]).is_ok());
    assert!(load_with(LEAST, &[("ATOM_EVO_SENHA", "x")]).is_err());
}

#[test]
fn a_variable_of_a_wrong_type_is_named() {
    let message = fault(LEAST, &[("ATOM_IMPORT__MAX_REJEITOS", "0,2")]);
    assert_eq!(
        message,
        "variável de ambiente ATOM_IMPORT__MAX_REJEITOS: import.max_rejeitos: encontrado texto \"0,2\", \
         esperado número (exemplo: max_rejeitos = 0.10 na seção [import])"
    );
}
