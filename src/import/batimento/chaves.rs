//! All keys of the store, packed: sorted hashes behind a directory of their first bits. A look-up touches a few
//! megabytes where a hash map of a million rows touches memory that no cache holds.

use crate::import::passo::Chave;

/// 64 bits of a key's hash: that one of a million lines meets a wrong one of a million keys is a matter of 10⁻⁷.
pub fn curta([a, b, _]: Chave) -> u64 {
    u64::from(a) << 32 | u64::from(b)
}

/// Where each key stands.
pub struct Chaves {
    hashes: Vec<u64>,
    /// By the first bits of a hash: where those that begin so stand; one more for the end.
    inicio: Vec<u32>,
    bits: u32,
}

impl Chaves {
    /// Of hashes in ascending order.
    pub fn new(hashes: Vec<u64>) -> Self {
        debug_assert!(hashes.is_sorted());
        let bits = hashes.len().max(2).ilog2();
        let mut inicio = vec![0; (1 << bits) + 1];
        for h in &hashes {
            inicio[(h >> (64 - bits)) as usize + 1] += 1;
        }
        let mut sum = 0;
        for n in &mut inicio {
            sum += *n;
            *n = sum;
        }
        Self { hashes, inicio, bits }
    }

    /// The place of a hash.
    #[inline]
    pub fn acha(&self, h: u64) -> Option<usize> {
        let bucket = (h >> (64 - self.bits)) as usize;
        let (from, to) = (self.inicio[bucket] as usize, self.inicio[bucket + 1] as usize);
        self.hashes[from..to].iter().position(|k| *k == h).map(|i| from + i)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn acha_cada_chave_e_nenhuma_outra(
            mut hashes in proptest::collection::vec(prop_oneof![any::<u64>(), 0u64..9, (u64::MAX - 9)..], 0..70),
            outras in proptest::collection::vec(any::<u64>(), 0..20),
        ) {
            hashes.sort_unstable();
            hashes.dedup();
            let c = Chaves::new(hashes.clone());
            for h in hashes.iter().chain(&outras).chain(&[0, u64::MAX]) {
                prop_assert_eq!(c.acha(*h), hashes.binary_search(h).ok());
            }
        }
    }
}
