//! A bounded fuzz run over the readers: a deterministic mutator, a corpus kept in `corpus/`
//! (`<layout>.<what>`), some seconds of it in every test run; `ATOM_FUZZ_SECONDS` for longer,
//! `ATOM_FUZZ_SEED` for another path.
//!
//! Nothing panics, every line is a line or a fault and none is swallowed, reading terminates.

use atom::gerador::Sorteio;
use atom::import::estrutura::Estrutura;
use atom::layout::leitor::Leitor;
use atom::layout::linha::Next;
use atom::layout::text::{Encoding, Sniffer};
use atom::layout::valor::Valor;
use atom::layout::{Format, Layout, Layouts, load};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

/// Runs without a look at the clock; also the least that a slow machine does.
const LOTE: u64 = 200;
const MAX_BYTES: usize = 64 * 1024;

fn env(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default)
}

/// The corpus, in the order of its names, each with its layout.
fn corpus(layouts: &Layouts) -> Vec<(&Layout, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    let of = |p: &Path| layouts.get(p.file_stem().unwrap().to_str().unwrap()).unwrap();
    paths.iter().map(|p| (of(p), fs::read(p).unwrap())).collect()
}

/// Reads a file to its end and checks what must hold of any bytes.
fn confere(layout: &Layout, bytes: &[u8], encoding: Encoding) {
    let mut reader = Leitor::new(bytes, layout, encoding);
    let (mut estrutura, mut lidas, mut last, mut ended) = (Estrutura::default(), 0, 0, false);
    // a line takes a byte at least
    for _ in 0..bytes.len() + 2 {
        match reader.next_line().unwrap() {
            Next::End => {
                ended = true;
                break;
            }
            Next::Fault(f) => {
                lidas += 1;
                let stops = f.stops();
                estrutura.junta(f);
                if stops {
                    assert!(!estrutura.ok() && estrutura.mensagem(layout, lidas).starts_with("linha "));
                    return;
                }
            }
            Next::Linha(l) => {
                lidas += 1;
                assert!(l.numero > last, "line numbers rise");
                last = l.numero;
                for i in 0..l.record.fields.len() {
                    match l.valor(i) {
                        Ok(v @ (Valor::Texto(_) | Valor::Data(_))) => {
                            let text = v.texto().unwrap();
                            assert!(!text.is_empty() && !text.chars().any(char::is_control), "field {i}");
                        }
                        Ok(_) => {}
                        Err(c) => assert!(!c.as_str().is_empty()),
                    }
                }
            }
        }
    }
    assert!(ended, "reading does not end");
    if !estrutura.ok() {
        let m = estrutura.mensagem(layout, lidas);
        assert!(m.starts_with("linha ") && m.len() < 4000, "{m}");
    }
    // IM12: every line break ends a line, but for the header and a blank last line
    let breaks = bytes.iter().filter(|b| **b == b'\n').count() as u64;
    let header = u64::from(layout.format != Format::Fixed);
    let quote_in_header = header == 1 && lidas == 1 && !estrutura.ok();
    assert!(lidas + header + 1 >= breaks || quote_in_header, "{lidas} lines of {breaks} breaks");
}

const PEDACOS: [&[u8]; 20] = [
    b"\n",
    b"\r\n",
    b"\r",
    b";",
    b"\"",
    b"\"\"",
    b";;;;;;;;",
    b"\x1a",
    b"\0",
    b"\x7f",
    b"\xEF\xBB\xBF",
    b"\x81",
    b"\xC3",
    b"\xC3\x89",
    b"\xE2\x82\xAC",
    b"99999999999999999999",
    b"1,5E+15",
    b"-",
    b"          ",
    b"00000000",
];

/// One to six small damages.
fn estraga(s: &mut Sorteio, bytes: &mut Vec<u8>, other: &[u8]) {
    for _ in 0..s.entre(1, 6) {
        let len = bytes.len() as u64 + 1;
        let (a, b) = (s.ate(len) as usize, s.ate(len) as usize);
        let (from, to) = (a.min(b), a.max(b).min(a.min(b) + 600));
        match s.ate(8) {
            0 => drop(bytes.drain(from..to)),
            1 => {
                let piece = bytes[from..to].to_vec();
                drop(bytes.splice(b..b, piece));
            }
            2 => {
                let at = s.ate(other.len() as u64 + 1) as usize;
                let piece = other[at..(at + 300).min(other.len())].to_vec();
                drop(bytes.splice(a..a, piece));
            }
            3 => bytes.truncate(b.max(1)),
            4 | 5 => {
                let piece = PEDACOS[s.ate(PEDACOS.len() as u64) as usize];
                let end = if s.chance(50) { (a + piece.len()).min(bytes.len()) } else { a };
                drop(bytes.splice(a..end, piece.iter().copied()));
            }
            _ => {
                let flip = s.ate(256) as u8;
                if let Some(x) = bytes.get_mut(a) {
                    *x ^= flip;
                }
            }
        }
    }
    bytes.truncate(MAX_BYTES);
}

/// Reads in both code pages and in the one that the bytes ask for.
fn executa(layout: &Layout, bytes: &[u8], what: &str) {
    let mut sniffer = Sniffer::default();
    sniffer.push(bytes);
    let _ = sniffer.finish();
    for e in [Encoding::Windows1252, Encoding::Utf8] {
        if let Err(p) = catch_unwind(AssertUnwindSafe(|| confere(layout, bytes, e))) {
            let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
            println!(
                "{what}: layout {}, {e:?}, as hex (xxd -r -p > tests/corpus/{}.<what>):\n{hex}",
                layout.name, layout.name
            );
            std::panic::resume_unwind(p);
        }
    }
}

#[test]
fn fuzz_dos_leitores_por_alguns_segundos() {
    let layouts = load::builtin().unwrap();
    let corpus = corpus(&layouts);
    let covered = |l: &&Layout| corpus.iter().any(|(c, _)| c.name == l.name);
    let incoming = |l: &&Layout| {
        !["erros", "manager_baixa", "manager_carga", "refin_planilha", "workflow_fila"].contains(&l.name.as_str())
    };
    assert!(layouts.iter().filter(incoming).all(|l| covered(&l)), "each layout has its lines in the corpus");
    for (layout, bytes) in &corpus {
        executa(layout, bytes, "corpus");
    }
    let (limit, seed) = (Duration::from_secs(env("ATOM_FUZZ_SECONDS", 5)), env("ATOM_FUZZ_SEED", 528));
    let (begun, mut n) = (Instant::now(), 0_u64);
    while n < LOTE || begun.elapsed() < limit {
        let mut s = Sorteio::de(seed, 1, n);
        let (layout, start) = &corpus[s.ate(corpus.len() as u64) as usize];
        let (_, other) = &corpus[s.ate(corpus.len() as u64) as usize];
        let mut bytes = start.clone();
        estraga(&mut s, &mut bytes, other);
        executa(layout, &bytes, &format!("run {n} of seed {seed}"));
        n += 1;
    }
    println!("{n} files");
}
