//! An FTP server that lies: what no honest one does on demand.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What it does wrong.
#[derive(Clone, Debug, Default)]
pub struct Mentira {
    /// Lines of LIST instead of the honest one.
    pub lista: Option<String>,
    /// Lines of MLSD; without them it does not know the command.
    pub mlsd: Option<String>,
    /// Bytes of the file that a RETR sends; then it says 226 all the same.
    pub corta: Option<usize>,
    /// SIZE says so.
    pub tamanho: Option<usize>,
    /// The file grows by so much at each SIZE.
    pub cresce: usize,
    /// No 226 ever.
    pub sem_fim: bool,
    /// What STOR answers.
    pub recusa_stor: Option<&'static str>,
    /// What AUTH TLS answers.
    pub tls: Option<&'static str>,
    /// After so many bytes of the first RETR both connections break.
    pub cai: Option<usize>,
    /// It does not know REST.
    pub sem_rest: bool,
    /// After the first whole RETR it lets nobody in, until told otherwise.
    pub foge: bool,
}

/// What it was sent, and how it stands.
#[derive(Debug, Default)]
pub struct Estado {
    /// Of each STOR only so many bytes are taken; then it answers so.
    pub corta_stor: Option<(usize, &'static str)>,
    /// Files that were put, by name.
    pub guardados: BTreeMap<String, Vec<u8>>,
    /// It lets nobody in.
    pub fora: bool,
    leituras: usize,
}

pub struct Falso {
    pub port: u16,
    /// Each command that came.
    pub comandos: Arc<Mutex<Vec<String>>>,
    pub estado: Arc<Mutex<Estado>>,
}

/// A server with one file.
pub fn ftp(name: &'static str, bytes: Vec<u8>, lie: Mentira) -> Falso {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let comandos = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&comandos);
    let estado = Arc::new(Mutex::new(Estado::default()));
    let shared = Arc::clone(&estado);
    let grown = Arc::new(Mutex::new(bytes.len()));
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            if shared.lock().unwrap().fora {
                continue;
            }
            let (bytes, lie, seen, grown) = (bytes.clone(), lie.clone(), Arc::clone(&seen), Arc::clone(&grown));
            let estado = Arc::clone(&shared);
            std::thread::spawn(move || drop(conversa(client, name, &bytes, &lie, &seen, &grown, &estado)));
        }
    });
    Falso { port, comandos, estado }
}

fn conversa(
    mut client: TcpStream,
    name: &str,
    bytes: &[u8],
    lie: &Mentira,
    seen: &Mutex<Vec<String>>,
    grown: &Mutex<usize>,
    estado: &Mutex<Estado>,
) -> std::io::Result<()> {
    let data = TcpListener::bind("127.0.0.1:0")?;
    let port = data.local_addr()?.port();
    let (mut rest, mut renamed) = (0, String::new());
    client.write_all(b"220 oi\r\n")?;
    let lines = BufReader::new(client.try_clone()?);
    for line in lines.lines() {
        let line = line?;
        seen.lock().unwrap().push(line.clone());
        let (word, arg) = line.split_once(' ').unwrap_or((&line, ""));
        let reply = match word {
            "USER" => "331 senha?".to_owned(),
            "PASS" => "230 entre".into(),
            "AUTH" => lie.tls.unwrap_or("502 não").into(),
            "TYPE" | "CWD" | "NOOP" => "250 ok".replace("250", if word == "TYPE" { "200" } else { "250" }),
            // an address that is not ours: whoever goes there was led away (SE8)
            "PASV" => format!("227 Entering Passive Mode (10,255,255,1,{},{})", port / 256, port % 256),
            "SIZE" if arg == name => {
                let mut n = grown.lock().unwrap();
                *n += lie.cresce;
                format!("213 {}", lie.tamanho.unwrap_or(*n))
            }
            "MDTM" if arg == name => "213 20230804020000".into(),
            "SIZE" if estado.lock().unwrap().guardados.contains_key(arg) => {
                format!("213 {}", estado.lock().unwrap().guardados[arg].len())
            }
            "MDTM" if estado.lock().unwrap().guardados.contains_key(arg) => "213 20230804020000".into(),
            "SIZE" | "MDTM" => "550 não existe".into(),
            "RNFR" => {
                renamed = arg.to_owned();
                "350 para onde?".into()
            }
            "RNTO" => {
                let mut e = estado.lock().unwrap();
                let bytes = e.guardados.remove(&renamed).unwrap();
                e.guardados.insert(arg.to_owned(), bytes);
                "250 ok".into()
            }
            "REST" if lie.sem_rest => "502 não sei".into(),
            "REST" => {
                rest = arg.parse().unwrap_or(0);
                "350 ok".into()
            }
            "LIST" | "RETR" => {
                let mut out = data.accept()?.0;
                client.write_all(b"150 vai\r\n")?;
                if word == "LIST" {
                    let honest = format!("-rw-r--r-- 1 0 0 {} Aug 04  2023 {name}\r\n", bytes.len());
                    out.write_all(lie.lista.as_deref().unwrap_or(&honest).as_bytes())?;
                } else {
                    let from = std::mem::take(&mut rest);
                    let before = {
                        let mut e = estado.lock().unwrap();
                        e.leituras += 1;
                        e.leituras - 1
                    };
                    if let (0, Some(n)) = (before, lie.cai) {
                        return out.write_all(&bytes[..n]);
                    }
                    if before == 0 && lie.foge {
                        estado.lock().unwrap().fora = true;
                        out.write_all(&bytes[from..])?;
                        drop(out);
                        return client.write_all(b"226 tudo\r\n");
                    }
                    let end = lie.corta.map_or(bytes.len(), |n| (from + n).min(bytes.len()));
                    out.write_all(&bytes[from..end])?;
                }
                drop(out);
                if lie.sem_fim {
                    continue;
                }
                "226 tudo".into()
            }
            "MLSD" => {
                let mut out = data.accept()?.0;
                match &lie.mlsd {
                    None => "502 não".into(),
                    Some(lines) => {
                        client.write_all(b"150 vai\r\n")?;
                        out.write_all(lines.as_bytes())?;
                        "226 tudo".into()
                    }
                }
            }
            "STOR" => {
                let mut from = data.accept()?.0;
                if let Some(no) = lie.recusa_stor {
                    no.into()
                } else {
                    client.write_all(b"150 vai\r\n")?;
                    let cut = estado.lock().unwrap().corta_stor;
                    let (most, says) = cut.unwrap_or((usize::MAX, "226 tudo"));
                    let mut got = Vec::new();
                    (&mut from).take(most as u64).read_to_end(&mut got)?;
                    drop(from);
                    estado.lock().unwrap().guardados.insert(arg.to_owned(), got);
                    says.to_owned()
                }
            }
            "QUIT" => "221 adeus".into(),
            _ => "502 não sei".into(),
        };
        client.write_all(format!("{reply}\r\n").as_bytes())?;
    }
    Ok(())
}
