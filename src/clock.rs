//! The clock: made once in `cli` or `http` and passed on.
//!
//! Local time is America/Sao_Paulo, always (decisions 3), whatever `TZ` says. `ATOM_NOW` moves the
//! start for tests and rehearsals, and time runs on from there; only settling (is a file still
//! growing?) asks the real clock, by [`Clock::real_unix`].
//!
//! A piece of work takes one [`Agora`] and keeps it, so that all its rows carry the same moment.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::domain::fuso::Fuso;
use chrono::{DateTime, Local, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::America::{self, Sao_Paulo};
use chrono_tz::Tz;

/// Tells the time: the real one, or one that started at `ATOM_NOW`.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    Real,
    Moved { start: DateTime<Utc>, since: Instant },
}

impl Clock {
    /// The real clock.
    #[must_use]
    pub const fn real() -> Self {
        Self(Source::Real)
    }

    /// The real clock, or one that starts at `atom_now` (RFC 3339) and runs on; an empty text
    /// counts as absent.
    ///
    /// # Errors
    /// A sentence for operators when the text is no RFC 3339 moment.
    pub fn from_env(atom_now: Option<&str>) -> Result<Self, String> {
        let Some(text) = atom_now.map(str::trim).filter(|t| !t.is_empty()) else {
            return Ok(Self::real());
        };
        let start = DateTime::parse_from_rfc3339(text).map_err(|_| {
            let shown: String = text.chars().take(40).flat_map(char::escape_debug).collect();
            format!(
                "ATOM_NOW: \"{shown}\" não é data e hora em RFC 3339; \
                 exemplo: ATOM_NOW=2023-08-04T02:41:07-03:00"
            )
        })?;
        Ok(Self(Source::Moved { start: start.with_timezone(&Utc), since: Instant::now() }))
    }

    /// Whether `ATOM_NOW` moved this clock.
    #[must_use]
    pub const fn is_moved(&self) -> bool {
        matches!(self.0, Source::Moved { .. })
    }

    /// This moment, frozen.
    #[must_use]
    pub fn now(&self) -> Agora {
        Agora(match self.0 {
            Source::Real => Utc::now(),
            Source::Moved { start, since } => TimeDelta::from_std(since.elapsed())
                .ok()
                .and_then(|elapsed| start.checked_add_signed(elapsed))
                .unwrap_or(start),
        })
    }

    /// Seconds since 1970 of the real clock, even under `ATOM_NOW`: for settling.
    #[must_use]
    pub fn real_unix(&self) -> i64 {
        SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|d| i64::try_from(d.as_secs()).ok()).unwrap_or(0)
    }
}

/// The first moment of a day in São Paulo, as the ledger keeps it.
#[must_use]
pub fn inicio_do_dia(dia: NaiveDate) -> String {
    let first = dia.and_time(NaiveTime::MIN).and_local_timezone(Sao_Paulo).earliest();
    // a midnight that a change of clocks skipped is one that day's first hour stands for
    first.map_or_else(|| format!("{dia}T01:00:00-02:00"), |t| t.format("%Y-%m-%dT%H:%M:%S%:z").to_string())
}

/// The tables of a zone.
const fn tabela(fuso: Fuso) -> Tz {
    match fuso {
        Fuso::Araguaina => America::Araguaina,
        Fuso::Bahia => America::Bahia,
        Fuso::Belem => America::Belem,
        Fuso::BoaVista => America::Boa_Vista,
        Fuso::CampoGrande => America::Campo_Grande,
        Fuso::Cuiaba => America::Cuiaba,
        Fuso::Eirunepe => America::Eirunepe,
        Fuso::Fortaleza => America::Fortaleza,
        Fuso::Maceio => America::Maceio,
        Fuso::Manaus => America::Manaus,
        Fuso::PortoVelho => America::Porto_Velho,
        Fuso::Recife => America::Recife,
        Fuso::RioBranco => America::Rio_Branco,
        Fuso::SaoPaulo => Sao_Paulo,
    }
}

/// A frozen moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Agora(DateTime<Utc>);

impl Agora {
    /// The moment `utc`.
    #[must_use]
    pub const fn from_utc(utc: DateTime<Utc>) -> Self {
        Self(utc)
    }

    /// In UTC.
    #[must_use]
    pub const fn utc(&self) -> DateTime<Utc> {
        self.0
    }

    /// Date and time in São Paulo.
    #[must_use]
    pub fn local(&self) -> NaiveDateTime {
        self.0.with_timezone(&Sao_Paulo).naive_local()
    }

    /// Date and time in a zone of Brazil.
    #[must_use]
    pub fn local_em(&self, fuso: Fuso) -> NaiveDateTime {
        self.0.with_timezone(&tabela(fuso)).naive_local()
    }

    /// By how many minutes the machine's own zone (`TZ`, `/etc/localtime`) shows more than São Paulo's: nothing here
    /// reckons in it, but cron does.
    #[must_use]
    pub fn longe(&self) -> i64 {
        (self.0.with_timezone(&Local).naive_local() - self.local()).num_minutes()
    }

    /// Date in São Paulo.
    #[must_use]
    pub fn date(&self) -> NaiveDate {
        self.local().date()
    }

    /// Time of day in São Paulo.
    #[must_use]
    pub fn time(&self) -> NaiveTime {
        self.local().time()
    }

    /// São Paulo's time as the ledger keeps it: `2023-08-04T02:41:07-03:00`.
    #[must_use]
    pub fn iso(&self) -> String {
        self.0.with_timezone(&Sao_Paulo).format("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }

    /// São Paulo's time as names of files and folders carry it: `20230804_024107`.
    #[must_use]
    pub fn carimbo(&self) -> String {
        self.local().format("%Y%m%d_%H%M%S").to_string()
    }

    /// São Paulo's time as the boards show it: `02:41`.
    #[must_use]
    pub fn hhmm(&self) -> String {
        self.local().format("%H:%M").to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;
    use std::time::Duration;

    fn agora(text: &str) -> Agora {
        Agora::from_utc(text.parse().unwrap())
    }

    #[test]
    fn local_time_is_sao_paulo() {
        let now = agora("2023-08-04T05:41:07Z");
        assert_eq!(now.iso(), "2023-08-04T02:41:07-03:00");
        assert_eq!(now.local().to_string(), "2023-08-04 02:41:07");
        assert_eq!(now.hhmm(), "02:41");
        assert_eq!(now.utc().to_rfc3339(), "2023-08-04T05:41:07+00:00");
        let evening = agora("2023-08-04T01:30:00Z");
        assert_eq!(evening.date().to_string(), "2023-08-03");
        assert_eq!(evening.time().to_string(), "22:30:00");
        let summer = agora("2018-12-20T12:00:00Z");
        assert_eq!(summer.iso(), "2018-12-20T10:00:00-02:00");
    }

    #[test]
    fn local_time_does_not_depend_on_tz() {
        let (_, module) = module_path!().split_once("::").unwrap();
        for tz in ["Asia/Tokyo", "UTC", "EST5EDT"] {
            let out = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", &format!("{module}::local_time_is_sao_paulo")])
                .env("TZ", tz)
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&out.stdout);
            assert!(out.status.success() && text.contains("1 passed"), "{tz}: {text}");
        }
    }

    #[test]
    fn atom_now_sets_the_start_and_time_runs_on() {
        let clock = Clock::from_env(Some("2023-08-04T02:41:07-03:00")).unwrap();
        let first = clock.now();
        assert!(clock.is_moved());
        assert_eq!(first.iso(), "2023-08-04T02:41:07-03:00");
        std::thread::sleep(Duration::from_millis(20));
        let passed = clock.now().utc() - first.utc();
        assert!(passed >= TimeDelta::milliseconds(20), "{passed}");
        assert!(passed < TimeDelta::seconds(60), "{passed}");
    }

    #[test]
    fn atom_now_takes_any_offset() {
        let clock = Clock::from_env(Some("2023-08-04T05:41:07Z")).unwrap();
        assert_eq!(clock.now().iso(), "2023-08-04T02:41:07-03:00");
    }

    #[test]
    fn settling_uses_the_real_clock_under_atom_now() {
        let clock = Clock::from_env(Some("2001-01-01T00:00:00Z")).unwrap();
        assert_eq!(clock.now().utc().to_rfc3339()[..4], *"2001");
        assert!((clock.real_unix() - Utc::now().timestamp()).abs() <= 1);
    }

    #[test]
    fn without_atom_now_the_clock_is_real() {
        for absent in [None, Some(""), Some(" ")] {
            let clock = Clock::from_env(absent).unwrap();
            assert!(!clock.is_moved());
            assert!((clock.now().utc() - Utc::now()).num_seconds().abs() <= 1);
        }
    }

    #[test]
    fn an_invalid_atom_now_is_named_with_an_example() {
        for bad in ["ontem", "2023-08-04", "2023-08-04T02:41:07", "2023-02-30T00:00:00Z", "a\nb"] {
            let message = Clock::from_env(Some(bad)).unwrap_err();
            assert!(message.starts_with("ATOM_NOW: \""), "{message}");
            assert!(message.contains("exemplo: ATOM_NOW=2023-08-04T02:41:07-03:00"), "{message}");
            assert!(!message.contains('\n'), "{message}");
        }
    }
}
