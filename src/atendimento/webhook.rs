//! The inbox of OMNE's webhooks (UC008): a body is kept as it came before anything is made of it (WH2).

use super::evento::{self, Evento};
use crate::clock::Agora;
use crate::store::db::{Db, Result};
use crate::store::webhook::{self, ARMAZENADO, Novo, RECEBIDO};

/// What became of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recebido {
    /// Its row.
    pub id: i64,
    /// It was not there yet.
    pub novo: bool,
}

/// Keeps a body, in the caller's transaction. The same body again changes nothing; another one under the same key is a
/// version of it, the newest by the moment that it tells (of equal moments, the last to come).
///
/// # Errors
/// The store cannot be written.
pub fn recebe(at: &Db, corpo: &[u8], agora: &Agora) -> Result<Recebido> {
    let sha = evento::sha256(corpo);
    let e = Evento::le(&evento::valor(corpo), &sha);
    let tipo = e.tipo.as_str();
    let (id, novo) = webhook::insere(
        at,
        &Novo {
            tipo,
            chave: &e.chave,
            sha256: &sha,
            versao: &e.versao,
            corpo,
            recebido_em: &agora.iso(),
            estado: if e.tipo.vincula() { RECEBIDO } else { ARMAZENADO },
            attendance: e.attendance.as_deref(),
            visitante: e.visitante.as_deref(),
        },
    )?;
    if novo && let Some((outra, versao)) = webhook::atual(at, tipo, &e.chave, id)? {
        if versao > e.versao {
            webhook::substitui(at, id, outra)?;
            if e.tipo.vincula() {
                // an older version may name the client that the newest does not
                webhook::reabre(at, outra)?;
            }
        } else {
            webhook::substitui(at, outra, id)?;
        }
    }
    Ok(Recebido { id, novo })
}
