//! TCP, within bounds.

use super::watch::{Handle, Line};
use super::{Fault, Place};
use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::time::Instant;

/// Connects to the first address of a server that answers, without Nagle's delay: SFTP is many small requests.
///
/// # Errors
/// The name is unknown, or none of its addresses answers in time.
pub fn connect(place: &Place, watch: &Handle) -> io::Result<TcpStream> {
    let begun = Instant::now();
    let patience = watch.patience();
    let mut last = None;
    for address in resolve(place, watch)? {
        match open(address, watch) {
            Ok(s) => {
                watch.add(Line::Control, &s)?;
                return Ok(s);
            }
            Err(e) => last = Some(e),
        }
        if begun.elapsed() >= patience {
            break;
        }
    }
    let e = last.unwrap_or_else(|| io::ErrorKind::NotFound.into());
    Err(if e.kind() == io::ErrorKind::TimedOut { Fault::Over(silent(place)).io() } else { e })
}

fn silent(place: &Place) -> String {
    format!("{}:{} não atende (a conexão não se abriu a tempo)", place.host, place.port)
}

/// One connection.
pub fn open(address: SocketAddr, watch: &Handle) -> io::Result<TcpStream> {
    let s = TcpStream::connect_timeout(&address, watch.patience())?;
    s.set_nodelay(true)?;
    Ok(s)
}

/// The addresses of a name. The resolver knows no bound of its own: it is left behind when it takes too long.
fn resolve(place: &Place, watch: &Handle) -> io::Result<Vec<SocketAddr>> {
    let (tx, rx) = mpsc::channel();
    let target = (place.host.clone(), place.port);
    std::thread::Builder::new().name("resolve".into()).spawn(move || {
        let found = target.to_socket_addrs().map(Iterator::collect::<Vec<_>>);
        let _ = tx.send(found);
    })?;
    match rx.recv_timeout(watch.patience()) {
        Ok(Ok(all)) => Ok(all),
        Ok(Err(_)) => Err(Fault::Over(format!("o nome {} não foi encontrado (DNS)", place.host)).io()),
        Err(_) => Err(Fault::Over(format!("o DNS não respondeu a tempo por {}", place.host)).io()),
    }
}
