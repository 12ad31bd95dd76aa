//! The state table of decisions 2, cell by cell.

use super::Situacao::{Ativo, Baixado, Bloqueado, Excluido};
use super::*;

const DIAS: u32 = 3;
/// The columns of the table: situação and age of the block.
const COLUNAS: [Option<(Situacao, Option<i64>)>; 8] = [
    None,
    Some((Ativo, None)),
    Some((Bloqueado, Some(0))),
    Some((Bloqueado, Some(3))),
    Some((Bloqueado, Some(4))),
    Some((Bloqueado, Some(400))),
    Some((Baixado, None)),
    Some((Excluido, None)),
];

fn so_situacao(coluna: Option<(Situacao, Option<i64>)>) -> Option<Situacao> {
    coluna.map(|(situacao, _)| situacao)
}

#[test]
fn linha_remessa() {
    use PorRemessa::{Alta, Atualiza, Cria, Ignora};
    let saida = COLUNAS.map(|c| remessa(c, DIAS));
    assert_eq!(saida, [Cria, Atualiza, Ignora, Ignora, Alta, Alta, Alta, Alta]);
    assert_eq!(
        saida.map(PorRemessa::para),
        [Some(Ativo), None, None, None, Some(Ativo), Some(Ativo), Some(Ativo), Some(Ativo)]
    );
    assert_eq!(Ignora.codigo(), Some(Codigo::BloqueioVigente));
    assert_eq!(Alta.codigo(), None);
}

#[test]
fn linha_baixa_com_acordo_novo() {
    use PorBaixa::{Bloqueia, Guarda, Reinicia, Rejeita};
    let saida = COLUNAS.map(|c| baixa(so_situacao(c), Acordo::Novo));
    assert_eq!(saida, [Rejeita, Bloqueia, Reinicia, Reinicia, Reinicia, Reinicia, Guarda, Guarda]);
    assert_eq!(Bloqueia.para(), Some(Bloqueado));
    assert_eq!(Reinicia.para(), Some(Bloqueado));
    assert_eq!(Guarda.para(), None);
}

#[test]
fn linha_baixa_com_acordo_conhecido() {
    use PorBaixa::{Guarda, Mantem, Rejeita};
    let saida = COLUNAS.map(|c| baixa(so_situacao(c), Acordo::Conhecido));
    assert_eq!(saida, [Rejeita, Mantem, Mantem, Mantem, Mantem, Mantem, Guarda, Guarda]);
    assert_eq!(Mantem.para(), None);
    assert_eq!(Rejeita.codigo(), Some(Codigo::ContratoDesconhecido));
    assert_eq!(Guarda.codigo(), Some(Codigo::ContratoNaoAtivo));
}

#[test]
fn linha_exclusao() {
    use PorExclusao::{Exclui, Mantem, Rejeita};
    let saida = COLUNAS.map(|c| exclusao(so_situacao(c), false));
    assert_eq!(saida, [Rejeita, Exclui, Exclui, Exclui, Exclui, Exclui, Exclui, Mantem]);
    assert_eq!(Exclui.para(), Some(Excluido));
    assert_eq!(Mantem.para(), None);
}

#[test]
fn exclusao_nao_alcanca_remessa_posterior() {
    for situacao in Situacao::TODAS {
        let saida = exclusao(Some(situacao), true);
        assert_eq!(saida, PorExclusao::Ignora);
        assert_eq!(saida.codigo(), Some(Codigo::RemessaPosterior));
        assert_eq!(saida.para(), None);
    }
    assert_eq!(exclusao(None, true), PorExclusao::Rejeita);
}

#[test]
fn linha_batimento_ausente() {
    use PorAusencia::{Baixa, Mantem};
    let saida: Vec<_> = COLUNAS
        .into_iter()
        .flatten()
        .map(|(situacao, idade)| batimento_ausente(situacao, idade, DIAS, false))
        .collect();
    assert_eq!(saida, [Baixa, Mantem, Mantem, Baixa, Baixa, Mantem, Mantem]);
    assert_eq!(Baixa.para(), Some(Baixado));
}

#[test]
fn batimento_nao_fecha_o_que_veio_em_remessa_posterior() {
    use PorAusencia::{Mantem, MantemPosterior};
    let saida: Vec<_> =
        COLUNAS.into_iter().flatten().map(|(situacao, idade)| batimento_ausente(situacao, idade, DIAS, true)).collect();
    assert_eq!(saida, [MantemPosterior, Mantem, Mantem, MantemPosterior, MantemPosterior, Mantem, Mantem]);
    assert_eq!(MantemPosterior.para(), None);
    assert_eq!(MantemPosterior.codigo(), Some(Codigo::RemessaPosterior));
}

#[test]
fn linha_batimento_presente_nunca_da_alta() {
    use PorPresenca::{Mantem, Rejeita};
    let saida = COLUNAS.map(|c| batimento_presente(so_situacao(c)));
    assert_eq!(saida, [Rejeita, Mantem, Mantem, Mantem, Mantem, Mantem, Mantem, Mantem]);
    assert_eq!(Rejeita.codigo(), Some(Codigo::ContratoDesconhecido));
}

#[test]
fn linha_discagem_so_ativo() {
    let saida = COLUNAS.map(|c| discavel(so_situacao(c)));
    assert_eq!(saida, [false, true, false, false, false, false, false, false]);
}

#[test]
fn bloqueio_sem_data_continua_vigente() {
    assert!(bloqueio_vigente(None, DIAS));
    assert_eq!(remessa(Some((Bloqueado, None)), DIAS), PorRemessa::Ignora);
    assert_eq!(batimento_ausente(Bloqueado, None, DIAS, false), PorAusencia::Mantem);
}

#[test]
fn status_da_ficha_e_derivado_dos_contratos() {
    for (contratos, rotulo) in [
        (&[][..], "TODOS CONTRATOS BAIXADOS"),
        (&[Baixado, Excluido], "TODOS CONTRATOS BAIXADOS"),
        (&[Ativo, Bloqueado], "BLOQUEIO PARCIAL"),
        (&[Baixado, Bloqueado], "BLOQUEIO PARCIAL"),
        (&[Baixado, Ativo], "ATIVO"),
        (&[Ativo, Baixado], "ATIVO"),
    ] {
        let status = status_da_ficha(contratos.iter().copied());
        assert_eq!(status.as_str(), rotulo, "{contratos:?}");
    }
}

#[test]
fn texto_da_situacao_vai_e_volta() {
    for situacao in Situacao::TODAS {
        assert_eq!(Situacao::parse(situacao.as_str()), Some(situacao));
    }
    assert_eq!(Situacao::parse("ativo"), None);
}
