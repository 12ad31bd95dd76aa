//! The board's line of Manager: how carga, incremental and baixa of the day stand.

use crate::cli::apoio;
use crate::cli::app::App;
use crate::cli::export::espera;
use crate::cli::texto::n;
use crate::import::portao::Dia;
use crate::pipeline::manager::{ANTES_DA_CARGA, RESTAURACAO, falta_batimento, janela};
use crate::store::backup;
use crate::store::db::Db;
use crate::store::dia;
use crate::store::enviado::{self, Olhar};
use crate::store::saida::{self, Saida, Tipo};
use serde_json::{Value, json};

/// One kind of file for Manager on this day.
#[derive(Default)]
pub struct Remessa {
    /// As in `export --json`: `published`, `built`, `waiting`, `refused`; `nothing`: none is due, or a newer day took
    /// its place.
    pub state: &'static str,
    /// The newest file.
    pub saida: Option<Saida>,
    /// When it was published.
    pub em: Option<String>,
    /// What it waits for.
    pub espera: Vec<&'static str>,
    /// Of several files: how many were published, and their rows.
    pub arquivos: (i64, i64),
}

/// What goes to Manager.
pub struct Manager {
    /// All dialable fichas, once.
    pub carga: Remessa,
    /// Rows that differ.
    pub incremental: Remessa,
    /// Fichas that go.
    pub baixa: Remessa,
    /// The baixa goes although the batimento of its day is open: its hour has passed, or not come.
    pub sem_batimento: bool,
    /// A carga that the brake refused: rows and why.
    pub freio: Option<(i64, String)>,
}

impl Remessa {
    /// The newest file of a kind for the day, if any.
    fn le(db: &Db, tipo: Tipo, d: &Dia) -> anyhow::Result<Self> {
        let Some((made, em)) = saida::of_day(db, tipo, d.data)? else {
            return Ok(Self { state: "nothing", ..Self::default() });
        };
        let state = if em.is_some() { "published" } else { "built" };
        let arquivos = saida::count_of_day(db, tipo, d.data)?;
        Ok(Self { state, saida: Some(made), em, espera: Vec::new(), arquivos })
    }

    fn aguarda(&mut self, espera: Vec<&'static str>) {
        (self.state, self.espera) = ("waiting", espera);
    }

    fn json(&self) -> Value {
        json!({
            "file": self.saida.as_ref().map(|s| &s.nome),
            "rows": self.saida.as_ref().map(|s| s.linhas),
            "state": self.state,
            "at": self.em,
            "waiting_for": self.espera,
            "message": self.saida.as_ref().and_then(|s| s.mensagem.as_ref()),
            "files": self.arquivos.0,
            "total_rows": self.arquivos.1,
        })
    }

    fn as_horas(&self) -> String {
        let at = self.em.as_deref().and_then(apoio::momento);
        at.map(|t| format!(" às {}", t.format("%H:%M"))).unwrap_or_default()
    }
}

impl Manager {
    /// As `day --json` prints it.
    pub fn json(&self) -> Value {
        let mut carga = self.carga.json();
        if let Some((rows, why)) = &self.freio {
            (carga["rows"], carga["message"]) = (json!(rows), json!(why));
        }
        json!({"carga": carga, "incremental": self.incremental.json(), "baixa": self.baixa.json()})
    }

    /// The line of the board.
    pub fn linha(&self) -> String {
        format!("{} · {} · {}", self.da_carga(), self.do_incremental(), self.da_baixa())
    }

    fn da_carga(&self) -> String {
        let c = &self.carga;
        let rows = c.saida.as_ref().map_or(0, |s| s.linhas);
        match (c.state, &self.freio) {
            ("published", _) => format!("carga {} fichas{}", n(rows), c.as_horas()),
            ("built", _) => format!("carga {} fichas, ainda não publicada", n(rows)),
            ("refused", Some((rows, _))) => format!("carga RECUSADA ({} fichas)", n(*rows)),
            ("waiting", _) if c.espera.is_empty() => "carga sai na próxima execução".into(),
            ("waiting", _) => format!("carga aguarda {}", espera(&c.espera)),
            _ => "carga –".into(),
        }
    }

    fn do_incremental(&self) -> String {
        let i = &self.incremental;
        let rows = i.saida.as_ref().map_or(0, |s| s.linhas);
        match i.state {
            "published" => format!("incremental {}{}", n(rows), i.as_horas()),
            "built" => format!("incremental {}, ainda não publicado", n(rows)),
            _ => "incremental –".into(),
        }
    }

    fn da_baixa(&self) -> String {
        let b = &self.baixa;
        let rows = b.saida.as_ref().map_or(0, |s| s.linhas);
        let without = if self.sem_batimento { ", sem o batimento" } else { "" };
        match b.state {
            "published" => format!("baixa {}{}{without}", n(rows), b.as_horas()),
            "built" => format!("baixa {}, ainda não publicada", n(rows)),
            "waiting" => format!("baixa aguarda {}", espera(&b.espera)),
            _ if self.sem_batimento => "baixa sai sem o batimento".into(),
            _ => "baixa –".into(),
        }
    }

    /// The file that is built and does not go out, if any.
    pub fn parada(&self) -> Option<&Saida> {
        [&self.baixa, &self.carga, &self.incremental].into_iter().find(|r| r.state == "built")?.saida.as_ref()
    }
}

/// Reads how the files of a day stand.
///
/// # Errors
/// The ledger cannot be read.
pub fn manager(app: &App, db: &Db, d: &Dia) -> anyhow::Result<Manager> {
    let mut m = Manager {
        carga: Remessa::le(db, Tipo::Carga, d)?,
        incremental: Remessa::le(db, Tipo::Incremental, d)?,
        baixa: Remessa::le(db, Tipo::Baixa, d)?,
        sem_batimento: false,
        freio: None,
    };
    let newest = dia::newest_with_remessa(db)?;
    if m.carga.saida.is_none() && newest <= Some(d.data) {
        let mut espera = d.falta_para(&ANTES_DA_CARGA);
        if newest != Some(d.data) && !espera.contains(&"remessa") {
            espera.insert(0, "remessa");
        }
        m.freio = freio(db, d)?;
        match &m.freio {
            Some(_) => m.carga.state = "refused",
            None => m.carga.aguarda(espera),
        }
    }
    // the gate is that of the date of now, whatever day is shown
    let now = app.clock.now();
    let today = Dia::le(db, now.date(), &app.config.dia.obrigatorios)?;
    let open = falta_batimento(&today)?;
    if janela(now.local(), app.config.manager.baixa_ate, |d| app.calendario.dia_util(d)) {
        if !open.is_empty() && m.baixa.state != "built" {
            m.baixa.aguarda(open);
        }
    } else {
        m.sem_batimento = now.date() == d.data && app.calendario.dia_util(d.data) && !open.is_empty();
    }
    if backup::restaurado(&app.config.store_dir)?.is_some() {
        for one in [&mut m.carga, &mut m.incremental, &mut m.baixa] {
            one.aguarda(vec![RESTAURACAO]);
        }
    }
    Ok(m)
}

/// The carga of the day that the brake refused.
fn freio(db: &Db, d: &Dia) -> anyhow::Result<Option<(i64, String)>> {
    let found = enviado::varredura(db, Olhar::Freio)?.filter(|v| v.dia == Some(d.data));
    Ok(found.map(|v| (v.linhas, v.mensagem.unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nada() -> Remessa {
        Remessa { state: "nothing", ..Remessa::default() }
    }

    #[test]
    fn a_linha_diz_como_esta_cada_arquivo() {
        let mut m = Manager { carga: nada(), incremental: nada(), baixa: nada(), sem_batimento: false, freio: None };
        m.carga.aguarda(vec!["parcelas", "garantias"]);
        m.baixa.aguarda(vec!["batimento"]);
        assert_eq!(m.linha(), "carga aguarda parcelas, garantias · incremental – · baixa aguarda batimento");
        m.carga.espera.clear();
        (m.baixa, m.sem_batimento) = (nada(), true);
        assert_eq!(m.linha(), "carga sai na próxima execução · incremental – · baixa sai sem o batimento");
        m.carga.state = "refused";
        m.freio = Some((1040, String::new()));
        m.sem_batimento = false;
        assert_eq!(m.linha(), "carga RECUSADA (1.040 fichas) · incremental – · baixa –");
    }
}
