//! The other kinds on a large base: 100,000 lines each, and a batimento of nearly all contracts.

use crate::Result;
use crate::arquivos::{Dia, dia, escreve, remessa};
use crate::bases::Bases;
use crate::casa::Casa;
use crate::medida::Tabela;
use atom::gerador::Carteira;
use chrono::NaiveDate;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// The day of all of them, and the moment of the imports.
const DIA: u32 = 4;

/// Kind, row, row of its baseline, file, layout, key of the bare upserts.
const TIPOS: [(&str, &str, &str, &str, &str, &str); 4] = [
    ("telefones", "telefones", "R telefones", "telefones_carteira_veic_04082023010000.csv", "telefones", "contrato"),
    ("refin", "refin", "R refin", "refin_carteira_veic_04082023010000.csv", "refin", "contrato"),
    ("baixa", "baixa", "R baixa", "AcordosBaixados_04082023_528.csv", "acordos_baixados", "contrato, numero_acordo"),
    ("exclusao", "exclusao", "R exclusao", "20230803_210000_baixa_528_out.528", "exclusao", "contrato"),
];

const LINHAS: &[(&str, &str, &str)] = &[
    ("R telefones", "R telefones", ""),
    ("telefones", "R telefones", "≤ 2.5"),
    ("R refin", "R refin", ""),
    ("refin", "R refin", "≤ 2.5"),
    ("R baixa", "R baixa", ""),
    ("baixa", "R baixa", "≤ 2.5"),
    ("R exclusao", "R exclusao", ""),
    ("exclusao", "R exclusao", "≤ 2.5"),
    ("diferença, conjunto", "diferença, SQL", ""),
    ("diferença, SQL", "diferença, SQL", ""),
    ("batimento", "diferença, SQL", "≤ 2"),
];

/// Every kind on `n` contracts, `linhas` lines of each; the batimento has 98 of 100 contracts.
pub fn mede(root: &Path, n: usize, linhas: usize, vezes: usize) -> Result<()> {
    let (carteira, d) = (Carteira::nova(528, n, "528")?, dia(DIA)?);
    let nova = remessa(root, DIA, 20);
    escreve(&nova.arquivo, |w| carteira.escreve_remessa(w, d))?;
    let modelo = Casa::nova(&root.join("modelo"))?;
    modelo.importa("remessa", &nova)?;
    std::fs::remove_file(&nova.arquivo)?;
    let files = TIPOS.map(|(kind, .., name, _, _)| (kind, Dia::de(root, name, DIA)));
    for (kind, file) in &files {
        gera(&carteira, kind, linhas, file)?;
    }
    let bat = Dia::de(root, "bat_carteira_veic_04082023_528.csv", DIA);
    let fora: Vec<usize> = (0..n).step_by(50).collect();
    escreve(&bat.arquivo, |w| carteira.escreve_batimento(w, d, &fora))?;
    let bases = Bases::em(&root.join("bases"))?;
    let mut t = Tabela::nova(LINHAS);
    for _ in 0..vezes {
        let casa = modelo.copia(&root.join("copia"))?;
        t.junta("diferença, conjunto", bases.diferenca_em_conjunto(&casa.carteira(), &bat.arquivo)?)?;
        t.junta("diferença, SQL", bases.diferenca_em_sql(&casa.carteira(), &bat.arquivo)?)?;
        for ((kind, row, r, _, layout, key), (_, file)) in TIPOS.iter().zip(&files) {
            t.junta(r, bases.upserts(layout, &file.arquivo, key)?)?;
            t.junta(row, casa.importa(kind, file)?)?;
        }
        // on the base as the remessa left it: what the others changed is no part of the bare difference
        let casa = modelo.copia(&root.join("copia"))?;
        t.junta("batimento", casa.importa("batimento", &bat)?)?;
    }
    println!(
        "\n{n} contratos; {linhas} linhas de cada tipo, batimento de {}; medianas de {vezes}; alvo do pico: ≤ 256 MiB",
        n - fora.len()
    );
    t.mostra();
    for (_, row, ..) in TIPOS {
        println!("{row}: {:.0} linhas/s (alvo: 40000)", linhas as f64 / t.segundos(row));
    }
    Ok(())
}

/// `linhas` lines from all over the portfolio.
pub fn gera(carteira: &Carteira, kind: &str, linhas: usize, to: &Dia) -> Result<()> {
    let (d, n): (NaiveDate, usize) = (dia(DIA)?, carteira.contratos());
    let all = |resto: usize| (0..n).skip(resto).step_by((n / linhas).max(1)).take(linhas).collect::<Vec<_>>();
    // the two write every third and every fourth contract
    let some = |of: usize, w: &mut dyn Write, f: &dyn Fn(&mut Amostra<'_>) -> io::Result<()>| {
        f(&mut Amostra { passo: (n / of / linhas).max(1), linha: 0, restam: linhas + 1, para: w })
    };
    escreve(&to.arquivo, |w: &mut BufWriter<_>| match kind {
        "telefones" => some(3, w, &|a| carteira.escreve_telefones(a, d)),
        "refin" => some(4, w, &|a| carteira.escreve_refin(a, d)),
        "baixa" => carteira.escreve_acordos_baixados(w, d, &all(1)),
        _ => carteira.escreve_exclusao(w, d, &all(2)),
    })
}

/// The header line and every so many-th line.
struct Amostra<'a> {
    passo: usize,
    linha: usize,
    restam: usize,
    para: &'a mut dyn Write,
}

impl Write for Amostra<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        for part in buf.split_inclusive(|b| *b == b'\n') {
            if self.restam > 0 && self.linha.is_multiple_of(self.passo) {
                self.para.write_all(part)?;
            }
            if part.ends_with(b"\n") {
                self.restam = self.restam.saturating_sub(usize::from(self.linha.is_multiple_of(self.passo)));
                self.linha += 1;
            }
        }
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.para.flush()
    }
}
