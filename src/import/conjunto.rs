//! Sets that a file replaces whole, contract by contract: the mechanism of parcelas and garantias.
//!
//! The set of each contract in the file is replaced, others keep theirs. A contract with a rejected line
//! (but not another agency's) keeps its old set whole; its other lines are ignored CONTRATO_COM_REJEITO
//! (decisions 5). A sum of line hashes, independent of their order, says which sets changed at all.

use super::passo::{APLICA, Aceita, COM_REJEITO, Chave, Efeito, Efeitos, Gravador, IGUAL, Marca, Passo};
use super::passo::{REPETIDA, REPETIDA_RETIDA, Rejeito, celula, chave};
use super::{Contexto, esquema, passo};
use crate::domain::codigo::Codigo;
use crate::domain::contrato;
use crate::layout::Layout;
use crate::layout::linha::Linha;
use crate::layout::valor::Valor;
use crate::store::Store;
use crate::store::carteira;
use crate::store::db::{Cell, Stmt};
use crate::store::schema::{Esquema, Tabela};
use std::collections::HashMap;

/// What tells the two kinds apart.
#[derive(Clone, Copy, Debug)]
pub struct Regra {
    /// The kind.
    pub etapa: &'static str,
    /// Its table.
    pub tabela: Tabela,
    /// First part of a row's key within its contract.
    pub k1: &'static str,
    /// Second part.
    pub k2: Option<&'static str>,
}

/// The contract had a set before: lines are compared with it.
const COMPARA: Marca = 0x01;

const NENHUM: u32 = u32::MAX;

/// One record type: where its key fields are, and which field fills which column.
struct Mapa {
    assessoria: usize,
    contrato: usize,
    k1: usize,
    k2: Option<usize>,
    colunas: Vec<Option<usize>>,
}

#[derive(Clone, Copy, Debug)]
struct Contrato {
    id: u32,
    /// Content of the stored set; `None` when it has none.
    antes: Option<u64>,
    soma: u64,
    linhas: u32,
    retido: bool,
}

/// First pass.
pub struct Conjunto {
    regra: Regra,
    mapas: Vec<Mapa>,
    esquema: Esquema,
    ascob: String,
    semente: u64,
    por_chave: HashMap<Chave, u32>,
    contratos: Vec<Contrato>,
    contrato_da_linha: Vec<u32>,
    h_da_linha: Vec<u64>,
    scratch: Vec<u8>,
}

impl Conjunto {
    /// Loads the keys of all contracts and the hashes of their sets.
    ///
    /// # Errors
    /// The store cannot be read, or the layout lacks a field.
    pub fn new(ctx: &Contexto<'_>, layout: &Layout, regra: Regra) -> anyhow::Result<Self> {
        let esquema = esquema::esquema(ctx.layouts)?;
        let mut mapas = Vec::new();
        for r in &layout.records {
            let at = |n: &str| esquema::indice(layout, r, n);
            mapas.push(Mapa {
                assessoria: at("codigo_assessoria")?,
                contrato: at("contrato")?,
                k1: at(regra.k1)?,
                k2: regra.k2.map(at).transpose()?,
                colunas: esquema.de(regra.tabela).iter().map(|c| r.index(&c.nome)).collect(),
            });
        }
        let mut por_chave = HashMap::new();
        let mut contratos = Vec::new();
        let mut por_id = HashMap::new();
        carteira::chaves(&ctx.store.db, |id, key| {
            let index = u32::try_from(contratos.len()).unwrap_or(NENHUM);
            por_chave.insert(chave(key.as_bytes()), index);
            por_id.insert(id, index);
            let id = u32::try_from(id).unwrap_or(0);
            contratos.push(Contrato { id, antes: None, soma: 0, linhas: 0, retido: false });
        })?;
        carteira::conjuntos(&ctx.store.db, regra.etapa, |id, h| {
            if let Some(c) = por_id.get(&id).and_then(|i| contratos.get_mut(*i as usize)) {
                c.antes = Some(h.cast_unsigned());
            }
        })?;
        Ok(Self {
            regra,
            mapas,
            esquema,
            ascob: ctx.config.campanha.ascob.clone(),
            semente: layout.digest,
            por_chave,
            contratos,
            contrato_da_linha: Vec::new(),
            h_da_linha: Vec::new(),
            scratch: Vec::new(),
        })
    }

    fn valida(&self, linha: &Linha<'_>, avisos: &mut Vec<Codigo>) -> Result<(), Rejeito> {
        let mapa = self.mapas.get(linha.registro).ok_or(Rejeito::linha(Codigo::Estrutura))?;
        passo::valida(linha, Some((mapa.assessoria, &self.ascob)), avisos)
    }

    /// Content of a line, its record included; volatile fields do not count.
    fn hash(&mut self, linha: &Linha<'_>) -> u64 {
        self.scratch.clear();
        self.scratch.push(u8::try_from(linha.registro).unwrap_or(u8::MAX));
        for f in linha.record.fields.iter().filter(|f| !f.volatile) {
            linha.copia(&f.at, &mut self.scratch);
            self.scratch.push(0);
        }
        xxhash_rust::xxh3::xxh3_64_with_seed(&self.scratch, self.semente)
    }

    fn decide(&self, linha: &Linha<'_>, contrato: Option<u32>, avisos: &mut Vec<Codigo>) -> Result<Aceita, Rejeito> {
        self.valida(linha, avisos)?;
        let campo = self.mapas.get(linha.registro).map_or(0, |m| m.contrato);
        let index = contrato.ok_or(Rejeito::campo(Codigo::ContratoDesconhecido, campo))?;
        let (k1, k2) = chave_de(&self.mapas, linha)?;
        let mut key = [0; 20];
        key[..4].copy_from_slice(&index.to_le_bytes());
        key[4..12].copy_from_slice(&k1.to_le_bytes());
        key[12..].copy_from_slice(&k2.to_le_bytes());
        Ok(Aceita { chave: Some(chave(&key)), marca: APLICA })
    }
}

/// Key of a line within its contract.
fn chave_de(mapas: &[Mapa], linha: &Linha<'_>) -> Result<(i64, i64), Rejeito> {
    let mapa = mapas.get(linha.registro).ok_or(Rejeito::linha(Codigo::Estrutura))?;
    let number = |i: usize| match linha.valor(i) {
        Ok(Valor::Int(n)) => Ok(n),
        // the tag of garantias is a code
        Ok(v) => v.texto().and_then(|t| t.parse().ok()).ok_or(Rejeito::campo(Codigo::NumeroInvalido, i)),
        Err(c) => Err(Rejeito::campo(c, i)),
    };
    Ok((number(mapa.k1)?, mapa.k2.map_or(Ok(0), number)?))
}

impl<'c> Passo<'c> for Conjunto {
    fn examina(&mut self, linha: &Linha<'_>, avisos: &mut Vec<Codigo>) -> Result<Aceita, Rejeito> {
        let campo = self.mapas.get(linha.registro).map_or(0, |m| m.contrato);
        let key = contrato::chave(linha.campo(campo)).ok().flatten();
        let index = key.and_then(|k| self.por_chave.get(&chave(k.as_bytes())).copied());
        let decided = self.decide(linha, index, avisos);
        let h = if decided.is_ok() { self.hash(linha) } else { 0 };
        self.contrato_da_linha.push(index.unwrap_or(NENHUM));
        self.h_da_linha.push(h);
        if decided.as_ref().is_err_and(|r| r.codigo != Codigo::AssessoriaDivergente)
            && let Some(c) = index.and_then(|i| self.contratos.get_mut(i as usize))
        {
            c.retido = true;
        }
        decided
    }

    fn resolve(&mut self, plano: &mut [Marca]) {
        for (i, _) in plano.iter().enumerate().filter(|(_, m)| **m >= APLICA) {
            let (Some(c), Some(h)) = (self.contrato_da_linha.get(i), self.h_da_linha.get(i)) else { continue };
            if let Some(c) = self.contratos.get_mut(*c as usize) {
                c.soma = c.soma.wrapping_add(*h);
                c.linhas += 1;
            }
        }
        for (i, m) in plano.iter_mut().enumerate().filter(|(_, m)| **m >= APLICA || **m == REPETIDA) {
            let Some(c) = self.contrato_da_linha.get(i).and_then(|c| self.contratos.get(*c as usize)) else { continue };
            *m = match c.antes {
                _ if *m == REPETIDA => {
                    if c.retido {
                        REPETIDA_RETIDA
                    } else {
                        REPETIDA
                    }
                }
                _ if c.retido => COM_REJEITO,
                Some(antes) if antes == c.soma => IGUAL,
                Some(_) => APLICA | COMPARA,
                None => APLICA,
            };
        }
    }

    fn gravador(self: Box<Self>, store: &'c Store, run: i64) -> anyhow::Result<Box<dyn Gravador + 'c>> {
        let (db, t) = (&store.db, self.regra.tabela);
        let nome = t.nome();
        Ok(Box::new(Grava {
            insere: db.prepare(&t.insert_sql(&self.esquema))?,
            altera: db.prepare(&t.update_sql(&self.esquema, &["h", "run", "linha"], &["contrato_id", "k1", "k2"]))?,
            apaga: db.prepare(&format!("DELETE FROM {nome} WHERE contrato_id=?1 AND k1=?2 AND k2=?3"))?,
            conjunto: db.prepare(
                "INSERT INTO conjunto (etapa, contrato_id, h, linhas, run) VALUES (?1,?2,?3,?4,?5)
                 ON CONFLICT (etapa, contrato_id) DO UPDATE SET h=?3, linhas=?4, run=?5",
            )?,
            store,
            base: *self,
            run,
            abertos: HashMap::new(),
            efeitos: Efeitos::default(),
        }))
    }
}

/// The stored set of a contract while its lines come by.
struct Aberto {
    linhas: Vec<(i64, i64, u64, bool)>,
    restam: u32,
}

struct Grava<'d> {
    store: &'d Store,
    base: Conjunto,
    run: i64,
    abertos: HashMap<u32, Aberto>,
    efeitos: Efeitos,
    insere: Stmt<'d>,
    altera: Stmt<'d>,
    apaga: Stmt<'d>,
    conjunto: Stmt<'d>,
}

impl Grava<'_> {
    fn abre(&mut self, index: u32, contrato: Contrato) -> anyhow::Result<()> {
        if self.abertos.contains_key(&index) {
            return Ok(());
        }
        let sql = format!("SELECT k1, k2, h FROM {} WHERE contrato_id=?1", self.base.regra.tabela.nome());
        let linhas = self.store.db.rows(&sql, &[Cell::Int(i64::from(contrato.id))], |r| {
            Ok((r.i64(0)?, r.i64(1)?, r.i64(2)?.cast_unsigned(), false))
        })?;
        self.abertos.insert(index, Aberto { linhas, restam: contrato.linhas });
        Ok(())
    }

    /// One line less to come; with the last one, what the file no longer holds goes.
    fn fecha(&mut self, index: u32, contrato: Contrato) -> anyhow::Result<()> {
        let Some(a) = self.abertos.get_mut(&index) else { return Ok(()) };
        a.restam = a.restam.saturating_sub(1);
        if a.restam > 0 {
            return Ok(());
        }
        let Some(a) = self.abertos.remove(&index) else { return Ok(()) };
        for (k1, k2, ..) in a.linhas.iter().filter(|(.., seen)| !seen) {
            self.apaga.exec(&[Cell::Int(i64::from(contrato.id)), Cell::Int(*k1), Cell::Int(*k2)])?;
            self.efeitos.removed += 1;
        }
        Ok(())
    }

    fn insere(&mut self, linha: &Linha<'_>, contrato: i64, (k1, k2): (i64, i64), h: u64) -> anyhow::Result<()> {
        bind(&mut self.insere, linha, &self.base.mapas, 6)?;
        let (h, n) = (Cell::Int(h.cast_signed()), Cell::Int(i64::from(linha.numero)));
        self.insere.exec(&[Cell::Int(contrato), Cell::Int(k1), Cell::Int(k2), h, Cell::Int(self.run), n])?;
        Ok(())
    }

    fn altera(&mut self, linha: &Linha<'_>, contrato: i64, (k1, k2): (i64, i64), h: u64) -> anyhow::Result<()> {
        let last = bind(&mut self.altera, linha, &self.base.mapas, 3)?;
        for (i, c) in [contrato, k1, k2].into_iter().enumerate() {
            self.altera.bind(last + i + 1, Cell::Int(c))?;
        }
        let n = Cell::Int(i64::from(linha.numero));
        self.altera.exec(&[Cell::Int(h.cast_signed()), Cell::Int(self.run), n])?;
        Ok(())
    }
}

/// Binds all layout columns behind `own` other parameters; returns the last parameter bound.
fn bind(stmt: &mut Stmt<'_>, linha: &Linha<'_>, mapas: &[Mapa], own: usize) -> anyhow::Result<usize> {
    let columns = mapas.get(linha.registro).map_or(&[][..], |m| &m.colunas);
    for (k, field) in columns.iter().enumerate() {
        let v = field.map_or(Valor::Nulo, |i| linha.valor(i).unwrap_or(Valor::Nulo));
        stmt.bind(own + k + 1, celula(&v))?;
    }
    Ok(own + columns.len())
}

impl Gravador for Grava<'_> {
    fn grava(&mut self, linha: &Linha<'_>, marca: Marca) -> anyhow::Result<Efeito> {
        let i = linha.indice as usize;
        let index = self.base.contrato_da_linha.get(i).copied().unwrap_or(NENHUM);
        let h = self.base.h_da_linha.get(i).copied().unwrap_or(0);
        let Some(contrato) = self.base.contratos.get(index as usize).copied() else {
            anyhow::bail!("linha {}: contrato sem registro", linha.numero)
        };
        let id = i64::from(contrato.id);
        let key = chave_de(&self.base.mapas, linha).map_err(|r| anyhow::anyhow!("{}", r.codigo.as_str()))?;
        if marca & COMPARA == 0 {
            self.insere(linha, id, key, h)?;
            return Ok(Efeito::Criada);
        }
        self.abre(index, contrato)?;
        let stored = self.abertos.get_mut(&index).and_then(|a| {
            let row = a.linhas.iter_mut().find(|(k1, k2, ..)| (*k1, *k2) == key)?;
            row.3 = true;
            Some(row.2)
        });
        let effect = match stored {
            None => {
                self.insere(linha, id, key, h)?;
                Efeito::Criada
            }
            Some(old) if old == h => Efeito::Igual,
            Some(_) => {
                self.altera(linha, id, key, h)?;
                Efeito::Alterada
            }
        };
        self.fecha(index, contrato)?;
        Ok(effect)
    }

    fn fim(mut self: Box<Self>) -> anyhow::Result<Efeitos> {
        let changed = |c: &&Contrato| c.linhas > 0 && !c.retido && c.antes != Some(c.soma);
        for c in self.base.contratos.iter().filter(changed) {
            self.conjunto.exec(&[
                Cell::Text(self.base.regra.etapa),
                Cell::Int(i64::from(c.id)),
                Cell::Int(c.soma.cast_signed()),
                Cell::Int(i64::from(c.linhas)),
                Cell::Int(self.run),
            ])?;
        }
        Ok(self.efeitos)
    }
}
