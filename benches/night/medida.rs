//! What is measured of a run, and the table of it.

use crate::Result;
use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// One run.
pub struct Medida {
    pub tempo: Duration,
    /// User and system time, ms: what it costs even where others are at work on the machine.
    pub cpu_ms: f64,
    /// Peak resident memory, KiB; 0 where it is not told.
    pub pico_kib: u64,
    /// Size of the database file after it.
    pub base: u64,
}

impl Medida {
    pub fn s(&self) -> f64 {
        self.tempo.as_secs_f64()
    }

    fn cpu_s(&self) -> f64 {
        self.cpu_ms / 1000.0
    }
}

/// Runs of one kind, and what their median is divided by.
pub struct Linha {
    nome: &'static str,
    base: &'static str,
    /// What the ratio, or the absolute figure, is to keep to.
    alvo: &'static str,
    medidas: Vec<Medida>,
}

/// The rows of a table, in the order in which they are shown.
pub struct Tabela(Vec<Linha>);

impl Tabela {
    /// Name, name of its baseline, target of the ratio.
    pub fn nova(linhas: &[(&'static str, &'static str, &'static str)]) -> Self {
        Self(linhas.iter().map(|&(nome, base, alvo)| Linha { nome, base, alvo, medidas: Vec::new() }).collect())
    }

    pub fn junta(&mut self, nome: &str, m: Medida) -> Result<()> {
        let linha = self.0.iter_mut().find(|l| l.nome == nome).ok_or_else(|| format!("row {nome}"))?;
        linha.medidas.push(m);
        Ok(())
    }

    /// Median of a row.
    fn mediana(&self, nome: &str, de: fn(&Medida) -> f64) -> f64 {
        let mut t: Vec<f64> = self.0.iter().filter(|l| l.nome == nome).flat_map(|l| &l.medidas).map(de).collect();
        t.sort_by(f64::total_cmp);
        t.get(t.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// Median of a row, s.
    pub fn segundos(&self, nome: &str) -> f64 {
        self.mediana(nome, Medida::s)
    }

    /// Highest peak of a row, MiB.
    pub fn pico(&self, nome: &str) -> u64 {
        self.0.iter().filter(|l| l.nome == nome).flat_map(|l| &l.medidas).map(|m| m.pico_kib).max().unwrap_or(0) / 1024
    }

    pub fn mostra(&self) {
        let head = ["", "s", "×", "alvo", "CPU s", "×", "pico MiB", "base MiB"];
        let [a, b, c, d, e, f, g, h] = head;
        println!("{a:<24} {b:>8} {c:>6} {d:>6} {e:>8} {f:>6} {g:>9} {h:>9}");
        for l in self.0.iter().filter(|l| !l.medidas.is_empty()) {
            let [(s, of_s), (cpu, of_cpu)] = [Medida::s, Medida::cpu_s].map(|de| {
                let one = self.mediana(l.nome, de);
                (one, one / self.mediana(l.base, de))
            });
            let some = |n: u64| if n == 0 { String::new() } else { n.to_string() };
            let (peak, size) = (some(self.pico(l.nome)), some(l.medidas.last().map_or(0, |m| m.base >> 20)));
            println!("{:<24} {s:>8.2} {of_s:>6.2} {:>6} {cpu:>8.2} {of_cpu:>6.2} {peak:>9} {size:>9}", l.nome, l.alvo);
        }
    }
}

/// Runs a command and watches its memory; `base` is the file whose size is told.
pub fn mede(c: &mut Command, base: &Path) -> Result<Medida> {
    let (begun, cpu) = (Instant::now(), cpu_ms(Quem::Comandos)?);
    let mut child = c.spawn()?;
    let mut pico_kib = 0;
    let status = loop {
        pico_kib = self::pico_kib(&child).unwrap_or(0).max(pico_kib);
        if let Some(s) = child.try_wait()? {
            break s;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let tempo = begun.elapsed();
    if !status.success() {
        return Err(format!("{c:?}: {status}").into());
    }
    let cpu_ms = cpu_ms(Quem::Comandos)? - cpu;
    Ok(Medida { tempo, cpu_ms, pico_kib, base: fs::metadata(base)?.len() })
}

/// Peak resident memory of a process so far, KiB.
pub fn pico_kib(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    status.lines().find(|l| l.starts_with("VmHWM:"))?.split_whitespace().nth(1)?.parse().ok()
}

/// Whose time.
#[derive(Clone, Copy)]
pub enum Quem {
    /// This process itself.
    Este,
    /// All commands that it ran and waited for.
    Comandos,
}

/// User and system time, ms. The kernel tells it in hundredths of a second, so one short command is measured by
/// running it many times.
pub fn cpu_ms(quem: Quem) -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // the second field is the name, which may hold blanks
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<f64>().ok()).ok_or("/proc/self/stat");
    let first = match quem {
        Quem::Este => 11,
        Quem::Comandos => 13,
    };
    Ok((ticks(first)? + ticks(first + 1)?) * 10.0)
}

/// Runs a command that must succeed.
pub fn run(c: &mut Command) -> Result<()> {
    let s = c.status()?;
    if s.success() { Ok(()) } else { Err(format!("{c:?}: {s}").into()) }
}
