//! Files below our folders and the documents that stand in their bytes: for what is held of a person (SE6) and what a
//! purge leaves behind (SE5).

use anyhow::Context as _;
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

/// Bytes of a run of letters and digits that are looked at in one go.
const TRECHO: usize = 4096;
/// The lengths of a CPF and a CNPJ.
const TAMANHOS: [usize; 2] = [11, 14];

/// All files below a folder, which may be absent, by name.
///
/// # Errors
/// A folder cannot be read.
pub fn arquivos(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut out = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            other => other.with_context(|| folder.display().to_string())?,
        };
        for e in entries {
            let e = e?;
            let kind = e.file_type()?;
            if kind.is_dir() {
                folders.push(e.path());
            } else if kind.is_file() {
                out.push(e.path());
            }
        }
    }
    out.sort();
    Ok(out)
}

/// Which of these documents stand in a file, with or without their dots, also as a part of a longer run of digits.
///
/// **Performance:** memory is that of the documents found, whatever the size of the file.
///
/// # Errors
/// The file cannot be read.
pub fn documentos(path: &Path, docs: &HashSet<String>) -> anyhow::Result<HashSet<String>> {
    le(path, docs).with_context(|| path.display().to_string())
}

fn le(path: &Path, docs: &HashSet<String>) -> io::Result<HashSet<String>> {
    let mut out = HashSet::new();
    let mut run: Vec<u8> = Vec::with_capacity(TRECHO + 1);
    let mut file = BufReader::with_capacity(256 * 1024, File::open(path)?);
    let mut buf = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut buf)?;
        for b in buf.get(..read).unwrap_or_default() {
            match b {
                b'.' | b'-' | b'/' => {}
                b if b.is_ascii_alphanumeric() => run.push(*b),
                _ => {
                    colhe(&run, docs, &mut out);
                    run.clear();
                }
            }
            if run.len() > TRECHO {
                colhe(&run, docs, &mut out);
                // what may begin at its end is looked at with what follows
                run.drain(..run.len() - 13);
            }
        }
        if read == 0 {
            colhe(&run, docs, &mut out);
            return Ok(out);
        }
    }
}

fn colhe(run: &[u8], docs: &HashSet<String>, out: &mut HashSet<String>) {
    for size in TAMANHOS {
        for part in run.windows(size) {
            if let Ok(part) = std::str::from_utf8(part)
                && docs.contains(part)
                && !out.contains(part)
            {
                out.insert(part.to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn um_documento_e_achado_como_quer_que_esteja_escrito() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        let docs = HashSet::from(["52998224725".to_owned(), "12ABC34501DE35".to_owned()]);
        for text in [
            "x;529.982.247-25;y",
            "1000529982247250011",
            "00052998224725",
            "12.ABC.345/01DE-35",
            &format!("{}52998224725", "7".repeat(5000)),
        ] {
            fs::write(&path, text).unwrap();
            assert_eq!(documentos(&path, &docs).unwrap().len(), 1, "{text}");
        }
        fs::write(&path, "5299822472 5").unwrap();
        assert!(documentos(&path, &docs).unwrap().is_empty());
    }

    #[test]
    fn o_que_atravessa_dois_blocos_e_achado() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        let docs = HashSet::from(["52998224725".to_owned()]);
        for at in [0, 5, 256 * 1024 - 5, 256 * 1024, 512 * 1024 - 10] {
            let mut bytes = vec![b'1'; 600 * 1024];
            bytes[at..at + 11].copy_from_slice(b"52998224725");
            fs::write(&path, &bytes).unwrap();
            assert_eq!(documentos(&path, &docs).unwrap().len(), 1, "{at}");
        }
        fs::write(&path, "5299822472").unwrap();
        assert!(documentos(&path, &docs).unwrap().is_empty());
    }
}
