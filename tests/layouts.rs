//! Layouts as data: counts and lengths of R004–R011, from the files themselves.

use crate::support::*;
use atom::layout::{Format, load};
use std::fs;
use std::path::Path;

#[test]
fn r004_a_r011_campos_e_larguras_contados_dos_proprios_arquivos() {
    let all = load::with_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("layouts")).unwrap();
    let shape = |name: &str| -> Vec<(usize, usize)> {
        all.get(name).unwrap().records.iter().map(|r| (r.fields.len(), r.width)).collect()
    };
    assert_eq!(shape("remessa"), [(280, 4337)]);
    assert_eq!(shape("parcelas"), [(18, 192)]);
    assert_eq!(shape("garantias"), [(20, 902), (8, 199), (12, 362)]);
    assert_eq!(shape("baixa_acordo"), [(23, 302)]);
    assert_eq!(shape("exclusao")[0].0, 5);
    let cells = |name: &str| all.get(name).unwrap().records[0].fields.len();
    assert_eq!((cells("batimento"), cells("acordos_baixados"), cells("manager_carga")), (8, 15, 74));
    // every file of the folder is built in, and the other way round
    let built = load::builtin().unwrap();
    let names = |l: &atom::layout::Layouts| l.iter().map(|l| l.name.clone()).collect::<Vec<_>>();
    let folder = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("layouts")).unwrap();
    let files = folder.filter(|e| e.as_ref().unwrap().path().extension().is_some_and(|x| x == "toml")).count();
    assert_eq!(names(&all), names(&built));
    assert_eq!(files, built.iter().count());
}

#[test]
fn um_layout_ruim_diz_arquivo_linha_e_o_que_esperava() {
    let good = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("layouts/exclusao.toml")).unwrap();
    let line_of = |text: &str, needle: &str| text.lines().position(|l| l.contains(needle)).unwrap() + 1;
    let gap = good.replace("[21, 34]", "[22, 34]");
    for (text, needle, words) in [
        (gap.clone(), "cpf_cnpj_cliente", vec!["gap", "21"]),
        (good.replace("[21, 34]", "[20, 34]"), "cpf_cnpj_cliente", vec!["overlap"]),
        (good.replace("width = 46", "width = 47"), "[[record]]", vec!["width is 47", "46"]),
        (good.replace("name = \"codigo_motivo\"", "name = \"contrato\""), "at = [44, 46]", vec!["twice"]),
        (good.replace("type = \"code\"", "type = \"codigo\""), "at = [44, 46]", vec!["unknown type `codigo`"]),
        (good.replace("required = true", "requried = true"), "requried", vec!["requried"]),
    ] {
        assert_ne!(text, good, "{words:?}: the spoiling did not spoil");
        let b = Bed::bare("");
        fs::create_dir(b.root.join("layouts")).unwrap();
        fs::write(b.root.join("layouts/exclusao.toml"), &text).unwrap();
        let out = b.atom(&["init"]).exits(2);
        let want = line_of(&text, needle);
        assert!(out.stderr.contains(&format!("exclusao.toml, line {want}:")), "{needle}: {}", out.stderr);
        for w in words {
            assert!(out.stderr.contains(w), "{w}: {}", out.stderr);
        }
    }
}

#[test]
fn um_campo_que_a_regra_le_nao_pode_faltar() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("layouts/remessa.toml")).unwrap();
    let b = Bed::bare("");
    fs::create_dir(b.root.join("layouts")).unwrap();
    fs::write(b.root.join("layouts/remessa.toml"), text.replace("name = \"dias_atraso\"", "name = \"atraso\""))
        .unwrap();
    let out = b.atom(&["init"]).exits(2);
    assert!(out.stderr.contains("dias_atraso"), "{}", out.stderr);
}

#[test]
fn um_campo_novo_no_layout_vira_coluna_sozinho() {
    let b = Bed::new();
    let f = b.file(REMESSA, &b.remessa("1001", &cpf(1), &[]));
    b.atom(&["import", "remessa", &f]).exits(0);
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("layouts/remessa.toml")).unwrap();
    let at = text.find("  { name = \"sequencial_registro\"").unwrap();
    let line = "  { name = \"observacao_2\", at = [4330, 4339], type = \"text\", of = \"divida\" },\n";
    let text =
        (text[..at].to_owned() + line + &text[at..]).replace("[4330, 4337]", "[4340, 4347]").replace("4337", "4347");
    fs::create_dir(b.root.join("layouts")).unwrap();
    fs::write(b.root.join("layouts/remessa.toml"), text).unwrap();
    let mut wide = b.remessa("1001", &cpf(1), &[]);
    wide.splice(4329..4329, *b"NOVO CAMPO");
    let f = b.file("20230804_203000_remessa_528_out.528", &wide);
    let r = b.json(&["import", "remessa", &f]).exits(0).report();
    assert_eq!(r["lines"]["updated"], 1, "{r}");
    assert_eq!(b.sql("SELECT observacao_2 FROM divida"), "NOVO CAMPO");
}

#[test]
fn so_os_formatos_do_contrato() {
    let all = load::builtin().unwrap();
    for l in all.iter() {
        assert_eq!(l.format == Format::Fixed, l.records[0].width > 0, "{}", l.name);
    }
}
