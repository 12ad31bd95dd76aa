//! Which contracts each remessa and batimento held, unchanged ones too: a late exclusao or batimento asks
//! whether a newer remessa still had the contract (REMESSA_POSTERIOR, decisions 5), an undo whether a later file
//! confirmed or missed what it would take back.

use super::db::{Cell, Db, Result};
use chrono::NaiveDate;
use std::collections::HashSet;

/// Records the contracts of a remessa or batimento; `ids` are sorted.
///
/// # Errors
/// The store cannot be written.
pub fn guarda(db: &Db, run: i64, ids: &[u32]) -> Result<()> {
    db.exec("INSERT INTO presenca (run, contratos) VALUES (?1, ?2)", &[Cell::Int(run), Cell::Blob(&comprime(ids))])?;
    Ok(())
}

/// The contracts whose last accepted remessa is of a later operating day than `dia`.
///
/// # Errors
/// The store cannot be read.
pub fn posteriores(db: &Db, dia: NaiveDate) -> Result<HashSet<u32>> {
    let mut found = HashSet::new();
    db.each(
        "SELECT p.contratos FROM presenca p JOIN run ON run.id=p.run WHERE run.kind='remessa' AND run.data_operacao>?1",
        &[Cell::Text(&dia.to_string())],
        |r| {
            found.extend(expande(&r.blob(0)?));
            Ok(())
        },
    )?;
    Ok(found)
}

/// The contracts that a run held; `None` where it recorded none.
///
/// # Errors
/// The store cannot be read.
pub fn da(db: &Db, run: i64) -> Result<Option<HashSet<u32>>> {
    let found = db.one("SELECT contratos FROM presenca WHERE run=?1", &[Cell::Int(run)], |r| r.blob(0))?;
    Ok(found.map(|b| expande(&b).into_iter().collect()))
}

/// Sorted ids as differences of seven bits a byte.
fn comprime(ids: &[u32]) -> Vec<u8> {
    let mut out = Vec::with_capacity(ids.len() + ids.len() / 4);
    let mut before = 0;
    for id in ids {
        let mut d = id - before;
        before = *id;
        while d >= 0x80 {
            out.push((d & 0x7F) as u8 | 0x80);
            d >>= 7;
        }
        out.push((d & 0x7F) as u8);
    }
    out
}

fn expande(bytes: &[u8]) -> Vec<u32> {
    let (mut out, mut last, mut d, mut shift) = (Vec::with_capacity(bytes.len()), 0u32, 0u32, 0u32);
    for b in bytes {
        d |= u32::from(b & 0x7F).checked_shl(shift).unwrap_or(0);
        shift += 7;
        if b & 0x80 == 0 {
            last = last.wrapping_add(d);
            out.push(last);
            (d, shift) = (0, 0);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ids_vao_e_voltam(mut ids in proptest::collection::vec(any::<u32>(), 0..50)) {
            ids.sort_unstable();
            prop_assert_eq!(expande(&comprime(&ids)), ids);
        }
    }
}
