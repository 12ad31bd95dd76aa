//! Tells whoever watches that the tick lives (`[ping]`): a call when it starts, one with its exit code when it ends.
//!
//! The addresses are those of healthchecks.io and its likes: `URL/start`, `URL/0`, both with the same `rid`. An idle tick
//! calls as well: what is watched is that cron runs at all. A call that fails fails nothing and is tried no second time.

use crate::config;
use crate::https::{self, diz};
use std::fmt::Write as _;
use std::time::Duration;
use ureq::Agent;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{Connector as _, RustlsConnector, TcpConnector};

/// A tick that is watched.
pub struct Ping {
    agent: anyhow::Result<Agent>,
    url: String,
    rid: String,
    falha: Option<String>,
}

impl Ping {
    /// Tells that the tick starts; waits `ping.timeout_seconds` at most.
    pub fn comeca(c: &config::Ping) -> Self {
        let (rid, falha) = match uuid() {
            Ok(rid) => (rid, None),
            Err(why) => (String::new(), Some(why)),
        };
        let mut ping = Self { agent: agent(c), url: c.url.clone(), rid, falha };
        ping.chama("start", "");
        ping
    }

    /// Tells the exit code, and the runs of the ledger that the tick made; what did not go well is for people, without the
    /// address.
    #[must_use]
    pub fn termina(mut self, codigo: i64, execucoes: &[i64]) -> Option<String> {
        let runs: Vec<String> = execucoes.iter().map(i64::to_string).collect();
        let query = if runs.is_empty() { String::new() } else { format!("&run={}", runs.join(",")) };
        // what came of the start no longer matters
        self.falha = None;
        self.chama(&codigo.to_string(), &query);
        self.falha
    }

    fn chama(&mut self, what: &str, query: &str) {
        let url = format!("{}/{what}?rid={}{query}", self.url, self.rid);
        let agent = match &self.agent {
            Ok(agent) => agent,
            Err(e) => {
                self.falha = Some(e.to_string());
                return;
            }
        };
        match agent.get(url).call() {
            // read to its end the connection serves the second call as well
            Ok(mut answer) if answer.status().is_success() => {
                let _ = answer.body_mut().with_config().limit(64 * 1024).read_to_vec();
            }
            Ok(answer) => self.falha = Some(format!("respondeu HTTP {}", answer.status().as_u16())),
            Err(e) => self.falha = Some(diz(&e)),
        }
    }
}

fn agent(c: &config::Ping) -> anyhow::Result<Agent> {
    let config = https::config(&c.url, ("ping.ca", c.ca.as_deref()), Duration::from_secs(c.timeout_seconds))?.build();
    // the two links that are needed: others would look for a proxy
    let wire = TcpConnector::default().chain(RustlsConnector::default());
    Ok(Agent::with_parts(config, wire, DefaultResolver::default()))
}

/// A random UUID: what makes a start and its end one.
fn uuid() -> Result<String, String> {
    let mut bits = [0_u8; 16];
    getrandom::fill(&mut bits).map_err(|e| format!("o sistema não dá bits aleatórios: {e}"))?;
    // version 4, variant 1 (RFC 9562)
    bits[6] = (bits[6] & 0x0f) | 0x40;
    bits[8] = (bits[8] & 0x3f) | 0x80;
    let mut out = String::with_capacity(36);
    for (i, b) in bits.iter().enumerate() {
        let dash = if matches!(i, 4 | 6 | 8 | 10) { "-" } else { "" };
        let _ = write!(out, "{dash}{b:02x}");
    }
    Ok(out)
}
