//! `atom user add|list|disable|password`: who may log in to the back office's pages.

use super::app::App;
use super::{acesso, apoio, exit, texto};
use crate::atendimento::usuario::{self, Papel};
use crate::store::usuario::{self as guardados, Usuario};
use anyhow::Context as _;
use serde_json::json;
use std::io::{BufRead, IsTerminal};

/// Arguments of `atom user`.
#[derive(Debug, clap::Args)]
pub struct Cmd {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Let somebody in, or in again after `disable`
    Add {
        /// What they log in as: letters, digits, `.`, `_`, `-`
        login: String,
        /// analyst treats the items; supervisor also reads who did what
        #[arg(long, value_parser = ["analyst", "supervisor"], default_value = "analyst")]
        role: String,
        /// Read the password from the first line of stdin instead of the terminal
        #[arg(long)]
        password_stdin: bool,
    },
    /// Everybody: login, role, since when
    List,
    /// Lock somebody out; their sessions end at once
    Disable {
        /// Their login
        login: String,
    },
    /// Give somebody a new password; their sessions end at once
    Password {
        /// Their login
        login: String,
        /// Read the password from the first line of stdin instead of the terminal
        #[arg(long)]
        password_stdin: bool,
    },
}

/// Lets in, lists, locks out or gives a new password.
///
/// # Errors
/// The store cannot be read or written; no or no possible login or password; `--dry-run` where something would change.
pub fn run(cmd: &Cmd, app: &App) -> anyhow::Result<i64> {
    if !matches!(cmd.what, What::List) {
        acesso::sem_ensaio(app)?;
    }
    match &cmd.what {
        What::Add { login, role, password_stdin } => cria(app, login, role, *password_stdin),
        What::List => lista(app),
        What::Disable { login } => desativa(app, login),
        What::Password { login, password_stdin } => troca(app, login, *password_stdin),
    }
}

fn login(text: &str) -> Result<String, exit::Usage> {
    let why = "o login tem de 2 a 32 letras sem acento, algarismos, ponto, _ ou -";
    usuario::login(text).ok_or_else(|| exit::Usage(why.into()))
}

/// The new password, asked for twice at a terminal, as it is kept.
fn senha(login: &str, stdin: bool) -> anyhow::Result<String> {
    let typed = if stdin {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).context("stdin")?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    } else if std::io::stdin().is_terminal() {
        let first = rpassword::prompt_password("Senha: ").context("terminal")?;
        let again = rpassword::prompt_password("De novo: ").context("terminal")?;
        if first != again {
            return Err(exit::Usage("as duas senhas não são iguais; nada foi gravado".into()).into());
        }
        first
    } else {
        return Err(exit::Usage("sem terminal, dê a senha em stdin: --password-stdin".into()).into());
    };
    if let Some(why) = usuario::senha_ruim(login, &typed) {
        return Err(exit::Usage(why.into()).into());
    }
    usuario::guarda(&typed)
}

fn cria(app: &App, text: &str, role: &str, stdin: bool) -> anyhow::Result<i64> {
    let login = login(text)?;
    let papel = Papel::parse(role).ok_or_else(|| exit::Usage("--role analyst ou supervisor".into()))?;
    if entra(app, &login)? {
        return Err(ja_existe(&login));
    }
    let mut u = Usuario {
        id: 0,
        senha: senha(&login, stdin)?,
        login,
        papel: papel.as_str().to_owned(),
        criado_em: String::new(),
        desativado_em: None,
    };
    acesso::muda(app, |tx, at| {
        at.clone_into(&mut u.criado_em);
        if !guardados::cria(tx, &u)? {
            return Err(ja_existe(&u.login));
        }
        Ok(format!("user add {} ({})", u.login, u.papel))
    })?;
    app.say(&format!("{} entra em /workflow como {}", u.login, u.papel));
    Ok(exit::OK)
}

/// Whether somebody enters as this one now: told before a password is asked for.
fn entra(app: &App, login: &str) -> anyhow::Result<bool> {
    let known = guardados::por_login(&app.reader()?.db, login)?;
    Ok(known.is_some_and(|u| u.desativado_em.is_none()))
}

fn ja_existe(login: &str) -> anyhow::Error {
    exit::Usage(format!("já existe {login}; nova senha: atom user password {login}")).into()
}

fn lista(app: &App) -> anyhow::Result<i64> {
    let store = app.reader()?;
    let all = guardados::lista(&store.db)?;
    if app.global.json {
        for u in &all {
            app.out(
                &json!({"login": u.login, "role": u.papel, "created_at": u.criado_em, "disabled_at": u.desativado_em})
                    .to_string(),
            );
        }
        return Ok(exit::OK);
    }
    if all.is_empty() {
        app.out("ninguém; a primeira pessoa: atom user add LOGIN");
        return Ok(exit::OK);
    }
    let date = |s: Option<&str>| s.and_then(|s| s.get(..10)).map_or_else(|| "–".to_owned(), texto::data);
    let rows = all
        .iter()
        .map(|u| vec![u.login.clone(), u.papel.clone(), date(Some(&u.criado_em)), date(u.desativado_em.as_deref())]);
    app.out(&apoio::tabela(&["LOGIN", "PAPEL", "CRIADO EM", "DESATIVADO EM"], &[], rows.collect()));
    Ok(exit::OK)
}

fn desativa(app: &App, text: &str) -> anyhow::Result<i64> {
    let login = login(text)?;
    acesso::muda(app, |tx, at| {
        if !guardados::desativa(tx, &login, at)? {
            return Err(ninguem(&login));
        }
        Ok(format!("user disable {login}"))
    })?;
    app.say(&format!("{login} não entra mais; suas sessões terminaram"));
    Ok(exit::OK)
}

fn troca(app: &App, text: &str, stdin: bool) -> anyhow::Result<i64> {
    let login = login(text)?;
    if !entra(app, &login)? {
        return Err(ninguem(&login));
    }
    let new = senha(&login, stdin)?;
    acesso::muda(app, |tx, at| {
        if !guardados::muda_senha(tx, &login, &new, at)? {
            return Err(ninguem(&login));
        }
        Ok(format!("user password {login}"))
    })?;
    app.say(&format!("{login} tem nova senha; suas sessões terminaram"));
    Ok(exit::OK)
}

fn ninguem(login: &str) -> anyhow::Error {
    exit::Usage(format!("ninguém entra como {login}; veja atom user list")).into()
}
