//! `atom layout check FILE`: every line by its layout, the first faults with a ruler, all of them counted.

use super::super::apoio::tabela;
use super::super::app::App;
use super::super::exit::{self, Usage};
use super::super::regua::{Alvo, mensagem};
use super::super::texto::n;
use super::{colunas_json, linha};
use crate::domain::codigo::Codigo;
use crate::import::entrada::reconhece;
use crate::import::estrutura::Estrutura;
use crate::layout::linha::{Fault, Linha};
use crate::layout::regua::deslocamento::AMOSTRA;
use crate::layout::regua::exame::{Visto, quebra as regua_da_quebra};
use crate::layout::regua::mascara::Modo;
use crate::layout::regua::{Falta, desenha, faltas, mascara, rejeita};
use crate::layout::{Field, Format, Layout};
use anyhow::Context as _;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;

/// Distinct faults shown with a ruler.
pub(super) const REGUAS: usize = 5;

/// Runs it.
///
/// # Errors
/// Exit 2: no such file; 1: it cannot be read.
pub(super) fn run(app: &App, file: &Path, layout: Option<&Layout>, line: Option<u32>) -> anyhow::Result<i64> {
    if !file.is_file() {
        return Err(Usage(format!("{}: arquivo não encontrado", file.display())).into());
    }
    let nome = file.file_name().map(|f| f.to_string_lossy().into_owned()).unwrap_or_default();
    let layout = match layout {
        Some(l) => l,
        None => match reconhece(&app.layouts, &nome, &app.config.campanha.ascob) {
            Ok(found) => found.layout,
            Err(e) => return Ok(sem_leitura(app, &nome, (Codigo::NomeInvalido, &e.to_string()))),
        },
    };
    let alvo = match Alvo::abre(app, file, &nome, layout)? {
        Ok(alvo) => alvo,
        Err(e) => return Ok(sem_leitura(app, &nome, (Codigo::Estrutura, &e.to_string()))),
    };
    match line {
        Some(l) => linha::run(app, &alvo, l),
        None => arquivo(app, &alvo),
    }
}

/// Refused before a line of it was read; by its name alone, another layout may be asked for.
fn sem_leitura(app: &App, nome: &str, (code, why): (Codigo, &str)) -> i64 {
    if app.global.json {
        let reason = json!({"code": code.as_str(), "message": why});
        let said = json!({"file": nome, "layout": null, "state": "refused", "exit": exit::REFUSED, "reason": reason});
        app.out(&said.to_string());
    } else {
        app.out(&format!("{}: {why} [{code}]", mascara::texto(nome)));
        if code == Codigo::NomeInvalido {
            app.say("Conferir por um layout: atom layout check ARQUIVO --layout NOME (atom layout list)");
        }
    }
    exit::REFUSED
}

/// One code in one field.
struct Grupo {
    codigo: Codigo,
    campo: String,
    colunas: Option<[usize; 2]>,
    rejeita: bool,
    linhas: u64,
    primeira: u32,
    /// The ruler of the first line, and the same without any value, in case the file turns out to be shifted.
    regua: Option<(String, String)>,
}

/// What a file holds.
#[derive(Default)]
struct Exame {
    lidas: u64,
    rejeitadas: u64,
    grupos: Vec<Grupo>,
    por_chave: HashMap<(usize, usize, Codigo), usize>,
    estrutura: Estrutura,
    quebra: Option<Fault>,
    /// The first lines with a bad field.
    ruins: Vec<u32>,
}

impl Exame {
    fn de(alvo: &Alvo<'_>) -> std::io::Result<Self> {
        let mut e = Self::default();
        alvo.percorre(|v| {
            e.lidas += 1;
            match v {
                Visto::Quebra(f) => {
                    e.quebra.get_or_insert_with(|| f.clone());
                    e.estrutura.junta(f.clone());
                }
                Visto::Linha(l) => e.linha(alvo, l),
            }
            true
        })?;
        Ok(e)
    }

    fn linha(&mut self, alvo: &Alvo<'_>, l: &Linha<'_>) {
        let bad = faltas(l);
        let mut reject = false;
        for f in &bad {
            let Some(field) = l.record.fields.get(f.campo) else { continue };
            let rejects = rejeita(field, f.codigo);
            reject |= rejects;
            let key = (l.registro, f.campo, f.codigo);
            let at = *self.por_chave.entry(key).or_insert(self.grupos.len());
            if at == self.grupos.len() {
                self.grupos.push(grupo(alvo, l, field, *f, bad.len(), at < REGUAS));
            }
            if let Some(g) = self.grupos.get_mut(at) {
                g.linhas += 1;
            }
        }
        self.rejeitadas += u64::from(reject);
        if !bad.is_empty() && self.ruins.len() < AMOSTRA {
            self.ruins.push(l.numero);
        }
    }

    /// Why the whole file would be refused.
    fn recusa(&self, app: &App, alvo: &Alvo<'_>) -> Option<(Codigo, String)> {
        if !self.estrutura.ok() {
            return Some((Codigo::Estrutura, self.estrutura.explica(alvo.layout, self.lidas, &alvo.fonte)));
        }
        let empty = std::fs::metadata(&alvo.fonte.caminho).is_ok_and(|m| m.len() == 0);
        let silent = matches!(alvo.layout.kind.as_str(), "baixa" | "exclusao");
        if self.lidas == 0 && (alvo.layout.format == Format::Fixed || empty) {
            return (!(empty && silent)).then(|| (Codigo::Estrutura, "o arquivo está vazio (nenhuma linha)".into()));
        }
        let max = app.config.import.max_rejeitos;
        #[expect(clippy::cast_precision_loss, reason = "line counts are far below 2^52")]
        let over = self.rejeitadas > 10 && self.rejeitadas as f64 > max * self.lidas as f64;
        over.then(|| {
            let said = format!(
                "{} de {} linhas seriam rejeitadas, acima do limite de {:.0} %",
                n(self.rejeitadas as i64),
                n(self.lidas as i64),
                max * 100.0
            );
            (Codigo::RejeitosDemais, said)
        })
    }
}

fn grupo(alvo: &Alvo<'_>, l: &Linha<'_>, field: &Field, f: Falta, quantas: usize, desenhar: bool) -> Grupo {
    let draw = |modo| desenha(alvo.layout, l, &alvo.nome, f, modo);
    Grupo {
        codigo: f.codigo,
        campo: field.name.clone(),
        colunas: colunas_json(field),
        rejeita: rejeita(field, f.codigo),
        linhas: 0,
        primeira: l.numero,
        regua: desenhar.then(|| (draw(Modo::de(quantas)), draw(Modo::Forma))),
    }
}

fn arquivo(app: &App, alvo: &Alvo<'_>) -> anyhow::Result<i64> {
    let mut e = Exame::de(alvo).with_context(|| alvo.fonte.caminho.display().to_string())?;
    let refused = e.recusa(app, alvo);
    // most lines bad: perhaps something grew inside, and then no column says whose value it holds
    let shifted =
        (e.estrutura.ok() && e.rejeitadas * 2 >= e.lidas).then(|| alvo.fonte.desvio(alvo.layout, &e.ruins)).flatten();
    let rulers: Vec<Option<String>> = e
        .grupos
        .iter_mut()
        .map(|g| g.regua.take().map(|(plain, shape)| if shifted.is_some() { shape } else { plain }))
        .collect();
    let broken = match &e.quebra {
        Some(f) => Some(regua_da_quebra(&alvo.fonte.caminho, alvo.layout, alvo.fonte.codificacao, &alvo.nome, f)?),
        None => None,
    };
    let code = match &refused {
        Some(_) => exit::REFUSED,
        None if e.rejeitadas > 0 => exit::REJECTS,
        None => exit::OK,
    };
    if app.global.json {
        app.out(&objeto(alvo, &e, &rulers, &refused, (broken, shifted), code).to_string());
    } else {
        app.out(&folha(alvo, &e, &rulers, &refused, (broken, shifted)));
    }
    Ok(code)
}

/// The ruler of the broken line, and the guess at a shift.
type Achados = (Option<String>, Option<String>);

fn objeto(
    alvo: &Alvo<'_>,
    e: &Exame,
    rulers: &[Option<String>],
    refused: &Option<(Codigo, String)>,
    (broken, shifted): Achados,
    code: i64,
) -> Value {
    let faults = e.grupos.iter().zip(rulers).map(|(g, ruler)| {
        json!({
            "code": g.codigo.as_str(), "field": g.campo, "columns": g.colunas,
            "effect": if g.rejeita { "reject" } else { "warning" },
            "lines": g.linhas, "first_line": g.primeira, "ruler": ruler,
        })
    });
    let reason = refused.as_ref().map(|(c, m)| json!({"code": c.as_str(), "message": m, "ruler": broken}));
    let state = match code {
        exit::OK => "clean",
        exit::REJECTS => "rejects",
        _ => "refused",
    };
    json!({
        "file": alvo.nome, "layout": alvo.layout.name, "state": state, "exit": code,
        "lines": {"read": e.lidas, "rejected": e.rejeitadas}, "shift": shifted, "reason": reason,
        "faults": faults.collect::<Vec<_>>(),
    })
}

fn folha(
    alvo: &Alvo<'_>,
    e: &Exame,
    rulers: &[Option<String>],
    refused: &Option<(Codigo, String)>,
    (broken, shifted): Achados,
) -> String {
    let mut out = format!("{} · layout {} · {} linhas\n", alvo.nome, alvo.layout.name, n(e.lidas as i64));
    for text in broken.iter().chain(rulers.iter().flatten()) {
        out.push_str(&format!("\n{text}"));
    }
    if !e.grupos.is_empty() {
        out.push_str(&format!("\n{}\n", contagem(e)));
    }
    out.push('\n');
    if let Some((code, message)) = refused {
        let text = format!("O arquivo seria recusado [{code}]: {message}");
        out.extend(mensagem(&text).iter().map(|l| format!("{l}\n")));
    } else if e.grupos.is_empty() {
        out.push_str("Nenhuma falha.\n");
    } else {
        let [said, dropped] = [e.rejeitadas, e.grupos.iter().filter(|g| !g.rejeita).map(|g| g.linhas).sum()];
        out.push_str(&format!("Linhas que seriam rejeitadas: {}. ", n(said as i64)));
        out.push_str(&format!("Campos que seriam descartados: {}.\n", n(dropped as i64)));
    }
    if let Some(s) = shifted {
        out.extend(mensagem(&s).iter().map(|l| format!("{l}\n")));
    }
    if !e.grupos.is_empty() && e.estrutura.ok() {
        out.push_str("Ver uma linha campo a campo: atom layout check ARQUIVO --line N\n");
    }
    out.trim_end().to_owned()
}

/// Every distinct fault, rejects first, the most frequent first.
fn contagem(e: &Exame) -> String {
    let mut groups: Vec<&Grupo> = e.grupos.iter().collect();
    groups.sort_by_key(|g| (!g.rejeita, std::cmp::Reverse(g.linhas)));
    let rows = groups.iter().map(|g| {
        vec![
            g.codigo.as_str().to_owned(),
            g.campo.clone(),
            n(g.linhas as i64),
            n(i64::from(g.primeira)),
            if g.rejeita { "rejeita a linha" } else { "descarta o campo" }.to_owned(),
        ]
    });
    tabela(&["código", "campo", "linhas", "a primeira", "efeito"], &[2, 3], rows.collect())
}
