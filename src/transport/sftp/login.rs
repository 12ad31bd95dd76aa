//! Into a server: which algorithms we take, whether it is the one we know, who we are.
//!
//! The algorithms are named here: none with SHA-1. A key is tried alone, without falling back to the password.

use super::super::hostkey::HostKey;
use super::super::watch::Watch;
use super::super::{Fault, Limits, Place, net};
use super::{
    FILE, KEX_FAILURE, KEY_EXCHANGE_FAILURE, KEYFILE_AUTH_FAILED, METHOD_NOT_SUPPORTED, SOCKET_DISCONNECT, SOCKET_RECV,
    SOCKET_SEND, TIMEOUT, broken, io_of,
};
use ssh2::{ErrorCode, KeyboardInteractivePrompt, MethodType, Session};
use std::io;
use std::time::Duration;

/// Who we are.
pub enum Login {
    /// A private key in OpenSSH's or PEM's form.
    Key {
        /// Its text.
        text: String,
        /// What opens it, if it is locked.
        passphrase: Option<String>,
    },
    /// A password.
    Password(String),
    /// A key of `ssh-agent`.
    Agent,
}

/// Ours first; a server that has none of them is too old.
const HOST_KEYS: &str =
    "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256";
const KEX: &str = "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,\
                   diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,\
                   diffie-hellman-group14-sha256";
const CIPHERS: &str =
    "aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr";
const MACS: &str = "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256,hmac-sha2-512";

/// Connects and agrees on keys; no credential is sent.
pub(super) fn handshake(place: &Place, kinds: &str, watch: &Watch) -> io::Result<Session> {
    let tcp = net::connect(place, &watch.handle())?;
    let mut s = Session::new()?;
    // the watch is what bounds a call; this is for a connection that nobody watches any more
    let idle = watch.limits().idle + Duration::from_secs(1);
    s.set_timeout(u32::try_from(idle.as_millis()).unwrap_or(u32::MAX));
    s.method_pref(MethodType::HostKey, kinds)?;
    s.method_pref(MethodType::Kex, KEX)?;
    for way in [MethodType::CryptCs, MethodType::CryptSc] {
        s.method_pref(way, CIPHERS)?;
    }
    for way in [MethodType::MacCs, MethodType::MacSc] {
        s.method_pref(way, MACS)?;
    }
    s.set_tcp_stream(tcp);
    s.handshake().map_err(|e| match e.code() {
        ErrorCode::Session(KEX_FAILURE | KEY_EXCHANGE_FAILURE | METHOD_NOT_SUPPORTED) => Fault::Refused(format!(
            "o servidor {}:{} só oferece algoritmos antigos (SHA-1), que o atom não aceita; \
             peça a quem o opera uma chave ed25519 ou rsa-sha2 ({})",
            place.host,
            place.port,
            e.message()
        ))
        .io(),
        _ => watch.explain(broken(&format!("o servidor não completou o início da conexão SSH ({})", e.message()))),
    })?;
    watch.byte();
    Ok(s)
}

/// The keys of a server as it shows them now, whether we know them or not: one of each type. No credential is sent.
///
/// # Errors
/// It cannot be reached, or has no key of a type that we take.
pub fn host_keys(place: &Place, limits: Limits) -> io::Result<Vec<HostKey>> {
    let mut out = Vec::new();
    let mut refused = None;
    for kinds in KEY_TYPES {
        let watch = Watch::new(limits);
        let _call = watch.call()?;
        match handshake(place, kinds, &watch) {
            Ok(session) => out.extend(HostKey::of(&session)),
            Err(e) if Fault::refused(&e) => refused = Some(e),
            Err(e) => return Err(e),
        }
        watch.hang_up();
    }
    match refused {
        Some(e) if out.is_empty() => Err(e),
        _ => Ok(out),
    }
}

/// The types of host keys, one connection each.
const KEY_TYPES: [&str; 3] =
    ["ssh-ed25519", "ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521", "rsa-sha2-512,rsa-sha2-256"];

/// The types that we know of the server first, so that it shows the key that we can compare.
pub(super) fn preferred(known: Vec<String>) -> String {
    let mut all: Vec<&str> = Vec::new();
    for kind in &known {
        match kind.as_str() {
            "ssh-rsa" => all.extend(["rsa-sha2-512", "rsa-sha2-256"]),
            kind if HOST_KEYS.split(',').any(|k| k == kind) => all.push(kind),
            _ => {}
        }
    }
    all.extend(HOST_KEYS.split(','));
    let mut seen = std::collections::HashSet::new();
    all.retain(|k| seen.insert(*k));
    all.join(",")
}

/// Sends the credential, once.
pub(super) fn authenticate(s: &Session, place: &Place, login: &Login) -> io::Result<()> {
    let user = &place.user;
    let done = match login {
        Login::Key { text, passphrase } => s.userauth_pubkey_memory(user, None, text, passphrase.as_deref()),
        Login::Password(word) => password(s, user, word),
        Login::Agent => s.userauth_agent(user),
    };
    let Err(e) = done else { return Ok(()) };
    let ErrorCode::Session(n) = e.code() else { return Err(io_of(&e)) };
    let server = &place.host;
    let socket = matches!(n, SOCKET_SEND | TIMEOUT | SOCKET_DISCONNECT | SOCKET_RECV);
    let lost = socket || e.message().starts_with("Waiting for");
    Err(match login {
        // it may have been tried: it is not tried again in this run
        Login::Password(_) if lost => {
            Fault::Over(format!("a conexão com {server} caiu enquanto a senha era conferida ({})", e.message()))
        }
        _ if lost => return Err(broken(&format!("a conexão caiu ({})", e.message()))),
        Login::Key { passphrase, .. } if matches!(n, FILE | KEYFILE_AUTH_FAILED) => Fault::Refused(match passphrase {
            None => "a chave privada não se abre: se ela tem frase secreta, indique-a em passphrase; se não, o \
                         arquivo não é uma chave privada OpenSSH ou PEM"
                .to_owned(),
            Some(_) => "a frase secreta (passphrase) da chave privada está errada, ou o arquivo não é uma chave \
                            privada OpenSSH ou PEM"
                .to_owned(),
        }),
        Login::Key { .. } => Fault::Refused(format!(
            "{server} não aceitou a chave do usuário {user}: peça a quem opera o servidor que a autorize"
        )),
        Login::Password(_) => Fault::Refused(format!(
            "{server} recusou a senha do usuário {user}; não tento de novo nesta execução, para não bloquear a conta"
        )),
        Login::Agent => Fault::Refused(format!(
            "não há key nem password na configuração, e o ssh-agent não tem uma chave que {server} aceite de {user}"
        )),
    }
    .io())
}

/// A password, by the way that the server knows; many know only the questions of keyboard-interactive.
fn password(s: &Session, user: &str, word: &str) -> Result<(), ssh2::Error> {
    let ways = s.auth_methods(user)?.to_owned();
    let knows = |way: &str| ways.split(',').any(|w| w == way);
    if !knows("password") && knows("keyboard-interactive") {
        return s.userauth_keyboard_interactive(user, &mut Answer(word));
    }
    s.userauth_password(user, word)
}

/// Answers what is asked without an echo.
struct Answer<'a>(&'a str);

impl KeyboardInteractivePrompt for Answer<'_> {
    fn prompt(&mut self, _: &str, _: &str, prompts: &[ssh2::Prompt<'_>]) -> Vec<String> {
        prompts.iter().map(|p| if p.echo { String::new() } else { self.0.to_owned() }).collect()
    }
}
