//! The engine: one file from the ledger through its room into the store. It knows no step by name.
//!
//! Checks in this order: duplicate → older → gate → structure (the name was checked when the file was
//! entered). The first pass ([`leitura`]) reads the whole file and touches nothing; the second ([`aplica`])
//! applies it in one transaction, after making sure that no other run came between.
//!
//! **Accounting:** every line read is created, updated, unchanged, ignored or rejected; if the sum differs
//! nothing is applied ([`NaoFecha`](super::relato::NaoFecha), exit 70).

use super::leitura::{self, Fonte, Leitura};
use super::passo::Freio;
use super::relato::{Conta, Reason, Relatorio, State};
use super::{Contexto, DiaDe, Etapa, aplica, entrada, etapa, portao};
use crate::domain::codigo::Codigo;
use crate::domain::dia::br;
use crate::domain::valores::milhares;
use crate::layout::impressao::imprime;
use crate::layout::planilha::{self, Falha};
use crate::layout::{Format, Layout};
use crate::store::db::{Cell, Tx};
use crate::store::execucao;
use crate::store::ledger::{self, Arquivo, Decisao, Estado};
use crate::store::saida;
use anyhow::{Context as _, bail};
use chrono::NaiveDate;
use std::path::PathBuf;
use std::time::Instant;

/// Imports one file of the ledger. A refusal, a wait, a duplicate is a report, not an error.
///
/// # Errors
/// The store, the file or a folder failed; nothing was applied.
pub fn importa(ctx: &Contexto<'_>, arquivo: Arquivo) -> anyhow::Result<Relatorio> {
    trabalha(ctx, arquivo, false)
}

/// The same for lines that are replayed: what was applied before is applied again.
///
/// # Errors
/// As [`importa`].
pub fn repete(ctx: &Contexto<'_>, arquivo: Arquivo) -> anyhow::Result<Relatorio> {
    trabalha(ctx, arquivo, true)
}

fn trabalha(ctx: &Contexto<'_>, arquivo: Arquivo, repete: bool) -> anyhow::Result<Relatorio> {
    let begun = Instant::now();
    let etapa = etapa(&arquivo.kind).context("etapa desconhecida")?;
    let mut one = Importacao { repete, ..Importacao::new(ctx, etapa, arquivo)? };
    one.decide()?;
    one.relatorio.ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(one.relatorio)
}

struct Importacao<'a> {
    ctx: &'a Contexto<'a>,
    etapa: &'static Etapa,
    layout: &'a Layout,
    arquivo: Arquivo,
    caminho: PathBuf,
    /// A workbook as text, which both passes read; gone with this import.
    texto: Option<tempfile::TempPath>,
    dia: Option<NaiveDate>,
    /// Lines that are replayed: the same content is no duplicate.
    repete: bool,
    inicio: String,
    relatorio: Relatorio,
}

impl<'a> Importacao<'a> {
    fn new(ctx: &'a Contexto<'a>, etapa: &'static Etapa, mut arquivo: Arquivo) -> anyhow::Result<Self> {
        let layout = ctx.layouts.get(&arquivo.layout).context("o layout do arquivo não existe mais")?;
        let caminho = ctx.config.data.join(&arquivo.caminho);
        let mtime = entrada::mtime(&caminho)
            .with_context(|| format!("{}: o arquivo não está mais na caixa de entrada", arquivo.nome))?;
        if mtime != arquivo.mtime {
            // somebody touched it in the inbox: its hash is taken again
            if imprime(&caminho)?.sha256 != arquivo.sha256 {
                bail!("{}: o conteúdo mudou desde que foi recebido; coloque-o de novo na pasta do Evo", arquivo.nome);
            }
            arquivo.mtime = mtime;
        }
        let mut relatorio = Relatorio::vazio(&arquivo.kind, &arquivo.nome, State::Failed);
        relatorio.sha256 = Some(arquivo.sha256.clone());
        relatorio.data_operacao = arquivo.data_operacao;
        relatorio.dry_run = ctx.opcoes.dry_run;
        let (dia, inicio) = (arquivo.data_operacao, ctx.clock.now().iso());
        Ok(Self { ctx, etapa, layout, arquivo, caminho, texto: None, dia, repete: false, inicio, relatorio })
    }

    fn forcado(&self) -> bool {
        self.ctx.opcoes.forcado.is_some()
    }

    fn decide(&mut self) -> anyhow::Result<()> {
        let db = &self.ctx.store.db;
        let (dia, falta) = match self.dia {
            // the day of its input, whose remessa is done
            Some(d) if self.arquivo.corrigido() && self.etapa.dia == DiaDe::NovaRemessa => (Some(d), Vec::new()),
            dia => portao::espera(db, self.etapa, dia, &self.ctx.config.dia.obrigatorios)?,
        };
        if self.arquivo.tamanho > 0 && !self.forcado() && !self.repete && self.repetido(dia)? {
            return Ok(());
        }
        if let Some((d, stamp)) = portao::mais_novo(db, self.etapa, &self.arquivo, dia)?
            && !self.forcado()
        {
            let m = format!(
                "já foi processado um arquivo de {} da operação {}, carimbo {}; para aplicar assim mesmo: \
                 --force --reason \"…\"",
                self.arquivo.kind,
                br(d),
                carimbo(&stamp)
            );
            return self.recusa(Codigo::MaisAntigo, m);
        }
        self.dia = dia;
        self.relatorio.data_operacao = dia;
        if !falta.is_empty() && !self.forcado() {
            return self.aguarda(&falta);
        }
        if let Some(message) = self.converte()? {
            return self.recusa(Codigo::Estrutura, message);
        }
        // a run that came between the passes changed what they were decided on: begin again
        for _ in 0..5 {
            let before = execucao::last_run(db)?;
            let dia = self.dia.context("sem data de operação")?;
            // the first pass sees one moment of the store; a lock a look-up would cost more than the look-up
            let moment = db.snapshot()?;
            let mut leitura = leitura::le(self.ctx, self.fonte(), (self.etapa.abre)(self.ctx, self.layout, dia)?)?;
            drop(moment);
            if let Some((code, message)) = leitura.recusavel(self.fonte(), self.ctx.config.import.max_rejeitos) {
                return self.recusa(code, message);
            }
            leitura.passo.resolve(&mut leitura.plano);
            if let Some(f) = leitura.passo.freio()
                && !f.passa(self.ctx.opcoes.confirma)
            {
                return self.quarentena(f);
            }
            if self.aplica(leitura, before)? {
                return Ok(());
            }
        }
        bail!("outras execuções alteraram a base durante a leitura; tente de novo")
    }

    fn fonte(&self) -> Fonte<'_> {
        let caminho = self.texto.as_deref().unwrap_or(&self.caminho);
        Fonte { arquivo: &self.arquivo, caminho, layout: self.layout }
    }

    /// A workbook is made text first; why it is refused, if it is. Corrected lines of one are text already: so
    /// our reject file has them.
    fn converte(&mut self) -> anyhow::Result<Option<String>> {
        if self.layout.format != Format::Sheet || self.arquivo.corrigido() {
            return Ok(None);
        }
        let (exe, inbox) = (std::env::current_exe()?, self.ctx.config.data.join("inbox"));
        match planilha::arquivo_csv(&exe, &self.caminho, &inbox, planilha::PRAZO) {
            Ok(texto) => self.texto = Some(texto),
            Err(Falha::Io(e)) => return Err(e).with_context(|| format!("{}: conversão", self.arquivo.nome)),
            Err(e) => return Ok(Some(e.to_string())),
        }
        Ok(None)
    }

    /// Duplicate: same layout, content and data de operação; `dia` is the day that a file without one would
    /// join.
    fn repetido(&mut self, dia: Option<NaiveDate>) -> anyhow::Result<bool> {
        let a = &self.arquivo;
        let same_day = |o: &Arquivo| o.data_operacao == a.data_operacao.or(dia);
        let same = ledger::with_content(&self.ctx.store.db, &a.kind, &a.sha256)?;
        let done = same.iter().find(|o| o.estado == Estado::Importado && o.layout == a.layout && same_day(o));
        let Some(done) = done else { return Ok(false) };
        let message = if done.id == a.id {
            format!("já importado na execução {}", done.run.unwrap_or(0))
        } else {
            format!("mesmo conteúdo de {}, importado na execução {}", done.nome, done.run.unwrap_or(0))
        };
        self.relatorio.data_operacao = done.data_operacao;
        self.relatorio.ends(State::Duplicate);
        if done.id != a.id && a.estado != Estado::Duplicado && !self.ctx.opcoes.dry_run {
            let d = Decisao {
                estado: Estado::Duplicado,
                motivo: Some((Codigo::Duplicado.as_str(), &message)),
                run: None,
                data_operacao: done.data_operacao,
            };
            ledger::decide(&self.ctx.store.db, a.id, &d)?;
        }
        self.relatorio.reason = Some(Reason::new(Codigo::Duplicado, message));
        Ok(true)
    }

    fn aguarda(&mut self, falta: &[&str]) -> anyhow::Result<()> {
        self.relatorio.waiting_for = falta.iter().map(|s| (*s).to_owned()).collect();
        let day = self.dia.map(|d| format!(" de {}", br(d))).unwrap_or_default();
        let message = format!("aguarda {}{day}", falta.join(", "));
        self.relatorio.ends(State::Waiting);
        let a = &self.arquivo;
        // a tick finds the same wait every minute: only a change is written
        let same = a.estado == Estado::Pendente && a.mensagem.as_deref() == Some(&message);
        if !same && !self.ctx.opcoes.dry_run {
            let motivo = Some((Codigo::Aguardando.as_str(), message.as_str()));
            let d = Decisao { estado: Estado::Pendente, motivo, run: None, data_operacao: None };
            ledger::decide(&self.ctx.store.db, a.id, &d)?;
        }
        self.relatorio.reason = Some(Reason::new(Codigo::Aguardando, message));
        Ok(())
    }

    fn recusa(&mut self, code: Codigo, message: String) -> anyhow::Result<()> {
        self.para(State::Refused, Estado::Recusado, Reason::new(code, message))
    }

    /// The brake (R022): nothing is applied until a person confirms the exact number of closings.
    fn quarentena(&mut self, f: Freio) -> anyhow::Result<()> {
        let mut message = f.message;
        if let Some(n) = self.ctx.opcoes.confirma {
            let said = format!(" O número confirmado ({}) não é o das baixas ({}).", milhares(n), milhares(f.closings));
            message.push_str(&said);
        }
        let reason =
            Reason { closings: Some(f.closings), active: Some(f.active), ..Reason::new(Codigo::Freio, message) };
        self.para(State::Quarantined, Estado::Quarentena, reason)
    }

    /// Nothing is applied. A file that was applied before (and is now forced) stays so in the ledger: gates,
    /// duplicates and the order of files hang on what is in the store.
    fn para(&mut self, state: State, estado: Estado, reason: Reason) -> anyhow::Result<()> {
        self.relatorio.ends(state);
        self.relatorio.lines = Conta::default();
        if !self.ctx.opcoes.dry_run {
            let tx = self.ctx.store.db.begin()?;
            let run = execucao::last_run(&tx)? + 1;
            self.relatorio.run = Some(run);
            self.entra_run(&tx, run, None, Some(&reason))?;
            if self.arquivo.estado != Estado::Importado {
                let motivo = Some((reason.code, reason.message.as_str()));
                let d = Decisao { estado, motivo, run: Some(run), data_operacao: self.dia };
                ledger::decide(&tx, self.arquivo.id, &d)?;
            }
            tx.commit()?;
        }
        self.relatorio.reason = Some(reason);
        Ok(())
    }

    fn entra_run(&self, tx: &Tx<'_>, run: i64, originais: Option<&str>, parou: Option<&Reason>) -> anyhow::Result<()> {
        let r = &self.relatorio;
        let mut conta = serde_json::json!({"lines": r.lines, "warnings": r.warnings, "effects": r.effects});
        if let Some((closings, active)) = parou.and_then(|p| p.closings.zip(p.active)) {
            conta["brake"] = serde_json::json!({"closings": closings, "active": active});
        }
        let conta = conta.to_string();
        execucao::insert_run(
            tx,
            run,
            &execucao::Run {
                comando: &self.ctx.opcoes.comando,
                kind: &r.kind,
                arquivo_id: Some(self.arquivo.id),
                data_operacao: self.dia,
                inicio: &self.inicio,
                fim: &self.ctx.clock.now().iso(),
                estado: r.state.as_str(),
                saida: r.exit,
                conta: &conta,
                arquivo_rejeitos: originais,
                forcado: self.ctx.opcoes.forcado.as_deref(),
            },
        )?;
        Ok(())
    }

    /// One transaction with everything. `false`: another run came between, nothing was done.
    fn aplica(&mut self, leitura: Leitura<'a>, before: i64) -> anyhow::Result<bool> {
        let ctx = self.ctx;
        let tx = ctx.store.db.begin()?;
        let run = execucao::last_run(&tx)? + 1;
        if run != before + 1 {
            return Ok(false);
        }
        tx.exec("UPDATE corrente SET run=?1", &[Cell::Int(run)])?;
        let caminho = self.texto.as_deref().unwrap_or(&self.caminho);
        let fonte = Fonte { arquivo: &self.arquivo, caminho, layout: self.layout };
        let written = aplica::escreve(ctx, fonte, leitura, &tx, run, &mut self.relatorio)?;
        let state = if self.relatorio.lines.rejected.is_empty() { State::Done } else { State::DoneWithRejects };
        self.relatorio.ends(state);
        if let Some(w) = &written {
            saida::insert(&tx, &w.erros, &self.inicio)?;
            self.relatorio.error_file = Some(w.erros.nome.clone());
        }
        if ctx.opcoes.dry_run {
            drop(tx);
            if let Some(w) = written {
                for p in [&w.originais, &w.erros.caminho] {
                    std::fs::remove_file(ctx.config.data.join(p))?;
                }
            }
            return Ok(true);
        }
        self.relatorio.run = Some(run);
        self.entra_run(&tx, run, written.as_ref().map(|w| w.originais.as_str()), None)?;
        let d = Decisao { estado: Estado::Importado, motivo: None, run: Some(run), data_operacao: self.dia };
        ledger::decide(&tx, self.arquivo.id, &d)?;
        if let Some(id) = self.relatorio.effects.maior_id {
            ctx.store.give_ids(id)?;
        }
        tx.commit()?;
        Ok(true)
    }
}

/// The stamp of a name as people read it.
fn carimbo(stamp: &str) -> String {
    match stamp.parse::<chrono::NaiveDateTime>() {
        Ok(t) => t.format("%d/%m/%Y %H:%M").to_string(),
        Err(_) => stamp.parse().map_or_else(|_| stamp.to_owned(), br),
    }
}
