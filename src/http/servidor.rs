//! The sockets: at most `CONEXOES` at once, headers bounded in bytes and time, and an orderly end.

use super::{Estado, rotas};
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
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

/// Connections at once.
const CONEXOES: usize = 256;
/// Bytes of a request's head.
const CABECALHO: usize = 16 * 1024;
/// A head, or the next one on an open connection, is here after so long (AP9).
const PRAZO_CABECALHO: Duration = Duration::from_secs(30);
/// What is under way has so long to end (AP18).
const DESPEDIDA: Duration = Duration::from_secs(8);

/// Serves until SIGTERM or SIGINT; `pronto` is called with the address once it listens.
///
/// # Errors
/// The address cannot be had; the runtime cannot be made.
pub fn serve(estado: Estado, pronto: impl FnOnce(SocketAddr)) -> anyhow::Result<()> {
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
    let app = rotas(estado);
    let (graceful, room) = (GracefulShutdown::new(), Arc::new(Semaphore::new(CONEXOES)));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(PRAZO_CABECALHO).max_buf_size(CABECALHO).max_headers(64);
    loop {
        let accepted = tokio::select! {
            _ = term.recv() => break,
            _ = int.recv() => break,
            accepted = async {
                // none is accepted above the limit: it waits in the kernel's queue
                let place = Arc::clone(&room).acquire_owned().await;
                (listener.accept().await, place)
            } => accepted,
        };
        let (Ok((stream, peer)), Ok(place)) = accepted else {
            // no file descriptors left, or the like: the next try may do
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let service = app.clone().map_request(move |req: hyper::Request<Incoming>| {
            let mut req = req.map(axum::body::Body::new);
            req.extensions_mut().insert(ConnectInfo(peer));
            req
        });
        let conn = graceful.watch(http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)));
        tokio::spawn(async move {
            // what goes wrong on a connection is its caller's
            let _ = conn.await;
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(DESPEDIDA, graceful.shutdown()).await.is_err() {
        tracing::warn!("some connections were cut: they did not end in time");
    }
    Ok(())
}
