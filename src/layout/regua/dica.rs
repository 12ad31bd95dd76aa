//! What to say of a fault: the sentence, what was found and expected, and a hint at the cause.
//!
//! No hint holds a digit or a letter of a personal field.

use super::super::linha::Linha;
use super::super::text::is_printable;
use super::super::{DateFormat, Field, Format, Type};
use super::mascara::{self, Modo};
use super::{Falta, caracteres, milhares};
use crate::domain::codigo::Codigo;
use crate::domain::documento::TipoPessoa;
use chrono::NaiveDate;
use std::borrow::Cow;

/// Longest value that is repeated in words.
const CITACAO: usize = 40;

/// The first line of a ruler.
pub fn titulo(field: &Field, codigo: Codigo) -> String {
    let what = match (codigo, &field.ty) {
        (Codigo::DataInvalida, Type::Year) => "não é um ano",
        (Codigo::DataInvalida, _) => "não é uma data existente",
        (Codigo::CampoObrigatorio, _) => "é obrigatório e está vazio",
        (Codigo::NumeroInvalido, Type::Code) => "não é um código",
        (Codigo::NumeroInvalido, _) => "não é um número",
        (Codigo::DocumentoInvalido, _) => "não é um CPF ou CNPJ válido",
        (Codigo::TelefoneInvalido, _) => "não é um telefone válido",
        (Codigo::CaractereInvalido, _) => "tem um caractere que não se lê",
        (Codigo::NotacaoCientifica, _) => "perdeu dígitos: está em notação científica",
        (Codigo::ForaDaLista, _) => "tem um valor fora da lista",
        (c, _) => return format!("{}: {}", field.name, c.mensagem()),
    };
    format!("{} {what}", field.name)
}

/// Whether the text of the field is at fault, not what it refers to.
pub const fn de_formato(c: Codigo) -> bool {
    matches!(
        c,
        Codigo::CampoObrigatorio
            | Codigo::NumeroInvalido
            | Codigo::DataInvalida
            | Codigo::DocumentoInvalido
            | Codigo::TelefoneInvalido
            | Codigo::CaractereInvalido
            | Codigo::NotacaoCientifica
            | Codigo::ForaDaLista
    )
}

/// What a field wants, in a few words.
pub fn esperado(field: &Field, format: Format) -> Option<String> {
    let fixed = format == Format::Fixed;
    Some(match &field.ty {
        Type::Text | Type::Code if !field.values.is_empty() && field.values.len() <= 8 => field.values.join(", "),
        Type::Text | Type::Code if !field.values.is_empty() => format!("um de {} valores", field.values.len()),
        Type::Code => "letras, dígitos, `-` e `.`, sem brancos dentro".into(),
        Type::Text if field.required => "um texto".into(),
        Type::Text => return None,
        Type::Contrato => "contrato de até 20 letras e dígitos".into(),
        Type::Int if fixed => "número inteiro alinhado à direita".into(),
        Type::Int => "número inteiro".into(),
        Type::Decimal { scale } | Type::Percent { scale } if fixed => {
            format!("dígitos alinhados à direita, {scale} decimais implícitas")
        }
        Type::Decimal { scale } => format!("número como `1.234,56`, até {scale} decimais"),
        Type::Percent { scale } => format!("taxa como `1,66%`, até {scale} decimais"),
        Type::Date { format } => format!("{} existente", format.as_str()),
        Type::DateTime => "DD/MM/AAAA HH:MM:SS existente".into(),
        Type::Year => "AAAA".into(),
        Type::Flag => "S ou N".into(),
        Type::Document => "CPF ou CNPJ com dígitos verificadores corretos".into(),
        Type::Phone => "DDD e número".into(),
    })
}

/// The lines below the frame: found and expected, then the hint.
pub fn detalhes(linha: &Linha<'_>, falta: Falta, format: Format, modo: Modo) -> Vec<String> {
    let Some(field) = linha.record.fields.get(falta.campo) else { return Vec::new() };
    if !de_formato(falta.codigo) {
        return Vec::new();
    }
    let raw = linha.campo(falta.campo);
    let mut first: Vec<String> = Vec::new();
    let found = raw.trim();
    let secret = modo == Modo::Forma || !mascara::citavel(field, raw);
    if !secret && !found.is_empty() && found.chars().count() <= CITACAO {
        first.push(format!("encontrado `{}`", mascara::texto(found)));
    }
    first.extend(esperado(field, format).map(|e| format!("esperado {e}")));
    let mut out = Vec::new();
    if !first.is_empty() {
        out.push(first.join(", "));
    }
    let pessoa = field.pessoa.and_then(|p| TipoPessoa::parse(linha.campo(p)));
    out.extend(dica(field, falta.codigo, raw, Visto { secret, pessoa, format }).map(|d| format!("dica: {d}")));
    if modo == Modo::Forma {
        out.push("dica: vários campos da linha não conferem; as colunas podem estar deslocadas".into());
    }
    out
}

/// How a value may be spoken of.
#[derive(Clone, Copy)]
struct Visto {
    /// Nothing of it may be said.
    secret: bool,
    pessoa: Option<TipoPessoa>,
    format: Format,
}

/// A guess at the cause.
fn dica(field: &Field, codigo: Codigo, raw: &str, v: Visto) -> Option<Cow<'static, str>> {
    let text = raw.trim();
    match codigo {
        Codigo::CaractereInvalido => byte(field, raw, v.format).map(Cow::Owned),
        Codigo::DataInvalida => data(field, text, v.secret),
        Codigo::DocumentoInvalido => Some(documento(text, v.pessoa)),
        Codigo::NumeroInvalido => numero(raw, v).map(Cow::Owned),
        Codigo::ForaDaLista if !v.secret => proximo(field, text).map(Cow::Owned),
        Codigo::CampoObrigatorio if !text.is_empty() => {
            Some("só com zeros ou pontuação o campo conta como vazio".into())
        }
        Codigo::TelefoneInvalido => Some("são 2 dígitos de DDD e 8 ou 9 de número".into()),
        Codigo::NotacaoCientifica => Some("formate a coluna como texto na planilha e exporte de novo".into()),
        _ => None,
    }
}

/// The first character without a meaning, and its place.
pub fn sem_significado(raw: &str) -> Option<(usize, char)> {
    raw.chars().enumerate().find(|(_, c)| !is_printable(c.encode_utf8(&mut [0; 4])))
}

fn byte(field: &Field, raw: &str, format: Format) -> Option<String> {
    let (i, c) = sem_significado(raw)?;
    let place = if format == Format::Fixed {
        format!("na coluna {}", milhares((field.at.start + i + 1) as u64))
    } else {
        format!("no {}º caractere da célula", i + 1)
    };
    Some(match u32::from(c) {
        code @ (0..=0x1f | 0x7f) => format!("byte de controle {code:02X} {place}"),
        code @ 0x80..=0x9f => format!("o byte {code:02X} {place} não existe no Windows-1252"),
        _ => format!("bytes {place} não são UTF-8, e o resto do arquivo é"),
    })
}

fn data(field: &Field, text: &str, secret: bool) -> Option<Cow<'static, str>> {
    let format = match field.ty {
        Type::Date { format } => format,
        Type::DateTime => DateFormat::DdMmAaaa,
        _ => return Some("um ano tem quatro dígitos, de 1800 a 9999".into()),
    };
    let Some((y, m, d)) = partes(format, text) else {
        let other = match format {
            DateFormat::Aaaammdd => DateFormat::DdMmAaaa,
            DateFormat::DdMmAaaa => DateFormat::Aaaammdd,
        };
        let swapped = partes(other, text).is_some_and(|(y, m, d)| existe(y, m, d));
        return swapped.then(|| format!("parece {}, não {}", other.as_str(), format.as_str()).into());
    };
    let said: Cow<'static, str> = match (m, d) {
        (0 | 13.., _) => {
            // eight digits in the other order: the year reads as a month
            let swapped = (d1(text, 4..8), d1(text, 2..4), d1(text, 0..2));
            if let (Some(y), Some(m), Some(d)) = swapped
                && format == DateFormat::Aaaammdd
                && existe(y, m, d)
            {
                return Some("parece DDMMAAAA, não AAAAMMDD".into());
            }
            if secret { "o mês não existe".into() } else { format!("o mês {m:02} não existe").into() }
        }
        (_, 0) => "o dia é 00".into(),
        _ if y < 1800 => "o ano é anterior a 1800".into(),
        _ if secret => "o mês não tem esse dia".into(),
        _ => format!("{} de {y:04} tem {} dias", MESES[m as usize - 1], ultimo_dia(y, m)?).into(),
    };
    Some(said)
}

const MESES: [&str; 12] = [
    "janeiro",
    "fevereiro",
    "março",
    "abril",
    "maio",
    "junho",
    "julho",
    "agosto",
    "setembro",
    "outubro",
    "novembro",
    "dezembro",
];

fn d1(text: &str, at: std::ops::Range<usize>) -> Option<u32> {
    text.get(at).filter(|t| t.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()
}

/// Year, month and day of a text in this notation, whether they exist or not.
fn partes(format: DateFormat, text: &str) -> Option<(u32, u32, u32)> {
    match format {
        DateFormat::Aaaammdd if text.len() == 8 => Some((d1(text, 0..4)?, d1(text, 4..6)?, d1(text, 6..8)?)),
        DateFormat::DdMmAaaa if text.len() >= 10 => Some((d1(text, 6..10)?, d1(text, 3..5)?, d1(text, 0..2)?)),
        _ => None,
    }
}

fn existe(y: u32, m: u32, d: u32) -> bool {
    (1800..=9999).contains(&y) && i32::try_from(y).is_ok_and(|y| NaiveDate::from_ymd_opt(y, m, d).is_some())
}

fn ultimo_dia(y: u32, m: u32) -> Option<u32> {
    (28..=31).rev().find(|d| existe(y, m, *d))
}

/// Length and kind of characters, never one of them.
fn documento(text: &str, pessoa: Option<TipoPessoa>) -> Cow<'static, str> {
    let clean: Vec<char> = text.chars().filter(|c| !matches!(c, '.' | '-' | '/' | ' ')).collect();
    let digits = clean.iter().filter(|c| c.is_ascii_digit()).count();
    if clean.iter().any(|c| !c.is_ascii_alphanumeric()) {
        return "há um sinal que CPF e CNPJ não têm".into();
    }
    let significant = clean.iter().skip_while(|c| **c == '0').count();
    match (pessoa, significant) {
        (_, 15..) => format!("tem {}; um CNPJ tem 14", caracteres(significant)).into(),
        _ if digits < clean.len() && significant <= 11 => "um CPF só tem dígitos".into(),
        (Some(TipoPessoa::Juridica), _) | (_, 12..=14) => "os dígitos verificadores do CNPJ não conferem".into(),
        _ => "os dígitos verificadores do CPF não conferem".into(),
    }
}

fn numero(raw: &str, v: Visto) -> Option<String> {
    let text = raw.trim();
    let quote = |c: char| if v.secret { String::new() } else { format!(" `{}`", mascara::texto(&c.to_string())) };
    if let Some(c) = text.chars().find(|c| c.is_alphabetic()) {
        return Some(format!("há uma letra{} no número", quote(c)));
    }
    if v.format == Format::Fixed {
        if let Some(c) = text.chars().find(|c| matches!(c, '-' | '+')) {
            return Some(format!("há um sinal{}: o layout não prevê números com sinal", quote(c)));
        }
        if let Some(c) = text.chars().find(|c| matches!(c, ',' | '.')) {
            return Some(format!("há um separador{}: as decimais são implícitas", quote(c)));
        }
        if text.contains(' ') {
            return Some("há um branco no meio do número".into());
        }
        if raw.ends_with(' ') {
            return Some("o número está alinhado à esquerda: os brancos ficam antes dele".into());
        }
    }
    let digits = text.chars().filter(char::is_ascii_digit).count();
    if digits > 18 {
        return Some(format!("tem {digits} dígitos: não cabe em 64 bits"));
    }
    let other = text.chars().find(|c| !c.is_ascii_digit() && !matches!(c, '-' | ',' | '.' | ' '))?;
    Some(format!("há um sinal{} que um número não tem", quote(other)))
}

/// The nearest value of a closed list, where one is near.
fn proximo(field: &Field, text: &str) -> Option<String> {
    let upper = text.to_uppercase();
    let flags = ["S".to_owned(), "N".to_owned()];
    let values: &[String] = if field.ty == Type::Flag { &flags } else { &field.values };
    let (distance, value) = values.iter().map(|v| (strsim::osa_distance(&v.to_uppercase(), &upper), v)).min()?;
    let near = distance <= value.chars().count() / 2 && distance <= 3;
    near.then(|| format!("o valor mais próximo é `{value}`"))
}

/// Of a line of another length.
pub fn tamanho(found: usize, expected: usize) -> String {
    let n = found.abs_diff(expected);
    let (many, some) = if found > expected { ("sobram", "sobra") } else { ("faltam", "falta") };
    format!("{} {}", if n == 1 { some } else { many }, caracteres(n))
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

    fn diz(ty: &str, codigo: Codigo, raw: &str, secret: bool) -> String {
        let v = Visto { secret, pessoa: None, format: Format::Fixed };
        dica(&field(ty), codigo, raw, v).map_or_else(|| "-".into(), Cow::into_owned)
    }

    #[test]
    fn datas() {
        let d = |raw: &str| diz("type = \"date\", format = \"AAAAMMDD\"", Codigo::DataInvalida, raw, false);
        assert_eq!(d("20230231"), "fevereiro de 2023 tem 28 dias");
        assert_eq!(d("20240230"), "fevereiro de 2024 tem 29 dias");
        assert_eq!(d("20230431"), "abril de 2023 tem 30 dias");
        assert_eq!(d("20231301"), "o mês 13 não existe");
        assert_eq!(d("31122023"), "parece DDMMAAAA, não AAAAMMDD");
        assert_eq!(d("31/12/2023"), "parece DD/MM/AAAA, não AAAAMMDD");
        assert_eq!(d("00010101"), "o ano é anterior a 1800");
        assert_eq!(d("2023É0"), "-");
        let secret = diz("type = \"date\", format = \"AAAAMMDD\"", Codigo::DataInvalida, "19850231", true);
        assert_eq!(secret, "o mês não tem esse dia");
    }

    #[test]
    fn numeros_e_documentos() {
        let n = |raw: &str| diz("type = \"int\"", Codigo::NumeroInvalido, raw, false);
        assert_eq!(n("12   "), "o número está alinhado à esquerda: os brancos ficam antes dele");
        assert_eq!(n("1 2"), "há um branco no meio do número");
        assert_eq!(n("-12"), "há um sinal `-`: o layout não prevê números com sinal");
        assert_eq!(n("12X45"), "há uma letra `X` no número");
        assert_eq!(n("1,2"), "há um separador `,`: as decimais são implícitas");
        assert_eq!(n("99999999999999999999"), "tem 20 dígitos: não cabe em 64 bits");
        assert_eq!(diz("type = \"int\"", Codigo::NumeroInvalido, "1A", true), "há uma letra no número");
        let c = |raw: &str| diz("type = \"document\"", Codigo::DocumentoInvalido, raw, true);
        assert_eq!(c("00052998224726"), "os dígitos verificadores do CPF não conferem");
        assert_eq!(c("11222333000182"), "os dígitos verificadores do CNPJ não conferem");
        assert_eq!(c("529982247251234"), "tem 15 caracteres; um CNPJ tem 14");
        assert_eq!(c("529é"), "há um sinal que CPF e CNPJ não têm");
        for said in [c("00052998224726"), c("11222333000182")] {
            assert!(!said.bytes().any(|b| b.is_ascii_digit()), "{said}");
        }
    }

    #[test]
    fn listas_e_bytes() {
        let l = |raw: &str| diz("type = \"text\", values = [\"ABERTA\", \"PAGA\"]", Codigo::ForaDaLista, raw, false);
        assert_eq!(l("ABRETA"), "o valor mais próximo é `ABERTA`");
        assert_eq!(l("QUITADO"), "-");
        let b = |raw: &str| diz("type = \"text\"", Codigo::CaractereInvalido, raw, true);
        assert_eq!(b("AB\u{7}"), "byte de controle 07 na coluna 3");
        assert_eq!(b("A\u{81}"), "o byte 81 na coluna 2 não existe no Windows-1252");
        assert_eq!(
            (tamanho(4339, 4337), tamanho(4336, 4337)),
            ("sobram 2 caracteres".into(), "falta 1 caractere".into())
        );
    }
}
