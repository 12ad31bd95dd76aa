//! What serve answers with, beside its baselines in the same run (`scripts/bench --serve`).
//!
//! Look-ups by CPF in a closed loop of sixteen connections, on as many clients as the store has, in an order that no cache
//! guesses: beside a bare handler that reads the same rows and writes the same JSON, and the same on FastAPI where
//! `--python PATH` has it; the servers take turns. Tabulations beside bare durable commits. Then an open load, alone and
//! while `atom import remessa` brings as many new records. `--contratos N` and `--vezes N` change the size and the
//! number of turns, `--segundos N` their length; `--so-importacao` leaves the closed loops out.

#![expect(clippy::print_stdout, reason = "the table is its product")]

mod aberta;
#[expect(dead_code, reason = "the nights' bench uses the rest")]
#[path = "../night/arquivos.rs"]
mod arquivos;
mod base;
mod carga;
mod duravel;
#[expect(dead_code, reason = "the nights' bench uses the rest")]
#[path = "../night/medida.rs"]
mod medida;
mod nua;

use aberta::{Aberta, sob_carga};
use base::{Base, Servidor};
use carga::{Conexao, Pedido, Volta, parte, volta};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const CONEXOES: u64 = 16;
/// Where the Python baseline has its endpoint tuned.
const AFINADO: &str = "/afinado";

struct Medicao {
    contratos: usize,
    vezes: usize,
    tempo: Duration,
    python: String,
    /// Highest memory of serve so far, MiB.
    pico: u64,
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().collect();
    if let Some(i) = args.iter().position(|a| a == "--nua") {
        let (store, porta) = (args.get(i + 1).ok_or("store")?, args.get(i + 2).ok_or("port")?);
        return nua::serve(Path::new(store), porta.parse()?);
    }
    let value = |name: &str| args.iter().skip_while(|a| *a != name).nth(1);
    let number = |name: &str, default: usize| value(name).and_then(|v| v.parse().ok()).unwrap_or(default);
    let mut m = Medicao {
        contratos: number("--contratos", 100_000),
        vezes: number("--vezes", 5).max(1),
        tempo: Duration::from_secs(number("--segundos", 5).max(1) as u64),
        python: value("--python").cloned().unwrap_or_else(|| "python3".into()),
        pico: 0,
    };
    let dir = tempfile::tempdir()?;
    let (origem, outro) = (dir.path().join("base"), dir.path().join("copia"));
    std::fs::create_dir(&origem)?;
    let base = Base::nova(&origem, m.contratos)?;
    println!(
        "{} contratos, {} fichas, 12 parcelas por contrato; medianas de {} × {} s",
        m.contratos,
        base.documentos.len(),
        m.vezes,
        m.tempo.as_secs()
    );
    let token = base.token()?;
    if !args.iter().any(|a| a == "--so-importacao") {
        consultas(&mut m, &base.copia(&outro)?, &token)?;
        tabulacoes(&mut m, &base.copia(&outro)?, &token)?;
    }
    importacao(&mut m, &base, &outro, &token)?;
    println!("\nmemória de serve: pico de {} MiB  (≤ 128)", m.pico);
    Ok(())
}

fn mediana(all: impl IntoIterator<Item = f64>) -> f64 {
    parte(&mut all.into_iter().collect::<Vec<_>>(), 50.0)
}

fn linha(nome: &str, v: &[Volta], alvo: &str) {
    let cpu = mediana(v.iter().map(|v| v.cpu));
    let cpu = if cpu.is_nan() { String::new() } else { format!("{cpu:.0} µs") };
    println!(
        "{nome:<22}{:>9.0}/s  p50 {:>7.2} ms  p99 {:>7.2} ms  CPU {cpu:>8}  {alvo}",
        mediana(v.iter().map(|v| v.por_segundo)),
        mediana(v.iter().map(|v| v.p50)),
        mediana(v.iter().map(|v| v.p99)),
    );
}

/// Look-ups, in a closed loop.
fn consultas(m: &mut Medicao, base: &Base, token: &str) -> Result<()> {
    let (serve, nua, fastapi) = (base.serve()?, base.nua()?, base.fastapi(&m.python)?);
    let bytes = iguais(base, &serve, (&nua, ""), token)?;
    if let Some(f) = &fastapi {
        iguais(base, &serve, (f, ""), token)?;
        iguais(base, &serve, (f, AFINADO), token)?;
    }
    let tuned: Pedido<'_> = &|c, i| c.consulta_em(AFINADO, &base.documentos[i]).map(|_| ());
    let pede: Pedido<'_> = &|c, i| c.consulta(&base.documentos[i]).map(|_| ());
    let n = base.documentos.len();
    let (mut a, mut b, mut c, mut d) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..m.vezes {
        a.push(volta((&nua, ""), n, CONEXOES, m.tempo, pede)?);
        b.push(volta((&serve, token), n, CONEXOES, m.tempo, pede)?);
        if let Some(f) = &fastapi {
            c.push(volta((f, ""), n, CONEXOES, m.tempo, pede)?);
            d.push(volta((f, ""), n, CONEXOES, m.tempo, tuned)?);
        }
    }
    m.pico = m.pico.max(serve.pico());
    println!("\ndadosCliente por CPF, {CONEXOES} conexões, corpo de {} KiB em média", bytes / 1024);
    let (rate, p99) = (razao(&b, &a, |v| v.por_segundo), razao(&b, &a, |v| v.p99));
    linha("handler nu", &a, "");
    linha("serve", &b, &format!("× {rate:.2} (≥ 0.6), p99 × {p99:.2} (≤ 2)"));
    if c.is_empty() {
        println!("FastAPI: ausente em {}", m.python);
    } else {
        linha("FastAPI + sqlite3", &c, &format!("serve: × {:.1} (≥ 10)", razao(&b, &c, |v| v.por_segundo)));
        linha("FastAPI afinado", &d, &format!("serve: × {:.1}", razao(&b, &d, |v| v.por_segundo)));
    }
    Ok(())
}

/// How the medians of two rows stand.
fn razao(a: &[Volta], b: &[Volta], de: fn(&Volta) -> f64) -> f64 {
    mediana(a.iter().map(de)) / mediana(b.iter().map(de))
}

/// Tabulations, durable before the answer, in a closed loop.
fn tabulacoes(m: &mut Medicao, base: &Base, token: &str) -> Result<()> {
    let serve = base.serve()?;
    let (before, mut a, mut b) = (base.tabulacoes()?, Vec::new(), Vec::new());
    for _ in 0..m.vezes {
        a.push(duravel::commits(&base.store().join("nu.db"), m.tempo)?);
        b.push(volta((&serve, token), base.documentos.len(), CONEXOES, m.tempo, &|c, i| c.tabula(i as i64 + 1))?);
    }
    m.pico = m.pico.max(serve.pico());
    drop(serve);
    println!("\ninsertTabulacao, {CONEXOES} conexões, no disco antes da resposta");
    linha("commit nu de uma linha", &a, "");
    linha("serve", &b, &format!("× {:.2} (≥ 0.7)", razao(&b, &a, |v| v.por_segundo)));
    println!("{} tabulações no store depois de um SIGKILL", base.tabulacoes()? - before);
    Ok(())
}

/// The open load alone, and during an import.
fn importacao(m: &mut Medicao, base: &Base, pasta: &Path, token: &str) -> Result<()> {
    let file = arquivos::outra(pasta.parent().ok_or("pasta")?, m.contratos, m.contratos)?;
    let (mut idle, mut busy, mut alone, mut under) = (Aberta::default(), Aberta::default(), Vec::new(), Vec::new());
    let (mut idle_p99, mut busy_p99, mut kept) = (Vec::new(), Vec::new(), 0);
    for _ in 0..m.vezes {
        alone.push(base.copia(pasta)?.importa(&file)?.s());
        let copia = base.copia(pasta)?;
        let before = copia.tabulacoes()?;
        let serve = copia.serve()?;
        // its caches are warm, as they are by day
        sob_carga(&serve, token, &copia, || pausa(m.tempo)).and_then(|(_, warm)| sem_recusa(&warm))?;
        let warm = copia.tabulacoes()? - before;
        let (_, mut one) = sob_carga(&serve, token, &copia, || pausa(m.tempo))?;
        let (took, mut two) = sob_carga(&serve, token, &copia, || copia.importa(&file))?;
        under.push(took.s());
        idle_p99.push(parte(&mut one.leituras, 99.0));
        busy_p99.push(parte(&mut two.leituras, 99.0));
        m.pico = m.pico.max(serve.pico());
        drop(serve);
        kept += copia.tabulacoes()? - before - warm;
        idle.soma(one);
        busy.soma(two);
    }
    println!(
        "\ncarga aberta de {} consultas/s e {} tabulações/s, latência desde a hora marcada; depois {} registros novos em `atom import remessa`",
        aberta::LEITURAS.0,
        aberta::TABULACOES.0,
        m.contratos
    );
    mostra("sem importação", &mut idle);
    mostra("na importação", &mut busy);
    let (a, b) = (mediana(idle_p99), mediana(busy_p99));
    println!("consultas: p99 {a:.2} → {b:.2} ms, × {:.2} (≤ 2)", b / a);
    let answered = (idle.tabulacoes.len() + busy.tabulacoes.len()) as i64;
    println!(
        "tabulações: {answered} respondidas 201, {kept} no store depois de um SIGKILL: {} perdidas (0); {} recusas (0)",
        (answered - kept).max(0),
        idle.recusas.len() + busy.recusas.len()
    );
    busy.recusas.iter().chain(&idle.recusas).take(3).for_each(|r| println!("  {r}"));
    let (a, b) = (mediana(alone), mediana(under));
    println!("importação: {a:.2} s sozinha, {b:.2} s sob carga, × {:.2} (≤ 1.3)", b / a);
    Ok(())
}

fn pausa(tempo: Duration) -> Result<()> {
    std::thread::sleep(tempo);
    Ok(())
}

fn sem_recusa(a: &Aberta) -> Result<()> {
    a.recusas.first().map_or(Ok(()), |r| Err(r.clone().into()))
}

fn mostra(nome: &str, a: &mut Aberta) {
    let (reads, writes) = (a.leituras.len(), a.tabulacoes.len());
    let mut of = |v: fn(&mut Aberta) -> &mut Vec<f64>, p: f64| parte(v(a), p);
    println!(
        "{nome:<16}{reads:>6} consultas  p50 {:>6.2}  p99 {:>6.2}  maior {:>7.2} ms   {writes:>5} tabulações  p50 {:>6.2}  p99 {:>6.2} (≤ 20)  maior {:>7.2} ms (≤ 250)",
        of(|a| &mut a.leituras, 50.0),
        of(|a| &mut a.leituras, 99.0),
        of(|a| &mut a.leituras, 100.0),
        of(|a| &mut a.tabulacoes, 50.0),
        of(|a| &mut a.tabulacoes, 99.0),
        of(|a| &mut a.tabulacoes, 100.0),
    );
}

/// Both write the same JSON; its mean length.
fn iguais(base: &Base, serve: &Servidor, (outro, prefixo): (&Servidor, &str), token: &str) -> Result<usize> {
    let (mut a, mut b) = (Conexao::nova(&serve.endereco, token)?, Conexao::nova(&outro.endereco, "")?);
    let (mut bytes, mut n) = (0, 0);
    for cpf in base.documentos.iter().step_by((base.documentos.len() / 50).max(1)) {
        let ours: Value = serde_json::from_slice(a.consulta(cpf)?)?;
        let body = b.consulta_em(prefixo, cpf)?;
        (bytes, n) = (bytes + body.len(), n + 1);
        let bare: Value = serde_json::from_slice(body)?;
        if let Some(at) = diferenca(&ours, &bare, "") {
            return Err(format!("idCrm {}: the bodies differ at {at}", ours["clientes"][0]["idCrm"]).into());
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
