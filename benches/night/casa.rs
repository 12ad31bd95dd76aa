//! A working folder of atom, driven through the command line as cron does it.

use crate::Result;
use crate::arquivos::Dia;
use crate::medida::{Medida, Quem, cpu_ms, mede, run};
use atom::store::db::{Db, Mode};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// A store, its folders and its config.
pub struct Casa {
    root: PathBuf,
}

impl Casa {
    /// Makes it anew, empty.
    pub fn nova(root: &Path) -> Result<Self> {
        let casa = Self::pasta(root)?;
        run(casa.atom("2023-08-04T02:00:00-03:00").arg("init"))?;
        Ok(casa)
    }

    fn pasta(root: &Path) -> Result<Self> {
        let _ = fs::remove_dir_all(root);
        let evo = root.join("evo");
        fs::create_dir_all(&evo)?;
        let config = format!(
            "[campanha]\nid = 1\nascob = \"528\"\n[evo]\nurl = \"file://{0}\"\nsettle_seconds = 0\nmax_megabytes = 65536\n[manager]\nurl = \"file://{0}\"\n\
             [dia]\nobrigatorios = [\"remessa\"]\n",
            evo.display()
        );
        fs::write(root.join("atom.toml"), config)?;
        Ok(Self { root: root.to_owned() })
    }

    /// A copy of the store and its folders; received files are shared, nobody writes into them.
    pub fn copia(&self, root: &Path) -> Result<Self> {
        let casa = Self::pasta(root)?;
        run(Command::new("cp").arg("-a").arg(self.root.join("store")).arg(root))?;
        run(Command::new("cp").arg("-al").arg(self.root.join("data")).arg(root))?;
        Ok(casa)
    }

    /// Switches the undo journal off: what it costs is what is left.
    pub fn sem_diario(&self) -> Result<()> {
        let db = Db::open(&self.carteira(), Mode::ReadWrite, Duration::from_secs(5))?;
        let sql = "SELECT name FROM sqlite_schema WHERE type='trigger' AND (name LIKE '%_muda' OR name LIKE '%_sai')";
        for name in db.rows(sql, &[], |r| r.str(0))? {
            db.script(&format!("DROP TRIGGER {name}"))?;
        }
        Ok(())
    }

    /// The database file of imports.
    pub fn carteira(&self) -> PathBuf {
        self.root.join("store/carteira.db")
    }

    fn atom(&self, now: &str) -> Command {
        let mut c = Command::new(env!("CARGO_BIN_EXE_atom"));
        c.current_dir(&self.root).env("ATOM_NOW", now).stdout(Stdio::null()).arg("-q");
        c
    }

    /// The file comes in first, as it does at night; only the import is timed.
    pub fn importa(&self, kind: &str, dia: &Dia) -> Result<Medida> {
        let evo = self.root.join("evo").join(dia.arquivo.file_name().ok_or("name")?);
        fs::hard_link(&dia.arquivo, &evo)?;
        run(self.atom(&dia.agora).arg("fetch"))?;
        if !self.root.join("data/inbox").join(dia.arquivo.file_name().ok_or("name")?).exists() {
            return Err(format!("{} was not collected", evo.display()).into());
        }
        fs::remove_file(evo)?;
        mede(self.atom(&dia.agora).args(["import", kind]), &self.carteira())
    }

    /// One kind of file for Manager, built and published.
    pub fn exporta(&self, tipo: &str, now: &str) -> Result<Medida> {
        mede(self.atom(now).args(["export", "manager", tipo]), &self.carteira())
    }

    /// The file in Manager's folder whose name ends so.
    pub fn enviado(&self, fim: &str) -> Result<PathBuf> {
        let all = fs::read_dir(self.root.join("evo"))?.map(|e| e.map(|e| e.path()));
        let found = all.filter_map(std::result::Result::ok).find(|p| p.to_string_lossy().ends_with(fim));
        Ok(found.ok_or(fim)?)
    }

    /// The copy for BI.
    pub fn replica(&self, dest: &Path, now: &str) -> Result<Medida> {
        mede(self.atom(now).arg("replica").arg(dest), &self.carteira())
    }

    /// `atom get` by CPF: CPU of the whole process, ms, mean.
    pub fn consulta(&self, documentos: &[String], now: &str) -> Result<f64> {
        let before = cpu_ms(Quem::Comandos)?;
        for d in documentos {
            run(self.atom(now).args(["get", "--by", "cpf", d]))?;
        }
        Ok((cpu_ms(Quem::Comandos)? - before) / documentos.len() as f64)
    }

    /// A tick with nothing to do: CPU, ms, mean of 20.
    pub fn tick_ocioso(&self, now: &str) -> Result<f64> {
        // what there is to send goes first
        for _ in 0..2 {
            run(self.atom(now).arg("run"))?;
        }
        let before = cpu_ms(Quem::Comandos)?;
        for _ in 0..20 {
            run(self.atom(now).arg("run"))?;
        }
        Ok((cpu_ms(Quem::Comandos)? - before) / 20.0)
    }
}
