//! The seam of a shifted file: the first field that has left its place, or the fields among which it is.
//!
//! **More characters.** A seam behind field `k` reads the fields up to `k` at their place, the next
//! characters as what came in, the rest moved. **Fewer.** A seam in field `i` reads what is left of it and the
//! rest moved. Each candidate costs what then does not read, weighted by how little of what might stand there
//! would read (a document more than a date, a date more than a text); blank fields cost nothing. All of the
//! cheapest are the answer: what came in may look like what its neighbour holds, and a run of blank fields
//! says nothing at all.
//!
//! Where both neighbours read either way, `indicio` looks down the columns of all lines: characters that are
//! the same in every line in front of a text that is not (`XX`), a text that begins in its middle.

use super::super::valor::{Leitura, Valor, parse};
use super::super::{Field, Format, Record, Type};
use super::deslocamento::peso;
use super::fonte::Texto;
use crate::domain::codigo::Codigo;
use std::ops::RangeInclusive;

/// Fewer lines show no habit of a column, and each of them counts.
const HABITO: usize = 8;
/// From so many columns on a number is an amount.
const LARGO: usize = 5;
/// So many first characters make a column of different texts.
const VARIADO: usize = 4;

/// What a candidate costs: what does not read, then what would be strange.
type Custo = (i64, i64);

/// The fields among which the first is that has left its place; `fields.len()`: behind the last.
pub fn acha(record: &Record, linhas: &[Texto], passo: isize) -> RangeInclusive<usize> {
    let all = candidatos(record, linhas, passo);
    let Some(best) = all.iter().map(|c| c.1).min() else { return 0..=record.fields.len() };
    let mut cheap = all.iter().filter(|c| c.1 == best).map(|c| c.0);
    let first = cheap.next().unwrap_or(0);
    first..=cheap.fold(first, usize::max)
}

/// Every candidate, in the order of the fields, with its cost.
fn candidatos(record: &Record, linhas: &[Texto], passo: isize) -> Vec<(usize, Custo)> {
    let fields = &record.fields;
    let read: Vec<Lido> = fields.iter().map(|f| Lido::de(f, linhas, passo)).collect();
    let mut before = vec![(0, 0)];
    let mut after = vec![(0, 0); fields.len() + 1];
    for (i, r) in read.iter().enumerate() {
        before.push(soma(before[i], r.no_lugar));
    }
    for (i, r) in read.iter().enumerate().rev() {
        after[i] = soma(after[i + 1], r.movido);
    }
    let mut out = Vec::new();
    for (i, f) in fields.iter().enumerate() {
        if passo > 0 {
            out.push((i, soma(before[i], after[i])));
            // the field itself grew: dearer than one in its place, cheaper than one that reads nowhere
            out.push((i, soma(soma(before[i], after[i + 1]), (linhas.len() as i64 * i64::from(peso(f)), 0))));
        } else {
            let (next, lost) = perda(record, linhas, i, passo.unsigned_abs(), &read);
            out.push((i, soma(soma(before[i], after[next]), lost)));
        }
    }
    if passo > 0 {
        out.push((fields.len(), before[fields.len()]));
    }
    out
}

/// What it costs that `m` characters from the begin of field `i` on are gone; and the first field that is whole
/// again. That a field which lost some does not read is only a preference: it is what one would expect, unless
/// it reads whole.
fn perda(record: &Record, linhas: &[Texto], i: usize, m: usize, read: &[Lido]) -> (usize, Custo) {
    let fields = &record.fields;
    let Some(first) = fields.get(i) else { return (i, (0, 0)) };
    let mut cost = (0, 0);
    let hole = first.at.start..first.at.start + m;
    let mut next = i;
    while let Some(f) = fields.get(next).filter(|f| f.at.start < hole.end) {
        // what is left of it, where it stands now
        let left = if f.at.end > hole.end { f.at.start.max(hole.end) - m..f.at.end - m } else { 0..0 };
        let bad = linhas.iter().zip(&read[next].le).filter(|(l, le)| {
            let whole = le.iter().any(|le| *le);
            whole && !left.is_empty() && l.trecho(&left, 0).is_none_or(|t| valor(f, t).is_err())
        });
        cost.1 += bad.count() as i64;
        if left.is_empty() && f.required {
            cost.1 += linhas.len() as i64;
        }
        next += 1;
    }
    (next, cost)
}

fn soma(a: Custo, b: Custo) -> Custo {
    (a.0 + b.0, a.1 + b.1)
}

/// How a field reads.
struct Lido {
    no_lugar: Custo,
    movido: Custo,
    /// For each line, whether it reads at its place, and moved.
    le: Vec<[bool; 2]>,
}

impl Lido {
    fn de(f: &Field, linhas: &[Texto], passo: isize) -> Self {
        let texts: Vec<[Option<&str>; 2]> =
            linhas.iter().map(|l| [l.trecho(&f.at, 0), l.trecho(&f.at, passo)]).collect();
        let le: Vec<[bool; 2]> = texts.iter().map(|t| t.map(|t| !ruim(f, t))).collect();
        let mut cost = [0, 1].map(|side| {
            let bad = texts.iter().zip(&le).filter(|(t, le)| !le[side] || solto(f, t[side], t[1 - side])).count();
            let filled = texts.iter().filter(|t| t[side].is_none_or(|t| !t.trim().is_empty())).count();
            // any file has a bad value here and there: that tells nothing of where the field stands
            let chance = (linhas.len() >= HABITO && bad < 2) || bad * 10 <= filled;
            // twice the weight, so that half of it is a whole number
            (if chance { 0 } else { bad as i64 * 2 * i64::from(peso(f)) }, 0)
        });
        let pairs: Vec<(&str, &str)> = texts.iter().filter_map(|[a, b]| Some(((*a)?, (*b)?))).collect();
        if cost[0].0 == 0 && cost[1].0 == 0 && pairs.len() == linhas.len() {
            match indicio(f, &pairs, passo) {
                Some(Indicio::Movido) => cost[0].1 += 1,
                Some(Indicio::NoLugar) => cost[1].1 += 1,
                None => {}
            }
        }
        let [no_lugar, movido] = cost;
        Self { no_lugar, movido, le }
    }
}

fn valor<'a>(f: &Field, raw: &'a str) -> Result<Valor<'a>, Codigo> {
    parse(f, raw, Leitura { format: Format::Fixed, clean: false, pessoa: None })
}

/// Whether a piece of text cannot be this field, or would be odd: text stands on the left, without holes.
fn ruim(f: &Field, raw: Option<&str>) -> bool {
    let Some(raw) = raw else { return true };
    match valor(f, raw) {
        Err(_) => true,
        Ok(Valor::Nulo) => false,
        // digits of two neighbours may make a date, seldom one of these times
        Ok(v @ Valor::Data(_)) => !v.texto().is_some_and(|t| ("1900".."2100").contains(&t.get(..4).unwrap_or(""))),
        Ok(_) => texto(f) && (raw.starts_with(' ') || raw.trim_end().contains("   ")),
    }
}

fn texto(f: &Field) -> bool {
    matches!(f.ty, Type::Text | Type::Contrato | Type::Flag)
}

/// Digits or a code between blanks, where the other reading fills its columns.
fn solto(f: &Field, raw: Option<&str>, other: Option<&str>) -> bool {
    let loose = |t: &str| !t.trim().is_empty() && t.trim().len() < t.len();
    (f.ty == Type::Code || numero(f)) && raw.is_some_and(loose) && other.is_some_and(|t| !loose(t))
}

fn numero(f: &Field) -> bool {
    matches!(f.ty, Type::Int | Type::Decimal { .. } | Type::Percent { .. })
}

/// Where a field stands that reads at both places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Indicio {
    Movido,
    NoLugar,
}

/// What the columns of all lines tell.
fn indicio(f: &Field, pairs: &[(&str, &str)], passo: isize) -> Option<Indicio> {
    let m = passo.unsigned_abs();
    if pairs.len() < HABITO || f.at.len() <= m {
        return None;
    }
    let places = || pairs.iter().map(|p| p.0);
    let moveds = || pairs.iter().map(|p| p.1);
    if numero(f) && f.at.len() >= LARGO {
        // amounts are padded: digits of a neighbour stand in front where they are not
        let padded = |mut all: &mut dyn Iterator<Item = &str>| (&mut all).all(|t| t.starts_with(['0', ' ']));
        match (padded(&mut places()), padded(&mut moveds())) {
            (false, true) => return Some(Indicio::Movido),
            (true, false) if passo < 0 || constante(places().map(|t| inicio(t, m))).is_none() => {
                return Some(Indicio::NoLugar);
            }
            _ => {}
        }
    }
    if passo < 0 || constante(places()).is_some() || constante(moveds()).is_some() {
        return None;
    }
    let head = constante(places().map(|t| inicio(t, m)));
    let tail = constante(moveds().map(|t| fim(t, m)));
    let ends = constante(places().map(|t| fim(t, m))).is_none();
    let moved = head.is_some_and(|h| estranho(f, h, true) && viva(f, pairs, h));
    let place = tail.is_some_and(|t| estranho(f, t, false) && ends) || (head.is_none() && cortado(f, pairs, m));
    match (moved, place) {
        (true, false) => Some(Indicio::Movido),
        (false, true) => Some(Indicio::NoLugar),
        _ => None,
    }
}

/// The text that all have.
fn constante<'a>(mut all: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let first = all.next()?;
    all.all(|t| t == first).then_some(first)
}

/// Characters that no value of the field would have there in every line: neither its padding nor zeros.
fn estranho(f: &Field, t: &str, head: bool) -> bool {
    let zeros = t.bytes().all(|b| b == b'0');
    !t.trim().is_empty() && !(zeros && !(head && texto(f)))
}

/// Behind the same head, the field as it reads when moved has values of its own.
fn viva(f: &Field, pairs: &[(&str, &str)], head: &str) -> bool {
    let mut firsts: Vec<char> = pairs.iter().filter_map(|(_, moved)| moved.chars().next()).collect();
    let digit = head.chars().all(|c| c.is_ascii_digit());
    if !texto(f) {
        let padded = firsts.iter().all(|c| matches!(c, '0' | ' '));
        return padded && !head.starts_with('0');
    }
    // one letter may well be how all values begin (F1, F2); a digit before a word is not
    let apart = head.chars().count() > 1 || (digit && firsts.iter().all(|c| c.is_alphabetic() || *c == ' '));
    firsts.sort_unstable();
    firsts.dedup();
    apart && firsts.len() >= VARIADO
}

/// Words that begin with a capital at the field's place and in their middle when moved.
fn cortado(f: &Field, pairs: &[(&str, &str)], m: usize) -> bool {
    let word = |place: &str, moved: &str| {
        let mut c = place.chars();
        let capital = c.next().is_some_and(char::is_uppercase);
        capital && c.take(m).all(char::is_lowercase) && moved.starts_with(char::is_lowercase) && !place.contains('@')
    };
    let filled = pairs.iter().filter(|(place, _)| !place.trim().is_empty());
    let (cut, all) = filled.fold((0, 0), |(cut, all), (p, m)| (cut + usize::from(word(p, m)), all + 1));
    texto(f) && all >= HABITO / 2 && cut * 5 >= all * 4
}

fn inicio(t: &str, m: usize) -> &str {
    t.char_indices().nth(m).map_or(t, |(i, _)| &t[..i])
}

fn fim(t: &str, m: usize) -> &str {
    m.checked_sub(1).and_then(|n| t.char_indices().nth_back(n)).map_or(t, |(i, _)| &t[i..])
}
