//! The zip of an xlsx, inflated once under a limit before anything is made of its content.

use super::Falha;
use std::fs::File;
use std::io::{BufReader, Read};
use zip::ZipArchive;

/// Inflated bytes of all entries together: a sheet of 200,000 rows and 20 columns has about 100 MiB.
pub(super) const MAX_INFLADO: u64 = 200 << 20;
/// A workbook has some dozens of entries.
const MAX_ENTRADAS: usize = 2048;
/// The count of shared strings stands in the first element.
const INICIO: usize = 4096;

/// Inflates every entry to nowhere.
///
/// # Errors
/// It is no sound zip, or inflates to more than [`MAX_INFLADO`], or a count in it cannot be true.
pub(super) fn confere(file: &File) -> Result<(), Falha> {
    let mut zip = ZipArchive::new(BufReader::new(file)).map_err(|_| danificada())?;
    if zip.len() > MAX_ENTRADAS {
        return Err(Falha::Limite(format!("tem {} partes internas, o máximo é {MAX_ENTRADAS}", zip.len())));
    }
    let (mut total, mut buf, mut inicio) = (0, vec![0; 64 * 1024], Vec::with_capacity(INICIO));
    for i in 0..zip.len() {
        let mut entry = zip.by_index(i).map_err(|_| danificada())?;
        let before = total;
        inicio.clear();
        loop {
            let n = entry.read(&mut buf).map_err(|_| danificada())?;
            if n == 0 {
                break;
            }
            let read = buf.get(..n).unwrap_or(&buf);
            inicio.extend_from_slice(read.get(..n.min(INICIO.saturating_sub(inicio.len()))).unwrap_or(&[]));
            total += n as u64;
            if total > MAX_INFLADO {
                let mib = MAX_INFLADO >> 20;
                return Err(Falha::Limite(format!("se expande para mais de {mib} MiB")));
            }
        }
        // calamine reserves room for as many strings as the count says; each takes a byte at least
        let strings = |n: &str| n.to_ascii_lowercase().ends_with("sharedstrings.xml");
        if entry.name().is_ok_and(|n| strings(&n)) && contagem(&inicio).is_some_and(|c| c > total - before) {
            return Err(Falha::Limite("declara mais textos do que contém".into()));
        }
    }
    Ok(())
}

fn danificada() -> Falha {
    Falha::Ilegivel("está danificada: não é um zip íntegro".into())
}

/// `uniqueCount` of the shared strings; a number too long to be one is as large as it gets.
fn contagem(xml: &[u8]) -> Option<u64> {
    let at = memchr::memmem::find(xml, b"uniqueCount")? + b"uniqueCount".len();
    let rest = xml.get(at..)?;
    let digits = rest.iter().skip_while(|b| !b.is_ascii_digit()).take_while(|b| b.is_ascii_digit());
    Some(digits.fold(0, |n: u64, b| n.saturating_mul(10).saturating_add(u64::from(b - b'0'))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contagem_declarada() {
        assert_eq!(contagem(b"<sst count=\"3\" uniqueCount=\"42\">"), Some(42));
        assert_eq!(contagem(b"<sst uniqueCount = '99999999999999999999999'>"), Some(u64::MAX));
        assert_eq!(contagem(b"<sst>"), None);
    }
}
