//! Tables of the two database files: the fixed ones as SQL, the wide ones from the layouts' columns.
//!
//! `carteira.db` holds what the bank's files say and the ledger of it; `atendimento.db` every contact with
//! people. No transaction spans both.
//!
//! **Journal:** each wide table that `undo` may take back has a shadow `<table>_ant`, filled by generated
//! triggers with the row as it was before a run changed or removed it. Rows that a run made are told by
//! their own `run` column, so inserts cost nothing.
//!
//! **Versions:** a file of another version is refused before anything in it is touched (ST5). There is no step from one
//! version to the next yet, because nobody has an older store: none was ever released. The first release freezes these
//! numbers; a later one that changes a table brings its step, in one transaction a file. What the layouts add needs no
//! version: [`widen`].

mod contatos;
mod fixas;
mod hsm;
mod usuarios;

use super::db::{Cell, Db, Result};
use fixas::{ATENDIMENTO, CARTEIRA};

/// Version of `carteira.db`; an older or newer file is refused (ST5).
pub const CARTEIRA_VERSION: i64 = 4;
/// Version of `atendimento.db`.
pub const ATENDIMENTO_VERSION: i64 = 6;

/// SQL type of a layout's column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tipo {
    /// Whole numbers, cents, scaled rates.
    Inteiro,
    /// Text, ISO dates.
    Texto,
}

/// A column that a layout brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coluna {
    /// Its name, `[a-z0-9_]`.
    pub nome: String,
    /// Its type.
    pub tipo: Tipo,
}

/// The wide tables: own columns here, the rest from the layouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tabela {
    /// Clients: one row per CPF/CNPJ, `id` is the ID_CRM.
    Ficha,
    /// Contracts: key, situação and content hashes; narrow, since imports change the situação of contracts that lie
    /// all over the table.
    Contrato,
    /// The part of a contract that rarely moves. A row of it changes only together with the contract's own.
    Cadastro,
    /// The part of a contract that moves every night.
    Divida,
    /// Phones, by ficha, origin, contract and position.
    Telefone,
    /// Addresses of the remessa, by contract and position.
    Endereco,
    /// E-mails of the remessa, by contract and position.
    Email,
    /// Installments, by contract and number.
    Parcela,
    /// Securities, by contract, type and sequence.
    Garantia,
    /// Acordos of baixa, by contract, acordo and the acordo's installment.
    Acordo,
    /// Refinancing offers, one per contract.
    Refin,
}

impl Tabela {
    /// All of them, parents first.
    pub const TODAS: [Self; 11] = [
        Self::Ficha,
        Self::Contrato,
        Self::Cadastro,
        Self::Divida,
        Self::Telefone,
        Self::Endereco,
        Self::Email,
        Self::Parcela,
        Self::Garantia,
        Self::Acordo,
        Self::Refin,
    ];

    /// Those that a remessa fills.
    pub const DA_REMESSA: [Self; 7] =
        [Self::Ficha, Self::Contrato, Self::Cadastro, Self::Divida, Self::Telefone, Self::Endereco, Self::Email];

    /// Its name.
    pub const fn nome(self) -> &'static str {
        match self {
            Self::Ficha => "ficha",
            Self::Contrato => "contrato",
            Self::Cadastro => "cadastro",
            Self::Divida => "divida",
            Self::Telefone => "telefone",
            Self::Endereco => "endereco",
            Self::Email => "email",
            Self::Parcela => "parcela",
            Self::Garantia => "garantia",
            Self::Acordo => "acordo",
            Self::Refin => "refin",
        }
    }

    /// The table of this name.
    pub fn chamada(nome: &str) -> Option<Self> {
        Self::TODAS.into_iter().find(|t| t.nome() == nome)
    }

    /// Own columns, each with its declaration.
    const fn proprias(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Ficha => &[
                ("id", "INTEGER PRIMARY KEY"),
                ("h", "INTEGER NOT NULL"),
                ("criada_run", "INTEGER NOT NULL"),
                ("run", "INTEGER NOT NULL"),
                ("linha", "INTEGER NOT NULL"),
            ],
            Self::Contrato => &[
                ("id", "INTEGER PRIMARY KEY"),
                ("ficha_id", "INTEGER NOT NULL REFERENCES ficha(id)"),
                ("chave", "TEXT NOT NULL"),
                ("situacao", "TEXT NOT NULL"),
                ("situacao_run", "INTEGER NOT NULL"),
                ("bloqueado_em", "TEXT"),
                ("h", "INTEGER NOT NULL"),
                ("h_contato", "INTEGER NOT NULL"),
                ("criado_run", "INTEGER NOT NULL"),
                ("criado_linha", "INTEGER NOT NULL"),
                ("run", "INTEGER NOT NULL"),
                ("linha", "INTEGER NOT NULL"),
            ],
            Self::Cadastro => &[
                ("contrato_id", "INTEGER PRIMARY KEY REFERENCES contrato(id)"),
                ("run", "INTEGER NOT NULL"),
                ("linha", "INTEGER NOT NULL"),
            ],
            Self::Divida => &[
                ("contrato_id", "INTEGER PRIMARY KEY REFERENCES contrato(id)"),
                ("h", "INTEGER NOT NULL"),
                ("run", "INTEGER NOT NULL"),
                ("linha", "INTEGER NOT NULL"),
            ],
            Self::Telefone => &[
                ("ficha_id", "INTEGER NOT NULL"),
                ("origem", "INTEGER NOT NULL"),
                ("contrato_id", "INTEGER NOT NULL"),
                ("ordem", "INTEGER NOT NULL"),
                ("fone", "TEXT NOT NULL"),
                ("score", "INTEGER"),
                ("run", "INTEGER NOT NULL"),
            ],
            Self::Endereco | Self::Email => {
                &[("contrato_id", "INTEGER NOT NULL"), ("ordem", "INTEGER NOT NULL"), ("run", "INTEGER NOT NULL")]
            }
            // bloqueou_em: D0 of the block that the acordo started; none while it is only stored
            Self::Acordo => &[
                ("contrato_id", "INTEGER NOT NULL"),
                ("k1", "TEXT NOT NULL"),
                ("k2", "INTEGER NOT NULL"),
                ("bloqueou_em", "TEXT"),
                ("run", "INTEGER NOT NULL"),
                ("linha", "INTEGER NOT NULL"),
            ],
            Self::Refin => &[
                ("contrato_id", "INTEGER PRIMARY KEY REFERENCES contrato(id)"),
                ("carregado_em", "TEXT NOT NULL"),
                ("h", "INTEGER NOT NULL"),
                ("run", "INTEGER NOT NULL"),
                ("linha", "INTEGER NOT NULL"),
            ],
            Self::Parcela | Self::Garantia => &[
                ("contrato_id", "INTEGER NOT NULL"),
                ("k1", "INTEGER NOT NULL"),
                ("k2", "INTEGER NOT NULL"),
                ("h", "INTEGER NOT NULL"),
                ("run", "INTEGER NOT NULL"),
                ("linha", "INTEGER NOT NULL"),
            ],
        }
    }

    /// The columns of its primary key; none of them ever changes in a row.
    pub const fn chave(self) -> &'static [&'static str] {
        match self {
            Self::Ficha | Self::Contrato => &["id"],
            Self::Cadastro | Self::Divida | Self::Refin => &["contrato_id"],
            Self::Telefone => &["ficha_id", "origem", "contrato_id", "ordem"],
            Self::Endereco | Self::Email => &["contrato_id", "ordem"],
            Self::Parcela | Self::Garantia | Self::Acordo => &["contrato_id", "k1", "k2"],
        }
    }

    const fn fim(self) -> &'static str {
        match self {
            Self::Ficha | Self::Contrato | Self::Cadastro | Self::Divida | Self::Refin => ") STRICT",
            Self::Telefone => ", PRIMARY KEY (ficha_id, origem, contrato_id, ordem)) STRICT, WITHOUT ROWID",
            Self::Endereco | Self::Email => ", PRIMARY KEY (contrato_id, ordem)) STRICT, WITHOUT ROWID",
            Self::Parcela | Self::Garantia | Self::Acordo => {
                ", PRIMARY KEY (contrato_id, k1, k2)) STRICT, WITHOUT ROWID"
            }
        }
    }

    /// Secondary indexes; on an empty base an import builds them last.
    pub const fn indices(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Ficha => &[("ficha_doc", "CREATE UNIQUE INDEX ficha_doc ON ficha(cpf_cnpj_cliente)")],
            Self::Contrato => &[
                ("contrato_chave", "CREATE UNIQUE INDEX contrato_chave ON contrato(chave)"),
                ("contrato_ficha", "CREATE INDEX contrato_ficha ON contrato(ficha_id, situacao)"),
            ],
            Self::Telefone => &[("telefone_fone", "CREATE INDEX telefone_fone ON telefone(fone)")],
            _ => &[],
        }
    }

    /// Whether `undo` can take its rows back: the sets of parcelas and garantias are replaced by a new file.
    pub const fn tem_diario(self) -> bool {
        !matches!(self, Self::Parcela | Self::Garantia)
    }

    /// Own and layout columns in table order.
    pub fn colunas(self, esquema: &Esquema) -> Vec<&str> {
        let own = self.proprias().iter().map(|(n, _)| *n);
        own.chain(esquema.de(self).iter().map(|c| c.nome.as_str())).collect()
    }

    /// `INSERT` with one parameter per column, in the order of [`Tabela::colunas`].
    pub fn insert_sql(self, esquema: &Esquema) -> String {
        let cols = self.colunas(esquema);
        let marks: Vec<String> = (1..=cols.len()).map(|i| format!("?{i}")).collect();
        format!("INSERT INTO {} ({}) VALUES ({})", self.nome(), cols.join(","), marks.join(","))
    }

    /// `UPDATE` of the named own columns and all layout columns; the key's condition comes last.
    pub fn update_sql(self, esquema: &Esquema, proprias: &[&str], chave: &[&str]) -> String {
        let wide = esquema.de(self).iter().map(|c| c.nome.as_str());
        let set = proprias.iter().copied().chain(wide);
        let set: Vec<String> = set.enumerate().map(|(i, c)| format!("{c}=?{}", i + 1)).collect();
        let n = set.len();
        let key: Vec<String> = chave.iter().enumerate().map(|(i, c)| format!("{c}=?{}", n + i + 1)).collect();
        // OR ROLLBACK: with ABORT each statement that fires the journal's trigger would first save its pages,
        // 16 KiB apiece, to be able to undo itself alone; a failing import rolls back whole anyway
        format!("UPDATE OR ROLLBACK {} SET {} WHERE {}", self.nome(), set.join(","), key.join(" AND "))
    }
}

/// The layouts' columns of each wide table; made by the import rules from the layouts.
#[derive(Clone, Debug, Default)]
pub struct Esquema {
    tabelas: Vec<(Tabela, Vec<Coluna>)>,
}

impl Esquema {
    /// Sets the columns of a table.
    pub fn set(&mut self, tabela: Tabela, colunas: Vec<Coluna>) {
        self.tabelas.retain(|(t, _)| *t != tabela);
        self.tabelas.push((tabela, colunas));
    }

    /// The layout columns of a table.
    pub fn de(&self, tabela: Tabela) -> &[Coluna] {
        self.tabelas.iter().find(|(t, _)| *t == tabela).map_or(&[], |(_, c)| c)
    }
}

/// Makes the tables of a new `carteira.db`, in one transaction.
pub fn create_carteira(db: &Db, esquema: &Esquema) -> Result<()> {
    let tx = db.begin()?;
    tx.script(CARTEIRA)?;
    for t in Tabela::TODAS {
        tx.script(&create_sql(t, esquema))?;
        for (_, sql) in t.indices() {
            tx.script(sql)?;
        }
        if t.tem_diario() {
            tx.script(&journal_sql(t, esquema))?;
        }
    }
    tx.script(&format!("PRAGMA user_version={CARTEIRA_VERSION}"))?;
    tx.commit()
}

/// Makes the tables of a new `atendimento.db`, in one transaction.
pub fn create_atendimento(db: &Db) -> Result<()> {
    let tx = db.begin()?;
    for tables in [ATENDIMENTO, hsm::HSM, contatos::PORTAL, contatos::WEBHOOK, contatos::WORKFLOW] {
        tx.script(tables)?;
    }
    for tables in [usuarios::USUARIOS, usuarios::FILA] {
        tx.script(tables)?;
    }
    tx.script(&format!("PRAGMA user_version={ATENDIMENTO_VERSION}"))?;
    tx.commit()
}

fn sql_type(c: &Coluna) -> &'static str {
    match c.tipo {
        Tipo::Inteiro => "INTEGER",
        Tipo::Texto => "TEXT",
    }
}

fn create_sql(t: Tabela, esquema: &Esquema) -> String {
    let own = t.proprias().iter().map(|(n, d)| format!("{n} {d}"));
    let wide = esquema.de(t).iter().map(|c| format!("{} {}", c.nome, sql_type(c)));
    let cols: Vec<String> = own.chain(wide).collect();
    format!("CREATE TABLE {} ({}{}", t.nome(), cols.join(", "), t.fim())
}

/// Shadow table and triggers of one table.
fn journal_sql(t: Tabela, esquema: &Esquema) -> String {
    let (n, cols) = (t.nome(), t.colunas(esquema));
    let list = cols.join(",");
    let old = cols.iter().map(|c| format!("OLD.{c}")).collect::<Vec<_>>().join(",");
    format!(
        "CREATE TABLE IF NOT EXISTS {n}_ant (ant_run INTEGER NOT NULL, ant_op TEXT NOT NULL, {list});
         CREATE INDEX IF NOT EXISTS {n}_ant_run ON {n}_ant(ant_run);
         DROP TRIGGER IF EXISTS {n}_muda; DROP TRIGGER IF EXISTS {n}_sai;
         CREATE TRIGGER {n}_muda AFTER UPDATE ON {n} BEGIN
           INSERT INTO {n}_ant (ant_run, ant_op, {list}) VALUES (NEW.run, 'U', {old}); END;
         CREATE TRIGGER {n}_sai AFTER DELETE ON {n} BEGIN
           INSERT INTO {n}_ant (ant_run, ant_op, {list}) VALUES ((SELECT run FROM corrente), 'D', {old}); END;"
    )
}

/// A column that the store keeps with another type than the layout wants.
#[derive(Debug, thiserror::Error)]
#[error("layout: o campo {coluna} da tabela {tabela} é {pedido} no layout, a base o guarda como {guardado}")]
pub struct OutroTipo {
    tabela: &'static str,
    coluna: String,
    pedido: &'static str,
    guardado: String,
}

/// The first column whose type in the store is not the layout's: a layout cannot turn a number into text
/// under the values that are there.
pub fn conflict(db: &Db, esquema: &Esquema) -> Result<Option<OutroTipo>> {
    for t in Tabela::TODAS {
        let have = columns(db, t.nome())?;
        for c in esquema.de(t) {
            if let Some((_, guardado)) = have.iter().find(|(n, ty)| *n == c.nome && ty != sql_type(c)) {
                let (coluna, guardado) = (c.nome.clone(), guardado.clone());
                return Ok(Some(OutroTipo { tabela: t.nome(), coluna, pedido: sql_type(c), guardado }));
            }
        }
    }
    Ok(None)
}

/// Adds the columns that the layouts brought since the store was made, in one transaction (ST5). Columns never go
/// away: an older layout may come back.
pub fn widen(db: &Db, esquema: &Esquema) -> Result<()> {
    let mut wider = Vec::new();
    for t in Tabela::TODAS {
        let have = columns(db, t.nome())?;
        let known = |c: &&Coluna| have.iter().any(|(n, _)| *n == c.nome);
        let missing: Vec<&Coluna> = esquema.de(t).iter().filter(|c| !known(c)).collect();
        if !missing.is_empty() {
            wider.push((t, missing));
        }
    }
    if wider.is_empty() {
        return Ok(());
    }
    let tx = db.begin()?;
    for (t, missing) in wider {
        for c in &missing {
            tx.script(&format!("ALTER TABLE {} ADD COLUMN {} {}", t.nome(), c.nome, sql_type(c)))?;
            if t.tem_diario() {
                tx.script(&format!("ALTER TABLE {}_ant ADD COLUMN {}", t.nome(), c.nome))?;
            }
        }
        if t.tem_diario() {
            tx.script(&journal_sql(t, esquema))?;
        }
    }
    tx.commit()
}

/// Name and type of a table's columns.
fn columns(db: &Db, table: &str) -> Result<Vec<(String, String)>> {
    db.rows("SELECT name, type FROM pragma_table_info(?1)", &[Cell::Text(table)], |r| Ok((r.str(0)?, r.str(1)?)))
}
