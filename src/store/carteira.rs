//! Clients and contracts: what the imports load whole, and what people and exports read.

use super::db::{Cell, Db, Result};
use super::ledger::dia;
use crate::domain::situacao::Situacao;
use chrono::NaiveDate;

/// Keys, state and content hashes of a contract.
#[derive(Clone, Copy, Debug)]
pub struct Chaves<'a> {
    /// Row id.
    pub id: i64,
    /// Its ficha.
    pub ficha_id: i64,
    /// The contract, normalised.
    pub chave: &'a str,
    /// Its situação.
    pub situacao: Situacao,
    /// D0 of its block.
    pub bloqueado_em: Option<NaiveDate>,
    /// Hash of the contract's part.
    pub h: i64,
    /// Hash of the debt's part.
    pub h_divida: i64,
    /// Hash of the contacts.
    pub h_contato: i64,
}

/// About how many fichas and contracts there are, without counting them: their highest ids.
pub fn quantos(db: &Db) -> Result<(usize, usize)> {
    let max = |sql| Ok(db.int(sql, &[])?.and_then(|n| usize::try_from(n).ok()).unwrap_or(0));
    Ok((max("SELECT max(id) FROM ficha")?, max("SELECT max(id) FROM contrato")?))
}

/// Every ficha by id: id, document, hash.
pub fn fichas(db: &Db, mut f: impl FnMut(i64, &str, i64)) -> Result<()> {
    db.each("SELECT id, cpf_cnpj_cliente, h FROM ficha ORDER BY id", &[], |r| {
        f(r.i64(0)?, r.text(1)?.unwrap_or(""), r.i64(2)?);
        Ok(())
    })
}

/// Every contract, in the order of its id.
pub fn contratos(db: &Db, mut f: impl FnMut(&Chaves<'_>)) -> Result<()> {
    let sql = "SELECT c.id, c.ficha_id, c.chave, c.situacao, c.bloqueado_em, c.h, c.h_contato, d.h
               FROM contrato c JOIN divida d ON d.contrato_id=c.id ORDER BY c.id";
    db.each(sql, &[], |r| {
        let situacao = r.text(3)?.and_then(Situacao::parse).unwrap_or(Situacao::Ativo);
        f(&Chaves {
            id: r.i64(0)?,
            ficha_id: r.i64(1)?,
            chave: r.text(2)?.unwrap_or(""),
            situacao,
            bloqueado_em: if situacao == Situacao::Bloqueado { r.text(4)?.and_then(dia) } else { None },
            h: r.i64(5)?,
            h_contato: r.i64(6)?,
            h_divida: r.i64(7)?,
        });
        Ok(())
    })
}

/// Every contract's id and key.
pub fn chaves(db: &Db, mut f: impl FnMut(i64, &str)) -> Result<()> {
    db.each("SELECT id, chave FROM contrato", &[], |r| {
        f(r.i64(0)?, r.text(1)?.unwrap_or(""));
        Ok(())
    })
}

/// Every contract's id, situação and, where blocked, D0 of its block. Id and situação come from an index: the
/// rows themselves are wide.
pub fn situacoes(db: &Db, mut f: impl FnMut(u32, Situacao, Option<NaiveDate>)) -> Result<()> {
    let mut blocked = db.prepare("SELECT bloqueado_em FROM contrato WHERE id=?1")?;
    db.each("SELECT id, situacao FROM contrato", &[], |r| {
        // an unknown text can only be damage: such a contract is left as it is
        let situacao = r.text(1)?.and_then(Situacao::parse).unwrap_or(Situacao::Excluido);
        let id = r.i64(0)?;
        let d0 = match situacao {
            Situacao::Bloqueado => match blocked.query(&[Cell::Int(id)])?.next_row()? {
                Some(row) => row.text(0)?.and_then(dia),
                None => None,
            },
            _ => None,
        };
        f(u32::try_from(id).unwrap_or(0), situacao, d0);
        Ok(())
    })
}

/// The stored sets of a step: contract id and content hash.
pub fn conjuntos(db: &Db, etapa: &str, mut f: impl FnMut(i64, i64)) -> Result<()> {
    db.each("SELECT contrato_id, h FROM conjunto WHERE etapa=?1", &[Cell::Text(etapa)], |r| {
        f(r.i64(0)?, r.i64(1)?);
        Ok(())
    })
}

/// Number of contracts by situação.
pub fn por_situacao(db: &Db) -> Result<Vec<(String, i64)>> {
    db.rows("SELECT situacao, count(*) FROM contrato GROUP BY situacao ORDER BY situacao", &[], |r| {
        Ok((r.str(0)?, r.i64(1)?))
    })
}
