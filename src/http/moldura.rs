//! What stands between a socket and hyper: requests whose length can be read in two ways are refused (AP10), and a
//! caller who does not read is not waited for (AP9).
//!
//! hyper follows the letter of HTTP: where a head has both a length and a transfer encoding it believes the encoding
//! and drops the length, so that no later layer sees that there were two. A proxy in front may have believed the other
//! one, and then the rest of a body is somebody's next request. The heads are therefore read here first, by the parser
//! that hyper itself uses.
//!
//! After a request with a transfer encoding nothing more is read of a connection ([`super::guarda`] closes it), since
//! only its length would tell where the next head begins.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// Headers of one request.
pub const CABECALHOS: usize = 64;
/// A write that does not get on is given up after so long.
const PRAZO_ESCRITA: Duration = Duration::from_secs(30);
/// What hyper is given instead of an ambiguous head: no request, so that it answers 400 and hangs up.
const RECUSA: &[u8] = b"\0\r\n\r\n";

enum Parte {
    /// Within a head.
    Cabeca,
    /// Within a body of so many bytes more.
    Corpo(u64),
    /// Whatever comes is hyper's to judge.
    Livre,
    /// Behind a refused head: nothing more is handed on.
    Recusada,
}

/// A socket whose heads are read before hyper reads them.
pub struct Moldura<S> {
    inner: S,
    parte: Parte,
    /// Read from the socket, not yet judged.
    lido: Vec<u8>,
    /// Judged, not yet handed on.
    pronto: Vec<u8>,
    limite: usize,
    espera: Option<Pin<Box<Sleep>>>,
}

impl<S> Moldura<S> {
    /// Heads above `limite` bytes are hyper's to refuse.
    pub fn nova(inner: S, limite: usize) -> Self {
        Self { inner, parte: Parte::Cabeca, lido: Vec::new(), pronto: Vec::new(), limite, espera: None }
    }

    /// Moves what can be judged from `lido` to `pronto`.
    fn julga(&mut self) {
        while !self.lido.is_empty() {
            match self.parte {
                Parte::Livre => self.pronto.append(&mut self.lido),
                Parte::Recusada => self.lido.clear(),
                Parte::Corpo(left) => {
                    let n = self.lido.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    self.pronto.extend(self.lido.drain(..n));
                    self.parte = match left - n as u64 {
                        0 => Parte::Cabeca,
                        left => Parte::Corpo(left),
                    };
                }
                Parte::Cabeca => match cabeca(&self.lido) {
                    Cabeca::Incompleta if self.lido.len() <= self.limite => return,
                    Cabeca::Incompleta | Cabeca::Outra => self.parte = Parte::Livre,
                    Cabeca::Ambigua => {
                        self.lido.clear();
                        self.pronto.extend_from_slice(RECUSA);
                        self.parte = Parte::Recusada;
                    }
                    Cabeca::Inteira(n, body) => {
                        self.pronto.extend(self.lido.drain(..n));
                        self.parte = match body {
                            None => Parte::Livre,
                            Some(0) => Parte::Cabeca,
                            Some(left) => Parte::Corpo(left),
                        };
                    }
                },
            }
        }
    }
}

enum Cabeca {
    Incompleta,
    /// Two ways to read its length.
    Ambigua,
    /// Its bytes, and those of its body; `None`: the body says itself where it ends.
    Inteira(usize, Option<u64>),
    /// No head: hyper says so.
    Outra,
}

fn cabeca(bytes: &[u8]) -> Cabeca {
    let mut headers = [httparse::EMPTY_HEADER; CABECALHOS];
    let mut req = httparse::Request::new(&mut headers);
    let n = match req.parse(bytes) {
        Ok(httparse::Status::Complete(n)) => n,
        Ok(httparse::Status::Partial) => return Cabeca::Incompleta,
        Err(_) => return Cabeca::Outra,
    };
    let values = |name: &'static str| {
        req.headers.iter().filter(move |h| h.name.eq_ignore_ascii_case(name)).map(|h| h.value.trim_ascii())
    };
    let (mut lengths, mut encodings) = (values("content-length"), values("transfer-encoding"));
    match (lengths.next(), encodings.next()) {
        (Some(_), Some(_)) => Cabeca::Ambigua,
        (None, None) => Cabeca::Inteira(n, Some(0)),
        (None, Some(_)) if encodings.next().is_some() => Cabeca::Ambigua,
        (None, Some(_)) => Cabeca::Inteira(n, None),
        (Some(_), None) if lengths.next().is_some() => Cabeca::Ambigua,
        (Some(one), None) => match std::str::from_utf8(one).ok().filter(|t| t.bytes().all(|b| b.is_ascii_digit())) {
            Some(digits) => digits.parse().map_or(Cabeca::Outra, |len| Cabeca::Inteira(n, Some(len))),
            None => Cabeca::Ambigua,
        },
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Moldura<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let me = &mut *self;
        while me.pronto.is_empty() {
            if matches!(me.parte, Parte::Livre) && me.lido.is_empty() {
                return Pin::new(&mut me.inner).poll_read(cx, out);
            }
            let mut buf = [0; 8 * 1024];
            let mut buf = ReadBuf::new(&mut buf);
            ready!(Pin::new(&mut me.inner).poll_read(cx, &mut buf))?;
            if buf.filled().is_empty() {
                // cut within a head: hyper is told what there was
                me.pronto.append(&mut me.lido);
                break;
            }
            me.lido.extend_from_slice(buf.filled());
            me.julga();
        }
        let n = me.pronto.len().min(out.remaining());
        out.put_slice(me.pronto.get(..n).unwrap_or_default());
        me.pronto.drain(..n);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> Moldura<S> {
    /// Whether a write that does not get on has had its time.
    fn prazo<T>(&mut self, cx: &mut Context<'_>, done: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if done.is_ready() {
            self.espera = None;
            return done;
        }
        let wait = self.espera.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + PRAZO_ESCRITA)));
        match wait.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Moldura<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.prazo(cx, done)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.inner).poll_flush(cx);
        self.prazo(cx, done)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.prazo(cx, done)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What hyper is given of bytes that come in pieces of `n`.
    fn passa(bytes: &[u8], n: usize) -> Vec<u8> {
        let mut m = Moldura::nova((), 16 * 1024);
        for piece in bytes.chunks(n) {
            m.lido.extend_from_slice(piece);
            m.julga();
        }
        m.pronto
    }

    #[test]
    fn ap10_dois_comprimentos_sao_recusados_de_qualquer_jeito_que_cheguem() {
        let first = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
        for bad in [
            "POST /b HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
            "POST /b HTTP/1.1\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\nabc",
            "POST /b HTTP/1.1\nTransfer-Encoding: chunked\nContent-Length: 3\n\nabc",
            "POST /b HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
            "POST /b HTTP/1.1\r\nContent-Length: 3, 3\r\n\r\nabc",
            "POST /b HTTP/1.1\r\nContent-Length: +3\r\n\r\nabc",
            "POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n",
        ] {
            for n in [1, 7, 4096] {
                // also behind a good request on the same connection
                let got = passa(format!("{first}{bad}").as_bytes(), n);
                assert_eq!(got, [first.as_bytes(), RECUSA].concat(), "{bad}");
            }
        }
    }

    #[test]
    fn o_que_e_claro_passa_byte_a_byte_como_veio() {
        for good in [
            "GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n",
            "POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nGET /GET /b HTTP/1.1\r\n\r\n",
            "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            "not http at all\r\n\r\nContent-Length: 3",
        ] {
            for n in [1, 3, 4096] {
                assert_eq!(passa(good.as_bytes(), n), good.as_bytes(), "{good}");
            }
        }
    }
}
