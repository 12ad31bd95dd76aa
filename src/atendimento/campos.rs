//! From the layouts' columns to JSON: which fields an answer carries and how each type looks.

use crate::domain::valores::decimal_ponto;
use crate::layout::contato::lugar;
use crate::layout::{Field, Layout, Record, Type};
use crate::store::consulta::Consulta;
use crate::store::db::{Cell, Db, Result, Row};
use crate::store::schema::Tabela;
use serde::{Serialize, Serializer};
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

/// A stored value, kept until the answer is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Celula {
    /// NULL
    Nula,
    /// INTEGER
    Inteiro(i64),
    /// TEXT
    Texto(Box<str>),
}

impl Celula {
    /// Its text.
    pub fn texto(&self) -> Option<&str> {
        match self {
            Self::Texto(t) => Some(t),
            _ => None,
        }
    }

    /// Its number.
    pub const fn inteiro(&self) -> Option<i64> {
        match self {
            Self::Inteiro(n) => Some(*n),
            _ => None,
        }
    }
}

impl From<Cell<'_>> for Celula {
    fn from(c: Cell<'_>) -> Self {
        match c {
            Cell::Null | Cell::Blob(_) => Self::Nula,
            Cell::Int(n) => Self::Inteiro(n),
            Cell::Text(t) => Self::Texto(t.into()),
        }
    }
}

/// A stored value as the contract spells it: money and rates as decimal strings with their scale, whole numbers as
/// numbers, everything else as text, absent as null.
#[derive(Clone, Copy, Debug)]
pub struct Valor<'a>(pub &'a Celula, pub &'a Type);

impl Valor<'_> {
    /// What no column holds.
    pub const NADA: Valor<'static> = Valor(&Celula::Nula, &Type::Text);
}

impl Serialize for Valor<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
        match (self.0, self.1) {
            (Celula::Nula, _) => s.serialize_none(),
            (Celula::Inteiro(n), Type::Decimal { scale } | Type::Percent { scale }) => {
                s.serialize_str(&decimal_ponto(*n, *scale))
            }
            (Celula::Inteiro(n), Type::Int | Type::Year) => s.serialize_i64(*n),
            (Celula::Inteiro(n), _) => s.collect_str(n),
            (Celula::Texto(t), _) => s.serialize_str(t),
        }
    }
}

/// One row of a table, in the order of its [`Colunas`]; empty where there is no row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Linha(Vec<Celula>);

impl Linha {
    /// The value at a place.
    pub fn celula(&self, i: usize) -> &Celula {
        self.0.get(i).unwrap_or(&Celula::Nula)
    }
}

/// Columns of one table, each with the type that its field declares.
#[derive(Clone, Debug)]
pub struct Colunas {
    /// Name and type.
    pub colunas: Vec<(String, Type)>,
}

impl Colunas {
    /// The columns of a table that the fields of remessa fill, in their order.
    pub fn da_remessa(record: &Record, tabela: Tabela) -> Self {
        let mut colunas: Vec<(String, Type)> = Vec::new();
        for f in &record.fields {
            let Some((table, column)) = lugar(f) else { continue };
            if table == tabela.nome() && !colunas.iter().any(|(c, _)| *c == column) {
                colunas.push((column, f.ty.clone()));
            }
        }
        Self { colunas }
    }

    /// The columns of parcelas, garantias or refin: those of all records of these layouts, the contract being told
    /// by its row.
    pub fn dos_layouts<'l>(layouts: impl IntoIterator<Item = &'l Layout>) -> Self {
        let mut colunas: Vec<(String, Type)> = Vec::new();
        let records = layouts.into_iter().flat_map(|l| &l.records);
        for f in records.flat_map(|r| &r.fields).filter(|f| f.name != "contrato") {
            if !colunas.iter().any(|(c, _)| *c == f.name) {
                colunas.push((f.name.clone(), f.ty.clone()));
            }
        }
        Self { colunas }
    }

    /// `proprias`, then all of them, as a look-up names them.
    pub fn nomes<'a>(&'a self, proprias: &[&'a str]) -> Vec<&'a str> {
        proprias.iter().copied().chain(self.colunas.iter().map(|(c, _)| c.as_str())).collect()
    }

    /// The place of a column.
    pub fn lugar(&self, nome: &str) -> Option<usize> {
        self.colunas.iter().position(|(c, _)| c == nome)
    }

    /// The value at a place of a row.
    pub fn valor<'a>(&'a self, linha: &'a Linha, i: usize) -> Valor<'a> {
        self.colunas.get(i).map_or(Valor::NADA, |(_, ty)| Valor(linha.celula(i), ty))
    }

    /// The value of a column by name, for the few that are read so.
    pub fn de<'a>(&'a self, linha: &'a Linha, nome: &str) -> Valor<'a> {
        self.lugar(nome).map_or(Valor::NADA, |i| self.valor(linha, i))
    }

    /// Name and value of every column of a row.
    pub fn pares<'a>(&'a self, linha: &'a Linha) -> impl Iterator<Item = (&'a str, Valor<'a>)> {
        self.colunas.iter().enumerate().map(|(i, (nome, ty))| (nome.as_str(), Valor(linha.celula(i), ty)))
    }
}

/// The columns of a table, own ones first, and the look-up that reads them.
#[derive(Clone, Debug)]
pub struct Lida {
    /// The layouts' columns.
    pub colunas: Colunas,
    consulta: Consulta,
    proprias: usize,
}

impl Lida {
    /// Composes the look-up.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn nova(db: &Db, tabela: Tabela, proprias: &[&str], colunas: Colunas) -> Result<Self> {
        let consulta = Consulta::new(db, tabela, &colunas.nomes(proprias))?;
        Ok(Self { colunas, consulta, proprias: proprias.len() })
    }

    /// The rows under a key, each with its own columns still to be read from the first argument of `f`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn linhas<T>(&self, db: &Db, chave: i64, f: impl Fn(&Row<'_>, Linha) -> Result<T>) -> Result<Vec<T>> {
        let (from, n) = (self.proprias, self.colunas.colunas.len());
        self.consulta.linhas(db, chave, |r| {
            let cells = (from..from + n).map(|i| Ok(r.cell(i)?.into())).collect::<Result<Vec<Celula>>>()?;
            f(r, Linha(cells))
        })
    }
}
