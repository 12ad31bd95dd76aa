//! HS17: only the right certificate gets a request.

use super::*;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::sync::Arc;

/// A stub behind TLS with the certificate of `certifica`.
pub fn sobe(folder: &Path) -> Omne {
    let certs = CertificateDer::pem_file_iter(folder.join("cert.pem")).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(folder.join("cert.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_no_client_auth().with_single_cert(certs, key).unwrap());
    Omne::em(([127, 0, 0, 1], 0).into(), move |s| {
        let conn = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
        Box::new(rustls::StreamOwned::new(conn, s))
    })
}

#[test]
fn hs17_certificado_que_nao_confere_nada_sai() {
    let folder = tempfile::tempdir().unwrap();
    servidor::certifica(folder.path());
    let stub = sobe(folder.path());
    let base = format!("https://{}", stub.addr);
    let b = bed_em(&base, 2, "");
    enfileira(&b, [1, 2]);
    let out = envia(&b).exits(5);
    assert_eq!((conta(&out), &out.json()[0]["stopped"]), ((0, 0, 0, 2), &json!("CERTIFICADO")));
    assert!(out.stderr.contains("certificado do OMNE não confere"), "{}", out.stderr);
    assert_eq!((estados(&b), stub.quantos()), (vec!["PENDENTE".to_owned(); 2], 0));
    assert_eq!(linhas(&b, "SELECT max(tentativas) FROM hsm"), ["0"]);
    // with the authority that signed it, and under the name that it is for
    let ca = format!("ca = \"{}\"", folder.path().join("ca.pem").display());
    b.config(&config(&format!("https://localhost:{}", stub.addr.port()), &ca, ""));
    assert_eq!(conta(&envia(&b).exits(5)), (0, 0, 0, 2));
    assert_eq!(stub.quantos(), 0);
    b.config(&config(&base, &ca, ""));
    assert_eq!(conta(&envia(&b).exits(0)), (2, 0, 0, 0));
    assert_eq!(stub.entregues(), [numero(1), numero(2)]);
}
