//! atualizarProposta (UC011): the 23 fields of a proposal, under its contract.

use super::corpo::{ATTENDANCE_ID, Corpo};
use super::escrita::{Contexto, Feita, Gravada, campanha_certa, chave_do_contrato, usuario};
use super::recusa::Recusa;
use super::tabulacao::{ID_MAX, PARCELA_MAX};
use crate::domain::valores::decimal_ponto;
use crate::store::historia;
use crate::store::portal::{self, Proposta};
use serde_json::{Map, Value};

/// The sorts of deal.
const TIPOS: [&str; 3] = ["Quitação", "Parcial", "TotaisEmAtraso"];
/// Cents that a proposal may hold.
const CENTAVOS_MAX: i64 = 99_999_999_999_999;
/// Counts: instalments, days.
const CONTAGEM: std::ops::RangeInclusive<i64> = 0..=99_999;
/// Decimals of a percentage.
const CASAS: u8 = 4;
/// 100 % at these decimals.
const CEM: i64 = 1_000_000;

/// Writes a proposal; the last one of a client counts.
///
/// # Errors
/// [`Recusa`]; UC011/FA001 where nobody has the contract.
pub(super) fn atualiza(ctx: &Contexto<'_>, mut c: Corpo<'_>) -> Result<Gravada, Recusa> {
    let campanha = c.inteiro("idCampanha", 0..=i64::MAX);
    let chave = chave_do_contrato(&mut c);
    let chave = c.exige("contrato", chave);
    let usuario = usuario(&mut c);
    let valor = c.decimal("valorProposto", 2, CENTAVOS_MAX);
    let valor = c.exige("valorProposto", valor);
    let tipo = tipo(&mut c);
    let attendance_id = c.texto(ATTENDANCE_ID, ID_MAX);
    let qtd_parcelas = c.inteiro("qtdParcelas", CONTAGEM);
    let vencimento = c.data("primeiroVencimento");
    let mut campos = outros(&mut c);
    let (true, Some(chave), Some(usuario), Some(valor), Some(tipo)) = (c.bom(), chave, usuario, valor, tipo) else {
        return Err(c.recusa());
    };
    campanha_certa(ctx, campanha)?;
    let (contrato_id, ficha, contrato) = contrato(ctx, &chave)?;
    for (name, value) in [
        ("contrato", Value::from(contrato.as_str())),
        ("usuario", usuario.as_str().into()),
        (ATTENDANCE_ID, attendance_id.as_deref().into()),
        ("valorProposto", decimal_ponto(valor, 2).into()),
        ("tipoAcordo", tipo.into()),
        ("qtdParcelas", qtd_parcelas.into()),
        ("primeiroVencimento", vencimento.as_deref().into()),
    ] {
        campos.insert(name.into(), value);
    }
    let id = portal::poe_proposta(
        ctx.db,
        &Proposta {
            ficha,
            contrato_id,
            contrato: &contrato,
            usuario: &usuario,
            attendance_id: attendance_id.as_deref(),
            tipo_acordo: tipo,
            valor_proposto: valor,
            qtd_parcelas,
            primeiro_vencimento: vencimento.as_deref(),
            campos: &Value::from(campos).to_string(),
            em: &ctx.agora.iso(),
        },
    )?;
    Ok(Gravada { feita: Feita { id, nova: true }, ficha, usuario })
}

/// One of the three, in any case and with or without its accents.
fn tipo(c: &mut Corpo<'_>) -> Option<&'static str> {
    const NOME: &str = "tipoAcordo";
    let text = c.texto(NOME, 40);
    let text = c.exige(NOME, text)?;
    let plain = |t: &str| t.to_lowercase().replace('ç', "c").replace('ã', "a");
    let known = TIPOS.into_iter().find(|t| plain(t) == plain(&text));
    if known.is_none() {
        c.falta(NOME, TIPOS.join(", "));
    }
    known
}

/// The fields that are only kept, as they are answered: money and percentages as decimal text.
fn outros(c: &mut Corpo<'_>) -> Map<String, Value> {
    let mut out = Map::new();
    let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
    put("parcela", c.texto("parcela", PARCELA_MAX).into());
    put("ticketPan", c.texto("ticketPan", ID_MAX).into());
    for name in ["valorEntrada", "valorHonorario", "valorSemDesc", "ofertaMinima"] {
        put(name, c.decimal(name, 2, CENTAVOS_MAX).map(|v| decimal_ponto(v, 2)).into());
    }
    put("valorComDesc", c.decimal("valorComDesc", u32::from(CASAS), CEM).map(|v| decimal_ponto(v, CASAS)).into());
    for name in ["parcelasContratos", "negParcelas"] {
        put(name, c.lista(name).into());
    }
    for name in ["negociacaoEntregaAmigavel", "rndRefin"] {
        put(name, c.booleano(name).into());
    }
    for name in ["dividaAtraso", "dividaPrazo", "dividaParcelasPagas", "dividaParcelasVenc", "dividasAVencer"] {
        put(name, c.inteiro(name, CONTAGEM).into());
    }
    out
}

/// Row, ficha and text of a contract, in any situação.
fn contrato(ctx: &Contexto<'_>, chave: &str) -> Result<(i64, i64, String), Recusa> {
    let moment = ctx.store.db.snapshot()?;
    let (id, ficha) = historia::procura(&moment, chave)?.ok_or(Recusa::ContratoNaoEncontrado)?;
    let all = historia::contratos(&moment, ficha)?;
    let text = all.into_iter().find(|c| c.id == id).map(|c| c.contrato);
    Ok((id, ficha, text.ok_or(Recusa::ContratoNaoEncontrado)?))
}
