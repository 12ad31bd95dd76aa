//! What the Portal added to a client (UC010/FA002–FA004), read where `atendimento.db` is attached under that name: the newest
//! [`MAXIMO`] of each kind.

use super::db::{Cell, Db, Result};
use super::historico::MAXIMO;
use crate::domain::fone::Fone;
use crate::domain::telefones::{LinhaTelefone, Origem};

/// The phones, oldest first, to be put behind those of the other origins: a score is as late as the last run that had
/// ended when it was given, and of equals the last line wins.
///
/// # Errors
/// The store cannot be read.
pub fn telefones(db: &Db, ficha: i64) -> Result<Vec<LinhaTelefone>> {
    let sql = "SELECT fone, tipo, score, CASE WHEN score IS NULL THEN 0 ELSE
                 (SELECT id FROM main.run WHERE fim<=score_em ORDER BY id DESC LIMIT 1) END
               FROM (SELECT * FROM atendimento.portal_telefone WHERE ficha_id=?1 ORDER BY id DESC LIMIT ?2) ORDER BY id";
    let lines = db.rows(sql, &[Cell::Int(ficha), Cell::Int(MAXIMO)], |r| {
        let Some(fone) = r.text(0)?.and_then(Fone::from_completo) else { return Ok(None) };
        Ok(Some(LinhaTelefone {
            origem: Origem::Portal,
            tipo: r.str(1)?.into(),
            situacao: None,
            fone,
            score: r.int(2)?,
            seq: 0,
            quando: r.i64(3)?,
        }))
    })?;
    Ok(lines.into_iter().flatten().collect())
}

/// The e-mails, oldest first.
///
/// # Errors
/// The store cannot be read.
pub fn emails(db: &Db, ficha: i64) -> Result<Vec<String>> {
    let sql = "SELECT email FROM (SELECT id, email FROM atendimento.portal_email WHERE ficha_id=?1
                 ORDER BY id DESC LIMIT ?2) ORDER BY id";
    db.rows(sql, &[Cell::Int(ficha), Cell::Int(MAXIMO)], |r| r.str(0))
}

/// The parts of an address that the Portal gives, under the names that they have in the remessa's.
pub const PARTES: [&str; 8] = ["tipo", "logradouro", "numero", "complemento", "bairro", "cidade", "uf", "cep"];

/// The addresses, oldest first, each in the order of [`PARTES`].
///
/// # Errors
/// The store cannot be read.
pub fn enderecos(db: &Db, ficha: i64) -> Result<Vec<[Option<String>; 8]>> {
    let sql = "SELECT tipo, logradouro, numero, complemento, bairro, cidade, uf, cep
               FROM (SELECT * FROM atendimento.portal_endereco WHERE ficha_id=?1 ORDER BY id DESC LIMIT ?2) ORDER BY id";
    db.rows(sql, &[Cell::Int(ficha), Cell::Int(MAXIMO)], |r| {
        let mut parts = [const { None }; 8];
        for (i, part) in parts.iter_mut().enumerate() {
            *part = r.string(i)?;
        }
        Ok(parts)
    })
}
