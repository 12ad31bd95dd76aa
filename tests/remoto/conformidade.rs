//! What every protocol keeps alike.

use super::pastas;
use atom::transport::Entry;
use std::fs;
use std::io::{Cursor, ErrorKind, Read};
use std::os::unix::ffi::OsStrExt;

fn le(from: std::io::Result<Box<dyn Read + '_>>) -> std::io::Result<Vec<u8>> {
    let mut all = Vec::new();
    from?.read_to_end(&mut all)?;
    Ok(all)
}

#[test]
fn in8_so_o_que_e_arquivo_comum_se_lista_como_tal() {
    for mut p in pastas() {
        fs::write(p.dir.join("a.csv"), "abc").unwrap();
        fs::write(p.dir.join("vazio.csv"), "").unwrap();
        fs::write(p.dir.join("com espaço é.csv"), "x").unwrap();
        fs::write(p.dir.join(std::ffi::OsStr::from_bytes(b"\xff\xfe.csv")), "x").unwrap();
        fs::write(p.dir.join("n".repeat(255)), "x").unwrap();
        fs::create_dir(p.dir.join("pasta.csv")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", p.dir.join("link.csv")).unwrap();
        let fifo = std::process::Command::new("mkfifo").arg(p.dir.join("fifo.csv")).status().unwrap();
        assert!(fifo.success());
        let all = p.remote.list().unwrap();
        let is = |name: &str, all: &[Entry]| all.iter().find(|e| e.name == *name).map(|e| (e.regular, e.size));
        assert_eq!(is("a.csv", &all), Some((true, 3)), "{}: {all:?}", p.nome);
        assert_eq!(is("vazio.csv", &all), Some((true, 0)), "{}", p.nome);
        for other in ["pasta.csv", "link.csv", "fifo.csv"] {
            let found = all.iter().find(|e| e.name.to_string_lossy().starts_with(other));
            assert!(found.is_none_or(|e| !e.regular), "{}: {found:?}", p.nome);
        }
        assert!(all.len() >= 6, "{}: {all:?}", p.nome);
        // the same look twice
        assert_eq!(p.remote.list().unwrap(), all, "{}", p.nome);
        assert!(le(p.remote.get("pasta.csv", 0)).is_err(), "{}", p.nome);
        assert_eq!(p.remote.stat("a.csv").unwrap().size, 3, "{}", p.nome);
        assert_eq!(le(p.remote.get("vazio.csv", 0)).unwrap(), b"", "{}", p.nome);
    }
}

#[test]
fn ex1_ex7_um_put_aparece_inteiro_e_nunca_sobre_outro() {
    for mut p in pastas() {
        // what a cut upload left
        fs::write(p.dir.join("a.csv.part"), "meio arquivo, e mais longo").unwrap();
        for round in 0..6 {
            let name = if round == 0 { "a.csv".to_owned() } else { format!("a{round}.csv") };
            p.remote.put(&name, &mut Cursor::new(b"abc"), 3).unwrap_or_else(|e| panic!("{} {round}: {e}", p.nome));
            assert_eq!(fs::read(p.dir.join(&name)).unwrap(), b"abc", "{}", p.nome);
        }
        let again = p.remote.put("a.csv", &mut Cursor::new(b"x"), 1).unwrap_err();
        assert_eq!(again.kind(), ErrorKind::AlreadyExists, "{}", p.nome);
        assert_eq!(fs::read(p.dir.join("a.csv")).unwrap(), b"abc", "{}", p.nome);
        // a size that is not that of the bytes
        assert!(p.remote.put("b.csv", &mut Cursor::new(b"xy"), 3).is_err(), "{}", p.nome);
        assert!(!p.dir.join("b.csv").exists(), "{}", p.nome);
        p.remote.put("b.csv", &mut Cursor::new(b"xyz"), 3).unwrap();
        p.remote.put("zero.csv", &mut Cursor::new(b""), 0).unwrap();
        assert_eq!(fs::read(p.dir.join("zero.csv")).unwrap(), b"", "{}", p.nome);
        assert!(fs::read_dir(&p.dir).unwrap().all(|e| !e.unwrap().file_name().to_string_lossy().ends_with(".part")));
        p.remote.probe().unwrap_or_else(|e| panic!("{}: {e}", p.nome));
        p.remote.present().unwrap();
        p.remote.sync().unwrap();
    }
}

#[test]
fn in1_a_leitura_continua_de_onde_parou() {
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|i| (i % 251) as u8).collect();
    for mut p in pastas() {
        fs::write(p.dir.join("grande.csv"), &bytes).unwrap();
        assert!(le(p.remote.get("grande.csv", 0)).unwrap() == bytes, "{}", p.nome);
        assert!(le(p.remote.get("grande.csv", 1_234_567)).unwrap() == bytes[1_234_567..], "{}", p.nome);
        assert_eq!(le(p.remote.get("grande.csv", 3_000_000)).unwrap(), b"", "{}", p.nome);
        // one that is dropped in the middle leaves the folder usable
        let mut some = vec![0; 1000];
        p.remote.get("grande.csv", 0).unwrap().read_exact(&mut some).unwrap();
        assert_eq!(p.remote.stat("grande.csv").unwrap().size, 3_000_000, "{}", p.nome);
    }
}

#[test]
fn in17_mover_e_remover_nao_perdem_nada_e_o_que_falta_e_nao_encontrado() {
    for mut p in pastas() {
        for text in ["um", "dois"] {
            fs::write(p.dir.join("a.csv"), text).unwrap();
            p.remote.shelve("a.csv", "importados").unwrap_or_else(|e| panic!("{}: {e}", p.nome));
        }
        assert_eq!(fs::read(p.dir.join("importados/a.csv")).unwrap(), b"um", "{}", p.nome);
        assert_eq!(fs::read(p.dir.join("importados/a.csv.2")).unwrap(), b"dois", "{}", p.nome);
        fs::write(p.dir.join("b.csv"), "x").unwrap();
        p.remote.remove("b.csv").unwrap();
        p.remote.remove("b.csv").unwrap();
        assert!(!p.dir.join("b.csv").exists());
        assert_eq!(p.remote.stat("b.csv").unwrap_err().kind(), ErrorKind::NotFound, "{}", p.nome);
        assert_eq!(le(p.remote.get("b.csv", 0)).unwrap_err().kind(), ErrorKind::NotFound, "{}", p.nome);
        assert!(p.remote.shelve("b.csv", "importados").is_err(), "{}", p.nome);
        fs::rename(&p.dir, p.dir.with_extension("fora")).unwrap();
        assert!(p.remote.present().is_err(), "{}", p.nome);
    }
}
