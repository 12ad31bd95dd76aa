//! The bodies of the interface, described. Nothing reads through these types: what comes in is parsed leniently (keys in
//! any case, money as number or text), what goes out is written from the rows.

use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, OneOfBuilder, SchemaFormat, SchemaType, Type};

/// A body that is not a success.
#[derive(ToSchema)]
#[schema(as = Erro)]
pub struct CorpoErro {
    /// What went wrong.
    pub erro: DetalheErro,
    /// The request's id, as in the header `x-request-id` and in the log.
    #[schema(rename = "requestId")]
    pub request_id: String,
}

/// What went wrong.
#[derive(ToSchema)]
pub struct DetalheErro {
    /// Stable; what callers act on.
    #[schema(example = "CLIENTE_NAO_ENCONTRADO")]
    pub codigo: String,
    /// What people read, in Portuguese.
    pub mensagem: String,
    /// Fields that do not do, each with what was expected of it.
    pub campos: Option<std::collections::BTreeMap<String, String>>,
}

/// What was written.
#[derive(ToSchema)]
pub struct Gravado {
    /// Its number.
    pub id: i64,
}

/// What came from OMNE.
#[derive(ToSchema)]
pub struct Recebido {
    /// Its number.
    pub id: i64,
    /// It had not come before.
    pub novo: bool,
}

/// Who is looked up: one of the two keys.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Pergunta {
    /// CPF or CNPJ, with or without punctuation and leading zeros.
    #[schema(example = "52998224725")]
    pub cpf: Option<String>,
    /// ID_CRM.
    #[schema(minimum = 1, example = 1)]
    pub id_crm: Option<i64>,
    /// Another campaign's is answered like an unknown client.
    pub id_campanha: Option<i64>,
}

/// A tabulation (UC010).
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Tabulacao {
    /// The campaign.
    #[schema(example = 1)]
    pub id_campanha: i64,
    /// The client.
    #[schema(example = 1)]
    pub id_crm: i64,
    /// The number that was worked.
    pub telefone_trabalhado: Option<String>,
    /// An id of `listagemTabulacoesCampanha`.
    pub resultado: i64,
    /// The operator's login.
    pub usuario: String,
    /// 1 telephone, 2 e-mail, 3 SMS, 5 WhatsApp.
    #[schema(schema_with = canal)]
    pub id_tipo_canal: i64,
    /// What was noted.
    pub obs: Option<String>,
    /// OMNE's attendance.
    pub attendance_id: Option<String>,
    /// OMNE's protocol.
    pub protocolo: Option<String>,
    /// The bank's ticket.
    pub ticket_id: Option<String>,
    /// `AAAA-MM-DD HH:MM:SS`, local time.
    #[schema(example = "2023-09-20 10:36:40")]
    pub data_inicio_atendimento: Option<String>,
    /// Without it the client's only active contract is meant, else none.
    pub contrato: Option<String>,
    /// The installments.
    pub parcela: Option<String>,
    /// The number to call again.
    pub telefone_agendado: Option<String>,
}

/// A phone (UC010/FA002).
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Telefone {
    /// The campaign.
    #[schema(example = 1)]
    pub id_campanha: i64,
    /// The client.
    #[schema(example = 1)]
    pub id_crm: i64,
    /// The Portal's own word.
    pub tipo: Option<String>,
    /// Two digits.
    #[schema(example = "11")]
    pub ddd: String,
    /// Eight or nine digits.
    #[schema(example = "987654321")]
    pub fone: String,
    /// The number's score.
    pub score: Option<i64>,
    /// The operator's login.
    pub usuario: String,
}

/// An e-mail (UC010/FA003).
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Email {
    /// The campaign.
    #[schema(example = 1)]
    pub id_campanha: i64,
    /// The client.
    #[schema(example = 1)]
    pub id_crm: i64,
    /// The address.
    #[schema(example = "cliente@exemplo.com.br")]
    pub email: String,
    /// The operator's login.
    pub usuario: String,
}

/// An address (UC010/FA004).
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Endereco {
    /// The campaign.
    #[schema(example = 1)]
    pub id_campanha: i64,
    /// The client.
    #[schema(example = 1)]
    pub id_crm: i64,
    /// The Portal's own word.
    pub tipo: Option<String>,
    /// Street.
    pub logradouro: String,
    /// House number.
    pub numero: Option<String>,
    /// Flat and the like.
    pub complemento: Option<String>,
    /// District.
    pub bairro: Option<String>,
    /// Town.
    pub cidade: Option<String>,
    /// State.
    pub uf: Option<String>,
    /// Postcode.
    pub cep: Option<String>,
    /// The operator's login.
    pub usuario: String,
}

/// A proposal (UC011).
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Proposta {
    /// The contract.
    pub contrato: String,
    /// The installment as it went to the bank.
    pub parcela: Option<String>,
    /// The operator's login.
    pub usuario: String,
    /// OMNE's attendance.
    pub attendance_id: Option<String>,
    /// The bank's ticket.
    pub ticket_pan: Option<String>,
    /// What the client is to pay.
    #[schema(schema_with = dinheiro)]
    pub valor_proposto: String,
    /// Which kind of deal.
    #[schema(example = "Quitação")]
    pub tipo_acordo: String,
    /// Installments.
    pub qtd_parcelas: Option<i64>,
    /// Down payment.
    #[schema(schema_with = dinheiro)]
    pub valor_entrada: Option<String>,
    /// Fee.
    #[schema(schema_with = dinheiro)]
    pub valor_honorario: Option<String>,
    /// The installments as they went to the bank.
    pub parcelas_contratos: Option<Vec<Value>>,
    /// First due date, `AAAA-MM-DD`.
    #[schema(example = "2023-08-15")]
    pub primeiro_vencimento: Option<String>,
    /// Whether the asset may be handed back.
    pub negociacao_entrega_amigavel: Option<bool>,
    /// The refinancing flag on the screen.
    pub rnd_refin: Option<bool>,
    /// The installments chosen.
    pub neg_parcelas: Option<Vec<Value>>,
    /// Value without discount.
    #[schema(schema_with = dinheiro)]
    pub valor_sem_desc: Option<String>,
    /// Largest discount offered, percent.
    #[schema(schema_with = dinheiro)]
    pub valor_com_desc: Option<String>,
    /// Smallest offer.
    #[schema(schema_with = dinheiro)]
    pub oferta_minima: Option<String>,
    /// Delay on the screen.
    pub divida_atraso: Option<Value>,
    /// Term on the screen.
    pub divida_prazo: Option<Value>,
    /// Installments paid.
    pub divida_parcelas_pagas: Option<Value>,
    /// Installments due.
    pub divida_parcelas_venc: Option<Value>,
    /// Installments to come.
    pub dividas_a_vencer: Option<Value>,
}

/// The results that a tabulation may have.
#[derive(ToSchema)]
pub struct Listagem {
    /// All of them.
    pub tabulacoes: Vec<Resultado>,
}

/// A result.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Resultado {
    /// Its number.
    pub id: i64,
    /// What it belongs to.
    pub grupo: String,
    /// Its name.
    pub nome: String,
    /// Whether it sends a boleto: `S` or `N`.
    #[schema(example = "N")]
    pub boleto: String,
    /// The item of the back office that it opens.
    pub workflow: Option<String>,
    /// It sets (`S`) or lifts (`N`) that the client is not contacted.
    pub nao_contatar: Option<String>,
}

/// Money or a percentage: a number, or a text with a decimal point.
fn dinheiro() -> utoipa::openapi::schema::Schema {
    OneOfBuilder::new()
        .item(ObjectBuilder::new().schema_type(Type::Number))
        .item(ObjectBuilder::new().schema_type(Type::String).examples([Value::from("595.37")]))
        .into()
}

fn canal() -> utoipa::openapi::schema::Schema {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::Integer))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
        .enum_values(Some([1, 2, 3, 5]))
        .into()
}
