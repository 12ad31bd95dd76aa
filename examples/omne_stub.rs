//! A stub of OMNE for rehearsals: takes every message, writes one line of JSON for each to stdout.
//! `cargo run --example omne_stub -- [ADDR:PORT]`; the first line is the address that it listens on. What the tests talk to is
//! the same stub.

#[expect(
    clippy::unwrap_used,
    dead_code,
    reason = "the stub of the tests: it says so by stopping, and does more than answer"
)]
#[path = "../tests/support/omne.rs"]
mod omne;

use std::io::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

fn main() -> anyhow::Result<()> {
    let given = std::env::args().nth(1);
    let addr: SocketAddr = given.as_deref().unwrap_or("127.0.0.1:0").parse()?;
    let stub = omne::Omne::em(addr, |s| Box::new(s));
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", stub.addr)?;
    out.flush()?;
    let mut told = 0;
    loop {
        std::thread::sleep(Duration::from_millis(50));
        for p in stub.pedidos().iter().skip(told) {
            writeln!(out, "{}", p.corpo)?;
            told += 1;
        }
        out.flush()?;
    }
}
