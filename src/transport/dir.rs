//! A folder of this machine (`file://`).

use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// One name in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name as the file system has it: anything at all.
    pub name: OsString,
    /// Bytes.
    pub size: u64,
    /// Modification time, nanoseconds since 1970.
    pub mtime: i64,
    /// A regular file: no link, folder, FIFO or device.
    pub regular: bool,
}

/// A folder. Names given to it were matched against a pattern before: they hold no separator.
#[derive(Clone, Debug)]
pub struct Dir {
    path: PathBuf,
    mode: u32,
}

impl Dir {
    /// The folder at `path`; files put there get `mode` (the machine's ordinary one: others read them).
    pub fn new(path: impl Into<PathBuf>, mode: u32) -> Self {
        Self { path: path.into(), mode }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All names, sorted.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn list(&self) -> io::Result<Vec<Entry>> {
        let mut out = Vec::new();
        for e in fs::read_dir(&self.path)? {
            let e = e?;
            // a name that goes away between listing and look is not there
            let meta = match e.metadata() {
                Err(x) if x.kind() == io::ErrorKind::NotFound => continue,
                m => m?,
            };
            out.push(entry(e.file_name(), &meta));
        }
        out.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(out)
    }

    /// One name.
    ///
    /// # Errors
    /// `NotFound`, or it cannot be looked at.
    pub fn stat(&self, name: &str) -> io::Result<Entry> {
        Ok(entry(name.into(), &fs::symlink_metadata(self.path.join(name))?))
    }

    /// Opens a regular file for reading.
    ///
    /// # Errors
    /// It is gone, or no regular file (looked at after opening: a link put there meanwhile is not followed).
    pub fn get(&self, name: &str) -> io::Result<File> {
        let nofollow = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        let flags = i32::try_from(nofollow.bits()).unwrap_or(0);
        let f = OpenOptions::new().read(true).custom_flags(flags).open(self.path.join(name))?;
        if f.metadata()?.is_file() { Ok(f) } else { Err(io::Error::other("not a regular file")) }
    }

    /// Puts `size` bytes of `from` under `name`: written to `<name>.part`, synced, size checked, renamed.
    ///
    /// # Errors
    /// `AlreadyExists` when the name stands; anything else leaves no file under `name`.
    pub fn put(&self, name: &str, from: &mut impl Read, size: u64) -> io::Result<()> {
        let part = self.path.join(format!("{name}.part"));
        let target = self.path.join(name);
        if fs::symlink_metadata(&target).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        // the leftover of a cut upload is ours: nobody else uses this name
        match fs::remove_file(&part) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let mut f = OpenOptions::new().write(true).create_new(true).open(&part)?;
        io::copy(from, &mut f)?;
        f.flush()?;
        rustix::fs::fchmod(&f, rustix::fs::Mode::from_raw_mode(self.mode))?;
        f.sync_all()?;
        if f.metadata()?.len() != size {
            return Err(io::Error::other("the file written has another size"));
        }
        rename_new(&part, &target)?;
        self.sync()
    }

    /// Brings the folder's names to disk.
    ///
    /// # Errors
    /// The disk failed: the names may not outlive a loss of power.
    pub fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    /// Moves a file into a folder below this one, made when missing; a name that stands there is not touched:
    /// the file goes under `name.2`, `name.3` …
    ///
    /// # Errors
    /// The folder cannot be made, or the file cannot be moved.
    pub fn shelve(&self, name: &str, folder: &str) -> io::Result<()> {
        let to = self.path.join(folder);
        fs::create_dir_all(&to)?;
        for n in 1..10_000 {
            let target = if n == 1 { to.join(name) } else { to.join(format!("{name}.{n}")) };
            match rename_new(&self.path.join(name), &target) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                other => return other,
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Removes a file; one that is gone already is fine.
    ///
    /// # Errors
    /// It cannot be removed.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.path.join(name)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }
}

/// Renames, never over an existing name. File systems without such a rename (NFS) get a hard link, which fails
/// on an existing name as well.
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            fs::hard_link(from, to)?;
            fs::remove_file(from)
        }
        other => Ok(other?),
    }
}

fn entry(name: OsString, meta: &fs::Metadata) -> Entry {
    Entry {
        name,
        size: meta.len(),
        mtime: meta.mtime().saturating_mul(1_000_000_000).saturating_add(meta.mtime_nsec()),
        regular: meta.is_file(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn put_aparece_inteiro_e_nunca_sobre_outro() {
        let d = tempfile::tempdir().unwrap();
        let dir = Dir::new(d.path(), 0o644);
        dir.put("a.csv", &mut &b"abc"[..], 3).unwrap();
        assert_eq!(fs::read(d.path().join("a.csv")).unwrap(), b"abc");
        assert_eq!(dir.put("a.csv", &mut &b"x"[..], 1).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(d.path().join("a.csv")).unwrap(), b"abc");
        assert!(dir.put("b.csv", &mut &b"xy"[..], 3).is_err());
        assert!(!d.path().join("b.csv").exists());
        dir.put("b.csv", &mut &b"xyz"[..], 3).unwrap();
        assert!(!d.path().join("b.csv.part").exists());
    }

    #[test]
    fn o_mesmo_nome_vai_duas_vezes_para_a_gaveta() {
        let d = tempfile::tempdir().unwrap();
        let dir = Dir::new(d.path(), 0o644);
        for text in ["um", "dois"] {
            fs::write(d.path().join("a"), text).unwrap();
            dir.shelve("a", "importados").unwrap();
        }
        assert_eq!(fs::read(d.path().join("importados/a")).unwrap(), b"um");
        assert_eq!(fs::read(d.path().join("importados/a.2")).unwrap(), b"dois");
    }

    #[test]
    fn in8_so_arquivos_comuns() {
        let d = tempfile::tempdir().unwrap();
        fs::write(d.path().join("alvo"), b"x").unwrap();
        std::os::unix::fs::symlink(d.path().join("alvo"), d.path().join("link")).unwrap();
        fs::create_dir(d.path().join("pasta")).unwrap();
        let dir = Dir::new(d.path(), 0o644);
        let regular: Vec<_> = dir.list().unwrap().into_iter().filter(|e| e.regular).map(|e| e.name).collect();
        assert_eq!(regular, ["alvo"]);
        assert!(dir.get("link").is_err());
        assert!(dir.get("pasta").is_err());
    }
}
