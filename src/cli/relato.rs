//! How an import is told to people (faces: "One import").

use super::apoio::{LARGURA, quebra};
use super::app::App;
use super::texto::{self, n};
use super::{exit, regua};
use crate::domain::codigo::Codigo;
use crate::domain::dia::br;
use crate::import::relato::{Reason, Relatorio, State};
use crate::pipeline::publish::{Fim, Publicada};
use std::path::Path;

/// One report: JSON on stdout, or the sheet for people. `from` is the file as it was named, if it was.
pub fn mostra(app: &App, r: &Relatorio, from: Option<&Path>) {
    if app.global.json {
        match serde_json::to_string(r) {
            Ok(line) => app.out(&line),
            Err(e) => tracing::error!("report: {e}"),
        }
        return;
    }
    app.out(&folha(r, &regua::quadros(app, r, from)));
}

/// The report of an import that broke off.
pub fn falhou(kind: &str, file: &str, e: &anyhow::Error) -> Relatorio {
    let mut r = Relatorio::vazio(kind, file, State::Failed);
    r.exit = exit::of(e).0;
    r.reason = Some(Reason { code: "FALHA", message: texto::corrente(e), closings: None, active: None });
    r
}

/// Puts the name under which the rejected lines really went back into a report, or none if they did not.
pub fn devolvido(r: &mut Relatorio, publicadas: &[Publicada]) {
    let ours = |p: &&Publicada| p.saida.run.is_some() && p.saida.run == r.run;
    match publicadas.iter().find(ours).map(|p| &p.fim) {
        Some(Fim::Publicada(name)) => r.error_file = Some(name.clone()),
        Some(Fim::Abandonada(_)) => r.error_file = None,
        _ => {}
    }
}

fn folha(r: &Relatorio, quadros: &[String]) -> String {
    let day = r.data_operacao.map(|d| format!(" · operação {}", br(d))).unwrap_or_default();
    let run = r.run.map(|n| format!(" · execução {n}")).unwrap_or_default();
    let dry = if r.dry_run { " · SIMULAÇÃO, nada gravado" } else { "" };
    let mut out = format!("{} · {}{day}{run}{dry}\n", r.kind, texto::escape(&r.file));
    match r.state {
        State::Done | State::DoneWithRejects => conta(r, quadros, &mut out),
        State::Quarantined => quarentena(r, &mut out),
        state => {
            let (code, message) = r.reason.as_ref().map_or(("", ""), |x| (x.code, x.message.as_str()));
            out.push('\n');
            let said = format!("{} [{code}]: {}", titulo(state), texto::escape(message));
            out.extend(regua::mensagem(&said).iter().map(|l| format!("  {l}\n")));
            desenha(quadros, &mut out);
            let next = passo(r, state);
            if !next.is_empty() {
                let gap = if quadros.is_empty() { "" } else { "\n" };
                out.push_str(gap);
                out.extend(regua::mensagem(&next).iter().map(|l| format!("  {l}\n")));
            }
        }
    }
    out
}

/// Frames stand below what they are about, a blank line before each.
fn desenha(quadros: &[String], out: &mut String) {
    for frame in quadros {
        out.push_str(&format!("\n{frame}"));
    }
}

/// The brake (faces: "The brake").
fn quarentena(r: &Relatorio, out: &mut String) {
    let (code, message) = r.reason.as_ref().map_or(("", ""), |x| (x.code, x.message.as_str()));
    out.push_str(&format!("\n  {} [{code}]\n\n", titulo(r.state)));
    for line in quebra(&texto::escape(message), LARGURA - 2) {
        out.push_str(&format!("  {line}\n"));
    }
    let n = r.reason.as_ref().and_then(|x| x.closings).unwrap_or(0);
    out.push_str(&format!(
        "\n  Se estiver certo: {}\n  Se não: peça o reenvio; o arquivo novo entra sozinho.\n",
        confirma(&r.kind, &r.file, n)
    ));
}

/// The command that lets a quarantined file pass.
pub fn confirma(kind: &str, file: &str, closings: u64) -> String {
    format!("atom import {kind} {} --confirm {closings}", texto::escape(file))
}

fn titulo(s: State) -> &'static str {
    match s {
        State::Waiting => "AGUARDANDO",
        State::Refused => "RECUSADO, nada aplicado",
        State::Quarantined => "EM QUARENTENA, nada aplicado",
        State::Duplicate => "JÁ IMPORTADO, nada a fazer",
        _ => "FALHOU, nada aplicado",
    }
}

fn passo(r: &Relatorio, s: State) -> String {
    match s {
        State::Waiting if r.waiting_for.is_empty() => String::new(),
        State::Waiting => "atom run importa assim que chegar. O dia: atom day".into(),
        State::Refused if r.reason.as_ref().is_some_and(|m| m.code == Codigo::MaisAntigo.as_str()) => {
            "Quase sempre é um reenvio por engano: vale o mais novo, e não há o que fazer".into()
        }
        State::Refused => {
            format!("Peça o reenvio ao Evo; ou corrija e importe de novo: atom import {} ARQUIVO", r.kind)
        }
        _ => String::new(),
    }
}

fn conta(r: &Relatorio, quadros: &[String], out: &mut String) {
    let l = &r.lines;
    out.push_str(&format!(
        "\n  lidas {} = novas {} + alteradas {} + iguais {} + ignoradas {} + rejeitadas {}\n",
        n(l.read as i64),
        n(l.created as i64),
        n(l.updated as i64),
        n(l.unchanged as i64),
        n(l.ignoradas() as i64),
        n(l.rejeitadas() as i64)
    ));
    let mut head = "ignoradas";
    for (code, count) in &l.ignored {
        let text = Codigo::parse(code).map_or("", Codigo::mensagem);
        out.push_str(&format!("  {head:<10} {:>7}  {code:<24} {text}\n", n(*count as i64)));
        head = "";
    }
    head = "rejeitadas";
    for ((code, field), count) in &r.por_campo {
        let text = if field.is_empty() { Codigo::parse(code).map_or("", Codigo::mensagem) } else { field };
        out.push_str(&format!("  {head:<10} {:>7}  {code:<24} {text}\n", n(*count as i64)));
        head = "";
    }
    avisos_e_efeitos(r, out);
    desenha(quadros, out);
    let said = match (&r.error_file, r.run) {
        (Some(f), Some(run)) => format!("Devolvidas ao Evo em {f}. Ver: atom rejects list --run {run}"),
        (None, Some(run)) if !r.por_campo.is_empty() => {
            format!("Guardadas em data/rejects. Ver: atom rejects list --run {run}")
        }
        _ => return,
    };
    out.push('\n');
    out.extend(regua::mensagem(&said).iter().map(|l| format!("  {l}\n")));
}

fn avisos_e_efeitos(r: &Relatorio, out: &mut String) {
    let mut head = "avisos";
    for (code, count) in &r.warnings {
        let text = match Codigo::parse(code) {
            Some(c @ (Codigo::SemQuebraFinal | Codigo::ArquivoCurto | Codigo::ArquivoVazio)) => c.mensagem(),
            Some(Codigo::RemessaPosterior) => "ausente, mas veio em remessa posterior: mantido",
            _ => "campo descartado; a linha entrou",
        };
        out.push_str(&format!("  {head:<10} {:>7}  {code:<24} {text}\n", n(*count as i64)));
        head = "";
    }
    if !r.unknown_columns.is_empty() {
        let names = texto::escape(&r.unknown_columns.join(", "));
        out.push_str(&format!("  {:<10} {names}: o layout não conhece, não lidas\n", "colunas"));
    }
    let e = &r.effects;
    let effects: Vec<String> = [
        ("altas", e.altas),
        ("bloqueios", e.bloqueios),
        ("baixas", e.baixas),
        ("exclusões", e.exclusoes),
        ("linhas retiradas", e.removed),
    ]
    .iter()
    .filter(|(_, c)| *c > 0)
    .map(|(t, c)| format!("{t} {}", n(*c as i64)))
    .collect();
    if !effects.is_empty() {
        out.push_str(&format!("  {:<10} {}\n", "efeitos", effects.join(" · ")));
    }
}
