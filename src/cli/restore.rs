//! `atom restore SRC`: a backup in the place of the store; `--reconciled`: what went out since has been looked at (ST2,
//! ST9, HS16).

use super::app::App;
use super::backup::{MANIFESTO, Manifesto};
use super::exit::{self, Usage};
use super::texto::{self, conta, escape};
use crate::layout::impressao::imprime;
use crate::store::auditoria;
use crate::store::backup::{self, Perda, Restauracao};
use crate::store::lock::{Held, Which};
use anyhow::Context as _;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Arguments of `atom restore`.
#[derive(Debug, clap::Args)]
pub struct Cmd {
    /// The backup's folder
    #[arg(value_name = "SRC", required_unless_present = "reconciled", conflicts_with = "reconciled")]
    src: Option<PathBuf>,
    /// What went out since the backup has been compared: let things go out again
    #[arg(long)]
    reconciled: bool,
}

/// Brings a backup back, or lets things go out again after one.
///
/// # Errors
/// Exit 2: SRC is no backup of this campaign; exit 10: it is damaged or of another version; exit 11: somebody works.
pub fn run(cmd: &Cmd, app: &App) -> anyhow::Result<i64> {
    match &cmd.src {
        Some(src) => restaura(app, src),
        None => reconcilia(app),
    }
}

fn restaura(app: &App, src: &Path) -> anyhow::Result<i64> {
    let made = confere(app, src)?;
    let dir = &app.config.store_dir;
    std::fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
    let Some(_locks) = travas(app)? else { return Ok(exit::OK) };
    let lost = backup::perda(dir, &made.momento);
    let now = app.clock.now();
    let anterior = dir.join(format!("anterior-{}", now.carimbo()));
    let had = dir.join("carteira.db").exists() || dir.join("atendimento.db").exists();
    let mark = Restauracao {
        backup_de: made.em.clone(),
        restaurado_em: now.iso(),
        anterior: had.then(|| anterior.display().to_string()),
    };
    if !app.global.dry_run {
        backup::troca(dir, src, &anterior, lost.ficha.max(made.momento.ficha), &mark)?;
    }
    relata(app, &made, &lost, &mark);
    Ok(exit::OK)
}

/// Everybody stays out while the files are swapped.
fn travas(app: &App) -> anyhow::Result<Option<Vec<Held>>> {
    let mut held = Vec::new();
    for which in [Which::Serve, Which::Carteira, Which::Fetch, Which::Hsm, Which::Replica, Which::Backup] {
        match app.lock(which)? {
            Some(lock) => held.push(lock),
            None => return Ok(None),
        }
    }
    Ok(Some(held))
}

/// The manifest of a backup that is whole and ours.
fn confere(app: &App, src: &Path) -> anyhow::Result<Manifesto> {
    let shown = escape(&src.display().to_string());
    let text = std::fs::read(src.join(MANIFESTO))
        .map_err(|e| Usage(format!("{shown} não é um backup do atom: {MANIFESTO}: {e}")))?;
    let made: Manifesto =
        serde_json::from_slice(&text).map_err(|e| Usage(format!("{shown}: {MANIFESTO} não se lê: {e}")))?;
    let ours = &app.config.campanha;
    if (made.campanha, &made.ascob) != (ours.id, &ours.ascob) {
        return Err(Usage(format!(
            "o backup é da campanha {} ({}), a configuração é da {} ({})",
            made.campanha,
            escape(&made.ascob),
            ours.id,
            ours.ascob
        ))
        .into());
    }
    for (name, bytes, sha) in &made.arquivos {
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.') && !name.starts_with('.');
        let seal = if plain { imprime(&src.join(name)).ok() } else { None };
        if seal.is_none_or(|s| s.tamanho != *bytes || s.sha256 != *sha) {
            return Err(Usage(format!("{shown}: {} não é mais o que o backup gravou", escape(name))).into());
        }
    }
    backup::confere(src).with_context(|| format!("o backup em {shown} não serve"))?;
    Ok(made)
}

fn relata(app: &App, made: &Manifesto, lost: &Perda, mark: &Restauracao) {
    if app.global.json {
        let rows: serde_json::Map<_, _> = lost.contatos.iter().map(|(t, n)| (t.clone(), json!(n))).collect();
        let files: Vec<_> =
            lost.arquivos.iter().map(|(kind, file, sha)| json!({"kind": kind, "file": file, "sha256": sha})).collect();
        app.out(
            &json!({"backup": made.em, "run": made.momento.run, "previous": mark.anterior, "lost_contacts": rows,
                    "imports_since": files, "published_since": lost.publicados, "dry_run": app.global.dry_run})
            .to_string(),
        );
        return;
    }
    let word = if app.global.dry_run { " · SIMULAÇÃO, nada mudou" } else { "" };
    let mut out =
        format!("restaurado · backup de {} · até a execução {}{word}\n\n", texto::momento(&made.em), made.momento.run);
    if let Some(previous) = &mark.anterior {
        out += &format!("  o store que estava aqui ficou em {}\n", escape(previous));
    }
    let rows: Vec<String> = lost.contatos.iter().map(|(t, n)| format!("{t} {}", texto::n(*n))).collect();
    out += &match rows.is_empty() {
        true => "  nenhum contato com clientes foi gravado depois do backup, ou já não se podia ler\n".to_owned(),
        false => format!("  contatos gravados depois do backup, que este store não tem: {}\n", rows.join(" · ")),
    };
    out += &format!(
        "  {} depois do backup; os originais estão em archive\n",
        conta(lost.arquivos.len(), "arquivo importado", "arquivos importados")
    );
    for (kind, file, _) in lost.arquivos.iter().take(20) {
        out += &format!("    {kind:<10} {}\n", escape(file));
    }
    out += &format!(
        "  {} depois do backup\n",
        conta(lost.publicados.len(), "arquivo foi ao Manager", "arquivos foram ao Manager")
    );
    out += "\nNada sai (Manager, Evo, HSM) até que alguém confira o que já saiu.\n\
            Importe de novo os arquivos acima; depois: atom restore --reconciled\n\
            Se o envio de HSM disser que o diário conhece mais envios: atom hsm reconcile --reason \"motivo\"";
    app.out(&texto::folha(&out));
}

fn reconcilia(app: &App) -> anyhow::Result<i64> {
    let store = app.store()?;
    let dir = store.dir();
    let Some(mark) = backup::restaurado(dir)? else {
        app.out("nada a conciliar: este store não veio de um backup");
        return Ok(exit::OK);
    };
    let Some(_lock) = app.lock(Which::Carteira)? else { return Ok(exit::OK) };
    let who = App::quem();
    auditoria::registra(store.atendimento()?, &app.clock.now().iso(), &who, None, "restore --reconciled")?;
    backup::reconcilia(dir)?;
    app.out(&format!(
        "conciliado: o store do backup de {} volta a mandar arquivos e mensagens",
        texto::momento(&mark.backup_de)
    ));
    app.fecha(&store)?;
    Ok(exit::OK)
}
