//! What is wrong with a whole file: one message for however many lines (decisions 5, FA001).

use crate::domain::valores::milhares;
use crate::layout::delimited::MAX_LINHA;
use crate::layout::linha::{Fault, HeaderFault};
use crate::layout::regua::caracteres;
use crate::layout::regua::deslocamento::{self, AMOSTRA};
use crate::layout::regua::fonte::{self, Texto};
use crate::layout::text::Encoding;
use crate::layout::{Format, Layout, Record};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Widths told apart; a file with more of them has no width of its own.
const LARGURAS: usize = 50;

/// The bytes that a message is about: it may look at a few of their lines again.
#[derive(Clone, Debug)]
pub struct Fonte {
    /// Where they lie.
    pub caminho: PathBuf,
    /// Their code page.
    pub codificacao: Encoding,
}

impl Fonte {
    /// Of lines of the right width with bad fields (ascending): where something inside them is shifted.
    pub fn desvio(&self, layout: &Layout, numeros: &[u32]) -> Option<String> {
        let (record, lines) = self.amostra(layout, numeros)?;
        deslocamento::de_dentro(record, &lines).map(|d| format!("{}.", d.frase(record)))
    }

    /// The same for lines of one other width.
    fn deslocamento(&self, layout: &Layout, numeros: &[u32]) -> Option<String> {
        let (record, lines) = self.amostra(layout, numeros)?;
        deslocamento::de_largura(record, &lines).map(|d| d.frase(record))
    }

    /// Those lines of a fixed file, if all are of one record; a file that is gone has nothing to show.
    fn amostra<'l>(&self, layout: &'l Layout, numeros: &[u32]) -> Option<(&'l Record, Vec<Texto>)> {
        if layout.format != Format::Fixed {
            return None;
        }
        let lines = fonte::linhas(&self.caminho, layout, numeros.get(..AMOSTRA).unwrap_or(numeros)).ok()?;
        let record = |bytes: &[u8]| layout.record_for(bytes.first().copied().unwrap_or(b' '));
        let first = record(&lines.first()?.1)?;
        let same = lines.iter().all(|(_, bytes)| record(bytes) == Some(first));
        let text = lines.iter().map(|(_, bytes)| Texto::new(bytes, self.codificacao)).collect();
        layout.records.get(first).filter(|_| same).map(|r| (r, text))
    }
}

/// Lines of one width other than their record's.
#[derive(Clone, Debug, Default)]
struct Largura {
    linhas: u64,
    /// The first of them, [`AMOSTRA`] at most.
    primeiras: Vec<u32>,
}

/// Collects structural faults while the file is read to its end.
#[derive(Debug, Default)]
pub struct Estrutura {
    primeira: Option<Fault>,
    com_falha: u64,
    /// By characters found and expected.
    larguras: BTreeMap<(usize, usize), Largura>,
}

impl Estrutura {
    /// One more fault.
    pub fn junta(&mut self, f: Fault) {
        self.com_falha += 1;
        if let Fault::Width { line, found, expected, .. } = f
            && (self.larguras.len() < LARGURAS || self.larguras.contains_key(&(found, expected)))
        {
            let width = self.larguras.entry((found, expected)).or_default();
            width.linhas += 1;
            if width.primeiras.len() < AMOSTRA {
                width.primeiras.push(line);
            }
        }
        self.primeira.get_or_insert(f);
    }

    /// Whether the structure holds.
    pub fn ok(&self) -> bool {
        self.primeira.is_none()
    }

    /// What ops read: [`Estrutura::mensagem`], or where nearly all lines have one other width, from which field
    /// on they are shifted.
    pub fn explica(&self, layout: &Layout, lidas: u64, fonte: &Fonte) -> String {
        self.deslocada(layout, lidas, fonte).unwrap_or_else(|| self.mensagem(layout, lidas))
    }

    /// How many lines, the first one, what was found and expected.
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

impl Estrutura {
    /// Nine lines of ten have one other width, and a field grew or shrank in them.
    fn deslocada(&self, layout: &Layout, lidas: u64, fonte: &Fonte) -> Option<String> {
        let ((found, expected), width) = self.larguras.iter().max_by_key(|(_, w)| w.linhas)?;
        if width.linhas * 10 < lidas * 9 {
            return None;
        }
        let said = fonte.deslocamento(layout, &width.primeiras)?;
        let mut m = format!(
            "{} de {} linhas têm {}; o layout {} pede {}. {said}. Parece um layout novo do banco.",
            milhares(width.linhas),
            milhares(lidas),
            caracteres(*found),
            layout.name,
            milhares(*expected as u64),
        );
        if let Some(line) = width.primeiras.first() {
            m.push_str(&format!(" Ver a linha com régua: atom layout check ARQUIVO --line {line}"));
        }
        Some(m)
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
