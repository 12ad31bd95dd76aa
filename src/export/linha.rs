//! One row of Manager's file: the ficha, its contract, its phones (decisions 4 and 6).

use crate::config::Config;
use crate::domain::discagem::{self, Discado, Posicao};
use crate::domain::fone::Fone;
use crate::domain::telefones::{self, LinhaTelefone};
use crate::domain::valores::Centavos;
use crate::layout::saida::Escritor;
use crate::store::db::{Cell, Db};
use crate::store::db::{Cursor, Row, Stmt};
use crate::store::linhas;
use std::collections::HashSet;
use std::io::Write;

/// Phones a row has room for.
pub const FONES: usize = 15;

/// A contract as far as the row needs it.
#[derive(Clone, Debug)]
pub struct Contrato {
    id: i64,
    contrato: String,
    posicao: Posicao,
    carteira: Option<String>,
    produto: Option<String>,
    valor_parcela: Option<i64>,
    valor_vencido: Option<i64>,
    vencidas: Option<i64>,
}

/// A ficha with its contracts.
#[derive(Clone, Debug)]
pub struct Ficha {
    id: i64,
    documento: String,
    nome: String,
    contratos: Vec<Contrato>,
}

/// Fichas with their contracts, by id.
pub const FICHAS: &str = "
SELECT f.id, f.cpf_cnpj_cliente, f.nome_cliente, c.id, c.contrato, c.situacao,
       c.flag_falecido, c.flag_nao_perturbe, d.dias_atraso, c.nome_carteira, c.nome_produto, c.valor_parcela,
       d.valor_vencido, d.quantidade_parcelas_vencidas
FROM ficha f JOIN contrato c ON c.ficha_id=f.id JOIN divida d ON d.contrato_id=c.id
ORDER BY f.id";

/// Phones of all fichas, by ficha.
pub const TELEFONES: &str = linhas::TELEFONES;

/// Reads fichas one at a time from the ordered answer of [`FICHAS`].
pub struct Fichas<'s> {
    cursor: Cursor<'s>,
    next: Option<Ficha>,
}

impl<'s> Fichas<'s> {
    /// From a running query.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn new(mut cursor: Cursor<'s>) -> anyhow::Result<Self> {
        let next = cursor.next_row()?.map(|r| first(&r)).transpose()?;
        Ok(Self { cursor, next })
    }

    /// The next ficha with all of its contracts, in the order of their text.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn next_ficha(&mut self) -> anyhow::Result<Option<Ficha>> {
        let Some(mut ficha) = self.next.take() else { return Ok(None) };
        while let Some(row) = self.cursor.next_row()? {
            if row.i64(0)? != ficha.id {
                self.next = Some(first(&row)?);
                break;
            }
            ficha.contratos.push(contrato(&row)?);
        }
        ficha.contratos.sort_by(|a, b| a.contrato.cmp(&b.contrato));
        Ok(Some(ficha))
    }
}

fn first(r: &Row<'_>) -> anyhow::Result<Ficha> {
    Ok(Ficha { id: r.i64(0)?, documento: r.str(1)?, nome: r.str(2)?, contratos: vec![contrato(r)?] })
}

fn contrato(r: &Row<'_>) -> anyhow::Result<Contrato> {
    Ok(Contrato {
        id: r.i64(3)?,
        contrato: r.str(4)?,
        posicao: linhas::posicao(r, 5)?,
        carteira: r.string(9)?,
        produto: r.string(10)?,
        valor_parcela: r.int(11)?,
        valor_vencido: r.int(12)?,
        vencidas: r.int(13)?,
    })
}

/// Reads the phones of one ficha after the other from the ordered answer of [`TELEFONES`].
pub struct Telefones<'s> {
    cursor: Cursor<'s>,
    next: Option<(i64, i64, LinhaTelefone)>,
}

impl<'s> Telefones<'s> {
    /// From a running query.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn new(mut cursor: Cursor<'s>) -> anyhow::Result<Self> {
        let next = next_phone(&mut cursor)?;
        Ok(Self { cursor, next })
    }

    /// The phones of a ficha, remessa's in the order of the contracts' text. Asked with rising ids.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn de(&mut self, ficha: &Ficha) -> anyhow::Result<Vec<LinhaTelefone>> {
        let mut lines: Vec<(usize, LinhaTelefone)> = Vec::new();
        while let Some((id, ..)) = self.next {
            if id > ficha.id {
                break;
            }
            let Some((id, contract, line)) = self.next.take() else { break };
            if id == ficha.id {
                let place = ficha.contratos.iter().position(|c| c.id == contract).unwrap_or(usize::MAX);
                lines.push((place, line));
            }
            self.next = next_phone(&mut self.cursor)?;
        }
        // of one contract they come in their order
        lines.sort_by_key(|(place, l)| (l.origem, *place));
        Ok(lines.into_iter().map(|(_, l)| l).collect())
    }
}

fn next_phone(cursor: &mut Cursor<'_>) -> anyhow::Result<Option<(i64, i64, LinhaTelefone)>> {
    while let Some(r) = cursor.next_row()? {
        if let Some(line) = linhas::telefone(&r, 2)? {
            return Ok(Some((r.i64(0)?, r.i64(1)?, line)));
        }
    }
    Ok(None)
}

/// Looks up what stands once per row: first address, vehicle, offer.
pub struct Detalhes<'d> {
    uf: Stmt<'d>,
    bem: Stmt<'d>,
    refin: Stmt<'d>,
}

impl<'d> Detalhes<'d> {
    /// Prepares the look-ups.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn new(db: &'d Db) -> anyhow::Result<Self> {
        Ok(Self {
            uf: db.prepare("SELECT uf FROM endereco WHERE contrato_id=?1 ORDER BY ordem LIMIT 1")?,
            bem: db.prepare("SELECT marca, modelo FROM garantia WHERE contrato_id=?1 AND k1=1 ORDER BY k2 LIMIT 1")?,
            refin: db.prepare("SELECT 1 FROM refin WHERE contrato_id=?1")?,
        })
    }

    fn uf(&mut self, contrato: i64) -> anyhow::Result<String> {
        let mut rows = self.uf.query(&[Cell::Int(contrato)])?;
        Ok(rows.next_row()?.map(|r| r.str(0)).transpose()?.unwrap_or_default())
    }

    /// Whether the bank offers to refinance the contract (R026).
    fn refin(&mut self, contrato: i64) -> anyhow::Result<&'static str> {
        let mut rows = self.refin.query(&[Cell::Int(contrato)])?;
        Ok(if rows.next_row()?.is_some() { "S" } else { "N" })
    }

    fn marca_modelo(&mut self, contrato: i64) -> anyhow::Result<String> {
        let mut rows = self.bem.query(&[Cell::Int(contrato)])?;
        let Some(r) = rows.next_row()? else { return Ok(String::new()) };
        Ok(format!("{} {}", r.str(0)?, r.str(1)?).trim().to_owned())
    }
}

impl Discado for Contrato {
    fn posicao(&self) -> Posicao {
        self.posicao
    }
}

impl Ficha {
    /// ID_CRM.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// The contract whose data the row carries; `None` when the ficha is not dialable.
    pub fn discada(&self) -> Option<&Contrato> {
        discagem::escolhe(&self.contratos)
    }
}

impl Contrato {
    /// Row id.
    pub fn id(&self) -> i64 {
        self.id
    }
}

/// Writes the row of a dialable ficha; `marca` is MARCA_MASSIVA.
///
/// # Errors
/// The store cannot be read, or the file cannot be written.
pub fn escreve<W: Write>(
    out: &mut Escritor<W>,
    ficha: &Ficha,
    c: &Contrato,
    telefones: &[LinhaTelefone],
    marca: &str,
    detalhes: &mut Detalhes<'_>,
    regra: &Discagem,
) -> anyhow::Result<()> {
    let money = |v: Option<i64>| v.map(|v| Centavos(v).br()).unwrap_or_default();
    let number = |v: Option<i64>| v.map(|v| v.to_string()).unwrap_or_default();
    let text = |v: &Option<String>| v.clone().unwrap_or_default();
    let cells = [
        ficha.id.to_string(),
        c.contrato.clone(),
        ficha.documento.clone(),
        ficha.nome.clone(),
        text(&c.carteira),
        text(&c.produto),
        number(c.posicao.dias_atraso),
        money(c.valor_parcela),
        money(c.valor_vencido),
        number(c.vencidas),
        detalhes.uf(c.id)?,
        detalhes.marca_modelo(c.id)?,
        detalhes.refin(c.id)?.to_owned(),
        marca.to_owned(),
    ];
    cells.iter().for_each(|t| out.celula(t));
    let all = telefones::une(telefones);
    let dialled = telefones::discaveis(&all, regra.comercial, &regra.bloqueados);
    for i in 0..FONES {
        match dialled.get(i) {
            Some(t) => {
                out.celula(&t.fone.ddd());
                out.celula(&t.fone.numero());
                out.celula(&t.tipo_saida);
                out.celula(&number(t.score));
            }
            None => (0..4).for_each(|_| out.celula("")),
        }
    }
    out.fim_da_linha()?;
    Ok(())
}

/// Which numbers are dialled.
#[derive(Clone, Debug, Default)]
pub struct Discagem {
    /// `manager.comercial`: commercial numbers too.
    pub comercial: bool,
    /// `contato.bloqueados`: never.
    pub bloqueados: HashSet<Fone>,
}

impl Discagem {
    /// From the configuration, block list included.
    ///
    /// # Errors
    /// The block list cannot be read.
    pub fn le(config: &Config) -> anyhow::Result<Self> {
        Ok(Self { comercial: config.manager.comercial, bloqueados: config.contato.fones_bloqueados()? })
    }
}
