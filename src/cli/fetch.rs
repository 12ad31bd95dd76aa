//! `atom fetch`: collect matching, complete files from Evo and Manager into the inbox (R002).

use super::app::App;
use super::barra::Barra;
use super::exit::{self, graver};
use super::texto::conta;
use crate::pipeline::fetch::{self, Colheita, Nota, Recebido};
use crate::store::lock::Which;
use serde_json::json;

/// Collect matching, complete files from Evo (and retorno from Manager) into the inbox
#[derive(Debug, clap::Args)]
pub struct Cmd {}

/// Runs it.
///
/// # Errors
/// Store or lock failed.
pub fn run(_: &Cmd, app: &App) -> anyhow::Result<i64> {
    let store = app.store()?;
    let Some(_held) = app.lock(Which::Fetch)? else { return Ok(exit::OK) };
    let bar = Barra::new(app);
    let got = fetch::fetch(&app.contexto(&store, &|done, total, what| bar.anda(done, total, what)));
    bar.apaga();
    let got = got?;
    if app.global.json {
        app.out(&json(&got).to_string());
    } else {
        let (one, many) = if app.opcoes.dry_run {
            ("arquivo a receber", "arquivos a receber")
        } else {
            ("arquivo recebido", "arquivos recebidos")
        };
        app.out(&format!("{}, {} ainda assentando", conta(got.recebidos.len() as i64, one, many), got.assentando));
        got.recebidos.iter().for_each(|r| app.out(&format!("  {}{}", r.nome, reenvio(r))));
    }
    Ok(avisa(app, &got))
}

fn json(got: &Colheita) -> serde_json::Value {
    let note = |n: &Nota| json!({"file": n.nome, "folder": n.de_quem.to_lowercase(), "reason": n.motivo});
    let pairs = |v: &[Nota]| v.iter().map(note).collect::<Vec<_>>();
    let files: Vec<_> = got.recebidos.iter().map(|r| json!({"file": r.nome, "resent": r.reenviado})).collect();
    json!({
        "fetched": files, "settling": got.assentando, "unknown": pairs(&got.estranhos),
        "failed": pairs(&got.falhas), "inbox": got.inbox,
    })
}

/// What else is said of a file that came again.
pub fn reenvio(r: &Recebido) -> &'static str {
    if r.reenviado { " (reenviado com outro conteúdo; os dois ficam guardados)" } else { "" }
}

/// Unknown names that are told one by one; a wrong folder has thousands.
const ESTRANHOS: usize = 20;

/// Names told once, and what failed; the exit code.
pub fn avisa(app: &App, got: &Colheita) -> i64 {
    for n in got.estranhos.iter().take(ESTRANHOS) {
        app.say(&format!("aviso: {}: {}; fica na pasta do {}", n.nome, n.motivo, n.de_quem));
    }
    if let Some(more) = got.estranhos.len().checked_sub(ESTRANHOS).filter(|more| *more > 0) {
        app.say(&format!(
            "aviso: e mais {}; todos: atom status",
            conta(more, "nome que não é de arquivo", "nomes que não são de arquivos")
        ));
    }
    let mut code = exit::OK;
    for n in &got.falhas {
        let next = if n.pessoa { "" } else { "; a próxima execução tenta de novo" };
        app.say(&format!("erro: pasta do {}, {}: {}{next}", n.de_quem, n.nome, n.motivo));
        code = graver(code, if n.pessoa { exit::USAGE } else { exit::TEMPORARY });
    }
    if let Some(why) = &got.inbox {
        app.say(&format!(
            "erro: a caixa de entrada não pôde ser gravada: {why}; libere espaço ou permissão e rode de novo"
        ));
        code = graver(code, exit::FAILED);
    }
    code
}
