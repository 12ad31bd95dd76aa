//! What the Portal adds to a client (UC010/FA002–FA004, UC011): numbers, e-mails, addresses, proposals.
//!
//! A number has one row a ficha, so that its id is the answer to whoever sends it again. `lista` says whether the row
//! lists the number by itself; where the remessa or enrichment had listed it, the row only brings a score.

use super::db::{Cell, Cursor, Db, Result, Row, Stmt};
use super::historico::MAXIMO;
use crate::domain::fone::Fone;
use crate::domain::telefones::{self, LinhaTelefone, Origem, tipo_lido};

macro_rules! telefone {
    () => {
        "id, fone, tipo, score, lista, score_run"
    };
}

/// Ficha and phone line of all fichas, by ficha.
pub const TELEFONES: &str = concat!("SELECT ficha_id, ", telefone!(), " FROM portal_telefone ORDER BY ficha_id, id");

/// What a row says of its number, its columns beginning at `at`; `None` where it does not read back, which can only be
/// damage.
fn linha(r: &Row<'_>, at: usize) -> Result<Option<LinhaTelefone>> {
    let Some(fone) = r.text(at + 1)?.and_then(Fone::from_completo) else { return Ok(None) };
    let id = r.i64(at)?;
    Ok(Some(LinhaTelefone {
        origem: Origem::Portal,
        tipo: tipo_lido(r.text(at + 2)?.unwrap_or("")),
        situacao: None,
        fone,
        score: r.int(at + 3)?,
        seq: if r.i64(at + 4)? == 1 { id } else { 0 },
        quando: telefones::depois_da_execucao(r.i64(at + 5)?),
    }))
}

/// The phone lines of one ficha, oldest first, for [`da_ficha`].
pub const DA_FICHA: &str = concat!("SELECT ", telefone!(), " FROM portal_telefone WHERE ficha_id=?1 ORDER BY id");

/// Adds the phone lines of a ficha to `out`; `stmt` is [`DA_FICHA`].
///
/// # Errors
/// The store cannot be read.
pub fn da_ficha(stmt: &mut Stmt<'_>, ficha: i64, out: &mut Vec<LinhaTelefone>) -> Result<()> {
    let mut cursor = stmt.query(&[Cell::Int(ficha)])?;
    while let Some(r) = cursor.next_row()? {
        out.extend(linha(&r, 0)?);
    }
    Ok(())
}

/// The phone lines of a ficha, oldest first. `atendimento.db` may be this connection's own file or an attached one.
///
/// # Errors
/// The store cannot be read.
pub fn telefones(db: &Db, ficha: i64) -> Result<Vec<LinhaTelefone>> {
    // asked for every look-up: db.rows keeps the statement
    Ok(db.rows(DA_FICHA, &[Cell::Int(ficha)], |r| linha(r, 0))?.into_iter().flatten().collect())
}

/// What the Portal says of a number: by ficha.
pub const DE_TODOS: &str =
    concat!("SELECT ficha_id, ", telefone!(), " FROM portal_telefone WHERE fone=?1 ORDER BY ficha_id, id");

/// The lines of a number, by ficha; `stmt` is [`DE_TODOS`].
///
/// # Errors
/// The store cannot be read.
pub fn de_todos(stmt: &mut Stmt<'_>, fone: Fone) -> Result<Vec<(i64, LinhaTelefone)>> {
    let mut cursor = stmt.query(&[Cell::Text(&fone.completo())])?;
    let mut out = Vec::new();
    while let Some(r) = cursor.next_row()? {
        let ficha = r.i64(0)?;
        out.extend(linha(&r, 1)?.map(|l| (ficha, l)));
    }
    Ok(out)
}

/// Reads the phones of one ficha after the other from the ordered answer of [`TELEFONES`].
pub struct Telefones<'s> {
    cursor: Cursor<'s>,
    next: Option<(i64, LinhaTelefone)>,
}

impl<'s> Telefones<'s> {
    /// From a running query.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn new(cursor: Cursor<'s>) -> Result<Self> {
        let mut all = Self { cursor, next: None };
        all.avanca()?;
        Ok(all)
    }

    fn avanca(&mut self) -> Result<()> {
        self.next = None;
        while let Some(r) = self.cursor.next_row()? {
            if let Some(line) = linha(&r, 1)? {
                self.next = Some((r.i64(0)?, line));
                break;
            }
        }
        Ok(())
    }

    /// The next ficha that has lines.
    pub fn proxima(&self) -> Option<i64> {
        self.next.as_ref().map(|(id, _)| *id)
    }

    /// Each line of a ficha, oldest first. Asked with rising ids.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn de(&mut self, ficha: i64, mut f: impl FnMut(LinhaTelefone)) -> Result<()> {
        while let Some((id, line)) = self.next.take_if(|(id, _)| *id <= ficha) {
            if id == ficha {
                f(line);
            }
            self.avanca()?;
        }
        Ok(())
    }
}

/// The Portal's row of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numero {
    /// Its id.
    pub id: i64,
    /// It lists the number by itself.
    pub lista: bool,
    /// The score given with it.
    pub score: Option<i64>,
}

/// The row of a number of a ficha.
///
/// # Errors
/// The store cannot be read.
pub fn numero(db: &Db, ficha: i64, fone: Fone) -> Result<Option<Numero>> {
    let sql = "SELECT id, lista, score FROM portal_telefone WHERE ficha_id=?1 AND fone=?2";
    db.one(sql, &[Cell::Int(ficha), Cell::Text(&fone.completo())], |r| {
        Ok(Numero { id: r.i64(0)?, lista: r.i64(1)? == 1, score: r.int(2)? })
    })
}

/// A number as it is given.
#[derive(Clone, Copy, Debug)]
pub struct Dado<'a> {
    /// ID_CRM.
    pub ficha: i64,
    /// The number.
    pub fone: Fone,
    /// The Portal's word.
    pub tipo: &'a str,
    /// Its score.
    pub score: Option<i64>,
    /// Nobody else lists it.
    pub lista: bool,
    /// Who.
    pub usuario: &'a str,
    /// When.
    pub em: &'a str,
    /// The last run by then: later ones bring later scores.
    pub run: i64,
}

/// Adds a number; returns its id.
///
/// # Errors
/// The store cannot be written.
pub fn poe_telefone(db: &Db, d: &Dado<'_>) -> Result<i64> {
    db.exec(
        "INSERT INTO portal_telefone (ficha_id, fone, tipo, score, usuario, em, score_em, lista, score_run)
         VALUES (?1,?2,?3,?4,?5,?6,?6,?7,?8)",
        &[
            Cell::Int(d.ficha),
            Cell::Text(&d.fone.completo()),
            Cell::Text(d.tipo),
            Cell::from(d.score),
            Cell::Text(d.usuario),
            Cell::Text(d.em),
            Cell::Int(i64::from(d.lista)),
            Cell::Int(d.run),
        ],
    )?;
    Ok(db.last_id())
}

/// A number that has a row lists by itself from now on, under the Portal's new word.
///
/// # Errors
/// The store cannot be written.
pub fn lista_telefone(db: &Db, id: i64, tipo: &str) -> Result<()> {
    db.exec("UPDATE portal_telefone SET lista=1, tipo=?2 WHERE id=?1", &[Cell::Int(id), Cell::Text(tipo)])?;
    Ok(())
}

/// A number takes a score, the latest of all.
///
/// # Errors
/// The store cannot be written.
pub fn nota_telefone(db: &Db, id: i64, score: i64, em: &str, run: i64) -> Result<()> {
    db.exec(
        "UPDATE portal_telefone SET score=?2, score_em=?3, score_run=?4 WHERE id=?1",
        &[Cell::Int(id), Cell::Int(score), Cell::Text(em), Cell::Int(run)],
    )?;
    Ok(())
}

/// Adds an e-mail; returns its id.
///
/// # Errors
/// The store cannot be written.
pub fn poe_email(db: &Db, ficha: i64, email: &str, usuario: &str, em: &str) -> Result<i64> {
    db.exec(
        "INSERT INTO portal_email (ficha_id, email, usuario, em) VALUES (?1,?2,?3,?4)",
        &[Cell::Int(ficha), Cell::Text(email), Cell::Text(usuario), Cell::Text(em)],
    )?;
    Ok(db.last_id())
}

/// An address.
#[derive(Clone, Debug, Default)]
pub struct Endereco {
    /// The Portal's word.
    pub tipo: Option<String>,
    /// Street.
    pub logradouro: String,
    /// Number.
    pub numero: Option<String>,
    /// Flat and the like.
    pub complemento: Option<String>,
    /// Quarter.
    pub bairro: Option<String>,
    /// City.
    pub cidade: Option<String>,
    /// State, two letters.
    pub uf: Option<String>,
    /// Eight digits.
    pub cep: Option<String>,
}

/// Adds an address; returns its id.
///
/// # Errors
/// The store cannot be written.
pub fn poe_endereco(db: &Db, ficha: i64, e: &Endereco, usuario: &str, em: &str) -> Result<i64> {
    db.exec(
        "INSERT INTO portal_endereco
           (ficha_id, tipo, logradouro, numero, complemento, bairro, cidade, uf, cep, usuario, em)
         VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)",
        &[
            Cell::Int(ficha),
            Cell::from(e.tipo.as_ref()),
            Cell::Text(&e.logradouro),
            Cell::from(e.numero.as_ref()),
            Cell::from(e.complemento.as_ref()),
            Cell::from(e.bairro.as_ref()),
            Cell::from(e.cidade.as_ref()),
            Cell::from(e.uf.as_ref()),
            Cell::from(e.cep.as_ref()),
            Cell::Text(usuario),
            Cell::Text(em),
        ],
    )?;
    Ok(db.last_id())
}

/// A proposal (UC011); `campos` is all that was received, as JSON.
#[derive(Clone, Debug)]
pub struct Proposta<'a> {
    /// ID_CRM.
    pub ficha: i64,
    /// Its contract.
    pub contrato_id: i64,
    /// As it is shown.
    pub contrato: &'a str,
    /// Who.
    pub usuario: &'a str,
    /// OMNE's attendance.
    pub attendance_id: Option<&'a str>,
    /// The sort of deal.
    pub tipo_acordo: &'a str,
    /// Cents.
    pub valor_proposto: i64,
    /// Instalments.
    pub qtd_parcelas: Option<i64>,
    /// First due date, ISO.
    pub primeiro_vencimento: Option<&'a str>,
    /// Every field.
    pub campos: &'a str,
    /// When.
    pub em: &'a str,
}

/// Adds a proposal; returns its id. The last one counts.
///
/// # Errors
/// The store cannot be written.
pub fn poe_proposta(db: &Db, p: &Proposta<'_>) -> Result<i64> {
    db.exec(
        "INSERT INTO proposta (ficha_id, contrato_id, contrato, usuario, attendance_id, tipo_acordo, valor_proposto,
           qtd_parcelas, primeiro_vencimento, campos, em) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)",
        &[
            Cell::Int(p.ficha),
            Cell::Int(p.contrato_id),
            Cell::Text(p.contrato),
            Cell::Text(p.usuario),
            Cell::from(p.attendance_id),
            Cell::Text(p.tipo_acordo),
            Cell::Int(p.valor_proposto),
            Cell::from(p.qtd_parcelas),
            Cell::from(p.primeiro_vencimento),
            Cell::Text(p.campos),
            Cell::Text(p.em),
        ],
    )?;
    Ok(db.last_id())
}

/// The e-mails, oldest first.
///
/// # Errors
/// The store cannot be read.
pub fn emails(db: &Db, ficha: i64) -> Result<Vec<String>> {
    let sql = "SELECT email FROM (SELECT id, email FROM atendimento.portal_email WHERE ficha_id=?1
                 ORDER BY id DESC LIMIT ?2) ORDER BY id";
    db.rows(sql, &[Cell::Int(ficha), Cell::Int(MAXIMO)], |r| r.str(0))
}

/// The parts of an address that the Portal gives, under the names that they have in the remessa's.
pub const PARTES: [&str; 8] = ["tipo", "logradouro", "numero", "complemento", "bairro", "cidade", "uf", "cep"];

/// The addresses, oldest first, each in the order of [`PARTES`].
///
/// # Errors
/// The store cannot be read.
pub fn enderecos(db: &Db, ficha: i64) -> Result<Vec<[Option<String>; 8]>> {
    let sql = "SELECT tipo, logradouro, numero, complemento, bairro, cidade, uf, cep
               FROM (SELECT * FROM atendimento.portal_endereco WHERE ficha_id=?1 ORDER BY id DESC LIMIT ?2) ORDER BY id";
    db.rows(sql, &[Cell::Int(ficha), Cell::Int(MAXIMO)], |r| {
        let mut parts = [const { None }; 8];
        for (i, part) in parts.iter_mut().enumerate() {
            *part = r.string(i)?;
        }
        Ok(parts)
    })
}
