//! The tree of results that a contact may have (UC010): `layouts/tabulacoes.csv`, built in, or the file that
//! `tabulacoes` of the configuration names.
//!
//! Columns, in any order: `id;grupo;resultado;sucesso;boleto;workflow;nao_contatar`. `boleto` says that the result
//! sends one, `workflow` that the back office treats it (UC012), `nao_contatar` that it sets (S) or lifts (N) that the
//! client is not to be contacted. An id keeps its meaning for ever: rows of the history keep the name it had.

use crate::config::Config;
use crate::domain::texto::{escape, plain};
use serde_json::{Value, json};

/// The tree in the repository.
const EMBUTIDA: &str = include_str!("../../layouts/tabulacoes.csv");
/// How the errors of the built-in one name it.
const NOME: &str = "layouts/tabulacoes.csv";

const COLUNAS: [&str; 7] = ["id", "grupo", "resultado", "sucesso", "boleto", "workflow", "nao_contatar"];

/// Characters of a name.
const NOME_MAX: usize = 120;

/// A tree that cannot be used (exit 2): which file, line and column, what was found, what is expected.
#[derive(Debug, thiserror::Error)]
#[error("{arquivo}, linha {linha}, coluna {coluna}: encontrado {achado}; esperado {esperado}")]
pub struct TabulacoesErro {
    /// The file.
    pub arquivo: String,
    /// The physical line, from 1.
    pub linha: u64,
    /// The column's name.
    pub coluna: String,
    /// What stands there.
    pub achado: String,
    /// What should.
    pub esperado: String,
}

/// What the back office treats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workflow {
    /// An indication to refinancing.
    Refin,
    /// An indication to friendly surrender.
    Ea,
}

impl Workflow {
    /// As stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refin => "REFIN",
            Self::Ea => "EA",
        }
    }
}

/// A result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resultado {
    /// What callers send.
    pub id: i64,
    /// Under what it stands.
    pub grupo: String,
    /// What people read.
    pub nome: String,
    /// The contact was a success.
    pub sucesso: bool,
    /// It sends a boleto.
    pub boleto: bool,
    /// What the back office does with it.
    pub workflow: Option<Workflow>,
    /// Sets or lifts NAO_CONTATAR.
    pub nao_contatar: Option<bool>,
}

/// All results, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tabulacoes(Vec<Resultado>);

impl Tabulacoes {
    /// The tree that the configuration names, else the built-in one.
    ///
    /// # Errors
    /// [`TabulacoesErro`]; the file cannot be read.
    pub fn carrega(config: &Config) -> anyhow::Result<Self> {
        let Some(path) = &config.tabulacoes else { return Ok(Self::le(NOME, EMBUTIDA.as_bytes())?) };
        let nome = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|e| TabulacoesErro {
            arquivo: nome.clone(),
            linha: 0,
            coluna: "–".into(),
            achado: format!("um arquivo que não se lê ({})", e.kind()),
            esperado: "a árvore de tabulações".into(),
        })?;
        Ok(Self::le(&nome, &bytes)?)
    }

    /// Reads a tree; it is kept by hand, also on Windows: UTF-8 with or without its mark, else Windows-1252.
    ///
    /// # Errors
    /// [`TabulacoesErro`].
    pub fn le(arquivo: &str, bytes: &[u8]) -> Result<Self, TabulacoesErro> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = match std::str::from_utf8(bytes) {
            Ok(t) => t.to_owned(),
            Err(_) => encoding_rs::WINDOWS_1252.decode(bytes).0.into_owned(),
        };
        let mut csv = csv::ReaderBuilder::new().delimiter(b';').flexible(true).from_reader(text.as_bytes());
        let leitor = Leitor::novo(arquivo, csv.headers().map(|h| h.iter().collect::<Vec<_>>()).unwrap_or_default())?;
        let mut out: Vec<Resultado> = Vec::new();
        for row in csv.records() {
            let row = row.map_err(|e| {
                let line = e.position().map_or(0, csv::Position::line);
                leitor.erro(line, "–", "uma linha que não se lê", "texto separado por ;")
            })?;
            let line = row.position().map_or(0, csv::Position::line);
            let cells: Vec<&str> = row.iter().map(str::trim).collect();
            let r = leitor.resultado(line, &cells)?;
            if out.iter().any(|o| o.id == r.id) {
                return Err(leitor.erro(line, "id", &format!("{} repetido", r.id), "um id para cada resultado"));
            }
            out.push(r);
        }
        if out.is_empty() {
            return Err(leitor.erro(1, "id", "nenhum resultado", "ao menos um"));
        }
        Ok(Self(out))
    }

    /// The result with this id.
    pub fn get(&self, id: i64) -> Option<&Resultado> {
        self.0.iter().find(|r| r.id == id)
    }

    /// Results.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Never: a tree has a result.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The answer of listagemTabulacoesCampanha (contract section 8).
    pub fn listagem(&self) -> Value {
        let flag = |b: bool| if b { "S" } else { "N" };
        let one = |r: &Resultado| {
            json!({"id": r.id, "grupo": r.grupo, "nome": r.nome, "boleto": flag(r.boleto),
                   "workflow": r.workflow.map(Workflow::as_str), "naoContatar": r.nao_contatar.map(flag)})
        };
        json!({"tabulacoes": self.0.iter().map(one).collect::<Vec<_>>()})
    }
}

/// Where the columns stand in one file.
struct Leitor<'a> {
    arquivo: &'a str,
    /// By [`COLUNAS`].
    lugares: [usize; 7],
    /// Columns of the header.
    largura: usize,
}

impl<'a> Leitor<'a> {
    fn novo(arquivo: &'a str, header: Vec<&str>) -> Result<Self, TabulacoesErro> {
        let mut leitor = Self { arquivo, lugares: [0; 7], largura: header.len() };
        let expected = format!("o cabeçalho {}", COLUNAS.join(";"));
        if let Some(odd) = header.iter().find(|h| !COLUNAS.iter().any(|c| c.eq_ignore_ascii_case(h.trim()))) {
            return Err(leitor.erro(1, odd, "uma coluna desconhecida", &expected));
        }
        for (place, name) in leitor.lugares.iter_mut().zip(COLUNAS) {
            let mut found = header.iter().enumerate().filter(|(_, h)| h.trim().eq_ignore_ascii_case(name));
            match (found.next(), found.next()) {
                (Some((i, _)), None) => *place = i,
                (first, _) => {
                    let what = if first.is_some() { "a coluna duas vezes" } else { "nenhuma coluna com este nome" };
                    return Err(Self { arquivo, lugares: [0; 7], largura: 0 }.erro(1, name, what, &expected));
                }
            }
        }
        Ok(leitor)
    }

    fn erro(&self, linha: u64, coluna: &str, achado: &str, esperado: &str) -> TabulacoesErro {
        TabulacoesErro {
            arquivo: self.arquivo.to_owned(),
            linha,
            coluna: escape(coluna),
            achado: achado.to_owned(),
            esperado: esperado.to_owned(),
        }
    }

    fn resultado(&self, linha: u64, cells: &[&str]) -> Result<Resultado, TabulacoesErro> {
        if cells.len() != self.largura {
            let (found, want) = (format!("{} colunas", cells.len()), format!("{}", self.largura));
            return Err(self.erro(linha, "–", &found, &want));
        }
        let [id, grupo, nome, sucesso, boleto, workflow, nao_contatar] =
            self.lugares.map(|i| cells.get(i).copied().unwrap_or(""));
        let bad = |coluna: &str, cell: &str, want: &str| {
            let found = if cell.is_empty() { "vazio".to_owned() } else { format!("\"{}\"", escape(cell)) };
            self.erro(linha, coluna, &found, want)
        };
        let number = id.parse().ok().filter(|n: &i64| *n > 0 && id.bytes().all(|b| b.is_ascii_digit()));
        let name = |coluna: &str, cell: &str| {
            let good = !cell.is_empty() && cell.chars().count() <= NOME_MAX && plain(cell);
            if good {
                Ok(cell.to_owned())
            } else {
                Err(bad(coluna, cell, &format!("um texto de 1 a {NOME_MAX} letras")))
            }
        };
        let flag = |coluna: &str, cell: &str| match cell {
            "S" | "s" => Ok(Some(true)),
            "N" | "n" => Ok(Some(false)),
            "" => Ok(None),
            _ => Err(bad(coluna, cell, "S, N ou vazio")),
        };
        Ok(Resultado {
            id: number.ok_or_else(|| bad("id", id, "um número inteiro maior que zero"))?,
            grupo: name("grupo", grupo)?,
            nome: name("resultado", nome)?,
            sucesso: flag("sucesso", sucesso)? == Some(true),
            boleto: flag("boleto", boleto)? == Some(true),
            workflow: match workflow.to_ascii_uppercase().as_str() {
                "" => None,
                "REFIN" => Some(Workflow::Refin),
                "EA" => Some(Workflow::Ea),
                _ => return Err(bad("workflow", workflow, "REFIN, EA ou vazio")),
            },
            nao_contatar: flag("nao_contatar", nao_contatar)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CABECALHO: &str = "id;grupo;resultado;sucesso;boleto;workflow;nao_contatar\n";

    fn erro(linhas: &str) -> String {
        Tabulacoes::le("t.csv", linhas.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn uc012_a_arvore_embutida_tem_as_indicacoes() {
        let all = Tabulacoes::le(NOME, EMBUTIDA.as_bytes()).unwrap();
        let named = |nome: &str| all.0.iter().find(|r| r.nome == nome).and_then(|r| r.workflow);
        assert_eq!(named("Indicação ao Refinanciamento"), Some(Workflow::Refin));
        assert_eq!(named("Indicação de EA"), Some(Workflow::Ea));
        for what in [Some(true), Some(false)] {
            assert!(all.0.iter().any(|r| r.nao_contatar == what), "{what:?}");
        }
        assert!(all.0.iter().any(|r| r.boleto));
    }

    #[test]
    fn a_ordem_das_colunas_e_livre_e_a_codificacao_a_do_bloco_de_notas() {
        let text = "\u{feff}RESULTADO;id;grupo;sucesso;boleto;workflow;nao_contatar\r\nNão atende;7;G;N;s;ea;n\r\n";
        let (utf8, ansi) = (text.as_bytes(), encoding_rs::WINDOWS_1252.encode(&text[3..]).0.into_owned());
        for bytes in [utf8, &ansi] {
            let all = Tabulacoes::le("t.csv", bytes).unwrap();
            assert_eq!(
                all.listagem(),
                json!({"tabulacoes": [{"id": 7, "grupo": "G", "nome": "Não atende", "boleto": "S",
                                       "workflow": "EA", "naoContatar": "N"}]})
            );
        }
    }

    #[test]
    fn o_erro_diz_arquivo_linha_coluna_achado_e_esperado() {
        let row = |r: &str| erro(&format!("{CABECALHO}1;G;A;N;N;;\n{r}\n"));
        assert_eq!(
            row("1;G;B;N;N;;"),
            "t.csv, linha 3, coluna id: encontrado 1 repetido; esperado um id para cada resultado"
        );
        assert_eq!(row("2;G;B;N;X;;"), "t.csv, linha 3, coluna boleto: encontrado \"X\"; esperado S, N ou vazio");
        for (bad, what) in [
            ("0;G;B;N;N;;", "coluna id: encontrado \"0\""),
            ("+3;G;B;N;N;;", "coluna id: encontrado \"+3\""),
            (";G;B;N;N;;", "coluna id: encontrado vazio"),
            ("2;;B;N;N;;", "coluna grupo: encontrado vazio"),
            ("2;G; ;N;N;;", "coluna resultado: encontrado vazio"),
            ("2;G;B\u{1b};N;N;;", "coluna resultado: encontrado \"B\\u{1b}\""),
            ("2;G;B;sim;N;;", "coluna sucesso: encontrado \"sim\""),
            ("2;G;B;N;N;REF;", "coluna workflow: encontrado \"REF\"; esperado REFIN, EA ou vazio"),
            ("2;G;B;N;N;;X", "coluna nao_contatar: encontrado \"X\""),
            ("2;G;B;N;N", "encontrado 5 colunas; esperado 7"),
        ] {
            assert!(row(bad).contains(what), "{bad}: {}", row(bad));
        }
        assert!(erro(CABECALHO).contains("nenhum resultado"));
        assert!(erro("").contains("coluna id: encontrado nenhuma coluna"));
        assert!(erro("id;grupo;cor\n").contains("coluna cor: encontrado uma coluna desconhecida"));
        assert!(erro(&format!("id;{CABECALHO}")).contains("a coluna duas vezes"));
    }
}
