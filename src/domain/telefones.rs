//! The phones of a ficha, united from where they came.
//!
//! The remessa's are kept per contrato, Portal's and enrichment's beside them;
//! what is shown, dialled or messaged is this union (decisions 5 "remessa",
//! R023–R025). Third parties' numbers never appear in it.
//!
//! Performance: a ficha has some ten numbers, so plain searches beat hashing.

use std::borrow::Cow;
use std::collections::HashSet;

use super::fone::Fone;

/// Phones that one row to the dialer has room for.
pub const MAX_DISCAVEIS: usize = 15;

/// Where a number came from; the order is that of the list.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Origem {
    /// `telefone_1..10` of a remessa line.
    Remessa,
    /// Given through the Portal (`inclusaoTelefone`).
    Portal,
    /// A telefones file (R023).
    Enriquecimento,
}

impl Origem {
    /// Origin and [`LinhaTelefone::seq`] of a stored row by the code of its origin and its place: 0 remessa,
    /// 1 Portal, 2 enrichment (the place is its `n`), 3 enrichment's score for a number listed elsewhere (the
    /// place is the number itself, so that there is one such row a number).
    #[must_use]
    pub const fn gravada(codigo: i64, ordem: i64) -> (Self, i64) {
        match codigo {
            0 => (Self::Remessa, ordem),
            1 => (Self::Portal, ordem),
            2 => (Self::Enriquecimento, ordem),
            _ => (Self::Enriquecimento, 0),
        }
    }
}

/// One statement about a number, as stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinhaTelefone {
    /// Who made it.
    pub origem: Origem,
    /// Remessa: its two-letter type (RE, CE, CO, RF, CJ, AV, OU or blank);
    /// Portal: its own word; enrichment: not looked at.
    pub tipo: Cow<'static, str>,
    /// Remessa's situação: `A` or `I` (invalid); `None` when blank or not a remessa's.
    pub situacao: Option<char>,
    /// The number.
    pub fone: Fone,
    /// The score given with it, if any.
    pub score: Option<i64>,
    /// The `n` of `Enriquecimento n`, from 1. Zero in a line of enrichment or Portal means
    /// that it only brings a score for a number known elsewhere, and lists
    /// nothing by itself (decisions 5 "telefones").
    pub seq: i64,
    /// Orders the scores: that of the highest is the latest; of equals the last line's.
    pub quando: i64,
}

/// A number of the ficha, as shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Telefone {
    /// The number.
    pub fone: Fone,
    /// The first origin, in list order, that still has it.
    pub origem: Origem,
    /// TIPO as it goes out: CELULAR, RESIDENCIAL, COMERCIAL, OUTRO,
    /// `Enriquecimento n` or Portal's own word.
    pub tipo_saida: Cow<'static, str>,
    /// The latest score given to the number by anyone.
    pub score: Option<i64>,
    /// Remessa's type CO: listed, but dialled only where configured.
    pub comercial: bool,
}

/// [`LinhaTelefone::quando`] of a score that an import brought.
#[must_use]
pub const fn da_execucao(run: i64) -> i64 {
    run.saturating_mul(2)
}

/// [`LinhaTelefone::quando`] of a score that came between two imports, the first of which is `run`.
#[must_use]
pub const fn depois_da_execucao(run: i64) -> i64 {
    da_execucao(run).saturating_add(1)
}

impl LinhaTelefone {
    fn has_type(&self, tipos: &[&str]) -> bool {
        let tipo = self.tipo.trim();
        self.origem == Origem::Remessa && tipos.iter().any(|t| tipo.eq_ignore_ascii_case(t))
    }

    fn third_party(&self) -> bool {
        self.has_type(&["RF", "CJ", "AV"])
    }

    fn invalid(&self) -> bool {
        self.origem == Origem::Remessa && matches!(self.situacao, Some('I' | 'i'))
    }

    fn lists(&self) -> bool {
        self.origem == Origem::Remessa || self.seq > 0
    }

    fn tipo_saida(&self) -> Cow<'static, str> {
        let tipo = self.tipo.trim();
        match self.origem {
            Origem::Remessa => tipo_remessa(tipo).into(),
            Origem::Portal if tipo.is_empty() => "OUTRO".into(),
            Origem::Portal => tipo.to_owned().into(),
            Origem::Enriquecimento => format!("Enriquecimento {}", self.seq).into(),
        }
    }
}

/// A type as a line holds it: the usual ones of a remessa cost no allocation, and they are read by the million.
#[must_use]
pub fn tipo_lido(tipo: &str) -> Cow<'static, str> {
    let usual = ["CE", "RE", "CO", "RF", "CJ", "AV", "OU", ""].into_iter().find(|t| *t == tipo);
    usual.map_or_else(|| Cow::Owned(tipo.to_owned()), Cow::Borrowed)
}

/// TIPO going out for remessa's two-letter type: CE CELULAR, RE RESIDENCIAL,
/// CO COMERCIAL, else OUTRO.
#[must_use]
pub fn tipo_remessa(tipo: &str) -> &'static str {
    let tipo = tipo.trim();
    [("CE", "CELULAR"), ("RE", "RESIDENCIAL"), ("CO", "COMERCIAL")]
        .into_iter()
        .find(|(codigo, _)| tipo.eq_ignore_ascii_case(codigo))
        .map_or("OUTRO", |(_, saida)| saida)
}

/// The numbers that are third parties': one remessa line gives them type RF, CJ
/// or AV, whatever its situação and whoever else has them.
#[must_use]
pub fn terceiros(linhas: &[LinhaTelefone]) -> HashSet<Fone> {
    linhas.iter().filter(|linha| linha.third_party()).map(|linha| linha.fone).collect()
}

/// The ficha's own numbers, once each, in the order remessa, Portal,
/// enrichment; within an origin `linhas` must stand in reading order (contract
/// text and position; time; `n`).
///
/// Third parties' numbers are not listed at all. A number that any remessa line
/// marks `I` is not the remessa's; it stays Portal's or enrichment's.
#[must_use]
pub fn une(linhas: &[LinhaTelefone]) -> Vec<Telefone> {
    let mut telefones = Vec::new();
    une_em(linhas, &mut telefones);
    telefones
}

/// [`une`] into a list that is used again: it is emptied first.
pub fn une_em(linhas: &[LinhaTelefone], telefones: &mut Vec<Telefone>) {
    telefones.clear();
    let terceiros: Vec<Fone> = numbers(linhas, LinhaTelefone::third_party);
    let invalidos: Vec<Fone> = numbers(linhas, LinhaTelefone::invalid);
    for origem in [Origem::Remessa, Origem::Portal, Origem::Enriquecimento] {
        for linha in linhas.iter().filter(|l| l.origem == origem && l.lists()) {
            let fone = linha.fone;
            let removed = origem == Origem::Remessa && invalidos.contains(&fone);
            if removed || terceiros.contains(&fone) || telefones.iter().any(|t| t.fone == fone) {
                continue;
            }
            telefones.push(Telefone {
                fone,
                origem,
                tipo_saida: linha.tipo_saida(),
                score: latest_score(linhas, fone),
                comercial: linha.has_type(&["CO"]),
            });
        }
    }
}

/// What enrichment does with one number of a ficha.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Enriquece {
    /// It is new: the next `Enriquecimento n`, with its score.
    Novo,
    /// The ficha lists it and its score changes; `seq` is that of its own enrichment line, 0 where it has none.
    Nota {
        /// The `n` of its enrichment line.
        seq: i64,
    },
    /// Nothing changes.
    Nada,
}

/// Decides what a telefones file does with a number (R024, R025): a number that the ficha lists only gets the
/// score, and an empty score changes nothing. A third party's number is left alone: were it stored, it would be
/// dialled on the day on which the remessa no longer names its owner. One that the remessa calls invalid is not
/// listed, so it is new.
#[must_use]
pub fn enriquece(linhas: &[LinhaTelefone], fone: Fone, score: Option<i64>) -> Enriquece {
    let own = || linhas.iter().filter(|l| l.fone == fone);
    if own().any(LinhaTelefone::third_party) {
        return Enriquece::Nada;
    }
    let invalid = own().any(LinhaTelefone::invalid);
    if !own().any(|l| l.lists() && !(invalid && l.origem == Origem::Remessa)) {
        return Enriquece::Novo;
    }
    if score.is_none() || score == latest_score(linhas, fone) {
        return Enriquece::Nada;
    }
    let seq = own().filter(|l| l.origem == Origem::Enriquecimento).map(|l| l.seq).max().unwrap_or(0);
    Enriquece::Nota { seq }
}

/// What the dialer may call, at most [`MAX_DISCAVEIS`], in list order: not the
/// `bloqueados` (`contato.bloqueados`), and commercial ones only if `comercial`.
#[must_use]
pub fn discaveis<'a>(telefones: &'a [Telefone], comercial: bool, bloqueados: &HashSet<Fone>) -> Vec<&'a Telefone> {
    telefones
        .iter()
        .filter(|t| (comercial || !t.comercial) && !bloqueados.contains(&t.fone))
        .take(MAX_DISCAVEIS)
        .collect()
}

fn numbers(linhas: &[LinhaTelefone], which: fn(&LinhaTelefone) -> bool) -> Vec<Fone> {
    linhas.iter().filter(|l| which(l)).map(|l| l.fone).collect()
}

fn latest_score(linhas: &[LinhaTelefone], fone: Fone) -> Option<i64> {
    linhas.iter().filter(|l| l.fone == fone && l.score.is_some()).max_by_key(|l| l.quando).and_then(|l| l.score)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "11987654321";
    const B: &str = "1134567890";
    const C: &str = "21987654321";

    fn fone(numero: &str) -> Fone {
        Fone::from_completo(numero).unwrap()
    }

    fn linha(origem: Origem, tipo: &str, numero: &str) -> LinhaTelefone {
        LinhaTelefone {
            origem,
            tipo: tipo.to_owned().into(),
            situacao: None,
            fone: fone(numero),
            score: None,
            seq: 1,
            quando: 0,
        }
    }

    fn remessa(tipo: &str, numero: &str) -> LinhaTelefone {
        linha(Origem::Remessa, tipo, numero)
    }

    fn invalida(tipo: &str, numero: &str) -> LinhaTelefone {
        LinhaTelefone { situacao: Some('I'), ..remessa(tipo, numero) }
    }

    fn tipos(linhas: &[LinhaTelefone]) -> Vec<Cow<'static, str>> {
        une(linhas).into_iter().map(|t| t.tipo_saida).collect()
    }

    #[test]
    fn ordem_remessa_portal_enriquecimento_sem_repetir() {
        let linhas = [
            linha(Origem::Enriquecimento, "", A),
            linha(Origem::Enriquecimento, "", C),
            linha(Origem::Portal, "Recado", B),
            linha(Origem::Portal, "Recado", A),
            remessa("CE", A),
            remessa("RE", A),
        ];
        let lista = une(&linhas);
        assert_eq!(lista.iter().map(|t| t.fone).collect::<Vec<_>>(), [fone(A), fone(B), fone(C)]);
        assert_eq!(tipos(&linhas), ["CELULAR", "Recado", "Enriquecimento 1"]);
    }

    #[test]
    fn tipos_de_saida() {
        for (tipo, saida) in
            [("CE", "CELULAR"), ("re", "RESIDENCIAL"), (" CO", "COMERCIAL"), ("OU", "OUTRO"), ("", "OUTRO")]
        {
            assert_eq!(tipos(&[remessa(tipo, A)]), [saida]);
        }
        assert_eq!(tipos(&[linha(Origem::Portal, " ", A)]), ["OUTRO"]);
    }

    #[test]
    fn vale_o_ultimo_score_de_qualquer_origem() {
        let com_score =
            |score, quando, seq| LinhaTelefone { score, quando, seq, ..linha(Origem::Enriquecimento, "", A) };
        let linhas = [com_score(Some(70), 2, 1), com_score(Some(50), 1, 2), com_score(None, 3, 3), remessa("CE", A)];
        assert_eq!(une(&linhas)[0].score, Some(70));
        let empate = [com_score(Some(1), 5, 1), com_score(Some(2), 5, 2)];
        assert_eq!(une(&empate)[0].score, Some(2));
        assert_eq!(une(&[remessa("CE", A)])[0].score, None);
    }

    #[test]
    fn linha_so_de_score_nao_lista_numero() {
        let so_score = LinhaTelefone { seq: 0, score: Some(9), ..linha(Origem::Enriquecimento, "", A) };
        assert!(une(std::slice::from_ref(&so_score)).is_empty());
        assert_eq!(une(&[remessa("CE", A), so_score])[0].score, Some(9));
        let do_portal = LinhaTelefone { seq: 0, score: Some(8), ..linha(Origem::Portal, "Recado", A) };
        assert!(une(std::slice::from_ref(&do_portal)).is_empty());
        assert_eq!(enriquece(std::slice::from_ref(&do_portal), fone(A), None), Enriquece::Novo);
        let lista = une(&[linha(Origem::Enriquecimento, "", A), do_portal]);
        assert_eq!((lista[0].tipo_saida.as_ref(), lista[0].score), ("Enriquecimento 1", Some(8)));
    }

    #[test]
    fn o_score_do_portal_fica_entre_os_dos_arquivos() {
        let com = |origem, score, quando| LinhaTelefone { score: Some(score), quando, ..linha(origem, "", A) };
        let arquivo = |score, run| com(Origem::Enriquecimento, score, da_execucao(run));
        let portal = com(Origem::Portal, 50, depois_da_execucao(7));
        assert_eq!(une(&[portal.clone(), arquivo(70, 7)])[0].score, Some(50));
        assert_eq!(une(&[portal, arquivo(70, 8)])[0].score, Some(70));
    }

    #[test]
    fn enriquecimento_so_cria_o_que_a_ficha_nao_lista() {
        let enriquecida = LinhaTelefone { seq: 4, score: Some(50), quando: 7, ..linha(Origem::Enriquecimento, "", A) };
        let so_score = LinhaTelefone { seq: 0, ..enriquecida.clone() };
        for (linhas, score, want) in [
            (vec![], None, Enriquece::Novo),
            (vec![remessa("CE", B)], Some(9), Enriquece::Novo),
            (vec![remessa("CE", A)], Some(9), Enriquece::Nota { seq: 0 }),
            (vec![remessa("CE", A)], None, Enriquece::Nada),
            (vec![linha(Origem::Portal, "Recado", A)], Some(9), Enriquece::Nota { seq: 0 }),
            (vec![enriquecida.clone()], Some(9), Enriquece::Nota { seq: 4 }),
            (vec![enriquecida.clone()], Some(50), Enriquece::Nada),
            (vec![remessa("CE", A), enriquecida], Some(9), Enriquece::Nota { seq: 4 }),
            (vec![remessa("CE", A), so_score.clone()], Some(50), Enriquece::Nada),
            // the remessa that listed it is gone: a score alone lists nothing
            (vec![so_score], Some(50), Enriquece::Novo),
            (vec![remessa("CE", A), invalida("CE", A)], Some(9), Enriquece::Novo),
            (vec![remessa("CE", A), remessa("CJ", A)], Some(9), Enriquece::Nada),
        ] {
            assert_eq!(enriquece(&linhas, fone(A), score), want, "{linhas:?}");
        }
    }

    #[test]
    fn situacao_i_tira_o_numero_da_remessa() {
        assert!(une(&[remessa("CE", A), invalida("RE", A)]).is_empty());
        let linhas = [invalida("CE", A), remessa("CE", B), linha(Origem::Portal, "Recado", A)];
        assert_eq!(tipos(&linhas), ["CELULAR", "Recado"]);
    }

    #[test]
    fn terceiro_nao_e_listado_por_ninguem() {
        for tipo in ["RF", "CJ", "AV", "av "] {
            let linhas = [
                remessa("CE", A),
                invalida(tipo, A),
                linha(Origem::Portal, "Recado", A),
                linha(Origem::Enriquecimento, "", A),
                remessa("CE", B),
            ];
            assert_eq!(une(&linhas).len(), 1, "{tipo}");
            assert_eq!(terceiros(&linhas), HashSet::from([fone(A)]), "{tipo}");
        }
    }

    #[test]
    fn tipo_do_portal_nao_faz_terceiro() {
        let linhas = [linha(Origem::Portal, "AV", A)];
        assert!(terceiros(&linhas).is_empty());
        assert_eq!(tipos(&linhas), ["AV"]);
    }

    #[test]
    fn comercial_e_listado_mas_so_discado_se_configurado() {
        let lista = une(&[remessa("CO", A), remessa("CE", B)]);
        assert_eq!(lista.len(), 2);
        let nenhum = HashSet::new();
        assert_eq!(discaveis(&lista, false, &nenhum), [&lista[1]]);
        assert_eq!(discaveis(&lista, true, &nenhum).len(), 2);
    }

    #[test]
    fn bloqueado_nao_e_discado_e_o_limite_e_quinze() {
        let linhas: Vec<_> = (0..20).map(|i| remessa("CE", &format!("119876543{i:02}"))).collect();
        let lista = une(&linhas);
        let bloqueados = HashSet::from([lista[0].fone]);
        let saida = discaveis(&lista, false, &bloqueados);
        assert_eq!(saida.len(), MAX_DISCAVEIS);
        assert_eq!(saida[0], &lista[1]);
    }
}
