//! How clients are read from one store: the columns of its tables with their types, the look-ups composed, where each
//! field of an answer comes from. Made once, and anew when the tables change, so that a call only runs statements that
//! are prepared already.

use super::campos::{self, Colunas, Lida};
use crate::layout::contato::{contato, lugar};
use crate::layout::{Field, Layout, Layouts, Record};
use crate::store::db::Db;
use crate::store::linhas;
use crate::store::schema::Tabela;
use anyhow::Context as _;

/// Keys of ours in `contratos[]`, before the fields of the layout.
pub const DO_CONTRATO: [&str; 4] = ["contrato", "situacao", "bloqueadoEm", "bloqueadoAte"];

/// Where a field of `contratos[]` is read.
#[derive(Clone, Debug)]
pub enum Fonte {
    /// A column of the client.
    Ficha(usize),
    /// A column of the contract's part that rarely moves.
    Cadastro(usize),
    /// A column of the contract's part that moves every night.
    Divida(usize),
    /// A column of the contact of this table at this position.
    Contato(Tabela, i64, usize),
    /// Nowhere.
    Nada,
}

/// The look-ups.
#[derive(Debug)]
pub struct Plano {
    /// The version of the tables that it was made for.
    pub versao: i64,
    /// The client.
    pub ficha: Lida,
    /// Its contracts: key and state.
    pub contrato: Lida,
    /// Their parts that rarely move.
    pub cadastro: Lida,
    /// Their parts that move every night.
    pub divida: Lida,
    /// Phones of the files.
    pub telefone: Lida,
    /// Addresses of the remessa.
    pub endereco: Lida,
    /// E-mails of the remessa.
    pub email: Lida,
    /// Installments.
    pub parcela: Conjunto,
    /// Securities.
    pub garantia: Conjunto,
    /// Offers.
    pub refin: Lida,
    /// The fields of `contratos[]` behind [`DO_CONTRATO`].
    pub campos: Vec<(String, Fonte)>,
}

/// A set of a contract, of one record or of several told apart by the first part of their key.
#[derive(Debug)]
pub struct Conjunto {
    /// Its columns.
    pub lida: Lida,
    registros: Vec<(Option<i64>, Vec<usize>)>,
}

impl Conjunto {
    fn novo(db: &Db, layout: &Layout, tabela: Tabela) -> anyhow::Result<Self> {
        let lida = Lida::nova(db, tabela, &["k1"], Colunas::dos_layouts([layout]))?;
        let shown = |r: &Record| {
            let fields = r.fields.iter().filter(|f| f.name != "contrato" && !campos::canal_do_garantidor(r, f));
            fields.filter_map(|f| lida.colunas.lugar(&f.name)).collect()
        };
        let tag = |r: &Record| r.when.as_deref().and_then(|w| w.parse().ok());
        let registros = match layout.records.as_slice() {
            [only] => vec![(None, shown(only))],
            all => all.iter().map(|r| (tag(r), shown(r))).filter(|(tag, _)| tag.is_some()).collect(),
        };
        Ok(Self { lida, registros })
    }

    /// The columns that a row with this key shows: those of its record, phones and e-mails of guarantors left out.
    pub fn mostradas(&self, k1: i64) -> &[usize] {
        let found = self.registros.iter().find(|(tag, _)| tag.is_none_or(|t| t == k1));
        found.map_or(&[], |(_, columns)| columns)
    }
}

impl Plano {
    /// Makes it for a store whose tables have this version.
    ///
    /// # Errors
    /// The store cannot be read; a layout is missing.
    pub fn novo(db: &Db, layouts: &Layouts, versao: i64) -> anyhow::Result<Self> {
        let remessa = layouts.unico("remessa")?.records.first().context("layouts/remessa.toml: record")?;
        let lida = |t, own: &[&str]| Lida::nova(db, t, own, Colunas::da_remessa(remessa, t));
        let phone: Vec<&str> = ["contrato_id", "ordem"].into_iter().chain(linhas::TELEFONE.split(", ")).collect();
        let refin = Colunas::dos_layouts(layouts.of_kind("refin"));
        let mut out = Self {
            versao,
            ficha: lida(Tabela::Ficha, &[])?,
            contrato: lida(Tabela::Contrato, &["id", "situacao", "bloqueado_em", "run"])?,
            cadastro: lida(Tabela::Cadastro, &["run"])?,
            divida: lida(Tabela::Divida, &["run"])?,
            telefone: lida(Tabela::Telefone, &phone)?,
            endereco: lida(Tabela::Endereco, &["ordem"])?,
            email: lida(Tabela::Email, &["ordem"])?,
            parcela: Conjunto::novo(db, layouts.unico("parcelas")?, Tabela::Parcela)?,
            garantia: Conjunto::novo(db, layouts.unico("garantias")?, Tabela::Garantia)?,
            refin: Lida::nova(db, Tabela::Refin, &["carregado_em"], refin)?,
            campos: Vec::new(),
        };
        let shown =
            remessa.fields.iter().filter(|f| !campos::canal_de_terceiro(f) && !DO_CONTRATO.contains(&f.name.as_str()));
        out.campos = shown.map(|f| (f.name.clone(), out.fonte(f))).collect();
        Ok(out)
    }

    fn fonte(&self, f: &Field) -> Fonte {
        if let Some(c) = contato(&f.name) {
            let Some(tabela) = Tabela::chamada(c.grupo.nome()) else { return Fonte::Nada };
            let place = self.contato(tabela).and_then(|l| l.colunas.lugar(&c.coluna));
            return place.map_or(Fonte::Nada, |i| Fonte::Contato(tabela, c.ordem, i));
        }
        let Some((table, column)) = lugar(f) else { return Fonte::Nada };
        let found = match Tabela::chamada(table) {
            Some(Tabela::Ficha) => self.ficha.colunas.lugar(&column).map(Fonte::Ficha),
            Some(Tabela::Cadastro) => self.cadastro.colunas.lugar(&column).map(Fonte::Cadastro),
            Some(Tabela::Divida) => self.divida.colunas.lugar(&column).map(Fonte::Divida),
            _ => None,
        };
        found.unwrap_or(Fonte::Nada)
    }

    /// The columns of a table of contacts.
    pub const fn contato(&self, tabela: Tabela) -> Option<&Lida> {
        match tabela {
            Tabela::Telefone => Some(&self.telefone),
            Tabela::Endereco => Some(&self.endereco),
            Tabela::Email => Some(&self.email),
            _ => None,
        }
    }
}
