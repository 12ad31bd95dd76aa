//! What goes out over real servers: EX1–EX3, EX7, EX9, EX10.

use super::coleta::nomes;
use super::*;
use crate::support::servidor::Falha;

/// A bed whose Manager is on a server, with a remessa imported and a carga due.
fn com_carga(s: &Servidor, scheme: &str) -> Bed {
    let b = Bed::bare("");
    let here = format!("{}settle_seconds = 0\nidle_seconds = 2\n", aqui(&b, "evo"));
    configura(&b, &here, &manager(s, scheme, false), "[dia]\nobrigatorios = []");
    roda(&b, &["init"]).exits(0);
    let f = b.file(REMESSA, &remessa(&b, 400));
    roda(&b, &["-q", "import", "remessa", &f]).exits(0);
    b
}

fn finais(s: &Servidor) -> Vec<String> {
    nomes(&s.pasta("entrada")).into_iter().filter(|n| !n.ends_with(".part")).collect()
}

#[test]
fn ex1_ex2_um_envio_cortado_nao_deixa_nome_final_e_depois_vao_os_mesmos_bytes_uma_vez() {
    let s = sshd("");
    for cut in [1, 1_000, 9_000, 45_000] {
        let b = com_carga(&s, "sftp");
        for n in finais(&s) {
            fs::remove_file(s.pasta("entrada").join(n)).unwrap();
        }
        s.falha(Falha::CortaPara(cut));
        let out = acaba(&b, &["run"]);
        assert_eq!(out.code, 5, "{cut}: {}", out.stderr);
        assert!(finais(&s).is_empty(), "{cut}: {:?}", finais(&s));
        let built = b.names("data/outbox");
        let bytes = fs::read(b.root.join("data/outbox").join(&built[0])).unwrap();
        s.falha(Falha::Nenhuma);
        roda(&b, &["-q", "run"]).exits(0);
        roda(&b, &["-q", "run"]).exits(0);
        assert_eq!(nomes(&s.pasta("entrada")), built, "{cut}");
        assert!(fs::read(s.pasta("entrada").join(&built[0])).unwrap() == bytes, "{cut}");
        assert_eq!(b.sql("SELECT count(*) FROM enviado"), "400");
    }
}

#[test]
fn ex3_uma_queda_entre_renomear_e_gravar_nao_repete_por_nenhum_protocolo() {
    for scheme in ["sftp", "ftps", "ftp"] {
        let s = if scheme == "sftp" { sshd("") } else { vsftpd(scheme == "ftps") };
        let b = com_carga(&s, scheme);
        let out = comando(&b, &["-q", "run"]).env("ATOM_TEST_CRASH", "publish").output().unwrap();
        assert!(!out.status.success());
        let sent = finais(&s);
        assert_eq!((sent.len(), b.sql("SELECT count(*) FROM enviado")), (1, "0".into()), "{scheme}");
        roda(&b, &["-q", "run"]).exits(0);
        roda(&b, &["-q", "run"]).exits(0);
        assert_eq!((finais(&s), b.sql("SELECT count(*) FROM enviado")), (sent, "400".into()), "{scheme}");
    }
}

#[test]
fn ex7_um_arquivo_de_outro_sob_o_nome_nao_e_tocado_por_nenhum_protocolo() {
    for scheme in ["sftp", "ftps", "ftp"] {
        let s = if scheme == "sftp" { sshd("") } else { vsftpd(scheme == "ftps") };
        let b = com_carga(&s, scheme);
        s.falha(Falha::Recusa);
        acaba(&b, &["run"]).exits(5);
        let name = b.names("data/outbox")[0].clone();
        fs::write(s.pasta("entrada").join(&name), "de outro").unwrap();
        s.falha(Falha::Nenhuma);
        let out = roda(&b, &["run"]).exits(1);
        assert!(out.stderr.contains("já existe um arquivo"), "{scheme}: {}", out.stderr);
        assert_eq!(fs::read(s.pasta("entrada").join(&name)).unwrap(), b"de outro", "{scheme}");
        fs::remove_file(s.pasta("entrada").join(&name)).unwrap();
        roda(&b, &["-q", "run"]).exits(0);
        assert_eq!(finais(&s), [name], "{scheme}");
    }
}

#[test]
fn ex9_com_o_manager_dois_dias_fora_o_inacabado_de_um_dia_passado_se_abandona_na_volta() {
    let s = sshd("");
    let mut b = com_carga(&s, "sftp");
    s.falha(Falha::Recusa);
    acaba(&b, &["run"]).exits(5);
    b.at("2023-08-07T21:00:00");
    let f = b.file("20230807_203000_remessa_528_out.528", &remessa(&b, 300));
    acaba(&b, &["-q", "import", "remessa", &f]);
    acaba(&b, &["run"]).exits(5);
    // it may stand there: only the server itself can tell
    assert_eq!(b.sql("SELECT group_concat(estado) FROM saida"), "gerado");
    s.falha(Falha::Nenhuma);
    roda(&b, &["-q", "run"]).exits(0);
    assert_eq!(b.sql("SELECT group_concat(estado) FROM saida WHERE tipo='carga'"), "abandonado,publicado");
    assert!(finais(&s).iter().all(|n| n.starts_with("20230807_")), "{:?}", finais(&s));
}

#[test]
fn ex10_um_manager_so_de_leitura_deixa_o_arquivo_gerado_e_a_saida_nao_e_0() {
    let s = sshd("Subsystem sftp internal-sftp -R");
    let b = com_carga(&s, "sftp");
    let out = acaba(&b, &["run"]).exits(5);
    assert!(out.stderr.contains("sem permissão"), "{}", out.stderr);
    assert_eq!((b.sql("SELECT group_concat(estado) FROM saida"), finais(&s).len()), ("gerado".into(), 0));
}

#[test]
fn um_servidor_calado_no_envio_acaba_no_limite() {
    let s = sshd("");
    let b = com_carga(&s, "sftp");
    for silent in [500, 1_500, 2_000] {
        s.falha(Falha::Cala(silent));
        acaba(&b, &["run"]).exits(5);
        assert!(finais(&s).is_empty());
    }
    s.falha(Falha::Nenhuma);
    roda(&b, &["-q", "run"]).exits(0);
    assert_eq!(finais(&s).len(), 1);
}
