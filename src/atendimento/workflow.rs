//! The back office's rules (UC012): which statuses there are, which of them close, what a change needs, what is searched.

use super::recusa::Recusa;
use super::{By, consulta};
use crate::clock::Agora;
use crate::domain::contrato;
use crate::domain::texto::sem_acento;
use crate::store::Store;
use crate::store::db::Db;
use crate::store::fila;
use crate::store::workflow as itens;
use chrono::{NaiveDate, TimeDelta};

/// The status that has a day.
pub const AGENDAMENTO: &str = "Agendamento de Contato";

/// The statuses of UC012, a closed list: text, whether it closes the item.
pub const ESTADOS: [(&str, bool); 11] = [
    ("Acordo Realizado", true),
    (AGENDAMENTO, false),
    ("Proposta enviada para o Pan", false),
    ("Sem condições de Pagamento - Atraso de salário", true),
    ("Sem condições de Pagamento - Desemprego", true),
    ("Sem condições de Pagamento - Redução de Renda", true),
    ("Sem condições de Pagamento - Doença", true),
    ("Sem condições de Pagamento - Financiou para Terceiros", true),
    ("Sem condições de Pagamento - Bem Furtado/Roubado", true),
    ("Sem condições de Pagamento - Óbito/Falecimento", true),
    ("Sem condições de Pagamento - Débito em Outras Instituições", true),
];

/// What was indicated: stored, shown.
pub const TIPOS: [(&str, &str); 2] = [("REFIN", "Refinanciamento"), ("EA", "Entrega amigável")];

/// Letters of a note.
pub const NOTA: usize = 1000;
/// Clients that a search shows.
pub const ACHADOS: usize = 50;
/// Newest items whose names a search looks at.
const ALCANCE: i64 = 100_000;
/// A contact is agreed at most so many days ahead.
const ADIANTE: i64 = 366;
/// Letters of a name, at least.
const LETRAS: usize = 3;

/// A change as the form has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pedido {
    /// The version that the form showed.
    pub versao: i64,
    /// The next status.
    pub estado: String,
    /// What is noted.
    pub nota: String,
    /// The day of the next contact, `AAAA-MM-DD`.
    pub agendado_para: String,
}

/// The text of a type.
pub fn tipo(codigo: &str) -> &str {
    TIPOS.iter().find(|(c, _)| *c == codigo).map_or(codigo, |(_, t)| t)
}

/// Changes an item, in an open transaction of `atendimento.db`: one change, one event. The same form sent again by the
/// same person, where nothing came between, is no other change: `false`.
///
/// # Errors
/// `Campos`: no status of the list, no or no possible day for [`AGENDAMENTO`], a day for another, too long a note.
/// `Alterado`: somebody changed it since, or it is closed. `NaoEncontrado`.
pub fn muda(db: &Db, id: i64, pedido: &Pedido, quem: &str, agora: &Agora) -> Result<bool, Recusa> {
    let Some((estado, fecha)) = ESTADOS.into_iter().find(|(e, _)| *e == pedido.estado) else {
        return Err(Recusa::campo("estado", "escolha um dos status da lista"));
    };
    let nota = nota(&pedido.nota);
    if nota.chars().count() > NOTA {
        return Err(Recusa::campo("nota", format!("a observação tem no máximo {NOTA} caracteres")));
    }
    let dia = if estado == AGENDAMENTO { Some(dia(&pedido.agendado_para, agora)?) } else { None };
    if dia.is_none() && !pedido.agendado_para.trim().is_empty() {
        return Err(Recusa::campo("agendado_para", format!("o dia do contato só vale em {AGENDAMENTO}; apague-o")));
    }
    let Some(item) = itens::um(db, id)? else { return Err(Recusa::NaoEncontrado) };
    let change = itens::Mudanca {
        versao: pedido.versao,
        estado,
        fecha,
        agendado_para: dia.as_deref(),
        nota: (!nota.is_empty()).then_some(nota.as_str()),
        quem,
        em: &agora.iso(),
    };
    if itens::muda(db, id, &change)? {
        return Ok(true);
    }
    let last = itens::eventos(db, id, None, 1)?.pop();
    let same = |e: &itens::Evento| {
        (e.quem.as_str(), e.para.as_str(), e.nota.as_deref()) == (quem, estado, change.nota)
            && e.agendado_para == dia
            && e.de.is_some()
            && e.tabulacao.is_none()
    };
    let twice = pedido.versao.checked_add(1) == Some(item.versao) && last.as_ref().is_some_and(same);
    if twice { Ok(false) } else { Err(Recusa::Alterado) }
}

/// A note as it is kept: line breaks and letters, nothing that acts.
fn nota(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let kept: String = text.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
    kept.trim().to_owned()
}

fn dia(text: &str, agora: &Agora) -> Result<String, Recusa> {
    let today = agora.date();
    let day = text.trim().parse::<NaiveDate>().ok();
    match day.filter(|d| *d >= today && *d - today <= TimeDelta::days(ADIANTE)) {
        Some(d) => Ok(d.to_string()),
        None => Err(Recusa::campo("agendado_para", "informe o dia do contato, de hoje a um ano")),
    }
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Achados {
    /// The clients, at most [`ACHADOS`].
    pub fichas: Vec<i64>,
    /// Whether there are more.
    pub mais: bool,
}

/// Clients of items by contract, CPF or CNPJ, number (`ficha 12`), or a part of the name (its words, in any order, without accents).
///
/// # Errors
/// `Campos`: too short. The store cannot be read.
pub fn procura(store: &Store, texto: &str) -> Result<Achados, Recusa> {
    let text = texto.trim();
    // as the queue names an item without a contract
    let number = text.get(..5).filter(|t| t.eq_ignore_ascii_case("ficha")).and_then(|_| text.get(5..));
    if let Some(id) = number.and_then(|n| n.trim().parse::<i64>().ok()) {
        return Ok(Achados { fichas: vec![id], mais: false });
    }
    for by in [By::Cpf, By::Contrato] {
        let ids = if text.chars().any(|c| c.is_ascii_digit()) {
            consulta::procura(&store.db, Some(by), text)?
        } else {
            Vec::new()
        };
        if !ids.is_empty() {
            return Ok(Achados { fichas: ids, mais: false });
        }
    }
    let words: Vec<String> = dobra(text).split_whitespace().map(str::to_owned).collect();
    if words.iter().map(|w| w.chars().count()).max().unwrap_or(0) < LETRAS {
        return Err(Recusa::campo("busca", "informe o contrato, o CPF ou ao menos 3 letras do nome"));
    }
    // a number that nobody has is no part of a name
    if matches!(contrato::chave(text), Ok(Some(_))) && text.chars().any(|c| c.is_ascii_digit()) {
        return Ok(Achados::default());
    }
    let wanted = |name: &str| {
        let name = dobra(name);
        words.iter().all(|w| name.contains(w.as_str()))
    };
    let mut fichas = fila::por_nome(&store.db, ALCANCE, ACHADOS + 1, wanted)?;
    let mais = fichas.len() > ACHADOS;
    fichas.truncate(ACHADOS);
    Ok(Achados { fichas, mais })
}

/// Capitals without accents.
fn dobra(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).map(sem_acento).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn uc012_onze_status_e_quais_encerram() {
        let closing = |e: &str| ESTADOS.iter().find(|(n, _)| *n == e).map(|(_, f)| *f);
        assert_eq!(ESTADOS.iter().filter(|(_, f)| *f).count(), 9);
        assert_eq!(closing("Acordo Realizado"), Some(true));
        assert_eq!(closing("Agendamento de Contato"), Some(false));
        assert_eq!(closing("Proposta enviada para o Pan"), Some(false));
        assert!(ESTADOS.iter().all(|(e, f)| *f == (e.starts_with("Sem condições") || *e == "Acordo Realizado")));
        assert_eq!(closing(crate::atendimento::tabulacao::SEM_TRATATIVA), None, "nobody can put an item back there");
    }

    #[test]
    fn o_dia_de_um_contato_e_de_hoje_a_um_ano() {
        let now = Clock::from_env(Some("2023-08-04T23:30:00-03:00")).unwrap().now();
        for (text, good) in [
            ("2023-08-04", true),
            (" 2024-08-04 ", true),
            ("2024-08-05", false),
            ("2023-08-03", false),
            ("04/08/2023", false),
            ("", false),
            ("2023-02-30", false),
        ] {
            assert_eq!(dia(text, &now).is_ok(), good, "{text}");
        }
    }

    #[test]
    fn uma_nota_guarda_linhas_e_nada_que_aja() {
        assert_eq!(nota("  a\r\nb\u{1b}[2J\tc\0 \n"), "a\nb[2Jc");
        assert_eq!(dobra("João d'Ávila ção"), "JOAO D'AVILA CAO");
    }
}
