//! What a message costs (`cargo bench --bench hsm`): `atom send-hsm` beside a bare loop of one durable commit, POST and durable
//! commit against the same stub, seven times in turn; then how soon a queue of 200,000 begins to go and what it takes of memory.

#![expect(clippy::print_stdout, reason = "the table is its product")]

#[expect(clippy::unwrap_used, dead_code, reason = "the stub of the tests")]
#[path = "../tests/support/omne.rs"]
mod omne;

use omne::Omne;
use rusqlite::Connection;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const CONTRATOS: usize = 1000;
const MENSAGENS: u32 = 2000;
const FILA: u32 = 200_000;
const VEZES: usize = 7;

fn atom(dir: &Path, args: &[&str]) -> Command {
    let mut c = Command::new(env!("CARGO_BIN_EXE_atom"));
    c.arg("-q").args(args).current_dir(dir).env("ATOM_NOW", "2023-08-04T11:00:00-03:00").stdout(Stdio::null());
    c
}

fn faz(mut c: Command) -> Result<()> {
    let status = c.status()?;
    if status.success() { Ok(()) } else { Err(format!("{c:?}: {status}").into()) }
}

/// A store with contracts, whose OMNE is the stub.
fn base(dir: &Path, stub: &Omne) -> Result<()> {
    let d = dir.display();
    for f in ["evo", "manager"] {
        fs::create_dir(dir.join(f))?;
    }
    let private = |name: &str, text: String| -> Result<()> {
        fs::write(dir.join(name), text)?;
        Ok(fs::set_permissions(dir.join(name), fs::Permissions::from_mode(0o600))?)
    };
    private("omne.token", "x".into())?;
    private(
        "atom.toml",
        format!(
            "[campanha]\nid = 1\nascob = \"528\"\n[evo]\nurl = \"file://{d}/evo\"\n[manager]\nurl = \"file://{d}/manager\"\n\
             [omne]\nurl = \"http://{}\"\ntoken = \"file:omne.token\"\nrate_per_second = 1000000\n",
            stub.addr
        ),
    )?;
    faz(atom(dir, &["init"]))?;
    let mut bytes = Vec::new();
    let portfolio = atom::gerador::Carteira::nova(11, CONTRATOS, "528")?;
    portfolio.escreve_remessa(&mut bytes, "2023-08-04".parse()?)?;
    fs::write(dir.join("20230803_203000_remessa_528_out.528"), bytes)?;
    faz(atom(dir, &["import", "remessa", "20230803_203000_remessa_528_out.528"]))
}

/// Messages to as many numbers, on the contracts in turn; what there was is gone.
fn enfileira(dir: &Path, quantas: u32) -> Result<()> {
    let db = Connection::open(dir.join("store/atendimento.db"))?;
    db.execute_batch(&format!("ATTACH '{}' AS c", dir.join("store/carteira.db").display()))?;
    db.execute_batch(
        "DELETE FROM hsm; INSERT INTO lote VALUES (1, '2023-08-04', 'x', 'y', '', '') ON CONFLICT DO NOTHING",
    )?;
    db.execute(
        "INSERT INTO hsm (lote_id, linha, ficha_id, contrato_id, contrato, fone, nome, jornada, estado, importada_em)
         WITH n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<?1),
              k AS (SELECT id, ficha_id, contrato, row_number() OVER (ORDER BY id) r, count(*) OVER () m
                    FROM c.contrato WHERE situacao='ATIVO')
         SELECT 1, i, ficha_id, k.id, contrato, '5511'||(980000000+i), 'Nome', 'jornada1', 'PENDENTE', '2023-08-04T10:00:00-03:00'
         FROM n JOIN k ON k.r=1+i%k.m",
        [quantas],
    )?;
    Ok(db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?)
}

/// Messages a second of the sender, its start and end included.
fn remetente(dir: &Path, stub: &Omne) -> Result<f64> {
    enfileira(dir, MENSAGENS)?;
    let (before, begun) = (stub.quantos(), Instant::now());
    faz(atom(dir, &["send-hsm"]))?;
    Ok((stub.quantos() - before) as f64 / begun.elapsed().as_secs_f64())
}

/// The same of a loop that does nothing else.
fn laco(dir: &Path, stub: &Omne) -> Result<f64> {
    let path = dir.join("laco.db");
    let _ = fs::remove_file(&path);
    let db = Connection::open(path)?;
    db.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE q (id INTEGER PRIMARY KEY, s TEXT)",
    )?;
    db.execute(
        "INSERT INTO q WITH n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<?1) SELECT i, 'PENDENTE' FROM n",
        [MENSAGENS],
    )?;
    let agent: ureq::Agent = ureq::Agent::config_builder().proxy(None).no_delay(true).build().into();
    let url = format!("http://{}/interactive/whatsapp/hsm/message", stub.addr);
    let begun = Instant::now();
    for i in 1..=MENSAGENS {
        db.execute("UPDATE q SET s='ENVIANDO' WHERE id=?1", [i])?;
        let body = format!("{{\"templateId\":101,\"number\":\"5511{}\",\"parameters\":[\"Nome\"]}}", 980_000_000 + i);
        agent.post(&url).send(body.as_bytes())?.body_mut().read_to_vec()?;
        db.execute("UPDATE q SET s='ACEITA' WHERE id=?1", [i])?;
    }
    Ok(f64::from(MENSAGENS) / begun.elapsed().as_secs_f64())
}

/// Peak resident memory so far, MiB.
fn pico(child: &Child) -> u64 {
    let text = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn main() -> Result<()> {
    let tmp = tempfile::tempdir()?;
    let (dir, stub) = (tmp.path(), Omne::sobe());
    base(dir, &stub)?;
    let mut ratios = Vec::new();
    for _ in 0..VEZES {
        let (bare, ours) = (laco(dir, &stub)?, remetente(dir, &stub)?);
        println!(
            "bare loop {bare:>7.0} messages/s   send-hsm {ours:>7.0} messages/s   {:.2} times (sought: ≥ 0.7)",
            ours / bare
        );
        ratios.push(ours / bare);
    }
    ratios.sort_by(f64::total_cmp);
    println!("median {:.2}", ratios.get(VEZES / 2).copied().unwrap_or(f64::NAN));
    enfileira(dir, FILA)?;
    let (before, begun) = (stub.quantos(), Instant::now());
    let mut child = atom(dir, &["send-hsm"]).spawn()?;
    while stub.quantos() == before && child.try_wait()?.is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let first = begun.elapsed();
    std::thread::sleep(Duration::from_secs(5));
    let (peak, sent) = (pico(&child), stub.quantos() - before);
    child.kill()?;
    child.wait()?;
    println!(
        "a queue of {FILA}: the first message after {:.2} s (sought: ≤ 1), peak {peak} MiB after {sent} (≤ 64)",
        first.as_secs_f64()
    );
    Ok(())
}
