//! From the flat map to the typed [`Config`]: defaults, ranges, sentences.

use super::doc::{Doc, Valor, quoted};
use super::read::{Bad, Reader, filled, hour};
use super::*;

const fn at(hour: u32) -> NaiveTime {
    match NaiveTime::from_hms_opt(hour, 0, 0) {
        Some(time) => time,
        None => NaiveTime::MIN,
    }
}

/// Reads `HH:MM-HH:MM`; blank means closed.
fn faixa(text: &str) -> Result<Option<Faixa>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let wrong = || format!("{} não é uma faixa de horas como 08:00-20:00", quoted(text));
    let (from, to) = text.split_once('-').ok_or_else(wrong)?;
    let inicio = hour(from.trim()).map_err(|_| wrong())?;
    let fim = match to.trim() {
        "24:00" => FIM_DO_DIA,
        to => hour(to).map_err(|_| wrong())?,
    };
    if inicio < fim { Ok(Some(Faixa { inicio, fim })) } else { Err(wrong()) }
}

fn store_dir(text: &str, base: &Path) -> Result<PathBuf, String> {
    let wrong = "só há sqlite: por enquanto; exemplo: url = \"sqlite:store\" (uma pasta)";
    let path = text.strip_prefix("sqlite:").ok_or(wrong)?;
    let path = path.strip_prefix("//").unwrap_or(path).trim();
    if path.is_empty() { Err(wrong.into()) } else { Ok(base.join(path)) }
}

fn ascob(text: &str) -> Result<String, String> {
    let plain = text.len() <= 20 && text.chars().all(|c| c.is_ascii_alphanumeric());
    if text.is_empty() || !plain {
        return Err(format!("{} não é um ID_ASCOB: só letras e dígitos, até 20", quoted(text)));
    }
    Ok(text.to_owned())
}

/// An http(s) address without user or password, and without `/` at its end.
fn http_url(text: &str) -> Result<String, String> {
    let text = text.trim().trim_end_matches('/');
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let rest = rest.ok_or("esperada uma url http:// ou https://")?;
    if rest.contains('@') {
        return Err("há usuário ou senha na url; segredos só como env:NOME ou file:CAMINHO".into());
    }
    if rest.is_empty() || rest.starts_with(['/', ':']) || rest.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("o servidor na url está vazio ou é inválido".into());
    }
    Ok(text.to_owned())
}

fn known_kind(text: &str) -> Result<String, String> {
    if KINDS.contains(&text) {
        return Ok(text.to_owned());
    }
    Err(format!("{} não é um tipo de arquivo; há {}", quoted(text), KINDS.join(", ")))
}

/// Builds the whole.
pub(super) fn build(doc: &mut Doc, env: &Env) -> Result<Config, ConfigError> {
    let base = doc.base.as_path();
    let r = Reader { doc, base, env };
    let config = Config {
        file: doc.file.clone(),
        layouts: r.path("layouts")?.unwrap_or_else(|| base.join("layouts")),
        data: r.path("data")?.unwrap_or_else(|| base.join("data")),
        tabulacoes: r.path("tabulacoes")?,
        store_dir: r.text("store.url", |s| store_dir(s, base))?.unwrap_or_else(|| base.join("store")),
        campanha: campanha(&r)?,
        evo: evo(&r)?,
        manager: manager(&r)?,
        contato: Contato { bloqueados: r.path("contato.bloqueados")? },
        omne: if doc.has_section("omne") { Some(omne(&r)?) } else { None },
        dia: dia(&r)?,
        bloqueio: bloqueio(&r)?,
        calendario: Feriados { feriados: r.dates("calendario.feriados")?, uteis: r.dates("calendario.uteis")? },
        batimento: Batimento { max_baixas: r.fraction("batimento.max_baixas", 0.30)? },
        import: Import { max_rejeitos: r.fraction("import.max_rejeitos", 0.10)? },
        retencao: retencao(&r)?,
        serve: serve(&r)?,
        ping: ping(&r)?,
    };
    let named: Vec<&str> = config.secrets().filter_map(|(_, s)| s.env_name()).collect();
    match doc.stranger(&named) {
        Some(fault) => Err(fault),
        None => Ok(config),
    }
}

fn campanha(r: &Reader<'_>) -> Result<Campanha, ConfigError> {
    let id = r.require("campanha.id", r.whole("campanha.id", 1)?)?;
    let ascob = r.require("campanha.ascob", r.text("campanha.ascob", ascob)?)?;
    Ok(Campanha {
        id,
        nome: r.text("campanha.nome", filled)?.unwrap_or_else(|| format!("Campanha {id}")),
        carteira: r.text("campanha.carteira", filled)?.unwrap_or_else(|| "VEIC".into()),
        ascob,
    })
}

fn acesso(r: &Reader<'_>, section: &str) -> Result<Acesso, ConfigError> {
    let key = |name: &str| format!("{section}.{name}");
    Ok(Acesso {
        key: r.secret(&key("key"))?,
        passphrase: r.secret(&key("passphrase"))?,
        password: r.secret(&key("password"))?,
        known_hosts: r.path(&key("known_hosts"))?.unwrap_or_else(|| r.base.join("known_hosts")),
        ca: r.path(&key("ca"))?,
        allow_cleartext: r.flag(&key("allow_cleartext"))?,
    })
}

/// A url; one in clear text only where that is allowed: the files carry CPFs.
fn url(r: &Reader<'_>, key: &str, acesso: &Acesso) -> Result<Option<RemoteUrl>, ConfigError> {
    r.text(key, |s| match RemoteUrl::parse(s)? {
        RemoteUrl::Ftp { .. } if !acesso.allow_cleartext => {
            Err("ftp:// leva a senha e os CPFs dos arquivos em claro; \
             use sftp:// ou ftps://, ou aceite o risco com allow_cleartext = true na mesma seção"
                .into())
        }
        url => Ok(url),
    })
}

fn evo(r: &Reader<'_>) -> Result<Evo, ConfigError> {
    let after = r.text("evo.after", |s| {
        After::parse(s).ok_or_else(|| format!("{} não serve; há keep, move e delete", quoted(s)))
    })?;
    let acesso = acesso(r, "evo")?;
    Ok(Evo {
        url: r.require("evo.url", url(r, "evo.url", &acesso)?)?,
        errors: url(r, "evo.errors", &acesso)?,
        after: after.unwrap_or_default(),
        settle_seconds: r.integer("evo.settle_seconds", 60, 0)?,
        max_seconds: r.integer("evo.max_seconds", 600, 1)?,
        idle_seconds: r.integer("evo.idle_seconds", 60, 1)?,
        max_megabytes: r.integer("evo.max_megabytes", 4096, 1)?,
        acesso,
    })
}

fn manager(r: &Reader<'_>) -> Result<Manager, ConfigError> {
    let acesso = acesso(r, "manager")?;
    Ok(Manager {
        url: r.require("manager.url", url(r, "manager.url", &acesso)?)?,
        retornos: url(r, "manager.retornos", &acesso)?,
        incremental_minutes: r.integer("manager.incremental_minutes", 15, 0)?,
        baixa_ate: r.hour("manager.baixa_ate", at(7))?,
        comercial: r.flag("manager.comercial")?,
        acesso,
    })
}

fn omne(r: &Reader<'_>) -> Result<Omne, ConfigError> {
    let token = match r.secret("omne.token")? {
        Some(token) => token,
        None => Secret::parse("env:OMNE_TOKEN", r.base, r.env)
            .map_err(|why| ConfigError::Secret { name: "omne.token".into(), why })?,
    };
    let open = |from, to| Some(Faixa { inicio: at(from), fim: at(to) });
    let (jornada1, jornada2) = (jornada(r, "omne.jornada1", 101)?, jornada(r, "omne.jornada2", 102)?);
    outro_template(r, jornada1.template_id, jornada2.template_id)?;
    Ok(Omne {
        url: r.text("omne.url", http_url)?.unwrap_or_else(|| "http://127.0.0.1:9000".into()),
        token,
        header: r.text("omne.header", header)?.unwrap_or_else(|| "Authorization".into()),
        ca: r.path("omne.ca")?,
        rate_per_second: r.integer("omne.rate_per_second", 5, 1)?,
        timeout_seconds: r.integer("omne.timeout_seconds", 30, 1)?,
        max_retries: r.integer("omne.max_retries", 5, 1)?,
        daily_cap: r.integer("omne.daily_cap", 0, 0)?,
        validade_horas: r.integer("omne.validade_horas", 72, 1)?,
        tick_seconds: r.integer("omne.tick_seconds", 45, 1)?,
        janela: Janela {
            seg_sex: r.text("omne.janela.seg_sex", faixa)?.unwrap_or_else(|| open(8, 20)),
            sab: r.text("omne.janela.sab", faixa)?.unwrap_or_else(|| open(8, 14)),
            feriados: r.flag("omne.janela.feriados")?,
        },
        jornada1,
        jornada2,
    })
}

/// Each journey has a template of its own (HS12): OMNE's webhook tells them apart by nothing else.
fn outro_template(r: &Reader<'_>, one: i64, two: i64) -> Result<(), ConfigError> {
    let same = |_: &Valor| match one == two {
        true => Err(Bad::Why(format!("{two} é o template das duas jornadas; cada uma tem o seu"))),
        false => Ok(()),
    };
    // whichever was written, the other may stand by default
    for key in ["omne.jornada2.template_id", "omne.jornada1.template_id"] {
        r.get(key, same)?;
    }
    Ok(())
}

fn jornada(r: &Reader<'_>, section: &str, template_id: i64) -> Result<Jornada, ConfigError> {
    let key = |name: &str| format!("{section}.{name}");
    Ok(Jornada {
        template_id: r.integer(&key("template_id"), template_id, 1)?,
        open_attendance: r.flag(&key("open_attendance"))?,
        force_close: r.flag(&key("force_close"))?,
    })
}

/// The name of an HTTP header.
fn header(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if text.is_empty() || !text.chars().all(plain) {
        return Err(format!("{} não é o nome de um cabeçalho HTTP", quoted(text)));
    }
    Ok(text.to_owned())
}

fn dia(r: &Reader<'_>) -> Result<Dia, ConfigError> {
    let obrigatorios = r.list("dia.obrigatorios", known_kind)?.map(|listed| {
        let mut once: Vec<String> = Vec::new();
        for kind in listed {
            if !once.contains(&kind) {
                once.push(kind);
            }
        }
        once
    });
    Ok(Dia {
        corte: r.hour("dia.corte", at(12))?,
        prazo: r.hour("dia.prazo", at(6))?,
        obrigatorios: obrigatorios.unwrap_or_else(|| OBRIGATORIOS.map(str::to_owned).to_vec()),
    })
}

fn bloqueio(r: &Reader<'_>) -> Result<Bloqueio, ConfigError> {
    let contagem = r.text("bloqueio.contagem", |s| {
        Contagem::parse(s).ok_or_else(|| format!("{} não serve; há uteis e corridos", quoted(s)))
    })?;
    let dias = r.get("bloqueio.dias", |value| match value {
        Valor::Integer(i) => match u32::try_from(*i) {
            Ok(dias) if dias <= 3650 => Ok(dias),
            _ => Err(Bad::Why(format!("{i} está fora de 0 a 3650 dias"))),
        },
        _ => Err(Bad::Type),
    })?;
    Ok(Bloqueio { dias: dias.unwrap_or(3), contagem: contagem.unwrap_or_default() })
}

fn retencao(r: &Reader<'_>) -> Result<Retencao, ConfigError> {
    let days = |key: &str| r.integer(key, 0, 0);
    Ok(Retencao {
        fichas_dias: days("retencao.fichas_dias")?,
        contatos_dias: days("retencao.contatos_dias")?,
        arquivos_dias: days("retencao.arquivos_dias")?,
        backups_dias: days("retencao.backups_dias")?,
        desfaz_dias: days("retencao.desfaz_dias")?,
        auditoria_dias: days("retencao.auditoria_dias")?,
    })
}

fn serve(r: &Reader<'_>) -> Result<Serve, ConfigError> {
    let behind_proxy = r.text("serve.behind_proxy", filled)?;
    let listen = r.text("serve.listen", |s| {
        let address = s.parse::<SocketAddr>().map_err(|_| format!("{} não é endereço:porta", quoted(s)))?;
        if address.ip().is_loopback() || behind_proxy.is_some() {
            return Ok(address);
        }
        Err("fora de 127.0.0.1 só atrás de um proxy que faça o TLS; diga qual em serve.behind_proxy".into())
    })?;
    Ok(Serve {
        listen: listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080))),
        reads_per_minute: r.integer("serve.reads_per_minute", 600, 0)?,
        behind_proxy,
        webhook_secret: r.secret("serve.webhook_secret")?,
    })
}

/// `[ping]`; without a url nothing is called.
fn ping(r: &Reader<'_>) -> Result<Option<Ping>, ConfigError> {
    let url = r.text("ping.url", |s| match http_url(s)? {
        url if url.contains(['?', '#']) => Err("a url vai sem ? e sem #: no fim dela entram /start e o código".into()),
        url => Ok(url),
    })?;
    let ca = r.path("ping.ca")?;
    let seconds = r.get("ping.timeout_seconds", |value| match value {
        Valor::Integer(i) if (1..=10).contains(i) => Ok(i.unsigned_abs()),
        Valor::Integer(i) => Err(Bad::Why(format!("{i} está fora de 1 a 10: a execução espera por isto"))),
        _ => Err(Bad::Type),
    })?;
    Ok(url.map(|url| Ping { url, ca, timeout_seconds: seconds.unwrap_or(3) }))
}
