//! What a room does for the engine: look at a line, then write it.

use super::mesma_assessoria;
use crate::domain::codigo::Codigo;
use crate::domain::contrato;
use crate::layout::OnError;
use crate::layout::linha::Linha;
use crate::layout::valor::Valor;
use crate::store::Store;
use crate::store::db::{Cell, DbError};
use crate::store::ledger::Arquivo;
use serde::Serialize;
use std::borrow::Cow;

/// 96 bits of a key's hash: a collision among a million keys is a matter of 10⁻¹⁷.
pub type Chave = [u32; 3];

/// The hash of a key.
pub fn chave(bytes: &[u8]) -> Chave {
    let h = xxhash_rust::xxh3::xxh3_128(bytes).to_le_bytes();
    let word = |i: usize| u32::from_le_bytes([h[i], h[i + 1], h[i + 2], h[i + 3]]);
    [word(0), word(4), word(8)]
}

/// A field's value as the store takes it.
#[inline]
pub fn celula<'v>(v: &'v Valor<'_>) -> Cell<'v> {
    match v {
        Valor::Nulo => Cell::Null,
        Valor::Int(i) => Cell::Int(*i),
        v => v.texto().map_or(Cell::Null, Cell::Text),
    }
}

/// What is to become of a line, one byte each: below [`APLICA`] a verdict, from there on the room's bits.
pub type Marca = u8;
/// Accepted, nothing to write.
pub const IGUAL: Marca = 0;
/// Rejected; code and field stand in the list of rejects.
pub const REJEITADA: Marca = 1;
/// Ignored: a later line of the same key wins.
pub const REPETIDA: Marca = 2;
/// Ignored: its block still holds.
pub const BLOQUEADA: Marca = 3;
/// Ignored: another line of its contract was rejected.
pub const COM_REJEITO: Marca = 4;
/// Ignored like [`REPETIDA`]; its contract is held, so our reject file keeps the line as well.
pub const REPETIDA_RETIDA: Marca = 5;
/// Ignored: its contract is not ATIVO.
pub const NAO_ATIVO: Marca = 6;
/// Ignored: a later remessa brought its contract.
pub const POSTERIOR: Marca = 7;
/// Ignored: a line of another agency, where that rejects nothing.
pub const OUTRA: Marca = 8;
/// From here on the line is written; the lower bits are the room's own.
pub const APLICA: Marca = 16;

/// The code under which a line is ignored.
pub const fn motivo_de_ignorar(m: Marca) -> Option<Codigo> {
    match m {
        REPETIDA | REPETIDA_RETIDA => Some(Codigo::LinhaRepetida),
        BLOQUEADA => Some(Codigo::BloqueioVigente),
        COM_REJEITO => Some(Codigo::ContratoComRejeito),
        NAO_ATIVO => Some(Codigo::ContratoNaoAtivo),
        POSTERIOR => Some(Codigo::RemessaPosterior),
        OUTRA => Some(Codigo::OutraAssessoria),
        _ => None,
    }
}

/// A rejected line: what is wrong, with which field. The message is made when it is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejeito {
    /// The code.
    pub codigo: Codigo,
    /// Index of the field in the line's record; `None`: the line as a whole.
    pub campo: Option<u16>,
}

impl Rejeito {
    /// The line as a whole.
    pub const fn linha(codigo: Codigo) -> Self {
        Self { codigo, campo: None }
    }

    /// One field of it.
    pub fn campo(codigo: Codigo, index: usize) -> Self {
        Self { codigo, campo: u16::try_from(index).ok() }
    }
}

/// Looks at every field of a line: rejects it, or adds the codes of fields that are dropped to `avisos`.
/// `assessoria` is the field of the agency and the campaign's code; another agency's line is
/// ASSESSORIA_DIVERGENTE (decisions 5).
///
/// # Errors
/// The line is rejected: data, not a failure.
pub fn valida(linha: &Linha<'_>, assessoria: Option<(usize, &str)>, avisos: &mut Vec<Codigo>) -> Result<(), Rejeito> {
    let clean = linha.limpa();
    for (i, field) in linha.record.fields.iter().enumerate() {
        if clean && field.is_free() {
            continue;
        }
        if let Err(codigo) = linha.valor(i) {
            if field.on_error == OnError::Reject {
                return Err(Rejeito::campo(codigo, i));
            }
            avisos.push(codigo);
        }
        if let Some((at, ascob)) = assessoria
            && at == i
            && !mesma_assessoria(linha.campo(i), ascob)
        {
            return Err(Rejeito::campo(Codigo::AssessoriaDivergente, i));
        }
    }
    Ok(())
}

/// The comparison key of the contract in field `i`.
///
/// # Errors
/// It is blank or no contract.
pub fn chave_do_contrato<'l>(linha: &Linha<'l>, i: usize) -> Result<Cow<'l, str>, Rejeito> {
    match contrato::chave(linha.campo(i)) {
        Ok(Some(k)) => Ok(k),
        Ok(None) => Err(Rejeito::campo(Codigo::CampoObrigatorio, i)),
        Err(e) => Err(Rejeito::campo(e.codigo(), i)),
    }
}

/// Why a room that asks the store about each line gives one up.
#[derive(Debug)]
pub enum Parada {
    /// The line is rejected.
    Rejeito(Rejeito),
    /// The store cannot be read.
    Store(DbError),
}

impl From<Rejeito> for Parada {
    fn from(r: Rejeito) -> Self {
        Self::Rejeito(r)
    }
}

impl From<DbError> for Parada {
    fn from(e: DbError) -> Self {
        Self::Store(e)
    }
}

/// Keeps the first failure of the store during the first pass, which knows only rejects: it comes out before
/// anything is written.
#[derive(Debug, Default)]
pub struct Falha(Option<DbError>);

impl Falha {
    /// What [`Passo::examina`] answers.
    ///
    /// # Errors
    /// The line is rejected.
    pub fn responde(&mut self, olhada: Result<Aceita, Parada>) -> Result<Aceita, Rejeito> {
        match olhada {
            Ok(a) => Ok(a),
            Err(Parada::Rejeito(r)) => Err(r),
            Err(Parada::Store(e)) => {
                self.0.get_or_insert(e);
                Ok(Aceita { chave: None, marca: IGUAL })
            }
        }
    }

    /// For [`Passo::gravador`].
    ///
    /// # Errors
    /// The failure that was kept.
    pub fn confere(self) -> Result<(), DbError> {
        self.0.map_or(Ok(()), Err)
    }
}

/// An accepted line.
#[derive(Clone, Copy, Debug)]
pub struct Aceita {
    /// Its key in the file: a later line of the same key makes this one LINHA_REPETIDA.
    pub chave: Option<Chave>,
    /// What the room would do with it.
    pub marca: Marca,
}

/// What writing a line did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Efeito {
    /// A new row.
    Criada,
    /// A row changed.
    Alterada,
    /// It was so already.
    Igual,
}

/// What an import did beyond its lines (contract section 4, `effects`).
#[derive(Clone, Copy, Debug, Default, Serialize, PartialEq, Eq)]
pub struct Efeitos {
    /// Contracts back in collection.
    pub altas: u64,
    /// ATIVO → BLOQUEADO.
    pub bloqueios: u64,
    /// → BAIXADO.
    pub baixas: u64,
    /// → EXCLUIDO.
    pub exclusoes: u64,
    /// Rows of a set that the new file no longer holds.
    pub removed: u64,
    /// The highest ID_CRM given, to be recorded before the commit.
    #[serde(skip)]
    pub maior_id: Option<i64>,
}

/// The brake of batimento (R022): what applying the file would do, which a person has to confirm by its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freio {
    /// The file waits for a confirmation; else the number is only there to be compared with one that was given.
    pub stops: bool,
    /// Contracts that it would close.
    pub closings: u64,
    /// Contracts ATIVO before.
    pub active: u64,
    /// Why it stopped and what applying it would do, for ops.
    pub message: String,
}

impl Freio {
    /// Whether the file passes, with the number that a person confirmed, if any: a wrong number never does.
    pub fn passa(&self, confirma: Option<u64>) -> bool {
        confirma.map_or(!self.stops, |n| n == self.closings)
    }
}

/// First pass of a room: looks, touches nothing.
pub trait Passo<'c> {
    /// Before the first line: the file as the ledger has it.
    ///
    /// # Errors
    /// The store cannot be read.
    fn arquivo(&mut self, _arquivo: &Arquivo) -> anyhow::Result<()> {
        Ok(())
    }

    /// Looks at one line; adds the codes of fields that would be dropped to `avisos`.
    ///
    /// # Errors
    /// The line is rejected: data, not a failure.
    fn examina(&mut self, linha: &Linha<'_>, avisos: &mut Vec<Codigo>) -> Result<Aceita, Rejeito>;

    /// All lines are known: settles what depends on the whole file. `plano[i]` is the mark of the line of
    /// index `i`.
    fn resolve(&mut self, plano: &mut [Marca]);

    /// After [`Passo::resolve`]: whether a person has to confirm what the file would do; `None` in a kind whose
    /// files close nothing by absence.
    fn freio(&self) -> Option<Freio> {
        None
    }

    /// After [`Passo::resolve`]: warnings that belong to no line.
    fn avisos(&self) -> Vec<(Codigo, u64)> {
        Vec::new()
    }

    /// The second pass, inside the transaction of `carteira.db`.
    ///
    /// # Errors
    /// The store cannot be read or prepared.
    fn gravador(self: Box<Self>, store: &'c Store, run: i64) -> anyhow::Result<Box<dyn Gravador + 'c>>;
}

/// Second pass of a room: writes the planned lines, in file order.
pub trait Gravador {
    /// Writes one line whose mark is [`APLICA`] or more.
    ///
    /// # Errors
    /// The store failed; nothing of the file is kept.
    fn grava(&mut self, linha: &Linha<'_>, marca: Marca) -> anyhow::Result<Efeito>;

    /// Records that a line was ignored and why, where the room keeps a history.
    ///
    /// # Errors
    /// The store failed.
    fn ignora(&mut self, _linha: &Linha<'_>, _marca: Marca) -> anyhow::Result<()> {
        Ok(())
    }

    /// After the last line, when the account is known to close. A room that writes `atendimento.db` commits
    /// there now.
    ///
    /// # Errors
    /// The store failed.
    fn fim(self: Box<Self>) -> anyhow::Result<Efeitos>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::db::{Db, Mode};
    use std::path::Path;
    use std::time::Duration;

    #[test]
    fn uma_falha_da_base_na_primeira_leitura_nao_e_rejeito_e_nao_se_perde() {
        let mut falha = Falha::default();
        let rejeito = Rejeito::linha(Codigo::ContratoDesconhecido);
        assert_eq!(falha.responde(Err(rejeito.into())).unwrap_err(), rejeito);
        assert!(Falha::default().confere().is_ok());
        let Err(e) = Db::open(Path::new("/nao/existe"), Mode::ReadOnly, Duration::ZERO) else { panic!("opened") };
        assert_eq!(falha.responde(Err(e.into())).unwrap().marca, IGUAL);
        assert!(falha.confere().is_err());
    }
}
