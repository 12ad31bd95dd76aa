//! The phones of each ficha as the one list of decisions 5, made by [`telefones::une_em`].
//!
//! **Performance:** the lines are read in the order of their key and the list is written in that of its own, many rows
//! a statement: each statement looks for its place from the root, the rows after its first one do not.

use crate::domain::telefones::{self, LinhaTelefone, Origem, Telefone};
use crate::store::db::{Cell, Db, Result, Stmt};
use crate::store::linhas;
use crate::store::portal;

/// DDD and number are one number, the DDD its first two digits; the view shows them as text.
const TABELA: &str = "
CREATE TABLE main.telefone (
  ficha_id INTEGER NOT NULL, ordem INTEGER NOT NULL, fone INTEGER NOT NULL, tipo TEXT NOT NULL,
  origem INTEGER NOT NULL, score INTEGER, comercial INTEGER NOT NULL,
  PRIMARY KEY (ficha_id, ordem)) STRICT, WITHOUT ROWID";
const COLUNAS: usize = 7;
/// Rows a statement.
const LEVA: usize = 32;

/// What the view calls each origin, whose number the table holds.
pub(super) const ORIGENS: [(Origem, &str); 3] =
    [(Origem::Remessa, "REMESSA"), (Origem::Portal, "PORTAL"), (Origem::Enriquecimento, "ENRIQUECIMENTO")];

/// Makes the list of every ficha; returns its rows. Without `numeros` each row keeps its DDD alone.
pub(super) fn lista(db: &Db, numeros: bool) -> Result<usize> {
    db.script(TABELA)?;
    let mut do_portal = db.prepare(portal::TELEFONES)?;
    let mut uniao = Uniao {
        portal: portal::Telefones::new(do_portal.query(&[])?)?,
        ficha: 0,
        linhas: Vec::new(),
        de: Vec::new(),
        pronta: Vec::new(),
        texto: db.prepare("SELECT contrato FROM carteira.contrato WHERE id=?1")?,
        saida: Saida { fila: Vec::new(), muitas: insere(db, LEVA)?, uma: insere(db, 1)?, numeros, total: 0 },
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
            uniao.so_do_portal(ficha)?;
            uniao.ficha = ficha;
        }
        let Some(linha) = linhas::telefone(r, 2)? else { return Ok(()) };
        uniao.de.push(r.i64(1)?);
        uniao.linhas.push(linha);
        Ok(())
    })?;
    uniao.fecha()?;
    uniao.so_do_portal(i64::MAX)?;
    uniao.saida.fim()
}

/// The lines of one ficha while they are read.
struct Uniao<'d> {
    portal: portal::Telefones<'d>,
    ficha: i64,
    linhas: Vec<LinhaTelefone>,
    /// The contract of each.
    de: Vec<i64>,
    pronta: Vec<Telefone>,
    texto: Stmt<'d>,
    saida: Saida<'d>,
}

impl Uniao<'_> {
    /// Makes the lists of the fichas before this one of which only the Portal has numbers.
    fn so_do_portal(&mut self, ficha: i64) -> Result<()> {
        while let Some(id) = self.portal.proxima().filter(|id| *id < ficha) {
            self.ficha = id;
            self.fecha()?;
        }
        Ok(())
    }

    /// Makes the list of the ficha that has been read.
    fn fecha(&mut self) -> Result<()> {
        let (linhas, de) = (&mut self.linhas, &mut self.de);
        self.portal.de(self.ficha, |line| {
            linhas.push(line);
            de.push(0);
        })?;
        self.ordena()?;
        telefones::une_em(&self.linhas, &mut self.pronta);
        self.linhas.clear();
        self.de.clear();
        for (ordem, t) in (1..).zip(self.pronta.drain(..)) {
            self.saida.entra(self.ficha, ordem, t)?;
        }
        Ok(())
    }

    /// The key's order is the reading order, but for contracts, which stand in the order of their text.
    fn ordena(&mut self) -> Result<()> {
        let do_banco = self.linhas.iter().take_while(|l| l.origem == Origem::Remessa).count();
        let contratos = self.de.get(..do_banco).unwrap_or_default();
        if contratos.first() == contratos.last() {
            return Ok(());
        }
        let mut ids = contratos.to_vec();
        ids.dedup();
        let mut textos = Vec::new();
        for id in ids {
            let mut cursor = self.texto.query(&[Cell::Int(id)])?;
            textos.push((cursor.next_row()?.map(|r| r.str(0)).transpose()?, id));
        }
        // one that is gone stands last
        textos.sort_by(|(a, _), (b, _)| (a.is_none(), a).cmp(&(b.is_none(), b)));
        let place = |id: i64| textos.iter().position(|(_, c)| *c == id).unwrap_or(usize::MAX);
        let mut placed: Vec<_> = self.de.iter().map(|id| place(*id)).zip(self.linhas.drain(..)).collect();
        // of one contract they come in their order
        placed.sort_by_key(|(place, l)| (l.origem, *place));
        self.linhas.extend(placed.into_iter().map(|(_, l)| l));
        Ok(())
    }
}

fn insere(db: &Db, n: usize) -> Result<Stmt<'_>> {
    let row = |i: usize| {
        let marks: Vec<String> = (1..=COLUNAS).map(|c| format!("?{}", COLUNAS * i + c)).collect();
        format!("({})", marks.join(","))
    };
    db.prepare(&format!("INSERT INTO main.telefone VALUES {}", (0..n).map(row).collect::<Vec<_>>().join(",")))
}

/// Where the list goes.
struct Saida<'d> {
    fila: Vec<(i64, i64, Telefone)>,
    muitas: Stmt<'d>,
    uma: Stmt<'d>,
    numeros: bool,
    total: usize,
}

impl Saida<'_> {
    fn entra(&mut self, ficha: i64, ordem: i64, t: Telefone) -> Result<()> {
        self.fila.push((ficha, ordem, t));
        if self.fila.len() == LEVA {
            for (i, row) in self.fila.iter().enumerate() {
                liga(&mut self.muitas, COLUNAS * i, row, self.numeros)?;
            }
            self.fila.clear();
            self.total += self.muitas.run()?;
        }
        Ok(())
    }

    /// What is left; returns all rows.
    fn fim(mut self) -> Result<usize> {
        for row in &self.fila {
            liga(&mut self.uma, 0, row, self.numeros)?;
            self.total += self.uma.run()?;
        }
        Ok(self.total)
    }
}

fn liga(stmt: &mut Stmt<'_>, at: usize, (ficha, ordem, t): &(i64, i64, Telefone), numeros: bool) -> Result<()> {
    let fone = if numeros { t.fone.inteiro() } else { i64::from(t.fone.ddd_numero()) };
    stmt.bind(at + 1, Cell::Int(*ficha))?;
    stmt.bind(at + 2, Cell::Int(*ordem))?;
    stmt.bind(at + 3, Cell::Int(fone))?;
    // Portal's own word is free text
    let tipo = if numeros || t.origem != Origem::Portal { t.tipo_saida.as_ref() } else { "OUTRO" };
    stmt.bind(at + 4, Cell::Text(tipo))?;
    stmt.bind(at + 5, Cell::Int(t.origem as i64))?;
    stmt.bind(at + 6, Cell::from(t.score))?;
    stmt.bind(at + 7, Cell::Int(i64::from(t.comercial)))
}
