//! The baseline of writes: one connection, one row a commit, on the disk before the next one; nothing is asked, checked,
//! audited or answered.

use crate::Result;
use crate::carga::{Volta, ms, parte};
use rusqlite::{Connection, params};
use std::path::Path;
use std::time::{Duration, Instant};

/// Commits one after the other; the file is made anew.
pub fn commits(file: &Path, tempo: Duration) -> Result<Volta> {
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", file.display()));
    }
    let c = Connection::open(file)?;
    c.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
         CREATE TABLE tabulacao (id INTEGER PRIMARY KEY, ficha_id INTEGER NOT NULL, resultado INTEGER, nome TEXT NOT NULL,
           canal INTEGER, usuario TEXT, obs TEXT, em TEXT NOT NULL) STRICT;
         CREATE INDEX tabulacao_ficha ON tabulacao(ficha_id)",
    )?;
    let sql = "INSERT INTO tabulacao (ficha_id, resultado, nome, canal, usuario, obs, em) VALUES (?1, 101, ?2, 1, ?3, ?4, ?5)";
    let mut stmt = c.prepare(sql)?;
    let (begun, mut times, mut x) = (Instant::now(), Vec::new(), 1);
    while begun.elapsed() < tempo {
        let ficha = crate::carga::sorteia(&mut x, 100_000) as i64;
        let one = Instant::now();
        stmt.execute(params![ficha, "Não atende", "operador1", "cliente não atende", "2023-08-04T02:00:00-03:00"])?;
        times.push(ms(one.elapsed()));
    }
    let por_segundo = times.len() as f64 / begun.elapsed().as_secs_f64();
    Ok(Volta { por_segundo, p50: parte(&mut times, 50.0), p99: parte(&mut times, 99.0), cpu: f64::NAN })
}
