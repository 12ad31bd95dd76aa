//! The connection as a whole: retry, and what a run remembers of a server.

use super::*;
use crate::support::servidor::Falha;
use std::io::{Cursor, Read};

#[test]
fn o_que_cai_uma_vez_e_tentado_de_novo_e_um_servidor_que_nao_atende_nao_e_mais_chamado() {
    let s = sshd("");
    let servers = Servers::default();
    let mut r = Remote::server(sftp(&s, limites()), "x".into(), &servers);
    r.list().unwrap();
    // the connection breaks between two calls
    s.derruba();
    r.put("a.csv", &mut Cursor::new(b"abc"), 3).unwrap();
    s.falha(Falha::Recusa);
    s.derruba();
    s.conexoes();
    assert!(r.list().is_err());
    // the broken one, and two more
    assert_eq!(s.conexoes(), 2);
    // another folder of the same server, in the same run
    let mut other = Remote::server(sftp(&s, limites()), "x".into(), &servers);
    assert!(other.stat("a.csv").is_err());
    assert!(other.get("a.csv", 0).is_err());
    assert_eq!(s.conexoes(), 0);
}

#[test]
fn in2_cada_chamada_a_um_servidor_calado_acaba_e_a_leitura_tambem() {
    let s = sshd("");
    fs::write(s.pasta("evo").join("a.csv"), vec![7; 2_000_000]).unwrap();
    let f = vsftpd(false);
    fs::write(f.pasta("evo").join("a.csv"), vec![7; 2_000_000]).unwrap();
    let over_ssh = [0, 100, 2_000, 3_300, 4_000, 700_000].map(|n| ("sftp", n));
    for (scheme, silent) in over_ssh.into_iter().chain([0, 25, 60, 150, 200].map(|n| ("ftp", n))) {
        let limits = Limits { idle: Duration::from_millis(400), until: Instant::now() + Duration::from_secs(30) };
        let (done, ended) = std::sync::mpsc::channel();
        let servers = Servers::default();
        let mut r = if scheme == "sftp" {
            s.falha(Falha::Cala(silent));
            Remote::server(sftp(&s, limits), "x".into(), &servers)
        } else {
            f.falha(Falha::Cala(silent));
            Remote::server(ftp(&f, false, limits), "x".into(), &servers)
        };
        std::thread::spawn(move || {
            let read = r.get("a.csv", 0).and_then(|mut f| f.read_to_end(&mut Vec::new()));
            let why = read.unwrap_err().to_string();
            drop(r);
            done.send(why).unwrap();
        });
        let why = ended.recv_timeout(Duration::from_secs(15)).expect("it hangs");
        assert!(why.contains("sem mandar um byte"), "{scheme} {silent}: {why}");
    }
}
