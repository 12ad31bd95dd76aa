//! One field's text to a typed value, or the code of what is wrong with it (decisions 6).

mod vista;

pub use vista::Vista;

use super::text::is_printable;
use super::{DateFormat, Field, Format, Type};
use crate::domain::codigo::Codigo;
use crate::domain::contrato;
use crate::domain::documento::{self, TipoPessoa};
use crate::domain::fone::Fone;
use crate::domain::valores;
use chrono::NaiveDate;
use std::borrow::Cow;

/// A field's value, borrowed from the line wherever it can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Valor<'a> {
    /// Absent.
    Nulo,
    /// Whole numbers; money in cents, rates scaled by their declared decimals.
    Int(i64),
    /// Text, codes, flags, documents, phones.
    Texto(Cow<'a, str>),
    /// A date as `AAAA-MM-DD`.
    Data([u8; 10]),
}

impl Valor<'_> {
    /// The text, where it is one.
    pub fn texto(&self) -> Option<&str> {
        match self {
            Self::Texto(t) => Some(t),
            Self::Data(d) => std::str::from_utf8(d).ok(),
            _ => None,
        }
    }
}

/// How one field is to be read.
#[derive(Clone, Copy, Debug)]
pub struct Leitura<'a> {
    /// Fixed files imply decimals; delimited ones use Brazilian notation.
    pub format: Format,
    /// The line holds no control characters (see [`super::text::Decoded::is_clean`]).
    pub clean: bool,
    /// For documents: the sibling that says `F` or `J`.
    pub pessoa: Option<&'a str>,
}

/// Reads one field.
///
/// # Errors
/// The code of the fault: `CAMPO_OBRIGATORIO`, `CARACTERE_INVALIDO`, `NUMERO_INVALIDO`, `DATA_INVALIDA`,
/// `DOCUMENTO_INVALIDO`, `TELEFONE_INVALIDO`, `NOTACAO_CIENTIFICA`, `FORA_DA_LISTA`.
#[inline]
pub fn parse<'a>(field: &Field, raw: &'a str, how: Leitura<'_>) -> Result<Valor<'a>, Codigo> {
    if !how.clean && !is_printable(raw) {
        return Err(Codigo::CaractereInvalido);
    }
    let value = match &field.ty {
        Type::Text | Type::Code | Type::Flag => text(field, apara(raw))?,
        Type::Int => number(raw, 0, how.format)?,
        Type::Decimal { scale } => number(raw, *scale, how.format)?,
        Type::Percent { scale } if how.format == Format::Fixed => number(raw, *scale, how.format)?,
        Type::Percent { scale } => int(valores::percentual(raw, *scale).map_err(|e| e.codigo())?),
        Type::Date { format } => date(apara(raw), *format)?,
        Type::Year => year(apara(raw))?,
        Type::DateTime => datetime(apara(raw))?,
        Type::Contrato => contract(raw)?,
        Type::Document => document(raw, how.pessoa)?,
        Type::Phone => phone(raw)?,
    };
    if field.required && value == Valor::Nulo {
        return Err(Codigo::CampoObrigatorio);
    }
    Ok(value)
}

/// Nothing but blanks, eight at a time.
#[inline]
pub fn em_branco(raw: &str) -> bool {
    let (blocks, rest) = raw.as_bytes().as_chunks::<8>();
    blocks.iter().all(|b| b == b"        ") && rest.iter().all(|b| *b == b' ')
}

/// Trims blanks: most fields of a fixed line end in many, so eight at a time.
#[inline]
fn apara(raw: &str) -> &str {
    let b = raw.as_bytes();
    let mut end = b.len();
    while end >= 8 && b[end - 8..end] == *b"        " {
        end -= 8;
    }
    while end > 0 && b[end - 1] == b' ' {
        end -= 1;
    }
    let start = b[..end].iter().position(|c| *c != b' ').unwrap_or(end);
    match raw.get(start..end) {
        // a blank of another kind, such as the no-break space, may stand at an edge
        Some(t) if t.bytes().next().is_some_and(|c| c >= 0x80) || t.bytes().last().is_some_and(|c| c >= 0x80) => {
            t.trim()
        }
        Some(t) => t,
        None => raw.trim(),
    }
}

fn text<'a>(field: &Field, raw: &'a str) -> Result<Valor<'a>, Codigo> {
    if raw.is_empty() || (field.zeros_null && raw.bytes().all(|b| b == b'0')) {
        return Ok(Valor::Nulo);
    }
    if field.ty == Type::Flag {
        return match raw {
            "S" | "s" => Ok(Valor::Texto("S".into())),
            "N" | "n" => Ok(Valor::Texto("N".into())),
            _ => Err(Codigo::ForaDaLista),
        };
    }
    if field.values.is_empty() {
        // a code that the bank pads with blanks inside or spells with other signs is no code
        if field.ty == Type::Code && !raw.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.') {
            return Err(Codigo::NumeroInvalido);
        }
        return Ok(Valor::Texto(raw.into()));
    }
    // the first byte tells most of them apart, without a call to compare
    let first = raw.as_bytes().first();
    if field.values.iter().any(|v| v.as_bytes().first() == first && v == raw) {
        return Ok(Valor::Texto(raw.into()));
    }
    match field.values.iter().find(|v| v.eq_ignore_ascii_case(raw)) {
        Some(v) => Ok(Valor::Texto(Cow::Owned(v.clone()))),
        None => Err(Codigo::ForaDaLista),
    }
}

fn int<'a>(n: Option<i64>) -> Valor<'a> {
    n.map_or(Valor::Nulo, Valor::Int)
}

fn number<'a>(raw: &str, scale: u8, format: Format) -> Result<Valor<'a>, Codigo> {
    let n = match format {
        Format::Fixed => valores::implicito(raw.as_bytes()),
        Format::Delimited | Format::Sheet => valores::brasileiro(raw, scale),
    };
    n.map(int).map_err(|e| e.codigo())
}

/// Years before 1800 are typing errors, not dates.
fn iso(y: u32, m: u32, d: u32) -> Result<[u8; 10], Codigo> {
    let exists = i32::try_from(y).ok().and_then(|y| NaiveDate::from_ymd_opt(y, m, d)).is_some();
    if !exists || !(1800..=9999).contains(&y) {
        return Err(Codigo::DataInvalida);
    }
    let digit = |n: u32| b'0' + u8::try_from(n % 10).unwrap_or(0);
    let (y, m, d) = (
        [digit(y / 1000), digit(y / 100), digit(y / 10), digit(y)],
        [digit(m / 10), digit(m)],
        [digit(d / 10), digit(d)],
    );
    Ok([y[0], y[1], y[2], y[3], b'-', m[0], m[1], b'-', d[0], d[1]])
}

fn digits(s: &[u8]) -> Result<u32, Codigo> {
    s.iter().try_fold(0u32, |n, b| match b {
        b'0'..=b'9' => Ok(n * 10 + u32::from(b - b'0')),
        _ => Err(Codigo::DataInvalida),
    })
}

fn date<'a>(raw: &str, format: DateFormat) -> Result<Valor<'a>, Codigo> {
    let b = raw.as_bytes();
    if b.iter().all(|c| matches!(c, b'0' | b'/')) {
        return Ok(Valor::Nulo);
    }
    let (y, m, d) = match (format, b) {
        (DateFormat::Aaaammdd, [_, _, _, _, _, _, _, _]) => (digits(&b[..4])?, digits(&b[4..6])?, digits(&b[6..])?),
        (DateFormat::DdMmAaaa, [_, _, b'/', _, _, b'/', _, _, _, _]) => {
            (digits(&b[6..])?, digits(&b[3..5])?, digits(&b[..2])?)
        }
        _ => return Err(Codigo::DataInvalida),
    };
    Ok(Valor::Data(iso(y, m, d)?))
}

/// `DD/MM/AAAA HH:MM:SS` to `AAAA-MM-DD HH:MM:SS`.
fn datetime<'a>(raw: &str) -> Result<Valor<'a>, Codigo> {
    if raw.is_empty() {
        return Ok(Valor::Nulo);
    }
    let (day, time) = raw.split_once(' ').ok_or(Codigo::DataInvalida)?;
    let Valor::Data(day) = date(day, DateFormat::DdMmAaaa)? else { return Err(Codigo::DataInvalida) };
    let time = chrono::NaiveTime::parse_from_str(time, "%H:%M:%S").map_err(|_| Codigo::DataInvalida)?;
    let day = std::str::from_utf8(&day).map_err(|_| Codigo::DataInvalida)?;
    Ok(Valor::Texto(Cow::Owned(format!("{day} {}", time.format("%H:%M:%S")))))
}

fn year<'a>(raw: &str) -> Result<Valor<'a>, Codigo> {
    match raw {
        "" | "0000" | "0" => Ok(Valor::Nulo),
        y if y.len() == 4 => match digits(y.as_bytes()) {
            Ok(n @ 1800..=9999) => Ok(Valor::Int(n.into())),
            _ => Err(Codigo::DataInvalida),
        },
        _ => Err(Codigo::DataInvalida),
    }
}

/// The contract as written, trimmed; its key is taken by whoever compares (decisions 1).
fn contract(raw: &str) -> Result<Valor<'_>, Codigo> {
    match contrato::chave(raw).map_err(|e| e.codigo())? {
        Some(_) => Ok(Valor::Texto(contrato::exibicao(raw).into())),
        None => Ok(Valor::Nulo),
    }
}

fn document<'a>(raw: &'a str, pessoa: Option<&str>) -> Result<Valor<'a>, Codigo> {
    let tipo = pessoa.and_then(TipoPessoa::parse);
    match documento::normaliza(raw, tipo).map_err(|e| e.codigo())? {
        Some(d) => Ok(Valor::Texto(d)),
        None => Ok(Valor::Nulo),
    }
}

/// DDD and number in digits.
fn phone(raw: &str) -> Result<Valor<'_>, Codigo> {
    match Fone::parse(raw).map_err(|e| e.codigo())? {
        Some(f) => Ok(Valor::Texto(Cow::Owned(f.completo()))),
        None => Ok(Valor::Nulo),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::load;

    fn field(ty: &str) -> Field {
        let text = format!(
            "kind = \"teste\"\nfiles = []\nformat = \"fixed\"\n[[record]]\nname = \"r\"\nwidth = 30\nfields = [\n{{ name = \"f\", at = [1, 30], {ty} }},\n]\n"
        );
        load::parse("teste", "teste.toml", &text).unwrap().records[0].fields[0].clone()
    }

    fn read(ty: &str, raw: &str) -> Result<String, Codigo> {
        let v = parse(&field(ty), raw, Leitura { format: Format::Fixed, clean: false, pessoa: None })?;
        Ok(match &v {
            Valor::Nulo => "-".into(),
            Valor::Int(i) => i.to_string(),
            v => v.texto().unwrap_or("?").to_owned(),
        })
    }

    #[test]
    fn im11_datas_impossiveis_sao_recusadas_e_zeros_sao_nenhuma() {
        let ty = "type = \"date\", format = \"AAAAMMDD\"";
        assert_eq!(read(ty, "20240229").unwrap(), "2024-02-29");
        assert_eq!(read(ty, "00000000").unwrap(), "-");
        assert_eq!(read(ty, "        ").unwrap(), "-");
        assert_eq!(read(ty, "99991231").unwrap(), "9999-12-31");
        for bad in ["20230231", "20231301", "2023080", "2023-8-4", "0001 1 1", "00010101", "2023080A"] {
            assert_eq!(read(ty, bad), Err(Codigo::DataInvalida), "{bad}");
        }
    }

    #[test]
    fn numeros_alinhados_a_direita_e_codigos_com_zeros() {
        assert_eq!(read("type = \"decimal\", scale = 2", "000000000059537").unwrap(), "59537");
        assert_eq!(read("type = \"int\"", "   12").unwrap(), "12");
        assert_eq!(read("type = \"int\"", "00000").unwrap(), "0");
        assert_eq!(read("type = \"int\"", "     ").unwrap(), "-");
        for bad in ["12   ", "1 2", "-12", "1,2", "99999999999999999999"] {
            assert_eq!(read("type = \"int\"", bad), Err(Codigo::NumeroInvalido), "{bad}");
        }
        assert_eq!(read("type = \"code\"", "00104").unwrap(), "00104");
        assert_eq!(read("type = \"code\", zeros = \"null\"", "00000000").unwrap(), "-");
    }

    #[test]
    fn listas_fechadas_e_obrigatorios() {
        assert_eq!(read("type = \"text\", values = [\"F\", \"J\"]", "j").unwrap(), "J");
        assert_eq!(read("type = \"text\", values = [\"F\", \"J\"]", "X"), Err(Codigo::ForaDaLista));
        assert_eq!(read("type = \"text\", required = true", "   "), Err(Codigo::CampoObrigatorio));
        assert_eq!(read("type = \"flag\"", "S").unwrap(), "S");
        assert_eq!(read("type = \"contrato\", required = true", "000-0"), Err(Codigo::CampoObrigatorio));
    }

    #[test]
    fn o_que_e_bom_a_primeira_vista_e_aceito() {
        let tipos = [
            "type = \"int\"",
            "type = \"decimal\", scale = 2",
            "type = \"percent\", scale = 4",
            "type = \"code\"",
            "type = \"code\", zeros = \"null\"",
            "type = \"date\", format = \"AAAAMMDD\"",
            "type = \"flag\"",
            "type = \"text\", values = [\"F\", \"J\"]",
            "type = \"contrato\"",
            "type = \"document\"",
            "type = \"phone\"",
            "type = \"year\"",
        ];
        let textos = [
            "",
            "        ",
            "00000000",
            "20230804",
            "18000101",
            "17991231",
            "20230231",
            "20231301",
            "20230229",
            "99991228",
            "99991232",
            "00010101",
            "2023080A",
            "S",
            "N",
            "X",
            "F",
            "123",
            " 123",
            "123 ",
            "-12",
            "1,2",
            "000000000000000000",
            "999999999999999999",
            "99999999999999999999",
            "AB12",
            "A B",
        ];
        let mut boas = 0;
        for ty in tipos {
            for required in ["", ", required = true"] {
                let f = field(&format!("{ty}{required}"));
                // a field as wide as an `i64` may need is never good at first sight by its digits
                let (larga, mut curta) = (Vista::de(&f), f.clone());
                curta.at = 0..18;
                for raw in textos {
                    let how = Leitura { format: Format::Fixed, clean: true, pessoa: None };
                    if larga.boa(raw) || (raw.len() <= 18 && Vista::de(&curta).boa(raw)) {
                        boas += 1;
                        assert!(parse(&f, raw, how).is_ok(), "{ty}{required} {raw:?}");
                    }
                }
            }
        }
        assert!(boas > 60, "{boas}");
    }

    #[test]
    fn apara_brancos_de_todo_tipo() {
        for (raw, want) in [
            ("", ""),
            ("                ", ""),
            ("  JOSÉ DA CONCEIÇÃO         ", "JOSÉ DA CONCEIÇÃO"),
            ("\u{a0}AÇÃO\u{a0}   ", "AÇÃO"),
            ("A", "A"),
            ("  A B         ", "A B"),
        ] {
            assert_eq!(apara(raw), want, "{raw:?}");
        }
    }

    #[test]
    fn controles_fazem_um_campo_ruim() {
        assert_eq!(read("type = \"text\"", "A\u{0}B"), Err(Codigo::CaractereInvalido));
        assert_eq!(read("type = \"text\"", "A\u{81}B"), Err(Codigo::CaractereInvalido));
        assert_eq!(read("type = \"text\"", "AÇÃO €"), Ok("AÇÃO €".into()));
    }
}
