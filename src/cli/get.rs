//! `atom get KEY`: one client, on a card or as the JSON of `dadosCliente`.
//!
//! The card is made from the JSON after masking, so it cannot show what the JSON hides.

use super::apoio::{Chave, chave_dada};
use super::app::App;
use super::{exit, texto};
use crate::atendimento::{self, NaoEncontrado};
use crate::domain::documento;
use crate::store::auditoria;
use serde_json::{Value, json};

/// Arguments of `atom get`.
#[derive(Debug, clap::Args)]
pub struct Cmd {
    /// CPF/CNPJ, contract or ID_CRM; `-` reads one line from stdin, out of the process list
    #[arg(value_name = "KEY")]
    key: String,
    /// What KEY is [default: a valid CPF/CNPJ, else a contract, else an ID_CRM]
    #[arg(long, value_enum, value_name = "WHAT")]
    by: Option<Chave>,
}

/// Shows every client that the key names.
///
/// # Errors
/// Nobody has the key (never echoed); the store cannot be read; `--show-pii` could not be recorded.
pub fn run(cmd: &Cmd, app: &App) -> anyhow::Result<i64> {
    let key = chave_dada(&cmd.key)?;
    if key.is_empty() {
        return Err(exit::Usage("informe um CPF/CNPJ, um contrato ou um ID_CRM".into()).into());
    }
    let store = app.reader()?;
    let ids = atendimento::procura(&store.db, cmd.by.map(Into::into), &key)?;
    if ids.is_empty() {
        return Err(NaoEncontrado.into());
    }
    if app.global.show_pii {
        // recorded before anything is shown
        let who = App::quem();
        auditoria::leu(store.atendimento()?, &app.clock.now().iso(), &who, &ids, "get --show-pii")?;
    }
    let mut clients = Vec::with_capacity(ids.len());
    for id in ids {
        let mut client = atendimento::por_ficha(&store.db, &app.layouts, &app.config, id)?;
        if !app.global.show_pii {
            atendimento::mascara(&mut client, &app.layouts);
        }
        clients.push(client);
    }
    if app.global.json {
        app.out(&serde_json::to_string_pretty(&json!({ "clientes": clients }))?);
    } else {
        let cards: Vec<String> = clients.iter().map(cartao).collect();
        app.out(&texto::folha(&cards.join("\n\n")));
    }
    Ok(exit::OK)
}

/// What is absent, on a card.
const NADA: &str = "–";

fn text(row: &Value, key: &str) -> String {
    match row.get(key) {
        Some(Value::String(s)) => texto::escape(s),
        Some(Value::Number(n)) => n.to_string(),
        _ => NADA.to_owned(),
    }
}

/// `12345.6` as `12.345,60`.
fn money(row: &Value, key: &str) -> String {
    let value = text(row, key);
    let Some((whole, cents)) = value.split_once('.') else { return value };
    match whole.trim_start_matches('-').parse::<i64>() {
        Ok(n) => format!("{}{},{cents}", if whole.starts_with('-') { "-" } else { "" }, texto::n(n)),
        Err(_) => value,
    }
}

fn list<'v>(client: &'v Value, key: &str) -> &'v [Value] {
    client.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The client on a card.
fn cartao(client: &Value) -> String {
    let m = client.get("mailing").unwrap_or(&Value::Null);
    let vehicle: Vec<String> = ["marca", "modelo", "ano"].iter().map(|k| text(m, k)).filter(|t| t != NADA).collect();
    let vehicle = if vehicle.is_empty() { NADA.to_owned() } else { vehicle.join(" ") };
    let head = [
        format!("Ficha {}  {}", text(client, "idCrm"), text(client, "status")),
        format!(" Nome      {}", text(m, "nome")),
        format!(" CPF/CNPJ  {}", documento::formata(&text(m, "cpf"))),
        format!(" Veículo   {vehicle}"),
    ];
    let parts =
        [Some(head.join("\n")), contratos(client), refin(client), telefones(client), emails(client), enderecos(client)];
    let counts = format!(
        "Parcelas: {}   Garantias: {}   Acionamentos: {}",
        texto::n(list(client, "parcelas").len()),
        texto::n(list(client, "garantias").len()),
        text(m, "acionamentos")
    );
    parts.into_iter().flatten().chain([counts]).collect::<Vec<_>>().join("\n")
}

fn section(title: &str, header: &[&str], rows: Vec<Vec<String>>) -> Option<String> {
    (!rows.is_empty()).then(|| format!("{title} ({})\n{}", rows.len(), crate::cli::apoio::tabela(header, &[], rows)))
}

fn contratos(client: &Value) -> Option<String> {
    let row = |c: &Value| {
        let until = texto::data(&text(c, "bloqueadoAte"));
        let delay = text(c, "dias_atraso");
        vec![
            text(c, "contrato"),
            text(c, "situacao"),
            until,
            delay,
            money(c, "valor_parcela"),
            money(c, "valor_vencido"),
        ]
    };
    let rows = list(client, "contratos").iter().map(row).collect();
    section("Contratos", &["CONTRATO", "SITUAÇÃO", "BLOQUEADO ATÉ", "DIAS DE ATRASO", "PARCELA", "VENCIDO"], rows)
}

fn refin(client: &Value) -> Option<String> {
    let row = |r: &Value| {
        vec![
            text(r, "contrato"),
            texto::data(&text(r, "dataCarga")),
            money(r, "entrada_refin"),
            format!("{} × {}", text(r, "qtd_parc_refin"), money(r, "parcela_refin")),
            money(r, "total_refinanciado"),
            format!("{} %", money(r, "juro_mensal")),
            texto::data(&text(r, "venc_primeira_parcela")),
        ]
    };
    let rows = list(client, "dadosRefin").iter().map(row).collect();
    let header = ["CONTRATO", "CARREGADO EM", "ENTRADA", "PARCELAS", "TOTAL", "JURO MENSAL", "1º VENCIMENTO"];
    section("Refinanciamento", &header, rows)
}

fn telefones(client: &Value) -> Option<String> {
    let row = |t: &Value| {
        let number = text(t, "fone");
        let number = match number.len().checked_sub(4).and_then(|i| number.split_at_checked(i)) {
            Some((a, b)) if !a.ends_with('-') => format!("{a}-{b}"),
            _ => number,
        };
        vec![format!("({}) {number}", text(t, "ddd")), text(t, "tipo"), text(t, "score")]
    };
    let rows = list(client, "telefones_disponiveis").iter().map(row).collect();
    section("Telefones", &["TELEFONE", "TIPO", "SCORE"], rows)
}

fn emails(client: &Value) -> Option<String> {
    let rows = list(client, "emails_disponiveis").iter().map(|e| vec![text(e, "email"), text(e, "origem")]).collect();
    section("E-mails", &["E-MAIL", "ORIGEM"], rows)
}

fn enderecos(client: &Value) -> Option<String> {
    let row =
        |e: &Value| vec![format!("{}/{}", text(e, "cidade"), text(e, "uf")), text(e, "tipo"), text(e, "contrato")];
    let rows = list(client, "enderecos_disponiveis").iter().map(row).collect();
    section("Endereços", &["CIDADE/UF", "TIPO", "CONTRATO"], rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> Value {
        json!({
            "idCrm": 7, "idCampanha": 1, "status": "BLOQUEIO PARCIAL",
            "mailing": {"nome": "M*** S***", "cpf": "***.982.247-**", "marca": "FIAT", "modelo": "UNO", "ano": "2018/2019",
                        "acionamentos": 3},
            "contratos": [
                {"contrato": "000123", "situacao": "BLOQUEADO", "bloqueadoAte": "2023-08-09", "dias_atraso": 45,
                 "valor_parcela": "1595.37", "valor_vencido": "-0.05"},
                {"contrato": "000124", "situacao": "ATIVO", "bloqueadoAte": null, "dias_atraso": null,
                 "valor_parcela": null, "valor_vencido": "12.00"},
            ],
            "telefones_disponiveis": [
                {"tipo": "CELULAR", "ddd": "11", "fone": "*****-4321", "score": null},
                {"tipo": "RESIDENCIAL", "ddd": "11", "fone": "34567890", "score": 80},
            ],
            "enderecos_disponiveis": [{"tipo": "RE", "cidade": "***", "uf": "SP", "contrato": "000123"}],
            "dadosRefin": [{"contrato": "000123", "dataCarga": "2023-08-08", "entrada_refin": "59.00",
                "qtd_parc_refin": 57, "parcela_refin": "416.00", "total_refinanciado": "23814.80",
                "juro_mensal": "1.66", "venc_primeira_parcela": "2023-08-11"}],
            "emails_disponiveis": [], "parcelas": [{}, {}], "garantias": [],
        })
    }

    #[test]
    fn o_cartao_mostra_o_cliente() {
        let card = cartao(&client());
        for part in [
            "Ficha 7  BLOQUEIO PARCIAL",
            "M*** S***",
            "***.982.247-**",
            "FIAT UNO 2018/2019",
            "09/08/2023",
            "1.595,37",
            "-0,05",
            "(11) *****-4321",
            "(11) 3456-7890",
            "***/SP",
            "57 × 416,00",
            "23.814,80",
            "1,66 %",
            "08/08/2023",
            "Parcelas: 2   Garantias: 0   Acionamentos: 3",
        ] {
            assert!(card.contains(part), "{part}\n{card}");
        }
        assert!(!card.contains("E-mails"));
    }

    #[test]
    fn o_que_falta_vira_travessao() {
        assert_eq!(cartao(&json!({})).lines().next(), Some("Ficha –  –"));
    }
}
