use super::*;

/// Compiling a look-up again costs more than its rows.
#[test]
fn uma_frase_guardada_nao_e_compilada_de_novo_a_cada_valor() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(&dir.path().join("t.db"), Mode::Create(PAGINA), Duration::from_secs(1)).unwrap();
    db.script("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT) STRICT; INSERT INTO t VALUES (1, 'x'), (2, 'y')")
        .unwrap();
    let sql = "SELECT b FROM t WHERE a>=?1 ORDER BY b DESC LIMIT ?2";
    let newest = |n| db.rows(sql, &[Cell::Int(1), Cell::Int(n)], |r| r.str(0)).unwrap();
    assert_eq!((newest(1), newest(2)), (vec!["y".to_owned()], vec!["y".to_owned(), "x".to_owned()]));
    let kept = db.conn.prepare_cached(sql).unwrap();
    assert_eq!(kept.get_status(rusqlite::StatementStatus::Run), 2);
    assert_eq!(kept.get_status(rusqlite::StatementStatus::RePrepare), 0);
}
