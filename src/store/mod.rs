//! The embedded store: two SQLite files in one folder, and the journal of ids beside them.
//!
//! [`db`] is the seam to the driver, [`schema`] the tables. Of `carteira.db`: [`ledger`] the files, [`execucao`] the
//! runs, [`rejeito`] rejected lines, [`dia`] the operating days, [`remoto`] what lies on other machines, [`saida`]
//! what goes out, [`enviado`] what Manager has, [`tocada`] whose row may differ from it; [`carteira`] the clients
//! and contracts, [`busca`] one contract by its key, [`consulta`] one client whole, [`acordo`] what blocks,
//! [`telefone`] enrichment, [`mod@refin`] offers, [`evento`] and [`historia`] the history of a contract,
//! [`presenca`] who came in which file, [`desfaz`] what takes a run back. Of `atendimento.db`: [`lote`] its files,
//! [`massiva`], [`mod@hsm`] and [`historico`] the contacts with people, [`contatos`] whose a phone is, [`tabulacao`],
//! [`mod@portal`] and [`workflow`] what the Portal writes, [`mod@nao_contatar`] who is not to be contacted,
//! [`idempotencia`] what was answered, [`auditoria`] who did what, [`webhook`] what OMNE told, [`vinculo`] what linking it
//! looks up, [`hsm_entrega`] what it says of our messages. [`backup`] copies both files, [`pessoa`] finds all of a person
//! in both, [`purga`] takes away what retention does not keep. [`linhas`] decodes what several of them read.
//!
//! **Locking:** writers of `carteira.db` hold the kernel lock of [`lock`] before they begin; nothing here
//! waits for a person, a lock dies with its process.
//!
//! **Invariant by absence:** no layout, no import rule, no transport is known here. Rows arrive as cells.

pub mod acordo;
pub mod auditoria;
pub mod backup;
pub mod busca;
pub mod carteira;
pub mod consulta;
pub mod contatos;
pub mod db;
pub mod desfaz;
pub mod dia;
pub mod enviado;
pub mod evento;
pub mod execucao;
pub mod fila;
pub mod historia;
pub mod historico;
pub mod hsm;
pub mod hsm_entrega;
pub mod idempotencia;
pub mod ledger;
pub mod linhas;
pub mod lock;
pub mod lote;
pub mod massiva;
pub mod nao_contatar;
pub mod pessoa;
pub mod portal;
pub mod presenca;
pub mod purga;
pub mod refin;
pub mod rejeito;
pub mod remoto;
pub mod replica;
pub mod saida;
pub mod schema;
pub mod tabulacao;
pub mod telefone;
pub mod tocada;
pub mod token;
pub mod usuario;
pub mod vinculo;
pub mod webhook;
pub mod workflow;

use db::{Cell, Db, DbError, Mode, PAGINA, PAGINA_LARGA};
use schema::Esquema;
use std::cell::OnceCell;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a batch command waits for another writer of the same file.
pub const BATCH_BUSY: Duration = Duration::from_secs(60);
/// How long a reader waits (the log's recovery at first open).
pub const READER_BUSY: Duration = Duration::from_secs(5);

/// A store that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no store at this place.
    #[error("não há store em {0}")]
    Missing(PathBuf),
    /// One of the two files is gone: making it anew would forget what it held.
    #[error("falta {0}, e o outro arquivo do store está lá")]
    Half(PathBuf),
    /// A layout wants a column with another type than the store has.
    #[error(transparent)]
    Column(#[from] schema::OutroTipo),
    /// A file was made by another version of atom.
    #[error("{file} tem a versão {found} do esquema; este atom usa a {expected}")]
    Version {
        /// The file's name.
        file: String,
        /// Version in the file.
        found: i64,
        /// Version of this program.
        expected: i64,
    },
    /// The store belongs to another campaign (R001: one per store).
    #[error("o store é da campanha {found}, a configuração é da campanha {expected}")]
    Campaign {
        /// `id ascob` in the store.
        found: String,
        /// `id ascob` in the config.
        expected: String,
    },
    /// The journal of ids beside the store is unreadable or cannot be written.
    #[error("{path}")]
    Journal {
        /// The journal's path.
        path: PathBuf,
        /// What failed.
        source: std::io::Error,
    },
    /// A database operation failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// The campaign that a store belongs to (R001).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Campanha {
    /// `idCampanha`.
    pub id: i64,
    /// Its name.
    pub nome: String,
    /// The portfolio.
    pub carteira: String,
    /// The agency's id at the bank, as in the file names.
    pub ascob: String,
}

/// An open store: `carteira.db` for writing.
pub struct Store {
    /// The connection to `carteira.db`.
    pub db: Db,
    dir: PathBuf,
    atendimento: OnceCell<Db>,
}

const CARTEIRA: &str = "carteira.db";
const ATENDIMENTO: &str = "atendimento.db";
const IDS: &str = "idcrm.journal";
/// What was sent to OMNE, whatever the store says of it.
const HSM: &str = "hsm.journal";

impl Store {
    /// Makes a new store in `dir`; an existing one is left as it is and `false` is returned.
    ///
    /// # Errors
    /// The folder or a file cannot be made.
    pub fn create(dir: &Path, esquema: &Esquema, campanha: &Campanha) -> Result<bool, StoreError> {
        match (dir.join(CARTEIRA).exists(), dir.join(ATENDIMENTO).exists()) {
            (true, true) => return Ok(false),
            (true, false) => return Err(StoreError::Half(dir.join(ATENDIMENTO))),
            // a kill between the two renames below left only this one; with ids given it is a lost carteira
            (false, true) if dir.join(IDS).exists() => return Err(StoreError::Half(dir.join(CARTEIRA))),
            _ => {}
        }
        // made under another name first: a kill in between leaves no half store under the real one
        let (tmp_c, tmp_a) = (dir.join("carteira.db.new"), dir.join("atendimento.db.new"));
        for p in [&tmp_c, &tmp_a] {
            remove_db(p);
        }
        {
            let c = Db::open(&tmp_c, Mode::Create(PAGINA_LARGA), BATCH_BUSY)?;
            schema::create_carteira(&c, esquema)?;
            c.exec(
                "INSERT INTO campanha (id, nome, carteira, ascob) VALUES (?1, ?2, ?3, ?4)",
                &[
                    Cell::Int(campanha.id),
                    Cell::Text(&campanha.nome),
                    Cell::Text(&campanha.carteira),
                    Cell::Text(&campanha.ascob),
                ],
            )?;
            let a = Db::open(&tmp_a, Mode::Create(PAGINA), BATCH_BUSY)?;
            schema::create_atendimento(&a)?;
        }
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| StoreError::Journal { path, source }
        };
        if !dir.join(ATENDIMENTO).exists() {
            std::fs::rename(&tmp_a, dir.join(ATENDIMENTO)).map_err(io(&tmp_a))?;
        }
        std::fs::rename(&tmp_c, dir.join(CARTEIRA)).map_err(io(&tmp_c))?;
        std::fs::File::open(dir).and_then(|d| d.sync_all()).map_err(io(dir))?;
        Ok(true)
    }

    /// Opens an existing store for a batch command, after its campaign and version are checked, and adds
    /// the columns that the layouts brought.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::Version`], [`StoreError::Campaign`], or a database fault.
    pub fn open(dir: &Path, esquema: &Esquema, campanha: &Campanha) -> Result<Self, StoreError> {
        let store = Self::open_mode(dir, Mode::ReadWrite, BATCH_BUSY)?;
        store.check_campaign(campanha)?;
        if let Some(conflict) = schema::conflict(&store.db, esquema)? {
            return Err(conflict.into());
        }
        schema::widen(&store.db, esquema)?;
        Ok(store)
    }

    /// Opens an existing store for reading; `atendimento` is attached under that name.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn reader(dir: &Path, campanha: &Campanha) -> Result<Self, StoreError> {
        let store = Self::open_mode(dir, Mode::ReadOnly, READER_BUSY)?;
        store.check_campaign(campanha)?;
        Ok(store)
    }

    fn open_mode(dir: &Path, mode: Mode, busy: Duration) -> Result<Self, StoreError> {
        let (carteira, atendimento) = (dir.join(CARTEIRA), dir.join(ATENDIMENTO));
        match (carteira.exists(), atendimento.exists()) {
            (true, true) => {}
            (true, false) => return Err(StoreError::Half(atendimento)),
            (false, true) => return Err(StoreError::Half(carteira)),
            (false, false) => return Err(StoreError::Missing(dir.to_owned())),
        }
        let db = Db::open(&carteira, mode, busy)?;
        check_version(&db, "main", CARTEIRA, schema::CARTEIRA_VERSION)?;
        if mode == Mode::ReadOnly {
            db.attach(&atendimento, "atendimento")?;
            check_version(&db, "atendimento", ATENDIMENTO, schema::ATENDIMENTO_VERSION)?;
        }
        Ok(Self { db, dir: dir.to_owned(), atendimento: OnceCell::new() })
    }

    /// The connection to `atendimento.db`, for writing; opened when first asked for.
    ///
    /// # Errors
    /// It cannot be opened or has another version.
    pub fn atendimento(&self) -> Result<&Db, StoreError> {
        if let Some(db) = self.atendimento.get() {
            return Ok(db);
        }
        let db = Self::escritor(&self.dir, BATCH_BUSY)?;
        Ok(self.atendimento.get_or_init(|| db))
    }

    /// A connection to `atendimento.db` alone, for writing.
    ///
    /// # Errors
    /// It cannot be opened or has another version.
    pub fn escritor(dir: &Path, busy: Duration) -> Result<Db, StoreError> {
        let db = Db::open(&dir.join(ATENDIMENTO), Mode::ReadWrite, busy)?;
        check_version(&db, "main", ATENDIMENTO, schema::ATENDIMENTO_VERSION)?;
        Ok(db)
    }

    /// Both files answer.
    ///
    /// # Errors
    /// One of them does not.
    pub fn responde(&self) -> Result<(), DbError> {
        self.db.int("SELECT count(*) FROM campanha", &[])?;
        self.db.int("SELECT n FROM atendimento.mudanca", &[]).map(|_| ())
    }

    /// The folder of the store.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn check_campaign(&self, expected: &Campanha) -> Result<(), StoreError> {
        let found = self.db.one("SELECT id, ascob FROM campanha", &[], |r| Ok((r.i64(0)?, r.str(1)?)))?;
        match found {
            Some((id, ascob)) if id == expected.id && ascob == expected.ascob => Ok(()),
            found => Err(StoreError::Campaign {
                found: found.map_or_else(|| "nenhuma".to_owned(), |(id, a)| format!("{id} ({a})")),
                expected: format!("{} ({})", expected.id, expected.ascob),
            }),
        }
    }

    /// Folds the write-ahead logs into their files; called at the start and end of a batch command (ST6).
    ///
    /// # Errors
    /// A database fault other than a busy reader.
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        for db in std::iter::once(&self.db).chain(self.atendimento.get()) {
            db.checkpoint(Duration::from_secs(2), BATCH_BUSY)?;
        }
        Ok(())
    }

    /// The highest ID_CRM ever given, by the store or by the journal beside it: a restored older backup
    /// must not give an id a second time (decisions 1, ficha).
    ///
    /// # Errors
    /// The journal exists but cannot be read.
    pub fn highest_id(&self) -> Result<i64, StoreError> {
        let path = self.dir.join(IDS);
        let journal = match std::fs::read_to_string(&path) {
            Ok(text) => text.trim().parse::<i64>().map_err(|e| StoreError::Journal {
                path: path.clone(),
                source: std::io::Error::new(std::io::ErrorKind::InvalidData, e),
            })?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => 0,
            Err(source) => return Err(StoreError::Journal { path, source }),
        };
        let store = self.db.int("SELECT valor FROM sequencia WHERE nome='id_crm'", &[])?.unwrap_or(0);
        Ok(journal.max(store))
    }

    /// Records ids up to `highest` as given: in the journal, durably, then in the open transaction.
    ///
    /// # Errors
    /// The journal cannot be written; nothing may be committed then.
    pub fn give_ids(&self, highest: i64) -> Result<(), StoreError> {
        let path = self.dir.join(IDS);
        let tmp = self.dir.join("idcrm.journal.part");
        let write = || -> std::io::Result<()> {
            let mut f = std::fs::File::create(&tmp)?;
            writeln!(f, "{highest}")?;
            f.sync_all()?;
            std::fs::rename(&tmp, &path)?;
            std::fs::File::open(&self.dir)?.sync_all()
        };
        write().map_err(|source| StoreError::Journal { path: path.clone(), source })?;
        self.db.exec(
            "INSERT INTO sequencia (nome, valor) VALUES ('id_crm', ?1) ON CONFLICT (nome) DO UPDATE SET valor=?1",
            &[Cell::Int(highest)],
        )?;
        Ok(())
    }
}

fn check_version(db: &Db, schema: &str, file: &str, expected: i64) -> Result<(), StoreError> {
    let found = db.int(&format!("PRAGMA {schema}.user_version"), &[])?.unwrap_or(0);
    if found == expected {
        return Ok(());
    }
    Err(StoreError::Version { file: file.to_owned(), found, expected })
}

fn remove_db(path: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let mut p = path.as_os_str().to_owned();
        p.push(suffix);
        // a leftover of a killed `init`; if it cannot go, opening it will say why
        let _ = std::fs::remove_file(PathBuf::from(p));
    }
}
