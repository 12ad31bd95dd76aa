//! What a night costs, each figure beside its baseline in the same run (`scripts/bench`).
//!
//! R is a plain prepared INSERT of the same 280 columns into one table with a unique key, WAL, one
//! transaction, streamed through the same reader. `--contratos N` and `--vezes N` change the size and the
//! number of runs; `--tipos` adds the other kinds and `--saidas` what goes out, on ten times as many contracts, `--remoto` a download over SFTP,
//! `--crescimento` the growth to four times as many, `--milhao` an idle tick on ten times as many, `--sem-noites` leaves the nights out;
//! `--python PATH` says which interpreter has pandas.

#![expect(clippy::print_stdout, reason = "the table is its product")]

mod arquivos;
mod bases;
mod casa;
mod medida;
mod remoto;
mod saidas;
mod tipos;

use arquivos::Arquivos;
use bases::Bases;
use casa::Casa;
use medida::Tabela;
use std::path::Path;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Rows, what each is divided by, and what the ratio is to keep to.
const LINHAS: &[(&str, &str, &str)] = &[
    ("R", "R", ""),
    ("nova", "R", "≤ 2.0"),
    ("igual", "R", "≤ 0.3"),
    ("5 %", "R", "≤ 0.5"),
    ("noite", "R", "≤ 1.0"),
    ("noite sem diário", "R", ""),
    ("nova, base cheia", "R", ""),
    ("sqlite3 .import", "R", ""),
    ("pandas read_fwf + to_sql", "R", ""),
    ("R parcelas", "R parcelas", ""),
    ("parcelas", "R parcelas", "≤ 1.6"),
    ("sqlite3 parcelas", "R parcelas", ""),
];

const CHAVE: [&str; 2] = ["contrato", "contrato, numero_parcela"];

struct Pedido {
    contratos: usize,
    vezes: usize,
    python: String,
    crescimento: bool,
    milhao: bool,
    tipos: bool,
    saidas: bool,
    remoto: bool,
    sem_noites: bool,
}

impl Pedido {
    fn le() -> Self {
        let args: Vec<String> = std::env::args().collect();
        let value = |name: &str| args.iter().skip_while(|a| *a != name).nth(1).cloned();
        let number = |name: &str, default: usize| value(name).and_then(|v| v.parse().ok()).unwrap_or(default);
        let has = |name: &str| args.iter().any(|a| a == name);
        Self {
            contratos: number("--contratos", 100_000),
            vezes: number("--vezes", 5).max(1),
            python: value("--python").unwrap_or_else(|| "python3".into()),
            crescimento: has("--crescimento"),
            milhao: has("--milhao"),
            tipos: has("--tipos"),
            saidas: has("--saidas"),
            remoto: has("--remoto"),
            sem_noites: has("--sem-noites"),
        }
    }
}

fn main() -> Result<()> {
    let pedido = Pedido::le();
    let dir = tempfile::tempdir()?;
    if !pedido.sem_noites {
        noites(dir.path(), &pedido)?;
    }
    if pedido.tipos {
        tipos::mede(dir.path(), 10 * pedido.contratos, pedido.contratos, pedido.vezes.min(3))?;
    }
    if pedido.saidas {
        saidas::mede(dir.path(), 10 * pedido.contratos, pedido.vezes.min(3))?;
    }
    if pedido.remoto {
        remoto::mede_remoto(dir.path(), pedido.vezes)?;
    }
    if pedido.crescimento {
        crescimento(dir.path(), &pedido)?;
    }
    if pedido.milhao {
        milhao(dir.path(), 10 * pedido.contratos)?;
    }
    Ok(())
}

/// The table of nights.
fn noites(root: &Path, pedido: &Pedido) -> Result<()> {
    let a = Arquivos::gera(root, pedido.contratos)?;
    let bases = Bases::em(&root.join("bases"))?;
    let csv = [bases.csv("remessa", &a.nova.arquivo)?, bases.csv("parcelas", &a.parcelas.arquivo)?];
    let mut t = Tabela::nova(LINHAS);
    let mut ausentes = Vec::new();
    let mut get = 0.0;
    for vez in 0..pedido.vezes {
        t.junta("R", bases.r("remessa", &a.nova.arquivo, CHAVE[0])?)?;
        match bases.sqlite3("remessa", &csv[0], CHAVE[0])? {
            Some(m) => t.junta("sqlite3 .import", m)?,
            None if vez == 0 => ausentes.push("sqlite3 ausente"),
            None => {}
        }
        let casa = Casa::nova(&root.join("casa"))?;
        t.junta("nova", casa.importa("remessa", &a.nova)?)?;
        let cheia = casa.copia(&root.join("copia"))?;
        t.junta("nova, base cheia", cheia.importa("remessa", &a.outra)?)?;
        t.junta("R parcelas", bases.r("parcelas", &a.parcelas.arquivo, CHAVE[1])?)?;
        if let Some(m) = bases.sqlite3("parcelas", &csv[1], CHAVE[1])? {
            t.junta("sqlite3 parcelas", m)?;
        }
        t.junta("parcelas", casa.importa("parcelas", &a.parcelas)?)?;
        t.junta("igual", casa.importa("remessa", &a.igual)?)?;
        t.junta("5 %", casa.importa("remessa", &a.cinco)?)?;
        let sem = casa.copia(&root.join("copia"))?;
        sem.sem_diario()?;
        t.junta("noite", casa.importa("remessa", &a.noite)?)?;
        t.junta("noite sem diário", sem.importa("remessa", &a.noite)?)?;
        get = casa.consulta(&a.documentos, &a.noite.agora)?;
    }
    // twenty times R: once is enough
    match bases.pandas(&pedido.python, "remessa", &a.nova.arquivo)? {
        Some(m) => t.junta("pandas read_fwf + to_sql", m)?,
        None => ausentes.push("pandas ausente"),
    }
    println!(
        "{} contratos × 280 campos, {} parcelas por contrato; medianas de {} (pandas: 1); × R da mesma rodada",
        pedido.contratos, 12, pedido.vezes
    );
    t.mostra();
    ausentes.iter().for_each(|a| println!("{a}"));
    println!("atom get por CPF, {} contratos: {get:.1} ms de CPU", pedido.contratos);
    Ok(())
}

/// New and usual night at one size and at four times that.
fn crescimento(root: &Path, pedido: &Pedido) -> Result<()> {
    let mut t = Tabela::nova(&[
        ("nova", "nova", ""),
        ("noite", "noite", ""),
        ("nova × 4", "nova", "≤ 5"),
        ("noite × 4", "noite", "≤ 5"),
    ]);
    for (fator, rows) in [(1, ["nova", "noite"]), (4, ["nova × 4", "noite × 4"])] {
        let (nova, noite) = arquivos::noites(root, fator * pedido.contratos)?;
        for _ in 0..pedido.vezes {
            let casa = Casa::nova(&root.join("casa"))?;
            t.junta(rows[0], casa.importa("remessa", &nova)?)?;
            t.junta(rows[1], casa.importa("remessa", &noite)?)?;
        }
    }
    println!("\ncrescimento de {} a {} contratos; alvo do pico: ≤ 110 MiB", pedido.contratos, 4 * pedido.contratos);
    t.mostra();
    Ok(())
}

/// A tick with nothing to do on a large base.
fn milhao(root: &Path, n: usize) -> Result<()> {
    let (nova, noite) = arquivos::noites(root, n)?;
    std::fs::remove_file(&noite.arquivo)?;
    let casa = Casa::nova(&root.join("casa"))?;
    let m = casa.importa("remessa", &nova)?;
    let tick = casa.tick_ocioso(&nova.agora)?;
    println!("\n{n} contratos: importados em {:.1} s, pico {} MiB", m.s(), m.pico_kib / 1024);
    println!("atom run sem nada a fazer: {tick:.1} ms de CPU");
    Ok(())
}
