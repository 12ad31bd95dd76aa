"""The baseline in Python: dadosCliente on FastAPI and sqlite3, the same rows and the same JSON as the bare handler.

Usage: endpoint.py STORE STATEMENTS PORT WORKERS

Without tokens, audit, limits or log. Twice: `/api/v1/dadosCliente` returns its values and leaves the rest to FastAPI, as
its manual does; `/afinado/api/v1/dadosCliente` hands over a body that json.dumps wrote, on the event loop, with no
thread changed for an answer. Both have a connection that is open all the time, and a worker a core.
"""

import json
import os
import sqlite3
import threading

from fastapi import FastAPI, Response

STORE = os.environ.get("BENCH_STORE", "")
app = FastAPI()
LOCAL = threading.local()
Q = None


def base():
    """The connection of this thread."""
    global Q
    if Q is None:
        with open(os.environ["BENCH_FRASES"]) as f:
            Q = json.load(f)
    if not hasattr(LOCAL, "base"):
        LOCAL.base = sqlite3.connect(f"file:{STORE}/carteira.db?mode=ro", uri=True)
        LOCAL.base.execute("ATTACH DATABASE ? AS atendimento", (f"file:{STORE}/atendimento.db?mode=ro",))
        LOCAL.base.execute("PRAGMA cache_size=-16384")
    return LOCAL.base


def decimal(n, escala):
    if n is None:
        return None
    text = str(abs(n)).rjust(escala + 1, "0")
    return ("-" if n < 0 else "") + (f"{text[:-escala]}.{text[-escala:]}" if escala else text)


def linhas(c, q, ident, antes):
    for r in c.execute(q["sql"], (ident,)):
        yield r, {n: v if e is None else decimal(v, e) for (n, e), v in zip(q["colunas"], r[antes:])}


SAIDA = {"CE": "CELULAR", "RE": "RESIDENCIAL", "CO": "COMERCIAL"}
TERCEIRO = {"RF", "CJ", "AV"}


def telefones(c, ident, contratos):
    """The union of the phones, and the numbers that are third parties'; the contracts take their own."""
    lidos = [r for r in linhas(c, Q["telefones"], ident, 8) if r[0][3]]
    terceiros = {r[3] for r, _ in lidos if r[0] == 0 and (r[6] or "").strip().upper() in TERCEIRO}
    invalidos = {r[3] for r, _ in lidos if r[0] == 0 and (r[7] or "").upper() == "I"}
    notas, unidos = {}, {}
    for r, m in lidos:
        origem, contrato, ordem, fone, score, run, tipo = r[:7]
        if origem == 0 and fone not in terceiros and contrato in contratos:
            for nome, v in m.items():
                contratos[contrato][f"telefone_{ordem}_{nome}"] = v
        if score is not None and (fone not in notas or run >= notas[fone][0]):
            notas[fone] = (run, score)
        if origem == 3 or fone in unidos or fone in terceiros or (origem == 0 and fone in invalidos):
            continue
        tipo = (tipo or "").strip()
        nome = {0: SAIDA.get(tipo.upper(), "OUTRO"), 1: tipo or "OUTRO", 2: f"Enriquecimento {ordem}"}[origem]
        unidos[fone] = nome
    out = [
        {"tipo": t, "ddd": f[:2], "fone": f[2:], "score": notas.get(f, (0, None))[1]} for f, t in unidos.items()
    ]
    return out, terceiros


def historia(c, ident, terceiros):
    def numero(fone):
        return None if fone in terceiros else fone

    ocorrencias = [
        {"dataCadastro": em[:10], "horario": em[11:19], "ocorrencia": nome, "numeroDiscado": numero(fone),
         "telefoneAgendado": numero(agendado), "contrato": contrato, "parcela": parcela, "usuarioCadastro": usuario,
         "idTipoCanal": canal, "obs": obs}
        for em, nome, canal, usuario, fone, agendado, contrato, parcela, obs in c.execute(
            """SELECT em, nome, canal, usuario, fone, agendado, contrato, parcela, obs FROM atendimento.tabulacao
               WHERE ficha_id=? ORDER BY em DESC, id DESC LIMIT 500""", (ident,))
    ]
    ocorrencias += [
        {"dataCadastro": em[:10], "horario": em[11:19], "ocorrencia": status, "numeroDiscado": numero(fone),
         "telefoneAgendado": None, "contrato": None, "parcela": None, "usuarioCadastro": None, "idTipoCanal": None,
         "obs": None}
        for em, fone, status in c.execute(
            """SELECT em, fone, status FROM atendimento.retorno WHERE ficha_id=?
               ORDER BY em DESC, fone, status LIMIT 500""", (ident,))
    ]
    ocorrencias.sort(key=lambda o: (o["dataCadastro"], o["horario"]), reverse=True)
    tabs, boletos, canal = c.execute(
        """SELECT count(*), coalesce(sum(boleto), 0), (SELECT canal FROM atendimento.tabulacao
             WHERE ficha_id=?1 AND boleto=1 ORDER BY em DESC, id DESC LIMIT 1)
           FROM atendimento.tabulacao WHERE ficha_id=?1""", (ident,)).fetchone()
    proposta = c.execute(
        """SELECT tipo_acordo, valor_proposto, qtd_parcelas, primeiro_vencimento FROM atendimento.proposta
           WHERE ficha_id=? ORDER BY id DESC LIMIT 1""", (ident,)).fetchone()
    emails = [
        {"protocolo": p, "email": e, "dataEnvio": em}
        for p, e, em in c.execute(
            """SELECT protocolo, email, enviada_em FROM atendimento.massiva WHERE ficha_id=? AND canal='EMAIL'
               ORDER BY enviada_em DESC, protocolo, fone, contrato_id LIMIT 500""", (ident,))
    ]
    sms = [
        {"protocolo": p, "dataEnvio": em, "telefone": numero(f), "mensagem": m, "contrato": k}
        for p, em, f, m, k in c.execute(
            """SELECT m.protocolo, m.enviada_em, m.fone, m.mensagem, c.contrato FROM atendimento.massiva m
               LEFT JOIN contrato c ON c.id=m.contrato_id WHERE m.ficha_id=? AND canal='SMS'
               ORDER BY enviada_em DESC, protocolo, fone, contrato_id LIMIT 500""", (ident,))
    ]
    atendimentos = [
        json.loads(corpo)
        for (corpo,) in c.execute(
            """SELECT corpo FROM atendimento.webhook WHERE ficha_id=? AND tipo='attendance'
               ORDER BY id DESC LIMIT 50""", (ident,))
    ]
    calls = len(ocorrencias) - tabs
    return {"acionamentos": tabs + calls + len(emails) + len(sms), "boletos": boletos, "canal": canal,
            "proposta": proposta, "ocorrencias": ocorrencias, "emails": emails, "sms": sms,
            "atendimentos": atendimentos}


def cliente(c, cpf):
    (ident,) = c.execute("SELECT id FROM ficha WHERE cpf_cnpj_cliente=?", (cpf,)).fetchone()
    contratos = {r[0]: m for r, m in linhas(c, Q["contratos"], ident, 1)}
    fones, terceiros = telefones(c, ident, contratos)
    enderecos, emails, parcelas, garantias, refin, vistos, carros = [], [], [], [], [], set(), {}
    for cid, row in contratos.items():
        texto = row["contrato"]
        for r, m in linhas(c, Q["enderecos"], cid, 1):
            for nome, v in m.items():
                row[f"endereco_{r[0]}_{nome}"] = v
            enderecos.append({**m, "origem": "remessa", "contrato": texto})
        for r, m in linhas(c, Q["emails"], cid, 1):
            row[f"email_{r[0]}"] = m["email"]
            if m["email"] and m["email"].lower() not in vistos:
                vistos.add(m["email"].lower())
                emails.append({"email": m["email"], "origem": "remessa"})
        parcelas += [{"contrato": texto, **m} for _, m in linhas(c, Q["parcelas"], cid, 0)]
        for r, m in linhas(c, Q["garantia"], cid, 1):
            garantias.append({"contrato": texto, **{n: m[n] for n in Q["garantias"].get(str(r[0]), ())}})
            if r[0] == 1:
                carros.setdefault(cid, m)
        refin += [{"contrato": texto, "dataCarga": r[0], **m} for r, m in linhas(c, Q["refin"], cid, 1)]
    ativos = [(cid, m) for cid, m in contratos.items() if m["situacao"] == "ATIVO"]
    cid, k = max(ativos, key=lambda a: -1 if a[1]["dias_atraso"] is None else a[1]["dias_atraso"], default=(None, {}))
    h = historia(c, ident, terceiros)
    tipo, valor, partes, primeiro = h["proposta"]
    carro = carros.get(cid, {})
    mailing = {
        "nome": k.get("nome_cliente"), "cpf": k.get("cpf_cnpj_cliente"), "contrato": k.get("contrato"),
        "carteira": k.get("nome_carteira"), "acionamentos": h["acionamentos"], "boletos": h["boletos"],
        "valorParcela": k.get("valor_parcela"), "datasPagamento": [primeiro],
        "resumoPagamento": f"{tipo}, {partes} parcelas, R$ {valor // 100},{valor % 100:02}", "jornada": tipo,
        "valorAPagar": decimal(valor, 2), "envioBoleto": h["canal"], "marca": carro.get("marca"),
        "modelo": carro.get("modelo"),
        "ano": f"{carro['ano_fabricacao']}/{carro['ano_modelo']}" if carro else None,
    }
    return {
        "idCrm": ident, "idCampanha": 1, "status": "ATIVO", "mailing": mailing, "contratos": list(contratos.values()),
        "telefones_disponiveis": fones, "parcelas": parcelas, "enderecos_disponiveis": enderecos,
        "emails_disponiveis": emails, "historico_atendimento": h["ocorrencias"], "garantias": garantias,
        "dadosRefin": refin,
        "historicoWhatsapp": {"atendimento": h["atendimentos"], "widget": [], "hsm": [], "ocorrencia": []},
        "historicoMassivoEmail": h["emails"], "historicoMassivoSms": h["sms"],
    }


@app.get("/api/v1/dadosCliente")
def dados_cliente(cpf: str):
    return {"clientes": [cliente(base(), cpf)]}


@app.get("/afinado/api/v1/dadosCliente")
async def afinado(cpf: str):
    corpo = json.dumps({"clientes": [cliente(base(), cpf)]}, ensure_ascii=False, separators=(",", ":"))
    return Response(corpo, media_type="application/json")


if __name__ == "__main__":
    import sys

    import uvicorn

    os.environ["BENCH_STORE"], os.environ["BENCH_FRASES"] = sys.argv[1:3]
    uvicorn.run("endpoint:app", port=int(sys.argv[3]), workers=int(sys.argv[4]), log_level="error", access_log=False)
