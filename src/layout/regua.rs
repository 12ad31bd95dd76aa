//! The ruler: a bad line shown with its field underlined, what was found and what was expected.
//!
//! ```text
//! erro[DATA_INVALIDA]: data_contrato não é uma data existente
//!    20230803_203000_remessa_528_out.528, linha 1201, colunas 3603–3610
//!         |
//!    1201 | …000024705620230231000000000…
//!         |  ---------^^^^^^^^--------- data_vencimento
//!         |  |        |
//!         |  |        data_contrato (campo 213)
//!         |  valor_financiado
//!    encontrado `20230231`, esperado AAAAMMDD existente
//!    dica: fevereiro de 2023 tem 28 dias
//! ```
//!
//! [`quadro`] draws the frame (annotate-snippets), [`mascara`] decides what of a line may be shown, [`dica`]
//! knows what to say of a fault, [`deslocamento`] guesses from where on a file is shifted ([`costura`] finds the
//! field), [`fatia`] cuts a line into its fields, [`fonte`] fetches lines again from the file, [`exame`] checks a whole file.
//!
//! **Privacy:** the line is masked before any of it reaches the frame. A field with `personal = true` is all
//! `*`, as the field at fault and as a neighbour alike. Where the columns cannot be trusted (a line of another
//! length, a line with [`SUSPEITA`] faults or more, a file that is shifted) no column says whose value it
//! holds: then the whole line shows its shape only (`x` letters, `9` digits), see [`mascara::Modo`].

pub mod costura;
pub mod deslocamento;
pub mod dica;
pub mod exame;
pub mod fatia;
pub mod fonte;
pub mod mascara;
pub mod quadro;

use super::Layout;
use super::linha::{Fault, Linha};
use crate::domain::codigo::Codigo;
use crate::domain::valores::milhares;
use mascara::Modo;
use quadro::Quadro;

/// From so many bad fields on, a line's columns are not believed any more.
pub const SUSPEITA: usize = 3;

/// A field at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Falta {
    /// Index of the field in the line's record.
    pub campo: usize,
    /// What is wrong with it.
    pub codigo: Codigo,
}

/// Every bad field of a line, in the order of its record.
pub fn faltas(linha: &Linha<'_>) -> Vec<Falta> {
    let clean = linha.limpa();
    let fields = linha.record.fields.iter().enumerate().filter(|(_, f)| !(clean && f.is_free()));
    fields.filter_map(|(campo, _)| linha.valor(campo).err().map(|codigo| Falta { campo, codigo })).collect()
}

/// Draws the ruler of one bad field.
pub fn desenha(layout: &Layout, linha: &Linha<'_>, arquivo: &str, falta: Falta, modo: Modo) -> String {
    let Some(field) = linha.record.fields.get(falta.campo) else { return falta.codigo.mensagem().to_owned() };
    let kind = if rejeita(field, falta.codigo) { "erro" } else { "aviso" };
    let mut out = format!("{kind}[{}]: {}\n", falta.codigo, dica::titulo(field, falta.codigo));
    let fixed = layout.format == super::Format::Fixed;
    let place = if fixed { colunas(&field.at) } else { format!("coluna {}", mascara::texto(&field.header)) };
    out.push_str(&format!("   {}, linha {}, {place}\n", mascara::texto(arquivo), linha.numero));
    let frame = if fixed { Quadro::de_fixa(linha, falta, modo) } else { Quadro::de_celula(linha, falta.campo, modo) };
    out.push_str(&frame.desenha());
    for line in dica::detalhes(linha, falta, layout.format, modo) {
        out.push_str(&format!("   {line}\n"));
    }
    out
}

/// Whether the fault rejects the line; otherwise the field is dropped.
pub fn rejeita(field: &super::Field, codigo: Codigo) -> bool {
    field.on_error == super::OnError::Reject || codigo == Codigo::CampoObrigatorio || !dica::de_formato(codigo)
}

/// The line that a structural fault names.
pub fn linha_de(fault: &Fault) -> u32 {
    match fault {
        Fault::Width { line, .. }
        | Fault::Tag { line, .. }
        | Fault::NoBreak { line }
        | Fault::Columns { line, .. }
        | Fault::Quote { line } => *line,
        Fault::Header(_) => 1,
    }
}

/// Draws the ruler of a line that breaks the structure; `texto` is the line, decoded.
pub fn desenha_quebra(layout: &Layout, texto: &str, arquivo: &str, fault: &Fault) -> String {
    let line = linha_de(fault);
    let (title, at, note) = quebra(layout, texto, fault);
    let mut out = format!("erro[{}]: {title}\n   {}, linha {line}\n", Codigo::Estrutura, mascara::texto(arquivo));
    out.push_str(&Quadro::de_texto(texto, line, at, &note).desenha());
    if let Fault::Width { found, expected, .. } = fault {
        out.push_str(&format!("   dica: {}\n", dica::tamanho(*found, *expected)));
    }
    out
}

/// Title, columns to underline and what stands beside them.
fn quebra(layout: &Layout, texto: &str, fault: &Fault) -> (String, std::ops::Range<usize>, String) {
    let end = texto.chars().count();
    match fault {
        Fault::Width { found, expected, .. } => {
            let (at, note) = sobra(*found, *expected);
            let wanted = milhares(*expected as u64);
            (format!("a linha tem {}; o layout {} pede {wanted}", caracteres(*found), layout.name), at, note)
        }
        Fault::Tag { .. } => {
            let tags: Vec<&str> = layout.records.iter().filter_map(|r| r.when.as_deref()).collect();
            let title = format!("a coluna 1 não tem um tipo de registro do layout {}", layout.name);
            (title, 0..1, format!("esperado {}", tags.join(", ")))
        }
        Fault::NoBreak { .. } => ("não há quebra de linha (CRLF ou LF)".into(), 0..1, String::new()),
        Fault::Columns { found, expected, .. } => {
            let title = format!("a linha tem {found} colunas; o cabeçalho tem {expected}");
            (title, end.saturating_sub(1)..end.max(1), "fim da linha".into())
        }
        Fault::Quote { .. } => {
            let at = texto.chars().position(|c| c == '"').unwrap_or(0);
            ("uma aspa abre e não fecha na mesma linha".into(), at..at + 1, String::new())
        }
        Fault::Header(_) => {
            (format!("a primeira linha não é o cabeçalho do layout {}", layout.name), 0..1, String::new())
        }
    }
}

/// Where a line of another length is underlined: what is beyond its end, or its last character.
fn sobra(found: usize, expected: usize) -> (std::ops::Range<usize>, String) {
    if found > expected {
        (expected..found, format!("a linha devia acabar na coluna {}", milhares(expected as u64)))
    } else {
        let last = found.saturating_sub(1);
        (last..found.max(1), format!("acaba na coluna {}", milhares(found as u64)))
    }
}

/// A field's columns as people count them: `colunas 3603–3610`.
pub fn colunas(at: &std::ops::Range<usize>) -> String {
    if at.len() == 1 { format!("coluna {}", at.end) } else { format!("colunas {}–{}", at.start + 1, at.end) }
}

/// A field's number for people: the bank's, else its place in the record, from 1.
pub fn numero(index: usize, field: &super::Field) -> usize {
    field.codigo.map_or(index + 1, usize::from)
}

/// A number of characters: `1 caractere`, `4.339 caracteres`.
pub fn caracteres(n: usize) -> String {
    format!("{} {}", milhares(n as u64), if n == 1 { "caractere" } else { "caracteres" })
}
