//! Why a contract stands where it stands: its history in words, how long its block lasts, and whether and why
//! it is in the dial file (R019, R020, R022).
//!
//! Nothing personal is told: the contract, its ficha's id, files, lines, days. Which contract is dialled is
//! `domain::discagem`'s to say, here as in the exports.

use crate::config::Config;
use crate::domain::contrato;
use crate::domain::dia::{Calendario, Contagem, br};
use crate::domain::discagem::{self, Veredito};
use crate::domain::fone::Fone;
use crate::domain::situacao::Situacao;
use crate::domain::telefones;
use crate::store::db::Db;
use crate::store::historia::{self, Contrato, Passo};
use crate::store::ledger::dia;
use crate::store::{nao_contatar, portal};
use chrono::NaiveDate;
use std::collections::HashSet;

/// No contract has this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("contrato não encontrado")]
pub struct SemContrato;

/// A block as people count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bloqueio {
    /// Data de operação of the file that blocked (D0).
    pub desde: NaiveDate,
    /// The last operating day on which it holds.
    pub ate: NaiveDate,
    /// The first day whose remessa brings the contract back.
    pub alta: NaiveDate,
}

/// One thing that happened, and what it means.
#[derive(Clone, Debug)]
pub struct Fato {
    /// As recorded.
    pub passo: Passo,
    /// In words, with the rule's id.
    pub texto: String,
}

/// A contract explained.
#[derive(Clone, Debug)]
pub struct Explicacao {
    /// Its number as it is shown.
    pub contrato: String,
    /// ID_CRM of its ficha.
    pub ficha: i64,
    /// Its situação.
    pub situacao: Situacao,
    /// Its block, where BLOQUEADO and D0 is known.
    pub bloqueio: Option<Bloqueio>,
    /// It may be dialled: ATIVO, and its ficha is not NAO_CONTATAR.
    pub disca: bool,
    /// The contract that the row of its ficha carries; `None`: the ficha is not dialled.
    pub linha: Option<String>,
    /// Why it is in the dial file or not: a sentence without its end.
    pub porque: String,
    /// What brings it back, where it is not ATIVO.
    pub volta: Option<String>,
    /// Its history, oldest first.
    pub fatos: Vec<Fato>,
}

/// Explains the contract with this number; `bloqueados` are numbers that are never dialled.
///
/// # Errors
/// [`SemContrato`] when there is no such contract; the store cannot be read.
pub fn explica(db: &Db, config: &Config, bloqueados: &HashSet<Fone>, numero: &str) -> anyhow::Result<Explicacao> {
    let moment = db.snapshot()?;
    let key = contrato::chave(numero.trim()).ok().flatten().ok_or(SemContrato)?;
    let (id, ficha) = historia::procura(&moment, &key)?.ok_or(SemContrato)?;
    let all = historia::contratos(&moment, ficha)?;
    let qual = all.iter().position(|c| c.id == id).ok_or(SemContrato)?;
    let own = all.get(qual).ok_or(SemContrato)?;
    let passos = historia::passos(&moment, id)?;
    let calendario = config.calendario();
    let regra = config.bloqueio;
    let bloqueio = own.bloqueado_em.map(|d0| Bloqueio {
        desde: d0,
        ate: calendario.ultimo_dia_bloqueado(d0, regra.dias, regra.contagem),
        alta: calendario.primeira_alta(d0, regra.dias, regra.contagem),
    });
    let mut phones = historia::telefones(&moment, ficha)?;
    phones.extend(portal::telefones(&moment, ficha)?);
    let phones = telefones::une(&phones);
    let phones = telefones::discaveis(&phones, config.manager.comercial, bloqueados).len();
    let veredito = discagem::veredito(&all, qual);
    let calada = nao_contatar::da_ficha(&moment, ficha)?;
    let linha = discagem::escolhe(&all).filter(|_| calada.is_none()).map(|c| c.contrato.clone());
    Ok(Explicacao {
        contrato: own.contrato.clone(),
        ficha,
        situacao: own.posicao.situacao,
        bloqueio,
        disca: calada.is_none() && matches!(veredito, Veredito::Linha | Veredito::Outro(_)),
        porque: match (veredito, &calada) {
            (Veredito::Inativo, _) => inativo(own, all.len(), &passos, linha.as_deref()),
            (_, Some(em)) => por_tabulacao(em),
            (v, None) => ativo(own, v, phones),
        },
        volta: match (own.posicao.situacao, calada) {
            (Situacao::Ativo, Some(_)) => Some("Volta à discagem com uma tabulação que permita o contato.".into()),
            (situacao, _) => volta(situacao, bloqueio),
        },
        linha,
        fatos: fatos(passos, own, &calendario, regra.dias, regra.contagem),
    })
}

fn ativo(own: &Contrato, veredito: Veredito<'_, Contrato>, phones: usize) -> String {
    match (veredito, phones) {
        (Veredito::NaoContatar(c), _) if c.id == own.id => "o contrato está marcado para não contatar".into(),
        (Veredito::NaoContatar(c), _) => {
            format!("a ficha está marcada para não contatar, no contrato {}", c.contrato)
        }
        (Veredito::Outro(c), _) if c.posicao.dias_atraso == own.posicao.dias_atraso => {
            format!("a linha da ficha leva o contrato {}, de igual atraso e primeiro pelo número", c.contrato)
        }
        (Veredito::Outro(c), _) => {
            format!("a linha da ficha leva o contrato {}, com mais dias de atraso", c.contrato)
        }
        (_, 0) => "é o contrato da linha da ficha, mas não há telefone que se disque".into(),
        (_, 1) => "é o contrato da linha da ficha, com 1 telefone".into(),
        (_, n) => format!("é o contrato da linha da ficha, com {n} telefones"),
    }
}

/// NAO_CONTATAR by the last tabulation that sets or lifts it (decisions 4).
fn por_tabulacao(em: &str) -> String {
    let day = em.get(..10).and_then(dia).map(|d| format!(" de {}", br(d))).unwrap_or_default();
    format!("a ficha está marcada para não contatar, por uma tabulação{day}")
}

fn inativo(own: &Contrato, contratos: usize, passos: &[Passo], linha: Option<&str>) -> String {
    let since = own.bloqueado_em.or_else(|| {
        let last = passos.iter().rev().find(|p| p.para.is_some())?;
        last.dia.filter(|_| last.para == Some(own.posicao.situacao))
    });
    let what = if contratos == 1 { "única dívida" } else { "dívida" };
    let state = match own.posicao.situacao {
        Situacao::Bloqueado => "bloqueada",
        Situacao::Baixado => "baixada",
        Situacao::Excluido => "excluída pelo banco",
        Situacao::Ativo => "ativa",
    };
    let since = since.map(|d| format!(" desde {}", br(d))).unwrap_or_default();
    let row = linha.map(|c| format!("; a ficha é discada pelo contrato {c}")).unwrap_or_default();
    format!("{what} {state}{since}{row}")
}

fn volta(situacao: Situacao, bloqueio: Option<Bloqueio>) -> Option<String> {
    match (situacao, bloqueio) {
        (Situacao::Ativo, _) => None,
        (Situacao::Bloqueado, Some(b)) => {
            Some(format!("Volta à cobrança se vier na remessa de {} ou depois.", br(b.alta)))
        }
        (Situacao::Bloqueado, None) => Some("O dia do bloqueio não é conhecido: a remessa não o traz de volta.".into()),
        (Situacao::Baixado | Situacao::Excluido, _) => Some("Volta à cobrança se vier de novo na remessa.".into()),
    }
}

/// The steps in words; the day of a block is that of the step before that blocked.
fn fatos(passos: Vec<Passo>, own: &Contrato, calendario: &Calendario, dias: u32, contagem: Contagem) -> Vec<Fato> {
    let recorded = passos.iter().any(|p| p.para == Some(Situacao::Bloqueado));
    let mut d0 = own.bloqueado_em.filter(|_| !recorded);
    let mut out = Vec::with_capacity(passos.len());
    for passo in passos {
        if passo.para == Some(Situacao::Bloqueado) {
            // a late file does not move the day of a block that runs
            d0 = if passo.de == Some(Situacao::Bloqueado) { passo.dia.max(d0) } else { passo.dia };
        }
        let idade = d0.zip(passo.dia).map(|(d0, d)| calendario.idade_do_bloqueio(d0, d, contagem));
        out.push(Fato { texto: texto(&passo, idade, dias, contagem), passo });
    }
    out
}

/// A step in words. A word that is not known here stands for itself.
fn texto(p: &Passo, idade: Option<i64>, dias: u32, contagem: Contagem) -> String {
    let detail = p.detalhe.as_deref().unwrap_or_default();
    let or = |other: &str| if detail.is_empty() { other.to_owned() } else { detail.to_owned() };
    match p.regra.as_str() {
        "CRIADO" => "criado (R004)".into(),
        "ALTA" => match p.de {
            Some(Situacao::Bloqueado) => "alta: bloqueio vencido (R020)".into(),
            _ => "alta: voltou na remessa (R020)".into(),
        },
        "BLOQUEIO_VIGENTE" => {
            let day = match (idade, contagem) {
                (None, _) => "bloqueio vigente".into(),
                (Some(0), _) => "no dia do bloqueio".into(),
                (Some(n), Contagem::Uteis) => format!("{n}º dia útil de {dias}"),
                (Some(n), Contagem::Corridos) => format!("{n}º dia de {dias}"),
            };
            format!("ignorada: {day} (R020)")
        }
        "BLOQUEIO" => format!("{} (R019)", or("baixa parcial")),
        "BLOQUEIO_REINICIADO" => format!("{}: recomeça o bloqueio (R019)", or("novo acordo")),
        "BLOQUEIO_MANTIDO" => format!("{}: o bloqueio em curso já conta de dia posterior (R019)", or("novo acordo")),
        "ACORDO_CONHECIDO" => format!("{} já conhecido: nada muda (R019)", or("acordo")),
        "CONTRATO_NAO_ATIVO" => format!("{} guardado: contrato não ativo (UC004)", or("acordo")),
        "EXCLUSAO" => format!("{} (UC005)", or("retirado pelo banco")),
        "BATIMENTO" => "não está no batimento (R022)".into(),
        "REMESSA_POSTERIOR" => {
            let rule = if p.kind == "batimento" { "R022" } else { "UC005" };
            format!("mantido: veio em remessa posterior ({rule})")
        }
        "ENRIQUECIMENTO" => format!("{} (R023)", or("+ telefone")),
        "REFIN" => format!("{} (R026)", or("oferta de refinanciamento")),
        other if detail.is_empty() => other.to_owned(),
        other => format!("{other}: {detail}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::discagem::Posicao;

    fn passo(dia: &str, regra: &str, para: Option<Situacao>, detalhe: Option<&str>) -> Passo {
        Passo {
            run: 1,
            dia: Some(dia.parse().unwrap()),
            em: String::new(),
            kind: "remessa".into(),
            arquivo: None,
            linha: Some(1),
            regra: regra.into(),
            de: None,
            para,
            detalhe: detalhe.map(str::to_owned),
        }
    }

    fn textos(passos: Vec<Passo>, contagem: Contagem) -> Vec<String> {
        let own = Contrato {
            id: 1,
            contrato: "1001".into(),
            posicao: Posicao { situacao: Situacao::Bloqueado, nao_contatar: false, dias_atraso: None },
            bloqueado_em: Some("2023-08-04".parse().unwrap()),
        };
        let all = fatos(passos, &own, &Calendario::default(), 3, contagem);
        all.into_iter().map(|f| f.texto).collect()
    }

    #[test]
    fn r020_o_dia_do_bloqueio_conta_do_ultimo_que_bloqueou() {
        let bloqueado = Some(Situacao::Bloqueado);
        let passos = || {
            vec![
                passo("2023-08-04", "BLOQUEIO", bloqueado, Some("acordo 771")),
                passo("2023-08-04", "BLOQUEIO_VIGENTE", None, None),
                passo("2023-08-07", "BLOQUEIO_VIGENTE", None, None),
                passo("2023-08-08", "BLOQUEIO_REINICIADO", bloqueado, Some("acordo 772")),
                passo("2023-08-10", "BLOQUEIO_VIGENTE", None, None),
            ]
        };
        assert_eq!(
            textos(passos(), Contagem::Uteis),
            [
                "acordo 771 (R019)",
                "ignorada: no dia do bloqueio (R020)",
                "ignorada: 1º dia útil de 3 (R020)",
                "acordo 772: recomeça o bloqueio (R019)",
                "ignorada: 2º dia útil de 3 (R020)"
            ]
        );
        assert_eq!(textos(passos(), Contagem::Corridos)[2], "ignorada: 3º dia de 3 (R020)");
        // the step that blocked was not recorded: the contract's own day
        let only = vec![passo("2023-08-09", "BLOQUEIO_VIGENTE", None, None)];
        assert_eq!(textos(only, Contagem::Uteis), ["ignorada: 3º dia útil de 3 (R020)"]);
    }

    #[test]
    fn uma_palavra_desconhecida_fica_como_esta() {
        let passos = vec![passo("2023-08-04", "COISA_NOVA", None, None), passo("2023-08-04", "OUTRA", None, Some("x"))];
        assert_eq!(textos(passos, Contagem::Uteis), ["COISA_NOVA", "OUTRA: x"]);
    }
}
