//! What goes out on a large base: carga, incremental, replica.

use crate::Result;
use crate::arquivos::{Dia, dia, escreve, remessa};
use crate::bases::Bases;
use crate::casa::Casa;
use crate::medida::Tabela;
use crate::tipos;
use atom::gerador::Carteira;
use std::path::Path;

/// The day of all of them.
const DIA: u32 = 4;

const LINHAS: &[(&str, &str, &str)] = &[
    ("sqlite3 -csv", "sqlite3 -csv", ""),
    ("carga", "sqlite3 -csv", "≤ 3"),
    ("incremental, 1 %", "carga", "≤ 0.5"),
    ("VACUUM INTO", "VACUUM INTO", ""),
    ("replica", "VACUUM INTO", "≤ 1.5"),
];

/// Everything that goes out of `n` contracts.
pub fn mede(root: &Path, n: usize, vezes: usize) -> Result<()> {
    let (carteira, d) = (Carteira::nova(528, n, "528")?, dia(DIA)?);
    let nova = remessa(root, DIA, 20);
    escreve(&nova.arquivo, |w| carteira.escreve_remessa(w, d))?;
    let fones = Dia::de(root, "telefones_carteira_veic_04082023010000.csv", DIA);
    tipos::gera(&carteira, "telefones", n / 100, &fones)?;
    let bases = Bases::em(&root.join("bases"))?;
    let modelo = Casa::nova(&root.join("modelo"))?;
    modelo.importa("remessa", &nova)?;
    std::fs::remove_file(&nova.arquivo)?;
    let mut t = Tabela::nova(LINHAS);
    let (mut bytes, mut ocioso) = (0, 0.0);
    for _ in 0..vezes {
        let casa = modelo.copia(&root.join("copia"))?;
        t.junta("carga", casa.exporta("--carga", &nova.agora)?)?;
        let carga = casa.enviado("_manager_carga.csv")?;
        bytes = std::fs::metadata(&carga)?.len();
        if let Some(m) = bases.sqlite3_csv(&carga)? {
            t.junta("sqlite3 -csv", m)?;
        }
        casa.importa("telefones", &fones)?;
        t.junta("incremental, 1 %", casa.exporta("--incremental", &nova.agora)?)?;
        ocioso = casa.tick_ocioso(&nova.agora)?;
        if let Some(m) = bases.vacuum(&casa.carteira())? {
            t.junta("VACUUM INTO", m)?;
        }
        t.junta("replica", casa.replica(&root.join("replica.db"), &nova.agora)?)?;
    }
    println!("\n{n} contratos; medianas de {vezes}; alvo do pico da carga: ≤ 128 MiB");
    t.mostra();
    println!("carga: {:.0} MB/s (alvo: 60)", bytes as f64 / 1e6 / t.segundos("carga"));
    println!("atom run sem nada a enviar: {ocioso:.1} ms de CPU");
    Ok(())
}
