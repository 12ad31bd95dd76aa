//! `[ping]`: whoever watches the tick hears of its start and of how it ended.

use crate::hsm::tls;
use crate::support::omne::{Faz, Omne};
use crate::support::servidor::certifica;
use crate::support::{Bed, Out};
use std::time::Duration;

/// The part of the address that nobody else knows.
const SEGREDO: &str = "7c2e5d0a-nobody-else";

fn cama(monitor: &Omne) -> Bed {
    Bed::bare(&format!(
        "[ping]\nurl = \"http://{}/ping/{SEGREDO}/\"\ntimeout_seconds = 1\n[dia]\nobrigatorios = []",
        monitor.addr
    ))
}

/// What was asked for, below the address: `start?rid=…`.
fn chamadas(monitor: &Omne) -> Vec<String> {
    let of = |head: &str| {
        let path = head.split(' ').nth(1).unwrap();
        path.strip_prefix(&format!("/ping/{SEGREDO}/")).unwrap_or_else(|| panic!("{path}")).to_owned()
    };
    monitor.pedidos().iter().map(|p| of(&p.cabeca)).collect()
}

#[test]
fn cada_tique_avisa_que_comecou_e_com_que_saida_acabou_tambem_sem_nada_a_fazer() {
    let m = Omne::sobe();
    let b = cama(&m);
    b.atom(&["init"]).exits(0);
    let out = b.atom(&["run"]).exits(0);
    assert_eq!(out.stderr, "nada a fazer\n");
    let calls = chamadas(&m);
    let rid = calls[0].strip_prefix("start?rid=").unwrap().to_owned();
    assert_eq!(calls, [format!("start?rid={rid}"), format!("0?rid={rid}")]);
    let parts: Vec<usize> = rid.split('-').map(str::len).collect();
    assert!(parts == [8, 4, 4, 4, 12] && rid.chars().all(|c| c == '-' || c.is_ascii_hexdigit()), "a UUID: {rid}");
    b.atom(&["run"]).exits(0);
    assert!(chamadas(&m)[2..].iter().all(|c| !c.contains(&rid)), "each tick has its own");
}

#[test]
fn um_tique_que_importou_diz_as_execucoes_e_a_saida_que_o_cron_ve() {
    let m = Omne::sobe();
    let b = cama(&m);
    b.atom(&["init"]).exits(0);
    b.fixture_day();
    let code = b.atom(&["run"]).code;
    let last = chamadas(&m).pop().unwrap();
    assert!(last.starts_with(&format!("{code}?rid=")) && code == 3, "{last}");
    let runs = last.split("&run=").nth(1).unwrap();
    let listed = b.json(&["runs", "list", "--all"]).json();
    let mut known: Vec<String> = listed.iter().map(|r| r["run"].to_string()).collect();
    known.reverse();
    assert_eq!(runs, known.join(","), "the runs of the ledger, and no name of a file");
}

#[test]
fn um_tique_que_falha_diz_o_seu_codigo() {
    let m = Omne::sobe();
    let b = cama(&m);
    b.atom(&["run"]).exits(10);
    assert!(chamadas(&m)[1].starts_with("10?rid="));
}

#[test]
fn um_monitor_fora_do_ar_nao_falha_nada_e_e_um_aviso_de_uma_linha_sem_o_endereco() {
    let gone = { std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap() };
    let b = Bed::with(&format!("[ping]\nurl = \"http://{gone}/{SEGREDO}\"\n[dia]\nobrigatorios = []"));
    let out = b.atom(&["-vv", "run"]).exits(0);
    assert_eq!(out.stderr.matches("ping.url").count(), 1, "{}", out.stderr);
    assert!(out.stderr.contains("conexão recusada") && !out.stderr.contains(SEGREDO), "{}", out.stderr);
    assert_eq!(b.atom(&["run", "--quiet"]).exits(0).stderr, "");
}

#[test]
fn um_monitor_que_se_cala_ou_recusa_nao_segura_o_tique() {
    let m = Omne::sobe();
    let b = cama(&m);
    b.atom(&["init"]).exits(0);
    m.sempre(Faz::Pendura(Duration::from_secs(600)));
    let out = b.atom(&["run"]).exits(0);
    assert!(out.stderr.contains("não respondeu a tempo") && out.stderr.lines().count() == 2, "{}", out.stderr);
    assert_eq!(m.quantos(), 2, "each call once");
    m.sempre(Faz::Responde(404));
    assert!(b.atom(&["run"]).exits(0).stderr.contains("HTTP 404"));
}

#[test]
fn se8_nenhum_redirecionamento_e_nenhum_proxy_do_ambiente() {
    let (m, other) = (Omne::sobe(), Omne::sobe());
    let b = cama(&m);
    b.atom(&["init"]).exits(0);
    m.sempre(Faz::Com(302, format!("Location: http://{}/elsewhere\r\n", other.addr)));
    let proxy = format!("http://{}", other.addr);
    let mut run = b.cmd(&["run"]);
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        run.env(name, &proxy);
    }
    let out = Out::from(run.output().unwrap()).exits(0);
    assert!(out.stderr.contains("HTTP 302"), "{}", out.stderr);
    assert_eq!((m.quantos(), other.quantos()), (2, 0));
}

#[test]
fn so_o_tique_avisa_e_um_ensaio_nao() {
    let m = Omne::sobe();
    let b = cama(&m);
    b.atom(&["init"]).exits(0);
    b.atom(&["run", "--dry-run"]).exits(0);
    for args in [&["fetch"][..], &["status"], &["config", "check"], &["doctor"]] {
        b.atom(args).exits(0);
    }
    assert_eq!(m.quantos(), 0);
}

#[test]
fn https_so_com_o_certificado_da_autoridade_configurada() {
    let folder = tempfile::tempdir().unwrap();
    certifica(folder.path());
    let m = tls::sobe(folder.path());
    let url = format!("url = \"https://{}/ping/{SEGREDO}\"", m.addr);
    let b = Bed::with(&format!("[ping]\n{url}\n[dia]\nobrigatorios = []"));
    let out = b.atom(&["run"]).exits(0);
    assert!(out.stderr.contains("aviso: ping.url: TLS: "), "{}", out.stderr);
    assert_eq!(m.quantos(), 0, "a stranger hears nothing");
    let ca = folder.path().join("ca.pem");
    b.config(&format!("[ping]\n{url}\nca = \"{}\"\n[dia]\nobrigatorios = []", ca.display()));
    b.atom(&["run"]).exits(0);
    assert!(matches!(&chamadas(&m)[..], [a, z] if a.starts_with("start?") && z.starts_with("0?")));
}
