//! `atom status`: the store, what is pending or stopped, unknown names, the outbox, the last runs.

mod fila;

use super::apoio::{
    Aberto, Conta, LARGURA, aberto, abertos, abertos_json, atendido, curto, dias, quando, quebra, tabela,
};
use super::app::App;
use super::relato::confirma;
use super::texto::{folha, momento, n};
use super::{apoio, exit, export, webhook};
use crate::domain::dia::br;
use crate::import::ETAPAS;
use crate::store::Store;
use crate::store::backup::{self, Restauracao};
use crate::store::db::Db;
use crate::store::dia;
use crate::store::enviado::{self, Olhar, Varredura};
use crate::store::execucao::{self, Execucao};
use crate::store::ledger::{self, Arquivo, Estado};
use crate::store::saida::{self, Saida};
use crate::store::{carteira, remoto, schema};
use chrono::NaiveDate;
use fila::Fila;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The store, the last runs, pending files, unknown names
#[derive(Debug, clap::Args)]
pub struct Cmd {
    /// For monitoring: exit 4 when no import of a file ended well for so long (26h, 90m, 2d)
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    max_age: Option<Duration>,
}

/// How many runs are shown.
const EXECUCOES: i64 = 10;
/// Refused and quarantined files are shown for so many of the last days.
const DIAS_PARADOS: usize = 10;
/// The situations of a contract, in the order of the board.
const SITUACOES: [&str; 4] = ["ATIVO", "BLOQUEADO", "BAIXADO", "EXCLUIDO"];

/// Everything that the command shows.
struct Painel {
    caminho: String,
    bytes: u64,
    situacoes: Vec<(String, i64)>,
    abertos: Vec<Aberto>,
    restaurado: Option<Restauracao>,
    pendentes: Vec<(Arquivo, String)>,
    /// With what the brake counted.
    quarentena: Vec<(Arquivo, Option<(u64, u64)>)>,
    recusados: Vec<Arquivo>,
    estranhos: Vec<(String, String)>,
    saida: Vec<Saida>,
    freio: Option<Varredura>,
    hsm: Fila,
    webhooks: Vec<(&'static str, i64)>,
    execucoes: Vec<Execucao>,
}

/// Runs it.
///
/// # Errors
/// The store is missing, of another version, or cannot be read.
pub fn run(cmd: &Cmd, app: &App) -> anyhow::Result<i64> {
    let store = app.reader()?;
    let moment = store.db.snapshot()?;
    let p = Painel::le(app, &store, &moment)?;
    app.out(&if app.global.json { p.json().to_string() } else { p.folha() });
    match cmd.max_age {
        Some(limit) => idade(app, &moment, limit),
        None => Ok(exit::OK),
    }
}

/// Whether an import ended well within `limite`.
fn idade(app: &App, db: &Db, limite: Duration) -> anyhow::Result<i64> {
    let last = execucao::ultima_importacao(db)?;
    let age = last.as_deref().and_then(apoio::momento).map(|t| app.clock.now().local() - t);
    if age.and_then(|a| a.to_std().ok()).is_some_and(|a| a <= limite) {
        return Ok(exit::OK);
    }
    let since = last.map_or_else(
        || "nenhuma importação terminou ainda".to_owned(),
        |t| format!("a última importação terminou em {}", momento(&t)),
    );
    app.say(&format!("{since}, há mais de {}; veja atom day", humantime::format_duration(limite)));
    Ok(exit::WAITING)
}

impl Painel {
    fn le(app: &App, store: &Store, db: &Db) -> anyhow::Result<Self> {
        let counted = carteira::por_situacao(db)?;
        let count = |s: &str| counted.iter().find(|(k, _)| k == s).map_or(0, |(_, c)| *c);
        let mut pendentes = Vec::new();
        for a in ledger::in_state(db, Estado::Pendente)? {
            let since = ledger::received(db, a.id)?.unwrap_or_default();
            pendentes.push((a, since));
        }
        // as the board has them: by day and step, those without a day last
        pendentes.sort_by_key(|(a, _)| (a.data_operacao.is_none(), a.data_operacao, ordem(a)));
        let days = dias(app, db)?;
        let mut quarentena = Vec::new();
        for a in parados(db, Estado::Quarentena, &days)? {
            let run = a.run.map(|id| execucao::uma(db, id)).transpose()?.flatten();
            quarentena.push((a, run.and_then(|r| conta(&r).freio)));
        }
        Ok(Self {
            hsm: Fila::le(db)?,
            webhooks: webhook::contagem(db)?,
            caminho: store.dir().display().to_string(),
            bytes: tamanho(store)?,
            situacoes: SITUACOES.iter().map(|s| ((*s).to_owned(), count(s))).collect(),
            abertos: abertos(app, db)?,
            restaurado: backup::restaurado(store.dir())?,
            pendentes,
            quarentena,
            recusados: parados(db, Estado::Recusado, &days)?,
            estranhos: remoto::strangers(db)?,
            saida: saida::pending(db)?,
            freio: freio(db)?,
            execucoes: execucao::lista(db, Some(EXECUCOES))?,
        })
    }

    fn json(&self) -> Value {
        let pending = self.pendentes.iter().map(|(a, since)| {
            let mut v = arquivo(a, "waiting");
            v["since"] = json!(since);
            v
        });
        let quarantine = self.quarentena.iter().map(|(a, freio)| {
            let mut v = arquivo(a, "quarantined");
            v["closings"] = json!(freio.map(|f| f.0));
            v["active"] = json!(freio.map(|f| f.1));
            v
        });
        let refused = self.recusados.iter().map(|a| arquivo(a, "refused"));
        let strangers = self.estranhos.iter().map(|(file, why)| json!({"file": file, "message": why}));
        let outbox = self.saida.iter().map(|s| {
            json!({"kind": s.tipo.as_str(), "file": s.nome, "data_operacao": s.data_operacao, "rows": s.linhas,
                   "state": "built", "message": s.mensagem})
        });
        json!({
            "store": {
                "path": self.caminho,
                "bytes": self.bytes,
                "schema": {"carteira": schema::CARTEIRA_VERSION, "atendimento": schema::ATENDIMENTO_VERSION},
                "contratos": self.situacoes.iter().map(|(s, c)| (s.clone(), json!(c))).collect::<Map<_, _>>(),
            },
            "restored_from": self.restaurado.as_ref().map(|r| &r.backup_de),
            "open_days": abertos_json(&self.abertos),
            "pending": pending.collect::<Vec<_>>(),
            "quarantine": quarantine.collect::<Vec<_>>(),
            "refused": refused.collect::<Vec<_>>(),
            "unknown_names": strangers.collect::<Vec<_>>(),
            "manager": {"refused": self.freio.as_ref().map(|v| {
                json!({"kind": "carga", "data_operacao": v.dia, "rows": v.linhas, "at": v.em, "message": v.mensagem})
            })},
            "outbox": outbox.collect::<Vec<_>>(),
            "hsm": self.hsm.por_estado(None),
            "hsm_journeys": self.hsm.jornadas().map(|j| (j.to_owned(), self.hsm.por_estado(Some(j)))).collect::<Map<_, _>>(),
            "hsm_paused_at": self.hsm.pausada_em(),
            "webhooks": webhook::por_estado(&self.webhooks),
            "last_runs": self.execucoes.iter().map(execucao).collect::<Vec<_>>(),
        })
    }

    fn folha(&self) -> String {
        let mega = format!("{:.1}", f64::from(u32::try_from(self.bytes / 1000).unwrap_or(u32::MAX)) / 1000.0);
        let counts: Vec<String> = self.situacoes.iter().map(|(s, c)| format!("{s} {}", n(*c))).collect();
        let mut out = vec![
            format!("store      {} · {} MB · esquema ok", self.caminho, mega.replace('.', ",")),
            format!("contratos  {}", counts.join(" · ")),
        ];
        if let Some(r) = &self.restaurado {
            out.push(format!("restaurado do backup de {}: nada sai", momento(&r.backup_de)));
            out.push("           Conferido o que já saiu: atom restore --reconciled".into());
        }
        out.extend(self.hsm.folha());
        let told: Vec<String> = self.webhooks.iter().map(|(s, c)| format!("{s} {}", n(*c))).collect();
        if !told.is_empty() {
            out.push(format!("webhook    {}", told.join(" · ")));
        }
        if self.webhooks.iter().any(|(s, _)| matches!(*s, "NAO_VINCULADO" | "AMBIGUO")) {
            out.push("           Sem cliente: atom webhook list --state nao_vinculado".into());
        }
        if let Some((day, _)) = self.abertos.last() {
            let days: Vec<String> = self.abertos.iter().map(aberto).collect();
            let lines = quebra(&days.join(", "), LARGURA - 11);
            out.push(format!("abertos    {}", lines.join("\n           ")));
            out.push(format!("           Ver: atom day --date {day}"));
        }
        out.extend(self.parados());
        out.extend(self.remotos());
        if self.execucoes.is_empty() {
            out.push("\nNenhuma execução ainda.".into());
        } else {
            let header = ["nº", "quando", "etapa", "arquivo", "estado", "linhas", "rejeitos"];
            let rows = self.execucoes.iter().map(linha_de_execucao).collect();
            out.push(format!("\nÚltimas execuções\n{}", tabela(&header, &[0, 5, 6], rows)));
        }
        folha(&out.join("\n"))
    }

    /// Files that wait, are in quarantine or were refused.
    fn parados(&self) -> Vec<String> {
        let mut out = Vec::new();
        if !self.pendentes.is_empty() {
            let rows = self
                .pendentes
                .iter()
                .map(|(a, since)| vec![dia(a), a.kind.clone(), curto(&a.nome, 36), quando(since), espera(a)]);
            let header = ["dia", "etapa", "arquivo", "desde", "por quê"];
            let table = tabela(&header, &[], rows.collect());
            out.push(format!("\nPendentes: atom run importa o que puder\n{table}"));
        }
        let stopped = |list: &mut dyn Iterator<Item = &Arquivo>| {
            let rows = list.map(|a| {
                let why = format!("{}: {}", a.codigo.as_deref().unwrap_or(""), a.mensagem.as_deref().unwrap_or(""));
                vec![dia(a), a.kind.clone(), curto(&a.nome, 36), why]
            });
            tabela(&["dia", "etapa", "arquivo", "motivo"], &[], rows.collect())
        };
        if !self.quarentena.is_empty() {
            let table = stopped(&mut self.quarentena.iter().map(|(a, _)| a));
            let confirm = self.quarentena.iter().map(|(a, freio)| confirma(&a.kind, &a.nome, freio.map_or(0, |f| f.0)));
            let confirm = confirm.collect::<Vec<_>>().join("\n   ");
            out.push(format!("\nEm quarentena: peça o reenvio, ou confirme se estiver certo\n{table}\n   {confirm}"));
        }
        if !self.recusados.is_empty() {
            let next = "peça o reenvio, ou atom import ETAPA ARQUIVO depois de corrigir";
            out.push(format!("\nRecusados: {next}\n{}", stopped(&mut self.recusados.iter())));
        }
        out
    }

    /// What concerns the other machines: unknown names, files not yet published.
    fn remotos(&self) -> Vec<String> {
        let mut out = Vec::new();
        if !self.estranhos.is_empty() {
            let rows = self.estranhos.iter().map(|(name, why)| vec![curto(name, 48), why.clone()]).collect();
            let table = tabela(&["nome", "motivo"], &[], rows);
            out.push(format!(
                "\nNomes desconhecidos: ficam na pasta onde estão; peça o reenvio com o nome certo\n{table}"
            ));
        }
        if let Some(v) = &self.freio {
            let (day, why) = (v.dia.map(br).unwrap_or_default(), v.mensagem.as_deref().unwrap_or(""));
            out.push(format!("\nCarga de {day} recusada [FREIO]: {why}. O incremental espera por ela."));
            out.push(format!("   Se a base encolheu de verdade: {}", export::confirma(v.linhas)));
        }
        if !self.saida.is_empty() {
            let rows = self.saida.iter().map(|s| {
                let why = s.mensagem.clone().unwrap_or_else(|| "próxima execução".into());
                vec![s.tipo.as_str().to_owned(), curto(&s.nome, 48), n(s.linhas), why]
            });
            let table = tabela(&["tipo", "arquivo", "linhas", "por quê"], &[2], rows.collect());
            out.push(format!("\nA publicar: a próxima execução tenta de novo (atom run)\n{table}"));
        }
        out
    }
}

/// The carga that the brake refused, while it is still due.
fn freio(db: &Db) -> anyhow::Result<Option<Varredura>> {
    let found = enviado::varredura(db, Olhar::Freio)?;
    let due = dia::newest_with_remessa(db)?;
    Ok(found.filter(|v| v.dia.is_some() && v.dia == due))
}

/// Bytes of all files of the store.
fn tamanho(store: &Store) -> anyhow::Result<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(store.dir())? {
        // a log that another process folds meanwhile may vanish
        sum += entry?.metadata().map_or(0, |m| m.len());
    }
    Ok(sum)
}

/// Files refused or in quarantine of the last days for which no other file of the step was applied; those that never got a
/// day come along.
fn parados(db: &Db, estado: Estado, days: &[NaiveDate]) -> anyhow::Result<Vec<Arquivo>> {
    let oldest = days.get(DIAS_PARADOS - 1).or(days.last()).copied();
    let mut out = ledger::in_state(db, estado)?;
    out.retain(|a| a.data_operacao.is_none() || a.data_operacao >= oldest);
    let mut open = Vec::new();
    for a in out {
        let others = match a.data_operacao {
            Some(d) => ledger::of_day(db, d)?,
            None => Vec::new(),
        };
        if !atendido(&a, others.iter()) {
            open.push(a);
        }
    }
    Ok(open)
}

/// The place of a file's step in the day.
fn ordem(a: &Arquivo) -> Option<usize> {
    ETAPAS.iter().position(|e| e.kind == a.kind)
}

/// Why a file is pending, in a few words.
fn espera(a: &Arquivo) -> String {
    a.mensagem.clone().unwrap_or_else(|| "próxima execução".to_owned())
}

fn dia(a: &Arquivo) -> String {
    a.data_operacao.map_or_else(|| "–".to_owned(), br)
}

fn arquivo(a: &Arquivo, state: &str) -> Value {
    json!({"file": a.nome, "kind": a.kind, "data_operacao": a.data_operacao, "run": a.run, "state": state,
           "code": a.codigo, "message": a.mensagem})
}

fn conta(r: &Execucao) -> Conta {
    Conta::le(&r.conta, matches!(r.estado.as_str(), "done" | "done_with_rejects"))
}

fn execucao(r: &Execucao) -> Value {
    let c = conta(r);
    json!({"run": r.id, "at": r.fim, "kind": r.kind, "file": r.arquivo, "data_operacao": r.data_operacao,
           "state": r.estado, "exit": r.saida, "lines": c.lidas, "rejected": c.lidas.map(|_| c.rejeitadas)})
}

fn linha_de_execucao(r: &Execucao) -> Vec<String> {
    let c = conta(r);
    let file = curto(r.arquivo.as_deref().unwrap_or("–"), 33);
    let count = |c: Option<u64>| c.map_or_else(String::new, |k| n(k.cast_signed()));
    let rejects = if c.rejeitadas == 0 { "–".to_owned() } else { count(Some(c.rejeitadas)) };
    vec![r.id.to_string(), quando(&r.fim), r.kind.clone(), file, estado(&r.estado).into(), count(c.lidas), rejects]
}

/// The state of a run in Portuguese.
fn estado(state: &str) -> &str {
    match state {
        "done" => "concluída",
        "done_with_rejects" => "com rejeitos",
        "waiting" => "aguardando",
        "refused" => "recusada",
        "quarantined" => "em quarentena",
        "duplicate" => "já importada",
        "undone" => "desfeita",
        "failed" => "falhou",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::relato::State;

    #[test]
    fn todo_estado_tem_palavra() {
        for s in [State::Done, State::DoneWithRejects, State::Waiting, State::Refused, State::Quarantined] {
            assert_ne!(estado(s.as_str()), s.as_str());
        }
        assert_eq!((estado("duplicate"), estado("failed")), ("já importada", "falhou"));
    }
}
