//! A running `atom serve` on a port that the kernel picks, and a client.

use super::{Bed, Out};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// More configuration for a bed whose store is served.
pub const SERVE: &str = "[serve]\nlisten = \"127.0.0.1:0\"\n";

/// An answer.
pub struct Resposta {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub text: String,
}

impl Resposta {
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    /// The error's code.
    #[track_caller]
    pub fn codigo(&self) -> String {
        self.json()["erro"]["codigo"].as_str().unwrap_or_default().to_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
}

/// The process; it is killed when dropped.
pub struct Serve {
    child: Child,
    pub addr: SocketAddr,
    agent: ureq::Agent,
    log: Arc<Mutex<String>>,
}

impl Serve {
    /// Serves the store of a bed.
    pub fn start(b: &Bed) -> Self {
        let mut child =
            b.cmd(&["--log-format", "json", "serve"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (into, err) = (Arc::clone(&log), child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in BufReader::new(err).lines().map_while(Result::ok) {
                let mut all = into.lock().unwrap();
                all.push_str(&line);
                all.push('\n');
            }
        });
        let begun = Instant::now();
        let addr = loop {
            let text = log.lock().unwrap().clone();
            let at = text.lines().find_map(|l| l.split_once("http://")?.1.split(';').next()?.parse().ok());
            if let Some(at) = at {
                break at;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "serve does not listen: {text}");
            assert!(child.try_wait().unwrap().is_none(), "serve ended: {text}");
            std::thread::sleep(Duration::from_millis(10));
        };
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .build();
        Self { child, addr, agent: config.into(), log }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    pub fn get(&self, path: &str, token: &str) -> Resposta {
        let req = self.agent.get(self.url(path));
        let req = if token.is_empty() { req } else { req.header("Authorization", format!("Bearer {token}")) };
        resposta(req.call().unwrap())
    }

    /// A GET with these headers.
    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Resposta {
        let req = headers.iter().fold(self.agent.get(self.url(path)), |r, (k, v)| r.header(*k, *v));
        resposta(req.call().unwrap())
    }

    /// A POST of these bytes with these headers and no others.
    pub fn post_raw(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Resposta {
        let req = headers.iter().fold(self.agent.post(self.url(path)), |r, (k, v)| r.header(*k, *v));
        resposta(req.send(body).unwrap())
    }

    /// A POST of JSON, with more headers.
    pub fn post_with(&self, path: &str, token: &str, headers: &[(&str, &str)], body: &[u8]) -> Resposta {
        let mut req = self.agent.post(self.url(path)).header("Content-Type", "application/json");
        if !token.is_empty() {
            req = req.header("Authorization", format!("Bearer {token}"));
        }
        for (k, v) in headers {
            req = req.header(*k, *v);
        }
        resposta(req.send(body).unwrap())
    }

    pub fn post(&self, path: &str, token: &str, body: &Value) -> Resposta {
        self.post_with(path, token, &[], body.to_string().as_bytes())
    }

    /// A connection of one's own.
    pub fn connect(&self) -> TcpStream {
        let s = TcpStream::connect(self.addr).unwrap();
        s.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
        s
    }

    /// Bytes as they are; what came back until the server closed or was silent.
    pub fn raw(&self, bytes: &[u8]) -> String {
        let mut s = self.connect();
        s.write_all(bytes).unwrap();
        s.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        let mut out = Vec::new();
        let _ = s.read_to_end(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Peak resident memory so far.
    pub fn pico_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// SIGTERM; its exit code and how long it took.
    pub fn term(mut self) -> (Option<i32>, Duration) {
        let begun = Instant::now();
        self.signal();
        let code = self.child.wait().unwrap().code();
        (code, begun.elapsed())
    }

    /// SIGTERM, without waiting.
    pub fn signal(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn resposta(mut r: ureq::http::Response<ureq::Body>) -> Resposta {
    let headers =
        r.headers().iter().map(|(k, v)| (k.as_str().to_owned(), String::from_utf8_lossy(v.as_bytes()).into_owned()));
    let headers = headers.collect();
    // a file for spreadsheets is not UTF-8
    let text = String::from_utf8_lossy(&r.body_mut().with_config().limit(64 << 20).read_to_vec().unwrap()).into_owned();
    Resposta { status: r.status().as_u16(), headers, text }
}

/// A new token of a scope; each has a name of its own.
pub fn token(b: &Bed, scope: &str) -> String {
    let add = |n: u32| -> Out {
        let name = if n == 1 { format!("teste-{scope}") } else { format!("teste-{scope}-{n}") };
        b.atom(&["token", "add", &name, "--scope", scope])
    };
    let made = (1..20).map(add).find(|out| out.code != 2).unwrap();
    made.exits(0).stdout.trim().to_owned()
}
