//! The situação of a contrato and every transition it can make (R019, R020,
//! R022, UC004–UC006): the state table of decisions 2, one function an event.
//!
//! Architecture invariant: nothing else in the program decides a situação. The
//! steps hand in what they read and what is stored, and carry out the outcome:
//! its new situação is `para()`, its place in the account `codigo()`.

use super::codigo::Codigo;

/// The situação of one contrato.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Situacao {
    /// In collection: base ativa.
    Ativo,
    /// Baixa Parcial: an acordo waits for its payment to clear (UC004).
    Bloqueado,
    /// Closed by absence from batimento (R022).
    Baixado,
    /// Withdrawn by the bank (UC005); soft, the rows stay.
    Excluido,
}

impl Situacao {
    /// Every situação.
    pub const TODAS: [Self; 4] = [Self::Ativo, Self::Bloqueado, Self::Baixado, Self::Excluido];

    /// The stored text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ativo => "ATIVO",
            Self::Bloqueado => "BLOQUEADO",
            Self::Baixado => "BAIXADO",
            Self::Excluido => "EXCLUIDO",
        }
    }

    /// Reads the stored text back; `None` for any other.
    #[must_use]
    pub fn parse(texto: &str) -> Option<Self> {
        Self::TODAS.into_iter().find(|s| s.as_str() == texto)
    }
}

/// The status of a ficha, derived from its contratos and never stored (R019, UC006).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum StatusFicha {
    /// Every contrato BAIXADO or EXCLUIDO.
    TodosContratosBaixados,
    /// Otherwise, some contrato BLOQUEADO.
    BloqueioParcial,
    /// Otherwise.
    Ativo,
}

impl StatusFicha {
    /// The label, as the spec writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TodosContratosBaixados => "TODOS CONTRATOS BAIXADOS",
            Self::BloqueioParcial => "BLOQUEIO PARCIAL",
            Self::Ativo => "ATIVO",
        }
    }
}

/// The status of a ficha with these contratos. None at all counts as all closed:
/// there is nothing to collect.
#[must_use]
pub fn status_da_ficha(contratos: impl IntoIterator<Item = Situacao>) -> StatusFicha {
    let mut status = StatusFicha::TodosContratosBaixados;
    for situacao in contratos {
        match situacao {
            Situacao::Bloqueado => return StatusFicha::BloqueioParcial,
            Situacao::Ativo => status = StatusFicha::Ativo,
            Situacao::Baixado | Situacao::Excluido => {}
        }
    }
    status
}

/// Whether a block of this age, in days, still holds: up to and including
/// `dias`. An unknown age holds: better a day without a call than a call to
/// somebody who has paid.
#[must_use]
pub fn bloqueio_vigente(idade: Option<i64>, dias: u32) -> bool {
    idade.is_none_or(|idade| idade <= i64::from(dias))
}

/// What a remessa line does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PorRemessa {
    /// A new contrato, ATIVO.
    Cria,
    /// Its data are updated; it is ATIVO already.
    Atualiza,
    /// The line is ignored whole: BLOQUEIO_VIGENTE (R020).
    Ignora,
    /// Its data are updated and it is back in collection.
    Alta,
}

impl PorRemessa {
    /// The new situação; `None`: as it was.
    #[must_use]
    pub const fn para(self) -> Option<Situacao> {
        match self {
            Self::Cria | Self::Alta => Some(Situacao::Ativo),
            Self::Atualiza | Self::Ignora => None,
        }
    }

    /// The code under which the line is ignored.
    #[must_use]
    pub const fn codigo(self) -> Option<Codigo> {
        match self {
            Self::Ignora => Some(Codigo::BloqueioVigente),
            Self::Cria | Self::Atualiza | Self::Alta => None,
        }
    }
}

/// A remessa line (R020) meets a contrato: `atual` is its situação and, where
/// BLOQUEADO, the age of the block in days; `None` when it is unknown.
#[must_use]
pub fn remessa(atual: Option<(Situacao, Option<i64>)>, dias: u32) -> PorRemessa {
    match atual {
        None => PorRemessa::Cria,
        Some((Situacao::Ativo, _)) => PorRemessa::Atualiza,
        Some((Situacao::Bloqueado, idade)) if bloqueio_vigente(idade, dias) => PorRemessa::Ignora,
        Some((Situacao::Bloqueado | Situacao::Baixado | Situacao::Excluido, _)) => PorRemessa::Alta,
    }
}

/// Whether an acordo has blocked its contrato before; the key is (contrato,
/// numero_acordo). One that was only stored is still new.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Acordo {
    /// It never blocked this contrato.
    Novo,
    /// It did, once.
    Conhecido,
}

/// What a line of baixa (Acordos Baixados) does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PorBaixa {
    /// Rejected CONTRATO_DESCONHECIDO.
    Rejeita,
    /// BLOQUEADO, and the block starts on the day of the file.
    Bloqueia,
    /// Still BLOQUEADO, and the block starts again on the day of the file.
    Reinicia,
    /// Nothing changes, the date of a block neither.
    Mantem,
    /// The acordo is stored and stays new; the line is ignored CONTRATO_NAO_ATIVO.
    Guarda,
}

impl PorBaixa {
    /// The new situação; `None`: as it was.
    #[must_use]
    pub const fn para(self) -> Option<Situacao> {
        match self {
            Self::Bloqueia | Self::Reinicia => Some(Situacao::Bloqueado),
            Self::Rejeita | Self::Mantem | Self::Guarda => None,
        }
    }

    /// The code under which the line is rejected or ignored.
    #[must_use]
    pub const fn codigo(self) -> Option<Codigo> {
        match self {
            Self::Rejeita => Some(Codigo::ContratoDesconhecido),
            Self::Guarda => Some(Codigo::ContratoNaoAtivo),
            Self::Bloqueia | Self::Reinicia | Self::Mantem => None,
        }
    }
}

/// A line of baixa (UC004, R019) meets a contrato. The age of a block plays no
/// part: a new acordo restarts it, a known one never does.
#[must_use]
pub fn baixa(atual: Option<Situacao>, acordo: Acordo) -> PorBaixa {
    match (atual, acordo) {
        (None, _) => PorBaixa::Rejeita,
        (Some(Situacao::Baixado | Situacao::Excluido), _) => PorBaixa::Guarda,
        (Some(Situacao::Ativo | Situacao::Bloqueado), Acordo::Conhecido) => PorBaixa::Mantem,
        (Some(Situacao::Ativo), Acordo::Novo) => PorBaixa::Bloqueia,
        (Some(Situacao::Bloqueado), Acordo::Novo) => PorBaixa::Reinicia,
    }
}

/// What a line of exclusao does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PorExclusao {
    /// Rejected CONTRATO_DESCONHECIDO.
    Rejeita,
    /// Withdrawn.
    Exclui,
    /// EXCLUIDO already: unchanged.
    Mantem,
    /// A later remessa brought it: ignored REMESSA_POSTERIOR.
    Ignora,
}

impl PorExclusao {
    /// The new situação; `None`: as it was.
    #[must_use]
    pub const fn para(self) -> Option<Situacao> {
        match self {
            Self::Exclui => Some(Situacao::Excluido),
            Self::Rejeita | Self::Mantem | Self::Ignora => None,
        }
    }

    /// The code under which the line is rejected or ignored.
    #[must_use]
    pub const fn codigo(self) -> Option<Codigo> {
        match self {
            Self::Rejeita => Some(Codigo::ContratoDesconhecido),
            Self::Ignora => Some(Codigo::RemessaPosterior),
            Self::Exclui | Self::Mantem => None,
        }
    }
}

/// A line of exclusao (UC005) meets a contrato; `posterior`: its last accepted
/// remessa is of a later day than the file.
#[must_use]
pub fn exclusao(atual: Option<Situacao>, posterior: bool) -> PorExclusao {
    match atual {
        None => PorExclusao::Rejeita,
        Some(_) if posterior => PorExclusao::Ignora,
        Some(Situacao::Excluido) => PorExclusao::Mantem,
        Some(Situacao::Ativo | Situacao::Bloqueado | Situacao::Baixado) => PorExclusao::Exclui,
    }
}

/// What absence from batimento does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PorAusencia {
    /// Closed; counts among the closings of the brake.
    Baixa,
    /// As it was (stand-by, or closed already).
    Mantem,
    /// It would close, but a later remessa brought it: a warning REMESSA_POSTERIOR.
    MantemPosterior,
}

impl PorAusencia {
    /// The new situação; `None`: as it was.
    #[must_use]
    pub const fn para(self) -> Option<Situacao> {
        match self {
            Self::Baixa => Some(Situacao::Baixado),
            Self::Mantem | Self::MantemPosterior => None,
        }
    }

    /// The code of the warning.
    #[must_use]
    pub const fn codigo(self) -> Option<Codigo> {
        match self {
            Self::MantemPosterior => Some(Codigo::RemessaPosterior),
            Self::Baixa | Self::Mantem => None,
        }
    }
}

/// A stored contrato is absent from batimento (R022); `idade` is the age of its
/// block in days, `posterior` as in [`exclusao`].
#[must_use]
pub fn batimento_ausente(atual: Situacao, idade: Option<i64>, dias: u32, posterior: bool) -> PorAusencia {
    let closes = match atual {
        Situacao::Ativo => true,
        Situacao::Bloqueado => !bloqueio_vigente(idade, dias),
        Situacao::Baixado | Situacao::Excluido => false,
    };
    match (closes, posterior) {
        (true, false) => PorAusencia::Baixa,
        (true, true) => PorAusencia::MantemPosterior,
        (false, _) => PorAusencia::Mantem,
    }
}

/// What presence in batimento does: never an alta (R022).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PorPresenca {
    /// Rejected CONTRATO_DESCONHECIDO.
    Rejeita,
    /// As it was, counted unchanged.
    Mantem,
}

impl PorPresenca {
    /// The code under which the line is rejected.
    #[must_use]
    pub const fn codigo(self) -> Option<Codigo> {
        match self {
            Self::Rejeita => Some(Codigo::ContratoDesconhecido),
            Self::Mantem => None,
        }
    }
}

/// A line of batimento names a contrato.
#[must_use]
pub const fn batimento_presente(atual: Option<Situacao>) -> PorPresenca {
    match atual {
        None => PorPresenca::Rejeita,
        Some(_) => PorPresenca::Mantem,
    }
}

/// Whether a contrato may be dialled or messaged: only ATIVO, so a block that
/// has run out waits for its alta. NAO_CONTATAR is looked at besides.
#[must_use]
pub const fn discavel(atual: Option<Situacao>) -> bool {
    matches!(atual, Some(Situacao::Ativo))
}

#[cfg(test)]
#[path = "situacao_tests.rs"]
mod tests;
