//! Collecting from Evo's folder: R002, R014, IN1–IN18 as far as `file://` goes.

use crate::support::*;
use std::fs;

#[test]
fn in3_so_o_que_parou_de_crescer_entra() {
    let b = Bed::new();
    b.config("");
    let text =
        fs::read_to_string(b.root.join("atom.toml")).unwrap().replace("settle_seconds = 0", "settle_seconds = 1");
    fs::write(b.root.join("atom.toml"), text).unwrap();
    let whole = b.remessa("1001", &cpf(1), &[]);
    b.evo(REMESSA, &whole[..2000]);
    b.atom(&["fetch"]).exits(0);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    // it grew between the two looks
    b.evo(REMESSA, &whole);
    b.atom(&["fetch"]).exits(0);
    assert!(b.names("data/inbox").is_empty());
    std::thread::sleep(std::time::Duration::from_millis(2100));
    b.atom(&["fetch"]).exits(0);
    assert_eq!(b.names("data/inbox"), [REMESSA]);
    assert_eq!(fs::read(b.root.join("data/inbox").join(REMESSA)).unwrap(), whole);
}

#[test]
fn in7_in8_nomes_hostis_e_o_que_nao_e_arquivo_ficam_de_fora() {
    let b = Bed::new();
    let evo = b.root.join("evo");
    for name in ["-rf", "a\nb\u{1b}[31m", "..528", "20230803_203000_remessa_528_out.528\u{e9}"] {
        fs::write(evo.join(name), b"x").unwrap();
    }
    use std::os::unix::ffi::OsStrExt;
    fs::write(evo.join(std::ffi::OsStr::from_bytes(b"\xff\xfe.csv")), b"x").unwrap();
    fs::create_dir(evo.join(REMESSA)).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", evo.join(PARCELAS)).unwrap();
    fs::write(evo.join(format!("{GARANTIAS}.part")), b"x").unwrap();
    let out = b.atom(&["run"]).exits(0);
    assert!(b.names("data/inbox").is_empty());
    assert!(!out.stderr.contains('\u{1b}'), "{:?}", out.stderr);
    assert!(out.stderr.contains("não é um arquivo comum"), "{}", out.stderr);
    assert_eq!(b.json(&["status"]).json()[0]["unknown_names"].as_array().unwrap().len(), 7);
}

#[test]
fn se7_um_nome_ou_um_campo_nao_forja_linha_nem_move_o_terminal() {
    let b = Bed::with("[dia]\nobrigatorios = []");
    let evil = "x\u{1b}[2J\nerro: apague tudo\u{9b}1A\u{202e}vsc.txt";
    fs::write(b.root.join("evo").join(evil), b"x").unwrap();
    let outside = b.root.join("fora\u{1b}[31m\nerro: nada");
    fs::create_dir(&outside).unwrap();
    let path = outside.join("y.txt").display().to_string();
    fs::write(&path, b"x").unwrap();
    // a name in one's own field, right to left
    let line = String::from_utf8(b.remessa("1001", &cpf(1), &[("nome_cliente", "MARIA XX TAL")])).unwrap();
    let f = b.file(REMESSA, line.replace("XX", "\u{202e}\u{2028}").as_bytes());
    b.atom(&["-q", "import", "remessa", &f]).exits(0);
    let gone = format!("{path}.1");
    for (args, code, says) in [
        (&["fetch"][..], 0, "aviso: "),
        (&["status"], 0, "erro: apague"),
        (&["import", "remessa", &path], 6, "y.txt"),
        (&["import", "remessa", &gone], 2, "y.txt.1"),
        (&["layout", "check", &gone], 2, "não encontrado"),
        (&["get", "1001", "--show-pii"], 0, "MARIA "),
    ] {
        let out = b.atom(args).exits(code);
        let text = format!("{}{}", out.stdout, out.stderr);
        assert!(text.contains(says), "{args:?}: {text}");
        let acts = |c: char| c != '\n' && (c.is_control() || "\u{202e}\u{2028}".contains(c));
        assert!(!text.contains(acts), "{args:?}: {text:?}");
        assert!(
            text.lines().all(|l| !l.starts_with("erro: apague") && !l.starts_with("erro: nada")),
            "{args:?}: {text}"
        );
    }
}

#[test]
fn in12_mesmo_nome_com_outro_conteudo_e_uma_entrada_nova_e_os_dois_ficam() {
    let b = Bed::new();
    let (one, two) = (b.remessa("1001", &cpf(1), &[]), b.remessa("1002", &cpf(2), &[]));
    b.evo(REMESSA, &one);
    b.atom(&["-q", "run"]).exits(0);
    b.evo(REMESSA, &two);
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!(b.sql("SELECT count(*) FROM contrato"), "2");
    assert!(b.atom(&["day"]).stdout.contains("Reenviado com outro conteúdo"));
    let kept: Vec<_> =
        b.names("data/archive/2023-08-04").iter().map(|n| b.read("data/archive/2023-08-04", n)).collect();
    assert_eq!(kept.len(), 2);
    assert_ne!(kept[0], kept[1]);
}

#[test]
fn in17_a_copia_remota_sai_so_depois_de_importada() {
    for (after, left) in
        [("keep", vec![PARCELAS, REMESSA]), ("delete", vec![PARCELAS]), ("move", vec![PARCELAS, "importados"])]
    {
        let b = Bed::new();
        let text = fs::read_to_string(b.root.join("atom.toml")).unwrap();
        fs::write(
            b.root.join("atom.toml"),
            text.replace("settle_seconds = 0", &format!("settle_seconds = 0\nafter = \"{after}\"")),
        )
        .unwrap();
        b.evo(REMESSA, &b.remessa("1001", &cpf(1), &[]));
        b.evo(PARCELAS, b"quebrado");
        b.atom(&["-q", "fetch"]).exits(0);
        assert_eq!(b.names("evo").len(), 2, "nothing leaves before the import");
        b.atom(&["-q", "run"]).exits(6);
        let mut left = left;
        left.sort_unstable();
        assert_eq!(b.names("evo"), left, "{after}");
    }
}

#[test]
fn in14_dois_ao_mesmo_tempo_um_trabalha_o_outro_diz_ocupado() {
    let b = Bed::new();
    b.evo(REMESSA, &b.remessa("1001", &cpf(1), &[]));
    let lock = fs::OpenOptions::new().write(true).read(true).open(b.root.join("store/carteira.lock"));
    let lock = lock.unwrap_or_else(|_| fs::File::create_new(b.root.join("store/carteira.lock")).unwrap());
    lock.lock().unwrap();
    b.atom(&["import", "remessa"]).exits(11);
    b.atom(&["run"]).exits(11);
    b.atom(&["run", "--if-locked", "skip"]).exits(0);
    b.atom(&["day"]).exits(0);
    drop(lock);
    b.atom(&["run"]).exits(0);
}

#[test]
fn uma_pasta_inalcancavel_e_saida_5_e_a_proxima_execucao_recupera() {
    let b = Bed::new();
    b.evo(REMESSA, &b.remessa("1001", &cpf(1), &[]));
    fs::rename(b.root.join("evo"), b.root.join("fora")).unwrap();
    let out = b.atom(&["run"]).exits(5);
    assert!(out.stderr.contains("pasta do Evo"), "{}", out.stderr);
    fs::rename(b.root.join("fora"), b.root.join("evo")).unwrap();
    b.atom(&["run"]).exits(0);
    assert_eq!(b.sql("SELECT count(*) FROM contrato"), "1");
}

#[test]
fn um_arquivo_recusado_e_contado_uma_vez_e_reenviado_entra() {
    let b = Bed::new();
    b.evo(REMESSA, b"lixo");
    let out = b.atom(&["run"]).exits(6);
    assert!(out.stdout.contains("RECUSADO"), "{}", out.stdout);
    b.atom(&["run"]).exits(0);
    assert!(b.atom(&["day"]).stdout.contains("recusada"));
    b.evo(REMESSA, &b.remessa("1001", &cpf(1), &[]));
    b.atom(&["run"]).exits(0);
    assert!(b.atom(&["day"]).stdout.lines().any(|l| l.contains("remessa") && l.contains("concluída")));
}

#[test]
fn um_arquivo_ilegivel_nao_segura_os_outros() {
    let b = Bed::new();
    b.evo(REMESSA, &b.remessa("1001", &cpf(1), &[]));
    b.evo(PARCELAS, b"x");
    // root reads it all the same; then it is refused for what it holds
    mode(&b.root.join("evo").join(PARCELAS), 0o000);
    let out = b.atom(&["run"]);
    assert!(out.code == 6 || (out.code == 5 && out.stderr.contains("sem permissão")), "{} {}", out.code, out.stderr);
    assert_eq!(b.sql("SELECT count(*) FROM contrato"), "1");
}

#[test]
fn in16_a_caixa_de_entrada_cheia_e_dita_e_o_que_esta_nela_anda() {
    let b = Bed::new();
    b.evo(REMESSA, &b.remessa("1001", &cpf(1), &[]));
    b.atom(&["-q", "fetch"]).exits(0);
    b.evo(PARCELAS, &b.parcela("1001", "1", &[]));
    // a folder stands where the copy is to be made
    fs::create_dir(b.root.join("data/inbox").join(format!("{PARCELAS}.fetch.part"))).unwrap();
    let out = b.atom(&["run"]);
    assert_ne!(out.code, 0);
    assert!(out.stderr.contains("inbox"), "{}", out.stderr);
    fs::remove_dir(b.root.join("data/inbox").join(format!("{PARCELAS}.fetch.part"))).unwrap();
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!(b.sql("SELECT count(*) FROM parcela"), "1");
}

#[test]
fn in15_um_fetch_nao_apaga_a_copia_que_um_import_esta_fazendo() {
    let b = Bed::new();
    let inbox = b.root.join("data/inbox");
    b.atom(&["-q", "fetch"]).exits(0);
    fs::write(inbox.join(format!("{REMESSA}.123.import.part")), b"meio").unwrap();
    fs::write(inbox.join(format!("{REMESSA}.fetch.part")), b"meio").unwrap();
    b.atom(&["-q", "fetch"]).exits(0);
    assert_eq!(b.names("data/inbox"), [format!("{REMESSA}.123.import.part")]);
    // as a kill during a workbook's conversion leaves it
    fs::write(inbox.join("refin_carteira_veic_080823071500.xlsx.csv.Ab12.part"), b"meio").unwrap();
    // under the lock of imports nobody makes one: it is a dead one's
    b.atom(&["-q", "run"]).exits(0);
    assert!(b.names("data/inbox").is_empty());
}

#[test]
fn in11_quedas_entre_renomear_e_o_livro_nao_deixam_orfaos_nem_duplicam() {
    let b = Bed::new();
    let bytes = b.remessa("1001", &cpf(1), &[]);
    b.evo(REMESSA, &bytes);
    // as a kill between the rename and the ledger leaves it
    b.atom(&["-q", "fetch", "--dry-run"]).exits(0);
    fs::write(b.root.join("data/inbox").join(REMESSA), &bytes).unwrap();
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!((b.names("data/inbox"), b.names("data/archive/2023-08-04")), (vec![], vec![REMESSA.to_owned()]));
    // as a kill between the archiving and its row leaves it
    b.db().execute(&format!("UPDATE arquivo SET caminho='inbox/{REMESSA}'"), []).unwrap();
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!(b.sql("SELECT caminho FROM arquivo"), format!("archive/2023-08-04/{REMESSA}"));
    let f = b.file(REMESSA, &bytes);
    assert_eq!(b.json(&["import", "remessa", &f]).exits(0).report()["state"], "duplicate");
}

#[test]
fn bytes_que_sumiram_da_caixa_sao_falha_dita_e_a_copia_do_evo_volta() {
    let b = Bed::new();
    b.evo(REMESSA, &b.remessa("1001", &cpf(1), &[]));
    b.atom(&["-q", "fetch"]).exits(0);
    fs::remove_file(b.root.join("data/inbox").join(REMESSA)).unwrap();
    let r = b.json(&["import", "remessa"]).exits(1).report();
    assert_eq!((r["state"].as_str(), r["reason"]["code"].as_str()), (Some("failed"), Some("FALHA")));
    assert!(r["reason"]["message"].as_str().unwrap().contains("caixa de entrada"), "{r}");
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!(b.sql("SELECT count(*) FROM contrato"), "1");
}

#[test]
fn um_nome_reenviado_vai_para_a_gaveta_ao_lado_do_primeiro() {
    let b = Bed::new();
    let text = fs::read_to_string(b.root.join("atom.toml")).unwrap();
    fs::write(b.root.join("atom.toml"), text.replace("settle_seconds = 0", "settle_seconds = 0\nafter = \"move\""))
        .unwrap();
    for n in 1..=2 {
        b.evo(REMESSA, &b.remessa(&format!("100{n}"), &cpf(n), &[]));
        let out = b.atom(&["run"]).exits(0);
        assert_eq!(out.stderr.contains("reenviado"), n == 2, "{}", out.stderr);
    }
    assert_eq!(b.names("evo"), ["importados"]);
    assert_eq!(b.names("evo/importados"), [REMESSA.to_owned(), format!("{REMESSA}.2")]);
}

#[test]
fn dry_run_nao_recebe_nao_publica_e_nao_apaga() {
    let b = Bed::new();
    let text = fs::read_to_string(b.root.join("atom.toml")).unwrap();
    fs::write(b.root.join("atom.toml"), text.replace("settle_seconds = 0", "settle_seconds = 0\nafter = \"delete\""))
        .unwrap();
    let mut f = b.remessa("1001", &cpf(1), &[]);
    f.extend(b.remessa("1002", "11122233344", &[]));
    b.evo(REMESSA, &f);
    fs::rename(b.root.join("erros"), b.root.join("fora")).unwrap();
    b.atom(&["-q", "fetch"]).exits(0);
    b.atom(&["-q", "import", "remessa"]).exits(5);
    fs::rename(b.root.join("fora"), b.root.join("erros")).unwrap();
    b.evo(PARCELAS, &b.parcela("1001", "1", &[]));
    let waiting = b.file(GARANTIAS, b"x");
    b.atom(&["--dry-run", "import", "garantias", &waiting]).exits(6);
    let out = b.atom(&["--dry-run", "run"]).exits(0);
    assert!(out.stderr.contains(PARCELAS), "{}", out.stderr);
    assert_eq!(b.names("evo"), [REMESSA, PARCELAS]);
    assert!(b.names("data/inbox").is_empty() && b.names("erros").is_empty());
    assert_eq!(b.sql("SELECT count(*) FROM arquivo"), "1");
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!((b.names("evo").len(), b.names("erros").len()), (0, 1));
}

#[test]
fn um_arquivo_da_saida_que_sumiu_nao_para_os_outros() {
    let b = Bed::new();
    let mut f = b.remessa("1001", &cpf(1), &[]);
    f.extend(b.remessa("1002", "11122233344", &[]));
    b.evo(REMESSA, &f);
    fs::rename(b.root.join("erros"), b.root.join("fora")).unwrap();
    b.atom(&["-q", "run"]).exits(5);
    fs::rename(b.root.join("fora"), b.root.join("erros")).unwrap();
    for n in b.names("data/outbox") {
        fs::remove_file(b.root.join("data/outbox").join(n)).unwrap();
    }
    let out = b.atom(&["run"]).exits(0);
    assert!(out.stderr.contains("caixa de saída"), "{}", out.stderr);
    assert!(!b.atom(&["run"]).exits(0).stderr.contains("caixa de saída"));
}

#[test]
fn com_varios_arquivos_cada_um_tem_o_seu_relatorio_e_vale_a_saida_mais_grave() {
    let b = Bed::new();
    let good = b.file(REMESSA, &b.remessa("1001", &cpf(1), &[]));
    let evil = b.file("\u{1b}[31mremessa", b"x");
    let out = b.json(&["import", "remessa", "nao-existe", &good, &evil]).exits(2);
    let states: Vec<_> = out.json().iter().map(|r| r["state"].as_str().unwrap().to_owned()).collect();
    assert_eq!(states, ["failed", "done", "refused"]);
    assert!(!b.atom(&["import", "remessa", &evil]).stdout.contains('\u{1b}'));
}
