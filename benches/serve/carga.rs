//! A closed loop: as many connections, each asks again as soon as it is answered.

use crate::Result;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// What a loop measured.
pub struct Volta {
    /// Answers a second.
    pub por_segundo: f64,
    /// Half of the answers came within so long, ms.
    pub p50: f64,
    /// All but one in a hundred did, ms.
    pub p99: f64,
}

/// One keep-alive connection.
pub struct Conexao {
    socket: TcpStream,
    autorizacao: String,
    buf: Vec<u8>,
}

impl Conexao {
    /// Connects; `token` may be empty.
    pub fn nova(endereco: &str, token: &str) -> Result<Self> {
        let socket = TcpStream::connect(endereco)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(Duration::from_secs(20)))?;
        Ok(Self { socket, autorizacao: format!("Authorization: Bearer {token}\r\n"), buf: Vec::new() })
    }

    /// The body for a client.
    pub fn pede(&mut self, ficha: i64) -> Result<&[u8]> {
        let req = format!("GET /api/v1/dadosCliente?idCrm={ficha} HTTP/1.1\r\nHost: x\r\n{}\r\n", self.autorizacao);
        self.socket.write_all(req.as_bytes())?;
        self.buf.clear();
        let mut chunk = [0; 64 * 1024];
        loop {
            let n = self.socket.read(&mut chunk)?;
            if n == 0 {
                return Err("the connection was closed".into());
            }
            self.buf.extend_from_slice(&chunk[..n]);
            let Some(head) = self.buf.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
            let text = std::str::from_utf8(&self.buf[..head])?.to_ascii_lowercase();
            if !text.starts_with("http/1.1 200") {
                return Err(text.into());
            }
            let length = text.split("content-length: ").nth(1).and_then(|t| t.split("\r\n").next()).ok_or("length")?;
            let end = head + 4 + length.parse::<usize>()?;
            if self.buf.len() >= end {
                return Ok(&self.buf[head + 4..end]);
            }
        }
    }
}

/// Runs it.
pub fn volta(endereco: &str, token: &str, fichas: i64, conexoes: u64, tempo: Duration) -> Result<Volta> {
    let begun = Instant::now();
    let threads: Vec<_> = (0..conexoes)
        .map(|seed| {
            let mut c = Conexao::nova(endereco, token)?;
            Ok(std::thread::spawn(move || -> std::result::Result<Vec<Duration>, String> {
                let (mut times, mut x) = (Vec::new(), seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
                while begun.elapsed() < tempo {
                    x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let ficha = 1 + ((x >> 33) as i64) % fichas;
                    let asked = Instant::now();
                    c.pede(ficha).map_err(|e| e.to_string())?;
                    times.push(asked.elapsed());
                }
                Ok(times)
            }))
        })
        .collect::<Result<_>>()?;
    let mut all = Vec::new();
    for t in threads {
        all.extend(t.join().map_err(|_| "a connection's thread ended badly")??);
    }
    let por_segundo = all.len() as f64 / begun.elapsed().as_secs_f64();
    all.sort_unstable();
    let at = |share: usize| all.get(all.len() * share / 100).map_or(f64::NAN, |d| d.as_secs_f64() * 1000.0);
    Ok(Volta { por_segundo, p50: at(50), p99: at(99) })
}
