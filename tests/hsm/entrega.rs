//! OMNE's webhook that is faster than OMNE's answer (decisions 7, WH10).

use super::*;
use crate::support::serve::{SERVE, Serve, token};
use crate::support::servidor;

/// A message whose POST hangs; OMNE tells of it while nobody knows the answer. The sender, still waiting.
fn avisada(stub: &Omne, status: &str, omne: &str) -> (Bed, std::process::Child) {
    stub.sempre(Faz::Pendura(Duration::from_secs(30)));
    let b = arruma(Bed::bare(&config(&url(stub), omne, SERVE)), 1);
    enfileira(&b, [1]);
    let sender = b.cmd(&["--json", "-q", "send-hsm"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    servidor::espera(|| stub.quantos() == 1);
    let (t, s) = (token(&b, "omne"), Serve::start(&b));
    let event = json!({"webhook_type": "hsm", "id": "h-1", "destiny": numero(1), "template_id": "101", "status": status,
        "date_entry": "2023-08-04 11:00:05", "date_status": "2023-08-04 11:01:00"});
    s.post("/webhook/omne", &t, &event).is(200);
    servidor::espera(|| linhas(&b, "SELECT entrega FROM hsm") != ["-"]);
    assert_eq!(estados(&b), ["ENVIANDO"], "the answer decides, while there may be one");
    (b, sender)
}

const FILA: &str = "SELECT estado||' '||coalesce(motivo,'-')||' '||entrega FROM hsm";

#[test]
fn wh10_o_aviso_que_chega_durante_o_envio_resolve_a_resposta_perdida() {
    let stub = Omne::sobe();
    let (b, sender) = avisada(&stub, "delivered", "timeout_seconds = 6");
    let out = sender.wait_with_output().unwrap();
    let run: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!((&run["sent"], &run["uncertain"]), (&json!(1), &json!(0)), "{run}");
    assert_eq!((linhas(&b, FILA), marcas(&b)), (vec!["ACEITA WEBHOOK ENTREGUE".into()], vec![COM_SUCESSO.into()]));
    envia(&b).exits(0);
    assert_eq!(stub.quantos(), 1);
}

#[test]
fn wh10_hs14_o_aviso_que_chega_antes_da_queda_do_remetente_resolve_a_mensagem() {
    for (status, entrega) in [("delivered", "ENTREGUE"), ("error", "ERRO")] {
        let stub = Omne::sobe();
        let (b, mut sender) = avisada(&stub, status, "timeout_seconds = 60");
        sender.kill().unwrap();
        sender.wait().unwrap();
        envia(&b).exits(0);
        assert_eq!(
            (linhas(&b, FILA), marcas(&b)),
            (vec![format!("ACEITA WEBHOOK {entrega}")], vec![COM_SUCESSO.into()])
        );
        envia(&b).exits(0);
        assert_eq!(stub.quantos(), 1, "never a second time");
    }
}

/// OMNE tells that it delivered the first client's message, taken in at 11:00:05.
fn entregue(b: &Bed) {
    let (t, s) = (token(b, "omne"), Serve::start(b));
    let event = json!({"webhook_type": "hsm", "id": "h-1", "destiny": numero(1), "template_id": "101", "status": "delivered",
        "date_entry": "2023-08-04 11:00:05", "date_status": "2023-08-04 11:01:00"});
    s.post("/webhook/omne", &t, &event).is(200);
    servidor::espera(|| linhas(b, "SELECT estado FROM webhook") != ["RECEBIDO"]);
    assert_eq!(linhas(b, "SELECT estado||' '||via FROM webhook"), ["VINCULADO HSM"]);
}

#[test]
fn hs1_o_que_o_omne_diz_ter_entregue_nao_sai_de_novo_depois_de_um_503_ou_de_resolvida_como_nao_enviada() {
    for (answer, code) in [(Faz::Com(503, "Retry-After: 3600\r\n".into()), 5), (Faz::Responde(500), 3)] {
        let stub = Omne::sobe();
        stub.roteiro([answer]);
        let mut b = arruma(Bed::bare(&config(&url(&stub), "", SERVE)), 1);
        enfileira(&b, [1]);
        envia(&b).exits(code);
        if code == 3 {
            b.atom(&["hsm", "resolve", "1", "--not-sent", "--reason", "não aparece lá"]).exits(0);
        }
        assert_eq!(linhas(&b, "SELECT estado||coalesce(enviada_em,'') FROM hsm"), ["PENDENTE"]);
        entregue(&b);
        assert_eq!((linhas(&b, FILA), marcas(&b)), (vec!["ACEITA WEBHOOK ENTREGUE".into()], vec![COM_SUCESSO.into()]));
        assert_eq!(linhas(&b, "SELECT substr(enviada_em,1,16) FROM hsm"), ["2023-08-04 11:00"]);
        b.at("2023-08-04T13:00:00");
        envia(&b).exits(0);
        assert_eq!(stub.quantos(), 1, "HTTP {code}");
        // and no second one of that day
        enfileira_de_novo(&b);
        assert_eq!(envia(&b).exits(0).json()[0]["cancelled"], json!({"REPETIDA": 1}));
    }
}

fn enfileira_de_novo(b: &Bed) {
    massiva(b, "20230804_111500_massiva_whatsapp.csv", &format!("1001;{};Ana;jornada1\r\n", fone(1)));
}

#[test]
fn wh10_o_aviso_que_chega_durante_o_envio_vale_tambem_quando_o_omne_responde_503() {
    let stub = Omne::sobe();
    let (b, mut sender) = avisada(&stub, "delivered", "timeout_seconds = 60");
    sender.kill().unwrap();
    sender.wait().unwrap();
    // the answer was on disk, its T2 was not
    let journal = b.root.join("store/hsm.journal");
    let text = std::fs::read_to_string(&journal).unwrap();
    std::fs::write(&journal, format!("{}R 1 REPETE 503 -\n", text.trim_end_matches('\0'))).unwrap();
    envia(&b).exits(0);
    assert_eq!((linhas(&b, FILA), stub.quantos()), (vec!["ACEITA WEBHOOK ENTREGUE".into()], 1));
}
