//! Operating days: which are open, which steps were waived.

use super::db::{Cell, Db, Result};
use super::ledger::dia;
use chrono::NaiveDate;

/// A recorded waiver of a step.
#[derive(Clone, Debug)]
pub struct Dispensa {
    /// The step.
    pub kind: String,
    /// Why.
    pub motivo: String,
    /// When, local time.
    pub em: String,
}

/// The waivers of a day.
pub fn waivers(db: &Db, day: NaiveDate) -> Result<Vec<Dispensa>> {
    let day = day.to_string();
    db.rows("SELECT kind, motivo, em FROM dispensa WHERE data_operacao=?1", &[Cell::Text(&day)], |r| {
        Ok(Dispensa { kind: r.str(0)?, motivo: r.str(1)?, em: r.str(2)? })
    })
}

/// Waives a step of a day; `false` when it was waived before.
pub fn waive(db: &Db, day: NaiveDate, kind: &str, motivo: &str, em: &str) -> Result<bool> {
    let day = day.to_string();
    let n = db.exec(
        "INSERT INTO dispensa (data_operacao, kind, motivo, em) VALUES (?1,?2,?3,?4) ON CONFLICT DO NOTHING",
        &[Cell::Text(&day), Cell::Text(kind), Cell::Text(motivo), Cell::Text(em)],
    )?;
    Ok(n > 0)
}

/// The days that have a file of one of these kinds, newest first. Duplicates open no day of their own:
/// the first file of that content stands in it already.
pub fn days_with(db: &Db, kinds: &[String]) -> Result<Vec<NaiveDate>> {
    let marks: Vec<String> = (1..=kinds.len()).map(|i| format!("?{i}")).collect();
    let sql = format!(
        "SELECT DISTINCT data_operacao FROM arquivo WHERE data_operacao IS NOT NULL AND kind IN ({})
         ORDER BY data_operacao DESC",
        marks.join(",")
    );
    let cells: Vec<Cell<'_>> = kinds.iter().map(|k| Cell::Text(k)).collect();
    Ok(db.rows(&sql, &cells, |r| r.str(0))?.iter().filter_map(|s| dia(s)).collect())
}

/// The newest day whose remessa is done.
pub fn newest_with_remessa(db: &Db) -> Result<Option<NaiveDate>> {
    let sql = "SELECT max(data_operacao) FROM arquivo
               WHERE kind='remessa' AND estado='importado' AND nome NOT LIKE '%.corrigido'";
    Ok(db.one(sql, &[], |r| r.string(0))?.flatten().and_then(|s| dia(&s)))
}
