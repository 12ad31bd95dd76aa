//! The brake: when a file waits for a person, and what ops read of it.

use super::super::passo::Freio;
use super::Batimento;
use crate::domain::dia::br;
use crate::domain::valores::milhares;

impl Batimento {
    /// Whether the file is stopped, and what ops read of it.
    pub(super) fn freia(&self) -> Freio {
        let (stops, why) = self.motivo().map_or_else(|| (false, self.cruzamento()), |why| (true, why));
        let (closings, active) = (self.resumo.baixas, self.resumo.ativos);
        Freio { stops, closings, active, message: self.mensagem(&why) }
    }

    /// Why the file would be stopped, if it would be.
    fn motivo(&self) -> Option<String> {
        let r = &self.resumo;
        if r.linhas == 0 {
            return Some("O arquivo só tem o cabeçalho, nenhum contrato.".into());
        }
        if r.ilegiveis > 0 {
            let (what, first) = match r.ilegiveis {
                1 => ("Em 1 linha".to_owned(), "é a linha"),
                k => (format!("Em {} linhas", milhares(k)), "a primeira é a linha"),
            };
            return Some(format!(
                "{what} o contrato não pôde ser lido ({first} {}): não se sabe qual contrato ela mantém. {}",
                r.primeira_ilegivel,
                self.cruzamento()
            ));
        }
        excede(r.baixas, r.ativos, self.max_baixas).then(|| self.cruzamento())
    }

    fn cruzamento(&self) -> String {
        let r = &self.resumo;
        format!(
            "O arquivo tem {} contratos, {} deles ativos na base; a base ativa tem {}.",
            milhares(r.presentes + r.desconhecidas),
            milhares(r.ativos_presentes),
            milhares(r.ativos)
        )
    }

    /// What ops read: what stands in the file, what it would do, what the one before was like.
    fn mensagem(&self, motivo: &str) -> String {
        let r = &self.resumo;
        let mut m = format!("{motivo} Aplicá-lo baixaria {} contrato{}", milhares(r.baixas), plural(r.baixas));
        if r.ativos > 0 {
            m.push_str(&format!(" ({} da base ativa)", por_cento(fracao(r.baixas, r.ativos))));
        }
        m.push_str(&format!(". O limite é {}.", por_cento(self.max_baixas)));
        if let Some((day, lines)) = self.anterior {
            m.push_str(&format!(" O batimento de {} tinha {} linha{}.", br(day), milhares(lines), plural(lines)));
            if r.linhas * 2 < lines {
                m.push_str(" O arquivo parece truncado.");
            }
        }
        m
    }
}

fn plural(n: u64) -> &'static str {
    if n == 1 { "" } else { "s" }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of contracts are far below 2^52")]
fn fracao(parte: u64, todo: u64) -> f64 {
    parte as f64 / todo as f64
}

/// Closings above the limit; exactly the limit is not above it, whatever its last binary digit.
fn excede(baixas: u64, ativos: u64, limite: f64) -> bool {
    baixas > 0 && (ativos == 0 || fracao(baixas, ativos) > limite + 1e-12)
}

/// `90,08 %`, `30 %`.
fn por_cento(f: f64) -> String {
    let text = format!("{:.2}", f * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.').replace('.', ","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_acima_do_limite_e_freio() {
        assert!(!excede(30, 100, 0.30));
        assert!(excede(31, 100, 0.30));
        assert!(!excede(29, 100, 0.29), "0.29 is no binary fraction");
        assert!(!excede(300_000, 1_000_000, 0.3) && excede(300_001, 1_000_000, 0.3));
        assert!(!excede(0, 0, 0.0));
        assert!(excede(1, 0, 0.30), "only blocked ones left: all of nothing");
        assert!(excede(1, 100, 0.0));
    }

    #[test]
    fn por_cento_como_se_le() {
        assert_eq!(por_cento(0.30), "30 %");
        assert_eq!(por_cento(fracao(10_911, 12_113)), "90,08 %");
        assert_eq!(por_cento(0.0), "0 %");
        assert_eq!(por_cento(1.0), "100 %");
    }
}
