//! What a machine asks of the process: is it alive, is it ready, how is it doing.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc, time::Duration};

use axum::extract::State;
use kernel::{Env, Time};
use serde::Serialize;
use trust::{KeyStore, Purpose};
use web::{
    Access, IntoResponse, Json, Method, Outcome, Response, Routes, StatusCode, ToSchema,
    TrafficRow, header, operation,
};

use crate::{Config, System};

/// When the process started.
#[derive(Clone, Debug)]
pub(crate) struct Gauges(Arc<Time>);

impl Gauges {
    pub(crate) fn new(env: &Env) -> Self {
        Self(Arc::new(env.now()))
    }
}

/// What the operator's overview asks of the process and of the machine.
pub(crate) fn pulse(config: &Config, keys: &KeyStore, gauges: &Gauges) -> desk::Pulse {
    let dir = config.store.data_dir.clone();
    let (keys, started) = (keys.clone(), *gauges.0);
    let engine = if config.store_url().starts_with("postgres") {
        "PostgreSQL"
    } else {
        "SQLite"
    };
    desk::Pulse::new(move || desk::Vitals {
        version: env!("CARGO_PKG_VERSION"),
        started,
        engine,
        data_dir: dir.display().to_string(),
        disk: rustix::fs::statvfs(&dir)
            .ok()
            .map(|disk| (disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize)),
        keys: signing(&keys),
        certificates: certified(&keys),
    })
}

/// The keys that sign now, by purpose.
fn signing(keys: &KeyStore) -> Vec<desk::KeyAge> {
    Purpose::ALL
        .into_iter()
        .flat_map(|purpose| keys.all(purpose))
        .filter(|key| key.retired.is_none())
        .map(|key| desk::KeyAge {
            purpose: key.purpose.code(),
            kid: key.kid,
            created: key.created,
        })
        .collect()
}

/// The certificates in use: the trust anchor and the leaves it signed. One that cannot be read is shown
/// without an end, so that it is looked at.
fn certified(keys: &KeyStore) -> Vec<desk::CertificateEnd> {
    Purpose::ALL
        .into_iter()
        .flat_map(|purpose| keys.all(purpose))
        .filter(|key| key.retired.is_none())
        .filter_map(|key| {
            let certificate = key.certificate?;
            Some(desk::CertificateEnd {
                purpose: key.purpose.code(),
                kid: key.kid,
                is_anchor: key.purpose == Purpose::Root,
                ends: trust::ca::not_after(&certificate).ok(),
            })
        })
        .collect()
}

pub(crate) fn routes(system: &System) -> Routes {
    let get = &Method::GET;
    Routes::new()
        .json(
            get,
            "/healthz",
            Access::Public,
            operation::<(), Health>("The process answers"),
            async || Json(Health { status: "ok" }),
        )
        .json(
            get,
            "/readyz",
            Access::Public,
            operation::<(), Health>("The database answers and the services are loaded"),
            ready,
        )
        .get("/metrics", Access::Public, metrics)
        .with_state(system)
}

/// One word on how things are.
#[derive(Serialize, ToSchema)]
struct Health {
    /// `ok`, or what is missing.
    status: &'static str,
}

async fn ready(State(system): State<System>) -> Response {
    let depth = system
        .store
        .read(|db| async move { journal::depth(&db).await })
        .await;
    match depth {
        Ok(_) => Json(Health { status: "ok" }).into_response(),
        Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            Json(Health {
                status: "no database",
            }),
        )
            .into_response(),
    }
}

/// Counts in the text format of OpenMetrics 1.0.
async fn metrics(State(system): State<System>) -> Outcome<Response> {
    let depth = system
        .store
        .read(|db| async move { journal::depth(&db).await })
        .await
        .map_err(|_| web::Failure::not_found())?;
    let up = system.store.env().now().since(*system.gauges.0).as_secs();
    let online = system
        .services
        .catalogue()
        .entries()
        .iter()
        .filter(|one| one.is_online())
        .count();
    let mut body = format!(
        "# HELP causeway_up_seconds Time since the process started.\n\
         # TYPE causeway_up_seconds gauge\ncauseway_up_seconds {up}\n\
         # HELP causeway_services_online Services that can be used here.\n\
         # TYPE causeway_services_online gauge\ncauseway_services_online {online}\n\
         # HELP causeway_jobs Jobs by state.\n\
         # TYPE causeway_jobs gauge\n\
         causeway_jobs{{state=\"ready\"}} {}\n\
         causeway_jobs{{state=\"running\"}} {}\n\
         causeway_jobs{{state=\"dead\"}} {}\n",
        depth.ready, depth.running, depth.dead
    );
    body.push_str(&traffic(&system.site.traffic()));
    body.push_str("# EOF\n");
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], body).into_response())
}

/// Answers and the time they took, by method, route and class of status. Routes carry the names of
/// their parameters, never a value.
fn traffic(rows: &[TrafficRow]) -> String {
    let mut classes: BTreeMap<(&str, &str, u16), (u64, Duration)> = BTreeMap::new();
    for row in rows {
        let key = (row.route, row.method.as_str(), row.status / 100);
        let (answers, time) = classes.entry(key).or_default();
        *answers += row.answers;
        *time += row.time;
    }
    let label = |(route, method, class): &(&str, &str, u16)| {
        format!(
            "method=\"{}\",route=\"{}\",status=\"{class}xx\"",
            escaped(method),
            escaped(route)
        )
    };
    let mut text = String::from(
        "# HELP causeway_http_answers Answers by method, route and class of status.\n\
         # TYPE causeway_http_answers counter\n",
    );
    for (key, (answers, _)) in &classes {
        let _ = writeln!(
            text,
            "causeway_http_answers_total{{{}}} {answers}",
            label(key)
        );
    }
    text.push_str(
        "# HELP causeway_http_answer_seconds Time these answers took until their first byte.\n\
         # TYPE causeway_http_answer_seconds counter\n\
         # UNIT causeway_http_answer_seconds seconds\n",
    );
    for (key, (_, time)) in &classes {
        let _ = writeln!(
            text,
            "causeway_http_answer_seconds_total{{{}}} {:.6}",
            label(key),
            time.as_secs_f64()
        );
    }
    text
}

/// A label's value as the format wants it.
fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{TrafficRow, traffic};

    fn row(method: &str, status: u16, answers: u64) -> TrafficRow {
        TrafficRow {
            method: method.to_owned(),
            route: "/{lang}/find",
            status,
            answers,
            time: Duration::from_millis(250),
        }
    }

    #[test]
    fn traffic_is_told_by_class_of_status() {
        let text = traffic(&[row("GET", 200, 3), row("GET", 204, 2), row("GET", 404, 1)]);
        let good = "{method=\"GET\",route=\"/{lang}/find\",status=\"2xx\"}";
        assert!(
            text.contains(&format!("causeway_http_answers_total{good} 5\n")),
            "{text}"
        );
        assert!(
            text.contains(&format!(
                "causeway_http_answer_seconds_total{good} 0.500000\n"
            )),
            "{text}"
        );
        assert!(text.contains("status=\"4xx\"} 1\n"), "{text}");
        assert!(
            text.lines()
                .all(|line| line.starts_with("# ") || line.starts_with("causeway_"))
        );
    }

    #[test]
    fn each_family_is_described_once() {
        let text = traffic(&[row("GET", 200, 3)]);
        for word in [
            "# HELP causeway_http_answers ",
            "# TYPE causeway_http_answers counter",
        ] {
            assert_eq!(text.matches(word).count(), 1, "{text}");
        }
    }
}
