//! Look-ups of one client: by key, then its rows by the columns that the caller names. Only indexes and
//! primary keys are used, so a client costs the same in a store of any size.

use super::db::{Cell, Db, Result, Row, Tx};
use super::schema::Tabela;

/// The ficha with this document, in its stored form.
pub fn por_documento(db: &Db, documento: &str) -> Result<Option<i64>> {
    db.int("SELECT id FROM ficha WHERE cpf_cnpj_cliente=?1", &[Cell::Text(documento)])
}

/// The ficha of the contract with this key.
pub fn por_contrato(db: &Db, chave: &str) -> Result<Option<i64>> {
    db.int("SELECT ficha_id FROM contrato WHERE chave=?1", &[Cell::Text(chave)])
}

/// The ficha with this ID_CRM.
pub fn por_id(db: &Db, id: i64) -> Result<Option<i64>> {
    db.int("SELECT id FROM ficha WHERE id=?1", &[Cell::Int(id)])
}

/// Begins one moment of both files (AP15) and tells the version of the tables of `carteira.db`; `atendimento.db` is
/// attached under that name.
///
/// A deferred transaction takes each file as it is at the first look into it, so both are looked into before anything is
/// read; the contacts first, so that every client whom they name is there.
///
/// # Errors
/// The store cannot be read.
pub fn momento(db: &Db) -> Result<(Tx<'_>, i64)> {
    let moment = db.snapshot()?;
    moment.int("PRAGMA atendimento.schema_version", &[])?;
    let version = moment.int("PRAGMA main.schema_version", &[])?.unwrap_or(0);
    Ok((moment, version))
}

/// The named columns of a wide table, read by the key under which it hangs on a client: `id` for ficha,
/// the ficha for contrato and telefone, the contract for the rest.
#[derive(Clone, Debug)]
pub struct Consulta {
    sql: String,
}

impl Consulta {
    /// Composes the look-up. A column that the store does not have yet (a layout brought it, no import has
    /// run since) reads as NULL.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn new(db: &Db, tabela: Tabela, colunas: &[&str]) -> Result<Self> {
        let have = db.rows("SELECT name FROM pragma_table_info(?1)", &[Cell::Text(tabela.nome())], |r| r.str(0))?;
        let columns: Vec<&str> =
            colunas.iter().map(|c| if have.iter().any(|h| h == c) { *c } else { "NULL" }).collect();
        let (key, order) = match tabela {
            Tabela::Ficha => ("id", "id"),
            Tabela::Contrato => ("ficha_id", "id"),
            Tabela::Telefone => ("ficha_id", "origem, contrato_id, ordem"),
            Tabela::Endereco | Tabela::Email => ("contrato_id", "ordem"),
            Tabela::Parcela | Tabela::Garantia | Tabela::Acordo => ("contrato_id", "k1, k2"),
            Tabela::Cadastro | Tabela::Divida | Tabela::Refin => ("contrato_id", "contrato_id"),
        };
        let (list, table) = (columns.join(","), tabela.nome());
        Ok(Self { sql: format!("SELECT {list} FROM {table} WHERE {key}=?1 ORDER BY {order}") })
    }

    /// The rows under a key, in their order.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn linhas<T>(&self, db: &Db, chave: i64, f: impl FnMut(&Row<'_>) -> Result<T>) -> Result<Vec<T>> {
        db.rows(&self.sql, &[Cell::Int(chave)], f)
    }
}
