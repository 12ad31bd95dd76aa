//! inclusaoTelefone, insertEmail, insertEndereco (UC010/FA002–FA004).

use super::corpo::Corpo;
use super::escrita::{Chaves, Contexto, Feita, Gravada};
use super::recusa::Recusa;
use crate::domain::fone::Fone;
use crate::domain::telefones;
use crate::store::execucao;
use crate::store::historia;
use crate::store::portal::{self, Dado, Endereco, Numero};

/// Characters of the Portal's word for a number or an address.
const TIPO_MAX: usize = 30;
/// What a score may be, as in the files.
const NOTAS: std::ops::RangeInclusive<i64> = 0..=99_999;
/// Characters of an e-mail (RFC 5321).
const EMAIL_MAX: usize = 254;
/// Characters of a line of an address.
const LINHA_MAX: usize = 120;

/// The states.
const UFS: [&str; 27] = [
    "AC", "AL", "AM", "AP", "BA", "CE", "DF", "ES", "GO", "MA", "MG", "MS", "MT", "PA", "PB", "PE", "PI", "PR", "RJ",
    "RN", "RO", "RR", "RS", "SC", "SE", "SP", "TO",
];

/// A number. One that the ficha lists already, whoever brought it, keeps its place and type and only takes the score;
/// its row of the Portal, made then, is the id that is answered from then on.
///
/// # Errors
/// [`Recusa`]; a number that the remessa calls a third party's does not do.
pub(super) fn telefone(ctx: &Contexto<'_>, mut c: Corpo<'_>) -> Result<Gravada, Recusa> {
    let chaves = Chaves::le(&mut c);
    let tipo = c.texto("tipo", TIPO_MAX).unwrap_or_default();
    let score = c.inteiro("score", NOTAS);
    let fone = fone(&mut c);
    let (ficha, usuario) = chaves.ficha(ctx, c)?;
    let Some(fone) = fone else { return Err(Recusa::campo("fone", "obrigatório")) };
    let (run, lines) = {
        let moment = ctx.store.db.snapshot()?;
        let mut lines = historia::telefones(&moment, ficha)?;
        // of the open transaction, not as it was committed last
        lines.extend(portal::telefones(ctx.db, ficha)?);
        (execucao::last_run(&moment)?, lines)
    };
    if telefones::terceiros(&lines).contains(&fone) {
        return Err(Recusa::campo("fone", "um telefone do cliente; na remessa este é de terceiro"));
    }
    let listed = telefones::une(&lines).iter().any(|t| t.fone == fone);
    let em = ctx.agora.iso();
    let id = match portal::numero(ctx.db, ficha, fone)? {
        None => {
            let (usuario, em) = (usuario.as_str(), em.as_str());
            portal::poe_telefone(ctx.db, &Dado { ficha, fone, tipo: &tipo, score, lista: !listed, usuario, em, run })?
        }
        Some(Numero { id, score: before, .. }) => {
            if !listed {
                portal::lista_telefone(ctx.db, id, &tipo)?;
            }
            // the same score again may be later than another's
            let latest = telefones::une(&lines).iter().find(|t| t.fone == fone).map_or(before, |t| t.score);
            if let Some(score) = score.filter(|s| latest != Some(*s)) {
                portal::nota_telefone(ctx.db, id, score, &em, run)?;
            }
            id
        }
    };
    Ok(Gravada { feita: Feita { id, nova: !listed }, ficha, usuario })
}

/// DDD and number, apart or together.
fn fone(c: &mut Corpo<'_>) -> Option<Fone> {
    const NOME: &str = "fone";
    let (ddd, number) = (c.texto("ddd", 5), c.texto(NOME, 30));
    let number = c.exige(NOME, number)?;
    match Fone::de_partes(ddd.as_deref().unwrap_or(""), &number) {
        Ok(Some(fone)) => Some(fone),
        _ => {
            c.falta(NOME, "DDD em uso e número de 8 ou 9 dígitos");
            None
        }
    }
}

/// An e-mail.
///
/// # Errors
/// [`Recusa`].
pub(super) fn email(ctx: &Contexto<'_>, mut c: Corpo<'_>) -> Result<Gravada, Recusa> {
    const NOME: &str = "email";
    let chaves = Chaves::le(&mut c);
    let email = c.texto(NOME, EMAIL_MAX);
    if email.as_deref().is_some_and(|e| !parece_email(e)) {
        c.falta(NOME, "um e-mail, como nome@dominio.com.br");
    }
    let email = c.exige(NOME, email);
    let (ficha, usuario) = chaves.ficha(ctx, c)?;
    let id = portal::poe_email(ctx.db, ficha, &email.unwrap_or_default(), &usuario, &ctx.agora.iso())?;
    Ok(Gravada { feita: Feita { id, nova: true }, ficha, usuario })
}

/// One `@`, something before it, a domain with a dot after it.
fn parece_email(text: &str) -> bool {
    let Some((name, domain)) = text.split_once('@') else { return false };
    let odd = |ch: char| ch.is_whitespace() || matches!(ch, '@' | ',' | ';' | '<' | '>' | '"' | '(' | ')');
    let labels = || domain.split('.');
    !name.is_empty()
        && !text.replacen('@', "", 1).contains(odd)
        && labels().count() > 1
        && labels().all(|l| !l.is_empty() && l.chars().all(|ch| ch.is_alphanumeric() || ch == '-'))
}

/// An address.
///
/// # Errors
/// [`Recusa`].
pub(super) fn endereco(ctx: &Contexto<'_>, mut c: Corpo<'_>) -> Result<Gravada, Recusa> {
    let chaves = Chaves::le(&mut c);
    let street = c.texto("logradouro", LINHA_MAX);
    let address = Endereco {
        tipo: c.texto("tipo", TIPO_MAX),
        logradouro: c.exige("logradouro", street).unwrap_or_default(),
        numero: c.texto("numero", 20),
        complemento: c.texto("complemento", LINHA_MAX),
        bairro: c.texto("bairro", LINHA_MAX),
        cidade: c.texto("cidade", LINHA_MAX),
        uf: c.texto("uf", 2).map(|uf| uf.to_uppercase()),
        cep: cep(&mut c),
    };
    if address.uf.as_deref().is_some_and(|uf| !UFS.contains(&uf)) {
        c.falta("uf", "a sigla de um estado");
    }
    let (ficha, usuario) = chaves.ficha(ctx, c)?;
    let id = portal::poe_endereco(ctx.db, ficha, &address, &usuario, &ctx.agora.iso())?;
    Ok(Gravada { feita: Feita { id, nova: true }, ficha, usuario })
}

/// Eight digits; zeros are none.
fn cep(c: &mut Corpo<'_>) -> Option<String> {
    const NOME: &str = "cep";
    let text = c.texto(NOME, 10)?;
    let digits: String = text.chars().filter(|ch| !matches!(ch, '-' | '.' | ' ')).collect();
    if digits.len() != 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        c.falta(NOME, "oito dígitos");
        return None;
    }
    Some(digits).filter(|d| d != "00000000")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o_que_parece_um_email() {
        for good in ["a@b.co", "maria.silva+1@banco-x.com.br", "josé@exemplo.com"] {
            assert!(parece_email(good), "{good}");
        }
        for bad in
            ["a", "@b.co", "a@b", "a@b.", "a@.co", "a@b@c.co", "a b@c.co", "a@b..co", "a@b.co;c@d.co", "<a@b.co>"]
        {
            assert!(!parece_email(bad), "{bad}");
        }
    }
}
