//! Files into the ledger: what a name says, what the bytes are, whether they were here before (IN11–IN13).

use super::{Contexto, DiaDe, ETAPAS, Etapa};
use crate::layout::impressao::{Impressao, Medidor, copia, imprime};
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
    /// It brings corrected lines of the file with this name (IM19).
    pub corrige: Option<String>,
}

/// Recognises a file name among the layouts of the imports (decisions 6), and `<name>.corrigido` as the same
/// kind, layout and stamp (decisions 5).
///
/// # Errors
/// The most telling reason: an impossible date or another id before "no pattern".
pub fn reconhece<'l>(layouts: &'l Layouts, nome: &str, ascob: &str) -> Result<Nome<'l>, NameError> {
    let Some(input) = ledger::corrige(nome) else { return casa(layouts, nome, ascob) };
    let found = casa(layouts, input, ascob)?;
    if !found.etapa.aceita_corrigido() {
        return Err(NameError::WholeOnly { kind: found.etapa.kind.to_owned() });
    }
    Ok(Nome { corrige: Some(input.to_owned()), ..found })
}

fn casa<'l>(layouts: &'l Layouts, nome: &str, ascob: &str) -> Result<Nome<'l>, NameError> {
    let mut worst = NameError::NoMatch;
    for etapa in ETAPAS {
        for layout in layouts.of_kind(etapa.kind) {
            for pattern in &layout.files {
                match pattern.matches(nome, ascob) {
                    Ok(stamp) => return Ok(Nome { layout, etapa, stamp, corrige: None }),
                    Err(NameError::NoMatch) => {}
                    Err(e) => worst = e,
                }
            }
        }
    }
    Err(worst)
}

/// The operating day of a name; `None` where the import itself decides it. Corrected lines belong to the day
/// of their input.
///
/// # Errors
/// The ledger cannot be read.
pub fn dia_de_operacao(ctx: &Contexto<'_>, nome: &Nome<'_>) -> anyhow::Result<Option<NaiveDate>> {
    if let Some(input) = &nome.corrige
        && let Some(dia) = ledger::named(&ctx.store.db, input)?.and_then(|a| a.data_operacao)
    {
        return Ok(Some(dia));
    }
    Ok(match nome.etapa.dia {
        DiaDe::Nome => Some(ctx.calendario.dia_de_operacao(nome.stamp.date, nome.stamp.time, ctx.config.dia.corte)),
        DiaDe::Carimbo => Some(nome.stamp.date),
        DiaDe::NovaRemessa => None,
    })
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

/// The two paths that a name may have in a folder: the name itself, or with the first digits of its hash
/// where another content stands under it (IN12: both byte sequences are kept).
pub fn lugares(folder: &Path, nome: &str, sha256: &str) -> [PathBuf; 2] {
    [folder.join(nome), folder.join(format!("{nome}.{}", sha256.get(..8).unwrap_or("x")))]
}

/// The first of the two that is free.
pub fn lugar(folder: &Path, nome: &str, sha256: &str) -> PathBuf {
    let [plain, other] = lugares(folder, nome, sha256);
    if plain.exists() { other } else { plain }
}

/// Takes a whole, synced copy (`part`, in the inbox) under its final name and into the ledger as pending.
///
/// A content that the ledger knows under this name and day keeps its row, whatever became of it: it is not
/// tried again by itself. Bytes that a killed command left under the final name without a row are taken
/// over. Returns the row and whether the name came before with other bytes (IN12).
///
/// # Errors
/// The inbox or the ledger cannot be written.
pub fn entra(
    ctx: &Contexto<'_>,
    reconhecido: &Nome<'_>,
    nome: &str,
    impressao: &Impressao,
    part: &Path,
) -> anyhow::Result<(Arquivo, bool)> {
    let (db, data) = (&ctx.store.db, &ctx.config.data);
    let dia = dia_de_operacao(ctx, reconhecido)?;
    let known = ledger::with_content(db, reconhecido.etapa.kind, &impressao.sha256)?
        .into_iter()
        .find(|a| a.nome == nome && (dia.is_none() || a.data_operacao == dia));
    if let Some(known) = &known
        && (known.estado != Estado::Pendente || data.join(&known.caminho).exists())
    {
        std::fs::remove_file(part).with_context(|| part.display().to_string())?;
        return Ok((known.clone(), false));
    }
    let inbox = data.join("inbox");
    let path = match orfao(ctx, &inbox.join(nome), impressao)? {
        Some(path) => path,
        None => lugar(&inbox, nome, &impressao.sha256),
    };
    std::fs::rename(part, &path).with_context(|| path.display().to_string())?;
    File::open(&inbox).and_then(|f| f.sync_all()).with_context(|| inbox.display().to_string())?;
    let inside = path.strip_prefix(data).unwrap_or(&path).display().to_string();
    if let Some(mut known) = known {
        // its bytes had vanished from the inbox: they are back
        ledger::moved(db, known.id, &inside)?;
        known.caminho = inside;
        known.mtime = mtime(&path)?;
        return Ok((known, false));
    }
    let before = ledger::named(db, nome)?.map(|a| a.id);
    let mut novo = novo(reconhecido, nome, impressao, dia, inside);
    novo.mtime = mtime(&path)?;
    novo.id = ledger::insert(db, &novo, &ctx.clock.now().iso(), before)?;
    Ok((novo, before.is_some()))
}

/// A path under which the same bytes stand without a row: a kill came between the rename and the ledger.
fn orfao(ctx: &Contexto<'_>, path: &Path, impressao: &Impressao) -> anyhow::Result<Option<PathBuf>> {
    let inside = path.strip_prefix(&ctx.config.data).unwrap_or(path).display().to_string();
    if !path.is_file() || ledger::at(&ctx.store.db, &inside)?.is_some() {
        return Ok(None);
    }
    let same = imprime(path).with_context(|| path.display().to_string())?.sha256 == impressao.sha256;
    Ok(same.then(|| path.to_owned()))
}

fn novo(reconhecido: &Nome<'_>, nome: &str, impressao: &Impressao, dia: Option<NaiveDate>, caminho: String) -> Arquivo {
    let carimbo = match reconhecido.stamp.time {
        Some(t) => format!("{}T{}", reconhecido.stamp.date, t.format("%H:%M:%S")),
        None => reconhecido.stamp.date.to_string(),
    };
    Arquivo {
        id: 0,
        kind: reconhecido.etapa.kind.to_owned(),
        layout: reconhecido.layout.name.clone(),
        nome: nome.to_owned(),
        data_operacao: dia,
        carimbo,
        tamanho: i64::try_from(impressao.tamanho).unwrap_or(i64::MAX),
        mtime: 0,
        sha256: impressao.sha256.clone(),
        codificacao: impressao.codificacao.as_str().to_owned(),
        estado: Estado::Pendente,
        codigo: None,
        mensagem: None,
        run: None,
        caminho,
        substitui: None,
    }
}

/// Brings a file from elsewhere into the inbox, durably, and enters it. Under `--dry-run` it is read where it
/// lies and nothing is entered.
///
/// # Errors
/// It cannot be read, or the inbox cannot be written.
pub fn traz(ctx: &Contexto<'_>, from: &Path, nome: &str, reconhecido: &Nome<'_>) -> anyhow::Result<Arquivo> {
    let unreadable = || format!("não foi possível ler {}", from.display());
    if ctx.opcoes.dry_run {
        let impressao = imprime(from).with_context(unreadable)?;
        let path = from.canonicalize().with_context(unreadable)?;
        return avulso(ctx, reconhecido, nome, &impressao, &path);
    }
    let inbox = ctx.config.data.join("inbox");
    // not `.fetch.part`: a fetch clears its own leftovers only
    let part = inbox.join(format!("{nome}.{}.import.part", std::process::id()));
    let mut source = File::open(from).with_context(unreadable)?;
    let file = File::create(&part).with_context(|| format!("não foi possível gravar em {}", inbox.display()))?;
    let mut m = Medidor::new(file);
    let copied = copia(&mut source, &mut m);
    let (file, impressao) = m.fim();
    copied
        .and_then(|_| file.sync_all())
        .with_context(|| format!("cópia de {} para {}", from.display(), inbox.display()))?;
    Ok(entra(ctx, reconhecido, nome, &impressao, &part)?.0)
}

/// A file that is read where it lies (an absolute path) and not entered: `--dry-run`.
///
/// # Errors
/// Its metadata or the ledger cannot be read.
pub fn avulso(
    ctx: &Contexto<'_>,
    reconhecido: &Nome<'_>,
    nome: &str,
    impressao: &Impressao,
    path: &Path,
) -> anyhow::Result<Arquivo> {
    let dia = dia_de_operacao(ctx, reconhecido)?;
    let mut a = novo(reconhecido, nome, impressao, dia, path.display().to_string());
    a.mtime = mtime(path)?;
    Ok(a)
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
    #[test]
    fn im19_corrigido_e_do_mesmo_tipo_menos_no_batimento() {
        let layouts = load::builtin().unwrap();
        for (nome, layout, input) in [
            ("20230803_203000_remessa_528_out.528.corrigido", "remessa", "20230803_203000_remessa_528_out.528"),
            ("AcordosBaixados_04082023_528.csv.CORRIGIDO", "acordos_baixados", "AcordosBaixados_04082023_528.csv"),
            (
                "refin_carteira_veic_080823071500.xlsx.Corrigido",
                "refin_planilha",
                "refin_carteira_veic_080823071500.xlsx",
            ),
            ("20230803_203500_parc_528_out.528.corrigido.corrigido", "parcelas", "20230803_203500_parc_528_out.528"),
        ] {
            let n = reconhece(&layouts, nome, "528").unwrap();
            assert_eq!((n.layout.name.as_str(), n.corrige.as_deref()), (layout, Some(input)), "{nome}");
        }
        for nome in ["bat_carteira_veic_04082023_528.csv.corrigido", "bat_carteira_veic_04082023_528.csv.528.corrigido"]
        {
            let Err(e) = reconhece(&layouts, nome, "528") else { panic!("{nome}") };
            assert!(e.to_string().contains("só vale inteiro"), "{e}");
        }
        for nome in [".corrigido", "x.corrigido", "20230803_203000_remessa_528_out.528corrigido", "é.corrigido"] {
            assert!(matches!(reconhece(&layouts, nome, "528"), Err(NameError::NoMatch)), "{nome}");
        }
    }
}
