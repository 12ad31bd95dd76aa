//! The frame of a ruler: the piece of a line around a field, underlined and named.
//!
//! annotate-snippets draws it (gutter, underlines, names that would overlap, characters of two columns). Its
//! own elision and header are not used: it would be handed the whole line unmasked in width (a label is not
//! counted in `term_width`: 127 columns were measured for a limit of 100, and a label of two lines loses its
//! gutter), and its header says `path:line:column` where ops read *linha, colunas*. So the window is cut here.

use super::super::Record;
use super::super::linha::Linha;
use super::mascara::{self, Modo};
use super::{Falta, numero};
use crate::domain::codigo::Codigo;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use std::ops::Range;

/// Widest line that is drawn.
pub const LARGURA: usize = 100;
/// What the frame adds on the left: indent, number of up to seven digits, bar.
const MARGEM: usize = 14;
/// Columns for the piece of a line and the names beside it.
const JANELA: usize = LARGURA - MARGEM;
/// At most so much of the field at fault is shown.
const MEIO: usize = 32;
/// At most so much of what stands before and behind it.
const VIZINHO: usize = 24;

/// A range of the line with its name.
struct Marca {
    at: Range<usize>,
    nome: String,
}

/// A piece of a line to be drawn.
pub struct Quadro {
    numero: u32,
    /// The whole line as it may be shown.
    texto: Vec<char>,
    alvo: Marca,
    antes: Option<Marca>,
    depois: Option<Marca>,
}

impl Quadro {
    /// A field of a fixed line between its neighbours. A control byte is underlined alone.
    pub fn de_fixa(linha: &Linha<'_>, falta: Falta, modo: Modo) -> Self {
        let at = ponto(linha, falta);
        let neighbour = |i: Option<usize>| {
            let f = i.and_then(|i| linha.record.fields.get(i))?;
            Some(Marca { at: f.at.clone(), nome: f.name.clone() })
        };
        Self {
            numero: linha.numero,
            texto: mascara::linha(linha, modo),
            alvo: Marca { at, nome: nome(linha.record, falta.campo) },
            antes: neighbour(falta.campo.checked_sub(1)),
            depois: neighbour(Some(falta.campo + 1)),
        }
    }

    /// The cell of a delimited line: the file may order its columns as it likes, so it stands alone.
    pub fn de_celula(linha: &Linha<'_>, campo: usize, modo: Modo) -> Self {
        let field = linha.record.fields.get(campo);
        let shown = field.map_or_else(String::new, |f| mascara::campo(f, linha.campo(campo), modo));
        let mut texto: Vec<char> = shown.chars().collect();
        let end = texto.len().max(1);
        texto.resize(end, ' ');
        let header = field.map_or("", |f| f.header.as_str());
        let nome = format!("{} (campo {})", mascara::texto(header), campo + 1);
        Self { numero: linha.numero, texto, alvo: Marca { at: 0..end, nome }, antes: None, depois: None }
    }

    /// A range of a line whose columns are not to be believed: only its shape is shown.
    pub fn de_texto(texto: &str, numero: u32, at: Range<usize>, nome: &str) -> Self {
        let mut texto: Vec<char> = mascara::forma(texto).chars().collect();
        if texto.len() < at.end {
            texto.resize(at.end, ' ');
        }
        let alvo = Marca { at, nome: nome.to_owned() };
        Self { numero, texto, alvo, antes: None, depois: None }
    }

    /// Draws it, indented by three.
    pub fn desenha(&self) -> String {
        let w = Janela::de(self);
        let mut snippet = Snippet::source(w.texto.as_str()).line_start(self.numero as usize).fold(false);
        let mark = |kind: AnnotationKind, at: &Range<usize>, nome: &str| {
            let a = kind.span(w.bytes(at));
            if nome.is_empty() { a } else { a.label(nome.to_owned()) }
        };
        snippet = snippet.annotation(mark(AnnotationKind::Primary, &w.alvo, &self.alvo.nome));
        for (at, m) in [(&w.antes, &self.antes), (&w.depois, &self.depois)] {
            if let (Some(at), Some(m)) = (at, m) {
                snippet = snippet.annotation(mark(AnnotationKind::Context, at, &m.nome));
            }
        }
        let group = Group::with_level(Level::ERROR).element(snippet);
        // the window is cut already: the renderer must not cut again
        let drawn = Renderer::plain().term_width(LARGURA * 4).render(&[group]);
        drawn.lines().map(|l| format!("   {}", l.trim_end()).trim_end().to_owned() + "\n").collect()
    }
}

/// The piece of the line that is shown; ranges are its own characters.
struct Janela {
    texto: String,
    alvo: Range<usize>,
    antes: Option<Range<usize>>,
    depois: Option<Range<usize>>,
}

impl Janela {
    fn de(q: &Quadro) -> Self {
        let len = q.texto.len();
        let start = q.alvo.at.start.min(len.saturating_sub(1));
        let end = q.alvo.at.end.clamp(start, start + MEIO).min(len);
        let label = q.alvo.nome.chars().count();
        // the name may come to stand beside the underline: there must be room for it
        let room = JANELA.saturating_sub(end - start + label + 3);
        let from = start - start.min(VIZINHO).min(room);
        let to = if end < q.alvo.at.end { end } else { len.min(end + VIZINHO.min(room.saturating_sub(start - from))) };
        let mut texto = String::new();
        let lead = usize::from(from > 0);
        if lead > 0 {
            texto.push('…');
        }
        texto.extend(q.texto.get(from..to).unwrap_or_default());
        if to < len {
            texto.push('…');
        }
        let place = |at: Range<usize>| at.start - from + lead..at.end - from + lead;
        let seen = |m: &Option<Marca>| {
            let at = m.as_ref().map(|m| m.at.start.max(from)..m.at.end.min(to))?;
            let apart = at.end <= start || at.start >= end;
            (at.start < at.end && apart).then(|| place(at))
        };
        let depois = seen(&q.depois).filter(|at| {
            let name = q.depois.as_ref().map_or(0, |m| m.nome.chars().count());
            at.end + 1 + name <= JANELA
        });
        Self { alvo: place(start..end), antes: seen(&q.antes), depois, texto }
    }

    /// A range of characters as bytes.
    fn bytes(&self, at: &Range<usize>) -> Range<usize> {
        let byte = |n: usize| self.texto.char_indices().nth(n).map_or(self.texto.len(), |(i, _)| i);
        byte(at.start)..byte(at.end)
    }
}

fn nome(record: &Record, campo: usize) -> String {
    record.fields.get(campo).map_or_else(String::new, |f| format!("{} (campo {})", f.name, numero(campo, f)))
}

/// The columns to underline: the field, or the one character that has no meaning.
fn ponto(linha: &Linha<'_>, falta: Falta) -> Range<usize> {
    let at = linha.record.fields.get(falta.campo).map_or(0..0, |f| f.at.clone());
    if falta.codigo != Codigo::CaractereInvalido {
        return at;
    }
    match super::dica::sem_significado(linha.campo(falta.campo)) {
        Some((i, _)) => at.start + i..at.start + i + 1,
        None => at,
    }
}
