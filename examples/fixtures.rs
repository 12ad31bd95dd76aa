//! Writes all files of a synthetic operating day:
//! `cargo run --example fixtures -- --out DIR --contratos N --seed S --dia AAAA-MM-DD [--base AAAA-MM-DD] [--ascob 528] [--limpo]`.

use anyhow::{Context, Result, bail};
use atom::gerador::{Carteira, dia_util_simples};
use chrono::{Days, NaiveDate};
use std::io::Write;
use std::path::PathBuf;

const AJUDA: &str = "\
fixtures --out DIR [--contratos 200] [--seed 528] [--dia 2023-08-04] [--base DIA] [--ascob 528] [--limpo]
  --dia    data de operação of the files
  --base   day on which the portfolio begins (default 2023-08-04, or DIA if that is earlier); the nights
           between it and DIA pass, so consecutive days with the same seed and base belong together
  --limpo  without the bad lines";

struct Args {
    out: Option<PathBuf>,
    contratos: usize,
    seed: u64,
    dia: NaiveDate,
    base: Option<NaiveDate>,
    ascob: String,
    limpo: bool,
}

fn args(primeiro: NaiveDate) -> Result<Option<Args>> {
    let mut a =
        Args { out: None, contratos: 200, seed: 528, dia: primeiro, base: None, ascob: "528".to_owned(), limpo: false };
    let mut resto = std::env::args().skip(1);
    while let Some(nome) = resto.next() {
        if matches!(nome.as_str(), "-h" | "--help") {
            return Ok(None);
        }
        if nome == "--limpo" {
            a.limpo = true;
            continue;
        }
        let valor = resto.next().with_context(|| format!("{nome} needs a value"))?;
        match nome.as_str() {
            "--out" => a.out = Some(valor.into()),
            "--contratos" => a.contratos = valor.parse().context("--contratos")?,
            "--seed" => a.seed = valor.parse().context("--seed")?,
            "--dia" => a.dia = valor.parse().context("--dia")?,
            "--base" => a.base = Some(valor.parse().context("--base")?),
            "--ascob" => a.ascob = valor,
            outro => bail!("unknown option {outro}\n{AJUDA}"),
        }
    }
    Ok(Some(a))
}

fn main() -> Result<()> {
    let primeiro = NaiveDate::from_ymd_opt(2023, 8, 4).context("2023-08-04")?;
    let mut stdout = std::io::stdout().lock();
    let Some(a) = args(primeiro)? else {
        writeln!(stdout, "{AJUDA}")?;
        return Ok(());
    };
    let out = a.out.context("--out DIR is required")?;
    let base = a.base.unwrap_or(primeiro).min(a.dia);
    let mut carteira = Carteira::em(a.seed, a.contratos, &a.ascob, base)?;
    let mut noite = base;
    while noite < a.dia {
        if dia_util_simples(noite) {
            carteira.encerra(noite);
        }
        noite = noite + Days::new(1);
        if dia_util_simples(noite) {
            carteira.avanca(noite);
        }
    }
    for arquivo in carteira.escreve_dia(&out, a.dia, a.limpo)? {
        writeln!(stdout, "{}", arquivo.display())?;
    }
    Ok(())
}
