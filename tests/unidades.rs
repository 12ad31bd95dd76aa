//! `crontab.example` and `scripts/systemd`: command lines that exist, the same in both, in units that systemd takes.

use atom::cli::Cli;
use clap::Parser as _;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn raiz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// Name → text of the units.
fn unidades() -> BTreeMap<String, String> {
    let all = fs::read_dir(raiz().join("scripts/systemd")).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_file());
    all.map(|p| (p.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&p).unwrap())).collect()
}

fn valor<'a>(unit: &'a str, key: &str) -> &'a str {
    unit.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix('=')).unwrap_or_else(|| panic!("{key} in {unit}"))
}

/// What a service starts, as one would type it.
fn comando(unit: &str) -> String {
    valor(unit, "ExecStart").strip_prefix("/usr/local/bin/").expect("where install puts it").to_owned()
}

/// The five fields of each line of the crontab, and its command without what becomes of its output.
fn crontab() -> Vec<(Vec<String>, String)> {
    let text = fs::read_to_string(raiz().join("crontab.example")).unwrap();
    let lines = text.lines().filter(|l| l.starts_with(|c: char| c == '*' || c.is_ascii_digit()));
    lines
        .map(|l| {
            let words: Vec<String> = l.split_whitespace().map(str::to_owned).collect();
            let command = words[5..].join(" ");
            (words[..5].to_vec(), command.trim_end_matches(" >/dev/null").to_owned())
        })
        .collect()
}

/// The five fields as a timer says them.
fn como_timer(fields: &[String]) -> String {
    let [minute, hour, day, month, weekday] = fields else { panic!("{fields:?}") };
    assert!(day == "*" && month == "*", "no such line so far");
    if minute == "*" && hour == "*" {
        return "*-*-* *:*:00".into();
    }
    let name = |n: &str| ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][n.parse::<usize>().unwrap()];
    let days = match weekday.split_once('-') {
        None if weekday == "*" => String::new(),
        None => format!("{} ", name(weekday)),
        Some((from, to)) => format!("{}..{} ", name(from), name(to)),
    };
    format!("{days}*-*-* {hour:0>2}:{minute:0>2}:00 America/Sao_Paulo")
}

#[test]
fn os_timers_rodam_os_comandos_do_crontab_nas_mesmas_horas() {
    let units = unidades();
    let timers: BTreeMap<String, String> = units
        .iter()
        .filter(|(name, _)| name.ends_with(".timer"))
        .map(|(name, text)| {
            let service = &units[&name.replace(".timer", ".service")];
            assert_eq!(valor(service, "Type"), "oneshot", "{name}");
            (comando(service), valor(text, "OnCalendar").to_owned())
        })
        .collect();
    let cron: BTreeMap<String, String> =
        crontab().into_iter().map(|(fields, command)| (command, como_timer(&fields))).collect();
    assert!(cron.len() >= 4, "{cron:?}");
    assert_eq!(timers, cron);
}

#[test]
fn cada_comando_do_crontab_e_das_unidades_existe_com_as_suas_opcoes() {
    let services = unidades().into_iter().filter(|(name, _)| name.ends_with(".service"));
    let all: Vec<String> = services.map(|(_, t)| comando(&t)).chain(crontab().into_iter().map(|(_, c)| c)).collect();
    assert!(all.iter().any(|c| c == "atom serve"));
    for command in all {
        if let Err(e) = Cli::try_parse_from(command.split_whitespace()) {
            panic!("{command}: {e}");
        }
    }
}

/// The lines that `systemd-analyze verify` has on our units, in the place of the installed program the one under test.
fn analisa(change: impl Fn(&str) -> String) -> String {
    let dir = tempfile::tempdir().unwrap();
    let dropin = "atom-.service.d";
    fs::create_dir(dir.path().join(dropin)).unwrap();
    let from = raiz().join("scripts/systemd").join(dropin).join("atom.conf");
    fs::copy(from, dir.path().join(dropin).join("atom.conf")).unwrap();
    let mut verify = Command::new("systemd-analyze");
    verify.args(["verify", "--man=no"]);
    for (name, text) in unidades() {
        let path = dir.path().join(name);
        fs::write(&path, change(&text.replace("/usr/local/bin/atom", env!("CARGO_BIN_EXE_atom")))).unwrap();
        verify.arg(path);
    }
    let out = verify.output().expect("systemd-analyze (the package systemd; scripts/test installs it)");
    let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    // what it thinks of the machine's own units is no matter of ours
    let ours: Vec<&str> = said.lines().filter(|l| l.contains("atom-")).collect();
    ours.join("\n")
}

#[test]
fn o_systemd_aceita_as_unidades_e_veria_um_erro_nelas() {
    assert_eq!(analisa(str::to_owned), "");
    for (good, bad) in
        [("Type=oneshot", "Tipo=oneshot"), ("America/Sao_Paulo", "America/Sampa"), ("atom run", "atomo run")]
    {
        let planted = analisa(|t| t.replace(good, bad));
        assert!(!planted.is_empty(), "{bad} goes by unseen");
    }
}

/// What `atom-serve.service` promises: nobody else's files, nothing of the system, stopped by SIGTERM in time.
#[test]
fn o_servico_do_portal_nao_escreve_fora_das_suas_pastas_nem_ganha_poderes() {
    let common = fs::read_to_string(raiz().join("scripts/systemd/atom-.service.d/atom.conf")).unwrap();
    for (key, value) in [
        ("User", "atom"),
        ("ProtectSystem", "strict"),
        ("NoNewPrivileges", "yes"),
        ("CapabilityBoundingSet", ""),
        ("Environment", "ATOM_CONFIG=/etc/atom/atom.toml"),
    ] {
        assert_eq!(valor(&common, key), value);
    }
    assert!(valor(&common, "ReadWritePaths").split(' ').all(|p| p.trim_start_matches('-').starts_with("/srv/")));
    let serve = &unidades()["atom-serve.service"];
    assert_eq!((valor(serve, "UMask"), valor(serve, "Restart")), ("0077", "on-failure"));
    assert!(valor(serve, "TimeoutStopSec").parse::<u64>().unwrap() > 10, "longer than the farewell of serve");
}
