//! Bodies that come in: bounded in bytes, in time and in depth, then JSON (AP8, AP9, AP11).

use super::erro::Erro;
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

/// Reads JSON that is not too deep.
///
/// # Errors
/// 400.
pub fn json(bytes: &[u8]) -> Result<Value, Erro> {
    if fundo(bytes) > FUNDO {
        return Err(Erro::json());
    }
    serde_json::from_slice(bytes).map_err(|_| Erro::json())
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
        let nested = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
        assert!(json(nested(32).as_bytes()).is_ok());
        for bad in [nested(33), nested(200_000), "{".into(), String::new(), "\u{feff}{}".into(), "{\"a\":1e999}".into()]
        {
            assert!(json(bad.as_bytes()).is_err(), "{}", bad.chars().take(20).collect::<String>());
        }
        assert!(json(b"\xff\"").is_err());
    }

    #[test]
    fn colchetes_dentro_de_um_texto_nao_contam() {
        assert_eq!(fundo(br#"{"a":"[[[[\"[[","b":[1]}"#), 2);
    }
}
