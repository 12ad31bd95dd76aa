//! The day board for people (faces: "The day board"): the table, then what is missing and what to do.

use super::quadro::{Passo, Quadro, Visto};
use crate::cli::apoio::{self, LARGURA, comando, curto, por_extenso, quebra};
use crate::cli::app::App;
use crate::cli::export::confirma;
use crate::cli::relato;
use crate::cli::texto::{self, n};
use crate::domain::dia::br;
use crate::import::Etapa;
use crate::import::portao::Situacao;
use crate::store::ledger::Estado;
use chrono::{Datelike, NaiveDate, Weekday};

/// Width of the file column.
const ARQUIVO: usize = 38;
/// Where the last two columns begin; what a file waits for takes both.
const FIM: usize = 78;

/// Where the line of Manager begins.
const MANAGER: usize = 13;

/// Steps whose files come with a time of the evening before; the others come on the day itself
/// (decisions 3).
const DE_VESPERA: [&str; 4] = ["remessa", "parcelas", "garantias", "exclusao"];

/// The whole board.
pub fn folha(app: &App, q: &Quadro) -> String {
    let mut out = vec![titulo(app, q), String::new()];
    out.push(linha("etapa", "esperado", "arquivo", "estado") + &format!("{:>9}  {:>8}", "linhas", "rejeitos"));
    for p in &q.passos {
        linhas(q, p, &mut out);
    }
    let manager = quebra(&q.manager.linha(), LARGURA - MANAGER).into_iter().enumerate();
    out.extend(manager.map(|(i, l)| format!("  {:<9}  {l}", if i == 0 { "manager" } else { "" })));
    for block in avisos(app, q) {
        out.push(String::new());
        out.extend(block.iter().flat_map(|text| recua(text)));
    }
    texto::folha(&out.iter().map(|l| l.trim_end()).collect::<Vec<_>>().join("\n"))
}

fn titulo(app: &App, q: &Quadro) -> String {
    let (now, c) = (app.clock.now(), &app.config.campanha);
    let day = if now.date() == q.dia { String::new() } else { now.date().format("%d/%m/%Y ").to_string() };
    format!("Operação de {} · campanha {} {} · agora {day}{}", por_extenso(q.dia), c.id, c.carteira, now.hhmm())
}

fn linha(etapa: &str, esperado: &str, arquivo: &str, estado: &str) -> String {
    format!("  {etapa:<9}  {esperado:<8}  {arquivo:<ARQUIVO$}  {estado:<13}  ")
}

/// The lines of one step: one for each file, and one more where its state is no file's.
fn linhas(q: &Quadro, p: &Passo, out: &mut Vec<String>) {
    let mut head = (p.etapa.kind, if p.obrigatoria { "sim" } else { p.etapa.esperado });
    for v in &p.arquivos {
        let start = linha(head.0, head.1, &curto(&v.arquivo.nome, ARQUIVO), estado(v));
        head = ("", "");
        if v.arquivo.estado == Estado::Pendente {
            let mut waits = quebra(&espera(q, p), LARGURA - FIM).into_iter();
            out.push(start + &waits.next().unwrap_or_default());
            out.extend(waits.map(|w| format!("{:FIM$}{w}", "")));
        } else {
            out.push(start + &numeros(v));
        }
    }
    let word = match p.situacao {
        Situacao::Waived => "dispensada",
        Situacao::Missing if p.obrigatoria || esperada_hoje(q, p.etapa) => "não chegou",
        Situacao::Missing if p.arquivos.is_empty() => "–",
        _ => return,
    };
    out.push(linha(head.0, head.1, "–", word));
}

fn estado(v: &Visto) -> &'static str {
    match v.arquivo.estado {
        Estado::Pendente => "aguardando",
        Estado::Importado => "concluída",
        Estado::Duplicado => "já importada",
        Estado::Recusado => "recusada",
        Estado::Quarentena => "em quarentena",
        Estado::Desfeito => "desfeita",
    }
}

fn numeros(v: &Visto) -> String {
    let Some(read) = v.conta.lidas else { return String::new() };
    let rejects = if v.conta.rejeitadas == 0 { "–".to_owned() } else { n(v.conta.rejeitadas.cast_signed()) };
    format!("{:>9}  {rejects:>8}", n(read.cast_signed()))
}

fn espera(q: &Quadro, p: &Passo) -> String {
    if !p.espera.is_empty() {
        p.espera.join(", ")
    } else if q.dia > q.hoje {
        format!("o dia {}", br(q.dia))
    } else {
        "próxima execução".into()
    }
}

/// refin is expected on Tuesdays, though nothing waits for it.
fn esperada_hoje(q: &Quadro, etapa: &Etapa) -> bool {
    etapa.esperado == "terças" && q.util && q.dia.weekday() == Weekday::Tue
}

/// What stands below the table, block by block; what is missing comes first.
fn avisos(app: &App, q: &Quadro) -> Vec<Vec<String>> {
    let blocks = [veredito(app, q), recusas(q), alertas(q), reenvios(q), fila(q), dispensas(q), rejeitos(q), outros(q)];
    blocks.into_iter().filter(|b| !b.is_empty()).collect()
}

/// Lines of a note: the second and later ones are indented, and the first where the text is.
fn recua(text: &str) -> Vec<String> {
    let flush = !text.starts_with(' ');
    let lines = quebra(text, LARGURA - 3).into_iter().enumerate();
    lines.map(|(i, l)| if i == 0 && flush { l } else { format!("   {l}") }).collect()
}

fn veredito(app: &App, q: &Quadro) -> Vec<String> {
    if !q.util {
        return vec!["Não é dia útil: nada é esperado. O dia de operação mais novo: atom day".into()];
    }
    if q.abertas().is_empty() {
        return vec!["Dia completo.".into()];
    }
    let missing: Vec<&Passo> = q.passos.iter().filter(|p| p.obrigatoria && p.situacao == Situacao::Missing).collect();
    let Some(first) = missing.first() else {
        return vec![format!("Dia aberto: falta concluir {}.", q.abertas().join(", "))];
    };
    let mut out: Vec<String> =
        missing.iter().map(|p| format!("Falta: {} ({}).", rotulo(p.etapa.kind), nomes(app, p.etapa, q.dia))).collect();
    let stopped: Vec<&str> = q
        .passos
        .iter()
        .filter(|p| p.etapa.depois_de.contains(&first.etapa.kind) && !p.situacao.fechada())
        .filter(|p| p.obrigatoria || p.situacao == Situacao::Waiting)
        .map(|p| p.etapa.kind)
        .collect();
    if !stopped.is_empty() {
        let verb = if stopped.len() == 1 { "roda" } else { "rodam" };
        out.push(format!("Sem {} não {verb}: {}.", first.etapa.kind, stopped.join(", ")));
    }
    let date = if q.abertos.len() > 1 { format!(" --date {}", q.dia) } else { String::new() };
    let each = if missing.len() == 1 { "" } else { " (cada etapa por vez)" };
    let kind = first.etapa.kind;
    let waive = comando(&format!("atom day waive {kind}{date} --reason \"…\""));
    out.push(format!("Se o banco confirmou que não vem: {waive}{each}"));
    out
}

/// IN12: the same name came again with other bytes.
fn reenvios(q: &Quadro) -> Vec<String> {
    let files = q.passos.iter().flat_map(|p| &p.arquivos).filter(|v| v.arquivo.substitui.is_some());
    files
        .map(|v| {
            let name = &v.arquivo.nome;
            format!("Reenviado com outro conteúdo: {name}. Os dois ficam guardados; vale o que entrou por último.")
        })
        .collect()
}

/// What people call the file of a step.
fn rotulo(kind: &str) -> &str {
    match kind {
        "remessa" => "Remessa",
        "parcelas" => "Parcelas",
        "garantias" => "Garantias",
        "baixa" => "Acordos Baixados",
        "exclusao" => "Exclusão",
        "batimento" => "Batimento",
        other => other,
    }
}

/// The file names that would complete a step on a day, from the layouts' patterns.
fn nomes(app: &App, etapa: &Etapa, day: NaiveDate) -> String {
    let eve = || {
        let before = day.pred_opt().into_iter().flat_map(|d| d.iter_days().rev());
        before.into_iter().find(|d| app.calendario.dia_util(*d)).unwrap_or(day)
    };
    let layouts = app.layouts.of_kind(etapa.kind).filter(|l| etapa.completa.is_none_or(|c| l.name == c));
    let names: Vec<String> = layouts
        .flat_map(|l| &l.files)
        .map(|pattern| {
            let timed = pattern.to_string().contains("{HHMMSS}");
            let date = if timed && DE_VESPERA.contains(&etapa.kind) { eve() } else { day };
            pattern.render(date, None, &app.config.campanha.ascob)
        })
        .collect();
    names.join(" ou ")
}

fn recusas(q: &Quadro) -> Vec<String> {
    let mut out = Vec::new();
    for (p, v) in q.passos.iter().flat_map(|p| p.arquivos.iter().map(move |v| (p, v))) {
        let (a, kind) = (&v.arquivo, p.etapa.kind);
        let (code, message) = (a.codigo.as_deref().unwrap_or(""), a.mensagem.as_deref().unwrap_or(""));
        let why = format!("{} [{code}]: {}.", a.nome, message.trim_end_matches('.'));
        match a.estado {
            Estado::Recusado => {
                out.push(format!("Recusado, nada aplicado: {why}"));
                out.push(proximo_da_recusa(p, &a.layout, code));
            }
            Estado::Quarentena => {
                out.push(format!("Em quarentena, nada aplicado: {why}"));
                if apoio::atendido(a, p.arquivos.iter().map(|v| &v.arquivo)) {
                    out.push(format!("   Outro arquivo de {kind} já concluiu a etapa; nada a fazer."));
                    continue;
                }
                let n = v.conta.freio.map_or(0, |(closings, _)| closings);
                out.push(format!("   Se estiver certo: {}", comando(&relato::confirma(kind, &a.nome, n))));
                out.push("   Se não: peça o reenvio; o arquivo novo entra sozinho.".into());
            }
            Estado::Desfeito => {
                out.push(format!("Desfeito: {}: {message}. O corrigido entra sozinho.", a.nome));
                let again = comando(&format!("atom import {kind} {}", a.nome));
                out.push(format!("   Para aplicar este de novo: {again}"));
            }
            _ => {}
        }
    }
    out
}

fn proximo_da_recusa(p: &Passo, layout: &str, code: &str) -> String {
    let kind = p.etapa.kind;
    if code == "MAIS_ANTIGO" {
        let force = comando(&format!("atom import {kind} ARQUIVO --force --reason \"…\""));
        return format!("   Vale o mais novo; nada a fazer. Só se o banco disser que este vale: {force}");
    }
    if p.situacao == Situacao::Done {
        return format!("   Outro arquivo de {kind} já concluiu a etapa; peça o reenvio só se este também vale.");
    }
    let again = comando(&format!("atom import {kind} ARQUIVO"));
    if code == "ESTRUTURA" {
        let copy = comando(&format!("atom layout copy {layout}"));
        return format!("   Peça o reenvio; se o banco confirmar um layout novo: {copy}, ajuste a cópia e {again}");
    }
    format!("   Peça o reenvio, ou {again} depois de corrigir.")
}

/// Warnings of whole files; dropped fields stand in the report of the import.
fn alertas(q: &Quadro) -> Vec<String> {
    let mut out = Vec::new();
    for (p, v) in q.passos.iter().flat_map(|p| p.arquivos.iter().map(move |v| (p, v))) {
        for (code, _) in &v.conta.avisos {
            let text = match code.as_str() {
                "ARQUIVO_CURTO" => {
                    "tem menos da metade das linhas do anterior. Confirme com o banco se veio inteiro; \
                     se ele reenviar, o novo entra sozinho."
                }
                "ARQUIVO_VAZIO" => "veio vazio e conta como sem movimento. Confirme com o banco se é isso mesmo.",
                "SEM_QUEBRA_FINAL" => {
                    "terminou sem quebra de linha; a última linha entrou. Confirme com o banco se veio inteiro."
                }
                _ => continue,
            };
            out.push(format!("Aviso: {} ({}) {text} [{code}]", p.etapa.kind, v.arquivo.nome));
        }
    }
    out
}

fn fila(q: &Quadro) -> Vec<String> {
    let queued: Vec<&str> = q.passos.iter().filter(|p| p.na_fila()).map(|p| p.etapa.kind).collect();
    if queued.is_empty() {
        return Vec::new();
    }
    if q.dia > q.hoje {
        let day = br(q.dia);
        return vec![format!("Na fila: {}, para a operação de {day}; entram nesse dia.", queued.join(", "))];
    }
    vec![format!("Na fila: {}. A próxima execução importa; já: {}", queued.join(", "), comando("atom run"))]
}

fn dispensas(q: &Quadro) -> Vec<String> {
    let waived = q.passos.iter().filter_map(|p| p.dispensa.as_ref());
    waived.map(|d| format!("Dispensada: {}, {}: {}", d.kind, apoio::quando(&d.em), d.motivo)).collect()
}

fn rejeitos(q: &Quadro) -> Vec<String> {
    let files = q.passos.iter().flat_map(|p| &p.arquivos).filter(|v| v.conta.rejeitadas > 0);
    files
        .filter_map(|v| {
            let run = v.arquivo.run?;
            let count = n(v.conta.rejeitadas.cast_signed());
            let list = comando(&format!("atom rejects list --run {run}"));
            Some(format!("Rejeitos de {}: {count}. Ver: {list}", v.arquivo.kind))
        })
        .collect()
}

/// What does not go out to Manager, and the other days still open.
fn outros(q: &Quadro) -> Vec<String> {
    let mut out = Vec::new();
    if let Some((rows, why)) = &q.manager.freio {
        out.push(format!("Carga recusada [FREIO]: {why}. O incremental espera por ela."));
        out.push(format!("   Se a base encolheu de verdade: {}", comando(&confirma(*rows))));
        out.push(format!("   Quem sai, e por que execução: {}", comando("atom export manager --carga --dry-run")));
        let undo = comando("atom undo EXECUÇÃO");
        out.push(format!("   Se não: desfeita a que errou ({undo}) ou corrigidos os arquivos, ela sai sozinha."));
    }
    if let Some(s) = q.manager.parada() {
        let why = s.mensagem.as_deref().map(|m| format!(": {m}")).unwrap_or_default();
        out.push(format!(
            "{} ainda não publicada ({}){why}. A próxima execução tenta de novo; já: {}",
            capital(s.tipo.as_str()),
            s.nome,
            comando("atom run")
        ));
    }
    let others: Vec<&apoio::Aberto> = q.abertos.iter().filter(|(d, _)| *d != q.dia).collect();
    if let Some((first, _)) = others.first() {
        let names: Vec<String> =
            others.iter().map(|(d, k)| format!("{} ({})", d.format("%d/%m"), k.join(", "))).collect();
        let show = comando(&format!("atom day --date {first}"));
        out.push(format!("Outros dias abertos: {}. Ver: {show}", names.join(", ")));
    }
    out
}

/// With a capital: the words are lower case without accents.
fn capital(word: &str) -> String {
    let (first, rest) = word.split_at(word.len().min(1));
    first.to_uppercase() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::ETAPAS;

    #[test]
    fn colunas_e_rotulos() {
        assert_eq!(linha("batimento", "se vier", "x", "em quarentena").chars().count(), FIM);
        assert!(ETAPAS.iter().all(|e| e.kind.len() <= 9 && e.esperado.chars().count() <= 8));
        assert_eq!(rotulo("baixa"), "Acordos Baixados");
        assert!(DE_VESPERA.iter().all(|k| crate::import::etapa(k).is_some()));
    }

    #[test]
    fn notas_cabem_e_recuam() {
        let lines = recua(&"palavra ".repeat(30));
        assert!(lines.iter().all(|l| l.chars().count() <= LARGURA));
        assert!(lines[0].starts_with("palavra") && lines[1].starts_with("   palavra"));
        assert_eq!(recua("   a b"), ["   a b"]);
    }
}
