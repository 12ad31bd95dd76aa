//! Second pass of a remessa: writes the planned parts of each line.

use super::{ALTA, APLICA, COM_AVISO, CONTATO, CONTRATO, DIVIDA, FICHA, NOVO, Remessa};
use crate::domain::contrato;
use crate::domain::situacao::Situacao;
use crate::import::passo::{Efeito, Efeitos, Gravador, Marca, celula, motivo_de_ignorar};
use crate::layout::linha::Linha;
use crate::layout::valor::Valor;
use crate::store::Store;
use crate::store::db::{Cell, Db, Stmt};
use crate::store::evento::{Evento, Eventos};
use crate::store::presenca;
use crate::store::schema::Tabela;

/// Origin of a phone that came with the remessa.
const ORIGEM_REMESSA: i64 = 0;

struct Contatos<'d> {
    apaga: Stmt<'d>,
    insere: Stmt<'d>,
}

/// The prepared statements and the memory of the first pass.
pub(super) struct Grava<'d> {
    base: Remessa,
    store: &'d Store,
    run: i64,
    efeitos: Efeitos,
    proximo_contrato: i64,
    primeiro_id: i64,
    proxima_ficha: i64,
    ins_ficha: Stmt<'d>,
    upd_ficha: Stmt<'d>,
    ins_contrato: Stmt<'d>,
    ins_cadastro: Stmt<'d>,
    upd_cadastro: Stmt<'d>,
    upd_estado: Stmt<'d>,
    ins_divida: Stmt<'d>,
    upd_divida: Stmt<'d>,
    telefones: Contatos<'d>,
    enderecos: Contatos<'d>,
    emails: Contatos<'d>,
    eventos: Eventos<'d>,
}

impl<'d> Grava<'d> {
    pub(super) fn new(base: Remessa, store: &'d Store, run: i64) -> anyhow::Result<Self> {
        let db = &store.db;
        if base.indices_por_ultimo {
            // cheaper than keeping them live
            for t in Tabela::TODAS {
                for (name, _) in t.indices() {
                    db.script(&format!("DROP INDEX IF EXISTS {name}"))?;
                }
            }
        }
        let e = &base.esquema;
        let contatos = |t: Tabela, apaga: &str| -> anyhow::Result<Contatos<'d>> {
            Ok(Contatos { apaga: db.prepare(apaga)?, insere: db.prepare(&t.insert_sql(e))? })
        };
        let next = |table: &str| -> anyhow::Result<i64> {
            Ok(db.int(&format!("SELECT max(id) FROM {table}"), &[])?.unwrap_or(0) + 1)
        };
        let proxima_ficha = store.highest_id()?.max(next("ficha")? - 1) + 1;
        Ok(Self {
            proximo_contrato: next("contrato")?,
            primeiro_id: proxima_ficha,
            proxima_ficha,
            ins_ficha: db.prepare(&Tabela::Ficha.insert_sql(e))?,
            upd_ficha: db.prepare(&Tabela::Ficha.update_sql(e, &["h", "run", "linha"], &["id"]))?,
            ins_contrato: db.prepare(&Tabela::Contrato.insert_sql(e))?,
            ins_cadastro: db.prepare(&Tabela::Cadastro.insert_sql(e))?,
            upd_cadastro: db.prepare(&Tabela::Cadastro.update_sql(e, &["run", "linha"], &["contrato_id"]))?,
            upd_estado: db.prepare(
                "UPDATE OR ROLLBACK contrato SET situacao=?1, situacao_run=coalesce(?2, situacao_run),
                   bloqueado_em=NULL, h=?3, h_contato=?4, run=?5, linha=?6 WHERE id=?7",
            )?,
            ins_divida: db.prepare(&Tabela::Divida.insert_sql(e))?,
            upd_divida: db.prepare(&Tabela::Divida.update_sql(e, &["h", "run", "linha"], &["contrato_id"]))?,
            telefones: contatos(
                Tabela::Telefone,
                "DELETE FROM telefone WHERE ficha_id=?1 AND origem=0 AND contrato_id=?2",
            )?,
            enderecos: contatos(Tabela::Endereco, "DELETE FROM endereco WHERE contrato_id=?1")?,
            emails: contatos(Tabela::Email, "DELETE FROM email WHERE contrato_id=?1")?,
            eventos: Eventos::new(db, run)?,
            base,
            store,
            run,
            efeitos: Efeitos::default(),
        })
    }

    fn db(&self) -> &'d Db {
        &self.store.db
    }

    /// Writes the client's part where this line is the one to do it; says whether something changed.
    fn ficha(&mut self, linha: &Linha<'_>, index: u32) -> anyhow::Result<bool> {
        let Some(ficha) = self.base.fichas.get(index as usize).copied() else { return Ok(false) };
        let h = self.base.mapa.hash(0, linha, &mut self.base.scratch);
        if ficha.id != 0 && ficha.h & !COM_AVISO == h {
            return Ok(false);
        }
        let novo = ficha.id == 0;
        let (stmt, own) = if novo { (&mut self.ins_ficha, 5) } else { (&mut self.upd_ficha, 3) };
        let (n, warned) = bind(stmt, linha, &self.base.mapa.partes[0].campos, own)?;
        let h = h | u64::from(warned);
        let (h_sql, numero) = (Cell::Int(h.cast_signed()), Cell::Int(i64::from(linha.numero)));
        let run = Cell::Int(self.run);
        let id = if novo { self.proxima_ficha } else { i64::from(ficha.id) };
        let cells: &[(usize, Cell<'_>)] = if novo {
            &[(1, Cell::Int(id)), (2, h_sql), (3, run), (4, run), (5, numero)]
        } else {
            &[(1, h_sql), (2, run), (3, numero), (n + 1, Cell::Int(id))]
        };
        for (i, c) in cells {
            stmt.bind(*i, *c)?;
        }
        stmt.run()?;
        if novo {
            self.proxima_ficha += 1;
        }
        if let Some(f) = self.base.fichas.get_mut(index as usize) {
            f.id = u32::try_from(id)?;
            f.h = h;
        }
        Ok(true)
    }

    fn contrato_novo(&mut self, linha: &Linha<'_>, ficha: i64) -> anyhow::Result<i64> {
        let id = self.proximo_contrato;
        self.proximo_contrato += 1;
        let h_contato = self.contatos(linha, ficha, id, true)?;
        let warned = bind(&mut self.ins_cadastro, linha, &self.base.mapa.alteraveis, 3)?.1;
        let h = self.base.mapa.hash(1, linha, &mut self.base.scratch) | u64::from(warned);
        let at = self.base.mapa.contrato;
        let key = contrato::chave(linha.campo(at)).ok().flatten().unwrap_or_default();
        let shown = linha.valor(at).unwrap_or(Valor::Nulo);
        let (run, numero) = (Cell::Int(self.run), Cell::Int(i64::from(linha.numero)));
        self.ins_contrato.exec(&[
            Cell::Int(id),
            Cell::Int(ficha),
            Cell::Text(&key),
            Cell::Text(Situacao::Ativo.as_str()),
            run,
            Cell::Null,
            Cell::Int(h.cast_signed()),
            Cell::Int(h_contato.cast_signed()),
            run,
            numero,
            run,
            numero,
            celula(&shown),
        ])?;
        self.ins_cadastro.exec(&[Cell::Int(id), run, numero])?;
        self.divida(linha, id, true)?;
        self.base.presentes.push(u32::try_from(id)?);
        Ok(id)
    }

    fn contrato_velho(&mut self, linha: &Linha<'_>, marca: Marca, atual: super::Atual) -> anyhow::Result<()> {
        let id = i64::from(atual.id);
        let (run, numero) = (Cell::Int(self.run), Cell::Int(i64::from(linha.numero)));
        let mut h = atual.h[0];
        if marca & CONTRATO != 0 {
            let (n, warned) = bind(&mut self.upd_cadastro, linha, &self.base.mapa.alteraveis, 2)?;
            h = self.base.mapa.hash(1, linha, &mut self.base.scratch) | u64::from(warned);
            self.upd_cadastro.bind(n + 1, Cell::Int(id))?;
            self.upd_cadastro.exec(&[run, numero])?;
        }
        if marca & DIVIDA != 0 {
            self.divida(linha, id, false)?;
        }
        if marca & (CONTRATO | CONTATO | ALTA) != 0 {
            let ficha = self.base.fichas.get(atual.ficha as usize).map_or(0, |f| i64::from(f.id));
            let h_contato = if marca & CONTATO != 0 { self.contatos(linha, ficha, id, false)? } else { atual.h[2] };
            let alta = marca & ALTA != 0;
            self.upd_estado.exec(&[
                Cell::Text(if alta { Situacao::Ativo.as_str() } else { atual.situacao.as_str() }),
                if alta { run } else { Cell::Null },
                Cell::Int(h.cast_signed()),
                Cell::Int(h_contato.cast_signed()),
                run,
                numero,
                Cell::Int(id),
            ])?;
            if alta {
                self.efeitos.altas += 1;
                self.historico(id, linha.numero, "ALTA", Some(atual.situacao), Some(Situacao::Ativo))?;
            }
        }
        Ok(())
    }

    fn divida(&mut self, linha: &Linha<'_>, contrato: i64, novo: bool) -> anyhow::Result<()> {
        let (stmt, own) = if novo { (&mut self.ins_divida, 4) } else { (&mut self.upd_divida, 3) };
        let (n, warned) = bind(stmt, linha, &self.base.mapa.partes[2].campos, own)?;
        let h = match self.base.h_da_linha.get(linha.indice as usize) {
            Some(h) if !novo => *h,
            _ => self.base.mapa.hash(2, linha, &mut self.base.scratch),
        };
        let h = h | u64::from(warned);
        let h = Cell::Int(h.cast_signed());
        let (run, numero) = (Cell::Int(self.run), Cell::Int(i64::from(linha.numero)));
        let id = Cell::Int(contrato);
        let cells =
            if novo { [(1, id), (2, h), (3, run), (4, numero)] } else { [(1, h), (2, run), (3, numero), (n + 1, id)] };
        for (i, c) in cells {
            stmt.bind(i, c)?;
        }
        stmt.run()?;
        Ok(())
    }

    /// Replaces phones, addresses and e-mails of a contract; returns the content hash of the part.
    fn contatos(&mut self, linha: &Linha<'_>, ficha: i64, contrato: i64, novo: bool) -> anyhow::Result<u64> {
        if !novo {
            self.telefones.apaga.exec(&[Cell::Int(ficha), Cell::Int(contrato)])?;
            self.enderecos.apaga.exec(&[Cell::Int(contrato)])?;
            self.emails.apaga.exec(&[Cell::Int(contrato)])?;
        }
        let h = self.base.mapa.hash(3, linha, &mut self.base.scratch);
        let mut warned = false;
        for g in self.base.mapa.grupos.iter().filter(|g| !g.em_branco(linha)) {
            let (stmt, own) = match g.tabela {
                Tabela::Telefone => (&mut self.telefones.insere, 7),
                Tabela::Endereco => (&mut self.enderecos.insere, 3),
                _ => (&mut self.emails.insere, 3),
            };
            let mut any = false;
            for (k, i) in g.campos.iter().enumerate() {
                let v = i.map_or(Ok(Valor::Nulo), |i| linha.valor(i)).unwrap_or_else(|_| {
                    warned = true;
                    Valor::Nulo
                });
                any |= v != Valor::Nulo;
                stmt.bind(own + k + 1, celula(&v))?;
            }
            let (contrato, ordem, run) = (Cell::Int(contrato), Cell::Int(g.ordem), Cell::Int(self.run));
            if g.tabela != Tabela::Telefone {
                if any {
                    stmt.exec(&[contrato, ordem, run])?;
                }
                continue;
            }
            match g.fone(linha) {
                Ok(None) => {}
                Ok(Some(f)) => {
                    let f = f.completo();
                    let origem = Cell::Int(ORIGEM_REMESSA);
                    stmt.exec(&[Cell::Int(ficha), origem, contrato, ordem, Cell::Text(&f), Cell::Null, run])?;
                }
                Err(_) => warned = true,
            }
        }
        Ok(h | u64::from(warned))
    }

    fn historico(
        &mut self,
        contrato: i64,
        linha: u32,
        regra: &str,
        de: Option<Situacao>,
        para: Option<Situacao>,
    ) -> anyhow::Result<()> {
        self.eventos.registra(&Evento { contrato, linha, regra, de, para, detalhe: None })?;
        Ok(())
    }

    /// Its contract as the first pass found it in the store.
    fn atual(&self, linha: &Linha<'_>) -> Option<super::Atual> {
        let index = *self.base.contrato_da_linha.get(linha.indice as usize)?;
        self.base.atuais.get(index as usize).copied()
    }
}

/// Binds the fields of a part behind `own` other parameters; returns the last parameter bound and whether a
/// field was dropped.
fn bind(stmt: &mut Stmt<'_>, linha: &Linha<'_>, campos: &[usize], own: usize) -> anyhow::Result<(usize, bool)> {
    let mut warned = false;
    for (k, i) in campos.iter().enumerate() {
        let v = linha.valor(*i).unwrap_or_else(|_| {
            warned = true;
            Valor::Nulo
        });
        stmt.bind(own + k + 1, celula(&v))?;
    }
    Ok((own + campos.len(), warned))
}

impl Gravador for Grava<'_> {
    fn grava(&mut self, linha: &Linha<'_>, marca: Marca) -> anyhow::Result<Efeito> {
        debug_assert!(marca >= APLICA);
        let linha = if marca & NOVO != 0 { &linha.inteira() } else { linha };
        let i = linha.indice as usize;
        let index = self.base.ficha_da_linha.get(i).copied().unwrap_or(super::NENHUMA);
        let ficha_mudou = marca & FICHA != 0 && self.ficha(linha, index)?;
        if marca & NOVO != 0 {
            let ficha = self.base.fichas.get(index as usize).map_or(0, |f| i64::from(f.id));
            self.contrato_novo(linha, ficha)?;
            return Ok(Efeito::Criada);
        }
        let Some(atual) = self.atual(linha) else { anyhow::bail!("linha {}: contrato sem registro", linha.numero) };
        self.contrato_velho(linha, marca, atual)?;
        let mudou = ficha_mudou || marca & (CONTRATO | DIVIDA | CONTATO | ALTA) != 0;
        Ok(if mudou { Efeito::Alterada } else { Efeito::Igual })
    }

    /// R020: that a line was ignored is part of the contract's history.
    fn ignora(&mut self, linha: &Linha<'_>, marca: Marca) -> anyhow::Result<()> {
        if let (Some(motivo), Some(a)) = (motivo_de_ignorar(marca), self.atual(linha))
            && marca == super::BLOQUEADA
        {
            self.historico(i64::from(a.id), linha.numero, motivo.as_str(), Some(a.situacao), None)?;
        }
        Ok(())
    }

    fn fim(mut self: Box<Self>) -> anyhow::Result<Efeitos> {
        let db = self.db();
        if self.base.indices_por_ultimo {
            for t in Tabela::TODAS {
                for (_, sql) in t.indices() {
                    db.script(sql)?;
                }
            }
        }
        if self.proxima_ficha > self.primeiro_id {
            self.efeitos.maior_id = Some(self.proxima_ficha - 1);
        }
        self.base.presentes.sort_unstable();
        presenca::guarda(db, self.run, &self.base.presentes)?;
        Ok(self.efeitos)
    }
}
