//! A folder of this machine (`file://`).

use super::{Entry, Folder, Source, first_free, other_size, part, probe_name, too_many_names};
use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

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
}

impl Folder for Dir {
    fn list(&mut self) -> io::Result<Vec<Entry>> {
        let mut out = Vec::new();
        for e in fs::read_dir(&self.path)? {
            let e = e?;
            // a name that goes away between listing and look is not there
            let meta = match e.metadata() {
                Err(x) if x.kind() == io::ErrorKind::NotFound => continue,
                m => m?,
            };
            if out.len() >= super::MAX_NAMES {
                return Err(too_many_names());
            }
            out.push(entry(e.file_name(), &meta));
        }
        Ok(out)
    }

    fn stat(&mut self, name: &str) -> io::Result<Entry> {
        Ok(entry(name.into(), &fs::symlink_metadata(self.path.join(name))?))
    }

    /// A link put under the name meanwhile is not followed: the file is looked at after opening.
    fn get(&mut self, name: &str, from: u64) -> io::Result<Box<dyn Read + '_>> {
        let nofollow = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        let flags = i32::try_from(nofollow.bits()).unwrap_or(0);
        let mut f = OpenOptions::new().read(true).custom_flags(flags).open(self.path.join(name))?;
        if !f.metadata()?.is_file() {
            return Err(not_regular());
        }
        f.seek(SeekFrom::Start(from))?;
        Ok(Box::new(f))
    }

    fn put(&mut self, name: &str, from: &mut dyn Source, size: u64) -> io::Result<()> {
        let part = self.path.join(part(name));
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
            return Err(other_size());
        }
        rename_new(&part, &target)?;
        self.sync()
    }

    fn shelve(&mut self, name: &str, folder: &str) -> io::Result<()> {
        let to = self.path.join(folder);
        fs::create_dir_all(&to)?;
        first_free(name, |target| rename_new(&self.path.join(name), &to.join(target)))
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.path.join(name)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    fn present(&mut self) -> io::Result<()> {
        if fs::metadata(&self.path)?.is_dir() { Ok(()) } else { Err(io::ErrorKind::NotADirectory.into()) }
    }

    fn probe(&mut self) -> io::Result<Option<i64>> {
        let path = self.path.join(probe_name());
        OpenOptions::new().write(true).create_new(true).open(&path)?;
        fs::remove_file(path).map(|()| None)
    }

    fn sync(&mut self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    fn reset(&mut self) {}
}

fn not_regular() -> io::Error {
    io::Error::other("não é um arquivo comum")
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
    use std::io::Cursor;

    #[test]
    fn put_aparece_inteiro_e_nunca_sobre_outro() {
        let d = tempfile::tempdir().unwrap();
        let mut dir = Dir::new(d.path(), 0o644);
        dir.put("a.csv", &mut Cursor::new(b"abc"), 3).unwrap();
        assert_eq!(fs::read(d.path().join("a.csv")).unwrap(), b"abc");
        assert_eq!(dir.put("a.csv", &mut Cursor::new(b"x"), 1).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(d.path().join("a.csv")).unwrap(), b"abc");
        assert!(dir.put("b.csv", &mut Cursor::new(b"xy"), 3).is_err());
        assert!(!d.path().join("b.csv").exists());
        dir.put("b.csv", &mut Cursor::new(b"xyz"), 3).unwrap();
        assert!(!d.path().join("b.csv.part").exists());
    }

    #[test]
    fn o_mesmo_nome_vai_duas_vezes_para_a_gaveta() {
        let d = tempfile::tempdir().unwrap();
        let mut dir = Dir::new(d.path(), 0o644);
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
        let mut dir = Dir::new(d.path(), 0o644);
        let regular: Vec<_> = dir.list().unwrap().into_iter().filter(|e| e.regular).map(|e| e.name).collect();
        assert_eq!(regular, ["alvo"]);
        assert!(dir.get("link", 0).is_err());
        assert!(dir.get("pasta", 0).is_err());
    }
}
