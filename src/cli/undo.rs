//! `atom undo RUN`: takes back one import, or says what is in the way.

use super::apoio::{LARGURA, quebra};
use super::app::App;
use super::exit::{self, Usage};
use super::texto::{self, conta, n};
use crate::domain::dia::br;
use crate::import::desfaz::{self, Desfeita, Impedimento};
use crate::pipeline;
use crate::store::desfaz as diario;
use crate::store::execucao;
use crate::store::lock::Which;

/// Take back one import where nothing later depends on it; --dry-run shows the effect
///
/// For remessa, baixa, exclusao, batimento, telefones and refin: its rows become what they were, its file counts
/// as not imported, its step is open again. Refused (exit 6) when a later run touched the same rows, or a message
/// hangs on a client that would vanish. Not for parcelas and garantias (a new file replaces their sets), massivas
/// and retorno.
#[derive(Debug, clap::Args)]
pub struct Cmd {
    /// The run, as reports and `atom status` number it
    #[arg(value_name = "RUN")]
    run: i64,
}

/// Runs it.
///
/// # Errors
/// A run that does not exist or cannot be taken back (exit 2); store or lock failed.
pub fn run(cmd: &Cmd, app: &App) -> anyhow::Result<i64> {
    if app.opcoes.forcado.is_some() {
        return Err(
            Usage("--force não passa por cima do que depende da execução: desfaça antes o mais novo".into()).into()
        );
    }
    let store = app.store()?;
    let Some(_held) = app.lock(Which::Carteira)? else { return Ok(exit::OK) };
    store.checkpoint()?;
    let ctx = app.contexto(&store, &|_, _, _| {});
    pipeline::recover(&ctx)?;
    let found = execucao::uma(&store.db, cmd.run)?;
    let found = found.ok_or_else(|| Usage(format!("não há execução {}; as últimas: atom status", cmd.run)))?;
    desfaz::pode(&found).map_err(Usage)?;
    if found.id <= diario::esquecido(&store.db)? {
        let why = format!("o diário da execução {} já foi apagado (atom purge, retencao.desfaz_dias)", found.id);
        return Err(Usage(why).into());
    }
    let done = desfaz::desfaz(&ctx.import, &found)?;
    app.out(&if app.global.json { serde_json::to_string(&done)? } else { texto::folha(&folha(&done)) });
    app.fecha(&store)?;
    Ok(done.exit)
}

fn folha(d: &Desfeita) -> String {
    let day = d.data_operacao.map(|d| format!(" · operação {}", br(d))).unwrap_or_default();
    let run = d.run.map(|n| format!(" · execução {n}")).unwrap_or_default();
    let dry = if d.dry_run { " · SIMULAÇÃO, nada gravado" } else { "" };
    let mut out = vec![format!("undo {} · {} · {}{day}{run}{dry}", d.undone, d.kind, d.file), String::new()];
    if !d.in_the_way.is_empty() {
        out.push("  RECUSADO, nada desfeito: isto veio depois e depende dela".into());
        for i in &d.in_the_way {
            out.extend(quebra(&impede(i), LARGURA - 4).into_iter().map(|l| format!("    {l}")));
        }
        out.push(format!("  {}", proximo(d)));
        return out.join("\n");
    }
    for (table, c) in &d.tables {
        out.push(format!(
            "  {table:<10} {:>9} restauradas  {:>9} retiradas",
            n(c.restored as i64),
            n(c.removed as i64)
        ));
    }
    if d.tables.is_empty() {
        out.push("  nenhuma linha da base era dela".into());
    }
    for m in &d.situacoes {
        let to = m.to.as_deref().unwrap_or("não existe mais");
        out.push(format!("  {:<10} {:>9} {} → {to}", "situação", n(m.contratos), m.from));
    }
    let freed = if d.dry_run { "ficaria livre e a etapa," } else { "ficou livre e a etapa," };
    out.push(String::new());
    out.push(format!("  O arquivo {freed} aberta. O corrigido entra sozinho; este, de novo:"));
    out.push(format!("  atom import {} {}", d.kind, d.file));
    out.join("\n")
}

fn impede(i: &Impedimento) -> String {
    let what = match (i.run, &i.file) {
        (Some(run), file) => format!("execução {run}, {} {}", i.kind, file.as_deref().unwrap_or("")),
        (None, _) => format!("atendimento, {}", contato(&i.kind)),
    };
    let rows = conta(i.rows, "linha", "linhas");
    match i.contratos.as_slice() {
        [] => format!("{}: {rows}", what.trim_end()),
        some => format!("{}: {rows}; contratos {}", what.trim_end(), some.join(", ")),
    }
}

/// What people call the rows of a table of contacts.
fn contato(kind: &str) -> &str {
    match kind {
        "tabulacao" => "tabulações",
        "proposta" => "propostas",
        "workflow" => "itens de workflow",
        "portal_telefone" => "telefones do Portal",
        "portal_email" => "e-mails do Portal",
        "portal_endereco" => "endereços do Portal",
        other => other,
    }
}

fn proximo(d: &Desfeita) -> String {
    let newest = d.in_the_way.iter().filter_map(|i| i.run).max();
    match newest {
        Some(run) if !d.in_the_way.iter().any(|i| i.run.is_none() || desfaz::sem_volta(&i.kind)) => {
            format!("Desfaça antes a mais nova: atom undo {run}")
        }
        _ => "Parte disso não se desfaz; importe o arquivo corrigido por cima".into(),
    }
}
