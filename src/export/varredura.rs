//! One ordered look at every dialable ficha: its row, ready to be written or left out.
//!
//! **Performance:** fichas, phones, marks and what was sent are four ordered answers read side by side; a row is
//! built in the writer's own buffers and hashed there, so looking without writing costs no file.

use super::arquivo::h;
use super::linha::{self, Contrato, Discagem, Ficha, Fichas, Telefones};
use super::marca::Marcas;
use crate::layout::saida::Escritor;
use crate::store::db::{Cursor, Db, Result};
use crate::store::enviado;
use crate::store::massiva;
use std::io::Write;

/// How a ficha's row stands to what Manager was last sent of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contra {
    /// Manager does not have the ficha.
    Nova,
    /// It has another row, of this file.
    Mudada(i64),
    /// It has this very row.
    Igual,
}

/// Builds the row of every dialable ficha in `out`, by ID_CRM; `cada` ends it or leaves it out.
///
/// # Errors
/// The store cannot be read, or `cada` failed.
pub fn varre<W: Write>(
    moment: &Db,
    contacts: &Db,
    out: &mut Escritor<W>,
    regra: &Discagem,
    mut cada: impl FnMut(&mut Escritor<W>, &Ficha, &Contrato) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut q3 = contacts.prepare(massiva::MARCAS)?;
    let mut marcas = Marcas::new(q3.query(&[])?)?;
    let (mut q1, mut q2) = (moment.prepare(linha::FICHAS)?, moment.prepare(linha::TELEFONES)?);
    let mut fichas = Fichas::new(q1.query(&[])?)?;
    let mut telefones = Telefones::new(q2.query(&[])?)?;
    while let Some(ficha) = fichas.next_ficha()? {
        let Some(c) = ficha.discada() else { continue };
        let phones = telefones.de(ficha)?;
        let marca = marcas.de(ficha.id(), c.id())?;
        linha::celulas(out, ficha, c, phones, &marca, regra);
        cada(out, ficha, c)?;
    }
    Ok(())
}

/// What was sent, asked ficha by ficha.
pub struct Enviados<'s> {
    cursor: Cursor<'s>,
    next: Option<(i64, u64, i64)>,
    carga: i64,
    buf: Vec<u8>,
}

impl<'s> Enviados<'s> {
    /// From the running answer of [`enviado::ENVIADOS`]; `carga` is the last file that replaced all.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn new(cursor: Cursor<'s>, carga: i64) -> Result<Self> {
        let mut all = Self { cursor, next: None, carga, buf: Vec::new() };
        all.avanca()?;
        Ok(all)
    }

    fn avanca(&mut self) -> Result<()> {
        let row = self.cursor.next_row()?;
        self.next = row.map(|r| Ok((r.i64(0)?, r.i64(1)?.cast_unsigned(), r.i64(2)?))).transpose()?;
        Ok(())
    }

    /// How the row that stands in `out` compares with what was sent of its ficha. Asked with rising ids.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn contra<W: Write>(&mut self, ficha: i64, out: &Escritor<W>) -> Result<Contra> {
        while self.next.is_some_and(|(id, ..)| id < ficha) {
            self.avanca()?;
        }
        Ok(match self.next {
            // sent before the last carga and not in it: Manager lost it then
            Some((id, _, saida)) if id == ficha && saida < self.carga => Contra::Nova,
            Some((id, sent, _)) if id == ficha && sent == h(out.celulas(), &mut self.buf) => Contra::Igual,
            Some((id, _, saida)) if id == ficha => Contra::Mudada(saida),
            _ => Contra::Nova,
        })
    }
}

/// Prepares [`Enviados`] on a moment and hands it over.
///
/// # Errors
/// The store cannot be read, or `f` failed.
pub fn ao_lado<T>(moment: &Db, f: impl FnOnce(&mut Enviados<'_>) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let carga = enviado::ultima_carga(moment)?;
    let mut q = moment.prepare(enviado::ENVIADOS)?;
    let mut sent = Enviados::new(q.query(&[])?, carga)?;
    f(&mut sent)
}
