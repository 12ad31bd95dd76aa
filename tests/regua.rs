//! The ruler: `atom layout`, and what the refusal of a shifted file says.

use crate::support::*;
use atom::gerador::Carteira;
use atom::layout::Record;
use atom::layout::regua::deslocamento::{AMOSTRA, Deslocamento, de_largura};
use atom::layout::regua::fonte::Texto;
use atom::layout::text::Encoding;
use std::fs;
use std::path::Path;

const LINE: usize = 4339;

fn check(b: &Bed, name: &str, bytes: &[u8], code: i32) -> String {
    let f = b.file(name, bytes);
    let out = b.atom(&["layout", "check", &f]).exits(code).stdout;
    assert!(out.lines().all(|l| l.chars().count() <= 100), "{out}");
    out
}

/// `n` good lines of remessa with a value in the fields that tell a shift.
fn lines(b: &Bed, n: u64) -> Vec<u8> {
    let line = |n| b.remessa(&format!("100{n}"), &cpf(n), &[("data_contrato", "20220110"), ("flag_falecido", "N")]);
    (1..=n).flat_map(line).collect()
}

/// The fixture's remessa, `new` put into every line behind the field with this index.
fn with(b: &Bed, behind: usize, new: &[u8]) -> Vec<u8> {
    let at = b.layouts.get("remessa").unwrap().records[0].fields[behind].at.end;
    let day = fs::read(fixture(REMESSA)).unwrap();
    day.chunks(LINE).flat_map(|l| [&l[..at], new, &l[at..]].concat()).collect()
}

/// The same with `extra` blanks.
fn shifted(b: &Bed, behind: usize, extra: usize) -> Vec<u8> {
    with(b, behind, &vec![b' '; extra])
}

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/dia").join(name)
}

#[test]
fn a_regua_inteira_com_acentos_antes_do_campo() {
    let b = Bed::bare("");
    let mut f = lines(&b, 1);
    let accents = [("nome_cliente", "JOÃO CONCEIÇÃO"), ("nome_carteira", "VEÍCULOS"), ("data_contrato", "20230231")];
    f.extend(
        b.remessa(
            "1002",
            &cpf(2),
            &[
                &accents[..],
                &[("nome_loja", "SÃO JOSÉ DA CONCEIÇÃO AÇÚ"), ("uf_loja", "SP"), ("data_liberacao", "20220110")],
            ]
            .concat(),
        ),
    );
    let out = check(&b, REMESSA, &f, 3);
    let ruler = "\
erro[DATA_INVALIDA]: data_contrato não é uma data existente
   20230803_203000_remessa_528_out.528, linha 2, colunas 3603–3610
     |
   2 | …ÇÃO AÇÚ               SP20230231202201100000000000000000…
     |                        --^^^^^^^^-------- data_liberacao
     |                        | |
     |                        | data_contrato (campo 213)
     |                        uf_loja
   encontrado `20230231`, esperado AAAAMMDD existente
   dica: fevereiro de 2023 tem 28 dias
";
    assert!(out.contains(ruler), "{out}");
    assert!(out.contains("DATA_INVALIDA"), "{out}");
}

#[test]
fn o_campo_pessoal_e_os_vizinhos_pessoais_saem_mascarados() {
    let b = Bed::bare("");
    let bad = [("cpf_cnpj_cliente", "11122233344"), ("nome_cliente", "MARIA ÁGUEDA"), ("nome_fantasia", "AGUEDA ME")];
    let f = b.remessa("1001", &cpf(1), &bad);
    let out = check(&b, REMESSA, &f, 3);
    assert!(out.contains("erro[DOCUMENTO_INVALIDO]") && out.contains("nome_cliente"), "{out}");
    let path = b.root.join(REMESSA).display().to_string();
    let line = b.atom(&["layout", "check", &path, "--line", "1"]).exits(3).stdout;
    let json = b.json(&["layout", "check", &path, "--line", "1"]).exits(3).stdout;
    for text in [&out, &line, &json] {
        for secret in ["11122233344", "MARIA", "GUEDA"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
    assert!(line.contains("**************"), "{line}");
}

#[test]
fn dois_caracteres_a_mais_em_toda_linha_dizem_o_campo_e_quanto() {
    let b = Bed::new();
    let words = "202 de 202 linhas têm 4.339 caracteres; o layout remessa pede 4.337. Até o campo 36 \
                 (data_residencia_desde) os valores conferem; do 37 em diante estão deslocados 2 à direita. \
                 Parece um layout novo do banco. Nada foi aplicado. \
                 Ver a linha com régua: atom layout check ARQUIVO --line 1";
    // characters that the next field, a text, might hold as well
    for new in ["  ", "XX", "00", "A0"] {
        let f = b.file(REMESSA, &with(&b, 35, new.as_bytes()));
        let r = b.json(&["import", "remessa", &f]).exits(6).report();
        assert_eq!(r["reason"]["message"], words, "{new}");
        for args in [vec![], vec!["--line", "1"]] {
            let out = b.json(&[&["layout", "check", &f][..], &args].concat()).exits(6).report();
            assert_eq!(out["reason"]["message"], words, "{new} {args:?}");
            assert!(out["reason"]["ruler"].as_str().unwrap().contains("sobram 2 caracteres"), "{out}");
        }
    }
}

#[test]
fn onde_so_ha_brancos_o_palpite_diz_entre_quais_campos() {
    let b = Bed::bare("");
    // nobody has a spouse: blanks among those fields may have come in anywhere
    let f = lines(&b, 12);
    let at = b.columns("remessa", "conjuge_email").end;
    let f: Vec<u8> = f.chunks(LINE).flat_map(|l| [&l[..at], b"  ", &l[at..]].concat()).collect();
    let flat = check(&b, REMESSA, &f, 6).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("os valores conferem; entre o campo "), "{flat}");
    assert!(flat.contains("começa um deslocamento de 2 à direita. Parece um layout novo"), "{flat}");
}

#[test]
fn rejeitos_demais_dizem_a_linha_do_arquivo_e_o_deslocamento() {
    let b = Bed::new();
    let at = b.columns("remessa", "data_residencia_desde").end;
    let day = fs::read(fixture(REMESSA)).unwrap();
    // as long as before: what came in behind field 36 was taken from the end
    let inside: Vec<u8> =
        day.chunks(LINE).flat_map(|l| [&l[..at], b"XX", &l[at..LINE - 4], b"\r\n"].concat()).collect();
    let f = b.file(REMESSA, &inside);
    let r = b.json(&["import", "remessa", &f]).exits(6).report();
    assert_eq!(r["reason"]["code"], "REJEITOS_DEMAIS");
    let said = r["reason"]["message"].as_str().unwrap();
    assert!(said.contains("; a primeira é a linha 1. Até o campo 36 (data_residencia_desde)"), "{said}");
    assert!(
        said.ends_with(
            "do 37 em diante estão deslocados 2 à direita. Parece um layout novo do banco. Nada foi aplicado."
        ),
        "{said}"
    );
    let out = told(&b, &["import", "remessa", &f], 6);
    assert!(out.contains("RECUSADO") && out.contains("erro[DATA_INVALIDA]: data_negativacao"), "{out}");
    // the columns hold somebody else's values: only their shape is shown
    for s in primeiros_clientes(&b) {
        assert!(!out.contains(s.as_str()), "{s}: {out}");
    }
}

/// What a command says on stdout, every line of it within the boards' width.
fn told(b: &Bed, args: &[&str], code: i32) -> String {
    let out = b.atom(args).exits(code).stdout;
    assert!(out.lines().all(|l| l.chars().count() <= 100), "{out}");
    out
}

#[test]
fn o_relato_da_importacao_mostra_a_regua_da_primeira_linha_de_cada_codigo() {
    let b = Bed::new();
    let mut f = lines(&b, 4);
    let bad = [("data_contrato", "20230231"), ("data_liberacao", "20220110")];
    f.extend(b.remessa("2001", &cpf(5), &bad));
    f.extend(b.remessa("2002", &cpf(6), &bad));
    f.extend(b.remessa("2003", "11122233344", &[("nome_cliente", "MARIA AGUEDA")]));
    f.extend(b.remessa("2004", &cpf(7), &[("codigo_assessoria", "999")]));
    f.extend(b.remessa("2005", &cpf(8), &[("prazo", "4X")]));
    let f = b.file(REMESSA, &f);
    let dry = told(&b, &["import", "remessa", "--dry-run", &f], 3);
    let out = told(&b, &["import", "remessa", &f], 3);
    for out in [&dry, &out] {
        let heads: Vec<&str> = out.lines().filter(|l| l.starts_with("erro[")).collect();
        // three at most, one for a code, in the order of the file
        let codes = ["erro[DATA_INVALIDA]", "erro[DOCUMENTO_INVALIDO]", "erro[ASSESSORIA_DIVERGENTE]"];
        assert_eq!(heads.len(), 3, "{out}");
        assert!(heads.iter().zip(codes).all(|(h, c)| h.starts_with(c)), "{heads:?}");
        assert!(out.contains(", linha 5, colunas 3603–3610") && !out.contains(", linha 6,"), "{out}");
        assert!(out.contains("dica: fevereiro de 2023 tem 28 dias") && out.contains("**************"), "{out}");
        assert!(!out.contains("11122233344") && !out.contains("AGUEDA"), "{out}");
        assert!(out.find("rejeitadas").unwrap() < out.find("erro[").unwrap(), "{out}");
    }
    // what to do stands last
    assert!(out.trim_end().ends_with("atom rejects list --run 1"), "{out}");
    let json = b.json(&["import", "remessa", &f, "--force", "--reason", "teste"]).exits(3).stdout;
    assert!(json.lines().count() == 1 && !json.contains("erro["), "{json}");
}

#[test]
fn o_relato_de_uma_recusa_mostra_a_primeira_linha_quebrada() {
    let b = Bed::new();
    let mut f = lines(&b, 3);
    f.splice(LINE + 100..LINE + 100, *b"ZZ");
    let f = b.file(REMESSA, &f);
    let out = told(&b, &["import", "remessa", &f], 6);
    assert!(out.contains("erro[ESTRUTURA]: a linha tem 4.339 caracteres"), "{out}");
    assert!(out.contains("remessa_528_out.528, linha 2\n") && out.contains("dica: sobram 2 caracteres"), "{out}");
    assert!(!out.contains("FULANO"), "{out}");
    assert!(out.trim_end().ends_with("atom import remessa ARQUIVO"), "{out}");
    let long = b.file("20230803_204000_remessa_528_out.528", &with(&b, 35, b"XX"));
    let out = told(&b, &["import", "remessa", &long], 6);
    // a command stays on one line
    assert!(out.lines().any(|l| l.contains("atom layout check ARQUIVO --line 1")), "{out}");
}

#[test]
fn uma_linha_campo_a_campo_mostra_o_que_foi_lido() {
    let b = Bed::bare("");
    let more = [("data_contrato", "20220110"), ("taxa_juros_mensal", "19751"), ("renda_mensal", "123456")];
    let f = b.file(REMESSA, &b.remessa("1001", &cpf(1), &more));
    let out = told(&b, &["layout", "check", &f, "--line", "1"], 0);
    let cells = |name: &str| -> Vec<String> {
        let line = out.lines().find(|l| l.split_whitespace().nth(2) == Some(name)).unwrap();
        line.split_whitespace().skip(3).map(str::to_owned).collect()
    };
    assert_eq!(cells("data_contrato"), ["20220110", "10/01/2022"]);
    assert_eq!(cells("valor_parcela"), ["000000000059537", "595,37"]);
    assert_eq!(cells("prazo"), ["048", "48"]);
    assert_eq!(cells("data_nascimento"), ["********", "–"]);
    assert_eq!(cells("renda_mensal"), ["***************", "***"]);
    let json = b.json(&["layout", "check", &f, "--line", "1"]).exits(0).report();
    let field = |name: &str| {
        let all = json["fields"].as_array().unwrap();
        all.iter().find(|f| f["name"] == name).unwrap()["parsed"].clone()
    };
    assert_eq!(field("valor_parcela"), 59537);
    assert_eq!(field("data_contrato"), "2022-01-10");
    assert_eq!((field("renda_mensal"), field("data_nascimento")), ("***".into(), serde_json::Value::Null));
}

#[test]
fn um_a_menos_em_nove_de_dez_linhas_tambem() {
    let b = Bed::bare("");
    let layout = b.layouts.get("remessa").unwrap();
    let cut = layout.records[0].fields[36].at.start;
    let day = fs::read(fixture(REMESSA)).unwrap();
    let lines = day.chunks(LINE).enumerate();
    let f: Vec<u8> =
        lines.flat_map(|(i, l)| if i < 15 { l.to_vec() } else { [&l[..cut], &l[cut + 1..]].concat() }).collect();
    let out = check(&b, REMESSA, &f, 6);
    let flat = out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("187 de 202 linhas têm 4.336 caracteres"), "{out}");
    assert!(flat.contains("deslocados 1 à esquerda") && flat.contains("--line 16"), "{out}");
}

#[test]
fn larguras_misturadas_nao_afirmam_nada() {
    let b = Bed::new();
    let (two, three) = (shifted(&b, 35, 2), shifted(&b, 35, 3));
    let mixed = [&two[..100 * (LINE + 2)], &three[..100 * (LINE + 3)]].concat();
    let f = b.file(REMESSA, &mixed);
    let r = b.json(&["import", "remessa", &f]).exits(6).report();
    let said = r["reason"]["message"].as_str().unwrap();
    assert!(said.contains("linha 1: 4339 caracteres") && !said.contains("deslocad"), "{said}");
    let out = check(&b, REMESSA, &mixed, 6);
    assert!(!out.contains("deslocad"), "{out}");
    // another kind's content is of one width, and no shift of ours
    let out = check(&b, REMESSA, &b.parcela("1001", "1", &[]).repeat(30), 6);
    assert!(!out.contains("deslocad"), "{out}");
}

#[test]
fn os_arquivos_do_dia_conferem_e_nao_mostram_ninguem() {
    let b = Bed::bare("");
    let secrets = primeiros_clientes(&b);
    assert!(secrets.len() > 60, "{secrets:?}");
    for e in fs::read_dir(fixture("")).unwrap() {
        let path = e.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let code = if [REMESSA, PARCELAS].contains(&name.as_str()) { 3 } else { 0 };
        let path = path.display().to_string();
        let mut said = vec![b.atom(&["layout", "check", &path]).exits(code).stdout];
        said.push(b.json(&["layout", "check", &path]).exits(code).stdout);
        for line in ["2", "3"].iter().filter(|_| !name.contains("baixa_528")) {
            said.push(b.atom(&["layout", "check", &path, "--line", line]).exits(0).stdout);
            said.push(b.json(&["layout", "check", &path, "--line", line]).exits(0).stdout);
        }
        for text in &said {
            for s in &secrets {
                assert!(!text.contains(s.as_str()), "{name}: {s}: {text}");
            }
        }
    }
}

/// CPFs, names and phones of the first 20 lines of the fixture's remessa.
fn primeiros_clientes(b: &Bed) -> Vec<String> {
    let day = fs::read(fixture(REMESSA)).unwrap();
    let mut out = Vec::new();
    for line in day.chunks(LINE).take(20) {
        let field = |name: &str| {
            let text = encoding_rs::WINDOWS_1252.decode(&line[b.columns("remessa", name)]).0.into_owned();
            text.trim().trim_start_matches('0').to_owned()
        };
        out.extend([field("cpf_cnpj_cliente"), field("nome_cliente")]);
        out.extend((1..=10).map(|i| field(&format!("telefone_{i}_numero"))));
    }
    out.retain(|s| s.len() >= 8);
    out
}

#[test]
fn list_e_show_dispensam_o_store() {
    let b = Bed::bare("");
    let list = b.atom(&["layout", "list"]).exits(0).stdout;
    assert!(list.contains("280 campos, 4.337 colunas") && list.contains("refin_planilha"), "{list}");
    assert_eq!(b.json(&["layout"]).exits(0).json().len(), b.layouts.iter().count());
    let show = b.atom(&["layout", "show", "remessa"]).exits(0).stdout;
    assert!(show.contains("{AAAAMMDD}_{HHMMSS}_remessa_{ID}_out.{ID}"), "{show}");
    assert!(show.lines().any(|l| l.contains("3603–3610") && l.contains("data_contrato")), "{show}");
    assert!(list.lines().chain(show.lines()).all(|l| l.chars().count() <= 100), "{show}");
    let fields = b.json(&["layout", "show", "garantias"]).exits(0).report();
    assert_eq!(fields["records"][2]["fields"].as_array().unwrap().len(), 12);
    let none = b.atom(&["layout", "show", "remesa"]).exits(2).stderr;
    assert!(none.contains("o mais parecido é remessa"), "{none}");
}

#[test]
fn nome_desconhecido_linha_que_nao_ha_e_cabecalho() {
    let b = Bed::bare("");
    let f = b.file("novo.txt", &lines(&b, 2));
    let out = b.atom(&["layout", "check", &f]).exits(6);
    assert!(out.stdout.contains("NOME_INVALIDO") && out.stderr.contains("--layout"), "{}", out.stdout);
    let named = ["layout", "check", &f, "--layout", "remessa"];
    assert!(b.atom(&named).exits(0).stdout.contains("Nenhuma falha"));
    let far = b.atom(&[&named[..], &["--line", "9"]].concat()).exits(2).stderr;
    assert!(far.contains("não há linha 9; a última é a 2"), "{far}");
    let csv = fixture("bat_carteira_veic_04082023_528.csv").display().to_string();
    assert!(b.atom(&["layout", "check", &csv, "--line", "1"]).exits(2).stderr.contains("cabeçalho"));
    b.atom(&["layout", "check", "nao_existe.txt"]).exits(2);
    let odd = b.file("refin_carteira_veic_03082023211500.xlsx", b"PK\x03\x04 no workbook");
    assert!(b.atom(&["layout", "check", &odd]).exits(6).stdout.contains("ESTRUTURA"));
}

/// What is guessed of 20 generated lines when `muda` was done to each of them.
fn palpite(lines: &[&[u8]], record: &Record, muda: impl Fn(&[u8]) -> Vec<u8>) -> Option<Deslocamento> {
    let texts: Vec<Texto> = lines.iter().map(|l| Texto::new(&muda(l), Encoding::Windows1252)).collect();
    de_largura(record, &texts)
}

#[test]
fn o_palpite_contem_sempre_o_campo_certo() {
    for seed in [3, 19] {
        let c = Carteira::nova(seed, AMOSTRA, ASCOB).unwrap();
        let mut day = Vec::new();
        c.escreve_remessa(&mut day, dia("2023-08-04")).unwrap();
        let record = &c.layouts().get("remessa").unwrap().records[0];
        let mut lines: Vec<Vec<u8>> = day.chunks(LINE).map(|l| l[..LINE - 2].to_vec()).collect();
        // a bad value here and there, as any file has
        for (i, f) in record.fields.iter().enumerate().skip(3).filter(|(i, _)| seed == 19 && i % 10 == 0) {
            lines[i / 10 % AMOSTRA][f.at.end - 1] = b'#';
        }
        let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        let ends: Vec<usize> = record.fields.iter().map(|f| f.at.end).collect();
        let mut exact = 0;
        for k in (1..record.fields.len()).filter(|k| k % 29 == seed as usize || *k == 36 || *k == 264) {
            let at = ends[k - 1];
            for new in ["XX", "00", "  ", "7", "A0", "abc"] {
                let d = palpite(&lines, record, |l| [&l[..at], new.as_bytes(), &l[at..]].concat());
                let d = d.unwrap_or_else(|| panic!("nothing said of {new:?} behind field {k}"));
                assert!(d.de.contains(&k) && d.passo == new.len() as isize, "{new:?} behind field {k}: {d:?}");
                exact += usize::from(d.de == (k..=k));
                // what was asked for: a date ends at 36, a text begins at 37
                assert!(k != 36 || d.de == (36..=36), "{new:?} behind field 36: {d:?}");
            }
            for n in 1..=3 {
                let d = palpite(&lines, record, |l| [&l[..at], &l[at + n..]].concat());
                // near the end of the line nothing may be said, but nothing wrong
                let Some(d) = d else { continue };
                assert!(d.de.contains(&k) && d.passo == -(n as isize), "{n} less in field {}: {d:?}", k + 1);
            }
        }
        assert!(exact > 25, "{exact}");
    }
}
