//! `atom token add|list|revoke`: who may ask `serve`.

use super::app::App;
use super::{acesso, apoio, exit, texto};
use crate::atendimento::token::{self, Escopo};
use crate::clock::inicio_do_dia;
use crate::store::token::{self as guardados, Token};
use chrono::NaiveDate;
use serde_json::json;

/// Arguments of `atom token`.
#[derive(Debug, clap::Args)]
pub struct Cmd {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Make a token; it is printed once and kept nowhere
    Add {
        /// What people call it; no other that holds has this name
        name: String,
        /// What it opens: portal, bot or omne
        #[arg(long, value_parser = ["portal", "bot", "omne"])]
        scope: String,
        /// Last day on which it holds, AAAA-MM-DD [default: for ever]
        #[arg(long, value_name = "DATE")]
        expires: Option<NaiveDate>,
    },
    /// Every token: name, scope, until when
    List,
    /// Take one back; `serve` refuses it within a second
    Revoke {
        /// Its number in `atom token list`
        id: i64,
    },
}

/// Makes, lists or takes back.
///
/// # Errors
/// The store cannot be read or written; no token has this number, another one this name; `--dry-run` where something would change.
pub fn run(cmd: &Cmd, app: &App) -> anyhow::Result<i64> {
    if !matches!(cmd.what, What::List) {
        acesso::sem_ensaio(app)?;
    }
    match &cmd.what {
        What::Add { name, scope, expires } => cria(app, name, scope, *expires),
        What::List => lista(app),
        What::Revoke { id } => revoga(app, *id),
    }
}

fn cria(app: &App, name: &str, scope: &str, expires: Option<NaiveDate>) -> anyhow::Result<i64> {
    if name.trim().is_empty() || name.chars().count() > 60 || name.chars().any(char::is_control) {
        return Err(exit::Usage("o nome do token tem de 1 a 60 caracteres".into()).into());
    }
    let scope = Escopo::parse(scope).ok_or_else(|| exit::Usage("--scope portal, bot ou omne".into()))?;
    let (shown, now) = (token::novo()?, app.clock.now());
    let mut t = Token {
        id: 0,
        nome: name.trim().to_owned(),
        escopo: scope.as_str().to_owned(),
        sha256: token::impressao(&shown),
        criado_em: String::new(),
        expira_em: expires.and_then(|d| d.succ_opt()).map(inicio_do_dia),
        revogado_em: None,
    };
    acesso::muda(app, |tx, at| {
        at.clone_into(&mut t.criado_em);
        if let Some(same) = guardados::lista(tx, "main")?.iter().find(|o| o.nome == t.nome && token::vale(o, &now)) {
            // the audit and the log know a caller by this name
            let why = "escolha outro nome ou revogue aquele antes: atom token revoke";
            let told = format!("o token {} já tem este nome e ainda vale; {why} {}", same.id, same.id);
            return Err(exit::Usage(told).into());
        }
        t.id = guardados::cria(tx, &t)?;
        Ok(format!("token add {} ({}:{})", t.id, t.escopo, t.nome))
    })?;
    if app.global.json {
        app.out(&json!({"id": t.id, "name": t.nome, "token": shown}).to_string());
    } else {
        app.out(&shown);
        app.say(&format!("token {} ({}) criado; anote-o agora, ele não é mostrado de novo", t.id, t.escopo));
    }
    Ok(exit::OK)
}

fn lista(app: &App) -> anyhow::Result<i64> {
    let store = app.reader()?;
    let all = guardados::lista(&store.db, "atendimento")?;
    let now = app.clock.now();
    let state = |t: &Token| match (t.revogado_em.is_some(), token::vale(t, &now)) {
        (true, _) => "revogado",
        (false, true) => "vale",
        (false, false) => "expirado",
    };
    if app.global.json {
        for t in &all {
            app.out(
                &json!({"id": t.id, "name": t.nome, "scope": t.escopo, "created_at": t.criado_em,
                        "expires_at": t.expira_em, "revoked_at": t.revogado_em, "valid": token::vale(t, &now)})
                .to_string(),
            );
        }
        return Ok(exit::OK);
    }
    if all.is_empty() {
        app.out("nenhum token; o primeiro: atom token add NOME --scope portal");
        return Ok(exit::OK);
    }
    let date = |s: Option<&str>| s.and_then(|s| s.get(..10)).map_or_else(|| "–".to_owned(), texto::data);
    let rows = all.iter().map(|t| {
        vec![
            t.id.to_string(),
            texto::escape(&t.nome),
            t.escopo.clone(),
            state(t).to_owned(),
            date(Some(&t.criado_em)),
            date(t.expira_em.as_deref()),
        ]
    });
    app.out(&apoio::tabela(&["ID", "NOME", "ESCOPO", "ESTADO", "CRIADO EM", "EXPIRA EM"], &[0], rows.collect()));
    for scope in Escopo::TODOS.map(Escopo::as_str) {
        let mut of_it = all.iter().filter(|t| t.escopo == scope).peekable();
        if of_it.peek().is_some() && !of_it.any(|t| token::vale(t, &now)) {
            app.out(&format!("Nenhum token {scope} vale: quem usa um deles recebe 401."));
            app.out(&format!("   Um novo: atom token add NOME --scope {scope}"));
        }
    }
    Ok(exit::OK)
}

fn revoga(app: &App, id: i64) -> anyhow::Result<i64> {
    acesso::muda(app, |tx, at| {
        if !guardados::revoga(tx, id, at)? {
            return Err(exit::Usage(format!("não há token {id} que ainda valha; veja atom token list")).into());
        }
        Ok(format!("token revoke {id}"))
    })?;
    app.say(&format!("token {id} revogado; serve o recusa em até um segundo"));
    Ok(exit::OK)
}
