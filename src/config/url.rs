//! Where files come from and go to: `file://`, `sftp://`, `ftp://`, `ftps://`.

use std::fmt;
use std::net::Ipv6Addr;
use std::path::PathBuf;

/// A folder here or on a server. It never holds a password: one inside the url is refused. Nothing
/// is percent-decoded: a path is taken as written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RemoteUrl {
    /// A local folder, absolute.
    File(PathBuf),
    /// SFTP (port 22).
    Sftp {
        /// Who logs in.
        user: String,
        /// Name or address, IPv6 without brackets.
        host: String,
        /// TCP port.
        port: u16,
        /// Folder on the server, from `/`.
        dir: String,
    },
    /// FTP in clear text (port 21).
    Ftp {
        /// Who logs in; `anonymous` when the url names nobody.
        user: String,
        /// Name or address, IPv6 without brackets.
        host: String,
        /// TCP port.
        port: u16,
        /// Folder on the server, from `/`.
        dir: String,
    },
    /// FTP with explicit TLS (port 21).
    Ftps {
        /// Who logs in; `anonymous` when the url names nobody.
        user: String,
        /// Name or address, IPv6 without brackets.
        host: String,
        /// TCP port.
        port: u16,
        /// Folder on the server, from `/`.
        dir: String,
    },
}

/// Why a url with a password is refused.
const PASSWORD: &str = "há uma senha na url; segredos só como env:NOME ou file:CAMINHO, \
                        na chave password ao lado da url";

impl RemoteUrl {
    /// Reads a url.
    ///
    /// # Errors
    /// A sentence for operators that never repeats the url, which may hold a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.chars().any(char::is_control) {
            return Err("há um caractere de controle na url".into());
        }
        let (scheme, rest) = text
            .split_once("://")
            .ok_or("esperada uma url: file:///pasta, sftp://usuario@servidor/pasta, ftp:// ou ftps://")?;
        match scheme {
            "file" if rest.starts_with('/') => Ok(Self::File(PathBuf::from(rest))),
            "file" => Err("file:// pede um caminho absoluto, com três barras: file:///srv/evo".into()),
            "sftp" => {
                let Server { user, host, port, dir } = Server::parse(rest, 22)?;
                let user = user.ok_or("falta o usuário: sftp://usuario@servidor/pasta")?;
                Ok(Self::Sftp { user, host, port, dir })
            }
            "ftp" | "ftps" => {
                let Server { user, host, port, dir } = Server::parse(rest, 21)?;
                let user = user.unwrap_or_else(|| "anonymous".to_owned());
                Ok(if scheme == "ftp" {
                    Self::Ftp { user, host, port, dir }
                } else {
                    Self::Ftps { user, host, port, dir }
                })
            }
            _ => Err("tipo de url desconhecido; há file://, sftp://, ftp:// e ftps://".into()),
        }
    }

    /// `file`, `sftp`, `ftp` or `ftps`.
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::Sftp { .. } => "sftp",
            Self::Ftp { .. } => "ftp",
            Self::Ftps { .. } => "ftps",
        }
    }
}

struct Server {
    user: Option<String>,
    host: String,
    port: u16,
    dir: String,
}

impl Server {
    /// Reads `user@host:port/dir`.
    fn parse(rest: &str, default_port: u16) -> Result<Self, String> {
        let (authority, dir) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (user, host_port) = match authority.rsplit_once('@') {
            Some((user, _)) if user.contains(':') => return Err(PASSWORD.into()),
            Some(("", _)) => return Err("o usuário antes de @ está vazio".into()),
            Some((user, host)) => (Some(user.to_owned()), host),
            None if dir.contains('@') && authority.contains(':') => return Err(PASSWORD.into()),
            None => (None, authority),
        };
        let (host, port) = host_and_port(host_port)?;
        let port = match port {
            Some(text) => text.parse().ok().filter(|p| *p > 0).ok_or("a porta da url não é um número de 1 a 65535")?,
            None => default_port,
        };
        let dir = dir.trim_end_matches('/');
        let dir = if dir.is_empty() { "/" } else { dir };
        Ok(Self { user, host, port, dir: dir.to_owned() })
    }
}

/// Splits `host`, `host:port`, `[v6]` or `[v6]:port`.
fn host_and_port(text: &str) -> Result<(String, Option<&str>), String> {
    if let Some(inner) = text.strip_prefix('[') {
        let (host, after) = inner.split_once(']').ok_or("falta o ] do endereço IPv6")?;
        host.parse::<Ipv6Addr>().map_err(|_| "o endereço IPv6 entre colchetes é inválido")?;
        let port = match after.strip_prefix(':') {
            None if after.is_empty() => None,
            Some(port) => Some(port),
            None => return Err("depois do ] da url só vem :porta".into()),
        };
        return Ok((host.to_owned(), port));
    }
    let (host, port) = match text.split_once(':') {
        Some((_, port)) if port.contains(':') => {
            return Err("um endereço IPv6 vem entre colchetes: sftp://usuario@[2001:db8::1]/pasta".into());
        }
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    if host.is_empty() || !host.chars().all(plain) {
        return Err("o nome do servidor na url está vazio ou é inválido".into());
    }
    Ok((host.to_owned(), port))
}

impl fmt::Display for RemoteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (user, host, port, dir, usual) = match self {
            Self::File(path) => return write!(f, "file://{}", path.display()),
            Self::Sftp { user, host, port, dir } => (user, host, *port, dir, 22),
            Self::Ftp { user, host, port, dir } | Self::Ftps { user, host, port, dir } => (user, host, *port, dir, 21),
        };
        write!(f, "{}://{user}@", self.scheme())?;
        if host.contains(':') {
            write!(f, "[{host}]")?;
        } else {
            f.write_str(host)?;
        }
        if port != usual {
            write!(f, ":{port}")?;
        }
        f.write_str(dir)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_four_schemes_are_read() {
        let file = RemoteUrl::parse("file:///srv/evo/processados").unwrap();
        assert_eq!(file, RemoteUrl::File("/srv/evo/processados".into()));
        let sftp = RemoteUrl::parse("sftp://evo@sftp.exemplo:2222/saida/").unwrap();
        let (user, host) = ("evo".to_owned(), "sftp.exemplo".to_owned());
        assert_eq!(sftp, RemoteUrl::Sftp { user, host, port: 2222, dir: "/saida".into() });
        let ftp = RemoteUrl::parse("ftp://ftp.exemplo").unwrap();
        let (user, host) = ("anonymous".to_owned(), "ftp.exemplo".to_owned());
        assert_eq!(ftp, RemoteUrl::Ftp { user, host, port: 21, dir: "/".into() });
        let ftps = RemoteUrl::parse("ftps://u@h/x y").unwrap();
        let (user, host) = ("u".to_owned(), "h".to_owned());
        assert_eq!(ftps, RemoteUrl::Ftps { user, host, port: 21, dir: "/x y".into() });
    }

    #[test]
    fn what_is_shown_reads_back_the_same() {
        for url in
            ["file:///srv/a b/é", "sftp://u@h/d", "sftp://u@[2001:db8::1]:2222/d", "ftp://u@h:2121/", "ftps://u@h/d/e"]
        {
            let parsed = RemoteUrl::parse(url).unwrap();
            assert_eq!(parsed.to_string(), url);
            assert_eq!(RemoteUrl::parse(&parsed.to_string()), Ok(parsed));
        }
    }

    #[test]
    fn an_ipv6_host_loses_its_brackets() {
        let RemoteUrl::Sftp { host, port, .. } = RemoteUrl::parse("sftp://u@[::1]/d").unwrap() else {
            panic!("not sftp");
        };
        assert_eq!((host.as_str(), port), ("::1", 22));
    }

    #[test]
    fn a_password_in_the_url_is_refused_and_not_shown() {
        for url in ["sftp://u:hunter2@h/d", "ftp://u:@h/d", "ftps://u:hun/ter2@h/d"] {
            let why = RemoteUrl::parse(url).unwrap_err();
            assert!(why.contains("env:NOME ou file:CAMINHO"), "{url}: {why}");
            assert!(!why.contains("ter2"), "{why}");
        }
    }

    #[test]
    fn a_relative_file_path_is_refused() {
        for url in ["file://evo", "file://./evo", "file://"] {
            assert!(RemoteUrl::parse(url).unwrap_err().contains("file:///srv/evo"), "{url}");
        }
    }

    #[test]
    fn what_is_no_url_of_ours_is_refused() {
        for url in [
            "",
            "/srv/evo",
            "http://h/d",
            "sftp://h/d",
            "sftp://@h/d",
            "sftp://u@/d",
            "sftp://u@h:0/d",
            "sftp://u@h:x/d",
            "sftp://u@::1/d",
            "sftp://u@[::1/d",
            "sftp://u@[x]/d",
            "sftp://u@[::1]x/d",
            "sftp://u@h h/d",
            "file:///a\nb",
            "file:/srv",
        ] {
            assert!(RemoteUrl::parse(url).is_err(), "{url}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,12}", scheme in "(file|sftp|ftp|ftps)") {
            let _ = RemoteUrl::parse(&text);
            let _ = RemoteUrl::parse(&format!("{scheme}://{text}"));
        }

        #[test]
        fn a_password_never_gets_through(user in "[a-z]{1,8}", word in "[!-~]{1,12}", dir in "[a-z]{0,5}") {
            let url = format!("sftp://{user}:{word}@host/{dir}");
            prop_assert!(RemoteUrl::parse(&url).is_err());
        }
    }
}
