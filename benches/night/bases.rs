//! The baselines: a plain prepared INSERT, the sqlite3 shell, pandas.

use crate::Result;
use crate::medida::{Medida, Quem, cpu_ms, mede, run};
use atom::domain::contrato;
use atom::import::passo::celula;
use atom::layout::fixed::Reader;
use atom::layout::leitor::Leitor;
use atom::layout::linha::{Linha, Next};
use atom::layout::load;
use atom::layout::text::Encoding;
use atom::layout::valor::Valor;
use atom::layout::{Layout, Layouts};
use atom::store::db::{Cell, Db, Mode, PAGINA_LARGA};
use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Where baselines are measured.
pub struct Bases {
    pasta: PathBuf,
    layouts: Layouts,
}

impl Bases {
    pub fn em(pasta: &Path) -> Result<Self> {
        fs::create_dir_all(pasta)?;
        Ok(Self { pasta: pasta.to_owned(), layouts: load::builtin()? })
    }

    fn layout(&self, name: &str) -> Result<&Layout> {
        Ok(self.layouts.get(name).ok_or("layout")?)
    }

    /// An empty place for a database.
    fn vazio(&self) -> PathBuf {
        let path = self.pasta.join("r.db");
        for s in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{s}", path.display()));
        }
        path
    }

    /// R: the same columns by a plain prepared INSERT into one table with a unique key, WAL, one transaction,
    /// streamed through the same reader.
    pub fn r(&self, kind: &str, file: &Path, key: &str) -> Result<Medida> {
        self.insere(kind, file, key, "")
    }

    /// The same as an upsert by the key, which a file may repeat.
    pub fn upserts(&self, layout: &str, file: &Path, key: &str) -> Result<Medida> {
        let fields = &self.layout(layout)?.records[0].fields;
        let sets: Vec<String> = fields.iter().map(|f| format!("{0}=excluded.{0}", f.name)).collect();
        self.insere(layout, file, key, &format!(" ON CONFLICT ({key}) DO UPDATE SET {}", sets.join(",")))
    }

    fn insere(&self, layout: &str, file: &Path, key: &str, conflito: &str) -> Result<Medida> {
        let path = self.vazio();
        let layout = self.layout(layout)?;
        let (begun, cpu) = (Instant::now(), cpu_ms(Quem::Este)?);
        let db = Db::open(&path, Mode::Create(PAGINA_LARGA), Duration::from_secs(5))?;
        db.script(&tabela(layout, key))?;
        let tx = db.begin()?;
        let columns = layout.records[0].fields.len();
        let marks: Vec<String> = (1..=columns).map(|i| format!("?{i}")).collect();
        let mut stmt = tx.prepare(&format!("INSERT INTO r VALUES ({}){conflito}", marks.join(",")))?;
        let mut reader = Leitor::new(File::open(file)?, layout, Encoding::Windows1252);
        while let Next::Linha(l) = reader.next_line()? {
            let l = l.inteira();
            for i in 0..columns {
                stmt.bind(i + 1, celula(&l.valor(i).unwrap_or(Valor::Nulo)))?;
            }
            stmt.run()?;
        }
        drop(stmt);
        tx.commit()?;
        ate_aqui(begun, cpu, &path)
    }

    /// The bare difference of batimento: keys of the file in a hash set, every active contract looked up in it.
    pub fn diferenca_em_conjunto(&self, carteira: &Path, file: &Path) -> Result<Medida> {
        let (begun, cpu) = (Instant::now(), cpu_ms(Quem::Este)?);
        let mut keys = HashSet::new();
        self.chaves(file, |k| {
            keys.insert(xxhash_rust::xxh3::xxh3_64(k.as_bytes()));
            Ok(())
        })?;
        let db = Db::open(carteira, Mode::ReadOnly, Duration::from_secs(5))?;
        let mut closed = 0;
        db.each("SELECT chave FROM contrato WHERE situacao='ATIVO'", &[], |r| {
            closed += usize::from(!keys.contains(&xxhash_rust::xxh3::xxh3_64(r.text(0)?.unwrap_or("").as_bytes())));
            Ok(())
        })?;
        assert!(closed > 0);
        ate_aqui(begun, cpu, carteira)
    }

    /// The same with the keys staged in SQL.
    pub fn diferenca_em_sql(&self, carteira: &Path, file: &Path) -> Result<Medida> {
        let (begun, cpu) = (Instant::now(), cpu_ms(Quem::Este)?);
        let db = Db::open(carteira, Mode::ReadWrite, Duration::from_secs(5))?;
        db.script("CREATE TEMP TABLE lido (chave TEXT PRIMARY KEY) WITHOUT ROWID")?;
        let tx = db.begin()?;
        let mut stmt = tx.prepare("INSERT OR IGNORE INTO lido VALUES (?1)")?;
        self.chaves(file, |k| {
            stmt.exec(&[Cell::Text(k)])?;
            Ok(())
        })?;
        drop(stmt);
        tx.commit()?;
        let sql = "SELECT count(*) FROM contrato c
                   WHERE situacao='ATIVO' AND NOT EXISTS (SELECT 1 FROM lido WHERE lido.chave=c.chave)";
        assert!(db.int(sql, &[])?.is_some_and(|n| n > 0));
        ate_aqui(begun, cpu, carteira)
    }

    /// The contract keys of a batimento.
    fn chaves(&self, file: &Path, mut f: impl FnMut(&str) -> Result<()>) -> Result<()> {
        let layout = self.layout("batimento")?;
        let at = layout.records[0].index("contrato").ok_or("contrato")?;
        let mut reader = Leitor::new(File::open(file)?, layout, Encoding::Windows1252);
        while let Next::Linha(l) = reader.next_line()? {
            if let Ok(Some(k)) = contrato::chave(l.campo(at)) {
                f(&k)?;
            }
        }
        Ok(())
    }

    /// The values of R as CSV.
    pub fn csv(&self, kind: &str, file: &Path) -> Result<PathBuf> {
        let to = self.pasta.join(format!("{kind}.csv"));
        let mut w = BufWriter::with_capacity(1 << 20, File::create(&to)?);
        let mut reader = Reader::new(File::open(file)?, self.layout(kind)?, Encoding::Windows1252);
        let mut row = String::new();
        while let Next::Linha(l) = reader.next_line()? {
            row.clear();
            em_csv(&l, &mut row)?;
            w.write_all(row.as_bytes())?;
        }
        w.flush()?;
        Ok(to)
    }

    /// `.import` of the sqlite3 shell; `None` where there is none.
    pub fn sqlite3(&self, kind: &str, csv: &Path, key: &str) -> Result<Option<Medida>> {
        if !responde(Command::new("sqlite3").arg("--version")) {
            return Ok(None);
        }
        let path = self.vazio();
        let script = format!(
            "PRAGMA page_size=16384;\nPRAGMA journal_mode=WAL;\nPRAGMA synchronous=FULL;\nPRAGMA cache_size=-16384;\n\
             {};\n.mode csv\n.import \"{}\" r\n",
            tabela(self.layout(kind)?, key),
            csv.display()
        );
        let commands = self.pasta.join("import.sql");
        fs::write(&commands, script)?;
        let mut c = Command::new("sqlite3");
        c.arg(&path).stdin(File::open(&commands)?).stdout(Stdio::null());
        mede(&mut c, &path).map(Some)
    }

    /// The sqlite3 shell writing the same columns from a table of them; `None` where there is none.
    pub fn sqlite3_csv(&self, carga: &Path) -> Result<Option<Medida>> {
        if !responde(Command::new("sqlite3").arg("--version")) {
            return Ok(None);
        }
        let path = self.vazio();
        let import = format!(".import \"{}\" r", carga.display());
        run(Command::new("sqlite3").arg(&path).args([".mode csv", ".separator ;", &import]).stdout(Stdio::null()))?;
        let mut c = Command::new("sqlite3");
        c.arg("-csv").arg(&path).arg("SELECT * FROM r").stdout(File::create(self.pasta.join("r.csv"))?);
        mede(&mut c, &path).map(Some)
    }

    /// `VACUUM INTO` of the file of imports; `None` where there is no sqlite3 shell.
    pub fn vacuum(&self, carteira: &Path) -> Result<Option<Medida>> {
        if !responde(Command::new("sqlite3").arg("--version")) {
            return Ok(None);
        }
        let to = self.vazio();
        let sql = format!("VACUUM INTO '{}'", to.display());
        mede(Command::new("sqlite3").arg(carteira).arg(sql), carteira).map(Some)
    }

    /// pandas `read_fwf` and `to_sql`; `None` where there is none. `python` is the interpreter.
    pub fn pandas(&self, python: &str, kind: &str, file: &Path) -> Result<Option<Medida>> {
        if !responde(Command::new(python).args(["-c", "import pandas"])) {
            return Ok(None);
        }
        let path = self.vazio();
        let fields = &self.layout(kind)?.records[0].fields;
        let specs: Vec<String> = fields.iter().map(|f| format!("({},{})", f.at.start, f.at.end)).collect();
        let names: Vec<String> = fields.iter().map(|f| format!("'{}'", f.name)).collect();
        let program = format!(
            "import sys, sqlite3, pandas\nfile, db = sys.argv[1:]\n\
             d = pandas.read_fwf(file, colspecs=[{}], names=[{}], header=None, dtype=str, encoding='cp1252')\n\
             c = sqlite3.connect(db)\nc.execute('PRAGMA journal_mode=WAL')\n\
             d.to_sql('r', c, index=False)\nc.commit()\n",
            specs.join(","),
            names.join(",")
        );
        let to = self.pasta.join("fwf.py");
        fs::write(&to, program)?;
        mede(Command::new(python).arg(&to).arg(file).arg(&path), &path).map(Some)
    }
}

/// What this process took since then.
fn ate_aqui(begun: Instant, cpu: f64, base: &Path) -> Result<Medida> {
    let (tempo, now) = (begun.elapsed(), cpu_ms(Quem::Este)?);
    Ok(Medida { tempo, cpu_ms: now - cpu, pico_kib: 0, base: fs::metadata(base)?.len() })
}

fn responde(c: &mut Command) -> bool {
    c.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
}

fn tabela(layout: &Layout, key: &str) -> String {
    let cols: Vec<&str> = layout.records[0].fields.iter().map(|f| f.name.as_str()).collect();
    format!("CREATE TABLE r ({}, UNIQUE ({key}))", cols.join(","))
}

fn em_csv(l: &Linha<'_>, row: &mut String) -> Result<()> {
    for i in 0..l.record.fields.len() {
        if i > 0 {
            row.push(',');
        }
        match l.valor(i).unwrap_or(Valor::Nulo) {
            Valor::Nulo => {}
            Valor::Int(n) => write!(row, "{n}")?,
            v => {
                let t = v.texto().unwrap_or("");
                if t.contains(['"', ',']) {
                    write!(row, "\"{}\"", t.replace('"', "\"\""))?;
                } else {
                    row.push_str(t);
                }
            }
        }
    }
    row.push('\n');
    Ok(())
}
