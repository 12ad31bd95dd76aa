//! `atom lgpd export KEY`: all that is held of a person, for the person's own request (SE6).
//!
//! The rows come out as they stand in the store, what the Portal is shown beside them, and the files in our folders in
//! whose bytes the document stands. The reading is recorded before anything is shown.

use super::apoio::chave_dada;
use super::app::App;
use super::exit::{self, Usage};
use crate::atendimento::{self, NaoEncontrado};
use crate::store::consulta;
use crate::store::pessoa;
use anyhow::Context as _;
use memchr::memmem;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

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
    let who = format!("cli:uid:{}", rustix::process::getuid().as_raw());
    consulta::audita(store.atendimento()?, &app.clock.now().iso(), &who, &ids, "lgpd export")?;
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
        for folder in PASTAS {
            procura(&app.config.data, &app.config.data.join(folder), doc.as_bytes(), &mut files, &mut closed)?;
        }
    }
    Ok(json!({"idCrm": ficha, "cliente": client, "registros": rows, "mencoes": named, "arquivos": files,
              "arquivosFechados": closed}))
}

/// Files below a folder in which the document stands; packed ones are only listed.
fn procura(
    data: &Path,
    folder: &Path,
    doc: &[u8],
    files: &mut Vec<String>,
    closed: &mut Vec<String>,
) -> anyhow::Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other.with_context(|| folder.display().to_string())?,
    };
    let mut entries = entries.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for e in entries {
        let (path, kind) = (e.path(), e.file_type()?);
        let shown = path.strip_prefix(data).unwrap_or(&path).display().to_string();
        if kind.is_dir() {
            procura(data, &path, doc, files, closed)?;
        } else if kind.is_file() && path.extension().is_some_and(|x| FECHADOS.iter().any(|f| x.eq_ignore_ascii_case(f)))
        {
            closed.push(shown);
        } else if kind.is_file() && contem(&path, doc).with_context(|| path.display().to_string())? {
            files.push(shown);
        }
    }
    Ok(())
}

/// Whether bytes stand in a file, whatever its size.
fn contem(path: &Path, what: &[u8]) -> io::Result<bool> {
    let finder = memmem::Finder::new(what);
    let mut file = File::open(path)?;
    let mut buf = vec![0; 256 * 1024];
    let mut held = 0;
    loop {
        let n = file.read(buf.get_mut(held..).unwrap_or_default())?;
        let seen = held + n;
        if finder.find(buf.get(..seen).unwrap_or_default()).is_some() {
            return Ok(true);
        }
        if n == 0 {
            return Ok(false);
        }
        // what might begin at the end is looked at with what follows
        let keep = seen.min(what.len().saturating_sub(1));
        buf.copy_within(seen - keep..seen, 0);
        held = keep;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o_que_atravessa_dois_blocos_e_achado() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        for at in [0, 5, 256 * 1024 - 5, 256 * 1024, 512 * 1024 - 10] {
            let mut bytes = vec![b'1'; 600 * 1024];
            bytes[at..at + 11].copy_from_slice(b"52998224725");
            std::fs::write(&path, &bytes).unwrap();
            assert!(contem(&path, b"52998224725").unwrap(), "{at}");
        }
        std::fs::write(&path, b"5299822472").unwrap();
        assert!(!contem(&path, b"52998224725").unwrap());
    }
}
