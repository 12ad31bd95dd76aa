//! The cascade (UC008): from the surest sign of a client to the weakest, and what tells several apart. Pure.

/// By what a client was found, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// A tabulation of the Portal names the attendance, or an event that follows one that is linked.
    Attendance,
    /// OMNE knows our ID_CRM.
    Crm,
    /// CPF or CNPJ.
    Documento,
    /// A number that the client lists.
    Fone,
    /// An address of the client.
    Email,
    /// A template message of ours, by number, template and time.
    Hsm,
}

impl Via {
    /// WH6: the order.
    pub const CASCATA: [Self; 5] = [Self::Attendance, Self::Crm, Self::Documento, Self::Fone, Self::Email];

    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Attendance => "ATTENDANCE",
            Self::Crm => "CRM",
            Self::Documento => "DOCUMENTO",
            Self::Fone => "FONE",
            Self::Email => "EMAIL",
            Self::Hsm => "HSM",
        }
    }

    /// The provisional tabulation's name (UC008/FA001–FA005).
    pub const fn tabulacao(self) -> &'static str {
        match self {
            Self::Crm => "Ação massiva",
            _ => "Tabulação genérica",
        }
    }
}

/// A client who may be meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidato {
    /// Its ficha.
    pub ficha: i64,
    /// It has an active contract.
    pub ativo: bool,
    /// The last mass action to the number or address, local time.
    pub massiva: Option<String>,
}

impl Candidato {
    /// The only one: nothing needs to tell it apart.
    pub fn um_so(ficha: i64) -> Self {
        Self { ficha, ..Self::default() }
    }
}

/// What the cascade says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decisao {
    /// This client, found by that.
    Ficha(Via, i64),
    /// Several, and no rule picks one: never guessed.
    Ambiguo,
    /// Nobody.
    Nenhuma,
}

/// Asks step by step who may be meant; the first step that finds anybody decides.
///
/// # Errors
/// Those of `busca`.
pub fn decide<E>(mut busca: impl FnMut(Via) -> Result<Vec<Candidato>, E>) -> Result<Decisao, E> {
    for via in Via::CASCATA {
        let found = busca(via)?;
        if !found.is_empty() {
            return Ok(escolhe(via, &found).map_or(Decisao::Ambiguo, |f| Decisao::Ficha(via, f)));
        }
    }
    Ok(Decisao::Nenhuma)
}

/// Of several, by number or address: the only one with an active contract, else the one with the latest mass action.
fn escolhe(via: Via, todos: &[Candidato]) -> Option<i64> {
    if let [one] = todos {
        return Some(one.ficha);
    }
    if !matches!(via, Via::Fone | Via::Email) {
        return None;
    }
    let mut active = todos.iter().filter(|c| c.ativo);
    if let (Some(one), None) = (active.next(), active.next()) {
        return Some(one.ficha);
    }
    let last = todos.iter().filter_map(|c| c.massiva.as_ref()).max()?;
    let mut latest = todos.iter().filter(|c| c.massiva.as_ref() == Some(last));
    match (latest.next(), latest.next()) {
        (Some(one), None) => Some(one.ficha),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    fn c(ficha: i64, ativo: bool, massiva: &str) -> Candidato {
        Candidato { ficha, ativo, massiva: Some(massiva.to_owned()).filter(|m| !m.is_empty()) }
    }

    fn por(via: Via, todos: &[Candidato]) -> Decisao {
        decide(|v| Ok::<_, Infallible>(if v == via { todos.to_vec() } else { Vec::new() })).unwrap()
    }

    #[test]
    fn wh6_o_primeiro_passo_que_acha_alguem_decide() {
        for (i, via) in Via::CASCATA.into_iter().enumerate() {
            let mut asked = Vec::new();
            let said = decide(|v| {
                asked.push(v);
                let at = Via::CASCATA.iter().position(|c| *c == v).unwrap();
                Ok::<_, Infallible>(if at >= i {
                    vec![Candidato::um_so(i64::try_from(at).unwrap())]
                } else {
                    Vec::new()
                })
            });
            assert_eq!(said.unwrap(), Decisao::Ficha(via, i64::try_from(i).unwrap()));
            assert_eq!(asked, Via::CASCATA[..=i]);
        }
        assert_eq!(por(Via::Email, &[]), Decisao::Nenhuma);
    }

    #[test]
    fn de_varios_o_unico_ativo_depois_a_ultima_massiva_senao_ambiguo() {
        for via in [Via::Fone, Via::Email] {
            let of = |all: &[Candidato]| match por(via, all) {
                Decisao::Ficha(v, f) if v == via => Some(f),
                Decisao::Ambiguo => None,
                other => panic!("{other:?}"),
            };
            assert_eq!(of(&[c(1, false, "2023-08-03"), c(2, true, "")]), Some(2));
            assert_eq!(of(&[c(1, true, "2023-08-03"), c(2, true, "2023-08-02")]), Some(1));
            assert_eq!(of(&[c(1, false, ""), c(2, false, "2023-08-02")]), Some(2));
            assert_eq!(of(&[c(1, true, "2023-08-03"), c(2, true, "2023-08-03")]), None);
            assert_eq!(of(&[c(1, true, ""), c(2, true, "")]), None);
        }
    }

    #[test]
    fn dois_clientes_por_documento_ou_crm_sao_ambiguos() {
        for via in [Via::Crm, Via::Documento] {
            assert_eq!(por(via, &[c(1, true, "2023-08-03"), c(2, false, "")]), Decisao::Ambiguo);
        }
    }
}
