//! A stub of OMNE: real HTTP on a port that the kernel picks, scripted answers, a record of what "reached a phone".
//! It needs nothing of the tests around it: the demo's stub is this file as well.

use serde_json::Value;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What the stub does with a request.
#[derive(Clone, Debug)]
pub enum Faz {
    /// Answers; 2xx reach a phone.
    Responde(u16),
    /// Answers with more headers, each ending in CRLF.
    Com(u16, String),
    /// Reaches a phone and answers with this body.
    Corpo(String),
    /// Closes without a word: nothing reached a phone.
    CaiAntes,
    /// Reaches a phone, then closes without a word.
    CaiDepois,
    /// Reaches a phone, then says nothing for so long.
    Pendura(Duration),
    /// Reaches a phone and answers after so long.
    Demora(Duration),
    /// Reaches a phone; these bytes are the answer, and then it closes.
    Bytes(&'static str),
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Pedido {
    /// Request line and headers.
    pub cabeca: String,
    pub corpo: Value,
    pub em: Instant,
    /// It reached a phone.
    pub entregue: bool,
}

#[derive(Clone)]
pub struct Omne {
    pub addr: SocketAddr,
    pedidos: Arc<Mutex<Vec<Pedido>>>,
    roteiro: Arc<Mutex<VecDeque<Faz>>>,
    padrao: Arc<Mutex<Faz>>,
}

impl Omne {
    /// Listens on a port of the kernel's.
    pub fn sobe() -> Self {
        Self::em(SocketAddr::from(([127, 0, 0, 1], 0)), |s| Box::new(s))
    }

    /// Listens there, each connection through `veste` (TLS).
    pub fn em(addr: SocketAddr, veste: impl Fn(TcpStream) -> Box<dyn Fio> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(addr).unwrap();
        let omne = Self {
            addr: listener.local_addr().unwrap(),
            pedidos: Arc::default(),
            roteiro: Arc::default(),
            padrao: Arc::new(Mutex::new(Faz::Responde(200))),
        };
        let (stub, veste) = (omne.clone(), Arc::new(veste));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (stub, veste) = (stub.clone(), Arc::clone(&veste));
                let _ = stream.set_nodelay(true);
                std::thread::spawn(move || stub.atende(veste(stream)));
            }
        });
        omne
    }

    /// The next requests get these, in turn.
    pub fn roteiro(&self, faz: impl IntoIterator<Item = Faz>) {
        self.roteiro.lock().unwrap().extend(faz);
    }

    /// Every other request gets this.
    pub fn sempre(&self, faz: Faz) {
        *self.padrao.lock().unwrap() = faz;
    }

    pub fn pedidos(&self) -> Vec<Pedido> {
        self.pedidos.lock().unwrap().clone()
    }

    pub fn quantos(&self) -> usize {
        self.pedidos.lock().unwrap().len()
    }

    /// Numbers that reached a phone, in order.
    pub fn entregues(&self) -> Vec<String> {
        let all = self.pedidos.lock().unwrap();
        all.iter().filter(|p| p.entregue).map(|p| p.corpo["number"].as_str().unwrap_or_default().to_owned()).collect()
    }

    fn atende(&self, stream: Box<dyn Fio>) {
        let mut reader = BufReader::new(stream);
        while let Some((cabeca, corpo)) = le(&mut reader) {
            let faz = self.roteiro.lock().unwrap().pop_front().unwrap_or_else(|| self.padrao.lock().unwrap().clone());
            let entregue = match &faz {
                Faz::Responde(code) | Faz::Com(code, _) => (200..300).contains(code),
                Faz::CaiAntes => false,
                _ => true,
            };
            self.pedidos.lock().unwrap().push(Pedido { cabeca, corpo, em: Instant::now(), entregue });
            let s = reader.get_mut();
            let body = |code: u16, more: &str, body: &str| {
                format!(
                    "HTTP/1.1 {code} X\r\nContent-Type: application/json\r\n{more}Content-Length: {}\r\n\r\n{body}",
                    body.len()
                )
            };
            let said = match faz {
                Faz::Responde(code) => s.write_all(body(code, "", "{\"success\":true}").as_bytes()),
                Faz::Com(code, more) => s.write_all(body(code, &more, "{}").as_bytes()),
                Faz::Corpo(text) => s.write_all(body(200, "", &text).as_bytes()),
                Faz::Demora(d) => {
                    std::thread::sleep(d);
                    s.write_all(body(200, "", "{}").as_bytes())
                }
                Faz::Pendura(d) => {
                    std::thread::sleep(d);
                    return;
                }
                Faz::Bytes(bytes) => {
                    let _ = s.write_all(bytes.as_bytes());
                    return;
                }
                Faz::CaiAntes | Faz::CaiDepois => return,
            };
            if said.and_then(|()| s.flush()).is_err() {
                return;
            }
        }
    }
}

/// What a request is read from and answered on.
pub trait Fio: Read + Write + Send {}
impl<T: Read + Write + Send> Fio for T {}

/// The next request; `None` at the end of the connection.
fn le(reader: &mut BufReader<Box<dyn Fio>>) -> Option<(String, Value)> {
    let (mut cabeca, mut len) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        if let Some((k, v)) = line.split_once(':')
            && k.eq_ignore_ascii_case("content-length")
        {
            len = v.trim().parse().ok()?;
        }
        cabeca.push_str(&line);
    }
    let mut body = vec![0; len];
    reader.read_exact(&mut body).ok()?;
    Some((cabeca, serde_json::from_slice(&body).unwrap_or(Value::Null)))
}
