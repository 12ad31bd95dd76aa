//! Telefones (R023–R025, UC002/FA002): up to three numbers of a client, each with its score.
//!
//! A line has no key: lines and files add up, and the same line once more changes nothing. Its contract only
//! tells the ficha; the CPF beside it must be the ficha's. [`telefones::enriquece`] decides what becomes of a
//! number; nothing here sorts by score, a new number stands behind all that were there.
//!
//! **Bad numbers:** one beside a good one is dropped with a warning; a line without any good number is rejected.
//! **Scores:** each number's own; where its cell is blank, the line's only `SCORE`. One that is no number
//! or out of bounds is dropped with a warning, and no score changes nothing. **Account:** created if any number is new,
//! else updated if a score changed.

use super::passo::{
    self, APLICA, Aceita, Efeito, Efeitos, Falha, Gravador, Marca, Parada, Passo, Rejeito, chave_do_contrato,
};
use super::{Contexto, esquema};
use crate::domain::codigo::Codigo;
use crate::domain::fone::Fone;
use crate::domain::telefones::{self, Enriquece, LinhaTelefone, Origem};
use crate::layout::linha::Linha;
use crate::layout::valor::Valor;
use crate::layout::{Layout, Record};
use crate::store::Store;
use crate::store::busca::Busca;
use crate::store::evento::{Evento, Eventos};
use crate::store::telefone::{Enriquecimento, Memoria};
use chrono::NaiveDate;
use std::ops::RangeInclusive;

/// The fields that this rule reads by name; beside them `telefone2`, `score1` … and `score` where the layout has
/// them.
pub const CAMPOS: &[&str] = &["cpf", "contrato", "telefone1"];

/// What a score may be: the files name no bounds, so those of the remessa's scores, which have five digits.
const NOTAS: RangeInclusive<i64> = 0..=99_999;

/// Where everything stands in a line.
#[derive(Clone)]
struct Mapa {
    cpf: usize,
    contrato: usize,
    /// Number and its score.
    pares: Vec<(usize, Option<usize>)>,
    /// The score of all numbers.
    comum: Option<usize>,
}

impl Mapa {
    fn new(layout: &Layout, record: &Record) -> anyhow::Result<Self> {
        let at = |n: &str| esquema::indice(layout, record, n);
        let par = |n: i32| Some((record.index(&format!("telefone{n}"))?, record.index(&format!("score{n}"))));
        Ok(Self {
            cpf: at("cpf")?,
            contrato: at("contrato")?,
            pares: (1..).map_while(par).collect(),
            comum: record.index("score"),
        })
    }

    /// The scores' fields whose number is out of bounds.
    fn notas_fora<'a>(&'a self, linha: &'a Linha<'_>) -> impl Iterator<Item = usize> + 'a {
        let fields = self.pares.iter().filter_map(|(_, s)| *s).chain(self.comum);
        fields.filter(|i| matches!(linha.valor(*i), Ok(Valor::Int(n)) if !NOTAS.contains(&n)))
    }

    /// The good numbers of a line in its order, each with its score.
    fn fones<'a>(&'a self, linha: &'a Linha<'_>) -> impl Iterator<Item = (Fone, Option<i64>)> + 'a {
        let good = |i: usize| match linha.valor(i) {
            Ok(Valor::Int(n)) => Some(n).filter(|n| NOTAS.contains(n)),
            _ => None,
        };
        let blank = |i: usize| linha.campo(i).trim().is_empty();
        self.pares.iter().filter_map(move |(number, score)| {
            let fone = fone(linha, *number).ok().flatten()?;
            let own = score.filter(|i| !blank(*i));
            Some((fone, own.or(self.comum).and_then(good)))
        })
    }

    /// Why a line without a good number is rejected: its first bad one, else that it has none.
    fn sem_fone(&self, linha: &Linha<'_>) -> Rejeito {
        let bad = self.pares.iter().find_map(|(i, _)| Some(Rejeito::campo(fone(linha, *i).err()?, *i)));
        let first = self.pares.first().map_or(0, |(i, _)| *i);
        bad.unwrap_or_else(|| Rejeito::campo(Codigo::CampoObrigatorio, first))
    }
}

/// A number of the line, `None` where the cell is blank.
fn fone(linha: &Linha<'_>, campo: usize) -> Result<Option<Fone>, Codigo> {
    Ok(linha.valor(campo)?.texto().and_then(Fone::from_completo))
}

/// First pass.
pub struct Telefones<'c> {
    mapa: Mapa,
    busca: Busca<'c>,
    /// Contract and ficha of each line; zeros where it was not accepted.
    dono_da_linha: Vec<(i64, i64)>,
    falha: Falha,
    memoria: Memoria<'c>,
}

/// Opens the room.
///
/// # Errors
/// The store cannot be read, or the layout lacks a field.
pub fn abre<'c>(ctx: &'c Contexto<'c>, layout: &Layout, _dia: NaiveDate) -> anyhow::Result<Box<dyn Passo<'c> + 'c>> {
    let record = esquema::unico_registro(layout)?;
    Ok(Box::new(Telefones {
        mapa: Mapa::new(layout, record)?,
        busca: Busca::new(&ctx.store.db)?,
        dono_da_linha: Vec::new(),
        falha: Falha::default(),
        memoria: Memoria::para_indices(&ctx.store.db)?,
    }))
}

impl Telefones<'_> {
    /// The contract that the line names and its ficha.
    fn dono(&mut self, linha: &Linha<'_>, avisos: &mut Vec<Codigo>) -> Result<(i64, i64), Parada> {
        passo::valida(linha, None, avisos)?;
        avisos.extend(self.mapa.notas_fora(linha).map(|_| Codigo::NumeroInvalido));
        if self.mapa.fones(linha).next().is_none() {
            return Err(self.mapa.sem_fone(linha).into());
        }
        let (contrato, cpf) = (self.mapa.contrato, self.mapa.cpf);
        let found = self.busca.contrato(&chave_do_contrato(linha, contrato)?)?;
        let found = found.ok_or(Rejeito::campo(Codigo::ContratoDesconhecido, contrato))?;
        match self.busca.confere(&found, linha.campo(cpf))? {
            Ok(Some(true)) => Ok((found.id, found.ficha_id)),
            Ok(Some(false)) => Err(Rejeito::campo(Codigo::CpfDivergente, cpf).into()),
            Ok(None) => Err(Rejeito::campo(Codigo::CampoObrigatorio, cpf).into()),
            Err(e) => Err(Rejeito::campo(e.codigo(), cpf).into()),
        }
    }
}

impl<'c> Passo<'c> for Telefones<'c> {
    fn examina(&mut self, linha: &Linha<'_>, avisos: &mut Vec<Codigo>) -> Result<Aceita, Rejeito> {
        let dono = self.dono(linha, avisos);
        self.dono_da_linha.push(*dono.as_ref().unwrap_or(&(0, 0)));
        self.falha.responde(dono.map(|_| Aceita { chave: None, marca: APLICA }))
    }

    /// What a line does depends on those before it, so it is decided where it is written.
    fn resolve(&mut self, _plano: &mut [Marca]) {}

    fn gravador(self: Box<Self>, store: &'c Store, run: i64) -> anyhow::Result<Box<dyn Gravador + 'c>> {
        self.falha.confere()?;
        Ok(Box::new(Grava {
            mapa: self.mapa,
            dono_da_linha: self.dono_da_linha,
            fones: Enriquecimento::new(&store.db, store.atendimento()?, run)?,
            eventos: Eventos::new(&store.db, run)?,
            linhas: Vec::new(),
            run,
            _memoria: self.memoria,
        }))
    }
}

/// Second pass.
struct Grava<'d> {
    mapa: Mapa,
    dono_da_linha: Vec<(i64, i64)>,
    fones: Enriquecimento<'d>,
    eventos: Eventos<'d>,
    /// The phones of the ficha of the line.
    linhas: Vec<LinhaTelefone>,
    run: i64,
    _memoria: Memoria<'d>,
}

impl Gravador for Grava<'_> {
    fn grava(&mut self, linha: &Linha<'_>, _marca: Marca) -> anyhow::Result<Efeito> {
        let Some((contrato, ficha)) = self.dono_da_linha.get(linha.indice as usize).copied() else {
            anyhow::bail!("linha {}: contrato sem registro", linha.numero)
        };
        let (mut novos, mut notas) = (Vec::new(), false);
        self.fones.le(ficha, &mut self.linhas)?;
        let mut dado = None;
        for (fone, score) in self.mapa.fones(linha) {
            let seq = match telefones::enriquece(&self.linhas, fone, score) {
                Enriquece::Novo => {
                    let n = dado.map_or_else(|| self.fones.ultimo(ficha), Ok)? + 1;
                    self.fones.novo(ficha, n, fone, score)?;
                    dado = Some(n);
                    novos.push(n);
                    n
                }
                Enriquece::Nota { seq } => {
                    self.fones.nota(ficha, seq, fone, score)?;
                    notas = true;
                    seq
                }
                Enriquece::Nada => continue,
            };
            // the number may stand in the line once more
            let (origem, quando) = (Origem::Enriquecimento, telefones::da_execucao(self.run));
            let line = LinhaTelefone { origem, tipo: "".into(), situacao: None, fone, score, seq, quando };
            self.linhas.push(line);
        }
        if let Some(n) = dado {
            self.fones.dado(ficha, n)?;
        }
        let (efeito, detalhe) = match (novos.as_slice(), notas) {
            ([], false) => return Ok(Efeito::Igual),
            ([], true) => (Efeito::Alterada, "score atualizado".to_owned()),
            (ns, _) => {
                let ns: Vec<String> = ns.iter().map(i64::to_string).collect();
                (Efeito::Criada, format!("+ Enriquecimento {}", ns.join(", ")))
            }
        };
        self.eventos.registra(&Evento {
            contrato,
            linha: linha.numero,
            regra: "ENRIQUECIMENTO",
            de: None,
            para: None,
            detalhe: Some(&detalhe),
        })?;
        Ok(efeito)
    }

    fn fim(self: Box<Self>) -> anyhow::Result<Efeitos> {
        Ok(Efeitos::default())
    }
}
