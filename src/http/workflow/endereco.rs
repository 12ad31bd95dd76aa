//! What an address of the queue asks for, and back.

use super::falha::Falha;
use crate::atendimento::tabulacao::SEM_TRATATIVA;
use crate::atendimento::workflow::{self, ESTADOS, TIPOS};
use crate::clock::inicio_do_dia;
use crate::store::fila::{Filtro, Recorte};
use chrono::{Days, NaiveDate};
use std::collections::HashMap;

/// Letters of an operator's name in an address.
const OPERADOR: usize = 100;
/// Closed items are counted, and shown unless all are asked for, so many days back.
pub const ENCERRADOS: u64 = 30;
/// Age: value, text, days from, days to (inclusive).
pub const IDADES: [(&str, &str, Option<u64>, Option<u64>); 6] = [
    ("", "Qualquer tempo", None, None),
    ("hoje", "Hoje", Some(0), None),
    ("2", "Até 2 dias", Some(2), None),
    ("3", "3 dias ou mais", None, Some(3)),
    ("7", "7 dias ou mais", None, Some(7)),
    ("30", "30 dias ou mais", None, Some(30)),
];

/// The moment since which closed items are counted.
pub fn encerrados_desde(hoje: NaiveDate) -> String {
    inicio_do_dia(hoje.checked_sub_days(Days::new(ENCERRADOS)).unwrap_or(hoje))
}

/// What an address asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pedido {
    /// The items.
    pub filtro: Filtro,
    /// Their age, as [`IDADES`] names it.
    pub idade: String,
    /// The page, from 1.
    pub pagina: usize,
    /// Whether a search found more clients than it shows.
    pub mais: bool,
    /// Whether closed items of any age are meant.
    pub tudo: bool,
}

impl Pedido {
    /// Reads it.
    ///
    /// # Errors
    /// 422: something in it is not possible.
    pub fn le(query: &HashMap<String, String>, hoje: NaiveDate) -> Result<Self, Falha> {
        let text = |name: &str| query.get(name).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
        let estado = text("estado");
        let closes = match estado.as_deref() {
            None | Some(SEM_TRATATIVA) => false,
            Some(e) => ESTADOS.iter().find(|(n, _)| *n == e).ok_or(Falha::Endereco)?.1,
        };
        let tipo = text("tipo");
        let operador = text("operador");
        if tipo.as_deref().is_some_and(|t| !TIPOS.iter().any(|(c, _)| *c == t))
            || operador.as_deref().is_some_and(|o| o.chars().count() > OPERADOR)
        {
            return Err(Falha::Endereco);
        }
        let idade = text("idade").unwrap_or_default();
        let (_, _, from, to) = IDADES.into_iter().find(|(v, ..)| *v == idade).ok_or(Falha::Endereco)?;
        let start = |days: u64| hoje.checked_sub_days(Days::new(days)).map(inicio_do_dia);
        let recorte = match (text("fichas"), text("ver").as_deref()) {
            (_, Some(v)) if v != "encerrados" => return Err(Falha::Endereco),
            (Some(ids), _) => Recorte::Fichas(fichas(&ids)?),
            (None, _) if closes => Recorte::Encerrados,
            (None, Some(_)) if estado.is_none() => Recorte::Encerrados,
            _ => Recorte::Abertos,
        };
        let tudo = query.contains_key("tudo");
        let encerrado_desde = (recorte == Recorte::Encerrados && !tudo).then(|| encerrados_desde(hoje));
        let pagina = text("pagina").map_or(Ok(1), |t| t.parse().map_err(|_| Falha::Endereco))?;
        if !(1..=1_000_000).contains(&pagina) {
            return Err(Falha::Endereco);
        }
        let filtro = Filtro {
            recorte,
            estado,
            tipo,
            operador,
            encerrado_desde,
            desde: from.and_then(start),
            // "n days or more": before the beginning of the day that is n-1 days ago
            ate: to.and_then(|d| start(d.saturating_sub(1))),
        };
        Ok(Self { filtro, idade, pagina, mais: query.contains_key("mais"), tudo })
    }

    /// What of it the form of the filters has no field for.
    pub fn recorte(&self) -> Vec<(&'static str, String)> {
        let mut out = match &self.filtro.recorte {
            Recorte::Fichas(ids) => {
                let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
                vec![("fichas", ids.join(" "))]
            }
            Recorte::Encerrados => vec![("ver", "encerrados".to_owned())],
            Recorte::Abertos => Vec::new(),
        };
        for (name, _) in [("mais", self.mais), ("tudo", self.tudo)].into_iter().filter(|(_, on)| *on) {
            out.push((name, "1".to_owned()));
        }
        out
    }

    /// The address of the same, or of another page of it.
    pub fn url(&self, path: &str, pagina: Option<usize>) -> String {
        let pagina = pagina.unwrap_or(self.pagina);
        let mut q = form_urlencoded::Serializer::new(String::new());
        let f = &self.filtro;
        q.extend_pairs(self.recorte());
        for (name, value) in [("estado", &f.estado), ("tipo", &f.tipo), ("operador", &f.operador)] {
            if let Some(v) = value {
                q.append_pair(name, v);
            }
        }
        if !self.idade.is_empty() {
            q.append_pair("idade", &self.idade);
        }
        if pagina > 1 {
            q.append_pair("pagina", &pagina.to_string());
        }
        let query = q.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }
}

/// The queue that a page came from, by its address, with or without the host; anything else: the whole queue.
pub fn fila(address: &str, hoje: NaiveDate) -> String {
    let path = address.split_once("://").map_or(Some(address), |(_, a)| a.find('/').and_then(|at| a.get(at..)));
    let query = path.and_then(|p| p.strip_prefix("/workflow?")).unwrap_or_default();
    let pairs = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    // written anew: nothing of an address gets on a page that the queue does not know
    Pedido::le(&pairs, hoje).unwrap_or_default().url("/workflow", None)
}

fn fichas(text: &str) -> Result<Vec<i64>, Falha> {
    let ids: Vec<i64> = text.split(' ').map(str::parse).collect::<Result<_, _>>().map_err(|_| Falha::Endereco)?;
    if ids.len() > workflow::ACHADOS { Err(Falha::Endereco) } else { Ok(ids) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn le(pairs: &[(&str, &str)]) -> Result<Pedido, Falha> {
        let query = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Pedido::le(&query, NaiveDate::from_ymd_opt(2023, 8, 4).unwrap())
    }

    #[test]
    fn a_fila_de_onde_se_veio_e_so_uma_fila() {
        let hoje = NaiveDate::from_ymd_opt(2023, 8, 4).unwrap();
        for (text, want) in [
            ("http://localhost:80/workflow?tipo=EA&pagina=3", "/workflow?tipo=EA&pagina=3"),
            ("/workflow?estado=Sem+tratativa&x=1", "/workflow?estado=Sem+tratativa"),
            ("https://a/workflow", "/workflow"),
            ("https://a/workflow?tipo=X", "/workflow"),
            ("https://a/workflow/item/1?tipo=EA", "/workflow"),
            ("https://mal.example/x?tipo=EA", "/workflow"),
            ("//mal.example/workflow?tipo=EA", "/workflow"),
            ("javascript:alert(1)", "/workflow"),
            ("", "/workflow"),
        ] {
            assert_eq!(fila(text, hoje), want, "{text}");
        }
    }

    #[test]
    fn um_endereco_pede_o_que_diz_e_o_impossivel_e_recusado() {
        let p = le(&[("estado", "Acordo Realizado"), ("tipo", "EA"), ("idade", "3")]).unwrap();
        assert_eq!(p.filtro.recorte, Recorte::Encerrados);
        assert_eq!(p.filtro.ate.as_deref(), Some("2023-08-02T00:00:00-03:00"));
        assert_eq!(p.url("/x", Some(2)), "/x?ver=encerrados&estado=Acordo+Realizado&tipo=EA&idade=3&pagina=2");
        assert_eq!(p.filtro.encerrado_desde.as_deref(), Some("2023-07-05T00:00:00-03:00"));
        let p = le(&[("ver", "encerrados"), ("estado", "Agendamento de Contato"), ("tudo", "1")]).unwrap();
        assert_eq!((p.filtro.recorte, p.filtro.encerrado_desde), (Recorte::Abertos, None));
        assert_eq!(le(&[("ver", "encerrados"), ("tudo", "1")]).unwrap().filtro.encerrado_desde, None);
        assert_eq!(le(&[("fichas", "3 9")]).unwrap().filtro.recorte, Recorte::Fichas(vec![3, 9]));
        let many = (0..60).map(|n| n.to_string()).collect::<Vec<_>>().join(" ");
        for bad in [
            ("estado", "Qualquer"),
            ("tipo", "X"),
            ("idade", "9"),
            ("ver", "tudo"),
            ("fichas", "1,2"),
            ("fichas", &many),
            ("pagina", "0"),
            ("pagina", "-1"),
            ("operador", &"x".repeat(101)),
        ] {
            assert_eq!(le(&[bad]), Err(Falha::Endereco), "{bad:?}");
        }
    }
}
