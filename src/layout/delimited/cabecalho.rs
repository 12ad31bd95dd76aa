//! The header: which column of the file fills which field.
//!
//! Matched without case, accents, spaces and `_`, order free (decisions 6). A field is found by its header; by
//! its name only where no column bears the header. Unknown columns are noted. A column of the layout that
//! stands twice refuses the file: which of the two counts would be a guess.

use crate::domain::texto::{escape, sem_acento};
use crate::layout::linha::HeaderFault;
use crate::layout::{Field, Record};

/// Longest list of column names in a message.
const MAX_NOMES: usize = 10;

/// A header that fits the layout.
pub(super) struct Cabecalho {
    /// The line as it stood.
    pub original: Vec<u8>,
    /// Its columns, empty ones at the end not counted.
    pub colunas: usize,
    /// The column of each field.
    pub de_campo: Vec<Option<usize>>,
}

impl Cabecalho {
    /// Matches a header line; also returns the columns that the layout does not know.
    pub fn novo(record: &Record, nomes: &[&str], original: &[u8]) -> Result<(Self, Vec<String>), HeaderFault> {
        let fields = &record.fields;
        let last = nomes.iter().rposition(|n| !n.trim().is_empty()).map_or(0, |i| i + 1);
        let nomes = nomes.get(..last).unwrap_or(nomes);
        let keys: Vec<String> = nomes.iter().map(|n| normaliza(n)).collect();
        let mut livre = vec![true; nomes.len()];
        let mut de_campo = vec![None; fields.len()];
        let mut fault = HeaderFault { columns: nomes.len(), ..HeaderFault::default() };
        for by in [(|f| &f.header) as fn(&Field) -> &String, |f| &f.name] {
            for (field, column) in fields.iter().zip(&mut de_campo).filter(|(_, c)| c.is_none()) {
                let key = normaliza(by(field));
                let mut found = (0..keys.len()).filter(|i| livre[*i] && keys[*i] == key);
                *column = found.next();
                if found.next().is_some() {
                    fault.doubled.push(field.header.clone());
                }
            }
            de_campo.iter().flatten().for_each(|c| livre[*c] = false);
        }
        fault.known = de_campo.iter().flatten().count();
        let missing = fields.iter().zip(&de_campo).filter(|(f, c)| f.required && c.is_none());
        fault.missing = missing.map(|(f, _)| f.header.clone()).collect();
        if !record.one_of.iter().any(|i| de_campo.get(*i).is_some_and(Option::is_some)) {
            fault.one_of = record.one_of.iter().filter_map(|i| Some(fields.get(*i)?.header.clone())).collect();
        }
        let unknown = nomes.iter().zip(&livre).filter(|(n, free)| **free && !n.trim().is_empty()).map(|(n, _)| *n);
        // a file of another kind may share the key: what is mostly strange is not this layout's (IM15)
        let ours = fault.known > 0 && unknown.clone().count() <= 2 * fault.known;
        if ours && fault.missing.is_empty() && fault.doubled.is_empty() && fault.one_of.is_empty() {
            let unknown = unknown.take(MAX_NOMES).map(mostra).collect();
            return Ok((Self { original: original.to_owned(), colunas: nomes.len(), de_campo }, unknown));
        }
        if fault.known > 0 {
            fault.unknown = unknown.take(MAX_NOMES).map(mostra).collect();
        }
        Err(fault)
    }
}

/// A header as it is compared: lower case, no accents, spaces or `_`.
pub fn normaliza(name: &str) -> String {
    let drop = |c: &char| !(c.is_whitespace() || *c == '_' || *c == '\u{feff}' || ('\u{300}'..='\u{36f}').contains(c));
    name.chars().flat_map(char::to_lowercase).filter(drop).map(sem_acento).collect()
}

/// A column's name for a message. What could be a value (an address, a long number) is not shown.
fn mostra(name: &str) -> String {
    let name = name.trim();
    if name.contains('@') || name.chars().filter(char::is_ascii_digit).count() > 4 {
        return "(…)".to_owned();
    }
    escape(&name.chars().take(30).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::load;

    fn registro(more: &str) -> Record {
        let text = "kind = \"t\"\nfiles = []\nformat = \"delimited\"\n[[record]]\nname = \"l\"\nMORE\nfields = [\n\
            { name = \"contrato\", type = \"contrato\", header = \"OperOriginal\", required = true },\n\
            { name = \"valor\", type = \"decimal\", scale = 2, header = \"VALOR_PRESTAÇÃO\" },\n\
            { name = \"situacao\", type = \"text\" },\n]\n";
        load::parse("t", "t.toml", &text.replace("MORE", more)).unwrap().records[0].clone()
    }

    fn casa(nomes: &[&str]) -> Result<(Vec<Option<usize>>, Vec<String>), HeaderFault> {
        Cabecalho::novo(&registro(""), nomes, b"").map(|(c, u)| (c.de_campo, u))
    }

    #[test]
    fn sem_caixa_acentos_espacos_e_sublinhados_em_qualquer_ordem() {
        for (nomes, want) in [
            (&["OperOriginal", "VALOR_PRESTAÇÃO", "SITUACAO"][..], vec![Some(0), Some(1), Some(2)]),
            (&["situação", "valor prestacao", " oper original "], vec![Some(2), Some(1), Some(0)]),
            (&["SITUAC\u{327}A\u{303}O", "\u{feff}OPER_ORIGINAL"], vec![Some(1), None, Some(0)]),
            (&["CONTRATO", "valor"], vec![Some(0), Some(1), None]),
            (&["OperOriginal", "", ""], vec![Some(0), None, None]),
        ] {
            assert_eq!(casa(nomes), Ok((want, vec![])), "{nomes:?}");
        }
    }

    #[test]
    fn colunas_desconhecidas_sao_anotadas() {
        let (columns, unknown) = casa(&["Filial", "OperOriginal", "", "Contrato"]).unwrap();
        // the header goes before the name: here `Contrato` is some other column
        assert_eq!(columns, [Some(1), None, None]);
        assert_eq!(unknown, ["Filial", "Contrato"]);
    }

    #[test]
    fn im15_um_cabecalho_de_outro_tipo_que_so_tem_a_chave_em_comum_recusa() {
        let f = casa(&["CONTRATO", "PRIMEIRA_PARC_AB", "DATA_ENVIO", "CARTEIRA"]).unwrap_err();
        assert_eq!((f.known, f.missing.len(), f.unknown.len()), (1, 0, 3));
    }

    #[test]
    fn im15_um_cabecalho_sem_nenhuma_das_colunas_que_o_fazem_do_tipo_recusa() {
        let record = registro("one_of = [\"valor\", \"situacao\"]");
        let f = Cabecalho::novo(&record, &["OperOriginal", "Filial"], b"").err().unwrap();
        assert_eq!((f.one_of.join(","), f.unknown.join(",")), ("VALOR_PRESTAÇÃO,SITUACAO".into(), "Filial".into()));
        assert!(Cabecalho::novo(&record, &["OperOriginal", "Filial", "situação"], b"").is_ok());
    }

    #[test]
    fn coluna_obrigatoria_ausente_ou_dobrada_recusa() {
        let f = casa(&["SITUACAO", "CPF 52998224725", "a@b", "Fil\u{1b}ial"]).unwrap_err();
        assert_eq!((f.missing, f.known, f.columns), (vec!["OperOriginal".to_owned()], 1, 4));
        assert_eq!(f.unknown, ["(…)", "(…)", "Fil\\u{1b}ial"]);
        let f = casa(&["OperOriginal", "SITUACAO", "Situação"]).unwrap_err();
        assert_eq!((f.missing.len(), f.doubled), (0, vec!["SITUACAO".to_owned()]));
        assert_eq!(casa(&["contrato", "CONTRATO"]).unwrap_err().doubled, ["OperOriginal"]);
    }

    #[test]
    fn uma_primeira_linha_de_dados_nao_e_mostrada() {
        let f = casa(&["12345678", "FULANO DE TAL", "52998224725"]).unwrap_err();
        assert_eq!((f.known, f.columns, f.unknown.len()), (0, 3, 0));
        assert_eq!(casa(&[]).unwrap_err().columns, 0);
    }
}
