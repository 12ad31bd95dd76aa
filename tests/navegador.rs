//! The back office's pages in a real browser: the whole life of an item, two analysts, hostile names, what is asked of
//! other hosts, what the CSP refuses, accessibility (WF3, WF4, WF8, WCAG A and AA).
//!
//! The screens at 1440 and 390 pixels go to `target/tmp/imagens`, or where `ATOM_TEST_IMAGES` says.

use crate::support::navegador::Navegador;
use crate::support::serve::*;
use crate::support::workflow::*;
use crate::support::*;
use std::path::PathBuf;

/// The committed day, with so many items on contracts that have an offer; served at 09:00 of the next day.
fn mesa(quantos: usize) -> (Bed, Serve, Vec<i64>) {
    let mut b = Bed::with(SERVE);
    b.fixture_day();
    b.atom(&["run"]).exits(3);
    for (login, role) in [("ana", "analyst"), ("bia", "analyst"), ("sol", "supervisor")] {
        pessoa(&b, login, role);
    }
    let contracts: Vec<String> = {
        let db = b.db();
        let mut q = db
            .prepare(
                "SELECT c.contrato FROM contrato c JOIN refin r ON r.contrato_id=c.id
                 WHERE c.situacao='ATIVO' ORDER BY c.contrato LIMIT ?1",
            )
            .unwrap();
        let rows = q.query_map([quantos as i64], |r| r.get(0));
        rows.unwrap().map(Result::unwrap).collect()
    };
    let items = contracts.iter().enumerate().map(|(i, c)| {
        let at = format!("2023-08-0{}T1{}:{}5:00-03:00", 1 + i % 3, i % 8, i % 6);
        let (tipo, obs) = if i % 3 == 0 {
            ("EA", "Não consegue manter o contrato; entrega o veículo se o saldo for quitado.")
        } else {
            ("REFIN", "Cliente aceita refinanciar com a entrada proposta; quer o primeiro vencimento no dia 10.")
        };
        item_de(&b, c, tipo, &at, obs)
    });
    let items = items.collect();
    b.at("2023-08-04T09:00:00");
    let s = Serve::start(&b);
    (b, s, items)
}

/// The name that browsers trust for `Secure` cookies without TLS.
fn url(s: &Serve, path: &str) -> String {
    format!("http://localhost:{}{path}", s.addr.port())
}

fn entra(n: &Navegador, s: &Serve, login: &str) {
    n.abre(&url(s, "/workflow/entrar"));
    n.escreve("#login", login);
    n.escreve("#senha", SENHA);
    n.clica("main button");
    n.espera("Todos os abertos");
}

/// No violation of WCAG A or AA on this page, nothing in the console, nothing asked of another host.
#[track_caller]
fn limpa(n: &Navegador, s: &Serve, onde: &str) {
    let said: Vec<String> =
        n.console().into_iter().filter(|l| !l.contains("the server responded with a status of")).collect();
    assert!(said.is_empty(), "{onde}: {said:?}");
    let own = url(s, "/");
    let foreign: Vec<String> = n.pedidos().into_iter().filter(|u| !u.starts_with(&own)).collect();
    assert!(foreign.iter().all(|u| u.starts_with("data:") || u.starts_with("chrome")), "{onde}: {foreign:?}");
    n.js(include_str!("dados/axe.min.js"));
    let found = n.js("return axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})
           .then(r => r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html).join(' | ')))");
    assert_eq!(found, serde_json::json!([]), "{onde}");
    // what axe itself loads and says is not ours
    n.console();
    n.pedidos();
}

fn imagens() -> PathBuf {
    let dir = std::env::var_os("ATOM_TEST_IMAGES")
        .map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("imagens"), PathBuf::from);
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

/// The page fits a screen of this width; its picture.
#[track_caller]
fn retrata(n: &Navegador, name: &str) {
    for (width, height) in [(1440, 900), (390, 844)] {
        n.largura(width, height);
        let wide = n.js("return document.documentElement.scrollWidth").as_u64().unwrap();
        assert!(wide <= u64::from(width), "{name} is {wide} wide at {width}");
        n.retrata(&imagens().join(format!("{name}-{width}.png")));
    }
    n.largura(1440, 900);
}

#[test]
fn a_vida_de_um_item_num_navegador_ate_o_acordo() {
    let (b, s, items) = mesa(14);
    let db = atendimento(&b);
    for (i, day) in [(1, "2023-08-04"), (4, "2023-08-03"), (6, "2023-08-11")] {
        db.execute(
            "UPDATE workflow SET estado='Agendamento de Contato', agendado_para=?2 WHERE id=?1",
            rusqlite::params![items[i], day],
        )
        .unwrap();
    }
    let contract = b.sql(
        "SELECT c.contrato FROM contrato c JOIN refin r ON r.contrato_id=c.id
         WHERE c.situacao='ATIVO' ORDER BY c.contrato LIMIT 1 OFFSET 14",
    );
    let t = token(&b, "portal");
    tabula(&b, &s, &t, &contract, 501, "Cliente aceita refinanciar; quer o primeiro vencimento no dia 10.");
    let n = Navegador::novo();
    n.largura(1440, 900);
    n.abre(&url(&s, "/workflow/entrar"));
    limpa(&n, &s, "entrar");
    retrata(&n, "entrar");
    n.escreve("#login", "ana");
    n.escreve("#senha", "não é esta");
    n.clica("main button");
    n.espera("Login ou senha não conferem.");
    limpa(&n, &s, "entrar recusado");
    entra(&n, &s, "ana");
    limpa(&n, &s, "fila");
    retrata(&n, "fila");
    n.escreve("#busca", &contract);
    n.clica(".procura button");
    n.espera("Resultado da procura");
    n.clica("table.fila a");
    n.espera("Mudar o status");
    limpa(&n, &s, "item");
    let change = |state: &str, note: &str| {
        n.escolhe("#estado", state);
        n.escreve("#nota", note);
        n.clica(".mudar button");
        n.espera("Alteração gravada.");
    };
    n.js("document.querySelector('#agendado_para').value = '2023-08-04'");
    change("Agendamento de Contato", "Pediu para ligar às 15h.");
    n.espera("contato em 04/08/2023");
    change("Proposta enviada para o Pan", "Proposta com entrada de R$ 1.500,00.");
    n.js("document.querySelector('details').open = true");
    limpa(&n, &s, "item mudado");
    n.js("document.querySelector('details').open = false; document.querySelector('.aviso').remove()");
    retrata(&n, "ficha");
    change("Acordo Realizado", "Contrato assinado.");
    n.espera("Este item está encerrado");
    limpa(&n, &s, "item encerrado");
    n.abre(&url(&s, "/workflow?estado=Acordo+Realizado"));
    n.espera(&contract);
    n.clica(".sair button");
    n.espera("Senha");
    // a bookmark after the end of the session leads to the form
    n.abre(&url(&s, "/workflow"));
    n.espera("<label for=\"login\">");
    entra(&n, &s, "sol");
    n.abre(&url(&s, "/workflow/trilha"));
    n.espera("Proposta enviada para o Pan → Acordo Realizado");
    n.console();
    limpa(&n, &s, "trilha");
    retrata(&n, "trilha");
}

#[test]
fn duas_pessoas_no_mesmo_item_e_nomes_hostis_num_navegador() {
    let (b, s, items) = mesa(3);
    let evil = [
        "<script>alert(1)</script><img src=https://mal.example/x onerror=alert(1)>",
        "\"'><style>*{display:none}</style>",
    ];
    let long = "SOBRENOMEQUENAOTEMFIM".repeat(10);
    for (item, name) in items.iter().zip([evil[0], evil[1], &long[..200]]) {
        let ficha: i64 =
            atendimento(&b).query_row("SELECT ficha_id FROM workflow WHERE id=?1", [item], |r| r.get(0)).unwrap();
        b.db().execute("UPDATE ficha SET nome_cliente=?1 WHERE id=?2", rusqlite::params![name, ficha]).unwrap();
    }
    let db = atendimento(&b);
    db.execute("UPDATE workflow SET operador=?1", [evil[0]]).unwrap();
    let wide = "W".repeat(60);
    db.execute("UPDATE workflow SET operador=?1 WHERE id=?2", rusqlite::params![wide, items[2]]).unwrap();
    let n = Navegador::novo();
    n.largura(1440, 900);
    entra(&n, &s, "ana");
    limpa(&n, &s, "fila hostil");
    retrata(&n, "hostil-fila");
    for item in &items {
        n.abre(&url(&s, &format!("/workflow/item/{item}")));
        n.espera("Mudar o status");
        limpa(&n, &s, "item hostil");
        retrata(&n, &format!("hostil-{item}"));
    }
    assert_eq!(n.js("return document.querySelectorAll('script, style, img').length"), 0);
    // Ana has the last one open; Bia changes it meanwhile
    let item = items[2];
    let bia = Logada::nova(&s, "bia");
    bia.post(&format!("/workflow/item/{item}"), "estado=Proposta+enviada+para+o+Pan&versao=1&nota=da+Bia").is(303);
    n.escolhe("#estado", "Acordo Realizado");
    n.escreve("#nota", "o que Ana escreveu");
    n.clica(".mudar button");
    n.espera("Nada foi gravado: bia");
    assert_eq!(n.js("return document.querySelector('#nota').value"), "o que Ana escreveu");
    limpa(&n, &s, "conflito");
    retrata(&n, "conflito");
    n.clica(".mudar button");
    n.espera("Este item está encerrado");
    let said = "SELECT group_concat(quem || ':' || coalesce(nota,''), '|') FROM workflow_evento WHERE de IS NOT NULL";
    let said: String = atendimento(&b).query_row(said, [], |r| r.get(0)).unwrap();
    assert_eq!(said, "bia:da Bia|ana:o que Ana escreveu");
}

#[test]
fn a_sessao_que_termina_com_texto_na_tela_num_navegador() {
    let (b, s, items) = mesa(3);
    let n = Navegador::novo();
    n.largura(1440, 900);
    entra(&n, &s, "ana");
    n.abre(&url(&s, "/workflow?tipo=REFIN"));
    n.clica("table.fila a");
    n.espera("Mudar o status");
    let at = n.js("return location.pathname").as_str().unwrap().to_owned();
    assert_ne!(at, format!("/workflow/item/{}", items[0]), "of the other type");
    n.escolhe("#estado", "Proposta enviada para o Pan");
    n.escreve("#nota", "um texto longo");
    atendimento(&b).execute("DELETE FROM sessao", []).unwrap();
    n.clica(".mudar button");
    n.espera("Nada foi gravado: sua sessão terminou");
    assert_eq!(n.js("return document.querySelector('#escrito').value"), "um texto longo");
    limpa(&n, &s, "sem sessão");
    retrata(&n, "sem-sessao");
    n.clica("main a");
    n.escreve("#login", "ana");
    n.escreve("#senha", SENHA);
    n.clica("main button");
    n.espera("Mudar o status");
    assert_eq!(n.js("return location.pathname"), at.as_str());
    // the way back is the queue that led here, also after a change
    n.abre(&url(&s, "/workflow?tipo=REFIN"));
    n.clica("table.fila a");
    n.escolhe("#estado", "Proposta enviada para o Pan");
    n.clica(".mudar button");
    n.espera("Alteração gravada.");
    n.clica(".cabeca .acoes a");
    n.espera("Todos os abertos");
    assert_eq!(n.js("return location.pathname + location.search"), "/workflow?tipo=REFIN");
    // a list of operators takes what is typed and keeps it shown
    n.escreve("#f-operador", "OPERADOR 1");
    n.clica(".filtros button");
    n.espera("operador=OPERADOR+1");
    assert_eq!(n.js("return document.querySelector('#f-operador').value"), "OPERADOR 1");
    limpa(&n, &s, "fila de um operador");
}
