//! insertTabulacao (UC010), and what a result causes in the same transaction: NAO_CONTATAR, an item of the back office
//! (UC012), a webhook's provisional tabulation that gives way (UC008).

use super::corpo::{ATTENDANCE_ID, Corpo};
use super::escrita::{Chaves, Contexto, Feita, Gravada, chave_do_contrato};
use super::recusa::Recusa;
use super::tabulacoes::Resultado;
use super::vinculo;
use crate::domain::fone::Fone;
use crate::domain::situacao::Situacao;
use crate::store::historia;
use crate::store::nao_contatar;
use crate::store::tabulacao::{self, Tabulacao};
use crate::store::workflow::{self, Indicacao};

/// idTipoCanal: telephone, e-mail, SMS, WhatsApp.
const CANAIS: [i64; 4] = [1, 2, 3, 5];
/// The state in which an item of the back office begins (decisions 9).
pub const SEM_TRATATIVA: &str = "Sem tratativa";

/// Characters of a free text.
const OBS_MAX: usize = 10_000;
/// Characters of an id of OMNE or the bank.
pub(super) const ID_MAX: usize = 100;
/// Characters of a number as it was typed.
const FONE_MAX: usize = 60;
/// Characters of the instalments in question.
pub(super) const PARCELA_MAX: usize = 200;

/// What a body holds beside its keys.
struct Campos {
    canal: Option<i64>,
    contrato: Option<String>,
    fone: Option<String>,
    agendado: Option<String>,
    parcela: Option<String>,
    obs: Option<String>,
    attendance_id: Option<String>,
    protocolo: Option<String>,
    ticket_id: Option<String>,
    inicio: Option<String>,
}

impl Campos {
    fn le(c: &mut Corpo<'_>) -> Self {
        Self {
            canal: canal(c),
            contrato: chave_do_contrato(c),
            fone: c.texto("telefoneTrabalhado", FONE_MAX).map(normalizado),
            agendado: c.texto("telefoneAgendado", FONE_MAX).map(normalizado),
            parcela: c.texto("parcela", PARCELA_MAX),
            obs: c.prosa("obs", OBS_MAX),
            attendance_id: c.texto(ATTENDANCE_ID, ID_MAX),
            protocolo: c.texto("protocolo", ID_MAX),
            ticket_id: c.texto("ticketId", ID_MAX),
            inicio: c.data_hora("dataInicioAtendimento"),
        }
    }
}

/// Writes a tabulation.
///
/// # Errors
/// [`Recusa`].
pub(super) fn insere(ctx: &Contexto<'_>, mut c: Corpo<'_>) -> Result<Gravada, Recusa> {
    let chaves = Chaves::le(&mut c);
    let resultado = resultado(ctx, &mut c);
    let campos = Campos::le(&mut c);
    let (ficha, usuario) = chaves.ficha(ctx, c)?;
    // both were required: without them the body was refused
    let (Some(r), Some(canal)) = (resultado, campos.canal) else { return Err(Recusa::Campos(Vec::new())) };
    let contrato = contrato(ctx, ficha, campos.contrato.as_deref())?;
    let contrato = contrato.as_ref().map(|(id, text)| (*id, text.as_str()));
    let em = ctx.agora.iso();
    let id = tabulacao::poe(
        ctx.db,
        &Tabulacao {
            ficha,
            contrato,
            resultado: r.id,
            nome: &r.nome,
            boleto: r.boleto,
            canal,
            usuario: &usuario,
            fone: campos.fone.as_deref(),
            agendado: campos.agendado.as_deref(),
            parcela: campos.parcela.as_deref(),
            obs: campos.obs.as_deref(),
            attendance_id: campos.attendance_id.as_deref(),
            protocolo: campos.protocolo.as_deref(),
            ticket_id: campos.ticket_id.as_deref(),
            inicio: campos.inicio.as_deref(),
            em: &em,
        },
    )?;
    if let Some(attendance) = &campos.attendance_id {
        vinculo::assume(ctx.db, attendance, ctx.agora)?;
    }
    if let Some(sim) = r.nao_contatar {
        nao_contatar::marca(ctx.db, ficha, sim, id, &em)?;
    }
    if let Some(w) = r.workflow {
        let (tipo, primeiro, nota) = (w.as_str(), SEM_TRATATIVA, campos.obs.as_deref());
        let i = Indicacao { ficha, contrato, tipo, primeiro, operador: &usuario, nota, tabulacao: id, em: &em };
        workflow::indica(ctx.db, &i)?;
    }
    Ok(Gravada { feita: Feita { id, nova: true }, ficha, usuario })
}

fn resultado<'t>(ctx: &Contexto<'t>, c: &mut Corpo<'_>) -> Option<&'t Resultado> {
    const NOME: &str = "resultado";
    let id = c.inteiro(NOME, 1..=i64::MAX);
    let id = c.exige(NOME, id)?;
    let found = ctx.tabulacoes.get(id);
    if found.is_none() {
        c.falta(NOME, "um id de listagemTabulacoesCampanha");
    }
    found
}

fn canal(c: &mut Corpo<'_>) -> Option<i64> {
    const NOME: &str = "idTipoCanal";
    let canal = c.inteiro(NOME, 0..=i64::MAX);
    let canal = c.exige(NOME, canal)?;
    if !CANAIS.contains(&canal) {
        c.falta(NOME, "1, 2, 3 ou 5");
        return None;
    }
    Some(canal)
}

/// A number in its stored form; what is none stays as it was typed: the field is free.
fn normalizado(text: String) -> String {
    Fone::parse(&text).ok().flatten().map_or(text, Fone::completo)
}

/// The contract that is named; without one the ficha's only active one, else none (decisions 9).
fn contrato(ctx: &Contexto<'_>, ficha: i64, chave: Option<&str>) -> Result<Option<(i64, String)>, Recusa> {
    let moment = ctx.store.db.snapshot()?;
    let all = historia::contratos(&moment, ficha)?;
    if let Some(key) = chave {
        let own = historia::procura(&moment, key)?.filter(|(_, owner)| *owner == ficha);
        let (id, _) = own.ok_or(Recusa::ContratoNaoEncontrado)?;
        return Ok(all.into_iter().find(|c| c.id == id).map(|c| (id, c.contrato)));
    }
    let mut active = all.into_iter().filter(|c| c.posicao.situacao == Situacao::Ativo);
    Ok(match (active.next(), active.next()) {
        (Some(c), None) => Some((c.id, c.contrato)),
        _ => None,
    })
}
