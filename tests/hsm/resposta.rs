//! What each answer of OMNE does: HS2, HS4–HS8, HS13.

use super::*;

#[test]
fn hs13_a_marca_e_o_que_o_omne_respondeu_linha_a_linha() {
    let stub = Omne::sobe();
    stub.roteiro([Faz::Responde(202), Faz::Responde(422), Faz::Responde(500), Faz::Responde(404), Faz::Responde(200)]);
    let b = pronto(&stub, 5, "");
    assert_eq!(conta(&envia(&b).exits(3)), (2, 2, 1, 0));
    assert_eq!(estados(&b), ["ACEITA", "FALHA", "INCERTA", "FALHA", "ACEITA"]);
    assert_eq!(marcas(&b), [COM_SUCESSO, SEM_SUCESSO, SEM_SUCESSO, COM_SUCESSO]);
    assert_eq!(linhas(&b, "SELECT http FROM hsm ORDER BY id"), ["202", "422", "500", "404", "200"]);
    assert_eq!(linhas(&b, "SELECT resposta FROM hsm WHERE id=1"), ["{\"success\":true}"]);
}

#[test]
fn hs2_resposta_perdida_e_incerta_e_so_uma_pessoa_a_resolve() {
    let stub = Omne::sobe();
    stub.roteiro([Faz::CaiDepois, Faz::CaiAntes]);
    let b = pronto(&stub, 2, "");
    assert_eq!(conta(&envia(&b).exits(3)), (0, 0, 2, 0));
    assert_eq!((estados(&b), marcas(&b)), (vec!["INCERTA".to_owned(); 2], Vec::<String>::new()));
    envia(&b).exits(0);
    assert_eq!(stub.quantos(), 2, "never again by itself");
    let status = b.atom(&["status"]).exits(0).stdout;
    assert!(status.contains("INCERTA 1") && status.contains("atom hsm list --state incerta"), "{status}");
    let listed = b.json(&["hsm", "list", "--state", "incerta"]).exits(0).json();
    let ids: Vec<i64> = listed.iter().map(|l| l["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, [2, 1]);
    assert_eq!(
        (&listed[1]["contrato"], &listed[1]["jornada"], &listed[1]["estado"]),
        (&json!("1001"), &json!("jornada1"), &json!("INCERTA"))
    );
    // without a reason nothing is resolved
    b.atom(&["hsm", "resolve", "1", "--sent"]).exits(2);
    b.atom(&["hsm", "resolve", "1", "--reason", "x"]).exits(2);
    b.atom(&["hsm", "resolve", "1", "--sent", "--reason", "o cliente respondeu"]).exits(0);
    b.atom(&["hsm", "resolve", "2", "--not-sent", "--reason", "OMNE não tem"]).exits(0);
    assert_eq!((estados(&b), marcas(&b)), (vec!["ACEITA".into(), "PENDENTE".into()], vec![COM_SUCESSO.to_owned()]));
    assert!(b.atom(&["hsm", "resolve", "1", "--not-sent", "--reason", "x"]).exits(2).stderr.contains("ACEITA"));
    assert_eq!(conta(&envia(&b).exits(0)), (1, 0, 0, 0));
    assert_eq!(stub.entregues(), [numero(1), numero(2)]);
    assert_eq!(
        linhas(&b, "SELECT o_que||' '||ficha_id FROM auditoria ORDER BY id"),
        ["hsm resolve 1 --sent: o cliente respondeu 1", "hsm resolve 2 --not-sent: OMNE não tem 2"]
    );
}

#[test]
fn hs4_retry_after_vale_para_todas_as_linhas() {
    let stub = Omne::sobe();
    stub.roteiro([Faz::Com(429, "Retry-After: 2\r\n".into())]);
    let b = pronto(&stub, 3, "");
    assert_eq!(conta(&envia(&b).exits(0)), (3, 0, 0, 0));
    let p = stub.pedidos();
    assert_eq!(p.len(), 4);
    assert!(p[1].em - p[0].em >= Duration::from_secs(2));
    assert_eq!(p[1].corpo["number"], numero(1), "the same line again");
}

#[test]
fn hs4_uma_espera_longa_vale_para_as_proximas_execucoes() {
    for asked in ["Retry-After: 3600\r\n", "Retry-After: Fri, 04 Aug 2023 15:00:00 GMT\r\n"] {
        let stub = Omne::sobe();
        stub.roteiro([Faz::Com(503, asked.into())]);
        let mut b = pronto(&stub, 2, "");
        let out = envia(&b).exits(5);
        assert_eq!((conta(&out), &out.json()[0]["stopped"]), ((0, 0, 0, 2), &json!("ESPERA")));
        b.at("2023-08-04T11:58:00");
        envia(&b).exits(5);
        b.atom(&["-q", "run"]).exits(5);
        assert_eq!(stub.quantos(), 1, "no request of any line before that time");
        b.at("2023-08-04T12:00:30");
        assert_eq!(conta(&envia(&b).exits(0)), (2, 0, 0, 0));
    }
}

#[test]
fn hs5_429_e_503_ate_max_retries_envios_ao_todo() {
    let stub = Omne::sobe();
    stub.roteiro([Faz::Responde(429), Faz::Responde(503)]);
    let b = pronto(&stub, 2, "max_retries = 2");
    assert_eq!(conta(&envia(&b).exits(3)), (1, 1, 0, 0));
    assert_eq!(
        (estados(&b), marcas(&b)),
        (vec!["FALHA".into(), "ACEITA".into()], vec![SEM_SUCESSO.to_owned(), COM_SUCESSO.into()])
    );
    assert_eq!(linhas(&b, "SELECT tentativas FROM hsm ORDER BY id"), ["2", "1"]);
    let p = stub.pedidos();
    assert_eq!(p.len(), 3);
    assert!(p[1].em - p[0].em >= Duration::from_secs(1), "a pause between them");
}

#[test]
fn hs5_os_envios_de_execucoes_diferentes_somam() {
    let stub = Omne::sobe();
    stub.sempre(Faz::Com(429, "Retry-After: 120\r\n".into()));
    let mut b = pronto(&stub, 1, "max_retries = 3");
    for (n, code) in [(0, 5), (1, 5), (2, 3)] {
        b.at(&format!("2023-08-04T11:{:02}:00", n * 5));
        envia(&b).exits(code);
    }
    assert_eq!((estados(&b), stub.quantos()), (vec!["FALHA".to_owned()], 3));
}

#[test]
fn hs5_outro_5xx_e_incerta_e_nao_volta() {
    for code in [500, 502, 504] {
        let stub = Omne::sobe();
        stub.roteiro([Faz::Responde(code)]);
        let b = pronto(&stub, 1, "");
        assert_eq!(conta(&envia(&b).exits(3)), (0, 0, 1, 0));
        envia(&b).exits(0);
        assert_eq!((estados(&b), stub.quantos()), (vec!["INCERTA".to_owned()], 1), "{code}");
    }
}

#[test]
fn hs6_401_e_403_param_na_hora_e_as_linhas_ficam_prontas() {
    for code in [401, 403] {
        let stub = Omne::sobe();
        stub.sempre(Faz::Responde(code));
        let b = pronto(&stub, 3, "");
        let out = envia(&b).exits(2);
        assert_eq!((conta(&out), &out.json()[0]["stopped"]), ((0, 0, 0, 3), &json!("CREDENCIAL")));
        assert!(out.stderr.contains("omne.token"), "{}", out.stderr);
        assert_eq!((estados(&b), stub.quantos()), (vec!["PENDENTE".to_owned(); 3], 1));
        assert_eq!(linhas(&b, "SELECT max(tentativas) FROM hsm"), ["0"]);
        b.atom(&["-q", "run"]).exits(2);
        stub.sempre(Faz::Responde(200));
        assert_eq!(conta(&envia(&b).exits(0)), (3, 0, 0, 0));
    }
}

#[test]
fn hs7_lixo_num_2xx_inteiro_e_aceita_e_um_corpo_cortado_e_incerta() {
    let stub = Omne::sobe();
    stub.roteiro([
        Faz::Corpo("<html>ok</html>\u{1b}[2J".into()),
        Faz::Bytes("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":"),
        Faz::Bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{\"id\":"),
        Faz::Bytes("HTTP/1.1 200 OK\r\nContent-Le"),
        Faz::Bytes("SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    ]);
    let b = pronto(&stub, 6, "");
    assert_eq!(conta(&envia(&b).exits(3)), (2, 0, 4, 0));
    assert_eq!(estados(&b), ["ACEITA", "INCERTA", "INCERTA", "INCERTA", "INCERTA", "ACEITA"]);
    envia(&b).exits(0);
    assert_eq!(stub.quantos(), 6, "none is sent again");
    let shown = b.atom(&["hsm", "show", "1", "--show-pii"]).exits(0).stdout;
    assert!(shown.contains("<html>ok</html>\\u{1b}[2J"), "{shown}");
}

#[test]
fn hs7_um_2xx_inteiro_e_aceita_por_mais_longo_que_seja() {
    let stub = Omne::sobe();
    stub.roteiro([Faz::Corpo("x".repeat(3 * 1024 * 1024))]);
    let b = pronto(&stub, 2, "");
    assert_eq!(conta(&envia(&b).exits(0)), (2, 0, 0, 0));
    assert_eq!(linhas(&b, "SELECT length(resposta) FROM hsm WHERE id=1"), ["4096"]);
}

#[test]
fn hs8_uma_resposta_que_nao_vem_tem_limite_e_as_outras_seguem() {
    let stub = Omne::sobe();
    stub.roteiro([Faz::Pendura(Duration::from_secs(120))]);
    let b = pronto(&stub, 2, "timeout_seconds = 1");
    assert_eq!(conta(&envia(&b).exits(3)), (1, 0, 1, 0));
    assert_eq!(estados(&b), ["INCERTA", "ACEITA"]);
}

#[test]
fn se8_redirecionamento_nao_e_seguido_nem_proxy_do_ambiente() {
    let (stub, other) = (Omne::sobe(), Omne::sobe());
    stub.sempre(Faz::Com(307, format!("Location: {}/interactive/whatsapp/hsm/message\r\n", url(&other))));
    let b = pronto(&stub, 2, "");
    assert!(envia(&b).exits(2).stderr.contains("omne.url"));
    stub.sempre(Faz::Responde(200));
    let mut c = b.cmd(&["--json", "send-hsm"]);
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"] {
        c.env(name, url(&other));
    }
    assert_eq!(conta(&Out::from(c.output().unwrap()).exits(0)), (2, 0, 0, 0));
    assert_eq!((stub.quantos(), other.quantos()), (3, 0));
}

#[test]
fn dez_quedas_seguidas_param_a_execucao_com_saida_5() {
    let stub = Omne::sobe();
    stub.sempre(Faz::Responde(502));
    let b = pronto(&stub, 12, "");
    // the pauses between them are the run's own; here nobody waits
    let env: atom::config::Env = [("ATOM_NOW", "2023-08-04T11:00:00-03:00")].into_iter().collect();
    let config = atom::config::Config::load(&b.root.join("atom.toml"), &env).unwrap();
    let esquema = atom::import::esquema::esquema(&b.layouts).unwrap();
    let store = atom::store::Store::open(&config.store_dir, &esquema, &atom::import::campanha(&config)).unwrap();
    let pauses = std::cell::RefCell::new(Vec::new());
    let ctx = atom::hsm::Contexto {
        config: &config,
        omne: config.omne.as_ref().unwrap(),
        store: &store,
        clock: &atom::clock::Clock::from_env(env.get("ATOM_NOW")).unwrap(),
        calendario: &config.calendario(),
        limite: None,
        prazo: None,
        parar: &|| false,
        pausa: &|d| {
            if d >= Duration::from_secs(1) {
                pauses.borrow_mut().push(d.as_secs());
            }
            true
        },
        progresso: &|_, _| {},
    };
    let c = atom::hsm::envio::envia(&ctx).unwrap();
    assert_eq!((c.enviadas, c.incertas, c.restam, stub.quantos()), (0, 10, 2, 10));
    assert_eq!(c.parada, Some(atom::hsm::regra::Parada::Quedas("HTTP 502".into())));
    assert_eq!(pauses.into_inner(), [1, 2, 4, 8, 16, 30, 30, 30, 30]);
}

#[test]
fn uma_espera_sem_fim_dura_um_dia_e_diz_ate_quando() {
    for asked in [Some("99999999999"), None] {
        let stub = Omne::sobe();
        let mut b = pronto(&stub, 1, "");
        match asked {
            Some(text) => stub.roteiro([Faz::Com(503, format!("Retry-After: {text}\r\n"))]),
            // a clock that ran ahead when it was asked
            None => drop(atendimento(&b).execute("UPDATE hsm_controle SET nao_antes=4102444800", [])),
        }
        let said = envia(&b).exits(5).stderr;
        assert!(said.contains("até 05/08 11:0") && said.contains("atom hsm pause --resume"), "{said}");
        let before = stub.quantos();
        b.at("2023-08-05T10:55:00");
        envia(&b).exits(5);
        assert_eq!(stub.quantos(), before);
        b.at("2023-08-05T11:05:00");
        assert_eq!(conta(&envia(&b).exits(0)), (1, 0, 0, 0), "{asked:?}");
    }
}
