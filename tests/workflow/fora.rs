//! What people see where no page comes: no session, no such page, a store that is held; nothing that was typed is lost.

use super::*;

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
const HTML: (&str, &str) = ("Accept", "text/html,application/xhtml+xml;q=0.9");

/// A page as every page is (WF8), in Portuguese.
#[track_caller]
fn e_pagina(r: &Resposta) {
    assert!(r.text.contains("<html lang=\"pt-BR\">") && !r.text.contains("requestId"), "{}", r.text);
    for name in
        ["content-security-policy", "x-frame-options", "referrer-policy", "cross-origin-opener-policy", "cache-control"]
    {
        assert!(r.header(name).is_some(), "{name}");
    }
    assert!(r.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
}

#[test]
fn wf1_quem_nao_entrou_ve_uma_pagina_que_leva_a_entrada_em_todo_endereco() {
    let (_b, s) = mesa();
    let first = s.get_with("/workflow", &[HTML]).is(401);
    assert_eq!(first.header("refresh"), Some("2; url=/workflow/entrar"));
    assert!(first.text.contains("<a href=\"/workflow/entrar\">Entrar</a>"), "{}", first.text);
    // AP1: known or not, page or interface
    for path in ["/workflow", "/workflow/fila.csv", "/workflow/x", "/api/v1/dadosCliente?idCrm=1", "/nada", "/docs"] {
        let r = s.get_with(path, &[HTML]).is(401);
        e_pagina(&r);
        assert_eq!((&r.text, r.header("refresh")), (&first.text, first.header("refresh")), "{path}");
        let r = s.get_with(path, &[("Accept", "*/*")]).is(401);
        assert_eq!(r.codigo(), "NAO_AUTORIZADO", "{path}");
    }
    // an item, there or not, is where the login leads back to
    for id in ["1", "999"] {
        let r = s.get_with(&format!("/workflow/item/{id}"), &[HTML]).is(401);
        assert_eq!(r.header("refresh"), Some(format!("2; url=/workflow/entrar?volta=/workflow/item/{id}").as_str()));
    }
}

#[test]
fn depois_de_entrar_volta_se_ao_item_e_a_nenhum_outro_endereco() {
    let (_b, s) = mesa();
    let text = s.get("/workflow/entrar?volta=/workflow/item/2", "").is(200).text;
    assert!(text.contains("name=\"volta\" value=\"/workflow/item/2\""), "{text}");
    let wrong = envia(&s, "/workflow/entrar", "", "login=ana&senha=errada-errada&volta=/workflow/item/2").is(401);
    assert!(wrong.text.contains("name=\"volta\" value=\"/workflow/item/2\""), "{}", wrong.text);
    for (volta, to) in [
        ("/workflow/item/2", "/workflow/item/2"),
        ("https://mal.example", "/workflow"),
        ("//mal.example/workflow/item/2", "/workflow"),
        ("/workflow/item/2%0D%0AX:y", "/workflow"),
    ] {
        let r = envia(&s, "/workflow/entrar", "", &format!("login=ana&senha={SENHA}&volta={volta}")).is(303);
        assert_eq!(r.header("location"), Some(to), "{volta}");
        let text = s.get(&format!("/workflow/entrar?volta={volta}"), "").text;
        assert!(!text.contains("mal.example") && !text.contains("X:y"), "{text}");
    }
}

#[test]
fn o_que_se_escreveu_depois_do_fim_da_sessao_volta_para_ser_copiado() {
    let (b, s) = mesa();
    let origin = format!("http://{}", s.addr);
    let body = b"estado=Acordo+Realizado&versao=1&nota=texto+%3Cb%3Elongo%3C%2Fb%3E".as_slice();
    let r = s.post_raw("/workflow/item/1", &[FORM, HTML, ("Origin", &origin)], body).is(401);
    e_pagina(&r);
    assert!(r.text.contains("texto &#60;b&#62;longo&#60;/b&#62;</textarea>") && r.text.contains("Nada foi gravado"));
    assert!(r.text.contains("href=\"/workflow/entrar?volta=/workflow/item/1\"") && r.header("refresh").is_none());
    // nobody else puts words there
    let r = s.post_raw("/workflow/item/1", &[FORM, HTML, ("Origin", "https://mal.example")], body).is(401);
    assert!(!r.text.contains("longo"), "{}", r.text);
    // logged in again in another window: the form is of a session before
    let ana = Logada::nova(&s, "ana");
    let r = ana.post_with("/workflow/item/1", &[FORM, ("Origin", &origin)], std::str::from_utf8(body).unwrap()).is(403);
    assert!(r.text.contains("longo&#60;/b&#62;</textarea>"), "{}", r.text);
    assert_eq!(sql(&b, "SELECT count(*) || '' FROM workflow_evento WHERE de IS NOT NULL"), "0");
}

#[test]
fn ap13_o_que_se_escreveu_com_o_store_preso_volta_para_ser_copiado() {
    let (b, s) = mesa();
    let ana = Logada::nova(&s, "ana");
    let csrf = ana.csrf();
    let db = atendimento(&b);
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    let body = format!("estado=Acordo+Realizado&versao=1&nota=texto+longo&csrf={csrf}");
    let r = envia(&s, "/workflow/item/1", &ana.cookie, &body).is(503);
    db.execute_batch("ROLLBACK").unwrap();
    e_pagina(&r);
    assert!(r.text.contains("texto longo</textarea>") && r.text.contains("Nada foi gravado"), "{}", r.text);
    ana.post("/workflow/item/1", "estado=Acordo+Realizado&versao=1&nota=texto+longo").is(303);
}

#[test]
fn tudo_sob_workflow_que_nao_ha_e_dito_numa_pagina() {
    let (_b, s) = mesa();
    let ana = Logada::nova(&s, "ana");
    for (path, status, says) in [
        ("/workflow/x", 404, "Página não encontrada"),
        ("/workflow/item", 404, "Página não encontrada"),
        ("/workflow/item/1/2", 404, "Página não encontrada"),
        ("/workflow/%ff", 404, "Página não encontrada"),
        ("/workflow/item/%ff", 404, "Item não encontrado"),
        ("/workflow/item/x", 404, "Item não encontrado"),
        ("/workflow/procurar", 405, "Só pelo formulário"),
        ("/workflow/sair", 405, "Só pelo formulário"),
    ] {
        let r = ana.get(path).is(status);
        e_pagina(&r);
        assert!(r.text.contains(says), "{path}: {}", r.text);
    }
    for (path, to) in [("/workflow/", "/workflow"), ("/workflow/item/1/", "/workflow/item/1")] {
        assert_eq!(ana.get(path).is(308).header("location"), Some(to));
    }
    let r = envia(&s, "/workflow", &ana.cookie, "x=1").is(405);
    e_pagina(&r);
}
