//! OMNE's interface for template messages (UC014): the only file that knows its address and its JSON.
//!
//! Everything hangs on one question: did a byte of the request leave? The answer is not read from the kind of an error. A
//! transport around the library's own, which it calls only after name, connection and TLS handshake are done, notes the
//! first byte that it is asked to write. Without that note nothing left (HS3, HS17); with it, and without a whole answer,
//! nobody knows.
//!
//! A connection is kept for the next message, but only for moments: servers close idle ones, and a request written into
//! a closed one would be in doubt.

use super::regra::Resposta;
use crate::config;
use crate::https::{self, de_tls, diz};
use crate::store::hsm::Mensagem;
use serde_json::json;
use std::io::{self, Read as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, NextTimeout, RustlsConnector, TcpConnector, Transport,
};
use ureq::{Agent, Error};

/// Where messages go, below `omne.url`.
const CAMINHO: &str = "/interactive/whatsapp/hsm/message";
/// An idle connection is not used again after this, nor is what the name of the server stood for.
const OCIOSA: Duration = Duration::from_secs(2);
/// So much of an answer's body is kept; the rest is read and forgotten, for as long as a POST may last.
const GUARDADO: u64 = 4 * 1024;

/// OMNE, as the configuration names it. No `Debug`: the token is in it.
pub struct Omne {
    agent: Agent,
    base: String,
    header: (String, String),
    saiu: Arc<AtomicBool>,
    modelos: [(&'static str, config::Jornada); 2],
}

impl Omne {
    /// Reads the token; nothing is contacted.
    ///
    /// # Errors
    /// The token or the certificate's authority cannot be read.
    pub fn nova(c: &config::Omne) -> anyhow::Result<Self> {
        let token = c.token.read()?;
        if !token.bytes().all(|b| (b' '..=b'~').contains(&b)) {
            let why = "há nele um caractere que não cabe num cabeçalho HTTP".to_owned();
            return Err(config::ConfigError::Secret { name: c.token.to_string(), why }.into());
        }
        let bearer = c.header.eq_ignore_ascii_case("authorization");
        let value = if bearer { format!("Bearer {token}") } else { token };
        let saiu = Arc::new(AtomicBool::new(false));
        let config = https::config(&c.url, ("omne.ca", c.ca.as_deref()), Duration::from_secs(c.timeout_seconds))?
            .max_idle_connections(1)
            .max_idle_age(OCIOSA)
            .build();
        let wire = TcpConnector::default().chain(RustlsConnector::default()).chain(Vigia(Arc::clone(&saiu)));
        let agent = Agent::with_parts(config, wire, Nomes::default());
        let modelos = [("jornada1", c.jornada1), ("jornada2", c.jornada2)];
        Ok(Self { agent, base: c.url.clone(), header: (c.header.clone(), value), saiu, modelos })
    }

    /// Whether a journey has a template.
    pub fn conhece(&self, jornada: &str) -> bool {
        self.modelo(jornada).is_some()
    }

    fn modelo(&self, jornada: &str) -> Option<config::Jornada> {
        self.modelos.iter().find(|(name, _)| *name == jornada).map(|(_, m)| *m)
    }

    /// Sends one message: one POST, never a second (HS12).
    pub fn envia(&self, m: &Mensagem) -> Resposta {
        let Some(template) = self.modelo(&m.jornada) else {
            return Resposta::SemEnvio { certificado: false, porque: "jornada sem template".into() };
        };
        let body = json!({
            "templateId": template.template_id,
            "number": m.fone,
            "parameters": [m.nome],
            "openAttendance": template.open_attendance,
            "forceClose": template.force_close,
        });
        self.saiu.store(false, Ordering::SeqCst);
        let request = self.agent.post(format!("{}{CAMINHO}", self.base)).header("Content-Type", "application/json");
        let sent = request.header(&self.header.0, &self.header.1).send(body.to_string().as_bytes());
        match sent {
            Ok(answer) => resposta(answer),
            Err(e) if self.saiu.load(Ordering::SeqCst) => Resposta::Perdida(diz(&e)),
            Err(e) => Resposta::SemEnvio { certificado: certificado(&e), porque: diz(&e) },
        }
    }

    /// Whether OMNE answers at all, without a token and without a message: any status will do.
    ///
    /// # Errors
    /// Why not, for people.
    pub fn alcanca(&self) -> Result<u16, String> {
        self.agent.get(&self.base).call().map(|r| r.status().as_u16()).map_err(|e| diz(&e))
    }
}

/// The whole answer, or that it was cut.
fn resposta(mut answer: ureq::http::Response<ureq::Body>) -> Resposta {
    let header = |name: &str| answer.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let (codigo, retry_after) = (answer.status().as_u16(), header("retry-after"));
    let mut body = answer.body_mut().with_config().limit(u64::MAX).reader();
    let mut kept = Vec::new();
    let whole = body.by_ref().take(GUARDADO).read_to_end(&mut kept).and_then(|_| io::copy(&mut body, &mut io::sink()));
    let corpo = whole.ok().map(|_| String::from_utf8_lossy(&kept).into_owned());
    Resposta::Http { codigo, retry_after, corpo }
}

fn certificado(e: &Error) -> bool {
    matches!(de_tls(e), Some(rustls::Error::InvalidCertificate(_))) || matches!(e, Error::Tls(_))
}

/// The library looks the name up for every request, each time in a thread of its own, also where a connection is open. Here
/// the answer holds for as long as an idle connection.
#[derive(Debug, Default)]
struct Nomes {
    dns: DefaultResolver,
    ultimo: Mutex<Option<(Instant, String, ResolvedSocketAddrs)>>,
}

impl Resolver for Nomes {
    fn resolve(
        &self,
        uri: &ureq::http::Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let server = format!("{:?} {:?}", uri.scheme(), uri.authority());
        let mut last = self.ultimo.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, name, found)) = last.as_ref()
            && at.elapsed() < OCIOSA
            && *name == server
        {
            return Ok(found.clone());
        }
        let found = self.dns.resolve(uri, config, timeout)?;
        *last = Some((Instant::now(), server, found.clone()));
        Ok(found)
    }
}

/// Puts a note on every connection that is ready to carry a request.
#[derive(Debug)]
struct Vigia(Arc<AtomicBool>);

impl<In: Transport> Connector<In> for Vigia {
    type Out = Vigiado<In>;

    fn connect(&self, _: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        Ok(chained.map(|inner| Vigiado { inner, saiu: Arc::clone(&self.0) }))
    }
}

/// A connection that notes the first byte it is asked to write.
#[derive(Debug)]
struct Vigiado<In> {
    inner: In,
    saiu: Arc<AtomicBool>,
}

impl<In: Transport> Transport for Vigiado<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.saiu.store(true, Ordering::SeqCst);
        self.inner.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.inner.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}
