//! IM1: SIGKILL at any instant leaves the store as before the file or as after it; the next run finishes.

use crate::support::*;
use std::time::{Duration, Instant};

fn day(b: &Bed, n: usize) {
    let c = atom::gerador::Carteira::nova(11, n, ASCOB).unwrap();
    let mut bytes = Vec::new();
    c.escreve_remessa(&mut bytes, dia("2023-08-04")).unwrap();
    b.evo(REMESSA, &bytes);
    b.atom(&["-q", "fetch"]).exits(0);
}

#[test]
fn im1_sigkill_em_vinte_momentos_termina_como_uma_execucao_sem_queda() {
    const N: usize = 2000;
    let undisturbed = || {
        let b = Bed::new();
        day(&b, N);
        let begun = Instant::now();
        b.atom(&["-q", "import", "remessa"]).exits(0);
        (begun.elapsed(), b.digest())
    };
    let (one, expected) = undisturbed();
    let whole = one.min(undisturbed().0);
    assert!(expected.len() > N);
    let mut killed = 0;
    for i in 0..20u32 {
        let b = Bed::new();
        day(&b, N);
        let mut child = b.cmd(&["-q", "import", "remessa"]).spawn().unwrap();
        std::thread::sleep(whole.mul_f64(f64::from(i) / 24.0) + Duration::from_micros(u64::from(i) * 137));
        child.kill().unwrap();
        killed += u32::from(!child.wait().unwrap().success());
        let between = b.digest();
        assert!(between.is_empty() || between == expected, "half a file at moment {i}");
        b.atom(&["-q", "run"]).exits(0);
        assert_eq!(b.digest(), expected, "moment {i}");
        assert_eq!(b.sql("SELECT count(*) FROM run WHERE kind='remessa'"), "1", "moment {i}");
        assert_eq!(b.names("data/inbox"), Vec::<String>::new(), "moment {i}");
    }
    assert!(killed >= 8, "only {killed} of 20 were killed in time");
}

#[test]
fn ex3_queda_entre_renomear_e_gravar_publica_os_mesmos_bytes_uma_vez() {
    let b = Bed::new();
    b.evo(REMESSA, &b.remessa("1001", &cpf(1), &[]));
    b.atom(&["-q", "run"]).exits(0);
    for k in ["parcelas", "garantias"] {
        b.atom(&["day", "waive", k, "--reason", "x"]).exits(0);
    }
    let out = b.cmd(&["-q", "run"]).env("ATOM_TEST_CRASH", "publish").output().unwrap();
    assert!(!out.status.success());
    let name = b.names("manager").pop().unwrap();
    let bytes = b.read("manager", &name);
    assert_eq!(b.sql("SELECT estado FROM saida"), "gerado");
    assert_eq!(b.sql("SELECT count(*) FROM enviado"), "0");
    b.atom(&["-q", "run"]).exits(0);
    assert_eq!((b.names("manager"), b.read("manager", &name)), (vec![name.clone()], bytes));
    assert_eq!(b.sql("SELECT estado||count(*) FROM saida"), "publicado1");
    assert_eq!(b.sql("SELECT contrato FROM enviado"), "1001");
}

#[test]
fn ex7_outro_arquivo_sob_o_mesmo_nome_e_conflito_para_uma_pessoa() {
    let b = Bed::new();
    b.evo(REMESSA, &b.remessa("1001", &cpf(1), &[]));
    b.atom(&["-q", "run"]).exits(0);
    for k in ["parcelas", "garantias"] {
        b.atom(&["day", "waive", k, "--reason", "x"]).exits(0);
    }
    let name = "20230804_024100_manager_carga.csv";
    std::fs::write(b.root.join("manager").join(name), "de outro").unwrap();
    for s in 1..5 {
        std::fs::write(b.root.join("manager").join(format!("20230804_02410{s}_manager_carga.csv")), "de outro")
            .unwrap();
    }
    let out = b.atom(&["run"]).exits(1);
    assert!(out.stderr.contains("já existe um arquivo"), "{}", out.stderr);
    let stamped = b.sql("SELECT nome FROM saida");
    assert_eq!(b.read("manager", &stamped), "de outro");
    assert_eq!(b.sql("SELECT estado FROM saida"), "gerado");
}
