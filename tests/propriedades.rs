//! Properties of every type: what the generator's writer writes, the reader reads (IM9–IM11).

use atom::domain::valores::{Centavos, NumeroErro, brasileiro, decimal_br, implicito};
use atom::gerador::documento;
use atom::gerador::linha::Linha;
use atom::layout::frame::{FrameError, Lines};
use atom::layout::leitor::Leitor;
use atom::layout::linha::Next;
use atom::layout::text::{Decoder, Encoding};
use atom::layout::valor::Valor;
use atom::layout::{Layout, load};
use chrono::{Datelike, NaiveDate};
use encoding_rs::WINDOWS_1252;
use proptest::prelude::*;
use std::io::{self, Read};
use std::sync::OnceLock;

/// One field of every type.
fn layout() -> &'static Layout {
    static L: OnceLock<Layout> = OnceLock::new();
    L.get_or_init(|| {
        let text = r#"
kind = "teste"
files = []
format = "fixed"
[[record]]
name = "r"
width = 206
fields = [
  { name = "texto",     at = [1, 30],    type = "text" },
  { name = "contrato",  at = [31, 50],   type = "contrato" },
  { name = "codigo",    at = [51, 58],   type = "code" },
  { name = "inteiro",   at = [59, 77],   type = "int" },
  { name = "dinheiro",  at = [78, 97],   type = "decimal", scale = 2 },
  { name = "taxa",      at = [98, 106],  type = "percent", scale = 4 },
  { name = "dia",       at = [107, 114], type = "date", format = "AAAAMMDD" },
  { name = "dia_barra", at = [115, 124], type = "date", format = "DD/MM/AAAA" },
  { name = "momento",   at = [125, 143], type = "datetime" },
  { name = "ano",       at = [144, 147], type = "year" },
  { name = "sinal",     at = [148, 148], type = "flag" },
  { name = "documento", at = [149, 162], type = "document" },
  { name = "fone",      at = [163, 175], type = "phone" },
  { name = "lista",     at = [176, 177], type = "text", values = ["CE", "RE"] },
  { name = "cep",       at = [178, 185], type = "code", zeros = "null" },
  { name = "fim",       at = [186, 206], type = "text" },
]
"#;
        load::parse("teste", "teste.toml", text).unwrap()
    })
}

/// Writes one field, reads it back; `!CODE` when it is refused, `-` when it is none.
fn volta(field: &str, value: &str) -> String {
    let l = layout();
    let mut line = Linha::new(&l.records[0]);
    line.set(field, value).set("fim", "FIM");
    let mut bytes = Vec::new();
    line.escreve(&mut bytes).unwrap();
    let text = WINDOWS_1252.decode_without_bom_handling(&bytes).0.into_owned();
    let [a, b] = [(bytes.as_slice(), Encoding::Windows1252), (text.as_bytes(), Encoding::Utf8)].map(|(bytes, e)| {
        let mut reader = Leitor::new(bytes, l, e);
        let Next::Linha(line) = reader.next_line().unwrap() else { panic!("{field} {value}: no line") };
        let at = |name| l.records[0].index(name).unwrap();
        // whatever stands before it, the last field stands where it stood
        assert_eq!(line.valor(at("fim")).unwrap().texto(), Some("FIM"));
        match line.valor(at(field)) {
            Ok(Valor::Nulo) => "-".to_owned(),
            Ok(Valor::Int(n)) => n.to_string(),
            Ok(v) => v.texto().unwrap().to_owned(),
            Err(c) => format!("!{}", c.as_str()),
        }
    });
    assert_eq!(a, b, "{field} {value}");
    a
}

fn uma_data() -> impl Strategy<Value = NaiveDate> {
    (NaiveDate::from_ymd_opt(1800, 1, 1).unwrap().num_days_from_ce()
        ..=NaiveDate::from_ymd_opt(9999, 12, 31).unwrap().num_days_from_ce())
        .prop_map(|n| NaiveDate::from_num_days_from_ce_opt(n).unwrap())
}

/// Any text of the code page without control characters.
fn texto_1252(max: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(
        any::<u8>().prop_filter("has a meaning", |b| !matches!(b, 0..0x20 | 0x7F | 0x81 | 0x8D | 0x8F | 0x90 | 0x9D)),
        0..=max,
    )
    .prop_map(|b| WINDOWS_1252.decode_without_bom_handling(&b).0.into_owned())
}

proptest! {
    #[test]
    fn im9_texto_vai_e_volta(t in texto_1252(30)) {
        let want = if t.trim().is_empty() { "-" } else { t.trim() };
        prop_assert_eq!(volta("texto", &t), want);
    }

    #[test]
    fn im11_datas_vao_e_voltam(d in uma_data(), secs in 0u32..86_400) {
        let iso = d.to_string();
        prop_assert_eq!(&volta("dia", &d.format("%Y%m%d").to_string()), &iso);
        prop_assert_eq!(&volta("dia_barra", &d.format("%d/%m/%Y").to_string()), &iso);
        prop_assert_eq!(volta("ano", &d.format("%Y").to_string()), d.year().to_string());
        let time = chrono::NaiveTime::from_num_seconds_from_midnight_opt(secs, 0).unwrap();
        let moment = format!("{} {time}", d.format("%d/%m/%Y"));
        prop_assert_eq!(volta("momento", &moment), format!("{iso} {time}"));
    }

    #[test]
    fn im11_oito_digitos_sao_uma_data_nenhuma_ou_recusa(n in 0u32..100_000_000) {
        let (y, m, d) = (n / 10_000, n / 100 % 100, n % 100);
        let want = match NaiveDate::from_ymd_opt(y.cast_signed(), m, d) {
            _ if n == 0 => "-".to_owned(),
            Some(d) if y >= 1800 => d.to_string(),
            _ => "!DATA_INVALIDA".to_owned(),
        };
        prop_assert_eq!(volta("dia", &format!("{n:08}")), want);
    }

    #[test]
    fn im10_numeros_vao_e_voltam(n in 0u64..10_u64.pow(19), rate in 0u64..1_000_000_000) {
        let want = |n: u64| i64::try_from(n).map_or("!NUMERO_INVALIDO".to_owned(), |n| n.to_string());
        prop_assert_eq!(volta("inteiro", &n.to_string()), want(n));
        prop_assert_eq!(volta("dinheiro", &format!("{n:20}")), want(n));
        prop_assert_eq!(volta("taxa", &rate.to_string()), want(rate));
    }

    #[test]
    fn codigos_sinais_e_listas(n in 0u32..100_000_000, s in any::<bool>()) {
        let code = format!("{n:08}");
        prop_assert_eq!(&volta("codigo", &code), &code);
        prop_assert_eq!(volta("cep", &code), if n == 0 { "-" } else { &code });
        let (flag, item) = if s { ("S", "CE") } else { ("N", "RE") };
        prop_assert_eq!(volta("sinal", flag), flag);
        prop_assert_eq!(volta("lista", item), item);
    }

    #[test]
    fn contratos_vao_e_voltam_com_zeros(t in "0{0,6}[1-9A-DF-Z][0-9A-DF-Z]{0,12}") {
        prop_assert_eq!(&volta("contrato", &t), &t);
    }

    #[test]
    fn documentos_vao_e_voltam_e_o_digito_errado_nao(n in 0u64..90_000_000, seed in 0u64..1000, letters in any::<bool>()) {
        let (cpf, cnpj) = (documento::cpf(n, seed), documento::cnpj(n, seed, letters));
        prop_assert_eq!(&volta("documento", &cpf), &cpf);
        prop_assert_eq!(&volta("documento", &cnpj), &cnpj);
        let last = cnpj.as_bytes()[13];
        let wrong = format!("{}{}", &cnpj[..13], (last - b'0' + 1) % 10);
        prop_assert_eq!(volta("documento", &wrong), "!DOCUMENTO_INVALIDO");
    }

    #[test]
    fn telefones_vao_e_voltam(i in 0usize..67, mobile in 900_000_000u64..1_000_000_000, fixed in 20_000_000u64..60_000_000) {
        let ddd = atom::domain::fone::DDDS[i];
        for full in [format!("{ddd}{mobile}"), format!("{ddd}{fixed}")] {
            prop_assert_eq!(&volta("fone", &full), &full);
        }
    }

    #[test]
    fn linhas_como_um_corte_ingenuo(bytes in pedacos(), step in 1usize..9) {
        let mut lines = Lines::new(Aos(&bytes, step), 40);
        let mut got = Vec::new();
        let failed = loop {
            match lines.next_line() {
                Ok(Some(l)) => got.push((l.number, l.bytes.to_vec(), l.whole.to_vec(), l.terminated)),
                Ok(None) => break None,
                Err(FrameError::TooLong { line, .. }) => break Some(line),
                Err(e) => panic!("{e}"),
            }
        };
        prop_assert_eq!((got, failed), ingenuo(&bytes, 40));
    }

    #[test]
    fn im9_recortes_como_os_dos_caracteres(bytes in pedacos(), a in 0usize..70, len in 0usize..70) {
        let mut d = Decoder::default();
        let latin = WINDOWS_1252.decode_without_bom_handling(&bytes).0.into_owned();
        let utf8 = String::from_utf8_lossy(&bytes).into_owned();
        for (e, text, input) in [
            (Encoding::Windows1252, &latin, bytes.as_slice()),
            (Encoding::Utf8, &utf8, &bytes),
            (Encoding::Utf8, &latin, latin.as_bytes()),
        ] {
            let chars: Vec<char> = text.chars().collect();
            let naive: String = chars.iter().skip(a).take(len).collect();
            let decoded = d.decode(input, e);
            prop_assert_eq!(decoded.chars(), chars.len());
            // before anything of the line was decoded, and after all of it was
            for _ in 0..2 {
                let mut copy = Vec::new();
                decoded.append(&(a..a + len), &mut copy);
                prop_assert_eq!(copy, naive.as_bytes());
                prop_assert_eq!(decoded.slice(&(a..a + len)), naive.as_str());
                prop_assert_eq!(decoded.text(), text.as_str());
            }
            let clean = chars.iter().all(|c| !c.is_control() && *c != '\u{fffd}');
            prop_assert_eq!(decoded.is_clean(), clean);
        }
    }

    #[test]
    fn im10_implicito_como_inteiros_sem_limite(raw in "[ 0]{0,4}[0-9]{0,24}[ A-]{0,1}") {
        let digits = raw.trim_start_matches(' ');
        let want = match big(digits) {
            _ if digits.is_empty() => Ok(None),
            None => Err(NumeroErro::Invalido),
            Some(n) => i64::try_from(n).map(Some).map_err(|_| NumeroErro::Excede),
        };
        prop_assert_eq!(implicito(raw.as_bytes()), want);
    }

    #[test]
    fn im10_brasileiro_como_inteiros_sem_limite(n in 0u128..10_u128.pow(21), scale in 0u8..5, group in any::<bool>(), minus in any::<bool>()) {
        let unit = 10_u128.pow(scale.into());
        let mut text = if group { milhares(n / unit) } else { (n / unit).to_string() };
        if scale > 0 {
            text = format!("{text},{:0>1$}", n % unit, scale.into());
        }
        let text = format!("{}{text}", if minus { "-" } else { "" });
        let want = i64::try_from(n).map(|n| Some(if minus { -n } else { n })).map_err(|_| NumeroErro::Excede);
        prop_assert_eq!(brasileiro(&text, scale), want);
        // one decimal more than there are is refused, never rounded
        let more = format!("{text}{}7", if scale == 0 { "," } else { "" });
        prop_assert!(brasileiro(&more, scale).is_err());
    }

    #[test]
    fn im10_a_soma_e_a_dos_inteiros(values in prop::collection::vec(-1_000_000_000_000_000i64..1_000_000_000_000_000, 0..2000)) {
        let want: i128 = values.iter().map(|n| i128::from(*n)).sum();
        let read = values.iter().map(|n| brasileiro(&decimal_br(*n, 2), 2).unwrap().unwrap());
        let mut read = read.map(Centavos);
        let sum = read.try_fold(Centavos(0), Centavos::soma);
        prop_assert_eq!(sum.map(|c| i128::from(c.0)), Some(want));
    }
}

/// The million of values that IM10 names, once; and a sum that does not fit is none.
#[test]
fn im10_um_milhao_de_valores() {
    let (mut sum, mut want, mut n) = (Some(Centavos(0)), 0_i128, 528_u64);
    for _ in 0..1_000_000 {
        n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let cents = n >> 24;
        let read = implicito(format!("{cents:015}").as_bytes()).unwrap().unwrap();
        sum = sum.and_then(|s| s.soma(Centavos(read)));
        want += i128::from(cents);
    }
    assert_eq!(sum.map(|c| i128::from(c.0)), Some(want));
    assert_eq!(Centavos(i64::MAX).soma(Centavos(1)), None);
}

/// Digits as a number of any size that a test needs; `None` when there is anything else.
fn big(digits: &str) -> Option<u128> {
    digits.parse().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()))
}

fn milhares(n: u128) -> String {
    let text = n.to_string();
    let head = text.len() % 3;
    let groups = text.as_bytes()[head..].chunks(3).map(|c| String::from_utf8(c.to_vec()).unwrap());
    let head = Some(text[..head].to_owned()).filter(|h| !h.is_empty());
    head.into_iter().chain(groups).collect::<Vec<_>>().join(".")
}

/// Bytes with many line breaks, marks and accents among them.
fn pedacos() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        6 => prop::sample::select(vec![&b"\n"[..], b"\r\n", b"\r", b"\x1a", b"\xEF\xBB\xBF", b"\xC3\x89", b"\xC9", b"\x81", b"\0"])
            .prop_map(<[u8]>::to_vec),
        4 => prop::collection::vec(b'A'..b'F', 1..12),
        1 => prop::collection::vec(any::<u8>(), 0..60),
    ];
    prop::collection::vec(piece, 0..16).prop_map(|p| p.concat())
}

/// Hands out a few bytes at a time.
struct Aos<'a>(&'a [u8], usize);

impl Read for Aos<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.1.min(self.0.len()).min(out.len());
        out[..n].copy_from_slice(&self.0[..n]);
        self.0 = &self.0[n..];
        Ok(n)
    }
}

type Cortada = (u32, Vec<u8>, Vec<u8>, bool);

/// The same by the simplest means: the whole file at hand; the lines, and the number of one that is too long.
fn ingenuo(bytes: &[u8], max: usize) -> (Vec<Cortada>, Option<u32>) {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut lines = Vec::new();
    let whole: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
    // a final Ctrl-Z in a line of its own is no line, and does not make the one before it any less the last
    let ctrl_z = whole.last() == Some(&&b"\x1a"[..]);
    let last = whole.len() - usize::from(ctrl_z);
    for (i, w) in whole.iter().take(last).enumerate() {
        let number = u32::try_from(i).unwrap() + 1;
        let terminated = w.ends_with(b"\n");
        let mut line = w.strip_suffix(b"\n").unwrap_or(w);
        if line.len() > max + 1 {
            return (lines, Some(number));
        }
        if terminated {
            line = line.strip_suffix(b"\r").unwrap_or(line);
        } else {
            line = line.strip_suffix(b"\x1a").unwrap_or(line);
        }
        if i + 1 == last && (line.is_empty() || line == b"\x1a") {
            break;
        }
        lines.push((number, line.to_vec(), w.to_vec(), terminated));
    }
    (lines, None)
}
