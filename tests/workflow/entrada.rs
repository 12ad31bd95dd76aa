//! Who gets in and who let them in: what changes while somebody waits, the brake, the audit of `atom user` and
//! `atom token` (WF5, WF6).

use super::*;

/// What another process does to `ana` while her password is being checked and the store is held.
#[track_caller]
fn enquanto_espera(change: &str) {
    let (b, s) = mesa();
    let db = atendimento(&b);
    // read and checked before the lock is let go; the session itself has to wait for it
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    let r = std::thread::scope(|t| {
        let waiting = t.spawn(|| entra(&s, "ana", SENHA));
        std::thread::sleep(Duration::from_millis(2500));
        db.execute_batch(&format!("{change}; COMMIT")).unwrap();
        waiting.join().unwrap()
    });
    r.is(401);
    assert_eq!(sql(&b, "SELECT count(*) || '' FROM sessao"), "0", "{change}");
    let all = audita(&b, |a| a.iter().any(|l| l == "workflow:ana: entrada recusada"));
    assert!(!all.iter().any(|l| l == "workflow:ana: entrada"), "{all:?}");
}

#[test]
fn wf6_a_senha_antiga_nao_abre_sessao_se_mudou_enquanto_esperava() {
    enquanto_espera("UPDATE usuario SET senha=(SELECT senha FROM usuario WHERE login='sol') WHERE login='ana'");
}

#[test]
fn wf6_quem_foi_bloqueado_enquanto_esperava_nao_entra() {
    enquanto_espera("UPDATE usuario SET desativado_em='2023-08-04T09:00:00-03:00' WHERE login='ana'");
}

#[test]
fn quem_deixa_entrar_bloqueia_e_da_tokens_fica_na_auditoria() {
    let b = base(1);
    pessoa(&b, "eva", "supervisor");
    user(&b, &["password", "eva"], "outra-senha-boa").exits(0);
    b.atom(&["user", "disable", "eva"]).exits(0);
    token(&b, "portal");
    b.atom(&["token", "revoke", "1"]).exits(0);
    let uid = rustix::process::getuid().as_raw();
    let want: Vec<String> = [
        "user add eva (supervisor)",
        "user password eva",
        "user disable eva",
        "token add 1 (portal:teste-portal)",
        "token revoke 1",
    ]
    .iter()
    .map(|w| format!("cli:uid:{uid}: {w}"))
    .collect();
    assert_eq!(auditoria(&b), want);
    // what was refused is not told as done
    b.atom(&["user", "disable", "eva"]).exits(2);
    b.atom(&["token", "revoke", "1"]).exits(2);
    assert_eq!(auditoria(&b).len(), want.len());
}

#[test]
fn nao_ha_ensaio_de_quem_entra_e_nada_muda() {
    let b = base(1);
    pessoa(&b, "eva", "analyst");
    token(&b, "portal");
    let state = || {
        let people = sql(&b, "SELECT group_concat(login || coalesce(desativado_em, '') || senha) FROM usuario");
        (people, sql(&b, "SELECT group_concat(id || coalesce(revogado_em, '')) FROM token"))
    };
    let before = state();
    for args in [
        &["--dry-run", "user", "disable", "eva"][..],
        &["--dry-run", "token", "add", "x", "--scope", "portal"],
        &["token", "revoke", "1", "--dry-run"],
    ] {
        let out = b.atom(args).exits(2);
        assert!(out.stderr.contains("--dry-run") && out.stdout.is_empty(), "{}", out.stderr);
    }
    for args in [&["add", "bia", "--dry-run"][..], &["password", "eva", "--dry-run"]] {
        user(&b, args, "outra-senha-boa").exits(2);
    }
    assert_eq!(state(), before);
    b.atom(&["--dry-run", "user", "list"]).exits(0);
    b.atom(&["--dry-run", "token", "list"]).exits(0);
}

#[test]
fn wf6_quem_erra_a_senha_de_outro_nao_o_tranca_fora() {
    let mut b = Bed::with(&format!("{SERVE}behind_proxy = \"nginx\"\n[dia]\nobrigatorios = []"));
    b.importa_remessa("20230803", 1);
    pessoa(&b, "ana", "analyst");
    b.at("2023-08-04T09:00:00");
    let s = Serve::start(&b);
    let origin = format!("http://{}", s.addr);
    let tries = |from: &str, senha: &str| {
        let form = ("Content-Type", "application/x-www-form-urlencoded");
        let headers = [form, ("Origin", origin.as_str()), ("X-Forwarded-For", from)];
        s.post_raw("/workflow/entrar", &headers, format!("login=ana&senha={senha}").as_bytes()).status
    };
    // one stranger, on another port and another address of the same network each time
    for (from, other) in [("10.0.0.1:1000", "10.0.0.1:2000"), ("[2001:db8::1]:1000", "2001:db8::2")] {
        // a slow machine gives a try back now and then
        let all: Vec<u16> = (0..16).map(|n| tries(if n % 2 == 0 { from } else { other }, "errada-errada")).collect();
        assert!(all[0] == 401 && all.contains(&429), "{from}: {all:?}");
    }
    assert_eq!(tries("10.0.0.2", SENHA), 303);
}
