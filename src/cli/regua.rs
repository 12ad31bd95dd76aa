//! Frames of broken lines: what `layout check` looks at, and what stands below the report of an import.

use super::apoio::{comando, quebra};
use super::app::App;
use super::texto::corrente;
use crate::domain::codigo::Codigo;
use crate::import::entrada::reconhece;
use crate::import::estrutura::Fonte;
use crate::import::relato::{Relatorio, State};
use crate::layout::impressao::imprime;
use crate::layout::linha::Linha;
use crate::layout::planilha::{Falha, PRAZO, arquivo_csv};
use crate::layout::regua::deslocamento::AMOSTRA;
use crate::layout::regua::exame::{Visto, percorre, quebra as regua_da_quebra};
use crate::layout::regua::mascara::{self, Modo};
use crate::layout::regua::{Falta, desenha, faltas, rejeita};
use crate::layout::text::Encoding;
use crate::layout::{Format, Layout};
use crate::store::ledger;
use anyhow::Context as _;
use std::path::{Path, PathBuf};
use tempfile::TempPath;

/// Frames below the report of one file.
const QUADROS: usize = 3;

/// Where the text of a workbook lies meanwhile: in a folder of ours (SE9), though there may be no store yet.
fn pasta(app: &App) -> PathBuf {
    let ours = [app.config.data.join("inbox"), app.config.data.clone()];
    let beside = || app.config.file.parent().unwrap_or(Path::new(".")).to_owned();
    ours.into_iter().find(|p| p.is_dir()).unwrap_or_else(beside)
}

/// A file to be looked at line by line.
pub struct Alvo<'a> {
    /// Its name, as messages write it.
    pub nome: String,
    /// Its layout.
    pub layout: &'a Layout,
    /// Its bytes; of a workbook, its text.
    pub fonte: Fonte,
    /// The text of a workbook, which goes with the value.
    _texto: Option<TempPath>,
}

impl<'a> Alvo<'a> {
    /// Opens it; a workbook is made text first, unless it is corrected lines of one, which are text as our reject file
    /// has them (decisions 5). A workbook that cannot be is the inner error.
    ///
    /// # Errors
    /// Exit 1: not the file's fault.
    pub fn abre(app: &App, file: &Path, nome: &str, layout: &'a Layout) -> anyhow::Result<Result<Self, Falha>> {
        let texto = if layout.format == Format::Sheet && ledger::corrige(nome).is_none() {
            let exe = std::env::current_exe().context("o próprio programa")?;
            match arquivo_csv(&exe, file, &pasta(app), PRAZO) {
                Ok(text) => Some(text),
                Err(Falha::Io(e)) => return Err(e).with_context(|| file.display().to_string()),
                Err(e) => return Ok(Err(e)),
            }
        } else {
            None
        };
        let caminho = texto.as_deref().unwrap_or(file).to_owned();
        let codificacao = imprime(&caminho).with_context(|| file.display().to_string())?.codificacao;
        Ok(Ok(Self::com(nome, layout, Fonte { caminho, codificacao }, texto)))
    }

    fn com(nome: &str, layout: &'a Layout, fonte: Fonte, texto: Option<TempPath>) -> Self {
        Self { nome: mascara::texto(nome), layout, fonte, _texto: texto }
    }

    /// Shows every line to `ver` until it answers `false`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn percorre(&self, ver: impl FnMut(Visto<'_>) -> bool) -> std::io::Result<()> {
        percorre(&self.fonte.caminho, self.layout, self.fonte.codificacao, ver).map(|_| ())
    }

    /// Whether something inside its lines seems shifted, so that no column says whose value it holds.
    fn deslocado(&self) -> std::io::Result<bool> {
        let mut bad = Vec::new();
        self.percorre(|v| {
            if let Visto::Linha(l) = v
                && !faltas(l).is_empty()
            {
                bad.push(l.numero);
            }
            bad.len() < AMOSTRA
        })?;
        Ok(self.fonte.desvio(self.layout, &bad).is_some())
    }
}

/// A message wrapped within the boards' width, a command at its end on one line.
pub fn mensagem(text: &str) -> Vec<String> {
    let text = match text.rfind(": atom ") {
        Some(at) if !text[at + 2..].contains(". ") => format!("{}{}", &text[..at + 2], comando(&text[at + 2..])),
        _ => text.to_owned(),
    };
    quebra(&text, 96)
}

/// The frames below the report of an import: the first rejected line of each code, [`QUADROS`] at most, or the
/// line that broke the file. `from` is the file as it was named, for one that the ledger does not know. A frame
/// that cannot be drawn is no reason to withhold the report.
pub fn quadros(app: &App, r: &Relatorio, from: Option<&Path>) -> Vec<String> {
    let code = r.reason.as_ref().map(|x| x.code);
    let broken = code == Some(Codigo::Estrutura.as_str());
    let many = code == Some(Codigo::RejeitosDemais.as_str());
    let drawn = match r.state {
        State::Refused if broken => acha(app, r, from).map(|a| a.map(|a| quebrada(&a)).transpose()),
        State::Refused if many => acha(app, r, from).map(|a| a.map(|a| primeira(&a)).transpose()),
        State::DoneWithRejects => acha(app, r, from).map(|a| a.map(|a| rejeitadas(&a, r)).transpose()),
        _ => return Vec::new(),
    };
    match drawn.and_then(|d| Ok(d?)) {
        Ok(frames) => frames.unwrap_or_default(),
        Err(e) => {
            tracing::debug!("ruler: {}", corrente(&e));
            Vec::new()
        }
    }
}

/// The file of a report, where it lies now.
fn acha<'a>(app: &'a App, r: &Relatorio, from: Option<&Path>) -> anyhow::Result<Option<Alvo<'a>>> {
    let row = match &r.sha256 {
        Some(sha) => ledger::with_content(&app.reader()?.db, &r.kind, sha)?.into_iter().find(|a| a.nome == r.file),
        None => None,
    };
    let (path, layout) = match (&row, from) {
        (Some(a), _) => (app.config.data.join(&a.caminho), app.layouts.get(&a.layout)),
        (None, Some(from)) => {
            let found = reconhece(&app.layouts, &r.file, &app.config.campanha.ascob).ok();
            (from.to_owned(), found.map(|f| f.layout))
        }
        (None, None) => return Ok(None),
    };
    let Some(layout) = layout else { return Ok(None) };
    match row.filter(|_| layout.format != Format::Sheet) {
        // the ledger knows its code page: no need to read it whole
        Some(a) => {
            let fonte = Fonte { caminho: path, codificacao: Encoding::parse(&a.codificacao) };
            Ok(Some(Alvo::com(&r.file, layout, fonte, None)))
        }
        None => Ok(Alvo::abre(app, &path, &r.file, layout)?.ok()),
    }
}

/// The first line that breaks the structure.
fn quebrada(alvo: &Alvo<'_>) -> std::io::Result<Vec<String>> {
    let mut broken = None;
    alvo.percorre(|v| {
        if let Visto::Quebra(f) = v {
            broken = Some(f.clone());
        }
        broken.is_none()
    })?;
    let f = &alvo.fonte;
    let draw = |b| regua_da_quebra(&f.caminho, alvo.layout, f.codificacao, &alvo.nome, &b);
    broken.map(draw).transpose().map(|frame| frame.into_iter().collect())
}

/// The first line that its layout alone rejects.
fn primeira(alvo: &Alvo<'_>) -> std::io::Result<Vec<String>> {
    let shifted = alvo.deslocado()?;
    let mut frames = Vec::new();
    alvo.percorre(|v| {
        if let Visto::Linha(l) = v {
            let fault =
                faltas(l).into_iter().find(|f| l.record.fields.get(f.campo).is_some_and(|x| rejeita(x, f.codigo)));
            frames.extend(fault.map(|f| desenha(alvo.layout, l, &alvo.nome, f, modo(l, shifted))));
        }
        frames.is_empty()
    })?;
    Ok(frames)
}

/// The first rejected line of each code, in the order of the file.
fn rejeitadas(alvo: &Alvo<'_>, r: &Relatorio) -> std::io::Result<Vec<String>> {
    let firsts = r.primeiras.iter().filter_map(|(codigo, (line, field))| {
        Some((*line, Falta { campo: usize::from((*field)?), codigo: Codigo::parse(codigo)? }))
    });
    let mut firsts: Vec<(u32, Falta)> = firsts.collect();
    firsts.sort_by_key(|f| f.0);
    firsts.truncate(QUADROS);
    let Some(last) = firsts.last().map(|f| f.0) else { return Ok(Vec::new()) };
    let shifted = r.lines.rejeitadas() * 2 >= r.lines.read && alvo.deslocado()?;
    let mut frames = Vec::new();
    alvo.percorre(|v| {
        let Visto::Linha(l) = v else { return true };
        for (_, f) in firsts.iter().filter(|f| f.0 == l.numero) {
            frames.push(desenha(alvo.layout, l, &alvo.nome, *f, modo(l, shifted)));
        }
        l.numero < last
    })?;
    Ok(frames)
}

fn modo(l: &Linha<'_>, shifted: bool) -> Modo {
    if shifted { Modo::Forma } else { Modo::de(faltas(l).len()) }
}
