//! From the layouts' columns to JSON: which fields an answer carries and how each type looks.

use crate::domain::valores::decimal_ponto;
use crate::layout::contato::lugar;
use crate::layout::{Field, Layout, Record, Type};
use crate::store::db::{Cell, Result, Row};
use crate::store::schema::Tabela;
use serde_json::{Map, Value};

/// Field by name.
pub type Objeto = Map<String, Value>;

/// People in a line who are not the client.
const TERCEIROS: [&str; 4] = ["conjuge_", "empresa_trabalho_", "referencia_", "avalista_"];

/// Words that make a field's name that of a phone or an e-mail.
const CANAIS: [&str; 7] = ["ddd", "telefone", "fone", "celular", "whatsapp", "ramal", "email"];

/// Tag of the record of guarantors in garantias (R006–R009).
const GARANTIDOR: &str = "3";

fn canal(f: &Field) -> bool {
    f.ty == Type::Phone || f.name.split('_').any(|word| CANAIS.contains(&word))
}

/// Whether a field of remessa is a phone or an e-mail of somebody else: it stands in no answer (decisions 5).
pub fn canal_de_terceiro(f: &Field) -> bool {
    TERCEIROS.iter().any(|t| f.name.starts_with(t)) && canal(f)
}

/// Whether a field of garantias is a phone or an e-mail of the guarantor.
pub fn canal_do_garantidor(r: &Record, f: &Field) -> bool {
    (r.when.as_deref() == Some(GARANTIDOR) || r.name == "garantidor") && canal(f)
}

/// A stored value as the contract spells it: money and rates as decimal strings with their scale, whole
/// numbers as numbers, everything else as text, absent as null.
pub fn valor(cell: Cell<'_>, ty: &Type) -> Value {
    match (cell, ty) {
        (Cell::Null | Cell::Blob(_), _) => Value::Null,
        (Cell::Int(n), Type::Decimal { scale } | Type::Percent { scale }) => decimal_ponto(n, *scale).into(),
        (Cell::Int(n), Type::Int | Type::Year) => n.into(),
        (Cell::Int(n), _) => n.to_string().into(),
        (Cell::Text(t), _) => t.into(),
    }
}

/// Columns of one table, each with the type that its field declares.
#[derive(Clone, Debug)]
pub struct Colunas<'l> {
    /// The table.
    pub tabela: Tabela,
    /// Name and type.
    pub colunas: Vec<(String, &'l Type)>,
}

impl<'l> Colunas<'l> {
    /// The columns of a table that the fields of remessa fill, in their order.
    pub fn da_remessa(record: &'l Record, tabela: Tabela) -> Self {
        let mut colunas: Vec<(String, &'l Type)> = Vec::new();
        for f in &record.fields {
            let Some((table, column)) = lugar(f) else { continue };
            if table == tabela.nome() && !colunas.iter().any(|(c, _)| *c == column) {
                colunas.push((column, &f.ty));
            }
        }
        Self { tabela, colunas }
    }

    /// The columns of parcelas, garantias or refin: those of all records of these layouts, the contract being told
    /// by its row.
    pub fn dos_layouts(layouts: impl IntoIterator<Item = &'l Layout>, tabela: Tabela) -> Self {
        let mut colunas: Vec<(String, &'l Type)> = Vec::new();
        let records = layouts.into_iter().flat_map(|l| &l.records);
        for f in records.flat_map(|r| &r.fields).filter(|f| f.name != "contrato") {
            if !colunas.iter().any(|(c, _)| *c == f.name) {
                colunas.push((f.name.clone(), &f.ty));
            }
        }
        Self { tabela, colunas }
    }

    /// `proprias`, then all of them, as a look-up names them.
    pub fn nomes<'a>(&'a self, proprias: &[&'a str]) -> Vec<&'a str> {
        proprias.iter().copied().chain(self.colunas.iter().map(|(c, _)| c.as_str())).collect()
    }

    /// The row's values by column; they stand behind `proprias` others.
    pub fn objeto(&self, row: &Row<'_>, proprias: usize) -> Result<Objeto> {
        self.colunas
            .iter()
            .enumerate()
            .map(|(i, (name, ty))| Ok((name.clone(), valor(row.cell(proprias + i)?, ty))))
            .collect()
    }

    /// The values of one record's fields only, phones and e-mails of guarantors left out.
    pub fn do_registro(&self, record: &Record, row: &Row<'_>, proprias: usize) -> Result<Objeto> {
        let mut out = Objeto::new();
        for f in record.fields.iter().filter(|f| f.name != "contrato" && !canal_do_garantidor(record, f)) {
            if let Some(i) = self.colunas.iter().position(|(c, _)| *c == f.name) {
                out.insert(f.name.clone(), valor(row.cell(proprias + i)?, &f.ty));
            }
        }
        Ok(out)
    }
}

/// The record that a stored row of a set came from: the only one, or the one whose tag is the row's key.
pub fn registro(layout: &Layout, k1: i64) -> Option<&Record> {
    match layout.records.as_slice() {
        [only] => Some(only),
        all => all.iter().find(|r| r.when.as_deref().and_then(|w| w.parse().ok()) == Some(k1)),
    }
}
