//! Copies of the whole store, made while others write, and brought back (ST1, ST2, ST9).
//!
//! A backup is a folder: both databases, the journals beside them, and `manifesto.json`, which says what they were at
//! that moment. `atendimento.db` is copied first: every ficha that it names is then in the carteira copied after it.
//! Each file is one moment, whatever imports do meanwhile, and is checked before the folder takes its name.
//!
//! Bringing one back swaps files by renames and leaves those that stood there in a folder beside them. From then on
//! [`Restauracao`] stands in the store: nothing is sent again until a person has compared what went out since.

use super::db::{Cell, Db, DbError, Mode};
use super::{ATENDIMENTO, BATCH_BUSY, CARTEIRA, HSM, IDS, Store, StoreError, check_version, schema};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The file in a store's folder while what was restored is not reconciled.
const MARCA: &str = "restaurado.json";

/// Tables of contacts whose newest rows a restored backup lacks, and the column that tells their age.
const CONTATOS: [(&str, &str); 9] = [
    ("tabulacao", "id"),
    ("portal_telefone", "id"),
    ("portal_email", "id"),
    ("portal_endereco", "id"),
    ("proposta", "id"),
    ("webhook", "id"),
    ("hsm", "id"),
    ("workflow_evento", "id"),
    ("lote", "id"),
];

/// What was done to messages that have their rows already: name, the last one, how many since. Each has no row of its own
/// among [`CONTATOS`].
const DE_HSM: [(&str, &str, &str); 2] = [
    ("hsm_tentativa", "SELECT max(tentativa) FROM hsm_controle", "SELECT max(tentativa)-?1 FROM hsm_controle"),
    (
        "hsm_resolve",
        "SELECT max(id) FROM auditoria WHERE o_que LIKE 'hsm resolve%'",
        "SELECT count(*) FROM auditoria WHERE id>?1 AND o_que LIKE 'hsm resolve%'",
    ),
];

/// What a backup holds, as of its moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Momento {
    /// The last run.
    pub run: i64,
    /// The highest ID_CRM ever given.
    pub ficha: i64,
    /// The highest id of each table of contacts, and of what was done to messages.
    pub contatos: Vec<(String, i64)>,
}

/// The file in a store's folder with the path of every backup made of it.
const FEITOS: &str = "backups.journal";

/// Remembers that a backup was made there.
///
/// # Errors
/// The journal cannot be written.
pub fn anota(dir: &Path, feito: &Path) -> Result<(), StoreError> {
    let path = dir.join(FEITOS);
    let open = fs::OpenOptions::new().create(true).append(true).open(&path);
    let line = format!("{}\n", feito.display());
    open.and_then(|mut f| f.write_all(line.as_bytes()).and_then(|()| f.sync_all())).map_err(|e| journal(&path, e))
}

/// The backups that still stand where they were made, and the stores that a restore put aside.
///
/// # Errors
/// The journal or the store's folder cannot be read.
pub fn guardados(dir: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let path = dir.join(FEITOS);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => String::new(),
        Err(e) => return Err(journal(&path, e)),
    };
    let mut out: Vec<PathBuf> = text.lines().map(PathBuf::from).filter(|p| p.is_dir()).collect();
    for e in fs::read_dir(dir).map_err(|e| journal(dir, e))? {
        let e = e.map_err(|e| journal(dir, e))?;
        if e.file_name().to_string_lossy().starts_with("anterior-") {
            out.push(e.path());
        }
    }
    out.sort();
    out.dedup();
    Ok(out)
}

/// While it stands, nothing goes out (ST9, HS16).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restauracao {
    /// When the backup was made.
    pub backup_de: String,
    /// When it was brought back.
    pub restaurado_em: String,
    /// The folder with what stood there before, if anything did.
    pub anterior: Option<String>,
}

/// The paths of the store's files and journals.
fn files(dir: &Path) -> [PathBuf; 2] {
    [dir.join(CARTEIRA), dir.join(ATENDIMENTO)]
}

/// Copies both databases of a store into a folder, `atendimento.db` first, and the journals. Nothing is locked.
///
/// # Errors
/// The store cannot be read, the folder not written.
pub fn copia(store: &Store, dest: &Path) -> Result<(), StoreError> {
    for name in [ATENDIMENTO, CARTEIRA] {
        let to = dest.join(name);
        Db::open(&store.dir().join(name), Mode::ReadOnly, BATCH_BUSY)?.copy_to(&to)?;
        File::open(&to).and_then(|f| f.sync_all()).map_err(|e| journal(&to, e))?;
    }
    for name in [IDS, HSM] {
        match fs::copy(store.dir().join(name), dest.join(name)) {
            Ok(_) => {
                File::open(dest.join(name)).and_then(|f| f.sync_all()).map_err(|e| journal(&dest.join(name), e))?
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(journal(&store.dir().join(name), e)),
        }
    }
    Ok(())
}

/// Checks a copied store page by page and tells its moment.
///
/// # Errors
/// [`StoreError::Db`] with [`super::db::Trouble::Corrupt`] when a file is damaged; it is of another version.
pub fn confere(dir: &Path) -> Result<Momento, StoreError> {
    let open = |name, version| -> Result<Db, StoreError> {
        let db = Db::open(&dir.join(name), Mode::ReadOnly, BATCH_BUSY)?;
        check_version(&db, "main", name, version)?;
        db.sound()?;
        Ok(db)
    };
    let contacts = open(ATENDIMENTO, schema::ATENDIMENTO_VERSION)?;
    let base = open(CARTEIRA, schema::CARTEIRA_VERSION)?;
    momento(&base, &contacts).map_err(Into::into)
}

fn momento(base: &Db, contacts: &Db) -> Result<Momento, DbError> {
    let last = |(name, sql): (&str, String)| Ok((name.to_owned(), contacts.int(&sql, &[])?.unwrap_or(0)));
    let rows = CONTATOS.map(|(table, id)| (table, format!("SELECT max({id}) FROM {table}")));
    let done = DE_HSM.map(|(name, sql, _)| (name, sql.to_owned()));
    let given = base.int("SELECT valor FROM sequencia WHERE nome='id_crm'", &[])?.unwrap_or(0);
    Ok(Momento {
        run: base.int("SELECT max(id) FROM run", &[])?.unwrap_or(0),
        ficha: given,
        contatos: rows.into_iter().chain(done).map(last).collect::<Result<_, DbError>>()?,
    })
}

/// What the store in `dir` has that a backup of `moment` lacks.
#[derive(Clone, Debug, Default)]
pub struct Perda {
    /// Rows of contacts, by table; only tables that lose any.
    pub contatos: Vec<(String, i64)>,
    /// Imports since: kind, file, sha256.
    pub arquivos: Vec<(String, String, String)>,
    /// Files for Manager that went out since, by name.
    pub publicados: Vec<String>,
    /// The highest ID_CRM that was given.
    pub ficha: i64,
}

/// Looks at the store that is to be replaced. What of it cannot be read is not told: that is why it is replaced.
pub fn perda(dir: &Path, moment: &Momento) -> Perda {
    let mut out = Perda::default();
    let [base, contacts] = files(dir);
    let open = |p: &Path| Db::open(p, Mode::ReadOnly, BATCH_BUSY).ok();
    if let Some(db) = open(&contacts) {
        for (table, last) in &moment.contatos {
            let done = DE_HSM.iter().find(|(name, ..)| name == table);
            let sql = done.map_or_else(
                || format!("SELECT count(*) FROM {table} WHERE id>?1"),
                |(_, _, since)| (*since).to_owned(),
            );
            let n = db.int(&sql, &[Cell::Int(*last)]).ok().flatten().unwrap_or(0);
            if n > 0 {
                out.contatos.push((table.clone(), n));
            }
        }
        for table in ["tabulacao", "portal_telefone", "hsm", "massiva", "retorno"] {
            let n = db.int(&format!("SELECT max(ficha_id) FROM {table}"), &[]).ok().flatten();
            out.ficha = out.ficha.max(n.unwrap_or(0));
        }
    }
    if let Some(db) = open(&base) {
        let run = [Cell::Int(moment.run)];
        out.ficha = out.ficha.max(db.int("SELECT max(valor) FROM sequencia", &[]).ok().flatten().unwrap_or(0));
        let sql = "SELECT kind, nome, sha256 FROM arquivo WHERE run>?1 AND estado='importado' ORDER BY run";
        let files = db.rows(sql, &run, |r| Ok((r.str(0)?, r.str(1)?, r.str(2)?)));
        out.arquivos = files.unwrap_or_default();
        let sql = "SELECT nome FROM saida WHERE run>?1 AND estado='publicado' AND tipo<>'erros' ORDER BY id";
        out.publicados = db.rows(sql, &run, |r| r.str(0)).unwrap_or_default();
    }
    out
}

/// Puts the copy in `src` in the place of the store in `dir`, whose files go into `anterior` beside it. The caller
/// holds every lock. `ficha` is the highest ID_CRM known anywhere: none is ever given twice.
///
/// # Errors
/// A file cannot be copied or renamed. The mark is set before anything is moved: whatever a kill leaves, nothing is
/// sent, and restoring again finishes it.
pub fn troca(dir: &Path, src: &Path, anterior: &Path, ficha: i64, mark: &Restauracao) -> Result<(), StoreError> {
    fs::create_dir_all(dir).map_err(|e| journal(dir, e))?;
    for name in [CARTEIRA, ATENDIMENTO] {
        let new = dir.join(format!("{name}.new"));
        fs::copy(src.join(name), &new).map_err(|e| journal(&new, e))?;
        File::open(&new).and_then(|f| f.sync_all()).map_err(|e| journal(&new, e))?;
    }
    let highest = ficha.max(read_id(&dir.join(IDS))).max(read_id(&src.join(IDS)));
    write(&dir.join(IDS), format!("{highest}\n").as_bytes())?;
    // the newer journal of sent messages knows more than the backup does; only where there is none does the backup's do
    if !dir.join(HSM).exists() && src.join(HSM).exists() {
        fs::copy(src.join(HSM), dir.join(HSM)).map_err(|e| journal(&dir.join(HSM), e))?;
    }
    let text = serde_json::to_vec_pretty(mark).map_err(|e| journal(&dir.join(MARCA), e.into()))?;
    write(&dir.join(MARCA), &text)?;
    fs::create_dir_all(anterior).map_err(|e| journal(anterior, e))?;
    for name in [CARTEIRA, ATENDIMENTO] {
        for suffix in ["", "-wal", "-shm"] {
            let old = dir.join(format!("{name}{suffix}"));
            match fs::rename(&old, anterior.join(format!("{name}{suffix}"))) {
                Ok(()) => {}
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(journal(&old, e)),
            }
        }
        let new = dir.join(format!("{name}.new"));
        fs::rename(&new, dir.join(name)).map_err(|e| journal(&new, e))?;
    }
    File::open(dir).and_then(|d| d.sync_all()).map_err(|e| journal(dir, e))
}

/// What stands in the way of sending, if the store was restored and not reconciled.
///
/// # Errors
/// The mark is there and cannot be read.
pub fn restaurado(dir: &Path) -> Result<Option<Restauracao>, StoreError> {
    let path = dir.join(MARCA);
    match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|e| journal(&path, e.into())),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(journal(&path, e)),
    }
}

/// A person has compared: things go out again.
///
/// # Errors
/// The mark cannot be removed.
pub fn reconcilia(dir: &Path) -> Result<(), StoreError> {
    let path = dir.join(MARCA);
    fs::remove_file(&path).map_err(|e| journal(&path, e))?;
    File::open(dir).and_then(|d| d.sync_all()).map_err(|e| journal(dir, e))
}

fn read_id(path: &Path) -> i64 {
    fs::read_to_string(path).ok().and_then(|t| t.trim().parse().ok()).unwrap_or(0)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let part = path.with_extension("part");
    let done = File::create(&part).and_then(|mut f| {
        f.write_all(bytes)?;
        f.sync_all()?;
        fs::rename(&part, path)
    });
    done.map_err(|e| journal(path, e))
}

fn journal(path: &Path, source: io::Error) -> StoreError {
    StoreError::Journal { path: path.to_owned(), source }
}
