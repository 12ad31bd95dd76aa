//! What goes wrong between machines, in the words of operators.

use std::io;

/// What a server did that no second attempt in this run mends.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A person must act: the host key, the credentials, the certificate.
    #[error("{0}")]
    Refused(String),
    /// Its turn is over: silent, out of time, or not to be reached. The next run tries again.
    #[error("{0}")]
    Over(String),
    /// The connection broke; another attempt may do.
    #[error("{0}")]
    Broken(String),
}

impl Fault {
    /// As an error of input and output.
    pub fn io(self) -> io::Error {
        let kind = match self {
            Self::Refused(_) => io::ErrorKind::PermissionDenied,
            Self::Over(_) => io::ErrorKind::TimedOut,
            Self::Broken(_) => io::ErrorKind::ConnectionAborted,
        };
        io::Error::new(kind, self)
    }

    /// The fault within an error, if it is one.
    pub fn of(e: &io::Error) -> Option<&Self> {
        e.get_ref().and_then(|inner| inner.downcast_ref())
    }

    /// Whether an error is a refusal that a person must look at.
    pub fn refused(e: &io::Error) -> bool {
        matches!(Self::of(e), Some(Self::Refused(_)))
    }
}

/// Whether the connection is gone and another one may do.
pub(super) fn broken(e: &io::Error) -> bool {
    use io::ErrorKind as K;
    match Fault::of(e) {
        Some(f) => matches!(f, Fault::Broken(_)),
        None => matches!(
            e.kind(),
            K::ConnectionReset
                | K::ConnectionAborted
                | K::ConnectionRefused
                | K::BrokenPipe
                | K::NotConnected
                | K::UnexpectedEof
                | K::WouldBlock
                | K::TimedOut
        ),
    }
}

/// What the operating system or a server says, for ops.
pub fn em_portugues(e: &io::Error) -> String {
    match e.kind() {
        _ if Fault::of(e).is_some() => e.to_string(),
        io::ErrorKind::NotFound => "não existe".into(),
        io::ErrorKind::PermissionDenied => "sem permissão".into(),
        io::ErrorKind::AlreadyExists => "já existe".into(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "disco cheio".into(),
        io::ErrorKind::ReadOnlyFilesystem => "somente leitura".into(),
        io::ErrorKind::NotADirectory => "não é uma pasta".into(),
        io::ErrorKind::ConnectionRefused => "conexão recusada: ninguém atende nesse endereço e porta".into(),
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::NotConnected
        | io::ErrorKind::UnexpectedEof => "a conexão caiu".into(),
        io::ErrorKind::TimedOut => "o servidor não respondeu a tempo".into(),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => "sem rota até o servidor".into(),
        _ if e.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) => "falha do disco".into(),
        _ => e.to_string(),
    }
}
