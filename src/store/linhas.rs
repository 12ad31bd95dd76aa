//! Stored rows that several look-ups read: what stands in the columns is said once, here.

use super::db::{Result, Row};
use crate::domain::discagem::Posicao;
use crate::domain::fone::Fone;
use crate::domain::situacao::Situacao;
use crate::domain::telefones::{LinhaTelefone, Origem, da_execucao, tipo_lido};

macro_rules! telefone {
    () => {
        "origem, ordem, fone, tipo, situacao, score, run"
    };
}

/// The columns of `telefone` that [`telefone`] reads, in its order.
pub const TELEFONE: &str = telefone!();

/// Ficha, contract and phone line of all fichas, by ficha.
pub const TELEFONES: &str = concat!(
    "SELECT ficha_id, contrato_id, ",
    telefone!(),
    " FROM telefone ORDER BY ficha_id, origem, contrato_id, ordem"
);

/// The same of the fichas of [`tocada`](super::tocada).
pub const TELEFONES_TOCADAS: &str = concat!(
    "SELECT ficha_id, contrato_id, ",
    telefone!(),
    " FROM temp.tocada t CROSS JOIN telefone WHERE ficha_id=t.id ORDER BY t.id, origem, contrato_id, ordem"
);

/// A phone line whose columns [`TELEFONE`] begin at `at`; `None` where its number does not read back, which can only
/// be damage: it was checked when it was written.
///
/// # Errors
/// The store cannot be read.
pub fn telefone(r: &Row<'_>, at: usize) -> Result<Option<LinhaTelefone>> {
    let Some(fone) = r.text(at + 2)?.and_then(Fone::from_completo) else { return Ok(None) };
    let (origem, seq) = Origem::gravada(r.i64(at)?, r.i64(at + 1)?);
    Ok(Some(LinhaTelefone {
        origem,
        tipo: tipo_lido(r.text(at + 3)?.unwrap_or("")),
        situacao: r.text(at + 4)?.and_then(|s| s.chars().next()),
        fone,
        score: r.int(at + 5)?,
        seq,
        quando: da_execucao(r.i64(at + 6)?),
    }))
}

/// What the choice of the dialled contract looks at; situacao, flag_falecido, flag_nao_perturbe and dias_atraso begin
/// at `at`. An unknown situação can only be damage: such a contract is never dialled.
///
/// # Errors
/// The store cannot be read.
pub fn posicao(r: &Row<'_>, at: usize) -> Result<Posicao> {
    Ok(Posicao {
        situacao: r.text(at)?.and_then(Situacao::parse).unwrap_or(Situacao::Excluido),
        nao_contatar: r.text(at + 1)? == Some("S") || r.text(at + 2)? == Some("S"),
        dias_atraso: r.int(at + 3)?,
    })
}
