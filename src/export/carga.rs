//! The carga (R012, UC003): every dialable ficha, once for the operating day.

use super::linha::{self, Detalhes, Discagem, Fichas, Telefones};
use super::marca::Marcas;
use crate::clock::Clock;
use crate::config::Config;
use crate::layout::impressao::Medidor;
use crate::layout::saida::Escritor;
use crate::layout::{Layout, Layouts};
use crate::store::Store;
use crate::store::massiva;
use crate::store::saida::{self, Saida, Tipo};
use anyhow::Context as _;
use chrono::{NaiveDate, TimeDelta};
use std::fs::File;
use std::io::{BufWriter, Read};
use std::path::Path;

/// What an export needs.
pub struct Pedido<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The layouts.
    pub layouts: &'a Layouts,
    /// The open store.
    pub store: &'a Store,
    /// The clock.
    pub clock: &'a Clock,
}

/// What was built.
#[derive(Clone, Debug)]
pub struct Gerada {
    /// Its row in the ledger; id 0 under `--dry-run`.
    pub saida: Saida,
    /// Characters that Windows-1252 lacks (EX11).
    pub substituidos: u64,
}

/// Builds the carga of a day and enters it as `gerado`; under `dry_run` only counts.
///
/// # Errors
/// The store cannot be read, the outbox cannot be written.
pub fn gera(p: &Pedido<'_>, dia: NaiveDate, dry_run: bool) -> anyhow::Result<Gerada> {
    let layout = p.layouts.get("manager_carga").context("layouts/manager_carga.toml")?;
    let nome = nome(p, layout)?;
    let caminho = Path::new("outbox").join(&nome);
    let path = p.config.data.join(&caminho);
    let regra = Discagem::le(p.config)?;
    let file = File::create(&path).with_context(|| format!("não foi possível gravar {}", path.display()))?;
    let mut out = Escritor::new(Medidor::new(BufWriter::new(file)), layout)?;
    let named = |e: anyhow::Error| if e.is::<std::io::Error>() { e.context(path.display().to_string()) } else { e };
    escreve(p, &mut out, &regra).map_err(named)?;
    let (linhas, substituidos) = (out.linhas, out.substituidos);
    let (file, impressao) = out.fim().map_err(|e| named(e.into()))?.fim();
    let folder = p.config.data.join("outbox");
    let synced = file.into_inner().map_err(|e| e.into_error()).and_then(|f| f.sync_all());
    synced.and_then(|()| File::open(folder)?.sync_all()).map_err(|e| named(e.into()))?;
    let mut saida = Saida {
        id: 0,
        tipo: Tipo::Carga,
        nome,
        caminho: caminho.display().to_string(),
        data_operacao: Some(dia),
        linhas: i64::try_from(linhas)?,
        tamanho: i64::try_from(impressao.tamanho)?,
        sha256: impressao.sha256,
        mensagem: None,
        run: None,
    };
    if dry_run {
        std::fs::remove_file(&path)?;
    } else {
        let tx = p.store.db.begin()?;
        saida.id = saida::insert(&tx, &saida, &p.clock.now().iso())?;
        tx.commit()?;
    }
    Ok(Gerada { saida, substituidos })
}

/// The stamp is the run's time and never repeats.
fn nome(p: &Pedido<'_>, layout: &Layout) -> anyhow::Result<String> {
    let pattern = layout.files.first().context("layouts/manager_carga.toml: files")?;
    let mut at = p.clock.now().local();
    loop {
        let name = pattern.render(at.date(), Some(at.time()), &p.config.campanha.ascob);
        if !saida::name_taken(&p.store.db, &name)? {
            return Ok(name);
        }
        at += TimeDelta::seconds(1);
    }
}

fn escreve<W: std::io::Write>(p: &Pedido<'_>, out: &mut Escritor<W>, regra: &Discagem) -> anyhow::Result<()> {
    // one moment of each database file for the whole file (EX6)
    let (moment, contacts) = (p.store.db.snapshot()?, p.store.atendimento()?.snapshot()?);
    let mut q3 = contacts.prepare(massiva::MARCAS)?;
    let mut marcas = Marcas::new(q3.query(&[])?)?;
    let (mut q1, mut q2) = (moment.prepare(linha::FICHAS)?, moment.prepare(linha::TELEFONES)?);
    let mut fichas = Fichas::new(q1.query(&[])?)?;
    let mut telefones = Telefones::new(q2.query(&[])?)?;
    let mut detalhes = Detalhes::new(&moment)?;
    while let Some(ficha) = fichas.next_ficha()? {
        let Some(c) = ficha.discada() else { continue };
        let phones = telefones.de(&ficha)?;
        let marca = marcas.de(ficha.id(), c.id())?;
        linha::escreve(out, &ficha, c, &phones, &marca, &mut detalhes, regra)?;
    }
    Ok(())
}

/// What each ficha was sent, read back from the bytes of a carga: id, contract, hash of the row's cells and
/// where they end.
///
/// # Errors
/// The file cannot be read, or a row has no id.
pub fn enviados(from: impl Read, delimiter: u8) -> impl Iterator<Item = anyhow::Result<(i64, String, u64)>> {
    let reader = csv::ReaderBuilder::new().delimiter(delimiter).has_headers(true).from_reader(from);
    let mut row = Vec::new();
    reader.into_byte_records().map(move |r| {
        let r = r?;
        row.clear();
        for c in &r {
            row.extend_from_slice(c);
            row.push(0);
        }
        let cell = |i: usize| std::str::from_utf8(r.get(i).unwrap_or(b"")).unwrap_or("").to_owned();
        let id = cell(0).parse().context("carga: linha sem ID_CRM")?;
        Ok((id, cell(1), xxhash_rust::xxh3::xxh3_64(&row)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fronteira_das_celulas_conta_no_que_foi_enviado() {
        let sent = |row: &str| {
            let file = format!("ID_CRM;CONTRATO;QTD;VALOR\r\n{row}\r\n");
            enviados(file.as_bytes(), b';').next().unwrap().unwrap()
        };
        let (one, other) = (sent("7;1001;9;5595,37"), sent("7;1001;95;595,37"));
        assert_eq!((one.0, one.1.as_str()), (7, "1001"));
        assert_ne!(one.2, other.2);
        assert_eq!(one, sent("7;1001;9;5595,37"));
    }
}
