//! One message looked at again at the moment of sending: what was true when it was queued may not be any more (HS10, HS11,
//! HS15). The contract is read from `carteira.db` as it is committed now, also while an import is at work.

use super::regra::{self, Motivo, Sinais};
use super::{Contexto, janela};
use crate::clock::Agora;
use crate::config::Selo;
use crate::domain::fone::Fone;
use crate::domain::situacao::discavel;
use crate::domain::telefones;
use crate::store::contatos::Contatos;
use crate::store::db::Db;
use crate::store::hsm::{self, Mensagem};
use crate::store::nao_contatar;
use chrono::{DateTime, TimeDelta};
use std::collections::HashSet;

/// What is done with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exame {
    /// It goes.
    Vai,
    /// Its window is closed: it stays.
    Fora,
    /// It is cancelled.
    Cancela(Motivo),
}

/// The prepared look-ups.
pub struct Examinador<'a> {
    ctx: Contexto<'a>,
    contatos: Contatos<'a>,
    bloqueados: HashSet<Fone>,
    /// Of the list as it was read.
    selo: Option<Selo>,
}

impl<'a> Examinador<'a> {
    /// Prepares them.
    ///
    /// # Errors
    /// The store or the block list cannot be read.
    pub fn novo(ctx: Contexto<'a>) -> anyhow::Result<Self> {
        let selo = ctx.config.contato.selo_dos_bloqueados();
        let bloqueados = ctx.config.contato.fones_bloqueados()?;
        let contatos = Contatos::so_com_marcas(&ctx.store.db, ctx.store.atendimento()?)?;
        Ok(Self { ctx, contatos, bloqueados, selo })
    }

    /// Reads the list of blocked numbers again where its file is another one by now: a run may last for hours.
    fn rele_os_bloqueados(&mut self) -> anyhow::Result<()> {
        let contato = &self.ctx.config.contato;
        let selo = contato.selo_dos_bloqueados();
        if selo != self.selo {
            self.bloqueados = contato.fones_bloqueados()?;
            self.selo = selo;
        }
        Ok(())
    }

    /// Looks at one; `db` is `atendimento.db`.
    ///
    /// # Errors
    /// The store cannot be read; the block list has changed and cannot be read.
    pub fn examina(&mut self, db: &Db, m: &Mensagem, agora: Agora) -> anyhow::Result<Exame> {
        let good = numero(&m.fone).filter(|_| !m.nome.trim().is_empty() && conhece(&m.jornada));
        let Some(fone) = good else { return Ok(Exame::Cancela(Motivo::Dados)) };
        if !janela::aberta(&self.ctx.omne.janela, self.ctx.calendario, fone.ddd_numero(), agora) {
            return Ok(Exame::Fora);
        }
        self.rele_os_bloqueados()?;
        let contract = self.contatos.por_id(m.contrato_id)?.filter(|c| c.ficha == m.ficha);
        let flagged = contract.as_ref().is_some_and(|c| c.nao_contatar);
        let signs = Sinais {
            dados: true,
            ativo: contract.is_some_and(|c| discavel(Some(c.situacao))),
            nao_contatar: flagged || self.bloqueados.contains(&fone) || nao_contatar::da_ficha(db, m.ficha)?.is_some(),
            terceiro: !telefones::terceiros(&self.contatos.da_ficha(m.ficha, fone)?).is_empty(),
            repetida: hsm::repetida(db, &m.fone, &m.jornada, agora.date())?,
            vencida: vencida(&m.importada_em, self.ctx.omne.validade_horas, agora),
        };
        Ok(regra::cancela(&signs).map_or(Exame::Vai, Exame::Cancela))
    }
}

/// The mobile behind a number as WhatsApp writes it.
fn numero(fone: &str) -> Option<Fone> {
    fone.strip_prefix("55").and_then(Fone::from_completo).filter(|f| f.celular())
}

/// The journeys (R032).
fn conhece(jornada: &str) -> bool {
    matches!(jornada, "jornada1" | "jornada2")
}

/// Whether so many hours have passed since the import; a moment that cannot be read has passed.
fn vencida(importada_em: &str, horas: u32, agora: Agora) -> bool {
    match DateTime::parse_from_rfc3339(importada_em) {
        Ok(at) => agora.utc() - at.to_utc() > TimeDelta::hours(i64::from(horas)),
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vence_depois_das_horas_e_nao_na_ultima() {
        let at = |text: &str| Agora::from_utc(text.parse().unwrap());
        let since = "2023-08-04T08:30:00-03:00";
        assert!(!vencida(since, 72, at("2023-08-07T08:30:00-03:00")));
        assert!(vencida(since, 72, at("2023-08-07T08:30:01-03:00")));
        assert!(!vencida(since, 72, at("2023-08-01T08:30:01-03:00")), "a clock that jumped back");
        assert!(vencida("ontem", 72, at("2023-08-04T08:30:01-03:00")));
    }

    #[test]
    fn hs11_so_celular_com_55() {
        assert!(numero("5511981112222").is_some());
        for bad in ["11981112222", "551132145678", "5510981112222", "55119811122223", "", "+5511981112222"] {
            assert!(numero(bad).is_none(), "{bad}");
        }
        assert!(conhece("jornada1") && !conhece("jornada3") && !conhece("Jornada1"));
    }
}
