//! MARCA_MASSIVA: the last mass action that reached a client (decisions 6).

use crate::store::db::{Cursor, Result};

/// One mark, as stored: ficha, contract (0: the ficha as a whole), sending time, text.
type Marca = (i64, i64, String, String);

/// Reads the marks of one ficha after the other from the ordered answer of
/// [`MARCAS`](crate::store::massiva::MARCAS), beside the fichas.
pub struct Marcas<'s> {
    cursor: Cursor<'s>,
    next: Option<Marca>,
}

impl<'s> Marcas<'s> {
    /// From a running query.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn new(mut cursor: Cursor<'s>) -> Result<Self> {
        let next = next_mark(&mut cursor)?;
        Ok(Self { cursor, next })
    }

    /// The last mark by sending time of a contract or its ficha, empty where there is none; of two of the same
    /// second the contract's. Asked with rising ids of fichas.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn de(&mut self, ficha: i64, contrato: i64) -> Result<String> {
        let mut last: Option<Marca> = None;
        while let Some(mark) = self.next.take_if(|m| m.0 <= ficha) {
            let ours = mark.0 == ficha && (mark.1 == 0 || mark.1 == contrato);
            // the ficha's stands first
            if ours && last.as_ref().is_none_or(|l| l.2 <= mark.2) {
                last = Some(mark);
            }
            self.next = next_mark(&mut self.cursor)?;
        }
        Ok(last.map(|(.., text)| text).unwrap_or_default())
    }
}

fn next_mark(cursor: &mut Cursor<'_>) -> Result<Option<Marca>> {
    cursor.next_row()?.map(|r| Ok((r.i64(0)?, r.i64(1)?, r.str(2)?, r.str(3)?))).transpose()
}
