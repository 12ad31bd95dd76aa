//! What is wrong with a whole file: one message for however many lines (decisions 5, FA001).

use super::passo::Rejeito;
use crate::domain::valores::milhares;
use crate::layout::delimited::MAX_LINHA;
use crate::layout::linha::{Fault, HeaderFault};
use crate::layout::regua::caracteres;
use crate::layout::regua::deslocamento::{self, AMOSTRA};
use crate::layout::regua::dica;
use crate::layout::regua::fonte::{self, Texto};
use crate::layout::text::Encoding;
use crate::layout::{Format, Layout, Record};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Widths told apart; a file with more of them has no width of its own.
const LARGURAS: usize = 50;

/// The bytes that a message is about: it may look at a few of their lines again.
#[derive(Clone, Debug)]
pub struct Fonte {
    /// Where they lie.
    pub caminho: PathBuf,
    /// Their code page.
    pub codificacao: Encoding,
}

impl Fonte {
    /// Of lines of the right width with bad fields (ascending): where something inside them is shifted.
    pub fn desvio(&self, layout: &Layout, numeros: &[u32]) -> Option<String> {
        let (record, lines) = self.amostra(layout, numeros)?;
        deslocamento::de_dentro(record, &lines).map(|d| format!("{}.", d.frase(record)))
    }

    /// The same for lines of one other width.
    fn deslocamento(&self, layout: &Layout, numeros: &[u32]) -> Option<String> {
        let (record, lines) = self.amostra(layout, numeros)?;
        deslocamento::de_largura(record, &lines).map(|d| d.frase(record))
    }

    /// Those lines of a fixed file, if all are of one record; a file that is gone has nothing to show.
    fn amostra<'l>(&self, layout: &'l Layout, numeros: &[u32]) -> Option<(&'l Record, Vec<Texto>)> {
        if layout.format != Format::Fixed {
            return None;
        }
        let lines = fonte::linhas(&self.caminho, layout, numeros.get(..AMOSTRA).unwrap_or(numeros)).ok()?;
        let record = |bytes: &[u8]| layout.record_for(bytes.first().copied().unwrap_or(b' '));
        let first = record(&lines.first()?.1)?;
        let same = lines.iter().all(|(_, bytes)| record(bytes) == Some(first));
        let text = lines.iter().map(|(_, bytes)| Texto::new(bytes, self.codificacao)).collect();
        layout.records.get(first).filter(|_| same).map(|r| (r, text))
    }
}

/// Lines of one width other than their record's.
#[derive(Clone, Debug, Default)]
struct Largura {
    linhas: u64,
    /// The first of them, [`AMOSTRA`] at most.
    primeiras: Vec<u32>,
}

/// Collects structural faults while the file is read to its end.
#[derive(Debug, Default)]
pub struct Estrutura {
    primeira: Option<Fault>,
    com_falha: u64,
    /// By characters found and expected.
    larguras: BTreeMap<(usize, usize), Largura>,
}

impl Estrutura {
    /// One more fault.
    pub fn junta(&mut self, f: Fault) {
        self.com_falha += 1;
        if let Fault::Width { line, found, expected, .. } = f
            && (self.larguras.len() < LARGURAS || self.larguras.contains_key(&(found, expected)))
        {
            let width = self.larguras.entry((found, expected)).or_default();
            width.linhas += 1;
            if width.primeiras.len() < AMOSTRA {
                width.primeiras.push(line);
            }
        }
        self.primeira.get_or_insert(f);
    }

    /// Whether the structure holds.
    pub fn ok(&self) -> bool {
        self.primeira.is_none()
    }

    /// What ops read: where nearly all lines have one other width, from which field on they are shifted; else
    /// [`Estrutura::mensagem`].
    pub fn explica(&self, layout: &Layout, lidas: u64, fonte: &Fonte) -> String {
        self.deslocada(layout, lidas, fonte).unwrap_or_else(|| self.mensagem(layout, lidas))
    }

    /// How many lines, the first one, what was found and expected.
    pub fn mensagem(&self, layout: &Layout, lidas: u64) -> String {
        let Some(first) = &self.primeira else { return String::new() };
        match first {
            Fault::NoBreak { line } if layout.format != Format::Fixed => {
                format!("linha {line}: nenhuma quebra de linha (CRLF ou LF) em {MAX_LINHA} bytes")
            }
            Fault::NoBreak { line } => format!(
                "linha {line}: nenhuma quebra de linha (CRLF ou LF); o layout {} pede registros de {}",
                layout.name,
                widths(layout)
            ),
            Fault::Tag { line, found } => format!(
                "linha {line}, coluna 1: tipo de registro {}, o layout {} pede {} ({} de {lidas} linhas com falha)",
                show(*found),
                layout.name,
                tags(layout),
                self.com_falha
            ),
            Fault::Width { line, found, expected, cut: true } if self.com_falha == 1 => format!(
                "linha {line}: a última linha está cortada, {found} de {expected} caracteres e sem quebra; \
                 o arquivo parece truncado"
            ),
            Fault::Width { line, found, expected, .. } => {
                format!(
                    "linha {line}: {found} caracteres, o layout {} pede {expected} ({} de {lidas} linhas com falha)",
                    layout.name, self.com_falha
                )
            }
            Fault::Columns { line, found, expected, cut: true } if self.com_falha == 1 => format!(
                "linha {line}: a última linha está cortada, {found} de {expected} colunas e sem quebra; \
                 o arquivo parece truncado"
            ),
            Fault::Columns { line, found, expected, .. } => {
                let what = if found < expected { "falta coluna" } else { "há um delimitador a mais" };
                format!(
                    "linha {line}: {found} colunas, o cabeçalho tem {expected}: {what} ({} de {lidas} linhas com falha)",
                    self.com_falha
                )
            }
            Fault::Quote { line } => format!(
                "linha {line}: aspas abertas que não fecham na mesma linha ({} de {lidas} linhas com falha)",
                self.com_falha
            ),
            Fault::Header(f) => cabecalho(f, layout),
        }
    }
}

impl Estrutura {
    /// Nine lines of ten have one other width: one message for all of them.
    fn deslocada(&self, layout: &Layout, lidas: u64, fonte: &Fonte) -> Option<String> {
        let ((found, expected), width) = self.larguras.iter().max_by_key(|(_, w)| w.linhas)?;
        if lidas < 2 || width.linhas * 10 < lidas * 9 {
            return None;
        }
        let said = match fonte.deslocamento(layout, &width.primeiras) {
            Some(said) => format!("{said}. {NOVO}"),
            None => "Não se vê em que campo muda: parece outro layout ou outro tipo de arquivo.".to_owned(),
        };
        let mut m = format!(
            "{} de {} linhas têm {}; o layout {} pede {}. {said} {NADA}",
            milhares(width.linhas),
            milhares(lidas),
            caracteres(*found),
            layout.name,
            milhares(*expected as u64),
        );
        if let Some(line) = width.primeiras.first() {
            m.push_str(&format!(" Ver a linha com régua: atom layout check ARQUIVO --line {line}"));
        }
        Some(m)
    }
}

/// Too many lines of the right width are rejected: how many, why, the first of them, and from where on the values
/// stand beside their columns, if they seem to. `rejeitos` are lines by index; `conta` of them count.
pub fn rejeitos_demais(
    (layout, fonte): (&Layout, &Fonte),
    rejeitos: &[(u32, Rejeito)],
    (conta, lidas): (u64, u64),
    max_rejeitos: f64,
) -> String {
    let mut by_code: BTreeMap<&str, u64> = BTreeMap::new();
    rejeitos.iter().for_each(|(_, r)| *by_code.entry(r.codigo.as_str()).or_default() += 1);
    let codes: Vec<String> = by_code.iter().map(|(c, n)| format!("{c} {}", milhares(*n))).collect();
    // a header is line 1
    let physical = |index: u32| index + if layout.format == Format::Fixed { 1 } else { 2 };
    let mut m = format!(
        "{} de {} linhas rejeitadas, acima do limite de {:.0} % ({}); a primeira é a linha {}.",
        milhares(conta),
        milhares(lidas),
        max_rejeitos * 100.0,
        codes.join(", "),
        milhares(rejeitos.first().map_or(0, |(i, _)| physical(*i)).into())
    );
    let bad: Vec<u32> =
        rejeitos.iter().filter(|(_, r)| dica::de_formato(r.codigo)).map(|(i, _)| physical(*i)).collect();
    if bad.len() as u64 * 2 >= lidas
        && let Some(said) = fonte.desvio(layout, &bad)
    {
        m.push_str(&format!(" {said} {NOVO}"));
    }
    m + " " + NADA
}

const NOVO: &str = "Parece um layout novo do banco.";
const NADA: &str = "Nada foi aplicado.";

/// What the first line should have held.
fn cabecalho(f: &HeaderFault, layout: &Layout) -> String {
    if f.known == 0 {
        return format!(
            "linha 1: não é o cabeçalho do layout {}: nenhuma das {} colunas é dele; faltam {}",
            layout.name,
            f.columns,
            f.missing.join(", ")
        );
    }
    let mut m = vec![format!("linha 1: o cabeçalho não serve ao layout {}", layout.name)];
    let mut junta = |what: &str, names: &[String]| {
        if !names.is_empty() {
            m.push(format!("{what} {}", names.join(", ")));
        }
    };
    junta("faltam", &f.missing);
    junta("em dobro", &f.doubled);
    junta("falta ao menos uma de", &f.one_of);
    junta("desconhecidas", &f.unknown);
    m.join("; ")
}

fn widths(layout: &Layout) -> String {
    let w: Vec<String> = layout.records.iter().map(|r| r.width.to_string()).collect();
    format!("{} caracteres", w.join(", "))
}

fn tags(layout: &Layout) -> String {
    let t: Vec<&str> = layout.records.iter().filter_map(|r| r.when.as_deref()).collect();
    t.join(", ")
}

/// A single character can be no personal value; controls are escaped.
fn show(c: char) -> String {
    format!("`{}`", c.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::codigo::Codigo;
    use crate::layout::load;

    #[test]
    fn o_cabecalho_e_a_linha_1_de_um_delimitado() {
        let layouts = load::builtin().unwrap();
        let fonte = Fonte { caminho: PathBuf::from("nao_existe"), codificacao: Encoding::Windows1252 };
        let rejects: Vec<(u32, Rejeito)> = (1..12).map(|i| (i, Rejeito::campo(Codigo::CampoObrigatorio, 0))).collect();
        for (name, line) in [("batimento", 3), ("refin_planilha", 3), ("remessa", 2)] {
            let said = rejeitos_demais((layouts.get(name).unwrap(), &fonte), &rejects, (11, 1200), 0.008);
            let words = format!(
                "11 de 1.200 linhas rejeitadas, acima do limite de 1 % (CAMPO_OBRIGATORIO 11); a primeira é a linha \
                 {line}. Nada foi aplicado."
            );
            assert_eq!(said, words, "{name}");
        }
    }
}
