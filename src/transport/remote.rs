//! A folder with patience: what broke is tried again, what refused is left alone.

use super::dir::Dir;
use super::fault::broken;
use super::{Entry, Fault, Folder, Source};
use std::collections::HashMap;
use std::io::{self, Read, SeekFrom};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Servers that this run does not ask again: who refused us, fell silent or could not be reached.
#[derive(Clone, Default)]
pub struct Servers(Arc<Mutex<HashMap<String, Fault>>>);

impl Servers {
    fn closed(&self, server: &str) -> Option<Fault> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(server).cloned()
    }

    fn close(&self, server: &str, fault: Fault) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(server.to_owned()).or_insert(fault);
    }
}

/// Pauses between the attempts of one call.
const PAUSES: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(1_000)];

/// A folder on this or another machine.
pub struct Remote {
    folder: Box<dyn Folder>,
    /// `sftp://user@host:port`, and who remembers it.
    server: Option<(String, Servers)>,
}

impl Remote {
    /// A folder of this machine; files put there get `mode`.
    pub fn dir(path: impl Into<PathBuf>, mode: u32) -> Self {
        Self { folder: Box::new(Dir::new(path, mode)), server: None }
    }

    /// A folder on a server, of which `servers` remembers how it treated us.
    pub fn server(folder: impl Folder + 'static, server: String, servers: &Servers) -> Self {
        Self { folder: Box::new(folder), server: Some((server, servers.clone())) }
    }

    /// All names, sorted.
    ///
    /// # Errors
    /// The folder cannot be reached or read.
    pub fn list(&mut self) -> io::Result<Vec<Entry>> {
        let mut all = self.again(|f| f.list())?;
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    /// One name.
    ///
    /// # Errors
    /// `NotFound`, or it cannot be looked at.
    pub fn stat(&mut self, name: &str) -> io::Result<Entry> {
        self.again(|f| f.stat(name))
    }

    /// Opens a regular file for reading from an offset on: one attempt. What fails here or in reading may be taken up
    /// by another `get`, where [`Remote::lost`] says so.
    ///
    /// # Errors
    /// It is gone, no regular file, or the server cannot be reached.
    pub fn get(&mut self, name: &str, from: u64) -> io::Result<Box<dyn Read + '_>> {
        self.open()?;
        self.folder.get(name, from)
    }

    /// Puts `size` bytes under `name`, whole or not at all, never over an existing file.
    ///
    /// # Errors
    /// `AlreadyExists` when the name stands (perhaps put by an attempt whose answer was lost: compare the bytes);
    /// anything else leaves no file under `name`.
    pub fn put(&mut self, name: &str, from: &mut dyn Source, size: u64) -> io::Result<()> {
        self.again(|f| {
            from.seek(SeekFrom::Start(0))?;
            f.put(name, from, size)
        })
    }

    /// Moves a file into a folder below this one; a name that stands there is not touched.
    ///
    /// # Errors
    /// The folder cannot be made, or the file cannot be moved; `NotFound` also where the answer to a move was lost.
    pub fn shelve(&mut self, name: &str, folder: &str) -> io::Result<()> {
        self.again(|f| f.shelve(name, folder))
    }

    /// Removes a file; one that is gone already is fine.
    ///
    /// # Errors
    /// It cannot be removed.
    pub fn remove(&mut self, name: &str) -> io::Result<()> {
        self.again(|f| f.remove(name))
    }

    /// Whether the folder is there.
    ///
    /// # Errors
    /// `NotFound`, or the server cannot be reached.
    pub fn present(&mut self) -> io::Result<()> {
        self.again(|f| f.present())
    }

    /// Whether files can be put here: makes an empty one under a temporary name and removes it.
    ///
    /// # Errors
    /// They cannot.
    pub fn probe(&mut self) -> io::Result<Option<i64>> {
        self.again(|f| f.probe())
    }

    /// Brings the names of a local folder to disk.
    ///
    /// # Errors
    /// The disk failed: the names may not outlive a loss of power.
    pub fn sync(&mut self) -> io::Result<()> {
        self.again(|f| f.sync())
    }

    /// Hangs up after a read that failed, and tells whether another attempt may go on from there.
    pub fn lost(&mut self, e: &io::Error) -> bool {
        let retry = self.server.is_some() && broken(e);
        self.note(e);
        self.folder.reset();
        retry
    }

    /// Whether this run asks the server nothing any more.
    pub fn closed(&self) -> bool {
        self.open().is_err()
    }

    /// The server is given up for this run.
    pub fn give_up(&mut self, e: &io::Error) {
        if let Some((server, servers)) = &self.server {
            servers.close(server, Fault::Over(super::em_portugues(e)));
        }
    }

    /// Nothing is asked of a server that is given up.
    fn open(&self) -> io::Result<()> {
        match self.server.as_ref().and_then(|(s, all)| all.closed(s)) {
            Some(fault) => Err(fault.io()),
            None => Ok(()),
        }
    }

    fn note(&self, e: &io::Error) {
        if let (Some((server, servers)), Some(fault @ (Fault::Refused(_) | Fault::Over(_)))) =
            (&self.server, Fault::of(e))
        {
            servers.close(server, fault.clone());
        }
    }

    fn again<T>(&mut self, mut f: impl FnMut(&mut dyn Folder) -> io::Result<T>) -> io::Result<T> {
        self.open()?;
        let mut pauses = PAUSES.iter();
        loop {
            let e = match f(self.folder.as_mut()) {
                Ok(done) => return Ok(done),
                Err(e) => e,
            };
            self.note(&e);
            if self.server.is_none() || !broken(&e) {
                // after whatever else went wrong the connection may be out of step
                if Fault::of(&e).is_some() {
                    self.folder.reset();
                }
                return Err(e);
            }
            self.folder.reset();
            let Some(pause) = pauses.next() else {
                self.give_up(&e);
                return Err(e);
            };
            std::thread::sleep(*pause);
        }
    }
}
