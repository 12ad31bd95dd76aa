//! The phones of each ficha as the one list of decisions 5, made by [`telefones::une`].

use crate::domain::telefones::{self, LinhaTelefone, Origem};
use crate::store::db::{Cell, Db, Result, Stmt};
use crate::store::linhas;

const TABELA: &str = "
CREATE TABLE main.telefone (
  ficha_id INTEGER NOT NULL, ordem INTEGER NOT NULL, ddd TEXT NOT NULL, numero TEXT, tipo TEXT NOT NULL,
  origem TEXT NOT NULL, score INTEGER, comercial INTEGER NOT NULL, PRIMARY KEY (ficha_id, ordem)) STRICT, WITHOUT ROWID";

/// Makes the list of every ficha; returns its rows. Without `numeros` each row keeps its DDD alone.
pub(super) fn lista(db: &Db, numeros: bool) -> Result<usize> {
    db.script(TABELA)?;
    let mut uniao = Uniao {
        ficha: 0,
        linhas: Vec::new(),
        contratos: Vec::new(),
        texto: db.prepare("SELECT contrato FROM carteira.contrato WHERE id=?1")?,
        insere: db.prepare("INSERT INTO main.telefone VALUES (?1,?2,?3,?4,?5,?6,?7,?8)")?,
        numeros,
        total: 0,
    };
    // of the store: the list that is being made has the same name
    let sql = format!(
        "SELECT ficha_id, contrato_id, {} FROM carteira.telefone ORDER BY ficha_id, origem, contrato_id, ordem",
        linhas::TELEFONE
    );
    db.each(&sql, &[], |r| {
        let ficha = r.i64(0)?;
        if ficha != uniao.ficha {
            uniao.fecha()?;
            uniao.ficha = ficha;
        }
        let Some(linha) = linhas::telefone(r, 2)? else { return Ok(()) };
        let contrato = r.i64(1)?;
        if linha.origem == Origem::Remessa && uniao.contratos.last() != Some(&contrato) {
            uniao.contratos.push(contrato);
        }
        // its place, which stands behind the origin
        uniao.linhas.push((contrato, r.i64(3)?, linha));
        Ok(())
    })?;
    uniao.fecha()?;
    Ok(uniao.total)
}

/// The lines of one ficha while they are read.
struct Uniao<'d> {
    ficha: i64,
    /// Contract and place of each.
    linhas: Vec<(i64, i64, LinhaTelefone)>,
    /// The contracts with phones of the remessa, in the order of their rows.
    contratos: Vec<i64>,
    texto: Stmt<'d>,
    insere: Stmt<'d>,
    numeros: bool,
    total: usize,
}

impl Uniao<'_> {
    /// Writes the list of the ficha that has been read.
    fn fecha(&mut self) -> Result<()> {
        // the key's order is the reading order, but for contracts, which stand in the order of their text
        if self.contratos.len() > 1 {
            let mut textos = Vec::new();
            for id in &self.contratos {
                let mut cursor = self.texto.query(&[Cell::Int(*id)])?;
                textos.push((cursor.next_row()?.map(|r| r.str(0)).transpose()?, *id));
            }
            // one that is gone stands last
            textos.sort_by(|(a, _), (b, _)| (a.is_none(), a).cmp(&(b.is_none(), b)));
            let place = |id: i64| textos.iter().position(|(_, c)| *c == id).unwrap_or(usize::MAX);
            self.linhas.sort_by_key(|(contrato, ordem, l)| (l.origem, place(*contrato), *ordem));
        }
        self.contratos.clear();
        let linhas: Vec<LinhaTelefone> = self.linhas.drain(..).map(|(.., l)| l).collect();
        for (i, t) in (1..).zip(telefones::une(&linhas)) {
            let (ddd, numero) = (t.fone.ddd(), self.numeros.then(|| t.fone.numero()));
            self.insere.exec(&[
                Cell::Int(self.ficha),
                Cell::Int(i),
                Cell::Text(&ddd),
                Cell::from(numero.as_ref()),
                Cell::Text(&t.tipo_saida),
                Cell::Text(origem(t.origem)),
                Cell::from(t.score),
                Cell::Int(i64::from(t.comercial)),
            ])?;
            self.total += 1;
        }
        Ok(())
    }
}

const fn origem(o: Origem) -> &'static str {
    match o {
        Origem::Remessa => "REMESSA",
        Origem::Portal => "PORTAL",
        Origem::Enriquecimento => "ENRIQUECIMENTO",
    }
}
