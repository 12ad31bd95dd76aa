//! A client as the JSON of `dadosCliente` (contract section 8), written straight from its rows.

use super::campos::{Linha, Valor};
use super::cliente::{Cliente, Item, Oferta};
use super::mailing::{Contrato, Mailing, escolhe};
use super::plano::{Conjunto, DO_CONTRATO, Fonte};
use crate::domain::situacao::status_da_ficha;
use crate::domain::telefones::{self, Telefone};
use crate::store::portal::PARTES;
use crate::store::schema::Tabela;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::json;
use std::collections::HashSet;

/// Origin of a contact that came with the remessa.
const REMESSA: &str = "remessa";
/// Origin of a contact that the Portal added.
const PORTAL: &str = "Portal";

/// A list that is written one by one, without being made first.
struct Lista<F>(F);

impl<F, I> Serialize for Lista<F>
where
    F: Fn() -> I,
    I: Iterator<Item: Serialize>,
{
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq((self.0)())
    }
}

impl Serialize for Cliente {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let text = |id| self.contratos.iter().find(|c| c.id == id).map(|c| c.contrato.as_str());
        let (h, third) = (&self.historico, &self.terceiros);
        let set = |items, set| Lista(move || itens(self, items, set));
        let mut m = s.serialize_map(None)?;
        m.serialize_entry("idCrm", &self.id)?;
        m.serialize_entry("idCampanha", &self.campanha)?;
        m.serialize_entry("status", status_da_ficha(self.contratos.iter().map(|c| c.situacao)).as_str())?;
        m.serialize_entry("mailing", &Mailing::de(self, escolhe(&self.contratos, h.soma.nao_contatar)))?;
        m.serialize_entry("contratos", &Lista(|| self.contratos.iter().map(|c| UmContrato(self, c))))?;
        m.serialize_entry("telefones_disponiveis", &Lista(|| telefones::une(&self.telefones).into_iter().map(fone)))?;
        m.serialize_entry("parcelas", &set(&self.parcelas, &self.plano.parcela))?;
        m.serialize_entry("enderecos_disponiveis", &Lista(|| enderecos(self)))?;
        m.serialize_entry("emails_disponiveis", &emails(self))?;
        m.serialize_entry("historico_atendimento", &h.ocorrencias(third))?;
        m.serialize_entry("garantias", &set(&self.garantias, &self.plano.garantia))?;
        m.serialize_entry("dadosRefin", &Lista(|| self.refin.iter().map(|o| UmaOferta(self, o))))?;
        m.serialize_entry("historicoWhatsapp", &h.whatsapp(third))?;
        m.serialize_entry("historicoMassivoEmail", &h.emails())?;
        m.serialize_entry("historicoMassivoSms", &h.sms(third, text))?;
        m.end()
    }
}

/// One of `contratos`: key, state, then every field of remessa that is not a third party's phone or e-mail; the
/// positions of a third party's number are null.
struct UmContrato<'a>(&'a Cliente, &'a Contrato);

impl<'a> UmContrato<'a> {
    fn valor(&self, fonte: &Fonte) -> Valor<'a> {
        let (c, plano) = (self.0, &self.0.plano);
        match *fonte {
            Fonte::Ficha(i) => plano.ficha.colunas.valor(&c.ficha, i),
            Fonte::Cadastro(i) => plano.cadastro.colunas.valor(&self.1.cadastro, i),
            Fonte::Divida(i) => plano.divida.colunas.valor(&self.1.divida, i),
            Fonte::Contato(tabela, ordem, i) => {
                let found = c.contatos.iter().find(|x| {
                    x.ordem == ordem
                        && x.contrato_id == self.1.id
                        && x.tabela == tabela
                        && !x.fone.is_some_and(|n| c.terceiros.contains(&n))
                });
                let columns = plano.contato(tabela).map(|l| &l.colunas);
                found.zip(columns).map_or(Valor::NADA, |(x, columns)| columns.valor(&x.campos, i))
            }
            Fonte::Nada => Valor::NADA,
        }
    }
}

impl Serialize for UmContrato<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let c = self.1;
        let [contrato, situacao, desde, ate] = DO_CONTRATO;
        let mut m = s.serialize_map(None)?;
        m.serialize_entry(contrato, &c.contrato)?;
        m.serialize_entry(situacao, c.situacao.as_str())?;
        m.serialize_entry(desde, &c.bloqueado_em)?;
        m.serialize_entry(ate, &c.bloqueado_ate)?;
        for (name, fonte) in &self.0.plano.campos {
            m.serialize_entry(name, &self.valor(fonte))?;
        }
        m.end()
    }
}

/// A row of parcelas or garantias: its contract, then the fields of its record.
struct UmItem<'a>(&'a Cliente, &'a Conjunto, &'a Item);

fn itens<'a>(c: &'a Cliente, items: &'a [Item], set: &'a Conjunto) -> impl Iterator<Item = UmItem<'a>> {
    items.iter().map(move |i| UmItem(c, set, i))
}

impl Serialize for UmItem<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let Self(client, set, item) = self;
        let columns = &set.lida.colunas;
        let mut m = s.serialize_map(None)?;
        m.serialize_entry("contrato", &contrato(client, item.contrato))?;
        for i in set.mostradas(item.k1) {
            if let Some((name, _)) = columns.colunas.get(*i) {
                m.serialize_entry(name, &columns.valor(&item.campos, *i))?;
            }
        }
        m.end()
    }
}

/// An offer (R028): contract, load date, then the fields of the layouts.
struct UmaOferta<'a>(&'a Cliente, &'a Oferta);

impl Serialize for UmaOferta<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut m = s.serialize_map(None)?;
        m.serialize_entry("contrato", &contrato(self.0, self.1.contrato))?;
        m.serialize_entry("dataCarga", &self.1.carregada_em)?;
        pares(&mut m, self.0.plano.refin.colunas.pares(&self.1.campos))?;
        m.end()
    }
}

/// An address: of the remessa with its contract, or the Portal's; both have the same keys.
enum Endereco<'a> {
    Remessa(&'a Cliente, &'a Linha, &'a str),
    Portal(&'a Cliente, &'a [Option<String>; 8]),
}

fn enderecos(c: &Cliente) -> impl Iterator<Item = Endereco<'_>> {
    let of = move |k: &'_ Contrato| {
        let id = k.id;
        c.contatos.iter().filter(move |x| x.tabela == Tabela::Endereco && x.contrato_id == id)
    };
    let ours = c.contratos.iter().flat_map(move |k| of(k).map(|x| Endereco::Remessa(c, &x.campos, &k.contrato)));
    ours.chain(c.enderecos_do_portal.iter().map(move |e| Endereco::Portal(c, e)))
}

impl Serialize for Endereco<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut m = s.serialize_map(None)?;
        match self {
            Self::Remessa(c, columns, contract) => {
                pares(&mut m, c.plano.endereco.colunas.pares(columns))?;
                m.serialize_entry("origem", REMESSA)?;
                m.serialize_entry("contrato", contract)?;
            }
            Self::Portal(c, parts) => {
                for (name, _) in &c.plano.endereco.colunas.colunas {
                    let part = PARTES.iter().position(|p| p == name).and_then(|i| parts.get(i));
                    m.serialize_entry(name, &part.and_then(Option::as_deref))?;
                }
                m.serialize_entry("origem", PORTAL)?;
                m.serialize_entry("contrato", &None::<&str>)?;
            }
        }
        m.end()
    }
}

fn pares<'a, M: SerializeMap>(m: &mut M, pairs: impl Iterator<Item = (&'a str, Valor<'a>)>) -> Result<(), M::Error> {
    for (name, value) in pairs {
        m.serialize_entry(name, &value)?;
    }
    Ok(())
}

fn contrato(c: &Cliente, place: usize) -> Option<&str> {
    c.contratos.get(place).map(|k| k.contrato.as_str())
}

fn fone(t: Telefone) -> serde_json::Value {
    json!({"tipo": t.tipo_saida, "ddd": t.fone.ddd(), "fone": t.fone.numero(), "score": t.score})
}

/// E-mails of all contracts, then the Portal's, once each.
fn emails(c: &Cliente) -> Vec<serde_json::Value> {
    let mut seen = HashSet::new();
    let columns = &c.plano.email.colunas;
    let place = columns.lugar("email");
    let all = c.contatos.iter().filter(|x| x.tabela == Tabela::Email);
    let ours = all.filter_map(|x| x.campos.celula(place?).texto()).map(|e| (e, REMESSA));
    ours.chain(c.emails_do_portal.iter().map(|e| (e.as_str(), PORTAL)))
        .filter(|(e, _)| seen.insert(e.to_lowercase()))
        .map(|(email, origem)| json!({"email": email, "origem": origem}))
        .collect()
}
