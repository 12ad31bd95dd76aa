//! What comes from the bank: shifted, missing, cut, old; and a contract that somebody asks for.

use super::*;

/// A remessa, and the same with two columns more from a field on, as a bank's new layout has it.
fn deslocada(b: &Bed, campo: &str) -> (Vec<u8>, Vec<u8>) {
    let mut old = Vec::new();
    atom::gerador::Carteira::nova(11, 20, ASCOB).unwrap().escreve_remessa(&mut old, dia("2023-08-04")).unwrap();
    let at = b.columns("remessa", campo).start;
    let mut new = Vec::new();
    for line in old.split_inclusive(|c| *c == b'\n') {
        new.extend([&line[..at], b"00", &line[at..]].concat());
    }
    (old, new)
}

/// Widens the field that the bank widened and moves what follows it, in the copy of the layout.
fn ajusta(path: &Path, campo: &str) {
    let mut moved = 0;
    let lines: Vec<String> = fs::read_to_string(path)
        .unwrap()
        .lines()
        .map(|line| {
            if let Some(width) = line.strip_prefix("width = ") {
                return format!("width = {}", width.parse::<usize>().unwrap() + 2);
            }
            let Some((head, rest)) = line.split_once("at = [") else { return line.to_owned() };
            let (range, tail) = rest.split_once(']').unwrap();
            let (from, to) = range.split_once(',').unwrap();
            let from = from.trim().parse::<usize>().unwrap() + moved;
            if line.contains(&format!("\"{campo}\"")) {
                moved = 2;
            }
            format!("{head}at = [{from}, {}]{tail}", to.trim().parse::<usize>().unwrap() + moved)
        })
        .collect();
    fs::write(path, lines.join("\n") + "\n").unwrap();
}

#[test]
fn o_layout_do_banco_mudou() {
    let mut r = roteiro("O layout do banco mudou");
    let b = Bed::new();
    let (old, new) = deslocada(&b, "outras_rendas");
    b.evo(REMESSA, &new);
    // the symptom
    let out = b.atom(&["run"]).exits(6);
    diz(&out.stdout, &["RECUSAD", "ESTRUTURA"]);
    assert_eq!(b.sql("SELECT count(*) FROM contrato"), "0");
    // the cause
    let board = r.roda(&b, &[]).exits(0).stdout;
    diz(
        &board,
        &[
            "ESTRUTURA",
            "4.339 caracteres",
            "4.337",
            "deslocamento de 2 à direita",
            "(ocupacao)",
            "(score_credito)",
            "Peça o reenvio",
            "atom layout copy remessa",
        ],
    );
    // the remedy
    let said = r.roda(&b, &[]).exits(0);
    diz(&said.stdout, &["layouts/remessa.toml", "vale esta"]);
    ajusta(&b.root.join("layouts/remessa.toml"), "outras_rendas");
    r.roda(&b, &[("ARQUIVO", REMESSA)]).exits(0);
    assert_eq!(b.sql("SELECT count(*) FROM contrato"), "20");
    let other = Bed::new();
    other.atom(&["-q", "import", "remessa", &other.file(REMESSA, &old)]).exits(0);
    // beside the fields stand prints of the bytes, which did change: whole numbers of 64 bits
    let fields = |b: &Bed| {
        let print = |cell: &&str| cell.strip_prefix("Integer(").is_some_and(|n| n.len() > 16);
        let kept = |l: &String| l.split('|').filter(|c| !print(c)).collect::<Vec<_>>().join("|");
        b.digest().iter().map(kept).collect::<std::collections::BTreeSet<_>>()
    };
    assert!(fields(&b) == fields(&other), "every field stands in its place");
    r.fim();
    // what stands in the folder is nobody's to overwrite
    b.atom(&["layout", "copy", "remessa"]).exits(2);
}

#[test]
fn parcelas_nao_chegaram() {
    let mut r = roteiro("Parcelas não chegaram");
    let mut b = Bed::with("[dia]\nobrigatorios = [\"remessa\", \"parcelas\"]");
    b.evo(REMESSA, &b.remessa("1001", &cpf(1), &[]));
    b.atom(&["-q", "run"]).exits(0);
    diz(
        &b.at("2023-08-04T06:10:00").atom(&["run"]).exits(4).stderr,
        &["falta parcelas", "depois do prazo", "atom day"],
    );
    assert!(b.names("manager").is_empty());
    let board = r.roda(&b, &[]).exits(0).stdout;
    diz(
        &board,
        &[
            "Falta: Parcelas (20230803_HHMMSS_parc_528_out.528)",
            "carga",
            "atom day waive parcelas --reason",
            "banco confirmou",
        ],
    );
    r.roda(&b, &[]).exits(0);
    r.roda(&b, &[]).exits(0);
    assert_eq!(b.names("manager").len(), 1, "the carga went out");
    r.fim();
}

const BATIMENTO: &str = "bat_carteira_veic_04082023_528.csv";

fn batimento(contratos: std::ops::RangeInclusive<u64>) -> Vec<u8> {
    let lines: String = contratos.map(|n| format!("{};528\r\n", 1000 + n)).collect();
    format!("CONTRATO;COD_ASSESSORIA\r\n{lines}").into_bytes()
}

#[test]
fn o_batimento_veio_truncado() {
    let mut r = roteiro("O batimento veio truncado");
    let b = Bed::sem_portoes(40);
    let active = || b.sql("SELECT count(*) FROM contrato WHERE situacao='ATIVO'");
    b.evo("bat_carteira_veic_03082023_528.csv", &batimento(1..=40));
    b.atom(&["-q", "run"]).exits(0);
    b.evo(BATIMENTO, &batimento(1..=12));
    diz(&b.atom(&["run"]).exits(6).stdout, &["QUARENTENA", "FREIO"]);
    assert_eq!(active(), "40");
    let board = r.roda(&b, &[]).exits(0).stdout;
    diz(
        &board,
        &[
            "Em quarentena, nada aplicado",
            "12 contratos",
            "baixaria 28",
            "parece truncado",
            "--confirm 28",
            "peça o reenvio; o arquivo novo entra sozinho",
        ],
    );
    // the bank sends it again, whole
    let before = disco::Momento::de(&b);
    b.evo(BATIMENTO, &batimento(1..=39));
    r.roda(&b, &[]).exits(0);
    assert_eq!(active(), "39");
    // or says that it is right
    before.volta(&b);
    let n = b.sql("SELECT json_extract(conta,'$.brake.closings') FROM run ORDER BY id DESC LIMIT 1");
    r.roda(&b, &[("ARQUIVO", BATIMENTO), (" N", &format!(" {n}"))]).exits(0);
    assert_eq!((n.as_str(), active().as_str()), ("28", "12"));
    r.fim();
}

#[test]
fn o_supervisor_pergunta_por_um_contrato_bloqueado() {
    let mut r = roteiro("O supervisor pergunta por um contrato bloqueado");
    let mut b = Bed::new();
    b.fixture_day();
    b.atom(&["-q", "run"]).exits(3);
    let blocked = b.sql("SELECT chave FROM contrato WHERE situacao='BLOQUEADO' ORDER BY chave LIMIT 1");
    let story = r.roda(&b, &[("CONTRATO", &blocked)]).exits(0).stdout;
    diz(
        &story,
        &[
            "BLOQUEADO até 09/08/2023 inclusive",
            "não disca",
            "AcordosBaixad",
            "linha 2",
            "R019",
            "Volta à cobrança se vier na remessa de 10/08/2023",
        ],
    );
    r.fim();
    // so it is
    let doc = b.sql(&format!(
        "SELECT f.cpf_cnpj_cliente FROM ficha f JOIN contrato c ON c.ficha_id=f.id WHERE c.chave='{blocked}'"
    ));
    for (at, vespera, state) in [("2023-08-09", "20230808", "BLOQUEADO"), ("2023-08-10", "20230809", "ATIVO")] {
        b.at(&format!("{at}T02:41:00"));
        b.evo(&format!("{vespera}_203000_remessa_528_out.528"), &b.remessa(&blocked, &doc, &[]));
        b.atom(&["-q", "import", "remessa"]);
        b.atom(&["-q", "run"]);
        assert_eq!(b.sql(&format!("SELECT situacao FROM contrato WHERE chave='{blocked}'")), state, "{at}");
    }
}

#[test]
fn chegou_um_arquivo_mais_antigo_que_o_ultimo() {
    let mut r = roteiro("Chegou um arquivo mais antigo que o último");
    let b = Bed::sem_portoes(2);
    let old = "20230803_193000_remessa_528_out.528";
    b.evo(old, &b.remessa("1001", &cpf(1), &[("dias_atraso", "7")]));
    diz(&b.atom(&["run"]).exits(6).stdout, &["MAIS_ANTIGO", "carimbo 03/08/2023 20:30", "não há o que fazer"]);
    let late = || b.sql("SELECT dias_atraso FROM divida d JOIN contrato c ON c.id=d.contrato_id WHERE c.chave='1001'");
    assert_eq!(late(), "95");
    let board = r.roda(&b, &[]).exits(0).stdout;
    diz(
        &board,
        &[old, "MAIS_ANTIGO", "carimbo 03/08/2023 20:30", "Vale o mais novo; nada a fazer", "--force --reason"],
    );
    r.roda(&b, &[("ARQUIVO", old)]).exits(0);
    assert_eq!(late(), "7");
    diz(&b.atom(&["runs", "list"]).exits(0).stdout, &["o banco confirmou"]);
    r.fim();
}
