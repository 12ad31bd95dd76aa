//! Servers that lie: IN5, IN6, IN7, SE8, EX10.

use super::falso::{self, Falso, Mentira};
use super::*;

fn cama_de(f: &Falso, scheme: &str, manager: Option<&str>) -> Bed {
    let b = Bed::bare("");
    let ours = |key: &str| {
        format!(
            "{key} = \"{scheme}://u@127.0.0.1:{}/x\"\npassword = \"env:FTP_SENHA\"\nallow_cleartext = {}\n",
            f.port,
            scheme == "ftp"
        )
    };
    let evo = if manager.is_some() { aqui(&b, "evo") } else { ours("url") };
    let there = if manager.is_some() { ours("url") } else { aqui(&b, "manager") };
    configura(&b, &format!("{evo}settle_seconds = 0\nidle_seconds = 1\n"), &there, "[dia]\nobrigatorios = []");
    roda(&b, &["init"]).exits(0);
    b
}

fn bytes() -> Vec<u8> {
    remessa(&Bed::bare(""), 100)
}

#[test]
fn um_servidor_honesto_sem_mlsd_e_entendido_e_so_o_endereco_dele_e_procurado() {
    let f = falso::ftp(REMESSA, bytes(), Mentira::default());
    let b = cama_de(&f, "ftp", None);
    acaba(&b, &["fetch"]).exits(0);
    assert!(fs::read(b.root.join("data/inbox").join(REMESSA)).unwrap() == bytes());
    // MLSD is asked once
    assert_eq!(f.comandos.lock().unwrap().iter().filter(|c| c.starts_with("MLSD")).count(), 1);
}

#[test]
fn um_servidor_com_mlsd_e_perguntado_por_ele_e_a_segunda_olhada_nao_baixa_de_novo() {
    let n = bytes().len();
    let lines = format!(
        "type=cdir;modify=20230804020000; /x\r\ntype=pdir;modify=20230804020000; ..\r\n\
         type=dir;modify=20230804020000; {PARCELAS}\r\ntype=OS.unix=slink;modify=20230804020000; {GARANTIAS}\r\n\
         type=file;size={n};modify=20230804020000; {REMESSA}\r\n"
    );
    let f = falso::ftp(REMESSA, bytes(), Mentira { mlsd: Some(lines), ..Mentira::default() });
    let b = cama_de(&f, "ftp", None);
    let out = acaba(&b, &["fetch"]).exits(0);
    assert!(out.stderr.contains(PARCELAS) && !out.stderr.contains("/x:"), "{}", out.stderr);
    assert_eq!(b.names("data/inbox"), [REMESSA]);
    acaba(&b, &["fetch"]).exits(0);
    let said = f.comandos.lock().unwrap().join(" ");
    assert_eq!((said.matches("RETR").count(), said.matches("LIST").count()), (1, 0), "{said}");
}

#[test]
fn in5_in6_o_que_veio_cortado_o_que_cresce_e_a_lista_que_mente_nao_entram() {
    let all = bytes();
    let list = |n: usize| Some(format!("-rw-r--r-- 1 0 0 {n} Aug 04  2023 {REMESSA}\r\n"));
    for (what, lie, code) in [
        ("cut, and 226", Mentira { corta: Some(150_000), ..Mentira::default() }, 5),
        ("cut to nothing", Mentira { corta: Some(0), ..Mentira::default() }, 5),
        ("the list says less", Mentira { lista: list(all.len() - 1000), ..Mentira::default() }, 0),
        ("the list says more", Mentira { lista: list(all.len() + 1000), ..Mentira::default() }, 0),
        ("list and SIZE agree on less", Mentira { lista: list(1000), tamanho: Some(1000), ..Mentira::default() }, 0),
        ("it grows", Mentira { cresce: 7, lista: list(all.len() + 7), ..Mentira::default() }, 0),
        ("no end", Mentira { sem_fim: true, ..Mentira::default() }, 5),
    ] {
        let f = falso::ftp(REMESSA, all.clone(), lie);
        let b = cama_de(&f, "ftp", None);
        let out = acaba(&b, &["fetch"]);
        assert_eq!(out.code, code, "{what}: {} {}", out.stdout, out.stderr);
        assert!(!b.names("data/inbox").contains(&REMESSA.to_owned()), "{what}: {:?}", b.names("data/inbox"));
        assert_eq!(b.sql("SELECT count(*) FROM arquivo"), "0", "{what}");
        assert!(out.code == 5 || out.stdout.contains("1 ainda assentando"), "{what}: {}", out.stdout);
    }
}

#[test]
fn in7_um_nome_com_caminho_nao_cria_nada_fora_da_caixa() {
    let names = [format!("../{REMESSA}"), format!("/tmp/{REMESSA}"), format!("..\\{REMESSA}"), format!("-{REMESSA}")];
    let list: String = names.iter().map(|n| format!("-rw-r--r-- 1 0 0 10 Aug 04  2023 {n}\r\n")).collect();
    let f = falso::ftp(REMESSA, bytes(), Mentira { lista: Some(list), ..Mentira::default() });
    let b = cama_de(&f, "ftp", None);
    acaba(&b, &["fetch"]).exits(0);
    assert!(b.names("data/inbox").is_empty());
    assert!(!b.root.join("data").join(REMESSA).exists() && !Path::new("/tmp").join(REMESSA).exists());
    assert!(!f.comandos.lock().unwrap().iter().any(|c| c.starts_with("RETR")));
}

#[test]
fn uma_lista_sem_fim_e_recusada() {
    let list: String = (0..100_010).map(|n| format!("-rw-r--r-- 1 0 0 1 Aug 04  2023 {n}\r\n")).collect();
    let f = falso::ftp(REMESSA, bytes(), Mentira { lista: Some(list), ..Mentira::default() });
    let b = cama_de(&f, "ftp", None);
    let out = acaba(&b, &["fetch"]).exits(5);
    assert!(out.stderr.contains("nomes"), "{}", out.stderr);
}

#[test]
fn ex10_um_manager_cheio_por_ftp_deixa_o_arquivo_gerado() {
    let f = falso::ftp("x", Vec::new(), Mentira { recusa_stor: Some("452 disco cheio"), ..Mentira::default() });
    let b = cama_de(&f, "ftp", Some("manager"));
    let file = b.file(REMESSA, &remessa(&b, 2));
    acaba(&b, &["-q", "import", "remessa", &file]);
    let out = acaba(&b, &["run"]).exits(5);
    assert!(out.stderr.contains("disco cheio"), "{}", out.stderr);
    assert_eq!(b.sql("SELECT group_concat(estado) FROM saida"), "gerado");
}

#[test]
fn um_servidor_sem_tls_nao_recebe_usuario_nem_senha_por_ftps() {
    for tls in [None, Some("530 não"), Some("234 vamos")] {
        let f = falso::ftp(REMESSA, bytes(), Mentira { tls, ..Mentira::default() });
        let b = cama_de(&f, "ftps", None);
        let out = acaba(&b, &["fetch"]);
        assert!(matches!(out.code, 2 | 5), "{}", out.stderr);
        let said = f.comandos.lock().unwrap().join(" ");
        assert!(!said.contains("USER") && !said.contains("PASS"), "{said}");
    }
}

/// The data connection breaks, whatever the server says of it.
#[test]
fn ex2_um_envio_por_ftp_cortado_na_conexao_de_dados_nao_deixa_nome_final_e_depois_vao_os_mesmos_bytes() {
    for cut in [(1_000, "226 tudo"), (0, "226 tudo"), (1_000, "426 caiu"), (30_000, "451 não deu")] {
        let f = falso::ftp("x", Vec::new(), Mentira::default());
        let b = cama_de(&f, "ftp", Some("manager"));
        let file = b.file(REMESSA, &remessa(&b, 400));
        roda(&b, &["-q", "import", "remessa", &file]).exits(0);
        f.estado.lock().unwrap().corta_stor = Some(cut);
        acaba(&b, &["run"]).exits(5);
        assert_eq!(b.sql("SELECT group_concat(estado) FROM saida"), "gerado", "{cut:?}");
        let stands = |f: &Falso| -> Vec<String> {
            f.estado.lock().unwrap().guardados.keys().filter(|n| !n.ends_with(".part")).cloned().collect()
        };
        assert!(stands(&f).is_empty(), "{cut:?}: {:?}", stands(&f));
        let built = b.names("data/outbox");
        let bytes = fs::read(b.root.join("data/outbox").join(&built[0])).unwrap();
        f.estado.lock().unwrap().corta_stor = None;
        roda(&b, &["-q", "run"]).exits(0);
        roda(&b, &["-q", "run"]).exits(0);
        assert_eq!(stands(&f), built, "{cut:?}");
        assert!(f.estado.lock().unwrap().guardados[&built[0]] == bytes, "{cut:?}");
        assert_eq!(b.sql("SELECT count(*) FROM enviado"), "400");
    }
}

#[test]
fn in1_um_servidor_sem_rest_manda_o_arquivo_de_novo_do_comeco() {
    let f = falso::ftp(REMESSA, bytes(), Mentira { cai: Some(150_000), sem_rest: true, ..Mentira::default() });
    let b = cama_de(&f, "ftp", None);
    acaba(&b, &["fetch"]).exits(0);
    assert!(f.comandos.lock().unwrap().iter().any(|c| c.starts_with("REST")), "it was asked to go on");
    assert!(fs::read(b.root.join("data/inbox").join(REMESSA)).unwrap() == bytes());
}

#[test]
fn in1_um_servidor_que_some_depois_do_ultimo_byte_nao_faz_baixar_de_novo() {
    let f = falso::ftp(REMESSA, bytes(), Mentira { foge: true, ..Mentira::default() });
    let b = cama_de(&f, "ftp", None);
    let out = acaba(&b, &["fetch"]).exits(5);
    assert!(!out.stdout.contains("1 ainda assentando"), "{}", out.stdout);
    assert_eq!(b.names("data/inbox"), [format!("{REMESSA}.fetch.part")]);
    f.estado.lock().unwrap().fora = false;
    f.comandos.lock().unwrap().clear();
    acaba(&b, &["fetch"]).exits(0);
    assert!(fs::read(b.root.join("data/inbox").join(REMESSA)).unwrap() == bytes());
    assert!(f.comandos.lock().unwrap().iter().any(|c| c.starts_with("REST")), "what came was not asked for again");
}
