//! What Manager has of each ficha (`enviado`), and what the last look for more found (`varredura`).
//!
//! A row of `enviado` is written when a carga or incremental is published and goes when the ficha's baixa is. A
//! carga replaces all that Manager has: a row whose file is older than the last carga is of a ficha that Manager
//! lost without a baixa. It is still owed one, and back in collection it is sent again, whatever its hash says.

use super::auditoria;
use super::db::{Cell, Cursor, Db, Result};
use super::evento;
use super::execucao;
use super::ledger::dia;
use super::linhas::posicao;
use super::nao_contatar;
use crate::domain::discagem::{Discado, Posicao, escolhe};
use crate::domain::situacao::Situacao;
use chrono::NaiveDate;

/// One row of a file for Manager, as `enviado` keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Linha {
    /// ID_CRM.
    pub ficha: i64,
    /// The contract of the row.
    pub contrato: String,
    /// CPF/CNPJ of the row: of a ficha that `undo` takes back nothing else keeps it.
    pub documento: String,
    /// Hash of its cells.
    pub h: u64,
}

/// What was sent, by ficha.
pub const ENVIADOS: &str = "SELECT ficha_id, h, saida_id FROM enviado ORDER BY ficha_id";
/// The same of the fichas of [`tocada`](super::tocada).
pub const ENVIADOS_TOCADAS: &str = "
SELECT ficha_id, h, saida_id FROM temp.tocada t CROSS JOIN enviado WHERE ficha_id=t.id ORDER BY t.id";

/// Records the rows of a published carga or incremental; `next` reads one after the other into its argument and
/// says whether there was one.
///
/// # Errors
/// The store cannot be written, or a row cannot be read.
pub fn grava(db: &Db, saida: i64, mut next: impl FnMut(&mut Linha) -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let mut stmt = db.prepare(
        "INSERT INTO enviado (ficha_id, contrato, cpf_cnpj, h, saida_id) VALUES (?1,?2,?3,?4,?5)
         ON CONFLICT (ficha_id) DO UPDATE SET contrato=?2, cpf_cnpj=?3, h=?4, saida_id=?5",
    )?;
    let mut row = Linha::default();
    while next(&mut row)? {
        stmt.exec(&[
            Cell::Int(row.ficha),
            Cell::Text(&row.contrato),
            Cell::Text(&row.documento),
            Cell::Int(row.h.cast_signed()),
            Cell::Int(saida),
        ])?;
    }
    Ok(())
}

/// Forgets the fichas of a published baixa, so that a later alta goes out again.
///
/// # Errors
/// The store cannot be written, or a row cannot be read.
pub fn apaga(db: &Db, mut next: impl FnMut(&mut Linha) -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let mut stmt = db.prepare("DELETE FROM enviado WHERE ficha_id=?1")?;
    let mut row = Linha::default();
    while next(&mut row)? {
        stmt.exec(&[Cell::Int(row.ficha)])?;
    }
    Ok(())
}

/// How many fichas Manager was sent.
///
/// # Errors
/// The store cannot be read.
pub fn quantos(db: &Db) -> Result<i64> {
    Ok(db.int("SELECT count(*) FROM enviado", &[])?.unwrap_or(0))
}

/// The last file that replaced all that Manager has; 0: none yet.
///
/// # Errors
/// The store cannot be read.
pub fn ultima_carga(db: &Db) -> Result<i64> {
    Ok(db.int("SELECT max(id) FROM saida WHERE tipo='carga' AND estado='publicado'", &[])?.unwrap_or(0))
}

/// A ficha that was sent, with its contracts as they are now.
#[derive(Clone, Debug)]
pub struct Enviada {
    /// ID_CRM.
    pub ficha: i64,
    /// The contract of the row last sent.
    pub contrato: String,
    /// CPF/CNPJ of the row last sent.
    pub documento: String,
    /// The file that it was sent in.
    pub saida: i64,
    contratos: Vec<Contrato>,
}

impl Enviada {
    /// Whether Manager may go on dialling it.
    pub fn disca(&self) -> bool {
        escolhe(&self.contratos).is_some()
    }

    /// Whether a contract of it is still ATIVO.
    pub fn tem_ativo(&self) -> bool {
        self.contratos.iter().any(|c| c.0.situacao == Situacao::Ativo)
    }
}

#[derive(Clone, Copy, Debug)]
struct Contrato(Posicao);

impl Discado for Contrato {
    fn posicao(&self) -> Posicao {
        self.0
    }
}

/// Every ficha that was sent with its contracts as they are now, by ficha.
pub const ENVIADAS: &str = "
SELECT e.ficha_id, e.contrato, e.cpf_cnpj, e.saida_id, c.situacao, k.flag_falecido, k.flag_nao_perturbe, NULL
FROM enviado e LEFT JOIN contrato c ON c.ficha_id=e.ficha_id LEFT JOIN cadastro k ON k.contrato_id=c.id ORDER BY e.ficha_id";

/// Reads one ficha after the other from the ordered answer of [`ENVIADAS`].
pub struct Enviadas<'s> {
    cursor: Cursor<'s>,
    next: Option<Enviada>,
}

impl<'s> Enviadas<'s> {
    /// From a running query.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn new(cursor: Cursor<'s>) -> Result<Self> {
        let mut all = Self { cursor, next: None };
        all.proxima()?;
        Ok(all)
    }

    /// The next ficha.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn proxima(&mut self) -> Result<Option<Enviada>> {
        let mut current = self.next.take();
        while let Some(r) = self.cursor.next_row()? {
            // a ficha that `undo` took back has no contract at all
            let contrato = match r.text(4)? {
                Some(_) => Some(Contrato(posicao(&r, 4)?)),
                None => None,
            };
            let ficha = r.i64(0)?;
            if let Some(e) = current.as_mut().filter(|e| e.ficha == ficha) {
                e.contratos.extend(contrato);
                continue;
            }
            self.next = Some(Enviada {
                ficha,
                contrato: r.str(1)?,
                documento: r.str(2)?,
                saida: r.i64(3)?,
                contratos: contrato.into_iter().collect(),
            });
            break;
        }
        Ok(current)
    }
}

/// How the last of a ficha's contracts left ATIVO: what it became, and the data de operação.
///
/// # Errors
/// The store cannot be read.
pub fn saiu_de_ativo(db: &Db, ficha: i64) -> Result<Option<(Situacao, Option<NaiveDate>, i64)>> {
    let sql = "SELECT e.para, run.data_operacao, run.id FROM contrato c JOIN evento e ON e.contrato_id=c.id
               JOIN run ON run.id=e.run WHERE c.ficha_id=?1 AND e.de='ATIVO' AND e.para<>'ATIVO'
               ORDER BY e.run DESC, e.linha DESC LIMIT 1";
    let found = db.one(sql, &[Cell::Int(ficha)], |r| {
        Ok((r.text(0)?.and_then(Situacao::parse), r.text(1)?.and_then(dia), r.i64(2)?))
    })?;
    Ok(found.and_then(|(s, d, run)| Some((s?, d, run))))
}

/// The data de operação of the run that wrote what makes a ficha NAO_CONTATAR; of several contracts the first.
///
/// # Errors
/// The store cannot be read.
pub fn nao_contatar_desde(db: &Db, ficha: i64) -> Result<Option<NaiveDate>> {
    let sql = "SELECT run.data_operacao FROM contrato c JOIN cadastro k ON k.contrato_id=c.id JOIN run ON run.id=c.run
               WHERE c.ficha_id=?1 AND (k.flag_falecido='S' OR k.flag_nao_perturbe='S') ORDER BY c.run LIMIT 1";
    Ok(db.one(sql, &[Cell::Int(ficha)], |r| r.string(0))?.flatten().and_then(|d| dia(&d)))
}

/// The data de operação of the last import that was taken back.
///
/// # Errors
/// The store cannot be read.
pub fn desfeita_em(db: &Db) -> Result<Option<NaiveDate>> {
    let sql = "SELECT data_operacao FROM run WHERE kind='undo' AND estado='done' ORDER BY id DESC LIMIT 1";
    Ok(db.one(sql, &[], |r| r.string(0))?.flatten().and_then(|d| dia(&d)))
}

/// How a ficha came to be dialled: rule and data de operação of the last event that made one of its contracts
/// ATIVO.
///
/// # Errors
/// The store cannot be read.
pub fn entrou_em_ativo(db: &Db, ficha: i64) -> Result<Option<(String, Option<NaiveDate>)>> {
    let sql = format!(
        "SELECT e.regra, run.data_operacao FROM {} e JOIN run ON run.id=e.run
         WHERE e.ficha_id=?1 AND e.para='ATIVO' ORDER BY e.run DESC, e.linha DESC LIMIT 1",
        evento::HISTORIA
    );
    db.one(&sql, &[Cell::Int(ficha)], |r| Ok((r.str(0)?, r.text(1)?.and_then(dia))))
}

/// What the rows for Manager depend on: while it stands, a new look finds what the last one did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visto {
    /// The last run of the ledger.
    pub run: i64,
    /// Changes of the contacts, and what the configuration says, as one text.
    pub resto: String,
}

impl Visto {
    /// Of the moments that are looked at; `regra` is a hash of what the configuration says of dialling.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn le(carteira: &Db, atendimento: &Db, regra: u64) -> Result<Self> {
        let n = atendimento.int("SELECT n FROM mudanca", &[])?.unwrap_or(0);
        Ok(Self { run: execucao::last_run(carteira)?, resto: format!("{n}/{regra:x}") })
    }

    /// Of all that decides which fichas there are: the imports, and who is not to be contacted.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn das_fichas(carteira: &Db, atendimento: &Db) -> Result<Self> {
        let resto = nao_contatar::versao(atendimento)?.map(|n| n.to_string()).unwrap_or_default();
        Ok(Self { run: execucao::last_run(carteira)?, resto })
    }

    fn texto(&self) -> String {
        format!("{}/{}", self.run, self.resto)
    }

    fn parse(s: &str) -> Self {
        let (run, rest) = s.split_once('/').unwrap_or(("", s));
        Self { run: run.parse().unwrap_or(-1), resto: rest.to_owned() }
    }
}

/// What a look is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Olhar {
    /// Rows that differ.
    Incremental,
    /// Fichas that are not to be dialled any more.
    Baixa,
    /// A carga that the brake refused.
    Freio,
}

impl Olhar {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Incremental => "incremental",
            Self::Baixa => "baixa",
            Self::Freio => "freio",
        }
    }
}

/// What the last look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Varredura {
    /// What it looked at.
    pub visto: Visto,
    /// When, local time.
    pub em: String,
    /// Its operating day.
    pub dia: Option<NaiveDate>,
    /// Rows found.
    pub linhas: i64,
    /// Why they did not go.
    pub mensagem: Option<String>,
}

/// The last look of a kind.
///
/// # Errors
/// The store cannot be read.
pub fn varredura(db: &Db, de: Olhar) -> Result<Option<Varredura>> {
    let sql = "SELECT visto, em, data_operacao, linhas, mensagem FROM varredura WHERE tipo=?1";
    db.one(sql, &[Cell::Text(de.as_str())], |r| {
        Ok(Varredura {
            visto: Visto::parse(r.text(0)?.unwrap_or("")),
            em: r.str(1)?,
            dia: r.text(2)?.and_then(dia),
            linhas: r.i64(3)?,
            mensagem: r.string(4)?,
        })
    })
}

/// Records a look.
///
/// # Errors
/// The store cannot be written.
pub fn varreu(db: &Db, de: Olhar, v: &Varredura) -> Result<()> {
    let day = v.dia.map(|d| d.to_string());
    db.exec(
        "INSERT INTO varredura (tipo, visto, em, data_operacao, linhas, mensagem) VALUES (?1,?2,?3,?4,?5,?6)
         ON CONFLICT (tipo) DO UPDATE SET visto=?2, em=?3, data_operacao=?4, linhas=?5, mensagem=?6",
        &[
            Cell::Text(de.as_str()),
            Cell::Text(&v.visto.texto()),
            Cell::Text(&v.em),
            Cell::from(day.as_ref()),
            Cell::Int(v.linhas),
            Cell::from(v.mensagem.as_ref()),
        ],
    )?;
    Ok(())
}

/// Forgets a look: what it led to was given up, or no longer holds.
///
/// # Errors
/// The store cannot be written.
pub fn esquece(db: &Db, de: Olhar) -> Result<()> {
    db.exec("DELETE FROM varredura WHERE tipo=?1", &[Cell::Text(de.as_str())])?;
    Ok(())
}

/// Records in `atendimento.db` that a gate before a file for Manager was passed, and why (OR7).
///
/// # Errors
/// The store cannot be written.
pub fn forcou(atendimento: &Db, em: &str, tipo: &str, motivo: &str) -> Result<()> {
    let what = format!("export manager {tipo} --force: {motivo}");
    auditoria::registra(atendimento, em, "atom", None, &what)
}
