//! OR2: whatever the order in which the six chained files of a day arrive, with ticks and kills between, the
//! day ends the same.

use crate::support::*;
use atom::clock::Clock;
use atom::config::{Config, Env};
use atom::gerador::Sorteio;
use atom::import::{self, Opcoes};
use atom::pipeline::tick::{self, Tick};
use atom::pipeline::{self, fetch};
use atom::store::Store;
use std::fs;
use std::path::Path;
use std::time::Duration;

const HOJE: &str = "2023-08-10T02:41:00";
const CONFIG: &str = "[batimento]\nmax_baixas = 0.9\n";

/// Contracts whose states at the beginning of the day cover the state table.
const BASE: &[&str] = &["101", "102", "103", "104", "105", "106", "107", "108", "109", "110", "111", "112", "113"];

fn nome(kind: &str, dia: &str) -> String {
    // dia: DDMMAAAA of the operating day; the evening's files are of the weekday before
    let (d, m, a) = (&dia[..2], &dia[2..4], &dia[4..]);
    let evening = match d {
        "07" => "04".to_owned(),
        d => format!("{:02}", d.parse::<u32>().unwrap() - 1),
    };
    match kind {
        "remessa" => format!("{a}{m}{evening}_203000_remessa_528_out.528"),
        "parcelas" => format!("{a}{m}{evening}_203500_parc_528_out.528"),
        "garantias" => format!("{a}{m}{evening}_203700_garantias_528_out.528"),
        "exclusao" => format!("{a}{m}{evening}_210000_baixa_528_out.528"),
        "baixa" => format!("AcordosBaixados_{dia}_528.csv"),
        _ => format!("bat_carteira_veic_{dia}_528.csv"),
    }
}

fn remessa(b: &Bed, quais: &[&str], atraso: &str) -> Vec<u8> {
    // 101 and 102 are one client's
    let doc = |c: &str| if c == "102" { cpf(101) } else { cpf(c.parse().unwrap()) };
    quais.iter().flat_map(|c| b.remessa(c, &doc(c), &[("dias_atraso", atraso)])).collect()
}

fn acordos(quais: &[(&str, &str)]) -> Vec<u8> {
    let mut t = "Cobrador;NomeCobrador;NumAcordo;NumParcela;NossoNum;DtVcto;DtMovto;VlrMovt;TotDiv;Motivo;\
                 LocalRecebimento;NumCpfCgc;NomeCliente;OperOriginal;ParcNegociadas\r\n"
        .to_owned();
    for (contrato, acordo) in quais {
        t.push_str(&format!("528;X;{acordo};1;;10/08/2023;09/08/2023;10,00;;;;;;{contrato};\r\n"));
    }
    t.into_bytes()
}

fn batimento(quais: &[&str]) -> Vec<u8> {
    let mut t = "CONTRATO;PRIMEIRA_PARC_AB;DATA_ENVIO;CARTEIRA;COD_ASSESSORIA;NOME_ASSESSORIA;PRODUTO;DIAS_ATRASO\r\n"
        .to_owned();
    quais.iter().for_each(|c| t.push_str(&format!("{c};1;10/08/2023;VEIC;528;X;CDC;30\r\n")));
    t.into_bytes()
}

fn exclusao(b: &Bed, quais: &[&str]) -> Vec<u8> {
    let fields = |c| [("contrato", c), ("data_movimento", "20230809"), ("tipo_movimento", "E")];
    quais.iter().flat_map(|c| b.line("exclusao", 0, &fields(c))).collect()
}

fn menos(fora: &[&'static str]) -> Vec<&'static str> {
    BASE.iter().copied().filter(|c| !fora.contains(c)).collect()
}

/// Files of a day, the rest of its required steps waived, and a tick.
fn passa(b: &mut Bed, dia: &str, files: &[(&str, Vec<u8>)]) {
    let date = format!("{}-{}-{}", &dia[4..], &dia[2..4], &dia[..2]);
    b.at(&format!("{date}T02:41:00"));
    files.iter().for_each(|(k, bytes)| b.evo(&nome(k, dia), bytes));
    b.atom(&["-q", "fetch"]).exits(0);
    for k in ["remessa", "parcelas", "garantias", "baixa", "batimento"] {
        if !files.iter().any(|(f, _)| *f == k) {
            b.atom(&["-q", "--date", &date, "day", "waive", k, "--reason", "não há"]).exits(0);
        }
    }
    b.atom(&["-q", "run"]).exits(0);
}

/// Three days that leave contracts ATIVO, BLOQUEADO of age 3 and 4, BAIXADO and EXCLUIDO.
fn base() -> Bed {
    let mut b = Bed::with(CONFIG);
    let all = remessa(&b, BASE, "30");
    // age 4 on the 10th: 104, 105, 112
    let baixa = acordos(&[("104", "1"), ("105", "2"), ("112", "3")]);
    passa(&mut b, "04082023", &[("remessa", all.clone()), ("baixa", baixa)]);
    // age 3: 103, 111; closed: 108, 113; withdrawn: 109
    let baixa = acordos(&[("103", "4"), ("111", "5")]);
    let bat = batimento(&menos(&["108", "113"]));
    passa(&mut b, "07082023", &[("remessa", all), ("baixa", baixa), ("batimento", bat)]);
    let fora = exclusao(&b, &["109"]);
    passa(&mut b, "08082023", &[("exclusao", fora)]);
    b
}

/// The six files of the 10th.
fn dia_dez(b: &Bed) -> Vec<(String, Vec<u8>)> {
    // 114 is new; 113 and 105 do not come any more
    let mut vem = menos(&["105", "113"]);
    vem.push("114");
    let parcelas = ["101", "103", "109", "114"].iter().flat_map(|c| {
        let mut p = b.parcela(c, "1", &[]);
        p.extend(b.parcela(c, "2", &[]));
        p
    });
    let garantia = |c: &&str| {
        let mut fields = vec![("tipo_registro", "1"), ("codigo_assessoria", ASCOB), ("contrato", *c)];
        fields.extend([("sequencia_garantia", "1"), ("marca", "FIAT"), ("modelo", "UNO")]);
        b.line("garantias", 0, &fields)
    };
    let garantias: Vec<u8> = ["101", "114"].iter().flat_map(garantia).collect();
    let mut presentes = menos(&["106", "105", "111", "113", "112"]);
    presentes.push("114");
    [
        ("remessa", remessa(b, &vem, "36")),
        ("parcelas", parcelas.collect()),
        ("garantias", garantias),
        // new, restart, on what remessa gave back today, new contract, closed one
        ("baixa", acordos(&[("102", "6"), ("103", "7"), ("112", "8"), ("114", "9"), ("113", "10"), ("104", "1")])),
        ("exclusao", exclusao(b, &["107", "109", "111"])),
        ("batimento", batimento(&presentes)),
    ]
    .map(|(k, bytes)| (nome(k, "10082023"), bytes))
    .into()
}

/// What a person would compare: rows by business key, the situação of each contract, who may be dialled.
fn fim(b: &Bed) -> Vec<String> {
    let mut out = b.digest();
    let db = b.db();
    let mut q = db
        .prepare("SELECT f.cpf_cnpj_cliente FROM ficha f JOIN contrato c ON c.ficha_id=f.id WHERE c.situacao='ATIVO' GROUP BY 1")
        .unwrap();
    out.extend(q.query_map([], |r| r.get::<_, String>(0)).unwrap().map(|d| format!("dialable {}", d.unwrap())));
    out
}

fn situacoes(b: &Bed) -> String {
    b.sql("SELECT group_concat(x, ' ') FROM (SELECT chave || substr(situacao, 1, 2) AS x FROM contrato ORDER BY chave)")
}

fn copia(de: &Path, para: &Path) {
    for e in fs::read_dir(de).unwrap().map(Result::unwrap) {
        let to = para.join(e.file_name());
        if e.file_type().unwrap().is_dir() {
            fs::create_dir_all(&to).unwrap();
            copia(&e.path(), &to);
        } else {
            fs::copy(e.path(), &to).unwrap();
        }
    }
}

/// A copy of the base with its own folders.
fn cama(base: &Bed) -> Bed {
    let mut b = Bed::in_memory(CONFIG);
    fs::remove_file(b.root.join("atom.toml")).unwrap();
    copia(&base.root, &b.root);
    b.config(CONFIG);
    b.at(HOJE);
    b
}

/// One tick without a process of its own.
fn tick_aqui(b: &Bed) {
    let env: Env = [("ATOM_NOW", format!("{HOJE}-03:00"))].into_iter().collect();
    let config = Config::load(&b.root.join("atom.toml"), &env).unwrap();
    let clock = Clock::from_env(env.get("ATOM_NOW")).unwrap();
    let esquema = import::esquema::esquema(&b.layouts).unwrap();
    let store = Store::open(&config.store_dir, &esquema, &import::campanha(&config)).unwrap();
    let (calendario, opcoes) = (config.calendario(), Opcoes { comando: "test".into(), ..Opcoes::default() });
    let ctx = pipeline::Contexto {
        import: import::Contexto {
            config: &config,
            layouts: &b.layouts,
            store: &store,
            clock: &clock,
            calendario: &calendario,
            opcoes: &opcoes,
            progresso: &|_, _, _| {},
        },
        mode: 0o600,
        servidores: &atom::transport::Servers::default(),
    };
    fetch::fetch(&ctx).unwrap();
    tick::trabalha(&ctx, dia("2023-08-10"), &mut Tick::default()).unwrap();
}

fn permutacoes(n: usize) -> Vec<Vec<usize>> {
    if n == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutacoes(n - 1);
    let insert = |p: &Vec<usize>, at: usize| {
        let mut p = p.clone();
        p.insert(at, n - 1);
        p
    };
    shorter.iter().flat_map(|p| (0..n).map(move |at| insert(p, at))).collect()
}

const ESPERADO: &str = "101AT 102BL 103BL 104AT 105BA 106BA 107EX 108AT 109EX 110AT 111EX 112BL 113BA 114BL";

#[test]
fn or2_todas_as_720_ordens_de_chegada_terminam_iguais() {
    let base = base();
    let files = dia_dez(&base);
    let orders = permutacoes(files.len());
    assert_eq!(orders.len(), 720);
    let run = |order: &[usize]| {
        let b = cama(&base);
        for i in order {
            b.evo(&files[*i].0, &files[*i].1);
            tick_aqui(&b);
        }
        (situacoes(&b), fim(&b))
    };
    let expected = run(&orders[0]);
    assert_eq!(expected.0, ESPERADO);
    std::thread::scope(|s| {
        for half in orders.chunks(orders.len().div_ceil(2)) {
            s.spawn(|| half.iter().for_each(|o| assert_eq!(run(o), expected, "{o:?}")));
        }
    });
}

#[test]
fn or2_ordens_sorteadas_com_quedas_terminam_iguais() {
    let base = base();
    let files = dia_dez(&base);
    let clean = cama(&base);
    for (n, bytes) in &files {
        clean.evo(n, bytes);
    }
    // CONTRATO_NAO_ATIVO is listed, not rejected
    clean.atom(&["-q", "run"]).exits(0);
    assert_eq!(situacoes(&clean), ESPERADO);
    let expected = fim(&clean);
    let one = |i: u64| {
        let mut s = Sorteio::de(2, i, 0);
        let b = cama(&base);
        let mut left: Vec<usize> = (0..files.len()).collect();
        while !left.is_empty() {
            let k = left.remove(s.ate(left.len() as u64) as usize);
            b.evo(&files[k].0, &files[k].1);
            if s.ate(3) == 0 {
                let mut child = b.cmd(&["-q", "run"]).spawn().unwrap();
                std::thread::sleep(Duration::from_millis(s.ate(60)));
                child.kill().unwrap();
                child.wait().unwrap();
            }
            if s.ate(2) == 0 || left.is_empty() {
                b.atom(&["-q", "run"]).exits(0);
            }
        }
        assert_eq!(fim(&b), expected, "seed {i}");
    };
    std::thread::scope(|s| {
        for half in 0..2u64 {
            let one = &one;
            s.spawn(move || (0..100).for_each(|i| one(half * 100 + i)));
        }
    });
}
