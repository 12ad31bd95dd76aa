//! What a look-up costs, beside a bare handler that reads the same rows and writes the same JSON (`scripts/bench --serve`).
//!
//! Sixteen connections in a closed loop, on as many clients as the store has, in an order that no cache guesses; the two
//! servers take turns. `--contratos N` and `--vezes N` change the size and the number of turns, `--segundos N` their length.

#![expect(clippy::print_stdout, reason = "the table is its product")]

mod base;
mod carga;
mod nua;

use base::Base;
use carga::{Conexao, Volta, volta};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const CONEXOES: u64 = 16;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().collect();
    if let Some(i) = args.iter().position(|a| a == "--nua") {
        let (store, porta) = (args.get(i + 1).ok_or("store")?, args.get(i + 2).ok_or("port")?);
        return nua::serve(Path::new(store), porta.parse()?);
    }
    let number = |name: &str, default: usize| -> usize {
        args.iter().skip_while(|a| *a != name).nth(1).and_then(|v| v.parse().ok()).unwrap_or(default)
    };
    let (contratos, vezes) = (number("--contratos", 100_000), number("--vezes", 5).max(1));
    let tempo = Duration::from_secs(number("--segundos", 5).max(1) as u64);
    let dir = tempfile::tempdir()?;
    let base = Base::nova(dir.path(), contratos)?;
    let token = base.token()?;
    let (serve, nua) = (base.serve()?, base.nua()?);
    let bytes = iguais(&base, &serve.endereco, &nua.endereco, &token)?;
    let mut rows: [Vec<Volta>; 2] = [Vec::new(), Vec::new()];
    for _ in 0..vezes {
        rows[0].push(volta(&nua.endereco, "", base.fichas, CONEXOES, tempo)?);
        rows[1].push(volta(&serve.endereco, &token, base.fichas, CONEXOES, tempo)?);
    }
    println!(
        "{contratos} contratos, {} fichas, 12 parcelas por contrato; {CONEXOES} conexões; corpo de {} KiB em média; \
         medianas de {vezes} × {} s",
        base.fichas,
        bytes / 1024,
        tempo.as_secs()
    );
    let median = |row: &[Volta], of: fn(&Volta) -> f64| {
        let mut all: Vec<f64> = row.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let rate = |row: &[Volta]| median(row, |v| v.por_segundo);
    for (name, row, target) in [("handler nu", &rows[0], ""), ("dadosCliente", &rows[1], "≥ 0.6")] {
        println!(
            "{name:<14}{:>9.0}/s  p50 {:>6.2} ms  p99 {:>6.2} ms  × {:.2}  {target}",
            rate(row),
            median(row, |v| v.p50),
            median(row, |v| v.p99),
            rate(row) / rate(&rows[0])
        );
    }
    Ok(())
}

/// Both write the same JSON; its mean length.
fn iguais(base: &Base, serve: &str, nua: &str, token: &str) -> Result<usize> {
    let (mut a, mut b) = (Conexao::nova(serve, token)?, Conexao::nova(nua, "")?);
    let step = (base.fichas / 50).max(1);
    let (mut bytes, mut n) = (0, 0);
    for ficha in (1..=base.fichas).step_by(usize::try_from(step)?) {
        let ours: Value = serde_json::from_slice(a.pede(ficha)?)?;
        let body = b.pede(ficha)?;
        (bytes, n) = (bytes + body.len(), n + 1);
        let bare: Value = serde_json::from_slice(body)?;
        if let Some(at) = diferenca(&ours, &bare, "") {
            return Err(format!("ficha {ficha}: the bodies differ at {at}").into());
        }
    }
    Ok(bytes / n)
}

/// The first place at which two answers differ.
fn diferenca(a: &Value, b: &Value, at: &str) -> Option<String> {
    match (a, b) {
        (Value::Object(x), Value::Object(y)) if x.len() == y.len() => x.iter().find_map(|(k, v)| match y.get(k) {
            Some(w) => diferenca(v, w, &format!("{at}/{k}")),
            None => Some(format!("{at}/{k}")),
        }),
        (Value::Array(x), Value::Array(y)) if x.len() == y.len() => {
            x.iter().zip(y).enumerate().find_map(|(i, (v, w))| diferenca(v, w, &format!("{at}/{i}")))
        }
        _ if a == b => None,
        _ => Some(at.to_owned()),
    }
}
