//! Which fichas are dialable, computed from the input files alone: a second reading of decisions 2 and 4 that knows
//! nothing of atom's rules. Days are counted in business days; the period of the test has no holiday.

use super::Bed;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Estado {
    Ativo,
    /// Since this day.
    Bloqueado(usize),
    Baixado,
    Excluido,
}

struct Contrato {
    cpf: String,
    estado: Estado,
    atraso: i64,
    nao_contatar: bool,
    fone: String,
    /// Acordos, and whether each has blocked.
    acordos: BTreeMap<String, bool>,
}

/// What a row says: contract, delay, numbers.
pub type Linha = (String, i64, Vec<String>);

/// The portfolio as the files tell it.
#[derive(Default)]
pub struct Modelo {
    contratos: BTreeMap<String, Contrato>,
    enriquecidos: BTreeMap<String, Vec<String>>,
    do_portal: BTreeMap<String, Vec<String>>,
    calados: BTreeSet<String>,
}

/// The files of one operating day.
#[derive(Default)]
pub struct Arquivos {
    pub remessa: Vec<u8>,
    pub acordos: Vec<u8>,
    pub exclusao: Vec<u8>,
    pub batimento: Vec<u8>,
    pub telefones: Vec<u8>,
    pub portal: Vec<Portal>,
}

/// What the Portal writes once the files of a day are in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Portal {
    /// CPF and number with its DDD.
    Fone(String, String),
    /// CPF, and whether it is not to be contacted from now on.
    Contato(String, bool),
}

/// The rows of a CSV without its header.
fn csv(bytes: &[u8]) -> Vec<Vec<String>> {
    let text = String::from_utf8_lossy(bytes);
    text.lines().skip(1).map(|l| l.split(';').map(str::to_owned).collect()).collect()
}

/// The named columns of each line of a fixed file.
fn fixo<const N: usize>(b: &Bed, layout: &str, bytes: &[u8], campos: [&str; N]) -> Vec<[String; N]> {
    let at = campos.map(|c| b.columns(layout, c));
    let lines = bytes.split(|c| *c == b'\n').filter(|l| !l.is_empty());
    lines.map(|l| at.clone().map(|r| String::from_utf8_lossy(&l[r]).trim().to_owned())).collect()
}

impl Modelo {
    /// A whole operating day, step after step.
    pub fn dia(&mut self, b: &Bed, dia: usize, a: &Arquivos) {
        self.remessa(b, dia, &a.remessa);
        for row in csv(&a.acordos) {
            self.acordo(dia, &row[13], &row[2]);
        }
        for [contrato] in fixo(b, "exclusao", &a.exclusao, ["contrato"]) {
            if let Some(c) = self.contratos.get_mut(&contrato) {
                c.estado = Estado::Excluido;
            }
        }
        let present: BTreeSet<String> = csv(&a.batimento).into_iter().map(|r| r[0].clone()).collect();
        for (contrato, c) in &mut self.contratos {
            let leaves = match c.estado {
                Estado::Ativo => true,
                Estado::Bloqueado(d0) => dia - d0 > 3,
                _ => false,
            };
            if leaves && !present.contains(contrato) {
                c.estado = Estado::Baixado;
            }
        }
        for row in csv(&a.telefones) {
            self.enriquecidos.entry(row[0].clone()).or_default().push(row[2].clone());
        }
        for p in &a.portal {
            match p {
                Portal::Fone(cpf, fone) => {
                    if !self.fones(cpf).contains(fone) {
                        self.do_portal.entry(cpf.clone()).or_default().push(fone.clone());
                    }
                }
                Portal::Contato(cpf, false) => drop(self.calados.insert(cpf.clone())),
                Portal::Contato(cpf, true) => drop(self.calados.remove(cpf)),
            }
        }
    }

    /// The numbers of a client: its contracts', Portal's, enrichment's.
    fn fones(&self, cpf: &str) -> Vec<String> {
        let mut phones: Vec<String> = Vec::new();
        let own = self.contratos.values().filter(|c| c.cpf == cpf).map(|c| &c.fone);
        let more = [&self.do_portal, &self.enriquecidos].map(|all| all.get(cpf).into_iter().flatten());
        for f in own.chain(more.into_iter().flatten()) {
            if !phones.contains(f) {
                phones.push(f.clone());
            }
        }
        phones
    }

    fn remessa(&mut self, b: &Bed, dia: usize, bytes: &[u8]) {
        let campos = [
            "contrato",
            "cpf_cnpj_cliente",
            "dias_atraso",
            "flag_falecido",
            "flag_nao_perturbe",
            "telefone_1_ddd",
            "telefone_1_numero",
        ];
        for [contrato, cpf, atraso, falecido, perturbe, ddd, numero] in fixo(b, "remessa", bytes, campos) {
            let old = self.contratos.remove(&contrato);
            if let Some(c) = old.as_ref()
                && let Estado::Bloqueado(d0) = c.estado
                && dia - d0 <= 3
            {
                self.contratos.insert(contrato, old.unwrap());
                continue;
            }
            let zeros = |s: &str| s.trim_start_matches('0').to_owned();
            let new = Contrato {
                cpf: cpf[cpf.len() - 11..].to_owned(),
                estado: Estado::Ativo,
                atraso: atraso.parse().unwrap(),
                nao_contatar: falecido == "S" || perturbe == "S",
                fone: zeros(&ddd) + &zeros(&numero),
                acordos: old.map(|c| c.acordos).unwrap_or_default(),
            };
            self.contratos.insert(contrato, new);
        }
    }

    fn acordo(&mut self, dia: usize, contrato: &str, acordo: &str) {
        let Some(c) = self.contratos.get_mut(contrato) else { return };
        let blocked = c.acordos.entry(acordo.to_owned()).or_insert(false);
        if !*blocked && matches!(c.estado, Estado::Ativo | Estado::Bloqueado(_)) {
            *blocked = true;
            c.estado = Estado::Bloqueado(dia);
        }
    }

    /// CPF → its row.
    pub fn discaveis(&self) -> BTreeMap<String, Linha> {
        let clients: BTreeSet<&String> = self.contratos.values().map(|c| &c.cpf).collect();
        let mut out = BTreeMap::new();
        for cpf in clients {
            let own: Vec<(&String, &Contrato)> = self.contratos.iter().filter(|(_, c)| c.cpf == *cpf).collect();
            let active = own.iter().filter(|(_, c)| c.estado == Estado::Ativo);
            // they stand in the order of their text: the first of the greatest
            let row = active.rev().max_by_key(|(_, c)| c.atraso);
            let heard = !self.calados.contains(cpf) && own.iter().all(|(_, c)| !c.nao_contatar);
            let Some((contrato, c)) = row.filter(|_| heard) else { continue };
            out.insert(cpf.clone(), ((*contrato).clone(), c.atraso, self.fones(cpf)));
        }
        out
    }

    /// How many contracts stand in each situação, to see that the days were lively.
    pub fn conta(&self) -> [usize; 4] {
        let n = |f: fn(&Estado) -> bool| self.contratos.values().filter(|c| f(&c.estado)).count();
        [
            n(|e| *e == Estado::Ativo),
            n(|e| matches!(e, Estado::Bloqueado(_))),
            n(|e| *e == Estado::Baixado),
            n(|e| *e == Estado::Excluido),
        ]
    }
}
