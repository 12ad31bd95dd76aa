//! What a file for Manager would change, told before it goes (`--dry-run`): which fichas come, go or change, and why.
//!
//! Values are never told, only the names of columns: half of them are personal.

use super::Pedido;
use super::arquivo::{Linhas, layout};
use super::baixa::Motivo;
use super::varredura::Contra;
use crate::domain::dia::br;
use crate::store::db::Db;
use crate::store::enviado::{self, Enviada, Linha};
use crate::store::saida::{self, Tipo};
use std::collections::BTreeMap;
use std::fs::File;

/// How many fichas of each sort are told one by one.
pub const MOSTRADAS: usize = 10;

/// What happens to a ficha.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sorte {
    /// It comes.
    Entra,
    /// Its row changes.
    Muda,
    /// It goes.
    Sai,
}

/// One ficha.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What happens to it.
    pub sorte: Sorte,
    /// ID_CRM.
    pub ficha: i64,
    /// The contract of its row.
    pub contrato: String,
    /// Rule, columns or motive.
    pub porque: String,
}

/// ID_CRM and the new cells of its row.
type Mudada = (i64, Vec<Vec<u8>>);

/// The difference to what Manager was last sent.
#[derive(Clone, Debug, Default)]
pub struct Diferenca {
    /// Fichas that come.
    pub entram: u64,
    /// Fichas whose row changes.
    pub mudam: u64,
    /// Fichas whose row stays.
    pub iguais: u64,
    /// Fichas that go.
    pub saem: u64,
    /// The first of each sort.
    pub itens: Vec<Item>,
    /// New cells of changed rows, by the file that holds the old ones.
    mudadas: BTreeMap<i64, Vec<Mudada>>,
}

impl Diferenca {
    /// Counts the row of a dialable ficha.
    pub(super) fn linha<'c>(
        &mut self,
        db: &Db,
        contra: Contra,
        ficha: i64,
        contrato: &str,
        cells: impl Iterator<Item = &'c [u8]>,
    ) -> anyhow::Result<()> {
        let item = |sorte, porque| Item { sorte, ficha, contrato: contrato.to_owned(), porque };
        match contra {
            Contra::Igual => self.iguais += 1,
            Contra::Nova => {
                if count(&mut self.entram) {
                    let porque = match enviado::entrou_em_ativo(db, ficha)? {
                        Some((regra, Some(dia))) => format!("{regra} em {}", br(dia)),
                        Some((regra, None)) => regra,
                        None => String::new(),
                    };
                    self.itens.push(item(Sorte::Entra, porque));
                }
            }
            Contra::Mudada(file) => {
                if count(&mut self.mudam) {
                    self.itens.push(item(Sorte::Muda, String::new()));
                    self.mudadas.entry(file).or_default().push((ficha, cells.map(<[u8]>::to_vec).collect()));
                }
            }
        }
        Ok(())
    }

    /// Counts a ficha that goes.
    pub(super) fn sai(&mut self, e: &Enviada, m: &Motivo) -> anyhow::Result<()> {
        if count(&mut self.saem) {
            let mut porque = m.dia.map_or_else(|| m.texto.to_owned(), |d| format!("{} em {}", m.texto, br(d)));
            if let Some(run) = m.run {
                porque.push_str(&format!(", execução {run}"));
            }
            self.itens.push(Item { sorte: Sorte::Sai, ficha: e.ficha, contrato: e.contrato.clone(), porque });
        }
        Ok(())
    }

    /// Finds which columns changed, in the files that were sent: the outbox keeps them.
    pub(super) fn compara(&mut self, p: &Pedido<'_>) -> anyhow::Result<()> {
        for (id, wanted) in std::mem::take(&mut self.mudadas) {
            let file = saida::get(&p.store.db, id)?.map(|s| File::open(p.config.data.join(s.caminho)));
            let Some(Ok(file)) = file else {
                wanted
                    .iter()
                    .for_each(|(ficha, _)| self.explica(*ficha, "o arquivo anterior não está mais na caixa de saída"));
                continue;
            };
            let (layout, _) = layout(p.layouts, Tipo::Carga)?;
            let headers = layout.records.first().map_or(&[][..], |r| &r.fields);
            let (mut old, mut row) = (Linhas::new(file, layout), Linha::default());
            while old.proxima(&mut row)? {
                let Some((_, new)) = wanted.iter().find(|(ficha, _)| *ficha == row.ficha) else { continue };
                let changed = headers.iter().zip(new).zip(old.celulas()).filter(|((_, new), old)| new != old);
                let names: Vec<&str> = changed.map(|((f, _), _)| f.header.as_str()).collect();
                self.explica(row.ficha, &names.join(", "));
            }
        }
        // as they were met: by ficha within a sort
        self.itens.sort_by_key(|i| (i.sorte as u8, i.ficha));
        Ok(())
    }

    fn explica(&mut self, ficha: i64, porque: &str) {
        if let Some(i) = self.itens.iter_mut().find(|i| i.ficha == ficha && i.sorte == Sorte::Muda) {
            porque.clone_into(&mut i.porque);
        }
    }
}

/// Counts one more; says whether it is among those told one by one.
fn count(n: &mut u64) -> bool {
    *n += 1;
    *n <= MOSTRADAS as u64
}
