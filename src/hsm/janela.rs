//! When a client may be written to (decisions 7): by the hour where the phone is, never on Sundays or holidays.

use crate::clock::Agora;
use crate::config::Janela;
use crate::domain::dia::Calendario;
use crate::domain::fuso::{Fuso, fusos};
use chrono::{Datelike, NaiveDateTime, Weekday};

/// Whether the window is open at a local moment.
fn aberta_em(janela: &Janela, calendario: &Calendario, local: NaiveDateTime) -> bool {
    let hours = match local.weekday() {
        Weekday::Sun => None,
        Weekday::Sat => janela.sab,
        _ => janela.seg_sex,
    };
    let open = hours.is_some_and(|h| h.contem(local.time()));
    open && (janela.feriados || !calendario.feriado(local.date()))
}

/// Whether a phone with this DDD may be written to now; one of two zones only when both say so.
pub fn aberta(janela: &Janela, calendario: &Calendario, ddd: u8, agora: Agora) -> bool {
    fusos(ddd).iter().all(|f| aberta_em(janela, calendario, agora.local_em(*f)))
}

/// Whether anybody at all may be written to now: at night a queue of any length is not even looked at.
pub fn alguma(janela: &Janela, calendario: &Calendario, agora: Agora) -> bool {
    Fuso::TODOS.iter().any(|f| aberta_em(janela, calendario, agora.local_em(*f)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Faixa;

    fn faixa(from: &str, to: &str) -> Option<Faixa> {
        Some(Faixa { inicio: from.parse().unwrap(), fim: to.parse().unwrap() })
    }

    fn janela() -> Janela {
        Janela { seg_sex: faixa("08:00:00", "20:00:00"), sab: faixa("08:00:00", "14:00:00"), feriados: false }
    }

    fn em(local: &str) -> Agora {
        Agora::from_utc(format!("{local}-03:00").parse().unwrap())
    }

    fn abre(ddd: u8, at: &str) -> bool {
        aberta(&janela(), &Calendario::default(), ddd, em(at))
    }

    #[test]
    fn segunda_a_sexta_das_8_as_20_sabado_ate_as_14_domingo_nunca() {
        for (at, open) in [
            ("2023-08-04T07:59:59", false),
            ("2023-08-04T08:00:00", true),
            ("2023-08-04T19:59:59", true),
            ("2023-08-04T20:00:00", false),
            ("2023-08-05T08:00:00", true),
            ("2023-08-05T13:59:59", true),
            ("2023-08-05T14:00:00", false),
            ("2023-08-06T10:00:00", false),
            ("2023-08-07T10:00:00", true),
        ] {
            assert_eq!(abre(11, at), open, "{at}");
        }
    }

    #[test]
    fn a_hora_e_a_do_ddd() {
        // 8:30 in São Paulo is 7:30 in Cuiabá and Manaus, 6:30 in Rio Branco
        for (ddd, opens) in [(11, "08:00"), (85, "08:00"), (65, "09:00"), (92, "09:00"), (69, "09:00"), (68, "10:00")] {
            let hour: u32 = opens[..2].parse().unwrap();
            assert!(!abre(ddd, &format!("2023-08-04T{:02}:59:59", hour - 1)), "{ddd}");
            assert!(abre(ddd, &format!("2023-08-04T{hour:02}:00:00")), "{ddd}");
            let closes = hour + 12;
            assert!(!abre(ddd, &format!("2023-08-04T{closes:02}:00:00")), "{ddd}");
        }
        // and so is the day: midnight has passed in São Paulo, in Rio Branco it is still Saturday evening
        let late = Janela { sab: faixa("08:00:00", "23:30:00"), ..janela() };
        let at = em("2023-08-06T00:30:00");
        assert!(aberta(&late, &Calendario::default(), 68, at));
        assert!(!aberta(&late, &Calendario::default(), 11, at));
    }

    #[test]
    fn onde_ha_dois_fusos_valem_os_dois() {
        assert!(!abre(97, "2023-08-04T09:30:00"), "7:30 in Eirunepé");
        assert!(abre(97, "2023-08-04T10:00:00"));
        assert!(!abre(97, "2023-08-04T21:00:00"), "20:00 in Manaus");
    }

    #[test]
    fn o_horario_de_verao_de_cada_estado_vale() {
        // 2018-12-20: clocks were one hour ahead in São Paulo, not in Bahia
        let at = Agora::from_utc("2018-12-20T10:00:00Z".parse().unwrap());
        assert!(aberta(&janela(), &Calendario::default(), 11, at));
        assert!(!aberta(&janela(), &Calendario::default(), 71, at));
    }

    #[test]
    fn feriado_fecha_a_menos_que_a_configuracao_diga() {
        let cal = Calendario::novo(["2023-08-08".parse().unwrap()], ["2023-09-07".parse().unwrap()]);
        let open = |j: &Janela, at: &str| aberta(j, &cal, 11, em(at));
        assert!(!open(&janela(), "2023-08-08T10:00:00"), "one of the configuration's");
        assert!(!open(&janela(), "2023-11-02T10:00:00"));
        assert!(open(&janela(), "2023-09-07T10:00:00"), "taken off by the configuration");
        assert!(open(&Janela { feriados: true, ..janela() }, "2023-11-02T10:00:00"));
        // a holiday on a Saturday
        assert!(!aberta(&janela(), &Calendario::default(), 11, em("2024-09-07T10:00:00")));
    }

    #[test]
    fn fechada_na_configuracao_e_fechada_e_alguma_ve_o_ultimo_fuso() {
        let shut = Janela { seg_sex: None, ..janela() };
        assert!(!aberta(&shut, &Calendario::default(), 11, em("2023-08-04T10:00:00")));
        let any = |at: &str| alguma(&janela(), &Calendario::default(), em(at));
        assert!(!any("2023-08-04T07:30:00") && any("2023-08-04T08:00:00"));
        assert!(any("2023-08-04T21:30:00"), "19:30 in Rio Branco");
        assert!(!any("2023-08-04T22:00:00") && !any("2023-08-06T12:00:00"));
    }
}
