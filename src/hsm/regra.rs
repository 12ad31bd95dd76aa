//! What is done with a message and with OMNE's answer (decisions 7): functions of values.

use chrono::DateTime;
use std::time::Duration;

/// Failures of OMNE in a row that stop a run.
pub const QUEDAS: u32 = 10;
/// Seconds that OMNE can ask us to wait: a day. More can only be a mistake, and would end sending unseen.
pub const ESPERA_MAXIMA: u64 = 24 * 60 * 60;
/// The longest pause between two requests that nobody asked for.
const PAUSA_MAXIMA: u64 = 30;

/// Why a message that waits is not sent any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Motivo {
    /// Its contract is not ATIVO any more (HS15).
    Situacao,
    /// Its client or its number is not to be contacted.
    NaoContatar,
    /// By now the remessa calls the number a third party's.
    Terceiro,
    /// The number got this journey today, or may have (HS10).
    Repetida,
    /// It was imported too long ago.
    Vencida,
    /// Name, number or journey are none (HS11): only damage brings that here.
    Dados,
}

impl Motivo {
    /// As stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Situacao => "SITUACAO",
            Self::NaoContatar => "NAO_CONTATAR",
            Self::Terceiro => "TELEFONE_DE_TERCEIRO",
            Self::Repetida => "REPETIDA",
            Self::Vencida => "VENCIDA",
            Self::Dados => "DADOS",
        }
    }
}

/// What is known of a message at the moment of sending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sinais {
    /// Name, number and journey are good.
    pub dados: bool,
    /// Its contract is ATIVO.
    pub ativo: bool,
    /// Flags of the contracts, a tabulation, or the list of blocked numbers.
    pub nao_contatar: bool,
    /// A line of the remessa gives the number a third party's type.
    pub terceiro: bool,
    /// Same number and journey, same day.
    pub repetida: bool,
    /// Hours since the import exceed `omne.validade_horas`.
    pub vencida: bool,
}

/// Whether the message is cancelled, and why; of several reasons the first.
#[must_use]
pub fn cancela(s: &Sinais) -> Option<Motivo> {
    let reasons = [
        (!s.dados, Motivo::Dados),
        (!s.ativo, Motivo::Situacao),
        (s.nao_contatar, Motivo::NaoContatar),
        (s.terceiro, Motivo::Terceiro),
        (s.repetida, Motivo::Repetida),
        (s.vencida, Motivo::Vencida),
    ];
    reasons.into_iter().find(|(holds, _)| *holds).map(|(_, m)| m)
}

/// What came of a POST.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resposta {
    /// Not one byte of the request left: DNS, connect, TLS (HS3).
    SemEnvio {
        /// The certificate was not taken: waiting does not mend it (HS17).
        certificado: bool,
        /// For people.
        porque: String,
    },
    /// A status line and its headers came.
    Http {
        /// The status.
        codigo: u16,
        /// `Retry-After`, as it was written.
        retry_after: Option<String>,
        /// The body; `None` when it was cut.
        corpo: Option<String>,
    },
    /// Bytes left and no answer came: timeout, lost connection, no HTTP.
    Perdida(String),
}

/// How a POST ends for its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fim {
    /// OMNE took it.
    Aceita,
    /// OMNE refused it.
    Falha,
    /// Nobody knows.
    Incerta,
    /// It waits for its next try; this one counts.
    Repete,
    /// It waits as before: this was no try.
    Nada,
}

/// Why a run stops before the queue is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parada {
    /// 401 or 403 (HS6).
    Credencial(u16),
    /// OMNE says to look elsewhere; we go only where the configuration says (SE8).
    Redireciona(u16),
    /// The certificate was not taken.
    Certificado(String),
    /// Ten failures in a row.
    Quedas(String),
    /// OMNE asks to wait, or the next try is due, later than this run lasts; until when OMNE asked, seconds since 1970.
    Espera(Option<i64>),
    /// A person paused the sender.
    Pausada,
    /// `omne.daily_cap`.
    Teto,
    /// `--limit`.
    Limite,
    /// The tick's share is over.
    Prazo,
    /// SIGTERM or SIGINT.
    Sinal,
}

/// What follows from an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Veredito {
    /// For the message.
    pub fim: Fim,
    /// For the run.
    pub parada: Option<Parada>,
    /// Failures of OMNE in a row, with this one.
    pub quedas: u32,
    /// Before the next request of any message; `0`: at once.
    pub pausa: Duration,
    /// OMNE named the moment: it holds for later runs as well (HS4).
    pub pedida: bool,
}

/// 1, 2, 4 … s, at most 30.
fn recuo(n: u32) -> Duration {
    let seconds = 1u64.checked_shl(n.saturating_sub(1)).unwrap_or(PAUSA_MAXIMA);
    Duration::from_secs(seconds.clamp(1, PAUSA_MAXIMA))
}

/// `Retry-After` in seconds from now: a number, or a date. Never 0: OMNE is not asked again in the same breath. Never more
/// than [`ESPERA_MAXIMA`].
#[must_use]
pub fn retry_after(texto: &str, agora: i64) -> Option<Duration> {
    let texto = texto.trim();
    let seconds = match texto.parse::<u64>() {
        Ok(n) => n,
        Err(_) => u64::try_from(DateTime::parse_from_rfc2822(texto).ok()?.timestamp() - agora).unwrap_or(0),
    };
    Some(Duration::from_secs(seconds.clamp(1, ESPERA_MAXIMA)))
}

/// What an answer means. `posts` counts this one, `max` is `omne.max_retries`, `quedas` the failures in a row before it, `agora`
/// seconds since 1970.
#[must_use]
pub fn decide(r: &Resposta, posts: u32, max: u32, quedas: u32, agora: i64) -> Veredito {
    let plain = |fim| Veredito { fim, parada: None, quedas: 0, pausa: Duration::ZERO, pedida: false };
    let stop = |p| Veredito { parada: Some(p), ..plain(Fim::Nada) };
    match r {
        Resposta::SemEnvio { certificado: true, porque } => stop(Parada::Certificado(porque.clone())),
        Resposta::SemEnvio { porque, .. } => queda(Fim::Nada, quedas, porque),
        Resposta::Perdida(porque) => queda(Fim::Incerta, quedas, porque),
        Resposta::Http { codigo, retry_after: asked, corpo } => match codigo {
            // a cut answer may be one to half a request
            200..=299 if corpo.is_none() => queda(Fim::Incerta, quedas, "a resposta veio cortada"),
            200..=299 => plain(Fim::Aceita),
            401 | 403 => stop(Parada::Credencial(*codigo)),
            // by their definition the request was not looked at; 302 and 303 may be the answer to one that was
            301 | 307 | 308 => stop(Parada::Redireciona(*codigo)),
            429 | 503 => {
                let fim = if posts >= max { Fim::Falha } else { Fim::Repete };
                let named = asked.as_deref().and_then(|t| retry_after(t, agora));
                // the first pause is 1 s, of the last try none is needed but OMNE's
                let own = if fim == Fim::Falha { Duration::ZERO } else { recuo(posts) };
                let v = if *codigo == 503 { queda(fim, quedas, "HTTP 503") } else { plain(fim) };
                Veredito { pausa: named.unwrap_or_else(|| own.max(v.pausa)), pedida: named.is_some(), ..v }
            }
            400..=499 => plain(Fim::Falha),
            other => queda(Fim::Incerta, quedas, &format!("HTTP {other}")),
        },
    }
}

/// A failure of OMNE, not of one message: the pause grows, the tenth stops the run.
fn queda(fim: Fim, before: u32, porque: &str) -> Veredito {
    let quedas = before.saturating_add(1);
    let parada = (quedas >= QUEDAS).then(|| Parada::Quedas(porque.to_owned()));
    Veredito { fim, parada, quedas, pausa: recuo(quedas), pedida: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGORA: i64 = 1_691_155_800;

    fn http(codigo: u16) -> Resposta {
        Resposta::Http { codigo, retry_after: None, corpo: Some("{}".into()) }
    }

    fn pede(codigo: u16, asked: &str) -> Resposta {
        Resposta::Http { codigo, retry_after: Some(asked.into()), corpo: Some(String::new()) }
    }

    fn sem_envio() -> Resposta {
        Resposta::SemEnvio { certificado: false, porque: "conexão recusada".into() }
    }

    fn fim(r: &Resposta) -> Fim {
        decide(r, 1, 5, 0, AGORA).fim
    }

    #[test]
    fn cada_resposta_tem_o_seu_fim() {
        for code in [200, 201, 202, 204, 299] {
            assert_eq!(fim(&http(code)), Fim::Aceita, "{code}");
        }
        for code in [400, 402, 404, 408, 409, 413, 422, 451] {
            let v = decide(&http(code), 1, 5, 9, AGORA);
            assert_eq!((v.fim, v.parada, v.quedas), (Fim::Falha, None, 0), "{code}: one number's matter");
        }
        for code in [500, 501, 502, 504, 505, 520, 302, 303] {
            assert_eq!(fim(&http(code)), Fim::Incerta, "{code}");
        }
        assert_eq!(fim(&Resposta::Perdida("tempo".into())), Fim::Incerta);
        assert_eq!(fim(&Resposta::Http { codigo: 200, retry_after: None, corpo: None }), Fim::Incerta);
        assert_eq!((fim(&http(429)), fim(&http(503)), fim(&sem_envio())), (Fim::Repete, Fim::Repete, Fim::Nada));
    }

    #[test]
    fn hs6_credencial_recusada_para_e_a_linha_fica_como_estava() {
        for code in [401, 403] {
            let v = decide(&http(code), 1, 5, 0, AGORA);
            assert_eq!((v.fim, v.parada), (Fim::Nada, Some(Parada::Credencial(code))));
        }
        assert_eq!(decide(&http(308), 1, 5, 0, AGORA).parada, Some(Parada::Redireciona(308)));
        let bad = Resposta::SemEnvio { certificado: true, porque: "x".into() };
        assert_eq!(decide(&bad, 1, 5, 0, AGORA).parada, Some(Parada::Certificado("x".into())));
    }

    #[test]
    fn hs5_429_e_503_ao_todo_max_envios_com_pausas_que_crescem() {
        for code in [429, 503] {
            let ends: Vec<(Fim, u64)> =
                (1..=5).map(|n| decide(&http(code), n, 5, 0, AGORA)).map(|v| (v.fim, v.pausa.as_secs())).collect();
            let last = if code == 503 { 1 } else { 0 };
            let r = Fim::Repete;
            assert_eq!(ends, [(r, 1), (r, 2), (r, 4), (r, 8), (Fim::Falha, last)], "{code}");
        }
        assert_eq!(decide(&http(429), 1, 1, 0, AGORA).fim, Fim::Falha);
    }

    #[test]
    fn hs4_retry_after_em_segundos_ou_data_e_nunca_ja() {
        let after = |t: &str| retry_after(t, AGORA).map(|d| d.as_secs());
        assert_eq!(after("120"), Some(120));
        assert_eq!(after(" 0 "), Some(1));
        assert_eq!(after("Fri, 04 Aug 2023 13:31:00 GMT"), Some(60));
        assert_eq!(after("Fri, 04 Aug 2023 13:00:00 GMT"), Some(1), "past");
        let day = Some(86_400);
        assert_eq!((after("99999999999"), after("Wed, 04 Aug 2123 13:00:00 GMT"), after("86400")), (day, day, day));
        assert_eq!((after("logo"), after("-3"), after("1.5"), after("")), (None, None, None, None));
        let v = decide(&pede(429, "90"), 5, 5, 0, AGORA);
        assert_eq!((v.fim, v.pausa.as_secs(), v.pedida), (Fim::Falha, 90, true), "holds for the others all the same");
        assert!(!decide(&http(429), 1, 5, 0, AGORA).pedida);
    }

    #[test]
    fn hs3_dez_quedas_seguidas_param_com_pausas_de_1_a_30() {
        let mut quedas = 0;
        let mut pauses = Vec::new();
        for n in 1..=10 {
            let v = decide(&sem_envio(), 1, 5, quedas, AGORA);
            quedas = v.quedas;
            pauses.push(v.pausa.as_secs());
            assert_eq!(v.parada.is_some(), n == 10, "{n}");
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30, 30, 30, 30]);
        // kinds add up, an answer of OMNE ends the row
        assert_eq!(decide(&http(500), 1, 5, 3, AGORA).quedas, 4);
        assert_eq!(decide(&Resposta::Perdida(String::new()), 1, 5, 4, AGORA).quedas, 5);
        for code in [200, 404, 429] {
            assert_eq!(decide(&http(code), 1, 5, 9, AGORA).quedas, 0, "{code}");
        }
        assert_eq!(decide(&http(503), 1, 5, 9, AGORA).parada, Some(Parada::Quedas("HTTP 503".into())));
    }

    #[test]
    fn cada_motivo_de_cancelamento_e_dos_varios_o_primeiro() {
        let good = Sinais { dados: true, ativo: true, ..Sinais::default() };
        assert_eq!(cancela(&good), None);
        for (s, motivo) in [
            (Sinais { dados: false, ..good }, Motivo::Dados),
            (Sinais { ativo: false, ..good }, Motivo::Situacao),
            (Sinais { nao_contatar: true, ..good }, Motivo::NaoContatar),
            (Sinais { terceiro: true, ..good }, Motivo::Terceiro),
            (Sinais { repetida: true, ..good }, Motivo::Repetida),
            (Sinais { vencida: true, ..good }, Motivo::Vencida),
            (Sinais { ativo: false, repetida: true, vencida: true, ..good }, Motivo::Situacao),
        ] {
            assert_eq!(cancela(&s), Some(motivo), "{s:?}");
        }
    }
}
