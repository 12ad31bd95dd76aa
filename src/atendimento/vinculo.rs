//! Whose a webhook is (UC008): what each step of the [cascade](super::cascata) finds, and what follows from a link.
//!
//! An attendance that a tabulation of the Portal names is that tabulation's. Any other gets a provisional one, once
//! (WH7), which goes as soon as the Portal's own comes. Its occurrences and visits follow it, whichever came first (WH4).
//! All versions of an attendance are asked for their signs, so that the result does not depend on the order in which
//! they came (WH3).
//!
//! Linking is a transaction of its own, after the one that kept the bodies; it is done in batches of [`LOTE`], so that no
//! other write waits for long. An event that makes the program stumble is set down as not linked, and the batch goes on.

mod candidatos;

use super::cascata::{Candidato, Decisao, Via, decide};
use super::entrega::{self, Aviso};
use super::evento::{self, Atendimento, Chaves, Tipo};
use crate::clock::Agora;
use crate::config::Config;
use crate::store::contatos::Contatos;
use crate::store::db::{Db, DbError, Result, Trouble};
use crate::store::vinculo::{self, Provisoria};
use crate::store::webhook::{self, AMBIGUO, Elo, NAO_VINCULADO, Webhook};
use chrono::NaiveDateTime;
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

/// Events in one transaction.
pub const LOTE: i64 = 100;

/// What waits to be linked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trabalho {
    /// Attendances that new tabulations of the Portal name.
    pub tabulados: Vec<String>,
    /// The last tabulation looked at.
    pub visto: i64,
    /// Events wait.
    pub eventos: bool,
}

impl Trabalho {
    /// Whether there is none.
    pub fn nada(&self) -> bool {
        self.tabulados.is_empty() && !self.eventos
    }
}

/// Looks for work without writing; `db` is carteira with `atendimento` attached, `visto` the last tabulation looked at.
///
/// # Errors
/// The store cannot be read.
pub fn trabalho(db: &Db, visto: i64) -> Result<Trabalho> {
    let (tabulados, visto) = vinculo::tabulados(db, "atendimento", visto, LOTE)?;
    let eventos = !webhook::pendentes(db, "atendimento", vinculo::ultimo_run(db)?, 1)?.is_empty();
    Ok(Trabalho { tabulados, visto, eventos })
}

/// One batch of what waits, in the caller's transaction; how many events were looked at.
///
/// # Errors
/// The store failed.
pub fn passa(at: &Db, carteira: &Db, config: &Config, agora: &Agora, tabulados: &[String]) -> anyhow::Result<usize> {
    for attendance in tabulados {
        assume(at, attendance, agora)?;
    }
    let ids = webhook::pendentes(at, "main", vinculo::ultimo_run(carteira)?, LOTE)?;
    liga(at, carteira, config, agora, &ids)?;
    Ok(ids.len())
}

/// A tabulation of the Portal that names an attendance takes its link; the provisional one goes. Nothing happens where
/// there is none.
///
/// # Errors
/// The store failed.
pub fn assume(at: &Db, attendance: &str, agora: &Agora) -> Result<()> {
    match vinculo::do_portal(at, attendance)? {
        Some(elo) => toma(at, attendance, elo, &agora.iso()),
        None => Ok(()),
    }
}

fn toma(at: &Db, attendance: &str, elo: Elo, em: &str) -> Result<()> {
    webhook::toma(at, attendance, elo, em)?;
    vinculo::tira_provisoria(at, attendance)?;
    dependentes(at, attendance, em)
}

/// Links these events, in the caller's transaction.
///
/// # Errors
/// The store failed.
pub fn liga(at: &Db, carteira: &Db, config: &Config, agora: &Agora, ids: &[i64]) -> anyhow::Result<()> {
    let (run, agora) = (vinculo::ultimo_run(carteira)?, agora.iso());
    let solta = |id| webhook::solta(at, id, NAO_VINCULADO, run, &agora);
    let mut casos = Vec::with_capacity(ids.len());
    for id in ids.iter().copied() {
        match a_parte(at, id, || Ok(Caso::le(at, id)?))? {
            Some(caso) => casos.extend(caso),
            None => solta(id)?,
        }
    }
    let emails = casos.iter().flat_map(|c| &c.versoes).flat_map(|c| c.emails.iter().cloned()).collect();
    let mut mesa = Mesa {
        at,
        carteira,
        config,
        contatos: Contatos::new(carteira, at)?,
        run,
        agora: agora.clone(),
        emails,
        por_email: OnceCell::new(),
    };
    for c in &casos {
        if a_parte(at, c.w.id, || mesa.liga(c))?.is_none() {
            solta(c.w.id)?;
        }
    }
    Ok(())
}

/// Runs what one event asks; `None`, with what it wrote undone, where the fault is the event's: a panic, or a rule of the
/// store that what it says would break. Tried again, it would be so again, and hold all behind it.
///
/// # Errors
/// The store failed.
fn a_parte<T>(at: &Db, id: i64, f: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<Option<T>> {
    match at.parte(f)? {
        Some(Ok(done)) => Ok(Some(done)),
        Some(Err(e)) if e.downcast_ref::<DbError>().is_none_or(|e| e.trouble != Trouble::Constraint) => Err(e),
        _ => {
            tracing::error!(webhook = id, "a webhook could not be linked: a fault of the program");
            Ok(None)
        }
    }
}

/// Occurrences and visits that the link of an attendance brings a client to.
fn dependentes(at: &Db, attendance: &str, em: &str) -> Result<()> {
    for id in webhook::dependentes(at, attendance)? {
        if let Some(w) = webhook::um(at, "main", id)? {
            segue(at, &w, em)?;
        }
    }
    Ok(())
}

/// Links an event to the attendance that it belongs to; otherwise why not.
fn segue(at: &Db, w: &Webhook, em: &str) -> Result<Option<&'static str>> {
    let found = match (Tipo::parse(&w.tipo), w.attendance.as_deref()) {
        (Some(Tipo::Visitor), _) => {
            let mut all = webhook::do_visitante(at, &w.chave)?;
            if all.windows(2).any(|p| matches!(p, [(_, a), (_, b)] if a.ficha != b.ficha)) {
                return Ok(Some(AMBIGUO));
            }
            all.truncate(1);
            all.pop()
        }
        (_, Some(a)) => {
            let elo = match vinculo::do_portal(at, a)? {
                Some(elo) => Some(elo),
                None => webhook::elo_do_atendimento(at, a)?,
            };
            elo.map(|elo| (a.to_owned(), elo))
        }
        _ => None,
    };
    let Some((attendance, elo)) = found else { return Ok(Some(NAO_VINCULADO)) };
    webhook::vincula(at, w, Via::Attendance.as_str(), elo, Some(&attendance), em)?;
    Ok(None)
}

/// An event, without its body: what linking asks of it.
struct Caso {
    w: Webhook,
    tipo: Tipo,
    /// Newest version first.
    versoes: Vec<Chaves>,
    atendimento: Atendimento,
    aviso: Option<Aviso>,
    recebido: Option<NaiveDateTime>,
}

impl Caso {
    fn le(at: &Db, id: i64) -> Result<Option<Self>> {
        let Some(mut w) = webhook::um(at, "main", id)? else { return Ok(None) };
        let Some(tipo) = Tipo::parse(&w.tipo) else { return Ok(None) };
        let v = evento::valor(&std::mem::take(&mut w.corpo));
        let recebido: Option<NaiveDateTime> = w.recebido_em.get(..19).and_then(|t| t.parse().ok());
        let versoes = match tipo {
            Tipo::Attendance => {
                let all = webhook::versoes(at, &w.tipo, &w.chave)?;
                all.iter().map(|c| Chaves::de(&evento::valor(c))).collect()
            }
            Tipo::Hsm => vec![Chaves::de(&v)],
            _ => Vec::new(),
        };
        let aviso = match (tipo, recebido) {
            (Tipo::Hsm, Some(t)) => Aviso::de(&v, &local(t)),
            _ => None,
        };
        Ok(Some(Self { w, tipo, versoes, atendimento: Atendimento::de(&v), aviso, recebido }))
    }
}

fn local(t: NaiveDateTime) -> String {
    t.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// A batch at work.
struct Mesa<'a> {
    at: &'a Db,
    carteira: &'a Db,
    config: &'a Config,
    contatos: Contatos<'a>,
    run: i64,
    agora: String,
    /// The addresses of all events of the batch, and whose they are once one is asked for.
    emails: HashSet<String>,
    por_email: OnceCell<HashMap<String, Vec<i64>>>,
}

impl Mesa<'_> {
    fn liga(&mut self, c: &Caso) -> anyhow::Result<()> {
        let not = match c.tipo {
            Tipo::Attendance => self.atendimento(c)?,
            Tipo::Hsm => self.hsm(c)?,
            Tipo::Visitor | Tipo::Occurrence => segue(self.at, &c.w, &self.agora)?,
            Tipo::ResumeUsers | Tipo::Outro => return Ok(()),
        };
        if let Some(estado) = not {
            webhook::solta(self.at, c.w.id, estado, self.run, &self.agora)?;
        }
        Ok(())
    }

    fn atendimento(&mut self, c: &Caso) -> anyhow::Result<Option<&'static str>> {
        let (at, attendance) = (self.at, c.w.attendance.as_deref());
        let portal = attendance.map(|a| vinculo::do_portal(at, a)).transpose()?.flatten();
        let decided = decide(|via| match via {
            Via::Attendance => Ok(portal.iter().map(|e| Candidato::um_so(e.ficha)).collect()),
            via => self.candidatos(via, c),
        })?;
        let there = match attendance {
            Some(a) => vinculo::provisoria(at, a)?,
            None => c.w.tabulacao,
        };
        match decided {
            Decisao::Ficha(Via::Attendance, _) => {
                if let (Some(a), Some(elo)) = (attendance, portal) {
                    toma(at, a, elo, &self.agora)?;
                }
            }
            Decisao::Ficha(via, ficha) => {
                let elo = self.provisoria(c, via, ficha, there)?;
                webhook::vincula(at, &c.w, via.as_str(), elo, None, &self.agora)?;
                if let Some(a) = attendance {
                    webhook::segue(at, a, elo)?;
                    dependentes(at, a, &self.agora)?;
                }
            }
            Decisao::Ambiguo => return Ok(Some(AMBIGUO)),
            Decisao::Nenhuma => return Ok(Some(NAO_VINCULADO)),
        }
        Ok(None)
    }

    /// WH7: one an attendance, written over when a newer version says more.
    fn provisoria(&self, c: &Caso, via: Via, ficha: i64, there: Option<i64>) -> Result<Elo> {
        // without a contract the only active one is meant, else none
        let mut active = vinculo::ativos(self.carteira, ficha)?;
        let contrato = if active.len() == 1 { active.pop() } else { None };
        let contrato_id = contrato.as_ref().map(|c| c.0);
        let a = &c.atendimento;
        let p = Provisoria {
            ficha,
            contrato,
            nome: via.tabulacao(),
            attendance: c.w.attendance.as_deref(),
            canal: a.canal,
            usuario: a.usuario.as_deref(),
            fone: a.fone.as_deref(),
            protocolo: a.protocolo.as_deref(),
            inicio: a.inicio.as_deref(),
            em: &c.w.recebido_em,
        };
        let tabulacao = vinculo::grava_provisoria(self.at, there, &p)?;
        Ok(Elo { ficha, contrato: contrato_id, tabulacao: Some(tabulacao) })
    }

    /// A message of ours is its row's client's, whoever else lists the number; any other is found by its number. It is
    /// no attendance and gets no tabulation.
    fn hsm(&mut self, c: &Caso) -> anyhow::Result<Option<&'static str>> {
        if let Some(aviso) = &c.aviso
            && let Some(elo) = entrega::aplica(self.at, self.config, aviso)?
        {
            webhook::vincula(self.at, &c.w, Via::Hsm.as_str(), elo, None, &self.agora)?;
            return Ok(None);
        }
        let decided = decide(|via| if via == Via::Fone { self.candidatos(via, c) } else { Ok(Vec::new()) })?;
        match decided {
            Decisao::Ficha(via, ficha) => {
                let elo = Elo { ficha, contrato: None, tabulacao: None };
                webhook::vincula(self.at, &c.w, via.as_str(), elo, None, &self.agora)?;
                Ok(None)
            }
            Decisao::Ambiguo => Ok(Some(AMBIGUO)),
            Decisao::Nenhuma => Ok(Some(NAO_VINCULADO)),
        }
    }
}
