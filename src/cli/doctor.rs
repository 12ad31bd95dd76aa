//! `atom doctor`: whether everything that a night needs is there, one verdict a line, each with what to do.
//!
//! It changes nothing but for a small file under a temporary name in the folders that atom writes to, which it removes.

use super::Global;
use super::app::App;
use super::exame::{self, Linha, aviso, bom, conta, erro, segredos, tabulacoes, tempo};
use super::exit::{self, graver};
use super::hostkey;
use super::texto::{self, escape};
use crate::config::{self, After, Config, ConfigError, Env, RemoteUrl};
use crate::hsm::omne::Omne;
use crate::hsm::retomada;
use crate::pipeline::pastas::{self, Dono};
use crate::store::Store;
use crate::store::backup;
use crate::store::execucao;
use crate::store::hsm;
use crate::store::lock::{self, LockError, Which};
use crate::transport::{Fault, Remote};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Check config, clock, disk, store, locks and every remote; one verdict a line
#[derive(Debug, clap::Args)]
pub struct Cmd {}

/// Minutes by which a server's clock may differ.
const DIFERENCA: i64 = 2;
/// Free space under which a night may not fit.
const POUCO: u64 = 2 * 1024 * 1024 * 1024;

/// Runs it; the gravest exit of all.
///
/// # Errors
/// None but those of an invariant: what is wrong is a line.
pub fn run(_: &Cmd, global: Global, env: &Env, umask: u32, comando: String) -> anyhow::Result<i64> {
    let json = global.json;
    let mut code = exit::OK;
    let mut tell = |l: Linha| {
        code = graver(code, l.codigo);
        conta(&l, json);
    };
    let app = match App::new(global, env, umask, comando) {
        Ok(app) => app,
        Err(e) => {
            let (code, hint) = exit::of(&e);
            let all = e.chain().any(|c| c.is::<ConfigError>()).then(|| "todos os erros: atom config check".to_owned());
            tell(erro("configuração", format!("{e:#}"), hint.or(all), code));
            return Ok(code);
        }
    };
    tell(bom("configuração", app.config.file.display().to_string()));
    for l in segredos(&app.config)
        .into_iter()
        .chain([tabulacoes(&app.config)])
        .chain([relogio(&app)])
        .chain(discos(&app.config))
    {
        tell(l);
    }
    store(&app).into_iter().for_each(&mut tell);
    for (dono, key, url) in pastas::todas(&app.config) {
        tell(remoto(&app, dono, key, url));
    }
    if let Some(c) = &app.config.omne {
        tell(omne(c));
    }
    Ok(code)
}

fn relogio(app: &App) -> Linha {
    let now = app.clock.now();
    let text = format!("{}; operação de {}", exame::hora(&app.clock), app.dia_de_agora());
    let last = app.reader().ok().and_then(|s| execucao::lista(&s.db, Some(1)).ok()?.pop());
    match last {
        _ if app.clock.is_moved() => aviso("relógio", text, "ATOM_NOW está definido: fora de ensaios, retire-o"),
        Some(run) if run.fim > now.iso() => {
            let why = format!("{text}, mas a última execução terminou em {}", run.fim);
            let next = "o relógio está atrasado, ou esteve adiantado então: acerte a sincronização (timedatectl)";
            aviso("relógio", why, next)
        }
        _ => bom("relógio", text),
    }
}

fn discos(config: &Config) -> Vec<Linha> {
    let data = ["inbox", "archive", "rejects", "outbox"].map(|f| config.data.join(f));
    let mut out = disco("disco dos dados", &config.data, &data);
    out.extend(disco("disco do store", &config.store_dir, std::slice::from_ref(&config.store_dir)));
    out
}

/// How much is free, and whether each of the folders takes a file now: a quota or the last i-node shows only there.
fn disco(what: &str, path: &Path, folders: &[PathBuf]) -> Vec<Linha> {
    let why = |p: &Path, e: &std::io::Error| format!("{}: {}", p.display(), crate::transport::em_portugues(e));
    let refused = folders.iter().filter_map(|f| Some((f, grava(f).err()?)));
    let mut out: Vec<Linha> = refused
        .map(|(f, e)| {
            let next = match e.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                    "libere espaço nessa pasta; o que a retenção já não guarda: atom purge --dry-run"
                }
                _ => "confira a pasta, o dono e as permissões",
            };
            erro(what, why(f, &e), Some(next.into()), exit::FAILED)
        })
        .collect();
    if !out.is_empty() {
        return out;
    }
    // what is made only when it is needed lies on the disk of the folder above
    let there = path.ancestors().find(|p| p.exists()).unwrap_or(path);
    out.push(match rustix::fs::statvfs(there) {
        Err(e) => {
            let next = "confira a pasta e as permissões".to_owned();
            erro(what, why(path, &e.into()), Some(next), exit::FAILED)
        }
        Ok(s) => {
            let free = s.f_bavail.saturating_mul(s.f_frsize);
            let text = format!("{}: {} MiB livres", path.display(), free / (1024 * 1024));
            if free < POUCO { aviso(what, text, "libere espaço: uma noite pode não caber") } else { bom(what, text) }
        }
    });
    out
}

/// Puts a page into a folder and takes it away again; a folder that is not there yet is no fault.
fn grava(folder: &Path) -> std::io::Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    let path = folder.join(format!("atom-doctor-{}.part", std::process::id()));
    let put = || -> std::io::Result<()> {
        let mut f = OpenOptions::new().write(true).create(true).truncate(true).open(&path)?;
        f.write_all(&[0; 4096])?;
        f.sync_all()
    };
    let done = put();
    match std::fs::remove_file(&path) {
        Err(e) if done.is_ok() => Err(e),
        _ => done,
    }
}

fn store(app: &App) -> Vec<Linha> {
    let reader = match app.reader() {
        Ok(reader) => reader,
        Err(e) => {
            let (code, hint) = exit::of(&e);
            return vec![erro("store", format!("{e:#}"), hint, code)];
        }
    };
    let runs = execucao::total(&reader.db).unwrap_or(0);
    let mut out = vec![bom("store", format!("{}: {runs} execuções", app.config.store_dir.display()))];
    if let Ok(Some(r)) = backup::restaurado(&app.config.store_dir) {
        let why = format!("restaurado do backup de {}: nada sai", texto::momento(&r.backup_de));
        out.push(aviso("store", why, "confira o que já saiu e rode: atom restore --reconciled"));
    }
    out.extend(
        [
            (Which::Carteira, "trava das importações"),
            (Which::Fetch, "trava da coleta"),
            (Which::Hsm, "trava do envio de HSM"),
        ]
        .map(|(w, n)| trava(app, w, n)),
    );
    out.extend(diario(app, &reader));
    out
}

/// The send journal tells what the store tells (HS16).
fn diario(app: &App, reader: &Store) -> Option<Linha> {
    let known = hsm::controle(&reader.db, "atendimento").map_err(anyhow::Error::from);
    let e = known.and_then(|k| retomada::confere(&app.config.store_dir, &k)).err()?;
    let (code, hint) = exit::of(&e);
    Some(erro("diário de envios", escape(&format!("{e:#}")), hint, code))
}

/// OMNE answers, under the certificate that is expected; no token and no message is sent.
fn omne(c: &config::Omne) -> Linha {
    let what = format!("omne.url {}", escape(&c.url));
    match Omne::nova(c).map(|o| o.alcanca()) {
        Ok(Ok(status)) => bom(what, format!("responde (HTTP {status})")),
        Ok(Err(why)) => {
            let next = "o OMNE está no ar, e esta máquina chega até ele? Confira omne.url e omne.ca";
            erro(what, escape(&why), Some(next.into()), exit::TEMPORARY)
        }
        // a token that cannot be read has its own line
        Err(e) => aviso(&what, escape(&format!("{e:#}")), "corrija e rode de novo"),
    }
}

fn trava(app: &App, which: Which, nome: &str) -> Linha {
    match lock::probe(&app.config.store_dir, which) {
        Ok(()) => bom(nome, "livre"),
        // a run at work is no fault
        Err(LockError::Held { holder }) => {
            bom(nome, format!("em uso: {}; acaba com esse processo, não há o que apagar", escape(&holder)))
        }
        Err(e) => erro(nome, e.to_string(), Some("confira dono e permissões da pasta do store".into()), exit::FAILED),
    }
}

/// Connects, lists, and where atom writes, writes.
fn remoto(app: &App, dono: Dono, key: &str, url: &RemoteUrl) -> Linha {
    let what = format!("{key} {url}");
    let acesso = dono.acesso(&app.config);
    let limits = pastas::limites(&app.config);
    // a memory of its own: each folder is judged by itself, but a password that was refused is not tried again
    let mut remote = match pastas::abre(url, acesso, app.mode, limits, &app.servidores) {
        Ok(remote) => remote,
        Err(e) => return erro(what, escape(&e.to_string()), None, exit::USAGE),
    };
    let writes = match key {
        "evo.url" => app.config.evo.after != After::Keep,
        "manager.retornos" => false,
        _ => true,
    };
    match examina(&mut remote, writes) {
        Ok((names, wrote, clock)) => {
            let host = if matches!(url, RemoteUrl::Sftp { .. }) { "chave do servidor conhecida, " } else { "" };
            let wrote = if wrote { ", gravação permitida" } else { "" };
            let text = format!("{host}{names} nomes{wrote}");
            match clock.map(|c| (c - app.clock.real_unix()) / 60).filter(|m| m.abs() > DIFERENCA) {
                Some(minutes) => {
                    let why = format!("{text}; o relógio de lá mostra {} que o desta máquina", tempo(minutes));
                    aviso(&what, why, "um dos dois está errado: confira o desta máquina (timedatectl) e um terceiro")
                }
                None => bom(what, text),
            }
        }
        Err((step, e)) => {
            let next = match step {
                // what refused us says the step itself
                _ if Fault::refused(&e) => None,
                _ if Fault::of(&e).is_some() || e.kind() == ErrorKind::ConnectionRefused => Some(format!(
                    "o servidor está no ar, e esta máquina chega até ele? Fale com quem o opera ({})",
                    pastas::servidor(url).unwrap_or_default()
                )),
                "listar" => Some(format!("confira a pasta e as permissões de quem entra ({key})")),
                _ => Some("peça permissão de gravação nessa pasta a quem a opera".to_owned()),
            };
            erro(what, format!("{step}: {}", pastas::diz(&e)), next, hostkey::codigo(&e))
        }
    }
}

/// How many names there are, whether one was put, and when that was by the server's clock.
type Exame = (usize, bool, Option<i64>);

fn examina(remote: &mut Remote, writes: bool) -> Result<Exame, (&'static str, std::io::Error)> {
    let names = remote.list().map_err(|e| ("listar", e))?.len();
    let clock = if writes { remote.probe().map_err(|e| ("gravar", e))? } else { None };
    Ok((names, writes, clock))
}
