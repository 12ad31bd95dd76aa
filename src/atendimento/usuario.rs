//! People of the back office: logins, roles, passwords, how long a session holds (WF5, WF6).
//!
//! Passwords are kept as Argon2id makes them. Whoever is not known costs as much work as whoever is: the time of a
//! refusal tells nothing.

use crate::clock::Agora;
use crate::store::usuario::{Sessao, Usuario};
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Argon2, Params};
use chrono::{DateTime, TimeDelta};
use std::sync::OnceLock;

/// A session that nobody uses ends after so long.
const OCIOSA: TimeDelta = TimeDelta::minutes(30);
/// A session ends after so long.
const ABSOLUTA: TimeDelta = TimeDelta::hours(10);
/// Use is noted again after so long.
const NOTADA: TimeDelta = TimeDelta::minutes(1);
/// Letters of a password.
const SENHA: std::ops::RangeInclusive<usize> = 10..=200;

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Papel {
    /// Treats the items.
    Analista,
    /// Reads who did what, too.
    Supervisor,
}

impl Papel {
    /// As stored and typed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Analista => "analyst",
            Self::Supervisor => "supervisor",
        }
    }

    /// From its text.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Analista, Self::Supervisor].into_iter().find(|p| p.as_str() == text)
    }
}

/// A login in its stored form; `None`: it cannot be one.
pub fn login(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    ((2..=32).contains(&text.len()) && text.chars().all(good)).then_some(text)
}

/// What is wrong with a new password, in Portuguese.
pub fn senha_ruim(login: &str, senha: &str) -> Option<&'static str> {
    let n = senha.chars().count();
    if !SENHA.contains(&n) {
        return Some("a senha tem de 10 a 200 caracteres");
    }
    if senha.chars().any(char::is_control) {
        return Some("a senha não pode ter caracteres de controle");
    }
    if senha.to_lowercase().contains(login) {
        return Some("a senha não pode conter o login");
    }
    let first = senha.chars().next();
    senha.chars().all(|c| Some(c) == first).then_some("a senha não pode ser um caractere só, repetido")
}

/// Argon2id with OWASP's first choice of cost: 19 MiB, two passes.
fn argon() -> Argon2<'static> {
    Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, Params::default())
}

/// What is kept of a password.
///
/// # Errors
/// The machine gives no random bits.
pub fn guarda(senha: &str) -> anyhow::Result<String> {
    let hash = argon().hash_password(senha.as_bytes()).map_err(|e| anyhow::anyhow!("Argon2: {e}"))?;
    Ok(hash.to_string())
}

/// Whether a password is that of somebody who may log in. Takes tens of milliseconds, whoever is asked for.
pub fn confere(usuario: Option<&Usuario>, senha: &str) -> bool {
    static NINGUEM: OnceLock<String> = OnceLock::new();
    let nobody = NINGUEM.get_or_init(|| guarda("ninguém entra com isto").unwrap_or_default());
    let known = usuario.filter(|u| u.desativado_em.is_none());
    let kept = known.map_or(nobody.as_str(), |u| u.senha.as_str());
    let same = argon().verify_password(senha.as_bytes(), kept).is_ok();
    same && known.is_some()
}

/// Whether a session holds at a moment.
pub fn vale(s: &Sessao, agora: &Agora) -> bool {
    let since = |at: &str| DateTime::parse_from_rfc3339(at).ok().map(|t| agora.utc().signed_duration_since(t));
    let within = |at: &str, limit: TimeDelta| since(at).is_some_and(|d| d < limit);
    s.usuario.desativado_em.is_none() && within(&s.criada_em, ABSOLUTA) && within(&s.vista_em, OCIOSA)
}

/// Whether its use is to be noted again.
pub fn nota(s: &Sessao, agora: &Agora) -> bool {
    let at = DateTime::parse_from_rfc3339(&s.vista_em);
    at.is_ok_and(|t| agora.utc().signed_duration_since(t) >= NOTADA)
}

/// Sessions that began before this are over.
pub fn mortas(agora: &Agora) -> String {
    Agora::from_utc(agora.utc() - ABSOLUTA).iso()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    fn alguem(senha: &str) -> Usuario {
        Usuario {
            id: 1,
            login: "ana".into(),
            papel: "analyst".into(),
            senha: guarda(senha).unwrap(),
            criado_em: String::new(),
            desativado_em: None,
        }
    }

    #[test]
    fn se4_da_senha_so_fica_o_que_argon2id_faz_dela() {
        let (a, b) = (guarda("uma senha qualquer").unwrap(), guarda("uma senha qualquer").unwrap());
        assert!(a.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{a}");
        assert_ne!(a, b, "each has a salt of its own");
    }

    #[test]
    fn wf6_so_a_senha_certa_de_quem_pode_entrar_confere() {
        let mut u = alguem("uma senha qualquer");
        assert!(confere(Some(&u), "uma senha qualquer"));
        assert!(!confere(Some(&u), "outra senha qualquer"));
        assert!(!confere(None, "ninguém entra com isto"));
        u.desativado_em = Some("2023-08-04T00:00:00-03:00".into());
        assert!(!confere(Some(&u), "uma senha qualquer"));
    }

    #[test]
    fn logins_e_senhas_que_nao_servem() {
        assert_eq!(login(" Ana.Maria-2 ").as_deref(), Some("ana.maria-2"));
        for bad in ["", "a", "ana maria", "ana:b", "joão", &"x".repeat(33)] {
            assert_eq!(login(bad), None, "{bad}");
        }
        assert_eq!(senha_ruim("ana", "cavalo bateria"), None);
        for bad in ["curta", "", "xx-ANA-12345", "aaaaaaaaaaaa", "com\ttabulação", &"ab".repeat(101)] {
            assert!(senha_ruim("ana", bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn wf5_uma_sessao_termina_por_ociosa_e_por_velha() {
        let at = |s: &str| Clock::from_env(Some(s)).unwrap().now();
        let mut s = Sessao {
            usuario: alguem("uma senha qualquer"),
            criada_em: "2023-08-04T08:00:00-03:00".into(),
            vista_em: "2023-08-04T08:00:00-03:00".into(),
        };
        assert!(vale(&s, &at("2023-08-04T08:29:59-03:00")) && !vale(&s, &at("2023-08-04T08:30:00-03:00")));
        s.vista_em = "2023-08-04T17:59:00-03:00".into();
        assert!(vale(&s, &at("2023-08-04T17:59:59-03:00")) && !vale(&s, &at("2023-08-04T18:00:00-03:00")));
        assert!(!nota(&s, &at("2023-08-04T17:59:59-03:00")) && nota(&s, &at("2023-08-04T18:00:00-03:00")));
        s.usuario.desativado_em = Some(String::new());
        assert!(!vale(&s, &at("2023-08-04T17:59:59-03:00")));
    }
}
