//! The delimited files: acordos baixados, batimento, telefones, refin, massivas.

use super::contrato::{faixa_atraso, meses};
use super::fixos::{ASSESSORIA, MOTIVO};
use super::linha::Tabela;
use super::noite::vespera;
use super::pessoa::Telefone;
use super::{Carteira, Sorteio};
use chrono::{Datelike, Days, NaiveDate};
use std::collections::HashSet;
use std::io::{self, Write};

const CANAL_TELEFONES: u64 = 8;

fn data(d: NaiveDate) -> String {
    format!("{:02}/{:02}/{:04}", d.day(), d.month(), d.year())
}

/// `1.234,56`.
fn reais(centavos: u64) -> String {
    let inteiros = (centavos / 100).to_string();
    let mut s = String::with_capacity(inteiros.len() + 6);
    for (i, c) in inteiros.chars().enumerate() {
        if i > 0 && (inteiros.len() - i).is_multiple_of(3) {
            s.push('.');
        }
        s.push(c);
    }
    format!("{s},{:02}", centavos % 100)
}

/// `1,66%` from a rate with four implied decimals.
fn taxa(t: u64) -> String {
    format!("{},{:02}%", t / 10_000, t / 100 % 100)
}

impl Carteira {
    /// Writes acordos baixados (15 columns) for these contracts.
    ///
    /// # Errors
    /// Those of the writer and of the layout.
    pub fn escreve_acordos_baixados(&self, w: &mut impl Write, dia: NaiveDate, quais: &[usize]) -> io::Result<()> {
        let mut t = Tabela::new(self.record("acordos_baixados", "linha")?, w)?;
        for c in quais.iter().map(|i| self.contrato(*i)) {
            let (p, d) = (self.cliente(c.cliente), self.divida(&c, dia));
            let valor = reais(d.valor_atualizado);
            t.linha(
                w,
                &[
                    self.ascob(),
                    ASSESSORIA,
                    &self.numero_acordo(&c),
                    "1",
                    &c.nosso_numero(c.pagas + 1),
                    &data(dia + Days::new(5)),
                    &data(vespera(dia)),
                    &valor,
                    &valor,
                    MOTIVO,
                    "Boleto",
                    &p.documento,
                    &p.nome,
                    c.numero_csv(),
                    &c.parcelas_negociadas(d.vencidas),
                ],
            )?;
        }
        Ok(())
    }

    /// Writes batimento: every contract but these.
    ///
    /// # Errors
    /// Those of the writer and of the layout.
    pub fn escreve_batimento(&self, w: &mut impl Write, dia: NaiveDate, fora: &[usize]) -> io::Result<()> {
        let fora: HashSet<usize> = fora.iter().copied().collect();
        let mut t = Tabela::new(self.record("batimento", "linha")?, w)?;
        let envio = data(dia);
        for c in self.todos().filter(|c| !fora.contains(&c.indice)) {
            t.linha(
                w,
                &[
                    c.numero_csv(),
                    &(c.pagas + 1).to_string(),
                    &envio,
                    c.carteira,
                    self.ascob(),
                    ASSESSORIA,
                    c.produto,
                    &self.divida(&c, dia).dias_atraso.to_string(),
                ],
            )?;
        }
        Ok(())
    }

    /// Writes telefones for every third contract: new numbers, now and then a known one, gaps, no score.
    ///
    /// # Errors
    /// Those of the writer and of the layout.
    pub fn escreve_telefones(&self, w: &mut impl Write, dia: NaiveDate) -> io::Result<()> {
        self.telefones(w, dia, false)
    }

    /// The same numbers in the six columns with one score, that of the first number, for all.
    ///
    /// # Errors
    /// Those of the writer and of the layout.
    pub fn escreve_telefones_um_score(&self, w: &mut impl Write, dia: NaiveDate) -> io::Result<()> {
        self.telefones(w, dia, true)
    }

    fn telefones(&self, w: &mut impl Write, dia: NaiveDate, um_score: bool) -> io::Result<()> {
        // SCORE, or SCORE1 and its like
        let quer = |campo: &str| !campo.starts_with("score") || (campo == "score") == um_score;
        let mut t = Tabela::com(self.record("telefones", "linha")?, quer, w)?;
        let canal = CANAL_TELEFONES + (u64::from(dia.num_days_from_ce().unsigned_abs()) << 8);
        for c in self.todos().filter(|c| c.indice % 3 == 1) {
            let p = self.cliente(c.cliente);
            let mut s = Sorteio::de(self.seed, canal, c.indice as u64);
            let ddd = p.telefones.first().map_or("11", |f| f.ddd);
            let mut novo = || format!("{ddd}9{}{:07}", s.entre(6, 9), s.ate(10_000_000));
            let mut fones = [novo(), novo(), novo()];
            if let Some(f) = p.telefones.first().filter(|_| s.chance(25)) {
                fones[0] = f.completo();
            }
            if s.chance(20) {
                fones[1].clear();
            }
            if s.chance(50) {
                fones[2].clear();
            }
            let notas = [0, 1, 2].map(|i: usize| {
                let nota = s.entre(1, 100).to_string();
                if fones[i].is_empty() || s.chance(10) { String::new() } else { nota }
            });
            let [f1, f2, f3] = &fones;
            let [n1, n2, n3] = &notas;
            match um_score {
                true => t.linha(w, &[&p.documento, c.numero_csv(), f1, f2, f3, n1])?,
                false => t.linha(w, &[&p.documento, c.numero_csv(), f1, n1, f2, n2, f3, n3])?,
            }
        }
        Ok(())
    }

    /// Writes refin: an offer for every fourth contract.
    ///
    /// # Errors
    /// Those of the writer and of the layout.
    pub fn escreve_refin(&self, w: &mut impl Write, dia: NaiveDate) -> io::Result<()> {
        let mut t = Tabela::new(self.record("refin", "linha")?, w)?;
        for c in self.todos().filter(|c| c.indice % 4 == 2) {
            let d = self.divida(&c, dia);
            let plano = u64::from(c.prazo) + 10;
            let total = d.valor_atualizado + d.valor_a_vencer;
            let entrada = total / 40;
            let parcela = (total - entrada) * 12 / 10 / (plano - 1);
            let primeira = meses(dia + Days::new(7), 0);
            t.linha(
                w,
                &[
                    c.numero_csv(),
                    faixa_atraso(d.dias_atraso),
                    "01, Melhor",
                    &d.vencidas.to_string(),
                    &d.a_vencer.to_string(),
                    &(d.vencidas + d.a_vencer).to_string(),
                    &c.prazo.to_string(),
                    &reais(c.valor_parcela),
                    &reais(entrada),
                    &plano.to_string(),
                    &(plano - 1).to_string(),
                    &reais(parcela),
                    &reais(entrada + parcela * (plano - 1)),
                    &taxa(c.taxa_mensal),
                    &taxa(c.taxa_mensal * 13),
                    &data(primeira),
                    &data(meses(primeira, plano as i32 - 2)),
                    ASSESSORIA,
                    &(1 + c.indice % 3).to_string(),
                ],
            )?;
        }
        Ok(())
    }

    /// Writes a WhatsApp massiva for every fifth contract that stays in collection and whose client may be
    /// messaged.
    ///
    /// # Errors
    /// Those of the writer and of the layout.
    pub fn escreve_massiva_whatsapp(&self, w: &mut impl Write, dia: NaiveDate) -> io::Result<()> {
        let mut t = Tabela::new(self.record("massiva_whatsapp", "linha")?, w)?;
        let fora: HashSet<usize> = self.fora_do_batimento(dia).into_iter().chain(self.baixas(dia)).collect();
        for c in self.todos().filter(|c| c.indice % 5 == 2 && !c.falecido && !c.nao_perturbe) {
            if fora.contains(&c.indice) {
                continue;
            }
            let p = self.cliente(c.cliente);
            let jornada = if c.indice % 2 == 0 { "jornada1" } else { "Jornada2" };
            if let Some(f) = p.telefones.iter().find(|f| f.recebe_mensagem()) {
                let nome = p.nome.split(' ').next().unwrap_or_default();
                t.linha(w, &[c.numero_csv(), &f.completo(), nome, jornada])?;
            }
        }
        Ok(())
    }

    /// Writes the e-mail history for every sixth client with an address.
    ///
    /// # Errors
    /// Those of the writer and of the layout.
    pub fn escreve_massiva_email(&self, w: &mut impl Write, dia: NaiveDate) -> io::Result<()> {
        let mut t = Tabela::new(self.record("massiva_email", "linha")?, w)?;
        for i in (0..self.clientes()).step_by(6) {
            let p = self.cliente(i);
            if let Some(e) = p.emails.first() {
                let hora = format!("{} 08:{:02}:{:02}", data(vespera(dia)), i % 60, i % 59);
                t.linha(w, &[&protocolo("E", dia, i), &p.documento, e, &hora])?;
            }
        }
        Ok(())
    }

    /// Writes the SMS history for every seventh client with a mobile.
    ///
    /// # Errors
    /// Those of the writer and of the layout.
    pub fn escreve_massiva_sms(&self, w: &mut impl Write, dia: NaiveDate) -> io::Result<()> {
        let mut t = Tabela::new(self.record("massiva_sms", "linha")?, w)?;
        for i in (0..self.clientes()).step_by(7) {
            let p = self.cliente(i);
            if let Some(f) = p.telefones.iter().find(|f| Telefone::recebe_mensagem(f)) {
                let hora = format!("{} 09:{:02}:{:02}", data(vespera(dia)), i % 60, i % 59);
                let texto = "Assessoria Exemplo: há uma proposta para o seu contrato; responda SIM";
                t.linha(w, &[&protocolo("S", dia, i), &f.completo(), &hora, texto])?;
            }
        }
        Ok(())
    }
}

fn protocolo(tipo: &str, dia: NaiveDate, i: usize) -> String {
    format!("{tipo}{:04}{:02}{:02}{i:06}", dia.year(), dia.month(), dia.day())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notacao_brasileira() {
        assert_eq!(reais(2_381_480), "23.814,80");
        assert_eq!(reais(5), "0,05");
        assert_eq!(reais(12_345_678_900), "123.456.789,00");
        assert_eq!(taxa(16_600), "1,66%");
    }
}
