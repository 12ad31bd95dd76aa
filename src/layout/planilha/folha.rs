//! The rows of a sheet, cell by cell, into delimited text.

use super::Falha;
use std::io::Write;

/// Rows of an xlsx sheet.
pub(super) const MAX_LINHAS: u32 = 1 << 20;
/// Ten times the columns of the widest sheet that is sent.
pub(super) const MAX_COLUNAS: u32 = 200;
/// What Excel lets a cell hold, in characters.
const MAX_CELULA: usize = 32_767;
/// Bytes of text: one long string may be repeated in every cell.
const MAX_TEXTO: usize = 256 << 20;

/// Takes cells in the order of the sheet and writes rows.
pub(super) struct Folha<W: Write> {
    csv: csv::Writer<W>,
    celulas: Vec<String>,
    /// Cells of the row so far.
    usadas: usize,
    linha: u32,
    /// Columns of the header, once it is written.
    largura: usize,
    texto: usize,
}

impl<W: Write> Folha<W> {
    pub fn new(out: W) -> Self {
        let csv = csv::WriterBuilder::new().delimiter(b';').flexible(true).from_writer(out);
        Self { csv, celulas: Vec::new(), usadas: 0, linha: 0, largura: 0, texto: 0 }
    }

    /// One cell; rows and columns count from 0. Empty cells need not be told.
    pub fn celula(&mut self, row: u32, col: u32, text: &str) -> Result<(), Falha> {
        if text.trim().is_empty() {
            return Ok(());
        }
        if row >= MAX_LINHAS || col >= MAX_COLUNAS {
            return Err(Falha::Limite(format!("passa de {MAX_LINHAS} linhas ou de {MAX_COLUNAS} colunas")));
        }
        if text.len() > MAX_CELULA && text.chars().count() > MAX_CELULA {
            return Err(Falha::Limite(format!("tem uma célula com mais de {MAX_CELULA} caracteres")));
        }
        if row != self.linha {
            if row < self.linha {
                return Err(Falha::Ilegivel("está danificada: linhas fora de ordem".into()));
            }
            self.fecha()?;
            self.linha = row;
        }
        let col = col as usize;
        if self.celulas.len() <= col {
            self.celulas.resize_with(col + 1, String::new);
        }
        self.usadas = self.usadas.max(col + 1);
        if let Some(cell) = self.celulas.get_mut(col) {
            cell.clear();
            // one long text may stand in every cell: whole where there is no break in it
            match memchr::memchr2(b'\r', b'\n', text.as_bytes()) {
                None => cell.push_str(text),
                Some(_) => cell.extend(text.chars().map(|c| if matches!(c, '\r' | '\n') { ' ' } else { c })),
            }
        }
        Ok(())
    }

    /// Writes the row: as wide as the header, wider where values stand beyond it (the reader says so).
    fn fecha(&mut self) -> Result<(), Falha> {
        if self.usadas == 0 {
            return Ok(());
        }
        if self.largura == 0 {
            self.largura = self.usadas;
        }
        let width = self.usadas.max(self.largura);
        if self.celulas.len() < width {
            self.celulas.resize_with(width, String::new);
        }
        let row = self.celulas.get(..width).unwrap_or(&self.celulas);
        self.texto += row.iter().map(|c| c.len() + 1).sum::<usize>();
        if self.texto > MAX_TEXTO {
            return Err(Falha::Limite(format!("tem mais de {} MiB de texto", MAX_TEXTO >> 20)));
        }
        self.csv.write_record(row).map_err(|e| std::io::Error::other(e.to_string()))?;
        self.celulas.iter_mut().for_each(String::clear);
        self.usadas = 0;
        Ok(())
    }

    /// The last row. A sheet without a value is a file without a line.
    pub fn fim(mut self) -> Result<(), Falha> {
        self.fecha()?;
        self.csv.flush()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folha(cells: &[(u32, u32, &str)]) -> Result<String, Falha> {
        let mut out = Vec::new();
        let mut f = Folha::new(&mut out);
        cells.iter().try_for_each(|(r, c, t)| f.celula(*r, *c, t))?;
        f.fim()?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn linhas_em_branco_saem_e_as_curtas_se_completam() {
        let text = folha(&[(2, 0, "A"), (2, 2, "C"), (3, 5, " "), (7, 1, "x;\"\n"), (9, 0, "y"), (9, 3, "z")]).unwrap();
        assert_eq!(text, "A;;C\n;\"x;\"\" \";\ny;;;z\n");
        assert_eq!(folha(&[]).unwrap(), "");
    }

    #[test]
    fn limites_de_linhas_colunas_e_celulas() {
        for cell in [(MAX_LINHAS, 0, "x"), (0, MAX_COLUNAS, "x"), (0, 0, &*"é".repeat(MAX_CELULA + 1))] {
            assert!(matches!(folha(&[cell]), Err(Falha::Limite(_))));
        }
        // formatting alone is no value
        assert_eq!(folha(&[(0, 0, "x"), (0, 16_383, "")]).unwrap(), "x\n");
        assert!(matches!(folha(&[(3, 0, "x"), (2, 0, "x")]), Err(Falha::Ilegivel(_))));
    }
}
