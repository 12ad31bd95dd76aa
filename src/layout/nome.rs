//! File names: patterns such as `{AAAAMMDD}_{HHMMSS}_remessa_{ID}_out.{ID}` (decisions 6, UC001–UC007).
//!
//! A name is matched whole and without case before any path is built or printed; the only characters that
//! a matching name can hold are the pattern's own, digits and the campaign's id, so a hostile name never
//! gets past here.

use chrono::{NaiveDate, NaiveTime};
use std::fmt;

/// A compiled file-name pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NamePattern {
    source: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Part {
    Literal(String),
    /// `{AAAAMMDD}`, `{DDMMAAAA}`, `{DDMMAA}`: order of the pieces and their widths.
    Date(&'static str),
    /// `{HHMMSS}`
    Time,
    /// `{ID}`: the campaign's id, repeated the same.
    Id,
}

const DATES: [&str; 3] = ["AAAAMMDD", "DDMMAAAA", "DDMMAA"];

/// What a name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The date in the name.
    pub date: NaiveDate,
    /// The time in the name, where it has one.
    pub time: Option<NaiveTime>,
}

/// Why a name that looks like the pattern is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The name fits no pattern.
    #[error("o nome não corresponde a nenhum arquivo esperado")]
    NoMatch,
    /// The date or time does not exist.
    #[error("a data ou a hora no nome não existe")]
    BadDate,
    /// The id is not the campaign's.
    #[error("o ID no nome ({found}) não é o da campanha ({expected})")]
    OtherId {
        /// The id in the name (letters and digits only).
        found: String,
        /// The campaign's `ID_ASCOB`.
        expected: String,
    },
    /// Single lines of a kind that counts only as a whole file.
    #[error("não há .corrigido de {kind}: o arquivo só vale inteiro; peça outro ao banco")]
    WholeOnly {
        /// The kind.
        kind: String,
    },
}

impl NamePattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// A sentence naming the unknown placeholder or the unclosed brace.
    pub fn parse(source: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = source;
        while !rest.is_empty() {
            let open = rest.find('{').unwrap_or(rest.len());
            if open > 0 {
                parts.push(Part::Literal(rest[..open].to_owned()));
                rest = &rest[open..];
                continue;
            }
            let close = rest.find('}').ok_or_else(|| format!("`{source}`: `{{` without `}}`"))?;
            let token = &rest[1..close];
            parts.push(match token {
                "HHMMSS" => Part::Time,
                "ID" => Part::Id,
                t => Part::Date(DATES.iter().copied().find(|d| *d == t).ok_or_else(|| {
                    format!("`{source}`: unknown placeholder `{{{t}}}` (AAAAMMDD, DDMMAAAA, DDMMAA, HHMMSS, ID)")
                })?),
            });
            rest = &rest[close + 1..];
        }
        if !parts.iter().any(|p| matches!(p, Part::Date(_))) {
            return Err(format!("`{source}`: a file name needs a date"));
        }
        Ok(Self { source: source.to_owned(), parts })
    }

    /// Matches a whole name; `id` is the campaign's `ID_ASCOB`.
    ///
    /// # Errors
    /// [`NameError::NoMatch`] when the shape differs, the others when the shape fits but a piece is wrong.
    pub fn matches(&self, name: &str, id: &str) -> Result<Stamp, NameError> {
        let mut rest = name;
        let (mut date, mut time, mut found_id) = (None, None, None::<&str>);
        for (i, part) in self.parts.iter().enumerate() {
            let taken = match part {
                Part::Literal(l) => rest.get(..l.len()).filter(|s| s.eq_ignore_ascii_case(l)),
                Part::Date(f) => rest.get(..f.len()).filter(|s| digits(s)),
                Part::Time => rest.get(..6).filter(|s| digits(s)),
                Part::Id => take_id(rest, self.parts.get(i + 1)),
            }
            .ok_or(NameError::NoMatch)?;
            match part {
                Part::Date(f) => date = Some(parse_date(taken, f)),
                Part::Time => time = Some(parse_time(taken)),
                Part::Id if found_id.is_some_and(|f| f != taken) => return Err(NameError::NoMatch),
                Part::Id => found_id = Some(taken),
                Part::Literal(_) => {}
            }
            rest = &rest[taken.len()..];
        }
        if !rest.is_empty() {
            return Err(NameError::NoMatch);
        }
        if let Some(found) = found_id.filter(|f| trim_zeros(f) != trim_zeros(id)) {
            return Err(NameError::OtherId { found: found.to_owned(), expected: id.to_owned() });
        }
        let date = date.flatten().ok_or(NameError::BadDate)?;
        let time = match time {
            Some(None) => return Err(NameError::BadDate),
            Some(t) => t,
            None => None,
        };
        Ok(Stamp { date, time })
    }

    /// A name of this pattern: the board shows it as what is expected, exports use it.
    pub fn render(&self, date: NaiveDate, time: Option<NaiveTime>, id: &str) -> String {
        self.parts
            .iter()
            .map(|p| match p {
                Part::Literal(l) => l.clone(),
                Part::Date("AAAAMMDD") => date.format("%Y%m%d").to_string(),
                Part::Date("DDMMAAAA") => date.format("%d%m%Y").to_string(),
                Part::Date(_) => date.format("%d%m%y").to_string(),
                Part::Time => time.map_or_else(|| "HHMMSS".to_owned(), |t| t.format("%H%M%S").to_string()),
                Part::Id => id.to_owned(),
            })
            .collect()
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

fn digits(s: &str) -> bool {
    s.bytes().all(|b| b.is_ascii_digit())
}

fn trim_zeros(s: &str) -> &str {
    s.trim_start_matches('0')
}

/// The id ends where the following literal begins, or at the end; letters and digits only.
fn take_id<'a>(rest: &'a str, next: Option<&Part>) -> Option<&'a str> {
    let end = rest.bytes().position(|b| !b.is_ascii_alphanumeric()).unwrap_or(rest.len());
    let ok = end > 0 && (end < rest.len()) == matches!(next, Some(Part::Literal(_)));
    ok.then(|| &rest[..end])
}

fn parse_date(s: &str, format: &str) -> Option<NaiveDate> {
    let n = |r: std::ops::Range<usize>| s.get(r).and_then(|x| x.parse::<u32>().ok());
    let (y, m, d) = match format {
        "AAAAMMDD" => (n(0..4)?, n(4..6)?, n(6..8)?),
        "DDMMAAAA" => (n(4..8)?, n(2..4)?, n(0..2)?),
        _ => (2000 + n(4..6)?, n(2..4)?, n(0..2)?),
    };
    NaiveDate::from_ymd_opt(i32::try_from(y).ok()?, m, d).filter(|_| y > 0)
}

fn parse_time(s: &str) -> Option<NaiveTime> {
    let n = |r: std::ops::Range<usize>| s.get(r).and_then(|x| x.parse::<u32>().ok());
    NaiveTime::from_hms_opt(n(0..2)?, n(2..4)?, n(4..6)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn m(p: &str, name: &str) -> Result<Stamp, NameError> {
        NamePattern::parse(p).unwrap().matches(name, "528")
    }

    #[test]
    fn uc001_o_nome_casa_inteiro_e_sem_caixa() {
        let p = "{AAAAMMDD}_{HHMMSS}_remessa_{ID}_out.{ID}";
        let s = m(p, "20230803_203000_REMESSA_528_out.528").unwrap();
        assert_eq!(s.date, NaiveDate::from_ymd_opt(2023, 8, 3).unwrap());
        assert_eq!(s.time, NaiveTime::from_hms_opt(20, 30, 0));
        for bad in [
            "x20230803_203000_remessa_528_out.528",
            "20230803_203000_remessa_528_out.528.part",
            "20230803_203000_remessa_528_out.529",
            "../20230803_203000_remessa_528_out.528",
            "20230803_203000_remessa__out.",
            "20230803_20300é_remessa_528_out.528",
        ] {
            assert_eq!(m(p, bad), Err(NameError::NoMatch), "{bad}");
        }
    }

    #[test]
    fn data_impossivel_ou_outro_id_nao_e_aceito() {
        let p = "{AAAAMMDD}_{HHMMSS}_parc_{ID}_out.{ID}";
        assert_eq!(m(p, "20230231_203000_parc_528_out.528"), Err(NameError::BadDate));
        assert_eq!(m(p, "20230803_256000_parc_528_out.528"), Err(NameError::BadDate));
        assert!(matches!(m(p, "20230803_203000_parc_999_out.999"), Err(NameError::OtherId { .. })));
    }

    #[test]
    fn carimbos_de_dois_e_quatro_digitos_de_ano() {
        let ps = ["refin_carteira_veic_{DDMMAA}{HHMMSS}.csv", "refin_carteira_veic_{DDMMAAAA}{HHMMSS}.csv"];
        let s = m(ps[0], "Refin_carteira_veic_080823071500.csv").unwrap();
        let t = m(ps[1], "refin_carteira_veic_08082023071500.csv").unwrap();
        assert_eq!(s, t);
    }

    #[test]
    fn o_nome_renderizado_casa_com_o_proprio_padrao() {
        let p = NamePattern::parse("AcordosBaixados_{DDMMAAAA}_{ID}.csv").unwrap();
        let d = NaiveDate::from_ymd_opt(2023, 8, 4).unwrap();
        let name = p.render(d, None, "528");
        assert_eq!(name, "AcordosBaixados_04082023_528.csv");
        assert_eq!(p.matches(&name, "528").unwrap().date, d);
    }
}
