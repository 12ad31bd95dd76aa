//! The views that BI reads, and the dictionary of their columns. Their names begin with `bi_`, which no table
//! of the store does; what they mean to a reader stands in docs/replica.md.

use super::telefone::ORIGENS;
use super::{Campo, Pedido, colunas};
use crate::domain::situacao::{Situacao, StatusFicha};
use crate::store::db::{Cell, Db, Result};
use crate::store::evento;
use crate::store::massiva::Canal;
use crate::store::schema::Tabela;

/// Makes the views and the dictionary.
pub(super) fn cria(db: &Db, p: &Pedido<'_>) -> Result<()> {
    let l = Leva { db, p };
    l.ficha()?;
    l.contrato()?;
    db.script(&telefone(p.pessoais))?;
    for (t, own) in [
        (Tabela::Parcela, ""),
        (Tabela::Garantia, ""),
        (Tabela::Refin, ", x.carregado_em"),
        (Tabela::Acordo, ", x.bloqueou_em"),
        (Tabela::Endereco, ", x.ordem"),
        (Tabela::Email, ", x.ordem"),
    ] {
        if t != Tabela::Email || p.pessoais {
            l.do_contrato(t, own)?;
        }
    }
    db.script(&historico(p.pessoais))?;
    db.script(ARQUIVO)?;
    db.script(DIA)?;
    l.dicionario()
}

/// What leaves, for the views with columns of the layouts.
struct Leva<'a> {
    db: &'a Db,
    p: &'a Pedido<'a>,
}

impl Leva<'_> {
    /// The fields of a table that the replica has: one that a layout brought since the last import has no column.
    fn campos(&self, t: Tabela) -> Result<Vec<&Campo>> {
        let have = colunas(self.db, "main", t.nome())?;
        Ok(self.p.campos.iter().filter(|f| f.tabela == t && have.iter().any(|c| c.nome == f.coluna)).collect())
    }

    /// `, x.a, x.b …`: the layouts' columns of a table, but those that the view names itself.
    fn lista(&self, t: Tabela, alias: &str, own: &[&str]) -> Result<String> {
        let columns = self.campos(t)?.into_iter().map(|f| f.coluna.as_str()).filter(|c| !own.contains(c));
        Ok(columns.map(|c| format!(", {alias}.{c}")).collect())
    }

    /// The status by the rule of R019 and UC006, as [`crate::domain::situacao::status_da_ficha`] has it.
    fn ficha(&self) -> Result<()> {
        let own = ["id_crm", "status", "contratos", "ativos", "bloqueados", "baixados", "excluidos", "telefones"];
        let list = self.lista(Tabela::Ficha, "f", &own)?;
        let [ativo, bloqueado, baixado, excluido] = Situacao::TODAS.map(em);
        self.db.script(&format!(
            "CREATE VIEW main.bi_ficha AS SELECT f.id AS id_crm,
               CASE WHEN {bloqueado}>0 THEN '{}' WHEN {ativo}>0 THEN '{}' ELSE '{}' END AS status,
               (SELECT count(*) FROM contrato c WHERE c.ficha_id=f.id) AS contratos,
               {ativo} AS ativos, {bloqueado} AS bloqueados, {baixado} AS baixados, {excluido} AS excluidos,
               (SELECT count(*) FROM telefone t WHERE t.ficha_id=f.id) AS telefones,
               (SELECT max(score) FROM telefone t WHERE t.ficha_id=f.id) AS maior_score{list},
               f.criada_run, f.run
             FROM ficha f",
            StatusFicha::BloqueioParcial.as_str(),
            StatusFicha::Ativo.as_str(),
            StatusFicha::TodosContratosBaixados.as_str(),
        ))
    }

    fn contrato(&self) -> Result<()> {
        let own = ["id_crm", "contrato", "situacao", "bloqueado_em"];
        let rarely = self.lista(Tabela::Cadastro, "k", &own)?;
        let nightly = self.lista(Tabela::Divida, "d", &own)?;
        self.db.script(&format!(
            "CREATE VIEW main.bi_contrato AS SELECT c.ficha_id AS id_crm, c.contrato, c.situacao,
               CASE WHEN c.situacao='{}' THEN c.bloqueado_em END AS bloqueado_em{rarely}{nightly},
               c.criado_run, c.situacao_run, max(c.run, coalesce(d.run, 0)) AS run
             FROM contrato c LEFT JOIN cadastro k ON k.contrato_id=c.id LEFT JOIN divida d ON d.contrato_id=c.id",
            Situacao::Bloqueado.as_str(),
        ))
    }

    /// A table whose rows hang on a contract; `own` are columns of ours.
    fn do_contrato(&self, t: Tabela, own: &str) -> Result<()> {
        let (n, list) = (t.nome(), self.lista(t, "x", &["id_crm", "contrato"])?);
        self.db.script(&format!(
            "CREATE VIEW main.bi_{n} AS SELECT c.ficha_id AS id_crm, c.contrato{own}{list}, x.run
             FROM {n} x JOIN contrato c ON c.id=x.contrato_id"
        ))
    }

    fn dicionario(&self) -> Result<()> {
        self.db.script(
            "CREATE TABLE main.bi_dicionario (visao TEXT NOT NULL, coluna TEXT NOT NULL, tipo TEXT NOT NULL,
               casas INTEGER NOT NULL, pessoal INTEGER NOT NULL, PRIMARY KEY (visao, coluna)) STRICT, WITHOUT ROWID",
        )?;
        let mut stmt =
            self.db.prepare("INSERT INTO main.bi_dicionario VALUES (?1,?2,?3,?4,?5) ON CONFLICT DO NOTHING")?;
        for t in Tabela::TODAS {
            // the list of phones is no layout's; without the personal columns there are no e-mails
            if t == Tabela::Telefone || (t == Tabela::Email && !self.p.pessoais) {
                continue;
            }
            let of_contract = matches!(t, Tabela::Cadastro | Tabela::Divida);
            let view = format!("bi_{}", if of_contract { Tabela::Contrato } else { t }.nome());
            for f in self.campos(t)? {
                stmt.exec(&[
                    Cell::Text(&view),
                    Cell::Text(&f.coluna),
                    Cell::Text(f.tipo),
                    Cell::Int(i64::from(f.casas)),
                    Cell::Int(i64::from(f.pessoal)),
                ])?;
            }
        }
        Ok(())
    }
}

/// How many contracts of the ficha `f` are in a situação.
fn em(s: Situacao) -> String {
    format!("(SELECT count(*) FROM contrato c WHERE c.ficha_id=f.id AND c.situacao='{}')", s.as_str())
}

/// DDD and number stand there as one number, whose first two digits are the DDD; without the numbers, as the DDD alone.
fn telefone(numeros: bool) -> String {
    let fone = if numeros { ", substr(t.fone,3) AS numero, CAST(t.fone AS TEXT) AS fone" } else { "" };
    let origem: String = ORIGENS.map(|(o, word)| format!(" WHEN {} THEN '{word}'", o as u8)).concat();
    format!(
        "CREATE VIEW main.bi_telefone AS
         SELECT t.ficha_id AS id_crm, t.ordem, substr(t.fone,1,2) AS ddd{fone}, t.tipo,
           CASE t.origem{origem} END AS origem, t.comercial, t.score FROM telefone t"
    )
}

/// One row for everything that happened to a ficha: what files did to its contracts, and the contacts with it.
fn historico(pessoais: bool) -> String {
    let personal = |fone: &str, email: &str, mensagem: &str| match pessoais {
        true => format!(", {fone} AS fone, {email} AS email, {mensagem} AS mensagem"),
        false => String::new(),
    };
    let (nothing, number) = (personal("NULL", "NULL", "NULL"), personal("x.fone", "NULL", "NULL"));
    let action = personal("nullif(x.fone,'')", "x.email", "x.mensagem");
    let (email, sms) = (Canal::Email, Canal::Sms);
    format!(
        "CREATE VIEW main.bi_historico AS
         SELECT x.ficha_id AS id_crm, x.contrato, substr(replace(r.fim,'T',' '),1,19) AS em, r.data_operacao,
           'CARTEIRA' AS canal, x.regra AS acao, x.de, x.para, x.detalhe, NULL AS protocolo{nothing}, x.run, x.linha
         FROM {} x LEFT JOIN run r ON r.id=x.run
         UNION ALL
         SELECT x.ficha_id, c.contrato, x.enviada_em, l.data_operacao, x.canal,
           CASE x.canal WHEN '{}' THEN '{}' WHEN '{}' THEN '{}' ELSE x.canal END,
           NULL, NULL, NULL, nullif(x.protocolo,''){action}, NULL, x.linha
         FROM massiva x LEFT JOIN contrato c ON c.id=x.contrato_id LEFT JOIN lote l ON l.id=x.lote_id
         UNION ALL
         SELECT x.ficha_id, x.contrato, coalesce(x.enviada_em, substr(replace(x.importada_em,'T',' '),1,19)),
           l.data_operacao, 'WHATSAPP',
           x.estado, NULL, NULL, x.jornada, NULL{number}, NULL, x.linha
         FROM hsm x LEFT JOIN lote l ON l.id=x.lote_id
         UNION ALL
         SELECT x.ficha_id, NULL, x.em, l.data_operacao, 'LIGACAO', x.status, NULL, NULL, NULL, NULL{number}, NULL,
           x.linha
         FROM retorno x LEFT JOIN lote l ON l.id=x.lote_id",
        evento::HISTORIA,
        email.as_str(),
        email.marca(),
        sms.as_str(),
        sms.marca(),
    )
}

/// Files with the account of the run that decided them.
const ARQUIVO: &str = "
CREATE VIEW main.bi_arquivo AS
SELECT a.id AS arquivo_id, a.data_operacao, a.kind AS etapa, a.layout, a.nome AS arquivo, a.tamanho, a.sha256,
  a.estado, a.codigo, a.mensagem, a.recebido_em, a.run, r.inicio, r.fim, r.forcado,
  json_extract(r.conta,'$.lines.read') AS lidas, json_extract(r.conta,'$.lines.created') AS novas,
  json_extract(r.conta,'$.lines.updated') AS alteradas, json_extract(r.conta,'$.lines.unchanged') AS iguais,
  (SELECT coalesce(sum(value),0) FROM json_each(r.conta,'$.lines.ignored')) AS ignoradas,
  (SELECT coalesce(sum(value),0) FROM json_each(r.conta,'$.lines.rejected')) AS rejeitadas
FROM arquivo a LEFT JOIN (
  SELECT id, inicio, fim, forcado, CASE WHEN json_valid(conta) THEN conta ELSE '{}' END AS conta FROM run) r
ON r.id=a.run;
";

/// Operating days by step: what came, what became of it, what was waived.
const DIA: &str = "
CREATE VIEW main.bi_dia AS
SELECT k.data_operacao, k.kind AS etapa, count(a.arquivo_id) AS arquivos,
  count(CASE WHEN a.estado='importado' THEN 1 END) AS importados,
  count(CASE WHEN a.estado='pendente' THEN 1 END) AS pendentes,
  count(CASE WHEN a.estado='quarentena' THEN 1 END) AS em_quarentena,
  count(CASE WHEN a.estado='recusado' THEN 1 END) AS recusados,
  count(CASE WHEN a.estado='duplicado' THEN 1 END) AS duplicados,
  count(CASE WHEN a.estado='desfeito' THEN 1 END) AS desfeitos,
  coalesce(sum(CASE WHEN a.estado='importado' THEN a.lidas END), 0) AS lidas,
  coalesce(sum(CASE WHEN a.estado='importado' THEN a.novas END), 0) AS novas,
  coalesce(sum(CASE WHEN a.estado='importado' THEN a.alteradas END), 0) AS alteradas,
  coalesce(sum(CASE WHEN a.estado='importado' THEN a.iguais END), 0) AS iguais,
  coalesce(sum(CASE WHEN a.estado='importado' THEN a.ignoradas END), 0) AS ignoradas,
  coalesce(sum(CASE WHEN a.estado='importado' THEN a.rejeitadas END), 0) AS rejeitadas,
  w.motivo AS dispensa
FROM (SELECT data_operacao, kind FROM arquivo WHERE data_operacao IS NOT NULL
      UNION SELECT data_operacao, kind FROM dispensa) k
LEFT JOIN bi_arquivo a ON a.data_operacao=k.data_operacao AND a.etapa=k.kind
LEFT JOIN dispensa w ON w.data_operacao=k.data_operacao AND w.kind=k.kind
GROUP BY k.data_operacao, k.kind;
";
