//! What OMNE tells (UC008), as values: type and key of an event, by what its client may be found, what of it goes into a
//! tabulation. Pure; nothing here fails: an odd field is an absent one, so that every JSON can be kept (WH5).
//!
//! **Invariant by absence:** a payload's URI is text like any other; nothing here, or behind here, opens one (WH8).

use super::texto_json;
use super::token::impressao;
use crate::domain::fone::Fone;
use crate::domain::momentos;
use serde::de::IgnoredAny;
use serde_json::Value;

/// A key longer than this is kept as its hash.
const MAX_CHAVE: usize = 200;

/// The five types of UC008, and whatever else comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tipo {
    /// An attendance that ended.
    Attendance,
    /// A visit of the widget.
    Visitor,
    /// A tabulation within an attendance.
    Occurrence,
    /// What became of a template message.
    Hsm,
    /// The day of OMNE's users: stored and listed only.
    ResumeUsers,
    /// Anything else: stored only.
    Outro,
}

impl Tipo {
    /// All of them.
    pub const TODOS: [Self; 6] =
        [Self::Attendance, Self::Visitor, Self::Occurrence, Self::Hsm, Self::ResumeUsers, Self::Outro];

    /// As stored and typed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Attendance => "attendance",
            Self::Visitor => "visitor",
            Self::Occurrence => "occurrence",
            Self::Hsm => "hsm",
            Self::ResumeUsers => "resume_users",
            Self::Outro => "outro",
        }
    }

    /// From its text.
    pub fn parse(text: &str) -> Option<Self> {
        Self::TODOS.into_iter().find(|t| t.as_str() == text)
    }

    /// Whether events of this type belong to a client.
    pub const fn vincula(self) -> bool {
        !matches!(self, Self::ResumeUsers | Self::Outro)
    }
}

/// What an event is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evento {
    /// Its type.
    pub tipo: Tipo,
    /// What tells it from others of its type.
    pub chave: String,
    /// The moment that it tells: of two bodies with one key the later is the newer version. Empty without one.
    pub versao: String,
    /// The attendance that it is, or belongs to.
    pub attendance: Option<String>,
    /// Attendance: the visitor whom it names.
    pub visitante: Option<String>,
}

/// Whether a body is JSON, by its grammar alone: what we cannot hold (half a surrogate pair, any depth) is JSON
/// all the same.
pub fn e_json(corpo: &[u8]) -> bool {
    std::str::from_utf8(corpo).is_ok() && serde_json::from_slice::<IgnoredAny>(corpo).is_ok()
}

/// A body as a value, long numbers as texts: two ids that differ in their last digit are two. Null where it cannot be held.
pub fn valor(corpo: &[u8]) -> Value {
    texto_json::valor(corpo).unwrap_or(Value::Null)
}

/// The SHA-256 of a body, hex.
pub fn sha256(corpo: &[u8]) -> String {
    impressao(&String::from_utf8_lossy(corpo))
}

impl Evento {
    /// Reads a body whose value is `v` and whose hash is `sha`.
    pub fn le(v: &Value, sha: &str) -> Self {
        let tipo = tipo(v);
        let id = campo(v, "/id");
        let chave = match tipo {
            Tipo::Hsm if id.is_none() => {
                let parts = ["/destiny", "/template_id", "/date_status", "/status"].map(|p| campo(v, p));
                parts.iter().any(Option::is_some).then(|| Value::from_iter(parts).to_string())
            }
            Tipo::ResumeUsers => {
                let rows = v.as_array().map_or(std::slice::from_ref(v), Vec::as_slice);
                let keys = rows.iter().map(|r| Value::from_iter(["/date", "/user_id"].map(|p| campo(r, p))));
                Some(keys.collect::<Value>().to_string())
            }
            Tipo::Outro => None,
            _ => id.clone(),
        };
        let chave = chave.unwrap_or_else(|| sha.to_owned());
        let chave = if chave.len() > MAX_CHAVE { impressao(&chave) } else { chave };
        let attendance = match tipo {
            Tipo::Attendance => id,
            Tipo::Occurrence => campo(v, "/attendance_id"),
            _ => None,
        };
        let visitante = if tipo == Tipo::Attendance { campo(v, "/visitor_id") } else { None };
        Self { tipo, chave, versao: versao(v, tipo), attendance, visitante }
    }
}

fn tipo(v: &Value) -> Tipo {
    let of = |row: &Value| row.get("webhook_type").and_then(Value::as_str).map(str::trim).and_then(Tipo::parse);
    match v {
        // only the day of the users comes as a list
        Value::Array(rows) if !rows.is_empty() && rows.iter().all(|r| of(r) == Some(Tipo::ResumeUsers)) => {
            Tipo::ResumeUsers
        }
        Value::Object(_) => of(v).unwrap_or(Tipo::Outro),
        _ => Tipo::Outro,
    }
}

fn versao(v: &Value, tipo: Tipo) -> String {
    let fields: &[&str] = match tipo {
        Tipo::Attendance => &["/status_date", "/date_terminated", "/date_entry"],
        Tipo::Hsm => &["/date_status", "/date_entry"],
        _ => &["/date_entry"],
    };
    fields.iter().filter_map(|p| momento(v, p)).max().unwrap_or_default()
}

/// A text or number that is not blank, trimmed.
pub fn campo(v: &Value, ponteiro: &str) -> Option<String> {
    match v.pointer(ponteiro)? {
        Value::String(s) => Some(s.trim().to_owned()).filter(|s| !s.is_empty()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

/// A moment `AAAA-MM-DD HH:MM:SS`; `0000-00-00 00:00:00` is none.
pub fn momento(v: &Value, ponteiro: &str) -> Option<String> {
    let text = campo(v, ponteiro)?.replace('T', " ");
    let text = text.get(..19)?;
    momentos::momento(text).map(|_| text.to_owned())
}

/// By what the client of an event may be found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chaves {
    /// `info.crm`, `occurrences[].crm_id`: numbers that may be an ID_CRM.
    pub crm: Vec<i64>,
    /// `info.document`, as it came.
    pub documentos: Vec<String>,
    /// `info.phone`, `info.whatsapp`; hsm: `destiny`.
    pub fones: Vec<Fone>,
    /// `info.mail`, lower case.
    pub emails: Vec<String>,
}

impl Chaves {
    /// Those of an event.
    pub fn de(v: &Value) -> Self {
        let occurrences = v.get("occurrences").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let crm = std::iter::once(campo(v, "/info/crm")).chain(occurrences.iter().map(|o| campo(o, "/crm_id")));
        let fones = ["/info/phone", "/info/whatsapp", "/destiny"].map(|p| fone(v, p));
        Self {
            crm: sem_repetir(crm.flatten().filter_map(|t| t.parse().ok()).filter(|n| *n > 0)),
            documentos: campo(v, "/info/document").into_iter().collect(),
            fones: sem_repetir(fones.into_iter().flatten()),
            emails: campo(v, "/info/mail").filter(|m| m.contains('@')).map(|m| m.to_lowercase()).into_iter().collect(),
        }
    }
}

fn fone(v: &Value, ponteiro: &str) -> Option<Fone> {
    Fone::parse(&campo(v, ponteiro)?).ok().flatten()
}

fn sem_repetir<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    all.fold(Vec::new(), |mut out, x| {
        if !out.contains(&x) {
            out.push(x);
        }
        out
    })
}

/// What a tabulation made for an attendance takes over from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Atendimento {
    /// idTipoCanal: 1 phone, 2 e-mail, 3 SMS, 5 WhatsApp.
    pub canal: Option<i64>,
    /// The number contacted, DDD and number.
    pub fone: Option<String>,
    /// OMNE's operator.
    pub usuario: Option<String>,
    /// OMNE's protocol.
    pub protocolo: Option<String>,
    /// When it began, local time.
    pub inicio: Option<String>,
}

impl Atendimento {
    /// That of an event.
    pub fn de(v: &Value) -> Self {
        let canal = match campo(v, "/channel").unwrap_or_default().to_lowercase().as_str() {
            "whatsapp" => Some(5),
            "sms" => Some(3),
            "mail" | "email" | "e-mail" => Some(2),
            "voice" | "phone" | "call" | "telefone" | "voz" => Some(1),
            _ => None,
        };
        Self {
            canal,
            fone: Chaves::de(v).fones.first().map(|f| f.completo()),
            usuario: campo(v, "/user_name").or_else(|| campo(v, "/user")),
            protocolo: campo(v, "/protocol"),
            inicio: momento(v, "/date_attendance").or_else(|| momento(v, "/date_entry")),
        }
    }
}

/// What OMNE says of the delivery of a template message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrega {
    /// It reached the phone.
    Entregue,
    /// It did not.
    Erro,
}

impl Entrega {
    /// As stored (decisions 7).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Entregue => "ENTREGUE",
            Self::Erro => "ERRO",
        }
    }

    /// From OMNE's word.
    pub fn parse(status: &str) -> Option<Self> {
        match status {
            "delivered" => Some(Self::Entregue),
            "error" => Some(Self::Erro),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn le(v: &Value) -> Evento {
        Evento::le(v, "sha")
    }

    #[test]
    fn a_chave_de_cada_tipo() {
        let chave = |v: Value| le(&v).chave;
        assert_eq!(chave(json!({"webhook_type": "attendance", "id": " a1 "})), "a1");
        assert_eq!(chave(json!({"webhook_type": "visitor", "id": 7})), "7");
        assert_eq!(chave(json!({"webhook_type": "occurrence", "id": ""})), "sha");
        assert_eq!(chave(json!({"webhook_type": "novo", "id": "x"})), "sha");
        assert_eq!(chave(json!({"webhook_type": "hsm", "id": "h1", "destiny": "11"})), "h1");
        let hsm = json!({"webhook_type": "hsm", "id": "", "destiny": "11", "template_id": 5, "status": "error"});
        assert_eq!(chave(hsm), r#"["11","5",null,"error"]"#);
        assert_eq!(chave(json!({"webhook_type": "hsm"})), "sha");
        let day = json!([{"webhook_type": "resume_users", "date": "2021-12-28", "user_id": 1}]);
        assert_eq!(chave(day), r#"[["2021-12-28","1"]]"#);
        assert_eq!(chave(json!({"webhook_type": "visitor", "id": "x".repeat(5000)})).len(), 64);
    }

    #[test]
    fn dois_ids_longos_que_diferem_no_ultimo_digito_sao_dois() {
        for id in ["20230804000000000001", "20230804000000000002"] {
            let body = format!(r#"{{"webhook_type":"occurrence","id":{id},"attendance_id":{id}}}"#);
            let e = le(&valor(body.as_bytes()));
            assert_eq!((e.chave.as_str(), e.attendance.as_deref()), (id, Some(id)));
        }
    }

    #[test]
    fn wh5_o_que_e_estranho_ainda_tem_tipo_e_chave() {
        for odd in [json!(null), json!([]), json!([1]), json!("x"), json!({"webhook_type": 3}), json!([{}])] {
            assert_eq!(le(&odd).tipo, Tipo::Outro, "{odd}");
            assert_eq!(Chaves::de(&odd), Chaves::default());
        }
        let v = json!({"webhook_type": "attendance", "id": null, "info": "x", "occurrences": {"a": 1}});
        assert_eq!((le(&v).tipo, le(&v).attendance), (Tipo::Attendance, None));
        assert_eq!(Chaves::de(&v), Chaves::default());
    }

    #[test]
    fn json_e_pela_gramatica_ainda_que_nao_se_possa_guardar() {
        let deep = format!("{}1{}", "[".repeat(50_000), "]".repeat(50_000));
        for good in ["{\"a\":\"\\ud83d\"}", "[1e999]", deep.as_str(), " null "] {
            assert!(e_json(good.as_bytes()), "{}", &good[..good.len().min(20)]);
            // reading it never fails either
            let _ = le(&valor(good.as_bytes()));
        }
        for bad in [&b""[..], b"{", b"a=1", b"\"\xff\"", b"{} {}"] {
            assert!(!e_json(bad));
        }
    }

    #[test]
    fn a_versao_e_o_momento_mais_novo_e_zeros_nao_sao_momento() {
        let v = json!({"webhook_type": "attendance", "status_date": "2021-05-01 19:14:36",
                       "date_terminated": "2021-05-02 08:00:00", "date_entry": "0000-00-00 00:00:00"});
        assert_eq!(le(&v).versao, "2021-05-02 08:00:00");
        assert_eq!(le(&json!({"webhook_type": "visitor", "date_entry": "0000-00-00 00:00:00"})).versao, "");
        assert_eq!(momento(&json!({"d": "2021-02-30 00:00:00"}), "/d"), None);
        assert_eq!(momento(&json!({"d": "2021-02-28T01:02:03.5Z"}), "/d").unwrap(), "2021-02-28 01:02:03");
        for odd in ["-262143-01-1 0:0:00", "+12345-01-01 00:00", "2021-02-28 23:59:60", "2021-2-28 001:02:03"] {
            assert_eq!(momento(&json!({ "d": odd }), "/d"), None, "{odd}");
        }
    }

    #[test]
    fn as_chaves_do_cliente() {
        let v = json!({"info": {"crm": "12", "document": "529.982.247-25", "phone": "(11) 8765-4321",
                                "whatsapp": "5511987654321", "mail": " Ana@Exemplo.com.br "},
                       "occurrences": [{"crm_id": 13}, {"crm_id": "12"}, {"crm_id": "x"}, 5]});
        let c = Chaves::de(&v);
        assert_eq!(c.crm, [12, 13]);
        assert_eq!(c.documentos, ["529.982.247-25"]);
        assert_eq!(c.fones, [Fone::from_completo("11987654321").unwrap()]);
        assert_eq!(c.emails, ["ana@exemplo.com.br"]);
        assert_eq!(Chaves::de(&json!({"info": {"mail": "sem arroba", "phone": "000", "crm": "0"}})), Chaves::default());
    }
}
