//! Collecting over real servers: IN1–IN8, IN11–IN18.

use super::*;
use crate::support::disco::{self, Falha as Disco};
use crate::support::servidor::{Falha, espera};

#[test]
fn um_dia_inteiro_passa_por_sftp_ftps_e_ftp_como_por_uma_pasta() {
    let here = Bed::new();
    here.fixture_day();
    here.atom(&["-q", "run"]).exits(3);
    for scheme in ["sftp", "ftps", "ftp"] {
        let (s, m) = match scheme {
            "sftp" => (sshd(""), sshd("")),
            _ => (vsftpd(scheme == "ftps"), vsftpd(scheme == "ftps")),
        };
        let b = Bed::bare("");
        configura(&b, &evo(&s, scheme, "after = \"move\""), &manager(&m, scheme, true), "");
        roda(&b, &["init"]).exits(0);
        b.fixture_day();
        for name in b.names("evo") {
            fs::copy(b.root.join("evo").join(&name), s.pasta("evo").join(&name)).unwrap();
        }
        roda(&b, &["run"]).exits(3);
        let sent = nomes(&m.pasta("entrada"));
        assert_eq!(b.digest(), here.digest(), "{scheme}");
        for (theirs, ours) in [(m.pasta("entrada"), "manager"), (s.pasta("erros"), "erros")] {
            // the stamp of a file for Manager is the second of its run
            let kind = |n: &String| n.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_').to_owned();
            let (sent, want) = (nomes(&theirs), here.names(ours));
            assert_eq!(
                sent.iter().map(kind).collect::<Vec<_>>(),
                want.iter().map(kind).collect::<Vec<_>>(),
                "{scheme}"
            );
            for (a, b) in sent.iter().zip(&want) {
                assert!(fs::read(theirs.join(a)).unwrap() == fs::read(here.root.join(ours).join(b)).unwrap(), "{a}");
            }
        }
        // what was imported was moved, what was not stays (IN17)
        let left = nomes(&s.pasta("evo"));
        let moved = nomes(&s.pasta("evo").join("importados"));
        assert!(left.contains(&"importados".to_owned()) && moved.len() + left.len() - 1 == b.names("evo").len());
        assert!(roda(&b, &["run"]).exits(0).stderr.contains("nada a fazer"), "{scheme}");
        assert_eq!(nomes(&m.pasta("entrada")), sent, "{scheme}");
    }
}

pub fn nomes(dir: &Path) -> Vec<String> {
    let mut all: Vec<_> =
        fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    all.sort();
    all
}

#[test]
fn in1_uma_conexao_que_cai_e_retomada_na_mesma_coleta_e_nada_fica_pela_metade() {
    let s = sshd("");
    let b = cama(&s, "sftp", "");
    let bytes = remessa(&b, 300);
    fs::write(s.pasta("evo").join(REMESSA), &bytes).unwrap();
    s.falha(Falha::CortaDe(600_000));
    acaba(&b, &["fetch"]).exits(0);
    assert!(s.conexoes() >= 3);
    assert!(fs::read(b.root.join("data/inbox").join(REMESSA)).unwrap() == bytes);
}

#[test]
fn in1_in15_o_que_ja_veio_nao_vem_outra_vez_na_proxima_coleta() {
    for settle in [0, 1] {
        let s = sshd("");
        let b = cama(&s, "sftp", "idle_seconds = 1");
        let path = b.root.join("atom.toml");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("settle_seconds = 0", &format!("settle_seconds = {settle}"))).unwrap();
        let bytes = remessa(&b, 400);
        fs::write(s.pasta("evo").join(REMESSA), &bytes).unwrap();
        if settle > 0 {
            roda(&b, &["fetch"]).exits(0);
            std::thread::sleep(Duration::from_millis(2100));
        }
        s.falha(Falha::Cala(1_300_000));
        let out = acaba(&b, &["fetch"]).exits(5);
        assert!(out.stderr.contains("sem mandar um byte"), "{}", out.stderr);
        assert_eq!(b.names("data/inbox"), [format!("{REMESSA}.fetch.part")]);
        s.falha(Falha::Nenhuma);
        s.bytes();
        roda(&b, &["fetch"]).exits(0);
        assert!(s.bytes() < 1_000_000, "only the rest comes");
        assert_eq!(b.names("data/inbox"), [REMESSA]);
        assert!(fs::read(b.root.join("data/inbox").join(REMESSA)).unwrap() == bytes);
    }
}

#[test]
fn in15_um_kill_no_meio_so_deixa_partes_e_uma_parte_de_outro_conteudo_nao_serve() {
    let s = sshd("");
    let b = cama(&s, "sftp", "");
    let (one, two) = (remessa(&b, 400), remessa(&b, 401));
    fs::write(s.pasta("evo").join(REMESSA), &one).unwrap();
    let part = b.root.join("data/inbox").join(format!("{REMESSA}.fetch.part"));
    for bytes in [&one, &two] {
        fs::write(s.pasta("evo").join(REMESSA), bytes).unwrap();
        s.falha(Falha::Cala(1_000_000));
        let mut child = solta(&b, &["fetch"]);
        espera(|| fs::metadata(&part).is_ok_and(|m| m.len() > 100_000));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(b.names("data/inbox"), [format!("{REMESSA}.fetch.part")]);
    }
    // the same size and time as what is remembered, other bytes: the overlap tells
    s.falha(Falha::Nenhuma);
    let stand = fs::metadata(s.pasta("evo").join(REMESSA)).unwrap().modified().unwrap();
    let three: Vec<u8> = two.iter().map(|b| if *b == b'7' { b'8' } else { *b }).collect();
    fs::write(s.pasta("evo").join(REMESSA), &three).unwrap();
    fs::File::open(s.pasta("evo").join(REMESSA)).unwrap().set_modified(stand).unwrap();
    roda(&b, &["fetch"]).exits(0);
    assert!(fs::read(b.root.join("data/inbox").join(REMESSA)).unwrap() == three);
    // a part of nothing that is awaited goes
    fs::write(b.root.join("data/inbox").join(format!("{PARCELAS}.fetch.part")), "x").unwrap();
    roda(&b, &["fetch"]).exits(0);
    assert_eq!(b.names("data/inbox"), [REMESSA]);
}

#[test]
fn in2_um_servidor_calado_acaba_no_limite_e_o_do_outro_entra() {
    let (s, m) = (sshd(""), sshd(""));
    let b = Bed::bare("");
    configura(&b, &evo(&s, "sftp", "idle_seconds = 1"), &manager(&m, "sftp", true), "");
    roda(&b, &["init"]).exits(0);
    let name = "20230804_093000_manager_retorno.csv";
    for silent in [0, 20, 1_000, 2_000] {
        fs::write(m.pasta("saida").join(name), format!("ID_CRM;TELEFONE;STATUS;DATA_HORA\n{silent}\n")).unwrap();
        s.falha(Falha::Cala(silent));
        let out = acaba(&b, &["--json", "fetch"]).exits(5);
        let told = &out.json()[0];
        assert_eq!(
            (&told["failed"][0]["folder"], &told["fetched"][0]["file"]),
            (&"evo".into(), &name.into()),
            "{told}"
        );
    }
    s.falha(Falha::Recusa);
    let out = acaba(&b, &["fetch"]).exits(5);
    assert!(out.stderr.contains("próxima execução"), "{}", out.stderr);
}

/// Bytes come, but no end.
#[test]
fn in2_um_servidor_que_goteja_acaba_com_max_seconds() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                while std::io::Write::write_all(&mut client, b"x\r\n").is_ok() {
                    std::thread::sleep(Duration::from_millis(100));
                }
            });
        }
    });
    for scheme in ["sftp", "ftp"] {
        let (b, m) = (Bed::bare(""), sshd(""));
        let url = format!(
            "url = \"{scheme}://u@127.0.0.1:{port}/x\"\nallow_cleartext = true\nmax_seconds = 2\nsettle_seconds = 0\n"
        );
        let there = manager(&m, "sftp", true);
        configura(&b, &(url + "idle_seconds = 1\npassword = \"env:FTP_SENHA\""), &there, "");
        roda(&b, &["init"]).exits(0);
        let name = "20230804_093000_manager_retorno.csv";
        fs::write(m.pasta("saida").join(name), "ID_CRM;TELEFONE;STATUS;DATA_HORA\n").unwrap();
        let out = acaba(&b, &["fetch"]).exits(5);
        // the other's file is in
        assert_eq!(b.names("data/inbox"), [name], "{scheme}: {} {}", out.stdout, out.stderr);
    }
}

#[test]
fn in3_por_sftp_e_ftp_so_entra_o_que_parou_de_crescer() {
    for scheme in ["sftp", "ftp"] {
        let s = if scheme == "sftp" { sshd("") } else { vsftpd(false) };
        let b = cama(&s, scheme, "");
        let path = b.root.join("atom.toml");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("settle_seconds = 0", "settle_seconds = 1")).unwrap();
        let whole = remessa(&b, 2);
        let there = s.pasta("evo").join(REMESSA);
        fs::write(&there, &whole[..5000]).unwrap();
        fs::write(s.pasta("evo").join(format!("{PARCELAS}.filepart")), "x").unwrap();
        roda(&b, &["fetch"]).exits(0);
        std::thread::sleep(Duration::from_millis(1100));
        fs::write(&there, &whole).unwrap();
        roda(&b, &["fetch"]).exits(0);
        assert!(b.names("data/inbox").is_empty(), "{scheme}");
        std::thread::sleep(Duration::from_millis(2100));
        roda(&b, &["fetch"]).exits(0);
        assert_eq!(b.names("data/inbox"), [REMESSA], "{scheme}");
        assert!(fs::read(b.root.join("data/inbox").join(REMESSA)).unwrap() == whole);
    }
}

#[test]
fn in7_in8_por_sftp_nomes_hostis_e_o_que_nao_e_arquivo_ficam_de_fora() {
    use std::os::unix::ffi::OsStrExt;
    let s = sshd("");
    let b = cama(&s, "sftp", "");
    let evo = s.pasta("evo");
    let long = "n".repeat(255);
    for name in [
        &b"-rf"[..],
        b"a\nb\x1b[31m",
        b"..528",
        b"\xff\xfe.csv",
        long.as_bytes(),
        b"20230803_203000_remessa_528_out.528\xe9",
    ] {
        fs::write(evo.join(std::ffi::OsStr::from_bytes(name)), "x").unwrap();
    }
    fs::create_dir(evo.join(REMESSA)).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", evo.join(PARCELAS)).unwrap();
    assert!(Command::new("mkfifo").arg(evo.join(GARANTIAS)).status().unwrap().success());
    let out = acaba(&b, &["run"]).exits(0);
    assert!(b.names("data/inbox").is_empty());
    assert!(!out.stderr.contains('\u{1b}') && out.stderr.contains("não é um arquivo comum"), "{:?}", out.stderr);
    assert_eq!(b.json(&["status"]).json()[0]["unknown_names"].as_array().unwrap().len(), 9);
}

#[test]
fn in11_uma_queda_entre_receber_importar_e_mover_nao_repete_nada() {
    let s = sshd("");
    let b = cama(&s, "sftp", "after = \"move\"");
    fs::write(s.pasta("evo").join(REMESSA), remessa(&b, 3)).unwrap();
    let dies = |point: &str, args: &[&str]| {
        let out = comando(&b, args).env("ATOM_TEST_CRASH", point).output().unwrap();
        assert!(!out.status.success(), "{point}");
    };
    dies("fetch", &["run"]);
    dies("depois", &["run"]);
    assert_eq!(nomes(&s.pasta("evo")), ["importados"]);
    roda(&b, &["-q", "run"]).exits(0);
    roda(&b, &["-q", "run"]).exits(0);
    assert_eq!((b.sql("SELECT count(*) FROM arquivo"), b.sql("SELECT count(*) FROM run")), ("1".into(), "1".into()));
    assert_eq!(b.sql("SELECT group_concat(depois) FROM remoto"), "feito");
    assert_eq!(nomes(&s.pasta("evo").join("importados")), [REMESSA]);
}

#[test]
fn in12_in13_por_sftp_outro_conteudo_e_entrada_nova_e_o_mesmo_sob_outro_nome_nao_tem_segundo_efeito() {
    let s = sshd("");
    let b = cama(&s, "sftp", "");
    let there = s.pasta("evo");
    fs::write(there.join(REMESSA), remessa(&b, 2)).unwrap();
    roda(&b, &["-q", "run"]).exits(0);
    fs::write(there.join(REMESSA), remessa(&b, 3)).unwrap();
    let out = roda(&b, &["run"]).exits(0);
    assert!(out.stderr.contains("reenviado com outro conteúdo"), "{}", out.stderr);
    assert_eq!(b.names("data/archive/2023-08-04").len(), 2);
    fs::write(there.join(REMESSA.replace("203000", "204500")), remessa(&b, 3)).unwrap();
    let out = roda(&b, &["run"]);
    assert!(out.stdout.contains("DUPLICADO") || out.stdout.contains("duplicad"), "{}", out.stdout);
    assert_eq!(b.sql("SELECT count(*) FROM arquivo WHERE estado='duplicado'"), "1");
}

#[test]
fn in14_dois_fetch_ao_mesmo_tempo_o_segundo_sai_logo_com_ocupado() {
    let s = sshd("");
    let b = cama(&s, "sftp", "");
    fs::write(s.pasta("evo").join(REMESSA), remessa(&b, 300)).unwrap();
    s.falha(Falha::Cala(700_000));
    let mut first = solta(&b, &["fetch"]);
    espera(|| !b.names("data/inbox").is_empty());
    acaba(&b, &["fetch"]).exits(11);
    first.kill().unwrap();
    first.wait().unwrap();
    s.falha(Falha::Nenhuma);
    roda(&b, &["-q", "run"]).exits(0);
    assert_eq!(b.sql("SELECT count(*) FROM arquivo"), "1");
}

#[test]
fn in16_disco_cheio_ao_receber_por_sftp_diz_a_pasta_e_a_proxima_coleta_recebe() {
    let s = sshd("");
    let b = cama(&s, "sftp", "");
    let bytes = remessa(&b, 20);
    fs::write(s.pasta("evo").join(REMESSA), &bytes).unwrap();
    let inbox = b.root.join("data/inbox").display().to_string();
    for (op, modo) in [("write", "from"), ("sync", "once"), ("create", "once"), ("rename", "once")] {
        let v = disco::roda(&b, &["fetch"], Disco { pasta: "data/inbox", op, n: 1, modo, erro: "ENOSPC" });
        assert_eq!(v.out.code, 1, "{op}: {}", v.disse());
        assert!(v.disse().contains(&inbox) && v.em_linha().contains("disco cheio"), "{op}: {}", v.disse());
        assert!(!b.names("data/inbox").contains(&REMESSA.to_owned()), "{op}");
    }
    roda(&b, &["fetch"]).exits(0);
    assert!(fs::read(b.root.join("data/inbox").join(REMESSA)).unwrap() == bytes);
}

#[test]
fn in18_um_arquivo_grande_demais_e_recusado_antes_de_vir() {
    let s = sshd("");
    let b = cama(&s, "sftp", "max_megabytes = 3");
    let f = fs::File::create(s.pasta("evo").join(REMESSA)).unwrap();
    f.set_len(5 * 1024 * 1024).unwrap();
    fs::write(s.pasta("evo").join(PARCELAS), b.parcela("1001", "1", &[])).unwrap();
    s.bytes();
    let out = roda(&b, &["fetch"]).exits(0);
    assert!(out.stderr.contains("evo.max_megabytes"), "{}", out.stderr);
    assert!(s.bytes() < 500_000);
    assert_eq!(b.names("data/inbox"), [PARCELAS]);
    // told once, then shown
    assert!(!roda(&b, &["fetch"]).exits(0).stderr.contains("max_megabytes"));
    assert!(b.atom(&["status"]).stdout.contains("max_megabytes"));
}

/// Under a limit of the memory that a process may fill; sshd counts the listings.
#[test]
fn in18_dez_mil_nomes_cabem_em_200_mib_e_duas_listagens() {
    let s = sshd("Subsystem sftp /usr/lib/openssh/sftp-server -e -l VERBOSE 2>>PASTA/sftp.log");
    let b = cama(&s, "sftp", "after = \"delete\"");
    let evo = s.pasta("evo");
    for n in 0..10_000 {
        fs::write(evo.join(format!("{n:06}_nao_e_para_nos_{}.txt", "x".repeat(60))), "").unwrap();
    }
    fs::write(evo.join(REMESSA), remessa(&b, 3)).unwrap();
    let limited = |args: &str| -> Out {
        let text = format!("ulimit -d 204800 && exec \"{}\" {args}", env!("CARGO_BIN_EXE_atom"));
        let mut c = Command::new("sh");
        c.args(["-c", &text]).current_dir(&b.root).env("ATOM_NOW", "2023-08-04T02:41:00-03:00");
        c.output().unwrap().into()
    };
    let out = limited("run").exits(0);
    assert!(out.stderr.lines().count() < 40 && out.stderr.contains("e mais 9.980"), "{}", out.stderr);
    assert!(!evo.join(REMESSA).exists());
    let listings = fs::read_to_string(s.raiz().join("sftp.log")).unwrap().matches("opendir").count();
    assert!((1..=2).contains(&listings), "{listings}");
    let again = limited("fetch").exits(0);
    assert_eq!(again.stderr, "");
}

#[test]
fn arquivo_de_zero_bytes_vem_como_e() {
    for scheme in ["sftp", "ftps"] {
        let s = if scheme == "sftp" { sshd("") } else { vsftpd(true) };
        let b = cama(&s, scheme, "");
        fs::write(s.pasta("evo").join(REMESSA), "").unwrap();
        roda(&b, &["fetch"]).exits(0);
        assert_eq!(fs::read(b.root.join("data/inbox").join(REMESSA)).unwrap(), b"", "{scheme}");
    }
}

#[test]
fn um_relogio_que_esteve_adiantado_nao_prende_um_arquivo() {
    let s = sshd("");
    let b = cama(&s, "sftp", "");
    let path = b.root.join("atom.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("settle_seconds = 0", "settle_seconds = 1")).unwrap();
    fs::write(s.pasta("evo").join(REMESSA), remessa(&b, 1)).unwrap();
    roda(&b, &["fetch"]).exits(0);
    b.db().execute("UPDATE remoto SET visto_em = visto_em + 86400", []).unwrap();
    roda(&b, &["fetch"]).exits(0);
    std::thread::sleep(Duration::from_millis(2100));
    roda(&b, &["fetch"]).exits(0);
    assert_eq!(b.names("data/inbox"), [REMESSA]);
}

#[test]
fn o_ensaio_da_coleta_so_chama_de_reenviado_o_que_ja_veio_com_outro_conteudo() {
    let s = sshd("");
    let b = cama(&s, "sftp", "");
    let path = b.root.join("atom.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("settle_seconds = 0", "settle_seconds = 1")).unwrap();
    let resent = |b: &Bed| {
        roda(b, &["fetch"]).exits(0);
        std::thread::sleep(Duration::from_millis(2100));
        roda(b, &["--json", "--dry-run", "fetch"]).exits(0).json()[0]["fetched"][0]["resent"].clone()
    };
    fs::write(s.pasta("evo").join(REMESSA), remessa(&b, 1)).unwrap();
    assert_eq!(resent(&b), false);
    roda(&b, &["fetch"]).exits(0);
    fs::write(s.pasta("evo").join(REMESSA), remessa(&b, 2)).unwrap();
    assert_eq!(resent(&b), true);
}
