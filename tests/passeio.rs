//! The first night of somebody who has only the README and `docs/operacao.md`: the README's servers (a real sshd and a
//! real vsftpd), one line broken on purpose, the fault found, mended by hand, replayed, and the contract's story read.

use crate::support::servidor::{SENHA, eu, sshd, vsftpd};
use crate::support::*;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A fenced block of a section of the README.
fn bloco(section: &str, lang: &str) -> String {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let part = text.split(&format!("\n## {section}\n")).nth(1).unwrap().split("\n## ").next().unwrap().to_owned();
    part.split(&format!("```{lang}\n")).nth(1).unwrap().split("```").next().unwrap().to_owned()
}

/// The commands of a block, without what is said of them.
fn comandos(block: &str) -> Vec<String> {
    block.lines().map(|l| l.split(" #").next().unwrap().trim().to_owned()).collect()
}

/// A section of the starter, from its header to the next, and what follows it.
fn sem_secao(config: &str, name: &str) -> String {
    let start = config.find(&format!("\n[{name}]")).unwrap() + 1;
    let end = config[start..].find("\n[").map_or(config.len(), |n| start + n + 1);
    format!("{}{}", &config[..start], &config[end..])
}

/// The first word after another, in what a command said.
fn depois<'t>(text: &'t str, word: &str) -> &'t str {
    text.split(word).nth(1).unwrap_or_else(|| panic!("no \"{word}\" in: {text}")).split_whitespace().next().unwrap()
}

struct Passeio {
    b: Bed,
    evo: servidor::Servidor,
    manager: servidor::Servidor,
}

impl Passeio {
    fn ok(&self, line: &str, code: i32) -> Out {
        Out::from(self.b.shell(line).env_remove("SSH_AUTH_SOCK").output().unwrap()).exits(code)
    }

    /// The servers as those who run them set them up, and our side's credentials.
    fn prepara(&self) {
        for dir in ["saida/processados", "entrada/erros"] {
            self.evo.pasta(dir);
        }
        for dir in ["entrada", "saida"] {
            self.manager.pasta(dir);
        }
        let etc = self.b.root.join("etc");
        fs::create_dir(&etc).unwrap();
        for (name, text) in [("evo.frase", "uma frase"), ("manager.senha", SENHA)] {
            fs::write(etc.join(name), text).unwrap();
            mode(&etc.join(name), 0o600);
        }
        fs::copy(self.manager.raiz().join("ca.pem"), etc.join("manager-ca.pem")).unwrap();
        let keygen = comandos(&bloco("Servers", "sh"))[0].replace("/etc/atom", &etc.display().to_string());
        self.ok(&format!("{keygen} -q -N 'uma frase'"), 0);
        fs::copy(etc.join("evo.key.pub"), self.evo.raiz().join("autorizadas")).unwrap();
    }

    /// What the README shows, with the names of the servers that there are.
    fn adapta(&self, text: &str) -> String {
        let (evo, manager) = (self.evo.dir.display(), self.manager.dir.display());
        text.replace("atom@sftp.evo.exemplo:2222/", &format!("{}@127.0.0.1:{}{evo}/", eu(), self.evo.port))
            .replace("sftp.evo.exemplo:2222", &format!("127.0.0.1:{}", self.evo.port))
            .replace("atom@ftp.manager.exemplo/", &format!("ftp@127.0.0.1:{}{manager}/", self.manager.port))
            .replace("/etc/atom/", &format!("{}/etc/", self.b.root.display()))
    }

    fn configura(&self) {
        let path = self.b.root.join("atom.toml");
        let mut text = fs::read_to_string(&path).unwrap();
        for section in ["evo", "manager"] {
            text = sem_secao(&text, section);
        }
        fs::write(&path, format!("{text}\n{}", self.adapta(&bloco("Servers", "toml")))).unwrap();
    }

    /// The committed day on Evo's server, the fifth line of the remessa shifted by two columns; that line as it was.
    fn entrega(&self) -> Vec<u8> {
        self.b.fixture_day();
        let mut good = Vec::new();
        for name in self.b.names("evo").into_iter().filter(|n| !n.contains("massiva")) {
            let mut bytes = fs::read(self.b.root.join("evo").join(&name)).unwrap();
            if name == REMESSA {
                let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|c| *c == b'\n').map(<[u8]>::to_vec).collect();
                good = lines[4].clone();
                lines[4] = desloca(&good);
                bytes = lines.concat();
            }
            fs::write(self.evo.pasta("saida/processados").join(name), bytes).unwrap();
        }
        good
    }
}

/// Two blanks too many before the portfolio's name, two columns cut at the end.
fn desloca(line: &[u8]) -> Vec<u8> {
    let end = line.iter().rposition(|c| !b"\r\n".contains(c)).unwrap() + 1;
    [&line[..60], b"  ", &line[60..end - 2], &line[end..]].concat()
}

#[test]
fn quem_so_leu_o_readme_monta_a_noite_e_quem_so_leu_a_operacao_conserta_a_linha() {
    let p = Passeio { b: Bed::bare(""), evo: sshd(""), manager: vsftpd(true) };
    fs::remove_file(p.b.root.join("atom.toml")).unwrap();
    p.prepara();
    // README, "A night, by hand"
    let init = p.ok("atom init .", 0).stdout;
    assert!(init.contains("[campanha], [evo] e [manager]") && init.contains("atom doctor"), "{init}");
    p.configura();
    // README, "Servers": the doctor says what is missing, the key is taken as whoever runs the server told it
    let ill = p.ok("atom doctor", 2).stdout;
    assert!(ill.contains("omne.token") && ill.contains("onde não se envia HSM, retire a seção [omne]"), "{ill}");
    assert!(ill.contains("não é conhecida") && ill.contains("Nenhuma credencial foi enviada"), "{ill}");
    let path = p.b.root.join("atom.toml");
    let mut config = fs::read_to_string(&path).unwrap();
    for section in ["omne.jornada2", "omne.jornada1", "omne.janela", "omne"] {
        config = sem_secao(&config, section);
    }
    fs::write(&path, config).unwrap();
    let steps = comandos(&p.adapta(&bloco("Servers", "sh")));
    let shown = p.ok(&steps[1], 2).stdout;
    let told = Command::new("ssh-keygen").arg("-lf").arg(p.evo.raiz().join("host.pub")).output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    let told = told.split_whitespace().nth(1).unwrap();
    assert!(shown.contains(told), "{shown}");
    p.ok(&steps[2].replace("SHA256:…", told), 0);
    let well = p.ok(&steps[3], 0).stdout;
    assert_eq!(
        well.matches("gravação permitida").count(),
        3,
        "evo.url (after = move), evo.errors, manager.url: {well}"
    );
    // the first night; files that have just come are waited for, which is said
    let good = p.entrega();
    let early = p.ok("atom run", 0).stderr;
    assert!(early.contains("9 arquivos vistos agora") && early.contains("60 s sem mudar"), "{early}");
    p.ok("ATOM_EVO__SETTLE_SECONDS=0 atom run", 3);
    assert_eq!(fs::read_dir(p.manager.pasta("entrada")).unwrap().count(), 1, "the carga");
    // docs/operacao.md: the board, the list, the ruler
    let board = p.ok("atom day", 0).stdout;
    assert!(board.contains("Dia completo.") && board.contains("Rejeitos de remessa: 3."), "{board}");
    let run = depois(&board, "Rejeitos de remessa: 3. Ver: atom rejects list --run ");
    let list = p.ok(&format!("atom rejects list --run {run}"), 0).stdout;
    assert!(list.contains("deslocada"), "{list}");
    let ruler = p.ok(&format!("atom rejects show {run} 5"), 0).stdout;
    assert!(ruler.contains("linha 5") && ruler.contains("as colunas podem estar deslocadas"), "{ruler}");
    conserta(&p, &list, &good);
    // what waited for the contract comes in by a replay, as its list says
    let run = depois(&board, "Rejeitos de parcelas: 12. Ver: atom rejects list --run ");
    let list = p.ok(&format!("atom rejects list --run {run}"), 0).stdout;
    let replay = list.lines().find(|l| l.contains("atom rejects replay")).unwrap().split("passou: ").nth(1).unwrap();
    p.ok(replay, 3);
    let contrato = String::from_utf8(good[7..27].to_vec()).unwrap().trim().to_owned();
    let story = p.ok(&format!("atom explain {contrato}"), 0).stdout;
    for says in ["ATIVO · disca", "criado", ".corrigido"] {
        assert!(story.contains(says), "{says}: {story}");
    }
    let shown: serde_json::Value =
        serde_json::from_str(&p.ok(&format!("atom get {contrato} --json"), 0).stdout).unwrap();
    assert_eq!(shown["clientes"][0]["parcelas"].as_array().unwrap().len(), 9, "the nine that the contract lacked");
    // the next tick tells Manager of the client
    p.ok("atom run", 0);
    assert_eq!(fs::read_dir(p.manager.pasta("entrada")).unwrap().count(), 2, "carga and incremental");
}

/// As the list says: the kept bytes under the input's name, the line mended, the rest left out, imported.
fn conserta(p: &Passeio, list: &str, good: &[u8]) {
    let (kept, mended) = (depois(list, "À mão: cp "), depois(list, "atom import remessa "));
    let bytes = fs::read(kept).unwrap();
    assert!(bytes.starts_with(&desloca(good)), "the original bytes");
    fs::write(p.b.root.join(mended), good).unwrap();
    let before = p.b.sql("SELECT count(*) FROM contrato");
    let said = p.ok(&format!("atom import remessa {mended}"), 0).stdout;
    assert!(said.contains("lidas 1 = novas 1"), "{said}");
    assert_ne!(p.b.sql("SELECT count(*) FROM contrato"), before);
}
