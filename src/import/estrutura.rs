//! What is wrong with a whole file: one message for however many lines (decisions 5, FA001).

use crate::layout::delimited::MAX_LINHA;
use crate::layout::linha::{Fault, HeaderFault};
use crate::layout::{Format, Layout};
use std::collections::BTreeMap;

/// Collects structural faults while the file is read to its end.
#[derive(Debug, Default)]
pub struct Estrutura {
    primeira: Option<Fault>,
    com_falha: u64,
    larguras: BTreeMap<usize, u64>,
}

impl Estrutura {
    /// One more fault.
    pub fn junta(&mut self, f: Fault) {
        self.com_falha += 1;
        if let Fault::Width { found, .. } = f
            && self.larguras.len() < 50
        {
            *self.larguras.entry(found).or_default() += 1;
        }
        self.primeira.get_or_insert(f);
    }

    /// Whether the structure holds.
    pub fn ok(&self) -> bool {
        self.primeira.is_none()
    }

    /// What ops read: how many lines, the first one, what was found and expected.
    pub fn mensagem(&self, layout: &Layout, lidas: u64) -> String {
        let Some(first) = &self.primeira else { return String::new() };
        match first {
            Fault::NoBreak { line } if layout.format != Format::Fixed => {
                format!("linha {line}: nenhuma quebra de linha (CRLF ou LF) em {MAX_LINHA} bytes")
            }
            Fault::NoBreak { line } => format!(
                "linha {line}: nenhuma quebra de linha (CRLF ou LF); o layout {} pede registros de {}",
                layout.name,
                widths(layout)
            ),
            Fault::Tag { line, found } => format!(
                "linha {line}, coluna 1: tipo de registro {}, o layout {} pede {} ({} de {lidas} linhas com falha)",
                show(*found),
                layout.name,
                tags(layout),
                self.com_falha
            ),
            Fault::Width { line, found, expected, cut: true } if self.com_falha == 1 => format!(
                "linha {line}: a última linha está cortada, {found} de {expected} caracteres e sem quebra; \
                 o arquivo parece truncado"
            ),
            Fault::Width { line, found, expected, .. } => {
                let mut m = format!(
                    "linha {line}: {found} caracteres, o layout {} pede {expected} ({} de {lidas} linhas com falha)",
                    layout.name, self.com_falha
                );
                if self.com_falha == lidas && self.larguras.len() == 1 && lidas > 1 {
                    m.push_str("; todas as linhas têm o mesmo tamanho: parece outro layout ou outro tipo de arquivo");
                }
                m
            }
            Fault::Columns { line, found, expected, cut: true } if self.com_falha == 1 => format!(
                "linha {line}: a última linha está cortada, {found} de {expected} colunas e sem quebra; \
                 o arquivo parece truncado"
            ),
            Fault::Columns { line, found, expected, .. } => {
                let what = if found < expected { "falta coluna" } else { "há um delimitador a mais" };
                format!(
                    "linha {line}: {found} colunas, o cabeçalho tem {expected}: {what} ({} de {lidas} linhas com falha)",
                    self.com_falha
                )
            }
            Fault::Quote { line } => format!(
                "linha {line}: aspas abertas que não fecham na mesma linha ({} de {lidas} linhas com falha)",
                self.com_falha
            ),
            Fault::Header(f) => cabecalho(f, layout),
        }
    }
}

/// What the first line should have held.
fn cabecalho(f: &HeaderFault, layout: &Layout) -> String {
    if f.known == 0 {
        return format!(
            "linha 1: não é o cabeçalho do layout {}: nenhuma das {} colunas é dele; faltam {}",
            layout.name,
            f.columns,
            f.missing.join(", ")
        );
    }
    let mut m = vec![format!("linha 1: o cabeçalho não serve ao layout {}", layout.name)];
    let mut junta = |what: &str, names: &[String]| {
        if !names.is_empty() {
            m.push(format!("{what} {}", names.join(", ")));
        }
    };
    junta("faltam", &f.missing);
    junta("em dobro", &f.doubled);
    junta("desconhecidas", &f.unknown);
    m.join("; ")
}

fn widths(layout: &Layout) -> String {
    let w: Vec<String> = layout.records.iter().map(|r| r.width.to_string()).collect();
    format!("{} caracteres", w.join(", "))
}

fn tags(layout: &Layout) -> String {
    let t: Vec<&str> = layout.records.iter().filter_map(|r| r.when.as_deref()).collect();
    t.join(", ")
}

/// A single character can be no personal value; controls are escaped.
fn show(c: char) -> String {
    format!("`{}`", c.escape_debug())
}
