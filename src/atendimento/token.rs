//! Tokens: who may ask `serve`, for what, until when.
//!
//! A token is 256 random bits, shown once; only its SHA-256 is kept (SE4). It is looked up by that hash, so that no
//! comparison tells a guess how near it came.

use crate::clock::Agora;
use crate::store::token::Token;
use sha2::{Digest, Sha256};

/// What a token opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escopo {
    /// Reads and writes of the Portal.
    Portal,
    /// A short read (decisions 9).
    Bot,
    /// OMNE's webhook.
    Omne,
}

impl Escopo {
    /// All of them.
    pub const TODOS: [Self; 3] = [Self::Portal, Self::Bot, Self::Omne];

    /// As stored and typed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Portal => "portal",
            Self::Bot => "bot",
            Self::Omne => "omne",
        }
    }

    /// From its text.
    pub fn parse(text: &str) -> Option<Self> {
        Self::TODOS.into_iter().find(|e| e.as_str() == text)
    }
}

/// A new token, 43 letters, digits, `-` and `_`.
///
/// # Errors
/// The machine gives no random bits.
pub fn novo() -> anyhow::Result<String> {
    use base64::Engine as _;
    let mut bits = [0u8; 32];
    getrandom::fill(&mut bits).map_err(|e| anyhow::anyhow!("o sistema não dá bits aleatórios: {e}"))?;
    Ok(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bits))
}

/// What is kept of a token: its SHA-256, hex.
pub fn impressao(token: &str) -> String {
    Sha256::digest(token.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

/// Whether a token holds at a moment: not taken back, not expired (AP3: at its very second).
pub fn vale(t: &Token, agora: &Agora) -> bool {
    t.revogado_em.is_none() && t.expira_em.as_deref().is_none_or(|end| agora.iso().as_str() < end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn um_token_tem_256_bits_e_nunca_e_o_mesmo() {
        let (a, b) = (novo().unwrap(), novo().unwrap());
        assert_eq!(a.len(), 43);
        assert_ne!(a, b);
        assert_ne!(impressao(&a), impressao(&b));
        assert_eq!(impressao("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn ap3_um_token_expira_no_seu_segundo() {
        let at = |s: &str| Clock::from_env(Some(s)).unwrap().now();
        let mut t = Token {
            id: 1,
            nome: "portal".into(),
            escopo: "portal".into(),
            sha256: String::new(),
            criado_em: String::new(),
            expira_em: Some("2023-08-05T00:00:00-03:00".into()),
            revogado_em: None,
        };
        assert!(vale(&t, &at("2023-08-04T23:59:59-03:00")));
        assert!(!vale(&t, &at("2023-08-05T00:00:00-03:00")));
        t.expira_em = None;
        assert!(vale(&t, &at("2033-08-05T00:00:00-03:00")));
        t.revogado_em = Some("2023-08-01T00:00:00-03:00".into());
        assert!(!vale(&t, &at("2023-08-04T00:00:00-03:00")));
    }
}
