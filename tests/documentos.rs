//! What the documents tell is what the program is.
//!
//! `docs/comandos.md` is the reference of commands and options, `docs/configuracao.md` that of keys, the README's table that
//! of exit codes (`docs/operacao.md` has them for ops). The first two are written from the program's own description:
//! `ATOM_TEST_DOCS=1 cargo test --test tests documentos` writes them anew.

use crate::support::Bed;
use atom::cli::Cli;
use clap::{Arg, Command, CommandFactory as _};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect(name)
}

/// The document is this, or says how it becomes so.
fn confere(name: &str, text: &str) {
    if std::env::var_os("ATOM_TEST_DOCS").is_some() {
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(name), text).unwrap();
    }
    let stands = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap_or_default();
    let differs = stands.lines().zip(text.lines()).find(|(a, b)| a != b);
    assert!(
        stands == text,
        "{name} is out of date ({differs:?}); write it anew: ATOM_TEST_DOCS=1 cargo test --test tests documentos"
    );
}

fn cli() -> Command {
    let mut cli = Cli::command();
    cli.build();
    cli
}

fn visiveis(c: &Command) -> impl Iterator<Item = &Command> {
    c.get_subcommands().filter(|s| !s.is_hide_set() && s.get_name() != "help")
}

/// A cell of a table.
fn celula(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn opcao(a: &Arg) -> String {
    let values = a.get_value_names().unwrap_or_default().iter().map(|v| v.to_string()).collect::<Vec<_>>().join(" ");
    match (a.get_short(), a.get_long()) {
        (_, None) => values,
        (short, Some(long)) => {
            let short = short.map(|s| format!("-{s}, ")).unwrap_or_default();
            let value = if a.get_action().takes_values() { format!(" {values}") } else { String::new() };
            format!("{short}--{long}{value}")
        }
    }
}

fn linhas<'a>(args: impl Iterator<Item = &'a Arg>, out: &mut String) {
    let args: Vec<&Arg> =
        args.filter(|a| !a.is_hide_set() && !matches!(a.get_id().as_str(), "help" | "version")).collect();
    if args.is_empty() {
        return;
    }
    out.push_str("\n| | |\n|---|---|\n");
    for a in args {
        let mut what = a.get_help().map(ToString::to_string).unwrap_or_default();
        let values: Vec<String> = a.get_possible_values().iter().map(|v| v.get_name().to_owned()).collect();
        if a.get_action().takes_values() && values.iter().any(|v| !what.contains(v.as_str())) {
            write!(what, " ({})", values.join(", ")).unwrap();
        }
        let defaults: Vec<String> = a.get_default_values().iter().map(|v| v.to_string_lossy().into_owned()).collect();
        if a.get_action().takes_values() && !defaults.is_empty() {
            write!(what, " [default: {}]", defaults.join(", ")).unwrap();
        }
        writeln!(out, "| `{}` | {} |", celula(&opcao(a)), celula(&what)).unwrap();
    }
}

/// `global`: what stands once, at the top.
fn secao(c: &Command, path: &str, global: &[clap::Id], out: &mut String) {
    let about = c.get_about().map(ToString::to_string).unwrap_or_default();
    let names: String = c.get_positionals().fold(String::new(), |mut t, a| {
        let dots = if matches!(a.get_action(), clap::ArgAction::Append) { "…" } else { "" };
        let name = opcao(a) + dots;
        write!(t, " {}", if a.is_required_set() { name } else { format!("[{name}]") }).unwrap();
        t
    });
    let level = if path.matches(' ').count() > 1 { "###" } else { "##" };
    writeln!(out, "\n{level} `{path}{names}`\n\n{about}.").unwrap();
    linhas(c.get_arguments().filter(|a| !global.contains(a.get_id())), out);
    visiveis(c).for_each(|s| secao(s, &format!("{path} {}", s.get_name()), global, out));
}

#[test]
fn comandos_md_tem_cada_comando_e_cada_opcao() {
    let cli = cli();
    let mut out = String::from(
        "# Commands\n\nEvery command with its options, as `atom help COMMAND` tells them; a test writes this page from the same\n\
         description. Exit codes: [README](../README.md#exit-codes).\n\n## Options of every command\n",
    );
    linhas(cli.get_arguments(), &mut out);
    let global: Vec<clap::Id> = cli.get_arguments().map(|a| a.get_id().clone()).collect();
    visiveis(&cli).for_each(|c| secao(c, &format!("atom {}", c.get_name()), &global, &mut out));
    confere("docs/comandos.md", &out);
}

#[test]
fn configuracao_md_tem_cada_chave_com_tipo_e_padrao() {
    let b = Bed::bare("");
    let mut out = String::from(
        "# Configuração\n\nCada chave de `atom.toml`. `atom init` escreve um arquivo comentado com todas; `atom config check` diz o que está\n\
         errado, `atom config show` o que vale e de onde vem. No ambiente, `ATOM_IMPORT__MAX_REJEITOS` é `import.max_rejeitos` e vence\n\
         o arquivo. Segredos só como `\"env:NOME\"` ou `\"file:CAMINHO\"` (`chmod 600`). Esta página é escrita por um teste a partir da\n\
         lista de chaves do programa.\n",
    );
    let mut section = None;
    for k in b.json(&["config", "show"]).exits(0).json() {
        let (path, text) = (k["key"].as_str().unwrap(), |f: &str| k[f].as_str().map(str::to_owned));
        let at = path.split_once('.').map_or("", |(s, _)| s).to_owned();
        if section.as_ref() != Some(&at) {
            let head = if at.is_empty() { "No início do arquivo".to_owned() } else { format!("`[{at}]`") };
            writeln!(out, "\n## {head}\n\n| chave | tipo | padrão | o que é |\n|---|---|---|---|").unwrap();
            section = Some(at);
        }
        let tipo = match text("type").unwrap().as_str() {
            "text" => "texto",
            "secret" => "segredo",
            "integer" => "inteiro",
            "number" => "número",
            "boolean" => "true, false",
            "list" => "lista",
            other => panic!("{other}"),
        };
        let padrao = match text("default") {
            Some(d) => format!("`{d}`"),
            None if k["required"] == true => "obrigatória".into(),
            None => "–".into(),
        };
        writeln!(out, "| `{path}` | {tipo} | {padrao} | {} |", celula(&text("about").unwrap())).unwrap();
    }
    confere("docs/configuracao.md", &out);
}

#[test]
fn cada_codigo_de_saida_esta_no_readme_e_na_operacao() {
    let help = cli().get_after_help().unwrap().to_string();
    let codes: Vec<&str> =
        help.lines().filter_map(|l| l.split_whitespace().next()).filter(|w| w.parse::<u8>().is_ok()).collect();
    assert_eq!(codes.len(), 10);
    let (readme, operacao) = (read("README.md"), read("docs/operacao.md"));
    let exits = operacao.split("## Saídas").nth(1).unwrap().split("\n## ").next().unwrap();
    for code in codes {
        assert!(readme.contains(&format!("| {code} |")), "README lacks exit code {code}");
        assert!(exits.contains(&format!("`{code}`")), "docs/operacao.md lacks exit code {code}");
    }
}

/// The commands that a document gives its reader to type: code spans and lines of blocks that begin with `atom`.
fn comandos_de(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let (mut block, mut prose) = (false, String::new());
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            block = !block;
        } else if block {
            let line = line.trim_start().split(" #").next().unwrap();
            let line = line.split_once("=$(").map_or(line, |(_, c)| c.trim_end().trim_end_matches(')'));
            out.extend(line.split("&&").map(str::trim).filter(|c| c.starts_with("atom ")).map(str::to_owned));
        } else {
            prose += line;
            prose.push('\n');
        }
    }
    // a span may go over the end of a line
    let spans = prose.split('`').skip(1).step_by(2).map(|s| s.split_whitespace().collect::<Vec<_>>().join(" "));
    out.extend(spans.filter(|s| s.starts_with("atom ")));
    out
}

/// All options of a command and those below it.
fn opcoes(c: &Command, out: &mut BTreeSet<String>) {
    out.extend(c.get_arguments().filter_map(|a| a.get_long()).map(|l| format!("--{l}")));
    visiveis(c).for_each(|s| opcoes(s, out));
}

/// What is wrong with a command that a document names: `atom hsm list \| show ID` are two.
fn erro(cli: &Command, command: &str) -> Option<String> {
    let words = command.strip_prefix("atom ").unwrap();
    let top = words.split(' ').next().unwrap();
    if top.starts_with('-') || matches!(top, "help" | "…") {
        return None;
    }
    let Some(c) = visiveis(cli).find(|c| c.get_name() == top) else { return Some(format!("there is no {top}")) };
    let mut known = BTreeSet::from(["--help".to_owned()]);
    opcoes(c, &mut known);
    for way in words.strip_prefix(top).unwrap().replace(" \\| ", " | ").split(" | ") {
        let first = way.split_whitespace().next().unwrap_or_default();
        let is_name = first.starts_with(|c: char| c.is_ascii_lowercase());
        if c.has_subcommands() && is_name && visiveis(c).all(|s| s.get_name() != first) {
            return Some(format!("{top} has no {first}"));
        }
        for flag in way.split([' ', '\\', '|', '[', ']', '`', '=']).filter(|w| w.starts_with("--")) {
            if !known.contains(flag) {
                return Some(format!("{top} has no {flag}"));
            }
        }
    }
    None
}

#[test]
fn nenhum_documento_manda_digitar_o_que_nao_existe() {
    let cli = cli();
    for name in ["README.md", "docs/operacao.md", "docs/replica.md", "docs/configuracao.md", "CHANGELOG.md"] {
        let wrong: Vec<String> = comandos_de(&read(name))
            .iter()
            .filter_map(|c| Some(format!("{name}: `{c}`: {}", erro(&cli, c)?)))
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
    assert!(comandos_de(&read("docs/operacao.md")).len() > 60);
    for planted in
        ["atom statsu", "atom hsm lst", "atom run --fast", "atom token list \\| revok ID", "atom get X --by\\|--bye"]
    {
        assert!(erro(&cli, planted).is_some(), "{planted}");
    }
}

#[test]
fn o_manual_tem_cada_opcao() {
    let out = Bed::bare("").atom(&["man"]).exits(0).stdout;
    let mut all = BTreeSet::new();
    opcoes(&cli(), &mut all);
    assert!(all.len() > 30);
    for flag in all {
        assert!(out.contains(&flag.replace('-', "\\-")), "man lacks {flag}");
    }
    assert!(out.contains(".SH \"ATOM HSM RESOLVE\""));
    assert_eq!(out.matches("\\-\\-log\\-format").count(), 2, "the global options stand in the synopsis and once more");
}

#[test]
fn a_versao_diz_o_sqlite_que_vai_dentro() {
    let out = Bed::bare("").atom(&["--version"]).exits(0).stdout;
    let words: Vec<&str> = out.trim().trim_end_matches(')').split(' ').collect();
    assert_eq!((words[0], words[1], words[2]), ("atom", env!("CARGO_PKG_VERSION"), "(SQLite"));
    assert!(words[3].split('.').filter_map(|n| n.parse::<u32>().ok()).count() == 3, "{out}");
}
