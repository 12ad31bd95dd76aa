//! One client whole: every row of it that an answer shows, read in one moment of the store.

use super::NaoEncontrado;
use super::campos::Linha;
use super::historico::Historico;
use super::mailing::Contrato;
use super::plano::{Conjunto, Plano};
use crate::config::Bloqueio;
use crate::domain::dia::Calendario;
use crate::domain::fone::Fone;
use crate::domain::situacao::Situacao;
use crate::domain::telefones::{self, LinhaTelefone, Origem};
use crate::store::db::Db;
use crate::store::ledger::dia;
use crate::store::linhas;
use crate::store::portal;
use crate::store::schema::Tabela;
use std::collections::HashSet;
use std::sync::Arc;

/// What of the configuration an answer shows.
#[derive(Clone, Debug)]
pub struct Regras {
    /// `idCampanha`.
    pub campanha: i64,
    /// How long a block holds.
    pub bloqueio: Bloqueio,
    /// Bank business days.
    pub calendario: Calendario,
}

/// One contact of the remessa.
#[derive(Debug)]
pub struct Contato {
    /// Phone, address or e-mail.
    pub tabela: Tabela,
    /// Its contract's row.
    pub contrato_id: i64,
    /// Its position.
    pub ordem: i64,
    /// Its columns.
    pub campos: Linha,
    /// A phone's number.
    pub fone: Option<Fone>,
}

/// A row of parcelas or garantias.
#[derive(Debug)]
pub struct Item {
    /// The place of its contract among the client's.
    pub contrato: usize,
    /// The first part of its key.
    pub k1: i64,
    /// Its columns.
    pub campos: Linha,
}

/// An offer (R028).
#[derive(Debug)]
pub struct Oferta {
    /// The place of its contract among the client's.
    pub contrato: usize,
    /// Load date.
    pub carregada_em: String,
    /// Its columns.
    pub campos: Linha,
}

/// All rows of one client; as JSON the element of `clientes`, unmasked.
#[derive(Debug)]
pub struct Cliente {
    pub(super) plano: Arc<Plano>,
    pub(super) campanha: i64,
    /// ID_CRM.
    pub id: i64,
    pub(super) ficha: Linha,
    pub(super) contratos: Vec<Contrato>,
    pub(super) contatos: Vec<Contato>,
    pub(super) telefones: Vec<LinhaTelefone>,
    pub(super) terceiros: HashSet<Fone>,
    pub(super) parcelas: Vec<Item>,
    pub(super) garantias: Vec<Item>,
    pub(super) refin: Vec<Oferta>,
    pub(super) emails_do_portal: Vec<String>,
    pub(super) enderecos_do_portal: Vec<[Option<String>; 8]>,
    pub(super) historico: Historico,
}

impl Cliente {
    /// Reads it; `db` stands in one moment of both files.
    ///
    /// # Errors
    /// [`NaoEncontrado`] when there is no such ficha; the store cannot be read.
    pub fn le(db: &Db, plano: &Arc<Plano>, regras: &Regras, id: i64) -> anyhow::Result<Self> {
        let rows = plano.ficha.linhas(db, id, |_, columns| Ok(columns))?;
        let ficha = rows.into_iter().next().ok_or(NaoEncontrado)?;
        let contratos = contratos(db, plano, regras, id)?;
        let (mut contatos, mut telefones) = telefones_dos_arquivos(db, plano, id, &contratos)?;
        telefones.extend(portal::telefones(db, id)?);
        for (t, lida) in [(Tabela::Endereco, &plano.endereco), (Tabela::Email, &plano.email)] {
            for c in &contratos {
                contatos.extend(lida.linhas(db, c.id, |r, campos| {
                    Ok(Contato { tabela: t, contrato_id: c.id, ordem: r.i64(0)?, campos, fone: None })
                })?);
            }
        }
        Ok(Self {
            plano: Arc::clone(plano),
            campanha: regras.campanha,
            id,
            ficha,
            terceiros: telefones::terceiros(&telefones),
            parcelas: conjunto(db, &plano.parcela, &contratos)?,
            garantias: conjunto(db, &plano.garantia, &contratos)?,
            refin: refin(db, plano, &contratos)?,
            emails_do_portal: portal::emails(db, id)?,
            enderecos_do_portal: portal::enderecos(db, id)?,
            historico: Historico::le(db, id)?,
            contratos,
            contatos,
            telefones,
        })
    }
}

/// The contracts of a ficha, in the order of their text.
fn contratos(db: &Db, plano: &Plano, regras: &Regras, ficha: i64) -> anyhow::Result<Vec<Contrato>> {
    let mut out = plano.contrato.linhas(db, ficha, |r, columns| {
        let situacao = r.text(1)?.and_then(Situacao::parse).unwrap_or(Situacao::Excluido);
        let since = if situacao == Situacao::Bloqueado { r.text(2)?.and_then(dia) } else { None };
        let until = |d0| regras.calendario.ultimo_dia_bloqueado(d0, regras.bloqueio.dias, regras.bloqueio.contagem);
        Ok(Contrato {
            id: r.i64(0)?,
            contrato: plano.contrato.colunas.de(&columns, "contrato").0.texto().unwrap_or("").to_owned(),
            situacao,
            bloqueado_em: since,
            bloqueado_ate: since.map(until),
            run: r.i64(3)?,
            ..Contrato::default()
        })
    })?;
    for c in &mut out {
        for (run, columns) in plano.cadastro.linhas(db, c.id, |r, columns| Ok((r.i64(0)?, columns)))? {
            let says = |f: &str| plano.cadastro.colunas.de(&columns, f).0.texto() == Some("S");
            c.nao_contatar = says("flag_falecido") || says("flag_nao_perturbe");
            c.run = c.run.max(run);
            c.cadastro = columns;
        }
        for (run, columns) in plano.divida.linhas(db, c.id, |r, columns| Ok((r.i64(0)?, columns)))? {
            c.dias_atraso = plano.divida.colunas.de(&columns, "dias_atraso").0.inteiro();
            c.run = c.run.max(run);
            c.divida = columns;
        }
    }
    out.sort_by(|a, b| a.contrato.cmp(&b.contrato));
    Ok(out)
}

/// The remessa's phones as contacts, and the phones of remessa and enrichment as lines, in reading order.
fn telefones_dos_arquivos(
    db: &Db,
    plano: &Plano,
    ficha: i64,
    contratos: &[Contrato],
) -> anyhow::Result<(Vec<Contato>, Vec<LinhaTelefone>)> {
    let rows = plano.telefone.linhas(db, ficha, |r, campos| {
        let (contrato_id, ordem) = (r.i64(0)?, r.i64(1)?);
        let (origem, _) = Origem::gravada(r.i64(2)?, ordem);
        let line = linhas::telefone(r, 2)?;
        let fone = line.as_ref().map(|l| l.fone);
        Ok((Contato { tabela: Tabela::Telefone, contrato_id, ordem, campos, fone }, origem, line))
    })?;
    let place = |id: i64| contratos.iter().position(|c| c.id == id).unwrap_or(usize::MAX);
    let (mut contatos, mut lines) = (Vec::new(), Vec::new());
    for (contato, origem, line) in rows {
        lines.extend(line.map(|l| (origem, place(contato.contrato_id), contato.ordem, l)));
        if origem == Origem::Remessa {
            contatos.push(contato);
        }
    }
    lines.sort_by_key(|(origem, place, ordem, _)| (*origem, *place, *ordem));
    Ok((contatos, lines.into_iter().map(|(.., l)| l).collect()))
}

fn conjunto(db: &Db, conjunto: &Conjunto, contratos: &[Contrato]) -> anyhow::Result<Vec<Item>> {
    let mut out = Vec::new();
    for (contrato, c) in contratos.iter().enumerate() {
        out.extend(conjunto.lida.linhas(db, c.id, |r, campos| Ok(Item { contrato, k1: r.i64(0)?, campos }))?);
    }
    Ok(out)
}

fn refin(db: &Db, plano: &Plano, contratos: &[Contrato]) -> anyhow::Result<Vec<Oferta>> {
    let mut out = Vec::new();
    for (contrato, c) in contratos.iter().enumerate() {
        out.extend(plano.refin.linhas(db, c.id, |r, campos| Ok(Oferta { contrato, carregada_em: r.str(0)?, campos }))?);
    }
    Ok(out)
}
