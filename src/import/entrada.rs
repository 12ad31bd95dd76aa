//! Files into the ledger: what a name says, what the bytes are, whether they were here before (IN11–IN13).

use super::{Contexto, DiaDe, ETAPAS, Etapa};
use crate::layout::impressao::{Impressao, Medidor, copia};
use crate::layout::nome::{NameError, Stamp};
use crate::layout::{Layout, Layouts};
use crate::store::ledger::{self, Arquivo, Estado};
use anyhow::Context as _;
use chrono::NaiveDate;
use std::fs::File;
use std::path::{Path, PathBuf};

/// A recognised file name.
pub struct Nome<'l> {
    /// The layout whose pattern it fits.
    pub layout: &'l Layout,
    /// Its step.
    pub etapa: &'static Etapa,
    /// Date and time in it.
    pub stamp: Stamp,
}

/// Recognises a file name among the layouts of the imports (decisions 6).
///
/// # Errors
/// The most telling reason: an impossible date or another id before "no pattern".
pub fn reconhece<'l>(layouts: &'l Layouts, nome: &str, ascob: &str) -> Result<Nome<'l>, NameError> {
    let mut worst = NameError::NoMatch;
    for etapa in ETAPAS {
        for layout in layouts.of_kind(etapa.kind) {
            for pattern in &layout.files {
                match pattern.matches(nome, ascob) {
                    Ok(stamp) => return Ok(Nome { layout, etapa, stamp }),
                    Err(NameError::NoMatch) => {}
                    Err(e) => worst = e,
                }
            }
        }
    }
    Err(worst)
}

/// The operating day of a name; `None` where the import itself decides it.
pub fn dia_de_operacao(ctx: &Contexto<'_>, nome: &Nome<'_>) -> Option<NaiveDate> {
    match nome.etapa.dia {
        DiaDe::Nome => Some(ctx.calendario.dia_de_operacao(nome.stamp.date, nome.stamp.time, ctx.config.dia.corte)),
        DiaDe::Carimbo => Some(nome.stamp.date),
        DiaDe::NovaRemessa => None,
    }
}

/// Modification time of a file in nanoseconds, to see whether a recorded hash still holds.
///
/// # Errors
/// The file's metadata cannot be read.
pub fn mtime(path: &Path) -> std::io::Result<i64> {
    let t = std::fs::metadata(path)?.modified()?;
    let d = t.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Ok(i64::try_from(d.as_nanos()).unwrap_or(i64::MAX))
}

/// A free path for a name in a folder: the name itself, or with the first digits of its hash where another
/// content stands under it (IN12: both byte sequences are kept).
pub fn lugar(folder: &Path, nome: &str, sha256: &str) -> PathBuf {
    let plain = folder.join(nome);
    if !plain.exists() {
        return plain;
    }
    folder.join(format!("{nome}.{}", sha256.get(..8).unwrap_or("x")))
}

/// The row of a file that is here already: same name, content and day, its bytes still in place.
///
/// # Errors
/// The ledger cannot be read.
pub fn conhecido(
    ctx: &Contexto<'_>,
    reconhecido: &Nome<'_>,
    nome: &str,
    impressao: &Impressao,
) -> anyhow::Result<Option<Arquivo>> {
    let dia = dia_de_operacao(ctx, reconhecido);
    let same = ledger::with_content(&ctx.store.db, reconhecido.etapa.kind, &impressao.sha256)?;
    Ok(same.into_iter().find(|a| {
        a.nome == nome
            && (dia.is_none() || a.data_operacao == dia)
            && (a.estado != Estado::Pendente || ctx.config.data.join(&a.caminho).exists())
    }))
}

/// Enters a file that lies in the inbox as pending.
///
/// # Errors
/// The ledger cannot be written.
pub fn registra(
    ctx: &Contexto<'_>,
    nome: &str,
    reconhecido: &Nome<'_>,
    impressao: &Impressao,
    path: &Path,
) -> anyhow::Result<Arquivo> {
    let db = &ctx.store.db;
    let carimbo = match reconhecido.stamp.time {
        Some(t) => format!("{}T{}", reconhecido.stamp.date, t.format("%H:%M:%S")),
        None => reconhecido.stamp.date.to_string(),
    };
    let inside = path.strip_prefix(&ctx.config.data).unwrap_or(path);
    let mut novo = Arquivo {
        id: 0,
        kind: reconhecido.etapa.kind.to_owned(),
        layout: reconhecido.layout.name.clone(),
        nome: nome.to_owned(),
        data_operacao: dia_de_operacao(ctx, reconhecido),
        carimbo,
        tamanho: i64::try_from(impressao.tamanho).unwrap_or(i64::MAX),
        mtime: mtime(path).context("inbox")?,
        sha256: impressao.sha256.clone(),
        codificacao: impressao.codificacao.as_str().to_owned(),
        estado: Estado::Pendente,
        codigo: None,
        mensagem: None,
        run: None,
        caminho: inside.display().to_string(),
    };
    let before = ledger::named(db, nome)?.map(|a| a.id);
    novo.id = ledger::insert(db, &novo, &ctx.clock.now().iso(), before)?;
    Ok(novo)
}

/// Copies a file from elsewhere into the inbox, durably, and enters it.
///
/// # Errors
/// It cannot be read, or the inbox cannot be written.
pub fn traz(ctx: &Contexto<'_>, from: &Path, nome: &str, reconhecido: &Nome<'_>) -> anyhow::Result<Arquivo> {
    let inbox = ctx.config.data.join("inbox");
    let part = inbox.join(format!("{nome}.{}.part", std::process::id()));
    let mut source = File::open(from).with_context(|| format!("não foi possível ler {}", from.display()))?;
    let file = File::create(&part).with_context(|| format!("não foi possível gravar em {}", inbox.display()))?;
    let mut m = Medidor::new(file);
    let copied = copia(&mut source, &mut m);
    let (file, impressao) = m.fim();
    copied
        .and_then(|_| file.sync_all())
        .with_context(|| format!("cópia de {} para {}", from.display(), inbox.display()))?;
    if let Some(known) = conhecido(ctx, reconhecido, nome, &impressao)? {
        std::fs::remove_file(&part)?;
        return Ok(known);
    }
    let path = lugar(&inbox, nome, &impressao.sha256);
    std::fs::rename(&part, &path)?;
    File::open(&inbox)?.sync_all()?;
    registra(ctx, nome, reconhecido, &impressao, &path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::load;

    #[test]
    fn cada_nome_das_decisoes_acha_o_seu_layout() {
        let layouts = load::builtin().unwrap();
        for (nome, layout) in [
            ("20230803_203000_remessa_528_out.528", "remessa"),
            ("20230803_203500_parc_528_out.528", "parcelas"),
            ("20230803_203700_garantias_528_out.528", "garantias"),
            ("20230803_210000_baixa_528_out.528", "exclusao"),
            ("20230804_020100_acordo_528_out.528.txt", "baixa_acordo"),
            ("20230804_020100_acordo_528_out.528_new.txt", "acordos_baixados"),
            ("AcordosBaixados_04082023_528.csv", "acordos_baixados"),
            ("bat_carteira_veic_04082023_528.csv", "batimento"),
            ("bat_carteira_veic_04082023_528.csv.528", "batimento"),
            ("telefones_carteira_veic_030823201500.csv", "telefones"),
            ("Refin_carteira_veic_08082023071500.csv", "refin"),
            ("refin_carteira_veic_080823071500.xlsx", "refin_planilha"),
            ("20230215_153000_massiva_email.csv", "massiva_email"),
            ("20230215_164000_massiva_sms.csv", "massiva_sms"),
            ("20230804_093000_massiva_whatsapp.csv", "massiva_whatsapp"),
            ("20230804_093000_manager_retorno.csv", "retorno"),
        ] {
            match reconhece(&layouts, nome, "528") {
                Ok(n) => assert_eq!(n.layout.name, layout, "{nome}"),
                Err(e) => panic!("{nome}: {e}"),
            }
        }
        assert!(matches!(
            reconhece(&layouts, "20230803_203000_remessa_999_out.999", "528"),
            Err(NameError::OtherId { .. })
        ));
        assert!(matches!(reconhece(&layouts, "20230231_203000_remessa_528_out.528", "528"), Err(NameError::BadDate)));
        assert!(matches!(reconhece(&layouts, "20230804_093000_manager_carga.csv", "528"), Err(NameError::NoMatch)));
    }
}
