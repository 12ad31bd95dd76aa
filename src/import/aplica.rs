//! Second pass: the planned lines are written and the listed ones kept, inside the caller's transaction.

use super::Contexto;
use super::leitura::{Fonte, Leitura};
use super::passo::{
    APLICA, Efeito, Gravador, IGUAL, Marca, OUTRA, REJEITADA, REPETIDA, REPETIDA_RETIDA, Rejeito, motivo_de_ignorar,
};
use super::rejeitos::{Escritos, Rejeitos};
use super::relato::{Conta, Relatorio, linhas_lidas};
use crate::domain::codigo::Codigo;
use crate::layout::linha::{Linha, Next};
use crate::store::db::Tx;
use crate::store::execucao;
use anyhow::Context as _;

/// Writes a file's effects, its plan being settled; fills account, warnings and effects of the report.
///
/// # Errors
/// The store, the file or the reject files failed, or the account does not close
/// ([`NaoFecha`](super::relato::NaoFecha)); the transaction is to be dropped then.
pub fn escreve<'c>(
    ctx: &'c Contexto<'c>,
    fonte: Fonte<'_>,
    leitura: Leitura<'c>,
    tx: &Tx<'_>,
    run: i64,
    relatorio: &mut Relatorio,
) -> anyhow::Result<Option<Escritos>> {
    let Leitura { passo, plano, rejeitos, avisos, lidas, sem_quebra, cabecalho, desconhecidas, .. } = leitura;
    relatorio.unknown_columns = desconhecidas;
    avisa(relatorio, &plano, &avisos, sem_quebra);
    for (codigo, vezes) in passo.avisos() {
        *relatorio.warnings.entry(codigo.as_str()).or_default() += vezes;
    }
    if fonte.sem_movimento() {
        relatorio.avisa(Codigo::ArquivoVazio);
    } else {
        curto(ctx, fonte, lidas, relatorio)?;
    }
    let errors = ctx.layouts.get("erros").context("layouts/erros.toml")?;
    let mut escrita = Escrita {
        tx,
        gravador: passo.gravador(ctx.store, run)?,
        listadas: Rejeitos::new(&ctx.config.data, errors, &fonte.arquivo.nome, run, cabecalho),
        rejeitos: &rejeitos,
        conta: Conta { read: lidas, ..Conta::default() },
        relatorio,
    };
    for m in &plano {
        match *m {
            IGUAL => escrita.conta.unchanged += 1,
            m => motivo_de_ignorar(m).into_iter().for_each(|c| escrita.conta.ignora(c)),
        }
    }
    // lines that only count are not read again
    if !plano.iter().all(|m| matches!(*m, IGUAL | REPETIDA | OUTRA)) {
        let mut reader = fonte.abre(ctx, "gravando")?;
        while let Next::Linha(linha) = reader.next_line()? {
            let marca = plano.get(linha.indice as usize).copied().unwrap_or(IGUAL);
            escrita.linha(&linha, marca)?;
        }
    }
    let Escrita { conta, gravador, listadas, relatorio, .. } = escrita;
    conta.fecha()?;
    let efeitos = gravador.fim()?;
    relatorio.lines = conta;
    relatorio.effects = efeitos;
    listadas.fim(relatorio.data_operacao)
}

struct Escrita<'a, 'd> {
    tx: &'a Tx<'d>,
    gravador: Box<dyn Gravador + 'a>,
    listadas: Rejeitos<'a>,
    rejeitos: &'a [(u32, Rejeito)],
    conta: Conta,
    relatorio: &'a mut Relatorio,
}

impl Escrita<'_, '_> {
    fn linha(&mut self, linha: &Linha<'_>, marca: Marca) -> anyhow::Result<()> {
        match marca {
            IGUAL | REPETIDA | OUTRA => {}
            REPETIDA_RETIDA => {
                self.listadas.guarda(linha)?;
            }
            REJEITADA => self.rejeitada(linha)?,
            m if m < APLICA => {
                let code = motivo_de_ignorar(m).context("marca sem motivo")?;
                self.gravador.ignora(linha, m)?;
                if code.listado() {
                    self.listadas.lista(self.tx, linha, Rejeito::linha(code), false)?;
                }
            }
            m => match self.gravador.grava(linha, m)? {
                Efeito::Criada => self.conta.created += 1,
                Efeito::Alterada => self.conta.updated += 1,
                Efeito::Igual => self.conta.unchanged += 1,
            },
        }
        Ok(())
    }

    fn rejeitada(&mut self, linha: &Linha<'_>) -> anyhow::Result<()> {
        let ((indice, r), rest) = self.rejeitos.split_first().context("rejeito sem linha")?;
        anyhow::ensure!(*indice == linha.indice, "rejeito fora de ordem");
        self.rejeitos = rest;
        self.conta.rejeita(r.codigo);
        let field = r.campo.and_then(|i| linha.record.fields.get(usize::from(i)));
        let name = field.map_or_else(String::new, |f| f.name.clone());
        self.relatorio.primeiras.entry(r.codigo.as_str()).or_insert((linha.numero, r.campo));
        *self.relatorio.por_campo.entry((r.codigo.as_str(), name)).or_default() += 1;
        self.listadas.lista(self.tx, linha, *r, true)
    }
}

/// Dropped fields count where the line enters: not in one that a later one replaces, nor in a held contract.
fn avisa(relatorio: &mut Relatorio, plano: &[Marca], avisos: &[(u32, Codigo)], sem_quebra: bool) {
    let enters = |i: u32| plano.get(i as usize).is_some_and(|m| *m == IGUAL || *m >= APLICA);
    avisos.iter().filter(|(i, _)| enters(*i)).for_each(|(_, c)| relatorio.avisa(*c));
    if sem_quebra {
        relatorio.avisa(Codigo::SemQuebraFinal);
    }
}

/// IN4: a file with under half the lines of the last one of its layout is warned about; corrected lines are few
/// by nature.
fn curto(ctx: &Contexto<'_>, fonte: Fonte<'_>, lidas: u64, relatorio: &mut Relatorio) -> anyhow::Result<()> {
    if fonte.arquivo.corrigido() {
        return Ok(());
    }
    let last = execucao::last_account(&ctx.store.db, &fonte.arquivo.layout, fonte.arquivo.id)?;
    if last.and_then(|c| linhas_lidas(&c)).is_some_and(|n| lidas * 2 < n) {
        relatorio.avisa(Codigo::ArquivoCurto);
    }
    Ok(())
}
