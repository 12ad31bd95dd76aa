//! Who is connected: at most so many, and when the places are taken the one that has been idle longest gives way, so
//! that callers who connect and say nothing starve nobody (AP9).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// A connection that is idle for less is not sent away: its caller may be about to ask.
const OCIOSA: Duration = Duration::from_secs(1);

/// The places.
pub struct Conexoes {
    lugares: Arc<Semaphore>,
    vivas: Mutex<HashMap<u64, Viva>>,
    proxima: Mutex<u64>,
}

struct Viva {
    /// Since when it waits for a request; `None`: one is under way.
    desde: Option<Instant>,
    sai: Arc<Notify>,
}

/// A place that is taken; it is given back when dropped.
pub struct Lugar {
    id: u64,
    todas: Arc<Conexoes>,
    sai: Arc<Notify>,
    _permit: OwnedSemaphorePermit,
}

impl Conexoes {
    /// `n` places.
    pub fn novas(n: usize) -> Arc<Self> {
        let lugares = Arc::new(Semaphore::new(n));
        Arc::new(Self { lugares, vivas: Mutex::default(), proxima: Mutex::new(0) })
    }

    /// Waits for a place; whoever is idle longest is sent away for it.
    pub async fn lugar(self: &Arc<Self>) -> Option<Lugar> {
        let permit = loop {
            match Arc::clone(&self.lugares).try_acquire_owned() {
                Ok(permit) => break permit,
                Err(tokio::sync::TryAcquireError::Closed) => return None,
                Err(tokio::sync::TryAcquireError::NoPermits) => {
                    self.despede();
                    let wait = Arc::clone(&self.lugares).acquire_owned();
                    match tokio::time::timeout(OCIOSA / 4, wait).await {
                        Ok(permit) => break permit.ok()?,
                        Err(_) => continue,
                    }
                }
            }
        };
        let sai = Arc::new(Notify::new());
        let id = {
            let mut next = self.proxima.lock().unwrap_or_else(PoisonError::into_inner);
            *next += 1;
            *next
        };
        let viva = Viva { desde: Some(Instant::now()), sai: Arc::clone(&sai) };
        self.vivas.lock().unwrap_or_else(PoisonError::into_inner).insert(id, viva);
        Some(Lugar { id, todas: Arc::clone(self), sai, _permit: permit })
    }

    fn despede(&self) {
        let all = self.vivas.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = all.values().filter_map(|v| v.desde.map(|since| (since, &v.sai)));
        if let Some((since, sai)) = idle.min_by_key(|(since, _)| *since)
            && since.elapsed() >= OCIOSA
        {
            sai.notify_one();
        }
    }
}

impl Lugar {
    /// A request is under way, or ended.
    pub fn ocupa(&self, ocupada: bool) {
        let mut all = self.todas.vivas.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(v) = all.get_mut(&self.id) {
            v.desde = (!ocupada).then(Instant::now);
        }
    }

    /// Ends when this connection is to give way.
    pub async fn sai(&self) {
        self.sai.notified().await;
    }
}

impl Drop for Lugar {
    fn drop(&mut self) {
        self.todas.vivas.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}
