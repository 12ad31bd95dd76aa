//! Baixa parcial (R010, R017, R019, UC004): an acordo blocks its contract until the payment has cleared.
//!
//! Two shapes say the same: the fixed `_acordo_` file and the 15 columns of Acordos Baixados; each writes the
//! columns that it has. **Key:** a row is (contract, acordo, the acordo's installment); a block hangs on
//! (contract, acordo), the number compared without its leading zeros.
//!
//! **State:** [`situacao::baixa`] decides. Every line is decided on the store as it was before the file, and
//! what its other lines have to do with it is settled in `resolve`: several acordos of a contract start one
//! block, whatever the order of the lines (IM7). D0 is the file's data de operação; a file that comes late never
//! shortens a block that runs: the later D0 stands.
//!
//! **Account:** created when the row is new, whatever becomes of the state; updated when its content changed or
//! a stored acordo blocks now; on a contract that is not ATIVO the acordo is stored and the line ignored.

use super::passo::{
    APLICA, Aceita, Chave, Efeito, Efeitos, Falha, Gravador, Marca, NAO_ATIVO, Parada, Passo, REJEITADA, REPETIDA,
    Rejeito, celula, chave, chave_do_contrato, valida,
};
use super::{Contexto, NaiveDate, esquema};
use crate::domain::codigo::Codigo;
use crate::domain::documento;
use crate::domain::situacao::{self, Acordo, PorBaixa, Situacao};
use crate::layout::linha::Linha;
use crate::layout::valor::Valor;
use crate::layout::{Layout, Record};
use crate::store::Store;
use crate::store::acordo::Acordos;
use crate::store::busca::Busca;
use crate::store::db::{Cell, Stmt};
use crate::store::evento::{Estados, Evento};
use crate::store::schema::{Esquema, Tabela};
use std::collections::HashSet;

/// The fields that this rule reads by name.
pub const CAMPOS: &[&str] = &["codigo_assessoria", "contrato", "numero_acordo", "numero_parcela_acordo"];

/// Fields that say which row a line is, not what it holds: the two shapes spell them differently.
const SEM_CONTEUDO: &[&str] =
    &["tipo_registro", "codigo_assessoria", "contrato", "numero_acordo", "numero_parcela_acordo"];

/// Where the fields of a line are.
struct Mapa {
    assessoria: usize,
    contrato: usize,
    acordo: usize,
    parcela: usize,
    /// The fields that fill the table's columns, in the order of `esquema`.
    colunas: Vec<usize>,
    /// The fields that are a row's content.
    conteudo: Vec<usize>,
    /// The columns of the table that this layout fills; the other shape's stay as they are.
    esquema: Esquema,
}

impl Mapa {
    fn new(layout: &Layout, esquema: &Esquema) -> anyhow::Result<Self> {
        let record = esquema::unico_registro(layout)?;
        let at = |n: &str| esquema::indice(layout, record, n);
        let filled: Vec<_> =
            esquema.de(Tabela::Acordo).iter().filter(|c| record.index(&c.nome).is_some()).cloned().collect();
        let mut own = Esquema::default();
        own.set(Tabela::Acordo, filled);
        Ok(Self {
            assessoria: at("codigo_assessoria")?,
            contrato: at("contrato")?,
            acordo: at("numero_acordo")?,
            parcela: at("numero_parcela_acordo")?,
            colunas: own.de(Tabela::Acordo).iter().map(|c| at(&c.nome)).collect::<anyhow::Result<_>>()?,
            conteudo: conteudo(record),
            esquema: own,
        })
    }

    /// Acordo and installment of a line.
    fn chave<'l>(&self, linha: &Linha<'l>) -> Result<(&'l str, i64), Rejeito> {
        let numero =
            numero_do_acordo(linha.campo(self.acordo)).ok_or(Rejeito::campo(Codigo::CampoObrigatorio, self.acordo))?;
        // where columns changed places a name stands there: it would block as an acordo that nobody has (SE1)
        if numero.contains(char::is_whitespace) || !numero.contains(|c: char| c.is_ascii_digit()) {
            return Err(Rejeito::campo(Codigo::NumeroInvalido, self.acordo));
        }
        match linha.valor(self.parcela) {
            Ok(Valor::Int(n)) => Ok((numero, n)),
            Ok(_) => Err(Rejeito::campo(Codigo::CampoObrigatorio, self.parcela)),
            Err(c) => Err(Rejeito::campo(c, self.parcela)),
        }
    }

    /// Binds the columns of a line behind `own` other parameters; returns the last parameter bound.
    fn bind(&self, stmt: &mut Stmt<'_>, linha: &Linha<'_>, own: usize) -> anyhow::Result<usize> {
        for (k, i) in self.colunas.iter().enumerate() {
            stmt.bind(own + k + 1, celula(&linha.valor(*i).unwrap_or(Valor::Nulo)))?;
        }
        Ok(own + self.colunas.len())
    }
}

fn conteudo(record: &Record) -> Vec<usize> {
    let counts = |name: &str, volatile: bool| !volatile && !SEM_CONTEUDO.contains(&name);
    record.fields.iter().enumerate().filter(|(_, f)| counts(&f.name, f.volatile)).map(|(i, _)| i).collect()
}

/// The number of an acordo as it is compared: no blanks around it, no leading zeros; `None` when nothing is left.
fn numero_do_acordo(raw: &str) -> Option<&str> {
    Some(raw.trim().trim_start_matches('0')).filter(|n| !n.is_empty())
}

/// What the first pass found out about a line.
#[derive(Clone, Copy, Debug)]
struct Vista {
    contrato: i64,
    de: Situacao,
    passo: PorBaixa,
    /// D0 of the block that the acordo started before, where it did.
    bloqueou_em: Option<NaiveDate>,
    /// D0 of the contract's block as it was, where that is later than the file's day.
    posterior: Option<NaiveDate>,
    /// As in the store: `None` where the row is new.
    igual: Option<bool>,
    acordo: Chave,
    /// The first line of its acordo: the history has one entry for it.
    primeira: bool,
    /// The line that stands for the contract's one block.
    comeca: bool,
}

/// First pass.
pub struct Baixa<'c> {
    mapa: Mapa,
    ascob: &'c str,
    dia: NaiveDate,
    busca: Busca<'c>,
    acordos: Acordos<'c>,
    /// One a line; `None` where it was rejected.
    vistas: Vec<Option<Vista>>,
    falha: Falha,
    scratch: Vec<u8>,
}

/// Opens the room.
///
/// # Errors
/// The store cannot be read, or the layout lacks a field.
pub fn abre<'c>(ctx: &'c Contexto<'c>, layout: &Layout, dia: NaiveDate) -> anyhow::Result<Box<dyn Passo<'c> + 'c>> {
    let mapa = Mapa::new(layout, &esquema::esquema(ctx.layouts)?)?;
    let record = esquema::unico_registro(layout)?;
    let compared: Vec<&str> = mapa.conteudo.iter().filter_map(|i| Some(record.fields.get(*i)?.name.as_str())).collect();
    let db = &ctx.store.db;
    Ok(Box::new(Baixa {
        busca: Busca::sem_documento(db)?,
        acordos: Acordos::new(db, &compared)?,
        mapa,
        ascob: &ctx.config.campanha.ascob,
        dia,
        vistas: Vec::new(),
        falha: Falha::default(),
        scratch: Vec::new(),
    }))
}

impl Baixa<'_> {
    fn olha(&mut self, linha: &Linha<'_>, avisos: &mut Vec<Codigo>) -> Result<(Chave, Vista), Parada> {
        valida(linha, Some((self.mapa.assessoria, self.ascob)), avisos)?;
        let (k1, k2) = self.mapa.chave(linha)?;
        let key = chave_do_contrato(linha, self.mapa.contrato)?;
        let contrato = self.busca.contrato(&key)?;
        let Some(c) = contrato else {
            return Err(Rejeito::campo(Codigo::ContratoDesconhecido, self.mapa.contrato).into());
        };
        let fields = &self.mapa.conteudo;
        let stored = self.acordos.procura(c.id, k1, k2, |i, cell| {
            fields.get(i).is_some_and(|f| celula(&linha.valor(*f).unwrap_or(Valor::Nulo)) == cell)
        })?;
        let known = if stored.bloqueou_em.is_some() { Acordo::Conhecido } else { Acordo::Novo };
        self.scratch.clear();
        self.scratch.extend_from_slice(&c.id.to_le_bytes());
        self.scratch.extend_from_slice(k1.as_bytes());
        let acordo = chave(&self.scratch);
        self.scratch.push(0);
        self.scratch.extend_from_slice(&k2.to_le_bytes());
        let vista = Vista {
            contrato: c.id,
            de: c.situacao,
            passo: situacao::baixa(Some(c.situacao), known),
            bloqueou_em: stored.bloqueou_em,
            posterior: c.bloqueado_em.filter(|d0| *d0 > self.dia),
            igual: stored.igual,
            acordo,
            primeira: false,
            comeca: false,
        };
        Ok((chave(&self.scratch), vista))
    }
}

impl<'c> Passo<'c> for Baixa<'c> {
    fn examina(&mut self, linha: &Linha<'_>, avisos: &mut Vec<Codigo>) -> Result<Aceita, Rejeito> {
        let seen = self.olha(linha, avisos);
        self.vistas.push(seen.as_ref().ok().map(|(_, v)| *v));
        let accepted = seen.map(|(chave, v)| {
            let marca = if v.passo == PorBaixa::Guarda { NAO_ATIVO } else { APLICA };
            Aceita { chave: Some(chave), marca }
        });
        self.falha.responde(accepted)
    }

    /// Which line tells of an acordo, and which of the contract's block.
    fn resolve(&mut self, plano: &mut [Marca]) {
        let (mut acordos, mut contratos) = (HashSet::new(), HashSet::new());
        for (m, v) in plano.iter().zip(&mut self.vistas) {
            let Some(v) = v.as_mut().filter(|_| !matches!(*m, REJEITADA | REPETIDA)) else { continue };
            v.primeira = acordos.insert(v.acordo);
            v.comeca = v.passo.para().is_some() && contratos.insert(v.contrato);
        }
    }

    fn gravador(self: Box<Self>, store: &'c Store, run: i64) -> anyhow::Result<Box<dyn Gravador + 'c>> {
        let Self { mapa, dia, vistas, falha, .. } = *self;
        falha.confere()?;
        let (db, t) = (&store.db, Tabela::Acordo);
        let own = ["bloqueou_em", "run", "linha"];
        Ok(Box::new(Grava {
            insere: db.prepare(&t.insert_sql(&mapa.esquema))?,
            altera: db.prepare(&t.update_sql(&mapa.esquema, &own, &["contrato_id", "k1", "k2"]))?,
            estados: Estados::new(db, run)?,
            d0: dia.to_string(),
            mapa,
            run,
            vistas,
            efeitos: Efeitos::default(),
        }))
    }
}

struct Grava<'d> {
    mapa: Mapa,
    run: i64,
    /// The file's data de operação.
    d0: String,
    vistas: Vec<Option<Vista>>,
    efeitos: Efeitos,
    insere: Stmt<'d>,
    altera: Stmt<'d>,
    estados: Estados<'d>,
}

impl Grava<'_> {
    fn linha(&mut self, linha: &Linha<'_>) -> anyhow::Result<Efeito> {
        let Some(v) = self.vistas.get(linha.indice as usize).copied().flatten() else {
            anyhow::bail!("linha {}: contrato sem registro", linha.numero)
        };
        let (k1, k2) = self.mapa.chave(linha).map_err(|r| anyhow::anyhow!("{}", r.codigo.as_str()))?;
        self.historia(linha.numero, &v, k1)?;
        let starts = v.passo.para().is_some();
        let known = v.bloqueou_em.map(|d| d.to_string());
        let bloqueou = if starts { Some(self.d0.as_str()) } else { known.as_deref() };
        let [contrato, k1, k2] = [Cell::Int(v.contrato), Cell::Text(k1), Cell::Int(k2)];
        let [bloqueou, run, n] = [bloqueou.into(), Cell::Int(self.run), Cell::Int(i64::from(linha.numero))];
        match v.igual {
            None => {
                self.mapa.bind(&mut self.insere, linha, 6)?;
                self.insere.exec(&[contrato, k1, k2, bloqueou, run, n])?;
                Ok(Efeito::Criada)
            }
            Some(true) if !starts => Ok(Efeito::Igual),
            Some(_) => {
                let last = self.mapa.bind(&mut self.altera, linha, 3)?;
                for (i, c) in [contrato, k1, k2].into_iter().enumerate() {
                    self.altera.bind(last + i + 1, c)?;
                }
                self.altera.exec(&[bloqueou, run, n])?;
                Ok(Efeito::Alterada)
            }
        }
    }

    /// The contract's state and history: what blocked it, what kept the date of its block.
    fn historia(&mut self, numero: u32, v: &Vista, acordo: &str) -> anyhow::Result<()> {
        if !v.primeira && !v.comeca {
            return Ok(());
        }
        // a CPF in the place of the number is not told
        let alheio = acordo.len() >= 11 && matches!(documento::normaliza(acordo, None), Ok(Some(_)));
        let detalhe = if alheio { "acordo".to_owned() } else { format!("acordo {acordo}") };
        let regra = match v.passo {
            PorBaixa::Bloqueia => "BLOQUEIO",
            PorBaixa::Reinicia if v.posterior.is_some() => "BLOQUEIO_MANTIDO",
            PorBaixa::Reinicia => "BLOQUEIO_REINICIADO",
            PorBaixa::Mantem => "ACORDO_CONHECIDO",
            PorBaixa::Guarda => Codigo::ContratoNaoAtivo.as_str(),
            PorBaixa::Rejeita => return Ok(()),
        };
        let mut e = Evento {
            contrato: v.contrato,
            linha: numero,
            regra,
            de: Some(v.de),
            para: v.passo.para(),
            detalhe: Some(&detalhe),
        };
        if v.comeca {
            self.efeitos.bloqueios += u64::from(v.passo == PorBaixa::Bloqueia);
            // also where the day stands: the acordo holds the contract too, which undo has to know
            let posterior = v.posterior.map(|d| d.to_string());
            self.estados.muda(&e, Some(posterior.as_deref().unwrap_or(&self.d0)))?;
        } else {
            // a further acordo of the block that another line of this file starts
            if e.para.is_some() {
                (e.de, e.para) = (e.para, None);
            }
            self.estados.registra(&e)?;
        }
        Ok(())
    }
}

impl Gravador for Grava<'_> {
    fn grava(&mut self, linha: &Linha<'_>, _marca: Marca) -> anyhow::Result<Efeito> {
        self.linha(linha)
    }

    /// The acordo of a contract that is not ATIVO is stored: it blocks when it comes again after an alta.
    fn ignora(&mut self, linha: &Linha<'_>, marca: Marca) -> anyhow::Result<()> {
        if marca == NAO_ATIVO {
            self.linha(linha)?;
        }
        Ok(())
    }

    fn fim(self: Box<Self>) -> anyhow::Result<Efeitos> {
        Ok(self.efeitos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o_numero_do_acordo_compara_sem_zeros_a_esquerda_nem_brancos() {
        assert_eq!(numero_do_acordo("000000000771"), Some("771"));
        assert_eq!(numero_do_acordo(" 771   "), Some("771"));
        assert_eq!(numero_do_acordo("7710"), Some("7710"));
        assert_eq!(numero_do_acordo("000000000000"), None);
        assert_eq!(numero_do_acordo("            "), None);
    }
}
