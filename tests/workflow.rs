//! The back office's pages over HTTP: WF1–WF8, the queue, one item, the file (UC012).

use crate::support::serve::*;
use crate::support::workflow::*;
use crate::support::*;
use std::time::{Duration, Instant};

mod entrada;
mod fila;
mod fora;
mod trilha;

const DIA: &str = "2023-08-03T10:00:00-03:00";

/// Two analysts, a supervisor, three items; served at 09:00.
fn mesa() -> (Bed, Serve) {
    let mut b = base(3);
    for (login, role) in [("ana", "analyst"), ("bia", "analyst"), ("sol", "supervisor")] {
        pessoa(&b, login, role);
    }
    for n in 1..=3 {
        item(&b, n, if n == 3 { "EA" } else { "REFIN" }, &format!("2023-08-0{n}T10:00:00-03:00"));
    }
    b.at("2023-08-04T09:00:00");
    let s = Serve::start(&b);
    (b, s)
}

/// Waits for the audit of reads.
fn audita(b: &Bed, want: impl Fn(&[String]) -> bool) -> Vec<String> {
    let begun = Instant::now();
    loop {
        let all = auditoria(b);
        if want(&all) || begun.elapsed() > Duration::from_secs(5) {
            return all;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn sql(b: &Bed, q: &str) -> String {
    atendimento(b).query_row(q, [], |r| r.get::<_, String>(0)).unwrap()
}

#[test]
fn wf1_sem_sessao_nenhuma_pagina_nem_acao_e_get_nao_muda_nada() {
    let (b, s) = mesa();
    let other = s.get("/api/v1/naoExiste", "").is(401);
    let strip = |r: &Resposta| r.json()["erro"].to_string();
    for path in
        ["/workflow", "/workflow/item/1", "/workflow/item/99", "/workflow/fila.csv", "/workflow/trilha", "/workflow/x"]
    {
        let r = s.get(path, "").is(401);
        assert_eq!(strip(&r), strip(&other), "{path}");
        let invented = s.get_with(path, &[("Cookie", "__Host-sessao=inventada")]).is(401);
        assert_eq!(strip(&invented), strip(&other), "{path}");
    }
    for path in ["/workflow/item/1", "/workflow/sair", "/workflow/procurar"] {
        envia(&s, path, "", "estado=Acordo+Realizado&versao=1").is(401);
    }
    // a token of the Portal opens no page, a session no answer of the API
    s.get("/workflow", &token(&b, "portal")).is(401);
    let ana = Logada::nova(&s, "ana");
    ana.get("/api/v1/dadosCliente?idCrm=1").is(401);
    let before = sql(&b, "SELECT group_concat(estado || versao || mudado_em) FROM workflow");
    for path in [
        "/workflow",
        "/workflow/item/1?estado=Acordo+Realizado&versao=1",
        "/workflow/fila.csv",
        "/workflow/entrar?login=ana&senha=x",
    ] {
        ana.get(path).is(200);
    }
    for path in ["/workflow/sair", "/workflow/procurar?busca=x"] {
        ana.get(path).is(405);
    }
    ana.get("/workflow").is(200);
    assert_eq!(sql(&b, "SELECT group_concat(estado || versao || mudado_em) FROM workflow"), before);
}

#[test]
fn wf2_um_formulario_de_outra_origem_de_outro_tipo_ou_de_outra_sessao_e_recusado() {
    let (b, s) = mesa();
    let (ana, bia) = (Logada::nova(&s, "ana"), Logada::nova(&s, "bia"));
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let good = format!("estado=Acordo+Realizado&versao=1&csrf={}", ana.csrf());
    let here = ana.origin().to_owned();
    for (headers, status) in [
        (vec![form, ("Origin", "https://mal.example")], 403),
        (vec![form, ("Origin", "null")], 403),
        (vec![form], 403),
        (vec![form, ("Origin", here.as_str()), ("Sec-Fetch-Site", "cross-site")], 403),
        (vec![form, ("Origin", here.as_str()), ("Sec-Fetch-Site", "same-site")], 403),
        (vec![("Content-Type", "text/plain"), ("Origin", here.as_str())], 415),
        (vec![("Content-Type", "multipart/form-data; boundary=x"), ("Origin", here.as_str())], 415),
        (vec![("Content-Type", "application/json"), ("Origin", here.as_str())], 415),
        (vec![("Origin", here.as_str())], 415),
    ] {
        ana.post_with("/workflow/item/1", &headers, &good).is(status);
    }
    for csrf in [String::new(), "0".repeat(64), bia.csrf()] {
        let body = format!("estado=Acordo+Realizado&versao=1&csrf={csrf}");
        ana.post_with("/workflow/item/1", &[form, ("Origin", &here)], &body).is(403);
    }
    let foreign = s.post_raw("/workflow/entrar", &[form, ("Origin", "https://mal.example")], b"login=ana&senha=x");
    foreign.is(403);
    assert_eq!(sql(&b, "SELECT group_concat(DISTINCT estado) FROM workflow"), "Sem tratativa");
    ana.post_with("/workflow/item/1", &[form, ("Origin", &here)], &good).is(303);
}

#[test]
fn wf3_de_duas_pessoas_no_mesmo_item_a_segunda_e_avisada_e_nada_se_perde() {
    let (b, s) = mesa();
    let (ana, bia) = (Logada::nova(&s, "ana"), Logada::nova(&s, "bia"));
    ana.post("/workflow/item/1", "estado=Proposta+enviada+para+o+Pan&versao=1&nota=enviada+por+Ana").is(303);
    let r = bia.post("/workflow/item/1", "estado=Acordo+Realizado&versao=1&nota=texto+longo+da+Bia").is(409);
    assert!(r.text.contains("Nada foi gravado: ana (04/08/2023 09:0"), "{}", r.text);
    assert!(r.text.contains("Proposta enviada para o Pan") && r.text.contains("texto longo da Bia</textarea>"));
    assert!(r.text.contains("value=\"Acordo Realizado\" selected") && r.text.contains("enviada por Ana"));
    // what the second page carries can be sent again
    bia.post("/workflow/item/1", "estado=Acordo+Realizado&versao=2&nota=texto+longo+da+Bia").is(303);
    let r = ana.post("/workflow/item/1", "estado=Proposta+enviada+para+o+Pan&versao=2&nota=tarde+demais").is(409);
    assert!(r.text.contains("O que você escreveu: tarde demais") && r.text.contains("Este item está encerrado"));
    let events = "SELECT group_concat(quem || '>' || para, '|') FROM workflow_evento WHERE workflow_id=1";
    assert_eq!(sql(&b, events), "OPERADOR 1>Sem tratativa|ana>Proposta enviada para o Pan|bia>Acordo Realizado");
}

#[test]
fn wf4_um_nome_com_marcacao_continua_texto() {
    let (b, s) = mesa();
    let evil = "<script>alert('1')</script>\" onload=x & João";
    b.db().execute("UPDATE ficha SET nome_cliente=?1", [evil]).unwrap();
    atendimento(&b).execute("UPDATE workflow SET operador=?1", [evil]).unwrap();
    let ana = Logada::nova(&s, "ana");
    ana.post("/workflow/item/1", "estado=Proposta+enviada+para+o+Pan&versao=1&nota=%3Cimg+src%3Dx+onerror%3D1%3E")
        .is(303);
    for path in ["/workflow", "/workflow/item/1"] {
        let text = ana.get(path).is(200).text;
        assert!(!text.contains("<script") && !text.contains("<img") && !text.contains("\" onload"), "{path}: {text}");
        assert!(text.contains("&#60;script&#62;alert"), "{path}: {text}");
        assert!(!text.contains("<b>entrada"), "an operator's text");
    }
}

#[test]
fn wf5_a_sessao_muda_na_entrada_e_morre_na_saida_ociosa_e_velha() {
    let (mut b, s) = mesa();
    let r = entra(&s, "ana", SENHA).is(303);
    let set = r.header("set-cookie").unwrap().to_owned();
    for part in ["__Host-sessao=", "Path=/", "HttpOnly", "Secure", "SameSite=Strict"] {
        assert!(set.contains(part), "{set}");
    }
    assert!(!set.contains("Domain"), "{set}");
    let first = set.split(';').next().unwrap().to_owned();
    // an id that somebody else planted is not taken, and the old one of the same browser ends
    let again = envia(&s, "/workflow/entrar", &first, &format!("login=ana&senha={SENHA}")).is(303);
    let second = again.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    assert_ne!(first, second);
    s.get_with("/workflow", &[("Cookie", &first)]).is(401);
    s.get_with("/workflow", &[("Cookie", &second)]).is(200);
    let bia = Logada::nova(&s, "bia");
    let out = bia.post("/workflow/sair", "").is(303);
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
    bia.get("/workflow").is(401);
    // sessions are in the store: only their hashes
    assert!(!sql(&b, "SELECT group_concat(sha256) FROM sessao").contains(second.split_once('=').unwrap().1));
    s.term();
    for (at, status) in [("2023-08-04T09:29:00", 200), ("2023-08-04T09:58:00", 200), ("2023-08-04T10:29:00", 401)] {
        b.at(at);
        let s = Serve::start(&b);
        s.get_with("/workflow", &[("Cookie", &second)]).is(status);
        s.term();
    }
    atendimento(&b).execute("UPDATE sessao SET vista_em='2023-08-04T18:55:00-03:00'", []).unwrap();
    for (at, status) in [("2023-08-04T18:58:00", 200), ("2023-08-04T19:02:00", 401)] {
        b.at(at);
        let s = Serve::start(&b);
        s.get_with("/workflow", &[("Cookie", &second)]).is(status);
        s.term();
    }
}

#[test]
fn wf6_adivinhar_senhas_e_freado_e_auditado_e_nao_diz_quem_existe() {
    let (b, s) = mesa();
    user(&b, &["add", "eva"], SENHA).exits(0);
    b.atom(&["user", "disable", "eva"]).exits(0);
    let same = |r: Resposta| (r.status, r.text);
    let wrong = same(entra(&s, "ana", "errada-errada"));
    assert_eq!(wrong.0, 401);
    assert_eq!(wrong, same(entra(&s, "ninguem", "errada-errada")));
    assert_eq!(wrong, same(entra(&s, "eva", SENHA)));
    assert_eq!(wrong, same(entra(&s, "n%C3%A3o+pode+ser", "errada-errada")));
    let mut last = wrong.0;
    for _ in 0..12 {
        last = entra(&s, "ana", "errada-errada").status;
    }
    assert_eq!(last, 429);
    // nor does the brake tell
    let mut last = 0;
    for _ in 0..12 {
        last = entra(&s, "ninguem", "errada-errada").status;
    }
    assert_eq!(last, 429);
    entra(&s, "bia", SENHA).is(303);
    let all = audita(&b, |a| a.iter().any(|l| l == "workflow:bia: entrada"));
    let count = |l: &str| all.iter().filter(|x| *x == l).count();
    assert!(count("workflow:ana: entrada recusada") >= 8 && count("workflow:ana: entrada freada") >= 4, "{all:?}");
    assert!(count("workflow:desconhecido: entrada recusada") >= 8, "{all:?}");
    assert!(!all.iter().any(|l| l.contains("ninguem")), "what was typed may be a password");
    assert!(!s.log().contains("errada-errada") && !s.log().contains("ninguem"));
}

#[test]
fn wf7_cada_vista_e_cada_alteracao_ficam_com_quem_quando_e_o_que() {
    let (b, s) = mesa();
    let ana = Logada::nova(&s, "ana");
    ana.get("/workflow/item/2").is(200);
    ana.post("/workflow/item/2", "estado=Agendamento+de+Contato&agendado_para=2023-08-10&versao=1").is(303);
    ana.get("/workflow/trilha").is(403);
    let all = audita(&b, |a| {
        a.iter().any(|l| l.starts_with("workflow:ana: ficha")) && a.iter().any(|l| l.contains("status"))
    });
    let ficha = sql(&b, "SELECT ficha_id || '' FROM workflow WHERE id=2");
    for want in [
        format!("workflow:ana: ficha {ficha}"),
        format!("workflow:ana: status {ficha}"),
        "workflow:ana: entrada".into(),
    ] {
        assert!(all.contains(&want), "{want}: {all:?}");
    }
    let rows = "SELECT count(DISTINCT ficha_id) || '' FROM auditoria WHERE quem='workflow:ana' AND o_que='fila'";
    assert_eq!(sql(&b, rows), "3", "the rows of the queue show names");
    for q in [
        "UPDATE auditoria SET quem='x'",
        "DELETE FROM auditoria",
        "INSERT OR REPLACE INTO auditoria (id, em, quem, o_que) SELECT id, em, 'x', o_que FROM auditoria",
        "UPDATE workflow_evento SET quem='x'",
        "DELETE FROM workflow_evento WHERE id=1",
        "INSERT OR REPLACE INTO workflow_evento (id, workflow_id, em, quem, para)
         SELECT id, workflow_id, em, 'x', para FROM workflow_evento",
    ] {
        assert!(atendimento(&b).execute(q, []).is_err(), "{q}");
    }
    let sol = Logada::nova(&s, "sol");
    let text = sol.get("/workflow/trilha").is(200).text;
    assert!(
        text.contains("Sem tratativa → Agendamento de Contato · contato em 10/08/2023")
            && text.contains("04/08/2023 09:0")
    );
    let text = sol.get("/workflow/trilha?ver=acessos&quem=ana").is(200).text;
    assert!(text.contains("entrada") && text.contains(">ficha<"), "{text}");
    let text = sol.get("/workflow/trilha?quem=bia").is(200).text;
    assert!(text.contains("Nada registrado"));
    sol.get("/workflow/trilha?quem=%27--").is(422);
}

#[test]
fn wf8_so_os_status_da_lista_nada_em_moldura_nada_guardado() {
    let (b, s) = mesa();
    let ana = Logada::nova(&s, "ana");
    for (body, why) in [
        ("estado=Sem+tratativa", "escolha um dos status"),
        ("estado=Qualquer+coisa", "escolha um dos status"),
        ("estado=", "escolha um dos status"),
        ("estado=Agendamento+de+Contato", "informe o dia do contato"),
        ("estado=Agendamento+de+Contato&agendado_para=2023-08-03", "informe o dia do contato"),
        ("estado=Agendamento+de+Contato&agendado_para=amanh%C3%A3", "informe o dia do contato"),
    ] {
        let r = ana.post("/workflow/item/1", &format!("{body}&versao=1&nota=fica")).is(422);
        assert!(r.text.contains(why) && r.text.contains(">fica</textarea>"), "{body}: {}", r.text);
    }
    let long = format!("estado=Acordo+Realizado&versao=1&nota={}", "x".repeat(1001));
    ana.post("/workflow/item/1", &long).is(422);
    assert_eq!(sql(&b, "SELECT count(*) || '' FROM workflow_evento WHERE de IS NOT NULL"), "0");
    for path in [
        "/workflow",
        "/workflow/item/1",
        "/workflow/item/999",
        "/workflow/entrar",
        "/workflow/fila.csv",
        "/workflow/estilo.css",
    ] {
        let r = ana.get(path);
        let csp = r.header("content-security-policy").unwrap_or_else(|| panic!("{path}"));
        for part in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"] {
            assert!(csp.contains(part), "{path}: {csp}");
        }
        assert!(!csp.contains("unsafe"), "{csp}");
        assert_eq!(r.header("x-frame-options"), Some("DENY"), "{path}");
        assert_eq!(r.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(r.header("x-content-type-options"), Some("nosniff"), "{path}");
    }
    for path in ["/workflow/item/0", "/workflow/item/-1", "/workflow/item/x", "/workflow/item/99999999999999999999"] {
        ana.get(path).is(404);
    }
    for path in ["/workflow?pagina=0", "/workflow?estado=x", "/workflow?fichas=x", "/workflow/item/1?antes=x"] {
        ana.get(path).is(422);
    }
}

#[test]
fn a_vida_de_um_item_ate_o_acordo() {
    let (b, s) = mesa();
    let ana = Logada::nova(&s, "ana");
    for (version, body, shown) in [
        (1, "estado=Agendamento+de+Contato&agendado_para=2023-08-04&nota=liga+%C3%A0s+15h", "contato em 04/08/2023"),
        (2, "estado=Proposta+enviada+para+o+Pan", "Proposta enviada para o Pan"),
        (3, "estado=Acordo+Realizado&nota=assinado", "Este item está encerrado"),
    ] {
        let r = ana.post("/workflow/item/2", &format!("{body}&versao={version}")).is(303);
        let text = ana.get(r.header("location").unwrap()).is(200).text;
        assert!(text.contains("Alteração gravada.") && text.contains(shown), "{text}");
    }
    let text = ana.get("/workflow/item/2").text;
    for part in ["liga às 15h", "assinado", "Agendamento de Contato → <b>Proposta enviada para o Pan</b>", "OPERADOR 1"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!ana.get("/workflow").text.contains("/workflow/item/2\""));
    assert!(ana.get("/workflow?estado=Acordo+Realizado").text.contains("/workflow/item/2\""));
    assert!(ana.get("/workflow?ver=encerrados").text.contains("/workflow/item/2\""));
    // a new indication opens another one
    let again = item(&b, 2, "REFIN", "2023-08-04T11:00:00-03:00");
    assert!(ana.get("/workflow").text.contains(&format!("/workflow/item/{again}\"")));
}

#[test]
fn uma_nova_indicacao_do_mesmo_tipo_soma_ao_item_e_avisa_quem_o_tem_aberto() {
    let (b, s) = mesa();
    let t = token(&b, "portal");
    let ana = Logada::nova(&s, "ana");
    tabula(&b, &s, &t, "1001", 501, "quer outra data");
    assert_eq!(ordem(&ana.get("/workflow?tipo=REFIN").text), [1, 2], "no third one");
    let r = ana.post("/workflow/item/1", "estado=Acordo+Realizado&versao=1&nota=n%C3%A3o+vi").is(409);
    assert!(
        r.text.contains("Nada foi gravado: chegou nova indicação de OPERADOR 2") && r.text.contains("quer outra data"),
        "{}",
        r.text
    );
    // another type is another item
    tabula(&b, &s, &t, "1001", 502, "prefere entregar");
    assert_eq!(ordem(&ana.get("/workflow?tipo=EA").text), [3, 4]);
}

/// Item numbers in the order of the page.
fn ordem(text: &str) -> Vec<i64> {
    text.split("/workflow/item/").skip(1).map(|t| t.split('"').next().unwrap().parse().unwrap()).collect()
}

#[test]
fn a_fila_comeca_pelo_que_vence_hoje_e_filtra() {
    let (b, s) = mesa();
    let db = atendimento(&b);
    db.execute("UPDATE workflow SET agendado_para='2023-08-04', estado='Agendamento de Contato' WHERE id=3", [])
        .unwrap();
    db.execute("UPDATE workflow SET agendado_para='2023-09-04', estado='Agendamento de Contato' WHERE id=1", [])
        .unwrap();
    let ana = Logada::nova(&s, "ana");
    let of = |q: &str| ordem(&ana.get(&format!("/workflow{q}")).is(200).text);
    assert_eq!(of(""), [3, 2, 1], "due, without a day, later");
    assert_eq!(of("?tipo=EA"), [3]);
    assert_eq!(of("?estado=Agendamento+de+Contato"), [3, 1]);
    assert_eq!(of("?estado=Sem+tratativa"), [2]);
    assert_eq!(of("?operador=OPERADOR+1"), [3, 2, 1]);
    assert_eq!(of("?operador=outro"), [0; 0]);
    assert_eq!(of("?idade=2"), [3, 2]);
    assert_eq!(of("?idade=3"), [1]);
    let text = ana.get("/workflow").text;
    assert!(text.contains("1–3 de 3 itens") && text.contains("1 com contato até hoje"), "{text}");
    assert!(
        text.contains("<span>Sem tratativa</span> <b>1</b>")
            && text.contains("<span>Agendamento de Contato</span> <b>2</b>")
    );
}

#[test]
fn a_procura_acha_por_contrato_cpf_e_nome_e_nada_digitado_fica_no_endereco() {
    let (b, s) = mesa();
    b.db().execute("UPDATE ficha SET nome_cliente='JOSÉ DA CONCEIÇÃO' WHERE cpf_cnpj_cliente=?1", [cpf(2)]).unwrap();
    let ana = Logada::nova(&s, "ana");
    let find = |text: &str| {
        let mut q = form_urlencoded(text);
        q.insert_str(0, "busca=");
        let r = ana.post("/workflow/procurar", &q).is(303);
        let to = r.header("location").unwrap().to_owned();
        assert!(!to.contains(&cpf(2)) && !to.to_uppercase().contains("JOS"), "{to}");
        ordem(&ana.get(&to).is(200).text)
    };
    for text in ["1002", "0001002", &cpf(2), &cpf_escrito(2), "jose conceicao", "Conceição José", "CEIÇÃO"] {
        assert_eq!(find(text), [2], "{text}");
    }
    assert_eq!(find("fulano").len(), 2);
    for text in ["9999", &cpf(77), "beltrano", "%%%", "___"] {
        assert_eq!(find(text), [0; 0], "{text}");
    }
    for text in ["", "jo", "a b"] {
        ana.post("/workflow/procurar", &format!("busca={}", form_urlencoded(text))).is(422);
    }
    let log = s.log();
    assert!(!log.contains(&cpf(2)) && !log.to_lowercase().contains("fulano"), "{log}");
}

fn form_urlencoded(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02X}")).collect()
}

#[test]
fn uc012_os_dezoito_campos_estao_na_tela() {
    let (b, s) = mesa();
    let f = b.file(
        "20230803_203500_parc_528_out.528",
        &[b.parcela("1001", "11", &[]), b.parcela("1001", "12", &[])].concat(),
    );
    b.json(&["import", "parcelas", &f]).exits(0);
    let ana = Logada::nova(&s, "ana");
    let text = ana.get("/workflow/item/1").is(200).text;
    for label in [
        "Contrato",
        "Nome",
        "CPF",
        "Telefones",
        "E-mail",
        "Endereço",
        "Prazo",
        "Parcelas Pagas",
        "Valor da Parcela",
        "A Vencer",
        "Vencidas",
        "Parcelas Vencidas",
        "Dias de Atraso",
        "Marca",
        "Modelo",
        "Ano",
        "Tabulação",
        "Observação",
    ] {
        assert!(text.contains(&format!("<dt>{label}</dt>")), "{label}");
    }
    for value in [
        "FULANO DE TAL",
        &cpf_escrito(1),
        "R$ 595,37",
        "<dd>48</dd>",
        "<dd>95</dd>",
        "11, 12",
        "Indicação ao Refinanciamento",
        "01/08/2023",
    ] {
        assert!(text.contains(value), "{value}: {text}");
    }
}

#[test]
fn a_exportacao_abre_no_excel_e_neutraliza_formulas() {
    let (b, s) = mesa();
    b.db().execute("UPDATE ficha SET nome_cliente='=HYPERLINK(\"x\";1)Ł' WHERE cpf_cnpj_cliente=?1", [cpf(1)]).unwrap();
    atendimento(&b).execute("UPDATE workflow SET operador='@x', contrato='000123456' WHERE id=1", []).unwrap();
    let ana = Logada::nova(&s, "ana");
    let r = ana.get("/workflow/fila.csv").is(200);
    assert_eq!(r.header("content-type"), Some("text/csv; charset=utf-8"));
    assert!(r.header("content-disposition").unwrap().starts_with("attachment; filename=\"workflow_20230804_"));
    let lines: Vec<&str> = r.text.split("\r\n").collect();
    assert_eq!(
        lines[0],
        "\u{feff}FICHA;CONTRATO;NOME;CPF_CNPJ;INDICACAO;STATUS;INDICADO_EM;PROXIMO_CONTATO;ALTERADO_EM;OPERADOR"
    );
    assert!(lines[1].contains(";\"=\"\"000123456\"\"\";\"'=HYPERLINK(\"\"x\"\";1)Ł\";"), "{}", lines[1]);
    assert!(lines[1].ends_with(";'@x") && lines[1].contains(&cpf_escrito(1)), "{}", lines[1]);
    assert_eq!(lines.len(), 5, "three items, the header, the end");
    assert_eq!(ana.get("/workflow/fila.csv?tipo=EA").is(200).text.lines().count(), 2);
    let exported = "SELECT count(DISTINCT ficha_id) || '' FROM auditoria WHERE o_que='exportação da fila'";
    assert_eq!(sql(&b, exported), "3");
}

#[test]
fn atom_user_deixa_entrar_troca_a_senha_e_bloqueia() {
    let mut b = base(1);
    b.at("2023-08-04T09:00:00");
    for (login, senha) in [("a", SENHA), ("ana maria", SENHA), ("ana", "curta"), ("ana", "xx-ana-xxxxxx")] {
        let out = user(&b, &["add", login], senha).exits(2);
        assert!(!out.stderr.contains(senha), "{}", out.stderr);
    }
    let out = b.atom(&["user", "add", "ana"]).exits(2);
    assert!(out.stderr.contains("--password-stdin"), "{}", out.stderr);
    pessoa(&b, "Ana", "supervisor");
    user(&b, &["add", "ana"], SENHA).exits(2);
    let s = Serve::start(&b);
    let ana = Logada::nova(&s, "ANA");
    ana.get("/workflow/trilha").is(200);
    user(&b, &["password", "ana"], "outra-senha-boa").exits(0);
    ana.get("/workflow").is(401);
    entra(&s, "ana", SENHA).is(401);
    let r = entra(&s, "ana", "outra-senha-boa").is(303);
    let cookie = r.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    b.atom(&["user", "disable", "ana"]).exits(0);
    s.get_with("/workflow", &[("Cookie", &cookie)]).is(401);
    b.atom(&["user", "disable", "ana"]).exits(2);
    user(&b, &["password", "ana"], SENHA).exits(2);
    let list = b.atom(&["--json", "user", "list"]).exits(0).json();
    assert_eq!((list[0]["login"].as_str(), list[0]["role"].as_str()), (Some("ana"), Some("supervisor")));
    assert!(list[0]["disabled_at"].is_string() && !list[0].to_string().contains("argon2"));
    user(&b, &["add", "ana"], SENHA).exits(0);
    entra(&s, "ana", SENHA).is(303);
    assert!(b.atom(&["user", "list"]).exits(0).stdout.contains("analyst"));
}

#[test]
fn cinquenta_mil_itens_cabem_em_paginas_de_cinquenta_e_cem_kb() {
    let (b, s) = mesa();
    let long: String = std::iter::repeat_n('<', 200).collect();
    b.db().execute("UPDATE ficha SET nome_cliente=?1", [&long]).unwrap();
    encher(&b, 50_000);
    let ana = Logada::nova(&s, "ana");
    for path in ["/workflow", "/workflow?pagina=1000", "/workflow?estado=Sem+tratativa", "/workflow?idade=30"] {
        let r = ana.get(path).is(200);
        assert!(r.text.len() <= 100 * 1024, "{path}: {} bytes", r.text.len());
    }
    assert_eq!(ordem(&ana.get("/workflow").text).len(), 50);
    assert_eq!(ordem(&ana.get("/workflow?pagina=1000").text).len(), 50);
    // a history as long as it may get
    let db = atendimento(&b);
    for n in 0..300 {
        let note: String = std::iter::repeat_n('&', 1000).collect();
        db.execute(
            "INSERT INTO workflow_evento (workflow_id, em, quem, de, para, nota) VALUES (1,?1,'ana','x',?2,?3)",
            rusqlite::params![DIA, format!("evento {n}"), note],
        )
        .unwrap();
    }
    let mut path = "/workflow/item/1".to_owned();
    let mut seen = 0;
    loop {
        let text = ana.get(&path).is(200).text;
        assert!(text.len() <= 100 * 1024, "{path}: {} bytes", text.len());
        seen += text.matches("<b>evento ").count();
        if !text.contains("Mais antigos") {
            break;
        }
        path = format!("/workflow/item/1?antes={}", entre(&text, "?antes=", "\""));
    }
    assert_eq!(seen, 300);
}

/// So many more open items, on the clients there are.
pub fn encher(b: &Bed, n: i64) {
    let db = atendimento(b);
    db.execute_batch("DROP INDEX workflow_aberto").unwrap();
    db.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<?1)
         INSERT INTO workflow (ficha_id, contrato, tipo, estado, aberto_em, mudado_em, operador, fechado, versao)
         SELECT 1 + i%3, 1000+i, CASE i%2 WHEN 0 THEN 'REFIN' ELSE 'EA' END, 'Sem tratativa',
                '2023-0' || (1 + i%7) || '-1' || (i%9) || 'T10:00:00-03:00', '2023-08-01T10:00:00-03:00',
                'OPERADOR ' || (i%40), 0, 1 FROM n",
        [n],
    )
    .unwrap();
}
