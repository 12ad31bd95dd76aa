//! The number of a contrato: the key of nearly every file (layout format
//! `digitos`).
//!
//! It is text, never a number: up to 20 characters, letters kept. Two writings
//! are the same contrato when they agree after dropping punctuation and leading
//! zeros; on screen it stands as the remessa that created it wrote it.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use super::cientifica;
use super::codigo::Codigo;

/// Longest text of a contrato, in characters, spaces around it not counted.
pub const MAX_TEXTO: usize = 20;

/// Why a text is no number of a contrato.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ContratoErro {
    /// More than [`MAX_TEXTO`] characters.
    MuitoLongo,
    /// A control or non-ASCII character.
    CaractereInvalido,
    /// Digits lost in a spreadsheet (`1,23E+11`): refused, never guessed.
    NotacaoCientifica,
}

impl ContratoErro {
    /// The stable code of the reject.
    #[must_use]
    pub const fn codigo(self) -> Codigo {
        match self {
            Self::MuitoLongo => Codigo::TamanhoInvalido,
            Self::CaractereInvalido => Codigo::CaractereInvalido,
            Self::NotacaoCientifica => Codigo::NotacaoCientifica,
        }
    }
}

impl fmt::Display for ContratoErro {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.codigo().mensagem())
    }
}

impl Error for ContratoErro {}

/// The comparison key: no punctuation, no leading zeros, letters upper-cased.
/// `Ok(None)` when nothing else is left.
///
/// Borrows from `raw` unless punctuation stands inside or a letter is lower
/// case: a file has a million of these.
///
/// # Errors
/// [`ContratoErro`], looked at in the order scientific notation, characters,
/// length.
pub fn chave(raw: &str) -> Result<Option<Cow<'_, str>>, ContratoErro> {
    let texto = raw.trim_matches(' ');
    if cientifica::parece(texto) {
        return Err(ContratoErro::NotacaoCientifica);
    }
    if !texto.bytes().all(|b| matches!(b, b' '..=b'~')) {
        return Err(ContratoErro::CaractereInvalido);
    }
    if texto.len() > MAX_TEXTO {
        return Err(ContratoErro::MuitoLongo);
    }
    // Zeros and punctuation may alternate in front (`0-012`): both go.
    let miolo = texto
        .trim_start_matches(|c: char| c == '0' || !c.is_ascii_alphanumeric())
        .trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    if miolo.is_empty() {
        return Ok(None);
    }
    let pronto = |b: u8| b.is_ascii_digit() || b.is_ascii_uppercase();
    if miolo.bytes().all(pronto) {
        return Ok(Some(Cow::Borrowed(miolo)));
    }
    let chave = miolo.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    Ok(Some(Cow::Owned(chave)))
}

/// What is shown: the text as written, trimmed.
#[must_use]
pub fn exibicao(raw: &str) -> &str {
    raw.trim()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ok(raw: &str) -> Option<String> {
        chave(raw).unwrap().map(Cow::into_owned)
    }

    #[test]
    fn compara_sem_pontuacao_e_sem_zeros_a_esquerda() {
        for raw in ["00000000000012345678", "12345678", " 12.345.678 ", "12345-678", "0-012345/678", "(12345678)"] {
            assert_eq!(ok(raw).as_deref(), Some("12345678"), "{raw}");
        }
    }

    #[test]
    fn letras_ficam_em_maiusculas() {
        assert_eq!(ok("00ab-12").as_deref(), Some("AB12"));
        assert_eq!(ok("12E34").as_deref(), Some("12E34"));
        assert_eq!(ok("A00").as_deref(), Some("A00"));
    }

    #[test]
    fn zeros_ou_pontuacao_sao_vazio() {
        for raw in ["", "   ", "0000", "-", "0.00-0", "./-"] {
            assert_eq!(ok(raw), None, "{raw:?}");
        }
    }

    #[test]
    fn notacao_cientifica_e_recusada() {
        for raw in ["1,23E+11", "1.23E+11", " 1,23e+11"] {
            assert_eq!(chave(raw), Err(ContratoErro::NotacaoCientifica), "{raw}");
        }
    }

    #[test]
    fn mais_de_vinte_caracteres_e_recusado() {
        assert!(chave("12345678901234567890").is_ok());
        assert!(chave("  12345678901234567890  ").is_ok());
        assert_eq!(chave("123456789012345678901"), Err(ContratoErro::MuitoLongo));
    }

    #[test]
    fn controle_e_nao_ascii_sao_caracteres_invalidos() {
        for raw in ["12\u{7f}3", "12\t3", "12\u{e9}3", "\u{a0}123", "123\r"] {
            assert_eq!(chave(raw), Err(ContratoErro::CaractereInvalido), "{raw:?}");
        }
    }

    #[test]
    fn caminho_quente_nao_aloca() {
        for raw in ["00000000000012345678", "AB12  ", "-123-"] {
            assert!(matches!(chave(raw), Ok(Some(Cow::Borrowed(_)))), "{raw}");
        }
        assert!(matches!(chave("1-2"), Ok(Some(Cow::Owned(_)))));
    }

    #[test]
    fn exibicao_e_o_texto_aparado() {
        assert_eq!(exibicao("  0012.3 "), "0012.3");
    }

    proptest! {
        #[test]
        fn chave_e_idempotente(raw in "[ -~]{0,20}") {
            if let Ok(Some(uma)) = chave(&raw) {
                let outra = chave(&uma).unwrap();
                prop_assert_eq!(outra.as_deref(), Some(uma.as_ref()));
            }
        }

        #[test]
        fn nunca_entra_em_panico(raw in "\\PC{0,30}") {
            let _ = chave(&raw);
        }
    }
}
