//! EX4: whoever replays all files for Manager has, after each day's last, exactly the fichas dialable then.

use super::modelo::{Arquivos, Linha, Modelo, Portal};
use super::*;
use atom::atendimento::By;
use atom::atendimento::escrita::{self, Escrita};
use atom::atendimento::tabulacoes::Tabulacoes;
use atom::clock::Clock;
use atom::config::{Config, Env};
use atom::store::Store;
use chrono::{Datelike, Days, NaiveDate, Weekday};
use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

const DIAS: usize = 32;
const SEMENTE: u64 = 20_230_612;

/// A stream of numbers (xorshift).
struct Sorte(u64);

impl Sorte {
    fn menor(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }

    fn um_em(&mut self, n: u64) -> bool {
        self.menor(n) == 0
    }
}

/// A contract as the bank has it.
struct Banco {
    cliente: u64,
    contrato: u64,
    fora: bool,
    nao_contatar: bool,
    fone: u64,
    acordo: u64,
}

/// What the bank sends, day after day.
struct Mundo {
    sorte: Sorte,
    banco: Vec<Banco>,
    numeros: u64,
}

impl Mundo {
    fn numero(&mut self) -> u64 {
        self.numeros += 1;
        981_000_000 + self.numeros
    }

    fn novo(&mut self, cliente: u64) {
        let (contrato, fone) = (100_001 + self.banco.len() as u64, self.numero());
        self.banco.push(Banco { cliente, contrato, fora: false, nao_contatar: false, fone, acordo: 0 });
    }

    fn dia(&mut self, b: &Bed, dia: usize) -> Arquivos {
        let clients = self.banco.iter().map(|c| c.cliente).max().unwrap_or(0);
        for _ in 0..(if dia == 0 { 60 } else { self.sorte.menor(4) }) {
            let cliente = if self.sorte.um_em(3) { 1 + self.sorte.menor(clients.max(20)) } else { 0 };
            let next = self.banco.iter().map(|c| c.cliente).max().unwrap_or(0) + 1;
            self.novo(if cliente == 0 { next } else { cliente });
        }
        let mut a = Arquivos::default();
        let (mut present, mut excluded, mut agreed, mut phones) = (vec![], vec![], vec![], String::new());
        for i in 0..self.banco.len() {
            let (changes, number) = (self.sorte.um_em(20), self.numero());
            let s = &mut self.sorte;
            let c = &mut self.banco[i];
            if changes {
                c.fone = number;
            }
            c.nao_contatar = if c.nao_contatar { !s.um_em(2) } else { s.um_em(60) };
            c.fora = if c.fora { !s.um_em(12) } else { s.um_em(40) };
            if !c.fora && !s.um_em(15) {
                a.remessa.extend(linha(b, c, 30 + s.menor(4) * 30 + dia as u64));
            }
            if s.um_em(50) {
                excluded.push(c.contrato);
                c.fora = true;
            }
            if s.um_em(15) {
                // an acordo that blocked before comes again now and then
                c.acordo += u64::from(c.acordo == 0 || !s.um_em(3));
                agreed.push((c.contrato, c.contrato * 10 + c.acordo));
            }
            if !c.fora && !s.um_em(30) {
                present.push(c.contrato);
            }
        }
        let known: Vec<(u64, u64)> = b.contratos_conhecidos(&self.banco, &a.remessa);
        for _ in 0..self.sorte.menor(3) {
            let number = self.numero();
            let (cliente, contrato) = known[self.sorte.menor(known.len() as u64) as usize];
            phones += &format!("{};{contrato};11{number};50\r\n", cpf(cliente));
        }
        for _ in 0..3 {
            let number = self.numero();
            let (cliente, contrato) = known[self.sorte.menor(known.len() as u64) as usize];
            let own = self.banco.iter().find(|c| c.contrato == contrato).map_or(number, |c| c.fone);
            // now and then a number that the remessa has
            a.portal.push(match self.sorte.menor(5) {
                0 => Portal::Contato(cpf(cliente), false),
                1 => Portal::Contato(cpf(cliente), true),
                2 => Portal::Fone(cpf(cliente), format!("11{own}")),
                _ => Portal::Fone(cpf(cliente), format!("11{number}")),
            });
        }
        a.exclusao = excluded.iter().flat_map(|c| linha_de_exclusao(b, *c)).collect();
        a.acordos = acordos(&agreed);
        a.batimento = batimento(&present);
        a.telefones = format!("CPF;CONTRATO;TELEFONE1;SCORE1\r\n{phones}").into_bytes();
        a
    }
}

trait Conhecidos {
    fn contratos_conhecidos(&self, banco: &[Banco], remessa: &[u8]) -> Vec<(u64, u64)>;
}

impl Conhecidos for Bed {
    /// Client and contract of those that today's remessa names.
    fn contratos_conhecidos(&self, banco: &[Banco], remessa: &[u8]) -> Vec<(u64, u64)> {
        let at = self.columns("remessa", "contrato");
        let lines = remessa.split(|c| *c == b'\n').filter(|l| !l.is_empty());
        let named: BTreeSet<String> =
            lines.map(|l| String::from_utf8_lossy(&l[at.clone()]).trim().to_owned()).collect();
        let known = banco.iter().filter(|c| named.contains(&c.contrato.to_string()));
        known.map(|c| (c.cliente, c.contrato)).collect()
    }
}

fn linha(b: &Bed, c: &Banco, atraso: u64) -> Vec<u8> {
    let (atraso, numero) = (atraso.to_string(), format!("0{}", c.fone));
    let flag = if c.nao_contatar { "S" } else { "N" };
    b.remessa(
        &c.contrato.to_string(),
        &cpf(c.cliente),
        &[
            ("dias_atraso", &atraso),
            ("flag_nao_perturbe", flag),
            ("telefone_1_tipo", "CE"),
            ("telefone_1_ddd", "011"),
            ("telefone_1_numero", &numero),
        ],
    )
}

/// One tick; now and then it dies between rename and commit, or Manager is away.
fn tique(b: &mut Bed, sorte: &mut Sorte, at: &str, calmo: bool) {
    b.at(at);
    match (calmo, sorte.menor(10)) {
        (false, 0) => {
            b.cmd(&["-q", "run"]).env("ATOM_TEST_CRASH", "publish").output().unwrap();
        }
        (false, 1) => {
            fs::rename(b.root.join("manager"), b.root.join("fora")).unwrap();
            b.atom(&["-q", "run"]);
            fs::rename(b.root.join("fora"), b.root.join("manager")).unwrap();
        }
        _ => {
            let out = b.atom(&["-q", "run"]);
            assert!([0, 3, 4].contains(&out.code), "{at}: {}{}", out.stdout, out.stderr);
        }
    }
}

/// Lays a day's files as they come, with ticks between.
fn noite(b: &mut Bed, m: &mut Mundo, vespera: NaiveDate, dia: NaiveDate, a: &Arquivos) {
    let (e, d) = (vespera.format("%Y%m%d"), dia.format("%d%m%Y"));
    b.evo(&format!("{e}_203000_remessa_528_out.528"), &a.remessa);
    tique(b, &mut m.sorte, &format!("{vespera}T20:41:00"), false);
    let acordos = format!("AcordosBaixados_{d}_528.csv");
    b.evo(&format!("{e}_210000_baixa_528_out.528"), &a.exclusao);
    let early = m.sorte.um_em(3);
    if early {
        b.evo(&acordos, &a.acordos);
    }
    tique(b, &mut m.sorte, &format!("{vespera}T21:05:00"), false);
    if !early {
        b.evo(&acordos, &a.acordos);
    }
    tique(b, &mut m.sorte, &format!("{dia}T02:06:00"), false);
    b.evo(&format!("telefones_carteira_veic_{}022000.csv", dia.format("%d%m%y")), &a.telefones);
    tique(b, &mut m.sorte, &format!("{dia}T02:21:00"), false);
    let late = m.sorte.um_em(6);
    if !late {
        b.evo(&format!("bat_carteira_veic_{d}_528.csv"), &a.batimento);
    }
    tique(b, &mut m.sorte, &format!("{dia}T02:41:00"), false);
    tique(b, &mut m.sorte, &format!("{dia}T07:01:00"), false);
    b.evo(&format!("bat_carteira_veic_{d}_528.csv"), &a.batimento);
    do_portal(b, &format!("{dia}T08:50:00-03:00"), &a.portal);
    tique(b, &mut m.sorte, &format!("{dia}T09:00:00"), true);
    let files = b.names("manager").len();
    tique(b, &mut m.sorte, &format!("{dia}T09:30:00"), true);
    // asked again, every ficha is looked at: what the imports touched was all
    for kind in ["--incremental", "--baixa"] {
        b.atom(&["-q", "export", "manager", kind]).exits(0);
    }
    assert_eq!(b.names("manager").len(), files, "{dia}: nothing changed, but a file went out");
}

/// Writes as `serve` does, without its sockets.
fn do_portal(b: &Bed, at: &str, writes: &[Portal]) {
    let config = Config::load(&b.root.join("atom.toml"), &Env::default()).unwrap();
    let store = Store::reader(&config.store_dir, &atom::import::campanha(&config)).unwrap();
    let contacts = Store::escritor(&config.store_dir, Duration::from_secs(5)).unwrap();
    let (tabulacoes, agora) = (Tabulacoes::carrega(&config).unwrap(), Clock::from_env(Some(at)).unwrap().now());
    for w in writes {
        let (Portal::Fone(cpf, _) | Portal::Contato(cpf, _)) = w;
        let ids = atom::atendimento::procura(&store.db, Some(By::Cpf), cpf).unwrap();
        let own = json!({"idCampanha": 1, "idCrm": ids[0], "usuario": "x"});
        let (what, more) = match w {
            Portal::Fone(_, fone) => (Escrita::Telefone, json!({ "fone": fone })),
            Portal::Contato(_, yes) => {
                (Escrita::Tabulacao, json!({"resultado": if *yes { 703 } else { 701 }, "idTipoCanal": 1}))
            }
        };
        let body = own.as_object().unwrap().iter().chain(more.as_object().unwrap());
        let body = body.map(|(k, v)| (k.clone(), v.clone())).collect::<Vec<_>>();
        let tx = contacts.begin().unwrap();
        let ctx = escrita::Contexto {
            db: &tx,
            store: &store,
            config: &config,
            tabulacoes: &tabulacoes,
            agora: &agora,
            quem: "portal:x",
        };
        escrita::escreve(&ctx, what, &body, None).unwrap();
        tx.commit().unwrap();
    }
}

/// What Manager has, replayed file after file under EX3 and EX5.
#[derive(Default)]
struct Manager {
    lista: Lista,
    /// Sent since their last baixa.
    enviadas: BTreeSet<i64>,
    lidos: BTreeSet<String>,
    contados: BTreeMap<String, usize>,
}

impl Manager {
    fn le(&mut self, b: &Bed) {
        for name in b.names("manager") {
            if name.ends_with(".part") || !self.lidos.insert(name.clone()) {
                continue;
            }
            // a file that came later has a later name: the order of the names is the order of the files
            assert_eq!(self.lidos.last(), Some(&name));
            let kind = name[24..].trim_end_matches(".csv").to_owned();
            if kind == "carga" {
                self.lista.clear();
            }
            for row in linhas(b, &name) {
                let id: i64 = row[0].parse().unwrap();
                if kind == "baixa" {
                    self.lista.remove(&id);
                    assert!(self.enviadas.remove(&id), "{name}: {id} was not sent, or its baixa went out before");
                } else {
                    self.enviadas.insert(id);
                    let old = self.lista.insert(id, row.clone());
                    assert!(old.as_ref() != Some(&row), "{name}: {id} was sent twice");
                }
            }
            *self.contados.entry(kind).or_default() += 1;
        }
    }

    /// CPF → its row, as far as the model tells it.
    fn discaveis(&self) -> BTreeMap<String, Linha> {
        let phones = |r: &Vec<String>| -> Vec<String> {
            r[14..].chunks(4).filter(|c| !c[0].is_empty()).map(|c| format!("{}{}", c[0], c[1])).collect()
        };
        let row = |r: &Vec<String>| (r[2].clone(), (r[1].clone(), r[6].parse().unwrap(), phones(r)));
        self.lista.values().map(row).collect()
    }
}

#[test]
fn ex4_os_arquivos_em_ordem_de_nome_dao_a_cada_dia_as_fichas_que_se_discam() {
    let mut b = Bed::in_memory(
        "[dia]\nobrigatorios = [\"remessa\", \"baixa\", \"batimento\"]\n[batimento]\nmax_baixas = 1.0\n",
    );
    b.atom(&["init"]).exits(0);
    let mut m = Mundo { sorte: Sorte(SEMENTE), banco: Vec::new(), numeros: 0 };
    let (mut modelo, mut manager) = (Modelo::default(), Manager::default());
    let mut vespera = NaiveDate::from_ymd_opt(2023, 6, 12).unwrap();
    for n in 0..DIAS {
        let next = |d: NaiveDate| d + Days::new(if d.weekday() == Weekday::Fri { 3 } else { 1 });
        let dia = next(vespera);
        let files = m.dia(&b, n);
        noite(&mut b, &mut m, vespera, dia, &files);
        modelo.dia(&b, n, &files);
        manager.le(&b);
        let (has, wanted) = (manager.discaveis(), modelo.discaveis());
        assert!(has == wanted, "{dia}: {:#?}", diferem(&has, &wanted));
        // what is owed is none: every ficha that was sent is dialable
        assert_eq!(manager.enviadas.len(), manager.lista.len(), "{dia}");
        vespera = dia;
    }
    // the days were lively
    let [active, blocked, closed, excluded] = modelo.conta();
    assert!(active > 30 && blocked > 3 && closed > 3 && excluded > 3, "{:?}", modelo.conta());
    let c = &manager.contados;
    assert!(c["carga"] >= DIAS - 2 && c["baixa"] >= DIAS - 5 && c["incremental"] >= DIAS - 10, "{c:?}");
}

/// The CPFs that differ, with both rows.
fn diferem(a: &BTreeMap<String, Linha>, b: &BTreeMap<String, Linha>) -> Vec<(Option<Linha>, Option<Linha>)> {
    let all: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let pairs = all.into_iter().map(|k| (a.get(k).cloned(), b.get(k).cloned()));
    pairs.filter(|(x, y)| x != y).collect()
}
