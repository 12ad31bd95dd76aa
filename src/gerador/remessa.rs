//! Remessa: one line of 280 fields for each contract, filled in the order of the layout.

use super::contrato::{Contrato, Divida, faixa_atraso};
use super::linha::Linha;
use super::noite::vespera;
use super::pessoa::{self, Endereco, Pessoa};
use super::{Carteira, documento};
use chrono::{Datelike, Days, NaiveDate};
use std::io::{self, Write};

impl Carteira {
    /// Writes remessa.
    ///
    /// # Errors
    /// Those of the writer and of the layout.
    pub fn escreve_remessa(&self, w: &mut impl Write, dia: NaiveDate) -> io::Result<()> {
        let mut l = Linha::new(self.record("remessa", "contrato")?);
        for c in self.todos() {
            self.linha_remessa(&mut l, c.indice, dia);
            l.escreve(w)?;
        }
        Ok(())
    }

    pub(super) fn linha_remessa(&self, l: &mut Linha<'_>, i: usize, dia: NaiveDate) {
        let c = self.contrato(i);
        let p = self.cliente(c.cliente);
        let (d, em) = (self.divida(&c, dia), vespera(dia));
        self.identificacao(l, &c, &d, em);
        ficha(l, &c, &p, &d);
        flags(l, &c, em);
        conjuge_e_empresa(l, &p, self.seed);
        contatos(l, &p);
        if c.tem_avalista {
            avalista(l, &pessoa::avalista(self.seed, i as u64));
        }
        contrato(l, &c);
        divida(l, &c, &d, em);
        l.num("sequencial_registro", i as u64 + 1);
    }

    fn identificacao(&self, l: &mut Linha<'_>, c: &Contrato, d: &Divida, em: NaiveDate) {
        l.limpa().set("tipo_registro", "1").set("codigo_assessoria", self.ascob()).set("contrato", &c.numero);
        l.num("codigo_empresa", 1).set("nome_empresa", "Banco Exemplo").num("codigo_filial", 10);
        l.set("codigo_carteira", c.carteira).set("nome_carteira", "Veículos");
        l.set("codigo_produto", if c.tipo_bem == "MO" { "CDCM" } else { "CDCV" }).set("nome_produto", c.produto);
        l.set("fase_cobranca", if d.dias_atraso > 120 { "F3" } else { "F2" });
        l.set("faixa_atraso", faixa_atraso(d.dias_atraso)).data("data_remessa", em).set("tipo_movimento", "A");
    }
}

fn ficha(l: &mut Linha<'_>, c: &Contrato, p: &Pessoa, d: &Divida) {
    l.set("id_cliente_credor", &format!("C{:010}", p.numero));
    l.set("tipo_pessoa", if p.juridica { "J" } else { "F" }).set("cpf_cnpj_cliente", &p.documento);
    l.set("nome_cliente", &p.nome);
    if p.juridica {
        l.set("nome_fantasia", p.nome.trim_end_matches(" Ltda"));
    }
    l.data("data_nascimento", p.nascimento);
    if !p.juridica {
        pessoa_fisica(l, p);
    }
    l.num("renda_mensal", p.renda).num("outras_rendas", 0).num("valor_patrimonio", p.renda * 20);
    l.num("score_credito", d.score_credito).num("score_cobranca", d.score_cobranca);
    l.set("classificacao_risco", ["AA", "A", "B", "C", "D", "E"][c.indice % 6]);
}

fn pessoa_fisica(l: &mut Linha<'_>, p: &Pessoa) {
    l.set("sexo", if p.mulher { "F" } else { "M" }).set("estado_civil", if p.conjuge.is_some() { "2" } else { "1" });
    l.set("nome_mae", &p.mae).set("nome_pai", &p.pai).set("nacionalidade", "Brasileira");
    if let Some(e) = p.enderecos.first() {
        l.set("naturalidade", e.lugar().cidade).set("uf_naturalidade", e.lugar().uf);
        l.set("tipo_documento", "RG").set("numero_documento", &p.rg).set("orgao_emissor", "SSP");
        l.set("uf_orgao_emissor", e.lugar().uf);
    }
    l.data("data_emissao_documento", p.nascimento + Days::new(18 * 366));
    l.num("grau_instrucao", 1 + p.numero % 8).num("quantidade_dependentes", p.numero % 4);
    l.num("tipo_residencia", 1 + p.numero % 3).data("data_residencia_desde", p.nascimento + Days::new(20 * 366));
    l.set("profissao", p.profissao).set("ocupacao", if p.empregado { "Assalariado" } else { "Autônomo" });
}

fn flags(l: &mut Linha<'_>, c: &Contrato, em: NaiveDate) {
    l.flag("flag_funcionario", false).flag("flag_falecido", c.falecido);
    l.flag("flag_nao_perturbe", c.nao_perturbe).flag("flag_acao_judicial", c.indice % 90 == 12);
    l.flag("flag_negativado", c.negativado);
    if c.negativado {
        let negativado = (c.vencimento(c.pagas + 1) + Days::new(15)).min(em);
        l.data("data_negativacao", negativado);
    }
}

fn conjuge_e_empresa(l: &mut Linha<'_>, p: &Pessoa, seed: u64) {
    if let Some(c) = &p.conjuge {
        l.set("conjuge_nome", &c.nome).set("conjuge_cpf", &c.cpf).data("conjuge_data_nascimento", c.nascimento);
        l.set("conjuge_profissao", "Comerciante").num("conjuge_renda", p.renda / 2);
        l.set("conjuge_ddd_celular", c.telefone.ddd).set("conjuge_celular", &c.telefone.numero);
    }
    if let Some(e) = p.enderecos.first().filter(|_| p.empregado) {
        let empresa = p.numero % 97;
        l.set("empresa_trabalho_nome", &format!("Empresa Exemplo {empresa} Ltda"));
        l.set("empresa_trabalho_cnpj", &documento::cnpj(90_000_000 + empresa, seed, false));
        l.set("empresa_trabalho_cargo", p.profissao);
        l.data("empresa_trabalho_data_admissao", p.nascimento + Days::new(22 * 366));
        l.set("empresa_trabalho_logradouro", "Avenida do Comércio").num("empresa_trabalho_numero", 100 + empresa);
        l.set("empresa_trabalho_bairro", "Centro").set("empresa_trabalho_cidade", e.lugar().cidade);
        l.set("empresa_trabalho_uf", e.lugar().uf).set("empresa_trabalho_cep", &e.cep);
        l.set("empresa_trabalho_ddd", e.lugar().ddd).num("empresa_trabalho_telefone", 33_000_000 + empresa);
        l.num("empresa_trabalho_ramal", 1 + empresa);
    }
}

fn contatos(l: &mut Linha<'_>, p: &Pessoa) {
    for (n, e) in (1..).zip(&p.enderecos) {
        endereco(l, n, e);
    }
    for (n, t) in (1..).zip(&p.telefones) {
        l.grupo("telefone_", n, "_tipo", t.tipo).grupo("telefone_", n, "_ddd", t.ddd);
        l.grupo("telefone_", n, "_numero", &t.numero);
        l.grupo("telefone_", n, "_situacao", if t.ativo { "A" } else { "I" });
    }
    for (n, e) in (1..).zip(&p.emails) {
        l.grupo("email_", n, "", e);
    }
    for (n, r) in (1..).zip(&p.referencias) {
        l.grupo("referencia_", n, "_nome", &r.nome).grupo("referencia_", n, "_vinculo", "Amigo");
        l.grupo("referencia_", n, "_ddd", r.telefone.ddd).grupo("referencia_", n, "_telefone", &r.telefone.numero);
    }
}

fn endereco(l: &mut Linha<'_>, n: usize, e: &Endereco) {
    l.grupo("endereco_", n, "_tipo", e.tipo).grupo("endereco_", n, "_logradouro", e.logradouro);
    l.grupo("endereco_", n, "_numero", &e.numero).grupo("endereco_", n, "_complemento", &e.complemento);
    l.grupo("endereco_", n, "_bairro", e.bairro).grupo("endereco_", n, "_cidade", e.lugar().cidade);
    l.grupo("endereco_", n, "_uf", e.lugar().uf).grupo("endereco_", n, "_cep", &e.cep);
    l.grupo("endereco_", n, "_correspondencia", if n == 1 { "S" } else { "N" });
}

fn avalista(l: &mut Linha<'_>, a: &Pessoa) {
    l.set("avalista_1_tipo_pessoa", "F").set("avalista_1_cpf_cnpj", &a.documento).set("avalista_1_nome", &a.nome);
    l.data("avalista_1_data_nascimento", a.nascimento);
    if let Some(e) = a.enderecos.first() {
        l.set("avalista_1_logradouro", e.logradouro).set("avalista_1_numero", &e.numero);
        l.set("avalista_1_complemento", &e.complemento).set("avalista_1_bairro", e.bairro);
        l.set("avalista_1_cidade", e.lugar().cidade).set("avalista_1_uf", e.lugar().uf).set("avalista_1_cep", &e.cep);
    }
    if let Some(t) = a.telefones.first() {
        l.set("avalista_1_ddd", t.ddd).set("avalista_1_telefone", &t.numero);
    }
}

fn contrato(l: &mut Linha<'_>, c: &Contrato) {
    let aberta = c.vencimento(c.pagas + 1);
    let assinado = c.primeiro_vencimento - Days::new(30);
    l.set("numero_proposta", &format!("P{:010}", c.indice)).num("codigo_loja", 100 + c.indice as u64 % 40);
    l.set("nome_loja", "Loja Exemplo de Veículos").set("uf_loja", "SP");
    l.data("data_contrato", assinado).data("data_liberacao", assinado + Days::new(1));
    l.data("data_primeiro_vencimento", c.primeiro_vencimento).data("data_ultimo_vencimento", c.vencimento(c.prazo));
    l.num("prazo", u64::from(c.prazo)).set("periodicidade", "M").set("indexador", "PRE");
    l.num("taxa_juros_mensal", c.taxa_mensal).num("taxa_juros_anual", c.taxa_mensal * 13);
    l.num("taxa_cet_anual", c.taxa_mensal * 14).num("percentual_multa", 200).num("percentual_mora_diaria", 1_000);
    l.num("valor_financiado", c.valor_financiado).num("valor_entrada", c.valor_bem - c.valor_financiado);
    l.num("valor_bem", c.valor_bem).num("valor_parcela", c.valor_parcela);
    l.num("valor_total_contrato", c.valor_parcela * u64::from(c.prazo));
    // what belongs to the contract but stands among the fields of the debt or after them
    l.data("data_entrada_cobranca", aberta + Days::new(1)).data("data_entrada_assessoria", aberta + Days::new(4));
    l.data("data_prevista_retirada", aberta + Days::new(540));
    l.set("forma_pagamento", if c.indice.is_multiple_of(3) { "BO" } else { "CA" }).flag("flag_alienacao", true);
    l.set("banco", "999").num("agencia", 1 + c.conta % 4_000).set("digito_agencia", "0");
    l.set("conta", &c.conta.to_string()).num("digito_conta", c.conta % 10).set("tipo_conta", "CC");
    l.set("bem_marca_modelo", &format!("{} {}", c.marca, c.modelo));
    l.num("bem_ano_modelo", u64::from(c.ano) + c.indice as u64 % 2).set("bem_placa", &c.placa);
    l.set("bem_chassi", &c.chassi).num("bem_renavam", c.renavam);
}

fn divida(l: &mut Linha<'_>, c: &Contrato, d: &Divida, em: NaiveDate) {
    let saldo = d.valor_atualizado + d.valor_a_vencer;
    let honorarios = d.valor_atualizado / 10;
    l.num("quantidade_parcelas_pagas", u64::from(c.pagas));
    l.num("quantidade_parcelas_vencidas", u64::from(d.vencidas));
    l.num("quantidade_parcelas_a_vencer", u64::from(d.a_vencer)).num("dias_atraso", d.dias_atraso);
    l.set("situacao_contrato", "AT").num("primeira_parcela_aberta", u64::from(c.pagas) + 1);
    l.data("data_vencimento_primeira_aberta", c.vencimento(c.pagas + 1)).num("valor_primeira_aberta", c.valor_parcela);
    l.num("valor_vencido", d.valor_vencido).num("valor_a_vencer", d.valor_a_vencer);
    l.num("valor_principal_vencido", d.valor_vencido * 7 / 10).num("valor_juros", d.juros);
    l.num("valor_multa", d.multa).num("valor_encargos", 0).num("valor_iof", 0).num("valor_custas", 0);
    l.num("valor_honorarios", honorarios).num("percentual_honorarios", 1_000);
    l.num("valor_desconto_maximo", d.juros + d.multa).num("percentual_desconto_maximo", 1_500);
    l.num("valor_atualizado", d.valor_atualizado).num("valor_quitacao", saldo * 9 / 10).num("saldo_devedor", saldo);
    if c.pagas > 0 {
        l.data("data_ultimo_pagamento", c.vencimento(c.pagas)).num("valor_ultimo_pagamento", c.valor_parcela);
        l.num("parcela_ultimo_pagamento", u64::from(c.pagas));
    }
    l.num("quantidade_acordos_quebrados", c.indice as u64 % 3);
    l.data("data_ultimo_acionamento", em).set("codigo_ultimo_acionamento", "0101");
    if c.indice % 10 == 4 {
        l.set("observacao", &format!("Cliente pediu retorno após o dia {} – ligar à tarde", 1 + em.day() % 28));
    }
}
