//! The sockets: at most 256 at once, heads bounded in bytes and time, and an orderly end.

use super::conexoes::{Conexoes, Lugar};
use super::moldura::{CABECALHOS, Moldura};
use super::{Estado, rotas, webhook};
use anyhow::Context as _;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tower::ServiceExt as _;

/// Connections at once.
const CONEXOES: usize = 256;
/// Bytes of a request's head.
const CABECALHO: usize = 16 * 1024;
/// A head, or the next one on an open connection, is here after so long (AP9).
const PRAZO_CABECALHO: Duration = Duration::from_secs(30);
/// After the signal whoever had connected is still let in for so long.
const ULTIMOS: Duration = Duration::from_millis(200);
/// What is under way has so long to end (AP18).
const DESPEDIDA: Duration = Duration::from_secs(8);

/// Serves until SIGTERM or SIGINT; `pronto` is called with the address once it listens.
///
/// # Errors
/// The address cannot be had; the runtime cannot be made.
pub fn serve(estado: Estado, pronto: impl FnOnce(SocketAddr)) -> anyhow::Result<()> {
    // where it was, but not what it says: that may hold a client's text
    std::panic::set_hook(Box::new(|p| {
        let at = p.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(at, "panic");
    }));
    let rt = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let estado = Arc::new(estado);
    let done = rt.block_on(atende(Arc::clone(&estado), pronto));
    rt.shutdown_timeout(Duration::from_secs(1));
    // every acknowledged write is on disk already; this brings the audit of the last reads there
    estado.escritor.fecha();
    done
}

async fn atende(estado: Arc<Estado>, pronto: impl FnOnce(SocketAddr)) -> anyhow::Result<()> {
    let listen = estado.config.serve.listen;
    let listener = TcpListener::bind(listen).await.with_context(|| format!("{listen} (serve.listen)"))?;
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    pronto(listener.local_addr()?);
    let links = tokio::spawn(webhook::religa(Arc::clone(&estado)));
    let app = rotas(estado);
    let (graceful, places) = (GracefulShutdown::new(), Conexoes::novas(CONEXOES));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(PRAZO_CABECALHO);
    http.max_buf_size(CABECALHO).max_headers(CABECALHOS);
    let recebe = |stream: TcpStream, peer: SocketAddr, place: Lugar| {
        let _ = stream.set_nodelay(true);
        let place = Arc::new(place);
        let (app, mine) = (app.clone(), Arc::clone(&place));
        let service = tower::service_fn(move |req: hyper::Request<Incoming>| {
            let mut req = req.map(axum::body::Body::new);
            req.extensions_mut().insert(ConnectInfo(peer));
            let (app, mine) = (app.clone(), Arc::clone(&mine));
            async move {
                mine.ocupa(true);
                let answer = app.oneshot(req).await;
                mine.ocupa(false);
                answer
            }
        });
        let io = TokioIo::new(Moldura::nova(stream, CABECALHO));
        let conn = graceful.watch(http.serve_connection(io, TowerToHyperService::new(service)));
        tokio::spawn(async move {
            tokio::select! {
                // what goes wrong on a connection is its caller's
                _ = conn => {}
                () = place.sai() => {}
            }
        });
    };
    let aceita = async || {
        let accepted = listener.accept().await;
        (accepted, places.lugar().await)
    };
    loop {
        tokio::select! {
            _ = term.recv() => break,
            _ = int.recv() => break,
            accepted = aceita() => match accepted {
                (Ok((stream, peer)), Some(place)) => recebe(stream, peer, place),
                // no file descriptors left, or the like: the next try may do
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            },
        }
    }
    // who had connected before is answered, also where the signal was faster than the request
    let until = tokio::time::Instant::now() + ULTIMOS;
    while let Ok((Ok((stream, peer)), Some(place))) = tokio::time::timeout_at(until, aceita()).await {
        recebe(stream, peer, place);
    }
    drop(listener);
    // what is not linked yet is when serve starts again
    links.abort();
    if tokio::time::timeout(DESPEDIDA, graceful.shutdown()).await.is_err() {
        tracing::warn!("some connections were cut: they did not end in time");
    }
    Ok(())
}
