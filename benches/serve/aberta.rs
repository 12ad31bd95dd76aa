//! The open load: requests come at fixed moments, whether or not those before them are answered, and a latency counts
//! from the moment at which the request was due. A server that stops for a second is charged with everyone who waited.

use crate::Result;
use crate::base::{Base, Servidor};
use crate::carga::{Conexao, ms, semente, sorteia};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Look-ups a second, and connections that they may take at once.
pub const LEITURAS: (u32, u64) = (200, 64);
/// Tabulations a second.
pub const TABULACOES: (u32, u64) = (20, 16);

/// What an open load measured, ms from the moment at which each was due.
#[derive(Default)]
pub struct Aberta {
    /// Of look-ups.
    pub leituras: Vec<f64>,
    /// Of tabulations that were answered 201.
    pub tabulacoes: Vec<f64>,
    /// What was answered otherwise or not at all; the first few.
    pub recusas: Vec<String>,
}

impl Aberta {
    /// All of both.
    pub fn soma(&mut self, mut outra: Self) {
        self.leituras.append(&mut outra.leituras);
        self.tabulacoes.append(&mut outra.tabulacoes);
        self.recusas.append(&mut outra.recusas);
    }
}

/// Puts the load on while `enquanto` runs.
pub fn sob_carga<T>(
    servidor: &Servidor,
    token: &str,
    base: &Base,
    enquanto: impl FnOnce() -> Result<T>,
) -> Result<(T, Aberta)> {
    let (fim, all) = (AtomicBool::new(false), Mutex::new(Aberta::default()));
    let begun = Instant::now();
    let read = |c: &mut Conexao, i: usize| c.consulta(&base.documentos[i]).map(|_| ());
    let write = |c: &mut Conexao, i: usize| c.tabula(i as i64 + 1);
    let fila = |(rate, _): (u32, u64), pedido: crate::carga::Pedido<'_>, next: &AtomicU64, seed: u64| {
        let (mut times, mut bad, mut x) = (Vec::new(), Vec::new(), semente(seed));
        let mut conn = None;
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            let due = begun + Duration::from_secs_f64(n as f64 / f64::from(rate));
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if fim.load(Ordering::Relaxed) {
                return (times, bad);
            }
            let ficha = sorteia(&mut x, base.documentos.len());
            let done = match conn.take() {
                Some(c) => Ok(c),
                None => Conexao::nova(&servidor.endereco, token),
            };
            match done.and_then(|mut c| pedido(&mut c, ficha).map(|()| c)) {
                Ok(c) => {
                    times.push(ms(due.elapsed()));
                    conn = Some(c);
                }
                Err(e) => bad.push(e.to_string()),
            }
        }
    };
    let (next_read, next_write) = (AtomicU64::new(0), AtomicU64::new(0));
    let done = std::thread::scope(|s| {
        for i in 0..LEITURAS.1 {
            let (fila, read, next_read, all) = (&fila, &read, &next_read, &all);
            s.spawn(move || {
                let (times, bad) = fila(LEITURAS, read, next_read, i);
                all.lock().unwrap_or_else(PoisonError::into_inner).soma(Aberta {
                    leituras: times,
                    recusas: bad,
                    ..Aberta::default()
                });
            });
        }
        for i in 0..TABULACOES.1 {
            let (fila, write, next_write, all) = (&fila, &write, &next_write, &all);
            s.spawn(move || {
                let (times, bad) = fila(TABULACOES, write, next_write, 1000 + i);
                all.lock().unwrap_or_else(PoisonError::into_inner).soma(Aberta {
                    tabulacoes: times,
                    recusas: bad,
                    ..Aberta::default()
                });
            });
        }
        let done = enquanto();
        fim.store(true, Ordering::Relaxed);
        done
    })?;
    Ok((done, all.into_inner().unwrap_or_else(PoisonError::into_inner)))
}
