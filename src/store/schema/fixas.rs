//! The tables whose columns no layout brings.

/// Those of `carteira.db`.
pub(super) const CARTEIRA: &str = "
CREATE TABLE campanha (id INTEGER PRIMARY KEY, nome TEXT NOT NULL, carteira TEXT NOT NULL, ascob TEXT NOT NULL) STRICT;
CREATE TABLE sequencia (nome TEXT PRIMARY KEY, valor INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE corrente (run INTEGER NOT NULL) STRICT;
INSERT INTO corrente VALUES (0);
CREATE TABLE remoto (
  origem TEXT NOT NULL, nome TEXT NOT NULL, tamanho INTEGER NOT NULL, mtime INTEGER NOT NULL,
  visto_em INTEGER NOT NULL, estado TEXT NOT NULL, motivo TEXT, arquivo_id INTEGER, depois TEXT,
  PRIMARY KEY (origem, nome)) STRICT, WITHOUT ROWID;
CREATE TABLE arquivo (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, layout TEXT NOT NULL, nome TEXT NOT NULL,
  data_operacao TEXT, carimbo TEXT NOT NULL,
  tamanho INTEGER NOT NULL, mtime INTEGER NOT NULL, sha256 TEXT NOT NULL, codificacao TEXT NOT NULL,
  estado TEXT NOT NULL, codigo TEXT, mensagem TEXT,
  run INTEGER, caminho TEXT NOT NULL, substitui INTEGER, recebido_em TEXT NOT NULL) STRICT;
CREATE INDEX arquivo_dia ON arquivo(data_operacao, kind);
CREATE INDEX arquivo_sha ON arquivo(sha256);
CREATE INDEX arquivo_estado ON arquivo(estado, kind);
CREATE TABLE run (
  id INTEGER PRIMARY KEY, comando TEXT NOT NULL, kind TEXT NOT NULL, arquivo_id INTEGER, data_operacao TEXT,
  inicio TEXT NOT NULL, fim TEXT NOT NULL, estado TEXT NOT NULL, saida INTEGER NOT NULL,
  conta TEXT NOT NULL, arquivo_rejeitos TEXT, forcado TEXT) STRICT;
CREATE INDEX run_arquivo ON run(arquivo_id);
CREATE TABLE rejeito (
  run INTEGER NOT NULL, linha INTEGER NOT NULL, contrato TEXT, campo TEXT, codigo TEXT NOT NULL,
  mensagem TEXT NOT NULL, rejeitada INTEGER NOT NULL, posicao INTEGER NOT NULL, tamanho INTEGER NOT NULL,
  PRIMARY KEY (run, linha)) STRICT, WITHOUT ROWID;
CREATE TABLE dispensa (
  data_operacao TEXT NOT NULL, kind TEXT NOT NULL, motivo TEXT NOT NULL, em TEXT NOT NULL,
  PRIMARY KEY (data_operacao, kind)) STRICT, WITHOUT ROWID;
CREATE TABLE evento (
  contrato_id INTEGER NOT NULL, run INTEGER NOT NULL, linha INTEGER NOT NULL, regra TEXT NOT NULL,
  de TEXT, para TEXT, detalhe TEXT, PRIMARY KEY (contrato_id, run, linha, regra)) STRICT, WITHOUT ROWID;
CREATE TABLE enriquecimento (ficha_id INTEGER PRIMARY KEY, ultimo INTEGER NOT NULL) STRICT;
CREATE TABLE presenca (run INTEGER PRIMARY KEY, contratos BLOB NOT NULL) STRICT;
CREATE TABLE conjunto (
  etapa TEXT NOT NULL, contrato_id INTEGER NOT NULL, h INTEGER NOT NULL, linhas INTEGER NOT NULL,
  run INTEGER NOT NULL, PRIMARY KEY (etapa, contrato_id)) STRICT, WITHOUT ROWID;
CREATE TABLE saida (
  id INTEGER PRIMARY KEY, tipo TEXT NOT NULL, nome TEXT NOT NULL, caminho TEXT NOT NULL, data_operacao TEXT,
  linhas INTEGER NOT NULL, tamanho INTEGER NOT NULL, sha256 TEXT NOT NULL, estado TEXT NOT NULL,
  run INTEGER, criada_em TEXT NOT NULL, publicada_em TEXT, mensagem TEXT, desfeita_run INTEGER) STRICT;
CREATE INDEX saida_estado ON saida(estado);
CREATE TABLE enviado (
  ficha_id INTEGER PRIMARY KEY, contrato TEXT NOT NULL, cpf_cnpj TEXT NOT NULL, h INTEGER NOT NULL,
  saida_id INTEGER NOT NULL) STRICT;
CREATE TABLE varredura (
  tipo TEXT PRIMARY KEY, visto TEXT NOT NULL, em TEXT NOT NULL, data_operacao TEXT, linhas INTEGER NOT NULL,
  mensagem TEXT) STRICT, WITHOUT ROWID;
";

/// Those of `atendimento.db`.
pub(super) const ATENDIMENTO: &str = "
CREATE TABLE auditoria (
  id INTEGER PRIMARY KEY, em TEXT NOT NULL, quem TEXT NOT NULL, ficha_id INTEGER, o_que TEXT NOT NULL) STRICT;
CREATE INDEX auditoria_ficha ON auditoria(ficha_id);
CREATE TABLE lote (
  id INTEGER PRIMARY KEY, data_operacao TEXT NOT NULL, sha256 TEXT NOT NULL, layout TEXT NOT NULL,
  importado_em TEXT NOT NULL, rejeitos TEXT NOT NULL, UNIQUE (data_operacao, sha256, layout)) STRICT;
CREATE TABLE massiva (
  ficha_id INTEGER NOT NULL, contrato_id INTEGER NOT NULL, canal TEXT NOT NULL, enviada_em TEXT NOT NULL,
  protocolo TEXT NOT NULL, fone TEXT NOT NULL, email TEXT, mensagem TEXT, lote_id INTEGER NOT NULL REFERENCES lote(id),
  linha INTEGER NOT NULL,
  PRIMARY KEY (ficha_id, contrato_id, canal, enviada_em, protocolo, fone)) STRICT, WITHOUT ROWID;
CREATE TABLE marca (
  ficha_id INTEGER NOT NULL, contrato_id INTEGER NOT NULL, em TEXT NOT NULL, texto TEXT NOT NULL,
  PRIMARY KEY (ficha_id, contrato_id)) STRICT, WITHOUT ROWID;
CREATE TABLE mudanca (n INTEGER NOT NULL) STRICT;
INSERT INTO mudanca VALUES (0);
CREATE TRIGGER marca_nova AFTER INSERT ON marca BEGIN UPDATE mudanca SET n=n+1; END;
CREATE TRIGGER marca_muda AFTER UPDATE ON marca BEGIN UPDATE mudanca SET n=n+1; END;
CREATE TRIGGER marca_sai AFTER DELETE ON marca BEGIN UPDATE mudanca SET n=n+1; END;
CREATE TABLE retorno (
  ficha_id INTEGER NOT NULL, em TEXT NOT NULL, fone TEXT NOT NULL, status TEXT NOT NULL,
  lote_id INTEGER NOT NULL REFERENCES lote(id), linha INTEGER NOT NULL,
  PRIMARY KEY (ficha_id, em, fone, status)) STRICT, WITHOUT ROWID;
CREATE TRIGGER auditoria_sem_update BEFORE UPDATE ON auditoria BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER auditoria_sem_delete BEFORE DELETE ON auditoria BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER auditoria_sem_troca BEFORE INSERT ON auditoria WHEN EXISTS (SELECT 1 FROM auditoria WHERE id=NEW.id)
  BEGIN SELECT RAISE(ABORT, 'append only'); END;
";
