//! How atom writes to people: numbers with thousands, errors with the next step last.

use crate::domain::dia::br;
pub use crate::domain::texto::escape;
use crate::domain::valores::milhares;
use crate::transport::em_portugues;
use std::io::{IsTerminal, Write};

/// A count with Brazilian thousands: `12.480`.
pub fn n(n: impl TryInto<i64>) -> String {
    let n: i64 = n.try_into().unwrap_or(i64::MAX);
    format!("{}{}", if n < 0 { "-" } else { "" }, milhares(n.unsigned_abs()))
}

/// `1 linha`, `2 linhas`.
pub fn conta(count: impl TryInto<i64>, um: &str, varios: &str) -> String {
    let count: i64 = count.try_into().unwrap_or(i64::MAX);
    format!("{} {}", n(count), if count == 1 { um } else { varios })
}

/// A stored date as people read it; anything else as it is.
pub fn data(iso: &str) -> String {
    match iso.parse::<chrono::NaiveDate>() {
        Ok(d) => br(d),
        Err(_) => iso.to_owned(),
    }
}

/// `2023-08-04T02:41:07-03:00` as `04/08/2023 02:41`; anything else as it is, escaped.
pub fn momento(iso: &str) -> String {
    match (iso.get(..10), iso.get(11..16)) {
        (Some(day), Some(time)) => format!("{} {}", data(day), escape(time)),
        _ => escape(iso),
    }
}

/// An error: what happened, why, and as the last line what to do.
pub fn erro(e: &anyhow::Error, hint: Option<&str>, color: bool) {
    let mut err = std::io::stderr().lock();
    let red = color && std::io::stderr().is_terminal();
    let head = if red { "\x1b[31merro:\x1b[0m" } else { "erro:" };
    // stderr may be closed: nothing is left to tell it to
    let _ = writeln!(err, "{head} {}", corrente(e));
    if let Some(h) = hint {
        let _ = writeln!(err, "   {h}");
    }
}

/// An error and its causes in one line, the operating system's part in Portuguese.
pub fn corrente(e: &anyhow::Error) -> String {
    let told = |c: &(dyn std::error::Error + 'static)| match c.downcast_ref::<std::io::Error>() {
        Some(io) => em_portugues(io),
        None => c.to_string(),
    };
    let mut chain: Vec<String> = e.chain().map(|c| escape(&told(c))).collect();
    chain.dedup_by(|b, a| a.contains(b.as_str()));
    chain.join(": ")
}

/// A sheet of ours whose own line breaks stand: nothing else in it moves a terminal (SE7). What comes from outside
/// goes through [`escape`] where it enters.
pub fn folha(s: &str) -> String {
    s.split('\n').map(escape).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milhares_e_controles() {
        assert_eq!(
            (n(0), n(999), n(12_480), n(1_000_000)),
            ("0".into(), "999".into(), "12.480".into(), "1.000.000".into())
        );
        assert_eq!(folha("a\u{1b}[2J\r\nb\u{202e}\n"), "a\\u{1b}[2J\\r\nb\\u{202e}\n");
    }

    #[test]
    fn se7_o_que_outra_maquina_diz_nao_forja_uma_linha() {
        let said = std::io::Error::other("550 \u{1b}[31mno\nerro: tudo bem\u{202e}");
        let e = anyhow::Error::new(said).context("a\nb");
        assert_eq!(corrente(&e), "a\\nb: 550 \\u{1b}[31mno\\nerro: tudo bem\\u{202e}");
    }
}
