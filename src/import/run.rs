//! The engine: one file from the ledger through its room into the store. It knows no step by name.
//!
//! Checks in this order: duplicate → older → gate → structure (the name was checked when the file was
//! entered). The first pass reads the whole file outside any lock of the database and touches nothing; the
//! second applies it in one transaction, after making sure that no other run came between.
//!
//! **Accounting:** every line read is created, updated, unchanged, ignored or rejected; if the sum differs
//! nothing is applied ([`NaoFecha`](super::relato::NaoFecha), exit 70).

use super::entrada;
use super::estrutura::Estrutura;
use super::passo::{APLICA, Aceita, Avisos, Chave, Efeito, IGUAL, Marca, Passo, REJEITADA, REPETIDA, Rejeito};
use super::passo::{REPETIDA_RETIDA, motivo_de_ignorar};
use super::portao;
use super::rejeitos::{self, Rejeitos};
use super::relato::{Conta, Reason, Relatorio, State};
use super::{Contexto, Etapa, etapa};
use crate::domain::codigo::Codigo;
use crate::layout::Layout;
use crate::layout::fixed::Reader;
use crate::layout::impressao::imprime;
use crate::layout::linha::Next;
use crate::layout::text::Encoding;
use crate::store::db::{Cell, Tx};
use crate::store::ledger::{self, Arquivo, Decisao, Estado};
use anyhow::{Context as _, bail};
use chrono::NaiveDate;
use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Imports one file of the ledger. A refusal, a wait, a duplicate is a report, not an error.
///
/// # Errors
/// The store, the file or a folder failed; nothing was applied.
pub fn importa(ctx: &Contexto<'_>, arquivo: Arquivo) -> anyhow::Result<Relatorio> {
    let begun = Instant::now();
    let etapa = etapa(&arquivo.kind).context("etapa desconhecida")?;
    let mut one = Importacao::new(ctx, etapa, arquivo)?;
    one.decide()?;
    one.relatorio.ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(one.relatorio)
}

/// What the first pass found.
struct Leitura {
    passo: Box<dyn Passo>,
    plano: Vec<Marca>,
    rejeitos: Vec<(u32, Rejeito)>,
    avisos: Avisos,
    lidas: u64,
    estrutura: Estrutura,
}

struct Importacao<'a> {
    ctx: &'a Contexto<'a>,
    etapa: &'static Etapa,
    layout: &'a Layout,
    arquivo: Arquivo,
    caminho: PathBuf,
    dia: Option<NaiveDate>,
    inicio: String,
    relatorio: Relatorio,
}

impl<'a> Importacao<'a> {
    fn new(ctx: &'a Contexto<'a>, etapa: &'static Etapa, mut arquivo: Arquivo) -> anyhow::Result<Self> {
        let layout = ctx.layouts.get(&arquivo.layout).context("o layout do arquivo não existe mais")?;
        let caminho = ctx.config.data.join(&arquivo.caminho);
        let mtime = entrada::mtime(&caminho)
            .with_context(|| format!("{}: o arquivo não está mais na caixa de entrada", caminho.display()))?;
        if mtime != arquivo.mtime {
            // somebody touched it in the inbox: its hash and code page are taken again
            let i = imprime(&caminho)?;
            if i.sha256 != arquivo.sha256 {
                bail!("{}: o conteúdo mudou desde que foi recebido; coloque-o de novo na pasta do Evo", arquivo.nome);
            }
            arquivo.mtime = mtime;
        }
        let mut relatorio = Relatorio::vazio(&arquivo.kind, &arquivo.nome, State::Failed);
        relatorio.sha256 = Some(arquivo.sha256.clone());
        relatorio.data_operacao = arquivo.data_operacao;
        relatorio.dry_run = ctx.opcoes.dry_run;
        let (dia, inicio) = (arquivo.data_operacao, ctx.clock.now().iso());
        Ok(Self { ctx, etapa, layout, arquivo, caminho, dia, inicio, relatorio })
    }

    fn forcado(&self) -> bool {
        self.ctx.opcoes.forcado.is_some()
    }

    fn decide(&mut self) -> anyhow::Result<()> {
        if self.arquivo.tamanho > 0 && !self.forcado() && self.repetido()? {
            return Ok(());
        }
        let db = &self.ctx.store.db;
        let (dia, falta) = portao::espera(db, self.etapa, self.dia, &self.ctx.config.dia.obrigatorios)?;
        if let Some((d, stamp)) = portao::mais_novo(db, self.etapa, &self.arquivo, dia)?
            && !self.forcado()
        {
            let m = format!("já foi processado um {} de {} ({stamp})", self.arquivo.kind, br(d));
            return self.recusa(Codigo::MaisAntigo, m, "atom import … --force --reason \"…\" aplica assim mesmo");
        }
        self.dia = dia;
        self.relatorio.data_operacao = dia;
        if !falta.is_empty() && !self.forcado() {
            return self.aguarda(&falta);
        }
        let Some(abre) = self.etapa.abre else {
            self.relatorio.waiting_for = Vec::new();
            return self.espera_com("esta versão do atom ainda não importa este tipo; o arquivo fica guardado".into());
        };
        // a run that came between the passes changed what they were decided on: begin again
        for _ in 0..5 {
            let before = ledger::last_run(db)?;
            let dia = self.dia.context("sem data de operação")?;
            let passo = abre(self.ctx, self.layout, dia)?;
            let leitura = self.le(passo)?;
            if let Some((code, message)) = self.recusavel(&leitura) {
                return self.recusa(code, message, "");
            }
            if self.aplica(leitura, before)? {
                return Ok(());
            }
        }
        bail!("outras execuções alteraram a base durante a leitura; tente de novo")
    }

    /// Duplicate: same kind, content and data de operação.
    fn repetido(&mut self) -> anyhow::Result<bool> {
        let a = &self.arquivo;
        let same = ledger::with_content(&self.ctx.store.db, &a.kind, &a.sha256)?;
        let done = same.iter().find(|o| {
            o.estado == Estado::Importado
                && o.layout == a.layout
                && (a.data_operacao.is_none() || o.data_operacao == a.data_operacao)
        });
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
        self.espera_com(format!("aguarda {}{day}", falta.join(", ")))
    }

    fn espera_com(&mut self, message: String) -> anyhow::Result<()> {
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

    /// First pass: the whole file, touching nothing.
    fn le(&self, mut passo: Box<dyn Passo>) -> anyhow::Result<Leitura> {
        let mut reader = self.abre_leitor("lendo")?;
        let mut l = Vec::new();
        let mut rejeitos = Vec::new();
        let mut vistas: HashMap<Chave, u32> = HashMap::new();
        let (mut avisos, mut estrutura, mut lidas) = (Avisos::default(), Estrutura::default(), 0);
        loop {
            match reader.next_line()? {
                Next::End => break,
                Next::Fault(f) => {
                    lidas += 1;
                    let stop = matches!(f, crate::layout::linha::Fault::NoBreak { .. });
                    estrutura.junta(f);
                    if stop {
                        break;
                    }
                }
                // once the structure is broken only its faults are counted
                Next::Linha(_) if !estrutura.ok() => lidas += 1,
                Next::Linha(linha) => {
                    lidas += 1;
                    match passo.examina(&linha, &mut avisos) {
                        Err(r) => {
                            rejeitos.push((linha.numero, r));
                            l.push(REJEITADA);
                        }
                        Ok(Aceita { chave, marca }) => {
                            let before = chave.and_then(|c| vistas.insert(c, linha.numero));
                            if let Some(m) = before.and_then(|n| l.get_mut(n as usize - 1)) {
                                *m = REPETIDA;
                            }
                            l.push(marca);
                        }
                    }
                }
            }
        }
        if reader.unterminated {
            avisos.conta(Codigo::SemQuebraFinal);
        }
        Ok(Leitura { passo, plano: l, rejeitos, avisos, lidas, estrutura })
    }

    fn abre_leitor(&self, what: &'a str) -> anyhow::Result<Reader<'a, Progresso<'a>>> {
        let file = File::open(&self.caminho).with_context(|| self.caminho.display().to_string())?;
        let total = u64::try_from(self.arquivo.tamanho).unwrap_or(0);
        let inner = Progresso { inner: file, done: 0, total, what, tell: self.ctx.progresso };
        Ok(Reader::new(inner, self.layout, Encoding::parse(&self.arquivo.codificacao)))
    }

    /// Whether the whole file is refused: structure, emptiness, too many rejects (decisions 5).
    fn recusavel(&mut self, l: &Leitura) -> Option<(Codigo, String)> {
        self.relatorio.lines.read = l.lidas;
        if !l.estrutura.ok() {
            return Some((Codigo::Estrutura, l.estrutura.mensagem(self.layout, l.lidas)));
        }
        if l.lidas == 0 {
            return Some((Codigo::Estrutura, "o arquivo está vazio (nenhuma linha)".into()));
        }
        let count = l.rejeitos.iter().filter(|(_, r)| r.codigo.conta_para_o_limite()).count() as u64;
        let max = self.ctx.config.import.max_rejeitos;
        #[expect(clippy::cast_precision_loss, reason = "line counts are far below 2^52")]
        let over = count as f64 > max * l.lidas as f64;
        if count > 10 && over {
            let mut by_code: std::collections::BTreeMap<&str, u64> = std::collections::BTreeMap::new();
            l.rejeitos.iter().for_each(|(_, r)| *by_code.entry(r.codigo.as_str()).or_default() += 1);
            let codes: Vec<String> = by_code.iter().map(|(c, n)| format!("{c} {n}")).collect();
            let first = l.rejeitos.first().map_or(0, |(n, _)| *n);
            return Some((
                Codigo::RejeitosDemais,
                format!(
                    "{count} de {} linhas rejeitadas, acima do limite de {:.0} % ({}); a primeira é a linha {first}",
                    l.lidas,
                    max * 100.0,
                    codes.join(", ")
                ),
            ));
        }
        None
    }

    fn recusa(&mut self, code: Codigo, message: String, hint: &str) -> anyhow::Result<()> {
        self.relatorio.ends(State::Refused);
        self.relatorio.lines = Conta::default();
        let full = if hint.is_empty() { message.clone() } else { format!("{message}; {hint}") };
        if !self.ctx.opcoes.dry_run {
            let db = &self.ctx.store.db;
            let tx = db.begin()?;
            let run = ledger::last_run(&tx)? + 1;
            self.relatorio.run = Some(run);
            self.entra_run(&tx, run, None)?;
            let motivo = Some((code.as_str(), full.as_str()));
            let d = Decisao { estado: Estado::Recusado, motivo, run: Some(run), data_operacao: self.dia };
            ledger::decide(&tx, self.arquivo.id, &d)?;
            tx.commit()?;
        }
        self.relatorio.reason = Some(Reason::new(code, full));
        Ok(())
    }

    fn entra_run(&self, tx: &Tx<'_>, run: i64, originais: Option<&str>) -> anyhow::Result<()> {
        let r = &self.relatorio;
        let conta = serde_json::json!({"lines": r.lines, "warnings": r.warnings, "effects": r.effects}).to_string();
        ledger::insert_run(
            tx,
            run,
            &ledger::Run {
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

    /// Second pass, in one transaction. `false`: another run came between, nothing was done.
    fn aplica(&mut self, mut l: Leitura, before: i64) -> anyhow::Result<bool> {
        l.passo.resolve(&mut l.plano);
        let ctx = self.ctx;
        let tx = ctx.store.db.begin()?;
        let run = ledger::last_run(&tx)? + 1;
        if run != before + 1 {
            return Ok(false);
        }
        tx.exec("UPDATE corrente SET run=?1", &[Cell::Int(run)])?;
        let errors = ctx.layouts.get("erros").context("layouts/erros.toml")?;
        let nome = self.arquivo.nome.clone();
        let mut listed = Rejeitos::new(&ctx.config.data, errors, &nome, run);
        self.relatorio.lines = self.escreve(&mut l, &tx, run, &mut listed)?;
        self.relatorio.avisa(&l.avisos);
        self.curto()?;
        self.relatorio.lines.fecha()?;
        let written = listed.fim(self.dia)?;
        let state = if self.relatorio.lines.rejected.is_empty() { State::Done } else { State::DoneWithRejects };
        self.relatorio.ends(state);
        if let Some(w) = &written {
            rejeitos::entra(&tx, w, run, &self.inicio)?;
            self.relatorio.error_file = Some(w.erros.nome.clone());
        }
        if !ctx.opcoes.dry_run {
            self.relatorio.run = Some(run);
        }
        self.entra_run(&tx, run, written.as_ref().map(|w| w.originais.as_str()))?;
        let d = Decisao { estado: Estado::Importado, motivo: None, run: Some(run), data_operacao: self.dia };
        ledger::decide(&tx, self.arquivo.id, &d)?;
        if ctx.opcoes.dry_run {
            drop(tx);
            if let Some(w) = written {
                for p in [&w.originais, &w.erros.caminho] {
                    std::fs::remove_file(ctx.config.data.join(p))?;
                }
            }
            return Ok(true);
        }
        if let Some(id) = self.relatorio.effects.maior_id {
            ctx.store.give_ids(id)?;
        }
        tx.commit()?;
        Ok(true)
    }

    /// Reads the file again as far as something is to be written or listed; returns the account.
    fn escreve(&mut self, l: &mut Leitura, tx: &Tx<'_>, run: i64, listed: &mut Rejeitos<'_>) -> anyhow::Result<Conta> {
        let mut conta = Conta { read: l.lidas, ..Conta::default() };
        for m in &l.plano {
            match *m {
                IGUAL => conta.unchanged += 1,
                m => motivo_de_ignorar(m).into_iter().for_each(|c| conta.ignora(c)),
            }
        }
        let passo = std::mem::replace(&mut l.passo, Box::new(Nada));
        let mut gravador = passo.gravador(self.ctx.store, run)?;
        let idle = |m: &Marca| *m == IGUAL || *m == REPETIDA;
        if !l.plano.iter().all(idle) {
            let mut reader = self.abre_leitor("gravando")?;
            let mut rejects = l.rejeitos.iter().peekable();
            while let Next::Linha(linha) = reader.next_line()? {
                let marca = l.plano.get(linha.numero as usize - 1).copied().unwrap_or(IGUAL);
                match marca {
                    IGUAL | REPETIDA => {}
                    REPETIDA_RETIDA => {
                        listed.guarda(&linha)?;
                    }
                    REJEITADA => {
                        let (_, r) = rejects.next_if(|(n, _)| *n == linha.numero).context("rejeito sem linha")?;
                        conta.rejeita(r.codigo);
                        let field = r.campo.and_then(|i| linha.record.fields.get(usize::from(i)));
                        let name = field.map_or_else(String::new, |f| f.name.clone());
                        *self.relatorio.por_campo.entry((r.codigo.as_str(), name)).or_default() += 1;
                        listed.lista(tx, &linha, *r, true)?;
                    }
                    m if m < APLICA => {
                        let code = motivo_de_ignorar(m).context("marca sem motivo")?;
                        gravador.ignora(&linha, m)?;
                        if rejeitos::listada(code) {
                            listed.lista(tx, &linha, Rejeito::linha(code), false)?;
                        }
                    }
                    m => match gravador.grava(&linha, m)? {
                        Efeito::Criada => conta.created += 1,
                        Efeito::Alterada => conta.updated += 1,
                        Efeito::Igual => conta.unchanged += 1,
                    },
                }
            }
        }
        self.relatorio.effects = gravador.fim()?;
        Ok(conta)
    }

    /// IN4: a file with under half the lines of the last one of its kind is warned about.
    fn curto(&mut self) -> anyhow::Result<()> {
        let last = ledger::last_account(&self.ctx.store.db, &self.arquivo.kind, self.arquivo.id)?;
        let read = last
            .and_then(|c| serde_json::from_str::<serde_json::Value>(&c).ok())
            .and_then(|v| v.pointer("/lines/read").and_then(serde_json::Value::as_u64));
        if read.is_some_and(|n| self.relatorio.lines.read * 2 < n) {
            self.relatorio.warnings.insert(Codigo::ArquivoCurto.as_str(), 1);
        }
        Ok(())
    }
}

/// Stands where a room was taken out to write.
struct Nada;

impl Passo for Nada {
    fn examina(&mut self, _: &crate::layout::linha::Linha<'_>, _: &mut Avisos) -> Result<Aceita, Rejeito> {
        Err(Rejeito::linha(Codigo::Estrutura))
    }
    fn resolve(&mut self, _: &mut [Marca]) {}
    fn gravador<'d>(
        self: Box<Self>,
        _: &'d crate::store::Store,
        _: i64,
    ) -> anyhow::Result<Box<dyn super::passo::Gravador + 'd>> {
        bail!("passo já consumido")
    }
}

/// Tells how far a reader is.
struct Progresso<'a> {
    inner: File,
    done: u64,
    total: u64,
    what: &'a str,
    tell: &'a dyn Fn(u64, u64, &str),
}

impl Read for Progresso<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.done += n as u64;
        (self.tell)(self.done, self.total, self.what);
        Ok(n)
    }
}

/// A date as people read it.
pub fn br(d: NaiveDate) -> String {
    d.format("%d/%m/%Y").to_string()
}

/// After the commit the original goes from the inbox to the archive; a crash in between is made good by the
/// next command.
///
/// # Errors
/// The archive cannot be written.
pub fn arquiva(ctx: &Contexto<'_>) -> anyhow::Result<()> {
    for a in ledger::to_archive(&ctx.store.db)? {
        let day = a.data_operacao.map_or_else(|| "sem-dia".to_owned(), |d| d.to_string());
        let folder = Path::new("archive").join(day);
        std::fs::create_dir_all(ctx.config.data.join(&folder))?;
        let from = ctx.config.data.join(&a.caminho);
        let to = entrada::lugar(&ctx.config.data.join(&folder), &a.nome, &a.sha256);
        if from.exists() {
            std::fs::rename(&from, &to).with_context(|| format!("arquivar {}", from.display()))?;
        }
        let inside = to.strip_prefix(&ctx.config.data).unwrap_or(&to);
        ledger::moved(&ctx.store.db, a.id, &inside.display().to_string())?;
    }
    Ok(())
}
