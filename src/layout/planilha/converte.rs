//! The child's side: a workbook into text, under limits of its own.

use super::celula::{self, Formato};
use super::folha::Folha;
use super::{CPU, Falha, MARCA_LIMITE, MEMORIA, assinatura, pacote};
use calamine::{Reader as _, Sheet, SheetType, SheetVisible, Xls, XlsError, Xlsx, XlsxError};
use rustix::process::{Resource, Rlimit, setrlimit};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Largest workbook that is looked at. An xls is held in memory several times over while it is read.
const MAX_ARQUIVO: u64 = 64 << 20;

/// Limits this process for good, then writes the text of a workbook to `saida`. What the parent is to know of
/// a failure is the error's text.
///
/// # Errors
/// The text for stderr: of a refused workbook (`Ok` inside), or of a failure of ours.
pub fn filho(entrada: &Path, saida: impl Write) -> Result<Result<(), String>, io::Error> {
    limita()?;
    // a broken workbook may make the parser panic; its message could quote a cell
    std::panic::set_hook(Box::new(|_| {}));
    let mut saida = BufWriter::new(saida);
    match catch_unwind(AssertUnwindSafe(|| converte(entrada, &mut saida))) {
        Ok(Ok(())) => saida.flush().map(Ok),
        Ok(Err(Falha::Io(e))) => Err(e),
        Ok(Err(Falha::Limite(m))) => Ok(Err(format!("{MARCA_LIMITE}{m}"))),
        Ok(Err(Falha::Ilegivel(m))) => Ok(Err(m)),
        Err(_) => Ok(Err(danificada())),
    }
}

fn limita() -> io::Result<()> {
    let at = |n| Rlimit { current: Some(n), maximum: Some(n) };
    setrlimit(Resource::As, at(MEMORIA))?;
    setrlimit(Resource::Cpu, at(CPU))?;
    setrlimit(Resource::Core, at(0))?;
    Ok(())
}

/// Writes the first visible sheet of a workbook as `;` text in UTF-8. Only in a process that is limited
/// ([`filho`]): a hostile workbook may abort it.
///
/// # Errors
/// [`Falha`]. The messages hold nothing of the content.
pub fn converte(entrada: &Path, saida: &mut impl Write) -> Result<(), Falha> {
    let mut file = File::open(entrada)?;
    if file.metadata()?.len() > MAX_ARQUIVO {
        return Err(Falha::Limite(format!("passa de {} MiB", MAX_ARQUIVO >> 20)));
    }
    let mut folha = Folha::new(saida);
    match assinatura(&mut file)? {
        [b'P', b'K', 3, 4] => xlsx(file, &mut folha)?,
        [0xD0, 0xCF, 0x11, 0xE0] => xls(file, &mut folha)?,
        _ => return Err(Falha::Ilegivel("não é um arquivo xls nem xlsx".into())),
    }
    folha.fim()
}

fn xlsx(file: File, folha: &mut Folha<impl Write>) -> Result<(), Falha> {
    pacote::confere(&file)?;
    let mut book = Xlsx::new(BufReader::new(file)).map_err(|e| de_xlsx(&e))?;
    let name = primeira(book.sheets_metadata())?;
    let mut cells = book.worksheet_cells_reader(&name).map_err(|e| de_xlsx(&e))?;
    let code = |s: &calamine::Style| s.number_format.as_ref().map(|n| Formato::de_codigo(&n.format_code));
    let formatos: Vec<Formato> = cells.styles().iter().map(|s| code(s).unwrap_or_default()).collect();
    while let Some((cell, style)) = cells.next_cell_with_style_id().map_err(|e| de_xlsx(&e))? {
        let (row, col) = cell.get_position();
        let formato = formatos.get(style).copied().unwrap_or_default();
        folha.celula(row, col, &celula::texto(cell.get_value(), formato))?;
    }
    Ok(())
}

fn xls(file: File, folha: &mut Folha<impl Write>) -> Result<(), Falha> {
    let mut book = Xls::new(BufReader::new(file)).map_err(|e| match e {
        XlsError::Password => protegida(),
        _ => Falha::Ilegivel(format!("{}, ou está protegida por senha", danificada())),
    })?;
    let name = primeira(book.sheets_metadata())?;
    let range = book.worksheet_range(&name).map_err(|_| Falha::Ilegivel(danificada()))?;
    let (top, left) = range.start().unwrap_or_default();
    for (row, col, value) in range.used_cells() {
        let at = |n: usize, from: u32| u32::try_from(n).unwrap_or(u32::MAX).saturating_add(from);
        let text = celula::emprestada(value);
        folha.celula(at(row, top), at(col, left), &celula::texto(&text, Formato::DESCONHECIDO))?;
    }
    Ok(())
}

/// The first sheet that a person would see.
fn primeira(sheets: &[Sheet]) -> Result<String, Falha> {
    let seen = |s: &&Sheet| s.typ == SheetType::WorkSheet && s.visible == SheetVisible::Visible;
    sheets
        .iter()
        .find(seen)
        .map(|s| s.name.clone())
        .ok_or_else(|| Falha::Ilegivel("não tem nenhuma aba visível".into()))
}

fn danificada() -> String {
    "está danificada".to_owned()
}

fn protegida() -> Falha {
    Falha::Ilegivel("está protegida por senha".into())
}

/// The parser's own words may quote a cell: only the kind of the error is told.
fn de_xlsx(e: &XlsxError) -> Falha {
    match e {
        XlsxError::Password => protegida(),
        XlsxError::Zip(_) => Falha::Ilegivel("está danificada: não é um zip íntegro".into()),
        XlsxError::Xml(_) | XlsxError::XmlAttr(_) | XlsxError::XmlEof(_) => {
            Falha::Ilegivel("está danificada: o XML interno não se lê".into())
        }
        XlsxError::FileNotFound(_) | XlsxError::RelationshipNotFound | XlsxError::WorksheetNotFound(_) => {
            Falha::Ilegivel("está danificada: falta uma parte interna".into())
        }
        _ => Falha::Ilegivel(danificada()),
    }
}
