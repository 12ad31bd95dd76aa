//! The queue's counts, filters, search, operators and file, as people see them.

use super::*;

/// Item 1 is due, of OPERADOR 1; items 2 and 3 closed, one of them two months ago.
fn encerrados() -> (Bed, Serve) {
    let (b, s) = mesa();
    atendimento(&b)
        .execute_batch(
            "UPDATE workflow SET agendado_para='2023-08-04', estado='Agendamento de Contato' WHERE id=1;
             UPDATE workflow SET estado='Acordo Realizado', fechado=1, mudado_em='2023-08-03T10:00:00-03:00' WHERE id=2;
             UPDATE workflow SET estado='Acordo Realizado', fechado=1, mudado_em='2023-06-03T10:00:00-03:00' WHERE id=3",
        )
        .unwrap();
    (b, s)
}

#[test]
fn quantos_tem_contato_hoje_segue_os_filtros() {
    let (_b, s) = encerrados();
    let ana = Logada::nova(&s, "ana");
    for (query, due) in [("", true), ("?tipo=REFIN", true), ("?tipo=EA", false), ("?operador=outro", false)] {
        let text = ana.get(&format!("/workflow{query}")).is(200).text;
        assert_eq!(text.contains("1 com contato até hoje"), due, "{query}");
    }
}

#[test]
fn a_conta_dos_encerrados_e_a_da_lista_a_que_leva() {
    let (_b, s) = encerrados();
    let ana = Logada::nova(&s, "ana");
    let text = ana.get("/workflow").is(200).text;
    assert!(text.contains("<span>Acordo Realizado</span> <b>1</b>") && text.contains("encerrados</span> <b>1</b>"));
    for path in ["/workflow?estado=Acordo+Realizado", "/workflow?ver=encerrados"] {
        let text = ana.get(path).is(200).text;
        assert_eq!(ordem(&text), [2], "{path}");
        assert!(text.contains("1 item · encerrados em 30 dias"), "{text}");
        // older ones are one step away, and stay when narrowed
        let all = entre(&text, "<p class=\"acoes\"><a href=\"", "\"").replace("&#38;", "&");
        let text = ana.get(&all).is(200).text;
        assert_eq!(ordem(&text), [2, 3], "{all}");
        assert!(text.contains("2 itens") && !text.contains("· encerrados em 30 dias"), "{text}");
        assert!(text.contains("name=\"tudo\" value=\"1\"") && text.contains("name=\"ver\" value=\"encerrados\""));
    }
    assert_eq!(ordem(&ana.get("/workflow?ver=encerrados&estado=&tipo=EA&operador=&idade=&tudo=1").is(200).text), [3]);
}

#[test]
fn filtrar_o_resultado_de_uma_procura_fica_nele() {
    let (b, s) = mesa();
    let second = item(&b, 1, "EA", "2023-08-02T10:00:00-03:00");
    let ana = Logada::nova(&s, "ana");
    let r = ana.post("/workflow/procurar", "busca=1001").is(303);
    let text = ana.get(r.header("location").unwrap()).is(200).text;
    let ids = entre(&text, "name=\"fichas\" value=\"", "\"");
    let text = ana.get(&format!("/workflow?fichas={ids}&estado=&tipo=EA&operador=&idade=")).is(200).text;
    assert_eq!(ordem(&text), [second]);
    assert!(text.contains("<h1>Resultado da procura</h1>"));
    // as the queue names an item without a contract
    let ficha = sql(&b, "SELECT ficha_id || '' FROM workflow WHERE id=2");
    for text in [format!("ficha {ficha}"), format!("Ficha+{ficha}")] {
        let r = ana.post("/workflow/procurar", &format!("busca={}", text.replace(' ', "+"))).is(303);
        assert_eq!(ordem(&ana.get(r.header("location").unwrap()).text), [2], "{text}");
    }
}

#[test]
fn o_operador_escolhido_esta_sempre_la_e_a_pagina_cabe() {
    let (b, s) = mesa();
    encher(&b, 400);
    let hostile: String = std::iter::repeat_n('<', 54).collect();
    let db = atendimento(&b);
    db.execute("UPDATE workflow SET operador=printf('%06d', id) || ?1", [&hostile]).unwrap();
    let long: String = std::iter::repeat_n('<', 200).collect();
    b.db().execute("UPDATE ficha SET nome_cliente=?1", [&long]).unwrap();
    let ana = Logada::nova(&s, "ana");
    let last = sql(&b, "SELECT max(operador) FROM workflow");
    let query: String = form_urlencoded(&last);
    let text = ana.get(&format!("/workflow?operador={query}")).is(200).text;
    assert_eq!(ordem(&text).len(), 1);
    let shown = last.replace('<', "&#60;");
    assert!(text.contains(&format!("name=\"operador\" list=\"operadores\" value=\"{shown}\"")), "{text}");
    for path in ["/workflow", "/workflow?pagina=3"] {
        let text = ana.get(path).is(200).text;
        assert!(text.len() <= 100 * 1024, "{path}: {} bytes", text.len());
        assert!(text.matches("<option value=\"0000").count() > 3, "some to choose from");
    }
}

#[test]
fn um_arquivo_longo_demais_e_dito_e_nao_cortado() {
    let (b, s) = mesa();
    encher(&b, 99_997);
    let ana = Logada::nova(&s, "ana");
    assert_eq!(ana.get("/workflow/fila.csv").is(200).text.lines().count(), 100_001);
    item(&b, 1, "EA", "2023-08-02T10:00:00-03:00");
    let r = ana.get("/workflow/fila.csv").is(422);
    assert!(r.text.contains("Itens demais") && r.text.contains("100.000"), "{}", r.text);
    ana.get("/workflow/fila.csv?tipo=EA").is(200);
}

#[test]
fn um_dia_de_contato_com_outro_status_nao_se_perde_calado() {
    let (b, s) = mesa();
    let ana = Logada::nova(&s, "ana");
    let form = "estado=Acordo+Realizado&agendado_para=2023-08-10&versao=1&nota=fica";
    let r = ana.post("/workflow/item/1", form).is(422);
    assert!(r.text.contains("o dia do contato só vale em Agendamento de Contato"), "{}", r.text);
    assert!(r.text.contains("value=\"2023-08-10\"") && r.text.contains(">fica</textarea>"));
    assert_eq!(sql(&b, "SELECT estado FROM workflow WHERE id=1"), "Sem tratativa");
}

#[test]
fn gravada_so_diz_quem_gravou() {
    let (_b, s) = mesa();
    let (ana, bia) = (Logada::nova(&s, "ana"), Logada::nova(&s, "bia"));
    for path in ["/workflow/item/1?feito=1", "/workflow/item/1?feito=", "/workflow/item/1?feito=2"] {
        assert!(!ana.get(path).is(200).text.contains("Alteração gravada."), "{path}");
    }
    let r = ana.post("/workflow/item/1", "estado=Proposta+enviada+para+o+Pan&versao=1").is(303);
    let to = r.header("location").unwrap();
    assert!(ana.get(to).text.contains("Alteração gravada."));
    assert!(!bia.get(to).text.contains("Alteração gravada."));
}

#[test]
fn um_item_cujo_contrato_saiu_da_base_diz_que_mostra_outro() {
    let (b, s) = mesa();
    let ana = Logada::nova(&s, "ana");
    assert!(!ana.get("/workflow/item/1").is(200).text.contains("não está mais na base"));
    atendimento(&b).execute("UPDATE workflow SET contrato='7777' WHERE id=1", []).unwrap();
    let text = ana.get("/workflow/item/1").is(200).text;
    assert!(text.contains("O contrato 7777 não está mais na base. Abaixo, outros contratos do cliente."), "{text}");
}
