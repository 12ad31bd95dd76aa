//! Delimited layouts: every CSV of the generator read back, headers, quotes, line ends (R016–R018, IM12).

use crate::support::dia;
use atom::gerador::Carteira;
use atom::import::estrutura::Estrutura;
use atom::layout::leitor::Leitor;
use atom::layout::linha::{Fault, Next};
use atom::layout::text::{Encoding, Sniffer};
use atom::layout::valor::Valor;
use atom::layout::{Format, Layout, Layouts, load};
use encoding_rs::WINDOWS_1252;
use std::collections::BTreeSet;

/// What a file came to.
#[derive(Debug, Default, PartialEq)]
pub struct Lido {
    /// Physical line and values by field; `!CODE` for a bad one, `-` for none.
    pub linhas: Vec<(u32, Vec<String>)>,
    pub faltas: Vec<Fault>,
    pub mensagem: String,
    pub desconhecidas: Vec<String>,
    pub cabecalho: Vec<u8>,
    pub sem_quebra: bool,
    pub original: Vec<u8>,
}

impl Lido {
    pub fn ruins(&self) -> Vec<&(u32, Vec<String>)> {
        self.linhas.iter().filter(|(_, v)| v.iter().any(|v| v.starts_with('!'))).collect()
    }
}

/// Reads a file as an import does: the code page by its bytes, every field parsed.
pub fn le(layout: &Layout, bytes: &[u8]) -> Lido {
    let mut sniffer = Sniffer::default();
    sniffer.push(bytes);
    let mut reader = Leitor::new(bytes, layout, sniffer.finish());
    let (mut lido, mut estrutura, mut lidas) = (Lido::default(), Estrutura::default(), 0);
    loop {
        match reader.next_line().unwrap() {
            Next::End => break,
            Next::Fault(f) => {
                lidas += 1;
                lido.faltas.push(f.clone());
                let stops = f.stops();
                estrutura.junta(f);
                if stops {
                    break;
                }
            }
            Next::Linha(l) => {
                assert_eq!(l.indice as usize, lido.linhas.len());
                let values = (0..l.record.fields.len()).map(|i| match l.valor(i) {
                    Ok(Valor::Nulo) => "-".to_owned(),
                    Ok(Valor::Int(n)) => n.to_string(),
                    Ok(v) => v.texto().unwrap().to_owned(),
                    Err(c) => format!("!{}", c.as_str()),
                });
                lido.linhas.push((l.numero, values.collect()));
                lido.original.extend_from_slice(l.original);
                lidas += 1;
            }
        }
    }
    lido.mensagem = estrutura.mensagem(layout, lidas);
    lido.desconhecidas = reader.unknown().to_vec();
    lido.cabecalho = reader.cabecalho().to_vec();
    lido.sem_quebra = reader.unterminated();
    lido
}

fn layouts() -> Layouts {
    load::builtin().unwrap()
}

fn whatsapp(text: &str) -> Lido {
    le(layouts().get("massiva_whatsapp").unwrap(), text.as_bytes())
}

/// Every CSV that the generator writes, by its layout.
fn csvs(c: &Carteira) -> Vec<(&'static str, Vec<u8>)> {
    type Escreve = fn(&Carteira, &mut Vec<u8>) -> std::io::Result<()>;
    let all: [(&str, Escreve); 7] = [
        ("acordos_baixados", |c, w| c.escreve_acordos_baixados(w, dia("2023-08-04"), &(0..90).collect::<Vec<_>>())),
        ("batimento", |c, w| c.escreve_batimento(w, dia("2023-08-04"), &[3])),
        ("telefones", |c, w| c.escreve_telefones(w, dia("2023-08-04"))),
        ("refin", |c, w| c.escreve_refin(w, dia("2023-08-04"))),
        ("massiva_whatsapp", |c, w| c.escreve_massiva_whatsapp(w, dia("2023-08-04"))),
        ("massiva_email", |c, w| c.escreve_massiva_email(w, dia("2023-08-04"))),
        ("massiva_sms", |c, w| c.escreve_massiva_sms(w, dia("2023-08-04"))),
    ];
    let write = |f: Escreve| {
        let mut out = Vec::new();
        f(c, &mut out).unwrap();
        out
    };
    all.into_iter().map(|(name, f)| (name, write(f))).collect()
}

#[test]
fn todo_csv_do_gerador_se_le_igual_nas_duas_codificacoes() {
    let c = Carteira::nova(528, 600, "528").unwrap();
    let mut accents = 0;
    for (name, latin) in csvs(&c) {
        let layout = c.layouts().get(name).unwrap();
        let text = WINDOWS_1252.decode_without_bom_handling(&latin).0.into_owned();
        let a = le(layout, &latin);
        assert!(a.faltas.is_empty() && a.ruins().is_empty(), "{name}: {} {:?}", a.mensagem, a.ruins().first());
        assert_eq!((a.linhas.len() + 1, a.sem_quebra), (text.lines().count(), false), "{name}");
        assert!(a.linhas.len() > 20 && a.desconhecidas.is_empty(), "{name}: {}", a.linhas.len());
        // what stood in the file is handed on byte for byte
        assert_eq!([a.cabecalho.clone(), a.original.clone()].concat(), latin, "{name}");
        accents += usize::from(!text.is_ascii());
        for utf8 in [text.clone(), format!("\u{feff}{text}"), text.replace("\r\n", "\n")] {
            let b = le(layout, utf8.as_bytes());
            assert_eq!((&a.linhas, &b.faltas), (&b.linhas, &vec![]), "{name}");
        }
        let cut = le(layout, &latin[..latin.len() - 2]);
        assert_eq!((&a.linhas, cut.sem_quebra), (&cut.linhas, true), "{name}");
        assert!(cut.faltas.is_empty(), "{name}");
    }
    assert!(accents >= 3, "{accents}");
}

#[test]
fn o_layout_retorno_e_os_que_saem_tambem_se_leem() {
    let all = layouts();
    let r = le(
        all.get("retorno").unwrap(),
        b"ID_CRM;TELEFONE;STATUS;DATA_HORA\r\n17;11987654321;ATENDEU;04/08/2023 10:11:12\r\n",
    );
    assert_eq!(r.linhas, [(2, ["17", "11987654321", "ATENDEU", "2023-08-04 10:11:12"].map(String::from).to_vec())]);
    // a row of blanks below the header of every delimited layout: sound, whatever its fields ask for
    for l in all.iter().filter(|l| l.format == Format::Delimited) {
        let header: Vec<&str> = l.records[0].fields.iter().map(|f| f.header.as_str()).collect();
        let r = le(l, format!("{}\n{}\n", header.join(";"), ";".repeat(header.len() - 1)).as_bytes());
        assert_eq!((r.linhas.len(), r.faltas.len()), (1, 0), "{}", l.name);
        let required = l.records[0].fields.iter().filter(|f| f.required).count();
        let refused = r.linhas[0].1.iter().filter(|v| *v == "!CAMPO_OBRIGATORIO").count();
        assert_eq!(refused, required, "{}", l.name);
    }
}

#[test]
fn o_valor_de_cada_notacao() {
    let r = le(
        layouts().get("refin").unwrap(),
        "CONTRATO;PARCELA_ORIGINAL;ENTRADA_REFIN;TOTAL_REFINANCIADO;PARCELA_REFIN;JURO_MENSAL;CET_ANUAL;\
         VENC_PRIMEIRA_PARCELA\n\
         12345678901234567;23.814,80;416;R$ 1.234,5;;1,66%;21,58 %;11/08/2023\n\
         1,23E+16;595.37;92233720368547758,08;1,2,3;R$;1,666%;NaN;31/02/2023\n"
            .as_bytes(),
    );
    assert_eq!(r.faltas, []);
    let of = |line: usize, field: &str| {
        let l = layouts();
        r.linhas[line].1[l.get("refin").unwrap().records[0].index(field).unwrap()].clone()
    };
    for (field, good, bad) in [
        ("contrato", "12345678901234567", "!NOTACAO_CIENTIFICA"),
        ("parcela_original", "2381480", "!NUMERO_INVALIDO"),
        ("entrada_refin", "41600", "!NUMERO_INVALIDO"),
        ("total_refinanciado", "123450", "!NUMERO_INVALIDO"),
        ("parcela_refin", "-", "!NUMERO_INVALIDO"),
        ("juro_mensal", "166", "!NUMERO_INVALIDO"),
        ("cet_anual", "2158", "!NUMERO_INVALIDO"),
        ("venc_primeira_parcela", "2023-08-11", "!DATA_INVALIDA"),
        ("escob", "-", "-"),
    ] {
        assert_eq!((of(0, field).as_str(), of(1, field).as_str()), (good, bad), "{field}");
    }
}

const BOA: &str = "12345;11987654321;JOÃO;jornada1";
const CABECALHO: &str = "CONTRATO;NUMERO;NOME;JORNADA";

fn valores(v: &[&str]) -> Vec<String> {
    v.iter().map(|s| (*s).to_owned()).collect()
}

#[test]
fn cabecalho_sem_caixa_acentos_espacos_nem_ordem() {
    let want = valores(&["12345", "11987654321", "JOÃO", "jornada1"]);
    for text in [
        format!("{CABECALHO}\n{BOA}\n"),
        format!("contrato; Número ;nome;JOR_NADA\n{BOA}\n"),
        "jornada;NOME;número;Contrato\njornada1;JOÃO;11987654321;12345\n".into(),
        format!("\"Contrato\";\"Numero\";\"Nome\";\"Jornada\"\n{BOA}\n"),
        format!("{CABECALHO};\n{BOA};\n"),
        format!("{CABECALHO}\n{BOA};;;\n"),
        format!("{CABECALHO};;\n{BOA}\n"),
        format!("\u{feff}{CABECALHO}\r\n{BOA}\r\n\x1a"),
    ] {
        let r = whatsapp(&text);
        assert_eq!((r.faltas.len(), r.linhas), (0, vec![(2, want.clone())]), "{text:?} {}", r.mensagem);
    }
    let r = whatsapp(&format!("Filial;{CABECALHO};Obs\n7;{BOA};x\n"));
    assert_eq!((r.linhas, r.desconhecidas), (vec![(2, want)], valores(&["Filial", "Obs"])));
}

#[test]
fn cabecalho_errado_recusa_e_a_mensagem_nao_tem_valores() {
    for (header, words) in [
        ("CONTRATO;NOME;JORNADA", &["linha 1", "faltam NUMERO"][..]),
        ("CONTRATO;Telefone;NOME;JORNADA", &["linha 1", "faltam NUMERO", "desconhecidas Telefone"]),
        ("CONTRATO;NUMERO;Número;NOME;JORNADA", &["linha 1", "em dobro NUMERO"]),
        ("CONTRATO,NUMERO,NOME,JORNADA", &["linha 1", "não é o cabeçalho", "CONTRATO, NUMERO, NOME, JORNADA"]),
        (BOA, &["linha 1", "não é o cabeçalho do layout massiva_whatsapp", "4 colunas"]),
        (";;;", &["linha 1", "não é o cabeçalho"]),
        ("CONTRATO;\"NUMERO;NOME;JORNADA", &["linha 1", "aspas abertas"]),
    ] {
        let r = whatsapp(&format!("{header}\n{BOA}\n{BOA}\n"));
        assert_eq!((r.linhas.len(), r.faltas.len()), (0, 1), "{header}");
        assert!(words.iter().all(|w| r.mensagem.contains(w)), "{header}: {}", r.mensagem);
        sem_valores(&r.mensagem);
    }
}

/// No cell of the good line.
fn sem_valores(message: &str) {
    for value in ["12345", "11987654321", "JOÃO", "jornada1"] {
        assert!(!message.contains(value), "{message}");
    }
}

#[test]
fn aspas_guardam_delimitador_e_aspas() {
    let r =
        whatsapp(&format!("{CABECALHO}\n12345;11987654321;\"SILVA; \"\"ZÉ\"\"\";\"jornada1\"\n1;11987654321;D\"A;j\n"));
    assert_eq!(r.faltas, []);
    assert_eq!(r.linhas[0].1[2..], ["SILVA; \"ZÉ\"", "jornada1"]);
    // a quote inside an unquoted cell is text
    assert_eq!(r.linhas[1].1[2], "D\"A");
}

#[test]
fn im12_aspas_abertas_e_quebra_dentro_nao_engolem_linhas() {
    for (bad, extra) in [
        ("12345;11987654321;\"JOÃO;jornada1", 0),
        ("12345;11987654321;\"JOÃO\nDA SILVA\";jornada1", 1),
        ("12345;11987654321;\"JOÃO\r\nDA;SILVA;X\";jornada1", 1),
        ("\"", 0),
        ("12345;11987654321;JOÃO;\"\"\"", 0),
    ] {
        let r = whatsapp(&format!("{CABECALHO}\n{BOA}\n{bad}\n{BOA}\n{BOA}\n"));
        assert_eq!(r.faltas[0], Fault::Quote { line: 3 }, "{bad}");
        // the last two lines are themselves again
        let sound: Vec<u32> = r.linhas.iter().map(|(n, _)| *n).filter(|n| *n != 4 || extra == 0).collect();
        assert_eq!(sound, [2, 4 + extra, 5 + extra], "{bad}");
        assert_eq!(r.linhas.last().unwrap().1[2], "JOÃO");
        let read = r.linhas.len() + r.faltas.len();
        assert_eq!(read, 4 + extra as usize, "{bad}");
        assert!(r.mensagem.starts_with("linha 3: aspas abertas"), "{}", r.mensagem);
        sem_valores(&r.mensagem);
    }
}

#[test]
fn linhas_curtas_longas_e_em_branco_nomeiam_a_linha() {
    for (bad, found, words) in [
        ("12345;11987654321;JOÃO", 3, "falta coluna"),
        ("", 0, "falta coluna"),
        ("12345;11987654321;JOÃO;jornada1;x", 5, "delimitador a mais"),
        ("12345;11987654321;JOÃO;DA;jornada1;", 6, "delimitador a mais"),
    ] {
        let r = whatsapp(&format!("{CABECALHO}\n{BOA}\n{bad}\n{BOA}\n"));
        assert_eq!(r.faltas, [Fault::Columns { line: 3, found, expected: 4, cut: false }], "{bad}");
        assert_eq!(r.linhas.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [2, 4]);
        let want = format!("linha 3: {found} colunas, o cabeçalho tem 4");
        assert!(r.mensagem.starts_with(&want) && r.mensagem.contains(words), "{}", r.mensagem);
        sem_valores(&r.mensagem);
    }
    let r = whatsapp(&format!("{CABECALHO}\n{BOA}\n12345;1198"));
    assert_eq!(r.faltas, [Fault::Columns { line: 3, found: 2, expected: 4, cut: true }]);
    assert!(r.mensagem.contains("última linha está cortada, 2 de 4 colunas"), "{}", r.mensagem);
    sem_valores(&r.mensagem);
}

#[test]
fn so_cabecalho_vazio_e_linha_sem_fim() {
    for text in [CABECALHO.to_owned(), format!("{CABECALHO}\r\n"), format!("\u{feff}{CABECALHO}\n\n\x1a")] {
        let r = whatsapp(&text);
        assert_eq!((r.linhas.len(), r.faltas.len()), (0, 0), "{text:?}");
        assert!(r.cabecalho.starts_with(CABECALHO.as_bytes()));
    }
    for text in ["", "\u{feff}", "\x1a"] {
        let r = whatsapp(text);
        assert_eq!((r.linhas.len(), r.faltas.len(), r.cabecalho.len()), (0, 0, 0), "{text:?}");
    }
    let r = whatsapp(&format!("{CABECALHO}\n{BOA}\n{}", "x".repeat(1 << 20)));
    assert_eq!((r.linhas.len(), &r.faltas[..]), (1, &[Fault::NoBreak { line: 3 }][..]));
    assert!(r.mensagem.starts_with("linha 3: nenhuma quebra de linha"), "{}", r.mensagem);
    let zeros = le(layouts().get("refin").unwrap(), &vec![0; 1 << 20]);
    assert_eq!(zeros.faltas, [Fault::NoBreak { line: 1 }]);
}

#[test]
fn muitas_celulas_nao_estouram() {
    for n in [1023, 1024, 1025, 100_000] {
        let r = whatsapp(&format!("{CABECALHO}\n{BOA}{}\n{BOA}\n{}x\n", ";".repeat(n), ";".repeat(n)));
        let lines: BTreeSet<u32> = r.linhas.iter().map(|(n, _)| *n).collect();
        assert!(lines.contains(&3), "{n}");
        assert!(matches!(r.faltas.last(), Some(Fault::Columns { line: 4, expected: 4, .. })), "{n} {:?}", r.faltas);
    }
}

#[test]
fn im9_bytes_sem_significado_estragam_so_o_campo() {
    let l = layouts();
    let layout = l.get("massiva_whatsapp").unwrap();
    let r = le(
        layout,
        b"CONTRATO;NUMERO;NOME;JORNADA\n1;11987654321;JO\x81O;j\n2;11987654321;JO\xC3O;j\n3;11987654321;J\x00;j\n",
    );
    let names: Vec<&str> = r.linhas.iter().map(|(_, v)| v[2].as_str()).collect();
    assert_eq!(names, ["!CARACTERE_INVALIDO", "JOÃO", "!CARACTERE_INVALIDO"]);
    assert!(r.linhas.iter().all(|(_, v)| v[3] == "j"));
    // a file that lies with its mark
    let mut reader = Leitor::new(
        &b"\xEF\xBB\xBFCONTRATO;NUMERO;NOME;JORNADA\n1;11987654321;JO\xC3O;j\n"[..],
        layout,
        Encoding::Utf8,
    );
    let Next::Linha(line) = reader.next_line().unwrap() else { panic!() };
    assert!(line.valor(2).is_err() && line.valor(3).is_ok());
}
