//! Who may be meant by an event: the clients that each step of the cascade finds, and what tells several apart.

use super::super::By;
use super::super::cascata::{Candidato, Via};
use super::super::consulta::procura;
use super::super::evento::Chaves;
use super::{Caso, Mesa, local};
use crate::domain::fone::Fone;
use crate::store::consulta;
use crate::store::db::Result;
use crate::store::vinculo;
use chrono::TimeDelta;

/// A mass action explains a contact for so long.
const MASSIVA: TimeDelta = TimeDelta::days(7);

impl Mesa<'_> {
    /// Who may be meant by a step: the newest version that finds anybody decides.
    pub(super) fn candidatos(&mut self, via: Via, c: &Caso) -> anyhow::Result<Vec<Candidato>> {
        for chaves in &c.versoes {
            let found = match via {
                Via::Crm => self.por_crm(chaves)?,
                Via::Documento => self.por_documento(chaves)?,
                Via::Fone => self.por_fone(chaves, c)?,
                Via::Email => self.por_email(chaves, c)?,
                Via::Attendance | Via::Hsm => Vec::new(),
            };
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }

    fn por_crm(&self, chaves: &Chaves) -> Result<Vec<Candidato>> {
        let mut out = Vec::new();
        for id in &chaves.crm {
            out.extend(consulta::por_id(self.carteira, *id)?.map(Candidato::um_so));
        }
        Ok(out)
    }

    fn por_documento(&self, chaves: &Chaves) -> anyhow::Result<Vec<Candidato>> {
        let mut out = Vec::new();
        for doc in &chaves.documentos {
            out.extend(procura(self.carteira, Some(By::Cpf), doc)?.into_iter().map(Candidato::um_so));
        }
        Ok(out)
    }

    /// Whoever lists any of the numbers: two numbers of two clients are as ambiguous as one number of both.
    fn por_fone(&mut self, chaves: &Chaves, c: &Caso) -> anyhow::Result<Vec<Candidato>> {
        let mut fichas = Vec::new();
        for fone in &chaves.fones {
            for ficha in vinculo::por_fone(&mut self.contatos, *fone)? {
                if !fichas.contains(&ficha) {
                    fichas.push(ficha);
                }
            }
        }
        self.desempata(&fichas, c, &Alvo::Fones(&chaves.fones))
    }

    fn por_email(&self, chaves: &Chaves, c: &Caso) -> anyhow::Result<Vec<Candidato>> {
        for email in &chaves.emails {
            let all = match self.por_email.get() {
                Some(all) => all,
                None => {
                    let read = vinculo::por_email(self.at, self.carteira, &self.emails)?;
                    self.por_email.get_or_init(|| read)
                }
            };
            if let Some(fichas) = all.get(email) {
                return self.desempata(fichas, c, &Alvo::Email(email));
            }
        }
        Ok(Vec::new())
    }

    /// What tells several apart; looked up only where there are several.
    fn desempata(&self, fichas: &[i64], c: &Caso, alvo: &Alvo<'_>) -> anyhow::Result<Vec<Candidato>> {
        if let [one] = fichas {
            return Ok(vec![Candidato::um_so(*one)]);
        }
        let mut out = Vec::with_capacity(fichas.len());
        for ficha in fichas.iter().copied() {
            let ativo = !vinculo::ativos(self.carteira, ficha)?.is_empty();
            let massiva = match c.recebido.and_then(|t| Some((t.checked_sub_signed(MASSIVA)?, t))) {
                None => None,
                Some((from, until)) => {
                    let (de, ate) = (local(from), local(until));
                    match alvo {
                        Alvo::Fones(all) => {
                            let mut last = None;
                            for fone in *all {
                                last = last.max(vinculo::massiva_ao_fone(self.at, ficha, *fone, &de, &ate)?);
                            }
                            last
                        }
                        Alvo::Email(e) => vinculo::massiva_ao_email(self.at, ficha, e, &de, &ate)?,
                    }
                }
            };
            out.push(Candidato { ficha, ativo, massiva });
        }
        Ok(out)
    }
}

/// What a mass action went to.
enum Alvo<'a> {
    Fones(&'a [Fone]),
    Email(&'a str),
}
