//! Batimento (R016, R021, R022, UC "Carregar Arquivo de Batimento"): the contracts that the bank still holds
//! with the agency. Those of the store that are absent are closed; presence changes nothing, never an alta.
//!
//! One set operation over the keys: the store's are loaded once as hashes, a line marks one of them, and what
//! stays unmarked is absent. [`situacao::batimento_ausente`] decides what absence does.
//!
//! **Whose line:** repetition is looked at first: of the accepted lines of a contract the last one counts, and its
//! agency decides: another agency's keeps nothing open. A rejected line never hides another, before or behind
//! it: it says that its contract is present only where no accepted line says anything of it, so that it closes
//! nothing. One whose contract cannot be read stops the file, whosever it is.
//!
//! **Brake:** a truncated file is a well-formed one. So a file of its header alone, one that closes more than
//! `batimento.max_baixas` of the base ativa, or one with an unreadable contract waits for a person to confirm
//! the exact number of closings. A number that is confirmed without need has to be right as well.

use super::passo::{
    Aceita, Chave, Efeito, Efeitos, Freio, Gravador, IGUAL, Marca, OUTRA, Passo, REPETIDA, Rejeito, chave,
    chave_do_contrato,
};
use super::relato::linhas_lidas;
use super::{Contexto, e_assessoria, esquema, mesma_assessoria};
use crate::domain::codigo::Codigo;
use crate::domain::situacao::{self, PorAusencia, PorPresenca, Situacao};
use crate::layout::linha::Linha;
use crate::layout::{Layout, OnError};
use crate::store::Store;
use crate::store::evento::{Estados, Evento};
use crate::store::{carteira, execucao, presenca};
use chrono::NaiveDate;
use std::collections::HashMap;

mod chaves;
mod freio;

use chaves::{Chaves, curta};

/// The fields that this rule reads by name.
pub const CAMPOS: &[&str] = &["contrato", "cod_assessoria"];

/// A contract of the store.
#[derive(Clone, Copy, Debug)]
struct Contrato {
    id: u32,
    situacao: Situacao,
    /// What absence would do to it.
    ausencia: PorAusencia,
    /// Its last accepted line in the file is ours.
    nosso: bool,
    /// A line of it was rejected.
    rejeitado: bool,
    /// Index of its last accepted line; [`NENHUMA`] before the first.
    linha: u32,
}

const NENHUMA: u32 = u32::MAX;

impl Contrato {
    /// Whether the bank still holds it with us: see "Whose line".
    fn presente(&self) -> bool {
        if self.linha == NENHUMA { self.rejeitado } else { self.nosso }
    }

    /// The new situação of an absent one.
    fn fecha(&self) -> Option<Situacao> {
        if self.presente() { None } else { self.ausencia.para() }
    }
}

/// What the whole file says, for the brake.
#[derive(Clone, Copy, Debug, Default)]
struct Resumo {
    /// Lines of the file.
    linhas: u64,
    /// Lines whose contract could not be read, and the first of them.
    ilegiveis: u64,
    primeira_ilegivel: u32,
    /// Lines of ours whose contract is not in the store.
    desconhecidas: u64,
    /// Contracts of the store in the file.
    presentes: u64,
    /// Those of them ATIVO.
    ativos_presentes: u64,
    /// Contracts ATIVO before.
    ativos: u64,
    /// Contracts that it would close, blocked ones too.
    baixas: u64,
    /// Absent, but a later remessa brought them.
    posteriores: u64,
}

/// First pass.
struct Batimento {
    contrato: usize,
    assessoria: usize,
    ascob: String,
    max_baixas: f64,
    /// Day and lines of the batimento before.
    anterior: Option<(NaiveDate, u64)>,
    /// The other fields that can be wrong.
    outros: Vec<usize>,
    chaves: Chaves,
    /// In the order of `chaves`.
    contratos: Vec<Contrato>,
    /// Index of each line of a known contract that a later one repeats; the engine tells the others.
    repetidas: Vec<u32>,
    resumo: Resumo,
}

/// Opens the room: loads key and situação of every contract.
///
/// # Errors
/// The store cannot be read, or the layout lacks a field.
pub fn abre<'c>(ctx: &'c Contexto<'c>, layout: &Layout, dia: NaiveDate) -> anyhow::Result<Box<dyn Passo<'c> + 'c>> {
    let record = esquema::unico_registro(layout)?;
    let at = |n: &str| esquema::indice(layout, record, n);
    let (contrato, assessoria) = (at("contrato")?, at("cod_assessoria")?);
    let mut contratos = carrega(ctx, dia)?;
    contratos.sort_unstable_by_key(|(h, _)| *h);
    let (hashes, contratos) = contratos.into_iter().unzip();
    let before = execucao::account_before(&ctx.store.db, &layout.kind, dia)?;
    Ok(Box::new(Batimento {
        contrato,
        assessoria,
        outros: (0..record.fields.len()).filter(|i| ![contrato, assessoria].contains(i)).collect(),
        ascob: ctx.config.campanha.ascob.clone(),
        max_baixas: ctx.config.batimento.max_baixas,
        anterior: before.and_then(|(d, conta)| Some((d, linhas_lidas(&conta)?))),
        chaves: Chaves::new(hashes),
        contratos,
        repetidas: Vec::new(),
        resumo: Resumo::default(),
    }))
}

/// Every contract with the hash of its key, none present yet.
fn carrega(ctx: &Contexto<'_>, dia: NaiveDate) -> anyhow::Result<Vec<(u64, Contrato)>> {
    let (db, bloqueio) = (&ctx.store.db, &ctx.config.bloqueio);
    let posteriores = presenca::posteriores(db, dia)?;
    let mut idades: HashMap<NaiveDate, i64> = HashMap::new();
    // by id: ids are dense
    let mut estados: Vec<Option<(Situacao, PorAusencia)>> = Vec::new();
    carteira::situacoes(db, |id, situacao, bloqueado_em| {
        let age = |d0| ctx.calendario.idade_do_bloqueio(d0, dia, bloqueio.contagem);
        let idade = bloqueado_em.map(|d0| *idades.entry(d0).or_insert_with(|| age(d0)));
        let ausencia = situacao::batimento_ausente(situacao, idade, bloqueio.dias, posteriores.contains(&id));
        let place = id as usize;
        if estados.len() <= place {
            estados.resize(place + 1, None);
        }
        estados[place] = Some((situacao, ausencia));
    })?;
    let mut contratos = Vec::with_capacity(estados.len());
    carteira::chaves(db, |id, key| {
        let id = u32::try_from(id).unwrap_or(NENHUMA);
        if let Some((situacao, ausencia)) = estados.get(id as usize).copied().flatten() {
            let c = Contrato { id, situacao, ausencia, nosso: false, rejeitado: false, linha: NENHUMA };
            contratos.push((curta(chave(key.as_bytes())), c));
        }
    })?;
    Ok(contratos)
}

impl Batimento {
    fn contrato(&mut self, chave: Chave) -> Option<&mut Contrato> {
        self.chaves.acha(curta(chave)).and_then(|i| self.contratos.get_mut(i))
    }

    /// An accepted line of a known contract: the last one says whose it is.
    fn conhecida(&mut self, chave: Chave, linha: &Linha<'_>, nosso: bool) -> Option<Situacao> {
        let c = self.contrato(chave)?;
        let before = std::mem::replace(&mut c.linha, linha.indice);
        c.nosso = nosso;
        let situacao = c.situacao;
        if before != NENHUMA {
            self.repetidas.push(before);
        }
        Some(situacao)
    }

    /// The contract's key; one that cannot be read stops the file.
    fn chave(&mut self, linha: &Linha<'_>) -> Result<Chave, Rejeito> {
        let read = chave_do_contrato(linha, self.contrato).map(|k| chave(k.as_bytes()));
        if read.is_err() {
            if self.resumo.ilegiveis == 0 {
                self.resumo.primeira_ilegivel = linha.numero;
            }
            self.resumo.ilegiveis += 1;
        }
        read
    }

    /// The fields that no rule reads.
    fn outros(&self, linha: &Linha<'_>, avisos: &mut Vec<Codigo>) -> Result<(), Rejeito> {
        let clean = linha.limpa();
        for i in self.outros.iter().copied() {
            let Some(field) = linha.record.fields.get(i).filter(|f| !clean || !f.is_free()) else { continue };
            if let Err(codigo) = linha.valor(i) {
                if field.on_error == OnError::Reject {
                    return Err(Rejeito::campo(codigo, i));
                }
                avisos.push(codigo);
            }
        }
        Ok(())
    }

    /// A line of another agency.
    fn de_outra(&mut self, linha: &Linha<'_>) -> Result<Aceita, Rejeito> {
        let key = self.chave(linha)?;
        let known = self.conhecida(key, linha, false);
        Ok(Aceita { chave: Some(key).filter(|_| known.is_none()), marca: OUTRA })
    }

    /// A line of ours, or one whose agency cannot be read: rejected, but it closes nothing either.
    fn nossa(
        &mut self,
        linha: &Linha<'_>,
        assessoria: Result<(), Rejeito>,
        avisos: &mut Vec<Codigo>,
    ) -> Result<Aceita, Rejeito> {
        let key = self.chave(linha)?;
        if let Err(r) = assessoria.and_then(|()| self.outros(linha, avisos)) {
            if let Some(c) = self.contrato(key) {
                c.rejeitado = true;
            }
            return Err(r);
        }
        let atual = self.conhecida(key, linha, true);
        match situacao::batimento_presente(atual) {
            PorPresenca::Mantem => Ok(Aceita { chave: None, marca: IGUAL }),
            PorPresenca::Rejeita => {
                self.resumo.desconhecidas += 1;
                Err(Rejeito::campo(Codigo::ContratoDesconhecido, self.contrato))
            }
        }
    }
}

impl<'c> Passo<'c> for Batimento {
    fn examina(&mut self, linha: &Linha<'_>, avisos: &mut Vec<Codigo>) -> Result<Aceita, Rejeito> {
        let agency = match linha.valor(self.assessoria) {
            Ok(v) => match v.texto() {
                Some(c) if mesma_assessoria(c, &self.ascob) => Ok(()),
                Some(c) if e_assessoria(c) => return self.de_outra(linha),
                // it says nothing of whose the contract is: columns may have changed places
                Some(_) => Err(Codigo::NumeroInvalido),
                None => Ok(()),
            },
            Err(c) => Err(c),
        };
        self.nossa(linha, agency.map_err(|c| Rejeito::campo(c, self.assessoria)), avisos)
    }

    fn resolve(&mut self, plano: &mut [Marca]) {
        for i in &self.repetidas {
            if let Some(m) = plano.get_mut(*i as usize) {
                *m = REPETIDA;
            }
        }
        let r = &mut self.resumo;
        r.linhas = plano.len() as u64;
        for c in &self.contratos {
            let active = c.situacao == Situacao::Ativo;
            r.ativos += u64::from(active);
            r.presentes += u64::from(c.presente());
            r.ativos_presentes += u64::from(c.presente() && active);
            r.baixas += u64::from(c.fecha().is_some());
            r.posteriores += u64::from(!c.presente() && c.ausencia == PorAusencia::MantemPosterior);
        }
    }

    fn freio(&self) -> Option<Freio> {
        Some(self.freia())
    }

    fn avisos(&self) -> Vec<(Codigo, u64)> {
        let kept = self.resumo.posteriores;
        PorAusencia::MantemPosterior.codigo().filter(|_| kept > 0).map(|c| (c, kept)).into_iter().collect()
    }

    fn gravador(self: Box<Self>, store: &'c Store, run: i64) -> anyhow::Result<Box<dyn Gravador + 'c>> {
        let closed = self.contratos.iter().filter_map(|c| Some((c.id, c.situacao, c.fecha()?)));
        let mut baixas: Vec<_> = closed.collect();
        // in the order of the rows
        baixas.sort_unstable();
        let mut presentes: Vec<u32> = self.contratos.iter().filter(|c| c.presente()).map(|c| c.id).collect();
        presentes.sort_unstable();
        presenca::guarda(&store.db, run, &presentes)?;
        Ok(Box::new(Grava { estados: Estados::new(&store.db, run)?, baixas }))
    }
}

/// Second pass: no line writes anything, the absent contracts are closed.
struct Grava<'d> {
    estados: Estados<'d>,
    /// Row, situação before and after.
    baixas: Vec<(u32, Situacao, Situacao)>,
}

impl Gravador for Grava<'_> {
    fn grava(&mut self, _linha: &Linha<'_>, _marca: Marca) -> anyhow::Result<Efeito> {
        Ok(Efeito::Igual)
    }

    fn fim(mut self: Box<Self>) -> anyhow::Result<Efeitos> {
        for (id, de, para) in &self.baixas {
            let (contrato, de, para) = (i64::from(*id), Some(*de), Some(*para));
            self.estados.muda(&Evento { contrato, linha: 0, regra: "BATIMENTO", de, para, detalhe: None }, None)?;
        }
        Ok(Efeitos { baixas: self.baixas.len() as u64, ..Efeitos::default() })
    }
}
