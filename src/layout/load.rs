//! From a layout file to a checked [`Layout`]: errors name the file and the line.

use super::nome::NamePattern;
use super::{DateFormat, Field, Format, Layout, Layouts, OnError, Part, Record, Type};
use std::collections::HashSet;
use std::path::Path;
use toml::Spanned;

mod raw;
use raw::{RawField, RawFormat, RawLayout, RawOnError, RawPart, RawRecord, RawZeros};

/// A layout that cannot be used: which file, which line, why.
#[derive(Debug, thiserror::Error)]
#[error("{file}, line {line}: {why}")]
pub struct LayoutError {
    /// The file's name or path.
    pub file: String,
    /// The line in it, from 1 (0: the file as a whole).
    pub line: usize,
    /// What is wrong and what was expected.
    pub why: String,
}

macro_rules! builtin_layouts {
    ($($name:literal),* $(,)?) => {
        /// Names and texts of the layouts in the repository.
        const BUILTIN: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../layouts/", $name, ".toml")))),*];
    };
}
builtin_layouts!(
    "acordos_baixados",
    "baixa_acordo",
    "batimento",
    "erros",
    "exclusao",
    "garantias",
    "manager_baixa",
    "manager_carga",
    "massiva_email",
    "massiva_sms",
    "massiva_whatsapp",
    "parcelas",
    "refin",
    "refin_planilha",
    "remessa",
    "retorno",
    "telefones",
    "workflow_fila",
);

/// The layouts built into the binary.
///
/// # Errors
/// A fault in a built-in layout (a test reads them all, so only a broken build shows one).
pub fn builtin() -> Result<Layouts, LayoutError> {
    let mut all = BUILTIN
        .iter()
        .map(|(name, text)| parse(name, &format!("layouts/{name}.toml"), text))
        .collect::<Result<Vec<_>, _>>()?;
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Layouts(all))
}

/// The text of a built-in layout, to be changed in a copy.
pub fn texto(name: &str) -> Option<&'static str> {
    BUILTIN.iter().find(|(n, _)| *n == name).map(|(_, text)| *text)
}

/// The built-in layouts, each replaced by the file of the same name in `folder`, plus the folder's others.
/// A folder that does not exist leaves the built-in ones.
///
/// # Errors
/// An unreadable file, or the first fault in one.
pub fn with_folder(folder: &Path) -> Result<Layouts, LayoutError> {
    let mut all = builtin()?.0;
    let whole = |p: &Path, e: std::io::Error| LayoutError {
        file: p.display().to_string(),
        line: 0,
        why: format!("cannot be read: {e}"),
    };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Layouts(all)),
        Err(e) => return Err(whole(folder, e)),
    };
    for entry in entries {
        let path = entry.map_err(|e| whole(folder, e))?.path();
        let Some(name) = path.file_name().and_then(|n| n.to_str()).and_then(|n| n.strip_suffix(".toml")) else {
            continue;
        };
        let text = std::fs::read_to_string(&path).map_err(|e| whole(&path, e))?;
        let layout = parse(name, &path.display().to_string(), &text)?;
        all.retain(|l| l.name != layout.name);
        all.push(layout);
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Layouts(all))
}

struct Source<'a> {
    file: &'a str,
    /// Offsets of the line breaks, to name a line.
    breaks: Vec<usize>,
}

impl Source<'_> {
    fn line_at(&self, offset: usize) -> usize {
        1 + self.breaks.partition_point(|b| *b < offset)
    }

    fn error<T>(&self, at: &std::ops::Range<usize>, why: impl Into<String>) -> Result<T, LayoutError> {
        Err(LayoutError { file: self.file.to_owned(), line: self.line_at(at.start), why: why.into() })
    }
}

/// Parses and checks one layout; `name` is the file's name without `.toml`, `file` what messages call it.
///
/// # Errors
/// The first fault: TOML syntax, unknown key or type, gap, overlap, width, duplicate name.
pub fn parse(name: &str, file: &str, text: &str) -> Result<Layout, LayoutError> {
    let src = Source { file, breaks: text.match_indices('\n').map(|(i, _)| i).collect() };
    let raw: RawLayout = toml::from_str(text).map_err(|e| LayoutError {
        file: file.to_owned(),
        line: e.span().map_or(0, |s| src.line_at(s.start)),
        why: e.message().replace('\n', "; "),
    })?;
    let files = raw
        .files
        .iter()
        .map(|f| NamePattern::parse(f.get_ref()).or_else(|why| src.error(&f.span(), why)))
        .collect::<Result<Vec<_>, _>>()?;
    if let Some(e) = raw.encoding.as_ref().filter(|e| e.get_ref() != "windows-1252") {
        return src.error(&e.span(), "encoding: only \"windows-1252\" is known (UTF-8 is recognised by itself)");
    }
    let delimiter = match raw.delimiter.as_ref().map(|d| (d, d.get_ref().as_bytes())) {
        None => b';',
        Some((_, [b])) => *b,
        Some((d, _)) => return src.error(&d.span(), "delimiter: one ASCII character"),
    };
    let kind = raw.kind.get_ref().clone();
    if raw.record.is_empty() {
        return src.error(&raw.kind.span(), "a layout needs a [[record]]");
    }
    let mut names = HashSet::new();
    let mut records = Vec::with_capacity(raw.record.len());
    for r in &raw.record {
        if !names.insert(r.get_ref().name.as_str()) {
            return src.error(&r.span(), format!("record `{}` stands twice", r.get_ref().name));
        }
        records.push(record(&src, &kind, raw.format, r)?);
    }
    tags(&src, &raw, &records)?;
    let format = match raw.format {
        RawFormat::Fixed => Format::Fixed,
        RawFormat::Delimited => Format::Delimited,
        RawFormat::Sheet => Format::Sheet,
    };
    let digest = digest(&kind, format, &records);
    Ok(Layout { name: name.to_owned(), kind, files, format, delimiter, records, digest })
}

/// With several records, each needs a tag of its own.
fn tags(src: &Source<'_>, raw: &RawLayout, records: &[Record]) -> Result<(), LayoutError> {
    let mut seen = HashSet::new();
    for (r, record) in raw.record.iter().zip(records) {
        match &record.when {
            None if records.len() > 1 => {
                return src
                    .error(&r.span(), format!("record `{}` needs a tag (`when`): there are several", record.name));
            }
            Some(w) if w.len() != 1 || !w.is_ascii() => {
                return src
                    .error(&r.span(), format!("record `{}`: `when` is one ASCII character (column 1)", record.name));
            }
            Some(w) if !seen.insert(w.clone()) => {
                return src.error(&r.span(), format!("record `{}`: tag `{w}` stands twice", record.name));
            }
            _ => {}
        }
    }
    Ok(())
}

fn record(
    src: &Source<'_>,
    kind: &str,
    format: RawFormat,
    spanned: &Spanned<RawRecord>,
) -> Result<Record, LayoutError> {
    let raw = spanned.get_ref();
    if raw.fields.is_empty() {
        return src.error(&spanned.span(), format!("record `{}` has no fields", raw.name));
    }
    let mut fields: Vec<Field> = Vec::with_capacity(raw.fields.len());
    let mut names = HashSet::new();
    let mut next = 0;
    for f in &raw.fields {
        let field = field(src, kind, format, f)?;
        if !names.insert(field.name.clone()) {
            return src.error(&f.span(), format!("field `{}` stands twice", field.name));
        }
        if format == RawFormat::Fixed {
            if field.at.start != next {
                let what = if field.at.start > next { "gap" } else { "overlap" };
                return src.error(
                    &f.span(),
                    format!(
                        "{what}: field `{}` begins at column {}, expected {}",
                        field.name,
                        field.at.start + 1,
                        next + 1
                    ),
                );
            }
            next = field.at.end;
        }
        fields.push(field);
    }
    let width = raw.width.unwrap_or(0);
    if format == RawFormat::Fixed && width != next {
        return src.error(
            &spanned.span(),
            format!("record `{}`: width is {width}, its fields end at column {next}", raw.name),
        );
    }
    if format != RawFormat::Fixed && (raw.width.is_some() || raw.when.is_some()) {
        return src.error(&spanned.span(), "`width` and `when` belong to fixed layouts");
    }
    for (i, f) in raw.fields.iter().enumerate() {
        if let Some(sibling) = &f.get_ref().pessoa {
            let Some(at) = fields.iter().position(|x| x.name == *sibling) else {
                return src.error(&f.span(), format!("`pessoa`: there is no field `{sibling}`"));
            };
            fields[i].pessoa = Some(at);
        }
    }
    let one_of = um_de(src, format, spanned, &fields)?;
    Ok(Record { name: raw.name.clone(), when: raw.when.clone(), width, one_of, fields })
}

/// The fields that `one_of` names.
fn um_de(
    src: &Source<'_>,
    format: RawFormat,
    spanned: &Spanned<RawRecord>,
    fields: &[Field],
) -> Result<Vec<usize>, LayoutError> {
    let names = &spanned.get_ref().one_of;
    if format == RawFormat::Fixed && !names.is_empty() {
        return src.error(&spanned.span(), "`one_of` names columns of a header: not in fixed layouts");
    }
    let place = |name: &String| match fields.iter().position(|f| f.name == *name) {
        Some(at) => Ok(at),
        None => src.error(&spanned.span(), format!("`one_of`: there is no field `{}`", name.escape_default())),
    };
    names.iter().map(place).collect()
}

fn field(src: &Source<'_>, kind: &str, format: RawFormat, f: &Spanned<RawField>) -> Result<Field, LayoutError> {
    let (raw, span) = (f.get_ref(), f.span());
    let ok = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if raw.name.is_empty() || raw.name.len() > 40 || !raw.name.bytes().all(ok) {
        return src
            .error(&span, format!("field name `{}`: [a-z0-9_], at most 40 characters", raw.name.escape_default()));
    }
    let at = match (format, raw.at) {
        (RawFormat::Fixed, Some([a, b])) if a >= 1 && b >= a => a - 1..b,
        (RawFormat::Fixed, _) => return src.error(&span, format!("field `{}` needs at = [first, last]", raw.name)),
        (_, Some(_)) => return src.error(&span, format!("field `{}`: `at` belongs to fixed layouts", raw.name)),
        (_, None) => 0..0,
    };
    let ty = field_type(src, raw, &span)?;
    let of = raw.of.map(|p| match p {
        RawPart::Ficha => Part::Ficha,
        RawPart::Contrato => Part::Contrato,
        RawPart::Divida => Part::Divida,
        RawPart::Contato => Part::Contato,
    });
    if kind == "remessa" && of.is_none() {
        return src.error(&span, format!("field `{}` needs `of` (ficha, contrato, divida, contato)", raw.name));
    }
    let on_error = match raw.on_error {
        Some(RawOnError::Reject) => OnError::Reject,
        Some(RawOnError::Null) => OnError::Null,
        None => default_on_error(kind, raw.required, &ty, of),
    };
    Ok(Field {
        header: raw.header.clone().unwrap_or_else(|| raw.name.to_ascii_uppercase()),
        name: raw.name.clone(),
        label: raw.label.clone(),
        codigo: raw.codigo,
        at,
        required: raw.required,
        on_error,
        volatile: raw.volatile,
        personal: raw.personal,
        of,
        values: raw.values.clone(),
        zeros_null: matches!(raw.zeros, Some(RawZeros::Null)),
        pessoa: None,
        line: src.line_at(span.start),
        ty,
    })
}

/// Decisions 5: a required field, or money or a date of the contract or debt, in parcelas or in baixa.
fn default_on_error(kind: &str, required: bool, ty: &Type, of: Option<Part>) -> OnError {
    let money_or_date = matches!(ty, Type::Decimal { .. } | Type::Date { .. });
    let weighty = matches!(of, Some(Part::Contrato | Part::Divida)) || matches!(kind, "parcelas" | "baixa");
    if required || (money_or_date && weighty) { OnError::Reject } else { OnError::Null }
}

fn field_type(src: &Source<'_>, raw: &RawField, span: &std::ops::Range<usize>) -> Result<Type, LayoutError> {
    let scale = || match raw.scale {
        Some(s) if s <= 6 => Ok(s),
        _ => src.error(span, format!("field `{}` needs scale = 0..6", raw.name)),
    };
    let ty = match raw.ty.as_str() {
        // the example layouts write the key as plain text: the rule comes with the name
        "contrato" => Type::Contrato,
        "text" if raw.name == "contrato" => Type::Contrato,
        "text" => Type::Text,
        "code" => Type::Code,
        "int" => Type::Int,
        "decimal" => Type::Decimal { scale: scale()? },
        "percent" => Type::Percent { scale: scale()? },
        "date" => Type::Date {
            format: match raw.format.as_deref() {
                Some("AAAAMMDD") => DateFormat::Aaaammdd,
                Some("DD/MM/AAAA") => DateFormat::DdMmAaaa,
                _ => {
                    return src.error(span, format!("field `{}`: format = \"AAAAMMDD\" or \"DD/MM/AAAA\"", raw.name));
                }
            },
        },
        "datetime" => Type::DateTime,
        "year" => Type::Year,
        "flag" => Type::Flag,
        "document" => Type::Document,
        "phone" => Type::Phone,
        other => {
            let known = "text, contrato, code, int, decimal, percent, date, datetime, year, flag, document, phone";
            return src
                .error(span, format!("field `{}`: unknown type `{}` ({known})", raw.name, other.escape_default()));
        }
    };
    Ok(ty)
}

/// Changes whenever a line would be read otherwise; labels and comments do not count.
fn digest(kind: &str, format: Format, records: &[Record]) -> u64 {
    use std::fmt::Write as _;
    let mut s = format!("{kind} {format:?}");
    for r in records {
        let _ = write!(s, "|{} {:?} {}", r.name, r.when, r.width);
        for f in &r.fields {
            let _ = write!(
                s,
                ";{} {} {:?} {:?} {} {:?} {} {:?} {:?} {} {:?}",
                f.name,
                f.header,
                f.at,
                f.ty,
                f.required,
                f.on_error,
                f.volatile,
                f.of,
                f.values,
                f.zeros_null,
                f.pessoa
            );
        }
    }
    xxhash_rust::xxh3::xxh3_64(s.as_bytes())
}

/// Checks that a record holds the fields that a rule reads.
///
/// # Errors
/// Names the layout, the record and the first missing field.
pub fn needs(layout: &Layout, record: &Record, fields: &[&str]) -> Result<(), LayoutError> {
    match fields.iter().find(|f| record.index(f).is_none()) {
        None => Ok(()),
        Some(missing) => Err(LayoutError {
            file: format!("layouts/{}.toml", layout.name),
            line: record.fields.first().map_or(0, |f| f.line),
            why: format!(
                "record `{}` lacks the field `{missing}`, which the rule of {} reads",
                record.name, layout.kind
            ),
        }),
    }
}
