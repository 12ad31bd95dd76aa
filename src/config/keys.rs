//! Every key of `atom.toml`: its type, and an example for messages.

use super::doc::Valor;
use super::env::PREFIX;
use Kind::{Address, Bool, Integer, List, Number, Secret, Text};

/// What a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text, also dates, times, paths and urls.
    Text,
    /// Text that names a secret: what stands there is never shown.
    Secret,
    /// An address over http whose path nobody else should know.
    Address,
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
            Self::Text | Self::Address => "texto entre aspas",
            Self::Secret => "\"env:NOME\" ou \"file:CAMINHO\"",
            Self::Integer => "número inteiro",
            Self::Number => "número",
            Self::Bool => "true ou false",
            Self::List => "lista de textos entre colchetes",
        }
    }
}

/// What holds where a key is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absent {
    /// This value, as written in TOML.
    Default(&'static str),
    /// Nothing: what it is for is not done, or as its text says.
    Nothing,
    /// The configuration does not load.
    Wrong,
}

/// A key of the file.
#[derive(Debug)]
pub(super) struct Key {
    /// With its section: `import.max_rejeitos`.
    pub(super) path: &'static str,
    pub(super) kind: Kind,
    /// A value as written in TOML; the default where there is one that shows what a value looks like.
    pub(super) example: &'static str,
    pub(super) absent: Absent,
    /// What it is, for operators: one line of docs/configuracao.md.
    pub(super) what: &'static str,
}

impl Key {
    /// The example as a value.
    pub(super) fn sample(&self) -> Valor {
        Valor::written(self.example).unwrap_or(Valor::Other("um exemplo ilegível"))
    }
}

/// A key whose default is its example.
const fn has(path: &'static str, kind: Kind, default: &'static str, what: &'static str) -> Key {
    Key { path, kind, example: default, absent: Absent::Default(default), what }
}

/// A key that may be absent.
const fn may(path: &'static str, kind: Kind, example: &'static str, what: &'static str) -> Key {
    Key { path, kind, example, absent: Absent::Nothing, what }
}

/// A key that must be there.
const fn must(path: &'static str, kind: Kind, example: &'static str, what: &'static str) -> Key {
    Key { path, kind, example, absent: Absent::Wrong, what }
}

/// A list that is empty unless given.
const fn list(path: &'static str, kind: Kind, example: &'static str, what: &'static str) -> Key {
    Key { path, kind, example, absent: Absent::Default("[]"), what }
}

/// All keys, in the order of the contract: the one list, also of `atom config show` and docs/configuracao.md.
#[rustfmt::skip]
pub(super) const KEYS: &[Key] = &[
    has("layouts", Text, r#""layouts""#, "pasta de layouts próprios; sem ela valem os embutidos"),
    has("data", Text, r#""data""#, "pasta de `inbox/`, `archive/`, `rejects/`, `outbox/`"),
    may("tabulacoes", Text, r#""layouts/tabulacoes.csv""#, "árvore de tabulações; sem a chave vale a embutida"),
    has("store.url", Text, r#""sqlite:store""#, "pasta com `carteira.db` e `atendimento.db`"),
    must("campanha.id", Integer, "1", "idCampanha; uma campanha por store (R001)"),
    may("campanha.nome", Text, r#""Banco Exemplo – Veículos""#, "nome da campanha; sem a chave, `Campanha ID`"),
    has("campanha.carteira", Text, r#""VEIC""#, "nome da carteira"),
    must("campanha.ascob", Text, r#""528""#, "ID_ASCOB, como vem no nome dos arquivos; entre aspas, com os zeros"),
    must("evo.url", Text, r#""file:///srv/evo/processados""#, "de onde os arquivos são coletados: `file://`, `sftp://`, `ftps://`, `ftp://`"),
    may("evo.errors", Text, r#""file:///srv/evo/erros""#, "para onde voltam os arquivos de erros; sem a chave não voltam"),
    has("evo.after", Text, r#""keep""#, "o coletado, depois de registrado: `keep` (fica), `move`, `delete`"),
    has("evo.settle_seconds", Integer, "60", "tamanho e hora iguais em duas olhadas com este intervalo; 0: na primeira"),
    has("evo.max_seconds", Integer, "600", "limite de uma coleta, e de cada publicação"),
    has("evo.idle_seconds", Integer, "60", "sem um byte por este tempo, acaba a vez do servidor"),
    has("evo.max_megabytes", Integer, "4096", "arquivo maior não é coletado"),
    may("evo.key", Secret, r#""file:/etc/atom/evo.key""#, "chave privada (`chmod 600`); sem key nem password vale o ssh-agent"),
    may("evo.password", Secret, r#""env:EVO_SENHA""#, "senha; uma tentativa por execução"),
    may("evo.passphrase", Secret, r#""file:/etc/atom/evo.frase""#, "frase que abre a chave, se ela tem uma"),
    may("evo.ca", Text, r#""/etc/atom/ca.pem""#, "`ftps://`: autoridade própria; sem a chave valem as da máquina"),
    has("evo.known_hosts", Text, r#""known_hosts""#, "chaves dos servidores SFTP: `atom hostkey add`"),
    has("evo.allow_cleartext", Bool, "false", "aceita `ftp://`, em que a senha e os CPFs vão em claro"),
    must("manager.url", Text, r#""file:///srv/manager/entrada""#, "para onde vão carga, incremental e baixa"),
    may("manager.retornos", Text, r#""file:///srv/manager/saida""#, "de onde vêm os retornos de ligações"),
    has("manager.incremental_minutes", Integer, "15", "no máximo um incremental a cada tantos minutos, fora os de importação"),
    has("manager.baixa_ate", Text, r#""07:00""#, "até esta hora a baixa espera o batimento"),
    has("manager.comercial", Bool, "false", "disca também telefones comerciais"),
    may("manager.key", Secret, r#""file:/etc/atom/manager.key""#, "como em `[evo]`"),
    may("manager.password", Secret, r#""env:MANAGER_SENHA""#, "como em `[evo]`"),
    may("manager.passphrase", Secret, r#""file:/etc/atom/manager.frase""#, "como em `[evo]`"),
    may("manager.ca", Text, r#""/etc/atom/ca.pem""#, "como em `[evo]`"),
    has("manager.known_hosts", Text, r#""known_hosts""#, "como em `[evo]`"),
    has("manager.allow_cleartext", Bool, "false", "como em `[evo]`"),
    may("contato.bloqueados", Text, r#""bloqueados.txt""#, "um telefone por linha: nem discado, nem mensagem"),
    has("omne.url", Text, r#""http://127.0.0.1:9000""#, "endereço do OMNE; sem a seção `[omne]` nenhum HSM é enviado"),
    has("omne.token", Secret, r#""env:OMNE_TOKEN""#, "só é lido quando há o que enviar; o cron não herda o ambiente: use `file:`"),
    has("omne.header", Text, r#""Authorization""#, "cabeçalho do token: nele vai como `Bearer …`, em outro sozinho"),
    may("omne.ca", Text, r#""/etc/atom/ca.pem""#, "`https://`: autoridade própria; sem a chave valem as da máquina"),
    has("omne.rate_per_second", Integer, "5", "envios por segundo"),
    has("omne.timeout_seconds", Integer, "30", "por envio; passou disto, é INCERTA"),
    has("omne.max_retries", Integer, "5", "envios ao todo por mensagem"),
    has("omne.daily_cap", Integer, "0", "mensagens por dia; 0: sem limite"),
    has("omne.validade_horas", Integer, "72", "mais velha que isso, não se envia"),
    has("omne.tick_seconds", Integer, "45", "tempo de envio em cada `atom run`"),
    has("omne.janela.seg_sex", Text, r#""08:00-20:00""#, "quando se envia, na hora do DDD; vazio fecha; domingo nunca"),
    has("omne.janela.sab", Text, r#""08:00-14:00""#, "o mesmo aos sábados"),
    has("omne.janela.feriados", Bool, "false", "feriado vale como dia comum"),
    has("omne.jornada1.template_id", Integer, "101", "template da jornada no OMNE"),
    has("omne.jornada1.open_attendance", Bool, "false", "cada envio abre um atendimento"),
    has("omne.jornada1.force_close", Bool, "false", "encerra antes o atendimento aberto"),
    has("omne.jornada2.template_id", Integer, "102", "template da jornada no OMNE"),
    has("omne.jornada2.open_attendance", Bool, "false", "cada envio abre um atendimento"),
    has("omne.jornada2.force_close", Bool, "false", "encerra antes o atendimento aberto"),
    has("dia.corte", Text, r#""12:00""#, "nome de arquivo a partir desta hora: próximo dia útil"),
    has("dia.prazo", Text, r#""06:00""#, "depois disto, etapa obrigatória em aberto é aviso (saída 4) até o meio-dia"),
    has("dia.obrigatorios", List, r#"["remessa", "parcelas", "garantias", "baixa", "batimento"]"#, "etapas que todo dia útil pede"),
    has("bloqueio.dias", Integer, "3", "R020: alta no dia seguinte a estes"),
    has("bloqueio.contagem", Text, r#""uteis""#, "`uteis` (bancários) ou `corridos`"),
    list("calendario.feriados", List, r#"["2026-01-25"]"#, "mais feriados bancários, AAAA-MM-DD"),
    list("calendario.uteis", List, r#"["2026-11-20"]"#, "feriados do calendário que aqui são dias úteis"),
    has("batimento.max_baixas", Number, "0.30", "acima desta fração da base ativa o arquivo fica em quarentena"),
    has("import.max_rejeitos", Number, "0.10", "acima disto (e de 10 linhas) o arquivo é recusado inteiro"),
    has("retencao.fichas_dias", Integer, "0", "clientes, depois de fechado o último contrato; 0: para sempre"),
    has("retencao.contatos_dias", Integer, "0", "webhooks, ações massivas, ligações, mensagens; 0: para sempre"),
    has("retencao.arquivos_dias", Integer, "0", "`archive`, `rejects` e `outbox`, arquivos inteiros; 0: para sempre"),
    has("retencao.backups_dias", Integer, "0", "backups inteiros; 0: para sempre"),
    has("retencao.desfaz_dias", Integer, "0", "depois disso uma importação não se desfaz; 0: para sempre"),
    has("retencao.auditoria_dias", Integer, "0", "auditoria; 0: para sempre"),
    has("serve.listen", Text, r#""127.0.0.1:8080""#, "onde `atom serve` atende"),
    has("serve.reads_per_minute", Integer, "600", "leituras por minuto e token; 0: sem limite"),
    may("serve.behind_proxy", Text, r#""nginx""#, "quem faz o TLS; só então se pode ouvir fora de 127.0.0.1"),
    may("serve.webhook_secret", Secret, r#""file:/etc/atom/webhook.segredo""#, "abre `/webhook/omne/SEGREDO` a quem não manda cabeçalho"),
    may("ping.url", Address, r#""https://monitor.exemplo/ping/7c2e5d0a""#, "`atom run` chama isto com `/start` e depois com `/CÓDIGO` de saída: avisa quando o cron para"),
    may("ping.ca", Text, r#""/etc/atom/ca.pem""#, "`https://`: autoridade própria; sem a chave valem as da máquina"),
    has("ping.timeout_seconds", Integer, "3", "tempo de cada chamada, até 10; o que não responde não atrapalha a execução"),
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
