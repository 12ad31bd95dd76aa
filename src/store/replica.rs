//! A copy of both files of the store in one, for others to read (section 4 of the spec: BI, with the scores).
//!
//! The copy is made anew each time, table by table, in transactions that see one moment of each file
//! while imports go on; only what is named here or by the caller's columns leaves. The phones leave as the one
//! list that is shown and dialled, made by the domain's rule as everywhere. The `bi_…` views stand on top.
//!
//! **Performance:** a table that leaves whole is copied record by record as it lies: SQLite's transfer wants
//! `SELECT *`, the same columns and no second index, so indexes are built last and no foreign key is checked. What has
//! to be read value by value takes most of the time, so half of it (the fichas and the list of phones) is made beside the
//! rest, into a file of its own that is then taken over whole.

mod telefone;
mod vistas;

use super::db::{Cell, Db, Mode, Result};
use super::schema::{self, Esquema, Tabela};
use super::{ATENDIMENTO, CARTEIRA, READER_BUSY, Store, StoreError, check_version};
use std::path::Path;
use std::thread;

/// Mark of a replica in the head of its file (`application_id`), so that nothing else is ever replaced by one.
pub const MARCA: u32 = 0x6174_6f52;

/// A column of a layout that leaves, as the dictionary of the replica describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Campo {
    /// Its table in the store.
    pub tabela: Tabela,
    /// Its name.
    pub coluna: String,
    /// What it holds, in Portuguese.
    pub tipo: &'static str,
    /// Digits after the decimal point that the whole number implies.
    pub casas: u8,
    /// Personal data.
    pub pessoal: bool,
}

/// What the replica is to hold.
#[derive(Clone, Copy, Debug)]
pub struct Pedido<'a> {
    /// The columns of the layouts that leave.
    pub campos: &'a [Campo],
    /// Whether numbers, addresses, names and texts of the contacts leave as well.
    pub pessoais: bool,
    /// When, local time.
    pub em: &'a str,
}

/// What the replica holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Feita {
    /// Rows by table, in the order of copying, as a reader counts: that a contract is kept in two tables is ours, and that
    /// it was created is an event like the others.
    pub linhas: Vec<(&'static str, usize)>,
    /// The newest day whose remessa is done.
    pub data_operacao: Option<String>,
}

/// A table with fixed columns: file, name, columns that never leave, columns that are personal.
type Fixa = (&'static str, &'static str, &'static [&'static str], &'static [&'static str]);

/// The fixed tables that leave; whatever is not named stays: the night's own state, journals of undo, the audit.
const FIXAS: [Fixa; 13] = [
    ("carteira", "campanha", &[], &[]),
    ("carteira", "arquivo", &["mtime", "caminho"], &[]),
    ("carteira", "run", &["arquivo_rejeitos"], &[]),
    ("carteira", "rejeito", &["posicao", "tamanho"], &[]),
    ("carteira", "dispensa", &[], &[]),
    ("carteira", "evento", &[], &[]),
    ("carteira", "saida", &["caminho"], &[]),
    ("carteira", "enviado", &["h", "cpf_cnpj"], &[]),
    ("atendimento", "lote", &["rejeitos"], &[]),
    ("atendimento", "hsm", &["resposta"], &["fone", "nome"]),
    ("atendimento", "massiva", &[], &["fone", "email", "mensagem"]),
    ("atendimento", "marca", &[], &[]),
    ("atendimento", "retorno", &[], &["fone"]),
];

/// Tables of contacts whose number may by now be a third party's, and what stands before it there.
const COM_FONE: [(&str, &str); 3] = [("hsm", "55"), ("massiva", ""), ("retorno", "")];

/// Tables of fixed columns that repeat the number of a contract, and what stands in its place where it is personal.
const COM_CONTRATO: [&str; 3] = ["rejeito", "enviado", "hsm"];
const SEM_CONTRATO: (&str, &str) = ("contrato", "NULL");

/// Only what the views join on: an index costs its sort on every replica, and BI reads tables whole.
const INDICES: &str = "
CREATE INDEX main.contrato_ficha ON contrato(ficha_id, situacao);
CREATE INDEX main.arquivo_dia ON arquivo(data_operacao, kind);
CREATE INDEX main.hsm_ficha ON hsm(ficha_id);
CREATE INDEX main.massiva_ficha ON massiva(ficha_id);
CREATE INDEX main.retorno_ficha ON retorno(ficha_id);
";

/// What is made beside the rest, in the order in which it is taken over.
const AO_LADO: [&str; 2] = ["ficha", "telefone"];
/// Two looks at the store that see one moment are found at once unless somebody commits between them.
const TENTATIVAS: usize = 1000;

/// Fills `arquivo` with a replica of the store, by way of `lado`; both must be empty. Nothing is synced: that is the
/// caller's, who also throws both away when this fails.
///
/// # Errors
/// The store cannot be read, a file not written.
pub fn gera(store: &Store, arquivo: &Path, lado: &Path, p: &Pedido<'_>) -> std::result::Result<Feita, StoreError> {
    let (db, beside) = (abre(store, arquivo)?, abre(store, lado)?);
    num_momento(&store.db, &db, &beside)?;
    check_version(&db, "carteira", CARTEIRA, schema::CARTEIRA_VERSION)?;
    check_version(&db, "atendimento", ATENDIMENTO, schema::ATENDIMENTO_VERSION)?;
    let (feita, other) = thread::scope(|s| {
        let other = s.spawn(move || ao_lado(&beside, p));
        (principal(&db, p), other.join())
    });
    let mut feita = feita?;
    other.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    db.script("COMMIT")?;
    db.attach(lado, "lado")?;
    let tx = db.begin()?;
    for (place, table) in AO_LADO.into_iter().enumerate() {
        feita.linhas.insert(place, (table, copia(&tx, ("lado", table), |_| true, None)?));
    }
    tx.script(INDICES)?;
    vistas::cria(&tx, p)?;
    assina(&tx, p, feita.data_operacao.as_deref())?;
    tx.commit()?;
    Ok(feita)
}

/// An empty file with both of the store attached.
fn abre(store: &Store, path: &Path) -> Result<Db> {
    let db = Db::open(path, Mode::Scratch, READER_BUSY)?;
    // the mark comes first: also what a killed run leaves is told by it
    db.script(&format!("PRAGMA foreign_keys=OFF; PRAGMA application_id={MARCA}"))?;
    db.attach(&store.dir().join(CARTEIRA), "carteira")?;
    db.attach(&store.dir().join(ATENDIMENTO), "atendimento")?;
    Ok(db)
}

/// Begins both transactions at one moment of each file: whoever watches sees no commit between the two.
fn num_momento(vigia: &Db, one: &Db, other: &Db) -> Result<()> {
    let versions = || -> Result<[Option<i64>; 2]> {
        Ok([vigia.int("PRAGMA main.data_version", &[])?, vigia.int("PRAGMA atendimento.data_version", &[])?])
    };
    for _ in 0..TENTATIVAS {
        let before = versions()?;
        for db in [one, other] {
            // it opens a read transaction on each file attached read-only
            db.script("BEGIN IMMEDIATE")?;
        }
        if versions()? == before {
            return Ok(());
        }
        one.script("ROLLBACK")?;
        other.script("ROLLBACK")?;
    }
    Err(one.ocupado("o store é gravado sem parar e não se deixa ver num só momento"))
}

/// The fichas and the list of phones.
fn ao_lado(db: &Db, p: &Pedido<'_>) -> Result<()> {
    larga(db, p, Tabela::Ficha)?;
    telefone::lista(db, p.pessoais)?;
    db.script("COMMIT")
}

/// Everything else.
fn principal(db: &Db, p: &Pedido<'_>) -> Result<Feita> {
    let mut linhas = Vec::new();
    for t in Tabela::TODAS {
        // e-mails are nothing but personal; the phones are made into one list
        if matches!(t, Tabela::Ficha | Tabela::Telefone) || (t == Tabela::Email && !p.pessoais) {
            continue;
        }
        let n = larga(db, p, t)?;
        if t != Tabela::Cadastro {
            linhas.push((t.nome(), n));
        }
    }
    for (file, table, never, personal) in FIXAS {
        let keep = |c: &str| !never.contains(&c) && (p.pessoais || !personal.contains(&c));
        let other = trocada(p, table);
        let n = copia(db, (file, table), keep, other.as_ref().map(|(c, e)| (*c, e.as_str())))?;
        let created = if table == "evento" { rows_of(&linhas, "contrato") } else { 0 };
        linhas.push((table, n + created));
    }
    let data_operacao = super::dia::newest_with_remessa(db)?.map(|d| d.to_string());
    Ok(Feita { linhas, data_operacao })
}

/// Rows copied of a table, 0 where it does not leave.
fn rows_of(linhas: &[(&str, usize)], table: &str) -> usize {
    linhas.iter().find(|(t, _)| *t == table).map_or(0, |(_, n)| *n)
}

/// A wide table: its own columns, and those of the layouts that leave.
fn larga(db: &Db, p: &Pedido<'_>, t: Tabela) -> Result<usize> {
    let bare = Esquema::default();
    let own = t.colunas(&bare);
    let leaves = |c: &str| sai(p, t, c);
    // the contract's own row has the digests of what stands elsewhere
    let whole = t != Tabela::Contrato
        && colunas(db, "carteira", t.nome())?.iter().all(|c| own.contains(&&*c.nome) || leaves(&c.nome));
    // a digest of a line tells something about the columns that stay behind; so does a key made of one of them
    let tells = |c: &str| matches!(c, "h" | "h_contato") || (!p.pessoais && matches!(c, "chave" | "k1" | "k2"));
    let number = t == Tabela::Contrato && !sai_contrato(p);
    let keep = |c: &str| whole || leaves(c) || (own.contains(&c) && !tells(c)) || (number && c == "contrato");
    copia(db, ("carteira", t.nome()), keep, number.then_some(SEM_CONTRATO))
}

/// Whether the number of a contract leaves; no layout of ours calls it personal.
fn sai_contrato(p: &Pedido<'_>) -> bool {
    sai(p, Tabela::Contrato, "contrato")
}

fn sai(p: &Pedido<'_>, tabela: Tabela, coluna: &str) -> bool {
    p.campos.iter().any(|f| f.tabela == tabela && f.coluna == coluna)
}

/// The column whose values are not as they lie, as its table leaves.
fn trocada(p: &Pedido<'_>, table: &str) -> Option<(&'static str, String)> {
    if COM_CONTRATO.contains(&table) && !sai_contrato(p) {
        return Some((SEM_CONTRATO.0, SEM_CONTRATO.1.to_owned()));
    }
    // the history of a block tells the number of its acordo
    if table == "evento" && !p.pessoais && !sai(p, Tabela::Acordo, "numero_acordo") {
        return Some(("detalhe", "CASE WHEN detalhe GLOB 'acordo *' THEN NULL ELSE detalhe END".to_owned()));
    }
    COM_FONE.iter().find(|(t, _)| *t == table).map(|(_, before)| ("fone", proprio(table, before)))
}

/// A number as it leaves: none where a line of the remessa now calls it a third party's (decisions 5).
fn proprio(table: &str, before: &str) -> String {
    format!(
        "CASE WHEN EXISTS (SELECT 1 FROM carteira.telefone t WHERE t.ficha_id={table}.ficha_id AND t.origem=0
           AND '{before}'||t.fone={table}.fone AND upper(trim(t.tipo)) IN ('RF','CJ','AV')) THEN NULL ELSE fone END"
    )
}

/// A column of a table in one of the files.
struct Coluna {
    nome: String,
    tipo: String,
    obrigatoria: bool,
    /// Place in the primary key, from 1; 0: none.
    chave: i64,
}

fn colunas(db: &Db, file: &str, table: &str) -> Result<Vec<Coluna>> {
    let sql = "SELECT name, type, \"notnull\", pk FROM pragma_table_info(?1, ?2)";
    db.rows(sql, &[Cell::Text(table), Cell::Text(file)], |r| {
        Ok(Coluna { nome: r.str(0)?, tipo: r.str(1)?, obrigatoria: r.i64(2)? != 0, chave: r.i64(3)? })
    })
}

/// Makes a table with the columns that `keep` names and fills it; returns its rows. `troca` gives one column as
/// an expression: it may be NULL then, and is part of no key.
fn copia(
    db: &Db,
    (file, table): (&str, &str),
    keep: impl Fn(&str) -> bool,
    troca: Option<(&str, &str)>,
) -> Result<usize> {
    let all = colunas(db, file, table)?;
    let troca = troca.filter(|(c, _)| keep(c));
    let given = |c: &Coluna| troca.filter(|(name, _)| *name == c.nome).map(|(_, expression)| expression);
    let kept: Vec<&Coluna> = all.iter().filter(|c| keep(&c.nome)).collect();
    let declare = |c: &&Coluna| {
        let null = if c.obrigatoria && given(c).is_none() { " NOT NULL" } else { "" };
        format!("{} {}{null}", c.nome, c.tipo)
    };
    let mut declared: Vec<String> = kept.iter().map(declare).collect();
    let mut key: Vec<&Coluna> = all.iter().filter(|c| c.chave > 0).collect();
    key.sort_by_key(|c| c.chave);
    let keyed = !key.is_empty() && key.iter().all(|c| keep(&c.nome) && given(c).is_none());
    if keyed {
        let names: Vec<&str> = key.iter().map(|c| c.nome.as_str()).collect();
        declared.push(format!("PRIMARY KEY ({})", names.join(",")));
    }
    let sql = "SELECT wr FROM pragma_table_list WHERE schema=?1 AND name=?2";
    let by_key = db.int(sql, &[Cell::Text(file), Cell::Text(table)])?.unwrap_or(0) != 0;
    let tail = if keyed && by_key { "STRICT, WITHOUT ROWID" } else { "STRICT" };
    db.script(&format!("CREATE TABLE main.{table} ({}) {tail}", declared.join(", ")))?;
    let list = if kept.len() == all.len() && troca.is_none() {
        "*".to_owned()
    } else {
        kept.iter().map(|c| given(c).unwrap_or(&c.nome)).collect::<Vec<_>>().join(",")
    };
    db.exec(&format!("INSERT INTO main.{table} SELECT {list} FROM {file}.{table}"), &[])
}

/// What the replica says of itself.
fn assina(db: &Db, p: &Pedido<'_>, day: Option<&str>) -> Result<()> {
    db.script(
        "CREATE TABLE main.bi_replica (
           feita_em TEXT NOT NULL, data_operacao TEXT, versao TEXT NOT NULL, com_pessoais INTEGER NOT NULL) STRICT",
    )?;
    let version = Cell::Text(env!("CARGO_PKG_VERSION"));
    let cells = [Cell::Text(p.em), Cell::from(day), version, Cell::Int(i64::from(p.pessoais))];
    db.exec("INSERT INTO main.bi_replica VALUES (?1, ?2, ?3, ?4)", &cells)?;
    Ok(())
}
