//! What a start does before it sends: the store and the journal must tell the same story (HS14, HS16).

use super::Contexto;
use super::diario::{Diario, Registro, Tentativa};
use super::envio::estado;
use super::regra::Fim;
use crate::clock::Agora;
use crate::store::db::Db;
use crate::store::hsm::{self, Conclusao, Controle, Estado};

/// The store and the journal do not tell the same story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Divergencia {
    /// The journal knows attempts that the store does not: an older backup was restored (HS16).
    #[error(
        "o diário de envios conhece {0} envio(s) que este store não conhece: um backup mais antigo foi restaurado; nada foi enviado"
    )]
    StoreAntigo(i64),
    /// The store knows attempts that the journal does not, or there is none.
    #[error("o diário de envios (hsm.journal, na pasta do store) falta ou é mais antigo que o store; nada foi enviado")]
    DiarioAntigo,
    /// Lines of the journal whose message the store does not have.
    #[error("{0} envio(s) do diário são de linhas que este store não tem")]
    SemLinha(i64),
}

/// Why a message is INCERTA, for `atom hsm show`.
const QUEDA: &str = "o envio foi interrompido antes de se saber a resposta";
const DIARIO: &str = "o diário conhece um envio que o store não conhecia";

/// Makes them agree, or refuses; returns the journal and how many messages became INCERTA.
///
/// # Errors
/// [`Divergencia`]; store or journal cannot be read or written.
pub fn retoma(ctx: &Contexto<'_>) -> anyhow::Result<(Diario, u64)> {
    let db = ctx.store.atendimento()?;
    let known = hsm::controle(db, "main")?;
    let diario = match Diario::abre(ctx.store.dir())? {
        Some(d) => d,
        None if known.tentativa == 0 => Diario::cria(ctx.store.dir(), 0)?,
        None => return Err(Divergencia::DiarioAntigo.into()),
    };
    let em = texto(ctx.clock.now());
    let tx = db.begin()?;
    let mut incertas = adota_a_ultima(&tx, &known, &diario, &em)?;
    // at most one, and its attempt is the last that the store knows
    let answer = diario.tentativa(known.tentativa).and_then(|t| t.registro);
    for m in hsm::enviando(&tx)? {
        incertas += u64::from(conclui(&tx, m.id, answer, QUEDA, &em)? == Estado::Incerta);
    }
    tx.commit()?;
    Ok((diario, incertas))
}

/// The result of a message that is ENVIANDO and whose sender is gone; the state that it has now. `porque`: where nobody
/// knows the answer.
fn conclui(db: &Db, id: i64, answer: Option<Registro>, porque: &str, em: &str) -> anyhow::Result<Estado> {
    let r = answer.unwrap_or(Registro { fim: Fim::Incerta, http: None, nao_antes: None });
    let (estado, motivo) = (estado(r.fim), (r.fim == Fim::Incerta).then_some(porque));
    let c = Conclusao { estado, conta: r.fim != Fim::Nada, http: r.http, resposta: None, motivo, em };
    let estado = hsm::conclui(db, id, &c)?.unwrap_or(estado);
    if r.nao_antes.is_some() {
        hsm::espera(db, r.nao_antes)?;
    }
    Ok(estado)
}

/// An attempt that the journal knows and the store does not, of this message; the state that it has now, `None` when there was
/// nothing to change. It has the moment that the journal gives it: the day counts (HS10), and OMNE's webhook finds it (WH10).
fn assume(db: &Db, (id, estado): (i64, Option<Estado>), t: &Tentativa, em: &str) -> anyhow::Result<Option<Estado>> {
    if estado == Some(Estado::Incerta) {
        // somebody said that it had not gone: only then there was another attempt
        hsm::resolve(db, id, false, DIARIO, em)?;
    }
    if !hsm::toma(db, id, t.n, t.em.as_deref().unwrap_or(em))? {
        return Ok(None);
    }
    // an unanswered one may have been sent
    conclui(db, id, t.registro, DIARIO, em).map(Some)
}

/// The journal may be one attempt ahead, if nothing was answered to it or it is known that nothing left.
fn adota_a_ultima(db: &Db, known: &Controle, diario: &Diario, em: &str) -> anyhow::Result<u64> {
    let mut doubts = 0;
    let ahead = diario.ultima() - known.tentativa;
    match diario.tentativa(diario.ultima()) {
        _ if ahead == 0 => return Ok(0),
        _ if ahead < 0 => return Err(Divergencia::DiarioAntigo.into()),
        Some(Tentativa { registro: Some(Registro { fim: Fim::Nada, .. }), .. }) if ahead == 1 => {}
        Some(t @ Tentativa { chave: Some(c), registro: None, .. }) if ahead == 1 => {
            match hsm::da_linha(db, &c.dia, &c.sha256, c.linha)? {
                Some(found) => doubts = u64::from(assume(db, found, t, em)? == Some(Estado::Incerta)),
                None => return Err(Divergencia::StoreAntigo(1).into()),
            }
        }
        _ => return Err(Divergencia::StoreAntigo(ahead).into()),
    }
    hsm::adota(db, diario.ultima())?;
    Ok(doubts)
}

/// Takes over what the journal knows and the store does not, after an older backup was restored and the files that it lacks
/// were imported again. Without a journal, or with one that lies further back, a new one begins; `perdido` accepts that, and
/// lines whose message is nowhere. Returns how many messages changed.
///
/// # Errors
/// [`Divergencia`]; store or journal cannot be read or written.
pub fn concilia(ctx: &Contexto<'_>, perdido: bool) -> anyhow::Result<u64> {
    let db = ctx.store.atendimento()?;
    let known = hsm::controle(db, "main")?;
    let behind = |d: &Diario| d.ultima() < known.tentativa;
    let diario = match Diario::abre(ctx.store.dir())? {
        Some(d) if !behind(&d) => d,
        None if known.tentativa == 0 => return Ok(0),
        _ if perdido => {
            Diario::cria(ctx.store.dir(), known.tentativa)?;
            return Ok(0);
        }
        _ => return Err(Divergencia::DiarioAntigo.into()),
    };
    let em = texto(ctx.clock.now());
    let tx = db.begin()?;
    let (mut changed, mut lost) = (0, 0);
    // what the store was at when the backup was taken is no attempt of those, and may lie far back
    for m in hsm::enviando(&tx)? {
        let answer = match diario.resposta(known.tentativa) {
            Err(_) if perdido => None,
            read => read?,
        };
        conclui(&tx, m.id, answer, QUEDA, &em)?;
        changed += 1;
    }
    let later = match diario.desde(known.tentativa) {
        Err(_) if perdido => Vec::new(),
        read => read?,
    };
    for t in &later {
        let Some(chave) = &t.chave else { continue };
        match hsm::da_linha(&tx, &chave.dia, &chave.sha256, chave.linha)? {
            Some(found) => changed += u64::from(assume(&tx, found, t, &em)?.is_some()),
            None if t.registro.is_some_and(|r| r.fim == Fim::Nada) => {}
            None => lost += 1,
        }
    }
    if lost > 0 && !perdido {
        return Err(Divergencia::SemLinha(lost).into());
    }
    hsm::adota(&tx, diario.ultima())?;
    tx.commit()?;
    Ok(changed)
}

/// Whether the store may send, without changing anything: for `--dry-run` and `doctor`.
///
/// # Errors
/// [`Divergencia`]; store or journal cannot be read.
pub fn confere(dir: &std::path::Path, known: &Controle) -> anyhow::Result<()> {
    match Diario::ultima_de(dir)? {
        None if known.tentativa == 0 => Ok(()),
        Some(n) if n == known.tentativa || n == known.tentativa + 1 => Ok(()),
        Some(n) if n > known.tentativa => Err(Divergencia::StoreAntigo(n - known.tentativa).into()),
        _ => Err(Divergencia::DiarioAntigo.into()),
    }
}

/// A moment as the queue keeps it.
pub fn texto(agora: Agora) -> String {
    agora.local().format("%Y-%m-%d %H:%M:%S").to_string()
}
