//! Whether a server is the one we know: `known_hosts`, strictly (IN9).
//!
//! libssh2 compares; nothing is trusted on first use. The file is read a line at a time, so that a difference can name
//! its line, and a line that libssh2 does not read (`@cert-authority`, a key type of tomorrow) hides no other.

use super::{Fault, em_portugues};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest, Sha256};
use ssh2::{CheckResult, KnownHostFileKind, Session};
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// A server's public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostKey {
    /// As in `known_hosts`: `ssh-ed25519`, `ssh-rsa`, …
    pub kind: String,
    /// The key itself.
    pub blob: Vec<u8>,
}

impl HostKey {
    /// `SHA256:…`, as `ssh-keygen -l` shows it.
    pub fn fingerprint(&self) -> String {
        format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(&self.blob)))
    }

    /// The key of a session after its handshake; its type stands at its beginning.
    pub(super) fn of(session: &Session) -> Option<Self> {
        let (blob, _) = session.host_key()?;
        Self::read(blob)
    }

    fn read(blob: &[u8]) -> Option<Self> {
        let size = u32::from_be_bytes(blob.get(..4)?.try_into().ok()?);
        let kind = blob.get(4..4usize.checked_add(usize::try_from(size).ok()?)?)?;
        Some(Self { kind: String::from_utf8(kind.to_vec()).ok()?, blob: blob.to_vec() })
    }
}

/// What `known_hosts` says of a server's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// It is the one we know.
    Yes,
    /// Nothing is known of the server.
    No,
    /// Another one is known: its line and fingerprint.
    Changed {
        /// From 1.
        line: usize,
        /// Type of the key that we know: perhaps another one than was asked for.
        kind: String,
        /// Of the key that we know.
        fingerprint: String,
    },
    /// It was marked `@revoked` in this line.
    Revoked(usize),
}

/// A line of the file that concerns a server.
struct Line {
    number: usize,
    revoked: bool,
    key: HostKey,
}

/// The lines of a server. A file that is not there has none.
fn lines(file: &Path, host: &str, port: u16) -> io::Result<Vec<Line>> {
    let bytes = match fs::read(file) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(|e| unreadable(file, &e))?,
    };
    // a note in another code page hides no line
    let text = String::from_utf8_lossy(&bytes);
    let session = Session::new()?;
    let (mut out, name) = (Vec::new(), name(host, port));
    for (i, line) in text.lines().enumerate() {
        let (revoked, entry) = match line.trim().strip_prefix("@revoked") {
            Some(rest) => (true, rest.trim()),
            None => (false, line.trim()),
        };
        let Some(key) = key_of(entry) else { continue };
        let mut one = session.known_hosts()?;
        let read = one.read_str(entry, KnownHostFileKind::OpenSSH).is_ok();
        if read && matches!(one.check(&name, &key.blob), CheckResult::Match) {
            out.push(Line { number: i + 1, revoked, key });
        }
    }
    Ok(out)
}

/// Nobody is known, so nobody is asked: a person must look.
fn unreadable(file: &Path, e: &io::Error) -> io::Error {
    let why = match e.kind() {
        io::ErrorKind::IsADirectory => "é uma pasta; esperado um arquivo".to_owned(),
        _ => em_portugues(e),
    };
    Fault::Refused(format!("known_hosts não pode ser lido, nenhuma credencial foi enviada: {}: {why}", file.display()))
        .io()
}

/// A server's name in the file. libssh2's own look-up by port takes a line for port 22 as well: not so here.
fn name(host: &str, port: u16) -> String {
    if port == 22 { host.to_owned() } else { format!("[{host}]:{port}") }
}

/// The key of a line `names type base64 …`.
fn key_of(line: &str) -> Option<HostKey> {
    if line.starts_with(['#', '@']) {
        return None;
    }
    let mut words = line.split_whitespace().skip(1);
    let kind = words.next()?;
    HostKey::read(&STANDARD.decode(words.next()?).ok()?).filter(|k| k.kind == kind)
}

/// What the file says of a key.
///
/// # Errors
/// It is there and cannot be read.
pub fn known(file: &Path, host: &str, port: u16, key: &HostKey) -> io::Result<Known> {
    let lines = lines(file, host, port)?;
    if let Some(l) = lines.iter().find(|l| l.revoked && l.key == *key) {
        return Ok(Known::Revoked(l.number));
    }
    let mut valid = lines.iter().filter(|l| !l.revoked);
    if valid.clone().any(|l| l.key == *key) {
        return Ok(Known::Yes);
    }
    // of the same type, if there is one: that is the key that changed
    let other = valid.clone().find(|l| l.key.kind == key.kind).or_else(|| valid.next());
    Ok(other.map_or(Known::No, |l| Known::Changed {
        line: l.number,
        kind: l.key.kind.clone(),
        fingerprint: l.key.fingerprint(),
    }))
}

/// The types of key that are known of a server: it is asked for these first.
pub(super) fn kinds(file: &Path, host: &str, port: u16) -> io::Result<Vec<String>> {
    Ok(lines(file, host, port)?.into_iter().filter(|l| !l.revoked).map(|l| l.key.kind).collect())
}

/// Nothing but a known key passes.
///
/// # Errors
/// The sentence that says what to do; the file cannot be read.
pub(super) fn verify(file: &Path, host: &str, port: u16, key: &HostKey) -> io::Result<()> {
    let got = key.fingerprint();
    let add = format!("atom hostkey add {} --fingerprint {got}", place(host, port));
    let place = format!("sftp {}", place(host, port));
    let shown = file.display();
    let why = match known(file, host, port, key)? {
        Known::Yes => return Ok(()),
        Known::No => format!(
            "a chave do servidor {place} não é conhecida\n   recebida   {got} ({})\n   Nenhuma credencial foi enviada. \
             Confirme com quem opera o servidor; só então:\n   {add}",
            key.kind
        ),
        Known::Changed { line, fingerprint, .. } => format!(
            "a chave do servidor {place} mudou\n   conhecida  {fingerprint} ({shown}, linha {line})\n   recebida   {got}\n   \
             Nenhuma credencial foi enviada. Confirme com quem opera o servidor; só então:\n   {add}"
        ),
        Known::Revoked(line) => format!(
            "a chave do servidor {place} foi revogada ({shown}, linha {line}): {got}\n   Nenhuma credencial foi enviada. \
             Fale com quem opera o servidor."
        ),
    };
    Err(Fault::Refused(why).io())
}

/// `host`, or `host:port` where the port is not 22.
fn place(host: &str, port: u16) -> String {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    if port == 22 { host } else { format!("{host}:{port}") }
}

/// Writes a key as known, in the place of those of its type that were known before. Returns how many went.
///
/// # Errors
/// The file cannot be read or written; the old one stays.
pub fn add(file: &Path, host: &str, port: u16, key: &HostKey) -> io::Result<usize> {
    let old: Vec<usize> = lines(file, host, port)?
        .into_iter()
        .filter(|l| !l.revoked && l.key.kind == key.kind && l.key != *key)
        .map(|l| l.number)
        .collect();
    let (bytes, mode) = match fs::read(file) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => (Vec::new(), 0o600),
        bytes => (bytes?, fs::metadata(file)?.permissions().mode() & 0o777),
    };
    let all = bytes.split_inclusive(|b| *b == b'\n').enumerate();
    let mut out: Vec<u8> = all.filter(|(i, _)| !old.contains(&(i + 1))).flat_map(|(_, l)| l).copied().collect();
    if out.last().is_some_and(|b| *b != b'\n') {
        out.push(b'\n');
    }
    if known(file, host, port, key)? != Known::Yes {
        writeln!(out, "{} {} {}", name(host, port), key.kind, STANDARD.encode(&key.blob))?;
    }
    let new = file.with_extension(format!("{}.part", std::process::id()));
    let mut f = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&new)?;
    f.write_all(&out)?;
    f.sync_all()?;
    fs::rename(new, file)?;
    Ok(old.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
    const RSA: &str = "AAAAB3NzaC1yc2EAAAADAQABAAAAgQDAdmmtWkbxiUNqPNTFqSCtVEQCQqOTOoz0uGVjFNXcZpVRAMpCTzCzGr6LTtXV9Z7\
                       /P7bTsuLuyYpXEyPGYHJgJ3YqcG5bHjKAK2Yfxm/rLV3JmpdRBOTJoCNWVeTSTzP6BELUJxJVg8nQXgRqpkQRIhQR3Fp4";

    fn key(kind: &str, n: u8) -> HostKey {
        let mut blob = u32::try_from(kind.len()).unwrap().to_be_bytes().to_vec();
        blob.extend(kind.as_bytes());
        blob.extend([0, 0, 0, 32]);
        blob.extend([n; 32]);
        HostKey { kind: kind.into(), blob }
    }

    fn file(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let d = tempfile::tempdir().unwrap();
        let path = d.path().join("known_hosts");
        fs::write(&path, text).unwrap();
        (d, path)
    }

    #[test]
    fn a_impressao_e_a_do_ssh_keygen() {
        let k = HostKey::read(&STANDARD.decode(ED).unwrap()).unwrap();
        assert_eq!(k.kind, "ssh-ed25519");
        assert_eq!(k.fingerprint(), "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU");
    }

    #[test]
    fn in9_so_a_chave_da_mesma_porta_e_conhecida() {
        let (_d, path) = file("");
        let (a, b) = (key("ssh-ed25519", 1), key("ssh-ed25519", 2));
        assert_eq!(known(&path, "h", 22, &a).unwrap(), Known::No);
        add(&path, "h", 2222, &a).unwrap();
        assert_eq!(known(&path, "h", 2222, &a).unwrap(), Known::Yes);
        assert_eq!(known(&path, "h", 22, &a).unwrap(), Known::No);
        assert_eq!(known(&path, "outro", 2222, &a).unwrap(), Known::No);
        let changed = Known::Changed { line: 1, kind: a.kind.clone(), fingerprint: a.fingerprint() };
        assert_eq!(known(&path, "h", 2222, &b).unwrap(), changed);
        assert_eq!(add(&path, "h", 2222, &b).unwrap(), 1);
        assert_eq!(known(&path, "h", 2222, &b).unwrap(), Known::Yes);
        assert!(matches!(known(&path, "h", 2222, &a).unwrap(), Known::Changed { .. }));
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1);
    }

    #[test]
    fn in9_uma_linha_estranha_nao_esconde_as_outras_e_uma_revogada_nao_passa() {
        let k = key("ssh-ed25519", 1);
        let good = format!("h ssh-ed25519 {}\n", STANDARD.encode(&k.blob));
        let (_d, path) = file(&format!("# nota\n\nlixo\n@cert-authority *.x ssh-rsa {RSA}\nh chave-nova AAAA\n{good}"));
        assert_eq!(known(&path, "h", 22, &k).unwrap(), Known::Yes);
        fs::write(&path, format!("{good}@revoked {good}")).unwrap();
        assert_eq!(known(&path, "h", 22, &k).unwrap(), Known::Revoked(2));
        assert!(verify(&path, "h", 22, &k).unwrap_err().to_string().contains("revogada"));
    }

    #[test]
    fn in9_uma_nota_em_outra_codificacao_nao_esconde_as_linhas_e_fica_como_esta() {
        let (a, b) = (key("ssh-ed25519", 1), key("ssh-ed25519", 2));
        let (_d, path) = file("");
        let mut text = b"# servidor de produ\xe7\xe3o\r\n".to_vec();
        text.extend(format!("h ssh-ed25519 {}", STANDARD.encode(&a.blob)).bytes());
        fs::write(&path, &text).unwrap();
        assert_eq!(known(&path, "h", 22, &a).unwrap(), Known::Yes);
        assert_eq!(add(&path, "outro", 22, &b).unwrap(), 0);
        let now = fs::read(&path).unwrap();
        assert!(now.starts_with(&text) && now.split(|b| *b == b'\n').count() == 4);
        assert_eq!(known(&path, "outro", 22, &b).unwrap(), Known::Yes);
    }

    #[test]
    fn in9_cada_recusa_diz_o_passo_seguinte() {
        let (_d, path) = file("");
        let k = key("ssh-ed25519", 1);
        let text = verify(&path, "evo.exemplo", 2222, &k).unwrap_err().to_string();
        let step = format!("atom hostkey add evo.exemplo:2222 --fingerprint {}", k.fingerprint());
        assert!(text.contains("não é conhecida") && text.ends_with(&step), "{text}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "");
    }
}
