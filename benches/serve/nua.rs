//! The baseline: a bare handler on axum and rusqlite that reads the same rows and writes the same JSON, without tokens,
//! audit, limits, log or a thread of its own for the store. Its statements are cached, its connections pooled.

mod historia;

use crate::Result;
use atom::atendimento::campos::{canal_de_terceiro, canal_do_garantidor};
use atom::domain::fone::Fone;
use atom::domain::telefones::{LinhaTelefone, Origem, une};
use atom::domain::valores::decimal_ponto;
use atom::layout::contato::{contato, lugar};
use atom::layout::{Field, Layout, Layouts, Type};
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::IntoResponse;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// A statement and its columns: name, type.
struct Frase {
    sql: String,
    colunas: Vec<(String, Type)>,
}

/// Every statement.
struct Frases {
    contratos: Frase,
    telefones: Frase,
    enderecos: Frase,
    emails: Frase,
    parcelas: Frase,
    garantias: HashMap<i64, Vec<usize>>,
    garantia: Frase,
    refin: Frase,
}

struct Nua {
    frases: Frases,
    livres: Mutex<Vec<Connection>>,
}

/// Serves on a port until it is killed.
pub fn serve(store: &Path, porta: u16) -> Result<()> {
    let layouts = atom::layout::load::builtin()?;
    let abre = || -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let c = Connection::open_with_flags(store.join("carteira.db"), flags)?;
        c.execute("ATTACH DATABASE ?1 AS atendimento", [store.join("atendimento.db").display().to_string()])?;
        c.execute_batch("PRAGMA cache_size=-16384")?;
        c.set_prepared_statement_cache_capacity(64);
        Ok(c)
    };
    let livres = (0..4).map(|_| abre()).collect::<Result<Vec<_>>>()?;
    let nua = Arc::new(Nua { frases: Frases::novas(&layouts)?, livres: Mutex::new(livres) });
    let rt = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    rt.block_on(async {
        let app = axum::Router::new().route("/api/v1/dadosCliente", axum::routing::get(responde)).with_state(nua);
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", porta)).await?;
        Ok(axum::serve(listener, app).await?)
    })
}

/// The statements, for a baseline in another language.
pub fn descreve() -> Result<Value> {
    let q = Frases::novas(&atom::layout::load::builtin()?)?;
    let frase = |f: &Frase| {
        let colunas = f.colunas.iter().map(|(name, ty)| match ty {
            Type::Decimal { scale } | Type::Percent { scale } => json!([name, scale]),
            _ => json!([name, null]),
        });
        json!({"sql": f.sql, "colunas": colunas.collect::<Vec<_>>()})
    };
    let garantias: Map<String, Value> = q
        .garantias
        .iter()
        .map(|(k, at)| (k.to_string(), at.iter().map(|i| q.garantia.colunas[*i].0.clone()).collect()))
        .collect();
    Ok(json!({"contratos": frase(&q.contratos), "telefones": frase(&q.telefones), "enderecos": frase(&q.enderecos),
              "emails": frase(&q.emails), "parcelas": frase(&q.parcelas), "garantia": frase(&q.garantia),
              "garantias": garantias, "refin": frase(&q.refin)}))
}

async fn responde(State(nua): State<Arc<Nua>>, Query(q): Query<HashMap<String, String>>) -> impl IntoResponse {
    let cpf = q.get("cpf").map_or("", String::as_str);
    let conn = nua.livres.lock().ok().and_then(|mut all| all.pop());
    let body = conn.and_then(|c| {
        let made = ficha(&c, cpf).and_then(|id| cliente(&c, &nua.frases, id)).ok();
        if let Ok(mut all) = nua.livres.lock() {
            all.push(c);
        }
        made
    });
    let text = body.and_then(|v| serde_json::to_vec(&json!({"clientes": [v]})).ok()).unwrap_or_default();
    ([(header::CONTENT_TYPE, "application/json")], text)
}

fn valor(v: ValueRef<'_>, ty: &Type) -> Value {
    match (v, ty) {
        (ValueRef::Integer(n), Type::Decimal { scale } | Type::Percent { scale }) => decimal_ponto(n, *scale).into(),
        (ValueRef::Integer(n), _) => n.into(),
        (ValueRef::Text(t), _) => String::from_utf8_lossy(t).into_owned().into(),
        _ => Value::Null,
    }
}

impl Frase {
    /// The rows under an id; their columns begin behind the first `antes` ones, which `f` may look at.
    fn linhas(
        &self,
        c: &Connection,
        id: i64,
        antes: usize,
        mut f: impl FnMut(&rusqlite::Row<'_>, Map<String, Value>) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let mut stmt = c.prepare_cached(&self.sql)?;
        let mut rows = stmt.query([id])?;
        while let Some(r) = rows.next()? {
            let mut map = Map::with_capacity(self.colunas.len() + 2);
            for (i, (name, ty)) in self.colunas.iter().enumerate() {
                map.insert(name.clone(), valor(r.get_ref(antes + i)?, ty));
            }
            f(r, map)?;
        }
        Ok(())
    }
}

impl Frases {
    fn novas(layouts: &Layouts) -> Result<Self> {
        let remessa = &layouts.unico("remessa")?.records[0];
        let shown: Vec<&Field> =
            remessa.fields.iter().filter(|f| !canal_de_terceiro(f) && f.name != "contrato").collect();
        let from = |f: &Field| match lugar(f) {
            _ if contato(&f.name).is_some() => "NULL".to_owned(),
            Some(("ficha", c)) => format!("f.{c}"),
            Some(("divida", c)) => format!("d.{c}"),
            Some((_, c)) => format!("k.{c}"),
            None => "NULL".to_owned(),
        };
        let own = ["contrato", "situacao", "bloqueadoEm", "bloqueadoAte"].map(|n| (n.to_owned(), Type::Text));
        let contratos = Frase {
            sql: format!(
                "SELECT c.id, c.contrato, c.situacao, CASE c.situacao WHEN 'BLOQUEADO' THEN c.bloqueado_em END, NULL, {}
                 FROM contrato c JOIN ficha f ON f.id=c.ficha_id JOIN cadastro k ON k.contrato_id=c.id
                 JOIN divida d ON d.contrato_id=c.id WHERE c.ficha_id=?1 ORDER BY c.contrato",
                shown.iter().map(|f| from(f)).collect::<Vec<_>>().join(",")
            ),
            colunas: own.into_iter().chain(shown.iter().map(|f| (f.name.clone(), f.ty.clone()))).collect(),
        };
        let contacts = |group: &str| -> Vec<(String, Type)> {
            let mut out: Vec<(String, Type)> = Vec::new();
            for f in &remessa.fields {
                if let Some(c) = contato(&f.name).filter(|c| c.grupo.nome() == group)
                    && !out.iter().any(|(n, _)| *n == c.coluna)
                {
                    out.push((c.coluna, f.ty.clone()));
                }
            }
            out
        };
        let frase = |table: &str, key: &str, before: &str, order: &str, colunas: Vec<(String, Type)>| Frase {
            sql: format!(
                "SELECT {before}{} FROM {table} WHERE {key}=?1 ORDER BY {order}",
                colunas.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>().join(",")
            ),
            colunas,
        };
        let of = |l: &Layout| -> Vec<(String, Type)> {
            let mut out: Vec<(String, Type)> = Vec::new();
            for f in l.records.iter().flat_map(|r| &r.fields).filter(|f| f.name != "contrato") {
                if !out.iter().any(|(n, _)| *n == f.name) {
                    out.push((f.name.clone(), f.ty.clone()));
                }
            }
            out
        };
        let garantias = layouts.unico("garantias")?;
        let columns = of(garantias);
        let place = |name: &str| columns.iter().position(|(n, _)| n == name);
        let records = garantias.records.iter().map(|r| {
            let fields = r.fields.iter().filter(|f| !canal_do_garantidor(r, f));
            (
                r.when.as_deref().and_then(|w| w.parse().ok()).unwrap_or(0),
                fields.filter_map(|f| place(&f.name)).collect(),
            )
        });
        Ok(Self {
            contratos,
            telefones: frase(
                "telefone",
                "ficha_id",
                "origem, contrato_id, ordem, fone, score, run, tipo, situacao, ",
                "origem, contrato_id, ordem",
                contacts("telefone"),
            ),
            enderecos: frase("endereco", "contrato_id", "ordem, ", "ordem", contacts("endereco")),
            emails: frase("email", "contrato_id", "ordem, ", "ordem", contacts("email")),
            parcelas: frase("parcela", "contrato_id", "", "k1, k2", of(layouts.unico("parcelas")?)),
            garantias: records.collect(),
            garantia: frase("garantia", "contrato_id", "k1, ", "k1, k2", columns.clone()),
            refin: frase(
                "refin",
                "contrato_id",
                "carregado_em, ",
                "contrato_id",
                of(layouts.get("refin").ok_or("refin")?),
            ),
        })
    }
}

fn ficha(c: &Connection, cpf: &str) -> rusqlite::Result<i64> {
    c.prepare_cached("SELECT id FROM ficha WHERE cpf_cnpj_cliente=?1")?.query_row([cpf], |r| r.get(0))
}

fn cliente(c: &Connection, q: &Frases, id: i64) -> rusqlite::Result<Value> {
    let mut contratos: Vec<(i64, Map<String, Value>)> = Vec::new();
    q.contratos.linhas(c, id, 1, |r, m| {
        contratos.push((r.get(0)?, m));
        Ok(())
    })?;
    let (mut phones, mut lines) = (Vec::new(), Vec::new());
    q.telefones.linhas(c, id, 8, |r, m| {
        let (origem, seq) = Origem::gravada(r.get(0)?, r.get(2)?);
        let contrato: i64 = r.get(1)?;
        let Some(fone) = r.get_ref(3)?.as_str().ok().and_then(Fone::from_completo) else { return Ok(()) };
        let tipo = r.get::<_, Option<String>>(6)?.unwrap_or_default();
        let situacao = r.get::<_, Option<String>>(7)?.and_then(|s| s.chars().next());
        lines.push(LinhaTelefone {
            origem,
            tipo: tipo.into(),
            situacao,
            fone,
            score: r.get(4)?,
            seq,
            quando: r.get(5)?,
        });
        phones.push((origem, contrato, seq, fone, m));
        Ok(())
    })?;
    let third: HashSet<Fone> = atom::domain::telefones::terceiros(&lines);
    for (_, contrato, ordem, _, m) in phones.iter().filter(|p| p.0 == Origem::Remessa && !third.contains(&p.3)) {
        if let Some((_, row)) = contratos.iter_mut().find(|(id, _)| id == contrato) {
            for (name, value) in m {
                row.insert(format!("telefone_{ordem}_{name}"), value.clone());
            }
        }
    }
    let (mut enderecos, mut emails, mut parcelas, mut garantias, mut refin) = (vec![], vec![], vec![], vec![], vec![]);
    let mut vehicles: HashMap<i64, (Value, Value, Value, Value)> = HashMap::new();
    for (cid, row) in &mut contratos {
        let text = row["contrato"].clone();
        q.enderecos.linhas(c, *cid, 1, |r, mut m| {
            let ordem: i64 = r.get(0)?;
            for (name, value) in &m {
                row.insert(format!("endereco_{ordem}_{name}"), value.clone());
            }
            m.insert("origem".into(), "remessa".into());
            m.insert("contrato".into(), text.clone());
            enderecos.push(Value::Object(m));
            Ok(())
        })?;
        q.emails.linhas(c, *cid, 1, |r, m| {
            let ordem: i64 = r.get(0)?;
            row.insert(format!("email_{ordem}"), m["email"].clone());
            let seen =
                |e: &Value| e["email"].as_str().map(str::to_lowercase) == m["email"].as_str().map(str::to_lowercase);
            if m["email"].is_string() && !emails.iter().any(seen) {
                emails.push(json!({"email": m["email"], "origem": "remessa"}));
            }
            Ok(())
        })?;
        q.parcelas.linhas(c, *cid, 0, |_, m| {
            let mut out = Map::from_iter([("contrato".to_owned(), text.clone())]);
            out.extend(m);
            parcelas.push(Value::Object(out));
            Ok(())
        })?;
        q.garantia.linhas(c, *cid, 1, |r, m| {
            let k1: i64 = r.get(0)?;
            let mut out = Map::from_iter([("contrato".to_owned(), text.clone())]);
            for i in q.garantias.get(&k1).into_iter().flatten() {
                let name = &q.garantia.colunas[*i].0;
                out.insert(name.clone(), m[name].clone());
            }
            if k1 == 1 {
                let of = |n: &str| m[n].clone();
                vehicles
                    .entry(*cid)
                    .or_insert_with(|| (of("marca"), of("modelo"), of("ano_fabricacao"), of("ano_modelo")));
            }
            garantias.push(Value::Object(out));
            Ok(())
        })?;
        q.refin.linhas(c, *cid, 1, |r, m| {
            let mut out = Map::from_iter([
                ("contrato".to_owned(), text.clone()),
                ("dataCarga".to_owned(), r.get::<_, String>(0)?.into()),
            ]);
            out.extend(m);
            refin.push(Value::Object(out));
            Ok(())
        })?;
    }
    let telefones: Vec<Value> = une(&lines)
        .iter()
        .map(|t| json!({"tipo": t.tipo_saida, "ddd": t.fone.ddd(), "fone": t.fone.numero(), "score": t.score}))
        .collect();
    let active = contratos.iter().filter(|(_, m)| m["situacao"] == "ATIVO");
    let chosen = active.reduce(|a, b| if b.1["dias_atraso"].as_i64() > a.1["dias_atraso"].as_i64() { b } else { a });
    let h = historia::Historia::le(c, id, &third)?;
    let vehicle = chosen.and_then(|(cid, _)| vehicles.get(cid));
    let of = |n: &str| chosen.map_or(Value::Null, |(_, m)| m[n].clone());
    let year = vehicle.map(|v| format!("{}/{}", v.2, v.3));
    let mailing = json!({
        "nome": of("nome_cliente"), "cpf": of("cpf_cnpj_cliente"), "contrato": of("contrato"), "carteira": of("nome_carteira"),
        "acionamentos": h.acionamentos, "boletos": h.boletos, "valorParcela": of("valor_parcela"),
        "datasPagamento": [h.proposta.3], "resumoPagamento": h.proposta.0, "jornada": h.proposta.1, "valorAPagar": h.proposta.2,
        "envioBoleto": h.canal, "marca": vehicle.map(|v| &v.0), "modelo": vehicle.map(|v| &v.1), "ano": year,
    });
    Ok(json!({
        "idCrm": id, "idCampanha": 1, "status": "ATIVO", "mailing": mailing,
        "contratos": contratos.into_iter().map(|(_, m)| Value::Object(m)).collect::<Vec<_>>(),
        "telefones_disponiveis": telefones, "parcelas": parcelas, "enderecos_disponiveis": enderecos,
        "emails_disponiveis": emails, "historico_atendimento": h.ocorrencias, "garantias": garantias, "dadosRefin": refin,
        "historicoWhatsapp": {"atendimento": h.atendimentos, "widget": [], "hsm": [], "ocorrencia": []},
        "historicoMassivoEmail": h.emails, "historicoMassivoSms": h.sms,
    }))
}
