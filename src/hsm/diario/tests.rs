use super::*;

fn chave(linha: i64) -> Chave {
    Chave { dia: "2023-08-04".into(), sha256: "ab".repeat(32), linha }
}

const EM: &str = "2023-08-04 11:00:00";
const ACEITA: Registro = Registro { fim: Fim::Aceita, http: Some(202), nao_antes: None };

#[test]
fn o_que_foi_gravado_volta_ao_abrir() {
    let dir = tempfile::tempdir().unwrap();
    assert!(Diario::abre(dir.path()).unwrap().is_none());
    let mut d = Diario::cria(dir.path(), 0).unwrap();
    d.anota(1, &chave(2), EM);
    d.grava().unwrap();
    d.responde(1, &ACEITA);
    d.anota(2, &chave(3), EM);
    d.grava().unwrap();
    let d = Diario::abre(dir.path()).unwrap().unwrap();
    assert_eq!(d.ultima(), 2);
    let one = Tentativa { n: 1, chave: Some(chave(2)), em: Some(EM.into()), registro: Some(ACEITA) };
    assert_eq!(d.tentativa(1), Some(&one));
    assert_eq!(d.tentativa(2).unwrap().registro, None);
    assert_eq!(d.desde(0).unwrap().len(), 2);
    let waits = Registro { fim: Fim::Repete, http: Some(429), nao_antes: Some(9) };
    let mut d = d;
    d.responde(2, &waits);
    d.grava().unwrap();
    assert_eq!(Diario::abre(dir.path()).unwrap().unwrap().tentativa(2).unwrap().registro, Some(waits));
}

#[test]
fn linhas_sem_o_momento_ainda_se_leem() {
    let dir = tempfile::tempdir().unwrap();
    let sha = "ab".repeat(32);
    std::fs::write(dir.path().join(NOME), format!("S 0\nA 1 2023-08-04 {sha} 2\nR 1 ACEITA 202 -\n")).unwrap();
    let mut d = Diario::abre(dir.path()).unwrap().unwrap();
    d.anota(2, &chave(3), EM);
    d.grava().unwrap();
    let all = Diario::abre(dir.path()).unwrap().unwrap().desde(0).unwrap();
    let old = Tentativa { n: 1, chave: Some(chave(2)), em: None, registro: Some(ACEITA) };
    let new = Tentativa { n: 2, chave: Some(chave(3)), em: Some(EM.into()), registro: None };
    assert_eq!(all, [old, new]);
}

#[test]
fn uma_ultima_linha_partida_sai_e_o_resto_fica() {
    let dir = tempfile::tempdir().unwrap();
    let mut d = Diario::cria(dir.path(), 0).unwrap();
    d.anota(1, &chave(2), EM);
    d.grava().unwrap();
    let path = dir.path().join(NOME);
    drop(d);
    let whole = std::fs::read(&path).unwrap();
    assert!(whole.ends_with(b"\n"), "at rest there are no zeros");
    for torn in ["R 1 ACE", "A 2 2023-08-04 ab", "\0\0\0", "A 2 2023-\0\0\0 3\nR 2 ACEITA 202 -\n\0"] {
        std::fs::write(&path, [&whole[..], torn.as_bytes()].concat()).unwrap();
        assert_eq!(Diario::abre(dir.path()).unwrap().unwrap().ultima(), 1);
        assert_eq!(std::fs::read(&path).unwrap(), whole);
    }
    for foreign in ["", "x\n", "A 2 2023-08-04 ab\n", "R 1 TALVEZ - -\n"] {
        let mended = if foreign.is_empty() { Vec::new() } else { [&whole[..], foreign.as_bytes()].concat() };
        std::fs::write(&path, mended).unwrap();
        assert!(Diario::abre(dir.path()).is_err(), "{foreign}");
    }
}

#[test]
fn um_diario_longo_abre_pelo_fim_e_um_cheio_vira_a_pagina() {
    let dir = tempfile::tempdir().unwrap();
    let mut d = Diario::cria(dir.path(), 0).unwrap();
    for n in 1..=5000 {
        d.anota(n, &chave(n), EM);
        d.responde(n, &ACEITA);
    }
    d.grava().unwrap();
    let mut d = Diario::abre(dir.path()).unwrap().unwrap();
    assert_eq!((d.ultima(), d.tentativa(1), d.tentativa(5000).is_some()), (5000, None, true));
    assert_eq!(d.resposta(1).unwrap(), Some(ACEITA), "however far back");
    assert_eq!(d.desde(4000).unwrap().len(), 1000);
    d.vira(dir.path()).unwrap();
    d.anota(5001, &chave(1), EM);
    d.grava().unwrap();
    let mut d = Diario::abre(dir.path()).unwrap().unwrap();
    assert_eq!((d.ultima(), d.desde(4999).unwrap().len()), (5001, 2), "over both files");
    d.vira(dir.path()).unwrap();
    let d = Diario::abre(dir.path()).unwrap().unwrap();
    assert_eq!(d.ultima(), 5001, "a new file knows the number");
    assert!(d.desde(4999).is_err(), "what is forgotten is said");
    assert_eq!(d.desde(5000).unwrap().len(), 1);
}
