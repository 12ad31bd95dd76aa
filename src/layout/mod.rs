//! Layouts as data: what a file is called, how its lines are framed, which fields they hold.
//!
//! A layout is a TOML file (`layouts/*.toml`, contract section 6). The copies in the repository are built
//! into the binary; a folder named in the config overrides them file by file. [`load`] turns text into a
//! checked [`Layout`]; [`nome`] matches file names; [`frame`], [`text`], [`fixed`] and [`delimited`] turn
//! bytes into lines, [`leitor`] chooses between them, [`planilha`] makes delimited text of a workbook;
//! [`valor`] turns a field's text into a typed value or says what is wrong with it; [`regua`] shows where.
//!
//! **Invariant by absence:** nothing here knows the store, an import rule or a transport.

pub mod contato;
pub mod delimited;
pub mod fixed;
pub mod frame;
pub mod impressao;
pub mod leitor;
pub mod linha;
pub mod load;
pub mod nome;
pub mod planilha;
pub mod regua;
pub mod saida;
pub mod text;
pub mod valor;

use nome::NamePattern;

/// How the lines of a file are cut into fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Columns at fixed positions, one record type per tag and width.
    Fixed,
    /// Cells between delimiters, matched by a header line.
    Delimited,
    /// The first sheet of an `xls` or `xlsx` workbook, matched by a header row.
    Sheet,
}

/// Whose a field of remessa is: decides the table it lives in (contract section 6, `of`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The client's: the last accepted line of the newest file wins.
    Ficha,
    /// The contract's, moving rarely.
    Contrato,
    /// The contract's, moving every night (delay, values, scores).
    Divida,
    /// Phones, e-mails and addresses, kept per contract in tables of their own.
    Contato,
}

/// What becomes of a line whose field is bad (decisions 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnError {
    /// The line is rejected.
    Reject,
    /// The field is dropped and counted as a warning.
    Null,
}

/// The type of a field's text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// Free text, trimmed.
    Text,
    /// The contract's number: the key of nearly every file (`digitos` in decisions 1).
    Contrato,
    /// A code: text that keeps its zeros.
    Code,
    /// A whole number.
    Int,
    /// A number with implied decimals in fixed files, Brazilian notation in delimited ones.
    /// With scale 2 it is money, in cents.
    Decimal {
        /// Digits after the decimal point.
        scale: u8,
    },
    /// A rate in percent, with implied decimals in fixed files.
    Percent {
        /// Digits after the decimal point.
        scale: u8,
    },
    /// A date.
    Date {
        /// Order of day, month and year.
        format: DateFormat,
    },
    /// A moment, `DD/MM/AAAA HH:MM:SS`.
    DateTime,
    /// A year of four digits; zeros are none.
    Year,
    /// `S` or `N`.
    Flag,
    /// CPF or CNPJ.
    Document,
    /// A phone with its DDD.
    Phone,
}

/// The date notations that the bank's files use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DateFormat {
    /// `AAAAMMDD`; zeros are none.
    Aaaammdd,
    /// `DD/MM/AAAA`.
    DdMmAaaa,
}

impl DateFormat {
    /// The notation as ops and layout files write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aaaammdd => "AAAAMMDD",
            Self::DdMmAaaa => "DD/MM/AAAA",
        }
    }
}

/// One field of a record.
#[derive(Clone, Debug)]
pub struct Field {
    /// Column name in the store, `[a-z0-9_]`, at most 40 characters.
    pub name: String,
    /// Header cell in delimited files and sheets; the name in upper case unless the layout says otherwise.
    pub header: String,
    /// What people call it.
    pub label: Option<String>,
    /// The number of the field in the bank's dictionary.
    pub codigo: Option<u16>,
    /// 0-based half-open range of characters; `0..0` in delimited layouts.
    pub at: std::ops::Range<usize>,
    /// Its type.
    pub ty: Type,
    /// An empty field rejects the line.
    pub required: bool,
    /// What a bad field does.
    pub on_error: OnError,
    /// Changes by itself: makes no row "updated".
    pub volatile: bool,
    /// Personal data: its value is never shown in a message.
    pub personal: bool,
    /// Whose it is (remessa).
    pub of: Option<Part>,
    /// The closed list of values; empty when free.
    pub values: Vec<String>,
    /// All zeros mean none (DDD, phones, CEP, CPF).
    pub zeros_null: bool,
    /// For documents: index of the sibling that says `F` or `J`.
    pub pessoa: Option<usize>,
    /// Line of the layout file where the field stands, from 1.
    pub line: usize,
}

impl Field {
    /// Any printable text will do: in a line without control characters there is nothing to validate.
    pub fn is_free(&self) -> bool {
        self.ty == Type::Text && !self.required && self.values.is_empty()
    }
}

/// One record type: in fixed layouts chosen by the tag in column 1.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its name, unique in the layout.
    pub name: String,
    /// The tag in column 1; `None` when the layout has a single record without a tag.
    pub when: Option<String>,
    /// Width in characters, without the line break; 0 in delimited layouts.
    pub width: usize,
    /// Indexes of fields of which a header names at least one; none: the required ones are enough.
    pub one_of: Vec<usize>,
    /// The fields, by position.
    pub fields: Vec<Field>,
}

impl Record {
    /// Index of the field with this name.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|f| f.name == name)
    }
}

/// A checked layout.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Name of the file it came from, without `.toml`; unique.
    pub name: String,
    /// The kind of import or export it serves; a kind may have several layouts.
    pub kind: String,
    /// Patterns of the file names, matched whole and without case.
    pub files: Vec<NamePattern>,
    /// How lines are cut.
    pub format: Format,
    /// Cell delimiter of delimited layouts.
    pub delimiter: u8,
    /// The record types, one at least.
    pub records: Vec<Record>,
    /// Digest of everything above that changes how a line is read; seeds the content hashes.
    pub digest: u64,
}

impl Layout {
    /// The record with this tag in column 1.
    pub fn record_for(&self, tag: u8) -> Option<usize> {
        self.records.iter().position(|r| match &r.when {
            Some(w) => w.as_bytes() == [tag],
            None => true,
        })
    }

    /// The widest record, in characters.
    pub fn max_width(&self) -> usize {
        self.records.iter().map(|r| r.width).max().unwrap_or(0)
    }
}

/// All layouts of an installation, by kind and file name.
#[derive(Clone, Debug)]
pub struct Layouts(pub(crate) Vec<Layout>);

impl Layouts {
    /// All of them, sorted by name.
    pub fn iter(&self) -> std::slice::Iter<'_, Layout> {
        self.0.iter()
    }

    /// The layout with this file name (without `.toml`).
    pub fn get(&self, name: &str) -> Option<&Layout> {
        self.0.iter().find(|l| l.name == name)
    }

    /// The layout of a kind that has just one, of the same name.
    ///
    /// # Errors
    /// There is none.
    pub fn unico(&self, kind: &str) -> Result<&Layout, load::LayoutError> {
        self.get(kind).filter(|l| l.kind == kind).ok_or_else(|| load::LayoutError {
            file: format!("layouts/{kind}.toml"),
            line: 0,
            why: format!("the layout of {kind} is missing"),
        })
    }

    /// The layouts of a kind.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Layout> {
        self.0.iter().filter(move |l| l.kind == kind)
    }
}
