//! The tables of `atendimento.db` behind the back office's pages: who may log in, who is logged in; and the indexes
//! that the queue is read by.

/// People (`usuario`) and their sessions. A session is told by the SHA-256 of what the browser shows.
pub(super) const USUARIOS: &str = "
CREATE TABLE usuario (
  id INTEGER PRIMARY KEY, login TEXT NOT NULL UNIQUE, papel TEXT NOT NULL, senha TEXT NOT NULL, criado_em TEXT NOT NULL,
  mudado_em TEXT NOT NULL, desativado_em TEXT) STRICT;
CREATE TABLE sessao (
  sha256 TEXT PRIMARY KEY, usuario_id INTEGER NOT NULL REFERENCES usuario(id), criada_em TEXT NOT NULL,
  vista_em TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX sessao_usuario ON sessao(usuario_id);
";

/// The order of the queue, with all that it is filtered by, so that no row is read that is not shown; what the audit
/// holds of the pages.
pub(super) const FILA: &str = "
CREATE INDEX workflow_ordem ON workflow(fechado, aberto_em, id, estado, tipo, operador, agendado_para);
CREATE INDEX workflow_agenda ON workflow(agendado_para, aberto_em, id, estado, tipo, operador)
  WHERE fechado=0 AND agendado_para IS NOT NULL;
CREATE INDEX workflow_mudado ON workflow(fechado, mudado_em);
CREATE INDEX workflow_operador ON workflow(operador);
CREATE INDEX auditoria_workflow ON auditoria(quem, id) WHERE quem>='workflow:' AND quem<'workflow;';
";
