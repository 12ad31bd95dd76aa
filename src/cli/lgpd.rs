//! `atom lgpd export KEY`: all that is held of a person, for the person's own request (SE6).
//!
//! The rows come out as they stand in the store, what the Portal is shown beside them, and the files in our folders in
//! whose bytes the document stands. The reading is recorded before anything is shown.

use super::achados::{arquivos, documentos};
use super::apoio::chave_dada;
use super::app::App;
use super::exit::{self, Usage};
use crate::atendimento::{self, NaoEncontrado};
use crate::store::auditoria;
use crate::store::pessoa;
use serde_json::{Value, json};
use std::collections::HashSet;

/// Arguments of `atom lgpd`.
#[derive(Debug, clap::Args)]
pub struct Cmd {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Everything held of one person as JSON; needs --show-pii, and the reading is recorded
    Export {
        /// CPF/CNPJ, contract or ID_CRM; `-` reads one line from stdin, out of the process list
        #[arg(value_name = "KEY")]
        key: String,
    },
}

/// Folders with files of others' making, or about them.
const PASTAS: [&str; 4] = ["inbox", "archive", "rejects", "outbox"];
/// Packed: their bytes tell nothing.
const FECHADOS: [&str; 2] = ["xls", "xlsx"];

/// Exports.
///
/// # Errors
/// Exit 2: without `--show-pii`; nobody has the key; the store or a folder cannot be read.
pub fn run(cmd: &Cmd, app: &App) -> anyhow::Result<i64> {
    let What::Export { key } = &cmd.what;
    if !app.global.show_pii {
        return Err(
            Usage("o relatório é de dados pessoais: peça-o com --show-pii; a leitura fica registrada".into()).into()
        );
    }
    let key = chave_dada(key)?;
    let store = app.reader()?;
    let ids = atendimento::procura(&store.db, None, &key)?;
    let document = atendimento::consulta::documento_da_chave(&key);
    if ids.is_empty() && document.is_none() {
        return Err(NaoEncontrado.into());
    }
    let who = App::quem();
    auditoria::leu(store.atendimento()?, &app.clock.now().iso(), &who, &ids, "lgpd export")?;
    let mut out = Vec::new();
    for id in &ids {
        let client = atendimento::por_ficha(&store.db, &app.layouts, &app.config, *id)?;
        let doc =
            client.pointer("/mailing/cpf").and_then(Value::as_str).map(str::to_owned).or_else(|| document.clone());
        out.push(pessoa_json(app, &store.db, Some(*id), client, doc)?);
    }
    if ids.is_empty() {
        // no client of ours, but named by others, or in a file
        out.push(pessoa_json(app, &store.db, None, Value::Null, document)?);
    }
    app.out(&serde_json::to_string_pretty(&json!({ "em": app.clock.now().iso(), "pessoas": out }))?);
    Ok(exit::OK)
}

fn pessoa_json(
    app: &App,
    db: &crate::store::db::Db,
    ficha: Option<i64>,
    client: Value,
    doc: Option<String>,
) -> anyhow::Result<Value> {
    let moment = db.snapshot()?;
    let parts = ficha.map(|id| pessoa::tudo(&moment, id)).transpose()?.unwrap_or_default();
    let rows: serde_json::Map<_, _> = parts
        .into_iter()
        .map(|p| (p.tabela, Value::from(p.linhas.into_iter().map(Value::from).collect::<Vec<_>>())))
        .collect();
    let (mut named, mut files, mut closed) = (Vec::new(), Vec::new(), Vec::new());
    if let Some(doc) = &doc {
        for m in pessoa::mencoes(&moment, doc, ficha)? {
            named.push(json!({"tabela": m.tabela, "coluna": m.coluna, "linhas": m.linhas}));
        }
        let docs = HashSet::from([doc.clone()]);
        for folder in PASTAS {
            for path in arquivos(&app.config.data.join(folder))? {
                let shown = path.strip_prefix(&app.config.data).unwrap_or(&path).display().to_string();
                if path.extension().is_some_and(|x| FECHADOS.iter().any(|f| x.eq_ignore_ascii_case(f))) {
                    closed.push(shown);
                } else if !documentos(&path, &docs)?.is_empty() {
                    files.push(shown);
                }
            }
        }
    }
    Ok(json!({"idCrm": ficha, "cliente": client, "registros": rows, "mencoes": named, "arquivos": files,
              "arquivosFechados": closed}))
}
