//! What an import reports: the object of `import --json` (contract section 4) and its account.

use super::passo::Efeitos;
use crate::domain::codigo::Codigo;
use chrono::NaiveDate;
use serde::Serialize;
use std::collections::BTreeMap;

/// How an import ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Applied.
    Done,
    /// Applied; some lines were rejected.
    DoneWithRejects,
    /// Its gate is closed.
    Waiting,
    /// Refused whole.
    Refused,
    /// Stopped by the brake.
    Quarantined,
    /// The same content was applied before for the same day.
    Duplicate,
    /// It broke off; nothing applied.
    Failed,
}

impl State {
    /// As in JSON and in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::DoneWithRejects => "done_with_rejects",
            Self::Waiting => "waiting",
            Self::Refused => "refused",
            Self::Quarantined => "quarantined",
            Self::Duplicate => "duplicate",
            Self::Failed => "failed",
        }
    }

    /// Exit code (contract section 3).
    pub const fn exit(self) -> i64 {
        match self {
            Self::Done | Self::Duplicate => 0,
            Self::DoneWithRejects => 3,
            Self::Waiting => 4,
            Self::Refused | Self::Quarantined => 6,
            Self::Failed => 1,
        }
    }
}

/// The account of the lines: `read` equals the sum of the rest.
#[derive(Clone, Debug, Default, Serialize, PartialEq, Eq)]
pub struct Conta {
    /// Lines read.
    pub read: u64,
    /// New.
    pub created: u64,
    /// Changed.
    pub updated: u64,
    /// As they were.
    pub unchanged: u64,
    /// Ignored, by reason.
    pub ignored: BTreeMap<&'static str, u64>,
    /// Rejected, by code.
    pub rejected: BTreeMap<&'static str, u64>,
}

impl Conta {
    /// Rejected lines in all.
    pub fn rejeitadas(&self) -> u64 {
        self.rejected.values().sum()
    }

    /// Ignored lines in all.
    pub fn ignoradas(&self) -> u64 {
        self.ignored.values().sum()
    }

    /// One more ignored.
    pub fn ignora(&mut self, c: Codigo) {
        *self.ignored.entry(c.as_str()).or_default() += 1;
    }

    /// One more rejected.
    pub fn rejeita(&mut self, c: Codigo) {
        *self.rejected.entry(c.as_str()).or_default() += 1;
    }

    /// The closing account.
    ///
    /// # Errors
    /// [`NaoFecha`]: an internal invariant broke; nothing may be applied (exit 70).
    pub fn fecha(&self) -> Result<(), NaoFecha> {
        let sum = self.created + self.updated + self.unchanged + self.ignoradas() + self.rejeitadas();
        if sum == self.read { Ok(()) } else { Err(NaoFecha { read: self.read, sum }) }
    }
}

/// Lines read by a run, from its account in the ledger.
pub fn linhas_lidas(conta: &str) -> Option<u64> {
    let v: serde_json::Value = serde_json::from_str(conta).ok()?;
    v.pointer("/lines/read").and_then(serde_json::Value::as_u64)
}

/// Lines that changed nothing, from the account of a run in the ledger.
pub fn linhas_iguais(conta: &str) -> Option<u64> {
    let v: serde_json::Value = serde_json::from_str(conta).ok()?;
    v.pointer("/lines/unchanged").and_then(serde_json::Value::as_u64)
}

/// The lines read are not the lines accounted for.
#[derive(Debug, thiserror::Error)]
#[error("a conta não fecha: {read} linhas lidas, {sum} contabilizadas; nada foi aplicado")]
pub struct NaoFecha {
    /// Lines read.
    pub read: u64,
    /// Sum of created, updated, unchanged, ignored and rejected.
    pub sum: u64,
}

/// Why a file is waiting, refused, quarantined, duplicate or failed.
#[derive(Clone, Debug, Serialize)]
pub struct Reason {
    /// Stable code.
    pub code: &'static str,
    /// What ops read.
    pub message: String,
    /// FREIO: contracts that the file would close.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closings: Option<u64>,
    /// FREIO: contracts ATIVO before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<u64>,
}

impl Reason {
    /// A reason with this code.
    pub fn new(code: Codigo, message: impl Into<String>) -> Self {
        Self { code: code.as_str(), message: message.into(), closings: None, active: None }
    }
}

/// The report of one file.
#[derive(Clone, Debug, Serialize)]
pub struct Relatorio {
    /// The run; none where nothing was recorded.
    pub run: Option<i64>,
    /// The kind.
    pub kind: String,
    /// The file's name.
    pub file: String,
    /// SHA-256 of its bytes.
    pub sha256: Option<String>,
    /// The operating day.
    pub data_operacao: Option<NaiveDate>,
    /// How it ended.
    pub state: State,
    /// Exit code.
    pub exit: i64,
    /// The account.
    pub lines: Conta,
    /// Dropped fields and other warnings, by code.
    pub warnings: BTreeMap<&'static str, u64>,
    /// Columns of a CSV that its layout does not know (decisions 6): not read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown_columns: Vec<String>,
    /// Effects beyond the lines.
    pub effects: Efeitos,
    /// The file that goes back to Evo.
    pub error_file: Option<String>,
    /// What it waits for.
    pub waiting_for: Vec<String>,
    /// Duration in milliseconds.
    pub ms: u64,
    /// Rolled back: `--dry-run`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// Why it was not applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Which field codes the rejects have, for people: (code, field) → lines.
    #[serde(skip)]
    pub por_campo: BTreeMap<(&'static str, String), u64>,
    /// The first rejected line of each code: physical line, and index of the field.
    #[serde(skip)]
    pub primeiras: BTreeMap<&'static str, (u32, Option<u16>)>,
}

impl Relatorio {
    /// A report without an account.
    pub fn vazio(kind: &str, file: &str, state: State) -> Self {
        Self {
            run: None,
            kind: kind.to_owned(),
            file: file.to_owned(),
            sha256: None,
            data_operacao: None,
            state,
            exit: state.exit(),
            lines: Conta::default(),
            warnings: BTreeMap::new(),
            unknown_columns: Vec::new(),
            effects: Efeitos::default(),
            error_file: None,
            waiting_for: Vec::new(),
            ms: 0,
            dry_run: false,
            reason: None,
            por_campo: BTreeMap::new(),
            primeiras: BTreeMap::new(),
        }
    }

    /// Sets the state and its exit code.
    pub fn ends(&mut self, state: State) {
        self.state = state;
        self.exit = state.exit();
    }

    /// One more warning.
    pub fn avisa(&mut self, codigo: Codigo) {
        *self.warnings.entry(codigo.as_str()).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conta_que_nao_fecha_e_erro() {
        let mut c = Conta { read: 10, created: 4, updated: 3, unchanged: 1, ..Conta::default() };
        c.ignora(Codigo::LinhaRepetida);
        assert!(c.fecha().is_err());
        c.rejeita(Codigo::DataInvalida);
        assert!(c.fecha().is_ok());
    }
}
