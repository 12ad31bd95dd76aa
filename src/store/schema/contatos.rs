//! The tables of `atendimento.db` that `serve` fills: who may ask, what the Portal writes, what OMNE tells, what the
//! back office treats.

/// Who may ask (`token`), what was answered to a repeated write (`idempotencia`), what the Portal writes (UC010, UC011).
///
/// `tabulacao.origem` is `PORTAL`, or `WEBHOOK` for a provisional one that gives way when the Portal's own comes.
pub(super) const PORTAL: &str = "
CREATE TABLE token (
  id INTEGER PRIMARY KEY, nome TEXT NOT NULL, escopo TEXT NOT NULL, sha256 TEXT NOT NULL UNIQUE, criado_em TEXT NOT NULL,
  expira_em TEXT, revogado_em TEXT) STRICT;
CREATE TABLE idempotencia (
  token_id INTEGER NOT NULL, chave TEXT NOT NULL, corpo TEXT NOT NULL, resposta INTEGER NOT NULL, em TEXT NOT NULL,
  PRIMARY KEY (token_id, chave)) STRICT, WITHOUT ROWID;
CREATE TABLE tabulacao (
  id INTEGER PRIMARY KEY, ficha_id INTEGER NOT NULL, contrato_id INTEGER, contrato TEXT, origem TEXT NOT NULL,
  resultado INTEGER, nome TEXT NOT NULL, boleto INTEGER NOT NULL, canal INTEGER, usuario TEXT, fone TEXT,
  agendado TEXT, parcela TEXT, obs TEXT, attendance_id TEXT, protocolo TEXT, ticket_id TEXT, inicio TEXT,
  em TEXT NOT NULL) STRICT;
CREATE INDEX tabulacao_ficha ON tabulacao(ficha_id);
CREATE INDEX tabulacao_attendance ON tabulacao(attendance_id) WHERE attendance_id IS NOT NULL;
CREATE TABLE nao_contatar (
  ficha_id INTEGER PRIMARY KEY, valor TEXT NOT NULL, tabulacao_id INTEGER NOT NULL, em TEXT NOT NULL) STRICT;
CREATE TABLE portal_telefone (
  id INTEGER PRIMARY KEY, ficha_id INTEGER NOT NULL, fone TEXT NOT NULL, tipo TEXT NOT NULL, score INTEGER,
  usuario TEXT NOT NULL, em TEXT NOT NULL, score_em TEXT NOT NULL, lista INTEGER NOT NULL DEFAULT 1,
  score_run INTEGER NOT NULL DEFAULT 0, UNIQUE (ficha_id, fone)) STRICT;
CREATE INDEX portal_telefone_fone ON portal_telefone(fone);
CREATE TABLE portal_email (
  id INTEGER PRIMARY KEY, ficha_id INTEGER NOT NULL, email TEXT NOT NULL, usuario TEXT NOT NULL, em TEXT NOT NULL) STRICT;
CREATE INDEX portal_email_ficha ON portal_email(ficha_id);
CREATE INDEX portal_email_email ON portal_email(email);
CREATE TABLE portal_endereco (
  id INTEGER PRIMARY KEY, ficha_id INTEGER NOT NULL, tipo TEXT, logradouro TEXT NOT NULL, numero TEXT, complemento TEXT,
  bairro TEXT, cidade TEXT, uf TEXT, cep TEXT, usuario TEXT NOT NULL, em TEXT NOT NULL) STRICT;
CREATE INDEX portal_endereco_ficha ON portal_endereco(ficha_id);
CREATE TABLE proposta (
  id INTEGER PRIMARY KEY, ficha_id INTEGER NOT NULL, contrato_id INTEGER NOT NULL, contrato TEXT NOT NULL,
  usuario TEXT NOT NULL, attendance_id TEXT, tipo_acordo TEXT NOT NULL, valor_proposto INTEGER NOT NULL,
  qtd_parcelas INTEGER, primeiro_vencimento TEXT, campos TEXT NOT NULL, em TEXT NOT NULL) STRICT;
CREATE INDEX proposta_ficha ON proposta(ficha_id);
CREATE TRIGGER nao_contatar_novo AFTER INSERT ON nao_contatar BEGIN UPDATE mudanca SET n=n+1; END;
CREATE TRIGGER nao_contatar_muda AFTER UPDATE ON nao_contatar BEGIN UPDATE mudanca SET n=n+1; END;
CREATE TRIGGER portal_telefone_novo AFTER INSERT ON portal_telefone BEGIN UPDATE mudanca SET n=n+1; END;
CREATE TRIGGER portal_telefone_muda AFTER UPDATE ON portal_telefone BEGIN UPDATE mudanca SET n=n+1; END;
";

/// What OMNE tells (UC008): the raw body first, its links after.
///
/// A row a version: `versao` is the moment that its body tells, and of one key all but the newest are `SUBSTITUIDO`.
/// `visitante` is the visitor whom an attendance names. `tentado_run` is carteira's last run when linking was tried.
pub(super) const WEBHOOK: &str = "
CREATE TABLE webhook (
  id INTEGER PRIMARY KEY, tipo TEXT NOT NULL, chave TEXT NOT NULL, sha256 TEXT NOT NULL, versao TEXT NOT NULL,
  corpo BLOB NOT NULL, recebido_em TEXT NOT NULL, estado TEXT NOT NULL, via TEXT, ficha_id INTEGER,
  contrato_id INTEGER, tabulacao_id INTEGER, attendance_id TEXT, visitante TEXT,
  tentado_run INTEGER NOT NULL DEFAULT 0, tentado_em TEXT, UNIQUE (tipo, chave, sha256)) STRICT;
CREATE INDEX webhook_estado ON webhook(estado, tentado_run);
CREATE INDEX webhook_attendance ON webhook(attendance_id) WHERE attendance_id IS NOT NULL;
CREATE INDEX webhook_visitante ON webhook(visitante) WHERE visitante IS NOT NULL;
CREATE INDEX webhook_ficha ON webhook(ficha_id) WHERE ficha_id IS NOT NULL;
";

/// What the back office treats (UC012): one open item a contract (or ficha) and type, and every change of it.
pub(super) const WORKFLOW: &str = "
CREATE TABLE workflow (
  id INTEGER PRIMARY KEY, ficha_id INTEGER NOT NULL, contrato_id INTEGER, contrato TEXT, tipo TEXT NOT NULL,
  estado TEXT NOT NULL, agendado_para TEXT, aberto_em TEXT NOT NULL, mudado_em TEXT NOT NULL, operador TEXT NOT NULL,
  fechado INTEGER NOT NULL, versao INTEGER NOT NULL) STRICT;
CREATE UNIQUE INDEX workflow_aberto ON workflow(ficha_id, coalesce(contrato_id, 0), tipo) WHERE fechado=0;
CREATE INDEX workflow_fila ON workflow(fechado, estado, mudado_em);
CREATE INDEX workflow_ficha ON workflow(ficha_id);
CREATE TABLE workflow_evento (
  id INTEGER PRIMARY KEY, workflow_id INTEGER NOT NULL REFERENCES workflow(id), em TEXT NOT NULL, quem TEXT NOT NULL,
  de TEXT, para TEXT NOT NULL, nota TEXT, agendado_para TEXT, tabulacao_id INTEGER) STRICT;
CREATE INDEX workflow_evento_item ON workflow_evento(workflow_id);
CREATE TRIGGER workflow_evento_sem_update BEFORE UPDATE ON workflow_evento BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER workflow_evento_sem_delete BEFORE DELETE ON workflow_evento BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER workflow_evento_sem_troca BEFORE INSERT ON workflow_evento WHEN EXISTS (SELECT 1 FROM workflow_evento WHERE id=NEW.id)
  BEGIN SELECT RAISE(ABORT, 'append only'); END;
";
