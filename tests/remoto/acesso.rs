//! Who we are and whom we trust: IN9, IN10, SE2, SE3, `atom hostkey`.

use super::coleta::nomes;
use super::*;
use crate::support::servidor::{Falha, chave, conhece, diario, espera, sshd_com_pam};
use std::path::Path;

/// The `[evo]` of a server without credentials.
fn nu(s: &Servidor, more: &str) -> String {
    let root = s.raiz().display();
    format!(
        "url = \"sftp://{}@127.0.0.1:{}{}\"\nsettle_seconds = 0\nknown_hosts = \"{root}/known_hosts\"\n{more}\n",
        eu(),
        s.port,
        s.pasta("evo").display()
    )
}

fn com(b: &Bed, evo: &str) {
    configura(b, evo, &aqui(b, "manager"), "[dia]\nobrigatorios = []");
}

fn autoriza(s: &Servidor, key: &Path) {
    let line = fs::read_to_string(key.with_extension("pub")).unwrap();
    fs::write(s.raiz().join("autorizadas"), line).unwrap();
}

/// A bed with a file to be had, if one gets in.
fn cheia(s: &Servidor) -> Bed {
    let b = Bed::bare("");
    com(&b, &nu(s, ""));
    roda(&b, &["init"]).exits(0);
    fs::write(s.pasta("evo").join(REMESSA), remessa(&b, 1)).unwrap();
    b
}

#[test]
fn in9_chave_do_servidor_desconhecida_ou_trocada_nao_recebe_credencial_e_o_caminho_e_o_hostkey() {
    let s = sshd("");
    let b = cheia(&s);
    let root = s.raiz().to_owned();
    com(&b, &nu(&s, &format!("key = \"file:{}/chave\"", root.display())));
    let known = root.join("known_hosts");
    chave(&root.join("outra"), "ed25519", "");
    for case in ["desconhecida", "trocada", "outra porta"] {
        match case {
            "desconhecida" => fs::remove_file(&known).unwrap(),
            "trocada" => conhece(&s, "outra"),
            _ => {
                let line = fs::read_to_string(root.join("host.pub")).unwrap();
                fs::write(&known, format!("127.0.0.1 {line}[127.0.0.1]:1 {line}")).unwrap();
            }
        }
        let before = fs::read(&known).unwrap_or_default();
        let out = acaba(&b, &["run"]).exits(2);
        let want = if case == "trocada" { "mudou" } else { "não é conhecida" };
        assert!(out.stderr.contains(want) && out.stderr.contains("Nenhuma credencial foi enviada"), "{}", out.stderr);
        let step = out.stderr.lines().find(|l| l.contains("atom hostkey add")).unwrap();
        assert_eq!(fs::read(&known).unwrap_or_default(), before, "{case}");
        assert!(!diario(&s).contains("Accepted") && !diario(&s).contains("Failed"), "{}", diario(&s));
        assert!(!diario(&s).contains(&format!("user {}", eu())), "nobody asked to get in: {}", diario(&s));
        // the way in: as the message says, and only with the right fingerprint
        let words: Vec<&str> = step.split_whitespace().skip(1).collect();
        let shown = roda(&b, &["--json", "hostkey", "show"]).exits(2).json();
        assert_eq!(
            (&shown[0]["known"], &shown[0]["fingerprint"]),
            (&if case == "trocada" { "changed" } else { "no" }.into(), &words[4].into())
        );
        let wrong = words[4].replace("SHA256:", "SHA256:x");
        roda(&b, &[words[0], words[1], words[2], words[3], &wrong]).exits(2);
        assert_eq!(fs::read(&known).unwrap_or_default(), before, "{case}");
        roda(&b, &words).exits(0);
        assert_eq!(roda(&b, &["--json", "hostkey", "show", words[2]]).exits(0).json()[0]["known"], "yes");
        acaba(&b, &["fetch"]).exits(0);
        fs::write(root.join("sshd.log"), "").unwrap();
    }
    assert_eq!(b.sql("SELECT count(*) FROM arquivo"), "1");
    roda(&b, &["hostkey", "show", "de.outro:22"]).exits(2);
}

#[test]
fn chaves_ed25519_rsa_e_ecdsa_abertas_e_com_frase_secreta_entram() {
    let s = sshd("");
    let b = cheia(&s);
    for (kind, phrase) in [("ed25519", ""), ("rsa", ""), ("ecdsa", ""), ("ed25519", "uma frase"), ("rsa", "uma frase")]
    {
        let key = s.raiz().join(format!("k_{kind}_{}", phrase.len()));
        chave(&key, kind, phrase);
        autoriza(&s, &key);
        let more = format!("key = \"file:{}\"\npassphrase = \"env:FRASE\"", key.display());
        com(&b, &nu(&s, if phrase.is_empty() { more.lines().next().unwrap() } else { &more }));
        let out: Out = comando(&b, &["-vv", "fetch"]).env("FRASE", phrase).output().unwrap().into();
        assert_eq!(out.code, 0, "{kind} {phrase:?}: {}", out.stderr);
        assert!(phrase.is_empty() || !out.stderr.contains(phrase), "{}", out.stderr);
    }
    // the words of `password` open a key as well, where no passphrase is given
    let key = s.raiz().join("k_rsa_9");
    com(&b, &nu(&s, &format!("key = \"file:{}\"\npassword = \"env:FRASE\"", key.display())));
    assert!(comando(&b, &["fetch"]).env("FRASE", "uma frase").output().unwrap().status.success());
    assert_eq!(b.names("data/inbox"), [REMESSA]);
}

#[test]
fn uma_chave_que_nao_serve_e_dita_com_o_motivo() {
    let s = sshd("");
    let b = cheia(&s);
    let (locked, other, broken) = (s.raiz().join("trancada"), s.raiz().join("alheia"), s.raiz().join("lixo"));
    chave(&locked, "ed25519", "certa");
    chave(&other, "ed25519", "");
    fs::write(&broken, "isto não é uma chave").unwrap();
    mode(&broken, 0o600);
    autoriza(&s, &locked);
    for (key, phrase, says) in [
        (&locked, "errada", "frase secreta"),
        (&locked, "", "indique-a em passphrase"),
        (&other, "", "não aceitou a chave"),
        (&broken, "", "não é uma chave privada"),
    ] {
        let phrase_key = if phrase.is_empty() { "" } else { "passphrase = \"env:FRASE\"" };
        com(&b, &nu(&s, &format!("key = \"file:{}\"\n{phrase_key}", key.display())));
        let out: Out = comando(&b, &["fetch"]).env("FRASE", phrase).output().unwrap().into();
        assert_eq!(out.code, 2, "{says}: {}", out.stderr);
        assert!(out.stderr.contains(says), "{says}: {}", out.stderr);
    }
}

#[test]
fn se3_chave_ou_senha_que_outros_podem_ler_e_recusada() {
    let s = sshd("");
    let b = cheia(&s);
    let key = s.raiz().join("chave");
    let word = b.root.join("senha");
    fs::write(&word, "segredo").unwrap();
    for (which, path) in [("key", &key), ("password", &word)] {
        mode(path, 0o640);
        com(&b, &nu(&s, &format!("{which} = \"file:{}\"", path.display())));
        for args in [&["fetch"][..], &["run"]] {
            let out = roda(&b, args).exits(2);
            assert!(out.stderr.contains("chmod go-rwx"), "{which}: {}", out.stderr);
        }
        assert!(roda(&b, &["doctor"]).exits(2).stdout.contains("chmod go-rwx"));
    }
    assert_eq!(s.conexoes(), 0);
}

#[test]
fn uma_credencial_que_nao_se_le_de_um_lado_nao_segura_o_outro() {
    let s = sshd("");
    let b = cheia(&s);
    let word = b.root.join("senha");
    fs::write(&word, "xyz-e-so-nosso").unwrap();
    mode(&word, 0o644);
    let good = nu(&s, &format!("key = \"file:{}/chave\"\nafter = \"move\"", s.raiz().display()));
    let bad = format!(
        "url = \"sftp://x@127.0.0.1:1/e\"\nretornos = \"sftp://x@127.0.0.1:1/s\"\npassword = \"file:{}\"\n",
        word.display()
    );
    configura(&b, &good, &bad, "[dia]\nobrigatorios = []");
    let out = acaba(&b, &["run"]).exits(2);
    assert!(out.stderr.contains("chmod go-rwx") && !out.stderr.contains("xyz-e-so-nosso"), "{}", out.stderr);
    assert_eq!(b.sql("SELECT group_concat(estado) FROM arquivo"), "importado");
    assert_eq!(nomes(&s.pasta("evo").join("importados")), [REMESSA]);
    assert_eq!(b.sql("SELECT group_concat(estado) FROM saida"), "gerado");
}

#[test]
fn in9_um_known_hosts_que_nao_se_le_e_dito_e_ninguem_e_chamado() {
    let s = sshd("");
    let b = cheia(&s);
    com(&b, &nu(&s, &format!("key = \"file:{}/chave\"", s.raiz().display())));
    let known = s.raiz().join("known_hosts");
    fs::remove_file(&known).unwrap();
    fs::create_dir(&known).unwrap();
    let out = acaba(&b, &["run"]).exits(2);
    assert!(out.stderr.contains("known_hosts não pode ser lido"), "{}", out.stderr);
    // the last word is what is wrong
    assert!(!out.stderr.contains("nada a fazer"), "{}", out.stderr);
    assert_eq!(s.conexoes(), 0);
}

#[test]
fn o_ssh_agent_serve_quando_nao_ha_chave_nem_senha() {
    let s = sshd("");
    let b = cheia(&s);
    let socket = s.raiz().join("agente");
    com(&b, &nu(&s, ""));
    let out = roda(&b, &["fetch"]).exits(2);
    assert!(out.stderr.contains("ssh-agent"), "{}", out.stderr);
    let mut agent = Command::new("ssh-agent").arg("-D").arg("-a").arg(&socket).stdout(Stdio::null()).spawn().unwrap();
    espera(|| socket.exists());
    let add = Command::new("ssh-add").arg("-q").arg(s.raiz().join("chave")).env("SSH_AUTH_SOCK", &socket).status();
    assert!(add.unwrap().success());
    let done = comando(&b, &["fetch"]).env("SSH_AUTH_SOCK", &socket).output().unwrap();
    agent.kill().unwrap();
    agent.wait().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(b.names("data/inbox"), [REMESSA]);
}

#[test]
fn in10_se2_uma_senha_errada_e_tentada_uma_vez_por_execucao_e_nao_aparece() {
    let s = sshd("PasswordAuthentication yes\nPermitRootLogin yes");
    let (f, t) = (vsftpd(false), vsftpd(true));
    for (scheme, server) in [("sftp", &s), ("ftp", &f), ("ftps", &t)] {
        let b = Bed::bare("");
        // all four folders are of the one server
        let (mut e, mut m) = (evo(server, scheme, ""), manager(server, scheme, true));
        for text in [&mut e, &mut m] {
            *text = text
                .replace(&format!("key = \"file:{}/chave\"", server.raiz().display()), "password = \"env:FTP_SENHA\"");
        }
        configura(&b, &e, &m, "[dia]\nobrigatorios = []");
        roda(&b, &["init"]).exits(0);
        let mut lines = b.remessa("1001", &cpf(1), &[]);
        lines.extend(b.remessa("1002", "11122233344", &[]));
        let file = b.file(REMESSA, &lines);
        server.conexoes();
        for args in [&["-vv", "import", "remessa", &file][..], &["-vv", "run"], &["-vv", "--json", "run"], &["doctor"]]
        {
            let out: Out = comando(&b, args).env("FTP_SENHA", "senha-muito-errada").output().unwrap().into();
            assert_eq!(out.code, 2, "{scheme} {args:?}: {} {}", out.stdout, out.stderr);
            assert_eq!(server.conexoes(), 1, "{scheme} {args:?}: one attempt");
            assert!(format!("{}{}", out.stdout, out.stderr).contains("recusou a senha"), "{scheme}: {}", out.stderr);
            assert!(!format!("{}{}", out.stdout, out.stderr).contains("senha-muito-errada"), "{scheme}");
        }
        let stored = fs::read(b.root.join("store/carteira.db")).unwrap();
        assert!(!stored.windows(18).any(|w| w == b"senha-muito-errada"), "{scheme}");
    }
    assert_eq!(diario(&s).matches("Failed password").count(), 4, "{}", diario(&s));
}

#[test]
fn um_servidor_so_com_sha1_e_recusado_com_uma_frase() {
    for more in ["HostKeyAlgorithms ssh-rsa", "KexAlgorithms diffie-hellman-group14-sha1"] {
        let s = sshd("");
        let b = cheia(&s);
        let root = s.raiz().to_owned();
        chave(&root.join("rsa"), "rsa", "");
        let config = fs::read_to_string(root.join("sshd.conf")).unwrap();
        let config =
            config.replace(&format!("HostKey {}/host", root.display()), &format!("HostKey {}/rsa", root.display()));
        fs::write(root.join("sshd.conf"), config + more + "\n").unwrap();
        conhece(&s, "rsa");
        com(&b, &nu(&s, &format!("key = \"file:{}/chave\"", root.display())));
        let out = roda(&b, &["fetch"]).exits(2);
        assert!(out.stderr.contains("SHA-1"), "{more}: {}", out.stderr);
    }
}

#[test]
fn de_varios_tipos_de_chave_o_servidor_mostra_a_que_conhecemos() {
    let s = sshd("");
    let b = cheia(&s);
    let root = s.raiz().to_owned();
    chave(&root.join("rsa"), "rsa", "");
    let config = fs::read_to_string(root.join("sshd.conf")).unwrap();
    fs::write(root.join("sshd.conf"), format!("HostKey {}/rsa\n{config}", root.display())).unwrap();
    com(&b, &nu(&s, &format!("key = \"file:{}/chave\"", root.display())));
    for known in ["rsa", "host"] {
        conhece(&s, known);
        roda(&b, &["fetch"]).exits(0);
        let shown = roda(&b, &["--json", "hostkey", "show"]).exits(0).json();
        assert_eq!(shown.len(), 2);
        // the other type is not known, which is no change of key
        let mut words: Vec<_> = shown.iter().map(|k| k["known"].as_str().unwrap()).collect();
        words.sort_unstable();
        assert_eq!(words, ["no", "yes"]);
    }
    // names as a hash, as Debian's ssh writes them
    assert!(
        Command::new("ssh-keygen")
            .args(["-q", "-H", "-f"])
            .arg(root.join("known_hosts"))
            .output()
            .unwrap()
            .status
            .success()
    );
    assert!(!fs::read_to_string(root.join("known_hosts")).unwrap().contains("127.0.0.1"));
    roda(&b, &["fetch"]).exits(0);
}

#[test]
fn ftps_com_certificado_alheio_nao_recebe_a_senha() {
    let s = vsftpd(true);
    let b = cama(&s, "ftps", "");
    fs::write(s.pasta("evo").join(REMESSA), remessa(&b, 1)).unwrap();
    let other = vsftpd(true);
    let path = b.root.join("atom.toml");
    let good = fs::read_to_string(&path).unwrap();
    let ca = |s: &Servidor| format!("{}/ca.pem", s.raiz().display());
    for text in [good.replace(&ca(&s), &ca(&other)), good.replace(&format!("ca = \"{}\"", ca(&s)), "")] {
        fs::write(&path, text).unwrap();
        let out = roda(&b, &["fetch"]).exits(2);
        assert!(out.stderr.contains("certificado"), "{}", out.stderr);
    }
    fs::write(&path, good).unwrap();
    roda(&b, &["fetch"]).exits(0);
    assert_eq!(nomes(&b.root.join("data/inbox")), [REMESSA]);
}

#[test]
fn hostkey_nao_grava_uma_chave_revogada_e_um_servidor_fora_nao_esconde_o_outro() {
    let (s, m) = (sshd(""), sshd(""));
    let b = Bed::bare("");
    configura(&b, &evo(&s, "sftp", ""), &manager(&m, "sftp", false), "");
    s.falha(Falha::Recusa);
    let out = roda(&b, &["--json", "hostkey", "show"]).exits(5);
    assert_eq!((out.json().len(), &out.json()[0]["known"]), (1, &"yes".into()), "{}", out.stdout);
    assert!(out.stderr.contains(&format!("127.0.0.1:{}", s.port)), "{}", out.stderr);
    let known = m.raiz().join("known_hosts");
    let revoked = format!("@revoked {}", fs::read_to_string(&known).unwrap());
    fs::write(&known, &revoked).unwrap();
    let (host, print) = (format!("127.0.0.1:{}", m.port), out.json()[0]["fingerprint"].as_str().unwrap().to_owned());
    let out = roda(&b, &["hostkey", "add", &host, "--fingerprint", &print]).exits(2);
    assert!(out.stderr.contains("revogada"), "{}", out.stderr);
    assert_eq!(fs::read_to_string(&known).unwrap(), revoked);
}

/// PAM decides, by a service of the test's own: no user of the machine is touched.
#[test]
fn uma_senha_certa_entra_por_password_e_por_keyboard_interactive_e_uma_errada_e_tentada_uma_vez() {
    for way in ["password", "keyboard-interactive"] {
        let s = sshd_com_pam(way);
        let b = cheia(&s);
        com(&b, &nu(&s, "password = \"env:FTP_SENHA\""));
        let out: Out = comando(&b, &["-vv", "fetch"]).env("FTP_SENHA", "errada-sim").output().unwrap().into();
        assert_eq!(out.code, 2, "{way}: {}", out.stderr);
        assert!(out.stderr.contains("recusou a senha") && !out.stderr.contains("errada-sim"), "{way}: {}", out.stderr);
        assert_eq!(diario(&s).matches(&format!("Failed {way}")).count(), 1, "{way}: {}", diario(&s));
        let out = roda(&b, &["-vv", "fetch"]);
        assert_eq!(out.code, 0, "{way}: {} {}", out.stderr, diario(&s));
        assert!(diario(&s).contains(&format!("Accepted {way}")), "{way}: {}", diario(&s));
        assert!(!out.stderr.contains(SENHA), "{}", out.stderr);
        assert_eq!(b.names("data/inbox"), [REMESSA], "{way}");
    }
}
