//! Ends a connection whose time is up.
//!
//! libssh2 waits once more in every drop, and an FTP server that never says 226 is waited for without end. So one thread
//! looks at the clock, and when nothing has come for [`Limits::idle`], or the turn is over, it shuts the sockets:
//! whatever waits on them returns at once.

use super::{Fault, Limits};
use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The watch over one connection. Its thread lives as long as it.
pub struct Watch(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    change: Condvar,
}

struct State {
    limits: Limits,
    /// Control and data connection.
    sockets: [Option<TcpStream>; 2],
    /// Calls under way: only then a silence counts.
    calls: usize,
    heard: Instant,
    /// Why the sockets were shut.
    over: Option<String>,
    started: bool,
    gone: bool,
}

/// Which of the sockets.
#[derive(Clone, Copy)]
pub enum Line {
    /// Commands, or the only one.
    Control,
    /// An FTP transfer.
    Data,
}

/// A call under way.
pub struct Call(Arc<Shared>);

impl Watch {
    /// A watch without sockets.
    pub fn new(limits: Limits) -> Self {
        let state = State {
            limits,
            sockets: [None, None],
            calls: 0,
            heard: Instant::now(),
            over: None,
            started: false,
            gone: false,
        };
        Self(Arc::new(Shared { state: Mutex::new(state), change: Condvar::new() }))
    }

    /// Another handle on the same watch, for a closure; it does not end it.
    pub fn handle(&self) -> Handle {
        Handle(Arc::clone(&self.0))
    }

    /// What the limits are.
    pub fn limits(&self) -> Limits {
        self.0.lock().limits
    }

    /// Something came or went.
    pub fn byte(&self) {
        self.0.lock().heard = Instant::now();
    }

    /// A call begins; it ends with the value that is returned.
    ///
    /// # Errors
    /// The turn is over.
    pub fn call(&self) -> io::Result<Call> {
        let mut s = self.0.lock();
        self.0.judge(&mut s);
        if let Some(why) = &s.over {
            return Err(Fault::Over(why.clone()).io());
        }
        s.calls += 1;
        s.heard = Instant::now();
        drop(s);
        self.0.change.notify_all();
        Ok(Call(Arc::clone(&self.0)))
    }

    /// Shuts and forgets the sockets.
    pub fn hang_up(&self) {
        self.0.lock().shut();
    }

    /// Forgets the data connection without shutting it.
    pub fn forget_data(&self) {
        self.0.lock().sockets[Line::Data as usize] = None;
    }

    /// The reason why a call failed: that of the watch, where it shut the sockets.
    pub fn explain(&self, e: io::Error) -> io::Error {
        match &self.0.lock().over {
            Some(why) => Fault::Over(why.clone()).io(),
            None => e,
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut s = self.0.lock();
        s.gone = true;
        s.sockets = [None, None];
        drop(s);
        self.0.change.notify_all();
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let mut s = self.0.lock();
        s.calls = s.calls.saturating_sub(1);
    }
}

/// A handle on a watch.
#[derive(Clone)]
pub struct Handle(Arc<Shared>);

impl Handle {
    /// Takes a socket under watch.
    ///
    /// # Errors
    /// No descriptor is left for a copy of it.
    pub fn add(&self, line: Line, socket: &TcpStream) -> io::Result<()> {
        let copy = socket.try_clone()?;
        let mut s = self.0.lock();
        if s.over.is_some() {
            let _ = copy.shutdown(Shutdown::Both);
        }
        s.sockets[line as usize] = Some(copy);
        s.heard = Instant::now();
        if !std::mem::replace(&mut s.started, true) {
            let shared = Arc::clone(&self.0);
            std::thread::Builder::new().name("watch".into()).spawn(move || shared.run())?;
        }
        Ok(())
    }

    /// How long connecting may take: what is left of the turn, at most the silence that ends it, at most 20 s.
    pub fn patience(&self) -> Duration {
        let s = self.0.lock();
        let left = s.limits.until.saturating_duration_since(Instant::now());
        left.min(s.limits.idle).min(Duration::from_secs(20)).max(Duration::from_millis(1))
    }
}

impl State {
    fn shut(&mut self) {
        for s in self.sockets.iter_mut().filter_map(Option::take) {
            let _ = s.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // a panic of another thread leaves nothing half done in it
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shuts the sockets where the time is up.
    fn judge(&self, s: &mut State) {
        if s.over.is_some() {
            return;
        }
        if Instant::now() >= s.limits.until {
            s.over = Some("o tempo desta vez acabou (evo.max_seconds)".into());
        } else if s.calls > 0 && s.heard.elapsed() >= s.limits.idle {
            s.over = Some(format!("o servidor ficou {} s sem mandar um byte", s.limits.idle.as_secs()));
        }
        if s.over.is_some() {
            s.shut();
        }
    }

    fn run(&self) {
        let mut s = self.lock();
        while !s.gone {
            self.judge(&mut s);
            let now = Instant::now();
            let mut wait = s.limits.until.saturating_duration_since(now);
            if s.calls > 0 {
                wait = wait.min((s.heard + s.limits.idle).saturating_duration_since(now));
            }
            // what is over waits for its end
            let wait = if s.over.is_some() { Duration::from_secs(3600) } else { wait.max(Duration::from_millis(5)) };
            s = self.change.wait_timeout(s, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
