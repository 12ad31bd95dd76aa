//! What `serve` answers, described for machines at `/openapi.json` and for people at `/docs`. Both need a token, any.
//!
//! [`corpos`] are the bodies, [`cliente`] the answer of `dadosCliente`. Each route is described beside its handler;
//! what is common to all (the token, the errors of [`super::guarda`]) is added here.

pub mod cliente;
pub mod corpos;

use super::Estado;
use crate::layout::Layouts;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, ResponseBuilder};
use utoipa::{Modify, OpenApi};
use utoipa_swagger_ui::{Config, SwaggerFile};

/// Nothing from another host, nothing in a frame; Swagger sets styles of its own.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                   connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Errors that every route of the Portal and of OMNE may answer.
const COMUNS: [(&str, &str); 8] = [
    ("400", "The body is no JSON, or the request is malformed"),
    ("401", "No token that holds; the same for every path"),
    ("403", "The token opens other doors"),
    ("408", "The body did not come in time"),
    ("413", "The body is too long: 256 KiB, for webhooks 2 MiB"),
    ("422", "A value is missing or does not do; `campos` says which"),
    ("429", "Too many look-ups with this token; `Retry-After` says when (only look-ups count)"),
    ("503", "The store does not answer now; `Retry-After` says when"),
];

#[derive(OpenApi)]
#[openapi(
    info(title = "ATOM", description = "The Portal's questions and writes (UC009–UC011), OMNE's webhooks (UC008). Money is a decimal \
        string with a point, dates are AAAA-MM-DD, what is absent is null. Keys of a body may be written in any case; keys that are not \
        described set nothing. Writes take an optional Idempotency-Key and are on disk before the answer."),
    paths(
        super::portal::dados_cliente,
        super::portal::dados_cliente_post,
        super::escritas::insert_tabulacao,
        super::escritas::inclusao_telefone,
        super::escritas::insert_email,
        super::escritas::insert_endereco,
        super::escritas::listagem_tabulacoes,
        super::escritas::atualizar_proposta,
        super::webhook::recebe,
        webhook_secret
    ),
    components(schemas(corpos::CorpoErro, cliente::Clientes)),
    modifiers(&Comum)
)]
struct Documento;

/// What all routes share.
struct Comum;

impl Modify for Comum {
    fn modify(&self, doc: &mut utoipa::openapi::OpenApi) {
        let components = doc.components.get_or_insert_default();
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
        for item in doc.paths.paths.values_mut() {
            for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
                erros(operation);
            }
        }
    }
}

fn erros(operation: &mut Operation) {
    let body = ContentBuilder::new().schema(Some(Ref::from_schema_name("Erro"))).build();
    for (status, why) in COMUNS {
        let answer = ResponseBuilder::new().description(why).content("application/json", body.clone()).build();
        operation.responses.responses.entry(status.to_owned()).or_insert_with(|| answer.into());
    }
    // those of the routes' own
    for (status, answer) in &mut operation.responses.responses {
        if let utoipa::openapi::RefOr::T(answer) = answer
            && status.starts_with('4')
            && answer.content.is_empty()
        {
            answer.content.insert("application/json".to_owned(), body.clone().into());
        }
    }
}

/// The document; the layouts in use bring the fields of the bank's files.
pub fn documento(layouts: &Layouts) -> utoipa::openapi::OpenApi {
    let mut doc = Documento::openapi();
    let components = doc.components.get_or_insert_default();
    for (name, schema) in cliente::dos_layouts(layouts) {
        components.schemas.insert(name.to_owned(), schema.into());
    }
    doc
}

/// GET `/openapi.json`.
pub async fn json(State(estado): State<Arc<Estado>>) -> Response {
    axum::Json(documento(&estado.layouts)).into_response()
}

/// GET `/docs`: the page, which finds its parts beside it.
pub async fn docs() -> Response {
    pagina("index.html").map_or_else(nada, |f| {
        let text =
            String::from_utf8_lossy(&f.bytes).replace("=\"./", "=\"docs/").replace("=\"index.css", "=\"docs/index.css");
        com_csp(&f.content_type, text.into_bytes())
    })
}

/// GET `/docs/…`: its parts.
pub async fn docs_parte(Path(parte): Path<String>) -> Response {
    pagina(&parte).map_or_else(nada, |f| com_csp(&f.content_type, f.bytes.into_owned()))
}

fn pagina(parte: &str) -> Option<SwaggerFile<'static>> {
    // no badge from a validator elsewhere
    let config = Config::from("/openapi.json").validator_url("none");
    utoipa_swagger_ui::serve(parte, Arc::new(config)).ok().flatten()
}

fn com_csp(kind: &str, bytes: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CONTENT_SECURITY_POLICY, CSP)], bytes).into_response()
}

fn nada() -> Response {
    StatusCode::NOT_FOUND.into_response()
}

/// The same for a sender that can send no header: the secret stands in the path. Off unless configured; never logged.
#[utoipa::path(post, path = "/webhook/omne/{secret}", tag = "OMNE",
    params(("secret" = String, Path, description = "The secret")),
    request_body(content = serde_json::Value, description = "OMNE's JSON as it is"),
    responses((status = 200, description = "On disk", body = corpos::Recebido)))]
#[expect(dead_code, reason = "only its description is used")]
fn webhook_secret() {}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::collections::HashSet;

    fn doc() -> Value {
        serde_json::to_value(documento(&crate::layout::load::builtin().unwrap())).unwrap()
    }

    /// `{name}` and `{*name}` are the same place under any name.
    fn sem_nomes(path: &str) -> String {
        path.split('/').map(|p| if p.starts_with('{') { "{}" } else { p }).collect::<Vec<_>>().join("/")
    }

    #[test]
    fn toda_rota_da_interface_esta_no_documento() {
        let doc = doc();
        let described: HashSet<String> = doc["paths"].as_object().unwrap().keys().map(|p| sem_nomes(p)).collect();
        let routes = super::super::ROTAS.into_iter().filter(|r| r.starts_with("/api") || r.starts_with("/webhook"));
        let missing: Vec<&str> = routes.filter(|r| !described.contains(&sem_nomes(r))).collect();
        assert!(missing.is_empty(), "{missing:?}");
        assert_eq!(described.len(), 9);
    }

    fn refs<'v>(v: &'v Value, out: &mut Vec<&'v str>) {
        match v {
            Value::Object(o) => {
                out.extend(o.get("$ref").and_then(Value::as_str));
                o.values().for_each(|v| refs(v, out));
            }
            Value::Array(a) => a.iter().for_each(|v| refs(v, out)),
            _ => {}
        }
    }

    #[test]
    fn o_documento_e_openapi_3_1_e_fecha_em_si() {
        let doc = doc();
        assert!(doc["openapi"].as_str().is_some_and(|v| v.starts_with("3.1.")), "{}", doc["openapi"]);
        let mut all = Vec::new();
        refs(&doc, &mut all);
        assert!(all.len() > 50);
        for r in all {
            assert!(doc.pointer(r.strip_prefix('#').unwrap()).is_some(), "{r}");
        }
        let mut ids = HashSet::new();
        for (path, item) in doc["paths"].as_object().unwrap() {
            for (method, op) in item.as_object().unwrap() {
                assert!(ids.insert(op["operationId"].as_str().unwrap().to_owned()), "{path}");
                let answers = op["responses"].as_object().unwrap();
                assert!(answers.keys().any(|s| s.starts_with('2')), "{method} {path}");
                for (status, answer) in answers.iter().filter(|(s, _)| s.starts_with('4') || s.starts_with('5')) {
                    let body = &answer["content"]["application/json"]["schema"]["$ref"];
                    assert_eq!(body, "#/components/schemas/Erro", "{method} {path} {status}");
                }
                assert_eq!(op.get("security").is_none(), path.contains('{'), "{path}");
                let vars: Vec<&str> = path.split('/').filter_map(|p| p.strip_prefix('{')?.strip_suffix('}')).collect();
                let params = op["parameters"].as_array().map_or(&[][..], Vec::as_slice);
                let named = params.iter().filter(|p| p["in"] == "path").map(|p| p["name"].as_str().unwrap());
                assert_eq!(named.collect::<Vec<_>>(), vars, "{path}");
            }
        }
    }

    #[test]
    fn os_campos_dos_layouts_estao_descritos_e_os_canais_de_terceiros_nao() {
        let doc = doc();
        let of = |name: &str| doc["components"]["schemas"][name]["properties"].as_object().unwrap().clone();
        assert_eq!(of("Contrato")["dias_atraso"]["type"], serde_json::json!(["integer", "null"]));
        assert!(of("Contrato").contains_key("conjuge_nome") && !of("Contrato").contains_key("conjuge_celular"));
        assert!(of("Garantia").contains_key("nome_garantidor") && !of("Garantia").contains_key("telefone"));
        assert_eq!(of("Proposta").len(), 23);
    }
}
