//! An FTP server that lies: what no honest one does on demand.

use std::io::{BufRead, BufReader, Write};
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
}

pub struct Falso {
    pub port: u16,
    /// Each command that came.
    pub comandos: Arc<Mutex<Vec<String>>>,
}

/// A server with one file.
pub fn ftp(name: &'static str, bytes: Vec<u8>, lie: Mentira) -> Falso {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let comandos = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&comandos);
    let grown = Arc::new(Mutex::new(bytes.len()));
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let (bytes, lie, seen, grown) = (bytes.clone(), lie.clone(), Arc::clone(&seen), Arc::clone(&grown));
            std::thread::spawn(move || drop(conversa(client, name, &bytes, &lie, &seen, &grown)));
        }
    });
    Falso { port, comandos }
}

fn conversa(
    mut client: TcpStream,
    name: &str,
    bytes: &[u8],
    lie: &Mentira,
    seen: &Mutex<Vec<String>>,
    grown: &Mutex<usize>,
) -> std::io::Result<()> {
    let data = TcpListener::bind("127.0.0.1:0")?;
    let port = data.local_addr()?.port();
    let mut rest = 0;
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
            "SIZE" | "MDTM" => "550 não existe".into(),
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
                if let Some(no) = lie.recusa_stor {
                    let _ = data.accept()?;
                    no.into()
                } else {
                    "550 não".into()
                }
            }
            "QUIT" => "221 adeus".into(),
            _ => "502 não sei".into(),
        };
        client.write_all(format!("{reply}\r\n").as_bytes())?;
    }
    Ok(())
}
