//! Arrows that must never exist between the rooms, read from the sources.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const ROOMS: [&str; 14] = [
    "atendimento",
    "cli",
    "clock",
    "config",
    "domain",
    "export",
    "gerador",
    "http",
    "https",
    "hsm",
    "import",
    "layout",
    "pipeline",
    "store",
];
const TRANSPORT: &str = "transport";

/// Room → rooms that it must not name.
const FORBIDDEN: &[(&str, &[&str])] = &[
    (
        "domain",
        &[
            "atendimento",
            "cli",
            "clock",
            "config",
            "export",
            "gerador",
            "http",
            "https",
            "hsm",
            "import",
            "layout",
            "pipeline",
            "store",
            TRANSPORT,
        ],
    ),
    (
        "transport",
        &[
            "atendimento",
            "cli",
            "clock",
            "config",
            "domain",
            "export",
            "gerador",
            "http",
            "https",
            "hsm",
            "import",
            "layout",
            "pipeline",
            "store",
        ],
    ),
    (
        "layout",
        &[
            "atendimento",
            "cli",
            "clock",
            "config",
            "export",
            "gerador",
            "http",
            "https",
            "hsm",
            "import",
            "pipeline",
            "store",
            TRANSPORT,
        ],
    ),
    (
        "store",
        &[
            "atendimento",
            "cli",
            "clock",
            "config",
            "export",
            "gerador",
            "http",
            "https",
            "hsm",
            "import",
            "layout",
            "pipeline",
            TRANSPORT,
        ],
    ),
    (
        "https",
        &[
            "atendimento",
            "cli",
            "clock",
            "config",
            "domain",
            "export",
            "gerador",
            "http",
            "hsm",
            "import",
            "layout",
            "pipeline",
            "store",
            TRANSPORT,
        ],
    ),
    ("import", &["atendimento", "cli", "export", "gerador", "http", "https", "hsm", "pipeline", TRANSPORT]),
    ("export", &["atendimento", "cli", "gerador", "http", "https", "hsm", "import", "pipeline", TRANSPORT]),
    ("atendimento", &["cli", "export", "gerador", "http", "https", "hsm", "import", "pipeline", TRANSPORT]),
    ("hsm", &["atendimento", "cli", "export", "gerador", "http", "import", "pipeline", TRANSPORT]),
    ("pipeline", &["cli", "gerador", "http", "hsm"]),
    (
        "gerador",
        &[
            "atendimento",
            "cli",
            "clock",
            "config",
            "export",
            "http",
            "https",
            "hsm",
            "import",
            "pipeline",
            "store",
            TRANSPORT,
        ],
    ),
    (
        "config",
        &[
            "atendimento",
            "cli",
            "clock",
            "export",
            "gerador",
            "http",
            "https",
            "hsm",
            "import",
            "layout",
            "pipeline",
            "store",
            TRANSPORT,
        ],
    ),
    ("http", &["cli", "export", "gerador", "hsm", "import", "pipeline", TRANSPORT]),
    ("cli", &["gerador"]),
];

/// Crates that one file or room alone may name: crate, where.
const ONE_DOOR: &[(&str, &[&str])] = &[
    ("rusqlite", &["store/db.rs", "store/db/erro.rs"]),
    ("clap", &["cli/"]),
    ("clap_complete", &["cli/"]),
    ("clap_mangen", &["cli/"]),
    ("comfy_table", &["cli/"]),
    ("indicatif", &["cli/"]),
    ("chrono_tz", &["clock.rs"]),
    ("bdays", &["domain/dia.rs"]),
    ("cpf_cnpj", &["domain/documento.rs"]),
    ("sha2", &["layout/impressao.rs", "transport/hostkey.rs", "atendimento/token.rs"]),
    ("ssh2", &["transport/sftp", "transport/hostkey.rs"]),
    ("suppaftp", &["transport/ftp"]),
    ("askama", &["http/workflow/"]),
    ("argon2", &["atendimento/usuario.rs"]),
    ("rpassword", &["cli/user.rs"]),
    ("form_urlencoded", &["http/workflow/"]),
    ("rustls", &["transport/ftp", "https.rs", "hsm/omne.rs"]),
    ("ureq", &["https.rs", "hsm/omne.rs", "pipeline/ping.rs"]),
    ("signal_hook", &["cli/send_hsm.rs"]),
    ("axum", &["http/"]),
    ("hyper", &["http/"]),
    ("tokio", &["http/"]),
    ("utoipa", &["http/"]),
    ("utoipa_swagger_ui", &["http/openapi.rs"]),
    ("prometheus_client", &["http/metricas.rs"]),
    ("getrandom", &["atendimento/token.rs", "http/guarda.rs", "pipeline/ping.rs"]),
    ("calamine", &["layout/planilha/"]),
    ("zip", &["layout/planilha/pacote.rs"]),
    ("annotate_snippets", &["layout/regua/quadro.rs"]),
    ("fixed_width", &["layout/regua/fatia.rs"]),
    ("toml", &["layout/load", "config"]),
];

fn sources(dir: &Path, out: &mut Vec<PathBuf>) {
    for e in fs::read_dir(dir).unwrap() {
        let p = e.unwrap().path();
        if p.is_dir() {
            sources(&p, out);
        } else if p.extension().is_some_and(|x| x == "rs") {
            out.push(p);
        }
    }
}

/// The code of a file: without comments, without the body of its unit tests.
fn code(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim_start().starts_with("//")).collect();
    // tests stand at the end of a file; `#[cfg(test)] mod tests;` names another file and hides nothing
    let tests =
        lines.windows(2).position(|w| w[0] == "#[cfg(test)]" && w[1].starts_with("mod ") && w[1].ends_with('{'));
    lines[..tests.unwrap_or(lines.len())].join("\n")
}

/// How a file may spell the root of the crate: `crate`, or as many `super` as it lies deep.
fn roots(path: &str) -> [String; 2] {
    let depth = path.trim_end_matches("/mod.rs").trim_end_matches(".rs").split('/').count();
    ["crate".to_owned(), vec!["super"; depth].join("::")]
}

/// Rooms of ours that a file names: `crate::room`, `super::room` of a room's head, also inside braces.
fn named(path: &str, code: &str) -> BTreeSet<&'static str> {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = BTreeSet::new();
    for root in roots(path) {
        for room in ROOMS.iter().copied().chain([TRANSPORT]) {
            let direct = format!("{root}::{room}");
            let hit = code
                .match_indices(&direct)
                .any(|(i, m)| !code[i + m.len()..].starts_with(word) && !code[..i].ends_with(|c| word(c) || c == ':'));
            let grouped = code.match_indices(&format!("{root}::{{")).any(|(i, _)| {
                let group = &code[i..code[i..].find(';').map_or(code.len(), |e| i + e)];
                !code[..i].ends_with(|c| word(c) || c == ':') && group.split(|c| !word(c)).any(|w| w == room)
            });
            if hit || grouped {
                out.insert(room);
            }
        }
    }
    out
}

/// What is wrong with one file.
fn faults(path: &str, text: &str) -> Vec<String> {
    let code = code(text);
    let room = path.split(['/', '.']).next().unwrap_or("");
    let mut out = Vec::new();
    let names = named(path, &code);
    for (from, to) in FORBIDDEN.iter().filter(|(from, _)| *from == room) {
        out.extend(to.iter().filter(|t| names.contains(*t)).map(|t| format!("{path}: {from} → {t}")));
    }
    for (krate, doors) in ONE_DOOR {
        let used = code.contains(&format!("{krate}::")) || code.contains(&format!("use {krate};"));
        if used && !doors.iter().any(|d| path.starts_with(d)) {
            out.push(format!("{path}: names {krate}"));
        }
    }
    let clock = ["Utc::now(", "Local::now(", "SystemTime::now("];
    if clock.iter().any(|c| code.contains(c)) && path != "clock.rs" {
        out.push(format!("{path}: has a clock of its own"));
    }
    if code.contains("std::env::var") && !path.starts_with("config") && !path.starts_with("cli/mod.rs") {
        out.push(format!("{path}: reads the environment"));
    }
    out
}

#[test]
fn nenhuma_seta_proibida() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 40);
    let all: Vec<String> = files
        .iter()
        .filter(|p| {
            !p.to_string_lossy().ends_with("_tests.rs") && !p.ends_with("tests.rs") && !p.ends_with("testes.rs")
        })
        .flat_map(|p| faults(&p.strip_prefix(&root).unwrap().to_string_lossy(), &fs::read_to_string(p).unwrap()))
        .collect();
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn uma_seta_plantada_e_vista() {
    for (path, text) in [
        ("domain/dia.rs", "use crate::store::db::Db;"),
        ("store/saida.rs", "use crate::{domain::dia, layout::Layout};"),
        ("import/remessa.rs", "fn f() { crate::transport::dir::Dir::new(\"x\", 0); }"),
        ("export/carga.rs", "use crate::import::run;"),
        ("layout/fixed.rs", "use crate::{\n    import::passo,\n};"),
        ("import/run.rs", "use rusqlite::Connection;"),
        ("pipeline/tick.rs", "let x = chrono::Utc::now();"),
        ("export/linha.rs", "std::env::var(\"X\")"),
        ("domain/mod.rs", "fn f(s: super::store::Store) {}"),
        ("domain/fone.rs", "use super::super::layout::Layout;"),
        ("config.rs", "#[cfg(test)]\nmod tests;\nuse crate::store::Store;"),
        ("config/build.rs", "use super::super::store::Store;"),
    ] {
        assert_eq!(faults(path, text).len(), 1, "{path}: {text}");
    }
    assert!(faults("import/run.rs", "// crate::transport is not for us\nuse crate::store::db::Db;").is_empty());
    assert!(faults("import/remessa.rs", "use super::passo::Passo;\nuse super::pipeline_x;").is_empty());
    assert!(faults("store/db.rs", "use rusqlite::Connection;").is_empty());
}
