//! Rejected and listed lines: our own file with the original bytes, the file that goes back to Evo, the rows.
//!
//! Both files are whole and synced before the transaction that names them commits; a kill before leaves files
//! that no row names, which the next try of the same file writes again under the same names.

use super::mensagem;
use super::passo::Rejeito;
use crate::domain::contrato;
use crate::layout::Layout;
use crate::layout::impressao::{Impressao, Medidor};
use crate::layout::linha::Linha;
use crate::layout::saida::Escritor;
use crate::store::db::Db;
use crate::store::rejeito;
use crate::store::saida::{Saida, Tipo};
use anyhow::Context as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

struct Abertos {
    originais: BufWriter<File>,
    posicao: u64,
    erros: Escritor<Medidor<BufWriter<File>>>,
}

/// Writes the listed lines of one run.
pub struct Rejeitos<'a> {
    data: &'a Path,
    layout: &'a Layout,
    nome: &'a str,
    run: i64,
    cabecalho: Vec<u8>,
    abertos: Option<Abertos>,
}

/// What was written.
pub struct Escritos {
    /// Our file with the original bytes, relative to the data folder.
    pub originais: String,
    /// The row for Evo's file.
    pub erros: Saida,
}

impl<'a> Rejeitos<'a> {
    /// For the file `nome` in run `run`; `layout` is that of the error file, `cabecalho` the header line of a
    /// CSV, with which our file can be read again. Nothing is made before the first line.
    pub fn new(data: &'a Path, layout: &'a Layout, nome: &'a str, run: i64, cabecalho: Vec<u8>) -> Self {
        Self { data, layout, nome, run, cabecalho, abertos: None }
    }

    fn caminhos(&self) -> (PathBuf, PathBuf) {
        let name = format!("{}.{}", self.nome, self.run);
        (Path::new("rejects").join(format!("{name}.rejeitos")), Path::new("outbox").join(format!("{name}.erros.csv")))
    }

    /// Names our two files in an error of writing them.
    fn aonde(&self) -> String {
        let (originais, erros) = self.caminhos();
        format!("{}, {}", self.data.join(originais).display(), self.data.join(erros).display())
    }

    fn abertos(&mut self) -> anyhow::Result<&mut Abertos> {
        if self.abertos.is_none() {
            let (originais, erros) = self.caminhos();
            let make = |p: &Path| {
                let path = self.data.join(p);
                File::create(&path).with_context(|| format!("não foi possível gravar {}", path.display()))
            };
            let mut originais = BufWriter::new(make(&originais)?);
            originais.write_all(&self.cabecalho)?;
            self.abertos = Some(Abertos {
                originais,
                posicao: self.cabecalho.len() as u64,
                erros: Escritor::new(Medidor::new(BufWriter::new(make(&erros)?)), self.layout)?,
            });
        }
        self.abertos.as_mut().context("reject files")
    }

    /// A line that only our own file keeps: one of a held contract that was not rejected itself.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn guarda(&mut self, linha: &Linha<'_>) -> anyhow::Result<(i64, i64)> {
        let done = self.abertos()?.originais.write_all(linha.original);
        done.with_context(|| self.aonde())?;
        let a = self.abertos()?;
        let at = a.posicao;
        a.posicao += linha.original.len() as u64;
        Ok((i64::try_from(at)?, i64::try_from(linha.original.len())?))
    }

    /// A rejected line, or an ignored one that is listed.
    ///
    /// # Errors
    /// A file or the store cannot be written.
    pub fn lista(&mut self, db: &Db, linha: &Linha<'_>, r: Rejeito, rejeitada: bool) -> anyhow::Result<()> {
        let bytes = self.guarda(linha)?;
        let message = mensagem::de(linha, r);
        let contract = linha.record.index("contrato").map(|i| linha.campo(i)).unwrap_or("");
        // in a line that has shifted, or whose columns changed places, a name may stand where the contract should
        let contract = match contrato::chave(contract) {
            Ok(Some(_))
                if !(rejeitada && (mensagem::deslocada(linha) || mensagem::contrato_alheio(contract, r.codigo))) =>
            {
                Some(contrato::exibicao(contract))
            }
            _ => None,
        };
        let field = r.campo.and_then(|i| linha.record.fields.get(usize::from(i))).map(|f| f.name.as_str());
        let (name, run) = (self.nome, self.run);
        rejeito::insert(
            db,
            &rejeito::Rejeito {
                run,
                linha: i64::from(linha.numero),
                contrato: contract,
                campo: field,
                codigo: r.codigo.as_str(),
                mensagem: &message,
                rejeitada,
                bytes,
            },
        )?;
        let e = &mut self.abertos()?.erros;
        let number = linha.numero.to_string();
        for cell in [name, &number, contract.unwrap_or(""), field.unwrap_or(""), r.codigo.as_str(), &message] {
            e.celula(cell);
        }
        let done = e.fim_da_linha();
        done.with_context(|| self.aonde())
    }

    /// Syncs both files; `None` when no line was listed.
    ///
    /// # Errors
    /// A file cannot be written or synced.
    pub fn fim(self, data_operacao: Option<chrono::NaiveDate>) -> anyhow::Result<Option<Escritos>> {
        let ((originais, erros), aonde) = (self.caminhos(), self.aonde());
        let Some(a) = self.abertos else { return Ok(None) };
        let sync =
            |w: BufWriter<File>| -> std::io::Result<()> { w.into_inner().map_err(|e| e.into_error())?.sync_all() };
        sync(a.originais).with_context(|| format!("{}", self.data.join(&originais).display()))?;
        let rows = a.erros.linhas;
        let (file, Impressao { tamanho, sha256, .. }) = a.erros.fim().with_context(|| aonde.clone())?.fim();
        sync(file).with_context(|| format!("{}", self.data.join(&erros).display()))?;
        for folder in ["rejects", "outbox"] {
            let folder = self.data.join(folder);
            File::open(&folder).and_then(|f| f.sync_all()).with_context(|| folder.display().to_string())?;
        }
        Ok(Some(Escritos {
            originais: originais.display().to_string(),
            erros: Saida {
                id: 0,
                tipo: Tipo::Erros,
                nome: format!("{}.erros.csv", self.nome),
                caminho: erros.display().to_string(),
                data_operacao,
                linhas: i64::try_from(rows)?,
                tamanho: i64::try_from(tamanho)?,
                sha256,
                mensagem: None,
                run: Some(self.run),
                desfeita_run: None,
            },
        }))
    }
}
