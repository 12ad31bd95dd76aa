//! Whose a phone is, for the imports of mass actions: each look-up goes through an index or a primary key.

use super::consulta::Consulta;
use super::db::{Cell, Db, Result, Row, Stmt};
use super::linhas;
use super::nao_contatar::NaoContatar;
use super::portal;
use super::schema::Tabela;
use crate::domain::fone::Fone;
use crate::domain::situacao::Situacao;
use crate::domain::telefones::LinhaTelefone;

/// A contract that a message is meant for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contrato {
    /// Its row.
    pub id: i64,
    /// Its ficha (ID_CRM).
    pub ficha: i64,
    /// Its situação.
    pub situacao: Situacao,
    /// As it is shown.
    pub texto: String,
    /// A flag on any contract of the ficha, or a tabulation, says not to contact it (decisions 4, NAO_CONTATAR).
    pub nao_contatar: bool,
}

/// The prepared look-ups.
pub struct Contatos<'d> {
    contrato: Stmt<'d>,
    por_id: Stmt<'d>,
    da_ficha: Stmt<'d>,
    de_todos: Stmt<'d>,
    contratos: Stmt<'d>,
    do_portal: Stmt<'d>,
    de_todos_do_portal: Stmt<'d>,
    nao_contatar: NaoContatar,
}

impl<'d> Contatos<'d> {
    /// Prepares them; `contacts` is the connection to `atendimento.db`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn new(db: &'d Db, contacts: &'d Db) -> Result<Self> {
        Self::com(db, contacts, NaoContatar::todas(contacts)?)
    }

    /// As [`Contatos::new`], but `nao_contatar` tells the flags alone: for work so long that tabulations come and go
    /// meanwhile, which are to be asked for one by one ([`super::nao_contatar::da_ficha`]).
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn so_com_marcas(db: &'d Db, contacts: &'d Db) -> Result<Self> {
        Self::com(db, contacts, NaoContatar::default())
    }

    fn com(db: &'d Db, contacts: &'d Db, nao_contatar: NaoContatar) -> Result<Self> {
        let contract = "SELECT c.id, c.ficha_id, c.situacao, c.contrato, EXISTS (SELECT 1 FROM contrato o
                          JOIN cadastro k ON k.contrato_id=o.id
                          WHERE o.ficha_id=c.ficha_id AND (k.flag_falecido='S' OR k.flag_nao_perturbe='S'))
                        FROM contrato c";
        let lines = format!("SELECT ficha_id, {} FROM telefone", linhas::TELEFONE);
        Ok(Self {
            contrato: db.prepare(&format!("{contract} WHERE c.chave=?1"))?,
            por_id: db.prepare(&format!("{contract} WHERE c.id=?1"))?,
            // +fone: a ficha's lines lie together, the index of numbers would cost another page
            da_ficha: db
                .prepare(&format!("{lines} WHERE ficha_id=?1 AND +fone=?2 ORDER BY origem, contrato_id, ordem"))?,
            de_todos: db.prepare(&format!("{lines} WHERE fone=?1 ORDER BY ficha_id, origem, contrato_id, ordem"))?,
            contratos: db.prepare("SELECT id FROM contrato WHERE ficha_id=?1")?,
            do_portal: contacts.prepare(portal::DA_FICHA)?,
            de_todos_do_portal: contacts.prepare(portal::DE_TODOS)?,
            nao_contatar,
        })
    }

    /// The contract with this key (as `domain::contrato::chave` makes it).
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn contrato(&mut self, chave: &str) -> Result<Option<Contrato>> {
        let mut cursor = self.contrato.query(&[Cell::Text(chave)])?;
        cursor.next_row()?.map(|r| contrato(&r, &self.nao_contatar)).transpose()
    }

    /// The contract with this row.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn por_id(&mut self, id: i64) -> Result<Option<Contrato>> {
        let mut cursor = self.por_id.query(&[Cell::Int(id)])?;
        cursor.next_row()?.map(|r| contrato(&r, &self.nao_contatar)).transpose()
    }

    /// What a ficha's lines say of a number.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn da_ficha(&mut self, ficha: i64, fone: Fone) -> Result<Vec<LinhaTelefone>> {
        let mut cursor = self.da_ficha.query(&[Cell::Int(ficha), Cell::Text(&fone.completo())])?;
        let mut out = Vec::new();
        while let Some(r) = cursor.next_row()? {
            out.extend(linhas::telefone(&r, 1)?);
        }
        let mut own = Vec::new();
        portal::da_ficha(&mut self.do_portal, ficha, &mut own)?;
        out.extend(own.into_iter().filter(|l| l.fone == fone));
        Ok(out)
    }

    /// What the lines of all fichas say of a number: by ficha.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn de_todos(&mut self, fone: Fone) -> Result<Vec<(i64, Vec<LinhaTelefone>)>> {
        let mut cursor = self.de_todos.query(&[Cell::Text(&fone.completo())])?;
        let mut out: Vec<(i64, Vec<LinhaTelefone>)> = Vec::new();
        while let Some(r) = cursor.next_row()? {
            let (ficha, Some(line)) = (r.i64(0)?, linhas::telefone(&r, 1)?) else { continue };
            match out.last_mut() {
                Some((f, lines)) if *f == ficha => lines.push(line),
                _ => out.push((ficha, vec![line])),
            }
        }
        for (ficha, line) in portal::de_todos(&mut self.de_todos_do_portal, fone)? {
            match out.iter_mut().find(|(f, _)| *f == ficha) {
                Some((_, lines)) => lines.push(line),
                None => out.push((ficha, vec![line])),
            }
        }
        Ok(out)
    }

    /// The contracts of a ficha, in any situação.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn contratos(&mut self, ficha: i64) -> Result<Vec<i64>> {
        let mut cursor = self.contratos.query(&[Cell::Int(ficha)])?;
        let mut out = Vec::new();
        while let Some(r) = cursor.next_row()? {
            out.push(r.i64(0)?);
        }
        out.sort_unstable();
        Ok(out)
    }
}

fn contrato(r: &Row<'_>, nao_contatar: &NaoContatar) -> Result<Contrato> {
    let ficha = r.i64(1)?;
    Ok(Contrato {
        id: r.i64(0)?,
        ficha,
        // an unknown text can only be damage: nobody is contacted for such a contract
        situacao: r.text(2)?.and_then(Situacao::parse).unwrap_or(Situacao::Excluido),
        texto: r.str(3)?,
        nao_contatar: r.i64(4)? != 0 || nao_contatar.tem(ficha),
    })
}

/// Numbers of other people that stand in columns of their own, in whatever table a layout keeps them.
pub struct Terceiros {
    pares: usize,
    da_ficha: Consulta,
    do_contrato: Consulta,
    garantias: Consulta,
    tipo: i64,
}

impl Terceiros {
    /// For these pairs of columns (DDD, number) of fichas and contracts, and the phones of the garantias of one
    /// type.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn new(db: &Db, pares: &[(&str, &str)], tipo: i64) -> Result<Self> {
        let names: Vec<&str> = pares.iter().flat_map(|(ddd, n)| [*ddd, *n]).collect();
        Ok(Self {
            pares: pares.len(),
            da_ficha: Consulta::new(db, Tabela::Ficha, &names)?,
            do_contrato: Consulta::new(db, Tabela::Cadastro, &names)?,
            garantias: Consulta::new(db, Tabela::Garantia, &["k1", "telefone"])?,
            tipo,
        })
    }

    /// Whether a number is among those of a ficha; `contratos` are all of its contracts.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn tem(&self, db: &Db, ficha: i64, contratos: &[i64], fone: Fone) -> Result<bool> {
        let mut found = false;
        let wide = contratos.iter().map(|id| (&self.do_contrato, *id)).chain([(&self.da_ficha, ficha)]);
        for (table, id) in wide {
            table.linhas(db, id, |r| {
                for i in 0..self.pares {
                    let (ddd, number) = (r.text(i * 2)?.unwrap_or(""), r.text(i * 2 + 1)?.unwrap_or(""));
                    found |= Fone::de_partes(ddd, number) == Ok(Some(fone));
                }
                Ok(())
            })?;
        }
        for id in contratos {
            self.garantias.linhas(db, *id, |r| {
                found |= r.i64(0)? == self.tipo && r.text(1)?.and_then(Fone::from_completo) == Some(fone);
                Ok(())
            })?;
        }
        Ok(found)
    }
}
