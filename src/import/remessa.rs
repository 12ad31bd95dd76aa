//! Remessa (R004, R020, UC001): the main file, one client and contract a line.
//!
//! An upsert; absence closes nothing. A line has four parts (`of` in the layout): the client's, the
//! contract's, the debt's that moves every night, and the contacts. Each part has a content hash seeded with
//! the layout's digest and the version of the rules: what did not change is neither validated nor written.
//! The lowest bit of a hash says that fields were dropped; such a part is looked at again, so that its
//! warnings are counted each time.
//!
//! **Client:** personal fields are those of the last accepted line of the newest file. **Key:** the contract;
//! a contract that comes with another CPF is CPF_DIVERGENTE. **State:** [`situacao::remessa`] decides; a
//! line whose block still holds is ignored whole.

use super::esquema;
use super::passo::{APLICA, Aceita, BLOQUEADA, Gravador, IGUAL, Marca, Passo, Rejeito, chave, chave_do_contrato};
use super::{Contexto, mesma_assessoria};
use crate::domain::codigo::Codigo;
use crate::domain::situacao::{self, PorRemessa, Situacao};
use crate::layout::linha::Linha;
use crate::layout::{Layout, OnError, Part};
use crate::store::Store;
use crate::store::carteira;
use crate::store::schema::{Esquema, Tabela};
use chrono::NaiveDate;
use std::collections::HashMap;

mod grava;
mod mapa;

use mapa::{Mapa, PorChave};

/// The fields that this rule reads by name.
pub const CAMPOS: &[&str] = &[
    "codigo_assessoria",
    "contrato",
    "tipo_pessoa",
    "cpf_cnpj_cliente",
    "nome_cliente",
    "nome_carteira",
    "nome_produto",
    "flag_falecido",
    "flag_nao_perturbe",
    "dias_atraso",
    "valor_parcela",
    "valor_vencido",
    "quantidade_parcelas_vencidas",
    "telefone_1_tipo",
    "telefone_1_ddd",
    "telefone_1_numero",
    "telefone_1_situacao",
    "endereco_1_uf",
];

/// Raised when a rule of this room changes what an unchanged line would mean.
const VERSAO: u64 = 1;

/// Bits of a mark, see [`APLICA`].
const FICHA: Marca = 0x01;
const CONTRATO: Marca = 0x02;
const CONTATO: Marca = 0x04;
const DIVIDA: Marca = 0x08;
const NOVO: Marca = 0x20;
const ALTA: Marca = 0x40;

/// The parts of a line, in the order of [`Mapa::partes`].
const PARTES: [(Part, Marca); 4] =
    [(Part::Ficha, FICHA), (Part::Contrato, CONTRATO), (Part::Divida, DIVIDA), (Part::Contato, CONTATO)];

/// Lowest bit of a part's hash: fields were dropped.
const COM_AVISO: u64 = 1;

/// A contract as the store has it.
#[derive(Clone, Copy, Debug)]
struct Atual {
    id: u32,
    /// Index into the fichas.
    ficha: u32,
    situacao: Situacao,
    /// Age of the block in days, where blocked.
    idade: Option<i32>,
    /// Content hashes: contract, debt, contacts.
    h: [u64; 3],
}

#[derive(Clone, Copy, Debug)]
struct Ficha {
    /// ID_CRM; 0 while it is not in the store.
    id: u32,
    h: u64,
    /// Its first and last effective line in the file, from 1.
    linhas: (u32, u32),
}

const NENHUMA: u32 = u32::MAX;

/// First pass of a remessa.
pub struct Remessa {
    mapa: Mapa,
    esquema: Esquema,
    ascob: String,
    dias: u32,
    /// Index into `atuais`, by key.
    contratos: PorChave,
    atuais: Vec<Atual>,
    fichas: Vec<Ficha>,
    documentos: PorChave,
    /// Ficha of each line; [`NENHUMA`] where it was not accepted.
    ficha_da_linha: Vec<u32>,
    /// Contract of each line, as index into `atuais`; [`NENHUMA`] where it is new.
    contrato_da_linha: Vec<u32>,
    /// Hash of the debt's part of each line, which moves every night; 0 where the contract is new.
    h_da_linha: Vec<u64>,
    presentes: Vec<u32>,
    /// So many contracts are new that the indexes are cheaper built anew than kept live.
    indices_por_ultimo: bool,
    scratch: Vec<u8>,
}

/// Opens the room: loads keys and hashes of the whole store once.
///
/// # Errors
/// The store cannot be read, or the layout lacks a field.
pub fn abre<'c>(ctx: &'c Contexto<'c>, layout: &Layout, dia: NaiveDate) -> anyhow::Result<Box<dyn Passo<'c> + 'c>> {
    let record = layout.records.first().ok_or_else(|| anyhow::anyhow!("layout remessa: no record"))?;
    let esquema = esquema::esquema(ctx.layouts)?;
    let ascob = ctx.config.campanha.ascob.clone();
    let mapa = Mapa::new(layout, record, &esquema, &ascob)?;
    let (n_fichas, n_contratos) = carteira::quantos(&ctx.store.db)?;
    let mut fichas = Vec::with_capacity(n_fichas);
    let mut documentos = PorChave::with_capacity_and_hasher(n_fichas, Default::default());
    carteira::fichas(&ctx.store.db, |id, documento, h| {
        documentos.insert(chave(documento.as_bytes()), u32::try_from(fichas.len()).unwrap_or(NENHUMA));
        fichas.push(Ficha { id: u32::try_from(id).unwrap_or(0), h: h.cast_unsigned(), linhas: (0, 0) });
    })?;
    let mut contratos = PorChave::with_capacity_and_hasher(n_contratos, Default::default());
    let mut atuais = Vec::with_capacity(n_contratos);
    let mut idades: HashMap<NaiveDate, i64> = HashMap::new();
    carteira::contratos(&ctx.store.db, |c| {
        let idade = c.bloqueado_em.map(|d0| {
            *idades.entry(d0).or_insert_with(|| ctx.calendario.idade_do_bloqueio(d0, dia, ctx.config.bloqueio.contagem))
        });
        let ficha = fichas.binary_search_by_key(&c.ficha_id, |f: &Ficha| i64::from(f.id)).unwrap_or(0);
        contratos.insert(chave(c.chave.as_bytes()), u32::try_from(atuais.len()).unwrap_or(NENHUMA));
        atuais.push(Atual {
            id: u32::try_from(c.id).unwrap_or(0),
            ficha: u32::try_from(ficha).unwrap_or(0),
            situacao: c.situacao,
            idade: idade.map(|i| i32::try_from(i).unwrap_or(i32::MAX)),
            h: [c.h.cast_unsigned(), c.h_divida.cast_unsigned(), c.h_contato.cast_unsigned()],
        });
    })?;
    Ok(Box::new(Remessa {
        indices_por_ultimo: false,
        mapa,
        esquema,
        ascob,
        dias: ctx.config.bloqueio.dias,
        contratos,
        atuais,
        fichas,
        documentos,
        ficha_da_linha: Vec::new(),
        contrato_da_linha: Vec::new(),
        h_da_linha: Vec::new(),
        presentes: Vec::new(),
        scratch: Vec::new(),
    }))
}

impl Remessa {
    /// Parts of the line whose content differs from the stored one, or whose warnings are to be counted.
    fn mudou(&mut self, linha: &Linha<'_>, atual: Option<Atual>) -> (Marca, Marca) {
        let Some(a) = atual else { return (FICHA | CONTRATO | DIVIDA | CONTATO, 0) };
        let stored = [self.fichas.get(a.ficha as usize).map_or(0, |f| f.h), a.h[0], a.h[1], a.h[2]];
        let (mut changed, mut recount) = (0, 0);
        for (i, old) in stored.iter().enumerate() {
            let marca = self.mapa.partes[i].marca;
            let h = self.mapa.hash(i, linha, &mut self.scratch);
            if let (DIVIDA, Some(kept)) = (marca, self.h_da_linha.last_mut()) {
                *kept = h;
            }
            if h != old & !COM_AVISO {
                changed |= marca;
            } else if old & COM_AVISO != 0 {
                recount |= marca;
            }
        }
        (changed, recount)
    }

    /// Validates the fields of some parts, in the order of the line.
    fn valida(&self, linha: &Linha<'_>, partes: Marca, avisos: &mut Vec<Codigo>) -> Result<(), Rejeito> {
        if linha.limpa() {
            for (i, vista) in self.mapa.a_conferir(partes) {
                if *i == self.mapa.assessoria || !vista.boa(linha.campo(*i)) {
                    self.campo(linha, *i, avisos)?;
                }
            }
        } else {
            let looked_at = |i: &usize| self.mapa.marca_de[*i] & partes != 0 || linha.record.fields[*i].volatile;
            (0..linha.record.fields.len()).filter(looked_at).try_for_each(|i| self.campo(linha, i, avisos))?;
        }
        if partes & CONTATO != 0 {
            for g in self.mapa.grupos.iter().filter(|g| g.tabela == Tabela::Telefone) {
                if !g.em_branco(linha) && g.fone(linha).is_err() {
                    avisos.push(Codigo::TelefoneInvalido);
                }
            }
        }
        Ok(())
    }

    /// One field: rejects the line, or is dropped with a warning.
    fn campo(&self, linha: &Linha<'_>, i: usize, avisos: &mut Vec<Codigo>) -> Result<(), Rejeito> {
        if let Err(codigo) = linha.valor(i) {
            if linha.record.fields.get(i).is_some_and(|f| f.on_error == OnError::Reject) {
                return Err(Rejeito::campo(codigo, i));
            }
            avisos.push(codigo);
        }
        if i == self.mapa.assessoria && !mesma_assessoria(linha.campo(i), &self.ascob) {
            return Err(Rejeito::campo(Codigo::AssessoriaDivergente, i));
        }
        Ok(())
    }

    /// The ficha of the line's CPF/CNPJ; a new one when nobody has it yet.
    fn ficha(&mut self, linha: &Linha<'_>, atual: Option<Atual>) -> Result<u32, Rejeito> {
        let i = self.mapa.documento;
        let documento = linha.valor(i).map_err(|c| Rejeito::campo(c, i))?;
        let key = chave(documento.texto().unwrap_or("").as_bytes());
        let known = self.documentos.get(&key).copied();
        if let Some(a) = atual {
            return match known {
                Some(f) if f == a.ficha => Ok(f),
                _ => Err(Rejeito::campo(Codigo::CpfDivergente, i)),
            };
        }
        Ok(known.unwrap_or_else(|| {
            let new = u32::try_from(self.fichas.len()).unwrap_or(NENHUMA);
            self.fichas.push(Ficha { id: 0, h: 0, linhas: (0, 0) });
            self.documentos.insert(key, new);
            new
        }))
    }

    fn decide(&mut self, linha: &Linha<'_>, avisos: &mut Vec<Codigo>) -> Result<(Aceita, u32, u32), Rejeito> {
        let i = self.mapa.contrato;
        let key = chave(chave_do_contrato(linha, i)?.as_bytes());
        let index = self.contratos.get(&key).copied().unwrap_or(NENHUMA);
        let atual = self.atuais.get(index as usize).copied();
        let linha = if atual.is_none() { &linha.inteira() } else { linha };
        let (mut partes, recount) = self.mudou(linha, atual);
        self.valida(linha, partes | recount, avisos)?;
        let ficha = match atual {
            Some(a) if partes & FICHA == 0 => a.ficha,
            _ => self.ficha(linha, atual)?,
        };
        if atual.is_none() {
            partes |= NOVO;
        }
        let was = atual.map(|a| (a.situacao, a.idade.map(i64::from)));
        let marca = match situacao::remessa(was, self.dias) {
            PorRemessa::Ignora => BLOQUEADA,
            PorRemessa::Alta => APLICA | ALTA | partes,
            PorRemessa::Cria | PorRemessa::Atualiza if partes == 0 => IGUAL,
            PorRemessa::Cria | PorRemessa::Atualiza => APLICA | partes,
        };
        Ok((Aceita { chave: Some(key), marca }, ficha, index))
    }
}

impl<'c> Passo<'c> for Remessa {
    fn examina(&mut self, linha: &Linha<'_>, avisos: &mut Vec<Codigo>) -> Result<Aceita, Rejeito> {
        self.h_da_linha.push(0);
        let decided = self.decide(linha, avisos);
        let (ficha, contrato) = decided.as_ref().map_or((NENHUMA, NENHUMA), |(_, f, c)| (*f, *c));
        self.ficha_da_linha.push(ficha);
        self.contrato_da_linha.push(contrato);
        decided.map(|(aceita, ..)| aceita)
    }

    /// Which line of a client with several is the last one: only that writes the personal fields.
    fn resolve(&mut self, plano: &mut [Marca]) {
        let effective = |m: Marca| m == IGUAL || m >= APLICA;
        let mut novos = 0;
        for (i, m) in plano.iter().enumerate().filter(|(_, m)| effective(**m)) {
            let numero = u32::try_from(i + 1).unwrap_or(NENHUMA);
            if let Some(f) = self.ficha_da_linha.get(i).and_then(|f| self.fichas.get_mut(*f as usize)) {
                f.linhas = (if f.linhas.0 == 0 { numero } else { f.linhas.0 }, numero);
            }
            match self.contrato_da_linha.get(i).and_then(|c| self.atuais.get(*c as usize)) {
                None => {
                    debug_assert!(*m & NOVO != 0);
                    novos += 1;
                }
                Some(a) => self.presentes.push(a.id),
            }
        }
        self.indices_por_ultimo = novos > 0 && novos * 2 >= self.atuais.len();
        for (i, m) in plano.iter_mut().enumerate().filter(|(_, m)| **m >= APLICA && **m & FICHA != 0) {
            let numero = u32::try_from(i + 1).unwrap_or(NENHUMA);
            let Some(f) = self.ficha_da_linha.get(i).and_then(|f| self.fichas.get(*f as usize)) else { continue };
            let inserts = f.id == 0 && f.linhas.0 == numero;
            if !inserts && f.linhas.1 != numero {
                *m &= !FICHA;
            }
            if *m == APLICA {
                *m = IGUAL;
            }
        }
    }

    fn gravador(self: Box<Self>, store: &'c Store, run: i64) -> anyhow::Result<Box<dyn Gravador + 'c>> {
        Ok(Box::new(grava::Grava::new(*self, store, run)?))
    }
}
