//! From the layouts to the columns of the wide tables, and the checks that rules need.

use crate::layout::contato::lugar;
use crate::layout::load::{LayoutError, needs};
use crate::layout::{Field, Layout, Layouts, Record, Type};
use crate::store::schema::{Coluna, Esquema, Tabela, Tipo};

fn coluna(f: &Field) -> Coluna {
    coluna_de(&f.name, &f.ty)
}

fn coluna_de(nome: &str, ty: &Type) -> Coluna {
    let tipo = match ty {
        Type::Int | Type::Decimal { .. } | Type::Percent { .. } | Type::Year => Tipo::Inteiro,
        _ => Tipo::Texto,
    };
    Coluna { nome: nome.to_owned(), tipo }
}

fn faulty(layout: &Layout, f: &Field, why: String) -> LayoutError {
    LayoutError { file: format!("layouts/{}.toml", layout.name), line: f.line, why }
}

fn push(columns: &mut Vec<Coluna>, c: Coluna, layout: &Layout, f: &Field, own: &[&str]) -> Result<(), LayoutError> {
    if own.contains(&c.nome.as_str()) {
        return Err(faulty(layout, f, format!("field name `{}` is taken by the store", c.nome)));
    }
    match columns.iter().find(|k| k.nome == c.nome) {
        None => columns.push(c),
        Some(k) if k.tipo == c.tipo => {}
        Some(_) => return Err(faulty(layout, f, format!("field `{}` has two types in one table", c.nome))),
    }
    Ok(())
}

/// The wide tables for these layouts.
///
/// # Errors
/// A field that a rule needs is missing, a contact field has no table, a name clashes.
pub fn esquema(layouts: &Layouts) -> Result<Esquema, LayoutError> {
    let mut e = Esquema::default();
    remessa(&mut e, layouts.unico("remessa")?)?;
    let parcelas = layouts.unico("parcelas")?;
    for r in &parcelas.records {
        needs(parcelas, r, super::parcelas::CAMPOS)?;
    }
    e.set(Tabela::Parcela, conjunto([parcelas], Tabela::Parcela)?);
    let garantias = layouts.unico("garantias")?;
    for r in &garantias.records {
        needs(garantias, r, super::garantias::CAMPOS)?;
    }
    e.set(Tabela::Garantia, conjunto([garantias], Tabela::Garantia)?);
    let rooms = [
        ("baixa", super::baixa::CAMPOS),
        ("exclusao", super::exclusao::CAMPOS),
        ("batimento", super::batimento::CAMPOS),
        ("telefones", super::telefones::CAMPOS),
        ("refin", super::refin::CAMPOS),
        ("retorno", super::retorno::CAMPOS),
    ];
    for (kind, campos) in rooms {
        for layout in layouts.of_kind(kind) {
            needs(layout, unico_registro(layout)?, campos)?;
        }
    }
    for layout in layouts.of_kind("massivas") {
        for r in &layout.records {
            needs(layout, r, super::massivas::campos(r))?;
        }
    }
    e.set(Tabela::Acordo, conjunto(layouts.of_kind("baixa"), Tabela::Acordo)?);
    e.set(Tabela::Refin, conjunto(layouts.of_kind("refin"), Tabela::Refin)?);
    Ok(e)
}

/// Where a field stands in a record; that the rules' fields are there is checked when the layouts are loaded.
///
/// # Errors
/// The record lacks it.
pub fn indice(layout: &Layout, record: &Record, campo: &str) -> anyhow::Result<usize> {
    record.index(campo).ok_or_else(|| anyhow::anyhow!("layout {}: {campo}", layout.name))
}

/// The record of a layout whose rule knows one kind of line.
///
/// # Errors
/// It has none, or several.
pub fn unico_registro(layout: &Layout) -> Result<&Record, LayoutError> {
    match layout.records.as_slice() {
        [record] => Ok(record),
        records => Err(LayoutError {
            file: format!("layouts/{}.toml", layout.name),
            line: records.get(1).and_then(|r| r.fields.first()).map_or(0, |f| f.line),
            why: format!("the rule of {} reads one [[record]], here are {}", layout.kind, records.len()),
        }),
    }
}

fn remessa(e: &mut Esquema, layout: &Layout) -> Result<(), LayoutError> {
    let record: &Record = layout.records.first().ok_or_else(|| LayoutError {
        file: format!("layouts/{}.toml", layout.name),
        line: 0,
        why: "no record".to_owned(),
    })?;
    needs(layout, record, super::remessa::CAMPOS)?;
    let mut columns: Vec<(Tabela, Vec<Coluna>)> = Tabela::DA_REMESSA.map(|t| (t, Vec::new())).into();
    let bare = Esquema::default();
    for f in &record.fields {
        let place = lugar(f).and_then(|(table, column)| Some((Tabela::chamada(table)?, coluna_de(&column, &f.ty))));
        let (table, column) = place.ok_or_else(|| {
            faulty(layout, f, format!("`{}`: contact fields are telefone_N_…, endereco_N_… or email_N", f.name))
        })?;
        let own = table.colunas(&bare);
        for (t, cols) in &mut columns {
            if *t == table {
                push(cols, column.clone(), layout, f, &own)?;
            }
        }
    }
    for (t, cols) in columns {
        e.set(t, cols);
    }
    Ok(())
}

/// The union of the columns of all records of all layouts of a kind; the contract is told by its id.
fn conjunto<'l>(layouts: impl IntoIterator<Item = &'l Layout>, tabela: Tabela) -> Result<Vec<Coluna>, LayoutError> {
    let bare = Esquema::default();
    let own = tabela.colunas(&bare);
    let mut columns = Vec::new();
    for layout in layouts {
        for f in layout.records.iter().flat_map(|r| &r.fields).filter(|f| f.name != "contrato") {
            push(&mut columns, coluna(f), layout, f, &own)?;
        }
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::load;

    #[test]
    fn cada_campo_dos_layouts_tem_coluna() {
        let e = esquema(&load::builtin().unwrap()).unwrap();
        let n = |t| e.de(t).len();
        assert_eq!(n(Tabela::Ficha) + n(Tabela::Contrato) + n(Tabela::Cadastro) + n(Tabela::Divida), 280 - 90);
        assert_eq!(n(Tabela::Contrato), 1);
        assert_eq!((n(Tabela::Telefone), n(Tabela::Endereco), n(Tabela::Email)), (5, 9, 1));
        assert_eq!(n(Tabela::Parcela), 17);
    }

    #[test]
    fn baixa_le_um_so_tipo_de_registro_e_pede_a_sua_chave() {
        let pasta = tempfile::tempdir().unwrap();
        let recusa = |text: String| {
            std::fs::write(pasta.path().join("baixa_acordo.toml"), text).unwrap();
            esquema(&load::with_folder(pasta.path()).unwrap()).unwrap_err().to_string()
        };
        let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/layouts/baixa_acordo.toml")).unwrap();
        let record = &text[text.find("[[record]]").unwrap()..];
        let two = record.replace("name = \"acordo\"", "name = \"outro\"").replace("when = \"1\"", "when = \"2\"");
        assert!(recusa(format!("{text}\n{two}")).contains("reads one [[record]]"));
        assert!(recusa(text.replace("numero_parcela_acordo", "parcela_do_acordo")).contains("numero_parcela_acordo"));
    }
}
