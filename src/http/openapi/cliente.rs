//! The answer of `dadosCliente`, described: what is fixed in types, what the layouts bring from the layouts in use.

use crate::atendimento::campos::{canal_de_terceiro, canal_do_garantidor};
use crate::layout::{Field, Layouts, Type};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::{AdditionalProperties, Object, ObjectBuilder, Schema, SchemaType, Type as Json};

/// The answer.
#[derive(ToSchema)]
pub struct Clientes {
    /// Whoever has the key: one, seldom two (a number may be one's CPF and another's CNPJ).
    pub clientes: Vec<Cliente>,
}

/// A client. A token of scope `bot` reads only idCrm, nome, status, dadosRefin and a few keys of contratos.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Cliente {
    /// ID_CRM.
    pub id_crm: i64,
    /// The campaign.
    pub id_campanha: Option<i64>,
    /// The client's name; scope `bot` only.
    pub nome: Option<String>,
    /// `ATIVO`, `BLOQUEIO PARCIAL` or `TODOS CONTRATOS BAIXADOS`.
    pub status: String,
    /// The contract that the dialler gets, with what was agreed last.
    pub mailing: Option<Mailing>,
    /// Its contracts, by the order of their text.
    #[schema(schema_with = contrato)]
    pub contratos: Value,
    /// Its phones: remessa, Portal, enrichment.
    #[schema(rename = "telefones_disponiveis")]
    pub telefones_disponiveis: Option<Vec<TelefoneDisponivel>>,
    /// Its installments.
    #[schema(schema_with = parcela)]
    pub parcelas: Value,
    /// Its addresses.
    #[schema(rename = "enderecos_disponiveis", schema_with = endereco)]
    pub enderecos_disponiveis: Value,
    /// Its e-mails.
    #[schema(rename = "emails_disponiveis")]
    pub emails_disponiveis: Option<Vec<EmailDisponivel>>,
    /// Tabulations and calls, the newest 500, newest first.
    #[schema(rename = "historico_atendimento")]
    pub historico_atendimento: Option<Vec<Ocorrencia>>,
    /// Its securities.
    #[schema(schema_with = garantia)]
    pub garantias: Value,
    /// Its offers of refinancing.
    #[schema(schema_with = oferta)]
    pub dados_refin: Value,
    /// OMNE's events under its own names, the newest 50 and two megabytes of each kind, newest first.
    pub historico_whatsapp: Option<HistoricoWhatsapp>,
    /// Mass e-mails, the newest 500, newest first.
    pub historico_massivo_email: Option<Vec<MassivoEmail>>,
    /// Mass SMS, the newest 500, newest first.
    pub historico_massivo_sms: Option<Vec<MassivoSms>>,
}

/// The head of the answer (UC009).
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Mailing {
    /// The client's name.
    pub nome: Option<String>,
    /// CPF or CNPJ.
    pub cpf: Option<String>,
    /// The contract.
    pub contrato: Option<String>,
    /// The portfolio.
    pub carteira: Option<String>,
    /// Contacts so far.
    pub acionamentos: i64,
    /// Boletos sent.
    pub boletos: i64,
    /// Installment, decimal string.
    pub valor_parcela: Option<String>,
    /// First due date of the last proposal.
    pub datas_pagamento: Vec<String>,
    /// The last proposal on a line.
    pub resumo_pagamento: Option<String>,
    /// Kind of deal of the last proposal.
    pub jornada: Option<String>,
    /// Value of the last proposal, decimal string.
    #[schema(rename = "valorAPagar")]
    pub valor_a_pagar: Option<String>,
    /// Channel by which the last boleto went: 1, 2, 3 or 5.
    pub envio_boleto: Option<i64>,
    /// The vehicle's make.
    pub marca: Option<String>,
    /// The vehicle's model.
    pub modelo: Option<String>,
    /// `2018/2019`: year made, year of the model.
    pub ano: Option<String>,
}

/// A phone.
#[derive(ToSchema)]
pub struct TelefoneDisponivel {
    /// `CELULAR`, `RESIDENCIAL`, `COMERCIAL`, `OUTRO`, `Enriquecimento n` or the Portal's own word.
    pub tipo: String,
    /// Two digits.
    pub ddd: String,
    /// Eight or nine digits.
    pub fone: String,
    /// The latest score given.
    pub score: Option<i64>,
}

/// An e-mail.
#[derive(ToSchema)]
pub struct EmailDisponivel {
    /// The address.
    pub email: String,
    /// `remessa` or `Portal`.
    pub origem: String,
}

/// A tabulation or a call.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Ocorrencia {
    /// `AAAA-MM-DD`.
    pub data_cadastro: Option<String>,
    /// `HH:MM:SS`.
    pub horario: Option<String>,
    /// What became of it.
    pub ocorrencia: String,
    /// The number that was contacted.
    pub numero_discado: Option<String>,
    /// The number to call again.
    pub telefone_agendado: Option<String>,
    /// The contract.
    pub contrato: Option<String>,
    /// The installments.
    pub parcela: Option<String>,
    /// Who wrote it.
    pub usuario_cadastro: Option<String>,
    /// 1, 2, 3 or 5.
    pub id_tipo_canal: Option<i64>,
    /// What was noted.
    pub obs: Option<String>,
}

/// What OMNE tells; behind its `hsm` our own messages `{contrato, jornada, estado, em, fone}`.
#[derive(ToSchema)]
pub struct HistoricoWhatsapp {
    /// Attendances.
    pub atendimento: Vec<Value>,
    /// Visits of the widget.
    pub widget: Vec<Value>,
    /// Messages.
    pub hsm: Vec<Value>,
    /// Tabulations in OMNE.
    pub ocorrencia: Vec<Value>,
}

/// A mass e-mail.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct MassivoEmail {
    /// The sender's number for it.
    pub protocolo: Option<String>,
    /// The address.
    pub email: Option<String>,
    /// `AAAA-MM-DD HH:MM:SS`.
    pub data_envio: String,
}

/// A mass SMS.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct MassivoSms {
    /// The sender's number for it.
    pub protocolo: Option<String>,
    /// `AAAA-MM-DD HH:MM:SS`.
    pub data_envio: String,
    /// The number.
    pub telefone: Option<String>,
    /// The text.
    pub mensagem: Option<String>,
    /// The contract.
    pub contrato: Option<String>,
}

/// The schemas that the layouts bring, by name.
pub fn dos_layouts(layouts: &Layouts) -> Vec<(&'static str, Schema)> {
    let fields = |kind: &str| -> Vec<&Field> {
        let records = layouts.iter().filter(|l| l.kind == kind).flat_map(|l| &l.records);
        records
            .flat_map(|r| r.fields.iter().filter(move |f| !canal_do_garantidor(r, f)))
            .filter(|f| f.name != "contrato" && !(kind == "remessa" && canal_de_terceiro(f)))
            .collect()
    };
    let contract = ["contrato", "situacao", "bloqueadoEm", "bloqueadoAte", "diasAtraso", "valorParcela"];
    let mut address: Vec<(&str, Option<Json>)> = Vec::new();
    for f in fields("remessa") {
        if let Some((_, part)) = f.name.strip_prefix("endereco_").and_then(|rest| rest.split_once('_')) {
            address.push((part, tipo(&f.ty)));
        }
    }
    let typed = |kind: &str| fields(kind).into_iter().map(|f| (f.name.as_str(), tipo(&f.ty))).collect::<Vec<_>>();
    let text = |names: &[&'static str]| names.iter().map(|n| (*n, Some(Json::String))).collect::<Vec<_>>();
    vec![
        ("Contrato", objeto([text(&contract), typed("remessa")].concat())),
        ("Parcela", objeto([text(&["contrato"]), typed("parcelas")].concat())),
        ("Garantia", objeto([text(&["contrato"]), typed("garantias")].concat())),
        ("Oferta", objeto([text(&["contrato", "dataCarga"]), typed("refin")].concat())),
        ("EnderecoDisponivel", objeto([address, text(&["origem", "contrato"])].concat())),
    ]
}

/// The JSON type that a field's values have.
const fn tipo(ty: &Type) -> Option<Json> {
    match ty {
        Type::Int | Type::Year => Some(Json::Integer),
        _ => Some(Json::String),
    }
}

/// An object whose values may be null.
fn objeto(properties: Vec<(&str, Option<Json>)>) -> Schema {
    let mut out = ObjectBuilder::new();
    for (name, ty) in properties {
        let types = SchemaType::from_iter(ty.into_iter().chain([Json::Null]));
        out = out.property(name, Object::with_type(types));
    }
    out.additional_properties(Some(AdditionalProperties::FreeForm(false))).into()
}

fn lista(nome: &str) -> Schema {
    utoipa::openapi::schema::ArrayBuilder::new().items(utoipa::openapi::Ref::from_schema_name(nome)).into()
}

fn contrato() -> Schema {
    lista("Contrato")
}

fn parcela() -> Schema {
    lista("Parcela")
}

fn garantia() -> Schema {
    lista("Garantia")
}

fn oferta() -> Schema {
    lista("Oferta")
}

fn endereco() -> Schema {
    lista("EnderecoDisponivel")
}
