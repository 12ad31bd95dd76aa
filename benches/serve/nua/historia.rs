//! The bare handler's share of the contacts.

use atom::domain::fone::Fone;
use atom::domain::valores::decimal_ponto;
use rusqlite::Connection;
use serde_json::{Value, json};
use std::collections::HashSet;

/// The contacts.
pub struct Historia {
    pub acionamentos: i64,
    pub boletos: i64,
    pub canal: Option<i64>,
    pub proposta: (String, String, String, String),
    pub ocorrencias: Vec<Value>,
    pub atendimentos: Vec<Value>,
    pub emails: Vec<Value>,
    pub sms: Vec<Value>,
}

fn todas(
    c: &Connection,
    sql: &str,
    id: i64,
    f: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<Value>,
) -> rusqlite::Result<Vec<Value>> {
    let mut stmt = c.prepare_cached(sql)?;
    stmt.query_map([id], f)?.collect()
}

impl Historia {
    pub fn le(c: &Connection, id: i64, third: &HashSet<Fone>) -> rusqlite::Result<Self> {
        let number = |r: &rusqlite::Row<'_>, i: usize| -> rusqlite::Result<Option<String>> {
            let text: Option<String> = r.get(i)?;
            Ok(text.filter(|t| !Fone::from_completo(t).is_some_and(|n| third.contains(&n))))
        };
        let mut ocorrencias = todas(
            c,
            "SELECT em, nome, canal, usuario, fone, agendado, contrato, parcela, obs FROM atendimento.tabulacao
             WHERE ficha_id=?1 ORDER BY em DESC, id DESC LIMIT 500",
            id,
            |r| {
                let em: String = r.get(0)?;
                Ok(json!({"dataCadastro": em[..10], "horario": em[11..19], "ocorrencia": r.get::<_, String>(1)?,
                          "numeroDiscado": number(r, 4)?, "telefoneAgendado": number(r, 5)?,
                          "contrato": r.get::<_, Option<String>>(6)?, "parcela": r.get::<_, Option<String>>(7)?,
                          "usuarioCadastro": r.get::<_, Option<String>>(3)?, "idTipoCanal": r.get::<_, Option<i64>>(2)?,
                          "obs": r.get::<_, Option<String>>(8)?}))
            },
        )?;
        ocorrencias.extend(todas(
            c,
            "SELECT em, fone, status FROM atendimento.retorno WHERE ficha_id=?1 ORDER BY em DESC, fone, status LIMIT 500",
            id,
            |r| {
                let em: String = r.get(0)?;
                Ok(json!({"dataCadastro": em[..10], "horario": em[11..19], "ocorrencia": r.get::<_, String>(2)?,
                          "numeroDiscado": number(r, 1)?, "telefoneAgendado": null, "contrato": null, "parcela": null,
                          "usuarioCadastro": null, "idTipoCanal": null, "obs": null}))
            },
        )?);
        let at = |v: &Value| (v["dataCadastro"].to_string(), v["horario"].to_string());
        ocorrencias.sort_by_cached_key(|v| std::cmp::Reverse(at(v)));
        let mut sum = c.prepare_cached(
            "SELECT count(*), coalesce(sum(boleto), 0),
               (SELECT canal FROM atendimento.tabulacao WHERE ficha_id=?1 AND boleto=1 ORDER BY em DESC, id DESC LIMIT 1)
             FROM atendimento.tabulacao WHERE ficha_id=?1",
        )?;
        let (tabs, boletos, canal): (i64, i64, Option<i64>) =
            sum.query_row([id], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
        let mut last = c.prepare_cached(
            "SELECT tipo_acordo, valor_proposto, qtd_parcelas, primeiro_vencimento FROM atendimento.proposta
             WHERE ficha_id=?1 ORDER BY id DESC LIMIT 1",
        )?;
        let proposta = last.query_row([id], |r| {
            let (tipo, value, parts): (String, i64, i64) = (r.get(0)?, r.get(1)?, r.get(2)?);
            let line = format!("{tipo}, {parts} parcelas, R$ {},{:02}", value / 100, value % 100);
            Ok((line, tipo, decimal_ponto(value, 2), r.get(3)?))
        })?;
        let emails = todas(
            c,
            "SELECT protocolo, email, enviada_em FROM atendimento.massiva WHERE ficha_id=?1 AND canal='EMAIL'
             ORDER BY enviada_em DESC, protocolo, fone, contrato_id LIMIT 500",
            id,
            |r| {
                Ok(json!({"protocolo": r.get::<_, String>(0)?, "email": r.get::<_, Option<String>>(1)?,
                          "dataEnvio": r.get::<_, String>(2)?}))
            },
        )?;
        let sms = todas(
            c,
            "SELECT m.protocolo, m.enviada_em, m.fone, m.mensagem, c.contrato FROM atendimento.massiva m
             LEFT JOIN contrato c ON c.id=m.contrato_id WHERE m.ficha_id=?1 AND canal='SMS'
             ORDER BY enviada_em DESC, protocolo, fone, contrato_id LIMIT 500",
            id,
            |r| {
                Ok(
                    json!({"protocolo": r.get::<_, String>(0)?, "dataEnvio": r.get::<_, String>(1)?, "telefone": number(r, 2)?,
                          "mensagem": r.get::<_, Option<String>>(3)?, "contrato": r.get::<_, Option<String>>(4)?}),
                )
            },
        )?;
        let atendimentos = todas(
            c,
            "SELECT corpo FROM atendimento.webhook WHERE ficha_id=?1 AND tipo='attendance' ORDER BY id DESC LIMIT 50",
            id,
            |r| Ok(serde_json::from_slice(r.get_ref(0)?.as_blob()?).unwrap_or(Value::Null)),
        )?;
        let calls = ocorrencias.len() as i64 - tabs;
        Ok(Self {
            acionamentos: tabs + calls + (emails.len() + sms.len()) as i64,
            boletos,
            canal,
            proposta,
            ocorrencias,
            atendimentos,
            emails,
            sms,
        })
    }
}
