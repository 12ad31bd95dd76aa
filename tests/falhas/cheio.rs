//! A full disk: IM3, IN16, EX1.

use super::*;

const CHEIO: Falha<'_> = Falha { pasta: "store", op: "write", n: 1, modo: "from", erro: "ENOSPC" };

#[test]
fn im3_disco_cheio_na_pasta_do_store_e_saida_1_com_o_nome_dela() {
    let b = Bed::new();
    chegam(&b, &carteira(N), SEXTA, &["remessa", "parcelas", "garantias"]);
    b.atom(&["-q", "fetch"]).exits(0);
    let args = &["import", "remessa"];
    let states = antes_e_depois(&b, args);
    let start = Momento::de(&b);
    let clean = roda(&b, args, Falha { pasta: "store", ..NENHUMA });
    b.atom(&["-q", "run"]).exits(3);
    let end = olha(&b, tudo);
    let folder = b.root.join("store").display().to_string();
    let mut before = 0;
    for (op, erro) in [("write", "ENOSPC"), ("write", "EIO"), ("sync", "ENOSPC"), ("write,sync", "EIO")] {
        let total: usize = op.split(',').map(|k| clean.conta(k)).sum();
        for n in amostra(total, 9) {
            start.volta(&b);
            let v = roda(&b, args, Falha { op, erro, n, ..CHEIO });
            let at = format!("{op} {erro} from {n} of {total}: {}", v.disse());
            assert_eq!(v.out.code, 1, "{at}");
            assert!(v.disse().contains(&folder), "{at}");
            assert!(v.disse().contains(if erro == "ENOSPC" { "cheio" } else { "disco" }), "{at}");
            let now = olha(&b, nucleo);
            assert!(states.contains(&now), "{at}");
            // a full disk takes no sync away: what was not told as applied is not
            before += usize::from(now == states[0]);
            assert!(v.out.stdout.contains("lidas 32") == (now == states[1]) || op != "write", "{at}");
            let next = roda(&b, &["-q", "run"], NENHUMA);
            assert_eq!(next.out.code, 3, "{at}: {}", next.disse());
            igual(&olha(&b, tudo), &end, &at);
            confere_arquivos(&b, true, &at);
        }
    }
    assert!(before > 10, "{before}");
}

/// Without room for the name of its log SQLite says no more than that it cannot open the database.
#[test]
fn im3_disco_cheio_ao_abrir_o_store_e_saida_1_com_o_nome_da_pasta() {
    let b = Bed::new();
    chegam(&b, &carteira(N), SEXTA, &["remessa"]);
    b.atom(&["-q", "fetch"]).exits(0);
    let (start, before) = (Momento::de(&b), olha(&b, nucleo));
    let folder = b.root.join("store").display().to_string();
    for args in [&["import", "remessa"][..], &["run"], &["fetch"], &["status"], &["day"], &["get", "1001"]] {
        for modo in ["once", "from"] {
            start.volta(&b);
            let v = roda(&b, args, Falha { op: "create", modo, ..CHEIO });
            let at = format!("{args:?} {modo}: {}", v.disse());
            assert!(v.conta("hits") > 0, "{at}");
            assert_eq!(v.out.code, 1, "{at}");
            assert!(v.em_linha().contains(&folder) && v.em_linha().contains("cheio"), "{at}");
            assert_eq!(olha(&b, nucleo), before, "{at}");
            let next = roda(&b, &["-q", "run"], NENHUMA);
            assert_eq!(next.out.code, 3, "{at}: {}", next.disse());
        }
    }
}

#[test]
fn im3_disco_cheio_no_init_e_saida_1_e_a_proxima_tentativa_faz_o_store() {
    for n in 1..=6 {
        let b = Bed::bare("");
        let v = roda(&b, &["init"], Falha { op: "create", n, ..CHEIO });
        let at = format!("{n}: {}", v.disse());
        assert!(v.conta("hits") > 0, "{at}");
        assert_eq!(v.out.code, 1, "{at}");
        assert!(v.em_linha().contains(&b.root.join("store").display().to_string()), "{at}");
        assert!(v.em_linha().contains("cheio"), "{at}");
        b.atom(&["init"]).exits(0);
        b.atom(&["run"]).exits(0);
    }
}

#[test]
fn in16_disco_cheio_na_caixa_de_entrada_e_dito_com_o_nome_dela_e_nada_entra() {
    let b = Bed::new();
    let (c, inbox) = (carteira(N), b.root.join("data/inbox").display().to_string());
    chegam(&b, &c, SEXTA, &["remessa"]);
    let name = c.noite(dia(SEXTA)).remessa;
    let outside = b.file(&name, &fs::read(b.root.join("evo").join(&name)).unwrap());
    let (start, before) = (Momento::de(&b), olha(&b, nucleo));
    let fetch = ["fetch"];
    for (args, op, modo) in [
        (&fetch[..], "write", "from"),
        (&fetch, "write", "short"),
        (&fetch, "sync", "once"),
        (&fetch, "create", "once"),
        (&fetch, "rename", "once"),
        (&["run"], "write", "from"),
        (&["run"], "rename", "from"),
        (&["import", "remessa", &outside], "write", "from"),
        (&["import", "remessa", &outside], "sync", "once"),
        (&["import", "remessa", &outside], "create", "once"),
        (&["import", "remessa", &outside], "rename", "once"),
    ] {
        start.volta(&b);
        let v = roda(&b, args, Falha { pasta: "data/inbox", op, modo, ..CHEIO });
        let at = format!("{args:?} {op} {modo}: {}", v.disse());
        assert_eq!(v.out.code, 1, "{at}");
        assert!(v.disse().contains(&inbox) && v.em_linha().contains("disco cheio"), "{at}");
        assert!(b.names("data/inbox").iter().all(|n| *n != name), "{at}: {:?}", b.names("data/inbox"));
        assert_eq!(olha(&b, nucleo), before, "{at}");
        assert_eq!(b.sql("SELECT count(*) FROM arquivo"), "0", "{at}");
        let next = roda(&b, &["-q", "run"], NENHUMA);
        assert_eq!(next.out.code, 3, "{at}: {}", next.disse());
        assert_eq!(b.sql("SELECT count(*) FROM contrato"), N.to_string(), "{at}");
        assert_eq!(b.names("data/inbox"), Vec::<String>::new(), "{at}");
    }
}

#[test]
fn im3_disco_cheio_onde_ficam_os_rejeitos_nao_aplica_nada_e_diz_onde() {
    let b = Bed::new();
    chegam(&b, &carteira(N), SEXTA, &["remessa"]);
    b.atom(&["-q", "fetch"]).exits(0);
    let (start, before) = (Momento::de(&b), olha(&b, nucleo));
    for pasta in ["data/rejects", "data/outbox"] {
        for (op, modo) in [("write", "from"), ("write", "short"), ("sync", "from"), ("create", "once")] {
            start.volta(&b);
            let v = roda(&b, &["import", "remessa"], Falha { pasta, op, modo, ..CHEIO });
            let at = format!("{pasta} {op} {modo}: {}", v.disse());
            assert_eq!(v.out.code, 1, "{at}");
            assert!(v.disse().contains(&format!("{}/{pasta}", b.root.display())), "{at}");
            assert!(v.disse().contains("disco cheio") && v.disse().contains("libere espaço"), "{at}");
            assert_eq!(olha(&b, nucleo), before, "{at}");
            let next = roda(&b, &["-q", "run"], NENHUMA);
            assert_eq!(next.out.code, 3, "{at}: {}", next.disse());
            confere_arquivos(&b, true, &at);
        }
    }
}

#[test]
fn ex1_disco_cheio_no_manager_nao_deixa_meio_arquivo_e_a_proxima_execucao_publica() {
    let b = Bed::new();
    chegam(&b, &carteira(N), SEXTA, &["remessa", "parcelas", "garantias"]);
    b.atom(&["-q", "fetch"]).exits(0);
    for k in ["remessa", "parcelas", "garantias"] {
        b.atom(&["-q", "import", k]).exits(3);
    }
    let start = Momento::de(&b);
    for (op, modo) in [("write", "from"), ("write", "short"), ("sync", "from"), ("create", "once"), ("rename", "once")]
    {
        start.volta(&b);
        let v = roda(&b, &["run"], Falha { pasta: "manager", op, modo, ..CHEIO });
        let at = format!("{op} {modo}: {}", v.disse());
        assert_eq!(v.out.code, 5, "{at}");
        assert!(v.disse().contains("/manager") && v.disse().contains("disco cheio"), "{at}");
        assert!(b.names("manager").iter().all(|n| n.ends_with(".part")), "{at}: {:?}", b.names("manager"));
        assert_eq!(b.sql("SELECT count(*) FROM enviado"), "0", "{at}");
        let next = roda(&b, &["-q", "run"], NENHUMA);
        assert_eq!(next.out.code, 0, "{at}: {}", next.disse());
        assert_eq!(b.sql("SELECT estado||count(*) FROM saida WHERE tipo='carga'"), "publicado1", "{at}");
        assert_eq!(next.perderia(), Vec::<&str>::new(), "{at}");
        confere_arquivos(&b, true, &at);
    }
}
