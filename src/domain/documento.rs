//! CPF and CNPJ: the document of a ficha, always text.
//!
//! A CPF comes with or without its leading zeros, bare or padded to 14; a CNPJ
//! may hold letters. The check digits are the `cpf_cnpj` crate's; it also
//! refuses repeated digits (`11111111111`). It allocates once per call, which
//! was measured (about 140 ns) and is accepted: those digits are not rewritten here.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use cpf_cnpj::{cnpj, cpf};

use super::cientifica;
use super::codigo::Codigo;

const CPF_LEN: usize = 11;
const CNPJ_LEN: usize = 14;

/// Kind of person (remessa's `tipo_pessoa`): decides how a document is read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TipoPessoa {
    /// `F`: a person, with a CPF.
    Fisica,
    /// `J`: a company, with a CNPJ.
    Juridica,
}

impl TipoPessoa {
    /// Reads `F` or `J`, any case, spaces around allowed.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        match raw.trim() {
            "F" | "f" => Some(Self::Fisica),
            "J" | "j" => Some(Self::Juridica),
            _ => None,
        }
    }
}

/// Why a text is no document.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DocumentoErro {
    /// Wrong length, character or check digits.
    Invalido,
    /// Digits lost in a spreadsheet: refused, never guessed.
    NotacaoCientifica,
}

impl DocumentoErro {
    /// The stable code of the reject.
    #[must_use]
    pub const fn codigo(self) -> Codigo {
        match self {
            Self::Invalido => Codigo::DocumentoInvalido,
            Self::NotacaoCientifica => Codigo::NotacaoCientifica,
        }
    }
}

impl fmt::Display for DocumentoErro {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.codigo().mensagem())
    }
}

impl Error for DocumentoErro {}

/// The document as stored: 11 digits (CPF) or 14 characters (CNPJ), bare, its
/// check digits right. Blanks or only zeros are `Ok(None)`.
///
/// `tipo` decides when the text fits both; without it CPF comes first. Numbers that lost
/// their leading zeros in a CSV get them back. Borrows from `raw` when it is
/// plain and wide enough, as in the fixed-width files.
///
/// # Errors
/// [`DocumentoErro`].
pub fn normaliza(raw: &str, tipo: Option<TipoPessoa>) -> Result<Option<Cow<'_, str>>, DocumentoErro> {
    let texto = raw.trim_matches(' ');
    let plain = |b: u8| b.is_ascii_digit() || b.is_ascii_uppercase();
    if texto.bytes().all(plain) {
        return resolve(texto, tipo);
    }
    if cientifica::parece(texto) {
        return Err(DocumentoErro::NotacaoCientifica);
    }
    let limpo = clean(texto)?;
    Ok(resolve(&limpo, tipo)?.map(|doc| Cow::Owned(doc.into_owned())))
}

/// Whether `raw`, from a file without `tipo_pessoa`, is the document `proprio`
/// of the contrato (CPF_DIVERGENTE when `Some(false)`); `Ok(None)` when blank.
///
/// # Errors
/// [`DocumentoErro`] when `raw` is no document at all.
pub fn confere(raw: &str, proprio: &str) -> Result<Option<bool>, DocumentoErro> {
    // The contract's own kind is tried first: a number that lost its zeros may
    // be a good CPF as well as a good CNPJ.
    if let Some(tipo) = tipo_de(proprio)
        && let Ok(Some(doc)) = normaliza(raw, Some(tipo))
    {
        return Ok(Some(doc == proprio));
    }
    Ok(normaliza(raw, None)?.map(|doc| doc == proprio))
}

fn clean(texto: &str) -> Result<String, DocumentoErro> {
    let mut limpo = String::with_capacity(texto.len());
    for c in texto.chars() {
        match c {
            '.' | '-' | '/' | ' ' => {}
            c if c.is_ascii_alphanumeric() => limpo.push(c.to_ascii_uppercase()),
            _ => return Err(DocumentoErro::Invalido),
        }
    }
    Ok(limpo)
}

/// `texto` holds digits and capitals only.
fn resolve(texto: &str, tipo: Option<TipoPessoa>) -> Result<Option<Cow<'_, str>>, DocumentoErro> {
    if texto.bytes().all(|b| b == b'0') {
        return Ok(None);
    }
    if texto.len() > CNPJ_LEN {
        return Err(DocumentoErro::Invalido);
    }
    // a number fits both kinds when its leading zeros leave eleven digits; the type decides only then, or one
    // bad CPF in a hundred would pass as a padded CNPJ
    let both = texto.trim_start_matches('0').len() <= CPF_LEN && texto.bytes().all(|b| b.is_ascii_digit());
    let doc = match tipo {
        _ if !both => as_cnpj(texto),
        Some(TipoPessoa::Juridica) => as_cnpj(texto),
        Some(TipoPessoa::Fisica) => as_cpf(texto),
        None => as_cpf(texto).or_else(|| as_cnpj(texto)),
    };
    doc.map(Some).ok_or(DocumentoErro::Invalido)
}

fn as_cpf(texto: &str) -> Option<Cow<'_, str>> {
    if !is_numeric(texto) {
        return None;
    }
    let doc = match texto.len().checked_sub(CPF_LEN) {
        Some(extra) => {
            let (zeros, doc) = texto.split_at_checked(extra)?;
            if zeros.bytes().any(|b| b != b'0') {
                return None;
            }
            Cow::Borrowed(doc)
        }
        None => Cow::Owned(format!("{texto:0>CPF_LEN$}")),
    };
    cpf::validate(&doc).then_some(doc)
}

fn as_cnpj(texto: &str) -> Option<Cow<'_, str>> {
    let doc = if texto.len() == CNPJ_LEN {
        Cow::Borrowed(texto)
    } else if is_numeric(texto) {
        Cow::Owned(format!("{texto:0>CNPJ_LEN$}"))
    } else {
        // A spreadsheet eats zeros of numbers only; with letters they are not lost.
        return None;
    };
    cnpj::validate(&doc).then_some(doc)
}

fn is_numeric(texto: &str) -> bool {
    texto.bytes().all(|b| b.is_ascii_digit())
}

/// The kind of a document in its stored form, by its length.
#[must_use]
pub fn tipo_de(doc: &str) -> Option<TipoPessoa> {
    if !doc.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    match doc.len() {
        CPF_LEN if is_numeric(doc) => Some(TipoPessoa::Fisica),
        CNPJ_LEN => Some(TipoPessoa::Juridica),
        _ => None,
    }
}

/// A stored document with its usual punctuation; any other text unchanged.
#[must_use]
pub fn formata(doc: &str) -> String {
    match tipo_de(doc) {
        Some(TipoPessoa::Fisica) => {
            format!("{}.{}.{}-{}", &doc[..3], &doc[3..6], &doc[6..9], &doc[9..])
        }
        Some(TipoPessoa::Juridica) => {
            format!("{}.{}.{}/{}-{}", &doc[..2], &doc[2..5], &doc[5..8], &doc[8..12], &doc[12..])
        }
        None => doc.to_owned(),
    }
}

/// A stored document with only its middle left, for what operators see without
/// `--show-pii`: `***.982.247-**`, `**.ABC.345/****-**`; any other text `***`.
#[must_use]
pub fn mascara(doc: &str) -> String {
    match tipo_de(doc) {
        Some(TipoPessoa::Fisica) => format!("***.{}.{}-**", &doc[3..6], &doc[6..9]),
        Some(TipoPessoa::Juridica) => format!("**.{}.{}/****-**", &doc[2..5], &doc[5..8]),
        None => "***".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn le(raw: &str, tipo: Option<TipoPessoa>) -> Option<String> {
        normaliza(raw, tipo).unwrap().map(Cow::into_owned)
    }

    const F: Option<TipoPessoa> = Some(TipoPessoa::Fisica);
    const J: Option<TipoPessoa> = Some(TipoPessoa::Juridica);

    #[test]
    fn cpf_com_e_sem_zeros_e_o_mesmo() {
        for raw in ["52998224725", "00052998224725", "529.982.247-25", " 52998224725 "] {
            assert_eq!(le(raw, None).as_deref(), Some("52998224725"), "{raw}");
            assert_eq!(le(raw, F).as_deref(), Some("52998224725"), "{raw}");
        }
    }

    #[test]
    fn cpf_que_perdeu_zeros_no_csv_os_recupera() {
        assert_eq!(le("1234567890", None), le("01234567890", None));
        assert_eq!(le("1234567890", F).as_deref(), Some("01234567890"));
    }

    #[test]
    fn cnpj_com_letras_e_valido() {
        for raw in ["12ABC34501DE35", "12abc34501de35", "12.ABC.345/01DE-35"] {
            assert_eq!(le(raw, None).as_deref(), Some("12ABC34501DE35"), "{raw}");
            assert_eq!(le(raw, J).as_deref(), Some("12ABC34501DE35"), "{raw}");
        }
        assert_eq!(normaliza("12ABC34501DE36", None), Err(DocumentoErro::Invalido));
    }

    #[test]
    fn tipo_de_pessoa_decide_quando_os_dois_servem() {
        assert_eq!(le("191", None).as_deref(), Some("00000000191"));
        assert_eq!(le("00000000000191", F).as_deref(), Some("00000000191"));
        assert_eq!(le("00000000000191", J).as_deref(), Some("00000000000191"));
        assert_eq!(normaliza("52998224725", J), Err(DocumentoErro::Invalido));
        // only a CNPJ has so many digits: the type has nothing to decide
        assert_eq!(le("11222333000181", F).as_deref(), Some("11222333000181"));
    }

    #[test]
    fn confere_com_o_documento_do_proprio_contrato() {
        assert_eq!(confere("191", "00000000000191"), Ok(Some(true)));
        assert_eq!(confere("191", "00000000191"), Ok(Some(true)));
        assert_eq!(confere("52998224725", "00000000000191"), Ok(Some(false)));
        assert_eq!(confere("", "52998224725"), Ok(None));
        assert_eq!(confere("52998224726", "52998224725"), Err(DocumentoErro::Invalido));
    }

    #[test]
    fn brancos_e_zeros_sao_nulos() {
        for raw in ["", "    ", "00000000000000", "000.000.000-00", "0"] {
            assert_eq!(normaliza(raw, None), Ok(None), "{raw:?}");
            assert_eq!(normaliza(raw, J), Ok(None), "{raw:?}");
        }
    }

    #[test]
    fn digitos_repetidos_ou_errados_sao_recusados() {
        for raw in [
            "11111111111",
            "52998224726",
            "11222333000182",
            "529982247251234",
            "ABC",
            "52998224725\u{e9}",
            "5299822472\t5",
        ] {
            assert_eq!(normaliza(raw, None), Err(DocumentoErro::Invalido), "{raw:?}");
        }
    }

    #[test]
    fn notacao_cientifica_e_recusada() {
        for raw in ["5,2998E+10", "5.2998E+10"] {
            assert_eq!(normaliza(raw, None), Err(DocumentoErro::NotacaoCientifica));
        }
    }

    #[test]
    fn caminho_quente_nao_aloca() {
        for (raw, tipo) in [("00052998224725", F), ("11222333000181", J)] {
            assert!(matches!(normaliza(raw, tipo), Ok(Some(Cow::Borrowed(_)))));
        }
    }

    #[test]
    fn mascara_guarda_so_o_meio() {
        assert_eq!(mascara("52998224725"), "***.982.247-**");
        assert_eq!(mascara("12ABC34501DE35"), "**.ABC.345/****-**");
        assert_eq!(mascara("qualquer"), "***");
        assert_eq!(mascara("\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}1"), "***");
        assert_eq!(formata("52998224725"), "529.982.247-25");
        assert_eq!(formata("11222333000181"), "11.222.333/0001-81");
    }

    proptest! {
        #[test]
        fn nunca_entra_em_panico(raw in "\\PC{0,20}") {
            let _ = normaliza(&raw, None);
            let _ = (mascara(&raw), formata(&raw));
        }

        #[test]
        fn formatado_e_lido_de_volta(n in 1u64..999_999_999) {
            let base = format!("{n:09}");
            for dv in 0..100 {
                let doc = format!("{base}{dv:02}");
                if let Ok(Some(lido)) = normaliza(&doc, F) {
                    prop_assert_eq!(le(&formata(&lido), F), Some(doc));
                }
            }
        }
    }
}
