//! A layout file as it is written, before anything is checked (contract section 6).

use serde::Deserialize;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLayout {
    pub(super) kind: Spanned<String>,
    pub(super) files: Vec<Spanned<String>>,
    pub(super) format: RawFormat,
    pub(super) encoding: Option<Spanned<String>>,
    pub(super) delimiter: Option<Spanned<String>>,
    pub(super) record: Vec<Spanned<RawRecord>>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawFormat {
    Fixed,
    Delimited,
    Sheet,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRecord {
    pub(super) name: String,
    pub(super) when: Option<String>,
    pub(super) width: Option<usize>,
    #[serde(default)]
    pub(super) one_of: Vec<String>,
    pub(super) fields: Vec<Spanned<RawField>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawField {
    pub(super) name: String,
    pub(super) at: Option<[usize; 2]>,
    #[serde(rename = "type")]
    pub(super) ty: String,
    pub(super) scale: Option<u8>,
    pub(super) format: Option<String>,
    #[serde(default)]
    pub(super) required: bool,
    pub(super) on_error: Option<RawOnError>,
    #[serde(default)]
    pub(super) volatile: bool,
    #[serde(default)]
    pub(super) personal: bool,
    pub(super) label: Option<String>,
    pub(super) codigo: Option<u16>,
    pub(super) of: Option<RawPart>,
    #[serde(default)]
    pub(super) values: Vec<String>,
    pub(super) zeros: Option<RawZeros>,
    pub(super) pessoa: Option<String>,
    pub(super) header: Option<String>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawOnError {
    Reject,
    Null,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawPart {
    Ficha,
    Contrato,
    Divida,
    Contato,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawZeros {
    Null,
}
