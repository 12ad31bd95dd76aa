//! What the boards share: days still open, the account of a run, short names, wrapped text, wide tables.

use crate::atendimento::By;
use crate::cli::app::App;
use crate::domain::dia::br;
use crate::import::portao::Dia;
use crate::store::db::Db;
use crate::store::dia;
use crate::store::ledger::{Arquivo, Estado};
use chrono::{Datelike, NaiveDate, NaiveDateTime, Weekday};
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, presets};
use serde_json::{Value, json};
use std::io::{BufRead, Read};

/// The boards' width in columns.
pub const LARGURA: usize = 100;
/// Longest key read from stdin; a contract has 20 characters.
const MAX_CHAVE: u64 = 256;

/// A day with required steps still open.
pub type Aberto = (NaiveDate, Vec<&'static str>);

/// The days that have a file of a required kind, newest first.
///
/// # Errors
/// The ledger cannot be read.
pub fn dias(app: &App, db: &Db) -> anyhow::Result<Vec<NaiveDate>> {
    Ok(dia::days_with(db, &app.config.dia.obrigatorios)?)
}

/// Those of these days whose required steps are not all done or waived, newest first.
///
/// # Errors
/// The ledger cannot be read.
pub fn abertos(app: &App, db: &Db) -> anyhow::Result<Vec<Aberto>> {
    let mut out = Vec::new();
    for day in dias(app, db)? {
        let open = Dia::le(db, day, &app.config.dia.obrigatorios)?.abertas();
        if !open.is_empty() {
            out.push((day, open));
        }
    }
    Ok(out)
}

/// Open days as JSON.
pub fn abertos_json(abertos: &[Aberto]) -> Vec<Value> {
    abertos.iter().map(|(day, open)| json!({"data_operacao": day, "open": open})).collect()
}

/// An open day in a few words: `03/08/2023 (batimento)`.
pub fn aberto(a: &Aberto) -> String {
    format!("{} ({})", br(a.0), a.1.join(", "))
}

/// Whether another file of its day and layout was applied, so that nothing is to be done about this one any more.
pub fn atendido<'a>(a: &Arquivo, mut do_dia: impl Iterator<Item = &'a Arquivo>) -> bool {
    do_dia.any(|o| o.estado == Estado::Importado && o.layout == a.layout)
}

/// The account of a run, read back from the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conta {
    /// Lines read; `None` where none were counted (a refused file).
    pub lidas: Option<u64>,
    /// Lines rejected.
    pub rejeitadas: u64,
    /// Warnings by code.
    pub avisos: Vec<(String, u64)>,
    /// Of a file that the brake stopped: contracts that it would have closed, contracts ATIVO then.
    pub freio: Option<(u64, u64)>,
}

impl Conta {
    /// Reads the JSON of the ledger; `aplicado` says whether the run applied its file.
    pub fn le(json: &str, aplicado: bool) -> Self {
        let v: Value = serde_json::from_str(json).unwrap_or(Value::Null);
        let counts = |at: &str| -> Vec<(String, u64)> {
            let map = v.pointer(at).and_then(Value::as_object);
            map.into_iter().flatten().map(|(k, n)| (k.clone(), n.as_u64().unwrap_or(0))).collect()
        };
        let count = |at: &str| v.pointer(at).and_then(Value::as_u64);
        Self {
            lidas: count("/lines/read").filter(|n| aplicado || *n > 0),
            rejeitadas: counts("/lines/rejected").iter().map(|(_, n)| n).sum(),
            avisos: counts("/warnings"),
            freio: count("/brake/closings").zip(count("/brake/active")),
        }
    }
}

/// The weekday in Portuguese.
pub const fn semana(d: Weekday) -> &'static str {
    match d {
        Weekday::Mon => "segunda-feira",
        Weekday::Tue => "terça-feira",
        Weekday::Wed => "quarta-feira",
        Weekday::Thu => "quinta-feira",
        Weekday::Fri => "sexta-feira",
        Weekday::Sat => "sábado",
        Weekday::Sun => "domingo",
    }
}

/// A date with its weekday: `sexta-feira 04/08/2023`.
pub fn por_extenso(d: NaiveDate) -> String {
    format!("{} {}", semana(d.weekday()), br(d))
}

/// A moment of the ledger without its offset, or of the contacts, which have a space for the T.
pub fn momento(iso: &str) -> Option<NaiveDateTime> {
    iso.get(..19)?.replace(' ', "T").parse().ok()
}

/// A moment of the ledger in a few characters: `04/08 02:41`.
pub fn quando(iso: &str) -> String {
    momento(iso).map_or_else(|| iso.to_owned(), |t| t.format("%d/%m %H:%M").to_string())
}

/// What a key names a client by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Chave {
    /// CPF or CNPJ
    Cpf,
    /// The contract's number
    Contrato,
    /// The client's id
    Idcrm,
}

impl From<Chave> for By {
    fn from(kind: Chave) -> Self {
        match kind {
            Chave::Cpf => Self::Cpf,
            Chave::Contrato => Self::Contrato,
            Chave::Idcrm => Self::IdCrm,
        }
    }
}

/// A key as the command line gives it; `-` reads one line from stdin, so that it does not stand in the process
/// list.
///
/// # Errors
/// stdin cannot be read.
pub fn chave_dada(arg: &str) -> anyhow::Result<String> {
    if arg != "-" {
        return Ok(arg.trim().to_owned());
    }
    let mut line = String::new();
    std::io::stdin().lock().take(MAX_CHAVE).read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

/// A name in at most `max` characters: head and tail stay, `…` stands for the middle.
pub fn curto(nome: &str, max: usize) -> String {
    let chars: Vec<char> = nome.chars().collect();
    if chars.len() <= max {
        return nome.to_owned();
    }
    let kept = max.saturating_sub(1);
    let (head, tail) = (kept.div_ceil(2), kept / 2);
    let front = chars.iter().take(head);
    let back = chars.iter().skip(chars.len() - tail);
    front.chain(std::iter::once(&'…')).chain(back).collect()
}

/// A command as one word, so that [`quebra`] keeps it on one line.
pub fn comando(c: &str) -> String {
    c.replace(' ', "\u{a0}")
}

/// Text in lines of at most `largura` characters, broken at spaces; a longer word stays whole.
pub fn quebra(texto: &str, largura: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for paragraph in texto.lines() {
        let mut line = String::new();
        for word in paragraph.split(' ').filter(|w| !w.is_empty()) {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > largura {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines.iter().map(|l| l.replace('\u{a0}', " ")).collect()
}

/// A table within the boards' width: `direita` are columns of numbers, the last column wraps.
pub fn tabela(header: &[&str], direita: &[usize], rows: Vec<Vec<String>>) -> String {
    let mut t = Table::new();
    t.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    t.set_width(u16::try_from(LARGURA - 1).unwrap_or(u16::MAX));
    t.set_header(header.iter().map(|h| (*h).to_owned()));
    t.add_rows(rows);
    for (i, column) in t.column_iter_mut().enumerate() {
        if i + 1 < header.len() {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
        if direita.contains(&i) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    t.lines().map(|l| format!(" {l}").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nomes_longos_guardam_comeco_e_fim() {
        assert_eq!(curto("AcordosBaixados_04082023_528.csv", 38), "AcordosBaixados_04082023_528.csv");
        let short = curto("telefones_carteira_veic_030823211000.csv", 38);
        assert_eq!(short, "telefones_carteira_…c_030823211000.csv");
        assert_eq!(short.chars().count(), 38);
        assert_eq!(curto("ação", 3), "a…o");
    }

    #[test]
    fn dia_da_semana_em_portugues() {
        let day = NaiveDate::from_ymd_opt(2023, 8, 4).unwrap();
        assert_eq!(por_extenso(day), "sexta-feira 04/08/2023");
        assert_eq!(por_extenso(day.succ_opt().unwrap()), "sábado 05/08/2023");
        assert_eq!(semana(Weekday::Tue), "terça-feira");
    }

    #[test]
    fn texto_quebra_nos_espacos() {
        assert_eq!(quebra("baixa, exclusao", 22), ["baixa, exclusao"]);
        assert_eq!(quebra("remessa, parcelas, garantias, baixa", 22), ["remessa, parcelas,", "garantias, baixa"]);
        assert_eq!(quebra("a\nbb cc", 4), ["a", "bb", "cc"]);
        assert_eq!(quebra(&format!("ver {}", comando("atom day")), 8), ["ver", "atom day"]);
    }

    #[test]
    fn conta_volta_do_livro() {
        let json = r#"{"lines":{"read":12,"rejected":{"A":2,"B":1}},"warnings":{"ARQUIVO_CURTO":1}}"#;
        let avisos = vec![("ARQUIVO_CURTO".to_owned(), 1)];
        assert_eq!(Conta::le(json, true), Conta { lidas: Some(12), rejeitadas: 3, avisos, freio: None });
        assert_eq!(Conta::le(r#"{"brake":{"closings":7,"active":9}}"#, false).freio, Some((7, 9)));
        assert_eq!(Conta::le(r#"{"lines":{"read":0}}"#, false), Conta::default());
        assert_eq!(Conta::le(r#"{"lines":{"read":0}}"#, true).lidas, Some(0));
        assert_eq!(Conta::le("?", true), Conta::default());
    }

    #[test]
    fn tabela_cabe_na_largura() {
        let long = "palavra ".repeat(40);
        let text = tabela(&["n", "mensagem"], &[0], vec![vec!["1".into(), long]]);
        assert!(text.lines().count() > 2);
        assert!(text.lines().all(|l| l.chars().count() <= LARGURA), "{text}");
    }

    #[test]
    fn momentos_do_livro() {
        assert_eq!(quando("2023-08-04T02:41:07-03:00"), "04/08 02:41");
        assert_eq!(quando("2023-08-04 02:41:07"), "04/08 02:41");
        assert_eq!(quando("ontem"), "ontem");
    }
}
