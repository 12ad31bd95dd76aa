//! The files of an operating day: their names, and all of them written into a folder.

use super::{Carteira, defeitos};
use crate::layout::Layouts;
use chrono::{Datelike, Days, NaiveDate, NaiveTime, Weekday};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Monday to Friday; holidays are not known here.
pub fn dia_util_simples(d: NaiveDate) -> bool {
    !matches!(d.weekday(), Weekday::Sat | Weekday::Sun)
}

/// The evening on which the files of `dia` are made: the last weekday before it. A holiday between makes
/// no difference: a file of that evening still belongs to `dia`.
pub fn vespera(dia: NaiveDate) -> NaiveDate {
    (1..4).map(|n| dia - Days::new(n)).find(|d| dia_util_simples(*d)).unwrap_or(dia)
}

/// The names of the files of an operating day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noite {
    /// Evening before, 20:30.
    pub remessa: String,
    /// Evening before, 20:35.
    pub parcelas: String,
    /// Evening before, 20:37.
    pub garantias: String,
    /// Evening before, 21:00.
    pub exclusao: String,
    /// Evening before, 21:10.
    pub telefones: String,
    /// Evening before, 21:15.
    pub refin: String,
    /// The day itself.
    pub acordos_baixados: String,
    /// The day itself, 02:05; the optional fixed twin.
    pub baixa_acordo: String,
    /// The day itself.
    pub batimento: String,
    /// The day itself, 08:15.
    pub massiva_whatsapp: String,
    /// The day itself, 09:30.
    pub massiva_email: String,
    /// The day itself, 10:00.
    pub massiva_sms: String,
}

impl Noite {
    /// The names by the patterns of the layouts.
    pub fn nomes(layouts: &Layouts, ascob: &str, dia: NaiveDate) -> Self {
        let antes = vespera(dia);
        let nome = |layout: &str, padrao: usize, d: NaiveDate, h: u32, m: u32| {
            let p = layouts.get(layout).and_then(|l| l.files.get(padrao));
            p.map_or_else(String::new, |p| p.render(d, NaiveTime::from_hms_opt(h, m, 0), ascob))
        };
        Self {
            remessa: nome("remessa", 0, antes, 20, 30),
            parcelas: nome("parcelas", 0, antes, 20, 35),
            garantias: nome("garantias", 0, antes, 20, 37),
            exclusao: nome("exclusao", 0, antes, 21, 0),
            telefones: nome("telefones", 0, antes, 21, 10),
            refin: nome("refin", 1, antes, 21, 15),
            acordos_baixados: nome("acordos_baixados", 1, dia, 2, 0),
            baixa_acordo: nome("baixa_acordo", 0, dia, 2, 5),
            batimento: nome("batimento", 0, dia, 2, 10),
            massiva_whatsapp: nome("massiva_whatsapp", 0, dia, 8, 15),
            massiva_email: nome("massiva_email", 0, dia, 9, 30),
            massiva_sms: nome("massiva_sms", 0, dia, 10, 0),
        }
    }
}

impl Carteira {
    /// The names of the files of `dia`.
    pub fn noite(&self, dia: NaiveDate) -> Noite {
        Noite::nomes(self.layouts(), self.ascob(), dia)
    }

    /// Contracts that the batimento of `dia` leaves out: those it closes, the excluded ones and every
    /// second one with a baixa (stand-by keeps it).
    pub fn fora_do_batimento(&self, dia: NaiveDate) -> Vec<usize> {
        let mut fora = self.ausentes(dia);
        fora.extend(self.exclusoes(dia));
        fora.extend(self.baixas(dia).into_iter().step_by(2));
        fora.sort_unstable();
        fora
    }

    /// Writes all files of `dia` into `pasta` and returns their paths; `limpo` leaves the bad lines out.
    ///
    /// # Errors
    /// A file that cannot be written, or a value that does not fit its field.
    pub fn escreve_dia(&self, pasta: &Path, dia: NaiveDate, limpo: bool) -> io::Result<Vec<PathBuf>> {
        std::fs::create_dir_all(pasta)?;
        let n = self.noite(dia);
        let mut feitos = Vec::new();
        let mut arquivo = |nome: &str, escreve: &dyn Fn(&mut BufWriter<File>) -> io::Result<()>| {
            let caminho = pasta.join(nome);
            let mut w = BufWriter::with_capacity(1 << 20, File::create(&caminho)?);
            escreve(&mut w)?;
            w.flush()?;
            feitos.push(caminho);
            Ok::<(), io::Error>(())
        };
        let (baixas, exclusoes) = (self.baixas(dia), self.exclusoes(dia));
        if limpo {
            arquivo(&n.remessa, &|w| self.escreve_remessa(w, dia))?;
            arquivo(&n.parcelas, &|w| self.escreve_parcelas(w, dia))?;
            arquivo(&n.garantias, &|w| self.escreve_garantias(w, dia))?;
        } else {
            arquivo(&n.remessa, &|w| defeitos::escreve_remessa(self, w, dia))?;
            arquivo(&n.parcelas, &|w| defeitos::escreve_parcelas(self, w, dia))?;
            arquivo(&n.garantias, &|w| defeitos::escreve_garantias(self, w, dia))?;
        }
        arquivo(&n.exclusao, &|w| self.escreve_exclusao(w, dia, &exclusoes))?;
        arquivo(&n.telefones, &|w| self.escreve_telefones(w, dia))?;
        arquivo(&n.refin, &|w| self.escreve_refin(w, dia))?;
        arquivo(&n.acordos_baixados, &|w| self.escreve_acordos_baixados(w, dia, &baixas))?;
        arquivo(&n.baixa_acordo, &|w| self.escreve_baixa_acordo(w, dia, &baixas))?;
        arquivo(&n.batimento, &|w| self.escreve_batimento(w, dia, &self.fora_do_batimento(dia)))?;
        arquivo(&n.massiva_whatsapp, &|w| self.escreve_massiva_whatsapp(w, dia))?;
        arquivo(&n.massiva_email, &|w| self.escreve_massiva_email(w, dia))?;
        arquivo(&n.massiva_sms, &|w| self.escreve_massiva_sms(w, dia))?;
        Ok(feitos)
    }
}
