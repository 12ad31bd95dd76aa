//! The store behind `serve`: a few threads that read, one that writes.
//!
//! Every reader has its own connection, so that answers do not wait for each other. All writes go through one thread
//! that commits whatever waits in one transaction: each answer is given after the commit that holds its rows (AP4),
//! and sixteen callers at once cost one sync, not sixteen.
//!
//! A question or a write that panics is answered like a store that does not: the thread, and whatever stands in the same
//! transaction, go on.
//!
//! **Locking:** serve writes only `atendimento.db`. Where another process holds it longer than [`BUSY`], everyone who
//! waits is told so and nothing of theirs is kept (AP13); the audit of reads waits in memory meanwhile.

use crate::store::Store;
use crate::store::auditoria::{self, Leitura};
use crate::store::db::{Db, DbError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Questions that may wait for a reader, writes that may wait for the writer.
const ESPERA: usize = 4096;
/// Writes in one transaction.
const GRUPO: usize = 256;
/// A read is in the audit on disk after so long.
const AUDITORIA: Duration = Duration::from_millis(500);
/// Reads whose audit may wait in memory while the file is held by another process; beyond, nothing is shown.
pub const SEM_AUDITORIA: usize = 100_000;
/// How long a write waits for another process.
pub const BUSY: Duration = Duration::from_secs(5);

/// The store does not answer now; a retry may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("o store não responde agora")]
pub struct Indisponivel;

type Pergunta = Box<dyn FnOnce(&Store) + Send>;

/// The threads that read.
pub struct Leitores {
    fila: SyncSender<Pergunta>,
}

impl Leitores {
    /// One thread a connection.
    ///
    /// # Errors
    /// A thread cannot be made.
    pub fn novo(stores: Vec<Store>) -> std::io::Result<Self> {
        let (fila, rx) = sync_channel::<Pergunta>(ESPERA);
        let rx = Arc::new(Mutex::new(rx));
        for store in stores {
            let rx = Arc::clone(&rx);
            std::thread::Builder::new().name("leitor".into()).spawn(move || {
                loop {
                    let next = rx.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(pergunta) = next else { return };
                    // whoever waits is told by the dropped channel
                    if catch_unwind(AssertUnwindSafe(|| pergunta(&store))).is_err() {
                        tracing::error!("a question to the store panicked");
                    }
                }
            })?;
        }
        Ok(Self { fila })
    }

    /// Asks on one of them.
    ///
    /// # Errors
    /// Too many wait.
    pub async fn pergunta<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Store) -> T + Send + 'static,
    ) -> Result<T, Indisponivel> {
        let (tx, rx) = oneshot::channel();
        let job: Pergunta = Box::new(move |store| {
            // nobody waits any more: the caller hung up
            let _ = tx.send(f(store));
        });
        self.fila.try_send(job).map_err(|_| Indisponivel)?;
        rx.await.map_err(|_| Indisponivel)
    }
}

/// What a write sees: `atendimento.db` within the transaction, and the store to read from.
pub struct Escrita<'a> {
    /// `atendimento.db`, writable.
    pub db: &'a Db,
    /// `carteira.db`, with `atendimento` attached as it was committed last.
    pub store: &'a Store,
}

/// Called once what was written is on disk.
type Fim = Box<dyn FnOnce() + Send>;
/// Writes, and tells whether to keep it.
type Trabalho = Box<dyn FnOnce(&Escrita<'_>) -> (bool, Fim) + Send>;

enum Pedido {
    Grava(Trabalho),
    Audita(Leitura),
    Vive(oneshot::Sender<()>),
    Fecha,
}

/// The thread that writes.
pub struct Escritor {
    fila: SyncSender<Pedido>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Reads whose audit is not on disk, and how many of them there may be.
    leituras: Arc<AtomicUsize>,
    max_leituras: usize,
}

impl Escritor {
    /// `db` is `atendimento.db` for writing, `store` a reader; of `max_leituras` reads the audit may wait.
    ///
    /// # Errors
    /// The thread cannot be made.
    pub fn novo(db: Db, store: Store, max_leituras: usize) -> std::io::Result<Self> {
        let (fila, rx) = sync_channel(ESPERA);
        let leituras = Arc::new(AtomicUsize::new(0));
        let waiting = Arc::clone(&leituras);
        let run = move || escreve(&db, &store, &rx, &waiting);
        let thread = std::thread::Builder::new().name("escritor".into()).spawn(run)?;
        Ok(Self { fila, thread: Mutex::new(Some(thread)), leituras, max_leituras })
    }

    /// Writes; the answer comes after the commit. What `f` refuses is rolled back and told.
    ///
    /// # Errors
    /// The store could not be written; nothing of it is kept.
    pub async fn grava<T, E>(
        &self,
        f: impl FnOnce(&Escrita<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<Result<T, E>, Indisponivel>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let (tx, rx) = oneshot::channel();
        let job: Trabalho = Box::new(move |e| {
            let done = f(e);
            let keep = done.is_ok();
            let end: Fim = Box::new(move || {
                let _ = tx.send(done);
            });
            (keep, end)
        });
        self.fila.try_send(Pedido::Grava(job)).map_err(|_| Indisponivel)?;
        rx.await.map_err(|_| Indisponivel)
    }

    /// Records a read within a second.
    ///
    /// # Errors
    /// Too many wait: nothing may be shown that is not recorded.
    pub fn audita(&self, leitura: Leitura) -> Result<(), Indisponivel> {
        let before = self.leituras.fetch_add(1, Ordering::Relaxed);
        if before < self.max_leituras && self.fila.try_send(Pedido::Audita(leitura)).is_ok() {
            return Ok(());
        }
        self.leituras.fetch_sub(1, Ordering::Relaxed);
        Err(Indisponivel)
    }

    /// Whether the thread takes orders; it may wait for another process meanwhile.
    ///
    /// # Errors
    /// It does not.
    pub async fn vive(&self) -> Result<(), Indisponivel> {
        let (tx, rx) = oneshot::channel();
        self.fila.try_send(Pedido::Vive(tx)).map_err(|_| Indisponivel)?;
        match tokio::time::timeout(BUSY + AUDITORIA, rx).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Indisponivel),
        }
    }

    /// Writes what waits and ends the thread.
    pub fn fecha(&self) {
        let _ = self.fila.send(Pedido::Fecha);
        if let Some(t) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = t.join();
        }
    }
}

/// What waits for the next commit.
#[derive(Default)]
struct Grupo {
    trabalhos: Vec<Trabalho>,
    leituras: Vec<Leitura>,
    desde: Option<Instant>,
    fecha: bool,
}

impl Grupo {
    fn poe(&mut self, p: Pedido) {
        match p {
            Pedido::Grava(t) => self.trabalhos.push(t),
            Pedido::Audita(l) => {
                self.desde.get_or_insert_with(Instant::now);
                self.leituras.push(l);
            }
            Pedido::Vive(tx) => {
                // nobody waits any more: the caller hung up
                let _ = tx.send(());
            }
            Pedido::Fecha => self.fecha = true,
        }
    }

    fn maduro(&self) -> bool {
        self.fecha || !self.trabalhos.is_empty() || self.desde.is_some_and(|d| d.elapsed() >= AUDITORIA)
    }
}

fn escreve(db: &Db, store: &Store, rx: &Receiver<Pedido>, leituras: &AtomicUsize) {
    let mut grupo = Grupo::default();
    loop {
        let next = match grupo.desde {
            Some(d) => rx.recv_timeout(AUDITORIA.saturating_sub(d.elapsed())),
            None => rx.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match next {
            Ok(p) => grupo.poe(p),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => grupo.fecha = true,
        }
        while grupo.trabalhos.len() < GRUPO {
            match rx.try_recv() {
                Ok(p) => grupo.poe(p),
                Err(_) => break,
            }
        }
        if grupo.maduro() {
            let trabalhos = std::mem::take(&mut grupo.trabalhos);
            match confirma(db, store, trabalhos, &grupo.leituras) {
                Ok(ends) => {
                    leituras.fetch_sub(grupo.leituras.len(), Ordering::Relaxed);
                    grupo.leituras.clear();
                    grupo.desde = None;
                    ends.into_iter().for_each(|end| end());
                }
                Err(e) => {
                    // whoever waits is told by the dropped channel; the audit waits for the next try
                    tracing::error!(error = ?e.trouble, "writing failed");
                    grupo.desde = grupo.desde.map(|_| Instant::now());
                }
            }
        }
        if grupo.fecha {
            return;
        }
    }
}

/// One transaction of all that waits.
fn confirma(db: &Db, store: &Store, trabalhos: Vec<Trabalho>, leituras: &[Leitura]) -> Result<Vec<Fim>, DbError> {
    let tx = db.begin()?;
    auditoria::grava(&tx, leituras)?;
    let mut ends = Vec::with_capacity(trabalhos.len());
    for trabalho in trabalhos {
        let done = tx.parte(|| match trabalho(&Escrita { db: &tx, store }) {
            (true, end) => Ok(end),
            (false, end) => Err(end),
        })?;
        match done {
            Some(Ok(end) | Err(end)) => ends.push(end),
            // whoever waits is told by the dropped channel
            None => tracing::error!("a write panicked"),
        }
    }
    tx.commit()?;
    Ok(ends)
}
