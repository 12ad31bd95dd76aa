//! The day board as data: every step with its files, what it waits for, the carga, the other open days.

use super::manager::{self, Manager};
use crate::cli::apoio::{self, Aberto, Conta};
use crate::cli::app::App;
use crate::import::portao::{self, Dia, Situacao};
use crate::import::{DiaDe, ETAPAS, Etapa};
use crate::store::db::Db;
use crate::store::dia::Dispensa;
use crate::store::execucao;
use crate::store::ledger::{self, Arquivo, Estado};
use chrono::NaiveDate;
use serde_json::{Value, json};

/// A file of a step.
pub struct Visto {
    /// Its row.
    pub arquivo: Arquivo,
    /// State as in `import --json`.
    pub state: String,
    /// The account of its run.
    pub conta: Conta,
}

/// A step of the day.
pub struct Passo {
    /// Its line of the table of steps.
    pub etapa: &'static Etapa,
    /// Whether the day requires it.
    pub obrigatoria: bool,
    /// How it stands.
    pub situacao: Situacao,
    /// Its files, by stamp and name.
    pub arquivos: Vec<Visto>,
    /// What its waiting files still wait for.
    pub espera: Vec<&'static str>,
    /// Its waiver.
    pub dispensa: Option<Dispensa>,
}

/// The board.
pub struct Quadro {
    /// The day.
    pub dia: NaiveDate,
    /// The operating day of now: files of a later one wait for it.
    pub hoje: NaiveDate,
    /// Whether it is a bank business day; nothing is required of others.
    pub util: bool,
    /// The steps, in order.
    pub passos: Vec<Passo>,
    /// What goes to Manager.
    pub manager: Manager,
    /// Every day still open, newest first.
    pub abertos: Vec<Aberto>,
}

impl Quadro {
    /// Reads the board of a day.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn le(app: &App, db: &Db, day: NaiveDate) -> anyhow::Result<Self> {
        let mut d = Dia::le(db, day, &app.config.dia.obrigatorios)?;
        if apoio::dias(app, db)?.first().is_none_or(|newest| *newest == day) {
            let extra = sem_dia(app, db, day)?;
            d.arquivos.extend(extra);
            d.arquivos.sort_by(|a, b| a.ordem().cmp(&b.ordem()));
        }
        let util = app.calendario.dia_util(day);
        let passos = ETAPAS.iter().map(|e| passo(app, db, &d, e, util)).collect::<Result<_, _>>()?;
        Ok(Self {
            dia: day,
            hoje: app.dia_de_agora(),
            util,
            passos,
            manager: manager::manager(app, db, &d)?,
            abertos: apoio::abertos(app, db)?,
        })
    }

    /// The required steps that are neither done nor waived.
    pub fn abertas(&self) -> Vec<&'static str> {
        self.passos.iter().filter(|p| p.obrigatoria && !p.situacao.fechada()).map(|p| p.etapa.kind).collect()
    }

    /// As `day --json` prints it (contract section 4).
    pub fn json(&self) -> Value {
        json!({
            "data_operacao": self.dia,
            "steps": self.passos.iter().map(Passo::json).collect::<Vec<_>>(),
            "manager": self.manager.json(),
            "open_days": apoio::abertos_json(&self.abertos),
        })
    }
}

impl Passo {
    /// Whether a file waits although nothing is missing: the next run takes it.
    pub fn na_fila(&self) -> bool {
        self.situacao == Situacao::Waiting && self.espera.is_empty()
    }

    fn json(&self) -> Value {
        json!({
            "kind": self.etapa.kind,
            "required": self.obrigatoria,
            "state": self.situacao.as_str(),
            "files": self.arquivos.iter().map(Visto::json).collect::<Vec<_>>(),
            "waiting_for": self.espera,
            "waiver": self.dispensa.as_ref().map(|d| json!({"reason": d.motivo, "at": d.em})),
        })
    }
}

impl Visto {
    fn le(db: &Db, arquivo: Arquivo) -> anyhow::Result<Self> {
        let run = match arquivo.run {
            Some(id) => execucao::uma(db, id)?,
            None => None,
        };
        let applied = arquivo.estado == Estado::Importado;
        let state = match (arquivo.estado, &run) {
            (Estado::Importado, Some(r)) => r.estado.clone(),
            (Estado::Importado, None) => "done".to_owned(),
            (Estado::Pendente, _) => "waiting".to_owned(),
            (Estado::Quarentena, _) => "quarantined".to_owned(),
            (Estado::Duplicado, _) => "duplicate".to_owned(),
            (Estado::Recusado, _) => "refused".to_owned(),
            (Estado::Desfeito, _) => "undone".to_owned(),
        };
        let counted = run.filter(|_| applied || arquivo.estado == Estado::Quarentena);
        let conta = counted.map(|r| Conta::le(&r.conta, applied)).unwrap_or_default();
        Ok(Self { arquivo, state, conta })
    }

    fn json(&self) -> Value {
        let a = &self.arquivo;
        json!({
            "file": a.nome,
            "run": a.run,
            "state": self.state,
            "lines": self.conta.lidas,
            "rejected": self.conta.lidas.map(|_| self.conta.rejeitadas),
            "warnings": self.conta.avisos.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
            "code": a.codigo,
            "message": a.mensagem,
            "closings": self.conta.freio.map(|f| f.0),
            "active": self.conta.freio.map(|f| f.1),
        })
    }
}

fn passo(app: &App, db: &Db, d: &Dia, etapa: &'static Etapa, util: bool) -> anyhow::Result<Passo> {
    let situacao = d.situacao(etapa);
    let espera = match situacao {
        Situacao::Waiting if etapa.dia == DiaDe::Nome => d.falta(etapa),
        Situacao::Waiting => portao::espera(db, etapa, Some(d.data), &app.config.dia.obrigatorios)?.1,
        _ => Vec::new(),
    };
    Ok(Passo {
        etapa,
        obrigatoria: util && d.obrigatoria(etapa),
        situacao,
        arquivos: d.de(etapa).map(|a| Visto::le(db, a.clone())).collect::<Result<_, _>>()?,
        espera,
        dispensa: d.dispensas.iter().find(|x| x.kind == etapa.kind).cloned(),
    })
}

/// Files that stand in no day's list: telefones and refin before their import gives them one, pending
/// massivas and retorno of another calendar day. The newest day shows them.
fn sem_dia(app: &App, db: &Db, day: NaiveDate) -> anyhow::Result<Vec<Arquivo>> {
    let calendar = |a: &Arquivo| ETAPAS.iter().any(|e| e.kind == a.kind && e.dia == DiaDe::Carimbo);
    let mut out = ledger::in_state(db, Estado::Pendente)?;
    out.retain(|a| a.data_operacao.is_none() || (a.data_operacao != Some(day) && calendar(a)));
    let mut refused = ledger::in_state(db, Estado::Recusado)?;
    refused.extend(ledger::in_state(db, Estado::Quarentena)?);
    for a in refused.into_iter().filter(|a| a.data_operacao.is_none()) {
        let run = match a.run {
            Some(id) => execucao::uma(db, id)?,
            None => None,
        };
        let when = run.and_then(|r| apoio::momento(&r.fim));
        let corte = app.config.dia.corte;
        let its_day = when.map(|t| app.calendario.dia_de_operacao(t.date(), Some(t.time()), corte));
        if its_day >= Some(day) {
            out.push(a);
        }
    }
    Ok(out)
}
