//! The measured store: a portfolio from the generator, imported through the command line, with twelve installments a
//! contract and a history of every kind by SQL.

use crate::Result;
use crate::arquivos::{self, Dia};
use crate::medida::{Medida, mede, pico_kib, run};
use atom::gerador::Carteira;
use rusqlite::Connection;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const AGORA: &str = "2023-08-04T02:00:00-03:00";

/// The store and its config.
pub struct Base {
    root: PathBuf,
    /// The document of each client; the one at `i` has the id `i + 1`.
    pub documentos: Vec<String>,
}

/// A running server; it is ended when dropped.
pub struct Servidor {
    child: Child,
    /// Where it listens.
    pub endereco: String,
    /// It ends its children itself when told to.
    brando: bool,
}

impl Drop for Servidor {
    fn drop(&mut self) {
        if self.brando {
            // its workers are its own to end
            let pid = rustix::process::Pid::from_child(&self.child);
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        } else {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

impl Servidor {
    /// Peak resident memory so far, MiB.
    pub fn pico(&self) -> u64 {
        pico_kib(&self.child).unwrap_or(0) / 1024
    }

    /// User and system time so far, its children's too, ms: what an answer costs even where others are at work on the
    /// machine.
    pub fn cpu_ms(&self) -> f64 {
        let mine = self.child.id().to_string();
        let all = fs::read_dir("/proc").into_iter().flatten().filter_map(std::result::Result::ok);
        let ticks = all.filter_map(|e| {
            let stat = fs::read_to_string(e.path().join("stat")).ok()?;
            // the second field is the name, which may hold blanks
            let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
            let own = e.file_name().to_str() == Some(&mine) || fields.get(1) == Some(&mine.as_str());
            own.then(|| [11, 12].iter().filter_map(|i| fields.get(*i)?.parse::<f64>().ok()).sum::<f64>())
        });
        ticks.sum::<f64>() * 10.0
    }

    /// Waits until it takes connections.
    fn pronto(mut self) -> Result<Self> {
        let begun = Instant::now();
        while std::net::TcpStream::connect(&self.endereco).is_err() {
            if begun.elapsed() > Duration::from_secs(20) || self.child.try_wait()?.is_some() {
                return Err(format!("nobody listens on {}", self.endereco).into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(self)
    }
}

impl Base {
    /// Makes it.
    pub fn nova(root: &Path, contratos: usize) -> Result<Self> {
        let config = format!(
            "[campanha]\nid = 1\nascob = \"528\"\n[evo]\nurl = \"file://{0}\"\n[manager]\nurl = \"file://{0}\"\n\
             [dia]\nobrigatorios = []\n[serve]\nlisten = \"127.0.0.1:0\"\nreads_per_minute = 0\n",
            root.display()
        );
        fs::write(root.join("atom.toml"), config)?;
        let mut base = Self { root: root.to_owned(), documentos: Vec::new() };
        base.atom(&["init"])?;
        let (carteira, dia) = (Carteira::nova(528, contratos, "528")?, arquivos::dia(arquivos::NOVA)?);
        let (remessa, garantias) =
            (arquivos::remessa(root, arquivos::NOVA, 20), root.join("20230803_203700_garantias_528_out.528"));
        arquivos::escreve(&remessa.arquivo, |w| carteira.escreve_remessa(w, dia))?;
        base.atom(&["import", "remessa", &remessa.arquivo.display().to_string()])?;
        arquivos::escreve(&garantias, |w| carteira.escreve_garantias(w, dia))?;
        base.atom(&["import", "garantias", &garantias.display().to_string()])?;
        let c = Connection::open(base.store().join("carteira.db"))?;
        c.execute_batch(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<12)
             INSERT INTO parcela (contrato_id, k1, k2, h, run, linha, tipo_registro, codigo_assessoria, numero_parcela,
               quantidade_parcelas, data_vencimento, valor_parcela, valor_principal, valor_juros_mora, valor_multa,
               valor_atualizado, dias_atraso, situacao_parcela, nosso_numero)
             SELECT c.id, i, 0, 0, 1, 1, '1', '000528', i, 48, date('2023-01-01', '+'||i||' months'), 59537, 40000, 1234, 567,
               61338, 90, 'V', printf('%017d', c.id*12+i) FROM contrato c, n;
             UPDATE cadastro SET flag_falecido='N', flag_nao_perturbe='N'",
        )?;
        let mut all = c.prepare("SELECT cpf_cnpj_cliente FROM ficha ORDER BY id")?;
        base.documentos = all.query_map([], |r| r.get(0))?.collect::<rusqlite::Result<_>>()?;
        drop(all);
        c.execute("ATTACH DATABASE ?1 AS a", [base.store().join("atendimento.db").display().to_string()])?;
        c.execute_batch(HISTORIA)?;
        for schema in ["main", "a"] {
            c.query_row(&format!("PRAGMA {schema}.wal_checkpoint(TRUNCATE)"), [], |_| Ok(()))?;
        }
        Ok(base)
    }

    /// The folder of the store.
    pub fn store(&self) -> PathBuf {
        self.root.join("store")
    }

    fn comando(&self) -> Command {
        let mut c = Command::new(env!("CARGO_BIN_EXE_atom"));
        c.current_dir(&self.root).env("ATOM_NOW", AGORA);
        c
    }

    fn atom(&self, args: &[&str]) -> Result<String> {
        let out = self.comando().args(args).output()?;
        // 3: done, with rejected lines; the generator writes some
        if !matches!(out.status.code(), Some(0 | 3)) {
            return Err(format!("atom {}: {}", args.join(" "), String::from_utf8_lossy(&out.stderr)).into());
        }
        Ok(String::from_utf8(out.stdout)?.trim().to_owned())
    }

    /// A token of the Portal.
    pub fn token(&self) -> Result<String> {
        self.atom(&["token", "add", "bench", "--scope", "portal"])
    }

    /// A copy of the store in another place, and nothing of it left to be written to the disk while something is measured.
    pub fn copia(&self, root: &Path) -> Result<Self> {
        let _ = fs::remove_dir_all(root);
        fs::create_dir_all(root)?;
        fs::copy(self.root.join("atom.toml"), root.join("atom.toml"))?;
        run(Command::new("cp").arg("-a").arg(self.store()).arg(root))?;
        run(&mut Command::new("sync"))?;
        Ok(Self { root: root.to_owned(), documentos: self.documentos.clone() })
    }

    /// `atom import remessa` as a process of its own.
    pub fn importa(&self, dia: &Dia) -> Result<Medida> {
        let mut c = self.comando();
        c.env("ATOM_NOW", &dia.agora).stdout(Stdio::null()).args(["-q", "import", "remessa"]).arg(&dia.arquivo);
        mede(&mut c, &self.store().join("carteira.db"))
    }

    /// Tabulations in the store.
    pub fn tabulacoes(&self) -> Result<i64> {
        let c = Connection::open(self.store().join("atendimento.db"))?;
        Ok(c.query_row("SELECT count(*) FROM tabulacao", [], |r| r.get(0))?)
    }

    /// `atom serve`, its log in a file as at night.
    pub fn serve(&self) -> Result<Servidor> {
        let log = self.root.join("serve.log");
        let mut cmd = self.comando();
        cmd.arg("serve").stdout(Stdio::null()).stderr(File::create(&log)?);
        let mut s = Servidor { child: cmd.spawn()?, endereco: String::new(), brando: false };
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(20) {
            let text = fs::read_to_string(&log)?;
            if let Some(at) = text.split("http://").nth(1).and_then(|t| t.split([';', ' ', '\n']).next()) {
                s.endereco = at.to_owned();
                return Ok(s);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err("atom serve did not start".into())
    }

    /// The bare handler, in a process of its own.
    pub fn nua(&self) -> Result<Servidor> {
        let porta = porta_livre()?;
        let mut cmd = Command::new(std::env::current_exe()?);
        cmd.arg("--nua").arg(self.store()).arg(porta.to_string());
        Servidor { child: cmd.spawn()?, endereco: format!("127.0.0.1:{porta}"), brando: false }.pronto()
    }

    /// The same on FastAPI and Python's sqlite3, a worker a core; `None` where `python` has no FastAPI.
    pub fn fastapi(&self, python: &str) -> Result<Option<Servidor>> {
        let tem = Command::new(python).args(["-c", "import fastapi, uvicorn"]).stderr(Stdio::null()).status();
        if !tem.is_ok_and(|s| s.success()) {
            return Ok(None);
        }
        let (porta, frases) = (porta_livre()?, self.root.join("frases.json"));
        fs::write(&frases, crate::nua::descreve()?.to_string())?;
        let mut cmd = Command::new(python);
        cmd.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/serve/endpoint.py"));
        cmd.arg(self.store()).arg(frases).arg(porta.to_string());
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        cmd.arg(cores.to_string()).env("PYTHONDONTWRITEBYTECODE", "1");
        Servidor { child: cmd.spawn()?, endereco: format!("127.0.0.1:{porta}"), brando: true }.pronto().map(Some)
    }
}

fn porta_livre() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// For every client four tabulations, four calls, two e-mails, two SMS, a proposal and an attendance.
const HISTORIA: &str = "
BEGIN;
INSERT INTO a.lote (id, data_operacao, sha256, layout, importado_em, rejeitos) VALUES (1, '2023-08-04', 'x', 'x', 'x', '');
CREATE TEMP TABLE n AS SELECT value AS i FROM json_each('[1,2,3,4]');
INSERT INTO a.tabulacao (ficha_id, contrato_id, contrato, origem, resultado, nome, boleto, canal, usuario, fone, parcela, obs,
    attendance_id, em)
  SELECT f.id, NULL, NULL, 'PORTAL', 10, 'Boleto enviado', i%2, 5, 'operador'||i, '11981112222', '11, 12',
    'cliente pediu o boleto', 'a-'||f.id||'-'||i, '2023-08-0'||i||'T10:00:00-03:00' FROM main.ficha f, n;
INSERT INTO a.retorno (ficha_id, em, fone, status, lote_id, linha)
  SELECT f.id, '2023-08-0'||i||' 09:00:00', '11981112222', 'OCUPADO', 1, i FROM main.ficha f, n;
INSERT INTO a.massiva (ficha_id, contrato_id, canal, enviada_em, protocolo, fone, email, mensagem, lote_id, linha)
  SELECT f.id, 0, 'EMAIL', '2023-08-0'||i||' 08:00:00', 'E'||i, '', 'cliente@exemplo.com.br', NULL, 1, i
    FROM main.ficha f, n WHERE i<3;
INSERT INTO a.massiva (ficha_id, contrato_id, canal, enviada_em, protocolo, fone, email, mensagem, lote_id, linha)
  SELECT c.ficha_id, c.id, 'SMS', '2023-08-0'||i||' 08:00:00', 'S'||i, '11981112222', NULL, 'fale conosco', 1, i
    FROM main.contrato c, n WHERE i<3;
INSERT INTO a.proposta (ficha_id, contrato_id, contrato, usuario, tipo_acordo, valor_proposto, qtd_parcelas,
    primeiro_vencimento, campos, em)
  SELECT f.id, 0, '', 'operador1', 'Parcial', 50000, 2, '2023-08-15', '{}', '2023-08-04T10:00:00-03:00' FROM main.ficha f;
INSERT INTO a.webhook (tipo, chave, sha256, versao, corpo, recebido_em, estado, ficha_id)
  SELECT 'attendance', f.id, 'x', '', CAST(json_object('webhook_type', 'attendance', 'id', 'a-'||f.id, 'protocol', '1',
    'date_entry', '2023-08-04 09:50:00', 'status', 'Finalizado', 'channel', 'whatsapp', 'user', 'operador',
    'info', json_object('name', 'CLIENTE', 'crm', '1'), 'messages', json_array(json_object('id', 'm-1', 'message', 'oi'),
    json_object('id', 'm-2', 'message', 'bom dia'))) AS BLOB), '2023-08-04T10:10:00-03:00', 'VINCULADO', f.id FROM main.ficha f;
COMMIT;";
