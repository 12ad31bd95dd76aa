//! Every key of `atom.toml`: its type, and an example for messages.

use super::env::PREFIX;

/// What a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text, also dates, times, paths and urls.
    Text,
    /// Text that names a secret: what stands there is never shown.
    Secret,
    /// A whole number.
    Integer,
    /// A number, whole or not.
    Number,
    /// `true` or `false`.
    Bool,
    /// A list of texts.
    List,
}

impl Kind {
    /// For messages: what was expected.
    pub(super) const fn expected(self) -> &'static str {
        match self {
            Self::Text => "texto entre aspas",
            Self::Secret => "\"env:NOME\" ou \"file:CAMINHO\"",
            Self::Integer => "número inteiro",
            Self::Number => "número",
            Self::Bool => "true ou false",
            Self::List => "lista de textos entre colchetes",
        }
    }
}

/// A key of the file.
#[derive(Debug)]
pub(super) struct Key {
    /// With its section: `import.max_rejeitos`.
    pub(super) path: &'static str,
    pub(super) kind: Kind,
    /// A value as written in TOML.
    pub(super) example: &'static str,
}

const fn key(path: &'static str, kind: Kind, example: &'static str) -> Key {
    Key { path, kind, example }
}

/// All keys, in the order of the contract.
pub(super) const KEYS: &[Key] = &[
    key("layouts", Kind::Text, r#""layouts""#),
    key("data", Kind::Text, r#""data""#),
    key("tabulacoes", Kind::Text, r#""layouts/tabulacoes.csv""#),
    key("store.url", Kind::Text, r#""sqlite:store""#),
    key("campanha.id", Kind::Integer, "1"),
    key("campanha.nome", Kind::Text, r#""Banco Exemplo – Veículos""#),
    key("campanha.carteira", Kind::Text, r#""VEIC""#),
    key("campanha.ascob", Kind::Text, r#""528""#),
    key("evo.url", Kind::Text, r#""file:///srv/evo/processados""#),
    key("evo.errors", Kind::Text, r#""file:///srv/evo/erros""#),
    key("evo.after", Kind::Text, r#""keep""#),
    key("evo.settle_seconds", Kind::Integer, "60"),
    key("evo.max_seconds", Kind::Integer, "600"),
    key("evo.idle_seconds", Kind::Integer, "60"),
    key("evo.max_megabytes", Kind::Integer, "4096"),
    key("evo.key", Kind::Secret, r#""file:/etc/atom/evo.key""#),
    key("evo.password", Kind::Secret, r#""env:EVO_SENHA""#),
    key("evo.passphrase", Kind::Secret, r#""file:/etc/atom/evo.frase""#),
    key("evo.ca", Kind::Text, r#""/etc/atom/ca.pem""#),
    key("evo.known_hosts", Kind::Text, r#""known_hosts""#),
    key("evo.allow_cleartext", Kind::Bool, "false"),
    key("manager.url", Kind::Text, r#""file:///srv/manager/entrada""#),
    key("manager.retornos", Kind::Text, r#""file:///srv/manager/saida""#),
    key("manager.incremental_minutes", Kind::Integer, "15"),
    key("manager.baixa_ate", Kind::Text, r#""07:00""#),
    key("manager.comercial", Kind::Bool, "false"),
    key("manager.key", Kind::Secret, r#""file:/etc/atom/manager.key""#),
    key("manager.password", Kind::Secret, r#""env:MANAGER_SENHA""#),
    key("manager.passphrase", Kind::Secret, r#""file:/etc/atom/manager.frase""#),
    key("manager.ca", Kind::Text, r#""/etc/atom/ca.pem""#),
    key("manager.known_hosts", Kind::Text, r#""known_hosts""#),
    key("manager.allow_cleartext", Kind::Bool, "false"),
    key("contato.bloqueados", Kind::Text, r#""bloqueados.txt""#),
    key("omne.url", Kind::Text, r#""http://127.0.0.1:9000""#),
    key("omne.token", Kind::Secret, r#""env:OMNE_TOKEN""#),
    key("omne.header", Kind::Text, r#""Authorization""#),
    key("omne.ca", Kind::Text, r#""/etc/atom/ca.pem""#),
    key("omne.rate_per_second", Kind::Integer, "5"),
    key("omne.timeout_seconds", Kind::Integer, "30"),
    key("omne.max_retries", Kind::Integer, "5"),
    key("omne.daily_cap", Kind::Integer, "0"),
    key("omne.validade_horas", Kind::Integer, "72"),
    key("omne.tick_seconds", Kind::Integer, "45"),
    key("omne.janela.seg_sex", Kind::Text, r#""08:00-20:00""#),
    key("omne.janela.sab", Kind::Text, r#""08:00-14:00""#),
    key("omne.janela.feriados", Kind::Bool, "false"),
    key("omne.jornada1.template_id", Kind::Integer, "101"),
    key("omne.jornada1.open_attendance", Kind::Bool, "false"),
    key("omne.jornada1.force_close", Kind::Bool, "false"),
    key("omne.jornada2.template_id", Kind::Integer, "102"),
    key("omne.jornada2.open_attendance", Kind::Bool, "false"),
    key("omne.jornada2.force_close", Kind::Bool, "false"),
    key("dia.corte", Kind::Text, r#""12:00""#),
    key("dia.prazo", Kind::Text, r#""06:00""#),
    key("dia.obrigatorios", Kind::List, r#"["remessa", "parcelas", "garantias", "baixa", "batimento"]"#),
    key("bloqueio.dias", Kind::Integer, "3"),
    key("bloqueio.contagem", Kind::Text, r#""uteis""#),
    key("calendario.feriados", Kind::List, r#"["2026-01-25"]"#),
    key("calendario.uteis", Kind::List, r#"["2026-11-20"]"#),
    key("batimento.max_baixas", Kind::Number, "0.30"),
    key("import.max_rejeitos", Kind::Number, "0.10"),
    key("retencao.fichas_dias", Kind::Integer, "0"),
    key("retencao.contatos_dias", Kind::Integer, "0"),
    key("retencao.arquivos_dias", Kind::Integer, "0"),
    key("retencao.backups_dias", Kind::Integer, "0"),
    key("retencao.desfaz_dias", Kind::Integer, "0"),
    key("retencao.auditoria_dias", Kind::Integer, "0"),
    key("serve.listen", Kind::Text, r#""127.0.0.1:8080""#),
    key("serve.reads_per_minute", Kind::Integer, "600"),
    key("serve.behind_proxy", Kind::Text, r#""nginx""#),
    key("serve.webhook_secret", Kind::Secret, r#""file:/etc/atom/webhook.segredo""#),
];

/// The key `path`, if there is one.
pub(super) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|k| k.path == path)
}

/// Whether `path` is a section: the beginning of a key.
pub(super) fn is_section(path: &str) -> bool {
    sections().any(|s| s == path)
}

fn sections() -> impl Iterator<Item = &'static str> {
    KEYS.iter().flat_map(|k| k.path.match_indices('.').map(|(dot, _)| &k.path[..dot]))
}

/// A line that sets `path`, for a message: `ascob = "528" na seção [campanha]`.
pub(super) fn example(path: &str) -> String {
    let value = find(path).map_or("…", |k| k.example);
    match path.rsplit_once('.') {
        Some((section, name)) => format!("{name} = {value} na seção [{section}]"),
        None => format!("{path} = {value} no início do arquivo"),
    }
}

/// The key or section nearest to `path`; a key of the same name in another section wins.
pub(super) fn nearest(path: &str) -> &'static str {
    let last = |p: &str| p.rsplit('.').next().unwrap_or_default().to_owned();
    let likeness = |known: &str| {
        let named = if last(known) == last(path) { 1.0 } else { 0.0 };
        strsim::jaro_winkler(known, path).max(named)
    };
    let best = |a: &'static str, b: &'static str| if likeness(b) > likeness(a) { b } else { a };
    KEYS.iter().map(|k| k.path).chain(sections()).reduce(best).unwrap_or_default()
}

/// The variable that sets `path`: `ATOM_IMPORT__MAX_REJEITOS`.
pub(super) fn variable(path: &str) -> String {
    format!("{PREFIX}{}", path.replace('.', "__").to_ascii_uppercase())
}

/// The path that a variable would set; `None` for names that are not keys by design.
pub(super) fn path_of(variable: &str) -> Option<String> {
    let name = variable.strip_prefix(PREFIX)?;
    let reserved = matches!(name, "CONFIG" | "NOW") || name.starts_with("TEST_");
    (!reserved).then(|| name.replace("__", ".").to_ascii_lowercase())
}

/// Whether the unknown path of a variable was meant to be a key: it has levels, begins like a
/// section or a key, or nearly is one.
pub(super) fn looks_like_a_key(path: &str) -> bool {
    let first = path.split(['.', '_']).next().unwrap_or_default();
    let near = |k: &Key| strsim::normalized_levenshtein(k.path, path) >= 0.8;
    path.contains('.') || is_section(first) || find(first).is_some() || KEYS.iter().any(near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_key_is_the_one_meant() {
        for (wrong, meant) in [
            ("import.max_rejeito", "import.max_rejeitos"),
            ("evo.settle", "evo.settle_seconds"),
            ("evo.data", "data"),
            ("campanha.corte", "dia.corte"),
            ("imprt", "import"),
            ("layout", "layouts"),
            ("omne.jornada3", "omne.jornada1"),
            ("campanha.acob", "campanha.ascob"),
            ("omne.janela.domingo", "omne.janela"),
        ] {
            assert_eq!(nearest(wrong), meant, "{wrong}");
        }
    }

    #[test]
    fn variables_and_paths_go_both_ways() {
        for key in KEYS {
            assert_eq!(path_of(&variable(key.path)).as_deref(), Some(key.path));
        }
        assert_eq!(variable("import.max_rejeitos"), "ATOM_IMPORT__MAX_REJEITOS");
        for reserved in ["ATOM_CONFIG", "ATOM_NOW", "ATOM_TEST_KEEP", "HOME"] {
            assert_eq!(path_of(reserved), None);
        }
    }

    #[test]
    fn only_names_like_keys_are_taken_for_keys() {
        for like in ["ATOM_IMPORT_MAX_REJEITOS", "ATOM_LAYOUT", "ATOM_DATA_DIR", "ATOM_X__Y", "ATOM_STORE"] {
            assert!(looks_like_a_key(&path_of(like).unwrap()), "{like}");
        }
        for other in ["ATOM_HOME", "ATOM_BIN", "ATOM_LOG"] {
            assert!(!looks_like_a_key(&path_of(other).unwrap()), "{other}");
        }
    }
}
