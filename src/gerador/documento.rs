//! CPF and CNPJ with valid check digits, one for each number of a person.

/// Odd and no multiple of 5: multiplying by it permutes the residues of any power of ten.
const VEZES: u64 = 711_943_427;

/// A one-to-one map of `0..10^casas` onto itself that looks like chance.
pub(super) fn embaralha(n: u64, seed: u64, casas: u32) -> u64 {
    let m = 10_u64.pow(casas);
    let inicio = (seed % 1_000_003) * 7919 + 12_345;
    let vira = |n: u64| (0..casas).fold((0, n), |(r, n), _| (r * 10 + n % 10, n / 10)).0;
    (0..2).fold(n % m, |n, _| vira((n * (VEZES % m) + inicio) % m))
}

/// Check digit of CPF and CNPJ: modulus 11 over values (`ASCII − 48`) with the weights from the right.
fn digito(corpo: &[u8], peso_maximo: u32) -> u8 {
    let (mut soma, mut peso) = (0, 2);
    for b in corpo.iter().rev() {
        soma += u32::from(b - b'0') * peso;
        peso = if peso == peso_maximo { 2 } else { peso + 1 };
    }
    match soma % 11 {
        0 | 1 => b'0',
        r => b'0' + (11 - r) as u8,
    }
}

fn com_digitos(mut corpo: String, peso_maximo: u32) -> String {
    for _ in 0..2 {
        let d = digito(corpo.as_bytes(), peso_maximo);
        corpo.push(char::from(d));
    }
    corpo
}

/// The CPF of person `n` (below 10^9 / 2): 11 digits, unique in a seed.
pub fn cpf(n: u64, seed: u64) -> String {
    let mut corpo = format!("{:09}", embaralha(n, seed, 9));
    if corpo.bytes().all(|b| Some(b) == corpo.bytes().next()) {
        corpo = format!("{:09}", embaralha(n + 500_000_000, seed, 9));
    }
    com_digitos(corpo, 11)
}

/// The CNPJ of company `n` (below 10^8), 14 characters; with letters in root and branch when asked for.
pub fn cnpj(n: u64, seed: u64, letras: bool) -> String {
    let raiz = format!("{:08}", embaralha(n, seed, 8));
    let corpo = if letras { format!("{}ABC{}01DE", &raiz[..2], &raiz[5..]) } else { format!("{raiz}0001") };
    com_digitos(corpo, 9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digitos_verificadores_conhecidos() {
        assert_eq!(com_digitos("529982247".to_owned(), 11), "52998224725");
        assert_eq!(com_digitos("12ABC34501DE".to_owned(), 9), "12ABC34501DE35");
        assert_eq!(com_digitos("112223330001".to_owned(), 9), "11222333000181");
    }

    #[test]
    fn documentos_validos_e_sem_repeticao() {
        let todos: std::collections::HashSet<_> = (0..20_000).map(|n| cpf(n, 7)).collect();
        assert_eq!(todos.len(), 20_000);
        assert!(todos.iter().take(500).all(|c| cpf_cnpj::cpf::validate(c)));
        assert!((0..100).all(|n| cpf_cnpj::cnpj::validate(&cnpj(n, 7, false))));
    }
}
