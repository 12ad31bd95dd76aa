//! Which columns of the wide tables leave the store in a replica, and what each of them is.
//!
//! A column goes out because a layout declares it harmless or personal; one that no layout knows any more stays.
//! Phones and e-mails of third parties never go out (decisions 5).

use super::campos::{canal_de_terceiro, canal_do_garantidor};
use crate::layout::contato;
use crate::layout::{Field, Layouts, Record, Type};
use crate::store::replica::Campo;
use crate::store::schema::Tabela;

/// The columns of the layouts, table by table, in the order of the fields; without `pessoais` those that any
/// layout calls personal are left out.
#[must_use]
pub fn campos(layouts: &Layouts, pessoais: bool) -> Vec<Campo> {
    let mut all: Vec<(Campo, bool)> = Vec::new();
    for kind in ["remessa", "parcelas", "garantias", "baixa", "refin"] {
        for record in layouts.of_kind(kind).flat_map(|l| &l.records) {
            for f in &record.fields {
                entra(&mut all, kind, record, f);
            }
        }
    }
    all.into_iter().filter(|(c, never)| !never && (pessoais || !c.pessoal)).map(|(c, _)| c).collect()
}

fn entra(all: &mut Vec<(Campo, bool)>, kind: &str, record: &Record, f: &Field) {
    let Some((tabela, coluna)) = lugar(kind, f) else { return };
    let never = canal_de_terceiro(f) || (kind == "garantias" && canal_do_garantidor(record, f));
    match all.iter_mut().find(|(c, _)| c.tabela == tabela && c.coluna == coluna) {
        // one record's harmless column may be another's personal one
        Some((c, out)) => {
            c.pessoal |= f.personal;
            *out |= never;
        }
        None => all.push((campo(tabela, coluna, f), never)),
    }
}

/// Table and column of a field; the contract is told by its own row.
fn lugar(kind: &str, f: &Field) -> Option<(Tabela, String)> {
    let set = match kind {
        "parcelas" => Tabela::Parcela,
        "garantias" => Tabela::Garantia,
        "baixa" => Tabela::Acordo,
        "refin" => Tabela::Refin,
        _ => {
            let (table, column) = contato::lugar(f)?;
            return Some((Tabela::chamada(table)?, column));
        }
    };
    (f.name != "contrato").then(|| (set, f.name.clone()))
}

fn campo(tabela: Tabela, coluna: String, f: &Field) -> Campo {
    let (tipo, casas) = match f.ty {
        Type::Decimal { scale } => ("decimal", scale),
        Type::Percent { scale } => ("percentual", scale),
        Type::Int => ("inteiro", 0),
        Type::Year => ("ano", 0),
        Type::Date { .. } => ("data", 0),
        Type::DateTime => ("momento", 0),
        Type::Flag => ("S/N", 0),
        Type::Document => ("CPF/CNPJ", 0),
        Type::Phone => ("telefone", 0),
        Type::Code => ("código", 0),
        Type::Contrato => ("contrato", 0),
        Type::Text => ("texto", 0),
    };
    Campo { tabela, coluna, tipo, casas, pessoal: f.personal }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::load;

    fn tem(campos: &[Campo], tabela: Tabela, coluna: &str) -> bool {
        campos.iter().any(|c| c.tabela == tabela && c.coluna == coluna)
    }

    #[test]
    fn canal_de_terceiro_nunca_sai_e_o_nome_so_com_os_pessoais() {
        let layouts = load::builtin().unwrap();
        let (all, some) = (campos(&layouts, true), campos(&layouts, false));
        for (tabela, coluna) in [
            (Tabela::Ficha, "conjuge_celular"),
            (Tabela::Ficha, "empresa_trabalho_email"),
            (Tabela::Ficha, "referencia_1_ddd"),
            (Tabela::Cadastro, "avalista_1_telefone"),
            (Tabela::Garantia, "telefone"),
        ] {
            assert!(!tem(&all, tabela, coluna) && !tem(&some, tabela, coluna), "{coluna}");
        }
        for (tabela, coluna) in [
            (Tabela::Ficha, "conjuge_nome"),
            (Tabela::Ficha, "cpf_cnpj_cliente"),
            (Tabela::Endereco, "cep"),
            (Tabela::Email, "email"),
            (Tabela::Acordo, "nome_cliente"),
        ] {
            assert!(tem(&all, tabela, coluna) && !tem(&some, tabela, coluna), "{coluna}");
        }
        assert!(tem(&some, Tabela::Endereco, "uf") && tem(&some, Tabela::Divida, "dias_atraso"));
        assert!(some.iter().all(|c| !c.pessoal));
    }
}
