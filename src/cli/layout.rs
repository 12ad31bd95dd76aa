//! `atom layout`: the layouts, and a file checked against one of them alone. No store is opened.

mod check;
mod linha;

use super::apoio::{LARGURA, quebra, tabela};
use super::app::App;
use super::exit::{self, Usage};
use super::texto::n;
use crate::layout::regua::mascara;
use crate::layout::{Field, Format, Layout, OnError, Part, Record, Type, load};
use anyhow::Context as _;
use serde_json::{Value, json};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

/// The layouts of the files; diagnose a broken line with a ruler
#[derive(Debug, clap::Args)]
pub struct Cmd {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Every layout: kind, format, records (the default)
    List,
    /// The fields of one layout, and the file names it serves
    Show {
        /// Name of the layout, as `list` writes it
        name: String,
    },
    /// Copy a built-in layout into the folder that `layouts` names, to be changed there; what stands there stays
    Copy {
        /// Name of the layout, as `list` writes it
        name: String,
    },
    /// Check every line of a file by its layout alone: 0 clean, 3 lines would be rejected, 6 it would be refused
    Check {
        /// The file
        file: PathBuf,
        /// Show this line field by field
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        line: Option<u32>,
        /// Layout to check by [default: that of the file's name]
        #[arg(long, value_name = "NAME")]
        layout: Option<String>,
    },
}

/// Runs it.
///
/// # Errors
/// Exit 2: there is no such layout or file; 1: the file cannot be read.
pub fn run(cmd: &Cmd, app: &App) -> anyhow::Result<i64> {
    match &cmd.what {
        None | Some(What::List) => {
            lista(app);
            Ok(exit::OK)
        }
        Some(What::Show { name }) => mostra(app, chamado(app, name)?),
        Some(What::Copy { name }) => copia(app, &chamado(app, name)?.name),
        Some(What::Check { file, line, layout }) => {
            let named = layout.as_deref().map(|l| chamado(app, l)).transpose()?;
            check::run(app, file, named, *line)
        }
    }
}

/// The layout with this name.
fn chamado<'a>(app: &'a App, name: &str) -> anyhow::Result<&'a Layout> {
    if let Some(l) = app.layouts.get(name) {
        return Ok(l);
    }
    let nearest = app.layouts.iter().map(|l| (strsim::osa_distance(&l.name, name), &l.name)).min();
    let hint = nearest.map(|(_, l)| format!("; o mais parecido é {l}")).unwrap_or_default();
    Err(Usage(format!("não há layout {}{hint} (atom layout list)", mascara::texto(name))).into())
}

/// How a format is called in layout files.
const fn formato(f: Format) -> &'static str {
    match f {
        Format::Fixed => "fixed",
        Format::Delimited => "delimited",
        Format::Sheet => "sheet",
    }
}

fn lista(app: &App) {
    if app.global.json {
        for l in app.layouts.iter() {
            let records = l.records.iter().map(registro_json).collect::<Vec<_>>();
            let line = json!({"name": l.name, "kind": l.kind, "format": formato(l.format), "files": arquivos(l),
                              "records": records});
            app.out(&line.to_string());
        }
        return;
    }
    let rows = app.layouts.iter().map(|l| {
        let records: Vec<String> = l.records.iter().map(registro).collect();
        vec![l.name.clone(), l.kind.clone(), formato(l.format).into(), records.join("\n")]
    });
    app.out(&tabela(&["layout", "tipo", "formato", "registros"], &[], rows.collect()));
    app.say("\nOs campos de um: atom layout show NOME. Conferir um arquivo: atom layout check ARQUIVO");
}

/// What the bank changed is changed in a copy, which then stands for the built-in layout.
fn copia(app: &App, name: &str) -> anyhow::Result<i64> {
    let path = app.config.layouts.join(format!("{name}.toml"));
    let text = load::texto(name).filter(|_| !path.exists());
    let Some(text) = text else {
        return Err(Usage(format!("{}: já existe; fica como está", path.display())).into());
    };
    let write = || -> std::io::Result<()> {
        std::fs::create_dir_all(&app.config.layouts)?;
        let mut f = OpenOptions::new().write(true).create_new(true).open(&path)?;
        f.write_all(text.as_bytes())?;
        f.sync_all()
    };
    write().with_context(|| path.display().to_string())?;
    app.out(&format!("{}: cópia do layout embutido; daqui em diante vale esta", path.display()));
    app.say("Ajuste-a e confira: atom layout check ARQUIVO");
    Ok(exit::OK)
}

/// The patterns of the file names.
fn arquivos(l: &Layout) -> Vec<String> {
    l.files.iter().map(ToString::to_string).collect()
}

fn registro(r: &Record) -> String {
    let fields = format!("{} campos", r.fields.len());
    match (&r.when, r.width) {
        (_, 0) => fields,
        (None, w) => format!("{fields}, {} colunas", n(i64::try_from(w).unwrap_or(0))),
        (Some(t), w) => format!("{t} {}: {fields}, {} colunas", r.name, n(i64::try_from(w).unwrap_or(0))),
    }
}

fn registro_json(r: &Record) -> Value {
    json!({"name": r.name, "when": r.when, "fields": r.fields.len(), "width": (r.width > 0).then_some(r.width)})
}

fn mostra(app: &App, l: &Layout) -> anyhow::Result<i64> {
    if app.global.json {
        let records = l.records.iter().map(|r| {
            let fields: Vec<Value> = r.fields.iter().enumerate().map(|(i, f)| campo_json(i, f)).collect();
            json!({"name": r.name, "when": r.when, "width": (r.width > 0).then_some(r.width), "one_of": um_de(r),
                   "fields": fields})
        });
        let records: Vec<Value> = records.collect();
        app.out(&json!({"name": l.name, "kind": l.kind, "format": formato(l.format), "files": arquivos(l), "records": records}).to_string());
        return Ok(exit::OK);
    }
    let mut out = format!("{} · {} · {}\n", l.name, l.kind, formato(l.format));
    l.files.iter().for_each(|f| out.push_str(&format!("  {f}\n")));
    for r in &l.records {
        out.push_str(&format!("\n{}\n\n", registro(r)));
        let fixed = l.format == Format::Fixed;
        let header = [
            "n",
            if fixed { "colunas" } else { "cabeçalho" },
            "campo",
            "tipo",
            "obr.",
            "se ruim",
            "de",
            "pes.",
            "rótulo",
        ];
        let rows = r.fields.iter().enumerate().map(|(i, f)| linha_de(i, f, fixed));
        out.push_str(&tabela(&header, &[0], rows.collect()));
        out.push('\n');
        if !r.one_of.is_empty() {
            for line in quebra(&format!("No cabeçalho, ao menos uma de: {}", um_de(r).join(", ")), LARGURA) {
                out.push_str(&format!("{line}\n"));
            }
        }
    }
    app.out(out.trim_end());
    Ok(exit::OK)
}

/// The columns of which a header has at least one.
fn um_de(r: &Record) -> Vec<&str> {
    r.one_of.iter().filter_map(|i| Some(r.fields.get(*i)?.header.as_str())).collect()
}

fn linha_de(i: usize, f: &Field, fixed: bool) -> Vec<String> {
    let yes = |b: bool| if b { "sim" } else { "" }.to_owned();
    let bank = f.codigo.map(|c| format!("nº {c} do banco"));
    let label: Vec<String> = f.label.clone().into_iter().chain(bank).collect();
    vec![
        (i + 1).to_string(),
        if fixed { colunas(f) } else { f.header.clone() },
        f.name.clone(),
        tipo(&f.ty),
        yes(f.required),
        if f.on_error == OnError::Reject { "rejeita" } else { "descarta" }.into(),
        f.of.map_or("", parte).into(),
        yes(f.personal),
        label.join(", "),
    ]
}

fn campo_json(i: usize, f: &Field) -> Value {
    json!({
        "n": i + 1, "columns": colunas_json(f), "name": f.name, "header": f.header, "type": tipo(&f.ty),
        "required": f.required, "on_error": if f.on_error == OnError::Reject { "reject" } else { "null" },
        "of": f.of.map(parte), "personal": f.personal, "label": f.label, "codigo": f.codigo, "values": f.values,
    })
}

/// Columns of a fixed field, from 1: `3603–3610`; nothing for a cell.
fn colunas(f: &Field) -> String {
    match f.at.len() {
        0 => String::new(),
        1 => f.at.end.to_string(),
        _ => format!("{}–{}", f.at.start + 1, f.at.end),
    }
}

fn colunas_json(f: &Field) -> Option<[usize; 2]> {
    (!f.at.is_empty()).then(|| [f.at.start + 1, f.at.end])
}

/// A type as layout files write it.
fn tipo(ty: &Type) -> String {
    match ty {
        Type::Text => "text".into(),
        Type::Contrato => "contrato".into(),
        Type::Code => "code".into(),
        Type::Int => "int".into(),
        Type::Decimal { scale } => format!("decimal({scale})"),
        Type::Percent { scale } => format!("percent({scale})"),
        Type::Date { format } => format!("date {}", format.as_str()),
        Type::DateTime => "datetime".into(),
        Type::Year => "year".into(),
        Type::Flag => "flag".into(),
        Type::Document => "document".into(),
        Type::Phone => "phone".into(),
    }
}

const fn parte(p: Part) -> &'static str {
    match p {
        Part::Ficha => "ficha",
        Part::Contrato => "contrato",
        Part::Divida => "divida",
        Part::Contato => "contato",
    }
}
