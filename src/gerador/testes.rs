use super::*;
use crate::layout::Type;
use std::collections::{HashMap, HashSet};

fn dia() -> NaiveDate {
    NaiveDate::from_ymd_opt(2023, 8, 4).unwrap()
}

fn carteira(n: usize) -> Carteira {
    Carteira::nova(7, n, "528").unwrap()
}

fn bytes(f: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> Vec<u8> {
    let mut v = Vec::new();
    f(&mut v).unwrap();
    v
}

fn linhas(b: &[u8]) -> Vec<&[u8]> {
    assert!(b.ends_with(b"\r\n"));
    let mut ls: Vec<_> = b.split(|c| *c == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l)).collect();
    ls.pop();
    ls
}

fn campo<'a>(c: &Carteira, layout: &str, record: &str, linha: &'a [u8], nome: &str) -> std::borrow::Cow<'a, str> {
    let r = c.record(layout, record).unwrap();
    let at = r.fields[r.index(nome).unwrap()].at.clone();
    encoding_rs::WINDOWS_1252.decode(&linha[at]).0
}

#[test]
fn a_mesma_semente_da_os_mesmos_bytes() {
    let a = bytes(|w| carteira(50).escreve_remessa(w, dia()));
    assert_eq!(a, bytes(|w| carteira(50).escreve_remessa(w, dia())));
    assert_ne!(a, bytes(|w| Carteira::nova(8, 50, "528").unwrap().escreve_remessa(w, dia())));
    // for ever: a change of this number changes every fixture
    assert_eq!(xxhash_rust::xxh3::xxh3_64(&a), MARCA);
}

const MARCA: u64 = 16_094_309_066_334_515_903;

#[test]
fn toda_linha_tem_a_largura_do_layout() {
    let c = carteira(120);
    for (b, largura) in [
        (bytes(|w| c.escreve_remessa(w, dia())), 4337),
        (bytes(|w| defeitos::escreve_remessa(&c, w, dia())), 4337),
        (bytes(|w| c.escreve_parcelas(w, dia())), 192),
        (bytes(|w| defeitos::escreve_parcelas(&c, w, dia())), 192),
        (bytes(|w| c.escreve_baixa_acordo(w, dia(), &[1, 2, 3])), 302),
        (bytes(|w| c.escreve_exclusao(w, dia(), &[1, 2, 3])), 46),
    ] {
        assert!(linhas(&b).iter().all(|l| l.len() == largura), "{largura}");
    }
    let b = bytes(|w| defeitos::escreve_garantias(&c, w, dia()));
    let mut tipos = HashSet::new();
    for l in linhas(&b) {
        let largura = HashMap::from([(b'1', 902), (b'2', 199), (b'3', 362)])[&l[0]];
        assert_eq!(l.len(), largura);
        tipos.insert(l[0]);
    }
    assert_eq!(tipos.len(), 3);
}

#[test]
fn os_nomes_casam_com_os_layouts_e_caem_no_dia() {
    let c = carteira(1);
    let segunda = NaiveDate::from_ymd_opt(2023, 8, 7).unwrap();
    assert_eq!(vespera(segunda), dia());
    let n = c.noite(segunda);
    assert_eq!(n.remessa, "20230804_203000_remessa_528_out.528");
    assert_eq!(n.acordos_baixados, "AcordosBaixados_07082023_528.csv");
    let todos = [
        ("remessa", &n.remessa),
        ("parcelas", &n.parcelas),
        ("garantias", &n.garantias),
        ("exclusao", &n.exclusao),
        ("telefones", &n.telefones),
        ("refin", &n.refin),
        ("acordos_baixados", &n.acordos_baixados),
        ("baixa_acordo", &n.baixa_acordo),
        ("batimento", &n.batimento),
        ("massiva_whatsapp", &n.massiva_whatsapp),
        ("massiva_email", &n.massiva_email),
        ("massiva_sms", &n.massiva_sms),
    ];
    for (layout, nome) in todos {
        let casam = |l: &crate::layout::Layout| l.files.iter().any(|p| p.matches(nome, "528").is_ok());
        let achados: Vec<_> = c.layouts().iter().filter(|l| casam(l)).map(|l| l.name.as_str()).collect();
        assert_eq!(achados, [layout], "{nome}");
    }
}

#[test]
fn os_arquivos_do_dia_concordam() {
    let c = carteira(60);
    let remessa = bytes(|w| c.escreve_remessa(w, dia()));
    let parcelas = bytes(|w| c.escreve_parcelas(w, dia()));
    let mut vencidas: HashMap<String, (u32, u64)> = HashMap::new();
    for l in linhas(&parcelas) {
        let f = |n: &str| campo(&c, "parcelas", "parcela", l, n);
        let v = vencidas.entry(f("contrato").trim().to_owned()).or_default();
        if f("situacao_parcela") == "V" {
            v.0 += 1;
            v.1 += f("valor_atualizado").parse::<u64>().unwrap();
        }
    }
    let mut clientes: HashMap<String, usize> = HashMap::new();
    for l in linhas(&remessa) {
        let f = |n: &str| campo(&c, "remessa", "contrato", l, n);
        let (quantas, valor) = vencidas[f("contrato").trim()];
        assert!(quantas > 0);
        assert_eq!(f("quantidade_parcelas_vencidas").parse::<u32>().unwrap(), quantas);
        assert_eq!(f("valor_atualizado").parse::<u64>().unwrap(), valor);
        *clientes.entry(f("cpf_cnpj_cliente").into_owned()).or_default() += 1;
    }
    assert_eq!(clientes.values().filter(|n| **n == 3).count(), 1);
    assert_eq!(clientes.len(), c.clientes());
    let preenchidos = linhas(&remessa)[3];
    let r = c.record("remessa", "contrato").unwrap();
    let cheio = |f: &&crate::layout::Field| {
        let zeros = matches!(f.ty, Type::Date { .. });
        preenchidos[f.at.clone()].iter().any(|b| *b != b' ' && !(zeros && *b == b'0'))
    };
    let n = r.fields.iter().filter(cheio).count();
    assert!((140..230).contains(&n), "{n} of 280");
}

#[test]
fn numeros_de_contrato_nao_se_repetem_nem_sem_os_zeros() {
    let c = carteira(20_000);
    let numeros: HashSet<_> = (0..20_002).map(|i| c.contrato(i).numero.trim_start_matches('0').to_owned()).collect();
    assert_eq!(numeros.len(), 20_002);
    assert!((0..50).all(|i| (11..=12).contains(&c.contrato(i).numero.len())));
    assert!((0..50).any(|i| c.contrato(i).numero.contains(char::is_alphabetic)));
    let repartidos = c.contratos() - c.clientes.chunk_by(|a, b| a == b).filter(|g| g.len() == 1).count();
    assert!((2_500..3_500).contains(&repartidos), "{repartidos}");
}

#[test]
fn documentos_dos_clientes_sao_validos() {
    let c = carteira(200);
    assert!(
        (0..c.clientes()).map(|i| c.cliente(i)).filter(|p| !p.juridica).all(|p| cpf_cnpj::cpf::validate(&p.documento))
    );
    assert!(c.cliente(7).documento.contains("ABC"));
    assert!(!cpf_cnpj::cpf::validate(&defeitos::digito_errado(&c.cliente(0).documento)));
}

#[test]
fn a_noite_muda_poucos_clientes_e_todas_as_dividas() {
    let mut c = carteira(2_000);
    let seguinte = NaiveDate::from_ymd_opt(2023, 8, 7).unwrap();
    let antes: Vec<_> = (0..c.clientes()).map(|i| format!("{:?}", c.cliente(i))).collect();
    c.avanca(seguinte);
    let mudaram = (0..c.clientes()).filter(|i| format!("{:?}", c.cliente(*i)) != antes[*i]).count();
    assert!((5..40).contains(&mudaram), "{mudaram}");
    let k = c.contrato(1);
    assert!(c.divida(&k, seguinte).dias_atraso > c.divida(&k, dia()).dias_atraso);
}

#[test]
fn as_listas_do_dia_nao_se_encontram() {
    for n in [1, 2, 3, 10, 200] {
        let c = carteira(n);
        let (b, e, a) = (c.baixas(dia()), c.exclusoes(dia()), c.ausentes(dia()));
        let todos: HashSet<_> = b.iter().chain(&e).chain(&a).collect();
        assert_eq!(todos.len(), b.len() + e.len() + a.len());
        assert!(todos.iter().all(|i| **i < n));
    }
}

#[test]
fn nada_e_truncado_nem_trocado() {
    let c = carteira(1);
    let mut l = Linha::new(c.record("exclusao", "exclusao").unwrap());
    assert!(l.limpa().set("contrato", &"9".repeat(21)).escreve(&mut io::sink()).is_err());
    assert!(l.limpa().set("contrato", "你好").escreve(&mut io::sink()).is_err());
    assert!(l.limpa().num("codigo_motivo", 1_000).escreve(&mut io::sink()).is_err());
    assert!(l.limpa().set("nada", "1").escreve(&mut io::sink()).is_err());
    assert!(l.limpa().set("contrato", "7").escreve(&mut io::sink()).is_ok());
}

#[test]
fn escreve_todos_os_arquivos_do_dia() {
    let pasta = tempfile::tempdir().unwrap();
    let c = carteira(40);
    let feitos = c.escreve_dia(pasta.path(), dia(), false).unwrap();
    assert_eq!(feitos.len(), 12);
    assert!(feitos.iter().all(|f| std::fs::metadata(f).unwrap().len() > 40));
}
