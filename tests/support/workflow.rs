//! The back office: people, items in the queue, somebody who is logged in.

use super::serve::{Resposta, SERVE, Serve};
use super::{Bed, Out, cpf};
use std::io::Write;
use std::process::Stdio;

pub const SENHA: &str = "cavalo-bateria-grampo";

/// A store of so many clients, each with a contract 1001, 1002, …
pub fn base(contratos: u64) -> Bed {
    let b = Bed::with(&format!("{SERVE}[dia]\nobrigatorios = []"));
    b.importa_remessa("20230803", contratos);
    b
}

/// `atom user …` with a password on stdin.
pub fn user(b: &Bed, args: &[&str], senha: &str) -> Out {
    let mut all = vec!["user"];
    all.extend_from_slice(args);
    all.push("--password-stdin");
    let mut child = b.cmd(&all).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{senha}").unwrap();
    child.wait_with_output().unwrap().into()
}

pub fn pessoa(b: &Bed, login: &str, role: &str) {
    user(b, &["add", login, "--role", role], SENHA).exits(0);
}

pub fn atendimento(b: &Bed) -> rusqlite::Connection {
    rusqlite::Connection::open(b.root.join("store/atendimento.db")).unwrap()
}

/// An item as a tabulation opens it, for the contract 1000 + `n`; its number.
pub fn item(b: &Bed, n: u64, tipo: &str, aberto_em: &str) -> i64 {
    item_de(b, &(1000 + n).to_string(), tipo, aberto_em, "Cliente aceita <b>entrada</b> de R$ 500")
}

/// The same for any contract, with what the operator wrote.
pub fn item_de(b: &Bed, contrato: &str, tipo: &str, aberto_em: &str, obs: &str) -> i64 {
    let (id, ficha): (i64, i64) = b
        .db()
        .query_row("SELECT id, ficha_id FROM contrato WHERE contrato=?1", [contrato], |r| Ok((r.get(0)?, r.get(1)?)))
        .unwrap();
    let name = if tipo == "EA" { "Indicação de EA" } else { "Indicação ao Refinanciamento" };
    let db = atendimento(b);
    db.execute(
        "INSERT INTO tabulacao (ficha_id, contrato_id, contrato, origem, resultado, nome, boleto, canal, usuario, obs, em)
         VALUES (?1,?2,?3,'PORTAL',7,?4,0,1,'OPERADOR 1',?6,?5)",
        rusqlite::params![ficha, id, contrato, name, aberto_em, obs],
    )
    .unwrap();
    let tab = db.last_insert_rowid();
    db.execute(
        "INSERT INTO workflow (ficha_id, contrato_id, contrato, tipo, estado, aberto_em, mudado_em, operador, fechado, versao)
         VALUES (?1,?2,?3,?4,'Sem tratativa',?5,?5,'OPERADOR 1',0,1)",
        rusqlite::params![ficha, id, contrato, tipo, aberto_em],
    )
    .unwrap();
    let item = db.last_insert_rowid();
    db.execute(
        "INSERT INTO workflow_evento (workflow_id, em, quem, para, nota, tabulacao_id) VALUES (?1,?2,'OPERADOR 1','Sem tratativa',?4,?3)",
        rusqlite::params![item, aberto_em, tab, obs],
    )
    .unwrap();
    item
}

/// A tabulation through the Portal's interface: 501 indicates a refinancing, 502 a surrender.
#[track_caller]
pub fn tabula(b: &Bed, s: &Serve, token: &str, contrato: &str, resultado: u32, obs: &str) {
    let ficha: i64 =
        b.db().query_row("SELECT ficha_id FROM contrato WHERE contrato=?1", [contrato], |r| r.get(0)).unwrap();
    let body = serde_json::json!({"idCampanha": 1, "idCrm": ficha, "resultado": resultado, "usuario": "OPERADOR 2",
                                  "idTipoCanal": 1, "contrato": contrato, "obs": obs});
    s.post("/api/v1/insertTabulacao", token, &body).is(201);
}

/// What the audit holds: who, what, in order; the rows of the queue left out.
pub fn auditoria(b: &Bed) -> Vec<String> {
    let db = atendimento(b);
    let mut q = db.prepare("SELECT quem, o_que, ficha_id FROM auditoria WHERE o_que<>'fila' ORDER BY id").unwrap();
    let rows = q.query_map([], |r| {
        let ficha: Option<i64> = r.get(2)?;
        let ficha = ficha.map_or_else(String::new, |f| format!(" {f}"));
        Ok(format!("{}: {}{ficha}", r.get::<_, String>(0)?, r.get::<_, String>(1)?))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// Somebody with a browser's cookie.
pub struct Logada<'s> {
    s: &'s Serve,
    pub cookie: String,
    origin: String,
}

/// A form as a browser of this site sends it.
pub fn envia(s: &Serve, path: &str, cookie: &str, body: &str) -> Resposta {
    let origin = format!("http://{}", s.addr);
    let mut headers = vec![("Content-Type", "application/x-www-form-urlencoded"), ("Origin", origin.as_str())];
    if !cookie.is_empty() {
        headers.push(("Cookie", cookie));
    }
    s.post_raw(path, &headers, body.as_bytes())
}

/// Tries to log in.
pub fn entra(s: &Serve, login: &str, senha: &str) -> Resposta {
    envia(s, "/workflow/entrar", "", &format!("login={login}&senha={senha}"))
}

impl<'s> Logada<'s> {
    #[track_caller]
    pub fn nova(s: &'s Serve, login: &str) -> Self {
        let r = entra(s, login, SENHA).is(303);
        assert_eq!(r.header("location"), Some("/workflow"));
        let cookie = r.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        Self { s, cookie, origin: format!("http://{}", s.addr) }
    }

    pub fn get(&self, path: &str) -> Resposta {
        self.s.get_with(path, &[("Cookie", &self.cookie)])
    }

    /// The token of a page's forms.
    #[track_caller]
    pub fn csrf(&self) -> String {
        entre(&self.get("/workflow").is(200).text, "name=\"csrf\" value=\"", "\"")
    }

    /// Sends a form of the page, with its token.
    pub fn post(&self, path: &str, body: &str) -> Resposta {
        let body = format!("{body}&csrf={}", self.csrf());
        envia(self.s, path, &self.cookie, &body)
    }

    /// Sends a form with other headers beside the cookie.
    pub fn post_with(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Resposta {
        let mut all = vec![("Cookie", self.cookie.as_str())];
        all.extend_from_slice(headers);
        self.s.post_raw(path, &all, body.as_bytes())
    }

    pub fn origin(&self) -> &str {
        &self.origin
    }
}

#[track_caller]
pub fn entre(text: &str, from: &str, to: &str) -> String {
    let at = text.find(from).unwrap_or_else(|| panic!("no {from} in {text}")) + from.len();
    text[at..at + text[at..].find(to).unwrap()].to_owned()
}

/// The CPF of a client, as people write it.
pub fn cpf_escrito(n: u64) -> String {
    let c = cpf(n);
    format!("{}.{}.{}-{}", &c[..3], &c[3..6], &c[6..9], &c[9..])
}
