//! What is said of a rejected line: field, what was found, what was expected; never a personal value.

use super::passo::Rejeito;
use crate::domain::codigo::Codigo;
use crate::layout::linha::Linha;
use crate::layout::regua::{self, SUSPEITA, dica, mascara};
use crate::layout::{Field, Format, Type};

/// Whether the columns of a line can no longer be trusted to hold what they are called: what stands there may be
/// somebody's name.
pub fn deslocada(linha: &Linha<'_>) -> bool {
    let faults = (0..linha.record.fields.len()).filter(|i| linha.valor(*i).is_err());
    faults.take(SUSPEITA).count() == SUSPEITA
}

/// Whether somebody's name, document or phone may stand where the contract of a rejected line should: two columns
/// changed places, so that the other one is bad, or nobody has such a contract.
pub fn contrato_alheio(contrato: &str, codigo: Codigo) -> bool {
    let text = contrato.trim();
    mascara::e_nome(text)
        || !text.contains(|c: char| c.is_ascii_digit())
        || match codigo {
            Codigo::ContratoDesconhecido => mascara::e_documento(text) || mascara::e_fone_inteiro(text),
            Codigo::DocumentoInvalido => mascara::e_documento(text),
            Codigo::TelefoneInvalido => mascara::e_fone(text),
            _ => false,
        }
}

/// The sentence for ops and for the error file.
pub fn de(linha: &Linha<'_>, r: Rejeito) -> String {
    let Some((i, field)) = r.campo.and_then(|i| linha.record.fields.get(usize::from(i)).map(|f| (usize::from(i), f)))
    else {
        return r.codigo.mensagem().to_owned();
    };
    let mut m = format!("{} ({}): {}", field.name, onde(linha, i, field), r.codigo.mensagem());
    if !de_formato(r.codigo) {
        return m;
    }
    let found = linha.campo(i).trim();
    let shifted = deslocada(linha);
    if !shifted && mascara::citavel(field, found) && !found.is_empty() && found.chars().count() <= 30 {
        m.push_str(&format!(", encontrado `{}`", found.escape_debug()));
    }
    // a rule may ask more of a text than its type does
    let of_type = field.ty != Type::Text || r.codigo != Codigo::NumeroInvalido;
    if let Some(e) = dica::esperado(field, linha.formato()).filter(|_| of_type) {
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
        Codigo::ContratoDesconhecido
            | Codigo::ClienteDesconhecido
            | Codigo::CpfDesconhecido
            | Codigo::TelefoneDesconhecido
            | Codigo::CpfDivergente
            | Codigo::AssessoriaDivergente
            | Codigo::ContratoNaoAtivo
            | Codigo::NaoContatar
            | Codigo::TelefoneDeTerceiro
            | Codigo::CampoObrigatorio
            // where columns changed places, a name stands there
            | Codigo::JornadaDesconhecida
    )
}

fn onde(linha: &Linha<'_>, index: usize, field: &Field) -> String {
    match linha.formato() {
        Format::Fixed => format!("campo {}, {}", regua::numero(index, field), regua::colunas(&field.at)),
        Format::Delimited | Format::Sheet => format!("coluna {}", field.header),
    }
}
