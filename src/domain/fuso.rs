//! The hour where a phone is, by its DDD (decisions 7: contact window "by the zone of the DDD").
//!
//! Zones are told by name, not by offset, so that a change of clocks in the zone's tables is followed. A DDD that
//! lies in two zones has both: people are contacted only when it is a decent hour in each of them. Fernando de
//! Noronha is passed over: its 3,000 people would cost all of Recife's DDD an hour a day.

/// A zone of Brazil.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fuso {
    /// America/Araguaina: Tocantins.
    Araguaina,
    /// America/Bahia.
    Bahia,
    /// America/Belem: Pará, Amapá.
    Belem,
    /// `America/Boa_Vista`: Roraima.
    BoaVista,
    /// `America/Campo_Grande`: Mato Grosso do Sul.
    CampoGrande,
    /// America/Cuiaba: Mato Grosso.
    Cuiaba,
    /// America/Eirunepe: the west of Amazonas.
    Eirunepe,
    /// America/Fortaleza: Ceará, Maranhão, Piauí, Rio Grande do Norte, Paraíba.
    Fortaleza,
    /// America/Maceio: Alagoas, Sergipe.
    Maceio,
    /// America/Manaus: Amazonas.
    Manaus,
    /// `America/Porto_Velho`: Rondônia.
    PortoVelho,
    /// America/Recife: Pernambuco.
    Recife,
    /// `America/Rio_Branco`: Acre.
    RioBranco,
    /// `America/Sao_Paulo`: the south, the south-east, Goiás and the federal district.
    SaoPaulo,
}

impl Fuso {
    /// All of them.
    pub const TODOS: [Self; 14] = [
        Self::Araguaina,
        Self::Bahia,
        Self::Belem,
        Self::BoaVista,
        Self::CampoGrande,
        Self::Cuiaba,
        Self::Eirunepe,
        Self::Fortaleza,
        Self::Maceio,
        Self::Manaus,
        Self::PortoVelho,
        Self::Recife,
        Self::RioBranco,
        Self::SaoPaulo,
    ];
}

/// The zones of a DDD, one of [`DDDS`](super::fone::DDDS).
#[must_use]
pub const fn fusos(ddd: u8) -> &'static [Fuso] {
    match ddd {
        63 => &[Fuso::Araguaina],
        65 | 66 => &[Fuso::Cuiaba],
        67 => &[Fuso::CampoGrande],
        68 => &[Fuso::RioBranco],
        69 => &[Fuso::PortoVelho],
        71 | 73..=75 | 77 => &[Fuso::Bahia],
        79 | 82 => &[Fuso::Maceio],
        81 | 87 => &[Fuso::Recife],
        83..=86 | 88 | 89 | 98 | 99 => &[Fuso::Fortaleza],
        91 | 93 | 94 | 96 => &[Fuso::Belem],
        92 => &[Fuso::Manaus],
        95 => &[Fuso::BoaVista],
        97 => &[Fuso::Eirunepe, Fuso::Manaus],
        _ => &[Fuso::SaoPaulo],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fone::DDDS;

    /// Each state's DDDs, as the numbering plan gives them.
    #[test]
    fn cada_ddd_esta_no_fuso_do_seu_estado() {
        let states: [(&[u8], Fuso); 13] = [
            (&[63], Fuso::Araguaina),
            (&[71, 73, 74, 75, 77], Fuso::Bahia),
            (&[91, 93, 94, 96], Fuso::Belem),
            (&[95], Fuso::BoaVista),
            (&[67], Fuso::CampoGrande),
            (&[65, 66], Fuso::Cuiaba),
            (&[83, 84, 85, 86, 88, 89, 98, 99], Fuso::Fortaleza),
            (&[79, 82], Fuso::Maceio),
            (&[92, 97], Fuso::Manaus),
            (&[69], Fuso::PortoVelho),
            (&[81, 87], Fuso::Recife),
            (&[68], Fuso::RioBranco),
            (
                &[
                    11, 12, 13, 14, 15, 16, 17, 18, 19, 21, 22, 24, 27, 28, 31, 32, 33, 34, 35, 37, 38, 41, 42, 43, 44,
                    45, 46, 47, 48, 49, 51, 53, 54, 55, 61, 62, 64,
                ],
                Fuso::SaoPaulo,
            ),
        ];
        let mut all: Vec<u8> = states.iter().flat_map(|(ddds, _)| ddds.iter().copied()).collect();
        all.sort_unstable();
        assert_eq!(all, DDDS);
        for (ddds, fuso) in states {
            assert!(ddds.iter().all(|d| fusos(*d).contains(&fuso)), "{fuso:?}");
        }
    }

    #[test]
    fn so_o_oeste_do_amazonas_tem_dois_fusos() {
        let two: Vec<u8> = DDDS.into_iter().filter(|d| fusos(*d).len() > 1).collect();
        assert_eq!((two, fusos(97)), (vec![97], &[Fuso::Eirunepe, Fuso::Manaus][..]));
    }
}
