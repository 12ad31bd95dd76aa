//! Finds a client by any of its keys and reads all that is known of it, in one moment of the store.

use super::campos::{self, Colunas, Objeto};
use super::historico::Historico;
use super::mailing::{self, Contrato};
use super::{By, NaoEncontrado};
use crate::config::Config;
use crate::domain::documento::{self, TipoPessoa};
use crate::domain::fone::Fone;
use crate::domain::situacao::{Situacao, status_da_ficha};
use crate::domain::telefones::{self, LinhaTelefone, Origem};
use crate::domain::{contrato, dia::Calendario};
use crate::layout::contato::contato;
use crate::layout::{Layout, Layouts, Record};
use crate::store::consulta::{self, Consulta};
use crate::store::db::Db;
use crate::store::ledger::dia;
use crate::store::linhas;
use crate::store::schema::Tabela;
use anyhow::Context as _;
use serde_json::{Value, json};
use std::collections::HashSet;

/// Origin of a contact that came with the remessa.
const REMESSA: &str = "remessa";

/// ID_CRM of the clients that a key names: without `by` those with it as CPF/CNPJ (with or without
/// punctuation and leading zeros), else as contract, else as ID_CRM. A number that is a good CPF and a good
/// CNPJ may name two.
///
/// # Errors
/// The store cannot be read.
pub fn procura(db: &Db, by: Option<By>, key: &str) -> anyhow::Result<Vec<i64>> {
    let all = [By::Cpf, By::Contrato, By::IdCrm];
    let kinds = by.as_ref().map_or(&all[..], std::slice::from_ref);
    for kind in kinds {
        let hits = match kind {
            By::Cpf => por_documento(db, key)?,
            By::Contrato => match contrato::chave(key.trim()) {
                Ok(Some(k)) => consulta::por_contrato(db, &k)?.into_iter().collect(),
                _ => Vec::new(),
            },
            By::IdCrm => match key.trim().parse() {
                Ok(id) => consulta::por_id(db, id)?.into_iter().collect(),
                Err(_) => Vec::new(),
            },
        };
        if !hits.is_empty() {
            return Ok(hits);
        }
    }
    Ok(Vec::new())
}

/// A key as a document in its stored form, if it is a good one; of two readings the CPF.
pub fn documento_da_chave(key: &str) -> Option<String> {
    let as_kind = |kind| documento::normaliza(key.trim(), Some(kind)).ok().flatten().map(Into::into);
    [TipoPessoa::Fisica, TipoPessoa::Juridica].into_iter().find_map(as_kind)
}

/// Whether a key can be one of its kind: a good CPF or CNPJ, a number, a contract (422 otherwise).
pub fn chave_possivel(by: By, key: &str) -> bool {
    let key = key.trim();
    match by {
        By::Cpf => [TipoPessoa::Fisica, TipoPessoa::Juridica]
            .into_iter()
            .any(|kind| matches!(documento::normaliza(key, Some(kind)), Ok(Some(_)))),
        By::Contrato => matches!(contrato::chave(key), Ok(Some(_))),
        By::IdCrm => key.parse::<i64>().is_ok_and(|n| n > 0),
    }
}

/// What a bot may read of a client (decisions 9).
pub fn curta(client: &Value) -> Value {
    const CONTRATO: [(&str, &str); 6] = [
        ("contrato", "contrato"),
        ("situacao", "situacao"),
        ("bloqueadoEm", "bloqueadoEm"),
        ("bloqueadoAte", "bloqueadoAte"),
        ("diasAtraso", "dias_atraso"),
        ("valorParcela", "valor_parcela"),
    ];
    let of = |row: &Value, key: &str| row.get(key).cloned().unwrap_or(Value::Null);
    let contract = |c: &Value| Value::from_iter(CONTRATO.map(|(shown, own)| (shown, of(c, own))));
    let contracts = client.get("contratos").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    json!({
        "idCrm": of(client, "idCrm"),
        "nome": client.pointer("/mailing/nome"),
        "status": of(client, "status"),
        "contratos": contracts.iter().map(contract).collect::<Vec<_>>(),
        "dadosRefin": of(client, "dadosRefin"),
    })
}

fn por_documento(db: &Db, key: &str) -> anyhow::Result<Vec<i64>> {
    let mut hits = Vec::new();
    for kind in [TipoPessoa::Fisica, TipoPessoa::Juridica] {
        let Ok(Some(doc)) = documento::normaliza(key.trim(), Some(kind)) else { continue };
        if let Some(id) = consulta::por_documento(db, &doc)?
            && !hits.contains(&id)
        {
            hits.push(id);
        }
    }
    Ok(hits)
}

/// One element of `clientes` (contract section 8), unmasked.
///
/// # Errors
/// [`NaoEncontrado`] when there is no such ficha; the store cannot be read; a layout is missing.
pub fn por_ficha(db: &Db, layouts: &Layouts, config: &Config, ficha_id: i64) -> anyhow::Result<Value> {
    let moment = db.snapshot()?;
    let leitor = Leitor::new(&moment, layouts)?;
    let client = leitor.cliente(ficha_id)?;
    Ok(client.json(&leitor, config))
}

/// Reads clients; knows the layouts' columns.
struct Leitor<'a> {
    db: &'a Db,
    remessa: &'a Record,
    parcelas: &'a Layout,
    garantias: &'a Layout,
    refin: Vec<&'a Layout>,
}

/// The rows of a set, each with its contract's place and its type.
type Conjunto = Vec<(i64, i64, Objeto)>;

/// One contact of the remessa.
struct Contato {
    tabela: Tabela,
    contrato_id: i64,
    ordem: i64,
    campos: Objeto,
    fone: Option<Fone>,
}

/// All rows of one client.
struct Cliente {
    id: i64,
    ficha: Objeto,
    contratos: Vec<Contrato>,
    contatos: Vec<Contato>,
    telefones: Vec<LinhaTelefone>,
    parcelas: Conjunto,
    garantias: Conjunto,
    refin: Vec<Objeto>,
    historico: Historico,
}

impl<'a> Leitor<'a> {
    fn new(db: &'a Db, layouts: &'a Layouts) -> anyhow::Result<Self> {
        let remessa = layouts.unico("remessa")?.records.first().context("layouts/remessa.toml: record")?;
        let parcelas = layouts.unico("parcelas")?;
        let refin = layouts.of_kind("refin").collect();
        Ok(Self { db, remessa, parcelas, garantias: layouts.unico("garantias")?, refin })
    }

    fn cliente(&self, id: i64) -> anyhow::Result<Cliente> {
        let cols = Colunas::da_remessa(self.remessa, Tabela::Ficha);
        let rows =
            Consulta::new(self.db, Tabela::Ficha, &cols.nomes(&[]))?.linhas(self.db, id, |r| cols.objeto(r, 0))?;
        let ficha = rows.into_iter().next().ok_or(NaoEncontrado)?;
        let contratos = self.contratos(id)?;
        let (mut contatos, telefones) = self.telefones(id, &contratos)?;
        for t in [Tabela::Endereco, Tabela::Email] {
            self.contatos(t, &contratos, &mut contatos)?;
        }
        let parcelas = self.conjunto(self.parcelas, Tabela::Parcela, &contratos)?;
        let garantias = self.conjunto(self.garantias, Tabela::Garantia, &contratos)?;
        let refin = self.refin(&contratos)?;
        let historico = Historico::le(self.db, id)?;
        Ok(Cliente { id, ficha, contratos, contatos, telefones, parcelas, garantias, refin, historico })
    }

    /// The contracts of a ficha, in the order of their text.
    fn contratos(&self, ficha: i64) -> anyhow::Result<Vec<Contrato>> {
        let names = ["id", "situacao", "bloqueado_em", "run", "contrato"];
        let query = Consulta::new(self.db, Tabela::Contrato, &names)?;
        let mut out = query.linhas(self.db, ficha, |r| {
            let situacao = r.text(1)?.and_then(Situacao::parse).unwrap_or(Situacao::Excluido);
            Ok(Contrato {
                id: r.i64(0)?,
                contrato: r.str(4)?,
                situacao,
                bloqueado_em: if situacao == Situacao::Bloqueado { r.text(2)?.and_then(dia) } else { None },
                run: r.i64(3)?,
                campos: Objeto::new(),
            })
        })?;
        for t in [Tabela::Cadastro, Tabela::Divida] {
            let cols = Colunas::da_remessa(self.remessa, t);
            let query = Consulta::new(self.db, t, &cols.nomes(&["run"]))?;
            for c in &mut out {
                for (run, part) in query.linhas(self.db, c.id, |r| Ok((r.i64(0)?, cols.objeto(r, 1)?)))? {
                    c.run = c.run.max(run);
                    c.campos.extend(part);
                }
            }
        }
        out.sort_by(|a, b| a.contrato.cmp(&b.contrato));
        Ok(out)
    }

    /// The remessa's phones as contacts, and the phones of all origins as lines, in reading order.
    fn telefones(&self, ficha: i64, contratos: &[Contrato]) -> anyhow::Result<(Vec<Contato>, Vec<LinhaTelefone>)> {
        let cols = Colunas::da_remessa(self.remessa, Tabela::Telefone);
        let own: Vec<&str> = ["contrato_id", "ordem"].into_iter().chain(linhas::TELEFONE.split(", ")).collect();
        let query = Consulta::new(self.db, Tabela::Telefone, &cols.nomes(&own))?;
        let rows = query.linhas(self.db, ficha, |r| {
            let (contrato_id, ordem) = (r.i64(0)?, r.i64(1)?);
            let (origem, _) = Origem::gravada(r.i64(2)?, ordem);
            let line = linhas::telefone(r, 2)?;
            let (fone, campos) = (line.as_ref().map(|l| l.fone), cols.objeto(r, own.len())?);
            Ok((Contato { tabela: Tabela::Telefone, contrato_id, ordem, campos, fone }, origem, line))
        })?;
        let place = |id: i64| contratos.iter().position(|c| c.id == id).unwrap_or(usize::MAX);
        let (mut contatos, mut linhas) = (Vec::new(), Vec::new());
        for (contato, origem, line) in rows {
            linhas.extend(line.map(|l| (origem, place(contato.contrato_id), contato.ordem, l)));
            if origem == Origem::Remessa {
                contatos.push(contato);
            }
        }
        linhas.sort_by_key(|(origem, place, ordem, _)| (*origem, *place, *ordem));
        Ok((contatos, linhas.into_iter().map(|(.., l)| l).collect()))
    }

    fn contatos(&self, tabela: Tabela, contratos: &[Contrato], out: &mut Vec<Contato>) -> anyhow::Result<()> {
        let cols = Colunas::da_remessa(self.remessa, tabela);
        let query = Consulta::new(self.db, tabela, &cols.nomes(&["ordem"]))?;
        for c in contratos {
            out.extend(query.linhas(self.db, c.id, |r| {
                Ok(Contato { tabela, contrato_id: c.id, ordem: r.i64(0)?, campos: cols.objeto(r, 1)?, fone: None })
            })?);
        }
        Ok(())
    }

    /// The rows of parcelas or garantias: contract, then the fields of their record.
    fn conjunto(&self, layout: &Layout, tabela: Tabela, contratos: &[Contrato]) -> anyhow::Result<Conjunto> {
        let cols = Colunas::dos_layouts([layout], tabela);
        let query = Consulta::new(self.db, tabela, &cols.nomes(&["k1"]))?;
        let mut out = Vec::new();
        for c in contratos {
            out.extend(query.linhas(self.db, c.id, |r| {
                let k1 = r.i64(0)?;
                let mut row = Objeto::from_iter([("contrato".to_owned(), Value::from(c.contrato.as_str()))]);
                if let Some(record) = campos::registro(layout, k1) {
                    row.extend(cols.do_registro(record, r, 1)?);
                }
                Ok((c.id, k1, row))
            })?);
        }
        Ok(out)
    }

    /// The offers (R028): contract, load date, then the fields of the layouts.
    fn refin(&self, contratos: &[Contrato]) -> anyhow::Result<Vec<Objeto>> {
        let cols = Colunas::dos_layouts(self.refin.iter().copied(), Tabela::Refin);
        let query = Consulta::new(self.db, Tabela::Refin, &cols.nomes(&["carregado_em"]))?;
        let mut out = Vec::new();
        for c in contratos {
            out.extend(query.linhas(self.db, c.id, |r| {
                let own = [("contrato", Value::from(c.contrato.as_str())), ("dataCarga", r.str(0)?.into())];
                let mut row = Objeto::from_iter(own.map(|(k, v)| (k.to_owned(), v)));
                row.extend(cols.objeto(r, 1)?);
                Ok(row)
            })?);
        }
        Ok(out)
    }
}

impl Cliente {
    fn json(&self, leitor: &Leitor<'_>, config: &Config) -> Value {
        let chosen = mailing::escolhe(&self.contratos);
        let vehicle = chosen.and_then(|c| self.garantias.iter().find(|(id, k1, _)| *id == c.id && *k1 == 1));
        let rows = |set: &Conjunto| set.iter().map(|(.., row)| Value::from(row.clone())).collect::<Vec<_>>();
        let calendario = config.calendario();
        let third = telefones::terceiros(&self.telefones);
        let contract = |id| self.contratos.iter().find(|c| c.id == id).map(|c| c.contrato.as_str());
        let contracts: Vec<Value> =
            self.contratos.iter().map(|c| self.contrato(c, leitor.remessa, &third, config, &calendario)).collect();
        json!({
            "idCrm": self.id,
            "idCampanha": config.campanha.id,
            "status": status_da_ficha(self.contratos.iter().map(|c| c.situacao)).as_str(),
            "mailing": mailing::mailing(&self.ficha, chosen, vehicle.map(|(.., row)| row), self.historico.acionamentos()),
            "contratos": contracts,
            "telefones_disponiveis": self.telefones_disponiveis(),
            "parcelas": rows(&self.parcelas),
            "enderecos_disponiveis": self.enderecos_disponiveis(),
            "emails_disponiveis": self.emails_disponiveis(),
            "historico_atendimento": self.historico.ligacoes(&third),
            "garantias": rows(&self.garantias),
            "dadosRefin": self.refin,
            "historicoWhatsapp": { "atendimento": [], "widget": [], "hsm": [], "ocorrencia": [] },
            "historicoMassivoEmail": self.historico.emails(),
            "historicoMassivoSms": self.historico.sms(&third, contract),
        })
    }

    /// Key, state, then every field of remessa that is not a third party's phone or e-mail; the positions of
    /// a third party's number are null.
    fn contrato(
        &self,
        c: &Contrato,
        remessa: &Record,
        third: &HashSet<Fone>,
        config: &Config,
        calendario: &Calendario,
    ) -> Value {
        let bloqueio = config.bloqueio;
        let until = c.bloqueado_em.map(|d0| calendario.ultimo_dia_bloqueado(d0, bloqueio.dias, bloqueio.contagem));
        let mut out = Objeto::new();
        out.insert("contrato".into(), c.contrato.as_str().into());
        out.insert("situacao".into(), c.situacao.as_str().into());
        out.insert("bloqueadoEm".into(), c.bloqueado_em.map(|d| d.to_string()).into());
        out.insert("bloqueadoAte".into(), until.map(|d| d.to_string()).into());
        let contacts: Vec<&Contato> = self.contatos.iter().filter(|x| x.contrato_id == c.id).collect();
        for f in remessa.fields.iter().filter(|f| !campos::canal_de_terceiro(f)) {
            let value = match contato(&f.name) {
                Some(k) => {
                    let own = |x: &&&Contato| !x.fone.is_some_and(|n| third.contains(&n));
                    let found =
                        contacts.iter().filter(own).find(|x| x.tabela.nome() == k.grupo.nome() && x.ordem == k.ordem);
                    found.and_then(|x| x.campos.get(&k.coluna))
                }
                None => c.campos.get(&f.name).or_else(|| self.ficha.get(&f.name)),
            };
            out.entry(f.name.as_str()).or_insert_with(|| value.cloned().unwrap_or(Value::Null));
        }
        out.into()
    }

    fn telefones_disponiveis(&self) -> Vec<Value> {
        let all = telefones::une(&self.telefones);
        all.iter()
            .map(|t| json!({"tipo": t.tipo_saida, "ddd": t.fone.ddd(), "fone": t.fone.numero(), "score": t.score}))
            .collect()
    }

    /// Addresses of all contracts, each with its contract and origin.
    fn enderecos_disponiveis(&self) -> Vec<Value> {
        let of = |c: &Contrato| {
            let mine = self.contatos.iter().filter(|x| x.tabela == Tabela::Endereco && x.contrato_id == c.id);
            let one = |x: &Contato| {
                let mut out = x.campos.clone();
                out.insert("origem".into(), REMESSA.into());
                out.insert("contrato".into(), c.contrato.as_str().into());
                Value::from(out)
            };
            mine.map(one).collect::<Vec<_>>()
        };
        self.contratos.iter().flat_map(of).collect()
    }

    /// E-mails of all contracts, once each.
    fn emails_disponiveis(&self) -> Vec<Value> {
        let mut seen = HashSet::new();
        let all = self.contatos.iter().filter(|x| x.tabela == Tabela::Email);
        all.filter_map(|x| x.campos.get("email").and_then(Value::as_str))
            .filter(|e| seen.insert(e.to_lowercase()))
            .map(|e| json!({"email": e, "origem": REMESSA}))
            .collect()
    }
}
