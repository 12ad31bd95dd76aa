//! Bad files, hidden values, crashes, rehearsals.

use super::*;

#[test]
fn queda_entre_os_dois_commits_termina_com_a_mesma_conta_e_uma_linha_de_cada() {
    let sms = format!(
        "PROTOCOLO;TELEFONE;DATA_ENVIO\r\nS1;{CELULAR};03/08/2023 09:00:00\r\nS1;{CELULAR};03/08/2023 09:00:00\r\nS1;x;03/08/2023 09:00:00\r\n"
    );
    let calls = format!(
        "ID_CRM;TELEFONE;STATUS;DATA_HORA\r\n1;{CELULAR};OCUPADO;04/08/2023 10:00:00\r\n9;{CELULAR};OCUPADO;04/08/2023 10:00:00\r\n"
    );
    let files: [(&str, &str, String, &str); 4] = [
        (
            "massivas",
            WHATSAPP,
            whatsapp(&[
                ("1001", CELULAR, "Ana", "jornada1"),
                ("9999", CELULAR, "Ana", "jornada1"),
                ("1001", CELULAR, "Bia", "jornada1"),
            ]),
            "hsm",
        ),
        (
            "massivas",
            EMAIL,
            email(&[("E1", &cpf(1), "03/08/2023 08:00:00"), ("E1", &cpf(9), "03/08/2023 08:00:00")]),
            "massiva",
        ),
        ("massivas", SMS, sms, "massiva"),
        ("retorno", RETORNO, calls, "retorno"),
    ];
    for (kind, name, text, table) in files {
        let undisturbed = bed();
        let want = importa(&undisturbed, kind, name, &text, 3)["lines"].clone();
        let all = format!("SELECT * FROM {table}");
        let plain = rows(&undisturbed, &all).len();
        let b = bed();
        let f = b.file(name, text.as_bytes());
        let out = b.cmd(&["-q", "import", kind, &f]).env("ATOM_TEST_CRASH", "massivas").output().unwrap();
        assert!(!out.status.success(), "{name}");
        let left = rows(&b, &all);
        assert_eq!(left.len(), plain, "{name}");
        assert_eq!(b.sql(&format!("SELECT estado FROM arquivo WHERE nome='{name}'")), "pendente");
        // whatever happens meanwhile: a contract is blocked, others and a client come
        b.db().execute("UPDATE contrato SET situacao='BLOQUEADO', bloqueado_em='2023-08-04'", []).unwrap();
        let mut f = b.remessa("9999", &cpf(9), &fones());
        f.extend((3..=9u64).flat_map(|n| b.remessa(&format!("{n}000"), &cpf(n + 20), &[])));
        importa(&b, "remessa", "20230803_204000_remessa_528_out.528", &String::from_utf8(f).unwrap(), 0);
        let r = b.json(&["import", kind]).exits(3).report();
        assert_eq!(r["lines"], want, "{name}");
        assert_eq!(rows(&b, &all), left, "{name}");
        assert_eq!(b.sql(&format!("SELECT count(*) FROM run WHERE kind='{kind}'")), "1");
    }
}

#[test]
fn dry_run_mostra_a_conta_e_nao_guarda_nada() {
    let b = bed();
    let f = b.file(WHATSAPP, whatsapp(&[("1001", CELULAR, "Ana", "jornada1")]).as_bytes());
    let r = b.json(&["--dry-run", "import", "massivas", &f]).exits(0).report();
    assert_eq!(r["lines"]["created"], 1);
    assert!(rows(&b, "SELECT * FROM hsm").is_empty() && rows(&b, "SELECT * FROM lote").is_empty());
    let r = b.json(&["import", "massivas", &f]).exits(0).report();
    assert_eq!((r["state"].as_str(), &r["lines"]["created"]), (Some("done"), &json!(1)));
}

#[test]
fn cabecalho_sozinho_e_concluido_com_zero_linhas() {
    let b = bed();
    for (kind, name, head) in [
        ("massivas", WHATSAPP, "contrato;numero;nome;jornada"),
        ("massivas", EMAIL, "PROTOCOLO;CPF;EMAIL;DATA_ENVIO\r\n"),
        ("massivas", SMS, "DATA_ENVIO;TELEFONE"),
        ("retorno", RETORNO, "ID_CRM;TELEFONE;STATUS;DATA_HORA\n"),
    ] {
        let r = importa(&b, kind, name, head, 0);
        assert_eq!((r["state"].as_str(), &r["lines"]["read"]), (Some("done"), &json!(0)), "{name}");
    }
}

#[test]
fn colunas_em_outra_ordem_com_outro_nome_ou_a_mais() {
    let b = bed();
    let text = format!("Jornada;NOME;extra;Número;CONTRATO\r\njornada1;Ana;x;{CELULAR};1001\r\n");
    assert_eq!(massiva(&b, WHATSAPP, &text, 0)["lines"]["created"], 1);
    for (n, head) in [
        "contrato;numero;nome",
        "contrato;celular;nome;jornada",
        "contrato;numero;nome;jornada;NUMERO",
        "1001;11981112222;Ana;jornada1",
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("20230804_0830{n:02}_massiva_whatsapp.csv");
        let r = massiva(&b, &name, &format!("{head}\r\n1001;{CELULAR};Ana;jornada1\r\n"), 6);
        assert_eq!(r["reason"]["code"], "ESTRUTURA", "{head}");
        assert!(!r.to_string().contains("98111"), "{r}");
    }
    assert_eq!(rows(&b, "SELECT count(*) FROM hsm"), ["1"]);
}

#[test]
fn aspas_abertas_e_quebra_dentro_da_celula_recusam_o_arquivo() {
    let b = bed();
    let head = "contrato;numero;nome;jornada\r\n";
    for (n, body) in [
        format!("1001;{CELULAR};\"Ana;jornada1\r\n1002;{CELULAR};Bia;jornada1\r\n"),
        format!("1001;{CELULAR};\"Ana\r\nMaria\";jornada1\r\n"),
        format!("1001;{CELULAR};Ana\r\n"),
        format!("1001;{CELULAR};Ana;jornada1;x\r\n"),
    ]
    .into_iter()
    .enumerate()
    {
        let r = massiva(&b, &format!("20230804_0840{n:02}_massiva_whatsapp.csv"), &format!("{head}{body}"), 6);
        assert_eq!(r["reason"]["code"], "ESTRUTURA", "{body}");
        assert!(!r.to_string().contains("Ana") && !r.to_string().contains("98111"), "{r}");
    }
    // a quoted delimiter is text
    let r = massiva(&b, WHATSAPP, &format!("{head}1001;{CELULAR};\"Ana; Maria\";jornada1\r\n"), 0);
    assert_eq!(r["lines"]["created"], 1);
    assert_eq!(rows(&b, "SELECT nome FROM hsm"), ["Ana; Maria"]);
}

/// Decisions 5: only what the store does not know is left out of the count.
#[test]
fn so_os_desconhecidos_ficam_fora_do_limite_de_rejeitos() {
    let head = |codigo: &str| match codigo {
        "CONTRATO_NAO_ATIVO" => ("1002", CELULAR, "jornada1"),
        "JORNADA_DESCONHECIDA" => ("1001", CELULAR, "jornada9"),
        "TELEFONE_DE_TERCEIRO" => ("1001", REFERENCIA, "jornada1"),
        _ => ("9999", CELULAR, "jornada1"),
    };
    for (codigo, conta) in [
        ("CONTRATO_NAO_ATIVO", true),
        ("JORNADA_DESCONHECIDA", true),
        ("TELEFONE_DE_TERCEIRO", true),
        ("CONTRATO_DESCONHECIDO", false),
    ] {
        let b = bed();
        b.db().execute("UPDATE contrato SET situacao='BLOQUEADO' WHERE chave='1002'", []).unwrap();
        let (contrato, numero, jornada) = head(codigo);
        let bad = |n: usize| vec![(contrato, numero, "Ana", jornada); n];
        let good = [("1001", CELULAR, "Ana", "jornada1")];
        // ten are borne, whatever their part
        let r = massiva(&b, WHATSAPP, &whatsapp(&[&good[..], &bad(10)].concat()), 3);
        assert_eq!(r["lines"]["rejected"], json!({codigo: 10}));
        let (code, state) = if conta { (6, "refused") } else { (3, "done_with_rejects") };
        let name = "20230804_082000_massiva_whatsapp.csv";
        let r = massiva(&b, name, &whatsapp(&[&good[..], &bad(11)].concat()), code);
        assert_eq!(r["state"], state, "{codigo}: {r}");
        assert_eq!(r["reason"]["code"] == "REJEITOS_DEMAIS", conta, "{codigo}: {r}");
    }
}

#[test]
fn valores_pessoais_nao_saem_em_relatorio_nem_no_arquivo_de_erros() {
    let b = bed();
    let secrets = ["Fulana", "98111", "ana@", "segredo", "1,19811E+10", &cpf(9)[..]];
    let cases: [(&str, &str, String); 6] = [
        ("massivas", WHATSAPP, "contrato;numero;nome;jornada\n1001;1,19811E+10;Fulana;jornada1\n1001;11981112222;jornada1;Fulana\n1001;11 98111;Fulana;jornada1\n".into()),
        ("massivas", EMAIL, format!("PROTOCOLO;CPF;EMAIL;DATA_ENVIO\nE;{};03/08/2023 08:00:00;ana@x.example\nE;11122233344;ana@x.example;x\nE;{};ana@x.example;03/08/2023 08:00:00\n", cpf(1), cpf(9))),
        ("massivas", SMS, format!("PROTOCOLO;TELEFONE;DATA_ENVIO;MENSAGEM\nS;{CELULAR};segredo;x\nS;03/08/2023 08:00:00;{CELULAR};x\nS;98111;x;segredo\n")),
        ("retorno", RETORNO, format!("ID_CRM;TELEFONE;STATUS;DATA_HORA\n{CELULAR};1;OCUPADO;x\n(11) 98111-2222;{CELULAR};OCUPADO;04/08/2023 10:00:00\n")),
        ("massivas", "20230804_084500_massiva_whatsapp.csv", "contrato;numero;nome;jornada\n1001;11981112222;Ful\u{1}ana;jornada1\n".into()),
        ("massivas", "20230804_084600_massiva_sms.csv", format!("TELEFONE;DATA_ENVIO\n{CELULAR};11981112222\n")),
    ];
    for (kind, name, text) in cases {
        let f = b.file(name, text.as_bytes());
        let machine = b.json(&["import", kind, &f]).exits(3);
        let said = [machine.stdout, machine.stderr, b.read("erros", &format!("{name}.erros.csv"))].concat();
        let listed = b.atom(&["rejects", "list"]).stdout + &b.atom(&["day", "--date", "2023-08-04"]).stdout;
        for s in secrets {
            assert!(!said.contains(s) && !listed.contains(s), "{name}: {s}\n{said}");
        }
    }
}
