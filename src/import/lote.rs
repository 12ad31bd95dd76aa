//! Files whose rows go to `atendimento.db`: massivas and retorno.
//!
//! No transaction spans both files of the store. The rows of a file go in first, in one transaction, each under
//! (data de operação, SHA-256, line), together with the verdicts on the lines that left none; then the ledger is
//! marked in `carteira.db`. A crash in between leaves the rows without the ledger: the next run takes all
//! verdicts from there, whatever happened meanwhile, so that the account is the first one's and nothing is
//! written twice. A file that the ledger has as applied and that is forced again finds its lines unchanged and
//! looks at the others anew.
//!
//! A kind is a [`Regra`]; [`PorLote`] is the room that all of them share.

use super::Contexto;
use super::passo::{APLICA, Aceita, Efeito, Efeitos, Falha, Gravador, IGUAL, Marca, Parada, Passo, Rejeito};
use crate::domain::codigo::Codigo;
use crate::layout::Layout;
use crate::layout::linha::Linha;
use crate::store::Store;
use crate::store::db::{self, Db, Tx};
use crate::store::ledger::{self, Arquivo, Estado};
use crate::store::lote::{self, Chave, Tabela};
use crate::store::massiva::Origem;
use chrono::NaiveDate;
use std::collections::{HashMap, HashSet};

/// A line whose rows a dead run left: counted as it was there.
const FEITA: Marca = APLICA | 0x01;

/// What an earlier run left of a file.
enum Antes {
    Nada,
    /// It died before the ledger was marked: lines with rows, rejected lines.
    Morta(HashSet<u32>, HashMap<u32, Rejeito>),
    /// It was applied: lines with rows.
    Aplicada(HashSet<u32>),
}

/// What tells one kind of file for `atendimento.db` from another.
pub trait Regra<'c> {
    /// The prepared statements that write its rows.
    type Escritor: 'c;

    /// Looks at one line; asks [`Lote::decidida`] once its fields are known to be sound.
    ///
    /// # Errors
    /// The line is rejected, or the store cannot be read.
    fn decide(&mut self, lote: &Lote<'c>, linha: &Linha<'_>, avisos: &mut Vec<Codigo>) -> Result<Aceita, Parada>;

    /// Prepares the statements on the connection to `atendimento.db`.
    ///
    /// # Errors
    /// The store cannot be read.
    fn escritor(db: &'c Db) -> db::Result<Self::Escritor>;

    /// Writes the rows of an accepted line; whether any is new. `em` is when the file is imported, local time with
    /// offset.
    ///
    /// # Errors
    /// The store cannot be written.
    fn grava(&self, para: &mut Self::Escritor, origem: Origem, em: &str, linha: &Linha<'_>) -> anyhow::Result<bool>;
}

/// The room of a kind whose rows go to `atendimento.db`.
pub struct PorLote<'c, R> {
    regra: R,
    lote: Lote<'c>,
}

impl<'c, R: Regra<'c>> PorLote<'c, R> {
    /// Opens it for a file of this layout and day, whose lines become rows of `tabela`.
    pub fn new(ctx: &'c Contexto<'c>, layout: &Layout, dia: NaiveDate, tabela: Tabela, regra: R) -> Self {
        Self { regra, lote: Lote::new(ctx, layout, dia, tabela) }
    }
}

impl<'c, R: Regra<'c> + 'c> Passo<'c> for PorLote<'c, R> {
    fn arquivo(&mut self, a: &Arquivo) -> anyhow::Result<()> {
        self.lote.arquivo(a)
    }

    fn examina(&mut self, linha: &Linha<'_>, avisos: &mut Vec<Codigo>) -> Result<Aceita, Rejeito> {
        let decided = self.regra.decide(&self.lote, linha, avisos);
        self.lote.responde(linha, decided)
    }

    fn resolve(&mut self, _plano: &mut [Marca]) {}

    fn gravador(mut self: Box<Self>, store: &'c Store, _run: i64) -> anyhow::Result<Box<dyn Gravador + 'c>> {
        let escrita = self.lote.escreve()?;
        let escritor = R::escritor(store.atendimento()?)?;
        Ok(Box::new(Grava { escritor, regra: self.regra, em: self.lote.em, escrita }))
    }
}

struct Grava<'c, R: Regra<'c>> {
    escritor: R::Escritor,
    regra: R,
    em: String,
    escrita: Escrita<'c>,
}

impl<'c, R: Regra<'c>> Gravador for Grava<'c, R> {
    /// New, or in the history already; what a dead run wrote counts as it did then.
    fn grava(&mut self, linha: &Linha<'_>, marca: Marca) -> anyhow::Result<Efeito> {
        if marca == FEITA {
            return Ok(Efeito::Criada);
        }
        let new = self.regra.grava(&mut self.escritor, self.escrita.origem(linha), &self.em, linha)?;
        Ok(if new { Efeito::Criada } else { Efeito::Igual })
    }

    fn fim(self: Box<Self>) -> anyhow::Result<Efeitos> {
        self.escrita.fim()?;
        Ok(Efeitos::default())
    }
}

/// A file on its way to `atendimento.db`.
pub struct Lote<'c> {
    store: &'c Store,
    tabela: Tabela,
    chave: Chave,
    antes: Antes,
    /// Verdicts on rejected lines: `line CODE field`.
    rejeitos: String,
    em: String,
    dry_run: bool,
    falha: Falha,
}

impl<'c> Lote<'c> {
    fn new(ctx: &'c Contexto<'c>, layout: &Layout, dia: NaiveDate, tabela: Tabela) -> Self {
        Self {
            store: ctx.store,
            tabela,
            chave: Chave { dia, sha256: String::new(), layout: layout.name.clone() },
            antes: Antes::Nada,
            rejeitos: String::new(),
            em: ctx.clock.now().iso(),
            dry_run: ctx.opcoes.dry_run,
            falha: Falha::default(),
        }
    }

    /// Looks up what an earlier run left of the file.
    ///
    /// # Errors
    /// The store cannot be read.
    fn arquivo(&mut self, a: &Arquivo) -> anyhow::Result<()> {
        self.chave.sha256.clone_from(&a.sha256);
        let db = self.store.atendimento()?;
        let Some(before) = lote::procura(db, &self.chave)? else { return Ok(()) };
        let rows = lote::linhas(db, self.tabela, before.id)?;
        let applied = ledger::with_content(&self.store.db, &a.kind, &a.sha256)?
            .into_iter()
            .any(|o| o.estado == Estado::Importado && o.layout == a.layout && o.data_operacao == Some(self.chave.dia));
        self.antes = if applied { Antes::Aplicada(rows) } else { Antes::Morta(rows, le(&before.rejeitos)) };
        Ok(())
    }

    /// What an earlier run already decided of a line; asked once its fields are known to be sound.
    ///
    /// # Errors
    /// It was rejected then: data, not a failure.
    pub fn decidida(&self, linha: &Linha<'_>) -> Result<Option<Marca>, Rejeito> {
        let n = &linha.numero;
        match &self.antes {
            Antes::Morta(rows, _) if rows.contains(n) => Ok(Some(FEITA)),
            // the history had it then, or a later line of the file replaced it
            Antes::Morta(_, rejected) => rejected.get(n).map_or(Ok(Some(IGUAL)), |r| Err(*r)),
            Antes::Aplicada(rows) if rows.contains(n) => Ok(Some(IGUAL)),
            Antes::Aplicada(_) | Antes::Nada => Ok(None),
        }
    }

    /// The answer of a first pass to a line; a store that failed is kept for [`Lote::escreve`].
    ///
    /// # Errors
    /// The line is rejected: data, not a failure.
    fn responde(&mut self, linha: &Linha<'_>, decided: Result<Aceita, Parada>) -> Result<Aceita, Rejeito> {
        self.falha.responde(decided).inspect_err(|r| {
            let field = r.campo.map(|i| i.to_string()).unwrap_or_default();
            self.rejeitos.push_str(&format!("{} {} {field}\n", linha.numero, r.codigo));
        })
    }

    /// Begins the transaction of its rows.
    ///
    /// # Errors
    /// The store cannot be written, or failed in the first pass.
    fn escreve(&mut self) -> anyhow::Result<Escrita<'c>> {
        std::mem::take(&mut self.falha).confere()?;
        let tx = self.store.atendimento()?.begin()?;
        let id = lote::entra(&tx, &self.chave, &self.em, &self.rejeitos)?;
        Ok(Escrita { tx, id, dry_run: self.dry_run })
    }
}

/// Reads the verdicts back.
fn le(text: &str) -> HashMap<u32, Rejeito> {
    let one = |l: &str| {
        let mut words = l.split(' ');
        let (line, code) = (words.next()?.parse().ok()?, Codigo::parse(words.next()?)?);
        Some((line, Rejeito { codigo: code, campo: words.next().and_then(|w| w.parse().ok()) }))
    };
    text.lines().filter_map(one).collect()
}

/// The open transaction of a file's rows; rolled back when dropped.
struct Escrita<'c> {
    tx: Tx<'c>,
    id: i64,
    dry_run: bool,
}

impl Escrita<'_> {
    /// What a row says of the line that it came from.
    fn origem(&self, linha: &Linha<'_>) -> Origem {
        Origem { lote: self.id, linha: linha.numero }
    }

    /// Commits, the account being known to close; under `--dry-run` nothing stays.
    ///
    /// # Errors
    /// The store cannot be written.
    fn fim(self) -> anyhow::Result<()> {
        if self.dry_run {
            return Ok(());
        }
        self.tx.commit()?;
        #[cfg(debug_assertions)]
        crate::config::crash_point("massivas");
        Ok(())
    }
}
