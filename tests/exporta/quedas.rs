//! EX3, EX7, EX9, EX10: a command that dies, a folder that is away, a day that passes.

use super::*;
use crate::support::disco::{Falha, Momento, NENHUMA, roda};
use std::fs;

/// `atom run` that dies between rename and commit; returns the name that it left.
fn cai(b: &Bed, args: &[&str]) -> String {
    let before = b.names("manager");
    let out = b.cmd(args).env("ATOM_TEST_CRASH", "publish").output().unwrap();
    assert!(!out.status.success());
    b.names("manager").into_iter().find(|n| !before.contains(n)).unwrap()
}

/// The publications that the ledger knows, and what was sent.
fn livro(b: &Bed) -> String {
    b.sql(
        "SELECT (SELECT group_concat(tipo||' '||estado) FROM saida WHERE tipo<>'erros')||', enviado '||
                (SELECT group_concat(contrato) FROM enviado)",
    )
}

#[test]
fn ex3_queda_entre_renomear_e_gravar_nao_repete_nem_pula_ficha_em_nenhum_tipo() {
    let b = com_carga(3);
    for (kind, arm) in [
        (
            "incremental",
            &(|b: &Bed| drop(remessa(b, "20230803_213000", &[(1002, 2, &[("dias_atraso", "99")])]))) as &dyn Fn(&Bed),
        ),
        ("baixa", &|b: &Bed| drop(exclusao(b, "20230803_220000", &[1001]))),
    ] {
        arm(&b);
        let sent = b.sql("SELECT group_concat(ficha_id||':'||h) FROM enviado");
        let name = cai(&b, &["-q", "run"]);
        let bytes = b.read("manager", &name);
        assert!(name.ends_with(&format!("_{kind}.csv")));
        assert_eq!(b.sql("SELECT group_concat(ficha_id||':'||h) FROM enviado"), sent, "{kind}: nothing committed");
        let names = b.names("manager");
        b.atom(&["-q", "run"]).exits(0);
        b.atom(&["-q", "run"]).exits(0);
        assert_eq!((b.names("manager"), b.read("manager", &name)), (names, bytes), "{kind}");
        assert_ne!(b.sql("SELECT group_concat(ficha_id||':'||h) FROM enviado"), sent, "{kind}");
    }
    assert_eq!(livro(&b), "carga publicado,incremental publicado,baixa publicado, enviado 1002,1003");
}

/// What is due, in a bed where nothing of it is built yet.
fn a_enviar(kind: &str) -> Bed {
    if kind == "carga" {
        let b = Bed::with(SEM_PORTOES);
        b.importa_remessa("20230803", 12);
        return b;
    }
    let b = com_carga(12);
    let late: Vec<Devedor<'_>> = (1..=6).map(|n| (1000 + n, n, &[("dias_atraso", "99")][..])).collect();
    match kind {
        "incremental" => drop(remessa(&b, "20230803_213000", &late)),
        _ => drop(exclusao(&b, "20230803_220000", &[1001, 1002, 1003])),
    }
    b
}

#[test]
fn ex2_um_envio_cortado_em_qualquer_byte_sai_na_proxima_execucao_com_os_mesmos_bytes_uma_vez() {
    for kind in ["carga", "incremental", "baixa"] {
        let b = a_enviar(kind);
        let (start, before) = (Momento::de(&b), b.names("manager"));
        let sent = || b.sql("SELECT count(*)||':'||total(ficha_id)||':'||group_concat(h) FROM enviado");
        let sent_before = sent();
        // without a fault: what is to be there in the end
        b.atom(&["-q", "run"]).exits(0);
        let name = ultimo(&b, kind);
        let (size, sent_after) = (fs::metadata(b.root.join("manager").join(&name)).unwrap().len() as usize, sent());
        let whole = b.read("manager", &name);
        assert!(!before.contains(&name) && sent_after != sent_before, "{kind}");
        let head = whole.find("\r\n").unwrap() + 2;
        for n in [0, 1, head - 1, head, head + 1, size / 2, size - 2, size - 1] {
            let at = format!("{kind} cut at {n} of {size}");
            start.volta(&b);
            let full = Falha { pasta: "manager", op: "write", n, modo: "room", erro: "ENOSPC" };
            let v = roda(&b, &["run"], full);
            assert!(v.conta("hits") > 0, "{at}: {}", v.shim);
            assert_eq!(v.out.code, 5, "{at}: {}", v.disse());
            assert!(v.em_linha().contains("disco cheio"), "{at}: {}", v.disse());
            let mut left = b.names("manager");
            left.retain(|f| !before.contains(f));
            assert_eq!(left, [format!("{name}.part")], "{at}");
            assert_eq!(fs::metadata(b.root.join("manager").join(&left[0])).unwrap().len() as usize, n, "{at}");
            assert_eq!(sent(), sent_before, "{at}: nobody has it yet");
            let board = b.atom(&["day"]).exits(0).stdout;
            assert!(board.contains("ainda não publicad") && board.contains("disco cheio"), "{at}: {board}");
            assert!(b.atom(&["status"]).exits(0).stdout.contains(&name), "{at}");
            // later: the stamp of the name is that of the file that was built
            let next = b.cmd(&["run"]).env("ATOM_NOW", "2023-08-04T05:00:00-03:00").output().unwrap();
            assert_eq!(next.status.code(), Some(0), "{at}: {next:?}");
            let all = b.names("manager");
            assert_eq!(all, [before.clone(), vec![name.clone()]].concat(), "{at}");
            assert_eq!(b.read("manager", &name), whole, "{at}");
            assert_eq!(sent(), sent_after, "{at}");
            let again = roda(&b, &["run"], NENHUMA);
            assert_eq!((again.out.code, b.names("manager"), sent()), (0, all, sent_after.clone()), "{at}");
        }
    }
}

#[test]
fn ex3_a_carga_de_um_dia_passado_que_ja_esta_no_manager_conta_como_enviada() {
    let mut b = Bed::with(SEM_PORTOES);
    b.importa_remessa("20230802", 3);
    b.at("2023-08-03T21:00:00");
    let name = cai(&b, &["-q", "export", "manager", "--carga"]);
    // meanwhile the next day's remessa came, and one ficha of the three has gone
    b.importa_remessa("20230803", 3);
    exclusao(&b, "20230803_210000", &[1001]);
    b.atom(&["-q", "run"]).exits(0);
    let kinds: Vec<String> = b.names("manager").iter().map(|n| n[24..].to_owned()).collect();
    assert_eq!((b.names("manager")[0].clone(), kinds.join(" ")), (name, "carga.csv baixa.csv carga.csv".into()));
    assert_eq!(lista(&b).len(), 2);
    assert!(livro(&b).starts_with("carga publicado,baixa publicado,carga publicado"), "{}", livro(&b));
}

#[test]
fn ex9_ex10_com_o_manager_fora_o_inacabado_vai_primeiro_e_o_de_um_dia_passado_se_abandona() {
    let mut b = com_carga(3);
    let folder = b.root.join("manager");
    let away = b.root.join("fora");
    fs::rename(&folder, &away).unwrap();
    exclusao(&b, "20230803_220000", &[1001]);
    remessa(&b, "20230803_223000", &[(1002, 2, &[("dias_atraso", "99")])]);
    // the baixa is built and holds the incremental
    let out = b.json(&["export", "manager"]).exits(5).json();
    assert_eq!((&out[0]["kind"], &out[0]["state"]), (&json!("baixa"), &json!("built")));
    assert_eq!((&out[2]["state"], &out[2]["waiting_for"]), (&json!("waiting"), &json!(["publicacao"])));
    b.atom(&["-q", "run"]).exits(5);
    let built = b.sql("SELECT nome||' '||sha256 FROM saida WHERE tipo='baixa'");
    b.at("2023-08-07T21:00:00");
    remessa(&b, "20230807_203000", &[(1002, 2, &[("dias_atraso", "100")]), (1003, 3, &[])]);
    b.atom(&["-q", "run"]).exits(5);
    fs::rename(&away, &folder).unwrap();
    b.atom(&["-q", "run"]).exits(0);
    // the very file that was built, whatever its day; then the new day's carga
    let name = ultimo(&b, "baixa");
    assert!(built.starts_with(&name), "{built} {name}");
    let kinds: Vec<String> = b.names("manager").iter().map(|n| n[24..].to_owned()).collect();
    assert_eq!(kinds, ["carga.csv", "baixa.csv", "carga.csv"]);
    assert_eq!((lista(&b).len(), lista(&b)[&2][6].as_str()), (2, "100"));
}

#[test]
fn ex9_carga_e_incremental_de_um_dia_passado_nao_saem_mais() {
    for kind in ["incremental", "carga"] {
        let mut b = com_carga(2);
        let (folder, away) = (b.root.join("manager"), b.root.join("fora"));
        fs::rename(&folder, &away).unwrap();
        if kind == "carga" {
            b.at("2023-08-04T20:41:00");
            remessa(&b, "20230804_203000", &[(1001, 1, &[])]);
        } else {
            remessa(&b, "20230803_223000", &[(1002, 2, &[("dias_atraso", "99")])]);
        }
        b.atom(&["-q", "run"]).exits(5);
        assert_eq!(b.sql("SELECT tipo FROM saida WHERE estado='gerado'"), kind);
        // Manager is back only after the next day's remessa
        b.at("2023-08-07T21:00:00");
        remessa(&b, "20230807_203000", &[(1002, 2, &[("dias_atraso", "100")])]);
        b.atom(&["-q", "run"]).exits(5);
        assert_eq!(b.sql("SELECT count(*) FROM saida WHERE estado='gerado'"), "1", "{kind}: it may stand there");
        fs::rename(&away, &folder).unwrap();
        b.atom(&["-q", "run"]).exits(0);
        assert_eq!(b.sql("SELECT group_concat(tipo) FROM saida WHERE estado='abandonado'"), kind);
        assert_eq!((quantos(&b, "carga"), quantos(&b, "incremental")), (2, 0), "{kind}");
        assert_eq!((lista(&b).len(), lista(&b)[&2][6].as_str()), (2, "100"), "{kind}");
        assert!(b.atom(&["run"]).exits(0).stderr.contains("nada a fazer"));
    }
}

#[test]
fn ex7_um_arquivo_estranho_sob_o_nome_segura_os_seguintes_ate_uma_pessoa() {
    let mut b = com_carga(3);
    exclusao(&b, "20230803_220000", &[1001]);
    let names: Vec<String> = (0..9).map(|s| format!("20230804_03000{s}_manager_baixa.csv")).collect();
    names.iter().for_each(|n| fs::write(b.root.join("manager").join(n), "de outro").unwrap());
    b.at("2023-08-04T03:00:00");
    assert!(b.atom(&["run"]).exits(1).stderr.contains("já existe um arquivo"));
    remessa(&b, "20230803_223000", &[(1002, 2, &[("dias_atraso", "99")])]);
    b.atom(&["run"]).exits(1);
    assert_eq!(quantos(&b, "incremental"), 0);
    assert!(b.atom(&["day"]).stdout.contains("Baixa ainda não publicada"));
    names.iter().for_each(|n| fs::remove_file(b.root.join("manager").join(n)).unwrap());
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!((quantos(&b, "baixa"), quantos(&b, "incremental"), lista(&b).len()), (1, 1, 2));
}

#[test]
fn a_caixa_de_saida_nunca_tem_meio_arquivo_sob_um_nome_final() {
    let b = Bed::with(SEM_PORTOES);
    b.importa_remessa("20230803", 50);
    // the disk of the outbox takes no whole file
    let _ = fs::remove_dir_all(b.root.join("data/outbox"));
    fs::write(b.root.join("data/outbox"), "").unwrap();
    assert_ne!(b.atom(&["-q", "run"]).code, 0);
    fs::remove_file(b.root.join("data/outbox")).unwrap();
    fs::create_dir(b.root.join("data/outbox")).unwrap();
    fs::write(b.root.join("data/outbox/manager.part"), "meio arquivo").unwrap();
    b.atom(&["-q", "run"]).exits(0);
    let names = b.names("data/outbox");
    assert!(names.len() == 1 && names[0].ends_with("_manager_carga.csv"), "{names:?}");
}

/// Every mark changes in one transaction, again and again, while files are made: none shows some old and some new.
#[test]
fn ex6_um_arquivo_mostra_um_momento_so_enquanto_as_marcas_mudam() {
    const FICHAS: usize = 400;
    let mut b = Bed::with(SEM_PORTOES);
    let all: Vec<Devedor<'_>> = (1..=FICHAS as u64).map(|n| (1000 + n, n, &[][..])).collect();
    remessa(&b, "20230803_203000", &all);
    b.atom(&["-q", "export", "manager", "--carga"]).exits(0);
    let ids: Vec<i64> = lista(&b).into_keys().collect();
    let mut marks = rusqlite::Connection::open(b.root.join("store/atendimento.db")).unwrap();
    marks.busy_timeout(std::time::Duration::from_secs(30)).unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    let (mut mixed, mut seen) = (Vec::new(), 0);
    std::thread::scope(|s| {
        let (stop, ids) = (&stop, &ids);
        s.spawn(move || {
            for round in 0_u32.. {
                if stop.load(std::sync::atomic::Ordering::Relaxed) {
                    break;
                }
                let tx = marks.transaction().unwrap();
                for id in ids {
                    let row = (id, format!("2023-08-04 03:00:{:02}", round % 60), format!("marca {round}"));
                    tx.execute("INSERT OR REPLACE INTO marca VALUES (?1, 0, ?2, ?3)", row).unwrap();
                }
                tx.commit().unwrap();
            }
        });
        for minute in 1..=8 {
            b.at(&format!("2023-08-04T03:{minute:02}:00"));
            b.atom(&["-q", "export", "manager", "--incremental"]).exits(0);
            if quantos(&b, "incremental") == seen {
                continue;
            }
            seen += 1;
            let rows = linhas(&b, &ultimo(&b, "incremental"));
            let texts: std::collections::BTreeSet<String> = rows.iter().map(|r| r[13].clone()).collect();
            if rows.len() != FICHAS || texts.len() != 1 {
                mixed.push((minute, rows.len(), texts));
            }
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert!(mixed.is_empty(), "{mixed:?}");
    assert!(seen >= 3, "only {seen} files saw a change");
}

/// Built while Manager was away, then its remessa was taken back: whom only that file named is never dialled.
#[test]
fn ex4_a_carga_de_uma_remessa_desfeita_nao_sai() {
    let b = com_carga(2);
    let (folder, away) = (b.root.join("manager"), b.root.join("fora"));
    fs::rename(&folder, &away).unwrap();
    remessa(&b, "20230803_213000", &[(3001, 3, &[]), (1001, 1, &[])]);
    b.atom(&["-q", "run"]).exits(5);
    let run = b.sql("SELECT max(id) FROM run WHERE kind='remessa'");
    b.atom(&["-q", "undo", &run]).exits(0);
    fs::rename(&away, &folder).unwrap();
    let before = b.names("manager");
    let out = b.atom(&["run"]).exits(0);
    assert_eq!(b.names("manager"), before, "nobody but the two that were sent before");
    assert_eq!(
        b.sql("SELECT group_concat(tipo||' '||estado) FROM saida WHERE tipo<>'erros'"),
        "carga publicado,incremental abandonado"
    );
    let said = format!("{}{}", out.stdout, out.stderr);
    assert!(said.contains("desfez uma importação"), "{said}");
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!(b.names("manager"), before);
}
