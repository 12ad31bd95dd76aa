//! The loop: one message after the other, each with its T1, POST and T2 (see [`hsm`](super)).

use super::diario::{Chave, Diario, Registro};
use super::exame::{Exame, Examinador};
use super::omne::Omne;
use super::regra::{self, Fim, Parada, Resposta, Veredito};
use super::retomada::{self, texto};
use super::{Conta, Contexto, janela};
use crate::clock::Agora;
use crate::store::BATCH_BUSY;
use crate::store::db::{Db, Tx};
use crate::store::hsm::{self, Conclusao, Estado, Mensagem};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

/// Messages read at once.
pub(super) const BLOCO: i64 = 256;
/// Messages looked at in one transaction: whoever else writes waits no longer than that.
const OLHADAS: usize = 2000;
/// A run does not wait longer than this for OMNE: it leaves, and a later one goes on.
const ESPERA: Duration = Duration::from_secs(60);
/// OMNE cannot ask for more: whatever lies further ahead was written by a clock that ran ahead.
const ESPERA_MAXIMA: i64 = regra::ESPERA_MAXIMA.cast_signed() + 1;

/// Sends what may be sent now.
///
/// # Errors
/// The token cannot be read; the journal and the store disagree; the store or the journal failed. What the run had done is on
/// disk.
pub fn envia(ctx: &Contexto<'_>) -> anyhow::Result<Conta> {
    let db = ctx.store.atendimento()?;
    let mut conta = Conta::default();
    let closed = !janela::alguma(&ctx.omne.janela, ctx.calendario, ctx.clock.now());
    let idle = closed || !hsm::existe(db, false)?;
    if idle && !hsm::existe(db, true)? {
        conta.restam = hsm::na_fila(db)?;
        return Ok(conta);
    }
    let omne = Omne::nova(ctx.omne)?;
    let (diario, incertas) = retomada::retoma(ctx)?;
    conta.incertas = incertas;
    let total = u64::try_from(hsm::na_fila(db)?).unwrap_or(0);
    let mut envio = Envio {
        ctx: *ctx,
        db,
        omne,
        diario,
        exame: Examinador::novo(*ctx)?,
        ritmo: RateLimiter::direct(
            Quota::per_second(NonZeroU32::new(ctx.omne.rate_per_second).unwrap_or(NonZeroU32::MIN))
                .allow_burst(NonZeroU32::MIN),
        ),
        comeco: Instant::now(),
        fila: VecDeque::new(),
        cursor: 0,
        quedas: 0,
        descanso: None,
        feitas: 0,
        total,
        conta,
    };
    let done = envio.roda();
    envio.conta.restam = hsm::na_fila(db)?;
    done.map(|()| envio.conta)
}

/// `omne.daily_cap`.
pub(super) fn teto(ctx: &Contexto<'_>, sent_today: u32) -> Option<Parada> {
    let cap = ctx.omne.daily_cap;
    (cap > 0 && sent_today >= cap).then_some(Parada::Teto)
}

/// `--limit`.
pub(super) fn limite(ctx: &Contexto<'_>, sent: u64) -> Option<Parada> {
    ctx.limite.is_some_and(|l| sent >= l).then_some(Parada::Limite)
}

/// The state that an end leaves.
pub const fn estado(fim: Fim) -> Estado {
    match fim {
        Fim::Aceita => Estado::Aceita,
        Fim::Falha => Estado::Falha,
        Fim::Incerta => Estado::Incerta,
        Fim::Repete | Fim::Nada => Estado::Pendente,
    }
}

/// A POST that was made, before its T2.
struct Feita {
    mensagem: Mensagem,
    veredito: Veredito,
    /// Until when OMNE asked us to wait, seconds since 1970.
    nao_antes: Option<i64>,
    http: Option<u16>,
    corpo: Option<String>,
    motivo: Option<String>,
}

/// What comes next.
enum Passo {
    Envia(Mensagem),
    Espera(Duration),
    /// Another look at the queue, in a transaction of its own.
    Segue,
    Fim,
}

struct Envio<'a> {
    ctx: Contexto<'a>,
    db: &'a Db,
    omne: Omne,
    diario: Diario,
    exame: Examinador<'a>,
    ritmo: DefaultDirectRateLimiter,
    comeco: Instant,
    /// Read, not yet looked at.
    fila: VecDeque<Mensagem>,
    /// The last row that was read.
    cursor: i64,
    quedas: u32,
    /// A pause that the last answer asks for.
    descanso: Option<Duration>,
    /// POSTs that this run settled, and messages that there were.
    feitas: u64,
    total: u64,
    conta: Conta,
}

impl<'a> Envio<'a> {
    fn roda(&mut self) -> anyhow::Result<()> {
        let mut done = None;
        loop {
            let passo = self.passo(done.take());
            if passo.is_err() {
                // what OMNE answered is true whatever befalls the store
                let _ = self.diario.grava();
            }
            match passo? {
                Passo::Envia(m) => done = Some(self.posta(m)),
                Passo::Espera(d) => {
                    if !(self.ctx.pausa)(d) {
                        self.conta.parada = Some(Parada::Sinal);
                        return Ok(());
                    }
                }
                Passo::Segue => {}
                Passo::Fim => return Ok(()),
            }
        }
    }

    /// One transaction: T2 of the message before, then T1 of the next.
    fn passo(&mut self, feita: Option<Feita>) -> anyhow::Result<Passo> {
        let tx = self.comeca()?;
        // only now: the wait for other writers may have been long, and the window may have closed meanwhile
        let now = self.ctx.clock.now();
        let em = texto(now);
        if let Some(f) = feita {
            self.conclui(&tx, f, &em)?;
        }
        let mut passo = self.escolhe(&tx, now, &em)?;
        let n = self.diario.ultima() + 1;
        if let Passo::Envia(m) = &passo {
            self.diario.anota(n, &Chave { dia: m.dia.clone(), sha256: m.sha256.clone(), linha: m.linha }, &em);
        }
        if let Err(e) = self.diario.grava() {
            // the answer before is true all the same; of the next message nothing happened
            tx.commit()?;
            return Err(e.into());
        }
        crash("hsm-journal", n);
        if let Passo::Envia(m) = &passo
            && !hsm::toma(&tx, m.id, n, &em)?
        {
            self.desdiz(n);
            hsm::adota(&tx, n)?;
            passo = Passo::Segue;
        }
        if let Err(e) = tx.commit() {
            if matches!(passo, Passo::Envia(_)) {
                self.desdiz(n);
                // the journal may be on a disk that is full as well: then the next start is in doubt
                let _ = self.diario.grava();
            }
            return Err(e.into());
        }
        crash("hsm-t1", n);
        Ok(passo)
    }

    /// The transaction. Somebody else may be writing for a minute: until then the answer is on disk.
    fn comeca(&mut self) -> anyhow::Result<Tx<'a>> {
        if let Some(tx) = self.db.begin_now(BATCH_BUSY)? {
            return Ok(tx);
        }
        self.diario.grava()?;
        Ok(self.db.begin()?)
    }

    /// Of the attempt that was announced nothing left.
    fn desdiz(&mut self, n: i64) {
        self.diario.responde(n, &Registro { fim: Fim::Nada, http: None, nao_antes: None });
    }

    fn posta(&mut self, mensagem: Mensagem) -> Feita {
        let answer = self.omne.envia(&mensagem);
        crash("hsm-post", self.diario.ultima());
        let posts = mensagem.tentativas.saturating_add(1);
        let now = self.ctx.clock.now().utc().timestamp();
        let veredito = regra::decide(&answer, posts, self.ctx.omne.max_retries, self.quedas, now);
        let (http, corpo, motivo) = match answer {
            Resposta::Http { codigo, corpo, .. } => {
                let cut = corpo.is_none() && (200..300).contains(&codigo);
                (Some(codigo), corpo, cut.then(|| "a resposta veio cortada".to_owned()))
            }
            Resposta::Perdida(why) | Resposta::SemEnvio { porque: why, .. } => (None, None, Some(why)),
        };
        // the second that has begun does not count: never before the time that OMNE named
        let nao_antes = veredito.pedida.then(|| (now + 1).saturating_add_unsigned(veredito.pausa.as_secs()));
        self.diario.responde(self.diario.ultima(), &Registro { fim: veredito.fim, http, nao_antes });
        Feita { mensagem, veredito, nao_antes, http, corpo, motivo }
    }

    /// T2.
    fn conclui(&mut self, db: &Db, f: Feita, em: &str) -> anyhow::Result<()> {
        let v = f.veredito;
        let counts = v.fim != Fim::Nada;
        let c = Conclusao {
            estado: estado(v.fim),
            conta: counts,
            http: f.http,
            resposta: f.corpo.as_deref(),
            motivo: f.motivo.as_deref(),
            em,
        };
        let now_is = hsm::conclui(db, f.mensagem.id, &c)?;
        if now_is.is_none() {
            tracing::warn!(id = f.mensagem.id, "the message was resolved while its POST was under way");
        }
        if v.pedida {
            hsm::espera(db, f.nao_antes)?;
        }
        // its webhook was faster
        let told = now_is == Some(Estado::Aceita);
        self.feitas += u64::from(told || !matches!(v.fim, Fim::Repete | Fim::Nada));
        match v.fim {
            Fim::Aceita => self.conta.enviadas += 1,
            _ if told => self.conta.enviadas += 1,
            Fim::Falha => self.conta.falhas += 1,
            Fim::Incerta => self.conta.incertas += 1,
            Fim::Repete | Fim::Nada => {
                let tentativas = f.mensagem.tentativas + u32::from(counts);
                self.fila.push_front(Mensagem { tentativas, ..f.mensagem });
            }
        }
        self.quedas = v.quedas;
        self.descanso = Some(v.pausa).filter(|d| !d.is_zero() && !v.pedida);
        self.conta.parada = v.parada;
        (self.ctx.progresso)(self.feitas, self.total);
        Ok(())
    }

    /// The next message, or why there is none now.
    fn escolhe(&mut self, db: &Db, now: Agora, em: &str) -> anyhow::Result<Passo> {
        let control = hsm::controle(db, "main")?;
        if self.conta.parada.is_none() {
            self.conta.parada = self.parada(control.pausada.is_some());
        }
        if self.conta.parada.is_some() {
            return Ok(Passo::Fim);
        }
        let until = pedida(db, control.nao_antes, now)?;
        let left = until.map(|t| t.saturating_mul(1000).saturating_sub(now.utc().timestamp_millis()));
        let asked = left.and_then(|ms| u64::try_from(ms).ok()).filter(|ms| *ms > 0).map(Duration::from_millis);
        if let Some(wait) = asked.max(self.descanso.take()) {
            return Ok(if hsm::existe(db, false)? { self.espera(wait, until) } else { Passo::Fim });
        }
        if let Err(not_yet) = self.ritmo.check() {
            return Ok(Passo::Espera(not_yet.wait_time_from(DefaultClock::default().now())));
        }
        self.proxima(db, now, em)
    }

    fn parada(&self, paused: bool) -> Option<Parada> {
        let late = self.ctx.prazo.is_some_and(|p| self.comeco.elapsed() >= p);
        match () {
            () if (self.ctx.parar)() => Some(Parada::Sinal),
            () if paused => Some(Parada::Pausada),
            () if late => Some(Parada::Prazo),
            () => limite(&self.ctx, self.feitas),
        }
    }

    /// A wait for OMNE, if this run is there to see its end.
    fn espera(&mut self, wait: Duration, until: Option<i64>) -> Passo {
        let rest = self.ctx.prazo.map(|p| p.saturating_sub(self.comeco.elapsed()));
        if wait > ESPERA || rest.is_some_and(|r| wait >= r) {
            self.conta.parada = Some(Parada::Espera(until));
            return Passo::Fim;
        }
        Passo::Espera(wait)
    }

    /// The first message that may go; those that may not any more are cancelled on the way.
    fn proxima(&mut self, db: &Db, now: Agora, em: &str) -> anyhow::Result<Passo> {
        let today = if self.ctx.omne.daily_cap == 0 { 0 } else { hsm::no_dia(db, now.date())? };
        for _ in 0..OLHADAS {
            let Some(m) = self.tira(db)? else { return Ok(Passo::Fim) };
            match self.exame.examina(db, &m, now)? {
                Exame::Fora => {}
                Exame::Cancela(motivo) => {
                    hsm::cancela(db, m.id, motivo.as_str(), em)?;
                    *self.conta.canceladas.entry(motivo.as_str()).or_default() += 1;
                }
                Exame::Vai => {
                    self.conta.parada = teto(&self.ctx, today);
                    return Ok(if self.conta.parada.is_some() { Passo::Fim } else { Passo::Envia(m) });
                }
            }
        }
        Ok(Passo::Segue)
    }

    fn tira(&mut self, db: &Db) -> anyhow::Result<Option<Mensagem>> {
        if self.fila.is_empty() {
            self.fila = hsm::pendentes(db, self.cursor, BLOCO)?.into();
            self.cursor = self.fila.back().map_or(self.cursor, |m| m.id);
        }
        Ok(self.fila.pop_front())
    }
}

/// Until when OMNE asked us to wait; never longer from now than it can ask.
fn pedida(db: &Db, until: Option<i64>, now: Agora) -> anyhow::Result<Option<i64>> {
    let far = now.utc().timestamp() + ESPERA_MAXIMA;
    if until.is_none_or(|t| t <= far) {
        return Ok(until);
    }
    hsm::espera(db, Some(far))?;
    Ok(Some(far))
}

/// Where a test stops the process, at the attempt of this number.
fn crash(name: &str, n: i64) {
    #[cfg(debug_assertions)]
    crate::config::crash_point(&format!("{name}-{n}"));
    #[cfg(not(debug_assertions))]
    let _ = (name, n);
}
