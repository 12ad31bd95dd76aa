//! Where a field of remessa is stored. Of contact fields the name tells it: `telefone_3_ramal` is column `ramal` of the
//! third phone.

use super::{Field, Part};

/// What a contact field belongs to; each kind has a table of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grupo {
    /// `telefone_N_…`
    Telefone,
    /// `endereco_N_…`
    Endereco,
    /// `email_N`
    Email,
}

impl Grupo {
    /// The first word of its fields, and its table's name.
    pub const fn nome(self) -> &'static str {
        match self {
            Self::Telefone => "telefone",
            Self::Endereco => "endereco",
            Self::Email => "email",
        }
    }
}

/// A contact field, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contato {
    /// Its group.
    pub grupo: Grupo,
    /// Position, from 1.
    pub ordem: i64,
    /// What it is within the group.
    pub coluna: String,
}

/// Name of the table and of the column; `None`: a contact field whose name cannot be taken apart.
pub fn lugar(f: &Field) -> Option<(&'static str, String)> {
    let table = match f.of {
        Some(Part::Ficha) => "ficha",
        Some(Part::Divida) => "divida",
        // the number stands beside its key, all the rest in a table of its own
        Some(Part::Contrato) | None if f.name == "contrato" => "contrato",
        Some(Part::Contrato) | None => "cadastro",
        Some(Part::Contato) => return contato(&f.name).map(|c| (c.grupo.nome(), c.coluna)),
    };
    Some((table, f.name.clone()))
}

/// Takes the name of a contact field apart.
pub fn contato(name: &str) -> Option<Contato> {
    let (base, rest) = name.split_once('_')?;
    let (n, column) = rest.split_once('_').unwrap_or((rest, base));
    let grupo = [Grupo::Telefone, Grupo::Endereco, Grupo::Email].into_iter().find(|g| g.nome() == base)?;
    Some(Contato { grupo, ordem: n.parse().ok().filter(|n| *n > 0)?, coluna: column.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn campos_de_contato_viram_linhas() {
        let c = |grupo, ordem, coluna: &str| Some(Contato { grupo, ordem, coluna: coluna.into() });
        assert_eq!(contato("telefone_10_situacao"), c(Grupo::Telefone, 10, "situacao"));
        assert_eq!(contato("email_2"), c(Grupo::Email, 2, "email"));
        assert_eq!(contato("referencia_1_nome"), None);
        assert_eq!(contato("telefone_x"), None);
    }
}
