//! First pass: the whole file is read and every line decided, outside any lock of the database and touching
//! nothing.

use super::estrutura::{self, Estrutura};
use super::passo::{Aceita, Chave, Marca, Passo, REJEITADA, REPETIDA, Rejeito};
use super::{Contexto, etapa};
use crate::domain::codigo::Codigo;
use crate::layout::Layout;
use crate::layout::leitor::Leitor;
use crate::layout::linha::{Linha, Next};
use crate::layout::text::Encoding;
use crate::store::ledger::Arquivo;
use anyhow::Context as _;
use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The file of an import.
#[derive(Clone, Copy)]
pub struct Fonte<'a> {
    /// Its row.
    pub arquivo: &'a Arquivo,
    /// Where it lies.
    pub caminho: &'a Path,
    /// Its layout.
    pub layout: &'a Layout,
}

impl Fonte<'_> {
    /// Zero bytes in a kind where that means "no movement" (decisions 5).
    pub fn sem_movimento(&self) -> bool {
        self.arquivo.tamanho == 0 && etapa(&self.arquivo.kind).is_some_and(|e| e.vazio)
    }
}

impl<'a> Fonte<'a> {
    /// Opens it from the beginning; `what` is what the progress bar says.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn abre<'c>(self, ctx: &'c Contexto<'_>, what: &'c str) -> anyhow::Result<Leitor<'a, Progresso<'c>>> {
        let file = File::open(self.caminho).with_context(|| self.caminho.display().to_string())?;
        let total = u64::try_from(self.arquivo.tamanho).unwrap_or(0);
        let inner = Progresso { inner: file, done: 0, total, what, tell: ctx.progresso };
        Ok(Leitor::new(inner, self.layout, Encoding::parse(&self.arquivo.codificacao)))
    }
}

/// What the first pass found.
pub struct Leitura<'c> {
    /// The room, with what it learnt.
    pub passo: Box<dyn Passo<'c> + 'c>,
    /// One mark a line.
    pub plano: Vec<Marca>,
    /// Rejected lines by index, in order.
    pub rejeitos: Vec<(u32, Rejeito)>,
    /// Dropped fields of accepted lines: line index and code. They count only where the line enters.
    pub avisos: Vec<(u32, Codigo)>,
    /// Lines read.
    pub lidas: u64,
    /// The last line has no line break.
    pub sem_quebra: bool,
    /// The header line of a CSV as it stood.
    pub cabecalho: Vec<u8>,
    /// Columns of it that the layout does not know, fit to be shown.
    pub desconhecidas: Vec<String>,
    /// Structural faults.
    pub estrutura: Estrutura,
}

/// Reads the whole file.
///
/// # Errors
/// It cannot be read.
pub fn le<'c>(ctx: &Contexto<'_>, fonte: Fonte<'_>, passo: Box<dyn Passo<'c> + 'c>) -> anyhow::Result<Leitura<'c>> {
    let mut reader = fonte.abre(ctx, "lendo")?;
    let mut l = Leitura {
        passo,
        plano: Vec::new(),
        rejeitos: Vec::new(),
        avisos: Vec::new(),
        lidas: 0,
        sem_quebra: false,
        cabecalho: Vec::new(),
        desconhecidas: Vec::new(),
        estrutura: Estrutura::default(),
    };
    l.passo.arquivo(fonte.arquivo)?;
    let mut vistas = HashMap::new();
    let mut dropped = Vec::new();
    loop {
        match reader.next_line()? {
            Next::End => break,
            Next::Fault(f) => {
                l.lidas += 1;
                let stop = f.stops();
                l.estrutura.junta(f);
                if stop {
                    break;
                }
            }
            // once the structure is broken only its faults are counted
            Next::Linha(_) if !l.estrutura.ok() => l.lidas += 1,
            Next::Linha(linha) => {
                l.lidas += 1;
                l.examina(&linha, &mut vistas, &mut dropped);
            }
        }
    }
    l.sem_quebra = reader.unterminated();
    l.cabecalho = reader.cabecalho().to_vec();
    l.desconhecidas = reader.unknown().to_vec();
    Ok(l)
}

impl Leitura<'_> {
    fn examina(&mut self, linha: &Linha<'_>, vistas: &mut HashMap<Chave, u32>, dropped: &mut Vec<Codigo>) {
        dropped.clear();
        match self.passo.examina(linha, dropped) {
            Err(r) => {
                self.rejeitos.push((linha.indice, r));
                self.plano.push(REJEITADA);
            }
            Ok(Aceita { chave, marca }) => {
                let before = chave.and_then(|c| vistas.insert(c, linha.indice));
                if let Some(m) = before.and_then(|n| self.plano.get_mut(n as usize)) {
                    *m = REPETIDA;
                }
                self.plano.push(marca);
                self.avisos.extend(dropped.iter().map(|c| (linha.indice, *c)));
            }
        }
    }

    /// Whether the whole file is refused: structure, emptiness, too many rejects (decisions 5).
    pub fn recusavel(&self, fonte: Fonte<'_>, max_rejeitos: f64) -> Option<(Codigo, String)> {
        let codificacao = Encoding::parse(&fonte.arquivo.codificacao);
        let bytes = estrutura::Fonte { caminho: fonte.caminho.to_owned(), codificacao };
        if !self.estrutura.ok() {
            return Some((Codigo::Estrutura, self.estrutura.explica(fonte.layout, self.lidas, &bytes)));
        }
        // a CSV of its header alone is done with 0 lines
        if self.lidas == 0 && self.cabecalho.is_empty() && !fonte.sem_movimento() {
            return Some((Codigo::Estrutura, "o arquivo está vazio (nenhuma linha)".into()));
        }
        let count = self.rejeitos.iter().filter(|(_, r)| r.codigo.conta_para_o_limite()).count() as u64;
        #[expect(clippy::cast_precision_loss, reason = "line counts are far below 2^52")]
        let over = count as f64 > max_rejeitos * self.lidas as f64;
        if count <= 10 || !over {
            return None;
        }
        let said =
            estrutura::rejeitos_demais((fonte.layout, &bytes), &self.rejeitos, (count, self.lidas), max_rejeitos);
        Some((Codigo::RejeitosDemais, said))
    }
}

/// Tells how far a reader is.
pub struct Progresso<'a> {
    inner: File,
    done: u64,
    total: u64,
    what: &'a str,
    tell: &'a dyn Fn(u64, u64, &str),
}

impl Read for Progresso<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.done += n as u64;
        (self.tell)(self.done, self.total, self.what);
        Ok(n)
    }
}
