//! Which contract of a ficha is dialled, if any (decisions 4, UC003).

use super::situacao::{Situacao, discavel};

/// A contract as far as the choice looks at it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Posicao {
    /// Its situação.
    pub situacao: Situacao,
    /// flag_falecido or flag_nao_perturbe is S on its last accepted line.
    pub nao_contatar: bool,
    /// Days of delay; none counts as least.
    pub dias_atraso: Option<i64>,
}

/// A contract among which one is chosen.
pub trait Discado {
    /// What the choice looks at.
    fn posicao(&self) -> Posicao;
}

/// The contract that Manager gets: the active one with most days of delay; `None` when the ficha is not
/// dialable (no active contract, or NAO_CONTATAR on any of them). `contratos` stand in the order of their
/// text, so that of equals the first is kept.
pub fn escolhe<C: Discado>(contratos: &[C]) -> Option<&C> {
    if contratos.iter().any(|c| c.posicao().nao_contatar) {
        return None;
    }
    let active = contratos.iter().filter(|c| discavel(Some(c.posicao().situacao)));
    active.reduce(|best, c| if c.posicao().dias_atraso > best.posicao().dias_atraso { c } else { best })
}

/// Why a contract is in the dial file or not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Veredito<'a, C> {
    /// The row of its ficha carries it.
    Linha,
    /// It may be dialled, but the row carries this other one.
    Outro(&'a C),
    /// Its ficha must not be contacted, for what stands on this contract.
    NaoContatar(&'a C),
    /// It is not ATIVO.
    Inativo,
}

/// The verdict of [`escolhe`] seen from one contract of the ficha, `contratos[qual]`.
pub fn veredito<C: Discado>(contratos: &[C], qual: usize) -> Veredito<'_, C> {
    if !contratos.get(qual).is_some_and(|c| discavel(Some(c.posicao().situacao))) {
        return Veredito::Inativo;
    }
    if let Some(c) = contratos.iter().find(|c| c.posicao().nao_contatar) {
        return Veredito::NaoContatar(c);
    }
    match escolhe(contratos) {
        Some(row) if !contratos.get(qual).is_some_and(|c| std::ptr::eq(c, row)) => Veredito::Outro(row),
        _ => Veredito::Linha,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct C(Situacao, bool, Option<i64>, &'static str);

    impl Discado for C {
        fn posicao(&self) -> Posicao {
            Posicao { situacao: self.0, nao_contatar: self.1, dias_atraso: self.2 }
        }
    }

    fn chosen(all: &[C]) -> Option<&'static str> {
        escolhe(all).map(|c| c.3)
    }

    #[test]
    fn o_ativo_mais_atrasado_e_dos_iguais_o_primeiro_pelo_texto() {
        use Situacao::{Ativo, Baixado, Bloqueado};
        assert_eq!(
            chosen(&[
                C(Ativo, false, Some(10), "a"),
                C(Ativo, false, Some(90), "b"),
                C(Ativo, false, Some(90), "c"),
                C(Bloqueado, false, Some(200), "d")
            ]),
            Some("b")
        );
        assert_eq!(chosen(&[C(Ativo, false, None, "a"), C(Ativo, false, Some(0), "b")]), Some("b"));
        assert_eq!(chosen(&[C(Baixado, false, Some(1), "a"), C(Bloqueado, false, Some(1), "b")]), None);
    }

    #[test]
    fn nao_contatar_em_qualquer_contrato_tira_a_ficha() {
        assert_eq!(chosen(&[C(Situacao::Ativo, false, None, "a"), C(Situacao::Baixado, true, None, "b")]), None);
    }

    #[test]
    fn o_veredito_de_cada_contrato_e_o_da_escolha() {
        use Situacao::{Ativo, Bloqueado};
        let of = |all: &[C], i| match veredito(all, i) {
            Veredito::Linha => "linha".to_owned(),
            Veredito::Outro(c) => format!("outro {}", c.3),
            Veredito::NaoContatar(c) => format!("nao contatar {}", c.3),
            Veredito::Inativo => "inativo".to_owned(),
        };
        let all = [C(Ativo, false, Some(9), "a"), C(Ativo, false, Some(9), "b"), C(Bloqueado, false, Some(99), "c")];
        assert_eq!([0, 1, 2, 3].map(|i| of(&all, i)), ["linha", "outro a", "inativo", "inativo"]);
        let all = [C(Ativo, false, None, "a"), C(Bloqueado, true, None, "b")];
        assert_eq!([0, 1].map(|i| of(&all, i)), ["nao contatar b", "inativo"]);
    }
}
