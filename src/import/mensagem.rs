//! What is said of a rejected line: field, what was found, what was expected; never a personal value.

use super::passo::Rejeito;
use crate::domain::codigo::Codigo;
use crate::layout::linha::Linha;
use crate::layout::{Field, Type};

/// So many fields at fault mean that the line has shifted: what stands in a column is then no longer what the
/// layout calls it, and may be somebody's name.
const DESLOCADA: usize = 3;

/// Whether the columns of a line can no longer be trusted to hold what they are called.
pub fn deslocada(linha: &Linha<'_>) -> bool {
    let faults = (0..linha.record.fields.len()).filter(|i| linha.valor(*i).is_err());
    faults.take(DESLOCADA).count() == DESLOCADA
}

/// The sentence for ops and for the error file.
pub fn de(linha: &Linha<'_>, r: Rejeito) -> String {
    let Some((i, field)) = r.campo.and_then(|i| linha.record.fields.get(usize::from(i)).map(|f| (usize::from(i), f)))
    else {
        return r.codigo.mensagem().to_owned();
    };
    let mut m = format!("{} ({}): {}", field.name, onde(i, field), r.codigo.mensagem());
    if !de_formato(r.codigo) {
        return m;
    }
    let found = linha.campo(i).trim();
    let shifted = deslocada(linha);
    if !shifted && !field.personal && !found.is_empty() && found.chars().count() <= 30 {
        m.push_str(&format!(", encontrado `{}`", found.escape_debug()));
    }
    if let Some(e) = esperado(field) {
        m.push_str(&format!(", esperado {e}"));
    }
    if shifted {
        m.push_str("; outros campos da linha também falham: ela parece deslocada");
    }
    m
}

/// Whether the text of the field is at fault, not what it refers to.
const fn de_formato(c: Codigo) -> bool {
    !matches!(
        c,
        Codigo::ContratoDesconhecido | Codigo::CpfDivergente | Codigo::AssessoriaDivergente | Codigo::CampoObrigatorio
    )
}

fn onde(index: usize, field: &Field) -> String {
    let n = field.codigo.map_or(index + 1, usize::from);
    format!("campo {n}, colunas {}–{}", field.at.start + 1, field.at.end)
}

/// What a field wants, in a few words.
fn esperado(field: &Field) -> Option<String> {
    Some(match &field.ty {
        Type::Text | Type::Code if !field.values.is_empty() && field.values.len() <= 8 => field.values.join(", "),
        Type::Text | Type::Code => return None,
        Type::Contrato => "contrato de até 20 letras e dígitos".into(),
        Type::Int => "número inteiro alinhado à direita".into(),
        Type::Decimal { scale } | Type::Percent { scale } => {
            format!("dígitos alinhados à direita, {scale} decimais implícitas")
        }
        Type::Date { format } => format!("{} existente", format.as_str()),
        Type::DateTime => "DD/MM/AAAA HH:MM:SS existente".into(),
        Type::Year => "AAAA".into(),
        Type::Flag => "S ou N".into(),
        Type::Document => "CPF ou CNPJ com dígitos verificadores corretos".into(),
        Type::Phone => "DDD e número".into(),
    })
}
