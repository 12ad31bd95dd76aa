//! The files of the measured nights, from the generator.

use crate::Result;
use atom::gerador::Carteira;
use chrono::NaiveDate;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file and the moment of its import.
pub struct Dia {
    pub agora: String,
    pub arquivo: PathBuf,
}

impl Dia {
    pub fn de(pasta: &Path, nome: &str, dia: u32) -> Self {
        Self { agora: format!("2023-08-{dia:02}T02:00:00-03:00"), arquivo: pasta.join(nome) }
    }
}

/// Bytes of a line of remessa, its break included.
const LINHA: usize = 4337 + 2;

/// Days of August 2023 on which the files are imported.
pub const NOVA: u32 = 4;
const IGUAL: u32 = 7;
const CINCO: u32 = 8;
const NOITE: u32 = 9;

/// The remessas of a portfolio of `n` contracts, and its parcelas.
pub struct Arquivos {
    pub nova: Dia,
    /// The same content on the next day.
    pub igual: Dia,
    /// 5 % of the lines changed.
    pub cinco: Dia,
    /// A usual night: delays, values and scores of all, one client in a hundred.
    pub noite: Dia,
    /// As many contracts as the first one, none of them in it.
    pub outra: Dia,
    /// Twelve lines a contract on average.
    pub parcelas: Dia,
    /// CPF of some of the clients.
    pub documentos: Vec<String>,
}

pub fn dia(d: u32) -> Result<NaiveDate> {
    Ok(NaiveDate::from_ymd_opt(2023, 8, d).ok_or("day")?)
}

/// The name of a remessa that is imported on day `d`; several may come for one day.
pub fn remessa(pasta: &Path, d: u32, hora: u32) -> Dia {
    Dia::de(pasta, &format!("202308{:02}_{hora}3000_remessa_528_out.528", d - 1), d)
}

pub fn escreve(to: &Path, f: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<()> {
    let mut w = BufWriter::with_capacity(1 << 20, File::create(to)?);
    f(&mut w)?;
    Ok(w.flush()?)
}

/// The first remessa alone, and the usual night after it: what growth is measured with.
pub fn noites(pasta: &Path, n: usize) -> Result<(Dia, Dia)> {
    let mut carteira = Carteira::nova(528, n, "528")?;
    let (nova, noite) = (remessa(pasta, NOVA, 20), remessa(pasta, NOITE, 20));
    let (a, b) = (dia(NOVA)?, dia(NOITE)?);
    escreve(&nova.arquivo, |w| carteira.escreve_remessa(w, a))?;
    carteira.avanca(b);
    escreve(&noite.arquivo, |w| carteira.escreve_remessa(w, b))?;
    Ok((nova, noite))
}

/// `novos` contracts that are not among the first `n`: new numbers, new clients but one at most.
pub fn outra(pasta: &Path, n: usize, novos: usize) -> Result<Dia> {
    let outra = remessa(pasta, IGUAL, 21);
    let (maior, dia) = (Carteira::nova(528, n + novos, "528")?, dia(IGUAL)?);
    escreve(&outra.arquivo, |w| maior.escreve_remessa(&mut Cauda { salta: n * LINHA, para: w }, dia))?;
    Ok(outra)
}

impl Arquivos {
    pub fn gera(pasta: &Path, n: usize) -> Result<Self> {
        let (nova, noite) = noites(pasta, n)?;
        let (igual, cinco) = (remessa(pasta, IGUAL, 20), remessa(pasta, CINCO, 20));
        fs::copy(&nova.arquivo, &igual.arquivo)?;
        let mut lines = fs::read(&nova.arquivo)?;
        for line in lines.chunks_mut(LINHA).step_by(20) {
            // nome_produto: the contract's part
            line[106..109].copy_from_slice(b"XYZ");
        }
        fs::write(&cinco.arquivo, &lines)?;
        drop(lines);
        let base = Carteira::nova(528, n, "528")?;
        let nova_dia = dia(NOVA)?;
        let outra = outra(pasta, n, n)?;
        let parcelas = Dia::de(pasta, "20230803_203500_parc_528_out.528", NOVA);
        // the generator gives some 21 lines a contract; the promise is about twelve
        let (mut contratos, mut linhas) = (0, 0);
        while linhas < 12 * n && contratos < n {
            linhas += base.contrato(contratos).prazo as usize;
            contratos += 1;
        }
        let alguns = Carteira::nova(528, contratos, "528")?;
        escreve(&parcelas.arquivo, |w| alguns.escreve_parcelas(w, nova_dia))?;
        let step = (base.clientes() / 50).max(1);
        let documentos = (0..base.clientes()).step_by(step).map(|i| base.cliente(i).documento).collect();
        Ok(Self { nova, igual, cinco, noite, outra, parcelas, documentos })
    }
}

/// Drops the first bytes.
struct Cauda<'a, W> {
    salta: usize,
    para: &'a mut W,
}

impl<W: Write> Write for Cauda<'_, W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let skip = self.salta.min(buf.len());
        self.salta -= skip;
        self.para.write_all(&buf[skip..])?;
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.para.flush()
    }
}
