//! The stable codes of rejects, ignored lines, warnings and refused files.
//!
//! Operators, the bank's error file and `--json` all read them: new ones may
//! come, but these keep their text and meaning. What a code *does* (whether it
//! counts, whether it is listed) is decided here and nowhere else.

macro_rules! codigos {
    ($($(#[doc = $doc:literal])+ $nome:ident => $texto:literal, $mensagem:literal;)+) => {
        /// Why a line was rejected or ignored, a field dropped or a file refused
        /// (decisions 5; the texts are those of the contract, section 4).
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum Codigo {
            $($(#[doc = $doc])+ $nome,)+
        }

        impl Codigo {
            /// Every code, in the order of the enum.
            pub const TODOS: &[Self] = &[$(Self::$nome,)+];

            /// The stable text, e.g. `CONTRATO_DESCONHECIDO`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$nome => $texto,)+ }
            }

            /// The sentence that operators read, in Portuguese; it never holds
            /// a personal value.
            #[must_use]
            pub const fn mensagem(self) -> &'static str {
                match self { $(Self::$nome => $mensagem,)+ }
            }

            /// Reads the stable text back; `None` for any other text.
            #[must_use]
            pub fn parse(texto: &str) -> Option<Self> {
                match texto { $($texto => Some(Self::$nome),)+ _ => None }
            }
        }
    };
}

codigos! {
    /// The record or field has the wrong length.
    TamanhoInvalido => "TAMANHO_INVALIDO", "tamanho inválido";
    /// A required field is blank.
    CampoObrigatorio => "CAMPO_OBRIGATORIO", "campo obrigatório em branco";
    /// A number that cannot be read.
    NumeroInvalido => "NUMERO_INVALIDO", "número inválido";
    /// A date that does not exist or cannot be read.
    DataInvalida => "DATA_INVALIDA", "data inválida";
    /// CPF or CNPJ with wrong check digits or shape.
    DocumentoInvalido => "DOCUMENTO_INVALIDO", "CPF/CNPJ inválido";
    /// A phone outside the Brazilian numbering plan.
    TelefoneInvalido => "TELEFONE_INVALIDO", "telefone inválido";
    /// A control byte, or a byte without meaning in the code page.
    CaractereInvalido => "CARACTERE_INVALIDO", "caractere inválido";
    /// A number ruined by a spreadsheet.
    NotacaoCientifica => "NOTACAO_CIENTIFICA", "número em notação científica: dígitos perdidos na planilha";
    /// A value outside the closed list of its field.
    ForaDaLista => "FORA_DA_LISTA", "valor fora da lista permitida";
    /// No such contrato (FA003/FA006).
    ContratoDesconhecido => "CONTRATO_DESCONHECIDO", "contrato não existe na base";
    /// No such client (FA003/FA006).
    ClienteDesconhecido => "CLIENTE_DESCONHECIDO", "cliente não existe na base";
    /// No ficha with this CPF (R035).
    CpfDesconhecido => "CPF_DESCONHECIDO", "CPF não existe na base";
    /// No ficha lists this phone (R036).
    TelefoneDesconhecido => "TELEFONE_DESCONHECIDO", "telefone não existe na base";
    /// The contrato belongs to another CPF/CNPJ.
    CpfDivergente => "CPF_DIVERGENTE", "CPF/CNPJ diferente do cadastrado para o contrato";
    /// The line is of another agency.
    AssessoriaDivergente => "ASSESSORIA_DIVERGENTE", "linha de outra assessoria";
    /// The contrato is not ATIVO.
    ContratoNaoAtivo => "CONTRATO_NAO_ATIVO", "contrato não está ativo";
    /// The client or number must not be contacted.
    NaoContatar => "NAO_CONTATAR", "cliente ou número marcado para não contatar";
    /// The number is a third party's.
    TelefoneDeTerceiro => "TELEFONE_DE_TERCEIRO", "telefone pertence a terceiro";
    /// Neither jornada1 nor jornada2.
    JornadaDesconhecida => "JORNADA_DESCONHECIDA", "jornada desconhecida: é jornada1 ou jornada2";
    /// The contrato is still blocked (R020).
    BloqueioVigente => "BLOQUEIO_VIGENTE", "acordo em compensação, bloqueio vigente";
    /// A later line of the file has the same key.
    LinhaRepetida => "LINHA_REPETIDA", "chave repetida no arquivo: vale a última linha";
    /// A batimento line of another agency.
    OutraAssessoria => "OUTRA_ASSESSORIA", "linha de outra assessoria, não considerada";
    /// Another line of the same contrato was rejected.
    ContratoComRejeito => "CONTRATO_COM_REJEITO", "contrato com outra linha rejeitada: conjunto anterior mantido";
    /// The contrato came in a remessa of a later day.
    RemessaPosterior => "REMESSA_POSTERIOR", "contrato veio em remessa posterior ao arquivo";
    /// A file of zero bytes where that means no movement.
    ArquivoVazio => "ARQUIVO_VAZIO", "arquivo vazio: sem movimento";
    /// The last line has no line break.
    SemQuebraFinal => "SEM_QUEBRA_FINAL", "última linha sem quebra de linha";
    /// The file has under half the lines of the last one of its kind (IN4).
    ArquivoCurto => "ARQUIVO_CURTO", "o arquivo tem menos da metade das linhas do anterior: confirme com o banco";
    /// Structural fault: the whole file is refused (FA001).
    Estrutura => "ESTRUTURA", "estrutura do arquivo inválida";
    /// Too many rejected lines: the whole file is refused.
    RejeitosDemais => "REJEITOS_DEMAIS", "rejeições acima do limite: arquivo recusado";
    /// Older than the last file done of its layout.
    MaisAntigo => "MAIS_ANTIGO", "arquivo mais antigo que o último processado";
    /// Same layout, content and data de operação.
    Duplicado => "DUPLICADO", "arquivo já processado neste dia";
    /// The brake of batimento (R022).
    Freio => "FREIO", "baixas acima do limite: arquivo em quarentena";
    /// The file name fits no pattern.
    NomeInvalido => "NOME_INVALIDO", "nome de arquivo não reconhecido";
    /// The gate is closed: an earlier step is missing (R021).
    Aguardando => "AGUARDANDO", "aguardando etapa anterior do dia";
}

impl Codigo {
    /// Whether a reject with this code counts towards `import.max_rejeitos`.
    ///
    /// Unknown contract, client, CPF or phone does not: such a line is sound and
    /// only speaks of somebody we do not have (FA003, FA006).
    #[must_use]
    pub const fn conta_para_o_limite(self) -> bool {
        !matches!(
            self,
            Self::ContratoDesconhecido | Self::ClienteDesconhecido | Self::CpfDesconhecido | Self::TelefoneDesconhecido
        )
    }

    /// Whether a line *ignored* with this code is listed in the error file
    /// beside the rejects (decisions 5, "Accounting").
    #[must_use]
    pub const fn listado(self) -> bool {
        matches!(self, Self::BloqueioVigente | Self::ContratoNaoAtivo | Self::ContratoComRejeito)
    }
}

impl std::fmt::Display for Codigo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn texto_vai_e_volta() {
        for &codigo in Codigo::TODOS {
            assert_eq!(Codigo::parse(codigo.as_str()), Some(codigo));
        }
        assert_eq!(Codigo::parse("contrato_desconhecido"), None);
        assert_eq!(Codigo::parse(""), None);
    }

    #[test]
    fn textos_e_mensagens_sao_unicos() {
        let textos: HashSet<_> = Codigo::TODOS.iter().map(|c| c.as_str()).collect();
        let mensagens: HashSet<_> = Codigo::TODOS.iter().map(|c| c.mensagem()).collect();
        assert_eq!(textos.len(), Codigo::TODOS.len());
        assert_eq!(mensagens.len(), textos.len());
    }

    #[test]
    fn desconhecidos_nao_contam_para_o_limite() {
        let fora: Vec<_> = Codigo::TODOS.iter().filter(|c| !c.conta_para_o_limite()).map(|c| c.as_str()).collect();
        assert_eq!(
            fora,
            ["CONTRATO_DESCONHECIDO", "CLIENTE_DESCONHECIDO", "CPF_DESCONHECIDO", "TELEFONE_DESCONHECIDO"]
        );
    }

    #[test]
    fn so_tres_motivos_ignorados_sao_listados() {
        let listados: Vec<_> = Codigo::TODOS.iter().filter(|c| c.listado()).collect();
        assert_eq!(listados, [&Codigo::ContratoNaoAtivo, &Codigo::BloqueioVigente, &Codigo::ContratoComRejeito]);
    }

    #[test]
    fn bloqueio_vigente_diz_acordo_em_compensacao() {
        assert_eq!(Codigo::BloqueioVigente.mensagem(), "acordo em compensação, bloqueio vigente");
    }
}
