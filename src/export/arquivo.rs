//! A file for Manager in the outbox: its name, its bytes, and what they say was sent.

use super::{Gerada, Pedido};
use crate::layout::impressao::Medidor;
use crate::layout::nome::NamePattern;
use crate::layout::saida::Escritor;
use crate::layout::{Layout, Layouts};
use crate::store::db::Tx;
use crate::store::enviado::{self, Linha, Olhar, Varredura, Visto};
use crate::store::saida::{self, Saida, Tipo};
use anyhow::Context as _;
use chrono::{NaiveDate, TimeDelta, Timelike};
use encoding_rs::WINDOWS_1252;
use std::fs::File;
use std::io::{BufWriter, Read};
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::xxh3_64;

/// Where the bytes are while they are written: one name, so a dead command leaves at most one such file, which the
/// next overwrites.
const RASCUNHO: &str = "manager.part";
/// Blocks in which the outbox is written and read.
const BLOCO: usize = 256 * 1024;

/// What rows are written to.
pub type Destino = Medidor<BufWriter<File>>;

/// Layout and file name of a type for Manager; carga and incremental share a layout.
///
/// # Errors
/// `layouts/` lacks it, or its name.
pub fn layout(layouts: &Layouts, tipo: Tipo) -> anyhow::Result<(&Layout, &NamePattern)> {
    let (name, place) = match tipo {
        Tipo::Baixa => ("manager_baixa", 0),
        Tipo::Incremental => ("manager_carga", 1),
        Tipo::Carga | Tipo::Erros => ("manager_carga", 0),
    };
    let layout = layouts.get(name).with_context(|| format!("falta layouts/{name}.toml"))?;
    let pattern = layout.files.get(place);
    Ok((layout, pattern.with_context(|| format!("layouts/{name}.toml: files: falta o nome de {}", tipo.as_str()))?))
}

/// A written file that is not in the ledger yet.
pub struct Rascunho {
    /// What it would be entered as.
    pub saida: Saida,
    /// Characters replaced.
    pub substituidos: u64,
    path: PathBuf,
}

/// Writes a file for Manager under its scratch name; `escreve` writes the rows, what it returns is handed on.
///
/// # Errors
/// The store cannot be read, the outbox cannot be written.
pub fn rascunha<T>(
    p: &Pedido<'_>,
    tipo: Tipo,
    dia: Option<NaiveDate>,
    escreve: impl FnOnce(&mut Escritor<Destino>) -> anyhow::Result<T>,
) -> anyhow::Result<(Rascunho, T)> {
    let (layout, pattern) = layout(p.layouts, tipo)?;
    let path = p.config.data.join("outbox").join(RASCUNHO);
    let file = File::create(&path).with_context(|| format!("não foi possível gravar {}", path.display()))?;
    let named = |e: anyhow::Error| if e.is::<std::io::Error>() { e.context(path.display().to_string()) } else { e };
    let mut out = Escritor::new(Medidor::new(BufWriter::with_capacity(BLOCO, file)), layout)?;
    let told = escreve(&mut out).map_err(named)?;
    let (linhas, substituidos) = (out.linhas, out.substituidos);
    let (file, impressao) = out.fim().map_err(|e| named(e.into()))?.fim();
    file.into_inner().map_err(|e| named(e.into_error().into()))?.sync_all().map_err(|e| named(e.into()))?;
    let nome = nome(p, pattern)?;
    let saida = Saida {
        id: 0,
        tipo,
        caminho: Path::new("outbox").join(&nome).display().to_string(),
        nome,
        data_operacao: dia,
        linhas: i64::try_from(linhas)?,
        tamanho: i64::try_from(impressao.tamanho)?,
        sha256: impressao.sha256,
        mensagem: None,
        run: None,
        desfeita_run: None,
    };
    Ok((Rascunho { saida, substituidos, path }, told))
}

impl Rascunho {
    /// Gives it its name in the outbox and enters it as `gerado`; `junto` writes what belongs to the same
    /// transaction.
    ///
    /// # Errors
    /// The outbox or the store cannot be written.
    pub fn entra(
        mut self,
        p: &Pedido<'_>,
        junto: impl FnOnce(&Tx<'_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<Gerada> {
        let path = p.config.data.join(&self.saida.caminho);
        let tx = p.store.db.begin()?;
        self.saida.id = saida::insert(&tx, &self.saida, &p.clock.now().iso())?;
        junto(&tx)?;
        // under its name only when whole: a row never names half a file
        let sync = || File::open(p.config.data.join("outbox"))?.sync_all();
        std::fs::rename(&self.path, &path).and_then(|()| sync()).with_context(|| path.display().to_string())?;
        tx.commit()?;
        Ok(Gerada { saida: self.saida, substituidos: self.substituidos, diferenca: None })
    }

    /// Enters the file, or leaves none where it has no rows; that the rows were looked through stands in the store
    /// either way.
    ///
    /// # Errors
    /// As of [`Self::entra`].
    pub fn entra_se_ha(self, p: &Pedido<'_>, olhar: Olhar, dia: NaiveDate, visto: Visto) -> anyhow::Result<Gerada> {
        let linhas = self.saida.linhas;
        let v = Varredura { visto, em: p.clock.now().iso(), dia: Some(dia), linhas, mensagem: None };
        if linhas == 0 {
            enviado::varreu(&p.store.db, olhar, &v)?;
            return self.descarta();
        }
        self.entra(p, |tx| Ok(enviado::varreu(tx, olhar, &v)?))
    }

    /// Leaves no file: nothing to send, refused, or a rehearsal.
    ///
    /// # Errors
    /// The outbox cannot be written.
    pub fn descarta(self) -> anyhow::Result<Gerada> {
        std::fs::remove_file(&self.path).with_context(|| self.path.display().to_string())?;
        Ok(Gerada { saida: self.saida, substituidos: self.substituidos, diferenca: None })
    }
}

/// The stamp is the run's time, and always after that of the file before: whoever replays the files in the order of
/// their names has them in the order in which they were made, also when the clock jumps back (EX4, OR8).
fn nome(p: &Pedido<'_>, pattern: &NamePattern) -> anyhow::Result<String> {
    let ascob = &p.config.campanha.ascob;
    let now = p.clock.now().local();
    let mut at = now.with_nanosecond(0).unwrap_or(now);
    if let Some((tipo, name)) = saida::newest_name(&p.store.db)? {
        let stamp = layout(p.layouts, tipo)?.1.matches(&name, ascob).ok();
        let last = stamp.and_then(|s| Some(s.date.and_time(s.time?)));
        at = last.map_or(at, |last| at.max(last + TimeDelta::seconds(1)));
    }
    loop {
        let name = pattern.render(at.date(), Some(at.time()), ascob);
        if !saida::name_taken(&p.store.db, &name)? {
            return Ok(name);
        }
        at += TimeDelta::seconds(1);
    }
}

/// Hash of a row's cells and where they end; `buf` is scratch.
pub fn h<'c>(cells: impl Iterator<Item = &'c [u8]>, buf: &mut Vec<u8>) -> u64 {
    buf.clear();
    for c in cells {
        buf.extend_from_slice(c);
        buf.push(0);
    }
    xxh3_64(buf)
}

/// The rows of a file for Manager, read back from its bytes.
pub struct Linhas<R> {
    csv: csv::Reader<R>,
    row: csv::ByteRecord,
    buf: Vec<u8>,
}

impl<R: Read> Linhas<R> {
    /// From its first byte.
    pub fn new(from: R, layout: &Layout) -> Self {
        let csv = csv::ReaderBuilder::new().delimiter(layout.delimiter).buffer_capacity(BLOCO).from_reader(from);
        Self { csv, row: csv::ByteRecord::new(), buf: Vec::new() }
    }

    /// Reads the next row into `linha`; false: there is none.
    ///
    /// # Errors
    /// The file cannot be read, or a row has no id.
    pub fn proxima(&mut self, linha: &mut Linha) -> anyhow::Result<bool> {
        if !self.csv.read_byte_record(&mut self.row)? {
            return Ok(false);
        }
        // the first three columns of every file for Manager: ID_CRM, CONTRATO, CPF_CNPJ
        let cell = |i: usize| WINDOWS_1252.decode_without_bom_handling(self.row.get(i).unwrap_or(b"")).0;
        linha.ficha = cell(0).parse().context("arquivo para o Manager: linha sem ID_CRM")?;
        for (to, from) in [(&mut linha.contrato, 1), (&mut linha.documento, 2)] {
            to.clear();
            to.push_str(&cell(from));
        }
        linha.h = h(self.row.iter(), &mut self.buf);
        Ok(true)
    }

    /// The cells of the row read last.
    pub fn celulas(&self) -> impl Iterator<Item = &[u8]> {
        self.row.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::load;

    #[test]
    fn a_fronteira_das_celulas_conta_no_que_foi_enviado() {
        let layouts = load::builtin().unwrap();
        let layout = layouts.get("manager_carga").unwrap();
        let sent = |row: &str| {
            let file = format!("ID_CRM;CONTRATO;QTD;VALOR\r\n{row}\r\n");
            let mut linha = Linha::default();
            assert!(Linhas::new(file.as_bytes(), layout).proxima(&mut linha).unwrap());
            linha
        };
        let (one, other) = (sent("7;1001;9;5595,37"), sent("7;1001;95;595,37"));
        assert_eq!((one.ficha, one.contrato.as_str(), one.documento.as_str()), (7, "1001", "9"));
        assert_ne!(one.h, other.h);
        assert_eq!(one, sent("7;1001;9;5595,37"));
    }

    #[test]
    fn a_linha_escrita_e_a_lida_de_volta_tem_a_mesma_marca() {
        let layouts = load::builtin().unwrap();
        let layout = layouts.get("manager_baixa").unwrap();
        let mut out = Escritor::new(Vec::new(), layout).unwrap();
        for c in ["7", "=A;\"1\"", "52998224725", "AÇÃO ș", "01/02/2023"] {
            out.celula(c);
        }
        let written = h(out.celulas(), &mut Vec::new());
        out.fim_da_linha().unwrap();
        let bytes = out.fim().unwrap();
        let (mut read, mut linha) = (Linhas::new(&bytes[..], layout), Linha::default());
        assert!(read.proxima(&mut linha).unwrap());
        assert_eq!((linha.h, linha.contrato.as_str()), (written, "'=A;\"1\""));
        assert!(!read.proxima(&mut linha).unwrap());
    }

    #[test]
    fn carga_e_incremental_tem_cada_uma_o_seu_nome() {
        let layouts = load::builtin().unwrap();
        let name = |t| layout(&layouts, t).unwrap().1.to_string();
        assert!(name(Tipo::Carga).ends_with("_manager_carga.csv"));
        assert!(name(Tipo::Incremental).ends_with("_manager_incremental.csv"));
        assert!(name(Tipo::Baixa).ends_with("_manager_baixa.csv"));
    }
}
