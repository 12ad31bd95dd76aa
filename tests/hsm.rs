//! Sending HSM (UC014): HS1–HS17, the window, the caps, what people see and do.

mod conciliacao;
mod doutor;
mod entrega;
mod fila;
mod quedas;
mod resposta;
pub mod tls;

use crate::support::omne::{Faz, Omne};
use crate::support::*;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Friday, inside every window.
const DEZ_HORAS: &str = "2023-08-04T11:00:00";
/// The token; no output may ever hold it.
const TOKEN: &str = "segredo-do-omne";

/// Configuration whose OMNE is at an address.
fn config(base: &str, omne: &str, more: &str) -> String {
    let rate = if omne.contains("rate_per_second") { "" } else { "rate_per_second = 100000\n" };
    format!(
        "[dia]\nobrigatorios = []\n[contato]\nbloqueados = \"bloqueados.txt\"\n\
         [omne]\nurl = \"{base}\"\ntoken = \"file:omne.token\"\n{rate}{omne}\n{more}"
    )
}

/// The mobile of the client `n`, of DDD 11.
fn fone(n: u64) -> String {
    format!("11{}", 980_000_000 + n)
}

/// As OMNE gets it.
fn numero(n: u64) -> String {
    format!("55{}", fone(n))
}

/// Files of a bed with contracts 1001 … of as many clients.
fn arruma(mut b: Bed, contratos: u64) -> Bed {
    b.file("bloqueados.txt", b"");
    b.file("omne.token", format!("{TOKEN}\n").as_bytes());
    mode(&b.root.join("omne.token"), 0o600);
    b.atom(&["init"]).exits(0);
    b.importa_remessa("20230803", contratos);
    b.at(DEZ_HORAS);
    b
}

fn bed_em(base: &str, contratos: u64, omne: &str) -> Bed {
    arruma(Bed::bare(&config(base, omne, "")), contratos)
}

fn url(stub: &Omne) -> String {
    format!("http://{}", stub.addr)
}

/// A bed whose OMNE is the stub.
fn bed(stub: &Omne, contratos: u64, omne: &str) -> Bed {
    bed_em(&url(stub), contratos, omne)
}

/// Queues one message for each of the clients: jornada1 for the odd, jornada2 for the even.
fn enfileira(b: &Bed, clientes: impl IntoIterator<Item = u64>) {
    let line = |n: u64| format!("{};{};Nome {n};jornada{}\r\n", 1000 + n, fone(n), if n % 2 == 1 { 1 } else { 2 });
    let lines: Vec<String> = clientes.into_iter().map(line).collect();
    massiva(b, "20230804_081500_massiva_whatsapp.csv", &lines.concat());
}

fn massiva(b: &Bed, name: &str, lines: &str) {
    let f = b.file(name, format!("contrato;numero;nome;jornada\r\n{lines}").as_bytes());
    let r = b.json(&["import", "massivas", &f]).exits(0).report();
    assert_eq!(r["lines"]["created"], lines.lines().count(), "{r}");
}

pub fn pronto(stub: &Omne, clientes: u64, omne: &str) -> Bed {
    let b = bed(stub, clientes, omne);
    enfileira(&b, 1..=clientes);
    b
}

pub fn envia(b: &Bed) -> Out {
    let out = b.json(&["send-hsm"]);
    assert!(!format!("{}{}", out.stdout, out.stderr).contains(TOKEN));
    out
}

/// Counts of a run: sent, failed, uncertain, left.
#[track_caller]
fn conta(out: &Out) -> (u64, u64, u64, u64) {
    let all = out.json();
    assert_eq!(all.len(), 1, "{}{}", out.stdout, out.stderr);
    let n = |k: &str| all[0][k].as_u64().unwrap();
    (n("sent"), n("failed"), n("uncertain"), n("left"))
}

fn atendimento(b: &Bed) -> rusqlite::Connection {
    rusqlite::Connection::open(b.root.join("store/atendimento.db")).unwrap()
}

/// First column of each row, or columns joined by the query itself.
fn linhas(b: &Bed, sql: &str) -> Vec<String> {
    let db = atendimento(b);
    let mut stmt = db.prepare(sql).unwrap();
    let row = |r: &rusqlite::Row<'_>| {
        r.get_ref(0).map(|v| match v {
            rusqlite::types::ValueRef::Integer(i) => i.to_string(),
            rusqlite::types::ValueRef::Text(t) => String::from_utf8_lossy(t).into_owned(),
            _ => "-".into(),
        })
    };
    stmt.query_map([], row).unwrap().map(Result::unwrap).collect()
}

fn estados(b: &Bed) -> Vec<String> {
    linhas(b, "SELECT CASE WHEN estado='CANCELADA' THEN motivo ELSE estado END FROM hsm ORDER BY id")
}

fn marcas(b: &Bed) -> Vec<String> {
    linhas(b, "SELECT texto FROM marca ORDER BY contrato_id")
}

const COM_SUCESSO: &str = "Massiva WhatsApp enviada com sucesso";
const SEM_SUCESSO: &str = "Massiva WhatsApp enviada sem sucesso";

#[test]
fn uc014_cada_linha_vai_uma_vez_e_deixa_a_sua_marca() {
    let stub = Omne::sobe();
    let b = pronto(&stub, 3, "");
    let out = envia(&b).exits(0);
    assert_eq!(
        out.json(),
        [json!({"sent": 3, "failed": 0, "uncertain": 0, "cancelled": {}, "left": 0, "stopped": null})]
    );
    assert_eq!(stub.entregues(), [numero(1), numero(2), numero(3)]);
    assert_eq!((estados(&b), marcas(&b)), (vec!["ACEITA".into(); 3], vec![COM_SUCESSO.into(); 3]));
    assert_eq!(
        linhas(&b, "SELECT DISTINCT enviada_em FROM hsm").len(),
        1,
        "{:?}",
        linhas(&b, "SELECT enviada_em FROM hsm")
    );
    assert_eq!(conta(&envia(&b).exits(0)), (0, 0, 0, 0));
    assert_eq!(stub.quantos(), 3);
    // the client sees it: one contact in the history
    let client = b.json(&["get", "1001", "--by", "contrato"]).exits(0).stdout;
    let client: Value = serde_json::from_str(&client).unwrap();
    assert_eq!(client["clientes"][0]["mailing"]["acionamentos"], 1, "{client:?}");
}

#[test]
fn hs12_os_cinco_campos_com_seus_tipos_e_o_template_de_cada_jornada() {
    let stub = Omne::sobe();
    let more = "[omne.jornada1]\ntemplate_id = 7\n[omne.jornada2]\ntemplate_id = 8\nopen_attendance = true\nforce_close = true\n";
    let b = arruma(Bed::bare(&config(&format!("{}/base/", url(&stub)), "", more)), 2);
    enfileira(&b, [1, 2]);
    envia(&b).exits(0);
    let p = stub.pedidos();
    assert_eq!(
        p[0].corpo,
        json!({"templateId": 7, "number": numero(1), "parameters": ["Nome 1"], "openAttendance": false, "forceClose": false})
    );
    assert_eq!(
        p[1].corpo,
        json!({"templateId": 8, "number": numero(2), "parameters": ["Nome 2"], "openAttendance": true, "forceClose": true})
    );
    let head = p[0].cabeca.to_ascii_lowercase();
    assert!(head.starts_with("post /base/interactive/whatsapp/hsm/message http/1.1\r\n"), "{head}");
    for line in ["content-type: application/json\r\n", &format!("authorization: bearer {TOKEN}\r\n")] {
        assert!(head.contains(line), "{head}");
    }
}

#[test]
fn o_token_vai_no_cabecalho_configurado() {
    let stub = Omne::sobe();
    let b = pronto(&stub, 1, "header = \"X-Api-Key\"");
    envia(&b).exits(0);
    let head = stub.pedidos()[0].cabeca.to_ascii_lowercase();
    assert!(head.contains(&format!("x-api-key: {TOKEN}\r\n")) && !head.contains("authorization"), "{head}");
}

#[test]
fn sem_omne_na_configuracao_ou_sem_fila_nao_ha_o_que_fazer_nem_token_a_ler() {
    let b = Bed::sem_portoes(1);
    assert!(b.atom(&["send-hsm"]).exits(0).stderr.contains("[omne]"));
    b.atom(&["run"]).exits(0);
    let stub = Omne::sobe();
    let b = bed(&stub, 1, "");
    std::fs::remove_file(b.root.join("omne.token")).unwrap();
    assert_eq!(conta(&envia(&b).exits(0)), (0, 0, 0, 0));
    b.atom(&["run"]).exits(0);
    enfileira(&b, [1]);
    assert!(envia(&b).exits(2).stderr.contains("omne.token"));
    b.file("omne.token", b"a\x01b");
    mode(&b.root.join("omne.token"), 0o600);
    assert!(envia(&b).exits(2).stderr.contains("cabeçalho"));
    assert_eq!((estados(&b), stub.quantos()), (vec!["PENDENTE".to_owned()], 0));
}

#[test]
fn o_tique_envia_a_sua_parte_e_nao_segura_as_importacoes() {
    let stub = Omne::sobe();
    let b = bed(&stub, 2, "");
    b.evo(
        "20230804_081500_massiva_whatsapp.csv",
        format!("contrato;numero;nome;jornada\r\n1001;{};Ana;jornada1\r\n", fone(1)).as_bytes(),
    );
    let lines = b.json(&["run"]).exits(0).json();
    let hsm = lines.iter().find(|l| l["kind"] == "hsm").unwrap();
    assert_eq!((&hsm["sent"], &hsm["left"]), (&json!(1), &json!(0)));
    assert_eq!(stub.entregues(), [numero(1)]);
    // while it sends, an import goes on
    stub.sempre(Faz::Demora(Duration::from_millis(1500)));
    enfileira(&b, [2]);
    let mut tick = b.cmd(&["-q", "run"]).spawn().unwrap();
    servidor::espera(|| stub.quantos() == 2);
    massiva(&b, "20230804_091500_massiva_whatsapp.csv", &format!("1001;{};Bia;jornada2\r\n", fone(1)));
    assert!(tick.try_wait().unwrap().is_none(), "the tick still waits for OMNE");
    assert!(tick.wait().unwrap().success());
}

#[test]
fn um_tique_envia_por_no_maximo_tick_seconds() {
    let stub = Omne::sobe();
    stub.sempre(Faz::Demora(Duration::from_millis(400)));
    let b = pronto(&stub, 20, "tick_seconds = 1");
    b.atom(&["-q", "run"]).exits(0);
    let sent = stub.quantos();
    assert!((1..=4).contains(&sent), "{sent}");
    assert_eq!(estados(&b).iter().filter(|e| *e == "PENDENTE").count(), 20 - sent);
}

#[test]
fn hs9_dois_remetentes_ao_mesmo_tempo_nunca_duas_vezes() {
    let stub = Omne::sobe();
    stub.sempre(Faz::Demora(Duration::from_millis(50)));
    let b = pronto(&stub, 20, "");
    let mut first = b.cmd(&["-q", "send-hsm"]).spawn().unwrap();
    servidor::espera(|| stub.quantos() > 0);
    assert!(b.atom(&["send-hsm"]).exits(11).stderr.contains("send-hsm"));
    b.atom(&["send-hsm", "--if-locked", "skip"]).exits(0);
    b.atom(&["-q", "run"]).exits(0);
    assert!(first.wait().unwrap().success());
    let mut phones = stub.entregues();
    phones.sort();
    assert_eq!(phones, (1..=20).map(numero).collect::<Vec<_>>());
}

#[test]
fn o_ritmo_e_o_da_configuracao() {
    let stub = Omne::sobe();
    let b = pronto(&stub, 5, "rate_per_second = 10");
    envia(&b).exits(0);
    let p = stub.pedidos();
    // four gaps of 100 ms; no bound above
    assert!(p[4].em - p[0].em >= Duration::from_millis(390), "{:?}", p[4].em - p[0].em);
}

#[test]
fn limit_e_teto_do_dia() {
    let stub = Omne::sobe();
    let mut b = pronto(&stub, 6, "daily_cap = 4");
    let out = b.json(&["send-hsm", "--limit", "1"]).exits(0);
    assert_eq!((conta(&out), &out.json()[0]["stopped"]), ((1, 0, 0, 5), &json!("LIMITE")));
    let out = envia(&b).exits(0);
    assert_eq!((conta(&out), &out.json()[0]["stopped"]), ((3, 0, 0, 2), &json!("TETO_DIARIO")));
    assert_eq!(conta(&envia(&b).exits(0)), (0, 0, 0, 2));
    b.at("2023-08-05T09:00:00");
    assert_eq!(conta(&envia(&b).exits(0)), (2, 0, 0, 0));
}

#[test]
fn sigterm_termina_o_envio_em_curso_e_sai() {
    let stub = Omne::sobe();
    stub.sempre(Faz::Demora(Duration::from_millis(700)));
    let b = pronto(&stub, 5, "");
    let child = b.cmd(&["--json", "send-hsm"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    servidor::espera(|| stub.quantos() == 1);
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let out: Out = child.wait_with_output().unwrap().into();
    let out = out.exits(0);
    assert_eq!((conta(&out), &out.json()[0]["stopped"]), ((1, 0, 0, 4), &json!("SINAL")));
    assert_eq!((estados(&b)[0].as_str(), stub.quantos()), ("ACEITA", 1));
}

#[test]
fn sigterm_acorda_quem_espera() {
    let stub = Omne::sobe();
    stub.roteiro([Faz::Com(429, "Retry-After: 50\r\n".into())]);
    let b = pronto(&stub, 1, "");
    let child = b.cmd(&["-q", "send-hsm"]).spawn().unwrap();
    servidor::espera(|| estados(&b) == ["PENDENTE"] && stub.quantos() == 1);
    let begun = Instant::now();
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let out: Out = child.wait_with_output().unwrap().into();
    assert!(out.code == 0 && begun.elapsed() < Duration::from_secs(30), "{}", out.code);
}

#[test]
fn o_teto_do_dia_vale_com_o_relogio_que_vai_e_volta_e_conta_as_incertas() {
    let stub = Omne::sobe();
    let mut b = pronto(&stub, 6, "daily_cap = 2\nvalidade_horas = 200");
    // one in doubt: announced in the journal, its T1 never committed
    let out = b.cmd(&["-q", "send-hsm"]).env("ATOM_TEST_CRASH", "hsm-journal-1").output().unwrap();
    assert!(!out.status.success());
    let out = envia(&b).exits(3);
    assert_eq!((conta(&out), &out.json()[0]["stopped"]), ((1, 0, 1, 4), &json!("TETO_DIARIO")));
    b.at("2023-08-05T09:00:00");
    assert_eq!(conta(&b.json(&["send-hsm", "--limit", "1"]).exits(0)), (1, 0, 0, 3));
    b.at(DEZ_HORAS);
    assert_eq!(conta(&envia(&b).exits(0)), (0, 0, 0, 3));
    b.at("2023-08-05T10:00:00");
    assert_eq!(conta(&envia(&b).exits(0)), (1, 0, 0, 2));
}
