//! The queue of HSM (UC013, UC014) in `atendimento.db`.

/// `hsm.tentativas` counts the POSTs of a message as decisions 7 count them; `enviada_em` is the local time of the last
/// one and NULL where nothing left, `tentada_em` of the last one after which a message waited again: OMNE may have it all the
/// same, and tell of it; `entrega` is what OMNE's webhook says of the delivery. `hsm_controle` has one row: the
/// number of the last attempt, which the send journal beside the store has too; until when OMNE asked us to wait (seconds
/// since 1970); who paused the sender. `hsm_dia` says how many messages went on each day, for all one knows.
///
/// **Performance:** sending a message writes one page of each index that holds what it changes, and each page goes into the log
/// twice a message. So what waits has an index of its own, at whose head the sender works, what is done another, which only
/// grows at its ends, and the number of a message is looked up by an index that sending leaves alone.
pub(super) const HSM: &str = "
CREATE TABLE hsm (
  id INTEGER PRIMARY KEY, lote_id INTEGER NOT NULL REFERENCES lote(id), linha INTEGER NOT NULL,
  ficha_id INTEGER NOT NULL, contrato_id INTEGER NOT NULL, contrato TEXT NOT NULL, fone TEXT NOT NULL,
  nome TEXT NOT NULL, jornada TEXT NOT NULL, estado TEXT NOT NULL, motivo TEXT, importada_em TEXT NOT NULL,
  tentativas INTEGER NOT NULL DEFAULT 0, enviada_em TEXT, tentada_em TEXT, http INTEGER, resposta TEXT, atualizada_em TEXT,
  entrega TEXT, entrega_em TEXT,
  UNIQUE (lote_id, linha)) STRICT;
CREATE INDEX hsm_fila ON hsm(estado, id, jornada) WHERE estado IN ('PENDENTE','ENVIANDO','INCERTA');
CREATE INDEX hsm_fim ON hsm(jornada, estado) WHERE estado IN ('ACEITA','FALHA','CANCELADA');
CREATE INDEX hsm_ficha ON hsm(ficha_id);
CREATE INDEX hsm_fone ON hsm(fone);
CREATE TABLE hsm_controle (
  id INTEGER PRIMARY KEY CHECK (id=1), tentativa INTEGER NOT NULL, nao_antes INTEGER, pausada_em TEXT,
  pausada_por TEXT) STRICT;
CREATE TABLE hsm_dia (dia TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO hsm_controle (id, tentativa) VALUES (1, 0);
";
