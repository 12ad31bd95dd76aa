//! One connection, and the closed loop: as many connections, each asks again as soon as it is answered.

use crate::Result;
use crate::base::Servidor;
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
    /// What one of them cost the server, µs of CPU; NaN where it is not told.
    pub cpu: f64,
}

/// One keep-alive connection.
pub struct Conexao {
    socket: TcpStream,
    autorizacao: String,
    buf: Vec<u8>,
}

/// What one request does, given the client's number from 0.
pub type Pedido<'a> = &'a (dyn Fn(&mut Conexao, usize) -> Result<()> + Sync);

impl Conexao {
    /// Connects; `token` may be empty.
    pub fn nova(endereco: &str, token: &str) -> Result<Self> {
        let socket = TcpStream::connect(endereco)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(Duration::from_secs(20)))?;
        Ok(Self { socket, autorizacao: format!("Authorization: Bearer {token}\r\n"), buf: Vec::new() })
    }

    /// The body for a client's document.
    pub fn consulta(&mut self, documento: &str) -> Result<&[u8]> {
        self.consulta_em("", documento)
    }

    /// The same below a prefix of the path.
    pub fn consulta_em(&mut self, prefixo: &str, documento: &str) -> Result<&[u8]> {
        let head = format!(
            "GET {prefixo}/api/v1/dadosCliente?cpf={documento} HTTP/1.1\r\nHost: x\r\n{}\r\n",
            self.autorizacao
        );
        self.troca(&head, "200")
    }

    /// A contact with a client; it is an error where the answer is not 201.
    pub fn tabula(&mut self, ficha: i64) -> Result<()> {
        let body = format!(
            "{{\"idCampanha\":1,\"idCrm\":{ficha},\"resultado\":101,\"usuario\":\"operador1\",\"idTipoCanal\":1,\
             \"obs\":\"cliente não atende\"}}"
        );
        let head = format!(
            "POST /api/v1/insertTabulacao HTTP/1.1\r\nHost: x\r\n{}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.autorizacao,
            body.len()
        );
        self.troca(&head, "201").map(|_| ())
    }

    fn troca(&mut self, pedido: &str, status: &str) -> Result<&[u8]> {
        self.socket.write_all(pedido.as_bytes())?;
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
            if text.split(' ').nth(1) != Some(status) {
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

/// The next of a row of numbers that no cache guesses, below `n`.
pub fn sorteia(x: &mut u64, n: usize) -> usize {
    *x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*x >> 33) as usize % n
}

/// Where a connection's row of numbers begins.
pub fn semente(i: u64) -> u64 {
    i.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1
}

/// Runs it on `fichas` clients.
pub fn volta(
    (servidor, token): (&Servidor, &str),
    fichas: usize,
    conexoes: u64,
    tempo: Duration,
    pedido: Pedido<'_>,
) -> Result<Volta> {
    let (begun, before) = (Instant::now(), servidor.cpu_ms());
    let uma = |i: u64| -> std::result::Result<Vec<f64>, String> {
        let mut c = Conexao::nova(&servidor.endereco, token).map_err(|e| e.to_string())?;
        let (mut times, mut x) = (Vec::new(), semente(i));
        while begun.elapsed() < tempo {
            let ficha = sorteia(&mut x, fichas);
            let asked = Instant::now();
            pedido(&mut c, ficha).map_err(|e| e.to_string())?;
            times.push(ms(asked.elapsed()));
        }
        Ok(times)
    };
    let mut all = Vec::new();
    std::thread::scope(|s| -> Result<()> {
        let threads: Vec<_> = (0..conexoes).map(|i| s.spawn(move || uma(i))).collect();
        for t in threads {
            all.extend(t.join().map_err(|_| "a connection's thread ended badly")??);
        }
        Ok(())
    })?;
    let por_segundo = all.len() as f64 / begun.elapsed().as_secs_f64();
    let cpu = (servidor.cpu_ms() - before) * 1000.0 / all.len() as f64;
    Ok(Volta { por_segundo, p50: parte(&mut all, 50.0), p99: parte(&mut all, 99.0), cpu })
}

/// Milliseconds.
pub fn ms(d: Duration) -> f64 {
    d.as_secs_f64() * 1000.0
}

/// The value that `percent` of all are below; NaN of none.
pub fn parte(all: &mut [f64], percent: f64) -> f64 {
    all.sort_unstable_by(f64::total_cmp);
    let at = (all.len() as f64 * percent / 100.0) as usize;
    all.get(at.min(all.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}
