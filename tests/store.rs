//! The store: ST7, ST8, configuration errors (more in `promessas::store`).

use crate::support::*;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

#[test]
fn st8_store_ausente_estranho_ou_danificado_e_saida_10_e_nada_novo_aparece() {
    let b = Bed::bare("");
    for args in [&["run"][..], &["day"], &["status"], &["import", "remessa"], &["get", "1001"]] {
        let out = b.atom(args).exits(10);
        assert!(out.stderr.contains("atom init"), "{args:?}: {}", out.stderr);
    }
    assert!(!b.root.join("store/carteira.db").exists());
    b.atom(&["init"]).exits(0);
    fs::write(b.root.join("store/carteira.db"), b"isto nao e um banco de dados sqlite, de jeito nenhum").unwrap();
    b.atom(&["run"]).exits(10);
    assert_eq!(fs::read(b.root.join("store/carteira.db")).unwrap().len(), 52);
}

/// The rights of a file bind root only without its power over them, which `setpriv` takes away.
#[test]
fn st8_store_que_nao_se_pode_gravar_e_saida_10_e_nao_disco_cheio() {
    let b = Bed::new();
    b.evo(REMESSA, &b.remessa("1001", &cpf(1), &[]));
    let store = b.root.join("store");
    let root = fs::metadata(&store).unwrap().uid() == 0;
    let mode = |path: &std::path::Path, m| fs::set_permissions(path, fs::Permissions::from_mode(m)).unwrap();
    let atom = |args: &[&str]| {
        let mut cmd = std::process::Command::new(if root { "setpriv" } else { env!("CARGO_BIN_EXE_atom") });
        if root {
            cmd.args(["--bounding-set=-dac_override,-dac_read_search", env!("CARGO_BIN_EXE_atom")]);
        }
        let cmd = cmd.args(args).current_dir(&b.root).env("ATOM_NOW", "2023-08-04T02:41:00-03:00");
        Out::from(cmd.output().unwrap())
    };
    for (file, folder, args) in [
        (0o400, 0o500, &["run"][..]),
        (0o400, 0o500, &["status"]),
        (0o600, 0o500, &["fetch"]),
        (0o400, 0o700, &["run"]),
        (0o000, 0o700, &["run"]),
    ] {
        mode(&store.join("carteira.db"), file);
        mode(&store, folder);
        let out = atom(args);
        mode(&store, 0o700);
        // SQLite gives its log the mode of the database
        fs::read_dir(&store).unwrap().for_each(|e| mode(&e.unwrap().path(), 0o600));
        assert_eq!(out.code, 10, "{file:o} {folder:o} {args:?}: {}", out.stderr);
        assert!(out.stderr.contains(&store.display().to_string()), "{args:?}: {}", out.stderr);
        assert!(out.stderr.contains("permissões") && !out.stderr.contains("cheio"), "{args:?}: {}", out.stderr);
    }
    assert_eq!(atom(&["run"]).code, 0);
}

#[test]
fn st7_tudo_que_e_nosso_e_so_do_dono_e_o_que_e_dos_outros_nao() {
    let b = Bed::bare("");
    let script = |args: &str| {
        let out = std::process::Command::new("sh")
            .args(["-c", &format!("umask 000; {} {args}", env!("CARGO_BIN_EXE_atom"))])
            .current_dir(&b.root)
            .env("ATOM_NOW", "2023-08-04T02:41:00-03:00")
            .output()
            .unwrap();
        assert!(out.status.success() || out.status.code() == Some(3), "{}", String::from_utf8_lossy(&out.stderr));
    };
    script("init");
    b.fixture_day();
    script("-q run");
    fn walk(p: &std::path::Path, f: &mut impl FnMut(&std::path::Path, u32)) {
        for e in fs::read_dir(p).unwrap() {
            let e = e.unwrap();
            f(&e.path(), e.metadata().unwrap().permissions().mode() & 0o777);
            if e.path().is_dir() {
                walk(&e.path(), f);
            }
        }
    }
    let mut seen = 0;
    for folder in ["store", "data"] {
        walk(&b.root.join(folder), &mut |p, mode| {
            seen += 1;
            assert_eq!(mode & 0o077, 0, "{} {mode:o}", p.display());
        });
    }
    assert!(seen > 10);
    for name in b.names("manager") {
        let mode = fs::metadata(b.root.join("manager").join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o666, "Manager reads it under its own user");
    }
}

#[test]
fn r001_um_store_e_de_uma_campanha_so() {
    let b = Bed::new();
    let path = b.root.join("atom.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("id = 1", "id = 2")).unwrap();
    let out = b.atom(&["run"]).exits(2);
    assert!(out.stderr.contains("campanha"), "{}", out.stderr);
}

#[test]
fn chave_ausente_ou_desconhecida_na_configuracao_e_saida_2_com_a_mais_proxima() {
    let b = Bed::bare("[import]\nmax_rejeito = 0.2");
    let out = b.atom(&["init"]).exits(2);
    assert!(out.stderr.contains("max_rejeitos") && out.stderr.contains("linha"), "{}", out.stderr);
    let b = Bed::bare("");
    let path = b.root.join("atom.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("ascob = \"528\"", "")).unwrap();
    let out = b.atom(&["init"]).exits(2);
    assert!(out.stderr.contains("campanha.ascob"), "{}", out.stderr);
    fs::remove_file(&path).unwrap();
    b.atom(&["run"]).exits(2);
}

#[test]
fn disco_sem_permissao_na_caixa_de_saida_nao_aplica_nada() {
    let b = Bed::new();
    let mut f = b.remessa("1001", &cpf(1), &[]);
    f.extend(b.remessa("1002", "11122233344", &[]));
    b.evo(REMESSA, &f);
    b.atom(&["-q", "fetch"]).exits(0);
    // a folder where a file is to stand fails like a full disk does: the name cannot be made
    fs::create_dir_all(b.root.join("data/rejects").join(format!("{REMESSA}.1.rejeitos"))).unwrap();
    let out = b.atom(&["import", "remessa"]).exits(1);
    assert!(out.stdout.contains("rejeitos") && out.stdout.contains("FALHOU"), "{}", out.stdout);
    assert!(b.digest().is_empty());
    fs::remove_dir(b.root.join("data/rejects").join(format!("{REMESSA}.1.rejeitos"))).unwrap();
    b.atom(&["-q", "run"]).exits(3);
    assert_eq!(b.sql("SELECT count(*) FROM contrato"), "1");
}

#[test]
fn o_cliente_aparece_mascarado_e_sem_mascara_fica_registrado() {
    let b = Bed::new();
    let c = cpf(1);
    let phone: &[(&str, &str)] =
        &[("telefone_1_tipo", "CE"), ("telefone_1_ddd", "011"), ("telefone_1_numero", "0981112222")];
    let f = b.file(REMESSA, &b.remessa("1001", &c, phone));
    b.atom(&["import", "remessa", &f]).exits(0);
    for key in [c.as_str(), "001001", "1"] {
        let shown = b.json(&["get", key]).exits(0).stdout;
        for secret in [c.as_str(), "FULANO", "981112222"] {
            assert!(!shown.contains(secret), "{key}: {shown}");
        }
        let readable = b.atom(&["get", key]).exits(0).stdout;
        assert!(readable.contains("1001") && !readable.contains(&c) && !readable.contains("FULANO"), "{readable}");
    }
    let audit = || -> i64 {
        let db = rusqlite::Connection::open(b.root.join("store/atendimento.db")).unwrap();
        db.query_row("SELECT count(*) FROM auditoria", [], |r| r.get(0)).unwrap()
    };
    assert_eq!(audit(), 0);
    let shown = b.json(&["get", &c, "--show-pii"]).exits(0).stdout;
    let v: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let client = &v["clientes"][0];
    assert_eq!((client["idCrm"].as_i64(), client["mailing"]["nome"].as_str()), (Some(1), Some("FULANO DE TAL")));
    assert_eq!(client["mailing"]["valorParcela"], "595.37");
    assert_eq!(
        client["telefones_disponiveis"][0],
        serde_json::json!({"tipo": "CELULAR", "ddd": "11", "fone": "981112222", "score": null})
    );
    assert_eq!(client["contratos"][0]["situacao"], "ATIVO");
    assert_eq!(audit(), 1);
    b.atom(&["get", "52998224725"]).exits(1);
}

#[test]
fn st8_sem_store_nada_novo_aparece_e_meio_store_pede_backup() {
    let b = Bed::new();
    fs::remove_dir_all(b.root.join("store")).unwrap();
    fs::remove_dir_all(b.root.join("data")).unwrap();
    b.atom(&["run"]).exits(10);
    assert!(!b.root.join("store").exists() && !b.root.join("data").exists());
    let b = Bed::new();
    fs::remove_file(b.root.join("store/atendimento.db")).unwrap();
    for args in [&["run"][..], &["init"]] {
        let out = b.atom(args).exits(10);
        assert!(out.stderr.contains("backup") && !out.stderr.contains("atom init"), "{}", out.stderr);
    }
    assert!(!b.root.join("store/atendimento.db").exists());
}

#[test]
fn um_layout_que_troca_o_tipo_de_um_campo_e_recusado_antes_de_tudo() {
    let b = Bed::new();
    let text =
        fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("layouts/remessa.toml")).unwrap();
    let line = text.lines().find(|l| l.contains("\"score_credito\"")).unwrap();
    fs::create_dir(b.root.join("layouts")).unwrap();
    fs::write(b.root.join("layouts/remessa.toml"), text.replace(line, &line.replace("\"int\"", "\"text\""))).unwrap();
    let out = b.atom(&["run"]).exits(2);
    assert!(out.stderr.contains("score_credito") && out.stderr.contains("layout"), "{}", out.stderr);
}
