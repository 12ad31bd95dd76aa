//! The threads behind `serve`: a piece of work that fails costs nobody else theirs.

use super::*;
use atom::http::fila::{BUSY, Escrita, Escritor, Indisponivel, Leitores, SEM_AUDITORIA};
use atom::store::auditoria::{Leitura, registra};
use atom::store::db::DbError;
use atom::store::{Campanha, Store};
use std::path::Path;
use std::sync::Arc;

fn leitor(dir: &Path) -> Store {
    let c = Campanha { id: 1, nome: "Banco Exemplo".into(), carteira: "VEICULOS".into(), ascob: ASCOB.into() };
    Store::reader(dir, &c).unwrap()
}

fn escritor(b: &Bed) -> Escritor {
    let dir = b.root.join("store");
    Escritor::novo(Store::escritor(&dir, BUSY).unwrap(), leitor(&dir), SEM_AUDITORIA).unwrap()
}

fn corre<T>(f: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(f)
}

fn anota(e: &Escrita<'_>, what: &str) -> Result<(), DbError> {
    registra(e.db, "2023-08-04T10:00:00-03:00", "teste", None, what)
}

fn anotado(b: &Bed) -> Vec<String> {
    let db = rusqlite::Connection::open(b.root.join("store/atendimento.db")).unwrap();
    let mut stmt = db.prepare("SELECT o_que FROM auditoria WHERE quem='teste' ORDER BY id").unwrap();
    stmt.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn ap11_uma_escrita_que_quebra_so_perde_o_que_e_seu() {
    let b = Bed::new();
    let w = Arc::new(escritor(&b));
    corre(async {
        // held by another for a moment, so that all of them stand in one transaction
        let other = rusqlite::Connection::open(b.root.join("store/atendimento.db")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let (first, bad, refused, last) = tokio::join!(
            w.grava(|e| anota(e, "antes")),
            w.grava(|e| -> Result<(), DbError> {
                anota(e, "pela metade")?;
                panic!("um evento ruim")
            }),
            w.grava(|e| -> Result<(), ()> {
                anota(e, "recusada").unwrap();
                Err(())
            }),
            async {
                other.execute_batch("COMMIT").unwrap();
                w.grava(|e| anota(e, "depois")).await
            },
        );
        assert!(matches!((first, last), (Ok(Ok(())), Ok(Ok(())))));
        assert!(matches!((bad, refused), (Err(Indisponivel), Ok(Err(())))));
        w.vive().await.unwrap();
    });
    w.fecha();
    assert_eq!(anotado(&b), ["antes", "depois"]);
    // /readyz tells a writer that is gone
    assert_eq!(corre(w.vive()), Err(Indisponivel));
}

#[test]
fn ap11_uma_pergunta_que_quebra_nao_acaba_com_quem_le() {
    let b = Bed::new();
    let one = Leitores::novo(vec![leitor(&b.root.join("store"))]).unwrap();
    corre(async {
        for _ in 0..3 {
            assert_eq!(one.pergunta(|_| -> i64 { panic!("uma pergunta ruim") }).await, Err(Indisponivel));
        }
        assert!(one.pergunta(|s| s.responde()).await.unwrap().is_ok());
    });
}

#[test]
fn o_que_nao_cabe_na_auditoria_nao_se_mostra_e_o_que_coube_fica() {
    let b = Bed::new();
    let dir = b.root.join("store");
    let busy = Duration::from_millis(20);
    let w = Escritor::novo(Store::escritor(&dir, busy).unwrap(), leitor(&dir), 3).unwrap();
    let read = || {
        let em = "2023-08-04T10:00:00-03:00".to_owned();
        w.audita(Leitura { em, quem: "teste".into(), ficha: None, o_que: "lido" })
    };
    let other = rusqlite::Connection::open(dir.join("atendimento.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!([read(), read(), read(), read()], [Ok(()), Ok(()), Ok(()), Err(Indisponivel)]);
    other.execute_batch("COMMIT").unwrap();
    // what waited is on disk, and there is room again
    let begun = Instant::now();
    while read().is_err() {
        assert!(begun.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(10));
    }
    w.fecha();
    assert_eq!(anotado(&b), ["lido"; 4]);
}
