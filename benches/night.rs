//! What a night costs, each figure beside its baseline in the same run.
//!
//! R is a plain prepared INSERT of the same 280 columns into one table with a unique key, WAL, one
//! transaction, streamed through the same reader. `scripts/bench` runs it; `--contratos N` and `--vezes N`
//! change the size and the number of runs.

#![expect(clippy::print_stdout, reason = "the table is its product")]

use atom::gerador::Carteira;
use atom::import::passo::celula;
use atom::layout::fixed::Reader;
use atom::layout::linha::Next;
use atom::layout::load;
use atom::layout::text::Encoding;
use atom::layout::valor::Valor;
use atom::store::db::{Db, Mode};
use chrono::NaiveDate;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let arg = |name: &str, default: usize| {
        let mut args = std::env::args().skip_while(|a| a != name).skip(1);
        args.next().and_then(|v| v.parse().ok()).unwrap_or(default)
    };
    let (n, times) = (arg("--contratos", 100_000), arg("--vezes", 5));
    let dir = tempfile::tempdir()?;
    let bed = Bed::new(dir.path(), n)?;
    println!("remessa, {n} contratos × 280 campos, {times} vezes, medianas; parcelas dos mesmos contratos");
    let names = ["R", "nova", "igual", "5 %", "noite", "R parcelas", "parcelas"];
    let mut rows: Vec<(&str, Vec<Medida>)> = names.map(|k| (k, Vec::new())).into();
    for _ in 0..times {
        rows[0].1.push(bed.baseline("remessa", &bed.days[0].arquivo, "contrato")?);
        bed.fresh()?;
        for (i, day) in bed.days.iter().enumerate() {
            rows[i + 1].1.push(bed.import("remessa", day)?);
            if i == 0 {
                let parcelas = bed.import("parcelas", &bed.parcelas)?;
                rows[6].1.push(parcelas);
            }
        }
        rows[5].1.push(bed.baseline("parcelas", &bed.parcelas.arquivo, "contrato, numero_parcela")?);
    }
    println!("{:<12} {:>8} {:>7} {:>10} {:>10}", "", "s", "× R", "pico MiB", "base MiB");
    for (i, (name, m)) in rows.iter().enumerate() {
        let r = median(&rows[if i < 5 { 0 } else { 5 }].1);
        let peak = m.iter().map(|m| m.pico_kib).max().unwrap_or(0) / 1024;
        let size = m.last().map_or(0, |m| m.base) >> 20;
        println!("{name:<12} {:>8.2} {:>7.2} {peak:>10} {size:>10}", median(m), median(m) / r);
    }
    Ok(())
}

struct Medida {
    tempo: Duration,
    pico_kib: u64,
    base: u64,
}

fn median(m: &[Medida]) -> f64 {
    let mut t: Vec<f64> = m.iter().map(|m| m.tempo.as_secs_f64()).collect();
    t.sort_by(f64::total_cmp);
    t.get(t.len() / 2).copied().unwrap_or(f64::NAN)
}

struct Dia {
    agora: String,
    arquivo: PathBuf,
}

struct Bed {
    root: PathBuf,
    days: Vec<Dia>,
    parcelas: Dia,
}

impl Bed {
    fn new(root: &Path, n: usize) -> Result<Self> {
        let mut carteira = Carteira::nova(528, n, "528")?;
        let day = |d: u32| NaiveDate::from_ymd_opt(2023, 8, d).ok_or("day");
        let name = |d: u32| root.join(format!("202308{d:02}_203000_remessa_528_out.528"));
        let write = |c: &Carteira, to: &Path, dia| -> Result<()> {
            let mut w = BufWriter::with_capacity(1 << 20, File::create(to)?);
            c.escreve_remessa(&mut w, dia)?;
            w.flush()?;
            Ok(())
        };
        // the same content on the next day; then 5 % of its lines changed; then a usual night
        write(&carteira, &name(3), day(4)?)?;
        fs::copy(name(3), name(6))?;
        let mut lines = fs::read(name(3))?;
        let width = 4337 + 2;
        for line in lines.chunks_mut(width).step_by(20) {
            // nome_produto: the contract's part
            line[106..109].copy_from_slice(b"XYZ");
        }
        fs::write(name(7), &lines)?;
        carteira.avanca(day(9)?);
        write(&carteira, &name(8), day(9)?)?;
        let dia = |d: u32, op: u32| Dia { agora: format!("2023-08-{op:02}T02:00:00-03:00"), arquivo: name(d) };
        let parcelas =
            Dia { agora: "2023-08-04T02:00:00-03:00".into(), arquivo: root.join("20230803_203500_parc_528_out.528") };
        let mut w = BufWriter::with_capacity(1 << 20, File::create(&parcelas.arquivo)?);
        Carteira::nova(528, n, "528")?.escreve_parcelas(&mut w, day(4)?)?;
        w.flush()?;
        Ok(Self { root: root.to_owned(), parcelas, days: vec![dia(3, 4), dia(6, 7), dia(7, 8), dia(8, 9)] })
    }

    fn atom(&self, now: &str) -> Command {
        let mut c = Command::new(env!("CARGO_BIN_EXE_atom"));
        c.current_dir(&self.root).env("ATOM_NOW", now).stdout(Stdio::null()).arg("-q");
        c
    }

    fn fresh(&self) -> Result<()> {
        for d in ["store", "data"] {
            let _ = fs::remove_dir_all(self.root.join(d));
        }
        let evo = self.root.join("evo");
        fs::create_dir_all(&evo)?;
        let config = format!(
            "[campanha]\nid = 1\nascob = \"528\"\n[evo]\nurl = \"file://{0}\"\nsettle_seconds = 0\n[manager]\nurl = \"file://{0}\"\n",
            evo.display()
        );
        fs::write(self.root.join("atom.toml"), config)?;
        run(self.atom("2023-08-04T02:00:00-03:00").arg("init"))
    }

    /// The file comes in first, as it does at night; only the import is timed.
    fn import(&self, kind: &str, day: &Dia) -> Result<Medida> {
        let evo = self.root.join("evo");
        let name = day.arquivo.file_name().ok_or("name")?;
        fs::hard_link(&day.arquivo, evo.join(name))?;
        run(self.atom(&day.agora).arg("fetch"))?;
        fs::remove_file(evo.join(name))?;
        let begun = Instant::now();
        let mut child = self.atom(&day.agora).args(["import", kind]).spawn()?;
        let mut peak = 0;
        let status = loop {
            if let Some(kib) = high_water(child.id()) {
                peak = peak.max(kib);
            }
            if let Some(s) = child.try_wait()? {
                break s;
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let tempo = begun.elapsed();
        if !status.success() {
            return Err(format!("import: {status}").into());
        }
        Ok(Medida { tempo, pico_kib: peak, base: fs::metadata(self.root.join("store/carteira.db"))?.len() })
    }

    /// R: the same columns by a plain prepared INSERT.
    fn baseline(&self, kind: &str, file: &Path, key: &str) -> Result<Medida> {
        let path = self.root.join("r.db");
        for s in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{s}", path.display()));
        }
        let layouts = load::builtin()?;
        let layout = layouts.get(kind).ok_or("layout")?;
        let record = &layout.records[0];
        let begun = Instant::now();
        let db = Db::open(&path, Mode::Create, Duration::from_secs(5))?;
        let cols: Vec<&str> = record.fields.iter().map(|f| f.name.as_str()).collect();
        db.script(&format!("CREATE TABLE r ({}, UNIQUE ({key}))", cols.join(",")))?;
        let tx = db.begin()?;
        let marks: Vec<String> = (1..=cols.len()).map(|i| format!("?{i}")).collect();
        let mut stmt = tx.prepare(&format!("INSERT INTO r VALUES ({})", marks.join(",")))?;
        let mut reader = Reader::new(File::open(file)?, layout, Encoding::Windows1252);
        while let Next::Linha(l) = reader.next_line()? {
            for i in 0..record.fields.len() {
                stmt.bind(i + 1, celula(&l.valor(i).unwrap_or(Valor::Nulo)))?;
            }
            stmt.run()?;
        }
        drop(stmt);
        tx.commit()?;
        let tempo = begun.elapsed();
        Ok(Medida { tempo, pico_kib: 0, base: fs::metadata(&path)?.len() })
    }
}

/// Peak resident memory of a process so far, KiB.
fn high_water(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find(|l| l.starts_with("VmHWM:"))?.split_whitespace().nth(1)?.parse().ok()
}

fn run(c: &mut Command) -> Result<()> {
    let s = c.status()?;
    if s.success() { Ok(()) } else { Err(format!("{c:?}: {s}").into()) }
}
