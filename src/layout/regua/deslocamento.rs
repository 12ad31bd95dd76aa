//! From where on, and by how much, the values of a file stand beside their columns.
//!
//! [`costura`] finds where the shift begins; here it is weighed whether it is one at all. Each field that parses
//! with a value speaks for its reading, each that does not against it, weighted by how little of what might
//! stand there would parse (a document more than a date, a date more than a number). Blank fields say nothing.
//!
//! **When it is claimed** (a wrong guess sends people the wrong way, so nothing is said unless all hold):
//! - [`MIN_LINHAS`] lines at least, and the evidence of the split holds in 9 of 10 of them, each line counted
//!   by itself: a file with several kinds of damage has no single split;
//! - of the evidence behind the split 90 % agrees with the shift, of that before it 90 % with the layout;
//! - the shifted part has evidence of weight [`MIN_PESO`] a line at least (two dates, say), and beats the
//!   layout as it is by as much; or it is too short for that, and what stands in its place has it;
//! - where the width is right, so that the shift itself is guessed, twice as much.

use super::super::valor::{Leitura, Valor, parse};
use super::super::{Field, Format, Record, Type};
use super::dica::tamanho;
use super::fonte::Texto;
use super::{costura, numero};
use std::ops::RangeInclusive;

/// Lines looked at, at most.
pub const AMOSTRA: usize = 20;
/// Fewer lines prove nothing.
pub const MIN_LINHAS: usize = 2;
/// Evidence a line that the shifted part needs.
pub const MIN_PESO: i32 = 6;
/// Shifts tried where the width is right.
const PASSOS: isize = 12;

/// Where a file is shifted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deslocamento {
    /// The first field that has left its place, or the fields among which it is; one more than there are fields
    /// (an index past the last): the end of the line.
    pub de: RangeInclusive<usize>,
    /// Characters to the right; negative: to the left.
    pub passo: isize,
}

impl Deslocamento {
    /// What ops read, without a full stop.
    pub fn frase(&self, record: &Record) -> String {
        let fields = &record.fields;
        let name = |i: usize| fields.get(i).map_or_else(String::new, |f| format!("{} ({})", numero(i, f), f.name));
        let number = |i: usize| fields.get(i).map_or(i + 1, |f| numero(i, f));
        let (first, last) = (*self.de.start(), *self.de.end());
        let side = if self.passo > 0 { "à direita" } else { "à esquerda" };
        let n = self.passo.unsigned_abs();
        if first >= fields.len() {
            let end = if self.passo > 0 { tamanho(n, 0) } else { tamanho(0, n) };
            return format!("Todos os campos conferem no seu lugar; {end} no fim da linha");
        }
        let was = first.checked_sub(1).map(|i| format!("Até o campo {} os valores conferem; ", name(i)));
        let was = was.unwrap_or_default();
        let said = match last {
            l if l == first && was.is_empty() => {
                return format!("Do campo {} em diante os valores estão deslocados {n} {side}", name(first));
            }
            l if l == first => format!("do {} em diante estão deslocados {n} {side}", number(first)),
            l if l >= fields.len() => {
                format!("entre o campo {} e o fim da linha começa um deslocamento de {n} {side}", number(first))
            }
            l => format!("entre o campo {} e o {} começa um deslocamento de {n} {side}", number(first), name(l)),
        };
        if was.is_empty() { said.replacen('e', "E", 1) } else { was + &said }
    }
}

/// The shift of lines of a width other than the record's; all of the same.
pub fn de_largura(record: &Record, linhas: &[Texto]) -> Option<Deslocamento> {
    let found = linhas.first()?.len();
    let passo = isize::try_from(found).ok()? - isize::try_from(record.width).ok()?;
    // a tenth of the record and more is another layout, not a field that grew
    if passo == 0 || passo.unsigned_abs() * 10 > record.width || linhas.iter().any(|l| l.len() != found) {
        return None;
    }
    Placar::de(record, linhas, passo).veredito(record, linhas, MIN_PESO)
}

/// The shift within lines of the right width.
pub fn de_dentro(record: &Record, linhas: &[Texto]) -> Option<Deslocamento> {
    let steps = (-PASSOS..=PASSOS).filter(|p| *p != 0);
    let all = steps.map(|p| Placar::de(record, linhas, p)).map(|p| (p.melhor(), p));
    let (_, best) = all.max_by_key(|(total, p)| (*total, -p.passo.abs()))?;
    best.veredito(record, linhas, MIN_PESO * 2).filter(|d| *d.de.end() < record.fields.len())
}

/// The evidence of each field, line by line.
struct Placar {
    passo: isize,
    /// For each line and field: at its place, and shifted.
    linhas: Vec<Vec<(i32, i32)>>,
    campos: usize,
}

impl Placar {
    fn de(record: &Record, linhas: &[Texto], passo: isize) -> Self {
        let score = |l: &Texto, f: &Field| (nota(f, l.trecho(&f.at, 0)), nota(f, l.trecho(&f.at, passo)));
        let linhas = linhas.iter().take(AMOSTRA).map(|l| record.fields.iter().map(|f| score(l, f)).collect());
        Self { passo, linhas: linhas.collect(), campos: record.fields.len() }
    }

    /// Sum over the lines.
    fn campo(&self, i: usize) -> (i32, i32) {
        let cells = self.linhas.iter().filter_map(|l| l.get(i));
        cells.fold((0, 0), |(a, b), (x, y)| (a + x, b + y))
    }

    /// The total of the best split.
    fn melhor(&self) -> i32 {
        let whole: i32 = (0..self.campos).map(|i| self.campo(i).1).sum();
        let totals = (0..self.campos).map(|i| self.campo(i)).scan(whole, |total, (at, moved)| {
            *total += at - moved;
            Some(*total)
        });
        totals.fold(whole, i32::max)
    }

    fn veredito(&self, record: &Record, linhas: &[Texto], peso: i32) -> Option<Deslocamento> {
        let lines = i32::try_from(self.linhas.len()).ok()?;
        if self.linhas.len() < MIN_LINHAS {
            return None;
        }
        let de = costura::acha(record, linhas.get(..AMOSTRA).unwrap_or(linhas), self.passo);
        // a field that lost characters stands neither at its place nor beside it
        let rest = de.end() + usize::from(self.passo < 0);
        let before = Prova::de(self.linhas.iter().flat_map(|l| l.iter().take(*de.start())).map(|c| c.0));
        let after = Prova::de(self.linhas.iter().flat_map(|l| l.iter().skip(rest)).map(|c| c.1));
        if *de.start() > 0 && !before.clara() {
            return None;
        }
        let found = Some(Deslocamento { de, passo: self.passo });
        let speaks = |l: &&Vec<(i32, i32)>| {
            let (at, moved) = l.iter().skip(rest).fold((0, 0), |(a, m), c| (a + c.0, m + c.1));
            moved >= peso && moved - at >= peso
        };
        if after.clara() && self.linhas.iter().filter(speaks).count() * 10 >= self.linhas.len() * 9 {
            return found;
        }
        // near the end of the line little is left to speak: then what stands in its place must
        let quiet = after.sim < peso * lines && after.nao * 10 <= after.sim;
        found.filter(|_| quiet && before.forte(peso * lines))
    }
}

/// Evidence for and against.
struct Prova {
    sim: i32,
    nao: i32,
}

impl Prova {
    fn de(notas: impl Iterator<Item = i32>) -> Self {
        notas.fold(Self { sim: 0, nao: 0 }, |p, n| Self { sim: p.sim + n.max(0), nao: p.nao - n.min(0) })
    }

    fn clara(&self) -> bool {
        self.sim > 0 && self.nao * 10 <= self.sim
    }

    fn forte(&self, peso: i32) -> bool {
        self.clara() && self.sim >= peso
    }
}

/// What a piece of text says of the claim that it is this field: for it, against it, or nothing.
fn nota(field: &Field, trecho: Option<&str>) -> i32 {
    let weight = peso(field);
    let Some(raw) = trecho else { return -weight };
    if field.is_free() {
        return texto_livre(raw);
    }
    match parse(field, raw, Leitura { format: Format::Fixed, clean: false, pessoa: None }) {
        Ok(Valor::Nulo) => 0,
        // codes are often padded: one that fills its columns says more than one that floats in them
        Ok(_) if field.ty == Type::Code && raw.trim().len() < raw.len() => 0,
        Ok(_) => weight,
        Err(_) => -weight,
    }
}

/// Free text stands on the left: a leading blank speaks against it.
fn texto_livre(raw: &str) -> i32 {
    if raw.trim().is_empty() {
        0
    } else if raw.starts_with(' ') || !super::super::text::is_printable(raw) {
        -1
    } else {
        1
    }
}

/// How much a value says that parses.
pub fn peso(field: &Field) -> i32 {
    match &field.ty {
        Type::Document => 4,
        Type::Date { .. } | Type::DateTime | Type::Phone => 3,
        Type::Flag | Type::Year => 2,
        _ if !field.values.is_empty() => 2,
        _ => 1,
    }
}
