//! The measured store: a portfolio from the generator, imported through the command line, with twelve installments a
//! contract and a history of every kind by SQL.

use crate::Result;
use atom::gerador::Carteira;
use chrono::NaiveDate;
use rusqlite::Connection;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const AGORA: &str = "2023-08-04T02:00:00-03:00";

/// The store and its config.
pub struct Base {
    root: PathBuf,
    /// Clients; their ids are 1 to this.
    pub fichas: i64,
}

/// A running server; it is ended when dropped.
pub struct Servidor {
    child: Child,
    /// Where it listens.
    pub endereco: String,
}

impl Drop for Servidor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
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
        let mut base = Self { root: root.to_owned(), fichas: 0 };
        base.atom(&["init"])?;
        let (carteira, dia) =
            (Carteira::nova(528, contratos, "528")?, NaiveDate::from_ymd_opt(2023, 8, 4).ok_or("day")?);
        let file = |name: &str, f: &dyn Fn(&mut BufWriter<File>) -> std::io::Result<()>| -> Result<String> {
            let path = root.join(name);
            let mut w = BufWriter::with_capacity(1 << 20, File::create(&path)?);
            f(&mut w)?;
            w.flush()?;
            Ok(path.display().to_string())
        };
        let remessa = file("20230803_203000_remessa_528_out.528", &|w| carteira.escreve_remessa(w, dia))?;
        base.atom(&["import", "remessa", &remessa])?;
        let garantias = file("20230803_203700_garantias_528_out.528", &|w| carteira.escreve_garantias(w, dia))?;
        base.atom(&["import", "garantias", &garantias])?;
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
        base.fichas = c.query_row("SELECT max(id) FROM ficha", [], |r| r.get(0))?;
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

    /// `atom serve`, its log in a file as at night.
    pub fn serve(&self) -> Result<Servidor> {
        let log = self.root.join("serve.log");
        let mut cmd = self.comando();
        cmd.arg("serve").stdout(Stdio::null()).stderr(File::create(&log)?);
        let mut s = Servidor { child: cmd.spawn()?, endereco: String::new() };
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
        let porta = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut cmd = Command::new(std::env::current_exe()?);
        cmd.arg("--nua").arg(self.store()).arg(porta.to_string());
        let s = Servidor { child: cmd.spawn()?, endereco: format!("127.0.0.1:{porta}") };
        let begun = Instant::now();
        while std::net::TcpStream::connect(&s.endereco).is_err() {
            if begun.elapsed() > Duration::from_secs(20) {
                return Err("the bare handler did not start".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(s)
    }
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
