//! The fixed files besides remessa: parcelas, garantias, baixa by acordo, exclusao.

use super::contrato::Contrato;
use super::linha::Linha;
use super::noite::vespera;
use super::{Carteira, pessoa};
use chrono::{Days, NaiveDate};
use std::io::{self, Write};

pub(super) const ASSESSORIA: &str = "Assessoria Exemplo";

impl Carteira {
    /// Writes parcelas: every parcela of every contract.
    ///
    /// # Errors
    /// Those of the writer and of the layout.
    pub fn escreve_parcelas(&self, w: &mut impl Write, dia: NaiveDate) -> io::Result<()> {
        let mut l = Linha::new(self.record("parcelas", "parcela")?);
        for c in self.todos() {
            for n in 1..=c.prazo {
                self.linha_parcela(&mut l, &c, n, dia);
                l.escreve(w)?;
            }
        }
        Ok(())
    }

    pub(super) fn linha_parcela(&self, l: &mut Linha<'_>, c: &Contrato, n: u32, dia: NaiveDate) {
        let p = c.parcela(n, vespera(dia));
        let situacao = match (p.paga, p.dias_atraso) {
            (true, _) => "P",
            (_, 0) => "A",
            _ => "V",
        };
        self.cabeca(l, "1", c);
        l.num("numero_parcela", u64::from(p.numero)).num("quantidade_parcelas", u64::from(c.prazo));
        l.data("data_vencimento", p.vencimento).num("valor_parcela", c.valor_parcela);
        l.num("valor_principal", c.valor_parcela * 7 / 10);
        l.num("valor_juros_mora", p.juros).num("valor_multa", p.multa).num("valor_encargos", 0);
        l.num("valor_desconto", 0).num("valor_atualizado", p.atualizado);
        l.num("dias_atraso", p.dias_atraso).set("situacao_parcela", situacao);
        if p.paga {
            l.data("data_pagamento", p.vencimento).num("valor_pago", c.valor_parcela);
        }
        l.set("nosso_numero", &c.nosso_numero(p.numero));
    }

    fn cabeca(&self, l: &mut Linha<'_>, tag: &str, c: &Contrato) {
        l.limpa().set("tipo_registro", tag).set("codigo_assessoria", self.ascob()).set("contrato", &c.numero);
    }

    /// Writes garantias: a vehicle for each contract, for some another garantia or a garantidor.
    ///
    /// # Errors
    /// Those of the writer and of the layout.
    pub fn escreve_garantias(&self, w: &mut impl Write, dia: NaiveDate) -> io::Result<()> {
        let mut veiculo = Linha::new(self.record("garantias", "veiculo")?);
        let mut outra = Linha::new(self.record("garantias", "outra")?);
        let mut garantidor = Linha::new(self.record("garantias", "garantidor")?);
        for c in self.todos() {
            self.linha_veiculo(&mut veiculo, &c, dia);
            veiculo.escreve(w)?;
            if c.tem_outra_garantia {
                self.cabeca(&mut outra, "2", &c);
                outra.num("sequencia_garantia", 2).set("tipo_garantia", "SE");
                outra.set("descricao_garantia", "Seguro prestamista").num("valor_garantia", c.valor_financiado / 2);
                outra.escreve(w)?;
            }
            if c.tem_avalista {
                self.linha_garantidor(&mut garantidor, &c);
                garantidor.escreve(w)?;
            }
        }
        Ok(())
    }

    pub(super) fn linha_veiculo(&self, l: &mut Linha<'_>, c: &Contrato, dia: NaiveDate) {
        let p = self.cliente(c.cliente);
        self.cabeca(l, "1", c);
        l.num("sequencia_garantia", 1).set("cpf_cnpj_cliente", &p.documento).set("nome_cliente", &p.nome);
        l.set("tipo_bem", c.tipo_bem).set("descricao_bem", &format!("{} {}", c.marca, c.modelo));
        l.set("marca", c.marca).set("modelo", c.modelo);
        l.num("ano_fabricacao", u64::from(c.ano)).num("ano_modelo", u64::from(c.ano) + c.indice as u64 % 2);
        l.set("cor", c.cor).set("placa", &c.placa).set("chassi", &c.chassi).num("renavam", c.renavam);
        l.set("combustivel", if c.tipo_bem == "CA" { "DIESEL" } else { "FLEX" }).num("valor_bem", c.valor_bem);
        l.data("data_avaliacao", vespera(dia) - Days::new(30 + c.indice as u64 % 60));
    }

    fn linha_garantidor(&self, l: &mut Linha<'_>, c: &Contrato) {
        let a = pessoa::avalista(self.seed, c.indice as u64);
        self.cabeca(l, "3", c);
        l.num("sequencia_garantia", 3).set("tipo_vinculo", "AV");
        l.set("cpf_cnpj_garantidor", &a.documento).set("nome_garantidor", &a.nome);
        if let Some(e) = a.enderecos.first() {
            l.set("endereco", &format!("{}, {} {} - {}", e.logradouro, e.numero, e.complemento, e.bairro));
            l.set("cidade", e.lugar().cidade).set("uf", e.lugar().uf).set("cep", &e.cep);
        }
        if let Some(t) = a.telefones.first() {
            l.set("telefone", &t.completo());
        }
    }

    /// Writes the fixed file of acordos for these contracts.
    ///
    /// # Errors
    /// Those of the writer and of the layout.
    pub fn escreve_baixa_acordo(&self, w: &mut impl Write, dia: NaiveDate, quais: &[usize]) -> io::Result<()> {
        let mut l = Linha::new(self.record("baixa_acordo", "acordo")?);
        for (seq, c) in quais.iter().map(|i| self.contrato(*i)).enumerate() {
            let (p, d, movimento) = (self.cliente(c.cliente), self.divida(&c, dia), vespera(dia));
            self.cabeca(&mut l, "1", &c);
            l.set("nome_assessoria", ASSESSORIA).set("numero_acordo", &self.numero_acordo(&c));
            l.num("numero_parcela_acordo", 1).set("nosso_numero", &c.nosso_numero(c.pagas + 1));
            l.data("data_vencimento", dia + Days::new(5)).data("data_movimento", movimento);
            l.num("valor_movimento", d.valor_atualizado).num("total_divida", d.valor_atualizado);
            l.num("codigo_motivo", 1).set("descricao_motivo", MOTIVO).set("local_recebimento", "Boleto");
            l.set("cpf_cnpj_cliente", &p.documento).set("nome_cliente", &p.nome);
            l.set("parcelas_negociadas", &c.parcelas_negociadas(d.vencidas)).data("data_acordo", movimento);
            l.set("tipo_acordo", if d.vencidas > 1 { "P" } else { "A" }).num("quantidade_parcelas_acordo", 1);
            l.set("codigo_carteira", c.carteira).num("sequencial_registro", seq as u64 + 1);
            l.escreve(w)?;
        }
        Ok(())
    }

    /// Writes exclusao for these contracts; the document is left blank in every fourth line.
    ///
    /// # Errors
    /// Those of the writer and of the layout.
    pub fn escreve_exclusao(&self, w: &mut impl Write, dia: NaiveDate, quais: &[usize]) -> io::Result<()> {
        let mut l = Linha::new(self.record("exclusao", "exclusao")?);
        for (n, c) in quais.iter().map(|i| self.contrato(*i)).enumerate() {
            l.limpa().set("contrato", &c.numero);
            if n % 4 != 3 {
                l.set("cpf_cnpj_cliente", &self.cliente(c.cliente).documento);
            }
            l.data("data_movimento", vespera(dia)).set("tipo_movimento", if n % 2 == 0 { "E" } else { "R" });
            l.num("codigo_motivo", 7).escreve(w)?;
        }
        Ok(())
    }
}

pub(super) const MOTIVO: &str = "Acordo à vista";

impl Contrato {
    /// The first two overdue parcelas, separated by a comma.
    pub(super) fn parcelas_negociadas(&self, vencidas: u32) -> String {
        let primeira = self.pagas + 1;
        if vencidas > 1 { format!("{primeira},{}", primeira + 1) } else { primeira.to_string() }
    }
}
