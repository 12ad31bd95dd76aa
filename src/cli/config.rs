//! `atom config check|show`: everything that is wrong with the configuration; what holds, and who says so.

use super::Global;
use super::app::escreve;
use super::exame::{Linha, aviso, bom, conta, erro, hora, segredos, tabulacoes};
use super::exit::{self, Usage, graver};
use super::texto::{self, escape, folha};
use crate::clock::Clock;
use crate::config::{Chave, Config, Env, Origem};
use crate::import::esquema::esquema;
use crate::layout::load;
use serde_json::{Value, json};
use std::path::Path;

/// The configuration: everything that is wrong with it; every key, its value and who says so
#[derive(Debug, clap::Args)]
pub struct Cmd {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Every fault of the file, the environment and the files they name, with line, key and what would do; nothing is
    /// contacted
    Check,
    /// Each key, its value and its origin: a line of the file, the environment, the default. No secret is shown
    Show,
}

/// Runs it. `check` exits 2 where anything is wrong.
///
/// # Errors
/// Exit 2: no file; for `show`, one that does not load.
pub fn run(cmd: &Cmd, global: &Global, env: &Env) -> anyhow::Result<i64> {
    let file = Config::find(global.config.as_deref(), env)?;
    match cmd.what {
        What::Check => Ok(check(&file, env, global.json)),
        What::Show => show(&file, env, global.json),
    }
}

fn check(file: &Path, env: &Env, json: bool) -> i64 {
    let mut code = exit::OK;
    let mut tell = |l: Linha| {
        code = graver(code, l.codigo);
        conta(&l, json);
    };
    let faults = Config::faults(file, env);
    let holds = faults.is_empty();
    for fault in faults {
        tell(erro("configuração", texto::corrente(&fault.into()), None, exit::USAGE));
    }
    if holds {
        match Config::load(file, env) {
            Ok(config) => arquivos(file, &config).into_iter().for_each(&mut tell),
            // it changed under our eyes
            Err(e) => tell(erro("configuração", escape(&e.to_string()), None, exit::USAGE)),
        }
    }
    tell(relogio(env));
    code
}

/// The files that a configuration names.
fn arquivos(file: &Path, config: &Config) -> Vec<Linha> {
    let mut all = vec![bom("configuração", file.display().to_string())];
    all.extend(segredos(config));
    let layouts = load::with_folder(&config.layouts).map_err(anyhow::Error::from);
    all.push(match layouts.and_then(|l| Ok(esquema(&l)?)) {
        Ok(_) => bom("layouts", "completos"),
        Err(e) => erro("layouts", texto::corrente(&e), None, exit::USAGE),
    });
    all.push(tabulacoes(config));
    if let Err(e) = config.contato.fones_bloqueados() {
        all.push(erro("contato.bloqueados", escape(&e.to_string()), None, exit::USAGE));
    }
    let authorities = [
        ("evo.ca", config.evo.acesso.ca.as_ref()),
        ("manager.ca", config.manager.acesso.ca.as_ref()),
        ("omne.ca", config.omne.as_ref().and_then(|o| o.ca.as_ref())),
        ("ping.ca", config.ping.as_ref().and_then(|p| p.ca.as_ref())),
    ];
    for (key, path) in authorities.into_iter().filter_map(|(key, path)| Some((key, path?))) {
        if let Err(e) = std::fs::File::open(path) {
            let why = texto::corrente(&anyhow::Error::from(e).context(path.display().to_string()));
            all.push(erro(key, why, None, exit::USAGE));
        }
    }
    all
}

fn relogio(env: &Env) -> Linha {
    match Clock::from_env(env.get("ATOM_NOW")) {
        Err(why) => erro("relógio", escape(&why), None, exit::USAGE),
        Ok(clock) if clock.is_moved() => {
            aviso("relógio", hora(&clock), "ATOM_NOW está definido: fora de ensaios, retire-o")
        }
        Ok(clock) => bom("relógio", hora(&clock)),
    }
}

fn show(file: &Path, env: &Env, json: bool) -> anyhow::Result<i64> {
    let keys = Config::show(file, env).map_err(|e| Usage(format!("{e}\n   todos os erros: atom config check")))?;
    let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_path_buf());
    if json {
        keys.iter().for_each(|k| escreve(&em_json(k, &absolute).to_string()));
        return Ok(exit::OK);
    }
    let base = absolute.parent().unwrap_or(Path::new("/"));
    let head = format!("{} · caminhos relativos contam a partir de {}", absolute.display(), base.display());
    escreve(&escape(&head));
    escreve("");
    for k in &keys {
        let value = if k.value.is_null() { "–".to_owned() } else { k.value.to_string() };
        escreve(&folha(&format!("  {:<32}{:<12}{value}", k.key, origem(&k.origem))));
    }
    Ok(exit::OK)
}

fn origem(o: &Origem) -> String {
    match o {
        Origem::Linha(line) => format!("linha {line}"),
        Origem::Ambiente(_) => "ambiente".into(),
        Origem::Padrao => "padrão".into(),
        Origem::Ausente => "–".into(),
    }
}

fn em_json(k: &Chave, file: &Path) -> Value {
    let (origin, place) = match &k.origem {
        Origem::Linha(line) => ("file", json!({"file": file.display().to_string(), "line": line})),
        Origem::Ambiente(name) => ("environment", json!({"variable": name})),
        Origem::Padrao => ("default", json!({})),
        Origem::Ausente => ("unset", json!({})),
    };
    let mut out = json!({"key": k.key, "value": k.value, "origin": origin});
    if let (Some(out), Value::Object(place)) = (out.as_object_mut(), place) {
        out.extend(place);
        let r = &k.referencia;
        out.insert("type".into(), r.tipo.into());
        out.insert("default".into(), r.padrao.into());
        out.insert("required".into(), r.obrigatoria.into());
        out.insert("about".into(), r.texto.into());
    }
    out
}
