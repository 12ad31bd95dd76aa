//! Gates: what a step of a day still waits for (decisions 4, R015, R021, UC002–UC007).

use super::{DiaDe, ETAPAS, Etapa};
use crate::store::db::Db;
use crate::store::dia::{self, Dispensa};
use crate::store::ledger::{self, Arquivo, Estado};
use chrono::NaiveDate;

/// How a step of a day stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Situacao {
    /// No file of it came.
    Missing,
    /// A file is there and waits.
    Waiting,
    /// Done.
    Done,
    /// Waived.
    Waived,
    /// Its last file was refused.
    Refused,
    /// Its last file is in quarantine.
    Quarantined,
}

impl Situacao {
    /// As in `day --json`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Waived => "waived",
            Self::Refused => "refused",
            Self::Quarantined => "quarantined",
        }
    }

    /// Nothing that follows has to wait for it.
    pub const fn fechada(self) -> bool {
        matches!(self, Self::Done | Self::Waived)
    }
}

/// One operating day as the ledger has it.
pub struct Dia {
    /// The day.
    pub data: NaiveDate,
    /// Its files, by stamp and name.
    pub arquivos: Vec<Arquivo>,
    /// Its waivers.
    pub dispensas: Vec<Dispensa>,
    obrigatorios: Vec<String>,
}

impl Dia {
    /// Reads a day.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn le(db: &Db, data: NaiveDate, obrigatorios: &[String]) -> anyhow::Result<Self> {
        Ok(Self {
            data,
            arquivos: ledger::of_day(db, data)?,
            dispensas: dia::waivers(db, data)?,
            obrigatorios: obrigatorios.to_vec(),
        })
    }

    /// Whether the day requires the step (`dia.obrigatorios`).
    pub fn obrigatoria(&self, etapa: &Etapa) -> bool {
        self.obrigatorios.iter().any(|k| k == etapa.kind)
    }

    /// The files of a step.
    pub fn de<'a>(&'a self, etapa: &'a Etapa) -> impl Iterator<Item = &'a Arquivo> {
        self.arquivos.iter().filter(move |a| a.kind == etapa.kind)
    }

    /// How a step stands. A file of another layout of the kind (baixa's `_acordo_`) does not complete it, nor do
    /// the corrected lines of one.
    pub fn situacao(&self, etapa: &Etapa) -> Situacao {
        let completes = |a: &&Arquivo| !a.corrigido() && etapa.completa.is_none_or(|l| a.layout == l);
        if self.de(etapa).any(|a| a.estado == Estado::Pendente) {
            return Situacao::Waiting;
        }
        if self.de(etapa).filter(completes).any(|a| a.estado == Estado::Importado) {
            return Situacao::Done;
        }
        if self.dispensas.iter().any(|d| d.kind == etapa.kind) {
            return Situacao::Waived;
        }
        match self
            .de(etapa)
            .filter(|a| !matches!(a.estado, Estado::Duplicado | Estado::Desfeito))
            .last()
            .map(|a| a.estado)
        {
            Some(Estado::Quarentena) => Situacao::Quarantined,
            Some(Estado::Recusado) => Situacao::Refused,
            _ => Situacao::Missing,
        }
    }

    /// The steps that `etapa` still waits for on this day: a required one that is neither done nor waived,
    /// or any with a pending file.
    pub fn falta(&self, etapa: &Etapa) -> Vec<&'static str> {
        self.falta_para(etapa.depois_de)
    }

    /// Of these steps, those that something which follows them still waits for.
    pub fn falta_para(&self, antes: &[&str]) -> Vec<&'static str> {
        ETAPAS
            .iter()
            .filter(|e| antes.contains(&e.kind))
            .filter(|antes| match self.situacao(antes) {
                Situacao::Waiting => true,
                s => self.obrigatoria(antes) && !s.fechada(),
            })
            .map(|antes| antes.kind)
            .collect()
    }

    /// The required steps that are still open.
    pub fn abertas(&self) -> Vec<&'static str> {
        ETAPAS.iter().filter(|e| self.obrigatoria(e) && !self.situacao(e).fechada()).map(|e| e.kind).collect()
    }
}

/// The operating day that a file belongs to now, and what it waits for there.
///
/// telefones and refin join the newest day whose remessa is done; without one they wait for a remessa.
///
/// # Errors
/// The ledger cannot be read.
pub fn espera(
    db: &Db,
    etapa: &Etapa,
    data: Option<NaiveDate>,
    obrigatorios: &[String],
) -> anyhow::Result<(Option<NaiveDate>, Vec<&'static str>)> {
    if etapa.dia == DiaDe::NovaRemessa {
        let newest = dia::newest_with_remessa(db)?;
        let missing = if newest.is_some() { Vec::new() } else { vec!["remessa"] };
        return Ok((newest, missing));
    }
    let Some(data) = data else { return Ok((None, Vec::new())) };
    Ok((Some(data), Dia::le(db, data, obrigatorios)?.falta(etapa)))
}

/// Whether a file is older than the last one applied of its layout: by (data de operação, stamp), times
/// compared only where both have one (decisions 4); corrected lines may be. Returns the newer day and stamp.
///
/// # Errors
/// The ledger cannot be read.
pub fn mais_novo(
    db: &Db,
    etapa: &Etapa,
    a: &Arquivo,
    dia: Option<NaiveDate>,
) -> anyhow::Result<Option<(NaiveDate, String)>> {
    if etapa.acumula || a.corrigido() {
        return Ok(None);
    }
    // refin goes by its stamp alone, as its day is that of the import, and whether it comes as CSV or as a workbook is
    // no matter: one layout, written down twice for the sake of its two formats
    let by_name = etapa.dia == DiaDe::Nome;
    let of = (a.kind.as_str(), by_name.then_some(a.layout.as_str()));
    Ok(ledger::newer_done(db, of, dia.filter(|_| by_name), &a.carimbo)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::etapa;

    fn arquivo(kind: &str, layout: &str, estado: Estado) -> Arquivo {
        Arquivo {
            id: 1,
            kind: kind.into(),
            layout: layout.into(),
            nome: "x".into(),
            data_operacao: None,
            carimbo: "2023-08-04".into(),
            tamanho: 1,
            mtime: 0,
            sha256: "x".into(),
            codificacao: "utf-8".into(),
            estado,
            codigo: None,
            mensagem: None,
            run: None,
            caminho: "x".into(),
            substitui: None,
        }
    }

    fn dia(arquivos: Vec<Arquivo>, dispensada: Option<&str>) -> Dia {
        let d = |kind: &str| Dispensa { kind: kind.into(), motivo: "x".into(), em: "x".into() };
        let all = ["remessa", "parcelas", "garantias", "baixa", "batimento"];
        Dia {
            data: NaiveDate::MIN,
            arquivos,
            dispensas: dispensada.map(d).into_iter().collect(),
            obrigatorios: all.map(String::from).into(),
        }
    }

    #[test]
    fn so_os_acordos_baixados_concluem_a_baixa() {
        let baixa = etapa("baixa").unwrap();
        let fixed = |e| arquivo("baixa", "baixa_acordo", e);
        let new = |e| arquivo("baixa", "acordos_baixados", e);
        assert_eq!(dia(vec![fixed(Estado::Importado)], None).situacao(baixa), Situacao::Missing);
        assert_eq!(dia(vec![fixed(Estado::Importado)], Some("baixa")).situacao(baixa), Situacao::Waived);
        assert_eq!(dia(vec![new(Estado::Importado)], None).situacao(baixa), Situacao::Done);
        // any file of the step that is pending holds what follows
        let both = vec![new(Estado::Importado), fixed(Estado::Pendente)];
        assert_eq!(dia(both, Some("baixa")).situacao(baixa), Situacao::Waiting);
    }

    #[test]
    fn recusado_nao_segura_mas_a_etapa_fica_aberta() {
        let batimento = etapa("batimento").unwrap();
        let done = ["remessa", "parcelas", "garantias"].map(|k| arquivo(k, k, Estado::Importado));
        let with = |more: Arquivo| dia(done.iter().cloned().chain([more]).collect(), None);
        assert_eq!(with(arquivo("baixa", "acordos_baixados", Estado::Recusado)).falta(batimento), ["baixa"]);
        let d = with(arquivo("baixa", "acordos_baixados", Estado::Importado));
        assert!(d.falta(batimento).is_empty() && d.abertas() == ["batimento"]);
        for (estado, holds) in [(Estado::Recusado, false), (Estado::Quarentena, false), (Estado::Pendente, true)] {
            let mut files = d.arquivos.clone();
            files.push(arquivo("exclusao", "exclusao", estado));
            assert_eq!(dia(files, None).falta(batimento) == ["exclusao"], holds, "{estado:?}");
        }
        let mut files = d.arquivos.clone();
        files.push(arquivo("batimento", "batimento", Estado::Quarentena));
        assert_eq!(dia(files, None).abertas(), ["batimento"]);
    }
}
