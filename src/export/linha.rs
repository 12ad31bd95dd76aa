//! One row of Manager's file: the ficha, its contract, its phones (decisions 4 and 6).

use crate::config::Config;
use crate::domain::discagem::{self, Discado, Posicao};
use crate::domain::fone::Fone;
use crate::domain::telefones::{self, LinhaTelefone};
use crate::domain::valores::Centavos;
use crate::layout::saida::Escritor;
use crate::store::db::{Cursor, Row};
use crate::store::linhas;
use crate::store::portal;
use std::collections::HashSet;
use std::io::Write;

/// Phones a row has room for.
pub const FONES: usize = 15;

/// A contract as far as the row needs it; empty text: none.
#[derive(Clone, Debug)]
pub struct Contrato {
    id: i64,
    contrato: String,
    posicao: Posicao,
    carteira: String,
    produto: String,
    valor_parcela: Option<i64>,
    valor_vencido: Option<i64>,
    vencidas: Option<i64>,
    uf: String,
    marca_modelo: String,
    refin: bool,
}

/// A ficha with its contracts.
#[derive(Clone, Debug, Default)]
pub struct Ficha {
    id: i64,
    documento: String,
    nome: String,
    contratos: Vec<Contrato>,
}

macro_rules! fichas {
    ($de:literal, $onde:literal, $ordem:literal) => {
        concat!(
            "SELECT c.ficha_id, f.cpf_cnpj_cliente, f.nome_cliente, c.id, c.contrato, c.situacao,
               k.flag_falecido, k.flag_nao_perturbe, d.dias_atraso, k.nome_carteira, k.nome_produto, k.valor_parcela,
               d.valor_vencido, d.quantidade_parcelas_vencidas,
               (SELECT uf FROM endereco WHERE contrato_id=c.id ORDER BY ordem LIMIT 1),
               (SELECT coalesce(marca,'')||' '||coalesce(modelo,'') FROM garantia
                WHERE contrato_id=c.id AND k1=1 ORDER BY k2 LIMIT 1),
               EXISTS (SELECT 1 FROM refin WHERE contrato_id=c.id)
             FROM ",
            $de,
            " CROSS JOIN ficha f CROSS JOIN cadastro k CROSS JOIN divida d
             WHERE f.id=c.ficha_id AND k.contrato_id=c.id AND d.contrato_id=c.id",
            $onde,
            " ORDER BY ",
            $ordem
        )
    };
}

/// Fichas with their contracts, by id: contracts in the order of the index by ficha, so that nothing is sorted; with
/// each its first address, its vehicle of the lowest sequence, and whether the bank offers to refinance it (R026).
pub const FICHAS: &str = fichas!("contrato c", "", "c.ficha_id");

/// The same of the fichas of [`tocada`](crate::store::tocada).
pub const FICHAS_TOCADAS: &str = fichas!("temp.tocada t CROSS JOIN contrato c", " AND c.ficha_id=t.id", "t.id");

/// Reads fichas one at a time from the ordered answer of [`FICHAS`]; their buffers are used again and again.
pub struct Fichas<'s> {
    cursor: Cursor<'s>,
    atual: Ficha,
    next: Ficha,
    tem: bool,
    livres: Vec<Contrato>,
}

impl<'s> Fichas<'s> {
    /// From a running query.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn new(cursor: Cursor<'s>) -> anyhow::Result<Self> {
        let (atual, next) = (Ficha::default(), Ficha::default());
        let mut all = Self { cursor, atual, next, tem: false, livres: Vec::new() };
        if let Some(row) = all.cursor.next_row()? {
            first(&row, &mut all.next, &mut all.livres)?;
            all.tem = true;
        }
        Ok(all)
    }

    /// The next ficha with all of its contracts, in the order of their text.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn next_ficha(&mut self) -> anyhow::Result<Option<&Ficha>> {
        if !std::mem::take(&mut self.tem) {
            return Ok(None);
        }
        std::mem::swap(&mut self.atual, &mut self.next);
        while let Some(row) = self.cursor.next_row()? {
            if row.i64(0)? != self.atual.id {
                first(&row, &mut self.next, &mut self.livres)?;
                self.tem = true;
                break;
            }
            let contrato = contrato(&row, self.livres.pop())?;
            self.atual.contratos.push(contrato);
        }
        self.atual.contratos.sort_by(|a, b| a.contrato.cmp(&b.contrato));
        Ok(Some(&self.atual))
    }
}

fn first(r: &Row<'_>, f: &mut Ficha, livres: &mut Vec<Contrato>) -> anyhow::Result<()> {
    f.id = r.i64(0)?;
    recebe(&mut f.documento, r.text(1)?);
    recebe(&mut f.nome, r.text(2)?);
    livres.append(&mut f.contratos);
    f.contratos.push(contrato(r, livres.pop())?);
    Ok(())
}

/// Puts a column into a buffer that may have held another row's.
fn recebe(to: &mut String, from: Option<&str>) {
    to.clear();
    to.push_str(from.unwrap_or(""));
}

fn contrato(r: &Row<'_>, livre: Option<Contrato>) -> anyhow::Result<Contrato> {
    let mut textos = livre.map(|c| [c.contrato, c.carteira, c.produto, c.uf, c.marca_modelo]).unwrap_or_default();
    for (to, from) in textos.iter_mut().zip([4, 9, 10, 14, 15]) {
        recebe(to, r.text(from)?);
    }
    let [contrato, carteira, produto, uf, marca_modelo] = textos;
    Ok(Contrato {
        id: r.i64(3)?,
        contrato,
        posicao: linhas::posicao(r, 5)?,
        carteira,
        produto,
        valor_parcela: r.int(11)?,
        valor_vencido: r.int(12)?,
        vencidas: r.int(13)?,
        uf,
        marca_modelo,
        refin: r.i64(16)? == 1,
    })
}

/// Reads the phones of one ficha after the other from the ordered answers of [`TELEFONES`](linhas::TELEFONES) and
/// [`portal::TELEFONES`].
pub struct Telefones<'s> {
    cursor: Cursor<'s>,
    next: Option<(i64, i64, LinhaTelefone)>,
    portal: portal::Telefones<'s>,
    lidas: Vec<(usize, LinhaTelefone)>,
    prontas: Vec<LinhaTelefone>,
}

impl<'s> Telefones<'s> {
    /// From running queries.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn new(mut cursor: Cursor<'s>, do_portal: Cursor<'s>) -> anyhow::Result<Self> {
        let next = next_phone(&mut cursor)?;
        let portal = portal::Telefones::new(do_portal)?;
        Ok(Self { cursor, next, portal, lidas: Vec::new(), prontas: Vec::new() })
    }

    /// The phones of a ficha, remessa's in the order of the contracts' text. Asked with rising ids.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn de(&mut self, ficha: &Ficha) -> anyhow::Result<&[LinhaTelefone]> {
        while let Some((id, ..)) = self.next {
            if id > ficha.id {
                break;
            }
            let Some((id, contract, line)) = self.next.take() else { break };
            if id == ficha.id {
                let place = ficha.contratos.iter().position(|c| c.id == contract).unwrap_or(usize::MAX);
                self.lidas.push((place, line));
            }
            self.next = next_phone(&mut self.cursor)?;
        }
        let lidas = &mut self.lidas;
        self.portal.de(ficha.id, |line| lidas.push((usize::MAX, line)))?;
        // of one contract they come in their order
        self.lidas.sort_by_key(|(place, l)| (l.origem, *place));
        self.prontas.clear();
        self.prontas.extend(self.lidas.drain(..).map(|(_, l)| l));
        Ok(&self.prontas)
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

    /// Its number as it is shown.
    pub fn numero(&self) -> &str {
        &self.contrato
    }
}

/// Builds the row of a dialable ficha; `marca` is MARCA_MASSIVA. The caller ends it or leaves it out.
pub fn celulas<W: Write>(
    out: &mut Escritor<W>,
    ficha: &Ficha,
    c: &Contrato,
    telefones: &[LinhaTelefone],
    marca: &str,
    regra: &Discagem,
) {
    let dinheiro = |out: &mut Escritor<W>, v: Option<i64>| match v {
        Some(v) => out.celula(&Centavos(v).br()),
        None => out.celula(""),
    };
    out.inteiro(Some(ficha.id));
    for text in [&c.contrato, &ficha.documento, &ficha.nome, &c.carteira, &c.produto] {
        out.celula(text);
    }
    out.inteiro(c.posicao.dias_atraso);
    dinheiro(out, c.valor_parcela);
    dinheiro(out, c.valor_vencido);
    out.inteiro(c.vencidas);
    out.celula(&c.uf);
    out.celula(c.marca_modelo.trim());
    out.celula(if c.refin { "S" } else { "N" });
    out.celula(marca);
    let all = telefones::une(telefones);
    let dialled = telefones::discaveis(&all, regra.comercial, &regra.bloqueados);
    for t in dialled.iter().take(FONES) {
        out.inteiro(Some(i64::from(t.fone.ddd_numero())));
        out.inteiro(Some(t.fone.sem_ddd()));
        out.celula(&t.tipo_saida);
        out.inteiro(t.score);
    }
    out.vazias(4 * FONES.saturating_sub(dialled.len()));
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

    /// A hash of it: other numbers, other rows.
    pub fn impressao(&self) -> u64 {
        let mut phones: Vec<String> = self.bloqueados.iter().map(|f| f.completo()).collect();
        phones.sort_unstable();
        // another version may build other rows
        let all = format!("{}/{}/{}", env!("CARGO_PKG_VERSION"), self.comercial, phones.join(","));
        xxhash_rust::xxh3::xxh3_64(all.as_bytes())
    }
}
