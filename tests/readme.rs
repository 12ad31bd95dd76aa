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
