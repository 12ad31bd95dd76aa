//! Everything that a user could see, through the real binary on real files.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test says so by failing"
)]

mod support;

mod arrows;
mod batimento;
mod conjuntos;
mod delimitados;
mod entrada;
mod fuzz;
mod kill;
mod layouts;
mod night;
mod planilhas;
mod portoes;
mod propriedades;
mod readme;
mod regua;
mod remessa;
mod ruins;
mod store;
