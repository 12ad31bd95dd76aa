//! Bank business days, the operating day and the age of a block (R015, R020,
//! R021; decisions 2 and 3).
//!
//! Dates come from file names and from configuration; there is no clock here.
//!
//! Performance: counting costs about 11 ns a calendar day, so an age of years is
//! microseconds; a step over many blocked contratos keeps the age of each D0.

use std::collections::HashSet;

use bdays::HolidayCalendar;
use bdays::calendars::brazil::BRSettlement;
use chrono::{Datelike, Days, NaiveDate, NaiveTime, Weekday};

/// First year whose Easter `bdays` can compute; it panics before that.
const PRIMEIRO_ANO: i32 = 1583;

/// A date as people read it, `04/08/2023`.
#[must_use]
pub fn br(d: NaiveDate) -> String {
    d.format("%d/%m/%Y").to_string()
}

/// How the days of a block are counted (`bloqueio.contagem`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Contagem {
    /// Bank business days ("período bancário", R015).
    #[default]
    Uteis,
    /// Plain days of the calendar.
    Corridos,
}

impl Contagem {
    /// The text in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Uteis => "uteis",
            Self::Corridos => "corridos",
        }
    }

    /// Reads the text of the configuration; `None` for any other.
    #[must_use]
    pub fn parse(texto: &str) -> Option<Self> {
        match texto {
            "uteis" => Some(Self::Uteis),
            "corridos" => Some(Self::Corridos),
            _ => None,
        }
    }
}

/// The bank calendar: national bank holidays, and the dates that the
/// configuration adds (`calendario.feriados`) or removes (`calendario.uteis`).
#[derive(Clone, Debug, Default)]
pub struct Calendario {
    feriados: HashSet<NaiveDate>,
    uteis: HashSet<NaiveDate>,
}

impl Calendario {
    /// `feriados` are no business days; `uteis` are, though the national
    /// calendar says otherwise. A date in both is a holiday.
    #[must_use]
    pub fn novo(feriados: impl IntoIterator<Item = NaiveDate>, uteis: impl IntoIterator<Item = NaiveDate>) -> Self {
        Self { feriados: feriados.into_iter().collect(), uteis: uteis.into_iter().collect() }
    }

    /// Whether `date` is a bank business day; Saturdays and Sundays never are.
    #[must_use]
    pub fn dia_util(&self, date: NaiveDate) -> bool {
        !matches!(date.weekday(), Weekday::Sat | Weekday::Sun) && !self.feriado(date)
    }

    /// Whether `date` is a holiday, on whatever day of the week.
    #[must_use]
    pub fn feriado(&self, date: NaiveDate) -> bool {
        if self.feriados.contains(&date) {
            return true;
        }
        !self.uteis.contains(&date) && date.year() >= PRIMEIRO_ANO && BRSettlement.is_holiday(date)
    }

    /// First business day strictly after `date`.
    #[must_use]
    pub fn proximo_dia_util(&self, date: NaiveDate) -> NaiveDate {
        date.iter_days().skip(1).find(|&d| self.dia_util(d)).unwrap_or(NaiveDate::MAX)
    }

    /// `date` itself if it is a business day, else the next one.
    #[must_use]
    pub fn rola(&self, date: NaiveDate) -> NaiveDate {
        if self.dia_util(date) { date } else { self.proximo_dia_util(date) }
    }

    /// Business days in (`d0`, `d`]; zero when `d` is not after `d0`.
    #[must_use]
    pub fn dias_uteis_entre(&self, d0: NaiveDate, d: NaiveDate) -> i64 {
        d0.iter_days().skip(1).take_while(|&dia| dia <= d).filter(|&dia| self.dia_util(dia)).fold(0, |n, _| n + 1)
    }

    /// The data de operação of a file with this date and time in its name
    /// (decisions 3): at or after `corte` it belongs to the next business day.
    #[must_use]
    pub fn dia_de_operacao(&self, date: NaiveDate, hora: Option<NaiveTime>, corte: NaiveTime) -> NaiveDate {
        match hora {
            Some(hora) if hora >= corte => self.proximo_dia_util(date),
            _ => self.rola(date),
        }
    }

    /// Age, in days of `contagem`, on day `d` of a block of day `d0`; zero
    /// when `d` is not after `d0`.
    #[must_use]
    pub fn idade_do_bloqueio(&self, d0: NaiveDate, d: NaiveDate, contagem: Contagem) -> i64 {
        match contagem {
            Contagem::Uteis => self.dias_uteis_entre(d0, d),
            Contagem::Corridos => d.signed_duration_since(d0).num_days().max(0),
        }
    }

    /// First day on which a block of day `d0` is older than `dias` (R020: with
    /// 3, "no 4º dia").
    #[must_use]
    pub fn primeira_alta(&self, d0: NaiveDate, dias: u32, contagem: Contagem) -> NaiveDate {
        let ultimo = self.ultimo_dia_bloqueado(d0, dias, contagem);
        match contagem {
            Contagem::Uteis => self.proximo_dia_util(ultimo),
            Contagem::Corridos => ultimo.succ_opt().unwrap_or(NaiveDate::MAX),
        }
    }

    /// The day on which a block of day `d0` reaches the age `dias`, the last
    /// operating day on which it holds.
    #[must_use]
    pub fn ultimo_dia_bloqueado(&self, d0: NaiveDate, dias: u32, contagem: Contagem) -> NaiveDate {
        match contagem {
            Contagem::Uteis => (0..dias).fold(d0, |dia, _| self.proximo_dia_util(dia)),
            Contagem::Corridos => d0.checked_add_days(Days::new(u64::from(dias))).unwrap_or(NaiveDate::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dia(texto: &str) -> NaiveDate {
        texto.parse().unwrap()
    }

    fn hora(texto: &str) -> NaiveTime {
        texto.parse().unwrap()
    }

    /// The check vectors of decisions 2: day of the block, first alta.
    const VETORES: [(&str, &str); 5] = [
        ("2023-08-04", "2023-08-10"),
        ("2023-09-05", "2023-09-12"),
        ("2024-02-08", "2024-02-16"),
        ("2026-11-17", "2026-11-24"),
        ("2026-12-22", "2026-12-29"),
    ];

    #[test]
    fn alta_no_quarto_dia_util() {
        let cal = Calendario::default();
        for (d0, alta) in VETORES {
            let (d0, alta) = (dia(d0), dia(alta));
            assert_eq!(cal.primeira_alta(d0, 3, Contagem::Uteis), alta, "{d0}");
            assert_eq!(cal.idade_do_bloqueio(d0, alta, Contagem::Uteis), 4, "{d0}");
            let vespera = alta.pred_opt().unwrap();
            assert_eq!(cal.idade_do_bloqueio(d0, vespera, Contagem::Uteis), 3);
        }
    }

    /// Every day of each block, one by one: blocked up to the eve of its first alta, never after.
    #[test]
    fn cada_dia_dos_vetores_esta_bloqueado_ate_a_vespera_da_alta() {
        let cal = Calendario::default();
        for (d0, alta) in VETORES {
            let (d0, alta) = (dia(d0), dia(alta));
            for d in d0.iter_days().take(15) {
                let holds = cal.idade_do_bloqueio(d0, d, Contagem::Uteis) <= 3;
                assert_eq!(holds, d < alta, "{d0}: {d}");
            }
        }
    }

    #[test]
    fn vetores_em_dias_corridos_nao_veem_feriados() {
        let altas = ["2023-08-08", "2023-09-09", "2024-02-12", "2026-11-21", "2026-12-26"];
        let plain = Calendario::default();
        let other = Calendario::novo([dia("2023-08-07"), dia("2026-12-24")], [dia("2023-09-07"), dia("2026-11-20")]);
        for ((d0, _), alta) in VETORES.into_iter().zip(altas) {
            for cal in [&plain, &other] {
                assert_eq!(cal.primeira_alta(dia(d0), 3, Contagem::Corridos), dia(alta), "{d0}");
                assert_eq!(cal.idade_do_bloqueio(dia(d0), dia(alta), Contagem::Corridos), 4, "{d0}");
            }
        }
    }

    #[test]
    fn vetores_com_feriados_acrescentados_e_retirados() {
        for ((d0, _), (feriados, uteis, alta)) in VETORES.into_iter().zip([
            (&["2023-08-09"][..], &[][..], "2023-08-11"),
            (&["2023-09-06"], &["2023-09-07"], "2023-09-12"),
            (&[], &["2024-02-12", "2024-02-13"], "2024-02-14"),
            (&[], &["2026-11-20"], "2026-11-23"),
            (&["2026-12-24"], &[], "2026-12-30"),
        ]) {
            let cal = Calendario::novo(feriados.iter().copied().map(dia), uteis.iter().copied().map(dia));
            assert_eq!(cal.primeira_alta(dia(d0), 3, Contagem::Uteis), dia(alta), "{d0}");
            assert_eq!(cal.idade_do_bloqueio(dia(d0), dia(alta), Contagem::Uteis), 4, "{d0}");
        }
    }

    #[test]
    fn ultimo_dia_bloqueado_e_o_terceiro_dia_util() {
        let cal = Calendario::default();
        let ultimo = |d0| cal.ultimo_dia_bloqueado(dia(d0), 3, Contagem::Uteis);
        assert_eq!(ultimo("2023-08-04"), dia("2023-08-09"));
        assert_eq!(ultimo("2026-12-22"), dia("2026-12-28"));
        assert_eq!(ultimo("2023-08-01"), dia("2023-08-04"));
        assert_eq!(cal.primeira_alta(dia("2023-08-01"), 3, Contagem::Uteis), dia("2023-08-07"));
        assert_eq!(cal.ultimo_dia_bloqueado(dia("2023-08-04"), 0, Contagem::Uteis), dia("2023-08-04"));
    }

    #[test]
    fn dias_corridos_contam_fim_de_semana() {
        let cal = Calendario::default();
        let d0 = dia("2023-08-04");
        let c = Contagem::Corridos;
        assert_eq!(cal.primeira_alta(d0, 3, c), dia("2023-08-08"));
        assert_eq!(cal.ultimo_dia_bloqueado(d0, 3, c), dia("2023-08-07"));
        assert_eq!(cal.idade_do_bloqueio(d0, dia("2023-08-07"), c), 3);
        assert_eq!(cal.idade_do_bloqueio(d0, dia("2023-08-01"), c), 0);
    }

    #[test]
    fn feriados_bancarios_nacionais() {
        let cal = Calendario::default();
        for feriado in [
            "2026-01-01",
            "2026-02-16",
            "2026-02-17",
            "2026-04-03",
            "2026-04-21",
            "2026-05-01",
            "2026-06-04",
            "2026-09-07",
            "2026-10-12",
            "2026-11-02",
            "2024-11-15",
            "2024-11-20",
            "2026-12-25",
            "2026-08-01",
            "2026-08-02",
        ] {
            assert!(!cal.dia_util(dia(feriado)), "{feriado}");
        }
    }

    #[test]
    fn cinzas_vespera_de_natal_e_de_ano_novo_sao_dias_uteis() {
        let cal = Calendario::default();
        for util in ["2026-02-18", "2026-12-24", "2026-12-31", "2023-11-20"] {
            assert!(cal.dia_util(dia(util)), "{util}");
        }
    }

    #[test]
    fn feriado_conta_tambem_no_sabado_e_um_sabado_comum_nao_e_feriado() {
        let cal = Calendario::novo([dia("2023-08-05")], [dia("2023-09-07")]);
        assert!(cal.feriado(dia("2024-09-07")) && cal.feriado(dia("2023-08-05")));
        assert!(!cal.feriado(dia("2023-08-12")) && !cal.feriado(dia("2023-08-13")) && !cal.feriado(dia("2023-09-07")));
    }

    #[test]
    fn configuracao_acrescenta_e_retira_feriados() {
        let cal = Calendario::novo([dia("2023-08-08")], [dia("2023-09-07"), dia("2023-09-09"), dia("2023-08-08")]);
        assert!(!cal.dia_util(dia("2023-08-08")));
        assert!(cal.dia_util(dia("2023-09-07")));
        assert!(!cal.dia_util(dia("2023-09-09")), "a Saturday stays one");
        assert_eq!(cal.primeira_alta(dia("2023-08-04"), 3, Contagem::Uteis), dia("2023-08-11"));
        assert_eq!(cal.primeira_alta(dia("2023-09-05"), 3, Contagem::Uteis), dia("2023-09-11"));
    }

    #[test]
    fn hora_a_partir_do_corte_vai_para_o_proximo_dia_util() {
        let cal = Calendario::default();
        let corte = hora("12:00:00");
        let op = |d, h: Option<&str>| cal.dia_de_operacao(dia(d), h.map(hora), corte);
        assert_eq!(op("2023-08-03", Some("20:30:00")), dia("2023-08-04"));
        assert_eq!(op("2023-08-03", Some("12:00:00")), dia("2023-08-04"));
        assert_eq!(op("2023-08-03", Some("11:59:59")), dia("2023-08-03"));
        assert_eq!(op("2023-08-04", Some("02:00:00")), dia("2023-08-04"));
        assert_eq!(op("2023-08-04", None), dia("2023-08-04"));
        assert_eq!(op("2023-08-04", Some("20:30:00")), dia("2023-08-07"));
        assert_eq!(op("2023-08-05", Some("02:00:00")), dia("2023-08-07"));
        assert_eq!(op("2023-08-06", Some("20:00:00")), dia("2023-08-07"));
        assert_eq!(op("2023-08-06", None), dia("2023-08-07"));
        assert_eq!(op("2023-09-06", Some("20:30:00")), dia("2023-09-08"));
    }

    #[test]
    fn dias_entre_nao_conta_o_primeiro_e_conta_o_ultimo() {
        let cal = Calendario::default();
        let entre = |a, b| cal.dias_uteis_entre(dia(a), dia(b));
        assert_eq!(entre("2023-08-04", "2023-08-04"), 0);
        assert_eq!(entre("2023-08-04", "2023-08-07"), 1);
        assert_eq!(entre("2023-08-04", "2023-08-06"), 0);
        assert_eq!(entre("2023-08-07", "2023-08-04"), 0);
    }

    #[test]
    fn datas_extremas_nao_entram_em_panico() {
        let cal = Calendario::default();
        assert_eq!(cal.proximo_dia_util(NaiveDate::MAX), NaiveDate::MAX);
        let _ = cal.rola(NaiveDate::MIN);
        let _ = cal.rola(dia("0001-01-01"));
        let _ = cal.primeira_alta(NaiveDate::MAX, 3, Contagem::Uteis);
        let _ = cal.primeira_alta(NaiveDate::MAX, 3, Contagem::Corridos);
    }

    #[test]
    fn contagem_vai_e_volta() {
        for c in [Contagem::Uteis, Contagem::Corridos] {
            assert_eq!(Contagem::parse(c.as_str()), Some(c));
        }
        assert_eq!(Contagem::parse("outra"), None);
    }

    proptest! {
        #[test]
        fn primeira_alta_e_o_primeiro_dia_mais_velho(n in 0i64..20_000, dias in 0u32..8) {
            let d0 = dia("2000-01-01") + chrono::Duration::days(n);
            let cal = Calendario::default();
            for c in [Contagem::Uteis, Contagem::Corridos] {
                let alta = cal.primeira_alta(d0, dias, c);
                prop_assert!(cal.idade_do_bloqueio(d0, alta, c) > i64::from(dias));
                let antes = alta.pred_opt().unwrap();
                prop_assert!(cal.idade_do_bloqueio(d0, antes, c) <= i64::from(dias));
                let ultimo = cal.ultimo_dia_bloqueado(d0, dias, c);
                prop_assert_eq!(cal.idade_do_bloqueio(d0, ultimo, c), i64::from(dias));
            }
        }
    }
}
