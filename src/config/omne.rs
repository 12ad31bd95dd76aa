//! The part of the configuration that the sender of HSM reads.

use super::Secret;
use chrono::NaiveTime;
use std::path::PathBuf;

/// `[omne]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Omne {
    /// Base address, without `/` at its end.
    pub url: String,
    /// The token; a Bearer token in `Authorization`.
    pub token: Secret,
    /// The header that carries it.
    pub header: String,
    /// The authority of an `https://` server's certificate; absent: those of the machine.
    pub ca: Option<PathBuf>,
    /// POSTs per second.
    pub rate_per_second: u32,
    /// Bound of one POST.
    pub timeout_seconds: u64,
    /// POSTs in all for one message.
    pub max_retries: u32,
    /// Messages per day; 0: no cap.
    pub daily_cap: u32,
    /// Hours after import at which a message is VENCIDA.
    pub validade_horas: u32,
    /// Seconds of sending in one `atom run`.
    pub tick_seconds: u64,
    /// When people may be contacted.
    pub janela: Janela,
    /// The first journey.
    pub jornada1: Jornada,
    /// The second journey.
    pub jornada2: Jornada,
}

/// `[omne.janela]`: hours of contact in the zone of the DDD; never on Sundays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Janela {
    /// Monday to Friday; `None`: closed.
    pub seg_sex: Option<Faixa>,
    /// Saturday; `None`: closed.
    pub sab: Option<Faixa>,
    /// Whether holidays count as ordinary days.
    pub feriados: bool,
}

/// The last moment of a day, which `24:00` means.
pub(super) const FIM_DO_DIA: NaiveTime = match NaiveTime::from_hms_nano_opt(23, 59, 59, 999_999_999) {
    Some(time) => time,
    None => NaiveTime::MIN,
};

/// A range of hours within a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faixa {
    /// First moment within.
    pub inicio: NaiveTime,
    /// First moment after.
    pub fim: NaiveTime,
}

impl Faixa {
    /// Whether `hora` is within.
    #[must_use]
    pub fn contem(&self, hora: NaiveTime) -> bool {
        self.inicio <= hora && hora < self.fim
    }
}

/// `[omne.jornada1]`, `[omne.jornada2]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jornada {
    /// OMNE's template.
    pub template_id: i64,
    /// Each message opens an attendance.
    pub open_attendance: bool,
    /// An open attendance is closed first.
    pub force_close: bool,
}
