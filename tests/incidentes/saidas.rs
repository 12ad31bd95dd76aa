//! What goes out, and who asks: a message, the carga, the Portal.

use super::*;
use crate::hsm::{envia, pronto};
use crate::support::omne::{Faz, Omne};
use crate::support::serve::{SERVE, Serve};

#[test]
fn um_hsm_ficou_incerto() {
    let mut r = roteiro("Um HSM ficou incerto");
    let stub = Omne::sobe();
    stub.roteiro([Faz::CaiDepois]);
    let b = pronto(&stub, 2, "");
    diz(&b.atom(&["send-hsm"]).exits(3).stdout, &["incerta"]);
    assert_eq!(stub.quantos(), 2);
    // never again by itself
    envia(&b).exits(0);
    assert_eq!(stub.quantos(), 2);
    let list = r.roda(&b, &[]).exits(0).stdout;
    diz(&list, &["INCERTA", "1001", "atom hsm show"]);
    let id = list.lines().find(|l| l.contains("INCERTA")).unwrap().split_whitespace().next().unwrap();
    let shown = r.roda(&b, &[("ID", id)]).exits(0).stdout;
    diz(
        &shown,
        &["INCERTA", "a resposta se perdeu", "Confira no OMNE", &format!("atom hsm resolve {id} --sent|--not-sent")],
    );
    r.roda(&b, &[("ID", id)]).exits(0);
    assert_eq!(b.atom(&["hsm", "list", "--state", "incerta"]).exits(0).stdout.trim(), "nenhuma mensagem");
    envia(&b).exits(0);
    assert_eq!(stub.quantos(), 2, "resolved as sent: it does not go again");
    r.fim();
}

#[test]
fn a_carga_do_manager_tem_linhas_de_menos() {
    let mut r = roteiro("A carga do Manager tem linhas de menos");
    let mut b = Bed::with("[dia]\nobrigatorios = [\"remessa\", \"batimento\"]");
    let remessa = |b: &Bed, vespera: &str| {
        let lines: Vec<Vec<u8>> = (1..=10).map(|n| b.remessa(&(1000 + n).to_string(), &cpf(n), &[])).collect();
        b.evo(&format!("{vespera}_203000_remessa_528_out.528"), &lines.concat());
    };
    remessa(&b, "20230802");
    b.at("2023-08-02T21:00:00").atom(&["-q", "run"]).exits(0);
    // an exclusao of eight of ten, by mistake
    b.at("2023-08-04T00:30:00");
    remessa(&b, "20230803");
    let gone: Vec<Vec<u8>> = (3..=10)
        .map(|n| {
            let key = (1000 + n).to_string();
            b.line("exclusao", 0, &[("contrato", &key), ("data_movimento", "20230803"), ("tipo_movimento", "E")])
        })
        .collect();
    b.evo("20230803_210000_baixa_528_out.528", &gone.concat());
    let out = b.atom(&["run"]).exits(6);
    diz(&out.stdout, &["carga RECUSADA", "FREIO", "--confirm 2", "atom export manager --carga --dry-run"]);
    diz(&b.atom(&["day"]).exits(0).stdout, &["Carga recusada [FREIO]", "atom undo", "--dry-run"]);
    let said = r.roda(&b, &[]).exits(6).stdout;
    diz(&said, &["saem 8", "EXCLUSAO em 04/08/2023, execução"]);
    let run = said.split("execução ").nth(1).unwrap().split_whitespace().next().unwrap();
    let before = disco::Momento::de(&b);
    // the mistake is taken back: all ten are dialled
    r.roda(&b, &[("EXECUÇÃO", run)]).exits(0);
    b.atom(&["-q", "run"]);
    let sent = |b: &Bed| {
        let name = b.names("manager").into_iter().rfind(|n| n.ends_with("_carga.csv")).unwrap();
        b.read("manager", &name).lines().count() - 1
    };
    assert_eq!((b.names("manager").iter().filter(|n| n.ends_with("_carga.csv")).count(), sent(&b)), (2, 10));
    // or the portfolio did shrink
    before.volta(&b);
    r.roda(&b, &[(" N", " 2")]).exits(0);
    assert_eq!(sent(&b), 2);
    r.fim();
}

#[test]
fn o_portal_recebe_401() {
    let mut r = roteiro("O Portal recebe 401");
    let mut b = Bed::with(&format!("{SERVE}[dia]\nobrigatorios = []"));
    b.importa_remessa("20230803", 1);
    let old = b.atom(&["token", "add", "portal", "--scope", "portal", "--expires", "2023-08-04"]).exits(0);
    let ask = |s: &Serve, token: &str| s.get("/api/v1/dadosCliente?idCrm=1", token).status;
    b.at("2023-08-05T00:10:00");
    let s = Serve::start(&b);
    assert_eq!(ask(&s, old.stdout.trim()), 401);
    let list = r.roda(&b, &[]).exits(0).stdout;
    diz(&list, &["expirado", "04/08/2023", "Nenhum token portal vale: quem usa um deles recebe 401", "atom token add"]);
    let new = r.roda(&b, &[]).exits(0);
    diz(&new.stderr, &["anote-o agora"]);
    assert_eq!(ask(&s, new.stdout.trim()), 200);
    assert!(!b.atom(&["token", "list"]).exits(0).stdout.contains("Nenhum"));
    r.fim();
}
