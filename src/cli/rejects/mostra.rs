//! `atom rejects show RUN [LINE]`: the original text of rejected lines, with the ruler.
//!
//! The bytes come from our reject file. Personal fields are masked; `--show-pii` shows them and is recorded.

use super::super::apoio::{comando, curto, quebra, tabela};
use super::super::app::App;
use super::super::exit::{self, Usage};
use super::super::texto::n;
use super::{cabeca, existe, objeto};
use crate::domain::codigo::Codigo;
use crate::domain::contrato;
use crate::layout::leitor::Leitor;
use crate::layout::linha::{Fault, Linha, Next};
use crate::layout::regua::mascara::{self, Modo};
use crate::layout::regua::{Falta, desenha, desenha_quebra, faltas, fonte};
use crate::layout::text::Encoding;
use crate::layout::{Format, Layout};
use crate::store::rejeito::{self, Filtro, Listado};
use crate::store::{Store, auditoria, consulta, ledger};
use anyhow::Context as _;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// Lines shown where none is named, and rulers of one line.
const MAX: usize = 5;
/// Widest value in the table of fields.
const VALOR: usize = 28;

/// One field as it is shown.
struct Campo {
    nome: String,
    /// Its columns, or its header.
    lugar: String,
    valor: String,
    falta: Option<Codigo>,
    vazio: bool,
}

/// One line as it is shown.
struct Vista {
    reguas: Vec<String>,
    campos: Vec<Campo>,
    /// The line itself, where it may be seen.
    original: Option<String>,
}

/// Runs it.
///
/// # Errors
/// Exit 2: no such run, or the line is not listed; the reject file cannot be read.
pub(super) fn run(id: i64, line: Option<i64>, app: &App) -> anyhow::Result<i64> {
    let store = app.reader()?;
    let run = existe(&store, id)?;
    let mut rows = rejeito::listed(&store.db, &Filtro { run: Some(id), ..Filtro::default() })?;
    if let Some(wanted) = line {
        rows.retain(|r| r.linha == wanted);
        if rows.is_empty() {
            let m = format!("a linha {wanted} não está entre as rejeitadas; veja: atom rejects list --run {id}");
            return Err(Usage(m).into());
        }
    }
    let Some((file, kept)) = rejeito::kept(&store.db, id)?.filter(|_| !rows.is_empty()) else {
        app.say(&format!("a execução {id} não tem linhas rejeitadas"));
        return Ok(exit::OK);
    };
    let input = ledger::get(&store.db, file)?.context("o arquivo da execução não está no livro")?;
    let mut layout = app.layouts.get(&input.layout).context("o layout do arquivo não existe mais")?.clone();
    let listed = rows.len();
    rows.truncate(MAX);
    if app.global.show_pii {
        registra(app, &store, &rows)?;
        layout.records.iter_mut().flat_map(|r| &mut r.fields).for_each(|f| f.personal = false);
    }
    let fonte = Guardadas::abre(&app.config.data.join(kept), &layout, Encoding::parse(&input.codificacao))?;
    let vistas = rows.iter().map(|r| fonte.vista(r, app.global.show_pii)).collect::<anyhow::Result<Vec<_>>>()?;
    if app.global.json {
        rows.iter().zip(&vistas).for_each(|(r, v)| app.out(&json_de(r, v).to_string()));
        return Ok(exit::OK);
    }
    let mut out = cabeca(Some(&run), &rows);
    for (r, v) in rows.iter().zip(&vistas) {
        out.push_str(&format!("\n\n{}", folha(&layout, r, v, line.is_some())));
    }
    app.out(&out);
    if listed > rows.len() {
        app.say(&format!("\nSão {} linhas: atom rejects list --run {id}", n(listed)));
    }
    if line.is_none() {
        app.say(&format!("Uma delas campo a campo: {}", comando(&format!("atom rejects show {id} LINHA"))));
    }
    Ok(exit::OK)
}

/// Before anything is shown: who looked at which lines.
fn registra(app: &App, store: &Store, rows: &[Listado]) -> anyhow::Result<()> {
    let who = App::quem();
    for r in rows {
        let key = r.contrato.as_deref().and_then(|c| contrato::chave(c).ok().flatten());
        let client = match key {
            Some(k) => consulta::por_contrato(&store.db, &k)?,
            None => None,
        };
        let what = format!("rejects show --show-pii: execução {}, linha {}", r.run, r.linha);
        auditoria::registra(store.atendimento()?, &app.clock.now().iso(), &who, client, &what)?;
    }
    Ok(())
}

/// Our reject file, open.
struct Guardadas<'a> {
    file: File,
    layout: &'a Layout,
    encoding: Encoding,
    /// The header line of a CSV.
    cabecalho: Vec<u8>,
}

impl<'a> Guardadas<'a> {
    fn abre(path: &Path, layout: &'a Layout, encoding: Encoding) -> anyhow::Result<Self> {
        let shown = || path.display().to_string();
        let file = File::open(path).with_context(shown)?;
        let mut cabecalho = Vec::new();
        if layout.format != Format::Fixed {
            BufReader::new(&file).read_until(b'\n', &mut cabecalho).with_context(shown)?;
        }
        // a workbook was made text of our own
        let encoding = if layout.format == Format::Sheet { Encoding::Utf8 } else { encoding };
        Ok(Self { file, layout, encoding, cabecalho })
    }

    fn vista(&self, r: &Listado, aberta: bool) -> anyhow::Result<Vista> {
        let mut bytes = vec![0; usize::try_from(r.bytes.1)?];
        let mut file = &self.file;
        file.seek(SeekFrom::Start(u64::try_from(r.bytes.0)?))?;
        file.read_exact(&mut bytes)?;
        let text = fonte::Texto::new(sem_quebra(&bytes), self.encoding).texto;
        let original = aberta.then(|| mascara::texto(&text));
        let mut reader = Leitor::new(self.cabecalho.chain(&*bytes), self.layout, self.encoding);
        Ok(match reader.next_line()? {
            Next::Linha(mut l) => {
                l.numero = u32::try_from(r.linha)?;
                Vista { original, ..self.sa(r, &l, aberta) }
            }
            // the layout is another one now
            Next::Fault(mut f) => {
                renumera(&mut f, u32::try_from(r.linha)?);
                let ruler = desenha_quebra(self.layout, &text, &r.arquivo, &f);
                Vista { reguas: vec![ruler], campos: Vec::new(), original }
            }
            Next::End => Vista { reguas: Vec::new(), campos: Vec::new(), original },
        })
    }

    /// A line that is sound by today's layout: first what it was rejected for, then what else is wrong with it.
    fn sa(&self, r: &Listado, l: &Linha<'_>, aberta: bool) -> Vista {
        let bad = faltas(l);
        let modo = if aberta { Modo::Campos } else { Modo::de(bad.len()) };
        let named = r.campo.as_deref().and_then(|c| l.record.index(c)).zip(Codigo::parse(&r.codigo));
        let named = named.map(|(campo, codigo)| Falta { campo, codigo });
        let all = named.into_iter().chain(bad.iter().copied().filter(|f| Some(f.campo) != named.map(|n| n.campo)));
        let fixed = self.layout.format == Format::Fixed;
        let reguas = all.clone().take(MAX).map(|f| desenha(self.layout, l, &r.arquivo, f, modo)).collect();
        let campos = l.record.fields.iter().enumerate().map(|(i, f)| {
            let place = match (fixed, f.at.len()) {
                (false, _) => mascara::texto(&f.header),
                (true, 1) => f.at.end.to_string(),
                (true, _) => format!("{}–{}", f.at.start + 1, f.at.end),
            };
            Campo {
                nome: f.name.clone(),
                lugar: place,
                valor: mascara::campo(f, l.campo(i), modo).trim().to_owned(),
                falta: all.clone().find(|x| x.campo == i).map(|x| x.codigo),
                vazio: l.campo(i).trim().is_empty(),
            }
        });
        Vista { reguas, campos: campos.collect(), original: None }
    }
}

/// A line without its break.
fn sem_quebra(bytes: &[u8]) -> &[u8] {
    let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn renumera(fault: &mut Fault, numero: u32) {
    match fault {
        Fault::Width { line, .. }
        | Fault::Tag { line, .. }
        | Fault::NoBreak { line }
        | Fault::Columns { line, .. }
        | Fault::Quote { line } => *line = numero,
        Fault::Header(_) => {}
    }
}

fn json_de(r: &Listado, v: &Vista) -> Value {
    let mut out = objeto(r);
    let fields =
        v.campos.iter().map(|c| json!({"name": c.nome, "value": c.valor, "code": c.falta.map(Codigo::as_str)}));
    out["fields"] = fields.collect();
    out["rulers"] = v.reguas.clone().into();
    if let Some(text) = &v.original {
        out["original"] = text.as_str().into();
    }
    out
}

fn folha(layout: &Layout, r: &Listado, v: &Vista, campos: bool) -> String {
    let mut out = String::new();
    if v.reguas.is_empty() {
        out.push_str(&quebra(&format!("linha {} · {}: {}", n(r.linha), r.codigo, r.mensagem), 98).join("\n"));
    }
    out.push_str(v.reguas.join("\n").trim_end());
    if campos {
        let shown = v.campos.iter().enumerate().filter(|(_, c)| !c.vazio || c.falta.is_some());
        let rows = shown.map(|(i, c)| {
            let code = c.falta.map_or_else(String::new, |f| f.to_string());
            vec![(i + 1).to_string(), curto(&c.lugar, 16), curto(&c.nome, 26), curto(&c.valor, VALOR), code]
        });
        let header = ["n", if layout.format == Format::Fixed { "colunas" } else { "cabeçalho" }, "campo", "valor", ""];
        out.push_str(&format!("\n\n{}", tabela(&header, &[0], rows.collect())));
    }
    out
}
