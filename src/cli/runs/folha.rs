//! The sheets of `atom runs` for people.

use super::super::apoio::{LARGURA, comando, curto, quando, quebra, tabela};
use super::super::texto::{conta as contagem, data, n};
use super::{conta, segundos};
use crate::domain::codigo::Codigo;
use crate::store::execucao::{Enviada, Execucao};
use serde_json::{Map, Value};

/// Narrowest column of file names.
const ARQUIVO: usize = 16;
/// Where the text of a labelled line begins.
const MARGEM: usize = 13;

/// The list; `total` says how many there are.
pub(super) fn lista(runs: &[Execucao], total: i64) -> String {
    let header = ["nº", "quando", "dia", "etapa", "estado", "linhas", "rejeitos", "tempo", "arquivo"];
    let mut rows: Vec<Vec<String>> = runs.iter().map(celulas).collect();
    let widest = |i: usize| rows.iter().filter_map(|r| r.get(i)).map(|c| c.chars().count()).max().unwrap_or(0);
    let before: usize = (0..header.len() - 1).map(|i| widest(i).max(header[i].chars().count()) + 2).sum();
    let room = (LARGURA - 3).saturating_sub(before).max(ARQUIVO);
    for (cells, r) in rows.iter_mut().zip(runs) {
        cells.push(curto(r.arquivo.as_deref().unwrap_or("–"), room));
    }
    let mut out = tabela(&header, &[0, 5, 6, 7], rows);
    let forced: Vec<String> = runs.iter().filter_map(|r| Some((r, r.forcado.as_deref()?))).flat_map(forcada).collect();
    if !forced.is_empty() {
        out.push_str(&format!("\n\nForçadas\n{}", forced.join("\n")));
    }
    if total > runs.len() as i64 {
        out.push_str(&format!("\n\n{} de {} execuções. Todas: atom runs list --all", n(runs.len()), n(total)));
    }
    out
}

fn celulas(r: &Execucao) -> Vec<String> {
    let c = conta(r);
    let rejects = if c.rejeitadas == 0 { "–".to_owned() } else { n(c.rejeitadas.cast_signed()) };
    vec![
        r.id.to_string(),
        quando(&r.fim),
        r.data_operacao.as_deref().map_or_else(|| "–".to_owned(), |d| data(d).chars().take(5).collect()),
        r.kind.clone(),
        curta(&r.estado).to_owned(),
        c.lidas.map_or_else(String::new, |k| n(k.cast_signed())),
        rejects,
        tempo(segundos(r)),
    ]
}

fn forcada((r, why): (&Execucao, &str)) -> Vec<String> {
    rotulo(&format!("nº {}", r.id), &format!("“{why}” · {}", r.comando))
}

/// A line with a label, wrapped below its text.
fn rotulo(label: &str, text: &str) -> Vec<String> {
    let lines = quebra(text, LARGURA - MARGEM - 1);
    let head = |i: usize| if i == 0 { label } else { "" };
    lines.iter().enumerate().map(|(i, l)| format!("  {:<11}{l}", head(i))).collect()
}

/// One run whole.
pub(super) fn uma(r: &Execucao, enviadas: &[Enviada], rejeitos: &[(String, String, i64)]) -> String {
    let day = r.data_operacao.as_deref().map(|d| format!(" · operação {}", data(d))).unwrap_or_default();
    let file = r.arquivo.as_deref().map(|f| format!(" · {f}")).unwrap_or_default();
    let mut out = vec![format!("execução {} · {}{file}{day}", r.id, r.kind), String::new()];
    out.extend(rotulo("estado", &format!("{} (saída {})", estado(&r.estado), r.saida)));
    if let Some((code, message)) = &r.motivo {
        out.extend(rotulo("motivo", &format!("{code}: {message}")));
    }
    let took = segundos(r).map(|s| format!(" · {}", tempo(Some(s)))).unwrap_or_default();
    out.extend(rotulo("quando", &format!("{} a {}{took}", instante(&r.inicio), instante(&r.fim))));
    out.extend(rotulo("comando", &r.comando));
    if let Some(why) = &r.forcado {
        out.extend(rotulo("forçada", &format!("“{why}”")));
    }
    if let Some(sha) = &r.sha256 {
        out.extend(rotulo("sha256", sha));
    }
    let account: Value = serde_json::from_str(&r.conta).unwrap_or(Value::Null);
    out.extend(linhas(&account, conta(r).lidas.is_some(), rejeitos));
    out.extend(saidas(r, enviadas));
    out.join("\n")
}

/// The account: lines by category and code, warnings, effects, what the brake counted.
fn linhas(account: &Value, aplicada: bool, rejeitos: &[(String, String, i64)]) -> Vec<String> {
    let count = |at: &str| n(account.pointer(at).and_then(Value::as_i64).unwrap_or(0));
    let sum = |at: &str| n(mapa(account, at).map(|m| m.values().filter_map(Value::as_i64).sum()).unwrap_or(0));
    let mut out = Vec::new();
    if aplicada {
        let text = format!(
            "lidas {} = novas {} + alteradas {} + iguais {} + ignoradas {} + rejeitadas {}",
            count("/lines/read"),
            count("/lines/created"),
            count("/lines/updated"),
            count("/lines/unchanged"),
            sum("/lines/ignored"),
            sum("/lines/rejected"),
        );
        out.push(String::new());
        out.extend(rotulo("linhas", &text));
    }
    out.extend(codigos("ignoradas", account, "/lines/ignored", |c| c.mensagem().to_owned()));
    let fields = |c: Codigo| {
        let of = rejeitos.iter().filter(|(code, field, _)| code == c.as_str() && !field.is_empty());
        let named: Vec<String> = of.map(|(_, field, k)| format!("{field} {}", n(*k))).collect();
        if named.is_empty() { c.mensagem().to_owned() } else { named.join(", ") }
    };
    out.extend(codigos("rejeitadas", account, "/lines/rejected", fields));
    out.extend(codigos("avisos", account, "/warnings", |_| String::new()));
    let effects = [
        ("altas", "/effects/altas"),
        ("bloqueios", "/effects/bloqueios"),
        ("baixas", "/effects/baixas"),
        ("exclusões", "/effects/exclusoes"),
        ("linhas retiradas", "/effects/removed"),
    ];
    let seen = effects.iter().filter(|(_, at)| account.pointer(at).and_then(Value::as_i64).unwrap_or(0) > 0);
    let seen: Vec<String> = seen.map(|(word, at)| format!("{word} {}", count(at))).collect();
    if !seen.is_empty() {
        out.extend(rotulo("efeitos", &seen.join(" · ")));
    }
    if account.get("undone").is_some() {
        out.extend(rotulo("desfez", &format!("a execução {}", count("/undone"))));
    }
    if account.get("brake").is_some() {
        let text = format!("fecharia {} de {} contratos ativos", count("/brake/closings"), count("/brake/active"));
        out.extend(rotulo("freio", &text));
    }
    out
}

fn mapa<'v>(account: &'v Value, at: &str) -> Option<&'v Map<String, Value>> {
    account.pointer(at).and_then(Value::as_object)
}

/// One line a code: count, code, what it means here.
fn codigos(label: &str, account: &Value, at: &str, text: impl Fn(Codigo) -> String) -> Vec<String> {
    let mut out = Vec::new();
    for (i, (code, count)) in mapa(account, at).into_iter().flatten().enumerate() {
        let said = Codigo::parse(code).map(&text).unwrap_or_default();
        let head = if i == 0 { label } else { "" };
        let front = format!("  {head:<10} {:>7}  {code:<24} ", n(count.as_i64().unwrap_or(0)));
        let wide = front.chars().count();
        for (k, line) in quebra(&said, LARGURA - wide).iter().enumerate() {
            let gap = if k == 0 { front.clone() } else { " ".repeat(wide) };
            out.push(format!("{gap}{line}"));
        }
        if said.is_empty() {
            out.push(front.trim_end().to_owned());
        }
    }
    out
}

/// The files that it made, and where the rejected lines are to be seen.
fn saidas(r: &Execucao, enviadas: &[Enviada]) -> Vec<String> {
    let mut out = Vec::new();
    for s in enviadas {
        let what = match (s.estado.as_str(), &s.publicada_em) {
            ("publicado", Some(at)) => comando(&format!("publicado em {}", instante(at))),
            ("abandonado", _) => "abandonado".to_owned(),
            _ => "a publicar".to_owned(),
        };
        let why = s.mensagem.as_ref().map(|m| format!(": {m}")).unwrap_or_default();
        let label = if s.tipo == "erros" { "erros" } else { "saída" };
        out.extend(rotulo(label, &format!("{} · {} · {what}{why}", s.nome, contagem(s.linhas, "linha", "linhas"))));
    }
    if let Some(kept) = &r.arquivo_rejeitos {
        out.extend(rotulo("guardadas", kept));
        out.extend(rotulo("ver", &comando(&format!("atom rejects list --run {}", r.id))));
    }
    if !out.is_empty() {
        out.insert(0, String::new());
    }
    out
}

/// A moment of the ledger: `04/08/2023 02:41:07`.
fn instante(iso: &str) -> String {
    let at = super::apoio::momento(iso);
    at.map_or_else(|| iso.to_owned(), |t| t.format("%d/%m/%Y %H:%M:%S").to_string())
}

/// A duration in a few characters.
fn tempo(seconds: Option<i64>) -> String {
    match seconds {
        None => String::new(),
        Some(s) if s < 100 => format!("{s} s"),
        Some(s) if s < 6000 => format!("{} min", (s + 30) / 60),
        Some(s) => format!("{} h", (s + 1800) / 3600),
    }
}

/// The state of a run in Portuguese.
fn estado(state: &str) -> &str {
    match state {
        "done" => "concluída",
        "done_with_rejects" => "concluída com rejeitos",
        "refused" => "recusada, nada aplicado",
        "quarantined" => "em quarentena, nada aplicado",
        "undone" => "desfeita: o que aplicou foi retirado",
        "failed" => "falhou, nada aplicado",
        other => other,
    }
}

/// The same in a word for the list; the column of rejects says whether there are any.
fn curta(state: &str) -> &str {
    match state {
        "done" | "done_with_rejects" => "concluída",
        "refused" => "recusada",
        "quarantined" => "quarentena",
        "undone" => "desfeita",
        "failed" => "falhou",
        other => other,
    }
}
