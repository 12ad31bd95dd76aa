//! `/metrics`: counts and times for Prometheus, from the machine itself only. No label is ever a caller's text.

use crate::store::hsm::Estado;
use crate::store::webhook::ESTADOS;
use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Rotulo {
    route: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RotuloTempo {
    route: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RotuloEstado {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RotuloHsm {
    journey: &'static str,
    state: &'static str,
}

/// The journeys of HSM (R032).
const JORNADAS: [&str; 2] = ["jornada1", "jornada2"];

/// Upper bounds, seconds.
const FAIXAS: [f64; 9] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0];

/// What is counted.
pub struct Metricas {
    registro: Registry,
    pedidos: Family<Rotulo, Counter>,
    tempos: Family<RotuloTempo, Histogram>,
    webhooks: Family<RotuloEstado, Gauge>,
    hsm: Family<RotuloHsm, Gauge>,
}

impl Default for Metricas {
    fn default() -> Self {
        let mut registro = Registry::with_prefix("atom");
        let pedidos = Family::<Rotulo, Counter>::default();
        registro.register("http_requests", "Requests by route and status", pedidos.clone());
        let tempos = Family::<RotuloTempo, Histogram>::new_with_constructor(|| Histogram::new(FAIXAS));
        registro.register("http_request_seconds", "Time to the answer by route", tempos.clone());
        let webhooks = Family::<RotuloEstado, Gauge>::default();
        registro.register("webhooks", "Webhooks kept, by state", webhooks.clone());
        let hsm = Family::<RotuloHsm, Gauge>::default();
        registro.register("hsm_messages", "WhatsApp messages by journey and state", hsm.clone());
        Self { registro, pedidos, tempos, webhooks, hsm }
    }
}

impl Metricas {
    /// Counts an answer.
    pub fn pedido(&self, route: &'static str, status: u16, tempo: Duration) {
        self.pedidos.get_or_create(&Rotulo { route, status }).inc();
        self.tempos.get_or_create(&RotuloTempo { route }).observe(tempo.as_secs_f64());
    }

    /// Sets the number of webhooks by state.
    pub fn webhooks(&self, counts: &[(String, i64)]) {
        for state in ESTADOS {
            let n = counts.iter().find(|(s, _)| s == state).map_or(0, |(_, n)| *n);
            self.webhooks.get_or_create(&RotuloEstado { state }).set(n);
        }
    }

    /// The queue of HSM as it is now: journey, state, messages.
    pub fn hsm(&self, totais: &[(String, String, i64)]) {
        for (journey, state) in JORNADAS.into_iter().flat_map(|j| Estado::TODOS.map(|e| (j, e.as_str()))) {
            let count = totais.iter().find(|(j, e, _)| j == journey && e == state).map_or(0, |(.., c)| *c);
            self.hsm.get_or_create(&RotuloHsm { journey, state }).set(count);
        }
    }

    /// As Prometheus reads it.
    pub fn texto(&self) -> String {
        let mut out = String::new();
        // writing to a String cannot fail
        let _ = encode(&mut out, &self.registro);
        out
    }
}
