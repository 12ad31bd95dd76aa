//! `atom export manager` (R012, UC003).

use super::app::App;
use super::exit::{self, Usage, graver};
use super::import::relata;
use super::texto::{self, n};
use crate::domain::dia::br;
use crate::export::carga::Freio;
use crate::export::diferenca::{Diferenca, Item, MOSTRADAS, Sorte};
use crate::pipeline;
use crate::pipeline::manager::{self, Estado, Feito, PUBLICACAO, Quer, RESTAURACAO};
use crate::pipeline::publish::{Fim, Publicada};
use crate::store::dia;
use crate::store::lock::Which;
use crate::store::saida::Tipo;
use serde_json::{Value, json};

/// Build and publish files for other systems
#[derive(Debug, clap::Args)]
pub struct Cmd {
    #[command(subcommand)]
    target: Target,
}

#[derive(Debug, clap::Subcommand)]
enum Target {
    /// Dial files for Manager; without a flag, what is due; with --dry-run, what would change and why
    Manager(Manager),
}

#[derive(Debug, clap::Args)]
struct Manager {
    /// All dialable clients, once for the operating day
    #[arg(long, group = "kind")]
    carga: bool,
    /// Rows that differ from what was last sent
    #[arg(long, group = "kind")]
    incremental: bool,
    /// Clients that were sent and are not to be dialled any more
    #[arg(long, group = "kind")]
    baixa: bool,
    /// Let a carga pass that the brake refused: the exact number of its rows
    #[arg(long, value_name = "N", conflicts_with_all = ["incremental", "baixa"])]
    confirm: Option<u64>,
}

impl Manager {
    fn tipo(&self) -> Option<Tipo> {
        let flags = [(self.carga, Tipo::Carga), (self.incremental, Tipo::Incremental), (self.baixa, Tipo::Baixa)];
        flags.into_iter().find_map(|(set, tipo)| set.then_some(tipo))
    }
}

/// Runs it.
///
/// # Errors
/// Store, folders or lock failed.
pub fn run(cmd: &Cmd, app: &App) -> anyhow::Result<i64> {
    let Target::Manager(m) = &cmd.target;
    let store = app.store()?;
    if let (Some(date), Some(day)) = (app.global.date, dia::newest_with_remessa(&store.db)?)
        && date != day
    {
        return Err(Usage(format!("um arquivo para o Manager é do dia mais novo com remessa, {}", br(day))).into());
    }
    let Some(_held) = app.lock(Which::Carteira)? else { return Ok(exit::OK) };
    store.checkpoint()?;
    let ctx = app.contexto(&store, &|_, _, _| {});
    pipeline::recover(&ctx)?;
    let mut published = Vec::new();
    let done = manager::exporta(
        &ctx,
        Quer { tipo: m.tipo(), confirma: m.confirm, forca: app.opcoes.forcado.is_some() },
        &mut published,
    );
    let mut code = published.iter().fold(exit::OK, |code, p| graver(code, relata(app, p)));
    // what went out before an error is told all the same
    let mut done = match done {
        Ok(done) => done,
        Err(e) => {
            for f in anteriores(&published, &[]) {
                conta(app, &f);
            }
            return Err(e);
        }
    };
    for f in anteriores(&published, &done) {
        code = graver(code, conta(app, &f));
    }
    for f in &mut done {
        // finished by this command, built by an earlier one
        let now = |p: &Publicada| Some(p.saida.id) == f.saida.as_ref().map(|s| s.id) && publicada(p);
        if published.iter().any(now) {
            f.estado = Estado::Publicada;
        }
        aviso(app, f);
        code = graver(code, conta(app, f));
    }
    app.fecha(&store)?;
    Ok(code)
}

fn publicada(p: &Publicada) -> bool {
    matches!(p.fim, Fim::Publicada(_))
}

/// Files of earlier commands that were published and that `done` does not tell.
fn anteriores<'a>(published: &'a [Publicada], done: &'a [Feito]) -> impl Iterator<Item = Feito> + 'a {
    let told = |id| done.iter().any(|f| f.saida.as_ref().is_some_and(|s| s.id == id));
    published.iter().filter(move |p| publicada(p) && p.saida.tipo.manager() && !told(p.saida.id)).map(|p| Feito {
        tipo: p.saida.tipo,
        saida: Some(p.saida.clone()),
        linhas: p.saida.linhas,
        estado: Estado::Publicada,
        substituidos: 0,
        diferenca: None,
    })
}

/// Warns of characters that the code page lacks (EX11).
pub fn aviso(app: &App, f: &Feito) {
    if f.substituidos > 0 {
        let count = n(f.substituidos.cast_signed());
        app.say(&format!("aviso: {count} caractere(s) sem equivalente em Windows-1252 viraram `?`"));
    }
}

/// Tells how one kind of file stands, as a line of JSON or in words; returns its exit code.
pub fn conta(app: &App, f: &Feito) -> i64 {
    app.out(&if app.global.json { objeto(f).to_string() } else { frase(app, f) });
    match f.estado {
        Estado::Aguarda(_) => exit::WAITING,
        Estado::Recusada(_) => exit::REFUSED,
        _ => exit::OK,
    }
}

/// The step after a refusal.
pub fn confirma(linhas: i64) -> String {
    format!("atom export manager --carga --confirm {linhas}")
}

fn estado(e: &Estado) -> &'static str {
    match e {
        Estado::Publicada => "published",
        Estado::Gerada => "built",
        Estado::Nada => "nothing",
        Estado::Aguarda(_) => "waiting",
        Estado::Recusada(_) => "refused",
    }
}

fn objeto(f: &Feito) -> Value {
    let file = f.saida.as_ref().map(|s| &s.nome);
    let mut v = json!({"kind": f.tipo.as_str(), "file": file, "rows": f.linhas, "state": estado(&f.estado)});
    match &f.estado {
        Estado::Aguarda(what) => v["waiting_for"] = json!(what),
        Estado::Recusada(r) => {
            v["reason"] = json!({"code": "FREIO", "message": r.mensagem(), "last": r.ultima, "baixas": r.baixas});
        }
        _ => {}
    }
    if f.substituidos > 0 {
        v["replaced"] = json!(f.substituidos);
    }
    if let Some(d) = &f.diferenca {
        v["dry_run"] = json!(true);
        v["diff"] = json!({"added": d.entram, "changed": d.mudam, "unchanged": d.iguais, "removed": d.saem});
        let item =
            |i: &Item| json!({"what": sorte(i.sorte).0, "idCrm": i.ficha, "contrato": i.contrato, "why": i.porque});
        v["fichas"] = json!(d.itens.iter().map(item).collect::<Vec<_>>());
    }
    v
}

/// A sort of change: its JSON word and its sign.
const fn sorte(s: Sorte) -> (&'static str, char) {
    match s {
        Sorte::Entra => ("added", '+'),
        Sorte::Muda => ("changed", '~'),
        Sorte::Sai => ("removed", '-'),
    }
}

fn frase(app: &App, f: &Feito) -> String {
    let kind = f.tipo.as_str();
    let rows = texto::conta(f.linhas, "ficha", "fichas");
    let file = f.saida.as_ref().map_or("", |s| s.nome.as_str());
    match (&f.estado, &f.saida) {
        (Estado::Publicada, _) => format!("{kind} publicada: {file} ({rows})"),
        (Estado::Gerada, None) if app.opcoes.dry_run => {
            format!("{kind} simulada, nada gravado: {rows}{}", f.diferenca.as_ref().map(folha).unwrap_or_default())
        }
        (Estado::Gerada, _) => format!("{kind} gerada, ainda não publicada: {file} ({rows})"),
        (Estado::Nada, Some(s)) => {
            let day = s.data_operacao.map(br).unwrap_or_default();
            format!("{kind} de {day} já feita: {file} ({rows})")
        }
        (Estado::Nada, None) => format!("{kind}: nada a enviar"),
        (Estado::Aguarda(what), _) => format!("a {kind} aguarda {}. O dia: atom day", espera(what)),
        (Estado::Recusada(r), _) => recusa(r) + &f.diferenca.as_ref().map(folha).unwrap_or_default(),
    }
}

/// What a file waits for, in words.
pub fn espera(what: &[&str]) -> String {
    let words = what.iter().map(|w| match *w {
        PUBLICACAO => "a publicação do arquivo anterior",
        RESTAURACAO => "a conciliação do store restaurado (atom restore --reconciled)",
        other => other,
    });
    words.collect::<Vec<_>>().join(", ")
}

fn recusa(r: &Freio) -> String {
    format!(
        "carga RECUSADA, nada enviado: {} [FREIO]\n\
         Se a base encolheu de verdade: {}\n\
         Se não: quem sai, e por que execução: atom export manager --carga --dry-run. Desfeita a que errou\n\
         \u{20}  (atom undo EXECUÇÃO) ou corrigidos os arquivos do dia, a carga sai sozinha.",
        r.mensagem(),
        confirma(r.linhas)
    )
}

fn folha(d: &Diferenca) -> String {
    let mut out = format!(
        "\n\n  diante do que o Manager tem: entram {}, mudam {}, saem {}, iguais {}",
        n(d.entram.cast_signed()),
        n(d.mudam.cast_signed()),
        n(d.saem.cast_signed()),
        n(d.iguais.cast_signed())
    );
    for i in &d.itens {
        out.push_str(&format!("\n  {} ficha {}  contrato {}  {}", sorte(i.sorte).1, i.ficha, i.contrato, i.porque));
    }
    let shown = |count: u64| count.min(MOSTRADAS as u64);
    let more = d.entram + d.mudam + d.saem - shown(d.entram) - shown(d.mudam) - shown(d.saem);
    if more > 0 {
        out.push_str(&format!("\n  … e mais {}", n(more.cast_signed())));
    }
    out
}
