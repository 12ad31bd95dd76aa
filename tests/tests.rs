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
mod backup;
mod baixa;
mod batimento;
mod carga;
mod config;
mod conjuntos;
mod consulta;
mod delimitados;
mod documentos;
mod entrada;
mod exclusao;
mod explain;
mod exporta;
mod falhas;
mod fuzz;
mod hsm;
mod incidentes;
mod kill;
mod layouts;
mod lgpd;
mod massivas;
mod navegador;
mod night;
mod ordens;
mod pares;
mod passeio;
mod ping;
mod planilhas;
mod portal;
mod portoes;
mod promessas;
mod propriedades;
mod purge;
mod readme;
mod refin;
mod regua;
mod rejeitos;
mod remessa;
mod remoto;
mod replica;
mod ruins;
mod runs;
mod serve;
mod store;
mod telefones;
mod trocas;
mod undo;
mod unidades;
mod webhook;
mod workflow;
