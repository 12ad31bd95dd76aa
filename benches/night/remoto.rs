//! A large file from an sshd on loopback into the inbox, beside `sftp`, `sha256sum` and `sync` from the same one.

use crate::Result;
use crate::medida::{Medida, Tabela, mede, run};
use std::fs::{self, File, Permissions};
use std::io::{BufWriter, Write};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const NOME: &str = "20230803_203000_remessa_528_out.528";
/// What a remessa of 100,000 contracts weighs, MB.
const MEGA: usize = 240;

/// The table; without an sshd there is none.
pub fn mede_remoto(root: &Path, vezes: usize) -> Result<()> {
    if !Path::new("/usr/sbin/sshd").exists() {
        println!("\nsshd ausente: sem a linha de SFTP");
        return Ok(());
    }
    let root = root.join("remoto");
    fs::create_dir_all(root.join("evo"))?;
    arquivo(&root.join("evo").join(NOME))?;
    let port = sshd(&root)?;
    let user = String::from_utf8(Command::new("id").arg("-un").output()?.stdout)?.trim().to_owned();
    let mut t = Tabela::nova(&[
        ("sftp, sha256sum, sync", "sftp, sha256sum, sync", ""),
        ("atom fetch", "sftp, sha256sum, sync", "≤ 1.25"),
    ]);
    for _ in 0..vezes {
        t.junta("sftp, sha256sum, sync", base(&root, &user, port)?)?;
        t.junta("atom fetch", fetch(&root, &user, port)?)?;
    }
    println!("\n{MEGA} MB por SFTP de um sshd local; medianas de {vezes}; alvo do pico: ≤ 64 MiB");
    t.mostra();
    Ok(())
}

fn arquivo(path: &Path) -> Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    let mut n = 1_u64;
    for _ in 0..MEGA * 1_000_000 / 8 {
        n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        out.write_all(&(n | 0x2020_2020_2020_2020).to_le_bytes())?;
    }
    Ok(out.flush()?)
}

/// An sshd for each connection, as inetd would start it.
fn sshd(root: &Path) -> Result<u16> {
    let keygen =
        |name: &str| run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(root.join(name)));
    keygen("host")?;
    keygen("chave")?;
    // root's sshd wants it; the service, which is not started here, makes it at boot
    let _ = fs::create_dir("/run/sshd");
    let r = root.display();
    let config = format!(
        "HostKey {r}/host\nAuthorizedKeysFile {r}/chave.pub\nStrictModes no\nUsePAM no\nPidFile none\n\
         Subsystem sftp internal-sftp\n"
    );
    fs::write(root.join("sshd.conf"), config)?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let host = fs::read_to_string(root.join("host.pub"))?;
    fs::write(root.join("known_hosts"), format!("[127.0.0.1]:{port} {host}"))?;
    let config = root.join("sshd.conf");
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(std::result::Result::ok) {
            let fd = OwnedFd::from(client);
            let Ok(copy) = fd.try_clone() else { continue };
            let mut c = Command::new("/usr/sbin/sshd");
            c.arg("-i").arg("-f").arg(&config).stdin(copy).stdout(fd).stderr(Stdio::null());
            if let Ok(mut child) = c.spawn() {
                std::thread::spawn(move || child.wait());
            }
        }
    });
    Ok(port)
}

fn base(root: &Path, user: &str, port: u16) -> Result<Medida> {
    let (r, to) = (root.display(), root.join("copia"));
    let _ = fs::remove_file(&to);
    let text = format!(
        "echo 'get {r}/evo/{NOME} {r}/copia' | sftp -q -b - -i {r}/chave -o UserKnownHostsFile={r}/known_hosts \
         -o StrictHostKeyChecking=yes -P {port} {user}@127.0.0.1 && sha256sum {r}/copia && sync {r}/copia"
    );
    mede(Command::new("sh").args(["-c", &text]).stdout(Stdio::null()), &root.join("chave"))
}

fn fetch(root: &Path, user: &str, port: u16) -> Result<Medida> {
    let casa = root.join("casa");
    let _ = fs::remove_dir_all(&casa);
    fs::create_dir_all(casa.join("manager"))?;
    let (r, c) = (root.display(), casa.display());
    let config: PathBuf = casa.join("atom.toml");
    let text = format!(
        "[campanha]\nid = 1\nascob = \"528\"\n[evo]\nurl = \"sftp://{user}@127.0.0.1:{port}{r}/evo\"\n\
         settle_seconds = 0\nkey = \"file:{r}/chave\"\nknown_hosts = \"{r}/known_hosts\"\n\
         [manager]\nurl = \"file://{c}/manager\"\n"
    );
    fs::write(&config, text)?;
    fs::set_permissions(&config, Permissions::from_mode(0o600))?;
    let atom = |args: &[&str]| {
        let mut cmd = Command::new(env!("CARGO_BIN_EXE_atom"));
        cmd.arg("-c").arg(&config).args(args).stdout(Stdio::null());
        cmd
    };
    run(&mut atom(&["init"]))?;
    let m = mede(&mut atom(&["fetch"]), &casa.join("store/carteira.db"))?;
    if fs::metadata(casa.join("data/inbox").join(NOME))?.len() != (MEGA * 1_000_000) as u64 {
        return Err("o arquivo não veio inteiro".into());
    }
    Ok(m)
}
