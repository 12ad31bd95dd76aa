//! A fixed line cut into its fields by the `fixed_width` crate.
//!
//! `layout check --line` looks at one line slowly, so it takes the crate that the design names, and a test
//! holds it against the ranges that the imports use. It serves where it is sound: its ranges count bytes, so
//! lines of one byte a character only; fields are taken as bytes, because as text it trims them. Its `Reader`
//! and `Writer` are not used anywhere: they drop a truncated record and cut long values without a word.

use super::super::Record;
use super::super::text::Encoding;
use fixed_width::{FieldSet, from_bytes_with_fields};

/// The fields of a record for `fixed_width`.
pub fn campos(record: &Record) -> FieldSet {
    FieldSet::Seq(record.fields.iter().map(|f| FieldSet::new_field(f.at.clone()).name(&f.name)).collect())
}

/// The bytes of each field; `None` where bytes are not characters, or the line is too short for its record.
pub fn fatias<'b>(record: &Record, bytes: &'b [u8], encoding: Encoding) -> Option<Vec<&'b [u8]>> {
    if encoding == Encoding::Utf8 && !bytes.is_ascii() {
        return None;
    }
    from_bytes_with_fields(bytes, campos(record)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::load;
    use crate::layout::text::Decoder;

    #[test]
    fn fixed_width_e_as_proprias_faixas_cortam_igual() {
        let layouts = load::builtin().unwrap();
        let records = layouts.iter().flat_map(|l| &l.records).filter(|r| r.width > 0);
        for r in records {
            let line: Vec<u8> = (0..r.width).map(|i| b" 0Z\xC9-\x07\x81z"[i * 7 % 8]).collect();
            let cut = fatias(r, &line, Encoding::Windows1252).unwrap();
            assert_eq!(cut.len(), r.fields.len());
            for (f, bytes) in r.fields.iter().zip(&cut) {
                let (mut a, mut b) = (Decoder::default(), Decoder::default());
                let whole = a.decode(&line, Encoding::Windows1252).slice(&f.at);
                assert_eq!(b.decode(bytes, Encoding::Windows1252).text(), whole, "{}", f.name);
            }
            assert!(fatias(r, &line[1..], Encoding::Windows1252).is_none());
            assert!(fatias(r, &line, Encoding::Utf8).is_none());
        }
    }
}
