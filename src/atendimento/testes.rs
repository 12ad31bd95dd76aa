//! Masking and mapping, without an import; the end-to-end tests read a store that one has filled.

use super::campos::{Celula, Colunas, Valor, canal_de_terceiro, canal_do_garantidor};
use super::mailing::{Contrato, ano, escolhe};
use super::mascara::{OCULTO, email, mascara, nome};
use super::{By, Consultor, NaoEncontrado, por_ficha, procura};
use crate::config::{Config, Env};
use crate::domain::situacao::Situacao;
use crate::import::esquema::esquema;
use crate::layout::{Layouts, Type, load};
use crate::store::consulta;
use crate::store::db::{Cell, Db, Mode, PAGINA};
use crate::store::schema::{Tabela, create_atendimento, create_carteira};
use serde_json::{Value, json};
use std::time::Duration;

const CPF: &str = "52998224725";
const CELULAR: &str = "987654321";

fn layouts() -> Layouts {
    load::builtin().unwrap()
}

#[test]
fn valores_como_o_contrato_os_escreve() {
    let valor = |cell: Cell<'_>, ty: &Type| serde_json::to_value(Valor(&Celula::from(cell), ty)).unwrap();
    assert_eq!(valor(Cell::Int(59537), &Type::Decimal { scale: 2 }), json!("595.37"));
    assert_eq!(valor(Cell::Int(-5), &Type::Decimal { scale: 2 }), json!("-0.05"));
    assert_eq!(valor(Cell::Int(16600), &Type::Percent { scale: 4 }), json!("1.6600"));
    assert_eq!(valor(Cell::Int(48), &Type::Int), json!(48));
    assert_eq!(valor(Cell::Text("0001"), &Type::Code), json!("0001"));
    assert_eq!(valor(Cell::Text("2023-08-04"), &Type::Text), json!("2023-08-04"));
    assert_eq!(valor(Cell::Null, &Type::Int), Value::Null);
}

#[test]
fn canais_de_terceiros_ficam_de_fora() {
    let l = layouts();
    let remessa = &l.get("remessa").unwrap().records[0];
    let out: Vec<&str> = remessa.fields.iter().filter(|f| canal_de_terceiro(f)).map(|f| f.name.as_str()).collect();
    assert_eq!(out.len(), 5 + 4 + 6 + 6, "{out:?}");
    assert!(out.contains(&"conjuge_ddd_celular") && out.contains(&"empresa_trabalho_ramal"));
    assert!(!out.contains(&"conjuge_nome") && !out.contains(&"telefone_1_numero") && !out.contains(&"email_1"));
    let garantias = l.get("garantias").unwrap();
    let out: Vec<&str> = garantias
        .records
        .iter()
        .flat_map(|r| r.fields.iter().filter(|f| canal_do_garantidor(r, f)))
        .map(|f| f.name.as_str())
        .collect();
    assert_eq!(out, ["telefone"]);
}

#[test]
fn as_colunas_seguem_os_layouts() {
    let l = layouts();
    let e = esquema(&l).unwrap();
    let remessa = &l.get("remessa").unwrap().records[0];
    for t in Tabela::DA_REMESSA {
        let stored: Vec<&str> = e.de(t).iter().map(|c| c.nome.as_str()).collect();
        assert_eq!(Colunas::da_remessa(remessa, t).nomes(&[]), stored);
    }
}

fn contrato(texto: &str, situacao: Situacao, run: i64, atraso: Option<i64>) -> Contrato {
    Contrato { id: 1, contrato: texto.into(), situacao, run, dias_atraso: atraso, ..Contrato::default() }
}

#[test]
fn o_contrato_do_mailing_e_o_da_discagem() {
    use Situacao::{Ativo, Baixado, Bloqueado};
    let which = |all: &[Contrato]| escolhe(all, false).map(|c| c.contrato.clone()).unwrap_or_default();
    let mut all = vec![
        contrato("A", Bloqueado, 9, Some(400)),
        contrato("B", Ativo, 1, Some(30)),
        contrato("C", Ativo, 2, Some(90)),
        contrato("D", Ativo, 3, Some(90)),
    ];
    assert_eq!(which(&all), "C");
    assert_eq!(escolhe(&all, true).map(|c| c.contrato.as_str()), Some("A"), "a tabulation says so");
    all[1].nao_contatar = true;
    assert_eq!(which(&all), "A", "NAO_CONTATAR: nobody is dialled, the last updated is shown");
    assert_eq!(which(&[contrato("A", Baixado, 1, None), contrato("B", Baixado, 4, None)]), "B");
    assert!(escolhe(&[], false).is_none());
}

#[test]
fn ano_de_fabricacao_e_modelo() {
    assert_eq!(ano(Some(2018), Some(2019)).as_deref(), Some("2018/2019"));
    assert_eq!(ano(None, Some(2019)).as_deref(), Some("2019"));
    assert_eq!(ano(None, None), None);
}

#[test]
fn mascaras() {
    assert_eq!(nome("MARIA  da Silva"), "M*** d*** S***");
    assert_eq!(nome("Érica"), "É***");
    assert_eq!(email("joao@dominio.com.br"), "j***@d***");
    assert_eq!((email("sem arroba"), email("@x")), (OCULTO.into(), OCULTO.into()));
}

#[test]
fn nada_pessoal_passa_pela_mascara() {
    let l = layouts();
    // every field of every layout holds a mark; only the harmless ones may show it
    let row = |kind: &str| {
        let fields = l.get(kind).unwrap().records.iter().flat_map(|r| &r.fields);
        Value::Object(fields.map(|f| (f.name.clone(), json!(format!("Xsegredo {CPF}")))).collect())
    };
    let mut v = json!({
        "idCrm": 7, "idCampanha": 1, "status": "ATIVO",
        "mailing": {"nome": "MARIA SILVA", "cpf": CPF, "carteira": "VEIC"},
        "contratos": [row("remessa")], "parcelas": [row("parcelas")], "garantias": [row("garantias")],
        "telefones_disponiveis": [{"tipo": "CELULAR", "ddd": "11", "fone": CELULAR, "score": 3}],
        "enderecos_disponiveis": [{"logradouro": "RUA A", "cidade": "SANTOS", "uf": "SP", "cep": "11000000", "origem": "remessa"}],
        "emails_disponiveis": [{"email": "maria@silva.com", "origem": "remessa"}],
        "historico_atendimento": [{"obs": "MARIA ligou", "ocorrencia": "OCUPADO", "numeroDiscado": format!("11{CELULAR}")}],
        "historicoMassivoEmail": [{"protocolo": "E1", "email": "maria@silva.com", "dataEnvio": "2023-08-03 08:00:00"}],
        "historicoMassivoSms": [{"protocolo": "S1", "telefone": format!("11{CELULAR}"), "mensagem": "MARIA, pague"}],
    });
    mascara(&mut v, &l);
    for (section, kind) in [("contratos", "remessa"), ("parcelas", "parcelas"), ("garantias", "garantias")] {
        for f in l.get(kind).unwrap().records.iter().flat_map(|r| &r.fields).filter(|f| f.personal) {
            let shown = v[section][0][&f.name].as_str().unwrap_or("");
            assert!(!shown.contains("segredo") && !shown.contains(CPF), "{section}.{}: {shown}", f.name);
        }
    }
    assert!(v["contratos"][0]["nome_carteira"].as_str().is_some_and(|t| t.contains("segredo")));
    let rest = json!([
        v["mailing"],
        v["telefones_disponiveis"],
        v["enderecos_disponiveis"],
        v["emails_disponiveis"],
        v["historico_atendimento"],
        v["historicoMassivoEmail"],
        v["historicoMassivoSms"]
    ])
    .to_string();
    for secret in ["MARIA", "SILVA", "maria", CPF, CELULAR, "98765", "RUA", "SANTOS", "11000000"] {
        assert!(!rest.contains(secret), "{secret}: {rest}");
    }
    assert_eq!(
        v["telefones_disponiveis"][0],
        json!({"tipo": "CELULAR", "ddd": "11", "fone": "*****-4321", "score": 3})
    );
    assert_eq!(v["enderecos_disponiveis"][0]["uf"], json!("SP"));
    assert_eq!(
        v["historico_atendimento"][0],
        json!({"obs": OCULTO, "ocorrencia": "OCUPADO", "numeroDiscado": "(11) *****-4321"})
    );
    assert_eq!(v["historicoMassivoEmail"][0]["email"], json!("m***@s***"));
}

/// A store with one client of two contracts, written by hand.
fn store(dir: &std::path::Path) -> Db {
    let db = Db::open(&dir.join("carteira.db"), Mode::Create(PAGINA), Duration::from_secs(1)).unwrap();
    create_carteira(&db, &esquema(&layouts()).unwrap()).unwrap();
    let contacts = dir.join("atendimento.db");
    create_atendimento(&Db::open(&contacts, Mode::Create(PAGINA), Duration::from_secs(1)).unwrap()).unwrap();
    db.attach(&contacts, "atendimento").unwrap();
    db.script(&format!(
        "INSERT INTO ficha (id,h,criada_run,run,linha,cpf_cnpj_cliente,nome_cliente,renda_mensal,conjuge_nome,conjuge_celular)
           VALUES (7,0,1,1,1,'{CPF}','MARIA SILVA',250050,'JOSE SILVA','0911112222');
         INSERT INTO contrato (id,ficha_id,chave,situacao,situacao_run,bloqueado_em,h,h_contato,criado_run,criado_linha,run,linha,contrato)
           VALUES (1,7,'200','BLOQUEADO',3,'2023-08-04',0,0,1,1,3,1,'0200'),
                  (2,7,'100','ATIVO',1,NULL,0,0,1,2,1,2,'0100');
         INSERT INTO cadastro (contrato_id,run,linha,nome_carteira,valor_parcela,taxa_juros_mensal)
           VALUES (1,1,1,'VEIC',1000,16600), (2,1,2,'VEIC',59537,NULL);
         INSERT INTO divida (contrato_id,h,run,linha,dias_atraso,valor_vencido) VALUES (1,0,1,1,90,5), (2,0,1,2,30,NULL);
         INSERT INTO telefone (ficha_id,origem,contrato_id,ordem,fone,run,tipo,ddd,numero,situacao) VALUES
           (7,0,1,1,'11{CELULAR}',1,'CE','011','0{CELULAR}','A'), (7,0,1,2,'1134567890',1,'RE','011','0034567890','A'),
           (7,0,2,1,'1134567890',1,'RF','011','0034567890','A'), (7,0,2,2,'11{CELULAR}',1,'RE','011','0{CELULAR}','A'),
           (7,0,2,3,'2133334444',1,'CO','021','0033334444','A');
         INSERT INTO email (contrato_id,ordem,run,email) VALUES (1,2,1,'Maria@x.com'), (2,1,1,'maria@x.com');
         INSERT INTO endereco (contrato_id,ordem,run,cidade,uf) VALUES (2,1,1,'SANTOS','SP');
         INSERT INTO parcela (contrato_id,k1,k2,h,run,linha,tipo_registro,numero_parcela,data_vencimento,valor_parcela)
           VALUES (2,5,0,0,1,1,'1',5,'2023-07-01',59537);
         INSERT INTO garantia (contrato_id,k1,k2,h,run,linha,tipo_registro,marca,modelo,ano_fabricacao,ano_modelo,
                               nome_garantidor,telefone)
           VALUES (2,1,1,0,1,1,'1','FIAT','UNO',2018,2019,NULL,NULL), (2,3,1,0,1,2,'3',NULL,NULL,NULL,NULL,'JOSE','1155556666');"
    ))
    .unwrap();
    db
}

#[test]
fn procura_por_qualquer_chave() {
    let dir = tempfile::tempdir().unwrap();
    let db = store(dir.path());
    for key in ["529.982.247-25", "00052998224725", "200", "0200", "000.200", "7", " 7 "] {
        assert_eq!(procura(&db, None, key).unwrap(), [7], "{key}");
    }
    for (by, key) in [(By::Cpf, "200"), (By::Contrato, "7"), (By::IdCrm, "200"), (By::IdCrm, "x"), (By::Cpf, "")] {
        assert!(procura(&db, Some(by), key).unwrap().is_empty(), "{by:?} {key}");
    }
}

fn config(dir: &std::path::Path) -> Config {
    let path = dir.join("atom.toml");
    std::fs::write(&path, crate::config::STARTER).unwrap();
    Config::load(&path, &Env::default()).unwrap()
}

#[test]
fn o_cliente_inteiro() {
    let dir = tempfile::tempdir().unwrap();
    let (db, l, config) = (store(dir.path()), layouts(), config(dir.path()));
    let v = por_ficha(&db, &l, &config, 7).unwrap();
    assert_eq!((&v["idCrm"], &v["status"]), (&json!(7), &json!("BLOQUEIO PARCIAL")));
    let m = &v["mailing"];
    assert_eq!(
        (&m["contrato"], &m["valorParcela"], &m["ano"]),
        (&json!("0100"), &json!("595.37"), &json!("2018/2019"))
    );
    let [a, b] = [&v["contratos"][0], &v["contratos"][1]];
    assert_eq!((&a["contrato"], &b["contrato"]), (&json!("0100"), &json!("0200")));
    assert_eq!((&b["bloqueadoEm"], &b["bloqueadoAte"]), (&json!("2023-08-04"), &json!("2023-08-09")));
    assert_eq!(
        (&a["renda_mensal"], &b["taxa_juros_mensal"], &a["dias_atraso"]),
        (&json!("2500.50"), &json!("1.6600"), &json!(30))
    );
    // what one contract calls a reference's number is nobody's in the other either
    assert_eq!((&b["telefone_1_numero"], &b["telefone_2_numero"]), (&json!("0987654321"), &Value::Null));
    assert_eq!(
        v["telefones_disponiveis"],
        json!([{"tipo": "RESIDENCIAL", "ddd": "11", "fone": CELULAR, "score": null},
               {"tipo": "COMERCIAL", "ddd": "21", "fone": "33334444", "score": null}])
    );
    assert_eq!(v["emails_disponiveis"], json!([{"email": "maria@x.com", "origem": "remessa"}]));
    assert_eq!((&b["email_2"], &b["email_1"]), (&json!("Maria@x.com"), &Value::Null));
    assert_eq!(
        (&a["endereco_1_cidade"], &v["enderecos_disponiveis"][0]["contrato"]),
        (&json!("SANTOS"), &json!("0100"))
    );
    assert_eq!((&v["parcelas"][0]["contrato"], &v["parcelas"][0]["valor_parcela"]), (&json!("0100"), &json!("595.37")));
    assert!(v["garantias"][0].get("nome_garantidor").is_none() && v["garantias"][1].get("telefone").is_none());
    assert_eq!(v["garantias"][1]["nome_garantidor"], json!("JOSE"));
    let all = v.to_string();
    for third in ["0911112222", "34567890", "55556666"] {
        assert!(!all.contains(third), "{third}");
    }
    assert!(por_ficha(&db, &l, &config, 8).unwrap_err().is::<NaoEncontrado>());
    let mut masked = v;
    mascara(&mut masked, &l);
    let text = masked.to_string();
    for secret in ["MARIA", "SILVA", "Maria@", "JOSE", CPF, CELULAR, "98765", "SANTOS", "2500.50"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[test]
fn cada_campo_da_remessa_aparece_e_coluna_que_falta_e_nula() {
    let dir = tempfile::tempdir().unwrap();
    let (db, l, config) = (store(dir.path()), layouts(), config(dir.path()));
    // a store from before the layout brought this field
    db.script("DROP TABLE email; CREATE TABLE email (contrato_id INTEGER, ordem INTEGER, run INTEGER)").unwrap();
    let v = por_ficha(&db, &l, &config, 7).unwrap();
    let row = v["contratos"][0].as_object().unwrap();
    for f in &l.get("remessa").unwrap().records[0].fields {
        assert_eq!(row.contains_key(&f.name), !canal_de_terceiro(f), "{}", f.name);
    }
    assert_eq!(v["emails_disponiveis"], json!([]));
}

#[test]
fn ap15_um_momento_e_dos_dois_arquivos() {
    let dir = tempfile::tempdir().unwrap();
    let db = store(dir.path());
    let open = |name| Db::open(&dir.path().join(name), Mode::ReadWrite, Duration::from_secs(1)).unwrap();
    let seen = |db: &Db| {
        let name = db.one("SELECT nome_cliente FROM ficha", &[], |r| r.str(0)).unwrap().unwrap();
        (name, db.int("SELECT count(*) FROM atendimento.portal_email", &[]).unwrap())
    };
    let (moment, _) = consulta::momento(&db).unwrap();
    // an import and the Portal write before the first row is read
    open("carteira.db").script("UPDATE ficha SET nome_cliente='OUTRA'").unwrap();
    open("atendimento.db")
        .script("INSERT INTO portal_email (ficha_id, email, usuario, em) VALUES (7,'a','b','c')")
        .unwrap();
    assert_eq!(seen(&moment), ("MARIA SILVA".into(), Some(0)));
    drop(moment);
    assert_eq!(seen(&db), ("OUTRA".into(), Some(1)));
}

/// An import brings a column while `serve` runs.
#[test]
fn um_campo_novo_do_layout_aparece_sem_reiniciar() {
    let dir = tempfile::tempdir().unwrap();
    let (db, l, config) = (store(dir.path()), layouts(), config(dir.path()));
    db.script("DROP TRIGGER divida_muda; DROP TRIGGER divida_sai; ALTER TABLE divida DROP COLUMN valor_vencido")
        .unwrap();
    let consultor = Consultor::novo(&l, &config);
    let shown =
        || serde_json::to_value(consultor.cliente(&db, 7).unwrap()).unwrap()["contratos"][1]["valor_vencido"].clone();
    assert_eq!(shown(), Value::Null);
    db.script("ALTER TABLE divida ADD COLUMN valor_vencido INTEGER; UPDATE divida SET valor_vencido=5").unwrap();
    assert_eq!(shown(), json!("0.05"));
}
