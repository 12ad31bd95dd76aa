//! Verdicts: what `doctor` and `config check` look at and how both say it.

use super::app::escreve;
use super::exit;
use super::texto::{escape, folha};
use crate::atendimento::tabulacoes::Tabulacoes;
use crate::clock::Clock;
use crate::config::Config;
use serde_json::json;

/// How something stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Nota {
    /// As it should be.
    Bom,
    /// Worth a look; no exit code.
    Aviso,
    /// Wrong.
    Erro,
}

/// One line.
pub struct Linha {
    /// What was looked at.
    pub o_que: String,
    /// How it stands.
    pub nota: Nota,
    /// What was found.
    pub diz: String,
    /// What to do about it.
    pub faca: Option<String>,
    /// Exit code.
    pub codigo: i64,
}

/// It is as it should be.
pub fn bom(o_que: impl Into<String>, diz: impl Into<String>) -> Linha {
    Linha { o_que: o_que.into(), nota: Nota::Bom, diz: diz.into(), faca: None, codigo: exit::OK }
}

/// Worth a look.
pub fn aviso(o_que: &str, diz: impl Into<String>, faca: &str) -> Linha {
    Linha { nota: Nota::Aviso, faca: Some(faca.to_owned()), ..bom(o_que, diz) }
}

/// It is wrong.
pub fn erro(o_que: impl Into<String>, diz: impl Into<String>, faca: Option<String>, codigo: i64) -> Linha {
    Linha { nota: Nota::Erro, faca, codigo, ..bom(o_que, diz) }
}

/// A verdict a line, on stdout.
pub fn conta(l: &Linha, json: bool) {
    let word = match l.nota {
        Nota::Bom => "ok",
        Nota::Aviso => "warning",
        Nota::Erro => "error",
    };
    let text = if json {
        json!({"check": l.o_que, "state": word, "message": l.diz, "hint": l.faca, "exit": l.codigo}).to_string()
    } else {
        let mark = match l.nota {
            Nota::Bom => "ok   ",
            Nota::Aviso => "AVISO",
            Nota::Erro => "ERRO ",
        };
        let hint = l.faca.as_ref().map(|f| format!("\n        → {f}")).unwrap_or_default();
        folha(&format!("{mark}  {}: {}{hint}", l.o_que, l.diz))
    };
    escreve(&text);
}

/// Each secret can be had, and by nobody else (SE3).
pub fn segredos(config: &Config) -> Vec<Linha> {
    let bad = config.secrets().filter_map(|(key, secret)| {
        let e = secret.read().err()?;
        let unused = "onde não se envia HSM, retire a seção [omne]";
        Some(erro(key, escape(&e.to_string()), (key == "omne.token").then(|| unused.into()), exit::USAGE))
    });
    bad.collect()
}

/// The tree of results, which only `serve` needs.
pub fn tabulacoes(config: &Config) -> Linha {
    match Tabulacoes::carrega(config) {
        Ok(all) => bom("tabulações", format!("{} resultados", all.len())),
        Err(e) => erro(
            "tabulações",
            escape(&e.to_string()),
            Some("corrija o arquivo; sem ele serve não começa".into()),
            exit::USAGE,
        ),
    }
}

/// The moment, and how the machine's zone differs: cron reckons in that one, atom never does.
pub fn hora(clock: &Clock) -> String {
    let now = clock.now();
    let zone = match now.longe() {
        0 => String::new(),
        away => format!("; o fuso da máquina mostra {}, e só o crontab conta por ele", tempo(away)),
    };
    format!("{} em São Paulo{zone}", now.iso())
}

/// `3h00 a mais`, of minutes.
pub fn tempo(minutes: i64) -> String {
    let side = if minutes > 0 { "a mais" } else { "a menos" };
    format!("{}h{:02} {side}", minutes.abs() / 60, minutes.abs() % 60)
}
