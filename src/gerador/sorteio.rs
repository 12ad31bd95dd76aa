//! The generator's own source of chance: splitmix64, stable for ever.

/// A splitmix64 sequence. The same start gives the same numbers on every machine, for ever.
#[derive(Clone, Debug)]
pub struct Sorteio(u64);

const PASSO: u64 = 0x9E37_79B9_7F4A_7C15;

fn mistura(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Sorteio {
    /// The sequence of one thing: `canal` separates purposes, `indice` the things of a purpose.
    pub fn de(seed: u64, canal: u64, indice: u64) -> Self {
        Self(mistura(seed ^ mistura(canal.wrapping_mul(PASSO) ^ mistura(indice.wrapping_add(PASSO)))))
    }

    /// The next 64 bits.
    pub fn proximo(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(PASSO);
        mistura(self.0)
    }

    /// A number below `n` (0 when `n` is 0).
    pub fn ate(&mut self, n: u64) -> u64 {
        self.proximo().checked_rem(n).unwrap_or(0)
    }

    /// A number in `a..=b`.
    pub fn entre(&mut self, a: u64, b: u64) -> u64 {
        a + self.ate(b.saturating_sub(a) + 1)
    }

    /// True in `por_cento` of the cases.
    pub fn chance(&mut self, por_cento: u64) -> bool {
        self.ate(100) < por_cento
    }

    /// One of a list that is not empty.
    pub fn escolhe<T: Copy>(&mut self, lista: &[T]) -> T {
        lista[self.ate(lista.len() as u64) as usize]
    }
}
