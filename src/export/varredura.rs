//! One ordered look at every dialable ficha: its row, ready to be written or left out.
//!
//! **Performance:** fichas, phones of the files and of Portal, marks and what was sent are ordered answers read side by side; a row is
//! built in the writer's own buffers and hashed there, so looking without writing costs no file.

use super::arquivo::h;
use super::linha::{self, Contrato, Discagem, Ficha, Fichas, Telefones};
use super::marca::Marcas;
use crate::layout::saida::Escritor;
use crate::store::db::{Cursor, Db, Result};
use crate::store::enviado;
use crate::store::linhas;
use crate::store::massiva;
use crate::store::nao_contatar::NaoContatar;
use crate::store::portal;
#[cfg(doc)]
use crate::store::tocada;
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

/// Which fichas are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quais {
    /// All.
    Todas,
    /// Those of [`tocada`]: no other row can differ from what the last look found.
    Tocadas,
}

/// Builds the row of every dialable ficha in `out`, by ID_CRM; `cada` ends it or leaves it out.
///
/// # Errors
/// The store cannot be read, or `cada` failed.
pub fn varre<W: Write>(
    moment: &Db,
    contacts: &Db,
    quais: Quais,
    out: &mut Escritor<W>,
    regra: &Discagem,
    mut cada: impl FnMut(&mut Escritor<W>, &Ficha, &Contrato) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut q3 = contacts.prepare(massiva::MARCAS)?;
    let mut marcas = Marcas::new(q3.query(&[])?)?;
    let (fichas, telefones) = match quais {
        Quais::Todas => (linha::FICHAS, linhas::TELEFONES),
        Quais::Tocadas => (linha::FICHAS_TOCADAS, linhas::TELEFONES_TOCADAS),
    };
    let (mut q1, mut q2) = (moment.prepare(fichas)?, moment.prepare(telefones)?);
    let mut fichas = Fichas::new(q1.query(&[])?)?;
    let mut q4 = contacts.prepare(portal::TELEFONES)?;
    let mut telefones = Telefones::new(q2.query(&[])?, q4.query(&[])?)?;
    let calados = NaoContatar::todas(contacts)?;
    while let Some(ficha) = fichas.next_ficha()? {
        let Some(c) = ficha.discada().filter(|_| !calados.tem(ficha.id())) else { continue };
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
pub fn ao_lado<T>(
    moment: &Db,
    quais: Quais,
    f: impl FnOnce(&mut Enviados<'_>) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let carga = enviado::ultima_carga(moment)?;
    let mut q = moment.prepare(match quais {
        Quais::Todas => enviado::ENVIADOS,
        Quais::Tocadas => enviado::ENVIADOS_TOCADAS,
    })?;
    let mut sent = Enviados::new(q.query(&[])?, carga)?;
    f(&mut sent)
}
