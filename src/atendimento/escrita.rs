//! What the Portal writes (UC010, UC011): one door for all five, in one transaction with the audit and with what is
//! answered to a repetition.
//!
//! Order: the Idempotency-Key (AP5, AP6), then every field (422 with all that do not do), then client and contract
//! (404), then the rows. Of a refused write nothing stays.

use super::corpo::Corpo;
use super::recusa::Recusa;
use super::tabulacoes::Tabulacoes;
use super::{cadastro, proposta, tabulacao, token};
use crate::clock::Agora;
use crate::config::Config;
use crate::domain::contrato;
use crate::store::db::Db;
use crate::store::idempotencia::{self, Repeticao};
use crate::store::{Store, auditoria, consulta};
use serde_json::Value;

/// Characters of an Idempotency-Key.
const CHAVE_MAX: usize = 200;
/// Characters of an operator's login.
const USUARIO_MAX: usize = 60;

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escrita {
    /// UC010.
    Tabulacao,
    /// UC010/FA002.
    Telefone,
    /// UC010/FA003.
    Email,
    /// UC010/FA004.
    Endereco,
    /// UC011.
    Proposta,
}

impl Escrita {
    /// As the routes and the audit name it.
    pub const fn nome(self) -> &'static str {
        match self {
            Self::Tabulacao => "insertTabulacao",
            Self::Telefone => "inclusaoTelefone",
            Self::Email => "insertEmail",
            Self::Endereco => "insertEndereco",
            Self::Proposta => "atualizarProposta",
        }
    }
}

/// What a write needs.
pub struct Contexto<'a> {
    /// `atendimento.db`, in the open transaction.
    pub db: &'a Db,
    /// The clients.
    pub store: &'a Store,
    /// The configuration.
    pub config: &'a Config,
    /// The results.
    pub tabulacoes: &'a Tabulacoes,
    /// The moment.
    pub agora: &'a Agora,
    /// Who asks, as the audit names the token.
    pub quem: &'a str,
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feita {
    /// Its id.
    pub id: i64,
    /// It was not there before.
    pub nova: bool,
}

/// The same, with whose it is and who did it.
pub(super) struct Gravada {
    pub feita: Feita,
    pub ficha: i64,
    pub usuario: String,
}

/// The repetition that a key makes recognisable: the same key of the same token, and the hash of route and body.
///
/// # Errors
/// The key is empty, too long or holds anything but visible ASCII.
pub fn repeticao(token: i64, chave: &str, o_que: Escrita, corpo: &str) -> Result<Repeticao, Recusa> {
    let chave = chave.trim();
    if chave.is_empty() || chave.len() > CHAVE_MAX || !chave.bytes().all(|b| b.is_ascii_graphic() || b == b' ') {
        return Err(Recusa::campo("Idempotency-Key", format!("de 1 a {CHAVE_MAX} caracteres ASCII visíveis")));
    }
    let corpo = token::impressao(&format!("{}\n{corpo}", o_que.nome()));
    Ok(Repeticao { token, chave: chave.to_owned(), corpo })
}

/// Writes in the transaction of `ctx`; the caller rolls back what is refused.
///
/// # Errors
/// [`Recusa`].
pub fn escreve(
    ctx: &Contexto<'_>,
    o_que: Escrita,
    corpo: &[(String, Value)],
    repeticao: Option<&Repeticao>,
) -> Result<Feita, Recusa> {
    if let Some(r) = repeticao
        && let Some((before, id)) = idempotencia::le(ctx.db, r)?
    {
        return if before == r.corpo { Ok(Feita { id, nova: false }) } else { Err(Recusa::ChaveReusada) };
    }
    let corpo = Corpo::novo(corpo);
    let Gravada { feita, ficha, usuario } = match o_que {
        Escrita::Tabulacao => tabulacao::insere(ctx, corpo),
        Escrita::Telefone => cadastro::telefone(ctx, corpo),
        Escrita::Email => cadastro::email(ctx, corpo),
        Escrita::Endereco => cadastro::endereco(ctx, corpo),
        Escrita::Proposta => proposta::atualiza(ctx, corpo),
    }?;
    let em = ctx.agora.iso();
    let quem = format!("{} usuario:{usuario}", ctx.quem);
    auditoria::registra(ctx.db, &em, &quem, Some(ficha), &format!("{} {}", o_que.nome(), feita.id))?;
    if let Some(r) = repeticao {
        idempotencia::grava(ctx.db, r, feita.id, &em)?;
    }
    Ok(feita)
}

/// Campaign, client and operator: what four of the five name.
pub(super) struct Chaves {
    campanha: Option<i64>,
    id: Option<i64>,
    usuario: Option<String>,
}

impl Chaves {
    /// Reads them; what lacks is noted.
    pub(super) fn le(c: &mut Corpo<'_>) -> Self {
        let campanha = c.inteiro("idCampanha", 0..=i64::MAX);
        let id = c.inteiro("idCrm", 1..=i64::MAX);
        Self { campanha: c.exige("idCampanha", campanha), id: c.exige("idCrm", id), usuario: usuario(c) }
    }

    /// The client and the operator.
    ///
    /// # Errors
    /// A field of the body does not do; nobody has this ID_CRM in this campaign.
    pub(super) fn ficha(self, ctx: &Contexto<'_>, c: Corpo<'_>) -> Result<(i64, String), Recusa> {
        let (true, Self { campanha: Some(campanha), id: Some(id), usuario: Some(usuario) }) = (c.bom(), self) else {
            return Err(c.recusa());
        };
        campanha_certa(ctx, Some(campanha))?;
        let ficha = consulta::por_id(&ctx.store.db, id)?.ok_or(Recusa::ClienteNaoEncontrado)?;
        Ok((ficha, usuario))
    }
}

/// The operator's login, required.
pub(super) fn usuario(c: &mut Corpo<'_>) -> Option<String> {
    let usuario = c.texto("usuario", USUARIO_MAX);
    c.exige("usuario", usuario)
}

/// The key of the contract that a body names.
pub(super) fn chave_do_contrato(c: &mut Corpo<'_>) -> Option<String> {
    const NOME: &str = "contrato";
    let text = c.texto(NOME, 40)?;
    match contrato::chave(&text) {
        Ok(Some(key)) => Some(key.into_owned()),
        _ => {
            c.falta(NOME, "um número de contrato");
            None
        }
    }
}

/// AP2: another campaign is answered like an unknown client.
///
/// # Errors
/// [`Recusa::OutraCampanha`].
pub fn campanha_certa(ctx: &Contexto<'_>, campanha: Option<i64>) -> Result<(), Recusa> {
    if campanha.is_none_or(|id| id == ctx.config.campanha.id) { Ok(()) } else { Err(Recusa::OutraCampanha) }
}
