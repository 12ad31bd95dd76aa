//! Who stands before a page: sessions, the check of forms, the brake on guessing (WF1, WF2, WF5, WF6).
//!
//! **Invariants by absence:** a page never sees the session's id, only what is made of it for its forms; nothing that
//! was typed into the login form is logged or kept.

use super::super::Estado;
use super::super::corpo;
use super::super::erro::Erro;
use super::falha::Falha;
use crate::atendimento::token;
use crate::atendimento::usuario::{self, Papel};
use crate::clock::Agora;
use crate::store::auditoria::{self, Leitura};
use crate::store::db::DbError;
use crate::store::usuario::{self as guardados, Usuario};
use axum::body::Body;
use axum::http::{HeaderMap, header};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;
use tokio::sync::Semaphore;

/// The cookie: of this host alone, by its name.
pub const COOKIE: &str = "__Host-sessao";
/// Bytes of a form.
const FORMULARIO: usize = 64 * 1024;
/// Tries to log in as one person from one address, at once and then one in so many seconds.
const POR_LOGIN: (u32, u64) = (8, 30);
/// The same from everywhere: more than one stranger can use up, so that nobody is locked out by a few wrong tries.
const POR_LOGIN_DE_TODOS: (u32, u64) = (100, 10);
/// Tries from one address: people behind one router share it.
const POR_ENDERECO: (u32, u64) = (60, 2);
/// Passwords checked at once: each takes 19 MiB and a core.
const AO_MESMO_TEMPO: usize = 2;
/// Keys that a brake holds before it drops those that are free again.
const CHAVES: usize = 10_000;

/// Somebody with a session that holds.
#[derive(Clone, Debug)]
pub struct Pessoa {
    /// Its login.
    pub login: String,
    /// What it may do.
    pub papel: Papel,
    /// What its forms carry.
    pub csrf: String,
    /// The session, by its hash.
    pub sessao: String,
}

impl Pessoa {
    /// As the audit names it.
    pub fn quem(&self) -> String {
        format!("workflow:{}", self.login)
    }
}

/// The brake on guessing.
pub struct Portao {
    logins: DefaultKeyedRateLimiter<(String, IpAddr)>,
    de_todos: DefaultKeyedRateLimiter<String>,
    enderecos: DefaultKeyedRateLimiter<IpAddr>,
    /// Who may check a password now.
    pub vez: Semaphore,
}

impl Default for Portao {
    fn default() -> Self {
        let quota = |(burst, every): (u32, u64)| {
            let quota = Quota::with_period(Duration::from_secs(every)).unwrap_or(Quota::per_minute(NonZeroU32::MIN));
            quota.allow_burst(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN))
        };
        Self {
            logins: RateLimiter::keyed(quota(POR_LOGIN)),
            de_todos: RateLimiter::keyed(quota(POR_LOGIN_DE_TODOS)),
            enderecos: RateLimiter::keyed(quota(POR_ENDERECO)),
            vez: Semaphore::new(AO_MESMO_TEMPO),
        }
    }
}

impl Portao {
    /// Counts a try; an error with the seconds to wait when there were too many. Whoever is asked for is counted,
    /// there or not; a person's tries from elsewhere do not count those that the brake stopped here.
    ///
    /// # Errors
    /// Seconds.
    pub fn tenta(&self, login: &str, de: IpAddr) -> Result<(), u64> {
        let name: String = login.chars().take(64).flat_map(char::to_lowercase).collect();
        let place = rede(de);
        for (full, drop) in [
            (self.logins.len() > CHAVES, &(|| self.logins.retain_recent()) as &dyn Fn()),
            (self.de_todos.len() > CHAVES, &|| self.de_todos.retain_recent()),
            (self.enderecos.len() > CHAVES, &|| self.enderecos.retain_recent()),
        ] {
            if full {
                drop();
            }
        }
        let now = governor::clock::Clock::now(self.logins.clock());
        let by_place = self.enderecos.check_key(&place).map_err(|e| e.wait_time_from(now));
        let by_both = self.logins.check_key(&(name.clone(), place)).map_err(|e| e.wait_time_from(now));
        let here = by_place.and(by_both);
        let all = here.and_then(|()| self.de_todos.check_key(&name).map_err(|e| e.wait_time_from(now)));
        all.map_err(|d| d.as_secs().saturating_add(1))
    }
}

/// Who shares an address with it: of IPv6 everybody has the 2^64 of a network.
fn rede(de: IpAddr) -> IpAddr {
    match de.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
        v4 => v4,
    }
}

/// An address as proxies write it: alone, with a port, in brackets.
fn escrito(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let alone = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    alone.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|a| a.ip()))
}

/// Where a request comes from; behind the proxy, what it says last.
pub fn endereco(estado: &Estado, headers: &HeaderMap, peer: SocketAddr) -> IpAddr {
    let told = || escrito(headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?.rsplit(',').next()?);
    let proxied = estado.config.serve.behind_proxy.is_some();
    if proxied { told().unwrap_or(peer.ip()) } else { peer.ip() }
}

/// The hash of the session that a request shows.
pub fn mostrada(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
    let mut pairs = cookies.flat_map(|c| c.split(';')).filter_map(|p| p.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, id)| token::impressao(id))
}

/// Who shows a session of this hash; `None`: nobody who is logged in.
///
/// # Errors
/// 503.
pub async fn pessoa(estado: &Estado, shown: Option<String>) -> Result<Option<Pessoa>, Erro> {
    let Some(hash) = shown else { return Ok(None) };
    let key = hash.clone();
    let found = estado.leitores.pergunta(move |store| guardados::sessao(&store.db, &key)).await?;
    let found = found.map_err(|e| {
        tracing::error!(error = %e, "the store failed");
        Erro::indisponivel()
    })?;
    let now = estado.clock.now();
    let Some(s) = found.filter(|s| usuario::vale(s, &now)) else { return Ok(None) };
    let Some(papel) = Papel::parse(&s.usuario.papel) else { return Ok(None) };
    if usuario::nota(&s, &now) {
        let (key, at) = (hash.clone(), now.iso());
        // a page is not refused because the file is busy: the next one notes it
        let _ = estado.escritor.grava(move |e| guardados::ve_sessao(e.db, &key, &at)).await;
    }
    Ok(Some(Pessoa { login: s.usuario.login, papel, csrf: csrf(&hash), sessao: hash }))
}

/// What the forms of a session carry: made of its hash, so that it needs no keeping, and a page does not tell the id.
fn csrf(hash: &str) -> String {
    token::impressao(&format!("csrf {hash}"))
}

/// Begins a session, with its line in the audit; the id for the cookie. `None`: whoever was checked was locked out or
/// got another password while this waited.
///
/// # Errors
/// The store cannot be written; no random bits.
pub async fn abre(
    estado: &Estado,
    quem: Usuario,
    antiga: Option<String>,
    now: &Agora,
    entrada: Leitura,
) -> Result<Option<String>, Falha> {
    let id = token::novo().map_err(|_| Falha::Indisponivel)?;
    let (hash, at, dead) = (token::impressao(&id), now.iso(), usuario::mortas(now));
    let done = estado.escritor.grava(move |e| {
        if !guardados::abre_sessao(e.db, &hash, &quem, &at, &dead)? {
            return Ok(false);
        }
        if let Some(old) = antiga {
            guardados::fecha_sessao(e.db, &old)?;
        }
        auditoria::grava(e.db, &[entrada])?;
        Ok::<_, DbError>(true)
    });
    let begun = done.await?.map_err(|_| Falha::Indisponivel)?;
    Ok(begun.then_some(id))
}

/// The fields of a form, after its origin, its type and its token are looked at. `pessoa` is who is logged in; the form
/// to log in has no token yet.
///
/// # Errors
/// 403: from another origin, or another session's. 415: no form (WF2). 413, 408.
pub async fn formulario(
    headers: &HeaderMap,
    body: Body,
    pessoa: Option<&Pessoa>,
) -> Result<Vec<(String, String)>, Falha> {
    if !nossa(headers) {
        return Err(Falha::Origem);
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Falha::Tipo);
    }
    let bytes = corpo::bytes(headers, body, FORMULARIO).await.map_err(|e| Falha::Corpo(e.status))?;
    let fields: Vec<(String, String)> = form_urlencoded::parse(&bytes).into_owned().collect();
    if pessoa.is_none_or(|p| da_sessao(&fields, p)) { Ok(fields) } else { Err(Falha::Origem) }
}

/// Whether a form is of this session.
pub fn da_sessao(fields: &[(String, String)], p: &Pessoa) -> bool {
    // both are hashes of 64 letters: how far they agree tells nothing of the id behind
    campo(fields, "csrf") == p.csrf
}

/// The first field of a name; absent: empty.
pub fn campo<'f>(fields: &'f [(String, String)], name: &str) -> &'f str {
    fields.iter().find(|(k, _)| k == name).map_or("", |(_, v)| v.as_str())
}

/// Whether a browser says that the form is of this very site. One that says nothing is not believed.
fn nossa(headers: &HeaderMap) -> bool {
    let text = |name: header::HeaderName| headers.get(name).map(|v| v.to_str().unwrap_or("?"));
    let origin = text(header::ORIGIN);
    match headers.get("sec-fetch-site").map(|v| v.to_str().unwrap_or("?")) {
        Some(site) => site == "same-origin" && origin != Some("null"),
        None => match (origin.and_then(|o| o.split_once("://")), text(header::HOST)) {
            (Some((_, of)), Some(host)) => of.eq_ignore_ascii_case(host),
            _ => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap())).collect()
    }

    #[test]
    fn wf2_so_um_formulario_deste_site_vale() {
        for (pairs, good) in [
            (&[("host", "a:80"), ("origin", "http://a:80")][..], true),
            (&[("host", "a"), ("origin", "https://A")], true),
            (&[("host", "interno"), ("origin", "https://a"), ("sec-fetch-site", "same-origin")], true),
            (&[("host", "a"), ("origin", "https://b")], false),
            (&[("host", "a"), ("origin", "null"), ("sec-fetch-site", "same-origin")], false),
            (&[("host", "a"), ("origin", "null")], false),
            (&[("host", "a"), ("origin", "https://a"), ("sec-fetch-site", "same-site")], false),
            (&[("host", "a"), ("origin", "https://a"), ("sec-fetch-site", "cross-site")], false),
            (&[("host", "a"), ("origin", "https://a.b")], false),
            (&[("host", "a")], false),
            (&[("origin", "https://a")], false),
        ] {
            assert_eq!(nossa(&headers(pairs)), good, "{pairs:?}");
        }
    }

    #[test]
    fn wf6_tentar_demais_freia_por_login_e_por_endereco() {
        let p = Portao::default();
        let at = |n: u8| IpAddr::from([10, 0, 0, n]);
        for _ in 0..8 {
            assert_eq!(p.tenta("ana", at(1)), Ok(()));
        }
        assert!(p.tenta("Ana", at(1)).is_err_and(|s| (1..=31).contains(&s)), "one login from one place");
        assert_eq!(p.tenta("bia", at(1)), Ok(()));
        assert_eq!(p.tenta("ana", at(100)), Ok(()), "nobody locks her out elsewhere");
        let passed = (0..120).filter(|n| p.tenta("eva", at(*n)).is_ok()).count();
        assert!((100..110).contains(&passed), "one login from many places: {passed}");
        let passed = (0..100).filter(|n| p.tenta(&format!("x{n}"), at(200)).is_ok()).count();
        assert!((60..70).contains(&passed), "many logins from one place: {passed}");
    }

    #[test]
    fn wf6_de_ipv6_conta_a_rede_e_o_proxy_pode_dizer_a_porta() {
        let ip = |t: &str| t.parse::<IpAddr>().unwrap();
        assert_eq!(rede(ip("2001:db8:1:2:3:4:5:6")), ip("2001:db8:1:2::"));
        assert_ne!(rede(ip("2001:db8:1:2::1")), rede(ip("2001:db8:1:3::1")));
        assert_eq!((rede(ip("::ffff:10.0.0.1")), rede(ip("10.0.0.1"))), (ip("10.0.0.1"), ip("10.0.0.1")));
        for (text, want) in [
            (" 10.0.0.1 ", Some("10.0.0.1")),
            ("10.0.0.1:443", Some("10.0.0.1")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("[2001:db8::1]", Some("2001:db8::1")),
            ("[2001:db8::1]:443", Some("2001:db8::1")),
            ("unknown", None),
            ("", None),
        ] {
            assert_eq!(escrito(text), want.map(ip), "{text}");
        }
    }

    #[test]
    fn o_cookie_e_achado_entre_outros_e_so_pelo_nome_inteiro() {
        assert_eq!(mostrada(&headers(&[("cookie", "a=b; __Host-sessao=x; c=d")])), Some(token::impressao("x")));
        assert_eq!(
            mostrada(&headers(&[("cookie", "a=b"), ("cookie", "__Host-sessao=x")])),
            Some(token::impressao("x"))
        );
        assert_eq!(mostrada(&headers(&[("cookie", "sessao=x; x__Host-sessao=y")])), None);
    }
}
