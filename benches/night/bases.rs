//! The baselines: a plain prepared INSERT, the sqlite3 shell, pandas.

use crate::Result;
use crate::medida::{Medida, Quem, cpu_ms, mede};
use atom::import::passo::celula;
use atom::layout::fixed::Reader;
use atom::layout::linha::{Linha, Next};
use atom::layout::load;
use atom::layout::text::Encoding;
use atom::layout::valor::Valor;
use atom::layout::{Format, Layout, Layouts};
use atom::store::db::{Db, Mode};
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

    fn layout(&self, kind: &str) -> Result<&Layout> {
        let l = self.layouts.get(kind).ok_or("layout")?;
        assert_eq!(l.format, Format::Fixed);
        Ok(l)
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
        let path = self.vazio();
        let layout = self.layout(kind)?;
        let (begun, cpu) = (Instant::now(), cpu_ms(Quem::Este)?);
        let db = Db::open(&path, Mode::Create, Duration::from_secs(5))?;
        db.script(&tabela(layout, key))?;
        let tx = db.begin()?;
        let columns = layout.records[0].fields.len();
        let marks: Vec<String> = (1..=columns).map(|i| format!("?{i}")).collect();
        let mut stmt = tx.prepare(&format!("INSERT INTO r VALUES ({})", marks.join(",")))?;
        let mut reader = Reader::new(File::open(file)?, layout, Encoding::Windows1252);
        while let Next::Linha(l) = reader.next_line()? {
            for i in 0..columns {
                stmt.bind(i + 1, celula(&l.valor(i).unwrap_or(Valor::Nulo)))?;
            }
            stmt.run()?;
        }
        drop(stmt);
        tx.commit()?;
        let tempo = begun.elapsed();
        let cpu_ms = cpu_ms(Quem::Este)? - cpu;
        Ok(Medida { tempo, cpu_ms, pico_kib: 0, base: fs::metadata(&path)?.len() })
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
