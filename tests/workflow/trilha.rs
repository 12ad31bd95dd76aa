//! What the supervisor reads, and what the second of two forms is told (WF3, WF7).

use super::*;

#[test]
fn wf7_a_trilha_mostra_procura_e_exportacao_numa_linha_cada() {
    let (b, s) = mesa();
    let ana = Logada::nova(&s, "ana");
    ana.get("/workflow").is(200);
    let r = ana.post("/workflow/procurar", "busca=1002").is(303);
    ana.get(r.header("location").unwrap()).is(200);
    ana.get("/workflow/fila.csv").is(200);
    ana.get("/workflow/fila.csv?tipo=EA").is(200);
    ana.get("/workflow/item/2").is(200);
    audita(&b, |a| a.iter().any(|l| l.starts_with("workflow:ana: ficha")));
    let sol = Logada::nova(&s, "sol");
    let text = sol.get("/workflow/trilha?ver=acessos&quem=ana").is(200).text;
    let rows: Vec<&str> = text.split("class=\"texto\">").skip(1).map(|r| &r[..r.find('<').unwrap()]).collect();
    let want = ["ficha", "exportação da fila (1 cliente)", "exportação da fila (3 clientes)", "procura", "entrada"];
    assert_eq!(rows, want);
    let ficha = sql(&b, "SELECT ficha_id || '' FROM workflow WHERE id=2");
    assert!(text.contains(&format!("<a href=\"/workflow?fichas={ficha}\">{ficha}</a>")), "{text}");
    let text = sol.get(&format!("/workflow?fichas={ficha}")).is(200).text;
    assert!(text.contains("/workflow/item/2\""), "{text}");
    // of each client it stays told
    let of = b.atom(&["audit", &cpf(1)]).exits(0).stdout;
    assert!(of.contains("exportação da fila") && of.contains("fila"), "{of}");
}

#[test]
fn wf3_o_mesmo_formulario_enviado_duas_vezes_e_uma_mudanca_so() {
    let (b, s) = mesa();
    let (ana, bia) = (Logada::nova(&s, "ana"), Logada::nova(&s, "bia"));
    let form = "estado=Agendamento+de+Contato&agendado_para=2023-08-10&versao=1&nota=duas%0D%0Alinhas";
    ana.post("/workflow/item/1", form).is(303);
    ana.post("/workflow/item/1", form).is(303);
    let close = "estado=Acordo+Realizado&versao=2";
    ana.post("/workflow/item/1", close).is(303);
    ana.post("/workflow/item/1", close).is(303);
    let events = "SELECT count(*) || '' FROM workflow_evento WHERE workflow_id=1 AND de IS NOT NULL";
    assert_eq!(sql(&b, events), "2");
    let all = audita(&b, |_| true);
    assert_eq!(all.iter().filter(|l| l.starts_with("workflow:ana: status")).count(), 2, "{all:?}");
    // somebody else's, another note, another version: another change
    bia.post("/workflow/item/1", close).is(409);
    ana.post("/workflow/item/1", &format!("{close}&nota=x")).is(409);
    ana.post("/workflow/item/1", "estado=Acordo+Realizado&versao=1").is(409);
}

#[test]
fn wf3_o_aviso_diz_o_que_veio_e_nao_acusa_ninguem_sem_saber() {
    let (b, s) = mesa();
    let ana = Logada::nova(&s, "ana");
    let told = |item: i64, body: &str| {
        let text = ana.post(&format!("/workflow/item/{item}"), &format!("estado=Acordo+Realizado&{body}")).is(409).text;
        entre(&text, "role=\"alert\">", "</p>")
    };
    for body in ["", "versao=", "versao=x", "versao=-1", "versao=7", "versao=9223372036854775807"] {
        let said = told(1, &format!("{body}&nota=fica"));
        assert!(said.contains("não diz como este item estava") && !said.contains("mudou"), "{body}: {said}");
    }
    // a new indication, not a change
    tabula(&b, &s, &token(&b, "portal"), "1001", 501, "de novo");
    let said = told(1, "versao=1");
    assert!(said.contains("chegou nova indicação de OPERADOR 2 (04/08/2023 09:0"), "{said}");
    // both: the change is what counts
    ana.post("/workflow/item/2", "estado=Proposta+enviada+para+o+Pan&versao=1").is(303);
    tabula(&b, &s, &token(&b, "portal"), "1002", 501, "de novo");
    let said = told(2, "versao=1");
    assert!(said.contains("você (04/08/2023 09:0") && said.contains("“Proposta enviada para o Pan”"), "{said}");
    ana.post("/workflow/item/2", "estado=Acordo+Realizado&versao=3").is(303);
    let said = told(2, "versao=4&nota=x");
    assert!(said.contains("este item já está encerrado") && said.contains("O que você escreveu: x"), "{said}");
}
