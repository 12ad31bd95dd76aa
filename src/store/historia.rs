//! What `atom explain` reads: one contract, the others of its ficha, their phones, and what happened to it.

use super::db::{Cell, Db, Result};
use super::evento;
use super::ledger::dia;
use super::linhas;
use crate::domain::discagem::{Discado, Posicao};
use crate::domain::situacao::Situacao;
use crate::domain::telefones::LinhaTelefone;
use chrono::NaiveDate;

/// A contract as far as dialling and blocking go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contrato {
    /// Its row.
    pub id: i64,
    /// Its number as it is shown.
    pub contrato: String,
    /// Situação, flags and delay.
    pub posicao: Posicao,
    /// D0 of its block, where BLOQUEADO.
    pub bloqueado_em: Option<NaiveDate>,
}

impl Discado for Contrato {
    fn posicao(&self) -> Posicao {
        self.posicao
    }
}

/// Row and ficha of the contract with this key (as `domain::contrato::chave` makes it).
///
/// # Errors
/// The store cannot be read.
pub fn procura(db: &Db, chave: &str) -> Result<Option<(i64, i64)>> {
    db.one("SELECT id, ficha_id FROM contrato WHERE chave=?1", &[Cell::Text(chave)], |r| Ok((r.i64(0)?, r.i64(1)?)))
}

/// The contracts of a ficha, in the order of their text.
///
/// # Errors
/// The store cannot be read.
pub fn contratos(db: &Db, ficha: i64) -> Result<Vec<Contrato>> {
    let sql = "SELECT c.id, c.contrato, c.bloqueado_em, c.situacao, k.flag_falecido, k.flag_nao_perturbe, d.dias_atraso
               FROM contrato c JOIN cadastro k ON k.contrato_id=c.id JOIN divida d ON d.contrato_id=c.id
               WHERE c.ficha_id=?1 ORDER BY c.contrato";
    db.rows(sql, &[Cell::Int(ficha)], |r| {
        let posicao = linhas::posicao(r, 3)?;
        let blocked = posicao.situacao == Situacao::Bloqueado;
        Ok(Contrato {
            id: r.i64(0)?,
            contrato: r.str(1)?,
            posicao,
            bloqueado_em: if blocked { r.text(2)?.and_then(dia) } else { None },
        })
    })
}

/// The phones of a ficha that the files gave, in reading order: remessa's by the contracts' text, then enrichment's.
///
/// # Errors
/// The store cannot be read.
pub fn telefones(db: &Db, ficha: i64) -> Result<Vec<LinhaTelefone>> {
    let sql = format!(
        "SELECT {} FROM telefone WHERE ficha_id=?1
         ORDER BY origem, (SELECT c.contrato FROM contrato c WHERE c.id=telefone.contrato_id), ordem",
        linhas::TELEFONE
    );
    let lines = db.rows(&sql, &[Cell::Int(ficha)], |r| linhas::telefone(r, 0))?;
    Ok(lines.into_iter().flatten().collect())
}

/// One thing that happened to a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passo {
    /// The run that did it.
    pub run: i64,
    /// The operating day.
    pub dia: Option<NaiveDate>,
    /// When the run ended, local time.
    pub em: String,
    /// The kind of import.
    pub kind: String,
    /// The file's name.
    pub arquivo: Option<String>,
    /// Physical line; `None` where no line names the contract.
    pub linha: Option<i64>,
    /// The rule's stable word.
    pub regra: String,
    /// Situação before.
    pub de: Option<Situacao>,
    /// Situação after; `None`: as it was.
    pub para: Option<Situacao>,
    /// What the rule has to say beside it.
    pub detalhe: Option<String>,
}

/// What happened to a contract, in the order in which it was applied.
///
/// # Errors
/// The store cannot be read.
pub fn passos(db: &Db, contrato: i64) -> Result<Vec<Passo>> {
    let sql = format!(
        "SELECT e.run, run.data_operacao, run.fim, run.kind, a.nome, e.linha, e.regra, e.de, e.para, e.detalhe
         FROM {} e JOIN run ON run.id=e.run LEFT JOIN arquivo a ON a.id=run.arquivo_id
         WHERE e.contrato_id=?1 ORDER BY e.run, e.linha, e.regra",
        evento::HISTORIA
    );
    db.rows(&sql, &[Cell::Int(contrato)], |r| {
        Ok(Passo {
            run: r.i64(0)?,
            dia: r.text(1)?.and_then(dia),
            em: r.str(2)?,
            kind: r.str(3)?,
            arquivo: r.string(4)?,
            linha: Some(r.i64(5)?).filter(|n| *n > 0),
            regra: r.str(6)?,
            de: r.text(7)?.and_then(Situacao::parse),
            para: r.text(8)?.and_then(Situacao::parse),
            detalhe: r.string(9)?,
        })
    })
}
