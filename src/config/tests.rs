use super::keys::{Absent, KEYS, Kind};
use super::*;
use std::fs;

mod environment;

/// The least that loads.
const LEAST: &str = "[campanha]\nid = 7\nascob = \"0528\"\n\
                     [evo]\nurl = \"file:///e\"\n[manager]\nurl = \"file:///m\"\n";

fn env(pairs: &[(&str, &str)]) -> Env {
    pairs.iter().copied().collect()
}

fn load_with(text: &str, vars: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("atom.toml");
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    Config::load(&file, &env(vars))
}

fn load(text: &str) -> Config {
    load_with(text, &[]).unwrap()
}

/// The error's message from the file's name on.
fn fault(text: &str, vars: &[(&str, &str)]) -> String {
    let message = load_with(text, vars).unwrap_err().to_string();
    let at = message.find("atom.toml").unwrap_or(0);
    message[at..].to_owned()
}

fn hm(text: &str) -> NaiveTime {
    text.parse().unwrap()
}

#[test]
fn the_starter_loads_cleanly() {
    let config = load(STARTER);
    assert_eq!(config.campanha.nome, "Banco Exemplo – Veículos");
    assert_eq!(config.campanha.ascob, "528");
    assert_eq!(config.evo.errors.unwrap().to_string(), "file:///srv/evo/erros");
    assert_eq!(config.omne.unwrap().token.to_string(), "env:OMNE_TOKEN");
}

#[test]
fn the_starter_names_every_key() {
    for key in KEYS {
        let name = key.path.rsplit('.').next().unwrap();
        assert!(STARTER.contains(name), "{}", key.path);
    }
}

#[test]
fn the_contracts_example_loads() {
    let config = load(STARTER.replace("# tabulacoes", "tabulacoes").replace("# bloqueados", "bloqueados").as_str());
    let folder = config.file.parent().unwrap();
    assert_eq!(config.tabulacoes, Some(folder.join("layouts/tabulacoes.csv")));
    assert_eq!(config.contato.bloqueados, Some(folder.join("bloqueados.txt")));
}

#[test]
fn defaults_are_those_of_the_contract() {
    let mut least = load(&format!("{LEAST}[omne]\n"));
    let full = load(STARTER);
    assert_eq!(least.campanha.nome, "Campanha 7");
    assert_eq!(least.evo.errors, None);
    assert_eq!(least.manager.retornos, None);
    least.campanha = full.campanha.clone();
    least.evo.url = full.evo.url.clone();
    least.evo.errors = full.evo.errors.clone();
    least.manager.url = full.manager.url.clone();
    least.manager.retornos = full.manager.retornos.clone();
    assert_eq!(least.evo.acesso.known_hosts, least.file.parent().unwrap().join("known_hosts"));
    least.evo.acesso = full.evo.acesso.clone();
    least.manager.acesso = full.manager.acesso.clone();
    assert_eq!((full.evo.idle_seconds, full.evo.max_megabytes), (60, 4096));
    let folder = |c: &Config| c.file.parent().unwrap().to_path_buf();
    let names = |c: &Config| {
        let inside = |p: &Path| p.strip_prefix(folder(c)).unwrap().to_path_buf();
        [inside(&c.layouts), inside(&c.data), inside(&c.store_dir)]
    };
    assert_eq!(names(&least), ["layouts", "data", "store"].map(PathBuf::from));
    assert_eq!(names(&full), names(&least));
    let paths = |c: &Config| (c.file.clone(), c.layouts.clone(), c.data.clone(), c.store_dir.clone());
    (least.file, least.layouts, least.data, least.store_dir) = paths(&full);
    assert_eq!(least, full);
    assert_eq!(full.manager.baixa_ate, hm("07:00"));
    assert_eq!((full.dia.corte, full.dia.prazo), (hm("12:00"), hm("06:00")));
    assert_eq!((full.evo.settle_seconds, full.evo.max_seconds), (60, 600));
    assert_eq!((full.batimento.max_baixas, full.import.max_rejeitos), (0.30, 0.10));
    assert_eq!(full.serve.listen.to_string(), "127.0.0.1:8080");
}

#[test]
fn the_defaults_of_the_list_are_those_in_force() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("atom.toml");
    fs::write(&file, format!("{LEAST}[omne]\n[ping]\nurl = \"http://p\"\n")).unwrap();
    let vars: Vec<(String, &str)> = KEYS
        .iter()
        .filter_map(|k| match k.absent {
            Absent::Default(text) => Some((keys::variable(k.path), text)),
            _ => None,
        })
        .collect();
    assert!(vars.len() > 50);
    let written = vars.iter().map(|(k, v)| (k.as_str(), *v)).collect();
    assert_eq!(Config::load(&file, &Env::default()).unwrap(), Config::load(&file, &written).unwrap());
}

#[test]
fn without_the_section_there_is_no_omne() {
    assert_eq!(load(LEAST).omne, None);
    let by_env = load_with(LEAST, &[("ATOM_OMNE__DAILY_CAP", "9")]).unwrap();
    assert_eq!(by_env.omne.unwrap().daily_cap, 9);
}

#[test]
fn every_key_is_read_and_its_type_checked() {
    for key in KEYS {
        let wrong = if key.kind == Kind::Bool { "1" } else { "true" };
        let (section, name) = key.path.rsplit_once('.').unwrap_or(("", key.path));
        let kept: String =
            LEAST.lines().filter(|l| !within(LEAST, l, section, name)).fold(String::new(), |t, l| t + l + "\n");
        let text = match section {
            "" => format!("{name} = {wrong}\n{kept}"),
            _ if kept.contains(&format!("[{section}]")) => {
                kept.replace(&format!("[{section}]"), &format!("[{section}]\n{name} = {wrong}"))
            }
            _ => format!("{kept}[{section}]\n{name} = {wrong}\n"),
        };
        let message = fault(&text, &[]);
        let line = 1 + text.lines().position(|l| l == format!("{name} = {wrong}")).unwrap();
        assert!(message.starts_with(&format!("atom.toml, linha {line}: {}: encontrado ", key.path)), "{message}");
        assert!(message.contains(key.kind.expected()), "{message}");
        assert!(message.contains(&format!("exemplo: {name} = {}", key.example)), "{message}");
    }
}

/// Whether `line` of `text` sets `section.name`.
fn within(text: &str, line: &str, section: &str, name: &str) -> bool {
    let start = text.find(&format!("[{section}]")).unwrap_or(text.len());
    let body = text[start..].get(1..).unwrap_or_default();
    let body = &body[..body.find("\n[").unwrap_or(body.len())];
    !section.is_empty() && line.starts_with(&format!("{name} =")) && body.contains(line)
}

#[test]
fn an_unknown_key_is_named_with_file_line_and_the_nearest() {
    let message = fault(&format!("{LEAST}[import]\nmax_rejeito = 0.1\n"), &[]);
    let expected = "atom.toml, linha 9: chave desconhecida import.max_rejeito (não seria import.max_rejeitos?)";
    assert_eq!(message, expected);
    let message = fault(&format!("{LEAST}[imprt]\nmax = 0.1\n"), &[]);
    assert_eq!(message, "atom.toml, linha 8: chave desconhecida imprt (não seria import?)");
}

#[test]
fn the_first_unknown_key_of_the_file_is_told() {
    let message = fault("zzz = 1\naaa = 2\n", &[]);
    assert!(message.starts_with("atom.toml, linha 1: chave desconhecida zzz"), "{message}");
}

#[test]
fn a_missing_key_is_named_with_an_example() {
    for (line, key, example) in [
        ("id = 7\n", "campanha.id", "id = 1 na seção [campanha]"),
        ("ascob = \"0528\"\n", "campanha.ascob", "ascob = \"528\" na seção [campanha]"),
        ("url = \"file:///e\"\n", "evo.url", "url = \"file:///srv/evo/processados\" na seção [evo]"),
        ("url = \"file:///m\"\n", "manager.url", "url = \"file:///srv/manager/entrada\" na seção [manager]"),
    ] {
        let message = fault(&LEAST.replace(line, ""), &[]);
        assert_eq!(message, format!("atom.toml: falta a chave {key}; exemplo: {example}"));
    }
}

#[test]
fn a_second_campaign_is_refused() {
    let array = "[[campanha]]\nid = 1\n[[campanha]]\nid = 2\n";
    let twice = format!("{LEAST}[campanha]\nid = 8\n");
    for (text, line) in [(array, 1), (twice.as_str(), 8)] {
        let message = fault(text, &[]);
        assert!(message.starts_with(&format!("atom.toml, linha {line}: mais de uma campanha")), "{message}");
        assert!(message.contains("R001"), "{message}");
    }
}

#[test]
fn broken_toml_names_its_line() {
    let message = fault("data = \"x\"\nlayouts = \n", &[]);
    assert!(message.starts_with("atom.toml, linha 2: não é TOML válido: "), "{message}");
    let message = fault("data = 1\ndata = 2\n", &[]);
    assert!(message.starts_with("atom.toml, linha 2: não é TOML válido: "), "{message}");
}

#[test]
fn a_bom_and_crlf_do_no_harm() {
    let text = format!("\u{feff}{LEAST}[import]\nmax = 1\n").replace('\n', "\r\n");
    assert!(fault(&text, &[]).starts_with("atom.toml, linha 9: chave desconhecida import.max "));
    assert_eq!(load(&format!("\u{feff}{LEAST}").replace('\n', "\r\n")).campanha.id, 7);
}

#[test]
fn a_file_that_is_no_utf8_names_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("atom.toml");
    fs::write(&file, b"data = \"x\"\n# Ve\xedculos\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let message = Config::load(&file, &Env::default()).unwrap_err().to_string();
    assert!(message.contains("linha 2") && message.contains("UTF-8"), "{message}");
}

#[test]
fn a_config_that_others_may_write_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("atom.toml");
    fs::write(&file, LEAST).unwrap();
    for mode in [0o664, 0o646, 0o666, 0o620] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let message = Config::load(&file, &Env::default()).unwrap_err().to_string();
        assert!(message.contains(&format!("chmod go-w {}", file.display())), "{mode:o}: {message}");
    }
    for mode in [0o644, 0o600, 0o440] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        assert!(Config::load(&file, &Env::default()).is_ok(), "{mode:o}");
    }
}

#[test]
fn values_out_of_range_are_told_apart_from_types() {
    for (section, line, why) in [
        ("batimento", "max_baixas = 30", "30 está fora de 0 a 1"),
        ("import", "max_rejeitos = -0.1", "-0.1 está fora de 0 a 1"),
        ("import", "max_rejeitos = nan", "fora de 0 a 1"),
        ("bloqueio", "dias = -1", "-1 está fora de 0 a 3650"),
        ("bloqueio", "contagem = \"meses\"", "há uteis e corridos"),
        ("dia", "corte = \"25:00\"", "\"25:00\" não é uma hora HH:MM"),
        ("dia", "obrigatorios = [\"remesa\"]", "\"remesa\" não é um tipo de arquivo; há remessa, parcelas"),
        ("calendario", "uteis = [\"2026-02-30\"]", "\"2026-02-30\" não é uma data AAAA-MM-DD existente"),
        ("calendario", "feriados = [\"09/07/2026\"]", "\"09/07/2026\" não é uma data"),
        ("omne", "url = \"ftp://x\"", "esperada uma url http:// ou https://"),
        ("omne.jornada1", "template_id = 102", "102 é o template das duas jornadas"),
        ("omne.jornada2", "template_id = 101", "101 é o template das duas jornadas"),
        ("omne", "rate_per_second = 0", "o menor valor é 1"),
        ("omne", "daily_cap = 5000000000", "5000000000 é grande demais"),
        ("omne.janela", "sab = \"14:00-08:00\"", "não é uma faixa de horas"),
        ("serve", "listen = \"localhost\"", "\"localhost\" não é endereço:porta"),
        ("serve", "listen = \"0.0.0.0:8080\"", "serve.behind_proxy"),
        ("ping", "url = \"http://h/x?y\"", "a url vai sem ?"),
        ("ping", "timeout_seconds = 60", "60 está fora de 1 a 10"),
        ("store", "url = \"postgres://u:hunter2@h/d\"", "só há sqlite: por enquanto"),
    ] {
        let message = fault(&format!("{LEAST}[{section}]\n{line}\n"), &[]);
        let key = format!("{section}.{}", line.split(' ').next().unwrap());
        assert!(message.starts_with(&format!("atom.toml, linha 9: {key}: ")), "{message}");
        assert!(message.contains(why) && !message.contains("hunter2"), "{message}");
    }
}

#[test]
fn no_message_shows_a_secret_typed_in_its_place() {
    for line in [
        "url = \"sftp://u:hunter2@h/d\"",
        "url = \"file:///e\"\npassword = \"hunter2\"",
        "url = \"file:///e\"\npassword = [\"hunter2\"]",
    ] {
        let message = fault(&LEAST.replace("url = \"file:///e\"", line), &[]);
        let at = 4 + line.lines().count();
        assert!(message.starts_with(&format!("atom.toml, linha {at}: evo.")), "{message}");
        assert!(message.contains("env:NOME") && !message.contains("hunter2"), "{message}");
    }
    let message = fault(STARTER, &[("ATOM_OMNE__TOKEN", "hunter2")]);
    assert!(message.contains("ATOM_OMNE__TOKEN") && !message.contains("hunter2"), "{message}");
}

#[test]
fn debug_shows_no_secret() {
    let text = format!("{LEAST}password = \"env:SENHA\"\n");
    let config = load_with(&text, &[("SENHA", "hunter2")]).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
    let keys: Vec<_> = config.secrets().map(|(key, s)| (key, s.read().unwrap())).collect();
    assert_eq!(keys, [("manager.password", "hunter2".to_owned())]);
}

#[test]
fn relative_paths_count_from_the_file() {
    let text =
        format!("layouts = \"/abs/l\"\ntabulacoes = \"../t.csv\"\n{LEAST}known_hosts = \"kh\"\nkey = \"file:k\"\n");
    let config = load(&text);
    let folder = config.file.parent().unwrap();
    assert_eq!(config.layouts, Path::new("/abs/l"));
    assert_eq!(config.tabulacoes, Some(folder.join("../t.csv")));
    assert_eq!(config.manager.acesso.known_hosts, folder.join("kh"));
    assert_eq!(config.manager.acesso.key.unwrap().path(), Some(folder.join("k").as_path()));
}

#[test]
fn the_store_is_a_folder_of_sqlite() {
    for (url, dir) in [("sqlite:s", "s"), ("sqlite:///abs/s", "/abs/s"), ("sqlite:/abs/s", "/abs/s")] {
        let config = load(&format!("{LEAST}[store]\nurl = \"{url}\"\n"));
        assert_eq!(config.store_dir, config.file.parent().unwrap().join(dir));
    }
}

#[test]
fn dates_and_hours_may_stand_without_quotes() {
    let config = load(&format!("{LEAST}baixa_ate = 06:30:00\n[calendario]\nferiados = [2026-07-09]\n"));
    assert_eq!(config.manager.baixa_ate, hm("06:30"));
    assert_eq!(config.calendario.feriados, ["2026-07-09".parse().unwrap()]);
}

#[test]
fn an_ascob_without_quotes_is_a_type_error() {
    let message = fault(&LEAST.replace("\"0528\"", "528"), &[]);
    let expected = "atom.toml, linha 3: campanha.ascob: encontrado número inteiro 528, \
                    esperado texto entre aspas (exemplo: ascob = \"528\" na seção [campanha])";
    assert_eq!(message, expected);
}

#[test]
fn the_window_is_open_from_its_first_moment_to_before_its_last() {
    let all_day = load(&format!("{LEAST}[omne.janela]\nseg_sex = \"00:00-24:00\"\n")).omne.unwrap();
    assert!(all_day.janela.seg_sex.unwrap().contem(hm("23:59:59")));
    let sab = all_day.janela.sab.unwrap();
    assert!(sab.contem(hm("08:00:00")) && sab.contem(hm("13:59:59")));
    assert!(!sab.contem(hm("07:59:59")) && !sab.contem(hm("14:00:00")));
}

#[test]
fn behind_a_proxy_it_may_listen_anywhere() {
    let text = format!("{LEAST}[serve]\nlisten = \"0.0.0.0:8080\"\nbehind_proxy = \"nginx\"\n");
    assert_eq!(load(&text).serve.behind_proxy.as_deref(), Some("nginx"));
}

#[test]
fn required_kinds_are_listed_once() {
    let config = load(&format!("{LEAST}[dia]\nobrigatorios = [\"refin\", \"remessa\", \"refin\"]\n"));
    assert_eq!(config.dia.obrigatorios, ["refin", "remessa"]);
}

#[test]
fn the_file_is_found_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    for name in ["explicit", "env", "here", "etc"] {
        fs::write(at(name), "").unwrap();
    }
    let vars = env(&[("ATOM_CONFIG", at("env").to_str().unwrap())]);
    let places = [at("here"), at("etc")];
    let find = |explicit: Option<&Path>, env: &Env| Config::find_in(explicit, env, &places).unwrap();
    assert_eq!(find(Some(&at("explicit")), &vars), at("explicit"));
    assert_eq!(find(None, &vars), at("env"));
    assert_eq!(find(None, &env(&[("ATOM_CONFIG", "")])), at("here"));
    fs::remove_file(at("here")).unwrap();
    assert_eq!(find(None, &Env::default()), at("etc"));
}

#[test]
fn a_named_file_that_does_not_exist_is_not_replaced_by_another() {
    let missing = Path::new("/nada/atom.toml");
    for found in
        [Config::find(Some(missing), &Env::default()), Config::find(None, &env(&[("ATOM_CONFIG", "/nada/atom.toml")]))]
    {
        let message = found.unwrap_err().to_string();
        assert!(message.starts_with("configuração não encontrada (/nada/atom.toml)"), "{message}");
        assert!(message.contains("atom init"), "{message}");
    }
}

#[test]
fn ftp_em_claro_so_com_allow_cleartext_na_mesma_secao() {
    let text = LEAST.replace("[manager]", "errors = \"ftp://u@h/erros\"\n[manager]");
    let message = fault(&text, &[]);
    assert!(message.contains("evo.errors") && message.contains("allow_cleartext = true"), "{message}");
    load(&text.replace("[manager]", "allow_cleartext = true\n[manager]"));
}
