//! The twelve incidents of `docs/operacao.md`, planted for real: the commands of the document, at most three, lead from
//! the symptom to cause and remedy, and their output says both in words.

mod arquivos;
mod maquina;
mod saidas;

use crate::support::*;
use std::fs;
use std::path::Path;
use std::process::Command;

/// An incident as the document has it.
struct Incidente {
    titulo: String,
    comandos: Vec<String>,
}

/// Every `N. **title**` of the document, with the commands of its block.
fn documento() -> Vec<Incidente> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operacao.md")).unwrap();
    let part = text.split("## Doze incidentes").nth(1).unwrap().split("\n## ").next().unwrap();
    let (mut all, mut code): (Vec<Incidente>, bool) = (Vec::new(), false);
    for line in part.lines() {
        let number = line.split_once(". **").filter(|(n, _)| n.parse::<u32>().is_ok());
        if let Some((_, rest)) = number {
            let titulo = rest.split("**").next().unwrap().trim_end_matches('.').to_owned();
            all.push(Incidente { titulo, comandos: Vec::new() });
        } else if line.trim().starts_with("```") {
            code = line.trim() == "```sh";
        } else if code {
            all.last_mut().unwrap().comandos.push(line.trim().to_owned());
        }
    }
    all
}

/// The commands of one incident, in the document's order, each to be used.
struct Roteiro {
    titulo: &'static str,
    comandos: std::vec::IntoIter<String>,
}

/// The way out of an incident, by its title in the document.
fn roteiro(titulo: &'static str) -> Roteiro {
    let found = documento().into_iter().find(|i| i.titulo == titulo);
    let found = found.unwrap_or_else(|| panic!("docs/operacao.md has no incident \"{titulo}\""));
    Roteiro { titulo, comandos: found.comandos.into_iter() }
}

impl Roteiro {
    /// The next command, its words in capitals replaced.
    #[track_caller]
    fn comando(&mut self, b: &Bed, trocas: &[(&str, &str)]) -> Command {
        let line = self.comandos.next().unwrap_or_else(|| panic!("{}: no more commands", self.titulo));
        b.shell(&trocas.iter().fold(line, |l, (from, to)| l.replace(from, to)))
    }

    /// Runs the next command.
    #[track_caller]
    fn roda(&mut self, b: &Bed, trocas: &[(&str, &str)]) -> Out {
        self.comando(b, trocas).output().unwrap().into()
    }

    /// Every command of the document was used.
    #[track_caller]
    fn fim(mut self) {
        assert_eq!(self.comandos.next(), None, "{}: a command of the document that nobody needed", self.titulo);
    }
}

/// What an output says, whatever its lines.
#[track_caller]
fn diz(text: &str, words: &[&str]) {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for w in words {
        assert!(text.contains(w), "does not say \"{w}\":\n{text}");
    }
}

#[test]
fn o_documento_tem_os_doze_com_no_maximo_tres_comandos_e_cada_um_tem_seu_teste() {
    let all = documento();
    assert_eq!(all.len(), 12);
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/incidentes");
    let sources: String = fs::read_dir(here).unwrap().map(|e| fs::read_to_string(e.unwrap().path()).unwrap()).collect();
    for i in &all {
        assert!((1..=3).contains(&i.comandos.len()), "{}: {:?}", i.titulo, i.comandos);
        assert!(i.comandos.iter().all(|c| c.starts_with("atom ")), "{}: {:?}", i.titulo, i.comandos);
        assert!(sources.contains(&format!("roteiro(\"{}\")", i.titulo)), "no test of: {}", i.titulo);
    }
}
