//! Workbooks through the hidden subcommand: real ones are read, hostile ones end as a refused file (IM13).

use crate::delimitados::{Lido, le};
use atom::layout::load;
use atom::layout::planilha::{self, Falha, arquivo_csv};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const LIMITE_KIB: u64 = 300 * 1024;
const LIMITE: Duration = Duration::from_secs(10);

fn exe() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_atom"))
}

/// Converts as an import does.
fn converte(file: &Path) -> Result<String, Falha> {
    let dir = tempfile::tempdir().unwrap();
    let text = arquivo_csv(exe(), file, dir.path(), planilha::PRAZO)?;
    Ok(fs::read_to_string(&text).unwrap())
}

fn refin(text: &str) -> Lido {
    le(load::builtin().unwrap().get("refin_planilha").unwrap(), text.as_bytes())
}

fn linha(l: &Lido, i: usize) -> Vec<&str> {
    l.linhas[i].1.iter().map(String::as_str).collect()
}

/// A workbook as a person makes one: a hidden sheet first, a title and a blank row, formats of every kind.
fn pasta_de_trabalho(path: &Path) {
    let mut book = Workbook::new();
    book.add_worksheet().set_hidden(true).write_string(0, 0, "nada").unwrap();
    let sheet = book.add_worksheet();
    sheet.set_active(true);
    let layouts = load::builtin().unwrap();
    for (i, f) in layouts.get("refin_planilha").unwrap().records[0].fields.iter().enumerate() {
        sheet.write_string(2, i as u16, f.label.as_ref().unwrap_or(&f.header)).unwrap();
    }
    let [date, percent, money] = ["dd/mm/yyyy", "0.00%", "\"R$\" #,##0.00"].map(|f| Format::new().set_num_format(f));
    let day = |y, m, d| ExcelDateTime::from_ymd(y, m, d).unwrap();
    for (row, contract) in [(3, "12345678901234567"), (5, "00987654321")] {
        sheet.write_string(row, 0, contract).unwrap();
        sheet.write_string(row, 1, "91 a 120").unwrap();
        sheet.write_string(row, 2, "01, Melhor; \"já\"").unwrap();
        for (col, n) in [(3, 4.0), (4, 34.0), (5, 38.0), (6, 48.0), (7, 595.37), (9, 58.0), (10, 57.0), (18, 1.0)] {
            sheet.write_number(row, col, n).unwrap();
        }
        sheet.write_number_with_format(row, 8, 416, &money).unwrap();
        // what a formula leaves: more decimals than are shown
        sheet.write_number_with_format(row, 11, 397.333_333_333, &money).unwrap();
        sheet.write_number_with_format(row, 12, 23_814.8, &money).unwrap();
        sheet.write_number_with_format(row, 13, 0.0166, &percent).unwrap();
        sheet.write_number_with_format(row, 14, 0.2158, &percent).unwrap();
        sheet.write_datetime_with_format(row, 15, day(2023, 8, 11), &date).unwrap();
        sheet.write_string(row, 16, "11/04/2028").unwrap();
        sheet.write_string(row, 17, "Assessoria\nSão João – Ç€").unwrap();
    }
    // what Excel keeps of a contract typed as a number
    sheet.write_number(6, 0, 12_345_678_901_234_567.0).unwrap();
    sheet.write_blank(20, 30, &money).unwrap();
    book.save(path).unwrap();
}

#[test]
fn xlsx_de_verdade_se_le_sem_falhas() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("refin_carteira_veic_040823020000.xlsx");
    pasta_de_trabalho(&path);
    let l = refin(&converte(&path).unwrap());
    assert!(l.faltas.is_empty() && l.desconhecidas.is_empty(), "{}", l.mensagem);
    assert_eq!(l.linhas.len(), 3);
    let want = |contract| {
        vec![
            contract,
            "91 a 120",
            "01, Melhor; \"já\"",
            "4",
            "34",
            "38",
            "48",
            "59537",
            "41600",
            "58",
            "57",
            "39733",
            "2381480",
            "166",
            "2158",
            "2023-08-11",
            "2028-04-11",
            "Assessoria São João – Ç€",
            "1",
        ]
    };
    assert_eq!(linha(&l, 0), want("12345678901234567"));
    assert_eq!(linha(&l, 1), want("00987654321"));
    assert_eq!(linha(&l, 2)[..2], ["!NOTACAO_CIENTIFICA", "-"]);
}

/// `dados/refin.xls` was made with Python's xlwt 1.3.0: a hidden sheet `Oculta`, then a sheet with the headers
/// of the layout as strings and two rows: contracts as strings, counts and money as numbers (money partly in
/// `#,##0.00`), dates in `DD/MM/YYYY` and one as a string; rates as strings in the first row, as 0.0166 in
/// `0.00%` in the second.
#[test]
fn xls_de_verdade_se_le_e_a_fracao_nao_se_adivinha() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dados/refin.xls");
    let l = refin(&converte(&path).unwrap());
    assert_eq!((l.faltas.len(), l.linhas.len(), l.ruins().len()), (0, 2, 1), "{}", l.mensagem);
    let want = [
        "12345678901234567",
        "91 a 120",
        "01, Melhor",
        "4",
        "34",
        "38",
        "48",
        "59537",
        "41600",
        "58",
        "57",
        "39733",
        "2381480",
        "166",
        "2158",
        "2023-08-11",
        "2028-04-11",
        "Assessoria Exemplo — São João",
        "1",
    ];
    assert_eq!(linha(&l, 0), want);
    let second = linha(&l, 1);
    assert_eq!((second[7], second[8], second[13], second[14]), ("100000", "5050", "!NOTACAO_CIENTIFICA", "-"));
}

/// How the child ended.
#[derive(Debug)]
struct Fim {
    code: Option<i32>,
    dito: String,
    pico_kib: u64,
    tempo: Duration,
}

fn filho(path: &Path) -> Fim {
    let begun = Instant::now();
    let mut child = Command::new(exe())
        .args([planilha::COMANDO, "--"])
        .arg(path)
        // as the parent calls it: a backtrace of a failed allocation costs more memory than the workbook
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pico_kib = 0;
    let status = loop {
        pico_kib = pico_kib.max(high_water(child.id()).unwrap_or(0));
        if let Some(s) = child.try_wait().unwrap() {
            break s;
        }
        if begun.elapsed() > LIMITE {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    let tempo = begun.elapsed();
    let mut dito = String::new();
    child.stderr.take().unwrap().read_to_string(&mut dito).unwrap();
    Fim { code: status.code(), dito, pico_kib, tempo }
}

/// Peak resident memory of a process so far, KiB.
fn high_water(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find(|l| l.starts_with("VmHWM:"))?.split_whitespace().nth(1)?.parse().ok()
}

const PARTES: [(&str, &str); 6] = [
    (
        "[Content_Types].xml",
        r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>"#,
    ),
    (
        "_rels/.rels",
        r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
    ),
    (
        "xl/workbook.xml",
        r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="A" sheetId="1" r:id="rId1"/></sheets></workbook>"#,
    ),
    (
        "xl/_rels/workbook.xml.rels",
        r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#,
    ),
    ("xl/worksheets/sheet1.xml", ""),
    ("xl/sharedStrings.xml", ""),
];

const NS: &str = r#"xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main""#;

/// A workbook of one sheet, whose two interesting parts are written by hand.
fn xlsx(sheet: &[u8], strings: &[u8]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in PARTES {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(match name {
            "xl/worksheets/sheet1.xml" => sheet,
            "xl/sharedStrings.xml" => strings,
            _ => text.as_bytes(),
        })
        .unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn folha(dimension: &str, rows: &str) -> Vec<u8> {
    format!("<worksheet {NS}><dimension ref=\"{dimension}\"/><sheetData>{rows}</sheetData></worksheet>").into_bytes()
}

fn textos(attributes: &str, items: &str) -> Vec<u8> {
    format!("<sst {NS} {attributes}>{items}</sst>").into_bytes()
}

const LINHAS: &str = r#"<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c r="A2"><v>7</v></c></row>"#;

/// The files that a hostile or broken sender may deliver, by what the message must say.
fn hostis() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let good = xlsx(&folha("A1:A2", LINHAS), &textos("count=\"1\" uniqueCount=\"1\"", "<si><t>CONTRATO</t></si>"));
    let one = textos("uniqueCount=\"1\"", "<si><t>CONTRATO</t></si>");
    let far = r#"<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>"#;
    let mut ole = vec![0xFF; 64 * 1024];
    ole[..8].copy_from_slice(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1");
    let xls = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dados/refin.xls")).unwrap();
    vec![
        ("células longe", xlsx(&folha("A1:XFD1048576", far), &one), "colunas"),
        ("textos demais", xlsx(&folha("A1:A2", LINHAS), &textos("uniqueCount=\"4000000000\"", "")), "mais textos"),
        ("bomba de zeros", xlsx(&vec![0; 400 << 20], &one), "se expande para mais de 200 MiB"),
        ("cortado", good[..good.len() / 2].to_vec(), "danificada"),
        ("sem o fim", good[..good.len() - 10].to_vec(), "danificada"),
        ("lixo", b"lixo, e nada mais que lixo".repeat(1000), "não é um arquivo xls nem xlsx"),
        ("lixo com marca de zip", [&b"PK\x03\x04"[..], &[0xAB; 5000]].concat(), "danificada"),
        ("lixo com marca de xls", ole, "danificada"),
        ("xls cortado", xls[..xls.len() / 3].to_vec(), "danificada"),
        ("vazio", Vec::new(), "não é um arquivo xls nem xlsx"),
        ("xml quebrado", xlsx(b"<worksheet><sheetData><row r=\"1\"><c r=\"A1\"", &one), ""),
        ("texto que falta", xlsx(&folha("A1", &LINHAS.replace("<v>0<", "<v>99<")), &one), ""),
    ]
}

fn grava(dir: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = dir.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn im13_toda_planilha_hostil_e_recusada_no_prazo_e_na_memoria() {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes, words) in hostis() {
        let path = grava(dir.path(), "refin.xlsx", &bytes);
        let f = filho(&path);
        println!("{name}: {} bytes, {} KiB, {:?}: {}", bytes.len(), f.pico_kib, f.tempo, f.dito.trim());
        assert_eq!(f.code, Some(planilha::RECUSADA), "{name}: {f:?}");
        assert!(f.tempo < LIMITE && f.pico_kib < LIMITE_KIB, "{name}: {f:?}");
        assert!(f.dito.contains(words) && !f.dito.contains("panicked"), "{name}: {f:?}");
        let m = converte(&path).unwrap_err();
        assert!(matches!(m, Falha::Limite(_) | Falha::Ilegivel(_)), "{name}: {m:?}");
        assert!(m.to_string().starts_with("a planilha ") && m.to_string().contains(words), "{name}: {m}");
    }
}

#[test]
fn im13_uma_dimensao_enorme_com_poucas_celulas_se_le() {
    let dir = tempfile::tempdir().unwrap();
    let strings = textos("uniqueCount=\"1\"", "<si><t>CONTRATO</t></si>");
    let path = grava(dir.path(), "refin.xlsx", &xlsx(&folha("A1:XFD1048576", LINHAS), &strings));
    let f = filho(&path);
    println!("dimensão: {} KiB, {:?}", f.pico_kib, f.tempo);
    assert!(f.code == Some(0) && f.tempo < LIMITE && f.pico_kib < LIMITE_KIB, "{f:?}");
    assert_eq!(converte(&path).unwrap(), "CONTRATO\n7\n");
}

/// What the checks before reading do not see ends at the limits of the process: the parent has a message.
#[test]
fn im13_o_que_passa_das_conferencias_para_nos_limites_do_processo() {
    let dir = tempfile::tempdir().unwrap();
    // the count stands so far behind that it is not looked for
    let late = format!("<!--{}-->", "x".repeat(8000));
    let late = [late.as_bytes(), &textos("uniqueCount=\"4000000000\"", "<si><t>a</t></si>")].concat();
    // one long text in ten thousand cells
    let long = textos("uniqueCount=\"1\"", &format!("<si><t>{}</t></si>", "y".repeat(32_000)));
    let rows: String =
        (1..=10_000).map(|r| format!("<row r=\"{r}\"><c r=\"A{r}\" t=\"s\"><v>0</v></c></row>")).collect();
    for (name, bytes) in [
        ("contagem escondida", xlsx(&folha("A1:A2", LINHAS), &late)),
        ("texto repetido", xlsx(&folha("A1:A10000", &rows), &long)),
    ] {
        let path = grava(dir.path(), "refin.xlsx", &bytes);
        let f = filho(&path);
        println!("{name}: {:?}, {} KiB, {:?}: {}", f.code, f.pico_kib, f.tempo, f.dito.trim());
        assert!(f.tempo < LIMITE && f.pico_kib < LIMITE_KIB && f.code != Some(0), "{name}: {f:?}");
        let m = converte(&path).unwrap_err();
        assert!(matches!(m, Falha::Limite(_)), "{name}: {m:?}");
    }
}

/// Damaged copies of the two real workbooks: whatever is made of them, it ends and nobody panics aloud.
#[test]
fn copias_danificadas_terminam_com_texto_ou_mensagem() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("refin.xlsx");
    pasta_de_trabalho(&path);
    let xlsx = fs::read(&path).unwrap();
    let xls = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dados/refin.xls")).unwrap();
    let mut seed = 528_u64;
    let mut next = |n: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % n as u64) as usize
    };
    let mut refused = 0;
    for i in 0..80 {
        let mut bytes = if i % 4 == 0 { xlsx.clone() } else { xls.clone() };
        for _ in 0..1 + next(12) {
            let at = next(bytes.len());
            bytes[at] = [0, 0xFF, 0x7F, bytes[at] ^ (1 << next(8))][next(4)];
        }
        let path = grava(dir.path(), "danificada", &bytes);
        match converte(&path) {
            Ok(_) => {}
            Err(Falha::Io(e)) => panic!("{i}: {e}"),
            Err(m) => {
                refused += 1;
                assert!(m.to_string().chars().all(|c| !c.is_control()) && m.to_string().len() < 200, "{m}");
            }
        }
    }
    assert!(refused > 10, "{refused}");
}
