//! Bodies that come in: bounded in bytes, in time and in depth, then JSON (AP8, AP9, AP11).

use super::erro::Erro;
use crate::atendimento::recusa::Recusa;
use crate::atendimento::texto_json;
use axum::body::Body;
use axum::http::{HeaderMap, header};
use serde_json::Value;
use std::time::Duration;

/// Bytes of a Portal's body.
pub const PORTAL: usize = 256 * 1024;
/// Bytes of a webhook's body.
pub const WEBHOOK: usize = 2 * 1024 * 1024;
/// Arrays and objects within each other.
const FUNDO: usize = 32;
/// A body is here after so long.
const PRAZO: Duration = Duration::from_secs(30);

/// Reads a body of at most `limite` bytes.
///
/// # Errors
/// 413 without reading it when its length is told and too long; 408 when it is slow; 400 when it is cut.
pub async fn bytes(headers: &HeaderMap, body: Body, limite: usize) -> Result<Vec<u8>, Erro> {
    let told = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<u64>().ok());
    if told.is_some_and(|n| n > limite as u64) {
        return Err(Erro::grande());
    }
    match tokio::time::timeout(PRAZO, axum::body::to_bytes(body, limite)).await {
        Err(_) => Err(Erro::lento()),
        Ok(Ok(bytes)) => Ok(bytes.into()),
        Ok(Err(e)) if too_long(&e) => Err(Erro::grande()),
        Ok(Err(_)) => Err(Erro::json()),
    }
}

fn too_long(e: &axum::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(e);
    while let Some(c) = cause {
        if c.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        cause = c.source();
    }
    false
}

/// Reads a JSON object that is not too deep: its fields as they came, repeated ones too.
///
/// # Errors
/// 400.
pub fn objeto(bytes: &[u8]) -> Result<Vec<(String, Value)>, Erro> {
    if fundo(bytes) > FUNDO {
        return Err(Erro::json());
    }
    texto_json::campos(bytes).map_err(|_| Erro::json())
}

/// A key of a query or a field of a body, in any case; there is one at most.
///
/// # Errors
/// 422 when it is repeated: which one is meant nobody knows.
pub fn unico<'p, V>(campos: &'p [(String, V)], nome: &'static str) -> Result<Option<&'p V>, Erro> {
    let mut found = campos.iter().filter(|(k, _)| k.eq_ignore_ascii_case(nome)).map(|(_, v)| v);
    match (found.next(), found.next()) {
        (_, Some(_)) => Err(Recusa::campo(nome, "o campo uma só vez").into()),
        (one, None) => Ok(one),
    }
}

/// How deep arrays and objects stand within each other, told before anything is built.
fn fundo(bytes: &[u8]) -> usize {
    let (mut deepest, mut depth, mut text, mut escaped) = (0, 0usize, false, false);
    for b in bytes {
        match (text, b) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => text = !text,
            (false, b'[' | b'{') => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ap11_o_que_e_fundo_demais_ou_nao_e_json_e_400() {
        let nested = |n: usize| format!("{{\"a\":{}1{}}}", "[".repeat(n), "]".repeat(n));
        assert!(objeto(nested(31).as_bytes()).is_ok());
        for bad in [nested(32), nested(200_000), "{".into(), String::new(), "\u{feff}{}".into(), "[]".into()] {
            assert!(objeto(bad.as_bytes()).is_err(), "{}", bad.chars().take(20).collect::<String>());
        }
        assert!(objeto(b"{\"a\":\"\xff\"}").is_err());
    }

    #[test]
    fn colchetes_dentro_de_um_texto_nao_contam() {
        assert_eq!(fundo(br#"{"a":"[[[[\"[[","b":[1]}"#), 2);
    }
}
