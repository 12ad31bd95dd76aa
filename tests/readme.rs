//! The front door says what is so.

use std::fs;
use std::path::Path;

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect(name)
}

#[test]
fn o_readme_abre_com_os_dois_comandos() {
    let head: Vec<String> = read("README.md").lines().take(30).map(str::to_owned).collect();
    for c in ["scripts/demo", "scripts/test"] {
        assert!(head.iter().any(|l| l.contains(c)), "{c}");
    }
}

#[test]
fn o_readme_conhece_cada_comando_e_cada_codigo_de_saida() {
    let text = read("README.md");
    let help = std::process::Command::new(env!("CARGO_BIN_EXE_atom")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let commands = help.split("Commands:").nth(1).unwrap().split("\n\n").next().unwrap();
    for c in commands.lines().filter_map(|l| l.strip_prefix("  ")).filter(|l| !l.starts_with(' ')) {
        let name = c.split_whitespace().next().unwrap();
        assert!(name == "help" || text.contains(&format!("`atom {name}")), "README lacks atom {name}");
    }
    for code in help.split("Exit codes:").nth(1).unwrap().lines().filter_map(|l| l.split_whitespace().next()) {
        if code.parse::<i64>().is_ok() {
            assert!(text.contains(&format!("| {code} |")), "README lacks exit code {code}");
        }
    }
}

#[test]
fn o_crontab_tem_o_tique_de_cada_minuto() {
    assert!(
        read("crontab.example").lines().any(|l| l.starts_with("* * * * *") && l.contains("atom") && l.contains(" run"))
    );
}

/// Each requirement of the spec is there, and each test that is named exists.
#[test]
fn o_readme_liga_cada_requisito_a_um_teste_que_existe() {
    let readme = read("README.md");
    let mut sources = String::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")];
    while let Some(folder) = folders.pop() {
        for e in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            match e.path() {
                p if p.is_dir() => folders.push(p),
                p if p.extension().is_some_and(|x| x == "rs") => sources += &fs::read_to_string(p).unwrap(),
                _ => {}
            }
        }
    }
    for n in 1..=36 {
        let id = format!("| R{n:03} |");
        let row = readme.lines().find(|l| l.starts_with(&id)).unwrap_or_else(|| panic!("README lacks {id}"));
        let test = row.split('`').find(|w| w.contains("::")).and_then(|w| w.rsplit("::").next());
        match test {
            Some(name) => assert!(sources.contains(&format!("fn {name}()")), "{id} names {name}"),
            None => assert!(row.contains("with a later version"), "{row}"),
        }
    }
}

#[test]
fn o_manual_e_os_completamentos_conhecem_todos_os_comandos() {
    let run = |args: &[&str]| {
        let out = std::process::Command::new(env!("CARGO_BIN_EXE_atom")).args(args).output().unwrap();
        assert!(out.status.success(), "{args:?}");
        String::from_utf8(out.stdout).unwrap()
    };
    let (man, bash) = (run(&["man"]), run(&["completions", "bash"]));
    let help = run(&["--help"]);
    let commands = help.split("Commands:").nth(1).unwrap().split("\n\n").next().unwrap();
    for c in commands.lines().filter_map(|l| l.strip_prefix("  ")).filter(|l| !l.starts_with(' ')) {
        let name = c.split_whitespace().next().unwrap();
        assert!(name == "help" || man.contains(&format!("\"ATOM {}\"", name.to_uppercase())), "man lacks {name}");
        assert!(bash.contains(&format!("atom,{name})")), "bash lacks {name}");
    }
    assert!(man.contains("Exit codes"), "the codes stand in the manual");
}
