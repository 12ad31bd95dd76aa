//! Where everything stands in a line of remessa: its parts, its contacts, the fields read by name.

use super::{COM_AVISO, CONTRATO, PARTES, VERSAO};
use crate::domain::codigo::Codigo;
use crate::domain::fone::Fone;
use crate::import::passo::{Chave, Marca};
use crate::layout::contato::contato;
use crate::layout::linha::Linha;
use crate::layout::valor::{Vista, em_branco};
use crate::layout::{Field, Layout, Part, Record};
use crate::store::schema::{Esquema, Tabela};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

/// Places by key. A key is a hash already: it is not hashed again.
pub(super) type PorChave = HashMap<Chave, u32, BuildHasherDefault<Direto>>;

/// Takes the first bytes of a [`Chave`] as its hash.
#[derive(Default)]
pub(super) struct Direto(u64);

impl Hasher for Direto {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*first);
        }
    }

    /// The length of an array says nothing.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

pub(super) struct Parte {
    pub(super) marca: Marca,
    /// Its fields, by index.
    pub(super) campos: Vec<usize>,
    /// Columns that make its content hash: its fields but the volatile ones, neighbours joined.
    pub(super) colunas: Vec<Range<usize>>,
}

/// One contact of a line, `telefone_3`: which field fills which column.
pub(super) struct Grupo {
    pub(super) tabela: Tabela,
    pub(super) ordem: i64,
    /// Field index by column of the table.
    pub(super) campos: Vec<Option<usize>>,
    /// For phones: the fields of DDD and number.
    fone: [Option<usize>; 2],
    /// The columns of its fields, neighbours joined.
    colunas: Vec<Range<usize>>,
}

impl Grupo {
    /// Nothing stands in it: most of the contacts of a line.
    pub(super) fn em_branco(&self, linha: &Linha<'_>) -> bool {
        self.colunas.iter().all(|c| em_branco(linha.colunas(c)))
    }

    /// Its phone: `Ok(None)` when there is none.
    pub(super) fn fone(&self, linha: &Linha<'_>) -> Result<Option<Fone>, Codigo> {
        let [ddd, numero] = self.fone.map(|i| i.map_or("", |i| linha.campo(i)));
        Fone::de_partes(ddd, numero).map_err(|e| e.codigo())
    }
}

/// Where everything stands in a line.
pub(super) struct Mapa {
    pub(super) partes: Vec<Parte>,
    pub(super) grupos: Vec<Grupo>,
    pub(super) assessoria: usize,
    pub(super) contrato: usize,
    pub(super) documento: usize,
    /// The contract's fields that an update writes: its number stays as the remessa that created it wrote it.
    pub(super) alteraveis: Vec<usize>,
    /// By parts to be validated (the four lowest bits of a mark): the fields of a line without control
    /// characters to look at, in its order, and what is good in them at first sight. Volatile ones always, since no hash
    /// tells that they passed before.
    conferir: [Vec<(usize, Vista)>; 16],
    /// Part bit of each field.
    pub(super) marca_de: Vec<Marca>,
    pub(super) semente: u64,
}

impl Mapa {
    pub(super) fn new(layout: &Layout, record: &Record, esquema: &Esquema, ascob: &str) -> anyhow::Result<Self> {
        let at = |name: &str| record.index(name).ok_or_else(|| anyhow::anyhow!("layout remessa: {name}"));
        let bit = |p: Option<Part>| PARTES.iter().find(|(part, _)| Some(*part) == p).map_or(CONTRATO, |(_, m)| *m);
        let marca_de: Vec<Marca> = record.fields.iter().map(|f| bit(f.of)).collect();
        let contrato = at("contrato")?;
        let partes: Vec<Parte> = PARTES
            .iter()
            .map(|(_, marca)| {
                let campos: Vec<usize> = (0..marca_de.len()).filter(|i| marca_de[*i] == *marca).collect();
                // the contract's number is the key: spelt otherwise it is no change
                let counts = |i: &&usize| **i != contrato && !record.fields[**i].volatile;
                let colunas = colunas(campos.iter().filter(counts).map(|i| &record.fields[*i]));
                Parte { marca: *marca, campos, colunas }
            })
            .collect();
        Ok(Self {
            alteraveis: partes[1].campos.iter().copied().filter(|i| *i != contrato).collect(),
            partes,
            grupos: grupos(record, esquema),
            assessoria: at("codigo_assessoria")?,
            contrato,
            documento: at("cpf_cnpj_cliente")?,
            conferir: std::array::from_fn(|partes| conferir(record, &marca_de, partes)),
            marca_de,
            semente: layout.digest ^ VERSAO.rotate_left(32) ^ xxhash_rust::xxh3::xxh3_64(ascob.as_bytes()),
        })
    }

    /// The fields to validate of a line without control characters, see [`Mapa::conferir`].
    pub(super) fn a_conferir(&self, partes: Marca) -> &[(usize, Vista)] {
        self.conferir.get(usize::from(partes)).map_or(&[], Vec::as_slice)
    }

    /// Content hash of a part, its lowest bit clear. Taken from the decoded text: the code page of the file
    /// does not matter.
    pub(super) fn hash(&self, parte: usize, linha: &Linha<'_>, scratch: &mut Vec<u8>) -> u64 {
        scratch.clear();
        for c in self.partes.get(parte).map_or(&[][..], |p| &p.colunas) {
            linha.copia(c, scratch);
            // a separator, since decoded columns have no fixed width in bytes
            scratch.push(0);
        }
        xxhash_rust::xxh3::xxh3_64_with_seed(scratch, self.semente) & !COM_AVISO
    }
}

/// The columns of some fields, neighbours joined.
fn colunas<'f>(fields: impl Iterator<Item = &'f Field>) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::new();
    for f in fields {
        match out.last_mut() {
            Some(last) if last.end == f.at.start => last.end = f.at.end,
            _ => out.push(f.at.clone()),
        }
    }
    out
}

fn conferir(record: &Record, marca_de: &[Marca], partes: usize) -> Vec<(usize, Vista)> {
    let fields = record.fields.iter().zip(marca_de).enumerate();
    fields
        .filter(|(_, (f, m))| (usize::from(**m) & partes != 0 || f.volatile) && !f.is_free())
        .map(|(i, (f, _))| (i, Vista::de(f)))
        .collect()
}

fn grupos(record: &Record, esquema: &Esquema) -> Vec<Grupo> {
    let mut out: Vec<Grupo> = Vec::new();
    for (i, f) in record.fields.iter().enumerate().filter(|(_, f)| f.of == Some(Part::Contato)) {
        let Some(c) = contato(&f.name) else { continue };
        let Some(tabela) = Tabela::chamada(c.grupo.nome()) else { continue };
        let ordem = c.ordem;
        let columns = esquema.de(tabela);
        let Some(col) = columns.iter().position(|k| k.nome == c.coluna) else { continue };
        let pos = out.iter().position(|g| g.tabela == tabela && g.ordem == ordem).unwrap_or_else(|| {
            out.push(Grupo { tabela, ordem, campos: vec![None; columns.len()], fone: [None; 2], colunas: Vec::new() });
            out.len() - 1
        });
        out[pos].campos[col] = Some(i);
        match c.coluna.as_str() {
            "ddd" => out[pos].fone[0] = Some(i),
            "numero" => out[pos].fone[1] = Some(i),
            _ => {}
        }
    }
    for g in &mut out {
        let mut campos: Vec<usize> = g.campos.iter().flatten().copied().collect();
        campos.sort_unstable();
        g.colunas = colunas(campos.iter().map(|i| &record.fields[*i]));
    }
    out
}
