//! What a page says when something does not go: status and a few words for the person before it. A note that was typed
//! and is kept nowhere stands on it, to be copied.

use super::paginas::{self, Aviso};
use super::sessao::{campo, formulario};
use crate::atendimento::recusa::Recusa;
use crate::http::fila::Indisponivel;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};

/// Why no page comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Falha {
    /// The form is not from here, or of another session (WF2).
    Origem,
    /// What came is no form (WF2).
    Tipo,
    /// The body is too long, too slow or cut.
    Corpo(StatusCode),
    /// There is no such item.
    NaoAchado,
    /// There is no such page.
    Pagina,
    /// The page is not asked for like this.
    Metodo,
    /// This is the supervisor's.
    Papel,
    /// Something in the address is not possible.
    Endereco,
    /// The file would be too long.
    Arquivo,
    /// Too little to search for.
    Busca,
    /// The store does not answer.
    Indisponivel,
}

impl From<Indisponivel> for Falha {
    fn from(_: Indisponivel) -> Self {
        Self::Indisponivel
    }
}

impl From<Recusa> for Falha {
    fn from(r: Recusa) -> Self {
        match r {
            Recusa::Campos(_) => Self::Endereco,
            Recusa::Falha(e) => {
                tracing::error!(error = %e, "the store failed");
                Self::Indisponivel
            }
            _ => Self::NaoAchado,
        }
    }
}

impl Falha {
    /// Status, title and text.
    const fn palavras(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Origem => (
                StatusCode::FORBIDDEN,
                "Formulário recusado",
                "O formulário não veio desta página ou é de uma sessão anterior. Abra a página de novo e repita.",
            ),
            Self::Tipo => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "Formulário recusado", "O envio não é um formulário."),
            Self::Corpo(status) => (status, "Formulário recusado", "O envio é grande demais ou chegou incompleto."),
            Self::NaoAchado => (
                StatusCode::NOT_FOUND,
                "Item não encontrado",
                "Não há item com este número, ou a ficha do cliente não está mais na base.",
            ),
            Self::Pagina => (StatusCode::NOT_FOUND, "Página não encontrada", "Não há página neste endereço."),
            Self::Metodo => (
                StatusCode::METHOD_NOT_ALLOWED,
                "Só pelo formulário",
                "Este endereço não se abre sozinho: volte à fila e use o formulário da página.",
            ),
            Self::Papel => (StatusCode::FORBIDDEN, "Sem acesso", "Esta página é da supervisão."),
            Self::Endereco => {
                (StatusCode::UNPROCESSABLE_ENTITY, "Endereço inválido", "Algo no endereço desta página não é possível.")
            }
            Self::Arquivo => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "Itens demais",
                "Um arquivo leva até 100.000 itens. Restrinja a fila pelos filtros e exporte de novo, em partes.",
            ),
            Self::Busca => {
                (StatusCode::UNPROCESSABLE_ENTITY, "Procura", "Informe o contrato, o CPF ou ao menos 3 letras do nome.")
            }
            Self::Indisponivel => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Instável agora",
                "O ATOM não pôde atender. Nada foi gravado; tente de novo em instantes.",
            ),
        }
    }

    /// The same with what was typed.
    pub fn com(self, escrito: &str) -> Response {
        let (status, titulo, texto) = self.palavras();
        (status, paginas::html(&Aviso { escrito, ..Aviso::novo(titulo, texto) })).into_response()
    }
}

impl IntoResponse for Falha {
    fn into_response(self) -> Response {
        self.com("")
    }
}

/// Everything else under `/workflow`: people leave a slash at the end.
pub async fn outra(uri: Uri) -> Response {
    match uri.path().strip_suffix('/') {
        // it begins with `/workflow`: it cannot name another host
        Some(path) => Redirect::permanent(path).into_response(),
        None => Falha::Pagina.into_response(),
    }
}

/// A page asked for in another way than it answers to.
pub async fn metodo() -> Falha {
    Falha::Metodo
}

/// The item that a login leads back to, where an address is that of one: no other address ever.
pub fn volta(address: &str) -> Option<String> {
    let id = address.strip_prefix("/workflow/item/")?;
    let number = (1..=18).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit());
    number.then(|| address.to_owned())
}

/// What a browser without a session sees, whatever it asks for (AP1): that it has to log in, where, and the note that it
/// sent.
pub async fn sem_sessao(req: Request) -> Response {
    let to = match volta(req.uri().path()) {
        Some(item) => format!("/workflow/entrar?volta={item}"),
        None => "/workflow/entrar".to_owned(),
    };
    let escrito = nota(req).await;
    let texto = if escrito.is_empty() {
        "Para ver esta página, entre com seu login. Uma sessão termina após 30 minutos sem uso."
    } else {
        "Nada foi gravado: sua sessão terminou. Copie o que escreveu, entre de novo e repita."
    };
    let page = Aviso { titulo: "Entre para continuar", texto, escrito: &escrito, link: (&to, "Entrar") };
    let mut answer = (StatusCode::UNAUTHORIZED, paginas::html(&page)).into_response();
    let h = answer.headers_mut();
    h.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    // a note stays to be copied
    if let (true, Ok(v)) = (escrito.is_empty(), HeaderValue::from_str(&format!("2; url={to}"))) {
        h.insert("refresh", v);
    }
    super::cabecalhos(answer).await
}

/// What a page says while the store does not tell whose session this is.
pub async fn instavel(req: Request) -> Response {
    let escrito = nota(req).await;
    super::cabecalhos(Falha::Indisponivel.com(&escrito)).await
}

/// The note of a form of this site; anything else: empty.
async fn nota(req: Request) -> String {
    let (parts, body) = req.into_parts();
    let form = formulario(&parts.headers, body, None).await.unwrap_or_default();
    campo(&form, "nota").to_owned()
}

#[cfg(test)]
mod tests {
    use super::volta;

    #[test]
    fn so_a_um_item_se_volta() {
        assert_eq!(volta("/workflow/item/12").as_deref(), Some("/workflow/item/12"));
        for bad in [
            "",
            "/workflow",
            "/workflow/item/",
            "/workflow/item/1/",
            "/workflow/item/1?x",
            "/workflow/item/1\r\nX: y",
            "/workflow/item/../sair",
            "//mal.example/workflow/item/1",
            "https://mal.example",
            "/workflow/item/1234567890123456789",
        ] {
            assert_eq!(volta(bad), None, "{bad}");
        }
    }
}
