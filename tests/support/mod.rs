//! A bed: a folder with Evo's and Manager's folders, a config, a store, and the binary.
//!
//! `ATOM_TEST_KEEP=1` leaves the folder and prints its path.

pub mod disco;
pub mod navegador;
pub mod omne;
pub mod serve;
pub mod servidor;
pub mod workflow;

use atom::gerador::linha::Linha;
use atom::layout::{Layouts, load};
use chrono::NaiveDate;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub const ASCOB: &str = "528";

/// What a command did.
pub struct Out {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Out {
    pub fn json(&self) -> Vec<Value> {
        self.stdout.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}"))).collect()
    }

    /// The only report of an import.
    pub fn report(&self) -> Value {
        let all = self.json();
        assert_eq!(all.len(), 1, "{}{}", self.stdout, self.stderr);
        all[0].clone()
    }

    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }
}

impl From<Output> for Out {
    fn from(o: Output) -> Self {
        Self {
            code: o.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&o.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&o.stderr).into_owned(),
        }
    }
}

pub struct Bed {
    dir: Option<tempfile::TempDir>,
    pub root: PathBuf,
    now: String,
    pub layouts: Layouts,
}

impl Drop for Bed {
    fn drop(&mut self) {
        if std::env::var_os("ATOM_TEST_KEEP").is_some()
            && let Some(d) = self.dir.take()
        {
            println!("kept: {}", d.keep().display());
        }
    }
}

impl Bed {
    /// A fresh store at 02:41 of the operating day 2023-08-04.
    pub fn new() -> Self {
        Self::with("")
    }

    /// The same with more configuration.
    pub fn with(more: &str) -> Self {
        let b = Self::bare(more);
        b.atom(&["init"]).exits(0);
        b
    }

    /// A bed without gates, with contracts 1001, 1002, … of as many clients from the remessa of 2023-08-04.
    pub fn sem_portoes(contratos: u64) -> Self {
        let b = Self::with("[dia]\nobrigatorios = []");
        b.importa_remessa("20230803", contratos);
        b
    }

    /// Imports a remessa of an evening with those contracts.
    pub fn importa_remessa(&self, vespera: &str, contratos: u64) -> Value {
        let lines: Vec<Vec<u8>> =
            (1..=contratos).map(|n| self.remessa(&(1000 + n).to_string(), &cpf(n), &[])).collect();
        let f = self.file(&format!("{vespera}_203000_remessa_528_out.528"), &lines.concat());
        self.json(&["import", "remessa", &f]).exits(0).report()
    }

    /// Folders and config, no store.
    pub fn bare(more: &str) -> Self {
        Self::at_dir(tempfile::tempdir().unwrap(), more)
    }

    /// The same in memory, for tests of many small stores that no crash of the machine is part of.
    pub fn in_memory(more: &str) -> Self {
        let shm = Path::new("/dev/shm");
        Self::at_dir(if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() }.unwrap(), more)
    }

    fn at_dir(dir: tempfile::TempDir, more: &str) -> Self {
        let root = dir.path().to_owned();
        for d in ["evo", "erros", "manager"] {
            fs::create_dir(root.join(d)).unwrap();
        }
        let bed =
            Self { dir: Some(dir), root, now: "2023-08-04T02:41:00-03:00".into(), layouts: load::builtin().unwrap() };
        bed.config(more);
        bed
    }

    pub fn config(&self, more: &str) {
        let r = self.root.display();
        let text = format!(
            "[campanha]\nid = 1\nnome = \"Banco Exemplo\"\nascob = \"{ASCOB}\"\n\
             [evo]\nurl = \"file://{r}/evo\"\nerrors = \"file://{r}/erros\"\nsettle_seconds = 0\n\
             [manager]\nurl = \"file://{r}/manager\"\n{more}\n"
        );
        let path = self.root.join("atom.toml");
        fs::write(&path, text).unwrap();
        mode(&path, 0o600);
    }

    /// Local time of the next commands, `2023-08-04T02:41:00`.
    pub fn at(&mut self, local: &str) -> &mut Self {
        self.now = format!("{local}-03:00");
        self
    }

    pub fn cmd(&self, args: &[&str]) -> Command {
        let mut c = Command::new(env!("CARGO_BIN_EXE_atom"));
        c.args(args).current_dir(&self.root).env("ATOM_NOW", &self.now).stdin(Stdio::null());
        c
    }

    pub fn atom(&self, args: &[&str]) -> Out {
        self.cmd(args).output().unwrap().into()
    }

    /// A line as people type it, `atom` being the binary.
    pub fn shell(&self, line: &str) -> Command {
        let bin = Path::new(env!("CARGO_BIN_EXE_atom")).parent().unwrap();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
        let mut c = Command::new("sh");
        c.args(["-c", line]).current_dir(&self.root).env("ATOM_NOW", &self.now).env("PATH", path).stdin(Stdio::null());
        c
    }

    pub fn json(&self, args: &[&str]) -> Out {
        let mut all = vec!["--json"];
        all.extend_from_slice(args);
        self.atom(&all)
    }

    pub fn evo(&self, name: &str, bytes: &[u8]) {
        fs::write(self.root.join("evo").join(name), bytes).unwrap();
    }

    /// A file outside every folder of atom.
    pub fn file(&self, name: &str, bytes: &[u8]) -> String {
        let p = self.root.join(name);
        fs::write(&p, bytes).unwrap();
        p.display().to_string()
    }

    pub fn names(&self, folder: &str) -> Vec<String> {
        let mut n: Vec<String> = fs::read_dir(self.root.join(folder))
            .unwrap()
            .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        n.sort();
        n
    }

    /// A file of a folder, decoded from Windows-1252.
    pub fn read(&self, folder: &str, name: &str) -> String {
        let bytes = fs::read(self.root.join(folder).join(name)).unwrap();
        encoding_rs::WINDOWS_1252.decode(&bytes).0.into_owned()
    }

    pub fn db(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.root.join("store/carteira.db")).unwrap()
    }

    /// One value of the store.
    pub fn sql(&self, sql: &str) -> String {
        self.db()
            .query_row(sql, [], |r| {
                Ok(match r.get_ref(0)? {
                    rusqlite::types::ValueRef::Integer(i) => i.to_string(),
                    rusqlite::types::ValueRef::Text(t) => String::from_utf8_lossy(t).into_owned(),
                    _ => "-".into(),
                })
            })
            .unwrap_or_else(|e| panic!("{sql}: {e}"))
    }

    /// Everything that the imports keep, by business keys: no ids, runs, lines or times.
    pub fn digest(&self) -> Vec<String> {
        Self::digest_of(&self.db())
    }

    /// The same of a copy of the store.
    pub fn digest_of(db: &rusqlite::Connection) -> Vec<String> {
        let mut out = Vec::new();
        for (table, key) in [
            ("ficha", "ficha.cpf_cnpj_cliente FROM ficha"),
            ("contrato", "f.cpf_cnpj_cliente FROM contrato JOIN ficha f ON f.id=contrato.ficha_id"),
            ("cadastro", "c.chave FROM cadastro JOIN contrato c ON c.id=cadastro.contrato_id"),
            ("divida", "c.chave FROM divida JOIN contrato c ON c.id=divida.contrato_id"),
            (
                "telefone",
                "f.cpf_cnpj_cliente, c.chave FROM telefone JOIN ficha f ON f.id=telefone.ficha_id
                 LEFT JOIN contrato c ON c.id=telefone.contrato_id",
            ),
            ("endereco", "c.chave FROM endereco JOIN contrato c ON c.id=endereco.contrato_id"),
            ("email", "c.chave FROM email JOIN contrato c ON c.id=email.contrato_id"),
            ("parcela", "c.chave FROM parcela JOIN contrato c ON c.id=parcela.contrato_id"),
            ("garantia", "c.chave FROM garantia JOIN contrato c ON c.id=garantia.contrato_id"),
            ("acordo", "c.chave FROM acordo JOIN contrato c ON c.id=acordo.contrato_id"),
            ("refin", "c.chave FROM refin JOIN contrato c ON c.id=refin.contrato_id"),
            ("conjunto", "c.chave FROM conjunto JOIN contrato c ON c.id=conjunto.contrato_id"),
        ] {
            let internal = [
                "id",
                "ficha_id",
                "contrato_id",
                "run",
                "criada_run",
                "criado_run",
                "situacao_run",
                "linha",
                "criado_linha",
            ];
            let mut cols = db.prepare(&format!("SELECT name FROM pragma_table_info('{table}')")).unwrap();
            let cols: Vec<String> = cols
                .query_map([], |r| r.get::<_, String>(0))
                .unwrap()
                .map(Result::unwrap)
                .filter(|c| !internal.contains(&c.as_str()))
                .map(|c| format!("{table}.{c}"))
                .collect();
            let mut rows = db.prepare(&format!("SELECT {}, {key}", cols.join(","))).unwrap();
            let n = rows.column_count();
            let lines = rows.query_map([], |r| {
                let cells: Vec<String> = (0..n).map(|i| format!("{:?}", r.get_ref(i).unwrap())).collect();
                Ok(format!("{table}|{}", cells.join("|")))
            });
            out.extend(lines.unwrap().map(Result::unwrap));
        }
        out.sort();
        out
    }

    /// A line of a fixed layout: the fields that matter, the rest as a good line has them.
    pub fn line(&self, layout: &str, record: usize, fields: &[(&str, &str)]) -> Vec<u8> {
        let l = self.layouts.get(layout).unwrap();
        let mut line = Linha::new(&l.records[record]);
        for (k, v) in fields {
            line.set(k, v);
        }
        let mut out = Vec::new();
        line.escreve(&mut out).unwrap();
        out
    }

    /// A good line of remessa with some fields set otherwise.
    pub fn remessa(&self, contrato: &str, cpf: &str, fields: &[(&str, &str)]) -> Vec<u8> {
        let mut all = vec![
            ("tipo_registro", "1"),
            ("codigo_assessoria", ASCOB),
            ("contrato", contrato),
            ("nome_carteira", "VEIC"),
            ("nome_produto", "CDC VEICULOS"),
            ("data_remessa", "20230803"),
            ("tipo_pessoa", if cpf.len() == 14 { "J" } else { "F" }),
            ("cpf_cnpj_cliente", cpf),
            ("nome_cliente", "FULANO DE TAL"),
            ("prazo", "48"),
            ("valor_parcela", "59537"),
            ("quantidade_parcelas_pagas", "10"),
            ("quantidade_parcelas_vencidas", "4"),
            ("quantidade_parcelas_a_vencer", "34"),
            ("dias_atraso", "95"),
        ];
        for (k, v) in fields {
            all.retain(|(n, _)| n != k);
            all.push((k, v));
        }
        self.line("remessa", 0, &all)
    }

    pub fn parcela(&self, contrato: &str, numero: &str, fields: &[(&str, &str)]) -> Vec<u8> {
        let mut all = vec![
            ("tipo_registro", "1"),
            ("codigo_assessoria", ASCOB),
            ("contrato", contrato),
            ("numero_parcela", numero),
            ("data_vencimento", "20230801"),
            ("valor_parcela", "59537"),
            ("situacao_parcela", "V"),
        ];
        for (k, v) in fields {
            all.retain(|(n, _)| n != k);
            all.push((k, v));
        }
        self.line("parcelas", 0, &all)
    }

    /// The layout's columns of a field, to spoil a line by hand.
    pub fn columns(&self, layout: &str, field: &str) -> std::ops::Range<usize> {
        let r = &self.layouts.get(layout).unwrap().records[0];
        r.fields[r.index(field).unwrap()].at.clone()
    }

    /// The committed day in Evo's folder.
    pub fn fixture_day(&self) {
        for e in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/dia")).unwrap() {
            let p = e.unwrap().path();
            fs::copy(&p, self.root.join("evo").join(p.file_name().unwrap())).unwrap();
        }
    }
}

pub const REMESSA: &str = "20230803_203000_remessa_528_out.528";
pub const PARCELAS: &str = "20230803_203500_parc_528_out.528";
pub const GARANTIAS: &str = "20230803_203700_garantias_528_out.528";

/// Valid CPFs, different for each `n`.
pub fn cpf(n: u64) -> String {
    atom::gerador::documento::cpf(n, 1)
}

pub fn mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

pub fn dia(s: &str) -> NaiveDate {
    s.parse().unwrap()
}
